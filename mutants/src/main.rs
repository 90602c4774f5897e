//! Asks of small changes of the sources of `policyc` whether a test notices them.
//!
//! All changes are compiled into one program, which goes by the variable `MUTANT`. So each is
//! tried by running tests, and nothing is compiled for it; and only those tests are run that reach
//! it, those first that noticed most and are quick.
//!
//! ```sh
//! policyc-mutants PROJECT WORK PREFIX..     changes of the files below the prefixes
//! ```
//!
//! WORK holds a copy of the project with the changes, what was found of each test (`reached.txt`)
//! and what came of each change (`results.txt`). What was noticed before is not tried again. What
//! no test can notice is listed with reasons (`equivalent.txt`). It is tried all the same: a change
//! that is listed and noticed, or is not there, is a failure.
//! `JOBS` says how many processes run at a time. `ONLY` names parts of the names of tests: others
//! are not run. `TEST_SECONDS` says how long the tests of one change may take. `CHANGES` names
//! parts of the names of changes, files among them: others are not tried. `EVERY=4` tries every
//! fourth of them, from that on of which `FROM` says the place (else 0, the first): a sample, in
//! which each file has the part that it has of all.

mod find;
mod hunt;
mod listed;
mod plant;
mod table;
mod values;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(project), Some(work)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: policyc-mutants PROJECT WORK PREFIX..");
        return ExitCode::from(2);
    };
    let prefixes: Vec<PathBuf> = arguments.collect();
    match tried(&project, &work, &prefixes) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

/// Whether the list of what no test can notice is right.
fn tried(project: &Path, work: &Path, prefixes: &[PathBuf]) -> Result<bool, String> {
    let listed = listed::read(project)?;
    let changes = plant::plant(project, work, prefixes)?;
    let results = hunt::hunt(work, &changes)?;
    Ok(table::print(&results, &changes, prefixes, &listed))
}
