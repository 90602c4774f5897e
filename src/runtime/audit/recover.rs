//! Going on with an audit log: where it ends, and whether those wrote it who have its key.
//!
//! In:      the last segments of a store; keys.
//! Out:     where the log goes on; what a crash left behind.
//! Imports: `runtime::audit`, `runtime::record`.
//! Source:  `docs/audit.md`, "Recovery".
//!
//! Whoever goes on with a log vouches, by the next checkpoint, for all that stands in it. So what
//! stands there must be vouched for already: by a checkpoint in the last segment, with which each
//! begins.

use crate::runtime::audit::OpenError;
use crate::runtime::audit::note::{Checkpoint, Note, Verifier};
use crate::runtime::audit::store::Source;
use crate::runtime::audit::torn::Torn;
use crate::runtime::audit::walk::{Damage, Ending, Stopped, Visitor, Walk, Wrong};
use crate::runtime::audit::whole::{Whole, whole};
use crate::runtime::record::chain::Tail;
use crate::runtime::record::read::Entry;
use crate::runtime::record::tree::Tree;

/// A segment that can be written on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Open {
    /// The number of its first line.
    pub(super) segment: u64,
    /// Bytes.
    pub(super) bytes: u64,
    /// Lines.
    pub(super) lines: u64,
    /// Whether a checkpoint stands in it.
    pub(super) signed: bool,
}

/// Where a log goes on.
#[derive(Debug, Default)]
pub(super) struct Recovered {
    /// Its writer and its name; `None` of a log that is empty.
    pub(super) names: Option<(String, String)>,
    pub(super) tail: Tail,
    pub(super) tree: Tree,
    /// The last segment, and how many bytes of it are whole.
    pub(super) last: Option<(u64, u64)>,
    /// The last segment, if it is gone on with; `None`: a new one.
    pub(super) open: Option<Open>,
    pub(super) torn: Option<Torn>,
    /// Lines that no checkpoint vouches for.
    pub(super) unsigned: u64,
}

impl From<Stopped> for OpenError {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Storage(error) => Self::Storage(error),
            Stopped::Damage(damage) => damage.into(),
        }
    }
}

/// Asks of each checkpoint that one of the keys signed it; without keys nobody is asked.
struct Signed<'a> {
    keys: &'a [&'a dyn Verifier],
    /// Lines that the last checkpoint vouches for.
    size: Option<u64>,
}

impl Visitor for Signed<'_> {
    fn line(&mut self, _: u64, _: [u8; 32], _: &[u8], _: &Entry<'_>) {}

    fn checkpoint(&mut self, note: &[u8], checkpoint: &Checkpoint<'_>) -> Result<(), Wrong> {
        if self.keys.is_empty() {
            return Ok(());
        }
        let by = Note::read(note).and_then(|note| note.signed_by(self.keys));
        if by.is_none_or(|count| count == 0) {
            return Err(Wrong::Signature { size: checkpoint.size });
        }
        self.size = Some(checkpoint.size);
        Ok(())
    }
}

/// Finds the end of a log, of which something must be signed by one of the keys, if there are any.
pub(super) fn recover(
    store: &mut impl Source,
    keys: &[&dyn Verifier],
) -> Result<Recovered, OpenError> {
    let mut read = |last| {
        let mut signed = Signed { keys, size: None };
        whole(store, Some(last), &mut signed).map(|found| (found, signed.size))
    };
    let (found, signed) = match read(1) {
        // It has no beginning: the one before says where it would begin.
        Err(Stopped::Damage(Damage { wrong: Wrong::Start, .. })) => read(2)?,
        // A crash took the checkpoint with which it begins: the one before ends with another.
        Ok((found, None)) if !keys.is_empty() && found.lines() > 0 => read(2)?,
        other => other?,
    };
    if !keys.is_empty() && signed.is_none() && found.lines() > 0 {
        let segment = found.walk.as_ref().map_or(0, |walk| walk.start.tree.leaves);
        return Err(OpenError::Unsigned { segment, lines: found.lines() });
    }
    Ok(go_on(found, signed))
}

fn go_on(found: Whole, signed: Option<u64>) -> Recovered {
    let lines = found.lines();
    let Whole { walk, segments, last, torn } = found;
    let open = last.filter(|(_, seen)| seen.ending != Ending::Ended).map(|(segment, seen)| {
        // One without a line begins anew, with all that a beginning has.
        let bytes = if seen.lines == 0 { 0 } else { seen.bytes };
        // If the one before was asked, it was because there is none in this one.
        Open { segment, bytes, lines: seen.lines, signed: signed.is_some() && segments == 1 }
    });
    let last = last.map(|(segment, seen)| (segment, open.map_or(seen.bytes, |open| open.bytes)));
    let unsigned = lines - signed.unwrap_or(0).min(lines);
    let end = Recovered { last, open, torn, unsigned, ..Recovered::default() };
    let Some(walk) = walk else { return end };
    let tail = walk.tail();
    let Walk { start, tree, .. } = walk;
    Recovered { names: Some((start.writer, start.origin)), tail, tree, ..end }
}
