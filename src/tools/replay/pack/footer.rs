//! The footer of a pack, of which little is kept.
//!
//! In:      a file of Parquet.
//! Out:     its schema, what we say of it, and where each group is described.
//! Imports: its own room alone.
//! Source:  the format of Parquet: `FileMetaData` in the compact protocol of Thrift.
//!
//! A footer grows with the groups, so it is gone through twice and never held: once for its sum,
//! before anything is taken apart, and once for the places where groups are described.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Take};

use crate::tools::replay::pack::PackError;
use crate::tools::replay::pack::write::{LAYOUT_KEY, SUMS_KEY, TAIL_BYTES, TORN_KEY, footer_bytes};

/// Most bytes that stand in front of the groups, and of a value that is kept.
const KEPT_BYTES_MAX: usize = 1 << 26;
/// Most structures that lie in each other.
const DEPTH_MAX: usize = 16;
/// A field behind the one with the number before it, which is a list; a list of one structure; the
/// end of a structure.
const ONE_GROUP: [u8; 2] = [0x19, 0x1C];
const END: u8 = 0;

/// What is kept of a footer.
#[derive(Debug, Default)]
pub struct Footer {
    /// The bytes in front of the groups: version, schema, number of rows.
    pub front: Vec<u8>,
    /// Where each group is described.
    pub groups: Vec<GroupPlace>,
    /// The layout, as JSON.
    pub layout: Option<Vec<u8>>,
    /// Whether the last line lacked its end.
    pub torn: bool,
    /// Where in the file the sums of columns stand, and how many bytes they take.
    pub sums: (u64, u64),
}

/// Where a group is described.
#[derive(Clone, Copy, Debug)]
pub struct GroupPlace {
    /// Where in the file.
    pub start: u64,
    /// How many bytes.
    pub len: u32,
    /// CRC-32 of them.
    pub sum: u32,
    /// How many rows the group has.
    pub rows: u32,
}

impl Footer {
    /// Reads the footer of a file whose sum this is.
    ///
    /// # Errors
    /// If the file ends too early, or the footer is not what was written.
    pub fn read(file: &mut File, sum: u32) -> Result<Self, PackError> {
        let len = file.seek(SeekFrom::End(0))?;
        let end = len.checked_sub(TAIL_BYTES as u64).ok_or(PackError::Truncated)?;
        let mut tail = [0; TAIL_BYTES];
        file.seek(SeekFrom::Start(end))?;
        file.read_exact(&mut tail)?;
        let count = footer_bytes(tail).ok_or(PackError::Truncated)? as u64;
        let start = len.checked_sub(count).ok_or(PackError::Truncated)?;
        file.seek(SeekFrom::Start(start))?;
        if sum_of(&mut file.take(count))? != sum {
            return Err(PackError::Changed("the footer"));
        }
        file.seek(SeekFrom::Start(start))?;
        let from = BufReader::new(file.take(count - TAIL_BYTES as u64));
        let mut walk = Walk { from, at: start, kept: None };
        let mut footer = Self::default();
        footer.take(&mut walk).ok_or(PackError::Changed("what the footer says"))?;
        Ok(footer)
    }

    /// A footer of one group, which is described so.
    #[must_use]
    pub fn of_group(&self, group: &[u8]) -> Vec<u8> {
        [&self.front, &ONE_GROUP[..], group, &[END]].concat()
    }

    /// A footer without groups.
    #[must_use]
    pub fn of_none(&self) -> Vec<u8> {
        [&self.front, &[END][..]].concat()
    }

    fn take(&mut self, walk: &mut Walk<'_>) -> Option<()> {
        walk.kept = Some(Vec::new());
        let mut before = 0;
        loop {
            let front = walk.kept.as_ref().map(Vec::len);
            let (number, kind) = walk.field(before)?;
            match (number, kind) {
                (_, Kind::END) => return Some(()),
                // The groups are the fourth field, and behind the third.
                (4, Kind::LIST) if before == 3 => {
                    self.front = walk.kept.take()?;
                    self.front.truncate(front?);
                    self.groups(walk)?;
                }
                (5, Kind::LIST) => self.pairs(walk)?,
                _ => walk.pass(kind, 0)?,
            }
            before = number;
        }
    }

    fn groups(&mut self, walk: &mut Walk<'_>) -> Option<()> {
        let (count, kind) = walk.list()?;
        if kind != Kind::STRUCT {
            return None;
        }
        let mut own = Vec::new();
        for _ in 0..count {
            let start = walk.at;
            walk.kept = Some(std::mem::take(&mut own));
            let (mut before, mut rows) = (0, None);
            while let (number, kind @ Kind(1..)) = walk.field(before)? {
                if (number, kind) == (3, Kind::I64) {
                    rows = u32::try_from(walk.int()?).ok();
                } else {
                    walk.pass(kind, 0)?;
                }
                before = number;
            }
            own = walk.kept.take()?;
            let (len, sum) = (u32::try_from(own.len()).ok()?, crc32fast::hash(&own));
            self.groups.push(GroupPlace { start, len, sum, rows: rows? });
            own.clear();
        }
        Some(())
    }

