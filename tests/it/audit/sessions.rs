//! Sessions whose records are required, on a store that fails: what is not recorded does not
//! stand, ends its session, and is not counted when the session goes on from its log.

use std::sync::mpsc;

use policyc::lang::decision::Effect;
use policyc::runtime::audit::note::Checkpoint;
use policyc::runtime::audit::open;
use policyc::runtime::audit::walk::{Visitor, Wrong};
use policyc::runtime::audit::whole::whole;
use policyc::runtime::program::Program;
use policyc::runtime::record::about::{About, Loaded};
use policyc::runtime::record::log::{Keep, Log, LogError, LogOptions};
use policyc::runtime::record::read::{Entry, Record};
use policyc::runtime::record::session::{OpenSession, SessionRecorder};
use policyc::runtime::session::ground::Ground;
use policyc::runtime::session::state::Closed;
use policyc::runtime::session::step::{Fault, Outcome, Work};

use crate::audit::disk::{Disk, Files};
use crate::audit::faults::{DURABILITIES, Failing, HOWS, made, settings};
use crate::audit::{looked_at, options};
use crate::records;
use crate::records::log::Gate;
use crate::session::program;

/// Five calls of `send` are allowed in a session.
const POLICY: &str = r"
policyc: 1
name: clerk
default: deny
labels: {integrity: {untrusted: [file]}}
tools:
  send: {effect: egress, args: {to: string}}
rules: [{id: all, on: [send], allow: a call}]
meters:
  sent: {on: send, amount: 1, window: session}
limits: [{meter: sent, max: 5}]
";
const MOST: usize = 5;
const EVENTS: usize = 14;

/// The event with this number: calls and their answers in turn.
fn event(number: usize) -> String {
    let call = number.div_ceil(2);
    let what = if number % 2 == 1 {
        format!(
            "\"ev\":\"request\",\"call\":\"c{call}\",\
             \"action\":{{\"tool\":\"send\",\"args\":{{\"to\":\"ann\"}}}}"
        )
    } else {
        format!("\"ev\":\"response\",\"call\":\"c{call}\",\"out\":\"sent\"")
    };
    format!("{{{what},\"seq\":{number},\"ts\":\"2026-01-07T12:00:00Z\"}}")
}

/// The lines of the records of a log.
#[derive(Default)]
struct Lines(Vec<Vec<u8>>);

impl Visitor for Lines {
    fn line(&mut self, _: u64, _: [u8; 32], line: &[u8], entry: &Entry<'_>) {
        if matches!(entry, Entry::Record(_)) {
            self.0.push(line.to_vec());
        }
    }

    fn checkpoint(&mut self, _: &[u8], _: &Checkpoint<'_>) -> Result<(), Wrong> {
        Ok(())
    }
}

fn lines(files: &Files) -> Vec<Vec<u8>> {
    let mut lines = Lines::default();
    if !files.is_empty() {
        whole(&mut Disk::holding(files), None, &mut lines).expect("it is whole");
    }
    lines.0
}

/// The session as its log has it: from the first event on, without a gap, each state the one that
/// its record tells.
fn folded<'g, 'p>(
    recorder: &mut SessionRecorder<'g, 'p>,
    lines: &[Vec<u8>],
    place: &str,
) -> OpenSession<'g, 'p> {
    let mut open = recorder.begin("s");
    for (at, line) in (1..).zip(lines) {
        let record = Record::read(line).expect("a record");
        let mut memory = Vec::new();
        let event = record.taken_in(&mut memory).expect("its event is there");
        let [before, after] = record.states.expect("states");
        assert_eq!(open.session().state().digest(), before, "{place}, event {at}");
        let made = recorder.event(&mut open, event, &About::new("again", made()), None).line;
        let made = Record::read(made).expect("a record");
        assert_eq!(record.first_other(&made), None, "{place}, event {at}");
        assert_eq!(open.session().state().digest(), after, "{place}, event {at}");
    }
    open
}

/// Takes in an event whose record must be kept, and waits until it is.
fn told<'g, 'p>(
    recorder: &mut SessionRecorder<'g, 'p>,
    open: &mut OpenSession<'g, 'p>,
    log: &Log,
    number: usize,
) -> (Option<Effect>, Result<(), LogError>) {
    let id = format!("r{number}");
    let mut recorded =
        recorder.event(open, event(number).as_bytes(), &About::new(&id, made()), None);
    let taken = log.append(recorded.line);
    let kept = taken.and_then(|ticket| log.wait(ticket.expect("records are required")));
    if kept.is_err() {
        recorded.deny_unrecorded(open);
        assert!(matches!(recorded.outcome, Outcome::Refused(Fault::Closed(Closed::Unrecorded))));
        assert_eq!(recorded.outcome.answer().map(|it| it.decision), Some(Effect::Deny));
    }
    (recorded.outcome.effect(), kept)
}

