//! Decisions that wait for results of host functions, and those that do not wait for them.

use crate::lang::decision::Effect::{self, *};
use crate::lang::error::EvalError;
use crate::lang::opcodes::*;
use crate::runtime::bundle::module::{
    Fallback, FunctionKind, HostRow, NONE, OutcomeRow, OutputRow, TemplatePart, TypeRow,
};
use crate::runtime::vm::decision::Decision;
use crate::runtime::vm::hosts::HostTable;
use crate::runtime::vm::pending::PendingCall;
use crate::runtime::vm::request::{Moment, ingest};
use crate::runtime::vm::scratch::Scratch;
use crate::runtime::vm::tests::{Sketch, decide, op, place};

/// How a rule comes out.
#[derive(Clone, Copy, Debug)]
enum RuleBehaviour {
    Fires,
    Silent,
    /// It lacks the result of `score(x)`.
    Waits,
    /// It lacks the result of a call that nobody noted.
    Lacks,
    /// It lacks the result, and fails in another way.
    FailsBeside,
    Fails,
    /// It fires, and its message waits.
    Says,
    /// It waits in shadow.
    Shadow,
}
use RuleBehaviour::{Fails, FailsBeside, Fires, Lacks, Says, Shadow, Silent, Waits};

/// A module with the host function `score`, which has `x` as its argument.
fn sketch() -> Sketch {
    let mut s = Sketch::new(vec![place("x", TypeRow::Dyn)]);
    let (ty, name) = (s.ty(TypeRow::Dyn), s.string("score"));
    let params = vec![ty];
    s.module.hosts.push(HostRow {
        name,
        params,
        result: ty,
        is_async: true,
        timeout_ns: Some(250),
    });
    s
}

/// Code that lacks a result, and fails.
fn waits(s: &Sketch) -> Vec<Instruction> {
    let r = s.register(0);
    vec![op(Op::Move, 0, 0, r), op(Op::CallHost, r, 0, r + 1), op(Op::Return, r + 1, 0, 0)]
}

fn add(s: &mut Sketch, effect: Effect, comes: RuleBehaviour) -> u16 {
    let jump = |to| vec![op(Op::Jump, 0, 0, 0).to(to, EXIT_ERROR)];
    let code = match comes {
        Fires | Says => jump(EXIT_TRUE),
        Silent => jump(EXIT_FALSE),
        Waits | Shadow => waits(s),
        Fails => vec![op(Op::Fail, 0, EvalError::Zone as u16, 0)],
        Lacks => vec![op(Op::Fail, 0, EvalError::Pending as u16, 0)],
        FailsBeside => {
            let r = s.register(0);
            let call = op(Op::CallHost, r, 0, r + 1).to(0, 2);
            vec![op(Op::Move, 0, 0, r), call, op(Op::Fail, 0, EvalError::Zone as u16, 0)]
        }
    };
    let function = s.function(FunctionKind::Condition, false, &code);
    let rule = s.rule("r", function, effect);
    s.module.rules[usize::from(rule)].shadow = matches!(comes, Shadow);
    if matches!(comes, Says) {
        let code = waits(s);
        let dynamic = s.ty(TypeRow::Dyn);
        let value = s.function(FunctionKind::Value(dynamic), false, &code);
        s.template(rule, vec![TemplatePart::Value(value)]);
    }
    rule
}

fn output(s: &mut Sketch, code: &[Instruction]) {
    let dynamic = s.ty(TypeRow::Dyn);
    let function = s.function(FunctionKind::Value(dynamic), false, code);
    let name = s.string("out");
    s.module.outputs.push(OutputRow {
        name,
        function,
        explanation: NONE,
        first_requirement: 0,
        requirements: 0,
    });
}

/// What `look` sees of the decision, the message of which was made.
fn decided<T>(s: Sketch, look: impl FnOnce(&Decision<'_>) -> T) -> T {
    decide(&s.program(), r#"{"x":"a"}"#, |decision| {
        let _ = decision.reason();
        look(decision)
    })
}

/// The call that all of them wait for.
fn call() -> PendingCall {
    PendingCall {
        function: "score".to_owned(),
        arguments: "[\"a\"]".to_owned(),
        digest: HostTable::digest("[\"a\"]"),
        is_async: true,
        timeout_ns: Some(250),
    }
}

