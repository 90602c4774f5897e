//! CEL's extension of mathematics, but for `math.greatest` and `math.least`.
//!
//! In:      numbers.
//! Out:     numbers, bools.
//! Imports: its own room alone.
//! Source:  the conformance tests `math_ext`; where they are silent, cel-go's `ext/math`.

use crate::lang::error::EvalError;
use crate::lang::functions::{Function, Library, Outcome, Sig, expect, global};
use crate::lang::value::heap::Heap;
use crate::lang::value::{Tag, Value};

/// The first version.
pub const MATH: Library = Library { name: "math", since: 0 };
/// What came with version 1.
pub const MATH_1: Library = Library { name: "math", since: 1 };
/// What came with version 2.
pub const MATH_2: Library = Library { name: "math", since: 2 };

/// The rows.
pub const ROWS: &[Function] = &[
    global(253, "math.ceil", "math_ceil_double")
        .takes(&[Sig::Double], Sig::Double)
        .of(MATH_1)
        .doc("The nearest whole number that is not below.", &[("math.ceil(1.2)", "2.0")])
        .calls(ceil),
    global(254, "math.floor", "math_floor_double")
        .takes(&[Sig::Double], Sig::Double)
        .of(MATH_1)
        .doc("The nearest whole number that is not above.", &[("math.floor(-1.2)", "-2.0")])
        .calls(floor),
    global(255, "math.round", "math_round_double")
        .takes(&[Sig::Double], Sig::Double)
        .of(MATH_1)
        .doc(
            "The nearest whole number; of two the one farther from zero.",
            &[("math.round(-1.5)", "-2.0")],
        )
        .calls(round),
    global(256, "math.trunc", "math_trunc_double")
        .takes(&[Sig::Double], Sig::Double)
        .of(MATH_1)
        .doc("The number without its fraction.", &[("math.trunc(-1.3)", "-1.0")])
        .calls(trunc),
    global(257, "math.isInf", "math_isInf_double")
        .takes(&[Sig::Double], Sig::Bool)
        .of(MATH_1)
        .doc(
            "Whether the number is infinite.",
            &[("math.isInf(1.0 / 0.0)", "true"), ("math.isInf(1.2)", "false")],
        )
        .calls(is_infinite),
    global(258, "math.isNaN", "math_isNaN_double")
        .takes(&[Sig::Double], Sig::Bool)
        .of(MATH_1)
        .doc(
            "Whether the number is NaN.",
            &[("math.isNaN(0.0 / 0.0)", "true"), ("math.isNaN(1.2)", "false")],
        )
        .calls(is_nan),
    global(259, "math.isFinite", "math_isFinite_double")
        .takes(&[Sig::Double], Sig::Bool)
        .of(MATH_1)
        .doc(
            "Whether the number is neither infinite nor NaN.",
            &[("math.isFinite(1.2)", "true"), ("math.isFinite(1.0 / 0.0)", "false")],
        )
        .calls(is_finite),
    global(260, "math.abs", "math_abs_double")
        .takes(&[Sig::Double], Sig::Double)
        .of(MATH_1)
        .doc("The number without its sign.", &[("math.abs(-1.5)", "1.5")])
        .calls(abs),
    global(261, "math.abs", "math_abs_int")
        .takes(&[Sig::Int], Sig::Int)
        .of(MATH_1)
        .fails()
        .doc("The number without its sign.", &[("math.abs(-1)", "1")])
        .calls(abs),
    global(262, "math.abs", "math_abs_uint")
        .takes(&[Sig::Uint], Sig::Uint)
        .of(MATH_1)
        .doc("The number without its sign.", &[("math.abs(1u)", "1u")])
        .calls(abs),
    global(263, "math.sign", "math_sign_double")
        .takes(&[Sig::Double], Sig::Double)
        .of(MATH_1)
        .doc("-1, 0 or 1: the sign of the number.", &[("math.sign(-1.5)", "-1.0")])
        .calls(sign),
    global(264, "math.sign", "math_sign_int")
        .takes(&[Sig::Int], Sig::Int)
        .of(MATH_1)
        .doc("-1, 0 or 1: the sign of the number.", &[("math.sign(-42)", "-1")])
        .calls(sign),
    global(265, "math.sign", "math_sign_uint")
        .takes(&[Sig::Uint], Sig::Uint)
        .of(MATH_1)
        .doc("-1, 0 or 1: the sign of the number.", &[("math.sign(42u)", "1u")])
        .calls(sign),
    global(266, "math.bitAnd", "math_bitAnd_int_int")
        .takes(&[Sig::Int, Sig::Int], Sig::Int)
        .of(MATH_1)
        .doc("The bits that both numbers have.", &[("math.bitAnd(3, 5)", "1")])
        .calls(bit_and),
    global(267, "math.bitAnd", "math_bitAnd_uint_uint")
        .takes(&[Sig::Uint, Sig::Uint], Sig::Uint)
        .of(MATH_1)
        .doc("The bits that both numbers have.", &[("math.bitAnd(3u, 5u)", "1u")])
        .calls(bit_and),
    global(268, "math.bitOr", "math_bitOr_int_int")
        .takes(&[Sig::Int, Sig::Int], Sig::Int)
        .of(MATH_1)
        .doc("The bits that one of the numbers has.", &[("math.bitOr(3, 5)", "7")])
        .calls(bit_or),
    global(269, "math.bitOr", "math_bitOr_uint_uint")
        .takes(&[Sig::Uint, Sig::Uint], Sig::Uint)
        .of(MATH_1)
        .doc("The bits that one of the numbers has.", &[("math.bitOr(3u, 5u)", "7u")])
        .calls(bit_or),
    global(270, "math.bitXor", "math_bitXor_int_int")
        .takes(&[Sig::Int, Sig::Int], Sig::Int)
        .of(MATH_1)
        .doc("The bits that one of the numbers has, but not both.", &[("math.bitXor(3, 5)", "6")])
        .calls(bit_xor),
    global(271, "math.bitXor", "math_bitXor_uint_uint")
        .takes(&[Sig::Uint, Sig::Uint], Sig::Uint)
        .of(MATH_1)
        .doc(
            "The bits that one of the numbers has, but not both.",
            &[("math.bitXor(3u, 5u)", "6u")],
        )
        .calls(bit_xor),
    global(272, "math.bitNot", "math_bitNot_int_int")
        .takes(&[Sig::Int], Sig::Int)
        .of(MATH_1)
        .doc("The bits that the number lacks.", &[("math.bitNot(1)", "-2")])
        .calls(bit_not),
    global(273, "math.bitNot", "math_bitNot_uint_uint")
        .takes(&[Sig::Uint], Sig::Uint)
        .of(MATH_1)
        .doc("The bits that the number lacks.", &[("math.bitNot(1u)", "18446744073709551614u")])
        .calls(bit_not),
    global(274, "math.bitShiftLeft", "math_bitShiftLeft_int_int")
        .takes(&[Sig::Int, Sig::Int], Sig::Int)
        .of(MATH_1)
        .fails()
        .doc(
            "The bits moved up by so many places; zero from 64 on.",
            &[("math.bitShiftLeft(1, 2)", "4")],
        )
        .calls(shift_left),
    global(275, "math.bitShiftLeft", "math_bitShiftLeft_uint_int")
        .takes(&[Sig::Uint, Sig::Int], Sig::Uint)
        .of(MATH_1)
        .fails()
        .doc(
            "The bits moved up by so many places; zero from 64 on.",
            &[("math.bitShiftLeft(1u, 2)", "4u")],
        )
        .calls(shift_left),
    global(276, "math.bitShiftRight", "math_bitShiftRight_int_int")
        .takes(&[Sig::Int, Sig::Int], Sig::Int)
        .of(MATH_1)
        .fails()
        .doc(
            "The bits moved down by so many places, zeros above; zero from 64 on.",
            &[("math.bitShiftRight(1024, 2)", "256")],
        )
        .calls(shift_right),
    global(277, "math.bitShiftRight", "math_bitShiftRight_uint_int")
        .takes(&[Sig::Uint, Sig::Int], Sig::Uint)
        .of(MATH_1)
        .fails()
        .doc(
            "The bits moved down by so many places, zeros above; zero from 64 on.",
            &[("math.bitShiftRight(1024u, 2)", "256u")],
        )
        .calls(shift_right),
    global(278, "math.sqrt", "math_sqrt_double")
        .takes(&[Sig::Double], Sig::Double)
        .of(MATH_2)
        .doc("The square root; NaN of a negative number.", &[("math.sqrt(81.0)", "9.0")])
        .calls(sqrt),
    global(279, "math.sqrt", "math_sqrt_int")
        .takes(&[Sig::Int], Sig::Double)
        .of(MATH_2)
        .doc("The square root; NaN of a negative number.", &[("math.sqrt(81)", "9.0")])
        .calls(sqrt),
    global(280, "math.sqrt", "math_sqrt_uint")
        .takes(&[Sig::Uint], Sig::Double)
        .of(MATH_2)
        .doc("The square root; NaN of a negative number.", &[("math.sqrt(81u)", "9.0")])
        .calls(sqrt),
];

