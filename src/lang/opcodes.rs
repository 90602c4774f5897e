//! The one table of instructions: 16 bytes each, typed registers, three edges.
//!
//! ```text
//! op u8 | x u8 | a u16 | b u16 | c u16 | f u16 | e u16 | w u16 | zero u16
//! ```
//!
//! - `a`, `b`, `c` are operands; the table says what each names. A register names a value of the
//!   file: slots first (read-only), registers after them.
//! - Outcomes: T goes on with the next instruction, F goes to `f`, E (an error) to `e`. Targets
//!   count instructions from the start of the function. Falling off its end is exit T.
//! - `w` is the atom whose outcome the instruction decides, `NO_ATOM` without one.
//! - Inside a comprehension `w` is `NO_ATOM`: the whole comprehension is the atom.

use crate::lang::error::EvalError;

/// Target: the function exits with T.
pub const EXIT_TRUE: u16 = 0xFFFF;
/// Target: the function exits with F.
pub const EXIT_FALSE: u16 = 0xFFFE;
/// Target: the function exits with E.
pub const EXIT_ERROR: u16 = 0xFFFD;
/// As `e`: this instruction cannot fail; the verifier proves it.
pub const INFALLIBLE: u16 = 0xFFFC;
/// As `w`: no atom.
pub const NO_ATOM: u16 = 0xFFFF;
/// As an operand that an instruction does not use.
pub const UNUSED: u16 = 0;

/// Bit of `x`: T and F are swapped after the operation; E stays.
pub const X_INVERT: u8 = 1;
/// Bits of `x` of comparisons: which relations are true.
pub const X_LESS: u8 = 1 << 1;
/// See `X_LESS`.
pub const X_EQUAL: u8 = 1 << 2;
/// See `X_LESS`.
pub const X_GREATER: u8 = 1 << 3;
/// Bit of `x` of `Iter` and `Next`: two variables, index or key and element or value.
pub const X_PAIRS: u8 = 1 << 1;
/// Bit of `x` of `IndexOptional`: `b` is the name of a field, so that messages have it.
pub const X_FIELD: u8 = 1 << 1;
/// Bit of `x` of `Append`, `Put` and `PutField`: the value is an optional; nothing is added if it
/// is empty.
pub const X_OPTIONAL: u8 = 1 << 1;
/// Bit of `x` of `Has`: the place must be a container, so absent and anything else are E.
pub const X_LEVEL: u8 = 1 << 1;
/// Bit of `x`: a cold copy, which can only turn an error into a result and notes no error.
pub const X_COLD: u8 = 1 << 6;
/// Bit of `x`: a part of an atom, which records E alone.
pub const X_PART: u8 = 1 << 7;

/// What an operand names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// Not used; zero.
    None,
    /// A value of the file that is read.
    Read,
    /// A register that is written on the T edge.
    Write,
    /// A constant.
    Const,
    /// A constant set.
    Set,
    /// A pattern.
    Pattern,
    /// A function of the bundle.
    Function,
    /// The number of a builtin row; its arguments are the registers from `a` on.
    Builtin,
    /// A list of builtin rows, in `Module::dispatch`; its arguments are the registers from `a` on.
    Dispatch,
    /// A host function; its arguments are the registers from `a` on.
    Host,
    /// A message type.
    Message,
    /// An enum that is a type of its own.
    Enum,
    /// A field of a message.
    Field,
    /// A cursor or builder of the frame.
    Cursor,
    /// An outcome of the rule that the function belongs to, counted from its first.
    Outcome,
    /// The number of an error class.
    Class,
}

/// What an instruction yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Yield {
    /// T, F or E.
    Branch,
    /// A value in `c`, T; or E.
    Value,
    /// T or E; no value.
    Effect,
    /// Leaves the straight line: jumps and exits.
    Control,
}

