//! What can be wrong with an answer to `tools/list`.

use crate::base::span::Span;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::tools::mcp::list::NAME_BYTES_MAX;

/// Why an answer cannot be imported. Spans point into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ListError {
    /// There is no list of tools.
    NoTools { at: Span },
    /// The answer is an error of JSON-RPC.
    Failed { at: Span },
    /// `what` is something else than what is `wanted`.
    WrongNode { at: Span, what: &'static str, wanted: &'static str, found: &'static str },
    /// A tool without a name.
    NoName { at: Span },
    /// A name that is empty, too long or not all visible.
    BadName { at: Span, what: &'static str },
    /// Two tools are called `name`.
    Twice { at: Span, first: Span, name: String },
}

impl From<ListError> for Diagnostic {
    fn from(error: ListError) -> Self {
        match error {
            ListError::NoTools { at } => {
                Self::new(Code::MissingKey, at, "this holds no list of tools", "no `tools`")
                    .help("import what a server answers to `tools/list`")
            }
            ListError::Failed { at } => {
                Self::new(Code::WrongNode, at, "the server answered with an error", "its error")
                    .help("ask it again, and import what it lists")
            }
            ListError::WrongNode { at, what, wanted, found } => {
                let fact = format!("{what} is {found}, not {wanted}");
                Self::new(Code::WrongNode, at, fact, format!("this is {found}"))
                    .help("import what a server answers to `tools/list`, as it came")
            }
            ListError::NoName { at } => {
                Self::new(Code::MissingKey, at, "a tool without a name", "no `name`")
                    .help("nobody can call it: take it out")
            }
            ListError::BadName { at, what } => {
                let fact = format!("{what} is not 1 to {NAME_BYTES_MAX} bytes that can be seen");
                Self::new(Code::BadValue, at, fact, "a reader could not tell it from others")
                    .help("take it out of the list, or have its server rename it")
            }
            ListError::Twice { at, first, name } => {
                let fact = format!("two tools are called `{name}`");
                Self::new(Code::DuplicateKey, at, fact, "the second one")
                    .label(first, "the first one")
                    .help("import the answers of different servers into documents of their own")
            }
        }
    }
}
