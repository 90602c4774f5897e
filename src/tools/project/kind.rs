//! What a file is, by its name and its first column.
//!
//! In:      a path, a text.
//! Out:     whether it is a policy, a CEL Policy document or a table of tests.
//! Imports: nothing of ours.

use std::path::Path;

/// What a YAML file is, told from its first column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One of our documents.
    Policy,
    /// A CEL Policy document, or a policy of Kubernetes.
    CelPolicy,
    /// Something else.
    Other,
}

/// Whether the name is that of a table of tests.
pub(super) fn is_test(path: &Path) -> bool {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
    let named = stem == "tests" || stem.ends_with("_test") || stem.ends_with("_tests");
    named && has_ending(path, &["yaml", "yml"])
}

/// Whether the name ends in one of these.
pub(super) fn has_ending(path: &Path, endings: &[&str]) -> bool {
    path.extension().is_some_and(|ending| endings.iter().any(|known| ending == *known))
}

/// The first key at the left edge that tells.
pub(super) fn kind_of(text: &str) -> Kind {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for line in text.split(['\n', '\r']) {
        if line.starts_with("policyc:") {
            return Kind::Policy;
        }
        if line.starts_with("rule:") || line.trim_end() == "kind: ValidatingAdmissionPolicy" {
            return Kind::CelPolicy;
        }
    }
    Kind::Other
}
