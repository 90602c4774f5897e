//! How many instructions the benchmark workloads take, held to the limits of `benches/limits.json`.
//!
//! `.ci/instructions` runs this program again under `callgrind`, once for each workload, and prints
//! what was counted: loading, reading a context, deciding, an event of a session, compiling. It
//! also reads and decides hostile contexts at three sizes and asks that the count grows no faster
//! than the size. A count is the same on a busy machine as on an idle one, so it can be a gate:
//! above its limit the program fails, and names the row.
//!
//! `-- NAME ..` counts what has `NAME` in its name; `-- --write-limits` writes the limits anew.
//! `WORKLOADS_DIR` names the folder of the workloads. Needs `valgrind`.

#![allow(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a benchmark reads files, prints, and stops where it cannot go on"
)]

mod callgrind;
mod clerk;
mod count;
#[path = "../../tests/it/support/folder.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod folder;
#[path = "../../tests/it/support/hostile.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod hostile;
mod limits;
#[path = "../../tests/it/support/workload.rs"]
mod workload;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;

use crate::callgrind::Counted;
use crate::limits::Verdict;

/// Workloads whose compiling is counted. Ten thousand rules take half a minute under callgrind.
const COMPILED: [&str; 2] = ["rules100", "rules1000"];

/// Most that an element of a hostile context may take at four times the size, to what it takes at
/// the size. Sorting grows by a seventh, squares grow fourfold.
const GROWTH_MAX: f64 = 1.25;

/// What the work of sessions is called among the workloads.
const SESSIONS: &str = "sessions";

