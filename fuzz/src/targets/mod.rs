//! What is fuzzed: for each target, what must hold for whatever bytes.
//!
//! In:      the bytes of a fuzzer, or a file of `fuzz/corpus`.
//! Out:     nothing; what must not happen is a panic.
//! Imports: `policyc`, and of its tests `support`.
//!
//! `docs/assurance.md` says how they are run, and what came of it. The tests of `policyc` replay
//! the corpora (`tests/it/corpora.rs`).

mod audit_recovery;
mod builtins;
mod bundle_mutated;
pub(crate) mod bundle_raw;
mod bundle_structured;
mod cel_source;
mod context_json;
mod envelope;
mod formatter;
mod log_recovery;
mod pipeline;
mod record;
mod vm_against_reference;
mod yaml_source;

/// A target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    /// Its name: that of the file in `fuzz_targets`, and of the folder in `corpus`.
    pub(crate) name: &'static str,
    /// Does it with the bytes of one case; panics where something does not hold.
    pub(crate) run: fn(&[u8]),
}

/// All of them.
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "audit_recovery", run: audit_recovery::run },
    Target { name: "builtins", run: builtins::run },
    Target { name: "bundle_mutated", run: bundle_mutated::run },
    Target { name: "bundle_raw", run: bundle_raw::run },
    Target { name: "bundle_structured", run: bundle_structured::run },
    Target { name: "cel_source", run: cel_source::run },
    Target { name: "context_json", run: context_json::run },
    Target { name: "envelope", run: envelope::run },
    Target { name: "formatter", run: formatter::run },
    Target { name: "log_recovery", run: log_recovery::run },
    Target { name: "pipeline", run: pipeline::run },
    Target { name: "record", run: record::run },
    Target { name: "vm_against_reference", run: vm_against_reference::run },
    Target { name: "yaml_source", run: yaml_source::run },
];
