//! Appending records to a file: whole lines, and never behind half of one.

use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::cli::clock::now;
use crate::cli::secrets::OpenVault;
use crate::cli::write::{spare_what_was_read, unwritable};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::lang::value::time::Instant;
use crate::runtime::program::Program;
use crate::runtime::record::about::{About, Loaded, ulid};
use crate::runtime::record::seal::Keeper;
use crate::runtime::record::write::{Recorder, Recording};
use crate::tools::paths::{normalize, slashed};
use crate::tools::replay::open::begins_packed;
use crate::tools::session::Journal;

/// Endings of names of packed files.
const PACKED: [&str; 4] = [".gz", ".zst", ".pdrb", ".parquet"];
/// Bytes that tell whether a file is packed.
const BEGIN_BYTES: u64 = 4;
/// Lines are handed to the file in pieces of about this many bytes.
const PIECE_BYTES: usize = 1 << 20;

/// A file that records are appended to.
#[derive(Debug)]
pub struct RecordFile {
    path: PathBuf,
    file: File,
    /// What decides and writes lines.
    pub recorder: Recorder,
    /// What seals, where the bundle asks for it.
    pub vault: Option<OpenVault>,
    /// Whole lines that are not written yet.
    lines: Vec<u8>,
    /// Whether lines were written.
    written: bool,
}

impl RecordFile {
    /// Opens the file at `path`, which is made if there is none, for decisions of `program`.
    ///
    /// # Errors
    /// `P0906` if it cannot be written, or its last line was cut.
    pub fn open(
        path: &Path,
        program: &Program,
        vault: Option<OpenVault>,
    ) -> Result<Self, Box<Diagnostic>> {
        spare_what_was_read(path)?;
        if let Some(ending) =
            PACKED.iter().find(|ending| path.to_string_lossy().ends_with(**ending))
        {
            return Err(not_lines(path, &format!("it is called as packed files are, `{ending}`")));
        }
        let refused = |error: io::Error| Box::new(unwritable(path, &error));
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path);
        let begin = file.as_mut().map_err(|error| io::Error::from(error.kind()));
        if begin.and_then(is_packed).map_err(refused)? {
            return Err(not_lines(path, "it is packed"));
        }
        let whole = file.as_mut().map_err(|error| io::Error::from(error.kind()));
        if !whole.and_then(ends_a_line).map_err(refused)? {
            let shown = slashed(&normalize(path));
            let found = format!("nothing is appended to `{shown}`: its last line was cut");
            return Err(Box::new(
                Diagnostic::without_place(Code::Unwritable, found)
                    .help("take that line away, or end it"),
            ));
        }
        let file = file.map_err(refused)?;
        let recorder = Recorder::for_program(program, &Loaded::default());
        Ok(Self { path: path.to_owned(), file, recorder, vault, lines: Vec::new(), written: false })
    }

    /// Appends the bytes of a line.
    ///
    /// # Errors
    /// `P0906` if the file system refuses.
    pub fn append(&mut self, line: &[u8]) -> Result<(), Box<Diagnostic>> {
        self.lines.extend_from_slice(line);
        self.lines.push(b'\n');
        if self.lines.len() < PIECE_BYTES { Ok(()) } else { self.write() }
    }

    /// Hands all lines to the file, so that what they say may be shown.
    ///
    /// # Errors
    /// `P0906` if the file system refuses.
    pub fn flush(&mut self) -> Result<(), Box<Diagnostic>> {
        if self.lines.is_empty() { Ok(()) } else { self.write() }
    }

    /// Sees to it that all of it is on the disk.
    ///
    /// # Errors
    /// `P0906` if the file system refuses.
    pub fn finish(mut self) -> Result<(), Box<Diagnostic>> {
        self.flush()?;
        self.file.sync_all().map_err(|error| Box::new(unwritable(&self.path, &error)))
    }

    fn write(&mut self) -> Result<(), Box<Diagnostic>> {
        // What is decided about is read after the file was opened.
        if !self.written {
            spare_what_was_read(&self.path)?;
        }
        self.written = true;
        // What is sealed can be disclosed before anybody reads that it is sealed.
        if let Some(vault) = &mut self.vault {
            vault.write()?;
        }
        let written = self.file.write_all(&self.lines);
        self.lines.clear();
        written.map_err(|error| Box::new(unwritable(&self.path, &error)))
    }
}

impl Journal for RecordFile {
    fn about(&mut self) -> (String, Instant) {
        new_id()
    }

    fn keeper(&mut self) -> Option<&mut dyn Keeper> {
        self.vault.as_mut().map(|vault| &mut vault.writer as &mut dyn Keeper)
    }

    fn take(&mut self, line: &[u8]) -> Result<(), Box<Diagnostic>> {
        // What is told of an event is recorded.
        self.append(line)?;
        self.flush()
    }
}

/// An id that nothing else has, and the time at hand.
#[must_use]
pub fn new_id() -> (String, Instant) {
    let (seconds, nanoseconds) = now();
    let milliseconds = seconds.unsigned_abs() * 1_000 + u64::from(nanoseconds / 1_000_000);
    (ulid(milliseconds, random()), Instant { seconds, nanoseconds })
}

/// The line of a decision, with a time and an id of its own. `keeper` is given what is sealed.
pub fn line<'r>(
    recording: &'r mut Recording<'_, '_>,
    keeper: Option<&mut (dyn Keeper + '_)>,
) -> &'r [u8] {
    let (id, at) = new_id();
    recording.line_kept(&About::new(&id, at), keeper)
}

/// Refuses a file that no line can be appended to.
fn not_lines(path: &Path, why: &str) -> Box<Diagnostic> {
    let found = format!("nothing is appended to `{}`: {why}", slashed(&normalize(path)));
    let help = "record to a file that ends in .jsonl; `policyc replay convert` packs it";
    Box::new(Diagnostic::without_place(Code::Unwritable, found).help(help))
}

/// Whether a file begins as packed ones do.
fn is_packed(file: &mut File) -> io::Result<bool> {
    let mut start = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(BEGIN_BYTES).read_to_end(&mut start)?;
    Ok(begins_packed(&start))
}

/// Whether a file is empty or ends with a line break.
fn ends_a_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Bytes that no other record has: the keys of a hasher differ each time, and are no secret.
fn random() -> [u8; 10] {
    let mut bytes = [0; 10];
    for part in bytes.chunks_mut(8) {
        let word = RandomState::new().build_hasher().finish().to_le_bytes();
        for (byte, random) in part.iter_mut().zip(word) {
            *byte = random;
        }
    }
    bytes
}
