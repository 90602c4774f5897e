//! The context of a record as plain JSON, and its parts.
//!
//! In:      a context in typed JSON.
//! Out:     JSON as hosts write it; the leaves of it, by JSON Pointers.
//! Imports: `base`, `runtime::record`.
//!
//! Nesting is what `serde_json` bounds.

use serde_json::{Map, Value as Json};

use crate::base::limits::CONTEXT_DEPTH_MAX;
use crate::base::pointer;
use crate::runtime::record::read::{Form, Input, Record, elements, members};
use crate::tools::replay::stand_in::StandIns;

/// Marks of values that JSON has no kind for: the value stands behind them as hosts write it.
const MARKS: &[&str] = &["$u", "$b", "$ts", "$d", "$f"];

/// What stands for a value that is withheld, where people look at it.
const WITHHELD: &str = "(withheld)";

/// Parts of a record as people look at them. What `serde_json` does not hold, as `1e400`, becomes
/// the text that it is spelled as, so that the rest can be looked at.
#[must_use]
pub fn shown(json: &[u8]) -> Json {
    shown_below(json, CONTEXT_DEPTH_MAX)
}

fn shown_below(json: &[u8], depth: usize) -> Json {
    if let Ok(value) = serde_json::from_slice(json) {
        return value;
    }
    let text = || Json::String(String::from_utf8_lossy(json).into_owned());
    let Some(below) = depth.checked_sub(1) else { return text() };
    if let Some(members) = members(json) {
        let member = |(key, value)| (key, shown_below(value, below));
        return Json::Object(members.into_iter().map(member).collect::<Map<_, _>>());
    }
    match elements(json) {
        Some(items) => items.into_iter().map(|item| shown_below(item, below)).collect(),
        None => text(),
    }
}

/// The context of a record as people look at it, in typed JSON; null where there is none.
#[must_use]
pub fn context(record: &Record<'_>) -> Json {
    let context = match record.input {
        Input::Context(context, _) => shown(context),
        Input::Raw(text, Form::Json) => text.bytes().map_or(Json::Null, |bytes| shown(&bytes)),
        Input::Raw(_, Form::Proto) => Json::Null,
    };
    if context.is_object() { context } else { Json::Null }
}

/// A context as hosts write it. What is withheld becomes a value that could have stood there, and
/// its pointer goes to `withheld`.
#[must_use]
pub fn plain(typed: &Json, withheld: &mut Vec<String>) -> Json {
    part(typed, String::new(), (withheld, &mut StandIns::default()))
}

/// A context as hosts write it, in which what is withheld is named so.
#[must_use]
pub fn told(typed: &Json) -> Json {
    match typed {
        Json::Object(entries) if entries.contains_key("$x") => Json::from(WITHHELD),
        Json::Object(entries) => {
            let entry = |(key, it): (&String, &Json)| {
                let key = if key.starts_with("$$") { key.get(1..).unwrap_or(key) } else { key };
                (key.to_owned(), told(it))
            };
            let plain = || Json::Object(entries.iter().map(entry).collect::<Map<_, _>>());
            unmarked(typed).cloned().unwrap_or_else(plain)
        }
        Json::Array(items) => items.iter().map(told).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => typed.clone(),
    }
}

/// A value of a kind that JSON lacks, as hosts write it.
fn unmarked(typed: &Json) -> Option<&Json> {
    let entries = typed.as_object().filter(|entries| entries.len() == 1)?;
    MARKS.iter().find_map(|mark| entries.get(*mark))
}

fn part(
    typed: &Json,
    at: String,
    (withheld, stand_ins): (&mut Vec<String>, &mut StandIns),
) -> Json {
    match typed {
        Json::Object(entries) => {
            if entries.contains_key("$x") {
                withheld.push(at);
                return stand_ins.of(entries, |bound| unmarked(bound).unwrap_or(bound).clone());
            }
            if let Some(held) = unmarked(typed) {
                return held.clone();
            }
            let entry = |(key, value): (&String, &Json)| {
                let key = if key.starts_with("$$") { key.get(1..).unwrap_or(key) } else { key };
                let at = format!("{at}/{}", pointer::token(key));
                (key.to_owned(), part(value, at, (&mut *withheld, &mut *stand_ins)))
            };
            Json::Object(entries.iter().map(entry).collect::<Map<_, _>>())
        }
        Json::Array(items) => {
            let item = |(nth, item): (usize, &Json)| {
                part(item, format!("{at}/{nth}"), (&mut *withheld, &mut *stand_ins))
            };
            Json::Array(items.iter().enumerate().map(item).collect())
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => typed.clone(),
    }
}

/// The pointers of everything that holds no members: scalars, lists, empty objects.
#[must_use]
pub fn leaves(context: &Json) -> Vec<String> {
    let mut open = vec![(String::new(), context)];
    let mut leaves = Vec::new();
    while let Some((at, value)) = open.pop() {
        match value.as_object().filter(|entries| !entries.is_empty()) {
            Some(entries) => {
                let below = entries.iter().rev();
                open.extend(
                    below.map(|(key, value)| (format!("{at}/{}", pointer::token(key)), value)),
                );
            }
            None => leaves.push(at),
        }
    }
    leaves
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{leaves, plain, shown, told};

    #[test]
    fn a_number_that_is_too_large_hides_nothing_else() {
        let whole = br#"{"a": [1, 1e400, {"b": "c"}], "d": -1e999}"#;
        assert_eq!(shown(whole), json!({"a": [1, "1e400", {"b": "c"}], "d": "-1e999"}));
        let deep = [b"[".repeat(100_000), b"1e400".to_vec(), b"]".repeat(100_000)].concat();
        assert!(shown(&deep).is_array());
    }

    #[test]
    fn typed_json_becomes_what_hosts_write() {
        let typed = json!({
            "a": {"$u": 7}, "b": [{"$ts": "2026-01-01T00:00:00Z"}], "$$c": 1,
            "memo": {"$x": "seal", "t": "string", "c": "s256:51"},
            "n/a": {"$x": "drop", "t": "int"},
        });
        let mut withheld = Vec::new();
        let context = json!({"a": 7, "b": ["2026-01-01T00:00:00Z"], "$c": 1, "memo": "", "n/a": 0});
        assert_eq!(plain(&typed, &mut withheld), context);
        assert_eq!(withheld, ["/memo", "/n~1a"]);
        let shown = json!({"a": 7, "b": ["2026-01-01T00:00:00Z"], "$c": 1, "memo": "(withheld)",
            "n/a": "(withheld)"});
        assert_eq!(told(&typed), shown);
    }

    #[test]
    fn lists_are_leaves() {
        let context = json!({"a": {"b": 1, "c": [1, {"d": 2}]}, "e": {}, "f/g": null});
        assert_eq!(leaves(&context), ["/a/b", "/a/c", "/e", "/f~1g"]);
    }
}
