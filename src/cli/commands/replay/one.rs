//! One record that is named: what the parts of `policyc replay` about it have in common.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value as Json;

use crate::base::limits::RECORD_BYTES_MAX;
use crate::cli::bundles::{Settings, unusable_exit};
use crate::cli::commands::replay::input::{Bundles, Stream, sources_of};
use crate::cli::commands::replay::step::in_chunk;
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::sources::{shown, unread};
use crate::cli::terminal::Terminal;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::runtime::program::Program;
use crate::runtime::record::read::{Input, Record};
use crate::tools::inspect::digest_text;
use crate::tools::project::read_bytes;
use crate::tools::replay::engine::Engine;
use crate::tools::replay::events::{IncompleteSession, SessionEvent, events};
use crate::tools::replay::filter::Filter;
use crate::tools::replay::findings;
use crate::tools::replay::redecide::Obstacle;
use crate::tools::replay::store::Store;
use crate::tools::replay::stream::Chunk;
use crate::tools::replay::verify::Found;

/// Most ids that are told where several begin alike.
const IDS_TOLD_MAX: usize = 4;

/// A record that is named.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Named {
    /// The beginning of a record's id; `@FILE` or `-` for a record alone.
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
    /// Where records lie; else `records` of `[replay]`.
    #[arg(long, value_name = "SRC")]
    records: Vec<PathBuf>,
    #[command(flatten)]
    bundles: Bundles,
}

/// A record that was found.
#[derive(Debug)]
pub(super) struct NamedRecord {
    /// What people call it: `calls.jsonl:12`.
    pub(super) name: String,
    /// Its line.
    line: Vec<u8>,
    store: Store,
}

impl Named {
    /// Finds the one that is named.
    ///
    /// # Errors
    /// How the command ends, its words already written.
    pub(super) fn find(
        &self,
        terminal: &Terminal,
        settings: &Settings,
    ) -> Result<NamedRecord, Exit> {
        match self.ids.as_slice() {
            [id] => self.find_one(terminal, settings, id),
            several => {
                let fact = format!("{} records are named, and one is asked for", several.len());
                Err(alone(terminal, &Diagnostic::without_place(Code::BadUsage, fact)))
            }
        }
    }

    /// Finds all that are named.
    ///
    /// # Errors
    /// As `find`.
    pub(super) fn find_all(
        &self,
        terminal: &Terminal,
        settings: &Settings,
    ) -> Result<Vec<NamedRecord>, Exit> {
        self.ids.iter().map(|id| self.find_one(terminal, settings, id)).collect()
    }

