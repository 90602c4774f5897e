//! Values of columns as the JSON of a line, there and back.
//!
//! In:      the bytes of a value in a line, and the kind of its column; a value.
//! Out:     the value; the bytes that we spell it with.
//! Imports: `lang`, `tools::inspect`.
//!
//! What is spelled as we would is left out of `rest`, and put in again from its column.

use std::borrow::Cow;

use crate::lang::value::text::{DoubleForm, write_double};
use crate::lang::value::{json, time};
use crate::tools::inspect::{digest_text, read_digest};
use crate::tools::replay::pack::layout::Kind;

/// A value of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// A text, JSON or a digest.
    Bytes(Cow<'a, [u8]>),
    /// An int, or nanoseconds since the epoch.
    Int(i64),
    /// A double; whether it is spelled as an int.
    Double(f64, bool),
    /// A bool.
    Bool(bool),
    /// Texts.
    Texts(Vec<Cow<'a, [u8]>>),
}

/// Ints up to here are doubles, each its own.
const EXACT_MAX: u64 = 1 << 53;

impl<'a> Value<'a> {
    /// The value that `spelled` is in a column of `kind`; `None` if it is none of its.
    #[must_use]
    pub fn read(kind: Kind, spelled: &'a [u8]) -> Option<Self> {
        match kind {
            Kind::Text => text(spelled).map(Value::Bytes),
            Kind::Json => {
                std::str::from_utf8(spelled).ok()?;
                Some(Value::Bytes(Cow::Borrowed(spelled)))
            }
            Kind::Int => std::str::from_utf8(spelled).ok()?.parse().ok().map(Value::Int),
            Kind::Double => double(spelled),
            Kind::Bool => match spelled {
                b"true" => Some(Value::Bool(true)),
                b"false" => Some(Value::Bool(false)),
                _ => None,
            },
            Kind::Time => {
                let text = text(spelled)?;
                let at = time::parse(std::str::from_utf8(&text).ok()?).ok()?;
                i64::try_from(at.nanoseconds()).ok().map(Value::Int)
            }
            Kind::Digest => {
                let text = text(spelled)?;
                let digest = read_digest(std::str::from_utf8(&text).ok()?)?;
                Some(Value::Bytes(Cow::Owned(digest.to_vec())))
            }
            Kind::Texts => {
                let texts: Vec<Cow<'_, str>> = if spelled.contains(&b'\\') {
                    let texts: Vec<String> = serde_json::from_slice(spelled).ok()?;
                    texts.into_iter().map(Cow::Owned).collect()
                } else {
                    let texts: Vec<&str> = serde_json::from_slice(spelled).ok()?;
                    texts.into_iter().map(Cow::Borrowed).collect()
                };
                Some(Value::Texts(texts.into_iter().map(bytes).collect()))
            }
            Kind::Bytes => Some(Value::Bytes(Cow::Borrowed(spelled))),
        }
    }

    /// Appends the value as we spell it.
    pub fn spell(&self, kind: Kind, out: &mut Vec<u8>) {
        match (self, kind) {
            (Value::Bytes(bytes), Kind::Text) => quoted(bytes, out),
            (Value::Bytes(bytes), Kind::Digest) => {
                let digest: [u8; 32] = bytes.as_ref().try_into().unwrap_or_default();
                quoted(digest_text(&digest).as_bytes(), out);
            }
            (Value::Bytes(bytes), _) => out.extend_from_slice(bytes),
            (Value::Int(nanoseconds), Kind::Time) => {
                let at = time::from_nanoseconds(i128::from(*nanoseconds));
                quoted(at.map(|at| at.to_string()).unwrap_or_default().as_bytes(), out);
            }
            (Value::Int(number), _) => out.extend_from_slice(number.to_string().as_bytes()),
            (Value::Double(number, as_int), _) => {
                let form = if *as_int { DoubleForm::Text } else { DoubleForm::Literal };
                let mut text = String::new();
                // Writing to a string does not fail.
                let _ = write_double(&mut text, *number, form);
                out.extend_from_slice(text.as_bytes());
            }
            (Value::Bool(holds), _) => {
                out.extend_from_slice(if *holds { b"true" } else { b"false" });
            }
            (Value::Texts(texts), _) => {
                out.push(b'[');
                for (at, text) in texts.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    quoted(text, out);
                }
                out.push(b']');
            }
        }
    }

    /// Whether equal values of its column are spelled alike wherever they are read.
    #[must_use]
    pub const fn tells_its_spelling(&self) -> bool {
        // A number may be spelled in many ways, and what it is hangs on who reads it.
        matches!(self, Value::Bytes(_) | Value::Bool(_) | Value::Texts(_))
    }
}

