//! What can be decided about an input some of whose values are unknown.
//!
//! In:      what every rule that is asked can say.
//! Out:     `PartialDecision`.
//! Imports: `lang`, `runtime::bundle`, `runtime::program`.
//! Source:  `docs/decisions.md`, "How rules combine"; `docs/unknowns.md`.

use crate::lang::decision::Effect;
use crate::lang::error::EvalError;
use crate::runtime::bundle::module::RuleRow;
use crate::runtime::program::Program;
use crate::runtime::program::rank::Rank;
use crate::runtime::vm::canonical::Canonical;
use crate::runtime::vm::machine::FailureSite;
use crate::runtime::vm::partial::fact::{Classes, Sources};
use crate::runtime::vm::report::DecisionReport;
use crate::runtime::vm::tally::standing;

/// What can be decided. What is definite holds for every value that the unknowns can have.
#[derive(Clone, Debug)]
pub struct PartialDecision {
    /// The effects that are possible, as `DecisionReport::effect` has them, the loudest first; one
    /// where it is definite.
    pub effects: Vec<Option<Effect>>,
    /// The decision, where all that its digest covers is definite.
    pub report: Option<DecisionReport>,
    /// What its digest is made of, where there is a report.
    pub canonical: Option<Canonical>,
    /// Whether the input may be refused: it is if this is all that can happen.
    pub refused: bool,
    /// What the rules that are asked can say, in document order.
    pub rules: Vec<RuleOutcomes>,
    /// The message of the winner, where both are definite.
    pub reason: Option<String>,
    /// The unknowns that the effect hangs on, rows of `Unknowns`, ascending. Whatever the others
    /// are, these tell the effect.
    pub blockers: Vec<usize>,
    /// The unknowns that anything of the decision hangs on that its digest covers.
    pub open: Vec<usize>,
    /// How many times what an atom comes to was known from the witness alone.
    pub by_facts: usize,
    /// What each atom can come to, in their order.
    pub atoms: Vec<AtomOutcomes>,
    /// Whether an atom is asked whatever the unknowns are, so that there is a witness.
    pub asks: bool,
}

/// What an atom can come to. One that no way looked at can come to nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AtomOutcomes {
    /// It may hold.
    pub holds: bool,
    /// It may not hold.
    pub holds_not: bool,
    /// It may fail.
    pub fails: bool,
}

impl AtomOutcomes {
    /// Whether it holds, where that is certain.
    #[must_use]
    pub const fn truth(self) -> Option<bool> {
        match (self.holds, self.holds_not, self.fails) {
            (true, false, false) => Some(true),
            (false, true, false) => Some(false),
            _ => None,
        }
    }

    /// Whether a way looked at it.
    #[must_use]
    pub const fn is_seen(self) -> bool {
        self.holds || self.holds_not || self.fails
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.holds |= other.holds;
        self.holds_not |= other.holds_not;
        self.fails |= other.fails;
    }
}

/// What a rule can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleOutcomes {
    /// The rule.
    pub rule: u16,
    /// Whether it may be silent, or not asked.
    pub silent: bool,
    /// The outcomes that it can say, counted from its first.
    pub fires: Vec<u16>,
    /// The classes that it can fail with.
    pub fails: Vec<EvalError>,
    /// The unknowns that this hangs on, rows of `Unknowns`, ascending.
    pub blockers: Vec<usize>,
}

impl RuleOutcomes {
    /// Whether there is one thing that it can say.
    #[must_use]
    pub const fn is_definite(&self) -> bool {
        self.silent as usize + self.fires.len() + self.fails.len() == 1
    }
}

impl PartialDecision {
    /// The effect, where it is definite.
    #[must_use]
    pub fn effect(&self) -> Option<Option<Effect>> {
        if let [effect] = self.effects.as_slice() { Some(*effect) } else { None }
    }

    /// The digest of the decision, where all that it covers is definite.
    #[must_use]
    pub fn digest(&self) -> Option<[u8; 32]> {
        self.report.as_ref().map(|report| report.digest)
    }
}

/// What a rule can say, in the making.
#[derive(Clone, Debug)]
pub(super) struct RuleDraft {
    pub(super) rule: u16,
    pub(super) silent: bool,
    pub(super) fires: Vec<u16>,
    pub(super) fails: Classes,
    /// The instruction that failed, if there is one; as `FailureSite::pc`.
    pub(super) pc: u32,
    pub(super) doubt: Sources,
}

