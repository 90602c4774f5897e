//! Which tests reach a change, and whether one of them fails with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::plant::{Planted, cargo};

/// A test that runs longer is not asked.
const TEST_MAX: Duration = Duration::from_secs(60);
/// Seconds that the tests of a change take together, as they take alone: those that would come
/// later are not asked. `TEST_SECONDS` says another number.
const TEST_SECONDS: u64 = 30;
/// Bytes of memory of a process.
const MEMORY_MAX: &str = "--as=6000000000";

struct Test {
    binary: PathBuf,
    name: String,
    took: Duration,
    passes: bool,
    reached: BTreeSet<usize>,
    /// How often it was among those that noticed a change: more, where it was alone.
    noticed: AtomicUsize,
}

enum Ended {
    Passed,
    Failed,
    TimedOut,
}

/// What came of changes, by their names: the last word on each.
pub(crate) type Results = BTreeMap<String, String>;

/// Tries the changes that nothing noticed so far.
pub(crate) fn hunt(work: &Path, changes: &[Planted]) -> Result<Results, String> {
    let tests = asked(work, changes)?;
    let results = work.join("results.txt");
    let before = fs::read_to_string(&results).unwrap_or_default();
    let is_noticed = |line: &&str| line.starts_with("caught") || line.starts_with("timeout");
    let known: BTreeSet<&str> =
        before.lines().filter(is_noticed).filter_map(|line| line.split('\t').nth(1)).collect();
    let these = std::env::var("CHANGES").unwrap_or_default();
    let these: Vec<&str> = these.split_whitespace().collect();
    let is_asked = |name: &str| these.is_empty() || these.iter().any(|part| name.contains(part));
    let (every, from) = (number_of("EVERY", 1).max(1), number_of("FROM", 0));
    let is_viable = |at: &usize| changes[*at].is_viable && is_asked(&changes[*at].name);
    // Every so many of those that compile, the ones that were noticed before included, so that the
    // same numbers choose the same changes in each run.
    let chosen = (0..changes.len())
        .filter(is_viable)
        .zip(0..)
        .filter(|&(_, rank)| rank % every == from % every);
    let mut open: Vec<usize> =
        chosen.map(|(at, _)| at).filter(|&at| !known.contains(changes[at].name.as_str())).collect();
    let tried_before: BTreeSet<&str> =
        before.lines().filter_map(|line| line.split('\t').nth(1)).collect();
    open.sort_by_key(|&at| tried_before.contains(changes[at].name.as_str()));
    println!("{} tests, {} changes to try", tests.len(), open.len());
    let file = OpenOptions::new().create(true).append(true).open(&results);
    let file = Mutex::new(file.map_err(|why| why.to_string())?);
    on_all(&open, |&number| {
        let (status, by) = tried(work, number, &tests);
        let line = format!("{status}\t{}\t{by}\n", changes[number].name);
        if let Ok(mut file) = file.lock() {
            let _ = file.write_all(line.as_bytes());
        }
        if !matches!(status, "caught" | "timeout") {
            print!("{line}");
        }
    });
    let text = fs::read_to_string(&results).map_err(|why| why.to_string())?;
    let last = text.lines().filter_map(|line| {
        let mut parts = line.split('\t').map(str::to_owned);
        let status = parts.next()?;
        Some((parts.next()?, status))
    });
    Ok(last.collect())
}

/// The number that a variable holds.
fn number_of(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Does something with all of some things, `JOBS` at a time.
fn on_all<T: Sync>(things: &[T], act: impl Fn(&T) + Sync) {
    let jobs = number_of("JOBS", 2);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(thing) = things.get(next.fetch_add(1, Ordering::Relaxed)) {
                    act(thing);
                }
            });
        }
    });
}

