//! The context of the reference evaluator: JSON and types to values, and what is refused.
//!
//! In:      the context as JSON, the types of the roots and of the called tool's arguments.
//! Out:     values of roots; whether what is read breaks the schema.
//! Source:  design, "Missing input" and "Schema".

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use policyc::base::name::Name;
use policyc::compiler::check::analysis::{Analysis, RootId};
use policyc::lang::error::EvalError;
use policyc::lang::types::{RecordField, RecordId, Type, TypeId, TypeTable};
use prost_reflect::FieldDescriptor;
use serde_json::Value as Json;

use super::message::Types;
use super::reads::Read;
use super::value::{R, V, from_base64, list, map, text};
use super::{operators, time};

/// What can be wrong with a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Missing,
    WrongType,
    /// A wrong type at a place that declared tools see differently: it concerns who is asked.
    Disputed,
}

/// The types of contexts, and what is read of them.
pub(crate) struct Schema<'a> {
    types: &'a TypeTable,
    messages: Types,
    analysis: &'a Analysis,
    /// The type of the arguments of each declared tool.
    tools: BTreeMap<String, TypeId>,
    /// Where a whole context is a message.
    whole: Option<Whole>,
}

/// The message that a whole context is.
pub(crate) struct Whole {
    /// Its type.
    pub(crate) name: String,
    /// The fields that are read; of the others only the names are looked at.
    pub(crate) fields: BTreeSet<String>,
}

/// A context and its types.
pub(crate) struct Context<'a> {
    schema: &'a Schema<'a>,
    json: &'a Json,
    /// The type of the called tool's arguments, where the tool is declared.
    args: Option<TypeId>,
    /// The context, where that is a message.
    message: Option<R>,
    roots: RefCell<BTreeMap<RootId, Option<V>>>,
}

impl<'a> Schema<'a> {
    pub(crate) fn new(analysis: &'a Analysis, messages: Types, whole: Option<Whole>) -> Self {
        let tools = analysis.tools.iter().map(|tool| (tool.name.to_string(), tool.args)).collect();
        Self { types: &analysis.types, messages, analysis, tools, whole }
    }

    /// A wrong type at the place `names`.
    fn wrong(&self, names: &[&str]) -> Fault {
        let same = |a: &RecordField, b: &RecordField| self.same_field(a, b);
        let all = self.declared(names).is_none_or(|found| {
            let first = found.first().and_then(Option::as_ref);
            let other = |it: &Option<RecordField>| {
                first.is_some_and(|a| it.as_ref().is_some_and(|b| same(a, b)))
            };
            found.iter().all(other)
        });
        if all { Fault::WrongType } else { Fault::Disputed }
    }

    /// No object at the place `names`, below which somebody reads.
    fn no_object(&self, names: &[&str]) -> Fault {
        let is_object = |it: &Option<RecordField>| {
            let ty = it.as_ref().map(|field| self.types.get(field.ty));
            matches!(ty, Some(Type::Record(_) | Type::Map(..)))
        };
        let all = self.declared(names).is_none_or(|found| found.iter().all(is_object));
        if all { Fault::WrongType } else { Fault::Disputed }
    }

    /// What each declared tool says of a place in its arguments, if it is one.
    fn declared(&self, names: &[&str]) -> Option<Vec<Option<RecordField>>> {
        let names = match names {
            ["action"] => &[],
            ["action", "args", rest @ ..] => rest,
            _ => return None,
        };
        let of = |args: TypeId| {
            let mut found = RecordField::new(Name::new(""), args, true, None);
            for name in names {
                found = match self.types.get(found.ty) {
                    Type::Record(record) => match self.types.field(*record, name) {
                        Some(field) => field.clone(),
                        None => self.entry(self.types.records[*record].rest?),
                    },
                    Type::Map(_, value) => self.entry(*value),
                    Type::Dyn => self.entry(TypeTable::DYN),
                    _ => return None,
                };
            }
            Some(found)
        };
        (!self.tools.is_empty()).then(|| self.tools.values().map(|args| of(*args)).collect())
    }

