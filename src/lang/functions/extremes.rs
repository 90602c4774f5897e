//! `math.greatest` and `math.least` of CEL's extension of mathematics.
//!
//! In:      numbers, of any kinds together.
//! Out:     the number itself, with its kind.
//! Imports: its own room alone.
//! Source:  the conformance tests `math_ext`; where they are silent, cel-go's `ext/math`.
//!
//! More than two arguments are handed on as one list: `takes_any_number`.

use std::cmp::Ordering;

use crate::lang::error::EvalError;
use crate::lang::functions::math::MATH;
use crate::lang::functions::{Cost, Function, Outcome, Sig, global};
use crate::lang::value::heap::Heap;
use crate::lang::value::{Tag, Value, compare};

/// The rows.
pub const ROWS: &[Function] = &[
    global(223, "math.greatest", "math_@max_int")
        .takes(&[Sig::Int], Sig::Int)
        .of(MATH)
        .doc("The number itself.", &[("math.greatest(1)", "1")])
        .calls(greatest),
    global(224, "math.greatest", "math_@max_uint")
        .takes(&[Sig::Uint], Sig::Uint)
        .of(MATH)
        .doc("The number itself.", &[("math.greatest(1u)", "1u")])
        .calls(greatest),
    global(225, "math.greatest", "math_@max_double")
        .takes(&[Sig::Double], Sig::Double)
        .of(MATH)
        .doc("The number itself.", &[("math.greatest(1.5)", "1.5")])
        .calls(greatest),
    global(226, "math.greatest", "math_@max_int_int")
        .takes(&[Sig::Int, Sig::Int], Sig::Int)
        .of(MATH)
        .doc(
            "The greatest of two numbers; the first of equal ones.",
            &[("math.greatest(1, 3)", "3")],
        )
        .calls(greatest),
    global(227, "math.greatest", "math_@max_int_uint")
        .takes(&[Sig::Int, Sig::Uint], Sig::Dyn)
        .of(MATH)
        .doc(
            "The greatest of two numbers; the first of equal ones.",
            &[("math.greatest(1, 3u)", "3u")],
        )
        .calls(greatest),
    global(228, "math.greatest", "math_@max_int_double")
        .takes(&[Sig::Int, Sig::Double], Sig::Dyn)
        .of(MATH)
        .fails()
        .doc(
            "The greatest of two numbers; the first of equal ones.",
            &[("math.greatest(1, 3.5)", "3.5")],
        )
        .calls(greatest),
    global(229, "math.greatest", "math_@max_uint_int")
        .takes(&[Sig::Uint, Sig::Int], Sig::Dyn)
        .of(MATH)
        .doc(
            "The greatest of two numbers; the first of equal ones.",
            &[("math.greatest(1u, 3)", "3")],
        )
        .calls(greatest),
    global(230, "math.greatest", "math_@max_uint_uint")
        .takes(&[Sig::Uint, Sig::Uint], Sig::Uint)
        .of(MATH)
        .doc(
            "The greatest of two numbers; the first of equal ones.",
            &[("math.greatest(1u, 3u)", "3u")],
        )
        .calls(greatest),
    global(231, "math.greatest", "math_@max_uint_double")
        .takes(&[Sig::Uint, Sig::Double], Sig::Dyn)
        .of(MATH)
        .fails()
        .doc(
            "The greatest of two numbers; the first of equal ones.",
            &[("math.greatest(1u, 3.5)", "3.5")],
        )
        .calls(greatest),
    global(232, "math.greatest", "math_@max_double_int")
        .takes(&[Sig::Double, Sig::Int], Sig::Dyn)
        .of(MATH)
        .fails()
        .doc(
            "The greatest of two numbers; the first of equal ones.",
            &[("math.greatest(1.5, 3)", "3")],
        )
        .calls(greatest),
    global(233, "math.greatest", "math_@max_double_uint")
        .takes(&[Sig::Double, Sig::Uint], Sig::Dyn)
        .of(MATH)
        .fails()
        .doc(
            "The greatest of two numbers; the first of equal ones.",
            &[("math.greatest(1.5, 3u)", "3u")],
        )
        .calls(greatest),
    global(234, "math.greatest", "math_@max_double_double")
        .takes(&[Sig::Double, Sig::Double], Sig::Double)
        .of(MATH)
        .fails()
        .doc(
            "The greatest of two numbers; the first of equal ones.",
            &[("math.greatest(1.5, 3.5)", "3.5")],
        )
        .calls(greatest),
    global(235, "math.greatest", "math_@max_list_int")
        .takes(&[Sig::List(&Sig::Int)], Sig::Int)
        .of(MATH)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The greatest of the numbers of a list, or of three arguments and more.",
            &[("math.greatest([1, 3])", "3"), ("math.greatest(1, 3, 1)", "3")],
        )
        .calls(greatest),
    global(236, "math.greatest", "math_@max_list_uint")
        .takes(&[Sig::List(&Sig::Uint)], Sig::Uint)
        .of(MATH)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The greatest of the numbers of a list, or of three arguments and more.",
            &[("math.greatest([1u, 3u])", "3u"), ("math.greatest(1u, 3u, 1u)", "3u")],
        )
        .calls(greatest),
    global(237, "math.greatest", "math_@max_list_double")
        .takes(&[Sig::List(&Sig::Double)], Sig::Double)
        .of(MATH)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The greatest of the numbers of a list, or of three arguments and more.",
            &[("math.greatest([1.5, 3.5])", "3.5"), ("math.greatest(1.5, 3.5, 1.5)", "3.5")],
        )
        .calls(greatest),
    global(238, "math.least", "math_@min_int")
        .takes(&[Sig::Int], Sig::Int)
        .of(MATH)
        .doc("The number itself.", &[("math.least(1)", "1")])
        .calls(least),
    global(239, "math.least", "math_@min_uint")
        .takes(&[Sig::Uint], Sig::Uint)
        .of(MATH)
        .doc("The number itself.", &[("math.least(1u)", "1u")])
        .calls(least),
    global(240, "math.least", "math_@min_double")
        .takes(&[Sig::Double], Sig::Double)
        .of(MATH)
        .doc("The number itself.", &[("math.least(1.5)", "1.5")])
        .calls(least),
    global(241, "math.least", "math_@min_int_int")
        .takes(&[Sig::Int, Sig::Int], Sig::Int)
        .of(MATH)
        .doc("The least of two numbers; the first of equal ones.", &[("math.least(1, 3)", "1")])
        .calls(least),
    global(242, "math.least", "math_@min_int_uint")
        .takes(&[Sig::Int, Sig::Uint], Sig::Dyn)
        .of(MATH)
        .doc("The least of two numbers; the first of equal ones.", &[("math.least(1, 3u)", "1")])
        .calls(least),
    global(243, "math.least", "math_@min_int_double")
        .takes(&[Sig::Int, Sig::Double], Sig::Dyn)
        .of(MATH)
        .fails()
        .doc("The least of two numbers; the first of equal ones.", &[("math.least(1, 3.5)", "1")])
        .calls(least),
    global(244, "math.least", "math_@min_uint_int")
        .takes(&[Sig::Uint, Sig::Int], Sig::Dyn)
        .of(MATH)
        .doc("The least of two numbers; the first of equal ones.", &[("math.least(1u, 3)", "1u")])
        .calls(least),
    global(245, "math.least", "math_@min_uint_uint")
        .takes(&[Sig::Uint, Sig::Uint], Sig::Uint)
        .of(MATH)
        .doc("The least of two numbers; the first of equal ones.", &[("math.least(1u, 3u)", "1u")])
        .calls(least),
    global(246, "math.least", "math_@min_uint_double")
        .takes(&[Sig::Uint, Sig::Double], Sig::Dyn)
        .of(MATH)
        .fails()
        .doc("The least of two numbers; the first of equal ones.", &[("math.least(1u, 3.5)", "1u")])
        .calls(least),
    global(247, "math.least", "math_@min_double_int")
        .takes(&[Sig::Double, Sig::Int], Sig::Dyn)
        .of(MATH)
        .fails()
        .doc("The least of two numbers; the first of equal ones.", &[("math.least(1.5, 3)", "1.5")])
        .calls(least),
    global(248, "math.least", "math_@min_double_uint")
        .takes(&[Sig::Double, Sig::Uint], Sig::Dyn)
        .of(MATH)
        .fails()
        .doc(
            "The least of two numbers; the first of equal ones.",
            &[("math.least(1.5, 3u)", "1.5")],
        )
        .calls(least),
    global(249, "math.least", "math_@min_double_double")
        .takes(&[Sig::Double, Sig::Double], Sig::Double)
        .of(MATH)
        .fails()
        .doc(
            "The least of two numbers; the first of equal ones.",
            &[("math.least(1.5, 3.5)", "1.5")],
        )
        .calls(least),
    global(250, "math.least", "math_@min_list_int")
        .takes(&[Sig::List(&Sig::Int)], Sig::Int)
        .of(MATH)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The least of the numbers of a list, or of three arguments and more.",
            &[("math.least([1, 3])", "1"), ("math.least(1, 3, 1)", "1")],
        )
        .calls(least),
    global(251, "math.least", "math_@min_list_uint")
        .takes(&[Sig::List(&Sig::Uint)], Sig::Uint)
        .of(MATH)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The least of the numbers of a list, or of three arguments and more.",
            &[("math.least([1u, 3u])", "1u"), ("math.least(1u, 3u, 1u)", "1u")],
        )
        .calls(least),
    global(252, "math.least", "math_@min_list_double")
        .takes(&[Sig::List(&Sig::Double)], Sig::Double)
        .of(MATH)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The least of the numbers of a list, or of three arguments and more.",
            &[("math.least([1.5, 3.5])", "1.5"), ("math.least(1.5, 3.5, 1.5)", "1.5")],
        )
        .calls(least),
];

/// Whether a call with this many arguments hands them to the function `name` as one list.
#[must_use]
pub fn takes_any_number(name: &str, arguments: usize) -> bool {
    arguments > 2 && matches!(name, "math.greatest" | "math.least")
}

fn greatest(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    extreme(heap, args, Ordering::Greater)
}

fn least(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    extreme(heap, args, Ordering::Less)
}

/// The first of the numbers that no other surpasses. A NaN has no place among others.
fn extreme(heap: &Heap<'_>, args: &[Value], wanted: Ordering) -> Outcome {
    let numbers = match args {
        [list] if list.tag() == Tag::List && list.columns() == 1 => heap.elements(list),
        numbers => numbers,
    };
    if !numbers.iter().all(|it| it.tag().is_number()) {
        return Err(EvalError::NoSuchOverload);
    }
    let [first, rest @ ..] = numbers else { return Err(EvalError::InvalidArgument) };
    let mut best = *first;
    for number in rest {
        let order = compare::numbers(number, &best).ok_or(EvalError::InvalidArgument)?;
        if order == wanted {
            best = *number;
        }
    }
    Ok(best)
}
