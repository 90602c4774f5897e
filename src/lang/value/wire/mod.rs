//! Protocol Buffers bytes as values.
//!
//! In:      the bytes of a message, its type, the descriptors.
//! Out:     the value that CEL sees: a message, or what a well-known one stands for.
//! Imports: `base`.
//! Source:  the encoding guide of Protocol Buffers; CEL language definition, "Protocol Buffer Data
//!          Conversion".
//!
//! The fields of a message are written onto the build stack in the order in which they come, sorted
//! by number, and read from there: of a field that is no list the last one counts, of a choice the
//! last member, and several parts of one message are read as if they stood behind one another,
//! which is how the format merges. Text stays where it is; nothing is allocated. Recursion is
//! bounded by `WIRE_DEPTH_MAX`.

mod field;
mod token;

use crate::base::limits::WIRE_DEPTH_MAX;
use crate::lang::error::EvalError;
use crate::lang::value::heap::Heap;
use crate::lang::value::message::{WellKnown, build};
use crate::lang::value::wire::token::{Token, Tokens};
use crate::lang::value::{Space, Tag, Value};

pub use token::{WireError, WireFault};

/// Entries of one choice are sorted behind all fields, under the number of the choice.
const CHOICES: u64 = 1 << 29;

/// The value of the message of type `kind` whose bytes are those of `source`, bytes of any space.
///
/// # Errors
/// The first byte that is none of such a message. The build stack is as it was.
pub fn decode(heap: &mut Heap<'_>, kind: u32, source: &Value) -> Result<Value, WireError> {
    let height = heap.store.height();
    let mut decoder = Decoder { heap, base: source.off() as usize };
    let value = decoder.root(kind, source);
    if value.is_err() {
        heap.store.drop_stack(height);
    }
    value
}

/// The fields of such a message that `wanted` asks for by number, and those of its choices: number
/// and value by turns on the build stack.
///
/// # Errors
/// As `decode`; of fields that nobody wants only what stands at their tags is looked at.
pub fn fields(
    heap: &mut Heap<'_>,
    kind: u32,
    source: &Value,
    wanted: &dyn Fn(u32) -> bool,
) -> Result<(), WireError> {
    let height = heap.store.height();
    let mut decoder = Decoder { heap, base: source.off() as usize };
    let read = decoder.context(kind, source, wanted);
    if read.is_err() {
        heap.store.drop_stack(height);
    }
    read
}

type Decoded<T> = Result<T, WireError>;

/// The store is full; there is no byte to blame.
const fn full() -> WireError {
    WireError { at: 0, fault: WireFault::TooMuch }
}

struct Decoder<'d, 'h> {
    heap: &'d mut Heap<'h>,
    /// Where the outermost message begins in its space.
    base: usize,
}

/// A field as it was written, on the stack: `group` and the order of writing, then what it holds.
#[derive(Clone, Copy)]
struct Entry {
    /// The number of the field, or of its choice behind all numbers; 0 for what is not known.
    group: u64,
    /// The number of the field.
    number: u32,
    /// What it holds; of messages and maps the bytes.
    value: Value,
}

/// Pairs on the stack whose second values are the bytes of one message.
#[derive(Clone, Copy)]
struct Parts {
    first: usize,
    count: usize,
}

impl Entry {
    fn key(&self, order: usize) -> Value {
        // A timestamp is plain data, and has room for both numbers.
        let order = u64::try_from(order).unwrap_or(u64::MAX) & 0xFFFF_FFFF;
        Value::timestamp((self.group << 32 | order).cast_signed(), self.number)
    }

    fn of(pair: [Value; 2]) -> Self {
        let [key, value] = pair;
        Self { group: key.bits() >> 32, number: key.off(), value }
    }
}

impl Decoder<'_, '_> {
    fn root(&mut self, kind: u32, source: &Value) -> Decoded<Value> {
        let first = self.heap.store.height();
        self.push(Value::NULL)?;
        self.push(*source)?;
        let value = self.message(kind, Parts { first, count: 1 }, 0)?;
        self.heap.store.drop_stack(first);
        Ok(value)
    }

    fn context(&mut self, kind: u32, source: &Value, wanted: &dyn Fn(u32) -> bool) -> Decoded<()> {
        let first = self.heap.store.height();
        self.push(Value::NULL)?;
        self.push(*source)?;
        let top = self.pairs(kind, Parts { first, count: 1 }, 0, wanted)?;
        let len = self.heap.store.height() - top;
        self.heap.store.stack_mut(first).copy_within(top - first.., 0);
        self.heap.store.drop_stack(first + len);
        Ok(())
    }

    fn push(&mut self, value: Value) -> Decoded<()> {
        self.heap.store.push_stack(value).map_err(|_| full())
    }

    fn pair(&mut self, at: usize) -> [Value; 2] {
        let stack = self.heap.store.stack_mut(at);
        stack.first_chunk::<2>().copied().unwrap_or([Value::NULL; 2])
    }

