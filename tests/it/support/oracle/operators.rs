//! Operators and conversions of the reference evaluator.
//!
//! Source:  CEL language definition, "Numeric Values", "Type Conversions"; errors as classes.

use std::cmp::Ordering;
use std::rc::Rc;

use policyc::compiler::syntax::ast::BinaryOp;
use policyc::lang::error::EvalError;

use super::time;
use super::value::{R, V, list, text};

const NONE: EvalError = EvalError::NoSuchOverload;
const RANGE: EvalError = EvalError::Overflow;

/// An operator between two values.
pub(crate) fn binary(op: BinaryOp, a: &V, b: &V) -> R {
    let ordered =
        |test: fn(Ordering) -> bool| a.compare(b).map(|order| V::Bool(order.is_some_and(test)));
    match op {
        BinaryOp::Equal => Ok(V::Bool(a.equals(b))),
        BinaryOp::NotEqual => Ok(V::Bool(!a.equals(b))),
        BinaryOp::Less => ordered(Ordering::is_lt),
        BinaryOp::LessEqual => ordered(Ordering::is_le),
        BinaryOp::Greater => ordered(Ordering::is_gt),
        BinaryOp::GreaterEqual => ordered(Ordering::is_ge),
        BinaryOp::In => contains(a, b),
        BinaryOp::Add => add(a, b),
        BinaryOp::Subtract => subtract(a, b),
        BinaryOp::Multiply => multiply(a, b),
        BinaryOp::Divide => divide(a, b),
        BinaryOp::Modulo => modulo(a, b),
    }
}

fn contains(a: &V, b: &V) -> R {
    match b {
        V::List(elements) => Ok(V::Bool(elements.iter().any(|element| element.equals(a)))),
        V::Map(_) => Ok(V::Bool(b.entry(a).is_some())),
        _ => Err(NONE),
    }
}

fn add(a: &V, b: &V) -> R {
    match (a, b) {
        (V::Int(a), V::Int(b)) => a.checked_add(*b).map(V::Int).ok_or(RANGE),
        (V::Uint(a), V::Uint(b)) => a.checked_add(*b).map(V::Uint).ok_or(RANGE),
        (V::Double(a), V::Double(b)) => Ok(V::Double(a + b)),
        (V::Str(a), V::Str(b)) => Ok(text(&format!("{a}{b}"))),
        (V::Bytes(a), V::Bytes(b)) => Ok(V::Bytes(Rc::from([&a[..], &b[..]].concat()))),
        (V::List(a), V::List(b)) => Ok(list(a.iter().chain(b.iter()).cloned().collect())),
        (V::Timestamp(at), V::Duration(by)) | (V::Duration(by), V::Timestamp(at)) => {
            time::in_range(at + i128::from(*by)).map(V::Timestamp)
        }
        (V::Duration(a), V::Duration(b)) => a.checked_add(*b).map(V::Duration).ok_or(RANGE),
        _ => Err(NONE),
    }
}

fn subtract(a: &V, b: &V) -> R {
    match (a, b) {
        (V::Int(a), V::Int(b)) => a.checked_sub(*b).map(V::Int).ok_or(RANGE),
        (V::Uint(a), V::Uint(b)) => a.checked_sub(*b).map(V::Uint).ok_or(RANGE),
        (V::Double(a), V::Double(b)) => Ok(V::Double(a - b)),
        (V::Timestamp(a), V::Timestamp(b)) => {
            i64::try_from(a - b).map(V::Duration).map_err(|_| RANGE)
        }
        (V::Timestamp(at), V::Duration(by)) => {
            time::in_range(at - i128::from(*by)).map(V::Timestamp)
        }
        (V::Duration(a), V::Duration(b)) => a.checked_sub(*b).map(V::Duration).ok_or(RANGE),
        _ => Err(NONE),
    }
}

fn multiply(a: &V, b: &V) -> R {
    match (a, b) {
        (V::Int(a), V::Int(b)) => a.checked_mul(*b).map(V::Int).ok_or(RANGE),
        (V::Uint(a), V::Uint(b)) => a.checked_mul(*b).map(V::Uint).ok_or(RANGE),
        (V::Double(a), V::Double(b)) => Ok(V::Double(a * b)),
        _ => Err(NONE),
    }
}

fn divide(a: &V, b: &V) -> R {
    match (a, b) {
        (V::Int(_), V::Int(0)) | (V::Uint(_), V::Uint(0)) => Err(EvalError::DivideByZero),
        (V::Int(a), V::Int(b)) => a.checked_div(*b).map(V::Int).ok_or(RANGE),
        (V::Uint(a), V::Uint(b)) => Ok(V::Uint(a / b)),
        (V::Double(a), V::Double(b)) => Ok(V::Double(a / b)),
        _ => Err(NONE),
    }
}

fn modulo(a: &V, b: &V) -> R {
    match (a, b) {
        (V::Int(_), V::Int(0)) | (V::Uint(_), V::Uint(0)) => Err(EvalError::DivideByZero),
        (V::Int(a), V::Int(b)) => a.checked_rem(*b).map(V::Int).ok_or(RANGE),
        (V::Uint(a), V::Uint(b)) => Ok(V::Uint(a % b)),
        _ => Err(NONE),
    }
}

/// `-x`
pub(crate) fn negate(a: &V) -> R {
    match a {
        V::Int(a) => a.checked_neg().map(V::Int).ok_or(RANGE),
        V::Double(a) => Ok(V::Double(-a)),
        _ => Err(NONE),
    }
}

