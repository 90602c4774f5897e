//! The decision: what was decided, by whom, and why.
//!
//! In:      the verdict, and the scratch that it was made in.
//! Out:     `Decision`, which borrows; `DecisionReport` (`report`) owns.
//! Imports: `lang`, `runtime::bundle`, `runtime::program`.

use crate::lang::decision::Effect;
use crate::lang::value::heap::View;
use crate::lang::value::{Tag, Value, json};
use crate::runtime::bundle::module::{EscalationRow, NONE};
use crate::runtime::program::Program;
use crate::runtime::program::rank::Rank;
use crate::runtime::vm::message;
use crate::runtime::vm::missing::UnansweredCalls;
use crate::runtime::vm::observe::{NoObserver, Observer, Watching};
use crate::runtime::vm::request::error::InputError;
use crate::runtime::vm::request::{Filled, Moment, Origin};
use crate::runtime::vm::scratch::{Failure, Fired, Scratch};

/// What the rules came to.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Verdict {
    /// How loud the winner spoke.
    pub(in crate::runtime) rank: Rank,
    /// The winner; `NONE` where the default speaks, and where the input is refused.
    pub(in crate::runtime) rule: u16,
    pub(in crate::runtime) cost: u64,
}

impl Verdict {
    /// Of an input that is not evaluated.
    pub(in crate::runtime) const REFUSED: Self = Self { rank: Rank::REFUSED, rule: NONE, cost: 0 };

    /// The template of the winner's message.
    pub(in crate::runtime) fn template(&self, program: &Program) -> Option<u16> {
        let outcome = program.module.outcomes.get(usize::from(self.rank.outcome()))?;
        Some(outcome.template).filter(|template| *template != NONE)
    }
}

/// A decision. It borrows the scratch that it was made in, and its input.
#[derive(Debug)]
pub struct Decision<'a> {
    program: &'a Program,
    scratch: &'a mut Scratch,
    request: &'a [u8],
    verdict: Verdict,
    moment: Moment<'a>,
}

impl<'a> Decision<'a> {
    #[inline]
    pub(in crate::runtime) const fn of(
        filled: Filled<'a>,
        verdict: Verdict,
        moment: &Moment<'a>,
    ) -> Self {
        let Filled { program, scratch, request, .. } = filled;
        Self { program, scratch, request, verdict, moment: *moment }
    }