fn bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// The text of a JSON string.
fn text(spelled: &[u8]) -> Option<Cow<'_, [u8]>> {
    let inside = spelled.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let plain = |byte: &u8| !matches!(byte, 0..=0x1F | b'"' | b'\\');
    if inside.iter().all(plain) {
        std::str::from_utf8(inside).ok()?;
        return Some(Cow::Borrowed(inside));
    }
    let text: String = serde_json::from_slice(spelled).ok()?;
    Some(Cow::Owned(text.into_bytes()))
}

/// A number that a column of doubles holds.
fn double(spelled: &[u8]) -> Option<Value<'static>> {
    let text = std::str::from_utf8(spelled).ok()?;
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    let as_int = digits.bytes().all(|byte| byte.is_ascii_digit());
    let exact = if as_int {
        // The next int is rounded to the last of them.
        digits.parse().is_ok_and(|whole: u64| whole <= EXACT_MAX)
    } else {
        number.is_finite()
    };
    exact.then_some(Value::Double(number, as_int))
}

fn quoted(text: &[u8], out: &mut Vec<u8>) {
    let plain = |byte: &u8| !matches!(byte, 0..=0x1F | b'"' | b'\\');
    if text.iter().all(plain) {
        out.push(b'"');
        out.extend_from_slice(text);
        out.push(b'"');
        return;
    }
    let mut spelled = String::with_capacity(text.len() + 8);
    // Writing to a string does not fail.
    let _ = json::write_string(&mut spelled, "", &String::from_utf8_lossy(text));
    out.extend_from_slice(spelled.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::{Kind, Value};

    fn again(kind: Kind, spelled: &str) -> Option<String> {
        let value = Value::read(kind, spelled.as_bytes())?;
        let mut out = Vec::new();
        value.spell(kind, &mut out);
        Some(String::from_utf8(out).expect("UTF-8"))
    }

    #[test]
    fn what_is_spelled_as_we_do_comes_back() {
        let digest = format!("\"sha256:{}\"", "0f".repeat(32));
        let cases = [
            (Kind::Text, r#""a b""#),
            (Kind::Text, r#""a\n\"\\é""#),
            (Kind::Json, r#"{"a" : [1, 2.0]}"#),
            (Kind::Int, "-9223372036854775808"),
            (Kind::Double, "0.5"),
            (Kind::Double, "25000"),
            (Kind::Double, "25000.0"),
            (Kind::Double, "1e+21"),
            (Kind::Double, "-0.0"),
            (Kind::Bool, "false"),
            (Kind::Time, r#""2026-11-19T14:03:22.481907112Z""#),
            (Kind::Digest, digest.as_str()),
            (Kind::Texts, r#"["a","b\t"]"#),
            (Kind::Texts, "[]"),
        ];
        for (kind, spelled) in cases {
            assert_eq!(again(kind, spelled).as_deref(), Some(spelled), "{kind:?}");
        }
    }

    #[test]
    fn what_is_spelled_otherwise_shows() {
        let cases = [
            (Kind::Text, r#""\u0061""#, Some(r#""a""#)),
            (Kind::Int, "5.0", None),
            (Kind::Int, "007", Some("7")),
            (Kind::Int, "9223372036854775808", None),
            (Kind::Double, "1.50", Some("1.5")),
            (Kind::Double, "9007199254740993", None),
            (Kind::Double, "1e400", None),
            (Kind::Double, "nan", None),
            (Kind::Double, "1e2", Some("100.0")),
            (Kind::Time, r#""2026-11-19T15:03:22+01:00""#, Some(r#""2026-11-19T14:03:22Z""#)),
            (Kind::Time, r#""9999-11-19T15:03:22Z""#, None),
            (Kind::Texts, r#"["a", "b"]"#, Some(r#"["a","b"]"#)),
            (Kind::Texts, r#"["a",1]"#, None),
            (Kind::Text, r#""\ud800""#, None),
        ];
        for (kind, spelled, wanted) in cases {
            assert_eq!(again(kind, spelled).as_deref(), wanted, "{kind:?} {spelled}");
        }
    }
}
