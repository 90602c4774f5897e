//! The code quality report of `GitLab`: a JSON array.
//!
//! Source: `https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format`.

use serde_json::{Value, json};

use crate::diag::diagnostic::Severity;
use crate::tools::report::Report;
use crate::tools::report::findings::{Place, fingerprints};
use crate::tools::report::paint::Style;

/// One document.
#[must_use]
pub fn draw(report: &Report<'_>, _style: Style) -> String {
    let entries = report.findings.iter().zip(fingerprints(report)).map(|(finding, fingerprint)| {
        let place = finding.span().and_then(|span| Place::of(report, span));
        // The format knows no finding without a file.
        let (path, lines) = place.map_or((".".to_owned(), (1, 1)), |it| (it.path, it.lines));
        let severity = match finding.severity {
            Severity::Error => "major",
            Severity::Warning => "minor",
            Severity::Note => "info",
        };
        json!({
            "description": finding.message,
            "check_name": finding.code.id(),
            "fingerprint": fingerprint,
            "severity": severity,
            "location": {"path": path, "lines": {"begin": lines.0, "end": lines.1}},
        })
    });
    format!("{:#}\n", entries.collect::<Value>())
}
