//! Recorded decisions, again.
//!
//! In:      records, and the bundles that made them or others.
//! Out:     what is the same, what is not, and why.
//! Imports: nothing of ours.
//! Source:  `docs/replay.md`.
//!
//! Nothing here opens a socket, and no process is started but `git`, where a revision was asked
//! for.

#[cfg(test)]
mod ahead;
pub mod answers;
pub mod cases;
mod chained;
pub mod comparer;
pub mod condition;
pub mod cover;
pub mod engine;
pub mod events;
pub mod explain;
pub mod expression;
pub mod filter;
pub mod find;
pub mod findings;
pub mod flip;
pub mod fold;
mod form;
pub mod gate;
pub mod impact;
pub mod import;
pub mod knew;
pub mod lint;
pub mod minimize;
pub mod open;
pub mod pack;
pub mod pdrb;
pub mod plain;
pub mod redecide;
pub mod residual;
mod reuse;
pub mod seal;
mod sides;
pub mod sketch;
mod stand_in;
pub mod step;
pub mod store;
pub mod stream;
pub mod summary;
pub mod vault;
pub mod verify;
pub mod words;
