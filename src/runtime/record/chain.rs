//! The chain of a log: blocks of lines under Merkle roots, each block bound to the one before.
//!
//! In:      the records of a writer, in the order in which they are written.
//! Out:     their lines, and lines about blocks and gaps. `check` reads them again.
//! Imports: `runtime::record`.
//! Source:  `docs/records.md`, "Chains". RFC 6962, section 2.1, for trees.

use sha2::{Digest, Sha256};

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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// Roots of subtrees, from the largest on.
    pub roots: Vec<[u8; 32]>,
    /// Leaves in all.
    pub leaves: u64,
}

impl Tree {
    pub(super) fn push(&mut self, leaf: [u8; 32]) {
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

    pub(super) fn root(&self) -> [u8; 32] {
        let mut roots = self.roots.iter().rev();
        let Some(last) = roots.next() else { return Sha256::digest([]).into() };
        roots.fold(*last, |right, left| node(left, &right))
    }

    pub(super) fn clear(&mut self) {
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
    pub(super) position: Position,
    /// Number of the first record of the open block.
    pub(super) first: u64,
    pub(super) tree: Tree,
    /// Bytes of the open block, as far as they are known.
    pub(super) bytes: usize,
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
