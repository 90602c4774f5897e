//! Answers to calls that are not allowed: offers, questions, retries, plans that go back.

use std::collections::BTreeMap;

use policyc::lang::decision::Effect;
use policyc::lang::session::Respond;
use policyc::runtime::session::answer::Answer;
use policyc::runtime::session::ground::Ground;
use policyc::runtime::session::step::{Outcome, Session, Work};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::hand::{expect, pay, prompt, request, response};
use super::program;

const POLICY: &str = r#"
policyc: 1
default: deny
labels: {integrity: {untrusted: [file], own: [record], input: [user]}}
tools:
  read: {effect: none, args: {path: string}, output: {"": {labels: [untrusted.file]}}}
  list: {effect: none, output: {"": {labels: [own.record]}}}
  pay: {effect: egress, args: {to: string target, amount: double}, undo: refund}
  later: {effect: state, args: {to: string target, amount: double, date: string}}
  refund: {effect: egress, args: {id: string}}
rules:
  - {id: all, on: [read, list, pay, later, refund], allow: a call}
  - {id: large, on: [pay], when: args.amount > 100.0, deny: it is too much}
  - {id: huge, on: [later], when: args.amount > 1000.0, deny: "{args.amount} is too much"}
  - id: vast
    on: [pay]
    when: args.amount > 9000.0
    priority: -1
    escalate: {to: [user], reason: vast}
flow:
  - {id: target, sink: {arg: target}, forbid: "untrusted.*", over: deny}
on_deny:
  default: {respond: fail, disclose: rule_id}
  large:
    respond: alternatives
    disclose: reason
    retries: 2
    offer:
      - {tool: later, keep: [to, amount], set: {date: "string(now + duration('24h'))"}}
      - {tool: pay, keep: [to], set: {amount: "args.amount / 2.0"}}
      - {tool: list}
  target: {respond: ask, question: "Pay {args.amount} to {args.to}, from {from(args.to)}?"}
"#;

/// Runs events, and gives the answer to the last.
fn answered(policy: &str, events: &[Json]) -> Option<Answer> {
    answers(policy, events).pop().flatten()
}

/// Runs events, numbered from 1, and gives the answers to all.
fn answers(policy: &str, events: &[Json]) -> Vec<Option<Answer>> {
    let program = program(policy);
    let ground = Ground::of(&program);
    let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
    let mut found = Vec::new();
    for (seq, event) in (1..).zip(events) {
        let mut event = event.clone();
        (event["seq"], event["ts"]) = (json!(seq), json!("2026-11-19T14:03:20Z"));
        found.push(session.line(event.to_string().as_bytes(), &mut work).answer());
    }
    found
}

fn json_of(answer: &Answer) -> Json {
    serde_json::from_str(&answer.to_json()).expect("JSON")
}

#[test]
fn an_offer_lacks_what_was_not_given() {
    let policy = POLICY
        .replace("amount: double}, undo", "amount: double, note: optional string}, undo")
        .replace("keep: [to], set", "keep: [to, note], set");
    for (note, wanted) in [
        (None, json!({"to": "ann", "amount": 75.0})),
        (Some(json!("hi")), json!({"to": "ann", "note": "hi", "amount": 75.0})),
    ] {
        let mut call = pay("1", "ann", 150.0);
        if let Some(note) = note {
            call["action"]["args"]["note"] = note;
        }
        let answer = answered(&policy, &[prompt("pay ann"), call]).expect("an answer");
        let half = answer.offers.iter().find(|it| it.tool == "pay").expect("half of it is offered");
        let args: Json = serde_json::from_str(&half.args).expect("JSON");
        assert_eq!(args, wanted);
    }
}

/// No rule reads it, but the tool needs it.
#[test]
fn no_offer_lacks_what_its_tool_needs() {
    let policy = r#"
policyc: 1
default: deny
labels: {integrity: {untrusted: [file]}}
tools:
  pay: {effect: egress, args: {amount: double, note: optional string}}
  later: {effect: state, args: {amount: double, note: string}}
  list: {effect: none}
rules:
  - {id: all, allow: a call}
  - {id: large, on: [pay], when: args.amount > 100.0, deny: it is too much}
on_deny:
  large:
    respond: alternatives
    offer: [{tool: later, keep: [amount, note]}, {tool: list}]
"#;
    for (args, wanted) in [
        (json!({"amount": 150.0}), vec!["list"]),
        (json!({"amount": 150.0, "note": "hi"}), vec!["later", "list"]),
    ] {
        let answer = answered(policy, &[request("1", "pay", args)]).expect("an answer");
        let tools: Vec<&str> = answer.offers.iter().map(|it| &*it.tool).collect();
        assert_eq!(tools, wanted);
    }
}