    /// What the schemas of all documents say of a root: a bound of one holds for whoever reads it.
    fn bounds(&self, names: &[&str]) -> impl Iterator<Item = &RecordField> {
        let name = if let [name] = names { Some(*name) } else { None };
        let contexts = self.analysis.policies.iter().filter_map(|info| info.context);
        contexts.filter_map(move |context| match self.types.get(context) {
            Type::Record(record) => self.types.field(*record, name?),
            _ => None,
        })
    }

    fn entry(&self, ty: TypeId) -> RecordField {
        RecordField::new(Name::new(""), ty, false, None)
    }

    fn same_field(&self, a: &RecordField, b: &RecordField) -> bool {
        let most = |field: &RecordField| field.max_items.as_ref().map(|most| most.value);
        most(a) == most(b) && self.same(a.ty, b.ty)
    }

    /// Whether two types have the same values.
    fn same(&self, a: TypeId, b: TypeId) -> bool {
        match (self.types.get(a), self.types.get(b)) {
            (Type::List(a), Type::List(b))
            | (Type::Optional(a), Type::Optional(b))
            | (Type::Wrapper(a), Type::Wrapper(b)) => self.same(*a, *b),
            (Type::Map(k, v), Type::Map(l, w)) => self.same(*k, *l) && self.same(*v, *w),
            (Type::Record(a), Type::Record(b)) => {
                let (a, b) = (&self.types.records[*a], &self.types.records[*b]);
                let rest = match (a.rest, b.rest) {
                    (Some(a), Some(b)) => self.same(a, b),
                    (a, b) => a == b,
                };
                let same = |(a, b): (&RecordField, &RecordField)| {
                    a.name == b.name
                        && (a.required, a.sensitive) == (b.required, b.sensitive)
                        && self.same_field(a, b)
                };
                rest && a.fields.len() == b.fields.len() && a.fields.iter().zip(&b.fields).all(same)
            }
            (a, b) => a == b,
        }
    }
}

impl<'a> Context<'a> {
    pub(crate) fn new(schema: &'a Schema<'a>, json: &'a Json) -> Self {
        let called = json.pointer("/action/tool").and_then(Json::as_str);
        let args = called.and_then(|tool| schema.tools.get(tool)).copied();
        let message = schema.whole.as_ref();
        let message = message.map(|whole| whole.read(&schema.messages, json));
        Self { schema, json, args, message, roots: RefCell::new(BTreeMap::new()) }
    }

    /// The message types of the run.
    pub(crate) fn types(&self) -> &Types {
        &self.schema.messages
    }

    /// The value of a root; `None` where the context has none.
    pub(crate) fn root(&self, root: RootId) -> Option<V> {
        if let Some(known) = self.roots.borrow().get(&root) {
            return known.clone();
        }
        let value = self.read_root(root);
        self.roots.borrow_mut().insert(root, value.clone());
        value
    }

    fn read_root(&self, root: RootId) -> Option<V> {
        let root = &self.schema.analysis.roots[root];
        if let Some(message) = &self.message {
            let Ok(V::Message(message)) = message else { return Some(V::Bad) };
            return root.path.first().map(|name| message.get(name).unwrap_or(V::Bad));
        }
        let found = root.path.iter().try_fold(self.json, |json, key| json.get(key.as_str()))?;
        let names: Vec<&str> = root.path.iter().map(Name::as_str).collect();
        let ty = match (names.as_slice(), self.args) {
            (["action", "args"], Some(args)) => args,
            _ => root.ty,
        };
        let value = self.admit(found, ty);
        if let (["action"], Some(args), V::Map(entries)) = (names.as_slice(), self.args, &value) {
            let replaced = entries.iter().map(|(key, old)| {
                let given = found.get("args").filter(|_| key.equals(&text("args")));
                (key.clone(), given.map_or_else(|| old.clone(), |json| self.admit(json, args)))
            });
            return map(replaced.collect()).ok();
        }
        Some(value)
    }

