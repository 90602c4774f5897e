//! Which rules a request concerns: long lists, those that its key chooses; and what rules ask of a
//! request.

use crate::lang::constant::Constant;
use crate::lang::decision::Effect;
use crate::lang::error::EvalError;
use crate::lang::opcodes::*;
use crate::lang::value::Value;
use crate::runtime::bundle::module::{
    FunctionKind, KeyedType, NONE, OutputRow, Phase, Requirement, TypeRow,
};
use crate::runtime::program::Program;
use crate::runtime::program::dispatch::ProgramItem;
use crate::runtime::vm::decide::{applicable_rules, check_requirements, meets};
use crate::runtime::vm::partial::unknown::UnknownReference;
use crate::runtime::vm::request::error::{Expected, InputKind};
use crate::runtime::vm::request::{Moment, ingest};
use crate::runtime::vm::scratch::Scratch;
use crate::runtime::vm::tests::{Sketch, decide, op, place};

/// Slots of the places `k`, which is a text, and `x`.
const K: u16 = 0;
const X: u16 = 2;

fn sketch() -> Sketch {
    Sketch::new(vec![place("k", TypeRow::String), place("x", TypeRow::Dyn)])
}

/// Adds rules `r0` .., each of which fires where `x` is its number; each costs as much as that.
fn add(sketch: &mut Sketch, count: i64) {
    for at in 0..count {
        let constant = sketch.constant(Constant::Int(at));
        let code = [op(Op::CompareInt, X, constant, 0).x(X_EQUAL)];
        let function = sketch.function(FunctionKind::Condition, false, &code);
        sketch.module.functions[usize::from(function)].cost = u64::try_from(at).expect("from 0 on");
        sketch.rule(&format!("r{at}"), function, Effect::Deny);
    }
}

/// The rules that fire, and the cost.
fn fired(program: &Program, context: &str) -> (Vec<u16>, u64) {
    decide(program, context, |decision| {
        assert_eq!(decision.input_error(), None, "{context}");
        (decision.fired().iter().map(|it| it.rule).collect(), decision.cost())
    })
}

#[test]
fn every_rule_of_a_long_list_is_asked() {
    for count in [1, 63, 64, 65, 128, 129, 200] {
        let mut sketch = sketch();
        add(&mut sketch, count);
        let program = sketch.program();
        let cost = u64::try_from(count * (count - 1) / 2).expect("from 0 on");
        for x in [0, 1, 62, 63, 64, 65, 127, 128, 129, 199, 200] {
            let wanted: Vec<u16> =
                (x < count).then_some(u16::try_from(x).expect("few")).into_iter().collect();
            assert_eq!(
                fired(&program, &format!("{{\"x\":{x}}}")),
                (wanted, cost),
                "{x} of {count}"
            );
        }
    }
}

/// Of the rules, 0 and 150 are asked always; all others by their keys.
fn keyed() -> Sketch {
    let mut sketch = sketch();
    add(&mut sketch, 160);
    let always = vec![0, 150];
    let all: Vec<u16> = (1..150).collect();
    let [few, many, get, get_a, pattern] =
        ["few", "many", "get_", "get_a", "*_all"].map(|text| sketch.string(text));
    let index = &mut sketch.module.index;
    index.key_slot = K;
    index.always = always;
    index.keys = vec![(few, vec![1, 151]), (many, all)];
    index.prefixes = vec![(get, vec![2, 3, 152]), (get_a, vec![3, 4])];
    index.patterns = vec![(pattern, vec![1, 3, 153])];
    sketch
}

