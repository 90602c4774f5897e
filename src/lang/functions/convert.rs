//! Conversions, `dyn` and `type`.
//!
//! In:      a value.
//! Out:     a value of the kind that the function is named after.
//! Imports: its own room alone.
//! Source:  CEL language definition, section "Conversions".

#![expect(clippy::wildcard_enum_match_arm, reason = "other kinds convert to nothing")]

use crate::lang::error::EvalError;
use crate::lang::functions::{Cost, Function, Outcome, Sig, global};
use crate::lang::value::heap::Heap;
use crate::lang::value::time::{self, Instant, TimeError};
use crate::lang::value::{Tag, Value, duration, message, text};

/// The rows.
pub const ROWS: &[Function] = &[
    global(64, "int", "int64_to_int64")
        .takes(&[Sig::Int], Sig::Int)
        .doc("The int itself.", &[("int(1)", "1")])
        .calls(to_int),
    global(65, "int", "uint64_to_int64")
        .takes(&[Sig::Uint], Sig::Int)
        .fails()
        .doc("The int of the same value.", &[("int(1u)", "1")])
        .calls(to_int),
    global(66, "int", "double_to_int64")
        .takes(&[Sig::Double], Sig::Int)
        .fails()
        .doc("The int next to it, toward zero.", &[("int(-1.9)", "-1")])
        .calls(to_int),
    global(67, "int", "string_to_int64")
        .takes(&[Sig::String], Sig::Int)
        .fails()
        .costs(Cost::Linear)
        .doc("The int that the text spells, in decimal.", &[("int('-7')", "-7")])
        .calls(to_int),
    global(68, "int", "timestamp_to_int64")
        .takes(&[Sig::Timestamp], Sig::Int)
        .doc("Whole seconds since the epoch.", &[("int(timestamp('1970-01-01T00:01:00Z'))", "60")])
        .calls(to_int),
    global(69, "uint", "uint64_to_uint64")
        .takes(&[Sig::Uint], Sig::Uint)
        .doc("The uint itself.", &[("uint(1u)", "1u")])
        .calls(to_uint),
    global(70, "uint", "int64_to_uint64")
        .takes(&[Sig::Int], Sig::Uint)
        .fails()
        .doc("The uint of the same value.", &[("uint(1)", "1u")])
        .calls(to_uint),
    global(71, "uint", "double_to_uint64")
        .takes(&[Sig::Double], Sig::Uint)
        .fails()
        .doc("The uint next to it, toward zero.", &[("uint(1.9)", "1u")])
        .calls(to_uint),
    global(72, "uint", "string_to_uint64")
        .takes(&[Sig::String], Sig::Uint)
        .fails()
        .costs(Cost::Linear)
        .doc("The uint that the text spells, in decimal.", &[("uint('7')", "7u")])
        .calls(to_uint),
    global(73, "double", "double_to_double")
        .takes(&[Sig::Double], Sig::Double)
        .doc("The double itself.", &[("double(1.5)", "1.5")])
        .calls(to_double),
    global(74, "double", "int64_to_double")
        .takes(&[Sig::Int], Sig::Double)
        .doc("The double nearest to the int.", &[("double(1)", "1.0")])
        .calls(to_double),
    global(75, "double", "uint64_to_double")
        .takes(&[Sig::Uint], Sig::Double)
        .doc("The double nearest to the uint.", &[("double(1u)", "1.0")])
        .calls(to_double),
    global(76, "double", "string_to_double")
        .takes(&[Sig::String], Sig::Double)
        .fails()
        .costs(Cost::Linear)
        .doc("The double that the text spells.", &[("double('1.5e3')", "1500.0")])
        .calls(to_double),
    global(77, "bool", "bool_to_bool")
        .takes(&[Sig::Bool], Sig::Bool)
        .doc("The bool itself.", &[("bool(true)", "true")])
        .calls(to_bool),
    global(78, "bool", "string_to_bool")
        .takes(&[Sig::String], Sig::Bool)
        .fails()
        .doc(
            "The bool that the text spells: `true`, `True`, `TRUE`, `t`, `T`, `1`, or the like.",
            &[("bool('true')", "true"), ("bool('F')", "false")],
        )
        .calls(to_bool),
    global(79, "bytes", "bytes_to_bytes")
        .takes(&[Sig::Bytes], Sig::Bytes)
        .doc("The bytes themselves.", &[("bytes(b'a')", "b'a'")])
        .calls(to_bytes),
    global(80, "bytes", "string_to_bytes")
        .takes(&[Sig::String], Sig::Bytes)
        .doc("The text in UTF-8.", &[("bytes('a')", "b'a'")])
        .calls(to_bytes),
    global(81, "string", "string_to_string")
        .takes(&[Sig::String], Sig::String)
        .doc("The string itself.", &[("string('a')", "'a'")])
        .calls(to_string),
    global(82, "string", "bool_to_string")
        .takes(&[Sig::Bool], Sig::String)
        .fails()
        .doc("`true` or `false`.", &[("string(true)", "'true'")])
        .calls(to_string),
    global(83, "string", "int64_to_string")
        .takes(&[Sig::Int], Sig::String)
        .fails()
        .doc("The int in decimal.", &[("string(-7)", "'-7'")])
        .calls(to_string),
    global(84, "string", "uint64_to_string")
        .takes(&[Sig::Uint], Sig::String)
        .fails()
        .doc("The uint in decimal.", &[("string(7u)", "'7'")])
        .calls(to_string),
    global(85, "string", "double_to_string")
        .takes(&[Sig::Double], Sig::String)
        .fails()
        .doc(
            "The shortest decimal that reads back as the double; with an exponent from 1e21 on and \
             below 0.0001, where cel-cpp has one from 1e6 on.",
            &[
                ("string(-4.5e-3)", "'-0.0045'"),
                ("string(2.0)", "'2'"),
                ("string(6.02214e23)", "'6.02214e+23'"),
            ],
        )
        .calls(to_string),
    global(86, "string", "bytes_to_string")
        .takes(&[Sig::Bytes], Sig::String)
        .fails()
        .costs(Cost::Linear)
        .doc("The bytes read as UTF-8.", &[("string(b'a')", "'a'")])
        .calls(to_string),
    global(87, "string", "timestamp_to_string")
        .takes(&[Sig::Timestamp], Sig::String)
        .fails()
        .doc(
            "The timestamp as RFC 3339, in UTC.",
            &[("string(timestamp('2026-01-01T01:00:00+01:00'))", "'2026-01-01T00:00:00Z'")],
        )
        .calls(to_string),
    global(88, "string", "duration_to_string")
        .takes(&[Sig::Duration], Sig::String)
        .fails()
        .doc(
            "The duration in decimal seconds.",
            &[("string(duration('1h30m'))", "'5400s'"), ("string(duration('1ms'))", "'0.001s'")],
        )
        .calls(to_string),
    global(89, "timestamp", "timestamp_to_timestamp")
        .takes(&[Sig::Timestamp], Sig::Timestamp)
        .doc("The timestamp itself.", &[("timestamp(timestamp(0))", "timestamp(0)")])
        .calls(to_timestamp),
    global(90, "timestamp", "int64_to_timestamp")
        .takes(&[Sig::Int], Sig::Timestamp)
        .fails()
        .doc(
            "The timestamp so many seconds after the epoch.",
            &[("timestamp(60)", "timestamp('1970-01-01T00:01:00Z')")],
        )
        .calls(to_timestamp),
    global(91, "timestamp", "string_to_timestamp")
        .takes(&[Sig::String], Sig::Timestamp)
        .fails()
        .doc(
            "The timestamp that the text spells, as RFC 3339.",
            &[(
                "timestamp('2026-01-01T00:00:00Z') < timestamp('2026-01-01T00:00:00-01:00')",
                "true",
            )],
        )
        .calls(to_timestamp),
    global(92, "duration", "duration_to_duration")
        .takes(&[Sig::Duration], Sig::Duration)
        .doc("The duration itself.", &[("duration(duration('1s'))", "duration('1s')")])
        .calls(to_duration),
    global(93, "duration", "string_to_duration")
        .takes(&[Sig::String], Sig::Duration)
        .fails()
        .doc(
            "The duration that the text spells, with the units `h m s ms us ns`.",
            &[
                ("duration('1h30m')", "duration('5400s')"),
                ("duration('-1.5s')", "duration('-1500ms')"),
            ],
        )
        .calls(to_duration),
    global(94, "dyn", "to_dyn")
        .takes(&[Sig::Param("A")], Sig::Dyn)
        .doc(
            "The value itself, of a type that is known at run time only.",
            &[("dyn(1) == 'a'", "false")],
        )
        .calls(itself),
    global(95, "type", "type")
        .takes(&[Sig::Param("A")], Sig::Type(&Sig::Param("A")))
        .doc(
            "The type of the value, without the types of what it contains.",
            &[
                ("type(1) == int", "true"),
                ("type([1]) == type(['a'])", "true"),
                ("type(type(1)) == type", "true"),
            ],
        )
        .calls(type_of),
];

