//! A pack that is open.
//!
//! In:      a file.
//! Out:     `Pack`: its layout, and the columns of its groups.
//! Imports: its own room alone.
//!
//! Nothing of the file is taken apart before its sum was compared: neither footer nor column.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;

use bytes::Bytes;
use parquet::column::page::Page;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::file::statistics::Statistics;

use crate::tools::replay::pack::decode::{Coded, Levels};
use crate::tools::replay::pack::encode::{is_required, schema};
use crate::tools::replay::pack::layout::Layout;
use crate::tools::replay::pack::write::{
    HEAD_BYTES, LAYOUT_KEY, MAGIC, SUMS_KEY, TAIL_BYTES, TORN_KEY, VERSION, VERSION_LINES,
    footer_bytes,
};
use crate::tools::replay::pack::{PARQUET, PackError};

/// Most rows of a group: far more than `replay pack` makes.
const ROWS_MAX: usize = 1 << 24;
/// Most bytes of a column of a group.
const COLUMN_BYTES_MAX: u64 = 1 << 30;

/// A pack that is open.
#[derive(Debug)]
pub struct Pack {
    file: File,
    metadata: ParquetMetaData,
    layout: Layout,
    sums: Vec<u32>,
    torn: bool,
    version: u32,
}

impl Pack {
    /// Opens a pack.
    ///
    /// # Errors
    /// If it is no pack of this version, or was cut or changed.
    pub fn open(mut file: File) -> Result<Self, PackError> {
        let mut start = [0; PARQUET.len() + HEAD_BYTES];
        file.seek(SeekFrom::Start(0))?;
        read_exact(&mut file, &mut start)?;
        let head = start.strip_prefix(PARQUET).and_then(|rest| rest.strip_prefix(MAGIC));
        let words = head.map(|rest| rest.as_chunks::<4>().0);
        let Some([version, sum]) = words else { return Err(PackError::Foreign) };
        let version = u32::from_le_bytes(*version);
        if !(VERSION_LINES..=VERSION).contains(&version) {
            return Err(PackError::Version(version));
        }
        let footer = footer_of(&mut file)?;
        if crc32fast::hash(&footer) != u32::from_le_bytes(*sum) {
            return Err(PackError::Changed("the footer"));
        }
        let thrift = footer.get(..footer.len() - TAIL_BYTES).unwrap_or_default();
        let metadata = ParquetMetaDataReader::decode_metadata(thrift)?;
        let known = |key: &str| {
            let all = metadata.file_metadata().key_value_metadata();
            let found = all.into_iter().flatten().find(|pair| pair.key == key);
            found.and_then(|pair| pair.value.as_deref())
        };
        let forged = PackError::Changed("what the footer says");
        let layout = known(LAYOUT_KEY).and_then(|text| serde_json::from_str::<Layout>(text).ok());
        let Some(layout) = layout.filter(Layout::is_known) else { return Err(forged) };
        let own = metadata.file_metadata().schema();
        let sums = known(SUMS_KEY).and_then(sums_of).unwrap_or_default();
        let columns = layout.columns.len();
        let fits = |group: &parquet::file::metadata::RowGroupMetaData| {
            let rows = usize::try_from(group.num_rows());
            group.num_columns() == columns && rows.is_ok_and(|rows| rows <= ROWS_MAX)
        };
        if *schema(&layout)? != *own
            || sums.len() != columns * metadata.num_row_groups()
            || !metadata.row_groups().iter().all(fits)
        {
            return Err(forged);
        }
        let torn = known(TORN_KEY) == Some("true");
        Ok(Self { file, metadata, layout, sums, torn, version })
    }

    /// Its columns.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Whether its columns say what those of today do. If not, it is its lines.
    #[must_use]
    pub const fn is_columnar(&self) -> bool {
        self.version == VERSION
    }

