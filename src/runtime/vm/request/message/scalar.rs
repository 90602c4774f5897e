//! Values of fields without parts, in the JSON of Protocol Buffers.
//!
//! In:      a reader that stands on a value, and a kind of field.
//! Out:     the value, or what was wanted.
//! Imports: `lang`.

use crate::lang::value::base64::{self, Alphabet};
use crate::lang::value::message::{Kind, build};
use crate::lang::value::{Space, Tag, Value, duration, time};
use crate::runtime::vm::request::error::{Expected, InputKind};
use crate::runtime::vm::request::number::Number;
use crate::runtime::vm::request::reader::{Read, Reader};
use crate::runtime::vm::request::walk::Walk;

/// The enum whose value JSON spells null.
const NULL_VALUE: &[u8] = b"google.protobuf.NullValue";
/// The message that JSON spells as one string.
const FIELD_MASK: &[u8] = b"google.protobuf.FieldMask";

impl Walk<'_, '_> {
    pub(super) fn bytes(&mut self) -> Read<Value> {
        let text = self.quoted(Expected::Bytes)?;
        let value = self.text(text)?;
        let bytes = base64::decode(self.heap, &value, Alphabet::Either);
        bytes.ok_or(InputKind::WrongType(Expected::Bytes))
    }

    /// A number, as JSON or as a string that spells it.
    pub(super) fn number_of(&mut self, kind: Kind) -> Read<Value> {
        if self.reader.peek() != b'"' {
            if !matches!(self.reader.byte(), b'-' | b'0'..=b'9') {
                return Err(self.not(wanted_of(kind)));
            }
            return typed(kind, &self.reader.number()?);
        }
        let text = self.reader.string()?;
        let spelled = self.reader.slice(text);
        let double = matches!(kind, Kind::Double | Kind::Float);
        match spelled {
            b"NaN" if double => Ok(Value::double(f64::NAN)),
            b"Infinity" if double => Ok(Value::double(f64::INFINITY)),
            b"-Infinity" if double => Ok(Value::double(f64::NEG_INFINITY)),
            _ => number_in(kind, spelled),
        }
    }

    /// A value of an enum: its name or its number.
    pub(super) fn enumeration(&mut self, kind: u32) -> Read<Value> {
        let descriptors = self.heap.descriptors;
        let of = descriptors.enumeration(kind).ok_or(InputKind::UnknownType)?;
        let number = match self.reader.peek() {
            b'"' => {
                let text = self.reader.string()?;
                let value = self.text(text)?;
                of.number(self.heap.program_text, self.heap.bytes(&value))
            }
            b'n' if self.is_null_enum(kind) => self.reader.word(b"null").map(|()| Some(0))?,
            b'-' | b'0'..=b'9' => {
                let number = typed(Kind::Int32, &self.reader.number()?)?.signed();
                i32::try_from(number).ok().filter(|it| !descriptors.refuses(kind, *it))
            }
            _ => return Err(self.not(Expected::Enum)),
        };
        let number = number.ok_or(InputKind::WrongType(Expected::Enum))?;
        Ok(descriptors.enum_value(kind, number))
    }

    pub(super) fn is_null_enum(&self, kind: u32) -> bool {
        let of = self.heap.descriptors.enumeration(kind);
        of.is_some_and(|of| self.heap.bytes(&of.ty) == NULL_VALUE)
    }

    pub(super) fn is_field_mask(&self, kind: u32) -> bool {
        let of = self.heap.descriptors.message(kind);
        of.is_some_and(|of| self.heap.bytes(&of.ty) == FIELD_MASK)
    }

    /// A timestamp as RFC 3339, or a duration in seconds with an `s` behind.
    pub(super) fn time(&mut self, wanted: Expected) -> Read<Value> {
        let start = self.reader.at;
        let text = self.quoted(wanted)?;
        let value = self.text(text)?;
        let spelled = self.heap.str(&value);
        let parsed = if wanted == Expected::Timestamp {
            time::parse(spelled).ok().map(time::Instant::value)
        } else {
            let digit = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
            let plain = spelled.strip_suffix('s').is_some_and(|it| it.bytes().all(digit));
            duration::parse(spelled).ok().filter(|_| plain).map(Value::duration)
        };
        parsed.ok_or_else(|| {
            self.reader.at = start;
            InputKind::WrongType(wanted)
        })
    }

