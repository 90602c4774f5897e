//! Findings for pull requests and for the page of a step: a table.

use crate::tools::report::Report;
use crate::tools::report::markdown::{cell, code};
use crate::tools::report::paint::Style;
use crate::tools::report::tally;

/// Most rows; GitHub takes a page of a megabyte at most.
const ROWS_MAX: usize = 500;

/// A table, and how many findings there are.
#[must_use]
pub fn draw(report: &Report<'_>, _style: Style) -> String {
    let mut text = format!("**policyc check**: {}\n", tally(report));
    if report.findings.is_empty() {
        return text;
    }
    text.push_str("\n| | code | where | what |\n| --- | --- | --- | --- |\n");
    for finding in report.findings.iter().take(ROWS_MAX) {
        let place = finding.span().map(|span| format!("`{}`", code(&report.place(span))));
        text.extend([
            "| ",
            finding.severity.word(),
            " | ",
            finding.code.id(),
            " | ",
            &place.unwrap_or_default(),
            " | ",
            &cell(&finding.message),
            " |\n",
        ]);
    }
    let more = report.findings.len().saturating_sub(ROWS_MAX);
    if more > 0 {
        text.extend(["\n", &more.to_string(), " more are not shown.\n"]);
    }
    text
}
