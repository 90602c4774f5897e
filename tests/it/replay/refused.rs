//! Calls that a session refused, whatever rules say of them: they are denied wherever they are
//! told, and the reason is the session's.

use serde_json::Value as Json;

use crate::support::run::{Folder, ran};

const POLICY: &str = "policyc: 1
name: desk
default: deny
tools: {pay: {effect: egress, args: {n: int}}}
meters: {m: {on: [pay], window: session}}
rules:
  - {id: all, on: [pay], allow: paid}
  - {id: big, on: [pay], when: args.n > 10, escalate: {to: [user], fatigue: {max: 1, per: 1h}}}
";
const EVENTS: [(u8, &str); 4] = [
    (1, r#""ev":"prompt","text":"pay","principal":{"id":"ann"}"#),
    (2, r#""ev":"request","call":"a","action":{"tool":"pay","args":{"n":20}}"#),
    (3, r#""ev":"request","call":"b","action":{"tool":"pay","args":{"n":30}}"#),
    (2, r#""ev":"request","call":"c","action":{"tool":"pay","args":{"n":1}}"#),
];

/// The session, recorded, and the ids of its records.
fn recorded(name: &str) -> (Folder, Vec<String>) {
    let folder = Folder::new(name);
    folder.add("p.yaml", POLICY);
    let events = EVENTS.iter().map(|(seq, rest)| {
        format!("{{\"seq\":{seq},\"ts\":\"2026-03-17T09:00:0{seq}Z\",{rest}}}\n")
    });
    folder.add("s.jsonl", events.collect::<String>());
    ran(folder.path(), "eval p.yaml --session s.jsonl --record r.jsonl");
    let lines = std::fs::read_to_string(folder.path().join("r.jsonl")).expect("records");
    let id =
        |line: &str| serde_json::from_str::<Json>(line).ok()?["id"].as_str().map(str::to_owned);
    let ids: Vec<String> = lines.lines().filter_map(id).collect();
    assert_eq!(ids.len(), 4, "{lines}");
    (folder, ids)
}

#[test]
fn what_nobody_was_asked_about_is_denied() {
    let (folder, ids) = recorded("replay-refused");
    let explain = |id: &str| {
        ran(folder.path(), &format!("replay explain {id} --records r.jsonl --bundle p.yaml"))
    };
    explain(&ids[1]).expect(0, &["ESCALATE", "asks user"]);
    let told = explain(&ids[2]);
    told.expect(0, &["DENY", "too_often", "bit-exact"]);
    assert!(!told.out.contains("ESCALATE") && !told.out.contains("asks"), "{}", told.out);
    let chosen = |effect: &str| {
        let line = format!("replay diff r.jsonl --effect {effect} --bundle p.yaml --to p.yaml");
        ran(folder.path(), &line)
    };
    chosen("escalate").expect(0, &["1 decision"]);
    chosen("deny").expect(0, &["2 decisions"]);
}

#[test]
fn the_session_says_why_it_refused() {
    let (folder, ids) = recorded("replay-refused-why");
    let line = format!("replay explain {} --records r.jsonl --bundle p.yaml", ids[3]);
    let told = ran(folder.path(), &line);
    told.expect(0, &["DENY", "the number of the event does not follow the one before"]);
    assert!(!told.out.contains("the context ends"), "{}", told.out);
}

/// What was never decided, and what sessions answer nobody knows, cannot be judged.
#[test]
fn what_nobody_knows_is_left_out() {
    let folder = Folder::new("replay-refused-unknown");
    let limited = POLICY.replace("rules:", "limits: [{meter: m, max: 5}]\nrules:");
    folder.add("p.yaml", limited);
    folder.add(
        "q.yaml",
        POLICY.split("meters:").next().unwrap_or_default().to_owned()
            + "rules: [{id: all, on: [pay], allow: paid}]\n",
    );
    folder.add(
        "r.jsonl",
        format!(
            "{{{}{}}}\n",
            r#""v":1,"id":"a","ts":"2026-03-17T09:00:00Z","eng":{"name":"x"},"#,
            r#""ctx":{"action":{"args":{"n":20},"tool":"pay"}},"now":"2026-03-17T09:00:00Z""#,
        ),
    );
    let gate = "--fail-on newly_allowed>0";
    ran(folder.path(), &format!("replay diff r.jsonl --bundle p.yaml --to q.yaml {gate}"))
        .expect(3, &["left out 1", "not judged"]);
}
