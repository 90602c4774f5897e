//! A solver that runs as a process of its own: `z3`, `cvc5`, or what speaks SMT-LIB as they do.
//!
//! In:      the name of a program that people chose on the command line, scripts.
//! Out:     what it writes, or why that is no answer.
//! Imports: `base`, `compiler::solve`.
//! Source:  `docs/diff.md`, section "Another solver".
//!
//! The only process that `policyc` starts beside `git`, and only where it was asked to. It gets a
//! script on standard input, as much time as was said, and as much room for its answer as a limit
//! gives; then it is ended. Nothing of what it does fails the comparison: what is no answer leaves
//! a question open.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::base::limits::{SOLVER_ANSWER_BYTES_MAX, SOLVER_SCRIPT_BYTES_MAX};
use crate::compiler::solve::smt::Unsupported;

/// How long a process may take to end once it has said all.
const END_STEPS: u32 = 200;
const END_STEP: Duration = Duration::from_millis(5);

/// A solver.
#[derive(Clone, Debug)]
pub struct Solver {
    program: PathBuf,
    name: String,
    arguments: Vec<String>,
    limit: Duration,
}

/// Why a program is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SolverError {
    /// There is no such program.
    Missing {
        /// As it was named.
        name: String,
    },
    /// It does not do what solvers do.
    Unusable {
        /// As it was named.
        name: String,
        /// What it does instead.
        why: NoAnswer,
    },
}

/// Why a question got no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// It cannot be asked.
    Unsaid(Unsupported),
    /// The script would be too long.
    TooLong,
    /// The process cannot be started, with what the system says.
    NotStarted(String),
    /// It took too long.
    TimedOut,
    /// It was ended by a signal, or did not end.
    Crashed,
    /// What it wrote is no answer.
    Garbage,
    /// It says that it does not know.
    Unknown,
    /// The input that it found does not show anything. What the script leaves open may be why.
    NotShown(BTreeSet<Unsupported>),
}

impl Solver {
    /// The program of a name, or at a path, if it answers.
    ///
    /// # Errors
    /// Why it is no solver.
    pub fn find(name: &str, limit: Duration) -> Result<Self, SolverError> {
        let missing = || SolverError::Missing { name: name.to_owned() };
        let program = located(name).ok_or_else(missing)?;
        let stem = program.file_stem().map_or_else(String::new, |it| it.to_string_lossy().into());
        // Where nobody is left to end it, it ends itself.
        let seconds = limit.as_secs().saturating_add(2);
        let arguments = if stem.starts_with("cvc5") {
            let own = ["--lang=smt2", "--strings-exp"].map(str::to_owned);
            own.into_iter().chain([format!("--tlimit={}", seconds.saturating_mul(1_000))]).collect()
        } else {
            vec!["-in".to_owned(), "-smt2".to_owned(), format!("-T:{seconds}")]
        };
        let solver = Self { program, name: stem, arguments, limit };
        let unusable = |why| SolverError::Unusable { name: name.to_owned(), why };
        let answer = solver.ask("(set-logic ALL)\n(check-sat)\n(exit)\n").map_err(unusable)?;
        if answer.trim() == "sat" { Ok(solver) } else { Err(unusable(NoAnswer::Garbage)) }
    }

    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it writes when it reads a script.
    ///
    /// # Errors
    /// Why it writes nothing that could be an answer.
    pub fn ask(&self, script: &str) -> Result<String, NoAnswer> {
        if script.len() > SOLVER_SCRIPT_BYTES_MAX {
            return Err(NoAnswer::TooLong);
        }
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let started = command.spawn();
        let mut child = started.map_err(|error| NoAnswer::NotStarted(error.to_string()))?;
        let (Some(mut ask), Some(answer)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(ended(child, NoAnswer::Crashed));
        };
        let script = script.to_owned();
        // Both go on by themselves where the process is gone and its pipes are not.
        thread::spawn(move || {
            // One that does not read all of it says what it says.
            let _ = ask.write_all(script.as_bytes());
        });
        let (tell, told) = channel();
        thread::spawn(move || {
            // Nobody hears it once time is up.
            let _ = tell.send(written(answer));
        });
        match told.recv_timeout(self.limit) {
            Ok(answer) => settled(child).and(answer),
            Err(RecvTimeoutError::Timeout) => Err(ended(child, NoAnswer::TimedOut)),
            Err(RecvTimeoutError::Disconnected) => Err(ended(child, NoAnswer::Crashed)),
        }
    }
}

/// The file that a name stands for: a path as it is, another name along `PATH`.
fn located(name: &str) -> Option<PathBuf> {
    let own = Path::new(name);
    if own.components().count() > 1 {
        return own.is_file().then(|| own.to_owned());
    }
    let folders = std::env::var_os("PATH")?;
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    // What is not absolute lies wherever the process happens to be.
    let mut all = std::env::split_paths(&folders).filter(|folder| folder.is_absolute());
    all.find_map(|folder| Some(folder.join(&name)).filter(|path| path.is_file()))
}

/// All that a process writes.
fn written(answer: ChildStdout) -> Result<String, NoAnswer> {
    let most = u64::try_from(SOLVER_ANSWER_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let read = answer.take(most.saturating_add(1)).read_to_end(&mut bytes);
    if read.is_err() || bytes.len() > SOLVER_ANSWER_BYTES_MAX {
        return Err(NoAnswer::Garbage);
    }
    String::from_utf8(bytes).map_err(|_| NoAnswer::Garbage)
}

/// Waits for a process that has said all. Solvers end with 1 where there are no values to tell.
fn settled(mut child: Child) -> Result<(), NoAnswer> {
    for _ in 0..END_STEPS {
        match child.try_wait() {
            Ok(Some(status)) if status.code().is_some() => return Ok(()),
            Ok(Some(_)) => return Err(NoAnswer::Crashed),
            Ok(None) => thread::sleep(END_STEP),
            Err(_) => break,
        }
    }
    Err(ended(child, NoAnswer::Crashed))
}

/// Ends a process.
fn ended(mut child: Child, why: NoAnswer) -> NoAnswer {
    // One that ended meanwhile is waited for all the same.
    let _ = child.kill();
    let _ = child.wait();
    why
}
