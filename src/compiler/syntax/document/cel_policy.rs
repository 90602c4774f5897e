//! CEL Policy documents, as other implementations of CEL read them.
//!
//! In:      the tree of a document with a `rule`.
//! Out:     `CelPolicyDocument`.
//! Imports: `base`, `diag`.
//! Source:  the CEL Policy specification; every expression is text, and block scalars are not
//!          folded.

use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::syntax::ast::ExprId;
use crate::compiler::syntax::document::error::DocumentError;
use crate::compiler::syntax::document::keys::{Keys, bad, is_qualified, list};
use crate::compiler::syntax::document::model::{
    CelPolicyDocument, CelRule, Choice, Invariant, Outcome, Variable,
};
use crate::compiler::syntax::document::path::stem;
use crate::compiler::syntax::document::policy::named_variable;
use crate::compiler::syntax::document::reader::Reader;
use crate::compiler::syntax::document::yaml::{Entry, Node};
use crate::diag::sink::Sink;

/// Reads a document that carries `rule`; `None` if its rule cannot be read at all.
pub(super) fn read(root: &Node, path: &str, reader: &mut Reader<'_>) -> Option<CelPolicyDocument> {
    let keys = Keys::open(root, "a document", reader.sink)?;
    let known = ["name", "description", "display_name", "imports", "rule", "verification"];
    keys.only(&known, reader.sink);
    let sink = &mut *reader.sink;
    let made = || Spanned::new(Name::new(stem(path)), keys.head());
    let name = keys.name("name", sink).unwrap_or_else(made);
    let description = keys.text("description", sink).map(|text| text.value);
    let imports = keys.value("imports").map_or(Vec::new(), |it| imports(it, sink));
    let invariants = keys.value("verification").map_or(Vec::new(), |it| invariants(it, reader));
    let rule = rule(&keys.need("rule", reader.sink)?.value, reader)?;
    Some(CelPolicyDocument {
        file: reader.file,
        name,
        description,
        imports,
        rule,
        invariants,
        environment: None,
        environment_lost: false,
    })
}

/// `[{name: qualified.name}]`; blanks around a name do not count.
pub(super) fn imports(node: &Node, sink: &mut Sink) -> Vec<Spanned<Name>> {
    let items = list(node, "`imports`", sink).unwrap_or_default();
    items.iter().filter_map(|item| import(item, sink)).collect()
}

fn import(node: &Node, sink: &mut Sink) -> Option<Spanned<Name>> {
    let keys = Keys::open(node, "an import", sink)?;
    let scalar = keys.need("name", sink)?.value.scalar();
    let found = keys.text("name", sink)?;
    let text = found.value.trim();
    let start = found.value.len() - found.value.trim_start().len();
    let span = scalar.map_or(found.span, |scalar| scalar.text.span_of(start, start + text.len()));
    // One name alone is what it would stand for.
    if !is_qualified(text) || !text.trim_start_matches('.').contains('.') {
        sink.report(DocumentError::BadImport { at: span, name: text.to_owned() });
        return None;
    }
    Some(Spanned::new(Name::new(text), span))
}

/// `{invariants: [..]}`.
fn invariants(node: &Node, reader: &mut Reader<'_>) -> Vec<Invariant> {
    let Some(keys) = Keys::open(node, "`verification`", reader.sink) else { return Vec::new() };
    keys.only(&["invariants"], reader.sink);
    let items = keys.value("invariants").and_then(|it| list(it, "`invariants`", reader.sink));
    let mut found: Vec<Invariant> = Vec::new();
    for item in items.unwrap_or_default() {
        let Some(next) = invariant(item, reader) else { continue };
        if let Some(same) = found.iter().find(|it| it.id.value == next.id.value) {
            let (at, first, id) = (next.id.span, same.id.span, next.id.value.to_string());
            let what = "invariants";
            reader.sink.report(DocumentError::DuplicateId { at, first, id, what });
        }
        found.push(next);
    }
    found
}

