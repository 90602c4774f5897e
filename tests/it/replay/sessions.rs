//! Sessions are folded again from their records: what is whole is exact, what was changed differs
//! where it was changed, and what is missing is told apart.

use std::num::NonZero;

use policyc::runtime::program::Program;
use policyc::tools::replay::filter::Filter;
use policyc::tools::replay::fold::verify::Verify;
use policyc::tools::replay::fold::{Folds, SessionObstacle};
use policyc::tools::replay::store::Store;
use policyc::tools::replay::stream::Chunk;
use policyc::tools::replay::verify::{Part, Verified, Verifier};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::records::sessions::{lines, recorded};
use crate::session::random::event;
use crate::session::{POLICY, program};
use crate::support::run::ran;

/// What is found of lines, with a store that has the program, in chunks of so many lines.
fn verified(program: Program, lines: &[String], (chunk, threads): (usize, usize)) -> Verified {
    let store = Store::default();
    store.add(program);
    let filter = Filter::default();
    let mut folds = Folds::of(&store, Verify, NonZero::new(threads).expect("threads"));
    let mut verifier = Verifier::of(&store, &filter);
    let mut all = Verified::default();
    for (at, lines) in lines.chunks(chunk).enumerate() {
        let bytes: Vec<u8> =
            lines.iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect();
        let line = 1 + (at * chunk) as u64;
        let (found, gathered) = verifier.chunk(&Chunk { source: 0, line, bytes });
        all.add(found);
        all.add(folds.take(gathered));
    }
    all.add(folds.finish());
    all
}

fn request(call: &str, tool: &str, args: Json) -> Json {
    json!({"ev": "request", "call": call, "action": {"tool": tool, "args": args}})
}

/// A session of eight events.
fn events() -> Vec<Json> {
    vec![
        json!({"ev": "prompt", "principal": {"id": "b-7", "roles": ["clerk"]}, "text": "Pay ann"}),
        request("c1", "read", json!({"path": "bill"})),
        json!({"ev": "response", "call": "c1", "out": "IBAN DE89 3704"}),
        request("c2", "send", json!({"to": "DE89 3704", "body": "x"})),
        request("c3", "send", json!({"to": "ann", "body": "x"})),
        json!({"ev": "response", "call": "c3", "out": "done"}),
        request("c4", "send", json!({"to": "eve", "body": "done"})),
        json!({"ev": "clock"}),
    ]
}

fn session(id: &str) -> Vec<String> {
    recorded(&program(POLICY), id, &lines(events())).into_iter().map(|(_, line)| line).collect()
}

fn found(lines: &[String]) -> Verified {
    found_of(program(POLICY), lines)
}

/// What is found of lines of sessions of a program.
pub(super) fn found_of(program: Program, lines: &[String]) -> Verified {
    verified(program, lines, (3, 2))
}

/// The number of the first event that differs, what differs, and how many behind it do.
fn parts(found: &Verified) -> Vec<(u64, Part)> {
    let of = |it: &policyc::tools::replay::verify::Found<_>| {
        let what: &policyc::tools::replay::verify::Mismatch = &it.what;
        let session = what.session.as_ref().expect("a session");
        (session.number, session.part)
    };
    found.mismatches.iter().map(of).collect()
}

pub(super) fn changed(line: &str, from: &str, to: &str) -> String {
    let changed = line.replacen(from, to, 1);
    assert_ne!(changed, line, "{from} stands in {line}");
    changed
}

#[test]
fn whole_sessions_are_exact_in_any_order_of_lines() {
    let mut lines = session("s");
    let whole = found(&lines);
    assert_eq!((whole.records, whole.exact, whole.sessions), (8, 8, 1));
    assert_eq!(whole.mismatched + whole.downstream + whole.in_part(), 0);
    lines.reverse();
    assert_eq!(found(&lines), Verified { bundles: whole.bundles.clone(), ..whole.clone() });
    let both: Vec<String> =
        lines.iter().zip(session("t")).flat_map(|(a, b)| [a.clone(), b]).collect();
    let both = found(&both);
    assert_eq!((both.records, both.exact, both.sessions), (16, 16, 2));
}

