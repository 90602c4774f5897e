//! One file for each command.

pub mod attest;
pub mod audit;
pub mod bench;
pub mod build;
pub mod check;
pub mod completions;
pub mod diff;
pub mod doc;
pub mod eval;
mod eval_session;
pub mod explain;
mod explanation;
mod facts;
pub mod fmt;
pub mod import;
pub mod init;
pub mod inspect;
pub mod keygen;
pub mod learn;
#[cfg(feature = "lsp")]
pub mod lsp;
pub mod man;
pub mod plan;
pub mod pull;
pub mod push;
mod recorded;
pub mod replay;
pub mod sign;
pub mod test;
pub mod verify;
