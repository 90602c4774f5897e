//! Reads a context once, guided by the path trie: what a rule reads goes to slots, what nobody
//! reads is checked and skipped.
//!
//! In:      JSON that is UTF-8.
//! Out:     slots, and text and elements in the store.
//! Imports: `base`, `lang`, `runtime::bundle`, `runtime::program`.
//!
//! Open containers wait on a stack of their own, so nesting costs no stack of the machine.

use crate::base::limits::CONTEXT_DEPTH_MAX;
use crate::lang::value::heap::Heap;
use crate::lang::value::{Space, Tag, Value};
use crate::runtime::bundle::module::{NONE, NodeMode, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::program::paths::{Leaf, Node};
use crate::runtime::vm::partial::unknown::Unknowns;
use crate::runtime::vm::request::error::{Expected, InputError, InputKind};
use crate::runtime::vm::request::members::Stop;
use crate::runtime::vm::request::number;
use crate::runtime::vm::request::reader::{Read, Reader, Text};
use crate::runtime::vm::request::result;
use crate::runtime::vm::request::spread;
use crate::runtime::vm::request::whole::type_row;

/// An open container.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Frame {
    pub(in crate::runtime) kind: FrameKind,
    /// Node of the path trie, or `NONE`.
    pub(in crate::runtime) node: u16,
    /// Height of the build stack when it was opened.
    pub(in crate::runtime) height: u32,
    /// Members or items so far.
    pub(in crate::runtime) count: u32,
    /// Mark of this object in `NodeHistory::stamp`.
    pub(in crate::runtime) stamp: u32,
    /// The child node whose value is being read, or the type of the values of a list or map.
    pub(in crate::runtime) pending: u16,
    /// Type of the container, where it is read whole.
    pub(in crate::runtime) ty: u16,
    /// The child node that was read last, `NONE` before the first.
    pub(in crate::runtime) last: u16,
}

/// What is known of a node of the path trie from what was read before.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct NodeHistory {
    /// The object in which its key was seen last.
    pub(in crate::runtime) stamp: u32,
    /// The child that came first the last time; only a guess.
    pub(in crate::runtime) first: u16,
    /// The sibling that came next the last time; only a guess.
    pub(in crate::runtime) next: u16,
}

impl NodeHistory {
    pub(in crate::runtime) const NEW: Self = Self { stamp: 0, first: NONE, next: NONE };
}

/// What is done with the parts of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runtime) enum FrameKind {
    /// An object whose children go to slots.
    Object,
    /// A list of objects.
    Rows,
    /// An object whose children are columns; they lie at the frame's height.
    Row,
    /// A list that is read whole.
    List,
    /// An object that is read whole.
    Map,
    /// The fields of the message that the context is; they go to slots. Of this kind and those
    /// below `ty` is the type of the message.
    Context,
    /// The fields of a message.
    Message,
    /// The fields of the message that an `Any` holds.
    Any,
    /// The content of an `Any` under a key of its own.
    AnyValue,
    /// The elements of the field at position `pending` of the message; `NONE`: any JSON values.
    Elements,
    /// The entries of such a field, or an object of any JSON values.
    Entries,
}

/// One reading of one context.
pub(in crate::runtime) struct Walk<'a, 'h> {
    pub(in crate::runtime) program: &'a Program,
    pub(in crate::runtime) reader: Reader<'a>,
    pub(in crate::runtime) heap: &'a mut Heap<'h>,
    pub(in crate::runtime) file: &'a mut [Value],
    pub(in crate::runtime) frames: &'a mut Vec<Frame>,
    pub(in crate::runtime) trails: &'a mut [NodeHistory],
    pub(in crate::runtime) objects: &'a mut u32,
    /// Whether text must be copied, because the bytes go away.
    pub(in crate::runtime) copy: bool,
    /// Where values may be marked: what is withheld.
    pub(in crate::runtime) marks: Option<&'a mut Unknowns>,
}

