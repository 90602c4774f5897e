//! Input without JSON: slots set one by one.
//!
//! In:      handles, resolved once, and values.
//! Out:     slots; what is set has the type that the bundle says.
//! Imports: `lang::value`, `runtime::program`.

use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::{NONE, NodeMode};
use crate::runtime::program::Program;
use crate::runtime::vm::request::error::{InputError, InputKind};
use crate::runtime::vm::request::{Filled, heap, result, spread};

/// A place that a program reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SlotHandle(u16);

/// A value to set.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// `null`
    Null,
    /// A bool.
    Bool(bool),
    /// An int; where the bundle says double or uint, that.
    Int(i64),
    /// A uint.
    Uint(u64),
    /// A double.
    Double(f64),
    /// A string; where the bundle says timestamp, duration or bytes, that.
    String(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Seconds since the epoch and nanoseconds of the second.
    Timestamp(i64, u32),
    /// Nanoseconds.
    Duration(i64),
    /// Anything else, as JSON.
    Json(&'a str),
}

impl Program {
    /// The place with this path, a JSON Pointer, if the bundle reads it; never a part of the
    /// elements of a list.
    #[must_use]
    pub fn slot(&self, pointer: &str) -> Option<SlotHandle> {
        let at = self.paths.find(&self.text, pointer)?;
        let mut above = self.paths.get(at)?.parent;
        while let Some(node) = self.paths.get(above) {
            if node.mode == NodeMode::Rows {
                return None;
            }
            above = node.parent;
        }
        Some(SlotHandle(at))
    }
}

impl Filled<'_> {
    /// Sets a place. The objects around it exist from then on.
    ///
    /// # Errors
    /// If the value is not of the type that the bundle says, or does not fit; decisions deny then.
    pub fn set(&mut self, slot: SlotHandle, input: Input<'_>) -> Result<(), InputError> {
        let program = self.program;
        let mut heap = heap(program, self.request, &mut self.scratch.store);
        let value = match input {
            Input::Null => Ok(Value::NULL),
            Input::Bool(value) => Ok(Value::bool(value)),
            Input::Int(value) => Ok(Value::int(value)),
            Input::Uint(value) => Ok(Value::uint(value)),
            Input::Double(value) => Ok(Value::double(value)),
            Input::Timestamp(seconds, nanoseconds) => Ok(Value::timestamp(seconds, nanoseconds)),
            Input::Duration(nanoseconds) => Ok(Value::duration(nanoseconds)),
            Input::String(text) => heap.new_string(text),
            Input::Bytes(bytes) => heap.new_text(Tag::Bytes, bytes),
            Input::Json(json) => result::read(&mut heap, json),
        };
        let set = match value {
            Ok(value) => spread::set(program, &mut heap, &mut self.scratch.file, slot.0, &value),
            Err(_) => Err(InputKind::TooMuchRead),
        };
        self.scratch.mark = self.scratch.store.mark();
        self.scratch.stale = true;
        if let Err(kind) = set {
            let error = InputError { kind, offset: None, node: slot.0 };
            self.error = Some(error);
            return Err(error);
        }
        self.surround(slot.0);
        Ok(())
    }

    /// Makes the objects around a node present.
    fn surround(&mut self, at: u16) {
        let paths = &self.program.paths;
        let mut above = paths.get(at).map_or(NONE, |node| node.parent);
        while let Some(node) = paths.get(above) {
            if let Some(presence) = self.scratch.file.get_mut(usize::from(node.presence)) {
                *presence = Value::bool(true);
            }
            above = node.parent;
        }
    }
}
