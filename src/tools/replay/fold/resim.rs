//! What a candidate changes in sessions that are folded anew under it.
//!
//! In:      the events of sessions, one after the other, and the records of them.
//! Out:     `Impact`.
//! Imports: `runtime`, `tools::replay`.
//! Source:  `docs/replay.md`, section "Diff".
//!
//! Both bundles see the events that were recorded, whatever they decide: an agent that was denied
//! would have gone another way, so what follows the first change of a session is counted as such.
//! What was granted for a call counts for whatever a bundle asks about that call.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::base::limits::SESSION_ASKS_MAX;
use crate::runtime::program::Program;
use crate::runtime::record::read::Record;
use crate::runtime::session::event::{Event, EventFault, EventKind};
use crate::runtime::session::state::State;
use crate::runtime::session::step::{Outcome, Session};
use crate::tools::inspect::read_digest;
use crate::tools::replay::again::{Obstacle, Seats};
use crate::tools::replay::fold::stall::{Stall, Stalls};
use crate::tools::replay::fold::{Astray, Bench, Holds, Stands, Task, bundle_of};
use crate::tools::replay::impact::{Impact, Outcome as Effects};
use crate::tools::replay::sides::{Side, tell};
use crate::tools::replay::store::{Digest, Store};

/// Folding sessions anew.
#[derive(Clone, Debug)]
pub struct Resim {
    /// The bundle in the stead of those that decided.
    pub from: Option<Arc<Program>>,
    /// The candidate.
    pub to: Arc<Program>,
    /// How many records one stands for.
    pub weight: u64,
}

/// What is kept of a session.
#[derive(Debug)]
pub struct Kept {
    /// Under what decided, and under the candidate.
    states: [State; 2],
    /// The bundle of the records.
    bundle: Digest,
    /// What was asked of approvers, and what both ask about the same call.
    asked: HashMap<[u8; 32], [Option<[u8; 32]>; 2]>,
}

impl Holds for Kept {
    fn bytes(&self) -> usize {
        let asked = self.asked.len() * size_of::<([u8; 32], [Option<[u8; 32]>; 2])>();
        self.states.iter().map(State::bytes).sum::<usize>() + asked
    }
}

impl Task for Resim {
    type Kept = Kept;
    type Found = Impact;

    fn programs(&self) -> Vec<Arc<Program>> {
        let mut own: Vec<Arc<Program>> = self.from.iter().cloned().collect();
        if own.iter().all(|program| program.digest() != self.to.digest()) {
            own.push(Arc::clone(&self.to));
        }
        own
    }

    fn bench<'t>(
        &'t self,
        store: &'t Store,
        stalls: Stalls<'t>,
    ) -> Box<dyn Bench<Kept, Impact> + 't> {
        let (memory, found) = (Vec::new(), Impact::default());
        Box::new(Simulating { task: self, stalls, seats: Seats::of(store), memory, found })
    }

    fn join(parts: Vec<Impact>) -> Impact {
        let mut all = Impact::default();
        for part in parts {
            all.merge(part);
        }
        all
    }
}

/// What sessions are folded anew with.
#[derive(Debug)]
struct Simulating<'t> {
    task: &'t Resim,
    stalls: Stalls<'t>,
    /// What knows which records can be replayed.
    seats: Seats<'t>,
    /// An event that has to be made.
    memory: Vec<u8>,
    found: Impact,
}

/// What came of a request under one of both.
#[derive(Debug)]
struct Came<'t> {
    program: &'t Program,
    outcome: Effects,
    digest: Digest,
    fired: Vec<u16>,
    failed: Vec<String>,
    refused: Option<String>,
    key: Option<String>,
    bits: Vec<u8>,
    /// What is asked of approvers.
    asks: Option<[u8; 32]>,
    /// Whether it waits for a host function.
    pending: bool,
}

impl Came<'_> {
    fn side(&self) -> Side<'_> {
        Side {
            program: self.program,
            outcome: self.outcome,
            digest: Some(self.digest),
            fired: &self.fired,
            failed: &self.failed,
            refused: self.refused.as_deref(),
            key: self.key.as_deref(),
            bits: &self.bits,
        }
    }
}

