//! Recorded decisions that a difference touches.
//!
//! In:      records, and the two programs of a comparison.
//! Out:     `Traffic`: of how many records a rule fires in one of both only, or the effect differs,
//!          and how; inputs of some of them.
//! Imports: `runtime::program`, `runtime::record`, `tools::replay`.
//!
//! Both programs decide every record, whichever bundle made it, as `policyc replay diff` does. What
//! is kept is bounded, and the same whichever thread saw which record.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::runtime::program::Program;
use crate::runtime::record::read::{Record, Text};
use crate::tools::diff::change::Change;
use crate::tools::diff::seeds::Seed;
use crate::tools::diff::{Difference, rank};
use crate::tools::replay::comparer::{Comparer, PairedDecision};
use crate::tools::replay::filter::Filter;
use crate::tools::replay::impact::{Outcome, Turn};
use crate::tools::replay::sketch::{Merge, Table, hash};
use crate::tools::replay::store::Store;
use crate::tools::replay::stream::Chunk;

/// Records that are named of each rule.
const EXAMPLES_MAX: usize = 2;
/// Ways of differing of which a record is kept, and most bytes of each.
const WAYS_MAX: usize = 256;
const KEPT_BYTES_MAX: usize = 1 << 16;

/// The records that something touches.
#[derive(Clone, Debug)]
pub struct TouchedRecords {
    /// How many.
    pub records: u64,
    /// Of how many the effect is another, and how it changes.
    pub turned: BTreeMap<Turn, u64>,
    /// The ids of some of them.
    pub examples: Table<String, u64>,
}

impl Default for TouchedRecords {
    fn default() -> Self {
        let examples = Table::keeping(EXAMPLES_MAX);
        Self { records: 0, turned: BTreeMap::new(), examples }
    }
}

impl TouchedRecords {
    fn add(&mut self, id: &str, [was, is]: [Outcome; 2]) {
        self.records += 1;
        if let Some(turn) = Turn::of(was, is) {
            *self.turned.entry(turn).or_default() += 1;
        }
        let hash = hash(id.as_bytes());
        if !self.examples.passes_over(hash) {
            self.examples.add(hash, id.to_owned(), 1);
        }
    }

    fn merge(&mut self, other: Self) {
        self.records += other.records;
        for (turn, count) in other.turned {
            *self.turned.entry(turn).or_default() += count;
        }
        self.examples.merge(other.examples);
    }

    /// The id of one of them.
    fn example(&self) -> Option<String> {
        self.examples.rows().next().map(|(id, _)| id.clone())
    }
}

/// How two decisions about a record differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct DecisionDifference {
    outcomes: [Outcome; 2],
    refused: [bool; 2],
    /// Rules that fire in one of both.
    fired: [Vec<String>; 2],
}

/// The line of a record, by the hash of that.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Line(u64, Vec<u8>);

impl Merge for Line {
    fn merge(&mut self, other: Self) {
        if other < *self {
            *self = other;
        }
    }
}

/// What a difference touches in recorded decisions.
#[derive(Clone, Debug)]
pub struct Traffic {
    /// Records that both programs decided.
    pub records: u64,
    /// Records that one of them cannot decide for certain, and lines that are no records.
    pub left_out: u64,
    /// Of these the lines that are no records.
    pub unreadable: u64,
    /// Records whose effect is known and of which it is not known which rules fire.
    pub unsettled: u64,
    /// Those whose effect differs.
    pub effects: TouchedRecords,
    /// Those with other outputs.
    pub outputs: TouchedRecords,
    /// Those of which the new program lets through more, and less; neither refuses them.
    directions: [TouchedRecords; 2],
    /// By rule: those in which it fires in one of both only.
    pub rules: BTreeMap<String, TouchedRecords>,
    /// A record of each way.
    ways: Table<DecisionDifference, Line>,
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            records: 0,
            left_out: 0,
            unreadable: 0,
            unsettled: 0,
            effects: TouchedRecords::default(),
            outputs: TouchedRecords::default(),
            directions: Default::default(),
            rules: BTreeMap::new(),
            ways: Table::keeping(WAYS_MAX),
        }
    }
}

