//! How fast records are verified: eight rules, one of them over a list, lines of some 870 bytes.
//!
//! `cargo bench --bench replay` prints records a second and core, the best and the median of `RUNS`
//! runs (9) over `RECORDS` records (200 000), for records alone and for the log of a writer; then
//! records a second from a file, on 1, 2 and 4 threads. With a path behind `--` it writes that log
//! there, the bundle beside it as `FILE.plcb`, and verifies nothing: `policyc replay verify` can
//! then be measured as a process.

#![allow(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::similar_names,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark looks at the clock, prints, writes, and stops where it cannot go on"
)]

use std::fs::File;
use std::io::{self, Write as _};
use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use policyc::runtime::program::Program;
use policyc::runtime::record::chain::Batch;
use policyc::runtime::record::log::{Durability, Log, LogOptions, Storage};
use policyc::tools::replay::filter::Filter;
use policyc::tools::replay::open::sources;
use policyc::tools::replay::store::Store;
use policyc::tools::replay::stream::{Chunk, Progress, run};
use policyc::tools::replay::verify::{Verified, Verifier};

mod payments;
use payments::{POLICY, compiled, write};

fn main() {
    let number = |name: &str, otherwise: usize| {
        std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
    };
    let bundle = compiled(POLICY);
    let program = Program::load_unsigned_whole(&bundle).expect("loads");
    let count = number("RECORDS", 200_000);
    let out = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    if let Some(path) = out {
        std::fs::write(format!("{path}.plcb"), &bundle).expect("the bundle is written");
        chained(&program, count, Plain(File::create(&path).expect("the file is made")));
        return;
    }
    let mut plain = Vec::new();
    write(&program, 0..count, |line| plain.extend([line, b"\n"].concat()));
    let kept = Kept::default();
    chained(&program, count, kept.clone());
    let log = std::mem::take(&mut *kept.0.lock().expect("nobody panicked"));
    let store = Store::default();
    store.add(program);
    let path = std::env::temp_dir().join(format!("policyc-replay-{}.jsonl", std::process::id()));
    std::fs::write(&path, &plain).expect("the records are written");
    for (name, bytes) in [("records", plain), ("a log, chain included", log)] {
        let each = bytes.len() as f64 / count as f64;
        let chunk = Chunk { source: 0, line: 1, bytes };
        let rate = |time: Duration| count as f64 / time.as_secs_f64();
        let times = times(&store, &chunk, count);
        println!(
            "{name}: {:.0} a second at best, {:.0} in the median; {each:.0} bytes a record",
            rate(times[0]),
            rate(times[times.len() / 2]),
        );
    }
    for threads in [1, 2, 4] {
        let threads = NonZero::new(threads).expect("above zero");
        let least = (0..runs()).map(|_| threaded(&store, &path, (threads, count))).min();
        let rate = count as f64 / least.expect("a run").as_secs_f64();
        println!("records from a file, {threads} threads: {rate:.0} a second at best");
    }
    std::fs::remove_file(&path).expect("the records were there");
}

/// How long verifying the records of a file takes on so many threads.
fn threaded(store: &Store, path: &Path, (threads, count): (NonZero<usize>, usize)) -> Duration {
    let sources = sources(&[path.to_owned()]).expect("the file is there");
    let (filter, progress) = (Filter::default(), Progress::default());
    let mut all = Verified::default();
    let start = Instant::now();
    let verifier = || Verifier::of(store, &filter);
    run(&sources, (threads, &progress), verifier, Verifier::chunk, |taken| {
        all.add(taken.expect("nothing is damaged").1.0);
    });
    let time = start.elapsed();
    assert_eq!(all.exact, count as u64);
    time
}

fn runs() -> u32 {
    std::env::var("RUNS").map_or(9, |text| text.parse().expect("a number"))
}

/// How long verifying a chunk takes, the shortest first.
fn times(store: &Store, chunk: &Chunk, count: usize) -> Vec<Duration> {
    let filter = Filter::default();
    let run = |_: u32| {
        let mut verifier = Verifier::of(store, &filter);
        let start = Instant::now();
        let (mut verified, _) = verifier.chunk(chunk);
        let chained = std::mem::take(&mut verified.chains).finish();
        let time = start.elapsed();
        assert_eq!((verified.exact, verified.records), (count as u64, count as u64));
        assert_eq!((chained.broken, chained.open.len()), (0, 0));
        time
    };
    let mut times: Vec<Duration> = (0..runs()).map(run).collect();
    times.sort_unstable();
    times
}

/// A file, or a pipe, that nobody needs to outlast a loss of power.
struct Plain(File);

impl Storage for Plain {
    fn append(&mut self, batch: &Batch) -> io::Result<()> {
        self.0.write_all(&batch.lines)
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A storage in memory.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Storage for Kept {
    fn append(&mut self, batch: &Batch) -> io::Result<()> {
        self.0.lock().expect("nobody panicked").extend_from_slice(&batch.lines);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes the log of a writer.
fn chained(program: &Program, count: usize, storage: impl Storage + 'static) {
    let options = LogOptions { durability: Durability::Async, ..LogOptions::new("gw-3") };
    let room = options.queue;
    let log = Log::open(storage, options).expect("a thread");
    let mut taken = 0;
    write(program, 0..count, |line| {
        let ticket = log.append(line).expect("room").expect("it is taken");
        taken += 1;
        if taken % (room / 2) == 0 {
            log.wait(ticket).expect("it is written");
        }
    });
    log.close().expect("it is written");
}