/// The tests of the copy, each with what it reaches. What is known of a test is not asked again
/// unless the changes are others.
fn asked(work: &Path, changes: &[Planted]) -> Result<Vec<Test>, String> {
    let path = work.join("reached.txt");
    let names: Vec<&str> = changes.iter().map(|change| change.name.as_str()).collect();
    let head = format!("{:x}", crc(names.join("\n").as_bytes()));
    let old = fs::read_to_string(&path).unwrap_or_default();
    let (old_head, old) = old.split_once('\n').unwrap_or_default();
    let mut known: BTreeMap<&str, Test> = BTreeMap::new();
    if old_head == head {
        known.extend(old.lines().filter_map(|line| Some((line.split('\t').next()?, read(line)?))));
    }
    let only = std::env::var("ONLY").unwrap_or_default();
    let only: Vec<&str> = only.split_whitespace().collect();
    let mut tests = Vec::new();
    for (target, binary) in binaries(work)? {
        let mut list = Command::new(&binary);
        let list = list.current_dir(work).args(["--list", "--format=terse"]).output();
        let list = list.map_err(|why| why.to_string())?;
        for name in String::from_utf8_lossy(&list.stdout).lines() {
            let Some(name) = name.strip_suffix(": test") else { continue };
            if only.is_empty() || only.iter().any(|part| name.contains(part)) {
                tests.push((format!("{target} {name}"), binary.clone(), name.to_owned()));
            }
        }
    }
    let text = Mutex::new(String::new());
    on_all(&tests, |(key, binary, name)| {
        let row = match known.get(key.as_str()) {
            Some(test) => write(key, test),
            None => write(key, &met(work, binary, name)),
        };
        if let Ok(mut text) = text.lock() {
            text.push_str(&row);
        }
    });
    let text = text.into_inner().unwrap_or_default();
    let asked: BTreeSet<&str> = tests.iter().map(|(key, _, _)| key.as_str()).collect();
    let mut rows = format!("{head}\n{text}");
    for (key, test) in known.iter().filter(|(key, _)| !asked.contains(*key)) {
        rows.push_str(&write(key, test));
    }
    fs::write(&path, rows).map_err(|why| why.to_string())?;
    let mut found = Vec::new();
    for line in text.lines() {
        let key = line.split('\t').next().unwrap_or_default();
        let place = tests.iter().find(|(known, _, _)| known == key);
        if let (Some(mut test), Some((_, binary, name))) = (read(line), place) {
            test.binary.clone_from(binary);
            test.name.clone_from(name);
            if !test.passes {
                println!("not asked: {key}");
            }
            found.push(test);
        }
    }
    found.retain(|test| test.passes);
    // A test that reaches little is about it, and asks more of it than one that passes through.
    found.sort_by_key(|test| (test.took.as_millis() + 5) * test.reached.len() as u128);
    Ok(found)
}

fn crc(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, &byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn write(key: &str, test: &Test) -> String {
    let mut line = format!("{key}\t{}\t{}\t", test.passes, test.took.as_millis());
    for number in &test.reached {
        let _ = write!(line, "{number} ");
    }
    line + "\n"
}

fn read(line: &str) -> Option<Test> {
    let mut parts = line.split('\t').skip(1);
    let passes = parts.next()? == "true";
    let took = Duration::from_millis(parts.next()?.parse().ok()?);
    let reached = parts.next()?.split_whitespace().filter_map(|it| it.parse().ok()).collect();
    Some(Test {
        binary: PathBuf::new(),
        name: String::new(),
        took,
        passes,
        reached,
        noticed: AtomicUsize::new(0),
    })
}

/// The binaries of tests of the copy, by name of what they test.
fn binaries(work: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let output = cargo(work)
        .args(["test", "--no-run", "--locked", "--lib", "--test", "it", "-q"])
        .arg("--message-format=json")
        .stderr(Stdio::inherit())
        .output()
        .map_err(|why| why.to_string())?;
    if !output.status.success() {
        return Err("the tests of the copy do not compile".to_owned());
    }
    let mut found = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(json) = serde_json::from_str::<Json>(line) else { continue };
        if json["profile"]["test"] == true
            && let (Some(name), Some(path)) =
                (json["target"]["name"].as_str(), json["executable"].as_str())
        {
            found.push((name.to_owned(), PathBuf::from(path)));
        }
    }
    Ok(found)
}

