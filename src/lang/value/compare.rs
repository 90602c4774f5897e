//! Equality and order of values.
//!
//! In:      two values and what they point into.
//! Out:     whether they are equal, or how they are ordered.
//! Imports: `base::limits`, `lang::error`.
//! Source:  CEL language definition, sections "Equality" and "Ordering".
//!
//! Equality is total: values of different kinds are unequal, all numbers lie on one line and are
//! compared exactly, `NaN` is unequal to everything. Values may share parts, so both walks count
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
pub fn equal(view: &View<'_>, a: &Value, b: &Value) -> Result<bool, EvalError> {
    Walk { view, depth: 0, steps: 0 }.equal(a, b)
}

/// How `a` and `b` are ordered by `<` and its siblings; `None` if one is `NaN`.
///
/// # Errors
/// `NoSuchOverload` if their kinds have no order.
pub fn order(view: &View<'_>, a: &Value, b: &Value) -> Result<Option<Ordering>, EvalError> {
    match (a.tag(), b.tag()) {
        (Tag::Int | Tag::Uint | Tag::Double, Tag::Int | Tag::Uint | Tag::Double) => {
            Ok(numbers(a, b))
        }
        (Tag::String, Tag::String) | (Tag::Bytes, Tag::Bytes) => {
            Ok(Some(view.bytes(a).cmp(view.bytes(b))))
        }
        (Tag::Bool, Tag::Bool) => Ok(Some(a.bits().cmp(&b.bits()))),
        (Tag::Duration, Tag::Duration) => Ok(Some(a.signed().cmp(&b.signed()))),
        (Tag::Timestamp, Tag::Timestamp) => Ok(Some(instant(a).cmp(&instant(b)))),
        (
            Tag::Absent
            | Tag::Error
            | Tag::Null
            | Tag::Bool
            | Tag::Int
            | Tag::Uint
            | Tag::Double
            | Tag::String
            | Tag::Bytes
            | Tag::Timestamp
            | Tag::Duration
            | Tag::Type
            | Tag::List
            | Tag::Map
            | Tag::Optional,
            _,
        ) => Err(EvalError::NoSuchOverload),
    }
}

/// An order of all values that agrees with equality, except that `NaN` stands above all numbers
/// and beside itself: kinds in the order of their tags (all numbers as one kind), then by value.
///
/// # Errors
/// `Budget` if the values are nested too deeply or share parts too often.
pub fn total_order(view: &View<'_>, a: &Value, b: &Value) -> Result<Ordering, EvalError> {
    Walk { view, depth: 0, steps: 0 }.order(a, b)
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
        (
            Tag::Absent
            | Tag::Error
            | Tag::Null
            | Tag::Bool
            | Tag::Int
            | Tag::Uint
            | Tag::Double
            | Tag::String
            | Tag::Bytes
            | Tag::Timestamp
            | Tag::Duration
            | Tag::Type
            | Tag::List
            | Tag::Map
            | Tag::Optional,
            _,
        ) => None,
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
        match (a.tag(), b.tag()) {
            (Tag::Int | Tag::Uint | Tag::Double, Tag::Int | Tag::Uint | Tag::Double) => {
                Ok(numbers(a, b) == Some(Ordering::Equal))
            }
            (Tag::String, Tag::String) | (Tag::Bytes, Tag::Bytes) | (Tag::Type, Tag::Type) => {
                Ok(a.bits() == b.bits() && self.view.bytes(a) == self.view.bytes(b))
            }
            (Tag::Null, Tag::Null) | (Tag::Absent, Tag::Absent) => Ok(true),
            (Tag::Bool, Tag::Bool) | (Tag::Duration, Tag::Duration) => Ok(a.bits() == b.bits()),
            (Tag::Timestamp, Tag::Timestamp) => Ok(instant(a) == instant(b)),
            // A map is sorted by key, so equal maps are equal value by value.
            (Tag::List, Tag::List) | (Tag::Map, Tag::Map) | (Tag::Optional, Tag::Optional) => {
                self.all_equal(a, b)
            }
            (
                Tag::Absent
                | Tag::Error
                | Tag::Null
                | Tag::Bool
                | Tag::Int
                | Tag::Uint
                | Tag::Double
                | Tag::String
                | Tag::Bytes
                | Tag::Timestamp
                | Tag::Duration
                | Tag::Type
                | Tag::List
                | Tag::Map
                | Tag::Optional,
                _,
            ) => Ok(false),
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
        let by_kind = kind(a).cmp(&kind(b));
        if by_kind.is_ne() {
            return Ok(by_kind);
        }
        match a.tag() {
            Tag::Int | Tag::Uint | Tag::Double => {
                let nan = |value: &Value| value.tag() == Tag::Double && value.float().is_nan();
                Ok(numbers(a, b).unwrap_or_else(|| nan(a).cmp(&nan(b))))
            }
            Tag::String | Tag::Bytes | Tag::Type => Ok(self.view.bytes(a).cmp(self.view.bytes(b))),
            Tag::Absent | Tag::Null => Ok(Ordering::Equal),
            Tag::Bool | Tag::Error => Ok(a.bits().cmp(&b.bits())),
            Tag::Duration => Ok(a.signed().cmp(&b.signed())),
            Tag::Timestamp => Ok(instant(a).cmp(&instant(b))),
            Tag::List | Tag::Map | Tag::Optional => self.order_all(a, b),
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
    match value.tag() {
        Tag::Int | Tag::Uint | Tag::Double => Tag::Int as u8,
        tag @ (Tag::Absent
        | Tag::Error
        | Tag::Null
        | Tag::Bool
        | Tag::String
        | Tag::Bytes
        | Tag::Timestamp
        | Tag::Duration
        | Tag::Type
        | Tag::List
        | Tag::Map
        | Tag::Optional) => tag as u8,
    }
}