    /// The program that decided.
    #[must_use]
    pub const fn program(&self) -> &'a Program {
        self.program
    }

    /// When, and with what, it was decided.
    #[must_use]
    pub const fn moment(&self) -> Moment<'a> {
        self.moment
    }

    /// The effect; `None` where nothing in the bundle can decide.
    #[must_use]
    pub const fn effect(&self) -> Option<Effect> {
        match (self.verdict.rank.level(), self.program.module.manifest.default) {
            (Some(level), _) => Some(level),
            (None, Some(default)) => Some(default.effect),
            (None, None) => None,
        }
    }

    /// Whether the call may be made: the effect is to allow. A denial, an escalation and no effect
    /// at all permit nothing, so a gateway asks this and not whether the effect is `Deny`.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        matches!(self.effect(), Some(Effect::Allow))
    }

    /// The rule that won; `None` where the default spoke or the input was refused.
    #[must_use]
    pub const fn winner(&self) -> Option<u16> {
        if self.verdict.rule == NONE { None } else { Some(self.verdict.rule) }
    }

    /// Id of the rule that won.
    #[must_use]
    pub fn rule(&self) -> Option<&'a str> {
        self.winner().map(|rule| self.program().rule_id(rule))
    }

    /// Writes the request's key: the text of the slot that chooses rules, mostly the tool.
    pub fn key_into(&self, key: &mut Option<String>) {
        let slot = self.scratch.file.get(usize::from(self.program.plan.key_slot));
        let Some(slot) = slot.filter(|slot| slot.tag() == Tag::String) else {
            *key = None;
            return;
        };
        let view = self.view();
        let text = key.get_or_insert_default();
        text.clear();
        text.push_str(view.str(slot));
    }

    /// The rules that fired, in document order.
    #[must_use]
    pub fn fired(&self) -> &[Fired] {
        &self.scratch.fired
    }

    /// Ids of the rules that fired, in document order.
    pub fn fired_ids(&self) -> impl Iterator<Item = &'a str> {
        let program = self.program();
        self.scratch.fired.iter().map(|fired| program.rule_id(fired.rule))
    }

    /// Shadow rules that fired, in document order. They decide nothing.
    #[must_use]
    pub fn shadow(&self) -> &[Fired] {
        &self.scratch.shadow
    }

    /// Ids of the shadow rules that fired.
    pub fn shadow_ids(&self) -> impl Iterator<Item = &'a str> {
        let program = self.program();
        self.scratch.shadow.iter().map(|fired| program.rule_id(fired.rule))
    }

    /// What failed: rules, outputs, and, once it was asked for, the reason.
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        &self.scratch.failures.list
    }

    /// What host functions were asked, and nobody has answered.
    pub(in crate::runtime) const fn missing(&self) -> &UnansweredCalls {
        &self.scratch.workings.missing
    }

    /// Why the input was refused, if it was.
    #[must_use]
    pub const fn input_error(&self) -> Option<InputError> {
        self.scratch.refused
    }

    /// Makes it a deny of class `AUDIT` that says nothing else: it must be recorded, and could not
    /// be.
    pub fn deny_unrecorded(&mut self) {
        self.verdict = Verdict::REFUSED;
        let Scratch { fired, shadow, failures, outputs, refused, unrecorded, used, .. } =
            &mut *self.scratch;
        fired.clear();
        shadow.clear();
        failures.list.clear();
        outputs.clear();
        (*refused, *unrecorded, *used) = (None, true, true);
    }

    /// Whether it was denied because it could not be recorded.
    #[must_use]
    pub const fn is_unrecorded(&self) -> bool {
        self.scratch.unrecorded
    }

    /// To whom an escalation goes.
    #[must_use]
    pub fn escalation(&self) -> Option<&'a EscalationRow> {
        let module = &self.program.module;
        let outcome = module.outcomes.get(usize::from(self.verdict.rank.outcome()));
        let said = outcome.map(|row| row.escalation);
        let escalation = match self.winner() {
            // Who failed stands at the level of `on_error`.
            Some(_) => said.unwrap_or(module.manifest.on_error.escalation),
            None => module.manifest.default?.escalation,
        };
        let escalate = self.effect() == Some(Effect::Escalate);
        module.escalations.get(usize::from(escalation)).filter(|_| escalate)
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
        rows.zip(&self.scratch.outputs).map(|(row, value)| (program.string(row.name), *value))
    }

    /// Name and value, or an error, of the output with this number.
    pub(in crate::runtime) fn output(&self, at: u16) -> Option<(&'a str, Value)> {
        let program = self.program();
        let row = program.module.outputs.get(usize::from(at))?;
        Some((program.string(row.name), *self.scratch.outputs.get(usize::from(at))?))
    }

    /// The message, as it was made when it was asked for last; without what records withhold.
    pub(in crate::runtime) fn said(&self) -> &str {
        let template = self.verdict.template(self.program);
        let quotes = template.is_some_and(|it| self.program.withheld.is_quoted_in(it));
        if quotes { &self.scratch.told } else { &self.scratch.text }
    }

    /// Why the output with this number is what it is: the explanations of the entries that gave it,
    /// in their order. They are made when they are asked for; where one fails there are none, and
    /// the failure is noted.
    pub fn explanations(&mut self, output: u16) -> Vec<String> {
        let Some(list) = self.explained(output) else { return Vec::new() };
        let view = self.view();
        let written = view.elements(&list).iter().map(|part| {
            let mut text = String::new();
            json::write_text(&view, part, &mut text).map(|()| text)
        });
        written.collect::<Result<_, _>>().unwrap_or_default()
    }

    /// As `explanations`, as a list of what becomes texts; `None` where there are none.
    pub(in crate::runtime) fn explained(&mut self, output: u16) -> Option<Value> {
        let moment = self.moment;
        message::explain(&mut self.filled(), &moment, output)
    }

    /// The input as bytes, where it came as bytes, and how it came.
    pub(in crate::runtime) const fn input(&self) -> (&'a [u8], Origin) {
        (self.request, self.scratch.origin)
    }

    /// What values of this decision point into.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        let Self { program, scratch, request, .. } = self;
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
        &self.scratch.file
    }

    /// The winner's message; empty where it has none. It is made when it is asked for.
    pub fn reason(&mut self) -> &str {
        self.reasoned(NoObserver)
    }

    /// As `reason`, while somebody watches.
    pub fn reason_observed(&mut self, observer: &mut dyn Observer) -> &str {
        self.reasoned(observer)
    }

    fn reasoned<O: Watching>(&mut self, observer: O) -> &str {
        let (moment, verdict) = (self.moment, self.verdict);
        message::render(&mut self.filled(), &moment, &verdict, observer);
        &self.scratch.text
    }

    /// The input, lent.
    const fn filled(&mut self) -> Filled<'_> {
        let Self { program, scratch, request, .. } = self;
        Filled { program, scratch, request, error: None }
    }
}
