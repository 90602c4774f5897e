//! Tests of values, as the language means them: true, false, or an error.
//!
//! In:      terms and constants.
//! Out:     `Ternary`: when a test comes out true and when it fails, as formulas over facts.
//! Imports: `lang`.
//! Source:  `lang::opcodes` says what instructions mean, `lang::value::compare` what is equal.

use std::rc::Rc;

use crate::compiler::solve::formula::Lit;
use crate::compiler::solve::point::{Line, LineValue, Point, Real, behind_prefix};
use crate::compiler::solve::store::{
    Fact, Kind, Kinds, Store, Term, TermId, TextTest, Walk, kind_of,
};
use crate::lang::constant::Constant;
use crate::lang::opcodes::{X_EQUAL, X_GREATER, X_LESS};

/// How a test comes out: true, an error, else false. Never both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ternary {
    /// When it is true.
    pub yes: Lit,
    /// When it fails.
    pub error: Lit,
}

impl Ternary {
    /// When it is false.
    pub fn no(self, store: &mut Store) -> Lit {
        store.formulas.and(!self.yes, !self.error)
    }
}

/// The line that values of a kind lie on.
#[must_use]
pub const fn line_of(kind: Kind, whole: bool) -> Option<Line> {
    Some(match kind {
        Kind::Bool => Line::Truth,
        Kind::Number if whole => Line::Whole,
        Kind::Number => Line::Real,
        Kind::Text => Line::Text,
        Kind::Time => Line::Time,
        Kind::Span => Line::Span,
        Kind::Absent
        | Kind::Error
        | Kind::Null
        | Kind::Nan
        | Kind::List
        | Kind::Map
        | Kind::Other => return None,
    })
}

impl Store {
    /// Whether a term is absent or an error.
    pub fn missing(&mut self, id: TermId) -> Lit {
        let (absent, error) = (self.is(id, Kind::Absent), self.is(id, Kind::Error));
        self.formulas.or(absent, error)
    }

    /// A test that nothing is known of but that it is the same wherever it has this name and these
    /// operands. It fails where one of them is missing.
    pub fn unknown(&mut self, name: &str, parts: &[TermId]) -> Ternary {
        let test = self.made(name, parts, Kinds::of(&[Kind::Bool, Kind::Error]));
        let yes = self.ask(Fact::Unknown(test, 0));
        let mut error = self.ask(Fact::Unknown(test, 1));
        for part in parts {
            let missing = self.missing(*part);
            error = self.formulas.or(error, missing);
        }
        let yes = self.formulas.and(yes, !error);
        Ternary { yes, error }
    }

    /// The part of `line` between two cuts, the lower one included.
    fn between(&mut self, id: TermId, line: Line, cuts: (Point, Option<Point>)) -> Lit {
        let low = self.reaches(id, line, cuts.0);
        let high = cuts.1.map_or(Lit::FALSE, |cut| self.reaches(id, line, cut));
        self.formulas.and(low, !high)
    }

    /// `id` stands to `constant` as `relations` (bits of `x`) say.
    pub fn relation(&mut self, id: TermId, constant: &Constant, relations: u8) -> Ternary {
        let kind = kind_of(constant);
        let line = line_of(kind, self.is_whole(id));
        let (Some(line), Some(spot)) = (line, LineValue::of(constant)) else {
            return self.related_unknown(id, constant, relations);
        };
        // The largest integers and the doubles that they round to are ordered as one.
        let limit = |it: &Real| it.nearest().abs() >= 9.2e18;
        if kind == Kind::Number && matches!(&spot, LineValue::Number(it) if limit(it)) {
            return self.related_unknown(id, constant, relations);
        }
        let right = self.is(id, kind);
        let (own, behind) = spot.cuts(line);
        let (own, behind) = (self.reaches(id, line, own), self.reaches(id, line, behind));
        let at = self.formulas.and(own, !behind);
        let parts = [(X_LESS, !own), (X_EQUAL, at), (X_GREATER, behind)];
        let chosen = parts.into_iter().filter(|(bit, _)| relations & bit != 0);
        let holds = self.formulas.any(chosen.map(|(_, lit)| lit));
        let nan = if kind == Kind::Number { self.is(id, Kind::Nan) } else { Lit::FALSE };
        let ordered = self.formulas.or(right, nan);
        Ternary { yes: self.formulas.and(right, holds), error: !ordered }
    }

    fn related_unknown(&mut self, id: TermId, constant: &Constant, relations: u8) -> Ternary {
        let constant = self.constant(constant);
        self.unknown(&format!("relation {relations}"), &[id, constant])
    }

