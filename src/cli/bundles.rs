//! Bundles by the names that people give them.
//!
//! A name is a path to a bundle or to sources, `git:REV` for the project of the working directory
//! as a revision has it, `sha256:DIGITS` for a bundle of the store, or a name that `[bundles]` of
//! `policyc.toml` gives to one of these.

use std::path::{Path, PathBuf};

use crate::cli::exit::Exit;
use crate::cli::reporting::{Conclusion, Reporting, alone, conclude, refused};
use crate::cli::sources::{Sources, is_bundle, nothing_signed, program_below};
use crate::cli::terminal::Terminal;
use crate::cli::trust::trusted;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::suggest::nearest;
use crate::runtime::program::Program;
use crate::tools::inspect::digest_text;
use crate::tools::project::config::Config;
use crate::tools::project::nearest::configuration;
use crate::tools::replay::store::{Digest, Store, Unusable};
use crate::tools::revision::{self, in_this_checkout};

/// Where bundles are kept in a project that says nothing else.
const STORE: &str = ".policyc/store";

/// What `policyc.toml` says about bundles and records, and where it lies.
#[derive(Debug)]
pub struct Settings {
    config: Config,
    /// The directory of `policyc.toml`, or the working directory.
    folder: PathBuf,
}

impl Settings {
    /// Reads the nearest configuration at or above the working directory.
    ///
    /// # Errors
    /// How the command ends, its words already written.
    pub fn read(terminal: &Terminal) -> Result<Self, Exit> {
        let (config, folder, files, sink) = configuration(&terminal.overrides());
        if !sink.has_errors() {
            return Ok(Self { config, folder });
        }
        let conclusion =
            Conclusion { needs_bundle: true, ..Conclusion::of(&files, "", Exit::CouldNotRun) };
        Err(conclude(terminal, &Reporting::default(), sink, &conclusion))
    }

    /// The directory of the store: what was asked for, or what the configuration says.
    #[must_use]
    pub fn store(&self, asked: Option<&Path>) -> PathBuf {
        let configured = self.config.store.as_ref().map(|store| store.value.as_str());
        let configured = || self.folder.join(configured.unwrap_or(STORE));
        asked.map_or_else(configured, Path::to_path_buf)
    }

    /// The store: where it lies, and whom to ask about its bundles.
    ///
    /// # Errors
    /// How the command ends, its words already written.
    pub fn open_store(&self, terminal: &Terminal, asked: Option<&Path>) -> Result<Store, Exit> {
        Ok(Store::at(self.store(asked)).asking(trusted(terminal)?))
    }

    /// Where records lie: what was asked for, or what the configuration says.
    #[must_use]
    pub fn records(&self, asked: &[PathBuf]) -> Vec<PathBuf> {
        if !asked.is_empty() {
            return asked.to_vec();
        }
        self.config.records.iter().map(|path| self.folder.join(&path.value)).collect()
    }

    /// The program that a name stands for.
    ///
    /// # Errors
    /// How the command ends, its words already written.
    pub fn bundle(&self, terminal: &Terminal, store: &Store, name: &str) -> Result<Program, Exit> {
        self.bundle_below(terminal, store, name).map(|(program, _)| program)
    }

    /// As `bundle`, with what stands before the logical paths of its sources: nothing where it is
    /// no sources that lie here.
    ///
    /// # Errors
    /// As `bundle`.
    pub fn bundle_below(
        &self,
        terminal: &Terminal,
        store: &Store,
        name: &str,
    ) -> Result<(Program, String), Exit> {
        if let Some(path) = self.path(name) {
            return one(terminal, path);
        }
        if let Some(meant) = self.meant(name) {
            return unlike_a_path(terminal, store, meant)
                .unwrap_or_else(|| Err(self.unknown(terminal, name, Some(meant))));
        }
        unlike_a_path(terminal, store, name)
            .unwrap_or_else(|| Err(self.unknown(terminal, name, None)))
    }

    /// As `bundle_below`; `beside` is the name of what it is compared with. A revision is of the
    /// same path as that, where it lies in this checkout.
    ///
    /// # Errors
    /// As `bundle`.
    pub fn bundle_beside(
        &self,
        terminal: &Terminal,
        store: &Store,
        (name, beside): (&str, &str),
    ) -> Result<(Program, String), Exit> {
        let meant = self.meant(name).unwrap_or(name);
        let rev = meant.strip_prefix("git:").filter(|_| self.path(name).is_none());
        let Some(rev) = rev else { return self.bundle_below(terminal, store, name) };
        let is_sources = |path: &PathBuf| !(path.is_file() && is_bundle(path));
        let path = self.path(beside).filter(is_sources).filter(|path| in_this_checkout(path));
        of_revision(terminal, rev, path.unwrap_or_else(|| PathBuf::from(".")))
    }

