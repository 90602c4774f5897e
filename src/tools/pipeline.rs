//! Sources to programs: the calls into the compiler and the runtime, in one place.
//!
//! In:      files that `tools::project` read, or the bytes of a bundle.
//! Out:     bundles and programs; every problem is a finding.
//! Imports: `diag`, `runtime`, `compiler`.

use std::sync::Arc;

use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document;
use crate::compiler::syntax::document::path::file_and_message;
use crate::compiler::{Compiled, Front, Options};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::runtime::program::Program;
use crate::runtime::program::error::ProgramError;
use crate::tools::lint::select::Selection;
use crate::tools::lint::subject::Subject;
use crate::tools::lint::{self, suppress};
use crate::tools::project::{Reference, Settings, no_policies};

/// The files that the documents among `files` name.
#[must_use]
pub fn references(files: &SourceMap) -> Vec<Reference> {
    let found = document::references(files).into_iter();
    found.map(|found| Reference { path: found.path, span: found.span }).collect()
}

/// The number of documents and of rules among `files`, whatever is wrong with them.
#[must_use]
pub fn count(files: &SourceMap) -> (usize, usize) {
    let parsed = document::read(files, &mut Sink::new());
    let policies = parsed.policies.len() + parsed.cel_policies.len();
    let rules: usize = parsed.policies.iter().map(|policy| policy.rules.len()).sum();
    (policies, rules + parsed.cel_policies.len())
}

/// What the sources say and mean; everything there is to say against them goes to `sink`.
pub fn front(files: &SourceMap, settings: &Settings, sink: &mut Sink) -> Front {
    crate::compiler::check(files, &options(files, settings), sink)
}

/// Compiles to a bundle; `None` where the sink holds an error. No policy at all is one too.
pub fn compile(files: &SourceMap, settings: &Settings, sink: &mut Sink) -> Option<Compiled> {
    let compiled = crate::compiler::compile(files, &options(files, settings), sink)?;
    some_policy(compiled, sink)
}

/// Compiles as `compile` does, and reports what lints find where there is no error. Of all that is
/// found, `sink` holds afterwards what `selection` tells and no comment suppresses.
pub fn lint(
    files: &SourceMap,
    settings: &Settings,
    selection: &Selection,
    sink: &mut Sink,
) -> Option<Compiled> {
    lint_and_tell(files, settings, selection, sink, None).1
}

/// Is told what checking found.
pub type Early<'a> = dyn Fn(&Arc<Front>, Vec<Diagnostic>) + 'a;

/// As `lint`, and gives what was found out on the way. `early` is told what checking found, before
/// a bundle is made and lints are at work.
pub fn lint_and_tell(
    files: &SourceMap,
    settings: &Settings,
    selection: &Selection,
    sink: &mut Sink,
    early: Option<&Early<'_>>,
) -> (Arc<Front>, Option<Compiled>) {
    let options = options(files, settings);
    let front = Arc::new(crate::compiler::check(files, &options, sink));
    if let Some(early) = early {
        let found = sink.clone().finish().0;
        early(&front, suppress::told(files, &front.parsed.ast, selection, found, false));
    }
    let compiled = crate::compiler::emit_bundle(files, &front, &options, sink);
    let compiled = compiled.and_then(|compiled| some_policy(compiled, sink));
    let checked = front.analysis.checked(&front.parsed, sink);
    let whole = match (checked, compiled.as_ref().map(load_own)) {
        (Some(checked), Some(Ok(program))) => {
            let subject = Subject::of(files, checked, &program);
            lint::lint(&subject.with_tags(settings.tags.as_deref()), selection, sink);
            true
        }
        (_, Some(Err(found))) => {
            sink.report(*found);
            false
        }
        (_, None) | (None, _) => false,
    };
    let (findings, dropped) = std::mem::take(sink).finish();
    for finding in suppress::told(files, &front.parsed.ast, selection, findings, whole) {
        sink.report(finding);
    }
    sink.count_dropped(dropped);
    (front, compiled)
}

/// What was compiled, if a policy was.
fn some_policy(compiled: Compiled, sink: &mut Sink) -> Option<Compiled> {
    if compiled.policies == 0 {
        sink.report(no_policies("the files that were named"));
        return None;
    }
    Some(compiled)
}

/// What the compiler is told about `files`.
#[must_use]
pub fn options(files: &SourceMap, settings: &Settings) -> Options {
    let is_there = |schema: &&String| files.find(file_and_message(schema).0).is_some();
    let schema = settings.schema.as_ref().filter(is_there).cloned();
    let (strict, created) = (settings.strict, settings.created);
    Options { strict, schema, created, ..Options::default() }
}

/// Why a bundle was not loaded.
#[derive(Clone, Debug)]
pub struct Refused {
    /// What to say.
    pub finding: Box<Diagnostic>,
    /// Whether its bytes are not what its digests say: somebody changed them.
    pub integrity: bool,
}

/// Verifies a bundle that people call `name`.
///
/// # Errors
/// R07: why it was refused.
pub fn load(bytes: &[u8], name: &str) -> Result<Program, Refused> {
    Program::load_whole(bytes).map_err(|error| match error {
        ProgramError::Load(error) => {
            Refused { finding: Box::new(error.diagnostic(name)), integrity: error.is_integrity() }
        }
        ProgramError::Verify(error) => {
            Refused { finding: Box::new(error.diagnostic(name)), integrity: false }
        }
    })
}

/// Verifies a bundle that was compiled a moment ago. If that fails, it is a bug of ours.
///
/// # Errors
/// R0704, which names the bug.
pub fn load_own(compiled: &Compiled) -> Result<Program, Box<Diagnostic>> {
    load(&compiled.bundle, "the bundle built from these sources").map_err(|refused| {
        let mut found = refused.finding;
        found.help = Some("this is a bug of policyc: please report it with the sources".to_owned());
        found.code = Code::Refused;
        found
    })
}
