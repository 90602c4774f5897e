//! Recorded decisions that a difference touches.
//!
//! In:      records, and the two programs of a comparison.
//! Out:     `Traffic`: of how many records a rule fires in one of both only, or the effect differs.
//! Imports: `runtime::program`, `runtime::record`, `tools::replay`.
//!
//! Both programs decide every record, whichever bundle made it. What is kept is bounded, and the
//! same whichever thread saw which record.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::runtime::program::Program;
use crate::runtime::record::read::{Record, Text};
use crate::tools::replay::again::{Again, Seat};
use crate::tools::replay::filter::Filter;
use crate::tools::replay::sketch::{Table, hash};
use crate::tools::replay::stream::Chunk;

/// Records that are named of each rule.
const EXAMPLES_MAX: usize = 2;

/// The records that something touches.
#[derive(Clone, Debug)]
pub struct TouchedRecords {
    /// How many.
    pub records: u64,
    /// The ids of some of them.
    pub examples: Table<String, u64>,
}

impl Default for TouchedRecords {
    fn default() -> Self {
        Self { records: 0, examples: Table::keeping(EXAMPLES_MAX) }
    }
}

impl TouchedRecords {
    fn add(&mut self, id: &str) {
        self.records += 1;
        let hash = hash(id.as_bytes());
        if !self.examples.passes_over(hash) {
            self.examples.add(hash, id.to_owned(), 1);
        }
    }

    fn merge(&mut self, other: Self) {
        self.records += other.records;
        self.examples.merge(other.examples);
    }
}

/// What a difference touches in recorded decisions.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    /// Records that both programs decided.
    pub records: u64,
    /// Records that one of them cannot decide for certain, and lines that are no records.
    pub left_out: u64,
    /// Of these the lines that are no records.
    pub unreadable: u64,
    /// Those whose effect differs.
    pub effects: TouchedRecords,
    /// By rule: those in which it fires in one of both only.
    pub rules: BTreeMap<String, TouchedRecords>,
}

impl Traffic {
    /// Adds what another part of the records gave.
    pub fn merge(&mut self, other: Self) {
        self.records += other.records;
        self.left_out += other.left_out;
        self.unreadable += other.unreadable;
        self.effects.merge(other.effects);
        for (rule, touched) in other.rules {
            self.rules.entry(rule).or_default().merge(touched);
        }
    }
}

/// What a thread decides with.
#[derive(Debug)]
pub struct TrafficCounter<'f> {
    filter: &'f Filter,
    old: Seat,
    new: Seat,
}

impl<'f> TrafficCounter<'f> {
    /// Counts the records that `filter` takes.
    #[must_use]
    pub fn of(filter: &'f Filter, (old, new): (&Arc<Program>, &Arc<Program>)) -> Self {
        Self { filter, old: Seat::of(Arc::clone(old)), new: Seat::of(Arc::clone(new)) }
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
                Ok(record) => {
                    if self.record(&record, &mut traffic).is_none() {
                        traffic.left_out += 1;
                    }
                }
                Err(error) if error.is_about_lines() => {}
                Err(_) => {
                    traffic.left_out += 1;
                    traffic.unreadable += 1;
                }
            }
        }
        traffic
    }

    /// `None` where one of both cannot tell.
    fn record(&mut self, record: &Record<'_>, traffic: &mut Traffic) -> Option<()> {
        let Self { old, new, .. } = self;
        let Ok(Again::Decided(was)) = old.decide(record, None) else { return None };
        let Ok(Again::Decided(is)) = new.decide(record, None) else { return None };
        let id = record.id.map(Text::text).unwrap_or_default();
        traffic.records += 1;
        if was.effect != is.effect {
            traffic.effects.add(&id);
        }
        let ids = |seat: &Seat| -> Vec<String> {
            seat.fired().iter().map(|rule| seat.program.rule_id(*rule).to_owned()).collect()
        };
        let (before, after) = (ids(old), ids(new));
        let gone = before.iter().filter(|rule| !after.contains(rule));
        let come = after.iter().filter(|rule| !before.contains(rule));
        for rule in gone.chain(come) {
            traffic.rules.entry(rule.clone()).or_default().add(&id);
        }
        Some(())
    }
}
