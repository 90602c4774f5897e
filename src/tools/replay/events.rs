//! The events of a recorded session, taken in anew.
//!
//! In:      the records of a session; the bundle that made them.
//! Out:     the events; what comes of each; the fewest that still force the last decision.
//! Imports: `lang`, `runtime::program`, `runtime::record`, `runtime::session`, `runtime::vm`,
//!          `tools::event`.
//! Source:  `docs/replay.md`, sections "Minimize" and "Test".

use std::collections::BTreeMap;

use crate::lang::decision::Effect;
use crate::runtime::program::Program;
use crate::runtime::record::read::{Record, Text};
use crate::runtime::session::ground::Ground;
use crate::runtime::session::step::{Outcome, Session, Work};
use crate::runtime::vm::report::DecisionReport;
use crate::tools::event::Event;
use crate::tools::replay::engine::Engine;
use crate::tools::replay::knew::recorded_effect;
use crate::tools::replay::store::Digest;

/// Events that are taken in while some are left away.
const WORK_MAX: usize = 1_000_000;

/// Why events of a session cannot be taken in anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IncompleteSession {
    /// This event is not among the records.
    Missing(u64),
    /// Two records are of this event.
    Twice(u64),
    /// The record of this event does not hold it.
    Withheld(u64),
    /// This event is no JSON that can be written down again.
    Unreadable(u64),
    /// Another bundle decided about this event.
    Bundle(u64),
    /// An engine decided about this event whose semantics are not ours.
    Engine(u64),
}

impl IncompleteSession {
    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Missing(number) => format!("event {number} of its session is in no record"),
            Self::Twice(number) => format!("two records are of event {number} of its session"),
            Self::Withheld(number) => format!("event {number} of its session is withheld"),
            Self::Unreadable(number) => {
                format!("event {number} of its session is no JSON that a test can hold")
            }
            Self::Bundle(number) => {
                format!("another bundle decided about event {number} of its session")
            }
            Self::Engine(number) => {
                format!(
                    "an engine with other semantics decided about event {number} of its session"
                )
            }
        }
    }
}

/// An event, and what its record says came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionEvent {
    /// The event.
    pub event: Event,
    /// What was decided; nothing where it asks for nothing.
    pub recorded: Option<Recorded>,
}

/// What a record says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    effect: Option<Effect>,
    rule: Option<String>,
    fired: Vec<String>,
    reason: String,
}

impl Recorded {
    fn of(record: &Record<'_>) -> Option<Self> {
        let (effect, outcome) = recorded_effect(record).zip(record.outcome)?;
        let owned = |text: Text<'_>| text.text().into_owned();
        Some(Self {
            effect,
            rule: outcome.rule.map(owned),
            fired: outcome.fired().map(owned).collect(),
            reason: outcome.reason.map(owned).unwrap_or_default(),
        })
    }

    /// What was decided about the request.
    #[must_use]
    pub const fn effect(&self) -> Option<Effect> {
        self.effect
    }

    fn is(&self, said: &EventOutcome) -> bool {
        let EventOutcome { effect, rule, fired, reason, .. } = said;
        (self.effect, &self.rule, &self.fired, &self.reason) == (*effect, rule, fired, reason)
    }
}

/// Numbers of the events of which something else comes than their records say.
pub fn unlike(
    happened: &[SessionEvent],
    said: &[Option<EventOutcome>],
) -> impl Iterator<Item = usize> {
    let pairs = (1..).zip(happened.iter().zip(said));
    let unlike = pairs.filter(|(_, (happened, said))| match (&happened.recorded, said) {
        (Some(recorded), Some(said)) => !recorded.is(said),
        (None, None) => false,
        (Some(_), None) | (None, Some(_)) => true,
    });
    unlike.map(|(number, _)| number)
}

