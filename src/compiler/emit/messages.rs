//! Messages: the tables of their types, and the code of literals and fields.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::base::arrange::Arrange as _;
use crate::base::name::Name;
use crate::compiler::emit::function::{Dest, Draft, Ref};
use crate::compiler::emit::generator::Generator;
use crate::compiler::emit::tables::Tables;
use crate::compiler::ir::NodeId;
use crate::compiler::syntax::ast::ExprId;
use crate::lang::constant::Constant;
use crate::lang::messages::{self, MessageField, Messages};
use crate::lang::opcodes::{Op, X_OPTIONAL};
use crate::lang::types::Type;
use crate::lang::value::message::{Kind, Presence, WellKnown};
use crate::runtime::bundle::module::{EnumRow, MessageFieldRow, MessageRow, NONE, TypeRow};

/// The message and enum types that a bundle uses: in order of first use, `annotate` sorts them.
/// What the fields of a message name is in it too, and whatever an `Any` may hold.
#[derive(Debug, Default)]
pub(crate) struct MessageTables {
    /// All that the project has.
    pub(crate) known: Arc<Messages>,
    pub(crate) rows: Vec<MessageRow>,
    pub(crate) fields: Vec<MessageFieldRow>,
    pub(crate) enums: Vec<EnumRow>,
    /// Messages by name; those without a row yet wait behind the others.
    ids: FxHashMap<Name, u16>,
    waiting: Vec<Name>,
    enum_ids: FxHashMap<Name, u16>,
    /// Whether somebody is making rows already.
    busy: bool,
}

impl Tables {
    /// The number of a message type.
    pub(crate) fn message(&mut self, name: &Name) -> u16 {
        if let Some(id) = self.messages.ids.get(name) {
            return *id;
        }
        let id = u16::try_from(self.messages.ids.len()).unwrap_or(NONE);
        self.overflow |= id == NONE;
        self.messages.ids.insert(name.clone(), id);
        self.messages.waiting.push(name.clone());
        if !std::mem::replace(&mut self.messages.busy, true) {
            let mut next = 0;
            while let Some(name) = self.messages.waiting.get(next).cloned() {
                self.message_row(&name);
                next += 1;
            }
            self.messages.waiting.clear();
            self.messages.busy = false;
        }
        id
    }

    /// Makes the row of a message, and those of its fields.
    fn message_row(&mut self, name: &Name) {
        let known = Arc::clone(&self.messages.known);
        let own = known.message(name).map(|it| it.fields.as_slice()).unwrap_or_default();
        let extensions = known.extensions.iter().filter(|it| it.extends == *name);
        let mut fields: Vec<&MessageField> =
            own.iter().chain(extensions.map(|it| &it.field)).collect();
        fields.arrange_by_key(|field| field.number);
        let mut choices: Vec<&Name> = Vec::new();
        let first = self.messages.fields.len();
        for field in fields {
            let choice = if let Presence::Oneof(choice) = &field.presence {
                let known = choices.iter().position(|it| *it == choice);
                known.unwrap_or_else(|| {
                    choices.push(choice);
                    choices.len() - 1
                })
            } else {
                0
            };
            self.field_of(field, u16::try_from(choice).unwrap_or(NONE));
        }
        let count = self.messages.fields.len() - first;
        let row = MessageRow {
            name: self.string(name),
            first_field: u16::try_from(first).unwrap_or(NONE),
            fields: u16::try_from(count).unwrap_or(NONE),
        };
        self.overflow |= row.first_field == NONE || row.fields == NONE;
        self.messages.rows.push(row);
        if WellKnown::of(name) == WellKnown::Any {
            for other in &known.messages {
                self.message(&other.name);
            }
        }
    }

    fn field_of(&mut self, field: &MessageField, choice: u16) {
        let kind = self.kind(&field.kind);
        let single = self.kind_row(kind, &field.kind);
        let (presence, ty) = match &field.presence {
            Presence::Implicit => (Presence::Implicit, single),
            Presence::Explicit => (Presence::Explicit, single),
            Presence::Oneof(_) => (Presence::Oneof(choice), single),
            Presence::Repeated => (Presence::Repeated, self.row(TypeRow::List(single, None))),
            Presence::Map(of) => {
                let key = self.kind(of);
                let row = self.kind_row(key, of);
                (Presence::Map(key), self.row(TypeRow::Map(row, single)))
            }
        };
        let default = field.default.as_ref().map_or(NONE, |it| self.constant(it));
        let (name, json) = (self.string(&field.name), self.string(&field.json));
        let number = field.number;
        let row = MessageFieldRow { name, json, number, kind, presence, default, ty };
        self.messages.fields.push(row);
    }

    fn kind(&mut self, kind: &messages::FieldKind) -> Kind {
        let message = |tables: &mut Self, name: &Name| tables.message(name).into();
        kind.map(self, message, |tables, name| tables.enumeration(name).into())
    }

