//! The tables that functions and rules point into, each entry once.
//!
//! Strings get provisional numbers here; `finish` sorts them and renumbers everything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::base::arrange::Arrange as _;
use crate::base::name::Name;
use crate::compiler::check::analysis::{Analysis, HostId};
use crate::compiler::emit::function::FunctionBuilder;
use crate::compiler::emit::messages::MessageTables;
use crate::compiler::emit::shape::{Bindings, bindings, shape_of};
use crate::compiler::ir::{Ir, NodeId, NodeKind, Relation};
use crate::compiler::syntax::ast::ExprId;
use crate::lang::constant::Constant;
use crate::lang::messages::Messages;
use crate::lang::pattern;
use crate::lang::types::{RecordField, Type, TypeId, TypeTable};
use crate::runtime::bundle::module::{
    EscalationRow, FieldRow, FunctionKind, HostRow, KeyedType, NONE, Pattern, Redaction, Str,
    TemplatePart, TypeRow,
};

/// A finished function.
#[derive(Debug)]
pub(crate) struct FinishedFunction {
    pub(crate) kind: FunctionKind,
    pub(crate) builder: FunctionBuilder,
    pub(crate) name: String,
    pub(crate) memo: bool,
    pub(crate) origin: ExprId,
}

/// The tables of a module under construction.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) strings: Interned<String>,
    pub(crate) types: Interned<TypeRow>,
    pub(crate) constants: Vec<Constant>,
    constant_ids: FxHashMap<Vec<u8>, u16>,
    pub(crate) sets: Interned<Vec<u16>>,
    pub(crate) patterns: Vec<Pattern>,
    /// What those without a dense automaton take.
    pub(crate) simulated_bytes: usize,
    pattern_ids: FxHashMap<String, u16>,
    pub(crate) dispatch: Interned<Vec<u16>>,
    pub(crate) hosts: Vec<HostRow>,
    host_ids: FxHashMap<HostId, u16>,
    pub(crate) escalations: Interned<EscalationRow>,
    pub(crate) templates: Interned<Vec<TemplatePart>>,
    pub(crate) keyed: Interned<KeyedType>,
    /// Atoms: the first place of each.
    pub(crate) atoms: Vec<ExprId>,
    atom_ids: FxHashMap<String, u16>,
    /// What locals are bound to, once an atom was asked for.
    bound: Option<Bindings>,
    converted: FxHashMap<TypeId, u16>,
    pub(crate) messages: MessageTables,
    pub(crate) redactions: Vec<Redaction>,
    /// Whether a table got more entries than an operand can name.
    pub(crate) overflow: bool,
}

/// Entries in order of first use.
#[derive(Debug)]
pub(crate) struct Interned<T> {
    pub(crate) entries: Vec<T>,
    ids: BTreeMap<T, u32>,
}

impl<T> Default for Interned<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), ids: BTreeMap::new() }
    }
}

impl<T: Ord + Clone> Interned<T> {
    pub(crate) fn id(&mut self, entry: T) -> u32 {
        if let Some(id) = self.ids.get(&entry) {
            return *id;
        }
        let id = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        self.entries.push(entry.clone());
        self.ids.insert(entry, id);
        id
    }
}

impl Tables {
    /// Empty tables of a project with these messages.
    pub(crate) fn of(known: Arc<Messages>) -> Self {
        let mut tables = Self::default();
        tables.messages.known = known;
        tables
    }

    /// The number of a string.
    pub(crate) fn string(&mut self, text: &str) -> Str {
        self.strings.id(text.to_owned())
    }

    fn narrow(&mut self, id: u32) -> u16 {
        let id = u16::try_from(id).unwrap_or(NONE);
        self.overflow |= id == NONE;
        id
    }

    /// The number of a constant.
    pub(crate) fn constant(&mut self, constant: &Constant) -> u16 {
        let key = constant.key();
        if let Some(id) = self.constant_ids.get(&key) {
            return *id;
        }
        let id = u32::try_from(self.constants.len()).unwrap_or(u32::MAX);
        let id = self.narrow(id);
        self.constants.push(constant.clone());
        self.enums_of(constant);
        self.constant_ids.insert(key, id);
        id
    }

