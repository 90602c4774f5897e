//! Functions of maps that CEL lacks: JSON inside text, lists of attributes, the first of several.
//!
//! In:      arguments of any kind.
//! Out:     values; what cannot be read is an error, as of any function.
//! Imports: `base`, `lang`, `runtime::vm`.
//! Source:  `docs/import.md`; attributes as OTLP/JSON writes `KeyValue` and `AnyValue`.

use crate::base::limits::CONTEXT_DEPTH_MAX;
use crate::lang::error::EvalError;
use crate::lang::functions::Native;
use crate::lang::value::heap::{Heap, View};
use crate::lang::value::{Space, Tag, Value, map, text};
use crate::runtime::vm::hosts::value_of_json;

/// The functions, by name and number of arguments.
pub(super) const FUNCTIONS: &[(&str, usize)] =
    &[("json", 1), ("json", 2), ("attributes", 1), ("first", 1)];

/// What computes them.
pub(super) const COMPUTED: &[(&str, Native)] =
    &[("json", json), ("attributes", attributes), ("first", first)];

type Outcome = Result<Value, EvalError>;

/// `json(text)`: what the text says; anything but text is what it is. `json(text, other)`: `other`
/// where the text is not JSON.
fn json(heap: &mut Heap<'_>, arguments: &[Value]) -> Outcome {
    let first = arguments.first().ok_or(EvalError::NoSuchOverload)?;
    if first.tag() != Tag::String {
        return Ok(*first);
    }
    let text = heap.str(first).to_owned();
    match (value_of_json(heap, &text), arguments.get(1)) {
        (Err(EvalError::BadConversion | EvalError::DuplicateMapKey), Some(other)) => Ok(*other),
        (found, _) => found,
    }
}

/// `first(list)`: an optional of the first element that is there and not null. What is optional
/// counts as what it holds.
fn first(heap: &mut Heap<'_>, arguments: &[Value]) -> Outcome {
    let [list] = arguments else { return Err(EvalError::NoSuchOverload) };
    if list.tag() != Tag::List {
        return Err(EvalError::NoSuchOverload);
    }
    let held = |value: &Value| {
        let optional = value.tag() == Tag::Optional;
        if optional { heap.elements(value).first().copied() } else { Some(*value) }
    };
    let found = heap.elements(list).iter().filter_map(held).find(|it| it.tag() != Tag::Null);
    match found {
        Some(value) => heap.new_optional(value),
        None => Ok(Value::optional(Space::Arena, None)),
    }
}

/// `attributes(list)`: the map that a list of `{key, value}` stands for; a map is what it is.
fn attributes(heap: &mut Heap<'_>, arguments: &[Value]) -> Outcome {
    match arguments {
        [one] if one.tag() == Tag::Map => Ok(*one),
        [one] if one.tag() == Tag::List => entries(heap, one, 0),
        _ => Err(EvalError::NoSuchOverload),
    }
}

/// Recursion is bounded by `CONTEXT_DEPTH_MAX`.
fn entries(heap: &mut Heap<'_>, list: &Value, depth: usize) -> Outcome {
    if depth > CONTEXT_DEPTH_MAX {
        return Err(EvalError::Budget);
    }
    let rows = heap.elements(list).to_vec();
    let mut flat = Vec::with_capacity(2 * rows.len());
    for row in rows {
        let view = heap.view();
        let key = map_entry(&view, &row, "key").filter(|key| key.tag() == Tag::String);
        let key = key.ok_or(EvalError::BadConversion)?;
        // A value that is left out is the empty one.
        let value = map_entry(&view, &row, "value").unwrap_or(Value::NULL);
        flat.extend([key, any(heap, &value, depth)?]);
    }
    let height = heap.store.height();
    for value in flat {
        heap.store.push_stack(value)?;
    }
    map::finish(heap, height)
}

fn map_entry(view: &View<'_>, value: &Value, key: &str) -> Option<Value> {
    if value.tag() == Tag::Map { map::get_str(view, value, key) } else { None }
}

/// What an `AnyValue` holds.
fn any(heap: &mut Heap<'_>, value: &Value, depth: usize) -> Outcome {
    let held = {
        let entry = heap.elements(value).as_chunks::<2>().0.first();
        let entry = entry.filter(|_| value.tag() == Tag::Map);
        entry.map(|[key, held]| (heap.str(key).to_owned(), *held))
    };
    let Some((kind, held)) = held else { return Ok(Value::NULL) };
    match kind.as_str() {
        "intValue" if held.tag() == Tag::String => text::parse_int(heap.str(&held)).map(Value::int),
        "stringValue" | "boolValue" | "bytesValue" | "intValue" => Ok(held),
        "doubleValue" => double(heap, &held),
        "arrayValue" => {
            let view = heap.view();
            let list = map_entry(&view, &held, "values");
            let items = list.map(|list| view.elements(&list).to_vec()).unwrap_or_default();
            if depth > CONTEXT_DEPTH_MAX {
                return Err(EvalError::Budget);
            }
            let read = |item: &Value| any(heap, item, depth + 1);
            let items = items.iter().map(read).collect::<Result<Vec<_>, _>>()?;
            heap.new_list(&items)
        }
        "kvlistValue" => {
            let list = map_entry(&heap.view(), &held, "values");
            match list.filter(|list| list.tag() == Tag::List) {
                Some(list) => entries(heap, &list, depth + 1),
                None => map::finish(heap, heap.store.height()),
            }
        }
        _ => Err(EvalError::BadConversion),
    }
}

/// JSON spells a double that is no number as text, and may spell a whole one without a point.
fn double(heap: &Heap<'_>, held: &Value) -> Outcome {
    if held.tag() == Tag::Int {
        #[expect(clippy::cast_precision_loss, reason = "what was a double was spelled exactly")]
        return Ok(Value::double(held.signed() as f64));
    }
    if held.tag() == Tag::String {
        return text::parse_double(heap.str(held)).map(Value::double);
    }
    if held.tag() == Tag::Double { Ok(*held) } else { Err(EvalError::BadConversion) }
}
