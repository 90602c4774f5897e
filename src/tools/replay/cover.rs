//! What recorded decisions exercise of a bundle.
//!
//! In:      records, the bundle that made them.
//! Out:     `Coverage`: how often rules fired and how atoms came out; of rules that never fired
//!          whether they can.
//! Imports: `compiler::solve`, `runtime::bundle`, `runtime::program`, `runtime::record`,
//!          `runtime::vm`, `tools::diff`, `tools::trial`.
//!
//! Nothing is decided again: records say which rules fired, and their witnesses how atoms came out.

use std::collections::{BTreeMap, BTreeSet};

use crate::compiler::solve::input::Example;
use crate::compiler::solve::query::{Answer, Query, QuerySolver};
use crate::compiler::solve::rules::{PHASES, meaning};
use crate::compiler::solve::store::Store as Facts;
use crate::runtime::bundle::debug;
use crate::runtime::program::Program;
use crate::runtime::record::read::Record;
use crate::runtime::vm::observe::AtomState;
use crate::tools::diff::search::{self, Search};
use crate::tools::replay::filter::Filter;
use crate::tools::replay::store::Digest;
use crate::tools::replay::stream::Chunk;
use crate::tools::trial::Trial;

/// How often an atom came out which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AtomCounts {
    /// It held.
    pub yes: u64,
    /// It did not.
    pub no: u64,
    /// It failed.
    pub failed: u64,
}

/// What records exercise of one bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BundleExercise {
    /// Records.
    pub records: u64,
    /// Those of them that say of no atom how it came out.
    pub unwitnessed: u64,
    /// How often each rule fired, by id.
    pub rules: BTreeMap<String, u64>,
    /// How often no rule won.
    pub default: u64,
    /// By the numbers of atoms.
    pub atoms: Vec<AtomCounts>,
}

/// What records exercise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// By bundle; nothing for records that name none.
    pub bundles: BTreeMap<Option<Digest>, BundleExercise>,
    /// Lines that are no records, or do not say what was decided.
    pub passed_over: u64,
}

impl Coverage {
    /// Adds what other records exercise.
    pub fn add(&mut self, other: Self) {
        self.passed_over += other.passed_over;
        for (digest, other) in other.bundles {
            let own = self.bundles.entry(digest).or_default();
            own.records += other.records;
            own.unwitnessed += other.unwitnessed;
            own.default += other.default;
            for (rule, count) in other.rules {
                *own.rules.entry(rule).or_default() += count;
            }
            if own.atoms.len() < other.atoms.len() {
                own.atoms.resize(other.atoms.len(), AtomCounts::default());
            }
            for (own, other) in own.atoms.iter_mut().zip(other.atoms) {
                own.yes += other.yes;
                own.no += other.no;
                own.failed += other.failed;
            }
        }
    }

    /// What the records of a chunk exercise that `filter` takes.
    #[must_use]
    pub fn of(chunk: &Chunk, filter: &Filter) -> Self {
        let mut all = Self::default();
        let mut bits = Vec::new();
        for line in chunk.bytes.split(|byte| *byte == b'\n') {
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            match Record::read(line) {
                Ok(record) if !filter.takes(&record) => {}
                Ok(record) => all.record(&record, filter.weight(), &mut bits),
                Err(error) if error.is_about_lines() => {}
                Err(_) => all.passed_over += 1,
            }
        }
        all
    }

    fn record(&mut self, record: &Record<'_>, times: u64, bits: &mut Vec<u8>) {
        let Some(outcome) = record.outcome else {
            // Of what is no request nothing is decided.
            self.passed_over += u64::from(record.event.is_none());
            return;
        };
        let weight = record.weight().saturating_mul(times);
        let digest = record.bundle.and_then(|bundle| bundle.digest);
        let own = self.bundles.entry(digest).or_default();
        own.records += weight;
        own.default += if outcome.rule.is_none() { weight } else { 0 };
        for id in outcome.fired() {
            *own.rules.entry(id.text().into_owned()).or_default() += weight;
        }
        bits.clear();
        if record.witness(bits).is_none() {
            // Of what was refused no atom was asked.
            own.unwitnessed += if outcome.is_refusal() { 0 } else { weight };
            return;
        }
        let atoms = 4 * bits.len();
        if own.atoms.len() < atoms {
            own.atoms.resize(atoms, AtomCounts::default());
        }
        for (atom, ways) in (0..).zip(&mut own.atoms) {
            match AtomState::of(bits, atom) {
                AtomState::Unseen => {}
                AtomState::True => ways.yes += weight,
                AtomState::False => ways.no += weight,
                AtomState::Error => ways.failed += weight,
            }
        }
    }
}

/// Whether a rule that never fired can.
#[derive(Clone, Debug, PartialEq)]
pub enum Reach {
    /// It fires on this input.
    Reachable(Box<Example>),
    /// It fires on none: proved.
    Impossible,
    /// It is not known.
    Open,
}

/// A rule of the bundle.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleCover {
    /// Its id.
    pub id: String,
    /// How often it fired.
    pub fired: u64,
    /// Atoms of its condition that came out both ways, and all that there are.
    pub atoms: (usize, usize),
    /// Where it never fired: whether it can.
    pub reach: Option<Reach>,
}

/// The rules of a program with what exercises them, in document order.
#[must_use]
pub fn rules(program: &Program, exercised: &BundleExercise) -> Vec<RuleCover> {
    let module = program.module();
    let debug = debug::of(module);
    let mut facts = Facts::default();
    let meaning = meaning(module, &mut facts);
    let mut asker = QuerySolver::new(&mut facts, &[module]);
    let (mut trial, search) = (Trial::of(program), Search::of(&[module]));
    let decided: BTreeSet<u16> = module.code.iter().map(|code| code.w).collect();
    let mut covers = Vec::with_capacity(module.rules.len());
    for (at, rule) in (0..).zip(&meaning.rules) {
        let id = program.rule_id(at).to_owned();
        let fired = exercised.rules.get(&id).copied().unwrap_or(0);
        // A guard that the index took away is decided by no instruction, so no witness tells of it.
        let own = debug.rules.get(usize::from(at)).map_or(&[][..], |rule| rule.atoms.as_slice());
        let own = own.iter().filter(|own| !own.guard).map(|own| own.atom);
        let own: Vec<u16> = own.filter(|atom| decided.contains(atom)).collect();
        let both = own.iter().filter(|atom| {
            let ways = exercised.atoms.get(usize::from(**atom));
            ways.is_some_and(|ways| ways.yes > 0 && ways.no > 0)
        });
        let atoms = (both.count(), own.len());
        let reach = (fired == 0).then(|| {
            let phase = PHASES.iter().position(|phase| *phase == rule.phase).unwrap_or(0);
            let domain = meaning.accepted.get(phase).copied();
            let holds = asker.store().formulas.any(rule.fires.iter().copied());
            let question = Query { domain: domain.unwrap_or(holds), holds };
            // A rule that fails may stand for an effect, and has not fired.
            let shows = &mut |example: &Example| trial.fired(example, rule.phase).1.contains(&at);
            match asker.ask(question, shows) {
                Answer::Proved => Reach::Impossible,
                Answer::Found(example) => Reach::Reachable(Box::new(example)),
                Answer::Undecided(_) => {
                    let starts = std::mem::take(&mut asker.tried);
                    let found = search.run(&starts, shows).ok();
                    found.map_or(Reach::Open, |example| {
                        Reach::Reachable(Box::new(search::smaller(example, shows)))
                    })
                }
            }
        });
        covers.push(RuleCover { id, fired, atoms, reach });
    }
    covers
}
