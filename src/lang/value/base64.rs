//! Base64: bytes as text, with or without padding.
//!
//! In:      a string.
//! Out:     bytes in the arena; and the way back.
//! Imports: its own room alone.

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
    let len = digits(heap.bytes(text))?;
    let start = heap.store.text().len();
    for at in (0..len).step_by(4) {
        let group = heap.bytes(text).get(at..len.min(at + 4))?;
        let (bytes, count) = whole(group, alphabet)?;
        heap.store.push_text(bytes.get(..count)?).ok()?;
    }
    heap.finish_text(Tag::Bytes, start).ok()
}

/// Appends the bytes that `text` spells; `None` if it is not base64.
pub(crate) fn decode_to(text: &[u8], alphabet: Alphabet, out: &mut Vec<u8>) -> Option<()> {
    let text = text.get(..digits(text)?)?;
    for group in text.chunks(4) {
        let (bytes, count) = whole(group, alphabet)?;
        out.extend_from_slice(bytes.get(..count)?);
    }
    Some(())
}

/// How many digits stand in front of the padding; `None` if there cannot be as many.
fn digits(spelled: &[u8]) -> Option<usize> {
    let pad = spelled.iter().rev().take_while(|byte| **byte == b'=').count();
    let len = spelled.len() - pad;
    let even = pad == 0 || spelled.len().is_multiple_of(4);
    (pad <= 2 && len % 4 != 1 && even).then_some(len)
}

/// The bytes of up to four digits, and how many they are.
fn whole(group: &[u8], alphabet: Alphabet) -> Option<([u8; 3], usize)> {
    let mut word = 0_u32;
    for byte in group {
        word = word << 6 | digit(*byte, alphabet)?;
    }
    word <<= 6 * (4 - u32::try_from(group.len()).ok()?);
    let [_, bytes @ ..] = word.to_be_bytes();
    let count = group.len().checked_sub(1)?;
    let cut = bytes.get(count..)?;
    cut.iter().all(|byte| *byte == 0).then_some((bytes, count))
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
