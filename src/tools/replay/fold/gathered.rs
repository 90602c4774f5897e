//! Lines of records of sessions, gathered to be folded in order.
//!
//! In:      records, in the order of the input.
//! Out:     of each shard its events, in the same order.
//! Imports: `runtime::record`.
//!
//! Lines of a shard lie one behind the other, as they are folded: so the memory that comes next is
//! known to the processor.

use std::collections::BTreeSet;

use crate::runtime::record::outline::{EventLine, EventOutline};
use crate::runtime::record::read::Record;
use crate::tools::replay::fold::SHARDS;
use crate::tools::replay::sketch::hash;
use crate::tools::replay::store::Digest;
use crate::tools::replay::stream::Chunk;

/// Where a line stands, and whether it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinePlace {
    /// Which source.
    pub source: usize,
    /// The line, from 1.
    pub line: u64,
    /// Whether it counts.
    pub counts: bool,
}

/// Lines of records of sessions, in order.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// Bytes that all of them have together at most.
    most: usize,
    /// Those of each shard; none where there are no lines.
    shards: Vec<Lines>,
    bundles: BTreeSet<Digest>,
    bytes: usize,
}

/// Lines of a shard.
#[derive(Clone, Debug, Default)]
struct Lines {
    bytes: Vec<u8>,
    rows: Vec<Row>,
}

/// A line. It begins where the one before has ended.
#[derive(Clone, Copy, Debug)]
struct Row {
    stands: LinePlace,
    outline: EventOutline,
    end: usize,
}

impl Gathered {
    /// None yet, of a chunk.
    #[must_use]
    pub fn of(chunk: &Chunk) -> Self {
        Self { most: chunk.bytes.len(), ..Self::default() }
    }

    /// Adds a record, if it is one of a session.
    pub fn add(&mut self, stands: LinePlace, record: &Record<'_>) -> bool {
        let (Some(session), Some(outline)) = (record.session, EventOutline::of(record)) else {
            return false;
        };
        if self.shards.is_empty() {
            self.shards.resize_with(SHARDS, Lines::default);
        }
        let hash = hash(session.id.text().as_bytes());
        let shard = usize::try_from(hash % SHARDS as u64).unwrap_or_default();
        let Some(Lines { bytes, rows }) = self.shards.get_mut(shard) else { return false };
        if rows.is_empty() {
            // As much as each has if all have as much.
            bytes.reserve_exact(self.most / SHARDS + record.line.len());
        }
        bytes.extend_from_slice(record.line);
        rows.push(Row { stands, outline, end: bytes.len() });
        self.bytes += record.line.len();
        self.bundles.extend(record.bundle.and_then(|bundle| bundle.digest));
        true
    }

    /// How many bytes they have together.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The bundles that they name.
    pub(super) fn bundles(&self) -> impl Iterator<Item = Digest> {
        self.bundles.iter().copied()
    }

    /// The events of a shard.
    pub(super) fn events(&self, shard: usize) -> impl Iterator<Item = (EventLine<'_>, LinePlace)> {
        let mut from = 0;
        let lines = self.shards.get(shard);
        lines.into_iter().flat_map(|lines| lines.rows.iter().map(move |row| (lines, row))).map(
            move |(lines, row)| {
                let line = lines.bytes.get(from..row.end).unwrap_or_default();
                from = row.end;
                (row.outline.on(line), row.stands)
            },
        )
    }
}
