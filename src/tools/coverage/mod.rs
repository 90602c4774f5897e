//! What the cases of tests exercise of policies: rules, the atoms of their conditions, and atoms
//! that decide alone.
//!
//! In:      the test files of a project and its sources.
//! Out:     `Coverage`: for each rule how often it was asked, fired and won; for each atom how
//!          often it held and did not, and whether it decided alone; what would cover the rest.
//! Imports: `base`, `compiler::solve`, `diag`, `runtime::bundle`, `tools::inspect`,
//!          `tools::project`, `tools::suite`.
//! Source:  `docs/test.md`, section "Coverage".
//!
//! Every case is decided once, watched. What the index takes out of a condition, the tool or a text
//! compared with constants, is one atom: whether the rule is asked.

pub mod gaps;
mod watch;

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use crate::base::span::Span;
use crate::compiler::solve::input::Example;
use crate::diag::sink::Sink;
use crate::runtime::bundle::module::Phase;
use crate::tools::coverage::watch::{DecisionTrace, Subject, WatchedProgram};
use crate::tools::inspect::description::DescribedProgram;
use crate::tools::project::Settings;
use crate::tools::suite::TestFile;
use crate::tools::suite::choose::TestSources;
use crate::tools::suite::group::{Group, groups};

/// What the cases of a project exercise.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Cases that were decided.
    pub cases: usize,
    /// The rules and the entries of outputs, in order of the sources.
    pub rules: Vec<RuleCover>,
}

/// A rule, or an entry of `match` or `aggregate` of an output: it fires where it yields.
#[derive(Clone, Debug)]
pub struct RuleCover {
    /// The name of its document.
    pub policy: String,
    /// Its id; of an entry the output and its number.
    pub id: String,
    /// Where it stands.
    pub span: Span,
    /// Cases that ask it.
    pub asked: usize,
    /// Cases in which it fired, as a shadow too.
    pub fired: usize,
    /// Cases in which it failed.
    pub failed: usize,
    /// Cases that it decided.
    pub won: usize,
    /// The rules that won where it fired and did not.
    pub masked_by: BTreeSet<String>,
    /// The atoms of its condition, in the order of the language.
    pub atoms: Vec<AtomCover>,
    /// Where it never fired, whether it can.
    pub reach: Option<Reach>,
}

/// Whether a rule that never fired can.
#[derive(Clone, Debug)]
pub enum Reach {
    /// It fires on this input.
    Found(Example),
    /// It fires on none: proved.
    Impossible,
    /// It is not known.
    Open,
}

/// An atom of a condition.
#[derive(Clone, Debug)]
pub struct AtomCover {
    /// Where it stands; of what the index asks, the rule.
    pub span: Span,
    /// Whether it is what the index asks: the tools of `on`, or a text compared with constants.
    pub guard: bool,
    /// What it asks, where nobody wrote that: it stands for a declaration.
    pub asks: Option<String>,
    /// Cases in which it held, as it is written.
    pub yes: usize,
    /// Cases in which it did not.
    pub no: usize,
    /// Cases in which it failed.
    pub failed: usize,
    /// Whether two cases differ in it alone, and the rule comes out otherwise.
    pub alone: bool,
    /// Inputs that cover what is missing, by what that is.
    pub witnesses: BTreeMap<Goal, Example>,
}

/// What is to be covered of an atom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Goal {
    /// That it holds.
    Yes,
    /// That it does not.
    No,
    /// That it decides alone.
    Alone,
}

impl AtomCover {
    /// What is not covered of it. One that decides alone came out both ways.
    #[must_use]
    pub fn missing(&self) -> Vec<Goal> {
        match (self.yes > 0, self.no > 0) {
            (true, true) if self.alone => Vec::new(),
            (true, true) => vec![Goal::Alone],
            (true, false) => vec![Goal::No],
            (false, true) => vec![Goal::Yes],
            (false, false) => vec![Goal::Yes, Goal::No],
        }
    }

    /// How many of both ways it came out.
    #[must_use]
    pub const fn ways(&self) -> usize {
        (self.yes > 0) as usize + (self.no > 0) as usize
    }
}

/// How much there is of something, and how much of it is covered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Covered.
    pub covered: usize,
    /// All.
    pub all: usize,
}

/// The three measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shares {
    /// Rules that fired.
    pub rules: Share,
    /// Ways of atoms, two each.
    pub atoms: Share,
    /// Atoms that decided alone: MC/DC.
    pub alone: Share,
}

impl Shares {
    /// Of these rules.
    #[must_use]
    pub fn of<'r>(rules: impl IntoIterator<Item = &'r RuleCover>) -> Self {
        let mut shares = Self::default();
        for rule in rules {
            shares.rules.all += 1;
            shares.rules.covered += usize::from(rule.fired > 0);
            for atom in &rule.atoms {
                shares.atoms.all += 2;
                shares.atoms.covered += atom.ways();
                shares.alone.all += 1;
                shares.alone.covered += usize::from(atom.alone);
            }
        }
        shares
    }
}

