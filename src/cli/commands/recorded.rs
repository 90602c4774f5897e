//! Recorded sessions, for commands that go by what was done.

use std::io;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use crate::cli::commands::eval_session::events;
use crate::cli::commands::learn::words;
use crate::cli::commands::replay::sessions::sessions;
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::sources::{shown, unread};
use crate::cli::terminal::Terminal;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::runtime::session::event::Event;
use crate::tools::learn::{LearnFault, Recorded};
use crate::tools::replay::events::{IncompleteSession, SessionEvent};

/// Sessions that lints go by.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Recorded sessions")]
pub(super) struct RecordedSessions {
    /// Lint by what sessions did, too: files of events, one session each, and directories of
    /// `.jsonl` files.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["fix", "fix_only", "diff"])]
    sessions: Vec<PathBuf>,
    /// Likewise, by records of sessions.
    #[arg(long, value_name = "SRC", conflicts_with_all = ["fix", "fix_only", "diff"])]
    records: Vec<PathBuf>,
}

impl RecordedSessions {
    /// Whether any are named.
    pub(super) const fn is_named(&self) -> bool {
        !self.sessions.is_empty() || !self.records.is_empty()
    }

    /// The sessions.
    ///
    /// # Errors
    /// How the command ends, its words already written.
    pub(super) fn read(&self, terminal: &Terminal) -> Result<Vec<Recorded>, Exit> {
        let mut found = of_files(terminal, &self.sessions)?;
        for Recorded { name, lines } in &found {
            for (number, line) in (1..).zip(lines.split(|byte| *byte == b'\n')) {
                let line = line.trim_ascii();
                if let (false, Err(fault)) = (line.is_empty(), Event::read(line)) {
                    let fault = LearnFault::Line(name.clone(), number, fault.to_string());
                    return Err(alone(terminal, &words(&fault)));
                }
            }
        }
        if !self.records.is_empty() {
            for (name, happened) in whole(terminal, &self.records)? {
                let lines = happened.iter().flat_map(|it| [it.event.line(), "\n".to_owned()]);
                found.push(Recorded { name, lines: lines.collect::<String>().into_bytes() });
            }
        }
        Ok(found)
    }
}

/// The sessions in files of events.
///
/// # Errors
/// How the command ends, its words already written.
pub(super) fn of_files(terminal: &Terminal, paths: &[PathBuf]) -> Result<Vec<Recorded>, Exit> {
    let mut sessions = Vec::new();
    for path in paths {
        for path in files(path).map_err(|error| unread(terminal, path, &error))? {
            let lines = events(&path).map_err(|error| unread(terminal, &path, &error))?;
            sessions.push(Recorded { name: shown(&path), lines });
        }
    }
    Ok(sessions)
}

/// The sessions in records: their ids and events.
///
/// # Errors
/// How the command ends, its words already written: where one is not whole, or there is none.
pub(super) fn whole(
    terminal: &Terminal,
    records: &[PathBuf],
) -> Result<Vec<(String, Vec<SessionEvent>)>, Exit> {
    let all = sessions(terminal, records)?;
    if all.is_empty() {
        let fact = "none of the records is of a session";
        let help = "name records of sessions, as `policyc eval --session EVENTS --record FILE` \
                    writes them";
        let finding = Diagnostic::without_place(Code::Unlearned, fact.to_owned()).help(help);
        return Err(alone(terminal, &finding));
    }
    let one = |(id, happened): (String, Result<_, IncompleteSession>)| match happened {
        Ok(happened) => Ok((id, happened)),
        Err(why) => {
            let fact = format!("session `{id}` cannot be learned from: {}", why.words());
            let help = "name all records of the session, or leave it out";
            Err(alone(terminal, &Diagnostic::without_place(Code::Unlearned, fact).help(help)))
        }
    };
    all.into_iter().map(one).collect()
}

/// The files of sessions that a path names, in order.
fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut walk = WalkBuilder::new(path);
    walk.standard_filters(false).follow_links(true).sort_by_file_path(Path::cmp);
    let mut found = Vec::new();
    for entry in walk.build() {
        let path = entry.map_err(io::Error::other)?.into_path();
        if path.extension().is_some_and(|ending| ending == "jsonl") && !path.is_dir() {
            found.push(path);
        }
    }
    Ok(found)
}
