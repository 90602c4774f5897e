//! A session for people and for programs: what came of each event, and where values came from.
//!
//! In:      `EventReport`.
//! Out:     text; a line of JSON.
//! Imports: `lang`, `runtime::session`, `runtime::vm`, `tools::inspect`, `tools::session`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::lang::decision::Effect;
use crate::lang::session::Respond;
use crate::runtime::session::answer::Answer;
use crate::runtime::session::approvals::QuestionStatus;
use crate::runtime::session::plan::Undone;
use crate::runtime::session::step::Note;
use crate::runtime::vm::report::PENDING;
use crate::tools::inspect::digest_text;
use crate::tools::report::decision::{decider, detail_rows, effect_paint};
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::visible::{visible, wrap};
use crate::tools::session::{EventReport, LinkReport, MeterReport, ValueReport};

/// Columns of the word of an event.
const WORD_COLUMNS: usize = 9;
/// Columns of the number of an event, and of what stands below it.
const NUMBER_COLUMNS: usize = 5;
/// Most links of a chain that a person is shown.
const LINKS_MAX: usize = 4;

/// What came of an event, for a person: a line, and below it why it was not allowed.
#[must_use]
pub fn draw(told: &EventReport, style: Style) -> String {
    let mut text = String::new();
    let effect = told.effect();
    let (word, paint) = match effect {
        Some(_) if told.is_pending() => (PENDING.to_uppercase(), Paint::Wait),
        Some(effect) => (effect.word().to_uppercase(), effect_paint(Some(effect))),
        None if told.fault.is_some() => ("refused".to_owned(), Paint::Bad),
        None => (told.kind.to_owned(), Paint::Frame),
    };
    let number = told.seq.map_or_else(|| "?".to_owned(), |seq| seq.to_string());
    let indent = NUMBER_COLUMNS + WORD_COLUMNS + 3;
    let room = style.width.saturating_sub(indent);
    let says = says(told).join(" · ");
    let lines = if effect.is_some() { wrap(&says, room) } else { vec![clipped(&says, room)] };
    let word = style.paint(paint, &format!("{word:<WORD_COLUMNS$}"));
    let _ = write!(text, "{number:>NUMBER_COLUMNS$}  {word}");
    for (at, line) in lines.iter().filter(|line| !line.is_empty()).enumerate() {
        let (end, before) = if at == 0 { ("", 1) } else { ("\n", indent) };
        let _ = write!(text, "{end}{:before$}{line}", "");
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    if let Some(ask) = &told.asking {
        let to = ask.to.join(", ");
        below(&mut text, style, 0, &format!("asked of {to}: {}", standing(ask.standing)));
        below(&mut text, style, 0, &format!("for {}", digest_text(&ask.digest)));
    }
    for meter in &told.meters {
        draw_meter(&mut text, style, meter);
    }
    if effect.is_none_or(|effect| effect == Effect::Allow) {
        return text;
    }
    for (word, says) in told.report.iter().flat_map(|report| detail_rows(report, false)) {
        below(&mut text, style, 0, &format!("{word} {says}"));
    }
    for value in told.values.iter().filter(|value| value.asked) {
        draw_value(&mut text, style, value);
    }
    if let Some(answer) = &told.answer {
        draw_answer(&mut text, style, answer);
    }
    text
}

/// What the model is told, where the policy says more than that the call is not made.
fn draw_answer(text: &mut String, style: Style, answer: &Answer) {
    let left = answer.retry_left.map(|left| match left {
        1 => "1 more try".to_owned(),
        left => format!("{left} more tries"),
    });
    if answer.respond != Respond::Fail || left.is_some() {
        let left = left.map_or_else(String::new, |left| format!(", {left}"));
        below(text, style, 0, &format!("answer: {}{left}", answer.respond.word()));
    }
    for offer in &answer.offers {
        below(text, style, 1, &format!("{} {}", offer.tool, offer.args));
    }
    if let Some(question) = &answer.question {
        below(text, style, 1, question);
    }
    for undone in &answer.undo {
        let Undone { step, call, tool } = undone;
        let tool = tool.as_ref().map_or_else(String::new, |tool| format!(", by {tool}"));
        below(text, style, 1, &format!("undo {step} ({call}){tool}"));
    }
    if !answer.unreachable.is_empty() {
        below(text, style, 1, &format!("cannot be done: {}", answer.unreachable.join(", ")));
    }
}

/// What is said on the line of an event.
fn says(told: &EventReport) -> Vec<String> {
    let mut says: Vec<String> = Vec::new();
    says.extend(Some(visible(&told.subject).into_owned()).filter(|it| !it.is_empty()));
    if let Some(report) = &told.report {
        says.push(visible(decider(report)).into_owned());
        says.extend(Some(format!("\"{}\"", visible(&report.reason))).filter(|it| it.len() > 2));
    }
    // An event that has no number is found by its line.
    let line = told.seq.map_or_else(|| format!("line {}: ", told.line), |_| String::new());
    says.extend(told.fault.as_ref().map(|fault| format!("{line}{fault}")));
    says.extend(note(told.note));
    if told.kind == "response" && !told.context.is_empty() {
        says.push(format!("the model has read {}", told.context.join(", ")));
    }
    says
}

/// What is left of the limits of a meter.
fn draw_meter(text: &mut String, style: Style, meter: &MeterReport) {
    let MeterReport { meter, key, used, amount, limits } = meter;
    let key = if key.is_empty() { String::new() } else { format!(" of {key}") };
    let takes =
        amount.as_ref().map_or(String::new(), |amount| format!(", the call takes {amount}"));
    let mut says = format!("{meter}{key}: {used} used{takes}");
    for (_, max, left) in limits {
        let _ = write!(says, "; {left} of {max} left");
    }
    below(text, style, 0, &says);
}

fn draw_value(text: &mut String, style: Style, value: &ValueReport) {
    let labels = names(&value.labels);
    let (pointer, shown) = (visible(&value.pointer), clipped(&value.value, 40));
    below(text, style, 0, &format!("{pointer} = {shown} carries {labels}"));
    if value.kind == "model" {
        let seen = if value.chain.is_empty() {
            "seen nowhere"
        } else {
            "a piece of a longer name, or said by another"
        };
        below(text, style, 1, &format!("{seen}: the model made it of what it has read"));
    }
    for link in value.chain.iter().take(LINKS_MAX) {
        below(text, style, 1 + link.depth, &told_link(link));
    }
    if value.chain.len() > LINKS_MAX {
        below(text, style, 1, "and in other places");
    }
}

fn told_link(link: &LinkReport) -> String {
    let labels = names(&link.labels);
    match &link.call {
        None => format!("in what the principal said: {labels}"),
        Some((id, tool, seq)) => {
            let place = if link.pointer.is_empty() { "all of it" } else { &link.pointer };
            let tool = if tool.is_empty() { "a call that nobody asked for" } else { tool };
            let text = format!("in {tool} ({id}, event {seq}), {place}: {labels}");
            visible(&text).into_owned()
        }
    }
}

fn names(labels: &[String]) -> String {
    if labels.is_empty() { "nothing".to_owned() } else { labels.join(", ") }
}

/// A line below an event.
fn below(text: &mut String, style: Style, depth: usize, says: &str) {
    let indent = NUMBER_COLUMNS + 2 + 2 * depth;
    let says = clipped(&visible(says), style.width.saturating_sub(indent));
    let _ = writeln!(text, "{:indent$}{}", "", style.paint(Paint::Frame, &says));
}

/// As much of a text as fits, on one line.
fn clipped(text: &str, columns: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= columns {
        return line;
    }
    line.chars().take(columns.saturating_sub(2)).chain("..".chars()).collect()
}

fn note(note: Note) -> Option<String> {
    let says = match note {
        Note::Nothing => return None,
        Note::NotAsked => "nobody asked for this call",
        Note::NotAllowed => "this call was denied",
        Note::NotGranted => "this call was escalated and not granted",
        Note::Again => "this call was answered before",
        Note::Approval(how) => return Some(standing(how)),
    };
    Some(says.to_owned())
}

fn standing(standing: QuestionStatus) -> String {
    match standing {
        QuestionStatus::Waiting(have, quorum) => format!("{have} of {quorum} agreed"),
        QuestionStatus::Granted => "granted".to_owned(),
        QuestionStatus::Refused => "refused".to_owned(),
    }
}

/// The same as one line of JSON.
#[must_use]
pub fn to_json(told: &EventReport) -> String {
    let decision: Value = told
        .report
        .as_ref()
        .and_then(|report| serde_json::from_str(&report.to_json()).ok())
        .unwrap_or_default();
    let values: Vec<Value> = told.values.iter().map(value_json).collect();
    let line = json!({
        "seq": told.seq,
        "line": told.line,
        "ev": told.kind,
        "effect": if told.is_pending() { Some(PENDING) } else { told.effect().map(Effect::word) },
        "decision": decision,
        "values": values,
        "asked": told.asking.as_ref().map(|ask| json!({
            "for": digest_text(&ask.digest),
            "to": ask.to,
            "standing": standing(ask.standing),
        })),
        "answer": told.answer.as_ref().map(|answer| -> Value {
            serde_json::from_str(&answer.to_json()).unwrap_or_default()
        }),
        "meters": told.meters.iter().map(meter_json).collect::<Vec<_>>(),
        "note": note(told.note),
        "refused": told.fault.as_ref().map(ToString::to_string),
        "ctx": told.context,
        "state": digest_text(&told.state),
    });
    format!("{line}\n")
}

fn meter_json(meter: &MeterReport) -> Value {
    let limits = meter.limits.iter();
    let limits = limits.map(|(id, max, left)| json!({"id": id, "max": max, "left": left}));
    json!({
        "meter": meter.meter,
        "key": meter.key,
        "used": meter.used,
        "amount": meter.amount,
        "limits": limits.collect::<Vec<_>>(),
    })
}

fn value_json(value: &ValueReport) -> Value {
    let chain = value.chain.iter().map(|link| {
        let call = link.call.as_ref();
        json!({
            "depth": link.depth,
            "call": call.map(|(id, ..)| id),
            "tool": call.map(|(_, tool, _)| tool),
            "seq": call.map(|(.., seq)| seq),
            "pointer": link.pointer,
            "labels": link.labels,
        })
    });
    json!({
        "arg": value.pointer,
        "kind": value.kind,
        "from": value.from,
        "labels": value.labels,
        "chain": chain.collect::<Vec<_>>(),
    })
}
