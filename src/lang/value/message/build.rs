//! Messages that are made: what a field takes, and what a literal is in the end.
//!
//! In:      fields and the values that they are given.
//! Out:     what the fields hold; the message, or the value of CEL that it stands for.
//! Imports: its own room alone.
//! Source:  CEL language definition, section "Protocol Buffer Data Conversion".

use crate::lang::error::EvalError;
use crate::lang::value::heap::{Heap, View};
use crate::lang::value::message::{Field, Kind, Presence, WellKnown, field_value, plain};
use crate::lang::value::wire::{self, WireError};
use crate::lang::value::{Space, Tag, Value, map, time};

/// No overload takes such a value.
const NONE: EvalError = EvalError::NoSuchOverload;

/// What `field` holds if it is given `value`; `None` leaves it unset.
///
/// # Errors
/// `NoSuchOverload` if it does not take such a value, `Overflow` for a number that it has no bits
/// for, `BadConversion` for what JSON does not have in a field that holds JSON, `Budget` if the
/// store is full or the value nested too deeply.
pub fn assign(
    heap: &mut Heap<'_>,
    field: &Field,
    value: &Value,
) -> Result<Option<Value>, EvalError> {
    let height = heap.store.height();
    let given = match field.presence {
        Presence::Repeated => list(heap, field.kind, value).map(Some),
        Presence::Map(key) => entries(heap, key, field.kind, value).map(Some),
        Presence::Implicit | Presence::Explicit | Presence::Oneof(_) => {
            single(heap, field.kind, value)
        }
    };
    let given = given.inspect_err(|_| heap.store.drop_stack(height))?;
    let counts = |value: &Value| match field.presence {
        Presence::Repeated | Presence::Map(_) => !value.is_empty(),
        Presence::Implicit => !is_zero(value),
        Presence::Explicit | Presence::Oneof(_) => true,
    };
    Ok(given.filter(counts))
}

/// Whether a scalar is zero, bit by bit, or an empty text.
#[must_use]
pub const fn is_zero(value: &Value) -> bool {
    if matches!(value.tag(), Tag::String | Tag::Bytes) {
        return value.is_empty();
    }
    if matches!(value.tag(), Tag::Enum) { value.number() == 0 } else { value.bits() == 0 }
}

/// The list that a repeated field holds.
fn list(heap: &mut Heap<'_>, kind: Kind, value: &Value) -> Result<Value, EvalError> {
    if value.tag() != Tag::List || value.columns() != 1 && !value.is_empty() {
        return Err(NONE);
    }
    let height = heap.store.height();
    for at in 0..value.len() as usize {
        let given = heap.elements(value).get(at).copied().ok_or(NONE)?;
        if let Some(held) = element(heap, kind, &given)? {
            heap.store.push_stack(held)?;
        }
    }
    let len = u32::try_from(heap.store.height() - height).map_err(|_| EvalError::Budget)?;
    Ok(Value::list(Space::Arena, heap.store.finish(height)?, len, 1))
}

/// The map that a field holds.
fn entries(heap: &mut Heap<'_>, key: Kind, kind: Kind, value: &Value) -> Result<Value, EvalError> {
    if value.tag() != Tag::Map {
        return Err(NONE);
    }
    let height = heap.store.height();
    for at in 0..value.len() as usize {
        let entry = heap.elements(value).get(2 * at..2 * at + 2).ok_or(NONE)?;
        let &[name, given] = entry else { return Err(NONE) };
        let name = single(heap, key, &name)?.ok_or(NONE)?;
        if let Some(held) = element(heap, kind, &given)? {
            heap.store.push_stack(name)?;
            heap.store.push_stack(held)?;
        }
    }
    map::finish(heap, height)
}

/// An element of a list, or a value of a map: null is left out where it stands for an unset
/// wrapper or time, stays where null is a value, and is nothing else.
fn element(heap: &mut Heap<'_>, kind: Kind, value: &Value) -> Result<Option<Value>, EvalError> {
    if let (Kind::Message { kind, .. }, Tag::Null) = (kind, value.tag()) {
        return match heap.descriptors.well_known(kind) {
            WellKnown::Wrapper(_) | WellKnown::Timestamp | WellKnown::Duration => Ok(None),
            WellKnown::Any | WellKnown::Value => Ok(Some(Value::NULL)),
            WellKnown::Plain | WellKnown::Struct | WellKnown::List => Err(NONE),
        };
    }
    single(heap, kind, value)
}