    /// JSON as a value of type `ty`; parts that break their type become `V::Bad`.
    pub(crate) fn admit(&self, json: &Json, ty: TypeId) -> V {
        if is_withheld(json) {
            return V::Withheld;
        }
        match (self.schema.types.get(ty), json) {
            (Type::Dyn | Type::Param(_) | Type::Variable(_) | Type::Error, _) => free(json),
            (Type::Bool, Json::Bool(value)) => V::Bool(*value),
            (Type::Int, Json::Number(n)) => n.as_i64().or_else(|| whole(n)).map_or(V::Bad, V::Int),
            (Type::Uint, Json::Number(n)) => {
                n.as_u64().or_else(|| whole(n)).map_or(V::Bad, V::Uint)
            }
            (Type::Double, Json::Number(n)) => n.as_f64().map_or(V::Bad, V::Double),
            (Type::String, Json::String(value)) => text(value),
            (Type::Bytes, Json::String(value)) => {
                from_base64(value).map_or(V::Bad, |bytes| V::Bytes(Rc::from(bytes)))
            }
            (Type::Timestamp, Json::String(value)) => {
                time::parse_timestamp(value).map_or(V::Bad, V::Timestamp)
            }
            (Type::Duration, Json::String(value)) => {
                time::parse_duration(value).map_or(V::Bad, V::Duration)
            }
            (Type::Message(name), _) => self.types().read_json(name, json).unwrap_or(V::Bad),
            (Type::Enum(name), _) => self.types().read_enum(name, json).unwrap_or(V::Bad),
            (Type::Null | Type::Wrapper(_), Json::Null) => V::Null,
            (Type::Optional(_), Json::Null) => V::Opt(None),
            (Type::Optional(inner), _) => match self.admit(json, *inner) {
                V::Bad => V::Bad,
                value => V::Opt(Some(Rc::new(value))),
            },
            (Type::Wrapper(inner), _) => self.admit(json, *inner),
            (Type::List(element), Json::Array(elements)) => {
                list(elements.iter().map(|json| self.admit(json, *element)).collect())
            }
            (Type::Map(key, value), Json::Object(entries)) => {
                let entry = |(name, json): (&String, &Json)| {
                    Some((self.key(name, *key)?, self.admit(json, *value)))
                };
                let entries: Option<Vec<(V, V)>> = entries.iter().map(entry).collect();
                entries.and_then(|entries| map(entries).ok()).unwrap_or(V::Bad)
            }
            (Type::Record(record), Json::Object(entries)) => {
                object(entries.iter().map(|(key, json)| {
                    let declared = self.schema.types.field(*record, key).map(|field| field.ty);
                    let rest = self.schema.types.records[*record].rest;
                    let ty = declared.or(rest).unwrap_or(TypeTable::DYN);
                    (text(key), self.admit(json, ty))
                }))
            }
            _ => V::Bad,
        }
    }

    /// A key of a map: JSON spells all of them as strings.
    fn key(&self, name: &str, ty: TypeId) -> Option<V> {
        let converted = |to: &str| operators::convert(to, &text(name)).and_then(Result::ok);
        match (self.schema.types.get(ty), name) {
            (Type::Int, _) => converted("int"),
            (Type::Uint, _) => converted("uint"),
            (Type::Bool, "true") => Some(V::Bool(true)),
            (Type::Bool, "false") => Some(V::Bool(false)),
            (Type::Bool, _) => None,
            _ => Some(text(name)),
        }
    }

