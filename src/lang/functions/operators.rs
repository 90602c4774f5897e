//! Operators: arithmetic, comparison, `in`, `[]`.
//!
//! In:      operands.
//! Out:     values.
//! Imports: its own room alone.
//! Source:  CEL language definition, section "List of Standard Definitions".
//!
//! The functions look at the kinds of their operands and not at the row they were reached
//! through: numbers of different kinds can be compared by each of them. `==` and `in` fail only
//! beyond the limits of depth and size, which counts as the budget and not as a failure.

use std::cmp::Ordering;

use crate::lang::error::EvalError;
use crate::lang::functions::{Cost, Function, Outcome, Sig, operator};
use crate::lang::value::heap::Heap;
use crate::lang::value::{Value, arith, compare, container};

/// The rows.
pub const ROWS: &[Function] = &[
    operator(0, "_+_", "add_int64")
        .takes(&[Sig::Int, Sig::Int], Sig::Int)
        .fails()
        .doc("The sum of two ints.", &[("1 + 2", "3")])
        .calls(add),
    operator(1, "_+_", "add_uint64")
        .takes(&[Sig::Uint, Sig::Uint], Sig::Uint)
        .fails()
        .doc("The sum of two uints.", &[("1u + 2u", "3u")])
        .calls(add),
    operator(2, "_+_", "add_double")
        .takes(&[Sig::Double, Sig::Double], Sig::Double)
        .doc("The sum of two doubles.", &[("1.5 + 2.0", "3.5")])
        .calls(add),
    operator(3, "_+_", "add_string")
        .takes(&[Sig::String, Sig::String], Sig::String)
        .fails()
        .costs(Cost::Linear)
        .doc("Two strings, one after the other.", &[("'a' + 'b'", "'ab'")])
        .calls(add),
    operator(4, "_+_", "add_bytes")
        .takes(&[Sig::Bytes, Sig::Bytes], Sig::Bytes)
        .fails()
        .costs(Cost::Linear)
        .doc("Two sequences of bytes, one after the other.", &[("b'a' + b'b'", "b'ab'")])
        .calls(add),
    operator(5, "_+_", "add_list")
        .takes(
            &[Sig::List(&Sig::Param("A")), Sig::List(&Sig::Param("A"))],
            Sig::List(&Sig::Param("A")),
        )
        .fails()
        .costs(Cost::Linear)
        .doc("The elements of two lists, one after the other.", &[("[1] + [2, 3]", "[1, 2, 3]")])
        .calls(add),
    operator(6, "_+_", "add_timestamp_duration")
        .takes(&[Sig::Timestamp, Sig::Duration], Sig::Timestamp)
        .fails()
        .doc(
            "A later timestamp.",
            &[(
                "timestamp('2026-01-01T00:00:00Z') + duration('90s')",
                "timestamp('2026-01-01T00:01:30Z')",
            )],
        )
        .calls(add),
    operator(7, "_+_", "add_duration_timestamp")
        .takes(&[Sig::Duration, Sig::Timestamp], Sig::Timestamp)
        .fails()
        .doc(
            "A later timestamp.",
            &[(
                "duration('90s') + timestamp('2026-01-01T00:00:00Z')",
                "timestamp('2026-01-01T00:01:30Z')",
            )],
        )
        .calls(add),
    operator(8, "_+_", "add_duration_duration")
        .takes(&[Sig::Duration, Sig::Duration], Sig::Duration)
        .fails()
        .doc("The sum of two durations.", &[("duration('1m') + duration('1s')", "duration('61s')")])
        .calls(add),
    operator(9, "_-_", "subtract_int64")
        .takes(&[Sig::Int, Sig::Int], Sig::Int)
        .fails()
        .doc("The difference of two ints.", &[("3 - 5", "-2")])
        .calls(subtract),
    operator(10, "_-_", "subtract_uint64")
        .takes(&[Sig::Uint, Sig::Uint], Sig::Uint)
        .fails()
        .doc("The difference of two uints.", &[("5u - 3u", "2u")])
        .calls(subtract),
    operator(11, "_-_", "subtract_double")
        .takes(&[Sig::Double, Sig::Double], Sig::Double)
        .doc("The difference of two doubles.", &[("3.5 - 1.0", "2.5")])
        .calls(subtract),
    operator(12, "_-_", "subtract_timestamp_timestamp")
        .takes(&[Sig::Timestamp, Sig::Timestamp], Sig::Duration)
        .fails()
        .doc(
            "The time from the second timestamp to the first.",
            &[(
                "timestamp('2026-01-01T00:01:00Z') - timestamp('2026-01-01T00:00:00Z')",
                "duration('1m')",
            )],
        )
        .calls(subtract),
    operator(13, "_-_", "subtract_timestamp_duration")
        .takes(&[Sig::Timestamp, Sig::Duration], Sig::Timestamp)
        .fails()
        .doc(
            "An earlier timestamp.",
            &[(
                "timestamp('2026-01-01T00:01:00Z') - duration('1m')",
                "timestamp('2026-01-01T00:00:00Z')",
            )],
        )
        .calls(subtract),
    operator(14, "_-_", "subtract_duration_duration")
        .takes(&[Sig::Duration, Sig::Duration], Sig::Duration)
        .fails()
        .doc(
            "The difference of two durations.",
            &[("duration('1m') - duration('1s')", "duration('59s')")],
        )
        .calls(subtract),
    operator(15, "_*_", "multiply_int64")
        .takes(&[Sig::Int, Sig::Int], Sig::Int)
        .fails()
        .doc("The product of two ints.", &[("3 * -5", "-15")])
        .calls(multiply),
    operator(16, "_*_", "multiply_uint64")
        .takes(&[Sig::Uint, Sig::Uint], Sig::Uint)
        .fails()
        .doc("The product of two uints.", &[("3u * 5u", "15u")])
        .calls(multiply),
    operator(17, "_*_", "multiply_double")
        .takes(&[Sig::Double, Sig::Double], Sig::Double)
        .doc("The product of two doubles.", &[("1.5 * 2.0", "3.0")])
        .calls(multiply),
    operator(18, "_/_", "divide_int64")
        .takes(&[Sig::Int, Sig::Int], Sig::Int)
        .fails()
        .doc("The quotient of two ints, toward zero.", &[("7 / -2", "-3")])
        .calls(divide),
    operator(19, "_/_", "divide_uint64")
        .takes(&[Sig::Uint, Sig::Uint], Sig::Uint)
        .fails()
        .doc("The quotient of two uints, toward zero.", &[("7u / 2u", "3u")])
        .calls(divide),
    operator(20, "_/_", "divide_double")
        .takes(&[Sig::Double, Sig::Double], Sig::Double)
        .doc("The quotient of two doubles.", &[("7.0 / 2.0", "3.5")])
        .calls(divide),
    operator(21, "_%_", "modulo_int64")
        .takes(&[Sig::Int, Sig::Int], Sig::Int)
        .fails()
        .doc(
            "What is left after dividing two ints; it has the sign of the first.",
            &[("-7 % 2", "-1")],
        )
        .calls(modulo),
    operator(22, "_%_", "modulo_uint64")
        .takes(&[Sig::Uint, Sig::Uint], Sig::Uint)
        .fails()
        .doc("What is left after dividing two uints.", &[("7u % 2u", "1u")])
        .calls(modulo),
    operator(23, "-_", "negate_int64")
        .takes(&[Sig::Int], Sig::Int)
        .fails()
        .doc("The int of the opposite sign.", &[("-(3)", "-3")])
        .calls(negate),
    operator(24, "-_", "negate_double")
        .takes(&[Sig::Double], Sig::Double)
        .doc("The double of the opposite sign.", &[("-(1.5)", "-1.5")])
        .calls(negate),
    operator(25, "!_", "logical_not")
        .takes(&[Sig::Bool], Sig::Bool)
        .doc("Whether the operand is false.", &[("!true", "false")])
        .calls(not),
    operator(26, "_==_", "equals")
        .takes(&[Sig::Param("A"), Sig::Param("A")], Sig::Bool)
        .costs(Cost::Linear)
        .doc(
            "Whether two values are equal; numbers of different kinds are equal if they have one \
            value.",
            &[("1 == 1", "true"), ("dyn(1) == 1.0", "true"), ("dyn(1) == 'a'", "false")],
        )
        .calls(equals),
    operator(27, "_!=_", "not_equals")
        .takes(&[Sig::Param("A"), Sig::Param("A")], Sig::Bool)
        .costs(Cost::Linear)
        .doc("Whether two values are not equal.", &[("'a' != 'b'", "true")])
        .calls(not_equals),
    operator(28, "_<_", "less_bool")
        .takes(&[Sig::Bool, Sig::Bool], Sig::Bool)
        .doc("Of two bools, whether the first is below the second.", &[("false < true", "true")])
        .calls(less),
    operator(29, "_<_", "less_int64")
        .takes(&[Sig::Int, Sig::Int], Sig::Bool)
        .doc("Of two ints, whether the first is below the second.", &[("1 < 2", "true")])
        .calls(less),
    operator(30, "_<_", "less_uint64")
        .takes(&[Sig::Uint, Sig::Uint], Sig::Bool)
        .doc("Of two uints, whether the first is below the second.", &[("1u < 2u", "true")])
        .calls(less),
    operator(31, "_<_", "less_double")
        .takes(&[Sig::Double, Sig::Double], Sig::Bool)
        .doc("Of two doubles, whether the first is below the second.", &[("1.0 < 2.5", "true")])
        .calls(less),
    operator(32, "_<_", "less_string")
        .takes(&[Sig::String, Sig::String], Sig::Bool)
        .costs(Cost::Linear)
        .doc("Of two strings, whether the first is below the second.", &[("'a' < 'b'", "true")])
        .calls(less),
    operator(33, "_<_", "less_bytes")
        .takes(&[Sig::Bytes, Sig::Bytes], Sig::Bool)
        .costs(Cost::Linear)
        .doc("Of two bytes, whether the first is below the second.", &[("b'a' < b'b'", "true")])
        .calls(less),
    operator(34, "_<_", "less_timestamp")
        .takes(&[Sig::Timestamp, Sig::Timestamp], Sig::Bool)
        .doc(
            "Of two timestamps, whether the first is below the second.",
            &[("timestamp(0) < timestamp(1)", "true")],
        )
        .calls(less),
    operator(35, "_<_", "less_duration")
        .takes(&[Sig::Duration, Sig::Duration], Sig::Bool)
        .doc(
            "Of two durations, whether the first is below the second.",
            &[("duration('1s') < duration('1m')", "true")],
        )
        .calls(less),
    operator(36, "_<=_", "less_equals_bool")
        .takes(&[Sig::Bool, Sig::Bool], Sig::Bool)
        .doc(
            "Of two bools, whether the first is not above the second.",
            &[("false <= true", "true")],
        )
        .calls(less_equals),
    operator(37, "_<=_", "less_equals_int64")
        .takes(&[Sig::Int, Sig::Int], Sig::Bool)
        .doc("Of two ints, whether the first is not above the second.", &[("1 <= 2", "true")])
        .calls(less_equals),
    operator(38, "_<=_", "less_equals_uint64")
        .takes(&[Sig::Uint, Sig::Uint], Sig::Bool)
        .doc("Of two uints, whether the first is not above the second.", &[("1u <= 2u", "true")])
        .calls(less_equals),
    operator(39, "_<=_", "less_equals_double")
        .takes(&[Sig::Double, Sig::Double], Sig::Bool)
        .doc(
            "Of two doubles, whether the first is not above the second.",
            &[("1.0 <= 2.5", "true")],
        )
        .calls(less_equals),
    operator(40, "_<=_", "less_equals_string")
        .takes(&[Sig::String, Sig::String], Sig::Bool)
        .costs(Cost::Linear)
        .doc(
            "Of two strings, whether the first is not above the second.",
            &[("'a' <= 'b'", "true")],
        )
        .calls(less_equals),
    operator(41, "_<=_", "less_equals_bytes")
        .takes(&[Sig::Bytes, Sig::Bytes], Sig::Bool)
        .costs(Cost::Linear)
        .doc(
            "Of two bytes, whether the first is not above the second.",
            &[("b'a' <= b'b'", "true")],
        )
        .calls(less_equals),
    operator(42, "_<=_", "less_equals_timestamp")
        .takes(&[Sig::Timestamp, Sig::Timestamp], Sig::Bool)
        .doc(
            "Of two timestamps, whether the first is not above the second.",
            &[("timestamp(0) <= timestamp(1)", "true")],
        )
        .calls(less_equals),
    operator(43, "_<=_", "less_equals_duration")
        .takes(&[Sig::Duration, Sig::Duration], Sig::Bool)
        .doc(
            "Of two durations, whether the first is not above the second.",
            &[("duration('1s') <= duration('1m')", "true")],
        )
        .calls(less_equals),
    operator(44, "_>_", "greater_bool")
        .takes(&[Sig::Bool, Sig::Bool], Sig::Bool)
        .doc("Of two bools, whether the first is above the second.", &[("true > false", "true")])
        .calls(greater),
    operator(45, "_>_", "greater_int64")
        .takes(&[Sig::Int, Sig::Int], Sig::Bool)
        .doc("Of two ints, whether the first is above the second.", &[("2 > 1", "true")])
        .calls(greater),
    operator(46, "_>_", "greater_uint64")
        .takes(&[Sig::Uint, Sig::Uint], Sig::Bool)
        .doc("Of two uints, whether the first is above the second.", &[("2u > 1u", "true")])
        .calls(greater),
    operator(47, "_>_", "greater_double")
        .takes(&[Sig::Double, Sig::Double], Sig::Bool)
        .doc("Of two doubles, whether the first is above the second.", &[("2.5 > 1.0", "true")])
        .calls(greater),
    operator(48, "_>_", "greater_string")
        .takes(&[Sig::String, Sig::String], Sig::Bool)
        .costs(Cost::Linear)
        .doc("Of two strings, whether the first is above the second.", &[("'b' > 'a'", "true")])
        .calls(greater),
    operator(49, "_>_", "greater_bytes")
        .takes(&[Sig::Bytes, Sig::Bytes], Sig::Bool)
        .costs(Cost::Linear)
        .doc("Of two bytes, whether the first is above the second.", &[("b'b' > b'a'", "true")])
        .calls(greater),
    operator(50, "_>_", "greater_timestamp")
        .takes(&[Sig::Timestamp, Sig::Timestamp], Sig::Bool)
        .doc(
            "Of two timestamps, whether the first is above the second.",
            &[("timestamp(1) > timestamp(0)", "true")],
        )
        .calls(greater),
    operator(51, "_>_", "greater_duration")
        .takes(&[Sig::Duration, Sig::Duration], Sig::Bool)
        .doc(
            "Of two durations, whether the first is above the second.",
            &[("duration('1m') > duration('1s')", "true")],
        )
        .calls(greater),
    operator(52, "_>=_", "greater_equals_bool")
        .takes(&[Sig::Bool, Sig::Bool], Sig::Bool)
        .doc(
            "Of two bools, whether the first is not below the second.",
            &[("true >= false", "true")],
        )
        .calls(greater_equals),
    operator(53, "_>=_", "greater_equals_int64")
        .takes(&[Sig::Int, Sig::Int], Sig::Bool)
        .doc("Of two ints, whether the first is not below the second.", &[("2 >= 1", "true")])
        .calls(greater_equals),
    operator(54, "_>=_", "greater_equals_uint64")
        .takes(&[Sig::Uint, Sig::Uint], Sig::Bool)
        .doc("Of two uints, whether the first is not below the second.", &[("2u >= 1u", "true")])
        .calls(greater_equals),
    operator(55, "_>=_", "greater_equals_double")
        .takes(&[Sig::Double, Sig::Double], Sig::Bool)
        .doc(
            "Of two doubles, whether the first is not below the second.",
            &[("2.5 >= 1.0", "true")],
        )
        .calls(greater_equals),
    operator(56, "_>=_", "greater_equals_string")
        .takes(&[Sig::String, Sig::String], Sig::Bool)
        .costs(Cost::Linear)
        .doc(
            "Of two strings, whether the first is not below the second.",
            &[("'b' >= 'a'", "true")],
        )
        .calls(greater_equals),
    operator(57, "_>=_", "greater_equals_bytes")
        .takes(&[Sig::Bytes, Sig::Bytes], Sig::Bool)
        .costs(Cost::Linear)
        .doc(
            "Of two bytes, whether the first is not below the second.",
            &[("b'b' >= b'a'", "true")],
        )
        .calls(greater_equals),
    operator(58, "_>=_", "greater_equals_timestamp")
        .takes(&[Sig::Timestamp, Sig::Timestamp], Sig::Bool)
        .doc(
            "Of two timestamps, whether the first is not below the second.",
            &[("timestamp(1) >= timestamp(0)", "true")],
        )
        .calls(greater_equals),
    operator(59, "_>=_", "greater_equals_duration")
        .takes(&[Sig::Duration, Sig::Duration], Sig::Bool)
        .doc(
            "Of two durations, whether the first is not below the second.",
            &[("duration('1m') >= duration('1s')", "true")],
        )
        .calls(greater_equals),
    operator(60, "@in", "in_list")
        .takes(&[Sig::Param("A"), Sig::List(&Sig::Param("A"))], Sig::Bool)
        .costs(Cost::Linear)
        .doc("Whether an element of the list equals the value.", &[("2 in [1, 2]", "true")])
        .calls(is_in),
    operator(61, "@in", "in_map")
        .takes(&[Sig::Param("A"), Sig::Map(&Sig::Param("A"), &Sig::Param("B"))], Sig::Bool)
        .doc("Whether the map has the key.", &[("'a' in {'a': 1}", "true")])
        .calls(is_in),
    operator(62, "_[_]", "index_list")
        .takes(&[Sig::List(&Sig::Param("A")), Sig::Int], Sig::Param("A"))
        .fails()
        .doc("The element at a position, from 0.", &[("['a', 'b'][1]", "'b'")])
        .calls(index),
    operator(63, "_[_]", "index_map")
        .takes(&[Sig::Map(&Sig::Param("A"), &Sig::Param("B")), Sig::Param("A")], Sig::Param("B"))
        .fails()
        .doc("The value under a key.", &[("{'a': 1}['a']", "1")])
        .calls(index),
];

