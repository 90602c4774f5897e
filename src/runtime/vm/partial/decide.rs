//! From an input some of whose values are unknown to what can be decided about it.
//!
//! In:      a `Partial`, a moment, what atoms came to when the input was decided in full.
//! Out:     `PartialDecision`.
//! Imports: `lang`, `runtime::bundle`, `runtime::program`.
//! Source:  `docs/unknowns.md`.

use crate::lang::opcodes::{NO_ATOM, Op};
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::NONE;
use crate::runtime::program::Program;
use crate::runtime::program::dispatch::ProgramItem;
use crate::runtime::vm::decide::{applicable_rules, check_requirements, node_of};
use crate::runtime::vm::decision::Verdict;
use crate::runtime::vm::machine::Machine;
use crate::runtime::vm::observe::{AtomState, NoObserver, Witness};
use crate::runtime::vm::partial::Partial;
use crate::runtime::vm::partial::conclude::{report, report_of};
use crate::runtime::vm::partial::decision::{AtomOutcomes, PartialDecision, RuleDraft};
use crate::runtime::vm::partial::eval::Evaluator;
use crate::runtime::vm::partial::fact::{Fact, Facts, Kinds, Sources};
use crate::runtime::vm::partial::state::{Cells, is_unknown};
use crate::runtime::vm::partial::unknown::{Class, Unknown};
use crate::runtime::vm::request::error::{InputError, InputKind};
use crate::runtime::vm::request::whole::{expected, row};
use crate::runtime::vm::request::{Filled, Moment, heap};
use crate::runtime::vm::scratch::Scratch;

/// What a decision about unknown values goes by.
#[derive(Clone, Copy)]
struct DecisionInputs<'e> {
    unknowns: &'e [Unknown],
    moment: &'e Moment<'e>,
    witness: Option<&'e Witness>,
    /// Whether the witness tells of all atoms that were decided.
    is_whole: bool,
}

/// What the rules and outputs came to.
#[derive(Default)]
pub(super) struct RulesResult {
    pub(super) said: Vec<RuleDraft>,
    /// What a refusal hangs on, if there can be one.
    pub(super) refused: Option<Sources>,
    pub(super) by_witness: usize,
    pub(super) cost: u64,
    /// What atoms can come to of rules that were told at once.
    pub(super) atoms: Vec<AtomOutcomes>,
}

impl RulesResult {
    pub(super) fn may_refuse(&mut self, sources: &Sources) {
        self.refused.get_or_insert_default().add(sources);
    }
}

impl Partial<'_> {
    /// What can be decided about this input, whatever the unknowns are. `facts` is what some atoms
    /// of this program came to when the input was decided in full, where that is known.
    ///
    /// It may be asked again and again, also after more was withheld.
    pub fn decide(&mut self, moment: &Moment<'_>, facts: Option<&Witness>) -> PartialDecision {
        self.decide_by(moment, (facts, false))
    }

    /// The same where this very program decided about the input in full while `witness` watched:
    /// what it did not see was not evaluated.
    pub fn decide_again(&mut self, moment: &Moment<'_>, witness: &Witness) -> PartialDecision {
        self.decide_by(moment, (Some(witness), true))
    }

    fn decide_by(
        &mut self,
        moment: &Moment<'_>,
        (witness, is_whole): (Option<&Witness>, bool),
    ) -> PartialDecision {
        let Self { filled, unknowns } = self;
        let program = filled.program;
        filled.scratch.begin(program, filled.request);
        let slots = program.sizes.slots;
        if let Some(slot) = filled.scratch.file.get_mut(usize::from(program.sizes.now)) {
            *slot = Value::timestamp(moment.seconds, moment.nanoseconds);
        }
        let before = filled.scratch.file.get(..slots).unwrap_or_default().to_vec();
        let mark = filled.scratch.mark;
        let about = DecisionInputs { unknowns: unknowns.rows(), moment, witness, is_whole };
        let decision = decide(filled, about, &before);
        // What was found out about slots holds for this decision only.
        restore(filled, &before);
        filled.scratch.mark = mark;
        filled.scratch.store.reset(mark);
        filled.scratch.used = true;
        decision
    }
}

