//! Lints that go by what is written: what they find, what looks like it, and what fixes do.

mod corpus;
mod fixes;
mod found;
mod labels;
mod page;
mod plans;
mod traces;

use policyc::compiler::source::map::SourceMap;
use policyc::diag::diagnostic::{Diagnostic, Edit, Fix, Severity};
use policyc::diag::sink::Sink;
use policyc::tools::pipeline::lint;
use policyc::tools::project::Settings;

use crate::checking::only;

/// Everything that `check` finds, or the errors in words.
fn checked(files: &SourceMap) -> Result<Vec<Diagnostic>, String> {
    let mut sink = Sink::new();
    lint(files, &Settings::default(), &only(&["all"]), &mut sink);
    let (found, _) = sink.finish();
    let errors = found.iter().filter(|it| it.severity == Severity::Error);
    let words: Vec<String> = errors.map(|it| format!("{} {}", it.code.id(), it.message)).collect();
    if words.is_empty() { Ok(found) } else { Err(words.join("\n")) }
}

/// A project of one file.
fn project(name: &str, text: &str) -> SourceMap {
    let mut files = SourceMap::new();
    files.add(name, text);
    files
}

/// The text with the edits of these fixes; of fixes that overlap the first.
fn applied(text: &str, fixes: &[&Fix]) -> String {
    let mut edits: Vec<&Edit> = Vec::new();
    for fix in fixes {
        let free = |edit: &Edit| {
            let apart = |other: &&Edit| {
                other.span.end <= edit.span.start || edit.span.end <= other.span.start
            };
            edits.iter().all(apart)
        };
        let whole = fix.edits.first().zip(fix.edits.last());
        let whole =
            whole.map(|(first, last)| Edit { span: first.span.to(last.span), text: String::new() });
        if whole.is_some_and(|whole| free(&whole)) {
            edits.extend(&fix.edits);
        }
    }
    edits.sort_by_key(|edit| edit.span.start);
    let mut out = text.to_owned();
    for edit in edits.iter().rev() {
        out.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.text);
    }
    out
}
