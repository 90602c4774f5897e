//! Values: 16 bytes, plain data, no lifetime.
//!
//! A value holds offsets, never references: text lies in the request, the arena or the program,
//! lists and maps lie in an element store. `Heap` (`lang::value::heap`) reads and builds them.
//!
//! | kind | bits | off, aux, space |
//! |---|---|---|
//! | absent, null | - | - |
//! | error | class | off = program counter |
//! | bool, int, uint, double, duration | the 64 bits (duration: nanoseconds) | - |
//! | timestamp | seconds since the epoch | off = nanoseconds |
//! | string, bytes, type | length (low 32), first four bytes (high 32) | offset, space |
//! | list | length | first element in the store, aux = columns an element |
//! | map | entries | first of `2 n` values key, value, ..; sorted by key |
//! | IP address | length (low 32), first four bytes (high 32) | offset, space: 4 or 16 bytes |
//! | CIDR block | as IP address | as IP address, and a byte with the length of the prefix |
//! | quantity, version | as string | as string; in normal form |
//! | optional | 1 if a value is present | its place in the store |
//! | message | set fields (low 32), type (high 32) | first of `2 n` values number, value, .. |
//! | enum | number (low 32), type (high 32) | - |
//! | unknown | what is known of its place | off = its row in a table of unknowns, aux = its type |

pub mod arith;
pub(crate) mod base64;
pub mod blocks;
pub mod compare;
pub mod container;
pub mod duration;
pub mod heap;
pub mod json;
pub mod map;
pub mod message;
pub mod network;
pub mod quantity;
pub mod scan;
pub mod text;
pub mod time;
pub mod version;
pub mod wire;
pub mod zone;

/// What kind of value it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Tag {
    /// A slot that the context does not fill; never the value of an expression.
    Absent = 0,
    /// A failure, kept as the value of a variable.
    Error = 1,
    /// `null`
    Null = 2,
    /// A bool.
    Bool = 3,
    /// An int.
    Int = 4,
    /// A uint.
    Uint = 5,
    /// A double.
    Double = 6,
    /// A string.
    String = 7,
    /// Bytes.
    Bytes = 8,
    /// A timestamp.
    Timestamp = 9,
    /// A duration.
    Duration = 10,
    /// A type; its text is its name.
    Type = 11,
    /// A list.
    List = 12,
    /// A map.
    Map = 13,
    /// An optional.
    Optional = 14,
    /// An IP address.
    Ip = 15,
    /// A CIDR block of IP addresses.
    Cidr = 16,
    /// A quantity of Kubernetes; its text is its normal form.
    Quantity = 17,
    /// A semantic version; its text is its normal form.
    Semver = 18,
    /// A message of Protocol Buffers.
    Message = 19,
    /// A value of an enum that is a type of its own.
    Enum = 20,
    /// A value that a record withholds: there, or perhaps there, but nobody can tell what it is.
    /// Only `runtime::vm::partial` decides with it; everywhere else it is a misfit, equal to
    /// nothing, not even to itself.
    Unknown = 21,
}

impl Tag {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Absent,
        Self::Error,
        Self::Null,
        Self::Bool,
        Self::Int,
        Self::Uint,
        Self::Double,
        Self::String,
        Self::Bytes,
        Self::Timestamp,
        Self::Duration,
        Self::Type,
        Self::List,
        Self::Map,
        Self::Optional,
        Self::Ip,
        Self::Cidr,
        Self::Quantity,
        Self::Semver,
        Self::Message,
        Self::Enum,
        Self::Unknown,
    ];

    /// Whether it is a number: all kinds of them lie on one line.
    #[must_use]
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Uint | Self::Double)
    }

    /// Whether `<` and its siblings take two values of this kind.
    #[must_use]
    pub const fn has_order(self) -> bool {
        match self {
            Self::Bool
            | Self::Int
            | Self::Uint
            | Self::Double
            | Self::String
            | Self::Bytes
            | Self::Timestamp
            | Self::Duration => true,
            Self::Absent
            | Self::Error
            | Self::Null
            | Self::Type
            | Self::List
            | Self::Map
            | Self::Optional
            | Self::Ip
            | Self::Cidr
            | Self::Quantity
            | Self::Semver
            | Self::Message
            | Self::Enum
            | Self::Unknown => false,
        }
    }

    /// Whether values of this kind have bytes somewhere: `View::bytes`.
    #[must_use]
    pub const fn has_bytes(self) -> bool {
        self.has_text() || matches!(self, Self::Bytes | Self::Ip | Self::Cidr)
    }

    /// Whether the bytes of values of this kind are text: `View::str`.
    #[must_use]
    pub const fn has_text(self) -> bool {
        matches!(self, Self::String | Self::Type) || self.is_checked_text()
    }

    /// Whether values of this kind are text that was checked, and brought to its normal form, when
    /// it was made: equal texts are equal values.
    #[must_use]
    pub const fn is_checked_text(self) -> bool {
        matches!(self, Self::Quantity | Self::Semver)
    }

    /// Whether values of this kind hold other values: `View::elements`.
    #[must_use]
    pub const fn has_elements(self) -> bool {
        matches!(self, Self::List | Self::Map | Self::Optional | Self::Message)
    }

    /// What `type()` calls values of this kind; `None` where no expression has such a value, and
    /// for messages and enums, whose types have names of their own: `message::type_of`.
    #[must_use]
    pub const fn type_name(self) -> Option<&'static str> {
        match self {
            Self::Absent | Self::Error | Self::Message | Self::Enum | Self::Unknown => None,
            Self::Null => Some("null_type"),
            Self::Bool => Some("bool"),
            Self::Int => Some("int"),
            Self::Uint => Some("uint"),
            Self::Double => Some("double"),
            Self::String => Some("string"),
            Self::Bytes => Some("bytes"),
            Self::Timestamp => Some("google.protobuf.Timestamp"),
            Self::Duration => Some("google.protobuf.Duration"),
            Self::Type => Some("type"),
            Self::List => Some("list"),
            Self::Map => Some("map"),
            Self::Optional => Some("optional_type"),
            Self::Ip => Some("net.IP"),
            Self::Cidr => Some("net.CIDR"),
            Self::Quantity => Some("kubernetes.Quantity"),
            Self::Semver => Some("kubernetes.Semver"),
        }
    }
}

