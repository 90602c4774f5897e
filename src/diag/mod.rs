//! What can be said about sources, bundles and inputs: data only, never drawn here.
//!
//! Stages build facts; each stage's `error.rs` turns a fact into a `Diagnostic`; the `Sink`
//! collects them; `tools::report` draws them.
//!
//! Imports: nothing of ours.

pub mod codes;
pub mod diagnostic;
pub mod numbers;
pub mod sink;
pub mod suggest;
