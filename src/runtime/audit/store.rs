//! Where the segments of an audit log lie.
//!
//! In:      bytes, in order; names of segments.
//! Out:     bytes and names that outlast a loss of power once that was asked for.
//! Imports: `base`.
//! Source:  `docs/audit.md`, "Segments".
//!
//! What only reads cannot write: it is a type of its own.
//!
//! ```compile_fail,E0277
//! use policyc::runtime::audit::store::Snapshot;
//! use policyc::runtime::audit::{Options, open};
//!
//! let snapshot = Snapshot::of("audit").expect("a directory");
//! open(snapshot, Options::new("gw-3", "example.com/gw-3")); // A `Store` is wanted here.
//! ```

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::base::file::{open_regular, regular};
use crate::base::folder;

/// What a log of several segments is read from. A segment is called by the number of its first
/// line.
pub trait Source {
    /// The segments that are there, in ascending order.
    ///
    /// # Errors
    /// If that is not known.
    fn list(&mut self) -> io::Result<Vec<u64>>;

    /// The bytes of a segment, from this one on.
    ///
    /// # Errors
    /// If it cannot be read.
    fn read(&mut self, segment: u64, from: u64) -> io::Result<Box<dyn Read + '_>>;
}

/// What a log of several segments is written to: one segment at a time, from its end on.
pub trait Store: Source + Send {
    /// Makes a segment, which is empty, and writes to it from here on.
    ///
    /// # Errors
    /// If it is there already, or that is not known.
    fn begin(&mut self, segment: u64) -> io::Result<()>;

    /// Cuts a segment to as many bytes, and writes to it from here on.
    ///
    /// # Errors
    /// If that is not known.
    fn resume(&mut self, segment: u64, bytes: u64) -> io::Result<()>;

    /// Appends bytes.
    ///
    /// # Errors
    /// If not all of them were taken.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Sees to it that the bytes of the segment that is written to outlast a loss of power, and
    /// that what was cut off stays away.
    ///
    /// # Errors
    /// If that is not known. Then nobody can say what is left, and it is not tried again.
    fn sync(&mut self) -> io::Result<()>;

    /// Sees to it that every segment is still there, under its name, after a loss of power.
    ///
    /// # Errors
    /// If that is not known.
    fn sync_names(&mut self) -> io::Result<()>;
}

/// What names of segments end with.
const ENDING: &str = ".pdrb";
/// Digits of a number in a name: as many as the largest has.
const DIGITS: usize = 20;
/// The file that a writer locks.
const LOCK: &str = "lock";

/// A directory of segments, to be written to.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    /// The segment that is written to, and where it lies.
    file: Option<(File, PathBuf)>,
    /// Held for as long as somebody may write.
    _lock: File,
}

/// A directory of segments, to be read, also while somebody writes to it: what was there when
/// segments were listed.
#[derive(Debug)]
pub struct Snapshot {
    path: PathBuf,
    /// Bytes of the segments, when they were listed: what comes behind is not read.
    lengths: BTreeMap<u64, u64>,
}

impl Directory {
    /// A directory, which is made if there is none; nobody else may write to it until this goes.
    ///
    /// # Errors
    /// If the system refuses; `WouldBlock` if somebody writes to it.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        make(&path)?;
        let name = path.join(LOCK);
        // A pipe is not waited for.
        if let Ok(Err(error)) = fs::metadata(&name).map(|found| regular(&found)) {
            return Err(at(&name, error));
        }
        let lock = OpenOptions::new().write(true).create(true).truncate(false).open(&name);
        let lock = lock.map_err(|error| at(&name, error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, file: None, _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                let why = format!("somebody else writes to `{}`", path.display());
                Err(io::Error::new(io::ErrorKind::WouldBlock, why))
            }
            Err(TryLockError::Error(error)) => Err(at(&name, error)),
        }
    }

    fn write(&mut self, work: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
        let Some((file, path)) = &mut self.file else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        work(file).map_err(|error| at(path, error))
    }
}

impl Snapshot {
    /// Of a directory.
    ///
    /// # Errors
    /// If there is no such directory.
    pub fn of(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        if !fs::metadata(&path)?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { path, lengths: BTreeMap::new() })
    }

    /// The files of the log that are there when segments were listed: what is locked, too.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        let segments = self.lengths.keys().map(|segment| self.path_of(*segment));
        segments.chain([self.path.join(LOCK)])
    }

    /// Whether a path names a file of the log, there or to come.
    #[must_use]
    pub fn is_name(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str());
        let own = name.is_some_and(|name| name == LOCK || segment_of(name).is_some());
        let real = |path: &Path| fs::canonicalize(path).ok();
        own && folder::holder(path).and_then(real).is_some_and(|it| Some(it) == real(&self.path))
    }

    /// Where a segment lies.
    #[must_use]
    pub fn path_of(&self, segment: u64) -> PathBuf {
        path_of(&self.path, segment)
    }
}

