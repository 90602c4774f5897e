//! Types, as the checker and the schema see them. Values know only their own kind
//! (`lang::value::Tag`); a type says more.
//!
//! Types are interned: two equal types have one id, and an id is `Copy`.

use std::collections::HashMap;

use crate::base::index::IndexVec;
use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::newtype_index;

newtype_index! {
    /// A type in `TypeTable`.
    pub struct TypeId;
    /// An object type in `TypeTable::records`.
    pub struct RecordId;
}

/// A type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// Any value; known at run time only.
    Dyn,
    /// The type of an expression that was refused already; fits everything.
    Error,
    /// `null_type`
    Null,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `uint`
    Uint,
    /// `double`
    Double,
    /// `string`
    String,
    /// `bytes`
    Bytes,
    /// `google.protobuf.Timestamp`
    Timestamp,
    /// `google.protobuf.Duration`
    Duration,
    /// What `deny`, `allow` and `escalate` return.
    Decision,
    /// `list(T)`
    List(TypeId),
    /// `map(K, V)`
    Map(TypeId, TypeId),
    /// `optional_type(T)`
    Optional(TypeId),
    /// `wrapper(T)`: a primitive or null.
    Wrapper(TypeId),
    /// `type(T)`: the type of a type.
    Type(TypeId),
    /// An object of a schema.
    Record(RecordId),
    /// A Protocol Buffers message.
    Message(Name),
    /// A Protocol Buffers enum whose values are no ints.
    Enum(Name),
    /// Any other named type, as `net.IP`, with its parameters.
    Opaque(Name, Vec<TypeId>),
    /// A named type parameter of a declaration.
    Param(Name),
    /// A type variable of one inference.
    Variable(u32),
}

impl Type {
    /// The types that it is made of, in the order of their writing.
    ///
    /// What a wrapper holds is a primitive and what an object holds stands in its `Record`: both
    /// are the type itself, not parts of it, since nothing in them can be replaced.
    pub fn parts(&self) -> impl Iterator<Item = TypeId> {
        let (ends, params) = match self {
            Self::List(part) | Self::Optional(part) | Self::Type(part) => {
                ([Some(*part), None], &[][..])
            }
            Self::Map(key, value) => ([Some(*key), Some(*value)], &[][..]),
            Self::Opaque(_, params) => ([None, None], params.as_slice()),
            Self::Dyn
            | Self::Error
            | Self::Null
            | Self::Bool
            | Self::Int
            | Self::Uint
            | Self::Double
            | Self::String
            | Self::Bytes
            | Self::Timestamp
            | Self::Duration
            | Self::Decision
            | Self::Wrapper(_)
            | Self::Record(_)
            | Self::Message(_)
            | Self::Enum(_)
            | Self::Param(_)
            | Self::Variable(_) => ([None, None], &[][..]),
        };
        ends.into_iter().flatten().chain(params.iter().copied())
    }

    /// The same type with each of its parts replaced by what `to` makes of it, in their order.
    #[must_use]
    #[expect(clippy::wildcard_enum_match_arm, reason = "`parts` names all that have none")]
    pub fn map_parts(self, mut to: impl FnMut(TypeId) -> TypeId) -> Self {
        match self {
            Self::List(part) => Self::List(to(part)),
            Self::Optional(part) => Self::Optional(to(part)),
            Self::Type(part) => Self::Type(to(part)),
            Self::Map(key, value) => {
                let key = to(key);
                Self::Map(key, to(value))
            }
            Self::Opaque(name, params) => Self::Opaque(name, params.into_iter().map(to).collect()),
            whole => whole,
        }
    }

    /// Whether null is one of its values: a null, a wrapper, and by the legacy rule of CEL what
    /// Protocol Buffers hold by reference.
    #[must_use]
    pub const fn takes_null(&self) -> bool {
        matches!(
            self,
            Self::Null
                | Self::Wrapper(_)
                | Self::Message(_)
                | Self::Opaque(..)
                | Self::Optional(_)
                | Self::Timestamp
                | Self::Duration
        )
    }

