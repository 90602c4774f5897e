//! Facts in words: conditions as a policy would write them.
//!
//! In:      facts that together make something hold.
//! Out:     text, as `10000 < args.amount <= 25000 && action.tool == "bank.transfer"`.
//! Imports: `base`, `lang`.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::pointer;
use crate::compiler::solve::point::{Line, Point, Real, behind_prefix};
use crate::compiler::solve::query::Cube;
use crate::compiler::solve::store::{Fact, Kind, Store, Term, TermId, TextTest};
use crate::lang::constant::Constant;
use crate::lang::functions::{Style, by_number};
use crate::lang::value::Value as Scalar;
use crate::lang::value::text::write_scalar;

/// Deepest nesting of operations that is written out.
const DEPTH_MAX: usize = 6;
/// Most places that are named of code that is not taken apart, and most terms that are looked at.
const PLACES_MAX: usize = 4;
const STEPS_MAX: usize = 10_000;

/// What is said of one term.
#[derive(Default)]
struct TermConditions {
    low: BTreeMap<Line, Point>,
    high: BTreeMap<Line, Point>,
    kinds: Vec<(Kind, bool)>,
    others: Vec<String>,
}

/// A cube in words; `true` for one without facts.
#[must_use]
pub fn words(store: &Store, cube: &Cube) -> String {
    let mut said: BTreeMap<String, TermConditions> = BTreeMap::new();
    let (mut loose, mut orders) = (Vec::new(), Vec::new());
    for (fact, holds) in cube {
        match fact {
            Fact::Kind(term, kind) => {
                said.entry(term_words(store, *term, 0)).or_default().kinds.push((*kind, *holds));
            }
            Fact::Reaches(term, line, point) => {
                let own = said.entry(term_words(store, *term, 0)).or_default();
                let bound = if *holds { &mut own.low } else { &mut own.high };
                let place = bound.entry(*line).or_insert_with(|| point.clone());
                let closer = if *holds { point > place } else { point < place };
                if closer {
                    *place = point.clone();
                }
            }
            Fact::Text(term, test) => {
                let name = term_words(store, *term, 0);
                let own = test_words(&name, test, *holds);
                said.entry(name).or_default().others.push(own);
            }
            Fact::Same(a, b) => {
                let (a, b) = (term_words(store, *a, 0), term_words(store, *b, 0));
                loose.push(format!("{a} {} {b}", if *holds { "==" } else { "!=" }));
            }
            Fact::Less(a, b) => orders.push((*a, *b, *holds)),
            Fact::Unknown(term, way) => {
                let term = term_words(store, *term, 0);
                match (way, holds) {
                    (0, true) => loose.push(term),
                    (0, false) => loose.push(format!("!({term})")),
                    (_, true) => loose.push(format!("{term} fails")),
                    // That nothing fails goes without saying.
                    (_, false) => {}
                }
            }
            Fact::Leaves(number) | Fact::Pends(number) => {
                let list = store.walk(*number).map(|walk| term_words(store, walk.list, 0));
                let list = list.unwrap_or_default();
                let which = if *holds { "some" } else { "no" };
                loose.push(format!("{which} element of {list} passes test {number}"));
            }
        }
    }
    loose.extend(order_words(store, &orders));
    let mut parts: Vec<String> = Vec::new();
    for (name, said) in said {
        parts.extend(said.words(&name));
    }
    parts.extend(loose);
    if parts.is_empty() { "true".to_owned() } else { parts.join(" && ") }
}

/// What is known of the order of terms; of two, what follows from the rest is left out.
fn order_words(store: &Store, orders: &[(TermId, TermId, bool)]) -> Vec<String> {
    let mut told = Vec::with_capacity(orders.len());
    for (a, b, holds) in orders {
        let turned = |holds| orders.contains(&(*b, *a, holds));
        let sign = match (holds, turned(true), turned(false)) {
            (true, ..) => "<",
            // Said by the other way round.
            (false, true, _) => continue,
            (false, _, true) if a > b => continue,
            (false, _, true) => "==",
            (false, false, false) => ">=",
        };
        let (a, b) = (term_words(store, *a, 0), term_words(store, *b, 0));
        told.push(format!("{a} {sign} {b}"));
    }
    told
}

fn test_words(name: &str, test: &TextTest, holds: bool) -> String {
    let call = match test {
        TextTest::Ends(end) => format!("{name}.endsWith({})", quoted(end)),
        TextTest::Contains(part) => format!("{name}.contains({})", quoted(part)),
        TextTest::Matches(regex) => format!("{name}.matches({})", quoted(regex)),
        TextTest::Fits(glob) => format!("{name} fits {}", quoted(glob)),
    };
    if holds { call } else { format!("!{call}") }
}

fn quoted(text: &str) -> String {
    Constant::String(text.into()).to_string()
}

