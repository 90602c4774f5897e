//! A project as an editor sees it.
//!
//! In:      a project that was read, texts that change.
//! Out:     what it means, what is wrong with it, and its places as editors count them.
//! Imports: `base`, `diag`, `compiler`, `tools`.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::base::span::{FileId, Span};
use crate::compiler::source::map::SourceMap;
use crate::compiler::{self, Front};
use crate::diag::diagnostic::{Diagnostic, Severity};
use crate::diag::sink::Sink;
use crate::tools::lint::select::Selection;
use crate::tools::lsp::text::Text;
use crate::tools::lsp::uri::uri_of;
use crate::tools::paths::{normalize, relative, slashed};
use crate::tools::pipeline;
use crate::tools::project::{Project, Settings};

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
    /// Whether its findings are those of an older version.
    pub(super) stale: bool,
    /// What was found last.
    pub(super) findings: Vec<Diagnostic>,
    front: OnceCell<Arc<Front>>,
}

/// What is to be looked at.
#[derive(Debug)]
pub(super) struct Work {
    key: Key,
    version: u64,
    files: SourceMap,
    settings: Settings,
    selection: Selection,
    read: Sink,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Done {
    /// The project.
    pub(super) key: Key,
    /// The version of its texts that was looked at.
    pub(super) version: u64,
    front: Arc<Front>,
    findings: Vec<Diagnostic>,
    /// The paths that its documents name; `None` while lints are still at work.
    named: Option<BTreeSet<String>>,
}

/// Finds what is wrong with a project: the long work, which may be done in another thread. What is
/// known before lints are at work is told to `early`.
pub(super) fn look(work: Work, early: impl Fn(Done)) -> Done {
    let Work { key, version, files, settings, selection, mut read } = work;
    let done = |front, findings, named| Done { key: key.clone(), version, front, findings, named };
    let (front, _) = pipeline::lint_and_tell(
        &files,
        &settings,
        &selection,
        &mut read,
        Some(&|front, findings| early(done(Arc::clone(front), findings, None))),
    );
    done(front, read.finish().0, Some(named_in(&files)))
}

/// The paths that documents name.
fn named_in(files: &SourceMap) -> BTreeSet<String> {
    pipeline::references(files).into_iter().map(|it| it.path).collect()
}

impl View {
    /// A project that was read.
    pub(super) fn new(named: PathBuf, project: Project, read: Sink, version: u64) -> Self {
        let key = (named, project.root.clone());
        let mut view = Self {
            key,
            project,
            read,
            named: BTreeSet::new(),
            version,
            stale: true,
            findings: Vec::new(),
            front: OnceCell::new(),
        };
        view.named = named_in(&view.project.files);
        view
    }

    /// The file at `path`, if it is one of the project.
    pub(super) fn file(&self, path: &Path) -> Option<FileId> {
        self.project.files.find(&slashed(&relative(&self.project.root, path)))
    }

    /// Where a file lies.
    pub(super) fn path(&self, file: FileId) -> Option<PathBuf> {
        let source = self.project.files.get(file)?;
        Some(normalize(&self.project.root.join(&source.path)))
    }

    /// Changes the text of a file; false where the project has to be read again, because it may be
    /// made of other files.
    pub(super) fn set_text(&mut self, file: FileId, text: &str, version: u64) -> bool {
        let mut files = SourceMap::new();
        for (id, source) in self.project.files.iter() {
            if id == file {
                files.add(source.path.clone(), text);
            } else {
                files.add_file(source);
            }
        }
        self.project.files = files;
        (self.version, self.stale, self.front) = (version, true, OnceCell::new());
        self.read.worst().is_none()
    }

    /// What is to be looked at.
    pub(super) fn work(&self) -> Work {
        let check = &self.project.check;
        Work {
            key: self.key.clone(),
            version: self.version,
            files: self.project.files.clone(),
            settings: self.project.settings.clone(),
            selection: Selection::of(&check.choice, &check.per_file),
            read: self.read.clone(),
        }
    }

    /// Whether documents name other files than when the project was read.
    pub(super) fn names_others(&self, done: &Done) -> bool {
        done.named.as_ref().is_some_and(|named| *named != self.named)
    }

    /// Takes what was found; false where it is about older texts, or is known.
    ///
    /// Before lints were at work it counts only where errors have come or gone: else warnings would
    /// vanish and come again with every key.
    pub(super) fn take(&mut self, done: Done) -> bool {
        if done.version != self.version {
            return false;
        }
        let whole = done.named.is_some();
        self.front = OnceCell::from(done.front);
        if !whole && errors(&self.findings) == errors(&done.findings) {
            return false;
        }
        (self.findings, self.stale) = (done.findings, !whole);
        true
    }

    /// What its documents mean, whatever is wrong with them.
    pub(super) fn front(&self) -> &Front {
        self.front.get_or_init(|| Arc::new(self.front_of(&self.project.files)))
    }

    /// What these files would mean, were they the project.
    pub(super) fn front_of(&self, files: &SourceMap) -> Front {
        let options = pipeline::options(files, &self.project.settings);
        compiler::check(files, &options, &mut Sink::new())
    }

    /// The text of a file with its places. `open` says whether an editor shows it.
    pub(super) fn text(&self, file: FileId, open: bool) -> Option<Text<'_>> {
        let source = self.project.files.get(file)?;
        Some(Text::new(&source.text, &source.lines, open))
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
