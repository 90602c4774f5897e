//! Messages: what a program knows of their types, and how their fields are read.
//!
//! In:      descriptors, messages, names and numbers of fields.
//! Out:     what fields hold, and whether they are set.
//! Imports: its own room alone.
//! Source:  CEL language definition, sections "Field Selection" and "Protocol Buffer Data
//!          Conversion".
//!
//! A message is the list of its fields that are set: number and value by turns, ascending by
//! number. What a field holds is a value of CEL already: an enum is an int, a float a double, a
//! wrapper a primitive. A field whose presence is implicit and that is zero, and a list or map
//! without elements, is not set. Bytes that no descriptor names come first, under the number 0.
//!
//! `build` makes messages, `plain` shows them as the JSON mapping of Protocol Buffers does.

pub mod build;
pub mod plain;

use crate::lang::error::EvalError;
use crate::lang::value::heap::{View, type_value};
use crate::lang::value::{Space, Tag, Value};

/// The number under which a message keeps the fields that no descriptor names.
pub const UNKNOWN: u32 = 0;

/// The message and enum types of a program. Names are strings of `Space::Program`.
#[derive(Clone, Debug, Default)]
pub struct Descriptors {
    /// Ascending by name. The kind of a message is an index into it.
    pub messages: Vec<MessageType>,
    /// Ascending by name. The kind of an enum is an index into it.
    pub enums: Vec<EnumType>,
}

/// A message type.
#[derive(Clone, Debug)]
pub struct MessageType {
    /// The type, whose text is the full name.
    pub ty: Value,
    /// What CEL makes of its messages.
    pub well_known: WellKnown,
    /// Ascending by number.
    pub fields: Vec<Field>,
    /// Indices of `fields`, ascending by name.
    by_name: Vec<u16>,
    /// Indices of `fields`, ascending by the name in JSON.
    by_json: Vec<u16>,
}

/// A field, or an extension, of a message.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The type of the messages that it belongs to.
    pub of: u32,
    /// Its name; of an extension the full one, which has a dot.
    pub name: Value,
    /// Its name in JSON; of an extension the full one.
    pub json: Value,
    /// Its number on the wire.
    pub number: u32,
    /// What one value of it is; of a map, what its values are.
    pub kind: Kind,
    /// How often it occurs, and when it is set.
    pub presence: Presence,
    /// What selecting it yields where it is not set.
    pub default: Value,
}

/// The type of a single value of a field, as the wire has it. `M` tells a message type, `E` an
/// enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind<M = u32, E = u32> {
    /// `double`
    Double,
    /// `float`
    Float,
    /// `int32`
    Int32,
    /// `int64`
    Int64,
    /// `uint32`
    Uint32,
    /// `uint64`
    Uint64,
    /// `sint32`
    Sint32,
    /// `sint64`
    Sint64,
    /// `fixed32`
    Fixed32,
    /// `fixed64`
    Fixed64,
    /// `sfixed32`
    Sfixed32,
    /// `sfixed64`
    Sfixed64,
    /// `bool`
    Bool,
    /// `string`
    String,
    /// `bytes`
    Bytes,
    /// A message; `group`: between two tags, without a length.
    Message {
        /// Its type.
        kind: M,
        /// Whether it is a group.
        group: bool,
    },
    /// A value of this enum.
    Enum(E),
}

/// How often a field occurs, and when it is set. `C` tells a choice, `K` the kind of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Presence<C = u16, K = Kind> {
    /// It is set if it is not zero.
    Implicit,
    /// It is set if it was given.
    Explicit,
    /// One of several fields of the message, of which one at most is set: the choice.
    Oneof(C),
    /// A list; set if it has elements.
    Repeated,
    /// A map with keys of this kind; set if it has entries.
    Map(K),
}

