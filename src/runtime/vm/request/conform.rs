//! A value that was read without a type, as a value of a type: an int where a double is wanted,
//! a timestamp from its text, an object against its fields.
//!
//! In:      a value and a row of the types.
//! Out:     the value as that type, or nothing if it is none.
//! Imports: `lang`, `runtime::bundle`.
//!
//! Recursion is bounded by the depth of the value and that of the type.

use crate::lang::value::heap::Heap;
use crate::lang::value::{Space, Tag, Value, compare, map};
use crate::runtime::bundle::module::{Module, NONE, TypeRow};
use crate::runtime::vm::partial::unknown::UnknownReference;
use crate::runtime::vm::request::whole::{field, from_text, row, string};

/// `value` as type `ty`.
pub(in crate::runtime) fn conform(
    module: &Module,
    heap: &mut Heap<'_>,
    value: &Value,
    ty: u16,
) -> Option<Value> {
    let wanted = row(module, ty);
    if let Some(withheld) = UnknownReference::of(value) {
        // Whether it can be of that type is asked when something is decided about it.
        let is_dyn = matches!(wanted, TypeRow::Dyn);
        return Some(if is_dyn { *value } else { UnknownReference { ty, ..withheld }.value() });
    }
    let keep = |tag: Tag| (value.tag() == tag).then_some(*value);
    match wanted {
        TypeRow::Dyn => value.is_present().then_some(*value),
        TypeRow::Null => keep(Tag::Null),
        TypeRow::Bool => keep(Tag::Bool),
        TypeRow::Int => number(value, Tag::Int),
        TypeRow::Uint => number(value, Tag::Uint),
        TypeRow::Double => number(value, Tag::Double),
        TypeRow::String => keep(Tag::String),
        TypeRow::Type => keep(Tag::Type),
        TypeRow::Bytes => keep(Tag::Bytes).or_else(|| spelled(heap, wanted, value)),
        TypeRow::Timestamp => keep(Tag::Timestamp).or_else(|| spelled(heap, wanted, value)),
        TypeRow::Duration => keep(Tag::Duration).or_else(|| spelled(heap, wanted, value)),
        TypeRow::Nullable(inner) => {
            keep(Tag::Null).or_else(|| conform(module, heap, value, *inner))
        }
        TypeRow::List(element, most) => {
            let fits = most.is_none_or(|most| value.len() <= most);
            if !fits || value.tag() != Tag::List || value.columns() != 1 {
                return None;
            }
            each(heap, value, |heap, _, part| conform(module, heap, part, *element))
        }
        TypeRow::Map(_, inner) => {
            keep(Tag::Map)?;
            each(heap, value, |heap, key, part| match key {
                Some(_) => conform(module, heap, part, *inner),
                None => Some(*part),
            })
        }
        TypeRow::Optional(_) if value.tag() == Tag::Optional => Some(*value),
        TypeRow::Optional(_) if value.tag() == Tag::Null => {
            Some(Value::optional(Space::Arena, None))
        }
        TypeRow::Optional(inner) => {
            let value = conform(module, heap, value, *inner)?;
            heap.new_optional(value).ok()
        }
        TypeRow::Message(of) => keep(Tag::Message).filter(|it| it.kind() == u32::from(*of)),
        TypeRow::Enum(of) => keep(Tag::Enum).filter(|it| it.kind() == u32::from(*of)),
        TypeRow::Record { fields, rest } => {
            keep(Tag::Map)?;
            for field in fields.iter().filter(|field| field.required) {
                map::get_str(&heap.view(), value, string(module, field.name))?;
            }
            each(heap, value, |heap, key, part| {
                let Some(key) = key else { return Some(*part) };
                let ty = match field(module, fields, heap.bytes(&key)) {
                    Some(field) => field.ty,
                    None if *rest == NONE => return None,
                    None => *rest,
                };
                conform(module, heap, part, ty)
            })
        }
    }
}

fn spelled(heap: &mut Heap<'_>, wanted: &TypeRow, value: &Value) -> Option<Value> {
    if value.tag() == Tag::String { from_text(heap, wanted, value) } else { None }
}

/// A list or map with every part as `part` gives it: the same one where nothing changes. `part`
/// is given the key before it where it is the value of an entry.
fn each(
    heap: &mut Heap<'_>,
    value: &Value,
    mut part: impl FnMut(&mut Heap<'_>, Option<Value>, &Value) -> Option<Value>,
) -> Option<Value> {
    let map = value.tag() == Tag::Map;
    let height = heap.store.height();
    let mut changed = false;
    let mut key = None;
    let count = value.len() as usize * if map { 2 } else { 1 };
    for at in 0..count {
        let old = *heap.elements(value).get(at)?;
        let is_key = map && at % 2 == 0;
        let new = part(heap, if is_key { None } else { key }, &old);
        key = is_key.then_some(old);
        let pushed = new.and_then(|new| heap.store.push_stack(new).ok().map(|()| new));
        let Some(new) = pushed else {
            heap.store.drop_stack(height);
            return None;
        };
        changed |= (new.tag(), new.bits(), new.off()) != (old.tag(), old.bits(), old.off());
    }
    if !changed {
        heap.store.drop_stack(height);
        return Some(*value);
    }
    let off = heap.store.finish(height).ok()?;
    Some(if map {
        Value::map(Space::Arena, off, value.len())
    } else {
        Value::list(Space::Arena, off, value.len(), 1)
    })
}

/// A number as another kind of number: exactly, but that a double may be the nearest one.
#[expect(clippy::cast_precision_loss, reason = "JSON has one kind of number: the nearest double")]
#[expect(clippy::cast_possible_truncation, reason = "compared with what was cast")]
#[expect(clippy::cast_sign_loss, reason = "compared with what was cast")]
fn number(value: &Value, wanted: Tag) -> Option<Value> {
    let tag = value.tag();
    if tag == wanted {
        return Some(*value);
    }
    if !matches!(tag, Tag::Int | Tag::Uint | Tag::Double) {
        return None;
    }
    let other = match (tag, wanted) {
        (Tag::Int, Tag::Double) => return Some(Value::double(value.signed() as f64)),
        (Tag::Uint, Tag::Double) => return Some(Value::double(value.bits() as f64)),
        (Tag::Int, Tag::Uint) => Value::uint(u64::try_from(value.signed()).ok()?),
        (Tag::Uint, Tag::Int) => Value::int(i64::try_from(value.bits()).ok()?),
        (Tag::Double, Tag::Int) => Value::int(value.float() as i64),
        (Tag::Double, Tag::Uint) => Value::uint(value.float() as u64),
        _ => return None,
    };
    (compare::numbers(value, &other)?.is_eq()).then_some(other)
}
