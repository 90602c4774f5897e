//! How long reading and deciding take: rounds of passes over all contexts, of several programs in
//! turn.
//!
//! In:      programs that decide about the same contexts.
//! Out:     for each `Timings`.
//! Imports: `runtime::program`, `runtime::vm`, `tools::decide`.
//!
//! A pass reads every context once and decides about it. What takes less than a microsecond is done
//! several times in a row and timed together (`Clock::batch`), each context apart from the others.
//! With two programs each round has passes of both, and the one that begins changes from round to
//! round, so that what else the machine does disturbs both alike.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::runtime::program::Program;
use crate::runtime::vm::scratch::Scratch;
use crate::tools::bench::clock::{Clock, now, picoseconds};
use crate::tools::bench::contexts::Sample;
use crate::tools::bench::summary::{Recorder, Times};
use crate::tools::decide::read;

/// Rounds of a run.
pub const ROUNDS: u64 = 25;
/// How long the rounds of one program take together, where nobody says how many passes there are.
const RUN_PS: u64 = 2_000_000_000_000;
/// Passes of such a run, however long one takes.
const PASSES_MIN: u64 = 5;
/// Passes in front of the first round, where nobody says how many; fewer where they take longer
/// than that.
const WARMUP: u64 = 3;
const WARMUP_PS: u64 = 500_000_000_000;

/// Calls that tell how many are timed together.
const ESTIMATES: usize = 5;

/// How much is measured.
#[derive(Clone, Copy, Debug, Default)]
pub struct Effort {
    /// Passes over the contexts; as many as fit the time where it is `None`.
    pub passes: Option<u64>,
    /// Passes in front of them.
    pub warmup: Option<u64>,
}

/// Who waits for the end: told how far it is, and able to stop it.
#[derive(Clone, Copy)]
pub struct Watch<'w> {
    /// Whether to stop where one is.
    pub stop: &'w AtomicBool,
    /// Told what is done, of how much.
    pub progress: &'w dyn Fn(u64, u64),
}

impl Watch<'_> {
    /// Whether somebody wants the end.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// The times of one program.
#[derive(Clone, Debug, Default)]
pub struct Timings {
    /// Deciding about a context that was read.
    pub decide: Times,
    /// Reading a context.
    pub read: Times,
    /// What deciding about each context takes in its best round, in picoseconds.
    pub samples: Vec<u64>,
    /// Whether it was stopped before the end.
    pub stopped: bool,
}

/// Measures programs in turn on the same contexts, none of which they refuse.
#[must_use]
pub fn measure(
    clock: &Clock,
    programs: &[&Program],
    samples: &[&Sample],
    effort: Effort,
    watch: Watch<'_>,
) -> Vec<Timings> {
    let sides: Option<Vec<TimedProgram<'_>>> =
        programs.iter().map(|program| TimedProgram::of(clock, program, samples)).collect();
    let mut sides = sides.unwrap_or_default();
    let (before, mut warmed) = (now(), 0);
    let enough = |warmed: u64| match effort.warmup {
        Some(passes) => warmed >= passes,
        None => warmed >= WARMUP || (warmed > 0 && picoseconds(before.elapsed()) > WARMUP_PS),
    };
    while !enough(warmed) && !watch.stopped() {
        for side in &mut sides {
            side.pass(watch);
        }
        warmed += 1;
    }
    sides.iter_mut().for_each(TimedProgram::forget);
    let a_pass = picoseconds(before.elapsed()) / (warmed * sides.len() as u64).max(1);
    let passes = match effort.passes {
        Some(passes) => passes.max(1),
        None if warmed == 0 => ROUNDS,
        None => (RUN_PS / a_pass.max(1)).max(PASSES_MIN),
    };
    let rounds = passes.min(ROUNDS);
    for round in 0..rounds {
        // The first rounds take what is over.
        let own = passes / rounds + u64::from(round < passes % rounds);
        let turn = usize::try_from(round).unwrap_or(0) % sides.len().max(1);
        let (before, from) = sides.split_at_mut(turn);
        for side in from.iter_mut().chain(before) {
            (0..own).for_each(|_| side.pass(watch));
            if !watch.stopped() {
                side.end_round();
            }
        }
        if watch.stopped() {
            break;
        }
        (watch.progress)(round + 1, rounds);
    }
    let stopped = watch.stopped();
    sides.into_iter().map(|side| side.timed(stopped)).collect()
}

