//! Differences between bundles, drawn.
//!
//! In:      a `Difference`, and what of recorded decisions it touches if that is known.
//! Out:     text for people, JSON, Markdown, annotations.
//! Imports: `compiler::solve`, `diag`, `runtime::bundle`, `tools::decide`, `tools::diff`.

mod github;
mod outputs;
pub mod solver;
mod traffic;

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::compiler::solve::input::Example;
use crate::compiler::solve::query::Undecided;
use crate::diag::diagnostic::Severity;
use crate::runtime::bundle::module::Phase;
use crate::tools::decide::{Moments, time_text};
use crate::tools::diff::traffic::Traffic;
use crate::tools::diff::{
    Change, Changes, Difference, Presence, Proof, RecordInput, RuleChange, Site, Verdict,
};
use crate::tools::report::diff::outputs::{output_json, output_says, output_text};
use crate::tools::report::diff::solver::{
    name, never, no_answer_json, solver_json, tally as solver_tally, unknown,
};
use crate::tools::report::diff::traffic::{
    left_out, other_outputs, touched, touched_json, traffic_json, unsettled,
};
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::visible::{visible, wrap};
use crate::tools::report::{NamedFormat, counted};

/// Columns of the words in front of what they say.
const LABEL_COLUMNS: usize = 15;
/// What is said where sessions may know something else.
const SESSIONS: &str = "what sessions know (labels, tools, meters, limits, the plan) may differ: \
                        single decisions are compared, sessions are not";

/// What there is to draw.
#[derive(Clone, Copy, Debug)]
pub struct Drawing<'a> {
    /// What differs.
    pub found: &'a Difference,
    /// What of recorded decisions it touches, where records are named.
    pub traffic: Option<&'a Traffic>,
    /// Whether nothing may be wider.
    pub only_tighten: bool,
}

/// A format: its name, and how it is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// As it is chosen.
    pub name: &'static str,
    /// Draws everything.
    pub draw: fn(&Drawing<'_>, Style) -> String,
}

/// Every format. The first is the default.
pub const FORMATS: &[Format] = &[
    Format { name: "full", draw: full },
    Format { name: "github", draw: github::draw },
    Format { name: "json", draw: json },
    Format { name: "markdown", draw: markdown },
];

impl NamedFormat for Format {
    const ALL: &'static [Self] = FORMATS;

    fn name(&self) -> &'static str {
        self.name
    }
}

/// The three directions of changes, each with its word.
fn directions(changes: &Changes) -> [(&'static str, &Change); 3] {
    [("wider", &changes.wider), ("narrower", &changes.narrower), ("otherwise", &changes.otherwise)]
}

const fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Same => "SAME",
        Verdict::Narrower => "NARROWER",
        Verdict::Wider => "WIDER",
        Verdict::Changed => "CHANGED",
        Verdict::Unknown => "NOT DECIDED",
    }
}

const fn verdict_says(changes: &Changes) -> &'static str {
    match changes.verdict() {
        Verdict::Changed if changes.asks_otherwise() => "allows as much, and asks otherwise",
        Verdict::Changed if is_perhaps_narrower(changes) => {
            "allows less; whether also more is not decided"
        }
        Verdict::Same => "no decision differs",
        Verdict::Narrower => "allows less",
        Verdict::Wider => "allows more",
        Verdict::Changed => "allows other things",
        Verdict::Unknown => "not known to be the same",
    }
}

/// Whether it allows less and nobody knows whether it allows more.
const fn is_perhaps_narrower(changes: &Changes) -> bool {
    matches!(changes.wider, Change::Unknown { .. }) && changes.narrower.happens()
}

const fn verdict_paint(verdict: Verdict) -> Paint {
    match verdict {
        Verdict::Same => Paint::Good,
        Verdict::Narrower => Paint::Help,
        Verdict::Wider => Paint::Bad,
        Verdict::Changed => Paint::Head(Severity::Warning),
        Verdict::Unknown => Paint::Wait,
    }
}

