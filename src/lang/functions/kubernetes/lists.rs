//! Lists in Kubernetes: order, sums, positions.
//!
//! In:      lists.
//! Out:     bools, ints, elements.
//! Imports: its own room alone.
//! Source:  Kubernetes' documentation of its CEL library `lists`.

use std::cmp::Ordering;

use crate::lang::error::EvalError;
use crate::lang::functions::{Cost, Function, Library, Outcome, Sig, expect, member};
use crate::lang::value::heap::Heap;
use crate::lang::value::{Tag, Value, arith, compare};

/// Lists.
pub const LISTS: Library = Library { name: "kubernetes.lists", since: 0 };

const LIST: Sig = Sig::List(&Sig::Param("A"));

/// The rows.
pub const ROWS: &[Function] = &[
    member(318, "isSorted", "list_is_sorted")
        .takes(&[LIST], Sig::Bool)
        .of(LISTS)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "Whether no element is larger than the next.",
            &[("['a', 'b', 'b', 'c'].isSorted()", "true"), ("[2.0, 1.0].isSorted()", "false")],
        )
        .calls(is_sorted),
    sum(319, "list_int_sum_int")
        .takes(&[Sig::List(&Sig::Int)], Sig::Int)
        .doc("The sum of the ints.", &[("[1, 3].sum()", "4"), ("[].sum()", "0")])
        .calls(|heap, args| sum_from(heap, args, Value::int(0))),
    sum(320, "list_uint_sum_uint")
        .takes(&[Sig::List(&Sig::Uint)], Sig::Uint)
        .doc("The sum of the uints.", &[("[1u, 3u].sum()", "4u")])
        .calls(|heap, args| sum_from(heap, args, Value::uint(0))),
    sum(321, "list_double_sum_double")
        .takes(&[Sig::List(&Sig::Double)], Sig::Double)
        .doc("The sum of the doubles.", &[("[1.0, 3.0].sum()", "4.0")])
        .calls(|heap, args| sum_from(heap, args, Value::double(0.0))),
    sum(322, "list_duration_sum_duration")
        .takes(&[Sig::List(&Sig::Duration)], Sig::Duration)
        .doc(
            "The sum of the durations.",
            &[("[duration('1m'), duration('1s')].sum()", "duration('61s')")],
        )
        .calls(|heap, args| sum_from(heap, args, Value::duration(0))),
    member(323, "min", "list_min")
        .takes(&[LIST], Sig::Param("A"))
        .of(LISTS)
        .fails()
        .costs(Cost::Linear)
        .doc("The smallest element; none of an empty list.", &[("[3, 1, 2].min()", "1")])
        .calls(|heap, args| extreme(heap, args, Ordering::Less)),
    member(324, "max", "list_max")
        .takes(&[LIST], Sig::Param("A"))
        .of(LISTS)
        .fails()
        .costs(Cost::Linear)
        .doc("The largest element; none of an empty list.", &[("['a', 'c', 'b'].max()", "'c'")])
        .calls(|heap, args| extreme(heap, args, Ordering::Greater)),
    member(325, "indexOf", "list_a_index_of_int")
        .takes(&[LIST, Sig::Param("A")], Sig::Int)
        .of(LISTS)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The position of the first element that equals the argument; -1 without one.",
            &[("[1, 2, 2, 3].indexOf(2)", "1"), ("[1.0].indexOf(1.1)", "-1")],
        )
        .calls(|heap, args| position(heap, args, false)),
    member(326, "lastIndexOf", "list_a_last_index_of_int")
        .takes(&[LIST, Sig::Param("A")], Sig::Int)
        .of(LISTS)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The position of the last element that equals the argument; -1 without one.",
            &[("['a', 'b', 'b', 'c'].lastIndexOf('b')", "2")],
        )
        .calls(|heap, args| position(heap, args, true)),
];

const fn sum(number: u16, id: &'static str) -> Function {
    member(number, "sum", id).of(LISTS).fails().costs(Cost::Linear)
}

/// The elements of the first argument, a list of single values.
fn elements<'h>(heap: &'h Heap<'_>, args: &[Value]) -> Result<&'h [Value], EvalError> {
    let list = args.first().ok_or(EvalError::NoSuchOverload)?;
    expect(list, Tag::List)?;
    if list.columns() > 1 {
        return Err(EvalError::NoSuchOverload);
    }
    Ok(heap.elements(list))
}

/// The order of two elements; `NaN` has none.
fn order(heap: &Heap<'_>, a: &Value, b: &Value) -> Result<Ordering, EvalError> {
    compare::order(&heap.view(), a, b)?.ok_or(EvalError::InvalidArgument)
}

fn is_sorted(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    for pair in elements(heap, args)?.windows(2) {
        if let [a, b] = pair
            && order(heap, a, b)?.is_gt()
        {
            return Ok(Value::bool(false));
        }
    }
    Ok(Value::bool(true))
}

fn sum_from(heap: &mut Heap<'_>, args: &[Value], zero: Value) -> Outcome {
    let count = elements(heap, args)?.len();
    let mut sum: Option<Value> = None;
    for at in 0..count {
        let element = elements(heap, args)?.get(at).copied().unwrap_or(zero);
        let summable = matches!(element.tag(), Tag::Int | Tag::Uint | Tag::Double | Tag::Duration);
        if !summable {
            return Err(EvalError::NoSuchOverload);
        }
        sum = Some(match sum {
            Some(sum) => arith::add(heap, &sum, &element)?,
            None => element,
        });
    }
    Ok(sum.unwrap_or(zero))
}

/// The first of the elements that stand to all others as `wanted` says, or equal them.
fn extreme(heap: &mut Heap<'_>, args: &[Value], wanted: Ordering) -> Outcome {
    let elements = elements(heap, args)?;
    let mut best = *elements.first().ok_or(EvalError::InvalidArgument)?;
    // The only element is compared too: it must be of a kind that has an order.
    for element in elements {
        if order(heap, element, &best)? == wanted {
            best = *element;
        }
    }
    Ok(best)
}

fn position(heap: &mut Heap<'_>, args: &[Value], from_end: bool) -> Outcome {
    let [_, wanted] = args else { return Err(EvalError::NoSuchOverload) };
    let elements = elements(heap, args)?;
    for nth in 0..elements.len() {
        let at = if from_end { elements.len() - 1 - nth } else { nth };
        let element = elements.get(at).ok_or(EvalError::OutOfRange)?;
        if compare::equal(&heap.view(), element, wanted)? {
            return i64::try_from(at).map(Value::int).map_err(|_| EvalError::Overflow);
        }
    }
    Ok(Value::int(-1))
}
