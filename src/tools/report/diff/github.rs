//! Differences between bundles as annotations of the candidate's rules.
//!
//! In:      a `Drawing`.
//! Out:     a line for each rule that decides otherwise, the gravest first, and for what no rule
//!          tells.
//! Imports: `base`, `tools::diff`.

use crate::base::arrange::Arrange as _;
use crate::tools::diff::{Change, Changes, Presence, RuleChange, Verdict};
use crate::tools::report::diff::{
    Drawing, directions, recorded, sentence, solver, time, touched, verdict_says, verdict_word,
};
use crate::tools::report::github::{Level, Location, annotation};
use crate::tools::report::paint::Style;

/// An annotation a line.
pub(super) fn draw(drawing: &Drawing<'_>, _style: Style) -> String {
    let Drawing { found, traffic, only_tighten } = *drawing;
    let fails = only_tighten && found.widens();
    let by = solver::name(found);
    let mut all = Vec::new();
    let whole = [("bundle", &found.whole), ("inputs that lack a place", &found.inputs)];
    for (name, changes) in whole.into_iter().filter(|(_, it)| it.verdict() != Verdict::Same) {
        let said =
            if name == "bundle" { sentence(found) } else { verdict_says(changes).to_owned() };
        let message = [vec![said], details(changes, by)].concat().join("\n");
        let level = level(changes, fails);
        all.push((level, annotation(level, None, &title(changes, name), &message)));
    }
    for rule in found.rules.iter().filter(|rule| rule.changes.verdict() != Verdict::Same) {
        let mut lines = vec![about(rule)];
        lines.extend(details(&rule.changes, by));
        lines.extend(traffic.map(|traffic| {
            format!("in traffic: {}", touched(traffic.rules.get(&rule.id), traffic))
        }));
        // What was removed has no line in the candidate.
        let site = rule.place.as_ref().filter(|_| rule.presence != Presence::Removed);
        let at = site.map(|site| Location {
            path: &site.path,
            line: site.line,
            end_line: site.end_line,
            column: None,
        });
        let level = level(&rule.changes, fails && !rule.shadow);
        let title = title(&rule.changes, &rule.id);
        all.push((level, annotation(level, at, &title, &lines.join("\n"))));
    }
    for what in super::beside(found) {
        all.push((Level::Notice, annotation(Level::Notice, None, "CHANGED: bundle", &what)));
    }
    if found.sessions {
        let level = Level::Warning;
        all.push((level, annotation(level, None, "NOT DECIDED: sessions", super::SESSIONS)));
    }
    if let Some(tally) = solver::tally(found) {
        all.push((Level::Notice, annotation(Level::Notice, None, "solver", &tally)));
    }
    all.arrange_by_key(|(level, _)| *level);
    all.into_iter().map(|(_, line)| line).collect()
}

/// `fails`: what allows more, or asks others, ends the command with 1.
const fn level(changes: &Changes, fails: bool) -> Level {
    let loose = changes.wider.happens() || changes.otherwise.happens();
    match (loose, fails) {
        (true, true) => Level::Error,
        (true, false) => Level::Warning,
        (false, _) => Level::Notice,
    }
}

fn title(changes: &Changes, name: &str) -> String {
    format!("{}: {name}", verdict_word(changes.verdict()))
}

/// `allows more, added, was at old.yaml:7`.
fn about(rule: &RuleChange) -> String {
    let mut parts = vec![verdict_says(&rule.changes).to_owned()];
    parts.extend(super::presence(rule).map(str::to_owned));
    parts.extend(rule.details.iter().cloned());
    if rule.shadow {
        parts.push("a shadow rule: decides nothing".to_owned());
    }
    if let (Presence::Removed, Some(site)) = (rule.presence, &rule.place) {
        parts.push(format!("was at {}", site.text()));
    }
    parts.join(", ")
}

/// When it changes, and on which input.
fn details(changes: &Changes, by: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for (word, change) in directions(changes) {
        match change {
            Change::Never(proof) => {
                lines.extend(solver::never(*proof, by).map(|says| format!("{word} {says}")));
            }
            Change::When { conditions, more, example, record, .. } => {
                lines.extend(conditions.iter().map(|it| format!("{word} when {it}")));
                if *more && !conditions.is_empty() {
                    lines.push(format!("{word} in more cases"));
                }
                let of = record.as_ref().map(|it| format!(", {}", recorded(it)));
                let of = of.unwrap_or_default();
                lines.push(format!("{word}, as {} at {}{of}", example.context, time(example)));
            }
            Change::Recorded { id } => lines.push(format!("{word}, as in record {id}")),
            Change::Unknown { why, tried, no_answer } => {
                let says = solver::unknown((*why, *tried), (no_answer.as_ref(), by));
                lines.push(format!("{word}: {says}"));
            }
        }
    }
    lines
}
