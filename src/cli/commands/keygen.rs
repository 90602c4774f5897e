//! `policyc keygen`: a key that signs bundles.

use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::root::with_options;
use crate::cli::sources::shown;
use crate::cli::terminal::Terminal;
use crate::cli::trust::{Passphrases, open_key, secret_refused};
use crate::cli::write::{new_file, unwritable};
use crate::runtime::trust::key::PublicKey;
use crate::tools::report::visible::visible;
use crate::tools::sign::minisign::MinisignKey;
use crate::tools::sign::secret::SecretKey;

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "keygen",
    group: "trust",
    short: "make a pair of keys",
    about: "Make a key that signs bundles; its secret half is encrypted under a passphrase",
    usage: "FILE [OPTIONS]",
    examples: &[
        ("policyc keygen release.key", "a key, and what a trust policy says of it"),
        ("policyc keygen release.key --public", "the same of a key that is there"),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    /// The file for the secret half, PKCS #8 in PEM; it must not be there yet.
    key: PathBuf,
    /// Make nothing: show the public half of the key that is there.
    #[arg(long)]
    public: bool,
    /// Show the public half as minisign spells it, too.
    #[arg(long)]
    minisign: bool,
    #[command(flatten)]
    passphrases: Passphrases,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    with_options(matches, terminal, keygen)
}

fn keygen(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let path = &options.key;
    let refused = |fault| secret_refused(terminal, path, fault);
    if options.public {
        let key = open_key(terminal, path, &options.passphrases)?;
        show(terminal, options, &key.public().map_err(refused)?);
        return Ok(Exit::Done);
    }
    let failed = |error| alone(terminal, &unwritable(path, &error));
    if path.exists() {
        return Err(failed(std::io::ErrorKind::AlreadyExists.into()));
    }
    let passphrase = options.passphrases.of(terminal, path, true)?;
    let key = SecretKey::generate().map_err(refused)?;
    let pem = key.to_pem(passphrase.as_bytes()).map_err(refused)?;
    let public = key.public().map_err(refused)?;
    new_file(path, pem.as_bytes()).map_err(failed)?;
    let name = shown(path);
    terminal.notice(&format!(
        "  {} is made, under its passphrase: keep both, and apart\n",
        visible(&name)
    ));
    show(terminal, options, &public);
    Ok(Exit::Done)
}

/// What a trust policy says of a key.
fn show(terminal: &Terminal, options: &Options, key: &PublicKey) {
    let name = table_name(&options.key);
    terminal.result(&format!("[keys.{name}]\npublic = \"{key}\"\n"));
    if options.minisign {
        terminal.result(&format!("# minisign: {}\n", MinisignKey::of(*key).line()));
    }
}

/// A key of TOML made of the name of a file.
fn table_name(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    stem.chars().map(plain).collect()
}
