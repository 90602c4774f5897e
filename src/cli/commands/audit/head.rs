//! `policyc audit head`: what a log comes to, to be kept elsewhere.

use std::path::PathBuf;

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::commands::audit::store::{log_in, looked_at, write_beside};
use crate::cli::exit::Exit;
use crate::cli::root::with_options;
use crate::cli::terminal::Terminal;
use crate::tools::audit::checkpoint::OwnedCheckpoint;
use crate::tools::audit::summary::SummaryQuery;

/// The row of this part.
pub const COMMAND: Command = Command {
    name: "head",
    group: "audit",
    short: "its last checkpoint",
    about: "Write the last checkpoint of a log, or what it comes to where nobody signs. Only its \
            end is looked at",
    usage: "DIR [OPTIONS]",
    examples: &[
        ("policyc audit head audit", "on standard output"),
        ("policyc audit head audit -o elsewhere/monday.note", "for `verify --checkpoint`"),
    ],
    arguments: Options::augment_args,
    run: |matches: &ArgMatches, terminal: &Terminal| with_options(matches, terminal, shown),
};

#[derive(Debug, Args)]
struct Options {
    /// The directory of the log.
    #[arg(value_name = "DIR")]
    log: PathBuf,
    /// Write it to FILE.
    #[arg(long, short = 'o', value_name = "FILE")]
    out: Option<PathBuf>,
}

fn shown(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let mut store = log_in(terminal, &options.log)?;
    let asked = SummaryQuery { last: Some(2), ..SummaryQuery::default() };
    // A segment that ended holds the checkpoint of its last block.
    let looked = looked_at(terminal, (&options.log, &mut store), asked)?;
    let signed = looked.latest.is_some();
    let Some(head) = looked.latest.or_else(|| OwnedCheckpoint::of(&looked.whole)) else {
        terminal.notice("  nothing was written to this log yet\n");
        return Ok(Exit::Done);
    };
    match &options.out {
        None => terminal.result(&head.text),
        Some(path) => write_beside(terminal, &store, (path, &head.text))?,
    }
    if !signed {
        terminal
            .notice("  nobody signed this: it says what it says only where nobody else writes\n");
    }
    Ok(Exit::Done)
}
