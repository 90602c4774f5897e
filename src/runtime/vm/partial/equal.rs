//! Equality and order where a value is not known, or holds what is not known.
//!
//! In:      two values.
//! Out:     what comparing them can come to.
//! Imports: `base`, `lang`.

use std::cmp::Ordering;

use crate::base::limits::{VALUE_DEPTH_MAX, VALUE_STEPS_MAX};
use crate::lang::error::EvalError;
use crate::lang::value::{Tag, Value, compare};
use crate::runtime::vm::partial::eval::Evaluator;
use crate::runtime::vm::partial::fact::{Fact, INTS, Kinds, SIZES, Sources};
use crate::runtime::vm::partial::state::is_unknown;
use crate::runtime::vm::partial::unknown::Class;
use crate::runtime::vm::select;

/// What a question can come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    No,
    Yes,
    /// Either.
    Open,
}

/// The orders that two values can have; `None` where they can have none, because one is `NaN`.
pub(super) type Orders = Vec<Option<Ordering>>;

/// All that do not need a `NaN`.
const ANY: [Option<Ordering>; 3] =
    [Some(Ordering::Less), Some(Ordering::Equal), Some(Ordering::Greater)];

/// Kinds of which equal tokens mean equal values, and unequal ones unequal values: of doubles and
/// of what holds some they do not.
const TOKENS: [Tag; 7] =
    [Tag::String, Tag::Bytes, Tag::Bool, Tag::Int, Tag::Uint, Tag::Timestamp, Tag::Duration];

/// Most values that are walked at a time.
const STEPS: u32 = VALUE_STEPS_MAX;

