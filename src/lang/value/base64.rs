//! Base64: bytes as text, with or without padding.
//!
//! In:      a string.
//! Out:     bytes in the arena; and the way back.
//! Imports: `lang::value`.

use std::fmt::{self, Write};

use crate::lang::error::EvalError;
use crate::lang::value::heap::Heap;
use crate::lang::value::text::Buffer;
use crate::lang::value::{Tag, Value};

/// Which characters stand for 62 and 63.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alphabet {
    /// `+` and `/`.
    Standard,
    /// Those, or `-` and `_`.
    Either,
}

/// The bytes that `text` spells; `None` if it is not base64 or they do not fit.
pub(crate) fn decode(heap: &mut Heap<'_>, text: &Value, alphabet: Alphabet) -> Option<Value> {
    let spelled = heap.bytes(text);
    let pad = spelled.iter().rev().take_while(|byte| **byte == b'=').count();
    let len = spelled.len() - pad;
    if pad > 2 || len % 4 == 1 || (pad > 0 && !spelled.len().is_multiple_of(4)) {
        return None;
    }
    let start = heap.store.text().len();
    for at in (0..len).step_by(4) {
        let count = (len - at).min(4);
        let group = heap.bytes(text).get(at..at + count)?;
        let mut word = 0_u32;
        for byte in group {
            word = word << 6 | digit(*byte, alphabet)?;
        }
        word <<= 6 * (4 - u32::try_from(count).ok()?);
        let [_, bytes @ ..] = word.to_be_bytes();
        let (kept, cut) = bytes.split_at_checked(count - 1)?;
        if cut.iter().any(|byte| *byte != 0) {
            return None;
        }
        heap.store.push_text(kept).ok()?;
    }
    heap.finish_text(Tag::Bytes, start).ok()
}

fn digit(byte: u8, alphabet: Alphabet) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        b'-' if alphabet == Alphabet::Either => 62,
        b'_' if alphabet == Alphabet::Either => 63,
        _ => return None,
    }))
}

/// The bytes of `value` in base64, with padding, as a string.
///
/// # Errors
/// `Budget` if the store is full.
pub(crate) fn encode(heap: &mut Heap<'_>, value: &Value) -> Result<Value, EvalError> {
    let start = heap.store.mark().0;
    let mut at = 0;
    // Three bytes at a time: what is written may lie in the same store.
    while let Some(rest) = heap.bytes(value).get(at..).filter(|rest| !rest.is_empty()) {
        let mut group = Buffer::new();
        let taken = rest.get(..3).unwrap_or(rest);
        write(&mut group, taken).map_err(|_| EvalError::Budget)?;
        heap.store.push_text(group.as_str().as_bytes())?;
        at += 3;
    }
    heap.finish_text(Tag::String, start)
}

/// Writes bytes in base64, with padding.
pub(crate) fn write(out: &mut impl Write, bytes: &[u8]) -> fmt::Result {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = DIGITS.get((group >> (18 - 6 * at)) as usize & 63);
            let shown = if at > chunk.len() { b'=' } else { digit.copied().unwrap_or(b'=') };
            out.write_char(char::from(shown))?;
        }
    }
    Ok(())
}
