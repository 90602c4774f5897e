//! What CEL is, agreed by compiler and runtime: types, values, functions, instructions.
//!
//! Imports: `base`, `diag`.

pub mod decision;
