//! Changes of a recorded context, tried on the program, and made smaller.
//!
//! In:      the context, drafts of changes.
//! Out:     changes that flip the decision.
//! Imports: `base`, `compiler::solve`, `lang`, `runtime::program`, `runtime::vm`.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Map, Number, Value as Json, json};

use crate::base::arrange::{Arrange as _, gathered};
use crate::base::limits::FLIP_TRIES_MAX;
use crate::compiler::solve::change::ChangeProposal;
use crate::compiler::solve::neighbourhood::NOW;
use crate::lang::constant::Constant;
use crate::lang::decision::Effect;
use crate::lang::value::time::{self, Instant};
use crate::runtime::program::Program;
use crate::runtime::program::dispatch::ProgramItem;
use crate::runtime::vm::request::Moment;
use crate::runtime::vm::request::marked::{Recorded, ingest_record};
use crate::runtime::vm::scratch::Scratch;
use crate::tools::replay::flip::context::{at, spelled};
use crate::tools::replay::flip::{Change, names};

/// Farthest that numbers are brought closer, in steps: doubles are exact so far.
const STEPS_MAX: f64 = 1e15;

/// What the program says of a context.
#[derive(Clone, Debug, Default)]
pub(super) struct FlipDecision {
    /// The effects that are possible.
    pub(super) effects: Vec<Option<Effect>>,
    /// Whether the context is refused, or may be.
    pub(super) refused: bool,
    /// Rules that fired, with their outcomes; nothing where values are withheld.
    pub(super) fires: BTreeSet<(u16, u16)>,
    /// Rules that failed, or may.
    pub(super) fails: BTreeSet<u16>,
    /// Whether all values are known.
    pub(super) known: bool,
}

/// A program that changes are tried on.
pub(super) struct Trial<'p> {
    program: &'p Program,
    typed: &'p Json,
    moment: &'p Moment<'p>,
    scratch: Scratch,
    first: FlipDecision,
    to: Option<Effect>,
    evaluations: usize,
    texts: Vec<String>,
    /// Whole numbers and doubles that the program names.
    numbers: Vec<Json>,
}

impl<'p> Trial<'p> {
    pub(super) fn of(program: &'p Program, typed: &'p Json, moment: &'p Moment<'p>) -> Self {
        let mut own = Self {
            program,
            typed,
            moment,
            scratch: Scratch::for_program(program),
            first: FlipDecision::default(),
            to: None,
            evaluations: 0,
            texts: Vec::new(),
            numbers: Vec::new(),
        };
        let module = program.module();
        module.constants.iter().for_each(|constant| own.names(constant));
        let keys = module.index.keys.iter();
        let keys = keys.filter_map(|(key, _)| module.strings.get(*key as usize));
        own.texts.extend(keys.map(str::to_owned));
        own.texts.arrange();
        own.texts.dedup();
        own.first = own.say(typed, (moment.seconds, moment.nanoseconds));
        own
    }

    /// Takes in a constant that the program names.
    fn names(&mut self, constant: &Constant) {
        match constant {
            Constant::Int(whole) => {
                let near = [Some(*whole), whole.checked_add(1), whole.checked_sub(1)];
                self.numbers.extend(near.into_iter().flatten().map(Json::from));
            }
            Constant::Uint(whole) => self.numbers.push(json!(whole)),
            Constant::Double(at) => {
                self.numbers.extend([*at, at + 1.0, at - 1.0].map(Json::from));
            }
            Constant::String(text) => self.texts.push(text.to_string()),
            Constant::List(parts) => parts.iter().for_each(|part| self.names(part)),
            Constant::Null
            | Constant::Bool(_)
            | Constant::Bytes(_)
            | Constant::Timestamp(..)
            | Constant::Duration(_)
            | Constant::Type(_)
            | Constant::Map(_)
            | Constant::Optional(_)
            | Constant::Enum(..) => {}
        }
    }

    /// What it says of the context as it was recorded.
    pub(super) fn first(&self) -> FlipDecision {
        self.first.clone()
    }

    /// From now on this effect is wanted.
    pub(super) const fn wants(&mut self, to: Effect) {
        self.to = Some(to);
    }

    pub(super) const fn evaluations(&self) -> usize {
        self.evaluations
    }

