//! Packs as they are written.
//!
//! In:      groups in order, each packed on any thread.
//! Out:     a file of Parquet; behind its first four bytes stands what tells it from others.
//! Imports: `runtime::program`.
//!
//! Parquet cares for nothing between its first bytes and the first column, so that is where the
//! sum of the footer stands: a footer that was changed is not read. The footer holds the sums of
//! the columns.

use std::fmt::Write as _;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;

use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{SchemaDescriptor, TypePtr};

use crate::runtime::program::Program;
use crate::tools::replay::pack::alike::Alike;
use crate::tools::replay::pack::asked::ColumnTests;
use crate::tools::replay::pack::encode::{self, PackedGroup};
use crate::tools::replay::pack::group::{Asked, Shredder};
use crate::tools::replay::pack::layout::Layout;
use crate::tools::replay::pack::said::Messages;
use crate::tools::replay::pack::{PARQUET, PackError};

/// Behind the first four bytes of a pack: tells it from other files of Parquet.
pub const MAGIC: &[u8; 4] = b"PDRP";
/// Version of packs that is written; it stands behind `MAGIC`.
pub const VERSION: u32 = 4;
/// The oldest that is read: what its lines are. Its column `plain` says less than that of version
/// 3: not whether columns hold all that was said of a decision; that of version 2 not whether the
/// digest is that of the words. Version 3 has neither what was said as one column, nor answers.
pub const VERSION_LINES: u32 = 1;
/// Bytes between the first four and the first column: `MAGIC`, version, sum of the footer.
pub const HEAD_BYTES: usize = 12;
/// Bytes that end a file of Parquet: the length of its footer, and the same as at its start.
pub const TAIL_BYTES: usize = 8;
/// Where the footer keeps the layout, as JSON.
pub const LAYOUT_KEY: &str = "policyc.layout";
/// .. the sums of the columns, by group: eight digits each.
pub const SUMS_KEY: &str = "policyc.sums";
/// .. whether the last line lacked its end.
pub const TORN_KEY: &str = "policyc.torn";

/// What all threads need to pack groups.
#[derive(Debug)]
pub struct Plan {
    layout: Layout,
    asked: Asked,
    schema: TypePtr,
    descriptor: Arc<SchemaDescriptor>,
    properties: WriterPropertiesPtr,
}

impl Plan {
    /// A plan for packs with the columns that `programs` ask for.
    ///
    /// # Errors
    /// If they are none that Parquet takes.
    pub fn of(programs: &[&Program]) -> Result<Self, PackError> {
        let layout = Layout::of(programs.iter().copied());
        let asked = Alike::of(programs, &layout).map(|alike| {
            let messages = Messages::of(programs, &alike);
            Asked { columns: alike.columns, messages }
        });
        let asked = asked.unwrap_or_default();
        let questions = |(at, tests): (&usize, &ColumnTests)| Some((*at, tests.questions()?));
        let layout = layout.with_answers(asked.columns.iter().filter_map(questions));
        let schema = encode::schema(&layout)?;
        let descriptor = Arc::new(SchemaDescriptor::new(Arc::clone(&schema)));
        Ok(Self { layout, asked, schema, descriptor, properties: encode::properties()? })
    }

    /// Makes groups of lines, for one thread.
    #[must_use]
    pub fn shredder(&self) -> Shredder<'_> {
        Shredder::of(&self.layout, &self.asked)
    }

    /// Packs lines as one group.
    ///
    /// # Errors
    /// If Parquet does not take them.
    pub fn pack(
        &self,
        shredder: &mut Shredder<'_>,
        lines: &[u8],
    ) -> Result<PackedGroup, PackError> {
        let group = shredder.group(lines);
        Ok(encode::encode(&self.descriptor, &self.properties, group)?)
    }
}

/// A pack that is being written.
pub struct Writer<W: Write + Seek + Send> {
    file: SerializedFileWriter<PackSink<W>>,
    sums: String,
    /// Whether the last line lacked its end.
    torn: bool,
}

