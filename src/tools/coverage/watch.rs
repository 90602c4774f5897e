//! A case, watched: which rules it asks, which fire, how atoms come out.
//!
//! In:      a program, inputs.
//! Out:     `DecisionTrace` for each; the atoms of rules.
//! Imports: `compiler::solve`, `lang`, `runtime::bundle`, `runtime::program`, `runtime::vm`,
//!          `tools::standalone`, `tools::suite`.

use std::collections::{BTreeMap, BTreeSet};

pub(super) use crate::runtime::vm::observe::AtomState;

use crate::compiler::solve::input::Example;
use crate::lang::glob;
use crate::runtime::bundle::debug::{self, Place, RuleAtom};
use crate::runtime::bundle::module::Module;
use crate::runtime::program::Program;
use crate::runtime::program::dispatch::ProgramItem;
use crate::runtime::vm::observe::Witness;
use crate::runtime::vm::request::{Filled, Moment};
use crate::runtime::vm::scratch::Scratch;
use crate::tools::standalone::ContextDecider;
use crate::tools::suite::prepared::{PreparedCase, Runner};

/// Most different cases of one rule that are compared with each other.
const VECTORS_MAX: usize = 512;

/// What was seen of one decision.
#[derive(Clone, Debug, Default)]
pub(super) struct DecisionTrace {
    bits: Vec<u8>,
    /// By rule; none where the input was refused.
    asked: Vec<bool>,
    /// Rules that fired, with the outcome.
    pub(super) fired: BTreeMap<u16, u16>,
    /// Rules that failed.
    pub(super) failed: BTreeSet<u16>,
    /// The id of the rule that won.
    pub(super) winner: Option<String>,
}

impl DecisionTrace {
    pub(super) fn asks(&self, rule: u16) -> bool {
        self.asked.get(usize::from(rule)).copied().unwrap_or(false)
    }

    /// How an atom of a rule came out, as its normal form has it.
    pub(super) fn value(&self, rule: u16, atom: Atom) -> AtomState {
        if self.asked.is_empty() {
            return AtomState::Unseen;
        }
        match (atom.guard, self.asks(rule)) {
            (true, true) => AtomState::True,
            (true, false) => AtomState::False,
            (false, true) => AtomState::of(&self.bits, atom.number),
            // Another rule may have asked it.
            (false, false) => AtomState::Unseen,
        }
    }
}

/// An atom of a rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Atom {
    /// Its number.
    pub(super) number: u16,
    /// Whether the index asks it.
    pub(super) guard: bool,
    /// Where the rule says it.
    pub(super) place: Place,
}

/// How the atoms of a rule came out, and the rule.
pub(super) type Vector = (Vec<AtomState>, Outcome);

/// How a rule came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// It did not speak.
    Silent,
    /// It fired with this outcome.
    Fired(u16),
    /// It failed.
    Failed,
}

/// A program that is watched.
#[derive(Debug)]
pub(super) struct WatchedProgram<'p> {
    program: &'p Program,
    /// What decides about examples.
    alone: ContextDecider<'p>,
    /// What decides about cases.
    runner: Runner<'p>,
    /// By rule.
    atoms: Vec<Vec<Atom>>,
}

impl<'p> WatchedProgram<'p> {
    pub(super) fn of(program: &'p Program) -> Self {
        let debug = debug::of(program.module());
        let atoms = debug.rules.iter().map(|own| atoms(&own.atoms)).collect();
        let (alone, runner) = (ContextDecider::of(program), Runner::of(program));
        Self { program, alone, runner, atoms }
    }

