//! What the verifier counts is exact: costs by hand, and steps as they were counted first, since a
//! limit that moves unnoticed is none.

use policyc::base::limits::{DECISION_COST_MAX, RULE_COST_MAX};
use policyc::lang::opcodes::{EXIT_FALSE, INFALLIBLE, Op};
use policyc::runtime::bundle::module::{
    FunctionKind, KeyedType, Module, NONE, OutputRow, Requirement, RuleIndex, TypeRow,
};
use policyc::runtime::verify::{annotate, is_over, verify};

use super::tables::change_strings;
use super::whole;
use crate::support::module::{R, Words, add_function, ins, ready, rich, small, string};

/// The costs of functions, and of the most expensive decision.
fn costs(module: &Module) -> (Vec<u64>, u64) {
    (module.functions.iter().map(|row| row.cost).collect(), module.manifest.cost)
}

#[test]
fn steps_are_counted_as_ever() {
    assert_eq!(verify(&whole()).expect("it is whole").steps(), 594);
}

/// Who asks what is told takes a step for each part of a message (1), for each output and what
/// explains it (2), and for each part of an answer (2); and then one for each function (6) and each
/// call (1).
#[test]
fn steps_for_secrets_are_counted_where_something_is_sensitive() {
    let mut module = whole();
    module.paths[4].sensitive = true;
    assert_eq!(verify(&module).expect("nothing tells it").steps(), 594 + 12);
}

/// A step for each requirement of a term, to read it and to note it.
#[test]
fn steps_for_what_terms_ask_are_counted() {
    let mut module = whole();
    let more = [0, 1].map(|slot| Requirement { slot, ty: NONE, optional: false, keyed: NONE });
    module.requirements.extend(more);
    module.govern.terms[0].requirements = 2;
    assert_eq!(verify(&module).expect("it is whole").steps(), 594 + 4);
}

/// A step for a type that hangs on a slot, and for each key that it names.
#[test]
fn steps_for_types_by_key_are_counted() {
    let mut module = whole();
    let cases = vec![(module.index.keys[0].0, 2)];
    module.keyed = vec![KeyedType { slot: 1, cases, otherwise: 2 }];
    module.requirements[6].keyed = 0;
    assert_eq!(verify(&module).expect("it is whole").steps(), 594 + 2);
}

/// A step for what takes labels away, for each part of its argument, and for each label.
#[test]
fn steps_for_sanitizers_are_counted() {
    let mut module = whole();
    let mut again = module.govern.sanitizers[0].clone();
    assert_eq!((again.arg.len(), again.removes.len(), again.adds.len()), (1, 2, 0));
    again.name = u32::try_from(module.strings.len() - 1).unwrap();
    module.govern.sanitizers.push(again);
    assert_eq!(verify(&module).expect("it is whole").steps(), 594 + 4);
}

/// .. and for each mark that it leaves.
#[test]
fn steps_for_marks_are_counted() {
    let mut module = whole();
    change_strings(&mut module, |strings| {
        for text in strings.iter_mut().filter(|text| *text == "cel") {
            *text = "clean.".to_owned();
        }
    });
    let govern = &mut module.govern;
    govern.labels[0].implies.clear();
    govern.tools[0].outputs[0].labels = vec![0];
    govern.sanitizers[0].removes = vec![0];
    let before = verify(&module).expect("it is whole").steps();
    let mut again = module.govern.sanitizers[0].clone();
    again.name = u32::try_from(module.strings.len() - 1).unwrap();
    again.adds = vec![1];
    module.govern.sanitizers.push(again);
    // Itself, a part of its argument, a label, a mark.
    assert_eq!(verify(&module).expect("it is whole").steps(), before + 4);
}

/// A loop in a loop: what the outer one starts with lacks the register and the cursor of the inner
/// one, a step for each.
#[test]
fn steps_for_loops_in_loops_are_counted() {
    let code = [
        ins(Op::Iter).abc(3, 0, R).f(EXIT_FALSE),
        ins(Op::Iter).abc(3, 1, R + 1).f(3),
        ins(Op::Next).abc(0, 1, R + 1).f(2),
        ins(Op::Next).abc(0, 0, R).f(1),
    ];
    let module = ready(FunctionKind::Condition, 2, 2, &code);
    assert_eq!(verify(&module).expect("it runs").steps(), 209);
}

