//! One row of a table of policy engines: measures this package on one benchmark workload.
//!
//! `peer_row WORKLOAD_DIR OUT.json BUDGET_MS` compiles the rules of the workload, decides about its
//! contexts, compares with what it expects, and writes the row as one JSON object. So it joins the
//! harness `shared/bench` as an external program; `docs/performance.md` has the command.
//!
//! `eval` decides about contexts that were read before, `e2e` reads the JSON as well. Both ask
//! every rule and report every rule that fired. Means are CPU time of the thread, in nanoseconds:
//! the median of seven rounds. Quantiles are wall time of single decisions, less what looking at
//! the clock takes.

#![allow(unsafe_code, reason = "a global allocator is `unsafe` by its trait")]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a benchmark looks at the clock, and stops where it cannot go on"
)]

#[path = "../tests/hot_path/counting.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod counting;
#[path = "../tests/it/support/folder.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod folder;
#[path = "../tests/it/support/workload.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod workload;

use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::lang::decision::Effect;
use policyc::runtime::program::Program;
use policyc::runtime::vm::request::{Filled, Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;
use serde_json::{Value as Json, json};

/// The time at which the contexts of the workloads are decided: 2026-01-07T12:00:00Z.
const NOW: Moment<'static> = Moment::at(1_767_787_200, 0);
const ROUNDS: usize = 7;
const SAMPLES_MAX: usize = 200_000;
/// Contexts that a thread keeps filled.
const KEPT: usize = 200;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, out, budget] = arguments.as_slice() else {
        eprintln!("usage: peer_row WORKLOAD_DIR OUT.json BUDGET_MS");
        return ExitCode::from(2);
    };
    let Ok(budget) = budget.parse().map(Duration::from_millis) else {
        eprintln!("`{budget}` is no number of milliseconds");
        return ExitCode::from(2);
    };
    let row = measure(Path::new(folder), budget);
    if let Err(error) = std::fs::write(out, row.to_string()) {
        eprintln!("{out}: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The row of one workload.
fn measure(folder: &Path, budget: Duration) -> Json {
    let files = workload::sources(folder);
    // What is built once in a process is not billed to the policy.
    drop(load(&files));
    let (program, usage) = counting::counted(|| load(&files));
    let mut loads: Vec<u64> = (0..5)
        .map(|_| {
            let start = cpu_ns();
            drop(black_box(load(&files)));
            cpu_ns() - start
        })
        .collect();
    loads.sort_unstable();

    let text = folder::text(&folder.join("contexts.jsonl"));
    let contexts: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();
    let mut scratches: Vec<Scratch> =
        contexts.iter().map(|_| Scratch::for_program(&program)).collect();
    let mut filled = fill(&program, &contexts, &mut scratches);
    let mismatches = mismatches(&mut filled, &folder.join("expected.jsonl"));

    let mut fired = Vec::with_capacity(256);
    let eval = latency(filled.len(), budget, |at| decide(&mut filled[at], &mut fired));
    let mut scratch = Scratch::for_program(&program);
    let e2e = latency(contexts.len(), budget, |at| {
        decide(&mut ingest(&program, black_box(contexts[at]), &mut scratch), &mut fired);
    });
    json!({
        "peer": "policyc",
        "workload": folder.file_name().unwrap().to_string_lossy(),
        "version": concat!("policyc ", env!("CARGO_PKG_VERSION")),
        "skipped": null,
        "checked": contexts.len(),
        "mismatches": mismatches,
        "load_ms": loads[loads.len() / 2] as f64 / 1e6,
        "policy_bytes": usage.kept_bytes,
        "eval": eval,
        "e2e": e2e,
        "thr1_per_s": throughput(&program, &contexts, 1, budget),
        "thr4_per_s": throughput(&program, &contexts, 4, budget),
    })
}

/// From sources to a program, as every peer starts from the text of its rules.
fn load(files: &SourceMap) -> Program {
    let compiled = compile(files, &Options::default(), &mut Sink::new());
    let bundle = compiled.expect("a workload that compiles").bundle;
    Program::load_unsigned(&bundle).expect("a bundle that loads")
}

/// Reads every context, each into a scratch of its own.
fn fill<'a>(
    program: &'a Program,
    contexts: &[&'a [u8]],
    scratches: &'a mut [Scratch],
) -> Vec<Filled<'a>> {
    let both = contexts.iter().zip(scratches);
    both.map(|(context, scratch)| ingest(program, context, scratch)).collect()
}

/// Decides, and reports the rules that fired.
fn decide(filled: &mut Filled<'_>, fired: &mut Vec<u16>) {
    let decision = filled.decide(&NOW);
    fired.clear();
    fired.extend(decision.fired().iter().map(|it| it.rule));
    black_box((decision.effect(), &fired));
}

/// How many contexts are decided otherwise than the workload expects.
fn mismatches(filled: &mut [Filled<'_>], expected: &Path) -> usize {
    let expected = folder::text(expected);
    assert_eq!(expected.lines().count(), filled.len(), "a line for each context");
    let differs = |(filled, line): (&mut Filled<'_>, &str)| {
        let expected: Json = serde_json::from_str(line).expect("a line of JSON");
        let decision = filled.decide(&NOW);
        let fired = decision.fired_ids().collect::<Json>();
        let agrees = decision.effect().map(Effect::word) == expected["decision"].as_str()
            && fired == expected["fired"];
        (!agrees).then_some(())
    };
    filled.iter_mut().zip(expected.lines()).filter_map(differs).count()
}

/// CPU time of this thread, so that what else the machine does is not counted.
fn cpu_ns() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// What one call of `work` takes; it is handed the places of `count` contexts in turn.
fn latency(count: usize, budget: Duration, mut work: impl FnMut(usize)) -> Json {
    let mut place = 0;
    let mut next = || {
        work(place);
        place = if place + 1 == count { 0 } else { place + 1 };
    };
    let (start, mut warm) = (Instant::now(), 0_u32);
    while warm < 3 || start.elapsed() < budget / 6 {
        next();
        warm += 1;
    }
    let estimate = start.elapsed().as_secs_f64() / f64::from(warm);

    // Whole passes over the contexts, so that every round has the same mix.
    let fits = (budget.as_secs_f64() / 2.0 / ROUNDS as f64 / estimate) as usize;
    let round = if fits >= count { fits - fits % count } else { fits.max(1) };
    let mut means: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = cpu_ns();
            (0..round).for_each(|_| next());
            (cpu_ns() - start) as f64 / round as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);

    let clock = clock_ns();
    let mut samples = Vec::with_capacity(SAMPLES_MAX);
    let start = Instant::now();
    while samples.len() < SAMPLES_MAX && (samples.len() < 20 || start.elapsed() < budget / 2) {
        let start = Instant::now();
        next();
        samples.push((start.elapsed().as_nanos() as u64).saturating_sub(clock));
    }
    samples.sort_unstable();
    let quantile =
        |part: f64| samples[((samples.len() as f64 * part) as usize).min(samples.len() - 1)];
    let ((), usage) = counting::counted(|| (0..count).for_each(|_| next()));
    json!({
        "mean_ns": means[ROUNDS / 2],
        "min_ns": means[0],
        "p50_ns": quantile(0.5),
        "p99_ns": quantile(0.99),
        "p999_ns": quantile(0.999),
        "samples": samples.len(),
        "allocs": usage.allocations as f64 / count as f64,
        "alloc_bytes": null,
    })
}

/// What looking at the clock takes.
fn clock_ns() -> u64 {
    let mut looks: Vec<u64> =
        (0..20_000).map(|_| Instant::now().elapsed().as_nanos() as u64).collect();
    looks.sort_unstable();
    looks[looks.len() / 2]
}

/// Decisions per second of CPU, summed over threads that share the program.
fn throughput(program: &Program, contexts: &[&[u8]], threads: usize, budget: Duration) -> f64 {
    let gate = Barrier::new(threads);
    let kept = &contexts[..contexts.len().min(KEPT)];
    let decided = || {
        let mut scratches: Vec<Scratch> =
            kept.iter().map(|_| Scratch::for_program(program)).collect();
        let mut filled = fill(program, kept, &mut scratches);
        let mut fired = Vec::with_capacity(256);
        gate.wait();
        let (start, cpu) = (Instant::now(), cpu_ns());
        let mut count = 0_usize;
        while start.elapsed() < budget {
            for _ in 0..16 {
                decide(&mut filled[count % kept.len()], &mut fired);
                count += 1;
            }
        }
        count as f64 * 1e9 / (cpu_ns() - cpu) as f64
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(decided)).collect();
        running.into_iter().map(|it| it.join().expect("a thread that ends")).sum()
    })
}
