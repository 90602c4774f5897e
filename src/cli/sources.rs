//! What commands do with the paths that a user named.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::base::limits::{BUNDLE_BYTES_MAX, SOURCE_BYTES_MAX};
use crate::cli::exit::Exit;
use crate::cli::reporting::{Conclusion, Reporting, alone, conclude, refused};
use crate::cli::terminal::Terminal;
use crate::cli::trust::trusted;
use crate::compiler::source::map::SourceMap;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::runtime::bundle::error::LoadError;
use crate::runtime::bundle::layout::MAGIC;
use crate::runtime::program::Program;
use crate::tools::paths::{normalize, slashed};
use crate::tools::pipeline::{self, load, references};
use crate::tools::project::overlay::Overlay;
use crate::tools::project::{Project, read_as, read_bytes, read_to, unreadable};

/// Paths to read policies from.
#[derive(Clone, Debug, clap::Args)]
pub struct Sources {
    /// Files and directories; `.gitignore` is respected.
    #[arg(value_name = "PATHS", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Demand a schema, and refuse `dyn` that nobody wrote.
    #[arg(long)]
    pub strict: bool,
    /// Seconds since the epoch that the bundle states as the time it was made.
    #[arg(long, value_name = "SECONDS", env = "SOURCE_DATE_EPOCH", hide = true)]
    pub source_date_epoch: Option<i64>,
}

impl Sources {
    /// Reads the projects that the paths belong to, each with what was found wrong with it.
    /// `--verbose` shows which files they are made of.
    #[must_use]
    pub fn projects(&self, terminal: &Terminal) -> Vec<(Project, Sink)> {
        self.projects_under(terminal, &Overlay::default())
    }

    /// As `projects`, where the texts of `over` stand for what the disk holds.
    #[must_use]
    pub fn projects_under(&self, terminal: &Terminal, over: &Overlay) -> Vec<(Project, Sink)> {
        let mut projects = read_as(over, &terminal.overrides(), &self.paths, references);
        for (project, _) in &mut projects {
            project.settings.strict |= self.strict;
            project.settings.created = self.source_date_epoch;
            terminal.detail(|| files_of(project));
        }
        projects
    }

    /// Reads the one project that the paths belong to.
    ///
    /// # Errors
    /// P0908 where there are several: a bundle is made of one.
    pub fn project(&self, terminal: &Terminal) -> Result<(Project, Sink), Box<Diagnostic>> {
        let mut projects = self.projects(terminal);
        let Some(last) = projects.pop() else { return Ok(Default::default()) };
        if projects.is_empty() {
            return Ok(last);
        }
        // One that lies here has no name that says which of them is meant.
        let all = projects.iter().chain([&last]).map(|(project, _)| project.prefix.as_str());
        let below = all.map(|prefix| prefix.trim_end_matches('/')).find(|it| !it.is_empty());
        let below = below.unwrap_or(".").to_owned();
        let count = projects.len() + 1;
        let found =
            format!("in {} there are {count} projects, and a bundle is made of one", self.named());
        let help = format!("name one of them, as `{below}`");
        Err(Box::new(Diagnostic::without_place(Code::BadUsage, found).help(help)))
    }

    /// The paths, where they are others than those of a command that names none.
    #[must_use]
    pub fn others(&self) -> Vec<String> {
        let is_default = matches!(self.paths.as_slice(), [path] if path.as_os_str() == ".");
        let paths = if is_default { &[] } else { self.paths.as_slice() };
        paths.iter().map(|path| shown(path)).collect()
    }

    /// The paths, as `a`, `b`.
    fn named(&self) -> String {
        let paths: Vec<String> =
            self.paths.iter().map(|path| format!("`{}`", shown(path))).collect();
        paths.join(", ")
    }
}

/// The files that a project is made of, a line each.
fn files_of(project: &Project) -> String {
    let root = project.prefix.trim_end_matches('/');
    let mut text = format!("project `{}`\n", if root.is_empty() { "." } else { root });
    for (_, file) in project.files.iter() {
        text.extend(["  reads ", &project.shown(&file.path), "\n"]);
    }
    for test in &project.tests {
        text.extend(["  tests in ", &project.shown(test), "\n"]);
    }
    text
}

/// How a command ends for what was named alone: 5 where it is not there.
#[must_use]
pub const fn exit_of_project(missing: bool) -> Exit {
    if missing { Exit::Missing } else { Exit::Done }
}

