//! The configuration that holds in a directory.
//!
//! In:      the directory, mostly the one that a command runs in.
//! Out:     what the nearest `policyc.toml` says, and what is wrong with it.

use std::path::{Path, PathBuf};

use crate::base::limits::SOURCE_BYTES_MAX;
use crate::compiler::source::map::SourceMap;
use crate::diag::sink::Sink;
use crate::tools::paths::{normalize, slashed};
use crate::tools::project::config::{self, Config};
use crate::tools::project::discover::config_in;
use crate::tools::project::{read_bytes, shown_from, unreadable};

/// What the nearest configuration at or above the working directory says, its directory, and what
/// is wrong with it; nothing where there is none.
#[must_use]
pub fn configuration() -> (Config, PathBuf, SourceMap, Sink) {
    configuration_in(&std::env::current_dir().unwrap_or_default())
}

/// As `configuration`, seen from `folder`.
#[must_use]
pub fn configuration_in(folder: &Path) -> (Config, PathBuf, SourceMap, Sink) {
    let here = std::env::current_dir().unwrap_or_default();
    let folder = normalize(&here.join(folder));
    let (mut files, mut sink) = (SourceMap::new(), Sink::new());
    let Some(path) = folder.ancestors().find_map(config_in) else {
        return (Config::default(), folder, files, sink);
    };
    let shown = slashed(&shown_from(&here, &path));
    let config = match read_bytes(&path, SOURCE_BYTES_MAX) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let file = files.add(shown, text.clone());
            config::read(file, &text, &mut sink)
        }
        Err(error) => {
            sink.report(unreadable(&shown, &error));
            Config::default()
        }
    };
    (config, path.parent().map_or(folder, Path::to_path_buf), files, sink)
}
