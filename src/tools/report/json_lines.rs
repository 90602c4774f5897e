//! Findings for programs that read line by line.
//!
//! Imports: its own room alone.

use crate::tools::report::Report;
use crate::tools::report::json::finding;
use crate::tools::report::paint::Style;

/// One JSON document a line, of the shape of an entry of `findings` in `json`.
#[must_use]
pub fn draw(report: &Report<'_>, _style: Style) -> String {
    let mut text = String::new();
    for found in report.findings {
        // Strings and numbers always have a JSON form.
        text.push_str(&serde_json::to_string(&finding(report, found)).unwrap_or_default());
        text.push('\n');
    }
    text
}