#[test]
fn offers_are_made_of_the_call_and_are_allowed() {
    let events = [prompt("pay ann"), pay("1", "ann", 150.0)];
    let found = answered(POLICY, &events).expect("an answer");
    let wanted = json!({
        "decision": "deny",
        "rule": "large",
        "reason": "it is too much",
        "question": null,
        "respond": "alternatives",
        "retry_left": 2,
        "offers": [
            {
                "tool": "later",
                "args": {"to": "ann", "amount": 150.0, "date": "2026-11-20T14:03:20Z"},
            },
            {"tool": "pay", "args": {"to": "ann", "amount": 75.0}},
            {"tool": "list", "args": {}},
        ],
        "undo": [],
        "open": [],
        "unreachable": [],
    });
    assert_eq!(json_of(&found), wanted);
    // What the policy denies is not offered: half of it is too much, and one day it is, too.
    let events = [prompt("pay ann"), pay("1", "ann", 4000.0)];
    let offers = answered(POLICY, &events).expect("an answer").offers;
    assert_eq!(offers.iter().map(|it| it.tool.as_str()).collect::<Vec<_>>(), ["list"]);
    // An allowed call has no answer; a refused event the shortest.
    assert_eq!(answered(POLICY, &[pay("1", "ann", 5.0)]), None);
    let found = answered(POLICY, &[json!({"ev": "request", "call": "1", "action": 7})]);
    assert_eq!(found, Some(Answer::refused()));
    // The default speaks for all others.
    let found = answered(POLICY, &[request("1", "fly", json!({}))]).expect("an answer");
    assert_eq!((found.rule.as_deref(), found.respond), (Some("tool.declared"), Respond::Fail));
}

#[test]
fn what_the_model_context_protocol_gets_says_the_same() {
    let found = answered(POLICY, &[pay("1", "ann", 150.0)]).expect("an answer");
    let told: Json = serde_json::from_str(&found.to_mcp()).expect("JSON");
    assert_eq!(told["isError"], json!(true));
    assert_eq!(told["structuredContent"], json_of(&found));
    let text = told["content"][0]["text"].as_str().expect("a text");
    assert_eq!(serde_json::from_str::<Json>(text).expect("JSON"), json_of(&found));
}

#[test]
fn questions_name_what_is_not_trusted_and_quote_the_rest() {
    let file = response("1", json!("ann@bank, and say {args.to} or \"yes\""));
    let read = request("1", "read", json!({"path": "bill"}));
    let ask = |to: &str, amount: f64| {
        let events = [prompt("pay 98.50 to bob"), read.clone(), file.clone(), pay("2", to, amount)];
        answered(POLICY, &events).and_then(|it| it.question)
    };
    assert_eq!(ask("ann@bank", 98.5).as_deref(), Some("Pay 98.5 to args.to, from read?"));
    // A number that was seen nowhere carries what the model has read.
    assert_eq!(ask("ann@bank", 7.0).as_deref(), Some("Pay args.amount to args.to, from read?"));
    // Where a question quotes what is not there, its name stands.
    let policy = POLICY.replace("amount: double", "amount: optional double");
    let events = [prompt("x"), read, file, request("2", "pay", json!({"to": "ann@bank"}))];
    let found = answered(&policy, &events).and_then(|it| it.question);
    assert_eq!(found.as_deref(), Some("Pay args.amount to args.to, from read?"));
    // Without labels nothing is known of any value.
    let policy = r#"
policyc: 1
default: deny
tools: {pay: {args: {to: string}}}
rules: [{id: no, on: [pay], deny: never}]
meters: {m: {on: pay, window: session}}
on_deny: {no: {respond: ask, question: "{action.tool} {args.to} for {principal.id}?"}}
"#;
    let events = [prompt("x"), request("1", "pay", json!({"to": "ann"}))];
    let found = answered(policy, &events).and_then(|it| it.question);
    assert_eq!(found.as_deref(), Some("pay args.to for a?"));
    // What is long is cut.
    let long = "b".repeat(300);
    let events = [
        json!({"ev": "prompt", "principal": {"id": long}, "text": "x"}),
        request("1", "pay", json!({"to": "ann"})),
    ];
    let found = answered(policy, &events).and_then(|it| it.question).expect("a question");
    assert_eq!(found.chars().filter(|it| *it == 'b').count(), 256);
}

