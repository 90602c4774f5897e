//! The decision: what was decided, by whom, and why.
//!
//! In:      the verdict, and the scratch that it was made in.
//! Out:     `Decision`, which borrows; `DecisionReport` (`report`) owns.
//! Imports: `lang`, `runtime::program`.

use crate::lang::decision::Effect;
use crate::lang::value::heap::View;
use crate::lang::value::{Value, json};
use crate::runtime::bundle::module::{EscalationRow, NONE};
use crate::runtime::program::Program;
use crate::runtime::vm::message;
use crate::runtime::vm::observe::{NoObserver, Observer};
use crate::runtime::vm::request::error::InputError;
use crate::runtime::vm::request::{Filled, Moment};
use crate::runtime::vm::scratch::{Failure, Fired};

/// What the rules came to.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Verdict {
    pub(in crate::runtime) effect: Option<Effect>,
    pub(in crate::runtime) rule: Option<u16>,
    /// The winner's outcome, or `NONE`.
    pub(in crate::runtime) outcome: u16,
    pub(in crate::runtime) escalation: u16,
    pub(in crate::runtime) cost: u64,
    pub(in crate::runtime) refused: Option<InputError>,
}

impl Verdict {
    /// An input that is not evaluated.
    pub(in crate::runtime) const fn refused(error: InputError) -> Self {
        Self {
            effect: Some(Effect::Deny),
            rule: None,
            outcome: NONE,
            escalation: NONE,
            cost: 0,
            refused: Some(error),
        }
    }
}

/// A decision. It borrows the scratch that it was made in, and its input.
#[derive(Debug)]
pub struct Decision<'a> {
    filled: Filled<'a>,
    verdict: Verdict,
    moment: Moment<'a>,
}

impl<'a> Decision<'a> {
    pub(in crate::runtime) const fn of(
        filled: Filled<'a>,
        verdict: Verdict,
        moment: &Moment<'a>,
    ) -> Self {
        Self { filled, verdict, moment: *moment }
    }

    /// The program that decided.
    #[must_use]
    pub const fn program(&self) -> &'a Program {
        self.filled.program
    }

    /// When, and with what, it was decided.
    #[must_use]
    pub const fn moment(&self) -> Moment<'a> {
        self.moment
    }

    /// The effect; `None` where nothing in the bundle can decide.
    #[must_use]
    pub const fn effect(&self) -> Option<Effect> {
        self.verdict.effect
    }

    /// The rule that won; `None` where the default spoke or the input was refused.
    #[must_use]
    pub const fn winner(&self) -> Option<u16> {
        self.verdict.rule
    }

    /// Id of the rule that won.
    #[must_use]
    pub fn rule(&self) -> Option<&'a str> {
        self.verdict.rule.map(|rule| self.program().rule_id(rule))
    }

    /// The rules that fired, in document order.
    #[must_use]
    pub fn fired(&self) -> &[Fired] {
        &self.filled.scratch.fired
    }

    /// Ids of the rules that fired, in document order.
    pub fn fired_ids(&self) -> impl Iterator<Item = &'a str> {
        let program = self.program();
        self.filled.scratch.fired.iter().map(|fired| program.rule_id(fired.rule))
    }

    /// Shadow rules that fired, in document order. They decide nothing.
    #[must_use]
    pub fn shadow(&self) -> &[Fired] {
        &self.filled.scratch.shadow
    }

    /// Ids of the shadow rules that fired.
    pub fn shadow_ids(&self) -> impl Iterator<Item = &'a str> {
        let program = self.program();
        self.filled.scratch.shadow.iter().map(|fired| program.rule_id(fired.rule))
    }

    /// What failed: rules, outputs, and, once it was asked for, the reason.
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        &self.filled.scratch.failures
    }

    /// Why the input was refused, if it was.
    #[must_use]
    pub const fn input_error(&self) -> Option<InputError> {
        self.verdict.refused
    }

    /// To whom an escalation goes.
    #[must_use]
    pub fn escalation(&self) -> Option<&'a EscalationRow> {
        let escalate = self.verdict.effect == Some(Effect::Escalate);
        let rows = &self.program().module.escalations;
        rows.get(usize::from(self.verdict.escalation)).filter(|_| escalate)
    }

    /// Cost in units: what was counted where the program is metered, else the static cost of
    /// what ran.
    #[must_use]
    pub const fn cost(&self) -> u64 {
        self.verdict.cost
    }

    /// Values of the outputs in document order: name and value, or an error.
    pub fn outputs(&self) -> impl Iterator<Item = (&'a str, Value)> {
        let program = self.program();
        let rows = program.module.outputs.iter();
        rows.zip(&self.filled.scratch.outputs)
            .map(|(row, value)| (program.string(row.name), *value))
    }

    /// Why the output with this number is what it is: the explanations of the entries that gave it,
    /// in their order. They are made when they are asked for; where one fails there are none, and
    /// the failure is noted.
    pub fn explanations(&mut self, output: u16) -> Vec<String> {
        let Some(list) = message::explain(&mut self.filled, &self.moment, output) else {
            return Vec::new();
        };
        let view = self.view();
        let written = view.elements(&list).iter().map(|part| {
            let mut text = String::new();
            json::write_text(&view, part, &mut text).map(|()| text)
        });
        written.collect::<Result<_, _>>().unwrap_or_default()
    }

    /// What values of this decision point into.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        let Filled { program, scratch, request, .. } = &self.filled;
        View {
            request,
            program_text: &program.text,
            program_elements: &program.elements,
            descriptors: &program.descriptors,
            text: scratch.store.text(),
            elements: scratch.store.elements(),
        }
    }

    /// Slots and registers as the decision left them.
    #[must_use]
    pub fn file(&self) -> &[Value] {
        &self.filled.scratch.file
    }

    /// The winner's message; empty where it has none. It is made when it is asked for.
    pub fn reason(&mut self) -> &str {
        self.reason_observed(NoObserver)
    }

    /// As `reason`, while somebody watches.
    pub fn reason_observed<O: Observer>(&mut self, observer: O) -> &str {
        message::render(&mut self.filled, &self.moment, &self.verdict, observer);
        &self.filled.scratch.text
    }
}
