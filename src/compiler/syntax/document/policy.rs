//! Our documents: `policyc: 1` and the sections below it.
//!
//! In:      the tree of a document.
//! Out:     `PolicyDocument`.
//! Imports: `base`.

use rustc_hash::FxHashMap;

use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::syntax::document::agents::{self, Labels};
use crate::compiler::syntax::document::error::DocumentError;
use crate::compiler::syntax::document::keys::{
    ESCALATED, IDENTIFIER, Keys, bad, choice_or, is_identifier, list, mapping, wrong,
};
use crate::compiler::syntax::document::model::{
    Fallback, Form, PolicyDocument, Rule, SchemaSource, Variable,
};
use crate::compiler::syntax::document::path::stem;
use crate::compiler::syntax::document::reader::Reader;
use crate::compiler::syntax::document::rule::{self, Ids};
use crate::compiler::syntax::document::sections;
use crate::compiler::syntax::document::types::{FieldSyntax, fields};
use crate::compiler::syntax::document::yaml::{Node, NodeKind, Value};
use crate::compiler::syntax::document::{denials, mappings, meters, plans, redact, trust};
use crate::compiler::syntax::lexer::is_reserved;

impl PolicyDocument {
    /// Whether the document says what is decided: by rules, or by sections that rules are made of.
    #[must_use]
    pub fn decides(&self) -> bool {
        self.rules.iter().any(|rule| !rule.made)
            || self.capabilities.is_some()
            || !self.flow.is_empty()
            || !self.limits.is_empty()
    }

    /// Whether sessions keep approvals because of this document.
    #[must_use]
    pub const fn keeps_approvals(&self) -> bool {
        !self.labels.names.is_empty() || !self.meters.is_empty() || self.plan.is_some()
    }

    /// Whether the document says anything of the context, so that it needs its types.
    #[must_use]
    pub fn speaks(&self) -> bool {
        self.decides() || !self.variables.is_empty() || !self.meters.is_empty()
    }

    /// A document that says nothing yet but its name: the stem of `path`.
    pub(super) fn unread(form: Form, path: &str, span: Span) -> Self {
        Self {
            file: span.file,
            span,
            form,
            name: Spanned::new(Name::new(stem(path)), span.at_start()),
            description: None,
            schema: None,
            extensions: Vec::new(),
            default: None,
            default_unread: false,
            on_error: None,
            data: Vec::new(),
            functions: Vec::new(),
            windows: Vec::new(),
            variables: Vec::new(),
            rules: Vec::new(),
            tools: Vec::new(),
            has_tools: false,
            labels: Labels::default(),
            capabilities: None,
            flow: Vec::new(),
            meters: Vec::new(),
            limits: Vec::new(),
            plan: None,
            denials: Vec::new(),
            sanitizers: Vec::new(),
            declassify: Vec::new(),
            terms: Vec::new(),
            redact: Vec::new(),
        }
    }
}

