//! Constants: values that own what they hold. The compiler folds to them, bundles store them,
//! and tools and tests print them.

use crate::base::name::Name;

/// A value that is known without a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// `null`
    Null,
    /// A bool.
    Bool(bool),
    /// An int.
    Int(i64),
    /// A uint.
    Uint(u64),
    /// A double.
    Double(f64),
    /// A string.
    String(Name),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Seconds since the epoch and nanoseconds of the second.
    Timestamp(i64, u32),
    /// Nanoseconds.
    Duration(i64),
    /// A type, by its name.
    Type(Name),
    /// A list.
    List(Vec<Constant>),
    /// A map, sorted by key (bool, then numbers, then string, each by value), keys unique.
    Map(Vec<(Constant, Constant)>),
    /// An optional.
    Optional(Option<Box<Constant>>),
}
