//! Numbers with a fixed number of decimals: what meters add up. They have no rounding of their own,
//! so that sums are the same on every machine and in every order.
//!
//! Imports: nothing of ours.
//! Source:  `docs/sessions.md`, "Meters".

/// Decimals.
pub const DECIMALS: usize = 6;
/// What one is: `10^DECIMALS`.
pub const ONE: i128 = 1_000_000;

/// The number that is spelled so, as `98.70`: in millionths, rounded up, and whether nothing was
/// rounded. `None` for anything but digits with at most one point, and for what is too large.
#[must_use]
pub fn parse(text: &str) -> Option<(i128, bool)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let kept = fraction.get(..DECIMALS).unwrap_or(fraction);
    let rest = fraction.get(DECIMALS..).unwrap_or_default();
    let exact = rest.bytes().all(|digit| digit == b'0');
    let millionths: i128 = format!("{kept:0<DECIMALS$}").parse().ok()?;
    let whole: i128 = whole.parse().ok()?;
    let sum = whole.checked_mul(ONE)?.checked_add(millionths)?;
    Some((sum.checked_add(i128::from(!exact))?, exact))
}

/// What `parse` reads from the shortest spelling of a number.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "what does not come back as it was is spelled out"
)]
pub fn of_double(number: f64) -> Option<i128> {
    // Of all that have no more than fifteen digits one alone is read as this number.
    if (0.0..1e9).contains(&number) {
        let millionths = (number * 1e6).round() as i64;
        if (millionths as f64 / 1e6).to_bits() == number.to_bits() {
            return Some(i128::from(millionths));
        }
    }
    parse(&number.to_string()).map(|(number, _)| number)
}

/// As `parse` reads it: `98.7`.
#[must_use]
pub fn write(number: i128) -> String {
    let (whole, millionths) = (number / ONE, (number % ONE).unsigned_abs());
    let mut text = if number < 0 && whole == 0 { "-0".to_owned() } else { whole.to_string() };
    if let Ok(mut fraction) = u32::try_from(millionths)
        && fraction != 0
    {
        let mut places = DECIMALS;
        while fraction.is_multiple_of(10) {
            fraction /= 10;
            places -= 1;
        }
        let digits = fraction.to_string();
        text.push('.');
        (digits.len()..places).for_each(|_| text.push('0'));
        text.push_str(&digits);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{of_double, parse, write};

    #[test]
    fn numbers_are_exact_or_rounded_up() {
        for (text, wanted) in [
            ("0", Some((0, true))),
            ("007.5", Some((7_500_000, true))),
            ("98.70", Some((98_700_000, true))),
            ("0.000001", Some((1, true))),
            ("0.0000001", Some((1, false))),
            ("1.0000000", Some((1_000_000, true))),
            ("999999999999999999999.999999", Some((999_999_999_999_999_999_999_999_999, true))),
        ] {
            assert_eq!(parse(text), wanted, "{text}");
        }
        for text in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1_0", " 1", "1.2.3", "٣"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&"9".repeat(40)), None);
    }

    #[test]
    fn doubles_are_read_as_they_are_spelled() {
        for (number, wanted) in [
            (0.0, Some(0)),
            (0.1, Some(100_000)),
            (0.1 + 0.2, Some(300_001)),
            (98.70, Some(98_700_000)),
            (1.000_000_1, Some(1_000_001)),
            (5e-324, Some(1)),
            (999_999_999.999_999, Some(999_999_999_999_999)),
            (999_999_999.999_999_9, Some(1_000_000_000_000_000)),
            (1e15, Some(1_000_000_000_000_000_000_000)),
            (-0.5, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(of_double(number), wanted, "{number}");
        }
        // Neighbours of numbers with few digits, too.
        for cents in (0..1_000_000_u32).step_by(997) {
            let near = f64::from(cents) / 100.0;
            for number in [near, near.next_up(), near.next_down()] {
                let spelled = parse(&number.to_string()).map(|(number, _)| number);
                assert_eq!(of_double(number), spelled, "{number}");
            }
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let some = [0, 1, 10, 50_000, 999_999, 1_000_000, 98_700_000, 123_456_789, i128::MAX / 2];
        for number in some {
            assert_eq!(parse(&write(number)), Some((number, true)), "{number}");
        }
        assert_eq!(write(-500_000), "-0.5");
        assert_eq!([write(1), write(7_050_000)], ["0.000001", "7.05"]);
    }
}
