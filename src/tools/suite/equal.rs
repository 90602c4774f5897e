//! Whether two outputs are equal as CEL compares them, kinds of number apart.
//!
//! In:      values in the canonical form (`lang::value::json`).
//! Out:     what `==` says of them: numbers are compared by value, maps without order.
//! Imports: nothing of ours.

use std::cmp::Ordering;

use serde_json::{Map, Value as Json};

/// Whether `a == b` holds.
#[must_use]
pub(super) fn equal(a: &Json, b: &Json) -> bool {
    if let (Some(a), Some(b)) = (Number::of(a), Number::of(b)) {
        return a.equals(b);
    }
    match (a, b) {
        (Json::Array(a), Json::Array(b)) => all_equal(a, b),
        (Json::Object(own), Json::Object(other)) => match (optional(own), optional(other)) {
            (Some(own), Some(other)) => all_equal(own, other),
            (None, None) => match (entries(own), entries(other)) {
                (Some(own), Some(other)) => maps_equal(&own, &other),
                (None, None) => a == b,
                (Some(_), None) | (None, Some(_)) => false,
            },
            (Some(_), None) | (None, Some(_)) => false,
        },
        (a, b) => a == b,
    }
}

fn all_equal(a: &[Json], b: &[Json]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
}

fn maps_equal(a: &[(Json, &Json)], b: &[(Json, &Json)]) -> bool {
    let stands_in = |(key, value): &(Json, &Json)| {
        b.iter().any(|(other, there)| equal(key, other) && equal(value, there))
    };
    a.len() == b.len() && a.iter().all(stands_in)
}

/// The list of at most one value that an optional holds.
fn optional(object: &Map<String, Json>) -> Option<&[Json]> {
    tagged(object, "$o")?.as_array().map(Vec::as_slice)
}

/// The entries of a map; `None` for a value of another kind.
fn entries(object: &Map<String, Json>) -> Option<Vec<(Json, &Json)>> {
    if let Some(pairs) = tagged(object, "$m") {
        let pair = |pair: &'_ Json| match pair.as_array()?.as_slice() {
            [key, _] => Some(key.clone()),
            _ => None,
        };
        let keys = pairs.as_array()?.iter().map(|it| Some((pair(it)?, it.get(1)?)));
        return keys.collect();
    }
    let kind = object.keys().any(|key| key.starts_with('$') && !key.starts_with("$$"));
    let key = |key: &String| Json::from(key.as_str());
    (!kind).then(|| object.iter().map(|(name, value)| (key(name), value)).collect())
}

/// The only value of an object that names a kind.
fn tagged<'j>(object: &'j Map<String, Json>, kind: &str) -> Option<&'j Json> {
    object.get(kind).filter(|_| object.len() == 1)
}

/// A number of any kind.
#[derive(Clone, Copy)]
enum Number {
    Whole(i128),
    Double(f64),
}

impl Number {
    fn of(json: &Json) -> Option<Self> {
        match json {
            Json::Number(number) => number
                .as_i64()
                .map(|int| Self::Whole(int.into()))
                .or_else(|| number.as_u64().map(|uint| Self::Whole(uint.into())))
                .or_else(|| number.as_f64().map(Self::Double)),
            Json::Object(object) => match (tagged(object, "$u"), tagged(object, "$f")) {
                (Some(uint), _) => uint.as_u64().map(|uint| Self::Whole(uint.into())),
                (_, Some(double)) => double.as_str()?.parse().ok().map(Self::Double),
                (None, None) => None,
            },
            Json::Null | Json::Bool(_) | Json::String(_) | Json::Array(_) => None,
        }
    }

    fn equals(self, other: Self) -> bool {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => a == b,
            // A test that wants what is no number gets it.
            (Self::Double(a), Self::Double(b)) => {
                a.partial_cmp(&b) == Some(Ordering::Equal) || a.is_nan() && b.is_nan()
            }
            (Self::Whole(whole), Self::Double(double))
            | (Self::Double(double), Self::Whole(whole)) => {
                order(whole, double) == Some(Ordering::Equal)
            }
        }
    }
}

/// The order of numbers on one line, without rounding.
fn order(whole: i128, double: f64) -> Option<Ordering> {
    #[expect(clippy::cast_possible_truncation, reason = "a whole double below 2^64 fits")]
    let fits = || (double.fract() == 0.0 && double.abs() < 1.9e19).then_some(double as i128);
    fits().map(|double| whole.cmp(&double))
}

/// What a value is, in a word; `None` where its text says so.
#[must_use]
pub(super) fn kind(json: &Json) -> Option<&'static str> {
    let object = json.as_object().filter(|object| object.len() == 1)?;
    Some(match object.keys().next()?.as_str() {
        "$u" => "a uint",
        "$b" => "bytes",
        "$ts" => "a timestamp",
        "$d" => "a duration",
        "$f" => "a double",
        "$t" => "a type",
        "$ip" => "an IP address",
        "$cidr" => "a CIDR block",
        "$o" => "an optional",
        "$m" => "a map",
        "$message" => "a message",
        "$enum" => "a value of an enum",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_compared_by_value() {
        let alike = [
            (json!(5), json!({"$u": 5})),
            (json!([1]), json!([{"$u": 1}])),
            (json!(1.0), json!({"$u": 1})),
            (json!({"a": [1]}), json!({"a": [1.0]})),
            (
                json!({"$m": [[1, "a"], [2, 3]]}),
                json!({"$m": [[2.0, {"$u": 3}], [{"$u": 1}, "a"]]}),
            ),
            (json!({"$o": [1]}), json!({"$o": [1.0]})),
            (json!({"$f": "NaN"}), json!({"$f": "NaN"})),
            (json!({"$$u": 1}), json!({"$$u": 1.0})),
        ];
        for (a, b) in alike {
            assert!(equal(&a, &b) && equal(&b, &a), "{a} {b}");
        }
        let unlike = [
            (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992.0)),
            (json!(1), json!("1")),
            (json!("YQ=="), json!({"$b": "YQ=="})),
            (json!({"$o": [1]}), json!({"$o": []})),
            (json!({"$o": []}), json!({})),
            (json!({"a": 1}), json!({"a": 1, "b": 1})),
            (json!({"a": 1}), json!({"b": 1})),
            (json!({"$d": "1s"}), json!({"$ts": "1s"})),
            (json!([1]), json!([1, 1])),
        ];
        for (a, b) in unlike {
            assert!(!equal(&a, &b) && !equal(&b, &a), "{a} {b}");
        }
    }
}
