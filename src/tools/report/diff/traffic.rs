//! What a difference touches in recorded decisions, drawn.
//!
//! In:      a `Traffic`.
//! Out:     words, and JSON.
//! Imports: `diag`, `tools::diff`.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use crate::diag::numbers::grouped;
use crate::tools::diff::traffic::{TouchedRecords, Traffic};
use crate::tools::report::replay::many;

/// `3 of 48 213 907 records, 2 newly denied: 01JD4ZK7Q8, ..`
pub(super) fn touched(touched: Option<&TouchedRecords>, traffic: &Traffic) -> String {
    let none = TouchedRecords::default();
    let touched = touched.unwrap_or(&none);
    let mut text = format!("{} of {} records", grouped(touched.records), grouped(traffic.records));
    for (turn, count) in &touched.turned {
        let _ = write!(text, ", {} {}", grouped(*count), turn.words());
    }
    let ids: Vec<&str> = touched.examples.rows().map(|(id, _)| id.as_str()).collect();
    if !ids.is_empty() {
        let more = if touched.records > ids.len() as u64 { ", .." } else { "" };
        let _ = write!(text, ": {}{more}", ids.join(", "));
    }
    text
}

/// What the records say that could not be decided.
pub(super) fn left_out(traffic: &Traffic) -> Option<String> {
    let count = grouped(traffic.left_out);
    (traffic.left_out > 0).then(|| format!("{count} could not be decided, or not read"))
}

/// Which records have other outputs, where any do.
pub(super) fn other_outputs(traffic: &Traffic) -> Option<String> {
    let of = &traffic.outputs;
    (of.records > 0).then(|| format!("other outputs in {}", touched(Some(of), traffic)))
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
    let turned = touched.turned.iter().map(|(turn, count)| (turn.name().to_owned(), json!(count)));
    let turned: Map<String, Json> = turned.collect();
    json!({"records": touched.records, "turned": turned, "examples": ids})
}

pub(super) fn traffic_json(traffic: &Traffic) -> Json {
    json!({
        "records": traffic.records,
        "left_out": traffic.left_out,
        "unsettled": traffic.unsettled,
        "effects": touched_json(Some(&traffic.effects)),
        "outputs": touched_json(Some(&traffic.outputs)),
    })
}
