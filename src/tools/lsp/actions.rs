//! `textDocument/codeAction`: fixes, and comments that suppress findings.
//!
//! In:      a range of a file; the findings there.
//! Out:     edits. An edit carries the place, so it is offered only for the text that was checked.
//! Imports: `base`, `compiler::source`, `diag`, `tools::lint`.

use serde_json::{Value as Json, json};

use crate::base::span::Span;
use crate::compiler::source::map::SourceMap;
use crate::diag::diagnostic::{Diagnostic, Severity};
use crate::tools::lint::annotate::annotate;
use crate::tools::lint::fix::fix;
use crate::tools::lint::select::Selection;
use crate::tools::lsp::findings::{drawn, touches};
use crate::tools::lsp::request::{FileRequest, RequestError};

const FIX: &str = "quickfix";
const FIX_ALL: &str = "source.fixAll.policyc";
/// Kinds of actions that there are.
pub(super) const KINDS: [&str; 2] = [FIX, FIX_ALL];

/// `textDocument/codeAction`
pub(super) fn actions(ask: &FileRequest<'_>) -> Result<Json, RequestError> {
    let (from, to) = ask
        .offset("/range/start")
        .zip(ask.offset("/range/end"))
        .ok_or_else(|| RequestError::parameters("no range is named"))?;
    let only = ask.params.pointer("/context/only").and_then(Json::as_array);
    let wanted = |kind: &str| {
        let part_of = |only: &Json| {
            let rest = only.as_str().and_then(|only| kind.strip_prefix(only));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        only.map(|only| only.iter().any(part_of))
    };
    let mut found = Vec::new();
    if ask.places.view.stale {
        return Ok(Json::Array(found));
    }
    if wanted(FIX) != Some(false) {
        for finding in &ask.places.view.findings {
            if touches(finding, ask.file, from as usize, to as usize) {
                found.extend(fixed(ask, finding));
                found.extend(suppressed(ask, finding));
            }
        }
    }
    // It is proved to change no decision, which may take a while: for who asks for it alone.
    if wanted(FIX_ALL) == Some(true) {
        found.extend(all_fixed(ask));
    }
    Ok(Json::Array(found))
}

fn action(
    ask: &FileRequest<'_>,
    finding: &Diagnostic,
    title: &str,
    preferred: bool,
    edit: &Json,
) -> Json {
    let about = finding.span().and_then(|at| drawn(ask.places, finding, at));
    json!({
        "title": title,
        "kind": FIX,
        "diagnostics": about.into_iter().collect::<Vec<_>>(),
        "isPreferred": preferred,
        "edit": edit,
    })
}

fn fixed(ask: &FileRequest<'_>, finding: &Diagnostic) -> Option<Json> {
    let fix = finding.fix.as_ref()?;
    let mut changes = serde_json::Map::new();
    for edit in &fix.edits {
        let own = changes.entry(ask.places.uri(edit.span.file)?).or_insert_with(|| json!([]));
        let new = json!({ "range": ask.places.range(edit.span)?, "newText": edit.text });
        own.as_array_mut()?.push(new);
    }
    Some(action(ask, finding, &fix.title, fix.safe, &json!({ "changes": changes })))
}

/// A comment without a reason, of which `policyc check` asks one: the author knows it.
fn suppressed(ask: &FileRequest<'_>, finding: &Diagnostic) -> Option<Json> {
    if finding.severity == Severity::Error {
        return None;
    }
    let files = &ask.places.view.project.files;
    let annotated = annotate(files, std::slice::from_ref(finding), "");
    if annotated.suppressed == 0 {
        return None;
    }
    let title = format!("suppress {} here, and say why", finding.code.id());
    Some(action(ask, finding, &title, false, &difference(ask, &annotated.files)?))
}

/// Every fix that changes no decision.
fn all_fixed(ask: &FileRequest<'_>) -> Option<Json> {
    let view = ask.places.view;
    let check = &view.project.check;
    let selection = Selection::of(&check.choice, &check.per_file);
    let after = fix(&view.project.files, &view.project.settings, &selection, false);
    if after.applied.is_empty() {
        return None;
    }
    let edit = difference(ask, &after.files)?;
    Some(json!({ "title": "fix all that can be fixed safely", "kind": FIX_ALL, "edit": edit }))
}

/// What changes between the files of a project and `after`: one piece of each file.
fn difference(ask: &FileRequest<'_>, after: &SourceMap) -> Option<Json> {
    let mut changes = serde_json::Map::new();
    let pairs = ask.places.view.project.files.iter().zip(after.iter());
    for ((id, old), (_, new)) in pairs.filter(|((_, old), (_, new))| old.text != new.text) {
        let (from, to, text) = piece(&old.text, &new.text);
        let narrow = |at: usize| u32::try_from(at).ok();
        let range = ask.places.range(Span::new(id, narrow(from)?, narrow(to)?))?;
        changes.insert(ask.places.uri(id)?, json!([{ "range": range, "newText": text }]));
    }
    Some(json!({ "changes": changes }))
}

/// The bytes of `old` that differ, and what stands there in `new`; no character is cut.
fn piece<'n>(old: &str, new: &'n str) -> (usize, usize, &'n str) {
    let same = |(a, b): &(char, char)| a == b;
    let start: usize =
        old.chars().zip(new.chars()).take_while(same).map(|(letter, _)| letter.len_utf8()).sum();
    let (old_rest, new_rest) =
        (old.get(start..).unwrap_or_default(), new.get(start..).unwrap_or_default());
    let backwards = old_rest.chars().rev().zip(new_rest.chars().rev());
    let end: usize = backwards.take_while(same).map(|(letter, _)| letter.len_utf8()).sum();
    let text = new_rest.get(..new_rest.len() - end).unwrap_or_default();
    (start, old.len() - end, text)
}

#[cfg(test)]
mod tests {
    use super::piece;

    #[test]
    fn what_differs_is_one_piece() {
        for (old, new) in [("abc", "axc"), ("aa", "aaa"), ("ä", "ü"), ("", "x"), ("ab", "")] {
            let (from, to, text) = piece(old, new);
            assert_eq!([&old[..from], text, &old[to..]].concat(), new);
        }
        assert_eq!(piece("one two", "one too"), (5, 6, "o"));
    }
}
