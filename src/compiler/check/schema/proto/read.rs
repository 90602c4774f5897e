//! Reads `.proto` files and descriptor sets from memory.
//!
//! In:      the files of a run.
//! Out:     `Messages`, sorted by name whatever the order of files; the files that define nothing,
//!          each with what is wrong with it.
//! Imports: `compiler::source`, `compiler::syntax`, `lang`.
//!
//! A file that a document names goes before the others: of two that define one name, it is used.

use protox::prost_reflect::DescriptorPool;
use rustc_hash::FxHashSet;

use crate::compiler::check::schema::proto::link::{built_in, link};
use crate::compiler::check::schema::proto::parse::{parse, parse_set};
use crate::compiler::check::schema::proto::tables::{Places, tables};
use crate::compiler::check::schema::proto::unusable::{UnusableFile, apparent_names};
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document;
use crate::compiler::syntax::document::path::{defines_messages, is_descriptor_set};
use crate::lang::messages::Messages;

/// The types that the files define, and the files that cannot be used.
pub(super) fn read(files: &SourceMap) -> (Messages, Vec<UnusableFile>) {
    let mut pool = DescriptorPool::global();
    let (mut parsed, mut unusable) = (Vec::new(), Vec::new());
    for (id, file) in files.by_path() {
        if !defines_messages(&file.path) || built_in(&pool, &file.path) {
            continue;
        }
        let found = if is_descriptor_set(&file.path) {
            parse_set(id, &file.path, file.bytes.as_deref().unwrap_or_default())
        } else {
            parse(id, file).map(|it| vec![it])
        };
        match found {
            Ok(found) => parsed.extend(found),
            Err(error) => unusable.push(UnusableFile {
                path: file.path.clone(),
                cause: id,
                why: error.into(),
                names: apparent_names(&file.text),
            }),
        }
    }
    parsed.retain(|it| !built_in(&pool, it.name()));
    let first: FxHashSet<String> =
        document::references(files).into_iter().map(|it| it.path).collect();
    link(&mut pool, &mut parsed, &first, &mut unusable);
    let places = parsed.iter().map(|it| (it.name(), &it.places)).collect();
    (tables(&pool, &Places { files: places }), unusable)
}