/// What is known of the bundle: where sessions may know something else, not that it is the same.
fn bundle_verdict(found: &Difference) -> Verdict {
    let own = found.whole.verdict();
    if own == Verdict::Same && found.sessions { Verdict::Unknown } else { own }
}

/// What the whole comparison says of NEW, in a sentence.
fn sentence(found: &Difference) -> String {
    let says = says(found);
    let by_solver = !found.apart && found.whole.rests_on_solver();
    if by_solver { format!("{says}, by {}", name(found)) } else { says.to_owned() }
}

fn says(found: &Difference) -> &'static str {
    match found.whole.verdict() {
        _ if found.apart => "no input fits both, so nothing is compared",
        Verdict::Same if !found.widened.is_empty() => {
            "the same on inputs that fit both; what fits only NEW is not compared"
        }
        Verdict::Same if found.sessions => {
            "every single decision is the same; what sessions know may not be"
        }
        Verdict::Same if !found.outputs.is_empty() => {
            "every effect is the same; outputs are not known to be"
        }
        Verdict::Same => "equivalent: every decision is the same",
        Verdict::Changed if is_perhaps_narrower(&found.whole) => {
            "NEW allows less; whether also more is not decided"
        }
        Verdict::Wider if found.whole.open() => "NEW allows more; whether also less is not decided",
        Verdict::Narrower => "subset: NEW allows only what OLD allows",
        Verdict::Wider => "superset: NEW allows all that OLD allows, and more",
        Verdict::Changed if found.whole.asks_otherwise() => {
            "NEW allows as much, and asks otherwise"
        }
        Verdict::Changed => "neither: not equivalent, and none is a subset of the other",
        Verdict::Unknown => "not decided",
    }
}

/// `2 rules changed, 1 added, 28 same`.
fn tally(found: &Difference) -> String {
    let count = |presence| found.rules.iter().filter(|rule| rule.presence == presence).count();
    let mut parts = Vec::new();
    // What is the same by another solver alone is listed, and is the same.
    let listed = found.rules.iter().filter(|rule| rule.is_same()).count();
    let changed = count(Presence::Both).saturating_sub(listed);
    let alike = found.same.saturating_add(listed);
    if changed > 0 {
        parts.push(format!("{} changed", counted(changed, "rule")));
    }
    for (presence, word) in [(Presence::Added, "added"), (Presence::Removed, "removed")] {
        if count(presence) > 0 {
            parts.push(format!("{} {word}", count(presence)));
        }
    }
    let same = if parts.is_empty() { counted(alike, "rule") } else { alike.to_string() };
    parts.push(format!("{same} the same"));
    parts.join(", ")
}

/// What differs beside decisions, a line each.
fn beside(found: &Difference) -> Vec<String> {
    let types = found.types.iter().map(|(path, old, new)| format!("type {path}: {old} -> {new}"));
    let settings = found.settings.iter().map(|setting| format!("setting {setting}"));
    let outputs =
        found.outputs.iter().map(|(name, what)| format!("output {name}: {}", output_says(what)));
    let sessions = found.session_tables.iter().map(|line| format!("sessions: {line}"));
    types.chain(settings).chain(outputs).chain(sessions).collect()
}

fn time(example: &Example) -> String {
    let (seconds, nanoseconds) = example.now;
    time_text(Moments { seconds, nanoseconds, given: true })
}

/// `record 01JD4ZK7Q8`
fn recorded(RecordInput { id, given }: &RecordInput) -> String {
    format!("record {id}{}", if *given { ", with what functions gave then" } else { "" })
}

/// Which of both has it, where that is one.
const fn presence(rule: &RuleChange) -> Option<&'static str> {
    match rule.presence {
        Presence::Added => Some("added"),
        Presence::Removed => Some("removed"),
        Presence::Both => None,
    }
}

