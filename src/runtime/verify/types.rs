//! What is known of a value: its kind, what it contains, how long it is, and whether it is there.
//!
//! In:      type rows and constants.
//! Out:     `Known`, and whether it lies inside a type.
//! Imports: `lang`, `runtime::bundle`.

use crate::lang::constant::Constant;
use crate::lang::functions::Sig;
use crate::lang::value::message::WellKnown;
use crate::runtime::bundle::module::{MessageFieldRow, Module, NONE, TypeRow};
use crate::runtime::verify::messages::well_known;

/// The kind of a value; `Dyn` where any is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Any kind.
    Dyn,
    /// `null`
    Null,
    /// A bool.
    Bool,
    /// An int.
    Int,
    /// A uint.
    Uint,
    /// A double.
    Double,
    /// A string.
    String,
    /// Bytes.
    Bytes,
    /// A timestamp.
    Timestamp,
    /// A duration.
    Duration,
    /// A type.
    Type,
    /// A list.
    List,
    /// A map.
    Map,
    /// An optional.
    Optional,
    /// A message.
    Message,
    /// A value of an enum that is a type of its own.
    Enum,
}

/// A type, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ty {
    /// Of no value: what is there is an error.
    Never,
    /// Of this kind, contents unknown.
    Plain(Kind),
    /// A list of elements of this kind.
    ListOf(Kind),
    /// A map of keys and values of these kinds.
    MapOf(Kind, Kind),
    /// A type of the module that has parts.
    Row(u16),
    /// A list of elements of this type of the module, which has parts.
    RowsOf(u16),
    /// A message of this type of the module.
    Message(u16),
    /// A value of this enum of the module.
    Enum(u16),
    /// What a message or an output must not tell: nothing but whether it is there is asked.
    Sensitive,
    /// A list that lies in columns; the node of the path trie.
    Columns(u16),
}

/// Whether reading finds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Presence {
    /// It does.
    Sure,
    /// It may find nothing.
    MaybeAbsent,
    /// It may find nothing, or an error that was kept.
    MaybeError,
}

/// A length that nothing bounds.
pub const UNBOUNDED: u32 = u32::MAX;

/// What is known of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its type.
    pub ty: Ty,
    /// Whether it is there.
    pub presence: Presence,
    /// Most bytes of text, elements of a list, entries of a map; `UNBOUNDED` if that is not known.
    pub len: u32,
    /// Of how many values that share the bytes of one context it is one, or a part of one; 0 if it
    /// may have been built.
    pub(super) among: u32,
    /// The drafted frame row that says so, or `u32::MAX`.
    pub(super) frame: u32,
}

impl Known {
    pub(super) const fn new(ty: Ty, presence: Presence, len: u32) -> Self {
        Self { ty, presence, len, among: 0, frame: u32::MAX }
    }

    /// A value of this type.
    pub(super) const fn sure(ty: Ty) -> Self {
        Self::new(ty, Presence::Sure, UNBOUNDED)
    }

    /// A value of this kind.
    pub(super) const fn of(kind: Kind) -> Self {
        Self::sure(Ty::Plain(kind))
    }

    /// Any value.
    pub(super) const ANY: Self = Self::of(Kind::Dyn);

    /// A value of row `row` of the types.
    pub(super) fn of_row(module: &Module, row: u16, presence: Presence) -> Self {
        Self { presence, ..Self::typed(module, Ty::of_row(module, row)) }
    }

    /// A value of this type, as long as the type allows.
    pub(super) fn typed(module: &Module, ty: Ty) -> Self {
        let row = if let Ty::Row(row) = ty { module.types.get(usize::from(row)) } else { None };
        let len = if let Some(TypeRow::List(_, Some(max))) = row { *max } else { UNBOUNDED };
        Self::new(ty, Presence::Sure, len)
    }