/// A single value of this kind; `None` where null leaves a field unset.
#[expect(clippy::cast_possible_truncation, reason = "a float rounds")]
fn single(heap: &mut Heap<'_>, kind: Kind, value: &Value) -> Result<Option<Value>, EvalError> {
    let range = |fits: bool| if fits { Ok(Some(*value)) } else { Err(EvalError::Overflow) };
    match (kind, value.tag()) {
        (Kind::Float, Tag::Double) => Ok(Some(Value::double(f64::from(value.float() as f32)))),
        (Kind::Int32 | Kind::Sint32 | Kind::Sfixed32, Tag::Int) => {
            range(i32::try_from(value.signed()).is_ok())
        }
        (Kind::Uint32 | Kind::Fixed32, Tag::Uint) => range(u32::try_from(value.bits()).is_ok()),
        (Kind::Double, Tag::Double)
        | (Kind::Int64 | Kind::Sint64 | Kind::Sfixed64, Tag::Int)
        | (Kind::Uint64 | Kind::Fixed64, Tag::Uint)
        | (Kind::Bool, Tag::Bool)
        | (Kind::String, Tag::String)
        | (Kind::Bytes, Tag::Bytes) => Ok(Some(*value)),
        (Kind::Enum(of), Tag::Int) => {
            let number = i32::try_from(value.signed()).map_err(|_| EvalError::Overflow)?;
            Ok(Some(heap.descriptors.enum_value(of, number)))
        }
        (Kind::Enum(of), Tag::Enum) if value.kind() == of => Ok(Some(*value)),
        (Kind::Enum(of), Tag::Null) if is_null_enum(heap, of) => {
            Ok(Some(heap.descriptors.enum_value(of, 0)))
        }
        (Kind::Message { kind, .. }, _) => message(heap, kind, value),
        _ => Err(NONE),
    }
}

/// Whether the one value of the enum `kind` stands for null.
fn is_null_enum(heap: &Heap<'_>, kind: u32) -> bool {
    let of = heap.descriptors.enumeration(kind);
    of.is_some_and(|of| heap.bytes(&of.ty) == b"google.protobuf.NullValue")
}

/// What a field of message type `kind` holds; `None` where null leaves it unset.
fn message(heap: &mut Heap<'_>, kind: u32, value: &Value) -> Result<Option<Value>, EvalError> {
    match (heap.descriptors.well_known(kind), value.tag()) {
        (WellKnown::Any, _) => any(heap, value).map(Some),
        (WellKnown::Value, _) | (WellKnown::Struct, Tag::Map) | (WellKnown::List, Tag::List) => {
            plain::json(heap, value, 0).map(Some)
        }
        (WellKnown::Struct | WellKnown::List, _) => Err(NONE),
        (_, Tag::Null) => Ok(None),
        (WellKnown::Timestamp, Tag::Timestamp) | (WellKnown::Duration, Tag::Duration) => {
            Ok(Some(*value))
        }
        (WellKnown::Wrapper(of), _) => single(heap, of, value),
        (WellKnown::Plain, Tag::Message) if value.kind() == kind => Ok(Some(*value)),
        _ => Err(NONE),
    }
}

/// What an `Any` holds that is given `value`: what comes out of it again. Lists and maps go in as
/// JSON.
fn any(heap: &mut Heap<'_>, value: &Value) -> Result<Value, EvalError> {
    match value.tag() {
        Tag::List | Tag::Map => plain::json(heap, value, 0),
        Tag::Null
        | Tag::Bool
        | Tag::Int
        | Tag::Uint
        | Tag::Double
        | Tag::String
        | Tag::Bytes
        | Tag::Timestamp
        | Tag::Duration
        | Tag::Message => Ok(*value),
        Tag::Absent
        | Tag::Error
        | Tag::Type
        | Tag::Optional
        | Tag::Ip
        | Tag::Cidr
        | Tag::Quantity
        | Tag::Semver
        | Tag::Enum
        | Tag::Unknown => Err(NONE),
    }
}

