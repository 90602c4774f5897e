//! Calls of functions: how deep, how often, at what cost, and which row of a builtin.

use crate::base::limits::CALL_DEPTH_MAX;
use crate::lang::constant::Constant;
use crate::lang::decision::Effect;
use crate::lang::error::EvalError::{Budget, NoSuchKey, Zone};
use crate::lang::functions::{self, Style};
use crate::lang::opcodes::*;
use crate::lang::value::heap::Store;
use crate::lang::value::{Space, Value};
use crate::runtime::bundle::module::{FunctionKind, HostRow, NONE, OutputRow, TypeRow};
use crate::runtime::vm::call;
use crate::runtime::vm::machine::{Exit, MachineMemory, Memo};
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

/// A call that has ended is none that others lie in.
#[test]
fn calls_one_after_the_other_do_not_nest() {
    let mut s = sketch();
    // Where cost is counted, calls are made.
    s.module.manifest.metered = true;
    let has = s.function(FunctionKind::Condition, false, &[op(Op::Has, X, 0, 0)]);
    let code = vec![op(Op::Test, has, 0, 0); 2 * CALL_DEPTH_MAX + 2];
    let function = s.function(FunctionKind::Condition, false, &code);
    s.rule("r", function, Effect::Deny);
    decide(&s.program(), r#"{"x":1}"#, |decision| {
        assert!(decision.failures().is_empty() && decision.fired().len() == 1);
    });
}

/// What is remembered holds for one decision, also where their count begins anew.
#[test]
fn memos_are_of_one_decision() {
    let mut s = sketch();
    s.function(FunctionKind::Condition, true, &[op(Op::Has, X, 0, 0)]);
    let program = s.program();
    let mut memory = MachineMemory::of(&program);
    let kept = |memory: &MachineMemory| (memory.epoch, memory.memos[0].epoch);
    assert_eq!(kept(&memory), (0, 0));
    memory.begin(&mut []);
    assert_eq!(kept(&memory), (1, 0), "of none of them something is remembered yet");
    memory.memos[0] = Memo { epoch: 1, exit: Exit::True, value: Value::NULL };
    memory.begin(&mut []);
    assert_eq!(kept(&memory), (2, 1));
    memory.epoch = u32::MAX;
    memory.begin(&mut []);
    assert_eq!(kept(&memory), (1, 0));
}

/// An argument that failed is told, and one that is not there; no row is asked about them.
#[test]
fn arguments_that_failed_are_told() {
    let size = functions::named("size", Style::Global).next().expect("a builtin").number;
    let host = |s: &mut Sketch| {
        let (ty, name) = (s.ty(TypeRow::Dyn), s.string("score"));
        let params = vec![ty];
        s.module.hosts.push(HostRow {
            name,
            params,
            result: ty,
            is_async: false,
            timeout_ns: None,
        });
    };
    for kind in [Op::Call, Op::CallAny, Op::CallHost] {
        let mut s = sketch();
        host(&mut s);
        s.module.dispatch.push(vec![size]);
        let r = s.register(0);
        let b = if kind == Op::Call { size } else { 0 };
        let code = [
            op(Op::Fail, 0, Zone as u16, 0).to(0, 1),
            op(Op::Catch, 0, 0, r),
            op(kind, r, b, r + 1),
        ];
        let function = s.function(FunctionKind::Condition, false, &code);
        s.rule("failed", function, Effect::Deny);
        let r = s.register(0);
        let function = s.function(FunctionKind::Condition, false, &[op(kind, X, b, r)]);
        s.rule("missing", function, Effect::Deny);
        decide(&s.program(), "{}", |decision| {
            let classes: Vec<_> = decision.failures().iter().map(|it| it.class).collect();
            assert_eq!(classes, [Zone, NoSuchKey], "{kind:?}");
            assert!(!decision.is_pending() && decision.missing().is_empty(), "{kind:?}");
        });
    }
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
            let ty = s.ty(TypeRow::Int);
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
