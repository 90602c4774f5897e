//! Whether a session comes to the same decisions and states again.
//!
//! In:      the events of sessions, one after the other, and the records of them.
//! Out:     `Verified`.
//! Imports: `runtime`, `tools::replay`.
//!
//! Of a session that has parted from its records what follows is counted apart: it had another
//! state to go by.

use std::sync::Arc;

use crate::lang::decision::Effect;
use crate::runtime::program::Program;
use crate::runtime::record::read::{Input, Record, Text};
use crate::runtime::session::event::{Event, EventKind};
use crate::runtime::session::state::State;
use crate::runtime::session::step::{Outcome, Session};
use crate::runtime::vm::observe::{Known, Witness};
use crate::tools::decide::tool_of;
use crate::tools::replay::again::Seats;
use crate::tools::replay::fold::stall::{Stall, Stalls};
use crate::tools::replay::fold::{Astray, Bench, Holds, Stands, Task, bundle_of};
use crate::tools::replay::store::{Digest, Store};
use crate::tools::replay::verify::{
    Compared, Found, InSession, Mismatch, Part, Verified, compare, first_other,
};

/// What is kept of a session from one event to the next.
#[derive(Debug)]
pub struct Kept {
    state: State,
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
    type Kept = Kept;
    type Found = Verified;

    fn programs(&self) -> Vec<Arc<Program>> {
        Vec::new()
    }

    fn bench<'t>(
        &'t self,
        store: &'t Store,
        stalls: Stalls<'t>,
    ) -> Box<dyn Bench<Kept, Verified> + 't> {
        let (facts, found) = (Witness::new(0), Verified::default());
        Box::new(Comparing { stalls, seats: Seats::of(store), facts, memory: Vec::new(), found })
    }

    fn join(parts: Vec<Verified>) -> Verified {
        Verified::of_parts(parts.into_iter())
    }
}

impl Holds for Kept {
    fn bytes(&self) -> usize {
        self.state.bytes()
    }
}

/// What sessions are compared with.
#[derive(Debug)]
struct Comparing<'t> {
    stalls: Stalls<'t>,
    /// What decides about records alone.
    seats: Seats<'t>,
    /// The recorded witness.
    facts: Witness,
    /// An event that has to be made.
    memory: Vec<u8>,
    found: Verified,
}

/// What came of an event.
struct Came {
    /// The digest of the decision, where there is one.
    digest: Option<Digest>,
    effect: Option<Effect>,
    rule: Option<String>,
    /// The first atom that came out differently.
    atom: Option<(u16, Known, Known)>,
    /// Whether the context is known: that of a request that was decided.
    decided: bool,
}

/// Takes in an event; `facts` is how atoms came out, if that was recorded.
fn step<'t>(
    stall: &mut Stall<'t>,
    session: &mut Session<'t, 't>,
    event: &[u8],
    facts: Option<&Witness>,
) -> Came {
    let Stall { program, work, canonical, refused, .. } = stall;
    let event = Event::read(event);
    let asks = event.as_ref().is_ok_and(|it| matches!(it.kind, EventKind::Request { .. }));
    let outcome = match &event {
        Ok(event) => session.step(event, work),
        Err(fault) => session.unreadable(fault.clone()),
    };
    let nothing = Came { digest: None, effect: None, rule: None, atom: None, decided: false };
    match outcome {
        Outcome::Decided(mut decided) => {
            let effect = decided.decision.effect();
            let seen = decided.witness.cloned().map(|mut seen| {
                seen.forget(program.withheld().silent());
                seen
            });
            let atom = facts.zip(seen).and_then(|(facts, seen)| first_other(facts, &seen));
            let decision = &mut decided.decision;
            let digest = Some(canonical.digest(decision));
            let rule = decision.rule().map(str::to_owned);
            Came { digest, effect, rule, atom, decided: true }
        }
        Outcome::Refused(_) if asks => {
            Came { digest: Some(*refused), effect: Some(Effect::Deny), ..nothing }
        }
        Outcome::Refused(_) | Outcome::Recorded(_) => nothing,
    }
}

