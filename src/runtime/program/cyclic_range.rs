//! Arcs: numbers that lie side by side on the circle of 64 bits.
//!
//! In:      constants that numbers are compared with.
//! Out:     `Partition` into which they cut the circle, `CyclicRange`s of parts that lie side by
//!          side.
//! Imports: `lang`.

use crate::lang::value::{Tag, Value};

/// From `low` on, and `width` numbers more. Behind the highest number comes the lowest. One
/// subtraction and one comparison tell whether a number lies on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runtime) struct CyclicRange {
    low: u64,
    width: u64,
}

impl CyclicRange {
    #[inline]
    pub(super) const fn holds(self, bits: u64) -> bool {
        bits.wrapping_sub(self.low) <= self.width
    }
}

/// Doubles in their order, as ints. Both zeros are neighbours, and no number lies behind the
/// infinities.
#[inline]
pub(super) const fn double_key(bits: u64) -> u64 {
    bits ^ ((bits.cast_signed() >> 63).cast_unsigned() >> 1)
}

/// Most constants that cut a circle.
pub(super) const CUTS: usize = 4;

/// From the first number to the last.
type Interval = (u64, u64);

/// The parts of a circle, in their order: what lies below the first constant, the numbers equal to
/// it, what lies between it and the next, and so on; of doubles at last what is no number. Where
/// no number lies there is none.
#[derive(Debug)]
pub(super) struct Partition {
    parts: [Option<Interval>; 2 * CUTS + 2],
    count: usize,
}

/// Constants of one kind in their order, each once, and of every one its place among them. `None`
/// of what is no number.
pub(super) fn cuts(constants: &[Value]) -> Option<(Vec<Value>, Vec<usize>)> {
    let key = |it: &Value| {
        let double = it.tag() == Tag::Double;
        // Both zeros are one number.
        let bits = if double { (it.float() + 0.0).to_bits() } else { it.bits() };
        let key = if double { double_key(bits) } else { bits };
        if it.tag() == Tag::Uint { key } else { key ^ 1 << 63 }
    };
    if constants.iter().any(|it| it.tag() == Tag::Double && it.float().is_nan()) {
        return None;
    }
    let mut cuts = constants.to_vec();
    cuts.sort_by_key(key);
    cuts.dedup_by_key(|it| key(it));
    let place = |it: &Value| cuts.iter().position(|cut| key(cut) == key(it));
    let places = constants.iter().map(place).collect::<Option<_>>()?;
    Some((cuts, places))
}

impl Partition {
    /// Cuts the circle at constants of one kind, which ascend. Of all but ints, uints and doubles
    /// the bits are compared. `None` if there are too many, and of what has no order.
    pub(super) fn of(constants: &[Value]) -> Option<Self> {
        let tag = constants.first()?.tag();
        let key = |bits| if tag == Tag::Double { double_key(bits) } else { bits };
        let (first, last) = if tag == Tag::Double {
            (key(f64::NEG_INFINITY.to_bits()), key(f64::INFINITY.to_bits()))
        } else if tag == Tag::Int {
            (i64::MIN.cast_unsigned(), i64::MAX.cast_unsigned())
        } else {
            (u64::MIN, u64::MAX)
        };
        let mut parts = Self { parts: [None; 2 * CUTS + 2], count: 0 };
        let mut next = Some(first);
        for constant in constants {
            let bits = constant.bits();
            let (mut low, mut high) = (key(bits), key(bits));
            if tag == Tag::Double {
                let number = constant.float();
                if number.is_nan() {
                    return None;
                } else if number == 0.0 {
                    (low, high) = (key((-0.0_f64).to_bits()), key(0));
                }
            }
            let from = next?;
            parts.push((from != low).then(|| (from, low.wrapping_sub(1))))?;
            parts.push(Some((low, high)))?;
            next = (high != last).then(|| high.wrapping_add(1));
        }
        parts.push(next.map(|from| (from, last)))?;
        if tag == Tag::Double {
            parts.push(Some((last.wrapping_add(1), first.wrapping_sub(1))))?;
        }
        Some(parts)
    }