    fn say(&mut self, context: &Json, (seconds, nanoseconds): (i64, u32)) -> FlipDecision {
        self.evaluations += 1;
        let Self { program, scratch, moment, .. } = self;
        let moment = Moment { seconds, nanoseconds, ..**moment };
        let text = context.to_string();
        match ingest_record(program, text.as_bytes(), scratch) {
            Recorded::Known(mut filled) => {
                let decision = filled.decide(&moment);
                let failed = decision.failures().iter().filter_map(|failure| match failure.by {
                    ProgramItem::Rule(rule) => Some(rule),
                    ProgramItem::Output(_) => None,
                });
                let fired = decision.fired().iter().chain(decision.shadow());
                FlipDecision {
                    effects: vec![decision.effect()],
                    refused: decision.input_error().is_some(),
                    fails: gathered(failed),
                    fires: gathered(fired.map(|fired| (fired.rule, fired.outcome))),
                    known: true,
                }
            }
            Recorded::Partial(mut partial) => {
                let decision = partial.decide(&moment, None);
                let failing = decision.rules.iter().filter(|rule| !rule.fails.is_empty());
                FlipDecision {
                    fails: gathered(failing.map(|rule| rule.rule)),
                    refused: decision.refused,
                    effects: decision.effects,
                    fires: BTreeSet::new(),
                    known: false,
                }
            }
        }
    }

    /// Whether changes lead to the effect that is wanted, and to no failure that was not there.
    fn shows(&mut self, changes: &[Change]) -> bool {
        let mut context = self.typed.clone();
        let mut now = (self.moment.seconds, self.moment.nanoseconds);
        for change in changes {
            if change.place == NOW {
                let text = change.to.as_ref().and_then(Json::as_str).unwrap_or_default();
                let Ok(Instant { seconds, nanoseconds }) = time::parse(text) else { return false };
                now = (seconds, nanoseconds);
            } else {
                put(&mut context, &change.place, change.to.as_ref());
            }
        }
        let said = self.say(&context, now);
        said.effects == [self.to] && !said.refused && said.fails.is_subset(&self.first.fails)
    }

    /// The smallest changes at the places of a draft that flip the decision, if any are found.
    pub(super) fn flips(&mut self, draft: &ChangeProposal) -> Option<Vec<Change>> {
        let drafted: Vec<Change> = self.drafted(draft);
        let mut changes = if drafted.is_empty() {
            self.searched(&names(&draft.places))?
        } else {
            self.shows(&drafted).then_some(drafted)?
        };
        let mut at = 0;
        while at < changes.len() && changes.len() > 1 {
            let mut fewer = changes.clone();
            fewer.remove(at);
            if self.shows(&fewer) {
                changes = fewer;
            } else {
                at += 1;
            }
        }
        for at in 0..changes.len() {
            self.nearer(&mut changes, at);
        }
        Some(changes)
    }

    /// The changes that a draft proposes.
    fn drafted(&self, draft: &ChangeProposal) -> Vec<Change> {
        let time = draft.now.and_then(time::from_nanoseconds);
        let time = time.map(|at| (NOW.to_owned(), Some(json!(at.to_string()))));
        let put = draft.put.iter().map(|(path, value)| (path.to_string(), value.clone()));
        let all = put.chain(time).map(|(place, to)| {
            let from = self.recorded(&place);
            let to = to.map(|to| spelled_like(to, from.as_ref()));
            Change { place, from, to }
        });
        all.filter(|change| change.from != change.to).collect()
    }

    /// What was recorded at a place.
    fn recorded(&self, place: &str) -> Option<Json> {
        if place == NOW {
            let Moment { seconds, nanoseconds, .. } = *self.moment;
            return Some(json!(Instant { seconds, nanoseconds }.to_string()));
        }
        at(self.typed, place).cloned()
    }

