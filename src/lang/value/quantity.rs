//! Quantities: amounts of memory, processor time and the like, with a suffix for the unit.
//!
//! In:      text, as `1.5Gi`.
//! Out:     quantities, their sums, their order, their normal form.
//! Imports: its own room alone.
//! Source:  Kubernetes' documentation of `resource.Quantity` and of its CEL library `quantity`.
//!
//! A quantity is a whole number of billionths below 10^76. What is finer is rounded away from
//! zero; one with a binary suffix is at most 2^63 - 1; what is larger is no quantity. The normal
//! form is the number in decimal, as `1610612736` or `-0.5`: equal quantities have one.

use std::cmp::Ordering;
use std::fmt::{self, Write};

use crate::lang::value::text::Buffer;

/// 10^38, the largest power of ten that a half of a `Size` keeps below.
const HALF: u128 = 100_000_000_000_000_000_000_000_000_000_000_000_000;
/// A tenth of that.
const TENTH: u128 = HALF / 10;
/// Decimal places that a quantity keeps.
const PLACES: i32 = 9;
/// The largest quantity with a binary suffix, in billionths.
const BINARY_MAX: Size = Size { high: 0, low: 9_223_372_036_854_775_807_000_000_000 };

/// A whole number below 10^76: `high * 10^38 + low`, both below 10^38.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Size {
    high: u128,
    low: u128,
}

impl Size {
    const ZERO: Self = Self { high: 0, low: 0 };

    fn plus(self, other: Self) -> Option<Self> {
        let low = self.low + other.low;
        let high = self.high + other.high + low / HALF;
        (high < HALF).then_some(Self { high, low: low % HALF })
    }

    /// `self - other`, where `other` is not the larger one.
    const fn minus(self, other: Self) -> Self {
        if self.low >= other.low {
            Self { high: self.high - other.high, low: self.low - other.low }
        } else {
            Self { high: self.high - other.high - 1, low: self.low + HALF - other.low }
        }
    }

    /// `10 * self + digit`
    fn append(self, digit: u8) -> Option<Self> {
        if self.high >= TENTH {
            return None;
        }
        let high = self.high * 10 + self.low / TENTH;
        let low = self.low % TENTH * 10 + u128::from(digit);
        Some(Self { high, low })
    }

    /// Without its last digit, and that digit.
    const fn cut(self) -> (Self, u128) {
        let low = self.high % 10 * TENTH + self.low / 10;
        (Self { high: self.high / 10, low }, self.low % 10)
    }
}

/// A quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    negative: bool,
    /// In billionths.
    size: Size,
}

/// What a suffix multiplies with: a power of ten, or of two.
enum Unit {
    Ten(i32),
    Two(u32),
}

fn unit(suffix: &str) -> Option<Unit> {
    Some(match suffix {
        "n" => Unit::Ten(-9),
        "u" => Unit::Ten(-6),
        "m" => Unit::Ten(-3),
        "" => Unit::Ten(0),
        "k" => Unit::Ten(3),
        "M" => Unit::Ten(6),
        "G" => Unit::Ten(9),
        "T" => Unit::Ten(12),
        "P" => Unit::Ten(15),
        "E" => Unit::Ten(18),
        "Ki" => Unit::Two(10),
        "Mi" => Unit::Two(20),
        "Gi" => Unit::Two(30),
        "Ti" => Unit::Two(40),
        "Pi" => Unit::Two(50),
        "Ei" => Unit::Two(60),
        _ => Unit::Ten(suffix.strip_prefix(['e', 'E'])?.parse().ok()?),
    })
}

impl Quantity {
    /// The quantity that `text` writes, as `-1.5`, `200m`, `.5Gi`, `1e3`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let in_number = |char: char| char.is_ascii_digit() || char == '.';
        let end = unsigned.find(|char| !in_number(char)).unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at_checked(end)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let mut digits = whole.bytes().chain(fraction.bytes());
        let no_digits = whole.is_empty() && fraction.is_empty();
        if no_digits || fraction.contains('.') {
            return None;
        }
        let size = digits.try_fold(Size::ZERO, |size, digit| size.append(digit - b'0'))?;
        let places = i32::try_from(fraction.len()).ok()?;
        let size = match unit(suffix)? {
            Unit::Ten(power) => shifted(size, power.checked_sub(places)?.checked_add(PLACES)?)?,
            Unit::Two(power) => {
                let size = (0..power).try_fold(size, |size, _| size.plus(size))?;
                shifted(size, PLACES - places)?.min(BINARY_MAX)
            }
        };
        Some(Self::of(text.starts_with('-'), size))
    }

    fn of(negative: bool, size: Size) -> Self {
        Self { negative: negative && size != Size::ZERO, size }
    }

    /// The quantity of a whole number.
    #[must_use]
    pub fn of_int(number: i64) -> Self {
        let low = u128::from(number.unsigned_abs()) * 1_000_000_000;
        Self::of(number < 0, Size { high: 0, low })
    }

    /// The whole number that it is, if it is one of 64 bits.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        let mut size = self.size;
        for _ in 0..PLACES {
            let (rest, digit) = size.cut();
            if digit != 0 {
                return None;
            }
            size = rest;
        }
        let number = i128::try_from(size.low).ok().filter(|_| size.high == 0)?;
        i64::try_from(if self.negative { -number } else { number }).ok()
    }

    /// The double next to it.
    #[must_use]
    pub fn as_double(&self) -> f64 {
        let mut text = Buffer::new();
        let written = write!(text, "{self}");
        // Its 78 characters fit the buffer, and they are a number.
        written.ok().and_then(|()| text.as_str().parse().ok()).unwrap_or(f64::NAN)
    }

    /// -1, 0 or 1.
    #[must_use]
    pub fn sign(&self) -> i64 {
        match (self.size == Size::ZERO, self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    /// The quantity of the opposite sign.
    #[must_use]
    pub fn negated(&self) -> Self {
        Self::of(!self.negative, self.size)
    }

    /// The sum; `None` from 10^67 on.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Option<Self> {
        if self.negative == other.negative {
            return Some(Self::of(self.negative, self.size.plus(other.size)?));
        }
        let (larger, smaller) = if self.size >= other.size { (self, other) } else { (other, self) };
        Some(Self::of(larger.negative, larger.size.minus(smaller.size)))
    }
}

