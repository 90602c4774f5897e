//! What a server of the Model Context Protocol says of its tools, as a policy document.
//!
//! In:      an answer to `tools/list`: of JSON-RPC, its `result`, or the list alone.
//! Out:     the text of a document that allows nothing; what cannot be read goes to the sink.
//! Imports: `base`, `compiler::source`, `compiler::syntax`, `diag`.
//! Source:  Model Context Protocol, revision 2025-06-18, "Tools"; JSON Schema draft 2020-12.
//!
//! The server is believed where belief costs nothing: in names, types, and which arguments must be
//! there. What it says of effects and purposes is written down as remarks and changes nothing.

mod error;
mod guess;
mod list;
mod schema;
pub(in crate::tools) mod write;

use crate::base::span::FileId;
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document::yaml;
use crate::diag::sink::Sink;
use crate::tools::mcp::schema::Type;

/// The document called `name` that declares the tools listed in `file`; `None` where the sink says
/// why there is none.
#[must_use]
pub fn import(name: &str, file: FileId, files: &SourceMap, sink: &mut Sink) -> Option<String> {
    let root = yaml::parse(file, files, sink)?;
    let listed = list::read(&root, sink)?;
    (!sink.has_errors()).then(|| write::document(name, &listed))
}

/// What an argument of this name seems to be for, as documents write it.
#[must_use]
pub fn role_word(name: &str, holds_text: bool) -> &'static str {
    let ty = Type::Scalar(if holds_text { "string" } else { "double" });
    guess::role(name, &ty, None).word()
}
