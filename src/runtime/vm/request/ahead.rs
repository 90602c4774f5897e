//! Contexts of records, read while the line around them is.
//!
//! In:      a line, from the first byte of the context on.
//! Out:     how many bytes the context has; and then the input that the scratch holds.
//! Imports: `runtime::program`.
//!
//! For `tools::replay`, which knows the program before it meets the context: nobody else may hold
//! an input and its scratch apart.

use crate::runtime::program::Program;
use crate::runtime::vm::request::marked::may_hold_marks;
use crate::runtime::vm::request::{Filled, Origin, walk};
use crate::runtime::vm::scratch::Scratch;

/// Reads the context of a record at the start of `line`, where the rest of the record follows: how
/// many bytes it has, and `read_ahead` gives the input that the scratch then holds. `None` where
/// only `ingest_record` tells what it is: it is refused, or may mark values.
#[must_use]
pub(crate) fn ingest_ahead(program: &Program, line: &[u8], scratch: &mut Scratch) -> Option<usize> {
    scratch.fit(program);
    let end = walk(program, line, scratch, (false, None), false).ok()? as usize;
    scratch.origin = Origin::Record;
    (!may_hold_marks(line.get(..end)?)).then_some(end)
}

/// The input that `ingest_ahead` read from these bytes of `context`, as `ingest_record` would give
/// it. Nothing else may have been read into the scratch since.
pub(crate) const fn read_ahead<'a>(
    program: &'a Program,
    context: &'a [u8],
    scratch: &'a mut Scratch,
) -> Filled<'a> {
    Filled { program, scratch, request: context, error: None }
}
