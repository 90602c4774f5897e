//! Random well-typed expressions of CEL.
//!
//! In:      a seed, the libraries to use, the places that expressions may read, by type.
//! Out:     a tree of text per expression, whose parts have types.
//! Imports: nothing of the product.
//! Source:  CEL language definition; the documents of the extension libraries.
//!
//! What can be written stands in tables: `core` and `libraries`.

pub(crate) mod core;
pub(crate) mod libraries;
pub(crate) mod random;
pub(crate) mod types;
pub(crate) mod write;
