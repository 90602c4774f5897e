//! Values of the reference evaluator: plain Rust, shared by counting references.
//!
//! In:      nothing of the product but the classes of failure.
//! Out:     `V`, its equality, its order and its text.
//! Source:  CEL language definition, "Equality", "Ordering", and the string conversions.

use std::cmp::Ordering;
use std::mem;
use std::net::IpAddr;
use std::rc::Rc;

use policyc::lang::constant::Constant;
use policyc::lang::decision::Effect;
use policyc::lang::error::EvalError;
use serde_json::Value as Json;

use super::kubernetes::{Amount, Release, amount_text, release_text};
use super::message::ProtoMessage;
use super::time;

/// A result of the evaluation: a value or the class of the failure.
pub(crate) type R<T = V> = Result<T, EvalError>;

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum V {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Str(Rc<str>),
    Bytes(Rc<[u8]>),
    /// Nanoseconds since the epoch.
    Timestamp(i128),
    /// Nanoseconds.
    Duration(i64),
    Type(Rc<str>),
    List(Rc<Vec<V>>),
    /// Sorted by key, keys unique.
    Map(Rc<Vec<(V, V)>>),
    Opt(Option<Rc<V>>),
    Url(Rc<str>),
    Ip(IpAddr),
    /// An address and the length of its prefix.
    Cidr(IpAddr, u8),
    Quantity(Amount),
    Semver(Release),
    Message(Rc<ProtoMessage>),
    /// The name of an enum that is a type, and a number.
    Enum(Rc<str>, i32),
    Decision(Rc<Spoken>),
    /// A part of the context that breaks its type and that nothing may read.
    Bad,
    /// A part of the context that is withheld: whoever reads it comes to nothing that is known.
    Withheld,
}

/// What `deny`, `allow` or `escalate` returned.
#[derive(Clone, Debug)]
pub(crate) struct Spoken {
    pub(crate) effect: Effect,
    pub(crate) reason: Option<Message>,
}

/// A message, and how making it failed.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) text: String,
    pub(crate) failure: Option<EvalError>,
}

impl Message {
    /// The parts in order; of one that failed the class is shown, and the first is kept.
    pub(crate) fn of(parts: impl Iterator<Item = Result<String, EvalError>>) -> Self {
        let (mut text, mut failure) = (String::new(), None);
        for part in parts {
            match part {
                Ok(part) => text.push_str(&part),
                Err(class) => {
                    text.push_str(&format!("{{{}}}", class.word()));
                    failure = failure.or(Some(class));
                }
            }
        }
        Self { text, failure }
    }

    /// What a `messageExpression` yields, as Kubernetes shows it.
    pub(crate) fn of_admission(value: R, otherwise: &str) -> Self {
        let failure = value.as_ref().err().copied();
        let text = match &value {
            Ok(V::Str(text)) => text.trim(),
            _ => "",
        };
        let is_shown = !text.is_empty() && text.len() <= 5 * 1024 && !text.contains('\n');
        Self { text: if is_shown { text } else { otherwise }.to_owned(), failure }
    }
}

/// A number on the one number line of CEL.
enum Number {
    Whole(i128),
    Float(f64),
}

pub(crate) fn text(text: &str) -> V {
    V::Str(Rc::from(text))
}

pub(crate) fn list(elements: Vec<V>) -> V {
    V::List(Rc::new(elements))
}

/// A map of these entries; a key given twice or of a type that cannot be one is refused.
pub(crate) fn map(mut entries: Vec<(V, V)>) -> R {
    if entries.iter().any(|(key, _)| key_rank(key).is_none()) {
        return Err(EvalError::InvalidKey);
    }
    entries.sort_by(|(a, _), (b, _)| key_order(a, b));
    if entries.windows(2).any(|pair| pair[0].0.equals(&pair[1].0)) {
        return Err(EvalError::DuplicateMapKey);
    }
    Ok(V::Map(Rc::new(entries)))
}

/// The rank of keys that are numbers.
const NUMBER: u8 = 1;

fn key_rank(key: &V) -> Option<u8> {
    match key {
        V::Bool(_) => Some(0),
        V::Int(_) | V::Uint(_) => Some(NUMBER),
        V::Str(_) => Some(2),
        _ => None,
    }
}

fn key_order(a: &V, b: &V) -> Ordering {
    key_rank(a)
        .cmp(&key_rank(b))
        .then_with(|| a.compare(b).ok().flatten().unwrap_or(Ordering::Equal))
}

