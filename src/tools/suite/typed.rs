//! Values of expressions as inputs: JSON that keeps their kinds, as contexts of records do.
//!
//! In:      what an expression yields; plain JSON.
//! Out:     JSON with marks for values that are no JSON.
//! Imports: `runtime::vm`.
//! Source:  `docs/records.md`, "The context".

use serde_json::{Map, Value as Json};

use crate::runtime::vm::report::OutputReport;

/// The marks that contexts may have.
const MARKS: [&str; 5] = ["$u", "$b", "$ts", "$d", "$f"];

/// A value with its kinds; `None` where one of them is none that a context can hold, such as a map
/// with keys that are no strings: what is declared tells then how plain JSON is read.
#[must_use]
pub(super) fn of(value: &OutputReport) -> Option<Json> {
    let canonical: Json = serde_json::from_str(&value.canonical).ok()?;
    is_of_contexts(&canonical).then_some(canonical)
}

fn is_of_contexts(value: &Json) -> bool {
    match value {
        Json::Object(entries) => entries.iter().all(|(key, value)| {
            let is_mark = key.starts_with('$') && !key.starts_with("$$");
            (!is_mark || MARKS.contains(&key.as_str())) && is_of_contexts(value)
        }),
        Json::Array(items) => items.iter().all(is_of_contexts),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => true,
    }
}

/// Plain JSON where marks may stand: keys that begin with `$` are the user's.
#[must_use]
pub(super) fn marked(value: &Json) -> Json {
    match value {
        Json::Object(entries) => {
            let own = |(key, value): (&String, &Json)| {
                let mark = if key.starts_with('$') { "$" } else { "" };
                (format!("{mark}{key}"), marked(value))
            };
            Json::Object(entries.iter().map(own).collect::<Map<_, _>>())
        }
        Json::Array(items) => Json::Array(items.iter().map(marked).collect()),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => value.clone(),
    }
}
