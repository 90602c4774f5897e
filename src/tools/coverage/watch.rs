//! A case, watched: which rules and entries of outputs it asks, which fire, how atoms come out.
//!
//! In:      a program, inputs.
//! Out:     `DecisionTrace` for each; what is watched, and the atoms of it.
//! Imports: `compiler::solve`, `lang`, `runtime::bundle`, `runtime::program`, `runtime::vm`,
//!          `tools::standalone`, `tools::suite`, `tools::why`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

pub(super) use crate::runtime::vm::observe::AtomState;

use crate::compiler::solve::input::Example;
use crate::lang::glob;
use crate::runtime::bundle::debug::{self, ChoiceDebug, Place, RuleAtom, RuleDebug};
use crate::runtime::bundle::module::Module;
use crate::runtime::program::Program;
use crate::runtime::program::dispatch::ProgramItem;
use crate::runtime::vm::decision::Decision;
use crate::runtime::vm::observe::{AtomObservation, Observer, Step, Witness};
use crate::runtime::vm::report::{DecisionReport, OutputReport};
use crate::runtime::vm::request::{Filled, Moment};
use crate::runtime::vm::scratch::Scratch;
use crate::tools::standalone::ContextDecider;
use crate::tools::suite::prepared::{PreparedCase, Runner};
use crate::tools::why::outputs::entry_id;

/// Most different cases of one rule that are compared with each other.
const VECTORS_MAX: usize = 512;

/// What is watched: a rule, or an entry of an output.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// The id of the rule; the output and the number of the entry.
    pub(super) id: String,
    /// The name of its document.
    pub(super) policy: String,
    /// Where it stands.
    pub(super) place: Place,
    /// The atoms of its condition; of an entry those of the value that it yields too.
    pub(super) atoms: Vec<Atom>,
    /// The entry; none for a rule.
    pub(super) entry: Option<Entry>,
}

/// An entry of an output.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The number of its output.
    output: u16,
    /// The first instruction of the output's function, from the start of the program's code.
    begin: u32,
    /// Where its code stands in that function.
    pub(super) choice: ChoiceDebug,
}

/// What was seen of one decision. Rules have the numbers of the bundle, entries those behind them.
#[derive(Clone, Debug, Default)]
pub(super) struct DecisionTrace {
    bits: Vec<u8>,
    /// By subject; none where the input was refused.
    asked: Vec<bool>,
    /// What fired, with the outcome.
    pub(super) fired: BTreeMap<u16, u16>,
    /// What failed.
    pub(super) failed: BTreeSet<u16>,
    /// The id of the rule that won.
    pub(super) winner: Option<String>,
}

impl DecisionTrace {
    pub(super) fn asks(&self, subject: u16) -> bool {
        self.asked.get(usize::from(subject)).copied().unwrap_or(false)
    }

    /// How an atom of a subject came out, as its normal form has it.
    pub(super) fn value(&self, subject: u16, atom: Atom) -> AtomState {
        if self.asked.is_empty() {
            return AtomState::Unseen;
        }
        match (atom.guard, self.asks(subject)) {
            (true, true) => AtomState::True,
            (true, false) => AtomState::False,
            (false, true) => AtomState::of(&self.bits, atom.number),
            // Another one may have asked it.
            (false, false) => AtomState::Unseen,
        }
    }
}

/// An atom of a rule or an entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Atom {
    /// Its number.
    pub(super) number: u16,
    /// Whether the index asks it.
    pub(super) guard: bool,
    /// Where that says it.
    pub(super) place: Place,
}

/// How the atoms of a subject came out, and the subject.
pub(super) type Vector = (Vec<AtomState>, Outcome);

/// How a rule came out, or the condition of an entry.
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
    /// Every rule, then every entry of every output.
    pub(super) subjects: Vec<Subject>,
    /// Values of outputs that were seen, and their numbers.
    values: Mutex<FxHashMap<String, u16>>,
}

impl<'p> WatchedProgram<'p> {
    pub(super) fn of(program: &'p Program) -> Self {
        let (alone, runner) = (ContextDecider::of(program), Runner::of(program));
        Self { program, alone, runner, subjects: subjects(program), values: Mutex::default() }
    }

