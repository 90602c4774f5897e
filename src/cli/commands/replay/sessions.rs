//! Sessions that were recorded, each as a whole: for commands that learn from them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::cli::bundles::Settings;
use crate::cli::commands::replay::input::{Stream, sources_of};
use crate::cli::commands::replay::step::in_chunk;
use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;
use crate::runtime::record::read::Record;
use crate::tools::replay::events::{IncompleteSession, SessionEvent, events};
use crate::tools::replay::filter::Filter;
use crate::tools::replay::stream::Chunk;

/// A session: its id, and its events, or why it is not whole.
type SessionResult = (String, Result<Vec<SessionEvent>, IncompleteSession>);

/// The sessions in records, by their ids.
///
/// # Errors
/// How the command ends, its words already written.
pub(in crate::cli::commands) fn sessions(
    terminal: &Terminal,
    records: &[PathBuf],
) -> Result<Vec<SessionResult>, Exit> {
    let settings = Settings::read(terminal)?;
    let sources = sources_of(terminal, &settings, records)?;
    let filter = Filter::default();
    let stream =
        Stream { terminal, sources: &sources, threads: None, filter: &filter, progress: false };
    let mut lines: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    let work = |(): &mut (), chunk: &Chunk| in_chunk(chunk, "");
    let ran = stream.run(
        || (),
        work,
        |more, _| {
            for (id, line) in more {
                lines.entry(id).or_default().push(line.bytes);
            }
        },
    );
    if ran.broken > Exit::Done {
        return Err(ran.broken);
    }
    let whole = |lines: &[Vec<u8>]| {
        let records: Vec<Record<'_>> =
            lines.iter().filter_map(|line| Record::read(line).ok()).collect();
        let numbers = records.iter().filter_map(|record| record.session);
        let last = numbers.map(|session| session.step).max().unwrap_or(0);
        events(&records, last, None)
    };
    Ok(lines.into_iter().map(|(id, lines)| (id, whole(&lines))).collect())
}
