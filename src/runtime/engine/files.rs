//! Bundles in files that others replace.
//!
//! In:      paths; what makes a candidate of the bytes that lie there.
//! Out:     a candidate whenever other bytes lie there, or why there is none.
//! Imports: `base`.
//! Source:  `docs/engine.md`, "Files".
//!
//! Times, size and identity of a file tell cheaply that nothing happened. They miss what was
//! written within one tick of the clock of the file system, so what they call the same is read once
//! more the next time, and compared by its digest. Some file systems tell less than others: every
//! `QUIET_LOOKS` looks the files are read whatever they say.

use std::error::Error;
use std::fmt;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use crate::base::limits::BUNDLE_BYTES_MAX;
use crate::runtime::engine::Candidate;
use crate::runtime::engine::watch::Source;

/// Most looks in a row that believe what a file system tells, and read nothing: about a minute,
/// where somebody looks every second.
const QUIET_LOOKS: u32 = 60;

/// Why what lies in the files does not become active.
#[derive(Debug)]
pub enum ReloadError {
    /// A file cannot be read.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A folder, a pipe or a device lies where a file should. It is not opened: that could wait for
    /// ever.
    NoFile {
        /// Where.
        path: PathBuf,
    },
    /// A file is larger than it may be. It is not read.
    TooLarge {
        /// Which.
        path: PathBuf,
        /// How many bytes it has.
        bytes: u64,
        /// Most that it may have.
        most: u64,
    },
    /// A file was replaced or written while it was read. It is looked at again.
    Moving {
        /// Which.
        path: PathBuf,
    },
    /// There is no bundle at all.
    Nothing,
    /// The bytes are whole, and are no bundle that may decide: what the loader said.
    Bundle(Box<dyn Error + Send + Sync>),
    /// The bytes are whole, and what kept them from being loaded lies elsewhere and may pass. They
    /// are tried again.
    NotYet(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for ReloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => {
                write!(f, "`{}` cannot be read: {error}", path.display())
            }
            Self::NoFile { path } => {
                write!(f, "`{}` cannot be read: it is no regular file", path.display())
            }
            Self::TooLarge { path, bytes, most } => {
                let path = path.display();
                write!(f, "`{path}` cannot be read: it has {bytes} bytes of at most {most}")
            }
            Self::Moving { path } => {
                write!(f, "`{}` was changed while it was read", path.display())
            }
            Self::Nothing => f.write_str("there is no bundle"),
            Self::Bundle(error) => write!(f, "the bundle is refused: {error}"),
            Self::NotYet(error) => write!(f, "the bundle is not loaded yet: {error}"),
        }
    }
}

impl Error for ReloadError {}

/// What a file system tells of a file without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    /// What the system tells besides, where it does.
    more: ExtendedStamp,
}

impl Stamp {
    fn of(data: &Metadata) -> Self {
        Self { modified: data.modified().ok(), bytes: data.len(), more: ExtendedStamp::of(data) }
    }
}

/// What only some systems tell of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct ExtendedStamp {
    /// Device and number.
    identity: (u64, u64),
    /// When it was changed, in seconds and nanoseconds. Whoever writes can set the time above, as
    /// `tar` and `rsync -t` do, but not this one.
    changed: (i64, i64),
}

impl ExtendedStamp {
    #[cfg(unix)]
    fn of(data: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let (identity, changed) = ((data.dev(), data.ino()), (data.ctime(), data.ctime_nsec()));
        Self { identity, changed }
    }

    #[cfg(not(unix))]
    fn of(_: &Metadata) -> Self {
        Self::default()
    }
}

/// Makes a candidate of the bytes of all files, in their order.
type Loader = dyn FnMut(&[Vec<u8>]) -> Result<Candidate, ReloadError> + Send;

/// Files that together are what is loaded: a bundle, and what vouches for it.
pub struct Files {
    /// Each with the most bytes that it may have.
    paths: Vec<(PathBuf, usize)>,
    load: Box<Loader>,
    seen: Option<LastRead>,
    /// Why they could not be read the last time, if they could not.
    told: Option<String>,
}

