//! What CEL calls the types of messages and of their fields.
//!
//! Source: CEL language definition, "Protocol Buffer Data Conversion"; enums are ints unless the
//!         environment gives them types of their own.

use crate::base::name::Name;
use crate::compiler::check::schema::written;
use crate::lang::messages::{FieldKind, MessageField, Messages, Presence};
use crate::lang::types::{Type, TypeId, TypeTable};

/// The type of the messages with this full name: those that CEL converts have another one.
pub(in crate::compiler::check) fn message_type(types: &mut TypeTable, name: &Name) -> TypeId {
    written::well_known(types, name).unwrap_or_else(|| types.intern(Type::Message(name.clone())))
}

/// The type of the values of the enum with this full name.
pub(in crate::compiler::check) fn enum_type(
    types: &mut TypeTable,
    messages: &Messages,
    name: &Name,
) -> TypeId {
    if messages.strong_enums { types.intern(Type::Enum(name.clone())) } else { TypeTable::INT }
}

/// The type of what a selection of the field of one of `messages` yields.
pub(in crate::compiler::check) fn field_type(
    types: &mut TypeTable,
    messages: &Messages,
    field: &MessageField,
) -> TypeId {
    let single = kind_type(types, messages, &field.kind);
    match &field.presence {
        Presence::Implicit | Presence::Explicit | Presence::Oneof(_) => single,
        Presence::Repeated => types.list(single),
        Presence::Map(key) => {
            let key = kind_type(types, messages, key);
            types.map(key, single)
        }
    }
}

fn kind_type(types: &mut TypeTable, messages: &Messages, kind: &FieldKind) -> TypeId {
    match kind {
        FieldKind::Double | FieldKind::Float => TypeTable::DOUBLE,
        FieldKind::Int32
        | FieldKind::Int64
        | FieldKind::Sint32
        | FieldKind::Sint64
        | FieldKind::Sfixed32
        | FieldKind::Sfixed64 => TypeTable::INT,
        FieldKind::Uint32 | FieldKind::Uint64 | FieldKind::Fixed32 | FieldKind::Fixed64 => {
            TypeTable::UINT
        }
        FieldKind::Bool => TypeTable::BOOL,
        FieldKind::String => TypeTable::STRING,
        FieldKind::Bytes => TypeTable::BYTES,
        FieldKind::Message { kind: name, .. } => message_type(types, name),
        FieldKind::Enum(name) => enum_type(types, messages, name),
    }
}
