//! What a candidate changes in recorded decisions.
//!
//! In:      records, the bundles that made them or one in their stead, a candidate.
//! Out:     `Impact`: how many decisions go from which effect to which, and in which ways.
//! Imports: `lang`, `runtime::program`, `runtime::record`, `runtime::vm`.
//!
//! Every record is decided by both bundles, with the same `now` and what was recorded beside. What
//! is kept does not grow with the number of records, and is the same however they are cut into
//! parts: `tools::replay::sketch`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::lang::decision::Effect;
use crate::runtime::program::Program;
use crate::runtime::record::check::{Chains, Place};
use crate::runtime::record::memo::Memo;
use crate::runtime::record::read::{Entry, Record};
use crate::runtime::vm::observe::Witness;
use crate::tools::replay::again::{Again, Obstacle, Seat, Seats, Verdict};
use crate::tools::replay::answers::{Answers, RETRIES, hangs_on};
use crate::tools::replay::chained;
use crate::tools::replay::filter::Filter;
use crate::tools::replay::fold::{Gathered, Stands};
use crate::tools::replay::knew::{is_refused, recorded_effect};
use crate::tools::replay::sides::{Side, tell};
use crate::tools::replay::sketch::{Merge, Table, pairs};
use crate::tools::replay::store::{Digest, Store};
use crate::tools::replay::stream::Chunk;

/// Ways that are kept.
const WAYS_MAX: usize = 1000;
/// Sorts of decisions that are kept: what conditions are found from.
const SORTS_MAX: usize = 1 << 16;
/// Examples of a way.
const EXAMPLES_MAX: usize = 3;
/// Agents and sessions that are counted one by one.
pub(super) const COUNTED_MAX: usize = 1 << 12;

/// How a decision came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is allowed.
    Allow,
    /// Somebody is asked.
    Escalate,
    /// It is denied.
    Deny,
    /// Nothing decides.
    None,
    /// It depends on what the record withholds.
    Undetermined,
}

impl Outcome {
    /// Every outcome, in the order of the matrix.
    pub const ALL: [Self; 5] =
        [Self::Allow, Self::Escalate, Self::Deny, Self::None, Self::Undetermined];

    /// As it is written.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Escalate => "escalate",
            Self::Deny => "deny",
            Self::None => "none",
            Self::Undetermined => "undetermined",
        }
    }

    pub(super) const fn of(effect: Option<Effect>) -> Self {
        match effect {
            Some(Effect::Allow) => Self::Allow,
            Some(Effect::Escalate) => Self::Escalate,
            Some(Effect::Deny) => Self::Deny,
            None => Self::None,
        }
    }
}

/// How many records, and how many decisions they stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Records.
    pub records: u64,
    /// Decisions: a record that sampling kept stands for those that it left away.
    pub decisions: u64,
    /// Sum of `w (w - 1)` over the weights `w` of records: the variance of `decisions`.
    pub spread: u64,
}

impl Count {
    /// One record that stands for so many decisions.
    #[must_use]
    pub const fn of(weight: u64) -> Self {
        let spread = weight.saturating_mul(weight.saturating_sub(1));
        Self { records: 1, decisions: weight, spread }
    }
}

impl Merge for Count {
    fn merge(&mut self, other: Self) {
        self.records = self.records.saturating_add(other.records);
        self.decisions = self.decisions.saturating_add(other.decisions);
        self.spread = self.spread.saturating_add(other.spread);
    }
}

/// A way in which decisions change: from which effect to which, and by which rules.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Way {
    /// Before.
    pub from: Outcome,
    /// With the candidate.
    pub to: Outcome,
    /// Whether it is not known which rules fired, before or now: then none are named.
    pub open: bool,
    /// Rules that fired before and do not any more, in document order.
    pub gone: Vec<String>,
    /// Rules that fire now and did not before.
    pub new: Vec<String>,
    /// What fails now and did not before.
    pub failed: Vec<String>,
    /// Why the candidate refuses the context, where what decided before did not.
    pub refused: Option<String>,
}

/// A record that shows a way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Example {
    /// Its id.
    pub id: String,
    /// The tool that was called.
    pub tool: Option<String>,
    /// Who called it.
    pub principal: Option<String>,
    /// When: seconds and nanoseconds since the epoch.
    pub now: Option<(i64, u32)>,
}

/// What is known of the decisions that change in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// How many.
    pub count: Count,
    /// Some of them.
    pub examples: Table<Example, u64>,
    /// Who made them.
    pub principals: Table<String, u64>,
    /// The sessions that they belong to.
    pub sessions: Table<String, u64>,
}

impl Changed {
    pub(super) const fn new(count: Count) -> Self {
        Self {
            count,
            examples: Table::keeping(EXAMPLES_MAX),
            principals: Table::keeping(COUNTED_MAX),
            sessions: Table::keeping(COUNTED_MAX),
        }
    }
}

impl Merge for Changed {
    fn merge(&mut self, other: Self) {
        self.count.merge(other.count);
        self.examples.merge(other.examples);
        self.principals.merge(other.principals);
        self.sessions.merge(other.sessions);
    }
}

