//! Lines, packed: `.pdrb`.
//!
//! In:      whole lines of records; packed files.
//! Out:     frames; the same lines, byte for byte, without those of blocks that nobody asks for.
//! Imports: `runtime::audit`.
//! Source:  `docs/records.md`, "Packed".
//!
//! Lines stay what they are: a chain is over lines, and every tool reads one form.

pub mod index;
mod matches;
pub mod read;

use ruzstd::encoding::{CompressionLevel, FrameCompressor};

use crate::runtime::audit::frame::{Kind, frame};
use crate::tools::replay::pdrb::index::Facts;
use crate::tools::replay::pdrb::matches::Matches;

/// The frames of some lines, at most `PACKED_BYTES_MAX` of them.
#[must_use]
pub fn pack(lines: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    frame(Kind::Index, &[&Facts::of(lines).to_bytes()], &mut out);
    frame(Kind::Lines, &[&compress(lines)], &mut out);
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
    frame(Kind::End, &[&lines.to_le_bytes()], &mut out);
    out
}
