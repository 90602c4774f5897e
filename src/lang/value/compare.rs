//! Equality and order of values.
//!
//! In:      two values and what they point into.
//! Out:     whether they are equal, or how they are ordered.
//! Imports: `base`.
//! Source:  CEL language definition, sections "Equality" and "Ordering".
//!
//! Equality is total: values of different kinds are unequal, all numbers lie on one line and are
//! compared exactly, `NaN` is unequal to everything. Messages are equal if they are of one type and
//! the same fields hold equal values of the same kinds. Values may share parts, so both walks count
//! their steps; more than the limits allow is `EvalError::Budget`.

use std::cmp::Ordering;

use crate::base::limits::{VALUE_DEPTH_MAX, VALUE_STEPS_MAX};
use crate::lang::error::EvalError;
use crate::lang::value::heap::View;
use crate::lang::value::{Tag, Value};

/// Whether `a == b`.
///
/// # Errors
/// `Budget` if the values are nested too deeply or share parts too often.
#[inline]
pub fn equal(view: &View<'_>, a: &Value, b: &Value) -> Result<bool, EvalError> {
    if a.tag() == Tag::String && b.tag() == Tag::String {
        return Ok(view.same_text(a, b));
    }
    Walk { view, depth: 0, steps: 0, exact: false }.equal(a, b)
}

/// How `a` and `b` are ordered by `<` and its siblings; `None` if one is `NaN`.
///
/// # Errors
/// `NoSuchOverload` if their kinds have no order.
pub fn order(view: &View<'_>, a: &Value, b: &Value) -> Result<Option<Ordering>, EvalError> {
    match (a.tag(), b.tag()) {
        (Tag::Int | Tag::Uint | Tag::Double, Tag::Int | Tag::Uint | Tag::Double) => {
            let same = is_rounded_limit(a, b) || is_rounded_limit(b, a);
            Ok(if same { Some(Ordering::Equal) } else { numbers(a, b) })
        }
        (Tag::String, Tag::String) | (Tag::Bytes, Tag::Bytes) => {
            Ok(Some(view.bytes(a).cmp(view.bytes(b))))
        }
        (Tag::Bool, Tag::Bool) => Ok(Some(a.bits().cmp(&b.bits()))),
        (Tag::Duration, Tag::Duration) => Ok(Some(a.signed().cmp(&b.signed()))),
        (Tag::Timestamp, Tag::Timestamp) => Ok(Some(instant(a).cmp(&instant(b)))),
        _ => Err(EvalError::NoSuchOverload),
    }
}

/// Whether `double` is what the largest integer is rounded to. The tests of CEL order the two as
/// one, though they are not equal.
fn is_rounded_limit(integer: &Value, double: &Value) -> bool {
    let limit = match (integer.tag(), integer.bits()) {
        (Tag::Int, 0x7FFF_FFFF_FFFF_FFFF) => 9_223_372_036_854_775_808.0,
        (Tag::Uint, u64::MAX) => 18_446_744_073_709_551_616.0,
        _ => return false,
    };
    double.tag() == Tag::Double && double.float().total_cmp(&limit).is_eq()
}

/// An order of all values that agrees with equality, except that `NaN` stands above all numbers
/// and beside itself: kinds in the order of their tags (all numbers as one kind), then by value.
///
/// # Errors
/// `Budget` if the values are nested too deeply or share parts too often.
pub fn total_order(view: &View<'_>, a: &Value, b: &Value) -> Result<Ordering, EvalError> {
    Walk { view, depth: 0, steps: 0, exact: false }.order(a, b)
}

/// How two numbers of any kinds are ordered, exactly; `None` if one is `NaN` or not a number.
#[must_use]
pub fn numbers(a: &Value, b: &Value) -> Option<Ordering> {
    match (a.tag(), b.tag()) {
        (Tag::Int, Tag::Int) => Some(a.signed().cmp(&b.signed())),
        (Tag::Uint, Tag::Uint) => Some(a.bits().cmp(&b.bits())),
        (Tag::Double, Tag::Double) => a.float().partial_cmp(&b.float()),
        (Tag::Int, Tag::Uint) => Some(int_to_uint(a.signed(), b.bits())),
        (Tag::Uint, Tag::Int) => Some(int_to_uint(b.signed(), a.bits()).reverse()),
        (Tag::Int | Tag::Uint, Tag::Double) => integer_to_double(a, b.float()),
        (Tag::Double, Tag::Int | Tag::Uint) => {
            integer_to_double(b, a.float()).map(Ordering::reverse)
        }
        _ => None,
    }
}