impl V {
    /// Whether a bundle can hold it: values that only libraries make are computed when asked for.
    pub(crate) fn is_storable(&self) -> bool {
        match self {
            Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Uint(_)
            | Self::Double(_)
            | Self::Str(_)
            | Self::Bytes(_)
            | Self::Timestamp(_)
            | Self::Duration(_)
            | Self::Type(_)
            | Self::Enum(..) => true,
            Self::List(values) => values.iter().all(Self::is_storable),
            Self::Map(entries) => {
                entries.iter().all(|(key, value)| key.is_storable() && value.is_storable())
            }
            Self::Opt(held) => held.as_ref().is_none_or(|held| held.is_storable()),
            Self::Url(_)
            | Self::Ip(_)
            | Self::Cidr(..)
            | Self::Quantity(_)
            | Self::Semver(_)
            | Self::Message(_)
            | Self::Decision(_)
            | Self::Bad
            | Self::Withheld => false,
        }
    }

    /// The text of a string.
    pub(crate) fn as_text(&self) -> Option<String> {
        if let Self::Str(text) = self { Some(text.to_string()) } else { None }
    }

    fn number(&self) -> Option<Number> {
        match self {
            Self::Int(n) => Some(Number::Whole(i128::from(*n))),
            Self::Uint(n) => Some(Number::Whole(i128::from(*n))),
            Self::Double(n) => Some(Number::Float(*n)),
            _ => None,
        }
    }

