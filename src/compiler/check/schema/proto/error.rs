//! What can be wrong with `.proto` files and descriptor sets, in words.

use crate::base::limits::PROTO_DEPTH_MAX;
use crate::base::span::Span;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;

/// Why a `.proto` file defines nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ProtoError {
    /// It does not compile; the words are those of its compiler.
    Refused { at: Span, message: String, help: Option<String> },
    /// Its brackets nest too deeply.
    TooDeep { at: Span },
    /// It imports a file that is not among the sources.
    NoImport { at: Span, name: String },
    /// Its bytes are no descriptor set; the words are those of their reader.
    NoSet { at: Span, message: String },
    /// Files import one another in a circle.
    Circle { at: Span, name: String },
}

impl From<ProtoError> for Diagnostic {
    fn from(error: ProtoError) -> Self {
        let (at, fact, label, help) = match error {
            ProtoError::Refused { at, message, help } => {
                let other = || "until this is corrected, the file defines nothing".to_owned();
                (at, message, "not read beyond this", help.unwrap_or_else(other))
            }
            ProtoError::TooDeep { at } => {
                let fact = format!("brackets may nest {PROTO_DEPTH_MAX} deep in a `.proto` file");
                return Self::new(Code::TooDeep, at, fact, "one too many")
                    .help("declare the inner types on their own");
            }
            ProtoError::NoImport { at, name } => {
                let fact = format!("no source is called `{name}`");
                let help = "name the folder that holds it; an import is the end of a path";
                (at, fact, "imported here", help.to_owned())
            }
            ProtoError::NoSet { at, message } => {
                let fact = format!("this is no descriptor set: {message}");
                let help = "`protoc --include_imports --descriptor_set_out` writes one";
                (at, fact, "not read", help.to_owned())
            }
            ProtoError::Circle { at, name } => {
                let fact = format!("`{name}` imports this file in turn");
                (at, fact, "a circle", "move what both need to a file of its own".to_owned())
            }
        };
        Self::new(Code::BadProto, at, fact, label).help(help)
    }
}
