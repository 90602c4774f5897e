//! Reading an audit log from one segment to the next: every frame, every line, every checkpoint.
//!
//! In:      bytes of segments, in order.
//! Out:     lines and checkpoints, to whoever looks; where the log ends, or where it is damaged.
//! Imports: `runtime::record`.
//! Source:  `docs/audit.md`.

use std::fmt;
use std::io::{self, Read};

use crate::runtime::audit::frame::{Frames, HEAD_BYTES, Kind, Next};
use crate::runtime::audit::note::{Checkpoint, Note};
use crate::runtime::audit::start::Start;
use crate::runtime::record::chain::{Position, Tail};
use crate::runtime::record::check::{BreakKind, Chains, Place};
use crate::runtime::record::error::RecordError;
use crate::runtime::record::memo::Memo;
use crate::runtime::record::read::{Block, Entry};
use crate::runtime::record::tree::{Tree, leaf};

/// Something that is not what was written, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The segment: the number of its first line.
    pub segment: u64,
    /// Byte of the segment: where the frame begins, or the line.
    pub at: u64,
    /// What is wrong.
    pub wrong: Wrong,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// A file that begins otherwise than segments do.
    Header,
    /// A frame that is not whole, and no trace of a crash.
    Frame,
    /// A frame that has no business where it stands.
    Misplaced,
    /// The segment does not begin where the one before ends.
    Start,
    /// A segment that is not the last has no end.
    NoEnd,
    /// It has another number of lines than its end says.
    Lines {
        /// As the end says.
        said: u64,
        /// As there are.
        found: u64,
    },
    /// A line, by its index in the log, is none of a log.
    Line(u64, RecordError),
    /// A line, by its index in the log, is of no chain, or of another writer's.
    Stranger(u64),
    /// At a line, by its index in the log, the chain is broken.
    Chain(u64, BreakKind),
    /// A checkpoint that is none, or of another log.
    Checkpoint,
    /// A checkpoint says otherwise: other lines were in front of it.
    Root {
        /// Lines, as the checkpoint says.
        size: u64,
    },
    /// No key that was asked for has the name of the log.
    KeyName {
        /// The name of the log.
        origin: String,
    },
    /// A checkpoint has no true signature of a key that was asked for.
    Signature {
        /// Lines, as the checkpoint says.
        size: u64,
    },
}

impl Wrong {
    /// The line that it is about, by its index in the log, from 0.
    #[must_use]
    pub const fn index(&self) -> Option<u64> {
        match self {
            Self::Line(index, _) | Self::Stranger(index) | Self::Chain(index, _) => Some(*index),
            Self::Header
            | Self::Frame
            | Self::Misplaced
            | Self::Start
            | Self::NoEnd
            | Self::Lines { .. }
            | Self::Checkpoint
            | Self::Root { .. }
            | Self::KeyName { .. }
            | Self::Signature { .. } => None,
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { segment, at, wrong } = self;
        write!(f, "segment {segment}, byte {at}")?;
        if let Some(index) = wrong.index() {
            write!(f, ", index {index} of the log")?;
        }
        write!(f, ": {wrong}")
    }
}

/// What is wrong, without its place.
impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("this does not begin as segments do"),
            Self::Frame => f.write_str("the frame is not the one that was written"),
            Self::Misplaced => f.write_str("a frame of this kind does not belong here"),
            Self::Start => f.write_str("the segment does not begin where the one before ends"),
            Self::NoEnd => f.write_str("the segment has no end, and another one follows"),
            Self::Lines { said, found } => {
                write!(f, "the segment has {found} lines and says {said}")
            }
            Self::Line(_, RecordError { fault, offset }) => {
                write!(f, "{fault}, at byte {offset} of the line")
            }
            Self::Stranger(_) => f.write_str("this is no line of this log"),
            Self::Chain(_, kind) => write!(f, "{kind}"),
            Self::Checkpoint => f.write_str("this is no checkpoint of this log"),
            Self::Root { size } => {
                write!(f, "the {size} lines in front are not those of the checkpoint")
            }
            Self::KeyName { origin } => {
                write!(f, "no key that was asked for has the name of the log, `{origin}`")
            }
            Self::Signature { size } => {
                write!(f, "no key that was asked for signed the checkpoint of {size} lines")
            }
        }
    }
}

impl std::error::Error for Damage {}

/// Looks at what a log holds.
pub trait Visitor {
    /// The beginning of the first segment that is read, in front of all else.
    fn begin(&mut self, _start: &Start) {}

