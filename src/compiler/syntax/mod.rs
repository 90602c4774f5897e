//! Text to trees: tokens, the grammar of CEL, YAML documents.
//!
//! Parsing never fails and never panics: what cannot be read becomes `ExprKind::Error` and a
//! diagnostic, and the rest of the input is read all the same.
//!
//! Imports: nothing of ours.

pub mod ast;
pub mod document;
pub mod error;
mod followers;
pub mod lexer;
pub mod literal;
pub mod parser;
pub mod print;
mod stream;
pub mod token;
mod unexpected;
