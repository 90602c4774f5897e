//! The one table of builtins: operators, functions, methods.
//!
//! The checker, the runtime, the documentation, completions and the example tests all read these
//! rows. A row's `number` is its overload id in bundles; it is never changed or reused
//! (`BUILTIN_ABI` goes up when rows are added).

use crate::lang::error::EvalError;
use crate::lang::value::Value;
use crate::lang::value::heap::Heap;

/// Version of the table in bundles.
pub const BUILTIN_ABI: u16 = 1;

/// A type in a declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sig {
    /// `dyn`
    Dyn,
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
    /// `list(T)`
    List(&'static Sig),
    /// `map(K, V)`
    Map(&'static Sig, &'static Sig),
    /// `optional_type(T)`
    Optional(&'static Sig),
    /// `type(T)`
    Type(&'static Sig),
    /// A named type without parameters, as `policyc.Url`.
    Opaque(&'static str),
    /// A type parameter, as `A`.
    Param(&'static str),
}

/// How a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// An operator; the name is CEL's, as `_+_`.
    Operator,
    /// `f(a, b)`
    Global,
    /// `a.f(b)`; the receiver is the first parameter.
    Member,
}

/// The library that a function belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Library {
    /// As environment files name it; `stdlib` for the standard library, `policyc` for ours.
    pub name: &'static str,
    /// First version that has the function.
    pub since: u32,
}

/// The standard library of CEL.
pub const STDLIB: Library = Library { name: "stdlib", since: 0 };
/// What we add.
pub const POLICYC: Library = Library { name: "policyc", since: 0 };
/// Optional values.
pub const OPTIONALS: Library = Library { name: "optional", since: 0 };

/// What a call costs, in units: a base and a share for each byte or element of an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// This many units.
    Fixed(u32),
    /// One unit, and one for every ten bytes (or one an element) of these operands together.
    Linear,
    /// One unit, and the product of a tenth of the bytes of both operands.
    Product,
}

/// The implementation of a row: the arguments are as many as the parameters and were checked
/// against the row's kinds only if the checker knew them, so a wrong kind is `NoSuchOverload`.
pub type Native = fn(&mut Heap<'_>, &[Value]) -> Result<Value, EvalError>;

/// A builtin.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Overload id in bundles.
    pub number: u16,
    /// As it is called; operators as `_+_`, `!_`, `-_`, `_[_]`, `@in`.
    pub name: &'static str,
    /// CEL's overload id, as `starts_with_string`.
    pub id: &'static str,
    /// How it is called.
    pub style: Style,
    /// Types of the parameters, receiver first.
    pub params: &'static [Sig],
    /// Type of the result.
    pub result: Sig,
    /// Where it belongs.
    pub library: Library,
    /// Whether it can fail although its arguments have the declared types.
    pub fails: bool,
    /// What a call costs.
    pub cost: Cost,
    /// One sentence.
    pub doc: &'static str,
    /// Expressions and their values, both CEL, which a test evaluates and compares.
    pub examples: &'static [(&'static str, &'static str)],
    /// What it does.
    pub call: Native,
}
