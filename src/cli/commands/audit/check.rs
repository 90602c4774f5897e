//! `policyc audit check`: a proof, without the log.

use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args};

use crate::base::limits::{NOTE_BYTES_MAX, RECORD_BYTES_MAX};
use crate::cli::Command;
use crate::cli::commands::audit::keys::{keys_of, signed};
use crate::cli::commands::audit::store::{bytes_of, checkpoint_in};
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::root::with_options;
use crate::cli::sources::shown;
use crate::cli::terminal::Terminal;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::runtime::audit::note::Verifier as _;
use crate::tools::audit::checkpoint::OwnedCheckpoint;
use crate::tools::audit::findings;
use crate::tools::audit::proof::{Claim, Proof};
use crate::tools::report::replay::many;
use crate::tools::report::visible::visible;

/// The row of this part.
pub const COMMAND: Command = Command {
    name: "check",
    group: "audit",
    short: "a proof, without the log",
    about: "Check a proof that `prove` made, without the log. The record that it proves is the \
            result",
    usage: "PROOF [OPTIONS]",
    examples: &[
        ("policyc audit check 01JD4ZK7Q8.tlog-proof", "what it says is in the log"),
        ("policyc audit check grown.proof --checkpoint monday.note", "it went on from there"),
    ],
    arguments: Options::augment_args,
    run: |matches: &ArgMatches, terminal: &Terminal| with_options(matches, terminal, checked),
};

#[derive(Debug, Args)]
struct Options {
    /// The proof.
    #[arg(value_name = "PROOF")]
    proof: PathBuf,
    /// The line of the record, where the proof does not bring it, or another is asked about.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// A checkpoint that was kept elsewhere. Of a record: the one that the proof must be about.
    /// Of a log that went on: the older one.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// A key that signs checkpoints, NAME+ID+BASE64, or a file that holds it; one of those given
    /// must have signed the checkpoint of the proof.
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,
}

fn checked(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let file = shown(&options.proof);
    let most = 2 * RECORD_BYTES_MAX + NOTE_BYTES_MAX;
    let proof = Proof::read(&bytes_of(terminal, &options.proof, most)?);
    let proof = proof.ok_or_else(|| alone(terminal, &findings::unread(&file, "proof")))?;
    let kept =
        options.checkpoint.as_deref().map(|path| checkpoint_in(terminal, path)).transpose()?;
    let wrong =
        |why: &str| Err(alone(terminal, &findings::unproved(&file, why)).max(Exit::Integrity));
    let keys = keys_of(terminal, &options.key)?;
    if !keys.is_empty() && !keys.iter().any(|key| key.name() == proof.checkpoint.origin) {
        let origin = &proof.checkpoint.origin;
        return wrong(&format!("no key that was asked for has the name of its log, `{origin}`"));
    }
    if !keys.is_empty() && !signed(&proof.checkpoint, &keys) {
        return wrong("no key that was asked for signed its checkpoint");
    }
    let lines = many(proof.checkpoint.size, "line");
    let told = match &proof.claim {
        Claim::Line { index, line } => {
            let line = record_of(terminal, options.record.as_deref(), line.as_ref())?;
            if !proof.is_of_line(&line) {
                return wrong("its hashes do not lead from the record to the checkpoint");
            }
            if kept.is_some_and(|kept| !same(&kept, &proof.checkpoint)) {
                return wrong("it is about another checkpoint");
            }
            terminal.result(&format!("{}\n", visible(&String::from_utf8_lossy(&line))));
            format!("this is the line with the index {index}, of {lines}")
        }
        Claim::Growth { old } => {
            let kept = kept.ok_or_else(|| {
                let fact = "nothing says what the log was before".to_owned();
                let help = "name the older checkpoint, with --checkpoint";
                alone(terminal, &Diagnostic::without_place(Code::BadUsage, fact).help(help))
            })?;
            if !proof.is_growth_of(&kept) {
                return wrong("its hashes do not lead from the older checkpoint to the newer one");
            }
            format!("the first {} are those of {lines}", many(*old, "line"))
        }
    };
    let origin = visible(&proof.checkpoint.origin).into_owned();
    let who = if keys.is_empty() { unsigned(&proof.checkpoint) } else { "which is signed" };
    terminal.notice(&format!("  {told} of `{origin}`, {who}\n"));
    Ok(Exit::Done)
}

/// What is known of who says so, where no key was asked for.
const fn unsigned(checkpoint: &OwnedCheckpoint) -> &'static str {
    if checkpoint.signed {
        "if its checkpoint is true: its signatures were not looked at"
    } else {
        "if its checkpoint is true, which nobody signed"
    }
}

fn same(one: &OwnedCheckpoint, other: &OwnedCheckpoint) -> bool {
    (&one.origin, one.size, one.root) == (&other.origin, other.size, other.root)
}

/// The line that the proof is about.
///
/// # Errors
/// How the command ends, its words already written.
fn record_of(
    terminal: &Terminal,
    file: Option<&Path>,
    brought: Option<&Vec<u8>>,
) -> Result<Vec<u8>, Exit> {
    let Some(file) = file else {
        return brought.cloned().ok_or_else(|| {
            let fact = "the proof does not bring its record".to_owned();
            let help = "name a file that holds the line, with --record";
            alone(terminal, &Diagnostic::without_place(Code::BadUsage, fact).help(help))
        });
    };
    let mut bytes = bytes_of(terminal, file, RECORD_BYTES_MAX)?;
    if bytes.ends_with(b"\n") {
        bytes.pop();
    }
    Ok(bytes)
}
