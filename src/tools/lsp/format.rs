//! `textDocument/formatting`, and of a range: what `policyc fmt` does.
//!
//! In:      a file, perhaps a range of it.
//! Out:     edits; why there are none where the file cannot be read.
//! Imports: `base`, `compiler::format`.
//!
//! The style is the project's (`[fmt]`), not the editor's: so all authors write the same.

use serde_json::{Value as Json, json};

use crate::base::span::Span;
use crate::compiler::format::{Refused, edits, within};
use crate::tools::lsp::request::{FileRequest, RequestError};

/// `textDocument/formatting`
pub(super) fn format(ask: &FileRequest<'_>) -> Result<Json, RequestError> {
    formatted(ask, None)
}

/// `textDocument/rangeFormatting`
pub(super) fn format_range(ask: &FileRequest<'_>) -> Result<Json, RequestError> {
    let range = ask.offset("/range/start").zip(ask.offset("/range/end"));
    let range = range.ok_or_else(|| RequestError::parameters("no range is named"))?;
    formatted(ask, Some(range))
}

fn formatted(ask: &FileRequest<'_>, range: Option<(u32, u32)>) -> Result<Json, RequestError> {
    let project = &ask.places.view.project;
    let Some(source) = project.files.get(ask.file) else { return Ok(Json::Null) };
    let mut found = edits(&source.path, &source.text, project.format).map_err(|why| {
        RequestError::unsafe_to(match why {
            Refused::Unread(findings) => findings.first().map_or_else(
                || "the file cannot be read, so it was left alone".to_owned(),
                |first| format!("the file cannot be formatted: {}", first.message),
            ),
            Refused::Changed => "formatted, it would mean something else: a bug".to_owned(),
        })
    })?;
    for edit in &mut found {
        edit.span.file = ask.file;
    }
    if let Some((from, to)) = range {
        found = within(found, Span::new(ask.file, from, to));
    }
    let drawn = found.into_iter().filter_map(|edit| {
        Some(json!({ "range": ask.places.range(edit.span)?, "newText": edit.text }))
    });
    Ok(drawn.collect())
}
