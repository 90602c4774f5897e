//! Values that are read whole, by their type.
//!
//! In:      a reader that stands on a value, and a row of the types.
//! Out:     a value, or an open container.
//! Imports: `lang`, `runtime::bundle`, `runtime::program`.

use crate::lang::error::EvalError;
use crate::lang::value::base64::{self, Alphabet};
use crate::lang::value::heap::Heap;
use crate::lang::value::message::Kind;
use crate::lang::value::{Space, Tag, Value, duration, map, text, time};
use crate::runtime::bundle::module::{FieldRow, Module, NONE, Str, TypeRow};
use crate::runtime::program::paths::Leaf;
use crate::runtime::vm::request::error::{Expected, InputKind};
use crate::runtime::vm::request::reader::{Read, Text};
use crate::runtime::vm::request::walk::{Frame, FrameKind, Walk};

/// Type row `at`; anything where there is none.
pub(in crate::runtime) fn row(module: &Module, at: u16) -> &TypeRow {
    module.types.get(usize::from(at)).unwrap_or(&TypeRow::Dyn)
}

/// Type row `at`, or of what it holds in the end where it is an optional or may be null. Types that
/// are verified end.
pub(in crate::runtime) fn type_row(module: &Module, at: u16) -> &TypeRow {
    let mut own = row(module, at);
    while let TypeRow::Optional(inner) | TypeRow::Nullable(inner) = own {
        own = row(module, *inner);
    }
    own
}

/// What messages call a type.
pub(in crate::runtime) const fn expected(row: &TypeRow) -> Expected {
    match row {
        TypeRow::Dyn => Expected::Any,
        TypeRow::Null => Expected::Null,
        TypeRow::Bool => Expected::Bool,
        TypeRow::Int => Expected::Int,
        TypeRow::Uint => Expected::Uint,
        TypeRow::Double => Expected::Double,
        TypeRow::String => Expected::String,
        TypeRow::Bytes => Expected::Bytes,
        TypeRow::Timestamp => Expected::Timestamp,
        TypeRow::Duration => Expected::Duration,
        TypeRow::Type => Expected::Type,
        TypeRow::Nullable(_) => Expected::Nullable,
        TypeRow::List(..) => Expected::List,
        TypeRow::Map(..) => Expected::Map,
        TypeRow::Optional(_) => Expected::Optional,
        TypeRow::Record { .. } => Expected::Object,
        TypeRow::Message(_) => Expected::Message,
        TypeRow::Enum(_) => Expected::Enum,
    }
}

/// String `at` of a module.
pub(in crate::runtime) fn string(module: &Module, at: Str) -> &str {
    module.strings.get(at as usize).unwrap_or_default()
}

/// The field `name` of an object type.
pub(in crate::runtime) fn field<'p>(
    module: &Module,
    fields: &'p [FieldRow],
    name: &[u8],
) -> Option<&'p FieldRow> {
    let order = |field: &FieldRow| string(module, field.name).as_bytes().cmp(name);
    fields.get(fields.binary_search_by(order).ok()?)
}

impl Walk<'_, '_> {
    /// Reads a value of type `ty`. `None` if it is a container, which is open now; `node` is
    /// the node of the path trie that it belongs to, or `NONE`.
    pub(in crate::runtime) fn whole(&mut self, ty: u16, node: u16) -> Read<Option<Value>> {
        self.reader.count()?;
        let program = self.program;
        let byte = self.reader.peek();
        if byte == b'{'
            && let Some(value) = self.marked()?
        {
            return self.typed(&value, ty).map(Some);
        }
        let mut ty = ty;
        let mut wanted = row(&program.module, ty);
        if let TypeRow::Nullable(inner) = wanted {
            if byte == b'n' {
                self.reader.word(b"null")?;
                return Ok(Some(Value::NULL));
            }
            ty = *inner;
            wanted = row(&program.module, ty);
        }
        if let TypeRow::Message(of) = wanted {
            return self.message(u32::from(*of), node);
        }
        if let TypeRow::Enum(of) = wanted {
            return self.single(Kind::Enum(u32::from(*of)), node);
        }
        // A container remembers the type of the optional that it will be in.
        match byte {
            b'{' => self.object(type_row(&program.module, ty), ty, node),
            b'[' => self.list(type_row(&program.module, ty), ty, node),
            _ if byte != b'n' && matches!(wanted, TypeRow::Optional(_)) => {
                let value = self.scalar(type_row(&program.module, ty), byte)?;
                self.wrapped(ty, value).map(Some)
            }
            _ => self.scalar(wanted, byte).map(Some),
        }
    }

