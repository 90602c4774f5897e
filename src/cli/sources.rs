//! What commands do with the paths that a user named.

use std::path::{Path, PathBuf};

use crate::cli::exit::Exit;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
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
    #[arg(long, env = "POLICYC_STRICT", hide_env_values = true)]
    pub strict: bool,
}

impl Sources {
    /// Reads the projects that the paths belong to, each with what was found wrong with it.
    #[must_use]
    pub fn projects(&self) -> Vec<(Project, Sink)> {
        let mut projects = read(&self.paths, references);
        for (project, _) in &mut projects {
            project.settings.strict |= self.strict;
        }
        projects
    }

    /// Reads the one project that the paths belong to.
    ///
    /// # Errors
    /// P0908 where there are several: a bundle is made of one.
    pub fn project(&self) -> Result<(Project, Sink), Box<Diagnostic>> {
        let mut projects = self.projects();
        let Some(last) = projects.pop() else { return Ok(Default::default()) };
        let Some((first, _)) = projects.first() else { return Ok(last) };
        let shown = first.prefix.trim_end_matches('/');
        let count = projects.len() + 1;
        let found =
            format!("in {} there are {count} projects, and a bundle is made of one", self.named());
        Err(Box::new(Diagnostic::without_place(Code::BadUsage, found).help(format!(
            "name one of them, as `{}`",
            if shown.is_empty() { "." } else { shown }
        ))))
    }

    /// The paths, as `a`, `b`.
    fn named(&self) -> String {
        let shown = |path: &PathBuf| match shown(path) {
            text if text.is_empty() => ".".to_owned(),
            text => text,
        };
        let paths: Vec<String> =
            self.paths.iter().map(|path| format!("`{}`", shown(path))).collect();
        paths.join(", ")
    }
}

/// How a command ends for what was named alone: 5 where it is not there.
#[must_use]
pub const fn exit_of_project(missing: bool) -> Exit {
    if missing { Exit::Missing } else { Exit::Done }
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
