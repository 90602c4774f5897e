//! Which policies a test file is about.
//!
//! In:      the sources of a project, looked at once; a test file.
//! Out:     the policies that lie beside it or that it names, with what they may refer to.
//! Imports: `base`, `compiler::govern`, `compiler::source`, `compiler::syntax`, `diag`.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::arrange::Arrange as _;
use crate::base::index::Index as _;
use crate::base::span::{FileId, Span, Spanned};
use crate::compiler::govern;
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document::model::Parsed;
use crate::compiler::syntax::document::{self, is_test};
use crate::diag::diagnostic::{Diagnostic, Severity};
use crate::diag::sink::Sink;
use crate::diag::suggest::nearest;
use crate::tools::suite::TestFile;
use crate::tools::suite::error::SuiteError;
use crate::tools::suite::pipeline::surroundings;

/// The sources of a project, as test files choose from them.
#[derive(Debug)]
pub struct TestSources<'a> {
    pub(super) files: &'a SourceMap,
    /// The names of policies, in order of file.
    policies: Vec<(String, FileId)>,
    /// Where in `policies` the policies of each name are.
    by_name: FxHashMap<String, Vec<usize>>,
    /// What each folder holds.
    folders: FxHashMap<String, Folder>,
    /// Every file that any policy may refer to: schemas, data, tools, message types.
    shared: Vec<FileId>,
    /// The ids of rules, and the names of variables.
    rules: Vec<String>,
    variables: Vec<String>,
    /// Whether there are policies at all.
    speaks: bool,
    /// Why files could not be read.
    errors: Vec<Diagnostic>,
}

/// The files of a folder that belong to its policies alone.
#[derive(Debug, Default)]
struct Folder {
    /// By place in `TestSources::policies`.
    policies: Vec<usize>,
    environments: Vec<FileId>,
    /// Files that cannot be read; the compiler says why.
    unread: Vec<FileId>,
}

impl<'a> TestSources<'a> {
    /// Looks at every file of a project once.
    #[must_use]
    pub fn of(files: &'a SourceMap) -> Self {
        let mut reading = Sink::new();
        let mut parsed = document::read(files, &mut reading);
        let ours = parsed.policies.iter().filter(|document| document.decides());
        let policies: Vec<(String, FileId)> = ours
            .map(|document| (document.name.value.to_string(), document.file))
            .chain(parsed.cel_policies.iter().map(|it| (it.name.value.to_string(), it.file)))
            .collect();
        let speaks = !policies.is_empty();
        // Tests and filters name the rules that are made of other sections, too. What is wrong with
        // those the compiler says.
        let _labels = govern::expand(&mut parsed, &mut Sink::new());
        let (rules, variables) = owners(&parsed);
        let mut sources = Self {
            files,
            policies,
            by_name: FxHashMap::default(),
            folders: FxHashMap::default(),
            shared: Vec::new(),
            rules,
            variables,
            speaks,
            errors: reading
                .finish()
                .0
                .into_iter()
                .filter(|found| found.severity == Severity::Error)
                .collect(),
        };
        // What each file is, if it is known; the first that is found out counts.
        let mut known: FxHashMap<FileId, Kind> = FxHashMap::default();
        for (at, (name, file)) in sources.policies.iter().enumerate() {
            sources.by_name.entry(name.clone()).or_default().push(at);
            known.insert(*file, Kind::Policy);
            let path = files.get(*file).map_or("", |source| source.path.as_str());
            sources.folders.entry(folder_of(path).to_owned()).or_default().policies.push(at);
        }
        let named = document::references(files);
        let named: FxHashSet<&str> = named.iter().map(|it| it.path.as_str()).collect();
        for file in parsed.environments.iter().filter_map(|environment| environment.file) {
            // One that a document names as its schema may lie anywhere.
            let path = files.get(file).map_or("", |source| source.path.as_str());
            let kind = if named.contains(path) { Kind::Shared } else { Kind::Environment };
            known.entry(file).or_insert(kind);
        }
        for file in sources.errors.iter().filter_map(|found| Some(found.span()?.file)) {
            known.entry(file).or_insert(Kind::Unread);
        }
        for (file, source) in files.iter().filter(|(_, source)| !is_test(&source.path)) {
            let folder = folder_of(&source.path);
            match known.get(&file) {
                Some(Kind::Policy) => {}
                Some(Kind::Environment) => {
                    sources.folders.entry(folder.to_owned()).or_default().environments.push(file);
                }
                Some(Kind::Unread) => {
                    sources.folders.entry(folder.to_owned()).or_default().unread.push(file);
                }
                Some(Kind::Shared) | None => sources.shared.push(file),
            }
        }
        sources
    }

