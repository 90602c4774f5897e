//! Values of terms in sorts of theories.
//!
//! In:      a term, and the sort in which it is spoken of.
//! Out:     its name in the script, declared with what is true of it; literals.
//! Imports: `lang`.

use std::fmt::Write as _;

use crate::compiler::solve::point::{LineValue, Point, Real};
use crate::compiler::solve::smt::{Theory, Unsupported, texts};
use crate::compiler::solve::store::{Kind, NumberType, Term, TermId};
use crate::lang::constant::Constant;
use crate::lang::value::time::{SECONDS_MAX, SECONDS_MIN};

/// The least number that is ordered as one with another one, a double that it rounds to: the
/// largest int.
pub(super) const ROUNDED: i128 = i64::MAX as i128;
/// Nanoseconds of a second.
const SECOND: i128 = 1_000_000_000;

/// What a value is in a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Sort {
    /// A whole number.
    Whole,
    /// A number.
    Real,
    /// A text.
    Text,
    /// Nanoseconds since the epoch.
    Time,
    /// Nanoseconds.
    Span,
    /// How many elements a list or map has.
    Length,
}

impl Sort {
    pub(super) const ALL: [Self; 6] =
        [Self::Whole, Self::Real, Self::Text, Self::Time, Self::Span, Self::Length];

    /// The name of a term in this sort.
    pub(super) fn name(self, term: TermId) -> String {
        let letter = match self {
            Self::Whole => 'n',
            Self::Real => 'r',
            Self::Text => 's',
            Self::Time => 't',
            Self::Span => 'd',
            Self::Length => 'l',
        };
        format!("{letter}{}", term.0)
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Whole | Self::Time | Self::Span | Self::Length => "Int",
            Self::Real => "Real",
            Self::Text => "String",
        }
    }

    /// The kinds of values that it has words for.
    fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Whole | Self::Real => &[Kind::Number],
            Self::Text => &[Kind::Text],
            Self::Time => &[Kind::Time],
            Self::Span => &[Kind::Span],
            Self::Length => &[Kind::List, Kind::Map],
        }
    }
}

/// A whole number as a literal.
pub(super) fn whole(at: i128) -> String {
    if at < 0 { format!("(- {})", at.unsigned_abs()) } else { at.to_string() }
}

/// A number as a literal of reals: a double exactly.
fn real(at: Real) -> String {
    if at.is_whole() {
        let (sign, size) = (at.ceiling() < 0, at.ceiling().unsigned_abs());
        return if sign { format!("(- {size}.0)") } else { format!("{size}.0") };
    }
    // No double has more digits behind the point.
    let digits = format!("{:.1074}", at.nearest().abs());
    let digits = digits.trim_end_matches('0');
    if at.nearest() < 0.0 { format!("(- {digits})") } else { digits.to_owned() }
}

/// The range of a type of whole numbers; of both where none is known.
pub(super) const fn range(numbers: Option<NumberType>) -> (i128, i128) {
    const LEAST: i128 = i64::MIN as i128;
    match numbers {
        Some(NumberType::Int) => (LEAST, i64::MAX as i128),
        Some(NumberType::Uint) => (0, u64::MAX as i128),
        Some(NumberType::Double) | None => (LEAST, u64::MAX as i128),
    }
}

/// That `value` lies in a range.
pub(super) fn within(value: &str, (low, high): (i128, i128)) -> String {
    format!("(<= {} {value} {})", whole(low), whole(high))
}

/// The range of timestamps.
pub(super) const TIMES: (i128, i128) =
    (SECONDS_MIN as i128 * SECOND, SECONDS_MAX as i128 * SECOND + SECOND - 1);

/// That `value` lies at a cut or above.
pub(super) fn reaches(value: &str, sort: Sort, cut: &Point) -> Result<String, Unsupported> {
    Ok(match (sort, cut) {
        (Sort::Text, Point::Text(cut)) => match texts::cut(cut)? {
            Some(text) => format!("(str.<= {text} {value})"),
            None => "false".to_owned(),
        },
        (Sort::Real, Point::Real(at, above)) => {
            format!("({} {value} {})", if *above { ">" } else { ">=" }, real(*at))
        }
        (Sort::Real, Point::Whole(at)) => format!("(>= {value} {})", real(Real::whole(*at))),
        (_, Point::Real(at, above)) => {
            let least = if *above { at.above() } else { at.ceiling() };
            format!("(>= {value} {})", whole(least))
        }
        (_, Point::Whole(at)) => format!("(>= {value} {})", whole(*at)),
        // No such fact is made.
        (_, Point::Text(_)) => return Err(Unsupported::Operation),
    })
}

