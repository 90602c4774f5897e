//! Processes that are killed while they append: what they acknowledged is there.
//!
//! `AUDIT_KILLS=10000 cargo test --test it -- audit::kill --nocapture` kills as many.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use policyc::runtime::audit::store::Directory;
use policyc::runtime::audit::torn::TornWrite;
use policyc::runtime::audit::{OpenError, open};
use policyc::runtime::record::log::{Durability, LogOptions};

use crate::audit::disk::Files;
use crate::audit::{line, looked_at, options};
use crate::support::generate::random::Random;

/// Names the directory, to the process that is killed.
const DIRECTORY: &str = "AUDIT_DIRECTORY";

fn settings() -> LogOptions {
    LogOptions { block_bytes: 2_000, durability: Durability::Grouped, ..LogOptions::new("gw-3") }
}

/// What is killed: it goes on with the log, says what a crash left there, and appends, telling of
/// each record that was acknowledged.
#[test]
#[ignore = "it appends until somebody kills it"]
fn appends_until_it_is_killed() {
    let Ok(path) = std::env::var(DIRECTORY) else { return };
    let from: usize = std::env::var("AUDIT_FROM").expect("a number").parse().expect("a number");
    let store = Directory::open(path).expect("a directory");
    let (log, found) = open(store, options(settings(), 200_000)).expect("a log");
    let mut out = std::io::stdout().lock();
    let mut say = |text: String| {
        writeln!(out, "{text}").expect("somebody listens");
        out.flush().expect("somebody listens");
    };
    say(format!("torn {}", found.torn.map_or(0, |torn| torn.bytes)));
    for at in from.. {
        // Long ones too, so that a write takes a while.
        let text =
            line(at).replace("\"text\":\"", &format!("\"text\":\"{}", "y".repeat(at % 7 * 900)));
        let ticket = log.append(text.as_bytes()).expect("room").expect("it is taken");
        if at % 3 == 0 {
            log.wait(ticket).expect("it is kept");
            say(format!("kept {at}"));
        }
    }
}

/// When the clock of the one who kills starts.
#[derive(Clone, Copy, PartialEq)]
enum Since {
    /// Once the process goes on with the log.
    Opened,
    /// Once it acknowledged a record, however slow the disk is.
    Kept,
}

/// Appends in a process that is killed after a while: the last record that it said is kept, and how
/// much the crash before had left.
fn killed(path: &Path, from: usize, since: Since, wait: Duration) -> (Option<usize>, u64) {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "audit::kill::appends_until_it_is_killed", "--ignored", "--nocapture"])
        .env(DIRECTORY, path)
        .env("AUDIT_FROM", from.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process");
    let mut told = BufReader::new(child.stdout.take().expect("a pipe"));
    let (mut last, mut torn, mut text) = (None, 0, String::new());
    let mut killed = false;
    // What it says before it dies is read to the end.
    while told.read_line(&mut text).expect("a pipe") > 0 {
        // A line that death cut says nothing.
        if let Some(words) = text.strip_suffix('\n') {
            let said = if let Some(bytes) = words.strip_prefix("torn ") {
                torn = bytes.parse().expect("a number");
                Some(Since::Opened)
            } else if let Some(at) = words.strip_prefix("kept ") {
                last = Some(at.parse().expect("a number"));
                Some(Since::Kept)
            } else {
                None
            };
            if said == Some(since) && !killed {
                std::thread::sleep(wait);
                child.kill().expect("it runs");
                killed = true;
            }
        }
        text.clear();
    }
    child.wait().expect("it ended");
    assert!(killed, "it ended by itself");
    (last, torn)
}

fn files(path: &Path) -> Files {
    let mut files = Files::new();
    for entry in fs::read_dir(path).expect("a directory") {
        let path = entry.expect("a file").path();
        if let Some(number) = path.file_stem().filter(|_| path.extension().is_some()) {
            let number = number.to_str().expect("text").parse().expect("a number");
            files.insert(number, fs::read(&path).expect("a file"));
        }
    }
    files
}

#[test]
fn what_was_acknowledged_outlasts_the_process() {
    let kills: usize = std::env::var("AUDIT_KILLS").map_or(12, |text| text.parse().unwrap());
    let folder = std::env::temp_dir().join(format!("policyc-kill-{}", std::process::id()));
    let (mut random, mut torn, mut records, mut acknowledged) = (Random::new(3), 0, 0, 0);
    let mut from = 0;
    for round in 0..kills {
        // A new log now and then, so that looking at all of it stays quick.
        if round % 50 == 0 {
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder).expect("a folder");
            from = 0;
        }
        let wait = Duration::from_micros(random.below(30_000) as u64);
        let since = if round % 2 == 0 { Since::Opened } else { Since::Kept };
        let (last, left) = killed(&folder, from, since, wait);
        torn += usize::from(left > 0);
        let there = files(&folder);
        if there.is_empty() {
            // It died before it began its first segment.
            assert_eq!(last, None, "round {round}");
            continue;
        }
        let (kept, trace, _) = looked_at(&there).unwrap_or_else(|damage| {
            panic!("round {round}: {damage}");
        });
        if let Some(TornWrite { at, bytes, .. }) = trace {
            assert!(at == 0 || bytes > 0, "round {round}");
        }
        // All up to the last that was acknowledged, each once, in its order.
        let ids: Vec<usize> =
            kept.ids.iter().map(|id| id[1..].parse().expect("a number")).collect();
        assert!(ids.iter().copied().eq(0..ids.len()), "round {round}");
        if let Some(last) = last {
            assert!(ids.len() > last, "round {round}: {last} is lost, {} are there", ids.len());
            acknowledged += 1;
        }
        records += ids.len() - from.min(ids.len());
        from = ids.len();
    }
    println!(
        "{kills} processes killed, {records} records, {acknowledged} processes had acknowledged \
         some, {torn} torn frames"
    );
    assert!(acknowledged >= kills / 2, "{acknowledged} of {kills}");
    fs::remove_dir_all(&folder).expect("the folder goes away");
}

#[test]
fn two_processes_do_not_write_to_one_log() {
    let folder = std::env::temp_dir().join(format!("policyc-lock-{}", std::process::id()));
    let first = Directory::open(&folder).expect("a directory");
    let second = Directory::open(&folder).map(|_| ()).map_err(|error| error.kind());
    assert_eq!(second, Err(std::io::ErrorKind::WouldBlock));
    let (log, _) = open(first, options(settings(), 200_000)).expect("a log");
    log.append(line(0).as_bytes()).expect("room");
    log.close().expect("it is written");
    let again = Directory::open(&folder).expect("nobody writes any more");
    assert!(!matches!(open(again, options(settings(), 200_000)), Err(OpenError::Storage(_))));
    fs::remove_dir_all(&folder).expect("the folder goes away");
}
