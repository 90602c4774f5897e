//! Going on with an audit log: what a crash left is told from what somebody changed.
//!
//! In:      the last segments of a store.
//! Out:     where the log goes on; what a crash left behind.
//! Imports: `base::limits`, `runtime::audit`, `runtime::record`.
//! Source:  `docs/audit.md`, "Recovery".
//!
//! A crash leaves the front of a write, and a loss of power whatever parts of it reached the disk:
//! parts that did not are zeros, or lie behind the end of the file. A frame that is not whole is
//! the trace of a crash only if that shows, and if no frame behind it says that it was on the disk.

use std::io::Read;

use crate::base::limits::AUDIT_TORN_BYTES_MAX;
use crate::runtime::audit::OpenError;
use crate::runtime::audit::frame::{HEAD_BYTES, HEADER, Kind, first, head, sum};
use crate::runtime::audit::store::Store;
use crate::runtime::audit::walk::{Damage, Ending, Stopped, Walk, Wrong, plain, segment};
use crate::runtime::record::chain::Tail;
use crate::runtime::record::tree::Tree;

/// Bytes that disks write all or none of.
const SECTOR_BYTES: u64 = 512;
const SECTOR: usize = 512;

/// What a crash left behind the last whole frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Torn {
    /// The segment: the number of its first line.
    pub segment: u64,
    /// Where it begins in the segment.
    pub at: u64,
    /// How many bytes it is; 0 of a segment that was begun, and nothing written to it.
    pub bytes: u64,
}

/// A segment that can be written on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Open {
    /// The number of its first line.
    pub(super) segment: u64,
    /// Bytes.
    pub(super) bytes: u64,
    /// Lines.
    pub(super) lines: u64,
}

/// Where a log goes on.
#[derive(Debug, Default)]
pub(super) struct Recovered {
    /// Its writer and its name; `None` of a log that is empty.
    pub(super) names: Option<(String, String)>,
    pub(super) tail: Tail,
    pub(super) tree: Tree,
    /// The segment that is gone on with; `None`: a new one.
    pub(super) open: Option<Open>,
    pub(super) torn: Option<Torn>,
}

impl From<Stopped> for OpenError {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Storage(error) => Self::Storage(error),
            Stopped::Damage(damage) => damage.into(),
        }
    }
}

/// Finds the end of a log.
pub(super) fn recover(store: &mut impl Store) -> Result<Recovered, OpenError> {
    let mut segments = store.list()?;
    let Some(last) = segments.pop() else { return Ok(Recovered::default()) };
    let mut walk = None;
    let seen = segment(&mut walk, last, store.read(last, 0)?, &mut ())?;
    let torn = match seen.ending {
        Ending::Ended | Ending::Open => None,
        Ending::Broken(at) => Some(trace(store, last, at)?),
    };
    let mut open = Open { segment: last, bytes: seen.bytes, lines: seen.lines };
    if walk.is_none() {
        // The segment has no beginning: the one before says where it would begin.
        open.bytes = 0;
        if let Some(before) = segments.pop() {
            let seen = segment(&mut walk, before, store.read(before, 0)?, &mut ())?;
            let tree = walk.as_ref().map_or(0, |walk| walk.tree.leaves);
            if seen.ending != Ending::Ended || tree != last {
                let (at, wrong) = (seen.bytes, Wrong::NoEnd);
                return Err(Damage { segment: before, at, wrong }.into());
            }
        } else if last != 0 {
            return Err(Damage { segment: last, at: 0, wrong: Wrong::Start }.into());
        }
    }
    let open = Some(open).filter(|_| seen.ending != Ending::Ended);
    Ok(match walk {
        None => Recovered { open, torn, ..Recovered::default() },
        Some(walk) => {
            let tail = walk.tail();
            let Walk { start, tree, .. } = walk;
            let names = Some((start.writer, start.origin));
            Recovered { names, tail, tree, open, torn }
        }
    })
}

