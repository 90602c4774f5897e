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

/// Does what the target `name` does with the bytes of one case.
///
/// # Panics
/// If something does not hold, or there is no such target.
pub fn run(name: &str, data: &[u8]) {
    let target = targets::TARGETS.iter().find(|target| target.name == name);
    let target = target.unwrap_or_else(|| panic!("there is no target {name}"));
    (target.run)(data);
}
