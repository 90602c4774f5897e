//! The calls of a session, a row each.
//!
//! In:      a `Session`.
//! Out:     a table for people, and the parts of its rows, which the screen of a session has too.
//! Imports: `diag`, `lang`, `tools::replay`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::diag::numbers::grouped;
use crate::lang::decision::Effect;
use crate::lang::fixed;
use crate::tools::replay::redecide::Obstacle;
use crate::tools::replay::step::{Call, CallVerdict, Held, Session};
use crate::tools::report::decision::effect_paint;
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::replay::many;
use crate::tools::report::visible::{cells, visible};

/// Columns of the longest tool that is written out.
const TOOL_COLUMNS_MAX: usize = 24;
/// Columns of the longest id of a rule that is written out.
const RULE_COLUMNS_MAX: usize = 20;

/// Why nobody knows what a session would have answered.
const OTHERWISE: &str = "which the bundles define differently";

/// Of a call of which the record says no decision: where its effect comes from.
pub const UNRECORDED: &str = "no decision is recorded: the bundle decides so now";

/// One letter for an effect; `?` where it is not known.
#[must_use]
pub const fn mark(effect: Option<Option<Effect>>) -> char {
    match effect {
        Some(Some(Effect::Allow)) => '✓',
        Some(Some(Effect::Deny)) => '✗',
        Some(Some(Effect::Escalate)) => '◆',
        Some(None) => '·',
        None => '?',
    }
}

/// `session s-77af · agent:billing-7 · 15 calls · 31 events`.
#[must_use]
pub fn title(session: &Session) -> String {
    let mut parts = vec![format!("session {}", visible(&session.id))];
    let who = session.calls.iter().find_map(|call| call.who.as_deref());
    parts.extend(who.map(|who| visible(who).into_owned()));
    let (calls, events) = (calls(session), session.calls.len() as u64);
    parts.push(many(calls, "call"));
    // Of a session of which only calls are recorded there is nothing else to count.
    parts.extend((events > calls).then(|| many(events, "event")));
    parts.join(" · ")
}

/// The calls among the events of a session.
fn calls(session: &Session) -> u64 {
    session.calls.iter().filter(|call| call.is_call()).count() as u64
}

/// What is missing of a session, in words; nothing where all is here.
#[must_use]
pub fn missing(session: &Session) -> Option<String> {
    let count = session.missing;
    let are = if count == 1 { "is" } else { "are" };
    (count > 0).then(|| format!("incomplete: {} {are} in no record", many(count, "call")))
}

/// Widths of the columns of a session: number, tool, rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    step: usize,
    tool: usize,
    rule: usize,
}

impl Columns {
    /// Those that a session needs.
    #[must_use]
    pub fn of(session: &Session) -> Self {
        let calls = || session.calls.iter();
        let rule = |call: &Call| {
            let of = |candidate| call.rule(candidate).map_or(0, columns);
            of(false).max(of(true))
        };
        Self {
            step: calls().map(|call| call.step.to_string().len()).max().unwrap_or(1),
            tool: calls().map(|call| columns(&call.tool)).max().unwrap_or(0).min(TOOL_COLUMNS_MAX),
            rule: calls().map(rule).max().unwrap_or(0).min(RULE_COLUMNS_MAX),
        }
    }

    /// A call in `width` columns: number, mark, tool, arguments, rule, time.
    #[must_use]
    pub fn row(self, call: &Call, candidate: bool, width: usize) -> String {
        let rule = call.rule(candidate).unwrap_or_default();
        let took = call.took_ns.map_or_else(String::new, time);
        let left = format!(
            "{:>step$} {} {}  ",
            call.step,
            mark(call.effect(candidate)),
            fit(&call.tool, self.tool),
            step = self.step,
        );
        let right = format!("  {} {took:>8}", fit(rule, self.rule));
        let rest = width.saturating_sub(columns(&left) + columns(&right));
        fit(&format!("{left}{}{right}", fit(&call.arguments, rest)), width)
    }
}

/// `840 ns`, `1.8 µs`, `3.1 ms`.
fn time(nanoseconds: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one digit is told")]
    let number = nanoseconds as f64;
    match nanoseconds {
        0..1_000 => format!("{nanoseconds} ns"),
        1_000..1_000_000 => format!("{:.1} µs", number / 1e3),
        _ => format!("{:.1} ms", number / 1e6),
    }
}

/// Columns that a text takes, as it is shown.
fn columns(text: &str) -> usize {
    cells(text).last().map_or(0, |cell| cell.column + cell.width)
}

/// A text as it is shown, in just so many columns.
#[must_use]
pub fn fit(text: &str, width: usize) -> String {
    let all = cells(text);
    let whole = all.last().map_or(0, |cell| cell.column + cell.width);
    let (mut shown, mut used) = (String::new(), 0);
    // Of what does not fit the last column says that there is more.
    let room = if whole <= width { width } else { width.saturating_sub(1) };
    for cell in all.iter().take_while(|cell| cell.column + cell.width <= room) {
        shown.push_str(&cell.shown);
        used = cell.column + cell.width;
    }
    if whole > width && width > 0 {
        shown.push('…');
        used += 1;
    }
    shown.push_str(&" ".repeat(width.saturating_sub(used)));
    shown
}

