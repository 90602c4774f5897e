//! Annotations that GitHub shows beside the lines of a change.

use crate::tools::bench::draw::Drawing;
use crate::tools::report::github::{Level, Location, annotation};
use crate::tools::report::paint::Style;

/// A line a finding.
#[must_use]
pub fn draw(drawing: &Drawing<'_>, _style: Style) -> String {
    let mut text = String::new();
    for found in drawing.findings() {
        let span = found.primary.as_ref().map(|label| label.span);
        let known = span.and_then(|span| Some((span, drawing.report.files.get(span.file)?)));
        let at = known.map(|(span, file)| {
            let start = file.lines.place(&file.text, span.start);
            let end_line = file.lines.line(span.end);
            Location { path: &file.path, line: start.line, end_line, column: Some(start.column) }
        });
        let title = format!("{}: {}", found.code.id(), found.code.title());
        text.push_str(&annotation(Level::Error, at, &title, &found.message));
    }
    text
}
