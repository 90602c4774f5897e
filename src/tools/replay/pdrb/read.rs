//! Packed files, unpacked as they are read.
//!
//! In:      bytes of a file behind its first ones, what is asked for.
//! Out:     lines. Those of blocks that hold nothing that is asked for come as empty lines, so that
//!          the numbers of lines stay.
//! Imports: `base::limits`, `tools::replay`.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::limits::{PACKED_BYTES_MAX, RECORD_BYTES_MAX};
use crate::tools::replay::open::Frames;
use crate::tools::replay::pdrb::index::{Facts, Wanted, take};
use crate::tools::replay::pdrb::{HEAD_BYTES, HEADER, Kind, sum};

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
    /// It is of a version that this build does not read.
    Version,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { frame } => {
                write!(f, "the frame at byte {frame} is not the one that was written")
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
    pub wanted: Wanted,
    /// Counts blocks.
    pub passed: Arc<AtomicU64>,
}

/// Unpacks a file.
pub struct Unpacked<R> {
    bytes: R,
    choosing: Choosing,
    /// Whether the header was read, and the end was not.
    inside: bool,
    /// Where the next frame begins.
    at: u64,
    /// Lines since the header.
    lines: u64,
    out: Vec<u8>,
    /// How much of `out` was taken.
    taken: usize,
}

impl<R: Skip> Unpacked<R> {
    /// Of a file from its first byte on.
    pub fn of(bytes: R, choosing: Choosing) -> Self {
        let (out, taken) = (Vec::new(), 0);
        Self { bytes, choosing, inside: false, at: 0, lines: 0, out, taken }
    }

    fn changed(&self) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, Unread::Changed { frame: self.at })
    }

    /// Reads a header; `false` at the end of the file.
    fn header(&mut self) -> io::Result<bool> {
        let mut header = Vec::new();
        (&mut self.bytes).take(HEADER.len() as u64).read_to_end(&mut header)?;
        if header.is_empty() {
            return Ok(false);
        }
        if header != HEADER {
            let cut = HEADER.starts_with(&header);
            let newer = header.get(..4) == HEADER.get(..4) && header.get(5..) == HEADER.get(5..);
            return Err(match (cut, newer) {
                (true, _) => io::ErrorKind::UnexpectedEof.into(),
                (false, true) => io::Error::other(Unread::Version),
                (false, false) => self.changed(),
            });
        }
        self.at += HEADER.len() as u64;
        (self.inside, self.lines) = (true, 0);
        Ok(true)
    }

    /// Reads the head of a frame: its kind, its length, its sum.
    fn head(&mut self) -> io::Result<(Kind, u32, u32)> {
        let mut head = [0; HEAD_BYTES];
        self.bytes.read_exact(&mut head)?;
        let mut rest = head.as_slice();
        let parts = take(&mut rest).zip(take(&mut rest)).zip(take(&mut rest));
        let ((length, sum), [kind]) = parts.ok_or_else(|| self.changed())?;
        let kind = Kind::of(kind).ok_or_else(|| self.changed())?;
        let (length, sum) = (u32::from_le_bytes(length), u32::from_le_bytes(sum));
        let too_long = length as usize > PACKED_BYTES_MAX;
        if too_long { Err(self.changed()) } else { Ok((kind, length, sum)) }
    }

    fn body(&mut self, (kind, length, wanted): (Kind, u32, u32)) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        (&mut self.bytes).take(u64::from(length)).read_to_end(&mut body)?;
        if body.len() < length as usize {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if sum(kind.byte(), &body) != wanted {
            return Err(self.changed());
        }
        self.at += (HEAD_BYTES + body.len()) as u64;
        Ok(body)
    }

    /// Reads on to the next lines; `false` behind the last.
    fn next(&mut self) -> io::Result<bool> {
        loop {
            if !self.inside && !self.header()? {
                return Ok(false);
            }
            let head = self.head()?;
            match head.0 {
                Kind::Index => {
                    let body = self.body(head)?;
                    let facts = Facts::read(&body).ok_or_else(|| self.changed())?;
                    self.block(&facts)?;
                    return Ok(true);
                }
                Kind::End => {
                    let body = self.body(head)?;
                    if body != self.lines.to_le_bytes() {
                        return Err(self.changed());
                    }
                    self.inside = false;
                }
                Kind::Lines => return Err(self.changed()),
            }
        }
    }

    /// Reads the lines of which `facts` are known, or passes over them.
    fn block(&mut self, facts: &Facts) -> io::Result<()> {
        let head = self.head()?;
        self.taken = 0;
        self.out.clear();
        self.lines += u64::from(facts.lines);
        if head.0 != Kind::Lines || facts.bytes as usize > PACKED_BYTES_MAX {
            return Err(self.changed());
        }
        if !facts.may_hold(&self.choosing.wanted) {
            self.bytes.skip(u64::from(head.1))?;
            self.at += HEAD_BYTES as u64 + u64::from(head.1);
            self.choosing.passed.fetch_add(1, Ordering::Relaxed);
            self.out.resize(facts.lines as usize, b'\n');
            return Ok(());
        }
        let body = self.body(head)?;
        let most = u64::from(facts.bytes) + 1;
        let read = Frames::of(body.as_slice()).take(most).read_to_end(&mut self.out);
        if read.is_err() || self.out.len() != facts.bytes as usize {
            self.out.clear();
            return Err(self.changed());
        }
        Ok(())
    }
}

impl<R: Skip> Read for Unpacked<R> {
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
