//! Values for terms that make given facts come out as wanted.
//!
//! In:      facts, each with how it comes out.
//! Out:     `Values`, or facts that cannot come out so together.
//! Imports: `base`.
//!
//! Of each term alone the solver knows nearly everything. What it does not know is left to be found
//! here: which texts pass which tests, which values are left where others must differ, and which
//! where one must lie below another (`order`).

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::base::arrange::{Arrange as _, gathered};
use crate::compiler::solve::atoms::line_of;
use crate::compiler::solve::constraint::{Constraint, Cuts};
use crate::compiler::solve::order::{Bound, Member, ORDER_MAX, Order, Step};
use crate::compiler::solve::point::{Line, LineValue, Point, Real};
use crate::compiler::solve::store::{Fact, Kind, Kinds, Store, Term, TermId, TextTest, kind_on};
use crate::compiler::solve::texts::NoText;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Absent,
    /// `null`
    Null,
    /// A bool.
    Bool(bool),
    /// A number.
    Number(Real),
    /// A text.
    Text(String),
    /// Nanoseconds since the epoch.
    Time(i128),
    /// Nanoseconds.
    Span(i128),
    /// A list of so many elements.
    List(u64),
    /// A map of so many entries.
    Map(u64),
    /// A value that no input shows.
    Other,
}

impl Value {
    /// Whether it lies below another, if both lie on one line.
    #[must_use]
    pub fn is_less(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => Some(a < b),
            (Self::Text(a), Self::Text(b)) => Some(a < b),
            (Self::Time(a), Self::Time(b)) | (Self::Span(a), Self::Span(b)) => Some(a < b),
            _ => None,
        }
    }

    /// Where it lies, if it lies on a line.
    fn spot(&self) -> Option<LineValue> {
        match self {
            Self::Number(at) => Some(LineValue::Number(*at)),
            Self::Time(at) | Self::Span(at) => Some(LineValue::Number(Real::whole(*at))),
            Self::Text(text) => Some(LineValue::Text(text.as_bytes().into())),
            Self::Absent
            | Self::Null
            | Self::Bool(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Other => None,
        }
    }
}

/// Values of terms.
pub type Values = BTreeMap<TermId, Value>;

/// Why there are no values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoValues {
    /// These facts, by their place in what was given, cannot come out so together.
    Clash(Vec<usize>),
    /// It is not known how.
    Unknown,
}

/// A second of March 2026, a Tuesday at ten in the morning.
pub const USUAL_TIME: i128 = 1_773_741_600_000_000_000;

/// Values that make `facts` come out so.
///
/// # Errors
/// Why there are none.
pub fn values(store: &Store, facts: &[(Fact, bool)]) -> Result<Values, NoValues> {
    let mut wants = Constraints::of(store, facts)?;
    wants.gather(store, facts);
    Assignment::of(&wants, store)?.run()
}

#[derive(Default)]
struct Constraints {
    /// The class of every term, ascending.
    class: Vec<(TermId, usize)>,
    classes: Vec<Constraint>,
    /// Pairs of classes that differ, and the fact that says so.
    differ: Vec<(usize, usize, usize)>,
    /// Classes of which the first lies below the second, or, without `true`, not above it; and the
    /// fact that says so.
    below: Vec<(usize, usize, bool, usize)>,
}

impl Constraints {
    /// Terms by what must be equal.
    fn of(store: &Store, facts: &[(Fact, bool)]) -> Result<Self, NoValues> {
        let mut own = Self::default();
        for (at, (fact, holds)) in facts.iter().enumerate() {
            if let (Fact::Same(a, b), true) = (fact, *holds) {
                let (a, b) = (own.class_of(*a), own.class_of(*b));
                own.merge(a, b, at);
            }
        }
        own.merge_sizes(store, facts);
        for (at, (fact, holds)) in facts.iter().enumerate() {
            if let (Fact::Same(a, b), false) = (fact, *holds) {
                let (a, b) = (own.class_of(*a), own.class_of(*b));
                if a == b {
                    let mut from = own.classes.get(a).map(|it| it.from.clone()).unwrap_or_default();
                    from.push(at);
                    return Err(NoValues::Clash(from));
                }
                own.differ.push((a, b, at));
            }
        }
        Ok(own)
    }

