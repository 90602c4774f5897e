//! A store that fails, at each call and in each way: what was acknowledged stays, the error is
//! told, nothing is written behind it, and no decision stands that is not recorded.

use std::io::{self, ErrorKind, Read};
use std::sync::{Arc, Mutex};

use policyc::lang::decision::Effect;
use policyc::lang::value::time::{self, Instant};
use policyc::runtime::audit::store::{Source, Store};
use policyc::runtime::audit::{OpenError, open};
use policyc::runtime::program::Program;
use policyc::runtime::record::about::{About, Loaded};
use policyc::runtime::record::log::{Durability, Keep, Log, LogError, LogOptions, Ticket};
use policyc::runtime::record::write::Recorder;
use policyc::runtime::vm::request::ingest;
use policyc::runtime::vm::scratch::Scratch;

use crate::audit::disk::{Disk, Files};
use crate::audit::{looked_at, options};
use crate::records::{NOW, program};
use crate::support::generate::random::Random;

const RECORDS: usize = 24;
pub(super) const DURABILITIES: [Durability; 3] =
    [Durability::Strict, Durability::Grouped, Durability::Async];

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum How {
    /// The disk is full: a part of what is written is taken.
    Full,
    /// Nothing was done.
    Before,
    /// It was done, and an error is told all the same.
    After,
}

pub(super) const HOWS: [How; 3] = [How::Full, How::Before, How::After];

impl How {
    const fn kind(self) -> ErrorKind {
        match self {
            Self::Full => ErrorKind::StorageFull,
            // As the system tells EIO and EROFS; what else there is comes as one of these.
            Self::Before => ErrorKind::Other,
            Self::After => ErrorKind::ReadOnlyFilesystem,
        }
    }
}

/// A disk of which one call fails.
#[derive(Clone)]
pub(super) struct Failing {
    pub(super) disk: Disk,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    calls: usize,
    /// The call that fails, and how.
    fails: Option<(usize, How)>,
    /// Calls behind the one that failed.
    behind: usize,
}

impl Failing {
    pub(super) fn of(disk: Disk, fails: Option<(usize, How)>) -> Self {
        Self { disk, state: Arc::new(Mutex::new(State { fails, ..State::default() })) }
    }

    /// Whether the call that fails was made.
    pub(super) fn has_failed(&self) -> bool {
        let state = self.state.lock().unwrap();
        state.fails.is_some_and(|(at, _)| state.calls >= at)
    }

    /// Counts a call; how it fails, if it does.
    fn call(&self) -> Option<How> {
        let mut state = self.state.lock().unwrap();
        state.calls += 1;
        let (at, how) = state.fails?;
        state.behind += usize::from(state.calls > at);
        (state.calls == at).then_some(how)
    }

    fn done(&self, work: impl FnOnce(&mut Disk) -> io::Result<()>) -> io::Result<()> {
        let (how, mut disk) = (self.call(), self.disk.clone());
        if how != Some(How::Before) && how != Some(How::Full) {
            work(&mut disk)?;
        }
        how.map_or(Ok(()), |how| Err(how.kind().into()))
    }
}

impl Source for Failing {
    fn list(&mut self) -> io::Result<Vec<u64>> {
        match self.call() {
            Some(how) => Err(how.kind().into()),
            None => self.disk.list(),
        }
    }

    fn read(&mut self, segment: u64, from: u64) -> io::Result<Box<dyn Read + '_>> {
        match self.call() {
            Some(how) => Err(how.kind().into()),
            None => self.disk.read(segment, from),
        }
    }
}

impl Store for Failing {
    fn begin(&mut self, segment: u64) -> io::Result<()> {
        self.done(|disk| disk.begin(segment))
    }

    fn resume(&mut self, segment: u64, bytes: u64) -> io::Result<()> {
        self.done(|disk| disk.resume(segment, bytes))
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.call() {
            Some(How::Full) => {
                self.disk.clone().append(&bytes[..bytes.len() / 2])?;
                Err(How::Full.kind().into())
            }
            Some(How::Before) => Err(How::Before.kind().into()),
            Some(How::After) => {
                self.disk.clone().append(bytes)?;
                Err(How::After.kind().into())
            }
            None => self.disk.append(bytes),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        self.done(Disk::sync)
    }

    fn sync_names(&mut self) -> io::Result<()> {
        self.done(Disk::sync_names)
    }
}

/// When records are made.
pub(super) fn made() -> Instant {
    time::parse("2026-01-07T12:00:00Z").expect("a time")
}

/// A host: it decides, and lets a decision stand once its record is kept.
struct Host {
    program: Program,
    recorder: Recorder,
    scratch: Scratch,
}

impl Host {
    fn new() -> Self {
        let text = "policyc: 1\nname: p\ndefault: deny\nschema: {n: int}\nrules:\n  \
                    - {id: few, when: n < 1000, allow: ok}\n";
        let program = program(text);
        let recorder = Recorder::for_program(&program, &Loaded::default());
        let scratch = Scratch::for_program(&program);
        Self { program, recorder, scratch }
    }

