//! What a session knew of an event, as its record says it.
//!
//! In:      a record.
//! Out:     rows of words: what values carry and where they were seen, meters, the plan, approvals.
//! Imports: `lang`, `runtime::record`, `runtime::session`, `tools::inspect`.
//! Source:  `docs/records.md`, "Sessions".

use serde_json::{Map, Value as Json};

use crate::lang::decision::Effect;
use crate::lang::fixed;
use crate::runtime::record::read::{Event, Record};
use crate::runtime::session::decided::SessionDenial;
use crate::tools::inspect::description::DescribedProgram;
use crate::tools::inspect::generated::amount;
use crate::tools::inspect::read_digest;
use crate::tools::replay::plain::{self, shown};

/// A row: a word, and what is said.
pub type Row = (&'static str, String);

/// What the session knew; nothing of a record that is no session's.
#[must_use]
pub fn knew(record: &Record<'_>) -> Vec<Row> {
    let Some(event) = record.event else { return Vec::new() };
    let mut rows = Vec::new();
    match event {
        Event::Json(event) if shown(event).get("$x").is_some() => {
            rows.push(("event", "withheld, and what the session knew with it".to_owned()));
        }
        Event::Json(_) => {}
        Event::Raw(_) => rows.push(("event", "bytes that no session takes in".to_owned())),
    }
    let known = &record.knew;
    rows.extend(note(record).map(|note| ("note", note)));
    let entries = |part: Option<&[u8]>| match part.map(shown) {
        Some(Json::Object(entries)) => entries,
        Some(_) | None => Map::new(),
    };
    for (place, labels) in entries(known.labels) {
        rows.push(("carries", format!("{place}: {}", names(&labels))));
    }
    for (place, links) in entries(known.chain) {
        let links = links.as_array().map(Vec::as_slice).unwrap_or_default();
        rows.extend(links.iter().map(|link| ("seen", seen(&place, link))));
    }
    rows.extend(meters(&entries(record.reads), &entries(known.writes)));
    rows.extend(known.plan.map(|plan| ("plan", planned(&shown(plan)))));
    rows.extend(known.approval.map(|approval| ("asked", approval_text(&shown(approval)))));
    rows
}

/// What was odd about an event, in a word.
fn note(record: &Record<'_>) -> Option<String> {
    shown(record.knew.note?).as_str().map(str::to_owned)
}

fn denial(record: &Record<'_>) -> Option<SessionDenial> {
    SessionDenial::parse(&note(record)?)
}

/// Whether a call waits for a function of the host, as its record says.
#[must_use]
pub fn is_pending(record: &Record<'_>) -> bool {
    denial(record) == Some(SessionDenial::Pending)
}

/// Whether a record says that a call is denied, whatever the rules say: approvers have refused it,
/// it was asked or tried too often, or it waits for a function of the host.
#[must_use]
pub fn is_refused(record: &Record<'_>) -> bool {
    let approval = record.knew.approval.map(shown);
    let standing = approval.as_ref().and_then(|it| it.get("standing")?.as_str());
    standing == Some("refused") || denial(record).is_some()
}

/// The effect that a record says a call had: what is denied whatever the rules say is denied.
/// Nothing where it says nothing of a decision.
#[must_use]
pub fn recorded_effect(record: &Record<'_>) -> Option<Option<Effect>> {
    let effect = record.outcome?.effect;
    let waits = denial(record).is_some_and(SessionDenial::waits);
    let denied = waits || effect == Some(Effect::Escalate) && is_refused(record);
    Some(if denied && record.event.is_some() { Some(Effect::Deny) } else { effect })
}

/// Why a session refused an event without asking any rule, where its record says so: what the
/// numbers and names in it were no record holds.
#[must_use]
pub fn refusal(record: &Record<'_>) -> Option<&'static str> {
    record.event?;
    Some(match note(record)?.as_str() {
        "unreadable" => "the event cannot be read",
        "order" => "the number of the event does not follow the one before",
        "same_call" => "another call has the id of this one",
        "action" => "the action is no object with a tool, or its arguments are no JSON",
        "argument" => "the call has an argument that no document declares",
        "ref" => "a handle leads to no text or number of an output, or is for no argument",
        "full" => "the session holds as much as it may",
        "lost" => "an event before could not be read, so nobody knows what values carry",
        "unplanned" => "a plan came that could not be taken, so nobody knows what is planned",
        "unrecorded" => "an event could not be recorded, so nobody could say what was known",
        _ => return None,
    })
}

/// What approvers are asked about, as a record says.
#[must_use]
pub fn asked_of(record: &Record<'_>) -> Option<[u8; 32]> {
    read_digest(shown(record.knew.approval?).get("for")?.as_str()?)
}

/// What happened, in a word and some more: the kind of an event, and what it holds.
#[must_use]
pub fn happened(record: &Record<'_>) -> Option<(String, String)> {
    let Event::Json(event) = record.event? else { return Some(("?".to_owned(), String::new())) };
    let event = shown(event);
    let text = |key: &str| event.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    let kind = text("ev");
    let says = match kind.as_str() {
        "prompt" | "answer" => text("text"),
        "response" => {
            let gave = ["out", "error"].into_iter().filter_map(|key| event.get(key));
            let gave = gave.map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned));
            [text("call")].into_iter().chain(gave).collect::<Vec<_>>().join(" ")
        }
        "approval" => format!("{} by {}", text("verdict"), text("by")),
        "fact" => text("f"),
        _ => String::new(),
    };
    Some((if kind.is_empty() { "?".to_owned() } else { kind }, says))
}

