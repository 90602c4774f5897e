//! Sources to bundles.
//!
//! `SourceMap` → `syntax` → `Parsed` → `check` → `Analysis` → `Checked` → `ir` → `emit` →
//! `Module` → bytes. The compiler does no IO and has no clock: files come as a `SourceMap`, and
//! equal sources give equal bytes.

pub mod check;
pub mod emit;
pub mod format;
pub mod govern;
pub mod ir;
pub mod solve;
pub mod source;
pub mod syntax;

use crate::base::span::Spanned;
use crate::compiler::check::analysis::{Analysis, Checked};
use crate::compiler::emit::claims::InvariantRules;
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document::model::{Parsed, SchemaSource};
use crate::compiler::syntax::document::path::file_and_message;
use crate::diag::sink::Sink;
use crate::runtime::bundle::writer;

/// What a compilation may be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Demand a schema, and refuse `dyn` that nobody wrote.
    pub strict: bool,
    /// What types the context of documents without a schema of their own: the logical path of a
    /// file among the sources, and a message as `api/request.proto#acme.Request`.
    pub schema: Option<String>,
    /// Take every expression as `dyn`, as CEL does where nobody checks: what has no meaning fails
    /// when it is evaluated.
    pub unchecked: bool,
    /// Leave it to the program to compute what is known before any request, so that tests reach
    /// the program with constants.
    pub unfolded: bool,
    /// Seconds since the epoch that the manifest states, from `SOURCE_DATE_EPOCH`.
    pub created: Option<i64>,
}

/// What a compilation makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// The bundle.
    pub bundle: Vec<u8>,
    /// Number of documents.
    pub policies: usize,
    /// Number of rules.
    pub rules: usize,
}

/// What parsing and checking found out; complete even when there are errors.
#[derive(Clone, Debug)]
pub struct Front {
    /// The documents.
    pub parsed: Parsed,
    /// What they mean.
    pub analysis: Analysis,
}

/// Parses and checks; everything there is to say goes to `sink`.
pub fn check(files: &SourceMap, options: &Options, sink: &mut Sink) -> Front {
    let parsed = parse(files, options, sink);
    check_parsed(files, parsed, options, sink)
}

/// Parses, as `compile_parsed` takes it.
pub fn parse(files: &SourceMap, options: &Options, sink: &mut Sink) -> Parsed {
    let mut parsed = syntax::document::read(files, sink);
    if let Some(schema) = &options.schema {
        give_schema(files, &mut parsed, schema);
    }
    parsed
}

/// Checks documents that were read from `files`.
pub fn check_parsed(
    files: &SourceMap,
    mut parsed: Parsed,
    options: &Options,
    sink: &mut Sink,
) -> Front {
    let options = check::Options { strict: options.strict, unchecked: options.unchecked };
    let analysis = check::check(files, &mut parsed, options, sink);
    Front { parsed, analysis }
}

/// Gives the documents that say something and name no schema the schema of the project.
fn give_schema(files: &SourceMap, parsed: &mut Parsed, schema: &str) {
    let path = |file| files.get(file).map_or("", |file| file.path.as_str());
    let own = files.find(file_and_message(schema).0);
    for document in parsed.policies.iter_mut().filter(|document| Some(document.file) != own) {
        if document.speaks() && document.schema.is_none() {
            let up = "../".repeat(path(document.file).matches('/').count());
            let named = Spanned::new(format!("{up}{schema}"), document.name.span);
            document.schema = Some(SchemaSource::File(named));
        }
    }
}

/// Compiles to a bundle; `None` where the sink holds an error.
pub fn compile(files: &SourceMap, options: &Options, sink: &mut Sink) -> Option<Compiled> {
    let front = check(files, options, sink);
    emit_bundle(files, &front, options, sink)
}

/// Compiles documents that were read from `files`; `None` where the sink holds an error.
pub fn compile_parsed(
    files: &SourceMap,
    parsed: Parsed,
    options: &Options,
    sink: &mut Sink,
) -> Option<Compiled> {
    let front = check_parsed(files, parsed, options, sink);
    emit_bundle(files, &front, options, sink)
}

/// Makes the bundle of what was checked; `None` where the sink holds an error.
pub fn emit_bundle(
    files: &SourceMap,
    front: &Front,
    options: &Options,
    sink: &mut Sink,
) -> Option<Compiled> {
    let checked = front.analysis.checked(&front.parsed, sink)?;
    let told = emit::Options { created: options.created, unfolded: options.unfolded };
    let emitted = emit::emit(files, &checked, told, sink);
    let module = emitted.map_err(|many| sink.report(many.diagnostic(checked.ast()))).ok()?;
    if sink.has_errors() {
        return None;
    }
    match writer::write(&module) {
        Ok(bundle) => Some(Compiled {
            bundle,
            policies: front.parsed.policies.len() + front.parsed.cel_policies.len(),
            rules: module.rules.len(),
        }),
        Err(error) => {
            sink.report(error.diagnostic());
            None
        }
    }
}

/// Makes the bundle in which rules say where what CEL Policy documents claim of their results
/// holds; `None` where no document claims anything, or a bundle has no room for it.
#[must_use]
pub fn emit_claims(
    files: &SourceMap,
    checked: &Checked<'_>,
) -> Option<(Vec<u8>, Vec<InvariantRules>)> {
    if checked.parsed().cel_policies.iter().all(|document| document.invariants.is_empty()) {
        return None;
    }
    let (module, claims) = emit::emit_claims(files, checked).ok()?;
    Some((writer::write(&module).ok()?, claims))
}