/// Reads a document that carries `policyc`.
pub(super) fn read(root: &Node, path: &str, reader: &mut Reader<'_>) -> PolicyDocument {
    let mut document = PolicyDocument::unread(Form::Ours, path, root.span);
    let Some(keys) = Keys::open(root, "a document", reader.sink) else { return document };
    keys.known(&mappings::DOCUMENT, reader.sink);
    version(&keys, reader);
    let sink = &mut *reader.sink;
    document.name.span = keys.head();
    if let Some(name) = keys.name("name", sink) {
        document.name = name;
    }
    document.description = keys.text("description", sink).map(|text| text.value);
    document.schema = keys.value("schema").and_then(|node| schema(node, reader));
    let sink = &mut *reader.sink;
    let section = |key: &str| keys.value(key).filter(|node| !node.is_null());
    document.extensions =
        section("extensions").map_or(Vec::new(), |it| sections::extensions(it, sink));
    document.default = section("default").and_then(|it| fallback(it, "default", reader));
    document.default_unread = section("default").is_some() && document.default.is_none();
    document.on_error = section("on_error").and_then(|it| fallback(it, "on_error", reader));
    let sink = &mut *reader.sink;
    document.data = section("data").map_or(Vec::new(), |it| sections::data(it, sink));
    document.functions =
        section("functions").map_or(Vec::new(), |it| sections::functions(it, sink));
    document.windows = section("windows").map_or(Vec::new(), |it| sections::windows(it, sink));
    document.tools = section("tools").map_or(Vec::new(), |it| sections::tools(it, reader));
    let sink = &mut *reader.sink;
    document.has_tools = keys.get("tools").is_some();
    document.labels = section("labels").map_or(Labels::default(), |it| agents::labels(it, sink));
    let capabilities = keys.get("capabilities").filter(|entry| !entry.value.is_null());
    document.capabilities = capabilities.and_then(|it| agents::capabilities(it, sink));
    document.redact = section("redact").map_or(Vec::new(), |it| redact::redactions(it, sink));
    document.variables = section("variables").map_or(Vec::new(), |it| variables(it, reader));
    document.rules = section("rules").map_or(Vec::new(), |it| rules(it, reader));
    document.flow = section("flow").map_or(Vec::new(), |it| agents::flows(it, reader));
    document.meters = section("meters").map_or(Vec::new(), |it| meters::meters(it, reader));
    let plan = keys.get("plan").filter(|entry| !entry.value.is_null());
    document.denials = section("on_deny").map_or(Vec::new(), |it| denials::denials(it, reader));
    document.plan = plan.and_then(|it| plans::plan(it.key.span, &it.value, reader));
    document.sanitizers =
        section("sanitizers").map_or(Vec::new(), |it| trust::sanitizers(it, reader));
    let sink = &mut *reader.sink;
    document.declassify =
        section("declassify").map_or(Vec::new(), |it| trust::declassify(it, sink));
    document.limits = section("limits").map_or(Vec::new(), |it| meters::limits(it, reader));
    document
}

fn version(keys: &Keys<'_>, reader: &mut Reader<'_>) {
    let Some(node) = keys.value("policyc") else { return };
    if node.value() == Some(Value::Int(1)) || matches!(node.kind, NodeKind::Refused) {
        return;
    }
    let found = node.text().unwrap_or_default();
    let wanted = if found == "1" { "the number `1`, without quotes" } else { "`1`" };
    bad(node.span, "the version of a document", found, wanted, &[], reader.sink);
}

fn schema(node: &Node, reader: &mut Reader<'_>) -> Option<SchemaSource> {
    match &node.kind {
        NodeKind::Mapping { .. } => {
            let roots = fields(node, "`schema`", FieldSyntax::Typed, reader.sink);
            Some(SchemaSource::Inline(roots))
        }
        NodeKind::Scalar(scalar) if !node.is_null() => {
            let path = Spanned::new(scalar.text.text.clone(), scalar.text.span);
            Some(SchemaSource::File(path))
        }
        NodeKind::Scalar(_) | NodeKind::Sequence { .. } | NodeKind::Refused => {
            wrong(node, "`schema`", "a path or a mapping of types", reader.sink);
            None
        }
    }
}

