//! The work and the memory of every stage grow with the input, and no faster.
//!
//! Each family makes an input of any size for one stage. Memory is counted by an allocator, in
//! every run. Instructions are counted by `callgrind` where `--instructions` is given, as
//! `.ci/run` does: that takes a minute, and needs `valgrind`. The last size is 64 times the first.
//! What a byte more of input takes there must not be more, by the factor `GROWTH_MAX`, than what
//! it takes at the size before. Contexts and decisions are counted by `.ci/instructions` as well,
//! larger and in a release build.
//!
//! `-- NAME ..` tries the families that have `NAME` in their name.

#![allow(unsafe_code, reason = "a global allocator is `unsafe` by its trait")]
#![allow(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::pedantic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test reads files, prints, and stops where something is not as it must be"
)]

mod audit;
#[path = "../../benches/instructions/callgrind.rs"]
#[allow(dead_code, reason = "benches use the rest")]
mod callgrind;
mod count;
#[path = "../hot_path/counting.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod counting;
mod families;
mod texts;

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use self::families::{FAMILIES, Family};

/// Sizes, as multiples of the first.
const SIZES: [usize; 4] = [1, 4, 16, 64];
/// Most work that a byte more of the largest input may take, to what it takes at the size before.
const GROWTH_MAX: f64 = 1.2;
/// As `GROWTH_MAX`, of memory: tables double, and one may just have. A square grows by four.
const MEMORY_GROWTH_MAX: f64 = 2.0;
/// Bytes that any input may take: tables that are made once.
const MEMORY_SLACK: usize = 64 << 10;
/// The stack on which everything runs.
const STACK_BYTES: usize = 256 << 10;

fn main() -> ExitCode {
    // A first size that was expensive hides nothing.
    assert!(grows_faster(&[(0, 0), (1, 1_000), (2, 1_020), (3, 1_100)], GROWTH_MAX));
    assert!(!grows_faster(&[(0, 0), (1, 1_000), (2, 1_020), (3, 1_041)], GROWTH_MAX));
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, name] = arguments.as_slice()
        && first == "--count"
    {
        count::run(name);
        return ExitCode::SUCCESS;
    }
    let (options, filters): (Vec<String>, Vec<String>) =
        arguments.into_iter().partition(|it| it.starts_with("--"));
    let chosen = |it: &&Family| {
        filters.is_empty() || filters.iter().any(|filter| it.name.contains(filter.as_str()))
    };
    let families: Vec<&Family> = FAMILIES.iter().filter(chosen).collect();
    let mut found: Vec<String> = families.iter().filter_map(|it| memory(it)).collect();
    println!("{} families, memory grows with the input", families.len());
    if options.iter().any(|it| it == "--instructions") {
        match instructions(&families) {
            Ok(more) => found.extend(more),
            Err(error) => found.push(format!("nothing was counted: {error}")),
        }
    }
    for line in &found {
        eprintln!("{line}");
    }
    if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a family at every size on a small stack; what is wrong with its memory.
fn memory(family: &'static Family) -> Option<String> {
    let run = move || {
        let measured = |size: &usize| {
            let input = family.input(*size);
            let ((), usage) = counting::counted(|| (family.run)(&input));
            (input.len(), usage.peak_bytes)
        };
        // What is made once is made before.
        measured(&SIZES[0]);
        SIZES.iter().map(measured).collect::<Vec<_>>()
    };
    let small = thread::Builder::new().stack_size(STACK_BYTES).spawn(run).expect("a thread");
    let Ok(rows) = small.join() else {
        return Some(format!("{}: it does not end as it should", family.name));
    };
    let grows = rows.last().is_some_and(|last| last.1 > MEMORY_SLACK)
        && grows_faster(&rows, MEMORY_GROWTH_MAX);
    grows.then(|| format!("{}: memory grows faster than the input: {rows:?}", family.name))
}

/// What each byte more takes between one size and the next.
fn slopes(rows: &[(usize, usize)]) -> Vec<f64> {
    let slope = |pair: &[(usize, usize)]| {
        let taken = pair[1].1.saturating_sub(pair[0].1);
        taken as f64 / (pair[1].0 - pair[0].0) as f64
    };
    rows.windows(2).map(slope).collect()
}

/// Whether a byte more takes more at the largest size than at the size before.
fn grows_faster(rows: &[(usize, usize)], most: f64) -> bool {
    let slopes = slopes(rows);
    let (last, before) = slopes.split_last().expect("sizes");
    // A table that is made once weighs on the first: the one in front is what counts.
    before.last().is_some_and(|before| *last > before * most)
}

/// Counts the instructions of the families, as many at a time as there are processors; what is
/// wrong with them.
fn instructions(families: &[&'static Family]) -> Result<Vec<String>, String> {
    callgrind::is_there()?;
    let work = callgrind::Folder::new()?;
    let (next, found) = (AtomicUsize::new(0), Mutex::new(vec![None; families.len()]));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, Into::into) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(family) = families.get(at) else { break };
                    let profile = work.path().join(format!("{at}.profile"));
                    let counted = callgrind::marked(&[family.name.into()], &profile);
                    let row = counted.map(|rows| judge(family, &rows));
                    found.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(row);
                }
            });
        }
    });
    println!("| family | bytes | instructions a byte more | up to 16 times | up to 64 times |");
    println!("|---|--:|--:|--:|--:|");
    let mut wrong = Vec::new();
    for row in found.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten() {
        let (line, grows) = row?;
        println!("{line}");
        if grows {
            wrong.push(format!("the work grows faster than the input: {line}"));
        }
    }
    Ok(wrong)
}

/// A family as a row of the table, and whether its work grows too fast.
fn judge(family: &Family, counted: &[callgrind::Counted]) -> (String, bool) {
    let narrow = |number: u64| usize::try_from(number).expect("a count");
    let rows: Vec<_> = counted.iter().map(|row| (narrow(row.units), narrow(row.total))).collect();
    let cells: Vec<String> = slopes(&rows).iter().map(|slope| format!("{slope:.1}")).collect();
    let line = format!("| {} | {} | {} |", family.name, rows[0].0, cells.join(" | "));
    (line, rows.len() != SIZES.len() || grows_faster(&rows, GROWTH_MAX))
}