impl Bench<Kept, Impact> for Simulating<'_> {
    fn event(
        &mut self,
        record: &Record<'_>,
        stands: Stands,
        kept: Option<Box<Kept>>,
    ) -> Result<Box<Kept>, Astray> {
        let before = kept.as_ref().map(|kept| kept.bundle);
        let bundle = bundle_of(&mut self.seats, record, before)?;
        let mut memory = std::mem::take(&mut self.memory);
        let event = record.taken_in(&mut memory).ok_or(Astray::Withheld)?;
        let event = Event::read(event);
        let task = self.task;
        let from = task.from.as_ref().map_or(bundle, |program| program.digest());
        let (states, mut asked) = match kept {
            Some(kept) => (kept.states.map(Some), kept.asked),
            None => ([None, None], HashMap::new()),
        };
        let [was, is] = states;
        let stall = self.stalls.get(from).map_err(Astray::Obstacle)?;
        let (was, before) = simulate(stall, was, &for_side(&event, &asked, 0))?;
        let stall = self.stalls.get(task.to.digest()).map_err(Astray::Obstacle)?;
        let (is, after) = simulate(stall, is, &for_side(&event, &asked, 1))?;
        if let (Some(before), Some(mut after)) = (before, after) {
            if let Some(digest) = asked_of(record).filter(|_| asked.len() < SESSION_ASKS_MAX) {
                asked.insert(digest, [before.asks, after.asks]);
            }
            if after.pending && !before.pending {
                // Nobody knows what the host would have given.
                after.outcome = Effects::Undetermined;
            }
            if stands.counts {
                let recorded = record.outcome.and_then(|outcome| outcome.digest);
                let drifted = task.from.is_none() && recorded != Some(before.digest);
                let weight = record.weight().saturating_mul(task.weight);
                let sides = (&before.side(), &after.side());
                tell(&mut self.found, record, sides, (weight, drifted));
            }
        }
        self.memory = memory;
        Ok(Box::new(Kept { states: [was, is], bundle, asked }))
    }

    fn strays(&mut self, _: &Astray) {}

    fn alone(&mut self, record: &Record<'_>, stands: Stands, why: &Astray) {
        if !stands.counts || record.outcome.is_none() {
            return;
        }
        let obstacle = match why {
            Astray::Obstacle(obstacle) => obstacle.clone(),
            Astray::Beginning
            | Astray::Gap
            | Astray::Twice
            | Astray::Withheld
            | Astray::Bundle
            | Astray::Crowded => Obstacle::NotWhole,
        };
        *self.found.obstacles.entry(obstacle).or_default() += 1;
    }

    fn found(&mut self) -> Impact {
        std::mem::take(&mut self.found)
    }
}

/// An event as one side takes it in: an approval is of what that asks.
fn for_side<'e>(
    event: &Result<Event<'e>, EventFault>,
    asked: &HashMap<[u8; 32], [Option<[u8; 32]>; 2]>,
    side: usize,
) -> Result<Event<'e>, EventFault> {
    let mut event = event.clone()?;
    if let EventKind::Approval { ask, .. } = &mut event.kind
        && let Some(Some(own)) = asked.get(ask).and_then(|sides| sides.get(side))
    {
        *ask = *own;
    }
    Ok(event)
}

/// What a record says was asked of approvers.
fn asked_of(record: &Record<'_>) -> Option<[u8; 32]> {
    let has = record.line.windows(10).any(|part| part == b"\"approval\"");
    let line: Json = serde_json::from_slice(record.line).ok().filter(|_| has)?;
    read_digest(line.pointer("/approval/for")?.as_str()?)
}

/// Takes in an event; what came of it, if it is a request.
fn simulate<'t>(
    stall: &mut Stall<'t>,
    state: Option<State>,
    event: &Result<Event<'_>, EventFault>,
) -> Result<(State, Option<Came<'t>>), Astray> {
    let mut session = match state {
        None => Session::new(stall.ground),
        Some(state) => Session::resume(stall.ground, state).ok_or(Astray::Bundle)?,
    };
    let Stall { program, work, canonical, refused, .. } = stall;
    let program: &'t Program = program;
    let asks = event.as_ref().is_ok_and(|it| matches!(it.kind, EventKind::Request { .. }));
    let outcome = match event {
        Ok(event) => session.step(event, work),
        Err(fault) => session.unreadable(fault.clone()),
    };
    let came = match outcome {
        Outcome::Decided(mut decided) => {
            let (outcome, pending) = (Effects::of(decided.effect()), !decided.pending.is_empty());
            let asks = decided.asking.as_ref().map(|asking| asking.digest);
            let mut seen = decided.witness.cloned();
            if let Some(seen) = &mut seen {
                seen.forget(program.withheld().silent());
            }
            let bits = seen.map(|seen| seen.bits().to_vec()).unwrap_or_default();
            let decision = &mut decided.decision;
            let digest = canonical.digest(decision);
            let fired = decision.fired().iter().map(|fired| fired.rule).collect();
            let failed = decision.failures().iter().map(|it| it.by.name(program).to_owned());
            let refused = decision.input_error().map(|error| error.message(program));
            let (failed, mut key) = (failed.collect(), None);
            decision.key_into(&mut key);
            Some(Came {
                program,
                outcome,
                digest,
                fired,
                failed,
                refused,
                key,
                bits,
                asks,
                pending,
            })
        }
        Outcome::Refused(fault) if asks => Some(Came {
            program,
            outcome: Effects::Deny,
            digest: *refused,
            fired: Vec::new(),
            failed: Vec::new(),
            refused: Some(fault.to_string()),
            key: None,
            bits: Vec::new(),
            asks: None,
            pending: false,
        }),
        Outcome::Refused(_) | Outcome::Recorded(_) => None,
    };
    Ok((session.into_state(), came))
}
