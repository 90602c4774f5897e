//! Maps: sorted by key, keys unique, searched by halving.
//!
//! In:      keys and values.
//! Out:     maps, and what they hold under a key.
//! Imports: `lang::error`, `lang::value`.
//!
//! A key is a bool, an int, a uint or a string. Keys are sorted bool first, then numbers, then
//! strings, each by value; `1`, `1u` and, in a lookup, `1.0` are the same key.

use std::cmp::Ordering;

use crate::lang::error::EvalError;
use crate::lang::value::compare::numbers;
use crate::lang::value::heap::{Heap, View};
use crate::lang::value::{Space, Tag, Value};

/// The value under `key`; `None` also for keys of kinds that no map has.
#[must_use]
pub fn get(view: &View<'_>, map: &Value, key: &Value) -> Option<Value> {
    let (entries, _) = view.elements(map).as_chunks::<2>();
    rank(key)?;
    if key.tag() == Tag::Double && key.float().is_nan() {
        return None;
    }
    let at = entries.binary_search_by(|[other, _]| key_order(view, other, key)).ok()?;
    entries.get(at).map(|[_, value]| *value)
}

/// The value under a key that is a string.
#[must_use]
pub fn get_str(view: &View<'_>, map: &Value, key: &str) -> Option<Value> {
    let (entries, _) = view.elements(map).as_chunks::<2>();
    let order = |other: &Value| match rank(other) {
        Some(2) => view.bytes(other).cmp(key.as_bytes()),
        Some(_) | None => Ordering::Less,
    };
    let at = entries.binary_search_by(|[other, _]| order(other)).ok()?;
    entries.get(at).map(|[_, value]| *value)
}

/// Makes a map of the keys and values (key, value, ..) on the build stack above `height`.
///
/// # Errors
/// `DuplicateMapKey` if a key is given twice or cannot be one, `Budget` if the store is full.
/// The stack is dropped all the same.
pub fn finish(heap: &mut Heap<'_>, height: usize) -> Result<Value, EvalError> {
    let (view, stack) = heap.split(height);
    let (entries, _) = stack.as_chunks_mut::<2>();
    let valid = entries.iter().all(|[key, _]| is_key(key));
    let sorted = |[a, _]: &[Value; 2], [b, _]: &[Value; 2]| key_order(&view, a, b).is_lt();
    if valid && !entries.is_sorted_by(sorted) {
        entries.sort_unstable_by(|[a, _], [b, _]| key_order(&view, a, b));
    }
    if !valid || !entries.is_sorted_by(sorted) {
        heap.store.drop_stack(height);
        return Err(EvalError::DuplicateMapKey);
    }
    let len = u32::try_from(entries.len()).map_err(|_| EvalError::Budget)?;
    let off = heap.store.finish(height)?;
    Ok(Value::map(Space::Arena, off, len))
}

/// Whether `value` can be the key of a map.
#[must_use]
pub fn is_key(value: &Value) -> bool {
    rank(value).is_some() && value.tag() != Tag::Double
}

/// The order of keys.
#[must_use]
pub fn key_order(view: &View<'_>, a: &Value, b: &Value) -> Ordering {
    rank(a).cmp(&rank(b)).then_with(|| match rank(a) {
        Some(0) => a.bits().cmp(&b.bits()),
        Some(1) => numbers(a, b).unwrap_or(Ordering::Equal),
        Some(_) => view.bytes(a).cmp(view.bytes(b)),
        None => Ordering::Equal,
    })
}

const fn rank(key: &Value) -> Option<u8> {
    match key.tag() {
        Tag::Bool => Some(0),
        Tag::Int | Tag::Uint | Tag::Double => Some(1),
        Tag::String => Some(2),
        Tag::Absent
        | Tag::Error
        | Tag::Null
        | Tag::Bytes
        | Tag::Timestamp
        | Tag::Duration
        | Tag::Type
        | Tag::List
        | Tag::Map
        | Tag::Optional => None,
    }
}
