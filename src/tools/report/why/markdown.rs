//! An explanation for an issue or a pull request.
//!
//! In:      a `DecisionExplanation`.
//! Out:     Markdown.
//! Imports: `tools::replay`, `tools::why`.

use std::fmt::Write as _;

use crate::tools::replay::explain::Explanation;
use crate::tools::report::decision::{decider, detail_rows};
use crate::tools::report::markdown::{cell, code};
use crate::tools::report::paint::Style;
use crate::tools::report::why::{
    DecisionExplanation, REFUSED, because, name_of, policy_path, settled,
};
use crate::tools::why::{RuleWhy, State, Why};

/// Text.
pub(super) fn draw(told: &DecisionExplanation<'_>, _style: Style) -> String {
    let mut text = format!("**{}**", told.word());
    if let Some(tool) = &told.tool {
        let _ = write!(text, " `{}`", code(tool));
    }
    if let Some(report) = told.report() {
        let _ = write!(text, ": {}", cell(&quoted(decider(report), report.rule.is_some())));
        if !report.reason.is_empty() {
            let _ = write!(text, ", \"{}\"", cell(&report.reason));
        }
    }
    text.push_str("\n\n| | |\n|---|---|\n");
    let id = told.id.iter().map(|id| ("record", id.clone()));
    let rows = id.chain(told.facts.iter().cloned()).chain(told.withheld());
    let beside = told.report().filter(|_| told.why().is_some());
    let beside = beside.map_or_else(Vec::new, |report| detail_rows(report, true));
    for (word, says) in rows.chain(beside) {
        let _ = writeln!(text, "| {word} | {} |", cell(&says));
    }
    match told.explained {
        Explanation::Decided { why, .. } => rules(&mut text, why, told.tree),
        Explanation::Withheld { rules, .. } => {
            text.push('\n');
            for (id, says) in rules {
                let _ = writeln!(text, "- `{}` {}", code(id), cell(says));
            }
        }
    }
    text
}

fn quoted(name: &str, is_rule: bool) -> String {
    if is_rule { format!("`{}`", code(name)) } else { name.to_owned() }
}

fn rules(text: &mut String, why: &Why, tree: bool) {
    if why.refused {
        let _ = writeln!(text, "\nAsked: {REFUSED}.");
        return;
    }
    for rule in why.rules_and_entries(tree) {
        if tree || matches!(rule.state, State::Won | State::Failed | State::Held) {
            spoke(text, why, rule);
        }
    }
    let silent = why.rules_and_entries(tree).filter(|it| it.state == State::Silent && !tree);
    let silent: Vec<&RuleWhy> = silent.collect();
    let skipped = why.rules.iter().filter(|rule| rule.state == State::NotAsked && !tree);
    let skipped: Vec<String> = skipped.map(|rule| format!("`{}`", code(&rule.id))).collect();
    if silent.is_empty() && skipped.is_empty() {
        return;
    }
    text.push_str("\n<details><summary>Rules that did not speak</summary>\n\n");
    for rule in silent {
        let says = settled(rule).unwrap_or_default();
        let _ = writeln!(text, "- `{}`: {}", code(&name_of(rule)), cell(&says));
    }
    if !skipped.is_empty() {
        let _ = writeln!(text, "- not asked, being about other calls: {}", skipped.join(", "));
    }
    text.push_str("\n</details>\n");
}

/// A rule that spoke: its source, its atoms, the values that it read.
fn spoke(text: &mut String, why: &Why, rule: &RuleWhy) {
    let place = rule.place.and_then(|place| why.place(place));
    let place = place.map_or(String::new(), |place| format!(" at `{}`", code(&place)));
    let _ = writeln!(text, "\n`{}`{place}\n", code(&name_of(rule)));
    if !rule.atoms.is_empty() {
        text.push_str("| condition | | because |\n|---|---|---|\n");
    }
    for atom in &rule.atoms {
        let because = because(atom);
        let because = if because.is_empty() { because } else { format!("`{}`", code(&because)) };
        let line = code(&atom.line());
        let _ = writeln!(text, "| `{line}` | {} | {because} |", cell(&atom.outcome()));
    }
    if let Some(yields) = why.yields(rule) {
        let gap = if rule.atoms.is_empty() { "" } else { "\n" };
        let _ = writeln!(text, "{gap}yields `{}`", code(&yields));
    }
    for (nth, value) in (0..).zip(&rule.values) {
        let gap = if nth == 0 { "\n" } else { "" };
        let from = value.from.as_deref().map_or(String::new(), |from| format!(" ({from})"));
        let (path, value) = (code(&policy_path(&value.path)), code(&value.value));
        let _ = writeln!(text, "{gap}- `{path}` = `{value}`{}", cell(&from));
    }
}
