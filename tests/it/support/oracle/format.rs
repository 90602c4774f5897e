//! `format` of the reference evaluator.

use policyc::lang::error::EvalError;

use super::value::{R, V, double_text, text};

const BAD: EvalError = EvalError::InvalidArgument;

/// `template.format(values)`
pub(crate) fn format(template: &str, values: &[V]) -> R {
    let mut out = String::new();
    let mut values = values.iter();
    let mut rest = template;
    while let Some((before, clause)) = rest.split_once('%') {
        out.push_str(before);
        let digits: String = match clause.strip_prefix('.') {
            Some(digits) => digits.chars().take_while(char::is_ascii_digit).collect(),
            None => String::new(),
        };
        let is_precise = clause.starts_with('.');
        let behind = &clause[usize::from(is_precise) + digits.len()..];
        let verb = behind.chars().next().ok_or(BAD)?;
        rest = &behind[verb.len_utf8()..];
        let precision = match is_precise {
            true if matches!(verb, 'e' | 'f') => digits.parse().map_err(|_| BAD)?,
            true => return Err(BAD),
            false => 6,
        };
        if precision > 100 {
            return Err(BAD);
        }
        if verb == '%' {
            out.push('%');
        } else {
            out.push_str(&clause_text(verb, precision, values.next().ok_or(BAD)?)?);
        }
    }
    out.push_str(rest);
    Ok(text(&out))
}

fn clause_text(verb: char, precision: usize, value: &V) -> R<String> {
    let integer = match value {
        V::Int(n) => Some(i128::from(*n)),
        V::Uint(n) => Some(i128::from(*n)),
        V::Bool(set) if verb == 'b' => Some(i128::from(*set)),
        _ => None,
    };
    let bytes = match value {
        V::Str(text) => Some(text.as_bytes()),
        V::Bytes(bytes) => Some(&**bytes),
        _ => None,
    };
    match (verb, integer, bytes) {
        ('s', ..) => shown(value),
        ('d', Some(n), _) => Ok(n.to_string()),
        ('d', None, _) => match value {
            V::Double(n) => Ok(plain_double(*n)),
            _ => Err(BAD),
        },
        ('b', Some(n), _) => Ok(in_base(n, 2)),
        ('o', Some(n), _) => Ok(in_base(n, 8)),
        ('x', Some(n), _) => Ok(in_base(n, 16)),
        ('X', Some(n), _) => Ok(in_base(n, 16).to_uppercase()),
        ('x', _, Some(bytes)) => Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        ('X', _, Some(bytes)) => Ok(bytes.iter().map(|byte| format!("{byte:02X}")).collect()),
        ('e' | 'f', ..) => float(verb, precision, value),
        _ => Err(BAD),
    }
}

fn in_base(n: i128, base: i128) -> String {
    let mut left = n.abs();
    let mut digits = Vec::new();
    while left > 0 || digits.is_empty() {
        let digit = u32::try_from(left % base).unwrap_or(0);
        digits.push(char::from_digit(digit, 16).unwrap_or('0'));
        left /= base;
    }
    if n < 0 {
        digits.push('-');
    }
    digits.iter().rev().collect()
}

fn float(verb: char, precision: usize, value: &V) -> R<String> {
    let n = match value {
        V::Int(n) => *n as f64,
        V::Uint(n) => *n as f64,
        V::Double(n) => *n,
        _ => return Err(BAD),
    };
    if n.is_nan() || n.is_infinite() {
        return Ok(double_text(n));
    }
    if verb == 'f' {
        return Ok(format!("{n:.precision$}"));
    }
    let written = format!("{n:.precision$e}");
    let (digits, exponent) = written.split_once('e').ok_or(BAD)?;
    Ok(match exponent.strip_prefix('-') {
        Some(exponent) => format!("{digits}e-{exponent:0>2}"),
        None => format!("{digits}e+{exponent:0>2}"),
    })
}

fn plain_double(n: f64) -> String {
    if n.is_finite() { n.to_string() } else { double_text(n) }
}

/// Bytes as text; adjacent sequences that are invalid give one U+FFFD.
fn one_mark_for_each_row(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() && (!chunk.valid().is_empty() || !text.ends_with('\u{fffd}'))
        {
            text.push('\u{fffd}');
        }
    }
    text
}

/// As `%s` writes it.
fn shown(value: &V) -> R<String> {
    Ok(match value {
        V::Null => "null".to_owned(),
        V::Str(text) | V::Type(text) | V::Url(text) => text.to_string(),
        V::Bytes(bytes) => one_mark_for_each_row(bytes),
        V::Double(n) => plain_double(*n),
        V::Bool(_) | V::Int(_) | V::Uint(_) | V::Timestamp(_) => value.scalar_text().ok_or(BAD)?,
        V::Duration(_) => {
            let exact = value.scalar_text().ok_or(BAD)?;
            let seconds = exact.strip_suffix('s').and_then(|it| it.parse().ok()).ok_or(BAD)?;
            format!("{}s", plain_double(seconds))
        }
        V::List(elements) => {
            let shown: Vec<String> = elements.iter().map(shown).collect::<R<_>>()?;
            format!("[{}]", shown.join(", "))
        }
        V::Map(entries) => {
            let entry = |(key, value): &(V, V)| Ok((shown(key)?, shown(value)?));
            let mut shown: Vec<(String, String)> = entries.iter().map(entry).collect::<R<_>>()?;
            shown.sort();
            let shown: Vec<String> =
                shown.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
            format!("{{{}}}", shown.join(", "))
        }
        V::Ip(_)
        | V::Cidr(..)
        | V::Quantity(_)
        | V::Semver(_)
        | V::Message(_)
        | V::Enum(..)
        | V::Opt(_)
        | V::Decision(_)
        | V::Bad
        | V::Withheld => return Err(BAD),
    })
}
