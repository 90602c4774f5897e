//! Finds and reads sources: the only reader of files.
//!
//! In:      the paths that a user named.
//! Out:     a `SourceMap` in order of logical path, and what could not be read.
//! Imports: `base`, `compiler::format`, `compiler::source`, `compiler::syntax`, `diag`,
//!          `tools::inputs`, `tools::paths`.
//!
//! A logical path is relative to the deepest directory that holds everything named, so that the
//! same sources give the same bundle wherever they lie and from wherever they are built. In a
//! project with a `policyc.toml` it is relative to the directory of that file.

mod bytes;
pub mod config;
mod configure;
mod discover;
mod kind;
pub mod nearest;
pub mod overlay;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use crate::base::arrange::Arrange as _;
use crate::base::limits::SOURCE_BYTES_MAX;
use crate::base::span::Span;
use crate::compiler::format;
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document::path::is_descriptor_set;
use crate::compiler::syntax::document::recognize;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::inputs;
use crate::tools::paths::{common, from_here, normalize, relative, slashed};
pub use crate::tools::project::bytes::{NotText, read_bytes, read_to, reason, text_of, unreadable};
use crate::tools::project::config::Budget;
use crate::tools::project::config::check::Check;
use crate::tools::project::config::layers::Overrides;
use crate::tools::project::discover::{Group, alone, begins_project, groups};
pub use crate::tools::project::kind::{
    ENDINGS, environments, is_source, is_test, letters, source_by_name,
};
use crate::tools::project::kind::{has_ending, is_met};
use crate::tools::project::overlay::Overlay;

/// Rounds of files that refer to files; policies refer to schemas, and those to nothing.
const REFERENCE_ROUNDS_MAX: usize = 8;
/// What was found under the paths that a user named.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// Policies and the files that they refer to.
    pub files: SourceMap,
    /// The directory that logical paths start from.
    pub root: PathBuf,
    /// The root as seen from the working directory; ends in `/` or is empty.
    pub prefix: String,
    /// Logical paths of the test files found, and of the documents found that have tests.
    pub tests: Vec<String>,
    /// Whether something that the user named does not exist.
    pub missing: bool,
    /// What is asked of its sources.
    pub settings: Settings,
    /// Which findings are told: `[check]`.
    pub check: Check,
    /// What one decision may take.
    pub budgets: Budgets,
    /// How its sources are laid out.
    pub format: format::Settings,
    /// What the command line said about configurations.
    pub overrides: Overrides,
}

/// `[bench]` of a configuration.
#[derive(Clone, Debug, Default)]
pub struct Budgets {
    /// The configurations that the budgets point into.
    pub files: SourceMap,
    /// The budgets.
    pub list: Vec<Budget>,
}

/// What is asked of the sources of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Demand a schema, and refuse `dyn` that nobody wrote.
    pub strict: bool,
    /// The schema of documents that name none: a logical path, and a message behind `#` where the
    /// file defines messages.
    pub schema: Option<String>,
    /// Seconds since the epoch that a bundle states as the time it was made.
    pub created: Option<i64>,
    /// The tags that rules may have; `None`: any.
    pub tags: Option<Vec<String>>,
}

impl Project {
    /// The path of a file as the user would write it.
    #[must_use]
    pub fn shown(&self, logical: &str) -> String {
        from_here(&self.prefix, logical)
    }
}

/// A file that a source refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its logical path.
    pub path: String,
    /// Where.
    pub span: Span,
}

/// Reads the policies under `paths`, and the files that `references` finds in them: a project for
/// each `policyc.toml` at, above or below the paths, each with what was found wrong with it.
///
/// Problems: `P0901` for what cannot be read, `P0902` if there is no policy, `P0909` for a
/// configuration that cannot be used, `E0602` and `E0207` for files that are too long or not text.
#[must_use]
pub fn read(
    paths: &[PathBuf],
    references: fn(&SourceMap) -> Vec<Reference>,
) -> Vec<(Project, Sink)> {
    read_as(&Overlay::default(), &Overrides::default(), paths, references)
}

/// As `read`, where the texts of `over` stand for what the disk holds.
#[must_use]
pub fn read_under(
    over: &Overlay,
    paths: &[PathBuf],
    references: fn(&SourceMap) -> Vec<Reference>,
) -> Vec<(Project, Sink)> {
    read_as(over, &Overrides::default(), paths, references)
}

