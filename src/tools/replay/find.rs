//! One record among many, by its id.
//!
//! In:      sources, the beginning of an id.
//! Out:     the line of the record, and where it stands.
//! Imports: `runtime::record`, `tools::replay`.

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

/// The records whose ids begin with `start`, in order. One with just that id ends the search, and
/// is the only answer; so do two others.
pub fn find(
    sources: &[Source],
    (threads, progress): (NonZero<usize>, &Progress),
    start: &str,
    mut damaged: impl FnMut(Damage),
) -> Vec<FoundRecord> {
    let mut found: Vec<FoundRecord> = Vec::new();
    run(
        sources,
        (threads, progress),
        || (),
        |(), chunk| in_chunk(chunk, start),
        |taken| match taken {
            Ok((_, more)) => {
                found.extend(more);
                let exact = found.iter().position(|record| record.id == start);
                if let Some(at) = exact {
                    found = vec![found.swap_remove(at)];
                }
                if exact.is_some() || found.len() > 1 {
                    progress.stop.store(true, Ordering::Relaxed);
                }
            }
            Err(damage) => damaged(damage),
        },
    );
    // What was on its way when the search ended does not count.
    match found.iter().position(|record| record.id == start) {
        Some(at) => vec![found.swap_remove(at)],
        None => found,
    }
}

fn in_chunk(chunk: &Chunk, start: &str) -> Vec<FoundRecord> {
    let mut found = Vec::new();
    for (line, bytes) in (chunk.line..).zip(chunk.bytes.split(|byte| *byte == b'\n')) {
        let bytes = bytes.trim_ascii();
        let Ok(record) = Record::read(bytes) else { continue };
        let Some(id) = record.id.map(|id| id.text().into_owned()) else { continue };
        if id.starts_with(start) {
            found.push(FoundRecord { source: chunk.source, line, id, bytes: bytes.to_vec() });
        }
    }
    found
}
