//! Why a context was refused.
//!
//! In:      facts found while reading.
//! Out:     `InputError`.
//! Imports: `base`, `lang`, `runtime::bundle`, `runtime::program`.

use std::error::Error;
use std::fmt;

use crate::base::pointer;
use crate::lang::session::{Question, ROOT};
use crate::lang::value::wire::WireFault;
use crate::runtime::bundle::module::NONE;
use crate::runtime::program::Program;
use crate::runtime::program::dispatch::ProgramItem;

/// Why a context was refused, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputError {
    /// What is wrong.
    pub kind: InputKind,
    /// Byte of the context where it was found; `None` where something is missing.
    pub offset: Option<usize>,
    /// Node of the path trie: the nearest place that the bundle reads.
    pub(in crate::runtime) node: u16,
}

/// One sentence without its full stop.
impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.offset {
            Some(offset) => write!(f, "{} (byte {offset})", self.kind),
            None => self.kind.fmt(f),
        }
    }
}

impl Error for InputError {}

/// What was wanted where a context holds something else. A byte, so that what reading returns
/// stays in registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Said as: a value.
    Any,
    /// Said as: null.
    Null,
    /// Said as: a bool.
    Bool,
    /// Said as: an int.
    Int,
    /// Said as: a uint.
    Uint,
    /// Said as: a double.
    Double,
    /// Said as: a string.
    String,
    /// Said as: bytes in base64.
    Bytes,
    /// Said as: a timestamp.
    Timestamp,
    /// Said as: a duration.
    Duration,
    /// Said as: a type.
    Type,
    /// Said as: null or a value of its type.
    Nullable,
    /// Said as: a list.
    List,
    /// Said as: a map.
    Map,
    /// Said as: an optional.
    Optional,
    /// Said as: an object.
    Object,
    /// Said as: a message.
    Message,
    /// Said as: a value of its enum.
    Enum,
    /// Said as: there.
    There,
    /// Said as: as it is declared. It is of the right kind, and some part of it is wrong.
    Declared,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "a value",
            Self::Null => "null",
            Self::Bool => "a bool",
            Self::Int => "an int",
            Self::Uint => "a uint",
            Self::Double => "a double",
            Self::String => "a string",
            Self::Bytes => "bytes in base64",
            Self::Timestamp => "a timestamp",
            Self::Duration => "a duration",
            Self::Type => "a type",
            Self::Nullable => "null or a value of its type",
            Self::List => "a list",
            Self::Map => "a map",
            Self::Optional => "an optional",
            Self::Object => "an object",
            Self::Message => "a message",
            Self::Enum => "a value of its enum",
            Self::There => "there",
            Self::Declared => "as it is declared",
        })
    }
}

/// What is wrong with a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// It is not UTF-8.
    NotUtf8,
    /// It is larger than `CONTEXT_BYTES_MAX`.
    TooLarge,
    /// It nests deeper than `CONTEXT_DEPTH_MAX`.
    TooDeep,
    /// It holds more values than `CONTEXT_NODES_MAX`.
    TooManyValues,
    /// What is read of it does not fit the memory of a decision.
    TooMuchRead,
    /// It ends too early.
    Truncated,
    /// Something that JSON does not have at this place.
    Syntax,
    /// A control character in a string.
    Control,
    /// An escape that JSON does not have.
    Escape,
    /// Half of a surrogate pair.
    Surrogate,
    /// A number that neither 64-bit integers nor doubles can hold.
    NumberRange,
    /// A key is given twice.
    DuplicateKey,
    /// Something follows behind the context.
    Trailing,
    /// A byte order mark stands in front of it.
    ByteOrderMark,
    /// The context is no object.
    NotAnObject,
    /// It is a message, and the program takes none.
    NoMessage,
    /// Bytes that no message of its type has.
    Wire(WireFault),
    /// It names a message type that the bundle does not have.
    UnknownType,
    /// A value of another type than the schema says; this is what it says.
    WrongType(Expected),
    /// A field that the schema does not have.
    UnknownField,
    /// A field that the schema requires is not there.
    MissingField,
    /// It answers what only a session answers.
    Answered,
    /// A list longer than the schema says.
    TooLong,
    /// A place that a rule or output needs is not there, or is of another type.
    Needed(ProgramItem, Expected),
}

impl InputError {
    /// The nearest place that the bundle reads, as a JSON Pointer.
    #[must_use]
    pub fn path(&self, program: &Program) -> String {
        if self.node == NONE {
            return String::new();
        }
        program.paths.pointer(&program.text, self.node)
    }

    /// The rule that would have read what is missing, if one is known.
    #[must_use]
    pub fn reader<'p>(&self, program: &'p Program) -> Option<&'p str> {
        let InputKind::Needed(by, _) = self.kind else { return None };
        Some(by.name(program))
    }

    /// One sentence, without the place.
    #[must_use]
    pub fn message(&self, program: &Program) -> String {
        let InputKind::Needed(by, expected) = self.kind else { return self.kind.to_string() };
        let (path, rule) = (self.path(program), by.name(program));
        if let Some(meter) = measured(program, &path) {
            return format!(
                "the amount of the meter `{meter}` could not be measured, and `{rule}` goes by \
                 it: `amount` must give a number from 0, as `1000` and no `1,000`, and `key` a \
                 text, a whole number or a bool"
            );
        }
        format!("`{path}` is not {expected}, and `{rule}` reads it")
    }
}

