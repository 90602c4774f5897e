//! Contexts as records hold them: typed JSON, with markers where the log was redacted.
//!
//! In:      a value, and the places that the log says are redacted.
//! Out:     typed JSON, or why no record can hold the value.
//! Imports: `base`, `lang`, `runtime::vm`.
//!
//! What is redacted is unknown, never absent. So a place that is not there is one that was taken
//! out: it is marked. Where a path leads through something that is neither an object nor an
//! element of a list, all of that is marked.

use crate::base::arrange::Arrange as _;
use crate::base::limits::CONTEXT_DEPTH_MAX;
use crate::base::pointer;
use crate::lang::error::EvalError;
use crate::lang::value::heap::View;
use crate::lang::value::json::{self, Form, write_string};
use crate::lang::value::{Tag, Value};

/// Stands for a value of which nothing is known but that it was there.
const DROPPED: &str = "{\"$x\":\"drop\"}";

/// Why no record can hold a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueFault {
    /// It is no object.
    NotAnObject,
    /// A part of it has a type that contexts do not have.
    Type(&'static str),
    /// A key of a map is no text.
    Key,
    /// It nests deeper than contexts may.
    Deep,
    /// All of it is redacted.
    Redacted,
}

/// A JSON Pointer, cut at its slashes.
pub(super) type Place = Vec<String>;

/// The parts of a JSON Pointer; `None` if the text is none.
pub(super) fn place(pointer: &str) -> Option<Place> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let parts = pointer.strip_prefix('/')?.split('/');
    Some(parts.map(pointer::key).collect())
}

/// Appends the context `value` as typed JSON.
///
/// # Errors
/// Why no record can hold it; then `out` holds a part of it.
pub(super) fn write(
    view: &View<'_>,
    value: &Value,
    redacted: &[Place],
    out: &mut String,
) -> Result<(), ValueFault> {
    if value.tag() != Tag::Map {
        return Err(ValueFault::NotAnObject);
    }
    if redacted.iter().any(Vec::is_empty) {
        return Err(ValueFault::Redacted);
    }
    let cut: Vec<&[String]> = redacted.iter().map(Vec::as_slice).collect();
    Writer { view, out }.value(value, &cut, 0)
}

struct Writer<'w> {
    view: &'w View<'w>,
    out: &'w mut String,
}

impl Writer<'_> {
    /// `cut`: what is redacted, as seen from here. Recursion is bounded by `CONTEXT_DEPTH_MAX`.
    fn value(&mut self, value: &Value, cut: &[&[String]], depth: usize) -> Result<(), ValueFault> {
        if cut.iter().any(|path| path.is_empty()) {
            self.out.push_str(DROPPED);
            return Ok(());
        }
        if depth >= CONTEXT_DEPTH_MAX && value.tag().has_elements() {
            return Err(ValueFault::Deep);
        }
        match value.tag() {
            Tag::Map => self.object(value, cut, depth),
            Tag::List => self.list(value, cut, depth),
            Tag::Null
            | Tag::Bool
            | Tag::Int
            | Tag::Uint
            | Tag::Double
            | Tag::String
            | Tag::Bytes
            | Tag::Timestamp
            | Tag::Duration => self.scalar(value, cut),
            other @ (Tag::Absent
            | Tag::Error
            | Tag::Type
            | Tag::Optional
            | Tag::Ip
            | Tag::Cidr
            | Tag::Quantity
            | Tag::Semver
            | Tag::Message
            | Tag::Enum
            | Tag::Unknown) => Err(ValueFault::Type(other.type_name().unwrap_or("message"))),
        }
    }

    fn scalar(&mut self, value: &Value, cut: &[&[String]]) -> Result<(), ValueFault> {
        if !cut.is_empty() {
            self.out.push_str(DROPPED);
            return Ok(());
        }
        let written = json::write(self.view, value, Form::Canonical, self.out);
        written.map_err(|_: EvalError| ValueFault::Deep)
    }

    fn object(&mut self, value: &Value, cut: &[&[String]], depth: usize) -> Result<(), ValueFault> {
        let (entries, _) = self.view.elements(value).as_chunks::<2>();
        self.out.push('{');
        let mut first = true;
        for [key, held] in entries {
            if key.tag() != Tag::String {
                return Err(ValueFault::Key);
            }
            let key = self.view.str(key);
            self.key(key, &mut first);
            self.value(held, &below(cut, key), depth + 1)?;
        }
        let held = |name: &str| entries.iter().any(|[key, _]| self.view.str(key) == name);
        let mut gone: Vec<&str> =
            cut.iter().filter_map(|path| path.first()).map(String::as_str).collect();
        gone.retain(|name| !held(name));
        gone.arrange();
        gone.dedup();
        for name in gone {
            self.key(name, &mut first);
            self.out.push_str(DROPPED);
        }
        self.out.push('}');
        Ok(())
    }

    fn key(&mut self, key: &str, first: &mut bool) {
        if !std::mem::take(first) {
            self.out.push(',');
        }
        // Writing to a string does not fail.
        let _ = write_string(self.out, if key.starts_with('$') { "$" } else { "" }, key);
        self.out.push(':');
    }

    fn list(&mut self, value: &Value, cut: &[&[String]], depth: usize) -> Result<(), ValueFault> {
        let items = self.view.elements(value);
        let there = |path: &&[String]| {
            let at = path.first().and_then(|part| part.parse::<usize>().ok());
            at.is_some_and(|at| at < items.len())
        };
        if !cut.iter().all(there) {
            self.out.push_str(DROPPED);
            return Ok(());
        }
        self.out.push('[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.out.push(',');
            }
            self.value(item, &below(cut, &at.to_string()), depth + 1)?;
        }
        self.out.push(']');
        Ok(())
    }
}

