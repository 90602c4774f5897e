//! Inputs that nobody has to think of: those that the tests of a project are about, and recorded
//! ones.
//!
//! In:      a project with its test files; records.
//! Out:     contexts and their times, each once.
//! Imports: `compiler::solve`, `diag`, `lang`, `runtime::bundle`, `runtime::record`, `runtime::vm`,
//!          `tools::project`, `tools::replay`, `tools::suite`.

use crate::compiler::solve::input::Example;
use crate::diag::sink::Sink;
use crate::lang::session::ROOT;
use crate::runtime::bundle::module::Phase;
use crate::runtime::record::read::Record;
use crate::runtime::vm::hosts::HostTable;
use crate::tools::diff::change::RecordInput;
use crate::tools::project::Project;
use crate::tools::replay::plain::{context, plain};
use crate::tools::suite::pipeline::moment;
use crate::tools::suite::{Context, NOW, files};

/// Most inputs that are taken: a search tries many beside each.
const SEEDS_MAX: usize = 256;

/// An input to begin with.
#[derive(Clone, Debug)]
pub struct Seed {
    /// The context and the time.
    pub example: Example,
    /// What of a call it is about, where that is known.
    pub phase: Option<Phase>,
    /// What host functions gave, where they were asked.
    pub hosts: Option<HostTable>,
    /// The id of the record that it is of, if it is the whole input of one.
    pub id: Option<String>,
}

impl From<Example> for Seed {
    fn from(example: Example) -> Self {
        Self { example, phase: None, hosts: None, id: None }
    }
}

impl Seed {
    /// What a record decided: the input of its first request, where it is of a session. Values that
    /// fit what is known stand in for what it withholds, so that is another input.
    #[must_use]
    pub fn of_record(record: &Record<'_>) -> Option<Self> {
        let typed = context(record);
        let mut withheld = Vec::new();
        let mut context = plain(&typed, &mut withheld);
        let answers = context.as_object_mut()?.remove(ROOT);
        let whole = withheld.is_empty() && answers.is_none();
        let id = record.id.filter(|_| whole).map(|id| id.text().into_owned());
        let now = record.now.map_or((0, 0), |now| (now.seconds, now.nanoseconds));
        let (example, phase) = (Example { context, now }, Some(record.phase));
        Some(Self { example, phase, hosts: record.hosts(), id })
    }

    /// The record, as what shows a change.
    pub(super) fn record(&self) -> Option<RecordInput> {
        let id = self.id.clone()?;
        Some(RecordInput { id, given: self.hosts.is_some() })
    }
}

/// The contexts of cases that are written as such; of sessions and expressions nothing is made.
/// What is wrong with a test file is for `policyc test` to tell.
#[must_use]
pub fn of_tests(project: &mut Project) -> Vec<Example> {
    let tests = files::read_all(project, &mut Sink::new());
    let mut found: Vec<Example> = Vec::new();
    for case in tests.iter().flat_map(|test| &test.cases) {
        let Context::Whole(context) = &case.context else { continue };
        let now = case.now.as_ref().map_or(NOW, |now| now.value.as_str());
        let Some(now) = moment(now) else { continue };
        let example = Example { context: context.clone(), now };
        if found.len() < SEEDS_MAX && !found.contains(&example) {
            found.push(example);
        }
    }
    found
}
