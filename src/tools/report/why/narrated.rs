//! An explanation in sentences, for whoever listens to them.
//!
//! In:      a `DecisionExplanation`.
//! Out:     sentences without marks.
//! Imports: `lang`, `tools::replay`, `tools::why`.

use std::fmt::Write as _;

use crate::lang::decision::Effect;
use crate::tools::replay::explain::Explanation;
use crate::tools::report::decision::{decider, detail_rows};
use crate::tools::report::paint::Style;
use crate::tools::report::upper;
use crate::tools::report::visible::visible;
use crate::tools::report::why::{
    DecisionExplanation, REFUSED, because, did, name_of, policy_path, settled,
};
use crate::tools::why::{RuleWhy, State, Why};

/// Sentences.
pub(super) fn draw(told: &DecisionExplanation<'_>, _style: Style) -> String {
    let mut all: Vec<String> = Vec::new();
    let call = told.tool.as_deref().map_or("The call".to_owned(), |it| format!("The call `{it}`"));
    all.push(match told.effects() {
        [Some(Effect::Allow)] => format!("{call} was allowed"),
        [Some(Effect::Deny)] => format!("{call} was denied"),
        [Some(Effect::Escalate)] => format!("{call} was escalated"),
        [None] => format!("Nothing decides about {}", lower(&call)),
        _ => format!("What is decided about {} is not certain", lower(&call)),
    });
    if let Some(report) = told.report() {
        let by = match &report.rule {
            Some(rule) => format!("The rule `{rule}` decided"),
            None => upper(decider(report)),
        };
        all.push(by);
        if !report.reason.is_empty() {
            all.push(format!("It says: {}", report.reason.trim_end_matches('.')));
        }
    }
    let id = told.id.iter().map(|id| ("record", id.clone()));
    let facts = id.chain(told.facts.iter().cloned()).chain(told.withheld());
    all.extend(facts.map(|(word, says)| format!("{word}: {says}")));
    match told.explained {
        Explanation::Decided { why, report, .. } => {
            rules(&mut all, why, told.tree);
            let rows = detail_rows(report, true).into_iter();
            all.extend(rows.map(|(word, says)| format!("{word}: {says}")));
        }
        Explanation::Withheld { rules, .. } => {
            all.extend(rules.iter().map(|(id, says)| format!("Rule `{id}`: {says}")));
        }
    }
    let mut text = String::new();
    for sentence in all {
        let _ = writeln!(text, "{}.", visible(&sentence));
    }
    text
}

/// A sentence in the middle of another one.
fn lower(call: &str) -> String {
    call.replacen("The", "the", 1)
}

fn rules(all: &mut Vec<String>, why: &Why, tree: bool) {
    if why.refused {
        all.push(format!("Asked was {REFUSED}"));
        return;
    }
    for rule in why.rules_and_entries(tree) {
        match rule.state {
            _ if tree => spoke(all, why, rule),
            State::Won | State::Failed | State::Held => spoke(all, why, rule),
            State::Silent => {
                let because = settled(rule).map_or(String::new(), |it| format!(": {it}"));
                all.push(format!("`{}` was silent{because}", name_of(rule)));
            }
            State::Fired | State::NotAsked => {}
        }
    }
    let skipped = why.rules.iter().filter(|rule| rule.state == State::NotAsked && !tree);
    let skipped: Vec<&str> = skipped.map(|rule| rule.id.as_str()).collect();
    if !skipped.is_empty() {
        all.push(format!("Not asked, being about other calls: {}", skipped.join(", ")));
    }
}

/// A rule, its atoms, the values that it read.
fn spoke(all: &mut Vec<String>, why: &Why, rule: &RuleWhy) {
    let place = rule.place.and_then(|place| why.place(place));
    let place = place.map_or(String::new(), |place| format!(", at {place}"));
    all.push(format!("`{}` {}{place}", name_of(rule), did(rule.state)));
    for atom in rule.atoms.iter().filter(|atom| atom.is_seen()) {
        let because = because(atom);
        let because = if because.is_empty() { because } else { format!(": {because}") };
        all.push(format!("`{}` came out {}{because}", atom.line(), atom.outcome()));
    }
    all.extend(why.yields(rule).map(|yields| format!("It yields `{yields}`")));
    for value in &rule.values {
        let from = value.from.as_deref().map_or(String::new(), |from| format!(", from {from}"));
        all.push(format!("{} is {}{from}", policy_path(&value.path), value.value));
    }
}
