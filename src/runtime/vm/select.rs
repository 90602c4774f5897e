//! What instructions that compare, test and read do when the fast path does not apply: CEL's
//! whole semantics, out of line.
//!
//! In:      values and what they point into.
//! Out:     an outcome, or a value.
//! Imports: `lang`.

use std::cmp::Ordering;

use crate::lang::error::EvalError;
use crate::lang::opcodes::{X_EQUAL, X_GREATER, X_LESS, X_LEVEL};
use crate::lang::value::heap::{Heap, View};
use crate::lang::value::message::{self, Field};
use crate::lang::value::text::code_points;
use crate::lang::value::{Space, Tag, Value, compare, container, map};
use crate::runtime::vm::machine::{BROKEN, Outcome, misfit};

type Answer = Result<Value, EvalError>;

/// A result as an outcome.
pub(in crate::runtime) fn answer(result: Result<bool, EvalError>) -> Outcome {
    match result {
        Ok(truth) => Outcome::of(truth),
        Err(class) => Outcome::Error(class),
    }
}

/// The failure of the first operand that is absent or an error.
#[inline]
pub(in crate::runtime) fn missing(operands: &[Value]) -> Option<EvalError> {
    operands.iter().find(|value| !value.is_present()).map(misfit)
}

/// Likewise, of two.
#[inline]
fn missing_of(a: &Value, b: &Value) -> Option<EvalError> {
    [a, b].into_iter().find(|value| !value.is_present()).map(misfit)
}

/// Whether `order` is one of the relations in `x`.
#[inline]
pub(in crate::runtime) const fn related(order: Ordering, x: u8) -> bool {
    let bit = match order {
        Ordering::Less => X_LESS,
        Ordering::Equal => X_EQUAL,
        Ordering::Greater => X_GREATER,
    };
    x & bit != 0
}

#[inline(never)]
pub(in crate::runtime) fn relation(heap: &Heap<'_>, a: &Value, b: &Value, x: u8) -> Outcome {
    match compare::order(&heap.view(), a, b) {
        Ok(order) => Outcome::of(order.is_some_and(|order| related(order, x))),
        Err(class) => Outcome::Error(missing_of(a, b).unwrap_or(class)),
    }
}

#[inline(never)]
pub(in crate::runtime) fn equal(heap: &Heap<'_>, a: &Value, b: &Value) -> Outcome {
    if let Some(class) = missing_of(a, b) {
        return Outcome::Error(class);
    }
    answer(compare::equal(&heap.view(), a, b))
}

/// `a in b`
#[inline(never)]
pub(in crate::runtime) fn contains(heap: &Heap<'_>, a: &Value, b: &Value) -> Outcome {
    if let Some(class) = missing_of(a, b) {
        return Outcome::Error(class);
    }
    answer(container::holds(&heap.view(), b, a))
}

/// A test on two texts, of which the first must be a string.
#[inline(never)]
pub(in crate::runtime) fn on_text(
    heap: &Heap<'_>,
    a: &Value,
    b: &Value,
    test: impl FnOnce(&[u8], &[u8]) -> bool,
) -> Outcome {
    if a.tag() != Tag::String {
        return Outcome::Error(misfit(a));
    }
    let view = heap.view();
    Outcome::of(test(view.bytes(a), view.bytes(b)))
}

/// `size(value)`
pub(in crate::runtime) fn size(heap: &Heap<'_>, value: &Value) -> Result<i64, EvalError> {
    if value.tag() == Tag::String {
        return Ok(i64::try_from(code_points(heap.bytes(value))).unwrap_or(i64::MAX));
    }
    if matches!(value.tag(), Tag::Bytes | Tag::List | Tag::Map) {
        return Ok(i64::from(value.len()));
    }
    Err(misfit(value))
}

#[inline(never)]
pub(in crate::runtime) fn compare_size(heap: &Heap<'_>, a: &Value, k: &Value, x: u8) -> Outcome {
    match size(heap, a) {
        Ok(size) => Outcome::of(related(size.cmp(&k.signed()), x)),
        Err(class) => Outcome::Error(class),
    }
}

/// `Has`: presence, or with `X_LEVEL` whether there is a container.
#[inline]
pub(in crate::runtime) fn has(value: &Value, x: u8) -> Outcome {
    if x & X_LEVEL == 0 && value.tag() != Tag::Error {
        return Outcome::of(value.tag() != Tag::Absent);
    }
    if value.tag() == Tag::Map || value.as_bool() == Some(true) {
        return Outcome::True;
    }
    Outcome::Error(misfit(value))
}

/// Whether map `a` has key `key` or message `a` has that field set; or what optional `a` holds.
#[inline(never)]
pub(in crate::runtime) fn has_key(heap: &Heap<'_>, a: &Value, key: &Value) -> Outcome {
    let view = &heap.view();
    let Some(place) = inside(view, a) else { return Outcome::False };
    if place.tag() == Tag::Message {
        return answer(
            message::field_of(view, &place, key).map(|it| message::has(view, &place, it)),
        );
    }
    if place.tag() != Tag::Map {
        return Outcome::Error(misfit(&place));
    }
    Outcome::of(map::get(view, &place, key).is_some())
}

