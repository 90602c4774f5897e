//! The context of the reference evaluator: JSON and types to values, and what is refused.
//!
//! In:      the context as JSON, the types of the roots and of the called tool's arguments.
//! Out:     values of roots; the reads of an expression; whether they break the schema.
//! Source:  design, "Missing input" and "Schema".

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use policyc::base::name::Name;
use policyc::compiler::check::analysis::{Analysis, MacroUse, ReasonPart, RootId, Use};
use policyc::compiler::syntax::ast::{Ast, ExprId, ExprKind};
use policyc::compiler::syntax::document::model::Parsed;
use policyc::lang::types::{RecordField, Type, TypeId, TypeTable};
use serde_json::Value as Json;

use super::time;
use super::value::{V, list, map, text};

/// What an expression reads of the context: a root and fields below it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Read {
    root: u32,
    fields: Vec<Name>,
    /// Only whether it is there, as the operand of `has`.
    shallow: bool,
    /// The last field may be absent, as in `a.?b`.
    optional: bool,
}

/// What can be wrong with a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Missing,
    WrongType,
}

/// The types of contexts, and what is read of them.
pub(crate) struct Schema<'a> {
    types: &'a TypeTable,
    analysis: &'a Analysis,
    ast: &'a Ast,
    /// The type of the arguments of each declared tool.
    tools: BTreeMap<String, TypeId>,
    /// The fields of object types that some expression selects.
    selected: BTreeMap<u32, BTreeSet<Name>>,
}

/// A context and its types.
pub(crate) struct Context<'a> {
    schema: &'a Schema<'a>,
    json: &'a Json,
    /// The type of the called tool's arguments, where the tool is declared.
    args: Option<TypeId>,
    roots: RefCell<BTreeMap<RootId, Option<V>>>,
}

impl<'a> Schema<'a> {
    pub(crate) fn new(parsed: &'a Parsed, analysis: &'a Analysis) -> Self {
        let tools = analysis.tools.iter().map(|tool| (tool.name.to_string(), tool.args)).collect();
        let mut selected: BTreeMap<u32, BTreeSet<Name>> = BTreeMap::new();
        for expr in &parsed.ast.exprs {
            if let ExprKind::Select { operand, field, .. } = &expr.kind
                && let Type::Record(record) = analysis.types.get(analysis.expr_types[*operand])
            {
                selected.entry(record.0).or_default().insert(field.name.clone());
            }
        }
        Self { types: &analysis.types, analysis, ast: &parsed.ast, tools, selected }
    }

    /// What `expr` reads, variables of policies included.
    pub(crate) fn reads(&self, expr: ExprId, out: &mut BTreeSet<Read>) {
        let used = &self.analysis.uses[expr];
        if *used == Use::Macro(MacroUse::Has) {
            let ExprKind::Call { args, .. } = self.ast.kind(expr) else { return };
            let [ExprId(_)] = args.as_slice() else { return };
            if let ExprKind::Select { operand, .. } = self.ast.kind(args[0]) {
                match self.chain(*operand) {
                    Some(read) => drop(out.insert(Read { shallow: true, ..read })),
                    None => self.reads(*operand, out),
                }
            }
            return;
        }
        if let Some(read) = self.chain(expr) {
            out.insert(read);
            return;
        }
        if let Use::Variable(variable) = used {
            self.reads(self.analysis.variables[*variable].expr, out);
            return;
        }
        if let Use::Decision(decision) = used {
            for part in &decision.reason {
                if let ReasonPart::Expr(expr) = part {
                    self.reads(*expr, out);
                }
            }
            return;
        }
        for child in self.ast.children(expr) {
            self.reads(child, out);
        }
    }
    fn chain(&self, expr: ExprId) -> Option<Read> {
        if let Use::Root(root) = &self.analysis.uses[expr] {
            return Some(Read {
                root: root.0,
                fields: Vec::new(),
                shallow: false,
                optional: false,
            });
        }
        let ExprKind::Select { operand, field, optional } = self.ast.kind(expr) else {
            return None;
        };
        let mut read = self.chain(*operand)?;
        let ty = self.analysis.types.get(self.analysis.expr_types[*operand]);
        if read.optional || !matches!(ty, Type::Record(_)) {
            return Some(read);
        }
        read.fields.push(field.name.clone());
        read.optional = *optional;
        Some(read)
    }
}

