//! How fast a candidate is compared with the records of a pack: eight rules, one of them over a
//! list, none of the records like the one before.
//!
//! `cargo bench --bench pack --features pack` packs `RECORDS` records (1 000 000) and prints for
//! three candidates how many records a second are compared on 1, 2 and 4 threads: the best of
//! `RUNS` runs (5). With a path behind `--` the pack is that file, which is written where it is not
//! there, beside it the bundle (`FILE.plcb`) and the candidates (`FILE.1.plcb` ..), so that
//! `policyc replay diff` can be measured as a process. `THREADS=4` asks for that number alone, and
//! `CANDIDATE=1` for that candidate. With `COPIES=100` the pack has its records so many times.

#![allow(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark looks at the clock, prints, writes, and stops where it cannot go on"
)]

use std::fs::File;
use std::io::BufWriter;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::thread::scope;
use std::time::Instant;

use policyc::runtime::program::Program;
use policyc::tools::replay::pack::columns::compare;
use policyc::tools::replay::pack::file::Pack;
use policyc::tools::replay::pack::{Candidates, PackedGroup, Packer};
use policyc::tools::replay::store::Store;

mod payments;
use payments::{POLICY, compiled, write};

/// Records of a group: as many as `policyc replay pack` puts there.
const GROUP_RECORDS: usize = 18_600;
/// What candidates have in the stead of what.
const CHANGES: [(&str, &str); 3] =
    [("'secret'", "'the secret'"), ("> 10000", "> 12000"), ("'prod'", "'stage'")];

fn main() {
    let number = |name: &str, otherwise: usize| {
        std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
    };
    let own = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let temporary = format!("policyc-pack-{}.pdr.parquet", std::process::id());
    let path = own.as_ref().map_or_else(|| std::env::temp_dir().join(temporary), PathBuf::from);
    let bundle = compiled(POLICY);
    let load = |bundle: &[u8]| Arc::new(Program::load_unsigned_whole(bundle).expect("loads"));
    let program = load(&bundle);
    let candidates = CHANGES.map(|(old, new)| compiled(&POLICY.replacen(old, new, 1)));
    if !path.exists() {
        packed(&program, (number("RECORDS", 1_000_000), number("COPIES", 1)), &path);
    }
    if own.is_some() {
        let beside = |name: &str| format!("{}{name}.plcb", path.display());
        std::fs::write(beside(""), &bundle).expect("the bundle is written");
        for (at, candidate) in (1..).zip(&candidates) {
            std::fs::write(beside(&format!(".{at}")), candidate).expect("it is written");
        }
    }
    let store = Store::default();
    store.add(Program::load_unsigned_whole(&bundle).expect("loads"));
    let only = std::env::var("THREADS").is_ok();
    let asked = number("CANDIDATE", 0);
    let is_asked = |at: usize| asked == 0 || asked == at;
    let candidates = (1..).zip(&candidates).filter(|(at, _)| is_asked(*at));
    for to in candidates.map(|(_, candidate)| load(candidate)) {
        for threads in if only { vec![number("THREADS", 4)] } else { vec![1, 2, 4] } {
            let runs = (0..number("RUNS", 5)).map(|_| compared(&path, (&store, &to), threads));
            let (time, records, changed) =
                runs.min_by(|one, other| one.0.total_cmp(&other.0)).expect("a run");
            println!(
                "{records} records, of which {changed} change, {threads} threads: {time:.3} s, \
                 {:.0} a second",
                records as f64 / time
            );
        }
    }
    if own.is_none() {
        std::fs::remove_file(&path).expect("the pack was there");
    }
}

/// How long comparing takes; how many records there are, and how many change their effect.
fn compared(path: &Path, (store, to): (&Store, &Arc<Program>), threads: usize) -> (f64, u64, u64) {
    let start = Instant::now();
    let pack = Pack::open(File::open(path).expect("a file")).expect("a pack");
    let candidates = Candidates { store, from: None, to };
    let far = (&AtomicU64::new(0), &AtomicBool::new(false));
    let threads = NonZero::new(threads).expect("above zero");
    let found = compare(&pack, candidates, threads, far).expect("a pack").expect("columns tell it");
    let time = start.elapsed().as_secs_f64();
    let impact = found.impact;
    assert_eq!((impact.drift, impact.obstacles.len()), (0, 0));
    (time, impact.total().records, impact.of(|from, to| from != to).records)
}

/// Writes a pack; groups are made by all processors, and written so many times.
fn packed(program: &Program, (count, copies): (usize, usize), path: &Path) {
    let packer = Packer::of([program].into_iter()).expect("a layout");
    let file = BufWriter::new(File::create(path).expect("the file is made"));
    let mut writer = packer.begin(file).expect("a pack");
    let group = |first: usize| -> PackedGroup {
        let mut lines = Vec::new();
        let numbers = first..count.min(first + GROUP_RECORDS);
        write(program, numbers, |line| lines.extend([line, b"\n"].concat()));
        packer.pack(&mut packer.shredder(), &lines).expect("a group")
    };
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let firsts: Vec<usize> = (0..count).step_by(GROUP_RECORDS).collect();
    for firsts in firsts.chunks(threads) {
        let groups: Vec<PackedGroup> = scope(|scope| {
            let made: Vec<_> =
                firsts.iter().map(|first| scope.spawn(move || group(*first))).collect();
            made.into_iter().map(|made| made.join().expect("a group")).collect()
        });
        for group in groups {
            // A copy is the same bytes, elsewhere in the file.
            for _ in 1..copies {
                writer.append(group.clone(), false).expect("it is written");
            }
            writer.append(group, false).expect("it is written");
        }
    }
    writer.finish().expect("it is written");
}
