//! Findings as the XML of `JUnit`: a suite a file, a case a finding. Errors fail; what else is told
//! is a case that was skipped, since it fails no command by itself. A test is a case of its own.

use crate::diag::codes::Code;
use crate::diag::diagnostic::Severity;
use crate::tools::report::Report;
use crate::tools::report::findings::{Place, message};
use crate::tools::report::junit::{Case, document};
use crate::tools::report::paint::Style;

/// A suite a file of tests, a case a test.
fn tests(report: &Report<'_>) -> Vec<(String, String, Vec<Case>)> {
    let mut suites: Vec<(String, String, Vec<Case>)> = Vec::new();
    for test in report.cases.unwrap_or_default() {
        let (path, policy) = (report.path(test.span), test.policy.clone());
        let (failure, skipped) = (test.failure.clone(), test.skipped.clone());
        let case = Case { name: test.name.clone(), failure, skipped };
        match suites.last_mut().filter(|(own, class, _)| *own == path && *class == policy) {
            Some((.., cases)) => cases.push(case),
            None => suites.push((path, policy, vec![case])),
        }
    }
    suites
}

/// One document; without findings and tests it holds one case, which passes.
#[must_use]
pub fn draw(report: &Report<'_>, _style: Style) -> String {
    let mut suites = tests(report);
    let command = report.command;
    let nothing = if report.cases.is_some() { "no tests" } else { "no findings" };
    // A test that failed is told as one.
    let is_test = |code: Code| report.cases.is_some() && code == Code::TestFailed;
    for finding in report.findings.iter().filter(|finding| !is_test(finding.code)) {
        let place = finding.span().and_then(|span| Place::of(report, span));
        let path = place.as_ref().map_or("policyc", |place| &place.path).to_owned();
        let at = place.map_or(String::new(), |it| format!(":{}:{}", it.lines.0, it.columns.0));
        let (failure, skipped) = match finding.severity {
            Severity::Error => (Some(message(finding)), None),
            Severity::Warning | Severity::Note => (None, Some(message(finding))),
        };
        let name = format!("{}{at}", finding.code.id());
        let case = Case { name, failure, skipped };
        match suites.last_mut().filter(|(own, class, _)| *own == path && class == command) {
            Some((.., cases)) => cases.push(case),
            None => suites.push((path, command.to_owned(), vec![case])),
        }
    }
    if suites.is_empty() {
        let case = Case { name: nothing.to_owned(), failure: None, skipped: None };
        suites.push(("policyc".to_owned(), command.to_owned(), vec![case]));
    }
    document(&suites)
}