/// As `read`, with what a command line says about configurations.
#[must_use]
pub fn read_with(
    paths: &[PathBuf],
    overrides: &Overrides,
    references: fn(&SourceMap) -> Vec<Reference>,
) -> Vec<(Project, Sink)> {
    read_as(&Overlay::default(), overrides, paths, references)
}

/// As `read`, with both.
#[must_use]
pub fn read_as(
    over: &Overlay,
    overrides: &Overrides,
    paths: &[PathBuf],
    references: fn(&SourceMap) -> Vec<Reference>,
) -> Vec<(Project, Sink)> {
    let here = std::env::current_dir().unwrap_or_default();
    let mut read = Vec::new();
    let found = if overrides.isolated { alone(paths) } else { groups(&here, paths) };
    for group in found {
        let mut sink = Sink::new();
        let project = read_group(&here, over, &group, overrides, references, &mut sink);
        if !(group.outer && project.is_empty() && !sink.has_errors()) {
            read.push((project, sink));
        }
    }
    read
}

fn read_group(
    here: &Path,
    over: &Overlay,
    group: &Group,
    overrides: &Overrides,
    references: fn(&SourceMap) -> Vec<Reference>,
    sink: &mut Sink,
) -> Project {
    let begin = group.config.as_deref().and_then(Path::parent);
    let mut reading = ProjectReader::start(here, over, begin, &group.paths, sink);
    reading.project.overrides = overrides.clone();
    let config = reading.configure(group.config.as_deref(), overrides, sink);
    let Some(config) = config else { return reading.project };
    let mut paths = group.paths.clone();
    if paths.is_empty() {
        let begin = begin.unwrap_or(here);
        paths = config.sources.iter().map(|it| normalize(&begin.join(&it.value))).collect();
        if paths.is_empty() {
            paths.push(begin.to_path_buf());
        }
    }
    for path in &paths {
        reading.named(path, sink);
    }
    reading.read_references(references);
    let ProjectReader { mut project, contents, late, .. } = reading;
    project.tests.arrange();
    project.tests.dedup();
    if contents.is_empty() && late.is_empty() && !sink.has_errors() && !group.outer {
        let shown = |path: &PathBuf| format!("`{}`", slashed(&shown_from(here, path)));
        sink.report(no_policies(&paths.iter().map(shown).collect::<Vec<_>>().join(", ")));
    }
    project.files = map_of(&contents);
    for DeferredFinding { path, found } in late {
        let Some(file) = project.files.find(&path) else { continue };
        sink.report(match found {
            FileFault::NotText(wrong) => wrong.diagnostic(file),
            FileFault::Reference(at, why, label) => {
                let at = Span::new(file, at.start, at.end);
                let help = why.help.unwrap_or_else(|| FROM_HERE.to_owned());
                Diagnostic::new(why.code, at, why.message, label).help(help)
            }
        });
    }
    project
}

/// How a path in a document is read.
pub(in crate::tools::project) const FROM_HERE: &str =
    "a path begins in the folder of the file that names it";

/// What stands before paths in the directory `root`, seen from `here`: empty, or ends in `/`.
#[must_use]
pub fn prefix(here: &Path, root: &Path, absolute: bool) -> String {
    let mut prefix = slashed(&if absolute { root.to_path_buf() } else { relative(here, root) });
    if !prefix.is_empty() && !prefix.ends_with('/') {
        prefix.push('/');
    }
    prefix
}

/// A path as the user would write it: relative ones stay, others start here if they can.
fn shown_from(here: &Path, path: &Path) -> PathBuf {
    if !path.is_absolute() || !path.starts_with(here) {
        return path.to_path_buf();
    }
    let shown = relative(here, path);
    if shown.as_os_str().is_empty() { PathBuf::from(".") } else { shown }
}

impl Project {
    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.iter().next().is_none() && self.tests.is_empty() && !self.missing
    }
}

/// `P0902`: nothing in `place` is a policy.
#[must_use]
pub fn no_policies(place: &str) -> Diagnostic {
    let found = format!("no policy was found in {place}");
    Diagnostic::without_place(Code::NoPolicies, found)
        .help("a policy is a `.cel` file, or a YAML file with `policyc: 1` or `rule:`")
}

/// What a file holds.
enum Content {
    Text(String),
    /// A descriptor set.
    Bytes(Vec<u8>),
}