    /// The paths of a field mask, with commas between; in JSON their names are those of JSON.
    pub(super) fn field_mask(&mut self, kind: u32) -> Read<Value> {
        let text = self.quoted(Expected::String)?;
        let value = self.text(text)?;
        let full = |_| InputKind::TooMuchRead;
        let first = self.heap.store.height();
        self.heap.store.push_stack(Value::int(1)).map_err(full)?;
        let (height, mut at) = (self.heap.store.height(), 0);
        while at < value.len() as usize {
            let rest = self.heap.bytes(&value).get(at..).unwrap_or_default();
            let len = rest.iter().position(|byte| *byte == b',').unwrap_or(rest.len());
            let start = self.heap.store.text().len();
            for offset in at..at + len {
                let letter = self.heap.bytes(&value).get(offset).copied().unwrap_or_default();
                if letter.is_ascii_uppercase() {
                    self.heap.store.push_text(b"_").map_err(full)?;
                }
                self.heap.store.push_text(&[letter.to_ascii_lowercase()]).map_err(full)?;
            }
            let path = self.heap.finish_text(Tag::String, start).map_err(full)?;
            self.heap.store.push_stack(path).map_err(full)?;
            at += len + 1;
        }
        let len = u32::try_from(self.heap.store.height() - height).unwrap_or(u32::MAX);
        let off = self.heap.store.finish(height).map_err(full)?;
        if len == 0 {
            self.heap.store.drop_stack(first);
        } else {
            self.heap.store.push_stack(Value::list(Space::Arena, off, len, 1)).map_err(full)?;
        }
        build::finish(self.heap, kind, first).map_err(full)
    }
}

/// The number that a string spells.
pub(super) fn number_in(kind: Kind, spelled: &[u8]) -> Read<Value> {
    let wrong = InputKind::WrongType(wanted_of(kind));
    let mut inside = Reader::new(spelled);
    let number = inside.number().map_err(|_| wrong)?;
    if inside.is_at_end() { typed(kind, &number) } else { Err(wrong) }
}

/// What messages call a number of this kind.
const fn wanted_of(kind: Kind) -> Expected {
    match kind {
        Kind::Double | Kind::Float => Expected::Double,
        Kind::Uint32 | Kind::Uint64 | Kind::Fixed32 | Kind::Fixed64 => Expected::Uint,
        Kind::Int32
        | Kind::Int64
        | Kind::Sint32
        | Kind::Sint64
        | Kind::Sfixed32
        | Kind::Sfixed64
        | Kind::Bool
        | Kind::String
        | Kind::Bytes
        | Kind::Message { .. }
        | Kind::Enum(_) => Expected::Int,
    }
}

/// A number as this kind.
#[expect(clippy::cast_possible_truncation, reason = "a float is the nearest one")]
fn typed(kind: Kind, number: &Number<'_>) -> Read<Value> {
    let narrow = |fits: bool, value| if fits { Ok(value) } else { Err(InputKind::NumberRange) };
    match kind {
        Kind::Double => number.double(),
        Kind::Float => {
            let float = number.double()?.float() as f32;
            narrow(float.is_finite(), Value::double(float.into()))
        }
        Kind::Uint64 | Kind::Fixed64 => number.uint(),
        Kind::Uint32 | Kind::Fixed32 => {
            let value = number.uint()?;
            narrow(u32::try_from(value.bits()).is_ok(), value)
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => number.int(),
        Kind::Int32
        | Kind::Sint32
        | Kind::Sfixed32
        | Kind::Bool
        | Kind::String
        | Kind::Bytes
        | Kind::Message { .. }
        | Kind::Enum(_) => {
            let value = number.int()?;
            narrow(i32::try_from(value.signed()).is_ok(), value)
        }
    }
}