/// `rate/bank.transfer/60s  7 → 8`: what was read, and what stands there after what was written.
#[must_use]
pub fn held(held: &Held) -> (String, String) {
    let read = held.read.as_deref();
    let number = |text: &str| fixed::parse(text).map(|(number, _)| number);
    let written = held.written.as_deref();
    let change = written.and_then(|it| match it.strip_prefix('-') {
        Some(less) => number(less).map(|it| -it),
        None => number(it.strip_prefix('+')?),
    });
    let sum = change.zip(read.and_then(number));
    let after = sum.and_then(|(change, read)| read.checked_add(change)).map(fixed::write);
    let after = after.or_else(|| held.written.clone());
    let says = match (read, after) {
        (Some(read), Some(after)) => format!("{read} → {after}"),
        (Some(read), None) => read.to_owned(),
        (None, after) => format!("→ {}", after.unwrap_or_default()),
    };
    (visible(&held.key).into_owned(), visible(&says).into_owned())
}

/// What has to be said of a decision beside its effect.
#[must_use]
pub fn remark(said: &CallVerdict) -> Option<String> {
    match said {
        CallVerdict::Decided { exact: Some(false), .. } => {
            Some("differs from the record".to_owned())
        }
        CallVerdict::Decided { .. } | CallVerdict::Nothing => None,
        CallVerdict::Undetermined(needs) => {
            let joined = |names: &BTreeSet<String>| {
                names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
            };
            let (session, withheld) = (joined(&needs.session), joined(&needs.withheld));
            let withheld =
                (!withheld.is_empty()).then(|| format!("on what is withheld: {withheld}"));
            let session = (!session.is_empty()).then(|| format!("on {session}, {OTHERWISE}"));
            let told: Vec<String> = session.into_iter().chain(withheld).collect();
            Some(format!("hangs {}", visible(&told.join(", and "))))
        }
        CallVerdict::Not(obstacle) => {
            Some(format!("not replayable: {}", visible(&obstacle.words())))
        }
    }
}

/// The table: a row for each call, and below it what it says of state.
#[must_use]
pub fn plain(session: &Session, style: Style) -> String {
    let mut text = format!("  {}\n", style.paint(Paint::Strong, &title(session)));
    if let Some(missing) = missing(session) {
        let _ = writeln!(text, "  {}", style.paint(Paint::Wait, &missing));
    }
    text.push('\n');
    let columns = Columns::of(session);
    let width = style.width.saturating_sub(4);
    let first = session.first_change();
    for (at, call) in session.calls.iter().enumerate() {
        let row = columns.row(call, false, width);
        let row = row.trim_end();
        let _ = if session.is_downstream(at) {
            writeln!(text, "  {}", style.paint(Paint::Frame, row))
        } else {
            writeln!(text, "  {}", style.paint(effect_paint(call.effect(false).flatten()), row))
        };
        let indent = " ".repeat(columns.step + 5);
        let mut say = |words: &str| {
            let _ = writeln!(text, "{indent}{words}");
        };
        if !call.reason.is_empty() {
            say(&format!("\"{}\"", visible(&call.reason)));
        }
        if let Some(remark) = remark(&call.replayed) {
            say(&remark);
        }
        if call.recorded.is_none() && matches!(call.replayed, CallVerdict::Decided { .. }) {
            say(UNRECORDED);
        }
        for (key, says) in call.state.iter().map(held) {
            say(&format!("{key}  {says}"));
        }
        for (word, says) in &call.knew {
            say(&format!("{word} {}", visible(says)));
        }
        if call.differs() {
            let rule = call.rule(true).map_or(String::new(), |rule| format!(" by {rule}"));
            let effect = call.effect(true).flatten().map_or("nothing", Effect::word);
            let where_ = if first == Some(at) { "here the session parts" } else { "downstream" };
            say(&format!("candidate: {effect}{}, {where_}", visible(&rule)));
        } else if let Some(remark) = call.candidate.as_ref().and_then(remark) {
            say(&format!("candidate: {remark}"));
        }
    }
    if let Some(told) = sum(session) {
        let _ = writeln!(text, "\n  {told}");
    }
    text
}

/// What a candidate changes of a session, in a line; nothing without one.
fn sum(session: &Session) -> Option<String> {
    let name = visible(session.candidate.as_ref()?);
    let count = |takes: fn(&Call) -> bool| session.calls.iter().filter(|it| takes(it)).count();
    let (changed, open) = (count(Call::differs), count(Call::is_open));
    let all = grouped(calls(session));
    let told = format!("candidate {name}: {changed} of {all} calls are decided otherwise");
    let by_session = |call: &Call| match &call.candidate {
        Some(CallVerdict::Undetermined(needs)) => !needs.session.is_empty(),
        Some(CallVerdict::Not(obstacle)) => *obstacle == Obstacle::Asks,
        Some(CallVerdict::Decided { .. } | CallVerdict::Nothing) | None => false,
    };
    let next = if session.calls.iter().any(by_session) {
        ": `policyc replay diff --state resim` knows"
    } else {
        ""
    };
    let is = if open == 1 { "is" } else { "are" };
    Some(if open == 0 { told } else { format!("{told}, {open} {is} not known{next}") })
}
