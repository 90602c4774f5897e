//! What commands do with the paths that a user named.

use std::path::{Path, PathBuf};

use crate::cli::exit::Exit;
use crate::diag::sink::Sink;
use crate::runtime::bundle::layout::MAGIC;
use crate::tools::paths::{normalize, slashed};
use crate::tools::pipeline::references;
use crate::tools::project::{Project, read};

/// Paths to read policies from.
#[derive(Clone, Debug, clap::Args)]
pub struct Sources {
    /// Files and directories; `.gitignore` is respected.
    #[arg(value_name = "PATHS", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Demand a schema, and refuse `dyn` that nobody wrote.
    #[arg(long, env = "POLICYC_STRICT")]
    pub strict: bool,
}

impl Sources {
    /// Reads the project.
    pub fn read(&self, sink: &mut Sink) -> Project {
        read(&self.paths, references, sink)
    }
}

/// How a command ends for the project alone: 5 where something named is not there.
#[must_use]
pub fn exit_of_project(project: &Project) -> Exit {
    if project.missing { Exit::Missing } else { Exit::Done }
}

/// Where sources do not compile and a bundle is needed, the command could not run.
#[must_use]
pub const fn needs_a_bundle(exit: Exit) -> Exit {
    match exit {
        Exit::Findings => Exit::CouldNotRun,
        Exit::Done | Exit::CouldNotRun | Exit::Integrity | Exit::Missing | Exit::Bug => exit,
    }
}

/// Whether `bytes` begin as a bundle, or their name says that they should.
#[must_use]
pub fn is_bundle(path: &Path, bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC) || path.extension().is_some_and(|ending| ending == "plcb")
}

/// A path as findings name it.
#[must_use]
pub fn shown(path: &Path) -> String {
    slashed(&normalize(path))
}
