//! One line a finding, as compilers and editors know it.
//!
//! Imports: its own room alone.

use crate::tools::report::Report;
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::visible::visible;

/// `payments.yaml:17:16: error[E0302]: the fact`.
#[must_use]
pub fn draw(report: &Report<'_>, style: Style) -> String {
    let mut text = String::new();
    for finding in report.findings {
        if let Some(span) = finding.span() {
            text.push_str(&report.place(span));
            text.push_str(": ");
        }
        let word = format!("{}[{}]", finding.severity.word(), finding.code.id());
        text.push_str(&style.paint(Paint::Head(finding.severity), &word));
        text.push_str(": ");
        text.push_str(&visible(&finding.message));
        text.push('\n');
    }
    text
}
