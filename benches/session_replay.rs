//! How fast sessions are folded again from their records, and how fast they are recorded.
//!
//! `cargo bench --bench session_replay` records `SESSIONS` sessions (1 000) of sixteen events, with
//! labels, flow rules, a meter and a plan, and prints events a second: recording on one core, then
//! verifying from a file on 1, 2 and 4 threads, the best of `RUNS` runs (5); and how many are
//! verified in a second that processors work, of all runs. What else runs on the machine changes
//! that figure less.

#![allow(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::similar_names,
    missing_docs,
    reason = "a benchmark looks at the clock, prints, writes, and stops where it cannot go on"
)]

#[path = "instructions/clerk.rs"]
mod clerk;

use std::num::NonZero;
use std::path::Path;
use std::time::{Duration, Instant};

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::lang::value::time;
use policyc::runtime::program::Program;
use policyc::runtime::record::about::{About, Loaded, ulid};
use policyc::runtime::record::session::SessionRecorder;
use policyc::runtime::session::ground::Ground;
use policyc::tools::replay::filter::Filter;
use policyc::tools::replay::fold::Folds;
use policyc::tools::replay::fold::verify::Verify;
use policyc::tools::replay::open::sources;
use policyc::tools::replay::store::Store;
use policyc::tools::replay::stream::{Progress, run};
use policyc::tools::replay::verify::{Verified, Verifier};

use crate::clerk::{POLICY, events};

/// Records all sessions, eight of them at a time; how many events, and how long it took.
fn record(program: &Program, sessions: usize, out: &mut Vec<u8>) -> (usize, Duration) {
    let ground = Ground::of(program);
    let all: Vec<Vec<String>> = (0..sessions).map(events).collect();
    let mut recorder = SessionRecorder::of(&ground, &Loaded::default());
    let now = time::parse("2026-11-19T14:03:22.481907112Z").expect("a time");
    let (mut count, start) = (0, Instant::now());
    for (group, some) in all.chunks(8).enumerate() {
        let open = (0..some.len()).map(|at| recorder.begin(format!("s-{group}-{at}")));
        let mut open: Vec<_> = open.collect();
        for number in 0..some.iter().map(Vec::len).max().unwrap_or(0) {
            for (session, events) in open.iter_mut().zip(some) {
                let Some(event) = events.get(number) else { continue };
                let id = ulid(count as u64, [7; 10]);
                let about = About::new(&id, now);
                out.extend(recorder.event(session, event.as_bytes(), &about, None).line);
                out.push(b'\n');
                count += 1;
            }
        }
    }
    (count, start.elapsed())
}

/// How long processors have worked for this process, in hundredths of a second; `None` where the
/// system does not tell.
fn worked() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in front, in brackets, and may hold any other sign.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut time = || fields.next()?.parse::<u64>().ok();
    Some(Duration::from_millis(10 * (time()? + time()?)))
}

/// How long verifying the records of a file takes on so many threads.
fn verify(store: &Store, path: &Path, (threads, count): (NonZero<usize>, usize)) -> Duration {
    let sources = sources(&[path.to_owned()]).expect("the file is there");
    let (filter, progress) = (Filter::default(), Progress::default());
    let mut all = Verified::default();
    let start = Instant::now();
    let mut folds = Folds::of(store, Verify, threads);
    let verifier = || Verifier::of(store, &filter);
    run(&sources, (threads, &progress), verifier, Verifier::chunk, |taken| {
        let (verified, gathered) = taken.expect("nothing is damaged").1;
        all.add(verified);
        all.add(folds.take(gathered));
    });
    all.add(folds.finish());
    let time = start.elapsed();
    assert_eq!(all.exact, count as u64);
    time
}

fn main() {
    let number = |name: &str, otherwise: usize| {
        std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
    };
    let (sessions, runs) = (number("SESSIONS", 1_000), number("RUNS", 5));
    let mut files = SourceMap::new();
    files.add("clerk.yaml", POLICY);
    let bundle = compile(&files, &Options::default(), &mut Sink::new()).expect("compiles").bundle;
    let program = Program::load_unsigned_whole(&bundle).expect("loads");
    let mut lines = Vec::new();
    let (count, least) = (0..runs)
        .map(|_| {
            lines.clear();
            record(&program, sessions, &mut lines)
        })
        .min_by_key(|(_, time)| *time)
        .expect("a run");
    let rate = |time: Duration| count as f64 / time.as_secs_f64();
    let each = lines.len() / count;
    println!("recorded: {count} events, {each} bytes each, {:.0} a second at best", rate(least));
    let store = Store::default();
    store.add(program);
    let path = std::env::temp_dir().join(format!("policyc-sessions-{}.jsonl", std::process::id()));
    std::fs::write(&path, &lines).expect("the records are written");
    for threads in [1, 2, 4] {
        let threads = NonZero::new(threads).expect("above zero");
        let before = worked();
        let least = (0..runs).map(|_| verify(&store, &path, (threads, count))).min();
        let work = worked().zip(before).map(|(after, before)| after.saturating_sub(before));
        let work = work.filter(|work| !work.is_zero()).map_or(String::new(), |work| {
            let rate = (count * runs) as f64 / work.as_secs_f64();
            format!(", {rate:.0} a second of work")
        });
        let rate = rate(least.expect("a run"));
        println!(
            "verified from a file, {threads} threads: {rate:.0} events a second at best{work}"
        );
    }
    std::fs::remove_file(&path).expect("the records were there");
}
