//! Lints about all inputs: cases written by hand, look-alikes that are right, and random policies
//! against every input of a small world.

mod cases;
mod entries;
mod guesses;
mod random;

use policyc::compiler::source::map::SourceMap;
use policyc::diag::diagnostic::Diagnostic;
use policyc::diag::sink::Sink;
use policyc::tools::lint::select::{Choice, Selection, Selector};
use policyc::tools::pipeline::lint;
use policyc::tools::project::Settings;

/// The codes of the lints that this is about.
fn is_own(id: &str) -> bool {
    ("W0517"..="W0527").contains(&id)
}

/// What lints of this kind find in one document.
fn found(text: &str) -> Vec<Diagnostic> {
    let mut files = SourceMap::new();
    files.add("p.yaml".to_owned(), text.to_owned());
    found_in(&files)
}

fn found_in(files: &SourceMap) -> Vec<Diagnostic> {
    let mut sink = Sink::new();
    let all = Selector::read("all").expect("all");
    let all = Selection::of(&Choice { select: Some(vec![all]), ..Choice::default() }, &[]);
    let compiled = lint(files, &Settings::default(), &all, &mut sink);
    let findings = sink.finish().0;
    assert!(compiled.is_some(), "{findings:#?}");
    findings.into_iter().filter(|found| is_own(found.code.id())).collect()
}

/// The bytes that a finding is about.
fn marked<'t>(text: &'t str, finding: &Diagnostic) -> &'t str {
    let at = finding.span().expect("a finding with a place");
    &text[at.start as usize..at.end as usize]
}