    pub(super) fn atoms(&self, rule: u16) -> &[Atom] {
        self.atoms.get(usize::from(rule)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn ready(&self, ready: &PreparedCase<'_>) -> DecisionTrace {
        let mut scratch = Scratch::for_program(self.program);
        let input = ready.input(&self.runner);
        self.see(ready.fill(self.program, &input, &mut scratch), &ready.moment(&input))
    }

    pub(super) fn example(&self, example: &Example, scratch: &mut Scratch) -> DecisionTrace {
        let Ok(taken) = self.alone.take(example) else { return DecisionTrace::default() };
        let filled = self.alone.fill(&taken, scratch);
        self.see(filled, &Moment::at(example.now.0, example.now.1))
    }

    fn see(&self, mut filled: Filled<'_>, moment: &Moment<'_>) -> DecisionTrace {
        let module = self.program.module();
        let mut bits = Witness::new(module.manifest.atoms);
        let decision = filled.decide_observed(moment, &mut bits);
        let failures = decision.failures();
        let rule =
            |by: &ProgramItem| if let ProgramItem::Rule(rule) = by { Some(*rule) } else { None };
        let failed: BTreeSet<u16> = failures.iter().filter_map(|it| rule(&it.by)).collect();
        let refused = decision.input_error().is_some();
        let mut key = None;
        decision.key_into(&mut key);
        let asked = if refused { Vec::new() } else { rules_asked(module, key.as_deref()) };
        let fired = decision.fired().iter().chain(decision.shadow());
        DecisionTrace {
            asked,
            fired: fired.map(|fired| (fired.rule, fired.outcome)).collect(),
            failed,
            winner: decision.rule().map(str::to_owned),
            bits: bits.bits().to_vec(),
        }
    }

    pub(super) fn vector(&self, seen: &DecisionTrace, rule: u16) -> Vector {
        let value = |atom: &Atom| seen.value(rule, *atom);
        let outcome = match seen.fired.get(&rule) {
            Some(outcome) => Outcome::Fired(*outcome),
            None if seen.failed.contains(&rule) => Outcome::Failed,
            None => Outcome::Silent,
        };
        (self.atoms(rule).iter().map(value).collect(), outcome)
    }

    /// The different ways in which a rule and its atoms came out.
    pub(super) fn vectors(&self, seen: &[DecisionTrace], rule: u16) -> Vec<Vector> {
        let own = seen.iter().filter(|seen| !seen.asked.is_empty());
        let all: BTreeSet<Vector> = own.map(|seen| self.vector(seen, rule)).collect();
        all.into_iter().take(VECTORS_MAX).collect()
    }
}

/// Whether two cases differ in this atom alone, and the rule comes out otherwise. What is not
/// evaluated in one of both does not tell them apart.
pub(super) fn alone(vectors: &[Vector], atom: usize) -> bool {
    vectors
        .iter()
        .enumerate()
        .any(|(at, one)| vectors.iter().skip(at + 1).any(|other| apart_in(one, other, atom)))
}

/// Whether two differ in this atom alone, and in the outcome.
pub(super) fn apart_in((a, outcome): &Vector, (b, other): &Vector, atom: usize) -> bool {
    let known = |value: &AtomState| matches!(value, AtomState::True | AtomState::False);
    let differs = |at: usize| match (a.get(at), b.get(at)) {
        (Some(a), Some(b)) => *a != AtomState::Unseen && *b != AtomState::Unseen && a != b,
        (_, _) => false,
    };
    outcome != other
        && differs(atom)
        && a.get(atom).is_some_and(known)
        && b.get(atom).is_some_and(known)
        && (0..a.len()).all(|at| at == atom || !differs(at))
}

/// The atoms of a rule. Those that the index asks are one.
fn atoms(all: &[RuleAtom]) -> Vec<Atom> {
    let mut atoms: Vec<Atom> = Vec::new();
    for RuleAtom { atom: number, place, guard, .. } in all.iter().copied() {
        if !guard || !atoms.iter().any(|atom| atom.guard) {
            atoms.push(Atom { number, guard, place });
        }
    }
    atoms
}

/// The rules that a key asks.
fn rules_asked(module: &Module, key: Option<&str>) -> Vec<bool> {
    let index = &module.index;
    let mut asked = vec![false; module.rules.len()];
    let text = |at: u32| module.strings.get(at as usize).unwrap_or_default();
    let mut lists: Vec<&[u16]> = vec![&index.always];
    match key.map(|key| (key, index.keys.iter().find(|(name, _)| text(*name) == key))) {
        None => {}
        Some((_, Some((_, rules)))) => lists.push(rules),
        Some((key, None)) => {
            let prefixes = index.prefixes.iter().filter(|(it, _)| key.starts_with(text(*it)));
            let patterns = index.patterns.iter().filter(|(it, _)| glob::matches(text(*it), key));
            lists.extend(prefixes.chain(patterns).map(|(_, rules)| rules.as_slice()));
        }
    }
    for rule in lists.into_iter().flatten() {
        if let Some(place) = asked.get_mut(usize::from(*rule)) {
            *place = true;
        }
    }
    asked
}
