//! Text: code points, numbers read and written.
//!
//! In:      the bytes of strings; values.
//! Out:     counts and offsets of code points, numbers, text.
//! Imports: its own room alone.
//! Source:  CEL language definition, section "Conversions".

use std::fmt::{self, Write};

use crate::lang::error::EvalError;
use crate::lang::value::duration::Seconds;
use crate::lang::value::heap::Heap;
use crate::lang::value::time::Instant;
use crate::lang::value::{Tag, Value, network};

/// Code points of a string, given as its UTF-8 bytes.
#[must_use]
pub fn code_points(text: &[u8]) -> usize {
    text.iter().filter(|byte| !is_continuation(**byte)).count()
}

/// Where code point `at` of a string begins, in bytes; the end of the text for the number of its
/// code points, `None` beyond.
#[must_use]
pub fn byte_offset(text: &[u8], at: usize) -> Option<usize> {
    let mut starts = text.iter().enumerate().filter(|(_, byte)| !is_continuation(**byte));
    let mut left = at;
    loop {
        match (left, starts.next()) {
            (0, start) => return Some(start.map_or(text.len(), |(start, _)| start)),
            (_, Some(_)) => left -= 1,
            (_, None) => return None,
        }
    }
}

const fn is_continuation(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

/// Reads a decimal int with an optional sign.
///
/// # Errors
/// `BadConversion` if it is not one, `Overflow` if it does not fit.
pub fn parse_int(text: &str) -> Result<i64, EvalError> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    decimal(digits)?;
    text.parse().map_err(|_| EvalError::Overflow)
}

/// Reads a decimal uint.
///
/// # Errors
/// `BadConversion` if it is not one, `Overflow` if it does not fit.
pub fn parse_uint(text: &str) -> Result<u64, EvalError> {
    decimal(text)?;
    text.parse().map_err(|_| EvalError::Overflow)
}

fn decimal(digits: &str) -> Result<(), EvalError> {
    let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if valid { Ok(()) } else { Err(EvalError::BadConversion) }
}

/// Reads a decimal double with optional sign, fraction and exponent, or `NaN`, `Infinity`,
/// `-Infinity` (also `Inf` for short, and with a plus).
///
/// # Errors
/// `BadConversion` if it is not one, `Overflow` if it lies beyond the largest double.
pub fn parse_double(text: &str) -> Result<f64, EvalError> {
    match text {
        "NaN" => return Ok(f64::NAN),
        "Infinity" | "+Infinity" | "Inf" | "+Inf" => return Ok(f64::INFINITY),
        "-Infinity" | "-Inf" => return Ok(f64::NEG_INFINITY),
        _ => {}
    }
    // The standard parser also takes words in any case; everything else it takes is ours.
    let words = |byte: u8| byte.is_ascii_alphabetic() && !matches!(byte, b'e' | b'E');
    if text.bytes().any(words) {
        return Err(EvalError::BadConversion);
    }
    let value: f64 = text.parse().map_err(|_| EvalError::BadConversion)?;
    if value.is_finite() { Ok(value) } else { Err(EvalError::Overflow) }
}

/// Reads a bool as CEL spells it.
///
/// # Errors
/// `BadConversion` if it is not one.
pub fn parse_bool(text: &str) -> Result<bool, EvalError> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(EvalError::BadConversion),
    }
}

/// A short text on the stack: numbers, timestamps and durations fit, also doubles with a hundred
/// digits and an exponent.
#[derive(Clone, Copy, Debug)]
pub struct Buffer {
    bytes: [u8; 128],
    len: usize,
}

impl Buffer {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: [0; 128], len: 0 }
    }

    /// What was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let written = self.bytes.get(..self.len).unwrap_or_default();
        std::str::from_utf8(written).unwrap_or_default()
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new()
    }
}

impl Write for Buffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        let room = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

/// How a double is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoubleForm {
    /// As `string()` does: `2`, `0.5`, `1e+21`, `1e-05`.
    Text,
    /// As a literal that is no int: `2.0`, `0.5`, `1e+21`.
    Literal,
}

