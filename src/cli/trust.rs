//! Trust on the command line: the trust policy that is asked about bundles; keys and passphrases.

use std::io;
use std::path::{Path, PathBuf};

use pkcs8::der::zeroize::Zeroizing;

use crate::base::limits::{SECRET_BYTES_MAX, TRUST_POLICY_BYTES_MAX};
use crate::cli::clock::now;
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::sources::{shown, unread, unusable};
use crate::cli::terminal::Terminal;
use crate::compiler::source::map::SourceMap;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::runtime::trust::policy::TrustPolicy;
use crate::runtime::trust::state::Memory;
use crate::tools::inputs;
use crate::tools::project::read_bytes;
use crate::tools::sign::minisign;
use crate::tools::sign::secret::{SecretFault, SecretKey};
use crate::tools::sign::trusted::TrustContext;

/// Fewest digits of a key of 32 bytes in base64, but a few.
const KEY_DIGITS_MIN: usize = 40;

/// Whom to ask about bundles: what `--trust` and `--trust-state` name; `None` where nobody is.
///
/// # Errors
/// How the command ends, its words already written.
pub fn trusted(terminal: &Terminal) -> Result<Option<TrustContext>, Exit> {
    let (trust, state) = terminal.trust();
    let memory = state.map_or(Memory::none(), Memory::at);
    memory.files().iter().for_each(|path| inputs::claim(path));
    let Some(path) = trust else {
        if state.is_none() {
            return Ok(None);
        }
        let fact = "`--trust-state` remembers what a trust policy let in, and none is named";
        let finding = Diagnostic::without_place(Code::BadUsage, fact);
        return Err(alone(terminal, &finding.help("name one with --trust")));
    };
    let policy = trust_policy(terminal, path, &policy_bytes(terminal, path)?)?;
    Ok(Some(TrustContext { policy, memory, at: now().0 }))
}

/// The bytes of a trust policy.
///
/// # Errors
/// How the command ends, its words already written.
pub fn policy_bytes(terminal: &Terminal, path: &Path) -> Result<Vec<u8>, Exit> {
    read_bytes(path, TRUST_POLICY_BYTES_MAX).map_err(|error| {
        if error.kind() != io::ErrorKind::FileTooLarge {
            return unread(terminal, path, &error);
        }
        let fact = format!("`{}` is longer than a trust policy may be", shown(path));
        let finding = Diagnostic::without_place(Code::BadTrustPolicy, fact);
        alone(terminal, &finding.help("docs/trust.md has the form of trust policies"))
    })
}

/// A trust policy.
///
/// # Errors
/// How the command ends, its words already written: what is wrong is shown in its line.
pub fn trust_policy(terminal: &Terminal, path: &Path, bytes: &[u8]) -> Result<TrustPolicy, Exit> {
    TrustPolicy::read(bytes).map_err(|error| {
        let (mut files, mut sink) = (SourceMap::new(), Sink::new());
        let file = files.add(shown(path), String::from_utf8_lossy(bytes));
        sink.report(error.diagnostic(file));
        unusable(terminal, &files, sink)
    })
}

