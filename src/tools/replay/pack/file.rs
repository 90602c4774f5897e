//! A pack that is open.
//!
//! In:      a file.
//! Out:     `Pack`: its layout, and its groups with their columns.
//! Imports: its own room alone.
//!
//! Nothing of the file is taken apart before its sum was compared: neither footer nor column.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;

use bytes::Bytes;
use parquet::column::page::Page;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{
    ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataOptions, ParquetMetaDataReader,
    ParquetStatisticsPolicy, RowGroupMetaData,
};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::file::statistics::Statistics;
use parquet::schema::types::SchemaDescPtr;

use crate::tools::replay::pack::decode::{Coded, Levels};
use crate::tools::replay::pack::encode::{is_required, schema};
use crate::tools::replay::pack::footer::Footer;
use crate::tools::replay::pack::layout::Layout;
use crate::tools::replay::pack::write::{HEAD_BYTES, MAGIC, VERSION, VERSION_LINES};
use crate::tools::replay::pack::{PARQUET, PackError};

/// Most rows of a group: far more than `replay pack` makes.
const ROWS_MAX: u32 = 1 << 24;
/// Most bytes of a column of a group.
const COLUMN_BYTES_MAX: u64 = 1 << 30;
/// Digits of the sum of a column.
const SUM_DIGITS: usize = 8;

/// A pack that is open.
#[derive(Debug)]
pub struct Pack {
    file: File,
    footer: Footer,
    schema: SchemaDescPtr,
    layout: Layout,
    version: u32,
}

/// A group of a pack.
#[derive(Debug)]
pub struct PackGroup<'p> {
    pack: &'p Pack,
    metadata: ParquetMetaData,
    /// Of each column.
    sums: Vec<u32>,
    rows: usize,
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
        let mut footer = Footer::read(&mut file, u32::from_le_bytes(*sum))?;
        let forged = PackError::Changed("what the footer says");
        let layout = footer.layout.take();
        let layout = layout.and_then(|text| serde_json::from_slice::<Layout>(&text).ok());
        let Some(layout) = layout.filter(Layout::is_known) else { return Err(forged) };
        let own = ParquetMetaDataReader::decode_schema(&footer.of_none())?;
        let sums = (layout.columns.len() * SUM_DIGITS * footer.groups.len()) as u64;
        if schema(&layout)? != own.root_schema_ptr()
            || footer.sums.1 != sums
            || !footer.groups.iter().all(|group| group.rows <= ROWS_MAX)
        {
            return Err(forged);
        }
        Ok(Self { file, footer, schema: own, layout, version })
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
    pub const fn groups(&self) -> usize {
        self.footer.groups.len()
    }

    /// Whether the last of all lines lacks its end.
    #[must_use]
    pub const fn is_torn(&self) -> bool {
        self.footer.torn
    }

    /// A group, as the footer describes it.
    ///
    /// # Errors
    /// If it cannot be read, or is not what was written.
    pub fn group(&self, group: usize) -> Result<PackGroup<'_>, PackError> {
        let forged = || PackError::Changed("the footer");
        let place = self.footer.groups.get(group).ok_or_else(forged)?;
        let mut described = vec![0; place.len as usize];
        read_at(&self.file, place.start, &mut described)?;
        if crc32fast::hash(&described) != place.sum {
            return Err(forged());
        }
        let mut options = ParquetMetaDataOptions::new().with_schema(Arc::clone(&self.schema));
        // Of what columns say in the whole the times alone are asked for.
        let times = self.layout.named("now").unwrap_or_default();
        options.set_column_stats_policy(ParquetStatisticsPolicy::skip_except(&[times]));
        options.set_encoding_stats_policy(ParquetStatisticsPolicy::SkipAll);
        options.set_size_stats_policy(ParquetStatisticsPolicy::SkipAll);
        let footer = self.footer.of_group(&described);
        let metadata =
            ParquetMetaDataReader::decode_metadata_with_options(&footer, Some(&options))?;
        let columns = self.layout.columns.len();
        let is_own = |own: &RowGroupMetaData| own.num_columns() == columns;
        if !matches!(metadata.row_groups(), [own] if is_own(own)) {
            return Err(forged());
        }
        let mut digits = vec![0; columns * SUM_DIGITS];
        let start = self.footer.sums.0 + (group * digits.len()) as u64;
        read_at(&self.file, start, &mut digits)?;
        let sums = sums_of(&digits).ok_or_else(forged)?;
        Ok(PackGroup { pack: self, metadata, sums, rows: place.rows as usize })
    }
}

impl<'p> PackGroup<'p> {
    /// The pack that it is a part of.
    #[must_use]
    pub const fn pack(&self) -> &'p Pack {
        self.pack
    }

    /// How many rows it has.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    fn chunk(&self, column: usize) -> Option<&ColumnChunkMetaData> {
        self.metadata.row_groups().first()?.columns().get(column)
    }

    /// Bytes of all columns in the file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let group = self.metadata.row_groups().first();
        let columns = group.into_iter().flat_map(RowGroupMetaData::columns);
        columns.map(|column| column.byte_range().1).sum()
    }

    /// The first and the last time of a decision, as the footer has them. `None` if it does not, or
    /// a row has none.
    #[must_use]
    pub fn times(&self, column: usize) -> Option<(i64, i64)> {
        let Statistics::Int64(told) = self.chunk(column)?.statistics()? else { return None };
        let is_whole =
            told.null_count_opt() == Some(0) && told.min_is_exact() && told.max_is_exact();
        told.min_opt().copied().zip(told.max_opt().copied()).filter(|_| is_whole)
    }

    /// A column.
    ///
    /// # Errors
    /// If it cannot be read, or is not what was written.
    pub fn column(&self, column: usize) -> Result<Coded, PackError> {
        let forged = || PackError::Changed("a column");
        let chunk = self.chunk(column).ok_or_else(forged)?;
        let (start, len) = chunk.byte_range();
        if len > COLUMN_BYTES_MAX {
            return Err(forged());
        }
        let mut bytes = vec![0; usize::try_from(len).map_err(|_| forged())?];
        read_at(&self.pack.file, start, &mut bytes)?;
        if self.sums.get(column) != Some(&crc32fast::hash(&bytes)) {
            return Err(forged());
        }
        let part = Arc::new(Part { start, bytes: bytes.into() });
        let layout = &self.pack.layout;
        let pages = SerializedPageReader::new(part, chunk, self.rows, None)?;
        let kind = layout.columns.get(column).ok_or_else(forged)?.kind;
        let levels = Levels { required: is_required(layout, column), rows: self.rows };
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

/// The sums that eight digits each spell.
fn sums_of(digits: &[u8]) -> Option<Vec<u32>> {
    let (sums, _) = digits.as_chunks::<SUM_DIGITS>();
    let sum =
        |digits: &[u8; SUM_DIGITS]| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    sums.iter().map(sum).collect()
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
