//! Decisions about requests: what rules came to, and what the session makes of that.
//!
//! In:      a decision, the answer, what is waited for and asked.
//! Out:     `Decided`: the effect that a call has here, as data.
//! Imports: `lang`, `runtime::vm`.
//! Source:  `docs/sessions.md`.

use crate::lang::decision::Effect;
use crate::runtime::session::answer::Answer;
use crate::runtime::session::approvals::Asking;
use crate::runtime::session::meters::Reading;
use crate::runtime::session::provenance::Provenance;
use crate::runtime::vm::decision::Decision;
use crate::runtime::vm::observe::Witness;
use crate::runtime::vm::pending::PendingCall;
use crate::runtime::vm::report::DecisionReport;

/// Why a call is denied though no rule denies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionDenial {
    /// It waited for a function of the host in vain.
    Overdue,
    /// It waits for a function of the host.
    Pending,
    /// Approvers have refused it.
    Refused,
    /// It was asked or tried too often.
    TooOften,
}

impl SessionDenial {
    /// As records spell it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Pending => "pending",
            Self::Refused => "refused",
            Self::TooOften => "too_often",
        }
    }

    /// What a word of a record says.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Overdue, Self::Pending, Self::Refused, Self::TooOften];
        all.into_iter().find(|it| it.word() == word)
    }

    /// Whether the call waited for a function of the host, so that what the rules came to says
    /// nothing.
    #[must_use]
    pub const fn waits(self) -> bool {
        matches!(self, Self::Overdue | Self::Pending)
    }
}

/// A decision about a request.
#[derive(Debug)]
pub struct Decided<'a> {
    /// What the rules came to. Whether the call may be made says `effect`.
    pub(crate) decision: Decision<'a>,
    /// Every value of the arguments, in the order in which they are written.
    pub values: Vec<Provenance>,
    /// What meters had measured, of those that measure the call or are asked.
    pub readings: Vec<Reading<'a>>,
    /// What is asked of approvers, where the call was escalated by a rule.
    pub asking: Option<Asking<'a>>,
    /// What the call is answered, where it is not allowed; none where it waits.
    pub answer: Option<Answer>,
    /// The calls of host functions that it waits for: nothing may be done before their results came
    /// and it was asked again.
    pub pending: Vec<PendingCall>,
    /// Whether it waited for one in vain.
    pub is_overdue: bool,
    /// Whether approvers have refused it.
    pub is_refused: bool,
    /// The step of the plan that the call is, and how it deviates, if there is a plan.
    pub planned: Option<(String, &'static str)>,
    /// How the atoms came out, where `Work` has a witness.
    pub witness: Option<&'a Witness>,
}

impl<'a> Decided<'a> {
    /// What the rules came to, which is *not* what may be done: a call that they allow may wait for
    /// a function of the host, or have waited in vain. That is `effect`.
    #[must_use]
    pub const fn by_rules(&self) -> &Decision<'a> {
        &self.decision
    }

    /// The same, for what writes into it: digests and reports.
    #[must_use]
    pub const fn by_rules_mut(&mut self) -> &mut Decision<'a> {
        &mut self.decision
    }

    /// The rule that decided, if one did.
    #[must_use]
    pub fn rule(&self) -> Option<&str> {
        self.decision.rule()
    }

    /// The effect: what approvers have refused is denied, what was asked too often, and what waits
    /// for a function of the host.
    #[must_use]
    pub fn effect(&self) -> Option<Effect> {
        let denied = self.answer.as_ref().is_some_and(|answer| answer.decision == Effect::Deny);
        if self.is_overdue || !self.pending.is_empty() {
            return Some(Effect::Deny);
        }
        match self.decision.effect() {
            Some(Effect::Escalate) if denied => Some(Effect::Deny),
            effect => effect,
        }
    }

    /// The decision as data of its own, with the effect that it has here: what was waited for in
    /// vain is a deny, and so is what approvers have refused, and what was asked too often.
    #[must_use]
    pub fn report(&mut self) -> DecisionReport {
        let mut report = DecisionReport::of(&mut self.decision);
        report.pending.clone_from(&self.pending);
        if self.pending.is_empty() {
            report.effect = self.effect();
        } else {
            report.awaited.clear();
        }
        if report.effect != Some(Effect::Escalate) {
            report.escalation = None;
        }
        report
    }

    /// Why it is denied though no rule denies it.
    #[must_use]
    pub fn denial(&self) -> Option<SessionDenial> {
        let denied = || self.effect() == Some(Effect::Deny);
        match self.decision.effect() {
            _ if self.is_overdue => Some(SessionDenial::Overdue),
            _ if !self.pending.is_empty() => Some(SessionDenial::Pending),
            _ if self.is_refused => Some(SessionDenial::Refused),
            Some(Effect::Escalate) if denied() => Some(SessionDenial::TooOften),
            _ => None,
        }
    }
}