    /// The value of a constant.
    pub(super) fn of_constant(constant: &Constant) -> Self {
        let len = |len: usize| u32::try_from(len).unwrap_or(UNBOUNDED);
        match constant {
            Constant::String(text) => {
                Self::new(Ty::Plain(Kind::String), Presence::Sure, len(text.len()))
            }
            Constant::Bytes(bytes) => {
                Self::new(Ty::Plain(Kind::Bytes), Presence::Sure, len(bytes.len()))
            }
            Constant::List(elements) => {
                let ty = Ty::list_of(common(elements.iter().map(kind_of)));
                Self::new(ty, Presence::Sure, len(elements.len()))
            }
            Constant::Map(entries) => {
                let key = common(entries.iter().map(|(key, _)| kind_of(key)));
                let value = common(entries.iter().map(|(_, value)| kind_of(value)));
                Self::new(Ty::map_of(key, value), Presence::Sure, len(entries.len()))
            }
            Constant::Null
            | Constant::Bool(_)
            | Constant::Int(_)
            | Constant::Uint(_)
            | Constant::Double(_)
            | Constant::Timestamp(..)
            | Constant::Duration(_)
            | Constant::Type(_)
            | Constant::Optional(_)
            | Constant::Enum(..) => Self::of(kind_of(constant)),
        }
    }

    /// Whether it is there and of this kind.
    pub(super) fn is(&self, module: &Module, kind: Kind) -> bool {
        self.is_infallible() && self.ty.kind(module) == kind
    }

    /// Whether it is there.
    pub(super) fn is_infallible(&self) -> bool {
        self.presence == Presence::Sure
    }

    /// Whether it is there and a list or a map.
    pub(super) fn is_container(&self, module: &Module) -> bool {
        self.is_infallible() && matches!(self.ty.kind(module), Kind::List | Kind::Map)
    }

    /// Whether it is there and a number.
    pub(super) fn is_number(&self, module: &Module) -> bool {
        self.is_infallible()
            && matches!(self.ty.kind(module), Kind::Int | Kind::Uint | Kind::Double)
    }
}

/// The kind of a constant.
pub(super) const fn kind_of(constant: &Constant) -> Kind {
    match constant {
        Constant::Null => Kind::Null,
        Constant::Bool(_) => Kind::Bool,
        Constant::Int(_) => Kind::Int,
        Constant::Uint(_) => Kind::Uint,
        Constant::Double(_) => Kind::Double,
        Constant::String(_) => Kind::String,
        Constant::Bytes(_) => Kind::Bytes,
        Constant::Timestamp(..) => Kind::Timestamp,
        Constant::Duration(_) => Kind::Duration,
        Constant::Type(_) => Kind::Type,
        Constant::List(_) => Kind::List,
        Constant::Map(_) => Kind::Map,
        Constant::Optional(_) => Kind::Optional,
        Constant::Enum(..) => Kind::Enum,
    }
}

/// The kind that all have.
fn common(mut kinds: impl Iterator<Item = Kind>) -> Kind {
    let Some(first) = kinds.next() else { return Kind::Dyn };
    if kinds.all(|kind| kind == first) { first } else { Kind::Dyn }
}

/// The fields of message `of`.
pub(super) fn fields_of(module: &Module, of: u16) -> &[MessageFieldRow] {
    let Some(row) = module.messages.get(usize::from(of)) else { return &[] };
    let first = usize::from(row.first_field);
    module.fields.get(first..first + usize::from(row.fields)).unwrap_or_default()
}

/// The message that field `at` belongs to.
pub(super) fn message_of(module: &Module, at: u16) -> u16 {
    let behind = module.messages.partition_point(|row| row.first_field <= at);
    u16::try_from(behind.saturating_sub(1)).unwrap_or(NONE)
}

impl Ty {
    /// What a message of type `of` is made into.
    pub(super) fn of_message(module: &Module, of: u16) -> Self {
        match well_known(module, of) {
            WellKnown::Plain => Self::Message(of),
            WellKnown::Any | WellKnown::Value => Self::Plain(Kind::Dyn),
            WellKnown::Struct => Self::map_of(Kind::String, Kind::Dyn),
            WellKnown::List => Self::Plain(Kind::List),
            WellKnown::Timestamp => Self::Plain(Kind::Timestamp),
            WellKnown::Duration => Self::Plain(Kind::Duration),
            WellKnown::Wrapper(_) => fields_of(module, of)
                .first()
                .map_or(Self::Plain(Kind::Dyn), |row| Self::of_row(module, row.ty)),
        }
    }

    /// A list of elements of this kind.
    pub(super) fn list_of(kind: Kind) -> Self {
        if kind == Kind::Dyn { Self::Plain(Kind::List) } else { Self::ListOf(kind) }
    }

