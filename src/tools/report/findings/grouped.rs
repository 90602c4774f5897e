//! Findings for people, by file.

use crate::tools::report::Report;
use crate::tools::report::findings::Place;
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::visible::visible;

/// A heading a file, a line a finding.
#[must_use]
pub fn draw(report: &Report<'_>, style: Style) -> String {
    let mut text = String::new();
    let mut heading: Option<String> = None;
    for finding in report.findings {
        let place = finding.span().and_then(|span| Place::of(report, span));
        let path = place.as_ref().map(|place| visible(&place.path).into_owned());
        if path != heading || text.is_empty() {
            let gap = if text.is_empty() { "" } else { "\n" };
            let name = path.as_deref().unwrap_or("about no file");
            text.extend([gap, &style.paint(Paint::Strong, name), "\n"]);
            heading = path;
        }
        let at = place.map_or(String::new(), |it| format!("{}:{}", it.lines.0, it.columns.0));
        let word = format!("{}[{}]", finding.severity.word(), finding.code.id());
        let word = style.paint(Paint::Head(finding.severity), &word);
        text.extend([format!("  {at:>7}  {word}  {}\n", visible(&finding.message))]);
    }
    text
}
