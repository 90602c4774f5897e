//! Lines, packed: `.pdrb`.
//!
//! In:      whole lines of records; packed files.
//! Out:     frames; the same lines, byte for byte, without those of blocks that nobody asks for.
//! Imports: `runtime::record`, `tools::replay`.
//! Source:  `docs/records.md`, "Packed".
//!
//! Lines stay what they are: a chain is over lines, and every tool reads one form.

pub mod index;
mod matches;
pub mod read;

use flate2::Crc;
use ruzstd::encoding::{CompressionLevel, FrameCompressor};

use crate::tools::replay::pdrb::index::Facts;
use crate::tools::replay::pdrb::matches::Matches;

/// Begins a file: a name, the version of the format, and zeros.
pub const HEADER: [u8; 16] = *b"PDRB\x01\0\0\0\0\0\0\0\0\0\0\0";
/// Bytes in front of what a frame holds: its length, its CRC-32, its kind.
const HEAD_BYTES: usize = 9;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// What the lines of the next frame say: `Facts`.
    Index,
    /// Lines, by zstd.
    Lines,
    /// How many lines there were: nothing was cut off.
    End,
}

impl Kind {
    const fn byte(self) -> u8 {
        match self {
            Self::Index => 1,
            Self::Lines => 2,
            Self::End => 3,
        }
    }

    fn of(byte: u8) -> Option<Self> {
        [Self::Index, Self::Lines, Self::End].into_iter().find(|kind| kind.byte() == byte)
    }
}

/// CRC-32 of what a frame holds, its kind in front.
fn sum(kind: u8, body: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(&[kind]);
    crc.update(body);
    crc.sum()
}

fn frame(kind: Kind, body: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&sum(kind.byte(), body).to_le_bytes());
    out.push(kind.byte());
    out.extend_from_slice(body);
}

/// The frames of some lines, at most `PACKED_BYTES_MAX` of them.
#[must_use]
pub fn pack(lines: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    frame(Kind::Index, &Facts::of(lines).to_bytes(), &mut out);
    frame(Kind::Lines, &compress(lines), &mut out);
    out
}

/// Lines as a frame of zstd; such frames may follow each other.
#[must_use]
pub fn compress(lines: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    let mut packer = FrameCompressor::new_with_matcher(Matches::new(), CompressionLevel::Fastest);
    packer.set_source(lines);
    packer.set_drain(&mut body);
    packer.compress();
    body
}

/// The end of a file that holds as many lines.
#[must_use]
pub fn end(lines: u64) -> Vec<u8> {
    let mut out = Vec::new();
    frame(Kind::End, &lines.to_le_bytes(), &mut out);
    out
}
