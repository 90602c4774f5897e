//! Packed files, unpacked as they are read.
//!
//! In:      bytes of a file behind its first ones, what is asked for.
//! Out:     lines. Those of blocks that hold nothing that is asked for come as empty lines, so that
//!          the numbers of lines stay.
//! Imports: `base`, `runtime::audit`.
//!
//! A segment of an audit log has no index, and may lack its end: it is being written, or its writer
//! died. What a crash left behind its last whole frame is told from what somebody changed.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::limits::{AUDIT_TORN_BYTES_MAX, PACKED_BYTES_MAX, RECORD_BYTES_MAX};
use crate::runtime::audit::frame::{HEAD_BYTES, HEADER, Kind, head, sum};
use crate::runtime::audit::start::Start;
use crate::runtime::audit::torn::judge;
use crate::runtime::audit::walk::plain;
use crate::tools::replay::open::Frames;
use crate::tools::replay::pdrb::index::{Facts, IndexQuery};

const _: () = assert!(PACKED_BYTES_MAX > 2 * RECORD_BYTES_MAX, "a chunk of lines fits");

/// Bytes that some of can be gone past without reading them.
pub trait Skip: Read {
    /// Goes past as many bytes.
    ///
    /// # Errors
    /// As reading them would.
    fn skip(&mut self, bytes: u64) -> io::Result<()>;
}

/// Why a packed file cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It was changed after it was written.
    Changed {
        /// Where the frame begins in which it shows, in bytes from the start of the file.
        frame: u64,
    },
    /// A segment of an audit log ends in a write that a crash cut, or that is under way. Nothing in
    /// it was acknowledged.
    Torn {
        /// Where it begins, in bytes from the start of the file.
        frame: u64,
        /// How many bytes of it are there.
        bytes: u64,
    },
    /// It is of a version that this build does not read.
    Version,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { frame } => {
                write!(f, "the frame at byte {frame} is not the one that was written")
            }
            Self::Torn { frame, bytes } => {
                write!(f, "the write at byte {frame} was cut, and {bytes} bytes of it are there")
            }
            Self::Version => f.write_str("it is of a version that this build does not read"),
        }
    }
}

impl std::error::Error for Unread {}

/// What an error says of a packed file, if it does.
#[must_use]
pub fn unread(error: &io::Error) -> Option<&Unread> {
    error.get_ref()?.downcast_ref()
}

/// What is asked for, and how many blocks were passed over because they hold nothing of it.
#[derive(Clone, Debug, Default)]
pub struct Choosing {
    /// What is asked for.
    pub wanted: IndexQuery,
    /// Counts blocks.
    pub passed: Arc<AtomicU64>,
}

/// What a file holds, as its first frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// That is not known yet; its name is that of a segment, or of none.
    Named { segment: bool },
    /// Packed lines, each frame of them behind its index.
    Packed,
    /// Lines as they are, of an audit log.
    Segment,
}

/// What a frame begins with.
struct Head {
    /// Its bytes.
    start: Vec<u8>,
    /// What they say: the length, the sum and the kind of the frame.
    length: usize,
    sum: u32,
    kind: Kind,
}

/// Unpacks a file.
pub struct Unpacker<R> {
    bytes: R,
    choosing: Choosing,
    /// Whether its name is that of a segment.
    named: bool,
    form: Form,
    /// Whether the header was read, and the end was not.
    inside: bool,
    /// Where the header began.
    begin: u64,
    /// Where the next frame begins.
    at: u64,
    /// Lines since the header.
    lines: u64,
    out: Vec<u8>,
    /// How much of `out` was taken.
    taken: usize,
}

impl<R: Skip> Unpacker<R> {
    /// Of a file from its first byte on. `named`: it is called as segments of audit logs are.
    pub fn of(bytes: R, choosing: Choosing, named: bool) -> Self {
        let (out, taken, form) = (Vec::new(), 0, Form::Named { segment: named });
        let (begin, at, lines) = (0, 0, 0);
        Self { bytes, choosing, named, form, inside: false, begin, at, lines, out, taken }
    }

