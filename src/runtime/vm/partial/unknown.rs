//! What an input says of the values that it withholds.
//!
//! In:      paths, classes and kinds of values, as records name them.
//! Out:     `Unknowns`, a table of them; `UnknownReference`, what a value that is unknown refers
//!          to.
//! Imports: `lang`, `runtime::bundle`.
//! Source:  `docs/unknowns.md`.

use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::NONE;

/// A value that an input withholds.
#[derive(Clone, Debug)]
pub struct Unknown {
    /// Where it lies, as a JSON Pointer from the context.
    pub path: String,
    /// What kind of value it is, where the input says so.
    pub kind: Option<Tag>,
    /// What else is known of it.
    pub class: Class,
}

/// What is known of a value that is withheld. All but `Hide` say that it is there.
#[derive(Clone, Debug)]
pub enum Class {
    /// Nothing.
    Drop,
    /// Nothing; whoever has the vault can disclose it.
    Seal,
    /// Which others are equal to it: those with the same `id` under the same key.
    Token {
        /// Name of the key.
        key: String,
        /// What the key made of the value.
        id: String,
    },
    /// Its size, as `size()` tells it: code points of a string, bytes, elements, entries.
    Shape {
        /// The size.
        size: u32,
    },
    /// `least <= value < end`, both numbers, timestamps or durations.
    Range {
        /// The lowest value that it can have.
        least: Value,
        /// The first above it that it cannot have.
        end: Value,
    },
    /// Not even whether it is there.
    Hide,
}

impl Class {
    /// As records call it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Seal => "seal",
            Self::Token { .. } => "token",
            Self::Shape { .. } => "shape",
            Self::Range { .. } => "range",
            Self::Hide => "hide",
        }
    }
}

/// All that an input withholds.
#[derive(Clone, Debug, Default)]
pub struct Unknowns {
    rows: Vec<Unknown>,
}

impl Unknowns {
    /// Takes in one more, and gives the value that stands in its place.
    pub fn add(&mut self, unknown: Unknown) -> Value {
        let row = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.rows.push(unknown);
        UnknownReference { row, ty: NONE, below: false, rows: NONE }.value()
    }

    /// The rows, in the order in which they came.
    #[must_use]
    pub fn rows(&self) -> &[Unknown] {
        &self.rows
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nothing is withheld.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// What a value that is unknown refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::runtime) struct UnknownReference {
    /// The row of `Unknowns`.
    pub(in crate::runtime) row: u32,
    /// The type that it has if the input is accepted, or `NONE`.
    pub(in crate::runtime) ty: u16,
    /// Whether it is a part of what the row is about, and so perhaps not there.
    pub(in crate::runtime) below: bool,
    /// The place whose columns its elements have, if it is read in rows; or `NONE`.
    pub(in crate::runtime) rows: u16,
}

const BELOW: u64 = 1;
const DERIVED: u64 = 2;
const ROWS: u32 = 16;

impl UnknownReference {
    /// Of a value that stands in the place of one that is withheld.
    pub(in crate::runtime) fn of(value: &Value) -> Option<Self> {
        if value.tag() != Tag::Unknown || value.bits() & DERIVED != 0 {
            return None;
        }
        let rows = u16::try_from(value.bits() >> ROWS).unwrap_or(NONE);
        let below = value.bits() & BELOW != 0;
        Some(Self { row: value.off(), ty: value.columns(), below, rows })
    }

    /// The value that refers to it.
    pub(in crate::runtime) fn value(self) -> Value {
        Value::unknown(self.row, self.ty, u64::from(self.below) | u64::from(self.rows) << ROWS)
    }

    /// The value that refers to a fact of `Facts`, and to no row.
    pub(super) const fn derived(fact: u32) -> Value {
        Value::unknown(fact, NONE, DERIVED)
    }

    /// A part of it, of which nothing more is known yet.
    pub(in crate::runtime) const fn below(self) -> Self {
        Self { row: self.row, ty: NONE, below: true, rows: NONE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_value_refers_to_is_kept() {
        let whole = UnknownReference { row: u32::MAX, ty: 7, below: false, rows: 65_534 };
        for withheld in [whole, whole.below(), UnknownReference { ty: NONE, rows: NONE, ..whole }] {
            assert_eq!(UnknownReference::of(&withheld.value()), Some(withheld));
        }
        assert_eq!(UnknownReference::of(&Value::int(1)), None);
    }

    #[test]
    fn rows_are_numbered_in_order() {
        let mut unknowns = Unknowns::default();
        let unknown =
            |path: &str| Unknown { path: path.to_owned(), kind: None, class: Class::Seal };
        let values = [unknowns.add(unknown("/a")), unknowns.add(unknown("/b"))];
        let rows: Vec<_> =
            values.iter().filter_map(UnknownReference::of).map(|it| it.row).collect();
        assert_eq!(rows, [0, 1]);
        assert_eq!(unknowns.rows().get(1).map(|row| row.path.as_str()), Some("/b"));
    }
}
