//! What is tried to flip the decision about a request of a session: which of its places may change,
//! and the values that may stand there.
//!
//! In:      the request and the events before it; the program; what is fixed.
//! Out:     `CallPlaces`, `SessionValues`.
//! Imports: `base`, `compiler::solve`, `lang`, `runtime::bundle`, `runtime::program`,
//!          `tools::event`.
//!
//! Values are those of the same argument in earlier calls, what the principal named, what the
//! program names, what tools gave, in this order: who asks what would have passed looks for what is
//! known to pass.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::base::arrange::Arrange as _;
use crate::base::pointer;
use crate::compiler::solve::neighbourhood::NOW;
use crate::compiler::solve::places::paths;
use crate::lang::constant::Constant;
use crate::lang::value::time;
use crate::runtime::bundle::module::SlotRow;
use crate::runtime::program::Program;
use crate::tools::event::Event;
use crate::tools::replay::flip::session::is_free;
use crate::tools::replay::flip::{FIXED, FlipQuery};
use crate::tools::replay::plain::leaves;

/// Texts that are tried, and numbers.
const TEXTS_MAX: usize = 400;
const NUMBERS_MAX: usize = 200;
/// Values that are tried in the place of an element of a list, and where nothing stands.
const FEW_MAX: usize = 48;
/// Letters of the longest text that is tried.
const LETTERS_MAX: usize = 200;
/// Words that may make a name together.
const NAME_WORDS_MAX: usize = 3;
/// What may lie between the request and a later time at which it is asked again.
const LATER_SECONDS: [i64; 6] = [60, 600, 3_600, 86_400, 7 * 86_400, 31 * 86_400];
/// Members of a request that say nothing about what is decided.
const OF_EVENTS: [&str; 6] = ["ev", "seq", "ts", "call", "refs", "principal"];

/// The places of a request.
#[derive(Debug, Default)]
pub(super) struct CallPlaces {
    /// Those that may change.
    pub(super) free: Vec<String>,
    /// Those that stay, though they are read.
    pub(super) fixed: Vec<String>,
}

impl CallPlaces {
    /// Of what a request says, and of what the program reads that it does not say.
    pub(super) fn of(program: &Program, request: &Event, asked: &FlipQuery) -> Self {
        let fixed = FIXED.iter().map(|place| (*place).to_owned());
        let fixed: Vec<String> = fixed.chain(asked.fixed.iter().cloned()).collect();
        let is_of_call = |place: &String| {
            let root = pointer::keys(place).next().unwrap_or_default();
            root != "action" || place.starts_with("/action/args/") || place == "/action/tool"
        };
        let said = leaves(request.value()).into_iter().filter(|place| {
            let root = pointer::keys(place).next().unwrap_or_default();
            is_of_call(place) && (!OF_EVENTS.contains(&root.as_str()) || root == "principal")
        });
        let mut places: Vec<String> = said.collect();
        let module = program.module();
        let all = paths(module);
        let read = module.slots.iter().filter_map(|slot| match slot {
            SlotRow::Value(node) | SlotRow::Presence(node) => all.get(usize::from(*node)),
            SlotRow::Now => None,
        });
        let tool = request.value().pointer("/action/tool").and_then(Json::as_str);
        let is_argument = |path: &&std::rc::Rc<str>| {
            path.starts_with("/action/args/") && request.value().pointer(path).is_none()
        };
        // What another tool takes is no argument of this one; a session refuses such a call.
        let missing = read.filter(is_argument).filter(|_| tool.is_some());
        places.extend(missing.map(ToString::to_string));
        places.arrange();
        places.dedup();
        places.push(NOW.to_owned());
        let (free, stays): (Vec<String>, Vec<String>) =
            places.into_iter().partition(|place| is_free(place, &fixed, &asked.mutable));
        Self { free, fixed: stays }
    }
}

/// Values that may stand at the places of a request.
#[derive(Debug, Default)]
pub(super) struct SessionValues {
    /// Those of earlier calls of the same tool, by place, the last first.
    earlier: BTreeMap<String, Vec<Json>>,
    texts: Vec<String>,
    numbers: Vec<Json>,
}

impl SessionValues {
    /// Of the program, of the events before a request, and of those calls that are like it.
    pub(super) fn of(program: &Program, events: &[Event], request: &Event) -> Self {
        let mut own = Self::default();
        let tool = |event: &Event| event.value().pointer("/action/tool").cloned();
        let alike = events
            .iter()
            .rev()
            .filter(|event| event.text("ev") == Some("request") && tool(event) == tool(request));
        for event in alike {
            for place in leaves(event.value()) {
                if let Some(value) = event.value().pointer(&place) {
                    own.earlier.entry(place).or_default().push(value.clone());
                }
            }
        }
        for event in events.iter().rev().filter(|event| event.text("ev") == Some("prompt")) {
            own.names(event.text("text").unwrap_or_default());
        }
        program.module().constants.iter().for_each(|constant| own.constant(constant));
        for event in events.iter().rev().filter(|event| event.text("ev") == Some("response")) {
            event.get("out").into_iter().for_each(|out| own.given(out));
        }
        own.numbers.extend([json!(0), json!(1), json!(-1)]);
        own.numbers.truncate(NUMBERS_MAX);
        own
    }

