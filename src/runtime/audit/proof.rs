//! Proofs: that a line is in a log, and that a log goes on where it ended before.
//!
//! In:      leaves, in order; sizes of trees.
//! Out:     hashes that prove it, and whether they do.
//! Imports: `runtime::record`.
//! Source:  RFC 6962, section 2.1; RFC 9162, sections 2.1.3.2 and 2.1.4.2, for checking.
//!
//! A proof is made of subtrees whose places are known before any leaf is seen, so one pass over a
//! log of any length makes it, in the memory of those subtrees.

use std::ops::Range;

use crate::runtime::record::tree::{Tree, node};

/// The subtrees whose roots prove that the leaf `index` is in the tree of `size` leaves, from the
/// sibling of the leaf upwards; `None` if there is no such leaf.
#[must_use]
pub fn inclusion(index: u64, size: u64) -> Option<Vec<Range<u64>>> {
    if index >= size {
        return None;
    }
    let (mut whole, mut parts) = (0..size, Vec::new());
    while whole.end - whole.start > 1 {
        let middle = whole.start + split(whole.end - whole.start);
        if index < middle {
            parts.push(middle..whole.end);
            whole.end = middle;
        } else {
            parts.push(whole.start..middle);
            whole.start = middle;
        }
    }
    parts.reverse();
    Some(parts)
}

/// The subtrees whose roots prove that the first `old` leaves of the tree of `size` leaves are
/// those of the tree of `old`; `None` if the older tree is empty or the larger one.
#[must_use]
pub fn consistency(old: u64, size: u64) -> Option<Vec<Range<u64>>> {
    if old == 0 || old > size {
        return None;
    }
    let (mut whole, mut parts) = (0..size, Vec::new());
    // Whoever checks knows the tree of `old` leaves, but not a part of it.
    let mut known = true;
    while whole.end != old {
        let middle = whole.start + split(whole.end - whole.start);
        if old <= middle {
            parts.push(middle..whole.end);
            whole.end = middle;
        } else {
            parts.push(whole.start..middle);
            whole.start = middle;
            known = false;
        }
    }
    if !known {
        parts.push(whole);
    }
    parts.reverse();
    Some(parts)
}

/// The largest power of two below `count`, which is above one.
const fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// Makes the roots of subtrees while it is shown leaves.
#[derive(Clone, Debug)]
pub struct SubtreeCollector {
    /// Each with the place that its root has in the proof, in order of their leaves.
    parts: Vec<(Range<u64>, usize, Tree)>,
    /// The part that comes next.
    at: usize,
    leaves: u64,
}

impl SubtreeCollector {
    /// Makes the roots of these, of a log whose first leaves are known as the tree `begun` only.
    #[must_use]
    pub fn of(parts: &[Range<u64>], begun: &Tree) -> Self {
        let mut parts: Vec<_> =
            parts.iter().cloned().zip(0..).map(|(part, at)| (part, at, Tree::default())).collect();
        parts.sort_unstable_by_key(|(part, ..)| part.start);
        for (part, _, tree) in &mut parts {
            let mut start = 0;
            for (root, bit) in begun.roots.iter().zip(bits(begun.leaves)) {
                if part.start <= start && start + bit <= part.end {
                    tree.roots.push(*root);
                    tree.leaves += bit;
                }
                start += bit;
            }
        }
        Self { parts, at: 0, leaves: begun.leaves }
    }

    /// Adds the next leaf of the log.
    pub fn push(&mut self, leaf: [u8; 32]) {
        let number = self.leaves;
        self.leaves += 1;
        while let Some((part, _, tree)) = self.parts.get_mut(self.at) {
            if number >= part.end {
                self.at += 1;
                continue;
            }
            if number >= part.start {
                tree.push(leaf);
            }
            return;
        }
    }

    /// The roots, in the order of the proof; `None` if leaves are missing.
    #[must_use]
    pub fn finish(self) -> Option<Vec<[u8; 32]>> {
        let mut roots = vec![[0; 32]; self.parts.len()];
        for (part, at, tree) in &self.parts {
            if tree.leaves != part.end - part.start {
                return None;
            }
            *roots.get_mut(*at)? = tree.root();
        }
        Some(roots)
    }
}

/// The bits of a number that are set, from the highest on.
fn bits(number: u64) -> impl Iterator<Item = u64> {
    (0..64).rev().map(|bit| 1 << bit).filter(move |bit| number & bit != 0)
}

/// Whether `proof` shows that `leaf` is the leaf `index` of a tree of `size` leaves.
#[must_use]
pub fn is_included(
    (index, leaf): (u64, [u8; 32]),
    (size, root): (u64, [u8; 32]),
    proof: &[[u8; 32]],
) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node(sibling, &hash);
            // Subtrees that have no right sibling are roots of their parents too.
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node(&hash, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && hash == root
}