/// Files as they were read last.
struct LastRead {
    stamps: Vec<Stamp>,
    /// Whether they were read twice since the stamps are these.
    settled: bool,
    /// Looks since then that read nothing.
    quiet: u32,
    digest: [u8; 32],
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").field("paths", &self.paths).finish_non_exhaustive()
    }
}

impl Files {
    /// Files, each with the most bytes that it may have, and what makes a candidate of them. It is
    /// called once for each content that is new, not again for one that it refused.
    pub fn new<E: Error + Send + Sync + 'static>(
        paths: Vec<(PathBuf, usize)>,
        load: impl FnMut(&[Vec<u8>]) -> Result<Candidate, E> + Send + 'static,
    ) -> Self {
        Self::trying_again(paths, load, |_| false)
    }

    /// The same, and what is not the fault of the bytes, as `passes` says of an error, may pass:
    /// they are loaded anew at each look, until they are taken or refused.
    pub fn trying_again<E: Error + Send + Sync + 'static>(
        paths: Vec<(PathBuf, usize)>,
        mut load: impl FnMut(&[Vec<u8>]) -> Result<Candidate, E> + Send + 'static,
        passes: impl Fn(&E) -> bool + Send + 'static,
    ) -> Self {
        let load = move |contents: &[Vec<u8>]| {
            load(contents).map_err(|error| {
                let refused =
                    if passes(&error) { ReloadError::NotYet } else { ReloadError::Bundle };
                refused(error.into())
            })
        };
        Self { paths, load: Box::new(load), seen: None, told: None }
    }

    /// A bundle whose signatures nobody asks for: `Candidate::unsigned`.
    pub fn unsigned(bundle: impl Into<PathBuf>) -> Self {
        Self::new(vec![(bundle.into(), BUNDLE_BYTES_MAX)], |contents| {
            Candidate::unsigned(contents.first().map_or(&[], Vec::as_slice))
        })
    }

    fn look(&mut self) -> Result<Option<Candidate>, ReloadError> {
        let stamps = self.paths.iter().map(|(path, most)| stamp(path, *most));
        let stamps = stamps.collect::<Result<Vec<_>, _>>()?;
        let same = self.seen.as_mut().filter(|seen| seen.stamps == stamps);
        let twice = same.is_some();
        if let Some(seen) = same.filter(|seen| seen.settled && seen.quiet < QUIET_LOOKS) {
            seen.quiet += 1;
            return Ok(None);
        }
        let (mut contents, mut hash) = (Vec::with_capacity(stamps.len()), Sha256::new());
        for ((path, most), stamp) in self.paths.iter().zip(&stamps) {
            let bytes = read(path, *most, stamp)?;
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(&bytes);
            contents.push(bytes);
        }
        let digest = hash.finalize().into();
        let known = self.seen.as_ref().is_some_and(|seen| seen.digest == digest);
        self.seen = Some(LastRead { stamps, settled: twice, quiet: 0, digest });
        if known {
            return Ok(None);
        }
        let loaded = (self.load)(&contents);
        if matches!(loaded, Err(ReloadError::NotYet(_))) {
            self.seen = None;
        }
        loaded.map(Some)
    }
}

impl Source for Files {
    fn poll(&mut self) -> Result<Option<Candidate>, ReloadError> {
        let found = self.look();
        let told = self.told.take();
        let Err(refused) = found else { return found };
        match refused {
            ReloadError::Bundle(_) | ReloadError::Nothing => Err(refused),
            // Nobody wants to hear every second that a file is not there.
            ReloadError::NotYet(_)
            | ReloadError::Unreadable { .. }
            | ReloadError::NoFile { .. }
            | ReloadError::TooLarge { .. }
            | ReloadError::Moving { .. } => {
                self.told = Some(refused.to_string());
                if self.told == told { Ok(None) } else { Err(refused) }
            }
        }
    }

    fn forget(&mut self) {
        (self.seen, self.told) = (None, None);
    }
}

