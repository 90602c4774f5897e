//! Messages in JSON, by the mapping that Protocol Buffers define.
//!
//! In:      a reader that stands on a value, and a message type.
//! Out:     the value that CEL sees, or an open container.
//! Imports: `lang`, `runtime::bundle`.
//! Source:  the proto3 JSON mapping.
//!
//! Fields go by their names in JSON or in the `.proto` file; null leaves a field unset. Of a
//! context that is a message as a whole the fields go to slots.

mod scalar;

use crate::lang::error::EvalError;
use crate::lang::value::message::{Descriptors, Field, Kind, Presence, WellKnown, build};
use crate::lang::value::{Space, Value, map};
use crate::runtime::bundle::module::NONE;
use crate::runtime::vm::request::error::{Expected, InputKind};
use crate::runtime::vm::request::reader::{Read, Text};
use crate::runtime::vm::request::walk::{Frame, FrameKind, Walk};

/// The key that tells the type of what `google.protobuf.Any` holds.
const TYPE_KEY: &[u8] = b"@type";

impl Walk<'_, '_> {
    /// Reads a value of message type `kind`; `node` is the node of the path trie that it belongs
    /// to, or `NONE`. `None` if it is a container, which is open now.
    pub(in crate::runtime) fn message(&mut self, kind: u32, node: u16) -> Read<Option<Value>> {
        let byte = self.reader.peek();
        match self.heap.descriptors.well_known(kind) {
            WellKnown::Plain if byte == b'"' && self.is_field_mask(kind) => {
                self.field_mask(kind).map(Some)
            }
            WellKnown::Plain => self.opened(FrameKind::Message, b'{', node, kind),
            WellKnown::Struct => self.opened(FrameKind::Entries, b'{', node, kind),
            WellKnown::List => self.opened(FrameKind::Elements, b'[', node, kind),
            WellKnown::Value => self.json_value(node, kind),
            WellKnown::Any => self.any(node, kind),
            WellKnown::Wrapper(kind) => self.single(kind, NONE),
            WellKnown::Timestamp => self.time(Expected::Timestamp).map(Some),
            WellKnown::Duration => self.time(Expected::Duration).map(Some),
        }
    }

    fn opened(
        &mut self,
        frame: FrameKind,
        bracket: u8,
        node: u16,
        kind: u32,
    ) -> Read<Option<Value>> {
        if self.reader.peek() != bracket {
            let wanted = if bracket == b'[' { Expected::List } else { Expected::Object };
            return Err(self.not(wanted));
        }
        self.open(frame, node, NONE, u16::try_from(kind).unwrap_or(NONE))?;
        Ok(None)
    }

    /// That what stands here is something else.
    pub(super) fn not(&self, wanted: Expected) -> InputKind {
        match self.reader.byte() {
            b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n' | b'{' | b'[' => {
                InputKind::WrongType(wanted)
            }
            _ => self.reader.unexpected(),
        }
    }

    /// Any value that JSON has; its numbers are doubles.
    fn json_value(&mut self, node: u16, kind: u32) -> Read<Option<Value>> {
        match self.reader.peek() {
            b'{' => self.opened(FrameKind::Entries, b'{', node, kind),
            b'[' => self.opened(FrameKind::Elements, b'[', node, kind),
            b'"' => self.single(Kind::String, NONE),
            b't' | b'f' => self.single(Kind::Bool, NONE),
            b'n' => self.reader.word(b"null").map(|()| Some(Value::NULL)),
            _ => {
                let number = self.reader.number()?;
                number.double().map(Some)
            }
        }
    }

    /// Reads one value of this kind; `None` if it is a container, which is open now.
    pub(super) fn single(&mut self, kind: Kind, node: u16) -> Read<Option<Value>> {
        let start = self.reader.at;
        let value = match kind {
            Kind::Message { kind, .. } => return self.message(kind, node),
            Kind::Enum(kind) => self.enumeration(kind),
            Kind::Bool => match self.reader.peek() {
                b't' => self.reader.word(b"true").map(|()| Value::bool(true)),
                b'f' => self.reader.word(b"false").map(|()| Value::bool(false)),
                _ => Err(self.not(Expected::Bool)),
            },
            Kind::String => self.quoted(Expected::String).and_then(|text| self.text(text)),
            Kind::Bytes => self.bytes(),
            Kind::Double
            | Kind::Float
            | Kind::Int32
            | Kind::Int64
            | Kind::Uint32
            | Kind::Uint64
            | Kind::Sint32
            | Kind::Sint64
            | Kind::Fixed32
            | Kind::Fixed64
            | Kind::Sfixed32
            | Kind::Sfixed64 => self.number_of(kind),
        };
        if matches!(value, Err(InputKind::WrongType(_) | InputKind::NumberRange)) {
            self.reader.at = start;
            self.reader.peek();
        }
        value.map(Some)
    }

    pub(super) fn quoted(&mut self, wanted: Expected) -> Read<Text> {
        if self.reader.peek() == b'"' { self.reader.string() } else { Err(self.not(wanted)) }
    }
}

/// Containers.
impl Walk<'_, '_> {
    /// The field of message type `kind` that a key names, by its name in JSON, by its own, or, of
    /// an extension, by the full name in brackets.
    fn field_named(&mut self, kind: u32, key: Text) -> Read<Option<Field>> {
        let descriptors = self.heap.descriptors;
        let Some(of) = descriptors.message(kind) else { return Err(InputKind::UnknownType) };
        let value;
        let name = if key.is_escaped() {
            value = self.text(key)?;
            self.heap.bytes(&value)
        } else {
            self.reader.slice(key)
        };
        let text = self.heap.program_text;
        let full = name.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]"));
        let found = match full {
            Some(name) => of.by_name(text, name).filter(|_| name.contains(&b'.')),
            None => of.by_json(text, name).or_else(|| of.by_name(text, name)),
        };
        Ok(found.copied())
    }