/// 2^63, above every int.
const INT_END: f64 = 9_223_372_036_854_775_808.0;
/// 2^64, above every uint.
const UINT_END: f64 = 18_446_744_073_709_551_616.0;

fn one(args: &[Value]) -> Result<&Value, EvalError> {
    args.first().ok_or(EvalError::NoSuchOverload)
}

fn to_int(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let value = one(args)?;
    match value.tag() {
        Tag::Int => Ok(*value),
        Tag::Uint => i64::try_from(value.bits()).map(Value::int).map_err(|_| EvalError::Overflow),
        Tag::Double => {
            let double = value.float();
            // Both ends are outside, also the one that would fit; so is NaN.
            if -INT_END < double && double < INT_END {
                #[expect(clippy::cast_possible_truncation, reason = "truncation is meant")]
                Ok(Value::int(double as i64))
            } else {
                Err(EvalError::Overflow)
            }
        }
        Tag::String => text::parse_int(heap.str(value)).map(Value::int),
        Tag::Timestamp => Ok(Value::int(value.signed())),
        Tag::Enum => Ok(Value::int(value.number().into())),
        _ => Err(EvalError::NoSuchOverload),
    }
}

fn to_uint(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let value = one(args)?;
    match value.tag() {
        Tag::Uint => Ok(*value),
        Tag::Int => u64::try_from(value.signed()).map(Value::uint).map_err(|_| EvalError::Overflow),
        Tag::Double => {
            let double = value.float();
            if (0.0..UINT_END).contains(&double) {
                #[expect(clippy::cast_possible_truncation, reason = "truncation is meant")]
                #[expect(clippy::cast_sign_loss, reason = "it is not negative")]
                Ok(Value::uint(double as u64))
            } else {
                Err(EvalError::Overflow)
            }
        }
        Tag::String => text::parse_uint(heap.str(value)).map(Value::uint),
        _ => Err(EvalError::NoSuchOverload),
    }
}