/// A sort of decisions: those of which everything is alike that conditions are made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sort {
    /// The way in which they change; nothing for those that keep their effect.
    pub way: Option<Way>,
    /// The key of the request, mostly the tool.
    pub key: Option<String>,
    /// The bundle that decided before.
    pub from: Digest,
    /// How its atoms came out: two bits each.
    pub before: Vec<u8>,
    /// How those of the candidate came out.
    pub after: Vec<u8>,
    /// The rules that fired before, in document order.
    pub was: Vec<u16>,
    /// The rules of the candidate that fired, likewise.
    pub fired: Vec<u16>,
    /// Whether both are known, before and now.
    pub settled: [bool; 2],
}

/// When a session changes first, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstChange {
    /// The step of the first change.
    pub step: u64,
    /// Changes in all.
    pub changes: u64,
}

impl Merge for FirstChange {
    fn merge(&mut self, other: Self) {
        self.step = self.step.min(other.step);
        self.changes += other.changes;
    }
}

/// What a candidate changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// By effect before and effect now.
    #[serde(with = "pairs")]
    pub matrix: BTreeMap<(Outcome, Outcome), Count>,
    /// Records with the same effect for other reasons.
    pub reworded: u64,
    /// Records whose context the candidate refuses, and what decided before did not.
    pub refused: u64,
    /// Records of which the bundle that decides before says something else than they do.
    pub drift: u64,
    /// Records of which it cannot be said whether it does: they withhold what decided.
    pub unsettled: u64,
    /// The ways in which effects change.
    pub ways: Table<Way, Changed>,
    /// The sorts of decisions.
    pub sorts: Table<Sort, Count>,
    /// The sessions of all records.
    pub sessions: Table<String, u64>,
    /// The sessions in which something changes.
    pub changed_sessions: Table<String, FirstChange>,
    /// The first and the last time of a decision.
    pub times: Option<((i64, u32), (i64, u32))>,
    /// Records that cannot be replayed, by why not.
    #[serde(with = "pairs")]
    pub obstacles: BTreeMap<Obstacle, u64>,
    /// Records that are undetermined because a session would answer otherwise, by what about.
    pub not_judged: BTreeMap<String, u64>,
    /// Lines that are no records.
    pub unreadable: u64,
    /// Bundles that decided before, with the records of each.
    #[serde(with = "pairs")]
    pub bundles: BTreeMap<Digest, u64>,
    /// The chains of the lines.
    #[serde(with = "chained")]
    pub chains: Chains,
    /// Records that stand in no chain.
    pub unchained: u64,
}

impl Default for Impact {
    fn default() -> Self {
        Self {
            matrix: BTreeMap::new(),
            reworded: 0,
            refused: 0,
            drift: 0,
            unsettled: 0,
            ways: Table::keeping(WAYS_MAX),
            sorts: Table::keeping(SORTS_MAX),
            sessions: Table::keeping(COUNTED_MAX),
            changed_sessions: Table::keeping(SORTS_MAX),
            times: None,
            obstacles: BTreeMap::new(),
            not_judged: BTreeMap::new(),
            unreadable: 0,
            bundles: BTreeMap::new(),
            chains: Chains::default(),
            unchained: 0,
        }
    }
}

impl Impact {
    /// Adds what another part of the records gave.
    pub fn merge(&mut self, other: Self) {
        for (cell, count) in other.matrix {
            self.matrix.entry(cell).or_default().merge(count);
        }
        self.reworded += other.reworded;
        self.refused += other.refused;
        self.drift += other.drift;
        self.unsettled += other.unsettled;
        self.ways.merge(other.ways);
        self.sorts.merge(other.sorts);
        self.sessions.merge(other.sessions);
        self.changed_sessions.merge(other.changed_sessions);
        if let Some((first, last)) = other.times {
            self.at(first);
            self.at(last);
        }
        for (obstacle, count) in other.obstacles {
            *self.obstacles.entry(obstacle).or_default() += count;
        }
        for (about, count) in other.not_judged {
            *self.not_judged.entry(about).or_default() += count;
        }
        self.unreadable += other.unreadable;
        for (bundle, count) in other.bundles {
            *self.bundles.entry(bundle).or_default() += count;
        }
        self.chains.append(other.chains);
        self.unchained += other.unchained;
    }

    /// Counts decisions that go from one outcome to another.
    pub(super) fn tally(&mut self, cell: (Outcome, Outcome), count: Count) {
        self.matrix.entry(cell).or_default().merge(count);
    }

    /// Widens the times to this one.
    pub(super) fn at(&mut self, time: (i64, u32)) {
        let (first, last) = self.times.unwrap_or((time, time));
        self.times = Some((first.min(time), last.max(time)));
    }

    /// How many records go from `from` to `to`.
    #[must_use]
    pub fn cell(&self, from: Outcome, to: Outcome) -> Count {
        self.matrix.get(&(from, to)).copied().unwrap_or_default()
    }

