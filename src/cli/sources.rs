//! What commands do with the paths that a user named.

use std::path::PathBuf;

use crate::cli::exit::Exit;
use crate::diag::sink::Sink;
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