    /// `id == constant`, which fails only where the term is missing.
    pub fn equals(&mut self, id: TermId, constant: &Constant) -> Ternary {
        let error = self.missing(id);
        let kind = kind_of(constant);
        let yes = match (kind, line_of(kind, self.is_whole(id)), LineValue::of(constant)) {
            (_, Some(line), Some(spot)) => {
                let fits = match &spot {
                    LineValue::Number(at) => line == Line::Real || at.is_whole(),
                    LineValue::Text(_) => true,
                };
                let right = self.is(id, kind);
                let (own, behind) = spot.cuts(line);
                let at = self.between(id, line, (own, Some(behind)));
                let at = self.formulas.and(right, at);
                if fits { at } else { Lit::FALSE }
            }
            (Kind::Null, ..) => self.is(id, Kind::Null),
            (Kind::Nan, ..) => Lit::FALSE,
            _ => {
                let constant = self.constant(constant);
                return self.unknown("equal", &[id, constant]);
            }
        };
        Ternary { yes, error }
    }

    /// Whether `id` is one of the constants.
    pub fn is_one_of(&mut self, id: TermId, constants: &[&Constant]) -> Ternary {
        let mut all = Ternary { yes: Lit::FALSE, error: self.missing(id) };
        for constant in constants {
            let one = self.equals(id, constant);
            all.yes = self.formulas.or(all.yes, one.yes);
            all.error = self.formulas.or(all.error, one.error);
        }
        all.yes = self.formulas.and(all.yes, !all.error);
        all
    }

    /// A test of a text; anything else is an error.
    pub fn text(&mut self, id: TermId, test: &TextTest) -> Ternary {
        let right = self.is(id, Kind::Text);
        let passes = self.passes(id, test);
        Ternary { yes: self.formulas.and(right, passes), error: !right }
    }

    /// `id.startsWith(prefix)`
    pub fn starts(&mut self, id: TermId, prefix: &str) -> Ternary {
        let right = self.is(id, Kind::Text);
        let low = Point::Text(prefix.as_bytes().into());
        let between = self.between(id, Line::Text, (low, behind_prefix(prefix.as_bytes())));
        Ternary { yes: self.formulas.and(right, between), error: !right }
    }

    fn passes(&mut self, id: TermId, test: &TextTest) -> Lit {
        if let Term::Choice(ways) = self.term(id).clone() {
            return self.over(&ways, |store, term| store.passes(term, test));
        }
        match test {
            TextTest::Ends(part) | TextTest::Contains(part) if part.is_empty() => Lit::TRUE,
            TextTest::Ends(_)
            | TextTest::Contains(_)
            | TextTest::Matches(_)
            | TextTest::Fits(_) => self.ask(Fact::Text(id, test.clone())),
        }
    }

    /// The size of `id` stands to `constant` as `relations` say.
    pub fn size_relation(&mut self, id: TermId, constant: &Constant, relations: u8) -> Ternary {
        let size = self.size(id);
        self.relation(size, constant, relations)
    }

    /// The size of a term.
    pub fn size(&mut self, id: TermId) -> TermId {
        let size = self.make(Term::Size(id), Kinds::of(&[Kind::Number, Kind::Error]));
        self.set_whole(size, true);
        size
    }

    /// Whether a bool is true.
    pub fn flag(&mut self, id: TermId) -> Ternary {
        let right = self.is(id, Kind::Bool);
        let holds = self.reaches(id, Line::Truth, Point::Whole(1));
        Ternary { yes: self.formulas.and(right, holds), error: !right }
    }

    /// `has`: whether the term is there; with `level` whether it is a container, else an error.
    pub fn has(&mut self, id: TermId, level: bool) -> Ternary {
        if level {
            let (map, flag) = (self.is(id, Kind::Map), self.flag(id));
            let yes = self.formulas.or(map, flag.yes);
            return Ternary { yes, error: !yes };
        }
        let (absent, error) = (self.is(id, Kind::Absent), self.is(id, Kind::Error));
        Ternary { yes: self.formulas.and(!absent, !error), error }
    }

    /// `a == b`
    pub fn equal(&mut self, a: TermId, b: TermId) -> Ternary {
        for (one, other) in [(a, b), (b, a)] {
            if let Some(constant) = self.as_constant(one).cloned() {
                return self.equals(other, &constant);
            }
        }
        let (of_a, of_b) = (self.missing(a), self.missing(b));
        let error = self.formulas.or(of_a, of_b);
        let nan = self.is(a, Kind::Nan);
        let same = if a == b { !nan } else { self.ask(Fact::Same(a.min(b), a.max(b))) };
        Ternary { yes: self.formulas.and(same, !error), error }
    }

