//! Constants: values that own what they hold. The compiler folds to them, bundles store them,
//! and tools and tests print them.
//!
//! Imports: `base`.

use std::fmt::{self, Write};

use crate::base::invisible::{escape_of, invisible};
use crate::base::limits::{VALUE_DEPTH_MAX, VALUE_STEPS_MAX};
use crate::base::name::Name;
use crate::lang::error::EvalError;
use crate::lang::value::duration::Seconds;
use crate::lang::value::heap::{Heap, View, type_value};
use crate::lang::value::message::type_of;
use crate::lang::value::text::{DoubleForm, write_double};
use crate::lang::value::time::Instant;
use crate::lang::value::{Space, Tag, Value, map};

/// A value that is known without a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// `null`
    Null,
    /// A bool.
    Bool(bool),
    /// An int.
    Int(i64),
    /// A uint.
    Uint(u64),
    /// A double.
    Double(f64),
    /// A string.
    String(Name),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Seconds since the epoch and nanoseconds of the second.
    Timestamp(i64, u32),
    /// Nanoseconds.
    Duration(i64),
    /// A type, by its name.
    Type(Name),
    /// A list.
    List(Vec<Constant>),
    /// A map, sorted by key (bool, then numbers, then string, each by value), keys unique.
    Map(Vec<(Constant, Constant)>),
    /// An optional.
    Optional(Option<Box<Constant>>),
    /// A value of an enum that is a type of its own: the full name of the enum, and the number.
    Enum(Name, i32),
}

impl Constant {
    /// The constant that equals `value`, kind by kind.
    ///
    /// # Errors
    /// `Budget` if the value is nested too deeply or too large; `NoSuchKey` for a slot that is
    /// not filled, and the failure itself for a value that is one.
    pub fn from_value(view: &View<'_>, value: &Value) -> Result<Self, EvalError> {
        Reader { view, depth: 0, steps: 0 }.read(value)
    }

    /// The constant as a value in the store.
    ///
    /// # Errors
    /// `Budget` if the store is full or the constant is nested too deeply, `DuplicateMapKey` if a
    /// map has a key twice, `InvalidKey` if it has one that cannot be one, `NoSuchOverload` for a
    /// value of an enum that the heap does not know.
    pub fn to_value(&self, heap: &mut Heap<'_>) -> Result<Value, EvalError> {
        let height = heap.store.height();
        self.build(heap, 0).inspect_err(|_| heap.store.drop_stack(height))
    }

    fn build(&self, heap: &mut Heap<'_>, depth: u32) -> Result<Value, EvalError> {
        if depth > VALUE_DEPTH_MAX {
            return Err(EvalError::Budget);
        }
        match self {
            Self::Null => Ok(Value::NULL),
            Self::Bool(value) => Ok(Value::bool(*value)),
            Self::Int(value) => Ok(Value::int(*value)),
            Self::Uint(value) => Ok(Value::uint(*value)),
            Self::Double(value) => Ok(Value::double(*value)),
            Self::String(text) => heap.new_string(text),
            Self::Bytes(bytes) => heap.new_text(Tag::Bytes, bytes),
            Self::Timestamp(seconds, nanoseconds) => Ok(Value::timestamp(*seconds, *nanoseconds)),
            Self::Duration(nanoseconds) => Ok(Value::duration(*nanoseconds)),
            Self::Type(name) => {
                type_value(name).map_or_else(|| heap.new_text(Tag::Type, name.as_bytes()), Ok)
            }
            Self::Enum(name, number) => {
                let kind = heap.descriptors.enum_named(heap.program_text, name.as_bytes());
                let kind = kind.ok_or(EvalError::NoSuchOverload)?;
                Ok(Value::enumeration(kind, *number))
            }
            Self::Optional(None) => Ok(Value::optional(Space::Arena, None)),
            Self::Optional(Some(value)) => {
                let value = value.build(heap, depth + 1)?;
                heap.new_optional(value)
            }
            Self::List(elements) => build_list(elements, heap, depth + 1),
            Self::Map(entries) => build_map(entries, heap, depth + 1),
        }
    }

