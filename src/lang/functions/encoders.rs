//! CEL's extension of encodings of bytes.
//!
//! In:      bytes, or text that spells them.
//! Out:     text, bytes.
//! Imports: its own room alone.
//! Source:  the conformance tests `encoders_ext`.

use crate::lang::error::EvalError;
use crate::lang::functions::{Cost, Function, Library, Outcome, Sig, expect, global};
use crate::lang::value::base64::{self, Alphabet};
use crate::lang::value::heap::Heap;
use crate::lang::value::{Tag, Value};

/// Encodings of bytes.
pub const ENCODERS: Library = Library { name: "encoders", since: 0 };

/// The rows.
pub const ROWS: &[Function] = &[
    global(302, "base64.encode", "base64_encode_bytes")
        .takes(&[Sig::Bytes], Sig::String)
        .of(ENCODERS)
        .fails()
        .costs(Cost::Linear)
        .doc("The bytes in base64.", &[("base64.encode(b'hello')", "'aGVsbG8='")])
        .calls(encode),
    global(303, "base64.decode", "base64_decode_string")
        .takes(&[Sig::String], Sig::Bytes)
        .of(ENCODERS)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The bytes that base64 spells; its padding may be missing, but line breaks and loose \
             bits at the end are refused.",
            &[("base64.decode('aGVsbG8=')", "b'hello'"), ("base64.decode('aGVsbG8')", "b'hello'")],
        )
        .calls(decode),
];

fn one(args: &[Value], tag: Tag) -> Result<&Value, EvalError> {
    let [only] = args else { return Err(EvalError::NoSuchOverload) };
    expect(only, tag)?;
    Ok(only)
}

fn encode(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let value = one(args, Tag::Bytes)?;
    base64::encode(heap, value)
}

fn decode(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let value = one(args, Tag::String)?;
    base64::decode(heap, value, Alphabet::Standard).ok_or(EvalError::BadConversion)
}
