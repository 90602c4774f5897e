//! Answers to calls that are not allowed: what the model is told, and what it may do instead.
//!
//! In:      a call, the rule that objects to it, the state.
//! Out:     `Answer`, as data; the state, in which retries are counted and plans go back.
//! Imports: `base`, `lang`, `runtime::bundle`, `runtime::program`, `runtime::vm`.
//! Source:  `docs/sessions.md`, "Answers".
//!
//! A message is an oracle for whoever leads the model. So what is told is what the policy says, no
//! value is quoted that carries what is not trusted, and what is offered was decided before.

use crate::base::invisible::spelled;
use crate::base::limits::QUOTED_LETTERS_MAX;
use crate::lang::decision::Effect;
use crate::lang::session::{Disclose, Respond};
use crate::lang::value::json::{Form, write, write_string, write_text};
use crate::runtime::bundle::govern::{BacktrackRow, DenialRow, OfferRow, QuestionPart};
use crate::runtime::bundle::module::{NONE, TemplatePart};
use crate::runtime::program::Program;
use crate::runtime::session::ENTRY_BYTES;
use crate::runtime::session::approvals::called;
use crate::runtime::session::json::members;
use crate::runtime::session::plan::Undone;
use crate::runtime::session::request::Brought;
use crate::runtime::session::state::{Call, Closed};
use crate::runtime::session::step::{Outcome, Session};
use crate::runtime::session::work::Memory;
use crate::runtime::vm::request::{Moment, ingest_answered};

/// What is kept of a call that was tried.
pub(super) const TRIED_BYTES: usize = ENTRY_BYTES + size_of::<(Tried, u32)>();

/// A digest of a rule and a call, and the step of the plan that the call was.
pub(super) type Tried = ([u8; 32], Option<usize>);

/// What a call is answered that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// `Deny` or `Escalate`.
    pub decision: Effect,
    /// The rule that objects, where that is disclosed.
    pub rule: Option<String>,
    /// Its message, where that is disclosed and quotes nothing.
    pub reason: Option<String>,
    /// What may be done.
    pub respond: Respond,
    /// Calls that would be allowed.
    pub offers: Vec<Offered>,
    /// How often the call may be tried again; `None` is any number.
    pub retry_left: Option<u32>,
    /// What the principal is to be asked.
    pub question: Option<String>,
    /// Calls whose steps are undone, and the tools that undo what they did: in the order in which
    /// that is to be done.
    pub undo: Vec<Undone>,
    /// Steps of the plan that can be taken now.
    pub open: Vec<String>,
    /// Steps of the plan that cannot be taken any more.
    pub unreachable: Vec<String>,
}

/// A call that would be allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// Its tool.
    pub tool: String,
    /// Its arguments, as JSON.
    pub args: String,
}

impl Answer {
    /// The answer to an event that was refused.
    #[must_use]
    pub const fn refused() -> Self {
        Self {
            decision: Effect::Deny,
            rule: None,
            reason: None,
            respond: Respond::Fail,
            offers: Vec::new(),
            retry_left: None,
            question: None,
            undo: Vec::new(),
            open: Vec::new(),
            unreachable: Vec::new(),
        }
    }

