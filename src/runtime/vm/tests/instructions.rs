//! Every instruction, on all of its edges.

use crate::lang::constant::Constant;
use crate::lang::decision::Effect;
use crate::lang::error::EvalError::{self, *};
use crate::lang::functions::{self, Style};
use crate::lang::opcodes::*;
use crate::runtime::bundle::module::{FunctionKind, HostRow, Pattern, TypeRow};
use crate::runtime::vm::hosts::{HostEntry, HostTable};
use crate::runtime::vm::observe::{AtomState, Witness};
use crate::runtime::vm::request::{Moment, ingest};
use crate::runtime::vm::scratch::Scratch;
use crate::runtime::vm::tests::{Sketch, decide, op, place, text};

/// Slots of the places `x`, `y` and `z`, which are of any type.
const X: u16 = 0;
const Y: u16 = 2;
const Z: u16 = 4;

pub(crate) fn sketch() -> Sketch {
    Sketch::new(vec![place("x", TypeRow::Dyn), place("y", TypeRow::Dyn), place("z", TypeRow::Dyn)])
}

/// How a condition comes out on a context.
fn condition(mut sketch: Sketch, code: &[Instruction], json: &str) -> Result<bool, EvalError> {
    let function = sketch.function(FunctionKind::Condition, false, code);
    sketch.rule("r", function, Effect::Deny);
    let program = sketch.program();
    decide(&program, json, |decision| {
        assert_eq!(decision.input_error(), None, "{json}");
        match decision.failures() {
            [] => Ok(!decision.fired().is_empty()),
            [failure, ..] => Err(failure.class),
        }
    })
}

/// How one branch on `x`, `y` and a constant comes out.
fn branch(kind: Op, x: u8, k: Option<Constant>, json: &str) -> Result<bool, EvalError> {
    let mut sketch = sketch();
    let b = k.map_or(Y, |k| sketch.constant(k));
    condition(sketch, &[op(kind, X, b, 0).x(x)], json)
}

/// The value that a `Value` instruction on `x` and `y` writes, compared with a constant.
fn gives(kind: Op, json: &str, want: Constant) -> Result<bool, EvalError> {
    let mut sketch = sketch();
    let (k, r) = (sketch.constant(want), sketch.register(0));
    condition(sketch, &[op(kind, X, Y, r), op(Op::EqualConst, r, k, 0)], json)
}

const fn int(value: i64) -> Constant {
    Constant::Int(value)
}

