//! Inputs: values of places as a context that programs can read.
//!
//! In:      values of terms, and the programs that the context is for.
//! Out:     `Example`: a context as JSON and a time.
//! Imports: `base`, `lang`, `runtime::bundle`.
//!
//! A place that no value is given for gets one of its type, if a rule may ask for it.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Map, Value as Json, json};

use crate::base::pointer;
use crate::compiler::solve::places::paths;
use crate::compiler::solve::store::{Store, Term, TermId};
use crate::compiler::solve::values::{USUAL_TIME, Value, Values};
use crate::lang::session::ROOT;
use crate::lang::value::Value as Scalar;
use crate::lang::value::text::write_scalar;
use crate::runtime::bundle::module::{Module, NONE, NodeMode, SlotRow, TypeRow};

/// A context and a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// The context.
    pub context: Json,
    /// Seconds since the epoch, and nanoseconds of the second.
    pub now: (i64, u32),
}

/// Most elements of a list or map that are written.
const ELEMENTS_MAX: u64 = 10_000;
/// Deepest nesting of types that are written.
const DEPTH_MAX: usize = 32;
/// Nanoseconds of a second.
const SECOND: i128 = 1_000_000_000;

/// Elements of lists, by list and number.
type Elements = BTreeMap<TermId, BTreeMap<u8, Json>>;

/// The places of programs, with a value of their type for those that may be asked for.
#[derive(Debug, Default)]
pub struct Frame {
    /// What each place may hold, by path: values of the types that rules ask for.
    samples: BTreeMap<String, Vec<Json>>,
    /// Those that must be there.
    required: BTreeMap<String, Json>,
    /// What columns of lists hold, by path of the list.
    rows: BTreeMap<String, Vec<(String, Json)>>,
}

impl Frame {
    /// The places of these programs.
    #[must_use]
    pub fn of(modules: &[&Module]) -> Self {
        let mut frame = Self::default();
        for module in modules {
            frame.add(module);
        }
        frame
    }

    fn add(&mut self, module: &Module) {
        let paths = paths(module);
        for (at, node) in module.paths.iter().enumerate() {
            let path = paths.get(at).map(ToString::to_string).unwrap_or_default();
            if node.mode == NodeMode::Rows {
                let first = usize::from(node.first_child);
                let columns = module.paths.get(first..first + usize::from(node.children));
                let text = |key: u32| module.strings.get(key as usize).unwrap_or_default();
                let own = columns.unwrap_or_default().iter();
                let own = own.map(|row| (text(row.key).to_owned(), sample(module, row.ty, 0)));
                self.rows.entry(path.clone()).or_default().extend(own);
            }
            if node.slot != NONE && !path.is_empty() {
                let whole = node.mode == NodeMode::Whole;
                let own = if whole { sample(module, node.ty, 0) } else { json!([]) };
                self.samples.entry(path).or_default().push(own);
            }
        }
        for asked in &module.requirements {
            let Some(SlotRow::Value(node)) = module.slots.get(usize::from(asked.slot)) else {
                continue;
            };
            let Some(path) = paths.get(usize::from(*node)).map(ToString::to_string) else {
                continue;
            };
            let keyed = module.keyed.get(usize::from(asked.keyed));
            let cases = keyed.iter().flat_map(|it| it.cases.iter().map(|(_, ty)| *ty));
            let samples = self.samples.entry(path.clone()).or_default();
            for ty in cases.chain((asked.ty != NONE).then_some(asked.ty)) {
                let own = sample(module, ty, 0);
                if !samples.contains(&own) {
                    samples.insert(0, own);
                }
            }
            if !asked.optional
                && let Some(first) = samples.iter().find(|value| !value.is_null())
            {
                self.required.insert(path, first.clone());
            }
        }
    }