    /// Reads fields of a message until one opens a container, or to its end.
    pub(in crate::runtime) fn fields(&mut self, mut frame: Frame) -> Read<()> {
        loop {
            if !self.reader.more(frame.count == 0, b'}')? {
                return self.close_message(frame);
            }
            frame.count += 1;
            frame.pending = NONE;
            self.set_top(frame);
            let start = self.reader.at;
            let key = self.key()?;
            if frame.kind == FrameKind::Any && self.reader.slice(key) == TYPE_KEY {
                self.reader.skip(self.frames.len())?;
                continue;
            }
            let Some(field) = self.field_named(u32::from(frame.ty), key)? else {
                self.reader.at = start;
                return Err(InputKind::UnknownField);
            };
            self.heap.store.push_stack(Value::int(field.number.into())).map_err(full)?;
            if frame.kind == FrameKind::Context {
                let context = self.program.context.as_ref();
                let Some(child) = context.and_then(|it| it.node(field.number)) else {
                    let set = self.reader.peek() != b'n';
                    self.reader.skip(self.frames.len())?;
                    let mark = if set { Value::NULL } else { Value::ABSENT };
                    self.heap.store.push_stack(mark).map_err(full)?;
                    continue;
                };
                frame.pending = child;
                self.set_top(frame);
            }
            match self.value_of(&field, frame.ty)? {
                Some(value) => self.complete(value)?,
                None => return Ok(()),
            }
        }
    }

    /// Reads what `field` of message type `kind` holds; absent where null leaves it unset.
    fn value_of(&mut self, field: &Field, kind: u16) -> Read<Option<Value>> {
        self.reader.count()?;
        let null = self.reader.peek() == b'n';
        let many = matches!(field.presence, Presence::Repeated | Presence::Map(_));
        if null && (many || !self.takes_null(field.kind)) {
            self.reader.word(b"null")?;
            return Ok(Some(Value::ABSENT));
        }
        let (frame, bracket, wanted) = match field.presence {
            Presence::Repeated => (FrameKind::Elements, b'[', Expected::List),
            Presence::Map(_) => (FrameKind::Entries, b'{', Expected::Map),
            Presence::Implicit | Presence::Explicit | Presence::Oneof(_) => {
                return self.single(field.kind, NONE);
            }
        };
        if self.reader.peek() != bracket {
            return Err(self.not(wanted));
        }
        let of = self.heap.descriptors.message(kind.into());
        let position = of.and_then(|of| of.position(field.number)).unwrap_or(NONE);
        self.open(frame, NONE, position, kind)?;
        Ok(None)
    }

    /// Ends a message, whose fields (number, value, ..) lie on the build stack.
    fn close_message(&mut self, frame: Frame) -> Read<()> {
        let height = frame.height as usize;
        self.check_fields(frame)?;
        if frame.kind == FrameKind::Context {
            self.heap.store.drop_stack(height);
            self.frames.pop();
            return Ok(());
        }
        let kind = u32::from(frame.ty);
        // What null left unset, and what is zero where that is the same, is not there.
        let descriptors = self.heap.descriptors;
        let (pairs, _) = self.heap.store.stack_mut(height).as_chunks_mut::<2>();
        let mut kept = 0;
        for at in 0..pairs.len() {
            let pair = pairs.get(at).copied().unwrap_or([Value::ABSENT; 2]);
            if !is_unset(descriptors, kind, &pair)
                && let Some(place) = pairs.get_mut(kept)
            {
                *place = pair;
                kept += 1;
            }
        }
        self.heap.store.drop_stack(height + 2 * kept);
        let message = build::finish(self.heap, kind, height);
        let message = message.map_err(|class| {
            let full = class == EvalError::Budget;
            if full { InputKind::TooMuchRead } else { InputKind::NumberRange }
        })?;
        self.frames.pop();
        self.complete(message)
    }

