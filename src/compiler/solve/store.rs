//! Terms and facts: what code computes, and what can be asked of it.
//!
//! In:      places, constants, operations on terms.
//! Out:     `TermId`, equal for equal terms, and `Lit` for facts about them.
//! Imports: `base`, `lang`.
//!
//! A term stands for the value that a piece of code has on an input, whichever bundle the code is
//! from: a place of the context goes by its path. What is not understood is an operation by name on
//! terms: of two such terms only that they are equal can be known, and that suffices to cancel
//! them.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::limits::{SOLVE_TERM_DEPTH_MAX, SOLVE_WAYS_MAX};
use crate::compiler::solve::formula::{Formulas, Lit};
use crate::compiler::solve::point::{Line, LineValue, Point, Real};
use crate::lang::constant::Constant;

/// What kind of value a term has. Numbers are one kind: the language compares them on one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// It is not there.
    Absent,
    /// It failed.
    Error,
    /// `null`
    Null,
    /// A bool.
    Bool,
    /// An int, uint or double.
    Number,
    /// The double that is no number.
    Nan,
    /// A string.
    Text,
    /// A timestamp.
    Time,
    /// A duration.
    Span,
    /// A list.
    List,
    /// A map or an object.
    Map,
    /// Anything else.
    Other,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Absent,
        Self::Error,
        Self::Null,
        Self::Bool,
        Self::Number,
        Self::Nan,
        Self::Text,
        Self::Time,
        Self::Span,
        Self::List,
        Self::Map,
        Self::Other,
    ];
}

/// Which numbers a term has, where programs say so by types: what arithmetic makes of them goes by
/// that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberType {
    /// Signed ones of 64 bits.
    Int,
    /// Unsigned ones of 64 bits.
    Uint,
    /// Floating-point ones.
    Double,
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Kinds(u16);

impl Kinds {
    /// Every kind.
    pub const ALL: Self = Self((1 << Kind::ALL.len()) - 1);

    /// These kinds.
    #[must_use]
    pub fn of(kinds: &[Kind]) -> Self {
        Self(kinds.iter().fold(0, |set, kind| set | 1 << *kind as u8))
    }

    /// Whether `kind` is one of them.
    #[must_use]
    pub const fn holds(self, kind: Kind) -> bool {
        self.0 & 1 << kind as u8 != 0
    }

    /// Those that are in both.
    #[must_use]
    pub const fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those that are in either.
    #[must_use]
    pub const fn either(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These without some.
    #[must_use]
    pub fn without(self, kinds: &[Kind]) -> Self {
        Self(self.0 & !Self::of(kinds).0)
    }

    /// The kinds, in order.
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(move |kind| self.holds(*kind))
    }
}

/// A term, by its place in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TermId(pub u32);

/// What a term is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Term {
    /// The value at a place of the context.
    Place(Rc<Place>),
    /// Whether a place is an object: absent, or a bool.
    Presence(Rc<str>),
    /// The time of the decision.
    Now,
    /// A constant of `Store::constant`.
    Constant(u32),
    /// The size of a term.
    Size(TermId),
    /// The member `1` of an element of list `0`; the whole element where it is empty. Turn 0 is any
    /// element, another is the one of that number.
    Element(TermId, Rc<str>, u8),
    /// What an operation makes of terms.
    Made(Rc<str>, Rc<[TermId]>),
    /// One of several terms: the one whose condition holds.
    Choice(Rc<[(Lit, TermId)]>),
}

/// A place of the context.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// As a JSON Pointer.
    pub path: Rc<str>,
    /// What its text is read as, where that is not how JSON has it: two ways are two values.
    pub reading: &'static str,
}

/// A test of a text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextTest {
    /// It ends so.
    Ends(Rc<str>),
    /// It contains this.
    Contains(Rc<str>),
    /// This pattern matches somewhere.
    Matches(Rc<str>),
    /// This pattern of an index fits (`lang::glob`).
    Fits(Rc<str>),
}

/// A loop over a list: what happens is settled by its elements together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Walk {
    /// The list.
    pub list: TermId,
    /// When an element ends the loop, about `Element(list, _, 0)`.
    pub leave: Lit,
    /// When an element fails and the loop goes on.
    pub pend: Lit,
}

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fact {
    /// Of which kind the value is.
    Kind(TermId, Kind),
    /// Whether it lies at a cut or above, if it lies on that line.
    Reaches(TermId, Line, Point),
    /// Whether it passes, if it is a text.
    Text(TermId, TextTest),
    /// Whether both are equal, if both are there. The first is the lesser.
    Same(TermId, TermId),
    /// Whether the first lies below the second, if both lie on one line. Two that are equal lie
    /// neither way; numbers that lie neither way are equal, but for those that a double rounds.
    Less(TermId, TermId),
    /// Whether some element ends a loop, by its number.
    Leaves(u32),
    /// Whether some element fails, by the number of the loop.
    Pends(u32),
    /// Whether a test that is not understood comes out true (0) or fails (1); or, of a piece of
    /// code, which way it leaves. The test is a term.
    Unknown(TermId, u16),
}

