//! Values as cel-java writes them: bindings, and what comes out.
//!
//! In:      text, the declared types, the messages of the suite.
//! Out:     values of the reference; the words of one.

use std::rc::Rc;

use prost_reflect::{DescriptorPool, DynamicMessage};

use super::java::parts;
use crate::oracle::message::Types;
use crate::oracle::value::{V, list, map, text};
use crate::suite::{Declaration, Type};

/// What `written` binds, as in `{y=6} +> {x=-5}`; `None` where it binds what no text says.
pub(super) fn bindings(
    written: &str,
    declarations: &[Declaration],
    pool: &DescriptorPool,
) -> Option<Vec<(String, V)>> {
    let mut bound = Vec::new();
    for layer in written.trim().split(" +> ") {
        for part in parts(layer.strip_prefix('{')?.strip_suffix('}')?) {
            let (name, value) = part.split_once('=')?;
            let ty = declarations.iter().find_map(|it| match it {
                Declaration::Variable(known, ty) if known == name => Some(ty),
                _ => None,
            });
            bound.push((name.to_owned(), value_of(value, ty?, pool)?));
        }
    }
    bound.sort_by(|(a, _), (b, _)| a.cmp(b));
    Some(bound)
}

fn value_of(written: &str, ty: &Type, pool: &DescriptorPool) -> Option<V> {
    let inner = |open, close| Some(parts(written.strip_prefix(open)?.strip_suffix(close)?));
    match ty {
        Type::Wrapper(name) if written != "NULL_VALUE" => {
            value_of(written, &Type::Named(name.clone(), Vec::new()), pool)
        }
        Type::Wrapper(_) => Some(V::Null),
        Type::Param(_) => None,
        Type::Message(name) => {
            let descriptor = pool.get_message_by_name(name)?;
            let message = DynamicMessage::parse_text_format(descriptor, written).ok()?;
            Types { pool: pool.clone(), strong: false }.value(&message).ok()
        }
        Type::Named(name, of) => match (name.as_str(), of.as_slice()) {
            ("list", [of]) => {
                let elements = inner('[', ']')?.into_iter().map(|it| value_of(it, of, pool));
                Some(list(elements.collect::<Option<Vec<_>>>()?))
            }
            ("map", [key, value]) => {
                let entries = inner('{', '}')?.into_iter().map(|it| {
                    let (k, v) = it.split_once('=')?;
                    Some((value_of(k, key, pool)?, value_of(v, value, pool)?))
                });
                map(entries.collect::<Option<Vec<_>>>()?).ok()
            }
            ("dyn", _) => dynamic(written, pool),
            (name, _) => plain(written, name),
        },
    }
}

/// A value of a type without parts.
fn plain(written: &str, ty: &str) -> Option<V> {
    Some(match ty {
        "null_type" => V::Null,
        "bool" => V::Bool(written.parse().ok()?),
        "int" => V::Int(written.parse().ok()?),
        "uint" => V::Uint(written.parse().ok()?),
        "double" => V::Double(written.parse().ok()?),
        "string" => text(written),
        "bytes" => {
            let numbers = written.strip_prefix('[')?.strip_suffix(']')?;
            let bytes: Result<Vec<u8>, _> = parts(numbers).into_iter().map(str::parse).collect();
            V::Bytes(Rc::from(bytes.ok()?))
        }
        "google.protobuf.Timestamp" => V::Timestamp(instant(written)?),
        "google.protobuf.Duration" => V::Duration(span(written)?),
        _ => return None,
    })
}

/// A value of a type that is not known: a number, a bool, a list, or text.
fn dynamic(written: &str, pool: &DescriptorPool) -> Option<V> {
    let dynamic_type = || Type::Named("dyn".to_owned(), Vec::new());
    if written.starts_with('[') {
        let ty = Type::Named("list".to_owned(), vec![dynamic_type()]);
        return value_of(written, &ty, pool);
    }
    if written.starts_with('{') {
        let ty = Type::Named("map".to_owned(), vec![dynamic_type(), dynamic_type()]);
        return value_of(written, &ty, pool);
    }
    // A context without a type has no times.
    if instant(written).is_some() || span(written).is_some() {
        return None;
    }
    let kinds = ["int", "double", "bool", "string"];
    kinds.iter().find_map(|kind| plain(written, kind))
}

