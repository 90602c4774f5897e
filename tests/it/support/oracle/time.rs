//! Time of the reference evaluator: civil dates through `chrono`, zones through `jiff`.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike};
use policyc::lang::error::EvalError;

use super::value::R;

/// Nanoseconds of a second.
pub(crate) const SECOND: i128 = 1_000_000_000;
/// 0001-01-01T00:00:00Z.
pub(crate) const FIRST: i128 = -62_135_596_800 * SECOND;
const LAST: i128 = 253_402_300_799 * SECOND + (SECOND - 1);

/// The timestamp, if it is one of CEL's.
pub(crate) fn in_range(nanos: i128) -> R<i128> {
    if (FIRST..=LAST).contains(&nanos) { Ok(nanos) } else { Err(EvalError::Overflow) }
}

fn digits(text: &str, from: usize, len: usize) -> Option<u32> {
    let part = text.get(from..from + len)?;
    if part.bytes().all(|byte| byte.is_ascii_digit()) { part.parse().ok() } else { None }
}

/// Reads RFC 3339, its letters in upper case.
pub(crate) fn parse_timestamp(text: &str) -> R<i128> {
    in_range(parse_rfc3339(text).ok_or(EvalError::BadConversion)?)
}

fn parse_rfc3339(text: &str) -> Option<i128> {
    let mark = |at: usize, wanted: &[u8]| wanted.contains(text.as_bytes().get(at)?).then_some(());
    mark(4, b"-")?;
    mark(7, b"-")?;
    mark(10, b"T")?;
    mark(13, b":")?;
    mark(16, b":")?;
    let date = NaiveDate::from_ymd_opt(
        i32::try_from(digits(text, 0, 4)?).ok()?,
        digits(text, 5, 2)?,
        digits(text, 8, 2)?,
    )?;
    let second = digits(text, 17, 2)?;
    let at = date.and_hms_opt(digits(text, 11, 2)?, digits(text, 14, 2)?, second)?;
    let mut rest = text.get(19..)?;
    let mut nanos = 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        let len = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if len == 0 || len > 9 {
            return None;
        }
        nanos = format!("{:0<9}", fraction.get(..len)?).parse::<i128>().ok()?;
        rest = fraction.get(len..)?;
    }
    let offset = if rest == "Z" {
        0
    } else {
        let sign = match rest.as_bytes().first()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        if rest.len() != 6 || rest.as_bytes().get(3) != Some(&b':') {
            return None;
        }
        let (hours, minutes) = (digits(rest, 1, 2)?, digits(rest, 4, 2)?);
        if hours > 23 || minutes > 59 {
            return None;
        }
        sign * i128::from(hours * 60 + minutes) * 60
    };
    Some((i128::from(at.and_utc().timestamp()) - offset) * SECOND + nanos)
}

/// RFC 3339 in UTC, the fraction without trailing zeros.
pub(crate) fn timestamp_text(nanos: i128) -> String {
    let at = civil(nanos);
    let shown = at.format("%Y-%m-%dT%H:%M:%S").to_string();
    let shown = format!("{:0>19}", shown.trim_start_matches('+'));
    format!("{shown}{}Z", fraction_text(nanos.rem_euclid(SECOND)))
}

fn fraction_text(nanos: i128) -> String {
    if nanos == 0 {
        return String::new();
    }
    format!(".{}", format!("{nanos:09}").trim_end_matches('0'))
}

/// Decimal seconds and `s`.
pub(crate) fn duration_text(nanos: i64) -> String {
    let size = i128::from(nanos).abs();
    let sign = if nanos < 0 { "-" } else { "" };
    format!("{sign}{}{}s", size / SECOND, fraction_text(size % SECOND))
}

/// Reads a duration as `1h30m`, `-1.5s`, `0`.
pub(crate) fn parse_duration(text: &str) -> R<i64> {
    let (bad, range) = (EvalError::BadConversion, EvalError::Overflow);
    let (sign, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (-1, &text[1..]),
        Some(b'+') => (1, &text[1..]),
        _ => (1, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(bad);
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, after) = rest.split_at(digits(rest));
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => after.split_at(digits(after)),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(bad);
        }
        let unit_len = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_len);
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => SECOND,
            "m" => 60 * SECOND,
            "h" => 3600 * SECOND,
            _ => return Err(bad),
        };
        // More digits than an `i128` has make no duration that fits.
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().unwrap_or(i128::MAX) };
        let part: i128 = format!("{:0<18.18}", fraction).parse().map_err(|_| bad)?;
        total = total.saturating_add(whole.saturating_mul(unit));
        total = total.saturating_add(part * unit / 10_i128.pow(18));
        rest = after;
    }
    i64::try_from(sign * total).map_err(|_| range)
}

