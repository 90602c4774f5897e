//! Recorded decisions by two bundles.
//!
//! In:      records, the bundles that made them or one in their stead, a candidate.
//! Out:     `Impact`.
//! Imports: `runtime::program`, `runtime::record`, `runtime::vm`.
//!
//! Every record is decided by both bundles, with the same `now` and what was recorded beside. What
//! the bundle of the record cannot tell for what is withheld, the record itself says: it was
//! decided when nothing was.

use std::collections::HashMap;
use std::sync::Arc;

use crate::runtime::program::Program;
use crate::runtime::record::check::Place;
use crate::runtime::record::memo::Memo;
use crate::runtime::record::read::{Entry, Record};
use crate::runtime::vm::observe::Witness;
use crate::tools::replay::answers::{Answers, Needs, RETRIES};
use crate::tools::replay::filter::Filter;
use crate::tools::replay::fold::{Gathered, LinePlace};
use crate::tools::replay::impact::{Impact, Outcome};
use crate::tools::replay::knew::{is_refused, recorded_effect};
use crate::tools::replay::redecide::{
    Obstacle, ProgramRunner, ProgramRunners, Redecision, Verdict,
};
use crate::tools::replay::reuse::Reuse;
use crate::tools::replay::sides::{Side, tell};
use crate::tools::replay::sketch::hash;
use crate::tools::replay::store::{Digest, Store};
use crate::tools::replay::stream::Chunk;

/// What a thread compares with.
#[derive(Debug)]
pub struct Comparer<'s> {
    seats: ProgramRunners<'s>,
    filter: &'s Filter,
    /// The bundle that decides before, where it is not the one of the record.
    from: Option<ProgramRunner>,
    to: ProgramRunner,
    memo: Memo,
    /// The recorded witness.
    facts: Witness,
    /// The rules that won in the last two decisions.
    winners: [Option<u16>; 2],
    /// By the bundle that recorded what sessions answered: what it answers otherwise than the
    /// bundle before, and than the candidate.
    answers: HashMap<Digest, [Answers; 2]>,
    /// By the bundle that recorded how atoms came out: those that the candidate asks, too.
    reuse: HashMap<Digest, Reuse>,
}

/// What one of both said.
struct SideDecision {
    outcome: Outcome,
    digest: Option<Digest>,
    winner: Option<u16>,
    fired: Vec<u16>,
    settled: bool,
    key: Option<String>,
}

/// What both said of a record.
struct Both {
    was: SideDecision,
    is: SideDecision,
    /// Whether the first is not what was recorded.
    drifted: bool,
    /// What the decisions hang on that nobody knows.
    needs: Needs,
}

/// What two bundles decide about a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairedDecision {
    /// How it comes out.
    pub outcomes: [Outcome; 2],
    /// The ids of the rules that fire, where that is known of both.
    pub fired: Option<[Vec<String>; 2]>,
    /// Whether the input is refused.
    pub refused: [bool; 2],
    /// Whether all that a digest covers is the same.
    pub alike: bool,
    /// Whether both are known to give other outputs.
    pub other_outputs: bool,
}

impl SideDecision {
    fn of(again: &Redecision, seat: &ProgramRunner) -> Self {
        match again {
            Redecision::Decided(Verdict { digest, effect, rule, .. }) => Self {
                outcome: Outcome::of(*effect),
                digest: Some(*digest),
                winner: *rule,
                fired: seat.fired().to_vec(),
                settled: seat.is_settled(),
                key: seat.key().map(str::to_owned),
            },
            Redecision::Undetermined { .. } => Self {
                outcome: again.effect().map_or(Outcome::Undetermined, Outcome::of),
                digest: None,
                winner: None,
                fired: seat.fired().to_vec(),
                settled: seat.is_settled(),
                key: None,
            },
        }
    }

    /// Takes from a record what it says was decided, where `again` leaves that open. `decided`:
    /// this is about the bundle that decided. Whether the record says what cannot be, and what is
    /// open then.
    fn settle(&mut self, again: &Redecision, record: &Record<'_>, decided: bool) -> (bool, Needs) {
        let open = || Needs::of(again.open_paths());
        let Some(recorded) = record.outcome.filter(|_| decided) else { return (false, open()) };
        if matches!(again, Redecision::Decided(_)) {
            // Its digest is compared.
            return (false, Needs::default());
        }
        if !again.can_be(recorded.effect) {
            return (true, open());
        }
        if self.outcome == Outcome::Undetermined {
            self.outcome = recorded_effect(record).map_or(self.outcome, Outcome::of);
        }
        (false, Needs::default())
    }

    /// The same, beside what the seat knows of it.
    fn side<'s>(&'s self, seat: &'s ProgramRunner) -> Side<'s> {
        Side {
            program: &seat.program,
            outcome: self.outcome,
            digest: self.digest,
            outputs: seat.words().outputs(),
            fired: &self.fired,
            settled: self.settled,
            failed: seat.failed(),
            refused: seat.refused(),
            key: self.key.as_deref(),
            bits: seat.witness().bits(),
        }
    }
}

