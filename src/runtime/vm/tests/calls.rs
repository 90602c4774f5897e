//! Calls of functions: how deep, how often, at what cost, and which row of a builtin.

use crate::base::limits::CALL_DEPTH_MAX;
use crate::lang::constant::Constant;
use crate::lang::decision::Effect;
use crate::lang::error::EvalError::Budget;
use crate::lang::functions::{self, Style};
use crate::lang::opcodes::*;
use crate::lang::value::heap::Store;
use crate::lang::value::{Space, Value};
use crate::runtime::bundle::module::{FunctionKind, NONE, OutputRow};
use crate::runtime::vm::call;
use crate::runtime::vm::tests::instructions::sketch;
use crate::runtime::vm::tests::{Sketch, decide, op};

/// Slot of the place `x`.
const X: u16 = 0;

/// Functions that call one another in turn, the last of which asks whether `x` is there, and a rule
/// that calls the first.
fn chain(count: usize) -> Sketch {
    let mut s = sketch();
    for next in 1..count {
        let next = u16::try_from(next).expect("few functions");
        s.function(FunctionKind::Condition, false, &[op(Op::Test, next, 0, 0)]);
    }
    s.function(FunctionKind::Condition, false, &[op(Op::Has, X, 0, 0)]);
    s.rule("r", 0, Effect::Deny);
    s
}

#[test]
fn calls_nest_as_deep_as_they_may() {
    let deepest = chain(CALL_DEPTH_MAX + 1).program();
    decide(&deepest, r#"{"x":1}"#, |decision| {
        assert!(decision.failures().is_empty() && decision.fired().len() == 1);
    });
    let deeper = chain(CALL_DEPTH_MAX + 2).program();
    decide(&deeper, r#"{"x":1}"#, |decision| {
        assert_eq!(decision.failures()[0].class, Budget);
    });
}

/// What two rules cost that ask one function of two instructions, where that is counted.
fn asked_twice(memo: bool) -> u64 {
    let mut s = sketch();
    s.module.manifest.metered = true;
    let has = op(Op::Has, X, 0, 0).to(1, 1);
    let shared = s.function(FunctionKind::Condition, memo, &[has, has]);
    for id in ["a", "b"] {
        let function = s.function(FunctionKind::Condition, false, &[op(Op::Test, shared, 0, 0)]);
        s.rule(id, function, Effect::Deny);
    }
    decide(&s.program(), r#"{"x":1}"#, |decision| {
        assert_eq!(decision.fired().len(), 2);
        decision.cost()
    })
}

#[test]
fn what_is_remembered_runs_once() {
    assert_eq!(asked_twice(false), (1 + 2) + (1 + 2));
    assert_eq!(asked_twice(true), (1 + 2) + 1);
}

#[test]
fn outputs_add_what_their_functions_cost() {
    let cost = |metered, code: &[Instruction]| {
        let mut s = sketch();
        s.module.manifest.metered = metered;
        let rule = s.function(FunctionKind::Condition, false, &[op(Op::Has, X, 0, 0)]);
        s.rule("r", rule, Effect::Deny);
        s.constant(Constant::Int(1));
        if !code.is_empty() {
            let ty = s.ty(crate::runtime::bundle::module::TypeRow::Int);
            let function = s.function(FunctionKind::Value(ty), false, code);
            let name = s.string("out");
            s.module.outputs.push(OutputRow {
                name,
                function,
                explanation: NONE,
                first_requirement: 0,
                requirements: 0,
            });
        }
        decide(&s.program(), r#"{"x":1}"#, |decision| decision.cost())
    };
    let r = 16 + 7;
    let code = [op(Op::LoadConst, 0, 0, r), op(Op::Return, r, 0, 0)];
    for metered in [false, true] {
        assert_eq!(cost(metered, &[]), 1, "{metered}");
        assert_eq!(cost(metered, &code), 1 + 2, "{metered}");
    }
}

#[test]
fn the_row_that_takes_the_arguments_is_chosen() {
    let of = |id: &str| {
        let row = functions::all().find(|row| row.id == id);
        row.unwrap_or_else(|| panic!("no row {id}")).number
    };
    let mut s = sketch();
    s.module.dispatch.push(vec![of("size_string"), of("size_list"), of("size_map")]);
    s.module.dispatch.push(vec![of("size_list"), of("starts_with_string"), of("size_string")]);
    let program = s.program();
    let mut store = Store::new(64, 0);
    let text = crate::lang::value::heap::Heap::of(&mut store).new_string("text").expect("room");
    let list = Value::list(Space::Arena, 0, 0, 1);
    let row = |list, arguments: &[Value]| call::row(&program, list, arguments).map(|row| row.id);
    assert_eq!(row(0, &[text]), Ok("size_string"));
    assert_eq!(row(0, &[list]), Ok("size_list"));
    assert_eq!(row(0, &[Value::map(Space::Arena, 0, 0)]), Ok("size_map"));
    assert_eq!(row(0, &[Value::int(1)]), Ok("size_string"), "none: the first says so");
    assert_eq!(row(1, &[text]), Ok("size_string"), "one of two parameters does not");
    assert_eq!(row(1, &[text, text]), Ok("starts_with_string"));
    assert!(row(7, &[text]).is_err(), "no such list");
    assert!(functions::named("size", Style::Global).count() >= 3);
}