/// `size * 10^power`, rounded up; `None` from 10^76 on. Takes at most 76 steps, however large the
/// power.
fn shifted(mut size: Size, power: i32) -> Option<Size> {
    let mut rounds = false;
    for _ in 0..power.unsigned_abs() {
        if size == Size::ZERO {
            break;
        }
        if power > 0 {
            size = size.append(0)?;
        } else {
            let (rest, digit) = size.cut();
            rounds |= digit != 0;
            size = rest;
        }
    }
    if rounds { size.plus(Size { high: 0, low: 1 }) } else { Some(size) }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.size.cmp(&other.size),
            (true, true) => other.size.cmp(&self.size),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

/// The normal form.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Size { high, low } = self.size;
        let mut digits = Buffer::new();
        if high > 0 {
            write!(digits, "{high}{low:038}")?;
        } else {
            write!(digits, "{low:010}")?;
        }
        let digits = digits.as_str();
        let (whole, fraction) = digits.split_at_checked(digits.len() - 9).ok_or(fmt::Error)?;
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{}{whole}{point}{fraction}", if self.negative { "-" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> Option<String> {
        Quantity::parse(text).map(|quantity| quantity.to_string())
    }

    #[test]
    fn normal_forms() {
        for (text, wanted) in [
            ("1.5G", "1500000000"),
            ("200k", "200000"),
            ("1.5Gi", "1610612736"),
            (".5Ki", "512"),
            ("1.", "1"),
            ("-250m", "-0.25"),
            ("+007", "7"),
            ("-0", "0"),
            ("1E", "1000000000000000000"),
            ("1E3", "1000"),
            ("12e-1", "1.2"),
            ("0.1n", "0.000000001"),
            ("-1.1n", "-0.000000002"),
            ("1e-2000000000", "0.000000001"),
            ("0e2000000000", "0"),
            ("0.0001Ki", "0.1024"),
            ("100Ei", "9223372036854775807"),
            ("-100Ei", "-9223372036854775807"),
            (
                "9999999999999999999999999999999999999G",
                "9999999999999999999999999999999999999000000000",
            ),
        ] {
            assert_eq!(shown(text).as_deref(), Some(wanted), "{text}");
            assert_eq!(shown(wanted).as_deref(), Some(wanted), "{wanted}");
        }
    }

    #[test]
    fn what_is_no_quantity() {
        for text in [
            "4E70",
            "",
            "+",
            "-",
            ".",
            "Mi",
            "Three",
            "200K",
            "1,3G",
            "1 k",
            "1.2.3",
            "--1",
            "1e",
            "1e1.5",
            "1ki",
            "1ee3",
            "0x1",
            "\u{661}",
            "1e67",
            "1e2147483648",
            "1e+",
            "1kk",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
        assert!(shown("9e66").is_some());
    }

    proptest! {
        #[test]
        fn agrees_with_whole_numbers(a in any::<i64>(), b in any::<i64>()) {
            let (x, y) = (Quantity::of_int(a), Quantity::of_int(b));
            let whole = |n: i128| Quantity::parse(&n.to_string());
            prop_assert_eq!(Some(x), whole(i128::from(a)));
            prop_assert_eq!(x.as_int(), Some(a));
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!(x.plus(&y), whole(i128::from(a) + i128::from(b)));
            prop_assert_eq!(x.plus(&y.negated()), whole(i128::from(a) - i128::from(b)));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-+]?[0-9.]{0,80}[eEKMGi]{0,2}[-0-9]{0,11}") {
            if let Some(shown) = shown(&text) {
                prop_assert_eq!(self::shown(&shown), Some(shown.clone()), "{}", text);
            }
        }
    }
}
