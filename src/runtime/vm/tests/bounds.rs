//! Deciding ends, and a small stack is enough.

use crate::base::limits::{DECISION_COST_MAX, RULE_COST_MAX};
use crate::lang::decision::Effect;
use crate::lang::error::EvalError::Budget;
use crate::lang::functions::Cost;
use crate::lang::opcodes::*;
use crate::lang::value::heap::{Heap, Store};
use crate::lang::value::{Space, Tag, Value};
use crate::runtime::bundle::module::FunctionKind;
use crate::runtime::vm::budget;
use crate::runtime::vm::tests::instructions::sketch;
use crate::runtime::vm::tests::{decide, op};

/// Slots of the places `x` and `y`.
const X: u16 = 0;
const Y: u16 = 2;

#[test]
fn a_small_stack_is_enough() {
    let work = || {
        // A function that calls itself ends; no verified program has one, none goes deeper.
        let mut s = sketch();
        s.function(FunctionKind::Condition, false, &[op(Op::Test, 0, 0, 0)]);
        s.rule("r", 0, Effect::Deny);
        let program = s.program();
        let nested = format!("{{\"x\":{}{}}}", "[".repeat(63), "]".repeat(63));
        decide(&program, &nested, |decision| {
            assert_eq!(decision.failures()[0].class, Budget);
        });
    };
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(work).unwrap();
    thread.join().unwrap();
}

#[test]
fn a_metered_program_stops() {
    let mut s = sketch();
    s.module.manifest.metered = true;
    let r = s.register(0);
    let inner: Vec<Instruction> = vec![
        op(Op::Iter, X, 0, r).to(EXIT_FALSE, EXIT_ERROR),
        op(Op::Iter, X, 1, r + 1).to(4, EXIT_ERROR),
        op(Op::Flag, Y, 0, 0).to(3, EXIT_ERROR),
        op(Op::Next, 0, 1, r + 1).to(2, EXIT_ERROR),
        op(Op::Next, 0, 0, r).to(1, EXIT_ERROR),
    ];
    let function = s.function(FunctionKind::Condition, false, &inner);
    s.rule("r", function, Effect::Deny);
    let program = s.program();
    let list = vec!["1"; 2000].join(",");
    let json = format!("{{\"x\":[{list}],\"y\":false}}");
    decide(&program, &json, |decision| {
        assert_eq!(decision.failures()[0].class, Budget);
        assert!(decision.cost() > 1_000_000);
    });
    decide(&program, r#"{"x":[1],"y":false}"#, |decision| assert!(decision.failures().is_empty()));
}

#[test]
fn a_metered_rule_stops_at_its_ceiling_and_at_that_of_the_decision() {
    let mut budget = budget::Budget::new(true);
    budget.begin_rule();
    assert_eq!(budget.affordable(RULE_COST_MAX / 7, 100), 7);
    assert_eq!((budget.affordable(1, 5), budget.affordable(0, 5)), (5, 5));
    budget.use_up(3, 4);
    assert_eq!(budget.used(), 12);
    assert_eq!(budget.affordable(RULE_COST_MAX / 7, 100), 6);
    assert_eq!(budget.spend(RULE_COST_MAX - 12), Ok(()), "all that a rule may use");
    assert_eq!(budget.spend(1), Err(Budget));
    assert_eq!(budget.affordable(1, 5), 0);
    budget.begin_rule();
    assert_eq!(budget.spend(RULE_COST_MAX), Ok(()), "the next rule begins anew");
    budget.add(DECISION_COST_MAX);
    budget.begin_rule();
    assert_eq!(budget.spend(1), Err(Budget), "the decision does not");
}

#[test]
fn who_need_not_count_counts_what_is_known_before_alone() {
    let mut budget = budget::Budget::new(false);
    budget.begin_rule();
    assert_eq!(budget.affordable(u64::MAX, 9), 9);
    budget.use_up(3, 4);
    assert_eq!((budget.spend(u64::MAX), budget.used()), (Ok(()), 0));
    let mut store = Store::new(0, 0);
    let heap = Heap::of(&mut store);
    let view = heap.view();
    let call = |budget: &mut budget::Budget| budget.call(&view, Cost::Fixed(7), &[]);
    assert_eq!((call(&mut budget), budget.used()), (Ok(()), 0));
    budget.add(5);
    assert_eq!(budget.used(), 5);
}

#[test]
fn calls_cost_what_their_arguments_weigh() {
    let mut store = Store::new(0, 0);
    let request = b"twenty-five bytes of text";
    let heap = Heap { request, ..Heap::of(&mut store) };
    let text = Value::text(Tag::String, Space::Request, 0, request);
    let list = Value::list(Space::Request, 0, 4, 1);
    let map = Value::map(Space::Request, 0, 6);
    let cost = |cost, arguments: &[Value]| {
        let mut budget = budget::Budget::new(true);
        assert_eq!(budget.call(&heap.view(), cost, arguments), Ok(()));
        budget.used()
    };
    let one = Value::int(99);
    assert_eq!(cost(Cost::Fixed(5), &[text, list]), 5);
    assert_eq!(cost(Cost::Linear, &[text]), 3 + 1);
    assert_eq!(cost(Cost::Linear, &[text, list, map, one]), 3 + 4 + 6 + 1 + 1);
    assert_eq!(cost(Cost::Product, &[text, list]), (3 + 1) * (4 + 1) + 1);
    let mut budget = budget::Budget::new(true);
    budget.begin_rule();
    budget.add(RULE_COST_MAX);
    assert_eq!(budget.call(&heap.view(), Cost::Fixed(1), &[]), Err(Budget));
}
