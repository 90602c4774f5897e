//! What a record of a session says beside its event is what the session comes to: whatever of it
//! was changed is found. Requests that stand as bytes are requests, too.

use policyc::tools::replay::verify::{Part, Verified};
use serde_json::{Value as Json, json};

use super::sessions::{changed, found_of};
use super::{file, project};
use crate::records::sessions::{lines, recorded};
use crate::session::program;
use crate::support::run::ran;

/// Labels, a meter, a plan, approvals, and a function of the host.
const POLICY: &str = r#"
policyc: 1
name: clerk
default: deny
functions: {score: {params: [string], result: double}}
labels: {integrity: {untrusted: [file], input: [user]}}
tools:
  read: {effect: none, args: {path: string}, output: {"": {labels: [untrusted.file]}}}
  send: {effect: egress, args: {to: string target, amount: double}}
rules:
  - {id: all, on: [read, send], allow: a call}
  - {id: large, on: [send], when: args.amount > 100.0, escalate: {to: [user], reason: large}}
  - {id: bad, on: [send], when: score(args.to) > 0.5, deny: "{args.to} is bad"}
flow:
  - {id: target, sink: {effect: egress, arg: target}, forbid: "untrusted.*", over: deny}
meters: {sent: {on: send, key: args.to, amount: args.amount, window: session}}
limits: [{meter: sent, max: 900}]
plan:
  id: bill
  steps: {first: {tool: read}, pay: {tool: send, after: [first]}}
  reads: {allow: ["*"]}
"#;

fn send(call: &str, to: &str, amount: f64) -> Json {
    json!({"ev": "request", "call": call,
        "action": {"tool": "send", "args": {"to": to, "amount": amount}}})
}

fn events() -> Vec<Json> {
    let fact = |to: &str| json!({"ev": "fact", "f": "score", "args": [to], "result": 0.25});
    vec![
        json!({"ev": "prompt", "principal": {"id": "b-7"}, "text": "Pay ann and bob"}),
        json!({"ev": "request", "call": "c1", "action": {"tool": "read", "args": {"path": "x"}}}),
        json!({"ev": "response", "call": "c1", "out": "DE89 3704"}),
        fact("ann"),
        fact("DE89 3704"),
        send("c2", "ann", 12.5),
        send("c3", "DE89 3704", 1.0),
        send("c4", "ann", 500.0),
        json!({"ev": "response", "call": "c9", "out": "x"}),
    ]
}

fn session() -> Vec<String> {
    let made = recorded(&program(POLICY), "s", &lines(events()));
    made.into_iter().map(|(_, line)| line).collect()
}

fn found(lines: &[String]) -> Verified {
    found_of(program(POLICY), lines)
}

#[test]
fn whatever_of_a_record_was_changed_is_found() {
    let lines = session();
    assert_eq!(found(&lines).exact, 9, "{}", lines.join("\n"));
    let nowhere = ["", ""];
    let (knew, decision) = (Part::Knew, Part::Decision);
    // A line, what stands there, what stands there instead; which part of it differs.
    for (at, [from, to], part, field) in [
        (0, ["\"now\":\"2026-11-19T14:03:20Z\"", "\"now\":\"2026-11-19T14:03:21Z\""], knew, "now"),
        (5, ["\"now\":\"2026-11-19T14:03:20Z\"", "\"now\":\"2026-11-19T14:03:19Z\""], knew, "now"),
        (5, [",\"out\":{", ",\"phase\":\"response\",\"out\":{"], knew, "phase"),
        (5, ["\"r\":0.25", "\"r\":0.75"], knew, "nd"),
        (5, ["\"nd\":[", "\"nx\":["], knew, "nd"),
        (1, [",\"out\":{", ",\"nd\":[],\"out\":{"], knew, "nd"),
        (5, ["\"reads\":{\"sent/ann\":0}", "\"reads\":{\"sent/ann\":1}"], knew, "reads"),
        (5, ["\"writes\":{\"sent/ann\":\"+12.5\"}", "\"writes\":{}"], knew, "writes"),
        (6, ["\"labels\":{", "\"labels\":{\"/x\":[],"], knew, "labels"),
        (6, ["\"op\":\"match\"", "\"op\":\"ref\""], knew, "chain"),
        (5, ["\"done\":[\"first\"]", "\"done\":[]"], knew, "plan"),
        (7, ["\"standing\":\"waiting\"", "\"standing\":\"refused\""], knew, "approval"),
        (7, ["\"for\":\"sha256:", "\"of\":\"sha256:"], knew, "approval"),
        (8, ["\"note\":\"not_asked\"", "\"note\":\"again\""], knew, "note"),
        (0, [",\"st\":", ",\"note\":\"again\",\"st\":"], knew, "note"),
        (6, ["\"effect\":\"deny\"", "\"effect\":\"allow\""], decision, "effect"),
        (6, ["\"rule\":\"target/to\"", "\"rule\":null"], decision, "rule"),
        (7, ["\"reason\":\"large\"", "\"reason\":\"small\""], decision, "reason"),
        (5, ["\"fired\":[\"all\"", "\"fired\":[\"bad\",\"all\""], decision, "fired"),
        (5, ["\"sig\":\"", "\"sig\":\"!"], decision, "sig"),
        (0, nowhere, decision, "out"),
    ] {
        let mut lines = lines.clone();
        lines[at] = if [from, to] == nowhere {
            changed(&lines[at], ",\"st\":", ",\"out\":{\"effect\":\"allow\"},\"st\":")
        } else {
            changed(&lines[at], from, to)
        };
        let found = found(&lines);
        let what = &found.mismatches.first().unwrap_or_else(|| panic!("{from} {found:?}")).what;
        let told = what.session.as_ref().map(|session| (session.number, session.part));
        assert_eq!(told, Some((1 + at as u64, part)), "{from}");
        assert_eq!(what.field, Some(field), "{from}");
        assert_eq!((found.mismatched, found.exact, found.downstream), (1, 8, 0), "{from}");
    }
}