/// The files in order of logical path.
fn map_of(contents: &BTreeMap<String, Content>) -> SourceMap {
    let mut files = SourceMap::new();
    for (path, content) in contents {
        match content {
            Content::Text(text) => files.add(path.clone(), text.clone()),
            Content::Bytes(bytes) => files.add_bytes(path.clone(), bytes.clone()),
        };
    }
    files
}

/// A reading in progress.
struct ProjectReader<'a> {
    project: Project,
    /// What stands for files.
    over: &'a Overlay,
    /// The working directory.
    here: PathBuf,
    /// Files by logical path.
    contents: BTreeMap<String, Content>,
    /// Findings inside of files, for when all ids are known.
    late: Vec<DeferredFinding>,
}

/// A finding in a file that has no id yet.
struct DeferredFinding {
    path: String,
    found: FileFault,
}

/// What was found in it.
enum FileFault {
    /// A byte that is no text.
    NotText(NotText),
    /// A reference that leads nowhere: its bytes, and why.
    Reference(Span, Box<Diagnostic>, &'static str),
}

impl<'a> ProjectReader<'a> {
    /// Works out the root: where the project begins, or else what holds all `paths`. Without a
    /// working directory, paths stay as they are written.
    fn start(
        here: &Path,
        over: &'a Overlay,
        begin: Option<&Path>,
        paths: &[PathBuf],
        sink: &mut Sink,
    ) -> Self {
        let here = here.to_path_buf();
        let folders = paths.iter().map(|path| {
            let path = normalize(&here.join(path));
            let folder = if path.is_dir() { None } else { path.parent().map(Path::to_path_buf) };
            folder.unwrap_or(path)
        });
        let held = folders.reduce(|a, b| common(&a, &b)).unwrap_or_else(|| here.clone());
        let root = begin.map_or(held, Path::to_path_buf);
        let absolute = paths.iter().any(|path| path.is_absolute()) && !root.starts_with(&here);
        let prefix = prefix(&here, &root, absolute);
        if here.as_os_str().is_empty() {
            sink.report(Diagnostic::without_place(
                Code::Unreadable,
                "the working directory cannot be read",
            ));
        }
        let project = Project { root, prefix, ..Project::default() };
        Self { project, over, here, contents: BTreeMap::new(), late: Vec::new() }
    }

    /// Reads what the user named: a file whatever it holds, a directory for what looks right.
    fn named(&mut self, path: &Path, sink: &mut Sink) {
        let full = normalize(&self.here.join(path));
        match fs::metadata(&full) {
            Err(_) if self.over.holds(&full) => self.found(&full, sink),
            Err(error) => {
                self.project.missing |= error.kind() == io::ErrorKind::NotFound;
                sink.report(unreadable(&path.display().to_string(), &error));
            }
            Ok(data) if data.is_dir() => self.walk(&full, sink),
            Ok(_) if is_test(&full) => {
                inputs::note(&full);
                self.project.tests.push(self.logical(&full));
                let folder = full.parent().unwrap_or(&full).to_path_buf();
                let walk = WalkBuilder::new(folder).max_depth(Some(1)).build();
                for entry in walk.flatten().filter(|entry| !is_test(entry.path())) {
                    self.source(&entry.into_path(), sink);
                }
            }
            Ok(_) => {
                let logical = self.logical(&full);
                self.add(&logical, sink);
                self.add_environment(&logical, sink);
                self.note_tests(&logical);
            }
        }
    }

    /// Reads what looks like a policy under `folder`; what `.gitignore` names is left out.
    fn walk(&mut self, folder: &Path, sink: &mut Sink) {
        let mut walk = WalkBuilder::new(folder);
        let isolated = self.project.overrides.isolated;
        walk.require_git(false).git_global(false).filter_entry(move |entry| {
            let folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            isolated || entry.depth() == 0 || !folder || !begins_project(entry.path())
        });
        for entry in walk.build() {
            let path = match entry {
                Ok(entry) if is_met(&entry, folder) => entry.into_path(),
                Ok(_) => continue,
                Err(error) => {
                    let found = format!("a directory cannot be read: {error}");
                    sink.report(Diagnostic::without_place(Code::Unreadable, found));
                    continue;
                }
            };
            self.found(&path, sink);
        }
        for path in self.over.unsaved(folder) {
            let between = path.ancestors().skip(1).take_while(|above| *above != folder);
            if !between.into_iter().any(begins_project) {
                self.found(path, sink);
            }
        }
    }