/// Where passphrases come from.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Keys")]
pub struct Passphrases {
    /// A file whose first line is the passphrase; else the variable
    /// `POLICYC_PASSPHRASE`; else it is asked for.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

impl Passphrases {
    /// The passphrase of the key at `path`; `twice`, where a new one is asked for. It is
    /// overwritten when it is given up.
    ///
    /// # Errors
    /// How the command ends, its words already written.
    pub fn of(
        &self,
        terminal: &Terminal,
        path: &Path,
        twice: bool,
    ) -> Result<Zeroizing<String>, Exit> {
        if let Some(file) = &self.passphrase_file {
            let bytes = key_bytes(terminal, file)?;
            let text = std::str::from_utf8(&bytes).ok();
            let line = text.and_then(|text| text.lines().next());
            let fact = || format!("`{}` holds no passphrase: it is no text", shown(file));
            let help = "the passphrase is the first line of a file of text";
            let line = line.map(|line| Zeroizing::new(line.to_owned()));
            return line.ok_or_else(|| bad_key(terminal, fact(), help));
        }
        if let Some(text) = std::env::var_os("POLICYC_PASSPHRASE") {
            let fact = "POLICYC_PASSPHRASE is no text".to_owned();
            let help = "set it to text, or name a file: --passphrase-file FILE";
            let text = text.into_string().map(Zeroizing::new);
            return text.map_err(|_| bad_key(terminal, fact, help));
        }
        let name = shown(path);
        let asked = |words: &str| {
            let answer = rpassword::prompt_password(format!("{words} of {name}: "));
            answer.map(Zeroizing::new).map_err(|_| {
                let fact = format!("nobody can be asked for the passphrase of `{name}`");
                let help = "name a file with the passphrase: --passphrase-file FILE";
                bad_key(terminal, fact, help)
            })
        };
        let first = asked(if twice { "New passphrase" } else { "Passphrase" })?;
        if twice && asked("Once more, the passphrase")? != first {
            let fact = "the two passphrases are not the same".to_owned();
            return Err(bad_key(terminal, fact, "run the command again"));
        }
        Ok(first)
    }
}

/// The bytes of a key or a passphrase, which are overwritten when they are given up.
///
/// # Errors
/// How the command ends, its words already written.
pub fn key_bytes(terminal: &Terminal, path: &Path) -> Result<Zeroizing<Vec<u8>>, Exit> {
    let bytes = read_bytes(path, SECRET_BYTES_MAX).map(Zeroizing::new);
    bytes.map_err(|error| {
        if error.kind() != io::ErrorKind::FileTooLarge {
            return unread(terminal, path, &error);
        }
        let fact = format!("`{}` has more than {SECRET_BYTES_MAX} bytes", shown(path));
        bad_key(terminal, fact, "a key or a passphrase is a few lines of text: is this its file?")
    })
}

/// Refuses the text of a file at `path` that should hold a public key, where it is a secret one.
///
/// # Errors
/// How the command ends, its words already written.
pub fn no_secret(terminal: &Terminal, path: &Path, text: &str) -> Result<(), Exit> {
    if !is_secret(text) {
        return Ok(());
    }
    let fact = format!("`{}` holds a secret key, and a public one is asked for", shown(path));
    Err(bad_key(terminal, fact, "name its public half, and show the secret to nobody"))
}

/// Refuses an argument that is no path but seems to be a key, without repeating it.
///
/// # Errors
/// How the command ends, its words already written.
pub fn no_key_material(terminal: &Terminal, option: &str, given: &str) -> Result<(), Exit> {
    if is_secret(given) {
        let fact = format!("`{option}` was given a secret key, and asks for a public one");
        let help = "whoever sees the arguments of programs has seen it: make another key";
        return Err(bad_key(terminal, fact, help));
    }
    if is_like_a_key(given) {
        let fact = format!("what `{option}` was given is no public key, and no file is called so");
        return Err(bad_key(
            terminal,
            fact,
            "give the whole line of a public key, or name its file",
        ));
    }
    Ok(())
}

/// Whether a text is a secret key: of PEM, of signed notes, of minisign.
fn is_secret(text: &str) -> bool {
    text.contains("PRIVATE KEY")
        || text.contains("PRIVATE+KEY+")
        || text.contains("encrypted secret key")
        || text.split_whitespace().any(minisign::is_secret_line)
}

/// Whether a text has a part as long as a key, in digits of base64 or beside a `+`.
fn is_like_a_key(text: &str) -> bool {
    let is_digit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '-' | '_');
    let long = |part: &str| part.len() >= KEY_DIGITS_MIN && part.chars().all(is_digit);
    text.lines().count() > 1
        || text.matches('+').count() > 1
        || text.split(|c: char| c.is_whitespace() || c == ':').any(long)
}

/// The secret key at `path`.
///
/// # Errors
/// How the command ends, its words already written.
pub fn open_key(
    terminal: &Terminal,
    path: &Path,
    passphrases: &Passphrases,
) -> Result<SecretKey, Exit> {
    let bytes = key_bytes(terminal, path)?;
    let refused = |fault| secret_refused(terminal, path, fault);
    let pem = std::str::from_utf8(&bytes).map_err(|_| refused(SecretFault::NotAKey))?;
    let passphrase = passphrases.of(terminal, path, false)?;
    SecretKey::from_pem(pem, passphrase.as_bytes()).map_err(refused)
}

/// Says why a key cannot be used, and how the command ends.
#[must_use]
pub fn secret_refused(terminal: &Terminal, path: &Path, fault: SecretFault) -> Exit {
    bad_key(terminal, format!("`{}` {}", shown(path), fault.words()), fault.help())
}

fn bad_key(terminal: &Terminal, fact: String, help: &str) -> Exit {
    alone(terminal, &Diagnostic::without_place(Code::BadKey, fact).help(help))
}
