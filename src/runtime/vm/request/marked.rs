//! Contexts as records hold them: JSON in which an object whose first key begins with `$` marks a
//! value, and another `$` begins a user's key that begins with one.
//!
//! In:      a context of a record.
//! Out:     as `ingest`; `Partial` where values are withheld.
//! Imports: `base`, `lang`, `runtime::bundle`, `runtime::program`.
//! Source:  `docs/records.md`, "The context".
//!
//! Marks are looked for with care only, so a context in which no key can be one is read as ever.
//! A `$` that is spelled as an escape marks nothing.

use crate::base::limits::RECORD_BYTES_MAX;
use crate::base::pointer;
use crate::lang::value::base64::{self, Alphabet};
use crate::lang::value::text;
use crate::lang::value::{Tag, Value, scan};
use crate::runtime::bundle::module::{NodeMode, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::program::paths::Node;
use crate::runtime::vm::partial::Partial;
use crate::runtime::vm::partial::unknown::{Class, Unknown, UnknownReference, Unknowns};
use crate::runtime::vm::request::conform::conform;
use crate::runtime::vm::request::error::{Expected, InputError, InputKind};
use crate::runtime::vm::request::reader::{Read, Text};
use crate::runtime::vm::request::walk::{FrameKind, Walk};
use crate::runtime::vm::request::whole::{expected, from_text, row};
use crate::runtime::vm::request::{Filled, Origin, answered, blank, read, spread};
use crate::runtime::vm::scratch::Scratch;

/// The input of a record.
#[derive(Debug)]
pub enum Recorded<'a> {
    /// All of it is known.
    Known(Filled<'a>),
    /// Some values are withheld.
    Partial(Partial<'a>),
}

impl<'a> Recorded<'a> {
    /// The input, if all of it is known.
    #[must_use]
    pub fn known(self) -> Option<Filled<'a>> {
        match self {
            Self::Known(filled) => Some(filled),
            Self::Partial(_) => None,
        }
    }

    /// Why the context was refused, if it was.
    #[must_use]
    pub const fn error(&self) -> Option<InputError> {
        match self {
            Self::Known(filled) => filled.error(),
            Self::Partial(partial) => partial.error(),
        }
    }
}

/// Reads the context of a record into the slots of a scratch: what a rule reads there is what it
/// read when the record was made, and what any other rule would have read.
#[must_use]
pub fn ingest_record<'a>(
    program: &'a Program,
    context: &'a [u8],
    scratch: &'a mut Scratch,
) -> Recorded<'a> {
    scratch.fit(program);
    let mut unknowns = Unknowns::default();
    let error = if context.len() > RECORD_BYTES_MAX {
        Some(InputError { kind: InputKind::TooLarge, offset: None, node: 0 })
    } else {
        let marks = may_hold_marks(context).then_some(&mut unknowns);
        read(program, context, scratch, (false, marks)).err()
    };
    scratch.origin = Origin::Record;
    let filled = Filled { program, scratch, request: context, error };
    if unknowns.is_empty() {
        Recorded::Known(filled)
    } else {
        Recorded::Partial(Partial::of(filled, unknowns))
    }
}

/// Reads a context in which kinds are marked as in records, and nothing is withheld: what a host
/// gives that has values which JSON cannot spell. Every decision about another one denies.
#[must_use]
pub fn ingest_typed<'a>(
    program: &'a Program,
    context: &'a [u8],
    scratch: &'a mut Scratch,
) -> Filled<'a> {
    let mut filled = match ingest_record(program, context, scratch) {
        Recorded::Known(filled) => filled,
        Recorded::Partial(partial) => {
            let error = Some(InputError { kind: InputKind::Syntax, offset: None, node: 0 });
            Filled { request: context, error, ..blank(program, partial.into_scratch()) }
        }
    };
    filled.error = filled.error.or_else(|| answered(&filled));
    filled
}

/// Whether a quote stands in front of a `$` anywhere.
pub(in crate::runtime) fn may_hold_marks(context: &[u8]) -> bool {
    const LEN: usize = 64;
    let is_mark = |quote: &u8, dollar: &u8| *quote == b'"' && *dollar == b'$';
    let behind = context.get(1..).unwrap_or_default();
    let (chunks, rest) = behind.as_chunks::<LEN>();
    let (before, last) = context.split_at(chunks.len() * LEN);
    let (firsts, _) = before.as_chunks::<LEN>();
    let in_chunk = |(quotes, dollars): (&[u8; LEN], &[u8; LEN])| {
        let pairs = quotes.iter().zip(dollars);
        pairs.fold(0, |found, (quote, dollar)| found | u8::from(is_mark(quote, dollar))) != 0
    };
    firsts.iter().zip(chunks).any(in_chunk)
        || last.iter().zip(rest).any(|(quote, dollar)| is_mark(quote, dollar))
}

