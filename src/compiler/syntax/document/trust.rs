//! What documents say about labels that are taken away: `sanitizers` and `declassify`.
//!
//! In:      the values of both sections.
//! Out:     them as data, with their places. What they mean is `compiler::govern`'s business.
//! Imports: `base`, `diag`, `lang`.
//! Source:  `docs/sessions.md`, "Labels that are taken away".

use crate::base::name::Name;
use crate::base::span::Spanned;
use crate::compiler::syntax::ast::ExprId;
use crate::compiler::syntax::document::agents::{good_name, steps};
use crate::compiler::syntax::document::keys::{
    Keys, bad, choice, list, mapping, name, names, number, text, wrong,
};
use crate::compiler::syntax::document::mappings;
use crate::compiler::syntax::document::reader::Reader;
use crate::compiler::syntax::document::yaml::{Entry, Node};
use crate::diag::sink::Sink;
use crate::lang::session::CLEAN;

/// A tool whose output carries less than what it was given.
#[derive(Clone, Debug)]
pub struct Sanitizer {
    /// Its name.
    pub name: Spanned<Name>,
    /// `tool`.
    pub tool: Spanned<Name>,
    /// `arg`: the argument that it makes clean, and the way into it.
    pub arg: Spanned<Vec<Name>>,
    /// `removes`: patterns of labels, each of one family.
    pub removes: Vec<Spanned<Name>>,
    /// `adds`: labels of the family `clean`.
    pub adds: Vec<Spanned<Name>>,
    /// `requires`: CEL about `out`.
    pub requires: Option<ExprId>,
    /// With `kind: typed`, what the output may be.
    pub values: Option<Spanned<Vec<Name>>>,
}

/// A label that the output of a tool does not carry.
#[derive(Clone, Debug)]
pub struct Declassify {
    /// `id`.
    pub id: Spanned<Name>,
    /// `from`: patterns of labels, each of one family.
    pub from: Vec<Spanned<Name>>,
    /// `to`: the label that stands in their place; `None` is `none`.
    pub to: Option<Spanned<Name>>,
    /// `at: {tool}`.
    pub tool: Spanned<Name>,
    /// `at: {path}`; `None` is a `*`.
    pub path: Vec<Option<Name>>,
    /// `by`: for which principals.
    pub by: Vec<Spanned<Name>>,
}

/// `{name: {tool, arg, removes, ..}}`.
pub(super) fn sanitizers(node: &Node, reader: &mut Reader<'_>) -> Vec<Sanitizer> {
    let entries = mapping(node, "`sanitizers`", reader.sink).unwrap_or_default();
    entries.iter().filter_map(|entry| sanitizer(entry, reader)).collect()
}

fn sanitizer(entry: &Entry, reader: &mut Reader<'_>) -> Option<Sanitizer> {
    let keys = Keys::open(&entry.value, "a sanitizer", reader.sink)?;
    keys.known(&mappings::SANITIZER, reader.sink);
    let sink = &mut *reader.sink;
    let own = Spanned::new(Name::new(&entry.key.value), entry.key.span);
    let named = good_name(&own, sink);
    let tool = name(&keys.need("tool", sink)?.value, "`tool`", sink)?;
    let arg = argument(&keys.need("arg", sink)?.value, sink)?;
    let removes = taken(&keys.need("removes", sink)?.value, "`removes`", sink);
    let adds = keys.value("adds").map_or(Vec::new(), |it| names(it, "`adds`", sink));
    for label in adds.iter().filter(|label| !label.value.starts_with(CLEAN)) {
        let wanted = "a label of the family `clean`, as `clean.sql`";
        bad(label.span, "`adds`", &label.value, wanted, &[], sink);
    }
    let typed = keys.value("kind").map(|it| choice(it, "`kind`", &mappings::KINDS, sink));
    let mut values = None;
    if let Some(kind) = typed {
        kind?;
        values = Some(typed_values(&keys, sink)?);
    } else {
        for entry in ["schema", "max_bits"].iter().filter_map(|key| keys.get(key)) {
            let (at, key) = (entry.key.span, entry.key.value.as_str());
            let wanted = "nothing, unless `kind` is `typed`";
            bad(at, &format!("`{key}`"), key, wanted, &[], sink);
        }
    }
    let requires = keys.value("requires").map(|it| reader.expression("requires", it));
    named.then_some(Sanitizer { name: own, tool, arg, removes, adds, requires, values })
}

