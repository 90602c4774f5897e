//! One record among many, by its id.
//!
//! In:      sources, the beginning of an id.
//! Out:     the line of the record, and where it stands.
//! Imports: `runtime::record`.

use std::num::NonZero;
use std::sync::atomic::Ordering;

use crate::runtime::record::read::Record;
use crate::tools::replay::open::Source;
use crate::tools::replay::stream::{Chunk, Damage, Progress, run};

/// A record that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRecord {
    /// Which source.
    pub source: usize,
    /// The line, from 1.
    pub line: u64,
    /// Its id.
    pub id: String,
    /// The line of the record.
    pub bytes: Vec<u8>,
}

/// Most records that are told apart.
const FOUND_MAX: usize = 5;

/// The first records whose ids begin with `start`, in order. One with just that id ends the search,
/// and is the only answer.
pub fn find(
    sources: &[Source],
    (threads, progress): (NonZero<usize>, &Progress),
    start: &str,
    mut damaged: impl FnMut(Damage),
) -> Vec<FoundRecord> {
    let (mut found, mut exact): (Vec<FoundRecord>, _) = (Vec::new(), None);
    run(
        sources,
        (threads, progress),
        || (),
        |(), chunk| in_chunk(chunk, start),
        |taken| match taken {
            Ok((_, more)) => {
                // What was on its way when the search ended does not count.
                if exact.is_none() {
                    exact = more.iter().find(|record| record.id == start).cloned();
                    found.extend(more);
                    found.truncate(FOUND_MAX);
                }
                progress.stop.fetch_or(exact.is_some(), Ordering::Relaxed);
            }
            Err(damage) => damaged(damage),
        },
    );
    exact.map_or(found, |exact| vec![exact])
}

fn in_chunk(chunk: &Chunk, start: &str) -> Vec<FoundRecord> {
    let mut found = Vec::new();
    for (line, bytes) in (chunk.line..).zip(chunk.bytes.split(|byte| *byte == b'\n')) {
        let bytes = bytes.trim_ascii();
        let Ok(record) = Record::read(bytes) else { continue };
        let Some(id) = record.id.map(|id| id.text().into_owned()) else { continue };
        if id == start || id.starts_with(start) && found.len() < FOUND_MAX {
            found.push(FoundRecord { source: chunk.source, line, id, bytes: bytes.to_vec() });
        }
    }
    found
}
