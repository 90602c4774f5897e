//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::tools::paths::{normalize, slashed};
use crate::tools::project::reason;

/// Writes `bytes` to a new file beside `path`, then gives it that name.
///
/// # Errors
/// `P0906` if the file system refuses; then `path` is as it was.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Box<Diagnostic>> {
    let draft = draft_of(path);
    let written = write_draft(&draft, bytes).and_then(|()| fs::rename(&draft, path));
    written.map_err(|error| {
        drop(fs::remove_file(&draft));
        Box::new(unwritable(path, &error))
    })
}

/// `P0906`.
#[must_use]
pub fn unwritable(path: &Path, error: &io::Error) -> Diagnostic {
    let shown = slashed(&normalize(path));
    let found = format!("`{shown}` cannot be written: {}", folder_reason(error));
    Diagnostic::without_place(Code::Unwritable, found)
}

/// A missing file is a missing directory where one is to be made.
fn folder_reason(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        return "there is no such directory".to_owned();
    }
    reason(error)
}

/// A name in the same directory, so that renaming never crosses file systems.
fn draft_of(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

fn write_draft(draft: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(draft)?;
    file.write_all(bytes)?;
    file.sync_all()
}
