//! How a function or an operator may fail.

use crate::diag::codes::Code;

macro_rules! errors {
    ($($(#[$meta:meta])* $number:literal $name:ident $code:ident $word:literal;)*) => {
        /// The class of a failure. The class is part of a decision; place and text are not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum EvalError {$($(#[$meta])* $name = $number,)*}

        impl EvalError {
            /// Every class.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The class with this number, as bundles and values store it.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number {$($number => Some(Self::$name),)* _ => None}
            }

            /// As records spell it.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {$(Self::$name => $word,)*}
            }

            /// Its row in the table of codes.
            #[must_use]
            pub const fn code(self) -> Code {
                match self {$(Self::$name => Code::$code,)*}
            }
        }
    };
}

errors! {
    /// The context cannot be read, or breaks the schema in a part that is read.
    1 Input Input "INPUT";
    /// No such key, or no such field.
    2 NoSuchKey NoSuchKey "NO_SUCH_KEY";
    /// No overload takes values of these types.
    3 NoSuchOverload NoSuchOverload "NO_SUCH_OVERLOAD";
    /// A number, timestamp or duration out of range.
    4 Overflow Overflow "OVERFLOW";
    /// Division or modulus by zero.
    5 DivideByZero DivideByZero "DIVIDE_BY_ZERO";
    /// An index outside a list or string.
    6 OutOfRange OutOfRange "OUT_OF_RANGE";
    /// A value that the conversion cannot convert.
    7 BadConversion BadConversion "BAD_CONVERSION";
    /// A map literal with a key given twice.
    8 DuplicateMapKey DuplicateMapKey "DUPLICATE_KEY";
    /// The cost, text or element budget is used up.
    9 Budget Budget "BUDGET";
    /// A host function has no result in the table.
    10 Pending Pending "PENDING";
    /// A pattern that RE2 does not have or that is too large.
    11 Pattern RunTimePattern "PATTERN";
    /// A time zone that does not exist.
    12 Zone UnknownZone "ZONE";
    /// `value()` of an optional that holds nothing.
    13 NoValue NoValue "NO_VALUE";
    /// An argument outside the function's range.
    14 InvalidArgument InvalidArgument "INVALID_ARGUMENT";
    /// The decision must be recorded and could not be.
    15 Audit Unrecorded "AUDIT";
    /// A map literal with a key that cannot be one: only bools, ints, uints and strings can.
    16 InvalidKey InvalidKey "INVALID_KEY";
}
