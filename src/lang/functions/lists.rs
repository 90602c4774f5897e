//! CEL's extensions of lists and sets; `distinct` stands beside `size` in `collections`.
//!
//! In:      lists.
//! Out:     lists, bools.
//! Imports: `base`.
//! Source:  cel-go's `ext/lists` and `ext/sets`.

use std::cell::Cell;
use std::cmp::Ordering;

use crate::base::limits::VALUE_DEPTH_MAX;
use crate::lang::error::EvalError;
use crate::lang::functions::{
    Cost, Function, LISTS, Library, Outcome, Sig, expect, global, member,
};
use crate::lang::value::heap::{Heap, View};
use crate::lang::value::{Space, Tag, Value, compare, container};

/// The first version of lists.
pub const LISTS_0: Library = Library { name: LISTS.name, since: 0 };
/// What came with version 1 of lists.
pub const LISTS_1: Library = Library { name: LISTS.name, since: 1 };
/// Lists as sets.
pub const SETS: Library = Library { name: "sets", since: 0 };

/// The rows.
pub const ROWS: &[Function] = &[
    member(304, "slice", "list_slice")
        .takes(&[Sig::List(&Sig::Param("A")), Sig::Int, Sig::Int], Sig::List(&Sig::Param("A")))
        .of(LISTS_0)
        .fails()
        .costs(Cost::Linear)
        .keeps_length()
        .doc("The elements from a position up to another.", &[("[1, 2, 3].slice(1, 3)", "[2, 3]")])
        .calls(slice),
    member(305, "flatten", "list_flatten")
        .takes(&[Sig::List(&Sig::Dyn)], Sig::List(&Sig::Dyn))
        .of(LISTS_1)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The elements, and those of lists among them in their places.",
            &[("[1, [2, [3]]].flatten()", "[1, 2, [3]]")],
        )
        .calls(flatten),
    member(306, "flatten", "list_flatten_int")
        .takes(&[Sig::List(&Sig::Dyn), Sig::Int], Sig::List(&Sig::Dyn))
        .of(LISTS_1)
        .fails()
        .costs(Cost::Linear)
        .doc("As `flatten`, so many lists deep.", &[("[1, [2, [3]]].flatten(2)", "[1, 2, 3]")])
        .calls(flatten),
    member(307, "reverse", "list_reverse")
        .takes(&[Sig::List(&Sig::Param("A"))], Sig::List(&Sig::Param("A")))
        .of(LISTS)
        .fails()
        .costs(Cost::Linear)
        .keeps_length()
        .doc("The elements in reverse order.", &[("[1, 2, 3].reverse()", "[3, 2, 1]")])
        .calls(reverse),
    member(308, "sort", "list_sort")
        .takes(&[Sig::List(&Sig::Param("A"))], Sig::List(&Sig::Param("A")))
        .of(LISTS)
        .fails()
        .costs(Cost::Linear)
        .keeps_length()
        .doc(
            "The elements in order; all must be of one type that has an order.",
            &[("[3, 1, 2].sort()", "[1, 2, 3]")],
        )
        .calls(sort),
    member(309, "@sortByAssociatedKeys", "list_sort_by_associated_keys")
        .takes(
            &[Sig::List(&Sig::Param("A")), Sig::List(&Sig::Param("B"))],
            Sig::List(&Sig::Param("A")),
        )
        .of(LISTS)
        .fails()
        .costs(Cost::Linear)
        .keeps_length()
        .doc(
            "The elements in the order of the keys beside them; `x.sortBy(v, key)` becomes this.",
            &[("['bb', 'a'].sortBy(v, size(v))", "['a', 'bb']")],
        )
        .calls(sort_by_keys),
    global(310, "lists.range", "lists_range")
        .takes(&[Sig::Int], Sig::List(&Sig::Int))
        .of(LISTS)
        .fails()
        .costs(Cost::Linear)
        .doc("The numbers from zero up to the argument.", &[("lists.range(3)", "[0, 1, 2]")])
        .calls(range),
    global(311, "sets.contains", "list_sets_contains_list")
        .takes(&[Sig::List(&Sig::Param("A")), Sig::List(&Sig::Param("A"))], Sig::Bool)
        .of(SETS)
        .fails()
        .costs(Cost::Product)
        .doc(
            "Whether every element of the second list equals one of the first.",
            &[("sets.contains([1, 2], [2])", "true")],
        )
        .calls(contains),
    global(312, "sets.equivalent", "list_sets_equivalent_list")
        .takes(&[Sig::List(&Sig::Param("A")), Sig::List(&Sig::Param("A"))], Sig::Bool)
        .of(SETS)
        .fails()
        .costs(Cost::Product)
        .doc(
            "Whether every element of each list equals one of the other.",
            &[("sets.equivalent([1, 2], [2, 1, 1])", "true")],
        )
        .calls(equivalent),
    global(313, "sets.intersects", "list_sets_intersects_list")
        .takes(&[Sig::List(&Sig::Param("A")), Sig::List(&Sig::Param("A"))], Sig::Bool)
        .of(SETS)
        .fails()
        .costs(Cost::Product)
        .doc(
            "Whether an element of one list equals one of the other.",
            &[("sets.intersects([1, 2], [3])", "false")],
        )
        .calls(intersects),
];

