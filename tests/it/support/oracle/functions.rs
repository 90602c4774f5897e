//! Functions of the reference evaluator: strict ones, which get the values of their arguments.
//!
//! In:      the function's full name, whether it was called as a method, and the arguments with
//!          the receiver first.
//! Out:     the value, or the class of the failure.

use std::rc::Rc;

use policyc::lang::error::EvalError;

use super::value::{R, V, list, text};
use super::{collections, detect, formats, math, network, operators, strings, time};

const NONE: EvalError = EvalError::NoSuchOverload;

/// Calls the function `name`.
pub(crate) fn call(name: &str, member: bool, args: &[V]) -> R {
    if let Some(result) = network::call(name, member, args) {
        return result;
    }
    if let ([only], false) = (args, member)
        && let Some(result) = operators::convert(name, only)
    {
        return result;
    }
    let found = common(name, args)
        .or_else(|| if member { time_method(name, args) } else { time_global(name, args) })
        .or_else(|| optional(name, args))
        .or_else(|| strings::call(name, member, args))
        .or_else(|| collections::call(name, member, args))
        .or_else(|| formats::call(name, args))
        .or_else(|| if member { None } else { math::call(name, args) })
        .or_else(|| if member { None } else { regular(name, args) })
        .or_else(|| ours(name, args));
    found.unwrap_or(Err(NONE))
}

fn length(len: usize) -> R {
    i64::try_from(len).map(V::Int).map_err(|_| EvalError::Overflow)
}

fn common(name: &str, args: &[V]) -> Option<R> {
    Some(match (name, args) {
        ("size", [V::Str(text)]) => length(text.chars().count()),
        ("size", [V::Bytes(bytes)]) => length(bytes.len()),
        ("size", [V::List(elements)]) => length(elements.len()),
        ("size", [V::Map(entries)]) => length(entries.len()),
        ("contains", [V::Str(a), V::Str(b)]) => Ok(V::Bool(a.contains(&**b))),
        ("startsWith", [V::Str(a), V::Str(b)]) => Ok(V::Bool(a.starts_with(&**b))),
        ("endsWith", [V::Str(a), V::Str(b)]) => Ok(V::Bool(a.ends_with(&**b))),
        ("matches", [V::Str(a), V::Str(pattern)]) => matches(a, pattern),
        _ => return None,
    })
}

fn matches(subject: &str, pattern: &str) -> R {
    let pattern = ascii_classes(pattern).map_err(|()| EvalError::Pattern)?;
    let regex = regex::Regex::new(&pattern).map_err(|_| EvalError::Pattern)?;
    Ok(V::Bool(regex.is_match(subject)))
}

fn regular(name: &str, args: &[V]) -> Option<R> {
    let [V::Str(subject), V::Str(pattern), rest @ ..] = args else { return None };
    let regex = match ascii_classes(pattern).map(|pattern| regex::Regex::new(&pattern)) {
        Ok(Ok(regex)) => regex,
        _ => return name.starts_with("regex.").then_some(Err(EvalError::Pattern)),
    };
    let wanted = usize::from(regex.captures_len() > 1);
    let all = || {
        let found =
            regex.captures_iter(subject).filter_map(|found| Some(found.get(wanted)?.as_str()));
        found.filter(|part| wanted == 0 || !part.is_empty()).map(text)
    };
    Some(match (name, rest) {
        ("regex.extract" | "regex.extractAll", []) if regex.captures_len() > 2 => {
            Err(EvalError::InvalidArgument)
        }
        ("regex.extractAll", []) => Ok(list(all().collect())),
        ("regex.extract", []) => {
            let first = regex.captures(subject).and_then(|found| found.get(wanted));
            let first = first.filter(|part| wanted == 0 || !part.is_empty());
            Ok(V::Opt(first.map(|part| Rc::new(text(part.as_str())))))
        }
        ("regex.replace", [V::Str(with)]) => replaced(&regex, subject, with, -1),
        ("regex.replace", [V::Str(with), V::Int(most)]) => replaced(&regex, subject, with, *most),
        _ => return None,
    })
}

fn replaced(regex: &regex::Regex, subject: &str, with: &str, most: i64) -> R {
    let mut out = String::new();
    let mut end = 0;
    // The replacement is read even if nothing matches.
    filled(with, regex.captures_len(), |_| "")?;
    for found in regex.captures_iter(subject).take(usize::try_from(most).unwrap_or(usize::MAX)) {
        let whole = found.get(0).unwrap();
        out.push_str(&subject[end..whole.start()]);
        let group = |at: usize| found.get(at).map_or("", |part| part.as_str());
        out.push_str(&filled(with, regex.captures_len(), group)?);
        end = whole.end();
    }
    Ok(text(&(out + &subject[end..])))
}