    fn text(&mut self, text: &str) {
        let is_new = !self.texts.iter().any(|known| known == text);
        if self.texts.len() < TEXTS_MAX && text.chars().count() <= LETTERS_MAX && is_new {
            self.texts.push(text.to_owned());
        }
    }

    /// Words of a text, and a few of them together, without what ends sentences.
    fn names(&mut self, text: &str) {
        let apart = |letter: char| letter.is_whitespace() || ",;|\"'`()[]{}<>".contains(letter);
        let words: Vec<&str> = text.split(apart).filter(|word| !word.is_empty()).collect();
        for count in 1..=NAME_WORDS_MAX {
            for few in words.windows(count) {
                let name = few.join(" ");
                let name = name.trim_end_matches(['.', '!', '?', ':']);
                if let Ok(number) = name.parse::<f64>() {
                    self.numbers.push(json!(number));
                }
                self.text(name);
            }
        }
    }

    fn constant(&mut self, constant: &Constant) {
        match constant {
            Constant::Int(whole) => {
                let near = [Some(*whole), whole.checked_sub(1), whole.checked_add(1)];
                self.numbers.extend(near.into_iter().flatten().map(Json::from));
            }
            Constant::Uint(whole) => self.numbers.push(json!(whole)),
            Constant::Double(at) => {
                self.numbers.extend([*at, at - 1.0, at + 1.0].map(Json::from));
            }
            Constant::String(text) => self.text(text),
            Constant::List(parts) => parts.iter().for_each(|part| self.constant(part)),
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

    /// What a tool gave, text by text.
    fn given(&mut self, out: &Json) {
        for place in leaves(out) {
            match out.pointer(&place) {
                Some(Json::Array(items)) => items.iter().for_each(|item| self.given(item)),
                Some(Json::String(text)) => {
                    self.text(text);
                    self.names(text);
                }
                Some(Json::Number(number)) => self.numbers.push(json!(number)),
                Some(Json::Null | Json::Bool(_) | Json::Object(_)) | None => {}
            }
        }
    }

    /// Values to try at a place, what is known to be meant there first, its absence last.
    pub(super) fn candidates(&self, place: &str, from: Option<&Json>) -> Vec<Option<Json>> {
        if place == NOW {
            return later(from);
        }
        let own = || self.earlier.get(place).into_iter().flatten().cloned();
        let texts = || self.texts.iter().map(|text| json!(text));
        let numbers = || self.numbers.iter().cloned();
        let mut values: Vec<Json> = match from {
            Some(Json::Bool(value)) => vec![json!(!value)],
            Some(Json::Number(like)) => {
                let spelled = |value: Json| match value.as_f64() {
                    Some(number) if like.is_f64() => json!(number),
                    Some(_) | None => value,
                };
                let mut values: Vec<Json> = own().chain(numbers()).map(spelled).collect();
                let start = like.as_f64().unwrap_or(0.0);
                let far = |it: &Json| it.as_f64().map_or(f64::INFINITY, |it| (it - start).abs());
                values.arrange_by(|a, b| far(a).total_cmp(&far(b)));
                values
            }
            Some(Json::String(like)) => {
                let mut texts: Vec<Json> = texts().collect();
                texts.arrange_by_key(|text| unlike(text.as_str().unwrap_or_default(), like));
                own().chain(texts).collect()
            }
            Some(Json::Array(items)) => lists(items, &own().collect::<Vec<_>>(), &self.texts),
            Some(Json::Null | Json::Object(_)) => own().collect(),
            None => {
                let plain = [json!(true), json!(false)];
                let few = texts().take(FEW_MAX).chain(numbers().take(FEW_MAX));
                own().chain(plain).chain(few).collect()
            }
        };
        values.retain(|value| Some(value) != from);
        values.dedup();
        let gone = from.map(|_| None);
        values.into_iter().map(Some).chain(gone).collect()
    }
}

/// In how many ways a text looks unlike another: an address, a path, an account.
fn unlike(text: &str, like: &str) -> usize {
    let looks: [fn(&str) -> bool; 3] = [
        |text| text.contains('@'),
        |text| text.contains('/'),
        |text| text.contains(|letter: char| letter.is_ascii_digit()),
    ];
    looks.iter().filter(|looks| looks(text) != looks(like)).count()
}

/// Later times, the next first.
fn later(from: Option<&Json>) -> Vec<Option<Json>> {
    let at = from.and_then(Json::as_str).and_then(|at| time::parse(at).ok());
    let seconds = at.into_iter().flat_map(|at| LATER_SECONDS.map(|by| at.seconds.checked_add(by)));
    let times = seconds.flatten().filter_map(time::from_seconds);
    times.map(|at| Some(json!(at.to_string()))).collect()
}

/// Lists near one: those of earlier calls, an element less, another element in the place of one.
fn lists(items: &[Json], earlier: &[Json], texts: &[String]) -> Vec<Json> {
    let mut lists: Vec<Json> = earlier.to_vec();
    for at in 0..items.len() {
        let mut fewer = items.to_vec();
        fewer.remove(at);
        lists.push(Json::Array(fewer));
    }
    for at in 0..items.len() {
        for text in texts.iter().take(FEW_MAX) {
            let mut other = items.to_vec();
            if let Some(item) = other.get_mut(at).filter(|item| item.is_string()) {
                *item = json!(text);
                lists.push(Json::Array(other));
            }
        }
    }
    lists
}
