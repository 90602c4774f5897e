//! Formulas about any element of a list, as formulas about one of them.
//!
//! In:      a formula about `Element(list, _, 0)`.
//! Out:     the same about `Element(list, _, n)`.
//! Imports: its own room alone.

use rustc_hash::FxHashMap;

use crate::compiler::solve::formula::{Lit, Node};
use crate::compiler::solve::store::{Fact, Kinds, Store, Term, TermId, Walk};

/// A list, and one of its elements.
#[derive(Clone, Copy)]
struct ElementRenaming {
    list: TermId,
    number: u8,
}

impl Store {
    /// `body` about element `number` of `list`; `None` where it is too deep to be looked into.
    pub fn for_element(&mut self, body: Lit, list: TermId, number: u8) -> Option<Lit> {
        self.changed(body, ElementRenaming { list, number })
    }

    fn changed(&mut self, body: Lit, turn: ElementRenaming) -> Option<Lit> {
        let mut done: FxHashMap<usize, Lit> = FxHashMap::default();
        let of = |done: &FxHashMap<usize, Lit>, lit: Lit| {
            let own = done.get(&lit.node()).copied().unwrap_or(Lit::TRUE);
            if lit.negated() { !own } else { own }
        };
        for node in self.formulas.cone(&[body]) {
            let lit = match self.formulas.node(node) {
                Node::True => Lit::TRUE,
                Node::And(a, b) => {
                    let (a, b) = (of(&done, a), of(&done, b));
                    self.formulas.and(a, b)
                }
                Node::Fact(number) => {
                    let fact = self.fact(number)?.clone();
                    self.fact_of(fact, turn)?
                }
            };
            done.insert(node, lit);
        }
        Some(of(&done, body))
    }

    fn fact_of(&mut self, fact: Fact, turn: ElementRenaming) -> Option<Lit> {
        Some(match fact {
            Fact::Kind(term, kind) => {
                let term = self.term_of(term, turn)?;
                self.is(term, kind)
            }
            Fact::Reaches(term, line, point) => {
                let term = self.term_of(term, turn)?;
                self.reaches(term, line, point)
            }
            Fact::Text(term, test) => {
                let term = self.term_of(term, turn)?;
                self.ask(Fact::Text(term, test))
            }
            Fact::Same(a, b) => {
                let (a, b) = (self.term_of(a, turn)?, self.term_of(b, turn)?);
                if a == b { Lit::TRUE } else { self.ask(Fact::Same(a.min(b), a.max(b))) }
            }
            Fact::Less(a, b) => {
                let (a, b) = (self.term_of(a, turn)?, self.term_of(b, turn)?);
                self.less(a, b)
            }
            Fact::Unknown(term, way) => {
                let term = self.term_of(term, turn)?;
                self.ask(Fact::Unknown(term, way))
            }
            Fact::Leaves(number) | Fact::Pends(number) => {
                let walk = self.walk(number)?.clone();
                let list = self.term_of(walk.list, turn)?;
                let leave = self.changed(walk.leave, turn)?;
                let pend = self.changed(walk.pend, turn)?;
                let number_of = self.walk_number(Walk { list, leave, pend });
                let leaves = matches!(fact, Fact::Leaves(_));
                self.ask(if leaves { Fact::Leaves(number_of) } else { Fact::Pends(number_of) })
            }
        })
    }

    /// `term` where the element is that of the turn.
    fn term_of(&mut self, term: TermId, turn: ElementRenaming) -> Option<TermId> {
        if self.is_deep(term) {
            return None;
        }
        let kinds = self.kinds(term);
        let made = match self.term(term).clone() {
            Term::Place(_) | Term::Presence(_) | Term::Now | Term::Constant(_) => {
                return Some(term);
            }
            Term::Element(list, column, 0) if list == turn.list => {
                self.make(Term::Element(list, column, turn.number), kinds)
            }
            Term::Element(list, column, number) => {
                let list = self.term_of(list, turn)?;
                self.make(Term::Element(list, column, number), kinds)
            }
            Term::Size(of) => {
                let of = self.term_of(of, turn)?;
                self.size(of)
            }
            Term::Made(name, parts) => {
                let parts: Option<Vec<TermId>> =
                    parts.iter().map(|part| self.term_of(*part, turn)).collect();
                self.made(&name, &parts?, kinds)
            }
            Term::Choice(ways) => {
                let mut own = Vec::with_capacity(ways.len());
                for (when, part) in ways.iter() {
                    own.push((self.changed(*when, turn)?, self.term_of(*part, turn)?));
                }
                self.choice(&own)
            }
        };
        self.copy_numbers(term, made);
        Some(made)
    }

    /// The list of which `list` is one: elements of lists are any element again.
    #[must_use]
    pub fn generic(&mut self, list: TermId) -> TermId {
        if self.is_deep(list) {
            return list;
        }
        match self.term(list).clone() {
            Term::Element(of, column, _) => {
                let of = self.generic(of);
                self.make(Term::Element(of, column, 0), Kinds::ALL)
            }
            Term::Place(_)
            | Term::Presence(_)
            | Term::Now
            | Term::Constant(_)
            | Term::Size(_)
            | Term::Made(..)
            | Term::Choice(_) => list,
        }
    }
}