    /// Equality across all types: never an error.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        if let (Some(a), Some(b)) = (self.number(), other.number()) {
            return order_numbers(&a, &b) == Some(Ordering::Equal);
        }
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Str(a), Self::Str(b))
            | (Self::Type(a), Self::Type(b))
            | (Self::Url(a), Self::Url(b)) => a == b,
            (Self::Ip(a), Self::Ip(b)) => a == b,
            (Self::Cidr(a, length), Self::Cidr(b, other)) => (a, length) == (b, other),
            (Self::Quantity(a), Self::Quantity(b)) => a == b,
            (Self::Semver(a), Self::Semver(b)) => a == b,
            (Self::Enum(a, n), Self::Enum(b, m)) => (a, n) == (b, m),
            (Self::Message(a), Self::Message(b)) => a.equals(b),
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Timestamp(a), Self::Timestamp(b)) => a == b,
            (Self::Duration(a), Self::Duration(b)) => a == b,
            (Self::List(a), Self::List(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.equals(b))
            }
            (Self::Map(a), Self::Map(b)) => {
                // Both are sorted by key, whatever kinds of numbers the keys are.
                a.len() == b.len()
                    && a.iter().zip(b.iter()).all(|((key, value), (other, with))| {
                        key.equals(other) && value.equals(with)
                    })
            }
            (Self::Opt(a), Self::Opt(b)) => match (a, b) {
                (None, None) => true,
                (Some(a), Some(b)) => a.equals(b),
                _ => false,
            },
            _ => false,
        }
    }

    /// Equality of what two fields hold: numbers of different kinds differ.
    pub(crate) fn equals_in_kind(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(a), Self::List(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.equals_in_kind(b))
            }
            (Self::Map(a), Self::Map(b)) => {
                a.len() == b.len()
                    && a.iter().zip(b.iter()).all(|((key, value), (other, with))| {
                        key.equals_in_kind(other) && value.equals_in_kind(with)
                    })
            }
            _ => mem::discriminant(self) == mem::discriminant(other) && self.equals(other),
        }
    }

    /// Order; `None` where a NaN takes part.
    pub(crate) fn compare(&self, other: &Self) -> R<Option<Ordering>> {
        if let (Some(a), Some(b)) = (self.number(), other.number()) {
            let same = is_rounded_limit(self, other) || is_rounded_limit(other, self);
            return Ok(if same { Some(Ordering::Equal) } else { order_numbers(&a, &b) });
        }
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => Ok(Some(a.cmp(b))),
            (Self::Str(a), Self::Str(b)) => Ok(Some(a.as_bytes().cmp(b.as_bytes()))),
            (Self::Bytes(a), Self::Bytes(b)) => Ok(Some(a.cmp(b))),
            (Self::Timestamp(a), Self::Timestamp(b)) => Ok(Some(a.cmp(b))),
            (Self::Duration(a), Self::Duration(b)) => Ok(Some(a.cmp(b))),
            _ => Err(EvalError::NoSuchOverload),
        }
    }

    /// Order on the number line; `None` where a NaN takes part, or what is no number.
    pub(crate) fn compare_exactly(&self, other: &Self) -> Option<Ordering> {
        order_numbers(&self.number()?, &other.number()?)
    }

    /// The value under `key` of a map; keys compare on one number line.
    pub(crate) fn entry(&self, key: &Self) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        let rank = key_rank(key).or(key.number().map(|_| NUMBER))?;
        let order = |found: &Self| {
            let exact = || found.compare_exactly(key).or_else(|| found.compare(key).ok()?);
            key_rank(found).cmp(&Some(rank)).then_with(|| exact().unwrap_or(Ordering::Less))
        };
        let at = entries.binary_search_by(|(found, _)| order(found)).ok()?;
        entries.get(at).map(|(_, value)| value)
    }

    pub(crate) fn truth(&self) -> R<bool> {
        match self {
            Self::Bool(value) => Ok(*value),
            _ => Err(EvalError::NoSuchOverload),
        }
    }

    /// The erased type, as `type()` names it.
    pub(crate) fn type_name(&self) -> Rc<str> {
        Rc::from(match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::Str(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Type(_) => "type",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Opt(_) => "optional_type",
            Self::Url(_) => "policyc.Url",
            Self::Ip(_) => "net.IP",
            Self::Cidr(..) => "net.CIDR",
            Self::Quantity(_) => "kubernetes.Quantity",
            Self::Semver(_) => "kubernetes.Semver",
            Self::Message(value) => return Rc::from(value.type_name()),
            Self::Enum(name, _) => return Rc::clone(name),
            Self::Decision(_) => "decision",
            Self::Bad => "bad",
            Self::Withheld => "withheld",
        })
    }

    /// As a message quotes it: text as it is, scalars as `string()` writes them, the rest as JSON.
    pub(crate) fn show(&self) -> String {
        match self {
            Self::Str(value) | Self::Type(value) => value.to_string(),
            Self::Quantity(value) => amount_text(value),
            Self::Semver(value) => release_text(value),
            _ => self.scalar_text().unwrap_or_else(|| self.json(false)),
        }
    }

    /// What `string()` makes of a scalar.
    pub(crate) fn scalar_text(&self) -> Option<String> {
        Some(match self {
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Uint(value) => value.to_string(),
            Self::Double(value) => double_text(*value),
            Self::Timestamp(nanos) => time::timestamp_text(*nanos),
            Self::Duration(nanos) => time::duration_text(*nanos),
            Self::Url(value) => value.to_string(),
            Self::Ip(address) => address.to_string(),
            Self::Cidr(address, length) => format!("{address}/{length}"),
            _ => return None,
        })
    }

    /// As JSON; with `kinds` so that kinds stay apart: what JSON does not have is an object with
    /// one key that begins with `$`.
    pub(crate) fn json(&self, kinds: bool) -> String {
        let quoted = |text: &str| Json::from(text).to_string();
        let tagged = |key: &str, content: String| {
            if kinds { format!("{{\"{key}\":{content}}}") } else { content }
        };
        match self {
            Self::Null | Self::Bad | Self::Withheld | Self::Decision(_) => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Uint(value) => tagged("$u", value.to_string()),
            Self::Double(value) if value.is_finite() => {
                let shown = double_text(*value);
                let whole = !shown.contains(['.', 'e']);
                if whole { format!("{shown}.0") } else { shown }
            }
            Self::Double(value) => tagged("$f", quoted(&double_text(*value))),
            Self::Str(value) | Self::Url(value) => quoted(value),
            Self::Ip(address) => tagged("$ip", quoted(&address.to_string())),
            Self::Cidr(address, length) => tagged("$cidr", quoted(&format!("{address}/{length}"))),
            Self::Quantity(value) => tagged("$quantity", quoted(&amount_text(value))),
            Self::Semver(value) => tagged("$semver", quoted(&release_text(value))),
            Self::Bytes(value) => tagged("$b", quoted(&base64(value))),
            Self::Timestamp(nanos) => tagged("$ts", quoted(&time::timestamp_text(*nanos))),
            Self::Duration(nanos) => tagged("$d", quoted(&time::duration_text(*nanos))),
            Self::Type(value) => tagged("$t", quoted(value)),
            Self::Enum(name, number) if kinds => {
                tagged("$enum", format!("[{},{number}]", quoted(name)))
            }
            Self::Enum(_, number) => number.to_string(),
            Self::Message(value) if kinds => value.canonical(),
            Self::Message(value) => value.plain_text().unwrap_or("null".to_owned()),
            Self::List(elements) => {
                let shown: Vec<String> = elements.iter().map(|value| value.json(kinds)).collect();
                format!("[{}]", shown.join(","))
            }
            Self::Map(entries) if kinds && entries.iter().any(|(key, _)| !key.is_text()) => {
                let pair = |(key, value): &(Self, Self)| {
                    format!("[{},{}]", key.json(true), value.json(true))
                };
                let shown: Vec<String> = entries.iter().map(pair).collect();
                tagged("$m", format!("[{}]", shown.join(",")))
            }
            Self::Map(entries) => {
                let entry = |(key, value): &(Self, Self)| {
                    let name = key.show();
                    let escape = if kinds && name.starts_with('$') { "$" } else { "" };
                    format!("{}:{}", quoted(&format!("{escape}{name}")), value.json(kinds))
                };
                let shown: Vec<String> = entries.iter().map(entry).collect();
                format!("{{{}}}", shown.join(","))
            }
            Self::Opt(value) if kinds => {
                let inner = value.as_ref().map_or(String::new(), |value| value.json(true));
                tagged("$o", format!("[{inner}]"))
            }
            Self::Opt(value) => value.as_ref().map_or("null".to_owned(), |value| value.json(false)),
        }
    }

    fn is_text(&self) -> bool {
        matches!(self, Self::Str(_))
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let mut group = [0_u8; 3];
        group[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at)) as usize & 63];
            out.push(if at > chunk.len() { '=' } else { char::from(digit) });
        }
    }
    out
}

