//! Plans that take the place of those that came at run time: asked for, granted, begun anew.

use policyc::compiler::{Options, compile};
use policyc::diag::codes::Code;
use policyc::diag::sink::Sink;
use policyc::lang::decision::Effect;
use policyc::runtime::session::ground::Ground;
use policyc::runtime::session::step::{Outcome, Session, Work};
use serde_json::{Value as Json, json};

use super::came::run;
use super::hand::{expect, pay, prompt, request, response};
use super::{files, program};

const POLICY: &str = r#"
policyc: 1
default: deny
labels: {integrity: {untrusted: [file], own: [record], input: [user]}}
tools:
  read: {effect: none, args: {path: string}, output: {"": {labels: [untrusted.file]}}}
  pay: {effect: egress, args: {to: string target, amount: double}}
  tell: {effect: egress, args: {to: string target}}
rules:
  - {id: all, allow: a call}
plan:
  id: task
  deviation: {read_only: allow}
  replace: {escalate: {to: [user], timeout: 5m, on_timeout: deny}}
"#;

fn plan(steps: Json) -> Json {
    json!({"id": "p", "steps": steps})
}

fn replace(call: &str, plan: Json) -> Json {
    request(call, "plan.replace", json!({"plan": plan}))
}

fn tell(call: &str) -> Json {
    request(call, "tell", json!({"to": "ann"}))
}

fn granted() -> Json {
    json!({"ev": "approval", "by": "user:mona", "verdict": "granted"})
}

/// Runs events, and compares the rule that decides each call, with its effect in a word.
fn came(policy: &str, events: &[(Json, &str)]) {
    let all: Vec<Json> = events.iter().map(|(event, _)| event.clone()).collect();
    for ((event, wanted), came) in events.iter().zip(run(policy, &all)) {
        let found = match (came.fault, came.report) {
            (Some(fault), _) => format!("refused: {fault}"),
            (None, Some(report)) => {
                let effect = report.effect.map_or("none", Effect::word);
                format!("{effect} {}", report.rule.as_deref().unwrap_or("-"))
            }
            (None, None) => "Nothing".to_owned(),
        };
        assert_eq!(found, *wanted, "{event}");
    }
}

#[test]
fn another_plan_is_granted_and_begins_anew() {
    let one = || plan(json!({"pay": {"tool": "pay", "times": 1}}));
    let two = || plan(json!({"tell": {"tool": "tell", "times": 1}}));
    let both = || plan(json!({"t": {"tool": "tell"}, "p": {"tool": "pay"}}));
    came(
        POLICY,
        &[
            (prompt("pay the bill"), "Nothing"),
            (json!({"ev": "plan", "plan": one()}), "Nothing"),
            (pay("1", "ann", 5.0), "allow all"),
            (response("1", json!("done")), "Nothing"),
            (pay("2", "ann", 5.0), "deny plan.task"),
            (replace("3", two()), "escalate plan.task/replace"),
            // Until it is granted nothing has changed.
            (tell("4"), "deny plan.task"),
            (granted(), "Nothing"),
            // What was granted is this plan, however it is spelled, and no other.
            (replace("5", both()), "escalate plan.task/replace"),
            (replace("6", two()), "allow all"),
            (tell("7"), "allow all"),
            (tell("8"), "deny plan.task"),
            (pay("9", "ann", 5.0), "deny plan.task"),
            // It is granted once.
            (replace("10", two()), "escalate plan.task/replace"),
            // Others that come as events narrow it, as ever.
            (json!({"ev": "plan", "plan": one()}), "Nothing"),
            (tell("11"), "deny plan.task"),
        ],
    );
}

#[test]
fn calls_that_were_made_are_no_steps_of_the_new_plan() {
    let one = plan(json!({"pay": {"tool": "pay", "times": 1}}));
    let two = || {
        let steps =
            json!({"pay": {"tool": "pay", "times": 1}, "tell": {"tool": "tell", "after": ["pay"]}});
        plan(steps)
    };
    came(
        POLICY,
        &[
            (prompt("pay the bill"), "Nothing"),
            (json!({"ev": "plan", "plan": one}), "Nothing"),
            (pay("1", "ann", 5.0), "allow all"),
            (replace("2", two()), "escalate plan.task/replace"),
            (granted(), "Nothing"),
            (replace("3", two()), "allow all"),
            // This answers a call of the plan before.
            (response("1", json!("done")), "Nothing"),
            (tell("4"), "deny plan.task"),
            (pay("5", "ann", 5.0), "allow all"),
            (tell("6"), "deny plan.task"),
            (response("5", json!("done")), "Nothing"),
            (tell("7"), "allow all"),
            (pay("8", "ann", 5.0), "deny plan.task"),
        ],
    );
}

