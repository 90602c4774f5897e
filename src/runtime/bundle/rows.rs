//! The rows inside the sections: what each field is, once, for both directions.
//!
//! A row is its fields one after the other, little-endian, without padding. A sequence is a count
//! of four bytes and its entries; an optional is a byte 0, or a byte 1 and the value; an enum is a
//! byte and the fields of that variant; text is a count of bytes and UTF-8.
//!
//! Imports: `base`, `lang`.

use crate::base::name::Name;
use crate::lang::constant::{Constant, double_bits};
use crate::lang::decision::Effect;
use crate::lang::opcodes::{Instruction, Op};
use crate::lang::session::{ArgumentKind, Disclose, Param, Period, Respond};
use crate::lang::value::message::{Kind, Presence};
use crate::runtime::bundle::error::Problem;
use crate::runtime::bundle::govern::{
    ArgumentRow, BacktrackRow, DeclassifyRow, DenialRow, FieldLabels, Govern, LabelRow, LimitRow,
    MeterRow, OfferRow, PlanRow, QuestionPart, SanitizerRow, StepRow, StorePart, TermRow, ToolRow,
    WindowRow,
};
use crate::runtime::bundle::module::{
    Bound, EnumRow, EscalationRow, Fallback, FieldRow, FrameRow, FunctionKind, HostRow, KeyedType,
    Manifest, MessageFieldRow, MessageRow, NodeMode, OutcomeRow, OutputRow, PathNode, Pattern,
    Phase, Redaction, Requirement, RuleIndex, RuleRow, SlotRow, SourceRow, Step, Str, TemplatePart,
    TypeRow, Withhold,
};
use crate::runtime::bundle::reader::Input;
use crate::runtime::bundle::writer::Output;

/// Something with exactly one form in bytes.
pub(super) trait Row: Sized {
    /// Fewest bytes that it takes; at least one. Counts are checked against it.
    const BYTES_MIN: usize;

    /// Appends its bytes.
    fn write(&self, out: &mut Output);

