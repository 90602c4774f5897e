//! What a session knew of an event, as its record says it.
//!
//! In:      a record.
//! Out:     rows of words: what values carry and where they were seen, meters, the plan, approvals.
//! Imports: `runtime::record`.
//! Source:  `docs/records.md`, "Sessions".

use serde_json::{Map, Value as Json};

use crate::runtime::record::read::{Event, Record};

/// A row: a word, and what is said.
pub type Row = (&'static str, String);

/// What the session knew; nothing of a record that is no session's.
#[must_use]
pub fn knew(record: &Record<'_>) -> Vec<Row> {
    let Some(event) = record.event else { return Vec::new() };
    let line: Json = serde_json::from_slice(record.line).unwrap_or_default();
    let mut rows = Vec::new();
    let is_mark = line.pointer("/ev/$x").is_some();
    if is_mark {
        rows.push(("event", "withheld, and what the session knew with it".to_owned()));
    } else if matches!(event, Event::Raw(_)) {
        rows.push(("event", "bytes that no session takes in".to_owned()));
    }
    rows.extend(line.get("note").and_then(Json::as_str).map(|note| ("note", note.to_owned())));
    let entries = |field: &str| line.get(field).and_then(Json::as_object).cloned();
    for (place, labels) in entries("labels").unwrap_or_default() {
        rows.push(("carries", format!("{place}: {}", names(&labels))));
    }
    for (place, links) in entries("chain").unwrap_or_default() {
        let links = links.as_array().map(Vec::as_slice).unwrap_or_default();
        rows.extend(links.iter().map(|link| ("seen", seen(&place, link))));
    }
    let kept = |field| entries(field).unwrap_or_default();
    rows.extend(meters(&kept("reads"), &kept("writes")));
    rows.extend(line.get("plan").map(|plan| ("plan", planned(plan))));
    rows.extend(line.get("approval").map(|approval| ("asked", asked(approval))));
    rows
}

/// Whether approvers have refused what a record says is escalated.
#[must_use]
pub fn is_refused(record: &Record<'_>) -> bool {
    let line: Json = serde_json::from_slice(record.line).unwrap_or_default();
    line.pointer("/approval/standing").and_then(Json::as_str) == Some("refused")
}

/// What happened, in a word and some more: the kind of an event, and what it holds.
#[must_use]
pub fn happened(record: &Record<'_>) -> Option<(String, String)> {
    let Event::Json(event) = record.event? else { return Some(("?".to_owned(), String::new())) };
    let event: Json = serde_json::from_slice(event).unwrap_or_default();
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

fn planned(plan: &Json) -> String {
    let text = |key: &str| plan.get(key).and_then(Json::as_str).unwrap_or_default();
    let step = match (text("step"), text("off")) {
        ("", "") => "free of it".to_owned(),
        ("", off) => format!("not in it ({off})"),
        (step, _) => format!("step {step}"),
    };
    format!("{step}; done: {}", plan.get("done").map(names).unwrap_or_default())
}

fn asked(approval: &Json) -> String {
    let number = |key: &str| approval.get(key).and_then(Json::as_u64).unwrap_or(0);
    let standing = match approval.get("standing").and_then(Json::as_str) {
        Some("waiting") => format!("{} of {} agreed", number("have"), number("quorum")),
        Some(other) => other.to_owned(),
        None => String::new(),
    };
    approval.get("to").map_or_else(|| standing.clone(), |to| format!("{}: {standing}", names(to)))
}
