//! Whether the bundles that made records make the same decisions again.
//!
//! In:      records, and the store of their bundles.
//! Out:     `Verified`: how many are exact, and what of the others is known.
//! Imports: `base`, `lang`, `runtime::program`, `runtime::record`, `runtime::vm`, `tools::decide`.
//!
//! Two decisions are the same if their digests are, and if every atom came out alike. What a record
//! says of its decision in words must be that decision, too: people go by the words.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::arrange::Arrange as _;
use crate::lang::decision::Effect;
use crate::runtime::program::Program;
use crate::runtime::record::check::{Chains, Place};
use crate::runtime::record::error::RecordError;
use crate::runtime::record::memo::Memo;
use crate::runtime::record::read::{Entry, Input, Record, Text};
use crate::runtime::vm::observe::{AtomState, Witness};
use crate::tools::decide::tool_of;
use crate::tools::replay::filter::Filter;
use crate::tools::replay::fold::{Gathered, LinePlace, SessionObstacle};
use crate::tools::replay::redecide::{Obstacle, ProgramRunners, Redecision};
use crate::tools::replay::store::{Digest, Store};
use crate::tools::replay::stream::Chunk;

/// Most findings of a kind that are kept; of more the number is known.
const KEPT_MAX: usize = 100;

/// A line that is not as it should be, or whose decision differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<T> {
    /// Which source.
    pub source: usize,
    /// The line, from 1.
    pub line: u64,
    /// What is found.
    pub what: T,
}

/// A decision that is not what its record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The record.
    pub id: String,
    /// The tool that was called, if the context says.
    pub tool: Option<String>,
    /// The bundle.
    pub bundle: Digest,
    /// What was recorded: effect and rule.
    pub recorded: (Option<Effect>, Option<String>),
    /// What is decided now.
    pub replayed: (Option<Effect>, Option<String>),
    /// The first atom that came out differently: its number, recorded, replayed.
    pub atom: Option<(u16, AtomState, AtomState)>,
    /// The first field of the record that says something else, where that is known.
    pub field: Option<&'static str>,
    /// What may be the cause.
    pub cause: Option<String>,
    /// The session that the record is of, where that was folded.
    pub session: Option<InSession>,
}

/// An event of a session that differs from its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InSession {
    /// The session.
    pub id: String,
    /// Number of the event in it.
    pub number: u64,
    /// What differs first.
    pub part: Part,
}

/// What of an event can differ from its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What was decided, or how an atom came out.
    Decision,
    /// The state before it.
    Before,
    /// The state after it.
    After,
    /// What was decided about.
    Context,
    /// What the session knew, the time, or what host functions gave.
    Knew,
}

impl Part {
    /// As programs read it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Before => "before",
            Self::After => "after",
            Self::Context => "context",
            Self::Knew => "knew",
        }
    }
}

/// What is known of records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Lines that are records.
    pub records: u64,
    /// The same decision and the same atoms.
    pub exact: u64,
    /// The same decision, by atoms that were recorded where values are withheld.
    pub by_facts: u64,
    /// Records whose decision depends on what they withhold.
    pub undetermined: u64,
    /// Paths that undetermined records withhold, and how many of them each.
    pub needs: BTreeMap<String, u64>,
    /// Records that cannot be replayed, by why not.
    pub obstacles: BTreeMap<Obstacle, u64>,
    /// Records of each bundle.
    pub bundles: BTreeMap<Digest, u64>,
    /// How many decisions differ.
    pub mismatched: u64,
    /// The first of them.
    pub mismatches: Vec<Found<Mismatch>>,
    /// Sessions that were folded.
    pub sessions: u64,
    /// Sessions that cannot be folded, or not to their ends, by why not.
    pub astray: BTreeMap<SessionObstacle, u64>,
    /// Records of these, which decide alone as they did, by why not more is known.
    pub incomplete: BTreeMap<SessionObstacle, u64>,
    /// Events that differ in sessions of which one before does.
    pub downstream: u64,
    /// The chains of the lines.
    pub chains: Chains,
    /// Records that stand in no chain.
    pub unchained: u64,
    /// How many lines are no records.
    pub unreadable: u64,
    /// The first of them.
    pub faults: Vec<Found<RecordError>>,
}