    /// How many groups it has.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.metadata.num_row_groups()
    }

    /// How many rows a group has.
    #[must_use]
    pub fn rows(&self, group: usize) -> usize {
        let found = self.metadata.row_groups().get(group);
        found.and_then(|group| usize::try_from(group.num_rows()).ok()).unwrap_or_default()
    }

    /// Whether the last of all lines lacks its end.
    #[must_use]
    pub const fn is_torn(&self) -> bool {
        self.torn
    }

    /// Bytes of a column of a group in the file.
    #[must_use]
    pub fn bytes(&self, group: usize, column: usize) -> u64 {
        let found = self.metadata.row_groups().get(group);
        let found = found.and_then(|group| group.columns().get(column));
        found.map_or(0, |column| column.byte_range().1)
    }

    /// The least and the greatest number of a column of a group, as the footer has them. `None` if
    /// it does not, or a row has none.
    #[must_use]
    pub fn range(&self, group: usize, column: usize) -> Option<(i64, i64)> {
        let chunk = self.metadata.row_groups().get(group)?.columns().get(column)?;
        let Statistics::Int64(told) = chunk.statistics()? else { return None };
        let is_whole =
            told.null_count_opt() == Some(0) && told.min_is_exact() && told.max_is_exact();
        told.min_opt().copied().zip(told.max_opt().copied()).filter(|_| is_whole)
    }

    /// A column of a group.
    ///
    /// # Errors
    /// If it cannot be read, or is not what was written.
    pub fn column(&self, group: usize, column: usize) -> Result<Coded, PackError> {
        let forged = || PackError::Changed("a column");
        let found = self.metadata.row_groups().get(group).ok_or_else(forged)?;
        let chunk = found.columns().get(column).ok_or_else(forged)?;
        let (start, len) = chunk.byte_range();
        if len > COLUMN_BYTES_MAX {
            return Err(forged());
        }
        let mut bytes = vec![0; usize::try_from(len).map_err(|_| forged())?];
        read_at(&self.file, start, &mut bytes)?;
        let sum = self.sums.get(group * self.layout.columns.len() + column);
        if sum != Some(&crc32fast::hash(&bytes)) {
            return Err(forged());
        }
        let part = Arc::new(Part { start, bytes: bytes.into() });
        let rows = self.rows(group);
        let pages = SerializedPageReader::new(part, chunk, rows, None)?;
        let kind = self.layout.columns.get(column).ok_or_else(forged)?.kind;
        let levels = Levels { required: is_required(&self.layout, column), rows };
        let mut coded = Coded::of(kind);
        for page in pages {
            let page: Page = page?;
            coded.page(&page, kind, levels).ok_or_else(forged)?;
        }
        coded.end(levels).ok_or_else(forged)?;
        Ok(coded)
    }
}

#[cfg(unix)]
fn read_at(file: &File, start: u64, bytes: &mut [u8]) -> Result<(), PackError> {
    // Threads share the place of a file, and of one that was cloned.
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, start).map_err(cut)
}

#[cfg(not(unix))]
fn read_at(file: &File, start: u64, bytes: &mut [u8]) -> Result<(), PackError> {
    let mut file = file.try_clone()?;
    file.seek(SeekFrom::Start(start))?;
    read_exact(&mut file, bytes)
}

fn read_exact(file: &mut File, bytes: &mut [u8]) -> Result<(), PackError> {
    file.read_exact(bytes).map_err(cut)
}

/// An end that comes too early is that of a pack that was cut.
fn cut(error: io::Error) -> PackError {
    if error.kind() == io::ErrorKind::UnexpectedEof { PackError::Truncated } else { error.into() }
}

/// The footer of a file of Parquet, with its length and the bytes that end it.
fn footer_of(file: &mut File) -> Result<Vec<u8>, PackError> {
    let len = file.seek(SeekFrom::End(0))?;
    let end = len.checked_sub(TAIL_BYTES as u64).ok_or(PackError::Truncated)?;
    let mut tail = [0; TAIL_BYTES];
    file.seek(SeekFrom::Start(end))?;
    read_exact(file, &mut tail)?;
    let count = footer_bytes(tail).ok_or(PackError::Truncated)?;
    let start = len.checked_sub(count as u64).ok_or(PackError::Truncated)?;
    file.seek(SeekFrom::Start(start))?;
    let mut footer = vec![0; count];
    read_exact(file, &mut footer)?;
    Ok(footer)
}

/// The sums that eight digits each spell.
fn sums_of(text: &str) -> Option<Vec<u32>> {
    let (sums, rest) = text.as_bytes().as_chunks::<8>();
    let sum = |digits: &[u8; 8]| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    if rest.is_empty() { sums.iter().map(sum).collect() } else { None }
}

/// A part of a file, at its place.
struct Part {
    start: u64,
    bytes: Bytes,
}

impl Part {
    fn from(&self, start: u64) -> ParquetResult<Bytes> {
        let at = start.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        let at = at.filter(|at| *at <= self.bytes.len());
        let at = at.ok_or_else(|| ParquetError::EOF("outside of its column".to_owned()))?;
        Ok(self.bytes.slice(at..))
    }
}

impl Length for Part {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for Part {
    type T = Cursor<Bytes>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        self.from(start).map(Cursor::new)
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let rest = self.from(start)?;
        if length > rest.len() {
            return Err(ParquetError::EOF("outside of its column".to_owned()));
        }
        Ok(rest.slice(..length))
    }
}