    /// What is equal has one size.
    fn merge_sizes(&mut self, store: &Store, facts: &[(Fact, bool)]) {
        let equal: Vec<Constraint> =
            self.classes.iter().filter(|want| want.terms.len() > 1).cloned().collect();
        for want in equal {
            let size = |term: &TermId| store.known(&Term::Size(*term));
            // Bounds of each hold for all anyway.
            let is_asked = |size: &TermId| {
                let on_it =
                    |fact: &Fact| matches!(fact, Fact::Less(a, b) if a == size || b == size);
                facts.iter().any(|(fact, _)| on_it(fact))
            };
            let sizes = want.terms.iter().filter_map(size).filter(is_asked);
            let sizes: Vec<usize> = gathered(sizes.map(|size| self.class_of(size)));
            if let Some((first, others)) = sizes.split_first() {
                for (other, fact) in
                    others.iter().flat_map(|it| want.from.iter().map(move |at| (it, at)))
                {
                    self.merge(*first, *other, *fact);
                }
            }
        }
    }

    fn class_of(&mut self, term: TermId) -> usize {
        let at = match self.class.binary_search_by_key(&term, |(own, _)| *own) {
            Ok(at) => return self.class.get(at).map_or(0, |(_, class)| *class),
            Err(at) => at,
        };
        self.class.insert(at, (term, self.classes.len()));
        self.classes.push(Constraint { terms: vec![term], ..Constraint::default() });
        self.classes.len() - 1
    }

    fn known_class(&self, term: TermId) -> Option<usize> {
        let at = self.class.binary_search_by_key(&term, |(own, _)| *own).ok()?;
        self.class.get(at).map(|(_, class)| *class)
    }

    fn merge(&mut self, a: usize, b: usize, fact: usize) {
        let moved = if a == b {
            Constraint::default()
        } else {
            self.classes.get_mut(b).map(std::mem::take).unwrap_or_default()
        };
        for term in &moved.terms {
            let at = self.class.binary_search_by_key(term, |(own, _)| *own);
            if let Some((_, class)) = at.ok().and_then(|at| self.class.get_mut(at)) {
                *class = a;
            }
        }
        if let Some(kept) = self.classes.get_mut(a) {
            kept.terms.extend(moved.terms);
            kept.from.extend(moved.from);
            kept.from.push(fact);
        }
    }

    fn gather(&mut self, store: &Store, facts: &[(Fact, bool)]) {
        for (at, (fact, holds)) in facts.iter().enumerate() {
            let term = match fact {
                Fact::Kind(term, _) | Fact::Reaches(term, ..) | Fact::Text(term, _) => *term,
                Fact::Less(a, b) => {
                    let (a, b) = (self.class_of(*a), self.class_of(*b));
                    self.below.push(if *holds { (a, b, true, at) } else { (b, a, false, at) });
                    continue;
                }
                Fact::Same(..) | Fact::Leaves(_) | Fact::Pends(_) | Fact::Unknown(..) => continue,
            };
            let class = self.class_of(term);
            let Some(want) = self.classes.get_mut(class) else { continue };
            match (fact, *holds) {
                (Fact::Kind(_, kind), true) => want.is = Some(*kind),
                (Fact::Kind(_, kind), false) => {
                    want.is_not = want.is_not.either(Kinds::of(&[*kind]));
                }
                (Fact::Reaches(_, line, point), true) => {
                    want.low.keep(*line, point, Ordering::Greater);
                }
                (Fact::Reaches(_, line, point), false) => {
                    want.high.keep(*line, point, Ordering::Less);
                }
                (Fact::Text(_, test), holds) => want.tests.push((test.clone(), holds, at)),
                _ => {}
            }
            want.from.push(at);
        }
        for want in &mut self.classes {
            if let Some((kind, true)) = want.kind(store) {
                want.is = Some(kind);
            }
        }
        // What has a size, and what has elements, is there.
        let mut open: Vec<TermId> = self.class.iter().map(|(term, _)| *term).collect();
        while let Some(term) = open.pop() {
            if let Term::Size(of) | Term::Element(of, ..) = store.term(term) {
                self.class_of(*of);
                open.push(*of);
            }
        }
    }