    /// Reads it.
    fn read(input: &mut Input<'_>) -> Result<Self, Problem>;
}

macro_rules! number_rows {
    ($($ty:ident)*) => {$(
        impl Row for $ty {
            const BYTES_MIN: usize = size_of::<$ty>();

            fn write(&self, out: &mut Output) {
                out.bytes(&self.to_le_bytes());
            }

            fn read(input: &mut Input<'_>) -> Result<Self, Problem> {
                input.array().map(Self::from_le_bytes)
            }
        }
    )*};
}

macro_rules! struct_rows {
    ($($name:ident { $($field:ident: $ty:ty),* $(,)? })*) => {$(
        impl Row for $name {
            const BYTES_MIN: usize = 0 $(+ <$ty as Row>::BYTES_MIN)*;

            fn write(&self, out: &mut Output) {
                $(self.$field.write(out);)*
            }

            fn read(input: &mut Input<'_>) -> Result<Self, Problem> {
                Ok(Self { $($field: <$ty>::read(input)?,)* })
            }
        }
    )*};
}

macro_rules! enum_rows {
    ($($name:ident { $(
        $tag:literal $variant:ident $(($($part:ident),*))? $({ $($field:ident),* })?,
    )* })*) => {$(
        impl Row for $name {
            const BYTES_MIN: usize = 1;

            fn write(&self, out: &mut Output) {
                match self {$(
                    Self::$variant $(($($part),*))? $({ $($field),* })? => {
                        out.bytes(&[$tag]);
                        $($($part.write(out);)*)?
                        $($($field.write(out);)*)?
                    }
                )*}
            }

            fn read(input: &mut Input<'_>) -> Result<Self, Problem> {
                match u8::read(input)? {
                    $($tag => {
                        $($(let $part = Row::read(input)?;)*)?
                        $($(let $field = Row::read(input)?;)*)?
                        Ok(Self::$variant $(($($part),*))? $({ $($field),* })?)
                    })*
                    other => Err(Problem::Tag(other)),
                }
            }
        }
    )*};
}

number_rows! { u8 u16 u32 u64 i32 i64 }

struct_rows! {
    Manifest {
        name: Str, compiler: Str, tzdb: Str, semantics: u16, created: Option<i64>,
        sources: Vec<SourceRow>, default: Option<Fallback>, on_error: Fallback, atoms: u16,
        cost: u64, metered: bool,
    }
    SourceRow { path: Str, digest: [u8; 32] }
    Fallback { effect: Effect, escalation: u16 }
    FieldRow { name: Str, ty: u16, required: bool, sensitive: bool }
    MessageRow { name: Str, first_field: u16, fields: u16 }
    MessageFieldRow {
        name: Str, json: Str, number: u32, kind: Kind, presence: Presence, default: u16, ty: u16,
    }
    EnumRow { name: Str, values: Vec<(Str, i32)>, closed: bool, strong: bool }
    PathNode {
        key: Str, mode: NodeMode, first_child: u16, children: u16, slot: u16, presence: u16,
        ty: u16, required: bool, sensitive: bool,
    }
    HostRow { name: Str, params: Vec<u16>, result: u16, is_async: bool, timeout_ns: Option<i64> }
    FrameRow { at: u16, register: u16, ty: u16 }
    RuleRow {
        id: Str, function: u16, first_outcome: u16, outcomes: u16, priority: i32, shadow: bool,
        phase: Phase, first_requirement: u32, requirements: u16,
    }
    OutcomeRow { effect: Effect, template: u16, escalation: u16 }
    EscalationRow {
        to: Vec<Str>, quorum: u32, timeout_ns: Option<i64>, suspend: bool, binds: Vec<Str>,
        valid_for_ns: Option<i64>, uses: Option<u32>, fatigue: Option<(u32, i64)>,
    }
    Requirement { slot: u16, ty: u16, optional: bool, keyed: u16 }
    KeyedType { slot: u16, cases: Vec<(Str, u16)>, otherwise: u16 }
    OutputRow {
        name: Str, function: u16, explanation: u16, first_requirement: u32, requirements: u16,
    }
    RuleIndex {
        key_slot: u16, always: Vec<u16>, keys: Vec<(Str, Vec<u16>)>,
        prefixes: Vec<(Str, Vec<u16>)>, patterns: Vec<(Str, Vec<u16>)>,
    }
    Redaction { path: Vec<Step>, class: Withhold, facts: bool }
    Govern {
        labels: Vec<LabelRow>, tools: Vec<ToolRow>, terms: Vec<TermRow>, meters: Vec<MeterRow>,
        limits: Vec<LimitRow>, plan: Option<PlanRow>, denials: Vec<DenialRow>,
        sanitizers: Vec<SanitizerRow>, declassify: Vec<DeclassifyRow>,
    }
    LabelRow { name: Str, implies: Vec<u16> }
    ToolRow {
        name: Str, args: Option<Vec<ArgumentRow>>, outputs: Vec<FieldLabels>, store: Vec<StorePart>,
        writes: bool,
    }
    ArgumentRow { name: Str, lists: u8, kind: ArgumentKind, optional: bool, needed: bool }
    FieldLabels { path: Vec<Step>, labels: Vec<u16>, inherit: bool, when: u16, audience: u16 }
    TermRow { function: u16, first_requirement: u32, requirements: u16 }
    MeterRow {
        name: Str, on: Vec<Str>, key: u16, amount: u16, count: u32, window: WindowRow,
        keys_max: u32,
    }
    LimitRow { id: Str, meter: u16, max: i64 }
    PlanRow {
        params: Vec<(Str, Param)>, steps: Vec<StepRow>, reads: Vec<Str>, budget: Option<u32>,
        readers: Vec<Str>, others: Vec<Str>,
    }
    StepRow {
        name: Str, tool: Str, after: Vec<u16>, times: Option<u32>, weight: u16, term: u16,
    }
    DenialRow {
        rules: Vec<Str>, respond: Respond, retries: Option<u32>, disclose: Disclose,
        offers: Vec<OfferRow>, question: Vec<QuestionPart>, backtrack: Option<BacktrackRow>,
    }
    SanitizerRow {
        name: Str, tool: Str, arg: Vec<Str>, removes: Vec<u16>, adds: Vec<u16>, requires: u16,
        typed: bool,
    }
    DeclassifyRow {
        id: Str, tool: Str, path: Vec<Step>, removes: Vec<u16>, adds: Vec<u16>, by: Vec<Str>,
    }
    OfferRow { tool: Str, keep: Vec<Str>, set: Vec<(Str, u16)> }
    BacktrackRow { undone: Vec<(u16, Option<Str>)>, max: u32, otherwise: Respond }
}

enum_rows! {
    Effect { 0 Allow, 1 Escalate, 2 Deny, }
    Phase { 0 Request, 1 Response, }
    NodeMode { 0 Object(refuses), 1 Whole, 2 Rows, }
    SlotRow { 0 Value(node), 1 Presence(node), 2 Now, }
    FunctionKind { 0 Condition, 1 Value(ty), 2 Decision, }
    TemplatePart { 0 Text(text), 1 Value(function), 2 Else(function, text), }
    TypeRow {
        0 Dyn, 1 Null, 2 Bool, 3 Int, 4 Uint, 5 Double, 6 String, 7 Bytes, 8 Timestamp,
        9 Duration, 10 Type, 11 Nullable(of), 12 List(of, max), 13 Map(key, of), 14 Optional(of),
        15 Record { fields, rest }, 16 Message(message), 17 Enum(of),
    }
    Kind {
        0 Double, 1 Float, 2 Int32, 3 Int64, 4 Uint32, 5 Uint64, 6 Sint32, 7 Sint64, 8 Fixed32,
        9 Fixed64, 10 Sfixed32, 11 Sfixed64, 12 Bool, 13 String, 14 Bytes,
        15 Message { kind, group }, 16 Enum(of),
    }
    Step { 0 Key(key), 1 Any, 2 Names, }
    Withhold { 0 Drop, 1 Seal, 2 Token(key), 3 Shape, 4 Range(bounds), 5 Hide, }
    Bound { 0 Int(int), 1 Double(bits), }
    WindowRow {
        0 Session, 1 Sliding(length, part), 2 Calendar(period, zone), 3 Bucket(refill, per),
    }
    StorePart { 0 Text(text), 1 Member(name), 2 Argument(name), }
    QuestionPart { 0 Text(text), 1 Value(term, name), }
    Respond { 0 Fail, 1 Alternatives, 2 Ask, 3 Backtrack, }
    Disclose { 0 None, 1 Rule, 2 Reason, }
    Param { 0 Text, 1 Int, 2 Double, 3 Bool, }
    ArgumentKind { 0 Any, 1 Text, 2 Int, 3 Uint, 4 Double, 5 Bool, 6 Object, }
    Period { 0 Hour, 1 Day, 2 Week, 3 Month, 4 Year, }
    Presence { 0 Implicit, 1 Explicit, 2 Oneof(choice), 3 Repeated, 4 Map(key), }
}

impl Row for bool {
    const BYTES_MIN: usize = 1;

