//! Values that make a formula hold, found by walking it.
//!
//! In:      a formula.
//! Out:     values of terms in which it holds; `None` where that takes a solver.
//! Imports: its own room alone.
//!
//! Most questions about policies are answered by nearly any input: what must hold is assumed, of
//! several ways the plainest is taken, and a way that clashes is taken back. So no clauses are made
//! of what needs no search. What loops over lists say is left to the solver.

use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::compiler::solve::formula::{Lit, Node};
use crate::compiler::solve::store::{Fact, Kind, Store, Term, TermId};
use crate::compiler::solve::values::{Value, Values, values};

/// Most nodes of a formula that are walked.
const NODES_MAX: usize = 1_000;
/// Nodes of most formulas that are asked about, or less.
const NODES_USUAL: usize = 64;
/// Most ways that are taken back.
const BACK_MAX: usize = 16;

/// Values in which `holds` does.
#[must_use]
pub fn guess(store: &Store, holds: Lit) -> Option<Values> {
    let mut own = Assumptions {
        store,
        known: FxHashMap::with_capacity_and_hasher(NODES_USUAL, FxBuildHasher),
        kinds: FxHashMap::default(),
        trail: Vec::with_capacity(NODES_USUAL),
        open: Vec::new(),
        must: Vec::new(),
        ways: Vec::new(),
        backs: 0,
    };
    let mut fits = own.assume(holds);
    loop {
        if fits && own.settle() {
            let facts = own.facts();
            if let Some(found) = values(store, &facts).ok().filter(|it| agree(store, &facts, it)) {
                return Some(found);
            }
        }
        fits = own.back()?;
    }
}

/// What is assumed so far.
struct Assumptions<'s> {
    store: &'s Store,
    /// How nodes come out.
    known: FxHashMap<usize, bool>,
    /// The kinds of terms that have one for certain.
    kinds: FxHashMap<TermId, Kind>,
    /// The nodes that are known, in the order in which they were assumed.
    trail: Vec<usize>,
    /// Conjunctions that must not hold.
    open: Vec<usize>,
    /// Formulas that are about to be assumed.
    must: Vec<Lit>,
    ways: Vec<ChoicePoint>,
    backs: usize,
}

/// A choice: how much was known before it, and what else to assume.
struct ChoicePoint {
    trail: usize,
    open: usize,
    other: Lit,
}