    /// The classes that lie below others or above them, on the same line.
    fn order(&self, store: &Store) -> Result<Order, NoValues> {
        if self.below.len() > ORDER_MAX {
            return Err(NoValues::Unknown);
        }
        let (mut members, mut steps): (Vec<Member>, Vec<Step>) = (Vec::new(), Vec::new());
        for (below, above, strict, fact) in &self.below {
            let pair = [*below, *above].map(|class| self.member(store, class));
            let [Some(low), Some(high)] = pair else { continue };
            if kind_on(low.line) != kind_on(high.line) {
                continue;
            }
            let mut place = |member: Member| {
                let known = members.iter().position(|own| own.class == member.class);
                known.unwrap_or_else(|| {
                    members.push(member);
                    members.len() - 1
                })
            };
            let (below, above) = (place(low), place(high));
            steps.push(Step { below, above, strict: *strict, fact: *fact });
        }
        let from =
            |class: usize| self.classes.get(class).map_or_else(Vec::new, |it| it.from.clone());
        let order = Order::of(members, steps, &from).map_err(NoValues::Clash)?;
        for (a, b, fact) in &self.differ {
            let place = |class| order.members.iter().position(|own| own.class == class);
            let (Some(a), Some(b)) = (place(*a), place(*b)) else { continue };
            if order.is_tied(a, b) {
                // Among the largest numbers one that a double rounds is no equal of it.
                let exact = [a, b].map(|at| order.members.get(at)).into_iter().flatten();
                if exact.into_iter().any(|member| member.line == Line::Real) {
                    return Err(NoValues::Unknown);
                }
                let mut facts = order.tie((a, b), &from);
                facts.push(*fact);
                return Err(NoValues::Clash(facts));
            }
        }
        Ok(order)
    }

    /// A class as one of an order; `None` if it is not known to lie on a line.
    fn member(&self, store: &Store, class: usize) -> Option<Member> {
        let want = self.classes.get(class)?;
        let size = |term: &TermId| matches!(store.term(*term), Term::Size(_));
        let is_size = want.terms.iter().any(size);
        // What has no size is asked for none.
        let (kind, certain) = want.kind(store)?;
        if !certain && !is_size {
            return None;
        }
        let whole = want.terms.iter().any(|term| store.is_whole(*term));
        let line = line_of(kind, whole).filter(|line| *line != Line::Truth)?;
        let least = is_size.then(|| Bound::of(&Point::Whole(0), true, &[]));
        let on_it = |(own, _): &&(Line, Point)| kind_on(*own) == kind;
        let bounds = |cuts: &Cuts, low| {
            let cuts = cuts.0.iter().filter(on_it);
            cuts.map(|(_, point)| Bound::of(point, low, &want.from)).collect::<Vec<_>>()
        };
        let lows = bounds(&want.low, true).into_iter().chain(least);
        let highs = bounds(&want.high, false);
        let tightest = |a: Bound, b: Bound, low| if a.is_tighter(&b, low) { a } else { b };
        let low = lows.reduce(|a, b| tightest(a, b, true));
        let high = highs.into_iter().reduce(|a, b| tightest(a, b, false));
        Some(Member { class, line, low, high })
    }

    fn is_single(&self, class: usize) -> bool {
        self.classes.get(class).is_some_and(Constraint::is_single)
    }
}

/// Values of classes, chosen one after the other.
struct Assignment<'w> {
    wants: &'w Constraints,
    store: &'w Store,
    order: Order,
    /// By class.
    chosen: Vec<Option<Value>>,
}

/// Least and most of a size.
type Sizes = (u64, Option<u64>);

