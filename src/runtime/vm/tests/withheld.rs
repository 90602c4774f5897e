//! Inputs that withhold values: what stands in the slots then.

use crate::base::limits::RECORD_BYTES_MAX;
use crate::lang::value::json::{Form, write};
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::{NONE, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::vm::partial::Partial;
use crate::runtime::vm::partial::unknown::{Class, Unknown, UnknownReference, Unknowns};
use crate::runtime::vm::request::error::{Expected, InputKind};
use crate::runtime::vm::request::marked::{Recorded, ingest_record, may_hold_marks};
use crate::runtime::vm::request::setters::Input;
use crate::runtime::vm::request::{blank, heap};
use crate::runtime::vm::scratch::Scratch;
use crate::runtime::vm::tests::{Sketch, object, place, rows};

/// A program that reads `/a`, in it `/a/s` and the list `/a/l` of objects with an `n`.
fn program() -> Program {
    let list = rows("l", TypeRow::Dyn, vec![place("n", TypeRow::Int)]);
    Sketch::new(vec![object("a", true, vec![list, place("s", TypeRow::String)])]).program()
}

/// What the slots of a place refer to when `path` was withheld: its value, its presence.
fn slots(program: &Program, path: &str, set: &str, of: &str) -> [Option<UnknownReference>; 2] {
    let mut scratch = Scratch::for_program(program);
    let mut partial = Partial::of(blank(program, &mut scratch), Unknowns::default());
    partial.set(program.slot(set).unwrap(), Input::Json("{\"s\":\"x\"}")).unwrap();
    let unknown = Unknown { path: path.to_owned(), kind: None, class: Class::Seal };
    partial.set_unknown(program.slot(path).unwrap(), unknown);
    assert_eq!(partial.unknowns().len(), 1);
    let node = program.paths.get(program.paths.find(&program.text, of).unwrap()).unwrap();
    let scratch = partial.into_scratch();
    let of = |slot: u16| scratch.file.get(usize::from(slot)).and_then(UnknownReference::of);
    [of(node.slot), of(node.presence)]
}

#[test]
fn what_lies_below_is_withheld_too() {
    let program = program();
    let whole = UnknownReference { row: 0, ty: NONE, below: false, rows: NONE };
    assert_eq!(slots(&program, "/a", "/a", "/a")[1], Some(whole));
    let [text, presence] = slots(&program, "/a", "/a", "/a/s");
    let string = program.paths.get(program.paths.find(&program.text, "/a/s").unwrap()).unwrap().ty;
    assert_eq!(text, Some(UnknownReference { ty: string, ..whole.below() }));
    assert_eq!(presence, Some(whole.below()));
    let [list, _] = slots(&program, "/a", "/a", "/a/l");
    let at = program.paths.find(&program.text, "/a/l").unwrap();
    assert_eq!(list.map(|it| (it.below, it.rows)), Some((true, at)));
}

#[test]
fn a_value_of_another_type_is_refused() {
    let program = program();
    let mut scratch = Scratch::for_program(&program);
    let mut partial = Partial::of(blank(&program, &mut scratch), Unknowns::default());
    let slot = program.slot("/a/s").unwrap();
    assert_eq!((partial.set(slot, Input::Json("\"x\"")), partial.error()), (Ok(()), None));
    let refused = partial.set(slot, Input::Json("1"));
    assert!(refused.is_err());
    assert_eq!(partial.error(), refused.err());
}

#[test]
fn what_lies_around_is_there() {
    let program = program();
    let [text, presence] = slots(&program, "/a/s", "/a", "/a/s");
    assert_eq!((text.map(|it| it.below), presence.map(|it| it.below)), (Some(false), Some(false)));
    assert_eq!(slots(&program, "/a/s", "/a", "/a"), [None, None]);
    assert_eq!(UnknownReference::of(&Value::ABSENT), None);
}

/// What a context with a place `x` says that it withholds, or why it is refused.
fn told(context: &str) -> Result<Vec<Unknown>, InputKind> {
    let program = Sketch::new(vec![place("x", TypeRow::Dyn)]).program();
    let mut scratch = Scratch::for_program(&program);
    let recorded = ingest_record(&program, context.as_bytes(), &mut scratch);
    match (recorded.error(), recorded) {
        (Some(error), _) => Err(error.kind),
        (None, Recorded::Known(_)) => Ok(Vec::new()),
        (None, Recorded::Partial(partial)) => Ok(partial.unknowns().rows().to_vec()),
    }
}

#[test]
fn a_mark_tells_the_kind_of_what_is_withheld() {
    for (name, kind) in [
        ("null", Some(Tag::Null)),
        ("bool", Some(Tag::Bool)),
        ("int", Some(Tag::Int)),
        ("uint", Some(Tag::Uint)),
        ("double", Some(Tag::Double)),
        ("string", Some(Tag::String)),
        ("bytes", Some(Tag::Bytes)),
        ("timestamp", Some(Tag::Timestamp)),
        ("duration", Some(Tag::Duration)),
        ("list", Some(Tag::List)),
        ("map", Some(Tag::Map)),
        ("type", None),
        ("", None),
    ] {
        let rows = told(&format!(r#"{{"x":{{"$x":"seal","t":"{name}"}}}}"#)).expect("a record");
        let rows: Vec<_> = rows.iter().map(|row| (row.path.as_str(), row.kind)).collect();
        assert_eq!(rows, [("/x", kind)], "{name}");
    }
}

#[test]
fn a_mark_tells_what_its_class_wants() {
    for (mark, wanted) in [
        (r#""drop""#, Some("Drop")),
        (r#""seal""#, Some("Seal")),
        (r#""hide""#, Some("Hide")),
        (r#""token","k":"a","h":"b""#, Some(r#"Token { key: "a", id: "b" }"#)),
        (r#""token","k":"a""#, None),
        (r#""token","h":"b""#, None),
        (r#""shape","n":7"#, Some("Shape { size: 7 }")),
        (r#""shape","n":4294967295"#, Some("Shape { size: 4294967295 }")),
        (r#""shape","n":4294967296"#, None),
        (r#""shape""#, None),
        (r#""range","lo":1"#, None),
        (r#""range","hi":1"#, None),
        (r#""range","lo":{"$x":"seal"},"hi":1"#, None),
        (r#""range","lo":{"a":1},"hi":1"#, None),
        (r#""other""#, None),
        (r#""seal","later":[{"a":1}]"#, Some("Seal")),
        ("5", None),
    ] {
        let rows = told(&format!(r#"{{"x":{{"$x":{mark}}}}}"#)).ok();
        let class = rows.map(|rows| format!("{:?}", rows[0].class));
        assert_eq!(class.as_deref(), wanted, "{mark}");
    }
    let rows = told(r#"{"x":{"$x":"range","lo":-1.5,"hi":{"$u":7}}}"#).expect("a record");
    let Class::Range { least, end } = &rows[0].class else { panic!("a range") };
    assert_eq!((least.float(), end.tag(), end.bits()), (-1.5, Tag::Uint, 7));
}

#[test]
fn keys_of_users_that_begin_with_a_dollar_have_another() {
    for (context, refused) in [
        (r#"{"x":{"$$a":1}}"#, None),
        (r#"{"x":{"a":1,"$$a":1}}"#, None),
        (r#"{"x":{"a":1,"$a":1}}"#, Some(InputKind::Syntax)),
        (r#"{"x":{"$a":1}}"#, Some(InputKind::Syntax)),
        (r#"{"x":{"$u":1}}"#, None),
        (r#"{"x":{"$u":1,"a":2}}"#, Some(InputKind::Syntax)),
        (r#"{"x":{"$$a":1,"$$a":1}}"#, Some(InputKind::DuplicateKey)),
        (r#"{"x":{"\u0024u":1}}"#, None),
    ] {
        assert_eq!(told(context).err(), refused, "{context}");
    }
}

/// What `x` is in a context of a record, in canonical form.
#[test]
fn marks_give_values_of_their_kinds() {
    let program = Sketch::new(vec![place("x", TypeRow::Dyn)]).program();
    let mut scratch = Scratch::for_program(&program);
    for (x, wanted) in [
        (r#"{"$u":7}"#, Ok(r#"{"$u":7}"#)),
        (r#"{ "$u" : 7 }"#, Ok(r#"{"$u":7}"#)),
        (r#"{"$b":"YQ=="}"#, Ok(r#"{"$b":"YQ=="}"#)),
        (r#"{"$ts":"2024-01-01T00:00:00Z"}"#, Ok(r#"{"$ts":"2024-01-01T00:00:00Z"}"#)),
        (r#"{"$d":"3s"}"#, Ok(r#"{"$d":"3s"}"#)),
        (r#"{"$f":"NaN"}"#, Ok(r#"{"$f":"NaN"}"#)),
        (r#"{"$f":"-Infinity"}"#, Ok(r#"{"$f":"-Infinity"}"#)),
        (
            r#"[{"$u":7},["$u"],{"$$u":{"$d":"3s"}}]"#,
            Ok(r#"[{"$u":7},["$u"],{"$$u":{"$d":"3s"}}]"#),
        ),
        (r#"["$u",1]"#, Ok(r#"["$u",1]"#)),
        (r#"{"$u":-7}"#, Err(InputKind::WrongType(Expected::Uint))),
        (r#"{"$u":"7"}"#, Err(InputKind::Syntax)),
        (r#"{"$b":"*"}"#, Err(InputKind::Syntax)),
        (r#"{"$b":"Y"}"#, Err(InputKind::Syntax)),
        (r#"{"$ts":"3s"}"#, Err(InputKind::Syntax)),
        (r#"{"$d":"2024-01-01T00:00:00Z"}"#, Err(InputKind::Syntax)),
        (r#"{"$f":"x"}"#, Err(InputKind::Syntax)),
        (r#"{"$f":1.5}"#, Err(InputKind::Syntax)),
        (r#"{"$u":7,"a":1}"#, Err(InputKind::Syntax)),
    ] {
        let context = format!(r#"{{"x":{x},"y":"$"}}"#);
        let filled = match ingest_record(&program, context.as_bytes(), &mut scratch) {
            Recorded::Known(filled) => filled,
            Recorded::Partial(_) => panic!("nothing is withheld"),
        };
        let error = filled.error().map(|error| error.kind);
        let Scratch { file, store, .. } = &mut *filled.scratch;
        let heap = heap(&program, filled.request, store);
        let mut out = String::new();
        if error.is_none() {
            write(&heap.view(), &file[0], Form::Canonical, &mut out).expect("a string takes it");
        }
        assert_eq!(error.map_or(Ok(out.as_str()), Err), wanted, "{x}");
    }
}

/// Values that are marked go to slots and to cells as those do that are not.
#[test]
fn marks_give_slots_and_cells_what_they_want() {
    let columns = vec![
        place("id", TypeRow::Int),
        object("o", false, Vec::new()),
        rows("r", TypeRow::Dyn, vec![place("n", TypeRow::Dyn)]),
    ];
    let program = Sketch::new(vec![
        place("i", TypeRow::Int),
        object("o", true, vec![place("s", TypeRow::String)]),
        rows("r", TypeRow::Dyn, columns),
    ])
    .program();
    let mut scratch = Scratch::for_program(&program);
    let (int, list) = (InputKind::WrongType(Expected::Int), InputKind::WrongType(Expected::List));
    let object = InputKind::WrongType(Expected::Object);
    for (context, refused) in [
        (r#"{"i":{"$u":7}}"#, None),
        (r#"{"i":{"$d":"7s"}}"#, Some(int)),
        (r#"{"o":{"$u":7}}"#, Some(object)),
        (r#"{"r":{"$u":7}}"#, Some(list)),
        (r#"{"r":[{"$u":7}]}"#, Some(object)),
        (r#"{"r":[{"id":{"$d":"7s"}}]}"#, Some(int)),
        (r#"{"r":[{"r":{"$u":7}}]}"#, Some(list)),
        (r#"{"r":[{"id":{"$u":7},"o":{"$u":1}},{"o":{"$$u":1}}]}"#, None),
    ] {
        let recorded = ingest_record(&program, context.as_bytes(), &mut scratch);
        assert_eq!(recorded.error().map(|error| error.kind), refused, "{context}");
    }
    // The cells that were read last: id, o and r of both rows.
    let cells = scratch.store.elements().last_chunk::<6>().expect("two rows");
    let bits = cells.map(|cell| (cell.tag(), cell.as_bool()));
    let (absent, bool) = ((Tag::Absent, None), |bool| (Tag::Bool, Some(bool)));
    assert_eq!(bits, [(Tag::Int, None), bool(false), absent, absent, bool(true), absent]);
    assert_eq!(cells[0].signed(), 7);
    let recorded = ingest_record(&program, br#"{"i":{"$u":7}}"#, &mut scratch);
    let filled = recorded.known().expect("nothing is withheld");
    assert_eq!((filled.scratch.file[0].tag(), filled.scratch.file[0].signed()), (Tag::Int, 7));
}

/// What is withheld in rows has the path of its cell, and a row that is withheld hides all of them.
#[test]
fn cells_and_rows_are_withheld() {
    let columns = vec![place("id", TypeRow::Int), object("o", false, Vec::new())];
    let program = Sketch::new(vec![rows("r", TypeRow::Dyn, columns)]).program();
    let mut scratch = Scratch::for_program(&program);
    let context = br#"{"r":[{"id":{"$x":"drop"}},{"$x":"seal"},{"id":1,"o":{"$x":"hide"}}]}"#;
    let Recorded::Partial(partial) = ingest_record(&program, context, &mut scratch) else {
        panic!("values are withheld")
    };
    assert_eq!(partial.error(), None);
    let paths: Vec<&str> = partial.unknowns().rows().iter().map(|row| row.path.as_str()).collect();
    assert_eq!(paths, ["/r/0/id", "/r/1", "/r/2/o"]);
    let scratch = partial.into_scratch();
    let cells = scratch.store.elements().last_chunk::<6>().expect("three rows");
    let of = |cell: &Value| UnknownReference::of(cell).map(|it| (it.row, it.below));
    let found = cells.each_ref().map(of);
    let row = Some((1, true));
    assert_eq!(found, [Some((0, false)), None, row, row, None, Some((2, false))]);
}

/// A quote in front of a dollar, wherever it stands: in the chunks that are looked at together,
/// between two of them, and behind the last.
#[test]
fn marks_are_looked_for_to_the_last_byte() {
    let both = format!("\"$u\":1,\"$d\":2{}", "a".repeat(64));
    assert!(may_hold_marks(both.as_bytes()), "two of them");
    for len in [0, 1, 2, 63, 64, 65, 66, 127, 128, 129, 130] {
        let plain = vec![b'a'; len];
        assert!(!may_hold_marks(&plain), "{len}");
        for at in 1..len {
            for (pair, wanted) in [(b"\"$", true), (b"a$", false), (b"\"a", false)] {
                let mut context = plain.clone();
                context[at - 1..=at].copy_from_slice(pair);
                assert_eq!(may_hold_marks(&context), wanted, "{len} {at}");
            }
        }
    }
}

#[test]
fn a_context_of_a_record_is_as_large_as_it_may_be() {
    let around = r#"{"q":""}"#.len();
    for (len, refused) in
        [(RECORD_BYTES_MAX, None), (RECORD_BYTES_MAX + 1, Some(InputKind::TooLarge))]
    {
        let context = format!(r#"{{"q":"{}"}}"#, "a".repeat(len - around));
        assert_eq!(told(&context).err(), refused, "{len}");
    }
}