/// A call that seemed to have failed turns out to have been made: of the plan before.
#[test]
fn what_is_told_late_of_a_call_is_told_to_the_plan_that_it_was_made_in() {
    let one = plan(json!({"pay": {"tool": "pay", "times": 1}}));
    let two = || {
        let steps =
            json!({"pay": {"tool": "pay", "times": 1}, "tell": {"tool": "tell", "after": ["pay"]}});
        plan(steps)
    };
    let lost = json!({"ev": "response", "call": "1", "error": "timeout"});
    let undone = json!({"ev": "response", "call": "1", "error": "busy", "done": false});
    for failed in [lost, undone] {
        came(
            POLICY,
            &[
                (prompt("pay the bill"), "Nothing"),
                (json!({"ev": "plan", "plan": one.clone()}), "Nothing"),
                (pay("1", "ann", 5.0), "allow all"),
                (failed, "Nothing"),
                (replace("2", two()), "escalate plan.task/replace"),
                (granted(), "Nothing"),
                (replace("3", two()), "allow all"),
                (response("1", json!("done, after all")), "Nothing"),
                (tell("4"), "deny plan.task"),
                (pay("5", "ann", 5.0), "allow all"),
                (pay("6", "ann", 5.0), "deny plan.task"),
            ],
        );
    }
}

#[test]
fn plans_that_are_replaced_are_forgotten() {
    let policy = POLICY.replace("timeout: 5m, on_timeout: deny", "timeout: 5m, uses: 1000");
    let built = program(&policy);
    let ground = Ground::of(&built);
    let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
    let long = "x".repeat(100_000);
    let args = json!({"to": {"eq": long}});
    let one = plan(json!({"tell": {"tool": "tell", "args": args}}));
    let mut tell = |mut event: Json, seq: usize| {
        (event["seq"], event["ts"]) = (json!(seq), json!("2026-11-19T14:03:20Z"));
        match session.line(event.to_string().as_bytes(), &mut work) {
            Outcome::Decided(it) => {
                let asks = it.asking.as_ref().map(|asking| asking.digest);
                (it.effect(), asks, 0)
            }
            Outcome::Recorded(_) | Outcome::Refused(_) => (None, None, session.state().bytes()),
        }
    };
    let asked = tell(replace("a", one.clone()), 1).1.expect("it asks");
    let digits: String = asked.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut approval = granted();
    approval["for"] = json!(format!("sha256:{digits}"));
    let (_, _, before) = tell(approval, 2);
    for at in 0..50 {
        let (effect, _, _) = tell(replace(&format!("c{at}"), one.clone()), 3 + at);
        assert_eq!(effect, Some(Effect::Allow));
    }
    let (_, _, after) = tell(json!({"ev": "clock"}), 100);
    // One of the plans, and fifty calls.
    assert!((before + 100_000..before + 200_000).contains(&after), "{before} {after}");
}

