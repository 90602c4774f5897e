//! What can be wrong with what records shall withhold, and how it is said.

use crate::base::name::Name;
use crate::base::span::Span;
use crate::compiler::check::error::words::{a, did_you_mean};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;

/// What is wrong with an entry of `redact`. `path` is the path as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::compiler::check) enum RedactError {
    /// Nothing has a field `key` there.
    Field { at: Span, path: String, key: String, nearest: Option<String> },
    /// A list stands there: all its elements are `*`.
    Element { at: Span, path: String, key: String },
    /// What stands there has no parts.
    Part { at: Span, path: String, key: String, given: String },
    /// It leads into a message.
    InMessage { at: Span, path: String, message: Name },
    /// Values of the type that stands there cannot be withheld in this class.
    Class { at: Span, class: &'static str, path: (Span, String), given: String },
    /// Two entries are about one path.
    Twice { at: Span, first: Span, path: String },
    /// `path` lies inside of what another entry withholds, the one about `above`.
    Below { at: Span, first: Span, path: String, above: String },
}

impl From<RedactError> for Diagnostic {
    fn from(error: RedactError) -> Self {
        match error {
            RedactError::Field { at, path, key, nearest } => {
                let fact = format!("nothing in the schema lies at `{path}`");
                let label = format!("no field `{key}`");
                Self::new(Code::UnknownPath, at, fact, label)
                    .maybe_help(did_you_mean(nearest.as_ref()))
            }
            RedactError::Element { at, path, key } => {
                let fact = format!("`{path}` names one element of a list");
                let label = format!("`{key}` is no field: this is a list");
                Self::new(Code::UnknownPath, at, fact, label).help("write `*`: all its elements")
            }
            RedactError::Part { at, path, key, given } => {
                let fact = format!("nothing in the schema lies at `{path}`");
                let label = format!("{} has no part `{key}`", a(&given));
                Self::new(Code::UnknownPath, at, fact, label)
                    .help("end the path here: the value is withheld as a whole")
            }
            RedactError::InMessage { at, path, message } => {
                let fact = format!("`{path}` leads into the message `{message}`");
                Self::new(Code::UnknownPath, at, fact, "a part of a message")
                    .help("messages are recorded, or withheld, as a whole")
            }
            RedactError::Class { at, class, path, given } => {
                let fact = format!("`{class}` does not fit what lies at `{}`", path.1);
                let label = format!("{} has none", a(&given));
                let found = Self::new(Code::RedactionClass, at, fact, label);
                let found = if path.0 == at { found } else { found.label(path.0, a(&given)) };
                found.help(match class {
                    "range" => "numbers have ranges; `drop` fits every value",
                    "shape" => "texts, lists and objects have a size; `drop` fits every value",
                    _ => "texts, whole numbers and bools have tokens; `drop` fits every value",
                })
            }
            RedactError::Twice { at, first, path } => {
                let fact = format!("two entries are about `{path}`");
                Self::new(Code::RedactionOverlap, at, fact, "the second")
                    .label(first, "the first")
                    .help("take one of them away")
            }
            RedactError::Below { at, first, path, above } => {
                let fact = format!("`{path}` lies in what is withheld at `{above}`");
                Self::new(Code::RedactionOverlap, at, fact, "withheld already")
                    .label(first, "all of it, here")
                    .help("take one of them away")
            }
        }
    }
}
