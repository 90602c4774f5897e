//! Corners where several parts of a session meet: what people are asked, what waits, what is
//! undone.

use policyc::lang::decision::Effect;
use policyc::lang::session::Respond;
use policyc::runtime::record::about::{About, Loaded};
use policyc::runtime::record::session::SessionRecorder;
use policyc::runtime::session::ground::Ground;
use serde_json::{Value as Json, json};

use super::came::{Came, last, run};
use super::hand::{expect, pay, prompt, request, response};
use super::{files, program};
use crate::support::both::findings;

const PLAN: &str = r#"
policyc: 1
default: deny
labels: {integrity: {untrusted: [file], own: [record], input: [user]}}
tools:
  read: {effect: none, args: {path: string}, output: {"": {labels: [untrusted.file]}}}
  list: {effect: none, output: {"": {labels: [own.record]}}}
  pay: {effect: egress, args: {to: string target, amount: double}, undo: refund}
  tip: {effect: none, args: {amount: double}}
  refund: {effect: egress, args: {id: string}}
rules:
  - {id: all, allow: a call}
  - {id: large, on: [pay], when: args.amount > 100.0 && args.amount < 9000.0, deny: it is too much}
  - {id: huge, on: [tip], when: args.amount > 1000.0, deny: it is too much}
  - id: vast
    on: [pay]
    when: args.amount > 9000.0
    priority: -1
    escalate: {to: [user], timeout: 1h, fatigue: {max: 3, per: 1h, then: deny}}
flow:
  - {id: target, sink: {arg: target}, forbid: "untrusted.*", over: deny}
plan:
  id: bill
  steps:
    read: {tool: read}
    pay: {tool: pay, after: [read], times: 1, args: {to: {from: [read]}}}
    log: {tool: list, after: [pay], times: 1}
    tip: {tool: tip, after: [read], times: 1}
  reads: {allow: [tip]}
on_deny:
  huge:
    {respond: backtrack, to: read, compensate: reverse_order, max: 2, else: ask, question: "Go on?"}
  large: {respond: fail, retries: 1, disclose: rule_id}
  vast: {respond: backtrack, to: read, compensate: reverse_order, else: ask, question: "Go on?"}
"#;

fn tip(call: &str, amount: f64) -> Json {
    request(call, "tip", json!({"amount": amount}))
}

fn refund(call: &str, id: &str) -> Json {
    request(call, "refund", json!({"id": id}))
}

/// The bill was read.
fn read() -> [Json; 3] {
    [
        prompt("pay the bill"),
        request("r", "read", json!({"path": "bill"})),
        response("r", json!("20 to ann@bank")),
    ]
}

#[test]
fn a_step_that_retries_have_closed_stays_closed() {
    let [speaks, asks, answers] = read();
    expect(
        PLAN,
        &[
            (speaks, "Nothing"),
            (asks, "allow all"),
            (answers, "Nothing"),
            (pay("1", "ann@bank", 150.0), "deny large"),
            (pay("2", "ann@bank", 150.0), "deny large"),
            (pay("3", "ann@bank", 20.0), "deny target/to"),
            (tip("4", 5.0), "allow all"),
            (response("4", json!("done")), "Nothing"),
            // The plan goes back: the tip is undone, and may be given again.
            (tip("5", 5000.0), "deny huge"),
            (tip("6", 5.0), "allow all"),
            // The payment was closed and is closed.
            (pay("7", "ann@bank", 20.0), "deny target/to"),
        ],
    );
    let events = [
        &read()[..],
        &[
            pay("1", "ann@bank", 150.0),
            pay("2", "ann@bank", 150.0),
            tip("4", 5.0),
            response("4", json!("done")),
            tip("5", 5000.0),
        ],
    ];
    let answer = last(PLAN, &events.concat()).answer.expect("an answer");
    assert_eq!((answer.respond, answer.undo.len()), (Respond::Backtrack, 1));
}

