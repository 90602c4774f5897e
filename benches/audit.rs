//! What an audit log takes in a second, by hand.
//!
//! `cargo bench --bench audit --no-default-features -- FOLDER` writes logs below FOLDER, which
//! should lie on the disk that is asked about, and takes them away again. `-- FOLDER SECONDS`
//! writes each for as long.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark asks the clock, and stops where it cannot go on"
)]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use policyc::runtime::audit::store::Directory;
use policyc::runtime::audit::{Options, open};
use policyc::runtime::record::log::{Durability, LogError, LogOptions};

/// Bytes of a record, mostly.
const RECORD_BYTES: usize = 871;

/// Appends from as many threads, each of which waits for what it appended; records a second.
fn rate(folder: &Path, durability: Durability, threads: usize, time: Duration) -> f64 {
    drop(std::fs::remove_dir_all(folder));
    let store = Directory::open(folder).expect("a folder");
    let log = LogOptions { durability, ..LogOptions::new("bench") };
    let (log, _) = open(store, Options { log, ..Options::new("bench", "bench") }).expect("a log");
    let line = format!("{{\"v\":1,\"ctx\":{{\"text\":\"{}\"}}}}", "x".repeat(RECORD_BYTES - 52));
    let (count, start) = (AtomicU64::new(0), Instant::now());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while start.elapsed() < time {
                    match log.append(line.as_bytes()) {
                        Ok(ticket) => log.wait(ticket.expect("required")).expect("it is kept"),
                        Err(LogError::Full) => {
                            thread::yield_now();
                            continue;
                        }
                        Err(error) => panic!("{error:?}"),
                    }
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let took = start.elapsed().as_secs_f64();
    log.close().expect("it is written");
    std::fs::remove_dir_all(folder).expect("the folder goes away");
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let rate = count.load(Ordering::Relaxed) as f64 / took;
    rate
}

fn main() {
    let given: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with("--")).collect();
    let Some(folder) = given.first().map(PathBuf::from) else {
        println!("name a folder on the disk that is asked about");
        return;
    };
    let seconds = given.get(1).and_then(|text| text.parse().ok()).unwrap_or(3);
    let folder = folder.join("policyc-audit-bench");
    println!("records of {RECORD_BYTES} bytes a second, {seconds} s each");
    for (durability, threads) in [
        (Durability::Strict, 1),
        (Durability::Grouped, 1),
        (Durability::Grouped, 32),
        (Durability::Grouped, 1_024),
        (Durability::Async, 1),
        (Durability::Async, 32),
    ] {
        let rate = rate(&folder, durability, threads, Duration::from_secs(seconds));
        println!("{:<8} {threads:>5} waiting {rate:>10.0}", format!("{durability:?}"));
    }
}
