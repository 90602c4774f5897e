//! Inputs that people wrote: those that the tests of a project are about.
//!
//! In:      a project with its test files.
//! Out:     contexts and their times, each once.
//! Imports: `compiler::solve`, `diag`, `tools::project`, `tools::suite`.

use crate::compiler::solve::input::Example;
use crate::diag::sink::Sink;
use crate::tools::project::Project;
use crate::tools::suite::pipeline::moment;
use crate::tools::suite::{Context, NOW, files};

/// Most inputs that are taken: a search tries many beside each.
const SEEDS_MAX: usize = 256;

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