    /// An input in which terms have these values; `None` where one cannot be written.
    #[must_use]
    pub fn example(&self, store: &Store, values: &Values) -> Option<Example> {
        let mut context = json!({});
        let mut now = USUAL_TIME;
        for (path, value) in &self.required {
            set(&mut context, path, value.clone());
        }
        for (term, value) in values {
            if let Term::Presence(path) = store.term(*term) {
                match value {
                    Value::Absent => remove(&mut context, path),
                    Value::Bool(true) => match self.samples.get(path.as_ref()) {
                        Some(samples) => {
                            let like = samples.iter().find(|value| !value.is_null());
                            set(&mut context, path, like.cloned().unwrap_or(json!({})));
                        }
                        None => object(&mut context, path),
                    },
                    Value::Null
                    | Value::Bool(false)
                    | Value::Number(_)
                    | Value::Text(_)
                    | Value::Time(_)
                    | Value::Span(_)
                    | Value::List(_)
                    | Value::Map(_)
                    | Value::Other => set(&mut context, path, json!(0)),
                }
            }
        }
        for (path, json) in self.put(store, values, &|_| true)? {
            match json {
                Some(json) => set(&mut context, &path, json),
                None => remove(&mut context, &path),
            }
        }
        if let Some(Value::Time(at)) = store.known(&Term::Now).and_then(|now| values.get(&now)) {
            now = *at;
        }
        // What sessions answer is for them to say.
        remove(&mut context, &format!("/{ROOT}"));
        let seconds = i64::try_from(now.div_euclid(SECOND)).ok()?;
        Some(Example { context, now: (seconds, u32::try_from(now.rem_euclid(SECOND)).ok()?) })
    }

    /// What the elements of lists hold, by list and number.
    fn elements(&self, store: &Store, values: &Values) -> Option<Elements> {
        let mut elements = Elements::new();
        for (term, value) in values {
            if let Term::Element(list, column, turn) = store.term(*term) {
                let absent = *value == Value::Absent;
                let json = if absent { None } else { Some(self.written(value, "")?) };
                let row = elements.entry(*list).or_default().entry(*turn).or_insert(json!(null));
                match json {
                    Some(json) if column.is_empty() => *row = json,
                    json => {
                        if !row.is_object() {
                            *row = json!({});
                        }
                        if let (Some(row), Some(json)) = (row.as_object_mut(), json) {
                            row.insert(column.to_string(), json);
                        }
                    }
                }
            }
        }
        Some(elements)
    }

    /// What stands at the places that `which` names; nothing where a value is taken away. `None`
    /// where one cannot be written.
    #[must_use]
    pub fn put(
        &self,
        store: &Store,
        values: &Values,
        which: &dyn Fn(&str) -> bool,
    ) -> Option<BTreeMap<Rc<str>, Option<Json>>> {
        let elements = self.elements(store, values)?;
        let mut put = BTreeMap::new();
        for (term, value) in values {
            let Term::Place(place) = store.term(*term) else { continue };
            if !which(&place.path) {
                continue;
            }
            let json = match value {
                Value::Absent => None,
                Value::List(_) => {
                    let size = size_of(store, *term, values, value)?;
                    let own = elements.get(term).cloned().unwrap_or_default();
                    Some(self.list(&place.path, size, &own))
                }
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Text(_)
                | Value::Time(_)
                | Value::Span(_)
                | Value::Map(_)
                | Value::Other => Some(self.written(value, &place.path)?),
            };
            put.insert(place.path.clone(), json);
        }
        Some(put)
    }

    /// What stands at places of which only is read whether they are there.
    #[must_use]
    pub fn put_there(
        &self,
        store: &Store,
        values: &Values,
        which: &dyn Fn(&str) -> bool,
    ) -> BTreeMap<Rc<str>, Option<Json>> {
        let mut put = BTreeMap::new();
        for (term, value) in values {
            let Term::Presence(path) = store.term(*term) else { continue };
            if !which(path) {
                continue;
            }
            let samples = || self.samples.get(path.as_ref()).into_iter().flatten();
            let json = match value {
                Value::Absent => None,
                Value::Bool(false) => Some(json!("")),
                Value::Bool(true)
                | Value::Null
                | Value::Number(_)
                | Value::Text(_)
                | Value::Time(_)
                | Value::Span(_)
                | Value::List(_)
                | Value::Map(_)
                | Value::Other => {
                    Some(samples().find(|it| !it.is_null()).cloned().unwrap_or(json!({})))
                }
            };
            put.insert(path.clone(), json);
        }
        put
    }

    /// A list: its elements as they are given, and others like its first.
    fn list(&self, path: &str, size: u64, own: &BTreeMap<u8, Json>) -> Json {
        let columns = self.rows.get(path).map(Vec::as_slice).unwrap_or_default();
        let mut like = self.samples.get(path).into_iter().flatten();
        let like = like.find_map(|value| value.as_array()?.first().cloned());
        let element = |turn: u64| {
            let given = u8::try_from(turn).ok().and_then(|turn| own.get(&turn)).cloned();
            let mut element = given.or_else(|| like.clone()).unwrap_or(json!(""));
            if !columns.is_empty() {
                let mut row = element.as_object().cloned().unwrap_or_default();
                for (name, value) in columns {
                    row.entry(name.clone()).or_insert(value.clone());
                }
                element = Json::Object(row);
            }
            element
        };
        let many = (1..=size).map(|turn| {
            let last = u64::try_from(own.len()).unwrap_or(0).max(1);
            element(turn.min(last))
        });
        Json::Array(many.collect())
    }

