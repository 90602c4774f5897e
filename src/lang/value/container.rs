//! What lists and maps hold.
//!
//! In:      a container, and a position, a key or a value.
//! Out:     what lies there, or whether it is there.
//! Imports: its own room alone.
//! Source:  CEL language definition, sections "Aggregate values" and "Equality".
//!
//! A list whose elements take several columns has no whole elements to speak of, so it is refused.

use crate::lang::error::EvalError;
use crate::lang::value::heap::View;
use crate::lang::value::{Tag, Value, compare, map};

/// `container[key]`
///
/// # Errors
/// `NoSuchKey` of a map; `OutOfRange` of a list, or `InvalidArgument` for a position between two
/// elements; `NoSuchOverload` if `container` is neither, or `key` is no number for a list.
pub fn element(view: &View<'_>, container: &Value, key: &Value) -> Result<Value, EvalError> {
    match (container.tag(), container.columns()) {
        (Tag::Map, _) => map::get(view, container, key).ok_or(EvalError::NoSuchKey),
        (Tag::List, 1) => {
            let position = position(key)?;
            view.elements(container).get(position).copied().ok_or(EvalError::OutOfRange)
        }
        _ => Err(EvalError::NoSuchOverload),
    }
}

/// `value in container`: whether it is an element of a list, or a key of a map.
///
/// # Errors
/// `NoSuchOverload` if `container` is neither; what comparing fails with.
pub fn holds(view: &View<'_>, container: &Value, value: &Value) -> Result<bool, EvalError> {
    match (container.tag(), container.columns()) {
        (Tag::Map, _) => Ok(map::get(view, container, value).is_some()),
        (Tag::List, 1) => {
            for element in view.elements(container) {
                if compare::equal(view, value, element)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        _ => Err(EvalError::NoSuchOverload),
    }
}

/// A position in a list: a number of any kind with a whole value.
fn position(key: &Value) -> Result<usize, EvalError> {
    let position = if key.tag() == Tag::Int {
        usize::try_from(key.signed()).ok()
    } else if key.tag() == Tag::Uint {
        usize::try_from(key.bits()).ok()
    } else if key.tag() == Tag::Double {
        whole(key.float())?
    } else {
        return Err(EvalError::NoSuchOverload);
    };
    position.ok_or(EvalError::OutOfRange)
}

/// A whole number as a position; `None` for one that no list has.
fn whole(number: f64) -> Result<Option<usize>, EvalError> {
    if number.fract() != 0.0 || number.is_nan() {
        return Err(EvalError::InvalidArgument);
    }
    // Lists are far shorter than the numbers that a double cannot tell apart.
    let is_position = (0.0..=f64::from(u32::MAX)).contains(&number);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, in range")]
    Ok(is_position.then_some(number as usize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::value::heap::{Heap, Store};

    #[test]
    fn positions_are_whole_numbers_of_any_kind() {
        let mut store = Store::new(0, 8);
        let mut heap = Heap::of(&mut store);
        let list = heap.new_list(&[Value::int(7), Value::int(8)]).expect("room");
        let at = |key| element(&heap.view(), &list, &key).map(|value| value.signed());
        for key in [Value::int(1), Value::uint(1), Value::double(1.0)] {
            assert_eq!(at(key), Ok(8), "{key:?}");
        }
        assert_eq!(at(Value::double(-0.0)), Ok(7));
        for key in [Value::int(2), Value::int(-1), Value::uint(u64::MAX), Value::double(1e300)] {
            assert_eq!(at(key), Err(EvalError::OutOfRange), "{key:?}");
        }
        for key in [Value::double(0.5), Value::double(f64::NAN), Value::double(f64::INFINITY)] {
            assert_eq!(at(key), Err(EvalError::InvalidArgument), "{key:?}");
        }
        assert_eq!(at(Value::bool(true)), Err(EvalError::NoSuchOverload));
    }
}
