//! Decisions for people: what was decided, by which rule, and why.
//!
//! In:      a `DecisionReport`.
//! Out:     text.
//! Imports: `base`, `diag`, `lang`, `runtime::vm`, `tools::inspect`.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use crate::base::limits::DECISION_COST_MAX;
use crate::diag::numbers::grouped;
use crate::lang::decision::Effect;
use crate::runtime::vm::report::{DecisionReport, ErrorReport, EscalationReport, PENDING};
use crate::tools::inspect::digest_short;
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::visible::{visible, wrap};

/// Columns of a digest at the foot: `sha256:` and six digits.
const DIGEST_COLUMNS: usize = 13;
/// Columns of the word in front of a row, the margin included.
const WORD_COLUMNS: usize = 13;

/// The effect in capitals; `NONE` where nothing can decide.
#[must_use]
pub fn effect_word(effect: Option<Effect>) -> String {
    effect.map_or_else(|| "NONE".to_owned(), |effect| effect.word().to_uppercase())
}

/// The colour of an effect.
#[must_use]
pub const fn effect_paint(effect: Option<Effect>) -> Paint {
    match effect {
        Some(Effect::Allow) => Paint::Good,
        Some(Effect::Deny) => Paint::Bad,
        Some(Effect::Escalate) => Paint::Wait,
        None => Paint::Frame,
    }
}

/// `  DENY  send_money · two-person · "12000 needs two approvers, has 1"`.
#[must_use]
pub fn headline(report: &DecisionReport, tool: Option<&str>, style: Style) -> String {
    let (word, paint) = match report.pending.as_slice() {
        [] => (effect_word(report.effect), effect_paint(report.effect)),
        _ => (PENDING.to_uppercase(), Paint::Wait),
    };
    let mut parts: Vec<String> = Vec::new();
    parts.extend(tool.map(|tool| visible(tool).into_owned()));
    parts.push(visible(decider(report)).into_owned());
    if !report.reason.is_empty() {
        parts.push(format!("\"{}\"", visible(&report.reason)));
    }
    let indent = word.width() + 4;
    let room = style.width.saturating_sub(indent);
    let mut text = format!("  {}  ", style.paint(paint, &word));
    for (at, line) in wrap(&parts.join(" · "), room).iter().enumerate() {
        let before = if at == 0 { 0 } else { indent };
        let _ = writeln!(text, "{:before$}{line}", "");
    }
    text
}

/// Who decided: the id of a rule, or in words that none did.
#[must_use]
pub fn decider(report: &DecisionReport) -> &str {
    match &report.rule {
        Some(rule) => rule,
        None if is_refused(report) => "the input was refused",
        None if !report.pending.is_empty() => "a function of the host is asked first",
        None if report.effect.is_none() => "nothing here decides",
        None => "no rule spoke, so the default",
    }
}

/// Whether the context was not evaluated at all.
#[must_use]
pub fn is_refused(report: &DecisionReport) -> bool {
    report.errors.iter().any(|error| error.rule.is_none())
}

/// Everything below the headline that is not about sources; `shadow`: the shadow rules too.
#[must_use]
pub fn details(report: &DecisionReport, shadow: bool, style: Style) -> String {
    let mut text = String::new();
    for (word, says) in detail_rows(report, shadow) {
        row(&mut text, style, word, &says);
    }
    text
}

/// The same as rows: a word, and what it says.
#[must_use]
pub fn detail_rows(report: &DecisionReport, shadow: bool) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    let others = report.fired.iter().filter(|rule| Some(*rule) != report.rule.as_ref());
    let others: Vec<&str> = others.map(String::as_str).collect();
    if !others.is_empty() {
        rows.push(("overruled", others.join(", ")));
    }
    if shadow && !report.shadow.is_empty() {
        rows.push(("shadow", report.shadow.join(", ")));
    }
    if let Some(escalation) = &report.escalation {
        rows.push(("asks", escalation_text(escalation)));
    }
    for call in report.calls() {
        rows.push(("needs", format!("{} of {}", call.function, call.arguments)));
    }
    for output in &report.outputs {
        rows.push(("output", format!("{} = {}", output.name, output.plain)));
        rows.extend(output.explanations.iter().map(|it| ("because", it.clone())));
    }
    rows.extend(report.errors.iter().map(|error| ("error", failure(error))));
    rows
}

/// `  cost 38 of 10 000 000 units · bundle sha256:9f2c41 · now 2026-03-17T10:00:00Z`.
#[must_use]
pub fn footer(report: &DecisionReport, now: &str) -> String {
    let cost = format!("cost {} of {} units", grouped(report.cost), grouped(DECISION_COST_MAX));
    let bundle: String = digest_short(&report.bundle).chars().take(DIGEST_COLUMNS).collect();
    format!("  {cost} · bundle {bundle} · now {now}")
}

/// A word at the left and what it says, wrapped.
pub(super) fn row(text: &mut String, style: Style, word: &str, says: &str) {
    let says = visible(says);
    for (at, line) in wrap(&says, style.width.saturating_sub(WORD_COLUMNS)).iter().enumerate() {
        let word = if at == 0 { word } else { "" };
        let word = format!("{word:<width$}", width = WORD_COLUMNS - 3);
        let _ = writeln!(text, "  {} {line}", style.paint(Paint::Help, &word));
    }
}

/// `role:treasury, within 15m, else deny`.
fn escalation_text(escalation: &EscalationReport) -> String {
    let mut parts = vec![escalation.to.join(", ")];
    if escalation.quorum > 1 {
        parts.push(format!("{} of them", escalation.quorum));
    }
    if let Some(nanos) = escalation.timeout_ns {
        parts.push(format!("within {}", duration_text(nanos)));
    }
    parts.push(if escalation.suspend { "else it waits" } else { "else deny" }.to_owned());
    parts.join(", ")
}

/// `15 min`: the largest unit that divides it.
fn duration_text(nanos: i64) -> String {
    let seconds = (nanos / 1_000_000_000).unsigned_abs();
    match seconds {
        0 => format!("{} ms", grouped((nanos / 1_000_000).unsigned_abs())),
        _ if seconds.is_multiple_of(86_400) => format!("{} d", seconds / 86_400),
        _ if seconds.is_multiple_of(3_600) => format!("{} h", seconds / 3_600),
        _ if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        _ => format!("{} s", grouped(seconds)),
    }
}

/// `two-person  NO_SUCH_KEY  there is no key`.
fn failure(error: &ErrorReport) -> String {
    let mut parts: Vec<&str> = Vec::new();
    parts.extend(error.rule.as_deref());
    let class = format!("{} ({})", error.class.word(), error.class.code().id());
    parts.push(&class);
    parts.extend(error.at.as_deref().filter(|at| !at.is_empty()));
    parts.push(&error.message);
    parts.join("  ")
}

/// Pads `left`, which has no colours yet, so that `right` ends at the edge of the screen.
#[must_use]
pub fn to_the_edge(left: &str, right: &str, style: Style) -> String {
    let gap = style.width.saturating_sub(left.width() + right.width()).max(2);
    format!("{left}{}{}", " ".repeat(gap), style.paint(Paint::Frame, right))
}
