//! Maps: sorted by key, keys unique, searched by halving.
//!
//! In:      keys and values.
//! Out:     maps, and what they hold under a key.
//! Imports: its own room alone.
//!
//! A key is a bool, an int, a uint or a string. Keys are sorted bool first, then numbers, then
//! strings, each by value; `1`, `1u` and, in a lookup, `1.0` are the same key.

use std::cmp::Ordering;

use crate::lang::error::EvalError;
use crate::lang::value::compare::numbers;
use crate::lang::value::heap::{Heap, View};
use crate::lang::value::{Space, Tag, Value};

/// Most entries that are looked at one by one for a string: length and first bytes tell nearly
/// all keys apart.
const FEW: usize = 16;

fn same_key(view: &View<'_>, other: &Value, key: &Value) -> bool {
    other.tag() == Tag::String && view.same_text(other, key)
}

/// The value under `key`; `None` also for keys of kinds that no map has.
#[must_use]
pub fn get(view: &View<'_>, map: &Value, key: &Value) -> Option<Value> {
    let (entries, _) = view.elements(map).as_chunks::<2>();
    if key.tag() == Tag::String && entries.len() <= FEW {
        let found = entries.iter().find(|[other, _]| same_key(view, other, key));
        return found.map(|[_, value]| *value);
    }
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
/// `InvalidKey` if a key cannot be one, `DuplicateMapKey` if one is given twice, `Budget` if the
/// store is full.
/// The stack is dropped all the same.
pub fn finish(heap: &mut Heap<'_>, height: usize) -> Result<Value, EvalError> {
    finish_or(heap, height, |_| {})
}

/// As `finish`; of two keys that are one the later in the text goes to `twice`.
///
/// # Errors
/// As `finish`.
pub fn finish_or(
    heap: &mut Heap<'_>,
    height: usize,
    twice: impl FnOnce(&Value),
) -> Result<Value, EvalError> {
    let (view, stack) = heap.split(height);
    let (entries, _) = stack.as_chunks_mut::<2>();
    let valid = entries.iter().all(|[key, _]| is_key(key));
    let sorted = |[a, _]: &[Value; 2], [b, _]: &[Value; 2]| key_order(&view, a, b).is_lt();
    if valid && !entries.is_sorted_by(sorted) {
        entries.sort_unstable_by(|[a, _], [b, _]| key_order(&view, a, b));
    }
    if !valid {
        heap.store.drop_stack(height);
        return Err(EvalError::InvalidKey);
    }
    if !entries.is_sorted_by(sorted) {
        let pairs = entries.windows(2).filter_map(|pair| pair.first().zip(pair.last()));
        let mut same = pairs.filter(|(a, b)| !sorted(a, b));
        if let Some(([a, _], [b, _])) = same.next() {
            twice(if a.off() > b.off() { a } else { b });
        }
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
        | Tag::Optional
        | Tag::Ip
        | Tag::Cidr
        | Tag::Quantity
        | Tag::Semver
        | Tag::Message
        | Tag::Enum
        | Tag::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::value::heap::Store;

    fn map_of(heap: &mut Heap<'_>, entries: &[(Value, Value)]) -> Result<Value, EvalError> {
        let height = heap.store.height();
        for (key, value) in entries {
            heap.store.push_stack(*key)?;
            heap.store.push_stack(*value)?;
        }
        finish(heap, height)
    }

    #[test]
    fn keys_are_found_by_value() {
        let mut store = Store::new(64, 64);
        let mut heap = Heap::of(&mut store);
        let (a, b) = (heap.new_string("a").expect("room"), heap.new_string("b").expect("room"));
        let entries = [
            (b, Value::int(10)),
            (Value::int(2), Value::int(20)),
            (Value::bool(true), Value::int(30)),
            (Value::uint(1), Value::int(40)),
            (a, Value::int(50)),
            (Value::int(-1), Value::int(60)),
        ];
        let map = map_of(&mut heap, &entries).expect("keys differ");
        let view = heap.view();
        let found = |key: &Value| get(&view, &map, key).map(|value| value.signed());
        for (key, value) in &entries {
            assert_eq!(found(key), Some(value.signed()));
        }
        assert_eq!(found(&Value::double(1.0)), Some(40));
        assert_eq!(found(&Value::int(1)), Some(40));
        for missing in [Value::double(1.5), Value::double(f64::NAN), Value::NULL, Value::uint(7)] {
            assert_eq!(found(&missing), None);
        }
        assert_eq!(get_str(&view, &map, "b").map(|value| value.signed()), Some(10));
        assert!(get_str(&view, &map, "c").is_none());
        let keys = view.elements(&map).iter().step_by(2).map(Value::tag);
        let wanted = [Tag::Bool, Tag::Int, Tag::Uint, Tag::Int, Tag::String, Tag::String];
        assert!(keys.eq(wanted));
    }

    #[test]
    fn keys_are_unique_and_of_four_kinds() {
        let mut store = Store::new(64, 64);
        let mut heap = Heap::of(&mut store);
        let value = Value::NULL;
        let (twice, odd) = (EvalError::DuplicateMapKey, EvalError::InvalidKey);
        let pairs = [
            (vec![(Value::int(0), value), (Value::uint(0), value)], twice),
            (vec![(Value::double(1.0), value)], odd),
            (vec![(Value::NULL, value)], odd),
        ];
        for (entries, error) in pairs {
            let refused = map_of(&mut heap, &entries);
            assert_eq!(refused.map(|map| map.len()), Err(error));
            assert_eq!(heap.store.height(), 0);
        }
        assert_eq!(map_of(&mut heap, &[]).map(|map| map.len()), Ok(0));
    }
}
