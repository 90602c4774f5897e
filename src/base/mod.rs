//! Words that every floor needs: typed indices, names, places in sources, JSON Pointers, limits,
//! one sort, and which characters cannot be seen.
//!
//! Imports: `std` only.

pub mod arrange;
pub mod index;
pub mod invisible;
pub mod limits;
pub mod name;
pub mod pointer;
pub mod span;
pub mod texts;
