//! The fold: an event and a state give what is decided or recorded, and the state after it.
//!
//! In:      `Ground`, `State`, an event.
//! Out:     `Outcome`; the state has changed.
//! Imports: `lang`, `runtime::vm`.
//! Source:  `docs/sessions.md`.
//!
//! What cannot be taken in closes the session where the model may have read it: nobody could say
//! any more what its values carry.

use std::fmt;
use std::sync::Arc;

use crate::lang::decision::Effect;
use crate::runtime::session::absorb::Unread;
use crate::runtime::session::approvals::{IgnoredApproval, QuestionStatus, canonical};
use crate::runtime::session::arguments::ArgumentFault;
use crate::runtime::session::audience::{Audience, Readable};
use crate::runtime::session::decided::Decided;
use crate::runtime::session::event::{Event, EventFault, EventKind, Fact, Verdict};
use crate::runtime::session::facts::Taken;
use crate::runtime::session::ground::Ground;
use crate::runtime::session::index::Full;
use crate::runtime::session::log::LogTag;
use crate::runtime::session::meters::{Meter, Meters, Share, nanoseconds};
use crate::runtime::session::places::CallStatus;
use crate::runtime::session::plan::PlanFault;
use crate::runtime::session::request::{Brought, Root};
use crate::runtime::session::state::{Call, Closed, Stage, State};
use crate::runtime::session::taint::Tainting;
use crate::runtime::session::trust::Given;
use crate::runtime::session::work::Memory;
pub use crate::runtime::session::work::Work;
use crate::runtime::vm::hosts::{self, FactFault};

/// A session: a program and what has happened.
#[derive(Clone, Debug)]
pub struct Session<'g, 'p> {
    pub(super) ground: &'g Ground<'p>,
    /// It is large, and sessions are moved.
    pub(super) state: Box<State>,
}

/// What came of an event.
#[derive(Debug)]
pub enum Outcome<'a> {
    /// A request was decided.
    Decided(Box<Decided<'a>>),
    /// An event was taken in.
    Recorded(Note),
    /// An event was refused; a request is denied by that.
    Refused(Fault),
}

/// What is to be said of an event that was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// Nothing.
    Nothing,
    /// An answer to a call that nobody asked for: nothing is known of what it carries.
    NotAsked,
    /// An answer to a call that was denied.
    NotAllowed,
    /// An answer to a call that was escalated, and not asked for again once it was granted.
    NotGranted,
    /// Another answer to a call.
    Again,
    /// What was said about an escalation: how that stands now.
    Approval(QuestionStatus),
}

impl Note {
    /// As records spell it; nothing where there is nothing to say, or the approval says it.
    #[must_use]
    pub const fn word(self) -> Option<&'static str> {
        match self {
            Self::Nothing | Self::Approval(_) => None,
            Self::NotAsked => Some("not_asked"),
            Self::NotAllowed => Some("not_allowed"),
            Self::NotGranted => Some("not_granted"),
            Self::Again => Some("again"),
        }
    }
}

/// Why an event was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is no event.
    Event(EventFault),
    /// Its number is not greater than that of the event before.
    Order {
        /// Its number.
        seq: u64,
        /// The number before.
        last: u64,
    },
    /// A request with the id of another call.
    SameCall,
    /// A request whose `action` is no object with a `tool`, or whose `args` are no JSON.
    Action,
    /// A request whose arguments are not those that the documents declare.
    Argument(ArgumentFault),
    /// A handle leads to no text or number of an output, or is for no argument of the call.
    Ref,
    /// A result of a host function that is none.
    Fact(FactFault),
    /// A result for a call that has one.
    KnownFact,
    /// A result that was waited for in vain.
    LateFact,
    /// What somebody says about an escalation changes nothing.
    IgnoredApproval(IgnoredApproval),
    /// A plan that cannot be taken, and why.
    Plan(PlanFault),
    /// A plan, and the policy takes none.
    NoPlans,
    /// The session decides nothing any more.
    Closed(Closed),
}

