//! Values into fields of messages, in the reference evaluator.
//!
//! In:      a field and the value that a literal gives it.
//! Out:     what the field holds; `None` where null leaves it unset.
//! Source:  CEL language definition, "Protocol Buffer Data Conversion" and "JSON Data Conversion".

use std::collections::HashMap;

use policyc::lang::error::EvalError;
use prost_reflect::prost::Message as _;
use prost_reflect::{
    DynamicMessage, EnumDescriptor, Kind, MessageDescriptor, ReflectMessage, Value,
};
use serde_json::Value as Json;

use super::message::Field;
use super::time::SECOND;
use super::value::{R, V, base64};

const NONE: EvalError = EvalError::NoSuchOverload;
const RANGE: EvalError = EvalError::Overflow;
const BAD: EvalError = EvalError::BadConversion;

/// Whole numbers beyond this are text in JSON.
const INTEROPERABLE: u64 = (1 << 53) - 1;

/// What `field` holds when a literal gives it `value`.
pub(crate) fn field(field: &Field, value: &V) -> R<Option<Value>> {
    let kind = field.kind();
    if field.is_map() {
        let V::Map(entries) = value else { return Err(NONE) };
        let entry = kind.as_message().ok_or(NONE)?;
        let (keys, values) = (entry.map_entry_key_field().kind(), entry.map_entry_value_field());
        let mut held = HashMap::new();
        for (key, value) in entries.iter() {
            let key = single(&keys, key)?.ok_or(NONE)?.into_map_key();
            if let Some(value) = element(&values.kind(), value)? {
                held.insert(key.ok_or(NONE)?, value);
            }
        }
        return Ok(Some(Value::Map(held)));
    }
    if field.is_list() {
        let V::List(elements) = value else { return Err(NONE) };
        let mut held = Vec::new();
        for value in elements.iter() {
            held.extend(element(&kind, value)?);
        }
        return Ok(Some(Value::List(held)));
    }
    single(&kind, value)
}

/// An element of a list, or a value of a map: null is left out where it stands for an unset
/// wrapper or time, and is no message.
fn element(kind: &Kind, value: &V) -> R<Option<Value>> {
    if let (Kind::Message(of), V::Null) = (kind, value) {
        let name = of.full_name();
        let prunes = wrapped(name).is_some()
            || matches!(name, "google.protobuf.Timestamp" | "google.protobuf.Duration");
        let keeps = matches!(name, "google.protobuf.Any" | "google.protobuf.Value");
        if !prunes && !keeps {
            return Err(NONE);
        }
    }
    single(kind, value)
}

#[expect(clippy::cast_possible_truncation, reason = "a float rounds")]
fn single(kind: &Kind, value: &V) -> R<Option<Value>> {
    Ok(Some(match (kind, value) {
        (Kind::Message(of), _) => return message(of, value).map(|it| it.map(Value::Message)),
        (Kind::Double, V::Double(value)) => Value::F64(*value),
        (Kind::Float, V::Double(value)) => Value::F32(*value as f32),
        (Kind::Int32 | Kind::Sint32 | Kind::Sfixed32, V::Int(value)) => {
            Value::I32(i32::try_from(*value).map_err(|_| RANGE)?)
        }
        (Kind::Int64 | Kind::Sint64 | Kind::Sfixed64, V::Int(value)) => Value::I64(*value),
        (Kind::Uint32 | Kind::Fixed32, V::Uint(value)) => {
            Value::U32(u32::try_from(*value).map_err(|_| RANGE)?)
        }
        (Kind::Uint64 | Kind::Fixed64, V::Uint(value)) => Value::U64(*value),
        (Kind::Bool, V::Bool(value)) => Value::Bool(*value),
        (Kind::String, V::Str(value)) => Value::String(value.to_string()),
        (Kind::Bytes, V::Bytes(value)) => Value::Bytes(value.to_vec().into()),
        (Kind::Enum(of), _) => Value::EnumNumber(number(of, value)?),
        _ => return Err(NONE),
    }))
}

fn number(of: &EnumDescriptor, value: &V) -> R<i32> {
    match value {
        V::Int(value) => i32::try_from(*value).map_err(|_| RANGE),
        V::Enum(name, number) if **name == *of.full_name() => Ok(*number),
        V::Null if of.full_name() == "google.protobuf.NullValue" => Ok(0),
        _ => Err(NONE),
    }
}

/// The type of what a wrapper wraps, by the wrapper's name.
pub(crate) fn wrapped(name: &str) -> Option<Kind> {
    Some(match name.strip_prefix("google.protobuf.")? {
        "BoolValue" => Kind::Bool,
        "BytesValue" => Kind::Bytes,
        "DoubleValue" => Kind::Double,
        "FloatValue" => Kind::Float,
        "Int32Value" => Kind::Int32,
        "Int64Value" => Kind::Int64,
        "StringValue" => Kind::String,
        "UInt32Value" => Kind::Uint32,
        "UInt64Value" => Kind::Uint64,
        _ => return None,
    })
}

