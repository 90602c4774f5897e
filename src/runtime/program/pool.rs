//! Text and elements of a program, and its constants as values into them.
//!
//! In:      strings and constants of a module.
//! Out:     `Pool`.
//! Imports: `base`, `lang`, `runtime::bundle`.

use crate::base::name::Name;
use crate::lang::constant::Constant;
use crate::lang::value::heap::{BUILTIN_TEXT, type_value};
use crate::lang::value::{Space, Tag, Value};
use crate::runtime::bundle::module::{Module, Str};

/// What values of `Space::Program` point into. The text begins with all strings of the module.
#[derive(Debug)]
pub(in crate::runtime) struct Pool {
    pub(in crate::runtime) text: Vec<u8>,
    pub(in crate::runtime) elements: Vec<Value>,
    pub(in crate::runtime) constants: Vec<Value>,
    /// Names of the enums.
    enums: Vec<Name>,
}

impl Pool {
    pub(in crate::runtime) fn of(module: &Module) -> Self {
        let mut pool = Self {
            text: module.strings.as_str().as_bytes().to_vec(),
            elements: Vec::new(),
            constants: Vec::with_capacity(module.constants.len()),
            enums: module
                .enums
                .iter()
                .map(|row| Name::new(module.strings.get(row.name as usize).unwrap_or_default()))
                .collect(),
        };
        for constant in &module.constants {
            let value = pool.value(constant);
            pool.constants.push(value);
        }
        pool
    }

    /// The bytes of a text of this pool.
    pub(in crate::runtime) fn bytes(&self, value: &Value) -> &[u8] {
        let start = value.off() as usize;
        let builtin = value.space() == Space::Builtin;
        let text = if builtin { BUILTIN_TEXT.as_bytes() } else { &self.text };
        text.get(start..start + value.len() as usize).unwrap_or_default()
    }

    fn push(&mut self, tag: Tag, bytes: &[u8]) -> Value {
        let off = offset(self.text.len());
        self.text.extend_from_slice(bytes);
        Value::text(tag, Space::Program, off, bytes)
    }

    /// Recursion is bounded: a bundle's constants nest `CONSTANT_DEPTH_MAX` deep at most.
    fn value(&mut self, constant: &Constant) -> Value {
        match constant {
            Constant::Null => Value::NULL,
            Constant::Bool(value) => Value::bool(*value),
            Constant::Int(value) => Value::int(*value),
            Constant::Uint(value) => Value::uint(*value),
            Constant::Double(value) => Value::double(*value),
            Constant::String(text) => self.push(Tag::String, text.as_str().as_bytes()),
            Constant::Bytes(bytes) => self.push(Tag::Bytes, bytes),
            Constant::Timestamp(seconds, nanoseconds) => Value::timestamp(*seconds, *nanoseconds),
            Constant::Duration(nanoseconds) => Value::duration(*nanoseconds),
            Constant::Type(name) => type_value(name.as_str())
                .unwrap_or_else(|| self.push(Tag::Type, name.as_str().as_bytes())),
            Constant::List(items) => {
                let values: Vec<Value> = items.iter().map(|item| self.value(item)).collect();
                Value::list(Space::Program, self.extend(&values), count(items.len()), 1)
            }
            Constant::Map(entries) => {
                let mut values = Vec::with_capacity(2 * entries.len());
                for (key, value) in entries {
                    values.push(self.value(key));
                    values.push(self.value(value));
                }
                Value::map(Space::Program, self.extend(&values), count(entries.len()))
            }
            Constant::Enum(name, number) => Value::enumeration(self.kind(name), *number),
            Constant::Optional(None) => Value::optional(Space::Program, None),
            Constant::Optional(Some(inner)) => {
                let value = self.value(inner);
                Value::optional(Space::Program, Some(self.extend(&[value])))
            }
        }
    }

    /// The enum with this name, which the verifier has found.
    fn kind(&self, name: &Name) -> u32 {
        count(self.enums.binary_search(name).unwrap_or_else(|at| at))
    }

    fn extend(&mut self, values: &[Value]) -> u32 {
        let off = count(self.elements.len());
        self.elements.extend_from_slice(values);
        off
    }
}

/// A string of the module as a value; `ABSENT` for an index that names none.
pub(in crate::runtime) fn string(module: &Module, at: Str) -> Value {
    let place = module.strings.range(at as usize);
    let Some((place, text)) = place.zip(module.strings.get(at as usize)) else {
        return Value::ABSENT;
    };
    Value::text(Tag::String, Space::Program, offset(place.start), text.as_bytes())
}

/// A bundle is 16 MiB at most, so offsets of its text fit.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
