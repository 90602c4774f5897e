//! The libraries of Kubernetes, which its policies for admission may use.
//!
//! In:      lists, strings, quantities, versions.
//! Out:     the same, and what is asked of them.
//! Imports: its own room alone.
//! Source:  "Common Expression Language in Kubernetes", its section "CEL options, language
//!          features, and libraries".
//!
//! They are there only where a document asks for them by name. Addresses and blocks of them are
//! the library `network`, under the names that Kubernetes gives to it.

pub mod format;
pub mod lists;
pub mod quantity;
pub mod regex;
pub mod semver;

use crate::lang::error::EvalError;
use crate::lang::functions::{Library, expect};
use crate::lang::value::heap::Heap;
use crate::lang::value::{Tag, Value};

/// Libraries that are not built, and why, or what there is instead.
pub const NOT_BUILT: &[(&str, &str)] = &[
    ("kubernetes.authz", "it asks an API server who may do what"),
    ("kubernetes.authzSelectors", "it asks an API server who may do what"),
    ("kubernetes.jsonpatch", "it changes objects, which no decision does"),
    ("kubernetes.urls", "`url` of documents with `policyc: 1` is another one: it normalises"),
];

impl Library {
    /// Whether it is there only where a document asks for it.
    #[must_use]
    pub fn must_be_asked_for(&self) -> bool {
        self.name.starts_with("kubernetes.")
    }
}

fn one(args: &[Value], tag: Tag) -> Result<&Value, EvalError> {
    let [only] = args else { return Err(EvalError::NoSuchOverload) };
    expect(only, tag)?;
    Ok(only)
}

fn two(args: &[Value], tag: Tag) -> Result<(&Value, &Value), EvalError> {
    let [a, b] = args else { return Err(EvalError::NoSuchOverload) };
    expect(a, tag)?;
    expect(b, tag)?;
    Ok((a, b))
}

/// The text of the only argument, a string.
fn text<'h>(heap: &'h Heap<'_>, args: &[Value]) -> Result<&'h str, EvalError> {
    Ok(heap.str(one(args, Tag::String)?))
}
