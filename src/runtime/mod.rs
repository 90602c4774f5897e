//! Bytes to decisions: what an embedder links.
//!
//! Imports: `base`, `diag`, `lang`.

pub mod bundle;
pub mod verify;
