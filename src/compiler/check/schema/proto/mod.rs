//! Protocol Buffers: the message and enum types that the `.proto` files of a project define.
//!
//! In:      the files of a run.
//! Out:     `Messages`; a finding for each file that cannot be used.
//! Imports: `base`, `diag`, `lang`, `compiler::source`, `compiler::syntax`.
//!
//! `read` alone knows the crates that compile them. Without the feature `proto` there are no
//! messages, and a `.proto` file among the sources is an error.

#[cfg(feature = "proto")]
mod error;
#[cfg(feature = "proto")]
mod read;
mod roots;
mod types;

pub(in crate::compiler::check) use roots::{context_roots, roots, split};
pub(in crate::compiler::check) use types::{enum_type, field_type, message_type};

#[cfg(not(feature = "proto"))]
use crate::base::span::Span;
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document::path::extension;
#[cfg(not(feature = "proto"))]
use crate::diag::codes::Code;
#[cfg(not(feature = "proto"))]
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::lang::messages::Messages;

/// The types that the `.proto` files among `files` define, and those that are built in where
/// something may speak of them.
#[cfg(feature = "proto")]
pub(in crate::compiler::check) fn messages(files: &SourceMap, sink: &mut Sink) -> Messages {
    let speaks = |text: &str| text.contains("protobuf");
    let any = files.iter().any(|(_, file)| is_proto(&file.path) || speaks(&file.text));
    if any { read::read(files, sink) } else { Messages::default() }
}

/// No types: this build reads no `.proto` files.
#[cfg(not(feature = "proto"))]
pub(in crate::compiler::check) fn messages(files: &SourceMap, sink: &mut Sink) -> Messages {
    for (id, _) in files.by_path().into_iter().filter(|(_, file)| is_proto(&file.path)) {
        let fact = "this build reads no `.proto` files";
        let found = Diagnostic::new(Code::BadProto, Span::new(id, 0, 0), fact, "not read");
        sink.report(found.help("build `policyc` with the feature `proto`"));
    }
    Messages::default()
}

/// Whether the file defines message types.
pub(in crate::compiler::check) fn is_proto(path: &str) -> bool {
    extension(path) == "proto"
}
