//! The quick way of atoms: it answers operands of the kinds that it is made for, and leaves others
//! open, which fail or take more to tell.

use crate::lang::constant::Constant;
use crate::lang::opcodes::*;
use crate::lang::value::Value;
use crate::runtime::bundle::module::TypeRow;
use crate::runtime::program::Program;
use crate::runtime::vm::atom::quick;
use crate::runtime::vm::request::{heap, ingest};
use crate::runtime::vm::scratch::Scratch;
use crate::runtime::vm::tests::{Sketch, op, place, rows, text};

/// Slots of the places `x` and `y`, which are of any type, `u`, an unsigned number, and `rows`.
const X: u16 = 0;
const Y: u16 = 2;
const U: u16 = 4;
const ROWS: u16 = 6;

fn sketch() -> Sketch {
    let columns = vec![place("a", TypeRow::Dyn), place("b", TypeRow::Dyn)];
    Sketch::new(vec![
        place("x", TypeRow::Dyn),
        place("y", TypeRow::Dyn),
        place("u", TypeRow::Uint),
        rows("rows", TypeRow::Dyn, columns),
    ])
}

/// What the quick way says of an instruction about a context, in which slot `X` holds `first`.
fn asked(program: &Program, ins: &Instruction, json: &str, first: Option<Value>) -> Option<bool> {
    let mut scratch = Scratch::for_program(program);
    let filled = ingest(program, json.as_bytes(), &mut scratch);
    assert_eq!(filled.error(), None, "{json}");
    let Scratch { file, store, .. } = &mut *filled.scratch;
    if let Some(value) = first {
        file[usize::from(X)] = value;
    }
    quick(program, &heap(program, filled.request, store), file, ins)
}

fn with(k: Constant, ins: Instruction, json: &str) -> Option<bool> {
    let mut sketch = sketch();
    let b = sketch.constant(k);
    asked(&sketch.program(), &Instruction { b, ..ins }, json, None)
}