#[test]
fn a_decision_waits_where_a_result_could_change_its_effect() {
    for (default, rules, effect, pending) in [
        // Nobody lacks anything.
        (Deny, &[(Allow, Fires), (Deny, Silent)][..], Allow, false),
        (Deny, &[(Allow, Fires), (Deny, Fails)], Deny, false),
        // It is denied, whatever the result is.
        (Deny, &[(Deny, Waits)], Deny, false),
        (Deny, &[(Deny, Fires), (Allow, Waits)], Deny, false),
        (Deny, &[(Deny, Fires), (Deny, Waits)], Deny, false),
        (Allow, &[(Escalate, Fires), (Allow, Waits)], Escalate, false),
        (Allow, &[(Allow, Waits)], Allow, false),
        (Deny, &[(Allow, Waits), (Allow, Fires)], Allow, false),
        // It may be allowed.
        (Deny, &[(Allow, Waits)], Deny, true),
        (Deny, &[(Allow, Fires), (Deny, Waits)], Deny, true),
        (Allow, &[(Deny, Waits)], Deny, true),
        (Escalate, &[(Deny, Waits)], Deny, true),
        // It may be escalated.
        (Deny, &[(Escalate, Waits)], Deny, true),
        (Deny, &[(Allow, Fires), (Escalate, Waits)], Deny, true),
        (Deny, &[(Escalate, Fires), (Deny, Waits)], Deny, true),
        // Who is in shadow says nothing, and who fired has said it.
        (Deny, &[(Allow, Fires), (Deny, Shadow)], Allow, false),
        (Deny, &[(Allow, Shadow)], Deny, false),
        (Deny, &[(Escalate, Says)], Escalate, false),
        // Who failed otherwise may lack a result beside that.
        (Deny, &[(Allow, Fires), (Deny, Fails), (Deny, Shadow)], Deny, true),
        (Deny, &[(Allow, Waits), (Allow, Silent), (Deny, Fails)], Deny, true),
        (Deny, &[(Allow, Fires), (Deny, FailsBeside)], Deny, true),
        (Deny, &[(Allow, Fires), (Allow, FailsBeside)], Allow, false),
    ] {
        let mut s = sketch();
        s.module.manifest.default = Some(Fallback { effect: default, escalation: NONE });
        for (effect, comes) in rules {
            add(&mut s, *effect, *comes);
        }
        decided(s, |decision| {
            let name = format!("{default:?} {rules:?}");
            assert_eq!(decision.effect(), Some(effect), "{name}");
            assert_eq!(decision.is_pending(), pending, "{name}");
            let wanted = if pending { vec![call()] } else { Vec::new() };
            assert_eq!(decision.pending(), wanted, "{name}");
            assert_eq!(decision.awaited_by_outputs(), [], "{name}");
        });
    }
}

/// What waits for nothing that is known waits.
#[test]
fn a_result_may_be_missing_that_nobody_asked_for() {
    for (effect, pending) in [(Deny, true), (Allow, false)] {
        let mut s = sketch();
        add(&mut s, Allow, Fires);
        add(&mut s, effect, Lacks);
        decided(s, |decision| {
            assert_eq!(decision.is_pending(), pending, "{effect:?}");
            assert_eq!(decision.pending(), [], "{effect:?}");
        });
    }
}

/// Where who fails escalates, a rule that would deny may do more than it does.
#[test]
fn a_failure_that_escalates_may_become_a_denial() {
    for (rules, pending) in [
        (&[(Deny, Waits)][..], true),
        (&[(Escalate, Waits)], false),
        (&[(Escalate, Fires), (Deny, Waits)], true),
        (&[(Escalate, Fires), (Escalate, Waits)], false),
        (&[(Escalate, Fires), (Allow, Waits)], false),
        (&[(Deny, Fires), (Deny, Waits)], false),
    ] {
        let mut s = sketch();
        s.module.manifest.default = Some(Fallback { effect: Escalate, escalation: NONE });
        s.module.manifest.on_error.effect = Escalate;
        for (effect, comes) in rules {
            add(&mut s, *effect, *comes);
        }
        decided(s, |decision| {
            assert_eq!(decision.is_pending(), pending, "{rules:?}");
        });
    }
}

/// All outcomes of a decision function count, and none of another.
#[test]
fn a_decision_function_may_say_any_of_its_outcomes() {
    for (outcomes, pending) in [(&[Deny, Allow][..], true), (&[Deny, Deny], false)] {
        let mut s = sketch();
        add(&mut s, Allow, Silent);
        let rule = add(&mut s, outcomes[0], Waits);
        s.module.outcomes.push(OutcomeRow {
            effect: outcomes[1],
            template: NONE,
            escalation: NONE,
        });
        s.module.rules[usize::from(rule)].outcomes = 2;
        s.module.functions[1].kind = FunctionKind::Decision;
        add(&mut s, Escalate, Silent);
        decided(s, |decision| {
            assert_eq!(decision.effect(), Some(Deny));
            assert_eq!(decision.is_pending(), pending, "{outcomes:?}");
        });
    }
}

#[test]
fn an_output_waits_without_the_decision() {
    let fails = op(Op::Fail, 0, EvalError::Zone as u16, 0);
    for (rules, waiting, pending, awaited) in [
        (&[(Allow, Fires)][..], true, false, true),
        (&[(Allow, Fires)], false, false, false),
        // The decision waits for the same.
        (&[(Allow, Waits)], true, true, false),
        // A rule lacks a result that changes nothing, and no output does.
        (&[(Deny, Waits)], false, false, false),
        (&[(Deny, Waits)], true, false, true),
        (&[(Deny, Fails)], true, false, true),
        (&[], true, false, true),
    ] {
        let mut s = sketch();
        for (effect, comes) in rules {
            add(&mut s, *effect, *comes);
        }
        let code = if waiting { waits(&s) } else { vec![fails] };
        output(&mut s, &code);
        decided(s, |decision| {
            let name = format!("{rules:?} {waiting}");
            assert_eq!(decision.is_pending(), pending, "{name}");
            let wanted = if awaited { vec![call()] } else { Vec::new() };
            assert_eq!(decision.awaited_by_outputs(), wanted, "{name}");
        });
    }
}

/// What was asked before an input that is refused is not waited for, nor what cannot be recorded.
#[test]
fn who_is_refused_waits_for_nothing() {
    let mut s = sketch();
    add(&mut s, Allow, Waits);
    let program = s.program();
    let mut scratch = Scratch::for_program(&program);
    for (context, pending) in [(r#"{"x":1}"#, true), ("[]", false), (r#"{"x":1}"#, true)] {
        let moment = Moment::at(0, 0);
        let mut filled = ingest(&program, context.as_bytes(), &mut scratch);
        let mut decision = filled.decide(&moment);
        assert_eq!(decision.is_pending(), pending, "{context}");
        assert_eq!(decision.pending().len(), usize::from(pending), "{context}");
        decision.deny_unrecorded();
        assert!(!decision.is_pending(), "{context}");
    }
}
