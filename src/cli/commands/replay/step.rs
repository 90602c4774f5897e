//! `policyc replay step`: a session, call by call.

use std::collections::BTreeSet;
use std::io::{IsTerminal, stdin, stdout};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{ArgMatches, Args};
use serde_json::Value as Json;

use crate::base::arrange::gathered;
use crate::cli::Command;
use crate::cli::bundles::{Settings, stored_exit};
use crate::cli::commands::replay::input::{Bundles, Stream, StreamEnd, sources_of};
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::root::with_options;
use crate::cli::screen::{ScreenExit, show};
use crate::cli::terminal::Terminal;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::runtime::program::Program;
use crate::runtime::record::read::{Input, Record};
use crate::tools::bench::subject::reads_time;
use crate::tools::replay::cases::{case, file};
use crate::tools::replay::explain::{Explanation, explain};
use crate::tools::replay::filter::Filter;
use crate::tools::replay::flip::{FlipQuery, flip};
use crate::tools::replay::plain::plain;
use crate::tools::replay::redecide::{Obstacle, moment};
use crate::tools::replay::step::desk::Sheet;
use crate::tools::replay::step::{Call, CallVerdict, Line, Session, session};
use crate::tools::replay::store::{Digest, Store};
use crate::tools::replay::stream::Chunk;
use crate::tools::report::paint::Style;
use crate::tools::report::replay::{flip as flipped, step as drawn};
use crate::tools::report::why::source::draw;
use crate::tools::report::why::{DecisionExplanation, full};