/// One of the programs that are measured.
struct TimedProgram<'a> {
    clock: &'a Clock,
    program: &'a Program,
    samples: &'a [&'a Sample],
    scratch: Scratch,
    read: Recorder,
    decide: Recorder,
    /// Beside the contexts.
    tracks: Vec<Track>,
}

/// How one context is timed.
#[derive(Clone, Copy, Debug)]
struct Track {
    /// Readings that are timed together.
    readings: u64,
    /// Decisions that are timed together.
    decisions: u64,
    /// Deciding in this round: samples, and their sum.
    count: u64,
    sum_ps: u64,
    /// The mean of the best round.
    best_ps: u64,
}

/// The least that a call takes, of a few: the first one finds nothing in the caches.
fn estimate(clock: &Clock, mut work: impl FnMut()) -> u64 {
    (0..ESTIMATES).map(|_| clock.time(1, &mut work)).min().unwrap_or(0)
}

impl<'a> TimedProgram<'a> {
    fn of(clock: &'a Clock, program: &'a Program, samples: &'a [&'a Sample]) -> Option<Self> {
        let track = Track { readings: 0, decisions: 0, count: 0, sum_ps: 0, best_ps: u64::MAX };
        Some(Self {
            clock,
            program,
            samples,
            scratch: Scratch::for_program(program),
            read: Recorder::new()?,
            decide: Recorder::new()?,
            tracks: vec![track; samples.len()],
        })
    }

    /// Reads every context and decides about it.
    fn pass(&mut self, watch: Watch<'_>) {
        let Self { clock, program, samples, scratch, read: of_read, decide, tracks } = self;
        for (sample, track) in samples.iter().zip(tracks) {
            if watch.stopped() {
                return;
            }
            let context = (sample.form, sample.bytes.as_slice());
            let mut reading = || {
                black_box(read(program, black_box(context), scratch).error());
            };
            if track.readings == 0 {
                track.readings = clock.batch(estimate(clock, &mut reading));
            }
            let ps = clock.time(track.readings, reading);
            of_read.record(ps, track.readings, sample.weight);
            let mut filled = read(program, context, scratch);
            let moment = sample.moment();
            let mut deciding = || {
                black_box(filled.decide(black_box(&moment)).effect());
            };
            if track.decisions == 0 {
                track.decisions = clock.batch(estimate(clock, &mut deciding));
            }
            let ps = clock.time(track.decisions, deciding);
            decide.record(ps, track.decisions, sample.weight);
            track.count += 1;
            track.sum_ps = track.sum_ps.saturating_add(ps);
        }
    }

    /// Forgets the samples of the warm-up; how many calls are timed together is known from then
    /// on.
    fn forget(&mut self) {
        self.read.forget();
        self.decide.forget();
        for track in &mut self.tracks {
            (track.count, track.sum_ps) = (0, 0);
        }
    }

    fn end_round(&mut self) {
        self.read.end_round();
        self.decide.end_round();
        for track in &mut self.tracks {
            if let Some(mean) = track.sum_ps.checked_div(track.count) {
                track.best_ps = track.best_ps.min(mean);
            }
            (track.count, track.sum_ps) = (0, 0);
        }
    }

    fn timed(self, stopped: bool) -> Timings {
        let samples = self.tracks.iter().map(|track| match track.best_ps {
            u64::MAX => 0,
            best => best,
        });
        Timings {
            samples: samples.collect(),
            decide: self.decide.times(),
            read: self.read.times(),
            stopped,
        }
    }
}