    /// Bytes that are equal for constants that are equal kind by kind and bit by bit, and for no
    /// others: what merging of constants compares.
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        let mut key = Vec::new();
        self.write_key(&mut key);
        key
    }

    fn write_key(&self, key: &mut Vec<u8>) {
        key.push(self.tag() as u8);
        let text = |key: &mut Vec<u8>, bytes: &[u8]| {
            key.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            key.extend_from_slice(bytes);
        };
        match self {
            Self::Null => {}
            Self::Bool(value) => key.push(u8::from(*value)),
            Self::Int(value) | Self::Duration(value) => key.extend_from_slice(&value.to_le_bytes()),
            Self::Uint(value) => key.extend_from_slice(&value.to_le_bytes()),
            Self::Double(value) => key.extend_from_slice(&double_bits(*value).to_le_bytes()),
            Self::String(name) | Self::Type(name) => text(key, name.as_bytes()),
            Self::Enum(name, number) => {
                text(key, name.as_bytes());
                key.extend_from_slice(&number.to_le_bytes());
            }
            Self::Bytes(bytes) => text(key, bytes),
            Self::Timestamp(seconds, nanoseconds) => {
                key.extend_from_slice(&seconds.to_le_bytes());
                key.extend_from_slice(&nanoseconds.to_le_bytes());
            }
            Self::List(elements) => {
                key.extend_from_slice(&(elements.len() as u64).to_le_bytes());
                for element in elements {
                    element.write_key(key);
                }
            }
            Self::Map(entries) => {
                key.extend_from_slice(&(entries.len() as u64).to_le_bytes());
                for (entry, value) in entries {
                    entry.write_key(key);
                    value.write_key(key);
                }
            }
            Self::Optional(value) => {
                key.push(u8::from(value.is_some()));
                if let Some(value) = value {
                    value.write_key(key);
                }
            }
        }
    }

    /// The kind that it has as a value.
    #[must_use]
    pub const fn tag(&self) -> Tag {
        match self {
            Self::Null => Tag::Null,
            Self::Bool(_) => Tag::Bool,
            Self::Int(_) => Tag::Int,
            Self::Uint(_) => Tag::Uint,
            Self::Double(_) => Tag::Double,
            Self::String(_) => Tag::String,
            Self::Bytes(_) => Tag::Bytes,
            Self::Timestamp(..) => Tag::Timestamp,
            Self::Duration(_) => Tag::Duration,
            Self::Type(_) => Tag::Type,
            Self::List(_) => Tag::List,
            Self::Map(_) => Tag::Map,
            Self::Optional(_) => Tag::Optional,
            Self::Enum(..) => Tag::Enum,
        }
    }
}

/// The bits of a double; all that are no number have the same, whatever made them.
#[must_use]
pub const fn double_bits(value: f64) -> u64 {
    const NAN_BITS: u64 = 0x7FF8_0000_0000_0000;
    if value.is_nan() { NAN_BITS } else { value.to_bits() }
}

fn build_list(elements: &[Constant], heap: &mut Heap<'_>, depth: u32) -> Result<Value, EvalError> {
    let height = heap.store.height();
    for element in elements {
        let value = element.build(heap, depth)?;
        heap.store.push_stack(value)?;
    }
    let off = heap.store.finish(height)?;
    let len = u32::try_from(elements.len()).map_err(|_| EvalError::Budget)?;
    Ok(Value::list(Space::Arena, off, len, 1))
}

fn build_map(
    entries: &[(Constant, Constant)],
    heap: &mut Heap<'_>,
    depth: u32,
) -> Result<Value, EvalError> {
    let height = heap.store.height();
    for (key, value) in entries {
        let key = key.build(heap, depth)?;
        heap.store.push_stack(key)?;
        let value = value.build(heap, depth)?;
        heap.store.push_stack(value)?;
    }
    map::finish(heap, height)
}

struct Reader<'v> {
    view: &'v View<'v>,
    depth: u32,
    steps: u32,
}

