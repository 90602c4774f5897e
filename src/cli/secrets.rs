//! Vaults and keys on the command line: files that are appended to, and files that are never shown.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::sources::{shown, unread};
use crate::cli::terminal::Terminal;
use crate::cli::write::unwritable;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::runtime::program::withheld::{RedactionClass, RedactionRules};
use crate::runtime::record::seal::TokenKey;
use crate::tools::project::read_bytes;
use crate::tools::replay::vault::{Public, Secret, VaultError, Writer};

/// Most bytes of a key.
const KEY_BYTES_MAX: usize = 4 << 10;
/// Fewest bytes of the key of a token.
const KEY_BYTES_MIN: usize = 32;

/// Where secrets are kept.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Secrets")]
pub struct Secrets {
    /// The vault that sealed values go to (`policyc replay vault` makes one).
    #[arg(long, value_name = "FILE")]
    pub vault: Option<PathBuf>,
    /// The key that a token names, in a file of at least 32 bytes.
    #[arg(long, value_name = "NAME=FILE")]
    pub token_key: Vec<String>,
}

/// A vault that is written to.
#[derive(Debug)]
pub struct OpenVault {
    path: PathBuf,
    /// `None` where only tokens are made.
    file: Option<File>,
    /// What seals.
    pub writer: Writer,
}

impl Secrets {
    /// Opens what `rules` ask for; `None` where they ask for nothing.
    ///
    /// # Errors
    /// How the command ends, its words already written: where a seal is asked for and no vault is
    /// named, or a token and its key is not.
    pub fn open(
        &self,
        terminal: &Terminal,
        rules: &RedactionRules,
    ) -> Result<Option<OpenVault>, Exit> {
        let keys = self.keys(terminal)?;
        for rule in rules.rows() {
            let RedactionClass::Token(name) = rule.class() else { continue };
            if !keys.contains_key(&**name) {
                let fact = format!("`{}` becomes a token under `{name}`", rule.path());
                let help = format!("name its key: --token-key {name}=FILE");
                let finding = Diagnostic::without_place(Code::BadUsage, fact).help(help);
                return Err(alone(terminal, &finding));
            }
        }
        let sealed = rules.rows().iter().find(|rule| matches!(rule.class(), RedactionClass::Seal));
        match (&self.vault, sealed) {
            (Some(path), _) => OpenVault::at(terminal, path, keys).map(Some),
            (None, Some(rule)) => {
                let fact = format!("`{}` is sealed, and no vault is named", rule.path());
                let help = "name one with --vault, which `policyc replay vault` makes, or write \
                            `as: drop`";
                let finding = Diagnostic::without_place(Code::BadUsage, fact).help(help);
                Err(alone(terminal, &finding))
            }
            (None, None) if keys.is_empty() => Ok(None),
            (None, None) => {
                // Nothing is sealed: the entries of this vault are never asked for.
                let writer = Secret::new().and_then(|it| Writer::to(&it.public(), keys));
                let writer = writer.map_err(|error| refused(terminal, Path::new("-"), &error))?;
                Ok(Some(OpenVault { path: PathBuf::new(), file: None, writer }))
            }
        }
    }

    fn keys(&self, terminal: &Terminal) -> Result<HashMap<String, TokenKey>, Exit> {
        let mut keys = HashMap::new();
        for word in &self.token_key {
            let bad = |fact: String| {
                let help = "write it as --token-key NAME=FILE";
                let finding = Diagnostic::without_place(Code::BadUsage, fact).help(help);
                alone(terminal, &finding)
            };
            let (name, path) =
                word.split_once('=').ok_or_else(|| bad("a key has no name".to_owned()))?;
            let path = Path::new(path);
            let bytes = read_bytes(path, KEY_BYTES_MAX);
            let bytes = bytes.map_err(|error| unread(terminal, path, &error))?;
            if bytes.len() < KEY_BYTES_MIN {
                let few = bytes.len();
                let fact = format!("the key `{name}` has {few} bytes, and needs {KEY_BYTES_MIN}");
                return Err(bad(fact));
            }
            keys.insert(name.to_owned(), TokenKey::new(&bytes));
        }
        Ok(keys)
    }
}

impl OpenVault {
    fn at(terminal: &Terminal, path: &Path, keys: HashMap<String, TokenKey>) -> Result<Self, Exit> {
        let refuse = |error: io::Error| {
            if error.kind() != io::ErrorKind::NotFound {
                return alone(terminal, &unwritable(path, &error));
            }
            let fact = format!("there is no vault `{}`", shown(path));
            let help = "make one: policyc replay vault FILE";
            alone(terminal, &Diagnostic::without_place(Code::Unreadable, fact).help(help))
        };
        let mut file = OpenOptions::new().read(true).append(true).open(path).map_err(refuse)?;
        let mut head = String::new();
        BufReader::new(&file)
            .take(256)
            .read_line(&mut head)
            .map_err(|_| refused(terminal, path, &VaultError::NotAVault))?;
        let public = Public::read(&head).map_err(|error| refused(terminal, path, &error))?;
        // An entry that was cut is ended, so that nothing is appended to it.
        let mut last = [0];
        let ended = file
            .seek(SeekFrom::End(-1))
            .and_then(|_| file.read_exact(&mut last))
            .and_then(|()| if last == *b"\n" { Ok(()) } else { file.write_all(b"\n") });
        ended.map_err(refuse)?;
        let writer = Writer::to(&public, keys).map_err(|error| refused(terminal, path, &error))?;
        Ok(Self { path: path.to_owned(), file: Some(file), writer })
    }

    /// Appends what was sealed: it is on the disk before what refers to it is.
    ///
    /// # Errors
    /// `P0906` if it cannot be.
    pub fn write(&mut self) -> Result<(), Box<Diagnostic>> {
        let failed = |error: io::Error| Box::new(unwritable(&self.path, &error));
        let lines =
            self.writer.take().map_err(|error| failed(io::Error::other(error.to_string())))?;
        let Some(file) = self.file.as_mut().filter(|_| !lines.is_empty()) else { return Ok(()) };
        file.write_all(lines.as_bytes()).and_then(|()| file.sync_data()).map_err(failed)
    }
}

/// Says why a vault cannot be used, and how the command ends.
pub fn refused(terminal: &Terminal, path: &Path, error: &VaultError) -> Exit {
    if let VaultError::Unreadable(error) = error {
        return unread(terminal, path, error);
    }
    let fact = format!("`{}`: {error}", shown(path));
    alone(terminal, &Diagnostic::without_place(Code::BadVault, fact))
}
