//! Findings as the XML of `JUnit`: a suite a file, a case a finding. Errors fail; what else is told
//! is a case that was skipped, since it fails no command by itself.

use crate::diag::diagnostic::Severity;
use crate::tools::report::Report;
use crate::tools::report::findings::{Place, message};
use crate::tools::report::junit::{Case, document};
use crate::tools::report::paint::Style;

/// One document; without findings it holds one case, which passes.
#[must_use]
pub fn draw(report: &Report<'_>, _style: Style) -> String {
    let mut suites: Vec<(String, String, Vec<Case>)> = Vec::new();
    for finding in report.findings {
        let place = finding.span().and_then(|span| Place::of(report, span));
        let path = place.as_ref().map_or("policyc", |place| &place.path).to_owned();
        let at = place.map_or(String::new(), |it| format!(":{}:{}", it.lines.0, it.columns.0));
        let (failure, skipped) = match finding.severity {
            Severity::Error => (Some(message(finding)), None),
            Severity::Warning | Severity::Note => (None, Some(message(finding))),
        };
        let name = format!("{}{at}", finding.code.id());
        let case = Case { name, failure, skipped };
        match suites.last_mut().filter(|(own, ..)| *own == path) {
            Some((.., cases)) => cases.push(case),
            None => suites.push((path, "policyc check".to_owned(), vec![case])),
        }
    }
    if suites.is_empty() {
        let case = Case { name: "no findings".to_owned(), failure: None, skipped: None };
        suites.push(("policyc".to_owned(), "policyc check".to_owned(), vec![case]));
    }
    document(&suites)
}
