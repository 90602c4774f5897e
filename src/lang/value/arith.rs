//! Arithmetic of values of any kinds.
//!
//! In:      operands.
//! Out:     `a + b`, `a - b`, `a * b`, `a / b`, `a % b`, `-a`.
//! Imports: its own room alone.
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
    if a.tag() == Tag::Double {
        return Ok(Value::double(-a.float()));
    }
    if a.tag() != Tag::Int {
        return Err(EvalError::NoSuchOverload);
    }
    int(a.signed().checked_neg())
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lang::value::heap::Store;

    fn shown(value: Outcome) -> Result<(Tag, u64, u32), EvalError> {
        value.map(|value| (value.tag(), value.bits(), value.off()))
    }

    #[test]
    fn edges_are_errors() {
        let (min, zero) = (Value::int(i64::MIN), Value::int(0));
        let minus = Value::int(-1);
        assert_eq!(shown(divide(&min, &minus)), Err(EvalError::Overflow));
        assert_eq!(shown(modulo(&min, &minus)), Err(EvalError::Overflow));
        assert_eq!(shown(negate(&min)), Err(EvalError::Overflow));
        assert_eq!(shown(divide(&minus, &zero)), Err(EvalError::DivideByZero));
        assert_eq!(shown(modulo(&minus, &zero)), Err(EvalError::DivideByZero));
        assert_eq!(shown(subtract(&Value::uint(0), &Value::uint(1))), Err(EvalError::Overflow));
        assert_eq!(shown(negate(&Value::uint(1))), Err(EvalError::NoSuchOverload));
        assert_eq!(shown(multiply(&zero, &Value::uint(1))), Err(EvalError::NoSuchOverload));
        let (one, nothing) = (Value::double(1.0), Value::double(0.0));
        assert_eq!(shown(modulo(&one, &nothing)), Err(EvalError::NoSuchOverload));
        assert!(divide(&one, &nothing).is_ok_and(|value| value.float().is_infinite()));
    }

    #[test]
    fn time_stays_in_range() {
        let mut store = Store::new(0, 0);
        let mut heap = Heap::of(&mut store);
        let last = Value::timestamp(time::SECONDS_MAX, 999_999_999);
        let first = Value::timestamp(time::SECONDS_MIN, 0);
        let tick = Value::duration(1);
        assert_eq!(shown(add(&mut heap, &last, &tick)), Err(EvalError::Overflow));
        assert_eq!(shown(add(&mut heap, &tick, &last)), Err(EvalError::Overflow));
        assert_eq!(shown(subtract(&first, &tick)), Err(EvalError::Overflow));
        assert_eq!(shown(subtract(&last, &first)), Err(EvalError::Overflow));
        let before = subtract(&last, &tick).expect("in range");
        assert_eq!(shown(subtract(&last, &before)), shown(Ok(tick)));
        let before_epoch = subtract(&Value::timestamp(0, 0), &tick).expect("in range");
        assert_eq!((before_epoch.signed(), before_epoch.off()), (-1, 999_999_999));
    }

    #[test]
    fn joins_from_all_spaces() {
        let mut store = Store::new(32, 8);
        let elements = [Value::int(7), Value::int(8)];
        let mut heap = Heap {
            request: b"request",
            program_text: b"program",
            program_elements: &elements,
            descriptors: crate::lang::value::message::Descriptors::NONE,
            store: &mut store,
        };
        let request = Value::text(Tag::String, Space::Request, 0, b"request");
        let program = Value::text(Tag::String, Space::Program, 0, b"program");
        let both = add(&mut heap, &request, &program).expect("room");
        assert_eq!(heap.str(&both), "requestprogram");
        assert_eq!(shown(add(&mut heap, &both, &both)), Err(EvalError::Budget));
        let constant = Value::list(Space::Program, 0, 2, 1);
        let one = heap.new_list(&[Value::int(1)]).expect("room");
        let list = add(&mut heap, &constant, &one).expect("room");
        let list = add(&mut heap, &one, &list).expect("room");
        let ints: Vec<i64> = heap.elements(&list).iter().map(Value::signed).collect();
        assert_eq!(ints, [1, 7, 8, 1]);
        assert_eq!(shown(add(&mut heap, &list, &list)), Err(EvalError::Budget));
    }

    proptest! {
        #[test]
        fn integers_agree_with_wider_ones(
            a in any::<i64>(),
            b in prop_oneof![any::<i64>(), -3_i64..4],
        ) {
            let mut store = Store::new(0, 0);
            let mut heap = Heap::of(&mut store);
            let (x, y) = (Value::int(a), Value::int(b));
            let (wide_a, wide_b) = (i128::from(a), i128::from(b));
            let int = |wide: i128| {
                let int = i64::try_from(wide).map_err(|_| EvalError::Overflow);
                int.map(|int| (Tag::Int, int.cast_unsigned(), 0))
            };
            prop_assert_eq!(shown(add(&mut heap, &x, &y)), int(wide_a + wide_b));
            prop_assert_eq!(shown(subtract(&x, &y)), int(wide_a - wide_b));
            prop_assert_eq!(shown(multiply(&x, &y)), int(wide_a * wide_b));
            if b != 0 {
                prop_assert_eq!(shown(divide(&x, &y)), int(wide_a / wide_b));
            }
            if b != 0 && b != -1 {
                prop_assert_eq!(shown(modulo(&x, &y)), int(wide_a % wide_b));
            }
        }
    }
}
