//! Terms of sessions: what is asked of a context beside a decision.

use crate::lang::error::EvalError;
use crate::lang::functions;
use crate::lang::opcodes::*;
use crate::runtime::bundle::govern::TermRow;
use crate::runtime::bundle::module::{FunctionKind, HostRow, NONE, Requirement, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::vm::hosts::{HostEntry, HostTable};
use crate::runtime::vm::request::{Moment, ingest};
use crate::runtime::vm::scratch::Scratch;
use crate::runtime::vm::tests::{Sketch, op, place};

/// Slots of the places `x` and `y`, and of the time.
const X: u16 = 0;
const Y: u16 = 2;
const NOW: u16 = 4;

/// A program with the terms `x`, `score(x)`, the seconds of the time, and one that fails.
fn program() -> Program {
    let mut s = Sketch::new(vec![place("x", TypeRow::Int), place("y", TypeRow::Dyn)]);
    let (int, name) = (s.ty(TypeRow::Int), s.string("score"));
    let params = vec![int];
    s.module.hosts.push(HostRow { name, params, result: int, is_async: false, timeout_ns: None });
    let seconds = functions::all().find(|row| row.id == "timestamp_to_seconds");
    let seconds = seconds.expect("a builtin").number;
    for code in [
        |_: u16, _: u16| vec![op(Op::Return, X, 0, 0)],
        |r, _| {
            let call = op(Op::CallHost, r, 0, r + 1).to(0, 3);
            let move_x = op(Op::Move, X, 0, r);
            let other = op(Op::Return, Y, 0, 0);
            vec![move_x, call, op(Op::Return, r + 1, 0, 0), other]
        },
        |r, seconds| {
            let moved = op(Op::Move, NOW, 0, r);
            vec![moved, op(Op::Call, r, seconds, r + 1), op(Op::Return, r + 1, 0, 0)]
        },
        |_, _| vec![op(Op::Fail, 0, EvalError::Zone as u16, 0)],
    ] {
        let code = code(s.register(0), seconds);
        let function = s.function(FunctionKind::Value(int), false, &code);
        s.module.govern.terms.push(TermRow { function, first_requirement: 0, requirements: 1 });
    }
    s.module.govern.terms[2].requirements = 0;
    s.module.requirements = vec![Requirement { slot: X, ty: NONE, optional: false, keyed: NONE }];
    s.program()
}

/// The int that a term gives, and the functions whose results it waits for.
fn given(number: u16, context: &str, hosts: Option<&HostTable>) -> (Option<i64>, Vec<String>) {
    let program = program();
    let mut scratch = Scratch::for_program(&program);
    let mut filled = ingest(&program, context.as_bytes(), &mut scratch);
    let moment = Moment { hosts, ..Moment::at(33, 0) };
    // What was waited for before is not.
    let _ = filled.term(&moment, 1, |_, _| Some(()));
    let value = filled.term(&moment, number, |_, value| Some(value.signed()));
    (value, filled.awaited().into_iter().map(|call| call.function).collect())
}

#[test]
fn terms_give_what_is_asked_of_a_context() {
    let none = Vec::<String>::new;
    assert_eq!(given(0, r#"{"x":7}"#, None), (Some(7), none()));
    assert_eq!(given(0, "{}", None), (None, none()), "what it reads is missing");
    assert_eq!(given(0, r#"{"x":"a"}"#, None), (None, none()), "the input was refused");
    assert_eq!(given(2, "{}", None), (Some(33), none()), "nothing is asked for");
    assert_eq!(given(3, r#"{"x":7}"#, None), (None, none()), "it fails");
    assert_eq!(given(4, r#"{"x":7}"#, None), (None, none()), "there is none");
    let program = program();
    let mut scratch = Scratch::for_program(&program);
    let mut filled = ingest(&program, br#"{"x":7}"#, &mut scratch);
    let nothing = filled.term(&Moment::at(33, 0), 0, |_, _| None::<i64>);
    assert_eq!(nothing, None, "who reads it makes nothing of it");
}

#[test]
fn terms_wait_for_results_that_they_fail_without() {
    let waits = || vec!["score".to_owned()];
    assert_eq!(given(1, r#"{"x":7}"#, None), (None, waits()));
    // It found its way without one.
    assert_eq!(given(1, r#"{"x":7,"y":5}"#, None), (Some(5), Vec::new()));
    let entry = |arguments: &str, result: &str| HostEntry {
        name: "score".to_owned(),
        arguments: HostTable::digest(arguments),
        result: result.to_owned(),
    };
    let table = HostTable::new(vec![entry("[7]", "9")]);
    assert_eq!(given(1, r#"{"x":7}"#, Some(&table)), (Some(9), Vec::new()));
    assert_eq!(given(1, r#"{"x":8}"#, Some(&table)), (None, waits()));
}
