//! The tally: what rules say, and who speaks loudest so far.
//!
//! In:      rules that fire, and rules to run.
//! Out:     lists of who fired and what failed; `Verdict`.
//! Imports: `lang`, `runtime::bundle`, `runtime::program`.
//! Source:  `docs/decisions.md`, "How rules combine".

use crate::lang::value::Value;
use crate::runtime::bundle::module::{FunctionKind, NONE, RuleRow, failure_effect};
use crate::runtime::program::Program;
use crate::runtime::program::dispatch::ProgramItem;
use crate::runtime::program::rank::Rank;
use crate::runtime::vm::call;
use crate::runtime::vm::decision::Verdict;
use crate::runtime::vm::machine::{Exit, FailureSite, Machine};
use crate::runtime::vm::observe::Watching;
use crate::runtime::vm::scratch::{Failure, Failures, Fired};

/// What the rules said.
pub(in crate::runtime) struct Tally<'a> {
    program: &'a Program,
    fired: &'a mut Vec<Fired>,
    shadow: &'a mut Vec<Fired>,
    failures: &'a mut Failures,
    /// Whether more than `fired` was written to.
    used: &'a mut bool,
    /// Who speaks loudest so far.
    winner: (Rank, u16),
}

impl<'a> Tally<'a> {
    pub(in crate::runtime) const fn new(
        program: &'a Program,
        fired: &'a mut Vec<Fired>,
        shadow: &'a mut Vec<Fired>,
        (failures, used): (&'a mut Failures, &'a mut bool),
    ) -> Self {
        Self { program, fired, shadow, failures, used, winner: (Rank::SILENT, NONE) }
    }

    /// Asks a rule.
    pub(in crate::runtime) fn ask<O: Watching>(
        &mut self,
        m: &mut Machine<'_, O>,
        file: &mut [Value],
        number: u16,
    ) {
        let program = self.program;
        let Some(row) = program.module.rules.get(usize::from(number)) else { return };
        m.budget.begin_rule();
        let kind = program.module.functions.get(usize::from(row.function)).map(|it| it.kind);
        let exit = if row.function == NONE { Exit::True } else { call(m, file, row.function) };
        let chosen = if kind == Some(FunctionKind::Decision) { m.decided } else { 0 };
        match exit {
            Exit::False => {}
            Exit::True if chosen < row.outcomes => self.fire(number, chosen),
            Exit::True => self.failed(row, number, kind, FailureSite::NONE),
            Exit::Error => self.failed(row, number, kind, m.note),
        }
    }

    /// A rule that is known to say this outcome.
    #[inline]
    pub(in crate::runtime) fn speak(&mut self, rule: u16, chosen: u16) {
        let rank = self.program.plan.rank(rule);
        if chosen != 0 || rank == Rank::SILENT {
            return self.fire(rule, chosen);
        }
        self.claim(rule, rank);
    }

    /// A rule that chose an outcome.
    #[inline(never)]
    fn fire(&mut self, rule: u16, chosen: u16) {
        let module = &self.program.module;
        let Some(row) = module.rules.get(usize::from(rule)) else { return };
        let outcome = row.first_outcome + chosen;
        match module.outcomes.get(usize::from(outcome)) {
            Some(said) => self.claim(rule, Rank::of(row, said, outcome)),
            None => self.failed(row, rule, None, FailureSite::NONE),
        }
    }

    #[inline]
    fn claim(&mut self, rule: u16, rank: Rank) {
        let fired = Fired { rule, outcome: rank.outcome() };
        if rank.decides() {
            self.fired.push(fired);
            self.stand(rule, rank);
        } else {
            self.shadow.push(fired);
            *self.used = true;
        }
    }

    /// A rule that failed is reported. One that could have refused stands at the level of
    /// `on_error`; a decision function denies, for nobody knows what it would have said.
    pub(in crate::runtime) fn failed(
        &mut self,
        row: &RuleRow,
        rule: u16,
        kind: Option<FunctionKind>,
        note: FailureSite,
    ) {
        self.fail(ProgramItem::Rule(rule), note);
        if let Some(rank) = standing(self.program, row, kind) {
            self.stand(rule, rank);
        }
    }

    /// Rules come in document order, so of two that are equal the first stays.
    #[inline]
    fn stand(&mut self, rule: u16, rank: Rank) {
        if rank < self.winner.0 {
            self.winner = (rank, rule);
        }
    }

    pub(in crate::runtime) fn fail(&mut self, by: ProgramItem, note: FailureSite) {
        self.failures.push(Failure { by, class: note.class, pc: note.pc });
    }

    #[inline]
    pub(in crate::runtime) const fn verdict(&self, cost: u64) -> Verdict {
        let (rank, rule) = self.winner;
        Verdict { rank, rule, cost }
    }
}

/// How loud a rule that failed speaks; `None` where it is only reported.
pub(in crate::runtime) fn standing(
    program: &Program,
    row: &RuleRow,
    kind: Option<FunctionKind>,
) -> Option<Rank> {
    if row.shadow {
        return None;
    }
    let module = &program.module;
    let effect = module.outcomes.get(usize::from(row.first_outcome)).map(|row| row.effect);
    let level = failure_effect(kind, effect, module.manifest.on_error.effect)?;
    Some(Rank::failed(row, level))
}

/// Calls a function with nothing noted.
pub(in crate::runtime) fn call<O: Watching>(
    m: &mut Machine<'_, O>,
    file: &mut [Value],
    function: u16,
) -> Exit {
    m.note = FailureSite::NONE;
    call::function(m, file, function)
}
