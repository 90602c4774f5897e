//! Contexts from `serde_json::Value`.
//!
//! In:      a value.
//! Out:     as `ingest`.
//! Imports: `base`, `runtime::program`.
//!
//! The value is written as JSON into memory that is kept, and read from there: one reader, one
//! meaning.

use serde_json::Value as Json;

use crate::base::limits::CONTEXT_BYTES_MAX;
use crate::runtime::program::Program;
use crate::runtime::vm::request::error::{InputError, InputKind};
use crate::runtime::vm::request::{Filled, Origin, answered, read};
use crate::runtime::vm::scratch::Scratch;

/// Reads a context into the slots of a scratch.
#[must_use]
pub fn ingest_value<'a>(
    program: &'a Program,
    context: &Json,
    scratch: &'a mut Scratch,
) -> Filled<'a> {
    scratch.fit(program);
    let mut buffer = std::mem::take(&mut scratch.text).into_bytes();
    buffer.clear();
    let written = serde_json::to_writer(&mut buffer, context);
    let refused = InputError { kind: InputKind::TooLarge, offset: None, node: 0 };
    let error = match written {
        Ok(()) if buffer.len() <= CONTEXT_BYTES_MAX => {
            read(program, &buffer, scratch, (true, None)).err()
        }
        Ok(()) | Err(_) => Some(refused),
    };
    buffer.clear();
    scratch.text = String::from_utf8(buffer).unwrap_or_default();
    scratch.origin = if error.is_some() { Origin::Broken } else { Origin::Slots };
    let mut filled = Filled { program, scratch, request: &[], error };
    filled.error = error.or_else(|| answered(&filled));
    filled
}
