//! Types as documents write them.
//!
//! In:      text as `optional list<string> payload`, or mappings.
//! Out:     `TypeExpr` and `TypeField`; names are not resolved.
//! Imports: `base`, `compiler::source`, `diag`.
//!
//! `type = "~" name | name ["<" type {"," type} ">"]`; a name may have dots.

use crate::base::limits::CONSTANT_DEPTH_MAX;
use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::source::embed::Embedded;
use crate::compiler::syntax::document::error::{Cause, DocumentError, Limit, Replacement};
use crate::compiler::syntax::document::keys::{
    Keys, bad, boolean, is_identifier, list, mapping, name, number, text, wrong,
};
use crate::compiler::syntax::document::mappings::ROLES;
use crate::compiler::syntax::document::model::{Role, TypeExpr, TypeExprKind, TypeField};
use crate::compiler::syntax::document::yaml::{Entry, Node, NodeKind, Scalar};
use crate::diag::sink::Sink;

/// Whether fields are arguments of a tool, which have roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldSyntax {
    /// A type is required, a role cannot be.
    Typed,
    /// A role may follow, or stand alone.
    Arguments,
}

/// The keys of a list with a bound.
const LIST_KEYS: [&str; 2] = ["items", "maxItems"];
/// .. and of a field that holds one.
const FIELD_KEYS: [&str; 4] = ["items", "maxItems", "optional", "role"];

/// The fields of a mapping `name: type`.
pub(super) fn fields(
    node: &Node,
    what: &str,
    kind: FieldSyntax,
    sink: &mut Sink,
) -> Vec<TypeField> {
    let Some(mut rest) = mapping(node, what, sink) else { return Vec::new() };
    let mut found = Vec::new();
    while let Some((entry, behind)) = rest.split_first() {
        rest = behind;
        if let Some(count) = torn(entry, behind) {
            let (parts, behind) = behind.split_at(count);
            found.push(mended(entry, parts, sink));
            rest = behind;
            continue;
        }
        found.extend(field(entry, kind, sink));
    }
    found
}

/// How many entries behind this one are the rest of its type: inside braces YAML ends a value at a
/// comma, that of `map<string, int>` too.
fn torn(entry: &Entry, behind: &[Entry]) -> Option<usize> {
    let depth = |text: &str| {
        text.matches('<').count().cast_signed() - text.matches('>').count().cast_signed()
    };
    let mut open = depth(entry.value.text()?);
    if open <= 0 {
        return None;
    }
    let parts = behind.iter().take_while(|part| part.value.is_null());
    let closes = |part: &Entry| {
        open += depth(&part.key.value);
        open == 0
    };
    parts.map(closes).position(|closed| closed).map(|at| at + 1)
}

/// Reports a type that YAML took apart, and takes its field as one of any type, so that nothing
/// else is said of it.
fn mended(entry: &Entry, parts: &[Entry], sink: &mut Sink) -> TypeField {
    let first = entry.value.span;
    let keys = parts.iter().map(|part| part.key.value.as_str());
    let texts: Vec<&str> = entry.value.text().into_iter().chain(keys).collect();
    let end = parts.last().map_or(first.end, |part| part.key.span.end);
    let cure = Replacement {
        title: "quote the whole type".to_owned(),
        span: Span { end, ..first },
        text: format!("\"{}\"", texts.join(", ")),
    };
    let at = Span { start: first.end, end: first.end + 1, ..first };
    sink.report(DocumentError::ReadFirst { at, cause: Cause::Flow, cure: Some(cure) });
    let kind = TypeExprKind::Named { name: Name::new("dyn"), params: Vec::new() };
    TypeField {
        name: Spanned::new(Name::new(&entry.key.value), entry.key.span),
        optional: false,
        ty: Some(TypeExpr { kind, span: first }),
        role: None,
    }
}

fn field(entry: &Entry, kind: FieldSyntax, sink: &mut Sink) -> Option<TypeField> {
    let name = Spanned::new(Name::new(&entry.key.value), entry.key.span);
    match &entry.value.kind {
        NodeKind::Scalar(scalar) if !entry.value.is_null() => field_text(name, scalar, kind, sink),
        NodeKind::Mapping { .. } if is_bounded_list(&entry.value, &FIELD_KEYS) => {
            bounded_field(name, &entry.value, kind, sink)
        }
        NodeKind::Mapping { .. } => {
            let ty = type_of(&entry.value, sink)?;
            Some(TypeField { name, optional: false, ty: Some(ty), role: None })
        }
        NodeKind::Scalar(_) | NodeKind::Sequence { .. } | NodeKind::Refused => {
            wrong(&entry.value, &format!("`{}`", entry.key.value), "a type", sink);
            None
        }
    }
}