/// What an instruction costs in units, beside the one that each costs. The size of a text is a
/// tenth of its bytes, that of a list or map the number of its elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Work {
    /// Nothing more.
    Unit,
    /// The size of constant `b`.
    Constant,
    /// The smaller of the sizes of `a` and constant `b`.
    ConstantOrA,
    /// The smaller of the sizes of `a` and `b`.
    Smaller,
    /// The size of `a`.
    OfA,
    /// The size of `b`.
    OfB,
    /// The sizes of `a` and `b` together.
    Both,
    /// The size of `a`, at most that of a text without a bound: lists and maps know their size.
    Measured,
    /// The size of `a`; ten times that if pattern `b` is simulated.
    Search,
    /// What function `a` costs.
    Callee,
    /// What builtin `b` says.
    Row,
    /// What the most expensive of the rows `b` says.
    Rows,
    /// One, and the sizes of the arguments.
    Host,
}

/// Calls `$emit!` with every row: documentation, number, name, mnemonic, operands, yield, work,
/// the classes of its errors (`Any` where another instruction, a builtin or a host made them).
macro_rules! for_each_opcode {
    ($emit:ident) => {
        $emit! {
            /// How int `a` stands to constant `b`, as the relation bits of `x` say. Other kinds of
            /// number are compared exactly; anything else is `NoSuchOverload`, absent `NoSuchKey`.
            0x01 CompareInt "cmp.int" [Read, Const, None] Branch
                Unit {NoSuchKey NoSuchOverload};
            /// As `CompareInt`, for a uint constant.
            0x02 CompareUint "cmp.uint" [Read, Const, None] Branch
                Unit {NoSuchKey NoSuchOverload};
            /// As `CompareInt`, for a double constant. NaN stands in no relation.
            0x03 CompareDouble "cmp.double" [Read, Const, None] Branch
                Unit {NoSuchKey NoSuchOverload};
            /// How `a` stands to constant `b`: strings, bytes, bools, timestamps, durations.
            0x04 CompareOther "cmp.other" [Read, Const, None] Branch
                ConstantOrA {NoSuchKey NoSuchOverload};
            /// How `a` stands to `b`: everything that has an order.
            0x05 Compare "cmp" [Read, Read, None] Branch
                Smaller {NoSuchKey NoSuchOverload};
            /// Whether string `a` is string constant `b`; another kind is F, absent E.
            0x06 EqualString "eq.str" [Read, Const, None] Branch
                Constant {NoSuchKey};
            /// Whether `a` equals constant `b`, of any kind. Never fails but for absent.
            0x07 EqualConst "eq.const" [Read, Const, None] Branch
                ConstantOrA {NoSuchKey Budget};
            /// Whether `a` equals `b`. Never fails but for absent.
            0x08 Equal "eq" [Read, Read, None] Branch
                Smaller {NoSuchKey Budget};
            /// Whether `a` is in constant set `b`. Never fails but for absent.
            0x09 InSet "in.set" [Read, Set, None] Branch
                Measured {NoSuchKey};
            /// Whether `a` is an element of list `b` or a key of map `b`.
            0x0A In "in" [Read, Read, None] Branch
                OfB {NoSuchKey NoSuchOverload Budget};
            /// Whether constant `b` is an element of list `a` or a key of map `a`.
            0x0B Holds "holds" [Read, Const, None] Branch
                OfA {NoSuchKey NoSuchOverload Budget};
            /// Whether string `a` starts with string constant `b`.
            0x0C StartsWith "starts" [Read, Const, None] Branch
                Constant {NoSuchKey NoSuchOverload};
            /// Whether string `a` ends with string constant `b`.
            0x0D EndsWith "ends" [Read, Const, None] Branch
                Constant {NoSuchKey NoSuchOverload};
            /// Whether string `a` contains string constant `b`.
            0x0E Contains "contains" [Read, Const, None] Branch
                OfA {NoSuchKey NoSuchOverload};
            /// Whether pattern `b` matches anywhere in string `a`.
            0x0F Matches "match" [Read, Pattern, None] Branch
                Search {NoSuchKey NoSuchOverload Pattern};
            /// How the size of `a` stands to int constant `b`.
            0x10 CompareSize "cmp.size" [Read, Const, None] Branch
                Measured {NoSuchKey NoSuchOverload};
            /// Whether bool `a` is true.
            0x11 Flag "flag" [Read, None, None] Branch
                Unit {NoSuchKey NoSuchOverload};
            /// Whether slot `a` is present; `X_LEVEL` asks for a container.
            0x12 Has "has" [Read, None, None] Branch
                Unit {NoSuchKey NoSuchOverload};
            /// Whether map `a` has key `b`, or field `b` of message `a` is set. An optional that is
            /// empty has none.
            0x13 HasKey "has.key" [Read, Const, None] Branch
                Unit {NoSuchKey NoSuchOverload};
            /// Whether optional `a` holds a value.
            0x14 HasValue "has.value" [Read, None, None] Branch
                Unit {NoSuchKey NoSuchOverload};
            /// The outcome of condition `a`, from its memo or by running it.
            0x15 Test "test" [Function, None, None] Branch
                Callee {Any};
            /// Whether field `b` of message `a` is set.
            0x16 HasField "has.field" [Read, Field, None] Branch
                Unit {NoSuchKey NoSuchOverload};

            /// `c` = constant `b`
            0x20 LoadConst "load" [None, Const, Write] Value
                Unit {};
            /// `c` = `a`; absent is `NoSuchKey`.
            0x21 Move "move" [Read, None, Write] Value
                Unit {NoSuchKey};
            /// `c` = `a + b`
            0x22 Add "add" [Read, Read, Write] Value
                Both {NoSuchKey NoSuchOverload Overflow Budget};
            /// `c` = `a - b`
            0x23 Subtract "sub" [Read, Read, Write] Value
                Unit {NoSuchKey NoSuchOverload Overflow};
            /// `c` = `a * b`
            0x24 Multiply "mul" [Read, Read, Write] Value
                Unit {NoSuchKey NoSuchOverload Overflow};
            /// `c` = `a / b`
            0x25 Divide "div" [Read, Read, Write] Value
                Unit {NoSuchKey NoSuchOverload Overflow DivideByZero};
            /// `c` = `a % b`
            0x26 Modulo "mod" [Read, Read, Write] Value
                Unit {NoSuchKey NoSuchOverload Overflow DivideByZero};
            /// `c` = `-a`
            0x27 Negate "neg" [Read, None, Write] Value
                Unit {NoSuchKey NoSuchOverload Overflow};
            /// `c` = size of `a`
            0x28 Size "size" [Read, None, Write] Value
                Measured {NoSuchKey NoSuchOverload};
            /// `c` = `a[b]`; on an optional it is optional.
            0x29 Index "index" [Read, Read, Write] Value
                Unit {NoSuchKey NoSuchOverload OutOfRange Budget InvalidArgument};
            /// `c` = `a.b` for a string constant `b`: a field of a map or a message; on an
            /// optional, optional.
            0x2A Select "select" [Read, Const, Write] Value
                Unit {NoSuchKey NoSuchOverload Budget};
            /// `c` = builtin `b` of the registers from `a` on.
            0x2B Call "call" [Read, Builtin, Write] Value
                Row {Any};
            /// `c` = the first of the rows `b` that takes the registers from `a` on.
            0x2C CallAny "call.any" [Read, Dispatch, Write] Value
                Rows {Any};
            /// `c` = what the table says that host function `b` gave for the registers from `a` on;
            /// `Pending` if it says nothing.
            0x2D CallHost "call.host" [Read, Host, Write] Value
                Host {Any};
            /// `c` = the value of function `a`, from its memo or by running it.
            0x2E Need "need" [Function, None, Write] Value
                Callee {Any};
            /// `c` = `a[?b]`, or with `X_FIELD` `a.?b`: an optional.
            0x2F IndexOptional "index.opt" [Read, Read, Write] Value
                Unit {NoSuchKey NoSuchOverload Budget InvalidArgument};
            /// `c` = the error that was noted last, to be raised by whoever reads it.
            0x30 Catch "catch" [None, None, Write] Value
                Unit {};
            /// `c` = what field `b` of message `a` holds, or its default.
            0x31 Field "field" [Read, Field, Write] Value
                Unit {NoSuchKey NoSuchOverload};
            /// `c` = the value of enum `b` that has the number or the name `a`.
            0x32 ToEnum "to.enum" [Read, Enum, Write] Value
                Unit {NoSuchKey NoSuchOverload Overflow BadConversion};

            /// Goes to `f`.
            0x40 Jump "jump" [None, None, None] Control
                Unit {};
            /// Ends a value function with the value `a`; absent is E.
            0x41 Return "ret" [Read, None, None] Control
                Unit {NoSuchKey};
            /// Ends a decision function with outcome `b`.
            0x42 Decide "decide" [None, Outcome, None] Control
                Unit {};
            /// E with class `b`, by the edge `e`.
            0x43 Fail "fail" [None, Class, None] Control
                Unit {Any};

            /// Starts a loop over list or map `a` with cursor `b`: the columns of the first element
            /// (a map's key) go to the registers from `c` on; with `X_PAIRS` index or key to `c`,
            /// element or value behind it. F if there is none, E if `a` is not a list or map.
            0x50 Iter "iter" [Read, Cursor, Write] Branch
                Unit {NoSuchKey NoSuchOverload};
            /// The next element of cursor `b` to `c`, as `Iter`, and on at `f`, behind the `Iter`
            /// (the only jump back); T when there is none.
            0x51 Next "next" [None, Cursor, Write] Branch
                Unit {Budget};
            /// Notes at cursor `b` that an element failed. T.
            0x52 Pend "pend" [None, Cursor, None] Effect
                Unit {};
            /// Behind an exhausted loop: E if an element of cursor `b` failed, else F.
            0x53 LoopEnd "loop.end" [None, Cursor, None] Branch
                Unit {Any};
            /// Adds one to the count of cursor `b`, which `Iter` sets to zero. T.
            0x54 Count "count" [None, Cursor, None] Effect
                Unit {};
            /// `c` = the count of cursor `b`, an int.
            0x55 Counted "counted" [None, Cursor, Write] Value
                Unit {};
            /// Starts building a list or map with builder `b`. T.
            0x56 Build "build" [None, Cursor, None] Effect
                Unit {};
            /// Adds `a` to the list of builder `b`.
            0x57 Append "append" [Read, Cursor, None] Effect
                Unit {NoSuchKey NoSuchOverload Budget};
            /// Adds key `a` with value `c` (read) to the map of builder `b`.
            0x58 Put "put" [Read, Cursor, Read] Effect
                Unit {NoSuchKey NoSuchOverload Budget};
            /// `c` = the list of builder `b`.
            0x59 EndList "end.list" [None, Cursor, Write] Value
                Unit {Budget};
            /// `c` = the map of builder `b`; a key given twice is `DuplicateMapKey`, one of a wrong
            /// kind `InvalidKey`.
            0x5A EndMap "end.map" [None, Cursor, Write] Value
                Unit {DuplicateMapKey InvalidKey Budget};
            /// Gives `a` to field `c` of the message of builder `b`; null may leave it unset.
            0x5B PutField "put.field" [Read, Cursor, Field] Effect
                OfA {NoSuchKey NoSuchOverload Overflow BadConversion Budget};
            /// `c` = the message of type `a` of builder `b`, or the value that it stands for.
            0x5C EndMessage "end.msg" [Message, Cursor, Write] Value
                Unit {Overflow BadConversion Budget};
        }
    };
}

