//! The folder in which `policyc check` keeps what it found.
//!
//! What is in it is believed only as `tools::lint::cache` says, and nothing hangs on it: where it
//! cannot be read or written, everything is checked as if there were none.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::base::arrange::Arrange as _;
use crate::base::limits::{KEPT_BYTES_MAX, KEPT_FILES_MAX};
use crate::cli::write::Draft;
use crate::compiler::source::map::SourceMap;
use crate::tools::lint::cache::{CacheKey, CheckOutcome, read, written};
use crate::tools::lint::select::Selection;
use crate::tools::project::{Project, read_bytes};

/// What the names of files in the folder end in.
const ENDING: &str = "checked";

/// Where what was found is kept.
#[derive(Clone, Debug, clap::Args)]
pub struct CacheOptions {
    /// Keep what is found in this directory, for the next time; else in that of the user.
    #[arg(long, value_name = "DIR")]
    cache_dir: Option<PathBuf>,
    /// Check everything, and keep nothing.
    #[arg(long)]
    no_cache: bool,
}

/// What was found before.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    /// Which program checks.
    compiler: String,
}

impl CacheOptions {
    /// The cache; `None` where none is wanted, or nothing says where.
    #[must_use]
    pub fn cache(&self) -> Option<Cache> {
        if self.no_cache {
            return None;
        }
        let folder = self.cache_dir.clone().or_else(folder_of_user)?;
        Some(Cache { folder, compiler: compiler()? })
    }
}

/// The folder for caches of a user.
fn folder_of_user() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let absolute = |path: &PathBuf| path.is_absolute();
    let own = named("XDG_CACHE_HOME").filter(absolute);
    let own = own.or_else(|| Some(named("HOME").filter(absolute)?.join(".cache")));
    let own = own.or_else(|| named("LOCALAPPDATA").filter(absolute));
    own.map(|folder| folder.join("policyc"))
}

/// Which program this is: its version, and the size and age of its file, for versions are built
/// more than once.
fn compiler() -> Option<String> {
    let file = fs::metadata(std::env::current_exe().ok()?).ok()?;
    let age = file.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
    Some(format!("{} {} {age}", env!("CARGO_PKG_VERSION"), file.len()))
}

impl Cache {
    /// The key of a project of which this is told.
    #[must_use]
    pub fn key(&self, project: &Project, selection: &Selection) -> CacheKey {
        CacheKey::of(&self.compiler, &project.files, &project.settings, selection)
    }

    /// What was found under a key.
    #[must_use]
    pub fn find(&self, key: &CacheKey, files: &SourceMap) -> Option<CheckOutcome> {
        let bytes = read_bytes(&self.path(key), KEPT_BYTES_MAX).ok()?;
        read(key, &bytes, files)
    }

    /// Keeps what was found, if it can be kept.
    pub fn keep(&self, key: &CacheKey, outcome: &CheckOutcome) {
        let bytes = written(key, outcome);
        if bytes.len() > KEPT_BYTES_MAX || fs::create_dir_all(&self.folder).is_err() {
            return;
        }
        let Ok(mut draft) = Draft::begin(&self.path(key)) else { return };
        if draft.write(&bytes).is_ok() && draft.finish_soon().is_ok() {
            self.tidy();
        }
    }

    fn path(&self, key: &CacheKey) -> PathBuf {
        self.folder.join(key.name()).with_extension(ENDING)
    }

    /// Takes the oldest away where there are too many.
    fn tidy(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let own = |path: &Path| path.extension().is_some_and(|it| it == ENDING);
        let mut kept: Vec<(SystemTime, PathBuf)> = entries
            .filter_map(Result::ok)
            .filter(|entry| own(&entry.path()))
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        if kept.len() > KEPT_FILES_MAX {
            kept.arrange();
            for (_, path) in kept.iter().take(kept.len() - KEPT_FILES_MAX / 2) {
                drop(fs::remove_file(path));
            }
        }
    }
}