/// One process under callgrind.
enum Job {
    /// Loads a bundle, reads its contexts, decides about them.
    Workload(String),
    /// Compiles the rules of a workload.
    Compile(String),
    /// Takes in the events of sessions.
    Sessions,
    /// Reads and decides the contexts of a hostile case.
    Hostile(&'static hostile::Case),
}

impl Job {
    /// What a filter is compared with.
    fn name(&self) -> String {
        match self {
            Self::Workload(name) => name.clone(),
            Self::Sessions => SESSIONS.to_owned(),
            Self::Compile(name) => format!("compile {name}"),
            Self::Hostile(case) => format!("hostile {}", case.name),
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    if let Some(("--count", rest)) =
        arguments.split_first().map(|(first, rest)| (first.as_str(), rest))
    {
        count::run(rest);
        return ExitCode::SUCCESS;
    }
    let (options, filters): (Vec<String>, Vec<String>) =
        arguments.into_iter().partition(|it| it.starts_with("--"));
    let writes = options.iter().any(|it| it == "--write-limits");
    if let Some(unknown) = options.iter().find(|it| *it != "--write-limits") {
        eprintln!("there is no option {unknown}; there is --write-limits");
        return ExitCode::from(2);
    }
    if writes && !filters.is_empty() {
        eprintln!("--write-limits writes all limits, so it takes no names");
        return ExitCode::from(2);
    }
    match gate(&filters, writes) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("nothing was counted: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Counts what the filters leave, prints it, and says whether all of it holds.
fn gate(filters: &[String], writes: bool) -> Result<bool, String> {
    let workloads = workload::all().into_iter().map(|it| Job::Workload(workload::name(&it)));
    let compiled = COMPILED.into_iter().map(|it| Job::Compile(it.to_owned()));
    let hostile = hostile::CASES.iter().map(Job::Hostile);
    let chosen =
        |job: &Job| filters.is_empty() || filters.iter().any(|it| job.name().contains(it.as_str()));
    let all = workloads.chain(compiled).chain([Job::Sessions]).chain(hostile);
    let jobs: Vec<Job> = all.filter(chosen).collect();
    if jobs.is_empty() {
        return Err("no workload and no hostile case has such a name".to_owned());
    }
    callgrind::is_there()?;
    let counted = count_all(&jobs)?;
    let mut rows = Vec::new();
    let mut grows = Vec::new();
    for (job, counted) in jobs.iter().zip(&counted) {
        match job {
            Job::Hostile(_) => grows.push((job.name(), counted)),
            Job::Workload(name) | Job::Compile(name) => {
                rows.extend(counted.iter().map(|row| (name.clone(), row)));
            }
            Job::Sessions => rows.extend(counted.iter().map(|row| (SESSIONS.to_owned(), row))),
        }
    }
    let counts: Vec<limits::Row> = rows
        .iter()
        .map(|(name, row)| limits::Row { name, what: &row.what, count: row.each() })
        .collect();
    if writes {
        limits::write(&counts)?;
    }
    let is_slower = print_rows(&counts, filters.is_empty())?;
    let is_grown = print_growth(&grows);
    Ok(!is_slower && !is_grown)
}

/// Runs every job, as many at a time as there are processors.
fn count_all(jobs: &[Job]) -> Result<Vec<Vec<Counted>>, String> {
    let work = callgrind::Folder::new()?;
    let next = AtomicUsize::new(0);
    let done: Vec<OnceLock<_>> = jobs.iter().map(|_| OnceLock::new()).collect();
    let run = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let (Some(job), Some(done)) = (jobs.get(at), done.get(at)) else { break };
            done.get_or_init(|| count_one(job, work.path(), at));
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, Into::into) {
            scope.spawn(run);
        }
    });
    done.into_iter().filter_map(OnceLock::into_inner).collect()
}

/// Makes what the process needs, so that only what is to be counted happens there.
fn count_one(job: &Job, work: &Path, at: usize) -> Result<Vec<Counted>, String> {
    let file = |ending: &str| work.join(format!("{at}.{ending}"));
    let profile = file("profile");
    match job {
        Job::Workload(name) => {
            let (folder, files) = sources(name);
            write(&file("plcb"), &bundle(&files)?)?;
            let arguments = ["workload".into(), file("plcb"), folder.join("contexts.jsonl")];
            callgrind::marked(&arguments, &profile)
        }
        Job::Compile(name) => {
            let (_, files) = sources(name);
            let (_, source) = files.iter().next().ok_or("a workload without a source")?;
            write(&file("yaml"), source.text.as_bytes())?;
            callgrind::whole(&["compile".into(), file("yaml")], &profile)
        }
        Job::Sessions => {
            let mut files = SourceMap::new();
            files.add("clerk.yaml".to_owned(), clerk::POLICY);
            write(&file("plcb"), &bundle(&files)?)?;
            callgrind::marked(&["sessions".into(), file("plcb")], &profile)
        }
        Job::Hostile(case) => {
            let mut arguments: Vec<PathBuf> = vec!["hostile".into(), case.name.into()];
            for size in case.sizes() {
                let mut files = SourceMap::new();
                files.add("hostile.yaml".to_owned(), (case.policy)(size));
                let path = file(&format!("{size}.plcb"));
                write(&path, &bundle(&files)?)?;
                arguments.push(path);
            }
            callgrind::marked(&arguments, &profile)
        }
    }
}

fn bundle(files: &SourceMap) -> Result<Vec<u8>, String> {
    let compiled = compile(files, &Options::default(), &mut Sink::new());
    compiled.map(|it| it.bundle).ok_or_else(|| {
        let name = files.iter().next().map_or("a source", |(_, file)| file.path.as_str());
        format!("{name} does not compile")
    })
}

fn sources(name: &str) -> (PathBuf, SourceMap) {
    let folder = folder::data("WORKLOADS_DIR", "../shared/workloads").join(name);
    let files = workload::sources(&folder);
    (folder, files)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// Prints the counts, a line for each workload, and what their limits say about them; says whether
/// one is above.
fn print_rows(rows: &[limits::Row], is_all: bool) -> Result<bool, String> {
    if rows.is_empty() {
        return Ok(false);
    }
    println!(
        "| instructions | decide | read | event | load | compile |\n|---|--:|--:|--:|--:|--:|"
    );
    let names: BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
    for name in names {
        let cells = ["decide", "read", "event", "load", "compile"].map(|what| {
            let row = rows.iter().find(|row| row.name == name && row.what == what);
            row.map_or("-".to_owned(), |row| row.count.to_string())
        });
        if cells.iter().any(|cell| cell != "-") {
            println!("| {name} | {} |", cells.join(" | "));
        }
    }
    println!();
    let mut is_slower = false;
    let limits = limits::read()?;
    for row in rows {
        let verdict = limits.judge(row);
        is_slower |= matches!(verdict, Verdict::Above(_) | Verdict::Unlimited);
        if verdict != Verdict::Holds {
            println!("{}: {}: {} instructions, {verdict}", row.name, row.what, row.count);
        }
    }
    let unknown = if is_all { limits.unknown(rows) } else { Vec::new() };
    for unknown in &unknown {
        println!("benches/limits.json limits {unknown}, which is not counted");
    }
    is_slower |= !unknown.is_empty();
    if is_slower {
        println!(
            "Find what takes more, or, where it is worth it, write the limits anew:\n  \
             .ci/instructions --write-limits"
        );
    }
    Ok(is_slower)
}

/// Prints what an element of a hostile context takes at each size; says whether one grows.
fn print_growth(cases: &[(String, &Vec<Counted>)]) -> bool {
    if cases.is_empty() {
        return false;
    }
    println!(
        "\n| hostile context | size | unit | instructions a unit | at twice | at four times | |"
    );
    println!("|---|--:|---|--:|--:|--:|---|");
    let mut is_grown = false;
    for (name, counted) in cases {
        let [first, second, third] = counted.as_slice() else {
            println!("{name}: three sizes are wanted, {} were counted", counted.len());
            is_grown = true;
            continue;
        };
        let each = |row: &Counted| row.total as f64 / row.units as f64;
        let grows = each(third) > GROWTH_MAX * each(first).max(1.0);
        is_grown |= grows;
        println!(
            "| {} | {} | {} | {:.1} | {:.1} | {:.1} | {} |",
            name.trim_start_matches("hostile "),
            first.units,
            first.what,
            each(first),
            each(second),
            each(third),
            if grows { "GROWS FASTER THAN ITS SIZE" } else { "" }
        );
    }
    is_grown
}
