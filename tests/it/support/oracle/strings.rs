//! The `strings` library of the reference evaluator. Offsets count code points.

use policyc::lang::error::EvalError;

use super::format::format;
use super::value::{R, V, list, text};

const RANGE: EvalError = EvalError::OutOfRange;

/// Calls a function of the library; `None` where it has none of that name.
pub(crate) fn call(name: &str, member: bool, args: &[V]) -> Option<R> {
    if !member {
        return match (name, args) {
            ("strings.quote", [V::Str(subject)]) => Some(Ok(text(&quote(subject)))),
            _ => None,
        };
    }
    let string = |shown: String| Ok(text(&shown));
    Some(match (name, args) {
        ("charAt", [V::Str(subject), V::Int(at)]) => char_at(subject, *at),
        ("indexOf", [V::Str(a), V::Str(b)]) => find(a, b, Some(0), false),
        ("indexOf", [V::Str(a), V::Str(b), V::Int(from)]) => find(a, b, Some(*from), false),
        ("lastIndexOf", [V::Str(a), V::Str(b)]) => find(a, b, None, true),
        ("lastIndexOf", [V::Str(a), V::Str(b), V::Int(from)]) => find(a, b, Some(*from), true),
        ("lowerAscii", [V::Str(subject)]) => string(subject.to_ascii_lowercase()),
        ("upperAscii", [V::Str(subject)]) => string(subject.to_ascii_uppercase()),
        ("trim", [V::Str(subject)]) => Ok(text(subject.trim())),
        ("reverse", [V::Str(subject)]) => string(subject.chars().rev().collect()),
        ("replace", [V::Str(a), V::Str(old), V::Str(new)]) => string(a.replace(&**old, new)),
        ("replace", [V::Str(a), V::Str(old), V::Str(new), V::Int(n)]) => {
            string(match usize::try_from(*n) {
                Ok(n) => a.replacen(&**old, new, n),
                Err(_) => a.replace(&**old, new),
            })
        }
        ("split", [V::Str(a), V::Str(separator)]) => Ok(split(a, separator, -1)),
        ("split", [V::Str(a), V::Str(separator), V::Int(n)]) => Ok(split(a, separator, *n)),
        ("substring", [V::Str(subject), V::Int(start)]) => {
            substring(subject, *start, i64::try_from(subject.chars().count()).unwrap_or(0))
        }
        ("substring", [V::Str(subject), V::Int(start), V::Int(end)]) => {
            substring(subject, *start, *end)
        }
        ("format", [V::Str(template), V::List(values)]) => format(template, values),
        ("join", [V::List(parts)]) => join(parts, ""),
        ("join", [V::List(parts), V::Str(separator)]) => join(parts, separator),
        _ => return None,
    })
}

fn char_at(subject: &str, at: i64) -> R {
    let at = usize::try_from(at).map_err(|_| RANGE)?;
    if at == subject.chars().count() {
        return Ok(text(""));
    }
    subject.chars().nth(at).map(|char| text(&char.to_string())).ok_or(RANGE)
}

fn find(subject: &str, needle: &str, from: Option<i64>, last: bool) -> R {
    let subject: Vec<char> = subject.chars().collect();
    let needle: Vec<char> = needle.chars().collect();
    let from = match from {
        Some(from) => usize::try_from(from).map_err(|_| RANGE)?,
        None => subject.len(),
    };
    if from > subject.len() {
        return Err(RANGE);
    }
    let fits = |at: &usize| subject[*at..].starts_with(&needle);
    let found = if last { (0..=from).rev().find(fits) } else { (from..=subject.len()).find(fits) };
    Ok(V::Int(found.map_or(-1, |at| i64::try_from(at).unwrap_or(i64::MAX))))
}

fn split(subject: &str, separator: &str, n: i64) -> V {
    let pieces: Vec<&str> = if separator.is_empty() {
        subject.char_indices().map(|(at, char)| &subject[at..at + char.len_utf8()]).collect()
    } else {
        subject.split(separator).collect()
    };
    let Ok(n) = usize::try_from(n) else {
        return list(pieces.into_iter().map(text).collect());
    };
    if n == 0 {
        return list(Vec::new());
    }
    if pieces.len() <= n {
        return list(pieces.into_iter().map(text).collect());
    }
    let (head, tail) = pieces.split_at(n - 1);
    let mut out: Vec<V> = head.iter().map(|piece| text(piece)).collect();
    out.push(text(&tail.join(separator)));
    list(out)
}

fn substring(subject: &str, start: i64, end: i64) -> R {
    let chars: Vec<char> = subject.chars().collect();
    let start = usize::try_from(start).map_err(|_| RANGE)?;
    let end = usize::try_from(end).map_err(|_| RANGE)?;
    let part = chars.get(start..end).ok_or(RANGE)?;
    Ok(text(&part.iter().collect::<String>()))
}

fn join(parts: &[V], separator: &str) -> R {
    let mut shown = Vec::new();
    for part in parts {
        match part {
            V::Str(part) => shown.push(part.to_string()),
            _ => return Err(EvalError::NoSuchOverload),
        }
    }
    Ok(text(&shown.join(separator)))
}

fn quote(subject: &str) -> String {
    let mut out = String::from("\"");
    for char in subject.chars() {
        match char {
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