fn restore(filled: &mut Filled<'_>, slots: &[Value]) {
    if let Some(place) = filled.scratch.file.get_mut(..slots.len()) {
        place.copy_from_slice(slots);
    }
}

fn decide(filled: &mut Filled<'_>, about: DecisionInputs<'_>, slots: &[Value]) -> PartialDecision {
    let program = filled.program;
    let mut told = RulesResult::default();
    let mut facts = Facts::default();
    let error = filled.error.or_else(|| misfit(filled, about, &mut facts, &mut told));
    if let Some(error) = error {
        return refused(filled, about, error);
    }
    let key = filled.scratch.file.get(usize::from(program.plan.key_slot)).copied();
    let rules = match key.filter(is_unknown) {
        Some(key) => every_rule(filled, about, (slots, &key), &mut facts, &mut told),
        None => applicable_rules(filled, about.moment.phase).map(|(rules, cost)| {
            told.cost = cost;
            rules
        }),
    };
    let rules = match rules {
        Ok(rules) => rules,
        Err(error) => return refused(filled, about, error),
    };
    let (decision, _) = with(filled, about, facts, |evaluator| {
        let mut told = told;
        evaluator.refine(&rules, true, &mut told)?;
        for rule in &rules {
            let said = evaluator.asked(*rule);
            told.said.push(said);
        }
        told.said.sort_by_key(|said| said.rule);
        Ok(evaluator.conclude(told))
    });
    match decision {
        Ok((mut decision, parts)) => {
            (decision.report, decision.canonical) =
                parts.map(|parts| report(filled, about.moment, parts)).unzip();
            decision
        }
        Err(error) => refused(filled, about, error),
    }
}

