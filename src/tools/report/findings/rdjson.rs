//! The diagnostic format of `reviewdog`, as one JSON document. Its columns count bytes.
//!
//! Source: `https://github.com/reviewdog/reviewdog/tree/master/proto/rdf`.

use serde_json::{Value, json};

use crate::diag::diagnostic::{Diagnostic, Severity};
use crate::tools::report::Report;
use crate::tools::report::findings::{Place, message};
use crate::tools::report::paint::Style;

/// One document.
#[must_use]
pub fn draw(report: &Report<'_>, _style: Style) -> String {
    let entries: Vec<Value> = report.findings.iter().map(|it| entry(report, it)).collect();
    format!("{:#}\n", json!({"source": {"name": "policyc"}, "diagnostics": entries}))
}

fn entry(report: &Report<'_>, finding: &Diagnostic) -> Value {
    let place = finding.span().and_then(|span| Place::of(report, span));
    let location = place.map_or_else(
        || json!({"path": "."}),
        |place| json!({"path": place.path, "range": range(&place)}),
    );
    let severity = match finding.severity {
        Severity::Error => "ERROR",
        Severity::Warning => "WARNING",
        Severity::Note => "INFO",
    };
    let mut entry = json!({
        "message": message(finding),
        "location": location,
        "severity": severity,
        "code": {"value": finding.code.id()},
    });
    // A suggestion replaces one range of the file of the finding.
    let edits = finding.fix.iter().filter(|fix| fix.edits.len() == 1).flat_map(|fix| &fix.edits);
    let own = finding.span().map(|span| span.file);
    let suggestions: Vec<Value> = edits
        .filter(|edit| Some(edit.span.file) == own)
        .filter_map(|edit| {
            let place = Place::of(report, edit.span)?;
            Some(json!({"range": range(&place), "text": edit.text}))
        })
        .collect();
    if let (false, Some(fields)) = (suggestions.is_empty(), entry.as_object_mut()) {
        fields.insert("suggestions".to_owned(), suggestions.into());
    }
    entry
}

fn range(place: &Place) -> Value {
    json!({
        "start": {"line": place.lines.0, "column": place.bytes.0},
        "end": {"line": place.lines.1, "column": place.bytes.1},
    })
}
