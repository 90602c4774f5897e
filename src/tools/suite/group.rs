//! Test files that are about the same policies, with the program of those.
//!
//! In:      the test files of a project and its sources.
//! Out:     `Group`: compiled once, its cases made ready.
//! Imports: `base`, `compiler::source`, `diag`, `runtime::bundle`, `runtime::program`,
//!          `tools::project`.

use crate::base::index::Index as _;
use crate::base::span::{FileId, Span};
use crate::compiler::source::map::SourceMap;
use crate::diag::sink::Sink;
use crate::runtime::bundle::debug::Place;
use crate::runtime::program::Program;
use crate::tools::project::Settings;
use crate::tools::suite::TestFile;
use crate::tools::suite::choose::{SelectedSources, TestSources};
use crate::tools::suite::pipeline::make;
use crate::tools::suite::prepared::PreparedCase;

/// Test files that are about the same policies.
#[derive(Debug)]
pub struct Group<'t> {
    /// The policies, and what they may refer to.
    pub files: SourceMap,
    /// The files as the project has them, beside those of `files`.
    pub originals: Vec<FileId>,
    /// The program of the policies.
    pub program: Program,
    /// The cases, those that are skipped left out.
    pub cases: Vec<PreparedCase<'t>>,
    /// The files in order of path, as the bundle has its sources.
    sources: Vec<FileId>,
}

impl Group<'_> {
    /// The file of the project that is `file` here.
    #[must_use]
    pub fn original(&self, file: FileId) -> FileId {
        self.originals.get(file.index()).copied().unwrap_or(file)
    }

    /// Where in the project a place of the bundle lies: its sources are in order of path.
    #[must_use]
    pub fn span(&self, place: Place) -> Span {
        let file = self.sources.get(place.source as usize).copied();
        Span::new(self.original(file.unwrap_or(FileId(0))), place.start, place.end)
    }
}

/// The groups of a project. What cannot be used is reported; `whole` is whether all could be.
#[derive(Debug)]
pub struct Groups<'t> {
    /// Those that compile.
    pub groups: Vec<Group<'t>>,
    /// Whether every file and case is in one of them.
    pub whole: bool,
}

impl Groups<'_> {
    /// Adds the policies that no test is about, each as a group without cases.
    pub fn add_untested(
        &mut self,
        sources: &TestSources<'_>,
        settings: &Settings,
        sink: &mut Sink,
    ) {
        let tested = self.groups.iter().flat_map(|group| &group.originals).copied().collect();
        for chosen in sources.untested(&tested) {
            match compiled(&chosen, settings, sink) {
                Some(group) => self.groups.push(group),
                None => self.whole = false,
            }
        }
    }
}

/// Groups `tests` by the policies that they are about.
pub fn groups<'t>(
    tests: &'t [TestFile],
    sources: &TestSources<'_>,
    settings: &Settings,
    sink: &mut Sink,
) -> Groups<'t> {
    let mut found = Groups { groups: Vec::new(), whole: true };
    for test in tests.iter().filter(|test| test.cases.iter().any(|case| case.skip.is_none())) {
        let Some(chosen) = sources.choose(test, sink) else {
            found.whole = false;
            continue;
        };
        let known = found.groups.iter().position(|it| it.originals == chosen.originals());
        if known.is_none() {
            let Some(group) = compiled(&chosen, settings, sink) else {
                found.whole = false;
                continue;
            };
            found.groups.push(group);
        }
        let at = known.unwrap_or(found.groups.len() - 1);
        let Some(group) = found.groups.get_mut(at) else { continue };
        for case in test.cases.iter().filter(|case| case.skip.is_none()) {
            match PreparedCase::of(case, &chosen.surroundings) {
                Ok(ready) => group.cases.push(ready),
                Err(error) => {
                    sink.report(error);
                    found.whole = false;
                }
            }
        }
    }
    found
}

/// The sources of a test file, compiled; `None` where they cannot be, which was reported.
fn compiled<'t>(
    chosen: &SelectedSources,
    settings: &Settings,
    sink: &mut Sink,
) -> Option<Group<'t>> {
    let mut found = Sink::new();
    let Some(program) = make(&chosen.files, settings, &mut found) else {
        let (mut findings, _) = found.finish();
        for finding in &mut findings {
            finding.move_files(|file| chosen.original(file));
            sink.report(finding.clone());
        }
        return None;
    };
    let (files, originals) = (chosen.files.clone(), chosen.originals().to_vec());
    let sources = files.by_path().into_iter().map(|(file, _)| file).collect();
    Some(Group { files, originals, program, cases: Vec::new(), sources })
}