    /// What is wrong with a read: of what is missing, only if the schema requires all the way to
    /// it.
    pub(crate) fn fault(&self, read: &Read) -> Option<Fault> {
        if let Some(message) = &self.message {
            return message.is_err().then_some(Fault::WrongType);
        }
        let declared = &self.schema.analysis.roots[read.root()];
        let required = self.root_required(read);
        let missing = |depth: usize| (depth < required).then_some(Fault::Missing);
        let mut at = self.json;
        for (depth, key) in declared.path.iter().enumerate() {
            let Some(next) = at.get(key.as_str()) else { return missing(depth) };
            at = next;
        }
        let mut required = required == declared.path.len();
        // The arguments of a tool that is not declared are what its reader sees of all tools.
        let of_call = matches!(declared.path.as_slice(), [action, ..] if action == "action");
        let mut ty = if of_call { read.seen } else { declared.ty };
        let mut names: Vec<&str> = declared.path.iter().map(Name::as_str).collect();
        if self.schema.bounds(&names).any(|field| too_long(Some(field), at)) {
            return Some(self.schema.wrong(&names));
        }
        for (depth, name) in read.fields.iter().enumerate() {
            ty = self.args_type(&names).unwrap_or(ty);
            let types = self.schema.types;
            let (field, inner) = match types.get(ty) {
                Type::Record(record) => (types.field(*record, name), types.records[*record].rest),
                Type::Map(_, value) => (None, Some(*value)),
                _ => return None,
            };
            let Json::Object(entries) = at else { return Some(self.schema.no_object(&names)) };
            let may_lack = read.optional && depth + 1 == read.fields.len();
            required &= field.is_some_and(|field| field.required) && !may_lack;
            let Some(next) = entries.get(name.as_str()) else {
                return required.then_some(Fault::Missing);
            };
            names.push(name);
            if too_long(field, next) {
                return Some(self.schema.wrong(&names));
            }
            ty = field.map(|field| field.ty).or(inner)?;
            at = next;
        }
        ty = self.args_type(&names).unwrap_or(ty);
        // Of a message nothing can be read if any part of it is wrong.
        if read.shallow && !matches!(self.schema.types.get(ty), Type::Message(_)) {
            let object = matches!(self.schema.types.get(ty), Type::Record(_) | Type::Map(..));
            return (object && !at.is_object()).then(|| self.schema.no_object(&names));
        }
        let fault = match (&read.columns, names.as_slice()) {
            (Some(columns), _) => self.rows(at, ty, columns),
            (None, ["action"]) => self.call(at, ty),
            (None, _) => self.deep(at, ty),
        };
        fault.map(|_| self.schema.wrong(&names))
    }

    /// How many keys on the way to the root of a read must be there.
    fn root_required(&self, read: &Read) -> usize {
        let Some(mut ty) = read.context else { return 0 };
        let root = &self.schema.analysis.roots[read.root()];
        let is_record = matches!(self.schema.types.get(root.ty), Type::Record(_));
        if is_record && root.path == ["action", "args"] {
            return root.path.len();
        }
        for (depth, key) in root.path.iter().enumerate() {
            let Type::Record(record) = self.schema.types.get(ty) else { return depth };
            match self.schema.types.field(*record, key) {
                Some(field) if field.required => ty = field.ty,
                Some(_) | None => return depth,
            }
        }
        root.path.len()
    }

    /// Whether the schema requires all the way to a read.
    pub(crate) fn is_required(&self, read: &Read) -> bool {
        let root = &self.schema.analysis.roots[read.root()];
        let mut ty = root.ty;
        self.root_required(read) == root.path.len()
            && read.fields.iter().all(|name| {
                let Type::Record(record) = self.schema.types.get(ty) else { return false };
                let field = self.schema.types.field(*record, name);
                ty = field.map_or(ty, |field| field.ty);
                field.is_some_and(|field| field.required)
            })
    }

    fn args_type(&self, names: &[&str]) -> Option<TypeId> {
        if names == ["action", "args"] { self.args } else { None }
    }

    /// Checks a whole call, whose arguments are those of the called tool.
    fn call(&self, json: &Json, ty: TypeId) -> Option<Fault> {
        let (Type::Record(record), Json::Object(entries), Some(args)) =
            (self.schema.types.get(ty), json, self.args)
        else {
            return self.deep(json, ty);
        };
        let declared = self.schema.types.records[*record].fields.iter();
        let mut names: BTreeSet<Name> = declared.map(|field| field.name.clone()).collect();
        names.extend(entries.keys().map(|key| Name::new(key)));
        names.iter().find_map(|name| match (name.as_str(), entries.get(name.as_str())) {
            ("args", Some(json)) => self.deep(json, args),
            (_, json) => self.field(*record, name, json),
        })
    }

    /// Checks these fields of the objects in a list.
    fn rows(&self, json: &Json, ty: TypeId, columns: &BTreeSet<Name>) -> Option<Fault> {
        let types = self.schema.types;
        let (Type::List(element), Json::Array(rows)) = (types.get(ty), json) else {
            return Some(Fault::WrongType);
        };
        let Type::Record(record) = types.get(*element) else { return self.deep(json, ty) };
        rows.iter().find_map(|row| match row {
            Json::Object(entries) => columns
                .iter()
                .find_map(|name| self.field(*record, name, entries.get(name.as_str()))),
            _ => Some(Fault::WrongType),
        })
    }