#[test]
fn what_is_asked_of_approvers_is_not_undone_and_what_they_refuse_is() {
    let paid =
        [&read()[..], &[tip("1", 5.0), response("1", json!("done")), pay("2", "ann@bank", 9500.0)]]
            .concat();
    let came = last(PLAN, &paid);
    let answer = came.answer.expect("an answer");
    assert_eq!((answer.decision, answer.respond), (Effect::Escalate, Respond::Ask));
    assert_eq!(answer.undo, []);
    assert_eq!(came.done, ["read", "tip"]);
    let refused = [
        &paid[..],
        &[
            json!({"ev": "approval", "by": "user:mona", "verdict": "refused"}),
            pay("3", "ann@bank", 9500.0),
        ],
    ]
    .concat();
    let came = last(PLAN, &refused);
    let answer = came.answer.expect("an answer");
    assert_eq!((answer.decision, answer.respond), (Effect::Deny, Respond::Backtrack));
    assert_eq!(came.done, ["read"]);
    let report = came.report.expect("a decision");
    assert_eq!((report.effect, report.escalation), (Some(Effect::Deny), None));
}

#[test]
fn plans_of_events_go_back_with_the_plan_of_the_policy() {
    let steps = json!({
        "r": {"tool": "read"},
        "p": {"tool": "pay", "times": 1},
        "t": {"tool": "tip", "times": 1},
    });
    let plan = json!({"ev": "plan", "plan": {"id": "task", "steps": steps}});
    let [speaks, asks, answers] = read();
    expect(
        PLAN,
        &[
            (speaks, "Nothing"),
            (plan, "Nothing"),
            (asks, "allow all"),
            (answers, "Nothing"),
            (pay("1", "ann@bank", 20.0), "allow all"),
            (response("1", json!({"id": "t-77"})), "Nothing"),
            (pay("2", "ann@bank", 20.0), "deny target/to"),
            (tip("3", 5000.0), "deny huge"),
            // What undoes a call the plan of the task cannot know.
            (refund("4", "t-78"), "deny plan.bill"),
            (refund("5", "t-77"), "allow all"),
            (refund("6", "t-77"), "deny plan.bill"),
            (response("5", json!("done")), "Nothing"),
            // It may be made again, once: in both plans.
            (pay("7", "ann@bank", 20.0), "allow all"),
            (response("7", json!({"id": "t-79"})), "Nothing"),
            (pay("8", "ann@bank", 20.0), "deny target/to"),
            (refund("9", "t-79"), "deny plan.bill"),
        ],
    );
}

#[test]
fn a_plan_does_not_go_back_where_nobody_could_undo_it() {
    // A call of `refund` must say something that the payment answered.
    for (out, wanted) in [
        (json!({"id": "t-77"}), Respond::Backtrack),
        (json!(null), Respond::Ask),
        (json!([true]), Respond::Ask),
    ] {
        let events =
            [&read()[..], &[pay("1", "ann@bank", 20.0), response("1", out), tip("2", 5000.0)]];
        let answer = last(PLAN, &events.concat()).answer.expect("an answer");
        assert_eq!(answer.respond, wanted);
    }
}

#[test]
fn what_was_asked_too_often_is_reported_and_recorded_as_a_deny() {
    let policy = PLAN.replace(
        "vast: {respond: backtrack, to: read, compensate: reverse_order, else: ask,",
        "vast: {respond: ask, retries: 1,",
    );
    let policy = policy.replace("timeout: 1h", "timeout: 1s");
    let tries = |amounts: [f64; 4]| {
        let all = ["1", "2", "3", "4"].into_iter().zip(amounts);
        let all = all.map(|(call, amount)| pay(call, "ann@bank", amount));
        read().into_iter().chain(all).collect::<Vec<_>>()
    };
    let (same, others) = (tries([9001.0; 4]), tries([9001.0, 9002.0, 9003.0, 9004.0]));
    let effects = |policy: &str, events: &[Json]| -> Vec<(Effect, bool)> {
        let reports = run(policy, events).into_iter().skip(3).filter_map(|came| came.report);
        reports.map(|it| (it.effect.expect("an effect"), it.escalation.is_some())).collect()
    };
    let (ask, deny) = ((Effect::Escalate, true), (Effect::Deny, false));
    // Twice by retries, where nobody says anything to the first.
    assert_eq!(effects(&policy, &same), [ask, ask, deny, deny]);
    // Three times an hour, where nothing counts retries.
    assert_eq!(effects(PLAN, &others), [ask, ask, ask, deny]);
    for (policy, events, wanted) in [(policy.as_str(), &same, 5), (PLAN, &others, 6)] {
        let notes = notes(policy, events);
        // With the last retry the step is closed: then a rule denies it.
        let at = notes.iter().position(|note| *note == json!("too_often"));
        assert_eq!(at, Some(wanted), "{notes:?}");
        assert_eq!(notes.iter().filter(|note| !note.is_null()).count(), 1);
    }
}