impl Reader<'_> {
    fn read(&mut self, value: &Value) -> Result<Constant, EvalError> {
        self.steps += 1;
        if self.depth > VALUE_DEPTH_MAX || self.steps > VALUE_STEPS_MAX {
            return Err(EvalError::Budget);
        }
        Ok(match value.tag() {
            Tag::Absent => return Err(EvalError::NoSuchKey),
            Tag::Error => {
                let class = u8::try_from(value.bits()).ok().and_then(EvalError::from_number);
                return Err(class.unwrap_or(EvalError::Input));
            }
            Tag::Null => Constant::Null,
            Tag::Bool => Constant::Bool(value.bits() != 0),
            Tag::Int => Constant::Int(value.signed()),
            Tag::Uint => Constant::Uint(value.bits()),
            Tag::Double => Constant::Double(value.float()),
            Tag::String => Constant::String(Name::new(self.view.str(value))),
            Tag::Bytes => Constant::Bytes(self.view.bytes(value).to_vec()),
            Tag::Timestamp => Constant::Timestamp(value.signed(), value.off()),
            Tag::Duration => Constant::Duration(value.signed()),
            Tag::Type => Constant::Type(Name::new(self.view.str(value))),
            // A program makes them when it runs: no constant holds one.
            Tag::Ip | Tag::Cidr | Tag::Quantity | Tag::Semver | Tag::Message | Tag::Unknown => {
                return Err(EvalError::NoSuchOverload);
            }
            Tag::Enum => {
                let ty = type_of(self.view, value).ok_or(EvalError::NoSuchOverload)?;
                Constant::Enum(Name::new(self.view.str(&ty)), value.number())
            }
            Tag::List => Constant::List(self.read_all(value)?),
            Tag::Optional => Constant::Optional(self.read_all(value)?.pop().map(Box::new)),
            Tag::Map => {
                let mut flat = self.read_all(value)?.into_iter();
                let pair = || Some((flat.next()?, flat.next()?));
                Constant::Map(std::iter::from_fn(pair).collect())
            }
        })
    }

    fn read_all(&mut self, value: &Value) -> Result<Vec<Constant>, EvalError> {
        self.depth += 1;
        let elements = self.view.elements(value);
        let read = elements.iter().map(|element| self.read(element)).collect();
        self.depth -= 1;
        read
    }
}

/// Prints as CEL: what it prints has the value of the constant.
impl fmt::Display for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Uint(value) => write!(f, "{value}u"),
            Self::Double(value) if value.is_finite() => {
                write_double(f, *value, DoubleForm::Literal)
            }
            Self::Double(value) => {
                f.write_str("double(\"")?;
                write_double(f, *value, DoubleForm::Literal)?;
                f.write_str("\")")
            }
            Self::String(text) => write_quoted(f, text),
            Self::Bytes(bytes) => write_bytes(f, bytes),
            Self::Timestamp(seconds, nanoseconds) => {
                let at = Instant { seconds: *seconds, nanoseconds: *nanoseconds };
                write!(f, "timestamp(\"{at}\")")
            }
            Self::Duration(nanoseconds) => write!(f, "duration(\"{}\")", Seconds(*nanoseconds)),
            Self::Type(name) => write!(f, "{name}"),
            Self::Enum(name, number) => write!(f, "{name}({number})"),
            Self::List(elements) => {
                f.write_str("[")?;
                for (at, element) in elements.iter().enumerate() {
                    f.write_str(if at == 0 { "" } else { ", " })?;
                    write!(f, "{element}")?;
                }
                f.write_str("]")
            }
            Self::Map(entries) => {
                f.write_str("{")?;
                for (at, (key, value)) in entries.iter().enumerate() {
                    f.write_str(if at == 0 { "" } else { ", " })?;
                    write!(f, "{key}: {value}")?;
                }
                f.write_str("}")
            }
            Self::Optional(None) => f.write_str("optional.none()"),
            Self::Optional(Some(value)) => write!(f, "optional.of({value})"),
        }
    }
}

/// Writes text as a CEL string in double quotes; what cannot be seen as an escape.
///
/// # Errors
/// What `out` answers.
pub fn write_quoted(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            '\x0C' => out.write_str("\\f")?,
            c if invisible(c).is_some() => out.write_str(&escape_of(c))?,
            c => out.write_char(c)?,
        }
    }
    out.write_str("\"")
}