#[test]
fn what_was_changed_differs_where_it_was_changed() {
    let lines = session("s");
    // A line, what stands there, what stands there instead; what is found, and how many behind it.
    for (at, from, to, part, downstream) in [
        (1, "\"path\":\"bill\"", "\"path\":\"ball\"", Part::Context, 0),
        (2, "IBAN DE89", "IBAN DE80", Part::After, 5),
        (3, "\"to\":\"DE89 3704\"", "\"to\":\"ann\"", Part::Decision, 4),
        (4, "\"to\":\"ann\"", "\"to\":\"bob\"", Part::Decision, 3),
        (4, "\"after\":\"sha256:", "\"after\":\"sha256:00", Part::After, 0),
        (5, "\"call\":\"c3\"", "\"call\":\"c2\"", Part::After, 2),
        (6, "\"dig\":\"sha256:", "\"dig\":\"sha256:00", Part::Decision, 0),
        (6, "\"/to\":\"model\"", "\"/to\":\"prompt\"", Part::Context, 0),
    ] {
        let mut lines = lines.clone();
        lines[at] = if to.ends_with("00") {
            let start = lines[at].rfind(from).expect("it stands there") + from.len();
            let mut line = lines[at].clone();
            let other = if line[start..].starts_with("00") { "11" } else { "00" };
            line.replace_range(start..start + 2, other);
            line
        } else {
            changed(&lines[at], from, to)
        };
        let found = found(&lines);
        assert_eq!(parts(&found), [(1 + at as u64, part)], "{from}");
        assert_eq!((found.mismatched, found.downstream), (1, downstream), "{from}");
        assert_eq!(found.exact, 7 - downstream, "{from}");
    }
}

#[test]
fn what_is_missing_is_told_apart() {
    let lines = session("s");
    let without = |at: usize| {
        let mut lines = lines.clone();
        lines.remove(at);
        lines
    };
    for at in 0..7 {
        let found = found(&without(at));
        let why = if at == 0 { SessionObstacle::Beginning } else { SessionObstacle::Gap };
        assert_eq!(found.astray.get(&why), Some(&1), "{at}");
        assert_eq!((found.exact, found.in_part()), (at as u64, 7 - at as u64), "{at}");
        assert_eq!(found.mismatched + found.downstream, 0, "{at}");
    }
    // Of what ends early nobody can tell.
    assert_eq!(found(&without(7)).exact, 7);
    // A line that cannot be read is a gap, too.
    let mut cut = lines.clone();
    cut[3].truncate(100);
    let cut = found(&cut);
    assert_eq!((cut.unreadable, cut.exact, cut.in_part()), (1, 3, 4));
    // A record alone still shows that its decision was changed.
    let mut wrong = without(1);
    wrong[2] = changed(&wrong[2], "\"rule\":\"target/to\"", "\"rule\":\"all\"");
    let digest = wrong[2].rfind("\"dig\":\"sha256:").expect("a digest") + 14;
    wrong[2].replace_range(digest..digest + 4, "0123");
    let wrong = found(&wrong);
    assert_eq!((wrong.mismatched, wrong.in_part()), (1, 5));
}

#[test]
fn no_number_hides_what_was_taken_away_or_put_in() {
    let lines = session("s");
    let renumbered = |line: &str, from: usize, to: usize| {
        changed(line, &format!("\"n\":{from}}}"), &format!("\"n\":{to}}}"))
    };
    // Taken away, and all behind it moved.
    let mut fewer: Vec<String> = lines[..2].to_vec();
    fewer.extend((3..8).map(|at| renumbered(&lines[at], at + 1, at)));
    let few = found(&fewer);
    assert_eq!((parts(&few), few.exact, few.downstream), (vec![(3, Part::Before)], 2, 4));
    // Two events swapped, their numbers left as they were.
    let mut swapped = lines.clone();
    swapped[4] = renumbered(&lines[6], 7, 5);
    swapped[6] = renumbered(&lines[4], 5, 7);
    let swap = found(&swapped);
    assert_eq!((parts(&swap), swap.exact), (vec![(5, Part::Before)], 4));
    // An event of another session in the stead of one.
    let mut foreign = lines.clone();
    foreign[5] = changed(&session("t")[2], "\"id\":\"t\",\"n\":3}", "\"id\":\"s\",\"n\":6}");
    let strange = found(&foreign);
    assert_eq!((parts(&strange), strange.exact), (vec![(6, Part::Before)], 5));
    // A number twice: what comes second is not believed.
    let mut twice = lines.clone();
    twice.insert(5, lines[2].clone());
    let two = found(&twice);
    assert_eq!((two.exact, two.incomplete.get(&SessionObstacle::Twice)), (8, Some(&1)));
}

