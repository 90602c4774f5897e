//! Timestamps: seconds since the epoch and nanoseconds, from year 1 to year 9999.
//!
//! In:      RFC 3339 text, numbers.
//! Out:     instants, civil dates, text.
//! Imports: its own room alone.
//! Source:  RFC 3339; CEL language definition, section "Timestamps".

use std::fmt;

use crate::lang::value::{Tag, Value};

/// First second: `0001-01-01T00:00:00Z`.
pub const SECONDS_MIN: i64 = -62_135_596_800;
/// Last second: `9999-12-31T23:59:59Z`.
pub const SECONDS_MAX: i64 = 253_402_300_799;
const DAY_SECONDS: i64 = 86_400;
const NANOSECONDS: i128 = 1_000_000_000;

/// An instant within CEL's range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    /// Seconds since the epoch.
    pub seconds: i64,
    /// Nanoseconds of the second.
    pub nanoseconds: u32,
}

/// Why a text is not a timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeError {
    /// It is not written as RFC 3339 says.
    Syntax,
    /// It lies outside the years 1 to 9999.
    Range,
}

impl Instant {
    /// The instant of a timestamp; the epoch for other values.
    #[must_use]
    pub const fn of(value: &Value) -> Self {
        if matches!(value.tag(), Tag::Timestamp) {
            Self { seconds: value.signed(), nanoseconds: value.off() }
        } else {
            Self { seconds: 0, nanoseconds: 0 }
        }
    }

    /// As a value.
    #[must_use]
    pub const fn value(self) -> Value {
        Value::timestamp(self.seconds, self.nanoseconds)
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub fn nanoseconds(self) -> i128 {
        i128::from(self.seconds) * NANOSECONDS + i128::from(self.nanoseconds)
    }
}

/// The instant this many nanoseconds after the epoch, if it lies in range.
#[must_use]
pub fn from_nanoseconds(nanoseconds: i128) -> Option<Instant> {
    let seconds = i64::try_from(nanoseconds.div_euclid(NANOSECONDS)).ok()?;
    let nanoseconds = u32::try_from(nanoseconds.rem_euclid(NANOSECONDS)).ok()?;
    in_range(Instant { seconds, nanoseconds })
}

/// The instant this many seconds after the epoch, if it lies in range.
#[must_use]
pub fn from_seconds(seconds: i64) -> Option<Instant> {
    in_range(Instant { seconds, nanoseconds: 0 })
}

fn in_range(instant: Instant) -> Option<Instant> {
    (SECONDS_MIN..=SECONDS_MAX).contains(&instant.seconds).then_some(instant)
}

/// A date and a time of day, somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Year; may leave 1 to 9999 by one, in zones.
    pub year: i64,
    /// Month, from 1.
    pub month: u8,
    /// Day of the month, from 1.
    pub day: u8,
    /// Day of the week, from 0 for Sunday.
    pub weekday: u8,
    /// Day of the year, from 0.
    pub day_of_year: u16,
    /// Hour.
    pub hour: u8,
    /// Minute.
    pub minute: u8,
    /// Second.
    pub second: u8,
}

/// Second of the day at `seconds` after the epoch, from 0.
#[must_use]
pub const fn second_of_day(seconds: i64) -> i64 {
    seconds.rem_euclid(DAY_SECONDS)
}

/// Date and time of day at `seconds` after the epoch, which may be moved by an offset.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "each is below its modulus")]
#[expect(clippy::cast_sign_loss, reason = "each is a remainder of Euclid's")]
pub const fn civil(seconds: i64) -> Civil {
    let days = seconds.div_euclid(DAY_SECONDS);
    let of_day = second_of_day(seconds);
    // Eras of 400 years that begin on the first of March: leap days come last.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_march_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_march_year + 2) / 153;
    let day = day_of_march_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    Civil {
        year,
        month: month as u8,
        day: day as u8,
        weekday: (days + 4).rem_euclid(7) as u8,
        day_of_year: (days - days_from_civil(year, 1, 1)) as u16,
        hour: (of_day / 3_600) as u8,
        minute: (of_day / 60 % 60) as u8,
        second: (of_day % 60) as u8,
    }
}

/// Days from the epoch to a date that exists.
#[must_use]
pub const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let march_month = (month + 9) % 12;
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + of_era - 719_468
}