    fn push(&mut self, part: Option<Interval>) -> Option<()> {
        *self.parts.get_mut(self.count)? = part;
        self.count += 1;
        Some(())
    }

    /// The arc of the parts that are wanted, by number; `None` where they do not lie side by side,
    /// and where nothing is wanted.
    pub(super) fn arc(&self, wanted: impl Fn(usize) -> bool) -> Option<CyclicRange> {
        let parts = || {
            let parts = self.parts.iter().take(self.count).enumerate();
            parts.filter_map(|(at, part)| part.map(|part| (wanted(at), part)))
        };
        if parts().all(|(wanted, _)| wanted) {
            return Some(CyclicRange { low: 0, width: u64::MAX });
        }
        // Round the circle: the last part lies in front of the first.
        let (mut inside, (_, mut behind)) = parts().last()?;
        let (mut begin, mut end) = (None, None);
        for (wanted, (low, high)) in parts() {
            if wanted && !inside && begin.replace(low).is_some() {
                return None;
            }
            if inside && !wanted {
                end = Some(behind);
            }
            (inside, behind) = (wanted, high);
        }
        let (low, end) = (begin?, end?);
        Some(CyclicRange { low, width: end.wrapping_sub(low) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_of_parts_is_an_arc_or_none() {
        let ints = [i64::MIN, i64::MIN + 1, -1, 0, 1, 2, i64::MAX - 1, i64::MAX].map(Value::int);
        let doubles = [f64::NEG_INFINITY, -1.5, -0.0, 0.0, 1.0, f64::INFINITY].map(Value::double);
        let key = |it: &Value| {
            if it.tag() == Tag::Double { double_key(it.bits()) } else { it.bits() }
        };
        for numbers in [&ints[..], &doubles[..]] {
            let pairs = numbers.iter().enumerate().flat_map(|(at, low)| {
                numbers[at + 1..].iter().map(|high| vec![*low, *high]).chain([vec![*low]])
            });
            for cuts in pairs.filter(|cuts| cuts.len() < 2 || part_of(&cuts[..1], &cuts[1]) != 1) {
                let parts = Partition::of(&cuts).unwrap();
                for chosen in 0_u32..1 << parts.count {
                    let Some(arc) = parts.arc(|at| chosen >> at & 1 != 0) else { continue };
                    for number in numbers.iter().chain(&[Value::double(f64::NAN)]) {
                        if number.tag() == cuts[0].tag() {
                            let at = part_of(&cuts, number);
                            assert_eq!(arc.holds(key(number)), chosen >> at & 1 != 0, "{number:?}");
                        }
                    }
                }
            }
        }
    }

    /// The number of the part in which a number lies, by comparing it with one constant after the
    /// other.
    fn part_of(cuts: &[Value], number: &Value) -> usize {
        let stands = |cut: &Value| {
            let doubles = number.float().partial_cmp(&cut.float());
            let ints = number.signed().cmp(&cut.signed());
            if number.tag() == Tag::Double { doubles } else { Some(ints) }
        };
        let Some(orders) = cuts.iter().map(stands).collect::<Option<Vec<_>>>() else {
            return 2 * cuts.len() + 1;
        };
        orders.iter().map(|order| usize::from(order.is_ge()) + usize::from(order.is_gt())).sum()
    }

    #[test]
    fn what_does_not_lie_side_by_side_is_no_arc() {
        let parts = Partition::of(&[Value::int(1), Value::int(3)]).unwrap();
        assert!(parts.arc(|at| at == 1 || at == 3).is_none());
        assert!(parts.arc(|_| false).is_none());
        let around = parts.arc(|at| at == 0 || at == 4).unwrap();
        assert!(around.holds(0) && around.holds(4) && !around.holds(2));
    }
}
