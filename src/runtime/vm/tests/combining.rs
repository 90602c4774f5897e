//! Who wins.

use crate::lang::decision::Effect::{self, *};
use crate::lang::error::EvalError;
use crate::lang::opcodes::*;
use crate::runtime::bundle::module::{
    EscalationRow, Fallback, FunctionKind, NONE, OutcomeRow, OutputRow, Phase, Requirement,
    TemplatePart, TypeRow,
};
use crate::runtime::vm::decide::evaluate;
use crate::runtime::vm::report::DecisionReport;
use crate::runtime::vm::request::error::InputKind;
use crate::runtime::vm::request::{Moment, Request, ingest};
use crate::runtime::vm::scratch::Scratch;
use crate::runtime::vm::tests::{Sketch, decide, op, place};

/// How a rule of a test comes out.
#[derive(Clone, Copy)]
enum RuleBehaviour {
    True,
    False,
    Fails,
}
use RuleBehaviour::{Fails, False, True};

fn sketch() -> Sketch {
    Sketch::new(vec![
        place("tool", TypeRow::String),
        place("amount", TypeRow::Dyn),
        place("to", TypeRow::String),
    ])
}

fn add(s: &mut Sketch, id: &str, effect: Effect, comes: RuleBehaviour) -> u16 {
    let end = match comes {
        True => op(Op::Jump, 0, 0, 0).to(EXIT_TRUE, 0),
        False => op(Op::Jump, 0, 0, 0).to(EXIT_FALSE, 0),
        Fails => op(Op::Fail, 0, EvalError::Zone as u16, 0),
    };
    let function = s.function(FunctionKind::Condition, false, &[end]);
    s.rule(id, function, effect)
}

/// Effect, winner, fired, failures.
type Seen = (Option<Effect>, Option<String>, Vec<String>, usize);

fn seen(s: Sketch, json: &str) -> Seen {
    let program = s.program();
    decide(&program, json, |decision| {
        let fired = decision.fired_ids().map(str::to_owned).collect();
        let rule = decision.rule().map(str::to_owned);
        assert_eq!(decision.is_allowed(), decision.effect() == Some(Allow));
        (decision.effect(), rule, fired, decision.failures().len())
    })
}

/// The decision about rules `a`, `b`, .. with these effects and outcomes.
fn combine(
    on_error: Effect,
    rules: &[(Effect, RuleBehaviour)],
) -> (Option<Effect>, Option<String>) {
    let mut s = sketch();
    s.module.manifest.on_error.effect = on_error;
    for (id, (effect, comes)) in ["a", "b", "c", "d"].into_iter().zip(rules) {
        add(&mut s, id, *effect, *comes);
    }
    let (effect, rule, ..) = seen(s, "{}");
    (effect, rule)
}

/// `on_error`, the rules, and who wins with what.
type Row = (Effect, &'static [(Effect, RuleBehaviour)], Effect, Option<&'static str>);

#[test]
fn levels() {
    let table: &[Row] = &[
        (Deny, &[], Deny, None),
        (Deny, &[(Allow, True)], Allow, Some("a")),
        (Deny, &[(Allow, False)], Deny, None),
        (Deny, &[(Allow, Fails)], Deny, None),
        (Deny, &[(Allow, True), (Escalate, True)], Escalate, Some("b")),
        (Deny, &[(Escalate, True), (Allow, True), (Deny, True)], Deny, Some("c")),
        (Deny, &[(Deny, True), (Deny, True)], Deny, Some("a")),
        (Deny, &[(Allow, True), (Deny, Fails)], Deny, Some("b")),
        (Deny, &[(Allow, True), (Escalate, Fails)], Deny, Some("b")),
        (Deny, &[(Deny, Fails), (Deny, True)], Deny, Some("b")),
        (Deny, &[(Allow, True), (Allow, Fails)], Allow, Some("a")),
        (Escalate, &[(Allow, True), (Deny, Fails)], Escalate, Some("b")),
        (Escalate, &[(Deny, Fails), (Escalate, True)], Escalate, Some("b")),
        (Escalate, &[(Escalate, Fails), (Deny, True)], Deny, Some("b")),
        (Escalate, &[(Deny, Fails), (Escalate, Fails)], Escalate, Some("a")),
        // No program has such an `on_error`; if one had, it would not open anything.
        (Allow, &[(Allow, True), (Deny, Fails)], Escalate, Some("b")),
    ];
    for (at, (on_error, rules, effect, rule)) in table.iter().enumerate() {
        let want = (Some(*effect), rule.map(str::to_owned));
        assert_eq!(combine(*on_error, rules), want, "row {at}");
    }
}