/// Everything that is asked, about whatever number of programs.
#[derive(Debug, Default)]
pub struct Store {
    /// Formulas over the facts.
    pub formulas: Formulas,
    facts: Vec<Fact>,
    fact_numbers: FxHashMap<Fact, u32>,
    terms: Vec<Term>,
    term_numbers: FxHashMap<Term, TermId>,
    paths: FxHashMap<Rc<str>, Vec<TermId>>,
    kinds: Vec<Kinds>,
    whole: Vec<bool>,
    /// Terms whose numbers one program takes to be whole and another does not.
    mixed: FxHashSet<TermId>,
    /// `None` where programs do not agree.
    numbers: FxHashMap<TermId, Option<NumberType>>,
    depths: Vec<u32>,
    constants: Vec<Constant>,
    constant_numbers: FxHashMap<Vec<u8>, u32>,
    walks: Vec<Walk>,
    walk_numbers: FxHashMap<Walk, u32>,
}

impl Store {
    /// The fact with a number.
    #[must_use]
    pub fn fact(&self, number: u32) -> Option<&Fact> {
        self.facts.get(number as usize)
    }

    /// The number of a fact that was asked.
    #[must_use]
    pub fn number_of(&self, fact: &Fact) -> Option<u32> {
        self.fact_numbers.get(fact).copied()
    }

    /// What a term is.
    #[must_use]
    pub fn term(&self, id: TermId) -> &Term {
        self.terms.get(id.0 as usize).unwrap_or(&Term::Now)
    }

    /// The loop with a number.
    #[must_use]
    pub fn walk(&self, number: u32) -> Option<&Walk> {
        self.walks.get(number as usize)
    }

    /// Every loop, in order of number.
    pub fn walks(&self) -> impl Iterator<Item = &Walk> {
        self.walks.iter()
    }

    /// A term, if it was made before.
    #[must_use]
    pub fn known(&self, term: &Term) -> Option<TermId> {
        self.term_numbers.get(term).copied()
    }

    /// The path of a term that is a place, or says whether one is there.
    #[must_use]
    pub fn path(&self, id: TermId) -> Option<Rc<str>> {
        if let Term::Presence(path) = self.term(id) {
            return Some(path.clone());
        }
        let Term::Place(place) = self.term(id) else { return None };
        Some(place.path.clone())
    }

    /// The terms at a path.
    #[must_use]
    pub fn at(&self, path: &Rc<str>) -> Vec<TermId> {
        self.paths.get(path).cloned().unwrap_or_default()
    }

    /// The kinds that a term can have.
    #[must_use]
    pub fn kinds(&self, id: TermId) -> Kinds {
        self.kinds.get(id.0 as usize).copied().unwrap_or(Kinds::ALL)
    }

    /// How deep a term is made of others.
    #[must_use]
    pub fn depth(&self, id: TermId) -> u32 {
        self.depths.get(id.0 as usize).copied().unwrap_or(0)
    }

    /// Whether code is too deeply made of other code to be looked into.
    #[must_use]
    pub fn is_deep(&self, id: TermId) -> bool {
        self.depth(id) > SOLVE_TERM_DEPTH_MAX
    }

    /// A term; `kinds` are those that it can have. Made again, it has those that both allow.
    pub fn make(&mut self, term: Term, kinds: Kinds) -> TermId {
        if let Some(known) = self.term_numbers.get(&term).copied() {
            if let Some(own) = self.kinds.get_mut(known.0 as usize) {
                *own = own.both(kinds);
            }
            return known;
        }
        let parts: Vec<TermId> = match &term {
            Term::Made(_, parts) => parts.to_vec(),
            Term::Choice(ways) => ways.iter().map(|(_, term)| *term).collect(),
            Term::Size(of) | Term::Element(of, ..) => vec![*of],
            Term::Place(_) | Term::Presence(_) | Term::Now | Term::Constant(_) => Vec::new(),
        };
        let depth = parts.iter().map(|part| self.depth(*part) + 1).max().unwrap_or(0);
        let id = TermId(u32::try_from(self.terms.len()).unwrap_or(u32::MAX));
        if let Term::Presence(path) = &term {
            self.paths.entry(path.clone()).or_default().push(id);
        } else if let Term::Place(place) = &term {
            self.paths.entry(place.path.clone()).or_default().push(id);
        }
        self.terms.push(term.clone());
        self.term_numbers.insert(term, id);
        self.kinds.push(kinds);
        self.whole.push(false);
        self.depths.push(depth);
        id
    }

