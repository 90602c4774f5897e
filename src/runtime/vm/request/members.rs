//! Members of objects and of rows that are spelled as they mostly are.
//!
//! In:      an open object or row.
//! Out:     slots and columns, as far as nothing unusual came; then where it stopped, and why.
//! Imports: `base`, `lang`, `runtime::bundle`, `runtime::program`.
//!
//! Nothing is refused here: whatever is unusual (escapes, long numbers, other types, what is no
//! JSON) is left where it begins, and read with care (`walk`). The order of keys is guessed from
//! the object before: what is at the place is then compared with one key, quotes included.

use crate::base::limits::CONTEXT_NODES_MAX;
use crate::lang::value::{Space, Tag, Value, scan};
use crate::runtime::bundle::module::{NONE, NodeMode};
use crate::runtime::program::paths::{Items, Leaf, Node, Paths};
use crate::runtime::vm::request::number;
use crate::runtime::vm::request::walk::{FrameKind, Walk, is_filled};

/// Most keys that nobody reads which are compared with one another as they lie.
const FEW: usize = 8;

const TRUE: u64 = u64::from_le_bytes(*b"true\0\0\0\0");
const FALSE: u64 = u64::from_le_bytes(*b"false\0\0\0");
const NULL: u64 = u64::from_le_bytes(*b"null\0\0\0\0");

/// Why it stopped, and where if a key was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runtime) enum Stop {
    /// The object was left; another container, or none, is open now.
    Left,
    /// In front of a member, or of the end of the object.
    Member,
    /// In front of the value of this node.
    Value(u16, u32),
    /// In front of a value that nobody reads.
    Unread(u32),
}

/// The object or row that is being read: what its frame says, at hand.
struct CurrentObject<'p> {
    at: u16,
    node: &'p Node,
    /// Whether nothing of it was read.
    fresh: bool,
    row: bool,
    /// The child whose key is expected.
    guess: u16,
    /// The child that was read last.
    last: u16,
    stamp: u32,
    /// Height of the build stack when it was opened.
    height: usize,
}

