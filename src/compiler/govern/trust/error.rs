//! What can be wrong with what takes labels away, and how it is said.

use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::govern::error::did_you_mean;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;

/// A fact about a sanitizer, a declassification, or a mark. Spans point into its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::compiler::govern) enum DowngradeError {
    /// A tool lacks the argument that a sanitizer is about.
    NoArgument { at: Span, tool: Name, name: Name, nearest: Option<String> },
    /// No part of what a tool gives carries what its arguments do.
    NothingInherits { at: Span, tool: Spanned<Name> },
    /// No document declares the sanitizer.
    UnknownSanitizer { at: Span, name: Name, nearest: Option<String> },
    /// A sanitizer or a declassification is there twice.
    TakerTwice { at: Span, first: Span, name: Name },
    /// Something else than a sanitizer sets a mark.
    MarkSet { at: Span, name: Name },
}

impl From<DowngradeError> for Diagnostic {
    fn from(error: DowngradeError) -> Self {
        match error {
            DowngradeError::NoArgument { at, tool, name, nearest } => {
                let fact = format!("the tool `{tool}` has no argument `{name}`");
                Self::new(Code::UnknownField, at, fact, "nothing would be made clean")
                    .help(format!("name an argument of `{tool}`"))
                    .maybe_help(did_you_mean(nearest))
            }
            DowngradeError::NothingInherits { at, tool } => {
                let fact = format!("nothing that `{}` gives carries what it was given", tool.value);
                Self::new(Code::Conflict, at, fact, "so there is nothing to take away")
                    .label(tool.span, "no part of its `output` inherits")
                    .help("write `output: {\"\": {labels: inherit}}` for the tool")
            }
            DowngradeError::UnknownSanitizer { at, name, nearest } => {
                let fact = format!("there is no sanitizer `{name}`");
                Self::new(Code::UnknownSanitizer, at, fact, "nothing goes through it")
                    .help("declare it under `sanitizers`")
                    .maybe_help(did_you_mean(nearest))
            }
            DowngradeError::TakerTwice { at, first, name } => {
                let fact = format!("`{name}` is there twice");
                Self::new(Code::Conflict, at, fact, "a second one")
                    .label(first, "the first one")
                    .help("give one of them another name")
            }
            DowngradeError::MarkSet { at, name } => {
                let fact = format!("only a sanitizer sets `{name}`");
                Self::new(Code::BadValue, at, fact, "nobody would know whether it is true")
                    .help("name it under `adds` of a sanitizer")
            }
        }
    }
}
