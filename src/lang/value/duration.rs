//! Durations: a signed count of nanoseconds in 64 bits, about 292 years either way.
//!
//! In:      text as CEL writes it (`1h30m`, `-1.5s`), or as ISO 8601 does (`PT1H30M`).
//! Out:     nanoseconds, text.
//! Imports: its own room alone.
//! Source:  CEL language definition, section "Durations"; RFC 3339, appendix A.

use std::fmt;

use crate::lang::value::time::{TimeError, write_fraction};

const NANOSECOND: i128 = 1;
const SECOND: i128 = 1_000_000_000;
const MINUTE: i128 = 60 * SECOND;
const HOUR: i128 = 60 * MINUTE;
const DAY: i128 = 24 * HOUR;

/// Longer numbers count as the smallest of them: no unit makes one fit.
const DIGITS_MAX: usize = 20;
const LONG: i128 = 10_i128.pow(20);
/// Digits of a fraction beyond this one change nothing.
const FRACTION_DIGITS_MAX: usize = 18;

/// Reads a signed sequence of decimal numbers with units `h m s ms us µs ns`, or `0`.
///
/// What is finer than a nanosecond is cut off, number by number.
///
/// # Errors
/// `Syntax` where it is written otherwise, `Range` where it does not fit.
pub fn parse(text: &str) -> Result<i64, TimeError> {
    let (negative, mut rest) = sign(text);
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(TimeError::Syntax);
    }
    let mut total = 0_i128;
    while !rest.is_empty() {
        let (number, after) = Number::read(rest)?;
        let end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let unit = match unit {
            "h" => HOUR,
            "m" => MINUTE,
            "s" => SECOND,
            "ms" => 1_000_000,
            // The micro sign and the Greek letter look alike.
            "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
            "ns" => NANOSECOND,
            _ => return Err(TimeError::Syntax),
        };
        total = total.saturating_add(number.times(unit));
        rest = after;
    }
    fit(negative, total)
}

/// A duration in the largest unit that makes it a whole number: `15m`, `1h`, `1.5s`.
#[must_use]
pub fn shortest(nanoseconds: i64) -> String {
    let units = [("h", HOUR), ("m", MINUTE)];
    let whole = |(_, unit): &&(&str, i128)| i128::from(nanoseconds) % unit == 0;
    let spelled = units.iter().find(whole);
    let spelled = spelled.map(|(name, unit)| format!("{}{name}", i128::from(nanoseconds) / unit));
    spelled.unwrap_or_else(|| Seconds(nanoseconds).to_string())
}

/// Reads `P[nW]` or `P[nD][T[nH][nM][nS]]`, as JSON Schema's `format: duration` writes it.
///
/// Years and months are refused: they are not a number of nanoseconds. Seconds may have a
/// fraction.
///
/// # Errors
/// `Syntax` where it is written otherwise, `Range` where it does not fit.
pub fn parse_iso(text: &str) -> Result<i64, TimeError> {
    let (negative, rest) = sign(text);
    let mut rest = rest.strip_prefix('P').ok_or(TimeError::Syntax)?;
    let mut units: &[(&str, i128)] = &[("W", 7 * DAY), ("D", DAY)];
    let (mut total, mut in_time, mut parts) = (0_i128, false, 0);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T').filter(|_| !in_time) {
            (rest, in_time, parts) = (after, true, 0);
            units = &[("H", HOUR), ("M", MINUTE), ("S", SECOND)];
            continue;
        }
        let (number, after) = Number::read(rest)?;
        let unit_at = units.iter().position(|(unit, _)| after.starts_with(unit));
        let (unit_at, (name, unit)) =
            unit_at.and_then(|at| Some((at, *units.get(at)?))).ok_or(TimeError::Syntax)?;
        if number.has_point && name != "S" {
            return Err(TimeError::Syntax);
        }
        units = units.get(unit_at + 1..).unwrap_or_default();
        total = total.saturating_add(number.times(unit));
        rest = after.get(name.len()..).unwrap_or_default();
        parts += 1;
    }
    if parts == 0 { Err(TimeError::Syntax) } else { fit(negative, total) }
}

/// Splits a sign off.
fn sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..).unwrap_or_default()),
        Some(b'+') => (false, text.get(1..).unwrap_or_default()),
        Some(_) | None => (false, text),
    }
}

