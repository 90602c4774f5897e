//! Bundles in files that others replace.
//!
//! In:      paths; what makes a candidate of the bytes that lie there.
//! Out:     a candidate whenever other bytes lie there, or why there is none.
//! Imports: `runtime::engine`.
//! Source:  `docs/engine.md`, "Files".
//!
//! Time, size and identity of a file tell cheaply that nothing happened. They miss what was written
//! within one tick of the clock of the file system, so what they call the same is read once more
//! the next time, and compared by its digest.

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

/// Why what lies in the files does not become active.
#[derive(Debug)]
pub enum Refused {
    /// A file cannot be read.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
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
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => {
                write!(f, "`{}` cannot be read: {error}", path.display())
            }
            Self::Moving { path } => {
                write!(f, "`{}` was changed while it was read", path.display())
            }
            Self::Nothing => f.write_str("there is no bundle"),
            Self::Bundle(error) => write!(f, "the bundle is refused: {error}"),
        }
    }
}

impl Error for Refused {}

/// What a file system tells of a file without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    /// Device and number, where the system has them.
    identity: (u64, u64),
}

impl Stamp {
    fn of(data: &Metadata) -> Self {
        Self { modified: data.modified().ok(), bytes: data.len(), identity: identity(data) }
    }
}

#[cfg(unix)]
fn identity(data: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (data.dev(), data.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

/// Makes a candidate of the bytes of all files, in their order.
type Loader = dyn FnMut(&[Vec<u8>]) -> Result<Candidate, Box<dyn Error + Send + Sync>> + Send;

/// Files that together are what is loaded: a bundle, and what vouches for it.
pub struct Files {
    /// Each with the most bytes that it may have.
    paths: Vec<(PathBuf, usize)>,
    load: Box<Loader>,
    seen: Option<Seen>,
    /// Why they could not be read the last time, if they could not.
    told: Option<String>,
}

/// Files as they were read last.
struct Seen {
    stamps: Vec<Stamp>,
    /// Whether they were read twice since the stamps are these.
    settled: bool,
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
        mut load: impl FnMut(&[Vec<u8>]) -> Result<Candidate, E> + Send + 'static,
    ) -> Self {
        let load = move |contents: &[Vec<u8>]| load(contents).map_err(Into::into);
        Self { paths, load: Box::new(load), seen: None, told: None }
    }

    /// A bundle whose signatures nobody asks for: `Candidate::unsigned`.
    pub fn unsigned(bundle: impl Into<PathBuf>) -> Self {
        Self::new(vec![(bundle.into(), BUNDLE_BYTES_MAX)], |contents| {
            Candidate::unsigned(contents.first().map_or(&[], Vec::as_slice))
        })
    }

    fn look(&mut self) -> Result<Option<Candidate>, Refused> {
        let stamps = self.paths.iter().map(|(path, _)| stamp(path));
        let stamps = stamps.collect::<Result<Vec<_>, _>>()?;
        let same = self.seen.as_ref().filter(|seen| seen.stamps == stamps);
        let twice = same.is_some();
        if same.is_some_and(|seen| seen.settled) {
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
        self.seen = Some(Seen { stamps, settled: twice, digest });
        if known {
            return Ok(None);
        }
        (self.load)(&contents).map(Some).map_err(Refused::Bundle)
    }
}

impl Source for Files {
    fn poll(&mut self) -> Result<Option<Candidate>, Refused> {
        let found = self.look();
        let told = self.told.take();
        let Err(refused) = found else { return found };
        match refused {
            Refused::Bundle(_) | Refused::Nothing => Err(refused),
            // Nobody wants to hear every second that a file is not there.
            Refused::Unreadable { .. } | Refused::Moving { .. } => {
                self.told = Some(refused.to_string());
                if self.told == told { Ok(None) } else { Err(refused) }
            }
        }
    }
}

fn stamp(path: &Path) -> Result<Stamp, Refused> {
    let data = fs::metadata(path);
    data.map(|data| Stamp::of(&data))
        .map_err(|error| Refused::Unreadable { path: path.to_owned(), error })
}

/// All bytes of a file that is, before and afterwards, the one that `wanted` describes.
fn read(path: &Path, most: usize, wanted: &Stamp) -> Result<Vec<u8>, Refused> {
    let unreadable = |error| Refused::Unreadable { path: path.to_owned(), error };
    let moving = || Refused::Moving { path: path.to_owned() };
    let mut file = File::open(path).map_err(unreadable)?;
    if Stamp::of(&file.metadata().map_err(unreadable)?) != *wanted {
        return Err(moving());
    }
    let mut bytes = Vec::new();
    (&mut file).take(most as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > most {
        return Err(unreadable(io::ErrorKind::FileTooLarge.into()));
    }
    let behind = Stamp::of(&file.metadata().map_err(unreadable)?);
    let is_same = behind == *wanted && stamp(path)? == *wanted;
    if is_same && bytes.len() as u64 == wanted.bytes { Ok(bytes) } else { Err(moving()) }
}

#[cfg(test)]
mod tests {
    use super::{Refused, read, stamp};
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
        let seen = stamp(&path).expect("it is there");
        assert_eq!(read(&path, 3, &seen).expect("it is at rest"), b"one");
        // As large, and with its time: another file all the same.
        let other = write("other", b"two");
        let time = fs::metadata(&path).expect("data").modified().expect("a time");
        let file = fs::File::options().write(true).open(&other).expect("a file");
        file.set_modified(time).expect("a time");
        #[cfg(unix)]
        {
            fs::rename(&other, &path).expect("a name");
            assert!(matches!(read(&path, 3, &seen), Err(Refused::Moving { .. })));
        }
        write("bundle", b"longer");
        assert!(matches!(read(&path, 9, &seen), Err(Refused::Moving { .. })));
        let seen = stamp(&path).expect("it is there");
        assert!(matches!(read(&path, 5, &seen), Err(Refused::Unreadable { .. })));
        fs::remove_dir_all(&folder).expect("the folder goes away");
    }
}