#[test]
fn priority_shadow_and_phase() {
    let mut s = sketch();
    add(&mut s, "late", Deny, True);
    let early = add(&mut s, "early", Deny, True);
    let shadow = add(&mut s, "shadow", Deny, True);
    let after = add(&mut s, "after", Deny, True);
    s.module.rules[usize::from(early)].priority = -1;
    s.module.rules[usize::from(shadow)].shadow = true;
    s.module.rules[usize::from(after)].phase = Phase::Response;
    let program = s.program();
    decide(&program, "{}", |decision| {
        assert_eq!(decision.rule(), Some("early"));
        assert_eq!(decision.fired_ids().collect::<Vec<_>>(), ["late", "early"]);
        assert_eq!(decision.shadow_ids().collect::<Vec<_>>(), ["shadow"]);
        assert_eq!(decision.shadow().iter().map(|it| it.rule).collect::<Vec<_>>(), [shadow]);
    });
    let mut scratch = Scratch::for_program(&program);
    let moment = Moment { phase: Phase::Response, ..Moment::at(0, 0) };
    let decision = evaluate(&program, &Request { context: b"{}", moment }, &mut scratch);
    assert_eq!(decision.fired_ids().collect::<Vec<_>>(), ["after"]);
}

#[test]
fn a_decision_function_has_several_outcomes_and_denies_when_it_fails() {
    let run = |json: &str| {
        let mut s = sketch();
        let ten = s.constant(crate::lang::constant::Constant::Int(10));
        let code = [
            op(Op::CompareInt, 2, ten, 0).x(X_GREATER).to(2, EXIT_ERROR),
            op(Op::Decide, 0, 0, 0),
            op(Op::Decide, 0, 1, 0),
        ];
        let function = s.function(FunctionKind::Decision, false, &code);
        let rule = s.rule("r", function, Deny);
        s.module.outcomes.push(OutcomeRow { effect: Allow, template: NONE, escalation: NONE });
        s.module.rules[usize::from(rule)].outcomes = 2;
        s.module.manifest.on_error.effect = Escalate;
        seen(s, json)
    };
    let named = |effect, fired: &[&str], failed| {
        let fired = fired.iter().map(|id| (*id).to_owned()).collect();
        (Some(effect), Some("r".to_owned()), fired, failed)
    };
    assert_eq!(run(r#"{"amount":11}"#), named(Deny, &["r"], 0));
    assert_eq!(run(r#"{"amount":10}"#), named(Allow, &["r"], 0));
    assert_eq!(run(r#"{"amount":"x"}"#), named(Deny, &[], 1));
}

/// A rule without an outcome says nothing when its condition holds: it fails.
#[test]
fn a_rule_without_an_outcome_fails() {
    for (effect, failed) in [(Allow, 1), (Deny, 1)] {
        let mut s = sketch();
        add(&mut s, "a", Allow, True);
        let rule = add(&mut s, "b", effect, True);
        s.module.rules[usize::from(rule)].first_outcome = 9;
        let denied = (Some(Deny), Some("b".to_owned()), vec!["a".to_owned()], failed);
        assert_eq!(seen(s, "{}"), denied, "{effect:?}");
    }
}

#[test]
fn the_index_chooses() {
    let mut s = sketch();
    for id in ["always", "send", "get", "get_a", "send_2"] {
        add(&mut s, id, Deny, True);
    }
    let (send, get, get_a) = (s.string("send"), s.string("get_"), s.string("get_a"));
    s.module.index.key_slot = 0;
    s.module.index.always = vec![0];
    s.module.index.keys = vec![(send, vec![1, 4])];
    s.module.index.prefixes = vec![(get, vec![2, 3]), (get_a, vec![3])];
    let program = s.program();
    let fired = |json: &str| {
        decide(&program, json, |decision| {
            decision.fired_ids().map(str::to_owned).collect::<Vec<_>>()
        })
    };
    assert_eq!(fired(r#"{"tool":"send"}"#), ["always", "send", "send_2"]);
    assert_eq!(fired(r#"{"tool":"get_a"}"#), ["always", "get", "get_a"]);
    assert_eq!(fired(r#"{"tool":"other"}"#), ["always"]);
    decide(&program, "{}", |decision| {
        let error = decision.input_error().unwrap();
        assert_eq!(error.kind, InputKind::MissingField);
        assert_eq!((decision.effect(), decision.rule()), (Some(Deny), None));
        assert_eq!(error.path(&program), "/tool");
    });
}

#[test]
fn what_a_rule_needs_is_asked_first() {
    let mut s = sketch();
    let double = s.ty(TypeRow::Double);
    let rule = add(&mut s, "pays", Allow, True);
    s.module.requirements = vec![
        Requirement { slot: 2, ty: double, optional: false, keyed: NONE },
        Requirement { slot: 4, ty: NONE, optional: false, keyed: NONE },
    ];
    s.module.rules[usize::from(rule)].requirements = 2;
    let program = s.program();
    decide(&program, r#"{"amount":5,"to":"me"}"#, |decision| {
        assert_eq!(decision.effect(), Some(Allow));
        // The type of the call's tool: an int became a double.
        assert_eq!(decision.file()[2].bits(), 5.0_f64.to_bits());
    });
    for (json, path) in [
        (r#"{"amount":5}"#, "/to"),
        (r#"{"to":"me"}"#, "/amount"),
        (r#"{"to":"me","amount":"5"}"#, "/amount"),
    ] {
        decide(&program, json, |decision| {
            assert_eq!((decision.effect(), decision.rule()), (Some(Deny), None), "{json}");
            let error = decision.input_error().unwrap();
            assert_eq!(error.path(&program), path);
            assert_eq!(error.reader(&program), Some("pays"));
        });
    }
}

#[test]
fn messages_are_made_for_the_winner() {
    let mut s = sketch();
    let dynamic = s.ty(TypeRow::Dyn);
    let rule = add(&mut s, "r", Deny, True);
    let amount = [op(Op::Return, 2, 0, 0)];
    let amount = s.function(FunctionKind::Value(dynamic), false, &amount);
    let before = TemplatePart::Text(s.string("pays "));
    let after = TemplatePart::Text(s.string(" now"));
    s.template(rule, vec![before, TemplatePart::Value(amount), after]);
    let program = s.program();
    let reason = |json: &str| {
        decide(&program, json, |decision| (decision.reason().to_owned(), decision.failures().len()))
    };
    assert_eq!(reason(r#"{"amount":2.5}"#), ("pays 2.5 now".to_owned(), 0));
    assert_eq!(reason(r#"{"amount":"x\ny"}"#), ("pays x\ny now".to_owned(), 0));
    assert_eq!(reason("{}"), ("pays {NO_SUCH_KEY} now".to_owned(), 1));
}

#[test]
fn outputs_beside_decisions() {
    let mut s = sketch();
    s.module.manifest.default = None;
    let dynamic = s.ty(TypeRow::Dyn);
    let (good, bad) = (s.string("good"), s.string("bad"));
    let good_code = s.function(FunctionKind::Value(dynamic), false, &[op(Op::Return, 0, 0, 0)]);
    let bad_code = s.function(FunctionKind::Value(dynamic), false, &[op(Op::Return, 2, 0, 0)]);
    for (name, function) in [(good, good_code), (bad, bad_code)] {
        s.module.outputs.push(OutputRow {
            name,
            function,
            explanation: NONE,
            first_requirement: 0,
            requirements: 0,
        });
    }
    let program = s.program();
    let report = decide(&program, r#"{"tool":"x"}"#, DecisionReport::of);
    assert_eq!(report.effect, None);
    assert_eq!(report.outputs.len(), 1);
    let json = report.to_json();
    assert!(json.starts_with(r#"{"effect":null,"rule":null,"fired":[],"#), "{json}");
    assert!(json.contains(r#""outputs":{"good":"x"},"errors":[{"rule":"bad","#), "{json}");
}

#[test]
fn a_report_in_json() {
    let mut s = sketch();
    let rule = add(&mut s, "r", Escalate, True);
    let to = s.string("role:treasury");
    s.module.escalations.push(EscalationRow {
        to: vec![to],
        quorum: 1,
        timeout_ns: Some(900_000_000_000),
        suspend: false,
        binds: vec![],
        valid_for_ns: None,
        uses: None,
        fatigue: None,
    });
    s.module.outcomes[usize::from(rule)].escalation = 0;
    s.module.manifest.default = Some(Fallback { effect: Allow, escalation: NONE });
    let program = s.program();
    let report = decide(&program, "{}", DecisionReport::of);
    let json = report.to_json();
    let want = concat!(
        r#"{"effect":"escalate","rule":"r","fired":["r"],"shadow":[],"reason":"","#,
        r#""obligations":[],"outputs":{},"errors":[],"to":["role:treasury"],"quorum":1,"#,
        r#""timeout":"900s","on_timeout":"deny","cost":1,"digest":"sha256:"#,
    );
    assert!(json.starts_with(want), "{json}");
    assert!(json.ends_with(r#""now":"2023-11-14T22:13:20.000000005Z"}"#), "{json}");
    // The digest knows what was decided, not what it cost.
    assert_eq!(decide(&program, r#"{"amount":1}"#, DecisionReport::of).digest, report.digest);
}

#[test]
fn a_scratch_of_another_program_is_made_anew() {
    let mut s = sketch();
    add(&mut s, "a", Deny, True);
    let one = s.program();
    let mut s = Sketch::new(vec![]);
    add(&mut s, "b", Allow, True);
    let other = s.program();
    let mut scratch = Scratch::for_program(&one);
    let mut filled = ingest(&other, b"{}", &mut scratch);
    assert_eq!(filled.decide(&Moment::at(0, 0)).rule(), Some("b"));
    // An input is read once and decided often.
    assert_eq!(filled.decide(&Moment::at(1, 0)).rule(), Some("b"));
}
