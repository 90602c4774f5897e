//! Formulas about inputs near one: at every place either what the given input has, or anything.
//!
//! In:      a formula about all inputs, the given input, and the places that may change.
//! Out:     a formula that holds of the changes under which the other one does, and for each place
//!          a literal that says whether it is changed.
//! Imports: `base`, `lang`.
//!
//! A place that may change becomes a choice: what the input has unless it is changed, else the
//! place as it was. Every other place becomes what the input has. Tests of constants come out at
//! once, and loops over lists that are known become tests of their elements, so what is left is
//! about changed places and about operations that are not understood. Where something is too
//! large to be looked into, a fact that nothing is known of stands for it: that makes a question
//! harder to deny, never easier.

use std::collections::BTreeMap;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::base::limits::{NEAR_ELEMENTS_MAX, SOLVE_WAYS_MAX};
use crate::compiler::solve::formula::{Lit, Node};
use crate::compiler::solve::store::{
    Fact, Kind, Kinds, Store, Term, TermId, TextTest, Walk, kind_of,
};
use crate::compiler::solve::texts::passes;
use crate::lang::constant::Constant;
use crate::lang::value::{duration, time};

/// What an input has at a place.
#[derive(Clone, Debug, PartialEq)]
pub enum GivenValue {
    /// Nothing.
    Absent,
    /// This.
    Known(Constant),
    /// It is not known.
    Withheld,
}

/// An input, and what of it may change.
pub trait GivenInput {
    /// What is at a path, a JSON Pointer.
    fn held(&self, path: &str) -> GivenValue;
    /// Whether an object is at a path: nothing, a bool, or not known.
    fn object(&self, path: &str) -> GivenValue;
    /// The place whose change covers a path: itself or one around it; nothing where it stays.
    fn change(&self, path: &str) -> Option<Rc<str>>;
    /// The places inside a path that may change.
    fn inside(&self, path: &str) -> Vec<Rc<str>>;
    /// The time: seconds since the epoch, nanoseconds of the second; and whether it may change.
    fn now(&self) -> ((i64, u32), bool);
}

/// What a change of the time is called.
pub const NOW: &str = "now()";

/// Formulas near an input.
pub struct Neighbourhood<'s, 'a> {
    /// The store.
    pub store: &'s mut Store,
    around: &'a dyn GivenInput,
    /// Whether nothing is changed: what is left is about operations on constants alone.
    still: bool,
    /// Whether something stands for what was too large, or hangs on more than its operands.
    open: bool,
    /// When each place is changed.
    pub changes: BTreeMap<Rc<str>, Lit>,
    /// The terms that a change sets free, by place, with those that they else are.
    pub freed: BTreeMap<Rc<str>, Vec<(TermId, TermId)>>,
    /// What formulas about changes came to.
    scope: Scope,
    /// How many elements may still be looked at.
    left: usize,
}

/// What an element stands for.
#[derive(Clone)]
enum ElementBinding {
    /// One that is known.
    Known(Constant),
    /// Any of another list.
    Free(TermId),
}

/// A formula on its way: what its elements stand for, and what is done.
#[derive(Default)]
struct Scope {
    bound: Vec<(TermId, ElementBinding)>,
    terms: FxHashMap<TermId, TermId>,
    nodes: FxHashMap<usize, Lit>,
}

impl Scope {
    fn within(&self, list: TermId, bound: ElementBinding) -> Self {
        let mut all = self.bound.clone();
        all.push((list, bound));
        Self { bound: all, ..Self::default() }
    }

    fn lit(&self, lit: Lit) -> Lit {
        let own = self.nodes.get(&lit.node()).copied().unwrap_or(Lit::TRUE);
        if lit.negated() { !own } else { own }
    }
}

impl<'s, 'a> Neighbourhood<'s, 'a> {
    /// Near the input that `around` knows.
    pub fn of(store: &'s mut Store, around: &'a dyn GivenInput) -> Self {
        let (changes, freed) = (BTreeMap::new(), BTreeMap::new());
        let (scope, left) = (Scope::default(), NEAR_ELEMENTS_MAX);
        Self { store, around, still: false, open: false, changes, freed, scope, left }
    }

    /// `root` near the input.
    pub fn lit(&mut self, root: Lit) -> Lit {
        let mut scope = std::mem::take(&mut self.scope);
        let lit = self.inside(&mut scope, root);
        self.scope = scope;
        lit
    }

    /// `root` about the input itself: a formula about operations on constants alone, which are the
    /// same wherever they stand. `None` where something else is left.
    pub fn itself(&mut self, root: Lit) -> Option<Lit> {
        (self.still, self.open) = (true, false);
        let lit = self.inside(&mut Scope::default(), root);
        self.still = false;
        (!self.open).then_some(lit)
    }