fn int_to_uint(a: i64, b: u64) -> Ordering {
    u64::try_from(a).map_or(Ordering::Less, |a| a.cmp(&b))
}

/// Compares without rounding: the whole part of `b` first, as an integer, then its fraction.
fn integer_to_double(a: &Value, b: f64) -> Option<Ordering> {
    let whole = b.trunc();
    let a = if a.tag() == Tag::Int { i128::from(a.signed()) } else { i128::from(a.bits()) };
    if b.is_nan() {
        return None;
    }
    // 2^65 lies beyond all integers of 64 bits, and below it the conversion is exact.
    if whole.abs() >= 36_893_488_147_419_103_232.0 {
        return Some(if b > 0.0 { Ordering::Less } else { Ordering::Greater });
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole, and below 2^65")]
    let by_whole = a.cmp(&(whole as i128));
    Some(by_whole.then(0.0.partial_cmp(&(b - whole))?))
}

fn instant(value: &Value) -> (i64, u32) {
    (value.signed(), value.off())
}

/// One comparison: bounds depth and steps.
struct Walk<'v> {
    view: &'v View<'v>,
    depth: u32,
    steps: u32,
    /// Inside messages, where numbers of different kinds differ.
    exact: bool,
}

impl Walk<'_> {
    fn enter(&mut self) -> Result<(), EvalError> {
        self.depth += 1;
        if self.depth > VALUE_DEPTH_MAX { Err(EvalError::Budget) } else { Ok(()) }
    }

    const fn step(&mut self) -> Result<(), EvalError> {
        self.steps += 1;
        if self.steps > VALUE_STEPS_MAX { Err(EvalError::Budget) } else { Ok(()) }
    }

    fn equal(&mut self, a: &Value, b: &Value) -> Result<bool, EvalError> {
        self.step()?;
        if self.exact && a.tag() != b.tag() {
            return Ok(false);
        }
        match (a.tag(), b.tag()) {
            (Tag::Int | Tag::Uint | Tag::Double, Tag::Int | Tag::Uint | Tag::Double) => {
                Ok(numbers(a, b) == Some(Ordering::Equal))
            }
            (Tag::String, Tag::String)
            | (Tag::Bytes, Tag::Bytes)
            | (Tag::Type, Tag::Type)
            | (Tag::Ip, Tag::Ip)
            | (Tag::Cidr, Tag::Cidr)
            | (Tag::Quantity, Tag::Quantity)
            | (Tag::Semver, Tag::Semver) => Ok(self.view.same_text(a, b)),
            (Tag::Null, Tag::Null) | (Tag::Absent, Tag::Absent) => Ok(true),
            (Tag::Bool, Tag::Bool) | (Tag::Duration, Tag::Duration) | (Tag::Enum, Tag::Enum) => {
                Ok(a.bits() == b.bits())
            }
            (Tag::Timestamp, Tag::Timestamp) => Ok(instant(a) == instant(b)),
            // A map is sorted by key, so equal maps are equal value by value.
            (Tag::List, Tag::List) | (Tag::Map, Tag::Map) | (Tag::Optional, Tag::Optional) => {
                self.all_equal(a, b)
            }
            (Tag::Message, Tag::Message) => {
                let outer = std::mem::replace(&mut self.exact, true);
                let equal = a.kind() == b.kind() && self.all_equal(a, b)?;
                self.exact = outer;
                Ok(equal)
            }
            _ => Ok(false),
        }
    }

    fn all_equal(&mut self, a: &Value, b: &Value) -> Result<bool, EvalError> {
        if a.len() != b.len() || (a.columns() != b.columns() && !a.is_empty()) {
            return Ok(false);
        }
        self.enter()?;
        for (a, b) in self.view.elements(a).iter().zip(self.view.elements(b)) {
            if !self.equal(a, b)? {
                return Ok(false);
            }
        }
        self.depth -= 1;
        Ok(true)
    }

    fn order(&mut self, a: &Value, b: &Value) -> Result<Ordering, EvalError> {
        self.step()?;
        let rank = if self.exact { |value: &Value| value.tag() as u8 } else { kind };
        let by_kind = rank(a).cmp(&rank(b));
        if by_kind.is_ne() {
            return Ok(by_kind);
        }
        match a.tag() {
            Tag::Int | Tag::Uint | Tag::Double => {
                let nan = |value: &Value| value.tag() == Tag::Double && value.float().is_nan();
                Ok(numbers(a, b).unwrap_or_else(|| nan(a).cmp(&nan(b))))
            }
            Tag::String
            | Tag::Bytes
            | Tag::Type
            | Tag::Ip
            | Tag::Cidr
            | Tag::Quantity
            | Tag::Semver => Ok(self.view.bytes(a).cmp(self.view.bytes(b))),
            Tag::Absent | Tag::Null => Ok(Ordering::Equal),
            Tag::Bool | Tag::Error | Tag::Enum => Ok(a.bits().cmp(&b.bits())),
            Tag::Duration => Ok(a.signed().cmp(&b.signed())),
            Tag::Unknown => Ok(a.off().cmp(&b.off())),
            Tag::Timestamp => Ok(instant(a).cmp(&instant(b))),
            Tag::List | Tag::Map | Tag::Optional => self.order_all(a, b),
            Tag::Message => {
                let outer = std::mem::replace(&mut self.exact, true);
                let by_fields = a.kind().cmp(&b.kind()).then(self.order_all(a, b)?);
                self.exact = outer;
                Ok(by_fields)
            }
        }
    }

    fn order_all(&mut self, a: &Value, b: &Value) -> Result<Ordering, EvalError> {
        let by_shape = a.len().cmp(&b.len()).then(a.columns().cmp(&b.columns()));
        if by_shape.is_ne() {
            return Ok(by_shape);
        }
        self.enter()?;
        for (a, b) in self.view.elements(a).iter().zip(self.view.elements(b)) {
            let by_element = self.order(a, b)?;
            if by_element.is_ne() {
                return Ok(by_element);
            }
        }
        self.depth -= 1;
        Ok(Ordering::Equal)
    }
}

