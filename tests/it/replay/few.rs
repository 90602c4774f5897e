//! Sessions as tests, and the fewest events that force a decision.

use std::fs;

use policyc::runtime::session::ground::Ground;
use policyc::tools::event::Event;
use policyc::tools::replay::events::{fewest, fewest_within, said};
use serde_json::{Value as Json, json};

use super::apart::logged;
use super::sessions::changed;
use super::{file, project};
use crate::records::sessions::{lines, recorded};
use crate::session::program;
use crate::support::run::ran;

const POLICY: &str = r#"
policyc: 1
name: payer
default: deny
labels: {integrity: {untrusted: [file], input: [user]}}
tools:
  read: {effect: none, args: {path: string}, output: {"": {labels: [untrusted.file]}}}
  send: {effect: egress, args: {to: string target, amount: double}}
rules:
  - {id: all, on: [read, send], allow: a call}
  - {id: large, on: [send], when: args.amount > 100.0, escalate: {to: [user]}}
flow:
  - {id: target, sink: {effect: egress, arg: target}, forbid: "untrusted.file", over: deny}
meters: {sent: {on: send, key: args.to, window: session}}
limits: [{meter: sent, max: 2}]
"#;

fn read(call: &str) -> Json {
    json!({"ev": "request", "call": call, "action": {"tool": "read", "args": {"path": call}}})
}

fn answer(call: &str, out: &str) -> Json {
    json!({"ev": "response", "call": call, "out": out})
}

fn send(call: &str, to: &str, amount: f64) -> Json {
    json!({"ev": "request", "call": call,
        "action": {"tool": "send", "args": {"to": to, "amount": amount}}})
}

/// A denial that hangs on one answer of many; and one that hangs on two calls.
fn events() -> Vec<Json> {
    vec![
        json!({"ev": "prompt", "principal": {"id": "a"}, "text": "Pay ann and cid"}),
        read("r1"),
        answer("r1", "nothing"),
        read("r2"),
        answer("r2", "DE89 3704"),
        send("s1", "ann", 1.0),
        send("s2", "DE89 3704", 1.0),
        send("s3", "ann", 1.0),
        json!({"ev": "clock"}),
        send("s4", "ann", 1.0),
    ]
}

fn read_all(events: Vec<Json>) -> Vec<Event> {
    lines(events).iter().map(|it| Event::read(it).expect("an event")).collect()
}

/// The events by their places that force the decision about the last.
fn few(events: &[Json]) -> Vec<usize> {
    let events = read_all(events.to_vec());
    fewest(&program(POLICY), &events).expect("it is decided").kept
}

#[test]
fn the_fewest_events_are_those_that_force_a_decision() {
    let all = events();
    // Whichever answer it has read, the model carries what that carries; and what an answer
    // carries its call says.
    assert_eq!(few(&all[..7]), [1, 2, 6]);
    // The limit is two calls to ann.
    assert_eq!(few(&all), [5, 7, 9]);
    // Of a decision that hangs on nothing the request alone is left.
    assert_eq!(few(&all[..2]), [1]);
    assert_eq!(fewest(&program(POLICY), &read_all(vec![json!({"ev": "clock"})])), None);
}

/// Nothing can be left away, by brute force: without any other event it is decided otherwise.
#[test]
fn what_is_left_is_needed() {
    let program = program(POLICY);
    let ground = Ground::of(&program);
    let events = read_all(events());
    for last in [6, 9] {
        let kept = fewest(&program, &events[..=last]).expect("it is decided").kept;
        let all = said(&ground, &events[..=last]).pop().flatten().expect("a decision");
        for without in &kept[..kept.len() - 1] {
            let some = kept.iter().filter(|at| *at != without).map(|at| &events[*at]);
            let said = said(&ground, some).pop().flatten().expect("a decision");
            assert_ne!((&said.rule, &said.fired), (&all.rule, &all.fired), "{without}");
        }
    }
}

#[test]
fn commands_write_sessions_that_are_decided_as_recorded() {
    let (folder, program) = project("few", POLICY);
    folder.add("a.jsonl", file(&logged(&program, &events())));
    let run = |line: &str| ran(folder.path(), &format!("replay {line} --bundle policy.plcb"));
    run("minimize s-7 --records a.jsonl -o few.jsonl")
        .expect(0, &["DENY by `target/to` is forced by 3 of 7 events", "DE89 3704"]);
    ran(folder.path(), "eval policy.plcb --session few.jsonl")
        .expect(0, &["DENY send · target/to"]);
    run("minimize s-7 --records a.jsonl --output-format json")
        .expect(0, &["policyc.minimal_session", "\"events\": 7"]);
    run("minimize s-9 --records a.jsonl").expect(3, &["nothing is decided about it"]);
    run("test s-7 s-10 --records a.jsonl -o whole_test.yaml")
        .expect(0, &["wrote 2 cases", "all are decided as recorded"]);
    run("test s-7 s-10 --records a.jsonl --minimize -o few_test.yaml")
        .expect(0, &["wrote 2 cases", "all are decided as recorded"]);
    ran(folder.path(), "test").expect(0, &[]);
    // Another policy fails them.
    folder.add("policy.yaml", POLICY.replace("max: 2", "max: 9"));
    ran(folder.path(), "test").expect(1, &["s4"]);
    // Not all events are there.
    let lines = logged(&program, &events());
    folder.add("part.jsonl", file(&lines[2..]));
    for part in ["minimize s-7", "test s-7 -o x_test.yaml"] {
        run(&format!("{part} --records part.jsonl"))
            .expect(3, &["event 1 of its session is in no record", "--records"]);
    }
}