    /// That what is changed stays of its kind, or is gone.
    pub fn of_a_kind(&mut self) -> Lit {
        let mut all = Lit::TRUE;
        for (place, terms) in self.freed.clone() {
            let change = self.when(place);
            for (free, held) in terms {
                let Some(held) = self.store.as_constant(held).filter(|it| **it != Constant::Null)
                else {
                    continue;
                };
                let kind = kind_of(held);
                let (same, gone) = (self.store.is(free, kind), self.store.is(free, Kind::Absent));
                let either = self.store.formulas.any([same, gone, !change]);
                all = self.store.formulas.and(all, either);
            }
        }
        all
    }

    fn inside(&mut self, scope: &mut Scope, root: Lit) -> Lit {
        let known = |node| scope.nodes.contains_key(&node);
        for node in self.store.formulas.cone_above(&[root], known) {
            let lit = match self.store.formulas.node(node) {
                Node::True => Lit::TRUE,
                Node::And(a, b) => {
                    let (a, b) = (scope.lit(a), scope.lit(b));
                    self.store.formulas.and(a, b)
                }
                Node::Fact(number) => match self.store.fact(number).cloned() {
                    Some(fact) => self.fact(scope, fact),
                    None => Lit::TRUE,
                },
            };
            scope.nodes.insert(node, lit);
        }
        scope.lit(root)
    }

    /// A fact that nothing is known of.
    fn unclear(&mut self) -> Lit {
        self.open = true;
        let term = self.store.fresh();
        self.store.ask(Fact::Unknown(term, 0))
    }

    fn fact(&mut self, scope: &mut Scope, fact: Fact) -> Lit {
        match fact {
            Fact::Kind(term, kind) => {
                let term = self.term(scope, term);
                self.store.is(term, kind)
            }
            Fact::Reaches(term, line, cut) => {
                let term = self.term(scope, term);
                self.store.reaches(term, line, cut)
            }
            Fact::Text(term, test) => {
                let term = self.term(scope, term);
                let ways = self.ways(term);
                self.store.over(&ways, |store, term| text(store, term, &test))
            }
            Fact::Same(a, b) => {
                let (a, b) = (self.term(scope, a), self.term(scope, b));
                let (of_a, of_b) = (self.ways(a), self.ways(b));
                self.store
                    .over(&of_a, |store, a| store.over(&of_b, |store, b| store.equal(a, b).yes))
            }
            Fact::Less(a, b) => {
                let (a, b) = (self.term(scope, a), self.term(scope, b));
                self.store.less(a, b)
            }
            Fact::Unknown(term, way) => {
                let term = self.term(scope, term);
                let ways = self.ways(term);
                self.store.over(&ways, |store, term| store.ask(Fact::Unknown(term, way)))
            }
            Fact::Leaves(number) | Fact::Pends(number) => {
                let Some(walk) = self.store.walk(number).cloned() else { return self.unclear() };
                let leaves = matches!(fact, Fact::Leaves(_));
                let list = self.term(scope, walk.list);
                let mut any = Lit::FALSE;
                for (when, list) in self.ways(list) {
                    let own = self.walk(scope, &walk, list, leaves);
                    let both = self.store.formulas.and(when, own);
                    any = self.store.formulas.or(any, both);
                }
                any
            }
        }
    }

    /// Whether some element of `list` ends a loop, or fails.
    fn walk(&mut self, scope: &Scope, walk: &Walk, list: TermId, leaves: bool) -> Lit {
        match self.store.as_constant(list).cloned() {
            Some(Constant::List(elements)) if elements.len() <= self.left => {
                self.left -= elements.len();
                let body = if leaves { walk.leave } else { walk.pend };
                let mut any = Lit::FALSE;
                for element in elements {
                    let mut own = scope.within(walk.list, ElementBinding::Known(element));
                    let says = self.inside(&mut own, body);
                    any = self.store.formulas.or(any, says);
                }
                any
            }
            Some(_) => self.unclear(),
            None => {
                self.open |= self.still;
                let mut own = scope.within(walk.list, ElementBinding::Free(list));
                let leave = self.inside(&mut own, walk.leave);
                let pend = self.inside(&mut own, walk.pend);
                let number = self.store.walk_number(Walk { list, leave, pend });
                self.store.ask(if leaves { Fact::Leaves(number) } else { Fact::Pends(number) })
            }
        }
    }