/// The argument at `at`, if it is a list of whole elements.
fn list(args: &[Value], at: usize) -> Result<&Value, EvalError> {
    let value = args.get(at).ok_or(EvalError::NoSuchOverload)?;
    expect(value, Tag::List)?;
    if value.columns() == 1 { Ok(value) } else { Err(EvalError::NoSuchOverload) }
}

fn int(args: &[Value], at: usize) -> Result<i64, EvalError> {
    let value = args.get(at).ok_or(EvalError::NoSuchOverload)?;
    expect(value, Tag::Int)?;
    Ok(value.signed())
}

/// A part of a list; it lies inside the elements of the whole.
fn slice(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let whole = list(args, 0)?;
    let (start, end) = (int(args, 1)?, int(args, 2)?);
    let position = |at: i64| u32::try_from(at).map_err(|_| EvalError::OutOfRange);
    let (start, end) = (position(start)?, position(end)?);
    if start > end || end > whole.len() {
        return Err(EvalError::OutOfRange);
    }
    let off = whole.off().checked_add(start).ok_or(EvalError::Budget)?;
    Ok(Value::list(whole.space(), off, end - start, 1))
}

/// A list of what lies on the build stack above `height`, if that could be pushed.
fn finished(heap: &mut Heap<'_>, height: usize, pushed: Result<(), EvalError>) -> Outcome {
    if let Err(error) = pushed {
        heap.store.drop_stack(height);
        return Err(error);
    }
    let len = u32::try_from(heap.store.height() - height).map_err(|_| EvalError::Budget);
    let off = heap.store.finish(height)?;
    Ok(Value::list(Space::Arena, off, len?, 1))
}

fn element(heap: &Heap<'_>, list: &Value, at: u32) -> Value {
    heap.elements(list).get(at as usize).copied().unwrap_or(Value::NULL)
}

fn flatten(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let whole = list(args, 0)?;
    let depth = if args.len() > 1 { int(args, 1)? } else { 1 };
    let depth = u64::try_from(depth).map_err(|_| EvalError::InvalidArgument)?;
    // No value is nested deeper.
    let depth = u32::try_from(depth).unwrap_or(u32::MAX).min(VALUE_DEPTH_MAX);
    let height = heap.store.height();
    let pushed = push_flat(heap, whole, depth);
    finished(heap, height, pushed)
}