impl<'w> Assignment<'w> {
    fn of(wants: &'w Constraints, store: &'w Store) -> Result<Self, NoValues> {
        let chosen = vec![None; wants.classes.len()];
        Ok(Self { wants, store, order: wants.order(store)?, chosen })
    }

    fn run(mut self) -> Result<Values, NoValues> {
        let all = 0..self.chosen.len();
        let free = all.filter(|class| self.member(*class).is_none());
        // Those that have one value alone come first, so that others keep away from it.
        let (first, rest): (Vec<usize>, Vec<usize>) =
            free.partition(|class| self.wants.is_single(*class));
        let mut turns = first;
        turns.extend(self.order.turns.iter().map(|at| self.order.class(*at)));
        turns.extend(rest);
        for class in turns {
            if self.chosen.get(class).is_some_and(Option::is_none) {
                self.choose(class)?;
            }
        }
        let chosen = self.chosen;
        let value = |(term, class): &(TermId, usize)| Some((*term, chosen.get(*class)?.clone()?));
        Ok(self.wants.class.iter().filter_map(value).collect())
    }

    fn member(&self, class: usize) -> Option<usize> {
        self.order.members.iter().position(|own| own.class == class)
    }

    fn choose(&mut self, class: usize) -> Result<(), NoValues> {
        let wants = self.wants;
        let Some(own) = wants.classes.get(class).filter(|want| !want.terms.is_empty()) else {
            return Ok(());
        };
        let Some(at) = self.member(class) else {
            let value = self.value(class, own, self.size(own, true)).or_else(|_| {
                // What was chosen for a size is no fact.
                self.value(class, own, self.size(own, false)).and(Err(NoValues::Unknown))
            })?;
            self.set(class, value);
            return Ok(());
        };
        let narrow = own.within(self.order.members.get(at));
        if let Some(value) = self.size_of_text(own, &narrow) {
            self.set(class, value);
            return Ok(());
        }
        let sizes = self.size(own, true);
        let value = self.value(class, &narrow, sizes).or_else(|_| {
            // Nor are the values of those below it.
            self.value(class, own, self.size(own, false)).and(Err(NoValues::Unknown))
        })?;
        self.set(class, value);
        Ok(())
    }

    fn set(&mut self, class: usize, value: Value) {
        if let (Some(at), Some(spot)) = (self.member(class), value.spot()) {
            self.order.choose(at, &spot);
        }
        if let Some(place) = self.chosen.get_mut(class) {
            *place = Some(value);
        }
    }

    /// The size of a text, which is chosen with it: not every size is that of one that passes its
    /// tests. `None` for what is no such size.
    fn size_of_text(&mut self, size: &Constraint, narrow: &Constraint) -> Option<Value> {
        let wants = self.wants;
        let [term] = size.terms.as_slice() else { return None };
        let Term::Size(of) = self.store.term(*term) else { return None };
        let class = wants.known_class(*of)?;
        let of = wants.classes.get(class)?;
        let open = self.chosen.get(class).is_some_and(Option::is_none);
        if !open || self.member(class).is_some() || of.kind(self.store)?.0 != Kind::Text {
            return None;
        }
        let value = self.value(class, of, bounds_of_size(narrow)).ok()?;
        let Value::Text(text) = &value else { return None };
        let characters = i128::try_from(text.chars().count()).ok()?;
        self.set(class, value);
        Some(Value::Number(Real::whole(characters)))
    }

    /// What is wanted of the sizes of the terms of a class.
    fn sizes(&self, want: &Constraint) -> impl Iterator<Item = usize> {
        let sized = |term: &TermId| self.wants.known_class(self.store.known(&Term::Size(*term))?);
        want.terms.iter().filter_map(sized)
    }

    /// Least and most of the size of a term; as it was chosen, where it was and one asks for that.
    fn size(&self, want: &Constraint, as_chosen: bool) -> Sizes {
        let (mut least, mut most) = (0, None);
        for class in self.sizes(want) {
            let Some(own) = self.wants.classes.get(class) else { continue };
            let (low, high) = match self.chosen.get(class).and_then(Option::as_ref) {
                Some(Value::Number(at)) if as_chosen && self.member(class).is_some() => {
                    let at = u64::try_from(at.ceiling()).unwrap_or(0);
                    (at, Some(at))
                }
                _ => bounds_of_size(own),
            };
            least = least.max(low);
            most = most.into_iter().chain(high).min();
        }
        (least, most)
    }

