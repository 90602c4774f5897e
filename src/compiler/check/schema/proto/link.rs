//! Descriptors to types: imports are found, names resolved.
//!
//! In:      the descriptors of all files, and which of them documents name.
//! Out:     the pool of those that can be used; of the others what is wrong with them.
//! Imports: `diag`.
//!
//! An import names a file by the end of its path; of several the one with the shortest path is
//! meant, of equally short ones the first. A file of a descriptor set means those of the same set
//! first. What `google/protobuf/` has is built in.

use miette::Diagnostic as _;
use protox::prost_reflect::{DescriptorError, DescriptorPool};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::compiler::check::schema::proto::error::ProtoError;
use crate::compiler::check::schema::proto::parse::Parsed;
use crate::compiler::check::schema::proto::unusable::UnusableFile;
use crate::diag::diagnostic::Diagnostic;

/// Whether the file at `path` is a copy of one that is built in.
pub(super) fn built_in(pool: &DescriptorPool, path: &str) -> bool {
    let at = if path.starts_with("google/protobuf/") {
        Some(0)
    } else {
        path.find("/google/protobuf/").map(|at| at + 1)
    };
    let name = at.and_then(|at| path.get(at..));
    name.is_some_and(|name| pool.get_file_by_name(name).is_some())
}

/// Adds `parsed` to the pool, each behind those that it imports and those of `first`, by path,
/// in front of the others. What cannot be added joins `unusable`.
pub(super) fn link(
    pool: &mut DescriptorPool,
    parsed: &mut [Parsed],
    first: &FxHashSet<String>,
    unusable: &mut Vec<UnusableFile>,
) {
    let names = parsed.iter().map(|it| it.name().to_owned());
    let known: Vec<String> = names.chain(unusable.iter().map(|it| it.path.clone())).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let mut failed = UnusableFiles::of(unusable);
    for file in parsed.iter_mut() {
        if let Err(error) = resolve_imports(file, pool, &known) {
            failed.add(file, error.into());
        }
    }
    let needed = closure(parsed, first);
    let (mut early, mut late): (Vec<&Parsed>, Vec<&Parsed>) =
        parsed.iter().partition(|file| needed.contains(file.name()));
    failed.add_all(pool, &mut early);
    late.append(&mut early);
    failed.add_all(pool, &mut late);
    for file in &late {
        let error = circle(file, &late);
        failed.add(file, error.into());
    }
    *unusable = failed.files;
}

/// The files that cannot be used.
struct UnusableFiles {
    files: Vec<UnusableFile>,
    /// Their positions, by path.
    at: FxHashMap<String, usize>,
}

impl UnusableFiles {
    fn of(files: &mut Vec<UnusableFile>) -> Self {
        let files = std::mem::take(files);
        let at = files.iter().enumerate().map(|(at, file)| (file.path.clone(), at)).collect();
        Self { files, at }
    }

    fn add(&mut self, file: &Parsed, why: Diagnostic) {
        let names = file.names().into_iter().collect();
        let path = file.name().to_owned();
        self.at.insert(path.clone(), self.files.len());
        self.files.push(UnusableFile { path, cause: file.file, why, names });
    }

    /// Notes that `file` imports something that failed, if it does.
    fn follow(&mut self, file: &Parsed) -> bool {
        let imports = file.descriptor.dependency.iter().enumerate();
        let mut found = imports.filter_map(|(at, it)| Some((at, *self.at.get(it)?)));
        let Some((at, cause)) = found.next() else { return false };
        let Some(cause) = self.files.get(cause) else { return false };
        let (mut why, cause) = (cause.why.clone(), cause.cause);
        if why.secondary.is_empty() {
            why = why.label(file.places.import(at), "imported here");
        }
        self.add(file, why);
        if let Some(added) = self.files.last_mut() {
            added.cause = cause;
        }
        true
    }

    /// Adds to the pool what can be added; what waits for others stays.
    fn add_all(&mut self, pool: &mut DescriptorPool, left: &mut Vec<&Parsed>) {
        loop {
            let before = left.len();
            left.retain(|file| {
                if self.at.contains_key(file.name()) || self.follow(file) {
                    return false;
                }
                let imports = &file.descriptor.dependency;
                if !imports.iter().all(|it| pool.get_file_by_name(it).is_some()) {
                    return true;
                }
                if let Err(error) = pool.add_file_descriptor_proto(file.descriptor.clone()) {
                    self.add(file, descriptor_error(file, &error).into());
                }
                false
            });
            if left.len() == before {
                return;
            }
        }
    }
}

/// Replaces each import by the path of the file that it means.
fn resolve_imports(
    file: &mut Parsed,
    pool: &DescriptorPool,
    known: &[&str],
) -> Result<(), ProtoError> {
    for (at, import) in file.descriptor.dependency.iter_mut().enumerate() {
        if pool.get_file_by_name(import).is_some() {
            continue;
        }
        let beside = file.set.as_ref().map(|set| format!("{set}/{import}"));
        let beside = beside.as_deref().filter(|it| known.contains(it));
        let Some(found) = beside.or_else(|| imported(import, known)) else {
            let name = import.clone();
            return Err(ProtoError::NoImport { at: file.places.import(at), name });
        };
        *import = found.to_owned();
    }
    Ok(())
}

/// The file that an import means.
fn imported<'k>(import: &str, known: &[&'k str]) -> Option<&'k str> {
    let ends = |path: &&&str| {
        path.strip_suffix(import).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    };
    known.iter().filter(ends).min_by_key(|path| (path.len(), **path)).copied()
}

/// The files of `first`, all of a set that is one of them, and what they import.
fn closure<'p>(parsed: &'p [Parsed], first: &FxHashSet<String>) -> FxHashSet<&'p str> {
    let by_name: FxHashMap<&str, &Parsed> = parsed.iter().map(|it| (it.name(), it)).collect();
    let path = |it: &&Parsed| first.contains(it.set.as_deref().unwrap_or(it.name()));
    let mut left: Vec<&Parsed> = parsed.iter().filter(path).collect();
    let mut needed = FxHashSet::default();
    while let Some(file) = left.pop() {
        if needed.insert(file.name()) {
            let imports = file.descriptor.dependency.iter();
            left.extend(imports.filter_map(|it| by_name.get(it.as_str())));
        }
    }
    needed
}

fn descriptor_error(file: &Parsed, error: &DescriptorError) -> ProtoError {
    let at = file.places.of(error.path().unwrap_or_default());
    let help = error.help().map(|help| help.to_string());
    ProtoError::Refused { at, message: error.to_string(), help }
}

/// An import that closes a circle, found from `start`: whoever follows imports among files that
/// all wait for one another comes into one.
fn circle(start: &Parsed, left: &[&Parsed]) -> ProtoError {
    let next = |from: &Parsed| {
        let imports = from.descriptor.dependency.iter().enumerate();
        imports.into_iter().find_map(|(at, import)| {
            let to = left.iter().find(|it| it.name() == *import)?;
            Some((at, *to))
        })
    };
    let (mut file, mut at) = (start, 0);
    for _ in 0..=left.len() {
        let Some((import, to)) = next(file) else { break };
        (file, at) = (to, import);
    }
    let closing = next(file).map_or((at, file), |(at, to)| (at, to));
    let name = closing.1.name().to_owned();
    ProtoError::Circle { at: file.places.import(closing.0), name }
}
