//! What is no context: why, and the byte where that is seen.

use crate::base::limits::{CONTEXT_BYTES_MAX, CONTEXT_NODES_MAX};
use crate::lang::session::ROOT;
use crate::lang::value::wire::WireFault;
use crate::runtime::bundle::govern::{LimitRow, MeterRow, WindowRow};
use crate::runtime::bundle::module::{NONE, TypeRow};
use crate::runtime::program::dispatch::ProgramItem;
use crate::runtime::vm::request::error::InputKind::{self, *};
use crate::runtime::vm::request::error::{Expected, InputError};
use crate::runtime::vm::request::reader::Reader;
use crate::runtime::vm::request::{ingest, ingest_answered};
use crate::runtime::vm::scratch::Scratch;
use crate::runtime::vm::tests::{Sketch, object, place, rows};

/// Why a context is refused by who reads `x`, and where.
fn refused(context: &str) -> Option<(InputKind, Option<usize>)> {
    let program = Sketch::new(vec![place("x", TypeRow::Dyn)]).program();
    let mut scratch = Scratch::for_program(&program);
    let filled = ingest(&program, context.as_bytes(), &mut scratch);
    filled.error().map(|error| (error.kind, error.offset))
}

#[test]
fn what_is_no_object_is_no_context() {
    for (context, kind, at) in [
        ("", Truncated, 0),
        (" \n", Truncated, 2),
        ("[]", NotAnObject, 0),
        (" \"a\"", NotAnObject, 1),
        ("0", NotAnObject, 0),
        ("9", NotAnObject, 0),
        ("-1", NotAnObject, 0),
        ("true", NotAnObject, 0),
        ("false", NotAnObject, 0),
        ("null", NotAnObject, 0),
        ("x", Syntax, 0),
        ("}", Syntax, 0),
        ("\u{FEFF}{}", ByteOrderMark, 0),
        ("{} {}", Trailing, 3),
        ("{}}", Trailing, 2),
        ("{} x", Trailing, 3),
    ] {
        assert_eq!(refused(context), Some((kind, Some(at))), "{context}");
    }
    assert_eq!(refused(" {} \r\n\t"), None);
}

/// A value is refused for what is wrong with it, whether it is read or not.
#[track_caller]
fn check(behind: &str, kind: InputKind, at: usize) {
    for key in ["x", "y"] {
        let context = format!("{{\"{key}\":{behind}");
        assert_eq!(refused(&context), Some((kind, Some(at))), "{context}");
    }
}

