//! The context of a record as plain JSON, and its parts.
//!
//! In:      a context in typed JSON.
//! Out:     JSON as hosts write it; the leaves of it, by JSON Pointers.
//! Imports: none.
//!
//! Nesting is what `serde_json` bounds.

use serde_json::{Map, Value as Json, json};

use crate::base::pointer;

/// Marks of values that JSON has no kind for: the value stands behind them as hosts write it.
const MARKS: &[&str] = &["$u", "$b", "$ts", "$d", "$f"];

/// A context as hosts write it. What is withheld becomes a value of its kind, and its pointer goes
/// to `withheld`.
#[must_use]
pub fn plain(typed: &Json, withheld: &mut Vec<String>) -> Json {
    part(typed, String::new(), withheld)
}

fn part(typed: &Json, at: String, withheld: &mut Vec<String>) -> Json {
    match typed {
        Json::Object(entries) => {
            if entries.contains_key("$x") {
                withheld.push(at);
                return stand_in(entries.get("t").and_then(Json::as_str).unwrap_or_default());
            }
            if entries.len() == 1
                && let Some(held) = MARKS.iter().find_map(|mark| entries.get(*mark))
            {
                return held.clone();
            }
            let entry = |(key, value): (&String, &Json)| {
                let key = if key.starts_with("$$") { key.get(1..).unwrap_or(key) } else { key };
                let at = format!("{at}/{}", pointer::token(key));
                (key.to_owned(), part(value, at, withheld))
            };
            Json::Object(entries.iter().map(entry).collect::<Map<_, _>>())
        }
        Json::Array(items) => {
            let item = |(nth, item): (usize, &Json)| part(item, format!("{at}/{nth}"), withheld);
            Json::Array(items.iter().enumerate().map(item).collect())
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => typed.clone(),
    }
}

/// The plainest value of a kind.
fn stand_in(kind: &str) -> Json {
    match kind {
        "bool" => json!(false),
        "int" | "uint" => json!(0),
        "double" => json!(0.0),
        "list" => json!([]),
        "map" => json!({}),
        "timestamp" => json!("1970-01-01T00:00:00Z"),
        "duration" => json!("0s"),
        "null" => Json::Null,
        _ => json!(""),
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

    use super::{leaves, plain};

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
    }

    #[test]
    fn lists_are_leaves() {
        let context = json!({"a": {"b": 1, "c": [1, {"d": 2}]}, "e": {}, "f/g": null});
        assert_eq!(leaves(&context), ["/a/b", "/a/c", "/e", "/f~1g"]);
    }
}
