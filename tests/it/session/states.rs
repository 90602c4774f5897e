//! States with meters, approvals and plans: they are a function of what happened, and their digest
//! tells apart whatever decides otherwise.

use std::fmt::Write as _;

use policyc::lang::decision::Effect;
use policyc::runtime::session::ground::Ground;
use policyc::runtime::session::step::{Outcome, Session, Work};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::hand::{request, response};
use super::program;

const POLICY: &str = r#"
policyc: 1
default: deny
labels: {integrity: {untrusted: [file], own: [record], input: [user]}}
tools:
  read: {effect: none, args: {path: string}, output: {"": {labels: [untrusted.file]}}}
  pay: {effect: egress, args: {to: string target, amount: double}}
rules:
  - {id: all, allow: a call}
  - {id: large, on: [pay], when: args.amount > 3.0, escalate: {to: [user], reason: large}}
  - {id: cents, on: [pay], when: args.amount < 1.0, deny: it is too little, priority: -1}
  - {id: diary, on: [read], when: args.path == 'bob', deny: it is private, priority: -1}
  - {id: letters, on: [read], when: args.path == 'ann', deny: it is private, priority: -1}
flow:
  - {id: target, sink: {arg: target}, forbid: "untrusted.*", over: deny}
meters:
  spend: {on: pay, key: args.to, amount: args.amount, window: {sliding: 1m}}
limits:
  - {meter: spend, max: 6}
plan:
  id: bill
  steps:
    first: {tool: read, args: {path: {eq: a}}, times: 1}
    other: {tool: read, times: 2}
    pay: {tool: pay, after: [first], times: 3, args: {to: {from: [first, model, prompt]}}}
  deviation: {effect: {escalate: {to: [user]}}}
on_deny:
  large: {respond: fail, retries: 1}
  cents: {respond: fail, retries: 1}
  diary: {respond: fail, retries: 1}
  letters: {respond: fail, retries: 1}
  limit.spend: {respond: fail, retries: 2}
"#;

/// An event; an approval is of what was asked last, and of what nobody asked before that.
fn event() -> impl Strategy<Value = Json> {
    let call = || (0..9_u8).prop_map(|call| call.to_string());
    let text = || prop::sample::select(vec!["a", "b", "ann", "bob"]);
    let amount = prop::sample::select(vec![0.5, 1.0, 2.5, 4.0]);
    prop_oneof![
        1 => text().prop_map(|text| json!({"ev": "prompt", "text": text})),
        3 => (call(), text()).prop_map(|(call, path)| {
            request(&call, "read", json!({"path": path}))
        }),
        4 => (call(), text(), amount).prop_map(|(call, to, amount)| {
            request(&call, "pay", json!({"to": to, "amount": amount}))
        }),
        4 => (call(), text()).prop_map(|(call, text)| response(&call, json!(text))),
        2 => call().prop_map(|call| json!({"ev": "response", "call": call, "error": "no"})),
        2 => (text(), any::<bool>()).prop_map(|(by, grants)| {
            let verdict = if grants { "granted" } else { "refused" };
            json!({"ev": "approval", "by": format!("user:{by}"), "verdict": verdict})
        }),
        1 => text().prop_map(|to| json!({"ev": "plan", "plan": {"steps": {"r": {"tool": "read"},
            "p": {"tool": "pay", "args": {"to": {"eq": to}}}}}})),
    ]
}

/// An event, and another one that differs from it in one thing.
fn twins() -> impl Strategy<Value = (Json, Json)> {
    let amount = || prop::sample::select(vec![0.5, 0.7, 2.5, 3.5, 4.0]);
    let call = || (0..9_u8).prop_map(|call| call.to_string());
    let path = || prop::sample::select(vec!["a", "b", "bob", "ann"]);
    prop_oneof![
        2 => (event(), event()),
        2 => (call(), amount(), amount()).prop_map(|(call, one, other)| {
            let pay = |amount: f64| request(&call, "pay", json!({"to": "ann", "amount": amount}));
            (pay(one), pay(other))
        }),
        2 => (call(), path(), path()).prop_map(|(call, one, other)| {
            let read = |path: &str| request(&call, "read", json!({"path": path}));
            (read(one), read(other))
        }),
        2 => (call(), any::<bool>()).prop_map(|(call, swapped)| {
            let (out, error) = (json!(""), json!(""));
            let one = json!({"ev": "response", "call": call, "out": out});
            let other = json!({"ev": "response", "call": call, "error": error});
            if swapped { (other, one) } else { (one, other) }
        }),
    ]
}