#[test]
fn retries_are_counted_by_rule_and_call() {
    let mut events = vec![prompt("pay ann 20 or 150"), pay("0", "ann", 20.0)];
    events.extend((1..5).map(|at| pay(&at.to_string(), "ann", 150.0)));
    let found = answers(POLICY, &events);
    let told: Vec<_> =
        found.iter().flatten().map(|it| (it.respond, it.retry_left, it.offers.len())).collect();
    let offers = Respond::Alternatives;
    let fail = Respond::Fail;
    let wanted =
        [(offers, Some(2), 3), (offers, Some(1), 3), (fail, Some(0), 0), (fail, Some(0), 0)];
    assert_eq!(told, wanted);
    // To ask for the same while approvers think is no try, and other calls are others.
    let policy = format!("{POLICY}  vast: {{respond: fail, retries: 1}}\n");
    let policy = policy.replace("{id: large, on: [pay]", "{id: large, on: [later]");
    let vast = |call: &str, amount: f64| (pay(call, "ann", amount), "escalate vast");
    let events = [vast("1", 9001.0), vast("2", 9001.0), vast("3", 9002.0), vast("4", 9003.0)];
    expect(&policy, &[&[(prompt("pay ann"), "Nothing")], &events[..]].concat());
    let asked = events.map(|(event, _)| event);
    let left: Vec<_> =
        answers(&policy, &asked).into_iter().flatten().map(|it| it.retry_left).collect();
    assert_eq!(left, [Some(1); 4]);
}

/// A session whose approvers grant whatever is asked, or say nothing for an hour: what comes of
/// calls of `pay`, with what is told of retries.
fn with_approvers(policy: &str, calls: &[(&str, f64, bool)]) -> Vec<(Effect, Option<u32>)> {
    let program = program(policy);
    let ground = Ground::of(&program);
    let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
    let (mut seq, mut hour) = (0, 0);
    let mut step = |session: &mut Session<'_, '_>, mut event: Json, hour: u32| {
        seq += 1;
        event["seq"] = json!(seq);
        event["ts"] = json!(format!("2026-11-19T{hour:02}:00:00Z"));
        match session.line(event.to_string().as_bytes(), &mut work) {
            Outcome::Decided(it) => {
                let asked = it.asking.as_ref().map(|asking| hex(&asking.digest));
                let left = it.answer.as_ref().and_then(|answer| answer.retry_left);
                (it.effect(), left, asked)
            }
            _ => (None, None, None),
        }
    };
    let mut told = Vec::new();
    for (at, (to, amount, is_granted)) in calls.iter().enumerate() {
        let (effect, left, asked) = step(&mut session, pay(&format!("c{at}"), to, *amount), hour);
        told.push((effect.expect("it is decided"), left));
        let Some(asked) = asked.filter(|_| *is_granted) else {
            hour += 1;
            continue;
        };
        let granted = json!({"ev": "approval", "for": asked, "by": "user:u", "verdict": "granted"});
        step(&mut session, granted, hour);
        let (effect, ..) = step(&mut session, pay(&format!("g{at}"), to, *amount), hour);
        assert_eq!(effect, Some(Effect::Allow), "{to} {amount}");
    }
    told
}

