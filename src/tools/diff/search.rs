//! Inputs by trial and error, where nothing can be proved; and the smallest of those that show
//! something.
//!
//! In:      programs, inputs to begin with, somebody who tries inputs.
//! Out:     an input that shows what is looked for, or how many were tried.
//! Imports: `base`, `compiler::solve`, `lang`, `runtime::bundle`.
//!
//! What is tried are the values that the programs themselves name, those beside them, and their
//! absence, at every place that is read. The order is the same on every machine.

use std::mem::discriminant;

use serde_json::{Value as Json, json};

use crate::base::arrange::Arrange as _;
use crate::base::pointer;
use crate::compiler::solve::input::{Example, remove};
use crate::compiler::solve::places::paths;
use crate::compiler::solve::values::USUAL_TIME;
use crate::lang::constant::Constant;
use crate::lang::session::ROOT;
use crate::runtime::bundle::module::{Module, NONE, SlotRow};

/// Most inputs that one search tries.
const TRIES_MAX: usize = 4_000;
/// Most inputs beside those of people that one search tries.
const BESIDE_MAX: usize = 8_000;
/// Most places of an input that are taken away to make it smaller.
const PLACES_MAX: usize = 400;

/// What inputs are made of.
#[derive(Debug, Default)]
pub struct Search {
    places: Vec<String>,
    values: Vec<Json>,
    times: bool,
}

impl Search {
    /// Values and places of these programs.
    #[must_use]
    pub fn of(modules: &[&Module]) -> Self {
        let mut own = Self::default();
        for module in modules {
            let all = paths(module);
            for (at, node) in module.paths.iter().enumerate() {
                let path = all.get(at).map(ToString::to_string).unwrap_or_default();
                let of_a_session = pointer::keys(&path).next().is_some_and(|key| key == ROOT);
                let named = !path.is_empty() && !of_a_session && !own.places.contains(&path);
                if node.slot != NONE && named {
                    own.places.push(path);
                }
            }
            own.times |= module.slots.contains(&SlotRow::Now);
            for constant in &module.constants {
                own.constant(constant);
            }
            for (name, _) in module.index.keys.iter().take(64) {
                own.value(json!(module.strings.get(*name as usize).unwrap_or_default()));
            }
        }
        for value in [json!(0), json!(""), json!([]), json!({}), json!(true), json!(false)] {
            own.value(value);
        }
        own
    }

    /// The values that the programs name, and those beside them.
    #[must_use]
    pub fn values(&self) -> &[Json] {
        &self.values
    }

    fn value(&mut self, value: Json) {
        if self.values.len() < 512 && !self.values.contains(&value) {
            self.values.push(value);
        }
    }

    fn constant(&mut self, constant: &Constant) {
        match constant {
            Constant::Int(at) => {
                for near in [Some(*at), at.checked_add(1), at.checked_sub(1)] {
                    self.value(json!(near));
                }
            }
            Constant::Uint(at) => self.value(json!(at)),
            Constant::Double(at) => {
                for near in [*at, at + 1.0, at - 1.0] {
                    self.value(json!(near));
                }
            }
            Constant::String(text) => {
                self.value(json!(text.as_str()));
                self.value(json!([text.as_str()]));
            }
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

    /// Tries inputs near `seeds`.
    ///
    /// # Errors
    /// How many were tried, where none shows it.
    pub fn run(
        &self,
        seeds: &[Example],
        shows: &mut dyn FnMut(&Example) -> bool,
    ) -> Result<Example, usize> {
        let seconds = i64::try_from(USUAL_TIME / 1_000_000_000).unwrap_or_default();
        let empty = Example { context: json!({}), now: (seconds, 0) };
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut next = |most: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % u64::try_from(most.max(1)).unwrap_or(1)).unwrap_or(0)
        };
        for tried in 0..TRIES_MAX {
            let seed = seeds.get(next(seeds.len())).unwrap_or(&empty);
            let mut example = seed.clone();
            for _ in 0..next(4) {
                let Some(path) = self.places.get(next(self.places.len())) else { break };
                match self.values.get(next(self.values.len() + 4)) {
                    Some(value) => set(&mut example.context, path, value),
                    None => remove(&mut example.context, path),
                }
            }
            if self.times && next(2) == 0 {
                let hours = i64::try_from(next(24 * 7)).unwrap_or_default();
                example.now.0 += hours * 3_600;
            }
            if shows(&example) {
                return Ok(example);
            }
            if tried + 1 == TRIES_MAX {
                break;
            }
        }
        Err(TRIES_MAX)
    }
}

fn set(context: &mut Json, path: &str, value: &Json) {
    let mut at = context;
    for key in pointer::keys(path) {
        if !at.is_object() {
            *at = json!({});
        }
        let Json::Object(members) = at else { return };
        at = members.entry(key).or_insert(Json::Null);
    }
    *at = value.clone();
}

/// One of `seeds`, or an input beside one: a leaf of it is another value of its kind, one that the
/// programs name, wherever it stands.
pub fn beside(
    seeds: &[Example],
    values: &[Json],
    shows: &mut dyn FnMut(&Example) -> bool,
) -> Option<Example> {
    if let Some(seed) = seeds.iter().find(|seed| shows(seed)) {
        return Some(seed.clone());
    }
    let mut left = BESIDE_MAX;
    for seed in seeds {
        let mut places = Vec::new();
        leaves(&seed.context, &mut places);
        for path in places {
            let old = seed.context.pointer(&path);
            let fits =
                |value: &&Json| old.is_some_and(|old| discriminant(old) == discriminant(value));
            for value in values.iter().filter(fits) {
                left = left.checked_sub(1)?;
                let mut example = seed.clone();
                let place = example.context.pointer_mut(&path)?;
                *place = value.clone();
                if shows(&example) {
                    return Some(example);
                }
            }
        }
    }
    None
}

/// JSON Pointers to what is no object, lists and their elements among it.
fn leaves(context: &Json, found: &mut Vec<String>) {
    let mut left = vec![(String::new(), context)];
    while let Some((path, value)) = left.pop() {
        let inner: Vec<(String, &Json)> = match value {
            Json::Object(members) => {
                members.iter().map(|(key, it)| (pointer::token(key), it)).collect()
            }
            Json::Array(elements) => {
                let rows = elements.iter().enumerate();
                rows.map(|(at, it)| (at.to_string(), it)).collect()
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Vec::new(),
        };
        left.extend(inner.into_iter().rev().map(|(key, it)| (format!("{path}/{key}"), it)));
        if !value.is_object() {
            found.push(path);
        }
    }
}

/// The example without what can be left away.
pub fn smaller(example: Example, shows: &mut dyn FnMut(&Example) -> bool) -> Example {
    let mut kept = example;
    let mut places = Vec::new();
    pointers(&kept.context, "", 0, &mut places);
    places.arrange_by_key(|path: &String| path.matches('/').count());
    for path in places.iter().take(PLACES_MAX) {
        if kept.context.pointer(path).is_none() {
            continue;
        }
        let mut less = kept.clone();
        remove(&mut less.context, path);
        if shows(&less) {
            kept = less;
        }
    }
    kept
}

/// The members of objects, those of inner ones too.
fn pointers(value: &Json, path: &str, depth: usize, found: &mut Vec<String>) {
    let Json::Object(members) = value else { return };
    for (key, value) in members.iter().filter(|_| depth < 32) {
        let path = format!("{path}/{}", pointer::token(key));
        found.push(path.clone());
        pointers(value, &path, depth + 1, found);
    }
}
