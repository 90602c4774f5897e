//! Checking: the type of every expression, what is refused, and where each finding points.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what a test needs is there, or the test fails"
)]

mod cel_policies;
mod corpus;
mod decisions;
mod documents;
mod enums;
mod environments;
mod examples;
mod families;
mod hosts;
mod messages;
mod names;
mod operators;
mod protos;
mod redact;
mod schemas;
mod tools;

use std::path::PathBuf;

use policyc::compiler::check::analysis::Analysis;
use policyc::compiler::check::{Options, check};
use policyc::compiler::source::map::SourceMap;
use policyc::compiler::syntax::document::model::Parsed;
use policyc::compiler::syntax::document::read;
use policyc::diag::diagnostic::Diagnostic;
use policyc::diag::sink::Sink;

/// A folder of test data, beside the project or where the environment says; `None` if it is not
/// there, which is said aloud.
fn folder(variable: &str, name: &str) -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name);
    let path = std::env::var_os(variable).map_or(beside, PathBuf::from);
    if path.is_dir() {
        return Some(path);
    }
    println!("SKIPPED: no {name} at {}; set {variable}", path.display());
    None
}

/// Everything that came out of checking some files.
struct Checking {
    files: SourceMap,
    _parsed: Parsed,
    analysis: Analysis,
    found: Vec<Diagnostic>,
}

fn run_with(files: &[(&str, &str)], options: Options) -> Checking {
    let mut map = SourceMap::new();
    for (path, text) in files {
        map.add(*path, *text);
    }
    run_map(map, options)
}

fn run_map(map: SourceMap, options: Options) -> Checking {
    let mut sink = Sink::new();
    let mut parsed = read(&map, &mut sink);
    let analysis = check(&map, &mut parsed, options, &mut sink);
    let proof = analysis.checked(&parsed, &sink).is_some();
    assert_eq!(proof, !sink.has_errors(), "`Checked` is the proof that there is no error");
    let found = sink.finish().0;
    Checking { files: map, _parsed: parsed, analysis, found }
}

fn run(files: &[(&str, &str)]) -> Checking {
    run_with(files, Options::default())
}

impl Checking {
    /// Code and the bytes that each finding is about.
    fn places(&self) -> Vec<(&'static str, &str)> {
        let place = |it: &Diagnostic| {
            let span = it.span().expect("every finding of the checker has a place");
            (it.code.id(), self.files.text(span))
        };
        self.found.iter().map(place).collect()
    }

    fn messages(&self) -> Vec<&str> {
        self.found.iter().map(|it| it.message.as_str()).collect()
    }

    fn codes(&self) -> Vec<&'static str> {
        self.found.iter().map(|it| it.code.id()).collect()
    }

    #[track_caller]
    fn assert_silent(&self) {
        assert!(self.found.is_empty(), "{:#?}", self.found);
    }

    /// The type of the last variable of the first document.
    fn last_variable(&self) -> String {
        let id = self.analysis.policies[0].variables.last().expect("there is a variable");
        self.analysis.types.show(self.analysis.variables[*id].ty)
    }
}

/// Writes `text` so that YAML reads it as it is.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A document of ours with this inline schema and one variable.
fn variable(schema: &str, expression: &str) -> Checking {
    let text = format!(
        "policyc: 1\nname: p\nschema: {schema}\nvariables:\n  - v: |-\n      {expression}\n",
    );
    run(&[("p.yaml", &text)])
}

/// The type of an expression.
#[track_caller]
fn type_of(schema: &str, expression: &str) -> String {
    let checking = variable(schema, expression);
    assert!(checking.found.is_empty(), "{expression}: {:#?}", checking.found);
    checking.last_variable()
}

/// The one finding about an expression: its code, its bytes, its message.
#[track_caller]
fn refusal(schema: &str, expression: &str) -> (&'static str, String, String) {
    let checking = variable(schema, expression);
    let [found] = checking.found.as_slice() else {
        panic!("{expression}: {:#?}", checking.found);
    };
    let span = found.span().expect("it has a place");
    (found.code.id(), checking.files.text(span).to_owned(), found.message.clone())
}
