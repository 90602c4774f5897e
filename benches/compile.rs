//! Wall time of compiling the benchmark workloads, by hand.
//!
//! `cargo bench --bench compile` measures all of them, `-- rules1000` one. `WORKLOADS_DIR` names
//! the folder of the workloads. `benches/load.rs` measures loading.

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

use criterion::{Criterion, criterion_group, criterion_main};
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;

fn compiling(criterion: &mut Criterion) {
    let all = folder::data("WORKLOADS_DIR", "../shared/workloads");
    let mut group = criterion.benchmark_group("compile");
    group.sample_size(10);
    for (name, most) in workload::ALL {
        let files = workload::sources(&all.join(name), most);
        group.bench_function(name, |bencher| {
            bencher
                .iter(|| compile(&files, &Options::default(), &mut Sink::new()).expect("compiles"));
        });
    }
    group.finish();
}

criterion_group!(benches, compiling);
criterion_main!(benches);
