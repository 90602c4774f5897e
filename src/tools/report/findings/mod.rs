//! Findings for other programs: what CI, editors and reviewers read.
//!
//! In:      a `Report`.
//! Out:     text, one function for each format.
//! Imports: `base`, `diag`.

pub mod github;
pub mod gitlab;
pub mod grouped;
pub mod junit;
pub mod markdown;
pub mod narrated;
pub mod rdjson;
pub mod sarif;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::base::hex;
use crate::base::span::Span;
use crate::diag::diagnostic::Diagnostic;
use crate::tools::report::Report;
use crate::tools::report::place::clamp;

/// Where a finding stands, lines and columns from 1.
#[derive(Clone, Debug)]
struct Place {
    /// The path as the user would write it.
    path: String,
    /// First and last line.
    lines: (u32, u32),
    /// First column, and the one behind the last; in code points.
    columns: (u32, u32),
    /// The same in bytes.
    bytes: (u32, u32),
    /// First byte of the file, and how many.
    offset: (u32, u32),
}

impl Place {
    fn of(report: &Report<'_>, span: Span) -> Option<Self> {
        let file = report.files.get(span.file)?;
        let at = clamp(file, span);
        let (start, end) =
            (file.lines.place(&file.text, at.start), file.lines.place(&file.text, at.end));
        let byte = |offset: u32, line: u32| {
            offset.saturating_sub(file.lines.start(line).unwrap_or(offset)) + 1
        };
        Some(Self {
            path: report.raw_path(span),
            lines: (start.line, end.line),
            columns: (start.column, end.column),
            bytes: (byte(at.start, start.line), byte(at.end, end.line)),
            offset: (at.start, at.end - at.start),
        })
    }
}

/// The fact, what the label adds to it, and the next step.
fn message(finding: &Diagnostic) -> String {
    let mut text = finding.message.clone();
    let mut add = |lead: &str, more: &str| {
        if !more.is_empty() {
            text.extend(["\n", lead, more]);
        }
    };
    add("", finding.primary.as_ref().map_or("", |label| label.text.as_str()));
    add("", finding.detail.as_deref().unwrap_or_default());
    add("for example: ", finding.example.as_deref().unwrap_or_default());
    add("help: ", finding.help.as_deref().unwrap_or_default());
    add("fix: ", finding.fix.as_ref().map_or("", |fix| fix.title.as_str()));
    text
}

/// Names of findings that stay when lines above them come and go: of the code, the file, the bytes
/// that it is about, and how many alike stand before it.
fn fingerprints(report: &Report<'_>) -> Vec<String> {
    let mut seen: BTreeMap<[u8; 32], u32> = BTreeMap::new();
    let of = |finding: &Diagnostic| {
        let path = finding.span().map(|at| report.raw_path(at)).unwrap_or_default();
        let text = finding.span().map_or("", |at| report.files.text(at));
        let mut hash = Sha256::new();
        for part in [finding.code.id(), &path, text, &finding.message] {
            // The length keeps one part from running into the next.
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        let digest: [u8; 32] = hash.finalize().into();
        let count = seen.entry(digest).or_default();
        *count += 1;
        format!("{}-{count}", hex::text(&digest))
    };
    report.findings.iter().map(of).collect()
}
