//! Values without a type as values of one: what fits, and as what; what does not.

use crate::lang::value::heap::Heap;
use crate::lang::value::json::{Form, write};
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::{FieldRow, NONE, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::vm::request::conform::conform;
use crate::runtime::vm::request::{heap, ingest};
use crate::runtime::vm::scratch::Scratch;
use crate::runtime::vm::tests::{Sketch, place};

/// Types that others are made of: rows of the types behind that of the place `x`.
const INT: u16 = 2;
const DOUBLE: u16 = 3;
const TIMESTAMP: u16 = 4;

/// A program with a place `x` of any type, and the row of a type.
fn program(ty: TypeRow) -> (Program, u16) {
    let mut sketch = Sketch::new(vec![place("x", TypeRow::Dyn)]);
    for (row, at) in
        [(TypeRow::Int, INT), (TypeRow::Double, DOUBLE), (TypeRow::Timestamp, TIMESTAMP)]
    {
        assert_eq!(sketch.ty(row), at);
    }
    for name in ["n", "t"] {
        sketch.string(name);
    }
    let at = sketch.ty(ty);
    (sketch.program(), at)
}

/// What is seen of a value as a type; `first` is the value where there is one, else JSON is.
fn seen<T>(
    ty: TypeRow,
    json: &str,
    first: Option<Value>,
    see: impl FnOnce(&mut Heap<'_>, Value, Option<Value>) -> T,
) -> T {
    let (program, at) = program(ty);
    let mut scratch = Scratch::for_program(&program);
    let context = format!("{{\"x\":{json}}}");
    let filled = ingest(&program, context.as_bytes(), &mut scratch);
    assert_eq!(filled.error(), None, "{json}");
    let Scratch { file, store, .. } = &mut *filled.scratch;
    let value = first.unwrap_or(file[0]);
    let mut heap = heap(&program, filled.request, store);
    let found = conform(&program.module, &mut heap, &value, at);
    see(&mut heap, value, found)
}

/// Canonical JSON of a value of JSON as a type; `None` if it is none.
fn fits(ty: TypeRow, json: &str) -> Option<String> {
    seen(ty, json, None, |heap, _, found| {
        found.map(|value| {
            let mut out = String::new();
            write(&heap.view(), &value, Form::Canonical, &mut out).unwrap();
            out
        })
    })
}

fn record(required: bool, rest: u16) -> TypeRow {
    let field = |name, ty, required| FieldRow { name, ty, required, sensitive: false };
    // The strings are "", "x", "n" and "t".
    let fields = vec![field(2, INT, required), field(3, TIMESTAMP, false)];
    TypeRow::Record { fields, rest }
}

#[test]
fn numbers_are_of_another_kind_where_nothing_is_lost() {
    let high = 9_223_372_036_854_775_808.0;
    let cases = [
        (Value::int(5), [Some(Value::int(5)), Some(Value::uint(5)), Some(Value::double(5.0))]),
        (Value::int(-1), [Some(Value::int(-1)), None, Some(Value::double(-1.0))]),
        (Value::uint(7), [Some(Value::int(7)), Some(Value::uint(7)), Some(Value::double(7.0))]),
        (Value::uint(1 << 63), [None, Some(Value::uint(1 << 63)), Some(Value::double(high))]),
        (Value::double(3.0), [Some(Value::int(3)), Some(Value::uint(3)), Some(Value::double(3.0))]),
        (Value::double(2.5), [None, None, Some(Value::double(2.5))]),
        (Value::double(-2.0), [Some(Value::int(-2)), None, Some(Value::double(-2.0))]),
        (Value::double(high), [None, Some(Value::uint(1 << 63)), Some(Value::double(high))]),
        (Value::double(1e300), [None, None, Some(Value::double(1e300))]),
        (Value::bool(true), [None, None, None]),
        (Value::duration(5), [None, None, None]),
        (Value::NULL, [None, None, None]),
    ];
    for (value, wanted) in cases {
        for (ty, wanted) in [TypeRow::Int, TypeRow::Uint, TypeRow::Double].into_iter().zip(wanted) {
            let name = format!("{value:?} as {ty:?}");
            let found = seen(ty, "0", Some(value), |_, _, found| found);
            let same = |value: Option<Value>| value.map(|it| (it.tag(), it.bits()));
            assert_eq!(same(found), same(wanted), "{name}");
        }
    }
    let nan = seen(TypeRow::Int, "0", Some(Value::double(f64::NAN)), |_, _, found| found);
    assert!(nan.is_none(), "what is no number is no int");
}

#[test]
fn kinds_are_kept_and_asked_for() {
    let message = Value::message(crate::lang::value::Space::Arena, 0, 0, 3);
    let values = [
        (TypeRow::Null, Value::NULL),
        (TypeRow::Bool, Value::bool(false)),
        (TypeRow::Timestamp, Value::timestamp(5, 6)),
        (TypeRow::Duration, Value::duration(5)),
        (TypeRow::Message(3), message),
        (TypeRow::Enum(2), Value::enumeration(2, 7)),
    ];
    for (at, (ty, value)) in values.iter().enumerate() {
        for (other, (_, given)) in values.iter().enumerate() {
            let found = seen(ty.clone(), "0", Some(*given), |_, _, found| found);
            assert_eq!(found.is_some(), at == other, "{given:?} as {ty:?}");
        }
        let any = seen(TypeRow::Dyn, "0", Some(*value), |_, _, found| found);
        assert_eq!(any.map(|it| it.tag()), Some(value.tag()));
    }
    let other = |ty, value| seen(ty, "0", Some(value), |_, _, found| found);
    assert!(other(TypeRow::Message(4), message).is_none());
    assert!(other(TypeRow::Enum(3), Value::enumeration(2, 7)).is_none());
    assert!(other(TypeRow::Type, Value::NULL).is_none());
    let optional = Value::optional(crate::lang::value::Space::Arena, None);
    assert!(other(TypeRow::Optional(INT), optional).is_some());
    assert!(other(TypeRow::Nullable(INT), optional).is_none());
    assert!(other(TypeRow::Dyn, Value::ABSENT).is_none());
}

/// A list of objects that was read as rows is no list of values: its elements have columns.
#[test]
fn rows_are_no_list_of_values() {
    let of = |value: Value| seen(TypeRow::List(DOUBLE, None), "[]", Some(value), |_, _, it| it);
    let space = crate::lang::value::Space::Arena;
    assert!(of(Value::list(space, 0, 0, 1)).is_some());
    assert!(of(Value::list(space, 0, 0, 2)).is_none());
    assert!(of(Value::list(space, 0, 0, 0)).is_none());
    assert!(of(Value::map(space, 0, 0)).is_none());
    assert!(of(Value::NULL).is_none());
}

#[test]
fn json_is_read_as_types_again() {
    let list = |most| TypeRow::List(DOUBLE, most);
    for (ty, json, wanted) in [
        (TypeRow::String, "\"a\"", Some("\"a\"")),
        (TypeRow::String, "1", None),
        (TypeRow::Bytes, "\"YQ==\"", Some("{\"$b\":\"YQ==\"}")),
        (TypeRow::Bytes, "\"*\"", None),
        (TypeRow::Bytes, "5", None),
        (
            TypeRow::Timestamp,
            "\"2026-03-17T22:15:30Z\"",
            Some("{\"$ts\":\"2026-03-17T22:15:30Z\"}"),
        ),
        (TypeRow::Timestamp, "\"3s\"", None),
        (TypeRow::Duration, "\"3s\"", Some("{\"$d\":\"3s\"}")),
        (TypeRow::Duration, "3", None),
        (TypeRow::Nullable(INT), "null", Some("null")),
        (TypeRow::Nullable(INT), "1", Some("1")),
        (TypeRow::Nullable(INT), "\"a\"", None),
        (TypeRow::Optional(INT), "null", Some("{\"$o\":[]}")),
        (TypeRow::Optional(INT), "1", Some("{\"$o\":[1]}")),
        (TypeRow::Optional(INT), "\"a\"", None),
        (list(None), "[1,2.5]", Some("[1.0,2.5]")),
        (list(Some(2)), "[1,2]", Some("[1.0,2.0]")),
        (list(Some(1)), "[1,2]", None),
        (list(None), "[1,\"a\"]", None),
        (list(None), "{\"a\":1}", None),
        (TypeRow::Map(0, DOUBLE), "{\"a\":1,\"b\":2}", Some("{\"a\":1.0,\"b\":2.0}")),
        (
            TypeRow::Map(0, TIMESTAMP),
            "{\"3s\":\"2026-03-17T22:15:30Z\"}",
            Some("{\"3s\":{\"$ts\":\"2026-03-17T22:15:30Z\"}}"),
        ),
        (TypeRow::Map(0, DOUBLE), "{\"a\":\"b\"}", None),
        (TypeRow::Map(0, DOUBLE), "[1]", None),
        (record(true, NONE), "{\"n\":1.0}", Some("{\"n\":1}")),
        (record(true, NONE), "{\"t\":\"2026-03-17T22:15:30Z\"}", None),
        (
            record(false, NONE),
            "{\"t\":\"2026-03-17T22:15:30Z\"}",
            Some("{\"t\":{\"$ts\":\"2026-03-17T22:15:30Z\"}}"),
        ),
        (record(false, NONE), "{\"t\":1}", None),
        (record(false, NONE), "{\"o\":1}", None),
        (record(false, DOUBLE), "{\"n\":2,\"o\":1}", Some("{\"n\":2,\"o\":1.0}")),
        (record(false, DOUBLE), "{\"o\":\"a\"}", None),
        (record(false, NONE), "[]", None),
    ] {
        let name = format!("{json} as {ty:?}");
        assert_eq!(fits(ty, json).as_deref(), wanted, "{name}");
    }
}

/// What is as it is wanted stays where it lies; what is not finished takes no room.
#[test]
fn what_does_not_change_is_not_copied() {
    for (json, grows) in [("[1.5,2.5]", false), ("[1.5,2]", true), ("[1.5,\"a\"]", false)] {
        let (program, at) = program(TypeRow::List(DOUBLE, None));
        let mut scratch = Scratch::for_program(&program);
        let context = format!("{{\"x\":{json}}}");
        let filled = ingest(&program, context.as_bytes(), &mut scratch);
        let Scratch { file, store, .. } = &mut *filled.scratch;
        let value = file[0];
        let mut heap = heap(&program, filled.request, store);
        let before = (heap.store.elements().len(), heap.store.height());
        let found = conform(&program.module, &mut heap, &value, at);
        assert_eq!(heap.store.elements().len() > before.0, grows, "{json}");
        assert_eq!(heap.store.height(), before.1, "{json}");
        assert_eq!(found.is_some(), !json.contains('a'), "{json}");
        assert_eq!(found.is_some_and(|it| it.off() == value.off()), !grows && found.is_some());
    }
    let held = |heap: &mut Heap<'_>, value: Value| {
        let optional = heap.new_optional(value).expect("there is room");
        (optional.tag(), heap.elements(&optional).len())
    };
    let found = seen(TypeRow::Optional(INT), "4", None, |heap, _, found| {
        found.map(|it| (it.tag(), heap.elements(&it).len(), held(heap, it)))
    });
    assert_eq!(found, Some((Tag::Optional, 1, (Tag::Optional, 1))));
}
