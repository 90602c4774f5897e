//! Random sessions: the fold and the reference agree, and what must always hold does.

use std::collections::BTreeSet;

use policyc::runtime::session::ground::Ground;
use policyc::runtime::session::provenance::Kind;
use policyc::runtime::session::step::{Outcome, Session, Work};
use policyc::runtime::vm::report::DecisionReport;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{POLICY, files, front, program};
use crate::support::both::{Both, said};
use crate::support::fold::Fold;
use crate::support::oracle::Input;

/// Texts that share words, so that values are found in several places.
fn text() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "bob",
        "Bob",
        "ann@z.org",
        "eve@x.org",
        "eve",
        "13",
        "7",
        "4711",
        "98.70",
        "98.7",
        "5.0",
        "a",
        "key",
        "note",
        "日本",
        "!!",
        "x-1",
        "",
    ]);
    prop::collection::vec(word, 0..4).prop_map(|words| words.join(" "))
}

fn value() -> impl Strategy<Value = Json> {
    prop_oneof![
        6 => text().prop_map(Json::String),
        1 => prop::sample::select(vec![json!(4711), json!(13), json!(98.7), json!(7)]),
        1 => prop::sample::select(vec![json!(null), json!(true), json!([]), json!({})]),
    ]
}

fn output() -> impl Strategy<Value = Json> {
    let key = prop::sample::select(vec!["note", "key", "mail", "id"]);
    let row = prop::collection::btree_map(key, value(), 0..3);
    prop_oneof![
        value(),
        prop::collection::vec(row.prop_map(|it| json!(it)), 0..3).prop_map(Json::Array)
    ]
}

pub(crate) fn event() -> impl Strategy<Value = Json> {
    let call = || 0..6_u8;
    let act = |tool: &'static str| {
        (call(), text(), text(), prop::option::of(prop::collection::vec(text(), 0..3))).prop_map(
            move |(call, one, two, cc)| {
                let args = match (tool, cc) {
                    ("send", Some(cc)) => json!({"to": one, "body": two, "cc": cc}),
                    ("send", None) => json!({"to": one, "body": two}),
                    ("copy", _) => json!({"to": one, "text": two}),
                    ("wipe", _) => json!({"id": one}),
                    ("list", _) => json!({}),
                    _ => json!({"path": one}),
                };
                let action = json!({"tool": tool, "args": args});
                json!({"ev": "request", "call": call.to_string(), "action": action})
            },
        )
    };
    prop_oneof![
        2 => text().prop_map(|text| json!({"ev": "prompt", "text": text,
            "principal": {"roles": ["owner"]}})),
        1 => Just(json!({"ev": "reset"})),
        3 => act("send"),
        2 => act("copy"),
        1 => act("wipe"),
        1 => act("read"),
        1 => act("list"),
        1 => act("peek"),
        5 => (call(), output()).prop_map(|(call, out)| {
            json!({"ev": "response", "call": call.to_string(), "out": out})
        }),
    ]
}