impl RuleDraft {
    /// Nothing yet.
    pub(super) fn new(rule: u16) -> Self {
        let doubt = Sources::default();
        let pc = FailureSite::NOWHERE;
        Self { rule, silent: false, fires: Vec::new(), fails: Classes::NONE, pc, doubt }
    }

    /// Whether there is nothing that it can say.
    pub(super) const fn is_nothing(&self) -> bool {
        !self.silent && self.fires.is_empty() && self.fails.is_empty()
    }

    /// As others see it.
    pub(super) fn outcomes(&self) -> RuleOutcomes {
        RuleOutcomes {
            rule: self.rule,
            silent: self.silent,
            fires: self.fires.clone(),
            fails: self.fails.list(),
            blockers: self.doubt.rows().collect(),
        }
    }

    /// Whether what a digest covers is the same whatever it says.
    pub(super) fn is_definite(&self, row: &RuleRow) -> bool {
        let ways = usize::from(self.silent) + self.fires.len() + self.fails.list().len();
        // Which shadow rules fired is no part of a decision, which failed is.
        ways == 1 || row.shadow && self.fails.is_empty()
    }

    /// How loud it can speak, the loudest first.
    pub(super) fn ranks(&self, program: &Program, row: &RuleRow) -> Vec<Rank> {
        let module = &program.module;
        let mut ranks: Vec<Rank> = Vec::new();
        if self.silent {
            ranks.push(Rank::SILENT);
        }
        for chosen in &self.fires {
            let outcome = row.first_outcome.saturating_add(*chosen);
            let said = module.outcomes.get(usize::from(outcome));
            let rank = said.map_or(Rank::SILENT, |said| Rank::of(row, said, outcome));
            ranks.push(if rank.decides() { rank } else { Rank::SILENT });
        }
        if !self.fails.is_empty() {
            let kind = program.module.functions.get(usize::from(row.function)).map(|it| it.kind);
            ranks.push(standing(program, row, kind).unwrap_or(Rank::SILENT));
        }
        ranks.sort_unstable();
        ranks
    }
}

/// Who can win, and what that hangs on.
pub(super) struct Contest {
    pub(super) effects: Vec<Option<Effect>>,
    pub(super) doubt: Sources,
}

/// Lets the rules speak that are asked. `refused` is what a refusal hangs on, if there can be one.
pub(super) fn contest(program: &Program, said: &[RuleDraft], refused: Option<&Sources>) -> Contest {
    let rows = said.iter().filter_map(|said| {
        let row = program.module.rules.get(usize::from(said.rule))?;
        Some((said, said.ranks(program, row)))
    });
    let all: Vec<(&RuleDraft, Vec<Rank>)> = rows.collect();
    // What somebody says at least, whatever the unknowns are.
    let quietest = all.iter().filter_map(|(_, ranks)| ranks.last().copied());
    let sure = quietest.min().unwrap_or(Rank::SILENT);
    let default = program.module.manifest.default.map(|default| default.effect);
    let effect = |rank: Rank| rank.level().map_or(default, Some);
    let mut ranks: Vec<Rank> = all.iter().flat_map(|(_, ranks)| ranks).copied().collect();
    ranks.retain(|rank| *rank <= sure);
    ranks.push(sure);
    ranks.extend(refused.map(|_| Rank::REFUSED));
    ranks.sort_unstable();
    let mut effects: Vec<Option<Effect>> = Vec::new();
    for rank in &ranks {
        if !effects.contains(&effect(*rank)) {
            effects.push(effect(*rank));
        }
    }
    // Who speaks changes nothing if whoever else may win then says the same.
    let matters = |rank: Rank| {
        let mut others = ranks.iter().filter(|other| **other >= rank);
        others.any(|other| effect(*other) != effect(rank))
    };
    let mut doubt = Sources::default();
    if let Some(sources) = refused.filter(|_| matters(Rank::REFUSED)) {
        doubt.add(sources);
    }
    for (said, own) in &all {
        if own.iter().any(|rank| matters(*rank)) {
            doubt.add(&said.doubt);
        }
    }
    Contest { effects, doubt }
}