fn civil(nanos: i128) -> NaiveDateTime {
    let seconds = i64::try_from(nanos.div_euclid(SECOND)).unwrap_or(0);
    let sub = u32::try_from(nanos.rem_euclid(SECOND)).unwrap_or(0);
    DateTime::from_timestamp(seconds, sub).map(|at| at.naive_utc()).unwrap_or_default()
}

/// Seconds that a zone is ahead of UTC at this time.
fn offset(nanos: i128, zone: &str) -> R<i64> {
    let fixed = zone.strip_prefix(['+', '-']).unwrap_or(zone);
    // The first digit of the hours may be missing.
    let fixed = if fixed.len() == 4 { format!("0{fixed}") } else { fixed.to_owned() };
    let fixed = fixed.as_str();
    if fixed.len() == 5 && fixed.as_bytes()[2] == b':' {
        let (hours, minutes) = (digits(fixed, 0, 2), digits(fixed, 3, 2));
        let (Some(hours), Some(minutes)) = (hours, minutes) else { return Err(EvalError::Zone) };
        if hours > 23 || minutes > 59 {
            return Err(EvalError::Zone);
        }
        let size = i64::from(hours * 60 + minutes) * 60;
        return Ok(if zone.starts_with('-') { -size } else { size });
    }
    let zone = jiff::tz::TimeZone::get(zone).map_err(|_| EvalError::Zone)?;
    let seconds = i64::try_from(nanos.div_euclid(SECOND)).unwrap_or(0);
    // The last hours of the year 9999 are beyond what `jiff` holds; no zone changes in them.
    let seconds = seconds.min(jiff::Timestamp::MAX.as_second());
    let at = jiff::Timestamp::from_second(seconds).map_err(|_| EvalError::Overflow)?;
    Ok(i64::from(zone.to_offset(at).seconds()))
}

fn local(nanos: i128, zone: Option<&str>) -> R<NaiveDateTime> {
    let ahead = zone.map_or(Ok(0), |zone| offset(nanos, zone))?;
    Ok(civil(nanos + i128::from(ahead) * SECOND))
}

/// An accessor of a timestamp by its CEL name; `None` where there is none of that name.
pub(crate) fn part(name: &str, nanos: i128, zone: Option<&str>) -> Option<R<i64>> {
    let read: fn(&NaiveDateTime) -> i64 = match name {
        "getFullYear" => |at| i64::from(at.year()),
        "getMonth" => |at| i64::from(at.month0()),
        "getDate" => |at| i64::from(at.day()),
        "getDayOfMonth" => |at| i64::from(at.day0()),
        "getDayOfWeek" => |at| i64::from(at.weekday().num_days_from_sunday()),
        "getDayOfYear" => |at| i64::from(at.ordinal0()),
        "getHours" => |at| i64::from(at.hour()),
        "getMinutes" => |at| i64::from(at.minute()),
        "getSeconds" => |at| i64::from(at.second()),
        "getMilliseconds" => |at| i64::from(at.nanosecond() / 1_000_000),
        _ => return None,
    };
    Some(local(nanos, zone).map(|at| read(&at)))
}

/// Whether a window holds the time. A window past midnight belongs to the day it starts on.
pub(crate) fn in_window(
    nanos: i128,
    days: u8,
    from_minute: u16,
    to_minute: u16,
    zone: &str,
) -> R<bool> {
    let at = local(nanos, Some(zone))?;
    let today = at.weekday().num_days_from_sunday();
    let minute = at.hour() * 60 + at.minute();
    let open = |day: u32| days >> day & 1 == 1;
    let (from, to) = (u32::from(from_minute), u32::from(to_minute));
    if from < to {
        return Ok(open(today) && minute >= from && minute < to);
    }
    let yesterday = (today + 6) % 7;
    Ok(open(today) && minute >= from || open(yesterday) && minute < to)
}