/// Every event must have come to what its record says, under one bundle and one engine.
#[test]
fn sessions_that_are_not_as_recorded_are_no_tests_and_force_nothing() {
    let (folder, program) = project("few-unlike", POLICY);
    let made = logged(&program, &events());
    let run = |at: usize, from: &str, to: &str, exits: [i32; 2], told: [&str; 2]| {
        let mut lines = made.clone();
        lines[at] = changed(&lines[at], from, to);
        folder.add("a.jsonl", file(&lines));
        for (part, (exit, told)) in
            ["test s-7 -o x_test.yaml", "minimize s-7"].iter().zip(exits.into_iter().zip(told))
        {
            let line = format!("replay {part} --records a.jsonl --bundle policy.plcb");
            ran(folder.path(), &line).expect(exit, &[told]);
            drop(std::fs::remove_file(folder.path().join("x_test.yaml")));
        }
    };
    let allowed = ["\"effect\":\"allow\"", "\"effect\":\"escalate\""];
    let test = "not decided as recorded, and skipped: event 6 of the session of s-7";
    let few = "event 6 of its session is not decided as recorded";
    run(5, allowed[0], allowed[1], [1, 3], [test, few]);
    run(5, "\"fired\":[\"all\"", "\"fired\":[\"any\"", [1, 3], [test, few]);
    run(5, "\"reason\":\"a call\"", "\"reason\":\"another\"", [1, 3], [test, few]);
    let last = "event 7 of its session is not decided as recorded";
    let denied = ["\"rule\":\"target/to\"", "\"rule\":\"all\""];
    run(6, denied[0], denied[1], [1, 3], ["not decided as recorded, and skipped: s-7", last]);
    let digest: String = program.digest().iter().map(|byte| format!("{byte:02x}")).collect();
    let other = "another bundle decided about event 4";
    run(3, &digest, &"0".repeat(64), [3, 3], [other; 2]);
    let engine = "an engine with other semantics decided about event 2";
    run(1, "\"sem\":\"pcs-", "\"sem\":\"pcs-9", [3, 3], [engine; 2]);
    // What comes later is no matter.
    run(9, "\"sem\":\"pcs-", "\"sem\":\"pcs-9", [0, 0], ["all are decided", "forced by 3"]);
}

#[test]
fn a_search_that_was_stopped_is_told() {
    let program = program(POLICY);
    let events = read_all(events());
    let found = fewest_within(&program, &events, 12).expect("it is decided");
    assert!(found.stopped && found.kept.len() > 3, "{found:?}");
    let found = fewest_within(&program, &events, 1_000).expect("it is decided");
    assert_eq!((found.stopped, found.kept.len()), (false, 3));
}

/// What was granted is for the call that was asked about, whatever bundle decides then.
#[test]
fn an_approval_of_a_recorded_session_is_for_its_call() {
    let (folder, program) = project("few-granted", POLICY);
    let mut events = vec![
        json!({"ev": "prompt", "principal": {"id": "a"}, "text": "go"}),
        send("c1", "ann", 500.0),
    ];
    let asked: Json = serde_json::from_str(&logged(&program, &events)[1]).expect("JSON");
    let digest = asked["approval"]["for"].as_str().expect("a digest").to_owned();
    events.push(json!({"ev": "approval", "for": digest, "by": "user:mona", "verdict": "granted"}));
    events.push(send("c2", "ann", 500.0));
    folder.add("a.jsonl", file(&logged(&program, &events)));
    ran(folder.path(), "replay test s-4 --records a.jsonl -o g_test.yaml --bundle policy.plcb")
        .expect(0, &["all are decided as recorded"]);
    let text = fs::read_to_string(folder.path().join("g_test.yaml")).expect("a test");
    assert!(text.contains("\"for\":\"c1\"") && !text.contains(&digest), "{text}");
    ran(folder.path(), "test").expect(0, &[]);
    // The digest of another bundle would be another one; the case still holds.
    folder.add("policy.yaml", POLICY.replace("max: 2", "max: 7"));
    ran(folder.path(), "test").expect(0, &[]);
}

