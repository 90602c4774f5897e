//! `format`: text with clauses such as `%s` and `%.2f`.
//!
//! In:      a format, a list of values.
//! Out:     a string.
//! Imports: `base`.
//! Source:  the conformance tests `string_ext`; where they are silent, cel-go's `ext/formatting`.

use std::fmt::{self, Write};

use crate::base::limits::VALUE_DEPTH_MAX;
use crate::lang::error::EvalError;
use crate::lang::functions::{Outcome, expect};
use crate::lang::value::heap::{Heap, Store};
use crate::lang::value::text::{Buffer, write_scalar};
use crate::lang::value::{Tag, Value};

/// Digits behind the point unless a clause says otherwise.
const PRECISION: usize = 6;
/// Most digits behind the point.
const PRECISION_MAX: usize = 100;

/// `format.format(list)`
pub(super) fn format(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let [text, list] = args else { return Err(EvalError::NoSuchOverload) };
    expect(text, Tag::String)?;
    expect(list, Tag::List)?;
    let (start, mut at, mut used) = (heap.store.mark().0, 0, 0);
    while let Some(byte) = heap.bytes(text).get(at).copied() {
        let rest = heap.bytes(text).get(at..).unwrap_or_default();
        if byte != b'%' {
            let plain = rest.iter().take_while(|byte| **byte != b'%').count();
            let off = text.off() + u32::try_from(at).map_err(|_| EvalError::Budget)?;
            let part = rest.get(..plain).unwrap_or_default();
            let part = Value::text(Tag::String, text.space(), off, part);
            heap.append(&part)?;
            at += plain;
            continue;
        }
        let clause = Clause::read(rest)?;
        at += clause.len;
        if clause.verb == b'%' {
            heap.store.push_text(b"%")?;
            continue;
        }
        let value = heap.elements(list).get(used).copied().ok_or(EvalError::InvalidArgument)?;
        used += 1;
        clause.write(heap, &value)?;
    }
    heap.finish_text(Tag::String, start)
}

/// A clause of a format.
struct Clause {
    verb: u8,
    precision: usize,
    len: usize,
}

impl Clause {
    fn read(text: &[u8]) -> Result<Self, EvalError> {
        let rest = text.get(1..).unwrap_or_default();
        let Some(digits) = rest.strip_prefix(b".") else {
            let verb = *rest.first().ok_or(EvalError::InvalidArgument)?;
            return Ok(Self { verb, precision: PRECISION, len: 2 });
        };
        let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = digits.iter().take(count.min(4));
        let precision = number.fold(0, |sum, byte| sum * 10 + usize::from(byte & 15));
        let verb = *digits.get(count).ok_or(EvalError::InvalidArgument)?;
        let valid = count > 0 && precision <= PRECISION_MAX && matches!(verb, b'e' | b'f');
        if !valid || count > 4 {
            return Err(EvalError::InvalidArgument);
        }
        Ok(Self { verb, precision, len: count + 3 })
    }