    /// Keys with their values.
    fn pairs(&mut self, walk: &mut Walk<'_>) -> Option<()> {
        let (count, kind) = walk.list()?;
        if kind != Kind::STRUCT {
            return None;
        }
        for _ in 0..count {
            let (mut before, mut key) = (0, Vec::new());
            while let (number, kind @ Kind(1..)) = walk.field(before)? {
                match (number, kind) {
                    (1, Kind::BYTES) => key = walk.bytes()?,
                    (2, Kind::BYTES) if key == SUMS_KEY.as_bytes() => {
                        let len = walk.varint()?;
                        self.sums = (walk.at, len);
                        walk.pass_bytes(len)?;
                    }
                    (2, Kind::BYTES) if key == LAYOUT_KEY.as_bytes() => {
                        self.layout = Some(walk.bytes()?);
                    }
                    (2, Kind::BYTES) if key == TORN_KEY.as_bytes() => {
                        self.torn = walk.bytes()? == b"true";
                    }
                    _ => walk.pass(kind, 0)?,
                }
                before = number;
            }
        }
        Some(())
    }
}

/// The CRC-32 of all bytes.
fn sum_of(from: &mut impl Read) -> io::Result<u32> {
    let mut sum = crc32fast::Hasher::new();
    let mut bytes = vec![0; 1 << 16];
    loop {
        let count = from.read(&mut bytes)?;
        let Some(own) = bytes.get(..count).filter(|own| !own.is_empty()) else {
            return Ok(sum.finalize());
        };
        sum.update(own);
    }
}

/// What a field holds, as the protocol numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind(u8);

impl Kind {
    /// No field, and the structure ends.
    const END: Self = Self(0);
    const TRUE: Self = Self(1);
    const FALSE: Self = Self(2);
    const BYTE: Self = Self(3);
    const I16: Self = Self(4);
    const I32: Self = Self(5);
    const I64: Self = Self(6);
    const DOUBLE: Self = Self(7);
    const BYTES: Self = Self(8);
    const LIST: Self = Self(9);
    const SET: Self = Self(10);
    const STRUCT: Self = Self(12);
}

/// Goes through the bytes of a footer.
struct Walk<'f> {
    from: BufReader<Take<&'f mut File>>,
    /// Where in the file.
    at: u64,
    /// What was gone through, where it is kept.
    kept: Option<Vec<u8>>,
}

impl Walk<'_> {
    fn take(&mut self, bytes: &mut [u8]) -> Option<()> {
        self.from.read_exact(bytes).ok()?;
        self.at += bytes.len() as u64;
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(bytes);
            return (kept.len() <= KEPT_BYTES_MAX).then_some(());
        }
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let mut byte = [0];
        self.take(&mut byte)?;
        let [byte] = byte;
        Some(byte)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// A number whose sign is its last bit.
    fn int(&mut self) -> Option<i64> {
        let number = self.varint()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// The number and the kind of the next field of a structure.
    fn field(&mut self, before: i64) -> Option<(i64, Kind)> {
        let head = self.byte()?;
        if head == END {
            return Some((0, Kind::END));
        }
        let number = match head >> 4 {
            0 => self.int()?,
            more => before.checked_add(i64::from(more))?,
        };
        Some((number, Kind(head & 0x0F)))
    }

    /// How many elements a list has, and what they are.
    fn list(&mut self) -> Option<(u64, Kind)> {
        let head = self.byte()?;
        let count = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
        Some((count, Kind(head & 0x0F)))
    }

    fn bytes(&mut self) -> Option<Vec<u8>> {
        let len = usize::try_from(self.varint()?).ok().filter(|len| *len <= KEPT_BYTES_MAX)?;
        let mut bytes = vec![0; len];
        self.take(&mut bytes)?;
        Some(bytes)
    }

    fn pass_bytes(&mut self, mut len: u64) -> Option<()> {
        let mut bytes = [0; 256];
        while len > 0 {
            let own = bytes.get_mut(..usize::try_from(len).unwrap_or(usize::MAX).min(256))?;
            len -= own.len() as u64;
            self.take(own)?;
        }
        Some(())
    }

    /// Goes past a value.
    fn pass(&mut self, kind: Kind, depth: usize) -> Option<()> {
        match kind {
            Kind::TRUE | Kind::FALSE => Some(()),
            Kind::BYTE => self.byte().map(drop),
            Kind::I16 | Kind::I32 | Kind::I64 => self.varint().map(drop),
            Kind::DOUBLE => self.pass_bytes(8),
            Kind::BYTES => {
                let len = self.varint()?;
                self.pass_bytes(len)
            }
            Kind::LIST | Kind::SET if depth < DEPTH_MAX => {
                let (count, kind) = self.list()?;
                for _ in 0..count {
                    match kind {
                        Kind::TRUE | Kind::FALSE => self.byte().map(drop)?,
                        _ => self.pass(kind, depth + 1)?,
                    }
                }
                Some(())
            }
            Kind::STRUCT if depth < DEPTH_MAX => {
                let mut before = 0;
                while let (number, kind @ Kind(1..)) = self.field(before)? {
                    self.pass(kind, depth + 1)?;
                    before = number;
                }
                Some(())
            }
            // Parquet has no maps here.
            _ => None,
        }
    }
}