fn hex(digest: &[u8; 32]) -> String {
    digest.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

const VAST: &str = r#"
policyc: 1
default: deny
labels: {integrity: {input: [user]}}
tools: {pay: {effect: egress, args: {to: string, amount: double}}}
rules:
  - {id: all, on: [pay], allow: a call}
  - id: vast
    on: [pay]
    escalate: {to: [user], timeout: 10m, on_timeout: deny, reason: vast}
on_deny: {vast: {respond: fail, retries: 1}}
"#;

#[test]
fn what_is_granted_is_no_try_and_calls_do_not_use_up_those_of_others() {
    let (ask, deny) = (Effect::Escalate, Effect::Deny);
    // Five bills, each asked about and granted; the same one again.
    let bills = ["a", "b", "c", "d", "e", "a", "a", "a"].map(|to| (to, 1.0, true));
    assert_eq!(with_approvers(VAST, &bills), [(ask, Some(1)); 8]);
    // Calls that nobody grants leave others their tries.
    let junk = [("a", false), ("b", false), ("c", false), ("d", false), ("bill", true)];
    let junk = junk.map(|(to, granted)| (to, 1.0, granted));
    assert_eq!(with_approvers(VAST, &junk), [(ask, Some(1)); 5]);
    // Nobody is asked about one call again and again.
    let same = [("a", 1.0, false); 4];
    let wanted = [(ask, Some(1)), (ask, Some(0)), (deny, Some(0)), (deny, Some(0))];
    assert_eq!(with_approvers(VAST, &same), wanted);
}

const PLAN: &str = r#"
plan:
  id: bill
  steps:
    read: {tool: read}
    pay: {tool: pay, after: [read], times: 1, args: {to: {from: [read]}}}
    log: {tool: list, after: [pay], times: 1}
    tip: {tool: later, after: [read], times: 1}
  reads: {allow: ["*"]}
on_deny:
  huge: {respond: backtrack, to: read, compensate: reverse_order, else: fail, disclose: rule_id}
  plan.bill: {respond: fail, retries: 1, disclose: rule_id}
  large: {respond: fail, retries: 1, disclose: rule_id}
"#;

fn planned() -> String {
    let (policy, _) = POLICY.split_once("on_deny:").expect("answers");
    let policy = policy.replace("later: {effect: state, args", "later: {effect: none, args");
    format!("{policy}{PLAN}")
}

#[test]
fn plans_go_back_once_what_was_done_is_undone() {
    let policy = planned();
    let tip = |call: &str, amount: f64| {
        request(call, "later", json!({"to": "bob", "amount": amount, "date": "now"}))
    };
    let start = [
        (prompt("tip bob 5000, refund t-99"), "Nothing"),
        (request("1", "read", json!({"path": "bill"})), "allow all"),
        (response("1", json!("20 to ann@bank")), "Nothing"),
        // Nothing is done that could be undone.
        (tip("2", 5000.0), "deny huge"),
        (pay("3", "ann@bank", 20.0), "allow all"),
        // What is under way is not undone.
        (tip("4", 5000.0), "deny huge"),
        (response("3", json!({"id": "t-77"})), "Nothing"),
        (pay("5", "ann@bank", 20.0), "deny target/to"),
        (tip("6", 5000.0), "deny huge"),
    ];
    let events: Vec<Json> = start.iter().map(|(event, _)| event.clone()).collect();
    let found = answers(&policy, &events);
    let undo = |at: usize| found[at].as_ref().map(|it| (it.respond, it.undo.len()));
    assert_eq!(undo(3), Some((Respond::Fail, 0)));
    assert_eq!(undo(5), Some((Respond::Fail, 0)));
    let last = found[8].as_ref().expect("an answer");
    assert_eq!(last.respond, Respond::Backtrack);
    assert_eq!(json_of(last)["undo"], json!([{"step": "pay", "call": "3", "tool": "refund"}]));
    let refund = |call: &str, id: &str| request(call, "refund", json!({"id": id}));
    let more = [
        // Until that is undone nothing else is done, and nothing else is undone.
        (pay("7", "ann@bank", 20.0), "deny target/to"),
        (refund("8", "t-11"), "deny plan.bill"),
        // What says nothing of the call, or only what the principal said, undoes nothing.
        (refund("8a", ""), "deny plan.bill"),
        (refund("8b", "t-99"), "deny plan.bill"),
        (refund("9", "t-77"), "allow all"),
        (refund("10", "t-77"), "deny plan.bill"),
        // Nobody knows whether it is undone, until somebody does.
        (json!({"ev": "response", "call": "9", "error": "no"}), "Nothing"),
        (refund("9a", "t-77"), "deny plan.bill"),
        (json!({"ev": "response", "call": "9", "error": "no", "done": false}), "Again"),
        (refund("11", "t-77"), "allow all"),
        (response("11", json!("done")), "Nothing"),
        (refund("12", "t-77"), "deny plan.bill"),
        (pay("13", "ann@bank", 20.0), "allow all"),
        (response("13", json!({"id": "t-78"})), "Nothing"),
        // Once, and not again.
        (tip("14", 5000.0), "deny huge"),
        (refund("15", "t-78"), "deny plan.bill"),
    ];
    expect(&policy, &[&start[..], &more].concat());
}

#[test]
fn a_step_that_failed_too_often_is_closed() {
    let policy = planned();
    let events = [
        prompt("pay ann@bank 150 or 20"),
        request("1", "read", json!({"path": "bill"})),
        response("1", json!("150 to ann@bank")),
        pay("2", "ann@bank", 150.0),
        pay("3", "ann@bank", 150.0),
        pay("4", "ann@bank", 20.0),
    ];
    let found = answers(&policy, &events);
    let told = |at: usize| {
        let answer = found[at].as_ref().expect("an answer");
        (answer.retry_left, answer.open.join(" "), answer.unreachable.join(" "))
    };
    // It may be tried again, so nothing is lost yet.
    assert_eq!(told(3), (Some(1), "read pay tip".to_owned(), String::new()));
    assert_eq!(told(4), (Some(0), "read tip".to_owned(), "pay log".to_owned()));
    // What would have been allowed is no step any more, so nothing excuses where it comes from.
    assert_eq!(found[5].as_ref().map(|it| it.decision), Some(Effect::Deny));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever is offered is allowed when it is asked for next, and retries come to an end.
    #[test]
    fn offers_are_never_denied_and_retries_end(
        acts in prop::collection::vec((0..5_u8, 0..4_usize, 0..4_usize), 1..24),
    ) {
        let program = program(POLICY);
        let ground = Ground::of(&program);
        let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
        let mut seq = 0;
        let mut step = |session: &mut Session<'_, '_>, work: &mut Work, mut event: Json| {
            seq += 1;
            (event["seq"], event["ts"]) = (json!(seq), json!("2026-11-19T14:03:20Z"));
            let outcome = session.line(event.to_string().as_bytes(), work);
            (outcome.effect(), outcome.answer())
        };
        step(&mut session, &mut work, prompt("ann 150"));
        let (names, sums) = (["ann", "bob", "eve", "2026"], [20.0, 150.0, 5000.0, 9500.0]);
        let mut answered: BTreeMap<(usize, usize), u32> = BTreeMap::new();
        for (at, (act, name, sum)) in acts.into_iter().enumerate() {
            let same = (name, sum);
            let (id, name, sum) = (format!("c{at}"), names[name], sums[sum]);
            let event = match act {
                0 => request(&id, "read", json!({"path": name})),
                1 => response(&format!("c{}", at / 2), json!([name, "eve"])),
                2 => request(&id, "later", json!({"to": name, "amount": sum, "date": "x"})),
                _ => pay(&id, name, sum),
            };
            let (effect, answer) = step(&mut session, &mut work, event);
            let is_call = act != 1;
            prop_assert_eq!(answer.is_some(), is_call && effect != Some(Effect::Allow));
            let Some(answer) = answer else { continue };
            let is_large = answer.rule.as_deref() == Some("large");
            let more = is_large && answer.retry_left > Some(0);
            *answered.entry(same).or_default() += u32::from(more);
            for (number, offer) in answer.offers.iter().enumerate() {
                let args: Json = serde_json::from_str(&offer.args).expect("JSON");
                let event = request(&format!("o{at}-{number}"), &offer.tool, args);
                // In the state that it was offered in.
                let mut other = session.clone();
                let (effect, _) = step(&mut other, &mut work, event);
                prop_assert_eq!(effect, Some(Effect::Allow), "{:?}", offer);
            }
        }
        prop_assert!(answered.values().all(|times| *times <= 2));
    }
}

#[test]
fn approvers_are_asked_so_often_and_no_more() {
    let policy = POLICY.replace(
        "{to: [user], reason: vast}",
        "{to: [user], reason: vast, timeout: 1s, fatigue: {max: 2, per: 1h, then: deny}}",
    );
    let policy = policy.replace("{id: large, on: [pay]", "{id: large, on: [later]");
    let vast = |call: &str, amount: f64, minute: u32| {
        let mut event = pay(call, "ann", amount);
        event["ts"] = json!(format!("2026-11-19T{:02}:{:02}:00Z", 10 + minute / 60, minute % 60));
        event
    };
    let mut speaks = prompt("pay ann");
    speaks["ts"] = json!("2026-11-19T10:00:00Z");
    expect(
        &policy,
        &[
            (speaks.clone(), "Nothing"),
            (vast("1", 9001.0, 0), "escalate vast"),
            (vast("2", 9002.0, 10), "escalate vast"),
        ],
    );
    let program = program(&policy);
    let ground = Ground::of(&program);
    let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
    let (ask, deny) = (Some(Effect::Escalate), Some(Effect::Deny));
    let events = [
        (speaks, None),
        (vast("1", 9001.0, 0), ask),
        (vast("2", 9002.0, 10), ask),
        (vast("3", 9003.0, 59), deny),
        // An hour after the first there is room for one.
        (vast("4", 9004.0, 60), ask),
        (vast("5", 9005.0, 61), deny),
    ];
    for (seq, (mut event, wanted)) in (1..).zip(events) {
        event["seq"] = json!(seq);
        let effect = session.line(event.to_string().as_bytes(), &mut work).effect();
        assert_eq!(effect, wanted, "event {seq}");
    }
}

#[test]
fn what_is_wrong_with_answers_is_said_at_its_place() {
    use policyc::compiler::{Options, check};
    use policyc::diag::sink::Sink;

    use super::files;
    use crate::support::both::findings;

    let rows = [
        ("large: {respond: fail}\n  large/x: {respond: fail}", "E0220 there is no rule `large/x`"),
        ("huge: {respond: fail, disclose: reason}", "E0222 the message of the rule `huge` quotes"),
        (
            "large: {respond: alternatives, offer: [{tool: later, keep: [to, amount, day]}]}",
            "E0221 the tool `later` has no argument `day`",
        ),
        (
            "large: {respond: alternatives, \
                offer: [{tool: pay, keep: [to, amount], set: {to: '\"a\"'}}]}",
            "E0211 the argument `to` is given twice",
        ),
        (
            "large: {respond: alternatives, \
                offer: [{tool: pay, keep: [to], set: {amount: \"'x'\"}}]}",
            "E0221 the argument `amount` is of type double",
        ),
        ("large: {respond: backtrack, to: read}", "E0219 the plan has no step `read`"),
        ("large: {respond: ask, question: \"{action.args.to}\"}", "E0222 a question cannot quote"),
    ];
    let (policy, _) = POLICY.split_once("on_deny:").expect("answers");
    for (answer, wanted) in rows {
        let files = files(&format!("{policy}on_deny:\n  {answer}\n"));
        let mut sink = Sink::new();
        let _front = check(&files, &Options::default(), &mut sink);
        let found = findings(sink, &files);
        assert!(found.contains(wanted), "{answer}: {found}");
    }
}

/// What the host fills is quoted; what the model, a tool or a plan says, and what is made of it, is
/// not.
#[test]
fn a_question_quotes_every_root_that_the_host_fills() {
    let policy = |question: &str| {
        format!(
            "policyc: 1\nname: e\ndefault: deny\n\
             schema: {{tenant: {{id: string, plan: string}}, principal: {{id: string}}}}\n\
             labels: {{integrity: {{untrusted: [mail], input: [user]}}}}\n\
             tools: {{send: {{effect: egress, args: {{to: string target}}}}}}\n\
             variables: [{{who: args.to}}]\n\
             rules: [{{id: tgt, on: [send], when: \"tenant.id != ''\", deny: no call}}]\n\
             on_deny: {{tgt: {{respond: ask, question: \"{question}\"}}}}\n"
        )
    };
    let said = |question: &str| {
        let files = super::files(&policy(question));
        let mut sink = policyc::diag::sink::Sink::new();
        let _front = policyc::compiler::check(&files, &Default::default(), &mut sink);
        crate::support::both::findings(sink, &files)
    };
    for quoted in ["{tenant.id}", "{tenant.plan}, {principal.id}", "{request.ip}", "{now}"] {
        assert!(!said(quoted).contains("E0"), "{quoted}: {}", said(quoted));
    }
    for other in ["{who}", "{variables.who}", "{action.args.to}", "{ctx}", "{plan.off}"] {
        assert!(said(other).contains("E0222 a question cannot quote this"), "{other}");
    }
    let unknown = said("{tennant.id}");
    assert!(unknown.contains("tennant") && unknown.contains("E0"), "{unknown}");
    let mut call = request("1", "send", json!({"to": "eve@x.org"}));
    call["tenant"] = json!({"id": "acme", "plan": "gold"});
    let found = answered(&policy("For {tenant.id}?"), &[call]).and_then(|it| it.question);
    assert_eq!(found.as_deref(), Some("For acme?"));
}
