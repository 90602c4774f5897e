//! Points on the lines that values lie on: numbers, texts, times.
//!
//! In:      constants.
//! Out:     `Point`, ordered as the language orders values; cuts between values.
//! Imports: `lang`.
//!
//! A cut divides a line in what lies below it and what lies at it or above. Integers, times,
//! durations and bools lie at whole numbers, so `x > 3` is the cut at 4; behind a text comes the
//! text with a zero byte, so `x > "a"` is the cut at `"a\0"`. Among doubles there is no next one
//! worth naming: a cut says whether its own point lies below it.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::lang::constant::Constant;

/// A number, exactly: the whole part towards zero, and the rest.
#[derive(Clone, Copy, Debug)]
pub struct Real {
    whole: i128,
    part: f64,
}

/// Beyond it doubles are not looked at as numbers on a line.
const WHOLE_MAX: f64 = 1e30;

impl Real {
    /// A whole number.
    #[must_use]
    pub const fn whole(whole: i128) -> Self {
        Self { whole, part: 0.0 }
    }

    /// A double; `None` for infinities, for what is no number, and for what is very large.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "within the bound")]
    pub fn double(value: f64) -> Option<Self> {
        let fits = value.abs() <= WHOLE_MAX;
        let part = value - value.trunc();
        // The sum turns -0.0 into 0.0.
        fits.then(|| Self { whole: value.trunc() as i128, part: part + 0.0 })
    }

    /// The next whole number that is not below it.
    #[must_use]
    pub fn ceiling(self) -> i128 {
        self.whole + i128::from(self.part > 0.0)
    }

    /// The next whole number above it.
    #[must_use]
    pub fn above(self) -> i128 {
        if self.part < 0.0 { self.whole } else { self.whole + 1 }
    }

    /// Whether it is whole.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.part.total_cmp(&0.0).is_eq()
    }

    /// The nearest double.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the nearest is wanted")]
    pub fn nearest(self) -> f64 {
        self.whole as f64 + self.part
    }
}

impl PartialEq for Real {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Real {}

impl PartialOrd for Real {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Real {
    fn cmp(&self, other: &Self) -> Ordering {
        self.whole.cmp(&other.whole).then(self.part.total_cmp(&other.part))
    }
}

impl std::hash::Hash for Real {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.whole, self.part.to_bits()).hash(state);
    }
}

/// What a value lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Line {
    /// `false` and `true`, at 0 and 1.
    Truth,
    /// Numbers that are known to be whole.
    Whole,
    /// Numbers.
    Real,
    /// Texts, by their bytes.
    Text,
    /// Nanoseconds since the epoch.
    Time,
    /// Nanoseconds.
    Span,
}

/// A cut through a line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Point {
    /// At a whole number.
    Whole(i128),
    /// At a number; `true` puts that number itself below.
    Real(Real, bool),
    /// At a text.
    Text(Rc<[u8]>),
}

/// What a constant is on a line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineValue {
    /// A number, time, duration or bool.
    Number(Real),
    /// A text.
    Text(Rc<[u8]>),
}

/// Nanoseconds of a second.
const SECOND: i128 = 1_000_000_000;

impl LineValue {
    /// Where a constant lies; `None` for what lies on no line.
    #[must_use]
    pub fn of(constant: &Constant) -> Option<Self> {
        let whole = |value: i128| Some(Self::Number(Real::whole(value)));
        match constant {
            Constant::Bool(value) => whole(i128::from(*value)),
            Constant::Int(value) => whole(i128::from(*value)),
            Constant::Uint(value) => whole(i128::from(*value)),
            Constant::Double(value) => Real::double(*value).map(Self::Number),
            Constant::String(text) => Some(Self::Text(text.as_bytes().into())),
            Constant::Timestamp(seconds, nanoseconds) => {
                whole(i128::from(*seconds) * SECOND + i128::from(*nanoseconds))
            }
            Constant::Duration(nanoseconds) => whole(i128::from(*nanoseconds)),
            Constant::Null
            | Constant::Bytes(_)
            | Constant::Type(_)
            | Constant::List(_)
            | Constant::Map(_)
            | Constant::Optional(_)
            | Constant::Enum(..) => None,
        }
    }

    /// The cut on `line` that has this spot above it, and the one that has it below.
    #[must_use]
    pub fn cuts(&self, line: Line) -> (Point, Point) {
        match self {
            Self::Text(text) => {
                let mut behind = text.to_vec();
                behind.push(0);
                (Point::Text(text.clone()), Point::Text(behind.into()))
            }
            Self::Number(at) if line == Line::Real => {
                (Point::Real(*at, false), Point::Real(*at, true))
            }
            Self::Number(at) => (Point::Whole(at.ceiling()), Point::Whole(at.above())),
        }
    }

    /// Whether it lies at the cut or above.
    #[must_use]
    pub fn reaches(&self, cut: &Point) -> bool {
        match (self, cut) {
            (Self::Number(at), Point::Whole(cut)) => *at >= Real::whole(*cut),
            (Self::Number(at), Point::Real(cut, above)) => at > cut || (at == cut && !above),
            (Self::Text(text), Point::Text(cut)) => text >= cut,
            (Self::Number(_), Point::Text(_))
            | (Self::Text(_), Point::Whole(_) | Point::Real(..)) => false,
        }
    }
}

/// The cut behind all texts that start with `prefix`; `None` where there is none.
#[must_use]
pub fn behind_prefix(prefix: &[u8]) -> Option<Point> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < 0xFF {
            end.push(last + 1);
            return Some(Point::Text(end.into()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_exactly() {
        let at = |value: f64| Real::double(value).expect("within the bound");
        let ascending = [-1.5, -1.0, -0.5, 0.0, 0.25, 1.0, 9_007_199_254_740_992.0].map(at);
        assert!(ascending.is_sorted_by(|a, b| a < b));
        assert_eq!(at(-0.0), at(0.0));
        assert_eq!(at(3.0), Real::whole(3));
        assert_eq!([at(-1.5).ceiling(), at(-1.5).above()], [-1, -1]);
        assert_eq!([at(1.5).ceiling(), at(1.5).above()], [2, 2]);
        assert_eq!([at(2.0).ceiling(), at(2.0).above()], [2, 3]);
        assert_eq!(Real::double(f64::INFINITY), None);
        assert_eq!(Real::double(f64::NAN), None);
    }

    #[test]
    fn cuts_divide_a_line() {
        let spot = LineValue::of(&Constant::Double(2.5)).expect("a number");
        for line in [Line::Whole, Line::Real] {
            let (own, behind) = spot.cuts(line);
            let of = |value: i64| LineValue::of(&Constant::Int(value)).expect("a number");
            assert!(!of(2).reaches(&own) && of(3).reaches(&own) && of(3).reaches(&behind));
        }
        let (own, behind) = spot.cuts(Line::Real);
        assert!(spot.reaches(&own) && !spot.reaches(&behind) && own < behind);
        assert_eq!(behind_prefix(b"a\xFF"), Some(Point::Text((*b"b").into())));
        assert_eq!(behind_prefix(b""), None);
    }
}
