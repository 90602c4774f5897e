//! What a candidate changes in sessions: from what records say the session answered, and folded
//! anew; and what is told of one event.

use std::num::NonZero;
use std::sync::Arc;

use policyc::runtime::program::Program;
use policyc::tools::replay::comparer::Comparer;
use policyc::tools::replay::filter::Filter;
use policyc::tools::replay::fold::Folds;
use policyc::tools::replay::fold::resim::Resim;
use policyc::tools::replay::impact::{Impact, Outcome};
use policyc::tools::replay::redecide::Obstacle;
use policyc::tools::replay::store::Store;
use policyc::tools::replay::stream::Chunk;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{file, project};
use crate::records::sessions::{lines, recorded};
use crate::session::random::event;
use crate::session::{POLICY as CLERK, program};
use crate::support::run::ran;

/// At most three calls to somebody, and large ones are asked about.
const POLICY: &str = r#"
policyc: 1
name: payer
default: deny
labels: {integrity: {untrusted: [file], input: [user]}, secrecy: {secret: [pii]}}
tools:
  read: {effect: none, args: {path: string}, output: {"": {labels: [untrusted.file, secret.pii]}}}
  send: {effect: egress, args: {to: string target, amount: double}}
rules:
  - {id: all, on: [read, send], allow: a call}
  - {id: large, on: [send], when: args.amount > 100.0, escalate: {to: [user], uses: 9}}
meters: {sent: {on: send, key: args.to, window: session}}
limits: [{meter: sent, max: 3}]
"#;

fn send(call: &str, amount: f64) -> Json {
    json!({"ev": "request", "call": call,
        "action": {"tool": "send", "args": {"to": "ann", "amount": amount}}})
}

fn answer(call: &str) -> Json {
    json!({"ev": "response", "call": call, "out": "done"})
}

/// The records of a session, and what both ways find of it.
pub(super) fn both(from: &str, to: &str, records: &[String]) -> [Impact; 2] {
    both_from(from, None, to, records)
}

/// The same, with another bundle in the stead of the one that decided.
pub(super) fn both_from(
    own: &str,
    from: Option<&str>,
    to: &str,
    records: &[String],
) -> [Impact; 2] {
    let (store, filter) = (Store::default(), Filter::default());
    store.add(program(own));
    let from = from.map(|text| Arc::new(program(text)));
    let to: Arc<Program> = Arc::new(program(to));
    let bytes: Vec<u8> = file(records).into_bytes();
    let chunk = Chunk { source: 0, line: 1, bytes };
    let mut comparer = Comparer::of((&store, &filter), from.as_ref(), &to);
    let frozen = comparer.chunk(&chunk);
    let task = Resim { from, to: Arc::clone(&to), weight: 1 };
    let mut folds = Folds::of(&store, task, NonZero::new(2).expect("above zero"));
    let (mut anew, gathered) = comparer.chunk_apart(&chunk);
    anew.merge(folds.take(gathered));
    anew.merge(folds.finish());
    [frozen, anew]
}

pub(super) fn made(policy: &str, events: &[Json]) -> Vec<String> {
    logged(&program(policy), events)
}

/// The records of a session.
pub(super) fn logged(program: &Program, events: &[Json]) -> Vec<String> {
    let lines = recorded(program, "s", &lines(events.to_vec()));
    lines.into_iter().map(|(_, line)| line).collect()
}

pub(super) fn changes(impact: &Impact) -> Vec<(Outcome, Outcome, u64)> {
    let cells = impact.matrix.iter().filter(|((from, to), _)| from != to);
    cells.map(|((from, to), count)| (*from, *to, count.records)).collect()
}

#[test]
fn a_lower_limit_changes_what_is_folded_anew() {
    let events: Vec<Json> = (1..=3)
        .flat_map(|call| [send(&call.to_string(), 1.0), answer(&call.to_string())])
        .collect();
    let records = made(POLICY, &events);
    let to = POLICY.replace("max: 3", "max: 1");
    let [frozen, anew] = both(POLICY, &to, &records);
    // What the session answered was about another limit.
    assert_eq!(changes(&frozen), [(Outcome::Allow, Outcome::Undetermined, 3)]);
    assert_eq!(frozen.total().records, 3);
    assert_eq!(changes(&anew), [(Outcome::Allow, Outcome::Deny, 2)]);
    assert_eq!((anew.total().records, anew.drift, anew.obstacles.len()), (3, 0, 0));
    let (_, first) = anew.changed_sessions.rows().next().expect("a session");
    assert_eq!((first.step, first.changes), (3, 2));
}

#[test]
fn what_nobody_asked_the_session_is_no_change() {
    let records = made(
        POLICY,
        &[
            json!({"ev": "prompt", "text": "go"}),
            json!({"ev": "request", "call": "1",
            "action": {"tool": "read", "args": {"path": "x"}}}),
            json!({"ev": "response", "call": "1", "out": "bob"}),
            send("2", 1.0),
            json!({"ev": "request", "call": "3",
            "action": {"tool": "send", "args": {"to": "bob", "amount": 1.0}}}),
        ],
    );
    let flow = "flow: [{id: leak, sink: {arg: target}, forbid: secret.pii, over: deny}]\n";
    let [frozen, anew] = both(POLICY, &format!("{POLICY}{flow}"), &records);
    assert_eq!(changes(&frozen), []);
    assert_eq!(frozen.obstacles.get(&Obstacle::Asks), Some(&2), "{:?}", frozen.obstacles);
    assert_eq!((frozen.total().records, anew.total().records), (1, 3));
    // Of `ann` the model knows from nowhere, and so it carries what was read.
    assert_eq!(changes(&anew), [(Outcome::Allow, Outcome::Deny, 2)]);
}