#[expect(clippy::cast_precision_loss, reason = "the nearest double is meant")]
fn to_double(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let value = one(args)?;
    match value.tag() {
        Tag::Double => Ok(*value),
        Tag::Int => Ok(Value::double(value.signed() as f64)),
        Tag::Uint => Ok(Value::double(value.bits() as f64)),
        Tag::String => text::parse_double(heap.str(value)).map(Value::double),
        _ => Err(EvalError::NoSuchOverload),
    }
}

fn to_bool(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let value = one(args)?;
    match value.tag() {
        Tag::Bool => Ok(*value),
        Tag::String => text::parse_bool(heap.str(value)).map(Value::bool),
        _ => Err(EvalError::NoSuchOverload),
    }
}

fn to_bytes(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let value = one(args)?;
    match value.tag() {
        Tag::Bytes => Ok(*value),
        Tag::String => Ok(Value::text(Tag::Bytes, value.space(), value.off(), heap.bytes(value))),
        _ => Err(EvalError::NoSuchOverload),
    }
}

fn to_string(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    text::string(heap, one(args)?)
}

fn to_timestamp(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let value = one(args)?;
    match value.tag() {
        Tag::Timestamp => Ok(*value),
        Tag::Int => {
            time::from_seconds(value.signed()).map(Instant::value).ok_or(EvalError::Overflow)
        }
        Tag::String => time::parse(heap.str(value)).map(Instant::value).map_err(class),
        _ => Err(EvalError::NoSuchOverload),
    }
}

fn to_duration(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let value = one(args)?;
    match value.tag() {
        Tag::Duration => Ok(*value),
        Tag::String => duration::parse(heap.str(value)).map(Value::duration).map_err(class),
        _ => Err(EvalError::NoSuchOverload),
    }
}

fn class(error: TimeError) -> EvalError {
    match error {
        TimeError::Syntax => EvalError::BadConversion,
        TimeError::Range => EvalError::Overflow,
    }
}

fn itself(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    one(args).copied()
}

fn type_of(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    message::type_of(&heap.view(), one(args)?).ok_or(EvalError::NoSuchOverload)
}
