//! Descriptors to tables.
//!
//! In:      linked descriptors, and where their parts are written.
//! Out:     `Messages`, sorted by name whatever the order of files.
//! Imports: `base`, `lang`.

use protox::prost_reflect::prost_types::FieldDescriptorProto;
use protox::prost_reflect::{
    Cardinality, DescriptorPool, EnumDescriptor, ExtensionDescriptor, FieldDescriptor, Kind,
    MessageDescriptor, Syntax, Value,
};
use rustc_hash::FxHashMap;

use crate::base::arrange::Arrange as _;
use crate::base::name::Name;
use crate::base::span::Span;
use crate::compiler::check::schema::proto::parse::FilePlaces;
use crate::lang::constant::Constant;
use crate::lang::messages::{
    Enum, Extension, FieldKind, Message, MessageField, Messages, Presence,
};

/// The places of all files.
pub(super) struct Places<'p> {
    /// By the name of the file in its descriptor.
    pub(super) files: FxHashMap<&'p str, &'p FilePlaces>,
}

impl Places<'_> {
    /// Where the part at `path` of `file` is declared; `None` for what is built in.
    fn of(&self, file: &str, path: &[i32]) -> Option<Span> {
        Some(self.files.get(file)?.of(path))
    }
}

/// All types of the pool.
pub(super) fn tables(pool: &DescriptorPool, places: &Places<'_>) -> Messages {
    let messages = pool.all_messages().filter(|it| !it.is_map_entry());
    let mut tables = Messages {
        messages: messages.map(|it| message(&it, places)).collect(),
        enums: pool.all_enums().map(|it| enumeration(&it, places)).collect(),
        extensions: pool.all_extensions().map(|it| extension(&it, places)).collect(),
        strong_enums: false,
    };
    tables.messages.arrange_by(|a, b| a.name.cmp(&b.name));
    tables.enums.arrange_by(|a, b| a.name.cmp(&b.name));
    tables.extensions.arrange_by(|a, b| a.field.name.cmp(&b.field.name));
    tables
}

fn message(of: &MessageDescriptor, places: &Places<'_>) -> Message {
    let file = of.parent_file();
    let mut fields: Vec<MessageField> =
        of.fields().map(|it| field(&it, file.name(), places)).collect();
    fields.arrange_by(|a, b| a.name.cmp(&b.name));
    let span = places.of(file.name(), of.path());
    Message { name: Name::new(of.full_name()), fields, span }
}

fn field(of: &FieldDescriptor, file: &str, places: &Places<'_>) -> MessageField {
    let entry = if of.is_map() { of.kind().as_message().cloned() } else { None };
    let (single, presence) = match &entry {
        Some(entry) => {
            let key = kind(&entry.map_entry_key_field().kind(), false);
            (entry.map_entry_value_field().kind(), Presence::Map(key))
        }
        None if of.is_list() => (of.kind(), Presence::Repeated),
        None => {
            let oneof = of.containing_oneof().filter(|it| !it.is_synthetic());
            let presence = match oneof {
                Some(oneof) => Presence::Oneof(Name::new(oneof.name())),
                None if of.supports_presence() => Presence::Explicit,
                None => Presence::Implicit,
            };
            (of.kind(), presence)
        }
    };
    MessageField {
        name: Name::new(of.name()),
        json: Name::new(of.json_name()),
        number: of.number(),
        kind: kind(&single, of.is_group()),
        presence,
        default: default(of.field_descriptor_proto(), &of.kind(), &of.default_value()),
        span: places.of(file, of.path()),
    }
}

fn extension(of: &ExtensionDescriptor, places: &Places<'_>) -> Extension {
    let presence = match of.cardinality() {
        Cardinality::Repeated => Presence::Repeated,
        Cardinality::Optional | Cardinality::Required => Presence::Explicit,
    };
    let field = MessageField {
        name: Name::new(of.full_name()),
        json: Name::new(of.full_name()),
        number: of.number(),
        kind: kind(&of.kind(), of.is_group()),
        presence,
        default: default(of.field_descriptor_proto(), &of.kind(), &of.default_value()),
        span: places.of(of.parent_file().name(), of.path()),
    };
    Extension { field, extends: Name::new(of.containing_message().full_name()) }
}

fn enumeration(of: &EnumDescriptor, places: &Places<'_>) -> Enum {
    let file = of.parent_file();
    let value = |name: &str, number: i32| (Name::new(name), number);
    let mut values: Vec<_> = of.values().map(|it| value(it.name(), it.number())).collect();
    values.arrange();
    let closed = file.syntax() == Syntax::Proto2;
    let span = places.of(file.name(), of.path());
    Enum { name: Name::new(of.full_name()), values, closed, span }
}

fn kind(of: &Kind, group: bool) -> FieldKind {
    match of {
        Kind::Double => FieldKind::Double,
        Kind::Float => FieldKind::Float,
        Kind::Int32 => FieldKind::Int32,
        Kind::Int64 => FieldKind::Int64,
        Kind::Uint32 => FieldKind::Uint32,
        Kind::Uint64 => FieldKind::Uint64,
        Kind::Sint32 => FieldKind::Sint32,
        Kind::Sint64 => FieldKind::Sint64,
        Kind::Fixed32 => FieldKind::Fixed32,
        Kind::Fixed64 => FieldKind::Fixed64,
        Kind::Sfixed32 => FieldKind::Sfixed32,
        Kind::Sfixed64 => FieldKind::Sfixed64,
        Kind::Bool => FieldKind::Bool,
        Kind::String => FieldKind::String,
        Kind::Bytes => FieldKind::Bytes,
        Kind::Message(of) => FieldKind::Message { kind: Name::new(of.full_name()), group },
        Kind::Enum(of) => FieldKind::Enum(Name::new(of.full_name())),
    }
}

/// What a field yields that is not set, where that is not the zero of its kind: its declaration may
/// say so, and an enum begins with its first value.
fn default(field: &FieldDescriptorProto, kind: &Kind, value: &Value) -> Option<Constant> {
    let first = matches!(kind, Kind::Enum(_)) && *value != Value::EnumNumber(0);
    let written = field.default_value.is_some() || first;
    written.then(|| constant(value)).flatten()
}

/// A default that a declaration writes: a scalar or the number of an enum value.
fn constant(value: &Value) -> Option<Constant> {
    match value {
        Value::Bool(value) => Some(Constant::Bool(*value)),
        Value::I32(value) | Value::EnumNumber(value) => Some(Constant::Int((*value).into())),
        Value::I64(value) => Some(Constant::Int(*value)),
        Value::U32(value) => Some(Constant::Uint((*value).into())),
        Value::U64(value) => Some(Constant::Uint(*value)),
        Value::F32(value) => Some(Constant::Double((*value).into())),
        Value::F64(value) => Some(Constant::Double(*value)),
        Value::String(text) => Some(Constant::String(Name::new(text))),
        Value::Bytes(bytes) => Some(Constant::Bytes(bytes.to_vec())),
        Value::Message(_) | Value::List(_) | Value::Map(_) => None,
    }
}
