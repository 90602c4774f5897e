//! What a difference touches in recorded decisions, drawn.
//!
//! In:      a `Traffic`.
//! Out:     words, and JSON.
//! Imports: `diag`, `tools::diff`, `tools::replay`.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use crate::diag::numbers::grouped;
use crate::tools::diff::traffic::{TouchedRecords, Traffic};
use crate::tools::replay::impact::Outcome;
use crate::tools::report::replay::many;

/// `3 of 48 213 907 records, 2 newly denied: 01JD4ZK7Q8, ..`
pub(super) fn touched(touched: Option<&TouchedRecords>, traffic: &Traffic) -> String {
    let none = TouchedRecords::default();
    let touched = touched.unwrap_or(&none);
    let mut text = format!("{} of {} records", grouped(touched.records), grouped(traffic.records));
    for (outcome, count) in &touched.newly {
        let _ = write!(text, ", {} {}", grouped(*count), newly(*outcome));
    }
    let ids: Vec<&str> = touched.examples.rows().map(|(id, _)| id.as_str()).collect();
    if !ids.is_empty() {
        let more = if touched.records > ids.len() as u64 { ", .." } else { "" };
        let _ = write!(text, ": {}{more}", ids.join(", "));
    }
    text
}

const fn newly(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allow => "newly allowed",
        Outcome::Escalate => "newly escalated",
        Outcome::Deny => "newly denied",
        Outcome::None => "no longer decided",
        Outcome::Undetermined => "undetermined",
    }
}

/// What the records say that could not be decided.
pub(super) fn left_out(traffic: &Traffic) -> Option<String> {
    let count = grouped(traffic.left_out);
    (traffic.left_out > 0).then(|| format!("{count} could not be decided, or not read"))
}

/// Of which records it is not known which rules fire.
pub(super) fn unsettled(traffic: &Traffic) -> Option<String> {
    let count = many(traffic.unsettled, "record");
    (traffic.unsettled > 0).then(|| format!("of {count} it is not known which rules fire"))
}

pub(super) fn touched_json(touched: Option<&TouchedRecords>) -> Json {
    let none = TouchedRecords::default();
    let touched = touched.unwrap_or(&none);
    let ids: Vec<&String> = touched.examples.rows().map(|(id, _)| id).collect();
    let newly = touched.newly.iter().map(|(outcome, count)| (outcome.word(), json!(count)));
    let newly: Map<String, Json> = newly.map(|(word, count)| (word.to_owned(), count)).collect();
    json!({"records": touched.records, "newly": newly, "examples": ids})
}

pub(super) fn traffic_json(traffic: &Traffic) -> Json {
    json!({
        "records": traffic.records,
        "left_out": traffic.left_out,
        "unsettled": traffic.unsettled,
        "effects": touched_json(Some(&traffic.effects)),
    })
}