    /// What a term can be, and when it is.
    fn ways(&self, term: TermId) -> Vec<(Lit, TermId)> {
        match self.store.term(term) {
            Term::Choice(ways) => ways.to_vec(),
            Term::Place(_)
            | Term::Presence(_)
            | Term::Now
            | Term::Constant(_)
            | Term::Size(_)
            | Term::Element(..)
            | Term::Made(..) => vec![(Lit::TRUE, term)],
        }
    }

    fn term(&mut self, scope: &mut Scope, term: TermId) -> TermId {
        if let Some(known) = scope.terms.get(&term) {
            return *known;
        }
        let near = self.changed(scope, term);
        scope.terms.insert(term, near);
        near
    }

    fn changed(&mut self, scope: &mut Scope, term: TermId) -> TermId {
        if self.store.is_deep(term) {
            self.open = true;
            return self.store.fresh();
        }
        match self.store.term(term).clone() {
            Term::Constant(_) => term,
            Term::Now => {
                let ((seconds, nanoseconds), free) = self.around.now();
                let held = self.store.constant(&Constant::Timestamp(seconds, nanoseconds));
                let change = free.then(|| Rc::from(NOW));
                self.place(change, term, held)
            }
            Term::Place(place) => {
                let held = self.held(term, &place.path, place.reading);
                let change = self.around.change(&place.path);
                self.place(change, term, held)
            }
            Term::Presence(path) => self.presence(term, &path),
            Term::Size(of) => {
                let of = self.term(scope, of);
                let ways: Vec<_> = self
                    .ways(of)
                    .into_iter()
                    .map(|(when, of)| (when, size(self.store, of)))
                    .collect();
                self.choice(ways)
            }
            Term::Element(list, column, turn) => self.element(scope, (list, &column, turn), term),
            Term::Made(name, parts) => self.made(scope, &name, &parts, term),
            Term::Choice(ways) => {
                let mut all = Vec::new();
                for (when, way) in ways.iter() {
                    let when = self.inside(scope, *when);
                    let way = self.term(scope, *way);
                    for (own, way) in self.ways(way) {
                        let both = self.store.formulas.and(when, own);
                        if both != Lit::FALSE {
                            all.push((both, way));
                        }
                    }
                }
                self.choice(all)
            }
        }
    }

    /// One of several; what is too much to be looked into hangs on the conditions too.
    fn choice(&mut self, ways: Vec<(Lit, TermId)>) -> TermId {
        let ways: Vec<_> = ways.into_iter().filter(|(when, _)| *when != Lit::FALSE).collect();
        if let [(Lit::TRUE, term)] = ways.as_slice() {
            return *term;
        }
        self.open |= ways.len() > SOLVE_WAYS_MAX;
        self.store.choice(&ways)
    }

    /// What `held` is unless the place is changed, else `free`.
    fn place(&mut self, change: Option<Rc<str>>, free: TermId, held: TermId) -> TermId {
        let Some(change) = change.filter(|_| !self.still) else { return held };
        let freed = self.freed.entry(change.clone()).or_default();
        if !freed.contains(&(free, held)) {
            freed.push((free, held));
        }
        let when = self.when(change);
        self.choice(vec![(when, free), (!when, held)])
    }

    fn nothing(&mut self) -> TermId {
        self.store.made("nothing", &[], Kinds::of(&[Kind::Absent]))
    }

    /// When a place is changed.
    fn when(&mut self, change: Rc<str>) -> Lit {
        if let Some(known) = self.changes.get(&change) {
            return *known;
        }
        let term = self.store.made(&format!("changed {change}"), &[], Kinds::of(&[Kind::Bool]));
        let when = self.store.ask(Fact::Unknown(term, 0));
        self.changes.insert(change, when);
        when
    }

    /// What the input has at a place, as it is read there.
    fn held(&mut self, term: TermId, path: &str, reading: &str) -> TermId {
        let constant = match self.around.held(path) {
            GivenValue::Withheld => {
                self.open |= self.still;
                return term;
            }
            GivenValue::Absent => return self.nothing(),
            GivenValue::Known(constant) => constant,
        };
        let read = match (reading, &constant) {
            ("", _) | (_, Constant::Null) => Some(constant),
            ("timestamp", Constant::String(text)) => {
                let read = time::parse(text).ok();
                read.map(|at| Constant::Timestamp(at.seconds, at.nanoseconds))
            }
            ("duration", Constant::String(text)) => {
                duration::parse(text).ok().map(Constant::Duration)
            }
            ("timestamp", Constant::Timestamp(..)) | ("duration", Constant::Duration(_)) => {
                Some(constant)
            }
            _ => None,
        };
        if let Some(read) = read {
            return self.store.constant(&read);
        }
        let kinds = self.store.kinds(term).without(&[Kind::Absent]);
        self.store.made(&format!("held {path} {reading}"), &[], kinds)
    }

