//! Messages as the JSON mapping of Protocol Buffers shows them, and values in fields that hold
//! JSON.
//!
//! In:      a value.
//! Out:     a value that JSON has: null, bool, double, string, list, map with strings as keys; and
//!          of each field of a message the form that it has there.
//! Imports: `base`.
//! Source:  CEL language definition, section "JSON Data Conversion"; the JSON mapping of Protocol
//!          Buffers.

use std::fmt::Write;

use crate::base::limits::VALUE_DEPTH_MAX;
use crate::lang::error::EvalError;
use crate::lang::value::heap::{Heap, View};
use crate::lang::value::message::{Field, Kind, Presence, UNKNOWN, WellKnown, field_value};
use crate::lang::value::text::{Buffer, write_scalar};
use crate::lang::value::{Space, Tag, Value, base64, map};

/// Whole numbers beyond this one are text in JSON.
const INTEROPERABLE: u64 = (1 << 53) - 1;

/// What the JSON mapping makes of a single value of a field.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// Itself: a bool, a string, a number that JSON has, JSON.
    Same,
    /// A string that says what `string()` says.
    Text,
    /// A timestamp or a duration, whose fraction has three, six or nine digits.
    Time,
    /// This string.
    Name(Value),
    /// `null`
    Null,
    /// A string in base64.
    Base64,
    /// An object with the fields.
    Message,
    /// A string of paths.
    Mask,
    /// An object with the type of what an `Any` holds.
    Any,
}

/// The form of a single value of this kind.
#[must_use]
pub fn form(view: &View<'_>, kind: Kind, value: &Value) -> Form {
    match kind {
        Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64 => Form::Text,
        Kind::Bytes => Form::Base64,
        Kind::Double | Kind::Float if !value.float().is_finite() => Form::Text,
        Kind::Enum(of) => {
            let of = view.descriptors.enumeration(of);
            let number = if value.tag() == Tag::Enum {
                value.number()
            } else {
                i32::try_from(value.signed()).unwrap_or_default()
            };
            if of.is_some_and(|of| view.bytes(&of.ty) == b"google.protobuf.NullValue") {
                return Form::Null;
            }
            of.and_then(|of| of.name(number)).map_or(Form::Same, |name| Form::Name(*name))
        }
        Kind::Message { kind, .. } => match view.descriptors.well_known(kind) {
            WellKnown::Wrapper(of) => form(view, of, value),
            WellKnown::Timestamp | WellKnown::Duration => Form::Time,
            WellKnown::Struct | WellKnown::List | WellKnown::Value => Form::Same,
            WellKnown::Any => Form::Any,
            WellKnown::Plain => form_of_message(view, kind),
        },
        Kind::Double
        | Kind::Float
        | Kind::Int32
        | Kind::Uint32
        | Kind::Sint32
        | Kind::Fixed32
        | Kind::Sfixed32
        | Kind::Bool
        | Kind::String => Form::Same,
    }
}

/// The form of the messages of a type that CEL leaves as it is.
fn form_of_message(view: &View<'_>, kind: u32) -> Form {
    let of = view.descriptors.message(kind);
    let is_mask = of.is_some_and(|of| view.bytes(&of.ty) == b"google.protobuf.FieldMask");
    if is_mask { Form::Mask } else { Form::Message }
}