/// The notes of the records of events.
fn notes(policy: &str, events: &[Json]) -> Vec<Json> {
    let program = program(policy);
    let ground = Ground::of(&program);
    let mut recorder = SessionRecorder::of(&ground, &Loaded::default());
    let mut open = recorder.begin("s");
    let mut found = Vec::new();
    for (seq, event) in (1..).zip(events) {
        let mut event = event.clone();
        (event["seq"], event["ts"]) = (json!(seq), json!(format!("2026-11-19T14:03:{seq:02}Z")));
        let at = policyc::lang::value::time::Instant { seconds: 0, nanoseconds: 0 };
        let about = About::new("01ARZ3NDEKTSV4RRFFQ69G5FAV", at);
        let recorded = recorder.event(&mut open, event.to_string().as_bytes(), &about, None);
        let record: Json = serde_json::from_slice(recorded.line).expect("JSON");
        found.push(record["note"].clone());
    }
    found
}

const HOSTS: &str = r#"
policyc: 1
default: deny
functions:
  team: {params: [string], result: string}
  rate: {params: [string], result: double, timeout: 10s}
  known: {params: [string], result: bool}
  risk: {params: [double], result: double, timeout: 10s}
tools:
  pay: {effect: egress, args: {to: string target, amount: double, unit: string}}
rules:
  - {id: all, allow: a call}
  - {id: risky, on: [pay], when: risk(args.amount) > 0.5, deny: it is risky}
meters:
  spend: {on: pay, key: team(args.to), amount: args.amount * rate(args.unit), window: session}
limits: [{meter: spend, max: 100}]
plan:
  id: bill
  steps: {pay: {tool: pay, requires: known(args.to)}}
on_deny:
  risky: {respond: fail, retries: 1, disclose: rule_id}
"#;

fn fact(function: &str, args: Json, result: Json) -> Json {
    json!({"ev": "fact", "f": function, "args": args, "result": result})
}

fn buy(call: &str, to: &str, amount: f64) -> Json {
    request(call, "pay", json!({"to": to, "amount": amount, "unit": "eur"}))
}

/// The effect as reports say it, with the functions that are waited for.
fn waits(came: &Came) -> (&'static str, Vec<&str>) {
    let report = came.report.as_ref().expect("a decision");
    let mut calls: Vec<&str> = report.pending.iter().map(|call| call.function.as_str()).collect();
    calls.sort_unstable();
    (report.effect_word().unwrap_or("nothing"), calls)
}

#[test]
fn what_meters_and_plans_go_by_waits_for_the_host() {
    let events = [
        buy("1", "ann", 30.0),
        fact("team", json!(["ann"]), json!("red")),
        fact("rate", json!(["eur"]), json!(2)),
        buy("1", "ann", 30.0),
        fact("risk", json!([30.0]), json!(0)),
        fact("known", json!(["ann"]), json!(true)),
        buy("1", "ann", 30.0),
        // Another of the same team.
        fact("team", json!(["bob"]), json!("red")),
        fact("known", json!(["bob"]), json!(true)),
        buy("2", "bob", 30.0),
        fact("team", json!(["eve"]), json!("blue")),
        buy("3", "eve", 30.0),
        fact("known", json!(["eve"]), json!(false)),
        buy("3", "eve", 30.0),
    ];
    let came = run(HOSTS, &events);
    assert_eq!(came.iter().find_map(|came| came.fault.as_ref()), None);
    let (pending, allow, deny) = ("pending", "allow", "deny");
    let rule = |at: usize| came[at].report.as_ref().and_then(|report| report.rule.as_deref());
    assert_eq!(waits(&came[0]), (pending, vec!["known", "rate", "team"]));
    // Whatever the risk, what is not planned is denied.
    assert_eq!(waits(&came[3]), (pending, vec!["known"]));
    assert_eq!((waits(&came[6]), rule(6)), ((allow, vec![]), Some("all")));
    assert_eq!((waits(&came[9]), rule(9)), ((deny, vec![]), Some("limit.spend")));
    assert_eq!(waits(&came[11]), (pending, vec!["known"]));
    assert_eq!((waits(&came[13]), rule(13)), ((deny, vec![]), Some("plan.bill")));
    // In vain, and no longer than it may be.
    let late = |mut event: Json| {
        event["ts"] = json!("2026-11-19T15:00:00Z");
        event
    };
    let came = last(HOSTS, &[buy("1", "ann", 30.0), late(buy("1", "ann", 30.0))]);
    assert_eq!(waits(&came), (deny, vec![]));
}