fn one(args: &[Value]) -> Result<&Value, EvalError> {
    if let [only] = args { Ok(only) } else { Err(EvalError::NoSuchOverload) }
}

fn double(args: &[Value]) -> Result<f64, EvalError> {
    let value = one(args)?;
    expect(value, Tag::Double)?;
    Ok(value.float())
}

fn ceil(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    double(args).map(f64::ceil).map(Value::double)
}

fn floor(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    double(args).map(f64::floor).map(Value::double)
}

fn round(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    double(args).map(f64::round).map(Value::double)
}

fn trunc(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    double(args).map(f64::trunc).map(Value::double)
}

fn is_infinite(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    double(args).map(f64::is_infinite).map(Value::bool)
}

fn is_nan(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    double(args).map(f64::is_nan).map(Value::bool)
}

fn is_finite(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    double(args).map(f64::is_finite).map(Value::bool)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds are no numbers")]
fn abs(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let value = one(args)?;
    match value.tag() {
        Tag::Int => value.signed().checked_abs().map(Value::int).ok_or(EvalError::Overflow),
        Tag::Uint => Ok(*value),
        Tag::Double => Ok(Value::double(value.float().abs())),
        _ => Err(EvalError::NoSuchOverload),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds are no numbers")]
fn sign(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let value = one(args)?;
    match value.tag() {
        Tag::Int => Ok(Value::int(value.signed().signum())),
        Tag::Uint => Ok(Value::uint(value.bits().min(1))),
        // Both zeros have the sign 0, NaN has none.
        Tag::Double if value.float() == 0.0 => Ok(Value::double(0.0)),
        Tag::Double if value.float().is_nan() => Ok(*value),
        Tag::Double => Ok(Value::double(value.float().signum())),
        _ => Err(EvalError::NoSuchOverload),
    }
}

/// What `compute` makes of the bits of two integers of one kind.
fn bits(args: &[Value], compute: fn(u64, u64) -> u64) -> Outcome {
    match args {
        [a, b] if a.tag() == b.tag() => integer(a, compute(a.bits(), b.bits())),
        _ => Err(EvalError::NoSuchOverload),
    }
}

/// An integer of the kind of `like` with these bits.
fn integer(like: &Value, bits: u64) -> Outcome {
    if like.tag() == Tag::Int {
        return Ok(Value::int(bits.cast_signed()));
    }
    expect(like, Tag::Uint)?;
    Ok(Value::uint(bits))
}

fn bit_and(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    bits(args, |a, b| a & b)
}

fn bit_or(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    bits(args, |a, b| a | b)
}

fn bit_xor(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    bits(args, |a, b| a ^ b)
}

fn bit_not(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let value = one(args)?;
    integer(value, !value.bits())
}

fn shift_left(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    shifted(args, u64::checked_shl)
}

fn shift_right(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    shifted(args, u64::checked_shr)
}

fn shifted(args: &[Value], shift: fn(u64, u32) -> Option<u64>) -> Outcome {
    let [value, places] = args else { return Err(EvalError::NoSuchOverload) };
    expect(places, Tag::Int)?;
    if value.tag() != Tag::Int {
        expect(value, Tag::Uint)?;
    }
    let places = u64::try_from(places.signed()).map_err(|_| EvalError::InvalidArgument)?;
    let places = u32::try_from(places).unwrap_or(u32::MAX);
    integer(value, shift(value.bits(), places).unwrap_or(0))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds are no numbers")]
#[expect(clippy::cast_precision_loss, reason = "the root of the nearest double is wanted")]
fn sqrt(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let value = one(args)?;
    let number = match value.tag() {
        Tag::Int => value.signed() as f64,
        Tag::Uint => value.bits() as f64,
        Tag::Double => value.float(),
        _ => return Err(EvalError::NoSuchOverload),
    };
    Ok(Value::double(number.sqrt()))
}