/// A module that has no row for any value gets one where a function returns another type than it
/// says.
#[test]
fn what_a_function_returns_is_any_value_where_it_is_not_what_it_says() {
    let code = [ins(Op::LoadConst).abc(0, 1, R), ins(Op::Return).abc(R, 0, 0).e(INFALLIBLE)];
    let mut module = small(FunctionKind::Value(0), 1, 0, &code);
    module.types[2] = TypeRow::Bool;
    annotate(&mut module);
    let FunctionKind::Value(ty) = module.functions[0].kind else { panic!("a value") };
    assert_eq!(module.types.get(usize::from(ty)), Some(&TypeRow::Dyn));
}

/// A function that is over its ceiling because of one that it calls is not told.
#[test]
fn what_is_expensive_is_told_where_it_is() {
    let mut module = small(FunctionKind::Condition, 0, 0, &[ins(Op::Test).abc(1, 0, 0)]);
    let twice = [
        ins(Op::Iter).abc(3, 0, R).f(EXIT_FALSE),
        ins(Op::Iter).abc(3, 1, R + 1).f(3),
        ins(Op::Next).abc(0, 1, R + 1).f(2),
        ins(Op::Next).abc(0, 0, R).f(1),
    ];
    add_function(&mut module, FunctionKind::Condition, &twice, (R, 2), 2);
    let expensive = annotate(&mut module);
    let [one] = &expensive[..] else { panic!("one: {expensive:?}") };
    // The loop in the loop, and in it what ends a turn.
    assert_eq!((one.function, &one.at[..]), (1, &[0, 1, 2][..]));
    assert_eq!(one.cost, module.functions[1].cost);
    assert_eq!(module.functions[0].cost, one.cost + 1);
    assert!(one.most < one.cost && one.cost - one.most < 200_000, "{one:?}");
}

#[test]
fn costs_are_counted_as_ever() {
    assert_eq!(costs(&whole()), (vec![28, 2, 26, 4_505, 440, 2], 5_009));
}

/// What a decision costs beside the rules that its index finds.
fn beside(of: &[u64]) -> u64 {
    // The rule that is always asked, the message with a text and a value, the output.
    (of[1] + 1) + (1 + of[3] + 1) + (of[4] + 1)
}

#[test]
fn a_decision_costs_the_most_expensive_list_of_its_index() {
    let with = |prefixes: &[&str], keys: usize, patterns: usize| {
        let mut module = rich();
        let rules = |count| vec![0; count];
        let prefixes = prefixes.iter().map(|text| (string(&module, text), rules(1)));
        module.index = RuleIndex {
            key_slot: 1,
            always: vec![1],
            prefixes: prefixes.collect(),
            keys: vec![(string(&module, "send"), rules(keys)), (string(&module, "tool"), rules(1))],
            patterns: vec![(string(&module, "s*d"), rules(patterns))],
        };
        annotate(&mut module);
        let (of, all) = costs(&module);
        (all - beside(&of)) / (of[0] + 1)
    };
    assert_eq!(with(&["get_"], 1, 0), 1);
    assert_eq!(with(&["get_"], 3, 0), 3, "a key has all of its rules");
    assert_eq!(with(&["get_"], 1, 2), 3, "patterns come behind prefixes");
    assert_eq!(with(&["", "name", "send"], 1, 0), 2, "all begin with nothing, none with another");
    assert_eq!(with(&["", "name", "send"], 1, 1), 3, "and patterns behind them");
    assert_eq!(with(&["name", "price", "send"], 1, 0), 1, "no two of them fit a key");
}

#[test]
fn explanations_of_outputs_cost_too() {
    let mut module = rich();
    annotate(&mut module);
    let (of, before) = costs(&module);
    let row = module.outputs[0].clone();
    module.outputs[0] = OutputRow { explanation: 5, ..row };
    annotate(&mut module);
    assert_eq!(costs(&module).1, before + of[5] + 1);
    assert_ne!(module.outputs[0].explanation, NONE);
}

#[test]
fn ceilings_may_be_reached_and_not_passed() {
    assert!(!is_over(RULE_COST_MAX) && is_over(RULE_COST_MAX + 1) && is_over(u64::MAX));
    assert!(!is_over(0) && DECISION_COST_MAX > RULE_COST_MAX);
}
