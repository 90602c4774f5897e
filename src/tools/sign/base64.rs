//! Base64 with its padding, for files of others.
//!
//! In:      bytes; text.
//! Out:     the other.
//! Imports: `lang`.

use crate::lang::value::base64::{self, Alphabet};

/// The text of bytes.
#[must_use]
pub(super) fn text_of(bytes: &[u8]) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = base64::write(&mut text, bytes);
    text
}

/// The bytes of a text; `None` if it is none.
#[must_use]
pub(super) fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    base64::decode_to(text.as_bytes(), Alphabet::Standard, &mut bytes)?;
    text.len().is_multiple_of(4).then_some(bytes)
}