    /// The number of a constant set: of a list of scalars, or of the keys of a map.
    pub(crate) fn set(&mut self, container: &Constant) -> Option<u16> {
        let is_scalar = |it: &&Constant| {
            !matches!(it, Constant::List(_) | Constant::Map(_) | Constant::Optional(_))
        };
        let members: Vec<&Constant> = match container {
            Constant::List(elements) => elements.iter().collect(),
            Constant::Map(entries) => entries.iter().map(|(key, _)| key).collect(),
            _ => return None,
        };
        if !members.iter().all(is_scalar) {
            return None;
        }
        let mut set: Vec<u16> = members.into_iter().map(|it| self.constant(it)).collect();
        set.arrange();
        set.dedup();
        let id = self.sets.id(set);
        Some(self.narrow(id))
    }

    /// The number of a pattern; `None` where RE2 does not have it, which the checker has said.
    pub(crate) fn pattern(&mut self, text: &str) -> Option<u16> {
        if let Some(id) = self.pattern_ids.get(text) {
            return Some(*id);
        }
        let automaton = pattern::compile(text).ok()?;
        self.simulated_bytes += automaton.simulated_bytes();
        let automaton = automaton.to_bytes().unwrap_or_default();
        let row = Pattern { text: self.string(text), automaton };
        let id = u32::try_from(self.patterns.len()).unwrap_or(u32::MAX);
        let id = self.narrow(id);
        self.patterns.push(row);
        self.pattern_ids.insert(text.to_owned(), id);
        Some(id)
    }

    /// The number of a list of builtin rows.
    pub(crate) fn dispatch(&mut self, rows: &[u16]) -> u16 {
        let mut rows = rows.to_vec();
        rows.arrange();
        rows.dedup();
        let id = self.dispatch.id(rows);
        self.narrow(id)
    }

    /// The number of a host function.
    pub(crate) fn host(&mut self, analysis: &Analysis, host: HostId) -> u16 {
        if let Some(id) = self.host_ids.get(&host) {
            return *id;
        }
        let declared = &analysis.hosts[host];
        let row = HostRow {
            name: self.string(&declared.name),
            params: declared.params.iter().map(|ty| self.type_row(&analysis.types, *ty)).collect(),
            result: self.type_row(&analysis.types, declared.result),
            is_async: declared.wait.is_async,
            timeout_ns: declared.wait.timeout_ns,
        };
        let id = u32::try_from(self.hosts.len()).unwrap_or(u32::MAX);
        let id = self.narrow(id);
        self.hosts.push(row);
        self.host_ids.insert(host, id);
        id
    }

    /// The number of an escalation.
    pub(crate) fn escalation(&mut self, row: EscalationRow) -> u16 {
        let id = self.escalations.id(row);
        self.narrow(id)
    }

    /// The number of a message template.
    pub(crate) fn template(&mut self, parts: Vec<TemplatePart>) -> u16 {
        let id = self.templates.id(parts);
        self.narrow(id)
    }

    /// The number of a type that hangs on what a slot holds.
    pub(crate) fn keyed(&mut self, row: KeyedType) -> u16 {
        let id = self.keyed.id(row);
        self.narrow(id)
    }

    /// The atom that `node` is: equal normal forms share a number.
    pub(crate) fn atom(&mut self, ir: &Ir, node: NodeId, analysis: &Analysis) -> u16 {
        let bound = self.bound.get_or_insert_with(|| bindings(ir));
        let shape = shape_of(ir, bound, node, analysis);
        if let Some(id) = self.atom_ids.get(&shape) {
            return *id;
        }
        let id = u32::try_from(self.atoms.len()).unwrap_or(u32::MAX);
        let id = self.narrow(id);
        self.atoms.push(ir.nodes[node].origin);
        self.atom_ids.insert(shape, id);
        id
    }

    /// Whether `node` is a local that is bound to `a != b`. That is decided where it is bound, as
    /// an equality that does not hold; the local, which holds it, would be the same atom the other
    /// way round.
    pub(crate) fn is_inverse(&mut self, ir: &Ir, node: NodeId) -> bool {
        let bound = self.bound.get_or_insert_with(|| bindings(ir));
        let mut node = node;
        while let NodeKind::Local(local) = ir.kind(node) {
            let Some(value) = bound.get(local) else { return false };
            if matches!(ir.kind(*value), NodeKind::Compare(Relation::NotEqual, ..)) {
                return true;
            }
            node = *value;
        }
        false
    }

