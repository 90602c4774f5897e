//! Random expressions: the program, the reference evaluator and other implementations of CEL.
//!
//! The seeds are fixed, so a failure comes back. `DIFFERENTIAL_EXPRESSIONS`, `DIFFERENTIAL_SEED`
//! and `DIFFERENTIAL_THREADS` set how many expressions are tried, from which seed on, and by how
//! many threads; `DIFFERENTIAL_INPUTS`, about how many inputs of each the program and the reference
//! are asked. `docs/assurance.md` tells the long runs.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::manual_is_multiple_of,
    clippy::panic,
    clippy::pedantic,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on fails"
)]

mod cases;
mod environment;
mod found;
mod literal;
mod ours;
mod peers;
mod reference;
mod shrink;
mod support;
mod values;
