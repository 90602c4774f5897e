//! `policyc audit prove`: proofs for those who do not have the log.

use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::commands::audit::store::{checkpoint_in, log_in, looked_at, stopped, write_beside};
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::root::with_options;
use crate::cli::sources::shown;
use crate::cli::terminal::Terminal;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::runtime::audit::store::Snapshot;
use crate::tools::audit::checkpoint::OwnedCheckpoint;
use crate::tools::audit::findings;
use crate::tools::audit::proof::Proof;
use crate::tools::audit::prove::{ProofError, RecordSelector, prove_growth, prove_record};
use crate::tools::audit::summary::SummaryQuery;

/// The row of this part.
pub const COMMAND: Command = Command {
    name: "prove",
    group: "audit",
    short: "a record is in it",
    about: "Prove that a record is in a log, or that a log begins with what it was before",
    usage: "DIR (--id ID | --number N | --old FILE) [OPTIONS]",
    examples: &[
        ("policyc audit prove audit --id 01JD4ZK7Q8 -o 01JD4ZK7Q8.tlog-proof", "a record"),
        ("policyc audit prove audit --old monday.note", "what came since was added behind"),
    ],
    arguments: Options::augment_args,
    run: |matches: &ArgMatches, terminal: &Terminal| with_options(matches, terminal, proved),
};

#[derive(Debug, Args)]
#[command(group(
    clap::ArgGroup::new("what").args(["id", "number", "old"]).required(true)
))]
struct Options {
    /// The directory of the log.
    #[arg(value_name = "DIR")]
    log: PathBuf,
    /// The record with this id.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// The record with this number: the `n` of its `ch`.
    #[arg(long, value_name = "N")]
    number: Option<u64>,
    /// That the log begins with what this checkpoint vouches for.
    #[arg(long, value_name = "FILE")]
    old: Option<PathBuf>,
    /// Of the log as this checkpoint has it, in place of the last.
    #[arg(long, value_name = "FILE", requires = "old")]
    new: Option<PathBuf>,
    /// Write the proof to FILE.
    #[arg(long, short = 'o', value_name = "FILE")]
    out: Option<PathBuf>,
}

fn proved(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let Options { id, number, old, .. } = options;
    let log = options.log.as_path();
    let which = id.clone().map(RecordSelector::Id).or(number.map(RecordSelector::Number));
    let mut store = log_in(terminal, log)?;
    let (proof, which) = match (which, old) {
        (Some(which), _) => (prove_record(&mut store, &which), Some(which)),
        (None, Some(old)) => (growth(terminal, options, (log, &mut store), old)?, None),
        (None, None) => return Ok(Exit::CouldNotRun),
    };
    let proof = proof.map_err(|why| unproved(terminal, (log, &store), which.as_ref(), &why))?;
    match &options.out {
        None => terminal.result(&proof.to_string()),
        Some(path) => write_beside(terminal, &store, (path, &proof.to_string()))?,
    }
    if !proof.checkpoint.signed {
        terminal
            .notice("  nobody signed its checkpoint: it proves what whoever gives it away says\n");
    }
    Ok(Exit::Done)
}

/// The proof that the log begins with what the checkpoint `old` vouches for.
///
/// # Errors
/// How the command ends, its words already written.
fn growth(
    terminal: &Terminal,
    options: &Options,
    (log, store): (&Path, &mut Snapshot),
    old: &Path,
) -> Result<Result<Proof, ProofError>, Exit> {
    let old = checkpoint_in(terminal, old)?;
    let looked = looked_at(terminal, (log, &mut *store), summary_query(&old))?;
    let newer = match &options.new {
        None => looked.latest.filter(|latest| latest.size >= old.size),
        Some(path) => {
            let newer = checkpoint_in(terminal, path)?;
            looked_at(terminal, (log, &mut *store), summary_query(&newer))?;
            Some(newer)
        }
    };
    let newer = newer.or_else(|| OwnedCheckpoint::of(&looked.whole));
    Ok(newer.ok_or(ProofError::NoGrowth).and_then(|newer| prove_growth(store, old.size, newer)))
}

fn summary_query(kept: &OwnedCheckpoint) -> SummaryQuery<'_> {
    SummaryQuery { kept: Some(kept), ..SummaryQuery::default() }
}

/// How the command ends where nothing can be proved, its words written.
fn unproved(
    terminal: &Terminal,
    (log, store): (&Path, &Snapshot),
    which: Option<&RecordSelector>,
    why: &ProofError,
) -> Exit {
    let name = shown(log);
    let finding = match why {
        ProofError::Stopped(why) => return stopped(terminal, log, store, why),
        ProofError::NoRecord => {
            let number = RecordSelector::Number(0);
            let finding = findings::no_record(which.unwrap_or(&number), &name);
            return alone(terminal, &finding).max(Exit::Missing);
        }
        ProofError::Several(one, other) => {
            let fact = format!("several records of `{name}` have this id");
            let help = format!("`--number {one}` is one of them, and `--number {other}` another");
            Diagnostic::without_place(Code::BadUsage, fact).help(help)
        }
        ProofError::InFront => {
            let fact = format!("what is to be proved lies in front of what is in `{name}`");
            let help = "put the segments in front of these beside them";
            let finding = Diagnostic::without_place(Code::Unreadable, fact).help(help);
            return alone(terminal, &finding).max(Exit::Missing);
        }
        ProofError::NoGrowth => {
            let fact =
                "the older checkpoint is of no line, or of more than the newer one".to_owned();
            Diagnostic::without_place(Code::BadUsage, fact)
        }
    };
    alone(terminal, &finding)
}