/// The events of a session up to that of number `last`, from records of it in any order. `only` is
/// the bundle that is meant where a record names none.
///
/// # Errors
/// The first of them that is not there, or was decided about by others than the last.
pub fn events(
    records: &[Record<'_>],
    last: u64,
    only: Option<Digest>,
) -> Result<Vec<SessionEvent>, IncompleteSession> {
    let mut numbered: BTreeMap<u64, (&Record<'_>, bool)> = BTreeMap::new();
    for record in records {
        let number = record.session.map_or(0, |session| session.step);
        numbered.entry(number).and_modify(|own| own.1 = true).or_insert((record, false));
    }
    let bundle = |record: &Record<'_>| record.bundle.and_then(|it| it.digest).or(only);
    let wanted = numbered.get(&last).and_then(|(record, _)| bundle(record));
    let event = |number| {
        let (record, twice) = numbered.get(&number).ok_or(IncompleteSession::Missing(number))?;
        if *twice {
            return Err(IncompleteSession::Twice(number));
        }
        Engine::of(record).check().map_err(|_| IncompleteSession::Engine(number))?;
        if bundle(record) != wanted {
            return Err(IncompleteSession::Bundle(number));
        }
        let mut memory = Vec::new();
        let event = record.taken_in(&mut memory).filter(|_| record.replayable);
        let event = event.ok_or(IncompleteSession::Withheld(number))?;
        let event = std::str::from_utf8(event).ok().and_then(Event::read);
        let event = event.ok_or(IncompleteSession::Unreadable(number))?;
        Ok(SessionEvent { event, recorded: Recorded::of(record) })
    };
    (1..=last).map(event).collect()
}

/// What came of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventOutcome {
    /// The effect.
    pub effect: Option<Effect>,
    /// The rule that won.
    pub rule: Option<String>,
    /// The rules that fired.
    pub fired: Vec<String>,
    /// The message.
    pub reason: String,
    /// Whether it waits for a function of the host.
    pub pending: bool,
    /// What is asked of approvers.
    pub asks: Option<[u8; 32]>,
}

/// What comes of each event; nothing where it asks for nothing.
#[must_use]
pub fn said<'e>(
    ground: &Ground<'_>,
    events: impl IntoIterator<Item = &'e Event>,
) -> Vec<Option<EventOutcome>> {
    let (mut session, mut work) = (Session::new(ground), Work::of(ground));
    let one = |event: &Event| match session.line(event.line().as_bytes(), &mut work) {
        Outcome::Decided(mut decided) => {
            let report = DecisionReport::of(&mut decided.decision);
            Some(EventOutcome {
                effect: decided.effect(),
                rule: report.rule,
                fired: report.fired,
                reason: report.reason,
                pending: !decided.pending.is_empty(),
                asks: decided.asking.as_ref().map(|asking| asking.digest),
            })
        }
        Outcome::Refused(_) if event.text("ev") == Some("request") => {
            Some(EventOutcome { effect: Some(Effect::Deny), ..EventOutcome::default() })
        }
        Outcome::Refused(_) | Outcome::Recorded(_) => None,
    };
    events.into_iter().map(one).collect()
}

/// The fewest events that were found to force the last decision.
#[derive(Clone, Debug, PartialEq)]
pub struct MinimalEvents {
    /// What is decided.
    pub said: EventOutcome,
    /// The places of the events that stay, ascending; the last is the request itself.
    pub kept: Vec<usize>,
    /// How often the session was folded.
    pub folds: usize,
    /// Whether the search was stopped, so that more may be left away.
    pub stopped: bool,
}

/// Leaves events away as long as the last one is decided alike: by the same rule, to the same
/// effect, with the same rules that fired. Of what stays no event alone can be left away, unless
/// the search was stopped. `None` where nothing is decided about the last.
#[must_use]
pub fn fewest(program: &Program, events: &[Event]) -> Option<MinimalEvents> {
    fewest_within(program, events, WORK_MAX)
}

/// The same, where the search is stopped once so many events were taken in.
#[must_use]
pub fn fewest_within(
    program: &Program,
    events: &[Event],
    work_max: usize,
) -> Option<MinimalEvents> {
    let ground = Ground::of(program);
    let last = events.len().checked_sub(1)?;
    let mut folds = 0;
    let mut fold = |kept: &[usize]| {
        folds += 1;
        let some = kept.iter().filter_map(|at| events.get(*at));
        said(&ground, some).pop().flatten()
    };
    let all: Vec<usize> = (0..=last).collect();
    let wanted = fold(&all)?;
    let same = |said: &EventOutcome| {
        (said.effect, &said.rule, &said.fired) == (wanted.effect, &wanted.rule, &wanted.fired)
    };
    let mut kept: Vec<usize> = (0..last).collect();
    let (mut size, mut work) = (kept.len(), 0);
    while size > 0 && work < work_max {
        let (mut end, mut fewer) = (kept.len(), false);
        while end > 0 && work < work_max {
            let start = end.saturating_sub(size);
            let front = kept.iter().take(start);
            let rest: Vec<usize> = front.chain(kept.iter().skip(end)).copied().collect();
            work += rest.len() + 1;
            if fold(&[rest.as_slice(), &[last]].concat()).is_some_and(|said| same(&said)) {
                kept = rest;
                fewer = true;
            }
            end = start;
        }
        // What could not go before may go now.
        size = if size == 1 && fewer { 1 } else { size / 2 };
    }
    kept.push(last);
    Some(MinimalEvents { said: wanted, kept, folds, stopped: work >= work_max })
}
