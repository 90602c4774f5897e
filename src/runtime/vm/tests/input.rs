//! Contexts that are read, and contexts that are refused.

use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::{FieldRow, NONE, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::vm::request::error::{Expected, InputKind};
use crate::runtime::vm::request::setters::Input;
use crate::runtime::vm::request::{blank, ingest};
use crate::runtime::vm::scratch::Scratch;
use crate::runtime::vm::tests::{Sketch, object, place, rows};

/// One place `x` of this type; its value is slot 0, its presence slot 1.
fn one(ty: TypeRow) -> Program {
    Sketch::new(vec![place("x", ty)]).program()
}

/// Slot 0 as JSON in canonical form, or why the context was refused.
fn slot(program: &Program, json: &str) -> Result<String, InputKind> {
    let mut scratch = Scratch::for_program(program);
    let filled = ingest(program, json.as_bytes(), &mut scratch);
    if let Some(error) = filled.error() {
        return Err(error.kind);
    }
    let heap =
        crate::runtime::vm::request::heap(program, filled.request, &mut filled.scratch.store);
    Ok(show(&heap.view(), &filled.scratch.file[0]))
}

fn show(view: &crate::lang::value::heap::View<'_>, value: &Value) -> String {
    use crate::lang::value::json::{Form, write};
    let mut out = String::new();
    if value.tag() == Tag::Absent {
        return "absent".to_owned();
    }
    write(view, value, Form::Canonical, &mut out).unwrap();
    out
}

/// Values of JSON.
const GOOD: &[&str] = &[
    "null",
    "true",
    "0",
    "-0",
    "1.5",
    "1e3",
    "1E-3",
    "-0.0e+1",
    "\"\"",
    "\"a\\u00e9\\n\"",
    "\"\\ud83d\\ude00\"",
    "[]",
    "{}",
    "[1,[2],{\"a\":[]}]",
    " [ 1 , 2 ] ",
    "\"\u{1F600}é\"",
    "\"a long text without anything special in it\"",
];

/// What is no value of JSON.
const BAD: &[&str] = &[
    "",
    "nul",
    "tru",
    "True",
    "01",
    "-",
    "+1",
    ".5",
    "1.",
    "1e",
    "1e+",
    "0x1",
    "NaN",
    "\"",
    "\"\\\"",
    "\"\\x\"",
    "\"\\u12\"",
    "\"\\ud800\"",
    "\"\\ude00\"",
    "\"\\ud800\\u0041\"",
    "\"\u{1}\"",
    "\"a text that is long enough\u{1f}\"",
    "[",
    "]",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[1 2]",
    "{",
    "{\"a\"",
    "{\"a\":",
    "{\"a\":1",
    "{\"a\":1,",
    "{\"a\":1,}",
    "{a:1}",
    "{\"a\" 1}",
    "{\"a\":1 \"b\":2}",
    "[}",
    "{]",
    "'a'",
    "\"a\tb\"",
];

#[test]
fn grammar_is_checked_also_where_nobody_reads() {
    let read = one(TypeRow::Dyn);
    let skipped = one(TypeRow::Bool);
    for value in GOOD {
        assert!(slot(&read, &format!("{{\"x\":{value}}}")).is_ok(), "{value}");
        assert!(slot(&skipped, &format!("{{\"y\":{value}}}")).is_ok(), "{value}");
    }
    for value in BAD {
        assert!(slot(&read, &format!("{{\"x\":{value}}}")).is_err(), "{value}");
        assert!(slot(&skipped, &format!("{{\"y\":{value}}}")).is_err(), "{value}");
    }
    for whole in ["", "[]", "1", "{} {}", "{}x", "{\"x\":1}}", "\u{FEFF}{}", "//\n{}"] {
        assert!(slot(&read, whole).is_err(), "{whole}");
    }
    let mut scratch = Scratch::for_program(&read);
    let filled = ingest(&read, b"{\"x\":\"\xFF\"}", &mut scratch);
    assert_eq!(
        filled.error().map(|error| (error.kind, error.offset)),
        Some((InputKind::NotUtf8, Some(6)))
    );
}

#[test]
fn a_key_given_twice_has_its_place_however_deep() {
    let program = one(TypeRow::Dyn);
    let mut scratch = Scratch::for_program(&program);
    for (text, at) in [
        (r#"{"x":{"q":{"k":1,"k":2},"z":1},"y":3}"#, 17),
        (r#"{"x":{"q":{"k":1,"a":0,"k":2,"b":3}}}"#, 23),
        (r#"{"x":[{"long key of a map":1},{"b":1,"b":2}]}"#, 37),
        (r#"{"q":1,"r":2,"q":3}"#, 13),
        (r#"{"y":1,"y":2,"z":3}"#, 7),
        // With escapes the end is named: of an object that is read its bracket, of a value what
        // stands behind it.
        (r#"{"q":1,"\u0071":2}"#, 17),
        (r#"{"\u0071":1,"q":2}"#, 17),
        (r#"{"\u0071":1,"\u0071":2}"#, 22),
        (r#"{"x":{"\u0061":1,"a":2}}"#, 17),
        (r#"{"x":{"\u0061":1,"\u0061":2}}"#, 28),
    ] {
        let filled = ingest(&program, text.as_bytes(), &mut scratch);
        let found = filled.error().map(|error| (error.kind, error.offset));
        assert_eq!(found, Some((InputKind::DuplicateKey, Some(at))), "{text}");
    }
}

#[test]
fn numbers_by_type() {
    let check = |ty: TypeRow, spelled: &str, want: Result<&str, InputKind>| {
        let program = one(ty.clone());
        let got = slot(&program, &format!("{{\"x\":{spelled}}}"));
        assert_eq!(got.as_deref(), want.as_ref().copied(), "{ty:?} {spelled}");
    };
    let range = Err(InputKind::NumberRange);
    check(TypeRow::Dyn, "5", Ok("5"));
    check(TypeRow::Dyn, "5.0", Ok("5.0"));
    check(TypeRow::Dyn, "-9223372036854775808", Ok("-9223372036854775808"));
    check(TypeRow::Dyn, "9223372036854775808", Ok("{\"$u\":9223372036854775808}"));
    check(TypeRow::Dyn, "18446744073709551616", range);
    check(TypeRow::Dyn, "-9223372036854775809", range);
    check(TypeRow::Dyn, "1e400", range);
    check(TypeRow::Dyn, "0.1", Ok("0.1"));
    check(TypeRow::Dyn, "123456789012345678e-5", Ok("1234567890123.4568"));
    check(TypeRow::Int, "5.0", Ok("5"));
    check(TypeRow::Int, "5e2", Ok("500"));
    check(TypeRow::Int, "50e-1", Ok("5"));
    check(TypeRow::Int, "9007199254740993.0", Ok("9007199254740993"));
    check(TypeRow::Int, "9223372036854775807", Ok("9223372036854775807"));
    check(TypeRow::Int, "9223372036854775808", Err(InputKind::WrongType(Expected::Int)));
    check(TypeRow::Int, "0e999999999999", Ok("0"));
    check(TypeRow::Int, "5.5", Err(InputKind::WrongType(Expected::Int)));
    check(TypeRow::Int, "\"5\"", Err(InputKind::WrongType(Expected::Int)));
    check(TypeRow::Int, "null", Err(InputKind::WrongType(Expected::Int)));
    check(TypeRow::Uint, "18446744073709551615", Ok("{\"$u\":18446744073709551615}"));
    check(TypeRow::Uint, "-1", Err(InputKind::WrongType(Expected::Uint)));
    check(TypeRow::Double, "5", Ok("5.0"));
    check(TypeRow::Double, "12345678901234567890123", Ok("1.2345678901234568e+22"));
    check(TypeRow::Double, "1e309", range);
    check(TypeRow::Double, "2.2250738585072014e-308", Ok("2.2250738585072014e-308"));
}

#[test]
fn typed_values() {
    let mut s = Sketch::new(vec![place("x", TypeRow::Dyn)]);
    let (int, string) = (s.ty(TypeRow::Int), s.ty(TypeRow::String));
    let names = ["a", "b"].map(|name| s.string(name));
    let [a, b] = [(names[0], int, true), (names[1], string, false)]
        .map(|(name, ty, required)| FieldRow { name, ty, required, sensitive: false });
    let record = TypeRow::Record { fields: vec![a, b], rest: NONE };
    let check = |ty: TypeRow, spelled: &str, want: Result<&str, InputKind>| {
        let mut sketch = Sketch { module: s.module.clone() };
        let ty = sketch.ty(ty);
        sketch.module.paths[1].ty = ty;
        let got = slot(&sketch.program(), &format!("{{\"x\":{spelled}}}"));
        assert_eq!(got.as_deref(), want.as_ref().copied(), "{spelled}");
    };
    let wrong = |wanted| Err(InputKind::WrongType(wanted));
    check(TypeRow::Timestamp, "\"2024-02-29T12:00:00Z\"", Ok("{\"$ts\":\"2024-02-29T12:00:00Z\"}"));
    check(TypeRow::Timestamp, "\"2023-02-29T12:00:00Z\"", wrong(Expected::Timestamp));
    check(TypeRow::Timestamp, "5", wrong(Expected::Timestamp));
    check(TypeRow::Duration, "\"1h30m\"", Ok("{\"$d\":\"5400s\"}"));
    check(TypeRow::Duration, "\"PT15M\"", Ok("{\"$d\":\"900s\"}"));
    check(TypeRow::Bytes, "\"YWI=\"", Ok("{\"$b\":\"YWI=\"}"));
    check(TypeRow::Bytes, "\"YQ\"", Ok("{\"$b\":\"YQ==\"}"));
    check(TypeRow::Bytes, "\"Y\"", wrong(Expected::Bytes));
    check(TypeRow::Nullable(int), "null", Ok("null"));
    check(TypeRow::Nullable(int), "3", Ok("3"));
    check(TypeRow::Nullable(int), "\"3\"", wrong(Expected::Int));
    check(TypeRow::Null, "null", Ok("null"));
    check(TypeRow::Null, "true", wrong(Expected::Null));
    check(TypeRow::Null, "0", wrong(Expected::Null));
    check(TypeRow::Bool, "true", Ok("true"));
    check(TypeRow::Bool, "null", wrong(Expected::Bool));
    check(TypeRow::String, "null", wrong(Expected::String));
    check(TypeRow::String, "false", wrong(Expected::String));
    check(TypeRow::String, "[]", wrong(Expected::String));
    check(TypeRow::String, "{}", wrong(Expected::String));
    check(TypeRow::Optional(int), "3", Ok("{\"$o\":[3]}"));
    check(TypeRow::Optional(int), "null", Ok("{\"$o\":[]}"));
    check(TypeRow::Optional(int), "\"3\"", wrong(Expected::Int));
    check(TypeRow::Optional(int), "true", wrong(Expected::Int));
    check(TypeRow::Optional(int), "[3]", wrong(Expected::Int));
    check(TypeRow::List(int, Some(2)), "[1,2.0]", Ok("[1,2]"));
    check(TypeRow::List(int, Some(2)), "[1,2,3]", Err(InputKind::TooLong));
    check(TypeRow::List(int, None), "[1,\"2\"]", wrong(Expected::Int));
    check(TypeRow::Map(string, int), "{\"b\":1,\"a\":2}", Ok("{\"a\":2,\"b\":1}"));
    check(TypeRow::Map(string, int), "{\"b\":1,\"b\":2}", Err(InputKind::DuplicateKey));
    check(TypeRow::Map(int, int), "{\"10\":1,\"9\":2}", Ok("{\"$m\":[[9,2],[10,1]]}"));
    check(TypeRow::Map(int, int), "{\"a\":1}", wrong(Expected::Int));
    check(TypeRow::Map(int, int), "{\"1\":1,\"1\":2}", Err(InputKind::DuplicateKey));
    check(record.clone(), "{\"b\":\"t\",\"a\":1.0}", Ok("{\"a\":1,\"b\":\"t\"}"));
    check(record.clone(), "{\"b\":\"t\"}", Err(InputKind::MissingField));
    check(record.clone(), "{\"a\":1,\"c\":2}", Err(InputKind::UnknownField));
    check(record, "{\"a\":1,\"\\u0061\":1}", Err(InputKind::DuplicateKey));
}

/// Types of which others are made: rows of the types behind those of the context and of `x`.
#[test]
fn types_within_types_are_read() {
    let check = |ty: TypeRow, spelled: &str, want: Result<&str, InputKind>| {
        let mut sketch = Sketch::new(vec![place("x", TypeRow::Dyn)]);
        let [int, bool, uint, _] =
            [TypeRow::Int, TypeRow::Bool, TypeRow::Uint, TypeRow::List(2, None)]
                .map(|ty| sketch.ty(ty));
        assert_eq!([int, bool, uint], [2, 3, 4]);
        let name = sketch.string("a");
        assert_eq!(name, 2);
        let ty = sketch.ty(ty);
        sketch.module.paths[1].ty = ty;
        let got = slot(&sketch.program(), &format!("{{\"x\":{spelled}}}"));
        assert_eq!(got.as_deref(), want.as_ref().copied(), "{ty} {spelled}");
    };
    let wrong = |wanted| Err(InputKind::WrongType(wanted));
    check(TypeRow::Optional(5), "[3]", Ok("{\"$o\":[[3]]}"));
    check(TypeRow::Optional(5), "3", wrong(Expected::List));
    check(TypeRow::Nullable(5), "[3]", Ok("[3]"));
    check(TypeRow::Nullable(5), "null", Ok("null"));
    check(TypeRow::Map(3, 2), "{\"true\":1,\"false\":2}", Ok("{\"$m\":[[false,2],[true,1]]}"));
    check(TypeRow::Map(3, 2), "{\"1\":1}", wrong(Expected::Bool));
    check(TypeRow::Map(4, 2), "{\"7\":1}", Ok("{\"$m\":[[{\"$u\":7},1]]}"));
    check(TypeRow::Map(4, 2), "{\"-7\":1}", wrong(Expected::Uint));
    let field = FieldRow { name: 2, ty: 2, required: false, sensitive: false };
    let record = |rest| TypeRow::Record { fields: vec![field.clone()], rest };
    check(record(3), "{\"a\":1,\"b\":true}", Ok("{\"a\":1,\"b\":true}"));
    check(record(3), "{\"a\":1,\"b\":1}", wrong(Expected::Bool));
    check(record(3), "{\"a\":true}", wrong(Expected::Int));
    check(record(NONE), "{\"a\":1,\"b\":true}", Err(InputKind::UnknownField));
    check(record(NONE), "[]", wrong(Expected::Object));
    check(record(NONE), "{}", Ok("{}"));
}

#[test]
fn keys_given_twice_are_refused_where_an_object_is_read() {
    let program = Sketch::new(vec![object("o", true, vec![place("x", TypeRow::Dyn)])]).program();
    let refused = |json: &str| slot(&program, json).err();
    let twice = Some(InputKind::DuplicateKey);
    assert_eq!(refused(r#"{"o":{"x":1,"x":1}}"#), twice);
    assert_eq!(refused(r#"{"o":{"x":1,"\u0078":1}}"#), twice);
    assert_eq!(refused(r#"{"o":{"a":1,"b":2,"a":3}}"#), twice);
    assert_eq!(refused(r#"{"o":{"a":1,"b":2,"\u0061":3}}"#), twice);
    assert_eq!(refused(r#"{"p":1,"p":2}"#), twice);
    assert_eq!(refused(r#"{"o":{},"o":{}}"#), twice);
    assert_eq!(refused(r#"{"o":{"same":1,"samf":2,"samg":3}}"#), None);
    // Objects that are skipped whole are not looked into.
    assert_eq!(refused(r#"{"p":{"a":1,"a":2}}"#), None);
    let many: Vec<String> = (0..500).map(|n| format!("\"key{n}\":{n}")).collect();
    assert_eq!(refused(&format!("{{{}}}", many.join(","))), None);
    assert_eq!(refused(&format!("{{{},\"key250\":0}}", many.join(","))), twice);
}

#[test]
fn presence_and_levels() {
    // Slots: o, o's presence, x, x's presence.
    let program =
        |strict| Sketch::new(vec![object("o", strict, vec![place("x", TypeRow::Dyn)])]).program();
    let look = |program: &Program, json: &str| {
        let mut scratch = Scratch::for_program(program);
        let filled = ingest(program, json.as_bytes(), &mut scratch);
        let tags = filled.scratch.file.iter().take(4).map(Value::as_bool).collect::<Vec<_>>();
        (filled.error().map(|error| error.kind), tags)
    };
    let (loose, strict) = (program(false), program(true));
    let (yes, no) = (Some(true), Some(false));
    assert_eq!(look(&loose, "{}"), (None, vec![None, None, None, None]));
    assert_eq!(look(&loose, r#"{"o":{}}"#), (None, vec![None, yes, None, None]));
    assert_eq!(look(&loose, r#"{"o":5}"#), (None, vec![None, no, None, None]));
    assert_eq!(look(&loose, r#"{"o":{"x":true}}"#), (None, vec![None, yes, yes, no]));
    assert_eq!(look(&strict, r#"{"o":5}"#).0, Some(InputKind::WrongType(Expected::Object)));
}

#[test]
fn rows_hold_the_columns_that_are_read() {
    let mut s = Sketch::new(vec![]);
    let dynamic = s.ty(TypeRow::Dyn);
    let mut id = place("id", TypeRow::Int);
    id.required = true;
    let columns = vec![id, place("name", TypeRow::String)];
    let program = Sketch::new(vec![rows("x", TypeRow::List(dynamic, Some(3)), columns)]).program();
    let mut scratch = Scratch::for_program(&program);
    let json = br#"{"x":[{"z":[{}],"name":"a","id":1},{"id":2.0}]}"#;
    let filled = ingest(&program, json, &mut scratch);
    assert_eq!(filled.error(), None);
    let list = filled.scratch.file[0];
    assert_eq!((list.len(), list.columns()), (2, 2));
    let at = list.off() as usize;
    let tags: Vec<Tag> = filled.scratch.store.elements()[at..].iter().map(Value::tag).collect();
    assert_eq!(tags, [Tag::Int, Tag::String, Tag::Int, Tag::Absent]);
    for (json, want) in [
        (r#"{"x":[{"name":"a"}]}"#, InputKind::MissingField),
        (r#"{"x":[1]}"#, InputKind::WrongType(Expected::Object)),
        (r#"{"x":{}}"#, InputKind::WrongType(Expected::List)),
        (r#"{"x":[{"id":1,"id":1}]}"#, InputKind::DuplicateKey),
        (r#"{"x":[{"id":1,"q":1,"q":1}]}"#, InputKind::DuplicateKey),
        (r#"{"x":[{"id":1},{"id":1},{"id":1},{"id":1}]}"#, InputKind::TooLong),
        (r#"{"x":[{"id":"1"}]}"#, InputKind::WrongType(Expected::Int)),
    ] {
        assert_eq!(slot(&program, json), Err(want), "{json}");
    }
}

#[test]
fn a_whole_value_fills_the_places_below_it() {
    let mut whole = place("o", TypeRow::Dyn);
    whole.below =
        vec![place("x", TypeRow::Double), object("p", false, vec![place("q", TypeRow::Dyn)])];
    let program = Sketch::new(vec![whole]).program();
    let mut scratch = Scratch::for_program(&program);
    let filled = ingest(&program, br#"{"o":{"x":5,"p":{"q":true}}}"#, &mut scratch);
    assert_eq!(filled.error(), None);
    let file = &filled.scratch.file;
    // Slots: o, presence, x, presence, p, presence, q, presence.
    assert_eq!((file[0].tag(), file[1].as_bool()), (Tag::Map, Some(true)));
    assert_eq!(file[2].bits(), 5.0_f64.to_bits());
    assert_eq!(file[5].as_bool(), Some(true));
    assert_eq!(file[6].as_bool(), Some(true));
    let bad = slot(&program, r#"{"o":{"x":"5"}}"#);
    assert_eq!(bad, Err(InputKind::WrongType(Expected::Double)));
}

#[test]
fn limits() {
    let read = one(TypeRow::Dyn);
    let skipped = one(TypeRow::Bool);
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(slot(&read, &format!("{{\"x\":{}}}", nested(63))).is_ok());
    assert!(slot(&skipped, &format!("{{\"y\":{}}}", nested(63))).is_ok());
    let deep = Err(InputKind::TooDeep);
    assert_eq!(slot(&read, &format!("{{\"x\":{}}}", nested(64))), deep);
    assert_eq!(slot(&skipped, &format!("{{\"y\":{}}}", nested(64))), deep);
    assert_eq!(slot(&read, &format!("{{\"x\":{}}}", "[".repeat(100_000))), deep);
    let long = |count: usize| format!("{{\"x\":[{}]}}", vec!["1"; count].join(","));
    assert!(slot(&read, &long(90_000)).is_ok());
    assert_eq!(slot(&read, &long(100_001)), Err(InputKind::TooManyValues));
    let large = format!("{{\"x\":\"{}\"}}", "a".repeat(1 << 20));
    assert_eq!(slot(&read, &large), Err(InputKind::TooLarge));
}

#[test]
fn errors_name_their_place() {
    let program = Sketch::new(vec![object("a/b", true, vec![place("x", TypeRow::Int)])]).program();
    let mut scratch = Scratch::for_program(&program);
    let filled = ingest(&program, br#"{"a/b": {"x": "5"}}"#, &mut scratch);
    let error = filled.error().unwrap();
    assert_eq!((error.offset, error.path(&program).as_str()), (Some(14), "/a~1b/x"));
    assert_eq!(error.message(&program), "this is not an int");
}

#[test]
fn setters_fill_the_same_slots() {
    let program = Sketch::new(vec![object(
        "o",
        true,
        vec![place("t", TypeRow::Timestamp), place("x", TypeRow::Double)],
    )])
    .program();
    let (t, x) = (program.slot("/o/t").unwrap(), program.slot("/o/x").unwrap());
    assert_eq!(program.slot("/o/none"), None);
    let mut scratch = Scratch::for_program(&program);
    let mut filled = blank(&program, &mut scratch);
    filled.set(t, Input::String("2024-01-01T00:00:00Z")).unwrap();
    filled.set(x, Input::Int(3)).unwrap();
    assert!(filled.set(x, Input::Bool(true)).is_err());
    let file = &filled.scratch.file;
    // Slots: o, presence, t, presence, x, presence.
    assert_eq!(file[1].as_bool(), Some(true));
    assert_eq!((file[2].tag(), file[4].bits()), (Tag::Timestamp, 3.0_f64.to_bits()));
}

#[test]
fn setters_take_lists_and_maps_and_replace_what_was_set() {
    let mut sketch = Sketch::new(Vec::new());
    let [int, string] = [TypeRow::Int, TypeRow::String].map(|ty| sketch.ty(ty));
    sketch.module.paths.clear();
    sketch.module.slots.clear();
    let columns = vec![place("id", TypeRow::Int), place("name", TypeRow::String)];
    let list = TypeRow::List(int, Some(2));
    let inner = vec![place("m", TypeRow::Map(string, int)), place("x", TypeRow::Dyn)];
    sketch.paths(vec![
        place("l", list.clone()),
        object("o", true, inner),
        rows("r", list, columns),
    ]);
    let program = sketch.program();
    let [l, o, r, x] = ["/l", "/o", "/r", "/o/x"].map(|pointer| program.slot(pointer).unwrap());
    let mut scratch = Scratch::for_program(&program);
    let mut input = blank(&program, &mut scratch);
    input.set(l, Input::List(&[Input::Int(1), Input::Uint(2)])).unwrap();
    let row = Input::Map(&[("id", Input::Int(7)), ("other", Input::Null)]);
    input.set(r, Input::List(&[row, row])).unwrap();
    let map = [("b", Input::Int(1)), ("a", Input::Double(2.0))];
    input.set(o, Input::Map(&[("m", Input::Map(&map)), ("x", Input::Bool(true))])).unwrap();
    let shown = |input: &mut crate::runtime::vm::request::Filled<'_>, slot: usize| {
        let heap = crate::runtime::vm::request::heap(&program, &[], &mut input.scratch.store);
        show(&heap.view(), &input.scratch.file[slot])
    };
    // Slots: l, presence, o, presence, r, presence, m, presence, x, presence.
    assert_eq!(shown(&mut input, 0), "[1,2]");
    assert_eq!(shown(&mut input, 6), r#"{"a":2,"b":1}"#);
    assert_eq!(shown(&mut input, 8), "true");
    let rows = input.scratch.file[4];
    assert_eq!((rows.len(), rows.columns()), (2, 2));
    // Nothing of the object before is left.
    input.set(o, Input::Map(&[])).unwrap();
    assert_eq!((shown(&mut input, 6), shown(&mut input, 8)), ("absent".into(), "absent".into()));
    input.set(x, Input::Null).unwrap();
    assert_eq!(shown(&mut input, 8), "null");
    let mut refused = |slot, value| input.set(slot, value).unwrap_err().kind;
    let deep = (0..100).fold(String::from("1"), |inner, _| format!("[{inner}]"));
    assert_eq!(
        refused(x, Input::Map(&[("a", Input::Null), ("a", Input::Null)])),
        InputKind::DuplicateKey
    );
    assert_eq!(refused(x, Input::Json("{")), InputKind::Syntax);
    assert_eq!(refused(x, Input::Json(&deep)), InputKind::TooMuchRead);
    let times =
        [(i64::MAX, 0), (0, 1_000_000_000)].map(|(s, n)| refused(x, Input::Timestamp(s, n)));
    assert_eq!(times, [InputKind::WrongType(Expected::Timestamp); 2]);
    assert_eq!(refused(r, Input::List(&[Input::Int(1)])), InputKind::WrongType(Expected::Object));
    assert_eq!(refused(l, Input::Json("[1,2,3]")), InputKind::WrongType(Expected::List));
    assert!(input.error().is_some(), "the input stays refused");
}
