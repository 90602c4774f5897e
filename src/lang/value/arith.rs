//! Arithmetic of values of any kinds.
//!
//! In:      operands.
//! Out:     `a + b`, `a - b`, `a * b`, `a / b`, `a % b`, `-a`.
//! Imports: `lang::error`, `lang::value`.
//! Source:  CEL language definition, section "Arithmetic".
//!
//! Operands of kinds that an operator does not take together are `NoSuchOverload`; a result that
//! its kind cannot hold is `Overflow`.

use crate::lang::error::EvalError;
use crate::lang::value::heap::Heap;
use crate::lang::value::time::{self, Instant};
use crate::lang::value::{Space, Tag, Value};

type Outcome = Result<Value, EvalError>;

/// `a + b`
///
/// # Errors
/// `NoSuchOverload`, `Overflow`, or `Budget` if a text or list does not fit.
pub fn add(heap: &mut Heap<'_>, a: &Value, b: &Value) -> Outcome {
    match (a.tag(), b.tag()) {
        (Tag::Int, Tag::Int) => int(a.signed().checked_add(b.signed())),
        (Tag::Uint, Tag::Uint) => uint(a.bits().checked_add(b.bits())),
        (Tag::Double, Tag::Double) => Ok(Value::double(a.float() + b.float())),
        (Tag::String, Tag::String) | (Tag::Bytes, Tag::Bytes) => join_text(heap, a, b),
        (Tag::List, Tag::List) => join_lists(heap, a, b),
        (Tag::Duration, Tag::Duration) => duration(a.signed().checked_add(b.signed())),
        (Tag::Timestamp, Tag::Duration) => shift(a, i128::from(b.signed())),
        (Tag::Duration, Tag::Timestamp) => shift(b, i128::from(a.signed())),
        _ => Err(EvalError::NoSuchOverload),
    }
}

/// `a - b`
///
/// # Errors
/// `NoSuchOverload`, `Overflow`.
pub fn subtract(a: &Value, b: &Value) -> Outcome {
    match (a.tag(), b.tag()) {
        (Tag::Int, Tag::Int) => int(a.signed().checked_sub(b.signed())),
        (Tag::Uint, Tag::Uint) => uint(a.bits().checked_sub(b.bits())),
        (Tag::Double, Tag::Double) => Ok(Value::double(a.float() - b.float())),
        (Tag::Duration, Tag::Duration) => duration(a.signed().checked_sub(b.signed())),
        (Tag::Timestamp, Tag::Duration) => shift(a, -i128::from(b.signed())),
        (Tag::Timestamp, Tag::Timestamp) => {
            let difference = Instant::of(a).nanoseconds() - Instant::of(b).nanoseconds();
            duration(i64::try_from(difference).ok())
        }
        _ => Err(EvalError::NoSuchOverload),
    }
}

/// `a * b`
///
/// # Errors
/// `NoSuchOverload`, `Overflow`.
pub fn multiply(a: &Value, b: &Value) -> Outcome {
    match (a.tag(), b.tag()) {
        (Tag::Int, Tag::Int) => int(a.signed().checked_mul(b.signed())),
        (Tag::Uint, Tag::Uint) => uint(a.bits().checked_mul(b.bits())),
        (Tag::Double, Tag::Double) => Ok(Value::double(a.float() * b.float())),
        _ => Err(EvalError::NoSuchOverload),
    }
}

/// `a / b`; integers are divided toward zero.
///
/// # Errors
/// `NoSuchOverload`, `Overflow`, `DivideByZero`.
pub fn divide(a: &Value, b: &Value) -> Outcome {
    match (a.tag(), b.tag()) {
        (Tag::Int, Tag::Int) | (Tag::Uint, Tag::Uint) if b.bits() == 0 => {
            Err(EvalError::DivideByZero)
        }
        (Tag::Int, Tag::Int) => int(a.signed().checked_div(b.signed())),
        (Tag::Uint, Tag::Uint) => uint(a.bits().checked_div(b.bits())),
        (Tag::Double, Tag::Double) => Ok(Value::double(a.float() / b.float())),
        _ => Err(EvalError::NoSuchOverload),
    }
}

/// `a % b`; the result has the sign of `a`.
///
/// # Errors
/// `NoSuchOverload`, `Overflow`, `DivideByZero`.
pub fn modulo(a: &Value, b: &Value) -> Outcome {
    match (a.tag(), b.tag()) {
        (Tag::Int, Tag::Int) | (Tag::Uint, Tag::Uint) if b.bits() == 0 => {
            Err(EvalError::DivideByZero)
        }
        (Tag::Int, Tag::Int) => int(a.signed().checked_rem(b.signed())),
        (Tag::Uint, Tag::Uint) => uint(a.bits().checked_rem(b.bits())),
        _ => Err(EvalError::NoSuchOverload),
    }
}

/// `-a`
///
/// # Errors
/// `NoSuchOverload`, `Overflow`.
pub fn negate(a: &Value) -> Outcome {
    match a.tag() {
        Tag::Int => int(a.signed().checked_neg()),
        Tag::Double => Ok(Value::double(-a.float())),
        Tag::Absent
        | Tag::Error
        | Tag::Null
        | Tag::Bool
        | Tag::Uint
        | Tag::String
        | Tag::Bytes
        | Tag::Timestamp
        | Tag::Duration
        | Tag::Type
        | Tag::List
        | Tag::Map
        | Tag::Optional => Err(EvalError::NoSuchOverload),
    }
}

fn int(value: Option<i64>) -> Outcome {
    value.map(Value::int).ok_or(EvalError::Overflow)
}

fn uint(value: Option<u64>) -> Outcome {
    value.map(Value::uint).ok_or(EvalError::Overflow)
}

fn duration(nanoseconds: Option<i64>) -> Outcome {
    nanoseconds.map(Value::duration).ok_or(EvalError::Overflow)
}

fn shift(timestamp: &Value, nanoseconds: i128) -> Outcome {
    let instant = Instant::of(timestamp).nanoseconds() + nanoseconds;
    time::from_nanoseconds(instant).map(Instant::value).ok_or(EvalError::Overflow)
}

fn join_text(heap: &mut Heap<'_>, a: &Value, b: &Value) -> Outcome {
    if a.is_empty() {
        return Ok(*b);
    }
    if b.is_empty() {
        return Ok(*a);
    }
    let start = heap.store.mark().0;
    heap.append(a)?;
    heap.append(b)?;
    heap.finish_text(a.tag(), start)
}

fn join_lists(heap: &mut Heap<'_>, a: &Value, b: &Value) -> Outcome {
    if a.is_empty() {
        return Ok(*b);
    }
    if b.is_empty() {
        return Ok(*a);
    }
    if a.columns() != b.columns() {
        return Err(EvalError::NoSuchOverload);
    }
    let off = u32::try_from(heap.store.mark().1).map_err(|_| EvalError::Budget)?;
    let len = a.len().checked_add(b.len()).ok_or(EvalError::Budget)?;
    heap.append_elements(a)?;
    heap.append_elements(b)?;
    Ok(Value::list(Space::Arena, off, len, a.columns()))
}
