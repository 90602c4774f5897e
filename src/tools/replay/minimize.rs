//! What forces a decision: the fewest facts, and the smallest context that shows it.
//!
//! In:      a context, the bundle, a moment.
//! Out:     `Minimal`.
//! Imports: `base`, `lang`, `runtime::program`, `runtime::vm`, `tools::bench`.
//!
//! Facts: all but some leaves of the context are withheld, and the evaluator of unknowns says
//! whether the decision stands whatever they are. More facts never make it less certain, so
//! `QuickXplain` finds a set of which nothing can be left away, in about `k log (n / k)` questions.
//!
//! The context: members are taken away and values made plainer, as long as the same rules fire,
//! outputs are the same and the input is not refused.

use serde_json::{Value as Json, json};

use crate::base::arrange::Arrange as _;
use crate::lang::decision::Effect;
use crate::lang::value::time::Instant;
use crate::runtime::program::Program;
use crate::runtime::vm::canonical::Canonical;
use crate::runtime::vm::request::marked::{Recorded, ingest_record};
use crate::runtime::vm::request::{Moment, ingest};
use crate::runtime::vm::scratch::Scratch;
use crate::tools::bench::subject::reads_time;
use crate::tools::replay::plain::leaves;

/// Steps of making a context smaller.
const STEPS_MAX: usize = 10_000;

/// What forces a decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Minimal {
    /// The effect.
    pub effect: Option<Effect>,
    /// The facts that suffice, as JSON Pointers; nothing of them can be left away. `None` where
    /// even all of them leave the effect open.
    pub facts: Option<Vec<String>>,
    /// Leaves of the context.
    pub leaves: usize,
    /// How often the evaluator of unknowns was asked.
    pub asked: usize,
    /// The smallest context that was found with the same effect, winner, fired rules and outputs.
    pub context: Json,
    /// The time, where the bundle asks for it: it is taken as it was.
    pub now: Option<Instant>,
    /// Whether the bundle has outputs: facts are those of the effect alone.
    pub has_outputs: bool,
}

/// What must stay as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ExpectedDecision {
    effect: Option<Effect>,
    rule: Option<u16>,
    fired: Vec<u16>,
    refused: bool,
    /// As its digest has them.
    outputs: String,
}

/// Finds what forces the decision about a context.
#[must_use]
pub fn minimize(program: &Program, context: &Json, moment: &Moment<'_>) -> Minimal {
    let mut scratch = Scratch::for_program(program);
    let said = decide(program, &mut scratch, context, moment);
    let leaves = leaves(context);
    let mut oracle = Oracle {
        program,
        scratch: &mut scratch,
        moment,
        context,
        leaves: &leaves,
        effect: said.effect,
        asked: 0,
    };
    let all: Vec<usize> = (0..leaves.len()).collect();
    let facts = oracle.holds(&all).then(|| {
        let mut found =
            if oracle.holds(&[]) { Vec::new() } else { explain(&mut oracle, &[], &all) };
        found.arrange();
        found.into_iter().filter_map(|at| leaves.get(at).cloned()).collect()
    });
    let asked = oracle.asked;
    let context =
        smallest(context, |smaller| decide(program, &mut scratch, smaller, moment) == said);
    let at = Instant { seconds: moment.seconds, nanoseconds: moment.nanoseconds };
    Minimal {
        effect: said.effect,
        facts,
        leaves: leaves.len(),
        asked,
        context,
        now: reads_time(program).then_some(at),
        has_outputs: !program.module().outputs.is_empty(),
    }
}

fn decide(
    program: &Program,
    scratch: &mut Scratch,
    context: &Json,
    moment: &Moment<'_>,
) -> ExpectedDecision {
    let text = context.to_string();
    let mut filled = ingest(program, text.as_bytes(), scratch);
    let mut decision = filled.decide(moment);
    let mut outputs = String::new();
    if !program.module().outputs.is_empty() {
        let mut canonical = Canonical::of(program);
        canonical.digest(&mut decision);
        canonical.outputs().clone_into(&mut outputs);
    }
    ExpectedDecision {
        outputs,
        effect: decision.effect(),
        rule: decision.winner(),
        fired: decision.fired().iter().map(|fired| fired.rule).collect(),
        refused: decision.input_error().is_some(),
    }
}

/// Asks whether facts suffice.
struct Oracle<'a> {
    program: &'a Program,
    scratch: &'a mut Scratch,
    moment: &'a Moment<'a>,
    context: &'a Json,
    leaves: &'a [String],
    effect: Option<Effect>,
    asked: usize,
}

impl Oracle<'_> {
    /// Whether the effect stands where only these leaves are known.
    fn holds(&mut self, known: &[usize]) -> bool {
        self.asked += 1;
        let mut context = self.context.clone();
        for (at, pointer) in self.leaves.iter().enumerate() {
            if !known.contains(&at)
                && let Some(place) = context.pointer_mut(pointer)
            {
                *place = json!({"$x": "drop", "t": kind(place)});
            }
        }
        let text = context.to_string();
        match ingest_record(self.program, text.as_bytes(), self.scratch) {
            Recorded::Known(mut filled) => filled.decide(self.moment).effect() == self.effect,
            Recorded::Partial(mut partial) => {
                partial.decide(self.moment, None).effects.as_slice() == [self.effect]
            }
        }
    }
}

/// The kind of a value, as marks name it.
fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "bool",
        Json::Number(number) if number.is_f64() => "double",
        Json::Number(_) => "int",
        Json::String(_) => "string",
        Json::Array(_) => "list",
        Json::Object(_) => "map",
    }
}

