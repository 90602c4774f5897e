//! Files that lie where nobody looked: beside others, or in a folder.
//!
//! Imports: nothing of ours.
//!
//! Whoever may write to a folder can put a pipe there, for which a reader waits for ever. What
//! follows a look at the path is still a moment in which it may be exchanged; what is opened is
//! therefore looked at once more, so that nothing but a regular file is read.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;

/// Opens a regular file, to be read.
///
/// # Errors
/// If the system refuses; `IsADirectory` for a folder, and `Other` for a pipe, a socket or a
/// device, which are not opened.
pub fn open_regular(path: &Path) -> io::Result<File> {
    regular(&fs::metadata(path)?)?;
    let file = File::open(path)?;
    regular(&file.metadata()?)?;
    Ok(file)
}

/// Refuses what is no regular file.
///
/// # Errors
/// As `open_regular`.
pub fn regular(found: &Metadata) -> io::Result<()> {
    if found.is_file() {
        Ok(())
    } else if found.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else {
        Err(io::Error::other("it is no regular file"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_what_is_not_there_are_told_apart() {
        let kind = |path: &Path| open_regular(path).expect_err("no file").kind();
        assert_eq!(kind(&std::env::temp_dir()), io::ErrorKind::IsADirectory);
        assert_eq!(kind(&std::env::temp_dir().join("policyc-none")), io::ErrorKind::NotFound);
    }

    #[cfg(unix)]
    #[test]
    fn devices_are_not_opened() {
        let error = open_regular(Path::new("/dev/null")).expect_err("a device");
        assert_eq!(error.to_string(), "it is no regular file");
    }
}