#[test]
fn bundles_that_change_and_events_that_are_withheld_are_no_claim() {
    let mut lines = session("s");
    let other = program(&POLICY.replace("name: clerk", "name: clark"));
    let made = recorded(&other, "s", &crate::records::sessions::lines(events()));
    lines[4] = made[4].1.clone();
    let store = found(&lines);
    assert_eq!((store.exact, store.astray.get(&SessionObstacle::Bundle)), (4, Some(&1)));
    let secret = format!("{POLICY}redact: [{{path: /args/body, as: drop}}]\n");
    let made = recorded(&program(&secret), "s", &crate::records::sessions::lines(events()));
    let made: Vec<String> = made.into_iter().map(|(_, line)| line).collect();
    let hidden = verified(program(&secret), &made, (4, 1));
    assert_eq!((hidden.records, hidden.exact, hidden.mismatched), (8, 0, 0));
    assert_eq!(hidden.astray.get(&SessionObstacle::Withheld), Some(&1));
    assert_eq!(hidden.in_part() + hidden.undetermined, 8, "{hidden:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn random_sessions_are_exact_whatever_the_cut_and_the_threads(
        sessions in prop::collection::vec(prop::collection::vec(event(), 1..12), 1..5),
        order in prop::collection::vec(0..5_usize, 60),
        (chunk, threads, prefix) in (1..20_usize, 1..5_usize, 0..40_usize),
    ) {
        let mut left: Vec<Vec<String>> = (0..).zip(sessions).map(|(number, events)| {
            let made = recorded(&program(POLICY), &format!("s{number}"), &lines(events));
            made.into_iter().map(|(_, line)| line).rev().collect()
        }).collect();
        let mut all: Vec<String> = Vec::new();
        for at in order {
            let at = at % left.len();
            all.extend(left[at].pop());
        }
        let whole = verified(program(POLICY), &all, (chunk, threads));
        prop_assert_eq!((whole.exact, whole.records), (all.len() as u64, all.len() as u64));
        prop_assert_eq!(whole, verified(program(POLICY), &all, (7, 1)));
        all.truncate(prefix);
        let part = verified(program(POLICY), &all, (chunk, threads));
        prop_assert_eq!((part.exact, part.records), (all.len() as u64, all.len() as u64));
    }
}

#[test]
fn more_sessions_than_are_kept_are_told() {
    let program = program(POLICY);
    let first = recorded(&program, "s", &lines(events()[..2].to_vec()));
    let mut all = Vec::new();
    for (_, line) in &first {
        // As many sessions as are kept, and as many again.
        all.extend((0..9_000).map(|id| line.replace("\"id\":\"s\"", &format!("\"id\":\"s{id}\""))));
    }
    let found = verified(program, &all, (1_000, 2));
    assert_eq!((found.records, found.sessions, found.mismatched), (18_000, 9_000, 0));
    let crowded = found.incomplete.get(&SessionObstacle::Crowded).copied().unwrap_or_default();
    assert_eq!(found.exact + crowded, 18_000);
    assert!(crowded > 4_000, "{crowded}");
}

#[test]
fn the_command_tells_whole_sessions_from_others() {
    let (folder, program) = super::project("sessions", POLICY);
    folder.add("events.jsonl", lines(events()).join("\n") + "\n");
    ran(folder.path(), "eval policy.plcb --session events.jsonl --record a.jsonl").expect(0, &[]);
    let told = "replay verify a.jsonl --bundle policy.plcb";
    ran(folder.path(), told).expect(0, &["8 records · 1 session", "exact 8 100 %"]);
    let made = recorded(&program, "s", &lines(events()));
    let records: Vec<String> = made.into_iter().map(|(_, line)| line).collect();
    folder.add("b.jsonl", super::file(&records[1..]));
    let told = "replay verify b.jsonl --bundle policy.plcb";
    ran(folder.path(), told).expect(3, &["incomplete 7 1 session: the first events are missing"]);
    let mut other = records.clone();
    other[2] = changed(&other[2], "IBAN", "IBAM");
    folder.add("c.jsonl", super::file(&other));
    let told = "replay verify c.jsonl --bundle policy.plcb";
    let words = ["event 3 of session `s`: the state after it is another", "downstream 5"];
    ran(folder.path(), told).expect(1, &words);
    // What was changed is told where only what hangs on it is asked for.
    ran(folder.path(), &format!("{told} --tool send")).expect(1, &words[..1]);
    ran(folder.path(), "replay lint a.jsonl --bundle policy.plcb").expect(0, &["no findings"]);
}
