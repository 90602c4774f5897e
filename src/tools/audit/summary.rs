//! Whether a log is what was written, and what checkpoints say of it.
//!
//! In:      a store; a checkpoint that was kept elsewhere, and keys that sign.
//! Out:     `LogSummary`: what the log holds.
//! Imports: `runtime::audit`, `runtime::record`.

use crate::runtime::audit::note::{Checkpoint, Note, Verifier};
use crate::runtime::audit::start::Start;
use crate::runtime::audit::store::Source;
use crate::runtime::audit::walk::{Visitor, WalkError, Wrong};
use crate::runtime::audit::whole::{IntactLog, whole};
use crate::runtime::record::read::Entry;
use crate::runtime::record::tree::Tree;
use crate::tools::audit::checkpoint::OwnedCheckpoint;

/// What a log holds.
#[derive(Debug)]
pub struct LogSummary {
    /// How it ends.
    pub whole: IntactLog,
    /// Its lines, counted.
    pub counts: Counts,
    /// Its last checkpoint.
    pub latest: Option<OwnedCheckpoint>,
    /// Blocks behind it. A block that ended has a checkpoint, but for a crash, if the host has a
    /// key.
    pub loose: u64,
    /// Whether a checkpoint stands in its last segment.
    pub signs_last: bool,
    /// Whether its last line ends the log.
    pub ends: bool,
}

impl LogSummary {
    /// Whether its writer closed it: the last segment has its end, and the last block says that
    /// none follows. Every segment that was full has an end, also where those behind it are gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.ends && self.whole.ended()
    }

    /// Lines that no checkpoint vouches for, though one would if the host had a key and nobody
    /// changed anything: it stands in front of the lines of each segment, behind each block that
    /// ended, and behind all where the log was closed.
    #[must_use]
    pub fn unvouched(&self) -> u64 {
        let signed = self.latest.as_ref().map_or(0, |latest| latest.size);
        let lines = self.whole.lines().saturating_sub(signed.max(self.whole.begin()));
        let begun = self.whole.last_lines() > 0 && !self.signs_last;
        if begun || self.loose > 0 || self.whole.ended() { lines } else { 0 }
    }
}

/// What is asked of a log.
#[derive(Clone, Copy, Default)]
pub struct SummaryQuery<'a> {
    /// Only its last segments, as many.
    pub last: Option<usize>,
    /// What a checkpoint that was kept elsewhere is to it.
    pub kept: Option<&'a OwnedCheckpoint>,
    /// One of these that has the name of the log must have signed each checkpoint; without any
    /// nobody looks at signatures.
    pub keys: &'a [&'a dyn Verifier],
}

/// How many of each there are, behind the beginning of the first segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records.
    pub records: u64,
    /// Blocks.
    pub blocks: u64,
    /// Records that the writer says are lost.
    pub lost: u64,
    /// Checkpoints.
    pub checkpoints: u64,
}

/// What a checkpoint that was kept elsewhere is to a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckpointStatus {
    /// The log begins with the lines that it vouches for.
    Yes,
    /// The log begins with others.
    Otherwise,
    /// The log has fewer lines.
    Shorter,
    /// The log is called otherwise.
    Foreign,
    /// Those lines lie in segments in front, which are not here.
    InFront,
}

struct LogVisitor<'a> {
    counts: Counts,
    latest: Option<OwnedCheckpoint>,
    loose: u64,
    signs_last: bool,
    ends: bool,
    keys: &'a [&'a dyn Verifier],
    /// A checkpoint that was kept elsewhere, and what it is to the log.
    kept: Option<(&'a OwnedCheckpoint, Tree, Option<CheckpointStatus>)>,
}

impl LogVisitor<'_> {
    /// Compares, once the lines that the kept checkpoint vouches for were seen.
    fn compare(&mut self) {
        if let Some((kept, tree, held @ None)) = &mut self.kept
            && tree.leaves == kept.size
        {
            let same = tree.root() == kept.root;
            *held = Some(if same { CheckpointStatus::Yes } else { CheckpointStatus::Otherwise });
        }
    }
}

impl Visitor for LogVisitor<'_> {
    fn begin(&mut self, start: &Start) {
        if let Some((kept, tree, held)) = &mut self.kept {
            if kept.origin != start.origin {
                *held = Some(CheckpointStatus::Foreign);
            } else if kept.size < start.tree.leaves {
                *held = Some(CheckpointStatus::InFront);
            }
            tree.clone_from(&start.tree);
        }
        self.compare();
    }

    fn segment(&mut self) {
        self.signs_last = false;
    }

    fn line(&mut self, _: u64, leaf: [u8; 32], _: &[u8], entry: &Entry<'_>) {
        self.ends = matches!(entry, Entry::Block(block) if block.end);
        match entry {
            Entry::Record(_) => self.counts.records += 1,
            Entry::Block(_) => {
                self.counts.blocks += 1;
                self.loose += 1;
            }
            Entry::Gap(gap) => self.counts.lost = self.counts.lost.saturating_add(gap.count),
        }
        if let Some((_, tree, None)) = &mut self.kept {
            tree.push(leaf);
        }
        self.compare();
    }

    fn checkpoint(&mut self, note: &[u8], checkpoint: &Checkpoint<'_>) -> Result<(), Wrong> {
        if !self.keys.is_empty() && !self.keys.iter().any(|key| key.name() == checkpoint.origin) {
            return Err(Wrong::KeyName { origin: checkpoint.origin.to_owned() });
        }
        if !self.keys.is_empty() && !Note::is_signed_by_any(note, self.keys) {
            return Err(Wrong::Signature { size: checkpoint.size });
        }
        (self.loose, self.signs_last) = (0, true);
        self.counts.checkpoints += 1;
        self.latest = Some(OwnedCheckpoint::read(note).ok_or(Wrong::Checkpoint)?);
        Ok(())
    }
}

/// Reads a log, and says what it holds and what the kept checkpoint is to it.
///
/// # Errors
/// `WalkError`, where it cannot be read or is damaged.
pub fn summarize(
    store: &mut impl Source,
    asked: SummaryQuery<'_>,
) -> Result<(LogSummary, Option<CheckpointStatus>), WalkError> {
    let SummaryQuery { last, kept, keys } = asked;
    let kept = kept.map(|kept| (kept, Tree::default(), None));
    let (counts, latest, loose, signs_last) = (Counts::default(), None, 0, false);
    let mut looking = LogVisitor { counts, latest, loose, signs_last, ends: false, keys, kept };
    let whole = whole(store, last, &mut looking)?;
    let LogVisitor { counts, latest, loose, signs_last, ends, kept, .. } = looking;
    let held = kept.map(|(.., held)| held.unwrap_or(CheckpointStatus::Shorter));
    Ok((LogSummary { whole, counts, latest, loose, signs_last, ends }, held))
}
