//! Bytes in JSON: base64, of either alphabet, with or without padding.
//!
//! In:      a string.
//! Out:     bytes in the arena.
//! Imports: `lang::value`.

use crate::lang::value::heap::Heap;
use crate::lang::value::{Tag, Value};

/// The bytes that `text` spells; `None` if it is not base64 or they do not fit.
pub(in crate::runtime) fn decode(heap: &mut Heap<'_>, text: &Value) -> Option<Value> {
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
            word = word << 6 | digit(*byte)?;
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

fn digit(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    }))
}
