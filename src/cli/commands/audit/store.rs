//! What the parts of `policyc audit` have in common: logs, checkpoints, what is wrong with them.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::base::limits::NOTE_BYTES_MAX;
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::sources::{shown, unread};
use crate::cli::terminal::Terminal;
use crate::cli::write::{over_an_input, write};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::runtime::audit::store::{FileError, Snapshot, Source as _};
use crate::runtime::audit::walk::WalkError;
use crate::tools::audit::checkpoint::OwnedCheckpoint;
use crate::tools::audit::findings;
use crate::tools::audit::summary::{CheckpointStatus, LogSummary, SummaryQuery, summarize};
use crate::tools::inputs;

/// The log in a directory, to be read.
///
/// # Errors
/// How the command ends, its words already written.
pub(super) fn log_in(terminal: &Terminal, path: &Path) -> Result<Snapshot, Exit> {
    let mut store = Snapshot::of(path).map_err(|error| unread(terminal, path, &error))?;
    let segments = store.list().map_err(|error| unlisted(terminal, path, &error))?;
    if segments.is_empty() {
        let fact = format!("`{}` holds no audit log", shown(path));
        let help = "an audit log is a directory of files such as 00000000000000000000.pdrb";
        let finding = Diagnostic::without_place(Code::Unreadable, fact).help(help);
        return Err(alone(terminal, &finding).max(Exit::Missing));
    }
    store.files().for_each(|file| inputs::note(&file));
    Ok(store)
}

/// Says which file of a log cannot be read, and how the command ends.
fn unlisted(terminal: &Terminal, log: &Path, error: &io::Error) -> Exit {
    match FileError::of(error) {
        Some(FileError { path, error }) => unread(terminal, path, error),
        None => unread(terminal, log, error),
    }
}

/// Writes what was made of a log to a file that is no part of it.
///
/// # Errors
/// How the command ends, its words already written.
pub(super) fn write_beside(
    terminal: &Terminal,
    store: &Snapshot,
    (path, text): (&Path, &str),
) -> Result<(), Exit> {
    let refused = |found: &Diagnostic| alone(terminal, found);
    if store.is_name(path) {
        return Err(refused(&over_an_input(path)));
    }
    write(path, text.as_bytes()).map_err(|found| refused(&found))
}

/// The bytes of a file, at most `most`.
///
/// # Errors
/// How the command ends, its words already written.
pub(super) fn bytes_of(terminal: &Terminal, path: &Path, most: usize) -> Result<Vec<u8>, Exit> {
    let mut bytes = Vec::new();
    inputs::note(path);
    let file = File::open(path).and_then(|file| file.take(most as u64 + 1).read_to_end(&mut bytes));
    file.map_err(|error| unread(terminal, path, &error))?;
    Ok(bytes)
}

/// A checkpoint that was kept in a file.
///
/// # Errors
/// How the command ends, its words already written.
pub(super) fn checkpoint_in(terminal: &Terminal, path: &Path) -> Result<OwnedCheckpoint, Exit> {
    let bytes = bytes_of(terminal, path, NOTE_BYTES_MAX)?;
    let wanted = "checkpoint";
    OwnedCheckpoint::read(&bytes)
        .ok_or_else(|| alone(terminal, &findings::unread(&shown(path), wanted)))
}

/// How a command ends that cannot read a log on, its words written.
pub(super) fn stopped(terminal: &Terminal, log: &Path, store: &Snapshot, why: &WalkError) -> Exit {
    match why {
        WalkError::Storage(error) => unlisted(terminal, log, error),
        WalkError::Damage(damage) => {
            let segment = shown(&store.path_of(damage.segment));
            alone(terminal, &findings::damage(damage, &segment)).max(Exit::Integrity)
        }
    }
}

/// Reads a log, which must hold what the kept checkpoint says.
///
/// # Errors
/// How the command ends, its words already written.
pub(super) fn looked_at(
    terminal: &Terminal,
    (log, store): (&Path, &mut Snapshot),
    asked: SummaryQuery<'_>,
) -> Result<LogSummary, Exit> {
    let (kept, looked) = (asked.kept, summarize(store, asked));
    let (looked, held) = looked.map_err(|why| stopped(terminal, log, store, &why))?;
    let Some((kept, held)) = kept.zip(held) else { return Ok(looked) };
    match findings::unheld(&held, kept, (&shown(log), looked.whole.lines())) {
        None => Ok(looked),
        Some(finding) => {
            let exit = alone(terminal, &finding);
            Err(exit.max(if held == CheckpointStatus::InFront {
                Exit::Missing
            } else {
                Exit::Integrity
            }))
        }
    }
}
