//! `policyc eval --session`: the decisions of a session, event by event.

use std::io;
use std::path::Path;

use crate::cli::exit::Exit;
use crate::cli::record::{RecordFile, new_id};
use crate::cli::terminal::Terminal;
use crate::diag::diagnostic::Diagnostic;
use crate::lang::decision::Effect;
use crate::runtime::program::Program;
use crate::tools::project::{read_bytes, read_to};
use crate::tools::report::session::{draw, to_json};
use crate::tools::session::{Journal, run};

/// Most bytes of a file of events.
const EVENTS_BYTES_MAX: usize = 1 << 30;

/// The events of a file, or of standard input.
pub(super) fn events(path: &Path) -> io::Result<Vec<u8>> {
    if path.as_os_str() != "-" {
        return read_bytes(path, EVENTS_BYTES_MAX);
    }
    let mut bytes = Vec::new();
    read_to(&mut io::stdin().lock(), EVENTS_BYTES_MAX, &mut bytes)?;
    Ok(bytes)
}

/// Decides about the session, records it where that is asked for, and tells it. A line that is no
/// event ends the command as a context does that cannot be read.
///
/// # Errors
/// Where records cannot be written.
pub(super) fn evaluate_session(
    terminal: &Terminal,
    program: &Program,
    (events, records): (&[u8], Option<RecordFile>),
    (as_json, fail_on_deny): (bool, bool),
) -> Result<Exit, Box<Diagnostic>> {
    let mut exit = Exit::Done;
    let mut records = records;
    let (id, _) = new_id();
    let journal = records.as_mut().map(|records| (id.as_str(), records as &mut dyn Journal));
    let mut is_empty = true;
    let ran = run(program, events, journal, |told| {
        is_empty = false;
        let text = if as_json { to_json(told) } else { draw(told, terminal.style) };
        terminal.result(&text);
        if fail_on_deny && told.effect() == Some(Effect::Deny) {
            exit = exit.max(Exit::Findings);
        }
        if told.seq.is_none() {
            exit = exit.max(Exit::CouldNotRun);
        }
    });
    // What was told before stays recorded.
    let kept = records.map_or(Ok(()), RecordFile::finish);
    ran.and(kept)?;
    if is_empty {
        terminal.notice("  there are no events: nothing was decided\n");
    }
    Ok(exit)
}