    /// Decides about `n`. What came of it, whether it was denied for want of a record, and why.
    fn decide(
        &mut self,
        log: &Log,
        n: usize,
    ) -> (Option<Effect>, Result<Option<Ticket>, LogError>) {
        let context = format!("{{\"n\": {n}}}");
        let mut filled = ingest(&self.program, context.as_bytes(), &mut self.scratch);
        let mut recording = self.recorder.decide(&mut filled, &NOW);
        let taken = log.append(recording.line(&About::new(&format!("r{n}"), made())));
        let kept = taken.and_then(|ticket| {
            ticket.map_or(Ok(None), |ticket| log.wait(ticket).map(|()| Some(ticket)))
        });
        let mut decision = recording.decision;
        if kept.is_err() {
            decision.deny_unrecorded();
            assert!(decision.is_unrecorded());
        }
        (decision.effect(), kept)
    }
}

/// What a run came to.
struct Run {
    /// Records whose decisions stand as permissions.
    stand: Vec<String>,
    /// What the host was told first.
    told: Option<ErrorKind>,
}

/// Decides until there is an error, and a few times more.
fn run(host: &mut Host, store: &Failing, log: LogOptions, from: usize) -> Run {
    let mut stand = Vec::new();
    let keep = log.keep;
    let opened = open(store.clone(), options(log, 1_500));
    let mut told = match &opened {
        Err(OpenError::Storage(error)) => Some(error.kind()),
        Err(error) => panic!("{error}"),
        Ok(_) => None,
    };
    if let Ok((log, _)) = opened {
        let mut left = 4;
        for n in from..from + RECORDS {
            match host.decide(&log, n) {
                (Some(Effect::Allow), Ok(Some(_))) => {
                    assert_eq!(told, None, "an error is told for good");
                    stand.push(format!("r{n}"));
                }
                (Some(Effect::Allow), Ok(None)) => assert_eq!(keep, Keep::BestEffort),
                (Some(Effect::Deny), Err(LogError::Storage(kind))) => {
                    assert_eq!(*told.get_or_insert(kind), kind);
                    left -= 1;
                    if left == 0 {
                        break;
                    }
                }
                other => panic!("{other:?}"),
            }
        }
        match log.close() {
            Ok(_) => assert_eq!(told, None),
            Err(LogError::Storage(kind)) => assert_eq!(*told.get_or_insert(kind), kind),
            Err(error) => panic!("{error:?}"),
        }
    }
    Run { stand, told }
}

pub(super) fn settings(durability: Durability, keep: Keep) -> LogOptions {
    LogOptions { block_bytes: 600, durability, keep, ..LogOptions::new("gw-3") }
}

/// Every call of two lives of a log, in every way, under every durability.
#[test]
fn no_decision_stands_unrecorded_wherever_the_store_fails() {
    let mut host = Host::new();
    let (mut faults, mut losses) = (0, 0);
    for durability in DURABILITIES {
        for how in HOWS {
            for at in 1.. {
                let place = format!("{durability:?}, {how:?}, call {at}");
                let disk = Disk::default();
                let store = Failing::of(disk.clone(), Some((at, how)));
                let first = run(&mut host, &store, settings(durability, Keep::Required), 0);
                let failed = store.has_failed();
                assert_eq!(first.told, failed.then(|| how.kind()), "{place}");
                // Whoever failed is let alone: no further call.
                assert_eq!(store.state.lock().unwrap().behind, 0, "{place}");
                faults += usize::from(failed);
                let mut left = disk.files();
                if durability != Durability::Async {
                    left = disk.after_power_loss(&mut Random::new(at as u64));
                    losses += 1;
                }
                let left = stands(&left, &first.stand, &place);
                // Another life, in which the same call fails.
                let disk = Disk::holding(&left);
                let store = Failing::of(disk.clone(), Some((at, how)));
                let second = run(&mut host, &store, settings(durability, Keep::Required), 100);
                let all = [first.stand, second.stand].concat();
                let left = stands(&disk.files(), &all, &place);
                // And one in which none does.
                let disk = Disk::holding(&left);
                let store = Failing::of(disk.clone(), None);
                let third = run(&mut host, &store, settings(durability, Keep::Required), 200);
                assert_eq!((third.told, third.stand.len()), (None, RECORDS), "{place}");
                stands(&disk.files(), &[all, third.stand].concat(), &place);
                if !failed {
                    break;
                }
            }
        }
    }
    println!("{faults} faults, {losses} losses of power");
    assert!(faults > 200, "{faults}");
}

/// Where records are not required decisions stand, and what is there is whole.
#[test]
fn a_log_of_best_effort_is_whole_up_to_its_error() {
    let mut host = Host::new();
    for how in HOWS {
        for at in [3, 9, 17] {
            let disk = Disk::default();
            let store = Failing::of(disk.clone(), Some((at, how)));
            let opened =
                open(store.clone(), options(settings(Durability::Async, Keep::BestEffort), 1_500));
            let (log, _) = opened.expect("it is opened");
            for n in 0..RECORDS {
                let context = format!("{{\"n\": {n}}}");
                let mut filled = ingest(&host.program, context.as_bytes(), &mut host.scratch);
                let mut recording = host.recorder.decide(&mut filled, &NOW);
                let line = recording.line(&About::new(&format!("r{n}"), made())).to_vec();
                if let Some(ticket) = log.append(&line).expect("nothing is required") {
                    let _ = log.wait(ticket);
                }
                assert_eq!(recording.decision.effect(), Some(Effect::Allow));
            }
            assert_eq!(log.close(), Err(LogError::Storage(how.kind())), "{how:?}, call {at}");
            looked_at(&disk.files()).expect("what is there is whole");
        }
    }
}

/// Sees to it that every one of `ids` is there, once; what is left.
fn stands(left: &Files, ids: &[String], place: &str) -> Files {
    if left.is_empty() {
        assert!(ids.is_empty(), "{place}: all is gone");
        return left.clone();
    }
    let (kept, ..) = looked_at(left).unwrap_or_else(|damage| panic!("{place}: {damage}"));
    for id in ids {
        let times = kept.ids.iter().filter(|kept| *kept == id).count();
        assert_eq!(times, 1, "{place}: {id}");
    }
    left.clone()
}
