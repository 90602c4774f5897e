//! What a candidate changes in sessions that are folded anew under it.
//!
//! In:      the events of sessions, one after the other, and the records of them.
//! Out:     `Impact`.
//! Imports: `base`, `runtime::program`, `runtime::record`, `runtime::session`, `runtime::vm`.
//! Source:  `docs/replay.md`, section "Diff".
//!
//! Both bundles see the events that were recorded, whatever they decide: an agent that was denied
//! would have gone another way, so what follows the first change of a session is counted as such.
//! What was granted for a call counts for whatever a bundle asks about that call.
//!
//! Where a bundle waits for what no host function gave, nobody knows what it would have decided,
//! nor the state behind it: from then on a decision is definite only if it is the same whatever
//! the session answers.

use std::collections::HashMap;
use std::sync::Arc;

use crate::base::limits::SESSION_ASKS_MAX;
use crate::runtime::program::Program;
use crate::runtime::program::withheld::RedactionRules;
use crate::runtime::record::outline::EventLine;
use crate::runtime::record::read::{Input, Record};
use crate::runtime::record::redact::Redactor;
use crate::runtime::record::session::RecordedEvent as Redecision;
use crate::runtime::session::event::{Event, EventFault, EventKind};
use crate::runtime::session::ground::Ground;
use crate::runtime::session::state::State;
use crate::runtime::session::step::{Outcome, Session};
use crate::runtime::vm::request::marked::{Recorded, ingest_record};
use crate::runtime::vm::scratch::Scratch;
use crate::tools::replay::fold::runner::{SessionRunner, SessionRunners};
use crate::tools::replay::fold::{
    LinePlace, MemorySize, SessionObstacle, Task, TaskRunner, bundle_of,
};
use crate::tools::replay::impact::{Impact, Outcome as Effects};
use crate::tools::replay::knew::{asked_of, is_pending, recorded_effect};
use crate::tools::replay::redecide::{Obstacle, ProgramRunners, moment};
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
pub struct ResimState {
    /// Under what decided, and under the candidate.
    states: [Box<State>; 2],
    /// The bundle of the records.
    bundle: Digest,
    /// What was asked of approvers, and what both ask about the same call.
    asked: HashMap<[u8; 32], [Option<[u8; 32]>; 2]>,
    /// Whether nobody knows the state under them any more.
    open: [bool; 2],
}

impl MemorySize for ResimState {
    fn bytes(&self) -> usize {
        let asked = self.asked.len() * size_of::<([u8; 32], [Option<[u8; 32]>; 2])>();
        self.states.iter().map(|state| state.bytes()).sum::<usize>() + asked
    }
}

impl Task for Resim {
    type Kept = ResimState;
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
        stalls: SessionRunners<'t>,
    ) -> Box<dyn TaskRunner<ResimState, Impact> + 't> {
        let (memory, found) = (Vec::new(), Impact::default());
        Box::new(ResimRunner {
            task: self,
            stalls,
            seats: ProgramRunners::of(store),
            memory,
            found,
        })
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
struct ResimRunner<'t> {
    task: &'t Resim,
    stalls: SessionRunners<'t>,
    /// What knows which records can be replayed.
    seats: ProgramRunners<'t>,
    /// An event that has to be made.
    memory: Vec<u8>,
    found: Impact,
}

/// What came of a request under one of both.
#[derive(Debug)]
struct RequestResult<'t> {
    program: &'t Program,
    outcome: Effects,
    digest: Option<Digest>,
    outputs: String,
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

impl<'t> RequestResult<'t> {
    /// A request that was refused.
    const fn denied(program: &'t Program) -> Self {
        Self {
            program,
            outcome: Effects::Deny,
            digest: None,
            outputs: String::new(),
            fired: Vec::new(),
            failed: Vec::new(),
            refused: None,
            key: None,
            bits: Vec::new(),
            asks: None,
            pending: false,
        }
    }