/// For people.
fn full(drawing: &Drawing<'_>, style: Style) -> String {
    let Drawing { found, traffic, .. } = *drawing;
    let mut text = format!("  {}\n", tally(found));
    for rule in &found.rules {
        rule_text(&mut text, rule, (name(found), style));
        if let Some(traffic) = traffic {
            let touched = touched(traffic.rules.get(&rule.id), traffic);
            labelled(&mut text, "in traffic", &touched, style);
        }
    }
    let own = bundle_verdict(found);
    let word = style.paint(verdict_paint(own), verdict_word(own));
    let _ = writeln!(text, "\n  bundle  {word}  {}", sentence(found));
    directions_text(&mut text, &found.whole, (name(found), style));
    if let Some(traffic) = traffic {
        let touched = touched(Some(&traffic.effects), traffic);
        labelled(&mut text, "in traffic", &touched, style);
        if let Some(words) = other_outputs(traffic) {
            labelled(&mut text, "", &words, style);
        }
        for words in [left_out(traffic), unsettled(traffic)].into_iter().flatten() {
            labelled(&mut text, "left out", &words, style);
        }
    }
    if found.inputs.verdict() != Verdict::Same || found.inputs.rests_on_solver() {
        let _ = writeln!(text, "\n  inputs that lack a place");
        directions_text(&mut text, &found.inputs, (name(found), style));
    }
    for (path, old, new) in &found.types {
        let (path, old, new) = (visible(path), visible(old), visible(new));
        let _ = writeln!(text, "\n  type    {path}: {old} -> {new}");
    }
    for setting in &found.settings {
        let _ = writeln!(text, "\n  setting {}", visible(setting));
    }
    for (name, change) in &found.outputs {
        let _ = writeln!(text, "\n  output  {}: {}", visible(name), change.word());
        output_text(&mut text, change, style);
    }
    if found.metered {
        text.push_str("\n  costs are counted while one of them runs, so nothing is proved\n");
    }
    for line in &found.session_tables {
        let _ = writeln!(text, "\n  session {}", visible(line));
    }
    if found.sessions {
        let _ = writeln!(text, "\n  {SESSIONS}");
    }
    if let Some(tally) = solver_tally(found) {
        let _ = writeln!(text, "\n  solver  {}", visible(&tally));
    } else if found.whole.open() && !found.metered {
        text.push_str("\n  next    with --solver z3 another solver is asked what stays open\n");
    }
    text
}

fn rule_text(text: &mut String, rule: &RuleChange, (by, style): (&str, Style)) {
    let verdict = rule.changes.verdict();
    let word = style.paint(verdict_paint(verdict), &format!("{:<11}", verdict_word(verdict)));
    let mut parts = vec![visible(&rule.id).into_owned(), verdict_says(&rule.changes).to_owned()];
    parts.extend(presence(rule).map(str::to_owned));
    parts.extend(rule.details.iter().map(|it| visible(it).into_owned()));
    if rule.shadow {
        parts.push("a shadow rule: decides nothing".to_owned());
    }
    parts.extend(rule.place.as_ref().map(|it| style.paint(Paint::Frame, &visible(&it.text()))));
    let _ = writeln!(text, "\n  {word}  {}", parts.join(" · "));
    directions_text(text, &rule.changes, (by, style));
}

fn directions_text(text: &mut String, changes: &Changes, (by, style): (&str, Style)) {
    for (word, change) in directions(changes) {
        match change {
            Change::Never(proof) => {
                if let Some(says) = never(*proof, by) {
                    labelled(text, word, &says, style);
                }
            }
            Change::When { conditions, more, example, phase, record } => {
                for (at, condition) in conditions.iter().enumerate() {
                    let label = if at == 0 { format!("{word} when") } else { "or".to_owned() };
                    labelled(text, &label, condition, style);
                }
                if *more && !conditions.is_empty() {
                    labelled(text, "and", "more", style);
                }
                let label =
                    if conditions.is_empty() { format!("{word}, as") } else { "witness".into() };
                let after = if *phase == Phase::Response { " after the call" } else { "" };
                let says = format!("{}{after} at {}", example.context, time(example));
                labelled(text, &label, &says, style);
                if let Some(record) = record {
                    labelled(text, "of", &recorded(record), style);
                }
            }
            Change::Recorded { id } => {
                let says = format!("record {id}, which hangs on more than its input");
                labelled(text, &format!("{word}, as"), &says, style);
            }
            Change::Unknown { why, tried, no_answer } => {
                let says = unknown((*why, *tried), (no_answer.as_ref(), by));
                labelled(text, word, &says, style);
            }
        }
    }
}