/// Days of a month.
#[must_use]
pub const fn month_days(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Reads `YYYY-MM-DDTHH:MM:SS[.fraction](Z|+HH:MM|-HH:MM)`, with at most nine digits of fraction.
///
/// # Errors
/// `Syntax` where it is written otherwise, or names a date or time that does not exist (leap
/// seconds among them); `Range` where the instant lies outside the years 1 to 9999.
pub fn parse(text: &str) -> Result<Instant, TimeError> {
    let mut rest = Digits(text.as_bytes());
    let (year, month, day) = (rest.number(4)?, rest.part(b'-')?, rest.part(b'-')?);
    let (hour, minute, second) = (rest.part(b'T')?, rest.part(b':')?, rest.part(b':')?);
    let nanoseconds = rest.fraction()?;
    let offset = rest.offset()?;
    let exists = (1..=12).contains(&month)
        && (1..=month_days(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !exists || !rest.0.is_empty() {
        return Err(TimeError::Syntax);
    }
    let of_day = hour * 3_600 + minute * 60 + second;
    let seconds = days_from_civil(year, month, day) * DAY_SECONDS + of_day - offset;
    in_range(Instant { seconds, nanoseconds }).ok_or(TimeError::Range)
}

/// The rest of a text that is being read.
struct Digits<'a>(&'a [u8]);

impl Digits<'_> {
    fn number(&mut self, digits: usize) -> Result<i64, TimeError> {
        let (number, rest) = self.0.split_at_checked(digits).ok_or(TimeError::Syntax)?;
        self.0 = rest;
        number.iter().try_fold(0, |sum, byte| match byte {
            b'0'..=b'9' => Ok(sum * 10 + i64::from(byte - b'0')),
            _ => Err(TimeError::Syntax),
        })
    }

    fn byte(&mut self, wanted: u8) -> Result<(), TimeError> {
        let (first, rest) = self.0.split_first().ok_or(TimeError::Syntax)?;
        self.0 = rest;
        if *first == wanted { Ok(()) } else { Err(TimeError::Syntax) }
    }

    /// A separator and two digits.
    fn part(&mut self, separator: u8) -> Result<i64, TimeError> {
        self.byte(separator)?;
        self.number(2)
    }

    /// Nanoseconds of a fraction, if one follows.
    fn fraction(&mut self) -> Result<u32, TimeError> {
        if self.0.first() != Some(&b'.') {
            return Ok(0);
        }
        self.byte(b'.')?;
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=9).contains(&digits) {
            return Err(TimeError::Syntax);
        }
        let number = self.number(digits)?;
        let scale = (digits..9).fold(1, |scale, _| scale * 10);
        u32::try_from(number * scale).map_err(|_| TimeError::Syntax)
    }

    /// Seconds east of UTC.
    fn offset(&mut self) -> Result<i64, TimeError> {
        let sign = match self.0.first() {
            Some(b'Z') => return self.byte(b'Z').map(|()| 0),
            Some(b'-') => -1,
            Some(b'+') => 1,
            Some(_) | None => return Err(TimeError::Syntax),
        };
        self.0 = self.0.get(1..).unwrap_or_default();
        let (hours, minutes) = (self.number(2)?, self.part(b':')?);
        if hours > 23 || minutes > 59 {
            return Err(TimeError::Syntax);
        }
        Ok(sign * (hours * 3_600 + minutes * 60))
    }
}

/// Prints as RFC 3339 in UTC; a fraction has no zeros at its end.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = civil(self.seconds);
        write!(f, "{:04}-{:02}-{:02}T", at.year, at.month, at.day)?;
        write!(f, "{:02}:{:02}:{:02}", at.hour, at.minute, at.second)?;
        write_fraction(f, self.nanoseconds)?;
        f.write_str("Z")
    }
}