impl Bench<Kept, Verified> for Comparing<'_> {
    fn event(
        &mut self,
        record: &Record<'_>,
        stands: Stands,
        kept: Option<Box<Kept>>,
    ) -> Result<Box<Kept>, Astray> {
        let before = kept.as_ref().map(|kept| kept.bundle);
        let bundle = bundle_of(&mut self.seats, record, before)?;
        let states = record.states.ok_or(Astray::Withheld)?;
        let mut memory = std::mem::take(&mut self.memory);
        let event = record.taken_in(&mut memory).ok_or(Astray::Withheld)?;
        let stall = self.stalls.get(bundle).map_err(Astray::Obstacle)?;
        let is_new = kept.is_none();
        let (session, before, parted) = match kept {
            None => (Some(Session::new(stall.ground)), None, false),
            Some(kept) => {
                (Session::resume(stall.ground, kept.state), Some(kept.digest), kept.parted)
            }
        };
        let mut session = session.ok_or(Astray::Bundle)?;
        let before = before.unwrap_or_else(|| session.state().digest());
        // A record without a witness holds no atom that was asked.
        let facts = record.witness(self.facts.refill()).map(|()| &self.facts);
        let came = step(stall, &mut session, event, facts);
        self.memory = memory;
        let digest = session.state().digest();
        self.found.sessions += u64::from(is_new);
        let part = self.differs(record, (&came, bundle), (states, [before, digest]));
        self.tell(record, stands, (part, came, bundle), parted);
        let parted = parted || part.is_some();
        Ok(Box::new(Kept { state: session.into_state(), digest, bundle, parted }))
    }

    /// Its decision is made again alone.
    fn alone(&mut self, record: &Record<'_>, stands: Stands, why: &Astray) {
        if !stands.counts {
            return;
        }
        let Self { found, seats, facts, .. } = self;
        found.records += 1;
        let named = record.bundle.and_then(|bundle| bundle.digest).or_else(|| seats.only());
        if let Some(bundle) = named {
            *found.bundles.entry(bundle).or_default() += 1;
        }
        let incomplete = found.incomplete.entry(why.clone());
        if record.outcome.is_none() {
            *incomplete.or_default() += 1;
            return;
        }
        match compare(seats, facts, record, false) {
            Ok(Compared::Exact | Compared::ByFacts) => *incomplete.or_default() += 1,
            Ok(compared) => found.count(compared, (stands.source, stands.line)),
            Err(obstacle) => *found.obstacles.entry(obstacle).or_default() += 1,
        }
    }

    fn strays(&mut self, why: &Astray) {
        *self.found.astray.entry(why.clone()).or_default() += 1;
    }

    fn found(&mut self) -> Verified {
        std::mem::take(&mut self.found)
    }
}

impl Comparing<'_> {
    /// What of an event came to something else than the record says.
    fn differs(
        &self,
        record: &Record<'_>,
        (came, bundle): (&Came, Digest),
        (recorded, replayed): ([Digest; 2], [Digest; 2]),
    ) -> Option<Part> {
        let ([was_before, was_after], [before, after]) = (recorded, replayed);
        if was_before != before {
            return Some(Part::Before);
        }
        let digest = record.outcome.and_then(|outcome| outcome.digest);
        let told = record.outcome.is_some() == came.digest.is_some();
        if !told || digest != came.digest || came.atom.is_some() {
            return Some(Part::Decision);
        }
        if was_after != after {
            return Some(Part::After);
        }
        let stall = self.stalls.known(bundle).filter(|_| came.decided);
        let made = stall.map(|stall| stall.work.context());
        let same = made.is_none_or(|made| record.is_about(made.as_bytes()));
        if same { None } else { Some(Part::Context) }
    }

    /// Counts a record whose event was folded. The first that differs in its session is told
    /// whether it was asked for or not: those that were go by it.
    fn tell(
        &mut self,
        record: &Record<'_>,
        stands: Stands,
        (part, came, bundle): (Option<Part>, Came, Digest),
        parted: bool,
    ) {
        let is_first = part.is_some() && !parted;
        if !stands.counts && !is_first {
            return;
        }
        let found = &mut self.found;
        found.records += 1;
        *found.bundles.entry(bundle).or_default() += 1;
        match part {
            None => found.exact += 1,
            Some(_) if parted => found.downstream += 1,
            Some(part) => {
                let session = record.session.map(|session| InSession {
                    id: session.id.text().into_owned(),
                    number: session.step,
                    part,
                });
                let text = |text: Text<'_>| text.text().into_owned();
                let outcome = record.outcome;
                let what = Mismatch {
                    id: record.id.map(text).unwrap_or_default(),
                    tool: match record.input {
                        Input::Context(context, _) => tool_of(context),
                        Input::Raw(..) => None,
                    },
                    bundle,
                    recorded: (
                        outcome.and_then(|it| it.effect),
                        outcome.and_then(|it| it.rule).map(text),
                    ),
                    replayed: (came.effect, came.rule),
                    atom: came.atom,
                    cause: self.seats.cause(),
                    session,
                };
                found.differs(Found { source: stands.source, line: stands.line, what });
            }
        }
    }
}