/// What a test reaches where nothing is chosen.
fn met(work: &Path, binary: &Path, name: &str) -> Test {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let trace = work.join(format!("trace-{}", COUNT.fetch_add(1, Ordering::Relaxed)));
    drop(fs::remove_file(&trace));
    let start = Instant::now();
    let mut command = process(work, binary);
    command.env("MUTANT_TRACE", &trace).args(["--exact", name]);
    let ended = run(command, TEST_MAX);
    let text = fs::read_to_string(&trace).unwrap_or_default();
    drop(fs::remove_file(&trace));
    Test {
        binary: binary.to_owned(),
        name: name.to_owned(),
        took: start.elapsed(),
        passes: matches!(ended, Ended::Passed),
        reached: text.lines().filter_map(|line| line.parse().ok()).collect(),
        noticed: AtomicUsize::new(0),
    }
}

fn process(work: &Path, binary: &Path) -> Command {
    let mut command = Command::new("prlimit");
    command.arg(MEMORY_MAX).arg(binary).current_dir(work);
    command.env("CARGO_MANIFEST_DIR", work).env("INSTA_UPDATE", "no").env_remove("UPDATE");
    command
}

/// Runs a process and what it starts, and ends all of it in time.
fn run(mut command: Command, most: Duration) -> Ended {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = quiet.process_group(0).spawn() else { return Ended::Failed };
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ended::Passed,
            Ok(Some(_)) | Err(_) => return Ended::Failed,
            Ok(None) if start.elapsed() > most => {
                let group = format!("-{}", child.id());
                let _ = Command::new("kill").args(["-9", "--", &group]).status();
                let _ = child.wait();
                return Ended::TimedOut;
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(3)),
        }
    }
}

/// What comes of a change, and the tests that said so: first that which noticed most so far, then
/// those that are quickest: few of them, then more at a time.
fn tried(work: &Path, number: usize, tests: &[Test]) -> (&'static str, String) {
    let mut left: Vec<&Test> = tests.iter().filter(|it| it.reached.contains(&number)).collect();
    if left.is_empty() {
        return ("unreached", String::new());
    }
    let (mut sum, most) =
        (Duration::ZERO, Duration::from_secs(number_of("TEST_SECONDS", TEST_SECONDS)));
    left.retain(|test| {
        let fits = sum + test.took <= most;
        sum += if fits { test.took } else { Duration::ZERO };
        fits
    });
    let noticed = |test: &&Test| test.noticed.load(Ordering::Relaxed);
    if let Some((best, _)) = left.iter().enumerate().max_by_key(|(_, test)| noticed(test)) {
        left[..=best].rotate_right(1);
    }
    let (mut at, mut size) = (0, 1);
    while at < left.len() {
        let binary = &left[at].binary;
        let batch: Vec<&&Test> =
            left[at..].iter().take(size).take_while(|test| test.binary == *binary).collect();
        let alone: Duration = batch.iter().map(|test| test.took).sum();
        let mut command = process(work, binary);
        command.env("MUTANT", number.to_string()).args(["--test-threads=1", "--exact"]);
        command.args(batch.iter().map(|test| &test.name));
        let ended = run(command, alone * 5 + Duration::from_secs(20));
        let by = || batch.iter().map(|test| test.name.as_str()).collect::<Vec<_>>().join(" ");
        match ended {
            Ended::Passed => {}
            Ended::Failed => {
                for test in &batch {
                    test.noticed.fetch_add(60 / batch.len(), Ordering::Relaxed);
                }
                return ("caught", by());
            }
            Ended::TimedOut => return ("timeout", by()),
        }
        at += batch.len();
        size = (size * 3).min(60);
    }
    ("missed", format!("{} tests", left.len()))
}