    fn map_of(key: Kind, value: Kind) -> Self {
        if key == Kind::Dyn && value == Kind::Dyn {
            Self::Plain(Kind::Map)
        } else {
            Self::MapOf(key, value)
        }
    }

    /// The type of row `row`.
    pub(super) fn of_row(module: &Module, row: u16) -> Self {
        let kind = match module.types.get(usize::from(row)) {
            None | Some(TypeRow::Dyn) => Kind::Dyn,
            Some(TypeRow::Null) => Kind::Null,
            Some(TypeRow::Bool) => Kind::Bool,
            Some(TypeRow::Int) => Kind::Int,
            Some(TypeRow::Uint) => Kind::Uint,
            Some(TypeRow::Double) => Kind::Double,
            Some(TypeRow::String) => Kind::String,
            Some(TypeRow::Bytes) => Kind::Bytes,
            Some(TypeRow::Timestamp) => Kind::Timestamp,
            Some(TypeRow::Duration) => Kind::Duration,
            Some(TypeRow::Type) => Kind::Type,
            Some(TypeRow::Message(of)) => return Self::Message(*of),
            Some(TypeRow::Enum(of)) => return Self::Enum(*of),
            Some(
                TypeRow::Nullable(_)
                | TypeRow::List(..)
                | TypeRow::Map(..)
                | TypeRow::Optional(_)
                | TypeRow::Record { .. },
            ) => return Self::Row(row),
        };
        Self::Plain(kind)
    }

    /// The type that a builtin's declaration names.
    pub(super) fn of_sig(sig: &Sig) -> Self {
        Self::Plain(match sig {
            Sig::Dyn | Sig::Param(_) | Sig::Kind(_) | Sig::Opaque(_) => Kind::Dyn,
            Sig::Null => Kind::Null,
            Sig::Bool => Kind::Bool,
            Sig::Int => Kind::Int,
            Sig::Uint => Kind::Uint,
            Sig::Double => Kind::Double,
            Sig::String => Kind::String,
            Sig::Bytes => Kind::Bytes,
            Sig::Timestamp => Kind::Timestamp,
            Sig::Duration => Kind::Duration,
            Sig::Type(_) => Kind::Type,
            Sig::List(element) => return Self::list_of(Self::of_sig(element).plain()),
            Sig::Map(key, value) => {
                return Self::map_of(Self::of_sig(key).plain(), Self::of_sig(value).plain());
            }
            Sig::Optional(_) => Kind::Optional,
        })
    }

    /// The kind, where nothing but the kind matters; `Dyn` for what has parts.
    pub(super) const fn plain(self) -> Kind {
        match self {
            Self::Plain(kind) => kind,
            Self::ListOf(_) | Self::RowsOf(_) => Kind::List,
            Self::MapOf(..) => Kind::Map,
            Self::Message(_) => Kind::Message,
            Self::Enum(_) => Kind::Enum,
            Self::Never | Self::Row(_) | Self::Columns(_) | Self::Sensitive => Kind::Dyn,
        }
    }

    /// The kind of its values.
    pub(super) fn kind(self, module: &Module) -> Kind {
        let Self::Row(row) = self else {
            return if matches!(self, Self::Columns(_)) { Kind::List } else { self.plain() };
        };
        match module.types.get(usize::from(row)) {
            Some(TypeRow::List(..)) => Kind::List,
            Some(TypeRow::Map(..) | TypeRow::Record { .. }) => Kind::Map,
            Some(TypeRow::Optional(_)) => Kind::Optional,
            _ => Kind::Dyn,
        }
    }

    /// The type of a list's elements, or of a map's keys.
    pub(super) fn element(self, module: &Module) -> Self {
        match self {
            Self::ListOf(kind) | Self::MapOf(kind, _) => Self::Plain(kind),
            Self::RowsOf(row) => Self::Row(row),
            Self::Row(row) => match module.types.get(usize::from(row)) {
                Some(TypeRow::List(part, _) | TypeRow::Map(part, _)) => Self::of_row(module, *part),
                Some(TypeRow::Record { .. }) => Self::Plain(Kind::String),
                _ => Self::Plain(Kind::Dyn),
            },
            Self::Never
            | Self::Plain(_)
            | Self::Message(_)
            | Self::Enum(_)
            | Self::Columns(_)
            | Self::Sensitive => Self::Plain(Kind::Dyn),
        }
    }

