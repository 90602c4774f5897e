//! Files of message types that cannot be used: an error only where something refers to them.
//!
//! Imports: `base`, `diag`.

use rustc_hash::FxHashSet;

use crate::base::span::FileId;
use crate::diag::diagnostic::Diagnostic;

/// A file that defines nothing.
#[derive(Clone, Debug)]
pub(in crate::compiler::check) struct UnusableFile {
    /// Its logical path; for a file of a descriptor set, its name behind that of the set.
    pub(in crate::compiler::check) path: String,
    /// The file that something is wrong with: this one, or one that it imports.
    pub(in crate::compiler::check) cause: FileId,
    /// What is wrong.
    pub(in crate::compiler::check) why: Diagnostic,
    /// The full names of the types and extensions that it would define.
    pub(in crate::compiler::check) names: FxHashSet<String>,
}

impl UnusableFile {
    /// Whether it is the file at `path`, or one of the set there.
    pub(in crate::compiler::check) fn is_at(&self, path: &str) -> bool {
        let rest = self.path.strip_prefix(path);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Whether it would define `name`, or what `name` is a part of, as a value of an enum.
    pub(in crate::compiler::check) fn defines(&self, name: &str) -> bool {
        let ends = name.match_indices('.').map(|(at, _)| at).chain([name.len()]);
        let mut prefixes = ends.filter_map(|end| name.get(..end));
        prefixes.any(|prefix| self.names.contains(prefix))
    }
}

/// The names that a `.proto` file seems to define which does not parse: what stands behind
/// `message` and `enum`, in its package.
pub(super) fn apparent_names(text: &str) -> FxHashSet<String> {
    let separators = |it: char| it.is_whitespace() || matches!(it, '{' | '}' | ';' | '=');
    let words: Vec<&str> = text.split(separators).filter(|it| !it.is_empty()).collect();
    let behind = |keyword: &'static str| {
        let pairs = words.windows(2).filter(move |pair| pair.first() == Some(&keyword));
        pairs.filter_map(|pair| pair.get(1).copied())
    };
    let package = behind("package").next().map_or(String::new(), |it| format!("{it}."));
    behind("message").chain(behind("enum")).map(|name| format!("{package}{name}")).collect()
}
