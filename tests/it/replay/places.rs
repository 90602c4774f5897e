//! Whatever place is withheld, nothing of its value stands in what is left of a record: not in
//! messages, not in what a session answered or kept, not in digests that can be compared with
//! guesses.

use std::sync::Arc;

use policyc::runtime::program::Program;
use policyc::runtime::program::withheld::{RedactionClass, RedactionRule, RedactionRules};
use policyc::runtime::record::read::Record;
use policyc::runtime::record::redact::Redactor;
use policyc::tools::replay::plain::leaves;
use policyc::tools::replay::seal::{MakerBundle, RewrittenRecord, SealOptions, rewritten};
use serde_json::{Value as Json, json};

use super::sessions::changed;
use super::{file, project, records};
use crate::records::sessions::{lines, recorded};
use crate::session::program;
use crate::support::run::ran;

/// Every text and number of these tests stands in one place alone.
const POLICY: &str = r#"
policyc: 1
name: clerk
default: deny
functions: {score: {params: [string], result: string}}
labels: {integrity: {untrusted: [file], input: [user]}}
tools:
  read: {effect: none, args: {path: string}, output: {"": {labels: [untrusted.file]}}}
  send: {effect: egress, args: {to: string target, amount: double, memo: string}}
rules:
  - {id: all, on: [read, send], allow: a call}
  - {id: much, on: [send], when: 'sum("sent") > 900.0', deny: 'already {sum("sent")} were sent'}
  - {id: large, on: [send], when: args.amount > 500.0, escalate: {to: [user], reason: large}}
  - {id: known, on: [send], when: 'score(args.memo) == "bad"', deny: a bad one}
meters: {sent: {on: send, key: args.to, amount: args.amount, window: session}}
limits: [{meter: sent, max: 9000}]
plan:
  id: bill
  steps: {first: {tool: read}, pay: {tool: send, after: [first]}}
  reads: {allow: ["*"]}
"#;

fn sealed(line: &str, program: Option<&Arc<Program>>, path: &str) -> RewrittenRecord {
    let rule = RedactionRule::of(path, RedactionClass::Drop, true).expect("a path");
    let rules = RedactionRules::new(vec![rule]);
    let maker = program.map(|program| MakerBundle::of(Arc::clone(program), &rules));
    let record = Record::read(line.as_bytes()).expect("a record");
    let sealing = SealOptions { rules: &rules, by: None };
    let made = rewritten(&record, maker.as_ref(), &sealing, &mut Redactor::default(), None);
    made.expect("it is rewritten")
}

fn send(call: &str, amount: f64) -> Json {
    let args = json!({"to": "xylophone", "amount": amount, "memo": "quartz"});
    json!({"ev": "request", "call": call, "action": {"tool": "send", "args": args}})
}

/// A session in which amounts are added up, approvals are asked for and outputs are repeated.
fn session() -> Vec<String> {
    let events = vec![
        json!({"ev": "prompt", "principal": {"id": "jackdaw-7"}, "text": "Pay the xylophone"}),
        json!({"ev": "request", "call": "c1",
            "action": {"tool": "read", "args": {"path": "zebrawood"}}}),
        json!({"ev": "response", "call": "c1", "out": "quartz and xylophone"}),
        json!({"ev": "fact", "f": "score", "args": ["quartz"], "result": "fine quartz"}),
        send("c2", 471.25),
        send("c3", 463.5),
        send("c4", 12.75),
        send("c5", 623.5),
    ];
    let made = recorded(&program(POLICY), "s", &lines(events));
    made.into_iter().map(|(_, line)| line).collect()
}

fn json(line: &[u8]) -> Json {
    serde_json::from_slice(line).expect("JSON")
}

#[test]
fn nothing_of_a_withheld_value_is_left_of_a_record_of_a_session() {
    let program = Arc::new(program(POLICY));
    let lines = session();
    assert!(lines[6].contains("already 934.75 were sent"), "{}", lines[6]);
    assert!(lines[5].contains("fine quartz"), "{}", lines[5]);
    let mut tried = 0;
    for line in &lines {
        let context = json(line.as_bytes())["ctx"].clone();
        for path in leaves(&context).iter().filter(|path| !path.starts_with("/@session")) {
            let value = context.pointer(path).expect("a leaf");
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if value.is_empty() || ["read", "send"].contains(&value.as_str()) || value == "{}" {
                continue;
            }
            for program in [Some(&program), None] {
                let left = sealed(line, program, path);
                let text = String::from_utf8(left.line).expect("text");
                assert!(!text.contains(&value), "{path} {value}: {text}");
                // Nor what amounts of it add up to.
                assert!(!text.contains("934.75"), "{path}: {text}");
                let left = json(text.as_bytes());
                for field in
                    ["reads", "writes", "labels", "chain", "plan", "approval", "st", "wire"]
                {
                    assert_eq!(left[field], Json::Null, "{field}: {text}");
                }
                assert_eq!(left["ctx"]["@session"], json!({"$x": "drop", "t": "map"}), "{text}");
                tried += 1;
            }
        }
    }
    assert!(tried > 30, "{tried}");
}

