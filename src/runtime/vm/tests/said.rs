//! What decisions say: their canonical form, messages as long as they may be, calls that nobody
//! answered, and what is seen of instructions that are made to fail.

use crate::base::limits::{HOST_CALL_BYTES_MAX, REASON_BYTES_MAX};
use crate::lang::decision::Effect;
use crate::lang::error::EvalError;
use crate::lang::opcodes::*;
use crate::lang::value::Value;
use crate::runtime::bundle::module::{FunctionKind, NONE, Requirement, TemplatePart, TypeRow};
use crate::runtime::vm::canonical::{Canonical, write_digest};
use crate::runtime::vm::decide::meets;
use crate::runtime::vm::missing::UnansweredCalls;
use crate::runtime::vm::observe::{AtomObservation, AtomOutcome, Observer};
use crate::runtime::vm::request::{Moment, heap, ingest};
use crate::runtime::vm::scratch::Scratch;
use crate::runtime::vm::tests::{Sketch, decide, op, place};

fn sketch() -> Sketch {
    Sketch::new(vec![place("x", TypeRow::Dyn)])
}

/// A rule `r` that fires and says `message`.
fn saying(message: &str) -> Sketch {
    let mut sketch = sketch();
    let end = op(Op::Jump, 0, 0, 0).to(EXIT_TRUE, 0);
    let function = sketch.function(FunctionKind::Condition, false, &[end]);
    let rule = sketch.rule("r", function, Effect::Deny);
    let text = sketch.string(message);
    sketch.template(rule, vec![TemplatePart::Text(text)]);
    sketch
}

#[test]
fn what_stands_in_front_of_a_message_is_told() {
    let program = saying("no").program();
    let mut canonical = Canonical::of(&program);
    assert_eq!(canonical.front(), None, "nothing was decided");
    decide(&program, "{}", |decision| canonical.digest(decision));
    let front = "policyc.decision.v1\0{\"effect\":\"deny\",\"errors\":[],\"fired\":[\"r\"],\
                 \"obligations\":[],\"outputs\":{},\"reason\":";
    assert_eq!(canonical.front(), Some((front, "\"no\"")));
    assert_eq!((canonical.errors(), canonical.fired()), ("[]", "[\"r\"]"));
    assert_eq!((canonical.outputs(), canonical.reason()), ("{}", "\"no\""));
}

#[test]
fn digests_are_spelled_by_two_digits_a_byte() {
    let mut digest = [0; 32];
    (digest[0], digest[31]) = (0xA5, 0x0F);
    let mut text = String::new();
    write_digest(&mut text, &digest).expect("a string takes it");
    assert_eq!(text, format!("a5{}0f", "0".repeat(60)));
}

#[test]
fn a_message_may_be_as_long_as_its_limit() {
    for (bytes, said) in [(REASON_BYTES_MAX, REASON_BYTES_MAX), (REASON_BYTES_MAX + 1, 0)] {
        let program = saying(&"m".repeat(bytes)).program();
        decide(&program, "{}", |decision| assert_eq!(decision.reason().len(), said, "{bytes}"));
    }
}

#[test]
fn requirements_are_met_where_all_is_there() {
    let mut sketch = sketch();
    let row = Requirement { slot: 0, ty: NONE, optional: false, keyed: NONE };
    sketch.module.requirements.push(row);
    let program = sketch.program();
    let mut scratch = Scratch::for_program(&program);
    for (context, met) in [("{}", false), (r#"{"x":1}"#, true)] {
        let mut filled = ingest(&program, context.as_bytes(), &mut scratch);
        assert_eq!(meets(&mut filled, (0, 1)), met, "{context}");
        assert!(meets(&mut filled, (0, 0)), "nothing is asked");
    }
}

#[test]
fn each_call_is_noted_once_as_long_as_there_is_room() {
    let program = sketch().program();
    let mut scratch = Scratch::for_program(&program);
    let context = format!(r#"{{"x":"{}"}}"#, "x".repeat(HOST_CALL_BYTES_MAX));
    let filled = ingest(&program, context.as_bytes(), &mut scratch);
    let Scratch { file, store, .. } = &mut *filled.scratch;
    let (heap, long) = (heap(&program, filled.request, store), file[0]);
    let mut calls = UnansweredCalls::default();
    let mut noted = |host, digest, value| {
        calls.note(host, [digest; 32], (&heap, value));
        calls.calls().count()
    };
    let five = &Value::int(5);
    assert_eq!(noted(0, 1, five), 1);
    assert_eq!(noted(0, 1, five), 1, "it was noted");
    assert_eq!(noted(0, 2, five), 2, "other arguments");
    assert_eq!(noted(1, 1, five), 3, "another function");
    assert_eq!(noted(1, 3, &long), 3, "there is no room");
    let first = calls.calls().next().expect("a call");
    assert_eq!(first, (0, [1; 32], "5"));
    calls.clear();
    calls.note(1, [3; 32], (&heap, &long));
    assert_eq!(calls.calls().count(), 1, "the first is noted however long it is");
}

/// Makes every instruction fail that can, and keeps what it sees of atoms.
#[derive(Default)]
struct Failing(Vec<(u16, AtomOutcome)>);

impl Observer for Failing {
    fn see(&mut self, sight: AtomObservation<'_>) {
        self.0.push((sight.atom, sight.outcome));
    }

    fn fault(&mut self, _: u32) -> Option<EvalError> {
        Some(EvalError::Zone)
    }
}

/// An instruction that is made to fail is seen as one that failed; one that cannot fail does not.
#[test]
fn what_is_made_to_fail_is_seen_to() {
    for (e, seen, failures) in [
        (EXIT_ERROR, AtomOutcome::Error(EvalError::Zone), vec![EvalError::Zone]),
        (INFALLIBLE, AtomOutcome::True, vec![]),
    ] {
        let mut sketch = sketch();
        let one = sketch.constant(crate::lang::constant::Constant::Int(1));
        let atom = op(Op::CompareInt, 0, one, 0).x(X_EQUAL).to(EXIT_FALSE, e).atom(3);
        let part = op(Op::CompareInt, 0, one, 0).x(X_EQUAL).to(EXIT_FALSE, INFALLIBLE);
        let function = sketch.function(FunctionKind::Condition, false, &[part, atom]);
        sketch.rule("r", function, Effect::Allow);
        let program = sketch.program();
        let mut scratch = Scratch::for_program(&program);
        let mut filled = ingest(&program, br#"{"x":1}"#, &mut scratch);
        let (moment, mut failing) = (Moment::at(0, 0), Failing::default());
        let decision = filled.decide_observed(&moment, &mut failing);
        let classes: Vec<_> = decision.failures().iter().map(|it| it.class).collect();
        assert_eq!(classes, failures);
        assert_eq!(decision.is_allowed(), failures.is_empty());
        assert_eq!(failing.0, [(3, seen)]);
    }
}

#[test]
fn what_is_no_json_is_told_from_what_is_no_context() {
    let program = sketch().program();
    let mut scratch = Scratch::for_program(&program);
    for (context, grammar) in [(r#"{"x":1,}"#, true), (r#"{"x":"#, true), ("[]", false)] {
        let filled = ingest(&program, context.as_bytes(), &mut scratch);
        let kind = filled.error().expect("it is refused").kind;
        assert_eq!(kind.is_grammar(), grammar, "{context}");
    }
}
