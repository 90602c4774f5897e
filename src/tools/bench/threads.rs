//! Decisions a second, by several threads that share a program.
//!
//! In:      a program, contexts, a number of threads.
//! Out:     decisions a second, from bytes: each context is read and decided about.
//! Imports: `runtime::program`, `runtime::vm`, `tools::decide`.

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::scope;
use std::time::Duration;

use crate::runtime::program::Program;
use crate::runtime::vm::scratch::Scratch;
use crate::tools::bench::clock::now;
use crate::tools::bench::contexts::Sample;
use crate::tools::bench::measure::Watch;
use crate::tools::decide::read;

/// How long threads run.
const RUN: Duration = Duration::from_millis(300);
/// Most turns through the contexts that a thread plans; weights are scaled down to it.
const PLAN_MAX: u64 = 4096;

/// Decisions a second by `threads` threads; `None` where the run was stopped, or the system gives
/// fewer threads.
#[must_use]
pub fn throughput(
    program: &Program,
    samples: &[&Sample],
    threads: usize,
    watch: Watch<'_>,
) -> Option<f64> {
    let plan = plan(samples);
    let (done, over) = (AtomicU64::new(0), AtomicBool::new(false));
    let begin = Barrier::new(threads + 1);
    let work = || {
        let mut scratch = Scratch::for_program(program);
        begin.wait();
        let mut decided = 0_u64;
        while !over.load(Ordering::Relaxed) {
            for sample in &plan {
                let context = (sample.form, sample.bytes.as_slice());
                let mut filled = read(program, black_box(context), &mut scratch);
                black_box(filled.decide(&sample.moment()).effect());
                decided += 1;
                if over.load(Ordering::Relaxed) {
                    break;
                }
            }
        }
        done.fetch_add(decided, Ordering::Relaxed);
    };
    let seconds = scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        begin.wait();
        let start = now();
        while start.elapsed() < RUN && !watch.stopped() {
            std::thread::sleep(Duration::from_millis(5));
        }
        over.store(true, Ordering::Relaxed);
        let seconds = start.elapsed().as_secs_f64();
        let joined = workers.into_iter().all(|worker| worker.join().is_ok());
        joined.then_some(seconds)
    })?;
    #[expect(clippy::cast_precision_loss, reason = "a count of less than a second's work")]
    let decided = done.load(Ordering::Relaxed) as f64;
    (!watch.stopped()).then_some(decided / seconds)
}

/// The contexts as they come one after the other, each as often as its weight says.
fn plan<'a>(samples: &[&'a Sample]) -> Vec<&'a Sample> {
    let total: u64 = samples.iter().map(|sample| sample.weight).fold(0, u64::saturating_add);
    let scale = total.div_ceil(PLAN_MAX).max(1);
    let often = |sample: &Sample| usize::try_from((sample.weight / scale).max(1)).unwrap_or(1);
    let mut left: Vec<(usize, &Sample)> =
        samples.iter().map(|sample| (often(sample), *sample)).collect();
    let mut plan = Vec::new();
    // One of each in turn, so that equal contexts do not stand together.
    while !left.is_empty() {
        for (often, sample) in &mut left {
            plan.push(*sample);
            *often -= 1;
        }
        left.retain(|(often, _)| *often > 0);
    }
    plan
}
