//! Sources to bundles.
//!
//! `SourceMap` → `syntax` → `Parsed` → `check` → `Analysis` → `Checked` → `ir` → `emit` →
//! `runtime::bundle::module::Module` → bytes.

pub mod check;
pub mod source;
pub mod syntax;
