//! Facts in words: conditions as a policy would write them.
//!
//! In:      sets of facts, each of which makes something hold.
//! Out:     text, as `10000 < args.amount <= 25000 && action.tool == "bank.transfer"`.
//! Imports: `lang`.

use std::collections::BTreeMap;

use crate::compiler::solve::formula::{Lit, Node};
use crate::compiler::solve::point::{Line, Point, Real, behind_prefix};
use crate::compiler::solve::query::Cube;
use crate::compiler::solve::store::{Fact, Kind, Kinds, Store, TermId, TextTest};
use crate::compiler::solve::terms::{UNSPELLED, quoted, term_words};
use crate::lang::constant::Constant;
use crate::lang::value::Value as Scalar;
use crate::lang::value::text::write_scalar;

/// Most parts of a formula about elements that are written out.
const PARTS_MAX: usize = 24;
/// What an element is called, by the number of lists around its own.
const NAMES: [&str; 4] = ["e", "f", "g", "h"];

/// What is said of one term.
#[derive(Default)]
struct TermConditions {
    low: BTreeMap<Line, Point>,
    high: BTreeMap<Line, Point>,
    kinds: Vec<(Kind, bool)>,
    /// The kinds that it can be of.
    all: Option<Kinds>,
    /// Whether it is compared with another, which says that it is there.
    is_compared: bool,
    others: Vec<String>,
}

/// Cubes in words, each of which suffices, and whether that is all of them: those that no words say
/// are left out. Two that differ in nothing but that something lies below
/// a value in one and above it in the other are one.
#[must_use]
pub fn conditions(store: &Store, cubes: &[Cube]) -> (Vec<String>, bool) {
    let mut left: Vec<(Cube, Vec<Apart>)> =
        cubes.iter().map(|cube| (cube.clone(), Vec::new())).collect();
    while let Some((at, to, merged)) = first_merged(store, &left) {
        left.remove(to);
        if let Some(place) = left.get_mut(at) {
            *place = merged;
        }
    }
    let words = left.iter().map(|(cube, apart)| words(store, cube, apart));
    let mut told: Vec<String> = words.collect();
    // What cannot be spelled suffices for nobody.
    told.retain(|text| !text.contains(UNSPELLED));
    let all = told.len() == left.len();
    (told, all)
}

/// A term that is not one value: which one lies between two cuts.
type Apart = (TermId, Line, Point, Point);

/// The first two cubes that are one, and what they are.
fn first_merged(
    store: &Store,
    cubes: &[(Cube, Vec<Apart>)],
) -> Option<(usize, usize, (Cube, Vec<Apart>))> {
    for (to, (other, others)) in cubes.iter().enumerate() {
        for (at, (own, apart)) in cubes.iter().enumerate().take(to) {
            if apart == others
                && let Some((cube, found)) = merged(store, own, other)
            {
                let apart = apart.iter().cloned().chain([found]).collect();
                return Some((at, to, (cube, apart)));
            }
        }
    }
    None
}

/// The facts of two cubes that differ in one alone, if its bounds leave one value out.
fn merged(store: &Store, one: &Cube, other: &Cube) -> Option<(Cube, Apart)> {
    let only = |own: &Cube, other: &Cube| {
        let mut apart = own.iter().filter(|fact| !other.contains(fact));
        apart.next().cloned().filter(|_| apart.next().is_none())
    };
    let ((a, a_holds), (b, b_holds)) = (only(one, other)?, only(other, one)?);
    let (below, above) = match (a_holds, b_holds) {
        (false, true) => (a, b),
        (true, false) => (b, a),
        (true, true) | (false, false) => return None,
    };
    let (Fact::Reaches(term, line, low), Fact::Reaches(same, on, high)) = (below, above) else {
        return None;
    };
    let apart = (term, line, low, high);
    value_between(store, &apart).filter(|_| (term, line) == (same, on))?;
    let shared = one.iter().filter(|fact| other.contains(fact)).cloned().collect();
    Some((shared, apart))
}

