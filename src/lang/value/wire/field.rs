//! The fields of a message: from what is written to values.
//!
//! In:      tokens, and then the entries of one field on the stack.
//! Out:     entries, and then pairs of number and value.
//! Imports: its own room alone.

use crate::lang::value::map::key_order;
use crate::lang::value::message::{Field, Kind, Presence, build};
use crate::lang::value::wire::token::{Payload, Token, Tokens, WireFault};
use crate::lang::value::wire::{CHOICES, Decoded, Decoder, Entry, Parts, full};
use crate::lang::value::{Space, Tag, Value, map};

/// A number as it is written.
#[derive(Clone, Copy)]
enum Raw {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
}

impl Decoder<'_, '_> {
    /// Enters a field, which ends at `end` of `part`: as what its declaration says, or as unknown.
    pub(super) fn known(
        &mut self,
        kind: u32,
        part: &Value,
        token: Token,
        end: usize,
        base: usize,
    ) -> Decoded<()> {
        let Some(field) = self.heap.descriptors.field_by_number(kind, token.number).copied() else {
            return self.unknown(part, token, end, base);
        };
        let group = match field.presence {
            Presence::Oneof(choice) => CHOICES + u64::from(choice),
            Presence::Implicit | Presence::Explicit | Presence::Repeated | Presence::Map(_) => {
                u64::from(field.number)
            }
        };
        let entry = |value| Entry { group, number: field.number, value };
        let wrong = self.error(part, token.start, WireFault::WireType);
        if let Payload::Bytes(from, to) = token.payload
            && field.presence == Presence::Repeated
            && raw_of(field.kind).is_some()
        {
            return self.packed(&field, part, (from, to), base);
        }
        let value = match (field.presence, field.kind, token.payload) {
            (Presence::Map(_), _, Payload::Bytes(from, to)) => self.sub(part, from, to),
            (Presence::Map(_), ..) => return Err(wrong),
            (_, Kind::Message { group: false, .. }, Payload::Bytes(from, to))
            | (_, Kind::Message { group: true, .. }, Payload::Group(from, to)) => {
                self.sub(part, from, to)
            }
            (_, kind, _) => match self.single(kind, part, token)? {
                Some(value) => value,
                None => return self.unknown(part, token, end, base),
            },
        };
        self.enter(base, entry(value))
    }
}

impl Decoder<'_, '_> {
    /// A single value that is no message; `None` for a number that its closed enum does not have.
    fn single(&mut self, kind: Kind, part: &Value, token: Token) -> Decoded<Option<Value>> {
        let raw = match token.payload {
            Payload::Varint(value) => Raw::Varint(value),
            Payload::Fixed64(value) => Raw::Fixed64(value),
            Payload::Fixed32(value) => Raw::Fixed32(value),
            Payload::Bytes(from, to) if matches!(kind, Kind::String | Kind::Bytes) => {
                return self.text(kind, part, from, to).map(Some);
            }
            Payload::Bytes(..) | Payload::Group(..) => {
                return Err(self.error(part, token.start, WireFault::WireType));
            }
        };
        match self.number(kind, raw) {
            Some(value) => Ok(value),
            None => Err(self.error(part, token.start, WireFault::WireType)),
        }
    }

    fn text(&self, kind: Kind, part: &Value, from: usize, to: usize) -> Decoded<Value> {
        let bytes = self.sub(part, from, to);
        if kind == Kind::Bytes {
            return Ok(bytes);
        }
        let text = self.heap.bytes(&bytes);
        match std::str::from_utf8(text) {
            Ok(_) => Ok(Value::text(Tag::String, bytes.space(), bytes.off(), text)),
            Err(error) => Err(self.error(&bytes, error.valid_up_to(), WireFault::NotUtf8)),
        }
    }

    /// A number of this kind; `None` if it is written in another way, `Some(None)` for one that its
    /// closed enum does not have.
    #[expect(clippy::cast_possible_truncation, reason = "so the format reads 32 bits of a varint")]
    #[expect(clippy::option_option, reason = "no such number, and no number at all, differ")]
    fn number(&self, kind: Kind, raw: Raw) -> Option<Option<Value>> {
        let value = match (kind, raw) {
            (Kind::Double, Raw::Fixed64(bits)) => Value::double(f64::from_bits(bits)),
            (Kind::Float, Raw::Fixed32(bits)) => Value::double(f32::from_bits(bits).into()),
            (Kind::Int32, Raw::Varint(bits)) => Value::int((bits as u32).cast_signed().into()),
            (Kind::Int64, Raw::Varint(bits)) | (Kind::Sfixed64, Raw::Fixed64(bits)) => {
                Value::int(bits.cast_signed())
            }
            (Kind::Uint32, Raw::Varint(bits)) => Value::uint((bits as u32).into()),
            (Kind::Uint64, Raw::Varint(bits)) | (Kind::Fixed64, Raw::Fixed64(bits)) => {
                Value::uint(bits)
            }
            (Kind::Sint32, Raw::Varint(bits)) => {
                let bits = bits as u32;
                Value::int(((bits >> 1).cast_signed() ^ -(bits & 1).cast_signed()).into())
            }
            (Kind::Sint64, Raw::Varint(bits)) => {
                Value::int((bits >> 1).cast_signed() ^ -(bits & 1).cast_signed())
            }
            (Kind::Fixed32, Raw::Fixed32(bits)) => Value::uint(bits.into()),
            (Kind::Sfixed32, Raw::Fixed32(bits)) => Value::int(bits.cast_signed().into()),
            (Kind::Bool, Raw::Varint(bits)) => Value::bool(bits != 0),
            (Kind::Enum(kind), Raw::Varint(bits)) => {
                let (number, known) = ((bits as u32).cast_signed(), self.heap.descriptors);
                return Some(
                    (!known.refuses(kind, number)).then(|| known.enum_value(kind, number)),
                );
            }
            _ => return None,
        };
        Some(Some(value))
    }

