//! What host functions gave: a table, supplied with the request.
//!
//! In:      the name of a function and its arguments.
//! Out:     its result, or `EvalError::Pending` and what was asked.
//! Imports: `base`, `lang`, `runtime::bundle`, `runtime::program`.
//! Source:  `docs/facts.md`.
//!
//! Arguments are found by their digest: SHA-256 of the list of them as canonical JSON
//! (`lang::value::json`). A function that needs nothing but its arguments may be computed instead.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::base::limits::{ARENA_BYTES_MAX, ELEMENTS_MAX, SESSION_ID_BYTES_MAX};
use crate::lang::error::EvalError;
use crate::lang::functions::Native;
use crate::lang::value::heap::{Heap, Store};
use crate::lang::value::json::{self, Form};
use crate::lang::value::{Space, Tag, Value};
use crate::runtime::bundle::module::HostRow;
use crate::runtime::program::Program;
use crate::runtime::vm::missing::UnansweredCalls;
use crate::runtime::vm::request::conform::conform;
use crate::runtime::vm::request::{heap, result};

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

/// The arguments that a result is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arguments<'a> {
    /// By their digest.
    Digest([u8; 32]),
    /// As a list, in JSON.
    List(&'a str),
}

/// Why a result of a host function is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactFault {
    /// No rule calls a function of this name.
    Unknown(String),
    /// The arguments are no list of values that it takes.
    Arguments(String),
    /// The result is no value of the declared type.
    Result(String),
}

impl fmt::Display for FactFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "no rule calls a function `{name}` of the host"),
            Self::Arguments(name) => write!(f, "`{name}` does not take these arguments"),
            Self::Result(name) => write!(f, "the result has not the type that `{name}` declares"),
        }
    }
}

/// Orders entries.
fn key(entry: &HostEntry) -> (&str, [u8; 32]) {
    (&entry.name, entry.arguments)
}

impl HostTable {
    /// A table that says nothing.
    pub(in crate::runtime) const EMPTY: &'static Self =
        &Self { entries: Vec::new(), computed: Vec::new() };

    /// A table of these results. Of two for the same call the first counts.
    #[must_use]
    pub fn new(mut entries: Vec<HostEntry>) -> Self {
        entries.sort_by(|a, b| key(a).cmp(&key(b)));
        entries.dedup_by(|b, a| key(a) == key(b));
        Self { entries, computed: Vec::new() }
    }