    /// The row of a type: what a value of it looks like at run time. Depth is bounded, because
    /// types of a checked schema do not contain themselves.
    pub(crate) fn type_row(&mut self, types: &TypeTable, ty: TypeId) -> u16 {
        if let Some(row) = self.converted.get(&ty) {
            return *row;
        }
        let row = match types.get(ty) {
            Type::Null => TypeRow::Null,
            Type::Bool => TypeRow::Bool,
            Type::Int => TypeRow::Int,
            Type::Uint => TypeRow::Uint,
            Type::Double => TypeRow::Double,
            Type::String => TypeRow::String,
            Type::Bytes => TypeRow::Bytes,
            Type::Timestamp => TypeRow::Timestamp,
            Type::Duration => TypeRow::Duration,
            Type::Type(_) => TypeRow::Type,
            Type::Wrapper(inner) => TypeRow::Nullable(self.type_row(types, *inner)),
            Type::Optional(inner) => TypeRow::Optional(self.type_row(types, *inner)),
            Type::List(inner) => TypeRow::List(self.type_row(types, *inner), None),
            Type::Map(key, value) => {
                TypeRow::Map(self.type_row(types, *key), self.type_row(types, *value))
            }
            Type::Record(record) => {
                let record = &types.records[*record];
                let fields = record.fields.iter().filter(|field| !field.response_only);
                let rest = record.rest.or(record.partial.then_some(TypeTable::DYN));
                TypeRow::Record {
                    fields: fields.map(|field| self.field_row(types, field)).collect(),
                    rest: rest.map_or(NONE, |rest| self.type_row(types, rest)),
                }
            }
            Type::Message(name) => TypeRow::Message(self.message(name)),
            Type::Enum(name) => TypeRow::Enum(self.enumeration(name)),
            // An opaque value of ours is text; what is not known at run time is anything.
            Type::Dyn
            | Type::Error
            | Type::Decision
            | Type::Opaque(..)
            | Type::Param(_)
            | Type::Variable(_) => TypeRow::Dyn,
        };
        let id = self.row(row);
        self.converted.insert(ty, id);
        id
    }

    /// The row of an object type of which only the fields `names` count; `None` for other types.
    pub(crate) fn part_row(
        &mut self,
        types: &TypeTable,
        ty: TypeId,
        names: &BTreeSet<Name>,
    ) -> Option<u16> {
        let fields = types.fields(ty)?.iter().filter(|field| names.contains(&field.name));
        let fields = fields.map(|field| self.field_row(types, field)).collect();
        let rest = self.row(TypeRow::Dyn);
        Some(self.row(TypeRow::Record { fields, rest }))
    }

    /// The row of an object type, without what it does not name, and with `args` for the type of
    /// its field `args`, if it has one.
    pub(crate) fn closed_row(&mut self, types: &TypeTable, ty: TypeId, args: Option<u16>) -> u16 {
        let Type::Record(record) = types.get(ty) else { return self.type_row(types, ty) };
        let record = types.object(*record);
        let fields = record.fields.iter().filter(|field| !field.response_only);
        let mut rows: Vec<FieldRow> =
            fields.clone().map(|field| self.field_row(types, field)).collect();
        for (row, field) in rows.iter_mut().zip(fields) {
            row.ty = args.filter(|_| field.name == "args").unwrap_or(row.ty);
        }
        let rest = record.rest.map_or(NONE, |rest| self.type_row(types, rest));
        self.row(TypeRow::Record { fields: rows, rest })
    }

    fn field_row(&mut self, types: &TypeTable, field: &RecordField) -> FieldRow {
        let ty = self.type_row(types, field.ty);
        FieldRow {
            name: self.string(&field.name),
            ty: self.bounded(ty, field.max_items.as_ref().map(|it| it.value)),
            required: field.required,
            sensitive: field.sensitive,
        }
    }

    /// The list type `ty` with at most `bound` elements; other types stay as they are.
    pub(crate) fn bounded(&mut self, ty: u16, bound: Option<u64>) -> u16 {
        let bound = bound.and_then(|bound| u32::try_from(bound).ok());
        match (self.types.entries.get(usize::from(ty)), bound) {
            (Some(TypeRow::List(element, _)), Some(_)) => {
                let element = *element;
                self.row(TypeRow::List(element, bound))
            }
            _ => ty,
        }
    }

    /// The number of a type row.
    pub(crate) fn row(&mut self, row: TypeRow) -> u16 {
        let id = self.types.id(row);
        self.narrow(id)
    }
}
