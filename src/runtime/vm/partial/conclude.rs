//! What rules, outputs and messages come to where values are unknown.
//!
//! In:      rules that are asked, outputs, the message of the winner.
//! Out:     what each can say; a `DecisionReport` where all of it is definite.
//! Imports: `lang`, `runtime::bundle`, `runtime::program`.
//! Source:  `docs/decisions.md`, `docs/unknowns.md`.

use crate::lang::error::EvalError;
use crate::lang::value::{Tag, Value, json};
use crate::runtime::bundle::module::{FunctionKind, NONE, NodeMode, Requirement, SlotRow};
use crate::runtime::program::Program;
use crate::runtime::program::dispatch::{ProgramItem, SlotRequirement, requirements};
use crate::runtime::program::rank::Rank;
use crate::runtime::vm::budget::Budget;
use crate::runtime::vm::canonical::{Canonical, withheld_text};
use crate::runtime::vm::decide::needed;
use crate::runtime::vm::decision::{Decision, Verdict};
use crate::runtime::vm::machine::{BROKEN, FailureSite};
use crate::runtime::vm::message::{assemble, write_part};
use crate::runtime::vm::partial::decide::{RulesResult, is_hidden};
use crate::runtime::vm::partial::decision::{PartialDecision, RuleDraft, contest};
use crate::runtime::vm::partial::eval::Evaluator;
use crate::runtime::vm::partial::fact::{Classes, Fact, Kinds, Sources};
use crate::runtime::vm::partial::state::is_unknown;
use crate::runtime::vm::report::{DecisionReport, OutputReport, written};
use crate::runtime::vm::request::error::InputError;
use crate::runtime::vm::request::{Filled, Moment};
use crate::runtime::vm::scratch::{Failure, Scratch};
use crate::runtime::vm::tally::Tally;

/// The parts of a decision that is definite as a whole.
#[derive(Default)]
pub(super) struct DefiniteParts {
    pub(super) said: Vec<RuleDraft>,
    pub(super) reason: String,
    pub(super) outputs: Vec<Option<OutputReport>>,
    /// Their values; an error where one failed.
    pub(super) values: Vec<Value>,
    /// What explains each of them; null where nothing does.
    pub(super) explained: Vec<Value>,
    /// What outputs failed with, then messages and explanations.
    pub(super) failures: Vec<(ProgramItem, FailureSite)>,
    pub(super) cost: u64,
}

