//! What cannot be seen in a document: names, messages and comments as well as expressions.
//!
//! In:      the text of a document, and what was reported about it.
//! Out:     a finding for each character that is invisible or turns the text around it.
//! Imports: `base`, `diag`.
//!
//! An escape between double quotes says the same in the open, and is left alone.

use crate::base::invisible::invisible;
use crate::base::limits::DIAGNOSTICS_MAX;
use crate::base::span::{FileId, Span};
use crate::compiler::syntax::document::scalar::narrow;
use crate::compiler::syntax::error::{Place, SyntaxError};
use crate::diag::codes::Code;
use crate::diag::sink::Sink;

/// Reports what nobody has reported yet. `text` is the whole file; a byte order mark may begin it.
pub(super) fn report(file: FileId, text: &str, sink: &mut Sink) {
    // Of ASCII, YAML itself refuses what is invisible, but for this one.
    if text.bytes().all(|byte| byte < 0x7F) {
        return;
    }
    let mut left = DIAGNOSTICS_MAX;
    for (at, c) in text.char_indices() {
        if invisible(c).is_none() || at == 0 && c == '\u{FEFF}' {
            continue;
        }
        let at = Span::new(file, narrow(at), narrow(at + c.len_utf8()));
        if !sink.has_reported(Code::InvisibleCharacter, at) {
            sink.report(SyntaxError::Invisible { at, c, place: Place::Document });
            left -= 1;
        }
        if left == 0 {
            break;
        }
    }
}
