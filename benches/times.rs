//! Wall time of compiling, of reading a context and of deciding, on the benchmark workloads, by
//! hand.
//!
//! `cargo bench --bench times` measures all of them, `-- gate10` one, `-- decide` one part of each.
//! Each turn takes the next context of the workload, so a time is the mean of its mix.
//! `WORKLOADS_DIR` names the folder of the workloads; `benches/load.rs` measures loading. What
//! guards against slowing down is `.ci/instructions`: times are noisy.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    missing_docs,
    reason = "a benchmark reads files, and stops where it cannot go on"
)]

#[path = "../tests/it/support/folder.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod folder;
#[path = "../tests/it/support/workload.rs"]
mod workload;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::program::Program;
use policyc::runtime::vm::request::{Filled, Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;

/// 2026-01-07T12:00:00Z, the time of the workloads.
const NOW: Moment<'static> = Moment::at(1_767_787_200, 0);

fn times(criterion: &mut Criterion) {
    for folder in workload::all() {
        let files = workload::sources(&folder);
        let mut group = criterion.benchmark_group(workload::name(&folder));
        let bundle = || {
            let compiled = compile(&files, &Options::default(), &mut Sink::new());
            compiled.expect("a workload that compiles").bundle
        };
        group.sample_size(10);
        group.bench_function("compile", |bencher| bencher.iter(bundle));
        group.sample_size(100);

        let program = Program::load_unsigned(&bundle()).expect("loads");
        let text = folder::text(&folder.join("contexts.jsonl"));
        let contexts: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();

        let mut scratches: Vec<Scratch> =
            contexts.iter().map(|_| Scratch::for_program(&program)).collect();
        let both = contexts.iter().zip(&mut scratches);
        let mut filled: Vec<Filled<'_>> =
            both.map(|(context, scratch)| ingest(&program, context, scratch)).collect();
        let mut places = (0..filled.len()).cycle();
        group.bench_function("decide", |bencher| {
            bencher.iter(|| {
                let filled = places.next().and_then(|at| filled.get_mut(at)).expect("a context");
                black_box(filled.decide(&NOW)).fired().len()
            });
        });

        let mut scratch = Scratch::for_program(&program);
        let mut turn = contexts.iter().cycle();
        group.throughput(Throughput::Bytes(text.len() as u64 / contexts.len() as u64));
        group.bench_function("read", |bencher| {
            bencher.iter(|| {
                let context = black_box(turn.next().expect("a context"));
                ingest(&program, context, &mut scratch).error()
            });
        });
        group.finish();
    }
}

criterion_group!(benches, times);
criterion_main!(benches);
