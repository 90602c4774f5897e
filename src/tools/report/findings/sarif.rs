//! SARIF 2.1.0: one run, the pages of the codes as help, fixes, fingerprints, and the other places
//! of a finding as the way to it.
//!
//! Source: `https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::base::span::Span;
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Label, Severity};
use crate::tools::report::Report;
use crate::tools::report::findings::{Place, fingerprints, message};
use crate::tools::report::paint::Style;

/// One document.
#[must_use]
pub fn draw(report: &Report<'_>, _style: Style) -> String {
    let codes: BTreeSet<Code> = report.findings.iter().map(|finding| finding.code).collect();
    let codes: Vec<Code> = codes.into_iter().collect();
    let results: Vec<Value> = report
        .findings
        .iter()
        .zip(fingerprints(report))
        .map(|(finding, fingerprint)| result(report, &codes, finding, &fingerprint))
        .collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "policyc",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|code| rule(*code)).collect::<Vec<Value>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{document:#}\n")
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.id(),
        "name": format!("{code:?}"),
        "shortDescription": {"text": code.title()},
        "help": {"text": code.page(), "markdown": code.page()},
        "defaultConfiguration": {"level": level(code.severity())},
    })
}

fn result(report: &Report<'_>, codes: &[Code], finding: &Diagnostic, fingerprint: &str) -> Value {
    let locations: Vec<Value> =
        finding.primary.iter().filter_map(|label| location(report, label, None)).collect();
    let related: Vec<Value> = (0_u32..)
        .zip(&finding.secondary)
        .filter_map(|(id, label)| location(report, label, Some(id)))
        .collect();
    let mut result = json!({
        "ruleId": finding.code.id(),
        "ruleIndex": codes.binary_search(&finding.code).unwrap_or_default(),
        "level": level(finding.severity),
        "message": {"text": message(finding)},
        "locations": locations,
        "partialFingerprints": {"policyc/v1": fingerprint},
    });
    let Some(fields) = result.as_object_mut() else { return result };
    if !related.is_empty() {
        let way: Vec<Value> = finding
            .secondary
            .iter()
            .chain(&finding.primary)
            .filter_map(|label| Some(json!({"location": location(report, label, None)?})))
            .collect();
        fields.insert("codeFlows".to_owned(), json!([{"threadFlows": [{"locations": way}]}]));
        fields.insert("relatedLocations".to_owned(), related.into());
    }
    if let Some(fixes) = fixes(report, finding) {
        fields.insert("fixes".to_owned(), fixes);
    }
    result
}

fn location(report: &Report<'_>, label: &Label, id: Option<u32>) -> Option<Value> {
    let place = Place::of(report, label.span)?;
    let physical = json!({
        "artifactLocation": {"uri": uri(&place.path)},
        "region": region(&place),
    });
    let mut location = json!({"physicalLocation": physical});
    let fields = location.as_object_mut()?;
    if !label.text.is_empty() {
        fields.insert("message".to_owned(), json!({"text": label.text}));
    }
    if let Some(id) = id {
        fields.insert("id".to_owned(), id.into());
    }
    Some(location)
}

fn region(place: &Place) -> Value {
    json!({
        "startLine": place.lines.0,
        "startColumn": place.columns.0,
        "endLine": place.lines.1,
        "endColumn": place.columns.1,
        "byteOffset": place.offset.0,
        "byteLength": place.offset.1,
    })
}

fn fixes(report: &Report<'_>, finding: &Diagnostic) -> Option<Value> {
    let fix = finding.fix.as_ref()?;
    let change = |span: Span, text: &str| {
        let place = Place::of(report, span)?;
        Some(json!({
            "artifactLocation": {"uri": uri(&place.path)},
            "replacements": [{
                "deletedRegion": region(&place),
                "insertedContent": {"text": text},
            }],
        }))
    };
    let changes = fix.edits.iter().map(|edit| change(edit.span, &edit.text));
    let changes: Option<Vec<Value>> = changes.collect();
    Some(json!([{"description": {"text": fix.title}, "artifactChanges": changes?}]))
}

/// A path as a relative reference: what a URI cannot hold is written as its bytes.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    // A colon in front of the first slash would end a scheme.
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.extend([format!("%{byte:02X}")]),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    #[test]
    fn paths_are_references() {
        assert_eq!(super::uri("a b/c:d/é.yaml"), "a%20b/c%3Ad/%C3%A9.yaml");
    }
}
