//! Messages of the reference evaluator: dynamic messages of `prost-reflect`, whose fields become
//! values when they are read.
//!
//! In:      descriptors, values of fields, JSON.
//! Out:     messages, their fields as values, their equality and their canonical JSON.
//! Source:  CEL language definition, "Protocol Buffer Data Conversion", "Dynamic Values",
//!          "Field Selection" and "Equality".

use std::borrow::Cow;
use std::rc::Rc;

use policyc::lang::error::EvalError;
use prost_reflect::prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, ExtensionDescriptor, FieldDescriptor, Kind, MapKey,
    MessageDescriptor, ReflectMessage, Value,
};
use serde_json::Value as Json;

use super::assign;
use super::mapping;
use super::time;
use super::value::{R, V, list, map, text};
use super::wire;

const NONE: EvalError = EvalError::NoSuchOverload;
const RANGE: EvalError = EvalError::Overflow;
const BAD: EvalError = EvalError::BadConversion;

/// The message types of a run.
#[derive(Clone, Debug)]
pub(crate) struct Types {
    pub(crate) pool: DescriptorPool,
    /// Whether the values of enums have types of their own; otherwise they are ints.
    pub(crate) strong: bool,
}

/// A message of a type that CEL leaves as it is.
#[derive(Clone, Debug)]
pub(crate) struct ProtoMessage {
    pub(crate) content: DynamicMessage,
    strong: bool,
}

/// A field of a message, or an extension of it.
pub(crate) enum Field {
    Own(FieldDescriptor),
    Extension(ExtensionDescriptor),
}

impl Types {
    /// The value of the literal `name{field: value}`.
    pub(crate) fn literal(&self, name: &str, fields: &[(&str, V)]) -> R {
        let descriptor = self.pool.get_message_by_name(name).ok_or(NONE)?;
        let mut made = DynamicMessage::new(descriptor.clone());
        for (name, value) in fields {
            let field = Field::of(&descriptor, name).ok_or(EvalError::NoSuchKey)?;
            if let Some(value) = assign::field(&field, value)? {
                field.set(&mut made, value);
            }
        }
        if name == "google.protobuf.Any" && made.encoded_len() == 0 {
            return Err(BAD);
        }
        self.value(&made)
    }

    /// JSON as a message of the type `name`, by the JSON mapping of Protocol Buffers.
    pub(crate) fn read_json(&self, name: &str, json: &Json) -> R {
        let descriptor = self.pool.get_message_by_name(name).ok_or(BAD)?;
        if !mapping::holds(&descriptor, json) {
            return Err(BAD);
        }
        let message = DynamicMessage::deserialize(descriptor, json).map_err(|_| BAD)?;
        check(&message)?;
        self.value(&message)
    }

    /// JSON as a value of the enum `name`: its name or its number.
    pub(crate) fn read_enum(&self, name: &str, json: &Json) -> Option<V> {
        let number = match json {
            Json::String(value) => self.number_of(name, value)?,
            _ => i32::try_from(json.as_i64()?).ok()?,
        };
        Some(V::Enum(Rc::from(name), number))
    }

    /// The number of the value `value` of the enum `name`.
    pub(crate) fn number_of(&self, name: &str, value: &str) -> Option<i32> {
        Some(self.pool.get_enum_by_name(name)?.get_value_by_name(value)?.number())
    }

    /// The value that a message is.
    pub(crate) fn value(&self, message: &DynamicMessage) -> R {
        of_message(message, self.strong)
    }
}

impl Field {
    /// The field with this name, or the extension with this full name.
    pub(crate) fn of(descriptor: &MessageDescriptor, name: &str) -> Option<Self> {
        let own = descriptor.get_field_by_name(name).map(Self::Own);
        own.or_else(|| descriptor.get_extension_by_full_name(name).map(Self::Extension))
    }

    /// The type of one value; of a map, the type of its entries.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Own(field) => field.kind(),
            Self::Extension(field) => field.kind(),
        }
    }

    pub(crate) fn is_list(&self) -> bool {
        match self {
            Self::Own(field) => field.is_list(),
            Self::Extension(field) => field.is_list(),
        }
    }

    pub(crate) fn is_map(&self) -> bool {
        matches!(self, Self::Own(field) if field.is_map())
    }

    fn number(&self) -> u32 {
        match self {
            Self::Own(field) => field.number(),
            Self::Extension(field) => field.number(),
        }
    }

    /// As canonical JSON calls it.
    fn name(&self) -> String {
        match self {
            Self::Own(field) => field.name().to_owned(),
            Self::Extension(field) => format!("[{}]", field.full_name()),
        }
    }

    fn get<'m>(&self, message: &'m DynamicMessage) -> Cow<'m, Value> {
        match self {
            Self::Own(field) => message.get_field(field),
            Self::Extension(field) => message.get_extension(field),
        }
    }

    fn is_set(&self, message: &DynamicMessage) -> bool {
        match self {
            Self::Own(field) if field.supports_presence() => message.has_field(field),
            Self::Own(field) => {
                message.has_field(field) || is_negative_zero(&message.get_field(field))
            }
            Self::Extension(field) => message.has_extension(field),
        }
    }

    fn set(&self, message: &mut DynamicMessage, value: Value) {
        match self {
            Self::Own(field) => message.set_field(field, value),
            Self::Extension(field) => message.set_extension(field, value),
        }
    }
}