/// Sees to it that nothing more is taken in by a session whose record was not kept.
fn has_ended<'g, 'p>(
    recorder: &mut SessionRecorder<'g, 'p>,
    open: &mut OpenSession<'g, 'p>,
    place: &str,
) {
    let state = open.session().state().digest();
    for line in [event(900), event(901), event(1), "no event".to_owned()] {
        let recorded = recorder.event(open, line.as_bytes(), &About::new("x", made()), None);
        assert_eq!(recorded.outcome.effect(), Some(Effect::Deny), "{place}: {line}");
        assert!(recorded.line.is_empty(), "{place}: {line}");
        assert_eq!(open.session().state().digest(), state, "{place}: {line}");
    }
    // Nor by whoever takes the state out of it.
    let mut session = open.session().clone();
    let mut work = Work::of(session.ground());
    let outcome = session.line(event(902).as_bytes(), &mut work);
    assert!(matches!(outcome, Outcome::Refused(Fault::Closed(Closed::Unrecorded))), "{place}");
    assert_eq!(session.state().digest(), state, "{place}");
}

/// A life of a host: it goes on where the log ends. The calls that it let be carried out.
fn live(program: &Program, store: &Failing, log: LogOptions, place: &str) -> Vec<usize> {
    let mut allowed = Vec::new();
    let Ok((log, _)) = open(store.clone(), options(log, 1_500)) else { return allowed };
    let ground = Ground::of(program);
    let mut recorder = SessionRecorder::of(&ground, &Loaded::default());
    let there = lines(&store.disk.files());
    let mut open = folded(&mut recorder, &there, place);
    for number in there.len() + 1..=there.len() + EVENTS {
        match told(&mut recorder, &mut open, &log, number) {
            (Some(Effect::Allow), Ok(())) => allowed.push(number),
            (effect, Ok(())) => assert_ne!(effect, Some(Effect::Escalate)),
            (effect, Err(LogError::Storage(_))) => {
                assert_eq!(effect, Some(Effect::Deny), "{place}");
                has_ended(&mut recorder, &mut open, place);
                break;
            }
            other => panic!("{place}: {other:?}"),
        }
    }
    // What failed was told already.
    let _ = log.close();
    allowed
}

#[test]
fn no_event_of_a_session_stands_unrecorded_wherever_the_store_fails() {
    let program = program(POLICY);
    let (mut faults, mut counted) = (0, 0);
    for durability in DURABILITIES {
        for how in HOWS {
            for at in 1.. {
                let place = format!("{durability:?}, {how:?}, call {at}");
                let settings = || settings(durability, Keep::Required);
                let disk = Disk::default();
                let store = Failing::of(disk.clone(), Some((at, how)));
                let mut allowed = live(&program, &store, settings(), &place);
                let failed = store.has_failed();
                faults += usize::from(failed);
                // Two lives more; in the second nothing fails.
                let mut left = disk.files();
                for fails in [Some((at, how)), None] {
                    let disk = Disk::holding(&left);
                    let store = Failing::of(disk.clone(), fails);
                    allowed.extend(live(&program, &store, settings(), &place));
                    left = disk.files();
                }
                let (kept, ..) = looked_at(&left).unwrap_or_else(|it| panic!("{place}: {it}"));
                for number in &allowed {
                    let id = format!("r{number}");
                    let times = kept.ids.iter().filter(|kept| **kept == id).count();
                    assert_eq!(times, 1, "{place}: {id}");
                }
                assert!(allowed.len() <= MOST, "{place}: {allowed:?}");
                counted += usize::from(allowed.len() == MOST);
                if !failed {
                    break;
                }
            }
        }
    }
    assert!(faults > 100 && counted > 50, "{faults}, {counted}");
}

/// A queue that is full for a while ends the sessions whose records it did not take, and no other.
#[test]
fn a_full_queue_ends_the_sessions_whose_events_it_did_not_take() {
    let program = program(POLICY);
    let ground = Ground::of(&program);
    let mut recorder = SessionRecorder::of(&ground, &Loaded::default());
    let (gate, waits) = mpsc::channel();
    let disk = records::disk::Disk::new();
    let options = LogOptions { queue: 1, ..LogOptions::new("w") };
    let log = Log::open(Gate(waits, disk.clone()), options).expect("a thread");
    let [mut kept, mut lost] = ["kept", "lost"].map(|id| recorder.begin(id));
    let about = About::new("r", made());
    let recorded = recorder.event(&mut kept, event(1).as_bytes(), &about, None);
    let ticket = log.append(recorded.line).expect("there is room").expect("it is required");
    let mut recorded = recorder.event(&mut lost, event(1).as_bytes(), &about, None);
    assert_eq!(recorded.outcome.effect(), Some(Effect::Allow));
    assert_eq!(log.append(recorded.line), Err(LogError::Full));
    recorded.deny_unrecorded(&mut lost);
    assert_eq!(recorded.outcome.effect(), Some(Effect::Deny));
    drop(gate);
    log.wait(ticket).expect("it is written");
    assert_eq!(told(&mut recorder, &mut kept, &log, 3), (Some(Effect::Allow), Ok(())));
    has_ended(&mut recorder, &mut lost, "a full queue");
    log.close().expect("it is written");
    let text = String::from_utf8(disk.written()).expect("text");
    assert!(text.contains("\"kept\"") && !text.contains("\"lost\""), "{text}");
}
