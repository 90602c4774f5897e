//! JSON numbers: read once, then taken as the kind that is wanted, exactly.
//!
//! In:      a reader that stands on a number.
//! Out:     `Number`; from it an int, a uint, a double.
//! Imports: none but the reader.

use crate::lang::value::Value;
use crate::runtime::vm::request::error::{InputKind, Wanted};
use crate::runtime::vm::request::reader::{Read, Reader};

/// A number as it is spelled: `mantissa * 10^exponent`, if `digits` is at most 19.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Number<'a> {
    text: &'a [u8],
    negative: bool,
    mantissa: u64,
    /// Digits from the first that is not zero.
    digits: u32,
    exponent: i32,
    /// Neither point nor exponent.
    integer: bool,
}

/// Digits that always fit 64 bits.
const DIGITS: u32 = 19;

impl<'a> Reader<'a> {
    /// Reads an int of at most 18 digits that is spelled as one; `None`, and nothing is read, if
    /// anything else stands here.
    #[inline]
    pub(in crate::runtime) fn short_int(&mut self) -> Option<i64> {
        let rest = self.bytes.get(self.at..)?;
        let negative = rest.first() == Some(&b'-');
        let digits = rest.get(usize::from(negative)..)?;
        let (mut int, mut count) = (0_i64, 0);
        let next = loop {
            let byte = digits.get(count).copied().unwrap_or(0);
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 || count == 18 {
                break byte;
            }
            int = int * 10 + i64::from(digit);
            count += 1;
        };
        let leading_zero = count > 1 && digits.first() == Some(&b'0');
        if count == 0 || leading_zero || matches!(next, b'.' | b'e' | b'E' | b'0'..=b'9') {
            return None;
        }
        self.at += count + usize::from(negative);
        Some(if negative { -int } else { int })
    }

    /// Reads a number.
    #[inline]
    pub(in crate::runtime) fn number(&mut self) -> Read<Number<'a>> {
        let start = self.at;
        let negative = self.byte() == b'-';
        self.at += usize::from(negative);
        let mut number =
            Number { text: &[], negative, mantissa: 0, digits: 0, exponent: 0, integer: true };
        if self.byte() == b'0' {
            self.at += 1;
        } else {
            self.digits(&mut number)?;
        }
        if self.byte() == b'.' {
            self.at += 1;
            let before = self.at;
            self.digits(&mut number)?;
            number.integer = false;
            number.exponent = i32::try_from(self.at - before).map_or(i32::MIN, |n| -n);
        }
        if matches!(self.byte(), b'e' | b'E') {
            self.at += 1;
            number.integer = false;
            number.exponent = number.exponent.saturating_add(self.exponent()?);
        }
        number.text = self.bytes.get(start..self.at).unwrap_or_default();
        Ok(number)
    }

    #[inline]
    fn digits(&mut self, number: &mut Number<'_>) -> Read<()> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (mut mantissa, mut digits, mut count) = (number.mantissa, number.digits, 0);
        for byte in rest {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
            digits += u32::from(digits > 0 || digit > 0);
            count += 1;
        }
        (number.mantissa, number.digits) = (mantissa, digits);
        self.at += count;
        if count == 0 { Err(self.unexpected()) } else { Ok(()) }
    }

    fn exponent(&mut self) -> Read<i32> {
        let negative = self.byte() == b'-';
        self.at += usize::from(matches!(self.byte(), b'+' | b'-'));
        let start = self.at;
        let mut exponent = 0_i32;
        while self.byte().is_ascii_digit() {
            let digit = i32::from(self.byte() - b'0');
            exponent = exponent.saturating_mul(10).saturating_add(digit);
            self.at += 1;
        }
        if self.at == start {
            return Err(self.unexpected());
        }
        Ok(if negative { -exponent } else { exponent })
    }
}

impl Number<'_> {
    /// Without a schema: an int where it is spelled as one, a uint above, else a double.
    pub(in crate::runtime) fn any(&self) -> Read<Value> {
        if !self.integer {
            return self.double();
        }
        match self.whole() {
            Some(whole) => match (i64::try_from(whole), u64::try_from(whole)) {
                (Ok(int), _) => Ok(Value::int(int)),
                (Err(_), Ok(uint)) => Ok(Value::uint(uint)),
                (Err(_), Err(_)) => Err(InputKind::NumberRange),
            },
            None => Err(InputKind::NumberRange),
        }
    }

    /// As an int; `5.0` and `5e2` are ints too.
    #[inline]
    pub(in crate::runtime) fn int(&self) -> Read<Value> {
        if self.integer && self.digits < DIGITS {
            let int = self.mantissa.cast_signed();
            return Ok(Value::int(if self.negative { -int } else { int }));
        }
        let whole = self.whole().ok_or_else(|| self.not(Wanted::Int))?;
        i64::try_from(whole).map(Value::int).map_err(|_| InputKind::NumberRange)
    }

    /// As a uint, likewise.
    pub(in crate::runtime) fn uint(&self) -> Read<Value> {
        let whole = self.whole().ok_or_else(|| self.not(Wanted::Uint))?;
        u64::try_from(whole).map(Value::uint).map_err(|_| InputKind::NumberRange)
    }

    /// As the nearest double.
    #[inline]
    pub(in crate::runtime) fn double(&self) -> Read<Value> {
        if let Some(double) = self.exact_double() {
            return Ok(Value::double(double));
        }
        let text = std::str::from_utf8(self.text).unwrap_or_default();
        match text.parse::<f64>() {
            Ok(double) if double.is_finite() => Ok(Value::double(double)),
            Ok(_) | Err(_) => Err(InputKind::NumberRange),
        }
    }

    /// Where mantissa and power of ten are doubles themselves, one operation rounds rightly.
    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "at most 2^53, so exact")]
    fn exact_double(&self) -> Option<f64> {
        const POWERS: [f64; 23] = [
            1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
            1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
        ];
        if self.digits > 15 {
            return None;
        }
        let power = *POWERS.get(self.exponent.unsigned_abs() as usize)?;
        let mantissa = self.mantissa as f64;
        let double = if self.exponent < 0 { mantissa / power } else { mantissa * power };
        Some(if self.negative { -double } else { double })
    }

    /// The value, if it is a whole number that fits 128 bits.
    fn whole(&self) -> Option<i128> {
        let sign = if self.negative { -1 } else { 1 };
        if self.digits == 0 {
            return Some(0);
        }
        if self.integer && self.digits <= DIGITS {
            return Some(sign * i128::from(self.mantissa));
        }
        // Leading zeros do not count, trailing ones belong to the exponent.
        let end = self.text.iter().position(|byte| matches!(byte, b'e' | b'E'));
        let spelled = self.text.get(..end.unwrap_or(self.text.len()))?;
        let zeros = spelled.iter().rev().filter(|byte| **byte != b'.');
        let zeros = zeros.take_while(|byte| **byte == b'0').count();
        let keep = spelled.iter().filter(|byte| byte.is_ascii_digit()).count() - zeros;
        let mut whole = 0_i128;
        for byte in spelled.iter().filter(|byte| byte.is_ascii_digit()).take(keep) {
            whole = whole.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
        }
        let exponent = self.exponent.checked_add(i32::try_from(zeros).ok()?)?;
        let scale = 10_i128.checked_pow(u32::try_from(exponent).ok()?)?;
        Some(sign * whole.checked_mul(scale)?)
    }

    /// Why it is not a whole number of the wanted kind: a fraction, or far out of range.
    fn not(&self, wanted: Wanted) -> InputKind {
        if self.integer { InputKind::NumberRange } else { InputKind::WrongType(wanted) }
    }
}