impl TermConditions {
    fn words(&self, name: &str) -> Vec<String> {
        let mut parts = Vec::new();
        let lines = [Line::Truth, Line::Whole, Line::Real, Line::Text, Line::Time, Line::Span];
        for line in lines {
            match (self.low.get(&line), self.high.get(&line)) {
                (None, None) => {}
                (low, high) => parts.extend(bounds(name, line, low, high)),
            }
        }
        parts.extend(self.others.iter().cloned());
        let bare = parts.is_empty();
        for (kind, holds) in &self.kinds {
            match (kind, holds) {
                (Kind::Absent, true) => parts.push(format!("!has({name})")),
                (Kind::Absent, false) if bare => parts.push(format!("has({name})")),
                (Kind::Null, holds) => {
                    parts.push(format!("{name} {} null", if *holds { "==" } else { "!=" }));
                }
                (Kind::Error, true) => parts.push(format!("{name} fails")),
                // That nothing fails goes without saying.
                (Kind::Error, false) => {}
                (kind, true) if bare => parts.push(format!("{name} is {}", kind_word(*kind))),
                (kind, false) => parts.push(format!("{name} is not {}", kind_word(*kind))),
                (_, true) => {}
            }
        }
        parts.dedup();
        parts
    }
}

const fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Absent => "absent",
        Kind::Error => "an error",
        Kind::Null => "null",
        Kind::Bool => "a bool",
        Kind::Number => "a number",
        Kind::Nan => "not a number",
        Kind::Text => "a string",
        Kind::Time => "a timestamp",
        Kind::Span => "a duration",
        Kind::List => "a list",
        Kind::Map => "a map",
        Kind::Other => "something else",
    }
}

/// The part of a line between two cuts.
fn bounds(name: &str, line: Line, low: Option<&Point>, high: Option<&Point>) -> Vec<String> {
    if line == Line::Truth {
        let holds = low.is_some();
        return vec![if holds { name.to_owned() } else { format!("!{name}") }];
    }
    if line == Line::Text {
        return text_bounds(name, low, high);
    }
    let low = low.map(|point| side(line, point, true));
    let high = high.map(|point| side(line, point, false));
    vec![match (low, high) {
        (Some((low, true)), Some((high, true))) if low == high => format!("{name} == {low}"),
        (Some((low, at)), Some((high, to))) => {
            let (at, to) = (if at { "<=" } else { "<" }, if to { "<=" } else { "<" });
            format!("{low} {at} {name} {to} {high}")
        }
        (Some((low, at)), None) => format!("{name} {} {low}", if at { ">=" } else { ">" }),
        (None, Some((high, to))) => format!("{name} {} {high}", if to { "<=" } else { "<" }),
        (None, None) => return Vec::new(),
    }]
}

/// A bound in words, and whether it belongs to the part itself.
fn side(line: Line, point: &Point, low: bool) -> (String, bool) {
    let number = |at: Real| match line {
        Line::Time => time(at.ceiling()),
        Line::Span => span(at.ceiling()),
        Line::Truth | Line::Whole | Line::Real | Line::Text if at.is_whole() => {
            at.ceiling().to_string()
        }
        Line::Truth | Line::Whole | Line::Real | Line::Text => {
            Constant::Double(at.nearest()).to_string()
        }
    };
    // `x > duration("60s")` lies a nanosecond behind it.
    let second = 1_000_000_000;
    let behind = |at: i128| matches!(line, Line::Time | Line::Span) && at.rem_euclid(second) == 1;
    match point {
        Point::Whole(at) if behind(*at) => (number(Real::whole(*at - 1)), !low),
        Point::Whole(at) if low => (number(Real::whole(*at)), true),
        Point::Whole(at) if line == Line::Whole => (number(Real::whole(*at - 1)), true),
        Point::Whole(at) => (number(Real::whole(*at)), false),
        Point::Real(at, above) => (number(*at), *above != low),
        Point::Text(_) => (String::new(), false),
    }
}

fn time(at: i128) -> String {
    let second = 1_000_000_000;
    let seconds = i64::try_from(at.div_euclid(second)).unwrap_or(i64::MAX);
    let rest = u32::try_from(at.rem_euclid(second)).unwrap_or(0);
    format!("timestamp(\"{}\")", scalar(&Scalar::timestamp(seconds, rest)))
}

fn span(at: i128) -> String {
    let at = i64::try_from(at).unwrap_or(i64::MAX);
    format!("duration(\"{}\")", scalar(&Scalar::duration(at)))
}

fn scalar(value: &Scalar) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_scalar(&mut text, value);
    text
}