impl Theory<'_> {
    /// The term of which `term` is another reading, and the same value: `as int` of a place whose
    /// type says so.
    pub(super) fn plain(&self, term: TermId) -> TermId {
        let store = &*self.encoder.store;
        let Term::Made(name, parts) = store.term(term) else { return term };
        match (name.starts_with("as "), parts.as_ref()) {
            (true, [of]) if self.operand(*of).is_some() => *of,
            _ => term,
        }
    }

    /// Whole numbers or reals: what is said of the numbers of a term.
    pub(super) fn number_sort(&self, term: TermId) -> Sort {
        let store = &*self.encoder.store;
        let whole = match store.term(term) {
            Term::Choice(ways) => ways.iter().all(|(_, way)| self.number_sort(*way) == Sort::Whole),
            Term::Place(_)
            | Term::Presence(_)
            | Term::Now
            | Term::Constant(_)
            | Term::Size(_)
            | Term::Element(..)
            | Term::Made(..) => store.is_whole_to_all(self.plain(term)),
        };
        if whole { Sort::Whole } else { Sort::Real }
    }

    /// The literal of a constant in a sort; `None` where it has none there.
    fn literal(constant: &Constant, sort: Sort) -> Option<String> {
        if let (Constant::String(text), Sort::Text) = (constant, sort) {
            return texts::quoted(text).ok();
        }
        let LineValue::Number(at) = LineValue::of(constant)? else { return None };
        match sort {
            Sort::Real => Some(real(at)),
            Sort::Whole | Sort::Time | Sort::Span => at.is_whole().then(|| whole(at.ceiling())),
            Sort::Text | Sort::Length => None,
        }
    }

    /// The name of a term's value, or the value itself.
    pub(super) fn value(&mut self, term: TermId, sort: Sort) -> String {
        let term = self.plain(term);
        let constant = self.encoder.store.as_constant(term);
        if let Some(literal) = constant.and_then(|it| Self::literal(it, sort)) {
            return literal;
        }
        if matches!(constant, Some(Constant::String(_))) {
            self.open.insert(Unsupported::Character);
        }
        if sort == Sort::Real && self.number_sort(term) == Sort::Whole {
            return format!("(to_real {})", self.value(term, Sort::Whole));
        }
        let name = sort.name(term);
        if self.declared.insert((term, sort)) {
            let _ = writeln!(self.text, "(declare-const {name} {})", sort.words());
            self.bounds(term, sort, &name);
            self.meet(term);
            self.define(term, sort, &name);
        }
        name
    }

    /// What is true of all values of a sort.
    fn bounds(&mut self, term: TermId, sort: Sort, name: &str) {
        let bounds = match sort {
            Sort::Whole => within(name, range(self.numbers(term))),
            Sort::Time => within(name, TIMES),
            Sort::Span => within(name, range(Some(NumberType::Int))),
            Sort::Length => format!("(>= {name} 0)"),
            Sort::Text => {
                self.texts += 1;
                return;
            }
            Sort::Real => return,
        };
        self.assert(&bounds);
    }

    /// What a value is, where its term is made of others.
    fn define(&mut self, term: TermId, sort: Sort, name: &str) {
        if self.encoder.store.is_deep(term) {
            return;
        }
        match self.encoder.store.term(term).clone() {
            Term::Choice(ways) => {
                for (when, way) in ways.iter() {
                    let kinds = self.encoder.store.kinds(*way);
                    if sort.kinds().iter().any(|kind| kinds.holds(*kind)) {
                        let (when, value) = (self.lit(*when), self.value(*way, sort));
                        self.assert(&format!("(=> {when} (= {name} {value}))"));
                    }
                }
            }
            Term::Size(of) if sort == Sort::Whole => {
                self.assert(&format!("(>= {name} 0)"));
                for kind in [Kind::Text, Kind::List, Kind::Map] {
                    if !self.encoder.store.kinds(of).holds(kind) {
                        continue;
                    }
                    let right = self.is(of, kind);
                    let size = if kind == Kind::Text {
                        format!("(str.len {})", self.value(of, Sort::Text))
                    } else {
                        self.value(of, Sort::Length)
                    };
                    self.assert(&format!("(=> {right} (= {name} {size}))"));
                }
            }
            Term::Place(_)
            | Term::Presence(_)
            | Term::Now
            | Term::Constant(_)
            | Term::Size(_)
            | Term::Element(..)
            | Term::Made(..) => {}
        }
    }
}