    /// Whether it is one of the six types that a wrapper can wrap.
    #[must_use]
    pub const fn is_primitive(&self) -> bool {
        matches!(
            self,
            Self::Bool | Self::Int | Self::Uint | Self::Double | Self::String | Self::Bytes
        )
    }
}

/// An object type of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// How messages call it, if it has a name.
    pub name: Option<Name>,
    /// Sorted by name.
    pub fields: Vec<RecordField>,
    /// The type of fields that are not declared; `None` refuses them.
    pub rest: Option<TypeId>,
    /// Whether values may hold further fields, which nobody may name: what one of several tools
    /// alone has.
    pub partial: bool,
    /// Where it was declared.
    pub span: Option<Span>,
}

/// A field of an object type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordField {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeId,
    /// Whether a context without it is refused where it is read.
    pub required: bool,
    /// Whether it exists in the response phase only.
    pub response_only: bool,
    /// Whether no message may quote it.
    pub sensitive: bool,
    /// Most elements of a list, and where that is written.
    pub max_items: Option<Spanned<u64>>,
    /// Where it was declared.
    pub span: Option<Span>,
}

impl RecordField {
    /// A field that any phase and any message may read, a list of any length.
    #[must_use]
    pub const fn new(name: Name, ty: TypeId, required: bool, span: Option<Span>) -> Self {
        let (response_only, sensitive, max_items) = (false, false, None);
        Self { name, ty, required, response_only, sensitive, max_items, span }
    }
}

/// All types of one compilation. The primitive types have fixed ids.
#[derive(Clone, Debug)]
pub struct TypeTable {
    types: IndexVec<TypeId, Type>,
    ids: HashMap<Type, TypeId>,
    /// Object types; never merged, so each keeps its place.
    pub records: IndexVec<RecordId, Record>,
}

