//! Findings for programs: one JSON document.
//!
//! Offsets are bytes from the start of the file; lines and columns count from 1, columns in code
//! points. Text is what it is, not what a terminal may show: JSON escapes it.
//!
//! Imports: `base`, `diag`.

use std::fmt::Write as _;

use serde::Serialize;

use crate::base::invisible::invisible;
use crate::base::span::Span;
use crate::diag::diagnostic::{Diagnostic, Label, Severity};
use crate::tools::report::paint::Style;
use crate::tools::report::place::clamp;
use crate::tools::report::{Report, TestCase};

/// Version of this document's shape.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    findings: Vec<Finding<'a>>,
    errors: usize,
    warnings: usize,
    left_out: usize,
    /// Of `policyc test`.
    #[serde(skip_serializing_if = "Option::is_none")]
    cases: Option<Vec<TestResult<'a>>>,
}

/// A test, and what became of it.
#[derive(Serialize)]
struct TestResult<'a> {
    policy: &'a str,
    name: &'a str,
    file: String,
    line: u32,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

/// A finding; also a line of `json-lines`.
#[derive(Serialize)]
pub(super) struct Finding<'a> {
    code: &'static str,
    severity: &'static str,
    message: &'a str,
    #[serde(flatten)]
    primary: Option<MarkedSpan<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<MarkedSpan<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<Change<'a>>,
}

#[derive(Serialize)]
struct MarkedSpan<'a> {
    file: String,
    start: Position,
    end: Position,
    label: &'a str,
}

#[derive(Serialize)]
struct Position {
    line: u32,
    column: u32,
    byte: u32,
}

#[derive(Serialize)]
struct Change<'a> {
    title: &'a str,
    safe: bool,
    edits: Vec<Replacement<'a>>,
}

#[derive(Serialize)]
struct Replacement<'a> {
    file: String,
    start: Position,
    end: Position,
    text: &'a str,
}

/// One document, indented by two blanks.
#[must_use]
pub fn draw(report: &Report<'_>, _style: Style) -> String {
    let document = Document {
        version: VERSION,
        findings: report.findings.iter().map(|found| finding(report, found)).collect(),
        errors: report.count(Severity::Error),
        warnings: report.count(Severity::Warning),
        left_out: report.dropped,
        cases: report.cases.map(|cases| cases.iter().map(|it| tested(report, it)).collect()),
    };
    // Strings and numbers always have a JSON form.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn tested<'a>(report: &Report<'_>, case: &'a TestCase) -> TestResult<'a> {
    let (file, start, _) = range(report, case.span);
    let (result, why) = match (&case.failure, &case.skipped) {
        (Some(why), _) => ("fail", Some(why.as_str())),
        (None, Some(why)) => ("skip", Some(why.as_str())),
        (None, None) => ("pass", None),
    };
    TestResult { policy: &case.policy, name: &case.name, file, line: start.line, result, why }
}

/// The JSON form of one finding.
pub(super) fn finding<'a>(report: &Report<'_>, found: &'a Diagnostic) -> Finding<'a> {
    Finding {
        code: found.code.id(),
        severity: found.severity.word(),
        message: &found.message,
        primary: found.primary.as_ref().map(|label| marked(report, label)),
        labels: found.secondary.iter().map(|label| marked(report, label)).collect(),
        detail: found.detail.as_deref(),
        example: found.example.as_deref(),
        help: found.help.as_deref(),
        fix: found.fix.as_ref().map(|fix| Change {
            title: &fix.title,
            safe: fix.safe,
            edits: fix
                .edits
                .iter()
                .map(|edit| {
                    let (file, start, end) = range(report, edit.span);
                    Replacement { file, start, end, text: &edit.text }
                })
                .collect(),
        }),
    }
}

fn marked<'a>(report: &Report<'_>, label: &'a Label) -> MarkedSpan<'a> {
    let (file, start, end) = range(report, label.span);
    MarkedSpan { file, start, end, label: &label.text }
}

fn range(report: &Report<'_>, span: Span) -> (String, Position, Position) {
    let Some(file) = report.files.get(span.file) else {
        let nowhere = || Position { line: 1, column: 1, byte: 0 };
        return (String::new(), nowhere(), nowhere());
    };
    let span = clamp(file, span);
    let position = |byte: u32| {
        let at = file.lines.place(&file.text, byte);
        Position { line: at.line, column: at.column, byte }
    };
    (report.raw_path(span), position(span.start), position(span.end))
}

/// A document as text on many lines, in which nothing invisible stands as it is: a terminal may
/// show it.
#[must_use]
pub fn document(document: &serde_json::Value) -> String {
    seen(&format!("{document:#}\n"))
}

/// As `document`, on one line.
#[must_use]
pub fn line(document: &serde_json::Value) -> String {
    seen(&format!("{document}\n"))
}

/// JSON with escapes for what nobody sees: that stands in texts alone.
fn seen(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if invisible(c).is_none() {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string does not fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}