/// `/text`, or `text`.
fn argument(node: &Node, sink: &mut Sink) -> Option<Spanned<Vec<Name>>> {
    let mut written = text(node, "`arg`", sink)?;
    let span = written.span;
    if !written.value.starts_with('/') {
        written.value.insert(0, '/');
    }
    let keys: Option<Vec<Name>> = steps(&written, "`arg`", sink)?.into_iter().collect();
    let found = keys.filter(|keys| !keys.iter().any(|key| key.is_empty()));
    if found.is_none() {
        let wanted = "the path of one argument, as `/text`";
        bad(span, "`arg`", &written.value, wanted, &[], sink);
    }
    found.map(|keys| Spanned::new(keys, span))
}

/// Labels that are taken away: each pattern is of one family, so that none takes all.
fn taken(node: &Node, what: &str, sink: &mut Sink) -> Vec<Spanned<Name>> {
    let found = names(node, what, sink);
    for label in &found {
        let family = label.value.split_once('.').map(|(family, _)| family);
        if family.is_none_or(|family| family.is_empty() || family.contains('*')) {
            let wanted = "a label or a family, as `untrusted.file` or `untrusted.*`";
            bad(label.span, what, &label.value, wanted, &[], sink);
        }
    }
    found
}

/// `schema: {enum: [..]}` and `max_bits`: how much one answer may tell.
fn typed_values(keys: &Keys<'_>, sink: &mut Sink) -> Option<Spanned<Vec<Name>>> {
    let node = &keys.need("schema", sink)?.value;
    let schema = Keys::open(node, "the schema of a sanitizer", sink)?;
    schema.known(&mappings::TYPED, sink);
    let node = &schema.need("enum", sink)?.value;
    let items = list(node, "`enum`", sink)?;
    let values: Vec<Name> = items
        .iter()
        .filter_map(|item| text(item, "`enum`", sink))
        .map(|it| it.value.into())
        .collect();
    if values.is_empty() {
        wrong(node, "`enum`", "at least one text", sink);
        return None;
    }
    let bits = values.len().next_power_of_two().ilog2();
    let max = &keys.need("max_bits", sink)?.value;
    let most: u32 = number(max, "`max_bits`", 0, sink)?;
    if bits > most {
        let wanted = format!("at least {bits}: that much one of {} values tells", values.len());
        bad(max.span, "`max_bits`", &most.to_string(), &wanted, &[], sink);
    }
    Some(Spanned::new(values, node.span))
}

/// `[{id, from, to, at, by, reason}, ..]`.
pub(super) fn declassify(node: &Node, sink: &mut Sink) -> Vec<Declassify> {
    let items = list(node, "`declassify`", sink).unwrap_or_default();
    items.iter().filter_map(|item| one(item, sink)).collect()
}

fn one(node: &Node, sink: &mut Sink) -> Option<Declassify> {
    let keys = Keys::open(node, "a declassification", sink)?;
    keys.known(&mappings::DECLASSIFY, sink);
    let id = name(&keys.need("id", sink)?.value, "`id`", sink)?;
    let named = good_name(&id, sink);
    let from = taken(&keys.need("from", sink)?.value, "`from`", sink);
    let to = keys.value("to").and_then(|it| name(it, "`to`", sink));
    let to = to.filter(|to| to.value != mappings::NONE);
    let at = Keys::open(&keys.need("at", sink)?.value, "`at`", sink)?;
    at.known(&mappings::DECLASSIFY_AT, sink);
    let tool = name(&at.need("tool", sink)?.value, "`tool`", sink)?;
    let path = text(&at.need("path", sink)?.value, "`path`", sink)?;
    let path = steps(&path, "`path`", sink)?;
    let by = names(&keys.need("by", sink)?.value, "`by`", sink);
    keys.need("reason", sink)?;
    keys.text("reason", sink)?;
    named.then_some(Declassify { id, from, to, tool, path, by })
}
