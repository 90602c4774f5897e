//! Which texts are documents of ours, and of which kind.
//!
//! In:      the tree of a document, or a path and a text.
//! Out:     `Kind`.
//! Imports: `compiler::source`, `diag`.
//!
//! A document is told by the keys of its tree, however they are spelled, so that a folder means
//! what its files mean one by one. Trees are made only of texts that hold one of the words at all.
//! What is no YAML and has such a key at the left edge is meant to be ours, read and refused.

use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document::yaml::{self, Node, Value};
use crate::diag::sink::Sink;

/// The key of our documents.
const OURS: &str = "policyc";
/// The key of the tests in these.
pub const TESTS: &str = "tests";
/// The key of CEL Policy documents.
const RULE: &str = "rule";
/// The key of documents of Kubernetes, and what it holds.
const ADMISSION: (&str, &str) = ("kind", "ValidatingAdmissionPolicy");

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One of ours.
    Policy,
    /// A `ValidatingAdmissionPolicy` of Kubernetes.
    Admission,
    /// A CEL Policy document.
    CelPolicy,
    /// Something else.
    Other,
}

/// What the document with this tree is.
#[must_use]
pub fn of_tree(root: &Node) -> Kind {
    let (kind, admission) = ADMISSION;
    if root.get(OURS).is_some() {
        Kind::Policy
    } else if root.get(kind).is_some_and(|entry| entry.value.text() == Some(admission)) {
        Kind::Admission
    } else if root.get(RULE).is_some() {
        Kind::CelPolicy
    } else {
        Kind::Other
    }
}

/// What the file at `path` is, were this its text.
#[must_use]
pub fn of_text(path: &str, text: &str) -> Kind {
    if !(has_word(text, OURS) || has_word(text, RULE) || has_word(text, ADMISSION.1)) {
        return Kind::Other;
    }
    match tree(path, text) {
        (Some(root), false) => of_tree(&root),
        // A key that was refused is in no tree.
        (Some(root), true) if of_tree(&root) != Kind::Other => of_tree(&root),
        (Some(_) | None, _) => of_lines(text),
    }
}

/// Whether the JSON at `path`, were this its text, is a policy though nobody names it.
///
/// Most JSON is data, which may have any key: only `policyc` tells, and only where it holds no
/// text, as it does in the baselines of `policyc bench`.
#[must_use]
pub fn is_policy_in_json(path: &str, text: &str) -> bool {
    if !has_word(text, OURS) {
        return false;
    }
    if let (Some(root), _) = tree(path, text) {
        return root
            .get(OURS)
            .is_some_and(|entry| !matches!(entry.value.value(), Some(Value::Text(_))));
    }
    let number = |rest: &str| {
        let rest = rest.strip_prefix('"')?.trim_start().strip_prefix(':')?.trim_start();
        rest.starts_with(|first: char| first.is_ascii_digit()).then_some(())
    };
    text.match_indices(OURS)
        .any(|(at, word)| text.get(at + word.len()..).and_then(number).is_some())
}

/// Whether the document at `path`, were this its text, is one of ours with tests of its own.
#[must_use]
pub fn has_tests(path: &str, text: &str) -> bool {
    let root = || tree(path, text).0.filter(|root| of_tree(root) == Kind::Policy);
    has_word(text, TESTS) && root().is_some_and(|root| root.get(TESTS).is_some())
}

/// The tree of a text, as far as there is one; and whether a part of it was refused.
fn tree(path: &str, text: &str) -> (Option<Node>, bool) {
    let (mut files, mut sink) = (SourceMap::new(), Sink::new());
    let file = files.add(path, text);
    let root = yaml::parse(file, &files, &mut sink);
    (root, sink.has_errors())
}

/// Whether `word` stands in the text, and not as a part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let goes_on = |next: char| next.is_alphanumeric() || matches!(next, '_' | '-');
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|it| it.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|it| it.chars().next());
        !before.is_some_and(goes_on) && !after.is_some_and(goes_on)
    })
}

/// The first line of a text that is no YAML which begins as one of the keys does. Of a text that is
/// indented as a whole, only its first line begins at an edge.
fn of_lines(text: &str) -> Kind {
    let text = text.trim_start_matches('\u{FEFF}');
    let lines = text.split(['\n', '\r']).filter(|line| !line.trim_start().starts_with('#'));
    let mut first = true;
    for line in lines.filter(|line| !line.trim().is_empty()) {
        if first || !line.starts_with([' ', '\t']) {
            let held = |key| value_of(line, key);
            if held(OURS).is_some() {
                return Kind::Policy;
            }
            if held(RULE).is_some() {
                return Kind::CelPolicy;
            }
            if held(ADMISSION.0).is_some_and(|value| has_word(value, ADMISSION.1)) {
                return Kind::Admission;
            }
        }
        first &= line.starts_with("---");
    }
    Kind::Other
}

/// What follows the colon of `key`, if the line begins with it: in quotes or a brace, behind `---`,
/// `?`, a tag or an anchor as well.
fn value_of<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let begin = |rest: &'a str| rest.trim_start_matches([' ', '\t', '-', '?', '{', '"', '\'']);
    let mut rest = begin(line);
    while rest.starts_with(['!', '&']) {
        rest = begin(rest.split_once([' ', '\t'])?.1);
    }
    let rest = rest.strip_prefix(key)?.trim_start_matches(['"', '\'', ' ', '\t']);
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix(':') }
}