    /// Whether numbers of this term are whole, as far as the program that is being read knows.
    #[must_use]
    pub fn is_whole(&self, id: TermId) -> bool {
        self.whole.get(id.0 as usize).copied().unwrap_or(false)
    }

    /// Says whether numbers of this term are whole. What was asked before stays as it was asked: on
    /// a line of its own.
    pub fn set_whole(&mut self, id: TermId, whole: bool) {
        if let Some(own) = self.whole.get_mut(id.0 as usize) {
            *own = whole;
        }
    }

    /// Says whether numbers of a place are whole, and which they are, as a program's types have it.
    pub fn set_numbers(&mut self, id: TermId, whole: bool, numbers: Option<NumberType>) {
        let known = self.numbers.get(&id).copied();
        if known.is_some() && self.is_whole(id) != whole {
            self.mixed.insert(id);
        }
        self.set_whole(id, whole);
        let agreed = known.is_none_or(|known| known == numbers);
        self.numbers.insert(id, numbers.filter(|_| agreed));
    }

    /// Whether numbers of this term are whole in every program that has it.
    #[must_use]
    pub fn is_whole_to_all(&self, id: TermId) -> bool {
        self.is_whole(id) && !self.mixed.contains(&id)
    }

    /// Which numbers a place or an element has, where all programs that read it say the same.
    #[must_use]
    pub fn numbers(&self, id: TermId) -> Option<NumberType> {
        self.numbers.get(&id).copied().flatten()
    }

    /// As much is known of the numbers of `to` as of those of `from`.
    pub fn copy_numbers(&mut self, from: TermId, to: TermId) {
        self.set_whole(to, self.is_whole(from));
        if let Some(known) = self.numbers.get(&from).copied() {
            self.numbers.insert(to, known);
        }
        if self.mixed.contains(&from) {
            self.mixed.insert(to);
        }
    }

    /// A constant as a term.
    pub fn constant(&mut self, constant: &Constant) -> TermId {
        let key = constant.key();
        let number = self.constant_numbers.get(&key).copied().unwrap_or_else(|| {
            let number = u32::try_from(self.constants.len()).unwrap_or(u32::MAX);
            self.constants.push(constant.clone());
            self.constant_numbers.insert(key, number);
            number
        });
        let term = self.make(Term::Constant(number), Kinds::of(&[kind_of(constant)]));
        self.set_whole(term, matches!(constant, Constant::Int(_) | Constant::Uint(_)));
        term
    }

    /// The constant that a term is.
    #[must_use]
    pub fn as_constant(&self, id: TermId) -> Option<&Constant> {
        let Term::Constant(number) = self.term(id) else { return None };
        self.constants.get(*number as usize)
    }

    /// What an operation makes of terms: of some kind, or an error.
    pub fn made(&mut self, name: &str, parts: &[TermId], kinds: Kinds) -> TermId {
        self.make(Term::Made(name.into(), parts.into()), kinds)
    }

    /// One of several terms, whichever condition holds.
    pub fn choice(&mut self, ways: &[(Lit, TermId)]) -> TermId {
        if let Some((_, first)) = ways.first()
            && ways.iter().all(|(_, term)| term == first)
        {
            return *first;
        }
        let kinds = ways.iter().fold(Kinds::of(&[]), |set, (_, it)| set.either(self.kinds(*it)));
        let nested = ways.iter().any(|(_, it)| matches!(self.term(*it), Term::Choice(_)));
        if nested || ways.len() > SOLVE_WAYS_MAX {
            // Looked into, it would multiply.
            let conditions: Vec<Lit> = ways.iter().map(|(when, _)| *when).collect();
            let parts: Vec<TermId> = ways.iter().map(|(_, term)| *term).collect();
            return self.made(&format!("choice {conditions:?}"), &parts, kinds);
        }
        let whole = ways.iter().all(|(_, it)| self.is_whole(*it));
        let choice = self.make(Term::Choice(ways.into()), kinds);
        self.set_whole(choice, whole);
        choice
    }

    /// A name that nothing else has.
    #[must_use]
    pub fn own_name(&self) -> String {
        format!("code {}", self.terms.len())
    }

    /// A term that nothing else is.
    pub fn fresh(&mut self) -> TermId {
        let name = self.own_name();
        self.made(&name, &[], Kinds::ALL)
    }

