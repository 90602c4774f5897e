//! Words that every floor needs: typed indices, names, places in sources, JSON Pointers, limits,
//! digits of digests, one sort, one hash, which characters cannot be seen, files that must be
//! regular ones, and names of files that outlast a loss of power.
//!
//! Imports: nothing of ours.

pub mod arrange;
pub mod file;
pub mod folder;
pub mod hex;
pub mod index;
pub mod invisible;
pub mod keyed;
pub mod limits;
pub mod name;
pub mod pointer;
pub mod span;
pub mod texts;