#[test]
fn what_was_granted_counts_for_what_a_candidate_asks() {
    let mut events =
        vec![json!({"ev": "prompt", "principal": {"id": "a"}, "text": "go"}), send("1", 500.0)];
    let asked: Json = serde_json::from_str(&made(POLICY, &events)[1]).expect("JSON");
    let digest = asked["approval"]["for"].as_str().expect("a digest");
    events.push(json!({"ev": "approval", "for": digest, "by": "user:mona", "verdict": "granted"}));
    events.push(send("2", 500.0));
    let records = made(POLICY, &events);
    assert!(records[3].contains("\"effect\":\"allow\""), "{}", records[3]);
    let to = POLICY.replace("name: payer", "name: other");
    let [frozen, anew] = both(POLICY, &to, &records);
    for impact in [&frozen, &anew] {
        assert_eq!((changes(impact), impact.total().records), (vec![], 2));
    }
    // Where nobody may grant it any more it is asked about again.
    let to = POLICY.replace("to: [user]", "to: [boss]");
    let [frozen, anew] = both(POLICY, &to, &records);
    let open =
        [(Outcome::Allow, Outcome::Undetermined, 1), (Outcome::Escalate, Outcome::Undetermined, 1)];
    assert_eq!(changes(&frozen), open);
    assert_eq!(changes(&anew), [(Outcome::Allow, Outcome::Escalate, 1)]);
    // What was refused is denied under both.
    let refused = json!({"ev": "approval", "for": digest, "by": "user:mona", "verdict": "refused"});
    events[2] = refused;
    let records = made(POLICY, &events);
    for impact in both(POLICY, POLICY, &records) {
        assert_eq!((changes(&impact), impact.drift), (vec![], 0));
        assert_eq!(impact.cell(Outcome::Deny, Outcome::Deny).records, 1);
    }
}

#[test]
fn sessions_that_are_not_whole_are_not_folded_anew() {
    let mut records = made(POLICY, &[send("1", 1.0), answer("1"), send("2", 1.0), send("3", 1.0)]);
    records.remove(1);
    let [frozen, anew] = both(POLICY, &POLICY.replace("max: 3", "max: 1"), &records);
    assert_eq!(frozen.total().records, 3);
    assert_eq!(anew.total().records, 1);
    assert_eq!(anew.obstacles.get(&Obstacle::NotWhole), Some(&2));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_same_bundle_changes_nothing(events in prop::collection::vec(event(), 1..16)) {
        let lines = recorded(&program(CLERK), "s", &lines(events));
        let requests = lines.iter().filter(|(effect, line)| {
            effect.is_some() && line.contains("\"ev\":\"request\"")
        }).count() as u64;
        let records: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
        for impact in both(CLERK, CLERK, &records) {
            prop_assert_eq!(changes(&impact), []);
            prop_assert_eq!((impact.total().records, impact.drift), (requests, 0));
            prop_assert_eq!((impact.reworded, impact.obstacles.len()), (0, 0));
        }
    }
}

#[test]
fn commands_tell_what_the_session_knew_or_say_why_not() {
    let (folder, program) = project("sessions-told", POLICY);
    let events = [
        json!({"ev": "prompt", "principal": {"id": "b-7"}, "text": "Pay ann"}),
        json!({"ev": "request", "call": "1", "action": {"tool": "read", "args": {"path": "x"}}}),
        json!({"ev": "response", "call": "1", "out": "DE89 3704"}),
        json!({"ev": "request", "call": "2",
            "action": {"tool": "send", "args": {"to": "DE89 3704", "amount": 500.0}}}),
    ];
    let lines = recorded(&program, "s", &lines(events.to_vec()));
    let lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
    folder.add("a.jsonl", file(&lines));
    folder.add("new.yaml", POLICY.replace("max: 3", "max: 0"));
    let run = |line: &str| ran(folder.path(), &format!("replay {line} --bundle policy.plcb"));
    run("explain s-4 --records a.jsonl").expect(
        0,
        &[
            "carries /to: secret.pii, untrusted.file",
            "seen /to in read (1, event 2), all of it: secret.pii, untrusted.file",
            "meter sent/DE89 3704: 0 used",
            "asked user: 0 of 1 agreed",
        ],
    );
    run("explain s-1 --records a.jsonl").expect(3, &["about which nothing is decided"]);
    run("step s --records a.jsonl --plain").expect(
        0,
        &[
            "1 · prompt Pay ann",
            "3 · response 1 DE89 3704",
            "4 ◆ send",
            "seen /to in read (1, event 2), all of it",
        ],
    );
    run("flip s-4 --records a.jsonl")
        .expect(0, &["ESCALATE by `large` → ALLOW", "action.args.amount 500.0 → 100.0"]);
    run("cover a.jsonl").expect(0, &["cover · 2 records"]);
    run("diff a.jsonl --to new.yaml").expect(3, &["newly denied 0", "limit `limit.sent`"]);
    run("diff a.jsonl --to new.yaml --state resim")
        .expect(0, &["newly denied 1", "first change in 1 session"]);
    run("diff a.jsonl --to new.yaml --state other").expect(2, &["resim"]);
}
