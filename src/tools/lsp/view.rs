//! A project as an editor sees it.
//!
//! In:      a project that was read, texts that change.
//! Out:     what it means, what is wrong with it, and its places as editors count them.
//! Imports: `base`, `compiler`, `compiler::source`, `diag`, `tools::lint`, `tools::paths`,
//!          `tools::pipeline`, `tools::project`.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value as Json, json};

use crate::base::index::IndexVec;
use crate::base::span::{FileId, Span};
use crate::compiler::Front;
use crate::compiler::source::map::SourceMap;
use crate::diag::diagnostic::{Diagnostic, Severity};
use crate::diag::sink::Sink;
use crate::tools::lint::select::Selection;
use crate::tools::lsp::text::{Text, Units};
use crate::tools::lsp::uri::uri_of;
use crate::tools::paths::{normalize, relative, slashed};
use crate::tools::pipeline::{self, CheckResult};
use crate::tools::project::{Project, Settings, environments};

/// What tells a project from the others: what was asked for, and where it begins.
pub(super) type Key = (PathBuf, PathBuf);

/// A project and what is known of it.
#[derive(Debug)]
pub(super) struct View {
    /// Which it is.
    pub(super) key: Key,
    /// Its files and settings.
    pub(super) project: Project,
    /// What reading it found.
    read: Sink,
    /// The paths that its documents name.
    named: BTreeSet<String>,
    /// Counts its texts: a result for an older one is of no use.
    pub(super) version: u64,
    /// Whether somebody looks at this version, or has done so.
    pub(super) looked_at: bool,
    /// Whether its findings are those of an older version.
    pub(super) stale: bool,
    /// What was found last.
    pub(super) findings: Vec<Diagnostic>,
    checked: OnceCell<CheckResult<'static>>,
    /// What turns bytes of its files into places, as far as somebody asked.
    units: IndexVec<FileId, OnceCell<Units>>,
    /// Raised when its texts are no longer these: who looks at them may stop.
    stop: Arc<AtomicBool>,
}

/// What is to be looked at.
#[derive(Debug)]
pub(super) struct CheckJob {
    key: Key,
    version: u64,
    files: SourceMap,
    settings: Settings,
    selection: Selection,
    /// What reading found.
    read: Sink,
    /// What checking found, where somebody has asked for it already.
    checked: Option<CheckResult<'static>>,
    stop: Arc<AtomicBool>,
}

/// What is to be linted.
#[derive(Debug)]
pub(super) struct LintJob {
    work: CheckJob,
    checked: CheckResult<'static>,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct JobResult {
    /// The project.
    pub(super) key: Key,
    /// The version of its texts that was looked at.
    pub(super) version: u64,
    checked: CheckResult<'static>,
    findings: Vec<Diagnostic>,
    /// The paths that its documents name; `None` while lints are still at work.
    named: Option<BTreeSet<String>>,
}

/// The first half of looking at a project: what is known before lints are at work, and what is left
/// to do.
pub(super) fn check(mut work: CheckJob) -> (JobResult, LintJob) {
    let checked = work.checked.take();
    let checked = checked.unwrap_or_else(|| pipeline::check(&work.files, &work.settings));
    let found = checked.findings(&work.files, &work.selection, work.read.clone());
    (work.done(checked.clone(), found, None), LintJob { work, checked })
}

/// The second half; `None` where the texts have changed meanwhile, so that nobody wants it.
pub(super) fn lint(rest: LintJob) -> Option<JobResult> {
    let LintJob { mut work, checked } = rest;
    let mut sink = work.read.take();
    let (files, settings) = (&work.files, &work.settings);
    let linted =
        pipeline::lint_checked(files, settings, &work.selection, &checked, &work.stop, &mut sink);
    linted.ok()?;
    let named = named_in(files);
    Some(work.done(checked, sink.finish().0, Some(named)))
}

impl LintJob {
    /// The version of the texts that are to be linted: of several projects the one that was edited
    /// last has the highest.
    pub(super) const fn version(&self) -> u64 {
        self.work.version
    }
}

impl CheckJob {
    fn done(
        &self,
        checked: CheckResult<'static>,
        findings: Vec<Diagnostic>,
        named: Option<BTreeSet<String>>,
    ) -> JobResult {
        JobResult { key: self.key.clone(), version: self.version, checked, findings, named }
    }
}