#[test]
fn relations_are_those_of_less_equal_and_greater() {
    let (int, uint, double) = (Constant::Int(5), Constant::Uint(5), Constant::Double(0.5));
    let sizes = Constant::Int(2);
    for (kind, a, k, [less, equal, greater]) in [
        (Op::CompareInt, X, int, [r#"{"x":4}"#, r#"{"x":5}"#, r#"{"x":6}"#]),
        (Op::CompareUint, U, uint, [r#"{"u":4}"#, r#"{"u":5}"#, r#"{"u":6}"#]),
        (Op::CompareDouble, X, double, [r#"{"x":0.25}"#, r#"{"x":0.5}"#, r#"{"x":0.75}"#]),
        (Op::CompareSize, X, sizes, [r#"{"x":[0]}"#, r#"{"x":[0,0]}"#, r#"{"x":[0,0,0]}"#]),
    ] {
        for (x, wanted) in [
            (X_LESS, [true, false, false]),
            (X_EQUAL, [false, true, false]),
            (X_GREATER, [false, false, true]),
            (X_LESS | X_EQUAL, [true, true, false]),
            (X_EQUAL | X_GREATER, [false, true, true]),
        ] {
            for (json, wanted) in [less, equal, greater].into_iter().zip(wanted) {
                let found = with(k.clone(), op(kind, a, 0, 0).x(x), json);
                assert_eq!(found, Some(wanted), "{kind:?} {x} {json}");
            }
        }
    }
    let of_two = |kind, x, json| asked(&sketch().program(), &op(kind, X, Y, 0).x(x), json, None);
    for (x, wanted) in [(X_LESS, [true, false, false]), (X_GREATER, [false, false, true])] {
        for (json, wanted) in
            [r#"{"x":1,"y":2}"#, r#"{"x":2,"y":2}"#, r#"{"x":3,"y":2}"#].into_iter().zip(wanted)
        {
            assert_eq!(of_two(Op::Compare, x, json), Some(wanted), "{x} {json}");
        }
    }
    assert_eq!(of_two(Op::Compare, X_EQUAL, r#"{"x":2,"y":2}"#), Some(true));
    assert_eq!(of_two(Op::Compare, X_EQUAL, r#"{"x":3,"y":2}"#), Some(false));
    assert_eq!(of_two(Op::Compare, X_LESS, r#"{"x":1,"y":2.5}"#), None);
    assert_eq!(of_two(Op::Equal, 0, r#"{"x":2,"y":2}"#), Some(true));
    assert_eq!(of_two(Op::Equal, 0, r#"{"x":2,"y":3}"#), Some(false));
    assert_eq!(of_two(Op::Equal, 0, r#"{"x":"two","y":"two"}"#), Some(true));
    assert_eq!(of_two(Op::Equal, 0, r#"{"x":"two","y":"one"}"#), Some(false));
    assert_eq!(of_two(Op::Equal, 0, r#"{"x":2,"y":"two"}"#), None);
}

#[test]
fn what_is_of_another_kind_is_left_open() {
    for (kind, a, k, json) in [
        (Op::CompareInt, X, Constant::Int(5), r#"{"x":4.5}"#),
        (Op::CompareUint, X, Constant::Uint(5), r#"{"x":4}"#),
        (Op::CompareDouble, X, Constant::Double(0.5), r#"{"x":1}"#),
        (Op::CompareDouble, X, Constant::Double(f64::NAN), r#"{"x":1.5}"#),
        (Op::EqualString, X, text("dev"), r#"{"x":7}"#),
        (Op::StartsWith, X, text("dev"), r#"{"x":7}"#),
        (Op::EndsWith, X, text("dev"), r#"{"x":["dev"]}"#),
        (Op::Contains, X, text("dev"), r#"{"x":["dev"]}"#),
        (Op::CompareSize, X, Constant::Int(1), r#"{"x":"a"}"#),
        (Op::EqualConst, X, Constant::Int(1), r#"{"x":1}"#),
        (Op::CompareInt, ROWS + 90, Constant::Int(5), r#"{"x":4}"#),
    ] {
        assert_eq!(with(k, op(kind, a, 0, 0).x(X_LESS), json), None, "{kind:?} {json}");
    }
    let flag = |json| asked(&sketch().program(), &op(Op::Flag, X, 0, 0), json, None);
    assert_eq!(flag(r#"{"x":true}"#), Some(true));
    assert_eq!(flag(r#"{"x":false}"#), Some(false));
    assert_eq!(flag(r#"{"x":1}"#), None);
}

#[test]
fn what_is_there_is_told_unless_it_is_an_error_or_a_level() {
    let has = |x, json, first| asked(&sketch().program(), &op(Op::Has, X, 0, 0).x(x), json, first);
    assert_eq!(has(0, r#"{"x":null}"#, None), Some(true));
    assert_eq!(has(0, "{}", None), Some(false));
    assert_eq!(has(X_LEVEL, r#"{"x":{}}"#, None), None);
    assert_eq!(has(0, "{}", Some(Value::error(1, 0))), None);
    let nan = Value::double(f64::NAN);
    let mut sketch = sketch();
    let b = sketch.constant(Constant::Double(0.5));
    let less = op(Op::CompareDouble, X, b, 0).x(X_LESS);
    assert_eq!(asked(&sketch.program(), &less, "{}", Some(nan)), None);
}

#[test]
fn texts_are_compared_and_searched_at_once() {
    let long = |len: usize| format!("{{\"x\":\"{}needle\"}}", "-".repeat(len - 6));
    for (kind, k, json, wanted) in [
        (Op::EqualString, "dev", r#"{"x":"dev"}"#.to_owned(), Some(true)),
        (Op::EqualString, "dev", r#"{"x":"Dev"}"#.to_owned(), Some(false)),
        (Op::StartsWith, "dev", r#"{"x":"develop"}"#.to_owned(), Some(true)),
        (Op::StartsWith, "dev", r#"{"x":"a dev"}"#.to_owned(), Some(false)),
        (
            Op::StartsWith,
            "more than a word",
            r#"{"x":"more than a word or two"}"#.into(),
            Some(true),
        ),
        (
            Op::StartsWith,
            "more than a word",
            r#"{"x":"more than a wore or two"}"#.into(),
            Some(false),
        ),
        (Op::EndsWith, "dev", r#"{"x":"a dev"}"#.to_owned(), Some(true)),
        (Op::EndsWith, "dev", r#"{"x":"develop"}"#.to_owned(), Some(false)),
        (Op::EndsWith, "needle", long(129), Some(true)),
        (Op::Contains, "dev", r#"{"x":"a developer"}"#.to_owned(), Some(true)),
        (Op::Contains, "dev", r#"{"x":"a deviser"}"#.to_owned(), Some(true)),
        (Op::Contains, "dev", r#"{"x":"a denial"}"#.to_owned(), Some(false)),
        (Op::Contains, "needle", long(128), Some(true)),
        (Op::Contains, "needle", long(129), None),
    ] {
        assert_eq!(with(text(k), op(kind, X, 0, 0), &json), wanted, "{kind:?} {k} {json}");
    }
}

#[test]
fn sets_and_lists_are_searched_where_their_kinds_tell() {
    let in_set = |members: &[Constant], json: &str| {
        let mut sketch = sketch();
        let b = sketch.set(members.iter().cloned());
        asked(&sketch.program(), &op(Op::InSet, X, b, 0), json, None)
    };
    let few = [text("a"), text("b")];
    assert_eq!(in_set(&few, r#"{"x":"b"}"#), Some(true));
    assert_eq!(in_set(&few, r#"{"x":"c"}"#), Some(false));
    assert_eq!(in_set(&few, r#"{"x":7}"#), None);
    assert_eq!(in_set(&[Constant::Int(1), Constant::Int(2)], r#"{"x":1}"#), None);
    let holds = |k, json| with(k, op(Op::Holds, X, 0, 0), json);
    let ints = r#"{"x":[1,2]}"#;
    assert_eq!(holds(Constant::Int(2), ints), Some(true));
    assert_eq!(holds(Constant::Int(3), ints), Some(false));
    assert_eq!(holds(text("a"), ints), Some(false));
    assert_eq!(holds(Constant::Bool(true), ints), None);
    assert_eq!(holds(text("a"), r#"{"x":["a",1]}"#), Some(true));
    assert_eq!(holds(Constant::Int(1), r#"{"x":["a",1]}"#), None);
    assert_eq!(holds(text("a"), r#"{"x":{"a":1}}"#), None);
    let within = |json| asked(&sketch().program(), &op(Op::In, X, Y, 0), json, None);
    assert_eq!(within(r#"{"x":"b","y":["a","b"]}"#), Some(true));
    assert_eq!(within(r#"{"x":"longer than a word","y":["longer than a wore"]}"#), Some(false));
    assert_eq!(within(r#"{"x":1,"y":[2,1]}"#), Some(true));
    assert_eq!(within(r#"{"x":1,"y":[2,"a"]}"#), None);
    assert_eq!(within(r#"{"x":"a","y":{"a":1}}"#), None);
    let columns = op(Op::In, X, ROWS, 0);
    let json = r#"{"x":1,"rows":[{"a":1,"b":1}]}"#;
    assert_eq!(asked(&sketch().program(), &columns, json, None), None);
}
