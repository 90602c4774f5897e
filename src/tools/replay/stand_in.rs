//! Values that stand in for what a record withholds.
//!
//! In:      marks, as records have them.
//! Out:     for each a value that could have stood there: of its kind, of its size, in its bucket;
//!          the same for tokens that are the same, and another for each other.
//! Imports: nothing of ours.
//! Source:  `docs/unknowns.md`, "What is known of an unknown".

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

/// Elements or characters of a value that is made; a larger one stays empty.
const SIZE_MAX: u64 = 1 << 16;

/// The values that stand in for what was withheld in one context.
#[derive(Debug, Default)]
pub(super) struct StandIns {
    /// Numbers of tokens, from 1, by the name of their key and what that makes of a value.
    tokens: BTreeMap<[String; 2], u64>,
}

impl StandIns {
    /// The plainest value that fits a mark. `bound` reads a bound of a bucket.
    pub(super) fn of(&mut self, mark: &Map<String, Json>, bound: impl Fn(&Json) -> Json) -> Json {
        let text = |key: &str| mark.get(key).and_then(Json::as_str).unwrap_or_default();
        let kind = text("t");
        let made = match text("$x") {
            "range" => mark.get("lo").map(bound),
            "shape" => mark.get("n").and_then(Json::as_u64).and_then(|size| sized(kind, size)),
            "token" => {
                let next = self.tokens.len() as u64 + 1;
                let token = [text("k").to_owned(), text("h").to_owned()];
                numbered(kind, *self.tokens.entry(token).or_insert(next))
            }
            _ => None,
        };
        made.unwrap_or_else(|| plainest(kind))
    }
}

/// A value of so many characters, bytes or elements.
fn sized(kind: &str, size: u64) -> Option<Json> {
    let size = usize::try_from(size).ok().filter(|_| size <= SIZE_MAX)?;
    Some(match kind {
        "list" => json!(vec![""; size]),
        "map" => (0..size).map(|at| (format!("key-{at}"), json!(""))).collect(),
        // Zeros, in base64.
        "bytes" => {
            let rest = ["", "AA==", "AAA="].get(size % 3).copied().unwrap_or_default();
            json!("AAAA".repeat(size / 3) + rest)
        }
        "string" => json!("x".repeat(size)),
        _ => return None,
    })
}

/// The value number `at` of a kind, from 1; `None` where it has not as many.
fn numbered(kind: &str, at: u64) -> Option<Json> {
    Some(match kind {
        "string" => json!(format!("token-{at}")),
        "int" | "uint" => json!(at),
        "bool" if at <= 2 => json!(at == 2),
        "timestamp" if at < 60 => json!(format!("1970-01-01T00:00:{at:02}Z")),
        "duration" => json!(format!("{at}s")),
        _ => return None,
    })
}

/// The plainest value of a kind.
fn plainest(kind: &str) -> Json {
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

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::StandIns;

    fn all(marks: &[Json]) -> Vec<Json> {
        let mut stand_ins = StandIns::default();
        let one = |mark: &Json| stand_ins.of(mark.as_object().expect("a mark"), Json::clone);
        marks.iter().map(one).collect()
    }

    #[test]
    fn they_fit_what_is_known() {
        let shape = |kind: &str, size: u64| json!({"$x": "shape", "t": kind, "n": size});
        let made = all(&[
            json!({"$x": "range", "t": "int", "lo": 1000, "hi": 5000}),
            json!({"$x": "range", "t": "double", "lo": -2.5, "hi": 0.0}),
            shape("string", 3),
            shape("list", 2),
            shape("map", 2),
            shape("bytes", 5),
            shape("string", 1 << 40),
            json!({"$x": "seal", "t": "int", "c": "s256:51"}),
            json!({"$x": "hide"}),
        ]);
        let map = json!({"key-0": "", "key-1": ""});
        let fit = [json!(1000), json!(-2.5), json!("xxx"), json!(["", ""]), map];
        let rest = [json!("AAAAAAA="), json!(""), json!(0), json!("")];
        assert_eq!(made, [fit.as_slice(), &rest].concat());
    }

    #[test]
    fn equal_tokens_are_equal_and_others_are_not() {
        let token = |key: &str, hash: &str, kind: &str| {
            let (class, of) = ("token", kind);
            json!({"$x": class, "t": of, "k": key, "h": hash})
        };
        let made = all(&[
            token("a", "hs256:1", "string"),
            token("a", "hs256:2", "string"),
            token("a", "hs256:1", "string"),
            token("b", "hs256:1", "string"),
            token("c", "hs256:1", "int"),
        ]);
        let told = [json!("token-1"), json!("token-2"), json!("token-1"), json!("token-3")];
        assert_eq!(made, [told.as_slice(), &[json!(4)]].concat());
    }
}