#[test]
fn what_the_host_does_not_say_in_time_is_no_try() {
    let known = [
        fact("team", json!(["ann"]), json!("red")),
        fact("rate", json!(["eur"]), json!(1)),
        fact("known", json!(["ann"]), json!(true)),
    ];
    let at = |minute: u32, mut event: Json| {
        event["ts"] = json!(format!("2026-11-19T15:{minute:02}:00Z"));
        event
    };
    let mut events = known.to_vec();
    for minute in 0..4 {
        events.push(at(2 * minute, buy("1", "ann", 5.0)));
        events.push(at(2 * minute + 1, buy(&format!("x{minute}"), "ann", 5.0)));
    }
    events.push(at(10, fact("risk", json!([5.0]), json!(0.9))));
    for call in ["a", "b", "c"] {
        events.push(at(11, buy(call, "ann", 5.0)));
    }
    let came = run(HOSTS, &events);
    let left = |at: usize| came[at].answer.as_ref().map(|it| (it.respond, it.retry_left));
    for minute in 0..4 {
        assert_eq!(waits(&came[3 + 2 * minute]), ("pending", vec!["risk"]));
        assert_eq!(waits(&came[4 + 2 * minute]), ("deny", vec![]));
        assert_eq!(left(4 + 2 * minute), Some((Respond::Fail, Some(2))));
    }
    assert_eq!(left(12), Some((Respond::Fail, Some(1))));
    assert_eq!(left(13), Some((Respond::Fail, Some(0))));
    let open = |at: usize| came[at].answer.as_ref().map(|it| it.open.join(" "));
    assert_eq!((open(12), open(13)), (Some("pay".to_owned()), Some(String::new())));
}

#[test]
fn results_are_found_where_nobody_knew_the_type_of_an_argument() {
    let policy = r#"
policyc: 1
default: deny
functions:
  risk: {params: [double], result: double}
  tell: {params: [dyn], result: bool}
  all: {params: [list<double>], result: bool}
tools: {pay: {args: {n: dyn}}, say: {args: {n: dyn}}, add: {args: {n: dyn}}}
meters: {any: {on: "*", window: session}}
rules:
  - {id: pay, on: [pay], when: risk(args.n) < 0.5, allow: a call}
  - {id: say, on: [say], when: tell(args.n), allow: a call}
  - {id: add, on: [add], when: all(args.n), allow: a call}
"#;
    let object = json!({"b": [1, 2.5, "x"], "a": {"c": null, "b": true}});
    for (tool, function, given, result) in [
        ("pay", "risk", json!(5), json!(0)),
        ("pay", "risk", json!(5.0), json!(0)),
        ("say", "tell", json!(5), json!(true)),
        ("say", "tell", json!(5.5), json!(true)),
        ("say", "tell", json!("5"), json!(true)),
        ("say", "tell", object, json!(true)),
        ("add", "all", json!([1, 2.5]), json!(true)),
    ] {
        let call = request("1", tool, json!({"n": given}));
        let came = run(policy, &[call.clone(), fact(function, json!([given]), result), call]);
        assert_eq!(waits(&came[0]), ("pending", vec![function]), "{given}");
        assert_eq!(came[1].fault, None, "{given}");
        assert_eq!(waits(&came[2]), ("allow", vec![]), "{given}");
    }
}

#[test]
fn the_host_is_not_asked_about_an_output() {
    use policyc::compiler::{Options, check};
    use policyc::diag::sink::Sink;

    let policy = |when: &str| {
        format!(
            "policyc: 1\ndefault: deny\nfunctions: {{good: {{params: [string], result: bool}}}}\n\
             labels: {{integrity: {{untrusted: [web], own: [record]}}}}\n\
             tools:\n  read: {{effect: none, output: {{\"/*\": {{labels: [own.record], \
             when: {when}}}}}}}\nrules: [{{id: all, on: [read], allow: a call}}]\n"
        )
    };
    let said = |when: &str| {
        let files = files(&policy(when));
        let mut sink = Sink::new();
        let _front = check(&files, &Options::default(), &mut sink);
        findings(sink, &files)
    };
    let found = said("\"out.a == 'x' && good(string(out.by))\"");
    assert!(found.contains("a function of the host cannot be asked about an output"), "{found}");
    let found = said("\"out.a == 'x'\"");
    assert!(!found.contains("function of the host"), "{found}");
}