fn filled<'t>(with: &str, groups: usize, group: impl Fn(usize) -> &'t str) -> R<String> {
    let mut out = String::new();
    let mut chars = with.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            out.push(char);
            continue;
        }
        match chars.next() {
            Some('\\') => out.push('\\'),
            Some(digit) => match digit.to_digit(10) {
                Some(at) if (at as usize) < groups => out.push_str(group(at as usize)),
                _ => return Err(EvalError::InvalidArgument),
            },
            None => return Err(EvalError::InvalidArgument),
        }
    }
    Ok(out)
}

/// RE2's Perl classes and word edges are ASCII, whereas `.` is any code point; `[` in a class and
/// `{` that begins no count stand for themselves.
pub(super) fn ascii_classes(pattern: &str) -> Result<String, ()> {
    let mut out = String::new();
    let mut chars = pattern.chars();
    let mut within = false;
    while let Some(char) = chars.next() {
        let rest = chars.as_str();
        match char {
            '[' if within && !rest.starts_with(':') => out.push_str(r"\["),
            '[' if within => {
                let (name, after) = rest.split_once(":]").ok_or(())?;
                out.push_str(&format!("[{name}:]"));
                chars = after.chars();
            }
            '[' => {
                within = true;
                let negated = rest.strip_prefix('^');
                out.push_str(if negated.is_some() { "[^" } else { "[" });
                let mut after = negated.unwrap_or(rest);
                // A bracket that would end a class of nothing is one of it.
                if let Some(next) = after.strip_prefix(']') {
                    out.push_str(r"\]");
                    after = next;
                }
                chars = after.chars();
            }
            ']' if within => {
                within = false;
                out.push(']');
            }
            '{' if !within && !begins_count(rest) => out.push_str(r"\{"),
            '\\' => escape(&mut chars, within, &mut out)?,
            _ => out.push(char),
        }
    }
    Ok(out)
}

/// Whether what follows a brace makes it a count: `{2}`, `{2,}`, `{2,3}`.
fn begins_count(rest: &str) -> bool {
    let Some((count, _)) = rest.split_once('}') else { return false };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (least, most) = count.split_once(',').unwrap_or((count, ""));
    !least.is_empty() && digits(least) && digits(most)
}

/// What follows a backslash.
fn escape(chars: &mut std::str::Chars<'_>, within: bool, out: &mut String) -> Result<(), ()> {
    match chars.next() {
        Some('d') => out.push_str(if within { "0-9" } else { "[0-9]" }),
        Some('D') => out.push_str("[^0-9]"),
        Some('w') => out.push_str(if within { "0-9A-Za-z_" } else { "[0-9A-Za-z_]" }),
        Some('W') => out.push_str("[^0-9A-Za-z_]"),
        Some('s') => out.push_str(if within { r"\t\n\f\r\x20" } else { r"[\t\n\f\r\x20]" }),
        Some('S') => out.push_str(r"[^\t\n\f\r\x20]"),
        Some('b') => out.push_str(r"(?-u:\b)"),
        Some('B') => out.push_str(r"(?-u:\B)"),
        Some('Q') => {
            let rest = chars.as_str();
            let (quoted, after) = rest.split_once(r"\E").unwrap_or((rest, ""));
            out.push_str(&regex::escape(quoted));
            *chars = after.chars();
        }
        Some('C' | 'Z') | None => return Err(()),
        Some(other) => {
            out.push('\\');
            out.push(other);
        }
    }
    Ok(())
}

fn time_method(name: &str, args: &[V]) -> Option<R> {
    match args {
        [V::Timestamp(nanos)] => Some(time::part(name, *nanos, None)?.map(V::Int)),
        [V::Timestamp(nanos), V::Str(zone)] => {
            Some(time::part(name, *nanos, Some(zone))?.map(V::Int))
        }
        [V::Duration(nanos)] => Some(Ok(V::Int(match name {
            "getHours" => nanos / 3_600_000_000_000,
            "getMinutes" => nanos / 60_000_000_000,
            "getSeconds" => nanos / 1_000_000_000,
            "getMilliseconds" => nanos % 1_000_000_000 / 1_000_000,
            _ => return None,
        }))),
        _ => None,
    }
}

/// Our short forms: `hour(now())` is `now().getHours()`.
fn time_global(name: &str, args: &[V]) -> Option<R> {
    let long = match name {
        "year" => "getFullYear",
        "month" => "getMonth",
        "date" => "getDate",
        "dayOfMonth" => "getDayOfMonth",
        "dayOfWeek" => "getDayOfWeek",
        "dayOfYear" => "getDayOfYear",
        "hour" => "getHours",
        "minute" => "getMinutes",
        "second" => "getSeconds",
        "millisecond" => "getMilliseconds",
        _ => return None,
    };
    time_method(long, args)
}