/// Pushes the elements, and those of lists among them. Recursion is bounded by `depth`.
fn push_flat(heap: &mut Heap<'_>, list: &Value, depth: u32) -> Result<(), EvalError> {
    for at in 0..list.len() {
        let element = element(heap, list, at);
        if depth > 0 && element.tag() == Tag::List && element.columns() == 1 {
            push_flat(heap, &element, depth - 1)?;
        } else {
            heap.store.push_stack(element)?;
        }
    }
    Ok(())
}

fn reverse(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let whole = list(args, 0)?;
    let height = heap.store.height();
    let pushed = (0..whole.len()).rev().try_for_each(|at| {
        let element = element(heap, whole, at);
        heap.store.push_stack(element)
    });
    finished(heap, height, pushed)
}

fn range(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (end, height) = (int(args, 0)?, heap.store.height());
    let pushed = (0..end).try_for_each(|number| heap.store.push_stack(Value::int(number)));
    finished(heap, height, pushed)
}

fn sort(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let whole = list(args, 0)?;
    sorted(heap, whole, whole)
}

fn sort_by_keys(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (whole, keys) = (list(args, 0)?, list(args, 1)?);
    if whole.len() != keys.len() {
        return Err(EvalError::InvalidArgument);
    }
    sorted(heap, whole, keys)
}

/// The elements of `list` in the order of `keys`; equal ones keep theirs.
fn sorted(heap: &mut Heap<'_>, list: &Value, keys: &Value) -> Outcome {
    let height = heap.store.height();
    let pushed = (0..list.len()).try_for_each(|at| {
        let key = element(heap, keys, at);
        heap.store.push_stack(key)?;
        heap.store.push_stack(Value::uint(u64::from(at)))
    });
    let placed = pushed.and_then(|()| {
        let (view, stack) = heap.split(height);
        in_order(&view, stack.as_chunks_mut::<2>().0)?;
        for at in 0..list.len() as usize {
            let (view, stack) = heap.split(height);
            let place = stack.get(2 * at + 1).map_or(0, Value::bits);
            let element = usize::try_from(place).ok().and_then(|at| view.elements(list).get(at));
            if let (Some(element), Some(slot)) = (element.copied(), stack.get_mut(at)) {
                *slot = element;
            }
        }
        heap.store.drop_stack(height + list.len() as usize);
        Ok(())
    });
    finished(heap, height, placed)
}

/// Sorts keys with their positions.
fn in_order(view: &View<'_>, pairs: &mut [[Value; 2]]) -> Result<(), EvalError> {
    // All of one type, which has an order; one alone is asked as well.
    for [key, _] in pairs.iter() {
        let first = pairs.first().map_or(*key, |[first, _]| *first);
        if key.tag() != first.tag() {
            return Err(EvalError::NoSuchOverload);
        }
        compare::order(view, &first, key)?.ok_or(EvalError::InvalidArgument)?;
    }
    let failure = Cell::new(None);
    pairs.sort_unstable_by(|[a, at], [b, other]| {
        let order = compare::order(view, a, b).unwrap_or_else(|error| {
            failure.set(Some(error));
            None
        });
        order.unwrap_or(Ordering::Equal).then(at.bits().cmp(&other.bits()))
    });
    failure.get().map_or(Ok(()), Err)
}

/// Whether every element of `few` equals one of `many`.
fn all_in(heap: &Heap<'_>, many: &Value, few: &Value) -> Result<bool, EvalError> {
    let view = heap.view();
    for element in view.elements(few) {
        if !container::holds(&view, many, element)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn contains(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    all_in(heap, list(args, 0)?, list(args, 1)?).map(Value::bool)
}

fn equivalent(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (a, b) = (list(args, 0)?, list(args, 1)?);
    Ok(Value::bool(all_in(heap, a, b)? && all_in(heap, b, a)?))
}

fn intersects(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (a, b) = (list(args, 0)?, list(args, 1)?);
    let view = heap.view();
    for element in view.elements(b) {
        if container::holds(&view, a, element)? {
            return Ok(Value::bool(true));
        }
    }
    Ok(Value::bool(false))
}