impl Assumptions<'_> {
    /// Assumes that a formula holds, and what follows from that; false where it clashes, or where
    /// too much would be walked.
    fn assume(&mut self, holds: Lit) -> bool {
        self.must.clear();
        self.must.push(holds);
        while let Some(lit) = self.must.pop() {
            let (node, holds) = (lit.node(), !lit.negated());
            match self.known.get(&node) {
                Some(known) if *known == holds => continue,
                Some(_) => return false,
                None if self.known.len() == NODES_MAX => return false,
                None => {}
            }
            match self.store.formulas.node(node) {
                Node::True if !holds => return false,
                Node::And(a, b) if holds => self.must.extend([b, a]),
                Node::And(..) => self.open.push(node),
                Node::Fact(number) if !self.fits(number, holds) => return false,
                Node::True | Node::Fact(_) => {}
            }
            self.known.insert(node, holds);
            self.trail.push(node);
        }
        true
    }

    /// Whether a fact can come out so beside the kinds that are known; one that can be is known
    /// from then on.
    fn fits(&mut self, number: u32, holds: bool) -> bool {
        match self.store.fact(number) {
            None | Some(Fact::Leaves(_) | Fact::Pends(_)) => false,
            Some(Fact::Kind(term, kind)) if holds => {
                let possible = self.store.kinds(*term).holds(*kind);
                possible && *self.kinds.entry(*term).or_insert(*kind) == *kind
            }
            Some(
                Fact::Kind(..)
                | Fact::Reaches(..)
                | Fact::Text(..)
                | Fact::Same(..)
                | Fact::Less(..)
                | Fact::Unknown(..),
            ) => true,
        }
    }

    /// How a formula comes out, where that is known.
    fn truth(&self, lit: Lit) -> Option<bool> {
        let own = match (self.known.get(&lit.node()), self.store.formulas.node(lit.node())) {
            (Some(known), _) => Some(*known),
            (None, Node::True) => Some(true),
            (None, Node::And(..)) => None,
            (None, Node::Fact(number)) => match self.store.fact(number) {
                Some(Fact::Kind(term, kind)) => self.kinds.get(term).map(|known| known == kind),
                Some(
                    Fact::Reaches(..)
                    | Fact::Text(..)
                    | Fact::Same(..)
                    | Fact::Less(..)
                    | Fact::Leaves(_)
                    | Fact::Pends(_)
                    | Fact::Unknown(..),
                )
                | None => None,
            },
        };
        own.map(|own| own != lit.negated())
    }

    /// Sees to it that no open conjunction holds; false where that clashes.
    fn settle(&mut self) -> bool {
        loop {
            let (mut free, mut grew) = (None, false);
            let mut at = 0;
            while let Some(node) = self.open.get(at) {
                at += 1;
                let Node::And(a, b) = self.store.formulas.node(*node) else { continue };
                let left = match (self.truth(a), self.truth(b)) {
                    (Some(false), _) | (_, Some(false)) => continue,
                    (Some(true), Some(true)) => return false,
                    (Some(true), None) => !b,
                    (None, Some(true)) => !a,
                    (None, None) => {
                        free = free.or(Some((a, b)));
                        continue;
                    }
                };
                if !self.assume(left) {
                    return false;
                }
                grew = true;
            }
            if grew {
                continue;
            }
            let Some((a, b)) = free else { return true };
            let turned = self.strangeness(!b) < self.strangeness(!a);
            let (own, other) = if turned { (b, a) } else { (a, b) };
            let (trail, open) = (self.trail.len(), self.open.len());
            self.ways.push(ChoicePoint { trail, open, other });
            if !self.assume(!own) {
                return false;
            }
        }
    }

    /// How far from what inputs usually have it is that a formula holds.
    fn strangeness(&self, holds: Lit) -> u8 {
        let Node::Fact(number) = self.store.formulas.node(holds.node()) else { return 1 };
        match (self.store.fact(number), !holds.negated()) {
            (Some(Fact::Leaves(_) | Fact::Pends(_)) | None, _) => 4,
            (Some(Fact::Unknown(_, 1)), true) => 3,
            (Some(Fact::Kind(_, kind)), true) => match kind {
                Kind::Absent | Kind::Error | Kind::Null | Kind::Nan | Kind::Other => 2,
                Kind::Bool
                | Kind::Number
                | Kind::Text
                | Kind::Time
                | Kind::Span
                | Kind::List
                | Kind::Map => 0,
            },
            (
                Some(
                    Fact::Kind(..)
                    | Fact::Reaches(..)
                    | Fact::Text(..)
                    | Fact::Same(..)
                    | Fact::Less(..)
                    | Fact::Unknown(..),
                ),
                _,
            ) => 0,
        }
    }

    /// Takes the last choice back and the other way, which may clash; `None` where there is none.
    fn back(&mut self) -> Option<bool> {
        let way = self.ways.pop().filter(|_| self.backs < BACK_MAX)?;
        self.backs += 1;
        for node in self.trail.drain(way.trail..) {
            let holds = self.known.remove(&node);
            if let Node::Fact(number) = self.store.formulas.node(node)
                && let Some(Fact::Kind(term, _)) = self.store.fact(number)
                && holds == Some(true)
            {
                self.kinds.remove(term);
            }
        }
        self.open.truncate(way.open);
        Some(self.assume(!way.other))
    }

    /// The facts that are known, each with how it comes out.
    fn facts(&self) -> Vec<(Fact, bool)> {
        let fact = |node: &usize| {
            let Node::Fact(number) = self.store.formulas.node(*node) else { return None };
            Some((self.store.fact(number)?.clone(), *self.known.get(node)?))
        };
        let mut facts = Vec::with_capacity(self.trail.len());
        facts.extend(self.trail.iter().filter_map(fact));
        facts
    }
}

/// Whether values of several terms can be those of one input: as the encoder has it.
fn agree(store: &Store, facts: &[(Fact, bool)], values: &Values) -> bool {
    let there = |term: &TermId| values.get(term).is_some_and(|value| *value != Value::Absent);
    let equal = |(fact, holds): &(Fact, bool)| match fact {
        Fact::Same(a, b) => (there(a) && values.get(a) == values.get(b)) == *holds,
        Fact::Less(a, b) => match (values.get(a), values.get(b)) {
            (Some(a), Some(b)) => a.is_less(b).is_none_or(|less| less == *holds),
            (None, _) | (_, None) => true,
        },
        // A test that fails does not come out true.
        Fact::Unknown(term, 1) if *holds => !facts.contains(&(Fact::Unknown(*term, 0), true)),
        Fact::Kind(..)
        | Fact::Reaches(..)
        | Fact::Text(..)
        | Fact::Leaves(_)
        | Fact::Pends(_)
        | Fact::Unknown(..) => true,
    };
    let lies = |term: &TermId| {
        let (Some(path), true) = (store.path(*term), there(term)) else { return true };
        let beside = store.at(&path).into_iter().filter(|it| values.contains_key(it));
        let mut beside = beside.filter(|it| store.kinds(*it).holds(Kind::Absent));
        beside.all(|it| there(&it)) && lies_in_object(store, values, &path)
    };
    facts.iter().all(equal) && values.keys().all(lies)
}

/// Whether nothing is known of the object around a path, or it is there.
fn lies_in_object(store: &Store, values: &Values, path: &str) -> bool {
    let mut path = path;
    while let Some((above, _)) = path.rsplit_once('/') {
        if let Some(object) = store.known(&Term::Presence(above.into())) {
            return values.get(&object).is_none_or(|value| *value == Value::Bool(true));
        }
        path = above;
    }
    true
}
