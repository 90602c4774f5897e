//! Optionals.
//!
//! In:      values, optionals.
//! Out:     optionals, values.
//! Imports: its own room alone.
//! Source:  cel-spec, "Optional Values".
//!
//! Rows are strict; that `or` and `orValue` do not evaluate what they do not need is the
//! compiler's business.

use crate::lang::error::EvalError;
use crate::lang::functions::{
    Cost, Function, Library, OPTIONALS, Outcome, Sig, expect, global, member, operator,
};
use crate::lang::value::heap::Heap;
use crate::lang::value::time::SECONDS_MIN;
use crate::lang::value::{Space, Tag, Value, container};

/// What came with version 2 of optionals.
pub const OPTIONALS_2: Library = Library { name: OPTIONALS.name, since: 2 };

/// The rows.
pub const ROWS: &[Function] = &[
    global(154, "optional.of", "optional_of")
        .takes(&[Sig::Param("A")], Sig::Optional(&Sig::Param("A")))
        .of(OPTIONALS)
        .fails()
        .doc("An optional that holds the value.", &[("optional.of(1).value()", "1")])
        .calls(of),
    global(155, "optional.ofNonZeroValue", "optional_ofNonZeroValue")
        .takes(&[Sig::Param("A")], Sig::Optional(&Sig::Param("A")))
        .of(OPTIONALS)
        .fails()
        .doc(
            "An optional that holds the value, or nothing if the value is null, false, zero or \
            empty.",
            &[
                ("optional.ofNonZeroValue('').hasValue()", "false"),
                ("optional.ofNonZeroValue(1).hasValue()", "true"),
            ],
        )
        .calls(of_non_zero),
    global(156, "optional.none", "optional_none")
        .takes(&[], Sig::Optional(&Sig::Param("A")))
        .of(OPTIONALS)
        .doc("An optional that holds nothing.", &[("optional.none().hasValue()", "false")])
        .calls(none),
    member(157, "hasValue", "optional_hasValue")
        .takes(&[Sig::Optional(&Sig::Param("A"))], Sig::Bool)
        .of(OPTIONALS)
        .doc("Whether the optional holds a value.", &[("optional.of(null).hasValue()", "true")])
        .calls(has_value),
    member(158, "value", "optional_value")
        .takes(&[Sig::Optional(&Sig::Param("A"))], Sig::Param("A"))
        .of(OPTIONALS)
        .fails()
        .doc("The value that the optional holds.", &[("optional.of(1).value()", "1")])
        .calls(value),
    member(159, "or", "optional_or_optional")
        .takes(
            &[Sig::Optional(&Sig::Param("A")), Sig::Optional(&Sig::Param("A"))],
            Sig::Optional(&Sig::Param("A")),
        )
        .of(OPTIONALS)
        .doc(
            "The optional itself if it holds a value, otherwise the argument.",
            &[("optional.none().or(optional.of(2)).value()", "2")],
        )
        .calls(or),
    member(160, "orValue", "optional_orValue_value")
        .takes(&[Sig::Optional(&Sig::Param("A")), Sig::Param("A")], Sig::Param("A"))
        .of(OPTIONALS)
        .doc(
            "The value that the optional holds, otherwise the argument.",
            &[("optional.none().orValue(2)", "2"), ("optional.of(1).orValue(2)", "1")],
        )
        .calls(or_value),
    operator(161, "_?._", "select_optional_field")
        .takes(&[Sig::Dyn, Sig::String], Sig::Optional(&Sig::Param("A")))
        .of(OPTIONALS)
        .fails()
        .doc(
            "An optional of a field; it holds nothing if the field is missing.",
            &[("{'a': 1}.?a.value()", "1"), ("{'a': 1}.?b.hasValue()", "false")],
        )
        .calls(select),
    operator(162, "_[?_]", "list_optindex_optional_int")
        .takes(&[Sig::List(&Sig::Param("A")), Sig::Int], Sig::Optional(&Sig::Param("A")))
        .of(OPTIONALS)
        .fails()
        .doc(
            "An optional of the element at a position.",
            &[("[1][?0].value()", "1"), ("[1][?1].hasValue()", "false")],
        )
        .calls(select),
    operator(163, "_[?_]", "optional_list_optindex_optional_int")
        .takes(
            &[Sig::Optional(&Sig::List(&Sig::Param("A"))), Sig::Int],
            Sig::Optional(&Sig::Param("A")),
        )
        .of(OPTIONALS)
        .fails()
        .doc("An optional of the element at a position.", &[("optional.of([1])[?0].value()", "1")])
        .calls(select),
    operator(164, "_[?_]", "map_optindex_optional_value")
        .takes(
            &[Sig::Map(&Sig::Param("A"), &Sig::Param("B")), Sig::Param("A")],
            Sig::Optional(&Sig::Param("B")),
        )
        .of(OPTIONALS)
        .fails()
        .doc("An optional of the value under a key.", &[("{'a': 1}[?'a'].value()", "1")])
        .calls(select),
    operator(165, "_[?_]", "optional_map_optindex_optional_value")
        .takes(
            &[Sig::Optional(&Sig::Map(&Sig::Param("A"), &Sig::Param("B"))), Sig::Param("A")],
            Sig::Optional(&Sig::Param("B")),
        )
        .of(OPTIONALS)
        .fails()
        .doc(
            "An optional of the value under a key.",
            &[("optional.of({'a': 1})[?'b'].hasValue()", "false")],
        )
        .calls(select),
    operator(166, "_[_]", "optional_list_index_int")
        .takes(
            &[Sig::Optional(&Sig::List(&Sig::Param("A"))), Sig::Int],
            Sig::Optional(&Sig::Param("A")),
        )
        .of(OPTIONALS)
        .fails()
        .doc(
            "An optional of the element at a position; it holds nothing if the receiver does not, \
            or is too short.",
            &[("optional.of([1])[0].value()", "1")],
        )
        .calls(select),
    operator(167, "_[_]", "optional_map_index_value")
        .takes(
            &[Sig::Optional(&Sig::Map(&Sig::Param("A"), &Sig::Param("B"))), Sig::Param("A")],
            Sig::Optional(&Sig::Param("B")),
        )
        .of(OPTIONALS)
        .fails()
        .doc(
            "An optional of the value under a key; it holds nothing if the receiver does not, or \
            lacks the key.",
            &[("{'a': {'b': 1}}.?a['b'].value()", "1")],
        )
        .calls(select),
    global(168, "optional.unwrap", "optional_unwrap")
        .takes(&[Sig::List(&Sig::Optional(&Sig::Param("A")))], Sig::List(&Sig::Param("A")))
        .of(OPTIONALS_2)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The values that the optionals of a list hold, without those that hold nothing.",
            &[("optional.unwrap([optional.of(1), optional.none()])", "[1]")],
        )
        .calls(unwrap),
    member(169, "unwrapOpt", "optional_unwrapOpt")
        .takes(&[Sig::List(&Sig::Optional(&Sig::Param("A")))], Sig::List(&Sig::Param("A")))
        .of(OPTIONALS_2)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The values that the optionals of a list hold, without those that hold nothing.",
            &[("[optional.of(1), optional.none()].unwrapOpt()", "[1]")],
        )
        .calls(unwrap),
    member(170, "first", "list_first")
        .takes(&[Sig::List(&Sig::Param("A"))], Sig::Optional(&Sig::Param("A")))
        .of(OPTIONALS_2)
        .fails()
        .doc(
            "An optional of the first element.",
            &[("[1, 2].first().value()", "1"), ("[].first().hasValue()", "false")],
        )
        .calls(first),
    member(171, "last", "list_last")
        .takes(&[Sig::List(&Sig::Param("A"))], Sig::Optional(&Sig::Param("A")))
        .of(OPTIONALS_2)
        .fails()
        .doc("An optional of the last element.", &[("[1, 2].last().value()", "2")])
        .calls(last),
];