/// States differ by what replaced what, and not by how it was spelled.
#[test]
fn digests_know_the_plan_that_is_in_force() {
    let policy = POLICY
        .replace("escalate: {to: [user], timeout: 5m, on_timeout: deny}", "escalate: {to: [user]}");
    let built = program(&policy);
    let ground = Ground::of(&built);
    let digest = |plan: &str| {
        let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
        let mut asked = String::new();
        for seq in 1..4 {
            let ts = "2026-11-19T14:03:20Z";
            let line = if seq == 2 {
                let (mut event, digest) = (granted(), format!("sha256:{asked}"));
                (event["seq"], event["ts"], event["for"]) = (json!(2), json!(ts), json!(digest));
                event.to_string()
            } else {
                format!(
                    "{{\"ev\":\"request\",\"seq\":{seq},\"ts\":\"{ts}\",\"call\":\"{seq}\",\
                     \"action\":{{\"tool\":\"plan.replace\",\"args\":{{\"plan\":{plan}}}}}}}"
                )
            };
            if let Outcome::Decided(it) = session.line(line.as_bytes(), &mut work) {
                let wanted = if seq == 1 { Effect::Escalate } else { Effect::Allow };
                assert_eq!(it.effect(), Some(wanted), "{line}");
                let digits = it.asking.iter().flat_map(|asking| asking.digest);
                asked = digits.map(|byte| format!("{byte:02x}")).collect();
            }
        }
        session.state().digest()
    };
    let one = digest(r#"{"id":"p","steps":{"t":{"tool":"tell","times":1}}}"#);
    let same = digest(r#"{ "steps": {"t": {"times": 1, "tool": "te\u006cl"}}, "id": "p" }"#);
    let other = digest(r#"{"id":"p","steps":{"t":{"tool":"tell","times":2}}}"#);
    assert_eq!(one, same);
    assert_ne!(one, other);
}

/// Of steps that ask as much the first is taken, so a plan with its steps in another order is
/// another plan: whoever granted two looks before a payment has not granted one.
#[test]
fn an_approval_is_of_the_order_of_steps() {
    let built = program(POLICY);
    let ground = Ground::of(&built);
    let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
    let mut line = |seq: usize, rest: &str| {
        let line = format!("{{\"seq\":{seq},\"ts\":\"2026-11-19T14:03:20Z\",{rest}}}");
        match session.line(line.as_bytes(), &mut work) {
            Outcome::Decided(it) => (it.effect(), it.asking.as_ref().map(|asking| asking.digest)),
            Outcome::Recorded(_) | Outcome::Refused(_) => (None, None),
        }
    };
    let ask = |call: &str, steps: &str| {
        format!(
            "\"ev\":\"request\",\"call\":\"{call}\",\"action\":{{\"tool\":\"plan.replace\",\
             \"args\":{{\"plan\":{{\"id\":\"p\",\"steps\":{{{steps}}}}}}}}}"
        )
    };
    let pay = r#""pay":{"tool":"pay","after":["second"]}"#;
    let (first, second) = (r#""first":{"tool":"tell"}"#, r#""second":{"tool":"tell"}"#);
    let wanted = [first, second, pay].join(",");
    let (effect, asked) = line(1, &ask("a", &wanted));
    assert_eq!(effect, Some(Effect::Escalate));
    let digits: String = asked.expect("asks").iter().map(|byte| format!("{byte:02x}")).collect();
    let grant = format!(
        "\"ev\":\"approval\",\"for\":\"sha256:{digits}\",\"by\":\"user:mona\",\
         \"verdict\":\"granted\""
    );
    assert_eq!(line(2, &grant), (None, None));
    let (effect, _) = line(3, &ask("b", &[second, first, pay].join(",")));
    assert_eq!(effect, Some(Effect::Escalate), "the steps are in another order");
    let (effect, _) = line(4, &ask("c", &wanted));
    assert_eq!(effect, Some(Effect::Allow));
}

#[test]
fn what_is_no_plan_is_asked_of_nobody_and_changes_nothing() {
    let one = plan(json!({"pay": {"tool": "pay"}}));
    let strange = "refused: no document declares the tool of the step `a`";
    came(
        POLICY,
        &[
            (prompt("pay the bill"), "Nothing"),
            (json!({"ev": "plan", "plan": one}), "Nothing"),
            (replace("1", plan(json!({"a": {"tool": "wipe"}}))), strange),
            (replace("2", json!("all")), "refused: `plan` is not written as plans are"),
            (
                request("3", "plan.replace", json!({})),
                "refused: `plan` is not written as plans are",
            ),
            (
                replace("4", plan(json!({"a": {"tool": "tell", "args": {"cc": {"eq": 1}}}}))),
                "refused: the tool of the step `a` has no argument `cc`",
            ),
            (pay("5", "ann", 5.0), "allow all"),
            (tell("6"), "deny plan.task"),
        ],
    );
}

#[test]
fn the_plan_of_the_policy_is_not_replaced() {
    let policy = POLICY.replace(
        "  deviation:",
        "  steps: {pay: {tool: pay, times: 1, args: {to: {from: [prompt]}}}}\n  deviation:",
    );
    let all = || plan(json!({"t": {"tool": "tell"}, "p": {"tool": "pay"}}));
    came(
        &policy,
        &[
            (prompt("pay ann"), "Nothing"),
            (replace("1", all()), "escalate plan.task/replace"),
            (granted(), "Nothing"),
            (replace("2", all()), "allow all"),
            (tell("3"), "deny plan.task"),
            (pay("4", "ann", 5.0), "allow all"),
            (response("4", json!("done")), "Nothing"),
            // Not even how far it has come.
            (replace("5", all()), "escalate plan.task/replace"),
            (granted(), "Nothing"),
            (replace("6", all()), "allow all"),
            (pay("7", "ann", 5.0), "deny plan.task"),
        ],
    );
}

#[test]
fn without_a_word_of_it_plans_are_not_replaced() {
    let all = || plan(json!({"t": {"tool": "tell"}}));
    let (without, _) = POLICY.split_once("  replace:").expect("its last line");
    expect(
        without,
        &[
            (prompt("pay ann"), "Nothing"),
            (replace("1", all()), "deny tool.declared"),
            (tell("2"), "deny plan.task"),
        ],
    );
    let never = format!("{without}  replace: deny\n");
    expect(
        &never,
        &[(replace("1", all()), "deny plan.task/replace"), (tell("2"), "deny plan.task")],
    );
}

#[test]
fn what_is_wrong_with_replace_is_said() {
    let binds = POLICY.replace("on_timeout: deny}}", "on_timeout: deny, binds: [tool]}}");
    let declared = POLICY.replace("  tell:", "  plan.replace: {effect: none}\n  tell:");
    let (head, tail) = POLICY.split_once("labels:").expect("its labels");
    let (_, tail) = tail.split_once("rules:").expect("its rules");
    let without_tools = format!("{head}rules:{tail}");
    for (policy, code) in
        [(binds, Code::WrongNode), (declared, Code::Conflict), (without_tools, Code::Conflict)]
    {
        let mut sink = Sink::new();
        assert!(compile(&files(&policy), &Options::default(), &mut sink).is_none(), "{policy}");
        let (found, _) = sink.finish();
        assert!(found.iter().any(|it| it.code == code), "{found:?}");
    }
}