impl Evaluator<'_> {
    /// Sees to the places of which more is known than that something lies there: what must be an
    /// object is one.
    pub(super) fn see_places(&mut self) {
        let program = self.program;
        for (number, slot) in program.module.slots.iter().enumerate() {
            let SlotRow::Presence(node) = slot else { continue };
            let strict =
                program.paths.get(*node).is_some_and(|it| it.mode == NodeMode::Object(true));
            let Some(value) = self.file.get(number).copied().filter(is_unknown) else { continue };
            if strict {
                let fact = self.fact(&value);
                let kinds = fact.kinds.among(Kinds::MAP.and(Kinds::of(Tag::Absent)));
                let known = self.value(Fact { kinds, ..fact });
                if let Some(place) = self.file.get_mut(number) {
                    *place = known;
                }
            }
        }
    }

    /// Takes into account that what rules, and outputs, ask of slots is met; otherwise the input
    /// is refused, which `told` takes in where it can be.
    ///
    /// # Errors
    /// If it is refused whatever the unknowns are.
    pub(super) fn refine(
        &mut self,
        rules: &[u16],
        outputs: bool,
        told: &mut RulesResult,
    ) -> Result<(), InputError> {
        let module = &self.program.module;
        let of_rules = rules.iter().filter_map(|rule| {
            let row = module.rules.get(usize::from(*rule))?;
            Some((ProgramItem::Rule(*rule), (row.first_requirement, row.requirements)))
        });
        let of_outputs = (0..)
            .zip(&module.outputs)
            .filter(|_| outputs)
            .map(|(at, row)| (ProgramItem::Output(at), (row.first_requirement, row.requirements)));
        for (by, rows) in of_rules.chain(of_outputs) {
            for requirement in requirements(module, rows) {
                self.meet(SlotRequirement { requirement: *requirement, by }, told)?;
            }
        }
        Ok(())
    }

    fn meet(&mut self, asked: SlotRequirement, told: &mut RulesResult) -> Result<(), InputError> {
        let Requirement { slot, ty, optional, keyed } = asked.requirement;
        let program = self.program;
        let by = program.module.keyed.get(usize::from(keyed));
        let by = by.and_then(|by| self.file.get(usize::from(by.slot))).copied().filter(is_unknown);
        let Some(value) = self.file.get(usize::from(slot)).copied() else { return Ok(()) };
        let mut fact = self.fact(&value);
        if let (Some(by), false) = (by, is_unknown(&value) || value.tag() == Tag::Absent) {
            // Its type hangs on what is unknown: it may be read as another kind, or refused.
            fact = Fact::of_type(&program.module, ty, self.fact(&by).sources);
            told.may_refuse(&fact.sources);
        } else if !is_unknown(&value) {
            return Ok(());
        }
        if fact.kinds.has(Tag::Absent) && !optional {
            if is_hidden(self.unknowns, &fact) {
                told.may_refuse(&fact.sources);
            }
            fact = fact.there();
        }
        if fact.kinds.is_empty() {
            return Err(needed(program, self.file, &asked));
        }
        let known = self.value(fact);
        if let Some(place) = self.file.get_mut(usize::from(slot)) {
            *place = known;
        }
        Ok(())
    }

    /// What a rule can say that is asked. A witness that leaves it nothing tells of something else.
    pub(super) fn asked(&mut self, number: u16) -> RuleDraft {
        let said = self.rule(number);
        if !said.is_nothing() {
            return said;
        }
        let witness = self.witness.take();
        self.ended.fill(None);
        let said = self.rule(number);
        self.ended.fill(None);
        self.witness = witness;
        said
    }

    /// What a rule can say; nothing if it is seen that it was not asked.
    pub(super) fn rule(&mut self, number: u16) -> RuleDraft {
        let program = self.program;
        let mut said = RuleDraft::new(number);
        let Some(row) = program.module.rules.get(usize::from(number)) else { return said };
        self.machine.budget.begin_rule();
        if row.function == NONE {
            said.fires.push(0);
            return said;
        }
        let kind = program.module.functions.get(usize::from(row.function)).map(|it| it.kind);
        let ended = self.function(row.function);
        said.silent = ended.no;
        if ended.failed {
            said.fails = self.fact(&ended.note).errors;
            said.pc = if is_unknown(&ended.note) { FailureSite::NOWHERE } else { ended.note.off() };
        }
        if ended.yes && kind == Some(FunctionKind::Decision) {
            said.fires = ended.decided.iter().copied().filter(|at| *at < row.outcomes).collect();
        } else if ended.yes && row.outcomes > 0 {
            said.fires.push(0);
        }
        if ended.yes && said.fires.is_empty() {
            said.fails = said.fails.and(Classes::of(BROKEN));
        }
        if self.is_lost() {
            said.silent = true;
            said.fires = (0..row.outcomes).collect();
            said.fails = Classes::all(EvalError::ALL);
        }
        said.doubt = ended.doubt.clone();
        said.doubt.add(&self.sources_of(&[ended.note]));
        said
    }

    /// What the rules and outputs come to together.
    pub(super) fn conclude(
        &mut self,
        told: RulesResult,
    ) -> (PartialDecision, Option<DefiniteParts>) {
        let program = self.program;
        let RulesResult { said, refused, by_witness, cost, atoms } = told;
        let seen = self.witness.is_some_and(|it| it.bits().iter().any(|bits| *bits != 0));
        // An input of which an atom was seen was not refused.
        let refused = refused.filter(|_| !seen);
        let contest = contest(program, &said, refused.as_ref());
        let mut open = refused.clone().unwrap_or_default();
        let mut definite = refused.is_none();
        for said in &said {
            let row = program.module.rules.get(usize::from(said.rule));
            if !row.is_some_and(|row| said.is_definite(row)) {
                definite = false;
                open.add(&said.doubt);
            }
        }
        let mut parts = DefiniteParts { said, cost, ..DefiniteParts::default() };
        // Nobody watched when outputs and messages were made.
        self.ended.fill(None);
        self.is_whole = false;
        if let Some(sources) = self.outputs(&mut parts) {
            definite = false;
            open.add(&sources);
        }
        let winner = definite.then(|| winner(program, &parts.said)).flatten();
        if let Some(winner) = winner
            && let Some(sources) = self.reason(&mut parts, winner)
        {
            definite = false;
            open.add(&sources);
        }
        if definite && let Some(sources) = self.explanations(&mut parts) {
            definite = false;
            open.add(&sources);
        }
        // These are of rules that are asked in any case. Of an atom that no witness tells of others
        // may hang.
        let is_told = program.withheld.silent().iter().all(|bits| *bits == 0);
        let asks = refused.is_none() && is_told && self.atoms.iter().any(|it| it.is_seen());
        self.atoms.iter_mut().zip(atoms).for_each(|(seen, told)| seen.merge(told));
        if self.is_lost() {
            self.atoms.clear();
        }
        let decision = PartialDecision {
            atoms: std::mem::take(&mut self.atoms),
            asks: asks && !self.is_lost(),
            effects: contest.effects,
            report: None,
            canonical: None,
            refused: refused.is_some(),
            rules: parts.said.iter().map(RuleDraft::outcomes).collect(),
            reason: definite.then(|| parts.reason.clone()),
            blockers: contest.doubt.rows().collect(),
            open: open.rows().collect(),
            by_facts: by_witness + self.by_witness,
        };
        (decision, definite.then_some(parts))
    }
}

