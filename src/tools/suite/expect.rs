//! Compares what came out with what was expected.
//!
//! In:      parts of a decision, as JSON, and the whole decision.
//! Out:     the places where they differ.

use crate::base::pointer;

use serde_json::Value as Json;

/// A place where two values differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The place, as a JSON Pointer; empty for the whole value.
    pub path: String,
    /// What was expected there.
    pub expected: Json,
    /// What stands there; `None` if nothing does.
    pub actual: Option<Json>,
}

/// Where `actual` is not what `expected` says. Of an object only the keys of `expected` count;
/// numbers are equal if their values are.
#[must_use]
pub fn differences(expected: &Json, actual: &Json) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(expected, Some(actual), &mut String::new(), &mut found);
    found
}

fn compare(expected: &Json, actual: Option<&Json>, path: &mut String, found: &mut Vec<Difference>) {
    match (expected, actual) {
        (Json::Object(wanted), Some(Json::Object(there))) => {
            for (key, value) in wanted {
                descend(path, key, |path| compare(value, there.get(key), path, found));
            }
        }
        (Json::Array(wanted), Some(Json::Array(there))) if wanted.len() == there.len() => {
            for (at, (value, there)) in wanted.iter().zip(there).enumerate() {
                let key = at.to_string();
                descend(path, &key, |path| compare(value, Some(there), path, found));
            }
        }
        (expected, Some(actual)) if same(expected, actual) => {}
        // What is not said is null.
        (Json::Null, None) => {}
        (expected, actual) => found.push(Difference {
            path: path.clone(),
            expected: expected.clone(),
            actual: actual.cloned(),
        }),
    }
}

fn descend(path: &mut String, key: &str, inside: impl FnOnce(&mut String)) {
    let len = path.len();
    pointer::push(path, key);
    inside(path);
    path.truncate(len);
}

fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_expected_counts() {
        let actual = json!({"effect": "deny", "rule": null, "fired": ["a"], "cost": 3});
        assert_eq!(differences(&json!({"effect": "deny", "cost": 3.0}), &actual), []);
        assert_eq!(differences(&json!({"rule": null, "to": null}), &actual), []);
        let found = differences(&json!({"fired": ["a", "b"], "x": 1}), &actual);
        let paths: Vec<&str> = found.iter().map(|found| found.path.as_str()).collect();
        assert_eq!(paths, ["/fired", "/x"]);
        assert_eq!(differences(&json!({"fired": ["b"]}), &actual)[0].path, "/fired/0");
    }
}
