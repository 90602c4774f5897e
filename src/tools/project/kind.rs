//! What a file is, by its name and its text, and which entries of directories are files.
//!
//! In:      a path, a text.
//! Out:     whether it is a source or a table of tests; where the environment of a source may lie.
//! Imports: `compiler::syntax`.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use ignore::DirEntry;

use crate::compiler::syntax::document::path::{is_descriptor_set, join};
use crate::compiler::syntax::document::recognize::{self, Kind};

/// The environment of a CEL Policy document lies beside it under one of these names, or under
/// its own with `config` for `policy`.
const ENVIRONMENTS: &[&str] = &["config.yaml", "config.yml", "config.json"];

/// Endings of the files that a project may be made of.
pub const ENDINGS: &[&str] =
    &["yaml", "yml", "cel", "celpolicy", "json", "proto", "binpb", "desc", "pb", "toml"];

/// Whether a project takes the file for one of its sources though nobody names it, by its name
/// alone; `None` where its text tells.
#[must_use]
pub fn source_by_name(path: &Path) -> Option<bool> {
    if is_test(path) {
        return Some(false);
    }
    let is_set = path.to_str().is_some_and(is_descriptor_set);
    let by_text = has_ending(path, &["yaml", "yml", "json"]);
    (!by_text).then(|| is_set || has_ending(path, &["cel", "celpolicy", "proto"]))
}

/// Whether a project takes the file for one of its sources though nobody names it, were this its
/// text.
#[must_use]
pub fn is_source(path: &Path, text: &str) -> bool {
    source_by_name(path).unwrap_or_else(|| {
        let name = path.to_string_lossy();
        if has_ending(path, &["json"]) {
            recognize::is_policy_in_json(&name, text)
        } else {
            recognize::of_text(&name, text) != Kind::Other
        }
    })
}

/// The text of a file, to tell what it is by: one in UTF-16 is read as if its letters were bytes,
/// so that a policy in it is met, and refused for its encoding.
#[must_use]
pub fn letters(bytes: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(bytes);
    if !bytes.contains(&0) {
        return text;
    }
    Cow::Owned(text.replace('\0', "").trim_start_matches(char::REPLACEMENT_CHARACTER).to_owned())
}

/// Whether an entry below `folder` is a file, or a link that leads to one elsewhere, or nowhere: a
/// policy that cannot be read is told. What lies below `folder` itself is met where it lies.
pub(super) fn is_met(entry: &DirEntry, folder: &Path) -> bool {
    match entry.file_type() {
        Some(kind) if kind.is_symlink() => match fs::canonicalize(entry.path()) {
            Ok(target) => {
                let here = fs::canonicalize(folder);
                target.is_file() && !here.is_ok_and(|here| target.starts_with(here))
            }
            Err(_) => true,
        },
        kind => kind.is_some_and(|kind| kind.is_file()),
    }
}

/// Whether the name is that of a table of tests.
#[must_use]
pub fn is_test(path: &Path) -> bool {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
    let named = stem == "tests" || stem.ends_with("_test") || stem.ends_with("_tests");
    named && has_ending(path, &["yaml", "yml"])
}

/// Whether the name ends in one of these.
pub(super) fn has_ending(path: &Path, endings: &[&str]) -> bool {
    path.extension()
        .is_some_and(|ending| endings.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

/// The logical paths at which the environment of a source may lie, best first; none where it is no
/// CEL Policy document.
#[must_use]
pub fn environments(logical: &str, text: &str) -> Vec<String> {
    let told = || matches!(recognize::of_text(logical, text), Kind::CelPolicy | Kind::Admission);
    if !has_ending(Path::new(logical), &["celpolicy"]) && !told() {
        return Vec::new();
    }
    let own = logical.rsplit('/').next().unwrap_or(logical).replace("policy", "config");
    let names = [own.as_str()].into_iter().chain(ENVIRONMENTS.iter().copied());
    names.map(|name| join(logical, name)).filter(|path| path != logical).collect()
}
