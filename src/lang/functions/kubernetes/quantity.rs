//! Quantities in Kubernetes: `1.5Gi`, `200m`.
//!
//! In:      strings, quantities, ints.
//! Out:     quantities, what is asked of them.
//! Imports: its own room alone.
//! Source:  Kubernetes' documentation of its CEL library `quantity`.

use std::cmp::Ordering;
use std::fmt::Write;

use crate::lang::error::EvalError;
use crate::lang::functions::kubernetes::{one, text, two};
use crate::lang::functions::{Cost, Function, Library, Outcome, Sig, expect, global, member};
use crate::lang::value::heap::Heap;
use crate::lang::value::quantity::Quantity;
use crate::lang::value::text::Buffer;
use crate::lang::value::{Tag, Value};

/// Quantities.
pub const QUANTITY: Library = Library { name: "kubernetes.quantity", since: 0 };

const KIND: Sig = Sig::Kind(Tag::Quantity);

/// The rows.
pub const ROWS: &[Function] = &[
    global(327, "quantity", "string_to_quantity")
        .takes(&[Sig::String], KIND)
        .of(QUANTITY)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The quantity that the text writes: a number and perhaps a suffix, as `200m`, `1.5G`, \
            `1e3` or `64Mi`.",
            &[("quantity('200M') == quantity('0.2G')", "true")],
        )
        .calls(quantity_of),
    global(328, "isQuantity", "is_quantity_string")
        .takes(&[Sig::String], Sig::Bool)
        .of(QUANTITY)
        .costs(Cost::Linear)
        .doc(
            "Whether the text writes a quantity.",
            &[
                ("isQuantity('1.3Gi')", "true"),
                ("isQuantity('1,3G')", "false"),
                ("isQuantity('200K')", "false"),
                ("isQuantity('Mi')", "false"),
            ],
        )
        .calls(|heap, args| Ok(Value::bool(Quantity::parse(text(heap, args)?).is_some()))),
    member(329, "sign", "quantity_sign")
        .takes(&[KIND], Sig::Int)
        .of(QUANTITY)
        .doc("-1, 0 or 1: the sign of the quantity.", &[("quantity('-50k').sign()", "-1")])
        .calls(|heap, args| Ok(Value::int(receiver(heap, args)?.sign()))),
    member(330, "isInteger", "quantity_is_integer")
        .takes(&[KIND], Sig::Bool)
        .of(QUANTITY)
        .doc(
            "Whether `asInteger` has a value.",
            &[
                ("quantity('50000000G').isInteger()", "true"),
                ("quantity('9999999999999999999999999999999999999G').isInteger()", "false"),
            ],
        )
        .calls(|heap, args| Ok(Value::bool(receiver(heap, args)?.as_int().is_some()))),
    member(331, "asInteger", "quantity_get_int")
        .takes(&[KIND], Sig::Int)
        .of(QUANTITY)
        .fails()
        .doc("The quantity as an int, if it is one.", &[("quantity('50k').asInteger()", "50000")])
        .calls(as_integer),
    member(332, "asApproximateFloat", "quantity_get_float")
        .takes(&[KIND], Sig::Double)
        .of(QUANTITY)
        .doc("The double next to it.", &[("quantity('1500m').asApproximateFloat()", "1.5")])
        .calls(|heap, args| Ok(Value::double(receiver(heap, args)?.as_double()))),
    arithmetic(333, "add", "quantity_add")
        .takes(&[KIND, KIND], KIND)
        .doc(
            "The sum of two quantities.",
            &[("quantity('50k').add(quantity('20k')) == quantity('70k')", "true")],
        )
        .calls(add),
    arithmetic(334, "add", "quantity_add_int")
        .takes(&[KIND, Sig::Int], KIND)
        .doc(
            "The sum of a quantity and an int.",
            &[("quantity('50k').add(20) == quantity('50020')", "true")],
        )
        .calls(add),
    arithmetic(335, "sub", "quantity_sub")
        .takes(&[KIND, KIND], KIND)
        .doc(
            "The difference of two quantities.",
            &[("quantity('50k').sub(quantity('20k')) == quantity('30k')", "true")],
        )
        .calls(sub),
    arithmetic(336, "sub", "quantity_sub_int")
        .takes(&[KIND, Sig::Int], KIND)
        .doc(
            "The difference of a quantity and an int.",
            &[("quantity('50k').sub(20000) == quantity('30k')", "true")],
        )
        .calls(sub),
    member(337, "isGreaterThan", "quantity_is_greater_than")
        .takes(&[KIND, KIND], Sig::Bool)
        .of(QUANTITY)
        .doc(
            "Whether the receiver is above the argument.",
            &[("quantity('150Mi').isGreaterThan(quantity('100Mi'))", "true")],
        )
        .calls(|heap, args| Ok(Value::bool(order(heap, args)?.is_gt()))),
    member(338, "isLessThan", "quantity_is_less_than")
        .takes(&[KIND, KIND], Sig::Bool)
        .of(QUANTITY)
        .doc(
            "Whether the receiver is below the argument.",
            &[("quantity('100M').isLessThan(quantity('50M'))", "false")],
        )
        .calls(|heap, args| Ok(Value::bool(order(heap, args)?.is_lt()))),
    member(339, "compareTo", "quantity_compare_to")
        .takes(&[KIND, KIND], Sig::Int)
        .of(QUANTITY)
        .doc(
            "-1, 0 or 1: whether the receiver is below the argument, equals it, or is above it.",
            &[
                ("quantity('200M').compareTo(quantity('0.2G'))", "0"),
                ("quantity('50M').compareTo(quantity('50Mi'))", "-1"),
            ],
        )
        .calls(|heap, args| Ok(Value::int(order(heap, args)? as i64))),
];

