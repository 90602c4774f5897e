//! One file for each command.

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
pub mod fmt;
pub mod import;
pub mod init;
pub mod inspect;
#[cfg(feature = "lsp")]
pub mod lsp;
pub mod man;
pub mod replay;
mod telling;
pub mod test;