    fn changed(&self) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, Unread::Changed { frame: self.at })
    }

    /// Whether a crash may have left it as it is.
    const fn is_segment(&self) -> bool {
        matches!(self.form, Form::Segment | Form::Named { segment: true })
    }

    /// What it is that stands where a whole frame should, of which `rest` was read.
    fn broken(&mut self, mut rest: Vec<u8>) -> io::Error {
        if !self.is_segment() {
            let said = rest.first_chunk().and_then(head);
            let cut = rest.len() < HEAD_BYTES + said.map_or(0, |(length, ..)| length);
            return if cut { io::ErrorKind::UnexpectedEof.into() } else { self.changed() };
        }
        let most = (AUDIT_TORN_BYTES_MAX + 1).saturating_sub(rest.len()) as u64;
        if let Err(error) = (&mut self.bytes).take(most).read_to_end(&mut rest) {
            return error;
        }
        match judge(&rest, self.at - self.begin, self.lines) {
            None => io::Error::other(Unread::Torn { frame: self.at, bytes: rest.len() as u64 }),
            Some(_) => self.changed(),
        }
    }

    /// Reads a header; `false` at the end of the file.
    fn header(&mut self) -> io::Result<bool> {
        let mut header = Vec::new();
        (&mut self.bytes).take(HEADER.len() as u64).read_to_end(&mut header)?;
        if header.is_empty() {
            return Ok(false);
        }
        self.begin = self.at;
        self.form = Form::Named { segment: self.named };
        if header != HEADER {
            let newer = header.get(..4) == HEADER.get(..4) && header.get(5..) == HEADER.get(5..);
            return Err(match (newer, HEADER.starts_with(&header)) {
                (true, _) => io::Error::other(Unread::Version),
                (false, true) if !self.named => io::ErrorKind::UnexpectedEof.into(),
                (false, _) if self.named => self.broken(header),
                (false, _) => self.changed(),
            });
        }
        self.at += HEADER.len() as u64;
        (self.inside, self.lines) = (true, 0);
        Ok(true)
    }

    /// Reads the head of a frame. `None` at the end of the file.
    fn head(&mut self) -> io::Result<Option<Head>> {
        let mut start = Vec::with_capacity(HEAD_BYTES);
        (&mut self.bytes).take(HEAD_BYTES as u64).read_to_end(&mut start)?;
        if start.is_empty() {
            return Ok(None);
        }
        match start.first_chunk().and_then(head) {
            Some((length, sum, kind)) => Ok(Some(Head { start, length, sum, kind })),
            None => Err(self.broken(start)),
        }
    }

    /// Reads a frame: all its bytes.
    fn frame(&mut self, head: Head) -> io::Result<Vec<u8>> {
        let Head { mut start, length, sum: wanted, kind } = head;
        (&mut self.bytes).take(length as u64).read_to_end(&mut start)?;
        let body = start.get(HEAD_BYTES..).unwrap_or_default();
        if body.len() < length || sum(kind.byte(), &[body]) != wanted {
            return Err(self.broken(start));
        }
        Ok(start)
    }

    /// Reads on to the next lines; `false` behind the last.
    fn next(&mut self) -> io::Result<bool> {
        loop {
            if !self.inside && !self.header()? {
                return Ok(false);
            }
            let Some(head) = self.head()? else {
                // The rest of a segment is not written yet, or never was.
                return match self.form {
                    Form::Segment | Form::Named { segment: true } => Ok(false),
                    Form::Packed | Form::Named { segment: false } => {
                        Err(io::ErrorKind::UnexpectedEof.into())
                    }
                };
            };
            let kind = head.kind;
            let bytes = self.frame(head)?;
            let body = bytes.get(HEAD_BYTES..).unwrap_or_default();
            match (self.form, kind) {
                (Form::Named { .. }, Kind::Segment) => {
                    Start::read(body).ok_or_else(|| self.changed())?;
                    self.form = Form::Segment;
                }
                (Form::Packed | Form::Named { .. }, Kind::Index) => {
                    let facts = Facts::read(body).ok_or_else(|| self.changed())?;
                    self.form = Form::Packed;
                    self.at += bytes.len() as u64;
                    self.block(&facts)?;
                    return Ok(true);
                }
                (Form::Segment, Kind::Plain) => {
                    let (_, lines) = plain(body).ok_or_else(|| self.changed())?;
                    self.lines += lines.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
                    (self.out, self.taken) = (lines.to_vec(), 0);
                    self.at += bytes.len() as u64;
                    return Ok(true);
                }
                // `policyc audit verify` looks at them.
                (Form::Segment, Kind::Checkpoint) => {}
                (_, Kind::End) if body == self.lines.to_le_bytes() => self.inside = false,
                _ => return Err(self.changed()),
            }
            self.at += bytes.len() as u64;
        }
    }

    /// Reads the lines of which `facts` are known, or passes over them.
    fn block(&mut self, facts: &Facts) -> io::Result<()> {
        let head = self.head()?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let Head { length, kind, .. } = head;
        self.taken = 0;
        self.out.clear();
        self.lines += u64::from(facts.lines);
        if kind != Kind::Lines || facts.bytes as usize > PACKED_BYTES_MAX {
            return Err(self.changed());
        }
        if !facts.may_hold(&self.choosing.wanted) {
            self.bytes.skip(length as u64)?;
            self.at += (HEAD_BYTES + length) as u64;
            self.choosing.passed.fetch_add(1, Ordering::Relaxed);
            self.out.resize(facts.lines as usize, b'\n');
            return Ok(());
        }
        let bytes = self.frame(head)?;
        let body = bytes.get(HEAD_BYTES..).unwrap_or_default();
        let most = u64::from(facts.bytes) + 1;
        let read = Frames::of(body).take(most).read_to_end(&mut self.out);
        if read.is_err() || self.out.len() != facts.bytes as usize {
            self.out.clear();
            return Err(self.changed());
        }
        self.at += bytes.len() as u64;
        Ok(())
    }
}

impl<R: Skip> Read for Unpacker<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.out.len() {
            if !self.next()? {
                return Ok(0);
            }
        }
        let rest = self.out.get(self.taken..).unwrap_or_default();
        let count = rest.len().min(to.len());
        if let (Some(to), Some(from)) = (to.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.taken += count;
        Ok(count)
    }
}
