//! Libraries of Kubernetes in the reference evaluator: a quantity is a list of decimal digits.

use std::cmp::Ordering;

use policyc::lang::error::EvalError;

use super::functions::ascii_classes;
use super::value::{R, V, list, text};

const BAD: EvalError = EvalError::BadConversion;
const DIGITS_MAX: usize = 76;

/// A number of billionths: whether it is below zero, and its digits, first one first, none of
/// them a leading zero.
pub(crate) type Amount = (bool, Vec<u8>);
/// Major, minor, patch, and the identifiers before the release.
pub(crate) type Release = ([u64; 3], Vec<String>);

/// Calls a function of the libraries; `None` where they have none of that name.
pub(crate) fn call(name: &str, member: bool, args: &[V]) -> Option<R> {
    if member {
        return lists(name, args)
            .or_else(|| quantities(name, args))
            .or_else(|| versions(name, args));
    }
    let release = |written: &str, normalize: bool| release(written, normalize);
    Some(match (name, args) {
        ("quantity", [V::Str(written)]) => amount(written).map(V::Quantity).ok_or(BAD),
        ("isQuantity", [V::Str(written)]) => Ok(V::Bool(amount(written).is_some())),
        ("semver", [V::Str(written)]) => release(written, false).map(V::Semver).ok_or(BAD),
        ("semver", [V::Str(written), V::Bool(normalize)]) => {
            release(written, *normalize).map(V::Semver).ok_or(BAD)
        }
        ("isSemver", [V::Str(written)]) => Ok(V::Bool(release(written, false).is_some())),
        ("isSemver", [V::Str(written), V::Bool(normalize)]) => {
            Ok(V::Bool(release(written, *normalize).is_some()))
        }
        _ => return None,
    })
}

fn lists(name: &str, args: &[V]) -> Option<R> {
    let ordered =
        |a: &V, b: &V| a.compare(b).and_then(|order| order.ok_or(EvalError::InvalidArgument));
    let at = |at: Option<usize>| Ok(V::Int(at.map_or(-1, |at| i64::try_from(at).unwrap())));
    Some(match (name, args) {
        ("isSorted", [V::List(list)]) => {
            let mut orders = list.iter().zip(list.iter().skip(1)).map(|(a, b)| ordered(a, b));
            loop {
                match orders.next() {
                    Some(Ok(Ordering::Greater)) => break Ok(V::Bool(false)),
                    Some(Ok(_)) => {}
                    Some(Err(class)) => break Err(class),
                    None => break Ok(V::Bool(true)),
                }
            }
        }
        ("sum", [V::List(list)]) => sum(list),
        ("min" | "max", [V::List(list)]) => {
            let Some(first) = list.first() else { return Some(Err(EvalError::InvalidArgument)) };
            let wanted = if name == "min" { Ordering::Less } else { Ordering::Greater };
            list.iter().try_fold(first.clone(), |best, element| {
                Ok(if ordered(element, &best)? == wanted { element.clone() } else { best })
            })
        }
        ("indexOf", [V::List(list), wanted]) => at(list.iter().position(|it| it.equals(wanted))),
        ("lastIndexOf", [V::List(list), wanted]) => {
            at(list.iter().rposition(|it| it.equals(wanted)))
        }
        ("find", [V::Str(subject), V::Str(pattern)]) => {
            found(subject, pattern, 1).map(|found| found.into_iter().next().unwrap_or(text("")))
        }
        ("findAll", [V::Str(subject), V::Str(pattern)]) => {
            found(subject, pattern, usize::MAX).map(list)
        }
        ("findAll", [V::Str(subject), V::Str(pattern), V::Int(most)]) => {
            found(subject, pattern, usize::try_from(*most).unwrap_or(usize::MAX)).map(list)
        }
        _ => return None,
    })
}

fn found(subject: &str, pattern: &str, most: usize) -> R<Vec<V>> {
    let pattern = ascii_classes(pattern).map_err(|()| EvalError::Pattern)?;
    let regex = regex::Regex::new(&pattern).map_err(|_| EvalError::Pattern)?;
    Ok(regex.find_iter(subject).take(most).map(|found| text(found.as_str())).collect())
}

fn sum(list: &[V]) -> R {
    let mut sum: Option<V> = None;
    for element in list {
        sum = Some(match (sum, element) {
            (None, V::Int(_) | V::Uint(_) | V::Double(_) | V::Duration(_)) => element.clone(),
            (Some(V::Int(a)), V::Int(b)) => V::Int(a.checked_add(*b).ok_or(EvalError::Overflow)?),
            (Some(V::Uint(a)), V::Uint(b)) => {
                V::Uint(a.checked_add(*b).ok_or(EvalError::Overflow)?)
            }
            (Some(V::Double(a)), V::Double(b)) => V::Double(a + b),
            (Some(V::Duration(a)), V::Duration(b)) => {
                V::Duration(a.checked_add(*b).ok_or(EvalError::Overflow)?)
            }
            _ => return Err(EvalError::NoSuchOverload),
        });
    }
    Ok(sum.unwrap_or(V::Int(0)))
}