    fn write(&self, out: &mut Output) {
        out.bytes(&[u8::from(*self)]);
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Problem> {
        match u8::read(input)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(Problem::Tag(other)),
        }
    }
}

impl Row for [u8; 32] {
    const BYTES_MIN: usize = 32;

    fn write(&self, out: &mut Output) {
        out.bytes(self);
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Problem> {
        input.array()
    }
}

impl<T: Row> Row for Option<T> {
    const BYTES_MIN: usize = 1;

    fn write(&self, out: &mut Output) {
        self.is_some().write(out);
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Problem> {
        if bool::read(input)? { T::read(input).map(Some) } else { Ok(None) }
    }
}

impl<T: Row> Row for Vec<T> {
    const BYTES_MIN: usize = 4;

    fn write(&self, out: &mut Output) {
        out.count(self.len());
        for entry in self {
            entry.write(out);
        }
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Problem> {
        input.table(usize::MAX)
    }
}

impl<A: Row, B: Row> Row for (A, B) {
    const BYTES_MIN: usize = A::BYTES_MIN + B::BYTES_MIN;

    fn write(&self, out: &mut Output) {
        self.0.write(out);
        self.1.write(out);
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Problem> {
        Ok((A::read(input)?, B::read(input)?))
    }
}

impl Row for Pattern {
    const BYTES_MIN: usize = 8;