    /// The names of policies.
    #[must_use]
    pub fn policy_names(&self) -> Vec<&str> {
        self.policies.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The ids of rules.
    #[must_use]
    pub fn rule_ids(&self) -> Vec<&str> {
        self.rules.iter().map(String::as_str).collect()
    }

    /// Whether a rule has this id, or a variable or policy this name.
    #[must_use]
    pub fn has_owner(&self, name: &str) -> bool {
        let policies = self.policies.iter().map(|(name, _)| name);
        policies.chain(&self.rules).chain(&self.variables).any(|known| known == name)
    }

    /// The names of the policies that `test` is about.
    #[must_use]
    pub fn policies_of<'t>(&'t self, test: &'t TestFile) -> Vec<&'t str> {
        if !test.policies.is_empty() {
            return test.policies.iter().map(|name| name.value.as_str()).collect();
        }
        let own = self.folder(test.file).map_or(&[][..], |folder| &folder.policies);
        own.iter().filter_map(|at| self.policies.get(*at)).map(|(name, _)| name.as_str()).collect()
    }

    /// What lies in the folder of `file`.
    fn folder(&self, file: FileId) -> Option<&Folder> {
        let path = self.files.get(file).map_or("", |source| source.path.as_str());
        self.folders.get(folder_of(path))
    }

    /// The policies that `test` is about.
    pub(in crate::tools) fn choose(
        &self,
        test: &TestFile,
        sink: &mut Sink,
    ) -> Option<SelectedSources> {
        let own = self.folder(test.file);
        let beside = own.map_or(&[][..], |folder| &folder.policies);
        let mut wanted: Vec<usize> = Vec::new();
        for Spanned { value: name, span: at } in &test.policies {
            let all = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
            let near: Vec<usize> = all.iter().filter(|at| beside.contains(at)).copied().collect();
            if all.is_empty() {
                if !self.errors.is_empty() {
                    // It may stand in a file that could not be read.
                    self.errors.iter().for_each(|error| sink.report(error.clone()));
                    return None;
                }
                let known = self.policies.iter().map(|(name, _)| name.as_str());
                let nearest = nearest(name, known).map(str::to_owned);
                sink.report(SuiteError::UnknownPolicy { at: *at, name: name.clone(), nearest });
                return None;
            }
            // All of one name: a bundle holds all of them.
            wanted.extend(if near.is_empty() { all } else { &near });
        }
        if test.policies.is_empty() {
            wanted = beside.to_vec();
        }
        // A document that cannot be read at all is left to the compiler, which says so.
        if wanted.is_empty() && self.speaks {
            sink.report(SuiteError::NoPolicy { at: Span::new(test.file, 0, 0) });
            return None;
        }
        Some(self.chosen(Some(test.file), own, &wanted))
    }

    /// The policies that are none of the files `tested`, each alone with what it may refer to.
    pub(in crate::tools) fn untested(&self, tested: &FxHashSet<FileId>) -> Vec<SelectedSources> {
        let policies = self.policies.iter().enumerate();
        let untested = policies.filter(|(_, (_, file))| !tested.contains(file));
        // Documents of one file are compiled together.
        let mut seen = FxHashSet::default();
        let firsts = untested.filter(|(_, (_, file))| seen.insert(*file));
        firsts.map(|(at, (_, file))| self.chosen(None, self.folder(*file), &[at])).collect()
    }

    /// The policies `wanted` with what they may refer to; no test file is any of it.
    fn chosen(
        &self,
        test: Option<FileId>,
        own: Option<&Folder>,
        wanted: &[usize],
    ) -> SelectedSources {
        let policies = wanted.iter().filter_map(|at| self.policies.get(*at));
        let titles: Vec<&str> = policies.clone().map(|(name, _)| name.as_str()).collect();
        let mut originals = self.shared.clone();
        originals.extend(own.into_iter().flat_map(|folder| &folder.unread));
        originals.extend(own.into_iter().flat_map(|folder| &folder.environments));
        for (_, file) in policies {
            originals.push(*file);
            originals
                .extend(self.folder(*file).into_iter().flat_map(|folder| &folder.environments));
        }
        originals.arrange();
        originals.dedup();
        let mut files = SourceMap::new();
        for file in &originals {
            files.share(self.files, *file);
        }
        let surroundings = test.map(|test| surroundings(self.files, test)).unwrap_or_default();
        SelectedSources { name: titles.join(", "), files, originals, surroundings }
    }
}

/// The ids of the rules of all documents, and the names of their variables. A CEL Policy document
/// is one rule, of its own name.
fn owners(parsed: &Parsed) -> (Vec<String>, Vec<String>) {
    let ours = &parsed.policies;
    let rules = ours.iter().flat_map(|it| &it.rules).map(|rule| rule.id.value.to_string());
    let own = parsed.cel_policies.iter().map(|it| it.name.value.to_string());
    let variables = ours.iter().flat_map(|it| &it.variables);
    (rules.chain(own).collect(), variables.map(|it| it.name.value.to_string()).collect())
}

/// What a file is.
#[derive(Clone, Copy)]
enum Kind {
    Policy,
    Environment,
    Unread,
    Shared,
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The sources of the policies that a test file is about.
pub(in crate::tools) struct SelectedSources {
    /// Their names.
    pub(in crate::tools) name: String,
    /// They, and what they may refer to.
    pub(in crate::tools) files: SourceMap,
    /// The same files in the map that they were chosen from.
    originals: Vec<FileId>,
    /// What the expressions of the test file are compiled with.
    pub(in crate::tools) surroundings: SourceMap,
}

impl SelectedSources {
    /// The files as the project has them, beside those of `files`.
    pub(in crate::tools) fn originals(&self) -> &[FileId] {
        &self.originals
    }

    /// The file that was chosen as `file`.
    pub(super) fn original(&self, file: FileId) -> FileId {
        self.originals.get(file.index()).copied().unwrap_or(file)
    }
}