/// The row of this part.
pub const COMMAND: Command = Command {
    name: "step",
    group: "replay",
    short: "a session, call by call",
    about: "Go through the recorded calls of a session, on the whole screen or as a table",
    usage: "SESSION [OPTIONS]",
    examples: &[
        ("policyc replay step s-77af --records logs --bundle prod", "? tells the keys"),
        ("policyc replay step s-77af --to new --plain", "a table; where a candidate parts"),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    /// The beginning of the session's id: `ses.id` of its records.
    #[arg(value_name = "SESSION")]
    session: String,
    /// Where records lie; else `records` of `[replay]`.
    #[arg(long, value_name = "SRC")]
    records: Vec<PathBuf>,
    #[command(flatten)]
    bundles: Bundles,
    /// A candidate, which decides about the same calls, each alone: a path, git:REV, or a name of
    /// `[bundles]`.
    #[arg(long, value_name = "BUNDLE")]
    to: Option<String>,
    /// A table, as where there is no terminal.
    #[arg(long)]
    plain: bool,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    with_options(matches, terminal, stepped)
}

fn stepped(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let settings = Settings::read(terminal)?;
    let store = options.bundles.store(terminal, &settings)?;
    let candidate = options.to.as_deref().map(|name| settings.bundle(terminal, &store, name));
    let candidate = candidate.transpose()?.map(Arc::new);
    let (id, lines, broken) = found(terminal, &settings, options)?;
    let session = session(&id, lines, &store, candidate.as_ref());
    let broken = broken.max(unstored(terminal, &session, &store));
    if options.plain || !stdout().is_terminal() || !stdin().is_terminal() {
        terminal.result(&drawn::plain(&session, terminal.style));
        return Ok(broken);
    }
    let mut tell = |call: &Call, sheet: Sheet, candidate_decides: bool, width: usize| {
        let other = candidate.as_ref().filter(|_| candidate_decides);
        sheet_text(call, sheet, other, &store, width).unwrap_or_else(|why| format!("{why}\n"))
    };
    match show(&session, terminal.style.colour, &mut tell) {
        Ok(ScreenExit::Done) => Ok(broken),
        Ok(ScreenExit::Interrupted) => Ok(broken.max(Exit::Interrupted)),
        Err(error) => {
            let fact = format!("the terminal cannot be drawn on: {error}");
            let finding = Diagnostic::without_place(Code::Unreadable, fact);
            Err(alone(terminal, &finding.help("`--plain` prints a table")))
        }
    }
}

/// Says which bundles of a session nobody has, and how the command ends.
fn unstored(terminal: &Terminal, session: &Session, store: &Store) -> Exit {
    let wanted = session.calls.iter().filter_map(|call| match call.replayed {
        CallVerdict::Not(Obstacle::MissingBundle(digest) | Obstacle::UnusableBundle(digest)) => {
            Some(digest)
        }
        CallVerdict::Not(_)
        | CallVerdict::Decided { .. }
        | CallVerdict::Undetermined(_)
        | CallVerdict::Nothing => None,
    });
    let wanted: BTreeSet<Digest> = gathered(wanted);
    let exits = wanted.into_iter().map(|digest| stored_exit(terminal, store, digest));
    exits.max().unwrap_or_default()
}

/// The session that is named, and how the command ends because of what is damaged.
///
/// # Errors
/// How the command ends, its words already written.
fn found(
    terminal: &Terminal,
    settings: &Settings,
    options: &Options,
) -> Result<(String, Vec<Line>, Exit), Exit> {
    let start = &options.session;
    let sources = sources_of(terminal, settings, &options.records)?;
    let filter = Filter::default();
    let stream =
        Stream { terminal, sources: &sources, threads: None, filter: &filter, progress: false };
    let mut lines: Vec<(String, Line)> = Vec::new();
    let work = |(): &mut (), chunk: &Chunk| in_chunk(chunk, start);
    let StreamEnd { broken, .. } = stream.run(|| (), work, |more, _| lines.extend(more));
    let ids: BTreeSet<String> = gathered(lines.iter().map(|(id, _)| id.clone()));
    let id = match (ids.get(start), ids.len()) {
        (Some(id), _) => id.clone(),
        (None, 1) => ids.first().cloned().unwrap_or_default(),
        (None, 0) => {
            let fact = format!("no session's id begins with `{start}`");
            let finding = Diagnostic::without_place(Code::BadUsage, fact);
            let finding = finding.help("`--records` says where records lie");
            return Err(alone(terminal, &finding).max(Exit::Missing).max(broken));
        }
        (None, _) => {
            let fact = format!("several sessions' ids begin with `{start}`");
            let some: Vec<&str> = ids.iter().take(4).map(String::as_str).collect();
            let finding = Diagnostic::without_place(Code::BadUsage, fact);
            let help = format!("write more of it: {}", some.join(", "));
            return Err(alone(terminal, &finding.help(help)));
        }
    };
    lines.retain(|(own, _)| *own == id);
    Ok((id, lines.into_iter().map(|(_, line)| line).collect(), broken))
}

/// The records of a chunk whose session's id begins with `start`.
pub(super) fn in_chunk(chunk: &Chunk, start: &str) -> Vec<(String, Line)> {
    let mut found = Vec::new();
    for (line, bytes) in (chunk.line..).zip(chunk.bytes.split(|byte| *byte == b'\n')) {
        let bytes = bytes.trim_ascii();
        let Ok(record) = Record::read(bytes) else { continue };
        let Some(session) = record.session else { continue };
        let id = session.id.text();
        if id.starts_with(start) {
            let line = Line { source: chunk.source, line, bytes: bytes.to_vec() };
            found.push((id.into_owned(), line));
        }
    }
    found
}

/// What a sheet says of a call, decided by its own bundle or by another.
///
/// # Errors
/// Why it says nothing, in words.
fn sheet_text(
    call: &Call,
    sheet: Sheet,
    other: Option<&Arc<Program>>,
    store: &Store,
    width: usize,
) -> Result<String, String> {
    let record = Record::read(&call.line.bytes).map_err(|error| error.fault.to_string())?;
    let digest = record.bundle.and_then(|bundle| bundle.digest).or_else(|| store.only());
    let program = match (other, digest) {
        (Some(program), _) => Arc::clone(program),
        (None, Some(digest)) => store.get(digest).map_err(|_| "the bundle is in no store")?,
        (None, None) => return Err("no bundle is named".to_owned()),
    };
    if record.event.is_some() && matches!(sheet, Sheet::Flip | Sheet::Test) {
        let id = &call.id;
        let flip = ("flip", "looks for what would flip it");
        let test = ("test", "makes a test of all of it");
        let (part, what) = if sheet == Sheet::Flip { flip } else { test };
        return Err(format!(
            "it hangs on what happened before; `policyc replay {part} {id}` {what}"
        ));
    }
    let style = Style { colour: false, width };
    let typed = || match record.input {
        Input::Context(typed, _) => {
            serde_json::from_slice::<Json>(typed).map_err(|error| error.to_string())
        }
        Input::Raw(..) => Err("the context is no JSON".to_owned()),
    };
    let hosts = record.hosts();
    let moment = moment(&record, reads_time(&program), hosts.as_ref());
    let moment = moment.map_err(|obstacle| obstacle.words())?;
    match sheet {
        Sheet::Help => Ok(String::new()),
        Sheet::Why | Sheet::Explanation => {
            let explained = explain(&record, &program, false).map_err(|it| it.words())?;
            Ok(match &explained {
                Explanation::Decided { why, .. } if sheet == Sheet::Why => {
                    draw(why, None, false, style)
                }
                Explanation::Decided { .. } | Explanation::Withheld { .. } => {
                    full(&DecisionExplanation::of_record(&record, &program, &explained), style)
                }
            })
        }
        Sheet::Flip => {
            let flips = flip(&program, &typed()?, &moment, &FlipQuery::default());
            let flips = flips.map_err(|why| why.words().to_owned())?;
            let drawing = flipped::Drawing { id: Some(&call.id), flips: &flips, took: "" };
            Ok(flipped::full(&drawing, style))
        }
        Sheet::Test => {
            let mut withheld = Vec::new();
            let context = plain(&typed()?, &mut withheld);
            let made = case(&program, format!("record {}", call.id), context, &moment);
            Ok(file(program.name(), std::slice::from_ref(&made), &[]))
        }
    }
}