    /// Takes a file that nobody named, if it is a policy, a test file or defines message types.
    fn found(&mut self, path: &Path, sink: &mut Sink) {
        let logical = self.logical(path);
        if is_test(path) {
            inputs::note(path);
            self.project.tests.push(logical);
        } else {
            self.source(path, sink);
            self.note_tests(&logical);
        }
    }

    /// Takes a file that nobody named, if it is a policy or defines message types.
    fn source(&mut self, path: &Path, sink: &mut Sink) {
        let logical = self.logical(path);
        let short = || fs::metadata(path).is_ok_and(|it| it.len() <= SOURCE_BYTES_MAX as u64);
        let is_source = source_by_name(path).unwrap_or_else(|| self.looks_like_policy(path));
        if is_source && (!is_descriptor_set(&logical) || short()) {
            self.add(&logical, sink);
            self.add_environment(&logical, sink);
        }
    }

    /// Notes a document that was read and has tests of its own.
    fn note_tests(&mut self, logical: &str) {
        if let Some(Content::Text(text)) = self.contents.get(logical)
            && recognize::has_tests(logical, text)
        {
            self.project.tests.push(logical.to_owned());
        }
    }

    /// Whether a file that nobody named and whose text tells is a policy. One that is unreadable
    /// may be, unless most of its kind are data.
    fn looks_like_policy(&self, path: &Path) -> bool {
        match self.over.look(path, SOURCE_BYTES_MAX) {
            Ok(bytes) => is_source(path, &letters(&bytes)),
            Err(_) => !has_ending(path, &["json"]),
        }
    }

    /// Reads the environment beside a CEL Policy document.
    fn add_environment(&mut self, logical: &str, sink: &mut Sink) {
        let Some(Content::Text(text)) = self.contents.get(logical) else { return };
        let places = environments(logical, text);
        if let Some(found) = places.iter().find(|it| self.project.root.join(it).is_file()) {
            self.add(found, sink);
        }
    }

    /// Reads the files that are referred to, until there are no new ones.
    fn read_references(&mut self, find: fn(&SourceMap) -> Vec<Reference>) {
        for _ in 0..REFERENCE_ROUNDS_MAX {
            let files = map_of(&self.contents);
            self.late.retain(|late| matches!(late.found, FileFault::NotText(_)));
            let mut grown = false;
            for reference in find(&files) {
                let from = files.get(reference.span.file).map_or("", |file| file.path.as_str());
                let logical = reference.path;
                if Path::new(&logical).is_absolute() {
                    let found = format!("`{logical}` is an absolute path");
                    let found = Box::new(Diagnostic::without_place(Code::Unreadable, found));
                    self.refuse(from, reference.span, found, "no other machine finds it");
                } else if !self.contents.contains_key(&logical) {
                    match self.load(&logical) {
                        Ok(()) => grown = true,
                        Err(found) => {
                            self.refuse(from, reference.span, found, "named here");
                        }
                    }
                }
            }
            if !grown {
                return;
            }
        }
    }

    /// Reads a file, unless it is there already.
    fn add(&mut self, logical: &str, sink: &mut Sink) {
        if !self.contents.contains_key(logical)
            && let Err(found) = self.load(logical)
        {
            sink.report(*found);
        }
    }

    /// Reads a file; a byte that is no text is found later, in what the rest reads as.
    fn load(&mut self, logical: &str) -> Result<(), Box<Diagnostic>> {
        let full = normalize(&self.project.root.join(logical));
        let bytes = self
            .over
            .read(&full, SOURCE_BYTES_MAX)
            .map_err(|error| Box::new(unreadable(&self.shown(logical), &error)))?;
        if is_descriptor_set(logical) {
            self.contents.insert(logical.to_owned(), Content::Bytes(bytes));
            return Ok(());
        }
        let (text, wrong) = text_of(bytes);
        self.late.extend(wrong.map(|wrong| {
            let path = logical.to_owned();
            DeferredFinding { path, found: FileFault::NotText(wrong) }
        }));
        self.contents.insert(logical.to_owned(), Content::Text(text));
        Ok(())
    }

    /// Reports a reference that leads nowhere.
    fn refuse(&mut self, from: &str, at: Span, why: Box<Diagnostic>, label: &'static str) {
        self.late.push(DeferredFinding {
            path: from.to_owned(),
            found: FileFault::Reference(at, why, label),
        });
    }

    /// The path of a file as the user would write it.
    fn shown(&self, logical: &str) -> String {
        self.project.shown(logical)
    }

    fn logical(&self, full: &Path) -> String {
        slashed(&relative(&self.project.root, full))
    }
}
