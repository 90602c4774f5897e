//! Sources in memory: files, lines, and text that is embedded in other text.
//!
//! The compiler does no IO: whoever reads files hands it a `SourceMap`.
//!
//! Imports: nothing of ours.

pub mod embed;
pub mod lines;
pub mod map;
