//! Files that this process has read, or keeps, so that nothing that it makes takes their place.
//!
//! In:      paths.
//! Out:     whether a path leads to one of those files, by whatever name.
//! Imports: nothing of ours.
//!
//! Whatever reads a file that a user named tells it here, so what writes need not know what a
//! command reads.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// As they were named. Each is there once, however often it is read.
static READ: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Names that no command gives to what it makes, in their one spelling.
static CLAIMED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn all() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    READ.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Remembers a file that is read, or belongs to what is.
pub fn note(path: &Path) {
    let mut all = all();
    if !all.contains(path) {
        all.insert(path.to_owned());
    }
}

/// Remembers a name that a command keeps for itself: what others make does not get it, also while
/// nothing is there.
pub fn claim(path: &Path) {
    note(path);
    if let Some(real) = real_name(path) {
        CLAIMED.lock().unwrap_or_else(PoisonError::into_inner).insert(real);
    }
}

/// Whether `path` leads to a file that was read, or has a name that was claimed.
#[must_use]
pub fn holds(path: &Path) -> bool {
    let claimed = CLAIMED.lock().unwrap_or_else(PoisonError::into_inner);
    let is_claimed = || real_name(path).is_some_and(|name| claimed.contains(&name));
    all().iter().any(|read| is_same(read, path)) || !claimed.is_empty() && is_claimed()
}

/// The one spelling of a name in a folder, whether or not something has it.
fn real_name(path: &Path) -> Option<PathBuf> {
    let holder = path.parent().filter(|it| *it != Path::new("")).unwrap_or(Path::new("."));
    Some(fs::canonicalize(holder).ok()?.join(path.file_name()?))
}

/// Whether both lead to one file: through links, too.
#[must_use]
pub fn is_same(one: &Path, other: &Path) -> bool {
    let (Ok(own), Ok(its)) = (fs::metadata(one), fs::metadata(other)) else { return false };
    own.is_file() && its.is_file() && is_one(&own, &its, one, other)
}

#[cfg(unix)]
fn is_one(own: &Metadata, its: &Metadata, _: &Path, _: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    (own.dev(), own.ino()) == (its.dev(), its.ino())
}

#[cfg(not(unix))]
fn is_one(_: &Metadata, _: &Metadata, one: &Path, other: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    real(one).is_some() && real(one) == real(other)
}
