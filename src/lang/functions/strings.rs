//! Functions of strings in the standard library.
//!
//! In:      strings.
//! Out:     bools.
//! Imports: its own room alone.
//! Source:  CEL language definition, section "List of Standard Definitions".

use crate::lang::error::EvalError;
use crate::lang::functions::{Cost, Function, Outcome, Sig, expect, global, member};
use crate::lang::pattern;
use crate::lang::value::heap::Heap;
use crate::lang::value::{Tag, Value};

/// The rows.
pub const ROWS: &[Function] = &[
    member(96, "contains", "contains_string")
        .takes(&[Sig::String, Sig::String], Sig::Bool)
        .costs(Cost::Product)
        .doc(
            "Whether the argument occurs in the receiver.",
            &[("'hello'.contains('ell')", "true"), ("'hello'.contains('')", "true")],
        )
        .calls(contains),
    member(97, "startsWith", "starts_with_string")
        .takes(&[Sig::String, Sig::String], Sig::Bool)
        .costs(Cost::Linear)
        .doc(
            "Whether the receiver begins with the argument.",
            &[("'hello'.startsWith('he')", "true")],
        )
        .calls(starts_with),
    member(98, "endsWith", "ends_with_string")
        .takes(&[Sig::String, Sig::String], Sig::Bool)
        .costs(Cost::Linear)
        .doc("Whether the receiver ends with the argument.", &[("'hello'.endsWith('lo')", "true")])
        .calls(ends_with),
    global(99, "matches", "matches")
        .takes(&[Sig::String, Sig::String], Sig::Bool)
        .fails()
        .costs(Cost::Product)
        .doc(
            "Whether the pattern, in the syntax of RE2, matches somewhere in the text.",
            &[("matches('hello', 'h.*o$')", "true")],
        )
        .calls(matches),
    member(100, "matches", "matches_string")
        .takes(&[Sig::String, Sig::String], Sig::Bool)
        .fails()
        .costs(Cost::Product)
        .doc(
            "Whether the pattern, in the syntax of RE2, matches somewhere in the receiver.",
            &[("'hello'.matches('^h')", "true"), ("'hello'.matches('^e')", "false")],
        )
        .calls(matches),
];

/// Both operands, if they are strings.
fn two<'h>(heap: &'h Heap<'_>, args: &[Value]) -> Result<(&'h [u8], &'h [u8]), EvalError> {
    let [a, b] = args else { return Err(EvalError::NoSuchOverload) };
    expect(a, Tag::String)?;
    expect(b, Tag::String)?;
    Ok((heap.bytes(a), heap.bytes(b)))
}

fn contains(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (text, part) = two(heap, args)?;
    Ok(Value::bool(find(text, part).is_some()))
}

fn starts_with(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (text, start) = two(heap, args)?;
    Ok(Value::bool(text.starts_with(start)))
}

fn ends_with(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (text, end) = two(heap, args)?;
    Ok(Value::bool(text.ends_with(end)))
}

/// Where `part` first occurs in `text`, in bytes.
///
/// Both are UTF-8, so the standard search, which takes linear time, finds what bytes would.
#[must_use]
pub fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    let (text, part) = (std::str::from_utf8(text).ok()?, std::str::from_utf8(part).ok()?);
    text.find(part)
}

/// Patterns that are constant never come here: they are automata of the bundle.
fn matches(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (text, pattern) = two(heap, args)?;
    let pattern = std::str::from_utf8(pattern).map_err(|_| EvalError::Pattern)?;
    pattern::matches_once(pattern, text).map(Value::bool)
}
