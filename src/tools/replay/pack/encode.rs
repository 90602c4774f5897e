//! A group as the bytes of Parquet.
//!
//! In:      a layout; a group.
//! Out:     the schema; every column of the group packed, with its sum.
//! Imports: its own room alone.
//!
//! The bytes hang on the rows alone, so columns may be packed on any thread. Dictionaries take any
//! number of values: whoever evaluates columns asks each value once.

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::column::writer::{ColumnCloseResult, ColumnWriter, get_column_writer};
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::{ColumnPath, SchemaDescriptor, Type, TypePtr};

use crate::tools::replay::pack::group::{Data, Group, GroupColumn};
use crate::tools::replay::pack::layout::{Column, Kind, LINE, Layout};

/// Most bytes of a dictionary: no group has as many.
const DICTIONARY_BYTES: usize = 1 << 30;
/// Columns whose values hardly repeat.
const UNIQUE: &[&str] = &["id", "ts", "now", "number", "parent", "rest"];

/// Whether every row has a value in a column.
#[must_use]
pub fn is_required(layout: &Layout, column: usize) -> bool {
    column == LINE || column == layout.rest()
}

/// The schema of a pack.
///
/// # Errors
/// If the names of columns are none that Parquet takes.
pub fn schema(layout: &Layout) -> Result<TypePtr> {
    let fields: Result<Vec<TypePtr>> = layout
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| field(column, is_required(layout, at)).map(Arc::new))
        .collect();
    Type::group_type_builder("records").with_fields(fields?).build().map(Arc::new)
}

fn field(column: &Column, required: bool) -> Result<Type> {
    let repetition = if required { Repetition::REQUIRED } else { Repetition::OPTIONAL };
    let plain = |physical, logical: Option<LogicalType>| {
        let field = Type::primitive_type_builder(&column.name, physical);
        field.with_repetition(repetition).with_logical_type(logical).build()
    };
    match column.kind {
        Kind::Text => plain(Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Json => plain(Physical::BYTE_ARRAY, Some(LogicalType::Json)),
        Kind::Int => plain(Physical::INT64, None),
        Kind::Double => plain(Physical::DOUBLE, None),
        Kind::Bool => plain(Physical::BOOLEAN, None),
        Kind::Time => plain(Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::NANOS))),
        Kind::Digest | Kind::Bytes => plain(Physical::BYTE_ARRAY, None),
        Kind::Texts => {
            let element = Type::primitive_type_builder("element", Physical::BYTE_ARRAY)
                .with_repetition(Repetition::REQUIRED)
                .with_logical_type(Some(LogicalType::String))
                .build()?;
            let list = Type::group_type_builder("list")
                .with_repetition(Repetition::REPEATED)
                .with_fields(vec![Arc::new(element)])
                .build()?;
            Type::group_type_builder(&column.name)
                .with_repetition(repetition)
                .with_logical_type(Some(LogicalType::List))
                .with_fields(vec![Arc::new(list)])
                .build()
        }
    }
}

/// How columns are packed.
///
/// # Errors
/// Never; levels of zstd are checked by their type.
pub fn properties() -> Result<WriterPropertiesPtr> {
    let mut all = WriterProperties::builder()
        .set_created_by("policyc".to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_offset_index_disabled(true)
        .set_statistics_enabled(EnabledStatistics::Chunk);
    for name in UNIQUE {
        all = all.set_column_dictionary_enabled(ColumnPath::from(*name), false);
    }
    all = all.set_column_statistics_enabled(ColumnPath::from("rest"), EnabledStatistics::None);
    Ok(Arc::new(all.build()))
}

/// A column of a group, packed.
#[derive(Clone, Debug)]
pub struct PackedColumn {
    /// Its pages.
    pub bytes: Bytes,
    /// CRC-32 of them.
    pub sum: u32,
    /// What the footer says of it.
    pub close: ColumnCloseResult,
}

/// A group, packed.
#[derive(Clone, Debug, Default)]
pub struct PackedGroup {
    /// Its columns, as the layout has them.
    pub columns: Vec<PackedColumn>,
    /// How many rows.
    pub rows: usize,
}

/// Packs a group.
///
/// # Errors
/// If its columns are not those of the schema.
pub fn encode(
    schema: &SchemaDescriptor,
    properties: &WriterPropertiesPtr,
    group: Group,
) -> Result<PackedGroup> {
    let rows = group.rows;
    let pack = |(at, column): (usize, GroupColumn)| {
        let mut sink = TrackedWrite::new(Vec::new());
        let pages = Box::new(SerializedPageWriter::new(&mut sink));
        let writer = get_column_writer(schema.column(at), Arc::clone(properties), pages);
        let close = write(writer, column)?;
        let bytes = Bytes::from(sink.into_inner()?);
        Ok(PackedColumn { sum: crc32fast::hash(&bytes), bytes, close })
    };
    let columns: Result<Vec<PackedColumn>> =
        group.columns.into_iter().enumerate().map(pack).collect();
    Ok(PackedGroup { columns: columns?, rows })
}

fn write(writer: ColumnWriter<'_>, column: GroupColumn) -> Result<ColumnCloseResult> {
    let (levels, repeats) = (Some(column.levels.as_slice()), Some(column.repeats.as_slice()));
    match (writer, column.data) {
        (ColumnWriter::ByteArrayColumnWriter(mut writer), Data::Bytes(all, ends)) => {
            let all = Bytes::from(all);
            let mut from = 0;
            let part = |end: &usize| {
                let part = all.slice(from..*end);
                from = *end;
                ByteArray::from(part)
            };
            let values: Vec<ByteArray> = ends.iter().map(part).collect();
            writer.write_batch(&values, levels, repeats)?;
            writer.close()
        }
        (ColumnWriter::Int64ColumnWriter(mut writer), Data::Ints(all)) => {
            writer.write_batch(&all, levels, repeats)?;
            writer.close()
        }
        (ColumnWriter::DoubleColumnWriter(mut writer), Data::Doubles(all)) => {
            writer.write_batch(&all, levels, repeats)?;
            writer.close()
        }
        (ColumnWriter::BoolColumnWriter(mut writer), Data::Bools(all)) => {
            writer.write_batch(&all, levels, repeats)?;
            writer.close()
        }
        _ => Err(ParquetError::General("a column of another kind".to_owned())),
    }
}
