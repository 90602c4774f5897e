//! Sources to programs: the calls into the compiler and the runtime, in one place.
//!
//! In:      files that `tools::project` read, or the bytes of a bundle.
//! Out:     bundles and programs; every problem is a finding.
//! Imports: `base`, `compiler::check`, `compiler::compile`, `compiler::emit_bundle`,
//!          `compiler::source`, `compiler::syntax`, `diag`, `runtime::program`,
//!          `tools::invariants`, `tools::learn`, `tools::lint`, `tools::project`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::base::limits::FINDINGS_MAX;
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document;
use crate::compiler::syntax::document::path::file_and_message;
use crate::compiler::{Compiled, Front, Options};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::runtime::program::Program;
use crate::runtime::program::error::ProgramError;
use crate::tools::invariants;
use crate::tools::learn::Recorded;
use crate::tools::lint::select::Selection;
use crate::tools::lint::subject::Subject;
use crate::tools::lint::suppress::Ran;
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

/// Compiles as `compile` does, and proves what documents claim of their results: an invariant that
/// does not hold is an error.
pub fn build(files: &SourceMap, settings: &Settings, sink: &mut Sink) -> Option<Compiled> {
    let front = front(files, settings, sink);
    let options = options(files, settings);
    let compiled = crate::compiler::emit_bundle(files, &front, &options, sink)?;
    if let Some(checked) = front.analysis.checked(&front.parsed, sink) {
        invariants::prove(files, &checked, sink);
    }
    if sink.has_errors() {
        return None;
    }
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
    lint_with(files, settings, selection, &[], sink)
}

/// The same, where lints go by what recorded sessions did, too.
pub fn lint_with(
    files: &SourceMap,
    settings: &Settings,
    selection: &Selection,
    sessions: &[Recorded],
    sink: &mut Sink,
) -> Option<Compiled> {
    let checking = CheckResult { sessions, ..check(files, settings) };
    let never = AtomicBool::new(false);
    lint_checked(files, settings, selection, &checking, &never, sink).unwrap_or_default()
}

/// What checking found, before a bundle is made and lints are at work.
#[derive(Clone, Debug)]
pub struct CheckResult<'s> {
    /// What the sources mean.
    pub front: Arc<Front>,
    found: Sink,
    /// What lints go by beside the sources.
    sessions: &'s [Recorded],
}

/// Checks: the first half of `lint`.
#[must_use]
pub fn check(files: &SourceMap, settings: &Settings) -> CheckResult<'static> {
    let mut found = Sink::with_room(FINDINGS_MAX);
    let front = Arc::new(front(files, settings, &mut found));
    CheckResult { front, found, sessions: &[] }
}

impl CheckResult<'_> {
    /// What is told of it, and of what reading found, as long as no lint was at work.
    #[must_use]
    pub fn findings(
        &self,
        files: &SourceMap,
        selection: &Selection,
        read: Sink,
    ) -> Vec<Diagnostic> {
        let (findings, _) = self.behind(read).finish();
        suppress::told(files, &self.front.parsed.ast, selection, findings, Ran::Part)
    }

    /// What reading found, and behind it what checking did.
    fn behind(&self, read: Sink) -> Sink {
        // What is not told in the end must not take the room of what is.
        let mut all = Sink::with_room(FINDINGS_MAX);
        all.append(read);
        all.append(self.found.clone());
        all
    }
}

/// Lints were stopped before they had found everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LintsCancelled;

/// The second half of `lint`. `sink` holds what reading found.
///
/// # Errors
/// `LintsCancelled` where `stop` was raised meanwhile; nothing is reported then.
pub fn lint_checked(
    files: &SourceMap,
    settings: &Settings,
    selection: &Selection,
    checking: &CheckResult<'_>,
    stop: &AtomicBool,
    sink: &mut Sink,
) -> Result<Option<Compiled>, LintsCancelled> {
    let go_on = || if stop.load(Ordering::Relaxed) { Err(LintsCancelled) } else { Ok(()) };
    go_on()?;
    let (front, mut all) = (&checking.front, checking.behind(sink.take()));
    let options = options(files, settings);
    let compiled = crate::compiler::emit_bundle(files, front, &options, &mut all);
    let compiled = compiled.and_then(|compiled| some_policy(compiled, &mut all));
    let checked = front.analysis.checked(&front.parsed, &all);
    go_on()?;
    let whole = match (checked, compiled.as_ref().map(load_own)) {
        (Some(checked), Some(Ok(program))) => {
            let subject = Subject::of(files, checked, &program);
            let subject = subject.with_tags(settings.tags.as_deref()).with_stop(stop);
            let subject = subject.with_sessions(checking.sessions);
            invariants::prove(files, &checked, &mut all);
            go_on()?;
            lint::lint(&subject, selection, &mut all);
            true
        }
        (_, Some(Err(found))) => {
            all.report(*found);
            false
        }
        (_, None) | (None, _) => false,
    };
    go_on()?;
    let (findings, dropped) = all.finish();
    // Of a finding that was dropped nobody knows whether a comment was about it.
    let given_up = findings.iter().any(|found| found.code == Code::LintGivenUp);
    let whole = whole && dropped == 0 && !given_up;
    let ran = match (whole, checking.sessions) {
        (false, _) => Ran::Part,
        (true, []) => Ran::WithoutSessions,
        (true, _) => Ran::All,
    };
    for finding in suppress::told(files, &front.parsed.ast, selection, findings, ran) {
        sink.report(finding);
    }
    sink.count_dropped(dropped);
    Ok(compiled)
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
pub struct LoadRefusal {
    /// What to say.
    pub finding: Box<Diagnostic>,
    /// Whether its bytes are not what its digests say: somebody changed them.
    pub integrity: bool,
}

/// Verifies a bundle that people call `name`.
///
/// # Errors
/// R07: why it was refused.
pub fn load(bytes: &[u8], name: &str) -> Result<Program, LoadRefusal> {
    Program::load_unsigned_whole(bytes).map_err(|error| match error {
        ProgramError::Load(error) => LoadRefusal {
            finding: Box::new(error.diagnostic(name)),
            integrity: error.is_integrity(),
        },
        ProgramError::Verify(error) => {
            LoadRefusal { finding: Box::new(error.diagnostic(name)), integrity: false }
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