/// `value` as JSON has it: numbers are doubles, or text where a double would not hold them.
///
/// # Errors
/// `BadConversion` for what JSON has no place for, keys that are no strings among it, `Budget` if
/// the store is full or the value nested too deeply.
pub fn json(heap: &mut Heap<'_>, value: &Value, depth: u32) -> Result<Value, EvalError> {
    if depth > VALUE_DEPTH_MAX {
        return Err(EvalError::Budget);
    }
    match value.tag() {
        Tag::Null | Tag::Bool | Tag::String => Ok(*value),
        Tag::Double if value.float().is_finite() => Ok(*value),
        Tag::Int if value.signed().unsigned_abs() <= INTEROPERABLE => Ok(double(value)),
        Tag::Uint if value.bits() <= INTEROPERABLE => Ok(double(value)),
        Tag::Int | Tag::Uint | Tag::Double => text(heap, value),
        Tag::Timestamp | Tag::Duration => formed(heap, Form::Time, value, depth),
        Tag::Bytes => base64::encode(heap, value),
        Tag::Enum => Ok(Value::double(f64::from(value.number()))),
        Tag::List if value.columns() == 1 || value.is_empty() => {
            list(heap, value, |heap, element| json(heap, element, depth + 1))
        }
        Tag::Map if has_text_keys(&heap.view(), value) => {
            object(heap, value, |heap, entry| json(heap, entry, depth + 1))
        }
        Tag::Message => {
            let form = form_of_message(&heap.view(), value.kind());
            formed(heap, form, value, depth + 1)
        }
        Tag::Absent
        | Tag::Error
        | Tag::Type
        | Tag::List
        | Tag::Map
        | Tag::Optional
        | Tag::Ip
        | Tag::Cidr
        | Tag::Quantity
        | Tag::Semver
        | Tag::Unknown => Err(EvalError::BadConversion),
    }
}

/// Whether all keys of a map are strings, as the keys of JSON are.
fn has_text_keys(view: &View<'_>, map: &Value) -> bool {
    view.elements(map).iter().step_by(2).all(|key| key.tag() == Tag::String)
}

/// A whole number, exactly, as a double.
#[expect(clippy::cast_precision_loss, reason = "below 2^53 nothing is lost")]
fn double(value: &Value) -> Value {
    let negative = value.tag() == Tag::Int && value.signed() < 0;
    let size = if negative { value.signed().unsigned_abs() } else { value.bits() } as f64;
    Value::double(if negative { -size } else { size })
}

/// A scalar as `string()` writes it.
fn text(heap: &mut Heap<'_>, value: &Value) -> Result<Value, EvalError> {
    let mut buffer = Buffer::new();
    write_scalar(&mut buffer, value)?;
    heap.new_string(buffer.as_str())
}

/// Writes a timestamp or a duration as the JSON mapping has it.
///
/// # Errors
/// `Budget` if `out` is full.
pub fn write_time(out: &mut impl Write, value: &Value) -> Result<(), EvalError> {
    let mut buffer = Buffer::new();
    write_scalar(&mut buffer, value)?;
    let text = buffer.as_str();
    // Behind the digits stands one letter: `Z`, or `s`.
    let (shown, unit) = text.split_at_checked(text.len().saturating_sub(1)).unwrap_or((text, ""));
    let digits = shown.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let zeros = "00".get(..digits.next_multiple_of(3) - digits).unwrap_or_default();
    write!(out, "{shown}{zeros}{unit}").map_err(|_| EvalError::Budget)
}