const fn arithmetic(number: u16, name: &'static str, id: &'static str) -> Function {
    member(number, name, id).of(QUANTITY).fails()
}

/// The quantity that a value holds: always one, since its text was checked when it was made.
fn read(heap: &Heap<'_>, value: &Value) -> Result<Quantity, EvalError> {
    expect(value, Tag::Quantity)?;
    Quantity::parse(heap.str(value)).ok_or(EvalError::NoSuchOverload)
}

fn receiver(heap: &Heap<'_>, args: &[Value]) -> Result<Quantity, EvalError> {
    read(heap, one(args, Tag::Quantity)?)
}

fn new(heap: &mut Heap<'_>, quantity: &Quantity) -> Outcome {
    let mut shown = Buffer::new();
    write!(shown, "{quantity}").map_err(|_| EvalError::Budget)?;
    heap.new_text(Tag::Quantity, shown.as_str().as_bytes())
}

fn quantity_of(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let quantity = Quantity::parse(text(heap, args)?).ok_or(EvalError::BadConversion)?;
    new(heap, &quantity)
}

fn as_integer(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    receiver(heap, args)?.as_int().map(Value::int).ok_or(EvalError::BadConversion)
}

/// Both operands; the second may be an int.
fn operands(heap: &Heap<'_>, args: &[Value]) -> Result<(Quantity, Quantity), EvalError> {
    let [a, b] = args else { return Err(EvalError::NoSuchOverload) };
    let is_int = b.tag() == Tag::Int;
    let b = if is_int { Quantity::of_int(b.signed()) } else { read(heap, b)? };
    Ok((read(heap, a)?, b))
}

fn add(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (a, b) = operands(heap, args)?;
    let sum = a.plus(&b).ok_or(EvalError::Overflow)?;
    new(heap, &sum)
}

fn sub(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (a, b) = operands(heap, args)?;
    let difference = a.plus(&b.negated()).ok_or(EvalError::Overflow)?;
    new(heap, &difference)
}

fn order(heap: &Heap<'_>, args: &[Value]) -> Result<Ordering, EvalError> {
    let (a, b) = two(args, Tag::Quantity)?;
    Ok(read(heap, a)?.cmp(&read(heap, b)?))
}
