//! Which decisions change: a condition that tells them from all others.
//!
//! In:      the sorts of decisions, and the bundles whose atoms they speak of.
//! Out:     `Condition`: literals over atoms, in words, with how well they tell.
//! Imports: `runtime`, `compiler::syntax`, `tools::replay`.
//!
//! A literal is an atom that came out alike in all of the decisions, or the key that they share.
//! Those are taken, one after the other, that tell most of the others away. An atom that was not
//! evaluated in one of the others tells nothing of it.

use std::collections::BTreeSet;

use crate::runtime::bundle::debug::{self, Debug, Place};
use crate::runtime::bundle::module::SlotRow;
use crate::runtime::program::Program;
use crate::runtime::vm::observe::Known;
use crate::tools::inspect::reads::dotted;
use crate::tools::replay::impact::{Impact, Sort, Way};
use crate::tools::replay::words::{Literal, conjunction};

/// Most keys that a condition names.
const KEYS_MAX: usize = 4;
/// Most literals of a condition.
const LITERALS_MAX: usize = 6;

/// A condition on records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// As a policy would write it; empty where nothing is known.
    pub text: String,
    /// Records that change in the way.
    pub members: u64,
    /// Records that the condition fits and that do not change in the way.
    pub others: u64,
}

/// A test of a sort: a literal that is not in words yet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Test {
    /// The key is one of those of the members.
    Key,
    /// An atom of the candidate came out so.
    After(u16, bool),
    /// An atom of the bundle before came out so.
    Before(u16, bool),
    /// A rule of the candidate fired, or did not.
    Fires(u16, bool),
}

/// The condition under which decisions change in a way. `from` is the bundle that decided before,
/// where that is one.
#[must_use]
pub fn condition(impact: &Impact, way: &Way, from: Option<&Program>, to: &Program) -> Condition {
    let atoms = |program: &'_ Program| debug::of(program.module());
    let (before, after) = (from.map(atoms), atoms(to));
    let sorts: Vec<(&Sort, u64)> =
        impact.sorts.rows().map(|(sort, count)| (sort, count.records)).collect();
    let is_member = |sort: &Sort| sort.way.as_ref() == Some(way);
    let members: Vec<&Sort> =
        sorts.iter().filter(|(sort, _)| is_member(sort)).map(|(sort, _)| *sort).collect();
    let Some(first) = members.first() else { return Condition::default() };
    let same = from.filter(|from| members.iter().all(|sort| sort.from == from.digest()));
    let keys: BTreeSet<Option<&str>> = members.iter().map(|sort| sort.key.as_deref()).collect();
    let mut tests = candidates(first, same.is_some(), (before.as_ref(), &after));
    let rules = 0..u16::try_from(to.module().rules.len()).unwrap_or(u16::MAX);
    // Atoms say more than whole rules, so they go first.
    tests.extend(rules.map(|rule| Test::Fires(rule, first.fired.contains(&rule))));
    tests.retain(|test| members.iter().all(|sort| holds(sort, *test, &keys) == Some(true)));
    if keys.len() <= KEYS_MAX && !keys.contains(&None) {
        tests.insert(0, Test::Key);
    }
    let mut left: Vec<(&Sort, u64)> =
        sorts.iter().filter(|(sort, _)| !is_member(sort)).copied().collect();
    let mut taken = Vec::new();
    while taken.len() < LITERALS_MAX && !left.is_empty() {
        let told = |test: &Test| -> u64 {
            let away = left.iter().filter(|(sort, _)| holds(sort, *test, &keys) == Some(false));
            away.map(|(_, records)| *records).sum()
        };
        // Of those that tell as much the first is taken.
        let best = tests.iter().rev().max_by_key(|test| told(test)).copied();
        let Some(best) = best.filter(|best| told(best) > 0) else { break };
        left.retain(|(sort, _)| holds(sort, best, &keys) != Some(false));
        tests.retain(|test| *test != best);
        taken.push(best);
    }
    let of_members = sorts.iter().filter(|(sort, _)| is_member(sort)).map(|(_, records)| records);
    let words =
        Words { key: key_path(to), keys: &keys, before: before.as_ref(), after: &after, to };
    taken.sort_unstable();
    let literals: Vec<Literal> = taken.iter().filter_map(|test| words.literal(*test)).collect();
    Condition {
        text: conjunction(&literals),
        members: of_members.sum(),
        others: left.iter().map(|(_, records)| *records).sum(),
    }
}