impl Verified {
    /// Adds what is known of records that come later.
    pub fn add(&mut self, later: Self) {
        self.records += later.records;
        self.exact += later.exact;
        self.by_facts += later.by_facts;
        self.undetermined += later.undetermined;
        self.mismatched += later.mismatched;
        self.sessions += later.sessions;
        self.downstream += later.downstream;
        sum(&mut self.astray, later.astray);
        sum(&mut self.incomplete, later.incomplete);
        self.unreadable += later.unreadable;
        self.unchained += later.unchained;
        self.chains.append(later.chains);
        sum(&mut self.needs, later.needs);
        sum(&mut self.obstacles, later.obstacles);
        sum(&mut self.bundles, later.bundles);
        keep(&mut self.mismatches, later.mismatches);
        keep(&mut self.faults, later.faults);
    }

    /// What is known of parts that were looked at beside each other.
    pub(super) fn of_parts(parts: impl Iterator<Item = Self>) -> Self {
        let (mut all, mut mismatches) = (Self::default(), Vec::new());
        for mut part in parts {
            mismatches.append(&mut part.mismatches);
            all.add(part);
        }
        mismatches.arrange_by_key(|found| (found.source, found.line));
        mismatches.truncate(KEPT_MAX);
        Self { mismatches, ..all }
    }

    /// Counts what came of comparing a record with its decision.
    pub(super) fn count(&mut self, compared: Compared, (source, line): (usize, u64)) {
        match compared {
            Compared::Exact => self.exact += 1,
            Compared::ByFacts => self.by_facts += 1,
            Compared::Undetermined(paths) => {
                self.undetermined += 1;
                for path in paths {
                    *self.needs.entry(path).or_default() += 1;
                }
            }
            Compared::Differs(mismatch) => self.differs(Found { source, line, what: *mismatch }),
        }
    }

    /// A record says something else.
    pub(super) fn differs(&mut self, found: Found<Mismatch>) {
        self.mismatched += 1;
        keep(&mut self.mismatches, vec![found]);
    }

    /// Records of sessions that are not whole.
    #[must_use]
    pub fn in_part(&self) -> u64 {
        self.incomplete.values().sum()
    }

    /// Records that were not decided again.
    #[must_use]
    pub fn obstructed(&self) -> u64 {
        self.obstacles.values().sum()
    }
}

fn sum<K: Ord>(counts: &mut BTreeMap<K, u64>, later: BTreeMap<K, u64>) {
    for (key, count) in later {
        *counts.entry(key).or_default() += count;
    }
}

fn keep<T>(found: &mut Vec<T>, later: Vec<T>) {
    let room = KEPT_MAX.saturating_sub(found.len());
    found.extend(later.into_iter().take(room));
}

/// What a thread verifies with.
#[derive(Debug)]
pub struct Verifier<'s> {
    seats: ProgramRunners<'s>,
    filter: &'s Filter,
    memo: Memo,
    /// The recorded witness.
    facts: Witness,
}

impl<'s> Verifier<'s> {
    /// A verifier of the records that `filter` takes, with bundles from `store`.
    #[must_use]
    pub fn of(store: &'s Store, filter: &'s Filter) -> Self {
        let (memo, facts) = (Memo::default(), Witness::new(0));
        Self { seats: ProgramRunners::of(store), filter, memo, facts }
    }

    /// Verifies the records of a chunk; those of sessions are gathered, to be folded in order.
    pub fn chunk(&mut self, chunk: &Chunk) -> (Verified, Gathered) {
        let (mut verified, mut gathered) = (Verified::default(), Gathered::of(chunk));
        let all = self.filter.is_all();
        for (number, bytes) in chunk.lines() {
            let line = bytes.trim_ascii();
            if line.is_empty() {
                continue;
            }
            let (mut ahead, seats) = (false, &mut self.seats);
            let entry = Entry::read_with(line, &mut self.memo, &mut |bundle, line| {
                // Where only some are asked for, most contexts need not be read.
                let read = if all { seats.ahead(bundle, line) } else { None };
                ahead = read.is_some();
                read
            });
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    verified.unreadable += 1;
                    let found = Found { source: chunk.source, line: number, what: error };
                    keep(&mut verified.faults, vec![found]);
                    continue;
                }
            };
            // Whatever is asked for, a chain is whole or is not.
            let place = Place { source: chunk.source, line: number };
            let chained = verified.chains.line(&entry, bytes, place);
            verified.unchained += u64::from(!chained);
            let Entry::Record(record) = entry else { continue };
            let counts = self.filter.takes(&record);
            let stands = LinePlace { source: chunk.source, line: number, counts };
            if !gathered.add(stands, &record) && counts {
                self.record(&record, ahead, (chunk.source, number), &mut verified);
            }
        }
        (verified, gathered)
    }

    /// Verifies a record; with `ahead` its context was read already.
    fn record(
        &mut self,
        record: &Record<'_>,
        ahead: bool,
        place: (usize, u64),
        verified: &mut Verified,
    ) {
        verified.records += 1;
        let digest = record.bundle.and_then(|bundle| bundle.digest);
        if let Some(digest) = digest.or_else(|| self.seats.only()) {
            *verified.bundles.entry(digest).or_default() += 1;
        }
        match compare(&mut self.seats, &mut self.facts, record, ahead) {
            Err(obstacle) => *verified.obstacles.entry(obstacle).or_default() += 1,
            Ok(compared) => verified.count(compared, place),
        }
    }
}