impl Walk<'_, '_> {
    /// Reads the context; if it is `alone`, nothing may stand behind it. The place behind it.
    pub(in crate::runtime) fn context(&mut self, alone: bool) -> Result<u32, InputError> {
        let result = self.all(alone);
        result.map_err(|kind| {
            let top = self.frames.last();
            let node = top.map_or(0, |frame| match frame.kind {
                FrameKind::Object | FrameKind::Row | FrameKind::Context
                    if frame.pending != NONE =>
                {
                    frame.pending
                }
                FrameKind::Object
                | FrameKind::Row
                | FrameKind::Rows
                | FrameKind::List
                | FrameKind::Map
                | FrameKind::Context
                | FrameKind::Message
                | FrameKind::Any
                | FrameKind::AnyValue
                | FrameKind::Elements
                | FrameKind::Entries => frame.node,
            });
            // Parts of what is read whole have no node: the nearest one around them is named.
            let outer = self.frames.iter().rev().find(|frame| frame.node != NONE);
            let node = if node == NONE { outer.map_or(0, |frame| frame.node) } else { node };
            InputError { kind, offset: Some(self.reader.at as usize), node }
        })
    }

    fn all(&mut self, alone: bool) -> Read<u32> {
        self.frames.clear();
        match self.reader.peek() {
            b'{' => {}
            b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
                return Err(InputKind::NotAnObject);
            }
            _ if self.reader.bytes.starts_with("\u{FEFF}".as_bytes()) => {
                return Err(InputKind::ByteOrderMark);
            }
            _ => return Err(self.reader.unexpected()),
        }
        if let Some(message) = &self.program.context {
            self.reader.count()?;
            let kind = u16::try_from(message.kind).unwrap_or(NONE);
            self.open(FrameKind::Context, 0, NONE, kind)?;
        } else {
            let root = self.program.paths.get(0).ok_or(InputKind::Syntax)?;
            self.node(0, root)?;
        }
        self.finish_open()?;
        let end = self.reader.at;
        if alone {
            self.reader.peek();
            if !self.reader.is_at_end() {
                return Err(InputKind::Trailing);
            }
        }
        Ok(end)
    }

    /// Goes on until every container is closed.
    pub(in crate::runtime) fn finish_open(&mut self) -> Read<()> {
        while let Some(frame) = self.frames.last().copied() {
            match frame.kind {
                FrameKind::Object | FrameKind::Row => self.members()?,
                FrameKind::Rows => self.row(frame)?,
                FrameKind::List => self.item(frame)?,
                FrameKind::Map => self.entry(frame)?,
                FrameKind::Context | FrameKind::Message | FrameKind::Any => self.fields(frame)?,
                FrameKind::AnyValue => self.any_value(frame)?,
                FrameKind::Elements => self.elements(frame)?,
                FrameKind::Entries => self.pairs(frame)?,
            }
        }
        Ok(())
    }

    /// Opens a container: the reader stands on its bracket.
    pub(in crate::runtime) fn open(
        &mut self,
        kind: FrameKind,
        node: u16,
        pending: u16,
        ty: u16,
    ) -> Read<()> {
        if self.frames.len() >= CONTEXT_DEPTH_MAX {
            return Err(InputKind::TooDeep);
        }
        self.reader.at += 1;
        let height = u32::try_from(self.heap.store.height()).unwrap_or(u32::MAX);
        let stamp = self.stamp();
        self.frames.push(Frame { kind, node, height, count: 0, stamp, pending, ty, last: NONE });
        Ok(())
    }

    #[inline]
    pub(in crate::runtime) fn stamp(&mut self) -> u32 {
        *self.objects = self.objects.wrapping_add(1);
        if *self.objects == 0 {
            self.trails.fill(NodeHistory::NEW);
            *self.objects = 1;
        }
        *self.objects
    }

    pub(in crate::runtime) fn set_top(&mut self, frame: Frame) {
        if let Some(top) = self.frames.last_mut() {
            *top = frame;
        }
    }

    /// Reads members of an object or a row: what is spelled as it mostly is first, then one step
    /// with care.
    fn members(&mut self) -> Read<()> {
        let stop = if self.marks.is_none() { self.quick() } else { Stop::Member };
        let Some(frame) = self.frames.last().copied() else { return Ok(()) };
        match stop {
            Stop::Left => Ok(()),
            Stop::Member => self.member(frame),
            Stop::Value(at, _) => self.value(frame, at),
            Stop::Unread(_) => self.unread(frame),
        }
    }

    /// Reads one member, or the end of the object, with care.
    fn member(&mut self, mut frame: Frame) -> Read<()> {
        let program = self.program;
        let Some(node) = program.paths.get(frame.node) else { return Err(InputKind::Syntax) };
        let more = self.reader.more(frame.count == 0, b'}');
        if !more.map_err(|kind| self.between(frame, kind))? {
            frame.pending = NONE;
            self.set_top(frame);
            return self.close_object(frame, node);
        }
        frame.count += 1;
        let start = self.reader.at;
        let text = self.key().map_err(|kind| self.between(frame, kind))?;
        let child = self.child(node, text).map_err(|kind| self.between(frame, kind))?;
        let Some(number) = child else { return self.unread(frame) };
        let at = node.first_child + number;
        if !self.is_new(&frame, at) {
            self.reader.at = start;
            return Err(self.at_member(frame, at, InputKind::DuplicateKey));
        }
        self.learn(frame.node, frame.last, at);
        frame.last = at;
        self.value(frame, at)
    }

    /// Whether the child at node `at` comes for the first time in this object.
    #[inline]
    pub(in crate::runtime) fn is_new(&mut self, frame: &Frame, at: u16) -> bool {
        let trail = self.trails.get_mut(usize::from(at));
        trail.is_some_and(|trail| std::mem::replace(&mut trail.stamp, frame.stamp) != frame.stamp)
    }

    /// Keeps in mind that `child` of node `of` comes behind its child `last`, or as the first.
    #[inline]
    pub(in crate::runtime) fn learn(&mut self, of: u16, last: u16, child: u16) {
        let from = if last == NONE { of } else { last };
        if let Some(trail) = self.trails.get_mut(usize::from(from)) {
            *if last == NONE { &mut trail.first } else { &mut trail.next } = child;
        }
    }

    /// Reads the value of the child at node `at`; its key is read.
    fn value(&mut self, mut frame: Frame, at: u16) -> Read<()> {
        let child = self.program.paths.get(at).ok_or(InputKind::Syntax)?;
        let leaf = self.leaf(child.leaf);
        frame.pending = at;
        self.set_top(frame);
        match leaf? {
            Some(value) => self.complete(value),
            None => self.node(at, child),
        }
    }

    /// Goes past a value that nobody reads; its key is read.
    fn unread(&mut self, frame: Frame) -> Read<()> {
        self.set_top(Frame { pending: NONE, ..frame });
        self.reader.skip(self.frames.len())
    }

    /// Where no member is being read, it is the object that a failure is about.
    #[cold]
    fn between(&mut self, frame: Frame, kind: InputKind) -> InputKind {
        self.at_member(frame, NONE, kind)
    }

    /// A failure about the member of `frame` whose node is `at`.
    #[cold]
    fn at_member(&mut self, frame: Frame, at: u16, kind: InputKind) -> InputKind {
        self.set_top(Frame { pending: at, ..frame });
        kind
    }

    /// Reads a value that is of the kind that is wanted, and spelled as it mostly is. `None`, and
    /// nothing but white space is read, if it is anything else: then `whole` reads it.
    #[inline]
    pub(in crate::runtime) fn leaf(&mut self, leaf: Leaf) -> Read<Option<Value>> {
        let byte = self.reader.peek();
        let value = match leaf {
            Leaf::Int => number::short_int(self.reader.bytes, self.reader.at).map(|(int, end)| {
                self.reader.at = end;
                Value::int(int)
            }),
            Leaf::String if byte == b'"' => {
                let text = self.reader.string()?;
                Some(self.text(text)?)
            }
            Leaf::Bool if byte == b't' => {
                self.reader.word(b"true")?;
                Some(Value::bool(true))
            }
            Leaf::Bool if byte == b'f' => {
                self.reader.word(b"false")?;
                Some(Value::bool(false))
            }
            Leaf::Double if byte.is_ascii_digit() => {
                let start = self.reader.at;
                let value = self.reader.number()?.double();
                Some(value.inspect_err(|_| self.reader.at = start)?)
            }
            Leaf::Bool | Leaf::Double | Leaf::String | Leaf::None => None,
        };
        if value.is_some() {
            self.reader.count()?;
        }
        Ok(value)
    }

    /// The child of `node` under a key, by its number. Any other key is kept until the object is
    /// closed, to see whether it is given twice.
    fn child(&mut self, node: &Node, key: Text) -> Read<Option<u16>> {
        let program = self.program;
        // The text of a key need not outlast the bytes that are read.
        let bytes = self.reader.slice(key);
        let name = if key.is_escaped() {
            self.unescape(bytes)?
        } else {
            Value::text(Tag::String, Space::Request, key.start, bytes)
        };
        if let Some(number) = program.paths.child(node, &program.text, self.heap.bytes(&name)) {
            return Ok(Some(number));
        }
        self.heap.store.push_stack(name).map_err(|_| InputKind::TooMuchRead)?;
        Ok(None)
    }

    /// Ends an object or a row.
    fn close_object(&mut self, frame: Frame, node: &Node) -> Read<()> {
        let row = frame.kind == FrameKind::Row;
        let columns = if row { usize::from(node.children) } else { 0 };
        let height = frame.height as usize + columns;
        let (view, others) = self.heap.split(height);
        if others.len() > 1 {
            let order = |a: &Value, b: &Value| {
                let by_bits = a.bits().cmp(&b.bits());
                by_bits.then_with(|| view.bytes(a).cmp(view.bytes(b)))
            };
            others.sort_unstable_by(order);
            if let Some([a, b]) = others.array_windows().find(|[a, b]| order(a, b).is_eq()) {
                // Without escapes the key lies where it was read; else the object's end is named.
                let quote = a.off().max(b.off()).saturating_sub(1);
                let read = a.space() == Space::Request && b.space() == Space::Request;
                self.reader.at = if read { quote } else { self.reader.at.saturating_sub(1) };
                return Err(InputKind::DuplicateKey);
            }
        }
        self.heap.store.drop_stack(height);
        if row {
            let values = self.heap.store.stack_mut(frame.height as usize);
            if !is_filled(self.program, node, values) {
                return Err(InputKind::MissingField);
            }
        }
        self.frames.pop();
        Ok(())
    }

    /// Reads the next row of a list of rows, or its end.
    fn row(&mut self, mut frame: Frame) -> Read<()> {
        if !self.reader.more(frame.count == 0, b']')? {
            let node = self.program.paths.get(frame.node);
            let columns = node.map_or(0, |node| node.children);
            let off = self.heap.store.finish(frame.height as usize);
            let off = off.map_err(|_| InputKind::TooMuchRead)?;
            self.frames.pop();
            return self.complete(Value::list(Space::Arena, off, frame.count, columns));
        }
        frame.count += 1;
        self.set_top(frame);
        let Some(node) = self.program.paths.get(frame.node) else { return Err(InputKind::Syntax) };
        self.limit(node.ty, frame.count)?;
        self.reader.count()?;
        if self.reader.peek() != b'{' {
            return Err(InputKind::WrongType(Expected::Object));
        }
        if let Some(value) = self.marked()? {
            return self.marked_row(node, &value);
        }
        self.open(FrameKind::Row, frame.node, NONE, NONE)?;
        let columns = usize::from(node.children);
        self.heap.store.push_absent(columns).map_err(|_| InputKind::TooMuchRead)
    }

    /// Refuses an item beyond the most that a list type allows.
    pub(in crate::runtime) fn limit(&self, ty: u16, count: u32) -> Read<()> {
        let row = type_row(&self.program.module, ty);
        let long = matches!(row, TypeRow::List(_, Some(most)) if count > *most);
        if long { Err(InputKind::TooLong) } else { Ok(()) }
    }

    /// Reads the value of a node.
    fn node(&mut self, at: u16, node: &Node) -> Read<()> {
        let byte = self.reader.peek();
        let column = self.frames.last().is_some_and(|frame| frame.kind == FrameKind::Row);
        if byte == b'{'
            && let Some(value) = self.marked()?
        {
            return self.give_marked((at, node, column), &value);
        }
        match node.mode {
            NodeMode::Whole => match self.whole(node.ty, at)? {
                Some(value) => self.complete(value),
                None => Ok(()),
            },
            NodeMode::Rows => {
                self.reader.count()?;
                if byte != b'[' {
                    return Err(InputKind::WrongType(Expected::List));
                }
                self.open(FrameKind::Rows, at, NONE, node.ty)
            }
            // A column has no slots below it; its presence is all that a rule can ask.
            NodeMode::Object(_) if column => {
                self.reader.skip(self.frames.len())?;
                self.complete(Value::bool(byte == b'{'))
            }
            NodeMode::Object(strict) => {
                self.present(node, byte == b'{');
                if byte == b'{' {
                    self.reader.count()?;
                    return self.open(FrameKind::Object, at, NONE, NONE);
                }
                if strict {
                    return Err(InputKind::WrongType(Expected::Object));
                }
                self.reader.skip(self.frames.len())
            }
        }
    }

    #[inline]
    pub(in crate::runtime) fn present(&mut self, node: &Node, object: bool) {
        if let Some(slot) = self.file.get_mut(usize::from(node.presence)) {
            *slot = Value::bool(object);
        }
    }

    /// Gives a value to whoever waits for it.
    pub(in crate::runtime) fn complete(&mut self, value: Value) -> Read<()> {
        let Some(frame) = self.frames.last_mut() else {
            // The context itself, read whole.
            return self.store(0, value);
        };
        match frame.kind {
            FrameKind::Object => {
                let pending = frame.pending;
                self.store(pending, value)
            }
            FrameKind::Row => {
                let node = self.program.paths.get(frame.node);
                let first = node.map_or(0, |node| node.first_child);
                let column = usize::from(frame.pending.saturating_sub(first));
                let (_, columns) = self.heap.split(frame.height as usize);
                match columns.get_mut(column) {
                    Some(place) => *place = value,
                    None => return Err(InputKind::Syntax),
                }
                Ok(())
            }
            FrameKind::Context => {
                let pending = frame.pending;
                if value.is_present() {
                    self.store(pending, value)?;
                }
                self.heap.store.push_stack(value).map_err(|_| InputKind::TooMuchRead)
            }
            FrameKind::List
            | FrameKind::Map
            | FrameKind::Message
            | FrameKind::Any
            | FrameKind::AnyValue
            | FrameKind::Elements
            | FrameKind::Entries => {
                self.heap.store.push_stack(value).map_err(|_| InputKind::TooMuchRead)
            }
            FrameKind::Rows => Err(InputKind::Syntax),
        }
    }

    /// Puts the value of a node into its slot, and what its children read of it into theirs.
    fn store(&mut self, at: u16, value: Value) -> Read<()> {
        spread::store(self.program, self.heap, self.file, at, value)
    }

    /// The text between quotes as a string value.
    pub(in crate::runtime) fn text(&mut self, text: Text) -> Read<Value> {
        let bytes = self.reader.slice(text);
        if text.is_escaped() {
            return self.unescape(bytes);
        }
        let (space, off) = if self.copy {
            let off = self.heap.store.push_text(bytes);
            (Space::Arena, off.map_err(|_| InputKind::TooMuchRead)?)
        } else {
            (Space::Request, text.start)
        };
        Ok(Value::text(Tag::String, space, off, bytes))
    }

    #[cold]
    fn unescape(&mut self, spelled: &[u8]) -> Read<Value> {
        let start = self.heap.store.text().len();
        result::unescape(self.heap, spelled).map_err(|_| InputKind::TooMuchRead)?;
        self.heap.finish_text(Tag::String, start).map_err(|_| InputKind::TooMuchRead)
    }
}

/// Whether a row has every column that it must have.
#[inline]
pub(in crate::runtime) fn is_filled(program: &Program, node: &Node, values: &[Value]) -> bool {
    let mut columns = program.paths.children(node).iter().zip(values);
    columns.all(|(child, value)| !child.required || value.tag() != Tag::Absent)
}
