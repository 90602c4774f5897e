//! The chain of a log: blocks of lines under Merkle roots, each block bound to the one before.
//!
//! In:      the lines of a writer, in the order in which they were written.
//! Out:     lines about blocks and gaps; what was changed, taken away, put in or moved since.
//! Imports: `runtime::record`.
//! Source:  `docs/records.md`, "Chains". RFC 6962, section 2.1, for trees.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::runtime::record::read::{Block, Chain, Gap};
use crate::runtime::record::text::Line;

/// SHA-256 of a line as a leaf of a tree: the bytes of the line without its line break.
#[must_use]
pub fn leaf(line: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix([0]);
    hash.update(line);
    hash.finalize().into()
}

fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix([1]);
    hash.update(left);
    hash.update(right);
    hash.finalize().into()
}

/// A Merkle tree that grows by leaves; of it only the roots of full subtrees are kept.
#[derive(Clone, Debug, Default)]
struct Tree {
    /// Roots of subtrees, from the largest on.
    roots: Vec<[u8; 32]>,
    leaves: u64,
}

impl Tree {
    fn push(&mut self, leaf: [u8; 32]) {
        let mut root = leaf;
        // Of two subtrees that are equally large one is made.
        for _ in 0..self.leaves.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                root = node(&left, &root);
            }
        }
        self.roots.push(root);
        self.leaves += 1;
    }

    fn root(&self) -> [u8; 32] {
        let mut roots = self.roots.iter().rev();
        let Some(last) = roots.next() else { return Sha256::digest([]).into() };
        roots.fold(*last, |right, left| node(left, &right))
    }

    fn clear(&mut self) {
        self.roots.clear();
        self.leaves = 0;
    }
}

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
    position: Position,
    /// Number of the first record of the open block.
    first: u64,
    tree: Tree,
    /// Bytes of the open block, as far as they are known.
    bytes: usize,
}

impl Tail {
    /// Where the chain ends.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.position
    }
}

impl From<Position> for Tail {
    /// Of a chain that was ended there.
    fn from(position: Position) -> Self {
        Self { position, first: position.next, ..Self::default() }
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

    /// Bytes of the block that is open; zero if none is.
    pub(super) const fn open_bytes(&self) -> usize {
        self.tail.bytes
    }

    /// Appends a record, which says nothing of its chain, and its line break.
    pub(super) fn record(&mut self, record: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(record.strip_suffix(b"}").unwrap_or(record));
        let mut line = Line(out);
        line.put(",\"ch\":{\"w\":");
        line.text(&self.writer);
        line.put(",\"n\":");
        line.number(self.tail.position.next);
        line.put("}}");
        self.taken(1, start, out);
    }

    /// Appends a line that says that `count` records are lost.
    pub(super) fn gap(&mut self, count: u64, out: &mut Vec<u8>) {
        let start = out.len();
        let mut line = Line(out);
        line.put("{\"$gap\":{\"w\":");
        line.text(&self.writer);
        line.put(",\"n\":");
        line.number(self.tail.position.next);
        line.put(",\"count\":");
        line.number(count);
        line.put("}}");
        self.taken(count, start, out);
    }

    fn taken(&mut self, count: u64, start: usize, out: &mut Vec<u8>) {
        let line = out.get(start..).unwrap_or_default();
        self.tail.tree.push(leaf(line));
        self.tail.bytes += line.len();
        self.tail.position.next += count;
        out.push(b'\n');
    }

    /// Ends the block; with `end` the chain too. What was never begun has no end.
    pub(super) fn block(&mut self, end: bool, out: &mut Vec<u8>) {
        if self.tail.tree.leaves == 0 && (!end || self.tail.position == Position::default()) {
            return;
        }
        let start = out.len();
        let mut line = Line(out);
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
        self.tail.position.previous = leaf(out.get(start..).unwrap_or_default());
        out.push(b'\n');
        self.tail.first = self.tail.position.next;
        self.tail.tree.clear();
        self.tail.bytes = 0;
    }
}

/// What is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    /// Whose chain.
    pub writer: String,
    /// The line where it was seen, from 1; of what is missing at the end the last line.
    pub line: u64,
    /// What.
    pub kind: BreakKind,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakKind {
    /// Another record comes than should: some were taken away, put in, or moved.
    Number {
        /// The number that comes next.
        wanted: u64,
        /// The number that came.
        found: u64,
    },
    /// The lines of this block are not those that were written.
    Content {
        /// Number of its first record.
        first: u64,
        /// Number of its last record.
        last: u64,
    },
    /// The block before this one is not the one that was written.
    Previous {
        /// Number of its first record.
        first: u64,
        /// Number of its last record.
        last: u64,
    },
    /// The block is about other records than those that stand in front of it.
    Range {
        /// Number of its first record, as it says.
        first: u64,
        /// Number of its last record, as it says.
        last: u64,
    },
    /// The log does not end: no block closes these records, or what came behind was cut off.
    Open {
        /// The first record that no block holds.
        first: u64,
        /// How many lines no block holds.
        lines: u64,
    },
}

/// What was seen of one writer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Number of the first record. Above zero, what came before lies elsewhere.
    pub first: u64,
    /// Where the chain ends.
    pub end: Position,
    /// Blocks.
    pub blocks: u64,
    /// Records that the writer itself says are lost.
    pub lost: u64,
    /// Whether the writer ended its log.
    pub ended: bool,
}