/// What the system said of a file of a log.
#[derive(Debug)]
pub struct FileError {
    /// Which file.
    pub path: PathBuf,
    /// What the system said.
    pub error: io::Error,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path.display(), self.error)
    }
}

impl Error for FileError {}

impl FileError {
    /// The file that an error of this room is about.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

/// The same error, which names the file.
fn at(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), FileError { path: path.to_owned(), error })
}

fn path_of(directory: &Path, segment: u64) -> PathBuf {
    directory.join(format!("{segment:0DIGITS$}{ENDING}"))
}

/// The segment that a file of this name is, by the number of its first line.
#[must_use]
pub fn segment_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(ENDING)?;
    let plain = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

fn segments(directory: &Path) -> io::Result<Vec<u64>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(|error| at(directory, error))? {
        found.extend(entry?.file_name().to_str().and_then(segment_of));
    }
    found.sort_unstable();
    Ok(found)
}

fn open_at(path: &Path, from: u64) -> io::Result<File> {
    let open = || {
        let mut file = open_regular(path)?;
        file.seek(SeekFrom::Start(from))?;
        Ok(file)
    };
    open().map_err(|error| at(path, error))
}

/// Makes a directory, and those that it lies in, and sees to it that all of these are there after
/// a loss of power, also such as were made by somebody who could not see to it any more.
fn make(path: &Path) -> io::Result<()> {
    let new = missing(path);
    own_folder(path).map_err(|error| at(path, error))?;
    outlast(path, new, sync_names)
}

/// How many of a directory, and those that it lies in, are not there.
fn missing(path: &Path) -> usize {
    path.ancestors().take_while(|path| !path.exists()).count()
}

