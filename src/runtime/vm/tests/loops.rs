//! Loops and what is built: elements with their places, what fails inside, and what comes of it.

use crate::lang::constant::Constant;
use crate::lang::decision::Effect;
use crate::lang::error::EvalError::{self, *};
use crate::lang::opcodes::*;
use crate::runtime::bundle::module::FunctionKind;
use crate::runtime::vm::tests::instructions::sketch;
use crate::runtime::vm::tests::{Sketch, decide, op, text};

/// Slots of the places `x`, `y` and `z`, which are of any type.
const X: u16 = 0;
const Y: u16 = 2;
const Z: u16 = 4;

/// How a condition comes out on a context, and the instruction that failed.
fn run(mut s: Sketch, code: &[Instruction], json: &str) -> Result<bool, (EvalError, u32)> {
    let function = s.function(FunctionKind::Condition, false, code);
    s.rule("r", function, Effect::Deny);
    decide(&s.program(), json, |decision| {
        assert_eq!(decision.input_error(), None, "{json}");
        match decision.failures() {
            [] => Ok(!decision.fired().is_empty()),
            [failure, ..] => Err((failure.class, failure.pc)),
        }
    })
}

/// Whether `x.all(i, e, i == e)`: of a map, whether each key is its value.
#[test]
fn elements_come_with_their_index_or_key() {
    for (x, wanted) in [
        ("[0,1,2]", Ok(true)),
        ("[0,1,1]", Ok(false)),
        ("[1]", Ok(false)),
        ("[]", Ok(true)),
        (r#"{"a":"a","b":"b"}"#, Ok(true)),
        (r#"{"a":"a","b":"a"}"#, Ok(false)),
        (r#"{"a":0}"#, Ok(false)),
        ("3", Err((NoSuchOverload, 0))),
        ("null", Err((NoSuchOverload, 0))),
    ] {
        let s = sketch();
        let r = s.register(0);
        let code = [
            op(Op::Iter, X, 0, r).x(X_PAIRS).to(EXIT_TRUE, EXIT_ERROR),
            op(Op::Equal, r, r + 1, 0),
            op(Op::Next, 0, 0, r).x(X_PAIRS).to(1, EXIT_ERROR),
        ];
        assert_eq!(run(s, &code, &format!("{{\"x\":{x}}}")), wanted, "{x}");
    }
    let s = sketch();
    let r = s.register(0);
    let code = [op(Op::Iter, X, 0, r).x(X_PAIRS)];
    assert_eq!(run(s, &code, "{}"), Err((NoSuchKey, 0)));
}

/// Whether each element of `x`, or each key, is text `a`.
#[test]
fn a_loop_over_a_map_has_its_keys() {
    for (x, wanted) in [
        (r#"{"a":1}"#, true),
        (r#"{"a":1,"b":"a"}"#, false),
        (r#"{"b":"a"}"#, false),
        (r#"["a","a"]"#, true),
        (r#"["a","b"]"#, false),
    ] {
        let mut s = sketch();
        let (r, a) = (s.register(0), s.constant(text("a")));
        let code = [
            op(Op::Iter, X, 0, r).to(EXIT_TRUE, EXIT_ERROR),
            op(Op::Move, r, 0, r + 1),
            op(Op::EqualConst, r + 1, a, 0),
            op(Op::Next, 0, 0, r).to(1, EXIT_ERROR),
        ];
        assert_eq!(run(s, &code, &format!("{{\"x\":{x}}}")), Ok(wanted), "{x}");
    }
}

/// `[8, 9, 1]`, between which a loop builds lists that fail: they are dropped, and no more.
#[test]
fn what_a_failed_element_built_is_dropped_and_no_more() {
    for x in ["[1,2]", "[0,1]", "[1,0,0,2]", "[0]", "[]"] {
        let mut s = sketch();
        let [eight, nine, one] = [8, 9, 1].map(|k| s.constant(Constant::Int(k)));
        let r = s.register(0);
        let code = [
            op(Op::LoadConst, 0, one, r + 4),
            op(Op::LoadConst, 0, eight, r + 5),
            op(Op::LoadConst, 0, nine, r + 6),
            op(Op::Build, 0, 1, 0),
            op(Op::Append, r + 5, 1, 0),
            op(Op::Append, r + 6, 1, 0),
            op(Op::Iter, X, 0, r).to(13, EXIT_ERROR),
            op(Op::Build, 0, 2, 0),
            op(Op::Append, r, 2, 0),
            op(Op::Divide, r + 4, r, r + 1).to(0, 11),
            op(Op::Jump, 0, 0, 0).to(12, 0),
            op(Op::Pend, 0, 0, 0),
            op(Op::Next, 0, 0, r).to(7, EXIT_ERROR),
            op(Op::Append, r + 4, 1, 0),
            op(Op::EndList, 0, 1, r + 2),
            op(Op::Equal, r + 2, Y, 0),
        ];
        let json = format!("{{\"x\":{x},\"y\":[8,9,1]}}");
        assert_eq!(run(s, &code, &json), Ok(true), "{json}");
    }
}

/// The first element that fails is told, by its instruction; a cold loop tells nothing.
#[test]
fn the_first_that_fails_is_told_behind_the_loop() {
    for (cold, x, wanted) in [
        (0, r#"["a",0]"#, Err((NoSuchOverload, 2))),
        (0, r#"[0,"a"]"#, Err((DivideByZero, 2))),
        (0, "[1,2,0]", Err((DivideByZero, 2))),
        (0, "[1,2]", Ok(false)),
        (0, "[]", Ok(false)),
        (X_COLD, r#"["a",0]"#, Err((DivideByZero, 2))),
        (X_COLD, r#"[0,"a"]"#, Err((NoSuchOverload, 2))),
    ] {
        let mut s = sketch();
        let (r, one) = (s.register(0), s.constant(Constant::Int(1)));
        let code = [
            op(Op::LoadConst, 0, one, r + 2),
            op(Op::Iter, X, 0, r).to(6, EXIT_ERROR),
            op(Op::Divide, r + 2, r, r + 1).to(0, 4),
            op(Op::Jump, 0, 0, 0).to(5, 0),
            op(Op::Pend, 0, 0, 0),
            op(Op::Next, 0, 0, r).to(2, EXIT_ERROR),
            op(Op::LoopEnd, 0, 0, 0).x(cold),
        ];
        assert_eq!(run(s, &code, &format!("{{\"x\":{x}}}")), wanted, "{cold} {x}");
    }
}

/// `[?x, y]`, where `x` is an optional: `optional.of(x)`, none, or what is no optional.
#[test]
fn optional_elements_are_added_where_they_are_there() {
    for (json, wanted) in [
        (r#"{"x":{"k":7},"y":1,"z":[7,1]}"#, Ok(true)),
        (r#"{"x":{"j":7},"y":1,"z":[1]}"#, Ok(true)),
        (r#"{"x":{"j":7},"y":1,"z":[7,1]}"#, Ok(false)),
        (r#"{"x":{"k":null},"y":1,"z":[null,1]}"#, Ok(true)),
        (r#"{"x":{"k":7},"z":[7]}"#, Err((NoSuchKey, 4))),
    ] {
        let mut s = sketch();
        let (r, k) = (s.register(0), s.constant(text("k")));
        let code = [
            op(Op::LoadConst, 0, k, r),
            op(Op::IndexOptional, X, r, r + 1),
            op(Op::Build, 0, 0, 0),
            op(Op::Append, r + 1, 0, 0).x(X_OPTIONAL),
            op(Op::Append, Y, 0, 0),
            op(Op::EndList, 0, 0, r + 2),
            op(Op::Equal, r + 2, Z, 0),
        ];
        assert_eq!(run(s, &code, json), wanted, "{json}");
    }
    for (json, wanted) in [("{\"x\":1}", NoSuchOverload), ("{}", NoSuchKey)] {
        let s = sketch();
        let code = [op(Op::Build, 0, 0, 0), op(Op::Append, X, 0, 0).x(X_OPTIONAL)];
        assert_eq!(run(s, &code, json), Err((wanted, 1)), "{json}");
    }
}

/// `{x: y, ?"o": z[?"k"]}` has as many entries as are there, in any order.
#[test]
fn entries_of_maps_are_added_where_they_are_there() {
    for (json, o, wanted) in [
        (r#"{"x":"a","y":1,"z":{"k":5}}"#, "{\"a\":1,\"o\":5}", Ok(true)),
        (r#"{"x":"a","y":1,"z":{}}"#, "{\"a\":1}", Ok(true)),
        (r#"{"x":"a","y":1,"z":{}}"#, "{\"a\":1,\"o\":5}", Ok(false)),
        (r#"{"x":"o","y":1,"z":{"k":5}}"#, "{}", Err((DuplicateMapKey, 6))),
        (r#"{"x":"o","y":1,"z":{}}"#, "{\"o\":1}", Ok(true)),
        (r#"{"x":"a","z":{}}"#, "{}", Err((NoSuchKey, 4))),
        (r#"{"y":1,"z":{}}"#, "{}", Err((NoSuchKey, 4))),
    ] {
        let mut s = sketch();
        let [k, o_name] = ["k", "o"].map(|it| s.constant(text(it)));
        let entries = [("a", 1), ("o", if o.contains("\"o\":1") { 1 } else { 5 })];
        let entries = entries.into_iter().filter(|(key, _)| o.contains(&format!("\"{key}\"")));
        let map = entries.map(|(key, value)| (text(key), Constant::Int(value))).collect();
        let map = s.constant(Constant::Map(map));
        let r = s.register(0);
        let code = [
            op(Op::LoadConst, 0, k, r),
            op(Op::LoadConst, 0, o_name, r + 1),
            op(Op::IndexOptional, Z, r, r + 2),
            op(Op::Build, 0, 0, 0),
            op(Op::Put, X, 0, Y),
            op(Op::Put, r + 1, 0, r + 2).x(X_OPTIONAL),
            op(Op::EndMap, 0, 0, r + 3),
            op(Op::EqualConst, r + 3, map, 0),
        ];
        assert_eq!(run(s, &code, json), wanted, "{json}");
    }
}

/// A map inside of a list inside of a map: each ends where it began.
#[test]
fn what_is_built_inside_of_what_is_built() {
    let mut s = sketch();
    let [a, b] = ["a", "b"].map(|it| s.constant(text(it)));
    let int = |k| Constant::Int(k);
    let inner = Constant::Map(vec![(text("b"), int(1))]);
    let whole = Constant::Map(vec![(text("a"), Constant::List(vec![int(2), inner, int(3)]))]);
    let whole = s.constant(whole);
    let r = s.register(0);
    // {"a": [y, {"b": x}, z]}
    let code = [
        op(Op::LoadConst, 0, a, r),
        op(Op::LoadConst, 0, b, r + 1),
        op(Op::Build, 0, 0, 0),
        op(Op::Build, 0, 1, 0),
        op(Op::Append, Y, 1, 0),
        op(Op::Build, 0, 2, 0),
        op(Op::Put, r + 1, 2, X),
        op(Op::EndMap, 0, 2, r + 2),
        op(Op::Append, r + 2, 1, 0),
        op(Op::Append, Z, 1, 0),
        op(Op::EndList, 0, 1, r + 3),
        op(Op::Put, r, 0, r + 3),
        op(Op::EndMap, 0, 0, r + 4),
        op(Op::EqualConst, r + 4, whole, 0),
    ];
    assert_eq!(run(s, &code, r#"{"x":1,"y":2,"z":3}"#), Ok(true));
}
