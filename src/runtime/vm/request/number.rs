//! JSON numbers: read once, then taken as the kind that is wanted, exactly.
//!
//! In:      a reader that stands on a number.
//! Out:     `Number`; from it an int, a uint, a double.
//! Imports: `lang`.

use crate::lang::value::{Value, scan};
use crate::runtime::vm::request::error::{Expected, InputKind};
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

/// 10 to the powers that are doubles themselves.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// 10 to this power, at most 8.
#[inline]
fn power(count: u32) -> u64 {
    const POWERS: [u64; 8] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];
    POWERS.get(count as usize).copied().unwrap_or(100_000_000)
}

/// At most 16 digits from `at` on: what they spell, and the place behind them.
#[inline]
fn short_digits(bytes: &[u8], at: u32) -> (u64, u32) {
    let word = scan::word(bytes, at);
    let count = scan::digits(word);
    if count == 0 {
        return (0, at);
    }
    let value = scan::decimal(word, count);
    if count < 8 { (value, at + count) } else { more_digits(bytes, at + 8, value) }
}

/// The digits behind the first eight.
#[inline(never)]
fn more_digits(bytes: &[u8], at: u32, value: u64) -> (u64, u32) {
    let word = scan::word(bytes, at);
    let count = scan::digits(word);
    let more = if count == 0 { 0 } else { scan::decimal(word, count) };
    (value * power(count) + more, at + count)
}

/// An int of at most 15 digits that is spelled as one, and the place behind it; `None` if anything
/// else stands at `at`.
#[expect(clippy::inline_always, reason = "a third of what contexts hold")]
#[inline(always)]
pub(in crate::runtime) fn short_int(bytes: &[u8], at: u32) -> Option<(i64, u32)> {
    let word = scan::word(bytes, at);
    let count = scan::digits(word);
    if count == 0 || count == 8 {
        return long_int(bytes, at);
    }
    let leading_zero = count > 1 && scan::zeros(word) > 0;
    let [next, ..] = (word >> (8 * count)).to_le_bytes();
    if leading_zero || goes_on(next) {
        return None;
    }
    Some((scan::decimal(word, count).cast_signed(), at + count))
}

/// Likewise, where it is negative or has eight digits or more.
#[inline(never)]
fn long_int(bytes: &[u8], at: u32) -> Option<(i64, u32)> {
    let negative = scan::byte(bytes, at) == b'-';
    let start = at + u32::from(negative);
    let (value, end) = short_digits(bytes, start);
    let leading_zero = end > start + 1 && scan::byte(bytes, start) == b'0';
    if end == start || end > start + 15 || leading_zero || goes_on(scan::byte(bytes, end)) {
        return None;
    }
    let value = value.cast_signed();
    Some((if negative { -value } else { value }, end))
}

/// Whether a number with this byte behind its digits has a fraction or an exponent.
#[inline]
const fn goes_on(next: u8) -> bool {
    next == b'.' || next | 0x20 == b'e'
}

/// A double without exponent and of few digits, and the place behind it; `None` if anything else
/// stands at `at`.
#[inline]
#[expect(clippy::cast_precision_loss, reason = "at most 2^53, so exact")]
pub(in crate::runtime) fn short_double(bytes: &[u8], at: u32) -> Option<(f64, u32)> {
    let negative = scan::byte(bytes, at) == b'-';
    let start = at + u32::from(negative);
    let (whole, point) = short_digits(bytes, start);
    let zero = point > start + 1 && scan::byte(bytes, start) == b'0';
    if point == start || point > start + 7 || zero {
        return None;
    }
    let (mut mantissa, mut end, mut places) = (whole, point, 0);
    if scan::byte(bytes, point) == b'.' {
        let (fraction, behind) = short_digits(bytes, point + 1);
        (end, places) = (behind, behind - point - 1);
        // Less than 10^17, so that nothing is lost; none at all is an error.
        if places == 0 || places + (point - start) > 17 {
            return None;
        }
        mantissa = whole * power(places.min(8)) * power(places.saturating_sub(8)) + fraction;
    }
    if mantissa > 1 << 53 || matches!(scan::byte(bytes, end), b'e' | b'E' | b'0'..=b'9') {
        return None;
    }
    // Two doubles: the quotient is rounded once, and rightly.
    let double = mantissa as f64 / POWERS.get(places as usize)?;
    Some((if negative { -double } else { double }, end))
}

/// The place behind a number without exponent; `None` if anything else stands at `at`.
#[inline]
pub(in crate::runtime) fn plain_end(bytes: &[u8], at: u32) -> Option<u32> {
    let start = at + u32::from(scan::byte(bytes, at) == b'-');
    let mut end = digits_end(bytes, start);
    if end == start || end > start + 1 && scan::byte(bytes, start) == b'0' {
        return None;
    }
    if scan::byte(bytes, end) == b'.' {
        let point = end;
        end = digits_end(bytes, point + 1);
        if end == point + 1 {
            return None;
        }
    }
    (!matches!(scan::byte(bytes, end), b'e' | b'E')).then_some(end)
}

/// The place of the first byte from `at` on that is no digit.
#[inline]
fn digits_end(bytes: &[u8], mut at: u32) -> u32 {
    loop {
        let count = scan::digits(scan::word(bytes, at));
        at += count;
        if count < 8 {
            return at;
        }
    }
}

impl<'a> Reader<'a> {
    /// Reads a number.
    #[inline]
    pub(in crate::runtime) fn number(&mut self) -> Read<Number<'a>> {
        let start = self.at;
        let negative = self.byte() == b'-';
        self.at += u32::from(negative);
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
        number.text = self.bytes.get(start as usize..self.at as usize).unwrap_or_default();
        Ok(number)
    }

    #[inline]
    fn digits(&mut self, number: &mut Number<'_>) -> Read<()> {
        let start = self.at;
        loop {
            let word = scan::word(self.bytes, self.at);
            let count = scan::digits(word);
            if count == 0 {
                break;
            }
            let value = scan::decimal(word, count);
            if number.digits > 0 {
                number.digits += count;
            } else {
                number.digits = count - scan::zeros(word);
            }
            number.mantissa = number.mantissa.wrapping_mul(power(count)).wrapping_add(value);
            self.at += count;
            if count < 8 {
                break;
            }
        }
        if self.at == start { Err(self.unexpected()) } else { Ok(()) }
    }

    fn exponent(&mut self) -> Read<i32> {
        let negative = self.byte() == b'-';
        self.at += u32::from(matches!(self.byte(), b'+' | b'-'));
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
        let int = self.whole().and_then(|whole| i64::try_from(whole).ok());
        int.map(Value::int).ok_or(InputKind::WrongType(Expected::Int))
    }

    /// As a uint, likewise.
    pub(in crate::runtime) fn uint(&self) -> Read<Value> {
        let uint = self.whole().and_then(|whole| u64::try_from(whole).ok());
        uint.map(Value::uint).ok_or(InputKind::WrongType(Expected::Uint))
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
}
