//! Where the segments of an audit log lie.
//!
//! In:      bytes, in order; names of segments.
//! Out:     bytes that outlast a loss of power once that was asked for.
//! Imports: none.
//! Source:  `docs/audit.md`, "Segments".

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// What a log of several segments is written to. A segment is called by the number of its first
/// line. One at a time is written to, from its end on.
pub trait Store: Send {
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

    /// Makes a segment, which is empty, and writes to it from here on. That it is there outlasts a
    /// loss of power when this returns.
    ///
    /// # Errors
    /// If it is there already, or that is not known.
    fn begin(&mut self, segment: u64) -> io::Result<()>;

    /// Cuts a segment to as many bytes, and writes to it from here on. That it was cut outlasts a
    /// loss of power when this returns.
    ///
    /// # Errors
    /// If that is not known.
    fn resume(&mut self, segment: u64, bytes: u64) -> io::Result<()>;

    /// Appends bytes.
    ///
    /// # Errors
    /// If not all of them were taken.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Sees to it that what was appended outlasts a loss of power.
    ///
    /// # Errors
    /// If that is not known. Then nobody can say what is left, and it is not tried again.
    fn sync(&mut self) -> io::Result<()>;
}

/// What names of segments end with.
const ENDING: &str = ".pdrb";
/// Digits of a number in a name: as many as the largest has.
const DIGITS: usize = 20;
/// The file that a writer locks.
const LOCK: &str = "lock";

/// A directory of segments.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    /// The segment that is written to.
    file: Option<File>,
    /// Held for as long as somebody may write; `None`: somebody else may.
    lock: Option<File>,
    /// Bytes of the segments, when they were listed: what comes behind is not read.
    lengths: BTreeMap<u64, u64>,
}

impl Directory {
    /// To write to: it is made if there is none, and nobody else may write to it until this goes.
    ///
    /// # Errors
    /// If the system refuses; `WouldBlock` if somebody writes to it.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        fs::create_dir_all(&path)?;
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync_names(parent)?;
        }
        let lock =
            OpenOptions::new().write(true).create(true).truncate(false).open(path.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, file: None, lock: Some(lock), lengths: BTreeMap::new() }),
            Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// To read from, also while somebody writes to it: what was there when segments were listed.
    ///
    /// # Errors
    /// If there is no such directory.
    pub fn look_at(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        if !fs::metadata(&path)?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { path, file: None, lock: None, lengths: BTreeMap::new() })
    }

    /// Where a segment lies.
    #[must_use]
    pub fn path_of(&self, segment: u64) -> PathBuf {
        self.path.join(format!("{segment:0DIGITS$}{ENDING}"))
    }

    fn file(&mut self) -> io::Result<&mut File> {
        self.file.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

/// The segment that a file of this name is, by the number of its first line.
#[must_use]
pub fn segment_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(ENDING)?;
    let plain = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

/// Sees to it that the names of a directory outlast a loss of power.
#[cfg(unix)]
fn sync_names(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Elsewhere names cannot be asked for on their own.
#[cfg(not(unix))]
fn sync_names(_: &Path) -> io::Result<()> {
    Ok(())
}

impl Store for Directory {
    fn list(&mut self) -> io::Result<Vec<u64>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            found.extend(entry?.file_name().to_str().and_then(segment_of));
        }
        found.sort_unstable();
        if self.lock.is_none() {
            for segment in &found {
                let length = fs::metadata(self.path_of(*segment))?.len();
                self.lengths.insert(*segment, length);
            }
        }
        Ok(found)
    }

    fn read(&mut self, segment: u64, from: u64) -> io::Result<Box<dyn Read + '_>> {
        let mut file = File::open(self.path_of(segment))?;
        file.seek(SeekFrom::Start(from))?;
        let length = self.lengths.get(&segment).map_or(u64::MAX, |length| *length);
        let file = file.take(length.saturating_sub(from));
        Ok(Box::new(io::BufReader::with_capacity(1 << 16, file)))
    }

    fn begin(&mut self, segment: u64) -> io::Result<()> {
        let file = OpenOptions::new().append(true).create_new(true).open(self.path_of(segment))?;
        sync_names(&self.path)?;
        self.file = Some(file);
        Ok(())
    }

    fn resume(&mut self, segment: u64, bytes: u64) -> io::Result<()> {
        let file = OpenOptions::new().append(true).open(self.path_of(segment))?;
        file.set_len(bytes)?;
        file.sync_all()?;
        self.file = Some(file);
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file()?.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file()?.sync_data()
    }
}