macro_rules! fixed {
    ($($(#[$meta:meta])* $name:ident = $at:literal $ty:expr;)*) => {
        impl TypeTable {
            $($(#[$meta])* pub const $name: TypeId = TypeId($at);)*
        }
        const FIXED: &[Type] = &[$($ty,)*];
    };
}

fixed! {
    /// `dyn`
    DYN = 0 Type::Dyn;
    /// The type of what was refused.
    ERROR = 1 Type::Error;
    /// `null_type`
    NULL = 2 Type::Null;
    /// `bool`
    BOOL = 3 Type::Bool;
    /// `int`
    INT = 4 Type::Int;
    /// `uint`
    UINT = 5 Type::Uint;
    /// `double`
    DOUBLE = 6 Type::Double;
    /// `string`
    STRING = 7 Type::String;
    /// `bytes`
    BYTES = 8 Type::Bytes;
    /// `google.protobuf.Timestamp`
    TIMESTAMP = 9 Type::Timestamp;
    /// `google.protobuf.Duration`
    DURATION = 10 Type::Duration;
    /// `decision`
    DECISION = 11 Type::Decision;
    /// `list(dyn)`
    LIST_DYN = 12 Type::List(TypeTable::DYN);
    /// `map(dyn, dyn)`
    MAP_DYN = 13 Type::Map(TypeTable::DYN, TypeTable::DYN);
    /// `map(string, dyn)`
    MAP_STRING_DYN = 14 Type::Map(TypeTable::STRING, TypeTable::DYN);
    /// `list(string)`
    LIST_STRING = 15 Type::List(TypeTable::STRING);
}

impl Default for TypeTable {
    fn default() -> Self {
        Self::new()
    }
}

impl TypeTable {
    /// The primitive types alone.
    #[must_use]
    pub fn new() -> Self {
        let mut table =
            Self { types: IndexVec::new(), ids: HashMap::new(), records: IndexVec::new() };
        for ty in FIXED {
            table.intern(ty.clone());
        }
        table
    }

    /// The id of `ty`.
    pub fn intern(&mut self, ty: Type) -> TypeId {
        if let Some(id) = self.ids.get(&ty) {
            return *id;
        }
        let id = self.types.push(ty.clone());
        self.ids.insert(ty, id);
        id
    }

    /// The type `id`.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "ids come from this table")]
    pub fn get(&self, id: TypeId) -> &Type {
        &self.types[id]
    }

    /// `list(element)`
    pub fn list(&mut self, element: TypeId) -> TypeId {
        self.intern(Type::List(element))
    }

    /// `map(key, value)`
    pub fn map(&mut self, key: TypeId, value: TypeId) -> TypeId {
        self.intern(Type::Map(key, value))
    }

    /// `optional_type(value)`
    pub fn optional(&mut self, value: TypeId) -> TypeId {
        self.intern(Type::Optional(value))
    }

    /// A new object type.
    pub fn record(&mut self, record: Record) -> TypeId {
        let id = self.records.push(record);
        self.intern(Type::Record(id))
    }

    /// Lets values of an object type hold further fields, which nobody may name.
    pub fn mark_partial(&mut self, ty: TypeId) {
        if let Type::Record(record) = *self.get(ty)
            && let Some(record) = self.records.get_mut(record)
        {
            record.partial = true;
        }
    }

    /// Whether an object type is but a part of what its values hold.
    #[must_use]
    pub fn is_partial(&self, ty: TypeId) -> bool {
        matches!(self.get(ty), Type::Record(record) if self.object(*record).partial)
    }

    /// The object type `id`.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "ids come from this table")]
    pub fn object(&self, id: RecordId) -> &Record {
        &self.records[id]
    }

    /// The fields of `ty`, if it is an object.
    #[must_use]
    pub fn fields(&self, ty: TypeId) -> Option<&[RecordField]> {
        let Type::Record(record) = self.get(ty) else { return None };
        Some(&self.object(*record).fields)
    }

    /// The field `name` of object type `record`.
    #[must_use]
    pub fn field(&self, record: RecordId, name: &str) -> Option<&RecordField> {
        let fields = &self.object(record).fields;
        let at = fields.binary_search_by(|field| field.name.as_str().cmp(name)).ok()?;
        fields.get(at)
    }

    /// The type in CEL's words, as `list(string)`, `map(string, dyn)`, `google.protobuf.Duration`.
    #[must_use]
    pub fn show(&self, id: TypeId) -> String {
        let list = |ids: &[TypeId]| {
            let shown: Vec<String> = ids.iter().map(|id| self.show(*id)).collect();
            shown.join(", ")
        };
        match self.get(id) {
            Type::Dyn => "dyn".to_owned(),
            Type::Error => "!error!".to_owned(),
            Type::Null => "null_type".to_owned(),
            Type::Bool => "bool".to_owned(),
            Type::Int => "int".to_owned(),
            Type::Uint => "uint".to_owned(),
            Type::Double => "double".to_owned(),
            Type::String => "string".to_owned(),
            Type::Bytes => "bytes".to_owned(),
            Type::Timestamp => "google.protobuf.Timestamp".to_owned(),
            Type::Duration => "google.protobuf.Duration".to_owned(),
            Type::Decision => "decision".to_owned(),
            Type::List(element) => format!("list({})", self.show(*element)),
            Type::Map(key, value) => format!("map({}, {})", self.show(*key), self.show(*value)),
            Type::Optional(value) => format!("optional_type({})", self.show(*value)),
            Type::Wrapper(value) => format!("wrapper({})", self.show(*value)),
            Type::Type(value) => format!("type({})", self.show(*value)),
            Type::Record(record) => self
                .object(*record)
                .name
                .as_ref()
                .map_or_else(|| "object".to_owned(), ToString::to_string),
            Type::Message(name) | Type::Enum(name) | Type::Param(name) => name.to_string(),
            Type::Opaque(name, params) if params.is_empty() => name.to_string(),
            Type::Opaque(name, params) => format!("{name}({})", list(params)),
            Type::Variable(number) => format!("_{number}"),
        }
    }
}
