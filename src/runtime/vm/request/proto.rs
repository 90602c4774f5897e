//! Contexts as Protocol Buffers bytes.
//!
//! In:      the bytes of the message that contexts of a program are.
//! Out:     as `ingest`: the fields that are read go to slots, no message is made of the whole.
//! Imports: `base`, `lang`, `runtime::program`.

use crate::base::limits::CONTEXT_BYTES_MAX;
use crate::lang::value::wire::{self, WireError, WireFault};
use crate::lang::value::{Space, Tag, Value};
use crate::runtime::program::Program;
use crate::runtime::vm::request::error::{InputError, InputKind};
use crate::runtime::vm::request::{Filled, Origin, clear, heap, spread};
use crate::runtime::vm::scratch::Scratch;

/// Reads a context, the bytes of a message of the type that `Program::context_message` names, into
/// the slots of a scratch.
///
/// Every field is read as far as its own bytes say; what no rule reads is checked and skipped.
#[must_use]
pub fn ingest_proto<'a>(
    program: &'a Program,
    context: &'a [u8],
    scratch: &'a mut Scratch,
) -> Filled<'a> {
    clear(program, scratch);
    let refused = |kind| InputError { kind, offset: None, node: 0 };
    let error = if context.len() > CONTEXT_BYTES_MAX {
        Some(refused(InputKind::TooLarge))
    } else {
        read(program, context, scratch).err()
    };
    scratch.origin = Origin::Proto;
    Filled { program, scratch, request: context, error }
}

fn read(program: &Program, bytes: &[u8], scratch: &mut Scratch) -> Result<(), InputError> {
    let Some(message) = &program.context else {
        return Err(InputError { kind: InputKind::NoMessage, offset: None, node: 0 });
    };
    let Scratch { file, store, .. } = &mut *scratch;
    let mut heap = heap(program, bytes, store);
    let source = Value::text(Tag::Bytes, Space::Request, 0, bytes);
    let is_read = |number| message.node(number).is_some();
    let fields = wire::fields(&mut heap, message.kind, &source, &is_read);
    let mut result = fields.map_err(refusal);
    while result.is_ok() && heap.store.height() > 0 {
        let last = heap.store.height().saturating_sub(2);
        let pair = heap.store.stack_mut(last).first_chunk::<2>().copied();
        heap.store.drop_stack(last);
        let number = pair.and_then(|[number, _]| u32::try_from(number.bits()).ok());
        let node = number.and_then(|number| message.node(number));
        if let (Some(at), Some([_, value])) = (node, pair) {
            let stored = spread::store(program, &mut heap, file, at, value);
            result = stored.map_err(|kind| InputError { kind, offset: None, node: at });
        }
    }
    scratch.mark = scratch.store.mark();
    scratch.survey(program, bytes);
    result
}

/// What a fault of the bytes is to whoever reads decisions.
const fn refusal(error: WireError) -> InputError {
    let kind = match error.fault {
        WireFault::Truncated => InputKind::Truncated,
        WireFault::NotUtf8 => InputKind::NotUtf8,
        WireFault::TooDeep => InputKind::TooDeep,
        WireFault::TooMuch => InputKind::TooMuchRead,
        fault @ (WireFault::Tag
        | WireFault::Varint
        | WireFault::EndGroup
        | WireFault::WireType
        | WireFault::Range) => InputKind::Wire(fault),
    };
    InputError { kind, offset: Some(error.at), node: 0 }
}
