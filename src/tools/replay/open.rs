//! Where records lie, and how they are opened.
//!
//! In:      paths as people write them: files, directories, patterns, `-`.
//! Out:     `Source`s in order of name, each opened as plain bytes whatever packs it.
//!
//! What a file holds is told from its first bytes, never from its name: gzip, zstd and `.pdrb` are
//! unpacked on the way, and packs give their lines back. Files that are packed may be several, one
//! behind the other; packs may not.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, Stdin};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use globset::GlobBuilder;
use ignore::WalkBuilder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::runtime::audit::frame::HEADER;
use crate::runtime::audit::store::segment_of;
use crate::tools::inputs;
use crate::tools::paths::{normalize, slashed};
use crate::tools::replay::pack::{self, PARQUET, PackError};
use crate::tools::replay::pdrb::read::{Choosing, Skip, Unpacker};

/// Files of a directory whose names end so hold records.
const ENDINGS: &[&str] = &[".jsonl", ".ndjson", ".pdrb", ".pdr.parquet"];
/// What may stand behind them.
const PACKED: &[&str] = &["", ".gz", ".zst"];
/// Begins a file that gzip packed.
const GZIP: &[u8] = &[0x1f, 0x8b];
/// Begins a frame of zstd.
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// Most bytes that a frame of zstd may ask to look back.
const WINDOW_BYTES_MAX: u64 = 128 << 20;

/// Somewhere that records lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// As people name it; standard input is `-`.
    pub name: String,
    /// `None`: standard input.
    path: Option<PathBuf>,
    /// Bytes on the disk; nothing is known of standard input.
    pub bytes: u64,
}

/// Why a path gives no sources.
#[derive(Debug)]
pub enum Unopened {
    /// It cannot be read.
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A directory or a pattern that holds no records.
    Empty {
        /// As it was written.
        name: String,
    },
}

/// The sources that `paths` name: of a directory all files below it whose names end as records' do.
///
/// # Errors
/// If a path is not there, or holds no records.
pub fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, Unopened> {
    let mut found = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            found.push(Source { name: "-".to_owned(), path: None, bytes: 0 });
            continue;
        }
        let before = found.len();
        match fs::metadata(path) {
            Ok(data) if data.is_dir() => below(path, holds_records, &mut found),
            Ok(data) => found.push(Source::of(path, data.len())),
            Err(error) => {
                let Some((root, matches)) = pattern(path) else {
                    return Err(Unopened::Unreadable { path: path.clone(), error });
                };
                below(&root, |path| matches.is_match(path), &mut found);
            }
        }
        if found.len() == before {
            return Err(Unopened::Empty { name: slashed(&normalize(path)) });
        }
    }
    Ok(found)
}

/// The directory below which the files of a pattern lie, and the pattern; `None` if it is none.
fn pattern(path: &Path) -> Option<(PathBuf, globset::GlobMatcher)> {
    let text = path.to_str()?;
    let special = |part: &Path| part.to_string_lossy().contains(['*', '?', '[', '{']);
    if !special(path) {
        return None;
    }
    let root = path.ancestors().find(|part| !special(part))?;
    let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
    let text = if root == Path::new(".") { format!("./{text}") } else { text.to_owned() };
    let glob = GlobBuilder::new(&text).literal_separator(true).build().ok()?;
    Some((root.to_owned(), glob.compile_matcher()))
}

/// Adds the files below `root` that are `wanted`, in order of their paths.
fn below(root: &Path, wanted: impl Fn(&Path) -> bool, found: &mut Vec<Source>) {
    let walk = WalkBuilder::new(root).standard_filters(false).sort_by_file_path(Path::cmp).build();
    for entry in walk.flatten() {
        let Ok(data) = entry.metadata() else { continue };
        if data.is_file() && wanted(entry.path()) {
            found.push(Source::of(entry.path(), data.len()));
        }
    }
}

/// Whether a file that begins so is packed, and holds no lines as they are.
#[must_use]
pub fn begins_packed(start: &[u8]) -> bool {
    let packed = HEADER.get(..ZSTD.len()).unwrap_or_default();
    start.starts_with(GZIP) || [ZSTD, PARQUET, packed].iter().any(|head| start.starts_with(head))
}

fn holds_records(path: &Path) -> bool {
    let name = path.to_string_lossy();
    PACKED.iter().any(|packed| {
        let plain = name.strip_suffix(packed);
        plain.is_some_and(|plain| ENDINGS.iter().any(|ending| plain.ends_with(ending)))
    })
}

impl Source {
    fn of(path: &Path, bytes: u64) -> Self {
        Self { name: slashed(&normalize(path)), path: Some(path.to_owned()), bytes }
    }

    /// Whether it is called as the segments of audit logs are. A crash may have left one without a
    /// whole beginning.
    fn is_segment(&self) -> bool {
        let name = self.path.as_deref().and_then(Path::file_name).and_then(OsStr::to_str);
        name.and_then(segment_of).is_some()
    }

    /// The file, if it is Parquet and this build reads packs.
    #[must_use]
    pub fn pack(&self) -> Option<File> {
        let path = self.path.as_ref().filter(|_| pack::IN_THIS_BUILD)?;
        inputs::note(path);
        let mut file = File::open(path).ok()?;
        let mut start = [0; PARQUET.len()];
        file.read_exact(&mut start).ok()?;
        (start == PARQUET).then_some(file)
    }

