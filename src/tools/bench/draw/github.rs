//! Annotations that GitHub shows beside the lines of a change.
//!
//! A workflow command is a line: `::error file=,line=,endLine=,col=,title=::message`.

use std::fmt::Write as _;

use crate::tools::bench::draw::Drawing;
use crate::tools::report::paint::Style;

/// A line a finding.
#[must_use]
pub fn draw(drawing: &Drawing<'_>, _style: Style) -> String {
    let mut text = String::new();
    for found in drawing.findings() {
        let mut place = String::new();
        let span = found.primary.as_ref().map(|label| label.span);
        if let Some((span, file)) =
            span.and_then(|span| Some((span, drawing.report.files.get(span.file)?)))
        {
            let (start, end) =
                (file.lines.place(&file.text, span.start), file.lines.place(&file.text, span.end));
            let path = property(&file.path);
            let (line, last, column) = (start.line, end.line, start.column);
            // Writing to a string does not fail.
            let _ = write!(place, "file={path},line={line},endLine={last},col={column},");
        }
        let title = property(&format!("{}: {}", found.code.id(), found.code.title()));
        let _ = writeln!(text, "::error {place}title={title}::{}", data(&found.message));
    }
    text
}

/// A message: what would end it is written as a number.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property: likewise.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{data, property};

    #[test]
    fn nothing_ends_a_command_but_its_end() {
        assert_eq!(data("20 %\n::error::x"), "20 %25%0A::error::x");
        assert_eq!(property("a:b,c%\r"), "a%3Ab%2Cc%25%0D");
    }
}