    /// The type of what an index of the container gives.
    pub(super) fn entry(self, module: &Module) -> Self {
        match self {
            Self::ListOf(kind) | Self::MapOf(_, kind) => Self::Plain(kind),
            Self::RowsOf(row) => Self::Row(row),
            Self::Row(row) => match module.types.get(usize::from(row)) {
                Some(TypeRow::Map(_, value)) => Self::of_row(module, *value),
                Some(TypeRow::List(part, _)) => Self::of_row(module, *part),
                Some(TypeRow::Optional(_)) => Self::Plain(Kind::Optional),
                _ => Self::Plain(Kind::Dyn),
            },
            Self::Plain(Kind::Optional) => self,
            Self::Never
            | Self::Plain(_)
            | Self::Message(_)
            | Self::Enum(_)
            | Self::Columns(_)
            | Self::Sensitive => Self::Plain(Kind::Dyn),
        }
    }

    /// The type of field `name`.
    pub(super) fn field(self, module: &Module, name: &str) -> Self {
        if let Self::Message(of) = self {
            let text = |at: u32| usize::try_from(at).ok().and_then(|at| module.strings.get(at));
            let field = fields_of(module, of).iter().find(|row| text(row.name) == Some(name));
            return field.map_or(Self::Plain(Kind::Dyn), |row| Self::of_row(module, row.ty));
        }
        if let Self::Row(row) = self
            && let Some(TypeRow::Record { fields, rest }) = module.types.get(usize::from(row))
        {
            let text =
                |string: u32| usize::try_from(string).ok().and_then(|at| module.strings.get(at));
            let field = fields.iter().find(|field| text(field.name).is_some_and(|it| it == name));
            return Self::of_row(module, field.map_or(*rest, |field| field.ty));
        }
        self.entry(module)
    }

    /// Whether every value of this type is one of row `row`. Recurses as deep as types are
    /// nested: `CONSTANT_DEPTH_MAX`.
    pub(super) fn is_within(self, module: &Module, row: u16) -> bool {
        if self == Self::Never || self == Self::of_row(module, row) {
            return true;
        }
        let own = if let Self::Row(own) = self { module.types.get(usize::from(own)) } else { None };
        let within = |part: u16, wanted: u16| Self::of_row(module, part).is_within(module, wanted);
        match module.types.get(usize::from(row)) {
            Some(TypeRow::Dyn) => !matches!(self, Self::Columns(_) | Self::Sensitive),
            Some(TypeRow::Nullable(part)) => {
                self == Self::Plain(Kind::Null) || self.is_within(module, *part)
            }
            Some(TypeRow::List(part, max)) => match (self, own) {
                (_, Some(TypeRow::List(own, len))) => {
                    within(*own, *part) && max.is_none_or(|max| len.is_some_and(|len| len <= max))
                }
                (Self::ListOf(kind), _) => {
                    max.is_none() && Self::Plain(kind).is_within(module, *part)
                }
                (Self::RowsOf(own), _) => max.is_none() && within(own, *part),
                (Self::Plain(Kind::List), _) => {
                    max.is_none() && Self::Plain(Kind::Dyn).is_within(module, *part)
                }
                _ => false,
            },
            Some(TypeRow::Map(key, value)) => match (self, own) {
                (_, Some(TypeRow::Map(own_key, own_value))) => {
                    within(*own_key, *key) && within(*own_value, *value)
                }
                (Self::MapOf(own_key, own_value), _) => {
                    Self::Plain(own_key).is_within(module, *key)
                        && Self::Plain(own_value).is_within(module, *value)
                }
                (Self::Plain(Kind::Map), _) | (_, Some(TypeRow::Record { .. })) => {
                    let any = Self::Plain(Kind::Dyn);
                    any.is_within(module, *key) && any.is_within(module, *value)
                }
                _ => false,
            },
            Some(TypeRow::Optional(part)) => match (self, own) {
                (_, Some(TypeRow::Optional(own))) => within(*own, *part),
                (Self::Plain(Kind::Optional), _) => Self::Plain(Kind::Dyn).is_within(module, *part),
                _ => false,
            },
            _ => false,
        }
    }
}
