//! What is known of a value that is unknown.
//!
//! In:      what the input says of it, its type, what it was computed from.
//! Out:     `Fact`, and `Facts`: the table of them that values of one decision point into.
//! Imports: `lang`, `runtime::bundle`.
//! Source:  `docs/unknowns.md`.

use std::collections::HashMap;

use crate::lang::error::EvalError;
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::{Module, NONE, TypeRow};
use crate::runtime::vm::partial::unknown::{Class, Unknown, UnknownReference};
use crate::runtime::vm::request::whole::row;

/// Kinds of values, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::runtime) struct Kinds(u32);

const _: () = assert!(Tag::ALL.len() <= 32, "a kind is a bit of 32");

impl Kinds {
    pub(super) const NONE: Self = Self(0);
    /// Everything that an expression can yield.
    pub(super) const DATA: Self = Self(
        (1 << Tag::ALL.len())
            - 1
            - (1 << Tag::Absent as u32)
            - (1 << Tag::Error as u32)
            - (1 << Tag::Unknown as u32),
    );
    pub(super) const NUMBERS: Self = Self::of(Tag::Int).and(Self::of(Tag::Uint)).and(Self::DOUBLE);
    pub(super) const DOUBLE: Self = Self::of(Tag::Double);
    /// What has a size.
    pub(super) const SIZED: Self =
        Self::of(Tag::String).and(Self::of(Tag::Bytes)).and(Self::of(Tag::List)).and(Self::MAP);
    pub(super) const MAP: Self = Self::of(Tag::Map);

    pub(super) const fn of(tag: Tag) -> Self {
        Self(1 << tag as u32)
    }

    /// These and those.
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of these that are among `other`.
    pub(super) const fn among(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) const fn has(self, tag: Tag) -> bool {
        self.0 & Self::of(tag).0 != 0
    }

    /// Whether all of these are among `other`.
    pub(super) const fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    pub(super) fn tags(self) -> impl Iterator<Item = Tag> {
        Tag::ALL.iter().copied().filter(move |tag| self.has(*tag))
    }

    /// The kinds of values of type row `ty`; `NONE` tells nothing.
    pub(super) fn of_type(module: &Module, ty: u16) -> Self {
        if ty == NONE {
            return Self::DATA;
        }
        match row(module, ty) {
            TypeRow::Null => Self::of(Tag::Null),
            TypeRow::Bool => Self::of(Tag::Bool),
            TypeRow::Int => Self::of(Tag::Int),
            TypeRow::Uint => Self::of(Tag::Uint),
            TypeRow::Double => Self::DOUBLE,
            TypeRow::String => Self::of(Tag::String),
            TypeRow::Bytes => Self::of(Tag::Bytes),
            TypeRow::Timestamp => Self::of(Tag::Timestamp),
            TypeRow::Duration => Self::of(Tag::Duration),
            TypeRow::Type => Self::of(Tag::Type),
            // A verified type ends: its parts stand before it.
            TypeRow::Nullable(inner) if *inner < ty => {
                Self::of_type(module, *inner).and(Self::of(Tag::Null))
            }
            TypeRow::Dyn | TypeRow::Nullable(_) => Self::DATA,
            TypeRow::List(..) => Self::of(Tag::List),
            TypeRow::Map(..) | TypeRow::Record { .. } => Self::MAP,
            TypeRow::Optional(_) => Self::of(Tag::Optional),
            TypeRow::Message(_) => Self::of(Tag::Message),
            TypeRow::Enum(_) => Self::of(Tag::Enum),
        }
    }

    /// The kinds that a value of kind `tag` can have once it is read as type `ty`; none if it is
    /// refused.
    fn read_as(module: &Module, tag: Tag, ty: u16) -> Self {
        let all = Self::of_type(module, ty);
        if all == Self::DATA || all.has(tag) {
            return all.among(Self::of(tag));
        }
        let texts = [Tag::Bytes, Tag::Timestamp, Tag::Duration];
        let spelled = |kinds: Self| kinds.tags().any(|kind| texts.contains(&kind));
        let made = all.has(Tag::Optional) || all.has(Tag::Message) || all.has(Tag::Enum);
        let number = tag.is_number() && !all.among(Self::NUMBERS).is_empty();
        if made || number || (tag == Tag::String && spelled(all)) { all } else { Self::NONE }
    }
}

/// Classes of errors, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::runtime) struct Classes(u32);

impl Classes {
    pub(super) const NONE: Self = Self(0);

    pub(super) const fn of(class: EvalError) -> Self {
        Self(1 << class as u32)
    }

