//! Words that every floor needs: typed indices, names, places in sources, limits, and which
//! characters cannot be seen.
//!
//! Imports: `std` only.

pub mod index;
pub mod invisible;
pub mod limits;
pub mod name;
pub mod span;
pub mod texts;