    /// The answer as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::from("{\"decision\":");
        text(&mut out, self.decision.word());
        for (name, value) in
            [("rule", &self.rule), ("reason", &self.reason), ("question", &self.question)]
        {
            key(&mut out, name);
            optional(&mut out, value.as_deref());
        }
        key(&mut out, "respond");
        text(&mut out, self.respond.word());
        key(&mut out, "retry_left");
        let left = self.retry_left.map_or_else(|| "null".to_owned(), |left| left.to_string());
        out.push_str(&left);
        key(&mut out, "offers");
        list(&mut out, &self.offers, |out, offer| {
            out.push_str("{\"tool\":");
            text(out, &offer.tool);
            key(out, "args");
            out.push_str(&offer.args);
            out.push('}');
        });
        key(&mut out, "undo");
        list(&mut out, &self.undo, |out, undone| {
            out.push_str("{\"step\":");
            text(out, &undone.step);
            key(out, "call");
            text(out, &undone.call);
            key(out, "tool");
            optional(out, undone.tool.as_deref());
            out.push('}');
        });
        for (name, steps) in [("open", &self.open), ("unreachable", &self.unreachable)] {
            key(&mut out, name);
            list(&mut out, steps, |out, step| text(out, step));
        }
        out.push('}');
        out
    }

    /// The result of a call of the Model Context Protocol that says the same: `isError`, the
    /// answer as `structuredContent`, and as text for those who read no more.
    #[must_use]
    pub fn to_mcp(&self) -> String {
        let json = self.to_json();
        let mut out = String::from("{\"isError\":true,\"content\":[{\"type\":\"text\",\"text\":");
        text(&mut out, &json);
        out.push_str("}],\"structuredContent\":");
        out.push_str(&json);
        out.push('}');
        out
    }
}

fn text(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = write_string(out, "", text);
}

fn optional(out: &mut String, value: Option<&str>) {
    match value {
        Some(value) => text(out, value),
        None => out.push_str("null"),
    }
}

/// A comma, and the name of another member.
fn key(out: &mut String, name: &str) {
    out.push(',');
    text(out, name);
    out.push(':');
}

fn list<T>(out: &mut String, items: &[T], mut item: impl FnMut(&mut String, &T)) {
    out.push('[');
    for (at, one) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        item(out, one);
    }
    out.push(']');
}

impl Outcome<'_> {
    /// What a call is to be answered; `None` where it is allowed, or no call was asked for.
    #[must_use]
    pub fn answer(&self) -> Option<Answer> {
        match self {
            Self::Decided(decided) => decided.answer.clone(),
            Self::Recorded(_) => None,
            Self::Refused(_) => Some(Answer::refused()),
        }
    }
}

/// Whether a call that is not allowed is a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counts {
    /// It is one.
    Try,
    /// Approvers are asked about it already, and it is asked for again.
    Waits,
    /// No rule objects: a function of the host was waited for in vain.
    Overdue,
}

/// A call that is not allowed.
#[derive(Clone, Copy)]
pub(super) struct Objection<'o> {
    /// What becomes of it: what approvers have refused is denied.
    pub(super) effect: Option<Effect>,
    /// The rule that won.
    pub(super) winner: Option<u16>,
    pub(super) counts: Counts,
    /// What tries are counted by, as far as it is known: what approvers are asked about.
    pub(super) digest: Option<[u8; 32]>,
    pub(super) brought: Brought<'o>,
    /// The context that was decided about.
    pub(super) context: &'o str,
    pub(super) moment: Moment<'o>,
}

