//! Types, names and overloads: what every expression means.
//!
//! In:      `Parsed` and the files it came from.
//! Out:     `Analysis`: tables beside the tree, and findings in the sink.
//! Imports: `base`, `diag`, `lang`, `compiler::source`, `compiler::syntax`.
//! Source:  CEL language definition; `docs/language.md` for what is ours.

pub mod analysis;