/// Writes a point and the digits of a fraction; nothing for zero.
pub(crate) fn write_fraction(f: &mut impl fmt::Write, nanoseconds: u32) -> fmt::Result {
    let (mut fraction, mut digits) = (nanoseconds, 9_usize);
    if fraction == 0 {
        return Ok(());
    }
    while fraction.is_multiple_of(10) {
        fraction /= 10;
        digits -= 1;
    }
    write!(f, ".{fraction:0digits$}")
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Datelike, FixedOffset, Timelike};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_rfc_3339_strictly() {
        let good = [
            ("1970-01-01T00:00:00Z", 0, 0),
            ("0001-01-01T00:00:00Z", SECONDS_MIN, 0),
            ("9999-12-31T23:59:59.999999999Z", SECONDS_MAX, 999_999_999),
            ("2009-02-13T23:31:30+01:30", 1_234_562_490, 0),
            ("2000-02-29T00:00:00.5-00:00", 951_782_400, 500_000_000),
        ];
        for (text, seconds, nanoseconds) in good {
            assert_eq!(parse(text), Ok(Instant { seconds, nanoseconds }), "{text}");
        }
        let bad = [
            "",
            "1970-01-01",
            "1970-01-01T00:00:00",
            "1970-01-01t00:00:00Z",
            "1970-01-01T00:00:00z",
            "1970-01-01 00:00:00Z",
            "1970-1-01T00:00:00Z",
            "1970-01-01T00:00Z",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:60:00Z",
            "1970-01-01T00:00:60Z",
            "1970-02-29T00:00:00Z",
            "1970-13-01T00:00:00Z",
            "1970-00-01T00:00:00Z",
            "1970-01-00T00:00:00Z",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00:00.0123456789Z",
            "1970-01-01T00:00:00+24:00",
            "1970-01-01T00:00:00+0100",
            "1970-01-01T00:00:00Z ",
            "+1970-01-01T00:00:00Z",
            "\u{661}970-01-01T00:00:00Z",
        ];
        for text in bad {
            assert_eq!(parse(text), Err(TimeError::Syntax), "{text}");
        }
        let outside =
            ["0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "0000-12-31T23:59:59Z"];
        for text in outside {
            assert_eq!(parse(text), Err(TimeError::Range), "{text}");
        }
    }

    fn fractions() -> impl Strategy<Value = u32> {
        prop_oneof![Just(0), 0_u32..1_000_000_000, (0_u32..1_000).prop_map(|ms| ms * 1_000_000)]
    }

    proptest! {
        #[test]
        fn agrees_with_chrono(
            seconds in SECONDS_MIN..=SECONDS_MAX,
            nanoseconds in fractions(),
            offset in -86_340_i32..=86_340,
        ) {
            let instant = Instant { seconds, nanoseconds };
            let utc = DateTime::from_timestamp(seconds, nanoseconds).expect("in its range");
            prop_assert_eq!(parse(&instant.to_string()), Ok(instant));
            let theirs = DateTime::parse_from_rfc3339(&instant.to_string()).expect("RFC 3339");
            prop_assert_eq!(theirs.timestamp(), seconds);
            prop_assert_eq!(theirs.timestamp_subsec_nanos(), nanoseconds);
            let zone = FixedOffset::east_opt(offset).expect("less than a day");
            let (local, at) = (utc.with_timezone(&zone), civil(seconds + i64::from(offset)));
            prop_assert_eq!(at.year, i64::from(local.year()));
            prop_assert_eq!(u32::from(at.month), local.month());
            prop_assert_eq!(u32::from(at.day), local.day());
            prop_assert_eq!(u32::from(at.weekday), local.weekday().num_days_from_sunday());
            prop_assert_eq!(u32::from(at.day_of_year), local.ordinal0());
            prop_assert_eq!(u32::from(at.hour), local.hour());
            prop_assert_eq!(u32::from(at.minute), local.minute());
            prop_assert_eq!(u32::from(at.second), local.second());
            // Text in a zone of whole minutes, where its year has four digits.
            let minutes = FixedOffset::east_opt(offset / 60 * 60).expect("less than a day");
            let local = utc.with_timezone(&minutes);
            if (0..=9_999).contains(&local.year()) {
                prop_assert_eq!(parse(&local.to_rfc3339()), Ok(instant));
            }
        }

        #[test]
        fn nanoseconds_there_and_back(nanoseconds in any::<i128>()) {
            let range = Instant { seconds: SECONDS_MIN, nanoseconds: 0 }.nanoseconds()
                ..=Instant { seconds: SECONDS_MAX, nanoseconds: 999_999_999 }.nanoseconds();
            let wrapped = range.start() + nanoseconds.rem_euclid(range.end() - range.start() + 1);
            prop_assert_eq!(from_nanoseconds(wrapped).map(Instant::nanoseconds), Some(wrapped));
            prop_assert_eq!(from_nanoseconds(nanoseconds).is_some(), range.contains(&nanoseconds));
        }

        #[test]
        fn never_panics(text in "[0-9:.TZ+-]{0,36}") {
            let _ = parse(&text);
        }
    }
}
