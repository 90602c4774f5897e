//! What formulas are about.
//!
//! In:      formulas.
//! Out:     the places, times and calls that their facts hang on.
//! Imports: the rooms beside this one.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

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
                    Some(Fact::Same(a, b)) => terms.extend([*a, *b]),
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

    /// Whether what is known of one term can tell of the other: they are the same, or one lies in
    /// the other.
    #[must_use]
    pub fn related(&self, a: TermId, b: TermId) -> bool {
        let within = |outer: &str, inner: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        a == b
            || self.path(a).zip(self.path(b)).is_some_and(|(a, b)| within(&a, &b) || within(&b, &a))
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
