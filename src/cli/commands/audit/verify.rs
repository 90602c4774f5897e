//! `policyc audit verify`: is a log what was written?

use std::path::PathBuf;

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::commands::audit::keys::{keys_of, signed, verifiers};
use crate::cli::commands::audit::store::{checkpoint_in, log_in, looked_at};
use crate::cli::exit::Exit;
use crate::cli::reporting::{Shape, alone};
use crate::cli::root::with_options;
use crate::cli::sources::shown;
use crate::cli::terminal::Terminal;
use crate::tools::audit::findings;
use crate::tools::audit::summary::SummaryQuery;
use crate::tools::report::audit::{Drawing, full, json};

/// The row of this part.
pub const COMMAND: Command = Command {
    name: "verify",
    group: "audit",
    short: "is a log what was written?",
    about: "Read a log from end to end, and tell the first place where it is not what was written",
    usage: "DIR [OPTIONS]",
    examples: &[
        ("policyc audit verify audit", "sums, chain, segments, checkpoints"),
        ("policyc audit verify audit --key audit.vkey", "and who signed the checkpoints"),
        (
            "policyc audit verify audit --checkpoint elsewhere/monday.note",
            "and whether it still begins as it did then",
        ),
    ],
    arguments: Options::augment_args,
    run: |matches: &ArgMatches, terminal: &Terminal| with_options(matches, terminal, verified),
};

#[derive(Debug, Args)]
struct Options {
    /// The directory of the log.
    #[arg(value_name = "DIR")]
    log: PathBuf,
    /// A checkpoint that was kept elsewhere: the log must begin with what it vouches for.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// A key that signs its checkpoints, NAME+ID+BASE64, or a file that holds it; may be given more
    /// than once, and one of them must have signed each.
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,
    /// How the result is written.
    #[arg(long, value_name = "full|json", default_value = "full", hide_possible_values = true)]
    output_format: Shape,
}

fn verified(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let kept =
        options.checkpoint.as_deref().map(|path| checkpoint_in(terminal, path)).transpose()?;
    let mut store = log_in(terminal, &options.log)?;
    let keys = keys_of(terminal, &options.key)?;
    if let Some((path, kept)) = options.checkpoint.as_ref().zip(kept.as_ref())
        && !keys.is_empty()
        && kept.signed
        && !signed(kept, &keys)
    {
        return Err(alone(terminal, &findings::forged(&shown(path))).max(Exit::Integrity));
    }
    let asked = SummaryQuery { last: None, kept: kept.as_ref(), keys: &verifiers(&keys) };
    let looked = looked_at(terminal, (&options.log, &mut store), asked)?;
    let asked = !keys.is_empty();
    let drawing = Drawing { looked: &looked, kept: kept.map(|kept| kept.size), signed: asked };
    terminal.result(&match options.output_format {
        Shape::Full => full(&drawing, terminal.style),
        Shape::Json => json(&drawing),
    });
    match findings::unvouched(&shown(&options.log), &looked).filter(|_| asked) {
        Some(finding) => Ok(alone(terminal, &finding).max(Exit::Inconclusive)),
        None => Ok(Exit::Done),
    }
}