/// `value` as a message of the type `of`; `None` where null stands for none.
fn message(of: &MessageDescriptor, value: &V) -> R<Option<DynamicMessage>> {
    let name = of.full_name();
    match (name, value) {
        ("google.protobuf.Any", _) => return any(of, value).map(Some),
        ("google.protobuf.Value", _) => return of_json(of, &json(value)?).map(Some),
        ("google.protobuf.Struct", V::Map(_)) | ("google.protobuf.ListValue", V::List(_)) => {
            return of_json(of, &json(value)?).map(Some);
        }
        ("google.protobuf.Struct" | "google.protobuf.ListValue", _) => return Err(NONE),
        (_, V::Null) => return Ok(None),
        _ => {}
    }
    let mut made = DynamicMessage::new(of.clone());
    match (name, value) {
        ("google.protobuf.Timestamp", V::Timestamp(nanos)) => set_time(&mut made, *nanos)?,
        ("google.protobuf.Duration", V::Duration(nanos)) => {
            // Both parts of a duration have its sign.
            let (seconds, nanos) = (*nanos / 1_000_000_000, *nanos % 1_000_000_000);
            set_parts(&mut made, seconds, nanos)?;
        }
        (_, V::Message(given)) if *of == given.content.descriptor() => {
            made = given.content.clone();
        }
        _ => {
            let inner = single(&wrapped(name).ok_or(NONE)?, value)?.ok_or(NONE)?;
            made.set_field_by_name("value", inner);
        }
    }
    Ok(Some(made))
}

fn set_time(made: &mut DynamicMessage, nanos: i128) -> R<()> {
    let seconds = i64::try_from(nanos.div_euclid(SECOND)).map_err(|_| RANGE)?;
    set_parts(made, seconds, i64::try_from(nanos.rem_euclid(SECOND)).map_err(|_| RANGE)?)
}

fn set_parts(made: &mut DynamicMessage, seconds: i64, nanos: i64) -> R<()> {
    made.set_field_by_name("seconds", Value::I64(seconds));
    made.set_field_by_name("nanos", Value::I32(i32::try_from(nanos).map_err(|_| RANGE)?));
    Ok(())
}

/// Any value in an `Any`.
fn any(of: &MessageDescriptor, value: &V) -> R<DynamicMessage> {
    if let V::Message(given) = value
        && given.content.descriptor() == *of
    {
        return Ok(given.content.clone());
    }
    let name = match value {
        V::Message(given) => given.type_name(),
        V::Null => "google.protobuf.Value".to_owned(),
        V::Bool(_) => "google.protobuf.BoolValue".to_owned(),
        V::Int(_) => "google.protobuf.Int64Value".to_owned(),
        V::Uint(_) => "google.protobuf.UInt64Value".to_owned(),
        V::Double(_) => "google.protobuf.DoubleValue".to_owned(),
        V::Str(_) => "google.protobuf.StringValue".to_owned(),
        V::Bytes(_) => "google.protobuf.BytesValue".to_owned(),
        V::Timestamp(_) => "google.protobuf.Timestamp".to_owned(),
        V::Duration(_) => "google.protobuf.Duration".to_owned(),
        V::List(_) => "google.protobuf.ListValue".to_owned(),
        V::Map(_) => "google.protobuf.Struct".to_owned(),
        _ => return Err(NONE),
    };
    let content = of.parent_pool().get_message_by_name(&name).ok_or(NONE)?;
    let content = message(&content, value)?.ok_or(NONE)?;
    let mut made = DynamicMessage::new(of.clone());
    made.set_field_by_name("type_url", Value::String(format!("type.googleapis.com/{name}")));
    made.set_field_by_name("value", Value::Bytes(content.encode_to_vec().into()));
    Ok(made)
}

fn of_json(of: &MessageDescriptor, json: &Json) -> R<DynamicMessage> {
    DynamicMessage::deserialize(of.clone(), json).map_err(|_| BAD)
}

/// `value` as JSON, where JSON has a place for it.
#[expect(clippy::cast_precision_loss, reason = "below 2^53 nothing is lost")]
fn json(value: &V) -> R<Json> {
    Ok(match value {
        V::Null => Json::Null,
        V::Bool(value) => Json::from(*value),
        V::Int(value) if value.unsigned_abs() <= INTEROPERABLE => Json::from(*value as f64),
        V::Uint(value) if *value <= INTEROPERABLE => Json::from(*value as f64),
        V::Double(value) if value.is_finite() => Json::from(*value),
        V::Int(_) | V::Uint(_) | V::Double(_) => Json::from(value.scalar_text().ok_or(BAD)?),
        V::Timestamp(_) | V::Duration(_) => Json::from(in_threes(&value.scalar_text().ok_or(BAD)?)),
        V::Str(value) => Json::from(&**value),
        V::Bytes(value) => Json::from(base64(value)),
        V::Enum(_, number) => Json::from(f64::from(*number)),
        V::Message(value) => value.plain().ok_or(BAD)?,
        V::List(elements) => elements.iter().map(json).collect::<R<Vec<_>>>()?.into(),
        V::Map(entries) => {
            let entry = |(key, value): &(V, V)| Ok((key.as_text().ok_or(BAD)?, json(value)?));
            Json::Object(entries.iter().map(entry).collect::<R<_>>()?)
        }
        _ => return Err(BAD),
    })
}

/// A time as the JSON mapping writes it: its fraction has three, six or nine digits.
fn in_threes(shown: &str) -> String {
    let Some((whole, rest)) = shown.split_once('.') else { return shown.to_owned() };
    let fraction = rest.trim_end_matches(char::is_alphabetic);
    let width = fraction.len().next_multiple_of(3);
    format!("{whole}.{fraction:0<width$}{}", &rest[fraction.len()..])
}