fn names(labels: &Json) -> String {
    let names: Vec<&str> =
        labels.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// Where a value was seen, or what that was made of.
fn seen(place: &str, link: &Json) -> String {
    let text = |key: &str| link.get(key).and_then(Json::as_str);
    let labels = link.get("labels").map(names).unwrap_or_default();
    let depth = link.get("depth").and_then(Json::as_u64).unwrap_or(0);
    let before = if depth > 0 { "made of what is" } else { place };
    let how = match (text("op"), text("call")) {
        (Some("model"), _) => "nowhere: the model made it of what it has read".to_owned(),
        (_, None) => "in what the principal said".to_owned(),
        (_, Some(call)) => {
            let tool = text("tool").filter(|tool| !tool.is_empty());
            let tool = tool.unwrap_or("a call that nobody asked for");
            let seq = link.get("seq").and_then(Json::as_u64).unwrap_or(0);
            let pointer = text("pointer").filter(|it| !it.is_empty()).unwrap_or("all of it");
            format!("in {tool} ({call}, event {seq}), {pointer}")
        }
    };
    format!("{before} {how}: {labels}")
}

fn meters(reads: &Map<String, Json>, writes: &Map<String, Json>) -> Vec<Row> {
    let change = |key: &str| writes.get(key).and_then(Json::as_str);
    let mut rows: Vec<Row> = Vec::new();
    let mut told: Vec<&str> = Vec::new();
    for (key, used) in reads {
        told.push(key);
        let change = change(key).map_or(String::new(), |change| format!(", {change}"));
        rows.push(("meter", format!("{key}: {used} used{change}")));
    }
    for (key, change) in writes.iter().filter(|(key, _)| !told.contains(&key.as_str())) {
        rows.push(("meter", format!("{key}: {}", change.as_str().unwrap_or_default())));
    }
    rows
}

/// What limits a call was measured against: of how much, how much was used before, and what the
/// call takes.
#[must_use]
pub fn limits(record: &Record<'_>, worded: &DescribedProgram<'_>) -> Vec<Row> {
    let Some(Json::Object(reads)) = record.reads.map(shown) else { return Vec::new() };
    let (module, context) = (worded.program.module(), plain::context(record));
    let name = |at: u32| module.strings.get(at as usize).unwrap_or_default();
    let mut rows = Vec::new();
    for row in &module.govern.limits {
        let Some(meter) = module.govern.meters.get(usize::from(row.meter)) else { continue };
        let meter = name(meter.name);
        let measures = |key: &str| key.split('/').next() == Some(meter);
        let takes = amount(module, &worded.debug, row);
        let pointer = format!("/action/{}", takes.replace('.', "/"));
        let value = context.pointer(&pointer).filter(|value| value.is_number());
        let value = value.map_or(String::new(), |value| format!(", which is {value}"));
        for (_, used) in reads.iter().filter(|(key, _)| measures(key)) {
            let most = fixed::write(i128::from(row.max));
            let id = name(row.id);
            rows.push(("limit", format!("{id}: {used} + {takes} of {most}{value}")));
        }
    }
    rows
}

fn planned(plan: &Json) -> String {
    let text = |key: &str| plan.get(key).and_then(Json::as_str).unwrap_or_default();
    let step = match (text("step"), text("off")) {
        ("", "") => "free of it".to_owned(),
        ("", off) => format!("not in it ({off})"),
        (step, _) => format!("step {step}"),
    };
    format!("{step}; done: {}", plan.get("done").map(names).unwrap_or_default())
}

fn approval_text(approval: &Json) -> String {
    let number = |key: &str| approval.get(key).and_then(Json::as_u64).unwrap_or(0);
    let standing = match approval.get("standing").and_then(Json::as_str) {
        Some("waiting") => format!("{} of {} agreed", number("have"), number("quorum")),
        Some(other) => other.to_owned(),
        None => String::new(),
    };
    approval.get("to").map_or_else(|| standing.clone(), |to| format!("{}: {standing}", names(to)))
}