/// What the file system tells of a file that may be read.
fn stamp(path: &Path, most: usize) -> Result<Stamp, ReloadError> {
    let data = fs::metadata(path);
    let data = data.map_err(|error| ReloadError::Unreadable { path: path.to_owned(), error })?;
    if !data.is_file() {
        return Err(ReloadError::NoFile { path: path.to_owned() });
    }
    let (bytes, most) = (data.len(), most as u64);
    if bytes > most {
        return Err(ReloadError::TooLarge { path: path.to_owned(), bytes, most });
    }
    Ok(Stamp::of(&data))
}

/// All bytes of a file that is, before and afterwards, the one that `wanted` describes.
fn read(path: &Path, most: usize, wanted: &Stamp) -> Result<Vec<u8>, ReloadError> {
    let unreadable = |error| ReloadError::Unreadable { path: path.to_owned(), error };
    let moving = || ReloadError::Moving { path: path.to_owned() };
    let mut file = File::open(path).map_err(unreadable)?;
    if Stamp::of(&file.metadata().map_err(unreadable)?) != *wanted {
        return Err(moving());
    }
    let mut bytes = Vec::new();
    (&mut file).take(wanted.bytes + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let behind = Stamp::of(&file.metadata().map_err(unreadable)?);
    let is_same = behind == *wanted && stamp(path, most)? == *wanted;
    if is_same && bytes.len() as u64 == wanted.bytes { Ok(bytes) } else { Err(moving()) }
}

#[cfg(test)]
mod tests {
    use super::{Files, QUIET_LOOKS, ReloadError, read, stamp};
    use std::fs;

    #[test]
    fn a_file_that_is_replaced_while_it_is_read_is_not_taken() {
        let folder = std::env::temp_dir().join(format!("policyc-moving-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("bundle");
        let write = |name: &str, bytes: &[u8]| {
            fs::write(folder.join(name), bytes).expect("a file");
            folder.join(name)
        };
        write("bundle", b"one");
        let seen = stamp(&path, 9).expect("it is there");
        assert_eq!(read(&path, 3, &seen).expect("it is at rest"), b"one");
        // As large, and with its time: another file all the same.
        let other = write("other", b"two");
        let time = fs::metadata(&path).expect("data").modified().expect("a time");
        let file = fs::File::options().write(true).open(&other).expect("a file");
        file.set_modified(time).expect("a time");
        #[cfg(unix)]
        {
            fs::rename(&other, &path).expect("a name");
            assert!(matches!(read(&path, 3, &seen), Err(ReloadError::Moving { .. })));
        }
        write("bundle", b"longer");
        assert!(matches!(read(&path, 9, &seen), Err(ReloadError::Moving { .. })));
        let seen = stamp(&path, 9).expect("it is there");
        assert_eq!(read(&path, 9, &seen).expect("it is at rest"), b"longer");
        let Err(ReloadError::TooLarge { bytes: 6, most: 5, .. }) = stamp(&path, 5) else {
            panic!("it is larger than it may be")
        };
        let Err(ReloadError::NoFile { .. }) = stamp(&folder, 9) else { panic!("it is a folder") };
        fs::remove_dir_all(&folder).expect("the folder goes away");
    }

    #[test]
    fn what_a_file_system_does_not_tell_is_found_after_a_while() {
        let folder = std::env::temp_dir().join(format!("policyc-quiet-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("bundle");
        fs::write(&path, b"no bundle").expect("a file");
        let mut files = Files::unsigned(&path);
        assert!(matches!(files.look(), Err(ReloadError::Bundle(_))));
        assert!(matches!(files.look(), Ok(None)), "it is read once more");
        // As if other bytes had been there then, with the same stamp.
        files.seen.as_mut().expect("it was read").digest = [0; 32];
        for _ in 0..QUIET_LOOKS {
            assert!(matches!(files.look(), Ok(None)));
        }
        assert!(matches!(files.look(), Err(ReloadError::Bundle(_))));
        fs::remove_dir_all(&folder).expect("the folder goes away");
    }
}