/// `{id, description, assume, assert}`.
fn invariant(node: &Node, reader: &mut Reader<'_>) -> Option<Invariant> {
    let keys = Keys::open(node, "an invariant", reader.sink)?;
    keys.only(&["id", "description", "assume", "assert"], reader.sink);
    let id = keys.need("id", reader.sink).and_then(|_| keys.name("id", reader.sink));
    let description = keys.text("description", reader.sink).map(|text| text.value);
    let assume = keys.value("assume").map_or(Vec::new(), |it| expressions("assume", it, reader));
    let written = &keys.need("assert", reader.sink)?.value;
    let assert = expressions("assert", written, reader);
    if written.items().is_some_and(<[Node]>::is_empty) {
        bad(written.span, "`assert`", "[]", "at least one expression", &[], reader.sink);
    }
    Some(Invariant { id: id?, description, assume, assert })
}

fn expressions(key: &str, node: &Node, reader: &mut Reader<'_>) -> Vec<ExprId> {
    let items = list(node, &format!("`{key}`"), reader.sink).unwrap_or_default();
    items.iter().map(|item| reader.raw_expression(key, item)).collect()
}

/// A `rule` block. Nesting is bounded by the depth of YAML documents.
fn rule(node: &Node, reader: &mut Reader<'_>) -> Option<CelRule> {
    let keys = Keys::open(node, "a rule", reader.sink)?;
    let known = ["id", "description", "display_name", "variables", "match", "aggregate"];
    keys.only(&known, reader.sink);
    let id = keys.name("id", reader.sink);
    let description = keys.text("description", reader.sink).map(|text| text.value);
    let variables = keys.value("variables").map_or(Vec::new(), |it| variables(it, reader));
    let (entry, aggregate) = match (keys.get("match"), keys.get("aggregate")) {
        (Some(first), Some(second)) => {
            both("a rule", first, second, reader.sink);
            (first, false)
        }
        (Some(entry), None) => (entry, false),
        (None, Some(entry)) => (entry, true),
        (None, None) => {
            missing(keys.head(), "this rule", "`match` and `aggregate`", reader.sink);
            return None;
        }
    };
    let what = format!("`{}`", entry.key.value);
    let items = list(&entry.value, &what, reader.sink)?;
    if items.is_empty() {
        let at = entry.value.span;
        bad(at, &what, "[]", "at least one entry", &[], reader.sink);
    }
    let choices = items.iter().filter_map(|item| choice(item, aggregate, reader)).collect();
    Some(CelRule { id, span: node.span, description, variables, aggregate, choices })
}

fn variables(node: &Node, reader: &mut Reader<'_>) -> Vec<Variable> {
    let items = list(node, "`variables`", reader.sink).unwrap_or_default();
    items.iter().filter_map(|item| named_variable(item, true, reader)).collect()
}

/// An entry of `match` or `aggregate`; `None` if it yields nothing.
fn choice(node: &Node, aggregate: bool, reader: &mut Reader<'_>) -> Option<Choice> {
    let what = if aggregate { "an entry of `aggregate`" } else { "an entry of `match`" };
    let keys = Keys::open(node, what, reader.sink)?;
    keys.only(&["condition", "output", "rule", "explanation"], reader.sink);
    let condition = keys.value("condition").map(|it| reader.raw_expression("condition", it));
    let explanation = keys.get("explanation");
    let outcome = match (keys.get("output"), keys.get("rule")) {
        (Some(first), Some(second)) => {
            both("an entry", first, second, reader.sink);
            Outcome::Output(reader.raw_expression("output", &first.value))
        }
        (Some(entry), None) => Outcome::Output(reader.raw_expression("output", &entry.value)),
        (None, Some(entry)) => {
            if let Some(explanation) = explanation {
                let (at, first) = (explanation.key.span, entry.key.span);
                let (what, keys) = ("an entry", ("rule", "explanation"));
                reader.sink.report(DocumentError::Exclusive { at, first, what, keys });
            }
            Outcome::Rule(Box::new(rule(&entry.value, reader)?))
        }
        (None, None) => {
            missing(keys.head(), "this entry", "`output` and `rule`", reader.sink);
            return None;
        }
    };
    let explanation = explanation.map(|it| reader.raw_expression("explanation", &it.value));
    Some(Choice { span: node.span, condition, outcome, explanation })
}

fn both(what: &str, first: &Entry, second: &Entry, sink: &mut Sink) {
    sink.report(DocumentError::Both {
        at: second.key.span,
        first: first.key.span,
        what: what.to_owned(),
        first_key: first.key.value.clone(),
        second_key: second.key.value.clone(),
    });
}

fn missing(at: Span, what: &str, wanted: &'static str, sink: &mut Sink) {
    sink.report(DocumentError::NoOutcome { at, what: what.to_owned(), wanted });
}