    pub(super) fn all(classes: &[EvalError]) -> Self {
        classes.iter().fold(Self::NONE, |all, class| all.and(Self::of(*class)))
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn list(self) -> Vec<EvalError> {
        let all = EvalError::ALL.iter().copied();
        all.filter(|class| self.0 & Self::of(*class).0 != 0).collect()
    }
}

/// What something was computed from: rows of the table of unknowns, one bit each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::runtime) struct Sources(Vec<u64>);

impl Sources {
    pub(super) fn one(row: u32) -> Self {
        let mut words = vec![0; row as usize / 64 + 1];
        if let Some(last) = words.last_mut() {
            *last = 1 << (row % 64);
        }
        Self(words)
    }

    pub(super) fn add(&mut self, other: &Self) {
        let words = self.0.len().max(other.0.len());
        self.0.resize(words, 0);
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    pub(super) fn with(mut self, other: &Self) -> Self {
        self.add(other);
        self
    }

    /// The rows, ascending.
    pub(super) fn rows(&self) -> impl Iterator<Item = usize> {
        let words = self.0.iter().enumerate();
        words.flat_map(|(at, word)| {
            (0..64).filter(move |bit| word >> bit & 1 != 0).map(move |bit| at * 64 + bit)
        })
    }
}

/// What is known of a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::runtime) struct Fact {
    /// What it can be. `Absent` where it is perhaps not there, `Error` where it perhaps failed.
    pub(super) kinds: Kinds,
    /// The classes that it can have failed with.
    pub(super) errors: Classes,
    /// Its type, a row of the types or `NONE`.
    pub(super) ty: u16,
    /// The place whose columns its elements have, or `NONE`.
    pub(super) rows: u16,
    /// Its least and its largest size, if it has one.
    pub(super) sizes: (u32, u32),
    /// Its least and its largest value, if it is an int.
    pub(super) ints: (i64, i64),
    /// The row of which it is the value, and not a part or something computed.
    pub(super) identity: Option<u32>,
    /// What it was computed from.
    pub(super) sources: Sources,
}

/// Any size.
pub(super) const SIZES: (u32, u32) = (0, u32::MAX);
/// Any int.
pub(super) const INTS: (i64, i64) = (i64::MIN, i64::MAX);

impl Fact {
    /// Something of these kinds that was computed from `sources`.
    pub(super) fn of(kinds: Kinds, sources: Sources) -> Self {
        Self {
            kinds,
            errors: Classes::NONE,
            ty: NONE,
            rows: NONE,
            sizes: SIZES,
            ints: INTS,
            identity: None,
            sources,
        }
    }

    /// Something of type `ty`.
    pub(super) fn of_type(module: &Module, ty: u16, sources: Sources) -> Self {
        Self { ty, ..Self::of(Kinds::of_type(module, ty), sources) }
    }

    /// A failure.
    pub(super) fn failure(errors: Classes, sources: Sources) -> Self {
        Self { errors, ..Self::of(Kinds::of(Tag::Error), sources) }
    }

    /// What is known of a value that is known.
    fn of_known(value: &Value) -> Self {
        let mut fact = Self::of(Kinds::of(value.tag()), Sources::default());
        let len = value.len();
        match value.tag() {
            Tag::Int => fact.ints = (value.signed(), value.signed()),
            Tag::List | Tag::Map | Tag::Bytes => fact.sizes = (len, len),
            Tag::Error => {
                let number = u8::try_from(value.bits()).unwrap_or_default();
                let class = EvalError::from_number(number).unwrap_or(EvalError::NoSuchOverload);
                fact.errors = Classes::of(class);
            }
            Tag::Absent
            | Tag::Null
            | Tag::Bool
            | Tag::Uint
            | Tag::Double
            | Tag::String
            | Tag::Timestamp
            | Tag::Duration
            | Tag::Type
            | Tag::Optional
            | Tag::Ip
            | Tag::Cidr
            | Tag::Quantity
            | Tag::Semver
            | Tag::Message
            | Tag::Enum
            | Tag::Unknown => {}
        }
        fact
    }

    /// What a value that the input withholds can be.
    fn of_withheld(module: &Module, unknowns: &[Unknown], withheld: UnknownReference) -> Self {
        let sources = Sources::one(withheld.row);
        let mut fact = Self::of_type(module, withheld.ty, sources);
        fact.rows = withheld.rows;
        let Some(unknown) = unknowns.get(withheld.row as usize) else { return fact };
        if let (false, Some(kind)) = (withheld.below, unknown.kind) {
            fact.kinds = Kinds::read_as(module, kind, withheld.ty);
        }
        if withheld.below || matches!(unknown.class, Class::Hide) {
            fact.kinds = fact.kinds.and(Kinds::of(Tag::Absent));
        }
        if !withheld.below {
            fact.identity = Some(withheld.row);
            // What is read as another kind than it is spelled may have another size.
            let as_spelled = unknown.kind.is_none_or(|kind| fact.kinds == Kinds::of(kind));
            if let Class::Shape { size } = unknown.class
                && fact.kinds.within(Kinds::SIZED)
                && as_spelled
            {
                fact.sizes = (size, size);
            }
        }
        fact
    }

