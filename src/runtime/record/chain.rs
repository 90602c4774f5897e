//! The chain of a log: blocks of lines under Merkle roots, each block bound to the one before.
//!
//! In:      the records of a writer, in the order in which they are written.
//! Out:     their lines, and lines about blocks and gaps. `check` reads them again.
//! Imports: its own room alone.
//! Source:  `docs/records.md`, "Chains".

use crate::runtime::record::text::Line;
use crate::runtime::record::tree::{Tree, leaf};

/// Where a chain ends, so that it can be gone on with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The number of the next record.
    pub next: u64,
    /// The leaf of the last line about a block; zeros before the first.
    pub previous: [u8; 32],
}

/// The end of a chain: where it ends, and the block that is open there.
#[derive(Clone, Debug, Default)]
pub struct Tail {
    pub(super) position: Position,
    /// Number of the first record of the open block.
    pub(super) first: u64,
    pub(super) tree: Tree,
    /// Bytes of the open block, as far as they are known.
    pub(super) bytes: usize,
    /// Whether the writer ended the chain there.
    pub(super) ended: bool,
}

impl Tail {
    /// The end of a chain whose last block is closed; whether its writer ended it nobody knows.
    #[must_use]
    pub fn at(position: Position) -> Self {
        Self { ended: false, ..position.into() }
    }

    /// Where the chain ends.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.position
    }

    /// The same end, where what is told of it did not begin with the chain: the leaf of its last
    /// line about a block.
    #[must_use]
    pub const fn behind(mut self, previous: [u8; 32]) -> Self {
        self.position.previous = previous;
        self
    }
}

impl From<Position> for Tail {
    /// Of a chain that was ended there.
    fn from(position: Position) -> Self {
        Self { position, first: position.next, ended: true, ..Self::default() }
    }
}

/// Whole lines, as a storage is given them.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The lines, each with its line break.
    pub lines: Vec<u8>,
    /// The leaf of each line.
    pub leaves: Vec<[u8; 32]>,
    /// Where the chain stands behind them.
    pub position: Position,
    /// Whether a block ends with one of them.
    pub blocks: bool,
    /// Whether a block ends with the last of them.
    pub closed: bool,
    /// Whether the log ends with them.
    pub end: bool,
}

impl Batch {
    pub(super) fn clear(&mut self) {
        self.lines.clear();
        self.leaves.clear();
        (self.blocks, self.closed, self.end) = (false, false, false);
    }
}

/// The lines of one writer, as they are written.
#[derive(Debug)]
pub(super) struct Writing {
    writer: String,
    tail: Tail,
}

impl Writing {
    pub(super) fn new(writer: &str, tail: Tail) -> Self {
        Self { writer: writer.to_owned(), tail }
    }

    pub(super) const fn position(&self) -> Position {
        self.tail.position
    }

    /// The most bytes that what a record says of its chain adds to it.
    pub(super) fn chain_bytes(writer: &str) -> usize {
        let mut out = Batch::default();
        let tail = Tail::at(Position { next: u64::MAX - 1, ..Position::default() });
        Self::new(writer, tail).record(b"}", &mut out);
        out.lines.len() - b"}\n".len()
    }

    /// Bytes of the block that is open; zero if none is.
    pub(super) const fn open_bytes(&self) -> usize {
        self.tail.bytes
    }

    /// Appends a record, which says nothing of its chain, and its line break.
    pub(super) fn record(&mut self, record: &[u8], out: &mut Batch) {
        let start = out.lines.len();
        out.lines.extend_from_slice(record.strip_suffix(b"}").unwrap_or(record));
        let mut line = Line(&mut out.lines);
        line.put(",\"ch\":{\"w\":");
        line.text(&self.writer);
        line.put(",\"n\":");
        line.number(self.tail.position.next);
        line.put("}}");
        self.taken(1, start, out);
    }

    /// Appends a line that says that `count` records are lost.
    pub(super) fn gap(&mut self, count: u64, out: &mut Batch) {
        let start = out.lines.len();
        let mut line = Line(&mut out.lines);
        line.put("{\"$gap\":{\"w\":");
        line.text(&self.writer);
        line.put(",\"n\":");
        line.number(self.tail.position.next);
        line.put(",\"count\":");
        line.number(count);
        line.put("}}");
        self.taken(count, start, out);
    }

    fn taken(&mut self, count: u64, start: usize, out: &mut Batch) {
        let line = out.lines.get(start..).unwrap_or_default();
        let leaf = leaf(line);
        self.tail.tree.push(leaf);
        self.tail.bytes += line.len();
        self.tail.position.next += count;
        self.tail.ended = false;
        out.lines.push(b'\n');
        out.leaves.push(leaf);
        (out.position, out.closed) = (self.tail.position, false);
    }

    /// Ends the block; with `end` the chain too. What was never begun has no end, and what ended
    /// has one.
    pub(super) fn block(&mut self, end: bool, out: &mut Batch) {
        let begun = self.tail.position != Position::default();
        if self.tail.tree.leaves == 0 && !(end && begun && !self.tail.ended) {
            return;
        }
        let start = out.lines.len();
        let mut line = Line(&mut out.lines);
        line.put("{\"$blk\":{\"w\":");
        line.text(&self.writer);
        line.put(",\"first\":");
        line.number(self.tail.first);
        line.put(",\"last\":");
        line.number(self.tail.position.next.saturating_sub(1));
        line.put(",\"root\":");
        line.digest(&self.tail.tree.root());
        line.put(",\"prev\":");
        line.digest(&self.tail.position.previous);
        line.put(if end { ",\"end\":true}}" } else { "}}" });
        self.tail.position.previous = leaf(out.lines.get(start..).unwrap_or_default());
        out.lines.push(b'\n');
        out.leaves.push(self.tail.position.previous);
        (out.position, out.end) = (self.tail.position, end);
        (out.blocks, out.closed) = (true, true);
        self.tail.first = self.tail.position.next;
        self.tail.tree.clear();
        self.tail.bytes = 0;
        self.tail.ended = end;
    }
}