impl<'s> Comparer<'s> {
    /// Compares the bundles of the records that `filter` takes, or `from` in their stead, with
    /// `to`.
    #[must_use]
    pub fn of(
        (store, filter): (&'s Store, &'s Filter),
        from: Option<&Arc<Program>>,
        to: &Arc<Program>,
    ) -> Self {
        Self {
            seats: ProgramRunners::of(store),
            filter,
            from: from.map(|program| ProgramRunner::of(Arc::clone(program))),
            to: ProgramRunner::of(Arc::clone(to)),
            memo: Memo::default(),
            facts: Witness::new(0),
            winners: [None; 2],
            answers: HashMap::new(),
            reuse: HashMap::new(),
        }
    }

    /// What decided last, if it was the bundle with this digest, and the candidate.
    #[must_use]
    pub fn last(&self, bundle: Digest) -> Option<[(&ProgramRunner, Option<u16>); 2]> {
        let [was, is] = self.winners;
        let before = self.from.as_ref().or_else(|| self.seats.known(bundle))?;
        Some([(before, was), (&self.to, is)])
    }

    /// Compares the records of a chunk, each alone.
    pub fn chunk(&mut self, chunk: &Chunk) -> Impact {
        self.lines(chunk, None)
    }

    /// The same, but that records of sessions are gathered, to be folded in order.
    pub fn chunk_apart(&mut self, chunk: &Chunk) -> (Impact, Gathered) {
        let mut gathered = Gathered::of(chunk);
        (self.lines(chunk, Some(&mut gathered)), gathered)
    }

    fn lines(&mut self, chunk: &Chunk, mut apart: Option<&mut Gathered>) -> Impact {
        let mut impact = Impact::default();
        for (number, bytes) in chunk.lines() {
            let line = bytes.trim_ascii();
            if line.is_empty() {
                continue;
            }
            let Ok(entry) = Entry::read_after(line, &mut self.memo) else {
                impact.unreadable += 1;
                continue;
            };
            let place = Place { source: chunk.source, line: number };
            impact.unchained += u64::from(!impact.chains.line(&entry, bytes, place));
            let Entry::Record(record) = entry else { continue };
            let counts = self.filter.takes(&record);
            let stands = LinePlace { source: chunk.source, line: number, counts };
            if apart.as_mut().is_some_and(|apart| apart.add(stands, &record)) || !counts {
                continue;
            }
            // Of an event that is no request nothing is decided.
            if record.event.is_some() && record.outcome.is_none() {
                continue;
            }
            if let Err(obstacle) = self.record(&record, &mut impact) {
                *impact.obstacles.entry(obstacle).or_default() += 1;
            }
        }
        impact
    }

    /// Whether both decisions about a line have the same effect in other words, and whether the
    /// first is not what was recorded. `None` if nothing can be decided.
    pub fn differs(&mut self, line: &[u8]) -> Option<(bool, bool)> {
        let entry = Entry::read_after(line, &mut self.memo).ok()?;
        let Entry::Record(record) = entry else { return None };
        let Both { was, is, drifted, .. } = self.both(&record).ok()?;
        Some((was.outcome == is.outcome && was.digest != is.digest, drifted))
    }

    /// What both bundles decide about a record.
    ///
    /// # Errors
    /// If it does not hold what the decisions depend on.
    pub fn pair(&mut self, record: &Record<'_>) -> Result<PairedDecision, Obstacle> {
        let Both { was, is, .. } = self.both(record)?;
        let before: &ProgramRunner = match &self.from {
            Some(seat) => seat,
            None => self.seats.for_record(record)?,
        };
        let ids = |said: &SideDecision, seat: &ProgramRunner| -> Vec<String> {
            said.fired.iter().map(|rule| seat.program.rule_id(*rule).to_owned()).collect()
        };
        let settled = was.settled && is.settled;
        let known = was.digest.is_some() && is.digest.is_some();
        Ok(PairedDecision {
            outcomes: [was.outcome, is.outcome],
            fired: settled.then(|| [ids(&was, before), ids(&is, &self.to)]),
            refused: [before.refused().is_some(), self.to.refused().is_some()],
            alike: was.digest.is_some() && was.digest == is.digest,
            other_outputs: known && was.side(before).outputs != is.side(&self.to).outputs,
        })
    }

    fn record(&mut self, record: &Record<'_>, impact: &mut Impact) -> Result<(), Obstacle> {
        let Both { was, is, drifted, needs } = self.both(record)?;
        for about in needs.session {
            *impact.not_judged.entry(about).or_default() += 1;
        }
        for path in needs.withheld {
            impact.needs.add(hash(path.as_bytes()), path, 1);
        }
        let weight = record.weight().saturating_mul(self.filter.weight());
        let before: &ProgramRunner = match &self.from {
            Some(seat) => seat,
            None => self.seats.for_record(record)?,
        };
        let sides = (&was.side(before), &is.side(&self.to));
        tell(impact, record, sides, (weight, drifted));
        Ok(())
    }