impl<'a> Context<'a> {
    pub(crate) fn new(schema: &'a Schema<'a>, json: &'a Json) -> Self {
        let called = json.pointer("/action/tool").and_then(Json::as_str);
        let args = called.and_then(|tool| schema.tools.get(tool)).copied();
        Self { schema, json, args, roots: RefCell::new(BTreeMap::new()) }
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
        match (self.schema.types.get(ty), json) {
            (Type::Dyn | Type::Param(_) | Type::Variable(_) | Type::Error, _) => free(json),
            (Type::Bool, Json::Bool(value)) => V::Bool(*value),
            (Type::Int, Json::Number(n)) => n.as_i64().map_or(V::Bad, V::Int),
            (Type::Uint, Json::Number(n)) => n.as_u64().map_or(V::Bad, V::Uint),
            (Type::Double, Json::Number(n)) => n.as_f64().map_or(V::Bad, V::Double),
            (Type::String, Json::String(value)) => text(value),
            (Type::Timestamp, Json::String(value)) => {
                time::parse_timestamp(value).map_or(V::Bad, V::Timestamp)
            }
            (Type::Duration, Json::String(value)) => {
                time::parse_duration(value).map_or(V::Bad, V::Duration)
            }
            (Type::Null | Type::Wrapper(_) | Type::Optional(_), Json::Null) => V::Null,
            (Type::Wrapper(inner), _) => self.admit(json, *inner),
            (Type::List(element), Json::Array(elements)) => {
                list(elements.iter().map(|json| self.admit(json, *element)).collect())
            }
            (Type::Map(_, value), Json::Object(entries)) => {
                object(entries.iter().map(|(key, json)| (text(key), self.admit(json, *value))))
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

    /// What is wrong with a read.
    pub(crate) fn fault(&self, read: &Read) -> Option<Fault> {
        let root = RootId(read.root);
        let declared = &self.schema.analysis.roots[root];
        let Some(mut at) =
            declared.path.iter().try_fold(self.json, |json, key| json.get(key.as_str()))
        else {
            let required = *self.schema.types.get(declared.ty) != Type::Dyn;
            return required.then_some(Fault::Missing);
        };
        let mut ty = declared.ty;
        let mut names: Vec<&str> = declared.path.iter().map(Name::as_str).collect();
        for (depth, name) in read.fields.iter().enumerate() {
            ty = self.args_type(&names).unwrap_or(ty);
            let Type::Record(record) = self.schema.types.get(ty) else { return None };
            let Json::Object(entries) = at else { return Some(Fault::WrongType) };
            let field = self.schema.types.field(*record, name);
            let Some(next) = entries.get(name.as_str()) else {
                let asked = depth + 1 < read.fields.len() || !read.optional;
                let required = field.is_some_and(|field| field.required);
                return (asked && required).then_some(Fault::Missing);
            };
            if too_long(field, next) {
                return Some(Fault::WrongType);
            }
            names.push(name);
            ty = field.map(|field| field.ty).or(self.schema.types.records[*record].rest)?;
            at = next;
        }
        ty = self.args_type(&names).unwrap_or(ty);
        if read.shallow {
            let object = matches!(self.schema.types.get(ty), Type::Record(_) | Type::Map(..));
            return (object && !at.is_object()).then_some(Fault::WrongType);
        }
        self.deep(at, ty, false)
    }

    fn args_type(&self, names: &[&str]) -> Option<TypeId> {
        if names == ["action", "args"] { self.args } else { None }
    }

    /// Checks a whole value. Of the objects in a list only those fields count that are read.
    fn deep(&self, json: &Json, ty: TypeId, in_list: bool) -> Option<Fault> {
        match (self.schema.types.get(ty), json) {
            (Type::Record(record), Json::Object(entries)) => {
                let fields = &self.schema.types.records[*record].fields;
                let read = self.schema.selected.get(&record.0);
                let counts = |name: &Name| !in_list || read.is_some_and(|set| set.contains(name));
                fields.iter().filter(|field| counts(&field.name)).find_map(|field| {
                    match entries.get(field.name.as_str()) {
                        Some(json) if too_long(Some(field), json) => Some(Fault::WrongType),
                        Some(json) => self.deep(json, field.ty, in_list),
                        None => field.required.then_some(Fault::Missing),
                    }
                })
            }
            (Type::List(element), Json::Array(elements)) => {
                elements.iter().find_map(|json| self.deep(json, *element, true))
            }
            (Type::Map(_, value), Json::Object(entries)) => {
                entries.values().find_map(|json| self.deep(json, *value, in_list))
            }
            _ => matches!(self.admit(json, ty), V::Bad).then_some(Fault::WrongType),
        }
    }
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
