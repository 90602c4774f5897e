//! Whether a session comes to the same decisions and states again.
//!
//! In:      the events of sessions, one after the other, and the records of them.
//! Out:     `Verified`.
//! Imports: `lang`, `runtime::program`, `runtime::record`, `runtime::session`, `runtime::vm`,
//!          `tools::decide`.
//!
//! Of a session that has parted from its records what follows is counted apart: it had another
//! state to go by.

use std::sync::Arc;

use crate::lang::decision::Effect;
use crate::runtime::program::Program;
use crate::runtime::record::outline::EventLine;
use crate::runtime::record::read::{Input, Record, Text};
use crate::runtime::session::event::Event;
use crate::runtime::session::state::State;
use crate::runtime::session::step::Session;
use crate::runtime::vm::observe::{AtomState, Witness};
use crate::tools::decide::tool_of;
use crate::tools::replay::fold::runner::SessionRunners;
use crate::tools::replay::fold::{
    LinePlace, MemorySize, SessionObstacle, Task, TaskRunner, bundle_of,
};
use crate::tools::replay::redecide::ProgramRunners;
use crate::tools::replay::store::{Digest, Store};
use crate::tools::replay::verify::{
    Compared, Found, InSession, Mismatch, Part, Verified, compare, first_other,
};

/// What is kept of a session from one event to the next.
#[derive(Debug)]
pub struct VerifyState {
    state: Box<State>,
    /// SHA-256 of the state.
    digest: Digest,
    bundle: Digest,
    /// Whether it has come to something else than its records.
    parted: bool,
}

/// Comparing sessions with their records.
#[derive(Clone, Copy, Debug)]
pub struct Verify;

impl Task for Verify {
    type Kept = VerifyState;
    type Found = Verified;

    fn programs(&self) -> Vec<Arc<Program>> {
        Vec::new()
    }

    fn bench<'t>(
        &'t self,
        store: &'t Store,
        stalls: SessionRunners<'t>,
    ) -> Box<dyn TaskRunner<VerifyState, Verified> + 't> {
        let facts = [Witness::new(0), Witness::new(0)];
        let found = Verified::default();
        Box::new(VerifyRunner {
            stalls,
            seats: ProgramRunners::of(store),
            facts,
            memory: Vec::new(),
            found,
        })
    }

    fn join(parts: Vec<Verified>) -> Verified {
        Verified::of_parts(parts.into_iter())
    }
}

impl MemorySize for VerifyState {
    fn bytes(&self) -> usize {
        self.state.bytes()
    }
}

/// What sessions are compared with.
#[derive(Debug)]
struct VerifyRunner<'t> {
    stalls: SessionRunners<'t>,
    /// What decides about records alone.
    seats: ProgramRunners<'t>,
    /// The recorded witness, and that of today.
    facts: [Witness; 2],
    /// An event that has to be made.
    memory: Vec<u8>,
    found: Verified,
}

/// What of an event came to something else than its record says.
struct EventDifference {
    part: Part,
    field: Option<&'static str>,
    /// The first atom that came out differently.
    atom: Option<(u16, AtomState, AtomState)>,
}

/// What came of an event; of one that came to the same only that is told.
struct EventResult {
    bundle: Digest,
    effect: Option<Effect>,
    rule: Option<String>,
    differs: Option<EventDifference>,
}

/// What of an event came to something else than the record says: `made` is what it says today.
/// `states` are those of today; the record's are `recorded`.
fn differs(
    record: &Record<'_>,
    made: &Record<'_>,
    (recorded, states): ([Digest; 2], [Digest; 2]),
    facts: &mut [Witness; 2],
) -> Option<EventDifference> {
    let ([was_before, was_after], [before, after]) = (recorded, states);
    let part = |part, field| Some(EventDifference { part, field, atom: None });
    if was_before != before {
        return part(Part::Before, None);
    }
    let field = match (&record.outcome, &made.outcome) {
        (Some(recorded), Some(made)) => recorded.first_other(made),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => Some("out"),
    };
    let (field, atom) = if record.sig == made.sig {
        (field, None)
    } else {
        let [own, today] = facts;
        // Without a witness no atom was evaluated.
        let whole = [(record, own.refill()), (made, today.refill())]
            .map(|(record, bits)| record.sig.is_none() || record.witness(bits).is_some());
        let atom = first_other(own, today);
        (field.or_else(|| (whole != [true; 2]).then_some("sig")), atom)
    };
    if field.is_some() || atom.is_some() {
        return Some(EventDifference { part: Part::Decision, field, atom });
    }
    if was_after != after {
        return part(Part::After, None);
    }
    if !record.input.is(&made.input) {
        return part(Part::Context, None);
    }
    let field = record.first_other(made)?;
    part(Part::Knew, Some(field))
}