    fn write(&self, heap: &mut Heap<'_>, value: &Value) -> Result<(), EvalError> {
        let integer = matches!(value.tag(), Tag::Int | Tag::Uint);
        let number = integer || value.tag() == Tag::Double;
        let text = matches!(value.tag(), Tag::String | Tag::Bytes);
        let bits = integer || value.tag() == Tag::Bool;
        match self.verb {
            b's' => write_value(heap, value, 0),
            b'd' if integer => plain(heap, value),
            b'd' if number => decimal(heap, value.float()),
            b'e' | b'f' if number => self.float(heap, value),
            b'b' if bits => radix(heap, value, |out, magnitude| write!(out, "{magnitude:b}")),
            b'o' if integer => radix(heap, value, |out, magnitude| write!(out, "{magnitude:o}")),
            b'x' if integer => radix(heap, value, |out, magnitude| write!(out, "{magnitude:x}")),
            b'X' if integer => radix(heap, value, |out, magnitude| write!(out, "{magnitude:X}")),
            b'x' if text => hexadecimal(heap, value, b"0123456789abcdef"),
            b'X' if text => hexadecimal(heap, value, b"0123456789ABCDEF"),
            _ => Err(EvalError::InvalidArgument),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "the nearest double is meant")]
    fn float(&self, heap: &mut Heap<'_>, value: &Value) -> Result<(), EvalError> {
        let double = match (value.tag(), value.bits()) {
            (Tag::Int, _) => value.signed() as f64,
            (Tag::Uint, bits) => bits as f64,
            _ => value.float(),
        };
        if !double.is_finite() {
            return decimal(heap, double);
        }
        let precision = self.precision;
        let mut out = Sink(heap.store);
        if self.verb == b'f' {
            return write!(out, "{double:.precision$}").map_err(full);
        }
        let mut scientific = Buffer::new();
        write!(scientific, "{double:.precision$e}").map_err(full)?;
        let text = scientific.as_str();
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let exponent: i32 = exponent.parse().unwrap_or_default();
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(out, "{mantissa}e{sign}{:02}", exponent.abs()).map_err(full)
    }
}

/// Writes to the text of a store.
struct Sink<'s>(&'s mut Store);

impl Write for Sink<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.push_text(text.as_bytes()).map(|_| ()).map_err(|_| fmt::Error)
    }
}

fn full(_: fmt::Error) -> EvalError {
    EvalError::Budget
}

/// Number, bool or timestamp, as `string()` writes it.
fn plain(heap: &mut Heap<'_>, value: &Value) -> Result<(), EvalError> {
    if write_scalar(&mut Sink(heap.store), value)? {
        Ok(())
    } else {
        Err(EvalError::InvalidArgument)
    }
}

/// A double with the fewest digits and no exponent.
fn decimal(heap: &mut Heap<'_>, double: f64) -> Result<(), EvalError> {
    let mut out = Sink(heap.store);
    if double.is_finite() {
        write!(out, "{double}").map_err(full)
    } else {
        write_scalar(&mut out, &Value::double(double)).map(|_| ())
    }
}

/// The double that is nearest to a duration in seconds.
#[expect(clippy::cast_precision_loss, reason = "it is rounded once, as the comment tells")]
fn seconds(nanos: i64) -> f64 {
    const SECOND: i64 = 1_000_000_000;
    if nanos.unsigned_abs() < 1 << f64::MANTISSA_DIGITS {
        return nanos as f64 / SECOND as f64;
    }
    // More digits than a double has. The sum rounds at 2^-30 of a second or coarser, and no
    // fraction but an exact one comes as near to the middle as the error of the quotient.
    (nanos / SECOND) as f64 + (nanos % SECOND) as f64 / SECOND as f64
}