    /// Changes of all these places that flip the decision, among the values that the program names.
    fn searched(&mut self, places: &[String]) -> Option<Vec<Change>> {
        let all: Vec<Vec<Change>> = places
            .iter()
            .map(|place| {
                let from = self.recorded(place);
                let values = self.candidates(place, from.as_ref(), None);
                let change = |to| Change { place: place.clone(), from: from.clone(), to };
                values.into_iter().map(change).collect()
            })
            .collect();
        let ways: usize = all.iter().map(Vec::len).fold(1, usize::saturating_mul);
        for way in 0..ways.min(FLIP_TRIES_MAX) {
            let mut rest = way;
            let chosen: Option<Vec<Change>> = all
                .iter()
                .map(|changes| {
                    let at = rest % changes.len();
                    rest /= changes.len();
                    changes.get(at).cloned()
                })
                .collect();
            if let Some(changes) = chosen.filter(|changes| self.shows(changes)) {
                return Some(changes);
            }
        }
        None
    }

    /// Brings one of the changes as near to what was recorded as it can be.
    fn nearer(&mut self, changes: &mut Vec<Change>, which: usize) {
        let Some(Change { place, from: Some(from), to: Some(to) }) = changes.get(which).cloned()
        else {
            return;
        };
        let Some(distance) = distance(&from, &to) else { return };
        let candidates = self.candidates(&place, Some(&from), Some(&to));
        for candidate in candidates.into_iter().take(FLIP_TRIES_MAX) {
            let own = candidate.as_ref().and_then(|it| self::distance(&from, it));
            if own.is_none_or(|own| own.total_cmp(&distance) != Ordering::Less) {
                continue;
            }
            let mut closer = changes.clone();
            if let Some(change) = closer.get_mut(which) {
                change.to = candidate;
            }
            if self.shows(&closer) {
                *changes = closer;
                break;
            }
        }
        closer_number(changes, which, &mut |changes| self.shows(changes));
    }

    /// Values to try at a place, those nearest to what was recorded first; `to` is one that is
    /// known to do.
    fn candidates(&self, place: &str, from: Option<&Json>, to: Option<&Json>) -> Vec<Option<Json>> {
        if place == NOW {
            return self.hours();
        }
        let mut values: Vec<Json> = match from {
            Some(Json::Bool(value)) => vec![json!(!value)],
            Some(Json::Number(_)) => {
                let like = |number: &Json| spelled_like(number.clone(), from);
                let zero = [json!(0), json!(1), json!(-1)];
                self.numbers.iter().chain(&zero).map(like).collect()
            }
            Some(Json::String(text)) => {
                let own = self.texts.iter().cloned();
                let around =
                    self.texts.iter().flat_map(|it| [format!("{text}{it}"), format!("{it}{text}")]);
                let plain = [String::new(), format!("{text}x")];
                own.chain(plain).chain(around).map(Json::from).collect()
            }
            Some(Json::Array(items)) => self.lists(items, to),
            Some(Json::Null | Json::Object(_)) | None => {
                let numbers = self.numbers.iter().cloned();
                let texts = self.texts.iter().map(|text| json!(text));
                let lists = self.texts.iter().map(|text| json!([text]));
                let plain = [json!(true), json!(false), json!(""), json!([]), json!(0)];
                plain.into_iter().chain(texts).chain(numbers).chain(lists).collect()
            }
        };
        if let Some(from) = from {
            values.retain(|value| value != from);
            let far = |value: &Json| distance(from, value).unwrap_or(f64::INFINITY);
            values.arrange_by(|a, b| far(a).total_cmp(&far(b)));
        }
        values.dedup();
        let gone = from.map(|_| None);
        values.into_iter().map(Some).chain(gone).collect()
    }

    /// Lists near one: an element less, one more, and as long as the one that is known to do.
    fn lists(&self, items: &[Json], to: Option<&Json>) -> Vec<Json> {
        let without = (0..items.len()).map(|at| {
            let mut fewer = items.to_vec();
            fewer.remove(at);
            fewer
        });
        let given: Vec<Json> = to.and_then(Json::as_array).cloned().unwrap_or_default();
        let named = self.texts.iter().map(|text| json!(text)).chain(self.numbers.iter().cloned());
        let like = items.first().or_else(|| given.first()).cloned();
        let of_a_kind = |value: &Json| {
            let kind = std::mem::discriminant(value);
            like.as_ref().is_none_or(|like| std::mem::discriminant(like) == kind)
        };
        let more = given.iter().cloned().chain(named.filter(of_a_kind));
        let more = more.map(|item| [items, &[item]].concat());
        let shorter = items.get(..given.len().min(items.len())).unwrap_or_default().to_vec();
        let longer = given.get(items.len().min(given.len())..).unwrap_or_default();
        let longer = [items, longer].concat();
        let all = [items, &given].concat();
        let others = [shorter, longer, all, given.clone(), Vec::new()];
        without.chain(more).chain(others).map(Json::Array).collect()
    }