impl Evaluator<'_> {
    /// How a function ends, if it ends in one way that is known; else what that hangs on.
    fn sure(&mut self, function: u16) -> Result<Result<Value, FailureSite>, Sources> {
        let ended = self.function(function);
        let known = self.taint(&ended.value).is_none() || !ended.yes;
        if ended.exits() != 1 || !known || self.is_lost() {
            let own = self.sources_of(&[ended.value, ended.note]);
            return Err(ended.doubt.clone().with(&own));
        }
        if ended.yes {
            return Ok(Ok(ended.value));
        }
        match self.fact(&ended.note).errors.list().as_slice() {
            [class] => {
                let pc =
                    if is_unknown(&ended.note) { FailureSite::NOWHERE } else { ended.note.off() };
                Ok(Err(FailureSite { class: *class, pc }))
            }
            _ => Err(ended.doubt.clone().with(&self.sources_of(&[ended.note]))),
        }
    }

    /// Takes in the outputs; what they hang on, if they are not definite.
    fn outputs(&mut self, parts: &mut DefiniteParts) -> Option<Sources> {
        let program = self.program;
        let mut open = None;
        for (at, row) in (0..).zip(&program.module.outputs) {
            let cost =
                program.module.functions.get(usize::from(row.function)).map_or(0, |it| it.cost);
            parts.cost = parts.cost.saturating_add(cost);
            if let Some(paths) = program.withheld.output(at) {
                parts.values.push(Value::NULL);
                parts.outputs.push(Some(withheld(program.string(row.name), paths)));
                continue;
            }
            match self.sure(row.function) {
                Ok(Ok(value)) => {
                    parts.values.push(value);
                    let view = self.machine.heap.view();
                    parts.outputs.push(written(&view, program.string(row.name), value));
                }
                Ok(Err(note)) => {
                    parts.failures.push((ProgramItem::Output(at), note));
                    parts.values.push(note.value());
                    parts.outputs.push(None);
                }
                Err(sources) => {
                    open.get_or_insert_with(Sources::default).add(&sources);
                }
            }
        }
        open
    }

    /// Takes in the message of the winner; what it hangs on, if it is not definite.
    fn reason(
        &mut self,
        parts: &mut DefiniteParts,
        (rule, outcome): (u16, u16),
    ) -> Option<Sources> {
        let program = self.program;
        let row = program.module.outcomes.get(usize::from(outcome))?;
        let template = program.module.templates.get(usize::from(row.template))?;
        self.machine.budget = Budget::new(program.module.manifest.metered);
        self.machine.budget.begin_rule();
        let mut text = std::mem::take(&mut parts.reason);
        let mut open = None;
        let failed = assemble(program, (template, true), &mut text, |function, out| {
            let value = match self.sure(function) {
                Ok(value) => value?,
                Err(sources) => {
                    open.get_or_insert_with(Sources::default).add(&sources);
                    return Ok(false);
                }
            };
            write_part(&self.machine.heap.view(), &value, out)
        });
        parts.reason = text;
        parts.failures.extend(failed.map(|note| (ProgramItem::Rule(rule), note)));
        open
    }

    /// Takes in what explains the outputs; what that hangs on, if it is not definite.
    fn explanations(&mut self, parts: &mut DefiniteParts) -> Option<Sources> {
        let program = self.program;
        let mut open = None;
        for (at, row) in (0_u16..).zip(&program.module.outputs) {
            let place = usize::from(at);
            parts.explained.push(Value::NULL);
            let withheld = program.withheld.output(at).is_some();
            if withheld
                || row.explanation == NONE
                || !matches!(parts.outputs.get(place), Some(Some(_)))
            {
                continue;
            }
            self.machine.budget = Budget::new(program.module.manifest.metered);
            self.machine.budget.begin_rule();
            match self.sure(row.explanation) {
                Ok(Ok(list)) => {
                    let texts = self.texts(&list);
                    if let Some(explained) = parts.explained.get_mut(place) {
                        *explained = list;
                    }
                    if let Some(Some(output)) = parts.outputs.get_mut(place) {
                        output.explanations = texts;
                    }
                }
                Ok(Err(note)) => parts.failures.push((ProgramItem::Output(at), note)),
                Err(sources) => {
                    open.get_or_insert_with(Sources::default).add(&sources);
                }
            }
        }
        open
    }

    fn texts(&self, list: &Value) -> Vec<String> {
        let view = self.machine.heap.view();
        let written = view.elements(list).iter().map(|part| {
            let mut text = String::new();
            json::write_text(&view, part, &mut text).map(|()| text)
        });
        written.collect::<Result<_, _>>().unwrap_or_default()
    }
}