/// The paths that documents name.
fn named_in(files: &SourceMap) -> BTreeSet<String> {
    pipeline::references(files).into_iter().map(|it| it.path).collect()
}

impl View {
    /// A project that was read.
    pub(super) fn new(named: PathBuf, project: Project, read: Sink, version: u64) -> Self {
        Self {
            key: (named, project.root.clone()),
            read,
            named: named_in(&project.files),
            version,
            looked_at: false,
            stale: true,
            findings: Vec::new(),
            checked: OnceCell::new(),
            units: project.files.iter().map(|_| OnceCell::new()).collect(),
            stop: Arc::default(),
            project,
        }
    }

    /// Whether `other` is the same project with the same texts and settings, and nothing was wrong
    /// when they were read.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let (own, others) = (&self.project, &other.project);
        self.key == other.key
            && own.files == others.files
            && self.named == other.named
            && own.settings == others.settings
            && own.check == others.check
            && own.format == others.format
            && self.read.worst().is_none()
            && other.read.worst().is_none()
    }

    /// Takes what is known of the `old` project that it is like. Its tests may be others.
    pub(super) fn stay(&mut self, mut old: Self) {
        old.project.tests = std::mem::take(&mut self.project.tests);
        *self = old;
    }

    /// Says that what is found about its texts is of no use any more.
    pub(super) fn give_up(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// The path of a file as the project writes it.
    fn logical(&self, path: &Path) -> String {
        slashed(&relative(&self.project.root, path))
    }

    /// Whether a document of the project names the file at `path`.
    pub(super) fn names(&self, path: &Path) -> bool {
        self.named.contains(&self.logical(path))
    }

    /// Whether the file at `path` is a table of its tests.
    pub(super) fn has_test(&self, path: &Path) -> bool {
        self.project.tests.contains(&self.logical(path))
    }

    /// Whether its settings come from the file at `path`. While something is wrong with them, every
    /// file of their ending may be the one that was not found.
    pub(super) fn is_configured_by(&self, path: &Path) -> bool {
        self.project.budgets.files.find(&self.logical(path)).is_some()
            || (self.read.worst().is_some() && path.extension().is_some_and(|it| it == "toml"))
    }

    /// Whether the environment of one of its documents may lie at `path`.
    pub(super) fn may_have_environment(&self, path: &Path) -> bool {
        let wanted = self.logical(path);
        let mut files = self.project.files.iter();
        files.any(|(_, file)| environments(&file.path, &file.text).contains(&wanted))
    }

    /// Whether a file of the project is or lies below `path`.
    pub(super) fn has_below(&self, path: &Path) -> bool {
        self.project
            .files
            .iter()
            .any(|(id, _)| self.path(id).is_some_and(|it| it.starts_with(path)))
    }

    /// The file at `path`, if it is one of the project.
    pub(super) fn file(&self, path: &Path) -> Option<FileId> {
        self.project.files.find(&self.logical(path))
    }

    /// Where a file lies.
    pub(super) fn path(&self, file: FileId) -> Option<PathBuf> {
        let source = self.project.files.get(file)?;
        Some(normalize(&self.project.root.join(&source.path)))
    }

    /// Changes the text of a file; false where the project has to be read again, because it may be
    /// made of other files.
    pub(super) fn set_text(&mut self, file: FileId, text: &str, version: u64) -> bool {
        self.project.files = self.project.files.with_texts([(file, text.to_owned())]);
        if let Some(units) = self.units.get_mut(file) {
            *units = OnceCell::new();
        }
        self.give_up();
        (self.version, self.checked, self.stop) = (version, OnceCell::new(), Arc::default());
        (self.stale, self.looked_at) = (true, false);
        self.read.worst().is_none()
    }

    /// What is to be looked at.
    pub(super) fn work(&mut self) -> CheckJob {
        self.looked_at = true;
        let check = &self.project.check;
        CheckJob {
            key: self.key.clone(),
            version: self.version,
            files: self.project.files.clone(),
            settings: self.project.settings.clone(),
            selection: Selection::of(&check.choice, &check.per_file),
            read: self.read.clone(),
            checked: self.checked.get().cloned(),
            stop: Arc::clone(&self.stop),
        }
    }

    /// Whether documents name other files than when the project was read.
    pub(super) fn names_others(&self, done: &JobResult) -> bool {
        done.named.as_ref().is_some_and(|named| *named != self.named)
    }

    /// Takes what was found; false where it is about older texts, or is known.
    ///
    /// Before lints were at work it counts only where errors have come or gone: else warnings would
    /// vanish and come again with every key.
    pub(super) fn take(&mut self, done: JobResult) -> bool {
        if done.version != self.version {
            return false;
        }
        let whole = done.named.is_some();
        self.checked = OnceCell::from(done.checked);
        if !whole && errors(&self.findings) == errors(&done.findings) {
            return false;
        }
        (self.findings, self.stale) = (done.findings, !whole);
        true
    }

    /// What its documents mean, whatever is wrong with them.
    pub(super) fn front(&self) -> &Front {
        let check = || pipeline::check(&self.project.files, &self.project.settings);
        &self.checked.get_or_init(check).front
    }

    /// What these files would mean, were they the project.
    pub(super) fn front_of(&self, files: &SourceMap) -> Front {
        pipeline::front(files, &self.project.settings, &mut Sink::new())
    }

    /// The text of a file with its places. `open` says whether an editor shows it.
    pub(super) fn text(&self, file: FileId, open: bool) -> Option<Text<'_>> {
        let source = self.project.files.get(file)?;
        let units = self.units.get(file)?;
        Some(Text::new(&source.text, &source.lines, units, open))
    }
}