impl ProtoMessage {
    pub(crate) fn type_name(&self) -> String {
        self.content.descriptor().full_name().to_owned()
    }

    /// What selecting `name` yields.
    pub(crate) fn get(&self, name: &str) -> R {
        let field = self.field(name)?;
        let message = match field.kind() {
            Kind::Message(of) if !field.is_list() && !field.is_map() => Some(of),
            _ => None,
        };
        if message.is_some_and(|of| is_wrapper(of.full_name())) && !field.is_set(&self.content) {
            return Ok(V::Null);
        }
        of_field(&field.get(&self.content), &field.kind(), self.strong)
    }

    /// Whether the field `name` is set.
    pub(crate) fn has(&self, name: &str) -> R<bool> {
        Ok(self.field(name)?.is_set(&self.content))
    }

    fn field(&self, name: &str) -> R<Field> {
        Field::of(&self.content.descriptor(), name).ok_or(EvalError::NoSuchKey)
    }

    /// Whether nothing is set.
    pub(crate) fn is_default(&self) -> bool {
        self.fields().is_ok_and(|fields| fields.is_empty()) && self.unknown().is_empty()
    }

    /// The fields that are set, by number.
    fn fields(&self) -> R<Vec<(Field, V)>> {
        let descriptor = self.content.descriptor();
        let own = descriptor.fields().map(Field::Own).filter(|field| field.is_set(&self.content));
        let extensions = self.content.extensions().map(|(field, _)| Field::Extension(field));
        let mut fields: Vec<Field> = own.chain(extensions).collect();
        fields.sort_by_key(Field::number);
        let read = |field: Field| {
            let value = of_field(&field.get(&self.content), &field.kind(), self.strong)?;
            Ok((field, value))
        };
        fields.into_iter().map(read).collect()
    }

    /// What no descriptor names, as it stands on the wire: `decode` has it in one field.
    fn unknown(&self) -> Vec<u8> {
        let mut written = Vec::new();
        for field in self.content.unknown_fields() {
            field.encode(&mut written);
        }
        wire::contents(&written)
    }

    /// Equality: the same type, the same fields, values of the same kinds; what cannot be read is
    /// equal to nothing.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        let (Ok(a), Ok(b)) = (self.fields(), other.fields()) else { return false };
        let same = |((a, x), (b, y)): (&(Field, V), &(Field, V))| {
            a.number() == b.number() && x.equals_in_kind(y)
        };
        self.type_name() == other.type_name()
            && a.len() == b.len()
            && a.iter().zip(&b).all(same)
            && self.unknown() == other.unknown()
    }

    /// As JSON that keeps types apart.
    pub(crate) fn canonical(&self) -> String {
        let quoted = |text: &str| Json::from(text).to_string();
        let shown =
            |(field, value): (Field, V)| format!("{}:{}", quoted(&field.name()), value.json(true));
        let mut fields: Vec<String> =
            self.fields().unwrap_or_default().into_iter().map(shown).collect();
        let unknown = self.unknown();
        if !unknown.is_empty() {
            let unknown = V::Bytes(Rc::from(unknown)).json(true);
            fields.insert(0, format!("\"$unknown\":{unknown}"));
        }
        format!("{{\"$message\":[{},{{{}}}]}}", quoted(&self.type_name()), fields.join(","))
    }

    /// As the JSON mapping of Protocol Buffers has it; `None` where that has no place for it.
    pub(crate) fn plain(&self) -> Option<Json> {
        serde_json::to_value(&self.content).ok()
    }

    /// The text of that, its fields by number.
    pub(crate) fn plain_text(&self) -> Option<String> {
        serde_json::to_string(&self.content).ok()
    }
}

/// Whether a number is the zero that is no default, for its bits differ.
fn is_negative_zero(value: &Value) -> bool {
    let double = value.as_f64().or_else(|| value.as_f32().map(f64::from));
    double.is_some_and(|double| double == 0.0 && double.is_sign_negative())
}

/// Whether an unset field of this type is null.
fn is_wrapper(name: &str) -> bool {
    assign::wrapped(name).is_some()
}

/// A message whose bytes are `bytes`, and all of whose fields can be read.
pub(crate) fn decode(descriptor: MessageDescriptor, bytes: &[u8]) -> R<DynamicMessage> {
    let bytes = wire::sorted_out(&descriptor, bytes).ok_or(BAD)?;
    let message = DynamicMessage::decode(descriptor, bytes.as_slice()).map_err(|_| BAD)?;
    check(&message)?;
    Ok(message)
}