impl<'p> Session<'_, 'p> {
    /// Counts a call that is not allowed, and answers it.
    pub(super) fn answer(
        &mut self,
        call: &Call,
        of: Objection<'_>,
        aside: &mut Option<Box<Memory>>,
    ) -> Answer {
        let program = self.ground.program;
        let rule = of.winner.map(|rule| program.rule_id(rule));
        let mut answer = Answer::refused();
        if of.effect == Some(Effect::Escalate) {
            answer.decision = Effect::Escalate;
        }
        let Some((at, row)) = self.ground.denial(rule) else { return answer };
        let tries = row.retries.and_then(|retries| self.count(call, of, retries));
        answer.retry_left = tries.map(|(left, _)| left);
        let is_last = tries.is_some_and(|(left, _)| left == 0);
        // Nobody is asked again and again about calls of one kind.
        if tries.is_some_and(|(_, is_beyond)| is_beyond) {
            answer.decision = Effect::Deny;
        }
        if row.disclose != Disclose::None {
            answer.rule = rule.map(str::to_owned);
        }
        if row.disclose == Disclose::Reason {
            answer.reason = of.winner.and_then(|rule| reason(program, rule));
        }
        let is_over = is_last || of.counts == Counts::Overdue;
        answer.respond = if is_over { Respond::Fail } else { row.respond };
        if let Some(back) = row.backtrack.as_ref().filter(|_| answer.respond != Respond::Fail) {
            // What is asked of approvers is not denied: nothing is to be undone for it.
            let denied = answer.decision == Effect::Deny;
            match denied.then(|| self.go_back((at, back))).flatten() {
                Some(undone) => answer.undo = undone,
                None => answer.respond = back.otherwise,
            }
        }
        self.fill(&mut answer, row, of, aside);
        if is_last
            && answer.decision == Effect::Deny
            && let Some(step) = call.step
        {
            self.state.plan.close(step);
            self.state.note(b"closed");
            self.state.note(&step.to_le_bytes());
        }
        if row.disclose != Disclose::None {
            self.tell_steps(&mut answer);
        }
        answer
    }

    /// Counts a try of a call that a rule objects to: how often it may be tried again, and whether
    /// it was tried more often than that. `None` where there is no room to count it.
    fn count(&mut self, call: &Call, of: Objection<'_>, retries: u32) -> Option<(u32, bool)> {
        let program = self.ground.program;
        let digest = of.digest.or_else(|| {
            let rule = of.winner.map_or("", |rule| program.rule_id(rule));
            let called = called(&call.tool, of.brought.action, of.brought.asker)?;
            Some(called.objected(&program.digest(), rule))
        })?;
        let key = (digest, call.step);
        let before = self.state.tried.get(&key).copied();
        let tried = before.unwrap_or(0).saturating_add(u32::from(of.counts == Counts::Try));
        if of.counts == Counts::Try {
            if before.is_none() && TRIED_BYTES > self.state.room() {
                self.close(Closed::Full);
                return None;
            }
            self.state.note(b"retry");
            self.state.note(&digest);
            let step = call.step.and_then(|step| u64::try_from(step).ok());
            self.state.note(&step.unwrap_or(u64::MAX).to_le_bytes());
            self.state.tried.insert(key, tried);
        }
        Some((retries.saturating_add(1).saturating_sub(tried), tried.saturating_sub(1) > retries))
    }

    /// Adds what is offered or asked.
    fn fill(
        &self,
        answer: &mut Answer,
        row: &'p DenialRow,
        of: Objection<'_>,
        aside: &mut Option<Box<Memory>>,
    ) {
        if !matches!(answer.respond, Respond::Alternatives | Respond::Ask) {
            return;
        }
        let aside = &mut **aside.get_or_insert_with(|| Box::new(Memory::of(self.ground)));
        if answer.respond == Respond::Ask {
            answer.question = Some(self.question(&row.question, of, aside));
            return;
        }
        for offer in &row.offers {
            let Some(args) = self.offer(offer, of, aside) else { continue };
            let tool = self.ground.program.string(offer.tool).to_owned();
            let offer = Offered { tool, args };
            if self.would_allow(&offer, of, aside) {
                answer.offers.push(offer);
            }
        }
        if answer.offers.is_empty() {
            answer.respond = Respond::Fail;
        }
    }

    /// The text of a question.
    fn question(&self, parts: &[QuestionPart], of: Objection<'_>, aside: &mut Memory) -> String {
        let program = self.ground.program;
        let mut filled = ingest_answered(program, of.context.as_bytes(), &mut aside.scratch);
        let mut out = String::new();
        for part in parts {
            match part {
                QuestionPart::Text(text) => out.push_str(program.string(*text)),
                QuestionPart::Value(term, name) => {
                    let told = filled.term(&of.moment, *term, |view, value| {
                        let mut told = String::new();
                        write_text(view, value, &mut told).ok().map(|()| told)
                    });
                    let told = told.unwrap_or_else(|| program.string(*name).to_owned());
                    let mut letters = told.chars();
                    let shown: String = letters.by_ref().take(QUOTED_LETTERS_MAX).collect();
                    // Nothing that is quoted changes how the rest is read.
                    out.push_str(&spelled(&shown));
                    if letters.next().is_some() {
                        out.push('…');
                    }
                }
            }
        }
        out
    }

    /// The arguments of an offer, as JSON; `None` where one of them is not known.
    fn offer(&self, offer: &OfferRow, of: Objection<'_>, aside: &mut Memory) -> Option<String> {
        let program = self.ground.program;
        let action = members(of.brought.action).ok()?;
        let given = action.iter().find(|(key, _)| key == "args").map_or("{}", |(_, args)| *args);
        let given = members(given).ok()?;
        let mut args: Vec<(&str, String)> = Vec::new();
        let given = |name: &str| given.iter().find(|(key, _)| *key == *name).map(|(_, it)| *it);
        for name in offer.keep.iter().map(|name| program.string(*name)) {
            args.push((name, given(name)?.to_owned()));
        }
        let mut filled = ingest_answered(program, of.context.as_bytes(), &mut aside.scratch);
        for (name, term) in offer.set.iter().map(|(name, term)| (program.string(*name), *term)) {
            if term == NONE {
                args.extend(given(name).map(|value| (name, value.to_owned())));
                continue;
            }
            let value = filled.term(&of.moment, term, |view, value| {
                let mut out = String::new();
                write(view, value, Form::Plain, &mut out).ok().map(|()| out)
            });
            args.push((name, value?));
        }
        let mut out = String::from("{");
        for (at, (name, value)) in args.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            text(&mut out, name);
            out.push(':');
            out.push_str(value);
        }
        out.push('}');
        Some(out)
    }

    /// Whether the policy allows an offer, in the state as it is.
    fn would_allow(&self, offer: &Offered, of: Objection<'_>, aside: &mut Memory) -> bool {
        let mut action = String::from("{\"tool\":");
        text(&mut action, &offer.tool);
        key(&mut action, "args");
        action.push_str(&offer.args);
        action.push('}');
        let brought = Brought { action: &action, ..of.brought };
        let Ok((mut call, _, values)) = self.look(("", 0), brought, &[]) else { return false };
        let judged = self.judge(&mut call, &values, brought, aside);
        let waits = !judged.pending.is_empty();
        !waits && judged.decision.effect() == Some(Effect::Allow)
    }

    /// Goes back in the plan, if that can be done.
    fn go_back(&mut self, (at, row): (usize, &BacktrackRow)) -> Option<Vec<Undone>> {
        let went = self.state.went_back.get(&at).copied().unwrap_or(0);
        let planned = self.ground.plan.as_ref().filter(|_| went < row.max)?;
        let undone = row.undone.iter().map(|(step, tool)| {
            (usize::from(*step), tool.map(|tool| self.ground.program.string(tool)))
        });
        let undone = self.state.go_back(planned, &undone.collect::<Vec<_>>())?;
        self.state.went_back.insert(at, went.saturating_add(1));
        self.state.note(b"back");
        self.state.note(&at.to_le_bytes());
        Some(undone)
    }

    /// Adds which steps can be taken, and which cannot any more.
    fn tell_steps(&self, answer: &mut Answer) {
        let Some(planned) = &self.ground.plan else { return };
        let name = |at: usize| planned.plan.steps.get(at).map(|step| step.name.to_string());
        let open = self.state.open_steps(planned);
        answer.open = open.into_iter().filter_map(name).collect();
        let lost = self.state.unreachable(planned);
        answer.unreachable = lost.into_iter().filter_map(name).collect();
    }
}

/// The message of a rule, if it is the same for every call.
fn reason(program: &Program, rule: u16) -> Option<String> {
    let module = program.module();
    let row = module.rules.get(usize::from(rule))?;
    let [outcome] =
        module.outcomes.get(usize::from(row.first_outcome)..)?.get(..usize::from(row.outcomes))?
    else {
        return None;
    };
    let parts = module.templates.get(usize::from(outcome.template))?;
    let texts = parts.iter().map(|part| match part {
        TemplatePart::Text(text) => Some(program.string(*text)),
        TemplatePart::Value(_) | TemplatePart::Else(..) => None,
    });
    texts.collect()
}