impl Fault {
    /// As records spell it: nothing of the event stands in it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Event(_) => "unreadable",
            Self::Order { .. } => "order",
            Self::SameCall => "same_call",
            Self::Action => "action",
            Self::Argument(_) => "argument",
            Self::Ref => "ref",
            Self::IgnoredApproval(_) => "unheard",
            Self::Plan(_) => "plan",
            Self::NoPlans => "no_plans",
            Self::Fact(_) => "fact",
            Self::KnownFact => "known_fact",
            Self::LateFact => "late_fact",
            Self::Closed(Closed::Full) => "full",
            Self::Closed(Closed::Lost) => "lost",
            Self::Closed(Closed::Unplanned) => "unplanned",
            Self::Closed(Closed::Unrecorded) => "unrecorded",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(fault) => fault.fmt(f),
            Self::Order { seq, last } => write!(f, "its number {seq} does not follow {last}"),
            Self::SameCall => f.write_str("another call has its id"),
            Self::Action => f.write_str("its action is no object with a tool, or cannot be read"),
            Self::Argument(fault) => fault.fmt(f),
            Self::Ref => f.write_str(
                "a handle leads to no text or number of an output, or is for no argument",
            ),
            Self::Fact(fault) => fault.fmt(f),
            Self::KnownFact => f.write_str("there is a result for this call"),
            Self::LateFact => f.write_str("it comes too late: its call was waited for in vain"),
            Self::IgnoredApproval(IgnoredApproval::Full) => Self::Closed(Closed::Full).fmt(f),
            Self::IgnoredApproval(IgnoredApproval::NotAsked) => {
                f.write_str("nobody asked for this approval")
            }
            Self::IgnoredApproval(IgnoredApproval::LateAnswer) => f.write_str("it comes too late"),
            Self::IgnoredApproval(IgnoredApproval::Answered) => {
                f.write_str("it was answered already")
            }
            Self::IgnoredApproval(IgnoredApproval::NotTheirs) => {
                f.write_str("it is not for them to approve")
            }
            Self::Plan(fault) => fault.fmt(f),
            Self::NoPlans => f.write_str("the policy has no `plan`, so it takes none"),
            Self::Closed(Closed::Unplanned) => {
                f.write_str("a plan came that could not be taken, so nobody knows what is planned")
            }
            Self::Closed(Closed::Unrecorded) => {
                f.write_str("an event could not be recorded, so nobody could say what was known")
            }
            Self::Closed(Closed::Full) => f.write_str("the session holds as much as it may"),
            Self::Closed(Closed::Lost) => {
                f.write_str("an event before could not be read, so nobody knows what values carry")
            }
        }
    }
}

impl Outcome<'_> {
    /// The effect, where a request was decided or refused.
    #[must_use]
    pub fn effect(&self) -> Option<Effect> {
        match self {
            Self::Decided(decided) => decided.effect(),
            Self::Recorded(_) => None,
            Self::Refused(_) => Some(Effect::Deny),
        }
    }
}

impl<'g, 'p> Session<'g, 'p> {
    /// A session in which nothing has happened.
    #[must_use]
    pub fn new(ground: &'g Ground<'p>) -> Self {
        let state = State::new(
            (ground.label_count(), &ground.marks),
            ground.meters.len(),
            ground.program.digest(),
        );
        Self { ground, state: Box::new(state) }
    }

    /// The session with this state goes on; `None` where that is of another program.
    #[must_use]
    pub fn resume(ground: &'g Ground<'p>, state: Box<State>) -> Option<Self> {
        (state.program == ground.program.digest()).then_some(Self { ground, state })
    }

    /// What has happened.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The same, and no session any more.
    #[must_use]
    pub fn into_state(self) -> Box<State> {
        self.state
    }

    /// The steps of the plan of the program, and whether each is done.
    pub fn steps(&self) -> impl Iterator<Item = (&'g str, bool)> {
        let steps = self.ground.plan.iter().flat_map(|planned| &planned.plan.steps);
        steps.enumerate().map(|(at, step)| (&*step.name, self.state.plan.is_done(at)))
    }

    /// What the last event took of meters, and, below zero, gave back: name, key, millionths.
    pub fn moved(&self) -> impl Iterator<Item = (&'p str, &str, i128)> {
        self.state.moved.iter().filter_map(|share| {
            let meter = self.ground.meters.get(share.meter)?;
            Some((meter.name, &*share.key, share.amount))
        })
    }

    /// Takes so much, in millionths, of what a meter holds under a key, as calls before the first
    /// event would have; whether there is that meter, which has keys where one is named.
    pub fn use_up(&mut self, used: (&str, Option<&str>, i128), at: (i64, u32)) -> bool {
        let (name, key, amount) = used;
        let is_it = |it: &Meter<'_>| it.name == name && it.key.is_some() == key.is_some();
        let found = self.ground.meters.iter().enumerate().find(|(_, it)| is_it(it));
        let Some((place, meter)) = found else { return false };
        let mut share =
            Share { meter: place, key: key.unwrap_or_default().into(), amount, place: None };
        self.state.take(meter, &mut share, nanoseconds(at));
        for part in [b"used", name.as_bytes(), share.key.as_bytes(), &amount.to_le_bytes()] {
            self.state.note(part);
        }
        true
    }