#[test]
fn comparisons() {
    let less = X_LESS;
    let at_least = X_EQUAL | X_GREATER;
    let table = [
        (Op::CompareInt, less, Some(int(5)), r#"{"x":4}"#, Ok(true)),
        (Op::CompareInt, less, Some(int(5)), r#"{"x":5}"#, Ok(false)),
        (Op::CompareInt, at_least, Some(int(5)), r#"{"x":5}"#, Ok(true)),
        (Op::CompareInt, less | X_INVERT, Some(int(5)), r#"{"x":4}"#, Ok(false)),
        (Op::CompareInt, less, Some(int(5)), r#"{"x":4.5}"#, Ok(true)),
        (Op::CompareInt, less, Some(int(5)), r#"{"x":18446744073709551615}"#, Ok(false)),
        (Op::CompareInt, less, Some(int(5)), r#"{"x":"4"}"#, Err(NoSuchOverload)),
        (Op::CompareInt, less, Some(int(5)), "{}", Err(NoSuchKey)),
        (Op::CompareUint, less, Some(Constant::Uint(5)), r#"{"x":4}"#, Ok(true)),
        (
            Op::CompareUint,
            less,
            Some(Constant::Uint(u64::MAX)),
            r#"{"x":18446744073709551614}"#,
            Ok(true),
        ),
        (Op::CompareDouble, less, Some(Constant::Double(0.5)), r#"{"x":0.25}"#, Ok(true)),
        (Op::CompareDouble, less, Some(Constant::Double(0.5)), r#"{"x":1}"#, Ok(false)),
        (Op::CompareDouble, less, Some(Constant::Double(f64::NAN)), r#"{"x":0.25}"#, Ok(false)),
        (
            Op::CompareDouble,
            less | X_INVERT,
            Some(Constant::Double(f64::NAN)),
            r#"{"x":0.25}"#,
            Ok(true),
        ),
        (Op::CompareOther, less, Some(text("b")), r#"{"x":"a"}"#, Ok(true)),
        (Op::CompareOther, less, Some(text("b")), r#"{"x":1}"#, Err(NoSuchOverload)),
        (Op::CompareOther, less, Some(Constant::Bool(true)), r#"{"x":false}"#, Ok(true)),
        (Op::Compare, less, None, r#"{"x":1,"y":2}"#, Ok(true)),
        (Op::Compare, less, None, r#"{"x":"a","y":"b"}"#, Ok(true)),
        (Op::Compare, less, None, r#"{"x":1,"y":"b"}"#, Err(NoSuchOverload)),
        (Op::Compare, less, None, r#"{"x":1}"#, Err(NoSuchKey)),
        (Op::EqualString, 0, Some(text("production")), r#"{"x":"production"}"#, Ok(true)),
        (Op::EqualString, 0, Some(text("production")), r#"{"x":"prodUction"}"#, Ok(false)),
        (Op::EqualString, 0, Some(text("dev")), r#"{"x":"dev"}"#, Ok(true)),
        (Op::EqualString, X_INVERT, Some(text("dev")), r#"{"x":7}"#, Ok(true)),
        (Op::EqualString, 0, Some(text("dev")), r#"{"y":7}"#, Err(NoSuchKey)),
        (Op::EqualConst, 0, Some(Constant::Null), r#"{"x":null}"#, Ok(true)),
        (Op::EqualConst, 0, Some(int(1)), r#"{"x":1.0}"#, Ok(true)),
        (Op::EqualConst, 0, Some(int(1)), r#"{"x":"1"}"#, Ok(false)),
        (Op::EqualConst, 0, Some(int(1)), "{}", Err(NoSuchKey)),
        (Op::Equal, 0, None, r#"{"x":[1,{"a":2}],"y":[1,{"a":2.0}]}"#, Ok(true)),
        (Op::Equal, 0, None, r#"{"x":"long enough text","y":"long enough texT"}"#, Ok(false)),
        (Op::Equal, 0, None, r#"{"x":1}"#, Err(NoSuchKey)),
        (Op::In, 0, None, r#"{"x":1,"y":[2,1.0]}"#, Ok(true)),
        (Op::In, 0, None, r#"{"x":"a","y":{"a":1}}"#, Ok(true)),
        (Op::In, 0, None, r#"{"x":"b","y":{"a":1}}"#, Ok(false)),
        (Op::In, 0, None, r#"{"x":"b","y":3}"#, Err(NoSuchOverload)),
        (Op::In, 0, None, r#"{"y":[]}"#, Err(NoSuchKey)),
        (Op::Holds, 0, Some(int(3)), r#"{"x":[1,3]}"#, Ok(true)),
        (Op::Holds, 0, Some(text("k")), r#"{"x":{"k":null}}"#, Ok(true)),
        (Op::Holds, 0, Some(int(3)), r#"{"x":3}"#, Err(NoSuchOverload)),
    ];
    for (kind, x, k, json, want) in table {
        assert_eq!(branch(kind, x, k, json), want, "{kind:?} {x} {json}");
    }
}

#[test]
fn texts_sizes_and_presence() {
    let table = [
        (Op::StartsWith, 0, Some(text("svc/")), r#"{"x":"svc/a"}"#, Ok(true)),
        (Op::StartsWith, 0, Some(text("svc/")), r#"{"x":1}"#, Err(NoSuchOverload)),
        (Op::StartsWith, 0, Some(text("svc/")), "{}", Err(NoSuchKey)),
        (Op::EndsWith, 0, Some(text("é")), r#"{"x":"caf\u00e9"}"#, Ok(true)),
        (Op::Contains, 0, Some(text("b")), r#"{"x":"abc"}"#, Ok(true)),
        (Op::Contains, 0, Some(text("d")), r#"{"x":"abc"}"#, Ok(false)),
        (Op::CompareSize, X_EQUAL, Some(int(2)), r#"{"x":"éé"}"#, Ok(true)),
        (Op::CompareSize, X_GREATER, Some(int(1)), r#"{"x":[1,2]}"#, Ok(true)),
        (Op::CompareSize, X_EQUAL, Some(int(1)), r#"{"x":{"a":1}}"#, Ok(true)),
        (Op::CompareSize, X_EQUAL, Some(int(1)), r#"{"x":1}"#, Err(NoSuchOverload)),
        (Op::Flag, 0, None, r#"{"x":true}"#, Ok(true)),
        (Op::Flag, X_INVERT, None, r#"{"x":true}"#, Ok(false)),
        (Op::Flag, 0, None, r#"{"x":1}"#, Err(NoSuchOverload)),
        (Op::Has, 0, None, r#"{"x":null}"#, Ok(true)),
        (Op::Has, 0, None, "{}", Ok(false)),
        (Op::Has, X_LEVEL, None, r#"{"x":{}}"#, Ok(true)),
        (Op::Has, X_LEVEL, None, "{}", Err(NoSuchKey)),
        (Op::Has, X_LEVEL, None, r#"{"x":1}"#, Err(NoSuchOverload)),
        (Op::HasKey, 0, Some(text("k")), r#"{"x":{"k":1}}"#, Ok(true)),
        (Op::HasKey, 0, Some(text("k")), r#"{"x":{"j":1}}"#, Ok(false)),
        (Op::HasKey, 0, Some(text("k")), r#"{"x":1}"#, Err(NoSuchOverload)),
        (Op::HasKey, 0, Some(text("k")), "{}", Err(NoSuchKey)),
    ];
    for (kind, x, k, json, want) in table {
        let k = k.or(Some(Constant::Null));
        assert_eq!(branch(kind, x, k, json), want, "{kind:?} {x} {json}");
    }
}

#[test]
fn sets_of_any_size_and_kind() {
    let check = |members: Vec<Constant>, json: &str, want| {
        let mut sketch = sketch();
        let set = sketch.set(members);
        assert_eq!(condition(sketch, &[op(Op::InSet, X, set, 0)], json), want, "{json}");
    };
    let few = || vec![text("dev"), text("staging"), text("production")];
    check(few(), r#"{"x":"staging"}"#, Ok(true));
    check(few(), r#"{"x":"stagIng"}"#, Ok(false));
    check(few(), r#"{"x":3}"#, Ok(false));
    check(few(), "{}", Err(NoSuchKey));
    let many = || {
        let strings = (0..50).map(|n| text(&format!("tool_{n}")));
        let numbers = [Constant::Int(3), Constant::Double(4.5), Constant::Uint(u64::MAX)];
        let others = [Constant::Bool(true), Constant::Null, Constant::Duration(9)];
        strings.chain(numbers).chain(others).collect::<Vec<_>>()
    };
    for member in [r#""tool_0""#, r#""tool_49""#, "3", "3.0", "4.5", "true", "null"] {
        check(many(), &format!("{{\"x\":{member}}}"), Ok(true));
    }
    check(many(), r#"{"x":18446744073709551615}"#, Ok(true));
    for other in [r#""tool_50""#, r#""""#, "4", "-3", "false", "[]", "1e300"] {
        check(many(), &format!("{{\"x\":{other}}}"), Ok(false));
    }
}

#[test]
fn patterns() {
    let search = |pattern: &str, dense: bool, json: &str| {
        let mut sketch = sketch();
        let row = sketch.string(pattern);
        let made = crate::lang::pattern::compile(pattern).unwrap();
        let automaton = made.to_bytes().filter(|_| dense).unwrap_or_default();
        sketch.module.patterns.push(Pattern { text: row, automaton });
        condition(sketch, &[op(Op::Matches, X, 0, 0)], json)
    };
    for dense in [true, false] {
        assert_eq!(search("^a+b$", dense, r#"{"x":"aaab"}"#), Ok(true));
        assert_eq!(search("^a+b$", dense, r#"{"x":"aaac"}"#), Ok(false));
        assert_eq!(search("^a+b$", dense, r#"{"x":1}"#), Err(NoSuchOverload));
        assert_eq!(search("^a+b$", dense, "{}"), Err(NoSuchKey));
    }
}

#[test]
fn values() {
    let table = [
        (Op::Add, r#"{"x":1,"y":2}"#, Constant::Int(3), Ok(true)),
        (Op::Add, r#"{"x":"a","y":"b"}"#, text("ab"), Ok(true)),
        (Op::Add, r#"{"x":9223372036854775807,"y":1}"#, Constant::Null, Err(Overflow)),
        (Op::Add, r#"{"x":1,"y":1.5}"#, Constant::Null, Err(NoSuchOverload)),
        (Op::Add, r#"{"x":1}"#, Constant::Null, Err(NoSuchKey)),
        (Op::Subtract, r#"{"x":1,"y":2}"#, Constant::Int(-1), Ok(true)),
        (Op::Multiply, r#"{"x":3,"y":2}"#, Constant::Int(6), Ok(true)),
        (Op::Divide, r#"{"x":7,"y":2}"#, Constant::Int(3), Ok(true)),
        (Op::Divide, r#"{"x":7,"y":0}"#, Constant::Null, Err(DivideByZero)),
        (Op::Modulo, r#"{"x":-7,"y":2}"#, Constant::Int(-1), Ok(true)),
        (Op::Negate, r#"{"x":7}"#, Constant::Int(-7), Ok(true)),
        (Op::Negate, "{}", Constant::Null, Err(NoSuchKey)),
        (Op::Size, r#"{"x":"abc"}"#, Constant::Int(3), Ok(true)),
        (Op::Size, r#"{"x":3}"#, Constant::Null, Err(NoSuchOverload)),
        (Op::Move, r#"{"x":3}"#, Constant::Int(3), Ok(true)),
        (Op::Move, "{}", Constant::Null, Err(NoSuchKey)),
        (Op::Index, r#"{"x":[1,2],"y":1}"#, Constant::Int(2), Ok(true)),
        (Op::Index, r#"{"x":[1,2],"y":1.0}"#, Constant::Int(2), Ok(true)),
        (Op::Index, r#"{"x":[1,2],"y":2}"#, Constant::Null, Err(OutOfRange)),
        (Op::Index, r#"{"x":[1,2],"y":-1}"#, Constant::Null, Err(OutOfRange)),
        (Op::Index, r#"{"x":{"a":5},"y":"a"}"#, Constant::Int(5), Ok(true)),
        (Op::Index, r#"{"x":{"a":5},"y":"b"}"#, Constant::Null, Err(NoSuchKey)),
        (Op::Index, r#"{"x":5,"y":"b"}"#, Constant::Null, Err(NoSuchKey)),
        (Op::Index, r#"{"x":5,"y":1}"#, Constant::Null, Err(NoSuchOverload)),
        (Op::Index, r#"{"x":[1],"y":"b"}"#, Constant::Null, Err(NoSuchKey)),
        (Op::Index, r#"{"x":5}"#, Constant::Null, Err(NoSuchKey)),
        (Op::IndexOptional, r#"{"x":{"a":5},"y":"b"}"#, Constant::Optional(None), Ok(true)),
        (
            Op::IndexOptional,
            r#"{"x":[4],"y":0}"#,
            Constant::Optional(Some(Box::new(Constant::Int(4)))),
            Ok(true),
        ),
        (Op::IndexOptional, r#"{"x":5,"y":0}"#, Constant::Null, Err(NoSuchOverload)),
    ];
    for (kind, json, want, outcome) in table {
        assert_eq!(gives(kind, json, want), outcome, "{kind:?} {json}");
    }
}

/// An operand that failed is told as it failed.
#[test]
fn members_of_what_failed() {
    for class in [NoSuchOverload, Zone] {
        for kind in [Op::Index, Op::Select, Op::IndexOptional] {
            let mut s = sketch();
            let (r, k) = (s.register(0), s.constant(text("k")));
            let code = [
                op(Op::Fail, 0, class as u16, 0).to(0, 1),
                op(Op::Catch, 0, 0, r),
                op(kind, r, if kind == Op::Select { k } else { Y }, r + 1),
            ];
            assert_eq!(condition(s, &code, r#"{"y":"k"}"#), Err(class), "{kind:?}");
        }
    }
}

#[test]
fn fields_and_optionals() {
    let mut s = sketch();
    let (key, other) = (s.constant(text("k")), s.constant(Constant::Int(4)));
    let r = s.register(0);
    let code = [op(Op::Select, X, key, r), op(Op::EqualConst, r, other, 0)];
    assert_eq!(condition(s, &code, r#"{"x":{"k":4}}"#), Ok(true));

    let run = |json: &str| {
        let mut s = sketch();
        let key = s.constant(text("k"));
        let r = s.register(0);
        let code = [
            op(Op::IndexOptional, X, Y, r),
            op(Op::Select, r, key, r + 1),
            op(Op::HasValue, r + 1, 0, 0),
        ];
        condition(s, &code, json)
    };
    assert_eq!(run(r#"{"x":{"a":{"k":1}},"y":"a"}"#), Ok(true));
    assert_eq!(run(r#"{"x":{"a":{"j":1}},"y":"a"}"#), Ok(false));
    assert_eq!(run(r#"{"x":{},"y":"a"}"#), Ok(false));
    assert_eq!(branch(Op::HasValue, 0, Some(int(0)), r#"{"x":1}"#), Err(NoSuchOverload));
}

#[test]
fn calls_of_builtins() {
    let row = |id: &str| functions::all().find(|row| row.id == id).unwrap();
    let run = |code: fn(&mut Sketch, u16) -> Vec<Instruction>, json: &str| {
        let mut s = sketch();
        let r = s.register(0);
        let code = code(&mut s, r);
        condition(s, &code, json)
    };
    let starts = |s: &mut Sketch, r: u16| {
        let row = functions::all().find(|row| row.id == "starts_with_string").unwrap();
        let yes = s.constant(Constant::Bool(true));
        vec![
            op(Op::Move, X, 0, r),
            op(Op::Move, Y, 0, r + 1),
            op(Op::Call, r, row.number, r + 2),
            op(Op::EqualConst, r + 2, yes, 0),
        ]
    };
    assert_eq!(row("starts_with_string").params.len(), 2);
    assert_eq!(run(starts, r#"{"x":"abc","y":"ab"}"#), Ok(true));
    assert_eq!(run(starts, r#"{"x":"abc","y":"b"}"#), Ok(false));
    assert_eq!(run(starts, r#"{"x":"abc","y":1}"#), Err(NoSuchOverload));
    let size = |s: &mut Sketch, r: u16| {
        let rows = functions::named("size", Style::Global).map(|row| row.number).collect();
        s.module.dispatch.push(rows);
        let two = s.constant(Constant::Int(2));
        let code = [op(Op::Move, X, 0, r), op(Op::CallAny, r, 0, r + 1)];
        code.into_iter().chain([op(Op::EqualConst, r + 1, two, 0)]).collect()
    };
    assert_eq!(run(size, r#"{"x":[1,2]}"#), Ok(true));
    assert_eq!(run(size, r#"{"x":"abc"}"#), Ok(false));
    assert_eq!(run(size, r#"{"x":5}"#), Err(NoSuchOverload));
}

#[test]
fn errors_are_absorbed_and_the_leftmost_is_reported() {
    // `1 / x == 1 && y`, then cold `y`; `y` false absorbs.
    let and = |json: &str| {
        let mut s = sketch();
        let one = s.constant(Constant::Int(1));
        let r = s.register(0);
        let code = [
            op(Op::LoadConst, 0, one, r),
            op(Op::Divide, r, X, r + 1).to(EXIT_FALSE, 4),
            op(Op::EqualConst, r + 1, one, 0).to(EXIT_FALSE, 4),
            op(Op::Flag, Y, 0, 0).to(EXIT_FALSE, EXIT_ERROR),
            // The straight line ends before the cold copy.
            op(Op::Flag, Y, 0, 0).x(X_COLD).to(EXIT_FALSE, EXIT_ERROR),
            op(Op::Fail, 0, Zone as u16, 0).x(X_COLD).to(0, EXIT_ERROR),
        ];
        // T of the last hot instruction leaves the function.
        let mut code = code.to_vec();
        code.insert(4, op(Op::Jump, 0, 0, 0).to(EXIT_TRUE, 0));
        for ins in &mut code {
            if ins.e == 4 {
                ins.e = 5;
            }
        }
        condition(s, &code, json)
    };
    assert_eq!(and(r#"{"x":1,"y":true}"#), Ok(true));
    assert_eq!(and(r#"{"x":0,"y":false}"#), Ok(false));
    assert_eq!(and(r#"{"x":0,"y":true}"#), Err(DivideByZero));
    assert_eq!(and(r#"{"x":0}"#), Err(DivideByZero));
    assert_eq!(and(r#"{"x":1}"#), Err(NoSuchKey));
}

#[test]
fn control() {
    let s = sketch();
    let fail = [op(Op::Fail, 0, Zone as u16, 0)];
    assert_eq!(condition(s, &fail, "{}"), Err(Zone));
    let mut s = sketch();
    let r = s.register(0);
    let k = s.constant(Constant::Int(0));
    // A binding keeps its error for who reads it.
    let catch = [
        op(Op::Divide, X, Y, r).to(0, 2),
        op(Op::Jump, 0, 0, 0).to(3, 0),
        op(Op::Catch, 0, 0, r),
        op(Op::EqualConst, r, k, 0),
    ];
    assert_eq!(condition(s, &catch, r#"{"x":1,"y":0}"#), Err(DivideByZero));
    // What is not there is an error, never a panic.
    for kind in Op::ALL {
        let s = sketch();
        let wild = [op(*kind, u16::MAX - 9, u16::MAX - 9, u16::MAX - 9)];
        let ends = matches!(kind, Op::Jump | Op::Decide);
        assert_eq!(condition(s, &wild, "{}").is_err(), !ends, "{kind:?}");
    }
}

#[test]
fn functions_memos_and_depth() {
    let mut s = sketch();
    let value_ty = s.ty(TypeRow::Int);
    let r = s.register(0);
    let double = [op(Op::Add, X, X, r), op(Op::Return, r, 0, 0)];
    let double = s.function(FunctionKind::Value(value_ty), true, &double);
    let big = s.constant(Constant::Int(10));
    let r = s.register(0);
    let twice = [
        op(Op::Need, double, 0, r),
        op(Op::Need, double, 0, r + 1),
        op(Op::Equal, r, r + 1, 0),
        op(Op::CompareInt, r, big, 0).x(X_GREATER),
    ];
    let test = s.function(FunctionKind::Condition, true, &twice);
    let code = [op(Op::Test, test, 0, 0), op(Op::Test, test, 0, 0)];
    let function = s.function(FunctionKind::Condition, false, &code);
    s.rule("r", function, Effect::Deny);
    let program = s.program();
    let mut scratch = Scratch::for_program(&program);
    for (json, want) in [
        (r#"{"x":6}"#, Ok(true)),
        (r#"{"x":5}"#, Ok(false)),
        (r#"{"x":9223372036854775807}"#, Err(Overflow)),
        ("{}", Err(NoSuchKey)),
    ] {
        let mut filled = ingest(&program, json.as_bytes(), &mut scratch);
        let decision = filled.decide(&Moment::at(0, 0));
        let failed = decision.failures().first().map(|failure| failure.class);
        let got = failed.map_or_else(|| Ok(!decision.fired().is_empty()), Err);
        assert_eq!(got, want, "{json}");
    }
}

#[test]
fn host_functions() {
    let mut s = sketch();
    let (ty, name) = (s.ty(TypeRow::Double), s.string("score"));
    s.module.hosts.push(HostRow {
        name,
        params: vec![ty],
        result: ty,
        is_async: false,
        timeout_ns: None,
    });
    let half = s.constant(Constant::Double(0.5));
    let r = s.register(0);
    let code = [
        op(Op::Move, X, 0, r),
        op(Op::CallHost, r, 0, r + 1),
        op(Op::CompareDouble, r + 1, half, 0).x(X_GREATER),
    ];
    let function = s.function(FunctionKind::Condition, false, &code);
    s.rule("r", function, Effect::Deny);
    let program = s.program();
    let entry = |arguments: &str, result: &str| HostEntry {
        name: "score".to_owned(),
        arguments: HostTable::digest(arguments),
        result: result.to_owned(),
    };
    let table = HostTable::new(vec![
        entry("[\"a\"]", "1"),
        entry("[\"b\"]", "0.25"),
        entry("[\"c\"]", "["),
    ]);
    let mut scratch = Scratch::for_program(&program);
    for (x, want) in
        [("a", Ok(true)), ("b", Ok(false)), ("c", Err(BadConversion)), ("d", Err(Pending))]
    {
        let json = format!("{{\"x\":\"{x}\"}}");
        let mut filled = ingest(&program, json.as_bytes(), &mut scratch);
        let decision = filled.decide(&Moment { hosts: Some(&table), ..Moment::at(0, 0) });
        let failed = decision.failures().first().map(|failure| failure.class);
        let got = failed.map_or_else(|| Ok(!decision.fired().is_empty()), Err);
        assert_eq!(got, want, "{x}");
    }
}

#[test]
fn loops_that_ask() {
    // `x.exists(e, 1 / e == 1)`
    let exists = |json: &str| {
        let mut s = sketch();
        let one = s.constant(Constant::Int(1));
        let r = s.register(0);
        let code = [
            op(Op::LoadConst, 0, one, r + 2),
            op(Op::Iter, X, 0, r),
            op(Op::Divide, r + 2, r, r + 1).to(0, 5),
            op(Op::EqualConst, r + 1, one, 0).to(6, 5),
            op(Op::Jump, 0, 0, 0).to(EXIT_TRUE, 0),
            op(Op::Pend, 0, 0, 0),
            op(Op::Next, 0, 0, r).to(2, EXIT_ERROR),
            op(Op::LoopEnd, 0, 0, 0),
        ];
        condition(s, &code, json)
    };
    assert_eq!(exists(r#"{"x":[]}"#), Ok(false));
    assert_eq!(exists(r#"{"x":[2,1]}"#), Ok(true));
    assert_eq!(exists(r#"{"x":[2,3]}"#), Ok(false));
    assert_eq!(exists(r#"{"x":[0,1]}"#), Ok(true));
    assert_eq!(exists(r#"{"x":["a",0,2]}"#), Err(NoSuchOverload));
    assert_eq!(exists(r#"{"x":[0,"a"]}"#), Err(DivideByZero));
    assert_eq!(exists(r#"{"x":1}"#), Err(NoSuchOverload));
    assert_eq!(exists("{}"), Err(NoSuchKey));
}

#[test]
fn loops_that_count_and_build() {
    // `x.filter(e, e > 2)` in `r + 1`, `x.exists_one`-like count in `r + 2`.
    let mut s = sketch();
    let two = s.constant(Constant::Int(2));
    let r = s.register(0);
    let code = [
        op(Op::Build, 0, 1, 0),
        op(Op::Iter, X, 0, r).to(5, EXIT_ERROR),
        op(Op::CompareInt, r, two, 0).x(X_GREATER).to(4, EXIT_ERROR),
        op(Op::Append, r, 1, 0),
        op(Op::Next, 0, 0, r).to(2, EXIT_ERROR),
        op(Op::EndList, 0, 1, r + 1),
        op(Op::Equal, r + 1, Y, 0),
    ];
    let json = r#"{"x":[1,5,2,7],"y":[5,7]}"#;
    assert_eq!(condition(s, &code, json), Ok(true));

    let count = |json: &str| {
        let mut s = sketch();
        let two = s.constant(Constant::Int(2));
        let r = s.register(0);
        let code = [
            op(Op::Iter, X, 0, r).x(X_PAIRS).to(4, EXIT_ERROR),
            op(Op::CompareInt, r + 1, two, 0).x(X_GREATER).to(3, EXIT_ERROR),
            op(Op::Count, 0, 0, 0),
            op(Op::Next, 0, 0, r).x(X_PAIRS).to(1, EXIT_ERROR),
            op(Op::Counted, 0, 0, r + 3),
            op(Op::Equal, r + 3, Y, 0),
        ];
        condition(s, &code, json)
    };
    assert_eq!(count(r#"{"x":[1,5,2,7],"y":2}"#), Ok(true));
    assert_eq!(count(r#"{"x":{"a":3,"b":1},"y":1}"#), Ok(true));
    assert_eq!(count(r#"{"x":[],"y":0}"#), Ok(true));
}

#[test]
fn maps_that_are_built() {
    // `{x: 1, y: 2}[z]`
    let run = |json: &str| {
        let mut s = sketch();
        let (one, two) = (s.constant(Constant::Int(1)), s.constant(Constant::Int(2)));
        let r = s.register(0);
        let code = [
            op(Op::Build, 0, 0, 0),
            op(Op::LoadConst, 0, one, r),
            op(Op::Put, X, 0, r),
            op(Op::LoadConst, 0, two, r),
            op(Op::Put, Y, 0, r),
            op(Op::EndMap, 0, 0, r + 1),
            op(Op::Index, r + 1, Z, r + 2),
            op(Op::EqualConst, r + 2, two, 0),
        ];
        condition(s, &code, json)
    };
    assert_eq!(run(r#"{"x":"b","y":"a","z":"a"}"#), Ok(true));
    assert_eq!(run(r#"{"x":1,"y":true,"z":1.0}"#), Ok(false));
    assert_eq!(run(r#"{"x":1,"y":1,"z":1}"#), Err(DuplicateMapKey));
    assert_eq!(run(r#"{"x":1.5,"y":1,"z":1}"#), Err(InvalidKey));
    assert_eq!(run(r#"{"x":1,"z":1}"#), Err(NoSuchKey));
}

#[test]
fn what_an_aborted_build_leaves_is_dropped() {
    // `x.map(e, [e, 1 / e].size() > 0 || true)` has as many elements as `x`.
    let mut s = sketch();
    let (one, yes) = (s.constant(Constant::Int(1)), s.constant(Constant::Bool(true)));
    let r = s.register(0);
    let code = [
        op(Op::LoadConst, 0, one, r + 4),
        op(Op::LoadConst, 0, yes, r + 5),
        op(Op::Build, 0, 1, 0),
        op(Op::Iter, X, 0, r).to(10, EXIT_ERROR),
        op(Op::Build, 0, 2, 0),
        op(Op::Append, r, 2, 0),
        op(Op::Divide, r + 4, r, r + 1).to(0, 8),
        op(Op::Append, r + 1, 2, 0),
        op(Op::Append, r + 5, 1, 0),
        op(Op::Next, 0, 0, r).to(4, EXIT_ERROR),
        op(Op::EndList, 0, 1, r + 2),
        op(Op::Equal, r + 2, Y, 0),
    ];
    assert_eq!(condition(s, &code, r#"{"x":[0,1,0],"y":[true,true,true]}"#), Ok(true));
}

#[test]
fn a_witness_keeps_what_atoms_came_to() {
    let mut s = sketch();
    let k = s.constant(Constant::Int(1));
    let code = [
        op(Op::EqualConst, X, k, 0).x(X_INVERT).atom(0).to(EXIT_FALSE, EXIT_ERROR),
        op(Op::Flag, Y, 0, 0).x(X_PART).atom(1),
        op(Op::Flag, Y, 0, 0).atom(2).to(EXIT_FALSE, EXIT_ERROR),
        op(Op::Flag, Z, 0, 0).atom(3),
    ];
    let function = s.function(FunctionKind::Condition, false, &code);
    s.rule("r", function, Effect::Deny);
    let program = s.program();
    let mut scratch = Scratch::for_program(&program);
    let mut witness = Witness::new(program.atoms());
    let json = br#"{"x":2,"y":true}"#;
    let mut filled = ingest(&program, json, &mut scratch);
    let _ = filled.decide_witnessed(&Moment::at(0, 0), &mut witness);
    let seen: Vec<AtomState> = (0..5).map(|atom| witness.atom(atom)).collect();
    let want =
        [AtomState::False, AtomState::Unseen, AtomState::True, AtomState::Error, AtomState::Unseen];
    assert_eq!(seen, want);
}