/// A list of what `to` makes of the elements of `value`.
fn list(
    heap: &mut Heap<'_>,
    value: &Value,
    mut to: impl FnMut(&mut Heap<'_>, &Value) -> Result<Value, EvalError>,
) -> Result<Value, EvalError> {
    let height = heap.store.height();
    for at in 0..value.len() as usize {
        let element = heap.elements(value).get(at).copied().unwrap_or(Value::NULL);
        let element = to(heap, &element)?;
        heap.store.push_stack(element)?;
    }
    Ok(Value::list(Space::Arena, heap.store.finish(height)?, value.len(), 1))
}

/// A map with strings as keys, of what `to` makes of the entries of `value`.
fn object(
    heap: &mut Heap<'_>,
    value: &Value,
    mut to: impl FnMut(&mut Heap<'_>, &Value) -> Result<Value, EvalError>,
) -> Result<Value, EvalError> {
    let height = heap.store.height();
    for at in 0..value.len() as usize {
        let (pairs, _) = heap.elements(value).as_chunks::<2>();
        let [key, entry] = pairs.get(at).copied().unwrap_or([Value::NULL; 2]);
        let key = if key.tag() == Tag::String { key } else { text(heap, &key)? };
        heap.store.push_stack(key)?;
        let entry = to(heap, &entry)?;
        heap.store.push_stack(entry)?;
    }
    map::finish(heap, height)
}

/// What a field holds, as JSON.
fn field(
    heap: &mut Heap<'_>,
    field: &Field,
    value: &Value,
    depth: u32,
) -> Result<Value, EvalError> {
    let single = |heap: &mut Heap<'_>, value: &Value| {
        let form = form(&heap.view(), field.kind, value);
        formed(heap, form, value, depth + 1)
    };
    match field.presence {
        Presence::Repeated => list(heap, value, single),
        Presence::Map(_) => object(heap, value, single),
        Presence::Implicit | Presence::Explicit | Presence::Oneof(_) => single(heap, value),
    }
}

/// A single value in this form. Recurses as deep as messages nest: `VALUE_DEPTH_MAX`.
fn formed(heap: &mut Heap<'_>, form: Form, value: &Value, depth: u32) -> Result<Value, EvalError> {
    if depth > VALUE_DEPTH_MAX {
        return Err(EvalError::Budget);
    }
    match form {
        Form::Same => json(heap, value, depth),
        Form::Text => text(heap, value),
        Form::Time => {
            let mut buffer = Buffer::new();
            write_time(&mut buffer, value)?;
            heap.new_string(buffer.as_str())
        }
        Form::Name(name) => {
            Ok(Value::text(Tag::String, name.space(), name.off(), heap.view().bytes(&name)))
        }
        Form::Null => Ok(Value::NULL),
        Form::Base64 => base64::encode(heap, value),
        Form::Mask => mask(heap, value),
        Form::Message => fields(heap, value, None, depth),
        Form::Any => any(heap, value, depth),
    }
}

/// A message as an object; with `ty`, which says of what type it is.
fn fields(
    heap: &mut Heap<'_>,
    message: &Value,
    ty: Option<Value>,
    depth: u32,
) -> Result<Value, EvalError> {
    let height = heap.store.height();
    if let Some(ty) = ty {
        push_entry(heap, TYPE_KEY, ty)?;
    }
    let of = heap.descriptors.message(message.kind());
    for at in 0..message.len() as usize {
        let (pairs, _) = heap.elements(message).as_chunks::<2>();
        let [number, value] = pairs.get(at).copied().unwrap_or([Value::NULL; 2]);
        let number = u32::try_from(number.bits()).unwrap_or(UNKNOWN);
        let Some(own) = of.and_then(|of| of.by_number(number)) else { continue };
        let key = key(heap, own)?;
        heap.store.push_stack(key)?;
        let value = field(heap, own, &value, depth)?;
        heap.store.push_stack(value)?;
    }
    map::finish(heap, height)
}

fn push_entry(heap: &mut Heap<'_>, key: &str, value: Value) -> Result<(), EvalError> {
    let key = heap.new_string(key)?;
    heap.store.push_stack(key)?;
    heap.store.push_stack(value)
}

/// The key of a field: its name in JSON, of an extension in brackets.
fn key(heap: &mut Heap<'_>, field: &Field) -> Result<Value, EvalError> {
    if !field.is_extension(&heap.view()) {
        return Ok(field.json);
    }
    let start = heap.store.text().len();
    heap.store.push_text(b"[")?;
    heap.append(&field.json)?;
    heap.store.push_text(b"]")?;
    heap.finish_text(Tag::String, start)
}

/// The key that says what an `Any` holds.
pub const TYPE_KEY: &str = "@type";

/// What an `Any` holds, with its type.
fn any(heap: &mut Heap<'_>, value: &Value, depth: u32) -> Result<Value, EvalError> {
    let (name, form) = content(&heap.view(), value);
    let start = heap.store.text().len();
    heap.store.push_text(TYPE_URL.as_bytes())?;
    match name {
        Content::Type(ty) => heap.append(&ty)?,
        Content::Known(name) => heap.store.push_text(name.as_bytes()).map(|_| ())?,
    }
    let ty = heap.finish_text(Tag::String, start)?;
    if matches!(form, Form::Message) {
        return fields(heap, value, Some(ty), depth + 1);
    }
    let height = heap.store.height();
    push_entry(heap, TYPE_KEY, ty)?;
    let value = formed(heap, form, value, depth + 1)?;
    push_entry(heap, "value", value)?;
    map::finish(heap, height)
}

/// What stands in front of the name of a type in an `Any`.
pub const TYPE_URL: &str = "type.googleapis.com/";

/// The name of the type of what an `Any` holds.
#[derive(Clone, Copy, Debug)]
pub enum Content {
    /// A message of this type.
    Type(Value),
    /// A value that CEL converts.
    Known(&'static str),
}

/// The type and the form of what an `Any` holds.
#[must_use]
pub fn content(view: &View<'_>, value: &Value) -> (Content, Form) {
    let (name, form) = match value.tag() {
        Tag::Message => {
            let ty = view.descriptors.message(value.kind()).map_or(Value::NULL, |of| of.ty);
            return (Content::Type(ty), form_of_message(view, value.kind()));
        }
        Tag::Bool => ("google.protobuf.BoolValue", Form::Same),
        Tag::Int => ("google.protobuf.Int64Value", Form::Text),
        Tag::Uint => ("google.protobuf.UInt64Value", Form::Text),
        Tag::Double if value.float().is_finite() => ("google.protobuf.DoubleValue", Form::Same),
        Tag::Double => ("google.protobuf.DoubleValue", Form::Text),
        Tag::String => ("google.protobuf.StringValue", Form::Same),
        Tag::Bytes => ("google.protobuf.BytesValue", Form::Base64),
        Tag::Timestamp => ("google.protobuf.Timestamp", Form::Time),
        Tag::Duration => ("google.protobuf.Duration", Form::Time),
        Tag::List => ("google.protobuf.ListValue", Form::Same),
        Tag::Map => ("google.protobuf.Struct", Form::Same),
        // Nothing else is in an `Any`.
        Tag::Null
        | Tag::Absent
        | Tag::Error
        | Tag::Type
        | Tag::Optional
        | Tag::Ip
        | Tag::Cidr
        | Tag::Quantity
        | Tag::Semver
        | Tag::Enum
        | Tag::Unknown => ("google.protobuf.Value", Form::Null),
    };
    (Content::Known(name), form)
}

/// The paths of a field mask as one string: separated by commas, in lower camel case.
fn mask(heap: &mut Heap<'_>, value: &Value) -> Result<Value, EvalError> {
    let start = heap.store.text().len();
    let paths = field_value(&heap.view(), value, 1).unwrap_or(Value::list(Space::Arena, 0, 0, 1));
    for at in 0..paths.len() as usize {
        let path = heap.elements(&paths).get(at).copied().unwrap_or(Value::NULL);
        if at > 0 {
            heap.store.push_text(b",")?;
        }
        let mut raised = false;
        let mut from = 0;
        while let Some(c) = heap.str(&path).get(from..).and_then(|rest| rest.chars().next()) {
            from += c.len_utf8();
            if let Some(shown) = camel(c, &mut raised) {
                heap.store.push_text(shown.encode_utf8(&mut [0; 4]).as_bytes())?;
            }
        }
    }
    heap.finish_text(Tag::String, start)
}

/// A character of a name in lower camel case; `raised` is whether an underscore came before it.
#[must_use]
pub const fn camel(c: char, raised: &mut bool) -> Option<char> {
    if c == '_' {
        *raised = true;
        return None;
    }
    let shown = if *raised { c.to_ascii_uppercase() } else { c };
    *raised = false;
    Some(shown)
}