    /// Refuses a field that is given twice, and two fields of one choice; null chooses nothing.
    fn check_fields(&mut self, frame: Frame) -> Read<()> {
        let of = self.heap.descriptors.message(u32::from(frame.ty));
        let number = |pair: &[Value; 2]| u32::try_from(pair[0].bits()).unwrap_or_default();
        let choice = |pair: &[Value; 2]| match of?.by_number(number(pair))?.presence {
            Presence::Oneof(choice) if pair[1].is_present() => Some(choice),
            Presence::Implicit
            | Presence::Explicit
            | Presence::Oneof(_)
            | Presence::Repeated
            | Presence::Map(_) => None,
        };
        let stack = self.heap.store.stack_mut(frame.height as usize);
        let (pairs, _) = stack.as_chunks_mut::<2>();
        pairs.sort_unstable_by_key(choice);
        let mut twice =
            pairs.array_windows().any(|[a, b]| choice(a).is_some() && choice(a) == choice(b));
        pairs.sort_unstable_by_key(number);
        twice |= pairs.array_windows().any(|[a, b]| number(a) == number(b));
        if twice {
            self.reader.at = self.reader.at.saturating_sub(1);
            return Err(InputKind::DuplicateKey);
        }
        Ok(())
    }

    /// Whether null is a value of this kind.
    fn takes_null(&self, kind: Kind) -> bool {
        match kind {
            Kind::Message { kind, .. } => {
                self.heap.descriptors.well_known(kind) == WellKnown::Value
            }
            Kind::Enum(kind) => self.is_null_enum(kind),
            Kind::Double
            | Kind::Float
            | Kind::Int32
            | Kind::Int64
            | Kind::Uint32
            | Kind::Uint64
            | Kind::Sint32
            | Kind::Sint64
            | Kind::Fixed32
            | Kind::Fixed64
            | Kind::Sfixed32
            | Kind::Sfixed64
            | Kind::Bool
            | Kind::String
            | Kind::Bytes => false,
        }
    }

    /// Reads elements of a repeated field, or of a list of JSON values, until one opens a
    /// container, or to its end.
    pub(in crate::runtime) fn elements(&mut self, mut frame: Frame) -> Read<()> {
        let kind = self.part_kind(frame)?;
        loop {
            if !self.reader.more(frame.count == 0, b']')? {
                let off = self.heap.store.finish(frame.height as usize).map_err(full)?;
                self.frames.pop();
                return self.complete(Value::list(Space::Arena, off, frame.count, 1));
            }
            frame.count += 1;
            self.set_top(frame);
            self.reader.count()?;
            match self.single(kind, NONE)? {
                Some(value) => self.complete(value)?,
                None => return Ok(()),
            }
        }
    }

    /// Reads entries of a map field, or of an object of JSON values, likewise.
    pub(in crate::runtime) fn pairs(&mut self, mut frame: Frame) -> Read<()> {
        let kind = self.part_kind(frame)?;
        let of = self.heap.descriptors.message(frame.ty.into());
        let field = of.and_then(|of| of.fields.get(usize::from(frame.pending)));
        let key_kind = match field.map(|field| field.presence) {
            Some(Presence::Map(key)) => key,
            _ => Kind::String,
        };
        loop {
            if !self.reader.more(frame.count == 0, b'}')? {
                let map = map::finish(self.heap, frame.height as usize);
                let map = map.map_err(|class| {
                    let twice = class == EvalError::DuplicateMapKey;
                    if twice { InputKind::DuplicateKey } else { InputKind::TooMuchRead }
                })?;
                self.frames.pop();
                return self.complete(map);
            }
            frame.count += 1;
            self.set_top(frame);
            let start = self.reader.at;
            let text = self.key()?;
            let key = self.typed_key(key_kind, text).inspect_err(|_| self.reader.at = start)?;
            self.heap.store.push_stack(key).map_err(full)?;
            self.reader.count()?;
            match self.single(kind, NONE)? {
                Some(value) => self.complete(value)?,
                None => return Ok(()),
            }
        }
    }