/// A sign and the digits of the magnitude.
fn radix(
    heap: &mut Heap<'_>,
    value: &Value,
    digits: fn(&mut Sink<'_>, u64) -> fmt::Result,
) -> Result<(), EvalError> {
    let negative = value.tag() == Tag::Int && value.signed() < 0;
    let magnitude = if negative { value.signed().unsigned_abs() } else { value.bits() };
    let mut out = Sink(heap.store);
    out.write_str(if negative { "-" } else { "" }).map_err(full)?;
    digits(&mut out, magnitude).map_err(full)
}

fn hexadecimal(heap: &mut Heap<'_>, value: &Value, digits: &[u8; 16]) -> Result<(), EvalError> {
    let digit = |value: u8| digits.get(usize::from(value)).copied().unwrap_or(b'0');
    for at in 0..value.len() as usize {
        let byte = heap.bytes(value).get(at).copied().unwrap_or_default();
        heap.store.push_text(&[digit(byte >> 4), digit(byte & 15)])?;
    }
    Ok(())
}

/// A value as `%s` writes it.
fn write_value(heap: &mut Heap<'_>, value: &Value, depth: u32) -> Result<(), EvalError> {
    if depth > VALUE_DEPTH_MAX {
        return Err(EvalError::Budget);
    }
    match value.tag() {
        Tag::String | Tag::Type => heap.append(value),
        Tag::Bytes => write_lossy(heap, value),
        Tag::Null => heap.store.push_text(b"null").map(|_| ()),
        Tag::Double => decimal(heap, value.float()),
        Tag::Bool | Tag::Int | Tag::Uint | Tag::Timestamp => plain(heap, value),
        Tag::Duration => {
            decimal(heap, seconds(value.signed()))?;
            heap.store.push_text(b"s").map(|_| ())
        }
        Tag::List if value.columns() == 1 => write_list(heap, value, depth + 1),
        Tag::Map => {
            let height = heap.store.height();
            let written = write_map(heap, value, depth + 1);
            heap.store.drop_stack(height);
            written
        }
        Tag::Absent
        | Tag::Error
        | Tag::List
        | Tag::Optional
        | Tag::Ip
        | Tag::Cidr
        | Tag::Quantity
        | Tag::Semver
        | Tag::Message
        | Tag::Enum
        | Tag::Unknown => Err(EvalError::InvalidArgument),
    }
}

/// Bytes as text, with one U+FFFD for each row of bytes that are not UTF-8.
fn write_lossy(heap: &mut Heap<'_>, value: &Value) -> Result<(), EvalError> {
    let (mut at, mut replaced) = (0, false);
    while at < value.len() as usize {
        let rest = heap.bytes(value).get(at..).unwrap_or_default();
        let Some(chunk) = rest.utf8_chunks().next() else { break };
        let (valid, invalid) = (chunk.valid().len(), chunk.invalid().len());
        let off = value.off() + u32::try_from(at).map_err(|_| EvalError::Budget)?;
        let part = Value::text(Tag::String, value.space(), off, chunk.valid().as_bytes());
        heap.append(&part)?;
        if invalid > 0 && (valid > 0 || !replaced) {
            heap.store.push_text("\u{fffd}".as_bytes())?;
        }
        replaced = invalid > 0;
        at += valid + invalid;
    }
    Ok(())
}

fn write_list(heap: &mut Heap<'_>, list: &Value, depth: u32) -> Result<(), EvalError> {
    heap.store.push_text(b"[")?;
    for at in 0..list.len() as usize {
        heap.store.push_text(if at == 0 { b"" } else { b", " })?;
        let element = heap.elements(list).get(at).copied().unwrap_or(Value::NULL);
        write_value(heap, &element, depth)?;
    }
    heap.store.push_text(b"]").map(|_| ())
}

/// Entries are sorted by the text of their keys.
fn write_map(heap: &mut Heap<'_>, map: &Value, depth: u32) -> Result<(), EvalError> {
    let height = heap.store.height();
    for at in 0..2 * map.len() as usize {
        let value = heap.elements(map).get(at).copied().unwrap_or(Value::NULL);
        heap.store.push_stack(value)?;
    }
    let (view, stack) = heap.split(height);
    stack.as_chunks_mut::<2>().0.sort_unstable_by(|[a, _], [b, _]| {
        let (mut first, mut second) = (Buffer::new(), Buffer::new());
        // A key that is no string is a short one; its text always fits.
        let _ = (write_scalar(&mut first, a), write_scalar(&mut second, b));
        let is_text = |key: &Value| key.tag() == Tag::String;
        let first = if is_text(a) { view.bytes(a) } else { first.as_str().as_bytes() };
        let second = if is_text(b) { view.bytes(b) } else { second.as_str().as_bytes() };
        first.cmp(second)
    });
    heap.store.push_text(b"{")?;
    for at in 0..map.len() as usize {
        let (_, stack) = heap.split(height);
        let entry = stack.as_chunks::<2>().0.get(at).copied();
        let [key, value] = entry.unwrap_or([Value::NULL; 2]);
        heap.store.push_text(if at == 0 { b"" } else { b", " })?;
        write_value(heap, &key, depth)?;
        heap.store.push_text(b": ")?;
        write_value(heap, &value, depth)?;
    }
    heap.store.push_text(b"}").map(|_| ())
}