    /// A value that is whole, in an optional where `ty` is one, and in one for each that it holds.
    fn wrapped(&mut self, ty: u16, value: Value) -> Read<Value> {
        let (mut ty, mut value) = (ty, value);
        while let TypeRow::Optional(inner) = row(&self.program.module, ty) {
            value = self.heap.new_optional(value).map_err(|_| InputKind::TooMuchRead)?;
            ty = *inner;
        }
        Ok(value)
    }

    #[inline]
    fn scalar(&mut self, wanted: &TypeRow, byte: u8) -> Read<Value> {
        match byte {
            b'"' => self.string(wanted),
            b't' => self.word(wanted, b"true", Value::bool(true)),
            b'f' => self.word(wanted, b"false", Value::bool(false)),
            b'n' => self.word(wanted, b"null", Value::NULL),
            b'-' | b'0'..=b'9' => self.numeric(wanted),
            b'{' | b'[' => Err(InputKind::WrongType(expected(wanted))),
            _ => Err(self.reader.unexpected()),
        }
    }

    fn word(&mut self, wanted: &TypeRow, word: &[u8], value: Value) -> Read<Value> {
        let null = value.tag() == Tag::Null;
        let optional = null && matches!(wanted, TypeRow::Optional(_));
        let own = if null { TypeRow::Null } else { TypeRow::Bool };
        let fits = optional || *wanted == TypeRow::Dyn || *wanted == own;
        if !fits {
            return Err(InputKind::WrongType(expected(wanted)));
        }
        self.reader.word(word)?;
        Ok(if optional { Value::optional(Space::Arena, None) } else { value })
    }

    fn numeric(&mut self, wanted: &TypeRow) -> Read<Value> {
        let start = self.reader.at;
        let number = self.reader.number()?;
        let value = if matches!(wanted, TypeRow::Int) {
            number.int()
        } else if matches!(wanted, TypeRow::Double) {
            number.double()
        } else if matches!(wanted, TypeRow::Uint) {
            number.uint()
        } else if matches!(wanted, TypeRow::Dyn) {
            number.any()
        } else {
            Err(InputKind::WrongType(expected(wanted)))
        };
        if value.is_err() {
            self.reader.at = start;
        }
        value
    }

    fn string(&mut self, wanted: &TypeRow) -> Read<Value> {
        let start = self.reader.at;
        let text = self.reader.string()?;
        if matches!(wanted, TypeRow::String | TypeRow::Dyn) {
            return self.text(text);
        }
        let value = self.special(wanted, text);
        if value.is_err() {
            self.reader.at = start;
        }
        value
    }

    /// Kinds that JSON spells as strings.
    fn special(&mut self, wanted: &TypeRow, text: Text) -> Read<Value> {
        if matches!(wanted, TypeRow::Timestamp | TypeRow::Duration | TypeRow::Bytes) {
            let value = self.text(text)?;
            let special = from_text(self.heap, wanted, &value);
            return special.ok_or(InputKind::WrongType(expected(wanted)));
        }
        Err(InputKind::WrongType(expected(wanted)))
    }

    fn list(&mut self, wanted: &TypeRow, ty: u16, node: u16) -> Read<Option<Value>> {
        let element = if let TypeRow::List(element, _) = wanted { *element } else { NONE };
        if element == NONE && *wanted != TypeRow::Dyn {
            return Err(InputKind::WrongType(expected(wanted)));
        }
        self.open(FrameKind::List, node, element, ty)?;
        Ok(None)
    }

    fn object(&mut self, wanted: &TypeRow, ty: u16, node: u16) -> Read<Option<Value>> {
        if !matches!(wanted, TypeRow::Map(..) | TypeRow::Dyn | TypeRow::Record { .. }) {
            return Err(InputKind::WrongType(expected(wanted)));
        }
        self.open(FrameKind::Map, node, NONE, ty)?;
        Ok(None)
    }

    /// Reads items of a list until one opens a container, or to its end.
    pub(in crate::runtime) fn item(&mut self, mut frame: Frame) -> Read<()> {
        let leaf = Leaf::of(row(&self.program.module, frame.pending));
        loop {
            if !self.reader.more(frame.count == 0, b']')? {
                let off = self.heap.store.finish(frame.height as usize);
                let off = off.map_err(|_| InputKind::TooMuchRead)?;
                self.frames.pop();
                let list = Value::list(Space::Arena, off, frame.count, 1);
                let list = self.wrapped(frame.ty, list)?;
                return self.complete(list);
            }
            frame.count += 1;
            self.limit(frame.ty, frame.count)?;
            if let Some(top) = self.frames.last_mut() {
                top.count = frame.count;
            }
            if let Some(value) = self.leaf(leaf)? {
                self.heap.store.push_stack(value).map_err(|_| InputKind::TooMuchRead)?;
                continue;
            }
            match self.whole(frame.pending, NONE)? {
                Some(value) => self.complete(value)?,
                None => return Ok(()),
            }
        }
    }

