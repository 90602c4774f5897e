//! Protocol Buffers messages, enums and extensions, as tables.
//!
//! Whoever reads descriptors fills them; nothing here knows how descriptors are written.
//!
//! Imports: `base`.

use crate::base::name::Name;
use crate::base::span::Span;
use crate::lang::constant::Constant;
use crate::lang::value::message;

/// All message and enum types of one compilation; every table is sorted by full name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Messages {
    /// Message types, without the entries of map fields.
    pub messages: Vec<Message>,
    /// Enum types.
    pub enums: Vec<Enum>,
    /// Extensions of messages.
    pub extensions: Vec<Extension>,
    /// Whether the values of enums have types of their own; otherwise they are ints.
    pub strong_enums: bool,
}

/// A message type.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its full name, as `acme.Request.Item`.
    pub name: Name,
    /// Sorted by name.
    pub fields: Vec<MessageField>,
    /// Where it is declared; `None` for those that are built in.
    pub span: Option<Span>,
}

/// A field of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageField {
    /// Its name, as `.proto` files write it.
    pub name: Name,
    /// Its name in JSON; of an extension the full one.
    pub json: Name,
    /// Its number on the wire.
    pub number: u32,
    /// What one value of it is; of a map, what its values are.
    pub kind: FieldKind,
    /// How often it occurs, and what `has` asks of it.
    pub presence: Presence,
    /// What it yields when it is not set, where that is not the zero of its kind.
    pub default: Option<Constant>,
    /// Where it is declared; `None` for those that are built in.
    pub span: Option<Span>,
}

/// The type of a single value of a field: message and enum types by their full names.
pub type FieldKind = message::Kind<Name, Name>;

/// How often a field occurs, and when it is set: a choice by its name.
pub type Presence = message::Presence<Name, FieldKind>;

/// An enum type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enum {
    /// Its full name.
    pub name: Name,
    /// Names and numbers, sorted by name; two names may have one number.
    pub values: Vec<(Name, i32)>,
    /// Whether it holds no other numbers than those.
    pub closed: bool,
    /// Where it is declared; `None` for those that are built in.
    pub span: Option<Span>,
}

/// An extension: a field that another file gives to a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Extension {
    /// The field; its name is the full name of the extension.
    pub field: MessageField,
    /// The full name of the message that it extends.
    pub extends: Name,
}

impl Messages {
    /// The message type with this full name.
    #[must_use]
    pub fn message(&self, name: &str) -> Option<&Message> {
        let at = self.messages.binary_search_by(|it| it.name.as_str().cmp(name)).ok()?;
        self.messages.get(at)
    }

    /// The enum type with this full name.
    #[must_use]
    pub fn enumeration(&self, name: &str) -> Option<&Enum> {
        let at = self.enums.binary_search_by(|it| it.name.as_str().cmp(name)).ok()?;
        self.enums.get(at)
    }

    /// The enum and the number of the value `acme.Color.RED`: a value is named below its enum.
    #[must_use]
    pub fn enum_value(&self, name: &str) -> Option<(&Enum, i32)> {
        let (of, value) = name.rsplit_once('.')?;
        let found = self.enumeration(of)?;
        let at = found.values.binary_search_by(|(known, _)| known.as_str().cmp(value)).ok()?;
        found.values.get(at).map(|(_, number)| (found, *number))
    }

    /// The extension with this full name, if it extends `message`.
    #[must_use]
    pub fn extension(&self, message: &str, name: &str) -> Option<&Extension> {
        let at = self.extensions.binary_search_by(|it| it.field.name.as_str().cmp(name)).ok()?;
        self.extensions.get(at).filter(|it| it.extends.as_str() == message)
    }
}

impl Message {
    /// The field with this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&MessageField> {
        let at = self.fields.binary_search_by(|it| it.name.as_str().cmp(name)).ok()?;
        self.fields.get(at)
    }
}
