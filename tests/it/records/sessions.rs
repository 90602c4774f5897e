//! Sessions of which every event is recorded: what lines hold, and that they fold again.

use policyc::lang::decision::Effect;
use policyc::lang::value::time::Instant;
use policyc::runtime::program::Program;
use policyc::runtime::record::about::{About, Loaded};
use policyc::runtime::record::read::Record;
use policyc::runtime::record::session::SessionRecorder;
use policyc::runtime::session::ground::Ground;
use policyc::runtime::session::step::{Session, Work};
use policyc::runtime::vm::canonical::Canonical;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::records::MADE;
use crate::records::schema::{assert_fits, schema};
use crate::session::random::{event, numbered};
use crate::session::{POLICY, program};

/// The lines of a session, and the effects of its requests.
pub(crate) fn recorded(
    program: &Program,
    session: &str,
    events: &[String],
) -> Vec<(Option<Effect>, String)> {
    let ground = Ground::of(program);
    let mut recorder = SessionRecorder::of(&ground, &Loaded::default());
    let mut open = recorder.begin(session);
    let line = |(number, event): (usize, &String)| {
        let id = format!("{session}-{number}");
        let about = About::new(&id, MADE);
        let recorded = recorder.event(&mut open, event.as_bytes(), &about, None);
        let line = String::from_utf8(recorded.line.to_vec()).expect("lines are text");
        (recorded.outcome.effect(), line)
    };
    (1..).zip(events).map(line).collect()
}

/// Events as lines.
pub(crate) fn lines(events: Vec<Json>) -> Vec<String> {
    numbered(events).iter().map(Json::to_string).collect()
}

/// What records of a session are by hand.
const BY_HAND: &str = r#"
policyc: 1
name: clerk
default: deny
labels: {integrity: {untrusted: [file], input: [user]}}
tools:
  read: {effect: none, args: {path: string}, output: {"": {labels: [untrusted.file]}}}
  send: {effect: egress, args: {to: string target, amount: optional double}}
rules:
  - {id: all, on: [read, send], allow: a call}
  - {id: large, on: [send], when: "has(args.amount) && args.amount > 100.0", escalate: {to: [user]}}
flow:
  - {id: target, sink: {effect: egress, arg: target}, forbid: "untrusted.*", over: deny}
meters:
  sent: {on: send, key: args.to, amount: "1.5", window: session}
limits:
  - {meter: sent, max: 6}
plan:
  id: bill
  steps: {first: {tool: read}, pay: {tool: send, after: [first]}}
  reads: {allow: ["*"]}
"#;

fn request(call: &str, tool: &str, args: Json) -> Json {
    json!({"ev": "request", "call": call, "action": {"tool": tool, "args": args}})
}