/// Has the names of a directory and of those that it lies in seen to by `sync`; so many of them
/// are new.
fn outlast(
    path: &Path,
    new: usize,
    mut sync: impl FnMut(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let holders = path.ancestors().map_while(folder::holder);
    for (above, holder) in holders.enumerate() {
        match sync(holder) {
            // Of what was there, and lies further up, nobody must be let to read the names.
            Err(error) if above < new.max(1) => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Makes a directory and those that it lies in, for its owner alone: records hold whole contexts.
fn own_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Options for a file that its owner alone may read.
fn own_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn sync_names(folder: &Path) -> io::Result<()> {
    folder::sync(folder).map_err(|error| at(folder, error))
}

impl Source for Directory {
    fn list(&mut self) -> io::Result<Vec<u64>> {
        segments(&self.path)
    }

    fn read(&mut self, segment: u64, from: u64) -> io::Result<Box<dyn Read + '_>> {
        let file = open_at(&path_of(&self.path, segment), from)?;
        Ok(Box::new(io::BufReader::with_capacity(1 << 16, file)))
    }
}

impl Source for Snapshot {
    fn list(&mut self) -> io::Result<Vec<u64>> {
        let found = segments(&self.path)?;
        for segment in &found {
            let path = self.path_of(*segment);
            let length = fs::metadata(&path).map_err(|error| at(&path, error))?.len();
            self.lengths.insert(*segment, length);
        }
        Ok(found)
    }

    fn read(&mut self, segment: u64, from: u64) -> io::Result<Box<dyn Read + '_>> {
        let length = self.lengths.get(&segment).map_or(u64::MAX, |length| *length);
        let file = open_at(&self.path_of(segment), from)?.take(length.saturating_sub(from));
        Ok(Box::new(io::BufReader::with_capacity(1 << 16, file)))
    }
}

impl Store for Directory {
    fn begin(&mut self, segment: u64) -> io::Result<()> {
        let path = path_of(&self.path, segment);
        let file = own_file().append(true).create_new(true).open(&path);
        self.file = Some((file.map_err(|error| at(&path, error))?, path));
        Ok(())
    }

    fn resume(&mut self, segment: u64, bytes: u64) -> io::Result<()> {
        let path = path_of(&self.path, segment);
        let file = OpenOptions::new().append(true).open(&path);
        self.file = Some((file.map_err(|error| at(&path, error))?, path));
        self.write(|file| file.set_len(bytes))
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(|file| file.write_all(bytes))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.write(|file| file.sync_data())
    }

    fn sync_names(&mut self) -> io::Result<()> {
        sync_names(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_called_by_twenty_digits() {
        assert_eq!(segment_of("00000000000000000017.pdrb"), Some(17));
        assert_eq!(segment_of("18446744073709551615.pdrb"), Some(u64::MAX));
        for wrong in [
            "17.pdrb",
            "00000000000000000017",
            "0000000000000000001x.pdrb",
            "+0000000000000000017.pdrb",
            "18446744073709551616.pdrb",
            "000000000000000000017.pdrb",
        ] {
            assert_eq!(segment_of(wrong), None, "{wrong}");
        }
    }

    /// What was there when segments were listed, whatever is written behind it.
    #[test]
    fn a_snapshot_is_of_what_was_there() {
        let folder = std::env::temp_dir().join(format!("policyc-snapshot-{}", std::process::id()));
        // A process of the same number may have been killed here.
        drop(fs::remove_dir_all(&folder));
        let first = folder.join("00000000000000000000.pdrb");
        let second = folder.join("00000000000000000007.pdrb");
        let mut store = Directory::open(&folder).expect("a directory");
        store.begin(0).and_then(|()| store.append(b"first")).expect("it is written");
        store.begin(7).and_then(|()| store.append(b"second")).expect("it is written");
        assert_eq!(store.list().expect("a list"), [0, 7]);
        let mut seen = Snapshot::of(&folder).expect("a directory");
        assert_eq!(seen.list().expect("a list"), [0, 7]);
        store.append(b", and more").expect("it is written");
        store.resume(0, 2).and_then(|()| store.append(b"ve")).expect("it is written");
        let mut read = |segment, from| {
            let mut text = String::new();
            let read = seen.read(segment, from).expect("it is there").read_to_string(&mut text);
            read.map(|_| text).expect("a text")
        };
        assert_eq!([read(0, 0), read(7, 0), read(7, 2)], ["five", "second", "cond"]);
        let lock = folder.join(LOCK);
        assert_eq!(seen.path_of(7), second);
        assert_eq!(seen.files().collect::<Vec<_>>(), [&first, &second, &lock].map(Clone::clone));
        let to_come = folder.join("00000000000000000009.pdrb");
        for own in [&first, &second, &lock, &to_come] {
            assert!(seen.is_name(own), "{}", own.display());
        }
        let above = folder.parent().expect("one above").join("00000000000000000007.pdrb");
        for other in [&folder.join("notes.txt"), &above] {
            assert!(!seen.is_name(other), "{}", other.display());
        }
        let error = store.begin(7).expect_err("it is there");
        assert_eq!(FileError::of(&error).expect("a file").path, second);
        assert!(error.to_string().starts_with(&format!("`{}`: ", second.display())), "{error}");
        assert_eq!(
            Snapshot::of(&first).map(drop).map_err(|error| error.kind()),
            Err(io::ErrorKind::NotADirectory)
        );
        fs::remove_dir_all(&folder).expect("it goes");
    }

    #[test]
    fn what_is_not_there_is_counted_from_below() {
        let there = std::env::temp_dir();
        assert_eq!(missing(&there), 0);
        let none = there.join(format!("policyc-none-{}", std::process::id()));
        assert_eq!((missing(&none), missing(&none.join("a"))), (1, 2));
    }

    /// The name of what was made must outlast, and of what was there before the lowest: whoever
    /// made that may have died.
    #[test]
    fn names_that_do_not_outlast_are_told_up_to_the_first_that_was_there() {
        let path = Path::new("/logs/gateway/three");
        for (new, told) in [(0, 1), (1, 1), (2, 2), (3, 3)] {
            for wrong in 0..3 {
                let mut asked = Vec::new();
                let found = outlast(path, new, |holder| {
                    asked.push(holder.to_owned());
                    if asked.len() == wrong + 1 { Err(io::ErrorKind::Other.into()) } else { Ok(()) }
                });
                assert_eq!(found.is_err(), wrong < told, "{new} new, {wrong} fails");
                let all = if wrong < told { wrong + 1 } else { 3 };
                let above = ["/logs/gateway", "/logs", "/"];
                assert_eq!(asked, above[..all].iter().map(Path::new).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn what_is_not_there_cannot_be_made_to_outlast_anything() {
        let folder = std::env::temp_dir().join(format!("policyc-gone-{}", std::process::id()));
        let mut store = Directory::open(&folder).expect("a directory");
        store.sync_names().expect("it is there");
        assert!(store.sync().is_err(), "no segment was begun");
        fs::remove_dir_all(&folder).expect("it goes");
        assert!(store.sync_names().is_err());
    }
}