impl<M, E> Kind<M, E> {
    /// The same kind, where `by` tells message types and enums in another way.
    pub fn map<S: ?Sized, N, F>(
        &self,
        by: &mut S,
        message: impl FnOnce(&mut S, &M) -> N,
        enumeration: impl FnOnce(&mut S, &E) -> F,
    ) -> Kind<N, F> {
        match self {
            Self::Double => Kind::Double,
            Self::Float => Kind::Float,
            Self::Int32 => Kind::Int32,
            Self::Int64 => Kind::Int64,
            Self::Uint32 => Kind::Uint32,
            Self::Uint64 => Kind::Uint64,
            Self::Sint32 => Kind::Sint32,
            Self::Sint64 => Kind::Sint64,
            Self::Fixed32 => Kind::Fixed32,
            Self::Fixed64 => Kind::Fixed64,
            Self::Sfixed32 => Kind::Sfixed32,
            Self::Sfixed64 => Kind::Sfixed64,
            Self::Bool => Kind::Bool,
            Self::String => Kind::String,
            Self::Bytes => Kind::Bytes,
            Self::Message { kind, group } => {
                Kind::Message { kind: message(by, kind), group: *group }
            }
            Self::Enum(of) => Kind::Enum(enumeration(by, of)),
        }
    }
}

/// An enum type.
#[derive(Clone, Debug)]
pub struct EnumType {
    /// The type, whose text is the full name.
    pub ty: Value,
    /// Names and numbers, ascending by name; two names may have one number.
    pub values: Vec<(Value, i32)>,
    /// Whether it holds no other numbers than those.
    pub closed: bool,
    /// Whether its values are of a type of their own; otherwise they are ints.
    pub strong: bool,
}

/// What CEL makes of the messages of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WellKnown {
    /// Messages.
    Plain,
    /// The value that it wraps, of this kind, or null.
    Wrapper(Kind),
    /// What it holds.
    Any,
    /// Any value that JSON has.
    Value,
    /// A map with strings as keys.
    Struct,
    /// A list.
    List,
    /// A timestamp.
    Timestamp,
    /// A duration.
    Duration,
}

impl WellKnown {
    /// What CEL makes of the messages with this full name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        match name.strip_prefix("google.protobuf.") {
            Some("Any") => Self::Any,
            Some("Value") => Self::Value,
            Some("Struct") => Self::Struct,
            Some("ListValue") => Self::List,
            Some("Timestamp") => Self::Timestamp,
            Some("Duration") => Self::Duration,
            Some("BoolValue") => Self::Wrapper(Kind::Bool),
            Some("BytesValue") => Self::Wrapper(Kind::Bytes),
            Some("DoubleValue") => Self::Wrapper(Kind::Double),
            Some("FloatValue") => Self::Wrapper(Kind::Float),
            Some("Int32Value") => Self::Wrapper(Kind::Int32),
            Some("Int64Value") => Self::Wrapper(Kind::Int64),
            Some("StringValue") => Self::Wrapper(Kind::String),
            Some("UInt32Value") => Self::Wrapper(Kind::Uint32),
            Some("UInt64Value") => Self::Wrapper(Kind::Uint64),
            Some(_) | None => Self::Plain,
        }
    }
}

impl Kind {
    /// A message of type `kind`.
    #[must_use]
    pub const fn of_message(kind: u32) -> Self {
        Self::Message { kind, group: false }
    }

    /// The zero of this kind, as a field or an entry of a map has it that was left out; of a
    /// message its absence, which is null.
    #[must_use]
    pub fn zero(self) -> Value {
        let text = |tag| Value::text(tag, Space::Builtin, 0, &[]);
        match self {
            Self::Double | Self::Float => Value::double(0.0),
            Self::Int32
            | Self::Int64
            | Self::Sint32
            | Self::Sint64
            | Self::Sfixed32
            | Self::Sfixed64
            | Self::Enum(_) => Value::int(0),
            Self::Uint32 | Self::Uint64 | Self::Fixed32 | Self::Fixed64 => Value::uint(0),
            Self::Bool => Value::bool(false),
            Self::String => text(Tag::String),
            Self::Bytes => text(Tag::Bytes),
            Self::Message { .. } => Value::NULL,
        }
    }
}