/// An output that tells of what lies at `paths`.
fn withheld(name: &str, paths: &str) -> OutputReport {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = withheld_text(&mut text, paths);
    let (plain, canonical) = (text.clone(), text);
    OutputReport { name: name.to_owned(), plain, canonical, explanations: Vec::new() }
}

/// Who wins where all rules say one thing, and its outcome; `None` where the default speaks.
fn winner(program: &Program, said: &[RuleDraft]) -> Option<(u16, u16)> {
    let rows = said.iter().filter_map(|said| {
        let row = program.module.rules.get(usize::from(said.rule))?;
        let rank = said.ranks(program, row).first().copied()?;
        Some((rank, said.rule))
    });
    let (rank, rule) = rows.min().filter(|(rank, _)| *rank != Rank::SILENT)?;
    Some((rule, rank.outcome()))
}

/// The report of a decision all of whose parts are definite, and what its digest is made of.
pub(super) fn report(
    filled: &mut Filled<'_>,
    moment: &Moment<'_>,
    parts: DefiniteParts,
) -> (DecisionReport, Canonical) {
    let program = filled.program;
    let Scratch { fired, shadow, failures, used, outputs, text, told, .. } = &mut *filled.scratch;
    text.clone_from(&parts.reason);
    told.clone_from(&parts.reason);
    outputs.clone_from(&parts.values);
    fired.clear();
    shadow.clear();
    failures.list.clear();
    let mut tally = Tally::new(program, fired, shadow, (failures, used));
    for said in &parts.said {
        let Some(row) = program.module.rules.get(usize::from(said.rule)) else { continue };
        let kind = program.module.functions.get(usize::from(row.function)).map(|it| it.kind);
        match (said.silent, said.fires.as_slice(), said.fails.list().as_slice()) {
            (false, [chosen], []) => tally.speak(said.rule, *chosen),
            (false, [], [class]) => {
                let note = FailureSite { class: *class, pc: said.pc };
                tally.failed(row, said.rule, kind, note);
            }
            _ => {}
        }
    }
    let verdict = tally.verdict(parts.cost);
    for (by, note) in parts.failures {
        let failure = Failure { by, class: note.class, pc: note.pc };
        if !failures.list.contains(&failure) {
            failures.push(failure);
        }
    }
    let told = parts.outputs.into_iter().flatten().collect();
    report_of(filled, moment, verdict, (parts.explained, told))
}

/// The report of a verdict, with the message and the values of outputs that the scratch holds;
/// what explains outputs, and how these are written.
pub(super) fn report_of(
    filled: &mut Filled<'_>,
    moment: &Moment<'_>,
    verdict: Verdict,
    (explained, outputs): (Vec<Value>, Vec<OutputReport>),
) -> (DecisionReport, Canonical) {
    let Filled { program, scratch, request, error } = filled;
    let reason = scratch.text.clone();
    let filled = Filled { program, scratch, request, error: *error };
    let decision = Decision::of(filled, verdict, moment);
    let mut canonical = Canonical::of(decision.program());
    let digest = canonical.digest_with(&decision, explained);
    (DecisionReport::of_parts(&decision, digest, reason, outputs), canonical)
}