/// What optional `a` holds, `None` if nothing; any other value is itself.
fn inside(view: &View<'_>, a: &Value) -> Option<Value> {
    if a.tag() == Tag::Optional { view.elements(a).first().copied() } else { Some(*a) }
}

/// `a[b]`. On an optional the answer is optional.
#[inline(never)]
pub(in crate::runtime) fn index(heap: &mut Heap<'_>, a: &Value, b: &Value) -> Answer {
    if a.tag() == Tag::Optional {
        return index_optional(heap, a, b);
    }
    keyed(&heap.view(), a, b)
}

/// What `a` holds at `b`. What is no object has no keys that are strings, as in the context.
fn keyed(view: &View<'_>, a: &Value, b: &Value) -> Answer {
    element(view, a, b).map_err(|class| {
        let is_key = b.tag() == Tag::String && a.tag() != Tag::Message;
        let is_missing = class == EvalError::NoSuchOverload && missing_of(a, b).is_none();
        if is_key && is_missing { EvalError::NoSuchKey } else { class }
    })
}

/// `a.b`: a key of a map, or a field of a message. On an optional the answer is optional.
#[inline(never)]
pub(in crate::runtime) fn select(heap: &mut Heap<'_>, a: &Value, name: &Value) -> Answer {
    if a.tag() == Tag::Optional {
        return select_optional(heap, a, name);
    }
    let view = heap.view();
    if a.tag() != Tag::Message {
        return keyed(&view, a, name);
    }
    let field = message::field_of(&view, a, name)?;
    Ok(message::get(&view, a, field))
}

/// `a[?b]`
#[inline(never)]
pub(in crate::runtime) fn index_optional(heap: &mut Heap<'_>, a: &Value, b: &Value) -> Answer {
    // Also an empty optional is not looked into with a key that is missing.
    if let Some(class) = missing_of(a, b) {
        return Err(class);
    }
    let view = heap.view();
    let none = Ok(Value::optional(Space::Arena, None));
    let Some(place) = inside(&view, a) else { return none };
    match element(&view, &place, b) {
        Ok(value) => heap.new_optional(value),
        Err(EvalError::NoSuchKey | EvalError::OutOfRange) => none,
        Err(class) => Err(class),
    }
}

/// `a.?b`: of a message only what is set.
#[inline(never)]
pub(in crate::runtime) fn select_optional(heap: &mut Heap<'_>, a: &Value, name: &Value) -> Answer {
    let view = heap.view();
    match inside(&view, a) {
        Some(place) if place.tag() == Tag::Message => {
            let field = message::field_of(&view, &place, name)?;
            match message::field_value(&view, &place, field.number) {
                Some(value) => heap.new_optional(value),
                None => Ok(Value::optional(Space::Arena, None)),
            }
        }
        Some(_) | None => index_optional(heap, a, name),
    }
}

/// Field `field` of `a`, which nearly always is a message that has it.
#[inline(never)]
pub(in crate::runtime) fn field(heap: &mut Heap<'_>, a: &Value, field: &Field) -> Answer {
    if a.tag() == Tag::Message && a.kind() == field.of {
        return Ok(message::get(&heap.view(), a, field));
    }
    select(heap, a, &field.name)
}

/// Whether field `field` of `a`, which nearly always is a message that has it, is set.
#[inline(never)]
pub(in crate::runtime) fn is_set(heap: &Heap<'_>, a: &Value, field: &Field) -> Outcome {
    if a.tag() == Tag::Message && a.kind() == field.of {
        return Outcome::of(message::has(&heap.view(), a, field));
    }
    has_key(heap, a, &field.name)
}

/// The value of enum `kind` that has the number or the name `a`.
#[inline(never)]
pub(in crate::runtime) fn to_enum(heap: &Heap<'_>, a: &Value, kind: u32) -> Answer {
    if a.tag() == Tag::Int {
        let number = i32::try_from(a.signed()).map_err(|_| EvalError::Overflow)?;
        return Ok(Value::enumeration(kind, number));
    }
    if a.tag() != Tag::String {
        return Err(misfit(a));
    }
    let of = heap.descriptors.enumeration(kind).ok_or(BROKEN)?;
    let number = of.number(heap.program_text, heap.bytes(a)).ok_or(EvalError::BadConversion)?;
    Ok(Value::enumeration(kind, number))
}

fn element(view: &View<'_>, a: &Value, b: &Value) -> Answer {
    if let Some(class) = missing_of(a, b) {
        return Err(class);
    }
    container::element(view, a, b)
}

/// The answer of an operator; an operand that is absent or an error says why it failed.
#[inline]
pub(in crate::runtime) fn strict(answer: Answer, a: &Value, b: &Value) -> Answer {
    answer.map_err(|class| missing_of(a, b).unwrap_or(class))
}
