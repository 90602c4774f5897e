//! How long loading takes and how much memory: bundles of the benchmark workloads.
//!
//! `cargo bench --bench load` prints a row for each workload. `WORKLOADS_DIR` names the
//! folder of the workloads, `LOAD_RUNS` how often each is loaded (100). Times are the least and
//! the median, in milliseconds of wall time.

#![allow(unsafe_code, reason = "a global allocator is `unsafe` by its trait")]
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a benchmark reads files, looks at the clock, prints, and stops where it cannot go on"
)]

#[path = "../tests/hot_path/counting.rs"]
mod counting;
#[path = "../tests/it/support/folder.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod folder;
#[path = "../tests/it/support/workload.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod workload;

use std::hint::black_box;
use std::time::{Duration, Instant};

use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::bundle::layout::{ENTRY_BYTES, HEADER_BYTES, Section};
use policyc::runtime::bundle::{digest, reader};
use policyc::runtime::program::Program;
use policyc::runtime::verify::verify;

fn main() {
    let runs = std::env::var("LOAD_RUNS").map_or(100, |runs| runs.parse().expect("a number"));
    for folder in workload::all() {
        let name = workload::name(&folder);
        let files = workload::sources(&folder);
        let start = Instant::now();
        let compiled = compile(&files, &Options::default(), &mut Sink::new()).expect("compiles");
        println!("{name}: compiled in {:.1} ms", ms(start.elapsed()));
        let bundle = compiled.bundle;
        sizes(&bundle);
        let module = reader::read(&bundle).expect("reads");
        row("digests", runs, || digest::of(&bundle));
        row("read, with digests", runs, || reader::read(&bundle));
        row("verify", runs, || verify(&module));
        row("load: all of it", runs, || Program::load_unsigned(&bundle));
    }
}

/// Prints how many bytes each section takes.
fn sizes(bundle: &[u8]) {
    let count = u32::from_le_bytes(*bundle[24..].first_chunk().unwrap()) as usize;
    let table = bundle[HEADER_BYTES..].chunks_exact(ENTRY_BYTES).take(count);
    let sizes = table.map(|entry| {
        let kind = entry.first_chunk().map(|kind| u16::from_le_bytes(*kind)).unwrap();
        let len = entry[16..].first_chunk().map(|len| u64::from_le_bytes(*len)).unwrap();
        format!("{} {len}", Section::from_kind(kind).unwrap().word())
    });
    println!("  bundle {} bytes: {}", bundle.len(), sizes.collect::<Vec<_>>().join(", "));
}

/// Does `work` that many times and prints what it took.
fn row<T>(what: &str, runs: usize, work: impl Fn() -> T) {
    let mut times: Vec<Duration> = (0..runs.max(1))
        .map(|_| {
            let start = Instant::now();
            let made = black_box(work());
            let time = start.elapsed();
            drop(made);
            time
        })
        .collect();
    times.sort_unstable();
    let (_made, usage) = counting::counted(work);
    println!(
        "  {what:<20} least {:>7.3} ms, median {:>7.3} ms; {:>6} allocations, \
         {:>9} bytes at most, {:>9} kept",
        ms(times[0]),
        ms(times[times.len() / 2]),
        usage.allocations,
        usage.peak_bytes,
        usage.kept_bytes
    );
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