#[test]
fn rules_are_those_of_the_key_and_those_that_are_always_asked() {
    let sum = |rules: &[u64]| 150 + rules.iter().sum::<u64>();
    let program = keyed().program();
    let many: Vec<u64> = (1..150).collect();
    for (key, rules) in [
        ("few", &[1, 151][..]),
        ("many", &many),
        ("get_b", &[2, 3, 152]),
        // Several lists: each rule once.
        ("get_a", &[2, 3, 4, 152]),
        ("get_all", &[1, 2, 3, 4, 152, 153]),
        ("the_all", &[1, 3, 153]),
        ("other", &[]),
    ] {
        for x in [0, 1, 2, 3, 4, 64, 65, 149, 150, 151, 152, 153, 154] {
            let is_asked = x == 0 || x == 150 || rules.contains(&x);
            let wanted = is_asked.then_some(u16::try_from(x).expect("few")).into_iter().collect();
            let found = fired(&program, &format!("{{\"k\":\"{key}\",\"x\":{x}}}"));
            assert_eq!(found, (wanted, sum(rules)), "{key} {x}");
        }
        let mut scratch = Scratch::for_program(&program);
        let context = format!("{{\"k\":\"{key}\"}}");
        let mut filled = ingest(&program, context.as_bytes(), &mut scratch);
        let (found, cost) =
            applicable_rules(&mut filled, Phase::Request).expect("nothing is asked");
        let mut all: Vec<u64> = [0, 150].into_iter().chain(rules.iter().copied()).collect();
        all.sort_unstable();
        let found: Vec<u64> = found.into_iter().map(u64::from).collect();
        assert_eq!((found, cost), (all, sum(rules)), "{key}");
    }
}