/// Events as hosts write them, whose members nobody has sorted: digests of questions go by their
/// order, and so do the steps of a plan.
#[test]
fn members_stay_in_the_order_in_which_they_were_recorded() {
    let (folder, program) = project("few-order", POLICY);
    let line = |seq: usize, rest: &str| {
        format!("{{\"seq\":{seq},\"ts\":\"2026-11-19T14:00:00Z\",{rest}}}")
    };
    let pay = r#""action":{"tool":"send","args":{"to":"ann","amount":5e2}}"#;
    let out = r#"{"title":"good day","body":"\ud83d\ude00 \/ 7.00"}"#;
    let mut events = vec![
        line(1, r#""ev":"prompt","text":"Pay ann","principal":{"roles":[],"id":"a"}"#),
        line(2, r#""ev":"request","call":"r","action":{"tool":"read","args":{"path":"x"}}"#),
        line(3, &format!(r#""ev":"response","call":"r","out":{out}"#)),
        line(4, &format!("\"ev\":\"request\",\"call\":\"c1\",{pay}")),
    ];
    let made = |events: &[String]| -> Vec<String> {
        recorded(&program, "s", events).into_iter().map(|(_, line)| line).collect()
    };
    let asked: Json = serde_json::from_str(&made(&events)[3]).expect("JSON");
    let digest = asked["approval"]["for"].as_str().expect("a digest").to_owned();
    let granted = r#""ev":"approval","verdict":"granted","by":"user:mona""#;
    events.push(line(5, &format!("{granted},\"for\":\"{digest}\"")));
    events.push(line(6, &format!("\"ev\":\"request\",\"call\":\"c2\",{pay}")));
    folder.add("a.jsonl", file(&made(&events)));
    let run = |line: &str| ran(folder.path(), &format!("replay {line} --bundle policy.plcb"));
    run("verify a.jsonl").expect(0, &["exact 6 100 %"]);
    run("test s-6 --records a.jsonl -o whole_test.yaml")
        .expect(0, &["all are decided as recorded"]);
    let text = fs::read_to_string(folder.path().join("whole_test.yaml")).expect("a test");
    assert!(text.contains(r#""expect":{"allow":"all""#), "{text}");
    assert!(text.contains(r#""out":{"title":"good day","body":"😀 / 7.00"}"#), "{text}");
    ran(folder.path(), "test").expect(0, &[]);
    run("minimize s-6 --records a.jsonl -o few.jsonl").expect(0, &["ALLOW by `all` is forced by"]);
    ran(folder.path(), "eval policy.plcb --session few.jsonl").expect(0, &["ALLOW send · all"]);
}

#[test]
fn steps_of_a_recorded_plan_stay_in_their_order() {
    let plan = "plan: {id: task, deviation: {effect: deny}}\n";
    let (folder, program) = project("few-steps", &format!("{POLICY}{plan}"));
    let line = |seq: usize, rest: &str| {
        format!("{{\"seq\":{seq},\"ts\":\"2026-11-19T14:00:00Z\",{rest}}}")
    };
    let pay = r#""tool":"send","args":{"to":"ann","amount":1.0}"#;
    let read = r#""tool":"read","args":{"path":"x"}"#;
    // The first call is the step `z`, which is written first; so the next may be `m`.
    let steps = r#""z":{"tool":"send","times":1},"a":{"tool":"send","times":1}"#;
    let steps = format!(r#"{{{steps},"m":{{"tool":"read","after":["z"]}}}}"#);
    let asks = |call: &str, action: &str| {
        format!(r#""ev":"request","call":"{call}","action":{{{action}}}"#)
    };
    let events = [
        line(1, r#""ev":"prompt","text":"Pay ann","principal":{"roles":[],"id":"a"}"#),
        line(2, &format!(r#""ev":"plan","plan":{{"id":"p","steps":{steps}}}"#)),
        line(3, &asks("c1", pay)),
        line(4, r#""ev":"response","call":"c1","out":"ok""#),
        line(5, &asks("c2", read)),
    ];
    let made = recorded(&program, "s", &events);
    let made: Vec<String> = made.into_iter().map(|(_, line)| line).collect();
    folder.add("a.jsonl", file(&made));
    let test = "replay test s-5 --records a.jsonl -o whole_test.yaml --bundle policy.plcb";
    ran(folder.path(), test).expect(0, &["all are decided as recorded"]);
    let text = fs::read_to_string(folder.path().join("whole_test.yaml")).expect("a test");
    assert!(text.contains(&steps) && text.contains(r#""expect":{"allow":"all""#), "{text}");
    ran(folder.path(), "test").expect(0, &[]);
}
