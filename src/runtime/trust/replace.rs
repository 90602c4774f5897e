//! Replacing a file: after a loss of power, whenever that was, the old one is there or the new one.
//!
//! In:      a path; bytes.
//! Out:     a file that outlasts a loss of power.
//! Imports: `base`.
//! Source:  `docs/trust.md`, "Older versions".

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::base::file::regular;
use crate::base::folder;

/// What is asked of a file system.
pub(super) trait Files {
    /// Makes a file in the place of what has the name, and writes these bytes. A link that has it
    /// is not followed.
    fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Sees to it that the bytes of a file outlast a loss of power.
    fn sync(&mut self, path: &Path) -> io::Result<()>;

    /// Gives a file another name, whatever had that before.
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;

    /// Sees to it that the names in the folder of a file outlast a loss of power.
    fn sync_names(&mut self, path: &Path) -> io::Result<()>;
}

/// The file system of the machine.
pub(super) struct System;

impl Files for System {
    fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        File::options().write(true).create_new(true).open(path)?.write_all(bytes)
    }

    fn sync(&mut self, path: &Path) -> io::Result<()> {
        File::options().write(true).open(path)?.sync_all()
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_names(&mut self, path: &Path) -> io::Result<()> {
        folder::holder(path).map_or(Ok(()), folder::sync)
    }
}

/// Where a file lies: what has a link for its name is the file that the link leads to, so that
/// whoever calls it otherwise locks and replaces the same one.
///
/// # Errors
/// If there is no such folder, or the link leads to nothing: what it led to may come back.
pub(super) fn real(path: &Path) -> io::Result<PathBuf> {
    match fs::symlink_metadata(path) {
        Ok(_) => fs::canonicalize(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
            let holder = folder::holder(path).ok_or(io::ErrorKind::InvalidInput)?;
            Ok(fs::canonicalize(holder)?.join(name))
        }
        Err(error) => Err(error),
    }
}

/// Opens the file that whoever replaces another one locks, and makes it where there is none. A link
/// is not followed.
pub(super) fn lock_file(path: &Path) -> io::Result<File> {
    let lock = beside(path, "lock");
    match File::options().write(true).create_new(true).open(&lock) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            regular(&fs::symlink_metadata(&lock)?)?;
            File::options().write(true).open(&lock)
        }
        opened => opened,
    }
}

/// The path of a file beside another one.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

/// Puts bytes in the place of a file. Whoever does so is alone: the draft has one name.
pub(super) fn replace(files: &mut impl Files, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = beside(path, "part");
    files.write(&draft, bytes)?;
    files.sync(&draft)?;
    files.rename(&draft, path)?;
    files.sync_names(path)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A file system that loses its power behind so many steps, or fails in one.
    #[derive(Clone, Default)]
    struct Disk {
        /// Files by number: what was written, and what outlasts.
        files: Vec<(Vec<u8>, Vec<u8>)>,
        /// Names, and those that outlast.
        names: [BTreeMap<PathBuf, usize>; 2],
        steps: usize,
        stop: usize,
    }

    impl Disk {
        fn step(&mut self) -> io::Result<()> {
            self.steps += 1;
            if self.steps > self.stop { Err(io::ErrorKind::Other.into()) } else { Ok(()) }
        }

        fn file(&self, path: &Path) -> io::Result<usize> {
            self.names[0].get(path).copied().ok_or(io::ErrorKind::NotFound.into())
        }

        /// What may be there under a name when the power comes back: with each name that was or
        /// is, and each state of its bytes.
        fn after_power_loss(&self, path: &Path) -> Vec<Option<Vec<u8>>> {
            let mut left = Vec::new();
            for names in &self.names {
                let Some(file) = names.get(path) else {
                    left.push(None);
                    continue;
                };
                let (written, kept) = &self.files[*file];
                left.push(Some(kept.clone()));
                left.extend((0..=written.len()).map(|end| {
                    let front = written[..end.max(kept.len()).min(written.len())].to_vec();
                    Some(if written.starts_with(kept) { front } else { written[..end].to_vec() })
                }));
                if written != kept {
                    left.push(Some(vec![0; written.len()]));
                }
            }
            left
        }
    }

    impl Files for Disk {
        fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
            // What is cut has begun.
            let file = self.files.len();
            self.files.push(Default::default());
            self.names[0].insert(path.to_owned(), file);
            self.files[file].0 = bytes[..bytes.len() / 2].to_vec();
            self.step()?;
            self.files[file].0 = bytes.to_vec();
            Ok(())
        }

        fn sync(&mut self, path: &Path) -> io::Result<()> {
            self.step()?;
            let file = self.file(path)?;
            self.files[file].1 = self.files[file].0.clone();
            Ok(())
        }

        fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
            self.step()?;
            let file = self.file(from)?;
            self.names[0].remove(from);
            self.names[0].insert(to.to_owned(), file);
            Ok(())
        }

        fn sync_names(&mut self, _: &Path) -> io::Result<()> {
            self.step()?;
            self.names[1] = self.names[0].clone();
            Ok(())
        }
    }

    #[test]
    fn the_old_file_is_there_or_the_new_one_whenever_the_power_goes() {
        let path = Path::new("folder/state");
        let (old, new) = (b"the old one".to_vec(), b"the new and longer one".to_vec());
        let mut losses = 0;
        for is_first in [true, false] {
            let mut disk = Disk { stop: usize::MAX, ..Disk::default() };
            if !is_first {
                replace(&mut disk, path, &old).expect("nothing fails");
            }
            let before = if is_first { None } else { Some(old.clone()) };
            for stop in 0..=4 {
                let mut disk = Disk { steps: 0, stop, ..disk.clone() };
                let replaced = replace(&mut disk, path, &new);
                assert_eq!(replaced.is_ok(), stop == 4);
                for left in disk.after_power_loss(path) {
                    losses += 1;
                    let is_new = left.as_ref() == Some(&new);
                    assert!(is_new || replaced.is_err() && left == before, "{stop}: {left:?}");
                }
                // A draft that is left behind is in nobody's way.
                disk.stop = usize::MAX;
                replace(&mut disk, path, &new).expect("nothing fails any more");
                assert!(disk.after_power_loss(path).iter().all(|left| left.as_ref() == Some(&new)));
            }
        }
        assert!(losses > 50, "{losses}");
    }

    #[test]
    fn what_is_not_there_cannot_be_made_to_outlast_anything() {
        let none = Path::new("/nonexistent/folder/state");
        assert!(System.sync(none).is_err());
        assert!(System.sync_names(none).is_err());
    }

    #[test]
    fn a_folder_in_the_place_of_a_file_is_told_as_what_it_is() {
        let folder = std::env::temp_dir().join(format!("policyc-place-{}", std::process::id()));
        fs::create_dir_all(folder.join("state.part")).expect("a folder");
        let file = folder.join("file");
        fs::write(&file, "").expect("a file");
        let written = System.write(&folder.join("state.part"), b"new");
        let below = real(&file.join("state"));
        fs::remove_dir_all(&folder).expect("the folder is there");
        assert_eq!(written.expect_err("a folder").kind(), io::ErrorKind::IsADirectory);
        assert_eq!(below.expect_err("no folder").kind(), io::ErrorKind::NotADirectory);
    }

    #[test]
    fn drafts_lie_beside_what_they_replace() {
        assert_eq!(beside(Path::new("a/state"), "part"), Path::new("a/state.part"));
        assert_eq!(beside(Path::new("state"), "lock"), Path::new("state.lock"));
    }
}