/// Rank in the total order: the tag, with one rank for all numbers.
fn kind(value: &Value) -> u8 {
    let tag = value.tag();
    if tag.is_number() { Tag::Int as u8 } else { tag as u8 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lang::value::heap::{Heap, Store};

    #[expect(clippy::cast_precision_loss, reason = "doubles near ints are wanted")]
    fn number() -> impl Strategy<Value = Value> {
        let edges = prop::sample::select(vec![
            0.0,
            -0.0,
            0.5,
            -0.5,
            9_007_199_254_740_992.0,
            9_223_372_036_854_775_808.0,
            -9_223_372_036_854_775_808.0,
            18_446_744_073_709_551_616.0,
            1e300,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ]);
        let near = (0_i64..4, prop::sample::select(vec![0, 1 << 53, i64::MAX - 3, i64::MIN]));
        prop_oneof![
            any::<i64>().prop_map(Value::int),
            near.clone().prop_map(|(a, b)| Value::int(b + a)),
            any::<u64>().prop_map(Value::uint),
            near.prop_map(|(a, b)| Value::uint((b + a).cast_unsigned())),
            any::<f64>().prop_map(Value::double),
            any::<i64>().prop_map(|int| Value::double(int as f64)),
            edges.prop_map(Value::double),
        ]
    }

    /// A number as its whole part and the sign of its fraction: beside an integer that is exact.
    #[expect(clippy::cast_possible_truncation, reason = "saturates far outside of all integers")]
    fn exact(value: &Value) -> (i128, i8) {
        if value.tag() == Tag::Int {
            return (i128::from(value.signed()), 0);
        }
        if value.tag() == Tag::Uint {
            return (i128::from(value.bits()), 0);
        }
        let fraction = value.float().fract();
        let sign = i8::from(fraction > 0.0) - i8::from(fraction < 0.0);
        (value.float().trunc() as i128, sign)
    }

    proptest! {
        #[test]
        fn mixed_numbers_compare_exactly(a in number(), b in number()) {
            let order = numbers(&a, &b);
            prop_assert_eq!(numbers(&b, &a), order.map(Ordering::reverse));
            prop_assume!(a.tag() != Tag::Double || b.tag() != Tag::Double);
            let is_number = |v: &Value| v.tag() != Tag::Double || !v.float().is_nan();
            let wanted = (is_number(&a) && is_number(&b)).then(|| exact(&a).cmp(&exact(&b)));
            prop_assert_eq!(order, wanted);
        }

        #[test]
        fn total_order_is_one(a in number(), b in number(), c in number()) {
            let mut store = Store::new(0, 0);
            let heap = Heap::of(&mut store);
            let view = heap.view();
            let order = |a, b| total_order(&view, a, b).expect("scalars");
            prop_assert_eq!(order(&a, &b), order(&b, &a).reverse());
            if order(&a, &b).is_le() && order(&b, &c).is_le() {
                prop_assert!(order(&a, &c).is_le());
            }
            if equal(&view, &a, &b).expect("scalars") {
                prop_assert!(order(&a, &b).is_eq());
            }
        }
    }

    #[test]
    fn kinds_are_unequal_and_nan_is_alone() {
        let mut store = Store::new(64, 64);
        let mut heap = Heap::of(&mut store);
        let text = heap.new_string("a long text, equal").expect("room");
        let same = heap.new_string("a long text, equal").expect("room");
        let other = heap.new_string("a long text, equa!").expect("room");
        let bytes = heap.new_text(Tag::Bytes, b"a").expect("room");
        let nan = heap.new_list(&[Value::double(f64::NAN)]).expect("room");
        let ints = heap.new_list(&[Value::int(1), Value::int(2)]).expect("room");
        let mixed = heap.new_list(&[Value::double(1.0), Value::uint(2)]).expect("room");
        let view = heap.view();
        let is = |a: &Value, b: &Value| equal(&view, a, b).expect("small");
        assert!(is(&text, &same) && !is(&text, &other) && !is(&text, &bytes));
        assert!(is(&ints, &mixed) && !is(&nan, &nan));
        assert!(is(&Value::NULL, &Value::NULL) && !is(&Value::NULL, &Value::bool(false)));
        assert!(!is(&Value::duration(1), &Value::int(1)));
        assert_eq!(order(&view, &text, &other), Ok(Some(Ordering::Greater)));
        assert_eq!(order(&view, &ints, &mixed), Err(EvalError::NoSuchOverload));
        assert_eq!(order(&view, &Value::NULL, &Value::NULL), Err(EvalError::NoSuchOverload));
        assert_eq!(order(&view, &Value::int(1), &Value::double(f64::NAN)), Ok(None));
        let (largest, limit) = (Value::int(i64::MAX), Value::double(9_223_372_036_854_775_808.0));
        assert_eq!(order(&view, &largest, &limit), Ok(Some(Ordering::Equal)));
        assert!(!is(&largest, &limit));
    }

    #[test]
    fn shared_parts_do_not_run_away() {
        let small = std::thread::Builder::new().stack_size(256 << 10);
        let run = small.spawn(compare_shared_and_deep).expect("a thread");
        run.join().expect("neither runs away");
    }

    fn compare_shared_and_deep() {
        let mut store = Store::new(0, 4_096);
        let mut heap = Heap::of(&mut store);
        let (mut wide, mut deep) = (Value::int(1), Value::int(1));
        for _ in 0..64 {
            wide = heap.new_list(&[wide, wide]).expect("room");
        }
        for _ in 0..1_000 {
            deep = heap.new_list(&[deep]).expect("room");
        }
        let view = heap.view();
        assert_eq!(equal(&view, &wide, &wide), Err(EvalError::Budget));
        assert_eq!(equal(&view, &deep, &deep), Err(EvalError::Budget));
        assert_eq!(total_order(&view, &deep, &deep), Err(EvalError::Budget));
    }
}