/// The errors among findings.
fn errors(findings: &[Diagnostic]) -> Vec<&Diagnostic> {
    findings.iter().filter(|found| found.severity == Severity::Error).collect()
}

/// What turns bytes of a project into places of an editor.
#[derive(Clone, Copy)]
pub(super) struct Places<'a> {
    /// The project.
    pub(super) view: &'a View,
    /// The address of a file that an editor shows, as the editor writes it.
    pub(super) shown: &'a dyn Fn(&Path) -> Option<String>,
}

impl Places<'_> {
    /// The address of a file.
    pub(super) fn uri(&self, file: FileId) -> Option<String> {
        let path = self.view.path(file)?;
        Some((self.shown)(&path).unwrap_or_else(|| uri_of(&path)))
    }

    /// `{start, end}` of these bytes.
    pub(super) fn range(&self, span: Span) -> Option<Json> {
        let path = self.view.path(span.file)?;
        let open = (self.shown)(&path).is_some();
        Some(self.view.text(span.file, open)?.range(span))
    }

    /// `{uri, range}` of these bytes.
    pub(super) fn location(&self, span: Span) -> Option<Json> {
        Some(json!({ "uri": self.uri(span.file)?, "range": self.range(span)? }))
    }

    /// The bytes as they are written.
    pub(super) fn written(&self, span: Span) -> &str {
        self.view.project.files.text(span)
    }
}

#[cfg(test)]
mod tests {
    use super::{View, check, lint};
    use crate::base::span::FileId;
    use crate::diag::sink::Sink;
    use crate::tools::project::Project;

    const POLICY: &str = "policyc: 1\ndefault: deny\nschema: {a: int}\nrules:\n  - id: r\n    \
        when: a > 1\n    allow: yes\n";

    fn view() -> View {
        let mut project = Project::default();
        project.files.add("p.yaml", POLICY);
        View::new("p.yaml".into(), project, Sink::new(), 1)
    }

    #[test]
    fn who_looks_at_older_texts_stops() {
        let mut view = view();
        let (early, rest) = check(view.work());
        assert!(view.set_text(FileId(0), POLICY, 2));
        assert!(lint(rest).is_none());
        assert!(!view.take(early) && view.stale);
        let (early, rest) = check(view.work());
        let done = lint(rest).expect("nobody has changed anything");
        assert!(!view.take(early) && view.stale, "without errors there is nothing to tell yet");
        assert!(view.take(done) && !view.stale);
    }

    #[test]
    fn a_project_is_like_itself_until_something_changes() {
        let mut other = view();
        assert!(view().is_like(&other));
        other.project.settings.strict = true;
        assert!(!view().is_like(&other));
        other = view();
        other.named.insert("schema.yaml".to_owned());
        assert!(!view().is_like(&other));
        other = view();
        other.set_text(FileId(0), "policyc: 1\n", 2);
        assert!(!view().is_like(&other));
    }
}