    fn write(&self, out: &mut Output) {
        self.text.write(out);
        out.blob(&self.automaton);
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Problem> {
        Ok(Self { text: Str::read(input)?, automaton: input.blob()?.to_vec() })
    }
}

impl Row for Instruction {
    const BYTES_MIN: usize = 16;

    fn write(&self, out: &mut Output) {
        out.bytes(&[self.op as u8, self.x]);
        for half in [self.a, self.b, self.c, self.f, self.e, self.w, 0] {
            half.write(out);
        }
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Problem> {
        let [op, x, a0, a1, b0, b1, c0, c1, f0, f1, e0, e1, w0, w1, zero @ ..]: [u8; 16] =
            input.array()?;
        let op = Op::from_number(op).ok_or(Problem::Opcode(op))?;
        if zero != [0; 2] {
            return Err(Problem::NotCanonical);
        }
        let half = |low, high| u16::from_le_bytes([low, high]);
        let (a, b, c) = (half(a0, a1), half(b0, b1), half(c0, c1));
        Ok(Self { op, x, a, b, c, f: half(f0, f1), e: half(e0, e1), w: half(w0, w1) })
    }
}

/// Recurses no deeper than `CONSTANT_DEPTH_MAX`, which both ends count.
impl Row for Constant {
    const BYTES_MIN: usize = 1;

    fn write(&self, out: &mut Output) {
        match self {
            Self::Null => out.bytes(&[0]),
            Self::Bool(value) => value.write(out.tagged(1)),
            Self::Int(value) => value.write(out.tagged(2)),
            Self::Uint(value) => value.write(out.tagged(3)),
            Self::Double(value) => double_bits(*value).write(out.tagged(4)),
            Self::String(text) => out.tagged(5).blob(text.as_bytes()),
            Self::Bytes(bytes) => out.tagged(6).blob(bytes),
            Self::Timestamp(seconds, nanoseconds) => {
                (*seconds).write(out.tagged(7));
                nanoseconds.write(out);
            }
            Self::Duration(nanoseconds) => nanoseconds.write(out.tagged(8)),
            Self::Type(name) => out.tagged(9).blob(name.as_bytes()),
            Self::List(elements) => {
                out.tagged(10).nested(elements.len(), |out| elements.write(out));
            }
            Self::Map(entries) => {
                out.tagged(11).nested(entries.len() * 2, |out| entries.write(out));
            }
            Self::Optional(value) => {
                let count = usize::from(value.is_some());
                out.tagged(12).nested(count, |out| {
                    value.is_some().write(out);
                    if let Some(value) = value {
                        value.write(out);
                    }
                });
            }
            Self::Enum(name, number) => {
                out.tagged(13).blob(name.as_bytes());
                number.write(out);
            }
        }
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Problem> {
        Ok(match u8::read(input)? {
            0 => Self::Null,
            1 => Self::Bool(bool::read(input)?),
            2 => Self::Int(i64::read(input)?),
            3 => Self::Uint(u64::read(input)?),
            4 => {
                let bits = u64::read(input)?;
                let value = f64::from_bits(bits);
                if bits != double_bits(value) {
                    return Err(Problem::NotCanonical);
                }
                Self::Double(value)
            }
            5 => Self::String(Name::new(input.text()?)),
            6 => Self::Bytes(input.blob()?.to_vec()),
            7 => Self::Timestamp(i64::read(input)?, u32::read(input)?),
            8 => Self::Duration(i64::read(input)?),
            9 => Self::Type(Name::new(input.text()?)),
            10 => Self::List(input.nested(Input::elements)?),
            11 => Self::Map(input.nested(Input::elements)?),
            12 => Self::Optional(input.nested(|input| {
                if bool::read(input)? {
                    input.spend(1)?;
                    Self::read(input).map(|value| Some(Box::new(value)))
                } else {
                    Ok(None)
                }
            })?),
            13 => Self::Enum(Name::new(input.text()?), i32::read(input)?),
            other => return Err(Problem::Tag(other)),
        })
    }
}
