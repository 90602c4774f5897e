//! What CEL calls the types of messages and of their fields.
//!
//! Source: CEL language definition, "Protocol Buffer Data Conversion"; enums are ints.

use crate::base::name::Name;
use crate::compiler::check::schema::written;
use crate::lang::messages::{FieldKind, MessageField, Presence};
use crate::lang::types::{Type, TypeId, TypeTable};

/// The type of the messages with this full name: those that CEL converts have another one.
pub(in crate::compiler::check) fn message_type(types: &mut TypeTable, name: &Name) -> TypeId {
    written::well_known(types, name).unwrap_or_else(|| types.intern(Type::Message(name.clone())))
}

/// The type of what a selection of the field yields.
pub(in crate::compiler::check) fn field_type(
    types: &mut TypeTable,
    field: &MessageField,
) -> TypeId {
    let single = kind_type(types, &field.kind);
    match &field.presence {
        Presence::Implicit | Presence::Explicit | Presence::Oneof(_) => single,
        Presence::Repeated => types.list(single),
        Presence::Map(key) => {
            let key = kind_type(types, key);
            types.map(key, single)
        }
    }
}

fn kind_type(types: &mut TypeTable, kind: &FieldKind) -> TypeId {
    match kind {
        FieldKind::Double | FieldKind::Float => TypeTable::DOUBLE,
        FieldKind::Int32
        | FieldKind::Int64
        | FieldKind::Sint32
        | FieldKind::Sint64
        | FieldKind::Sfixed32
        | FieldKind::Sfixed64
        | FieldKind::Enum(_) => TypeTable::INT,
        FieldKind::Uint32 | FieldKind::Uint64 | FieldKind::Fixed32 | FieldKind::Fixed64 => {
            TypeTable::UINT
        }
        FieldKind::Bool => TypeTable::BOOL,
        FieldKind::String => TypeTable::STRING,
        FieldKind::Bytes => TypeTable::BYTES,
        FieldKind::Message { name, .. } => message_type(types, name),
    }
}