/// A word, and what it says, as wide as the screen.
fn labelled(text: &mut String, label: &str, says: &str, style: Style) {
    let room = style.width.saturating_sub(LABEL_COLUMNS + 4);
    for (at, line) in wrap(&visible(says), room).iter().enumerate() {
        let label = if at == 0 { label } else { "" };
        let _ = writeln!(text, "    {label:<LABEL_COLUMNS$}{line}");
    }
}

fn change_json(change: &Change, by: &str) -> Json {
    match change {
        Change::Never(Proof::BuiltIn) => json!({"answer": "never"}),
        Change::Never(Proof::Solver) => json!({"answer": "never", "by": by}),
        Change::When { conditions, more, example, phase, record } => json!({
            "answer": "when",
            "conditions": conditions,
            "more": more,
            "witness": {
                "context": example.context,
                "now": time(example),
                "phase": if *phase == Phase::Response { "response" } else { "request" },
                "record": record.as_ref().map(|it| &it.id),
                "functions": record.as_ref().is_some_and(|it| it.given),
            },
        }),
        Change::Recorded { id } => {
            json!({"answer": "when", "conditions": [], "more": false, "witness": {"record": id}})
        }
        Change::Unknown { why, tried, no_answer } => json!({
            "answer": "unknown",
            "why": match why { Undecided::Opaque => "opaque", Undecided::Budget => "budget" },
            "tried": tried,
            "solver": no_answer_json(no_answer.as_ref()),
        }),
    }
}

fn changes_json(changes: &Changes, by: &str) -> Json {
    let mut own = json!({"verdict": verdict_word(changes.verdict()).to_lowercase()});
    for (word, change) in directions(changes) {
        if let Some(members) = own.as_object_mut() {
            members.insert(word.to_owned(), change_json(change, by));
        }
    }
    own
}

/// For programs.
fn json(drawing: &Drawing<'_>, _style: Style) -> String {
    let Drawing { found, traffic, .. } = *drawing;
    let rules = found.rules.iter().map(|rule| {
        json!({
            "traffic": traffic.map(|traffic| touched_json(traffic.rules.get(&rule.id))),
            "id": rule.id,
            "change": match rule.presence {
                Presence::Added => "added",
                Presence::Removed => "removed",
                Presence::Both => "changed",
            },
            "place": rule.place.as_ref().map(Site::text),
            "details": rule.details,
            "shadow": rule.shadow,
            "changes": changes_json(&rule.changes, name(found)),
        })
    });
    let types =
        found.types.iter().map(|(path, old, new)| json!({"path": path, "old": old, "new": new}));
    let outputs = found.outputs.iter().map(|(name, change)| output_json(name, change));
    let all = json!({
        "schema": "policyc.diff/2",
        "rules": rules.collect::<Vec<_>>(),
        "same": found.same,
        "decisions": changes_json(&found.whole, name(found)),
        "inputs": changes_json(&found.inputs, name(found)),
        "types": types.collect::<Vec<_>>(),
        "widened": found.widened,
        "outputs": outputs.collect::<Vec<_>>(),
        "settings": found.settings,
        "apart": found.apart,
        "metered": found.metered,
        "sessions": found.sessions,
        "session_tables": found.session_tables,
        "traffic": traffic.map(traffic_json),
        "solver": solver_json(found),
    });
    format!("{all:#}\n")
}

/// Text in Markdown as code that nothing in it can end.
fn code(text: &str) -> String {
    let text = visible(text).replace('|', "\\|");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    if longest == 0 { format!("`{text}`") } else { format!("{fence} {text} {fence}") }
}

