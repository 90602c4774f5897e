//! The configuration that holds in a directory.
//!
//! In:      the directory, mostly the one that a command runs in, and what the command line says.
//! Out:     what the nearest `policyc.toml` says, and what is wrong with it.

use std::path::{Path, PathBuf};

use crate::compiler::source::map::SourceMap;
use crate::diag::sink::Sink;
use crate::tools::paths::{normalize, slashed};
use crate::tools::project::config::Config;
use crate::tools::project::config::layers::{Layers, Overrides};
use crate::tools::project::discover::config_in;
use crate::tools::project::overlay::Overlay;
use crate::tools::project::shown_from;

/// What the nearest configuration at or above the working directory says, its directory, and what
/// is wrong with it; what the command line says alone where there is none.
#[must_use]
pub fn configuration(overrides: &Overrides) -> (Config, PathBuf, SourceMap, Sink) {
    configuration_in(&std::env::current_dir().unwrap_or_default(), overrides)
}

/// As `configuration`, seen from `folder`.
#[must_use]
pub fn configuration_in(
    folder: &Path,
    overrides: &Overrides,
) -> (Config, PathBuf, SourceMap, Sink) {
    let here = std::env::current_dir().unwrap_or_default();
    let folder = normalize(&here.join(folder));
    let (mut files, mut sink) = (SourceMap::new(), Sink::new());
    let path = folder.ancestors().find_map(config_in).filter(|_| !overrides.isolated);
    let root = path.as_deref().and_then(Path::parent).map_or(folder.clone(), Path::to_path_buf);
    let name = |full: &Path| slashed(&shown_from(&here, full));
    let over = Overlay::default();
    let layers = Layers {
        over: &over,
        root: &root,
        here: &here,
        name: &name,
        files: &mut files,
        sink: &mut sink,
    };
    let config = layers.read(path.as_deref(), overrides);
    (config, root, files, sink)
}