/// The chain of one writer, as it is read.
#[derive(Clone, Debug, Default)]
struct Reading {
    extent: Extent,
    /// Number of the first record behind the last block.
    first: u64,
    tree: Tree,
    begun: bool,
    line: u64,
}

/// Looks at chains, whose lines may stand among those of others.
#[derive(Clone, Debug, Default)]
pub struct Chains {
    writers: BTreeMap<String, Reading>,
}

impl Chains {
    /// A record on line `line`, counted from 1; `leaf` is that of its line.
    pub fn record(&mut self, chain: &Chain<'_>, leaf: [u8; 32], line: u64) -> Option<Break> {
        let writer = chain.writer.text();
        self.next(&writer, (chain.number, 1), leaf, line)
    }

    /// A line that says that records are lost.
    pub fn gap(&mut self, gap: &Gap<'_>, leaf: [u8; 32], line: u64) -> Option<Break> {
        let writer = gap.writer.text();
        let found = self.next(&writer, (gap.number, gap.count), leaf, line);
        if let Some(reading) = self.writers.get_mut(&*writer) {
            reading.extent.lost = reading.extent.lost.saturating_add(gap.count);
        }
        found
    }

    fn next(
        &mut self,
        writer: &str,
        (number, count): (u64, u64),
        leaf: [u8; 32],
        line: u64,
    ) -> Option<Break> {
        let reading = self.of(writer, number, line)?;
        let wanted = reading.extent.end.next;
        reading.extent.end.next = number.saturating_add(count);
        reading.extent.ended = false;
        reading.tree.push(leaf);
        let kind = BreakKind::Number { wanted, found: number };
        (wanted != number).then(|| Break { writer: writer.to_owned(), line, kind })
    }

    /// The reading of a writer, which begins with record `number` if it was not met before.
    fn of(&mut self, writer: &str, number: u64, line: u64) -> Option<&mut Reading> {
        if !self.writers.contains_key(writer) {
            self.writers.insert(writer.to_owned(), Reading::default());
        }
        let reading = self.writers.get_mut(writer)?;
        reading.line = line;
        if !reading.begun {
            reading.begun = true;
            (reading.first, reading.extent.first) = (number, number);
            reading.extent.end.next = number;
        }
        Some(reading)
    }

    /// A line about a block; `leaf` is its own.
    pub fn block(&mut self, block: &Block<'_>, leaf: [u8; 32], line: u64) -> Option<Break> {
        let writer = block.writer.text();
        let (first, last) = (block.first, block.last);
        let reading = self.of(&writer, first, line)?;
        let end = reading.extent.end;
        // Where a log begins in the middle of a chain, what came before is not known.
        let begins = reading.extent.blocks == 0 && reading.extent.first > 0;
        let kind = if (reading.first, end.next.saturating_sub(1)) != (first, last) {
            Some(BreakKind::Range { first, last })
        } else if reading.tree.root() != block.root {
            Some(BreakKind::Content { first, last })
        } else if end.previous != block.previous && !begins {
            Some(BreakKind::Previous { first, last })
        } else {
            None
        };
        reading.tree.clear();
        reading.extent.blocks += 1;
        reading.extent.ended = block.end;
        // What is behind is held to what this block says, so that one change is told once.
        reading.extent.end.next = last.saturating_add(1).max(end.next);
        reading.first = reading.extent.end.next;
        reading.extent.end.previous = leaf;
        kind.map(|kind| Break { writer: writer.into_owned(), line, kind })
    }

    /// The end of the chain of a writer; `None` if nothing of it was seen.
    #[must_use]
    pub fn tail(&self, writer: &str) -> Option<Tail> {
        let Reading { extent, first, tree, .. } = self.writers.get(writer)?;
        let bytes = usize::from(tree.leaves > 0);
        Some(Tail { position: extent.end, first: *first, tree: tree.clone(), bytes })
    }

    /// What was seen of each writer, and which logs do not end.
    #[must_use]
    pub fn finish(self) -> (Vec<(String, Extent)>, Vec<Break>) {
        let mut breaks = Vec::new();
        for (writer, reading) in &self.writers {
            if !reading.extent.ended {
                let kind = BreakKind::Open { first: reading.first, lines: reading.tree.leaves };
                breaks.push(Break { writer: writer.clone(), line: reading.line, kind });
            }
        }
        let extents = self.writers.into_iter().map(|(writer, reading)| (writer, reading.extent));
        (extents.collect(), breaks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_are_those_of_rfc_6962() {
        // Written out for up to five leaves: a tree splits at the largest power of two below.
        let leaves: Vec<[u8; 32]> = (0_u8..5).map(|at| leaf(&[at])).collect();
        let [one, two, three, four, five] = leaves[..].try_into().expect("five");
        let pair = node(&one, &two);
        let quad = node(&pair, &node(&three, &four));
        let wanted = [one, pair, node(&pair, &three), quad, node(&quad, &five)];
        let mut grown = Tree::default();
        assert_eq!(grown.root(), <[u8; 32]>::from(Sha256::digest([])));
        for (leaf, wanted) in leaves.iter().zip(wanted) {
            grown.push(*leaf);
            assert_eq!(grown.root(), wanted);
        }
    }
}
