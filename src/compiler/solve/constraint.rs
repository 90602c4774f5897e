//! What is wanted of one value: its kind, bounds, tests; and a value that has all of it.
//!
//! In:      `Constraint`, gathered by `values`.
//! Out:     a value; or that there is none, or that none was found.
//! Imports: `base`.

use std::cmp::Ordering;

use crate::base::arrange::Arrange as _;
use crate::compiler::solve::order::Member;
use crate::compiler::solve::point::{Line, Point, Real};
use crate::compiler::solve::store::{Kind, Kinds, Store, TermId, TextTest, kind_on};
use crate::compiler::solve::texts::{NoText, TextConstraints, find};
use crate::compiler::solve::values::{USUAL_TIME, Value};

/// What is wanted of one value; several terms where they must be equal.
#[derive(Clone, Debug, Default)]
pub(super) struct Constraint {
    pub(super) terms: Vec<TermId>,
    pub(super) is: Option<Kind>,
    pub(super) is_not: Kinds,
    pub(super) low: Cuts,
    pub(super) high: Cuts,
    pub(super) tests: Vec<(TextTest, bool, usize)>,
    /// The facts that say so.
    pub(super) from: Vec<usize>,
}

/// A cut for each of some lines, in order of lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Cuts(pub(super) Vec<(Line, Point)>);

impl Cuts {
    pub(super) fn get(&self, line: Line) -> Option<&Point> {
        self.0.iter().find(|(own, _)| *own == line).map(|(_, point)| point)
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = Line> {
        self.0.iter().map(|(line, _)| *line)
    }

    /// Keeps that one of two cuts through a line which `better` says.
    pub(super) fn keep(&mut self, line: Line, point: &Point, better: Ordering) {
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

impl Constraint {
    /// The same within the bounds of one of an order.
    pub(super) fn within(&self, member: Option<&Member>) -> Self {
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

    /// The kind that is wanted, and whether it is the only one; of several the first that an input
    /// can show.
    pub(super) fn kind(&self, store: &Store) -> Option<(Kind, bool)> {
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
    pub(super) fn is_single(&self) -> bool {
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
    pub(super) fn value(
        &self,
        kind: Kind,
        size: (u64, Option<u64>),
        not: &[Value],
    ) -> Result<Value, NoText> {
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
        find(&TextConstraints {
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