    /// The row of the type of what a single value of a field is.
    fn kind_row(&mut self, kind: Kind, declared: &messages::FieldKind) -> u16 {
        let row = match (kind, declared) {
            (Kind::Message { kind, .. }, Kind::Message { kind: name, .. }) => {
                match WellKnown::of(name) {
                    WellKnown::Plain => TypeRow::Message(u16::try_from(kind).unwrap_or(NONE)),
                    WellKnown::Any | WellKnown::Value => TypeRow::Dyn,
                    WellKnown::Timestamp => TypeRow::Timestamp,
                    WellKnown::Duration => TypeRow::Duration,
                    WellKnown::Wrapper(of) => TypeRow::Nullable(self.row(scalar_row(of))),
                    WellKnown::Struct => {
                        let (key, value) = (self.row(TypeRow::String), self.row(TypeRow::Dyn));
                        TypeRow::Map(key, value)
                    }
                    WellKnown::List => TypeRow::List(self.row(TypeRow::Dyn), None),
                }
            }
            (Kind::Enum(of), _) if self.messages.known.strong_enums => {
                TypeRow::Enum(u16::try_from(of).unwrap_or(NONE))
            }
            (kind, _) => scalar_row(kind),
        };
        self.row(row)
    }

    /// The number of an enum.
    pub(crate) fn enumeration(&mut self, name: &Name) -> u16 {
        if let Some(id) = self.messages.enum_ids.get(name) {
            return *id;
        }
        let known = Arc::clone(&self.messages.known);
        let of = known.enumeration(name);
        let values = of.map(|of| of.values.as_slice()).unwrap_or_default();
        let row = EnumRow {
            name: self.string(name),
            values: values.iter().map(|(name, number)| (self.string(name), *number)).collect(),
            closed: of.is_some_and(|of| of.closed),
            strong: known.strong_enums,
        };
        let id = u16::try_from(self.messages.enums.len()).unwrap_or(NONE);
        self.overflow |= id == NONE;
        self.messages.enums.push(row);
        self.messages.enum_ids.insert(name.clone(), id);
        id
    }

    /// Sees to it that the enums of the values in a constant are there.
    pub(crate) fn enums_of(&mut self, constant: &Constant) {
        match constant {
            Constant::Enum(name, _) => {
                self.enumeration(name);
            }
            Constant::List(elements) => elements.iter().for_each(|it| self.enums_of(it)),
            Constant::Map(entries) => entries.iter().for_each(|(_, it)| self.enums_of(it)),
            Constant::Optional(Some(held)) => self.enums_of(held),
            _ => {}
        }
    }

    /// The number of field `field` of message `name`, or of its extension.
    fn field(&mut self, name: &Name, field: &str) -> Option<u16> {
        let of = usize::from(self.message(name));
        let text = self.string(field);
        let row = self.messages.rows.get(of)?;
        let first = usize::from(row.first_field);
        let rows = self.messages.fields.get(first..first + usize::from(row.fields))?;
        let at = rows.iter().position(|row| row.name == text)?;
        u16::try_from(first + at).ok()
    }
}

const fn scalar_row(kind: Kind) -> TypeRow {
    match kind {
        Kind::Double | Kind::Float => TypeRow::Double,
        Kind::Int32
        | Kind::Int64
        | Kind::Sint32
        | Kind::Sint64
        | Kind::Sfixed32
        | Kind::Sfixed64
        | Kind::Enum(_) => TypeRow::Int,
        Kind::Uint32 | Kind::Uint64 | Kind::Fixed32 | Kind::Fixed64 => TypeRow::Uint,
        Kind::Bool => TypeRow::Bool,
        Kind::String => TypeRow::String,
        Kind::Bytes => TypeRow::Bytes,
        Kind::Message { .. } => TypeRow::Dyn,
    }
}

impl Generator<'_> {
    /// The field `key` of `operand`, where that is known to be a message.
    pub(crate) fn message_field(&mut self, operand: NodeId, key: &str) -> Option<u16> {
        let types = &self.analysis.types;
        let Type::Message(name) = types.get(self.ir.nodes[operand].ty) else { return None };
        self.tables.field(name, key)
    }

    /// A message with these fields.
    pub(crate) fn message(
        &mut self,
        name: &Name,
        fields: &[(Name, NodeId, bool)],
        want: Option<u16>,
        e: Dest,
        origin: ExprId,
    ) -> Ref {
        let into = self.into(want);
        let b = self.build(origin);
        for (field, value, optional) in fields {
            let Some(field) = self.tables.field(name, field) else { continue };
            let mark = self.f.mark();
            let a = self.value(*value, None, e);
            let c = Ref::Index(field);
            let draft = Draft { a, b, c, e, ..Draft::new(Op::PutField, origin) };
            self.f.push(Draft { x: if *optional { X_OPTIONAL } else { 0 }, ..draft });
            self.f.release(mark);
        }
        let a = Ref::Index(self.tables.message(name));
        self.f.push(Draft { a, b, c: into, e, ..Draft::new(Op::EndMessage, origin) });
        self.f.release_cursor();
        into
    }

    /// The value of enum `name` that `operand` is the number or the name of.
    pub(crate) fn enum_of(
        &mut self,
        name: &Name,
        operand: NodeId,
        want: Option<u16>,
        e: Dest,
        origin: ExprId,
    ) -> Ref {
        let a = self.value(operand, None, e);
        let b = Ref::Index(self.tables.enumeration(name));
        let c = self.into(want);
        self.f.push(Draft { a, b, c, e, ..Draft::new(Op::ToEnum, origin) });
        c
    }
}