fn fit(negative: bool, total: i128) -> Result<i64, TimeError> {
    i64::try_from(if negative { -total } else { total }).map_err(|_| TimeError::Range)
}

/// A decimal number: `whole + fraction / scale`.
struct Number {
    whole: i128,
    fraction: i128,
    scale: i128,
    has_point: bool,
}

impl Number {
    /// Reads one at the start of `text`, and returns what follows.
    fn read(text: &str) -> Result<(Self, &str), TimeError> {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, rest) = text.split_at(digits(text));
        let (has_point, rest) = rest.strip_prefix('.').map_or((false, rest), |rest| (true, rest));
        let (fraction, rest) = rest.split_at(if has_point { digits(rest) } else { 0 });
        if whole.is_empty() && fraction.is_empty() {
            return Err(TimeError::Syntax);
        }
        let whole = whole.trim_start_matches('0');
        let value = |digits: &str| {
            digits.bytes().fold(0_i128, |sum, digit| sum * 10 + i128::from(digit - b'0'))
        };
        let is_long = whole.len() > DIGITS_MAX;
        let whole = if is_long { LONG } else { value(whole) };
        let kept = fraction.get(..FRACTION_DIGITS_MAX).unwrap_or(fraction);
        let scale = kept.bytes().fold(1, |scale, _| scale * 10);
        Ok((Self { whole, fraction: value(kept), scale, has_point }, rest))
    }

    const fn times(&self, unit: i128) -> i128 {
        self.whole * unit + self.fraction * unit / self.scale
    }
}

/// Prints a duration of this many nanoseconds as decimal seconds: `5400s`, `-0.5s`.
#[derive(Clone, Copy, Debug)]
pub struct Seconds(pub i64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanoseconds = self.0.unsigned_abs();
        if self.0 < 0 {
            f.write_str("-")?;
        }
        write!(f, "{}", nanoseconds / 1_000_000_000)?;
        write_fraction(f, (nanoseconds % 1_000_000_000) as u32)?;
        f.write_str("s")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_as_cel_writes() {
        let good = [
            ("0", 0),
            ("-0", 0),
            ("1h30m", 5_400_000_000_000),
            ("1h34us", 3_600_000_034_000),
            ("-1.5h", -5_400_000_000_000),
            ("+.5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("1us1\u{b5}s1\u{3bc}s", 3_000),
            ("1.9999ns", 1),
            ("9223372036854775807ns", i64::MAX),
            ("-9223372036854775808ns", i64::MIN),
            ("0000000000000000000000000000001s", 1_000_000_000),
        ];
        for (text, nanoseconds) in good {
            assert_eq!(parse(text), Ok(nanoseconds), "{text}");
        }
        let long = "9".repeat(30);
        let words =
            ["", "-", "1", "s", ".s", "1x", "1 s", " 1s", "--1s", "1h-1m", "1d", "1S", &long];
        for text in words {
            assert_eq!(parse(text), Err(TimeError::Syntax), "{text}");
        }
        let many = "99999999999999999999h".repeat(500);
        for text in ["9223372036854775808ns", "2562048h", "999999999999999999999999h", &many] {
            assert_eq!(parse(text), Err(TimeError::Range), "{text}");
        }
    }

    #[test]
    fn reads_iso_8601() {
        let good = [
            ("PT1H30M", 5_400_000_000_000),
            ("P1DT1S", 86_401_000_000_000),
            ("P2W", 1_209_600_000_000_000),
            ("-PT0.5S", -500_000_000),
            ("PT0S", 0),
        ];
        for (text, nanoseconds) in good {
            assert_eq!(parse_iso(text), Ok(nanoseconds), "{text}");
        }
        let bad =
            ["", "P", "PT", "P1", "P1Y", "P1M", "PT1M1H", "PT1D", "P1DT", "P1H", "PT.5H", "1S"];
        for text in bad {
            assert_eq!(parse_iso(text), Err(TimeError::Syntax), "{text}");
        }
    }

    proptest! {
        #[test]
        fn reads_what_it_prints(nanoseconds in any::<i64>()) {
            prop_assert_eq!(parse(&Seconds(nanoseconds).to_string()), Ok(nanoseconds));
        }

        #[test]
        fn never_panics(text in "[+-]?[0-9.hmsnuPTDWHMS\u{b5}]{0,40}") {
            let _ = (parse(&text), parse_iso(&text));
        }
    }
}