/// Runs something with an evaluator over the input as it stands; the facts go in and come out.
fn with<T>(
    filled: &mut Filled<'_>,
    about: DecisionInputs<'_>,
    facts: Facts,
    run: impl FnOnce(&mut Evaluator<'_>) -> T,
) -> (T, Facts) {
    let program = filled.program;
    let Scratch { file, store, workings, .. } = &mut *filled.scratch;
    let deep = store.elements().iter().any(is_unknown);
    let heap = heap(program, filled.request, store);
    let machine = Machine::new(program, heap, workings, about.moment.hosts, NoObserver);
    let mut evaluator = Evaluator {
        program,
        unknowns: about.unknowns,
        facts,
        machine,
        file,
        witness: about.witness,
        is_whole: about.is_whole,
        by_witness: 0,
        atoms: vec![AtomOutcomes::default(); usize::from(program.atoms())],
        forked: false,
        deep,
        ended: vec![None; program.module.functions.len()],
        cells: Cells::default(),
        steps: 0,
    };
    evaluator.see_places();
    let result = run(&mut evaluator);
    (result, evaluator.facts)
}

/// A value that is withheld and cannot be of the type of its place, so that the input was, or
/// would be, refused.
fn misfit(
    filled: &Filled<'_>,
    about: DecisionInputs<'_>,
    facts: &mut Facts,
    told: &mut RulesResult,
) -> Option<InputError> {
    let program = filled.program;
    let slots = filled.scratch.file.get(..program.sizes.slots).unwrap_or_default();
    for (number, slot) in (0..).zip(slots).filter(|(_, slot)| is_unknown(slot)) {
        let fact = facts.of(&program.module, about.unknowns, slot);
        if fact.kinds.is_empty() {
            return Some(wrong(program, number));
        }
        if fact.kinds == Kinds::of(Tag::Absent) {
            told.may_refuse(&fact.sources);
        }
    }
    for part in filled.scratch.store.elements().iter().filter(|part| is_unknown(part)) {
        let fact = facts.of(&program.module, about.unknowns, part);
        let hidden = fact.identity.is_some() && fact.kinds.has(Tag::Absent);
        if hidden && may_be_required(program, about.unknowns, &fact) {
            told.may_refuse(&fact.sources);
        }
    }
    None
}

/// Whether what `fact` is about lies in rows or in an object that is read whole, and may have to be
/// there: without it the row or object is none of its type.
fn may_be_required(program: &Program, unknowns: &[Unknown], fact: &Fact) -> bool {
    let row = fact.identity.and_then(|row| unknowns.get(row as usize));
    let path = row.map_or("", |row| row.path.as_str());
    let keys = path.split('/').filter(|key| key.parse::<usize>().is_err());
    let place = keys.collect::<Vec<_>>().join("/");
    let node = program.paths.find(&program.text, &place).and_then(|at| program.paths.get(at));
    node.is_none_or(|node| node.required)
}

/// The refusal of an input for the type of what a slot is about.
fn wrong(program: &Program, slot: u16) -> InputError {
    let node = node_of(program, slot);
    let ty = program.paths.get(node).map_or(NONE, |node| node.ty);
    let kind = InputKind::WrongType(expected(row(&program.module, ty)));
    InputError { kind, offset: None, node }
}

/// The rules that are asked in any case, where the key that chooses is unknown; what all others can
/// say is told at once.
///
/// # Errors
/// If the input is refused whatever the key is.
fn every_rule(
    filled: &mut Filled<'_>,
    about: DecisionInputs<'_>,
    (slots, key): (&[Value], &Value),
    facts: &mut Facts,
    told: &mut RulesResult,
) -> Result<Vec<u16>, InputError> {
    let program = filled.program;
    let phase = about.moment.phase;
    let fact = facts.of(&program.module, about.unknowns, key);
    let string = Kinds::of(Tag::String);
    if fact.kinds.among(string).is_empty() {
        return Err(wrong(program, program.plan.key_slot));
    }
    if !fact.kinds.within(string) && is_hidden(about.unknowns, &fact) {
        told.may_refuse(&fact.sources);
    }
    let always = program.plan.rules(program.plan.always(phase)).to_vec();
    for rule in &always {
        check_requirements(filled, ProgramItem::Rule(*rule))?;
    }
    for at in (0..).take(program.module.outputs.len()) {
        check_requirements(filled, ProgramItem::Output(at))?;
    }
    let rules = (0_u16..).zip(&program.module.rules);
    let others: Vec<u16> = rules
        .filter(|(rule, row)| row.phase == phase && always.binary_search(rule).is_err())
        .map(|(rule, _)| rule)
        .collect();
    for rule in others {
        restore(filled, slots);
        if check_requirements(filled, ProgramItem::Rule(rule)).is_err() {
            told.may_refuse(&fact.sources);
            let mut said = RuleDraft::new(rule);
            (said.silent, said.doubt) = (true, fact.sources.clone());
            told.said.push(said);
            continue;
        }
        let ((said, own), known) = with(filled, about, std::mem::take(facts), |evaluator| {
            let mut own = RulesResult::default();
            let never = evaluator.refine(&[rule], false, &mut own).is_err();
            if never {
                own.may_refuse(&fact.sources);
            }
            let said = if never { RuleDraft::new(rule) } else { evaluator.rule(rule) };
            own.by_witness = evaluator.by_witness;
            own.atoms = std::mem::take(&mut evaluator.atoms);
            (said, own)
        });
        *facts = known;
        told.by_witness += own.by_witness;
        told.atoms.resize(own.atoms.len(), AtomOutcomes::default());
        told.atoms.iter_mut().zip(own.atoms).for_each(|(told, own)| told.merge(own));
        if let Some(sources) = own.refused {
            told.may_refuse(&sources.with(&fact.sources));
        }
        told.said.push(said);
    }
    perhaps_asked(program, about, &always, &mut told.said);
    for said in &mut told.said {
        said.doubt.add(&fact.sources);
    }
    restore(filled, slots);
    for rule in &always {
        check_requirements(filled, ProgramItem::Rule(*rule))?;
    }
    Ok(always)
}

/// Rules that the key may choose are asked or not: then they are silent. Who alone can have decided
/// an atom that was seen was asked.
fn perhaps_asked(
    program: &Program,
    about: DecisionInputs<'_>,
    always: &[u16],
    said: &mut [RuleDraft],
) {
    let module = &program.module;
    let seen = about.witness.filter(|_| about.is_whole && !module.manifest.metered);
    let mut deciders: Vec<Vec<u16>> = vec![Vec::new(); usize::from(program.atoms())];
    let asked = always.iter().copied();
    let possible = said.iter().filter(|said| !said.is_nothing()).map(|said| said.rule);
    let rules: Vec<u16> = asked.chain(possible).filter(|_| seen.is_some()).collect();
    for rule in rules {
        let row = module.rules.get(usize::from(rule));
        for atom in row.map_or_else(Vec::new, |row| atoms_of(program, row.function)) {
            deciders.get_mut(usize::from(atom)).into_iter().for_each(|all| all.push(rule));
        }
    }
    // Outputs are evaluated as well.
    for output in &module.outputs {
        for atom in atoms_of(program, output.function) {
            deciders.get_mut(usize::from(atom)).into_iter().for_each(|all| all.push(NONE));
        }
    }
    let sure = |rule: u16| {
        let mut atoms = (0..).zip(&deciders).filter(|(_, all)| **all == [rule]);
        atoms.any(|(atom, _)| seen.is_some_and(|seen| seen.atom(atom) != AtomState::Unseen))
    };
    for said in said {
        said.silent |= said.is_nothing() || !sure(said.rule);
    }
}

/// The atoms that a function and those that it calls can decide.
fn atoms_of(program: &Program, function: u16) -> Vec<u16> {
    let mut found = Vec::new();
    let mut known = vec![function];
    let mut at = 0;
    while let Some(unit) = known.get(at).and_then(|it| program.unit(*it)) {
        for ins in program.code(&unit) {
            if ins.w != NO_ATOM && !found.contains(&ins.w) {
                found.push(ins.w);
            }
            if matches!(ins.op, Op::Test | Op::Need) && !known.contains(&ins.a) {
                known.push(ins.a);
            }
        }
        at += 1;
    }
    found
}

/// Whether what `fact` is about is hidden, so that nobody can tell whether it is there.
pub(super) fn is_hidden(unknowns: &[Unknown], fact: &Fact) -> bool {
    fact.sources
        .rows()
        .any(|row| unknowns.get(row).is_some_and(|unknown| matches!(unknown.class, Class::Hide)))
}

/// What an input that is refused comes to.
fn refused(
    filled: &mut Filled<'_>,
    about: DecisionInputs<'_>,
    error: InputError,
) -> PartialDecision {
    let Scratch { refused, text, told, outputs, fired, shadow, failures, .. } =
        &mut *filled.scratch;
    *refused = Some(error);
    text.clear();
    told.clear();
    outputs.clear();
    fired.clear();
    shadow.clear();
    failures.list.clear();
    let explained = vec![Value::NULL; filled.program.module.outputs.len()];
    let nothing = (explained, Vec::new());
    let (report, canonical) = report_of(filled, about.moment, Verdict::REFUSED, nothing);
    PartialDecision {
        effects: vec![report.effect],
        reason: Some(String::new()),
        report: Some(report),
        canonical: Some(canonical),
        refused: true,
        rules: Vec::new(),
        blockers: Vec::new(),
        open: Vec::new(),
        by_facts: 0,
        atoms: Vec::new(),
        asks: false,
    }
}