/// Writes bytes as a CEL literal in double quotes.
///
/// # Errors
/// What `out` answers.
pub fn write_bytes(out: &mut impl Write, bytes: &[u8]) -> fmt::Result {
    out.write_str("b\"")?;
    for byte in bytes {
        match byte {
            b'"' => out.write_str("\\\"")?,
            b'\\' => out.write_str("\\\\")?,
            b' '..=b'~' => out.write_char(char::from(*byte))?,
            byte => write!(out, "\\x{byte:02x}")?,
        }
    }
    out.write_str("\"")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lang::value::compare;
    use crate::lang::value::heap::Store;

    fn constant() -> impl Strategy<Value = Constant> {
        let key = prop_oneof![
            any::<bool>().prop_map(Constant::Bool),
            any::<i64>().prop_map(Constant::Int),
            ".{0,5}".prop_map(|text| Constant::String(text.into())),
        ];
        let leaf = prop_oneof![
            Just(Constant::Null),
            key.clone(),
            any::<u64>().prop_map(Constant::Uint),
            (-1e9..1e9).prop_map(Constant::Double),
            any::<Vec<u8>>().prop_map(Constant::Bytes),
            (0_i64..1 << 40, 0_u32..1_000_000_000).prop_map(|(s, ns)| Constant::Timestamp(s, ns)),
            any::<i64>().prop_map(Constant::Duration),
            Just(Constant::Type("google.protobuf.Duration".into())),
            Just(Constant::Type("acme.Widget".into())),
            Just(Constant::Optional(None)),
        ];
        leaf.prop_recursive(4, 32, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Constant::List),
                inner.clone().prop_map(|value| Constant::Optional(Some(Box::new(value)))),
                prop::collection::vec((key.clone(), inner), 0..4).prop_map(Constant::Map),
            ]
        })
    }

    proptest! {
        #[test]
        fn values_there_and_back(constant in constant()) {
            let mut store = Store::new(1 << 16, 1 << 12);
            let mut heap = Heap::of(&mut store);
            // Maps come with keys in any order and perhaps twice.
            let built = constant.to_value(&mut heap);
            prop_assert_eq!(heap.store.height(), 0);
            let value = match built {
                Ok(value) => value,
                Err(error) => {
                    let keys = [EvalError::DuplicateMapKey, EvalError::InvalidKey];
                    prop_assert!(keys.contains(&error), "{:?}", error);
                    return Ok(());
                }
            };
            let back = Constant::from_value(&heap.view(), &value).expect("small");
            let again = back.to_value(&mut heap).expect("sorted");
            prop_assert_eq!(Constant::from_value(&heap.view(), &again), Ok(back));
            prop_assert!(compare::equal(&heap.view(), &value, &again).expect("small"));
        }

        #[test]
        fn keys_tell_constants_apart(a in constant(), b in constant()) {
            prop_assert_eq!(a == b, a.key() == b.key());
        }
    }

    #[test]
    fn keys_see_what_equality_does_not() {
        assert_ne!(Constant::Double(0.0).key(), Constant::Double(-0.0).key());
        assert_ne!(Constant::Int(1).key(), Constant::Duration(1).key());
        let nan = Constant::Double(f64::NAN);
        assert_eq!(nan.key(), nan.key());
    }

    #[test]
    fn prints_as_cel() {
        let string = |text: &str| Constant::String(text.into());
        let cases = [
            (Constant::Uint(1), "1u"),
            (Constant::Double(2.0), "2.0"),
            (Constant::Double(f64::INFINITY), r#"double("Infinity")"#),
            (string("a\"\n\u{1b}"), r#""a\"\n\u001b""#),
            (Constant::Bytes(vec![b'a', 0xFF]), r#"b"a\xff""#),
            (Constant::Timestamp(0, 0), r#"timestamp("1970-01-01T00:00:00Z")"#),
            (Constant::Duration(1_500_000_000), r#"duration("1.5s")"#),
            (Constant::List(vec![Constant::Int(1), Constant::Null]), "[1, null]"),
            (Constant::Map(vec![(string("a"), Constant::Bool(true))]), r#"{"a": true}"#),
            (Constant::Optional(Some(Box::new(Constant::Int(1)))), "optional.of(1)"),
        ];
        for (constant, text) in cases {
            assert_eq!(constant.to_string(), text);
        }
    }
}