impl MessageType {
    /// A type with these fields, which are ascending by number; `text` is that of the program.
    #[must_use]
    pub fn new(text: &[u8], ty: Value, fields: Vec<Field>) -> Self {
        let name = std::str::from_utf8(text_of(text, &ty)).unwrap_or_default();
        let by = |key: fn(&Field) -> &Value| {
            let mut order: Vec<u16> =
                (0..fields.len()).filter_map(|at| u16::try_from(at).ok()).collect();
            let name = |at: &u16| fields.get(usize::from(*at)).map(|it| text_of(text, key(it)));
            order.sort_by(|a, b| name(a).cmp(&name(b)));
            order
        };
        let (by_name, by_json) = (by(|field| &field.name), by(|field| &field.json));
        Self { ty, well_known: WellKnown::of(name), by_name, by_json, fields }
    }

    /// The field with this number.
    #[must_use]
    pub fn by_number(&self, number: u32) -> Option<&Field> {
        let at = self.fields.binary_search_by_key(&number, |field| field.number).ok()?;
        self.fields.get(at)
    }

    /// The position of the field with this number.
    #[must_use]
    pub fn position(&self, number: u32) -> Option<u16> {
        let at = self.fields.binary_search_by_key(&number, |field| field.number).ok()?;
        u16::try_from(at).ok()
    }

    /// The field with this name, or the extension with this full name.
    #[must_use]
    pub fn by_name(&self, text: &[u8], name: &[u8]) -> Option<&Field> {
        self.search(&self.by_name, name, |field| text_of(text, &field.name))
    }

    /// The field with this name in JSON.
    #[must_use]
    pub fn by_json(&self, text: &[u8], name: &[u8]) -> Option<&Field> {
        self.search(&self.by_json, name, |field| text_of(text, &field.json))
    }

    fn search<'t>(
        &self,
        order: &[u16],
        name: &[u8],
        of: impl Fn(&Field) -> &'t [u8],
    ) -> Option<&Field> {
        let field = |at: &u16| self.fields.get(usize::from(*at));
        let at = order.binary_search_by(|at| field(at).map(&of).unwrap_or_default().cmp(name));
        field(order.get(at.ok()?)?)
    }
}

impl Field {
    /// Whether it is an extension: those go by their full names.
    #[must_use]
    pub fn is_extension(&self, view: &View<'_>) -> bool {
        view.bytes(&self.name).contains(&b'.')
    }
}

impl EnumType {
    /// The number of the value with this name.
    #[must_use]
    pub fn number(&self, text: &[u8], name: &[u8]) -> Option<i32> {
        let at = self.values.binary_search_by(|(known, _)| text_of(text, known).cmp(name)).ok()?;
        self.values.get(at).map(|(_, number)| *number)
    }

    /// The name of a value with this number, the first one by name.
    #[must_use]
    pub fn name(&self, number: i32) -> Option<&Value> {
        self.values.iter().find(|(_, it)| *it == number).map(|(name, _)| name)
    }
}

/// The text of a name.
fn text_of<'t>(text: &'t [u8], name: &Value) -> &'t [u8] {
    let start = name.off() as usize;
    text.get(start..start + name.len() as usize).unwrap_or_default()
}

impl Descriptors {
    /// No types at all: what tools and tests without messages use.
    pub const NONE: &'static Self = &Self { messages: Vec::new(), enums: Vec::new() };

    /// The message type `kind`.
    #[must_use]
    pub fn message(&self, kind: u32) -> Option<&MessageType> {
        self.messages.get(kind as usize)
    }

    /// The enum type `kind`.
    #[must_use]
    pub fn enumeration(&self, kind: u32) -> Option<&EnumType> {
        self.enums.get(kind as usize)
    }

    /// What CEL makes of the messages of type `kind`.
    #[must_use]
    pub fn well_known(&self, kind: u32) -> WellKnown {
        self.message(kind).map_or(WellKnown::Plain, |it| it.well_known)
    }

    /// The field of message type `kind` with this number.
    #[must_use]
    pub fn field_by_number(&self, kind: u32, number: u32) -> Option<&Field> {
        self.message(kind)?.by_number(number)
    }

