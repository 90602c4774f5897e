//! Formulas: negations and conjunctions over facts, each built once.
//!
//! In:      facts (`fact`), and formulas that were made here.
//! Out:     `Lit`, a formula or its negation; equal formulas are equal literals.
//! Imports: nothing of ours.
//!
//! Nodes stand behind what they are made of, so whoever walks down never meets a circle. Walks keep
//! a stack of their own: code of thousands of instructions makes formulas as deep.

use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;

/// A formula, or its negation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lit(u32);

impl Lit {
    /// What always holds.
    pub const TRUE: Self = Self(0);
    /// What never holds.
    pub const FALSE: Self = Self(1);

    const fn of(node: usize) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "tables of a bundle are far smaller")]
        Self((node as u32) << 1)
    }

    /// The number of its node.
    #[must_use]
    pub const fn node(self) -> usize {
        (self.0 >> 1) as usize
    }

    /// Whether it is the negation of its node.
    #[must_use]
    pub const fn negated(self) -> bool {
        self.0 & 1 == 1
    }
}

impl std::ops::Not for Lit {
    type Output = Self;

    fn not(self) -> Self {
        Self(self.0 ^ 1)
    }
}

/// What a formula is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// It always holds.
    True,
    /// Both hold.
    And(Lit, Lit),
    /// A fact, by its number.
    Fact(u32),
}

/// Every formula that was made.
#[derive(Debug)]
pub struct Formulas {
    nodes: Vec<Node>,
    known: FxHashMap<Node, Lit>,
}

impl Default for Formulas {
    fn default() -> Self {
        Self { nodes: vec![Node::True], known: FxHashMap::default() }
    }
}

impl Formulas {
    /// What the node of a literal is.
    #[must_use]
    pub fn node(&self, at: usize) -> Node {
        self.nodes.get(at).copied().unwrap_or(Node::True)
    }

    fn make(&mut self, node: Node) -> Lit {
        if let Some(known) = self.known.get(&node) {
            return *known;
        }
        let lit = Lit::of(self.nodes.len());
        self.nodes.push(node);
        self.known.insert(node, lit);
        lit
    }

    /// The fact with this number.
    pub fn fact(&mut self, number: u32) -> Lit {
        self.make(Node::Fact(number))
    }

    /// Both hold.
    pub fn and(&mut self, a: Lit, b: Lit) -> Lit {
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        if a == Lit::TRUE || a == b {
            return b;
        }
        if a == Lit::FALSE || a == !b {
            return Lit::FALSE;
        }
        // `a && (a && c)` and `a && !a && c`: conditions of one rule repeat their first test.
        for (one, other) in [(a, b), (b, a)] {
            if let Node::And(x, y) = self.node(other.node()) {
                if !other.negated() {
                    if x == one || y == one {
                        return other;
                    }
                    if x == !one || y == !one {
                        return Lit::FALSE;
                    }
                } else if x == !one || y == !one {
                    return one;
                } else if x == one {
                    return self.and(one, !y);
                } else if y == one {
                    return self.and(one, !x);
                }
            }
        }
        self.make(Node::And(a, b))
    }

    /// One of both holds.
    pub fn or(&mut self, a: Lit, b: Lit) -> Lit {
        !self.and(!a, !b)
    }

    /// All hold.
    pub fn all(&mut self, many: impl IntoIterator<Item = Lit>) -> Lit {
        let mut all = Lit::TRUE;
        for lit in many {
            all = self.and(all, lit);
        }
        all
    }

    /// One of many holds.
    pub fn any(&mut self, many: impl IntoIterator<Item = Lit>) -> Lit {
        let mut any = Lit::FALSE;
        for lit in many {
            any = self.or(any, lit);
        }
        any
    }

    /// Exactly one of both holds.
    pub fn differ(&mut self, a: Lit, b: Lit) -> Lit {
        let (left, right) = (self.and(a, !b), self.and(!a, b));
        self.or(left, right)
    }

    /// The nodes that `roots` are made of, themselves included; ascending.
    #[must_use]
    pub fn cone(&self, roots: &[Lit]) -> Vec<usize> {
        self.cone_above(roots, |_| false)
    }

    /// As `cone`, without the nodes that are `known` and what only these are made of.
    #[must_use]
    pub fn cone_above(&self, roots: &[Lit], known: impl Fn(usize) -> bool) -> Vec<usize> {
        // No node is made of a later one, so nothing that is found below leads back to the last.
        let mut open: BinaryHeap<usize> = roots.iter().map(|lit| lit.node()).collect();
        let mut cone = Vec::new();
        while let Some(at) = open.pop() {
            if cone.last() == Some(&at) || known(at) {
                continue;
            }
            cone.push(at);
            if let Node::And(a, b) = self.node(at) {
                open.extend([a.node(), b.node()]);
            }
        }
        cone.reverse();
        cone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_formulas_are_one() {
        let mut f = Formulas::default();
        let [a, b, c] = [0, 1, 2].map(|number| f.fact(number));
        let ab = f.and(a, b);
        assert_eq!(f.and(b, a), ab);
        assert_eq!(f.and(a, ab), ab);
        assert_eq!(f.and(!a, ab), Lit::FALSE);
        assert_eq!(f.or(a, !a), Lit::TRUE);
        assert_eq!(f.or(a, ab), a);
        let abc = f.and(ab, c);
        assert_ne!(abc, ab);
        assert_eq!(f.cone(&[abc]).len(), 5);
        let not_ab = f.and(a, !ab);
        assert_eq!(not_ab, f.and(a, !b));
    }
}
