//! What decisions say: their canonical form, messages as long as they may be, calls that nobody
//! answered, and what is seen of instructions that are made to fail.

use crate::base::limits::{
    HOST_CALL_BYTES_MAX, HOST_CALLS_MAX, MESSAGE_EXPRESSION_BYTES_MAX, REASON_BYTES_MAX,
};
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

/// Of two parts the first alone is said where both are longer than a message may be.
#[test]
fn what_does_not_fit_a_message_is_cut_off() {
    let most = REASON_BYTES_MAX;
    for (parts, said, fits) in [
        ([most - 1, 1], most, true),
        ([most - 1, 2], most - 1, false),
        ([most, 0], most, true),
        ([0, most], most, true),
        ([1, most], 1, false),
    ] {
        let mut sketch = saying("");
        let parts = parts.map(|bytes| TemplatePart::Text(sketch.string(&"m".repeat(bytes))));
        sketch.template(0, parts.to_vec());
        decide(&sketch.program(), "{}", |decision| {
            assert_eq!(decision.reason().len(), said, "{parts:?}");
            let classes: Vec<_> = decision.failures().iter().map(|it| it.class).collect();
            assert_eq!(classes.is_empty(), fits, "{parts:?}");
            assert!(fits || classes == [EvalError::Budget], "{parts:?}");
        });
    }
}

/// What a part of a message says that has other words to say instead.
#[test]
fn other_words_stand_where_a_value_is_no_line_of_text() {
    let longest = "l".repeat(MESSAGE_EXPRESSION_BYTES_MAX);
    for (x, said, failures) in [
        (r#""a line""#.to_owned(), "<a line>", 0),
        (r#""  a line \t""#.to_owned(), "<a line>", 0),
        (r#""\n a line\n""#.to_owned(), "<a line>", 0),
        (r#""two\nlines""#.to_owned(), "<other>", 0),
        (r#""""#.to_owned(), "<other>", 0),
        (r#"" \n ""#.to_owned(), "<other>", 0),
        ("5".to_owned(), "<other>", 0),
        (format!("\"{longest}\""), &format!("<{longest}>"), 0),
        (format!("\" {longest} \""), &format!("<{longest}>"), 0),
        (format!("\"{longest}l\""), "<other>", 0),
    ] {
        let context = format!(r#"{{"x":{x}}}"#);
        assert_eq!(value_said(&context, true), (said.to_owned(), failures), "{context}");
    }
    assert_eq!(value_said("{}", true), ("<other>".to_owned(), 1), "it fails");
    assert_eq!(value_said("{}", false).1, 1, "it fails");
    assert!(value_said("{}", false).0.starts_with("<{"), "the class stands in its place");
    assert_eq!(value_said(r#"{"x":" 5 "}"#, false), ("< 5 >".to_owned(), 0));
    assert_eq!(value_said(r#"{"x":5}"#, false), ("<5>".to_owned(), 0));
}

/// A message that shows `x` between brackets, and how many failures there are then.
fn value_said(context: &str, other: bool) -> (String, usize) {
    let mut sketch = saying("");
    let function = sketch.function(FunctionKind::Value(0), false, &[op(Op::Return, 0, 0, 0)]);
    let [before, behind, words] = ["<", ">", "other"].map(|text| sketch.string(text));
    let value =
        if other { TemplatePart::Else(function, words) } else { TemplatePart::Value(function) };
    sketch.template(0, vec![TemplatePart::Text(before), value, TemplatePart::Text(behind)]);
    let program = sketch.program();
    decide(&program, context, |decision| {
        let said = decision.reason().to_owned();
        // Whoever asks twice is told the same, and no failure is noted twice.
        assert_eq!(decision.reason(), said);
        (said, decision.failures().len())
    })
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
    assert_eq!(noted(0, 1, five), 1, "it is the first");
    assert_eq!(noted(0, 1, five), 1, "it was noted");
    assert_eq!(noted(0, 2, five), 2, "other arguments");
    assert_eq!(noted(1, 1, five), 3, "another function");
    assert_eq!(noted(1, 3, &long), 3, "there is no room");
    let first = calls.calls().next().expect("a call");
    assert_eq!(first, (0, [1; 32], "5"));
    assert!(!calls.is_empty());
    calls.clear();
    assert!(calls.is_empty());
    calls.note(1, [3; 32], (&heap, &long));
    assert_eq!(calls.calls().count(), 1, "the first is noted however long it is");
}

/// Calls are noted up to both limits: bytes of their arguments, and their number.
#[test]
fn as_many_calls_are_noted_as_there_may_be() {
    let program = sketch().program();
    let mut scratch = Scratch::for_program(&program);
    // Its quotes are two bytes.
    let context = format!(r#"{{"x":"{}"}}"#, "x".repeat(HOST_CALL_BYTES_MAX - 3));
    let filled = ingest(&program, context.as_bytes(), &mut scratch);
    let Scratch { file, store, .. } = &mut *filled.scratch;
    let (heap, long) = (heap(&program, filled.request, store), file[0]);
    for (first, noted) in [(5, 2), (55, 1)] {
        let mut calls = UnansweredCalls::default();
        calls.note(0, [1; 32], (&heap, &Value::int(first)));
        calls.note(0, [2; 32], (&heap, &long));
        assert_eq!(calls.calls().count(), noted, "{first}");
    }
    let mut calls = UnansweredCalls::default();
    for at in 0..=u16::try_from(HOST_CALLS_MAX).expect("few") {
        calls.note(at, [0; 32], (&heap, &Value::int(5)));
    }
    assert_eq!(calls.calls().count(), HOST_CALLS_MAX);
    assert_eq!(calls.calls().last().map(|(host, ..)| usize::from(host)), Some(HOST_CALLS_MAX - 1));
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

#[test]
fn who_watches_a_message_is_told_it() {
    let program = saying("no").program();
    decide(&program, "{}", |decision| {
        assert_eq!(decision.reason_observed(&mut Failing::default()), "no");
        assert_eq!(decision.said(), "no");
    });
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