impl Walk<'_, '_> {
    /// Reads a key and its colon; of a marked one what is the user's.
    #[inline]
    pub(in crate::runtime) fn key(&mut self) -> Read<Text> {
        let key = self.reader.key()?;
        if self.marks.is_none() { Ok(key) } else { self.users_key(key) }
    }

    fn users_key(&self, key: Text) -> Read<Text> {
        match self.reader.slice(key) {
            [b'$', b'$', ..] => Ok(key.behind_first()),
            // A mark that does not stand first, or beside others.
            [b'$', ..] => Err(InputKind::Syntax),
            _ => Ok(key),
        }
    }

    /// Reads a value that is marked, if one comes: the reader stands on a bracket.
    #[inline]
    pub(in crate::runtime) fn marked(&mut self) -> Read<Option<Value>> {
        if self.marks.is_none() { Ok(None) } else { self.mark() }
    }

    #[inline(never)]
    fn mark(&mut self) -> Read<Option<Value>> {
        let bytes = self.reader.bytes;
        let (quote, byte) = scan::token(bytes, self.reader.at + 1);
        let first = [scan::byte(bytes, quote + 1), scan::byte(bytes, quote + 2)];
        if byte != b'"' || first[0] != b'$' || first[1] == b'$' {
            return Ok(None);
        }
        self.reader.count()?;
        self.reader.at = quote;
        let key = self.reader.key()?;
        let value = match self.reader.slice(key) {
            b"$x" => return self.withheld().map(Some),
            b"$u" => {
                self.reader.peek();
                self.reader.number()?.uint()?
            }
            b"$b" => self.spelled(&TypeRow::Bytes)?,
            b"$ts" => self.spelled(&TypeRow::Timestamp)?,
            b"$d" => self.spelled(&TypeRow::Duration)?,
            b"$f" => {
                let value = self.spelled(&TypeRow::String)?;
                let parsed = text::parse_double(self.heap.str(&value)).ok();
                parsed.map(Value::double).ok_or(InputKind::Syntax)?
            }
            _ => return Err(InputKind::Syntax),
        };
        self.reader.expect(b'}')?;
        Ok(Some(value))
    }

    /// Reads a text as a value of a type.
    fn spelled(&mut self, ty: &TypeRow) -> Read<Value> {
        self.reader.peek();
        let text = self.reader.string()?;
        let value = self.text(text)?;
        let typed = if *ty == TypeRow::String {
            Some(value)
        } else if *ty == TypeRow::Bytes {
            base64::decode(self.heap, &value, Alphabet::Standard)
        } else {
            from_text(self.heap, ty, &value)
        };
        typed.ok_or(InputKind::Syntax)
    }

    /// Reads on what is known of a value that is withheld, to the end of the mark.
    fn withheld(&mut self) -> Read<Value> {
        let class = self.plain_text()?;
        let (mut kind, mut size, mut least, mut end) = (None, None, None, None);
        let (mut key, mut id) = (None, None);
        while self.reader.more(false, b'}')? {
            let name = self.reader.key()?;
            match self.reader.slice(name) {
                b"t" => kind = kind_of(&self.plain_text()?),
                b"k" => key = Some(self.plain_text()?),
                b"h" => id = Some(self.plain_text()?),
                b"n" => {
                    self.reader.peek();
                    let count = self.reader.number()?.uint()?;
                    size = Some(u32::try_from(count.bits()).map_err(|_| InputKind::NumberRange)?);
                }
                b"lo" => least = Some(self.bound()?),
                b"hi" => end = Some(self.bound()?),
                _ => self.reader.skip(self.frames.len())?,
            }
        }
        let class = match (class.as_str(), key, id) {
            ("drop", ..) => Class::Drop,
            ("seal", ..) => Class::Seal,
            ("hide", ..) => Class::Hide,
            ("token", Some(key), Some(id)) => Class::Token { key, id },
            ("shape", ..) => Class::Shape { size: size.ok_or(InputKind::Syntax)? },
            ("range", ..) => Class::Range {
                least: least.ok_or(InputKind::Syntax)?,
                end: end.ok_or(InputKind::Syntax)?,
            },
            _ => return Err(InputKind::Syntax),
        };
        let path = self.pointer()?;
        let unknowns = self.marks.as_mut().ok_or(InputKind::Syntax)?;
        Ok(unknowns.add(Unknown { path, kind, class }))
    }