fn text_bounds(name: &str, low: Option<&Point>, high: Option<&Point>) -> Vec<String> {
    let show = |bytes: &[u8]| quoted(&String::from_utf8_lossy(bytes));
    let (Some(Point::Text(low)), Some(Point::Text(high))) = (low, high) else {
        // `x > "a"` lies at "a\0" and above.
        let one = |point: &Point, word: &str, strict: &str| match point {
            Point::Text(text) => match text.strip_suffix(&[0]) {
                Some(own) => format!("{name} {strict} {}", show(own)),
                None => format!("{name} {word} {}", show(text)),
            },
            Point::Whole(_) | Point::Real(..) => String::new(),
        };
        let low = low.map(|point| one(point, ">=", ">"));
        return low.into_iter().chain(high.map(|point| one(point, "<", "<="))).collect();
    };
    if high.strip_suffix(&[0]) == Some(low) {
        return vec![format!("{name} == {}", show(low))];
    }
    if behind_prefix(low) == Some(Point::Text(high.clone())) {
        return vec![format!("{name}.startsWith({})", show(low))];
    }
    vec![format!("{} <= {name} < {}", show(low), show(high))]
}

/// A term in words.
#[must_use]
pub fn term_words(store: &Store, term: TermId, depth: usize) -> String {
    if depth > DEPTH_MAX {
        return "..".to_owned();
    }
    let of = |term: TermId| term_words(store, term, depth + 1);
    match store.term(term) {
        Term::Place(place) => dotted(&place.path),
        Term::Presence(path) => dotted(path),
        Term::Now => "now".to_owned(),
        Term::Constant(_) => store.as_constant(term).map_or(String::new(), ToString::to_string),
        Term::Size(inner) => format!("size({})", of(*inner)),
        Term::Element(list, column, turn) => {
            let column = if column.is_empty() { String::new() } else { format!(".{column}") };
            let turn = if *turn == 0 { "any".to_owned() } else { (turn - 1).to_string() };
            format!("{}[{turn}]{column}", of(*list))
        }
        Term::Choice(ways) => {
            ways.first().map_or(String::new(), |(_, it)| format!("({} or another)", of(*it)))
        }
        Term::Made(name, parts) => made(store, name, parts, depth),
    }
}

/// A path with dots.
fn dotted(path: &str) -> String {
    let keys = path.trim_start_matches('/').split('/');
    let mut text = String::new();
    for key in keys {
        let key = pointer::key(key);
        let plain = key.chars().all(|c| c.is_alphanumeric() || c == '_');
        if !plain {
            text.extend(["[", &quoted(&key), "]"]);
        } else if text.is_empty() {
            text.push_str(&key);
        } else {
            text.extend([".", &key]);
        }
    }
    text
}

/// An operation in words.
fn made(store: &Store, name: &str, parts: &[TermId], depth: usize) -> String {
    let words: Vec<String> = parts.iter().map(|it| term_words(store, *it, depth + 1)).collect();
    let mut name_words = name.split(' ');
    let first = name_words.next().unwrap_or_default();
    match (first, words.as_slice()) {
        ("as", [only]) => return only.clone(),
        ("code" | "code;" | "choice" | "end.list" | "end.map" | "append" | "put" | "build", _) => {
            return format!("something about {}", places(store, parts).join(", "));
        }
        ("select" | "field", [of, field, ..]) => {
            return format!("{of}.{}", field.trim_matches('"'));
        }
        ("index", [of, at]) => return format!("{of}[{at}]"),
        ("relation", [a, b]) => {
            let bits: u8 = name_words.next().and_then(|bits| bits.parse().ok()).unwrap_or(0);
            let sign = ["", "<", "==", "<=", ">", "!=", ">="];
            let sign = sign.get(usize::from(bits >> 1)).copied().unwrap_or("?");
            return format!("{a} {sign} {b}");
        }
        ("equal", [a, b]) => return format!("{a} == {b}"),
        ("in", [a, b]) => return format!("{a} in {b}"),
        _ => {}
    }
    for (word, sign) in [("add", "+"), ("sub", "-"), ("mul", "*"), ("div", "/"), ("mod", "%")] {
        if let (true, [a, b]) = (word == first, words.as_slice()) {
            return format!("({a} {sign} {b})");
        }
    }
    let number = name.rsplit('"').nth(1).and_then(|number| number.parse().ok());
    if first == "call"
        && let Some(row) = number.and_then(by_number)
    {
        return match (row.style, words.split_first()) {
            (Style::Member, Some((of, rest))) => format!("{of}.{}({})", row.name, rest.join(", ")),
            _ => format!("{}({})", row.name, words.join(", ")),
        };
    }
    format!("{first}({})", words.join(", "))
}

/// Some of the places that terms are made of.
fn places(store: &Store, parts: &[TermId]) -> Vec<String> {
    let (mut found, mut open) = (BTreeSet::new(), parts.to_vec());
    let mut steps = 0;
    while let Some(term) = open.pop().filter(|_| steps < STEPS_MAX && found.len() < PLACES_MAX) {
        steps += 1;
        match store.term(term) {
            Term::Place(_) | Term::Presence(_) | Term::Now => {
                found.insert(term_words(store, term, 0));
            }
            Term::Constant(_) => {}
            Term::Size(of) | Term::Element(of, ..) => open.push(*of),
            Term::Made(_, parts) => open.extend(parts.iter()),
            Term::Choice(ways) => open.extend(ways.iter().map(|(_, term)| *term)),
        }
    }
    found.into_iter().collect()
}