impl Traffic {
    /// Adds what another part of the records gave.
    pub fn merge(&mut self, other: Self) {
        self.records += other.records;
        self.left_out += other.left_out;
        self.unreadable += other.unreadable;
        self.unsettled += other.unsettled;
        self.effects.merge(other.effects);
        self.outputs.merge(other.outputs);
        for (own, other) in self.directions.iter_mut().zip(other.directions) {
            own.merge(other);
        }
        for (rule, touched) in other.rules {
            self.rules.entry(rule).or_default().merge(touched);
        }
        self.ways.merge(other.ways);
    }

    /// The inputs of records that are decided otherwise, one of each way.
    #[must_use]
    pub fn seeds(&self) -> Vec<Seed> {
        let seed = |(_, Line(_, line)): (&DecisionDifference, &Line)| {
            Seed::of_record(&Record::read(line).ok()?)
        };
        self.ways.rows().filter_map(seed).collect()
    }

    /// With the directions that recorded decisions show and nothing else does: what is withheld in
    /// them, or their session, is in no input that could be tried.
    #[must_use]
    pub fn told_in(&self, mut found: Difference) -> Difference {
        let whole = [&mut found.whole.wider, &mut found.whole.narrower];
        for (change, touched) in whole.into_iter().zip(&self.directions) {
            if let Some(id) = touched.example().filter(|_| !change.happens()) {
                *change = Change::Recorded { id };
            }
        }
        found
    }

    fn add(&mut self, record: &Record<'_>, said: &PairedDecision) {
        let PairedDecision { outcomes, fired, refused, alike, other_outputs } = said;
        let id = record.id.map(Text::text).unwrap_or_default();
        self.records += 1;
        let [was, is] = *outcomes;
        if was != is {
            self.effects.add(&id, *outcomes);
        }
        if *other_outputs {
            self.outputs.add(&id, *outcomes);
        }
        let [before, after] = [was, is].map(|it| it.effect().map(rank));
        let [wider, narrower] = &mut self.directions;
        if *refused == [false; 2] && after < before {
            wider.add(&id, *outcomes);
        } else if *refused == [false; 2] && after > before {
            narrower.add(&id, *outcomes);
        }
        self.unsettled += u64::from(fired.is_none());
        let [before, after] = fired.clone().unwrap_or_default();
        let without = |these: &[String], those: &[String]| -> Vec<String> {
            these.iter().filter(|id| !those.contains(id)).cloned().collect()
        };
        let fired = [without(&before, &after), without(&after, &before)];
        for rule in fired.iter().flatten() {
            self.rules.entry(rule.clone()).or_default().add(&id, *outcomes);
        }
        let line = record.line;
        if *alike || line.len() > KEPT_BYTES_MAX {
            return;
        }
        let way = DecisionDifference { outcomes: *outcomes, refused: *refused, fired };
        let own = hash(format!("{way:?}").as_bytes());
        if !self.ways.passes_over(own) {
            self.ways.add(own, way, Line(hash(line), line.to_vec()));
        }
    }
}

/// What a thread decides with.
#[derive(Debug)]
pub struct TrafficCounter<'f> {
    filter: &'f Filter,
    both: Comparer<'f>,
}

impl<'f> TrafficCounter<'f> {
    /// Counts the records that `filter` takes; sessions were answered by bundles of `store`.
    #[must_use]
    pub fn of(
        (store, filter): (&'f Store, &'f Filter),
        (old, new): (&Arc<Program>, &Arc<Program>),
    ) -> Self {
        Self { filter, both: Comparer::of((store, filter), Some(old), new) }
    }

    /// Counts the records of a chunk.
    pub fn chunk(&mut self, chunk: &Chunk) -> Traffic {
        let mut traffic = Traffic::default();
        for line in chunk.bytes.split(|byte| *byte == b'\n') {
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            match Record::read(line) {
                Ok(record) if !self.filter.takes(&record) => {}
                // Of an event that is no request nothing is decided.
                Ok(record) if record.event.is_some() && record.outcome.is_none() => {}
                Ok(record) => match self.both.pair(&record) {
                    Ok(said) if !said.outcomes.contains(&Outcome::Undetermined) => {
                        traffic.add(&record, &said);
                    }
                    Ok(_) | Err(_) => traffic.left_out += 1,
                },
                Err(error) if error.is_about_lines() => {}
                Err(_) => {
                    traffic.left_out += 1;
                    traffic.unreadable += 1;
                }
            }
        }
        traffic
    }
}
