//! Decision records: a line of JSON that says of a decision all that it depended on, what it was,
//! and how its atoms came out.
//!
//! In:      decisions; lines.
//! Out:     lines; what they say.
//! Imports: nothing of ours.
//! Source:  `docs/records.md`.

pub mod about;
pub mod chain;
pub mod check;
mod context;
mod cursor;
pub mod error;
mod fields;
mod given;
mod lines;
pub mod log;
mod mark;
pub mod memo;
pub mod outline;
pub mod read;
pub mod recover;
pub mod redact;
pub mod seal;
pub mod session;
mod sig;
mod slots;
mod text;
pub mod tree;
mod words;
pub mod write;

/// The version of the format. A reader refuses any other.
pub const VERSION: u64 = 1;
