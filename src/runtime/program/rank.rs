//! Ranks: who wins, as one number.
//!
//! In:      rules and their outcomes.
//! Out:     `Rank`: of two the lower wins.
//! Imports: `lang`, `runtime::bundle`.
//! Source:  `docs/decisions.md`, "How rules combine".

use crate::lang::decision::Effect;
use crate::runtime::bundle::module::{NONE, OutcomeRow, RuleRow};

/// How loud somebody speaks. From the highest bit: two for the level, whether it stands there only
/// because it failed, 32 for the priority, in the lowest 16 its outcome. Shadow rules have a level
/// of their own, behind all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::runtime) struct Rank(u64);

const LEVEL: u32 = 62;
const FAILED: u64 = 1 << 61;
const PRIORITY: u32 = 16;
const SHADOW: u64 = 3;

impl Rank {
    /// Nobody.
    pub(in crate::runtime) const SILENT: Self = Self(u64::MAX);

    /// What refuses an input: it denies, and has no outcome.
    pub(in crate::runtime) const REFUSED: Self = Self(NONE as u64);

    /// A rule that fired with this outcome.
    pub(in crate::runtime) fn of(row: &RuleRow, said: &OutcomeRow, outcome: u16) -> Self {
        if row.shadow { Self(SHADOW << LEVEL) } else { Self::at(said.effect, row) }.with(outcome)
    }

    /// A rule that stands at this level because it failed.
    pub(in crate::runtime) fn failed(row: &RuleRow, level: Effect) -> Self {
        Self(Self::at(level, row).0 | FAILED).with(NONE)
    }

    fn at(level: Effect, row: &RuleRow) -> Self {
        let level = match level {
            Effect::Deny => 0,
            Effect::Escalate => 1,
            Effect::Allow => 2,
        };
        let priority = u64::from(row.priority.cast_unsigned() ^ 1 << 31);
        Self(level << LEVEL | priority << PRIORITY)
    }

    const fn with(self, outcome: u16) -> Self {
        Self(self.0 | outcome as u64)
    }

    /// Whether it is that of a shadow rule, or of nobody.
    #[inline]
    pub(in crate::runtime) const fn decides(self) -> bool {
        self.0 >> LEVEL != SHADOW
    }

    /// The level; `None` for what decides nothing.
    pub(in crate::runtime) const fn level(self) -> Option<Effect> {
        match self.0 >> LEVEL {
            0 => Some(Effect::Deny),
            1 => Some(Effect::Escalate),
            2 => Some(Effect::Allow),
            _ => None,
        }
    }

    /// The outcome, an index of `Module::outcomes`; `NONE` of who failed, and of nobody.
    #[expect(clippy::cast_possible_truncation, reason = "the outcome is the lowest part")]
    #[inline]
    pub(in crate::runtime) const fn outcome(self) -> u16 {
        self.0 as u16
    }
}
