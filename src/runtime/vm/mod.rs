//! Deciding: a request and a verified program in, a decision out.
//!
//! In:      `Program`, a context, a moment, a `Scratch`.
//! Out:     `Decision`. Total: no allocation, no failure; rules that failed are in it.
//! Imports: nothing of ours.
//! Source:  `docs/evaluator.md`.

mod atom;
mod budget;
mod call;
pub mod canonical;
pub mod decide;
pub mod decision;
mod exec;
pub mod hosts;
mod iterate;
mod lanes;
mod machine;
mod message;
mod missing;
pub mod observe;
pub mod partial;
pub mod pending;
pub mod report;
pub mod request;
pub mod scratch;
mod select;
mod settle;
mod sift;
mod sweep;
mod tally;
mod term;

#[cfg(test)]
mod tests;