/// `[optional] [type] [role]`.
fn field_text(
    name: Spanned<Name>,
    scalar: &Scalar,
    kind: FieldSyntax,
    sink: &mut Sink,
) -> Option<TypeField> {
    let source = &scalar.text;
    let mut words = words(&source.text);
    let word = |range: &(usize, usize)| source.text.get(range.0..range.1).unwrap_or_default();
    let optional = words.len() > 1 && words.first().is_some_and(|it| word(it) == "optional");
    if optional {
        words.remove(0);
    }
    let mut role = None;
    if let Some(last) = words.last().copied()
        && let Some((_, found)) = ROLES.iter().find(|(text, _)| *text == word(&last))
    {
        words.pop();
        let span = source.span_of(last.0, last.1);
        role = Some(Spanned::new(*found, span));
        if kind == FieldSyntax::Typed {
            no_role_here(span, word(&last), sink);
        }
    }
    let mut types = words.into_iter();
    let ty = types.next().map(|(start, end)| type_text(source, start, end, sink));
    if let Some(extra) = types.next() {
        let span = source.span_of(extra.0, extra.1);
        let roles = ROLES.map(|(text, _)| text);
        let wanted = match kind {
            FieldSyntax::Typed => "a type alone",
            FieldSyntax::Arguments => "a type and then `target`, `payload` or `value`",
        };
        bad(span, "a role", word(&extra), wanted, &roles, sink);
        return None;
    }
    match ty {
        Some(ty) => Some(TypeField { name, optional, ty: Some(ty?), role }),
        None if kind == FieldSyntax::Arguments => {
            Some(TypeField { name, optional, ty: None, role })
        }
        None => None,
    }
}

/// `{items: type, maxItems: n, optional: true, role: target}`.
fn bounded_field(
    name: Spanned<Name>,
    node: &Node,
    kind: FieldSyntax,
    sink: &mut Sink,
) -> Option<TypeField> {
    let ty = bounded_list(node, sink)?;
    let keys = Keys::open(node, "a list type", sink)?;
    let optional = keys.value("optional").and_then(|it| boolean(it, "`optional`", sink));
    let role = keys.value("role").and_then(|it| role_of(it, kind, sink));
    Some(TypeField { name, optional: optional == Some(true), ty: Some(ty), role })
}

fn role_of(node: &Node, kind: FieldSyntax, sink: &mut Sink) -> Option<Spanned<Role>> {
    let word = text(node, "`role`", sink)?;
    if kind == FieldSyntax::Typed {
        no_role_here(word.span, &word.value, sink);
        return None;
    }
    let found = ROLES.iter().find(|(text, _)| *text == word.value);
    if found.is_none() {
        let roles = ROLES.map(|(text, _)| text);
        let wanted = "`target`, `payload` or `value`";
        bad(word.span, "a role", &word.value, wanted, &roles, sink);
    }
    found.map(|(_, role)| Spanned::new(*role, word.span))
}

fn no_role_here(at: Span, word: &str, sink: &mut Sink) {
    bad(at, "part of a type here", word, "a type alone", &[], sink);
}

