//! A peer against the program and the reference, which agree.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::thread;

use regex::Regex;
use serde_json::json;

use super::known::{Known, Lack, recognised};
use super::{Answer, Peer};
use crate::cases::{Case, DIFFERENCES_MAX, Family, seeds, share};
use crate::ours::{Fault, Ours, Said};

/// A rule is too wide if it fits more than so many cases that agree for each that differs,
const BESIDE_MAX: usize = 3;
/// and more than so many where few were tried.
const BESIDE_LEAST: usize = 20;

/// How often a peer is asked about an expression that may differ. Of two keys it takes the other
/// one first in all of them once in 65 536 times.
const ASKED: usize = 16;

/// Rules are about the least expressions; what agrees is held against them up to this length.
const LEAST_BYTES: usize = 80;

/// What came of cases.
#[derive(Default)]
struct Tally {
    cases: usize,
    /// Both say the same value.
    values: usize,
    /// Both fail.
    failures: usize,
    /// We refuse to compile it; the peer was not asked.
    refused: usize,
    /// Differences that are known, by name.
    known: BTreeMap<&'static str, usize>,
    /// All others, by the form of the least expressions that show them.
    unknown: BTreeMap<String, Unknown>,
    /// How often the rules of known differences fit what does not differ.
    beside: BTreeMap<&'static str, usize>,
}

/// A difference that no rule recognises.
struct Unknown {
    count: usize,
    /// The first found: its seed, the least expression, and what both say of it.
    example: String,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.cases += other.cases;
        self.values += other.values;
        self.failures += other.failures;
        self.refused += other.refused;
        for (name, count) in other.known {
            *self.known.entry(name).or_default() += count;
        }
        for (form, found) in other.unknown {
            self.unknown.entry(form).and_modify(|it| it.count += found.count).or_insert(found);
        }
        for (name, count) in other.beside {
            *self.beside.entry(name).or_default() += count;
        }
    }
}

/// What we say; nothing where we refuse it.
pub(crate) fn ours(expression: &str) -> Option<Said> {
    match Ours::of(expression) {
        // Nothing is read: the values of variables stand in the expression.
        Ok(ours) => {
            Some(ours.agreed(&json!({})).unwrap_or_else(|why| panic!("{expression}: {why}")))
        }
        Err(Fault::Refused(_)) => None,
        Err(Fault::Broken(why)) => panic!("{expression}: {why}"),
    }
}

/// What we say and what the peer says, where they differ.
///
/// A peer whose maps have a new order each time says now this, now that: it is asked repeatedly,
/// so that its differences can be made smaller, and found again.
pub(crate) fn differ(peer: &mut Peer, expression: &str) -> Option<(Said, Answer)> {
    let ours = ours(expression)?;
    let theirs = (0..ASKED).map(|_| peer.ask(expression)).find(|theirs| !theirs.is(&ours))?;
    Some((ours, theirs))
}

/// An expression without what its literals say, so that differences of one form are told once.
fn form(expression: &str) -> String {
    let literals = Regex::new(r"'[^']*'|\b\d[\w.]*").unwrap();
    literals.replace_all(expression, "_").into_owned()
}

fn run(seeds: Range<u64>, family: &Family, peer: Peer, known: &[Known]) -> Tally {
    let peer = RefCell::new(peer);
    let mut tally = Tally::default();
    for seed in seeds {
        if tally.unknown.len() == DIFFERENCES_MAX {
            break;
        }
        tally.cases += 1;
        let case = Case::of(seed, family).closed();
        let expression = case.expression.text();
        let Some(ours) = ours(&expression) else {
            tally.refused += 1;
            continue;
        };
        let theirs = peer.borrow_mut().ask(&expression);
        if theirs.is(&ours) {
            if ours.is_ok() {
                tally.values += 1
            } else {
                tally.failures += 1
            }
            // As short as the least expressions are.
            if expression.len() <= LEAST_BYTES
                && let Some(it) = recognised(known, &expression)
            {
                *tally.beside.entry(it.name).or_default() += 1;
            }
            continue;
        }
        let (least, why) = case.least(|it| match differ(&mut peer.borrow_mut(), it) {
            None => Ok(()),
            Some((ours, theirs)) => Err(format!("ours:   {ours:?}\ntheirs: {theirs:?}")),
        });
        match recognised(known, &least) {
            Some(it) => *tally.known.entry(it.name).or_default() += 1,
            None => {
                let found = tally.unknown.entry(form(&least));
                let example = || format!("seed {seed}: {least}\n{why}");
                found.or_insert_with(|| Unknown { count: 0, example: example() }).count += 1;
            }
        }
    }
    tally
}

/// Every difference of a list must be there still, and be recognised by its own rule; what a peer
/// lacks, it must lack still.
pub(crate) fn assert_there(mut peer: Peer, known: &[Known], lacks: &[Lack]) {
    let mut wrong = Vec::new();
    for it in known {
        assert!(!it.reason.is_empty(), "{} has no reason", it.name);
        for witness in it.witnesses {
            if differ(&mut peer, witness).is_none() {
                wrong.push(format!("{}: no longer a difference: {witness}", it.name));
            }
            if recognised(known, witness).is_none_or(|found| found.name != it.name) {
                wrong.push(format!("{}: not recognised: {witness}", it.name));
            }
        }
    }
    for (part, witness) in lacks {
        if !witness.contains(part) || differ(&mut peer, witness).is_none() {
            wrong.push(format!("`{part}` is no longer lacking: {witness}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Tries cases on a peer; every difference must be known, and no rule may be too wide.
pub(crate) fn compare(
    default: u64,
    family: &Family,
    peer: impl Fn() -> Peer + Sync,
    known: &[Known],
) {
    let mut tally = Tally::default();
    thread::scope(|scope| {
        let start = |part| scope.spawn(|| run(part, family, peer(), known));
        let runs: Vec<_> = seeds(default).into_iter().map(start).collect();
        for run in runs {
            match run.join() {
                Ok(part) => tally.add(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    let counted: usize = tally.known.values().sum();
    println!(
        "{} cases: {} are one value, {} fail for both, {} differ as listed, {} are not compiled\n\
         listed: {:?}",
        tally.cases,
        share(tally.values, tally.cases),
        share(tally.failures, tally.cases),
        share(counted, tally.cases),
        share(tally.refused, tally.cases),
        tally.known,
    );
    println!("rules that fit what agrees: {:?}", tally.beside);
    let mut wrong: Vec<String> = Vec::new();
    for Unknown { count, example } in tally.unknown.values() {
        wrong.push(format!("not listed, {count} times of this form, first {example}"));
    }
    let count = |name: &str| tally.known.get(name).copied().unwrap_or_default();
    for (name, beside) in &tally.beside {
        if *beside > BESIDE_MAX * count(name) + BESIDE_LEAST {
            wrong.push(format!("`{name}` also matches {beside} cases that agree"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tally.values * 2 > tally.cases, "cases that nearly all fail prove little");
}