    /// What either of two can be.
    pub(super) fn joined(&self, other: &Self) -> Self {
        let same = |a: u16, b: u16| if a == b { a } else { NONE };
        let has = |fact: &Self, kinds: Kinds| !fact.kinds.among(kinds).is_empty();
        let int = Kinds::of(Tag::Int);
        // Bounds hold for values of their kind; who has none of that kind adds nothing to them.
        let sizes = match (has(self, Kinds::SIZED), has(other, Kinds::SIZED)) {
            (true, true) => (self.sizes.0.min(other.sizes.0), self.sizes.1.max(other.sizes.1)),
            (true, false) => self.sizes,
            (false, _) => other.sizes,
        };
        let ints = match (has(self, int), has(other, int)) {
            (true, true) => (self.ints.0.min(other.ints.0), self.ints.1.max(other.ints.1)),
            (true, false) => self.ints,
            (false, _) => other.ints,
        };
        Self {
            kinds: self.kinds.and(other.kinds),
            errors: self.errors.and(other.errors),
            ty: same(self.ty, other.ty),
            rows: same(self.rows, other.rows),
            sizes,
            ints,
            identity: None,
            sources: self.sources.clone().with(&other.sources),
        }
    }

    /// Whether nothing is missing and nothing failed.
    pub(super) const fn is_there(&self) -> bool {
        !self.kinds.has(Tag::Absent) && !self.kinds.has(Tag::Error)
    }

    /// What reading it as an operand can fail with.
    pub(super) const fn missing(&self) -> Classes {
        let absent = if self.kinds.has(Tag::Absent) {
            Classes::of(EvalError::NoSuchKey)
        } else {
            Classes::NONE
        };
        if self.kinds.has(Tag::Error) { absent.and(self.errors) } else { absent }
    }

    /// The same, of which is known that it is there and did not fail.
    pub(super) fn there(&self) -> Self {
        let gone = Kinds::of(Tag::Absent).and(Kinds::of(Tag::Error));
        Self { kinds: self.kinds.without(gone), errors: Classes::NONE, ..self.clone() }
    }
}

/// The facts of one decision.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Facts {
    rows: Vec<Fact>,
    known: HashMap<Fact, u32>,
    withheld: HashMap<UnknownReference, u32>,
}

impl Facts {
    /// A value of which this is known.
    pub(super) fn value(&mut self, fact: Fact) -> Value {
        let next = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let rows = &mut self.rows;
        let place = *self.known.entry(fact).or_insert_with_key(|fact| {
            rows.push(fact.clone());
            next
        });
        UnknownReference::derived(place)
    }

    /// A list or map of this many elements or values, that are not told and hung on `sources`.
    pub(super) fn container(&mut self, len: u32, sources: Sources) -> Value {
        let kinds = Kinds::of(Tag::List).and(Kinds::MAP);
        self.value(Fact { sizes: (len, len), ..Fact::of(kinds, sources) })
    }

    /// What is known of a value that is unknown.
    pub(super) fn of(&mut self, module: &Module, unknowns: &[Unknown], value: &Value) -> Fact {
        if let Some(withheld) = UnknownReference::of(value) {
            if let Some(at) = self.withheld.get(&withheld) {
                return self.rows.get(*at as usize).cloned().unwrap_or_else(nothing);
            }
            let fact = Fact::of_withheld(module, unknowns, withheld);
            let at = self.value(fact.clone()).off();
            self.withheld.insert(withheld, at);
            return fact;
        }
        if value.tag() == Tag::Unknown {
            return self.rows.get(value.off() as usize).cloned().unwrap_or_else(nothing);
        }
        Fact::of_known(value)
    }

    /// What is known of either of two values, computed from `doubt` besides. With `widen` bounds
    /// that grow are given up, so that joining again and again ends.
    pub(super) fn join(
        &mut self,
        (module, unknowns): (&Module, &[Unknown]),
        (a, b): (&Value, &Value),
        doubt: &Sources,
        widen: bool,
    ) -> Value {
        let (first, second) = (self.of(module, unknowns, a), self.of(module, unknowns, b));
        let mut fact = first.joined(&second);
        fact.sources.add(doubt);
        if widen && fact.ints != first.ints {
            fact.ints = INTS;
        }
        if widen && fact.sizes != first.sizes {
            fact.sizes = SIZES;
        }
        self.value(fact)
    }
}

/// What is known of what nobody made.
fn nothing() -> Fact {
    let gone = Kinds::of(Tag::Absent).and(Kinds::of(Tag::Error));
    Fact {
        errors: Classes::all(EvalError::ALL),
        ..Fact::of(Kinds::DATA.and(gone), Sources::default())
    }
}