/// The meter that a session was asked about at a place.
fn measured<'p>(program: &'p Program, path: &str) -> Option<&'p str> {
    let mut keys = pointer::keys(path);
    let question = (keys.next()? == ROOT).then(|| keys.next()).flatten()?;
    let name = keys.next()?;
    let govern = &program.module().govern;
    let mut limits = govern.limits.iter();
    let row = match Question::of(&question)? {
        Question::Over => {
            let limit = limits.find(|row| program.string(row.id) == name)?;
            govern.meters.get(usize::from(limit.meter))
        }
        Question::Count | Question::Sum => {
            govern.meters.iter().find(|row| program.string(row.name) == name)
        }
        Question::Label
        | Question::Labels
        | Question::From
        | Question::Origin
        | Question::Kind
        | Question::Audience
        | Question::Readable
        | Question::Via
        | Question::Done
        | Question::Approved => None,
    };
    row.map(|row| program.string(row.name))
}

impl InputKind {
    /// Whether it says that the bytes are no JSON.
    #[must_use]
    pub const fn is_grammar(self) -> bool {
        matches!(
            self,
            Self::NotUtf8
                | Self::Truncated
                | Self::Syntax
                | Self::Control
                | Self::Escape
                | Self::Surrogate
                | Self::Trailing
        )
    }

    /// Whether it is about the bytes, whoever reads them: they are no context of anything. The
    /// rest are contexts, but not ones that this program takes.
    #[must_use]
    pub const fn is_unreadable(self) -> bool {
        match self {
            Self::NotUtf8
            | Self::TooLarge
            | Self::TooDeep
            | Self::TooManyValues
            | Self::Truncated
            | Self::Syntax
            | Self::Control
            | Self::Escape
            | Self::Surrogate
            | Self::DuplicateKey
            | Self::Trailing
            | Self::ByteOrderMark
            | Self::NotAnObject
            | Self::Wire(_) => true,
            Self::TooMuchRead
            | Self::NumberRange
            | Self::NoMessage
            | Self::UnknownType
            | Self::WrongType(_)
            | Self::UnknownField
            | Self::MissingField
            | Self::Answered
            | Self::TooLong
            | Self::Needed(..) => false,
        }
    }
}

impl fmt::Display for InputKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::NotUtf8 => "the context is not UTF-8",
            Self::TooLarge => "the context is too large",
            Self::TooDeep => "the context nests too deeply",
            Self::TooManyValues => "the context holds too many values",
            Self::TooMuchRead => "the context holds more text and elements than a decision may",
            Self::Truncated => "the context ends too early",
            Self::Syntax => "this is not JSON",
            Self::Control => "a control character in a string must be escaped",
            Self::Escape => "JSON does not have this escape",
            Self::Surrogate => "half of a surrogate pair is no character",
            Self::NumberRange => "this number is out of range",
            Self::DuplicateKey => "this key is given twice",
            Self::Trailing => "something follows behind the context",
            Self::ByteOrderMark => "a byte order mark stands in front of the context",
            Self::NotAnObject => "the context is not an object",
            Self::NoMessage => "the bundle takes no message as its context",
            Self::Wire(fault) => wire_words(*fault),
            Self::UnknownType => "the bundle does not have this message type",
            Self::WrongType(expected) => return write!(f, "this is not {expected}"),
            Self::UnknownField => "the schema does not have this field",
            Self::Answered => "only a session fills this place",
            Self::MissingField => "a field that the schema requires is not there",
            Self::TooLong => "this list is longer than the schema says",
            Self::Needed(_, expected) => {
                return write!(f, "a place that is read is not {expected}");
            }
        };
        f.write_str(text)
    }
}

/// What is wrong with a byte of a message.
const fn wire_words(fault: WireFault) -> &'static str {
    match fault {
        WireFault::Truncated => "the message ends too early",
        WireFault::Tag => "no field has this tag",
        WireFault::Varint => "this number is longer than ten bytes",
        WireFault::EndGroup => "a group ends that did not begin",
        WireFault::WireType => "this field is written as another type than it is declared",
        WireFault::NotUtf8 => "this string is not UTF-8",
        WireFault::TooDeep => "the message nests too deeply",
        WireFault::TooMuch => "the message holds more than a decision may",
        WireFault::Range => "CEL does not have this time",
    }
}

impl ProgramItem {
    /// Id of the rule, or name of the output.
    #[must_use]
    pub fn name(self, program: &Program) -> &str {
        match self {
            Self::Rule(rule) => program.rule_id(rule),
            Self::Output(at) => {
                let row = program.module.outputs.get(usize::from(at));
                row.map_or("", |row| program.string(row.name))
            }
        }
    }
}