/// Where text or elements lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Space {
    /// The bytes of the request; text only.
    Request = 0,
    /// The store of this evaluation.
    Arena = 1,
    /// The constants of the program.
    Program = 2,
    /// Names that are part of this build, as type names; text only.
    Builtin = 3,
}

/// A value.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Value {
    tag: Tag,
    space: Space,
    aux: u16,
    off: u32,
    bits: u64,
}

const _: () = assert!(size_of::<Value>() == 16, "two values fit a cache line's quarter");

/// The bytes of a text of less than four, filled up with zeros. Out of line, or all texts are read
/// byte by byte.
#[inline(never)]
const fn short_prefix(text: &[u8]) -> [u8; 4] {
    match *text {
        [a, b, c, ..] => [a, b, c, 0],
        [a, b] => [a, b, 0, 0],
        [a] => [a, 0, 0, 0],
        [] => [0; 4],
    }
}

impl Value {
    /// A slot that the context does not fill.
    pub const ABSENT: Self = Self::plain(Tag::Absent, 0);
    /// `null`
    pub const NULL: Self = Self::plain(Tag::Null, 0);

    const fn plain(tag: Tag, bits: u64) -> Self {
        Self { tag, space: Space::Arena, aux: 0, off: 0, bits }
    }

    /// A bool.
    #[must_use]
    pub const fn bool(value: bool) -> Self {
        Self::plain(Tag::Bool, value as u64)
    }

    /// An int.
    #[must_use]
    pub const fn int(value: i64) -> Self {
        Self::plain(Tag::Int, value.cast_unsigned())
    }

    /// A uint.
    #[must_use]
    pub const fn uint(value: u64) -> Self {
        Self::plain(Tag::Uint, value)
    }

    /// A double.
    #[must_use]
    pub const fn double(value: f64) -> Self {
        Self::plain(Tag::Double, value.to_bits())
    }

    /// A duration in nanoseconds.
    #[must_use]
    pub const fn duration(nanoseconds: i64) -> Self {
        Self::plain(Tag::Duration, nanoseconds.cast_unsigned())
    }

    /// A timestamp: seconds since the epoch and nanoseconds of the second.
    #[must_use]
    pub const fn timestamp(seconds: i64, nanoseconds: u32) -> Self {
        Self { off: nanoseconds, ..Self::plain(Tag::Timestamp, seconds.cast_unsigned()) }
    }

    /// A failure of this class (`EvalError` as a number) at this program counter.
    #[must_use]
    pub const fn error(class: u8, pc: u32) -> Self {
        Self { off: pc, ..Self::plain(Tag::Error, class as u64) }
    }

    /// Text (a tag that `has_bytes`) whose bytes are `text` and lie at `off`.
    #[inline]
    #[must_use]
    pub fn text(tag: Tag, space: Space, off: u32, text: &[u8]) -> Self {
        let prefix = text.first_chunk::<4>().copied().unwrap_or_else(|| short_prefix(text));
        let len = text.len() as u64 & 0xFFFF_FFFF;
        let bits = len | u64::from(u32::from_le_bytes(prefix)) << 32;
        Self { tag, space, aux: 0, off, bits }
    }

