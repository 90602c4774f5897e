//! Going on with an audit log: where it ends, and whether those wrote it who have its key.
//!
//! In:      the last segments of a store; its writer and its name; keys.
//! Out:     where the log goes on; what a crash left behind.
//! Imports: `runtime::record`.
//! Source:  `docs/audit.md`, "Recovery".
//!
//! Whoever goes on with a log vouches, by the next checkpoint, for all that stands in it. So what
//! stands there must be vouched for already: by the last checkpoint, one of which stands in front
//! of the lines of each segment.

use crate::runtime::audit::note::{Checkpoint, Note, Verifier};
use crate::runtime::audit::store::Source;
use crate::runtime::audit::torn::TornWrite;
use crate::runtime::audit::walk::{Ending, Visitor, WalkError, Wrong};
use crate::runtime::audit::whole::{IntactLog, whole};
use crate::runtime::audit::{OpenError, VouchFault};
use crate::runtime::record::chain::Tail;
use crate::runtime::record::read::Entry;
use crate::runtime::record::tree::Tree;

/// A segment that can be written on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenSegment {
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
    pub(super) tail: Tail,
    pub(super) tree: Tree,
    /// The last segment, and how many bytes of it are whole.
    pub(super) last: Option<(u64, u64)>,
    /// The last segment, if it is gone on with; `None`: a new one.
    pub(super) open: Option<OpenSegment>,
    pub(super) torn: Option<TornWrite>,
    /// Lines that no checkpoint vouches for.
    pub(super) unsigned: u64,
}

impl From<WalkError> for OpenError {
    fn from(stopped: WalkError) -> Self {
        match stopped {
            WalkError::Storage(error) => Self::Storage(error),
            WalkError::Damage(damage) => damage.into(),
        }
    }
}

/// What a host asks of a log that it goes on with.
#[derive(Clone, Copy)]
pub(super) struct VouchRequirement<'a> {
    /// One of these vouches for it; where there is none, nobody does.
    pub(super) keys: &'a [&'a dyn Verifier],
    /// Whether what comes behind is signed.
    pub(super) signs: bool,
}

/// Notes who vouches for what.
struct VouchTracker<'a> {
    keys: &'a [&'a dyn Verifier],
    /// Lines that the last checkpoint vouches for which one of the keys signed.
    own: Option<u64>,
    /// Lines of the last checkpoint behind it, which none of them signed.
    foreign: Option<u64>,
    /// Whether a line about a block was read, and whether one of the keys vouches for it.
    block: bool,
    is_bound: bool,
}

impl Visitor for VouchTracker<'_> {
    fn line(&mut self, _: u64, _: [u8; 32], _: &[u8], entry: &Entry<'_>) {
        self.block |= matches!(entry, Entry::Block(_));
    }

    fn checkpoint(&mut self, note: &[u8], checkpoint: &Checkpoint<'_>) -> Result<(), Wrong> {
        if Note::is_signed_by_any(note, self.keys) {
            // Whoever signs vouches for all lines in front, whoever signed those.
            (self.own, self.foreign) = (Some(checkpoint.size), None);
            self.is_bound = self.block;
        } else {
            self.foreign = Some(checkpoint.size);
        }
        Ok(())
    }
}

/// Finds the end of the log of a writer, called so; `None`: whoever vouches for it.
pub(super) fn recover(
    store: &mut impl Source,
    (writer, origin): (&str, &str),
    asked: Option<VouchRequirement<'_>>,
) -> Result<Recovered, OpenError> {
    let keys = asked.map_or(&[][..], |asked| asked.keys);
    let mut read = |last| {
        let is_bound = keys.is_empty();
        let mut signed = VouchTracker { keys, own: None, foreign: None, block: false, is_bound };
        whole(store, Some(last), &mut signed).map(|found| (found, signed))
    };
    let last = read(1);
    let asks_before = match &last {
        // It has no beginning: the one before says where it would begin.
        Err(WalkError::Damage(damage)) => damage.wrong == Wrong::Start,
        Err(WalkError::Storage(_)) => false,
        // A crash may have taken the checkpoint with which it begins: the one before ends with
        // another. Or where its chain begins only its start says, which nobody signs: the one
        // before knows.
        Ok((found, signed)) => {
            asked.is_some() && found.last_lines() == 0 || signed.own.is_some() && !signed.is_bound
        }
    };
    let (found, signed) = if asks_before { read(2)? } else { last? };
    if let Some(start) = found.walk.as_ref().map(|walk| &walk.start)
        && (start.writer.as_str(), start.origin.as_str()) != (writer, origin)
    {
        let (writer, origin) = (start.writer.clone(), start.origin.clone());
        return Err(OpenError::Other { writer, origin });
    }
    if let Some(asked) = asked {
        vouched(&found, &signed, asked)?;
    }
    Ok(go_on(found, signed.own))
}

/// Whether one of the keys vouches for a log, and one goes on to.
fn vouched(
    found: &IntactLog,
    signed: &VouchTracker<'_>,
    asked: VouchRequirement<'_>,
) -> Result<(), OpenError> {
    let lines = found.lines();
    let wrong = match (signed.own, signed.foreign) {
        _ if lines == 0 => return Ok(()),
        (None, None) if asked.keys.is_empty() => return Ok(()),
        (_, Some(size)) if asked.keys.is_empty() => VouchFault::Keyless { size },
        (_, Some(size)) => VouchFault::Foreign { size },
        (None, None) => VouchFault::Unsigned,
        // Who closes a log, or ends a segment, signs first.
        (Some(size), None) if found.ended() && size < lines => VouchFault::Behind { size },
        // Lines behind would look as an enemy's do.
        (Some(size), None) if !asked.signs => VouchFault::Keyless { size },
        (Some(_), None) => return Ok(()),
    };
    Err(OpenError::Unvouched { wrong, lines })
}

fn go_on(found: IntactLog, signed: Option<u64>) -> Recovered {
    let lines = found.lines();
    let IntactLog { walk, last, torn, .. } = found;
    let open = last.filter(|(_, seen)| seen.ending != Ending::Ended).map(|(segment, seen)| {
        // One without a line begins anew, with all that a beginning has. In front of lines stands
        // a checkpoint, or none of the keys would vouch for them.
        let bytes = if seen.lines == 0 { 0 } else { seen.bytes };
        let signed = signed.is_some() && seen.lines > 0;
        OpenSegment { segment, bytes, lines: seen.lines, signed }
    });
    let last = last.map(|(segment, seen)| (segment, open.map_or(seen.bytes, |open| open.bytes)));
    let unsigned = lines - signed.unwrap_or(0).min(lines);
    let end = Recovered { last, open, torn, unsigned, ..Recovered::default() };
    let Some(walk) = walk else { return end };
    let tail = walk.tail();
    Recovered { tail, tree: walk.tree, ..end }
}