impl<'a> Walk<'a, '_> {
    /// Reads members until something unusual comes.
    pub(in crate::runtime) fn quick(&mut self) -> Stop {
        let bytes = self.reader.bytes;
        let Some(mut here) = self.here() else { return Stop::Member };
        let mut at = self.reader.at;
        let stop = loop {
            let (mut start, mut byte) = scan::token(bytes, at);
            if byte == b',' && !here.fresh {
                (start, byte) = scan::token(bytes, start + 1);
            } else if byte == b'}' && self.may_close(&here) {
                let Some(next) = self.close(&mut here, start + 1) else { return Stop::Left };
                at = next;
                continue;
            } else if !here.fresh {
                break Stop::Member;
            }
            if byte != b'"' {
                break Stop::Member;
            }
            match self.quick_member(&mut here, start + 1) {
                Ok(next) => at = next,
                Err(stop) => break stop,
            }
        };
        self.reader.at = match stop {
            Stop::Left | Stop::Member => at,
            Stop::Value(_, place) | Stop::Unread(place) => place,
        };
        self.keep(&here);
        stop
    }

    /// The object or row that is open, if it is one.
    fn here(&self) -> Option<CurrentObject<'a>> {
        let frame = self.frames.last()?;
        let row = frame.kind == FrameKind::Row;
        if !row && frame.kind != FrameKind::Object {
            return None;
        }
        let (fresh, last) = (frame.count == 0, frame.last);
        let guess = if last == NONE {
            self.trails.get(usize::from(frame.node))?.first
        } else {
            self.trails.get(usize::from(last))?.next
        };
        let (at, stamp, height) = (frame.node, frame.stamp, frame.height as usize);
        let node = self.program.paths.get(at)?;
        Some(CurrentObject { at, node, fresh, row, guess, last, stamp, height })
    }

    /// Brings the frame of the open object up to date.
    #[inline]
    fn keep(&mut self, here: &CurrentObject<'a>) {
        if let Some(top) = self.frames.last_mut() {
            (top.count, top.last) = (u32::from(!here.fresh), here.last);
        }
    }

    /// Reads a member whose key begins at `start`, behind its quote; the place behind it.
    #[expect(clippy::inline_always, reason = "the body of the loop that reads most contexts")]
    #[inline(always)]
    fn quick_member(&mut self, here: &mut CurrentObject<'a>, start: u32) -> Result<u32, Stop> {
        let (bytes, program) = (self.reader.bytes, self.program);
        let (mut at, mut named) = (start, here.guess);
        let mut child = program.paths.get(named);
        match child {
            Some(node) if Paths::is_at(node, &program.text, bytes, start) => {
                at += node.spelled.len;
            }
            Some(_) | None => {
                (named, at) = self.quick_key(here, start).ok_or(Stop::Member)?;
                child = program.paths.get(named);
            }
        }
        let (at, byte) = scan::token(bytes, at);
        let Some(child) = child else {
            return self.quick_unread(here, at);
        };
        let trail = self.trails.get_mut(usize::from(named)).ok_or(Stop::Member)?;
        if trail.stamp == here.stamp || self.reader.values >= CONTEXT_NODES_MAX {
            return Err(Stop::Member);
        }
        trail.stamp = here.stamp;
        let guess = trail.next;
        (here.fresh, here.last) = (false, named);
        let read = match child.items {
            None => self.quick_leaf(child.leaf, at, byte),
            Some(items) => self.quick_list(items, at, byte),
        };
        let Some((value, end)) = read else {
            return self.enter(here, named, child, at, byte);
        };
        here.guess = guess;
        let place = if here.row {
            let column = usize::from(named.saturating_sub(here.node.first_child));
            self.heap.store.place_mut(here.height + column)
        } else {
            self.file.get_mut(usize::from(child.slot))
        };
        if let Some(place) = place {
            *place = value;
        }
        self.reader.values += 1;
        Ok(end)
    }

    /// Reads a key that was not expected, from behind its opening quote: the node that it names, or
    /// `NONE`, and the place behind its colon.
    #[inline(never)]
    fn quick_key(&mut self, here: &CurrentObject<'a>, start: u32) -> Option<(u16, u32)> {
        let (bytes, program) = (self.reader.bytes, self.program);
        let word = scan::word(bytes, start);
        let end = scan::end_from(bytes, start, word);
        if scan::byte(bytes, end) != b'"' {
            return None;
        }
        let (colon, byte) = scan::token(bytes, end + 1);
        let (len, text) = (end - start, &program.text);
        let named = program.paths.child_at(here.node, text, bytes, start, len, word)?;
        if byte != b':' {
            return None;
        }
        if named == NONE {
            let key = Value::text_of_word(Tag::String, Space::Request, start, len, word);
            self.heap.store.push_stack(key).ok()?;
        } else {
            self.learn(here.at, here.last, named);
        }
        Some((named, colon + 1))
    }

    /// Goes past the value at `at`, which nobody reads.
    #[inline]
    fn quick_unread(&mut self, here: &mut CurrentObject<'a>, at: u32) -> Result<u32, Stop> {
        here.fresh = false;
        let end = unread_scalar(self.reader.bytes, at);
        let end = end.filter(|_| self.reader.values < CONTEXT_NODES_MAX).ok_or(Stop::Unread(at))?;
        self.reader.values += 1;
        Ok(end)
    }

    /// Reads a value that is spelled as such values mostly are; it and the place behind it.
    #[expect(clippy::inline_always, reason = "called for every member of a context")]
    #[inline(always)]
    fn quick_leaf(&mut self, leaf: Leaf, at: u32, byte: u8) -> Option<(Value, u32)> {
        let bytes = self.reader.bytes;
        match leaf {
            Leaf::Int => number::short_int(bytes, at).map(|(int, end)| (Value::int(int), end)),
            Leaf::Double => {
                number::short_double(bytes, at).map(|(double, end)| (Value::double(double), end))
            }
            Leaf::Bool => bool_at(bytes, at).map(|(bool, end)| (Value::bool(bool), end)),
            Leaf::String if byte == b'"' => {
                let (start, word) = (at + 1, scan::word(bytes, at + 1));
                let end = scan::end_from(bytes, start, word);
                if scan::byte(bytes, end) != b'"' {
                    return None;
                }
                let (tag, space) = (Tag::String, Space::Request);
                let text = Value::text_of_word(tag, space, start, end - start, word);
                Some((if self.copy { self.copied(&text)? } else { text }, end + 1))
            }
            Leaf::String | Leaf::None => None,
        }
    }

    /// Reads a list of such values; it and the place behind it.
    #[inline(never)]
    fn quick_list(&mut self, items: Items, at: u32, byte: u8) -> Option<(Value, u32)> {
        if byte != b'[' {
            return None;
        }
        let (height, values) = (self.heap.store.height(), self.reader.values);
        let read = self.quick_items(items, at + 1).and_then(|(count, end)| {
            let off = self.heap.store.finish(height).ok()?;
            Some((Value::list(Space::Arena, off, count, 1), end))
        });
        if read.is_none() {
            self.heap.store.drop_stack(height);
            self.reader.values = values;
        }
        read
    }

    /// Pushes the elements of a list onto the build stack: how many there are, and the place behind
    /// the list's bracket.
    #[inline]
    fn quick_items(&mut self, items: Items, start: u32) -> Option<(u32, u32)> {
        let bytes = self.reader.bytes;
        let (mut at, mut byte) = scan::token(bytes, start);
        let mut count = 0;
        if byte == b']' {
            return Some((count, at + 1));
        }
        loop {
            count += 1;
            let (value, end) = self.quick_leaf(items.leaf, at, byte)?;
            self.heap.store.push_stack(value).ok()?;
            self.reader.values += 1;
            // One value more is counted: the list itself.
            if count > items.most || self.reader.values >= CONTEXT_NODES_MAX {
                return None;
            }
            (at, byte) = scan::token(bytes, end);
            match byte {
                b',' => (at, byte) = scan::token(bytes, at + 1),
                b']' => return Some((count, at + 1)),
                _ => return None,
            }
        }
    }

    /// A text of the bytes, in the store.
    #[cold]
    fn copied(&mut self, text: &Value) -> Option<Value> {
        let start = self.heap.store.text().len();
        self.heap.append(text).ok()?;
        self.heap.finish_text(Tag::String, start).ok()
    }

    /// Opens the object that the child at node `at` is, if it is one.
    #[inline(never)]
    fn enter(
        &mut self,
        here: &mut CurrentObject<'a>,
        named: u16,
        child: &'a Node,
        at: u32,
        byte: u8,
    ) -> Result<u32, Stop> {
        let object = matches!(child.mode, NodeMode::Object(_)) && byte == b'{';
        if !object || here.row {
            return Err(Stop::Value(named, at));
        }
        self.keep(here);
        let open = self.open(FrameKind::Object, named, NONE, NONE);
        open.map_err(|_| Stop::Value(named, at))?;
        self.present(child, true);
        self.reader.values += 1;
        *here = self.here().ok_or(Stop::Member)?;
        Ok(at + 1)
    }

    /// Whether an object or row is seen at once to hold what it must, and no key twice.
    #[inline]
    fn may_close(&mut self, here: &CurrentObject<'a>) -> bool {
        let columns = if here.row { usize::from(here.node.children) } else { 0 };
        let stack = self.heap.store.stack_mut(here.height);
        let Some((values, others)) = stack.split_at_checked(columns) else { return false };
        others.len() <= FEW
            && differ(others)
            && (!here.row || is_filled(self.program, here.node, values))
    }

    /// Closes an object or row, and goes on in the one around it or in the next row; the place
    /// behind its bracket is `at`. The place from which to read on, if there is one.
    #[inline]
    fn close(&mut self, here: &mut CurrentObject<'a>, at: u32) -> Option<u32> {
        let columns = if here.row { usize::from(here.node.children) } else { 0 };
        self.heap.store.drop_stack(here.height + columns);
        if here.row
            && let Some(next) = self.next_row(here, at)
        {
            return Some(next);
        }
        self.frames.pop();
        self.reader.at = at;
        if !here.row
            && let Some(outer) = self.here()
        {
            *here = outer;
            return Some(at);
        }
        None
    }

    /// Goes on with the row that comes behind the one that ends at `at`, in the frame of that.
    #[inline]
    fn next_row(&mut self, here: &mut CurrentObject<'a>, at: u32) -> Option<u32> {
        let (comma, byte) = scan::token(self.reader.bytes, at);
        let (bracket, open) = scan::token(self.reader.bytes, comma + 1);
        let outer = self.frames.len().checked_sub(2)?;
        let count = self.frames.get(outer)?.count + 1;
        let room = self.reader.values < CONTEXT_NODES_MAX;
        if byte != b',' || open != b'{' || !room || self.limit(here.node.ty, count).is_err() {
            return None;
        }
        let height = self.heap.store.height();
        self.heap.store.push_absent(usize::from(here.node.children)).ok()?;
        let stamp = self.stamp();
        self.frames.get_mut(outer)?.count = count;
        let row = self.frames.last_mut()?;
        (row.height, row.stamp) = (u32::try_from(height).unwrap_or(u32::MAX), stamp);
        (row.count, row.last) = (0, NONE);
        self.reader.values += 1;
        *here = self.here()?;
        Some(bracket + 1)
    }
}