/// What a crash left of a segment from byte `at` on.
///
/// # Errors
/// If it was no crash.
pub fn trace(store: &mut impl Store, segment: u64, at: u64) -> Result<Torn, Stopped> {
    let mut rest = Vec::new();
    let most = AUDIT_TORN_BYTES_MAX as u64 + 1;
    store.read(segment, at)?.take(most).read_to_end(&mut rest)?;
    match judge(&rest, at) {
        None => Ok(Torn { segment, at, bytes: rest.len() as u64 }),
        Some(wrong) => Err(Stopped::Damage(Damage { segment, at, wrong })),
    }
}

/// What is wrong with the rest of a segment, if no crash left it so. `at` is where it begins:
/// behind the last whole frame.
#[must_use]
pub fn judge(rest: &[u8], at: u64) -> Option<Wrong> {
    let wrong = if at == 0 { Wrong::Header } else { Wrong::Frame };
    if at == 0 && rest.iter().all(|byte| *byte == 0) {
        // A segment of which the disk knows the length and nothing else, however short.
        return None;
    }
    let Some(behind) = whole_frames(rest).filter(|_| rest.len() <= AUDIT_TORN_BYTES_MAX) else {
        return Some(wrong);
    };
    if behind.iter().any(|(_, synced)| *synced > at) {
        return Some(wrong);
    }
    let (length, wanted) = if at == 0 { (HEADER.len(), None) } else { stated(rest)? };
    if rest.len() < length && behind.is_empty() {
        let begins = at > 0 || HEADER.starts_with(rest);
        // Where all that is there has the sum, nothing is missing: the length was changed.
        let all = rest.get(HEAD_BYTES..).unwrap_or_default();
        let is_all = wanted.is_some_and(|(kind, wanted)| sum(kind, &[all]) == wanted);
        if begins && !is_all {
            return None;
        }
    }
    let lands = length == rest.len() || behind.iter().any(|(place, _)| *place == length);
    let astray = wanted.is_some() && !lands;
    let torn = has_hole(rest.get(..length).unwrap_or(rest), at, astray);
    (!torn).then_some(wrong)
}

/// Bytes that the frame at the start of `rest` says it has, with its kind and sum; where it says
/// nothing that can be, all of them. `None` if not even its head is there.
fn stated(rest: &[u8]) -> Option<(usize, Option<(u8, u32)>)> {
    let start = rest.first_chunk::<HEAD_BYTES>()?;
    Some(match head(start) {
        Some((length, sum, kind)) => (HEAD_BYTES + length, Some((kind.byte(), sum))),
        None => (rest.len(), None),
    })
}

/// The whole frames somewhere behind the first byte: where each begins, and how much it says was on
/// the disk. Lines have no bytes that could be the head of a frame, so few places are tried; `None`
/// where somebody made it many.
fn whole_frames(rest: &[u8]) -> Option<Vec<(usize, u64)>> {
    let (mut found, mut left) = (Vec::new(), 4 * rest.len() + (1 << 20));
    let mut place = 1;
    while let Some(bytes) = rest.get(place..).filter(|bytes| bytes.len() >= HEAD_BYTES) {
        place += 1;
        let Some((length, ..)) = bytes.first_chunk().and_then(head) else { continue };
        if length > bytes.len() {
            continue;
        }
        left = left.checked_sub(length)?;
        if let Some((kind, body, length)) = first(bytes) {
            let synced = if kind == Kind::Plain { plain(body).map_or(0, |(at, _)| at) } else { 0 };
            found.push((place - 1, synced));
            place += length - 1;
        }
    }
    Some(found)
}

/// Whether a sector of the frame, which begins at byte `at` of the file, holds nothing but zeros.
/// No text has zeros, but the length that a frame begins with may: where no more than that lies in
/// front of the next sector it is a hole only if the length leads `astray`, to where no frame
/// begins.
fn has_hole(frame: &[u8], at: u64, astray: bool) -> bool {
    let first = usize::try_from(SECTOR_BYTES - at % SECTOR_BYTES).unwrap_or(usize::MAX);
    let (front, rest) = frame.split_at_checked(first).unwrap_or((frame, &[]));
    let zeros = |part: &[u8]| part.iter().all(|byte| *byte == 0);
    zeros(front) && (front.len() >= HEAD_BYTES || astray) || rest.chunks(SECTOR).any(zeros)
}
