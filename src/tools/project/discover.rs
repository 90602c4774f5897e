//! Which projects the paths belong to that a user named.
//!
//! In:      paths.
//! Out:     groups of them, one for each project; those without a `policyc.toml` are one.
//! Imports: `tools::paths`.
//!
//! A path belongs to the nearest `policyc.toml` above it. A directory stands for the projects below
//! it, too, and no project reads what lies in another one below.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use crate::tools::paths::normalize;
use crate::tools::project::config::NAMES;

/// Paths that are read together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Group {
    /// The configuration, if there is one; its directory is where the project begins.
    pub(super) config: Option<PathBuf>,
    /// The paths that were named; none: what the configuration says.
    pub(super) paths: Vec<PathBuf>,
    /// Whether only projects below were found in all of the paths.
    pub(super) outer: bool,
}

/// The configuration in `folder`.
pub(super) fn config_in(folder: &Path) -> Option<PathBuf> {
    NAMES.iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

/// Whether another project begins in `folder`.
pub(super) fn begins_project(folder: &Path) -> bool {
    config_in(folder).is_some()
}

/// All of `paths` as one project without a configuration.
pub(super) fn alone(paths: &[PathBuf]) -> Vec<Group> {
    vec![Group { paths: paths.to_vec(), ..Group::default() }]
}

/// The projects of `paths`, in order of their directories, what belongs to none first.
pub(super) fn groups(here: &Path, paths: &[PathBuf]) -> Vec<Group> {
    let mut found: BTreeMap<Option<PathBuf>, Vec<PathBuf>> = BTreeMap::new();
    let mut outer = false;
    for path in paths {
        let full = normalize(&here.join(path));
        let folder = if full.is_dir() { Some(full.as_path()) } else { full.parent() };
        let config = folder.into_iter().flat_map(Path::ancestors).find_map(config_in);
        let whole = full.is_dir() && config.as_deref().and_then(Path::parent) == Some(&full);
        let named = found.entry(config.clone()).or_default();
        if !whole {
            named.push(path.clone());
        }
        if full.is_dir() {
            for below in below(&full) {
                outer |= config.is_none();
                found.entry(Some(below)).or_default();
            }
        }
    }
    let group = |(config, paths): (Option<PathBuf>, Vec<PathBuf>)| {
        let outer = outer && config.is_none();
        Group { config, paths, outer }
    };
    found.into_iter().map(group).collect()
}

/// The configurations in directories below `folder`.
fn below(folder: &Path) -> Vec<PathBuf> {
    let walk = WalkBuilder::new(folder).require_git(false).git_global(false).build();
    let folders = walk
        .flatten()
        .filter(|entry| entry.depth() > 0 && entry.file_type().is_some_and(|kind| kind.is_dir()));
    folders.filter_map(|entry| config_in(entry.path())).collect()
}