/// Decides a record again; with `ahead` its context was read already. `facts` is memory for the
/// recorded witness.
pub(super) fn compare(
    seats: &mut ProgramRunners<'_>,
    facts: &mut Witness,
    record: &Record<'_>,
    ahead: bool,
) -> Result<Compared, Obstacle> {
    seats.check(record)?;
    let outcome = record.outcome.ok_or(Obstacle::NoOutcome)?;
    let seat = seats.for_record(record)?;
    // A record without a witness holds no atom that was asked.
    let facts = record.witness(facts.refill()).map(|()| &*facts);
    let again = seat.decide_read(record, facts, ahead)?;
    let certain = again.effect();
    let verdict = match again {
        Redecision::Decided(verdict) => verdict,
        Redecision::Undetermined { paths, .. } => {
            // What is certain of it all the same must be what the record says.
            let other = certain.filter(|effect| *effect != outcome.effect);
            let Some(effect) = other else { return Ok(Compared::Undetermined(paths)) };
            let program = Arc::clone(&seat.program);
            let differs = (None, Some("effect"));
            return Ok(differing(record, &program, (effect, None), differs, seats.cause()));
        }
    };
    let recorded = outcome.digest.ok_or(Obstacle::NoOutcome)?;
    // Atoms on values that are withheld are taken from the record.
    let seen = facts.filter(|_| !verdict.partial);
    let atom = seen.and_then(|facts| first_other(facts, seat.witness()));
    let field = seat.first_unlike(&outcome, &verdict);
    let field = field.or_else(|| (recorded != verdict.digest).then_some("dig"));
    let field = field.or_else(|| (record.sig.is_some() && facts.is_none()).then_some("sig"));
    if field.is_none() && atom.is_none() {
        if facts.is_none() && verdict.asks {
            return Err(Obstacle::NoWitness);
        }
        return Ok(if verdict.by_facts { Compared::ByFacts } else { Compared::Exact });
    }
    let program = Arc::clone(&seat.program);
    let said = (verdict.effect, verdict.rule);
    Ok(differing(record, &program, said, (atom, field), seats.cause()))
}

/// A record that says something else than `said`, which is decided now.
fn differing(
    record: &Record<'_>,
    program: &Program,
    (effect, rule): (Option<Effect>, Option<u16>),
    (atom, field): (Option<(u16, AtomState, AtomState)>, Option<&'static str>),
    cause: Option<String>,
) -> Compared {
    let rule_of = |text: Text<'_>| text.text().into_owned();
    let outcome = record.outcome;
    Compared::Differs(Box::new(Mismatch {
        id: record.id.map(|id| id.text().into_owned()).unwrap_or_default(),
        tool: match record.input {
            Input::Context(context, _) => tool_of(context),
            Input::Raw(..) => None,
        },
        bundle: program.digest(),
        recorded: (outcome.and_then(|it| it.effect), outcome.and_then(|it| it.rule).map(rule_of)),
        replayed: (effect, rule.map(|rule| program.rule_id(rule).to_owned())),
        atom,
        field,
        cause,
        session: None,
    }))
}

/// What came of comparing.
pub(super) enum Compared {
    Exact,
    ByFacts,
    Undetermined(Vec<String>),
    Differs(Box<Mismatch>),
}

/// The first atom of which both do not say the same.
pub(super) fn first_other(
    recorded: &Witness,
    replayed: &Witness,
) -> Option<(u16, AtomState, AtomState)> {
    if recorded == replayed {
        return None;
    }
    let atoms = u16::try_from(4 * replayed.bits().len().max(recorded.bits().len()));
    (0..atoms.unwrap_or(u16::MAX))
        .map(|atom| (atom, recorded.atom(atom), replayed.atom(atom)))
        .find(|(_, recorded, replayed)| recorded != replayed)
}