fn optional(name: &str, args: &[V]) -> Option<R> {
    let some = |value: &V| V::Opt(Some(Rc::new(value.clone())));
    Some(match (name, args) {
        ("optional.none", []) => Ok(V::Opt(None)),
        ("optional.of", [value]) => Ok(some(value)),
        ("optional.ofNonZeroValue", [value]) => {
            Ok(if is_zero(value) { V::Opt(None) } else { some(value) })
        }
        ("hasValue", [V::Opt(value)]) => Ok(V::Bool(value.is_some())),
        ("value", [V::Opt(value)]) => {
            value.as_ref().map(|value| (**value).clone()).ok_or(EvalError::NoValue)
        }
        ("optional.unwrap" | "unwrapOpt", [V::List(elements)]) => {
            let mut kept = Vec::new();
            for element in elements.iter() {
                match element {
                    V::Opt(None) => {}
                    V::Opt(Some(value)) => kept.push((**value).clone()),
                    _ => return Some(Err(NONE)),
                }
            }
            Ok(list(kept))
        }
        ("first", [V::List(elements)]) => Ok(elements.first().map_or(V::Opt(None), some)),
        ("last", [V::List(elements)]) => Ok(elements.last().map_or(V::Opt(None), some)),
        _ => return None,
    })
}

fn is_zero(value: &V) -> bool {
    match value {
        V::Null | V::Bool(false) | V::Int(0) | V::Uint(0) | V::Duration(0) => true,
        V::Double(n) => *n == 0.0,
        V::Timestamp(nanos) => *nanos == time::FIRST,
        V::Str(text) => text.is_empty(),
        V::Bytes(bytes) => bytes.is_empty(),
        V::List(elements) => elements.is_empty(),
        V::Map(entries) => entries.is_empty(),
        V::Message(message) => message.is_default(),
        V::Enum(_, number) => *number == 0,
        _ => false,
    }
}

fn ours(name: &str, args: &[V]) -> Option<R> {
    if let [V::Str(searched)] = args
        && let Some((kind, has, _)) =
            detect::KINDS.iter().find(|(_, a, b)| [*a, *b].contains(&name))
    {
        let found = detect::found(kind, searched);
        let parts = found.iter().map(|range| text(&searched[range.clone()]));
        return Some(Ok(if name == *has {
            V::Bool(!found.is_empty())
        } else {
            list(parts.collect())
        }));
    }
    Some(match (name, args) {
        ("path.within", [V::Str(path), V::Str(root)]) => Ok(V::Bool(within(path, root))),
        ("url", [V::Str(address)]) => {
            if url_parts(address).is_some() {
                Ok(V::Url(Rc::clone(address)))
            } else {
                Err(EvalError::BadConversion)
            }
        }
        ("isURL", [V::Str(address)]) => Ok(V::Bool(url_parts(address).is_some())),
        (_, [V::Url(address)]) => {
            let parts = url_parts(address)?;
            Ok(text(match name {
                "getScheme" => parts.scheme,
                "getHost" => parts.host,
                "getHostname" => parts.hostname,
                "getPort" => parts.port,
                "getEscapedPath" | "getPath" => parts.path,
                _ => return None,
            }))
        }
        _ => return None,
    })
}

/// Lexical: `.` and `..` resolved, no file system; a relative path is inside no absolute root.
fn within(path: &str, root: &str) -> bool {
    let absolute = path.starts_with('/');
    let resolve = |path: &str| {
        let mut parts: Vec<String> = Vec::new();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.last().is_some_and(|last| last != "..") => {
                    parts.pop();
                }
                ".." if absolute => {}
                other => parts.push(other.to_owned()),
            }
        }
        parts
    };
    let odd = |path: &str| path.is_empty() || path.contains('\0');
    if odd(path) || odd(root) || absolute != root.starts_with('/') {
        return false;
    }
    let (path, root) = (resolve(path), resolve(root));
    if root.iter().all(|part| part == "..") {
        let climbs = path.iter().take_while(|part| *part == "..").count();
        return climbs <= root.len();
    }
    path.starts_with(&root)
}

struct UrlParts<'a> {
    scheme: &'a str,
    host: &'a str,
    hostname: &'a str,
    port: &'a str,
    path: &'a str,
}

fn url_parts(address: &str) -> Option<UrlParts<'_>> {
    if address.chars().any(|char| char.is_control() || char == ' ') {
        return None;
    }
    let (scheme, rest) = match address.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        None if address.starts_with('/') => ("", address),
        None => return None,
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (hostname, port) = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (name, port),
        Some(_) if !host.starts_with('[') => return None,
        _ => (host, ""),
    };
    let hostname = hostname.trim_start_matches('[').trim_end_matches(']');
    let path = &tail[..tail.find(['?', '#']).unwrap_or(tail.len())];
    Some(UrlParts { scheme, host, hostname, port, path })
}