    /// The path that a name stands for, where something lies there.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        let meant = || self.meant(name).map(|meant| self.folder.join(meant));
        Some(PathBuf::from(name))
            .filter(|path| path.exists())
            .or_else(|| meant().filter(|path| path.exists()))
    }

    /// What `[bundles]` says that a name stands for.
    fn meant(&self, name: &str) -> Option<&str> {
        let row = self.config.bundles.iter().find(|(known, _)| known == name)?;
        Some(row.1.value.as_str())
    }

    /// Says that there is no such bundle.
    fn unknown(&self, terminal: &Terminal, name: &str, meant: Option<&str>) -> Exit {
        let fact = match meant {
            Some(meant) => format!("`{name}` stands for `{meant}`, which does not exist"),
            None => format!("`{name}` is no file, and `[bundles]` does not name it"),
        };
        let names = self.config.bundles.iter().map(|(name, _)| name.as_str());
        let near = nearest(name, names).filter(|near| *near != name);
        let help = near.map_or_else(
            || "a bundle is a path, git:REV, sha256:DIGITS or a name of `[bundles]`".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        let finding = Diagnostic::without_place(Code::Unreadable, fact).help(help);
        alone(terminal, &finding).max(Exit::Missing)
    }
}

/// The program of a bundle or of sources.
fn one(terminal: &Terminal, path: PathBuf) -> Result<(Program, String), Exit> {
    let sources = Sources { paths: vec![path], strict: false, source_date_epoch: None };
    program_below(terminal, &sources)
}

/// The program of a revision, or of the store.
fn unlike_a_path(
    terminal: &Terminal,
    store: &Store,
    name: &str,
) -> Option<Result<(Program, String), Exit>> {
    if let Some(rev) = name.strip_prefix("git:") {
        return Some(of_revision(terminal, rev, PathBuf::from(".")));
    }
    let stored = || of_store(terminal, store, name).map(|program| (program, String::new()));
    name.starts_with("sha256:").then(stored)
}

/// The program of what lies at `path`, as a revision has it.
fn of_revision(terminal: &Terminal, rev: &str, path: PathBuf) -> Result<(Program, String), Exit> {
    nothing_signed(terminal, "revisions")?;
    let paths = vec![path];
    let sources = Sources { paths: paths.clone(), strict: false, source_date_epoch: None };
    // What is wrong with the sources of today is no matter.
    let (project, _) = sources.project(terminal).map_err(|found| {
        let help = "`git:REV` is of the project of this directory: run this in one of them";
        alone(terminal, &found.help(help))
    })?;
    let program = revision::program(rev, &project, &paths);
    let program = program.map_err(|error| alone(terminal, &error.diagnostic()))?;
    Ok((program, project.prefix))
}

fn of_store(terminal: &Terminal, store: &Store, name: &str) -> Result<Program, Exit> {
    let digest = match store.beginning(name).as_slice() {
        [digest] => *digest,
        [] => {
            let fact = format!("no bundle of the store begins with `{name}`");
            let finding = Diagnostic::without_place(Code::Unreadable, fact);
            return Err(alone(terminal, &finding).max(Exit::Missing));
        }
        [first, second, ..] => {
            let fact = format!("several bundles of the store begin with `{name}`");
            let (first, second) = (digest_text(first), digest_text(second));
            let help = format!("write more digits: {first}, {second}");
            let finding = Diagnostic::without_place(Code::BadUsage, fact).help(help);
            return Err(alone(terminal, &finding));
        }
    };
    store.load(digest).map_err(|unusable| unusable_exit(terminal, name, &unusable))
}

/// Says why the store does not give the bundle, where it does not, and how the command ends.
#[must_use]
pub fn stored_exit(terminal: &Terminal, store: &Store, digest: Digest) -> Exit {
    let unusable = store.get(digest).err();
    unusable.map_or(Exit::Done, |it| unusable_exit(terminal, &digest_text(&digest), &it))
}

/// Says why a bundle of the store cannot be used, and how the command ends.
#[must_use]
pub fn unusable_exit(terminal: &Terminal, name: &str, unusable: &Unusable) -> Exit {
    match unusable {
        Unusable::Missing => {
            let fact = format!("the store has no bundle {name}");
            let help = "`--store` names a directory of bundles, `--bundle` one; another bundle, as \
                        one built from sources that changed since, is not this one";
            let finding = Diagnostic::without_place(Code::Unreadable, fact).help(help);
            alone(terminal, &finding).max(Exit::Missing)
        }
        Unusable::Unreadable(why) => {
            let fact = format!("bundle {name} cannot be read: {why}");
            alone(terminal, &Diagnostic::without_place(Code::Unreadable, fact))
        }
        Unusable::Refused(why) => refused(terminal, why),
    }
}