    /// What sessions know of the program.
    #[must_use]
    pub const fn ground(&self) -> &'g Ground<'p> {
        self.ground
    }

    /// Takes in an event that is a line of JSON.
    pub fn line<'a>(&mut self, line: &[u8], work: &'a mut Work) -> Outcome<'a>
    where
        'p: 'a,
    {
        match Event::read(line) {
            Ok(event) => self.step(&event, work),
            Err(fault) => self.unreadable(fault),
        }
    }

    /// Takes in that there was an event which could not be read: nobody can say whether the model
    /// has read what it held.
    pub fn unreadable(&mut self, fault: EventFault) -> Outcome<'static> {
        self.state.moved.clear();
        self.close(Closed::Lost);
        Outcome::Refused(Fault::Event(fault))
    }

    /// What happened last must be recorded, and could not be: from now on every event is refused,
    /// and changes nothing.
    pub fn end_unrecorded(&mut self) {
        if self.state.closed != Some(Closed::Unrecorded) {
            self.state.moved.clear();
            // Whatever has closed it before: that took events in.
            self.state.closed = None;
            self.close(Closed::Unrecorded);
        }
    }

    /// Takes in an event.
    pub fn step<'a>(&mut self, event: &Event<'_>, work: &'a mut Work) -> Outcome<'a>
    where
        'p: 'a,
    {
        let outcome = self.take_in(event, work);
        self.state.note_end();
        outcome
    }

    fn take_in<'a>(&mut self, event: &Event<'_>, work: &'a mut Work) -> Outcome<'a>
    where
        'p: 'a,
    {
        let state = &mut self.state;
        state.moved.clear();
        if state.closed == Some(Closed::Unrecorded) {
            return Outcome::Refused(Fault::Closed(Closed::Unrecorded));
        }
        let says = matches!(event.kind, EventKind::Prompt { .. } | EventKind::Response { .. });
        if let Some(last) = state.seq.filter(|last| event.seq <= *last) {
            if says {
                self.close(Closed::Lost);
            }
            return Outcome::Refused(Fault::Order { seq: event.seq, last });
        }
        state.seq = Some(event.seq);
        let before = state.now;
        state.now = before.max(event.ts);
        state.note_begin(event.seq, before);
        if state.closed == Some(Closed::Full) {
            // There is no room for what it says.
            return Outcome::Refused(Fault::Closed(Closed::Full));
        }
        match &event.kind {
            EventKind::Prompt { principal, text } => self.prompt(*principal, text),
            EventKind::Request { call, action, refs, context } => {
                let refs: Vec<(&str, &str)> =
                    refs.iter().map(|(at, handle)| (at.as_ref(), handle.as_ref())).collect();
                let roots = context.iter().map(|(name, value)| (name.as_ref(), *value));
                let roots: Vec<Root<'_>> =
                    roots.filter(|(name, _)| self.ground.roots.contains(name)).collect();
                let caller = self.asker(&roots);
                if self.state.call_of(caller.as_ref()).is_err() {
                    self.close(Closed::Full);
                }
                let brought = Brought { action, roots: &roots, asker: caller.as_deref() };
                match self.request((call, event.seq), brought, &refs) {
                    Ok(asked) => self.decide(asked, brought, work),
                    Err(fault) => Outcome::Refused(fault),
                }
            }
            EventKind::Response { call, out, error, undone } => {
                let said = (*out, error.as_deref(), *undone);
                self.response((call, event.seq), said, &mut work.aside)
            }
            EventKind::Approval { ask, by, roles, verdict } => {
                let roles: Vec<&str> = roles.iter().map(AsRef::as_ref).collect();
                self.approval(ask, (by, &roles, *verdict))
            }
            EventKind::Fact(fact) => {
                // The last decision is over: nobody else holds the results, so none is copied.
                work.memory.facts = Arc::default();
                self.supply(fact)
            }
            EventKind::Plan(plan, params) => self.plan(*plan, *params),
            EventKind::Answer | EventKind::Clock => Outcome::Recorded(Note::Nothing),
            EventKind::Reset => {
                self.state.ctx.clear();
                self.state.ctx_audience = Readable::default();
                self.state.speakers.forget();
                self.state.note(b"reset");
                Outcome::Recorded(Note::Nothing)
            }
        }
    }

    /// From now on every request is denied.
    pub(super) fn close(&mut self, why: Closed) {
        if self.state.closed.is_none() {
            self.state.closed = Some(why);
            self.state.note(match why {
                Closed::Full => b"full",
                Closed::Lost => b"lost",
                Closed::Unplanned => b"plan",
                Closed::Unrecorded => b"unrecorded",
            });
        }
    }

    fn prompt(&mut self, principal: Option<&str>, text: &str) -> Outcome<'static> {
        self.state.log.kind(LogTag::Prompt);
        let user = &self.ground.user;
        let taken = principal.map_or(Ok(()), |principal| self.state.set_principal(principal));
        if taken
            .and_then(|()| self.state.speak())
            .and_then(|()| self.state.absorb(text, (None, ""), (user, user, &Audience::default())))
            .is_err()
        {
            self.close(Closed::Full);
        }
        self.state.note_fields();
        Outcome::Recorded(Note::Nothing)
    }

    fn approval(
        &mut self,
        digest: &[u8; 32],
        (by, roles, verdict): (&str, &[&str], Verdict),
    ) -> Outcome<'static> {
        let now = (nanoseconds(self.state.now), self.state.room());
        let approvals = &self.ground.approvals;
        match self.state.asks.answer(digest, (by, roles, verdict), approvals, now) {
            Ok(standing) => {
                for part in [b"approval", digest.as_slice(), by.as_bytes()] {
                    self.state.note(part);
                }
                self.state.note(&[u8::from(verdict == Verdict::Granted)]);
                Outcome::Recorded(Note::Approval(standing))
            }
            Err(IgnoredApproval::Full) => {
                self.close(Closed::Full);
                Outcome::Refused(Fault::Closed(Closed::Full))
            }
            Err(unheard) => Outcome::Refused(Fault::IgnoredApproval(unheard)),
        }
    }

    /// Takes in what a function of the host gave: as an event, or before there is any.
    pub fn supply(&mut self, fact: &Fact<'_>) -> Outcome<'static> {
        let Fact { function, arguments, result } = fact;
        let entry = match hosts::fact(self.ground.program, function, *arguments, result) {
            Ok(entry) => entry,
            Err(fault) => return Outcome::Refused(Fault::Fact(fault)),
        };
        let Some(form) = canonical(result) else {
            return Outcome::Refused(Fault::Fact(FactFault::Result(entry.name)));
        };
        let (name, digest) = (entry.name.clone(), entry.arguments);
        let now = (nanoseconds(self.state.now), self.state.room());
        match self.state.facts.add(entry, now) {
            Ok(Taken::New) => {
                for part in [b"fact", name.as_bytes(), &digest, &form] {
                    self.state.note(part);
                }
                Outcome::Recorded(Note::Nothing)
            }
            Ok(Taken::Known) => Outcome::Refused(Fault::KnownFact),
            Ok(Taken::LateAnswer) => Outcome::Refused(Fault::LateFact),
            Err(Full) => {
                self.close(Closed::Full);
                Outcome::Refused(Fault::Closed(Closed::Full))
            }
        }
    }

    /// More is known of what a call has done. One that has done nothing gives back what it took,
    /// until it turns out that it has; one that was not allowed and was carried out all the same
    /// takes what it is worth.
    fn settle(&mut self, number: u32, came: CallStatus) {
        self.state.log.kind(LogTag::CallStatus);
        self.state.log.byte(came as u8);
        let now = nanoseconds(self.state.now);
        let Self { ground, state } = self;
        let Some(call) = state.call_mut(number) else { return };
        if call.came == CallStatus::Done || call.came == came {
            return;
        }
        let before = std::mem::replace(&mut call.came, came);
        let was_allowed = call.allowed;
        let mut shares = std::mem::take(&mut call.shares);
        if let Some(planned) = ground.plan.as_ref().filter(|_| was_allowed) {
            state.settle(planned, number, (before, came));
        }
        let takes = came == CallStatus::Done || was_allowed && came != CallStatus::Nothing;
        let mut is_full = false;
        for share in &mut shares {
            match (takes, share.place, ground.meters.get(share.meter)) {
                (false, Some(_), _) => state.release(share),
                (true, None, Some(meter)) if Meters::need(share) <= state.room() => {
                    state.take(meter, share, now);
                }
                // What is not counted must not be passed over.
                (true, None, Some(_)) => is_full = true,
                _ => {}
            }
        }
        state.put_shares(number, shares, came);
        if is_full {
            self.close(Closed::Full);
        }
    }

    fn response(
        &mut self,
        (id, seq): (&str, u64),
        (out, error, undone): (Option<&str>, Option<&str>, bool),
        memory: &mut Option<Box<Memory>>,
    ) -> Outcome<'static> {
        self.state.log.kind(LogTag::Response);
        self.state.note(id.as_bytes());
        let mut note = Note::Nothing;
        let number = self.state.number(id).map_or_else(
            || {
                note = Note::NotAsked;
                self.state.push_unasked(id, seq)
            },
            Ok,
        );
        let Ok(number) = number else {
            self.close(Closed::Full);
            return Outcome::Refused(Fault::Closed(Closed::Full));
        };
        let Some(call) = self.state.shared_call(number) else {
            return Outcome::Refused(Fault::Closed(Closed::Full));
        };
        note = match call.stage {
            Stage::Open => note,
            Stage::Asked => Note::NotGranted,
            Stage::Denied => Note::NotAllowed,
            Stage::Answered => Note::Again,
        };
        let first = u32::try_from(self.state.index.len()).unwrap_or(u32::MAX);
        // Many hosts write an empty output beside an error.
        let given = out.filter(|out| error.is_none() || *out != "null");
        let came = match error.filter(|_| given.is_none()) {
            None => CallStatus::Done,
            Some(_) if undone || !self.ground.acts(&call.tool) => CallStatus::Nothing,
            Some(_) => CallStatus::Unknown,
        };
        if error.is_none() {
            self.state.told(number);
        }
        let mut taken = self.read_answer((number, &call), (out, error), memory);
        self.state.note_fields();
        let stored = self.stored((number, &call), (given, error.is_some()));
        taken = taken.and_then(|()| stored.map_err(|Full| Unread::Full));
        // Nobody else holds it now, so it is not copied to be changed.
        drop(call);
        self.settle(number, came);
        let last = u32::try_from(self.state.index.len()).unwrap_or(u32::MAX);
        if let Some(call) = self.state.call_mut(number) {
            call.stage = Stage::Answered;
            // Of several answers all fields between the first and the last are told.
            let first = if call.fields.0 == call.fields.1 { first } else { call.fields.0 };
            call.fields = (first, last);
        }
        match taken {
            Ok(()) => Outcome::Recorded(note),
            Err(Unread::Syntax(kind)) => {
                self.close(Closed::Lost);
                Outcome::Refused(Fault::Event(EventFault::Output(kind)))
            }
            Err(Unread::Full) => {
                self.close(Closed::Full);
                Outcome::Refused(Fault::Closed(Closed::Full))
            }
        }
    }

    /// Takes in what a tool gave, or said when it failed.
    fn read_answer(
        &mut self,
        (number, call): (u32, &Call),
        (out, error): (Option<&str>, Option<&str>),
        memory: &mut Option<Box<Memory>>,
    ) -> Result<(), Unread> {
        let carried = self.state.sets.get(call.carried).cloned();
        let carried = carried.unwrap_or_else(|| self.ground.unknown.clone());
        let mut taken = Ok(());
        if let Some(out) = out {
            let ground = self.ground;
            // Of an answer that failed nothing holds that is promised of answers.
            let plain = error.map(|_| {
                let plain = Given::plain(carried.clone(), call.audience.clone());
                let plain = plain.with_stored(self.stored_in(call, out));
                plain.with_shape(ground, &call.tool, out)
            });
            let given = plain.unwrap_or_else(|| self.given(call, out, memory));
            let mut tainting = Tainting::of(ground, &call.tool, &given);
            taken = self.state.absorb_output(out, number, &mut tainting);
        }
        if let Some(error) = error.filter(|_| taken.is_ok()) {
            // What a tool says of its failure is not what it declares.
            let mut labels = self.ground.unknown.clone();
            labels.join(&carried);
            let mut audience = call.audience.clone();
            if let Some((stored, readers)) = self.stored_of(call) {
                labels.join(&stored);
                audience.meet(&readers);
            }
            let place = (Some(number), "");
            taken = self
                .state
                .absorb(error, place, (&labels, &labels, &audience))
                .map_err(|Full| Unread::Full);
        }
        taken
    }
}
