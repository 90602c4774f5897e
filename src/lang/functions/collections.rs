//! `size`, and functions of lists.
//!
//! In:      strings, bytes, lists, maps.
//! Out:     numbers, lists.
//! Imports: its own room alone.
//! Source:  CEL language definition, section "List of Standard Definitions"; cel-go's `lists`.

use std::cell::Cell;
use std::cmp::Ordering;

use crate::lang::error::EvalError;
use crate::lang::functions::{Cost, Function, LISTS, Outcome, Sig, global, member};
use crate::lang::value::heap::Heap;
use crate::lang::value::{Space, Tag, Value, compare, text};

/// The rows.
pub const ROWS: &[Function] = &[
    global(101, "size", "size_string")
        .takes(&[Sig::String], Sig::Int)
        .costs(Cost::Linear)
        .doc("The number of code points.", &[("size('hé')", "2")])
        .calls(size),
    global(102, "size", "size_bytes")
        .takes(&[Sig::Bytes], Sig::Int)
        .doc("The number of bytes.", &[("size(b'abc')", "3")])
        .calls(size),
    global(103, "size", "size_list")
        .takes(&[Sig::List(&Sig::Param("A"))], Sig::Int)
        .doc("The number of elements.", &[("size([1, 2])", "2")])
        .calls(size),
    global(104, "size", "size_map")
        .takes(&[Sig::Map(&Sig::Param("A"), &Sig::Param("B"))], Sig::Int)
        .doc("The number of entries.", &[("size({'a': 1})", "1")])
        .calls(size),
    member(105, "size", "string_size")
        .takes(&[Sig::String], Sig::Int)
        .costs(Cost::Linear)
        .doc("The number of code points.", &[("'hé'.size()", "2")])
        .calls(size),
    member(106, "size", "bytes_size")
        .takes(&[Sig::Bytes], Sig::Int)
        .doc("The number of bytes.", &[("b'abc'.size()", "3")])
        .calls(size),
    member(107, "size", "list_size")
        .takes(&[Sig::List(&Sig::Param("A"))], Sig::Int)
        .doc("The number of elements.", &[("[1, 2].size()", "2")])
        .calls(size),
    member(108, "size", "map_size")
        .takes(&[Sig::Map(&Sig::Param("A"), &Sig::Param("B"))], Sig::Int)
        .doc("The number of entries.", &[("{'a': 1}.size()", "1")])
        .calls(size),
    member(109, "distinct", "list_distinct")
        .takes(&[Sig::List(&Sig::Param("A"))], Sig::List(&Sig::Param("A")))
        .of(LISTS)
        .fails()
        .costs(Cost::Linear)
        .keeps_length()
        .doc(
            "The elements without those that equal an earlier one.",
            &[("[1, 2, 1, 3].distinct()", "[1, 2, 3]")],
        )
        .calls(distinct),
];

#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds have no size")]
fn size(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let value = args.first().ok_or(EvalError::NoSuchOverload)?;
    match value.tag() {
        Tag::String => {
            let count = text::code_points(heap.bytes(value));
            i64::try_from(count).map(Value::int).map_err(|_| EvalError::Overflow)
        }
        Tag::Bytes | Tag::List | Tag::Map => Ok(Value::int(i64::from(value.len()))),
        _ => Err(EvalError::NoSuchOverload),
    }
}

/// Sorts the elements with their positions, strikes out what equals its forerunner, and sorts
/// back.
fn distinct(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let list = args.first().ok_or(EvalError::NoSuchOverload)?;
    if list.tag() != Tag::List || list.columns() != 1 {
        return Err(EvalError::NoSuchOverload);
    }
    let height = heap.store.height();
    let kept = push_with_positions(heap, list).and_then(|()| keep_first(heap, height));
    let kept = kept.and_then(|kept| {
        heap.store.drop_stack(height + kept as usize);
        Ok(Value::list(Space::Arena, heap.store.finish(height)?, kept, 1))
    });
    heap.store.drop_stack(height);
    kept
}

fn push_with_positions(heap: &mut Heap<'_>, list: &Value) -> Result<(), EvalError> {
    for position in 0..list.len() {
        let element = heap.elements(list).get(position as usize).copied();
        heap.store.push_stack(element.unwrap_or(Value::NULL))?;
        heap.store.push_stack(Value::uint(u64::from(position)))?;
    }
    Ok(())
}

/// Leaves the distinct elements at the bottom of the stack above `height`, and counts them.
fn keep_first(heap: &mut Heap<'_>, height: usize) -> Result<u32, EvalError> {
    let (view, stack) = heap.split(height);
    let (pairs, _) = stack.as_chunks_mut::<2>();
    let failure = Cell::new(None);
    pairs.sort_unstable_by(|[a, at], [b, other]| {
        let order = compare::total_order(&view, a, b).unwrap_or_else(|error| {
            failure.set(Some(error));
            Ordering::Equal
        });
        order.then(at.bits().cmp(&other.bits()))
    });
    if let Some(error) = failure.get() {
        return Err(error);
    }
    let mut kept = 0_u32;
    let mut last: Option<Value> = None;
    for [element, position] in &mut *pairs {
        let repeated = match &last {
            Some(last) => compare::equal(&view, last, element)?,
            None => false,
        };
        if repeated {
            *position = Value::uint(u64::MAX);
        } else {
            last = Some(*element);
            kept += 1;
        }
    }
    pairs.sort_unstable_by_key(|[_, position]| position.bits());
    for at in 0..kept as usize {
        let element = stack.get(2 * at).copied().unwrap_or(Value::NULL);
        if let Some(slot) = stack.get_mut(at) {
            *slot = element;
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::value::heap::Store;

    #[test]
    fn distinct_keeps_the_first() {
        let mut store = Store::new(64, 64);
        let mut heap = Heap::of(&mut store);
        let text = heap.new_string("a").expect("room");
        let nan = Value::double(f64::NAN);
        let list = [Value::int(2), text, Value::double(2.0), nan, nan, Value::int(1), text];
        let list = heap.new_list(&list).expect("room");
        let kept = distinct(&mut heap, &[list]).expect("room");
        let tags: Vec<Tag> = heap.elements(&kept).iter().map(Value::tag).collect();
        assert_eq!(tags, [Tag::Int, Tag::String, Tag::Double, Tag::Double, Tag::Int]);
        assert_eq!(heap.store.height(), 0);
    }
}
