//! Members of maps, optionals and messages: what they hold, and whether they are there.

use crate::lang::constant::Constant;
use crate::lang::decision::Effect;
use crate::lang::error::EvalError::{self, *};
use crate::lang::opcodes::*;
use crate::lang::value::message::{Kind, Presence};
use crate::runtime::bundle::module::{
    EnumRow, FunctionKind, MessageFieldRow, MessageRow, NONE, TypeRow,
};
use crate::runtime::vm::tests::trees::RuleResult::{Fails, Fires, Silent};
use crate::runtime::vm::tests::trees::asked;
use crate::runtime::vm::tests::{Sketch, decide, op, place, text};

/// Slots of the places `x` and `y`, which are of any type.
const X: u16 = 0;
const Y: u16 = 2;

/// Messages, and the rows of their fields.
const M: u16 = 0;
const N: u16 = 1;
const M_COUNT: u16 = 0;
const M_NAME: u16 = 1;
const M_LIST: u16 = 2;
const N_NAME: u16 = 3;
const N_COUNT: u16 = 4;

/// Messages `M { int32 count = 1; string name = 2; repeated int64 list = 3; }`, of which the first
/// two are set if they were given, and `N { int32 name = 1; int32 count = 2; }`; the enum
/// `E { A = 0; B = 7; }`.
fn sketch() -> Sketch {
    let mut s = Sketch::new(vec![place("x", TypeRow::Dyn), place("y", TypeRow::Dyn)]);
    let [count, name, list] = ["count", "name", "list"].map(|it| s.string(it));
    let [first, second] = ["p.M", "p.N"].map(|it| s.string(it));
    let [of, zero, seven] = ["p.E", "A", "B"].map(|it| s.string(it));
    let ty = s.ty(TypeRow::Dyn);
    let mut field = |name, number, kind, presence| {
        let default = NONE;
        let row = MessageFieldRow { name, json: name, number, kind, presence, default, ty };
        s.module.fields.push(row);
    };
    field(count, 1, Kind::Int32, Presence::Explicit);
    field(name, 2, Kind::String, Presence::Explicit);
    field(list, 3, Kind::Int64, Presence::Repeated);
    field(name, 1, Kind::Int32, Presence::Implicit);
    field(count, 2, Kind::Int32, Presence::Implicit);
    s.module.messages = vec![
        MessageRow { name: first, first_field: 0, fields: 3 },
        MessageRow { name: second, first_field: 3, fields: 2 },
    ];
    s.module.enums = vec![EnumRow {
        name: of,
        values: vec![(zero, 0), (seven, 7)],
        closed: false,
        strong: true,
    }];
    s
}

fn run(mut s: Sketch, code: &[Instruction], json: &str) -> Result<bool, EvalError> {
    let function = s.function(FunctionKind::Condition, false, code);
    s.rule("r", function, Effect::Deny);
    decide(&s.program(), json, |decision| {
        assert_eq!(decision.input_error(), None, "{json}");
        match decision.failures() {
            [] => Ok(!decision.fired().is_empty()),
            [failure, ..] => Err(failure.class),
        }
    })
}

/// Whether a message of `kind` with these fields, of which each is `x` or `y`, does what `then`
/// says of register `r`, the message.
fn with(
    kind: u16,
    fields: &[(u16, u16)],
    json: &str,
    then: impl FnOnce(&mut Sketch, u16) -> Vec<Instruction>,
) -> Result<bool, EvalError> {
    let mut s = sketch();
    let r = s.register(0);
    let mut code = vec![op(Op::Build, 0, 0, 0)];
    code.extend(fields.iter().map(|(field, slot)| op(Op::PutField, *slot, 0, *field)));
    code.push(op(Op::EndMessage, kind, 0, r));
    code.extend(then(&mut s, r));
    run(s, &code, json)
}

