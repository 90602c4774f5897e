//! Findings in sentences, for whoever listens to them.
//!
//! In:      a `Report`.
//! Out:     a line for each thing that is said, without marks; an empty one between findings.
//! Imports: `base`, `diag`.
//!
//! ```text
//! Error E0302 in payments.yaml, line 17, column 16.
//! `send_money` has no argument `amout`.
//! The place reads `amout`: no such argument.
//! Help: did you mean `amount`?
//! ```

use crate::base::span::Span;
use crate::diag::diagnostic::{Diagnostic, Fix, Label};
use crate::tools::report::fixed::fixed_lines;
use crate::tools::report::paint::Style;
use crate::tools::report::visible::visible;
use crate::tools::report::{Report, upper};

/// Most characters of a place that are read out; of a longer one, or of several lines, the place
/// is enough.
const QUOTED_CHARS_MAX: usize = 80;

/// Sentences.
#[must_use]
pub fn draw(report: &Report<'_>, _style: Style) -> String {
    let told = report.findings.iter().map(|finding| {
        let lines = sentences(report, finding).into_iter();
        lines.map(|line| visible(&line).into_owned() + "\n").collect::<String>()
    });
    told.collect::<Vec<String>>().join("\n")
}

/// A fact, which begins with a small letter and has no full stop, as a sentence.
fn sentence(fact: &str) -> String {
    let end = if fact.ends_with(['.', '?', '!']) { "" } else { "." };
    upper(fact) + end
}

/// What is said of a finding, in the order in which `full` draws it.
fn sentences(report: &Report<'_>, finding: &Diagnostic) -> Vec<String> {
    let place = finding.span().map(|span| format!(" in {}", place(report, span)));
    let head = format!("{} {}", finding.severity.word(), finding.code.id());
    let mut all = vec![sentence(&(head + &place.unwrap_or_default()))];
    all.push(sentence(&finding.message));
    if let Some(label) = &finding.primary {
        let quoted = quoted(report, label.span);
        all.extend(match (quoted, label.text.as_str()) {
            (Some(quoted), "") => Some(format!("The place reads {quoted}.")),
            (Some(quoted), text) => Some(sentence(&format!("The place reads {quoted}: {text}"))),
            (None, "") => None,
            (None, text) => Some(sentence(text)),
        });
    }
    all.extend(finding.secondary.iter().map(|label| aside(report, label)));
    all.extend(finding.detail.as_deref().map(sentence));
    let example = finding.example.as_deref();
    all.extend(example.map(|example| sentence(&format!("For example: {example}"))));
    all.extend(finding.help.as_deref().map(|help| sentence(&format!("Help: {help}"))));
    if let Some(fix) = &finding.fix {
        all.extend(cure(report, fix));
    }
    all
}

/// Another place, and what is to be said about it.
fn aside(report: &Report<'_>, label: &Label) -> String {
    let text = if label.text.is_empty() { "see there" } else { label.text.as_str() };
    sentence(&format!("{}: {text}", place(report, label.span)))
}

/// What a fix does, and the lines that it writes.
fn cure(report: &Report<'_>, fix: &Fix) -> Vec<String> {
    let kind = if fix.safe { "Fix" } else { "Fix, which is not safe" };
    let mut all = vec![sentence(&format!("{kind}: {}", fix.title))];
    let lines = fixed_lines(report.files, fix).into_iter();
    all.extend(lines.map(|line| format!("Line {} becomes `{}`.", line.number, line.text.trim())));
    all
}

/// `payments.yaml, line 17, column 16`
fn place(report: &Report<'_>, span: Span) -> String {
    let Some(place) = super::Place::of(report, span) else { return String::new() };
    format!("{}, line {}, column {}", place.path, place.lines.0, place.columns.0)
}

/// The bytes themselves, if they can be read out.
fn quoted(report: &Report<'_>, span: Span) -> Option<String> {
    let text = report.files.text(span);
    let short = !text.is_empty() && text.chars().count() <= QUOTED_CHARS_MAX;
    (short && !text.contains(['\n', '`'])).then(|| format!("`{text}`"))
}
