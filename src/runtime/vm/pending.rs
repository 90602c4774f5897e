//! Decisions that wait for host functions.
//!
//! In:      what rules said, and which of them failed for want of a result.
//! Out:     whether a result could change the effect, and which calls are to be made.
//! Imports: `lang`, `runtime::program`.
//! Source:  `docs/facts.md`.
//!
//! A rule that lacks a result has failed like any other, so nothing is opened by that. What is told
//! here is that another effect could come of it.

use crate::lang::decision::Effect;
use crate::lang::error::EvalError;
use crate::runtime::program::Program;
use crate::runtime::program::dispatch::ProgramItem;
use crate::runtime::program::rank::Rank;
use crate::runtime::vm::decision::Decision;
use crate::runtime::vm::missing::UnansweredCalls;
use crate::runtime::vm::tally::standing;

/// A call of a host function whose result a decision waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingCall {
    /// The function.
    pub function: String,
    /// Its arguments: a list, as JSON.
    pub arguments: String,
    /// The digest that its result is found by.
    pub digest: [u8; 32],
    /// Whether who asks for the decision goes on meanwhile.
    pub is_async: bool,
    /// Nanoseconds until it is waited for in vain; `None` without an end.
    pub timeout_ns: Option<i64>,
}

impl Decision<'_> {
    /// Whether a result that a host function has not given yet could change the effect. What
    /// `effect` says until then allows nothing that a result could forbid.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        let program = self.program();
        let module = &program.module;
        let lacks = self.failures().iter().any(|failure| failure.class == EvalError::Pending);
        let asked = lacks || !self.missing().is_empty();
        if !asked {
            return false;
        }
        let said = self.fired().iter().filter_map(|fired| {
            module.outcomes.get(usize::from(fired.outcome)).map(|outcome| outcome.effect)
        });
        let said = said.max();
        // What fails in the message of a rule that fired changes no effect. Of the others nobody
        // knows what they would say: one that fails otherwise may have lacked a result beside that.
        let spoke = |rule: u16| self.fired().iter().any(|fired| fired.rule == rule);
        let waiting = self.failures().iter().filter_map(|failure| match failure.by {
            ProgramItem::Rule(rule) if !spoke(rule) => module.rules.get(usize::from(rule)),
            ProgramItem::Rule(_) | ProgramItem::Output(_) => None,
        });
        let mut waiting = waiting.filter(|row| !row.shadow).peekable();
        if waiting.peek().is_none() {
            return false;
        }
        let default = module.manifest.default.map(|default| default.effect);
        let differs = |effect: Option<Effect>| effect != self.effect();
        let louder = |effect: &Effect| said.is_none_or(|said| *effect > said);
        // Once its result is there a rule may be silent, say what it says, or fail after all.
        differs(said.or(default))
            || waiting.any(|row| {
                let first = usize::from(row.first_outcome);
                let outcomes = module.outcomes.get(first..first + usize::from(row.outcomes));
                let outcomes = outcomes.into_iter().flatten().map(|outcome| outcome.effect);
                let function = program.module.functions.get(usize::from(row.function));
                let failed = standing(program, row, function.map(|it| it.kind));
                let failed = failed.and_then(Rank::level);
                outcomes.chain(failed).filter(louder).any(|effect| differs(Some(effect)))
            })
    }

    /// The calls of host functions whose results it waits for; none where it is not pending.
    #[must_use]
    pub fn pending(&self) -> Vec<PendingCall> {
        if self.is_pending() { awaited(self.program(), self.missing()) } else { Vec::new() }
    }

    /// The calls of host functions for want of which an output is missing, where nothing else waits
    /// for them: whatever they give, the effect stays.
    #[must_use]
    pub fn awaited_by_outputs(&self) -> Vec<PendingCall> {
        let lacks = self.failures().iter().any(|failure| {
            failure.class == EvalError::Pending && matches!(failure.by, ProgramItem::Output(_))
        });
        if lacks && !self.is_pending() {
            awaited(self.program(), self.missing())
        } else {
            Vec::new()
        }
    }
}

/// Calls that no table has a result of, with what is declared of their functions.
pub(in crate::runtime) fn awaited(
    program: &Program,
    missing: &UnansweredCalls,
) -> Vec<PendingCall> {
    let call = |(host, digest, arguments): (u16, [u8; 32], &str)| {
        let row = program.module.hosts.get(usize::from(host))?;
        Some(PendingCall {
            function: program.string(row.name).to_owned(),
            arguments: arguments.to_owned(),
            digest,
            is_async: row.is_async,
            timeout_ns: row.timeout_ns,
        })
    };
    missing.calls().filter_map(call).collect()
}
