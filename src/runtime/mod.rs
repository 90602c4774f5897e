//! Bytes to decisions: what an embedder links.
//!
//! In:      the bytes of a bundle (`program::Program::load`), contexts, moments.
//! Out:     decisions (`vm::decide::evaluate`).
//! Imports: `base`, `diag`, `lang`.

pub mod bundle;
pub mod program;
pub mod verify;
pub mod vm;