    /// The records of which the outcomes before and now are such.
    #[must_use]
    pub fn of(&self, takes: impl Fn(Outcome, Outcome) -> bool) -> Count {
        let mut sum = Count::default();
        let cells = self.matrix.iter().filter(|((from, to), _)| takes(*from, *to));
        cells.for_each(|(_, count)| sum.merge(*count));
        sum
    }

    /// All records that were decided.
    #[must_use]
    pub fn total(&self) -> Count {
        self.of(|_, _| true)
    }

    /// The records that nobody can judge: before or now it is not known what comes of them.
    #[must_use]
    pub fn undetermined(&self) -> Count {
        self.of(|from, to| [from, to].contains(&Outcome::Undetermined))
    }

    /// The records that go to `to` and were not there before.
    #[must_use]
    pub fn newly(&self, to: Outcome) -> Count {
        self.of(|from, now| now == to && from != now && from != Outcome::Undetermined)
    }
}

/// What a thread compares with.
#[derive(Debug)]
pub struct Comparer<'s> {
    seats: Seats<'s>,
    filter: &'s Filter,
    /// The bundle that decides before, where it is not the one of the record.
    from: Option<Seat>,
    to: Seat,
    memo: Memo,
    /// The recorded witness.
    facts: Witness,
    /// The rules that won in the last two decisions.
    winners: [Option<u16>; 2],
    /// By the bundle that recorded what sessions answered: what it answers otherwise than the
    /// bundle before, and than the candidate.
    answers: HashMap<Digest, [Answers; 2]>,
}

/// What one of both said.
struct Said {
    outcome: Outcome,
    digest: Option<Digest>,
    winner: Option<u16>,
    fired: Vec<u16>,
    settled: bool,
    key: Option<String>,
}

/// What both said of a record.
struct Both {
    was: Said,
    is: Said,
    /// Whether the first is not what was recorded.
    drifted: bool,
    /// What of a session the decisions hang on.
    not_judged: BTreeSet<String>,
}

impl Said {
    fn of(again: &Again, seat: &Seat) -> Self {
        match again {
            Again::Decided(Verdict { digest, effect, rule, .. }) => Self {
                outcome: Outcome::of(*effect),
                digest: Some(*digest),
                winner: *rule,
                fired: seat.fired().to_vec(),
                settled: seat.is_settled(),
                key: seat.key().map(str::to_owned),
            },
            Again::Undetermined { effect, .. } => Self {
                outcome: effect.map_or(Outcome::Undetermined, Outcome::of),
                digest: None,
                winner: None,
                fired: seat.fired().to_vec(),
                settled: seat.is_settled(),
                key: None,
            },
        }
    }

    /// The same, beside what the seat knows of it.
    fn side<'s>(&'s self, seat: &'s Seat) -> Side<'s> {
        Side {
            program: &seat.program,
            outcome: self.outcome,
            digest: self.digest,
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
            seats: Seats::of(store),
            filter,
            from: from.map(|program| Seat::of(Arc::clone(program))),
            to: Seat::of(Arc::clone(to)),
            memo: Memo::default(),
            facts: Witness::new(0),
            winners: [None; 2],
            answers: HashMap::new(),
        }
    }

    /// What decided last, if it was the bundle with this digest, and the candidate.
    #[must_use]
    pub fn last(&self, bundle: Digest) -> Option<[(&Seat, Option<u16>); 2]> {
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
        let mut gathered = Gathered::default();
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
            let stands = Stands { source: chunk.source, line: number, counts };
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

    fn record(&mut self, record: &Record<'_>, impact: &mut Impact) -> Result<(), Obstacle> {
        let Both { was, is, drifted, not_judged } = self.both(record)?;
        for about in not_judged {
            *impact.not_judged.entry(about).or_default() += 1;
        }
        let weight = record.weight().saturating_mul(self.filter.weight());
        let before: &Seat = match &self.from {
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
            (Again::Decided(verdict), Some(outcome)) if is_recorded => {
                before.first_unlike(&outcome, verdict).is_some()
            }
            (Again::Decided(_) | Again::Undetermined { .. }, _) => false,
        };
        let mut not_judged = hangs_on(&said);
        let mut was = Said::of(&said, before);
        let lacked = before.lacks_answers();
        if lacked && self.from.is_some() {
            return Err(Obstacle::Asks);
        }
        let own = facts.filter(|_| recorded_by == Some(self.to.program.digest()));
        let said = self.to.decide(&record_is, own)?;
        not_judged.extend(hangs_on(&said));
        let mut is = Said::of(&said, &self.to);
        if self.to.lacks_answers() && !lacked {
            return Err(Obstacle::Asks);
        }
        for (said, retries) in [&mut was, &mut is].into_iter().zip(retries) {
            let asks = said.outcome == Outcome::Escalate && record.event.is_some();
            if asks && retries {
                said.outcome = Outcome::Undetermined;
                not_judged.insert(RETRIES.to_owned());
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
            (Some(_), Some(_)) => recorded_effect(record).map(Outcome::of) != Some(was.outcome),
            (Some(_) | None, _) => false,
        };
        Ok(Both { was, is, drifted, not_judged })
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
