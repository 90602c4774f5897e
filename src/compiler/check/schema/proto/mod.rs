//! Protocol Buffers: the message and enum types that `.proto` files and descriptor sets define.
//!
//! In:      the files of a run.
//! Out:     `Messages`; the files that cannot be used, which are an error where one is needed.
//! Imports: `base`, `compiler::source`, `compiler::syntax`, `diag`, `lang`.
//!
//! `parse`, `link` and `tables` alone know the crates that compile them. Without the feature
//! `proto` there are no messages, and no such file can be used.

#[cfg(feature = "proto")]
mod error;
#[cfg(feature = "proto")]
mod link;
#[cfg(feature = "proto")]
mod parse;
#[cfg(feature = "proto")]
mod read;
mod roots;
#[cfg(feature = "proto")]
mod tables;
mod types;
mod unusable;

pub(in crate::compiler::check) use roots::{context_roots, roots};
pub(in crate::compiler::check) use types::{enum_type, field_type, message_type};
pub(in crate::compiler::check) use unusable::UnusableFile;

#[cfg(not(feature = "proto"))]
use crate::base::span::Span;
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document::path::defines_messages;
#[cfg(not(feature = "proto"))]
use crate::diag::codes::Code;
#[cfg(not(feature = "proto"))]
use crate::diag::diagnostic::Diagnostic;
use crate::lang::messages::Messages;

/// The types that the files define, and those that are built in where something may speak of them;
/// beside them the files that cannot be used.
#[cfg(feature = "proto")]
pub(in crate::compiler::check) fn messages(files: &SourceMap) -> (Messages, Vec<UnusableFile>) {
    let speaks = |text: &str| text.contains("protobuf");
    let any = files.iter().any(|(_, file)| defines_messages(&file.path) || speaks(&file.text));
    if any { read::read(files) } else { (Messages::default(), Vec::new()) }
}

/// No types: this build reads no such files.
#[cfg(not(feature = "proto"))]
pub(in crate::compiler::check) fn messages(files: &SourceMap) -> (Messages, Vec<UnusableFile>) {
    let unusable = files.by_path().into_iter().filter(|(_, file)| defines_messages(&file.path));
    let unusable = unusable.map(|(id, file)| {
        let fact = "this build reads no `.proto` files and no descriptor sets";
        let found = Diagnostic::new(Code::BadProto, Span::new(id, 0, 0), fact, "not read");
        UnusableFile {
            path: file.path.clone(),
            cause: id,
            why: found.help("build `policyc` with the feature `proto`"),
            names: unusable::apparent_names(&file.text),
        }
    });
    (Messages::default(), unusable.collect())
}
