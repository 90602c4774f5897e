//! What formulas are about.
//!
//! In:      formulas.
//! Out:     the places, times and calls that their facts hang on.
//! Imports: its own room alone.

use std::collections::BTreeSet;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::compiler::solve::formula::{Lit, Node};
use crate::compiler::solve::store::{Fact, Store, Term, TermId};

impl Store {
    /// The terms that formulas are about and that are made of no others. An element counts as its
    /// list, a size as what has it, and what an operation makes as its operands; constants are
    /// left out.
    #[must_use]
    pub fn about(&self, roots: &[Lit]) -> BTreeSet<TermId> {
        let mut found = BTreeSet::new();
        let (mut open, mut terms) = (roots.to_vec(), Vec::new());
        let (mut walks, mut seen) = (FxHashSet::default(), FxHashSet::default());
        while !open.is_empty() {
            for node in self.formulas.cone(&std::mem::take(&mut open)) {
                let Node::Fact(number) = self.formulas.node(node) else { continue };
                match self.fact(number) {
                    None => {}
                    Some(
                        Fact::Kind(term, _)
                        | Fact::Reaches(term, ..)
                        | Fact::Text(term, _)
                        | Fact::Unknown(term, _),
                    ) => terms.push(*term),
                    Some(Fact::Same(a, b) | Fact::Less(a, b)) => terms.extend([*a, *b]),
                    Some(Fact::Leaves(walk) | Fact::Pends(walk)) => {
                        if let Some(of) = self.walk(*walk).filter(|_| walks.insert(*walk)) {
                            terms.push(of.list);
                            open.extend([of.leave, of.pend]);
                        }
                    }
                }
            }
            while let Some(term) = terms.pop() {
                if !seen.insert(term) {
                    continue;
                }
                match self.term(term) {
                    Term::Place(_) | Term::Presence(_) | Term::Now => drop(found.insert(term)),
                    Term::Constant(_) => {}
                    Term::Size(of) | Term::Element(of, ..) => terms.push(*of),
                    Term::Made(_, parts) if parts.is_empty() => drop(found.insert(term)),
                    Term::Made(_, parts) => terms.extend(parts.iter().copied()),
                    Term::Choice(ways) => {
                        terms.extend(ways.iter().map(|(_, term)| *term));
                        open.extend(ways.iter().map(|(when, _)| *when));
                    }
                }
            }
        }
        found
    }

    /// Whether no term of one set can tell of one of another: none is in both, and none lies in
    /// another's.
    #[must_use]
    pub fn are_apart(&self, sets: &[&BTreeSet<TermId>]) -> bool {
        let mut terms: FxHashMap<TermId, usize> = FxHashMap::default();
        let mut paths: FxHashMap<Rc<str>, usize> = FxHashMap::default();
        for (at, set) in sets.iter().enumerate() {
            for term in *set {
                let known = match self.path(*term) {
                    Some(path) => *paths.entry(path).or_insert(at),
                    None => *terms.entry(*term).or_insert(at),
                };
                if known != at {
                    return false;
                }
            }
        }
        paths.iter().all(|(path, at)| {
            let mut above = path.as_ref();
            while let Some((shorter, _)) = above.rsplit_once('/') {
                if paths.get(shorter).is_some_and(|other| other != at) {
                    return false;
                }
                above = shorter;
            }
            true
        })
    }

    /// Whether formulas only ask of which kind values are.
    #[must_use]
    pub fn asks_kinds(&self, roots: &[Lit]) -> bool {
        self.formulas.cone(roots).into_iter().all(|node| match self.formulas.node(node) {
            Node::Fact(number) => matches!(self.fact(number), Some(Fact::Kind(..))),
            Node::True | Node::And(..) => true,
        })
    }
}
