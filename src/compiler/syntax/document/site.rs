//! Where CEL is written, for whoever writes it anew.
//!
//! In:      nothing; the readers of documents note it.
//! Out:     a place in the file, and how the text there becomes an expression.
//! Imports: `base`.

use crate::base::span::Span;

/// A text of CEL in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// The text of the scalar, or the rule of a `.cel` file.
    pub at: Span,
    /// How it is read.
    pub reading: Reading,
}

/// How text becomes CEL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The value of a scalar is an expression.
    Decoded,
    /// As `Decoded`, but the lines of a block scalar are read as they stand in the file.
    Raw,
    /// The value of a scalar is a message with expressions in braces.
    Message,
    /// A rule of a `.cel` file.
    Rule,
}