/// Where a pack goes: what is written behind a moment is also kept.
struct PackSink<W> {
    /// `None` once it was taken back.
    out: Option<W>,
    kept: Option<Vec<u8>>,
}

impl<W: Write> Write for PackSink<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.as_mut().ok_or(io::ErrorKind::BrokenPipe)?.write(bytes)?;
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(bytes.get(..count).unwrap_or_default());
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl<W: Write + Seek + Send> Writer<W> {
    /// Begins a pack.
    ///
    /// # Errors
    /// What `out` answers.
    pub fn begin(out: W, plan: &Plan) -> Result<Self, PackError> {
        let (schema, properties) = (Arc::clone(&plan.schema), Arc::clone(&plan.properties));
        let sink = PackSink { out: Some(out), kept: None };
        let mut file = SerializedFileWriter::new(sink, schema, properties)?;
        file.write_all(&[0; HEAD_BYTES])?;
        let layout = serde_json::to_string(&plan.layout).map_err(io::Error::from)?;
        file.append_key_value_metadata(KeyValue::new(LAYOUT_KEY.to_owned(), layout));
        Ok(Self { file, sums: String::new(), torn: false })
    }

    /// Appends a group. `torn`: its last line lacks its end.
    ///
    /// # Errors
    /// What the file answers.
    pub fn append(&mut self, group: PackedGroup, torn: bool) -> Result<(), PackError> {
        if group.rows == 0 {
            return Ok(());
        }
        self.torn = torn;
        let mut rows = self.file.next_row_group()?;
        for column in group.columns {
            rows.append_column(&column.bytes, column.close)?;
            // Writing to a string does not fail.
            let _ = write!(self.sums, "{:08x}", column.sum);
        }
        rows.close()?;
        Ok(())
    }

    /// Ends it, and writes in front what tells it from other files.
    ///
    /// # Errors
    /// What the file answers.
    pub fn finish(self) -> Result<W, PackError> {
        let Self { mut file, sums, torn } = self;
        file.append_key_value_metadata(KeyValue::new(SUMS_KEY.to_owned(), sums));
        file.append_key_value_metadata(KeyValue::new(TORN_KEY.to_owned(), torn.to_string()));
        file.flush()?;
        file.inner_mut().kept = Some(Vec::new());
        file.finish()?;
        file.flush()?;
        let PackSink { out, kept } = file.inner_mut();
        let mut out = out.take().ok_or(PackError::Truncated)?;
        let kept = kept.take().unwrap_or_default();
        let footer = footer(&kept).ok_or(PackError::Truncated)?;
        let sum = crc32fast::hash(footer);
        let head = [*MAGIC, VERSION.to_le_bytes(), sum.to_le_bytes()].concat();
        out.seek(SeekFrom::Start(PARQUET.len() as u64))?;
        out.write_all(&head)?;
        out.flush()?;
        Ok(out)
    }
}

/// The footer at the end of a file of Parquet, with its length and the bytes that end it.
fn footer(end: &[u8]) -> Option<&[u8]> {
    let (_, tail) = end.split_last_chunk::<TAIL_BYTES>()?;
    let start = end.len().checked_sub(footer_bytes(*tail)?)?;
    end.get(start..)
}

/// How many bytes of a file of Parquet are its footer, from its last bytes: with them.
#[must_use]
pub fn footer_bytes(tail: [u8; TAIL_BYTES]) -> Option<usize> {
    let [a, b, c, d, end @ ..] = tail;
    let count = usize::try_from(u32::from_le_bytes([a, b, c, d])).ok()?;
    (end == PARQUET).then_some(count + TAIL_BYTES)
}

impl From<ParquetError> for PackError {
    fn from(error: ParquetError) -> Self {
        let ParquetError::External(inner) = error else {
            return Self::Io(io::Error::other(error));
        };
        Self::Io(inner.downcast().map_or_else(io::Error::other, |error| *error))
    }
}
