//! Findings for pull requests and for the page of a step: a table.

use std::fmt::Write as _;

use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::tools::report::markdown::{cell, code};
use crate::tools::report::paint::Style;
use crate::tools::report::{Report, TestCase, counted, tally};

/// Most rows; GitHub takes a page of a megabyte at most.
const ROWS_MAX: usize = 500;

/// How many tests there were, and a table of those that did not pass.
fn tests(report: &Report<'_>, text: &mut String) {
    let Some(cases) = report.cases else { return };
    let apart = |case: &&TestCase| case.failure.is_some() || case.skipped.is_some();
    let told: Vec<&TestCase> = cases.iter().filter(apart).collect();
    let failed = told.iter().filter(|case| case.failure.is_some()).count();
    let (passed, skipped) = (cases.len() - told.len(), told.len() - failed);
    let all = counted(cases.len(), "test");
    // Writing to a string does not fail.
    let _ = writeln!(text, "\n{all}: {passed} passed, {failed} failed, {skipped} skipped.");
    if told.is_empty() {
        return;
    }
    text.push_str("\n| | test | where | what |\n| --- | --- | --- | --- |\n");
    for case in told.iter().take(ROWS_MAX) {
        let word = if case.failure.is_some() { "failed" } else { "skipped" };
        let what = case.failure.as_ref().or(case.skipped.as_ref()).map(|it| cell(it));
        let place = code(&report.place(case.span));
        let (name, what) = (cell(&case.name), what.unwrap_or_default());
        let _ = writeln!(text, "| {word} | {name} | `{place}` | {what} |");
    }
    let more = told.len().saturating_sub(ROWS_MAX);
    if more > 0 {
        let _ = writeln!(text, "\n{more} more are not shown.");
    }
}

/// A table, and how many findings there are.
#[must_use]
pub fn draw(report: &Report<'_>, _style: Style) -> String {
    let command = if report.cases.is_some() { "test" } else { "check" };
    let mut text = format!("**policyc {command}**: {}\n", tally(report));
    tests(report, &mut text);
    // A test that failed is told as one.
    let is_test = |code: Code| report.cases.is_some() && code == Code::TestFailed;
    let findings: Vec<&Diagnostic> =
        report.findings.iter().filter(|finding| !is_test(finding.code)).collect();
    if findings.is_empty() {
        return text;
    }
    text.push_str("\n| | code | where | what |\n| --- | --- | --- | --- |\n");
    for finding in findings.iter().take(ROWS_MAX) {
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
    let more = findings.len().saturating_sub(ROWS_MAX);
    if more > 0 {
        text.extend(["\n", &more.to_string(), " more are not shown.\n"]);
    }
    text
}
