//! Texts that are laid over files: what an editor shows and has not saved.
//!
//! In:      absolute, normalized paths, each with a text.
//! Out:     what reading a path gives, from here before the disk.
//! Imports: its own room alone.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::tools::project::bytes::{look_at, read_bytes};

/// Texts by absolute, normalized path. An empty one changes nothing.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    texts: BTreeMap<PathBuf, String>,
}

impl Overlay {
    /// Lays `text` over the file at `path`.
    pub fn lay(&mut self, path: PathBuf, text: String) {
        self.texts.insert(path, text);
    }

    /// What is laid over files below `folder`, and no file yet.
    pub(super) fn unsaved<'a>(&'a self, folder: &'a Path) -> impl Iterator<Item = &'a Path> {
        let paths = self.texts.keys().map(PathBuf::as_path);
        paths.filter(move |path| path.starts_with(folder) && !path.exists())
    }

    /// Whether a text is laid over the file at `path`.
    pub(super) fn holds(&self, path: &Path) -> bool {
        self.texts.contains_key(path)
    }

    /// The bytes at `path`, or an error if there are more than `max`.
    ///
    /// # Errors
    /// Those of the file system; `FileTooLarge` for longer ones.
    pub(super) fn read(&self, path: &Path, max: usize) -> io::Result<Vec<u8>> {
        match self.texts.get(path) {
            Some(text) if text.len() > max => Err(io::ErrorKind::FileTooLarge.into()),
            Some(text) => Ok(text.as_bytes().to_vec()),
            None => read_bytes(path, max),
        }
    }

    /// As `read`, to see what the file is: that makes it no input yet.
    ///
    /// # Errors
    /// As `read`.
    pub(super) fn look(&self, path: &Path, max: usize) -> io::Result<Vec<u8>> {
        if self.texts.contains_key(path) { self.read(path, max) } else { look_at(path, max) }
    }
}