    /// Reads a text that is kept apart from the input.
    fn plain_text(&mut self) -> Read<String> {
        let value = self.spelled(&TypeRow::String)?;
        Ok(self.heap.str(&value).to_owned())
    }

    /// Reads a bound of a range.
    fn bound(&mut self) -> Read<Value> {
        if self.reader.peek() == b'{' {
            // A time or a uint; what is withheld bounds nothing.
            let value = self.marked()?.ok_or(InputKind::Syntax)?;
            return if value.tag() == Tag::Unknown { Err(InputKind::Syntax) } else { Ok(value) };
        }
        self.reader.number()?.any()
    }

    /// Gives the marked value of node `at` to whoever waits for it; with `column` a row does.
    pub(in crate::runtime) fn give_marked(
        &mut self,
        (at, node, column): (u16, &Node, bool),
        value: &Value,
    ) -> Read<()> {
        if !column {
            return spread::set(self.program, self.heap, self.file, at, value);
        }
        let value = match (UnknownReference::of(value), node.mode) {
            (Some(withheld), _) => spread::hidden_cell(node, at, withheld),
            (None, NodeMode::Whole) => self.typed(value, node.ty)?,
            (None, NodeMode::Object(_)) => Value::bool(false),
            (None, NodeMode::Rows) => return Err(InputKind::WrongType(Expected::List)),
        };
        self.complete(value)
    }

    /// A marked value as type `ty`.
    pub(in crate::runtime) fn typed(&mut self, value: &Value, ty: u16) -> Read<Value> {
        let module = &self.program.module;
        let typed = conform(module, self.heap, value, ty);
        typed.ok_or_else(|| InputKind::WrongType(expected(row(module, ty))))
    }

    /// Puts the cells of a row that is withheld on the build stack.
    pub(in crate::runtime) fn marked_row(&mut self, node: &Node, value: &Value) -> Read<()> {
        let withheld = UnknownReference::of(value).ok_or(InputKind::WrongType(Expected::Object))?;
        for (at, column) in (node.first_child..).zip(self.program.paths.children(node)) {
            let cell = spread::hidden_cell(column, at, withheld.below());
            self.heap.store.push_stack(cell).map_err(|_| InputKind::TooMuchRead)?;
        }
        Ok(())
    }

    /// The path of the value that is being read, as a JSON Pointer.
    fn pointer(&self) -> Read<String> {
        let mut path = String::new();
        let heights = self.frames.iter().skip(1).map(|frame| frame.height as usize);
        let heights = heights.chain([self.heap.store.height()]);
        for (frame, behind) in self.frames.iter().zip(heights) {
            let key = match frame.kind {
                FrameKind::Object | FrameKind::Row => {
                    let node = self.program.paths.get(frame.pending).ok_or(InputKind::Syntax)?;
                    self.heap.str(&node.key).to_owned()
                }
                FrameKind::Rows | FrameKind::List => frame.count.saturating_sub(1).to_string(),
                FrameKind::Map => {
                    let key = behind.checked_sub(1).and_then(|at| self.heap.store.stack_at(at));
                    self.heap.str(&key.ok_or(InputKind::Syntax)?).to_owned()
                }
                // What messages hold is not withheld part by part.
                FrameKind::Context
                | FrameKind::Message
                | FrameKind::Any
                | FrameKind::AnyValue
                | FrameKind::Elements
                | FrameKind::Entries => return Err(InputKind::Syntax),
            };
            pointer::push(&mut path, &key);
        }
        Ok(path)
    }
}

/// The kind that a mark names; `None` for one that this build does not know.
fn kind_of(name: &str) -> Option<Tag> {
    Some(match name {
        "null" => Tag::Null,
        "bool" => Tag::Bool,
        "int" => Tag::Int,
        "uint" => Tag::Uint,
        "double" => Tag::Double,
        "string" => Tag::String,
        "bytes" => Tag::Bytes,
        "timestamp" => Tag::Timestamp,
        "duration" => Tag::Duration,
        "list" => Tag::List,
        "map" => Tag::Map,
        _ => return None,
    })
}