    /// A value as JSON; `None` where JSON has no such value.
    fn written(&self, value: &Value, path: &str) -> Option<Json> {
        let samples = || self.samples.get(path).into_iter().flatten();
        Some(match value {
            Value::Null => Json::Null,
            Value::Bool(value) => json!(value),
            Value::Number(at) if at.is_whole() => {
                let whole = at.ceiling();
                match (i64::try_from(whole), u64::try_from(whole)) {
                    (Ok(whole), _) => json!(whole),
                    (_, Ok(whole)) => json!(whole),
                    (Err(_), Err(_)) => json!(at.nearest()),
                }
            }
            Value::Number(at) => json!(at.nearest()),
            Value::Text(text) => json!(text),
            Value::Time(at) => {
                let seconds = i64::try_from(at.div_euclid(SECOND)).ok()?;
                let rest = u32::try_from(at.rem_euclid(SECOND)).ok()?;
                json!(scalar(&Scalar::timestamp(seconds, rest)))
            }
            Value::Span(at) => json!(scalar(&Scalar::duration(i64::try_from(*at).ok()?))),
            Value::List(size) => json!(vec![""; usize::try_from(*size).ok()?]),
            Value::Map(0) => samples().find(|it| it.is_object()).cloned().unwrap_or(json!({})),
            Value::Map(size) if *size <= ELEMENTS_MAX => {
                let entries = (0..*size).map(|at| (format!("k{at}"), json!("")));
                Json::Object(entries.collect::<Map<_, _>>())
            }
            Value::Map(_) | Value::Absent => return None,
            Value::Other => samples().find(|it| !it.is_null())?.clone(),
        })
    }
}

/// How many elements a list has.
fn size_of(store: &Store, list: TermId, values: &Values, own: &Value) -> Option<u64> {
    let size = store.known(&Term::Size(list)).and_then(|size| values.get(&size));
    let size = match (size, own) {
        (Some(Value::Number(at)), _) => u64::try_from(at.ceiling()).unwrap_or(0),
        (_, Value::List(size)) => *size,
        _ => 0,
    };
    (size <= ELEMENTS_MAX).then_some(size)
}

fn scalar(value: &Scalar) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_scalar(&mut text, value);
    text
}

/// The member at a path; objects on the way are made.
fn member<'c>(context: &'c mut Json, path: &str) -> &'c mut Json {
    let mut at = context;
    for key in pointer::keys(path) {
        if !at.is_object() {
            *at = json!({});
        }
        let Json::Object(members) = at else { return at };
        at = members.entry(key).or_insert(Json::Null);
    }
    at
}

fn set(context: &mut Json, path: &str, value: Json) {
    *member(context, path) = value;
}

fn object(context: &mut Json, path: &str) {
    let member = member(context, path);
    if !member.is_object() {
        *member = json!({});
    }
}

/// Takes a member away.
pub fn remove(context: &mut Json, path: &str) {
    let (above, key) = path.rsplit_once('/').unwrap_or_default();
    if let Some(members) = context.pointer_mut(above).and_then(Json::as_object_mut) {
        members.remove(&pointer::key(key));
    }
}

/// A value of a type.
fn sample(module: &Module, at: u16, depth: usize) -> Json {
    if depth > DEPTH_MAX {
        return Json::Null;
    }
    match module.types.get(usize::from(at)).unwrap_or(&TypeRow::Dyn) {
        TypeRow::Bool => json!(false),
        TypeRow::Int | TypeRow::Uint | TypeRow::Double => json!(0),
        TypeRow::String | TypeRow::Bytes => json!(""),
        TypeRow::Timestamp => json!("2026-03-17T10:00:00Z"),
        TypeRow::Duration => json!("0s"),
        TypeRow::List(of, _) => json!([sample(module, *of, depth + 1)]),
        TypeRow::Map(..) => json!({}),
        TypeRow::Record { fields, .. } => {
            let required = fields.iter().filter(|field| field.required);
            let name = |key: u32| module.strings.get(key as usize).unwrap_or_default().to_owned();
            let fields = required.map(|it| (name(it.name), sample(module, it.ty, depth + 1)));
            Json::Object(fields.collect())
        }
        TypeRow::Nullable(_)
        | TypeRow::Null
        | TypeRow::Optional(_)
        | TypeRow::Dyn
        | TypeRow::Type
        | TypeRow::Message(_)
        | TypeRow::Enum(_) => Json::Null,
    }
}
