//! What fuzzing found worth keeping, replayed: `fuzz/corpus/TARGET` holds the cases of each target.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use policyc::runtime::bundle::error::LoadError;
use policyc::runtime::program::error::ProgramError;

#[path = "../../fuzz/src/targets/mod.rs"]
mod targets;

/// A target: its name, which is that of its file in `fuzz_targets` and of its folder in `corpus`,
/// and what it does with a case.
struct Target {
    name: &'static str,
    run: fn(&[u8]),
}

/// All of them.
const TARGETS: &[Target] = &[
    Target { name: "audit_recovery", run: targets::audit_recovery::run },
    Target { name: "builtins", run: targets::builtins::run },
    Target { name: "bundle_mutated", run: targets::bundle_mutated::run },
    Target { name: "bundle_raw", run: targets::bundle_raw::run },
    Target { name: "bundle_structured", run: targets::bundle_structured::run },
    Target { name: "cel_source", run: targets::cel_source::run },
    Target { name: "context_json", run: targets::context_json::run },
    Target { name: "envelope", run: targets::envelope::run },
    Target { name: "formatter", run: targets::formatter::run },
    Target { name: "log_recovery", run: targets::log_recovery::run },
    Target { name: "pipeline", run: targets::pipeline::run },
    Target { name: "record", run: targets::record::run },
    Target { name: "vm_against_reference", run: targets::vm_against_reference::run },
    Target { name: "yaml_source", run: targets::yaml_source::run },
];

/// Most cases of a target, so that a plain run takes seconds.
const CASES_MAX: usize = 200;
/// Most bytes of all corpora together.
const BYTES_MAX: u64 = 3 << 20;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// The entries of a folder, in order of name.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn names(folder: &str) -> BTreeSet<String> {
    let stem = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    entries(&fuzz().join(folder)).iter().map(stem).collect()
}

/// Replays the corpora of some targets, a thread each.
fn replay(chosen: impl Fn(&str) -> bool) {
    std::thread::scope(|scope| {
        for target in TARGETS.iter().filter(|target| chosen(target.name)) {
            scope.spawn(move || {
                for path in entries(&fuzz().join("corpus").join(target.name)) {
                    let data = fs::read(&path).unwrap();
                    let ran = std::panic::catch_unwind(|| (target.run)(&data));
                    ran.unwrap_or_else(|_| panic!("{}", path.display()));
                }
            });
        }
    });
}

#[test]
fn every_case_still_holds() {
    replay(|_| true);
}

/// Versions change, and so does what sections hold: cases that all end at the first byte that is
/// not as it is today would show nothing.
#[test]
fn raw_bundles_get_past_their_header() {
    let (mut accepted, mut verified, mut opened) = (0, 0, 0);
    let cases = entries(&fuzz().join("corpus/bundle_raw"));
    for path in &cases {
        match targets::bundle_raw::fitted(&fs::read(path).unwrap()).1 {
            Ok(_) => accepted += 1,
            Err(ProgramError::Verify(_)) => verified += 1,
            Err(ProgramError::Load(LoadError::Malformed { .. })) => opened += 1,
            Err(ProgramError::Load(_)) => {}
        }
    }
    println!("{} cases: {accepted} run, {verified} {opened}", cases.len());
    assert!(accepted >= 10 && verified >= 10 && opened >= 10, "{accepted} {verified} {opened}");
}

#[test]
fn every_target_has_its_binary_and_its_corpus() {
    let known: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(names("fuzz_targets"), known, "fuzz/fuzz_targets");
    assert_eq!(names("corpus"), known, "fuzz/corpus");
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    let mut bytes = 0;
    for name in known {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is in no [[bin]]");
        let binary = fs::read_to_string(fuzz().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(binary.contains(&format!("policyc_fuzz::{name}(data)")), "{name}.rs runs another");
        let cases = entries(&fuzz().join("corpus").join(&name));
        assert!((10..=CASES_MAX).contains(&cases.len()), "{name}: {} cases", cases.len());
        bytes += cases.iter().map(|path| path.metadata().unwrap().len()).sum::<u64>();
    }
    assert!(bytes <= BYTES_MAX, "{bytes} bytes");
}

/// Any bytes at all, without a fuzzer: a target must hold for whatever it is given.
#[test]
fn targets_take_any_bytes() {
    use crate::support::generate::random::Random;

    for target in TARGETS {
        let mut random = Random::new(1);
        for round in 0..100 {
            let len = random.below(1 << (round % 9));
            let bytes: Vec<u8> = (0..len).map(|_| random.next() as u8).collect();
            let ran = std::panic::catch_unwind(|| (target.run)(&bytes));
            ran.unwrap_or_else(|_| panic!("{}: {bytes:?}", target.name));
        }
    }
}
