//! Semantic versions in Kubernetes.
//!
//! In:      strings, versions.
//! Out:     versions, what is asked of them.
//! Imports: its own room alone.
//! Source:  Kubernetes' documentation of its CEL library `semver`.
//!
//! What says how a version was built, behind its `+`, is read and forgotten: versions that differ
//! in nothing else are equal.

use std::cmp::Ordering;
use std::fmt::Write;

use crate::lang::error::EvalError;
use crate::lang::functions::kubernetes::{one, two};
use crate::lang::functions::regex::part as part_of;
use crate::lang::functions::{Cost, Function, Library, Outcome, Sig, expect, global, member};
use crate::lang::value::heap::Heap;
use crate::lang::value::text::Buffer;
use crate::lang::value::version::Version;
use crate::lang::value::{Tag, Value};

/// Semantic versions.
pub const SEMVER: Library = Library { name: "kubernetes.Semver", since: 0 };
/// What came with version 1.
pub const SEMVER_1: Library = Library { name: SEMVER.name, since: 1 };

const KIND: Sig = Sig::Kind(Tag::Semver);

/// The rows.
pub const ROWS: &[Function] = &[
    global(340, "semver", "string_to_semver")
        .takes(&[Sig::String], KIND)
        .of(SEMVER)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The version that the text writes, as semver.org says.",
            &[("semver('1.0.0+a') == semver('1.0.0+b')", "true")],
        )
        .calls(semver_of),
    global(341, "semver", "string_bool_to_semver")
        .takes(&[Sig::String, Sig::Bool], KIND)
        .of(SEMVER_1)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "As `semver`; with `true` a `v` before the version, zeros before its numbers and \
            missing last numbers are taken too.",
            &[
                ("semver('v01.02', true) == semver('1.2.0')", "true"),
                ("semver('1.2.0', false) == semver('1.2.0')", "true"),
            ],
        )
        .calls(semver_of),
    global(342, "isSemver", "is_semver_string")
        .takes(&[Sig::String], Sig::Bool)
        .of(SEMVER)
        .costs(Cost::Linear)
        .doc(
            "Whether `semver` has a value.",
            &[("isSemver('1.0.0-alpha.1')", "true"), ("isSemver('v1.0')", "false")],
        )
        .calls(|heap, args| Ok(Value::bool(version(heap, args)?.is_some()))),
    global(343, "isSemver", "is_semver_string_bool")
        .takes(&[Sig::String, Sig::Bool], Sig::Bool)
        .of(SEMVER_1)
        .costs(Cost::Linear)
        .doc(
            "Whether `semver` with the same arguments has a value.",
            &[("isSemver('v1.0', true)", "true"), ("isSemver('v1.0', false)", "false")],
        )
        .calls(|heap, args| Ok(Value::bool(version(heap, args)?.is_some()))),
    number(344, "major", "semver_major")
        .doc("The major version.", &[("semver('1.2.3').major()", "1")])
        .calls(|heap, args| part(heap, args, |[major, _, _]| major)),
    number(345, "minor", "semver_minor")
        .doc("The minor version.", &[("semver('1.2.3').minor()", "2")])
        .calls(|heap, args| part(heap, args, |[_, minor, _]| minor)),
    number(346, "patch", "semver_patch")
        .doc("The patch version.", &[("semver('1.2.3').patch()", "3")])
        .calls(|heap, args| part(heap, args, |[_, _, patch]| patch)),
    member(347, "isGreaterThan", "semver_is_greater_than")
        .takes(&[KIND, KIND], Sig::Bool)
        .of(SEMVER)
        .costs(Cost::Linear)
        .doc(
            "Whether the receiver is the later version.",
            &[("semver('1.10.0').isGreaterThan(semver('1.9.0'))", "true")],
        )
        .calls(|heap, args| Ok(Value::bool(order(heap, args)?.is_gt()))),
    member(348, "isLessThan", "semver_is_less_than")
        .takes(&[KIND, KIND], Sig::Bool)
        .of(SEMVER)
        .costs(Cost::Linear)
        .doc(
            "Whether the receiver is the earlier version.",
            &[("semver('1.0.0-rc.1').isLessThan(semver('1.0.0'))", "true")],
        )
        .calls(|heap, args| Ok(Value::bool(order(heap, args)?.is_lt()))),
    member(349, "compareTo", "semver_compare_to")
        .takes(&[KIND, KIND], Sig::Int)
        .of(SEMVER)
        .costs(Cost::Linear)
        .doc(
            "-1, 0 or 1: whether the receiver is earlier than the argument, equal to it, or later.",
            &[
                ("semver('1.2.3').compareTo(semver('1.2.3'))", "0"),
                ("semver('1.2.3').compareTo(semver('2.0.0'))", "-1"),
                ("semver('1.2.3').compareTo(semver('0.1.2'))", "1"),
            ],
        )
        .calls(|heap, args| Ok(Value::int(order(heap, args)? as i64))),
];

const fn number(number: u16, name: &'static str, id: &'static str) -> Function {
    member(number, name, id).of(SEMVER).takes(&[KIND], Sig::Int).fails().costs(Cost::Linear)
}

/// The version that the first argument, a string, writes; the second says whether to normalise.
fn version<'h>(heap: &'h Heap<'_>, args: &[Value]) -> Result<Option<Version<'h>>, EvalError> {
    let (text, normalize) = match args {
        [text] => (text, false),
        [text, normalize] => (text, normalize.as_bool().ok_or(EvalError::NoSuchOverload)?),
        _ => return Err(EvalError::NoSuchOverload),
    };
    expect(text, Tag::String)?;
    Ok(Version::parse(heap.str(text), normalize))
}

fn semver_of(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let text = args.first().ok_or(EvalError::NoSuchOverload)?;
    let found = version(heap, args)?.ok_or(EvalError::BadConversion)?;
    let [major, minor, patch] = found.numbers;
    let dash = if found.pre.is_empty() { "" } else { "-" };
    let mut core = Buffer::new();
    write!(core, "{major}.{minor}.{patch}{dash}").map_err(|_| EvalError::Budget)?;
    // The identifiers end where the text does, or at the sign before how it was built.
    let bytes = heap.bytes(text);
    let end = bytes.iter().position(|byte| *byte == b'+').unwrap_or(bytes.len());
    let identifiers = part_of(heap, text, end - found.pre.len()..end)?;
    let start = heap.store.mark().0;
    heap.store.push_text(core.as_str().as_bytes())?;
    heap.append(&identifiers)?;
    heap.finish_text(Tag::Semver, start)
}

/// The version that a value holds: always one, since its text was checked when it was made.
fn read<'h>(heap: &'h Heap<'_>, value: &Value) -> Result<Version<'h>, EvalError> {
    Version::parse(heap.str(value), false).ok_or(EvalError::NoSuchOverload)
}

fn part(heap: &Heap<'_>, args: &[Value], part: fn([u64; 3]) -> u64) -> Outcome {
    let version = read(heap, one(args, Tag::Semver)?)?;
    i64::try_from(part(version.numbers)).map(Value::int).map_err(|_| EvalError::Overflow)
}

fn order(heap: &Heap<'_>, args: &[Value]) -> Result<Ordering, EvalError> {
    let (a, b) = two(args, Tag::Semver)?;
    Ok(read(heap, a)?.cmp(&read(heap, b)?))
}
