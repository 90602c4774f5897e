//! `textDocument/rename`, where nobody else can know the old name.
//!
//! In:      a place in a file, a new name.
//! Out:     the edits, or why there are none.
//! Imports: `base`, `compiler`, `compiler::syntax`, `diag`.
//!
//! Variables are known in their document alone. The ids of rules, tools, fields and functions of
//! the host are known outside: to records, tests, agents and hosts. Those are not renamed. Before
//! edits are given, the project is checked with them: every name must mean what it meant.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::base::span::Span;
use crate::compiler::Front;
use crate::compiler::syntax::lexer::is_reserved;
use crate::diag::diagnostic::Edit;
use crate::tools::lsp::names::{Target, declaration, holds, target_at, uses};
use crate::tools::lsp::request::{FileRequest, RequestError};

/// The name at the place, if it can be renamed, and its bytes.
fn renamed(ask: &FileRequest<'_>) -> Result<(Target, Span), RequestError> {
    let at = ask.at()?;
    let policies = || ask.front().parsed.policies.iter();
    let rules = policies().flat_map(|policy| &policy.rules);
    let rules = rules.filter(|rule| rule.id_is_written && !rule.made).map(|rule| rule.id.span);
    let flows = policies().flat_map(|policy| &policy.flow).map(|flow| flow.id.span);
    let limits = policies().flat_map(|policy| &policy.limits).map(|limit| limit.id.span);
    if rules.chain(flows).chain(limits).any(|id| holds(id, ask.file, at)) {
        let why = "records, tests and reports know a rule by its id, so it is not renamed";
        return Err(RequestError::unsafe_to(why));
    }
    let found = target_at(ask.front(), ask.file, at);
    let (target, span) = found.ok_or_else(|| RequestError::unsafe_to("no name is written here"))?;
    let why = match &target {
        Target::Variable(_) | Target::Local(_) => return Ok((target, span)),
        Target::Root(_) => "the host gives this root of the context, so it is not renamed",
        Target::Field(_) => "the host gives this field, so it is not renamed",
        Target::Tool(_) => "agents call this tool by its name, so it is not renamed",
        Target::Host(_) => "the host knows this function by its name, so it is not renamed",
        Target::Window(_) => "windows are not renamed",
    };
    Err(RequestError::unsafe_to(why))
}

/// `textDocument/prepareRename`
pub(super) fn prepare(ask: &FileRequest<'_>) -> Result<Json, RequestError> {
    let (_, span) = renamed(ask)?;
    let name = ask.places.written(span);
    Ok(json!({ "range": ask.places.range(span), "placeholder": name }))
}

/// `textDocument/rename`
pub(super) fn rename(ask: &FileRequest<'_>) -> Result<Json, RequestError> {
    let name = ask.params.get("newName").and_then(Json::as_str);
    let name = name.ok_or_else(|| RequestError::parameters("no new name is given"))?;
    let (target, span) = renamed(ask)?;
    let old = ask.places.written(span).to_owned();
    let first = name.bytes().next().is_some_and(|it| it.is_ascii_alphabetic() || it == b'_');
    if !first || !name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_') {
        return Err(RequestError::unsafe_to(format!("`{name}` is no name of CEL")));
    }
    if is_reserved(name) {
        return Err(RequestError::unsafe_to(format!("CEL keeps the word `{name}` for itself")));
    }
    let mut spans = uses(ask.front(), &target, true);
    spans.sort();
    if let Some(other) = spans.iter().find(|span| ask.places.written(**span) != old) {
        let written = ask.places.written(*other);
        return Err(RequestError::unsafe_to(format!("`{old}` is also written `{written}`")));
    }
    let edit = |span: &Span| Edit { span: *span, text: name.to_owned() };
    let edits: Vec<Edit> = spans.iter().map(edit).collect();
    let after = ask.places.view.front_of(&ask.places.view.project.files.edited(&edits));
    if !same(ask.front(), &after, &spans, name, &old) {
        return Err(RequestError::unsafe_to(format!("`{name}` would mean something else here")));
    }
    let mut changes: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    for span in &spans {
        if let (Some(uri), Some(range)) = (ask.places.uri(span.file), ask.places.range(*span)) {
            changes.entry(uri).or_default().push(json!({ "range": range, "newText": name }));
        }
    }
    Ok(json!({ "changes": changes }))
}

/// Whether every expression means after the edits what it meant before: the same use and the same
/// type, and the renamed declaration is used as often.
fn same(before: &Front, after: &Front, spans: &[Span], name: &str, old: &str) -> bool {
    let (was, is) = (&before.analysis, &after.analysis);
    let first = spans.first().and_then(|span| {
        let (target, _) = target_at(before, span.file, span.start)?;
        declaration(before, &target)
    });
    let count = |front: &Front, at: Option<Span>| {
        let at = at?;
        let (target, _) = target_at(front, at.file, at.start)?;
        Some(uses(front, &target, true).len())
    };
    // Edits in front of the declaration, in its file, move it.
    let moved = first.map(|at| {
        let edits = spans.iter().filter(|span| span.file == at.file && span.start < at.start);
        let shift = edits.count();
        let start = at.start as usize + shift * name.len() - shift * old.len();
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        Span::new(at.file, start, start)
    });
    was.uses.as_slice() == is.uses.as_slice()
        && was.expr_types.as_slice() == is.expr_types.as_slice()
        && count(before, first) == count(after, moved)
}
