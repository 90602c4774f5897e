//! Merkle trees over lines.
//!
//! In:      lines, or their leaves, in order.
//! Out:     roots.
//! Imports: nothing of ours.
//! Source:  RFC 6962, section 2.1.

use sha2::{Digest, Sha256};

/// SHA-256 of a line as a leaf of a tree: the bytes of the line without its line break.
#[must_use]
pub fn leaf(line: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix([0]);
    hash.update(line);
    hash.finalize().into()
}

/// SHA-256 of two subtrees.
#[must_use]
pub fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix([1]);
    hash.update(left);
    hash.update(right);
    hash.finalize().into()
}

/// A Merkle tree that grows by leaves; of it only the roots of full subtrees are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// Roots of subtrees, from the largest on: one for each bit of `leaves` that is set.
    pub roots: Vec<[u8; 32]>,
    /// Leaves in all.
    pub leaves: u64,
}

impl Tree {
    /// Adds a leaf behind the others.
    pub fn push(&mut self, leaf: [u8; 32]) {
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

    /// The root of all leaves.
    #[must_use]
    pub fn root(&self) -> [u8; 32] {
        let mut roots = self.roots.iter().rev();
        let Some(last) = roots.next() else { return Sha256::digest([]).into() };
        roots.fold(*last, |right, left| node(left, &right))
    }

    pub(super) fn clear(&mut self) {
        self.roots.clear();
        self.leaves = 0;
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