    /// The type of the messages with this full name; `text` is that of the program.
    #[must_use]
    pub fn named(&self, text: &[u8], name: &[u8]) -> Option<u32> {
        let at = self.messages.binary_search_by(|it| text_of(text, &it.ty).cmp(name)).ok()?;
        u32::try_from(at).ok()
    }

    /// The enum with this full name; `text` is that of the program.
    #[must_use]
    pub fn enum_named(&self, text: &[u8], name: &[u8]) -> Option<u32> {
        let at = self.enums.binary_search_by(|it| text_of(text, &it.ty).cmp(name)).ok()?;
        u32::try_from(at).ok()
    }

    /// The value `number` of the enum `kind`, which may be one that it does not name.
    #[must_use]
    pub fn enum_value(&self, kind: u32, number: i32) -> Value {
        if self.enumeration(kind).is_some_and(|it| it.strong) {
            Value::enumeration(kind, number)
        } else {
            Value::int(number.into())
        }
    }

    /// Whether the enum `kind` is closed and does not name `number`.
    #[must_use]
    pub fn refuses(&self, kind: u32, number: i32) -> bool {
        self.enumeration(kind).is_some_and(|it| it.closed && it.name(number).is_none())
    }

    /// What selecting a field yields where it is not set and its declaration names no default.
    #[must_use]
    pub fn default_of(&self, kind: Kind, presence: Presence) -> Value {
        match (presence, kind) {
            (Presence::Repeated, _) => Value::list(Space::Program, 0, 0, 1),
            (Presence::Map(_), _) => Value::map(Space::Program, 0, 0),
            (_, Kind::Enum(of)) => self.enum_value(of, 0),
            (_, Kind::Message { kind: of, .. }) => match self.well_known(of) {
                WellKnown::Plain | WellKnown::Any => Value::message(Space::Program, 0, 0, of),
                WellKnown::Wrapper(_) | WellKnown::Value => Value::NULL,
                WellKnown::Struct => Value::map(Space::Program, 0, 0),
                WellKnown::List => Value::list(Space::Program, 0, 0, 1),
                WellKnown::Timestamp => Value::timestamp(0, 0),
                WellKnown::Duration => Value::duration(0),
            },
            _ => kind.zero(),
        }
    }
}

/// The type of `value` as a value; `None` where no expression has such a value.
#[must_use]
pub fn type_of(view: &View<'_>, value: &Value) -> Option<Value> {
    if value.tag() == Tag::Message {
        return view.descriptors.message(value.kind()).map(|it| it.ty);
    }
    if value.tag() == Tag::Enum {
        return view.descriptors.enumeration(value.kind()).map(|it| it.ty);
    }
    value.tag().type_name().and_then(type_value)
}

/// What field `number` of `message` holds, if it is set.
#[must_use]
pub fn field_value(view: &View<'_>, message: &Value, number: u32) -> Option<Value> {
    let (pairs, _) = view.elements(message).as_chunks::<2>();
    let at = pairs.binary_search_by_key(&u64::from(number), |[number, _]| number.bits()).ok()?;
    pairs.get(at).map(|[_, value]| *value)
}

/// What selecting `field` from `message` yields.
#[must_use]
pub fn get(view: &View<'_>, message: &Value, field: &Field) -> Value {
    field_value(view, message, field.number).unwrap_or(field.default)
}

/// Whether `field` of `message` is set.
#[must_use]
pub fn has(view: &View<'_>, message: &Value, field: &Field) -> bool {
    field_value(view, message, field.number).is_some()
}

/// The field of the type of `message` that a string names.
///
/// # Errors
/// `NoSuchKey` if there is none.
pub fn field_of<'d>(
    view: &View<'d>,
    message: &Value,
    name: &Value,
) -> Result<&'d Field, EvalError> {
    let of = view.descriptors.message(message.kind());
    let field = of.and_then(|of| of.by_name(view.program_text, view.bytes(name)));
    field.ok_or(EvalError::NoSuchKey)
}