#[test]
fn lines_hold_what_the_session_knew() {
    let program = program(BY_HAND);
    let events = lines(vec![
        json!({"ev": "prompt", "principal": {"id": "b-7"}, "text": "Pay ann"}),
        request("c1", "read", json!({"path": "bill"})),
        json!({"ev": "response", "call": "c1", "out": {"iban": "DE89 3704", "$x": 1}}),
        request("c2", "send", json!({"to": "DE89 3704"})),
        request("c3", "send", json!({"to": "ann"})),
        request("c3", "send", json!({"to": "ann"})),
        json!({"ev": "response", "call": "c3", "error": "no", "done": false}),
        request("c4", "send", json!({"to": "ann", "amount": 500})),
    ]);
    let mut events = events;
    events.push("{\"ev\": \"oops".to_owned());
    let lines = recorded(&program, "s", &events);
    let effects: Vec<Option<Effect>> = lines.iter().map(|(effect, _)| *effect).collect();
    let (allow, deny) = (Some(Effect::Allow), Some(Effect::Deny));
    let ask = Some(Effect::Escalate);
    assert_eq!(effects, [None, allow, None, deny, allow, deny, None, ask, deny]);
    let schema = schema();
    let lines: Vec<Json> = lines.iter().map(|(_, line)| assert_fits(&schema, line)).collect();
    for (number, line) in (1..).zip(&lines) {
        assert_eq!(line["ses"], json!({"id": "s", "n": number}));
    }
    for pair in lines.windows(2) {
        assert_eq!(pair[0]["st"]["after"], pair[1]["st"]["before"]);
    }
    let [prompt, _, read, bad, paid, again, failed, large, lost] = lines.as_slice() else {
        panic!("nine lines");
    };
    assert_eq!(prompt["ev"]["text"], "Pay ann");
    assert_eq!((&prompt["ctx"], &prompt["out"]), (&json!({}), &Json::Null));
    // A key of the user that begins with a sign of marks has another one.
    assert_eq!(read["ev"]["out"], json!({"iban": "DE89 3704", "$$x": 1}));
    assert_eq!(bad["out"]["rule"], "target/to");
    assert_eq!(bad["labels"], json!({"/to": ["untrusted.file"]}));
    let link = json!({"depth": 0, "op": "match", "call": "c1", "tool": "read", "seq": 2,
        "pointer": "/iban", "labels": ["untrusted.file"]});
    assert_eq!(bad["chain"], json!({"/to": [link]}));
    assert_eq!(bad["ctx"]["principal"], json!({"id": "b-7"}));
    assert_eq!(bad["reads"], json!({"sent/DE89 3704": 0}));
    assert_eq!(bad["writes"], Json::Null);
    assert_eq!(paid["plan"], json!({"step": "pay", "off": "", "done": ["first"]}));
    assert_eq!(paid["writes"], json!({"sent/ann": "+1.5"}));
    assert_eq!((&again["note"], &again["raw"]), (&json!("same_call"), &json!("")));
    assert_eq!(again["out"]["err"], json!([{"class": "INPUT", "rule": null}]));
    assert_eq!(failed["writes"], json!({"sent/ann": "-1.5"}));
    assert_eq!(large["approval"]["standing"], "waiting");
    assert_eq!(large["approval"]["to"], json!(["user"]));
    let model = json!([{"depth": 0, "op": "model",
        "labels": ["input.user", "untrusted.file", "untrusted.unknown"]}]);
    assert_eq!(large["chain"]["/amount"], model);
    assert_eq!((&lost["ev"], &lost["note"]), (&json!("eyJldiI6ICJvb3Bz"), &json!("unreadable")));
}

