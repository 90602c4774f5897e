//! What is fuzzed: for each target, what must hold for whatever bytes.
//!
//! In:      the bytes of a fuzzer, or a file of `fuzz/corpus`.
//! Out:     nothing; what must not happen is a panic.
//! Imports: `policyc`, and of its tests `support`.
//!
//! `docs/assurance.md` says how they are run, and what came of it. The tests of `policyc` replay
//! the corpora (`tests/it/corpora.rs`).

pub(crate) mod audit_recovery;
pub(crate) mod builtins;
pub(crate) mod bundle_mutated;
pub(crate) mod bundle_raw;
pub(crate) mod bundle_structured;
pub(crate) mod cel_source;
pub(crate) mod context_json;
pub(crate) mod envelope;
pub(crate) mod formatter;
pub(crate) mod log_recovery;
pub(crate) mod pipeline;
pub(crate) mod record;
pub(crate) mod vm_against_reference;
pub(crate) mod yaml_source;
