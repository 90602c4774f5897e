//! Files that this process has read, so that nothing that it makes takes their place.
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

/// Whether `path` leads to a file that was read.
#[must_use]
pub fn holds(path: &Path) -> bool {
    all().iter().any(|read| is_same(read, path))
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