/// `QuickXplain`: of `open` the facts that are needed beside `known`, which do not suffice alone.
fn explain(oracle: &mut Oracle<'_>, known: &[usize], open: &[usize]) -> Vec<usize> {
    if open.len() <= 1 {
        return open.to_vec();
    }
    let (left, right) = open.split_at(open.len() / 2);
    let with = |a: &[usize], b: &[usize]| [a, b].concat();
    let base = with(known, left);
    let of_right = if oracle.holds(&base) { Vec::new() } else { explain(oracle, &base, right) };
    let base = with(known, &of_right);
    // Without any of the right ones `base` is what does not suffice.
    let suffices = !of_right.is_empty() && oracle.holds(&base);
    let of_left = if suffices { Vec::new() } else { explain(oracle, &base, left) };
    with(&of_left, &of_right)
}

/// Makes a context smaller as long as `same` holds of it.
fn smallest(context: &Json, mut same: impl FnMut(&Json) -> bool) -> Json {
    let mut best = context.clone();
    let mut steps = 0;
    let mut better = true;
    while better && steps < STEPS_MAX {
        better = false;
        let mut open = places(&best);
        while let Some(at) = open.pop() {
            for smaller in smaller(&best, &at) {
                steps += 1;
                if same(&smaller) {
                    best = smaller;
                    better = true;
                    // What lay below is gone, or other than it was.
                    open.retain(|place| !place.starts_with(&at));
                    break;
                }
            }
        }
    }
    best
}

/// Every place of a context, those further in behind those around them.
fn places(context: &Json) -> Vec<Vec<String>> {
    let mut places = vec![Vec::new()];
    let mut next = 0;
    while let Some(place) = places.get(next).cloned() {
        next += 1;
        let below: Vec<String> = match at(context, &place) {
            Some(Json::Object(entries)) => entries.keys().cloned().collect(),
            Some(Json::Array(items)) => (0..items.len()).map(|at| at.to_string()).collect(),
            Some(_) | None => Vec::new(),
        };
        places.extend(below.into_iter().map(|key| [place.as_slice(), &[key]].concat()));
    }
    places.reverse();
    places
}

fn at<'j>(context: &'j Json, place: &[String]) -> Option<&'j Json> {
    place.iter().try_fold(context, |value, key| match value {
        Json::Object(entries) => entries.get(key),
        Json::Array(items) => items.get(key.parse::<usize>().ok()?),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
    })
}

/// Contexts in which the value at a place is gone, or plainer: the plainest first.
fn smaller(context: &Json, place: &[String]) -> Vec<Json> {
    let Some((last, around)) = place.split_last() else { return Vec::new() };
    let mut found = Vec::new();
    let mut without = context.clone();
    match at_mut(&mut without, around) {
        Some(Json::Object(entries)) => {
            entries.remove(last);
            found.push(without);
        }
        Some(Json::Array(items)) => {
            if let Some(at) = last.parse().ok().filter(|at: &usize| *at < items.len()) {
                items.remove(at);
                found.push(without);
            }
        }
        Some(_) | None => return found,
    }
    for value in at(context, place).map(plainer).unwrap_or_default() {
        let mut other = context.clone();
        if let Some(place) = at_mut(&mut other, place) {
            *place = value;
            found.push(other);
        }
    }
    found
}

fn at_mut<'j>(context: &'j mut Json, place: &[String]) -> Option<&'j mut Json> {
    place.iter().try_fold(context, |value, key| match value {
        Json::Object(entries) => entries.get_mut(key),
        Json::Array(items) => items.get_mut(key.parse::<usize>().ok()?),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
    })
}

/// Values of the same kind that say less, the plainest first.
fn plainer(value: &Json) -> Vec<Json> {
    match value {
        Json::Bool(true) => vec![json!(false)],
        Json::String(text) if !text.is_empty() => {
            let half: String = text.chars().take(text.chars().count() / 2).collect();
            let shorter: String = text.chars().take(text.chars().count() - 1).collect();
            let behind: String = text.chars().skip(1).collect();
            let mut texts = vec![String::new(), half, shorter, behind];
            texts.dedup();
            texts.into_iter().map(Json::from).collect()
        }
        Json::Array(items) if items.len() > 1 => vec![json!([])],
        Json::Number(number) => match number.as_i64() {
            Some(0) => Vec::new(),
            Some(whole) => {
                // Zero, then closer to it by powers of two, the greatest first.
                let powers = (0..63).rev().map(|power| 1_i64 << power);
                let powers = powers.filter(|power| power.unsigned_abs() < whole.unsigned_abs());
                let closer = powers.map(|power| whole - whole.signum() * power);
                std::iter::once(0).chain(closer).map(Json::from).collect()
            }
            None => fewer_digits(number.as_f64()),
        },
        Json::Null | Json::Bool(false) | Json::String(_) | Json::Array(_) | Json::Object(_) => {
            Vec::new()
        }
    }
}

/// Doubles that are shorter to write and closer to zero.
fn fewer_digits(number: Option<f64>) -> Vec<Json> {
    let Some(number) = number.filter(|number| *number != 0.0) else { return Vec::new() };
    let closer =
        [0.0, number.trunc(), (number / 2.0).trunc(), number - number / 10.0, number - 1.0];
    let shorter = closer
        .into_iter()
        .filter(|it| it.abs() < number.abs() && it.to_string().len() <= number.to_string().len());
    shorter.map(|number| json!(number)).collect()
}