/// Two rules that stand at one place of either list, and fire together.
#[test]
fn rules_of_both_lists_fire_together() {
    let mut sketch = sketch();
    add(&mut sketch, 2);
    let constant = sketch.constant(Constant::Int(0));
    let code = [op(Op::CompareInt, X, constant, 0).x(X_EQUAL)];
    let function = sketch.function(FunctionKind::Condition, false, &code);
    sketch.rule("r2", function, Effect::Deny);
    let key = sketch.string("a");
    let index = &mut sketch.module.index;
    (index.key_slot, index.always, index.keys) = (K, vec![0, 1], vec![(key, vec![2])]);
    let program = sketch.program();
    for (context, rules) in [
        (r#"{"k":"a","x":0}"#, vec![0, 2]),
        (r#"{"k":"a","x":1}"#, vec![1]),
        (r#"{"k":"b","x":0}"#, vec![0]),
        (r#"{"k":"a","x":2}"#, vec![]),
    ] {
        assert_eq!(fired(&program, context).0, rules, "{context}");
    }
}

/// The rules that fire, and how many fail.
fn said(program: &Program, context: &str, scratch: &mut Scratch) -> (Vec<u16>, usize) {
    let mut filled = ingest(program, context.as_bytes(), scratch);
    let decision = filled.decide(&Moment::at(0, 0));
    let fired: Vec<u16> = decision.fired().iter().map(|it| it.rule).collect();
    (fired, decision.failures().len())
}

/// One scratch decides about one context after the other as if each were the first: also where one
/// left atoms open, and where a rule runs whatever the slots hold.
#[test]
fn what_was_decided_before_changes_nothing() {
    let mut sketch = Sketch::new(vec![place("k", TypeRow::Dyn), place("x", TypeRow::Dyn)]);
    add(&mut sketch, 6);
    let fail = op(Op::Fail, 0, EvalError::Zone as u16, 0);
    for (id, code) in [
        ("r6", op(Op::Compare, X, K, 0).x(X_LESS)),
        ("r7", op(Op::Equal, X, K, 0)),
        ("fails", fail),
    ] {
        let function = sketch.function(FunctionKind::Condition, false, &[code]);
        sketch.rule(id, function, Effect::Allow);
    }
    let program = sketch.program();
    let cases = [
        (r#"{"x":0,"k":"a"}"#, (vec![0], 2)),
        (r#"{"x":5,"k":4}"#, (vec![5], 1)),
        (r#"{"x":5,"k":5}"#, (vec![5, 7], 1)),
        (r#"{"x":5,"k":6}"#, (vec![5, 6], 1)),
        (r#"{"x":4.5,"k":4}"#, (vec![], 1)),
        (r#"{"x":4.5,"k":5}"#, (vec![6], 1)),
        (r#"{"x":4.0,"k":4}"#, (vec![4, 7], 1)),
        (r#"{"x":7,"k":7.5}"#, (vec![6], 1)),
        (r#"{"x":7,"k":6.5}"#, (vec![], 1)),
        (r#"{"x":"a","k":"b"}"#, (vec![6], 7)),
        ("[]", (vec![], 0)),
    ];
    for (first, _) in &cases {
        for (second, wanted) in &cases {
            let mut scratch = Scratch::for_program(&program);
            said(&program, first, &mut scratch);
            assert_eq!(said(&program, second, &mut scratch), *wanted, "{first} {second}");
        }
    }
}

/// The same where outputs are evaluated, too.
#[test]
fn rules_are_the_same_beside_outputs() {
    let mut sketch = keyed();
    let constant = sketch.constant(Constant::Int(7));
    let (ty, register) = (sketch.ty(TypeRow::Dyn), sketch.register(0));
    let code = [op(Op::LoadConst, 0, constant, register), op(Op::Return, register, 0, 0)];
    let function = sketch.function(FunctionKind::Value(ty), false, &code);
    let (first_requirement, requirements) = (0, 0);
    let row = OutputRow { name: 0, function, explanation: NONE, first_requirement, requirements };
    sketch.module.outputs.push(row);
    let program = sketch.program();
    for (key, x, rules, cost) in [
        ("few", 151, vec![151], 150 + 152),
        ("get_all", 4, vec![4], 150 + 1 + 2 + 3 + 4 + 152 + 153),
        ("other", 0, vec![0], 150),
        ("other", 1, vec![], 150),
    ] {
        let context = format!("{{\"k\":\"{key}\",\"x\":{x}}}");
        // The output costs two units.
        assert_eq!(fired(&program, &context), (rules, cost + 2), "{context}");
    }
}

#[test]
fn what_a_rule_asks_is_asked_where_the_rule_is() {
    let mut sketch = keyed();
    let int = sketch.ty(TypeRow::Int);
    let asks = |ty| Requirement { slot: X, ty, optional: false, keyed: NONE };
    sketch.module.requirements = vec![asks(NONE), asks(int)];
    for (rule, first) in [(151, 0), (4, 1)] {
        let row = &mut sketch.module.rules[rule];
        (row.first_requirement, row.requirements) = (first, 1);
    }
    let program = sketch.program();
    let needed = |rule, expected| Some(InputKind::Needed(ProgramItem::Rule(rule), expected));
    for (context, refused) in [
        (r#"{"k":"few","x":1}"#, None),
        (r#"{"k":"few","x":"1"}"#, None),
        (r#"{"k":"few"}"#, needed(151, Expected::There)),
        (r#"{"k":"get_a","x":4}"#, None),
        (r#"{"k":"get_a"}"#, needed(4, Expected::There)),
        (r#"{"k":"get_a","x":"4"}"#, needed(4, Expected::Int)),
        (r#"{"k":"get_all","x":[4]}"#, needed(4, Expected::Int)),
        (r#"{"k":"many"}"#, needed(4, Expected::There)),
        (r#"{"k":"get_b"}"#, None),
        (r#"{"k":"other"}"#, None),
        ("{}", Some(InputKind::MissingField)),
        (r#"{"x":1}"#, Some(InputKind::MissingField)),
    ] {
        let kind = decide(&program, context, |decision| decision.input_error().map(|it| it.kind));
        assert_eq!(kind, refused, "{context}");
    }
    let mut scratch = Scratch::for_program(&program);
    for (context, rule, refused) in [
        ("{}", 151, needed(151, Expected::There)),
        (r#"{"x":"a"}"#, 151, None),
        (r#"{"x":"a"}"#, 4, needed(4, Expected::Int)),
        (r#"{"x":4.0}"#, 4, None),
        ("{}", 5, None),
    ] {
        let mut filled = ingest(&program, context.as_bytes(), &mut scratch);
        let asked = check_requirements(&mut filled, ProgramItem::Rule(rule));
        assert_eq!(asked.err().map(|error| error.kind), refused, "{context} {rule}");
    }
}

/// What is of the right kind and not as it is declared is told so.
#[test]
fn parts_that_are_wrong_are_told_from_wholes() {
    let mut sketch = sketch();
    let (int, string) = (sketch.ty(TypeRow::Int), sketch.ty(TypeRow::String));
    let record = TypeRow::Record { fields: vec![], rest: int };
    let types = [TypeRow::List(int, None), TypeRow::Map(string, int), record, TypeRow::Int];
    let types = types.map(|ty| sketch.ty(ty));
    for ty in types {
        let row = Requirement { slot: X, ty, optional: false, keyed: NONE };
        sketch.module.requirements.push(row);
    }
    sketch.rule("r", 0, Effect::Deny);
    for (at, x, wanted) in [
        (0, "[1]", None),
        (0, r#"["a"]"#, Some(Expected::Declared)),
        (0, r#"{"a":1}"#, Some(Expected::List)),
        (1, r#"{"a":1}"#, None),
        (1, r#"{"a":"b"}"#, Some(Expected::Declared)),
        (1, "[1]", Some(Expected::Map)),
        (2, r#"{"a":1}"#, None),
        (2, r#"{"a":"b"}"#, Some(Expected::Declared)),
        (2, "5", Some(Expected::Object)),
        (3, "5", None),
        (3, "[5]", Some(Expected::Int)),
        (3, "{}", Some(Expected::Int)),
    ] {
        let mut sketch = Sketch { module: sketch.module.clone() };
        (sketch.module.rules[0].first_requirement, sketch.module.rules[0].requirements) = (at, 1);
        let program = sketch.program();
        let mut scratch = Scratch::for_program(&program);
        let context = format!("{{\"x\":{x}}}");
        let mut filled = ingest(&program, context.as_bytes(), &mut scratch);
        let asked = check_requirements(&mut filled, ProgramItem::Rule(0));
        let wanted = wanted.map(|it| InputKind::Needed(ProgramItem::Rule(0), it));
        assert_eq!(asked.err().map(|error| error.kind), wanted, "{at} {x}");
    }
}

/// A type that goes with what `k` holds: an int with `a`, a text with `b`, else a double.
#[test]
fn a_type_may_go_with_another_value() {
    let mut sketch = sketch();
    let [int, string, double] =
        [TypeRow::Int, TypeRow::String, TypeRow::Double].map(|ty| sketch.ty(ty));
    let [a, b] = ["a", "b"].map(|text| sketch.string(text));
    let cases = vec![(a, int), (b, string)];
    sketch.module.keyed.push(KeyedType { slot: K, cases, otherwise: double });
    for (ty, optional) in [(NONE, false), (NONE, true), (int, false)] {
        let row = Requirement { slot: X, ty, optional, keyed: 0 };
        sketch.module.requirements.push(row);
    }
    let program = sketch.program();
    let mut scratch = Scratch::for_program(&program);
    for (context, met) in [
        (r#"{"k":"a","x":5}"#, [true, true, true]),
        (r#"{"k":"a","x":5.5}"#, [false, false, false]),
        (r#"{"k":"a","x":"s"}"#, [false, false, false]),
        (r#"{"k":"b","x":"s"}"#, [true, true, false]),
        (r#"{"k":"b","x":5}"#, [false, false, false]),
        (r#"{"k":"c","x":5}"#, [true, true, true]),
        (r#"{"k":"c","x":5.5}"#, [true, true, false]),
        (r#"{"k":"","x":"s"}"#, [false, false, false]),
        (r#"{"x":5.5}"#, [true, true, false]),
        (r#"{"x":"s"}"#, [false, false, false]),
        (r#"{"k":"a"}"#, [false, true, false]),
        ("{}", [false, true, false]),
    ] {
        for (at, met) in (0..).zip(met) {
            let mut filled = ingest(&program, context.as_bytes(), &mut scratch);
            assert_eq!(meets(&mut filled, (at, 1)), met, "{context} {at}");
        }
    }
    // Where the key is unknown nobody knows the type.
    let unknown = UnknownReference { row: 0, ty: NONE, below: false, rows: NONE }.value();
    for (value, met) in [(unknown, true), (Value::int(7), false)] {
        let mut filled = ingest(&program, br#"{"x":"s"}"#, &mut scratch);
        filled.scratch.file[usize::from(K)] = value;
        assert_eq!(meets(&mut filled, (0, 1)), met, "{value:?}");
    }
}

#[test]
fn the_key_of_a_request_is_told() {
    let program = keyed().program();
    let mut key = Some("before".to_owned());
    for (context, wanted) in [
        (r#"{"k":"few","x":1}"#, Some("few")),
        ("{}", None),
        (r#"{"k":"a longer name"}"#, Some("a longer name")),
    ] {
        decide(&program, context, |decision| decision.key_into(&mut key));
        assert_eq!(key.as_deref(), wanted, "{context}");
    }
}