/// Refuses a message with a part that is no value.
fn check(message: &DynamicMessage) -> R<()> {
    of_message(message, false).map_err(|_| BAD)?;
    let own = message.fields().map(|(_, value)| value);
    own.chain(message.extensions().map(|(_, value)| value)).try_for_each(check_value)
}

fn check_value(value: &Value) -> R<()> {
    match value {
        Value::Message(message) => check(message),
        Value::List(elements) => elements.iter().try_for_each(check_value),
        Value::Map(entries) => entries.values().try_for_each(check_value),
        _ => Ok(()),
    }
}

/// What a field holds, as a value.
fn of_field(value: &Value, kind: &Kind, strong: bool) -> R {
    match value {
        Value::List(elements) => {
            let read = elements.iter().map(|element| of_field(element, kind, strong));
            Ok(list(read.collect::<R<_>>()?))
        }
        Value::Map(entries) => {
            let kind = kind.as_message().ok_or(NONE)?.map_entry_value_field().kind();
            let entry = |(key, value): (&MapKey, &Value)| {
                Ok((of_key(key), of_field(value, &kind, strong)?))
            };
            map(entries.iter().map(entry).collect::<R<_>>()?)
        }
        Value::Bool(value) => Ok(V::Bool(*value)),
        Value::I32(value) => Ok(V::Int((*value).into())),
        Value::I64(value) => Ok(V::Int(*value)),
        Value::U32(value) => Ok(V::Uint((*value).into())),
        Value::U64(value) => Ok(V::Uint(*value)),
        Value::F32(value) => Ok(V::Double((*value).into())),
        Value::F64(value) => Ok(V::Double(*value)),
        Value::String(value) => Ok(text(value)),
        Value::Bytes(value) => Ok(V::Bytes(Rc::from(value.as_ref()))),
        Value::EnumNumber(number) if strong => {
            let of = kind.as_enum().ok_or(NONE)?;
            Ok(V::Enum(Rc::from(of.full_name()), *number))
        }
        Value::EnumNumber(number) => Ok(V::Int((*number).into())),
        Value::Message(message) => of_message(message, strong),
    }
}

fn of_key(key: &MapKey) -> V {
    match key {
        MapKey::Bool(value) => V::Bool(*value),
        MapKey::I32(value) => V::Int((*value).into()),
        MapKey::I64(value) => V::Int(*value),
        MapKey::U32(value) => V::Uint((*value).into()),
        MapKey::U64(value) => V::Uint(*value),
        MapKey::String(value) => text(value),
    }
}

/// The value that a message is: those that CEL has a type for are of that type.
fn of_message(message: &DynamicMessage, strong: bool) -> R {
    let descriptor = message.descriptor();
    let single = |name: &str| {
        let field = descriptor.get_field_by_name(name).ok_or(NONE)?;
        of_field(&message.get_field(&field), &field.kind(), strong)
    };
    let whole = || V::Message(Rc::new(ProtoMessage { content: message.clone(), strong }));
    match descriptor.full_name() {
        "google.protobuf.Any" => match content(message)? {
            Some(content) => of_message(&content, strong),
            None => Ok(whole()),
        },
        "google.protobuf.Struct" => single("fields"),
        "google.protobuf.ListValue" => single("values"),
        "google.protobuf.Value" => match message.fields().next() {
            Some((kind, _)) if kind.name() != "null_value" => single(kind.name()),
            _ => Ok(V::Null),
        },
        "google.protobuf.Timestamp" => {
            time::in_range(nanoseconds(message)?).map(V::Timestamp).map_err(|_| RANGE)
        }
        "google.protobuf.Duration" => {
            i64::try_from(nanoseconds(message)?).map(V::Duration).map_err(|_| RANGE)
        }
        name if is_wrapper(name) => single("value"),
        _ => Ok(whole()),
    }
}

/// Seconds and nanoseconds in one.
fn nanoseconds(message: &DynamicMessage) -> R<i128> {
    let part = |name: &str| message.get_field_by_name(name).ok_or(NONE);
    let seconds = part("seconds")?.as_i64().ok_or(NONE)?;
    let nanos = part("nanos")?.as_i32().ok_or(NONE)?;
    Ok(i128::from(seconds) * time::SECOND + i128::from(nanos))
}

/// What an `Any` holds; `None` where nobody knows its type.
fn content(any: &DynamicMessage) -> R<Option<DynamicMessage>> {
    let part = |name: &str| any.get_field_by_name(name).ok_or(NONE);
    let (url, bytes) = (part("type_url")?, part("value")?);
    let name = url.as_str().and_then(|url| url.rsplit('/').next()).ok_or(NONE)?;
    let Some(descriptor) = any.descriptor().parent_pool().get_message_by_name(name) else {
        return Ok(None);
    };
    decode(descriptor, bytes.as_bytes().ok_or(NONE)?).map(Some)
}
