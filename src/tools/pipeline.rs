//! Sources to findings: the calls into the compiler, in one place.
//!
//! In:      files that `tools::project` read.
//! Out:     findings, and how much there was to check.
//! Imports: `diag`, `compiler`.

use crate::compiler::check::{self, Options};
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document;
use crate::compiler::syntax::document::model::Parsed;
use crate::diag::sink::Sink;
use crate::tools::project::{Reference, no_policies};

/// The files that the documents among `files` name.
#[must_use]
pub fn references(files: &SourceMap) -> Vec<Reference> {
    let found = document::references(files).into_iter();
    found.map(|found| Reference { path: found.path, span: found.span }).collect()
}

/// Parses and checks; the number of documents and rules. No policy at all is an error.
pub fn check(files: &SourceMap, strict: bool, sink: &mut Sink) -> (usize, usize) {
    let mut parsed = document::read(files, sink);
    let counts = counted(&parsed);
    if counts.0 == 0 && !sink.has_errors() {
        sink.report(no_policies("the files that were named"));
    }
    let options = Options { strict };
    // Only its findings matter here.
    drop(check::check(files, &mut parsed, options, sink));
    counts
}

fn counted(parsed: &Parsed) -> (usize, usize) {
    let policies = parsed.policies.len() + parsed.cel_policies.len();
    let rules = parsed.policies.iter().map(|policy| policy.rules.len()).sum();
    (policies, rules)
}