/// Writes the shortest digits that read back as `value`; an exponent from 21 digits and below
/// four zeros. `NaN`, `Infinity` and `-Infinity` are words.
///
/// # Errors
/// What `out` answers.
pub fn write_double(out: &mut impl Write, value: f64, form: DoubleForm) -> fmt::Result {
    if !value.is_finite() {
        return out.write_str(match (value.is_nan(), value > 0.0) {
            (true, _) => "NaN",
            (false, true) => "Infinity",
            (false, false) => "-Infinity",
        });
    }
    let mut scientific = Buffer::new();
    write!(scientific, "{:e}", value.abs())?;
    let (mantissa, exponent) = scientific.as_str().split_once('e').unwrap_or(("0", "0"));
    let (first, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if value.is_sign_negative() {
        out.write_str("-")?;
    }
    if !(-4..21).contains(&exponent) {
        let point = if rest.is_empty() { "" } else { "." };
        let sign = if exponent < 0 { '-' } else { '+' };
        return write!(out, "{first}{point}{rest}e{sign}{:02}", exponent.abs());
    }
    let whole = usize::try_from(exponent).unwrap_or_default();
    if exponent < 0 {
        let zeros = usize::try_from(-exponent - 1).unwrap_or_default();
        return write!(out, "0.{:0>zeros$}{first}{rest}", "");
    }
    if whole < rest.len() {
        let (whole, fraction) = rest.split_at(whole);
        return write!(out, "{first}{whole}.{fraction}");
    }
    write!(out, "{first}{rest:0<whole$}")?;
    if form == DoubleForm::Literal { out.write_str(".0") } else { Ok(()) }
}

/// `string(value)`
///
/// # Errors
/// `BadConversion` if bytes are not UTF-8, `NoSuchOverload` if values of this kind have no text,
/// `Budget` if the text does not fit.
pub fn string(heap: &mut Heap<'_>, value: &Value) -> Result<Value, EvalError> {
    if value.tag() == Tag::String {
        return Ok(*value);
    }
    if value.tag() == Tag::Bytes {
        let bytes = heap.bytes(value);
        std::str::from_utf8(bytes).map_err(|_| EvalError::BadConversion)?;
        return Ok(Value::text(Tag::String, value.space(), value.off(), bytes));
    }
    let mut buffer = Buffer::new();
    if matches!(value.tag(), Tag::Ip | Tag::Cidr) {
        network::write(&mut buffer, heap.bytes(value)).map_err(|_| EvalError::Budget)?;
        heap.new_string(buffer.as_str())
    } else if write_scalar(&mut buffer, value)? {
        heap.new_string(buffer.as_str())
    } else {
        Err(EvalError::NoSuchOverload)
    }
}

/// Writes a number, bool, timestamp or duration as `string()` does; false for other kinds.
///
/// # Errors
/// `Budget` if `out` is full.
pub fn write_scalar(out: &mut impl Write, value: &Value) -> Result<bool, EvalError> {
    let written = match value.tag() {
        Tag::Bool => out.write_str(if value.bits() == 0 { "false" } else { "true" }),
        Tag::Int => write!(out, "{}", value.signed()),
        Tag::Uint => write!(out, "{}", value.bits()),
        Tag::Double => write_double(out, value.float(), DoubleForm::Text),
        Tag::Timestamp => write!(out, "{}", Instant::of(value)),
        Tag::Duration => write!(out, "{}", Seconds(value.signed())),
        Tag::Absent
        | Tag::Error
        | Tag::Null
        | Tag::String
        | Tag::Bytes
        | Tag::Type
        | Tag::List
        | Tag::Map
        | Tag::Optional
        | Tag::Ip
        | Tag::Cidr
        | Tag::Quantity
        | Tag::Semver
        | Tag::Message
        | Tag::Enum
        | Tag::Unknown => return Ok(false),
    };
    written.map(|()| true).map_err(|_| EvalError::Budget)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text_of(value: f64, form: DoubleForm) -> String {
        let mut out = String::new();
        write_double(&mut out, value, form).expect("a string takes everything");
        out
    }

    #[test]
    fn doubles_are_written_shortest() {
        let cases = [
            (-4.5e-3, "-0.0045"),
            (123.456, "123.456"),
            (6.022_14e23, "6.02214e+23"),
            (1.38e-23, "1.38e-23"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (0.0, "0"),
            (-0.0, "-0"),
            (100.0, "100"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (value, text) in cases {
            assert_eq!(text_of(value, DoubleForm::Text), text);
        }
        assert_eq!(text_of(100.0, DoubleForm::Literal), "100.0");
    }

    #[test]
    fn numbers_are_read_strictly() {
        assert_eq!(parse_int("-9223372036854775808"), Ok(i64::MIN));
        assert_eq!(parse_int("9223372036854775808"), Err(EvalError::Overflow));
        for text in ["", "-", "+-1", "1 ", "0x1", "1.0", "\u{661}"] {
            assert_eq!(parse_int(text), Err(EvalError::BadConversion), "{text}");
        }
        assert_eq!(parse_uint("-1"), Err(EvalError::BadConversion));
        assert_eq!(parse_double("1e400"), Err(EvalError::Overflow));
        for text in ["", "inf", "nan", "NAN", "1_0", "0x1", "e", "1e", "."] {
            assert_eq!(parse_double(text), Err(EvalError::BadConversion), "{text}");
        }
    }

    proptest! {
        #[test]
        fn doubles_read_back(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(!value.is_nan());
            for form in [DoubleForm::Text, DoubleForm::Literal] {
                let read = parse_double(&text_of(value, form)).expect("it was a double");
                prop_assert_eq!(read.to_bits(), bits);
            }
        }

        #[test]
        fn code_points_agree_with_chars(text in ".*", at in 0_usize..50) {
            prop_assert_eq!(code_points(text.as_bytes()), text.chars().count());
            let starts = text.char_indices().map(|(start, _)| start).chain([text.len()]);
            prop_assert_eq!(byte_offset(text.as_bytes(), at), starts.into_iter().nth(at));
        }
    }
}