/// Whoever knows the rest of a decision tries values until its digest comes out: where a message
/// would tell, the digest goes with it.
#[test]
fn a_digest_over_a_message_that_tells_goes_with_it() {
    let (folder, program) = project("places", super::POLICY);
    let program = Arc::new(program);
    let payment = super::payment(17_321, "nutmeg", &[]);
    let line = records(&program, &[payment]).remove(0);
    assert!(line.contains("17321 needs two approvers"), "{line}");
    let told = sealed(&line, Some(&program), "/action/args/amount");
    assert_eq!(told.parts, ["reason", "dig"]);
    assert_eq!(json(&told.line)["out"]["dig"], Json::Null);
    let silent = sealed(&line, Some(&program), "/action/args/memo");
    assert_eq!(silent.parts, [""; 0]);
    assert_eq!(json(&silent.line)["out"]["reason"], "17321 needs two approvers");
    assert!(json(&silent.line)["out"]["dig"].is_string());
    // Without the bundle nobody can prove it.
    let unproved = sealed(&line, None, "/action/args/memo");
    assert_eq!(unproved.parts, ["reason", "cost", "dig"]);
    // It is told as what it is: nobody can compare it any more.
    folder.add("a.jsonl", file(&[line]));
    let run = |line: &str| ran(folder.path(), &format!("replay {line}"));
    let seal = "seal a.jsonl --as drop -o b.jsonl --path";
    run(&format!("{seal} /action/args/amount")).expect(0, &["1 value withheld"]);
    run("verify b.jsonl --bundle policy.plcb").expect(3, &["undetermined 1"]);
}

/// What hosts and others have put beside a decision.
#[test]
fn what_stands_beside_a_decision_tells_nothing() {
    let (_, program) = project("places-beside", super::POLICY);
    let program = Arc::new(program);
    let line = records(&program, &[super::payment(5, "nutmeg", &[])]).remove(0);
    let wire = format!(",\"wire\":\"sha256:{}\",\"otel\":", "ab".repeat(32));
    let more = [
        wire + "{\"trace\":\"t\",\"span\":\"s\",\"note\":\"nutmeg\"}",
        "\"reads\":{\"rate/nutmeg/60s\":[7,\"v9\"]}".to_owned(),
        "\"writes\":{\"rate/nutmeg/60s\":\"+1\"}".to_owned(),
        "\"shadow\":{\"reason\":\"nutmeg\"},\"own\":\"nutmeg\"".to_owned(),
        "\"nd\":[{\"f\":\"spice\",\"a\":\"sha256:".to_owned()
            + &"cd".repeat(32)
            + "\",\"r\":\"a nutmeg\"}]",
    ];
    let line = line.strip_suffix('}').expect("an object").to_owned() + &more.join(",") + "}";
    let line = changed(&line, "\"oblig\":[]", "\"oblig\":[\"log nutmeg\"]");
    let line =
        changed(&line, "\"err\":[]", "\"err\":[{\"class\":\"X\",\"rule\":null,\"m\":\"nutmeg\"}]");
    let line = changed(&line, "\"tz\":", "\"seen\":\"nutmeg\",\"tz\":");
    for program in [Some(&program), None] {
        let left = sealed(&line, program, "/action/args/memo");
        let text = String::from_utf8(left.line).expect("text");
        assert!(!text.contains("nutmeg"), "{text}");
        let left = json(text.as_bytes());
        assert_eq!((&left["wire"], &left["replayable"]), (&Json::Null, &json!(false)), "{text}");
        assert_eq!(left["otel"], json!({"trace": "t", "span": "s"}));
    }
}

#[test]
fn a_value_that_stands_elsewhere_is_told() {
    let (folder, program) = project("places-twice", super::POLICY);
    let line = records(&program, &[super::payment(5, "nutmeg", &["nutmeg"])]).remove(0);
    folder.add("a.jsonl", file(&[line]));
    let run = |line: &str| ran(folder.path(), &format!("replay {line}"));
    let seal = "seal a.jsonl --as drop -o b.jsonl --path /action/args/memo";
    run(seal).expect(0, &["the same value stands at /approvers/*, too, in 1 record", "--path"]);
}
