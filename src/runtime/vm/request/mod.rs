//! Requests: where the input comes from, and how it gets into slots.
//!
//! In:      a context as JSON or by setters.
//! Out:     `Filled`: a scratch that holds an input and can decide, as often as one likes.
//! Imports: `base`, `lang`, `runtime::bundle`, `runtime::program`.

#[cfg(feature = "tools")]
pub(crate) mod ahead;
pub(in crate::runtime) mod conform;
pub mod error;
pub mod marked;
pub(in crate::runtime) mod members;
mod message;
pub(in crate::runtime) mod number;
pub mod proto;
pub(in crate::runtime) mod reader;
pub(in crate::runtime) mod result;
#[cfg(feature = "serde")]
pub mod serde;
pub mod setters;
mod spread;
pub(in crate::runtime) mod walk;
pub(in crate::runtime) mod whole;

use crate::base::limits::CONTEXT_BYTES_MAX;
use crate::lang::value::heap::Heap;
use crate::lang::value::heap::Store;
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::Phase;
use crate::runtime::program::Program;
use crate::runtime::vm::hosts::HostTable;
use crate::runtime::vm::partial::unknown::Unknowns;
use crate::runtime::vm::request::error::{InputError, InputKind};
use crate::runtime::vm::request::reader::Reader;
use crate::runtime::vm::request::walk::Walk;
use crate::runtime::vm::scratch::Scratch;

/// What a decision is about, beside the context.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// Seconds since the epoch: `now()`.
    pub seconds: i64,
    /// Nanoseconds of the second.
    pub nanoseconds: u32,
    /// Which rules are asked.
    pub phase: Phase,
    /// What host functions gave.
    pub hosts: Option<&'a HostTable>,
}

impl Moment<'_> {
    /// A time, before the tool runs, without results of host functions.
    #[must_use]
    pub const fn at(seconds: i64, nanoseconds: u32) -> Self {
        Self { seconds, nanoseconds, phase: Phase::Request, hosts: None }
    }
}

/// A context as JSON, and a moment.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The context: one JSON object.
    pub context: &'a [u8],
    /// The rest.
    pub moment: Moment<'a>,
}

/// How an input came into a scratch: what can be said of it afterwards depends on that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runtime) enum Origin {
    /// From JSON, which `Filled::request` still is.
    Json,
    /// From the bytes of a message, likewise.
    Proto,
    /// From the context of a record, likewise.
    Record,
    /// Slot by slot, or from memory that is gone.
    Slots,
    /// Likewise, and something was refused: the slots are not all.
    Broken,
}

/// A scratch that holds an input.
#[derive(Debug)]
pub struct Filled<'a> {
    pub(in crate::runtime) program: &'a Program,
    pub(in crate::runtime) scratch: &'a mut Scratch,
    /// Text of `Space::Request`.
    pub(in crate::runtime) request: &'a [u8],
    pub(in crate::runtime) error: Option<InputError>,
}

impl<'a> Filled<'a> {
    /// Gives up the input; its scratch is free for another.
    #[must_use]
    pub const fn into_scratch(self) -> &'a mut Scratch {
        self.scratch
    }

    /// The program that will decide.
    #[must_use]
    pub const fn program(&self) -> &'a Program {
        self.program
    }

    /// Why the context was refused, if it was. Every decision about it denies.
    #[must_use]
    pub const fn error(&self) -> Option<InputError> {
        self.error
    }
}

/// Reads a context into the slots of a scratch.
///
/// The context is one JSON object in UTF-8; what no rule reads is checked and skipped.
#[must_use]
pub fn ingest<'a>(program: &'a Program, context: &'a [u8], scratch: &'a mut Scratch) -> Filled<'a> {
    let mut filled = ingest_answered(program, context, scratch);
    filled.error = filled.error.or_else(|| answered(&filled));
    filled
}

