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
use crate::compiler::solve::order::{Bound, Member, ORDER_MAX, Order, Step};
use crate::compiler::solve::point::{Line, Point, Real, Spot};
use crate::compiler::solve::store::{Fact, Kind, Kinds, Store, Term, TermId, TextTest, kind_on};
use crate::compiler::solve::texts::{NoText, Wanted, find};

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
    fn spot(&self) -> Option<Spot> {
        match self {
            Self::Number(at) => Some(Spot::Number(*at)),
            Self::Time(at) | Self::Span(at) => Some(Spot::Number(Real::whole(*at))),
            Self::Text(text) => Some(Spot::Text(text.as_bytes().into())),
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

/// What is wanted of one value; several terms where they must be equal.
#[derive(Clone, Debug, Default)]
struct Want {
    terms: Vec<TermId>,
    is: Option<Kind>,
    is_not: Kinds,
    low: Cuts,
    high: Cuts,
    tests: Vec<(TextTest, bool, usize)>,
    /// The facts that say so.
    from: Vec<usize>,
}

/// A cut for each of some lines, in order of lines.
#[derive(Clone, Debug, Default)]
struct Cuts(Vec<(Line, Point)>);

impl Cuts {
    fn get(&self, line: Line) -> Option<&Point> {
        self.0.iter().find(|(own, _)| *own == line).map(|(_, point)| point)
    }

    fn lines(&self) -> impl Iterator<Item = Line> {
        self.0.iter().map(|(line, _)| *line)
    }

    /// Keeps that one of two cuts through a line which `better` says.
    fn keep(&mut self, line: Line, point: &Point, better: Ordering) {
        match self.0.binary_search_by_key(&line, |(own, _)| *own) {
            Ok(at) => {
                if let Some((_, own)) = self.0.get_mut(at).filter(|own| point.cmp(&own.1) == better)
                {
                    *own = point.clone();
                }
            }
            Err(at) => self.0.insert(at, (line, point.clone())),
        }
    }
}

/// A second of March 2026, a Tuesday at ten in the morning.
pub const USUAL_TIME: i128 = 1_773_741_600_000_000_000;

/// Values that make `facts` come out so.
///
/// # Errors
/// Why there are none.
pub fn values(store: &Store, facts: &[(Fact, bool)]) -> Result<Values, NoValues> {
    let mut wants = Wants::of(facts)?;
    wants.gather(store, facts);
    wants.choose(store)
}

#[derive(Default)]
struct Wants {
    /// The class of every term, ascending.
    class: Vec<(TermId, usize)>,
    classes: Vec<Want>,
    /// Pairs of classes that differ, and the fact that says so.
    differ: Vec<(usize, usize, usize)>,
    /// Classes of which the first lies below the second, or, without `true`, not above it; and the
    /// fact that says so.
    below: Vec<(usize, usize, bool, usize)>,
}

impl Wants {
    /// Terms by what must be equal.
    fn of(facts: &[(Fact, bool)]) -> Result<Self, NoValues> {
        let mut own = Self::default();
        for (at, (fact, holds)) in facts.iter().enumerate() {
            if let (Fact::Same(a, b), true) = (fact, *holds) {
                let (a, b) = (own.class_of(*a), own.class_of(*b));
                own.merge(a, b, at);
            }
        }
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

    fn class_of(&mut self, term: TermId) -> usize {
        let at = match self.class.binary_search_by_key(&term, |(own, _)| *own) {
            Ok(at) => return self.class.get(at).map_or(0, |(_, class)| *class),
            Err(at) => at,
        };
        self.class.insert(at, (term, self.classes.len()));
        self.classes.push(Want { terms: vec![term], ..Want::default() });
        self.classes.len() - 1
    }

    fn known_class(&self, term: TermId) -> Option<usize> {
        let at = self.class.binary_search_by_key(&term, |(own, _)| *own).ok()?;
        self.class.get(at).map(|(_, class)| *class)
    }

    fn merge(&mut self, a: usize, b: usize, fact: usize) {
        let moved = if a == b {
            Want::default()
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

    /// What is wanted of the sizes of the terms of a class.
    fn sizes(&self, store: &Store, want: &Want) -> impl Iterator<Item = &Want> {
        let sized = |term: &TermId| self.known_class(store.known(&Term::Size(*term))?);
        want.terms.iter().filter_map(sized).filter_map(|class| self.classes.get(class))
    }

    /// Least and most of the size of a term.
    fn size(&self, store: &Store, want: &Want) -> (u64, Option<u64>) {
        let (mut least, mut most) = (0, None);
        for own in self.sizes(store, want) {
            let number = |point: &Point| match point {
                Point::Whole(at) => u64::try_from(*at).unwrap_or(0),
                Point::Real(..) | Point::Text(_) => 0,
            };
            if let Some(low) = own.low.get(Line::Whole) {
                least = least.max(number(low));
            }
            if let Some(high) = own.high.get(Line::Whole) {
                let high = number(high).saturating_sub(1);
                most = Some(most.map_or(high, |known: u64| known.min(high)));
            }
        }
        (least, most)
    }

    fn choose(mut self, store: &Store) -> Result<Values, NoValues> {
        let mut order = self.order(store)?;
        let member = |order: &Order, class| order.members.iter().position(|it| it.class == class);
        let mut chosen: Vec<Option<Value>> = vec![None; self.classes.len()];
        // Those that have one value alone come first, so that others keep away from it.
        let free = (0..self.classes.len()).filter(|class| member(&order, *class).is_none());
        let (first, rest): (Vec<usize>, Vec<usize>) =
            free.partition(|class| self.is_single(*class));
        let turns: Vec<usize> = gathered(order.turns.iter().map(|at| order.class(*at)));
        for class in [first, turns, rest].concat() {
            let Some(own) = self.classes.get(class).filter(|want| !want.terms.is_empty()) else {
                continue;
            };
            let place = member(&order, class);
            let value = match place {
                None => self.value(store, (class, own), &chosen)?,
                Some(at) => {
                    let narrow = own.within(order.members.get(at));
                    self.value(store, (class, &narrow), &chosen)
                        .or_else(|_| {
                            // Where it has none without the others either, that is known better.
                            Err(self.value(store, (class, own), &chosen).err())
                        })
                        .map_err(|error| error.unwrap_or(NoValues::Unknown))?
                }
            };
            if let (Some(at), Some(spot)) = (place, value.spot()) {
                order.choose(at, &spot);
                if let (Some(want), Some(member)) =
                    (self.classes.get_mut(class), order.members.get(at))
                {
                    want.is_at(&spot, member.line);
                }
            }
            if let Some(place) = chosen.get_mut(class) {
                *place = Some(value);
            }
        }
        let value = |(term, class): &(TermId, usize)| Some((*term, chosen.get(*class)?.clone()?));
        Ok(self.class.iter().filter_map(value).collect())
    }

    /// A value of a class, which differs from those that were chosen before.
    fn value(
        &self,
        store: &Store,
        (class, want): (usize, &Want),
        chosen: &[Option<Value>],
    ) -> Result<Value, NoValues> {
        let Some((kind, mut sure)) = want.kind(store) else {
            return Err(NoValues::Clash(want.from.clone()));
        };
        let mut not = Vec::new();
        for (_, other) in self.others(class, chosen) {
            not.extend(chosen.get(other).cloned().flatten());
            sure &= self.is_single(other);
        }
        let size = self.size(store, want);
        let object = |term: &TermId| matches!(store.term(*term), Term::Presence(_));
        let object = want.terms.iter().any(object) && want.high.get(Line::Truth).is_none();
        match want.value(kind, size, &not) {
            // What is there and may be an object is one.
            Ok(Value::Bool(false)) if object => Ok(Value::Bool(true)),
            Ok(value) => Ok(value),
            Err(NoText::Impossible) if sure => {
                let blame = self.blame(store, class, chosen);
                Err(NoValues::Clash(self.smaller(want, size, blame, &not)))
            }
            Err(_) => Err(NoValues::Unknown),
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
        let (kind, sure) = want.kind(store)?;
        if !sure && !is_size {
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
        self.classes.get(class).is_some_and(Want::is_single)
    }

    /// The classes that have a value from which that of `class` differs, each with the fact that
    /// says so.
    fn others<'w>(
        &'w self,
        class: usize,
        chosen: &'w [Option<Value>],
    ) -> impl Iterator<Item = (usize, usize)> + 'w {
        let pairs = self.differ.iter().filter(move |(a, b, _)| *a == class || *b == class);
        let pairs = pairs.map(move |(a, b, fact)| (*fact, if *a == class { *b } else { *a }));
        pairs.filter(|(_, other)| chosen.get(*other).is_some_and(Option::is_some))
    }

    /// The facts because of which a class has no value.
    fn blame(&self, store: &Store, class: usize, chosen: &[Option<Value>]) -> Vec<usize> {
        let Some(want) = self.classes.get(class) else { return Vec::new() };
        let mut blame = want.from.clone();
        for (fact, other) in self.others(class, chosen) {
            blame.push(fact);
            blame.extend(self.classes.get(other).iter().flat_map(|want| &want.from));
        }
        blame.extend(self.sizes(store, want).flat_map(|want| &want.from));
        blame
    }

    /// Fewer facts that clash: tests of a text that can be left out are.
    fn smaller(
        &self,
        want: &Want,
        size: (u64, Option<u64>),
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
    fn test(&self, want: &Want, fact: usize) -> (Option<TextTest>, bool) {
        let class = want.terms.first().and_then(|term| self.known_class(*term));
        let own = class.and_then(|class| self.classes.get(class));
        let test = own.and_then(|own| own.tests.iter().find(|(.., at)| *at == fact));
        (test.map(|(test, ..)| test.clone()), test.is_some_and(|(_, holds, _)| *holds))
    }
}

impl Want {
    /// The same within the bounds of one of an order.
    fn within(&self, member: Option<&Member>) -> Self {
        let mut own = self.clone();
        if let Some(Member { line, low, high, .. }) = member {
            if let Some(low) = low {
                own.low.keep(*line, &low.cut(*line, true), Ordering::Greater);
            }
            if let Some(high) = high {
                own.high.keep(*line, &high.cut(*line, false), Ordering::Less);
            }
        }
        own
    }

    /// It has this value alone from now on.
    fn is_at(&mut self, spot: &Spot, line: Line) {
        let (own, behind) = spot.cuts(line);
        self.low.keep(line, &own, Ordering::Greater);
        self.high.keep(line, &behind, Ordering::Less);
    }

    /// The kind that is wanted, and whether it is the only one; of several the first that an input
    /// can show.
    fn kind(&self, store: &Store) -> Option<(Kind, bool)> {
        let possible = |kind: &Kind| {
            self.terms.iter().all(|term| store.kinds(*term).holds(*kind))
                && !self.is_not.holds(*kind)
        };
        let asked = self.low.lines().chain(self.high.lines()).map(kind_on);
        let tested = self.tests.first().map(|_| Kind::Text);
        let order = [
            Kind::Text,
            Kind::Number,
            Kind::Bool,
            Kind::List,
            Kind::Map,
            Kind::Time,
            Kind::Span,
            Kind::Null,
            Kind::Other,
            Kind::Absent,
            Kind::Nan,
            Kind::Error,
        ];
        if self.is.is_some() {
            return self.is.filter(possible).map(|kind| (kind, true));
        }
        let only = order.iter().filter(|kind| possible(kind)).count() == 1;
        let first = asked.chain(tested).chain(order).find(possible);
        first.map(|kind| (kind, only))
    }

    /// Whether one value alone fits, by its bounds.
    fn is_single(&self) -> bool {
        let behind = |line: Line| match (self.low.get(line), self.high.get(line)) {
            (Some(Point::Whole(low)), Some(Point::Whole(high))) => low + 1 == *high,
            (Some(Point::Real(low, false)), Some(Point::Real(high, true))) => low == high,
            (Some(Point::Text(low)), Some(Point::Text(high))) => {
                high.strip_suffix(&[0]) == Some(low)
            }
            _ => false,
        };
        let bounded = !self.low.0.is_empty() || !self.high.0.is_empty();
        match self.is {
            None => false,
            Some(Kind::Null | Kind::Absent | Kind::Error) => true,
            Some(Kind::Bool) => bounded,
            Some(_) => self.low.lines().any(behind),
        }
    }

    /// A value of a kind.
    fn value(&self, kind: Kind, size: (u64, Option<u64>), not: &[Value]) -> Result<Value, NoText> {
        let value = match kind {
            Kind::Absent | Kind::Error | Kind::Nan => Value::Absent,
            Kind::Null => Value::Null,
            Kind::Other => Value::Other,
            Kind::Text => return self.text(size, not),
            Kind::List | Kind::Map => {
                let (least, most) = size;
                if most.is_some_and(|most| most < least) {
                    return Err(NoText::Impossible);
                }
                return Ok(if kind == Kind::List { Value::List(least) } else { Value::Map(least) });
            }
            Kind::Bool => {
                let holds = self.low.get(Line::Truth).is_some();
                let free = !holds && self.high.get(Line::Truth).is_none();
                let other = free && not.contains(&Value::Bool(false));
                Value::Bool(holds || other)
            }
            Kind::Number | Kind::Time | Kind::Span => return self.number(kind, not),
        };
        let taken = not.contains(&value) && kind == Kind::Bool;
        if taken { Err(NoText::Impossible) } else { Ok(value) }
    }

    fn text(&self, size: (u64, Option<u64>), not: &[Value]) -> Result<Value, NoText> {
        let bytes = |point: Option<&Point>| match point {
            Some(Point::Text(text)) => Some(text.clone()),
            Some(Point::Whole(_) | Point::Real(..)) | None => None,
        };
        let texts = not.iter().filter_map(|value| {
            let Value::Text(text) = value else { return None };
            Some(text.clone())
        });
        find(&Wanted {
            low: bytes(self.low.get(Line::Text)),
            high: bytes(self.high.get(Line::Text)),
            tests: self.tests.iter().map(|(test, holds, _)| (test.clone(), *holds)).collect(),
            size,
            not: texts.collect(),
        })
        .map(Value::Text)
    }

    fn number(&self, kind: Kind, not: &[Value]) -> Result<Value, NoText> {
        type Make = fn(Real) -> Value;
        let (lines, make): (&[Line], Make) = if kind == Kind::Time {
            (&[Line::Time], |at| Value::Time(at.ceiling()))
        } else if kind == Kind::Span {
            (&[Line::Span], |at| Value::Span(at.ceiling()))
        } else {
            (&[Line::Whole, Line::Real], Value::Number)
        };
        let fits = |real: &Real| {
            let reaches = |point: &Point| match point {
                Point::Whole(cut) => *real >= Real::whole(*cut),
                Point::Real(cut, above) => real > cut || (real == cut && !above),
                Point::Text(_) => false,
            };
            lines.iter().all(|line| {
                self.low.get(*line).is_none_or(&reaches)
                    && self.high.get(*line).is_none_or(|point| !reaches(point))
            })
        };
        let mut near = vec![Real::whole(0)];
        if kind == Kind::Time {
            near = vec![Real::whole(USUAL_TIME)];
        }
        let edges = lines.iter().flat_map(|line| [self.low.get(*line), self.high.get(*line)]);
        for edge in edges.flatten() {
            let at = match edge {
                Point::Whole(at) => Real::whole(*at),
                Point::Real(at, _) => *at,
                Point::Text(_) => continue,
            };
            near.extend([Real::whole(at.ceiling()), Real::whole(at.above()), at]);
            near.push(Real::whole(at.ceiling() - 1));
        }
        let count = i128::try_from(not.len()).unwrap_or(0);
        let more = near.clone();
        near.extend(more.iter().flat_map(|at| {
            (1..=count + 1).flat_map(|by| [at.ceiling() + by, at.ceiling() - by]).map(Real::whole)
        }));
        near.extend(between(&more));
        let found = near.into_iter().filter(fits).map(make).find(|value| !not.contains(value));
        // Where all that is near is taken there may be something further away.
        found.ok_or(if self.is_single() { NoText::Impossible } else { NoText::Unknown })
    }
}

/// Numbers in the middle of two.
fn between(near: &[Real]) -> Vec<Real> {
    let mut sorted = near.to_vec();
    sorted.arrange();
    let middle = |pair: &[Real; 2]| {
        let [a, b] = pair;
        Real::double(f64::midpoint(a.nearest(), b.nearest()))
    };
    sorted.array_windows().filter_map(middle).collect()
}