    /// Checks what an object has under a name.
    fn field(&self, record: RecordId, name: &Name, json: Option<&Json>) -> Option<Fault> {
        let types = self.schema.types;
        let field = types.field(record, name);
        let Some(json) = json else {
            return field.filter(|field| field.required).map(|_| Fault::WrongType);
        };
        if too_long(field, json) {
            return Some(Fault::WrongType);
        }
        match field.map(|field| field.ty).or(types.records[record].rest) {
            Some(ty) => self.deep(json, ty),
            None => Some(Fault::WrongType),
        }
    }

    /// Checks a whole value: a part that it lacks, or that its type has not, is a wrong type of all
    /// of it.
    fn deep(&self, json: &Json, ty: TypeId) -> Option<Fault> {
        if is_withheld(json) {
            return None;
        }
        match (self.schema.types.get(ty), json) {
            (Type::Record(record), Json::Object(entries)) => {
                let declared = self.schema.types.records[*record].fields.iter();
                let mut names: BTreeSet<Name> = declared.map(|field| field.name.clone()).collect();
                names.extend(entries.keys().map(|key| Name::new(key)));
                names.iter().find_map(|name| self.field(*record, name, entries.get(name.as_str())))
            }
            (Type::Optional(inner), Json::Array(_) | Json::Object(_)) => self.deep(json, *inner),
            (Type::List(element), Json::Array(elements)) => {
                elements.iter().find_map(|json| self.deep(json, *element))
            }
            (Type::Map(key, value), Json::Object(entries)) => {
                entries.iter().find_map(|(name, json)| {
                    let wrong = self.key(name, *key).is_none().then_some(Fault::WrongType);
                    wrong.or_else(|| self.deep(json, *value))
                })
            }
            _ => matches!(self.admit(json, ty), V::Bad).then_some(Fault::WrongType),
        }
    }
}

impl Whole {
    /// The context as a message.
    fn read(&self, types: &Types, json: &Json) -> R {
        let none = EvalError::BadConversion;
        let of = types.pool.get_message_by_name(&self.name).ok_or(none)?;
        let Json::Object(entries) = json else { return Err(none) };
        let mut chosen = BTreeSet::new();
        let mut kept = serde_json::Map::new();
        for (key, value) in entries {
            let field = of.get_field_by_json_name(key).or_else(|| of.get_field_by_name(key));
            let choice = field.as_ref().and_then(FieldDescriptor::containing_oneof);
            if let Some(choice) = choice.filter(|_| !value.is_null())
                && !chosen.insert(choice.full_name().to_owned())
            {
                return Err(none);
            }
            let is_read = field.is_none_or(|field| self.fields.contains(field.name()));
            kept.insert(key.clone(), if is_read { value.clone() } else { Json::Null });
        }
        types.read_json(&self.name, &Json::Object(kept))
    }
}

/// A number that is spelled as a double and is an integer of this range.
fn whole<T: TryFrom<i128>>(number: &serde_json::Number) -> Option<T> {
    let double = number.as_f64().filter(|it| it.fract() == 0.0 && it.abs() < 1e20)?;
    T::try_from(double as i128).ok()
}

/// Whether a list has more elements than its field may.
fn too_long(field: Option<&RecordField>, json: &Json) -> bool {
    let most = field.and_then(|field| field.max_items.as_ref()).map(|most| most.value);
    let len = json.as_array().map(|elements| elements.len() as u64);
    most.zip(len).is_some_and(|(most, len)| len > most)
}

fn object(entries: impl Iterator<Item = (V, V)>) -> V {
    map(entries.collect()).unwrap_or(V::Bad)
}

/// JSON without a type: an int where it is spelled as one, a uint above the ints.
pub(crate) fn free(json: &Json) -> V {
    match json {
        Json::Null => V::Null,
        Json::Bool(value) => V::Bool(*value),
        Json::Number(n) => n
            .as_i64()
            .map(V::Int)
            .or_else(|| n.as_u64().map(V::Uint))
            .or_else(|| n.as_f64().map(V::Double))
            .unwrap_or(V::Bad),
        Json::String(value) => text(value),
        Json::Array(elements) => list(elements.iter().map(free).collect()),
        Json::Object(entries) => object(entries.iter().map(|(key, json)| (text(key), free(json)))),
    }
}

/// Whether a record withholds the value.
fn is_withheld(json: &Json) -> bool {
    json.get("$x").is_some()
}
