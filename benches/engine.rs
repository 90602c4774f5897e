//! What exchanging bundles costs those who decide, by hand.
//!
//! `cargo bench --bench engine` prints, for the bundle of a benchmark workload: what pinning a
//! program costs beside a lock around it, what a swap takes until other threads decide by the new
//! bundle, and decisions a second of some threads with and without a reload every so often.
//! `WORKLOADS_DIR` names the folder of the workloads, `ENGINE_WORKLOAD` the one that is taken
//! (`rules10000`), `ENGINE_THREADS` the threads (2), `ENGINE_RELOAD_MS` the time between reloads
//! (100), `ENGINE_ROUNDS` how often each is measured (5).

#![allow(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    missing_docs,
    reason = "a benchmark asks the clock, and stops where it cannot go on"
)]

#[path = "../tests/it/support/folder.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod folder;
#[path = "../tests/it/support/workload.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod workload;

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::engine::{Candidate, Engine};
use policyc::runtime::vm::request::{Moment, ingest};

const NOW: Moment<'static> = Moment::at(1_767_787_200, 0);

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// Nanoseconds a turn, the least of 25 runs.
fn least(turns: u64, mut turn: impl FnMut()) -> f64 {
    let mut least = f64::MAX;
    for _ in 0..25 {
        let start = Instant::now();
        for _ in 0..turns {
            turn();
        }
        least = least.min(start.elapsed().as_secs_f64() * 1e9 / turns as f64);
    }
    least
}

/// Decisions a second of all threads together, while bundles are exchanged or not.
fn rate(bundle: &[u8], contexts: &[&str], reload: Option<Duration>) -> f64 {
    let engine = Engine::start(Candidate::unsigned(bundle).expect("it loads"));
    let (stop, made) = (AtomicBool::new(false), AtomicU64::new(0));
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..number("ENGINE_THREADS", 2) {
            scope.spawn(|| {
                let mut decider = engine.decider();
                let mut count = 0;
                while !stop.load(Ordering::Relaxed) {
                    for context in contexts {
                        let pinned = decider.pin();
                        let mut filled = ingest(pinned.program, context.as_bytes(), pinned.scratch);
                        black_box(filled.decide(&NOW).effect());
                        count += 1;
                    }
                }
                made.fetch_add(count, Ordering::Relaxed);
            });
        }
        while begun.elapsed() < Duration::from_secs(2) {
            thread::sleep(reload.unwrap_or(Duration::from_millis(100)));
            if reload.is_some() {
                engine.swap(Candidate::unsigned(bundle).expect("it loads"));
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    made.into_inner() as f64 / begun.elapsed().as_secs_f64()
}

fn main() {
    let name = std::env::var("ENGINE_WORKLOAD").unwrap_or_else(|_| "rules10000".to_owned());
    let folder = workload::all().into_iter().find(|folder| workload::name(folder) == name);
    let folder = folder.expect("a workload of this name");
    let files = workload::sources(&folder);
    let bundle = compile(&files, &Options::default(), &mut Sink::new()).expect("it compiles");
    let bundle = bundle.bundle;
    let text = std::fs::read_to_string(folder.join("contexts.jsonl")).expect("contexts");
    let contexts: Vec<&str> = text.lines().take(1_000).collect();
    println!("{}: a bundle of {} bytes", workload::name(&folder), bundle.len());

    let engine = Engine::start(Candidate::unsigned(&bundle).expect("it loads"));
    let mut decider = engine.decider();
    let lock = RwLock::new(engine.active());
    let pinned = least(1_000_000, || {
        black_box(decider.pin().program);
    });
    let locked = least(1_000_000, || {
        black_box(Arc::clone(&lock.read().expect("no panics")));
    });
    println!("pin a program                          {pinned:9.1} ns");
    println!("RwLock, and a clone of its Arc         {locked:9.1} ns");
    let load = least(3, || drop(Candidate::unsigned(&bundle)));
    println!("read and verify the bundle             {:9.1} us", load / 1e3);
    let mut swaps = f64::MAX;
    let mut renewed = f64::MAX;
    for _ in 0..50 {
        let next = Candidate::unsigned(&bundle).expect("it loads");
        let start = Instant::now();
        let before = engine.swap(next);
        swaps = swaps.min(start.elapsed().as_secs_f64() * 1e6);
        let start = Instant::now();
        black_box(decider.pin().generation);
        renewed = renewed.min(start.elapsed().as_secs_f64() * 1e6);
        drop(before);
    }
    println!("exchange it                            {swaps:9.1} us");
    println!("a thread's first pin behind that       {renewed:9.1} us");

    let every = Duration::from_millis(number("ENGINE_RELOAD_MS", 100));
    let (mut plain, mut reloading) = (0_f64, 0_f64);
    for _ in 0..number("ENGINE_ROUNDS", 5) {
        plain = plain.max(rate(&bundle, &contexts, None));
        reloading = reloading.max(rate(&bundle, &contexts, Some(every)));
    }
    println!("decisions a second                     {plain:9.0}");
    println!("with a reload every {:4} ms            {reloading:9.0}", every.as_millis());
}