macro_rules! classes {
    (Any) => { EvalError::ALL };
    ($($name:ident)*) => { &[$(EvalError::$name,)*] };
}

macro_rules! emit_opcodes {
    ($($(#[doc = $doc:literal])+ $number:literal $name:ident $mnemonic:literal
        [$a:ident, $b:ident, $c:ident] $yields:ident
        $work:ident {$($error:ident)*};)*) => {
        /// What an instruction does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Op {$($(#[doc = $doc])+ $name = $number,)*}

        impl Op {
            /// Every instruction, in order of number.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The instruction with this number.
            #[inline]
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number {$($number => Some(Self::$name),)* _ => None}
            }

            /// As listings spell it.
            #[must_use]
            pub const fn mnemonic(self) -> &'static str {
                match self {$(Self::$name => $mnemonic,)*}
            }

            /// What it does, in Markdown; begins with a space.
            #[must_use]
            pub const fn doc(self) -> &'static str {
                match self {$(Self::$name => concat!($($doc),+),)*}
            }

            /// What `a`, `b` and `c` name.
            #[inline]
            #[must_use]
            pub const fn operands(self) -> [Operand; 3] {
                match self {
                    $(Self::$name => [Operand::$a, Operand::$b, Operand::$c],)*
                }
            }

            /// Whether it tests values of the file and constants, and does nothing else.
            #[inline]
            #[must_use]
            pub const fn is_atom(self) -> bool {
                (self as u8) < Self::Test as u8
            }

            /// What it yields.
            #[inline]
            #[must_use]
            pub const fn yields(self) -> Yield {
                match self {$(Self::$name => Yield::$yields,)*}
            }

            /// What it costs beside one unit.
            #[inline]
            #[must_use]
            pub const fn work(self) -> Work {
                match self {$(Self::$name => Work::$work,)*}
            }

            /// The classes of the errors that it makes. What an operand that holds an error raises
            /// is that error, whatever its class.
            #[must_use]
            pub const fn errors(self) -> &'static [EvalError] {
                match self {$(Self::$name => classes!($($error)*),)*}
            }
        }
    };
}

