//! Learned policies: they allow what they were learned from, and nothing else.

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::lang::decision::Effect;
use policyc::lang::value::time::Instant;
use policyc::runtime::program::Program;
use policyc::runtime::record::about::{About, Loaded};
use policyc::runtime::record::read::Record;
use policyc::runtime::record::session::SessionRecorder;
use policyc::runtime::session::ground::Ground;
use policyc::runtime::session::step::{Session, Work};
use policyc::tools::learn::records::of_records;
use policyc::tools::learn::{LearnFault, Learned, Learning, Place, Recorded, learn};
use policyc::tools::lint::select::Selection;
use policyc::tools::pipeline::lint;
use policyc::tools::project::Settings;
use policyc::tools::replay;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::support::both::findings;
use crate::support::run::{Folder, ran};

/// A call: its tool and its arguments, and whether it fails.
type Call = (&'static str, Json, bool);

fn events(roles: &[&str], calls: &[Call]) -> Vec<Json> {
    let principal = json!({"id": "a", "roles": roles});
    let mut events = vec![json!({"ev": "prompt", "text": "do it", "principal": principal})];
    for (at, (tool, args, fails)) in calls.iter().enumerate() {
        let call = format!("c{at}");
        let action = json!({"tool": tool, "args": args});
        events.push(json!({"ev": "request", "call": call, "action": action}));
        let mut answer = json!({"ev": "response", "call": call});
        if *fails {
            answer["error"] = json!("no");
        } else {
            answer["out"] = json!({"ok": true});
        }
        events.push(answer);
    }
    for (at, event) in events.iter_mut().enumerate() {
        event["seq"] = json!(at + 1);
        event["ts"] = json!("2026-11-19T14:03:22Z");
    }
    events
}

fn recorded(events: &[Json]) -> Recorded {
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    Recorded { name: "s".to_owned(), lines: lines.into_bytes() }
}

fn learned(sessions: &[Recorded], values: usize) -> Learned {
    learn(sessions, Learning { name: "l", values }).expect("it is learned")
}

fn program(text: &str) -> Program {
    let mut files = SourceMap::new();
    files.add("p.yaml", text);
    let mut sink = Sink::new();
    match compile(&files, &Options::default(), &mut sink) {
        Some(built) => Program::load_unsigned(&built.bundle).expect("what is emitted verifies"),
        None => panic!("{}\n{text}", findings(sink, &files)),
    }
}

/// The effects of the requests of a session.
fn effects(program: &Program, events: &[Json]) -> Vec<Option<Effect>> {
    let ground = Ground::of(program);
    let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
    let mut effects = Vec::new();
    for event in events {
        let effect = session.line(event.to_string().as_bytes(), &mut work).effect();
        if event["ev"] == "request" {
            effects.push(effect);
        }
    }
    effects
}

fn allowed(program: &Program, roles: &[&str], calls: &[Call]) -> bool {
    effects(program, &events(roles, calls)).iter().all(|effect| *effect == Some(Effect::Allow))
}

/// By hand: what is beside what was learned is denied.
#[test]
fn what_was_not_seen_is_denied() {
    let read = |path: &str| ("read", json!({"path": path}), false);
    let pay = |to: &str, amount: f64| ("pay", json!({"to": to, "amount": amount}), false);
    let one = [read("bill.txt"), pay("DE89", 98.7)];
    let two = [read("note.txt"), read("bill.txt"), pay("DE89", 10.0)];
    let sessions = [recorded(&events(&["clerk"], &one)), recorded(&events(&["clerk"], &two))];
    let learned = learned(&sessions, 20);
    assert_eq!((learned.counts, learned.denied.len()), ((2, 5, 2), 0));
    let program = program(&learned.text);
    for (roles, calls, wanted) in [
        (&["clerk"], one.to_vec(), true),
        (&["clerk"], two.to_vec(), true),
        // Other values, alone or together with those that were seen.
        (&["clerk"], vec![read("bill.txt"), pay("DE00", 98.7)], false),
        (&["clerk"], vec![read("bill.txt"), pay("DE89", 98.8)], false),
        (&["clerk"], vec![read("other.txt")], false),
        // Another order, and more often.
        (&["clerk"], vec![pay("DE89", 98.7)], false),
        (&["clerk"], vec![read("bill.txt"), pay("DE89", 10.0), pay("DE89", 10.0)], false),
        (&["clerk"], vec![read("bill.txt"), read("bill.txt"), read("bill.txt")], false),
        // Another tool, another argument, one too few.
        (&["clerk"], vec![("wipe", json!({}), false)], false),
        (&["clerk"], vec![("read", json!({"path": "bill.txt", "all": true}), false)], false),
        (&["clerk"], vec![("read", json!({}), false)], false),
        // Somebody else.
        (&["guest"], one.to_vec(), false),
    ] {
        assert_eq!(allowed(&program, roles, &calls), wanted, "{calls:?}\n{}", learned.text);
    }
    let mut files = SourceMap::new();
    files.add("p.yaml", learned.text.as_str());
    let mut sink = Sink::new();
    let _ = lint(&files, &Settings::default(), &Selection::default(), &mut sink);
    assert_eq!(findings(sink, &files), "", "{}", learned.text);
}

/// By hand: no session was longer than four calls, though each tool may be called so often. A call
/// that has failed may have been carried out.
#[test]
fn a_session_is_no_longer_than_those_that_were_seen() {
    let call = |tool: &'static str, fails: bool| -> Call { (tool, json!({}), fails) };
    let one = [call("a", false), call("a", false), call("b", false)];
    let two = [call("b", false), call("b", true), call("b", false), call("c", false)];
    let learned = learned(&[recorded(&events(&[], &one)), recorded(&events(&[], &two))], 20);
    assert_eq!(learned.denied, []);
    let program = program(&learned.text);
    for (calls, wanted) in [
        (one.to_vec(), true),
        (two.to_vec(), true),
        (vec![call("b", false), call("c", false), call("a", false)], true),
        (vec![call("b", false), call("c", false), call("a", false), call("a", false)], true),
        (vec![call("b", false), call("b", true), call("b", false), call("a", false)], true),
        // The limit denies the last one, and nothing else would.
        ([two.as_slice(), &[call("a", false)]].concat(), false),
    ] {
        assert_eq!(allowed(&program, &[], &calls), wanted, "{calls:?}\n{}", learned.text);
    }
}

/// Of records the calls that were allowed count, and nothing that the policy before went by.
#[test]
fn records_tell_which_calls_were_needed() {
    let policy = "policyc: 1\ndefault: deny\ntools:\n  read: {args: {path: string}}\n  \
        pay: {args: {to: string}}\n  wipe: {args: {}}\nmeters: {m: {on: pay, window: session}}\n\
        rules:\n  - {id: all, on: [read, pay], allow: a call}\n  \
        - {id: large, on: [pay], when: \"args.to != 'ann'\", escalate: {to: [user]}}\n";
    let calls = [
        ("read", json!({"path": "a"}), false),
        ("wipe", json!({}), false),
        ("pay", json!({"to": "mallory"}), false),
        ("pay", json!({"to": "ann"}), false),
    ];
    let program = program(policy);
    let ground = Ground::of(&program);
    let mut recorder = SessionRecorder::of(&ground, &Loaded::default());
    let mut open = recorder.begin("s");
    let mut lines = Vec::new();
    for event in events(&[], &calls) {
        let about =
            About::new("01ARZ3NDEKTSV4RRFFQ69G5FAV", Instant { seconds: 0, nanoseconds: 0 });
        let made = recorder.event(&mut open, event.to_string().as_bytes(), &about, None);
        lines.push(made.line.to_vec());
    }
    let records: Vec<Record<'_>> =
        lines.iter().map(|line| Record::read(line).expect("a record")).collect();
    let last = u64::try_from(lines.len()).expect("few");
    let happened = replay::events::events(&records, last, None).expect("it is whole");
    let (session, left_out) = of_records("s", &happened);
    assert_eq!(left_out, 2);
    let learned = learned(&[session], 20);
    assert_eq!((learned.counts, learned.denied.len()), ((1, 2, 2), 0));
    let text = &learned.text;
    assert!(!text.contains("wipe") && !text.contains("mallory"), "{text}");
}

/// Records without a session are none to learn from, whatever files of events say beside them.
#[test]
fn records_of_no_session_are_told() {
    let folder = Folder::new("learn-none");
    let calls = [("read", json!({"path": "a"}), false)];
    let lines: Vec<String> = events(&[], &calls).iter().map(|it| it.to_string() + "\n").collect();
    folder.add("events.jsonl", lines.concat());
    folder.add("none.jsonl", "");
    folder.add("alone.jsonl", "{\"v\":1,\"id\":\"a\",\"ctx\":{}}\n");
    ran(folder.path(), "learn events.jsonl").expect(0, &["1 session"]);
    for records in ["none.jsonl", "alone.jsonl"] {
        let line = format!("learn events.jsonl --records {records}");
        ran(folder.path(), &line).expect(2, &["none of the records is of a session"]);
    }
}

/// What a name calls a secret is in no policy.
#[test]
fn secrets_are_not_written() {
    let args = json!({"password": "hunter2", "tokens": ["t0k3n"], "auth": {"secret": 1}});
    let learned = learned(&[recorded(&events(&[], &[("set", args, false)]))], 20);
    assert!(!learned.text.contains("hunter2") && !learned.text.contains("t0k3n"));
    assert_eq!(learned.denied, []);
}

/// More values than are listed: bounds.
#[test]
fn of_many_values_the_bounds_are_kept() {
    let call = |n: i64, text: &str| -> Call {
        ("put", json!({"n": n, "d": n as f64 / 4.0, "text": text, "tags": ["a", "b"]}), false)
    };
    let calls: Vec<Call> = (0..9).map(|n| call(n * 10, &"x".repeat(n as usize))).collect();
    let learned = learned(&[recorded(&events(&[], &calls))], 3);
    let program = program(&learned.text);
    assert!(!learned.text.contains("capabilities"), "nobody has a role");
    let tags = |tags: Json| -> Call {
        ("put", json!({"n": 0, "d": 0.0, "text": "", "tags": tags}), false)
    };
    for (call, wanted) in [
        (call(80, "xxxxxxxx"), true),
        (call(33, "yes"), true),
        (call(81, ""), false),
        (call(-1, ""), false),
        (call(5, "xxxxxxxxx"), false),
        (tags(json!(["b"])), true),
        (tags(json!(["a", "a"])), true),
        (tags(json!(["c"])), false),
        (tags(json!(["a", "b", "a"])), false),
    ] {
        assert_eq!(
            allowed(&program, &[], std::slice::from_ref(&call)),
            wanted,
            "{call:?}\n{}",
            learned.text
        );
    }
}

/// Names and values that mean something in YAML or CEL stay names and values.
#[test]
fn hostile_names_and_values_stay_what_they_are() {
    let names = ["on", "a b", "x-y", "null", "\u{202e}evil", "q\"uote", "prompt", "é", "1"];
    let values = ["", "yes", "- a", "\"]}", "'", "{x}", "#", "\u{200b}", "\\u0041", "${a}", "`"];
    let mut calls: Vec<Call> = Vec::new();
    for name in names {
        for value in values {
            calls.push((name, json!({"v": value, "w-1": [value], "o": {"k": value}}), false));
        }
    }
    let learned = learned(&[recorded(&events(&["a: b", "null"], &calls))], 20);
    assert_eq!(learned.denied, [], "{}", learned.text);
    let program = program(&learned.text);
    let changed = ("on", json!({"v": "no", "w-1": [""], "o": {"k": ""}}), false);
    assert!(!allowed(&program, &["null"], &[changed]));
    let changed = ("on", json!({"v": "", "w-1": ["no"], "o": {"k": ""}}), false);
    assert!(!allowed(&program, &["null"], &[changed]));
    let changed = ("on", json!({"v": "", "w-1": [""], "o": {"k": "no"}}), false);
    assert!(!allowed(&program, &["null"], &[changed]));
    // A `*` would be any tool.
    let star = [recorded(&events(&[], &[("*", json!({}), false)]))];
    let how = Learning { name: "l", values: 20 };
    let place = Place { session: "s".to_owned(), line: 2, seq: 2 };
    assert_eq!(learn(&star, how).unwrap_err(), LearnFault::Name("*".to_owned(), place));
    assert!(matches!(learn(&[], how), Err(LearnFault::Nothing)));
}

/// `default` in `capabilities` is what holds for all, so a role of that name would have none.
#[test]
fn a_role_that_cannot_be_named_is_refused() {
    let how = Learning { name: "l", values: 20 };
    let send = ("send", json!({"to": "x"}), false);
    let clerk = recorded(&events(&["clerk"], &[("wipe", json!({"to": "x"}), false)]));
    let other = recorded(&events(&["boss", "default"], std::slice::from_ref(&send)));
    let place = Place { session: "s".to_owned(), line: 2, seq: 2 };
    assert_eq!(learn(&[clerk.clone(), other.clone()], how).unwrap_err(), LearnFault::Role(place));
    // Nothing is said of roles where somebody has none.
    let nobody = recorded(&events(&[], &[send]));
    let learned = learned(&[clerk, other, nobody], 20);
    assert!(!learned.text.contains("capabilities:"));
    let told = "# No `capabilities`: 1 call by callers without a role.\n";
    assert!(learned.text.contains(told) && learned.without_role == 1, "{}", learned.text);
}

#[test]
fn calls_for_another_plan_are_left_out() {
    let plan = json!({"plan": {"id": "q", "steps": {"s": {"tool": "send"}}}});
    let send = ("send", json!({"to": "x"}), false);
    let all = events(&["clerk"], &[("plan.replace", plan.clone(), false), send.clone()]);
    let one = learned(&[recorded(&all)], 20);
    assert_eq!((one.counts, one.denied), ((1, 1, 1), Vec::new()));
    let program = program(&one.text);
    assert!(allowed(&program, &["clerk"], std::slice::from_ref(&send)));
    assert!(!allowed(&program, &["clerk"], &[send.clone(), send]));
    let none = [recorded(&events(&["clerk"], &[("plan.replace", plan, false)]))];
    assert!(matches!(learn(&none, Learning { name: "l", values: 20 }), Err(LearnFault::Nothing)));
}

#[test]
fn a_number_that_no_double_holds_is_told_as_that() {
    let mut session = recorded(&events(&["clerk"], &[("pay", json!({"amount": 1.5}), false)]));
    let lines = String::from_utf8(session.lines).expect("JSON is UTF-8");
    session.lines = lines.replace("1.5", "1e400").into_bytes();
    let why = "its action cannot be read: number out of range".to_owned();
    let wanted = LearnFault::Line("s".to_owned(), 2, why);
    assert_eq!(learn(&[session], Learning { name: "l", values: 20 }).unwrap_err(), wanted);
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let value = prop_oneof![
        (0_i64..4).prop_map(|n| json!(n)),
        (0_i64..4).prop_map(|n| json!(n as f64 / 2.0)),
        "[a-c]{0,2}".prop_map(|text| json!(text)),
        Just(json!(null)),
        Just(json!(true)),
        prop::collection::vec("[ab]", 0..3).prop_map(|texts| json!(texts)),
        Just(json!({"k": [1, {"l": "m"}]})),
    ];
    let args = prop::collection::btree_map(prop_oneof![Just("a"), Just("b")], value, 0..3);
    let tool = prop_oneof![Just("one"), Just("two"), Just("three")];
    let call = (tool, args, prop::bool::weighted(0.2));
    let call = call.prop_map(|(tool, args, fails)| (tool, json!(args), fails));
    prop::collection::vec(call, 0..7)
}

proptest! {
    /// Every session that was learned from is allowed, whatever is listed; no other tool is.
    #[test]
    fn what_was_seen_is_allowed(
        sessions in prop::collection::vec(calls(), 1..4),
        values in 0_usize..6,
    ) {
        let all: Vec<Vec<Json>> = sessions.iter().map(|calls| events(&["r"], calls)).collect();
        let recorded: Vec<Recorded> = all.iter().map(|events| recorded(events)).collect();
        if sessions.iter().all(Vec::is_empty) {
            return Ok(());
        }
        let learned = learned(&recorded, values);
        prop_assert!(learned.denied.is_empty(), "{:?}\n{}", learned.denied, learned.text);
        let program = program(&learned.text);
        for events in &all {
            let effects = effects(&program, events);
            let allowed = effects.iter().all(|effect| *effect == Some(Effect::Allow));
            prop_assert!(allowed, "{events:?}\n{}", learned.text);
        }
        let other = [("four", json!({}), false)];
        prop_assert!(!allowed(&program, &["r"], &other));
        let strange = [("one", json!({"zzz": 1}), false)];
        prop_assert!(!allowed(&program, &["r"], &strange));
    }
}

/// A link in a directory that leads back to it names no session twice.
#[cfg(unix)]
#[test]
fn a_directory_that_holds_itself_is_refused() {
    let folder = Folder::new("learn-loop");
    let lines = recorded(&events(&["a"], &[("read", json!({}), false)])).lines;
    folder.add("runs/a.jsonl", lines);
    ran(folder.path(), "learn runs").expect(0, &["1 session"]);
    let runs = folder.path().join("runs");
    std::os::unix::fs::symlink(&runs, runs.join("back")).expect("a link");
    ran(folder.path(), "learn runs").expect(2, &["loop"]);
}