pub(crate) fn numbered(events: Vec<Json>) -> Vec<Json> {
    let number = |(seq, mut event): (u64, Json)| {
        (event["seq"], event["ts"]) = (json!(seq), json!("2026-11-19T14:03:20Z"));
        event
    };
    (1..).zip(events).map(number).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_fold_and_the_reference_agree(events in prop::collection::vec(event(), 1..24)) {
        let front = front(POLICY);
        let both = Both::of(&files(POLICY));
        let oracle = both.oracle();
        let ground = Ground::of(&both.program);
        let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
        let mut fold = Fold::new(&front.parsed);
        let mut calls = BTreeSet::new();
        for event in numbered(events) {
            let id = event["call"].as_str().unwrap_or_default().to_owned();
            let report = match session.line(event.to_string().as_bytes(), &mut work) {
                Outcome::Decided(mut it) => Some(DecisionReport::of(it.by_rules_mut())),
                Outcome::Recorded(_) => None,
                Outcome::Refused(_) => {
                    prop_assert!(!calls.insert(id), "{}", event);
                    continue;
                }
            };
            match event["ev"].as_str().unwrap_or_default() {
                "prompt" => fold.prompt(event["text"].as_str().unwrap_or_default()),
                "reset" => fold.reset(),
                "response" => {
                    calls.insert(id.clone());
                    fold.response(&id, &event["out"]);
                }
                _ => {
                    calls.insert(id.clone());
                    let values = fold.request(&id, &event["action"]);
                    let objections = fold.objections(&event["action"], &values);
                    let report = report.expect("a request is decided");
                    let alone = ["known", "quiet"];
                    let made =
                        |id: &&String| id.contains('/') || alone.contains(&id.as_str());
                    let fired = report.fired.iter().filter(made);
                    let found: BTreeSet<String> = fired.cloned().collect();
                    prop_assert!(report.errors.iter().all(|it| it.rule.is_some()), "{}", event);
                    prop_assert_eq!(found, objections, "{}", event);
                    // The reference evaluator decides about the same input.
                    let context: Json = serde_json::from_str(work.context()).expect("JSON");
                    let input = Input {
                        context: &context,
                        now: 1_795_097_000_000_000_000,
                        hosts: &[],
                    };
                    let verdict = oracle.decide(input);
                    prop_assert_eq!(report.rule, verdict.rule);
                    prop_assert_eq!(report.effect, verdict.effect);
                    prop_assert_eq!(report.fired, verdict.fired);
                }
            }
            let names: BTreeSet<String> =
                ground.names(session.state().context()).map(str::to_owned).collect();
            prop_assert_eq!(&names, fold.context(), "{}", event);
        }
    }

    #[test]
    fn equal_events_give_equal_states_however_they_are_spelled(
        events in prop::collection::vec(event(), 1..16),
        cut in 0..16_usize,
    ) {
        let program = program(POLICY);
        let ground = Ground::of(&program);
        let events = numbered(events);
        let (mut one, mut other) = (Session::new(&ground), Session::new(&ground));
        let (mut work, mut another) = (Work::of(&ground), Work::of(&ground));
        for (at, event) in events.iter().enumerate() {
            if at == cut {
                // A state that was kept goes on as one that was not.
                other = other.clone();
            }
            let effect = one.line(event.to_string().as_bytes(), &mut work).effect();
            let spelled = format!(" {:#} ", event);
            prop_assert_eq!(other.line(spelled.as_bytes(), &mut another).effect(), effect);
            prop_assert_eq!(one.state().digest(), other.state().digest());
        }
    }

    #[test]
    fn labels_are_never_lost(
        before in prop::collection::vec(event(), 0..10),
        more in output(),
        value in text(),
    ) {
        let program = program(POLICY);
        let ground = Ground::of(&program);
        let carried = |events: &[Json]| {
            let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
            let last = json!({"ev": "request", "call": "last",
                "action": {"tool": "peek", "args": {"path": value}}});
            let mut found = None;
            for event in numbered(events.iter().cloned().chain([last]).collect()) {
                let outcome = session.line(event.to_string().as_bytes(), &mut work);
                if let Outcome::Decided(it) = outcome {
                    found = it.values.first().map(|it| {
                        let labels = ground.names(&it.labels).map(str::to_owned);
                        (it.kind, labels.collect::<BTreeSet<_>>())
                    });
                }
            }
            found
        };
        let known = carried(&before);
        let mut after = before.clone();
        // Another output that holds the value adds what it carries, and takes nothing away that a
        // place holds; what was seen nowhere becomes known by its places.
        after.push(json!({"ev": "response", "call": "more", "out": [value.clone(), more]}));
        let more = carried(&after);
        if let Some((kind, known)) = known {
            let (_, more) = more.expect("a value is a value still");
            prop_assert!(more.contains("untrusted.unknown"));
            prop_assert!(kind == Kind::Model || known.is_subset(&more), "{:?} {:?}", known, more);
        }
    }
}

#[test]
fn a_decision_of_a_session_is_that_about_its_context() {
    let both = Both::of(&files(POLICY));
    let ground = Ground::of(&both.program);
    let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
    let events = numbered(vec![
        json!({"ev": "prompt", "text": "x", "principal": {"roles": ["owner"]}}),
        json!({"ev": "request", "call": "1",
            "action": {"tool": "send", "args": {"to": "y", "body": "z"}}}),
    ]);
    let mut report = None;
    for event in events {
        if let Outcome::Decided(mut it) = session.line(event.to_string().as_bytes(), &mut work) {
            report = Some(DecisionReport::of(it.by_rules_mut()));
        }
    }
    let report = report.expect("a decision");
    assert_eq!(said(&report).first().map(String::as_str), Some("effect allow"));
    let context: Json = serde_json::from_str(work.context()).expect("JSON");
    assert_eq!(context["@session"]["from"]["/to"], json!("model"));
    assert_eq!(context["@session"]["label"]["untrusted.*"]["/to"], json!(false));
}

/// The digests after each event, of a session that goes on from a state.
fn digests(mut session: Session<'_, '_>, events: &[Json]) -> Vec<[u8; 32]> {
    let mut work = Work::of(session.ground());
    let after = |event: &Json| {
        session.line(event.to_string().as_bytes(), &mut work);
        session.state().digest()
    };
    events.iter().map(after).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever prefix is folded first, and however many threads fold at the same time.
    #[test]
    fn digests_are_those_of_the_events(
        events in prop::collection::vec(event(), 1..16),
        cut in 0..16_usize,
        threads in 1..5_usize,
    ) {
        let (program, events) = (program(POLICY), numbered(events));
        let ground = Ground::of(&program);
        let whole = digests(Session::new(&ground), &events);
        let (first, rest) = events.split_at(cut.min(events.len()));
        let folded: Vec<Vec<[u8; 32]>> = std::thread::scope(|scope| {
            let fold = || {
                let mut session = Session::new(&ground);
                let mut work = Work::of(&ground);
                for event in first {
                    session.line(event.to_string().as_bytes(), &mut work);
                }
                let state = session.into_state();
                let resumed = Session::resume(&ground, state).expect("of this program");
                digests(resumed, rest)
            };
            let all: Vec<_> = (0..threads).map(|_| scope.spawn(fold)).collect();
            all.into_iter().map(|it| it.join().expect("a thread")).collect()
        });
        for found in folded {
            prop_assert_eq!(&found[..], &whole[first.len()..]);
        }
    }
}
