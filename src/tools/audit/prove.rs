//! Making proofs of what a log holds.
//!
//! In:      a store; a record by its id or number, or the size of an older log.
//! Out:     `Proof`.
//! Imports: `runtime::audit`, `runtime::record`.
//!
//! A proof needs the log twice: once to find the line and the checkpoint, once for the hashes. So
//! logs of any length take the memory of a proof.

use std::ops::Range;

use crate::runtime::audit::note::Checkpoint;
use crate::runtime::audit::proof::{SubtreeCollector, consistency, inclusion};
use crate::runtime::audit::start::Start;
use crate::runtime::audit::store::Source;
use crate::runtime::audit::walk::{Visitor, WalkError, Wrong};
use crate::runtime::audit::whole::whole;
use crate::runtime::record::read::Entry;
use crate::runtime::record::tree::Tree;
use crate::tools::audit::checkpoint::OwnedCheckpoint;
use crate::tools::audit::proof::{Claim, Proof};

/// Which record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordSelector {
    /// The one with this id.
    Id(String),
    /// The one with this number in the chain.
    Number(u64),
}

/// Why nothing is proved.
#[derive(Debug)]
pub enum ProofError {
    /// The log cannot be read, or is damaged.
    Stopped(WalkError),
    /// It has no such record.
    NoRecord,
    /// Several records have the id; these are the numbers of two.
    Several(u64, u64),
    /// The lines that it takes lie in segments in front, which are not here.
    InFront,
    /// The older log has no lines, or more than the newer one.
    NoGrowth,
}

impl From<WalkError> for ProofError {
    fn from(stopped: WalkError) -> Self {
        Self::Stopped(stopped)
    }
}

/// A line that was found.
struct FoundLine {
    index: u64,
    number: u64,
    line: Vec<u8>,
}

struct RecordSearch<'a> {
    which: &'a RecordSelector,
    /// The number of the first record that may be here.
    first: u64,
    found: Option<FoundLine>,
    /// The number of another record with that id.
    other: Option<u64>,
    latest: Option<OwnedCheckpoint>,
}

impl Visitor for RecordSearch<'_> {
    fn begin(&mut self, start: &Start) {
        self.first = start.position.next;
    }

    fn line(&mut self, index: u64, _: [u8; 32], line: &[u8], entry: &Entry<'_>) {
        let Entry::Record(record) = entry else { return };
        let number = record.chain.as_ref().map_or(0, |chain| chain.number);
        let is_it = match self.which {
            RecordSelector::Number(wanted) => number == *wanted,
            RecordSelector::Id(wanted) => record.id.is_some_and(|id| id.text() == *wanted),
        };
        if is_it && self.found.is_none() {
            self.found = Some(FoundLine { index, number, line: line.to_vec() });
        } else if is_it {
            self.other = Some(number);
        }
    }

    fn checkpoint(&mut self, note: &[u8], _: &Checkpoint<'_>) -> Result<(), Wrong> {
        self.latest = OwnedCheckpoint::read(note);
        Ok(())
    }
}

/// Shows leaves to a collection.
struct Leaves<'a> {
    parts: &'a [Range<u64>],
    collecting: SubtreeCollector,
}

impl Visitor for Leaves<'_> {
    fn begin(&mut self, start: &Start) {
        self.collecting = SubtreeCollector::of(self.parts, &start.tree);
    }

    fn line(&mut self, _: u64, leaf: [u8; 32], _: &[u8], _: &Entry<'_>) {
        self.collecting.push(leaf);
    }

    fn checkpoint(&mut self, _: &[u8], _: &Checkpoint<'_>) -> Result<(), Wrong> {
        Ok(())
    }
}

fn hashes(store: &mut impl Source, parts: &[Range<u64>]) -> Result<Vec<[u8; 32]>, ProofError> {
    let collecting = SubtreeCollector::of(parts, &Tree::default());
    let mut leaves = Leaves { parts, collecting };
    whole(store, None, &mut leaves)?;
    leaves.collecting.finish().ok_or(ProofError::InFront)
}

/// Proves that a record is in the log, by its last checkpoint; by what the log comes to now where
/// no checkpoint vouches for the record yet.
///
/// # Errors
/// `ProofError`.
pub fn prove_record(store: &mut impl Source, which: &RecordSelector) -> Result<Proof, ProofError> {
    let mut finding = RecordSearch { which, first: 0, found: None, other: None, latest: None };
    let all = whole(store, None, &mut finding)?;
    let RecordSearch { first, found, other, latest, .. } = finding;
    let in_front = matches!(which, RecordSelector::Number(number) if *number < first);
    let missing = || if in_front { ProofError::InFront } else { ProofError::NoRecord };
    let FoundLine { index, number, line } = found.ok_or_else(missing)?;
    if let Some(other) = other {
        return Err(ProofError::Several(number, other));
    }
    let signed = latest.filter(|latest| latest.size > index);
    let checkpoint = signed.or_else(|| OwnedCheckpoint::of(&all)).ok_or(ProofError::NoRecord)?;
    let parts = inclusion(index, checkpoint.size).ok_or(ProofError::NoRecord)?;
    let hashes = hashes(store, &parts)?;
    Ok(Proof { claim: Claim::Line { index, line: Some(line) }, hashes, checkpoint })
}

/// Proves that the log of `newer` begins with the first `old` lines.
///
/// # Errors
/// `ProofError`.
pub fn prove_growth(
    store: &mut impl Source,
    old: u64,
    newer: OwnedCheckpoint,
) -> Result<Proof, ProofError> {
    let parts = consistency(old, newer.size).ok_or(ProofError::NoGrowth)?;
    let hashes = hashes(store, &parts)?;
    Ok(Proof { claim: Claim::Growth { old }, hashes, checkpoint: newer })
}
