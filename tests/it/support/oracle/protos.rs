//! The message types of a run, for the reference evaluator.
//!
//! In:      the `.proto` files and descriptor sets among the sources.
//! Out:     their descriptors, with those of `google.protobuf`. A file that cannot be used defines
//!          nothing.
//! Source:  `docs/projects.md`, "Message types".

use policyc::compiler::source::map::{SourceFile, SourceMap};
use prost_reflect::DescriptorPool;
use prost_reflect::prost::Message as _;
use prost_reflect::prost_types::{FileDescriptorProto, FileDescriptorSet};
use protox::file::File;

/// The descriptors of all messages that `files` define.
pub(crate) fn descriptors(files: &SourceMap) -> DescriptorPool {
    let mut pool = DescriptorPool::global();
    let mut left: Vec<FileDescriptorProto> = Vec::new();
    for (_, file) in files.by_path() {
        if !is_built_in(&pool, &file.path) {
            left.extend(parsed(file));
        }
    }
    let paths: Vec<String> = left.iter().map(|file| file.name().to_owned()).collect();
    let sets: Vec<&str> =
        files.iter().filter(|it| it.1.bytes.is_some()).map(|it| &*it.1.path).collect();
    for file in &mut left {
        let set = sets.iter().find(|set| file.name().starts_with(**set)).copied();
        for import in &mut file.dependency {
            if pool.get_file_by_name(import).is_none()
                && let Some(path) = meant(import, set, &paths)
            {
                path.clone_into(import);
            }
        }
    }
    // A file comes after those that it imports; one that waits for ever is left out.
    while let Some(at) = left.iter().position(|file| is_ready(&pool, file)) {
        drop(pool.add_file_descriptor_proto(left.remove(at)));
    }
    pool
}

/// The descriptors in a file; those of a set go by their names behind its path.
fn parsed(file: &SourceFile) -> Vec<FileDescriptorProto> {
    if let Some(bytes) = &file.bytes {
        let mut set = FileDescriptorSet::decode(bytes.as_slice()).unwrap_or_default();
        for it in &mut set.file {
            it.name = Some(format!("{}/{}", file.path, it.name()));
        }
        return set.file;
    }
    let is_proto = file.path.ends_with(".proto");
    let read = is_proto.then(|| File::from_source(&file.path, &file.text).ok()).flatten();
    read.into_iter().map(FileDescriptorProto::from).collect()
}

/// Whether a file is a copy of one that every pool has.
fn is_built_in(pool: &DescriptorPool, path: &str) -> bool {
    let at = path.find("google/protobuf/").unwrap_or(path.len());
    pool.get_file_by_name(&path[at..]).is_some()
}

fn is_ready(pool: &DescriptorPool, file: &FileDescriptorProto) -> bool {
    file.dependency.iter().all(|import| pool.get_file_by_name(import).is_some())
}

/// The path that an import means: in a set one of the same set, else the shortest that ends so, of
/// equally short ones the first.
fn meant<'p>(import: &str, set: Option<&str>, paths: &'p [String]) -> Option<&'p str> {
    let ends = |path: &&str| {
        path.strip_suffix(import).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    };
    let is_near = |path: &str| set.is_some_and(|set| path.starts_with(set));
    let fits = paths.iter().map(String::as_str).filter(ends);
    fits.min_by_key(|path| (!is_near(path), path.len(), *path))
}