/// `x[i]`: `Ok(None)` where there is no such element.
pub(crate) fn index(a: &V, b: &V) -> R<Option<V>> {
    match a {
        V::List(elements) => {
            let at = match b {
                V::Int(at) => i128::from(*at),
                V::Uint(at) => i128::from(*at),
                V::Double(at) if at.fract() == 0.0 => whole(*at),
                V::Double(_) => return Err(EvalError::InvalidArgument),
                _ => return Err(NONE),
            };
            Ok(usize::try_from(at).ok().and_then(|at| elements.get(at).cloned()))
        }
        V::Map(_) => Ok(a.entry(b).cloned()),
        _ => Err(NONE),
    }
}

/// A whole number; beyond all indices where it is beyond 128 bits.
#[expect(clippy::cast_possible_truncation, reason = "the nearest number is as far out")]
fn whole(value: f64) -> i128 {
    value as i128
}

/// A conversion by its CEL name; `None` where there is none of that name.
pub(crate) fn convert(name: &str, a: &V) -> Option<R> {
    Some(match name {
        "int" => to_int(a),
        "uint" => to_uint(a),
        "double" => to_double(a),
        "string" => to_text(a),
        "bool" => to_bool(a),
        "bytes" => match a {
            V::Str(text) => Ok(V::Bytes(Rc::from(text.as_bytes()))),
            V::Bytes(_) => Ok(a.clone()),
            _ => Err(NONE),
        },
        "timestamp" => match a {
            V::Timestamp(_) => Ok(a.clone()),
            V::Str(text) => time::parse_timestamp(text).map(V::Timestamp),
            V::Int(seconds) => {
                time::in_range(i128::from(*seconds) * time::SECOND).map(V::Timestamp)
            }
            _ => Err(NONE),
        },
        "duration" => match a {
            V::Duration(_) => Ok(a.clone()),
            V::Str(text) => time::parse_duration(text).map(V::Duration),
            _ => Err(NONE),
        },
        "dyn" => Ok(a.clone()),
        "type" => Ok(V::Type(a.type_name())),
        _ => return None,
    })
}

fn to_int(a: &V) -> R {
    match a {
        V::Int(_) => Ok(a.clone()),
        V::Uint(n) => i64::try_from(*n).map(V::Int).map_err(|_| RANGE),
        V::Double(n) => {
            let bound = 2_f64.powi(63);
            if n.is_nan() || *n <= -bound || *n >= bound {
                return Err(RANGE);
            }
            i64::try_from(whole(*n)).map(V::Int).map_err(|_| RANGE)
        }
        V::Str(text) => whole_number(text)?.parse().map(V::Int).map_err(|_| RANGE),
        V::Timestamp(nanos) => {
            i64::try_from(nanos.div_euclid(time::SECOND)).map(V::Int).map_err(|_| RANGE)
        }
        V::Enum(_, number) => Ok(V::Int((*number).into())),
        _ => Err(NONE),
    }
}

fn to_uint(a: &V) -> R {
    match a {
        V::Uint(_) => Ok(a.clone()),
        V::Int(n) => u64::try_from(*n).map(V::Uint).map_err(|_| RANGE),
        V::Double(n) => {
            if n.is_nan() || *n < 0.0 || *n >= 2_f64.powi(64) {
                return Err(RANGE);
            }
            u64::try_from(whole(*n)).map(V::Uint).map_err(|_| RANGE)
        }
        V::Str(text) if text.starts_with(['+', '-']) => Err(EvalError::BadConversion),
        V::Str(text) => whole_number(text)?.parse().map(V::Uint).map_err(|_| RANGE),
        _ => Err(NONE),
    }
}

#[expect(clippy::cast_precision_loss, reason = "the conversion rounds, as CEL says")]
fn to_double(a: &V) -> R {
    match a {
        V::Double(_) => Ok(a.clone()),
        V::Int(n) => Ok(V::Double(*n as f64)),
        V::Uint(n) => Ok(V::Double(*n as f64)),
        V::Str(text) => double_of(text).map(V::Double),
        _ => Err(NONE),
    }
}

fn to_text(a: &V) -> R {
    match a {
        V::Str(_) => Ok(a.clone()),
        V::Bytes(bytes) => {
            std::str::from_utf8(bytes).map(text).map_err(|_| EvalError::BadConversion)
        }
        _ => a.scalar_text().map(|shown| text(&shown)).ok_or(NONE),
    }
}

fn to_bool(a: &V) -> R {
    match a {
        V::Bool(_) => Ok(a.clone()),
        V::Str(word) => match &**word {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(V::Bool(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(V::Bool(false)),
            _ => Err(EvalError::BadConversion),
        },
        _ => Err(NONE),
    }
}

/// The text, if it spells a whole number.
fn whole_number(text: &str) -> R<&str> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let fits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if fits { Ok(text) } else { Err(EvalError::BadConversion) }
}

fn double_of(text: &str) -> R<f64> {
    match text {
        "NaN" => return Ok(f64::NAN),
        "Infinity" | "+Infinity" | "Inf" | "+Inf" => return Ok(f64::INFINITY),
        "-Infinity" | "-Inf" => return Ok(f64::NEG_INFINITY),
        _ => {}
    }
    let spelled = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    if !text.bytes().all(spelled) {
        return Err(EvalError::BadConversion);
    }
    let value: f64 = text.parse().map_err(|_| EvalError::BadConversion)?;
    if value.is_finite() { Ok(value) } else { Err(RANGE) }
}