    /// Number of a loop.
    pub fn walk_number(&mut self, walk: Walk) -> u32 {
        if let Some(known) = self.walk_numbers.get(&walk) {
            return *known;
        }
        let number = u32::try_from(self.walks.len()).unwrap_or(u32::MAX);
        self.walks.push(walk.clone());
        self.walk_numbers.insert(walk, number);
        number
    }

    /// A fact as a formula.
    pub fn ask(&mut self, fact: Fact) -> Lit {
        let number = self.fact_numbers.get(&fact).copied().unwrap_or_else(|| {
            let number = u32::try_from(self.facts.len()).unwrap_or(u32::MAX);
            self.facts.push(fact.clone());
            self.fact_numbers.insert(fact, number);
            number
        });
        self.formulas.fact(number)
    }

    /// Whether a term is of a kind.
    pub fn is(&mut self, id: TermId, kind: Kind) -> Lit {
        match self.term(id).clone() {
            _ if !self.kinds(id).holds(kind) => Lit::FALSE,
            Term::Constant(_) => Lit::TRUE,
            Term::Choice(ways) => self.over(&ways, |store, term| store.is(term, kind)),
            Term::Size(of) => {
                let sized = [Kind::Text, Kind::List, Kind::Map, Kind::Other];
                let sized = sized.map(|kind| self.is(of, kind));
                let sized = self.formulas.any(sized);
                if kind == Kind::Number { sized } else { !sized }
            }
            Term::Place(_) | Term::Presence(_) | Term::Now | Term::Element(..) | Term::Made(..) => {
                self.ask(Fact::Kind(id, kind))
            }
        }
    }

    /// What `test` says of the term whose condition holds.
    pub fn over(
        &mut self,
        ways: &[(Lit, TermId)],
        mut test: impl FnMut(&mut Self, TermId) -> Lit,
    ) -> Lit {
        let mut any = Lit::FALSE;
        for (when, term) in ways {
            let holds = test(self, *term);
            let both = self.formulas.and(*when, holds);
            any = self.formulas.or(any, both);
        }
        any
    }

    /// Whether a term, if it lies on `line`, lies at `cut` or above.
    pub fn reaches(&mut self, id: TermId, line: Line, cut: Point) -> Lit {
        match self.term(id).clone() {
            Term::Constant(_) => {
                let reaches = match self.as_constant(id) {
                    // Beyond all cuts.
                    Some(Constant::Double(it)) if Real::double(*it).is_none() => *it > 0.0,
                    constant => {
                        constant.and_then(LineValue::of).is_some_and(|spot| spot.reaches(&cut))
                    }
                };
                if reaches { Lit::TRUE } else { Lit::FALSE }
            }
            Term::Choice(ways) => {
                self.over(&ways, |store, term| store.reaches(term, line, cut.clone()))
            }
            Term::Size(_) if matches!(cut, Point::Whole(..=0)) => Lit::TRUE,
            Term::Size(_)
            | Term::Place(_)
            | Term::Presence(_)
            | Term::Now
            | Term::Element(..)
            | Term::Made(..) => match (line, &cut) {
                (Line::Truth, Point::Whole(..=0)) => Lit::TRUE,
                (Line::Truth, Point::Whole(2..)) => Lit::FALSE,
                (Line::Text, Point::Text(text)) if text.is_empty() => Lit::TRUE,
                _ => self.ask(Fact::Reaches(id, line, cut)),
            },
        }
    }
}

/// The kind of values on a line.
#[must_use]
pub const fn kind_on(line: Line) -> Kind {
    match line {
        Line::Truth => Kind::Bool,
        Line::Whole | Line::Real => Kind::Number,
        Line::Text => Kind::Text,
        Line::Time => Kind::Time,
        Line::Span => Kind::Span,
    }
}

/// The kind of a constant.
#[must_use]
pub fn kind_of(constant: &Constant) -> Kind {
    match constant {
        Constant::Null => Kind::Null,
        Constant::Bool(_) => Kind::Bool,
        Constant::Double(value) if value.is_nan() => Kind::Nan,
        Constant::Int(_) | Constant::Uint(_) | Constant::Double(_) => Kind::Number,
        Constant::String(_) => Kind::Text,
        Constant::Timestamp(..) => Kind::Time,
        Constant::Duration(_) => Kind::Span,
        Constant::List(_) => Kind::List,
        Constant::Map(_) => Kind::Map,
        Constant::Bytes(_) | Constant::Type(_) | Constant::Optional(_) | Constant::Enum(..) => {
            Kind::Other
        }
    }
}