    /// Whether a place is an object. One that is there stays; one that is not is made where
    /// something inside it may be put.
    fn presence(&mut self, term: TermId, path: &Rc<str>) -> TermId {
        if let Some(change) = self.around.change(path) {
            let held = match self.around.object(path) {
                GivenValue::Known(is) => self.store.constant(&is),
                GivenValue::Absent | GivenValue::Withheld => self.nothing(),
            };
            return self.place(Some(change), term, held);
        }
        match self.around.object(path) {
            GivenValue::Known(is) => self.store.constant(&is),
            GivenValue::Withheld => {
                self.open |= self.still;
                term
            }
            GivenValue::Absent => {
                let nothing = self.nothing();
                if self.still {
                    return nothing;
                }
                let inside = self.around.inside(path);
                let inside: Vec<Lit> = inside.into_iter().map(|place| self.when(place)).collect();
                let some = self.store.formulas.any(inside);
                self.choice(vec![(some, term), (!some, nothing)])
            }
        }
    }

    fn element(
        &mut self,
        scope: &mut Scope,
        (list, column, turn): (TermId, &Rc<str>, u8),
        term: TermId,
    ) -> TermId {
        let bound = scope.bound.iter().rev().find(|(of, _)| *of == list && turn == 0);
        match bound.map(|(_, bound)| bound.clone()) {
            Some(ElementBinding::Known(element)) => {
                let member =
                    if column.is_empty() { Some(element) } else { member(&element, column) };
                match member {
                    Some(member) => self.store.constant(&member),
                    None => self.nothing(),
                }
            }
            Some(ElementBinding::Free(list)) => {
                let (kinds, whole) = (self.store.kinds(term), self.store.is_whole(term));
                let made = self.store.make(Term::Element(list, column.clone(), turn), kinds);
                self.store.set_whole(made, whole);
                made
            }
            None => {
                self.open = true;
                self.store.fresh()
            }
        }
    }

    /// An operation that is not understood: of each way that its operands can be.
    fn made(&mut self, scope: &mut Scope, name: &str, parts: &[TermId], term: TermId) -> TermId {
        let kinds = self.store.kinds(term);
        // What was too large to be told apart hangs on conditions that its name alone holds.
        self.open |= parts.is_empty() || name.starts_with("choice ");
        let mut all: Vec<(Lit, Vec<TermId>)> = vec![(Lit::TRUE, Vec::new())];
        for part in parts {
            let part = self.term(scope, *part);
            let mut ways = self.ways(part);
            if all.len() * ways.len() > SOLVE_WAYS_MAX {
                ways = vec![(Lit::TRUE, part)];
            }
            let mut more = Vec::new();
            for (when, parts) in &all {
                for (own, part) in &ways {
                    let both = self.store.formulas.and(*when, *own);
                    if both != Lit::FALSE {
                        more.push((both, [parts.as_slice(), &[*part]].concat()));
                    }
                }
            }
            all = more;
        }
        let ways: Vec<_> = all
            .into_iter()
            .map(|(when, parts)| (when, self.store.made(name, &parts, kinds)))
            .collect();
        self.choice(ways)
    }
}

impl std::fmt::Debug for Neighbourhood<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} places that may change", self.changes.len())
    }
}

/// Whether a text passes a test.
fn text(store: &mut Store, term: TermId, test: &TextTest) -> Lit {
    let passes = match store.as_constant(term) {
        Some(Constant::String(subject)) => passes(subject, test),
        Some(_) => Some(false),
        None => None,
    };
    match passes {
        Some(true) => Lit::TRUE,
        Some(false) => Lit::FALSE,
        None => store.ask(Fact::Text(term, test.clone())),
    }
}

/// The size of a term.
fn size(store: &mut Store, of: TermId) -> TermId {
    let size = match store.as_constant(of) {
        Some(Constant::String(text)) => Some(text.chars().count()),
        Some(Constant::List(elements)) => Some(elements.len()),
        Some(Constant::Map(entries)) => Some(entries.len()),
        Some(_) | None => None,
    };
    match size.and_then(|size| i64::try_from(size).ok()) {
        Some(size) => store.constant(&Constant::Int(size)),
        None => store.size(of),
    }
}

/// A member of an element.
fn member(element: &Constant, name: &str) -> Option<Constant> {
    let Constant::Map(entries) = element else { return None };
    let named = |key: &Constant| matches!(key, Constant::String(key) if key.as_str() == name);
    entries.iter().find(|(key, _)| named(key)).map(|(_, value)| value.clone())
}