pub(super) const NONE: Value = Value::optional(Space::Arena, None);

/// What an optional holds.
fn optional_value(heap: &Heap<'_>, optional: &Value) -> Result<Option<Value>, EvalError> {
    expect(optional, Tag::Optional)?;
    Ok(heap.elements(optional).first().copied())
}

fn one(args: &[Value]) -> Result<&Value, EvalError> {
    args.first().ok_or(EvalError::NoSuchOverload)
}

fn two(args: &[Value]) -> Result<(&Value, &Value), EvalError> {
    if let [a, b] = args { Ok((a, b)) } else { Err(EvalError::NoSuchOverload) }
}

fn of(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    heap.new_optional(*one(args)?)
}

fn of_non_zero(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let value = one(args)?;
    if is_zero(value) { Ok(NONE) } else { heap.new_optional(*value) }
}

/// Whether a value is the one that its kind has where nothing is set.
fn is_zero(value: &Value) -> bool {
    match value.tag() {
        Tag::Null => true,
        Tag::Bool | Tag::Int | Tag::Uint | Tag::Duration => value.bits() == 0,
        Tag::Double => value.float() == 0.0,
        Tag::String | Tag::Bytes | Tag::List | Tag::Map | Tag::Message => value.is_empty(),
        Tag::Enum => value.number() == 0,
        Tag::Timestamp => value.signed() == SECONDS_MIN && value.off() == 0,
        Tag::Absent
        | Tag::Error
        | Tag::Type
        | Tag::Optional
        | Tag::Ip
        | Tag::Cidr
        | Tag::Quantity
        | Tag::Semver
        | Tag::Unknown => false,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is a row like others")]
fn none(_: &mut Heap<'_>, _: &[Value]) -> Outcome {
    Ok(NONE)
}

fn has_value(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    optional_value(heap, one(args)?).map(|value| Value::bool(value.is_some()))
}

fn value(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    optional_value(heap, one(args)?)?.ok_or(EvalError::NoValue)
}

fn or(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (first, second) = two(args)?;
    expect(second, Tag::Optional)?;
    Ok(if optional_value(heap, first)?.is_some() { *first } else { *second })
}

fn or_value(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (optional, fallback) = two(args)?;
    Ok(optional_value(heap, optional)?.unwrap_or(*fallback))
}

/// `x.?f`, `x[?k]`, and `x[k]` of an optional: nothing where there is nothing, but still an error
/// where a value has no fields or elements at all.
fn select(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (operand, key) = two(args)?;
    let mut inner = *operand;
    if operand.tag() == Tag::Optional {
        match optional_value(heap, operand)? {
            Some(value) => inner = value,
            None => return Ok(NONE),
        }
    }
    match container::element(&heap.view(), &inner, key) {
        Ok(value) => heap.new_optional(value),
        Err(EvalError::NoSuchKey | EvalError::OutOfRange) => Ok(NONE),
        Err(error) => Err(error),
    }
}

fn unwrap(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let list = one(args)?;
    expect(list, Tag::List)?;
    let height = heap.store.height();
    for position in 0..list.len() {
        let optional = heap.elements(list).get(position as usize).copied();
        let pushed = optional_value(heap, &optional.unwrap_or(NONE))
            .and_then(|value| value.map_or(Ok(()), |value| heap.store.push_stack(value)));
        if let Err(error) = pushed {
            heap.store.drop_stack(height);
            return Err(error);
        }
    }
    let count = heap.store.height() - height;
    let len = u32::try_from(count).map_err(|_| EvalError::Budget)?;
    Ok(Value::list(Space::Arena, heap.store.finish(height)?, len, 1))
}

fn first(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let list = one(args)?;
    end(heap, list, 0)
}

fn last(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let list = one(args)?;
    end(heap, list, list.len().saturating_sub(1))
}

fn end(heap: &mut Heap<'_>, list: &Value, position: u32) -> Outcome {
    expect(list, Tag::List)?;
    if list.columns() != 1 {
        return Err(EvalError::NoSuchOverload);
    }
    match heap.elements(list).get(position as usize).copied() {
        Some(value) => heap.new_optional(value),
        None => Ok(NONE),
    }
}