    /// Decides about a record by both bundles.
    fn both(&mut self, record: &Record<'_>) -> Result<Both, Obstacle> {
        self.seats.check(record)?;
        let [of_from, of_to] = self.answers(record)?;
        let retries = [of_from.retries, of_to.retries];
        let (mut memory, mut other) = (Vec::new(), Vec::new());
        let record_was = of_from.without(record, &mut memory)?;
        let record_is = of_to.without(record, &mut other)?;
        let is_recorded = self.from.is_none();
        let before = match &mut self.from {
            Some(seat) => seat,
            None => self.seats.for_record(record)?,
        };
        // What atoms came to says something of the bundle that was recorded only.
        let recorded_by = record.bundle.and_then(|bundle| bundle.digest);
        let own_facts = recorded_by == Some(before.program.digest())
            && record.witness(self.facts.refill()).is_some();
        let facts = own_facts.then_some(&self.facts);
        let said = before.decide(&record_was, facts)?;
        // A digest that was left alone says nothing of words that were not.
        let unlike = match (&said, record.outcome) {
            (Redecision::Decided(verdict), Some(outcome)) if is_recorded => {
                before.first_unlike(&outcome, verdict).is_some()
            }
            (Redecision::Decided(_) | Redecision::Undetermined { .. }, _) => false,
        };
        let mut was = SideDecision::of(&said, before);
        // What was decided when nothing was withheld the record says itself.
        let decided = recorded_by == Some(before.program.digest());
        let (impossible, mut needs) = was.settle(&said, record, decided);
        let lacked = before.lacks_answers();
        // Nor is it known what a session answered where nobody decided.
        if lacked && (self.from.is_some() || record.outcome.is_none()) {
            return Err(Obstacle::Asks);
        }
        let own = facts.filter(|_| recorded_by == Some(self.to.program.digest()));
        let mut said = self.to.decide(&record_is, own)?;
        if own.is_none() && matches!(said, Redecision::Undetermined { .. }) {
            said = self.by_facts(record, &record_is)?.unwrap_or(said);
        }
        needs.add(Needs::of(said.open_paths()));
        let mut is = SideDecision::of(&said, &self.to);
        if self.to.lacks_answers() && !lacked {
            return Err(Obstacle::Asks);
        }
        for (said, retries) in [&mut was, &mut is].into_iter().zip(retries) {
            let asks = said.outcome == Outcome::Escalate && record.event.is_some();
            if asks && retries {
                said.outcome = Outcome::Undetermined;
                needs.session.insert(RETRIES.to_owned());
            } else if asks && is_refused(record) {
                said.outcome = Outcome::Deny;
            }
        }
        self.winners = [was.winner, is.winner];
        let recorded = record.outcome;
        let drifted = match (recorded.and_then(|it| it.digest), was.digest) {
            (Some(recorded), Some(replayed)) if self.from.is_none() => {
                unlike || recorded != replayed
            }
            // Logs of other engines have no digests: their effects are compared.
            (_, Some(_)) => {
                recorded_effect(record).is_some_and(|it| Outcome::of(it) != was.outcome)
            }
            (_, None) => false,
        };
        Ok(Both { was, is, drifted: drifted || impossible, needs })
    }

    /// What the candidate decides by those of its atoms that the bundle of the record asked, too;
    /// nothing where none of them was recorded.
    fn by_facts(
        &mut self,
        record: &Record<'_>,
        without: &Record<'_>,
    ) -> Result<Option<Redecision>, Obstacle> {
        let recorded_by = record.bundle.and_then(|bundle| bundle.digest);
        let Ok(seat) = self.seats.for_record(record) else { return Ok(None) };
        let own = &seat.program;
        if recorded_by != Some(own.digest()) || record.witness(self.facts.refill()).is_none() {
            return Ok(None);
        }
        let to = &self.to.program;
        let reuse = self.reuse.entry(own.digest()).or_insert_with(|| Reuse::between(own, to));
        let Some(witness) = reuse.witness(&self.facts) else { return Ok(None) };
        self.to.decide_by(without, (Some(&witness), false), false).map(Some)
    }

    /// What a session answers otherwise under the bundle before, and under the candidate, than
    /// under the one that recorded it.
    fn answers(&mut self, record: &Record<'_>) -> Result<&[Answers; 2], Obstacle> {
        let by = match record.event {
            Some(_) => self.seats.for_record(record)?.program.clone(),
            None => Arc::clone(&self.to.program),
        };
        let (from, to) = (&self.from, &self.to);
        Ok(self.answers.entry(by.digest()).or_insert_with(|| {
            let before = from.as_ref().map_or(&by, |from| &from.program);
            [before, &to.program].map(|other| Answers::between(&by, other))
        }))
    }
}