    /// Times on the hour of the week around, the nearest first.
    fn hours(&self) -> Vec<Option<Json>> {
        let near = (1..=24 * 7).flat_map(|hours| [hours * 3_600, hours * -3_600]);
        let times = near.filter_map(|by| time::from_seconds(self.moment.seconds.checked_add(by)?));
        times.map(|at| Some(json!(at.to_string()))).collect()
    }
}

/// Brings a number closer to what was recorded, by halves: what is not understood may draw its
/// line where no constant stands.
pub(super) fn closer_number(
    changes: &mut Vec<Change>,
    which: usize,
    shows: &mut dyn FnMut(&[Change]) -> bool,
) {
    for step in [1.0, 0.01] {
        let Some(Change { from: Some(Json::Number(from)), to: Some(Json::Number(to)), .. }) =
            changes.get(which).cloned()
        else {
            return;
        };
        let (Some(start), Some(end)) = (from.as_f64(), to.as_f64()) else { return };
        let most = ((end - start) / step).abs();
        if most > STEPS_MAX || (step < 1.0 && !from.is_f64()) {
            continue;
        }
        let sign = if end < start { -step } else { step };
        let (mut low, mut high) = (0.0, most.floor());
        while high - low > 1.0 {
            let middle = f64::midpoint(low, high).floor();
            // Cents as people write them.
            let at = ((start + sign * middle) * 100.0).round() / 100.0;
            let mut closer = changes.clone();
            if let Some(change) = closer.get_mut(which) {
                change.to = Some(number_like(at, &from));
            }
            if shows(&closer) {
                *changes = closer;
                high = middle;
            } else {
                low = middle;
            }
        }
    }
}

/// How far a value is from another; nothing where that cannot be said.
#[expect(clippy::cast_precision_loss, reason = "lists are far shorter")]
fn distance(from: &Json, to: &Json) -> Option<f64> {
    match (from, to) {
        (Json::Number(from), Json::Number(to)) => Some((from.as_f64()? - to.as_f64()?).abs()),
        (Json::String(from), Json::String(to)) => {
            let (from, to) = (time::parse(from).ok()?, time::parse(to).ok()?);
            Some((from.nanoseconds() - to.nanoseconds()).abs() as f64)
        }
        (Json::Array(from), Json::Array(to)) => {
            let front = from.iter().zip(to).take_while(|(a, b)| a == b).count();
            let behind = from.iter().rev().zip(to.iter().rev()).take_while(|(a, b)| a == b).count();
            let same = (front + behind).min(from.len()).min(to.len());
            Some((from.len() + to.len() - 2 * same) as f64)
        }
        _ => None,
    }
}

/// A number as another one is spelled.
#[expect(clippy::cast_possible_truncation, reason = "within `STEPS_MAX` of a number")]
fn number_like(at: f64, like: &Number) -> Json {
    if like.is_f64() { json!(at) } else { json!(at as i64) }
}

/// A number as the recorded one is spelled: with a point, or without.
fn spelled_like(value: Json, like: Option<&Json>) -> Json {
    let (Some(Json::Number(like)), Some(number)) = (like, value.as_f64()) else { return value };
    let whole = number.fract().total_cmp(&0.0).is_eq() && number.abs() < STEPS_MAX;
    if like.is_f64() || (value.is_f64() && whole) { number_like(number, like) } else { value }
}

/// Puts a value at a place, or takes it away; objects on the way are made.
fn put(context: &mut Json, place: &str, value: Option<&Json>) {
    let mut keys: Vec<String> = place.split('/').skip(1).map(spelled).collect();
    let Some(last) = keys.pop() else { return };
    let mut at = context;
    for key in keys {
        let Json::Object(entries) = at else { return };
        at = entries.entry(key).or_insert_with(|| Json::Object(Map::new()));
    }
    let Json::Object(entries) = at else { return };
    match value {
        Some(value) => drop(entries.insert(last, value.clone())),
        None => drop(entries.remove(&last)),
    }
}
