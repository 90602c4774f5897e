//! `policyc attest`: how a bundle was made, signed.

use std::path::PathBuf;

use clap::{ArgMatches, Args};

use crate::base::limits::ATTESTATION_BYTES_MAX;
use crate::cli::Command;
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::root::with_options;
use crate::cli::sources::{load_bundle, shown};
use crate::cli::terminal::Terminal;
use crate::cli::trust::{Passphrases, open_key, secret_refused};
use crate::cli::write::write;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::tools::report::counted;
use crate::tools::report::visible::visible;
use crate::tools::sign::attest::{STATEMENT_TYPE, statement};
use crate::tools::sign::sealed;
use crate::tools::sign::secret::SecretKey;

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "attest",
    group: "trust",
    short: "state how a bundle came about",
    about: "State how a bundle was made: its sources and compiler, signed",
    usage: "BUNDLE --key KEY.. [-o FILE] [OPTIONS]",
    examples: &[
        ("policyc attest payments.plcb --key build.key", "to payments.plcb.att"),
        ("policyc attest payments.plcb", "the statement alone, to read it"),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    /// The bundle.
    bundle: PathBuf,
    /// A secret key; may be given more than once. Without one the statement is shown.
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    /// The file to write; else that of the bundle with `.att` behind it.
    #[arg(short, value_name = "FILE")]
    o: Option<PathBuf>,
    #[command(flatten)]
    passphrases: Passphrases,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    with_options(matches, terminal, attest)
}

fn attest(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let (program, bundle) = load_bundle(terminal, &options.bundle)?;
    let statement = statement(&program, &bundle);
    if options.key.is_empty() {
        terminal.result(&statement);
        return Ok(Exit::Done);
    }
    let keys = options.key.iter().map(|path| open_key(terminal, path, &options.passphrases));
    let keys: Vec<SecretKey> = keys.collect::<Result<_, _>>()?;
    let envelope = sealed(STATEMENT_TYPE, statement.as_bytes(), &keys, None);
    let envelope = envelope.map_err(|fault| secret_refused(terminal, &options.bundle, fault))?;
    let json = envelope.to_json();
    if json.len() > ATTESTATION_BYTES_MAX {
        let fact = "a statement about so many sources is longer than an attestation may be";
        let finding = Diagnostic::without_place(Code::TooMany, fact);
        return Err(alone(terminal, &finding.help("divide the policy into several bundles")));
    }
    let path = options.o.clone().unwrap_or_else(|| {
        let mut name = options.bundle.as_os_str().to_owned();
        name.push(".att");
        PathBuf::from(name)
    });
    write(&path, json.as_bytes()).map_err(|found| alone(terminal, &found))?;
    let (name, count) = (shown(&path), counted(program.module().manifest.sources.len(), "source"));
    terminal.notice(&format!("  {}  {} · {count}\n", visible(&name), visible(program.name())));
    Ok(Exit::Done)
}
