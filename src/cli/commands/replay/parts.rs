//! `policyc replay map` and `policyc replay reduce`: `diff` in pieces, on any scheduler.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::bundles::Settings;
use crate::cli::clock::Stopwatch;
use crate::cli::commands::replay::diff::{
    Candidate, Compared, SessionState, Showing, compare, show,
};
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::root::options;
use crate::cli::sources::{shown, unread};
use crate::cli::terminal::Terminal;
use crate::cli::write::write;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::runtime::program::Program;
use crate::tools::project::read_bytes;
use crate::tools::replay::impact::Impact;
use crate::tools::replay::summary::{Summary, SummaryError};
use crate::tools::report::counted;

/// Most bytes of the summary of a part.
const SUMMARY_BYTES_MAX: usize = 1 << 30;

/// The row of the first half.
pub const MAP: Command = Command {
    name: "map",
    group: "replay",
    short: "diff of a part",
    about: "Compare a part of the records with a candidate, and keep what is found for `reduce`",
    usage: "[SRC].. --to BUNDLE -o FILE.pds [OPTIONS]",
    examples: &[(
        "ls logs | xargs -P8 -I{} policyc replay map logs/{} --to new.plcb -o {}.pds",
        "every file on its own",
    )],
    arguments: MapOptions::augment_args,
    run: map,
};

/// The row of the second half.
pub const REDUCE: Command = Command {
    name: "reduce",
    group: "replay",
    short: "diff of all parts",
    about: "Join what `map` found in parts of the records, and show it as `diff` does",
    usage: "FILE.pds.. --to BUNDLE [OPTIONS]",
    examples: &[("policyc replay reduce *.pds --to new.plcb", "what `diff` of all would say")],
    arguments: ReduceOptions::augment_args,
    run: reduce,
};

#[derive(Debug, Args)]
struct MapOptions {
    #[command(flatten)]
    candidate: Candidate,
    /// What calls of sessions are decided from: `frozen` alone, for a part of the records need not
    /// hold whole sessions.
    #[arg(long, value_name = "frozen", default_value = "frozen", hide_possible_values = true)]
    state: SessionState,
    /// The file to write.
    #[arg(short, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Args)]
struct ReduceOptions {
    #[command(flatten)]
    candidate: Candidate,
    #[command(flatten)]
    showing: Showing,
}

fn map(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    let options: MapOptions = match options(matches) {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    mapped(terminal, &options).unwrap_or_else(|exit| exit)
}

fn mapped(terminal: &Terminal, options: &MapOptions) -> Result<Exit, Exit> {
    if options.state == SessionState::Resim {
        let fact = "a part of the records need not hold whole sessions, so none is folded anew";
        let help = "`policyc replay diff --state resim` takes all records at once";
        let finding = Diagnostic::without_place(Code::BadUsage, fact);
        return Err(alone(terminal, &finding.help(help)));
    }
    let settings = Settings::read(terminal)?;
    let found = compare(terminal, &settings, &options.candidate, SessionState::Frozen)?;
    let exit = found.exit(terminal, &[]);
    if found.stopped {
        return Ok(exit);
    }
    let from = found.from.as_deref().map(Program::digest);
    let summary = Summary::of(found.impact, from, found.to.digest());
    write(&options.out, summary.to_line().as_bytes()).map_err(|it| alone(terminal, &it))?;
    Ok(exit)
}

fn reduce(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    let options: ReduceOptions = match options(matches) {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    reduced(terminal, &options).unwrap_or_else(|exit| exit)
}

fn reduced(terminal: &Terminal, options: &ReduceOptions) -> Result<Exit, Exit> {
    let watch = Stopwatch::start();
    let settings = Settings::read(terminal)?;
    let Candidate { input, to, from, max_undetermined } = &options.candidate;
    let max_undetermined = *max_undetermined;
    let store = input.bundles.store(terminal, &settings)?;
    let to = Arc::new(settings.bundle(terminal, &store, to)?);
    let from = match from {
        Some(name) => Some(Arc::new(settings.bundle(terminal, &store, name)?)),
        None => None,
    };
    let named = from.as_deref().map(Program::digest);
    let mut all = Summary::of(Impact::default(), named, to.digest());
    for path in &input.records {
        let bytes = read_bytes(path, SUMMARY_BYTES_MAX);
        let bytes = bytes.map_err(|error| unread(terminal, path, &error))?;
        let joined = Summary::read(&bytes).and_then(|part| all.add(part));
        joined.map_err(|error| refused(terminal, &shown(path), &error))?;
    }
    let took = format!("{} · {}", counted(input.records.len(), "part"), watch.text());
    let (impact, stopped, broken) = (all.impact, false, Exit::Done);
    let found = Compared { impact, store, to, from, took, stopped, broken, max_undetermined };
    show(terminal, &options.showing, &options.candidate.to, &found)
}

fn refused(terminal: &Terminal, name: &str, error: &SummaryError) -> Exit {
    let fact = format!("`{name}` cannot be joined: {error}");
    let help = "`policyc replay map` makes summaries of parts, all with one candidate";
    alone(terminal, &Diagnostic::without_place(Code::BadRecord, fact).help(help))
}