/// Reads a context that a session has written: what rules ask of it is answered there. A host that
/// passes on what others give it calls `ingest`.
#[must_use]
pub fn ingest_answered<'a>(
    program: &'a Program,
    context: &'a [u8],
    scratch: &'a mut Scratch,
) -> Filled<'a> {
    scratch.fit(program);
    let error = if context.len() > CONTEXT_BYTES_MAX {
        Some(InputError { kind: InputKind::TooLarge, offset: None, node: 0 })
    } else {
        read(program, context, scratch, (false, None)).err()
    };
    scratch.origin = Origin::Json;
    Filled { program, scratch, request: context, error }
}

/// That a context answers what only a session may, if it does.
fn answered(filled: &Filled<'_>) -> Option<InputError> {
    let program = filled.program;
    let set = |slot: &&(u16, u16)| {
        let value = filled.scratch.file.get(usize::from(slot.0));
        value.is_some_and(|value| value.tag() != Tag::Absent)
    };
    let (_, node) = *program.paths.answers().iter().find(set)?;
    Some(InputError { kind: InputKind::Answered, offset: None, node })
}

/// Begins an input that is set slot by slot.
#[must_use]
pub fn blank<'a>(program: &'a Program, scratch: &'a mut Scratch) -> Filled<'a> {
    clear(program, scratch);
    scratch.origin = Origin::Slots;
    Filled { program, scratch, request: &[], error: None }
}

fn clear(program: &Program, scratch: &mut Scratch) {
    scratch.fit(program);
    scratch.store.clear();
    scratch.mark = (0, 0);
    scratch.stale = true;
    if let Some(slots) = scratch.file.get_mut(..program.sizes.slots) {
        slots.fill(Value::ABSENT);
    }
    // What a message does not hold is not missing.
    for (slot, default) in program.context.iter().flat_map(|it| &it.defaults) {
        if let Some(slot) = scratch.file.get_mut(usize::from(*slot)) {
            *slot = *default;
        }
    }
}

/// Reads JSON. With `copy` its text goes to the arena, because the bytes go away; with `marks` it
/// is that of a record, and these are the values that it withholds.
fn read(
    program: &Program,
    bytes: &[u8],
    scratch: &mut Scratch,
    how: (bool, Option<&mut Unknowns>),
) -> Result<(), InputError> {
    let read = walk(program, bytes, scratch, how, true);
    read.map(drop).map_err(|error| not_utf8(bytes).unwrap_or(error))
}

/// Reads JSON at the start of `bytes`, which is all of them if it is `alone`: the place behind it.
fn walk(
    program: &Program,
    bytes: &[u8],
    scratch: &mut Scratch,
    (copy, marks): (bool, Option<&mut Unknowns>),
    alone: bool,
) -> Result<u32, InputError> {
    clear(program, scratch);
    let Scratch { file, store, frames, trails, objects, .. } = &mut *scratch;
    let mut heap = heap(program, bytes, store);
    let mut walk = Walk {
        program,
        reader: Reader::new(bytes),
        heap: &mut heap,
        file,
        frames,
        trails,
        objects,
        copy,
        marks,
    };
    let result = walk.context(alone);
    scratch.mark = scratch.store.mark();
    scratch.survey(program, bytes);
    result
}

/// That bytes which were refused are no text: it goes before what is wrong with them as JSON.
#[cold]
fn not_utf8(bytes: &[u8]) -> Option<InputError> {
    let offset = std::str::from_utf8(bytes).err()?.valid_up_to();
    Some(InputError { kind: InputKind::NotUtf8, offset: Some(offset), node: 0 })
}

/// Everything that values of one decision point into.
pub(in crate::runtime) fn heap<'a>(
    program: &'a Program,
    request: &'a [u8],
    store: &'a mut Store,
) -> Heap<'a> {
    Heap {
        request,
        program_text: &program.text,
        program_elements: &program.elements,
        descriptors: &program.descriptors,
        store,
    }
}