    /// What the parts of a list or map are.
    fn part_kind(&self, frame: Frame) -> Read<Kind> {
        let of = self.heap.descriptors.message(frame.ty.into()).ok_or(InputKind::UnknownType)?;
        if let Some(field) = of.fields.get(usize::from(frame.pending)) {
            return Ok(field.kind);
        }
        let named = b"google.protobuf.Value";
        let kind = self.heap.descriptors.named(self.heap.program_text, named);
        let kind = kind.ok_or(InputKind::UnknownType)?;
        Ok(Kind::Message { kind, group: false })
    }

    /// Opens what an `Any` holds: its type may stand behind other keys.
    fn any(&mut self, node: u16, kind: u32) -> Read<Option<Value>> {
        if self.reader.peek() != b'{' {
            return Err(self.not(Expected::Object));
        }
        let (start, values) = (self.reader.at, self.reader.values);
        let held = self.type_of_any();
        (self.reader.at, self.reader.values) = (start, values);
        let Some(held) = held? else {
            return self.opened(FrameKind::Message, b'{', node, kind);
        };
        let special =
            self.heap.descriptors.well_known(held) != WellKnown::Plain || self.is_field_mask(held);
        let frame = if special { FrameKind::AnyValue } else { FrameKind::Any };
        self.opened(frame, b'{', node, held)
    }

    /// The type that the object names which the reader stands on; `None` for one without keys.
    fn type_of_any(&mut self) -> Read<Option<u32>> {
        self.reader.at += 1;
        let mut first = true;
        while self.reader.more(first, b'}')? {
            first = false;
            let key = self.key()?;
            if self.reader.slice(key) != TYPE_KEY {
                self.reader.skip(self.frames.len())?;
                continue;
            }
            let text = self.quoted(Expected::String)?;
            let value = self.text(text)?;
            let name = self.heap.bytes(&value).rsplit(|byte| *byte == b'/').next();
            let text = self.heap.program_text;
            let kind = self.heap.descriptors.named(text, name.unwrap_or_default());
            return kind.map(Some).ok_or(InputKind::UnknownType);
        }
        if first { Ok(None) } else { Err(InputKind::UnknownType) }
    }

    /// Reads an `Any` whose content JSON spells under the key `value`.
    pub(in crate::runtime) fn any_value(&mut self, mut frame: Frame) -> Read<()> {
        loop {
            if !self.reader.more(frame.count == 0, b'}')? {
                let (_, values) = self.heap.split(frame.height as usize);
                let value = match values {
                    [value] => *value,
                    [] => return Err(InputKind::MissingField),
                    [..] => return Err(InputKind::DuplicateKey),
                };
                self.heap.store.drop_stack(frame.height as usize);
                self.frames.pop();
                return self.complete(value);
            }
            frame.count += 1;
            self.set_top(frame);
            let start = self.reader.at;
            let key = self.key()?;
            match self.reader.slice(key) {
                TYPE_KEY => self.reader.skip(self.frames.len())?,
                b"value" => match self.message(frame.ty.into(), NONE)? {
                    Some(value) => self.complete(value)?,
                    None => return Ok(()),
                },
                _ => {
                    self.reader.at = start;
                    return Err(InputKind::UnknownField);
                }
            }
        }
    }

    /// A key as the kind of the map's keys: JSON spells all of them as strings.
    fn typed_key(&mut self, kind: Kind, text: Text) -> Read<Value> {
        match (kind, self.reader.slice(text)) {
            (Kind::String, _) => self.text(text),
            (Kind::Bool, b"true") => Ok(Value::bool(true)),
            (Kind::Bool, b"false") => Ok(Value::bool(false)),
            (Kind::Bool, _) => Err(InputKind::WrongType(Expected::Bool)),
            (_, spelled) => scalar::number_in(kind, spelled),
        }
    }
}

/// Whether a pair of number and value is none that a message keeps: null left it unset, or it is
/// zero where that is the same.
fn is_unset(descriptors: &Descriptors, kind: u32, [number, value]: &[Value; 2]) -> bool {
    let field = u32::try_from(number.bits()).ok();
    let field = field.and_then(|number| descriptors.field_by_number(kind, number));
    let zero = match field.map(|field| field.presence) {
        Some(Presence::Repeated | Presence::Map(_)) => value.is_empty(),
        Some(Presence::Implicit) => build::is_zero(value),
        Some(Presence::Explicit | Presence::Oneof(_)) | None => false,
    };
    !value.is_present() || zero
}

/// The store is full.
const fn full(_: EvalError) -> InputKind {
    InputKind::TooMuchRead
}