fn quantities(name: &str, args: &[V]) -> Option<R> {
    let of_int = |number: i64| amount(&number.to_string()).unwrap();
    let opposite = |(negative, digits): &Amount| (!negative && !digits.is_empty(), digits.clone());
    Some(match (name, args) {
        ("sign", [V::Quantity((negative, digits))]) => {
            Ok(V::Int(if digits.is_empty() { 0 } else { 1 - 2 * i64::from(*negative) }))
        }
        ("isInteger", [V::Quantity(this)]) => Ok(V::Bool(whole(this).is_some())),
        ("asInteger", [V::Quantity(this)]) => whole(this).map(V::Int).ok_or(BAD),
        ("asApproximateFloat", [V::Quantity((negative, digits))]) => {
            let sign = if *negative { "-" } else { "" };
            Ok(V::Double(format!("{sign}0{}e-9", spelled(digits)).parse().unwrap()))
        }
        ("add" | "sub", [this, V::Int(number)]) => {
            return quantities(name, &[this.clone(), V::Quantity(of_int(*number))]);
        }
        ("add", [V::Quantity(a), V::Quantity(b)]) => total(a, b),
        ("sub", [V::Quantity(a), V::Quantity(b)]) => total(a, &opposite(b)),
        (_, [V::Quantity(a), V::Quantity(b)]) => return compared(name, order(a, b)),
        _ => return None,
    })
}

fn compared(name: &str, order: Ordering) -> Option<R> {
    Some(Ok(match name {
        "compareTo" => V::Int(order as i64),
        "isGreaterThan" => V::Bool(order.is_gt()),
        "isLessThan" => V::Bool(order.is_lt()),
        _ => return None,
    }))
}

fn spelled(digits: &[u8]) -> String {
    digits.iter().map(|digit| char::from(b'0' + digit)).collect()
}

