//! Findings as editors take them.
//!
//! In:      findings about a project.
//! Out:     `Diagnostic` of LSP, by file.
//! Imports: `base`, `compiler::syntax`, `diag`, `tools::lint`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value as Json, json};

use crate::base::span::{FileId, Span};
use crate::compiler::syntax::document::path::extension;
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Severity};
use crate::tools::lint::Group;
use crate::tools::lint::select::selectable;
use crate::tools::lsp::request::with;
use crate::tools::lsp::view::Places;

/// `DiagnosticTag.Unnecessary`
const UNNECESSARY: u32 = 1;

/// The findings of a project, by the file that each is about. What is about no file stands at the
/// beginning of the first one: the configuration, where there is one.
pub(super) fn by_file(places: Places<'_>) -> BTreeMap<PathBuf, Vec<Json>> {
    let files = &places.view.project.files;
    let config = files.iter().find(|(_, source)| extension(&source.path) == "toml");
    let first = config.or(files.iter().next()).map(|(file, _)| file);
    let mut found: BTreeMap<PathBuf, Vec<Json>> = BTreeMap::new();
    for finding in &places.view.findings {
        let at = finding.span().or(first.map(|file| Span::new(file, 0, 0)));
        if let Some(at) = at
            && let Some(path) = places.view.path(at.file)
            && let Some(drawn) = drawn(places, finding, at)
        {
            found.entry(path).or_default().push(drawn);
        }
    }
    found
}

/// A finding about the bytes `at`.
pub(super) fn drawn(places: Places<'_>, finding: &Diagnostic, at: Span) -> Option<Json> {
    let related: Vec<Json> = finding
        .secondary
        .iter()
        .filter_map(|label| {
            let location = places.location(label.span)?;
            Some(json!({ "location": location, "message": label.text }))
        })
        .collect();
    let mut drawn = json!({
        "range": places.range(at)?,
        "severity": severity(finding.severity),
        "code": finding.code.id(),
        "source": "policyc",
        "message": message(finding),
    });
    if !related.is_empty() {
        drawn = with(drawn, "relatedInformation", related);
    }
    if is_unused(finding.code) {
        drawn = with(drawn, "tags", vec![UNNECESSARY]);
    }
    Some(drawn)
}

const fn severity(severity: Severity) -> u32 {
    match severity {
        Severity::Error => 1,
        Severity::Warning => 2,
        Severity::Note => 3,
    }
}

/// The fact, and below it what else is known.
fn message(finding: &Diagnostic) -> String {
    let label = finding.primary.as_ref().map(|label| label.text.as_str());
    let label = label.filter(|label| !label.is_empty() && !finding.message.contains(label));
    let fact = match label {
        Some(label) => format!("{}: {label}", finding.message),
        None => finding.message.clone(),
    };
    let titled = |title: &str, text: &Option<String>| {
        text.as_ref().map_or(String::new(), |text| format!("\n{title}{text}"))
    };
    fact + &titled("", &finding.detail)
        + &titled("example: ", &finding.example)
        + &titled("help: ", &finding.help)
}

fn is_unused(code: Code) -> bool {
    selectable().any(|(known, group)| known == code && group == Group::Unused)
}

/// Whether a finding is about bytes of `file` that touch `from..to`.
pub(super) fn touches(finding: &Diagnostic, file: FileId, from: usize, to: usize) -> bool {
    finding
        .span()
        .is_some_and(|at| at.file == file && at.start as usize <= to && from <= at.end as usize)
}