    /// A value of a class, which differs from those that were chosen before.
    fn value(&self, class: usize, want: &Constraint, size: Sizes) -> Result<Value, NoValues> {
        let Some((kind, mut certain)) = want.kind(self.store) else {
            return Err(NoValues::Clash(want.from.clone()));
        };
        let mut not = Vec::new();
        for (_, other) in self.others(class) {
            not.extend(self.chosen.get(other).cloned().flatten());
            certain &= self.wants.is_single(other);
        }
        let object = |term: &TermId| matches!(self.store.term(*term), Term::Presence(_));
        let object = want.terms.iter().any(object) && want.high.get(Line::Truth).is_none();
        match want.value(kind, size, &not) {
            // What is there and may be an object is one.
            Ok(Value::Bool(false)) if object => Ok(Value::Bool(true)),
            Ok(value) => Ok(value),
            Err(NoText::Impossible) if certain => {
                Err(NoValues::Clash(self.smaller(want, size, self.blame(class), &not)))
            }
            Err(_) => Err(NoValues::Unknown),
        }
    }

    /// The classes that have a value from which that of `class` differs, each with the fact that
    /// says so.
    fn others(&self, class: usize) -> impl Iterator<Item = (usize, usize)> {
        let pairs = self.wants.differ.iter().filter(move |(a, b, _)| *a == class || *b == class);
        let pairs = pairs.map(move |(a, b, fact)| (*fact, if *a == class { *b } else { *a }));
        pairs.filter(|(_, other)| self.chosen.get(*other).is_some_and(Option::is_some))
    }

    /// The facts because of which a class has no value.
    fn blame(&self, class: usize) -> Vec<usize> {
        let from = |class: usize| self.wants.classes.get(class).into_iter().flat_map(|it| &it.from);
        let Some(want) = self.wants.classes.get(class) else { return Vec::new() };
        let mut blame = want.from.clone();
        for (fact, other) in self.others(class) {
            blame.push(fact);
            blame.extend(from(other));
        }
        blame.extend(self.sizes(want).flat_map(from));
        blame
    }

    /// Fewer facts that clash: tests of a text that can be left out are.
    fn smaller(
        &self,
        want: &Constraint,
        size: Sizes,
        blame: Vec<usize>,
        not: &[Value],
    ) -> Vec<usize> {
        let mut want = want.clone();
        let mut blame = blame;
        let mut at = 0;
        while at < want.tests.len() {
            let (.., fact) = want.tests.remove(at);
            if want.value(Kind::Text, size, not) == Err(NoText::Impossible) {
                blame.retain(|own| *own != fact);
            } else {
                let (test, holds) = self.test(&want, fact);
                if let Some(test) = test {
                    want.tests.insert(at, (test, holds, fact));
                }
                at += 1;
            }
        }
        blame.arrange();
        blame.dedup();
        blame
    }

    /// The test that a fact is.
    fn test(&self, want: &Constraint, fact: usize) -> (Option<TextTest>, bool) {
        let class = want.terms.first().and_then(|term| self.wants.known_class(*term));
        let own = class.and_then(|class| self.wants.classes.get(class));
        let test = own.and_then(|own| own.tests.iter().find(|(.., at)| *at == fact));
        (test.map(|(test, ..)| test.clone()), test.is_some_and(|(_, holds, _)| *holds))
    }
}

/// Least and most of a size, by what is wanted of it.
fn bounds_of_size(want: &Constraint) -> Sizes {
    let number = |point: &Point| match point {
        Point::Whole(at) => u64::try_from(*at).unwrap_or(0),
        Point::Real(..) | Point::Text(_) => 0,
    };
    let least = want.low.get(Line::Whole).map_or(0, number);
    (least, want.high.get(Line::Whole).map(|high| number(high).saturating_sub(1)))
}
