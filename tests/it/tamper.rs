//! Bundles in the hands of an enemy: bits flipped, files cut, and contents changed under digests
//! that were made to fit.
//!
//! Everything is deterministic. A plain run samples; two variables make it long, as the page
//! `docs/assurance.md` tells: `TAMPER_STRIDE` is the distance of the bits that are flipped (1: all
//! of them), `TAMPER_ROUNDS` the number of changed contents for each example.

use std::fs;

use policyc::runtime::bundle::layout::HEADER_BYTES;
use policyc::runtime::program::Program;

use crate::support::accepted::runs;
use crate::support::change::{bytes_changed, content_changed};
use crate::support::examples::{Example, examples};
use crate::support::generate::random::Random;
use crate::support::run::{Folder, policyc};
use crate::support::seal::{body, entries, reseal, said};

/// Distance of flipped bits in a plain run: a prime, so that all bits of a byte have their turn.
const STRIDE: usize = 211;
/// Changed contents of each example in a plain run.
const ROUNDS: usize = 300;
/// Most memory of a long run, in KiB: one program, its scratch, and what tools print.
const MEMORY_KIB_MAX: u64 = 512 << 10;

pub(crate) fn number(variable: &str) -> Option<usize> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn flipped_bits_and_cuts_are_refused() {
    let stride = number("TAMPER_STRIDE").unwrap_or(STRIDE);
    let mut tried = 0_u64;
    for (nth, Example { name, bundle, .. }) in examples().into_iter().enumerate() {
        let mut bytes = bundle.clone();
        for bit in (nth % stride..bytes.len() * 8).step_by(stride) {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(
                Program::load_unsigned(&bytes).is_err(),
                "{name}: byte {}, bit {}",
                bit / 8,
                bit % 8
            );
            bytes[bit / 8] ^= 1 << (bit % 8);
            tried += 1;
        }
        for len in 0..bundle.len() {
            assert!(Program::load_unsigned(&bundle[..len]).is_err(), "{name}: cut at {len}");
            tried += 1;
        }
        assert!(Program::load_unsigned(&bundle).is_ok(), "{name}: as it was");
    }
    println!("{tried} changed bundles were refused");
}

#[test]
fn insertions_and_swaps_are_refused() {
    let stride = number("TAMPER_STRIDE").unwrap_or(STRIDE);
    let mut tried = 0_u64;
    for (nth, Example { name, bundle, .. }) in examples().into_iter().enumerate() {
        for at in (nth % stride..=bundle.len()).step_by(stride) {
            for byte in [0, 0xFF, bundle[at.min(bundle.len() - 1)]] {
                let bytes = [&bundle[..at], &[byte], &bundle[at..]].concat();
                assert!(Program::load_unsigned(&bytes).is_err(), "{name}: {byte} put in at {at}");
                tried += 1;
            }
        }
        for bytes in sections_swapped_all(&bundle).into_iter().filter(|bytes| *bytes != bundle) {
            assert!(Program::load_unsigned(&bytes).is_err(), "{name}: sections swapped");
            tried += 1;
        }
    }
    println!("{tried} changed bundles were refused");
}

/// The bundle with each two sections swapped, with their digests where those are, and with the
/// digests in new places.
pub(crate) fn sections_swapped_all(bundle: &[u8]) -> Vec<Vec<u8>> {
    let (entries, mut all): (Vec<usize>, Vec<_>) = (entries(bundle).collect(), Vec::new());
    for (first, a) in entries.iter().enumerate() {
        for b in &entries[first + 1..] {
            let mut bytes = sections_swapped(bundle, *a, *b);
            all.push(bytes.clone());
            reseal(&mut bytes);
            all.push(bytes);
        }
    }
    all
}

/// The bundle with the contents of two sections in each other's place; `a` and `b` are their
/// entries in the table, `a` the first.
fn sections_swapped(bundle: &[u8], a: usize, b: usize) -> Vec<u8> {
    let content = |entry: usize| {
        let (offset, len) = said(bundle, entry);
        (offset, &bundle[offset..offset + len])
    };
    let ((first, one), (second, other)) = (content(a), content(b));
    let mut bytes = bundle.to_vec();
    let all = first..second + other.len();
    let between = &bundle[first + one.len()..second];
    let moved = [other, between, one].concat();
    bytes[all].copy_from_slice(&moved);
    bytes
}

#[test]
fn commands_tell_damage_from_shape() {
    let folder = Folder::new("tamper");
    for Example { name, bundle, contexts } in examples() {
        let body = body(&bundle);
        folder.add("context.json", &contexts[0]);
        let run = |at: usize, what: &str| {
            let mut bytes = bundle.clone();
            bytes[at] ^= 0x10;
            folder.add("changed.plcb", &bytes);
            for line in ["inspect changed.plcb", "eval changed.plcb -c context.json"] {
                let output = policyc(folder.path()).args(line.split(' ')).output().unwrap();
                let wanted = if what == "shape" { 2 } else { 4 };
                let said = String::from_utf8_lossy(&output.stderr);
                assert_eq!(output.status.code(), Some(wanted), "{name}: byte {at}: {said}");
                assert!(output.stdout.is_empty(), "{name}: byte {at} shows something");
            }
        };
        // Magic, version, flags, length, counts; then what digests cover.
        [0, 8, 12, 16, 24, 28].into_iter().for_each(|at| run(at, "shape"));
        [32, 63, HEADER_BYTES + 8, HEADER_BYTES + 24].into_iter().for_each(|at| run(at, "digest"));
        // The first section, and bytes of those behind it, none of them padding.
        let first = u64::from_le_bytes(bundle[HEADER_BYTES + 16..][..8].try_into().unwrap());
        run(body + usize::try_from(first).unwrap() / 2, "digest");
        run(body, "digest");
    }
}

/// The most memory that this process ever had, in KiB, where the system tells.
fn memory_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[test]
fn changed_content_under_good_digests_is_refused_or_runs() {
    let long = number("TAMPER_ROUNDS");
    let (mut tried, mut accepted) = (0_u64, 0_u64);
    for (nth, Example { name, bundle, contexts }) in (1_u64..).zip(examples()) {
        let mut random = Random::new(nth);
        for round in 0..long.unwrap_or(ROUNDS) {
            let changed = if round % 2 == 0 {
                Some(bytes_changed(&bundle, &mut random))
            } else {
                content_changed(&bundle, &mut random)
            };
            let Some(bytes) = changed else { continue };
            tried += 1;
            let loaded = std::panic::catch_unwind(|| {
                if let Ok(program) = Program::load_unsigned_whole(&bytes) {
                    runs(&bytes, &program, &contexts);
                    return true;
                }
                false
            });
            accepted += u64::from(loaded.unwrap_or_else(|_| panic!("{name}: round {round}")));
        }
    }
    println!("{tried} changed bundles, {accepted} of them accepted and run");
    assert!(accepted > tried / 50, "{accepted} of {tried}: too few say something");
    if let (Some(_), Some(memory)) = (long, memory_kib()) {
        println!("{memory} KiB of memory at most");
        assert!(memory < MEMORY_KIB_MAX, "{memory} KiB");
    }
}
