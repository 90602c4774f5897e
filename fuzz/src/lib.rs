//! The fuzz targets of `policyc`. Their logic stands in `targets`, so that plain tests can replay
//! what fuzzing found.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::pedantic,
    clippy::unwrap_used,
    reason = "what must not happen is a panic"
)]

mod support;
mod targets;

/// A function for each target: so a binary has the code of its own target alone, and libFuzzer
/// goes through the counters of that alone after each execution.
macro_rules! functions {
    ($($name:ident)*) => {$(
        #[doc = concat!("Does what the target `", stringify!($name), "` does with a case.")]
        ///
        /// # Panics
        /// If something does not hold.
        pub fn $name(data: &[u8]) {
            targets::$name::run(data);
        }
    )*};
}

functions! {
    audit_recovery
    builtins
    bundle_mutated
    bundle_raw
    bundle_structured
    cel_source
    context_json
    envelope
    formatter
    log_recovery
    pipeline
    record
    vm_against_reference
    yaml_source
}
