//! `policyc replay vault`: a place for what records seal.

use std::io;
use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::root::with_options;
use crate::cli::secrets::refused;
use crate::cli::sources::shown;
use crate::cli::terminal::Terminal;
use crate::cli::write::{new_file, unwritable};
use crate::tools::replay::vault::Secret;
use crate::tools::report::visible::visible;

/// The row of this part.
pub const COMMAND: Command = Command {
    name: "vault",
    group: "replay",
    short: "a place for what is sealed",
    about: "Make a vault for what records seal, and the key that opens it",
    usage: "FILE [OPTIONS]",
    examples: &[
        ("policyc replay vault calls.vault", "and its key, calls.vault.key: keep it elsewhere"),
        ("policyc replay vault calls.vault --key ~/keys/calls.key", "a key somewhere else"),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    /// The vault to make.
    #[arg(value_name = "FILE")]
    vault: PathBuf,
    /// The file for its secret key; else that of the vault with `.key` behind it.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    with_options(matches, terminal, create)
}

fn create(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let key = options.key.clone().unwrap_or_else(|| key_of(&options.vault));
    let secret = Secret::new().map_err(|error| refused(terminal, &options.vault, &error))?;
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error: io::Error| alone(terminal, &unwritable(&path, &error))
    };
    // The key first: a vault without one keeps nothing that anybody could take out.
    new_file(&key, secret.text().as_bytes()).map_err(failed(&key))?;
    let head = secret.public().head();
    new_file(&options.vault, head.as_bytes()).map_err(failed(&options.vault))?;
    let (vault, key) = (shown(&options.vault), shown(&key));
    let (vault, key) = (visible(&vault), visible(&key));
    terminal.notice(&format!("  {vault} is made · {key} opens it: keep that elsewhere\n"));
    Ok(Exit::Done)
}

/// Where the key of a vault lies unless something else is said.
pub(super) fn key_of(vault: &Path) -> PathBuf {
    let mut name = vault.as_os_str().to_owned();
    name.push(".key");
    PathBuf::from(name)
}