/// Every test that the first member passes.
fn candidates(first: &Sort, same: bool, (before, after): (Option<&Debug>, &Debug)) -> Vec<Test> {
    let of = |bits: &[u8], atoms: usize, make: fn(u16, bool) -> Test| -> Vec<Test> {
        let atoms = 0..u16::try_from(atoms).unwrap_or(u16::MAX);
        atoms.filter_map(|atom| Some(make(atom, truth(Known::of(bits, atom))?))).collect()
    };
    let mut tests = of(&first.after, after.atoms.len(), Test::After);
    if let Some(before) = before.filter(|_| same) {
        tests.extend(of(&first.before, before.atoms.len(), Test::Before));
    }
    tests
}

const fn truth(known: Known) -> Option<bool> {
    match known {
        Known::True => Some(true),
        Known::False => Some(false),
        Known::Unseen | Known::Error => None,
    }
}

/// Whether a sort passes a test; `None` where that is not known.
fn holds(sort: &Sort, test: Test, keys: &BTreeSet<Option<&str>>) -> Option<bool> {
    let of = |bits: &[u8], atom, wanted| truth(Known::of(bits, atom)).map(|found| found == wanted);
    match test {
        Test::Key => Some(keys.contains(&sort.key.as_deref())),
        Test::After(atom, wanted) => of(&sort.after, atom, wanted),
        Test::Before(atom, wanted) => of(&sort.before, atom, wanted),
        Test::Fires(rule, wanted) => Some(sort.fired.contains(&rule) == wanted),
    }
}

/// The key of requests as CEL writes it.
fn key_path(program: &Program) -> String {
    let module = program.module();
    match module.slots.get(usize::from(module.index.key_slot)) {
        Some(SlotRow::Value(node)) => dotted(module, *node),
        Some(SlotRow::Presence(_) | SlotRow::Now) | None => String::new(),
    }
}

/// What tests need to be put in words.
struct Words<'a> {
    key: String,
    keys: &'a BTreeSet<Option<&'a str>>,
    before: Option<&'a Debug>,
    after: &'a Debug,
    to: &'a Program,
}

impl Words<'_> {
    fn literal(&self, test: Test) -> Option<Literal> {
        let of = |debug: &Debug, place: &Place, holds| {
            let (_, source) = debug.sources.get(place.source as usize)?;
            let own = source.get(place.start as usize..place.end as usize)?.to_owned();
            Some(Literal { text: own, holds })
        };
        match test {
            Test::Key => {
                let quoted = self.keys.iter().flatten().map(|key| format!("{key:?}"));
                let quoted: Vec<String> = quoted.collect();
                let said = match quoted.as_slice() {
                    [one] => format!("{} == {one}", self.key),
                    several => format!("{} in [{}]", self.key, several.join(", ")),
                };
                Some(Literal { text: said, holds: true })
            }
            Test::After(atom, holds) => {
                of(self.after, self.after.atoms.get(usize::from(atom))?, holds)
            }
            Test::Before(atom, holds) => {
                let before = self.before?;
                of(before, before.atoms.get(usize::from(atom))?, holds)
            }
            Test::Fires(rule, holds) => {
                let function = self.to.module().rules.get(usize::from(rule))?.function;
                let (_, place) = self.after.functions.get(usize::from(function))?;
                of(self.after, place, holds)
            }
        }
    }
}