    /// The beginning of each segment.
    fn segment(&mut self) {}

    /// A line with its index in the log, from 0, its leaf, and what it says.
    fn line(&mut self, index: u64, leaf: [u8; 32], line: &[u8], entry: &Entry<'_>);

    /// A checkpoint whose root is that of the lines in front of it.
    ///
    /// # Errors
    /// If it is not one that is wanted.
    fn checkpoint(&mut self, note: &[u8], checkpoint: &Checkpoint<'_>) -> Result<(), Wrong>;
}

/// Nobody looks.
impl Visitor for () {
    fn line(&mut self, _: u64, _: [u8; 32], _: &[u8], _: &Entry<'_>) {}

    fn checkpoint(&mut self, _: &[u8], _: &Checkpoint<'_>) -> Result<(), Wrong> {
        Ok(())
    }
}

/// How a segment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With its end.
    Ended,
    /// With a whole frame.
    Open,
    /// With something that is no whole frame, from this byte on.
    Broken(u64),
}

/// A log as far as it was read.
#[derive(Debug)]
pub struct Walk {
    /// Where the first segment that was read begins.
    pub start: Start,
    /// All lines, those in front of the first segment included.
    pub tree: Tree,
    chains: Chains,
    /// Where the chain stands.
    position: Position,
    /// Whether a line was read.
    begun: bool,
    memo: Memo,
}

/// A segment that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentSummary {
    /// How it ends.
    pub ending: Ending,
    /// Bytes of its whole frames, and of what stands in front of them.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
}

/// Why a log is not read on.
#[derive(Debug)]
pub enum WalkError {
    /// It cannot be read.
    Storage(io::Error),
    /// It is damaged.
    Damage(Damage),
}

impl From<io::Error> for WalkError {
    fn from(error: io::Error) -> Self {
        Self::Storage(error)
    }
}

/// Reads a segment, which comes behind those that `walk` read; the first one says where it stands
/// in its log. A segment whose beginning is broken leaves `walk` as it was.
///
/// # Errors
/// `WalkError`. A frame that is not whole is no error: it is where reading ends.
pub fn segment(
    walk: &mut Option<Walk>,
    segment: u64,
    from: impl Read,
    visitor: &mut dyn Visitor,
) -> Result<SegmentSummary, WalkError> {
    let broken = |at| SegmentSummary { ending: Ending::Broken(at), bytes: at, lines: 0 };
    let damage = |at, wrong| WalkError::Damage(Damage { segment, at, wrong });
    let (mut frames, whole) = Frames::of(from)?;
    if !whole {
        return Ok(broken(0));
    }
    let at = frames.at;
    match frames.read()? {
        Next::Frame(Kind::Segment) => {}
        Next::Frame(_) => return Err(damage(at, Wrong::Misplaced)),
        Next::End | Next::Broken => return Ok(broken(at)),
    }
    let start = Start::read(&frames.body).filter(|start| start.tree.leaves == segment);
    let start = start.ok_or_else(|| damage(at, Wrong::Start))?;
    if walk.as_ref().is_some_and(|walk| !walk.goes_on_with(&start)) {
        return Err(damage(at, Wrong::Start));
    }
    let walk = match walk {
        Some(walk) => walk,
        none => {
            visitor.begin(&start);
            none.insert(Walk::from(start))
        }
    };
    visitor.segment();
    let before = walk.tree.leaves;
    loop {
        let at = frames.at;
        let here = |wrong| damage(at, wrong);
        let lines = walk.tree.leaves - before;
        let seen = |ending| SegmentSummary { ending, bytes: at, lines };
        match frames.read()? {
            Next::End => return Ok(seen(Ending::Open)),
            Next::Broken => return Ok(seen(Ending::Broken(at))),
            Next::Frame(Kind::Plain) => {
                let (synced, text) = plain(&frames.body).ok_or_else(|| here(Wrong::Frame))?;
                if synced > at {
                    return Err(here(Wrong::Frame));
                }
                let first = at + (frames.body.len() - text.len() + HEAD_BYTES) as u64;
                let damaged = |(offset, wrong)| damage(first + offset, wrong);
                walk.lines(text, visitor).map_err(damaged)?;
            }
            Next::Frame(Kind::Checkpoint) => {
                walk.checkpoint(&frames.body, visitor).map_err(here)?;
            }
            Next::Frame(Kind::End) => {
                let said = frames.body.first_chunk().filter(|_| frames.body.len() == 8);
                let said = u64::from_le_bytes(*said.ok_or_else(|| here(Wrong::Frame))?);
                if said != lines {
                    return Err(here(Wrong::Lines { said, found: lines }));
                }
                let bytes = frames.at;
                return match frames.read()? {
                    Next::End => Ok(SegmentSummary { ending: Ending::Ended, bytes, lines }),
                    Next::Frame(_) | Next::Broken => Err(damage(bytes, Wrong::Misplaced)),
                };
            }
            Next::Frame(Kind::Index | Kind::Lines | Kind::Segment) => {
                return Err(here(Wrong::Misplaced));
            }
        }
    }
}

/// How much of the segment was on the disk when a frame of lines was written, and its lines.
#[must_use]
pub fn plain(body: &[u8]) -> Option<(u64, &[u8])> {
    let (synced, lines) = body.split_first_chunk()?;
    lines.ends_with(b"\n").then(|| (u64::from_le_bytes(*synced), lines))
}

impl From<Start> for Walk {
    fn from(start: Start) -> Self {
        Self {
            tree: start.tree.clone(),
            chains: Chains::of_whole(),
            position: start.position,
            begun: false,
            memo: Memo::default(),
            start,
        }
    }
}

impl Walk {
    /// The end of the chain.
    #[must_use]
    pub fn tail(&self) -> Tail {
        let tail = self.chains.tail(&self.start.writer);
        tail.map_or_else(|| Tail::at(self.position), |tail| tail.behind(self.position.previous))
    }