/// What the cases of `tests` exercise, those that fail too. With `whole`, rules of policies that no
/// test is about count as rules that no case asks.
pub fn measure(
    tests: &[TestFile],
    whole: bool,
    sources: &TestSources<'_>,
    settings: &Settings,
    sink: &mut Sink,
) -> Coverage {
    let mut found = groups(tests, sources, settings, sink);
    if whole {
        found.add_untested(sources, settings, sink);
    }
    let mut coverage = Coverage::default();
    let mut known: FxHashMap<(Span, String), usize> = FxHashMap::default();
    for group in &found.groups {
        coverage.cases += group.cases.len();
        let watch = WatchedProgram::of(&group.program);
        let seen: Vec<DecisionTrace> = group.cases.iter().map(|ready| watch.ready(ready)).collect();
        let mut own = rules(group, &watch, &seen);
        gaps::fill(group, &watch, &seen, &mut own);
        for (_, rule) in own {
            let next = coverage.rules.len();
            let at = *known.entry((rule.span, rule.id.clone())).or_insert(next);
            match coverage.rules.get_mut(at) {
                Some(known) => known.add(rule),
                None => coverage.rules.push(rule),
            }
        }
    }
    coverage.rules.sort_by_key(|rule| rule.span);
    coverage
}

/// The rules of a group, then the entries of its outputs, each with its number.
fn rules(
    group: &Group<'_>,
    watch: &WatchedProgram<'_>,
    seen: &[DecisionTrace],
) -> Vec<(u16, RuleCover)> {
    let worded = DescribedProgram::of(&group.program);
    let rules = &group.program.module().rules;
    let is_asked = |at: u16| {
        let rule = rules.get(usize::from(at));
        rule.is_none_or(|rule| rule.phase == Phase::Request)
    };
    let subjects = (0_u16..).zip(&watch.subjects).filter(|(at, _)| is_asked(*at));
    let told = |(at, own)| (at, rule(group, (watch, seen), &worded, (at, own)));
    subjects.map(told).collect()
}

fn rule(
    group: &Group<'_>,
    (watch, seen): (&WatchedProgram<'_>, &[DecisionTrace]),
    worded: &DescribedProgram<'_>,
    (at, own): (u16, &Subject),
) -> RuleCover {
    let count =
        |holds: &dyn Fn(&DecisionTrace) -> bool| seen.iter().filter(|seen| holds(seen)).count();
    let fired = |seen: &DecisionTrace| seen.fired.contains_key(&at);
    let won = |seen: &DecisionTrace| match own.entry {
        Some(_) => fired(seen),
        None => seen.winner.as_ref() == Some(&own.id),
    };
    let masks = |seen: &&DecisionTrace| fired(seen) && !won(seen);
    let vectors = watch.vectors(seen, at);
    let atom = |(number, atom): (usize, &watch::Atom)| {
        let turned = worded.is_turned(atom.number);
        let asks = worded.generated_at(atom.number, atom.place).map(str::to_owned);
        let ways = |wanted| count(&|seen: &DecisionTrace| seen.value(at, *atom) == wanted);
        let (held, not) = (ways(watch::AtomState::True), ways(watch::AtomState::False));
        AtomCover {
            // The tools of `on` have no place of their own.
            span: group.span(if atom.guard { own.place } else { atom.place }),
            guard: atom.guard,
            asks: asks.filter(|_| !atom.guard),
            yes: if turned { not } else { held },
            no: if turned { held } else { not },
            failed: ways(watch::AtomState::Error),
            alone: watch::alone(&vectors, number),
            witnesses: BTreeMap::new(),
        }
    };
    RuleCover {
        policy: own.policy.clone(),
        span: group.span(own.place),
        asked: count(&|seen| seen.asks(at)),
        fired: count(&fired),
        failed: count(&|seen| seen.failed.contains(&at)),
        won: count(&won),
        masked_by: seen.iter().filter(masks).filter_map(|seen| seen.winner.clone()).collect(),
        atoms: own.atoms.iter().enumerate().map(atom).collect(),
        reach: None,
        id: own.id.clone(),
    }
}

impl RuleCover {
    /// Adds what other cases exercise of the same rule.
    fn add(&mut self, other: Self) {
        self.asked += other.asked;
        self.fired += other.fired;
        self.failed += other.failed;
        self.won += other.won;
        self.masked_by.extend(other.masked_by);
        if self.fired > 0 {
            self.reach = None;
        }
        for (own, other) in self.atoms.iter_mut().zip(other.atoms) {
            own.yes += other.yes;
            own.no += other.no;
            own.failed += other.failed;
            own.alone |= other.alone;
            let missing = own.missing();
            own.witnesses.extend(other.witnesses);
            own.witnesses.retain(|goal, _| missing.contains(goal));
        }
    }
}
