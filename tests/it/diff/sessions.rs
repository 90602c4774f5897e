//! Policies that ask sessions: an input is the first request of one, as `policyc eval` takes it.

use policyc::compiler::solve::input::Example;
use policyc::lang::decision::Effect;
use policyc::runtime::program::Program;
use policyc::tools::diff::seeds::Seed;
use policyc::tools::diff::{Change, Difference, Verdict, compare_from};
use policyc::tools::report::diff::{Drawing, FORMATS};
use policyc::tools::report::paint::Style;
use serde_json::json;

use super::{program, refused, said};

const POLICY: &str = r#"
policyc: 1
name: t
default: deny
tools:
  pay: {effect: egress, args: {amount: double}}
meters:
  calls: {on: "*", window: session}
limits:
  - {meter: calls, max: 100}
rules:
  - {id: pays, on: [pay], when: args.amount > 0.0, allow: "may pay"}
  - {id: big, on: [pay], when: args.amount > 100.0, deny: "no"}
"#;

const ASKS: &str = "escalate: {to: [\"role:treasury\"], timeout: 15m, on_timeout: deny}";

/// What a policy of which a bound moved allows, with the old and the new effect of the witness.
fn moved(policy: &str, seeds: &[Seed]) -> (Difference, [Option<Effect>; 2]) {
    let candidate = policy.replace("> 100.0", "> 1000.0");
    assert_ne!(candidate, policy);
    let (old, new) = (program(policy), program(&candidate));
    let found = compare_from(&old, &new, seeds);
    let Change::When { example, .. } = &found.whole.wider else {
        panic!("nothing is wider: {found:?}")
    };
    let effect = |program: &Program| {
        let report = said(program, &example.context, example.now);
        assert!(!refused(&report), "{example:?}");
        report.effect
    };
    let effects = [effect(&old), effect(&new)];
    (found, effects)
}

#[test]
fn a_bound_beside_a_limit_is_wider_with_a_witness() {
    let (found, effects) = moved(POLICY, &[]);
    assert_eq!(effects, [Some(Effect::Deny), Some(Effect::Allow)]);
    assert_eq!(found.whole.verdict(), Verdict::Wider);
    let asks = POLICY.replace("deny: \"no\"", ASKS);
    assert_ne!(asks, POLICY);
    let (found, effects) = moved(&asks, &[]);
    assert_eq!(effects, [Some(Effect::Escalate), Some(Effect::Allow)]);
    assert_eq!(found.rules.len(), 1);
}

#[test]
fn contexts_of_tests_are_first_requests_too() {
    let context = json!({"action": {"tool": "pay", "args": {"amount": 500.0}}});
    let seed = Example { context, now: (1_773_741_600, 0) };
    let (_, effects) = moved(&POLICY.replace("deny: \"no\"", ASKS), &[seed.into()]);
    assert_eq!(effects, [Some(Effect::Escalate), Some(Effect::Allow)]);
}

/// Each input that is shown is one that the programs tell apart.
#[test]
fn no_witness_is_refused() {
    let candidate = POLICY.replace("deny: \"no\"", ASKS).replace("> 100.0", "> 50.0");
    let (old, new) = (program(POLICY), program(&candidate));
    let found = compare_from(&old, &new, &[]);
    let all = found.rules.iter().map(|rule| &rule.changes).chain([&found.whole]);
    let mut shown = 0;
    for changes in all {
        for change in [&changes.wider, &changes.narrower, &changes.otherwise] {
            let Change::When { example, .. } = change else { continue };
            let reports = [&old, &new].map(|it| said(it, &example.context, example.now));
            assert!(!reports.iter().any(refused), "{example:?}");
            assert_ne!(reports[0].effect, reports[1].effect, "{example:?}");
            shown += 1;
        }
    }
    assert!(shown >= 2, "both ways differ: {found:?}");
}

/// What sessions know has no decision of its own to show; it is told by name with both values.
#[test]
fn what_sessions_know_is_told_by_name() {
    let tools = "tools:\n  look: {effect: none, output: {\"\": {labels: [bad.web]}}}\n";
    let labels = "labels: {i: {bad: [web, own]}}\n";
    let policy = POLICY.replace("tools:\n", &format!("{labels}{tools}"));
    let candidate =
        policy.replace("max: 100", "max: 250.5").replace("[bad.web]}}}", "[bad.own]}}}");
    assert_ne!(candidate, policy);
    let found = compare_from(&program(&policy), &program(&candidate), &[]);
    assert!(found.sessions && !found.settled() && !found.only_tightens());
    assert_eq!(found.session_tables.len(), 2, "{:?}", found.session_tables);
    let limit = found.session_tables.iter().find(|line| line.starts_with("limit"));
    assert!(
        limit.is_some_and(|line| line.contains("at most 100 of calls -> at most 250.5 of calls"))
    );
    let output = found.session_tables.iter().find(|line| line.starts_with("tool look output"));
    assert!(output.is_some_and(|line| line.contains("[bad.web] -> [bad.own]")), "{output:?}");
    for format in FORMATS {
        let drawing = Drawing { found: &found, traffic: None, only_tighten: false };
        let text = (format.draw)(&drawing, Style::PLAIN);
        assert!(text.contains("250.5") && !text.contains("equivalent:"), "{}: {text}", format.name);
    }
}
