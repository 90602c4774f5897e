//! Changes of a context: `{/pointer: value}`, or JSON Patch.
//!
//! In:      a context and operations.
//! Out:     the context changed, or the operation that does not fit.
//! Source:  RFC 6901 and RFC 6902.

use serde_json::{Map, Value as Json};

use crate::base::pointer;

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// `add`, `replace` and the short form: makes `value` stand at `path`.
    Set {
        /// JSON Pointer.
        path: String,
        /// What stands there afterwards.
        value: Json,
        /// How much has to be there already.
        mode: SetMode,
    },
    /// `remove`
    Remove {
        /// JSON Pointer.
        path: String,
    },
    /// `move`, and with `keep` `copy`.
    Move {
        /// JSON Pointer.
        from: String,
        /// JSON Pointer.
        path: String,
        /// Whether the value stays where it was.
        keep: bool,
    },
    /// `test`
    Test {
        /// JSON Pointer.
        path: String,
        /// What must stand there.
        value: Json,
    },
}

/// How much has to be there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetMode {
    /// The short form: objects on the way are made, an element of a list is replaced.
    Put,
    /// `add`: the parent is there; into a list the value is inserted.
    Add,
    /// `replace`: the place is there.
    Replace,
}

impl Operation {
    /// The place that it changes.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Set { path, .. }
            | Self::Remove { path }
            | Self::Move { path, .. }
            | Self::Test { path, .. } => path,
        }
    }

    /// Applies the change.
    ///
    /// # Errors
    /// Why it does not fit; then `context` may be changed in part.
    pub fn apply(&self, context: &mut Json) -> Result<(), PatchError> {
        match self {
            Self::Set { path, value, mode } => set(context, path, value.clone(), *mode),
            Self::Remove { path } => remove(context, path).map(drop),
            Self::Move { from, path, keep } => {
                let value = if *keep {
                    keys_of(from)?;
                    context.pointer(from).cloned().ok_or(PatchError::NothingThere)?
                } else {
                    remove(context, from)?
                };
                set(context, path, value, SetMode::Add)
            }
            Self::Test { path, value } => {
                keys_of(path)?;
                let found = context.pointer(path).ok_or(PatchError::NothingThere)?;
                if found == value { Ok(()) } else { Err(PatchError::Differs) }
            }
        }
    }
}

/// Why a patch does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchError {
    /// The text is no JSON Pointer.
    NotAPointer,
    /// The context has nothing there.
    NothingThere,
    /// What stands above is neither an object nor a list.
    NotAContainer,
    /// An index that the list does not have.
    NoSuchIndex,
    /// `test`: another value stands there.
    Differs,
}

impl PatchError {
    /// What a message says of it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::NotAPointer => "a JSON Pointer starts with `/`",
            Self::NothingThere => "the context has nothing there",
            Self::NotAContainer => "what stands above it is neither an object nor a list",
            Self::NoSuchIndex => "the list has no such index",
            Self::Differs => "another value stands there",
        }
    }
}

/// The keys of a JSON Pointer.
fn keys_of(path: &str) -> Result<Vec<String>, PatchError> {
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let keys = path.strip_prefix('/').ok_or(PatchError::NotAPointer)?;
    Ok(keys.split('/').map(pointer::key).collect())
}

fn set(context: &mut Json, path: &str, value: Json, mode: SetMode) -> Result<(), PatchError> {
    let keys = keys_of(path)?;
    let Some((last, above)) = keys.split_last() else {
        *context = value;
        return Ok(());
    };
    let mut at = context;
    for key in above {
        at = match at {
            Json::Object(entries) => {
                if mode == SetMode::Put && !entries.contains_key(key) {
                    entries.insert(key.clone(), Json::Object(Map::new()));
                }
                entries.get_mut(key).ok_or(PatchError::NothingThere)?
            }
            Json::Array(elements) => {
                let index = key.parse::<usize>().map_err(|_| PatchError::NoSuchIndex)?;
                elements.get_mut(index).ok_or(PatchError::NoSuchIndex)?
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
                return Err(PatchError::NotAContainer);
            }
        };
    }
    match at {
        Json::Object(entries) => {
            if mode == SetMode::Replace && !entries.contains_key(last) {
                return Err(PatchError::NothingThere);
            }
            entries.insert(last.clone(), value);
            Ok(())
        }
        Json::Array(elements) => set_element(elements, last, value, mode),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
            Err(PatchError::NotAContainer)
        }
    }
}

fn set_element(
    elements: &mut Vec<Json>,
    key: &str,
    value: Json,
    mode: SetMode,
) -> Result<(), PatchError> {
    if key == "-" && mode != SetMode::Replace {
        elements.push(value);
        return Ok(());
    }
    let index = key.parse::<usize>().map_err(|_| PatchError::NoSuchIndex)?;
    if mode == SetMode::Add {
        if index > elements.len() {
            return Err(PatchError::NoSuchIndex);
        }
        elements.insert(index, value);
        return Ok(());
    }
    *elements.get_mut(index).ok_or(PatchError::NoSuchIndex)? = value;
    Ok(())
}

fn remove(context: &mut Json, path: &str) -> Result<Json, PatchError> {
    keys_of(path)?;
    let Some((above, _)) = path.rsplit_once('/') else { return Ok(context.take()) };
    let last = keys_of(path)?.pop().unwrap_or_default();
    match context.pointer_mut(above).ok_or(PatchError::NothingThere)? {
        Json::Object(entries) => entries.remove(&last).ok_or(PatchError::NothingThere),
        Json::Array(elements) => {
            let index = last.parse::<usize>().map_err(|_| PatchError::NoSuchIndex)?;
            if index < elements.len() {
                Ok(elements.remove(index))
            } else {
                Err(PatchError::NoSuchIndex)
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
            Err(PatchError::NotAContainer)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn put(path: &str, value: Json, mode: SetMode) -> Operation {
        Operation::Set { path: path.to_owned(), value, mode }
    }

    #[test]
    fn the_short_form_makes_objects_on_the_way() {
        let mut context = json!({"a": [1, 2]});
        put("/b/c", json!(3), SetMode::Put).apply(&mut context).unwrap();
        put("/a/1", json!(9), SetMode::Put).apply(&mut context).unwrap();
        assert_eq!(context, json!({"a": [1, 9], "b": {"c": 3}}));
    }

    #[test]
    fn json_patch_asks_for_what_is_there() {
        let mut context = json!({"a": [1, 2], "x/y": {"~": 1}});
        assert_eq!(
            put("/b/c", json!(3), SetMode::Add).apply(&mut context),
            Err(PatchError::NothingThere)
        );
        assert_eq!(
            put("/b", json!(3), SetMode::Replace).apply(&mut context),
            Err(PatchError::NothingThere)
        );
        put("/a/1", json!(9), SetMode::Add).apply(&mut context).unwrap();
        put("/a/-", json!(7), SetMode::Add).apply(&mut context).unwrap();
        put("/x~1y/~0", json!(2), SetMode::Replace).apply(&mut context).unwrap();
        let from = "/a/0".to_owned();
        Operation::Move { from, path: "/b".to_owned(), keep: false }.apply(&mut context).unwrap();
        assert_eq!(context, json!({"a": [9, 2, 7], "b": 1, "x/y": {"~": 2}}));
        let wrong = Operation::Test { path: "/b".to_owned(), value: json!(2) };
        assert_eq!(wrong.apply(&mut context), Err(PatchError::Differs));
    }
}