    fn side(&self) -> Side<'_> {
        Side {
            program: self.program,
            outcome: self.outcome,
            digest: self.digest,
            outputs: &self.outputs,
            fired: &self.fired,
            settled: self.outcome != Effects::Undetermined,
            failed: &self.failed,
            refused: self.refused.as_deref(),
            key: self.key.as_deref(),
            bits: &self.bits,
        }
    }
}

impl TaskRunner<ResimState, Impact> for ResimRunner<'_> {
    fn event(
        &mut self,
        event: &EventLine<'_>,
        stands: LinePlace,
        kept: Option<Box<ResimState>>,
    ) -> Result<Box<ResimState>, SessionObstacle> {
        let before = kept.as_ref().map(|kept| kept.bundle);
        let bundle = bundle_of(&mut self.seats, event, before)?;
        let record = &event.whole().map_err(|_| SessionObstacle::Withheld)?;
        let mut memory = std::mem::take(&mut self.memory);
        let event = event.taken_in(&mut memory).ok_or(SessionObstacle::Withheld)?;
        let event = Event::read(event);
        let task = self.task;
        let from = task.from.as_ref().map_or(bundle, |program| program.digest());
        let (states, mut asked, mut open) = match kept {
            Some(kept) => (kept.states.map(Some), kept.asked, kept.open),
            None => ([None, None], HashMap::new(), [false; 2]),
        };
        let [was, is] = states;
        let stall = self.stalls.get(from).map_err(SessionObstacle::Obstacle)?;
        let (was, before) = simulate(stall, was, (&for_side(&event, &asked, 0), open[0]))?;
        let stall = self.stalls.get(task.to.digest()).map_err(SessionObstacle::Obstacle)?;
        let (is, after) = simulate(stall, is, (&for_side(&event, &asked, 1), open[1]))?;
        if let (Some(mut before), Some(mut after)) = (before, after) {
            if let Some(digest) = asked_of(record).filter(|_| asked.len() < SESSION_ASKS_MAX) {
                asked.insert(digest, [before.asks, after.asks]);
            }
            let refused = [&before, &after].map(|came| came.refused.is_some());
            for (came, open) in [&mut before, &mut after].into_iter().zip(&mut open) {
                let waits = came.pending && !is_pending(record);
                // Where only one side refused it, the other may not have known an earlier call.
                let knew = *open && refused != [came.refused.is_some(); 2];
                if waits || knew {
                    came.outcome = Effects::Undetermined;
                }
                *open |= waits;
            }
            if stands.counts {
                let drifted = drifted(record, &before, task.from.is_some());
                let weight = record.weight().saturating_mul(task.weight);
                let sides = (&before.side(), &after.side());
                tell(&mut self.found, record, sides, (weight, drifted));
            }
        }
        self.memory = memory;
        Ok(Box::new(ResimState { states: [was, is], bundle, asked, open }))
    }

    fn strays(&mut self, _: &SessionObstacle) {}

    fn alone(&mut self, event: &EventLine<'_>, stands: LinePlace, why: &SessionObstacle) {
        let decides = || event.whole().is_ok_and(|record| record.outcome.is_some());
        if !stands.counts || !decides() {
            return;
        }
        let obstacle = match why {
            SessionObstacle::Obstacle(obstacle) => obstacle.clone(),
            SessionObstacle::Beginning
            | SessionObstacle::Gap
            | SessionObstacle::Twice
            | SessionObstacle::Withheld
            | SessionObstacle::Bundle => Obstacle::NotWhole,
            SessionObstacle::Crowded => Obstacle::Crowded,
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

/// Whether the side before is not what was recorded; by effects, where it is another bundle.
fn drifted(record: &Record<'_>, before: &RequestResult<'_>, other: bool) -> bool {
    let Some(recorded) = record.outcome else { return false };
    if !other {
        return recorded.digest.is_some_and(|digest| Some(digest) != before.digest);
    }
    before.outcome != Effects::Undetermined
        && recorded_effect(record).map(Effects::of) != Some(before.outcome)
}

/// Takes in an event; what came of it, if it is a request. `open`: nobody knows the state.
fn simulate<'t>(
    stall: &mut SessionRunner<'t>,
    state: Option<Box<State>>,
    (event, open): (&Result<Event<'_>, EventFault>, bool),
) -> Result<(Box<State>, Option<RequestResult<'t>>), SessionObstacle> {
    let mut session = match state {
        None => Session::new(stall.ground),
        Some(state) => Session::resume(stall.ground, state).ok_or(SessionObstacle::Bundle)?,
    };
    let SessionRunner { program, ground, recorder } = stall;
    let program: &'t Program = program;
    let asks = event.as_ref().is_ok_and(|it| matches!(it.kind, EventKind::Request { .. }));
    // Nothing is compared with its digest.
    let Redecision { outcome, line, .. } = recorder.again(&mut session, event, Digest::default());
    let made = Record::read(line).ok();
    let said = made.and_then(|made| made.outcome);
    let digest = said.and_then(|said| said.digest);
    let outputs = said.and_then(|said| said.outputs).map(String::from_utf8_lossy);
    let came = match outcome {
        Outcome::Decided(decided) => {
            let mut came = RequestResult {
                outcome: Effects::of(decided.effect()),
                digest,
                outputs: outputs.unwrap_or_default().into_owned(),
                fired: decided.decision.fired().iter().map(|fired| fired.rule).collect(),
                refused: decided.decision.input_error().map(|error| error.message(program)),
                asks: decided.asking.as_ref().map(|asking| asking.digest),
                pending: !decided.pending.is_empty(),
                ..RequestResult::denied(program)
            };
            let failed = decided.decision.failures().iter();
            came.failed = failed.map(|it| it.by.name(program).to_owned()).collect();
            let mut seen = decided.witness.cloned();
            if let Some(seen) = &mut seen {
                seen.forget(program.withheld().silent());
            }
            came.bits = seen.map(|seen| seen.bits().to_vec()).unwrap_or_default();
            decided.decision.key_into(&mut came.key);
            let known = came.outcome;
            if open && made.is_none_or(|made| !stands_alone(&made, ground, known)) {
                came.outcome = Effects::Undetermined;
            }
            Some(came)
        }
        Outcome::Refused(fault) if asks => Some(RequestResult {
            digest,
            refused: Some(fault.to_string()),
            ..RequestResult::denied(program)
        }),
        Outcome::Refused(_) | Outcome::Recorded(_) => None,
    };
    Ok((session.into_state(), came))
}

/// Whether a decision comes to `outcome` whatever its session answers.
fn stands_alone(made: &Record<'_>, ground: &Ground<'_>, outcome: Effects) -> bool {
    let (program, Input::Context(context, _)) = (ground.program(), made.input) else {
        return false;
    };
    // How often it was asked and tried stands in the state, too.
    if outcome == Effects::Escalate && !program.module().govern.denials.is_empty() {
        return false;
    }
    let (answers, mut open) =
        (RedactionRules::new(vec![RedactionRules::answers(true)]), Vec::new());
    if Redactor::default().redact(&answers, context, None, &mut open).is_err() {
        return false;
    }
    let hosts = made.hosts();
    let Ok(moment) = moment(made, true, hosts.as_ref()) else { return false };
    let mut scratch = Scratch::for_program(program);
    match ingest_record(program, &open, &mut scratch) {
        Recorded::Known(mut filled) => Effects::of(filled.decide(&moment).effect()) == outcome,
        Recorded::Partial(mut partial) => {
            let effects = partial.decide(&moment, None).effects;
            !effects.is_empty() && effects.iter().all(|it| Effects::of(*it) == outcome)
        }
    }
}