#[test]
fn what_is_wrong_with_a_value_has_its_place() {
    for (behind, kind, at) in [
        ("", Truncated, 5),
        ("}", Syntax, 5),
        ("]", Syntax, 5),
        (",1}", Syntax, 5),
        // Texts.
        (r#""a"#, Truncated, 7),
        (r#""a\"#, Truncated, 8),
        (r#""\x"}"#, Escape, 7),
        (r#""\u12"}"#, Escape, 10),
        (r#""\u12"#, Truncated, 10),
        (r#""\u123g"}"#, Escape, 11),
        (r#""\ud800"}"#, Surrogate, 6),
        (r#""\udbff"}"#, Surrogate, 6),
        (r#""\udc00"}"#, Surrogate, 6),
        (r#""\udfff"}"#, Surrogate, 6),
        (r#""\ud800\u0041"}"#, Surrogate, 6),
        (r#""\ud800\udbff"}"#, Surrogate, 6),
        (r#""\ud800\ue000"}"#, Surrogate, 6),
        (r#""\ud800\n"}"#, Surrogate, 6),
        (r#""\ud800\udc0x"}"#, Escape, 17),
        ("\"\u{1}\"}", Control, 6),
        ("\"a\\n\u{1f}\"}", Control, 9),
        // Words and numbers.
        ("tru}", Syntax, 8),
        ("tru", Truncated, 8),
        ("fals}", Syntax, 9),
        ("nulx}", Syntax, 8),
        ("01}", Syntax, 6),
        ("-}", Syntax, 6),
        ("-", Truncated, 6),
        ("1.}", Syntax, 7),
        ("1e}", Syntax, 7),
        ("1e+}", Syntax, 8),
        ("+1}", Syntax, 5),
    ] {
        check(behind, kind, at);
    }
}

#[test]
fn what_is_wrong_with_a_list_or_an_object_has_its_place() {
    for (behind, kind, at) in [
        ("[", Truncated, 6),
        ("[}", Syntax, 6),
        ("[1", Truncated, 7),
        ("[1,", Truncated, 8),
        ("[1,]}", Syntax, 8),
        ("[,1]}", Syntax, 6),
        ("[1 2]}", Syntax, 8),
        ("[1}", Syntax, 7),
        ("{", Truncated, 6),
        ("{]", Syntax, 6),
        ("{,}", Syntax, 6),
        ("{a:1}}", Syntax, 6),
        (r#"{"a"}}"#, Syntax, 9),
        (r#"{"a" 1}}"#, Syntax, 10),
        (r#"{"a":}}"#, Syntax, 10),
        (r#"{"a":1,}}"#, Syntax, 12),
        (r#"{"a":1 "b":2}}"#, Syntax, 12),
        (r#"{"a":1,2}}"#, Syntax, 12),
        (r#"[{"a":1]}"#, Syntax, 12),
        (r#"{"a":[1}}"#, Syntax, 12),
        (r#"{"a":[1],2}}"#, Syntax, 14),
        (r#"[{"a":1},"b":2]}"#, Syntax, 17),
        ("[[],[{}],2", Truncated, 15),
        // What stands behind it.
        ("1 2}", Syntax, 7),
        ("1", Truncated, 6),
        ("1]", Syntax, 6),
        ("1,}", Syntax, 7),
        ("1}}", Trailing, 7),
    ] {
        check(behind, kind, at);
    }
}

/// The nearest place that the program reads: that of the value at fault, or of what is around it.
#[test]
fn the_nearest_place_is_named() {
    let columns = vec![place("id", TypeRow::Int)];
    let program = Sketch::new(vec![
        object("o", true, vec![place("i", TypeRow::Int)]),
        rows("r", TypeRow::Dyn, columns),
        place("x", TypeRow::Dyn),
    ])
    .program();
    let mut scratch = Scratch::for_program(&program);
    for (context, path) in [
        ("[]", ""),
        (r#"{"x":tru}"#, "/x"),
        (r#"{"x":[[tru]]}"#, "/x"),
        (r#"{"x":[{"a":tru}]}"#, "/x"),
        (r#"{"x":[{"a":1,"a":2}]}"#, "/x"),
        (r#"{"y":tru}"#, ""),
        (r#"{"x":1,"y":tru}"#, ""),
        (r#"{"x":1,}"#, ""),
        (r#"{"x":1,"x":2}"#, "/x"),
        (r#"{"y":1,"y":2}"#, ""),
        (r#"{"o":5}"#, "/o"),
        (r#"{"o":{"i":"5"}}"#, "/o/i"),
        (r#"{"o":{"i":5,"y":tru}}"#, "/o"),
        (r#"{"o":{"i":5 5}}"#, "/o"),
        (r#"{"r":5}"#, "/r"),
        (r#"{"r":[5]}"#, "/r"),
        (r#"{"r":[{"id":"5"}]}"#, "/r/id"),
        (r#"{"r":[{"y":tru}]}"#, "/r"),
        (r#"{"o":{},"r":[],"x":1"#, ""),
    ] {
        let filled = ingest(&program, context.as_bytes(), &mut scratch);
        let error = filled.error().expect("it is refused");
        assert_eq!(error.path(&program), path, "{context}");
    }
}

/// The reader tells bytes that are no text from control characters.
#[test]
fn a_string_ends_where_it_is_no_text() {
    for (bytes, kind, at) in [
        (&b"\"\xFF\""[..], NotUtf8, 1),
        (b"\"a\\n\x80\"", NotUtf8, 4),
        (b"\"a\\n\xC3\"", NotUtf8, 4),
        (b"\"\x1F\"", Control, 1),
        (b"\"\x00\"", Control, 1),
        (b"\"a", Truncated, 2),
        (b"a\"", Syntax, 0),
        (b"", Truncated, 0),
    ] {
        let mut reader = Reader::new(bytes);
        assert_eq!((reader.string().err(), reader.at), (Some(kind), at), "{bytes:?}");
    }
    let mut reader = Reader::new("\"\u{E9}\u{1F600}\"".as_bytes());
    assert!(reader.string().is_ok());
    assert!(reader.is_at_end());
}

#[test]
fn what_json_has_is_read() {
    for value in [
        r#""\"\\\/\b\f\n\r\t""#,
        r#""\u0000\ud7ff\ue000\uffff""#,
        r#""\ud800\udc00\udbff\udfff\uD83D\uDE00""#,
        r#"[{"a":[1]},{"b":{}}]"#,
        r#"{"a":[1,2],"b":{"c":[{}],"d":[]},"e":3}"#,
        "[[],[[1],2],{},[{\"a\":1}],3]",
        "[ true , false , null , -0.5e-1 , \"\" ]",
    ] {
        for key in ["x", "y"] {
            assert_eq!(refused(&format!("{{\"{key}\":{value}}}")), None, "{value}");
        }
    }
}

#[test]
fn a_context_holds_as_much_as_it_may() {
    // The context and the list are values, too.
    let most = CONTEXT_NODES_MAX - 2;
    for key in ["x", "y"] {
        for item in ["1", "[]", "\"a\"", "null", "1e1"] {
            let context = |count| format!("{{\"{key}\":[{}]}}", vec![item; count].join(","));
            assert_eq!(refused(&context(most)), None, "{key} {item}");
            let kind = refused(&context(most + 1)).map(|(kind, _)| kind);
            assert_eq!(kind, Some(TooManyValues), "{key} {item}");
        }
        let context = |bytes| format!("{{\"{key}\":\"{}\"}}", "a".repeat(bytes - 8));
        assert_eq!(refused(&context(CONTEXT_BYTES_MAX)), None);
        assert_eq!(refused(&context(CONTEXT_BYTES_MAX + 1)), Some((TooLarge, None)));
    }
}

/// What is said of bytes, whoever reads them, and what of contexts that a program does not take.
#[test]
fn kinds_are_told_apart() {
    for (kind, grammar, unreadable) in [
        (NotUtf8, true, true),
        (Truncated, true, true),
        (Syntax, true, true),
        (Control, true, true),
        (Escape, true, true),
        (Surrogate, true, true),
        (Trailing, true, true),
        (TooLarge, false, true),
        (TooDeep, false, true),
        (TooManyValues, false, true),
        (DuplicateKey, false, true),
        (ByteOrderMark, false, true),
        (NotAnObject, false, true),
        (Wire(WireFault::Tag), false, true),
        (TooMuchRead, false, false),
        (NumberRange, false, false),
        (NoMessage, false, false),
        (UnknownType, false, false),
        (WrongType(Expected::Int), false, false),
        (UnknownField, false, false),
        (MissingField, false, false),
        (Answered, false, false),
        (TooLong, false, false),
        (Needed(ProgramItem::Rule(0), Expected::There), false, false),
    ] {
        assert_eq!((kind.is_grammar(), kind.is_unreadable()), (grammar, unreadable), "{kind:?}");
        assert!(kind.to_string().len() > 12, "{kind:?}");
    }
}

#[test]
fn an_error_tells_its_byte_where_it_has_one() {
    let error = InputError { kind: Syntax, offset: Some(7), node: 0 };
    assert_eq!(error.to_string(), "this is not JSON (byte 7)");
    let error = InputError { kind: WrongType(Expected::Double), offset: None, node: 0 };
    assert_eq!(error.to_string(), "this is not a double");
}

/// A program that asks a session about the meters `calls` and `spent` and the limit `day`, and a
/// rule that reads the answers.
fn asking() -> Sketch {
    let below = |word, keys: &[&'static str]| {
        let keys = keys.iter().map(|key| place(key, TypeRow::Dyn)).collect();
        object(word, false, keys)
    };
    let questions = vec![
        below("count", &["calls", "none"]),
        below("labels", &["calls"]),
        below("other", &["calls"]),
        below("over", &["day", "spent"]),
        below("sum", &["spent"]),
    ];
    let mut sketch = Sketch::new(vec![object(ROOT, false, questions), below("x", &["calls"])]);
    for name in ["calls", "spent"] {
        let name = sketch.string(name);
        sketch.module.govern.meters.push(MeterRow {
            name,
            on: vec![],
            key: NONE,
            amount: NONE,
            count: 1,
            window: WindowRow::Session,
            keys_max: 1,
        });
    }
    let id = sketch.string("day");
    sketch.module.govern.limits.push(LimitRow { id, meter: 1, max: 0 });
    sketch.rule("reads", 0, crate::lang::decision::Effect::Deny);
    sketch
}

#[test]
fn what_a_session_could_not_measure_names_the_meter() {
    let program = asking().program();
    for (path, meter) in [
        ("/@session/count/calls", Some("calls")),
        ("/@session/sum/spent", Some("spent")),
        ("/@session/over/day", Some("spent")),
        ("/@session/over/spent", None),
        ("/@session/count/none", None),
        ("/@session/labels/calls", None),
        ("/@session/other/calls", None),
        ("/@session/count", None),
        ("/@session", None),
        ("/x/calls", None),
    ] {
        let node = program.paths.find(&program.text, path).expect("it is read");
        let kind = Needed(ProgramItem::Rule(0), Expected::Double);
        let told = InputError { kind, offset: None, node };
        let message = told.message(&program);
        let wanted = match meter {
            Some(meter) => format!("the amount of the meter `{meter}` could not be measured, "),
            None => format!("`{path}` is not a double, and `reads` reads it"),
        };
        assert!(message.starts_with(&wanted), "{path}: {message}");
        assert_eq!((told.path(&program).as_str(), told.reader(&program)), (path, Some("reads")));
    }
    let told = InputError { kind: Syntax, offset: Some(3), node: NONE };
    assert_eq!((told.path(&program).as_str(), told.reader(&program)), ("", None));
    assert_eq!(told.message(&program), "this is not JSON");
}

#[test]
fn only_a_session_answers() {
    let program = asking().program();
    let mut scratch = Scratch::for_program(&program);
    for (context, answers) in [
        ("{}", false),
        (r#"{"x":{"calls":1}}"#, false),
        (r#"{"@session":5}"#, true),
        (r#"{"@session":{}}"#, true),
        (r#"{"@session":{"count":{"calls":1}}}"#, true),
        (r#"{"\u0040session":{"sum":{}}}"#, true),
    ] {
        let filled = ingest(&program, context.as_bytes(), &mut scratch);
        let kind = filled.error().map(|error| error.kind);
        assert_eq!(kind, answers.then_some(Answered), "{context}");
        let filled = ingest_answered(&program, context.as_bytes(), &mut scratch);
        assert_eq!(filled.error(), None, "{context}");
    }
    assert_eq!(program.slot("/@session/count/calls"), None);
    assert!(program.slot("/x/calls").is_some() && program.answer("/x/calls").is_some());
}
