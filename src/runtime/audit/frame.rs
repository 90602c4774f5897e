//! Frames: pieces of a file that are whole or not, each with its length and its sum.
//!
//! In:      bytes of a segment, or of a packed file.
//! Out:     frames, until one is not whole.
//! Imports: `base`.
//! Source:  `docs/records.md`, "Packed"; `docs/audit.md`, "Segments".

use std::io::{self, Read};

use crate::base::limits::PACKED_BYTES_MAX;
use crate::runtime::audit::crc::Crc;

/// Begins a file: a name, the version of the format, and zeros.
pub const HEADER: [u8; 16] = *b"PDRB\x01\0\0\0\0\0\0\0\0\0\0\0";
/// Bytes in front of what a frame holds: its length, its CRC-32, its kind.
pub const HEAD_BYTES: usize = 9;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What the lines of the next frame say.
    Index,
    /// Lines, by zstd.
    Lines,
    /// How many lines there were: nothing was cut off.
    End,
    /// Lines as they are, behind how much of the file was on the disk when they were written.
    Plain,
    /// A note about the lines in front of it.
    Checkpoint,
    /// Where in its log the segment begins.
    Segment,
}

impl Kind {
    const ALL: [Self; 6] =
        [Self::Index, Self::Lines, Self::End, Self::Plain, Self::Checkpoint, Self::Segment];

    /// The byte that stands for it.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Index => 1,
            Self::Lines => 2,
            Self::End => 3,
            Self::Plain => 4,
            Self::Checkpoint => 5,
            Self::Segment => 6,
        }
    }

    /// What a byte stands for.
    #[must_use]
    pub fn of(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.byte() == byte)
    }
}

/// CRC-32 of what a frame holds, in parts, its kind in front.
#[must_use]
pub fn sum(kind: u8, parts: &[&[u8]]) -> u32 {
    let mut crc = Crc::default();
    crc.update(&[kind]);
    for part in parts {
        crc.update(part);
    }
    crc.sum()
}

/// Appends a frame that holds these parts, one behind the other: at most `PACKED_BYTES_MAX` bytes,
/// for more would not be read again.
pub fn frame(kind: Kind, parts: &[&[u8]], out: &mut Vec<u8>) {
    let bytes = parts.iter().map(|part| part.len()).sum::<usize>();
    let length = u32::try_from(bytes).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&sum(kind.byte(), parts).to_le_bytes());
    out.push(kind.byte());
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// The length, the sum and the kind that a frame states in front of what it holds; `None` for what
/// cannot be the head of one.
#[must_use]
pub fn head(head: &[u8; HEAD_BYTES]) -> Option<(usize, u32, Kind)> {
    let (length, rest) = head.split_first_chunk()?;
    let (sum, kind) = rest.split_first_chunk()?;
    let (length, sum) = (u32::from_le_bytes(*length) as usize, u32::from_le_bytes(*sum));
    let kind = Kind::of(*kind.first()?)?;
    (length <= PACKED_BYTES_MAX).then_some((length, sum, kind))
}

/// The frame at the start of `bytes`, if it is whole: its kind, what it holds, all its bytes.
#[must_use]
pub fn first(bytes: &[u8]) -> Option<(Kind, &[u8], usize)> {
    let (length, wanted, kind) = head(bytes.first_chunk()?)?;
    let body = bytes.get(HEAD_BYTES..HEAD_BYTES + length)?;
    (sum(kind.byte(), &[body]) == wanted).then_some((kind, body, HEAD_BYTES + length))
}

/// What stands at a place of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// A frame; `Frames::body` is what it holds.
    Frame(Kind),
    /// The end of the file.
    End,
    /// No whole frame.
    Broken,
}

/// Reads frames one after the other.
#[derive(Debug)]
pub struct Frames<R> {
    from: R,
    /// Where the next frame begins, in bytes from the start of the file.
    pub at: u64,
    /// What the last frame holds.
    pub body: Vec<u8>,
}

impl<R: Read> Frames<R> {
    /// The frames of a file, behind its header. `false`: the header is not whole, or another.
    ///
    /// # Errors
    /// Those of `from`.
    pub fn of(mut from: R) -> io::Result<(Self, bool)> {
        let mut header = Vec::new();
        (&mut from).take(HEADER.len() as u64).read_to_end(&mut header)?;
        let whole = header == HEADER;
        Ok((Self { from, at: HEADER.len() as u64, body: Vec::new() }, whole))
    }

    /// Reads a frame. Behind one that is broken nothing more is read.
    ///
    /// # Errors
    /// Those of the file.
    pub fn read(&mut self) -> io::Result<Next> {
        let mut start = Vec::with_capacity(HEAD_BYTES);
        (&mut self.from).take(HEAD_BYTES as u64).read_to_end(&mut start)?;
        if start.is_empty() {
            return Ok(Next::End);
        }
        let Some((length, wanted, kind)) = start.first_chunk().and_then(head) else {
            return Ok(Next::Broken);
        };
        self.body.clear();
        (&mut self.from).take(length as u64).read_to_end(&mut self.body)?;
        if self.body.len() < length || sum(kind.byte(), &[&self.body]) != wanted {
            return Ok(Next::Broken);
        }
        self.at += (HEAD_BYTES + length) as u64;
        Ok(Next::Frame(kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_may_say_as_much_as_a_frame_may_hold() {
        let said = |length: usize| {
            let length = u32::try_from(length).expect("a number of 32 bits");
            let mut bytes = [0; HEAD_BYTES];
            bytes[..4].copy_from_slice(&length.to_le_bytes());
            bytes[8] = Kind::Plain.byte();
            head(&bytes)
        };
        assert_eq!(said(PACKED_BYTES_MAX), Some((PACKED_BYTES_MAX, 0, Kind::Plain)));
        assert_eq!(said(PACKED_BYTES_MAX + 1), None);
    }
}