    /// A table of functions that are computed from their arguments: the same for the same ones.
    #[must_use]
    pub fn computing(functions: &[(&'static str, Native)]) -> Self {
        Self { entries: Vec::new(), computed: functions.to_vec() }
    }

    /// Adds a result; whether there was none for this call.
    pub fn add(&mut self, entry: HostEntry) -> bool {
        match self.entries.binary_search_by(|other| key(other).cmp(&key(&entry))) {
            Ok(_) => false,
            Err(at) => {
                self.entries.insert(at, entry);
                true
            }
        }
    }

    /// Whether there is a result for the same call.
    #[must_use]
    pub fn knows(&self, entry: &HostEntry) -> bool {
        self.entries.binary_search_by(|other| key(other).cmp(&key(entry))).is_ok()
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

    /// What `host`, of this number, gave for these arguments. What is not known is noted.
    pub(in crate::runtime) fn answer(
        &self,
        program: &Program,
        (heap, missing): (&mut Heap<'_>, &mut UnansweredCalls),
        (number, host): (u16, &HostRow),
        arguments: &[Value],
    ) -> Result<Value, EvalError> {
        let name = program.string(host.name);
        if let Some((_, call)) = self.computed.iter().find(|(known, _)| *known == name) {
            let value = call(heap, arguments)?;
            return conform(&program.module, heap, &value, host.result)
                .ok_or(EvalError::BadConversion);
        }
        let list = typed_list(program, heap, host, arguments)?;
        let digest = digest(heap, &list)?;
        let found = self.entries.binary_search_by(|entry| key(entry).cmp(&(name, digest)));
        let Some(entry) = found.ok().and_then(|at| self.entries.get(at)) else {
            missing.note(number, digest, (heap, &list));
            return Err(EvalError::Pending);
        };
        let value = result::read(heap, &entry.result)?;
        conform(&program.module, heap, &value, host.result).ok_or(EvalError::BadConversion)
    }
}

/// The list of the arguments of a call, as values of the declared types where they can be: of an
/// argument that nobody knew the type of an int may stand where a double is declared.
fn typed_list(
    program: &Program,
    heap: &mut Heap<'_>,
    host: &HostRow,
    arguments: &[Value],
) -> Result<Value, EvalError> {
    let height = heap.store.height();
    for (value, ty) in arguments.iter().zip(&host.params) {
        let typed = conform(&program.module, heap, value, *ty).unwrap_or(*value);
        heap.store.push_stack(typed)?;
    }
    let count = u32::try_from(arguments.len()).map_err(|_| EvalError::Budget)?;
    Ok(Value::list(Space::Arena, heap.store.finish(height)?, count, 1))
}

/// The digest of a list of arguments.
fn digest(heap: &Heap<'_>, list: &Value) -> Result<[u8; 32], EvalError> {
    let mut hash = Hasher(Sha256::new());
    json::write(&heap.view(), list, Form::Canonical, &mut hash)?;
    Ok(hash.0.finalize().into())
}

/// A result that came for a call of a function that `program` calls: it has the declared types.
///
/// # Errors
/// Why it is not taken.
pub fn fact(
    program: &Program,
    name: &str,
    arguments: Arguments<'_>,
    given: &str,
) -> Result<HostEntry, FactFault> {
    let told = || name.chars().take(SESSION_ID_BYTES_MAX).collect::<String>();
    let rows = || program.module.hosts.iter().filter(|row| program.string(row.name) == name);
    rows().next().ok_or_else(|| FactFault::Unknown(told()))?;
    let mut store = Store::new(ARENA_BYTES_MAX, ELEMENTS_MAX);
    let mut heap = heap(program, &[], &mut store);
    // Of several forms that a name has it is one whose arguments these are.
    let (digests, results): (Vec<[u8; 32]>, Vec<u16>) = match arguments {
        Arguments::Digest(digest) => rows().map(|row| (digest, row.result)).unzip(),
        Arguments::List(list) => {
            let read = |row: &HostRow| Some((typed(program, &mut heap, row, list)?, row.result));
            rows().filter_map(read).unzip()
        }
    };
    let arguments = *digests.first().ok_or_else(|| FactFault::Arguments(told()))?;
    let value = result::read(&mut heap, given).map_err(|_| FactFault::Result(told()))?;
    let fits = |ty: &u16| conform(&program.module, &mut heap, &value, *ty).is_some();
    if !results.iter().any(fits) {
        return Err(FactFault::Result(told()));
    }
    Ok(HostEntry { name: name.to_owned(), arguments, result: given.to_owned() })
}

/// The names of the host functions that `program` calls.
pub fn called(program: &Program) -> impl Iterator<Item = &str> {
    program.module.hosts.iter().map(|row| program.string(row.name))
}

/// What a test gives for a call of a function that `program` calls: an entry for each form of the
/// name that takes the arguments. The result is not judged: a call that gets another type fails.
///
/// # Errors
/// Why it could answer no call.
pub fn given(
    program: &Program,
    (name, arguments, result): (&str, &str, &str),
) -> Result<Vec<HostEntry>, FactFault> {
    let rows = || program.module.hosts.iter().filter(|row| program.string(row.name) == name);
    rows().next().ok_or_else(|| FactFault::Unknown(name.to_owned()))?;
    let mut store = Store::new(ARENA_BYTES_MAX, ELEMENTS_MAX);
    let mut heap = heap(program, &[], &mut store);
    let digests = rows().filter_map(|row| typed(program, &mut heap, row, arguments));
    let entry =
        |arguments| HostEntry { name: name.to_owned(), arguments, result: result.to_owned() };
    let entries: Vec<HostEntry> = digests.map(entry).collect();
    if entries.is_empty() { Err(FactFault::Arguments(name.to_owned())) } else { Ok(entries) }
}

/// The digest of arguments that are written as JSON, as values of the declared types.
fn typed(program: &Program, heap: &mut Heap<'_>, row: &HostRow, list: &str) -> Option<[u8; 32]> {
    let list = result::read(heap, list).ok().filter(|list| list.tag() == Tag::List)?;
    let values = heap.view().elements(&list).to_vec();
    if values.len() != row.params.len() {
        return None;
    }
    let pairs = values.iter().zip(&row.params);
    let typed = pairs.map(|(value, ty)| conform(&program.module, heap, value, *ty));
    let typed = typed.collect::<Option<Vec<_>>>()?;
    let list = heap.new_list(&typed).ok()?;
    digest(heap, &list).ok()
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