/// The message of type `kind` with the fields (number, value, ..) on the build stack above
/// `height`, each given once, or the value of CEL that it stands for.
///
/// # Errors
/// `BadConversion` for an `Any` that is empty or whose content cannot be read, `Overflow` for a
/// time out of range, `Budget` if the store is full. The stack is dropped all the same.
pub fn finish(heap: &mut Heap<'_>, kind: u32, height: usize) -> Result<Value, EvalError> {
    choose(heap, kind, height);
    let len = (heap.store.height() - height) / 2;
    let len = u32::try_from(len).map_err(|_| EvalError::Budget)?;
    let off = heap.store.finish(height)?;
    converted(heap, &Value::message(Space::Arena, off, len, kind))
}

/// Sorts the fields by number; of a choice the one that was given last stays.
fn choose(heap: &mut Heap<'_>, kind: u32, height: usize) {
    let Some(of) = heap.descriptors.message(kind) else { return };
    let choice = |number: &Value| {
        let field = u32::try_from(number.bits()).ok().and_then(|number| of.by_number(number))?;
        if let Presence::Oneof(choice) = field.presence { Some(choice) } else { None }
    };
    let (pairs, _) = heap.store.stack_mut(height).as_chunks_mut::<2>();
    let mut kept = 0;
    for at in 0..pairs.len() {
        let Some([number, value]) = pairs.get(at).copied() else { break };
        let own = choice(&number);
        let before = pairs.get(..kept).unwrap_or_default();
        let rival = before.iter().position(|[other, _]| own.is_some() && choice(other) == own);
        if let Some(place) = pairs.get_mut(rival.unwrap_or(kept)) {
            *place = [number, value];
        }
        kept += usize::from(rival.is_none());
    }
    let (pairs, _) = pairs.split_at_mut(kept);
    pairs.sort_unstable_by_key(|[number, _]| number.bits());
    heap.store.drop_stack(height + 2 * kept);
}

/// The value of CEL that a message stands for.
///
/// # Errors
/// As `finish`.
pub fn converted(heap: &mut Heap<'_>, message: &Value) -> Result<Value, EvalError> {
    let kind = message.kind();
    let field = |heap: &Heap<'_>, number: u32| field_value(&heap.view(), message, number);
    let whole = |heap: &Heap<'_>, number: u32| field(heap, number).map_or(0, |it| it.signed());
    match heap.descriptors.well_known(kind) {
        WellKnown::Plain => Ok(*message),
        WellKnown::Wrapper(of) => Ok(field(heap, 1).unwrap_or_else(|| of.zero())),
        WellKnown::Struct => Ok(field(heap, 1).unwrap_or(Value::map(Space::Arena, 0, 0))),
        WellKnown::List => Ok(field(heap, 1).unwrap_or(Value::list(Space::Arena, 0, 0, 1))),
        WellKnown::Value => {
            // The first of its fields is null itself.
            let last = heap.elements(message).last_chunk::<2>();
            let value = last.filter(|[number, _]| number.bits() != 1).map(|[_, value]| *value);
            Ok(value.unwrap_or(Value::NULL))
        }
        WellKnown::Timestamp => time::from_nanoseconds(nanoseconds(whole(heap, 1), whole(heap, 2)))
            .map(time::Instant::value)
            .ok_or(EvalError::Overflow),
        WellKnown::Duration => i64::try_from(nanoseconds(whole(heap, 1), whole(heap, 2)))
            .map(Value::duration)
            .map_err(|_| EvalError::Overflow),
        WellKnown::Any => content(heap, message),
    }
}

fn nanoseconds(seconds: i64, nanoseconds: i64) -> i128 {
    i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds)
}

/// What an `Any` holds; itself where nobody knows its type.
fn content(heap: &mut Heap<'_>, any: &Value) -> Result<Value, EvalError> {
    if any.is_empty() {
        return Err(EvalError::BadConversion);
    }
    let Some((kind, content)) = packed(&heap.view(), any) else { return Ok(*any) };
    wire::decode(heap, kind, &content).map_err(WireError::class)
}