/// A quantity as `string()` of a number would write it.
pub(crate) fn amount_text((negative, digits): &Amount) -> String {
    let digits = format!("{:0>10}", spelled(digits));
    let (whole, fraction) = digits.split_at(digits.len() - 9);
    let shown = format!("{}{whole}.{fraction}", if *negative { "-" } else { "" });
    shown.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn whole((negative, digits): &Amount) -> Option<i64> {
    let cut = digits.len().saturating_sub(9);
    let (units, rest) = digits.split_at(cut);
    let sign = if *negative { "-" } else { "" };
    let number = format!("{sign}0{}", spelled(units)).parse().ok();
    number.filter(|_| rest.iter().all(|digit| *digit == 0))
}

/// The digits of `a + b`, both last digit first.
fn sum_of(a: &[u8], b: &[u8]) -> Vec<u8> {
    let (mut out, mut carry) = (Vec::new(), 0);
    for at in 0..=a.len().max(b.len()) {
        let digit = a.get(at).unwrap_or(&0) + b.get(at).unwrap_or(&0) + carry;
        out.push(digit % 10);
        carry = digit / 10;
    }
    out
}

/// The digits of `a - b`, both last digit first, `b` not the larger one.
fn difference_of(a: &[u8], b: &[u8]) -> Vec<u8> {
    let (mut out, mut borrow) = (Vec::new(), 0);
    for (at, digit) in a.iter().enumerate() {
        let taken = b.get(at).unwrap_or(&0) + borrow;
        borrow = u8::from(*digit < taken);
        out.push(digit + 10 * borrow - taken);
    }
    out
}

fn backwards(digits: &[u8]) -> Vec<u8> {
    digits.iter().rev().copied().collect()
}

fn without_zeros(digits: Vec<u8>) -> Vec<u8> {
    digits.into_iter().skip_while(|digit| *digit == 0).collect()
}

fn size_order(a: &[u8], b: &[u8]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn order(a: &Amount, b: &Amount) -> Ordering {
    match (a.0, b.0) {
        (false, false) => size_order(&a.1, &b.1),
        (true, true) => size_order(&b.1, &a.1),
        (negative, _) => {
            if negative {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
    }
}

fn total(a: &Amount, b: &Amount) -> R {
    let (large, small) = if size_order(&a.1, &b.1).is_ge() { (a, b) } else { (b, a) };
    let merge = if a.0 == b.0 { sum_of } else { difference_of };
    let digits = without_zeros(backwards(&merge(&backwards(&large.1), &backwards(&small.1))));
    if digits.len() > DIGITS_MAX {
        return Err(EvalError::Overflow);
    }
    Ok(V::Quantity((large.0 && !digits.is_empty(), digits)))
}

fn amount(written: &str) -> Option<Amount> {
    let shape = r"^([-+]?)([0-9]*)(?:\.([0-9]*))?([numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]+)?$";
    let found = regex::Regex::new(shape).unwrap().captures(written)?;
    let part = |at: usize| found.get(at).map_or("", |found| found.as_str());
    let (whole, fraction, suffix) = (part(2), part(3), part(4));
    if whole.len() + fraction.len() == 0 {
        return None;
    }
    let digits = whole.bytes().chain(fraction.bytes()).map(|byte| byte - b'0').collect();
    let fits = |digits: Vec<u8>| Some(without_zeros(digits)).filter(|it| it.len() <= DIGITS_MAX);
    let mut digits = fits(digits)?;
    let binary = suffix.strip_suffix('i').and_then(|unit| "KMGTPE".find(unit));
    let power: i64 = match suffix {
        "" => 0,
        _ if binary.is_some() => 0,
        unit if unit.len() == 1 => 3 * i64::try_from("num kMGTPE".find(unit)?).ok()? - 9,
        exponent => i64::from(exponent[1..].parse::<i32>().ok()?),
    };
    for _ in 0..binary.map_or(0, |nth| 10 * (nth + 1)) {
        let last_first = backwards(&digits);
        digits = fits(backwards(&sum_of(&last_first, &last_first)))?;
    }
    let power = power + 9 - i64::try_from(fraction.len()).ok()?;
    if digits.is_empty() {
        return Some((false, digits));
    }
    if power > 0 {
        digits.resize(digits.len() + usize::try_from(power).ok().filter(|it| *it < 99)?, 0);
    } else {
        let cut = digits.len().saturating_sub(usize::try_from(-power).ok()?);
        if digits.split_off(cut).iter().any(|digit| *digit != 0) {
            digits = backwards(&sum_of(&backwards(&digits), &[1]));
        }
    }
    digits = fits(digits)?;
    if binary.is_some() {
        let most = (i128::from(i64::MAX) * 1_000_000_000).to_string();
        let most: Vec<u8> = most.bytes().map(|byte| byte - b'0').collect();
        digits = if size_order(&digits, &most).is_gt() { most } else { digits };
    }
    Some((part(1) == "-" && !digits.is_empty(), digits))
}

fn versions(name: &str, args: &[V]) -> Option<R> {
    let number = |number: u64| i64::try_from(number).map(V::Int).map_err(|_| EvalError::Overflow);
    Some(match (name, args) {
        ("major", [V::Semver((numbers, _))]) => number(numbers[0]),
        ("minor", [V::Semver((numbers, _))]) => number(numbers[1]),
        ("patch", [V::Semver((numbers, _))]) => number(numbers[2]),
        (_, [V::Semver(a), V::Semver(b)]) => return compared(name, precedence(a, b)),
        _ => return None,
    })
}

fn precedence((a, before_a): &Release, (b, before_b): &Release) -> Ordering {
    let released = before_a.is_empty().cmp(&before_b.is_empty());
    let rank = |word: &String| match word.bytes().all(|byte| byte.is_ascii_digit()) {
        true => (0, word.len(), word.clone()),
        false => (1, 0, word.clone()),
    };
    a.cmp(b).then(released).then(before_a.iter().map(rank).cmp(before_b.iter().map(rank)))
}

/// A version as it is written in the least number of characters.
pub(crate) fn release_text(([major, minor, patch], before): &Release) -> String {
    let dash = if before.is_empty() { "" } else { "-" };
    format!("{major}.{minor}.{patch}{dash}{}", before.join("."))
}

fn release(written: &str, normalize: bool) -> Option<Release> {
    let number = if normalize { "[0-9]+" } else { "0|[1-9][0-9]*" };
    let before = r"(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)";
    let tail = format!(r"(?:-({before}(?:\.{before})*))?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?");
    let full = format!(r"^({number})\.({number})\.({number}){tail}$");
    let short = format!(r"^({number})(?:\.({number}))?$");
    let written = if normalize { written.strip_prefix('v').unwrap_or(written) } else { written };
    let captures = |shape: &str| regex::Regex::new(shape).unwrap().captures(written);
    let found = captures(&full).or_else(|| if normalize { captures(&short) } else { None })?;
    let part = |at: usize| found.get(at).map(|found| found.as_str());
    let mut numbers = [0; 3];
    for (slot, digits) in numbers.iter_mut().zip([part(1), part(2), part(3)]) {
        *slot = digits.unwrap_or("0").parse().ok()?;
    }
    let before = part(4).map(|words| words.split('.').map(str::to_owned).collect());
    Some((numbers, before.unwrap_or_default()))
}
