//! JSON files: the reader of YAML reads them, for JSON is YAML, so what is no JSON is found first.
//!
//! In:      a file.
//! Out:     whether it is JSON; what is not is reported.
//! Imports: `base`, `compiler::source`, `diag`.
//! Source:  RFC 8259.

use crate::base::span::{FileId, Span};
use crate::compiler::source::map::SourceFile;
use crate::compiler::syntax::document::error::DocumentError;
use crate::compiler::syntax::document::path::extension;
use crate::compiler::syntax::document::scalar::narrow;
use crate::diag::sink::Sink;

/// Whether `source` is JSON, or need not be by its name.
pub(super) fn is_sound(file: FileId, source: &SourceFile, sink: &mut Sink) -> bool {
    if extension(&source.path) != "json" {
        return true;
    }
    let text = source.text.strip_prefix('\u{FEFF}').unwrap_or(&source.text);
    let Err(error) = serde_json::from_str::<serde_json::Value>(text) else { return true };
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    // How deep it nests, and which numbers there are, is the business of the other reader.
    let ours = ["recursion limit", "number out of range"];
    if ours.iter().any(|known| words.starts_with(known)) {
        return true;
    }
    let line = u32::try_from(error.line()).unwrap_or(u32::MAX);
    let start = source.lines.start(line).unwrap_or(0) as usize;
    let mut at = (start + error.column().saturating_sub(1)).min(source.text.len());
    while !source.text.is_char_boundary(at) {
        at -= 1;
    }
    let len = source.text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    let at = Span::new(file, narrow(at), narrow(at + len));
    sink.report(DocumentError::NotJson { at, words: words.to_owned() });
    false
}
