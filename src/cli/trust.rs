//! Trust on the command line: the trust policy that is asked about bundles; keys and passphrases.

use std::io;
use std::path::{Path, PathBuf};

use crate::base::limits::TRUST_POLICY_BYTES_MAX;
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
use crate::tools::project::read_bytes;
use crate::tools::sign::secret::{SecretFault, SecretKey};
use crate::tools::sign::trusted::TrustContext;

/// Most bytes of a key in PEM, and of a passphrase.
const SECRET_BYTES_MAX: usize = 16 << 10;

/// Whom to ask about bundles: what `--trust` and `--trust-state` name; `None` where nobody is.
///
/// # Errors
/// How the command ends, its words already written.
pub fn trusted(terminal: &Terminal) -> Result<Option<TrustContext>, Exit> {
    let (trust, state) = terminal.trust();
    let memory = state.map_or(Memory::none(), Memory::at);
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
    /// The passphrase of the key at `path`; `twice`, where a new one is asked for.
    ///
    /// # Errors
    /// How the command ends, its words already written.
    pub fn of(&self, terminal: &Terminal, path: &Path, twice: bool) -> Result<String, Exit> {
        if let Some(file) = &self.passphrase_file {
            let bytes = read_bytes(file, SECRET_BYTES_MAX);
            let bytes = bytes.map_err(|error| unread(terminal, file, &error))?;
            let text = String::from_utf8(bytes).ok();
            let line = text.as_deref().and_then(|text| text.lines().next());
            let fact = || format!("`{}` holds no passphrase: it is no text", shown(file));
            return line.map(str::to_owned).ok_or_else(|| bad_key(terminal, fact()));
        }
        if let Some(text) = std::env::var_os("POLICYC_PASSPHRASE") {
            let fact = "POLICYC_PASSPHRASE is no text".to_owned();
            return text.into_string().map_err(|_| bad_key(terminal, fact));
        }
        let name = shown(path);
        let asked = |words: &str| {
            rpassword::prompt_password(format!("{words} of {name}: ")).map_err(|_| {
                let fact = format!("nobody can be asked for the passphrase of `{name}`");
                bad_key(terminal, fact)
            })
        };
        let first = asked(if twice { "New passphrase" } else { "Passphrase" })?;
        if twice && asked("Once more, the passphrase")? != first {
            return Err(bad_key(terminal, "the two passphrases are not the same".to_owned()));
        }
        Ok(first)
    }
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
    let bytes = read_bytes(path, SECRET_BYTES_MAX);
    let bytes = bytes.map_err(|error| unread(terminal, path, &error))?;
    let refused = |fault| secret_refused(terminal, path, fault);
    let pem = String::from_utf8(bytes).map_err(|_| refused(SecretFault::NotAKey))?;
    let passphrase = passphrases.of(terminal, path, false)?;
    SecretKey::from_pem(&pem, passphrase.as_bytes()).map_err(refused)
}

/// Says why a key cannot be used, and how the command ends.
#[must_use]
pub fn secret_refused(terminal: &Terminal, path: &Path, fault: SecretFault) -> Exit {
    bad_key(terminal, format!("`{}` {}", shown(path), fault.words()))
}

fn bad_key(terminal: &Terminal, fact: String) -> Exit {
    let finding = Diagnostic::without_place(Code::BadKey, fact);
    let help = "name a file with the passphrase: --passphrase-file FILE";
    alone(terminal, &finding.help(help))
}
