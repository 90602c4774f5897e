//! Words that every floor needs: typed indices, places in sources, limits.
//!
//! Imports: `std` only.

pub mod index;
pub mod limits;
pub mod name;
pub mod span;
