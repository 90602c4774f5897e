//! A comment on a change: one table, then what got worse.

use std::fmt::Write as _;

use crate::tools::bench::compare::{Change, Comparison, Metric};
use crate::tools::bench::draw::Drawing;
use crate::tools::bench::draw::text::{growth, number, time, what};
use crate::tools::report::markdown::{cell, code};
use crate::tools::report::paint::Style;

/// The comment.
#[must_use]
pub fn draw(drawing: &Drawing<'_>, _style: Style) -> String {
    let worse = drawing.findings().len();
    let verdict = match (worse, &drawing.against) {
        (0, None) => "measured".to_owned(),
        (0, Some(against)) => format!("nothing got worse against `{}`", code(against.name)),
        (1, _) => "**1 finding**".to_owned(),
        (count, _) => format!("**{count} findings**"),
    };
    let mut text = format!("### policyc bench: {verdict}\n\n");
    text.push_str("| policy | p50 | p99 | p99.9 | instructions | allocations | against |\n");
    text.push_str("| --- | --: | --: | --: | --: | --: | --- |\n");
    for (at, policy) in drawing.document.policies.iter().enumerate() {
        let quantile = |at: usize| {
            let ns = policy.decide.as_ref().and_then(|times| times.p.get(at));
            ns.map_or(String::new(), |ns| time(*ns))
        };
        let comparison = drawing.against.as_ref().and_then(|it| it.comparisons.get(at));
        let allocations = policy.allocations.as_ref();
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            cell(&policy.name),
            quantile(0),
            quantile(2),
            quantile(3),
            number(policy.mean(policy.instructions.sum)),
            allocations.map_or(String::new(), |it| number(policy.mean(it.sum))),
            comparison.map_or(String::new(), changes),
        );
    }
    if worse > 0 {
        text.push('\n');
    }
    for found in drawing.findings() {
        let place = found.primary.as_ref().and_then(|label| {
            let file = drawing.report.files.get(label.span.file)?;
            let line = file.lines.line(label.span.start);
            Some(format!(" (`{}:{line}`)", code(&file.path)))
        });
        let (id, message) = (found.code.id(), cell(&found.message));
        let _ = writeln!(text, "- {id}: {message}{}", place.unwrap_or_default());
    }
    text
}

/// What changed: `instructions +21 %, p50 -3.0 %`; `same` where nothing did.
fn changes(comparison: &Comparison) -> String {
    let told =
        |change: &&Change| !matches!(change.what, Metric::Rule(_)) && growth(change) != "same";
    let parts: Vec<String> = comparison
        .changes
        .iter()
        .filter(told)
        .map(|change| {
            let mark = if change.worse { "**" } else { "" };
            format!("{mark}{} {}{mark}", what(change), growth(change))
        })
        .collect();
    if parts.is_empty() { "same".to_owned() } else { parts.join(", ") }
}