/// The bytes that base64 of either alphabet spells; the padding may be missing.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.replace('-', "+").replace('_', "/");
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    if padding > 0 && (text.len() % 4 != 0 || padding > 2) || digits.len() % 4 == 1 {
        return None;
    }
    let mut out = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for digit in digits.bytes() {
        let value = DIGITS.iter().position(|it| *it == digit)?;
        bits = (bits << 6 | u32::try_from(value).ok()?) & 0xFFFF;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    (bits & ((1 << count) - 1) == 0).then_some(out)
}

/// The suite of CEL orders the largest integers and the double next to them as one.
fn is_rounded_limit(integer: &V, double: &V) -> bool {
    match (integer, double) {
        (V::Int(i64::MAX), V::Double(n)) => *n == 2_f64.powi(63),
        (V::Uint(u64::MAX), V::Double(n)) => *n == 2_f64.powi(64),
        _ => false,
    }
}

fn order_numbers(a: &Number, b: &Number) -> Option<Ordering> {
    match (a, b) {
        (Number::Whole(a), Number::Whole(b)) => Some(a.cmp(b)),
        (Number::Float(a), Number::Float(b)) => a.partial_cmp(b),
        (Number::Whole(a), Number::Float(b)) => order_mixed(*a, *b),
        (Number::Float(a), Number::Whole(b)) => order_mixed(*b, *a).map(Ordering::reverse),
    }
}

/// Exact: the whole number is never rounded to a double.
#[expect(clippy::cast_possible_truncation, reason = "the double is whole and in range")]
fn order_mixed(whole: i128, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    let bound = 2_f64.powi(70);
    if float >= bound {
        return Some(Ordering::Less);
    }
    if float <= -bound {
        return Some(Ordering::Greater);
    }
    let floor = float.floor();
    let order = whole.cmp(&(floor as i128));
    Some(if order == Ordering::Equal && float > floor { Ordering::Less } else { order })
}

/// The shortest digits that read back as the same double; an exponent from 1e21 on and below
/// 1e-4.
pub(crate) fn double_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e21).contains(&size) {
        let shown = format!("{value:e}");
        let (digits, exponent) = shown.split_once('e').unwrap_or((&shown, "0"));
        let (sign, exponent) =
            exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    format!("{value}")
}

/// A constant of the checker as a value.
pub(crate) fn constant(value: &Constant) -> V {
    match value {
        Constant::Null => V::Null,
        Constant::Bool(value) => V::Bool(*value),
        Constant::Int(value) => V::Int(*value),
        Constant::Uint(value) => V::Uint(*value),
        Constant::Double(value) => V::Double(*value),
        Constant::String(value) => text(value),
        Constant::Bytes(value) => V::Bytes(Rc::from(value.as_slice())),
        Constant::Timestamp(seconds, nanos) => {
            V::Timestamp(i128::from(*seconds) * time::SECOND + i128::from(*nanos))
        }
        Constant::Duration(nanos) => V::Duration(*nanos),
        Constant::Type(name) => V::Type(Rc::from(name.as_str())),
        Constant::List(elements) => list(elements.iter().map(constant).collect()),
        Constant::Map(entries) => V::Map(Rc::new(
            entries.iter().map(|(key, value)| (constant(key), constant(value))).collect(),
        )),
        Constant::Enum(name, number) => V::Enum(Rc::from(name.as_str()), *number),
        Constant::Optional(value) => V::Opt(value.as_ref().map(|value| Rc::new(constant(value)))),
    }
}