/// Whether what an instruction reads of the message is this.
fn reads(
    kind: u16,
    fields: &[(u16, u16)],
    json: &str,
    read: (Op, Result<u16, &str>),
    wanted: Constant,
) -> Result<bool, EvalError> {
    with(kind, fields, json, |s, r| {
        let b = read.1.unwrap_or_else(|name| s.constant(text(name)));
        let wanted = s.constant(wanted);
        vec![op(read.0, r, b, r + 1), op(Op::EqualConst, r + 1, wanted, 0)]
    })
}

const fn int(value: i64) -> Constant {
    Constant::Int(value)
}

#[test]
fn fields_of_messages_are_read() {
    let json = r#"{"x":5,"y":"five"}"#;
    let both = &[(M_COUNT, X), (M_NAME, Y)][..];
    for (fields, read, wanted) in [
        (both, (Op::Field, Ok(M_COUNT)), int(5)),
        (both, (Op::Field, Ok(M_NAME)), text("five")),
        (both, (Op::Select, Err("count")), int(5)),
        (both, (Op::Select, Err("name")), text("five")),
        // A field of that name that another message has.
        (both, (Op::Field, Ok(N_COUNT)), int(5)),
        (both, (Op::Field, Ok(N_NAME)), text("five")),
        // What is not set has its default.
        (&[], (Op::Field, Ok(M_COUNT)), int(0)),
        (&[], (Op::Field, Ok(N_NAME)), text("")),
        (&[], (Op::Select, Err("name")), text("")),
        (&[], (Op::Field, Ok(M_LIST)), Constant::List(vec![])),
    ] {
        assert_eq!(reads(M, fields, json, read, wanted), Ok(true), "{fields:?} {read:?}");
    }
    // Of what is no message the key of that name is read.
    for (x, wanted) in [
        (r#"{"count":5}"#, Ok(true)),
        (r#"{"name":5}"#, Err(NoSuchKey)),
        ("5", Err(NoSuchKey)),
        ("0", Err(NoSuchKey)),
        ("true", Err(NoSuchKey)),
        ("null", Err(NoSuchKey)),
        ("[]", Err(NoSuchKey)),
        ("\"\"", Err(NoSuchKey)),
    ] {
        for field in [M_COUNT, N_COUNT] {
            let mut s = sketch();
            let (r, five) = (s.register(0), s.constant(int(5)));
            let code = [op(Op::Field, X, field, r), op(Op::EqualConst, r, five, 0)];
            assert_eq!(run(s, &code, &format!("{{\"x\":{x}}}")), wanted, "{x}");
        }
    }
    let missing = reads(M, both, json, (Op::Select, Err("other")), int(0));
    assert_eq!(missing, Err(NoSuchKey));
    assert_eq!(reads(N, &[], json, (Op::Field, Ok(M_LIST)), int(0)), Err(NoSuchKey));
}

/// Whether a field is set: of the message that has it, of another by its name, and of maps.
#[test]
fn fields_that_are_set() {
    let is_set = |kind, fields: &[_], json: &str, field| {
        with(kind, fields, json, |_, r| vec![op(Op::HasField, r, field, 0)])
    };
    let has_key = |kind, fields: &[_], json: &str, name: &str| {
        with(kind, fields, json, |s, r| vec![op(Op::HasKey, r, s.constant(text(name)), 0)])
    };
    let json = r#"{"x":0,"y":""}"#;
    for (kind, fields, field, name, set) in [
        (M, &[][..], M_COUNT, "count", false),
        (M, &[(M_COUNT, X)], M_COUNT, "count", true),
        (M, &[(M_COUNT, X)], M_NAME, "name", false),
        (M, &[(M_NAME, Y)], M_NAME, "name", true),
        (M, &[(M_NAME, Y)], M_LIST, "list", false),
        (M, &[(M_COUNT, X)], N_NAME, "name", false),
        (M, &[(M_COUNT, X)], N_COUNT, "count", true),
        (M, &[(M_NAME, Y)], N_NAME, "name", true),
        // Zero is as good as nothing where no one asks whether it was given.
        (N, &[(N_NAME, X)], N_NAME, "name", false),
    ] {
        assert_eq!(is_set(kind, fields, json, field), Ok(set), "{fields:?} {name} by its row");
        assert_eq!(has_key(kind, fields, json, name), Ok(set), "{fields:?} {name} by its name");
    }
    assert_eq!(is_set(N, &[], json, M_LIST), Err(NoSuchKey));
    assert_eq!(has_key(N, &[], json, "list"), Err(NoSuchKey));
    for (x, wanted) in [
        (r#"{"count":null}"#, Ok(true)),
        (r#"{"name":1}"#, Ok(false)),
        ("[]", Err(NoSuchOverload)),
        ("1", Err(NoSuchOverload)),
    ] {
        let json = format!("{{\"x\":{x}}}");
        assert_eq!(run(sketch(), &[op(Op::HasField, X, M_COUNT, 0)], &json), wanted, "{x}");
    }
    assert_eq!(run(sketch(), &[op(Op::HasField, X, M_COUNT, 0)], "{}"), Err(NoSuchKey));
}

#[test]
fn what_fields_take() {
    let list = "[1,2]";
    for (json, field, wanted) in [
        (r#"{"x":2147483647}"#, M_COUNT, Ok(true)),
        (r#"{"x":2147483648}"#, M_COUNT, Err(Overflow)),
        (r#"{"x":"a"}"#, M_COUNT, Err(NoSuchOverload)),
        ("{}", M_COUNT, Err(NoSuchKey)),
        (&format!("{{\"x\":{list}}}"), M_LIST, Ok(true)),
        (r#"{"x":[1,"a"]}"#, M_LIST, Err(NoSuchOverload)),
    ] {
        let found = with(M, &[(field, X)], json, |_, r| vec![op(Op::HasField, r, field, 0)]);
        assert_eq!(found, wanted, "{json}");
    }
    // An optional that is empty leaves a field as it is.
    for (json, set) in [(r#"{"x":{"k":3}}"#, true), (r#"{"x":{}}"#, false)] {
        let mut s = sketch();
        let (r, k) = (s.register(0), s.constant(text("k")));
        let code = [
            op(Op::LoadConst, 0, k, r),
            op(Op::IndexOptional, X, r, r + 1),
            op(Op::Build, 0, 0, 0),
            op(Op::PutField, r + 1, 0, M_COUNT).x(X_OPTIONAL),
            op(Op::EndMessage, M, 0, r + 2),
            op(Op::HasField, r + 2, M_COUNT, 0),
        ];
        assert_eq!(run(s, &code, json), Ok(set), "{json}");
    }
    let put = op(Op::PutField, X, 0, M_COUNT).x(X_OPTIONAL);
    let code = [op(Op::Build, 0, 0, 0), put, op(Op::EndMessage, M, 0, 7)];
    assert_eq!(run(sketch(), &code, r#"{"x":3}"#), Err(NoSuchOverload));
}

/// Messages that are built one inside of a list with another value before and behind it.
#[test]
fn messages_are_built_inside_of_lists() {
    let mut s = sketch();
    let r = s.register(0);
    let code = [
        op(Op::Build, 0, 0, 0),
        op(Op::Append, X, 0, 0),
        op(Op::Build, 0, 1, 0),
        op(Op::PutField, X, 1, M_COUNT),
        op(Op::PutField, Y, 1, M_NAME),
        op(Op::EndMessage, M, 1, r),
        op(Op::Append, r, 0, 0),
        op(Op::Append, Y, 0, 0),
        op(Op::EndList, 0, 0, r + 1),
        op(Op::Index, r + 1, X, r + 2),
        op(Op::Field, r + 2, M_NAME, r + 3),
        op(Op::Equal, r + 3, Y, 0),
    ];
    let three = s.constant(int(3));
    let mut sized = code.to_vec();
    sized.push(op(Op::CompareSize, r + 1, three, 0).x(X_EQUAL));
    assert_eq!(run(s, &sized, r#"{"x":1,"y":"b"}"#), Ok(true));
}

/// The enum value that has a number or a name.
#[test]
fn enum_values_of_numbers_and_names() {
    let same = |json: &str| {
        let s = sketch();
        let r = s.register(0);
        let code =
            [op(Op::ToEnum, X, 0, r), op(Op::ToEnum, Y, 0, r + 1), op(Op::Equal, r, r + 1, 0)];
        run(s, &code, json)
    };
    for (json, wanted) in [
        (r#"{"x":7,"y":"B"}"#, Ok(true)),
        (r#"{"x":0,"y":"A"}"#, Ok(true)),
        (r#"{"x":7,"y":"A"}"#, Ok(false)),
        (r#"{"x":8,"y":8}"#, Ok(true)),
        (r#"{"x":-2147483648,"y":0}"#, Ok(false)),
        (r#"{"x":2147483648,"y":0}"#, Err(Overflow)),
        (r#"{"x":-2147483649,"y":0}"#, Err(Overflow)),
        (r#"{"x":"C","y":0}"#, Err(BadConversion)),
        (r#"{"x":1.0,"y":0}"#, Err(NoSuchOverload)),
        (r#"{"x":true,"y":0}"#, Err(NoSuchOverload)),
        (r#"{"y":0}"#, Err(NoSuchKey)),
    ] {
        assert_eq!(same(json), wanted, "{json}");
    }
}

/// `x[?y]`, or with a name `x.?y`, compared with what an optional is of.
fn optional(field: Option<&str>, json: &str, wanted: Option<Constant>) -> Result<bool, EvalError> {
    let mut s = sketch();
    let (r, wanted) = (s.register(0), s.constant(Constant::Optional(wanted.map(Box::new))));
    let mut code = Vec::new();
    let (b, x) = match field {
        Some(name) => {
            code.push(op(Op::LoadConst, 0, s.constant(text(name)), r));
            (r, X_FIELD)
        }
        None => (Y, 0),
    };
    code.push(op(Op::IndexOptional, X, b, r + 1).x(x));
    code.push(op(Op::EqualConst, r + 1, wanted, 0));
    run(s, &code, json)
}

#[test]
fn members_that_may_be_missing() {
    for (json, field, wanted, found) in [
        (r#"{"x":{"k":1}}"#, Some("k"), Some(int(1)), Ok(true)),
        (r#"{"x":{"k":1}}"#, Some("j"), None, Ok(true)),
        (r#"{"x":1}"#, Some("k"), None, Err(NoSuchOverload)),
        ("{}", Some("k"), None, Err(NoSuchKey)),
        (r#"{"x":[4,5],"y":1}"#, None, Some(int(5)), Ok(true)),
        (r#"{"x":[4,5],"y":2}"#, None, None, Ok(true)),
        (r#"{"x":[4,5],"y":-1}"#, None, None, Ok(true)),
        (r#"{"x":[4,5],"y":"a"}"#, None, None, Err(NoSuchOverload)),
        (r#"{"x":[4,5]}"#, None, None, Err(NoSuchKey)),
        (r#"{"x":{"a":null},"y":"a"}"#, None, Some(Constant::Null), Ok(true)),
    ] {
        assert_eq!(optional(field, json, wanted), found, "{json} {field:?}");
    }
}

/// What an optional holds is looked into; an empty one stays empty, but for a key that is missing.
#[test]
fn members_of_optionals() {
    // x[?"k"], then what `kind` reads of it.
    let read = |kind: Op, x: u8, json: &str, wanted: Option<Constant>| {
        let mut s = sketch();
        let [outer, inner] = ["k", "m"].map(|it| s.constant(text(it)));
        let wanted = s.constant(Constant::Optional(wanted.map(Box::new)));
        let r = s.register(0);
        let b = if kind == Op::Select { inner } else { Y };
        let code = [
            op(Op::LoadConst, 0, outer, r),
            op(Op::IndexOptional, X, r, r + 1),
            op(kind, r + 1, b, r + 2).x(x),
            op(Op::EqualConst, r + 2, wanted, 0),
        ];
        run(s, &code, json)
    };
    for (kind, x) in
        [(Op::Select, 0), (Op::Index, 0), (Op::IndexOptional, 0), (Op::IndexOptional, X_FIELD)]
    {
        for (json, wanted) in [
            (r#"{"x":{"k":{"m":3}},"y":"m"}"#, Some(int(3))),
            (r#"{"x":{"k":{"n":3}},"y":"m"}"#, None),
            (r#"{"x":{"n":3},"y":"m"}"#, None),
        ] {
            assert_eq!(read(kind, x, json, wanted), Ok(true), "{kind:?} {json}");
        }
        let odd = read(kind, x, r#"{"x":{"k":1},"y":"m"}"#, None);
        assert_eq!(odd, Err(NoSuchOverload), "{kind:?}");
        if kind != Op::Select {
            assert_eq!(read(kind, x, r#"{"x":{}}"#, None), Err(NoSuchKey), "{kind:?}");
        }
    }
    // Whether it has a key.
    let has = |json: &str| {
        let mut s = sketch();
        let [k, m] = ["k", "m"].map(|it| s.constant(text(it)));
        let r = s.register(0);
        let code = [
            op(Op::LoadConst, 0, k, r),
            op(Op::IndexOptional, X, r, r + 1),
            op(Op::HasKey, r + 1, m, 0),
        ];
        run(s, &code, json)
    };
    assert_eq!(has(r#"{"x":{"k":{"m":3}}}"#), Ok(true));
    assert_eq!(has(r#"{"x":{"k":{"n":3}}}"#), Ok(false));
    assert_eq!(has(r#"{"x":{}}"#), Ok(false));
    assert_eq!(has(r#"{"x":{"k":[]}}"#), Err(NoSuchOverload));
}

/// `M{..}.?field`: only what is set.
#[test]
fn fields_that_may_not_be_set() {
    let json = r#"{"x":5,"y":"count"}"#;
    let read = |fields: &[_], name: &str, wanted: Option<Constant>| {
        with(M, fields, json, |s, r| {
            let [name, wanted] = [text(name), Constant::Optional(wanted.map(Box::new))]
                .map(|constant| s.constant(constant));
            vec![
                op(Op::LoadConst, 0, name, r + 1),
                op(Op::IndexOptional, r, r + 1, r + 2).x(X_FIELD),
                op(Op::EqualConst, r + 2, wanted, 0),
            ]
        })
    };
    assert_eq!(read(&[(M_COUNT, X)], "count", Some(int(5))), Ok(true));
    assert_eq!(read(&[(M_COUNT, X)], "name", None), Ok(true));
    assert_eq!(read(&[], "count", None), Ok(true));
    assert_eq!(read(&[], "other", None), Err(NoSuchKey));
    // A message has no keys.
    let index = with(M, &[(M_COUNT, X)], json, |_, r| vec![op(Op::Index, r, Y, r + 1)]);
    assert_eq!(index, Err(NoSuchOverload));
    let index = with(M, &[(M_COUNT, X)], json, |_, r| vec![op(Op::IndexOptional, r, Y, r + 1)]);
    assert_eq!(index, Err(NoSuchOverload));
}

/// A field of a message of the context is known before rules are run.
#[test]
fn fields_of_the_context_are_terms() {
    let mut s = sketch();
    s.module.types[usize::from(s.module.paths[1].ty)] = TypeRow::Message(M);
    let (r, five) = (s.register(0), s.constant(int(5)));
    let code = [op(Op::Field, X, M_COUNT, r), op(Op::EqualConst, r, five, 0)];
    let function = s.function(FunctionKind::Condition, false, &code);
    s.rule("r", function, Effect::Deny);
    asked(
        s,
        &[
            (r#"{"x":{"count":5}}"#, Fires(Effect::Deny), true),
            (r#"{"x":{"count":6}}"#, Silent, true),
            (r#"{"x":{}}"#, Silent, true),
            ("{}", Fails, false),
        ],
    );
}