/// For pull requests.
#[must_use]
pub fn markdown(drawing: &Drawing<'_>, _style: Style) -> String {
    let Drawing { found, traffic, .. } = *drawing;
    let mut text =
        format!("**Policy difference**: {}. {}.\n", tally(found), escaped(&sentence(found)));
    if let Some(traffic) = traffic {
        let _ =
            writeln!(text, "\nIn traffic: {}.", code(&touched(Some(&traffic.effects), traffic)));
        if let Some(words) = other_outputs(traffic) {
            let _ = writeln!(text, "Beside that {}.", code(&words));
        }
        if let Some(left_out) = left_out(traffic) {
            let _ = writeln!(text, "Of others {left_out}.");
        }
        if let Some(unsettled) = unsettled(traffic) {
            let _ = writeln!(text, "And {unsettled}.");
        }
    }
    if !found.rules.is_empty() {
        text.push_str("\n| verdict | rule | what | place |\n| --- | --- | --- | --- |\n");
    }
    for rule in &found.rules {
        let verdict = rule.changes.verdict();
        let mut parts = vec![verdict_says(&rule.changes).to_owned()];
        parts.extend(presence(rule).map(str::to_owned));
        parts.extend(rule.details.iter().map(|it| code(it)));
        parts.extend(traffic.map(|it| code(&touched(it.rules.get(&rule.id), it))));
        let place = rule.place.as_ref().map(|it| code(&it.text())).unwrap_or_default();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {place} |",
            verdict_word(verdict),
            code(&rule.id),
            parts.join(", ")
        );
    }
    let told = |changes: &Changes| changes.verdict() != Verdict::Same || changes.rests_on_solver();
    for rule in found.rules.iter().filter(|rule| told(&rule.changes)) {
        let _ = writeln!(text, "\n<details><summary>{}</summary>\n", escaped(&rule.id));
        directions_markdown(&mut text, &rule.changes, name(found));
        text.push_str("\n</details>\n");
    }
    for (title, changes) in
        [("Decisions", &found.whole), ("Inputs that lack a place", &found.inputs)]
    {
        if told(changes) {
            let _ = writeln!(text, "\n**{title}**\n");
            directions_markdown(&mut text, changes, name(found));
        }
    }
    for (path, old, new) in &found.types {
        let _ = writeln!(text, "\n- {} is read as {}, was {}", code(path), code(new), code(old));
    }
    for setting in &found.settings {
        let _ = writeln!(text, "\n- {}", code(setting));
    }
    for (name, change) in &found.outputs {
        let _ = writeln!(text, "\n- output {}: {}", code(name), escaped(&output_says(change)));
    }
    for line in &found.session_tables {
        let _ = writeln!(text, "\n- {}", code(line));
    }
    if found.sessions {
        let _ = writeln!(text, "\n{SESSIONS}");
    }
    if let Some(tally) = solver_tally(found) {
        let _ = writeln!(text, "\n{}.", escaped(&tally));
    }
    text
}

fn escaped(text: &str) -> String {
    visible(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn directions_markdown(text: &mut String, changes: &Changes, by: &str) {
    for (word, change) in directions(changes) {
        match change {
            Change::Never(proof) => {
                if let Some(says) = never(*proof, by) {
                    let _ = writeln!(text, "- {word} {}", escaped(&says));
                }
            }
            Change::When { conditions, more, example, record, .. } => {
                for condition in conditions {
                    let _ = writeln!(text, "- {word} when {}", code(condition));
                }
                if *more && !conditions.is_empty() {
                    let _ = writeln!(text, "- {word} in more cases");
                }
                let context = code(&example.context.to_string());
                let of = record.as_ref().map(|it| format!(", {}", code(&recorded(it))));
                let of = of.unwrap_or_default();
                let _ = writeln!(text, "- {word}, as {context} at {}{of}", time(example));
            }
            Change::Recorded { id } => {
                let _ = writeln!(text, "- {word}, as in record {}", code(id));
            }
            Change::Unknown { why, tried, no_answer } => {
                let says = unknown((*why, *tried), (no_answer.as_ref(), by));
                let _ = writeln!(text, "- {word}: {}", escaped(&says));
            }
        }
    }
}
