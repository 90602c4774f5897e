//! Annotations that GitHub shows beside the lines of a change.

use crate::diag::diagnostic::Severity;
use crate::tools::report::Report;
use crate::tools::report::findings::{Place, message};
use crate::tools::report::github::{Level, Location, annotation};
use crate::tools::report::paint::Style;

/// A line a finding.
#[must_use]
pub fn draw(report: &Report<'_>, _style: Style) -> String {
    let mut text = String::new();
    for finding in report.findings {
        let place = finding.span().and_then(|span| Place::of(report, span));
        let at = place.as_ref().map(|place| Location {
            path: &place.path,
            line: place.lines.0,
            end_line: place.lines.1,
            column: Some(place.columns.0),
        });
        let level = match finding.severity {
            Severity::Error => Level::Error,
            Severity::Warning => Level::Warning,
            Severity::Note => Level::Notice,
        };
        let title = format!("{}: {}", finding.code.id(), finding.code.title());
        text.push_str(&annotation(level, at, &title, &message(finding)));
    }
    text
}
