//! What host functions gave: a table, supplied with the request.
//!
//! In:      the name of a function and its arguments.
//! Out:     its result, or `EvalError::Pending`.
//! Imports: `lang`, `runtime::program`, `runtime::vm::request`.
//!
//! Arguments are found by their digest: SHA-256 of the list of them as canonical JSON
//! (`lang::value::json`). A function that needs nothing but its arguments may be computed instead.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::lang::error::EvalError;
use crate::lang::functions::Native;
use crate::lang::value::Value;
use crate::lang::value::heap::Heap;
use crate::lang::value::json::{self, Form};
use crate::runtime::bundle::module::HostRow;
use crate::runtime::program::Program;
use crate::runtime::vm::request::conform::conform;
use crate::runtime::vm::request::result;

/// Results of host functions.
#[derive(Clone, Debug, Default)]
pub struct HostTable {
    /// Sorted by name and digest.
    entries: Vec<HostEntry>,
    /// Functions that are computed, by name.
    computed: Vec<(&'static str, Native)>,
}

/// A result of a host function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostEntry {
    /// Name of the function.
    pub name: String,
    /// Digest of its arguments.
    pub arguments: [u8; 32],
    /// What it gave, as JSON.
    pub result: String,
}

impl HostTable {
    /// A table of these results. Of two for the same call the first counts.
    #[must_use]
    pub fn new(mut entries: Vec<HostEntry>) -> Self {
        entries.sort_by(|a, b| (&a.name, a.arguments).cmp(&(&b.name, b.arguments)));
        entries.dedup_by(|b, a| a.name == b.name && a.arguments == b.arguments);
        Self { entries, computed: Vec::new() }
    }

    /// A table of functions that are computed from their arguments: the same for the same ones.
    #[must_use]
    pub fn computing(functions: &[(&'static str, Native)]) -> Self {
        Self { entries: Vec::new(), computed: functions.to_vec() }
    }

    /// The results, in order of name and arguments.
    #[must_use]
    pub fn entries(&self) -> &[HostEntry] {
        &self.entries
    }

    /// The digest of arguments that are given as one JSON array in canonical form.
    #[must_use]
    pub fn digest(arguments: &str) -> [u8; 32] {
        Sha256::digest(arguments.as_bytes()).into()
    }

    /// What `host` gave for these arguments.
    pub(in crate::runtime) fn answer(
        &self,
        program: &Program,
        heap: &mut Heap<'_>,
        host: &HostRow,
        arguments: &[Value],
    ) -> Result<Value, EvalError> {
        let name = program.string(host.name);
        if let Some((_, call)) = self.computed.iter().find(|(known, _)| *known == name) {
            let value = call(heap, arguments)?;
            return conform(&program.module, heap, &value, host.result)
                .ok_or(EvalError::BadConversion);
        }
        let list = heap.new_list(arguments)?;
        let mut hash = Hasher(Sha256::new());
        json::write(&heap.view(), &list, Form::Canonical, &mut hash)?;
        let digest: [u8; 32] = hash.0.finalize().into();
        let order = |entry: &HostEntry| (entry.name.as_str(), entry.arguments).cmp(&(name, digest));
        let at = self.entries.binary_search_by(order).map_err(|_| EvalError::Pending)?;
        let entry = self.entries.get(at).ok_or(EvalError::Pending)?;
        let value = result::read(heap, &entry.result)?;
        conform(&program.module, heap, &value, host.result).ok_or(EvalError::BadConversion)
    }
}

/// JSON as a value, for functions that are computed.
///
/// # Errors
/// `BadConversion` if it is not JSON, `Budget` if it does not fit.
pub fn value_of_json(heap: &mut Heap<'_>, json: &str) -> Result<Value, EvalError> {
    let height = heap.store.height();
    let value = result::read(heap, json);
    if value.is_err() {
        heap.store.drop_stack(height);
    }
    value
}

/// Hashes what is written.
struct Hasher(Sha256);

impl fmt::Write for Hasher {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}