/// `deny`, `allow` (as `default` only) or `{escalate: {..}}`.
fn fallback(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Spanned<Fallback>> {
    let what = format!("`{key}`");
    if node.entries().is_some() {
        let keys = Keys::open(node, "a default", reader.sink)?;
        keys.only(&["escalate"], reader.sink);
        let escalate = keys.need("escalate", reader.sink)?;
        let (escalation, _) = rule::escalation(&escalate.value, false, reader)?;
        if let Some(fatigue) = &escalation.fatigue {
            // Nobody can grant these, so nobody counts them.
            let (at, wanted) = (fatigue.span, "nothing: it is for rules");
            bad(at, "`fatigue`", "a bound", wanted, &[], reader.sink);
        }
        return Some(Spanned::new(Fallback::Escalate(escalation), node.span));
    }
    let deny = ("deny", Fallback::Deny);
    let allow = ("allow", Fallback::Allow);
    let choices = if key == "default" { vec![deny, allow] } else { vec![deny] };
    let words: Vec<(&str, usize)> =
        choices.iter().enumerate().map(|(at, (word, _))| (*word, at)).collect();
    let at = choice_or(node, &what, &words, &[ESCALATED], reader.sink)?;
    choices.into_iter().nth(at).map(|(_, value)| Spanned::new(value, node.span))
}

fn variables(node: &Node, reader: &mut Reader<'_>) -> Vec<Variable> {
    let items = list(node, "`variables`", reader.sink).unwrap_or_default();
    items.iter().filter_map(|item| variable(item, reader)).collect()
}

/// `name: expression`, or `{name, expression, description}`.
fn variable(node: &Node, reader: &mut Reader<'_>) -> Option<Variable> {
    let entries = mapping(node, "a variable", reader.sink)?;
    if node.get("name").is_some() && node.get("expression").is_some() {
        return named_variable(node, false, reader);
    }
    let [entry] = entries else {
        let wanted = "one name and its expression, as `large: request.amount > 100`";
        wrong(node, "a variable", wanted, reader.sink);
        return None;
    };
    let name = Spanned::new(Name::new(&entry.key.value), entry.key.span);
    check_variable(&name, reader);
    let expr = reader.expression(&entry.key.value, &entry.value);
    Some(Variable { name, expr, description: None })
}

/// The keys of a variable that is written with its name apart.
const NAMED_KEYS: [&str; 4] = ["name", "expression", "description", "display_name"];

/// `{name, expression, description}`, as CEL Policy documents write it (`raw`) and ours may.
pub(super) fn named_variable(node: &Node, raw: bool, reader: &mut Reader<'_>) -> Option<Variable> {
    let keys = Keys::open(node, "a variable", reader.sink)?;
    if let [entry] = keys.entries
        && entry.value.text().is_some()
        && !NAMED_KEYS.contains(&entry.key.value.as_str())
    {
        let (at, name) = (entry.key.span, entry.key.value.clone());
        reader.sink.report(DocumentError::ShortVariable { at, name });
        let expr = reader.raw_expression("expression", &entry.value);
        let name = Spanned::new(Name::new(&entry.key.value), at);
        return Some(Variable { name, expr, description: None });
    }
    keys.only(&NAMED_KEYS, reader.sink);
    let name = keys.need("name", reader.sink).and_then(|_| keys.name("name", reader.sink));
    let expression = keys.need("expression", reader.sink)?;
    let name = name?;
    check_variable(&name, reader);
    let expr = if raw {
        reader.raw_expression("expression", &expression.value)
    } else {
        reader.expression("expression", &expression.value)
    };
    let description = keys.text("description", reader.sink).map(|text| text.value);
    Some(Variable { name, expr, description })
}

fn check_variable(name: &Spanned<Name>, reader: &mut Reader<'_>) {
    let (at, text) = (name.span, name.value.as_str());
    if is_reserved(text) {
        reader.sink.report(DocumentError::ReservedName { at, name: text.to_owned() });
    } else if !is_identifier(text) {
        bad(at, "the name of a variable", text, IDENTIFIER, &[], reader.sink);
    }
}

fn rules(node: &Node, reader: &mut Reader<'_>) -> Vec<Rule> {
    let items = list(node, "`rules`", reader.sink).unwrap_or_default();
    let mut ids = Ids::new(items);
    let rules: Vec<Rule> =
        items.iter().filter_map(|item| rule::read(item, &mut ids, reader)).collect();
    duplicates(&rules, reader);
    rules
}

/// Reports ids that two rules of one document have.
pub(super) fn duplicates(rules: &[Rule], reader: &mut Reader<'_>) {
    let mut seen: FxHashMap<&str, Span> = FxHashMap::default();
    for rule in rules.iter().filter(|rule| rule.id_is_written) {
        let (id, at) = (rule.id.value.as_str(), rule.id.span);
        match seen.get(id) {
            Some(first) => {
                let (first, id, what) = (*first, id.to_owned(), "rules");
                reader.sink.report(DocumentError::DuplicateId { at, first, id, what });
            }
            None => {
                seen.insert(id, at);
            }
        }
    }
}