/// That a term is not what lies between two cuts; `None` where that is more than a value, or the
/// texts with a beginning.
fn value_between(store: &Store, (term, line, low, high): &Apart) -> Option<String> {
    let name = term_words(store, *term, 0);
    let [between] = bounds(&name, *line, Some(low), Some(high)).try_into().ok()?;
    denied(&between).filter(|_| low < high)
}

/// That what one equation or call says does not hold.
fn denied(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split(' ').collect();
    match *parts.as_slice() {
        [name, "==", value] => Some(format!("{name} != {value}")),
        [call] if call.ends_with(')') => Some(format!("!{call}")),
        _ => None,
    }
}

/// A cube in words; `true` for one without facts.
fn words(store: &Store, cube: &Cube, apart: &[Apart]) -> String {
    let mut said: BTreeMap<String, TermConditions> = BTreeMap::new();
    let (mut loose, mut orders) = (Vec::new(), Vec::new());
    for row in apart {
        let own = said.entry(term_words(store, row.0, 0)).or_default();
        own.others.extend(value_between(store, row));
    }
    for (fact, holds) in cube {
        match fact {
            Fact::Kind(term, kind) => {
                let own = said.entry(term_words(store, *term, 0)).or_default();
                own.kinds.push((*kind, *holds));
                own.all = Some(store.kinds(*term));
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
                for name in [&a, &b] {
                    said.entry(name.clone()).or_default().is_compared = true;
                }
                loose.push(format!("{a} {} {b}", if *holds { "==" } else { "!=" }));
            }
            Fact::Less(a, b) => {
                for term in [a, b] {
                    said.entry(term_words(store, *term, 0)).or_default().is_compared = true;
                }
                orders.push((*a, *b, *holds));
            }
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
            Fact::Leaves(number) => loose.extend(loop_words(store, *number, *holds)),
            Fact::Pends(number) if *holds => {
                let list = store.walk(*number).map(|walk| term_words(store, walk.list, 0));
                loose.push(format!("an element of {} fails", list.unwrap_or_default()));
            }
            // That nothing fails goes without saying.
            Fact::Pends(_) => {}
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

/// That an element ends a loop, or that none does.
fn loop_words(store: &Store, number: u32, holds: bool) -> Option<String> {
    let walk = store.walk(number)?;
    let list = term_words(store, walk.list, 0);
    let name = NAMES.get(list.matches("[any]").count()).copied().unwrap_or("i");
    let about = |body: Lit| {
        let mut left = PARTS_MAX;
        let text = formula_words(store, body, &mut left);
        text.map_or_else(|| "..".to_owned(), |text| text.replace(&format!("{list}[any]"), name))
    };
    let some = about(walk.leave);
    let (equals, equal) = (format!("{name} == "), format!(" == {name}"));
    let value = some.strip_prefix(&equals).or_else(|| some.strip_suffix(&equal));
    if let Some(value) = value.filter(|value| !value.contains(['&', '|', ' '])) {
        return Some(if holds {
            format!("{value} in {list}")
        } else {
            format!("!({value} in {list})")
        });
    }
    Some(if holds {
        format!("{list}.exists({name}, {some})")
    } else {
        format!("{list}.all({name}, {})", about(!walk.leave))
    })
}

/// A formula in words; `None` where it has more parts than are `left`. That values are of their
/// types goes without saying.
fn formula_words(store: &Store, formula: Lit, left: &mut usize) -> Option<String> {
    let (mut open, mut cube, mut ways) = (vec![formula], Cube::new(), Vec::new());
    while let Some(lit) = open.pop() {
        *left = left.checked_sub(1)?;
        match store.formulas.node(lit.node()) {
            Node::True if lit.negated() => return Some("false".to_owned()),
            Node::True => {}
            Node::Fact(number) => {
                let fact = store.fact(number)?;
                match typed(store, fact) {
                    Some(holds) if holds == lit.negated() => return Some("false".to_owned()),
                    Some(_) => {}
                    None => cube.push((fact.clone(), !lit.negated())),
                }
            }
            Node::And(a, b) if !lit.negated() => open.extend([b, a]),
            Node::And(a, b) => match way_words(store, [!a, !b], left)?.as_str() {
                "true" => {}
                "false" => return Some("false".to_owned()),
                way => ways.push(way.to_owned()),
            },
        }
    }
    let alone = cube.is_empty() && ways.len() == 1;
    let mut parts = Vec::new();
    if !cube.is_empty() {
        parts.push(words(store, &cube, &[]));
    }
    let several = |way: &String| !alone && way.contains(" || ");
    parts.extend(ways.into_iter().map(|way| if several(&way) { format!("({way})") } else { way }));
    Some(if parts.is_empty() { "true".to_owned() } else { parts.join(" && ") })
}

/// That one of some formulas holds, in words.
fn way_words(store: &Store, ways: [Lit; 2], left: &mut usize) -> Option<String> {
    let (mut open, mut parts) = (ways.to_vec(), Vec::new());
    // What does not hold where none of them does, by term.
    let mut none: BTreeMap<TermId, Cube> = BTreeMap::new();
    while let Some(lit) = open.pop() {
        *left = left.checked_sub(1)?;
        match store.formulas.node(lit.node()) {
            Node::And(a, b) if lit.negated() => open.extend([!b, !a]),
            Node::Fact(number) => {
                let fact = store.fact(number)?;
                if let Fact::Reaches(term, ..) = fact {
                    none.entry(*term).or_default().push((fact.clone(), lit.negated()));
                } else {
                    parts.push(formula_words(store, lit, left)?);
                }
            }
            Node::True | Node::And(..) => parts.push(formula_words(store, lit, left)?),
        }
    }
    for cube in none.into_values() {
        match denied(&words(store, &cube, &[])) {
            Some(part) => parts.push(part),
            None => parts.extend(
                cube.into_iter().map(|(fact, holds)| words(store, &vec![(fact, !holds)], &[])),
            ),
        }
    }
    if parts.iter().any(|part| part == "true") {
        return Some("true".to_owned());
    }
    parts.retain(|part| part != "false");
    Some(if parts.is_empty() { "false".to_owned() } else { parts.join(" || ") })
}

/// Whether a fact holds of every value of the type that a term has; `None` where it hangs on more.
fn typed(store: &Store, fact: &Fact) -> Option<bool> {
    let Fact::Kind(term, kind) = fact else { return None };
    let kinds = store.kinds(*term).without(&[Kind::Error]);
    match (kinds.holds(*kind), kinds.iter().nth(1)) {
        (false, _) if *kind != Kind::Error => Some(false),
        (true, None) => Some(true),
        _ => None,
    }
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

impl TermConditions {
    /// The kind that is left of those that it can be of, where others are ruled out.
    fn only_kind(&self) -> Option<Kind> {
        let gone = self.kinds.iter().filter(|(_, holds)| !holds).map(|(kind, _)| *kind);
        let gone: Vec<Kind> = gone.chain([Kind::Error]).collect();
        let mut left = self.all?.without(&gone).iter();
        left.next().filter(|_| gone.len() > 1 && left.next().is_none())
    }

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
        let bare = parts.is_empty() && !self.is_compared;
        if let Some(only) = self.only_kind() {
            if only == Kind::Absent {
                parts.push(format!("!has({name})"));
            } else if only == Kind::Null {
                parts.push(format!("{name} == null"));
            } else if bare {
                parts.push(format!("{name} is {}", kind_word(only)));
            }
            return parts;
        }
        for (kind, holds) in &self.kinds {
            match (kind, holds) {
                (Kind::Absent, true) => parts.push(format!("!has({name})")),
                (Kind::Absent, false) if bare => parts.push(format!("has({name})")),
                (Kind::Null, holds) => {
                    parts.push(format!("{name} {} null", if *holds { "==" } else { "!=" }));
                }
                (Kind::Error, true) => parts.push(format!("{name} fails")),
                // That nothing fails goes without saying, nor that what is compared is there.
                (Kind::Error | Kind::Absent, false) => {}
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
        Kind::Nan => "NaN",
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
