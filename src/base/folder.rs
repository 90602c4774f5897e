//! Folders: the names in them, which outlast a loss of power only once that was asked for.
//!
//! Imports: nothing of ours.

use std::fs::File;
use std::io;
use std::path::Path;

/// The folder that holds a path.
#[must_use]
pub fn holder(path: &Path) -> Option<&Path> {
    let here = |folder| if folder == Path::new("") { Path::new(".") } else { folder };
    path.parent().map(here)
}

/// Sees to it that the names in a folder outlast a loss of power.
///
/// # Errors
/// If the system refuses.
#[cfg(unix)]
pub fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Sees to nothing: elsewhere names cannot be asked for on their own.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_alone_lies_here() {
        for (path, wanted) in [
            ("a", Some(".")),
            ("a/b", Some("a")),
            ("/a", Some("/")),
            ("/", None),
            ("..", Some(".")),
        ] {
            assert_eq!(holder(Path::new(path)), wanted.map(Path::new), "{path}");
        }
    }
}