/// Both operands.
fn two(args: &[Value]) -> Result<(&Value, &Value), EvalError> {
    if let [a, b] = args { Ok((a, b)) } else { Err(EvalError::NoSuchOverload) }
}

fn add(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (a, b) = two(args)?;
    arith::add(heap, a, b)
}

fn subtract(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (a, b) = two(args)?;
    arith::subtract(a, b)
}

fn multiply(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (a, b) = two(args)?;
    arith::multiply(a, b)
}

fn divide(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (a, b) = two(args)?;
    arith::divide(a, b)
}

fn modulo(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (a, b) = two(args)?;
    arith::modulo(a, b)
}

fn negate(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    args.first().map_or(Err(EvalError::NoSuchOverload), arith::negate)
}

fn not(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let value = args.first().and_then(Value::as_bool).ok_or(EvalError::NoSuchOverload)?;
    Ok(Value::bool(!value))
}

fn equals(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (a, b) = two(args)?;
    compare::equal(&heap.view(), a, b).map(Value::bool)
}

fn not_equals(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (a, b) = two(args)?;
    compare::equal(&heap.view(), a, b).map(|equal| Value::bool(!equal))
}

pub(super) fn less(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    relation(heap, args, Ordering::is_lt)
}

pub(super) fn less_equals(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    relation(heap, args, Ordering::is_le)
}

pub(super) fn greater(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    relation(heap, args, Ordering::is_gt)
}

pub(super) fn greater_equals(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    relation(heap, args, Ordering::is_ge)
}

/// Every relation with `NaN` is false.
fn relation(heap: &Heap<'_>, args: &[Value], holds: fn(Ordering) -> bool) -> Outcome {
    let (a, b) = two(args)?;
    let order = compare::order(&heap.view(), a, b)?;
    Ok(Value::bool(order.is_some_and(holds)))
}

fn is_in(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (value, list) = two(args)?;
    container::holds(&heap.view(), list, value).map(Value::bool)
}

fn index(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (list, key) = two(args)?;
    container::element(&heap.view(), list, key)
}
