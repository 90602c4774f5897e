//! The extension of mathematics in the reference evaluator.

use std::cmp::Ordering;

use policyc::lang::error::EvalError;

use super::value::{R, V};

/// Calls `math.NAME`.
pub(crate) fn call(name: &str, args: &[V]) -> Option<R> {
    let name = name.strip_prefix("math.")?;
    Some(match (name, args) {
        ("greatest", _) => extreme(args, Ordering::Greater),
        ("least", _) => extreme(args, Ordering::Less),
        ("ceil", [V::Double(n)]) => Ok(V::Double(n.ceil())),
        ("floor", [V::Double(n)]) => Ok(V::Double(n.floor())),
        ("round", [V::Double(n)]) => Ok(V::Double(away_from_zero(*n))),
        ("trunc", [V::Double(n)]) => Ok(V::Double(n.trunc())),
        ("isInf", [V::Double(n)]) => Ok(V::Bool(n.abs() == f64::INFINITY)),
        ("isNaN", [V::Double(n)]) => Ok(V::Bool(n.is_nan())),
        ("isFinite", [V::Double(n)]) => Ok(V::Bool(n.is_finite())),
        ("abs", [V::Int(n)]) => {
            i64::try_from(n.unsigned_abs()).map(V::Int).map_err(|_| EvalError::Overflow)
        }
        ("abs" | "sign", [V::Uint(0)]) => Ok(V::Uint(0)),
        ("abs", [V::Uint(n)]) => Ok(V::Uint(*n)),
        ("abs", [V::Double(n)]) => Ok(V::Double(if *n < 0.0 { -n } else { n + 0.0 })),
        ("sign", [V::Int(n)]) => Ok(V::Int(n.cmp(&0) as i64)),
        ("sign", [V::Uint(_)]) => Ok(V::Uint(1)),
        ("sign", [V::Double(n)]) => Ok(V::Double(match n.partial_cmp(&0.0) {
            Some(Ordering::Less) => -1.0,
            Some(Ordering::Greater) => 1.0,
            Some(Ordering::Equal) => 0.0,
            None => *n,
        })),
        ("sqrt", [number]) => root(number),
        _ => return bits(name, args),
    })
}

fn away_from_zero(n: f64) -> f64 {
    let whole = n.trunc();
    if (n - whole).abs() >= 0.5 { whole + n.signum() } else { whole }
}

fn root(number: &V) -> R {
    Ok(V::Double(match number {
        V::Int(n) => (*n as f64).sqrt(),
        V::Uint(n) => (*n as f64).sqrt(),
        V::Double(n) => n.sqrt(),
        _ => return Err(EvalError::NoSuchOverload),
    }))
}

fn extreme(args: &[V], wanted: Ordering) -> R {
    let numbers = match args {
        [V::List(elements)] => elements.as_slice(),
        _ => args,
    };
    let is_number = |value: &V| matches!(value, V::Int(_) | V::Uint(_) | V::Double(_));
    if !numbers.iter().all(is_number) {
        return Err(EvalError::NoSuchOverload);
    }
    let mut best = numbers.first().ok_or(EvalError::InvalidArgument)?;
    for number in &numbers[1..] {
        if number.compare_exactly(best).ok_or(EvalError::InvalidArgument)? == wanted {
            best = number;
        }
    }
    Ok(best.clone())
}

/// Bits of ints in two's complement, sixty-four of them.
fn bits(name: &str, args: &[V]) -> Option<R> {
    let (a, b, signed) = match args {
        [V::Int(a)] => (*a as u64, 0, true),
        [V::Uint(a)] => (*a, 0, false),
        [V::Int(a), V::Int(b)] => (*a as u64, *b as u64, true),
        [V::Uint(a), V::Int(b)] if name.starts_with("bitShift") => (*a, *b as u64, false),
        [V::Uint(a), V::Uint(b)] if !name.starts_with("bitShift") => (*a, *b, false),
        _ => return None,
    };
    let two = args.len() == 2;
    let made = match name {
        "bitAnd" if two => a & b,
        "bitOr" if two => a | b,
        "bitXor" if two => a ^ b,
        "bitNot" if !two => u64::MAX - a,
        "bitShiftLeft" | "bitShiftRight" if two => {
            if (b as i64) < 0 {
                return Some(Err(EvalError::InvalidArgument));
            }
            (0..b.min(64)).fold(a, |bits, _| match name {
                "bitShiftLeft" => bits.wrapping_mul(2),
                _ => bits / 2,
            })
        }
        _ => return None,
    };
    Some(Ok(if signed { V::Int(made as i64) } else { V::Uint(made) }))
}
