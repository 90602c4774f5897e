//! Asks of small changes of the sources of `policyc` whether a test notices them.
//!
//! All changes are compiled into one program, which goes by the variable `MUTANT`. So each is
//! tried by running tests, and nothing is compiled for it; and only those tests are run that reach
//! it, the quickest first.
//!
//! ```sh
//! policyc-mutants PROJECT WORK PREFIX..     changes of the files below the prefixes
//! ```
//!
//! WORK holds a copy of the project with the changes, what was found of each test (`reached.txt`)
//! and what came of each change (`results.txt`). What was noticed before is not tried again.
//! `JOBS` says how many processes run at a time. `ONLY` names parts of the names of tests: others
//! are not run.

mod find;
mod hunt;
mod plant;
mod values;

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(project), Some(work)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: policyc-mutants PROJECT WORK PREFIX..");
        return ExitCode::from(2);
    };
    let prefixes: Vec<PathBuf> = arguments.collect();
    let changes = match plant::plant(&project, &work, &prefixes) {
        Ok(changes) => changes,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::from(2);
        }
    };
    match hunt::hunt(&work, &changes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