/// The paths that go on below `part`, from there on.
fn below<'p>(cut: &[&'p [String]], part: &str) -> Vec<&'p [String]> {
    let rest = |path: &&'p [String]| path.split_first().filter(|(first, _)| *first == part);
    cut.iter().filter_map(rest).map(|(_, rest)| rest).collect()
}

#[cfg(test)]
mod tests {
    use super::{ValueFault, place, write};
    use crate::lang::value::heap::{Heap, Store};
    use crate::lang::value::{Value, map};
    use crate::runtime::vm::hosts::value_of_json;

    fn written(context: &str, redacted: &[&str]) -> Result<String, ValueFault> {
        let mut store = Store::new(4_096, 512);
        let mut heap = Heap::of(&mut store);
        let value = value_of_json(&mut heap, context).expect("JSON");
        let places: Vec<_> = redacted.iter().map(|it| place(it).expect("a pointer")).collect();
        let mut out = String::new();
        write(&heap.view(), &value, &places, &mut out).map(|()| out)
    }

    #[test]
    fn kinds_and_dollars_survive() {
        let context = r#"{"$u":{"b":1},"a":[1,1.0,"x",null,{"$x":true}]}"#;
        let typed = r#"{"$$u":{"b":1},"a":[1,1.0,"x",null,{"$$x":true}]}"#;
        assert_eq!(written(context, &[]).as_deref(), Ok(typed));
    }

    #[test]
    fn what_is_redacted_is_marked_there_or_not() {
        let context = r#"{"a":{"b":1,"c":[1,2]},"d":"x"}"#;
        let cases: [(&[&str], &str); 7] = [
            (&["/a/b"], r#"{"a":{"b":{"$x":"drop"},"c":[1,2]},"d":"x"}"#),
            (&["/a/c/1"], r#"{"a":{"b":1,"c":[1,{"$x":"drop"}]},"d":"x"}"#),
            (&["/a/c/2"], r#"{"a":{"b":1,"c":{"$x":"drop"}},"d":"x"}"#),
            (&["/e/f", "/e/g"], r#"{"a":{"b":1,"c":[1,2]},"d":"x","e":{"$x":"drop"}}"#),
            (&["/d/f"], r#"{"a":{"b":1,"c":[1,2]},"d":{"$x":"drop"}}"#),
            (&["/a", "/a/b"], r#"{"a":{"$x":"drop"},"d":"x"}"#),
            (
                &["/a~1b/x", "/d"],
                r#"{"a":{"b":1,"c":[1,2]},"d":{"$x":"drop"},"a/b":{"$x":"drop"}}"#,
            ),
        ];
        for (redacted, wanted) in cases {
            assert_eq!(written(context, redacted).as_deref(), Ok(wanted), "{redacted:?}");
        }
        assert_eq!(place("a/b"), None);
    }

    #[test]
    fn what_no_record_holds_is_refused() {
        assert_eq!(written("[1]", &[]), Err(ValueFault::NotAnObject));
        assert_eq!(written("{}", &[""]), Err(ValueFault::Redacted));
        let mut store = Store::new(64, 64);
        let mut heap = Heap::of(&mut store);
        for part in [Value::int(1), Value::int(2)] {
            heap.store.push_stack(part).expect("room");
        }
        let odd = map::finish(&mut heap, 0).expect("room");
        let mut out = String::new();
        assert_eq!(write(&heap.view(), &odd, &[], &mut out), Err(ValueFault::Key));
    }
}