    /// Enters the elements that stand behind one another from `from` to `to`.
    fn packed(
        &mut self,
        field: &Field,
        part: &Value,
        (from, to): (usize, usize),
        base: usize,
    ) -> Decoded<()> {
        let group = u64::from(field.number);
        let mut at = from;
        while at < to {
            let bytes = self.heap.bytes(part).get(..to).unwrap_or_default();
            let mut tokens = Tokens { bytes, at };
            let raw = match raw_of(field.kind) {
                Some(Packed::Varint) => tokens.varint().map(Raw::Varint),
                Some(Packed::Fixed64) => tokens.fixed64().map(Raw::Fixed64),
                Some(Packed::Fixed32) | None => tokens.fixed32().map(Raw::Fixed32),
            };
            let after = tokens.at;
            let raw = raw.map_err(|error| self.error(part, error.at, error.fault))?;
            match self.number(field.kind, raw) {
                Some(Some(value)) => {
                    self.enter(base, Entry { group, number: field.number, value })?;
                }
                Some(None) | None => self.unknown_element(field.number, part, (at, after), base)?,
            }
            at = after;
        }
        Ok(())
    }

    /// Enters a field that is not known, from its tag to its end.
    fn unknown(&mut self, part: &Value, token: Token, end: usize, base: usize) -> Decoded<()> {
        let value = self.sub(part, token.start, end);
        self.enter(base, Entry { group: 0, number: 0, value })
    }

    /// Enters an element of a packed list as a field of its own, since its enum does not have it.
    fn unknown_element(
        &mut self,
        number: u32,
        part: &Value,
        (from, to): (usize, usize),
        base: usize,
    ) -> Decoded<()> {
        let start = self.heap.store.text().len();
        let mut tag = u64::from(number) << 3;
        while tag >= 0x80 {
            let digit = u8::try_from(tag & 0x7F).unwrap_or_default() | 0x80;
            self.heap.store.push_text(&[digit]).map_err(|_| full())?;
            tag >>= 7;
        }
        let last = u8::try_from(tag).unwrap_or_default();
        self.heap.store.push_text(&[last]).map_err(|_| full())?;
        let element = self.sub(part, from, to);
        self.heap.append(&element).map_err(|_| full())?;
        let value = self.heap.finish_text(Tag::Bytes, start).map_err(|_| full())?;
        self.enter(base, Entry { group: 0, number: 0, value })
    }

    /// Makes the value of the field whose entries are `parts`, in order of writing, and pushes its
    /// number and the value.
    pub(super) fn field(&mut self, kind: u32, parts: Parts, depth: usize) -> Decoded<()> {
        let last = Entry::of(self.pair(parts.first + 2 * parts.count.saturating_sub(1)));
        if last.group == 0 {
            let value = self.unknown_bytes(parts)?;
            return self.give(0, value);
        }
        // Of a choice counts what was written of its last member, from where it became that; what
        // came before must be readable all the same.
        let (mut at, mut made) = (0, None);
        while at < parts.count {
            let first = parts.first + 2 * at;
            let number = Entry::of(self.pair(first)).number;
            let mut count = 1;
            while at + count < parts.count
                && Entry::of(self.pair(first + 2 * count)).number == number
            {
                count += 1;
            }
            made = self.run(kind, Parts { first, count }, depth)?;
            at += count;
        }
        match made {
            Some((number, value)) => self.give(number, value),
            None => Ok(()),
        }
    }

    /// What entries of one field make; `None` if it is not set for all that.
    fn run(&mut self, kind: u32, parts: Parts, depth: usize) -> Decoded<Option<(u32, Value)>> {
        let last = Entry::of(self.pair(parts.first + 2 * (parts.count - 1)));
        let Some(field) = self.heap.descriptors.field_by_number(kind, last.number).copied() else {
            return Ok(None);
        };
        let value = match (field.presence, field.kind) {
            (Presence::Repeated, _) => self.list(&field, parts, depth)?,
            (Presence::Map(key), _) => self.map(key, field.kind, parts, depth)?,
            (_, Kind::Message { kind, .. }) => self.message(kind, parts, depth + 1)?,
            (Presence::Implicit, _) if build::is_zero(&last.value) => return Ok(None),
            _ => last.value,
        };
        Ok(Some((field.number, value)))
    }