/// A session that is told events, and what was asked last in it.
struct Told<'g, 'p> {
    session: Session<'g, 'p>,
    work: Work,
    asked: [u8; 32],
}

impl<'g, 'p> Told<'g, 'p> {
    fn of(ground: &'g Ground<'p>) -> Self {
        Self { session: Session::new(ground), work: Work::of(ground), asked: [0; 32] }
    }

    fn tell(&mut self, (seq, event): (usize, &Json), pretty: bool) -> Option<Effect> {
        let mut event = event.clone();
        event["seq"] = json!(seq);
        event["ts"] = json!(format!("2026-01-01T00:{:02}:{:02}Z", seq / 6 % 60, seq % 6 * 10));
        if event["ev"] == "approval" {
            let mut digest = "sha256:".to_owned();
            for byte in self.asked {
                let _ = write!(digest, "{byte:02x}");
            }
            event["for"] = json!(digest);
        }
        let line = if pretty { format!(" {event:#} ") } else { event.to_string() };
        let outcome = self.session.line(line.as_bytes(), &mut self.work);
        if let Outcome::Decided(it) = &outcome
            && let Some(asking) = &it.asking
        {
            self.asked = asking.digest;
        }
        outcome.effect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn equal_events_give_equal_states(events in prop::collection::vec(event(), 1..40)) {
        let program = program(POLICY);
        let ground = Ground::of(&program);
        let (mut one, mut other) = (Told::of(&ground), Told::of(&ground));
        for (at, event) in events.iter().enumerate() {
            let effect = one.tell((at + 1, event), false);
            prop_assert_eq!(other.tell((at + 1, event), true), effect, "{}", event);
            prop_assert_eq!(one.session.state().digest(), other.session.state().digest());
        }
    }

    /// Two sessions that differ in one event, and have one digest, decide alike.
    #[test]
    fn what_decides_otherwise_has_another_digest(
        events in prop::collection::vec(event(), 1..24),
        (at, (own, instead)) in (any::<prop::sample::Index>(), twins()),
        probes in prop::collection::vec(event(), 1..12),
    ) {
        let program = program(POLICY);
        let ground = Ground::of(&program);
        let (mut one, mut other) = (Told::of(&ground), Told::of(&ground));
        let at = at.index(events.len());
        for (seq, event) in (1..).zip(&events) {
            let (first, second) = if seq == at + 1 { (&own, &instead) } else { (event, event) };
            one.tell((seq, first), false);
            other.tell((seq, second), false);
        }
        if one.session.state().digest() != other.session.state().digest() {
            return Ok(());
        }
        other.asked = one.asked;
        for (seq, probe) in (events.len() + 1..).zip(&probes) {
            let effect = one.tell((seq, probe), false);
            prop_assert_eq!(other.tell((seq, probe), false), effect, "{}", probe);
        }
    }
}

/// The digests of a session after each event.
fn digests(policy: &str, events: &[Json]) -> Vec<[u8; 32]> {
    let program = program(policy);
    let ground = Ground::of(&program);
    let mut told = Told::of(&ground);
    let mut found = Vec::new();
    for (seq, event) in (1..).zip(events) {
        told.tell((seq, event), false);
        found.push(told.session.state().digest());
    }
    found
}

fn last(policy: &str, events: &[Json]) -> [u8; 32] {
    *digests(policy, events).last().expect("an event")
}

#[test]
fn what_later_decisions_hang_on_is_in_the_digest() {
    let pay = |amount: f64| request("1", "pay", json!({"to": "ann", "amount": amount}));
    // Which rule objected is counted: each has retries of its own.
    let read = |path: &str| last(POLICY, &[request("1", "read", json!({"path": path}))]);
    assert_ne!(read("bob"), read("ann"));
    // What was denied takes what it is worth where it is carried out all the same.
    assert_ne!(last(POLICY, &[pay(0.5)]), last(POLICY, &[pay(0.7)]));
    // An answer that failed undoes what a step has taken. Both carry what nobody knows.
    let plain = POLICY.replace("output: {\"\": {labels: [untrusted.file]}}", "output: {}");
    let read = request("1", "read", json!({"path": "a"}));
    let failed = json!({"ev": "response", "call": "1", "error": "none"});
    let done = json!({"ev": "response", "call": "1", "out": "none"});
    let digest = |end: &Json| last(&plain, &[read.clone(), end.clone()]);
    assert_ne!(digest(&failed), digest(&done));
    // Of two steps that ask as much a call is the first.
    let (one, other) = (r#""p":{"tool":"pay","times":1}"#, r#""q":{"tool":"pay","after":["r"]}"#);
    let plan = |steps: [&str; 2]| {
        let [a, b] = steps;
        let steps = format!(r#"{{"r":{{"tool":"read"}},{a},{b}}}"#);
        let head = r#""ev":"plan","seq":1,"ts":"2026-01-01T00:00:00Z""#;
        format!(r#"{{{head},"plan":{{"steps":{steps}}}}}"#)
    };
    let program = program(POLICY);
    let ground = Ground::of(&program);
    let after = |line: &str| {
        let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
        let outcome = session.line(line.as_bytes(), &mut work);
        assert!(matches!(outcome, Outcome::Recorded(_)), "{outcome:?}");
        session.state().digest()
    };
    assert_ne!(after(&plan([one, other])), after(&plan([other, one])));
    let spelled = plan([one, other]).replace("\"plan\":{", "\"plan\" : { ");
    assert_eq!(after(&plan([one, other])), after(&spelled));
}

#[test]
fn who_may_read_and_what_will_be_stored_is_in_the_digest() {
    let policy = r#"
policyc: 1
default: deny
labels: {integrity: {untrusted: [file], own: [record]}}
tools:
  look:
    effect: none
    output: {"": {labels: [own.record], audience: "out.open ? ['ann', 'bob'] : ['bob']"}}
  write: {effect: state, args: {folder: string}, store: "drive/{args.folder}/{id}"}
rules: [{id: all, allow: a call}]
"#;
    // A bool leaves no text, but narrows who may read what the model makes of it.
    let look = |open: bool| {
        let out = json!({"open": open});
        last(policy, &[request("1", "look", json!({})), response("1", out)])
    };
    assert_ne!(look(true), look(false));
    // Both arguments were seen nowhere: what tells them apart is where the answer will lie.
    let write = |folder: &str| last(policy, &[request("1", "write", json!({"folder": folder}))]);
    assert_ne!(write("a"), write("b"));
}

/// White space and escapes do not matter, the order of members does.
#[test]
fn the_order_of_members_is_a_part_of_an_event() {
    let program = program(POLICY);
    let ground = Ground::of(&program);
    let digest = |out: &str| {
        let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
        let head = r#""ts":"2026-11-19T14:00:00Z","call":"1""#;
        let read = r#"{"tool":"read","args":{"path":"a"}}"#;
        session.line(
            format!(r#"{{"ev":"request","seq":1,{head},"action":{read}}}"#).as_bytes(),
            &mut work,
        );
        let answer = format!(r#"{{"ev":"response","seq":2,{head},"out":{out}}}"#);
        session.line(answer.as_bytes(), &mut work);
        assert_eq!(session.state().closed(), None, "{answer}");
        session.state().digest()
    };
    let known = digest(r#"{"title":"good day","body":"a/b"}"#);
    for same in [
        r#" { "title" : "good day" , "body" : "a/b" } "#,
        r#"{"t\u0069tle":"good\u0020day","body":"a\/b"}"#,
    ] {
        assert_eq!(digest(same), known, "{same}");
    }
    assert_ne!(digest(r#"{"body":"a/b","title":"good day"}"#), known);
}