    /// `a` stands to `b` as `relations` say.
    pub fn compare(&mut self, a: TermId, b: TermId, relations: u8) -> Ternary {
        if let Some(constant) = self.as_constant(b).cloned() {
            return self.relation(a, &constant, relations);
        }
        if let Some(constant) = self.as_constant(a).cloned() {
            return self.relation(b, &constant, turned(relations));
        }
        let (mut yes, mut ordered) = (Lit::FALSE, Lit::FALSE);
        let (less, more) = (self.less(a, b), self.less(b, a));
        let on_a_line = self.stand((less, more), relations);
        for kind in [Kind::Number, Kind::Text, Kind::Time, Kind::Span] {
            let both = self.both_are(a, b, kind);
            let holds = self.formulas.and(both, on_a_line);
            (yes, ordered) = (self.formulas.or(yes, holds), self.formulas.or(ordered, both));
        }
        let one = |store: &mut Self, id| store.reaches(id, Line::Truth, Point::Whole(1));
        let (of_a, of_b) = (one(self, a), one(self, b));
        let (less, more) = (self.formulas.and(!of_a, of_b), self.formulas.and(of_a, !of_b));
        let as_bools = self.stand((less, more), relations);
        let both = self.both_are(a, b, Kind::Bool);
        let holds = self.formulas.and(both, as_bools);
        (yes, ordered) = (self.formulas.or(yes, holds), self.formulas.or(ordered, both));
        // What is no number stands in no relation to numbers, and that is no error.
        let number_a = self.is_one_of_kinds(a, [Kind::Number, Kind::Nan]);
        let number_b = self.is_one_of_kinds(b, [Kind::Number, Kind::Nan]);
        let numbers = self.formulas.and(number_a, number_b);
        ordered = self.formulas.or(ordered, numbers);
        // Bytes have an order too, of which nothing more is known.
        let others = self.both_are(a, b, Kind::Other);
        if others != Lit::FALSE {
            let bytes = self.unknown(&format!("relation {relations}"), &[a, b]);
            let (holds, fits) =
                (self.formulas.and(others, bytes.yes), self.formulas.and(others, !bytes.error));
            (yes, ordered) = (self.formulas.or(yes, holds), self.formulas.or(ordered, fits));
        }
        Ternary { yes, error: !ordered }
    }

    /// When two terms stand in one of `relations`, from when the first is less and when it is more.
    fn stand(&mut self, (less, more): (Lit, Lit), relations: u8) -> Lit {
        let neither = self.formulas.and(!less, !more);
        let parts = [(X_LESS, less), (X_EQUAL, neither), (X_GREATER, more)];
        let chosen = parts.into_iter().filter(|(bit, _)| relations & bit != 0);
        self.formulas.any(chosen.map(|(_, lit)| lit))
    }

    fn both_are(&mut self, a: TermId, b: TermId, kind: Kind) -> Lit {
        let (a, b) = (self.is(a, kind), self.is(b, kind));
        self.formulas.and(a, b)
    }

    fn is_one_of_kinds(&mut self, id: TermId, kinds: [Kind; 2]) -> Lit {
        let [one, other] = kinds.map(|kind| self.is(id, kind));
        self.formulas.or(one, other)
    }

    /// Whether `a` lies below `b`, where both lie on one line.
    pub fn less(&mut self, a: TermId, b: TermId) -> Lit {
        if a == b {
            return Lit::FALSE;
        }
        if let Term::Choice(ways) = self.term(a).clone() {
            return self.over(&ways, |store, a| store.less(a, b));
        }
        if let Term::Choice(ways) = self.term(b).clone() {
            return self.over(&ways, |store, b| store.less(a, b));
        }
        if let Some(constant) = self.as_constant(b).cloned() {
            return self.relation(a, &constant, X_LESS).yes;
        }
        if let Some(constant) = self.as_constant(a).cloned() {
            return self.relation(b, &constant, X_GREATER).yes;
        }
        self.ask(Fact::Less(a, b))
    }

    /// `a in b`: an element of a list, or a key of a map.
    pub fn within(&mut self, a: TermId, b: TermId) -> Ternary {
        let missing = self.missing(a);
        let (list, map) = (self.is(b, Kind::List), self.is(b, Kind::Map));
        let found = if self.is_deep(b) || self.as_constant(b).is_some() {
            self.unknown("in list", &[a, b]).yes
        } else {
            let element = self.make(Term::Element(b, Rc::from(""), 0), Kinds::ALL);
            let leave = self.equal(a, element).yes;
            let walk = self.walk_number(Walk { list: b, leave, pend: Lit::FALSE });
            self.ask(Fact::Leaves(walk))
        };
        let found = self.formulas.and(list, found);
        let key = if map == Lit::FALSE { Lit::FALSE } else { self.unknown("in map", &[a, b]).yes };
        let key = self.formulas.and(map, key);
        let held = self.formulas.or(found, key);
        let container = self.formulas.or(list, map);
        let error = self.formulas.or(missing, !container);
        Ternary { yes: self.formulas.and(held, !error), error }
    }
}

/// The relations with both sides changed.
const fn turned(relations: u8) -> u8 {
    let mut turned = relations & X_EQUAL;
    if relations & X_LESS != 0 {
        turned |= X_GREATER;
    }
    if relations & X_GREATER != 0 {
        turned |= X_LESS;
    }
    turned
}