/// Folds records again, and compares decisions and states.
fn folds(program: &Program, lines: &[(Option<Effect>, String)]) {
    let ground = Ground::of(program);
    let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
    let mut canonical = Canonical::of(program);
    for (effect, line) in lines {
        let record = Record::read(line.as_bytes()).unwrap_or_else(|it| panic!("{it:?}: {line}"));
        let mut memory = Vec::new();
        let event = record.taken_in(&mut memory).expect("the event is there");
        let [before, after] = record.states.expect("states");
        assert_eq!(session.state().digest(), before, "{line}");
        let outcome = session.line(event, &mut work);
        assert_eq!(outcome.effect(), *effect, "{line}");
        if let policyc::runtime::session::step::Outcome::Decided(mut decided) = outcome {
            let digest = canonical.digest(decided.by_rules_mut());
            assert_eq!(record.outcome.expect("a decision").digest, Some(digest), "{line}");
        }
        assert_eq!(session.state().digest(), after, "{line}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn records_fold_as_the_session_did(
        events in prop::collection::vec(event(), 1..20),
        spelled in any::<bool>(),
        broken in 0..40_usize,
    ) {
        let program = program(POLICY);
        let mut events: Vec<String> = numbered(events)
            .iter()
            .map(|event| if spelled { format!(" {event:#}") } else { event.to_string() })
            .collect();
        if let Some(event) = events.get_mut(broken) {
            event.pop();
        }
        folds(&program, &recorded(&program, "s", &events));
    }
}

#[test]
fn what_cannot_stand_as_json_folds_too() {
    let program = program(POLICY);
    let ts = "\"ts\":\"2026-11-19T14:03:20Z\"";
    let events = [
        format!(
            "{{\"ev\":\"request\",\"seq\":1,{ts},\"call\":\"1\",\"action\":\
                 {{\"tool\":\"list\",\"args\":{{}}}}}}"
        ),
        // A key twice in an output: nobody may read another one in it.
        format!(
            "{{\"ev\":\"response\",\"seq\":2,{ts},\"call\":\"1\",\"out\":{{\"a\":1,\"a\":2}}}}"
        ),
        format!("{{\"ev\":\"prompt\",\"seq\":3,{ts},\"text\":\"\\u0024x $\",\"$x\":\"seal\"}}"),
        "\u{feff}{}".to_owned(),
        "[1]".to_owned(),
    ];
    let lines = recorded(&program, "s", &events);
    assert!(lines[1].1.contains("\"ev\":\"ey"), "{}", lines[1].1);
    assert!(lines[2].1.contains("\"$$x\":\"seal\""), "{}", lines[2].1);
    folds(&program, &lines);
}

#[test]
fn what_is_withheld_stands_in_no_line_of_its_session() {
    let secret = "redact: [{path: /args/body, as: drop}]\nmeters: {spend: {on: send, key: \
                  args.body, window: session}}\nlimits: [{meter: spend, max: 9}]\n";
    let program = program(&format!("{POLICY}{secret}"));
    let word = "xylophone";
    let events = lines(vec![
        json!({"ev": "prompt", "principal": {"roles": ["owner"]}, "text": format!("tell {word}")}),
        request("1", "list", json!({})),
        json!({"ev": "response", "call": "1", "out": [{"note": word, word: 1}], "error": word}),
        request("2", "send", json!({"to": "tell", "body": word})),
        request("3", "send", json!({"to": "tell", "body": word, "odd": word})),
    ]);
    for (effect, line) in recorded(&program, "s", &events) {
        assert!(!line.contains(word), "{line}");
        let record = Record::read(line.as_bytes()).expect("a record");
        assert!(record.taken_in(&mut Vec::new()).is_none() && record.states.is_none(), "{line}");
        let line: Json = serde_json::from_str(&line).expect("JSON");
        for field in ["reads", "writes", "labels", "chain"] {
            assert_eq!(line[field], Json::Null, "{line}");
        }
        if effect == Some(Effect::Allow) && line["ctx"]["action"]["tool"] == "send" {
            assert_eq!(line["ctx"]["@session"], json!({"$x": "drop", "t": "map"}));
        }
    }
}

#[test]
fn what_is_too_long_for_a_line_says_so() {
    let program = program(POLICY);
    let long = "a ".repeat(2 << 20);
    let events = lines(vec![json!({"ev": "prompt", "text": "x"}), json!({"ev": "clock"})]);
    let mut events = events;
    events.insert(1, format!("{{\"ev\":\"oops\",\"x\":\"{long}\"}}"));
    let ground = Ground::of(&program);
    let mut recorder = SessionRecorder::of(&ground, &Loaded::default());
    let mut open = recorder.begin("s");
    let about = About::new("id", Instant { seconds: 0, nanoseconds: 0 });
    for (at, event) in events.iter().enumerate() {
        let line = recorder.event(&mut open, event.as_bytes(), &about, None).line;
        let record = Record::read(line).expect("a record");
        assert_eq!(record.replayable, at != 1);
        assert_eq!(record.taken_in(&mut Vec::new()).is_some(), at != 1);
        assert!(record.states.is_some());
    }
}

#[test]
fn atoms_do_not_tell_what_answers_of_the_session_were_made_of() {
    let sigs = |facts: &str| {
        let policy = format!(
            "policyc: 1\ndefault: allow\n\
             labels: {{integrity: {{untrusted: [file], input: [user]}}}}\n\
             tools: {{send: {{effect: egress, args: {{to: string target, n: int}}}}}}\n\
             redact:\n  - {{path: /action/args/to, as: drop{facts}}}\nrules:\n  \
             - {{id: odd, on: [send], deny: 'no',\n    \
             when: \"from(args.to) == 'prompt' && args.n > 3\"}}\n"
        );
        let program = program(&policy);
        ["ann", "bob"].map(|to| {
            let events = lines(vec![
                json!({"ev": "prompt", "text": "send it to ann"}),
                request("1", "send", json!({"to": to, "n": 1})),
            ]);
            let recorded = recorded(&program, "s", &events);
            let (effect, line) = recorded.last().expect("a record");
            assert_eq!(*effect, Some(Effect::Allow));
            let line: Json = serde_json::from_str(line).expect("JSON");
            line.get("sig").cloned()
        })
    };
    let [ann, bob] = sigs("");
    assert_ne!(ann, bob, "facts tell whose word it is, unless they are withheld");
    let [ann, bob] = sigs(", facts: none");
    assert_eq!(ann, bob);
}