/// Whether no two of these texts have one length and the same first bytes.
#[inline]
fn differ(texts: &[Value]) -> bool {
    let before = |at: usize| texts.get(..at).unwrap_or_default();
    let is_new =
        |(at, text): (usize, &Value)| before(at).iter().all(|other| other.bits() != text.bits());
    texts.iter().enumerate().all(is_new)
}

/// `true` or `false` at this place, and the place behind it.
#[inline]
fn bool_at(bytes: &[u8], at: u32) -> Option<(bool, u32)> {
    let word = scan::word(bytes, at);
    if scan::low(word, 4) == TRUE {
        Some((true, at + 4))
    } else if scan::low(word, 5) == FALSE {
        Some((false, at + 5))
    } else {
        None
    }
}

/// The place behind a string without escapes, a number, a bool or null.
#[inline]
fn unread_scalar(bytes: &[u8], at: u32) -> Option<u32> {
    match scan::byte(bytes, at) {
        b'"' => {
            let end = scan::short_end(bytes, at + 1);
            (scan::byte(bytes, end) == b'"').then_some(end + 1)
        }
        b'-' | b'0'..=b'9' => number::plain_end(bytes, at),
        b'n' => (scan::low(scan::word(bytes, at), 4) == NULL).then_some(at + 4),
        _ => bool_at(bytes, at).map(|(_, end)| end),
    }
}