/// The type of what an `Any` holds, and its bytes; `None` where nobody knows the type.
#[must_use]
pub fn packed(view: &View<'_>, any: &Value) -> Option<(u32, Value)> {
    let url = field_value(view, any, 1)?;
    let name = view.bytes(&url).rsplit(|byte| *byte == b'/').next()?;
    let kind = view.descriptors.named(view.program_text, name)?;
    Some((kind, field_value(view, any, 2).unwrap_or_else(|| Kind::Bytes.zero())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::value::compare;
    use crate::lang::value::heap::Store;
    use crate::lang::value::message::{Descriptors, MessageType, field_of, get, has};

    const TEXT: &[u8] = b"acme.Itemcounttagsonetwo";

    /// ```text
    /// message Item {
    ///   int32 count = 1;
    ///   repeated string tags = 2;
    ///   oneof x { float one = 4; bool two = 3; }
    /// }
    /// ```
    fn item() -> Descriptors {
        let name = |tag, from: usize, len: usize| {
            let off = u32::try_from(from).expect("short");
            let text = TEXT.get(from..from + len).unwrap_or_default();
            Value::text(tag, Space::Program, off, text)
        };
        let field = |at, len, number, kind, presence: Presence| {
            let name = name(Tag::String, at, len);
            let default = Descriptors::NONE.default_of(kind, presence);
            Field { of: 0, name, json: name, number, kind, presence, default }
        };
        let fields = vec![
            field(9, 5, 1, Kind::Int32, Presence::Implicit),
            field(14, 4, 2, Kind::String, Presence::Repeated),
            field(21, 3, 3, Kind::Bool, Presence::Oneof(0)),
            field(18, 3, 4, Kind::Float, Presence::Oneof(0)),
        ];
        let messages = vec![MessageType::new(TEXT, name(Tag::Type, 0, 9), fields)];
        Descriptors { messages, enums: Vec::new() }
    }

    fn made(heap: &mut Heap<'_>, given: &[(u32, Value)]) -> Result<Value, EvalError> {
        let height = heap.store.height();
        for (number, value) in given {
            let field = *heap.descriptors.field_by_number(0, *number).expect("a field");
            if let Some(value) = assign(heap, &field, value)? {
                heap.store.push_stack(Value::int((*number).into()))?;
                heap.store.push_stack(value)?;
            }
        }
        finish(heap, 0, height)
    }

    #[test]
    fn messages_hold_what_is_set() {
        let (mut store, descriptors) = (Store::new(64, 64), item());
        let mut heap =
            Heap { program_text: TEXT, descriptors: &descriptors, ..Heap::of(&mut store) };
        let tag = heap.new_string("a").expect("room");
        let tags = heap.new_list(&[tag]).expect("room");
        let (two, one) = (Value::bool(true), Value::double(0.1));
        let whole = made(&mut heap, &[(3, two), (4, one), (2, tags)]).expect("fits");
        let again = made(&mut heap, &[(2, tags), (4, one), (1, Value::int(0))]).expect("fits");
        assert!(compare::equal(&heap.view(), &whole, &again).expect("small"));
        // The last of a choice stays, zero is not set, a float has been rounded.
        assert_eq!(whole.len(), 2);
        let view = heap.view();
        let name = Value::text(Tag::String, Space::Program, 18, b"one");
        let field = field_of(&view, &whole, &name).expect("a field");
        assert!(has(&view, &whole, field));
        assert_eq!(get(&view, &whole, field).float().to_bits(), f64::from(0.1_f32).to_bits());
        let count = descriptors.field_by_number(0, 1).expect("a field");
        assert_eq!((has(&view, &whole, count), get(&view, &whole, count).signed()), (false, 0));
    }

    #[test]
    fn fields_take_what_they_have_room_for() {
        let (mut store, descriptors) = (Store::new(64, 64), item());
        let mut heap =
            Heap { program_text: TEXT, descriptors: &descriptors, ..Heap::of(&mut store) };
        let mixed = heap.new_list(&[Value::int(1)]).expect("room");
        let failed =
            |heap: &mut Heap<'_>, number, value| made(heap, &[(number, value)]).map(|it| it.len());
        assert_eq!(failed(&mut heap, 1, Value::int(1 << 31)), Err(EvalError::Overflow));
        assert_eq!(failed(&mut heap, 1, Value::NULL), Err(EvalError::NoSuchOverload));
        assert_eq!(failed(&mut heap, 1, Value::uint(1)), Err(EvalError::NoSuchOverload));
        assert_eq!(failed(&mut heap, 2, mixed), Err(EvalError::NoSuchOverload));
        assert_eq!(heap.store.height(), 0);
    }
}
