//! Times as documents write them: `15m`, `08:00`, `mon..fri`.
//!
//! In:      text.
//! Out:     nanoseconds, minutes of the day, sets of days; `None` for anything else.
//! Imports: nothing of ours.

/// The days of a week as documents spell them; the place of a day is its bit.
pub(super) const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Units of durations, a unit before those that it starts with.
const UNITS: [(&str, i64); 6] = [
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
];

/// Nanoseconds of a positive duration, as `15m` or `1h30m`.
pub(super) fn duration_ns(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut total = 0_i64;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|it: char| it.is_ascii_digit()).len();
        let (number, behind) = rest.split_at_checked(digits)?;
        let (unit, scale) = UNITS.iter().find(|(unit, _)| behind.starts_with(unit))?;
        let part = number.parse::<i64>().ok()?.checked_mul(*scale)?;
        total = total.checked_add(part)?;
        rest = behind.get(unit.len()..)?;
    }
    (total > 0).then_some(total)
}

/// The minute of the day, as in `08:00`; `24:00` is the end of the day.
pub(super) fn minute_of_day(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two = |digits: &str| digits.len() == 2 && digits.bytes().all(|it| it.is_ascii_digit());
    if !two(hour) || !two(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= 1440).then_some(total)
}

/// The days of `mon` or `mon..fri`, as bits. A range may run past Saturday.
pub(super) fn days(text: &str) -> Option<u8> {
    let day = |name: &str| DAYS.iter().position(|known| *known == name.trim());
    let Some((first, last)) = text.split_once("..") else {
        return day(text).map(|at| 1 << at);
    };
    let (first, last) = (day(first)?, day(last)?);
    let count = (last + 7 - first) % 7;
    Some((0..=count).fold(0, |set, step| set | 1 << ((first + step) % 7)))
}

#[cfg(test)]
mod tests {
    use super::{days, duration_ns, minute_of_day};

    #[test]
    fn durations() {
        assert_eq!(duration_ns("15m"), Some(900_000_000_000));
        assert_eq!(duration_ns("1h30m"), Some(5_400_000_000_000));
        assert_eq!(duration_ns("200ms"), Some(200_000_000));
        for bad in ["", "15", "m", "-1m", "1.5h", "0s", "15 m", "99999999999h", "1d"] {
            assert_eq!(duration_ns(bad), None, "{bad}");
        }
    }

    #[test]
    fn minutes() {
        assert_eq!(minute_of_day("08:00"), Some(480));
        assert_eq!(minute_of_day("24:00"), Some(1440));
        for bad in ["8:00", "24:01", "12:60", "noon", "12", "99:00", "é:00"] {
            assert_eq!(minute_of_day(bad), None, "{bad}");
        }
    }

    #[test]
    fn sets_of_days() {
        assert_eq!(days("mon"), Some(0b000_0010));
        assert_eq!(days("mon..fri"), Some(0b011_1110));
        assert_eq!(days("fri..mon"), Some(0b110_0011));
        assert_eq!(days("sun..sun"), Some(1));
        assert_eq!(days("monday"), None);
    }
}