/// Whether `proof` shows that a tree of `old` leaves is the beginning of one of `size`.
#[must_use]
pub fn is_consistent(
    (old, old_root): (u64, [u8; 32]),
    (size, root): (u64, [u8; 32]),
    proof: &[[u8; 32]],
) -> bool {
    if old == size {
        return proof.is_empty() && old_root == root;
    }
    if old == 0 || old > size {
        return false;
    }
    let mut proof = proof.iter();
    let first = if old.is_power_of_two() { Some(&old_root) } else { proof.next() };
    let Some(first) = first else { return false };
    let (mut at, mut last) = (old - 1, size - 1);
    while at & 1 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let (mut before, mut now) = (*first, *first);
    for hash in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            before = node(hash, &before);
            now = node(hash, &now);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            now = node(&now, hash);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && before == old_root && now == root
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::record::tree::leaf;

    fn leaves(count: u64) -> Vec<[u8; 32]> {
        (0..count).map(|at| leaf(&at.to_le_bytes())).collect()
    }

    /// The root of some leaves, as RFC 6962 defines it.
    fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
        match leaves {
            [] => Tree::default().root(),
            [leaf] => *leaf,
            _ => {
                let mut middle = 1;
                while middle * 2 < leaves.len() {
                    middle *= 2;
                }
                node(&root(&leaves[..middle]), &root(&leaves[middle..]))
            }
        }
    }

    /// PATH(m, D[n]) of RFC 6962.
    fn path(at: usize, leaves: &[[u8; 32]]) -> Vec<[u8; 32]> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let mut middle = 1;
        while middle * 2 < leaves.len() {
            middle *= 2;
        }
        let (left, right) = leaves.split_at(middle);
        let (mut inner, other) =
            if at < middle { (path(at, left), right) } else { (path(at - middle, right), left) };
        inner.push(root(other));
        inner
    }

    /// SUBPROOF(m, D[n], b) of RFC 6962.
    fn subproof(old: usize, leaves: &[[u8; 32]], known: bool) -> Vec<[u8; 32]> {
        if old == leaves.len() {
            return if known { Vec::new() } else { vec![root(leaves)] };
        }
        let mut middle = 1;
        while middle * 2 < leaves.len() {
            middle *= 2;
        }
        let (left, right) = leaves.split_at(middle);
        let (mut inner, other) = if old <= middle {
            (subproof(old, left, known), right)
        } else {
            (subproof(old - middle, right, false), left)
        };
        inner.push(root(other));
        inner
    }

    fn collected(parts: &[Range<u64>], leaves: &[[u8; 32]], begun: usize) -> Vec<[u8; 32]> {
        let mut tree = Tree::default();
        leaves[..begun].iter().for_each(|leaf| tree.push(*leaf));
        let mut collecting = SubtreeCollector::of(parts, &tree);
        leaves[begun..].iter().for_each(|leaf| collecting.push(*leaf));
        collecting.finish().expect("all leaves were shown")
    }

    #[test]
    fn proofs_of_inclusion_are_those_of_rfc_6962() {
        for size in 1..=33_usize {
            let leaves = leaves(size as u64);
            let head = (size as u64, root(&leaves));
            for at in 0..size {
                let parts = inclusion(at as u64, size as u64).expect("a leaf of it");
                let proof = collected(&parts, &leaves, 0);
                assert_eq!(proof, path(at, &leaves), "{at} of {size}");
                // The front of the log may lie elsewhere, up to the leaf.
                for begun in 0..=at {
                    assert_eq!(collected(&parts, &leaves, begun), proof, "{at}, {begun}, {size}");
                }
                let leaf = (at as u64, leaves[at]);
                assert!(is_included(leaf, head, &proof));
                // No other place, leaf, root, size, nor a shorter or longer proof.
                for other in (0..size).filter(|other| *other != at) {
                    assert!(!is_included((other as u64, leaves[at]), head, &proof));
                    assert!(!is_included((at as u64, leaves[other]), head, &proof));
                }
                assert!(!is_included(leaf, (size as u64, [1; 32]), &proof));
                assert!(!is_included((size as u64, leaves[at]), head, &proof));
                assert!(!is_included(leaf, head, &[&proof[..], &[[0; 32]]].concat()));
                if let Some((_, shorter)) = proof.split_last() {
                    assert!(!is_included(leaf, head, shorter));
                }
            }
        }
        assert_eq!(inclusion(0, 0), None);
        assert_eq!(inclusion(5, 5), None);
    }

    #[test]
    fn proofs_of_consistency_are_those_of_rfc_6962() {
        for size in 1..=33_usize {
            let leaves = leaves(size as u64);
            let head = (size as u64, root(&leaves));
            for old in 1..=size {
                let parts = consistency(old as u64, size as u64).expect("a beginning of it");
                let proof = collected(&parts, &leaves, 0);
                assert_eq!(proof, subproof(old, &leaves, true), "{old} of {size}");
                for begun in 0..=old {
                    assert_eq!(collected(&parts, &leaves, begun), proof, "{old}, {begun}");
                }
                let before = (old as u64, root(&leaves[..old]));
                assert!(is_consistent(before, head, &proof));
                assert!(!is_consistent((old as u64, [1; 32]), head, &proof));
                assert!(!is_consistent(before, (size as u64, [1; 32]), &proof));
                assert!(!is_consistent(before, head, &[&proof[..], &[[0; 32]]].concat()));
                if let Some((_, shorter)) = proof.split_last() {
                    assert!(!is_consistent(before, head, shorter));
                }
                for other in (1..size).filter(|other| *other != old) {
                    assert!(!is_consistent((other as u64, before.1), head, &proof));
                }
            }
        }
        assert_eq!((consistency(0, 5), consistency(6, 5)), (None, None));
        // Nothing is no beginning, nor is what is longer, though it has the same root.
        let [root] = leaves(1)[..] else { panic!("one leaf") };
        assert!(!is_consistent((0, root), (1, root), &[]));
        assert!(!is_consistent((2, root), (1, root), &[]));
    }

    #[test]
    fn leaves_that_are_missing_give_no_proof() {
        let parts = inclusion(1, 8).expect("a leaf of it");
        let mut collecting = SubtreeCollector::of(&parts, &Tree::default());
        for leaf in leaves(7) {
            collecting.push(leaf);
        }
        assert_eq!(collecting.finish(), None);
    }
}