/// Nanoseconds since the epoch of `1970-01-01T00:01:40.5Z`.
fn instant(written: &str) -> Option<i128> {
    policyc::lang::value::time::parse(written).ok().map(|at| at.nanoseconds())
}

/// Nanoseconds of `PT10.5S`, `PT-1.5S` or `PT1H2M3S`.
fn span(written: &str) -> Option<i64> {
    let rest = written.strip_prefix("PT")?.to_ascii_lowercase();
    let negative = rest.contains('-');
    let mut sum = 0_i128;
    let mut number = String::new();
    for c in rest.chars().filter(|c| *c != '-') {
        let unit: i128 = match c {
            'h' => 3_600_000_000_000,
            'm' => 60_000_000_000,
            's' => 1_000_000_000,
            _ => {
                number.push(c);
                continue;
            }
        };
        let (whole, part) = number.split_once('.').unwrap_or((&number, ""));
        let part: i128 = format!("{part:0<9}").parse().ok()?;
        sum += whole.parse::<i128>().ok()? * unit + part * unit / 1_000_000_000;
        number.clear();
    }
    i64::try_from(if negative { -sum } else { sum }).ok()
}

/// A value in the words of cel-java; `None` for kinds that it writes as an object of its own.
pub(super) fn words(value: &V) -> Option<String> {
    let joined = |parts: Vec<Option<String>>| {
        Some(parts.into_iter().collect::<Option<Vec<_>>>()?.join(", "))
    };
    Some(match value {
        V::Null => "NULL_VALUE".to_owned(),
        V::Bool(it) => it.to_string(),
        V::Int(it) => it.to_string(),
        V::Uint(it) => it.to_string(),
        V::Double(it) => format!("{it:?}"),
        V::Str(it) => it.to_string(),
        V::Bytes(it) => String::from_utf8_lossy(it).into_owned(),
        V::Timestamp(_) => thousands(value.json(false).trim_matches('"')),
        V::Duration(nanoseconds) => spelled(*nanoseconds),
        V::List(it) => format!("[{}]", joined(it.iter().map(words).collect())?),
        V::Map(it) => {
            let entry = |(k, v): &(V, V)| Some(format!("{}={}", words(k)?, words(v)?));
            format!("{{{}}}", joined(it.iter().map(entry).collect())?)
        }
        V::Enum(_, number) => number.to_string(),
        _ => return None,
    })
}

/// A time with as many digits of its seconds as make whole thousands.
fn thousands(at: &str) -> String {
    let Some((whole, part)) = at.trim_end_matches('Z').split_once('.') else {
        return at.to_owned();
    };
    let digits = part.len().div_ceil(3) * 3;
    format!("{whole}.{part:0<digits$}Z")
}

/// A duration as `PT1H2M3.4S`.
fn spelled(nanoseconds: i64) -> String {
    let (seconds, rest) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let part = |number: i64, unit: &str| match number {
        0 => String::new(),
        _ => format!("{number}{unit}"),
    };
    let digits = format!(".{:09}", rest.abs()).trim_end_matches('0').to_owned();
    let sign = if rest < 0 && seconds == 0 { "-" } else { "" };
    let seconds = match (seconds, rest, hours, minutes) {
        (0, 0, 0, 0) => "0S".to_owned(),
        (0, 0, ..) => String::new(),
        (_, 0, ..) => format!("{seconds}S"),
        _ => format!("{sign}{seconds}{digits}S"),
    };
    format!("PT{}{}{seconds}", part(hours, "H"), part(minutes, "M"))
}
