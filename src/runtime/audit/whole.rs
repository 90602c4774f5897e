//! Reading all segments of an audit log, or the last of them.
//!
//! In:      a store, which may be written to meanwhile.
//! Out:     how the log ends; lines and checkpoints, to whoever looks.
//! Imports: its own room alone.
//! Source:  `docs/audit.md`.

use crate::runtime::audit::frame::HEADER;
use crate::runtime::audit::store::Source;
use crate::runtime::audit::torn::{TornWrite, trace};
use crate::runtime::audit::walk::{
    Damage, Ending, SegmentSummary, Visitor, Walk, WalkError, Wrong, segment as walk_on,
};

/// A log that was read to its end, and nothing of it is damaged.
#[derive(Debug)]
pub struct IntactLog {
    /// What was read; `None` of a log that nothing was written to yet.
    pub walk: Option<Walk>,
    /// Segments.
    pub segments: u64,
    /// The last segment, and what was read of it; `None` if there is none.
    pub last: Option<(u64, SegmentSummary)>,
    /// What a crash left at its end, or a write that is under way.
    pub torn: Option<TornWrite>,
}

impl IntactLog {
    /// Lines in front of the first segment that was read.
    #[must_use]
    pub fn begin(&self) -> u64 {
        self.walk.as_ref().map_or(0, |walk| walk.start.tree.leaves)
    }

    /// Lines of its last segment.
    #[must_use]
    pub fn last_lines(&self) -> u64 {
        self.last.map_or(0, |(_, seen)| seen.lines)
    }

    /// Whether its writer closed it.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.last.is_some_and(|(_, seen)| seen.ending == Ending::Ended)
    }

    /// All lines, those in front of the first segment included.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.walk.as_ref().map_or(0, |walk| walk.tree.leaves)
    }
}

/// Reads a log from its first segment on, or its `last` segments.
///
/// # Errors
/// `WalkError`, where it cannot be read or is damaged. What a crash leaves at the end is neither.
pub fn whole(
    store: &mut impl Source,
    last: Option<usize>,
    visitor: &mut dyn Visitor,
) -> Result<IntactLog, WalkError> {
    let mut names = store.list()?;
    if let Some(last) = last {
        names.drain(..names.len().saturating_sub(last));
    }
    let segments = names.len() as u64;
    let mut whole = IntactLog { walk: None, segments, last: None, torn: None };
    let mut names = names.into_iter().peekable();
    while let Some(name) = names.next() {
        let seen = walk_on(&mut whole.walk, name, store.read(name, 0)?, visitor)?;
        whole.last = Some((name, seen));
        let SegmentSummary { ending, bytes, lines } = seen;
        let damage = |wrong| Err(WalkError::Damage(Damage { segment: name, at: bytes, wrong }));
        match (ending, names.peek().is_some()) {
            (Ending::Ended, _) | (Ending::Open, false) => {}
            (Ending::Open, true) => return damage(Wrong::NoEnd),
            (Ending::Broken(_), true) => return damage(Wrong::Frame),
            (Ending::Broken(at), false) => {
                // What has no beginning does not say where it stands: only its name does.
                if at <= HEADER.len() as u64 && whole.lines() != name {
                    return damage(Wrong::Start);
                }
                whole.torn = Some(trace(store, name, (at, lines))?);
            }
        }
    }
    Ok(whole)
}