impl Evaluator<'_> {
    /// What a value that is unknown, or holds what is, was computed from; `None` if it is known.
    pub(super) fn taint(&mut self, value: &Value) -> Option<Sources> {
        if !self.deep && !is_unknown(value) {
            return None;
        }
        self.meeting(&Sources::default(), false).taint(value)
    }

    /// Whether `a == b`, of which something is unknown. Both are there.
    pub(super) fn equal(&mut self, a: &Value, b: &Value) -> Result<Answer, EvalError> {
        let mut steps = 0;
        self.equal_within(a, b, 0, &mut steps)
    }

    fn equal_within(
        &mut self,
        a: &Value,
        b: &Value,
        depth: u32,
        steps: &mut u32,
    ) -> Result<Answer, EvalError> {
        *steps += 1;
        if depth > VALUE_DEPTH_MAX || *steps > STEPS {
            return Ok(Answer::Open);
        }
        if is_unknown(a) || is_unknown(b) {
            return Ok(self.equal_unknown(a, b));
        }
        if self.taint(a).is_none() && self.taint(b).is_none() {
            let equal = compare::equal(&self.machine.heap.view(), a, b)?;
            return Ok(if equal { Answer::Yes } else { Answer::No });
        }
        if a.tag() != b.tag() {
            return Ok(Answer::No);
        }
        // Of messages and of what is perhaps not there nothing is told.
        if a.tag() == Tag::Message || self.hides(a).is_some() || self.hides(b).is_some() {
            return Ok(Answer::Open);
        }
        if a.len() != b.len() || (a.columns() != b.columns() && !a.is_empty()) {
            return Ok(Answer::No);
        }
        let view = self.machine.heap.view();
        let pairs: Vec<(Value, Value)> =
            view.elements(a).iter().copied().zip(view.elements(b).iter().copied()).collect();
        let mut answer = Answer::Yes;
        for (a, b) in pairs {
            match self.equal_within(&a, &b, depth + 1, steps)? {
                Answer::No => return Ok(Answer::No),
                Answer::Open => answer = Answer::Open,
                Answer::Yes => {}
            }
        }
        Ok(answer)
    }

    /// How many entries of a map, or elements of a list, are perhaps not there, and why; `None` if
    /// all are there. Columns of rows may be absent, but only of what is hidden itself nobody can
    /// tell whether it is counted.
    pub(super) fn hides(&mut self, value: &Value) -> Option<(u32, Sources)> {
        if !self.deep || !value.tag().has_elements() {
            return None;
        }
        let parts: Vec<Value> = self.machine.heap.view().elements(value).to_vec();
        let list = value.tag() == Tag::List;
        let mut found: Option<(u32, Sources)> = None;
        for part in parts.iter().filter(|part| is_unknown(part)) {
            let fact = self.fact(part);
            let whole = fact.identity.is_some();
            if !fact.is_there() && (whole || !list) {
                let (count, sources) = found.get_or_insert_default();
                *count += 1;
                sources.add(&fact.sources);
            }
        }
        found
    }

    /// The same of two values one of which is unknown itself.
    fn equal_unknown(&mut self, a: &Value, b: &Value) -> Answer {
        let (first, second) = (self.fact(a), self.fact(b));
        if !first.is_there() || !second.is_there() {
            return Answer::Open;
        }
        let number = |fact: &Fact| !fact.kinds.among(Kinds::NUMBERS).is_empty();
        let common = first.kinds.among(second.kinds);
        if common.is_empty() && !(number(&first) && number(&second)) {
            return Answer::No;
        }
        if self.differ(&first, a, b) || self.differ(&second, b, a) {
            return Answer::No;
        }
        if is_unknown(a) && is_unknown(b) {
            return self.equal_rows(&first, &second);
        }
        let (fact, known) = if is_unknown(a) { (&first, b) } else { (&second, a) };
        let sized = Kinds::SIZED.has(known.tag()) && fact.kinds == Kinds::of(known.tag());
        // There is one empty text, and one empty list.
        let empty = fact.sizes == (0, 0) && known.is_empty();
        if sized && empty { Answer::Yes } else { Answer::Open }
    }

    /// Whether what is known of `a` rules out that it equals `b`.
    fn differ(&mut self, fact: &Fact, a: &Value, b: &Value) -> bool {
        if !is_unknown(a) {
            return false;
        }
        let other = self.fact(b);
        if fact.kinds.within(Kinds::SIZED) && other.kinds.within(Kinds::SIZED) {
            let sizes = if is_unknown(b) { other.sizes } else { self.size_of(b) };
            if sizes.1 < fact.sizes.0 || fact.sizes.1 < sizes.0 {
                return true;
            }
        }
        if is_unknown(b) {
            let int = Kinds::of(Tag::Int);
            let both = fact.kinds == int && other.kinds == int;
            return both && (other.ints.1 < fact.ints.0 || fact.ints.1 < other.ints.0);
        }
        // Where not every order is possible, all that it can be has one with `b`.
        let orders = self.orders(fact, b);
        orders.is_some_and(|all| !all.contains(&Some(Ordering::Equal)))
    }

    /// Of two rows of the table: one value is equal to itself, tokens tell of others.
    fn equal_rows(&self, first: &Fact, second: &Fact) -> Answer {
        let (Some(a), Some(b)) = (first.identity, second.identity) else { return Answer::Open };
        let whole = |fact: &Fact| TOKENS.iter().any(|tag| fact.kinds == Kinds::of(*tag));
        if !whole(first) || first.kinds != second.kinds {
            return Answer::Open;
        }
        if a == b {
            return Answer::Yes;
        }
        // One value of another kind may be spelled in two ways, which have two tokens.
        let as_spelled = |row: u32, fact: &Fact| {
            let kind = self.unknowns.get(row as usize).and_then(|row| row.kind);
            kind.is_none_or(|kind| fact.kinds == Kinds::of(kind))
        };
        if !as_spelled(a, first) || !as_spelled(b, second) {
            return Answer::Open;
        }
        let class = |row: u32| self.unknowns.get(row as usize).map(|row| &row.class);
        match (class(a), class(b)) {
            (Some(Class::Token { key, id }), Some(Class::Token { key: other, id: own }))
                if key == other =>
            {
                if id == own {
                    Answer::Yes
                } else {
                    Answer::No
                }
            }
            _ => Answer::Open,
        }
    }

    /// The size of a value that is known, twice; any where it has none.
    pub(super) fn size_of(&self, value: &Value) -> (u32, u32) {
        let size = select::size(&self.machine.heap, value);
        let size = size.ok().and_then(|size| u32::try_from(size).ok());
        size.map_or(SIZES, |size| (size, size))
    }

    /// The orders that a value of which `fact` is known, and is there, can have to one that is
    /// known; `None` if it can have none of a kind that has an order with it.
    pub(super) fn orders(&self, fact: &Fact, known: &Value) -> Option<Orders> {
        let kinds = fact.kinds.tags().filter(|kind| orders_with(*kind, known));
        let mut any = false;
        let mut double = false;
        for kind in kinds {
            any = true;
            double |= kind == Tag::Double;
        }
        if !any {
            return None;
        }
        let mut orders = self.bounded(fact, known);
        if double || (known.tag() == Tag::Double && known.float().is_nan()) {
            orders.push(None);
        }
        Some(orders)
    }

    fn bounded(&self, fact: &Fact, known: &Value) -> Orders {
        let row = fact.identity.and_then(|row| self.unknowns.get(row as usize));
        let Some(Class::Range { least, end }) = row.map(|row| &row.class) else {
            return self.of_ints(fact, known);
        };
        let view = self.machine.heap.view();
        let order = |bound: &Value| compare::order(&view, bound, known);
        // A bucket is one of values of a kind that its bounds have an order with.
        let fits = fact.kinds.tags().all(|kind| orders_with(kind, least));
        match (order(least), order(end), fits) {
            (Ok(Some(Ordering::Less)), Ok(Some(Ordering::Greater)), true) => ANY.to_vec(),
            (Ok(Some(Ordering::Less)), Ok(Some(_)), true) => vec![Some(Ordering::Less)],
            (Ok(Some(Ordering::Equal)), Ok(_), true) => {
                vec![Some(Ordering::Equal), Some(Ordering::Greater)]
            }
            (Ok(Some(Ordering::Greater)), Ok(_), true) => vec![Some(Ordering::Greater)],
            _ => ANY.to_vec(),
        }
    }

    fn of_ints(&self, fact: &Fact, known: &Value) -> Orders {
        if fact.kinds != Kinds::of(Tag::Int) || fact.ints == INTS {
            return ANY.to_vec();
        }
        let view = self.machine.heap.view();
        let at = |int: i64| compare::order(&view, &Value::int(int), known).ok().flatten();
        let (Some(first), Some(last)) = (at(fact.ints.0), at(fact.ints.1)) else {
            return ANY.to_vec();
        };
        let possible = [
            (first == Ordering::Less, Ordering::Less),
            (first != Ordering::Greater && last != Ordering::Less, Ordering::Equal),
            (last == Ordering::Greater, Ordering::Greater),
        ];
        possible.into_iter().filter(|(is, _)| *is).map(|(_, order)| Some(order)).collect()
    }
}

/// Whether values of kind `kind` have an order with `known`.
pub(super) fn orders_with(kind: Tag, known: &Value) -> bool {
    kind.is_number() && known.tag().is_number() || kind == known.tag() && kind.has_order()
}