    /// Reads entries of an object until one opens a container, or to its end.
    pub(in crate::runtime) fn entry(&mut self, mut frame: Frame) -> Read<()> {
        let program = self.program;
        loop {
            if !self.reader.more(frame.count == 0, b'}')? {
                let map = self.close_map(frame)?;
                self.frames.pop();
                let map = self.wrapped(frame.ty, map)?;
                return self.complete(map);
            }
            frame.count += 1;
            if let Some(top) = self.frames.last_mut() {
                top.count = frame.count;
            }
            let start = self.reader.at;
            let text = self.key()?;
            let mut key = self.text(text)?;
            let ty = match type_row(&program.module, frame.ty) {
                TypeRow::Map(wanted, value) => {
                    key = self.map_key(row(&program.module, *wanted), key)?;
                    *value
                }
                TypeRow::Record { fields, rest } => {
                    match field(&program.module, fields, self.heap.bytes(&key)) {
                        Some(field) => field.ty,
                        None if *rest == NONE => {
                            self.reader.at = start;
                            return Err(InputKind::UnknownField);
                        }
                        None => *rest,
                    }
                }
                TypeRow::Dyn
                | TypeRow::Null
                | TypeRow::Bool
                | TypeRow::Int
                | TypeRow::Uint
                | TypeRow::Double
                | TypeRow::String
                | TypeRow::Bytes
                | TypeRow::Timestamp
                | TypeRow::Duration
                | TypeRow::Type
                | TypeRow::Nullable(_)
                | TypeRow::List(..)
                | TypeRow::Optional(_)
                | TypeRow::Message(_)
                | TypeRow::Enum(_) => NONE,
            };
            self.heap.store.push_stack(key).map_err(|_| InputKind::TooMuchRead)?;
            match self.whole(ty, NONE)? {
                Some(value) => self.complete(value)?,
                None => return Ok(()),
            }
        }
    }

    fn close_map(&mut self, frame: Frame) -> Read<Value> {
        let mut second = None;
        let map = map::finish_or(self.heap, frame.height as usize, |key| second = Some(*key));
        let map = map.map_err(|class| {
            if class != EvalError::DuplicateMapKey {
                return InputKind::TooMuchRead;
            }
            let written =
                second.filter(|key| key.tag() == Tag::String && key.space() == Space::Request);
            if let Some(key) = written {
                // The quote in front of it.
                self.reader.at = key.off().saturating_sub(1);
            }
            InputKind::DuplicateKey
        })?;
        if let TypeRow::Record { fields, .. } = type_row(&self.program.module, frame.ty) {
            let view = self.heap.view();
            for field in fields.iter().filter(|field| field.required) {
                if map::get_str(&view, &map, self.program.string(field.name)).is_none() {
                    return Err(InputKind::MissingField);
                }
            }
        }
        Ok(map)
    }

    /// A key as the type of the map's keys: JSON spells all of them as strings.
    fn map_key(&self, wanted: &TypeRow, key: Value) -> Read<Value> {
        let spelled = self.heap.str(&key);
        let typed = if *wanted == TypeRow::Int {
            text::parse_int(spelled).map(Value::int)
        } else if *wanted == TypeRow::Uint {
            text::parse_uint(spelled).map(Value::uint)
        } else if *wanted == TypeRow::Bool {
            match spelled {
                "true" => Ok(Value::bool(true)),
                "false" => Ok(Value::bool(false)),
                _ => Err(EvalError::BadConversion),
            }
        } else {
            Ok(key)
        };
        typed.map_err(|_| InputKind::WrongType(expected(wanted)))
    }
}

/// A timestamp, a duration or bytes from its text; `None` if the text is none.
pub(in crate::runtime) fn from_text(
    heap: &mut Heap<'_>,
    wanted: &TypeRow,
    value: &Value,
) -> Option<Value> {
    let spelled = heap.str(value);
    if *wanted == TypeRow::Timestamp {
        time::parse(spelled).ok().map(time::Instant::value)
    } else if *wanted == TypeRow::Duration {
        let parsed = duration::parse(spelled).or_else(|_| duration::parse_iso(spelled));
        parsed.ok().map(Value::duration)
    } else if *wanted == TypeRow::Bytes {
        base64::decode(heap, value, Alphabet::Either)
    } else {
        None
    }
}
