//! Input without JSON: slots set one by one.
//!
//! In:      handles, resolved once, and values.
//! Out:     slots; what is set has the type that the bundle says.
//! Imports: `base`, `lang`, `runtime::bundle`, `runtime::program`.
//!
//! What is not set is not there, as in a context without it. An error stays: from then on every
//! decision about this input denies, whatever is set after it. Nothing here allocates.
//!
//! Recursion is bounded by `CONTEXT_DEPTH_MAX`.

use crate::base::limits::{CONTEXT_BYTES_MAX, CONTEXT_DEPTH_MAX};
use crate::lang::error::EvalError;
use crate::lang::value::heap::Heap;
use crate::lang::value::{Space, Tag, Value, map, time};
use crate::runtime::bundle::module::{NONE, NodeMode};
use crate::runtime::program::Program;
use crate::runtime::program::paths::Leaf;
use crate::runtime::vm::partial::unknown::UnknownReference;
use crate::runtime::vm::request::error::{Expected, InputError, InputKind};
use crate::runtime::vm::request::{Filled, Origin, heap, result, spread};
use crate::runtime::vm::scratch::Scratch;

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
    /// A list; where the bundle says list of objects, each is a `Map`.
    List(&'a [Input<'a>]),
    /// An object, or a map with strings for keys.
    Map(&'a [(&'a str, Input<'a>)]),
    /// Anything else, as JSON.
    Json(&'a str),
}

impl Program {
    /// The place with this path, a JSON Pointer, if the bundle reads it; never a part of the
    /// elements of a list, nor what only a session fills.
    #[must_use]
    pub fn slot(&self, pointer: &str) -> Option<SlotHandle> {
        let at = self.paths.find(&self.text, pointer)?;
        if self.paths.answers().iter().any(|(_, node)| *node == at) {
            return None;
        }
        let mut above = self.paths.get(at)?.parent;
        while let Some(node) = self.paths.get(above) {
            if node.mode == NodeMode::Rows {
                return None;
            }
            above = node.parent;
        }
        Some(SlotHandle(at))
    }

    /// The place of an answer that only a session gives, if the bundle reads it.
    pub(in crate::runtime) fn answer(&self, pointer: &str) -> Option<SlotHandle> {
        self.paths.find(&self.text, pointer).map(SlotHandle)
    }
}

impl Program {
    /// Whether an answer that is set is as good as one that is read: nothing asks whether it, or an
    /// object around it, is there.
    pub(in crate::runtime) fn takes_answer(&self, slot: SlotHandle) -> bool {
        let own = self.paths.get(slot.0);
        let mut place = own.filter(|node| node.children == 0 && node.mode == NodeMode::Whole);
        let is_there = place.is_some();
        while let Some(node) = place {
            if node.presence != NONE || node.required {
                return false;
            }
            place = self.paths.get(node.parent);
        }
        is_there
    }
}

/// Goes on with a context of which a scratch holds all but the last answers, or which was refused
/// with `error`: `context` begins with the same bytes, and ends with these answers.
pub(in crate::runtime) fn answer_on<'a, 'i>(
    program: &'a Program,
    context: &'a [u8],
    scratch: &'a mut Scratch,
    (error, answers): (Option<InputError>, impl IntoIterator<Item = (SlotHandle, Input<'i>)>),
) -> Filled<'a> {
    let too_large = InputError { kind: InputKind::TooLarge, offset: None, node: 0 };
    let error = error.or((context.len() > CONTEXT_BYTES_MAX).then_some(too_large));
    let mut filled = Filled { program, scratch, request: context, error };
    for (slot, answer) in answers {
        filled.answer(slot, answer);
    }
    // The answers stand in the context, too.
    filled.scratch.origin = Origin::Json;
    filled
}

impl Origin {
    /// Of an input that had this one, when a slot was set, or was not because of what was given.
    const fn and_set(self, done: bool) -> Self {
        match self {
            Self::Json | Self::Proto | Self::Record | Self::Slots if done => Self::Slots,
            Self::Json | Self::Proto | Self::Record | Self::Slots | Self::Broken => Self::Broken,
        }
    }
}

impl Filled<'_> {
    /// Sets a place, in the stead of what it and the places below it held. The objects around it
    /// exist from then on.
    ///
    /// ```
    /// # #[cfg(feature = "compiler")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use policyc::compiler::{Options, compile, source::map::SourceMap};
    /// use policyc::diag::sink::Sink;
    /// use policyc::lang::decision::Effect;
    /// use policyc::runtime::program::Program;
    /// use policyc::runtime::vm::request::setters::Input;
    /// use policyc::runtime::vm::request::{Moment, blank};
    /// use policyc::runtime::vm::scratch::Scratch;
    ///
    /// let mut files = SourceMap::new();
    /// files.add("p.yaml", "policyc: 1\nname: p\ndefault: deny\nschema:\n  amount: double\n  \
    ///     items: {maxItems: 9, items: {id: int}}\nrules:\n  - id: few\n    \
    ///     when: amount < 10.0 && items.all(it, it.id > 0)\n    allow: ok\n");
    /// let built = compile(&files, &Options::default(), &mut Sink::new());
    /// let bundle = built.ok_or("the rules are not in order")?.bundle;
    /// let program = Program::load_unsigned(&bundle)?;
    /// // Once: places are looked up by their paths.
    /// let amount = program.slot("/amount").ok_or("nobody reads it")?;
    /// let items = program.slot("/items").ok_or("nobody reads it")?;
    /// let mut scratch = Scratch::for_program(&program);
    /// // For every request.
    /// let mut input = blank(&program, &mut scratch);
    /// input.set(amount, Input::Int(5)).map_err(|error| error.message(&program))?;
    /// let rows = [Input::Map(&[("id", Input::Int(1))]), Input::Map(&[("id", Input::Int(2))])];
    /// input.set(items, Input::List(&rows)).map_err(|error| error.message(&program))?;
    /// assert_eq!(input.decide(&Moment::at(1_767_787_200, 0)).effect(), Some(Effect::Allow));
    /// // What is not of the type that the bundle says is refused, and the input with it.
    /// assert!(input.set(amount, Input::Bool(true)).is_err());
    /// assert_eq!(input.decide(&Moment::at(1_767_787_200, 0)).effect(), Some(Effect::Deny));
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "compiler"))]
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    /// If the value is not of the type that the bundle says, or does not fit; decisions deny then.
    pub fn set(&mut self, slot: SlotHandle, input: Input<'_>) -> Result<(), InputError> {
        let program = self.program;
        self.forget(slot.0);
        let mut heap = heap(program, self.request, &mut self.scratch.store);
        let height = heap.store.height();
        let value = value(&mut heap, input, 0);
        let set = value.and_then(|value| {
            spread::set(program, &mut heap, &mut self.scratch.file, slot.0, &value)
        });
        self.scratch.store.drop_stack(height);
        self.scratch.mark = self.scratch.store.mark();
        self.scratch.stale = true;
        self.scratch.origin = self.scratch.origin.and_set(set.is_ok() && self.error.is_none());
        if let Err(kind) = set {
            let error = InputError { kind, offset: None, node: slot.0 };
            self.error = Some(error);
            return Err(error);
        }
        self.surround(slot.0);
        Ok(())
    }

    /// Sets an answer.
    fn answer(&mut self, slot: SlotHandle, answer: Input<'_>) {
        let node = self.program.paths.get(slot.0).filter(|node| node.leaf == Leaf::Bool);
        if let (Some(node), Input::Bool(value)) = (node, answer) {
            if let Some(place) = self.scratch.file.get_mut(usize::from(node.slot)) {
                *place = Value::bool(value);
            }
            self.scratch.stale = true;
            self.surround(slot.0);
            return;
        }
        // What is refused is noted, and every decision denies.
        let _ = self.set(slot, answer);
    }

    /// Sets a place to a value that is unknown; only a `Partial` does so.
    pub(in crate::runtime) fn withhold(&mut self, slot: SlotHandle, unknown: &Value) {
        let program = self.program;
        self.forget(slot.0);
        if let Some(withheld) = UnknownReference::of(unknown) {
            spread::withhold(program, &mut self.scratch.file, slot.0, withheld);
        }
        self.scratch.stale = true;
        self.surround(slot.0);
    }

    /// Empties what lies below a node, if that was set before. Of a message that is the whole
    /// context every field has a default, so nothing below it is ever missing.
    fn forget(&mut self, at: u16) {
        if self.program.context.is_some() {
            return;
        }
        let paths = &self.program.paths;
        let file = &mut self.scratch.file;
        let is_set = |slot: u16| {
            let value = file.get(usize::from(slot));
            value.is_some_and(|value| value.tag() != Tag::Absent)
        };
        if !paths.get(at).is_some_and(|node| is_set(node.slot) || is_set(node.presence)) {
            return;
        }
        for number in at..u16::try_from(paths.len()).unwrap_or(NONE) {
            let Some(node) = paths.get(number) else { break };
            let mut above = node.parent;
            while above != at && above != NONE {
                above = paths.get(above).map_or(NONE, |node| node.parent);
            }
            if above != at {
                continue;
            }
            for slot in [node.slot, node.presence] {
                if let Some(slot) = file.get_mut(usize::from(slot)) {
                    *slot = Value::ABSENT;
                }
            }
        }
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

/// An input as a value of any type.
fn value(heap: &mut Heap<'_>, input: Input<'_>, depth: usize) -> Result<Value, InputKind> {
    let made = match input {
        Input::Null => Ok(Value::NULL),
        Input::Bool(value) => Ok(Value::bool(value)),
        Input::Int(value) => Ok(Value::int(value)),
        Input::Uint(value) => Ok(Value::uint(value)),
        Input::Double(value) => Ok(Value::double(value)),
        Input::Timestamp(seconds, nanoseconds) => {
            let exists = time::from_seconds(seconds).is_some() && nanoseconds < 1_000_000_000;
            return exists
                .then(|| Value::timestamp(seconds, nanoseconds))
                .ok_or(InputKind::WrongType(Expected::Timestamp));
        }
        Input::Duration(nanoseconds) => Ok(Value::duration(nanoseconds)),
        Input::String(text) => heap.new_string(text),
        Input::Bytes(bytes) => heap.new_text(Tag::Bytes, bytes),
        Input::Json(json) => result::read(heap, json),
        Input::List(_) | Input::Map(_) if depth >= CONTEXT_DEPTH_MAX => {
            return Err(InputKind::TooDeep);
        }
        Input::List(items) => {
            let height = heap.store.height();
            for item in items {
                let item = value(heap, *item, depth + 1)?;
                heap.store.push_stack(item).map_err(refusal)?;
            }
            let len = u32::try_from(items.len()).unwrap_or(u32::MAX);
            heap.store.finish(height).map(|off| Value::list(Space::Arena, off, len, 1))
        }
        Input::Map(members) => {
            let height = heap.store.height();
            for (key, member) in members {
                let key = heap.new_string(key).map_err(refusal)?;
                heap.store.push_stack(key).map_err(refusal)?;
                let member = value(heap, *member, depth + 1)?;
                heap.store.push_stack(member).map_err(refusal)?;
            }
            map::finish(heap, height)
        }
    };
    made.map_err(refusal)
}

/// Why a value could not be made.
fn refusal(class: EvalError) -> InputKind {
    if class == EvalError::Budget {
        InputKind::TooMuchRead
    } else if class == EvalError::DuplicateMapKey {
        InputKind::DuplicateKey
    } else {
        InputKind::Syntax
    }
}
