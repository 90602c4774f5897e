//! Decisions in JSON: what waits, what outputs explain, what failed and where.

use crate::lang::decision::Effect::{Allow, Deny};
use crate::lang::error::EvalError;
use crate::lang::opcodes::*;
use crate::runtime::bundle::module::{FunctionKind, TypeRow};
use crate::runtime::vm::pending::PendingCall;
use crate::runtime::vm::report::{DecisionReport, EscalationReport, OutputReport};
use crate::runtime::vm::tests::{Sketch, decide, op, place};

/// The report of a decision of one rule, which comes out by this instruction.
fn report(end: Instruction, json: &str) -> DecisionReport {
    let mut s = Sketch::new(vec![place("x", TypeRow::Int)]);
    let skipped = op(Op::Jump, 0, 0, 0).to(1, INFALLIBLE);
    let function = s.function(FunctionKind::Condition, false, &[skipped, end]);
    s.rule("r", function, Deny);
    decide(&s.program(), json, DecisionReport::of)
}

/// What stands behind `before` in the JSON of a report.
fn behind<'j>(json: &'j str, before: &str) -> &'j str {
    json.split_once(before).unwrap_or_else(|| panic!("{before} in {json}")).1
}

#[test]
fn what_failed_is_told_with_its_place() {
    let failed = report(op(Op::Fail, 0, EvalError::Zone as u16, 0), "{}");
    let error = &failed.errors[0];
    assert_eq!((error.rule.as_deref(), error.class), (Some("r"), EvalError::Zone));
    assert_eq!((error.pc, error.at.as_deref(), error.offset), (Some(1), None, None));
    let refused = report(op(Op::Jump, 0, 0, 0), "{\"x\":true}");
    let error = &refused.errors[0];
    assert_eq!((error.rule.as_deref(), error.class), (None, EvalError::Input));
    assert_eq!((error.pc, error.at.as_deref(), error.unreadable), (None, Some("/x"), false));
    assert_eq!(refused.effect, Some(Deny));
}

/// An outcome that the rule has not is no instruction's fault.
#[test]
fn what_failed_without_an_instruction_has_no_place() {
    let mut s = Sketch::new(Vec::new());
    let function = s.function(FunctionKind::Decision, false, &[op(Op::Decide, 0, 5, 0)]);
    s.rule("r", function, Deny);
    let report = decide(&s.program(), "{}", DecisionReport::of);
    assert_eq!((report.errors.len(), report.errors[0].pc), (1, None));
}

#[test]
fn calls_that_are_waited_for_are_listed() {
    let call = |function: &str, is_async, timeout_ns| PendingCall {
        function: function.to_owned(),
        arguments: "[1]".to_owned(),
        digest: [0xAB; 32],
        is_async,
        timeout_ns,
    };
    let mut report = report(op(Op::Jump, 0, 0, 0).to(EXIT_FALSE, INFALLIBLE), "{}");
    assert_eq!((report.effect_word(), report.calls().count()), (Some("deny"), 0));
    assert!(!report.to_json().contains("pending"));
    report.awaited = vec![call("late", true, None)];
    assert_eq!(report.effect_word(), Some("deny"), "the effect does not wait");
    report.pending = vec![call("score", false, Some(1_500_000_000))];
    assert_eq!((report.effect_word(), report.calls().count()), (Some("pending"), 2));
    let json = report.to_json();
    let digest = format!("\"digest\":\"sha256:{}\"", "ab".repeat(32));
    let wanted = format!(
        "[{{\"f\":\"score\",\"args\":[1],{digest},\"mode\":\"sync\",\"timeout\":\"1.5s\"}},\
         {{\"f\":\"late\",\"args\":[1],{digest},\"mode\":\"async\",\"timeout\":null}}]",
    );
    assert!(json.starts_with("{\"effect\":\"pending\","), "{json}");
    assert!(behind(&json, ",\"pending\":").starts_with(&wanted), "{json}");
}

#[test]
fn outputs_with_what_explains_them() {
    let output = |name: &str, plain: &str, explanations: &[&str]| OutputReport {
        name: name.to_owned(),
        plain: plain.to_owned(),
        canonical: plain.to_owned(),
        explanations: explanations.iter().map(|it| (*it).to_owned()).collect(),
    };
    let mut report = report(op(Op::Jump, 0, 0, 0).to(EXIT_FALSE, INFALLIBLE), "{}");
    report.outputs = vec![output("b", "1", &[]), output("a", "2", &[])];
    let json = report.to_json();
    assert!(behind(&json, "\"outputs\":").starts_with("{\"b\":1,\"a\":2},\"errors\":"), "{json}");
    report.outputs = vec![output("b", "1", &["x", "\"y\""]), output("c", "3", &[]), {
        output("a", "2", &["z"])
    }];
    let json = report.to_json();
    let wanted = "{\"b\":1,\"c\":3,\"a\":2},\
                  \"explanations\":{\"a\":[\"z\"],\"b\":[\"x\",\"\\\"y\\\"\"]},\"errors\":[]";
    assert!(behind(&json, "\"outputs\":").starts_with(wanted), "{json}");
}

#[test]
fn who_is_asked_and_what_is_answered() {
    let mut report = report(op(Op::Jump, 0, 0, 0).to(EXIT_FALSE, INFALLIBLE), "{}");
    report.effect = Some(Allow);
    report.escalation = Some(EscalationReport {
        to: vec!["a".to_owned(), "b".to_owned()],
        quorum: 2,
        timeout_ns: None,
        suspend: true,
    });
    report.answer = Some("{\"k\":1}".to_owned());
    (report.unsigned, report.now) = (true, (0, 0));
    (report.digest, report.bundle, report.cost) = ([1; 32], [2; 32], 7);
    let json = report.to_json();
    let wanted = format!(
        "{{\"effect\":\"allow\",\"rule\":null,\"fired\":[],\"shadow\":[],\"reason\":\"\",\
         \"obligations\":[],\"outputs\":{{}},\"errors\":[],\"to\":[\"a\",\"b\"],\"quorum\":2,\
         \"timeout\":null,\"on_timeout\":\"suspend\",\"answer\":{{\"k\":1}},\"cost\":7,\
         \"digest\":\"sha256:{}\",\"bundle\":\"sha256:{}\",\"unsigned\":true,\
         \"now\":\"1970-01-01T00:00:00Z\"}}",
        "01".repeat(32),
        "02".repeat(32),
    );
    assert_eq!(json, wanted);
}