    /// Where the chain stands.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.position
    }

    fn goes_on_with(&self, next: &Start) -> bool {
        let Start { writer, origin, tree, position } = next;
        let names = (&self.start.writer, &self.start.origin) == (writer, origin);
        names && *tree == self.tree && *position == self.position
    }

    /// Lines, each with its line break. What is wrong is told with its byte.
    fn lines(&mut self, text: &[u8], visitor: &mut dyn Visitor) -> Result<(), (u64, Wrong)> {
        let mut offset = 0;
        for whole in text.split_inclusive(|byte| *byte == b'\n') {
            let line = whole.strip_suffix(b"\n").unwrap_or(whole);
            self.line(line, visitor).map_err(|wrong| (offset, wrong))?;
            offset += whole.len() as u64;
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8], visitor: &mut dyn Visitor) -> Result<(), Wrong> {
        let index = self.tree.leaves;
        let entry = Entry::read_after(line, &mut self.memo);
        let entry = entry.map_err(|error| Wrong::Line(index, error))?;
        let broken = |kind| Wrong::Chain(index, kind);
        let (writer, first, next) = match &entry {
            Entry::Record(record) => {
                let chain = record.chain.as_ref().ok_or(Wrong::Stranger(index))?;
                (chain.writer, chain.number, chain.number.saturating_add(1))
            }
            Entry::Block(block) => (block.writer, block.first, block.last.saturating_add(1)),
            Entry::Gap(gap) => (gap.writer, gap.number, gap.number.saturating_add(gap.count)),
        };
        if writer.text() != self.start.writer {
            return Err(Wrong::Stranger(index));
        }
        // What lies in front of the first segment is known by its end alone.
        if !self.begun && first != self.position.next {
            let wanted = self.position.next;
            return Err(broken(BreakKind::Number { wanted, found: first }));
        }
        if let Entry::Block(Block { first, last, previous, .. }) = &entry
            && *previous != self.position.previous
        {
            return Err(broken(BreakKind::Previous { first: *first, last: *last }));
        }
        self.begun = true;
        self.chains.line(&entry, line, Place { source: 0, line: index + 1 });
        if let Some(found) = self.chains.breaks().first() {
            return Err(broken(found.kind));
        }
        let leaf = leaf(line);
        self.position.next = next;
        if matches!(entry, Entry::Block(_)) {
            self.position.previous = leaf;
        }
        self.tree.push(leaf);
        visitor.line(index, leaf, line, &entry);
        Ok(())
    }

    fn checkpoint(&self, note: &[u8], visitor: &mut dyn Visitor) -> Result<(), Wrong> {
        let text = Note::read(note).ok_or(Wrong::Checkpoint)?.text;
        let checkpoint = Checkpoint::read(text).ok_or(Wrong::Checkpoint)?;
        if checkpoint.origin != self.start.origin {
            return Err(Wrong::Checkpoint);
        }
        if (checkpoint.size, checkpoint.root) != (self.tree.leaves, self.tree.root()) {
            return Err(Wrong::Root { size: checkpoint.size });
        }
        visitor.checkpoint(note, &checkpoint)
    }
}