    /// Text (a tag that `has_bytes`) of `len` bytes that lie at `off`; `word` begins with them.
    #[inline]
    #[must_use]
    pub const fn text_of_word(tag: Tag, space: Space, off: u32, len: u32, word: u64) -> Self {
        let prefix = scan::low(word, if len < 4 { len } else { 4 });
        Self { tag, space, aux: 0, off, bits: len as u64 | prefix << 32 }
    }

    /// A list of `len` elements, `columns` values each, from element `off` on.
    #[must_use]
    pub const fn list(space: Space, off: u32, len: u32, columns: u16) -> Self {
        Self { tag: Tag::List, space, aux: columns, off, bits: len as u64 }
    }

    /// A map of `len` entries, from element `off` on.
    #[must_use]
    pub const fn map(space: Space, off: u32, len: u32) -> Self {
        Self { tag: Tag::Map, space, aux: 2, off, bits: len as u64 }
    }

    /// An optional: `Some` place of its value in the store, or none.
    #[must_use]
    pub const fn optional(space: Space, place: Option<u32>) -> Self {
        match place {
            Some(off) => Self { tag: Tag::Optional, space, aux: 1, off, bits: 1 },
            None => Self { tag: Tag::Optional, space, aux: 1, off: 0, bits: 0 },
        }
    }

    /// A message of type `kind` with `len` fields that are set, from element `off` on.
    #[must_use]
    pub const fn message(space: Space, off: u32, len: u32, kind: u32) -> Self {
        Self { tag: Tag::Message, space, aux: 2, off, bits: len as u64 | (kind as u64) << 32 }
    }

    /// A value of the enum `kind`, which is a type of its own.
    #[must_use]
    pub const fn enumeration(kind: u32, number: i32) -> Self {
        Self::plain(Tag::Enum, number.cast_unsigned() as u64 | (kind as u64) << 32)
    }

    /// A value that nobody knows: its row in a table of unknowns, its type, and what is known of
    /// its place, as `runtime::vm::partial` packs it.
    #[must_use]
    pub const fn unknown(row: u32, ty: u16, place: u64) -> Self {
        Self { tag: Tag::Unknown, space: Space::Arena, aux: ty, off: row, bits: place }
    }

    /// What kind of value it is.
    #[must_use]
    pub const fn tag(&self) -> Tag {
        self.tag
    }

    /// Where its text or elements lie.
    #[must_use]
    pub const fn space(&self) -> Space {
        self.space
    }

    /// The 64 bits: their meaning depends on the tag.
    #[must_use]
    pub const fn bits(&self) -> u64 {
        self.bits
    }

    /// Offset of the text, first element, or the number that the tag keeps there.
    #[must_use]
    pub const fn off(&self) -> u32 {
        self.off
    }

    /// Values an element of a list takes in the store; of an unknown its type.
    #[must_use]
    pub const fn columns(&self) -> u16 {
        self.aux
    }

    /// Length of text in bytes, of a list in elements, of a map in entries, of a
    /// message in fields that are set.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the length is the low half")]
    pub const fn len(&self) -> u32 {
        self.bits as u32
    }

    /// The type of a message or of a value of an enum: an index into the program's.
    #[must_use]
    pub const fn kind(&self) -> u32 {
        (self.bits >> 32) as u32
    }

    /// The number of a value of an enum that is a type of its own.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the number is the low half")]
    pub const fn number(&self) -> i32 {
        (self.bits as u32).cast_signed()
    }

    /// Whether text, list or map is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bool, if it is one.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        if matches!(self.tag, Tag::Bool) { Some(self.bits != 0) } else { None }
    }

    /// The bits as an int or a duration.
    #[must_use]
    pub const fn signed(&self) -> i64 {
        self.bits.cast_signed()
    }

    /// The bits as a double.
    #[must_use]
    pub const fn float(&self) -> f64 {
        f64::from_bits(self.bits)
    }

    /// Whether this text starts with `other`, if lengths and first bytes tell.
    #[inline]
    #[must_use]
    pub const fn starts_with(&self, other: &Self) -> Option<bool> {
        let kept = if other.len() < 4 { other.len() } else { 4 };
        let differ = (self.bits ^ other.bits) >> 32 & ((1 << (8 * kept)) - 1);
        if differ != 0 || self.len() < other.len() {
            Some(false)
        } else if other.len() <= 4 {
            Some(true)
        } else {
            None
        }
    }

    /// Whether it may hold the value of an expression: neither absent nor an error.
    #[must_use]
    pub const fn is_present(&self) -> bool {
        !matches!(self.tag, Tag::Absent | Tag::Error)
    }
}
