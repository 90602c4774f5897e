//! Values as a record spells them: what kind they are, how large, and what stands for them.
//!
//! In:      typed JSON that was read once, and so is JSON.
//! Out:     kinds, sizes, buckets, tokens; pointers to values.
//! Imports: `lang`, `runtime::vm`.

use std::cmp::Ordering;
use std::fmt::Write;

use crate::lang::value::text::{DoubleForm, write_double};
use crate::lang::value::{Tag, Value, compare, scan};
use crate::runtime::record::seal::TokenKey;
use crate::runtime::record::text::{DECIMAL, Line, decimal};
use crate::runtime::vm::request::reader::Reader;

/// What an object is whose first key marks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// A value that is withheld.
    Withheld,
    /// A value of a kind that JSON lacks.
    Kind(&'static str),
}

impl Mark {
    /// The mark that begins at `at`; `None` where anything else does.
    pub(super) fn at(json: &[u8], at: u32) -> Option<Self> {
        let rest = json.get(at as usize..)?.strip_prefix(b"{\"$")?;
        let name = rest.split(|byte| *byte == b'"').next()?;
        match name {
            [b'$', ..] => None,
            b"x" => Some(Self::Withheld),
            b"u" => Some(Self::Kind("uint")),
            b"b" => Some(Self::Kind("bytes")),
            b"ts" => Some(Self::Kind("timestamp")),
            b"d" => Some(Self::Kind("duration")),
            _ => Some(Self::Kind("double")),
        }
    }
}

/// A value that stands in a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain<'a> {
    json: &'a [u8],
    mark: Option<Mark>,
    /// The number that it is spelled as.
    number: Option<Value>,
}

impl<'a> Plain<'a> {
    /// The value that `json` spells.
    pub(super) fn of(json: &'a [u8], mark: Option<Mark>) -> Self {
        let mut reader = Reader::new(json);
        let spelled = matches!(reader.peek(), b'-' | b'0'..=b'9');
        let number = if spelled { reader.number().and_then(|it| it.any()).ok() } else { None };
        Self { json, mark, number }
    }

    /// Its kind, as marks name it.
    pub(super) fn kind(&self) -> &'static str {
        match (self.mark, self.number.map(|it| it.tag()), self.json.first()) {
            (Some(Mark::Kind(kind)), ..) => kind,
            (_, Some(Tag::Int), _) => "int",
            (_, Some(Tag::Uint), _) => "uint",
            (_, Some(_), _) => "double",
            (_, _, Some(b'"')) => "string",
            (_, _, Some(b'[')) => "list",
            (_, _, Some(b't' | b'f')) => "bool",
            (_, _, Some(b'n')) => "null",
            _ => "map",
        }
    }

    /// Its size, as `size()` tells it.
    pub(super) fn size(&self) -> Option<u64> {
        let inside = || self.json.get(1..self.json.len().checked_sub(1)?);
        match (self.mark, self.json.first()?) {
            (None, b'"') => {
                let mut size = 0;
                unescape(inside()?, |_| size += 1)?;
                Some(size)
            }
            (None, b'[') => parts(inside()?, false),
            (None, b'{') => parts(inside()?, true),
            _ => None,
        }
    }

    /// Its token under `key`; `None` where equal values of its kind may be spelled in several ways
    /// that nothing tells apart. `text` is memory.
    pub(super) fn token(&self, key: &TokenKey, text: &mut String) -> Option<[u8; 32]> {
        text.clear();
        let kind = match (self.mark, self.number, self.json.first()?) {
            (None, Some(number), _) => {
                if number.tag() == Tag::Int {
                    write!(text, "{}", number.signed()).ok()?;
                } else if number.tag() == Tag::Uint {
                    write!(text, "{}", number.bits()).ok()?;
                } else {
                    return None;
                }
                b'n'
            }
            (None, _, b'"') => {
                let inside = self.json.get(1..self.json.len().checked_sub(1)?)?;
                if !inside.contains(&b'\\') {
                    return Some(key.token(b's', inside));
                }
                unescape(inside, |character| text.push(character))?;
                b's'
            }
            (None, _, b't' | b'f') => {
                text.push_str(std::str::from_utf8(self.json).ok()?);
                b'b'
            }
            _ => return None,
        };
        Some(key.token(kind, text.as_bytes()))
    }

    /// The bounds between which it lies, whoever reads it: as the number that it is, and as the
    /// nearest double.
    pub(super) fn bucket<'b>(&self, bounds: &'b [Value]) -> Option<[&'b Value; 2]> {
        let number = self.number?;
        let double = Reader::new(self.json).number().and_then(|it| it.double()).ok()?;
        let within = |[least, end]: &&[Value; 2]| {
            [number, double].iter().all(|value| {
                let above = compare::numbers(least, value);
                let below = compare::numbers(value, end);
                matches!(above, Some(Ordering::Less | Ordering::Equal))
                    && below == Some(Ordering::Less)
            })
        };
        let [least, end] = bounds.array_windows().find(within)?;
        Some([least, end])
    }
}