    /// The events of the session of a record, up to its own.
    ///
    /// # Errors
    /// How the command ends, its words already written.
    pub(super) fn events(
        &self,
        terminal: &Terminal,
        settings: &Settings,
        (wanted, record): (&NamedRecord, &Record<'_>),
    ) -> Result<Vec<SessionEvent>, Exit> {
        let Some(session) = record.session.filter(|_| record.event.is_some()) else {
            return Ok(Vec::new());
        };
        let id = session.id.text();
        let sources = sources_of(terminal, settings, &self.records)?;
        let filter = Filter::default();
        let stream =
            Stream { terminal, sources: &sources, threads: None, filter: &filter, progress: false };
        let mut lines: Vec<Vec<u8>> = Vec::new();
        let work = |(): &mut (), chunk: &Chunk| in_chunk(chunk, &id);
        let ran = stream.run(
            || (),
            work,
            |more, _| {
                let own = more.into_iter().filter(|(own, _)| *own == id);
                lines.extend(own.map(|(_, line)| line.bytes));
            },
        );
        if ran.broken > Exit::Done {
            return Err(ran.broken);
        }
        let records: Vec<Record<'_>> =
            lines.iter().filter_map(|line| Record::read(line).ok()).collect();
        let found = events(&records, session.step, wanted.store.only());
        found.map_err(|why| {
            let fact = format!(
                "the session of `{}` cannot be taken in anew: {}",
                wanted.name,
                why.words()
            );
            let help = match why {
                IncompleteSession::Withheld(_) => {
                    "the bundle withholds what its sessions hold, so no record of one can be \
                     folded again: `policyc replay explain` tells what the record says"
                }
                IncompleteSession::Missing(_)
                | IncompleteSession::Twice(_)
                | IncompleteSession::Unreadable(_)
                | IncompleteSession::Bundle(_)
                | IncompleteSession::Engine(_) => {
                    "`--records` names where all records of the session lie"
                }
            };
            let _ = alone(terminal, &Diagnostic::without_place(Code::BadRecord, fact).help(help));
            Exit::Inconclusive
        })
    }

    fn find_one(
        &self,
        terminal: &Terminal,
        settings: &Settings,
        id: &str,
    ) -> Result<NamedRecord, Exit> {
        let store = self.bundles.store(terminal, settings)?;
        if let Some(path) = id.strip_prefix('@') {
            let path = Path::new(path);
            let line = read_bytes(path, RECORD_BYTES_MAX);
            let line = line.map_err(|error| unread(terminal, path, &error))?;
            return Ok(NamedRecord { name: shown(path), line, store });
        }
        if id == "-" {
            let mut line = Vec::new();
            let enough = RECORD_BYTES_MAX as u64 + 1;
            let read = io::stdin().lock().take(enough).read_to_end(&mut line);
            read.map_err(|error| unread(terminal, Path::new("-"), &error))?;
            return Ok(NamedRecord { name: "-".to_owned(), line, store });
        }
        let sources = sources_of(terminal, settings, &self.records)?;
        let filter = Filter::default();
        let stream =
            Stream { terminal, sources: &sources, threads: None, filter: &filter, progress: false };
        let (found, broken) = stream.find(id);
        match <[_; 1]>::try_from(found) {
            Ok([found]) => {
                let name = sources.get(found.source).map_or("", |source| source.name.as_str());
                Ok(NamedRecord { name: format!("{name}:{}", found.line), line: found.bytes, store })
            }
            Err(found) if found.is_empty() => {
                let fact = format!("no record's id begins with `{id}`");
                let help = "`--records` says where records lie, and `policyc replay step SESSION` \
                            lists those of a session";
                let finding = Diagnostic::without_place(Code::BadUsage, fact).help(help);
                Err(alone(terminal, &finding).max(Exit::Missing).max(broken))
            }
            Err(found) => {
                let fact = format!("several ids begin with `{id}`");
                let ids = found.iter().take(IDS_TOLD_MAX).map(|found| found.id.as_str());
                let more = if found.len() > IDS_TOLD_MAX { ", .." } else { "" };
                let ids = ids.collect::<Vec<_>>().join(", ");
                let help = format!("write more of it: {ids}{more}");
                let finding = Diagnostic::without_place(Code::BadUsage, fact).help(help);
                Err(alone(terminal, &finding))
            }
        }
    }
}

impl NamedRecord {
    /// The record.
    ///
    /// # Errors
    /// How the command ends, its words already written.
    pub(super) fn record(&self, terminal: &Terminal) -> Result<Record<'_>, Exit> {
        let record = Record::read(self.line.trim_ascii()).map_err(|what| {
            let found = Found { source: 0, line: 1, what };
            alone(terminal, &findings::fault(&found, &self.name))
        })?;
        let declared = if record.replayable { Ok(()) } else { Err(Obstacle::Declared) };
        let known = Engine::of(&record).check().and(declared);
        known.map_err(|obstacle| self.obstructed(terminal, &obstacle))?;
        Ok(record)
    }

    /// What was decided about, as typed JSON.
    ///
    /// # Errors
    /// How the command ends, its words already written.
    pub(super) fn context(&self, terminal: &Terminal, record: &Record<'_>) -> Result<Json, Exit> {
        let unread = || {
            let why = "its context was refused, and stands as the bytes that came: none of its \
                       members is known";
            self.cannot(terminal, "taken apart", why)
        };
        let Input::Context(typed, _) = record.input else { return Err(unread()) };
        serde_json::from_slice(typed).map_err(|_| unread())
    }

    /// The program that made it.
    ///
    /// # Errors
    /// How the command ends, its words already written.
    pub(super) fn program(
        &self,
        terminal: &Terminal,
        record: &Record<'_>,
    ) -> Result<Arc<Program>, Exit> {
        let digest = record.bundle.and_then(|bundle| bundle.digest);
        let digest = digest.or_else(|| self.store.only());
        let digest = digest.ok_or_else(|| self.obstructed(terminal, &Obstacle::NoBundle))?;
        let name = digest_text(&digest);
        self.store.get(digest).map_err(|unusable| unusable_exit(terminal, &name, &unusable))
    }

    /// Says why it cannot be decided again, and how the command ends.
    pub(super) fn obstructed(&self, terminal: &Terminal, obstacle: &Obstacle) -> Exit {
        self.stopped(terminal, &obstacle.words())
    }

    /// Says why nothing can be done with it, and how the command ends.
    pub(super) fn stopped(&self, terminal: &Terminal, why: &str) -> Exit {
        self.cannot(terminal, "replayed", why)
    }

    /// Says why something cannot be done with it, and how the command ends.
    pub(super) fn cannot(&self, terminal: &Terminal, what: &str, why: &str) -> Exit {
        let fact = format!("`{}` cannot be {what}: {why}", self.name);
        let finding = Diagnostic::without_place(Code::BadRecord, fact);
        let _ = alone(terminal, &finding);
        Exit::Inconclusive
    }
}