#[test]
fn a_witness_that_is_gone_is_found() {
    let mut lines = session();
    let start = lines[5].find(",\"sig\":\"").expect("a witness");
    let end = start + 8 + lines[5][start + 8..].find('"').expect("its end") + 1;
    lines[5].replace_range(start..end, "");
    let found = found(&lines);
    let what = &found.mismatches.first().expect("a mismatch").what;
    assert!(what.atom.is_some(), "{what:?}");
    assert_eq!((found.mismatched, found.exact), (1, 8));
}

#[test]
fn no_field_that_people_go_by_is_given_twice() {
    let mut lines = session();
    lines[7] = changed(&lines[7], ",\"st\":", ",\"approval\":{\"standing\":\"granted\"},\"st\":");
    let found = found(&lines);
    assert_eq!((found.unreadable, found.exact), (1, 7));
}

#[test]
fn white_space_changes_nothing() {
    let mut lines = session();
    for (at, from, to) in [
        (5, "\"reads\":{\"sent/ann\":0}", "\"reads\": { \"sent/ann\" : 0 }"),
        (7, "\"approval\":{", "\"approval\": { "),
        (7, "\"fired\":[", "\"fired\": [ "),
    ] {
        lines[at] = changed(&lines[at], from, to);
    }
    assert_eq!(found(&lines).exact, 9);
}

/// A request of which the arguments have a key twice: its context is no JSON that may stand in a
/// record, so it stands there as bytes.
#[test]
fn requests_that_stand_as_bytes_are_verified_and_decided_as_they_were() {
    let ts = "\"ts\":\"2026-11-19T14:03:20Z\"";
    let twice = format!(
        "{{\"ev\":\"request\",\"seq\":2,{ts},\"call\":\"1\",\"action\":{{\"tool\":\"read\",\
         \"args\":{{\"path\":\"x\"}}}},\"request\":{{\"a\":1,\"a\":2}}}}"
    );
    let (folder, program) = project("changed-raw", POLICY);
    let mut all = lines(vec![json!({"ev": "prompt", "text": "go"})]);
    all.push(twice);
    let made: Vec<(_, String)> = recorded(&program, "s", &all);
    let (effect, line) = &made[1];
    assert!(line.contains("\"raw\":\""), "{line}");
    let word = effect.expect("it was decided").word();
    folder.add("a.jsonl", file(&made.iter().map(|(_, line)| line.clone()).collect::<Vec<_>>()));
    let run = |line: &str| ran(folder.path(), &format!("replay {line} --bundle policy.plcb"));
    run("verify a.jsonl").expect(0, &["exact 2", "mismatch 0"]);
    run("explain s-2 --records a.jsonl").expect(0, &["bit-exact", &word.to_uppercase()]);
    run("step s --records a.jsonl --plain").expect(0, &["read", "path=x"]);
    run("diff a.jsonl --to policy.plcb").expect(0, &["recorded = replayed for all but 0"]);
}
