//! JSON that a host function gave, as a value in the arena.
//!
//! In:      JSON.
//! Out:     a value without a type; `conform` gives it one.
//! Imports: `base`, `lang`.
//!
//! Recursion is bounded by `CONTEXT_DEPTH_MAX`.

use crate::base::limits::{CONTEXT_BYTES_MAX, CONTEXT_DEPTH_MAX};
use crate::lang::error::EvalError;
use crate::lang::value::heap::Heap;
use crate::lang::value::{Space, Tag, Value, map, scan};
use crate::runtime::vm::request::reader::{Reader, Text};

type Answer = Result<Value, EvalError>;

/// The value of `json`.
///
/// # Errors
/// `BadConversion` if it is not JSON, `Budget` if it does not fit.
pub(in crate::runtime) fn read(heap: &mut Heap<'_>, json: &str) -> Answer {
    if json.len() > CONTEXT_BYTES_MAX {
        return Err(EvalError::Budget);
    }
    let mut reader = Reader::new(json.as_bytes());
    let value = value(heap, &mut reader, 0)?;
    reader.peek();
    if reader.is_at_end() { Ok(value) } else { Err(EvalError::BadConversion) }
}

fn value(heap: &mut Heap<'_>, reader: &mut Reader<'_>, depth: usize) -> Answer {
    reader.count().map_err(|_| EvalError::Budget)?;
    let word = |reader: &mut Reader<'_>, word: &[u8], value| {
        reader.word(word).map(|()| value).map_err(|_| EvalError::BadConversion)
    };
    match reader.peek() {
        b'"' => {
            let inside = reader.string().map_err(|_| EvalError::BadConversion)?;
            text(heap, reader, inside)
        }
        b't' => word(reader, b"true", Value::bool(true)),
        b'f' => word(reader, b"false", Value::bool(false)),
        b'n' => word(reader, b"null", Value::NULL),
        b'-' | b'0'..=b'9' => {
            let number = reader.number().and_then(|number| number.any());
            number.map_err(|_| EvalError::BadConversion)
        }
        b'{' | b'[' if depth >= CONTEXT_DEPTH_MAX => Err(EvalError::Budget),
        b'{' => container(heap, reader, depth, b'}'),
        b'[' => container(heap, reader, depth, b']'),
        _ => Err(EvalError::BadConversion),
    }
}

fn container(heap: &mut Heap<'_>, reader: &mut Reader<'_>, depth: usize, close: u8) -> Answer {
    let height = heap.store.height();
    let object = close == b'}';
    reader.at += 1;
    let mut count = 0_u32;
    while reader.more(count == 0, close).map_err(|_| EvalError::BadConversion)? {
        count += 1;
        if object {
            let key = reader.key().map_err(|_| EvalError::BadConversion)?;
            let key = text(heap, reader, key)?;
            heap.store.push_stack(key)?;
        }
        let part = value(heap, reader, depth + 1)?;
        heap.store.push_stack(part)?;
    }
    if object {
        return map::finish(heap, height);
    }
    Ok(Value::list(Space::Arena, heap.store.finish(height)?, count, 1))
}

fn text(heap: &mut Heap<'_>, reader: &Reader<'_>, inside: Text) -> Answer {
    let start = heap.store.text().len();
    unescape(heap, reader.slice(inside))?;
    heap.finish_text(Tag::String, start)
}

/// Appends the text that is spelled between quotes to the arena.
pub(in crate::runtime) fn unescape(heap: &mut Heap<'_>, spelled: &[u8]) -> Result<(), EvalError> {
    let mut reader = Reader::new(spelled);
    while !reader.is_at_end() {
        let end = scan::text_end(spelled, reader.at);
        let plain = spelled.get(reader.at as usize..end as usize);
        heap.store.push_text(plain.unwrap_or_default())?;
        reader.at = end;
        if !reader.is_at_end() {
            let mut buffer = [0; 4];
            let character = reader.escape().map_err(|_| EvalError::BadConversion)?;
            heap.store.push_text(character.encode_utf8(&mut buffer).as_bytes())?;
        }
    }
    Ok(())
}
