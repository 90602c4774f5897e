//! `policyc`: policies for AI agents, compiled to a verified bytecode bundle and decided in
//! nanoseconds.
//!
//! Floors, each importing from lower ones only (`docs/architecture.md`):
//! `base` < `diag` < `lang` < `runtime` < `compiler` < `tools` < `cli`.

pub mod base;
pub mod diag;
pub mod lang;
pub mod runtime;

#[cfg(feature = "compiler")]
pub mod compiler;

#[cfg(feature = "tools")]
pub mod tools;

#[cfg(feature = "cli")]
pub mod cli;

/// The example of the README is a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
