//! The cases of a project's tests as contexts: each occurs once.
//!
//! In:      a project with its test files.
//! Out:     a `Workload`; what is wrong with a test file goes to the sink.
//! Imports: `diag`, `runtime::bundle`, `runtime::program`, `tools::decide`, `tools::project`,
//!          `tools::report`, `tools::suite`.

use crate::diag::sink::Sink;
use crate::runtime::bundle::module::Phase;
use crate::runtime::program::Program;
use crate::tools::bench::contexts::{Sample, Workload};
use crate::tools::decide::Form;
use crate::tools::project::Project;
use crate::tools::report::counted;
use crate::tools::suite::files;
use crate::tools::suite::pipeline::{moment, surroundings, table};
use crate::tools::suite::prepared::context;
use crate::tools::suite::{Case, NOW};

/// The contexts of every case that is not skipped, with its own time and results of host functions.
pub fn read(project: &mut Project, program: &Program, sink: &mut Sink) -> Workload {
    let paths = std::mem::take(&mut project.tests);
    let origin = match paths.as_slice() {
        [path] => project.shown(path),
        paths => counted(paths.len(), "test file"),
    };
    let mut workload = Workload::from(origin);
    for path in &paths {
        let Some(test) = files::read(project, path, sink) else { continue };
        let around = surroundings(&project.files, test.file);
        for case in test.cases.iter().filter(|case| case.skip.is_none()) {
            match context(case, &around) {
                Ok(context) => workload.add(sample(program, case, context.to_string())),
                Err(error) => sink.report(error),
            }
        }
    }
    workload
}

fn sample(program: &Program, case: &Case, context: String) -> Sample {
    let text = case.now.as_ref().map_or(NOW, |now| now.value.as_str());
    Sample {
        place: format!("`{}`", case.name),
        form: Form::Json,
        bytes: context.into_bytes(),
        // A time that is none is a finding of `policyc test`; here it is the first second.
        now: moment(text).unwrap_or_default(),
        phase: Phase::Request,
        hosts: (!case.functions.is_empty()).then(|| table(program, &case.functions)),
        weight: 1,
    }
}