    /// An error at byte `at` of `part`.
    fn error(&self, part: &Value, at: usize, fault: WireFault) -> WireError {
        WireError { at: (part.off() as usize).saturating_sub(self.base) + at, fault }
    }

    /// The bytes of `part` from `from` to `to`.
    fn sub(&self, part: &Value, from: usize, to: usize) -> Value {
        let bytes = self.heap.bytes(part).get(from..to).unwrap_or_default();
        let off = part.off().saturating_add(u32::try_from(from).unwrap_or(u32::MAX));
        Value::text(Tag::Bytes, part.space(), off, bytes)
    }

    /// The message of type `kind` that these parts make together.
    fn message(&mut self, kind: u32, parts: Parts, depth: usize) -> Decoded<Value> {
        let [_, begin] = self.pair(parts.first);
        if depth >= WIRE_DEPTH_MAX {
            return Err(self.error(&begin, 0, WireFault::TooDeep));
        }
        let base = self.heap.store.height();
        let top = self.pairs(kind, parts, depth, &|_| true)?;
        let value = match self.heap.descriptors.well_known(kind) {
            WellKnown::Any => self.any(kind, top, depth)?,
            WellKnown::Plain
            | WellKnown::Wrapper(_)
            | WellKnown::Value
            | WellKnown::Struct
            | WellKnown::List
            | WellKnown::Timestamp
            | WellKnown::Duration => {
                let made = build::finish(self.heap, kind, top);
                made.map_err(|class| {
                    let range = || self.error(&begin, 0, WireFault::Range);
                    if class == EvalError::Budget { full() } else { range() }
                })?
            }
        };
        self.heap.store.drop_stack(base);
        Ok(value)
    }

    /// Writes the entries of the parts onto the stack, and above them, from the height that it
    /// returns, the number and value of each field.
    fn pairs(
        &mut self,
        kind: u32,
        parts: Parts,
        depth: usize,
        wanted: &dyn Fn(u32) -> bool,
    ) -> Decoded<usize> {
        let base = self.heap.store.height();
        self.scan(kind, parts, wanted)?;
        let (entries, _) = self.heap.store.stack_mut(base).as_chunks_mut::<2>();
        entries.sort_unstable_by_key(|[key, _]| key.bits());
        let (mut at, top) = (base, self.heap.store.height());
        while at < top {
            let mut end = at + 2;
            let group = Entry::of(self.pair(at)).group;
            while end < top && Entry::of(self.pair(end)).group == group {
                end += 2;
            }
            self.field(kind, Parts { first: at, count: (end - at) / 2 }, depth)?;
            at = end;
        }
        Ok(top)
    }

    /// What the `Any` holds whose fields lie on the stack above `height`; the message itself where
    /// nobody knows the type of what it holds.
    fn any(&mut self, kind: u32, height: usize, depth: usize) -> Decoded<Value> {
        let off = self.heap.store.finish(height).map_err(|_| full())?;
        let len = (self.heap.store.elements().len() - off as usize) / 2;
        let len = u32::try_from(len).map_err(|_| full())?;
        let any = Value::message(Space::Arena, off, len, kind);
        let Some((kind, content)) = build::packed(&self.heap.view(), &any) else { return Ok(any) };
        let first = self.heap.store.height();
        self.push(Value::NULL)?;
        self.push(content)?;
        let value = self.message(kind, Parts { first, count: 1 }, depth + 1)?;
        self.heap.store.drop_stack(first);
        Ok(value)
    }

    /// Writes the fields of the parts onto the stack. Nobody may want a member of a choice, yet it
    /// takes the place of another.
    fn scan(&mut self, kind: u32, parts: Parts, wanted: &dyn Fn(u32) -> bool) -> Decoded<()> {
        let base = self.heap.store.height();
        for number in 0..parts.count {
            let [_, part] = self.pair(parts.first + 2 * number);
            let mut at = 0;
            while let Some(token) = self.token(&part, &mut at)? {
                let before = self.heap.store.height();
                self.known(kind, &part, token, at, base)?;
                let choice = Entry::of(self.pair(before)).group >= CHOICES;
                if !(choice || wanted(token.number)) {
                    self.heap.store.drop_stack(before);
                }
            }
        }
        Ok(())
    }

    fn token(&self, part: &Value, at: &mut usize) -> Decoded<Option<Token>> {
        let mut tokens = Tokens { bytes: self.heap.bytes(part), at: *at };
        let token = tokens.next();
        *at = tokens.at;
        token.map_err(|error| self.error(part, error.at, error.fault))
    }

    fn enter(&mut self, base: usize, entry: Entry) -> Decoded<()> {
        let order = (self.heap.store.height() - base) / 2;
        self.push(entry.key(order))?;
        self.push(entry.value)
    }
}
