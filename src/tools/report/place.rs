//! Places in files, made safe to draw: clamped to the text, snapped to characters.
//!
//! Imports: `base`, `compiler::source`.

use crate::base::span::Span;
use crate::compiler::source::map::SourceFile;

/// The part of `span` that lies in `file`, widened to whole characters; never reversed.
#[must_use]
pub fn clamp(file: &SourceFile, span: Span) -> Span {
    let text = &file.text;
    let mut start = (span.start as usize).min(text.len());
    let mut end = (span.end as usize).clamp(start, text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    Span::new(span.file, narrow(start), narrow(end))
}

/// Line `number` of `file`, counted from 1, without what ends it; empty if there is none.
#[must_use]
pub fn line_text(file: &SourceFile, number: u32) -> &str {
    let start = file.lines.start(number).unwrap_or(u32::MAX) as usize;
    let end = number.checked_add(1).and_then(|next| file.lines.start(next));
    let end = end.map_or(file.text.len(), |end| end as usize);
    file.text.get(start..end).unwrap_or_default().trim_end_matches(['\r', '\n'])
}