for_each_opcode!(emit_opcodes);

impl Op {
    /// Whether `x` holds the relations that are true.
    #[must_use]
    pub const fn compares(self) -> bool {
        matches!(
            self,
            Self::CompareInt
                | Self::CompareUint
                | Self::CompareDouble
                | Self::CompareOther
                | Self::Compare
                | Self::CompareSize
        )
    }
}

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(16))]
pub struct Instruction {
    /// What it does.
    pub op: Op,
    /// Flags: the `X_` bits.
    pub x: u8,
    /// First operand.
    pub a: u16,
    /// Second operand.
    pub b: u16,
    /// Third operand; most often the destination.
    pub c: u16,
    /// Where F goes.
    pub f: u16,
    /// Where E goes.
    pub e: u16,
    /// The atom it decides, or `NO_ATOM`.
    pub w: u16,
}

const _: () = assert!(size_of::<Instruction>() == 16, "four instructions a cache line");

impl Instruction {
    /// The function that it calls.
    #[must_use]
    pub const fn callee(&self) -> Option<u16> {
        if matches!(self.op, Op::Test | Op::Need) { Some(self.a) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::{INFALLIBLE, Instruction, NO_ATOM, Op, Operand};

    #[test]
    fn what_is_called_is_the_operand_that_names_a_function() {
        for op in Op::ALL.iter().copied() {
            let (f, e, w) = (INFALLIBLE, INFALLIBLE, NO_ATOM);
            let ins = Instruction { op, x: 0, a: 1, b: 2, c: 3, f, e, w };
            let named = op.operands().into_iter().zip([1, 2, 3]);
            let named: Vec<u16> =
                named.filter(|(kind, _)| *kind == Operand::Function).map(|(_, at)| at).collect();
            assert_eq!(ins.callee().into_iter().collect::<Vec<_>>(), named, "{op:?}");
        }
    }
}