    pub(super) fn atoms(&self, subject: u16) -> &[Atom] {
        let subject = self.subjects.get(usize::from(subject));
        subject.map_or(&[], |subject| subject.atoms.as_slice())
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
        let ran = vec![false; if module.outputs.is_empty() { 0 } else { module.code.len() }];
        let mut seen = Steps { bits: Witness::new(module.manifest.atoms), ran };
        let watcher: &mut dyn Observer =
            if seen.ran.is_empty() { &mut seen.bits } else { &mut seen };
        let mut decision = filled.decide_observed(moment, watcher);
        let failures = decision.failures();
        let rule =
            |by: &ProgramItem| if let ProgramItem::Rule(rule) = by { Some(*rule) } else { None };
        let failed: BTreeSet<u16> = failures.iter().filter_map(|it| rule(&it.by)).collect();
        let refused = decision.input_error().is_some();
        let mut key = None;
        decision.key_into(&mut key);
        let asked = if refused { Vec::new() } else { rules_asked(module, key.as_deref()) };
        let fired = decision.fired().iter().chain(decision.shadow());
        let mut trace = DecisionTrace {
            asked,
            fired: fired.map(|fired| (fired.rule, fired.outcome)).collect(),
            failed,
            winner: decision.rule().map(str::to_owned),
            bits: seen.bits.bits().to_vec(),
        };
        if !refused {
            self.entries(&seen.ran, &mut decision, &mut trace);
        }
        trace
    }

    /// Adds what entries did. One that yields has the number of the value as its outcome.
    fn entries(&self, ran: &[bool], decision: &mut Decision<'_>, trace: &mut DecisionTrace) {
        let failures = decision.failures().iter();
        let failed: Vec<ProgramItem> = failures.map(|failure| failure.by).collect();
        let mut last: BTreeMap<u16, u16> = BTreeMap::new();
        let mut values: Option<Vec<OutputReport>> = None;
        for (number, subject) in (0_u16..).zip(&self.subjects) {
            let Some(Entry { output, begin, choice }) = &subject.entry else { continue };
            let ran = |at: u32| ran.get((begin + at) as usize).copied().unwrap_or(false);
            let asked = choice.is_asked(ran);
            trace.asked.push(asked);
            if asked {
                last.insert(*output, number);
            }
            if choice.is_entered(ran) {
                let values = values.get_or_insert_with(|| DecisionReport::of(decision).outputs);
                let value = values.iter().find(|it| it.name == subject.policy);
                let value = value.map_or(0, |value| self.number_of(&value.canonical));
                trace.fired.insert(number, value);
            }
        }
        // What is asked last is what failed.
        let failed = last.into_iter().filter(|(at, _)| failed.contains(&ProgramItem::Output(*at)));
        for (_, number) in failed {
            if !trace.fired.contains_key(&number) {
                trace.failed.insert(number);
            }
        }
    }

    fn number_of(&self, value: &str) -> u16 {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        let next = u16::try_from(values.len()).unwrap_or(u16::MAX);
        *values.entry(value.to_owned()).or_insert(next)
    }

    pub(super) fn vector(&self, seen: &DecisionTrace, subject: u16) -> Vector {
        let value = |atom: &Atom| seen.value(subject, *atom);
        let outcome = match seen.fired.get(&subject) {
            Some(outcome) => Outcome::Fired(*outcome),
            None if seen.failed.contains(&subject) => Outcome::Failed,
            None => Outcome::Silent,
        };
        (self.atoms(subject).iter().map(value).collect(), outcome)
    }

    /// The different ways in which a subject and its atoms came out.
    pub(super) fn vectors(&self, seen: &[DecisionTrace], subject: u16) -> Vec<Vector> {
        let own = seen.iter().filter(|seen| !seen.asked.is_empty());
        let all: BTreeSet<Vector> = own.map(|seen| self.vector(seen, subject)).collect();
        all.into_iter().take(VECTORS_MAX).collect()
    }
}

/// Which atoms and which instructions a decision asks.
struct Steps {
    bits: Witness,
    ran: Vec<bool>,
}

impl Observer for Steps {
    fn see(&mut self, sight: AtomObservation<'_>) {
        self.bits.see(sight);
    }

    fn step(&mut self, step: Step<'_>) {
        if let Some(place) = self.ran.get_mut(step.pc as usize) {
            *place = true;
        }
    }
}

/// What is watched of a program.
fn subjects(program: &Program) -> Vec<Subject> {
    let module = program.module();
    let debug = debug::of(module);
    let rule = |(at, own): (u16, &RuleDebug)| Subject {
        id: program.rule_id(at).to_owned(),
        policy: own.policy.clone(),
        place: own.place,
        atoms: atoms(&own.atoms),
        entry: None,
    };
    let mut subjects: Vec<Subject> = (0..).zip(&debug.rules).map(rule).collect();
    for ((output, row), own) in (0..).zip(&module.outputs).zip(&debug.outputs) {
        let name = program.string(row.name);
        let function = module.functions.get(usize::from(row.function));
        let begin = function.map_or(0, |function| function.first);
        let mut numbers = Vec::new();
        subjects.extend(own.choices.iter().map(|choice| Subject {
            id: entry_id(name, &mut numbers, choice.depth),
            policy: name.to_owned(),
            place: choice.place,
            atoms: [&choice.condition, &choice.yields].iter().flat_map(|it| atoms(it)).collect(),
            entry: Some(Entry { output, begin, choice: choice.clone() }),
        }));
    }
    subjects
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