/// Whether the file begins as a bundle, or its name says that it should.
#[must_use]
pub fn is_bundle(path: &Path) -> bool {
    if path.extension().is_some_and(|ending| ending == "plcb") {
        return true;
    }
    let mut start = [0; MAGIC.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start == MAGIC
}

/// The bytes of a bundle that people name.
///
/// # Errors
/// How the command ends, its words already written.
pub fn bundle_bytes(terminal: &Terminal, path: &Path) -> Result<Vec<u8>, Exit> {
    read_bytes(path, BUNDLE_BYTES_MAX).map_err(|error| {
        if error.kind() != io::ErrorKind::FileTooLarge {
            return unread(terminal, path, &error);
        }
        let len = fs::metadata(path).ok().and_then(|data| usize::try_from(data.len()).ok());
        let len = len.unwrap_or(usize::MAX);
        let found = LoadError::TooLarge { len, max: BUNDLE_BYTES_MAX };
        alone(terminal, &found.diagnostic(&shown(path)))
    })
}

/// The program of a bundle that people name, to look at, and the bundle.
///
/// # Errors
/// How the command ends, its words already written.
pub fn load_bundle(terminal: &Terminal, path: &Path) -> Result<(Program, Vec<u8>), Exit> {
    let (name, bytes) = (shown(path), bundle_bytes(terminal, path)?);
    let program = match trusted(terminal)? {
        Some(trusted) => trusted.examine(path, &bytes, &name),
        None => load(&bytes, &name),
    };
    Ok((program.map_err(|found| refused(terminal, &found))?, bytes))
}

/// The one bundle that sources are, if they are one.
fn one_bundle(sources: &Sources) -> Option<&Path> {
    let [path] = sources.paths.as_slice() else { return None };
    (path.is_file() && is_bundle(path)).then_some(path)
}

/// The program of a bundle, or of sources that are compiled first, to decide for a host: a memory
/// of versions remembers it.
///
/// # Errors
/// How the command ends, its words already written.
pub fn deciding_program(terminal: &Terminal, sources: &Sources) -> Result<Program, Exit> {
    let Some(path) = one_bundle(sources) else {
        return program_below(terminal, sources).map(|(program, _)| program);
    };
    let (name, bytes) = (shown(path), bundle_bytes(terminal, path)?);
    let program = match trusted(terminal)? {
        Some(trusted) => trusted.load(path, &bytes, &name),
        None => load(&bytes, &name),
    };
    program.map_err(|found| refused(terminal, &found))
}

/// The program of a bundle, or of sources that are compiled first, to look at; and what stands
/// before the logical paths of its sources: nothing for a bundle.
///
/// # Errors
/// How the command ends, its words already written.
pub fn program_below(terminal: &Terminal, sources: &Sources) -> Result<(Program, String), Exit> {
    if let Some(path) = one_bundle(sources) {
        return load_bundle(terminal, path).map(|(program, _)| (program, String::new()));
    }
    let project = sources.project(terminal);
    let (project, sink) = project.map_err(|found| alone(terminal, &found))?;
    compiled(terminal, &project, sink).map(|(program, _)| (program, project.prefix))
}

/// The program of a project, and the bundle that was made of it.
///
/// # Errors
/// How the command ends, its words already written.
pub fn compiled(
    terminal: &Terminal,
    project: &Project,
    mut sink: Sink,
) -> Result<(Program, Vec<u8>), Exit> {
    nothing_signed(terminal, "sources")?;
    let compiled = if sink.has_errors() {
        None
    } else {
        pipeline::compile(&project.files, &project.settings, &mut sink)
    };
    let Some(compiled) = compiled else { return Err(rejected(terminal, project, sink)) };
    let program = pipeline::load_own(&compiled).map_err(|found| alone(terminal, &found))?;
    Ok((program, compiled.bundle))
}

/// Sees to it that no trust policy is asked about what nobody can sign.
///
/// # Errors
/// How the command ends, its words already written.
pub fn nothing_signed(terminal: &Terminal, what: &str) -> Result<(), Exit> {
    if terminal.trust() == (None, None) {
        return Ok(());
    }
    let fact = format!("{what} have no signatures, and --trust asks for them");
    let finding = Diagnostic::without_place(Code::BadUsage, fact);
    Err(alone(terminal, &finding.help("name a bundle: `policyc build`, then `policyc sign`")))
}

/// Says what is wrong with a project that a command cannot do without, and how the command ends.
#[must_use]
pub fn rejected(terminal: &Terminal, project: &Project, sink: Sink) -> Exit {
    let conclusion = Conclusion {
        needs_bundle: true,
        ..Conclusion::of(&project.files, &project.prefix, exit_of_project(project.missing))
    };
    conclude(terminal, &Reporting::default(), sink, &conclusion)
}

/// Says what is wrong with a file that is not of the project, and how the command ends.
#[must_use]
pub fn unusable(terminal: &Terminal, files: &SourceMap, sink: Sink) -> Exit {
    let conclusion =
        Conclusion { needs_bundle: true, ..Conclusion::of(files, "", Exit::CouldNotRun) };
    conclude(terminal, &Reporting::default(), sink, &conclusion)
}

/// The text of a file that is not of the project.
///
/// # Errors
/// How the command ends where it cannot be read; that is told.
pub fn text_of(terminal: &Terminal, path: &Path) -> Result<String, Exit> {
    let bytes =
        read_bytes(path, SOURCE_BYTES_MAX).map_err(|error| unread(terminal, path, &error))?;
    as_text(terminal, path, bytes)
}

/// The text on standard input, which stands for the file at `path`.
///
/// # Errors
/// How the command ends where it cannot be read; that is told.
pub fn piped_text(terminal: &Terminal, path: &Path) -> Result<String, Exit> {
    let mut bytes = Vec::new();
    read_to(&mut io::stdin().lock(), SOURCE_BYTES_MAX, &mut bytes)
        .map_err(|error| unread(terminal, path, &error))?;
    as_text(terminal, path, bytes)
}

fn as_text(terminal: &Terminal, path: &Path, bytes: Vec<u8>) -> Result<String, Exit> {
    String::from_utf8(bytes).map_err(|_| {
        let found = format!("`{}` is not UTF-8 text", shown(path));
        alone(terminal, &Diagnostic::without_place(Code::NotUtf8, found))
    })
}

/// Says why a file that was named cannot be read, and how the command ends.
#[must_use]
pub fn unread(terminal: &Terminal, path: &Path, error: &io::Error) -> Exit {
    let exit = alone(terminal, &unreadable(&shown(path), error));
    if error.kind() == io::ErrorKind::NotFound { Exit::Missing } else { exit }
}

/// A path as findings name it.
#[must_use]
pub fn shown(path: &Path) -> String {
    let text = slashed(&normalize(path));
    if text.is_empty() { ".".to_owned() } else { text }
}