/// The words of `text`, blanks inside `<..>` aside.
fn words(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut start = None;
    for (at, letter) in text.char_indices() {
        match letter {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let blank = letter.is_whitespace() && depth == 0;
        match (blank, start) {
            (true, Some(from)) => {
                found.push((from, at));
                start = None;
            }
            (false, None) => start = Some(at),
            (true, None) | (false, Some(_)) => {}
        }
    }
    found.extend(start.map(|from| (from, text.len())));
    found
}

/// The type that `node` writes: text, an object, or a list with a bound.
pub(super) fn type_of(node: &Node, sink: &mut Sink) -> Option<TypeExpr> {
    match &node.kind {
        NodeKind::Scalar(scalar) if !node.is_null() => {
            type_text(&scalar.text, 0, scalar.text.text.len(), sink)
        }
        NodeKind::Mapping { .. } if is_bounded_list(node, &LIST_KEYS) => bounded_list(node, sink),
        NodeKind::Mapping { .. } => {
            let fields = fields(node, "a type", FieldSyntax::Typed, sink);
            Some(TypeExpr { kind: TypeExprKind::Object(fields), span: node.span })
        }
        NodeKind::Scalar(_) | NodeKind::Sequence { .. } | NodeKind::Refused => {
            wrong(node, "a type", "text or a mapping", sink);
            None
        }
    }
}

/// Whether `node` writes a list with a bound, rather than an object.
fn is_bounded_list(node: &Node, known: &[&str]) -> bool {
    let entries = node.entries().unwrap_or_default();
    entries.iter().any(|entry| entry.key.value == "maxItems")
        && entries.iter().all(|entry| known.contains(&entry.key.value.as_str()))
}

/// `{items: type, maxItems: n}`.
fn bounded_list(node: &Node, sink: &mut Sink) -> Option<TypeExpr> {
    let keys = Keys::open(node, "a list type", sink)?;
    let items = type_of(&keys.need("items", sink)?.value, sink)?;
    let max_items = keys.value("maxItems").and_then(|it| number(it, "`maxItems`", 0, sink));
    let kind = TypeExprKind::BoundedList { items: Box::new(items), max_items };
    Some(TypeExpr { kind, span: node.span })
}

/// The type of an environment file: text, or `{type_name, params, is_type_param}`.
pub(super) fn env_type(node: &Node, sink: &mut Sink) -> Option<TypeExpr> {
    if node.entries().is_none() {
        return type_of(node, sink);
    }
    let keys = Keys::open(node, "a type", sink)?;
    keys.only(&["type_name", "params", "is_type_param"], sink);
    named_type(&keys, sink)
}

/// The type that the keys `type_name`, `params` and `is_type_param` write.
pub(super) fn named_type(keys: &Keys<'_>, sink: &mut Sink) -> Option<TypeExpr> {
    let named = name(&keys.need("type_name", sink)?.value, "`type_name`", sink)?;
    let is_param = keys.value("is_type_param").and_then(|it| boolean(it, "`is_type_param`", sink));
    let params = keys.value("params").and_then(|it| list(it, "`params`", sink)).unwrap_or_default();
    let params = params.iter().filter_map(|param| env_type(param, sink)).collect();
    let kind = if is_param == Some(true) {
        TypeExprKind::Param(named.value)
    } else {
        TypeExprKind::Named { name: named.value, params }
    };
    Some(TypeExpr { kind, span: named.span })
}

/// Reads `start..end` of `source` as one type.
fn type_text(source: &Embedded, start: usize, end: usize, sink: &mut Sink) -> Option<TypeExpr> {
    let written = source.text.get(start..end).unwrap_or_default();
    let end = start + written.trim_end().len();
    let mut text = TypeText { source, at: start, end };
    match text.one(0) {
        Ok(ty) if text.rest().is_empty() => Some(ty),
        Err(TypeFault::TooDeep) => {
            let at = text.span(start, end);
            let limit = Limit::TypeDepth(CONSTANT_DEPTH_MAX);
            sink.report(DocumentError::Beyond { at, limit });
            None
        }
        Ok(_) | Err(TypeFault::NotAType) => {
            let found = source.text.get(start..end).unwrap_or_default().trim();
            let wanted = "a type, as `string` or `list<int>`";
            bad(text.span(start, end), "a type", found, wanted, &[], sink);
            None
        }
    }
}

enum TypeFault {
    NotAType,
    TooDeep,
}

struct TypeText<'a> {
    source: &'a Embedded,
    at: usize,
    end: usize,
}

impl TypeText<'_> {
    /// What is left, blanks skipped.
    fn rest(&mut self) -> &str {
        let rest = self.source.text.get(self.at..self.end).unwrap_or_default();
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed
    }

    fn eat(&mut self, mark: char) -> bool {
        let found = self.rest().starts_with(mark);
        self.at += if found { mark.len_utf8() } else { 0 };
        found
    }

    fn span(&self, start: usize, end: usize) -> Span {
        self.source.span_of(start, end)
    }

    fn word(&mut self) -> Result<Name, TypeFault> {
        let rest = self.rest();
        let part = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '.';
        let word = rest.split(|it: char| !part(it)).next().unwrap_or_default();
        let plain = word.strip_prefix('.').unwrap_or(word);
        if !plain.split('.').all(is_identifier) {
            return Err(TypeFault::NotAType);
        }
        let (name, len) = (Name::new(word), word.len());
        self.at += len;
        Ok(name)
    }

    /// One type. Recursion is bounded by `CONSTANT_DEPTH_MAX`.
    fn one(&mut self, depth: usize) -> Result<TypeExpr, TypeFault> {
        if depth >= CONSTANT_DEPTH_MAX {
            return Err(TypeFault::TooDeep);
        }
        self.rest();
        let start = self.at;
        if self.eat('~') {
            let kind = TypeExprKind::Param(self.word()?);
            return Ok(TypeExpr { kind, span: self.span(start, self.at) });
        }
        let name = self.word()?;
        let mut params = Vec::new();
        if self.eat('<') {
            loop {
                params.push(self.one(depth + 1)?);
                if self.eat('>') {
                    break;
                }
                if !self.eat(',') {
                    return Err(TypeFault::NotAType);
                }
            }
        }
        let kind = TypeExprKind::Named { name, params };
        Ok(TypeExpr { kind, span: self.span(start, self.at) })
    }
}