impl TaskRunner<VerifyState, Verified> for VerifyRunner<'_> {
    fn event(
        &mut self,
        event: &EventLine<'_>,
        stands: LinePlace,
        kept: Option<Box<VerifyState>>,
    ) -> Result<Box<VerifyState>, SessionObstacle> {
        let before = kept.as_ref().map(|kept| kept.bundle);
        let bundle = bundle_of(&mut self.seats, event, before)?;
        if !event.has_states() {
            return Err(SessionObstacle::Withheld);
        }
        let mut memory = std::mem::take(&mut self.memory);
        let taken_in = Event::read(event.taken_in(&mut memory).ok_or(SessionObstacle::Withheld)?);
        let stall = self.stalls.get(bundle).map_err(SessionObstacle::Obstacle)?;
        let is_new = kept.is_none();
        let (session, before, parted) = match kept {
            None => (Some(Session::new(stall.ground)), None, false),
            Some(kept) => {
                (Session::resume(stall.ground, kept.state), Some(kept.digest), kept.parted)
            }
        };
        let mut session = session.ok_or(SessionObstacle::Bundle)?;
        let before = before.unwrap_or_else(|| session.state().digest());
        let again = stall.recorder.again(&mut session, &taken_in, before);
        let (came, states) = if event.is_spelled_as(again.line) {
            (EventResult { bundle, effect: None, rule: None, differs: None }, again.states)
        } else {
            let made = Record::read(again.line).map_err(|_| SessionObstacle::Withheld)?;
            let record = event.whole().map_err(|_| SessionObstacle::Withheld)?;
            let recorded = record.states.ok_or(SessionObstacle::Withheld)?;
            let states = made.states.unwrap_or([before; 2]);
            let outcome = made.outcome;
            let came = EventResult {
                bundle,
                effect: outcome.and_then(|it| it.effect),
                rule: outcome.and_then(|it| it.rule).map(|rule| rule.text().into_owned()),
                differs: differs(&record, &made, (recorded, states), &mut self.facts),
            };
            (came, states)
        };
        self.memory = memory;
        self.found.sessions += u64::from(is_new);
        let parts = came.differs.is_some();
        self.tell(event, stands, came, parted);
        let (digest, parted) = (states[1], parted || parts);
        Ok(Box::new(VerifyState { state: session.into_state(), digest, bundle, parted }))
    }

    /// Its decision is made again alone.
    fn alone(&mut self, event: &EventLine<'_>, stands: LinePlace, why: &SessionObstacle) {
        if !stands.counts {
            return;
        }
        let Self { found, seats, facts, .. } = self;
        found.records += 1;
        if let Some(bundle) = event.bundle().or_else(|| seats.only()) {
            *found.bundles.entry(bundle).or_default() += 1;
        }
        let Ok(record) = event.whole() else { return };
        let incomplete = found.incomplete.entry(why.clone());
        if record.outcome.is_none() {
            *incomplete.or_default() += 1;
            return;
        }
        let [facts, _] = facts;
        match compare(seats, facts, &record, false) {
            Ok(Compared::Exact | Compared::ByFacts) => *incomplete.or_default() += 1,
            Ok(compared) => found.count(compared, (stands.source, stands.line)),
            Err(obstacle) => *found.obstacles.entry(obstacle).or_default() += 1,
        }
    }

    fn strays(&mut self, why: &SessionObstacle) {
        *self.found.astray.entry(why.clone()).or_default() += 1;
    }

    fn found(&mut self) -> Verified {
        std::mem::take(&mut self.found)
    }
}

impl VerifyRunner<'_> {
    /// Counts a record whose event was folded. The first that differs in its session is told
    /// whether it was asked for or not: those that were go by it.
    fn tell(&mut self, event: &EventLine<'_>, stands: LinePlace, came: EventResult, parted: bool) {
        let EventResult { bundle, effect, rule, differs } = came;
        let is_first = differs.is_some() && !parted;
        if !stands.counts && !is_first {
            return;
        }
        let found = &mut self.found;
        found.records += 1;
        *found.bundles.entry(bundle).or_default() += 1;
        let EventDifference { part, field, atom } = match differs {
            None => {
                found.exact += 1;
                return;
            }
            Some(_) if parted => {
                found.downstream += 1;
                return;
            }
            Some(differs) => differs,
        };
        let session =
            Some(InSession { id: event.session().into_owned(), number: event.step(), part });
        // It was read before.
        let Ok(record) = event.whole() else { return };
        let text = |text: Text<'_>| text.text().into_owned();
        let outcome = record.outcome;
        let what = Mismatch {
            id: record.id.map(text).unwrap_or_default(),
            tool: match record.input {
                Input::Context(context, _) => tool_of(context),
                Input::Raw(..) => None,
            },
            bundle,
            recorded: (outcome.and_then(|it| it.effect), outcome.and_then(|it| it.rule).map(text)),
            replayed: (effect, rule),
            atom,
            field,
            cause: self.seats.cause(),
            session,
        };
        found.differs(Found { source: stands.source, line: stands.line, what });
    }
}