/// How many members or elements stand between brackets.
fn parts(inside: &[u8], object: bool) -> Option<u64> {
    let mut reader = Reader::new(inside);
    let mut count = 0;
    while !reader.is_at_end() {
        if count > 0 {
            reader.expect(b',').ok()?;
        }
        if object {
            reader.key().ok()?;
        }
        reader.skip(0).ok()?;
        count += 1;
    }
    Some(count)
}

/// Hands on the characters of the inside of a JSON string, one after the other.
pub(super) fn unescape(text: &[u8], mut take: impl FnMut(char)) -> Option<()> {
    let mut reader = Reader::new(text);
    while !reader.is_at_end() {
        let end = scan::text_end(text, reader.at);
        let plain = text.get(reader.at as usize..end as usize)?;
        std::str::from_utf8(plain).ok()?.chars().for_each(&mut take);
        reader.at = end;
        if !reader.is_at_end() {
            take(reader.escape().ok()?);
        }
    }
    Some(())
}

/// Appends the number of an element to a JSON Pointer.
pub(super) fn point_at(number: u32, path: &mut String) {
    path.push('/');
    path.extend(decimal(number.into(), &mut [0; DECIMAL]).iter().copied().map(char::from));
}

/// What a record says of a value that it withholds.
#[derive(Clone, Copy, Debug)]
pub(super) enum RedactedValue<'a> {
    /// Not even whether it is there.
    Nothing,
    /// Its kind alone.
    Kind,
    /// A commitment to it.
    Seal([u8; 32]),
    /// The name of a key, and what that makes of it.
    Token(&'a str, [u8; 32]),
    /// Its size.
    Size(u64),
    /// Between what it lies.
    Bucket([&'a Value; 2]),
}

/// Writes the mark of a value of kind `kind`.
pub(super) fn write(kind: &str, told: &RedactedValue<'_>, line: &mut Line<'_>) {
    let class = match told {
        RedactedValue::Nothing => return line.put("{\"$x\":\"hide\"}"),
        RedactedValue::Kind => "drop",
        RedactedValue::Seal(_) => "seal",
        RedactedValue::Token(..) => "token",
        RedactedValue::Size(_) => "shape",
        RedactedValue::Bucket(_) => "range",
    };
    for part in ["{\"$x\":\"", class, "\",\"t\":\"", kind, "\""] {
        line.put(part);
    }
    match told {
        RedactedValue::Nothing | RedactedValue::Kind => {}
        RedactedValue::Seal(commitment) => {
            line.put(",\"c\":");
            line.hex("s256", commitment);
        }
        RedactedValue::Token(key, token) => {
            line.put(",\"k\":");
            line.text(key);
            line.put(",\"h\":");
            line.hex("hs256", token);
        }
        RedactedValue::Size(size) => {
            line.put(",\"n\":");
            line.number(*size);
        }
        RedactedValue::Bucket([least, end]) => {
            line.put(",\"lo\":");
            bound(least, line);
            line.put(",\"hi\":");
            bound(end, line);
        }
    }
    line.put("}");
}

/// Writes a bound of a bucket.
fn bound(bound: &Value, line: &mut Line<'_>) {
    if bound.tag() == Tag::Int {
        line.signed(bound.signed());
    } else {
        // Writing to bytes does not fail.
        let _ = write_double(line, bound.float(), DoubleForm::Literal);
    }
}