    /// Opens it. `read` counts the bytes that were taken from the disk; of packed files what is
    /// not asked for is passed over.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn open(
        &self,
        read: &Arc<AtomicU64>,
        choosing: &Choosing,
    ) -> io::Result<Box<dyn Read + Send>> {
        let mut left = u64::MAX;
        let segment = self.is_segment();
        let bytes = match &self.path {
            Some(path) => {
                inputs::note(path);
                let file = File::open(path)?;
                if segment {
                    // What is written from here on is not waited for.
                    left = file.metadata()?.len();
                }
                Bytes::File(file)
            }
            None => Bytes::Input(io::stdin()),
        };
        let mut bytes = CountingReader { bytes, left, read: Arc::clone(read) };
        let mut start = Vec::new();
        (&mut bytes).take(ZSTD.len() as u64).read_to_end(&mut start)?;
        if start == PARQUET {
            let path = self.path.as_ref().ok_or(PackError::Piped)?;
            return pack::lines(File::open(path)?, read);
        }
        let (gzip, zstd) = (start.starts_with(GZIP), start.starts_with(ZSTD));
        let packed = segment || start == HEADER.get(..ZSTD.len()).unwrap_or_default();
        let whole = PeekedReader { start: Cursor::new(start), bytes };
        Ok(if packed {
            Box::new(Unpacker::of(whole, choosing.clone(), segment))
        } else if gzip {
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, whole)))
        } else if zstd {
            Box::new(Frames::of(BufReader::with_capacity(1 << 16, whole)))
        } else {
            Box::new(whole)
        })
    }
}

/// Where bytes come from.
enum Bytes {
    File(File),
    Input(Stdin),
}

impl Read for Bytes {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(to),
            Self::Input(input) => input.read(to),
        }
    }
}

/// Bytes that are counted as they are read.
struct CountingReader {
    bytes: Bytes,
    /// Most bytes that are read.
    left: u64,
    read: Arc<AtomicU64>,
}

/// The first bytes, which were looked at, and all others.
struct PeekedReader {
    start: Cursor<Vec<u8>>,
    bytes: CountingReader,
}

impl Read for PeekedReader {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        match self.start.read(to)? {
            0 => self.bytes.read(to),
            count => Ok(count),
        }
    }
}

impl Skip for PeekedReader {
    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        let start = io::copy(&mut (&mut self.start).take(bytes), &mut io::sink())?;
        let rest = bytes - start;
        if let Bytes::File(file) = &mut self.bytes.bytes
            && let Ok(step) = i64::try_from(rest)
            && file.seek_relative(step).is_ok()
        {
            self.bytes.read.fetch_add(rest, Ordering::Relaxed);
            return Ok(());
        }
        // What is no file on a disk is read.
        io::copy(&mut (&mut self.bytes).take(rest), &mut io::sink()).map(drop)
    }
}

impl Read for CountingReader {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(to.len());
        let count = self.bytes.read(to.get_mut(..room).unwrap_or_default())?;
        self.left -= count as u64;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Frames of zstd, one behind the other.
pub(super) struct Frames<R> {
    bytes: R,
    decoder: FrameDecoder,
    /// Whether the decoder is in a frame.
    inside: bool,
}

impl<R: BufRead> Frames<R> {
    pub(super) fn of(bytes: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW_BYTES_MAX);
        Self { bytes, decoder, inside: false }
    }

    /// Goes into the next frame, over what is to be skipped; `false` behind the last.
    fn next(&mut self) -> io::Result<bool> {
        while !self.bytes.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.bytes) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    let skipped = io::copy(&mut (&mut self.bytes).take(length), &mut io::sink())?;
                    if skipped < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(self.broken(error)),
            }
        }
        Ok(false)
    }

    /// An error of the decoder; at the end of the file it is that the file ends.
    fn broken(&mut self, error: FrameDecoderError) -> io::Error {
        match self.bytes.fill_buf() {
            Ok([]) => io::ErrorKind::UnexpectedEof.into(),
            Ok(_) => io::Error::other(error),
            Err(error) => error,
        }
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.inside {
                if !self.next()? {
                    return Ok(0);
                }
                self.inside = true;
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let step = BlockDecodingStrategy::UptoBlocks(1);
                if let Err(error) = self.decoder.decode_blocks(&mut self.bytes, step) {
                    return Err(self.broken(error));
                }
            }
            let count = self.decoder.read(to)?;
            if count > 0 || to.is_empty() {
                return Ok(count);
            }
            let told = self.decoder.get_checksum_from_data();
            if told.is_some_and(|told| self.decoder.get_calculated_checksum() != Some(told)) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a checksum differs"));
            }
            self.inside = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read, Write};

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::Frames;

    fn frames(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Frames::of(Cursor::new(bytes)).read_to_end(&mut out).map(|_| out)
    }

    #[test]
    fn frames_follow_each_other() {
        let frame = |text: &str| compress_to_vec(text.as_bytes(), CompressionLevel::Fastest);
        let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
        let all = [frame("one\n"), skipped, frame("two\n")].concat();
        assert_eq!(frames(&all).unwrap(), b"one\ntwo\n");
        assert_eq!(frames(b"").unwrap(), b"");
        for len in 1..all.len() {
            let whole = [frame("one\n").len(), frame("one\n").len() + 11].contains(&len);
            assert_eq!(frames(&all[..len]).is_ok(), whole, "cut at {len}");
        }
    }

    #[test]
    fn files_of_gzip_follow_each_other() {
        let file = |text: &str| {
            let mut file = GzEncoder::new(Vec::new(), Compression::fast());
            file.write_all(text.as_bytes()).unwrap();
            file.finish().unwrap()
        };
        let all = [file("one\n"), file("two\n")].concat();
        let mut out = String::new();
        super::MultiGzDecoder::new(Cursor::new(&all)).read_to_string(&mut out).unwrap();
        assert_eq!(out, "one\ntwo\n");
    }
}