    fn give(&mut self, number: u32, value: Value) -> Decoded<()> {
        self.push(Value::int(number.into()))?;
        self.push(value)
    }

    /// All that is not known, as one text.
    fn unknown_bytes(&mut self, parts: Parts) -> Decoded<Value> {
        let value = |decoder: &mut Self, at: usize| decoder.pair(parts.first + 2 * at)[1];
        let first = value(self, 0);
        if parts.count == 1 {
            return Ok(first);
        }
        let start = self.heap.store.text().len();
        for at in 0..parts.count {
            let piece = value(self, at);
            self.heap.append(&piece).map_err(|_| full())?;
        }
        self.heap.finish_text(Tag::Bytes, start).map_err(|_| full())
    }

    fn list(&mut self, field: &Field, parts: Parts, depth: usize) -> Decoded<Value> {
        let height = self.heap.store.height();
        for at in 0..parts.count {
            let first = parts.first + 2 * at;
            let value = if let Kind::Message { kind, .. } = field.kind {
                self.message(kind, Parts { first, count: 1 }, depth + 1)?
            } else {
                Entry::of(self.pair(first)).value
            };
            self.push(value)?;
        }
        let off = self.heap.store.finish(height).map_err(|_| full())?;
        let len = u32::try_from(parts.count).map_err(|_| full())?;
        Ok(Value::list(Space::Arena, off, len, 1))
    }

    /// The map of these entries; of several with one key the last one counts.
    fn map(&mut self, key: Kind, value: Kind, parts: Parts, depth: usize) -> Decoded<Value> {
        let height = self.heap.store.height();
        for at in 0..parts.count {
            let [_, entry] = self.pair(parts.first + 2 * at);
            let (key, value) = self.map_entry(key, value, &entry, depth)?;
            self.push(key)?;
            self.push(Value::int(i64::try_from(at).unwrap_or(i64::MAX)))?;
            self.push(value)?;
        }
        let (view, stack) = self.heap.split(height);
        let (entries, _) = stack.as_chunks_mut::<3>();
        entries.sort_unstable_by(|[a, first, _], [b, second, _]| {
            key_order(&view, a, b).then(first.signed().cmp(&second.signed()))
        });
        let mut kept = 0;
        for at in 0..entries.len() {
            let [key, _, value] = entries.get(at).copied().unwrap_or([Value::NULL; 3]);
            let next = entries.get(at + 1);
            if next.is_some_and(|[next, ..]| key_order(&view, &key, next).is_eq()) {
                continue;
            }
            // What is kept is shorter than what was looked at.
            if let Some(pair) = stack_pair(entries.as_flattened_mut(), kept) {
                *pair = [key, value];
            }
            kept += 1;
        }
        self.heap.store.drop_stack(height + 2 * kept);
        map::finish(self.heap, height).map_err(|_| full())
    }
}

fn stack_pair(stack: &mut [Value], at: usize) -> Option<&mut [Value; 2]> {
    stack.as_chunks_mut::<2>().0.get_mut(at)
}

/// How the elements of a packed list are written.
#[derive(Clone, Copy)]
enum Packed {
    Varint,
    Fixed64,
    Fixed32,
}

/// How numbers of this kind are written; `None` for what is no number.
const fn raw_of(kind: Kind) -> Option<Packed> {
    match kind {
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => Some(Packed::Fixed64),
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => Some(Packed::Fixed32),
        Kind::Int32
        | Kind::Int64
        | Kind::Uint32
        | Kind::Uint64
        | Kind::Sint32
        | Kind::Sint64
        | Kind::Bool
        | Kind::Enum(_) => Some(Packed::Varint),
        Kind::String | Kind::Bytes | Kind::Message { .. } => None,
    }
}

impl Decoder<'_, '_> {
    /// What a part of an entry is that was left out.
    fn zero(&self, kind: Kind) -> Value {
        if let Kind::Enum(of) = kind {
            return self.heap.descriptors.enum_value(of, 0);
        }
        kind.zero()
    }

    /// Key and value of an entry of a map: a message with the fields 1 and 2, of which each may be
    /// left out.
    fn map_entry(
        &mut self,
        key: Kind,
        value: Kind,
        part: &Value,
        depth: usize,
    ) -> Decoded<(Value, Value)> {
        let first = self.heap.store.height();
        let (mut found_key, mut found) = (self.zero(key), self.zero(value));
        let mut at = 0;
        while let Some(token) = self.token(part, &mut at)? {
            match (token.number, value, token.payload) {
                (1, ..) => found_key = self.single(key, part, token)?.unwrap_or(found_key),
                (2, Kind::Message { .. }, Payload::Bytes(from, to)) => {
                    let bytes = self.sub(part, from, to);
                    self.push(Value::NULL)?;
                    self.push(bytes)?;
                }
                (2, ..) => found = self.single(value, part, token)?.unwrap_or(found),
                _ => {}
            }
        }
        if let Kind::Message { kind, .. } = value {
            let count = (self.heap.store.height() - first) / 2;
            found = self.message(kind, Parts { first, count }, depth + 1)?;
            self.heap.store.drop_stack(first);
        }
        Ok((found_key, found))
    }
}
