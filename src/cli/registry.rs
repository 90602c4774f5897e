//! Registries on the command line: how one is spoken to, and what is told where it does not do what
//! it was asked for.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::reporting::{alone, refused};
use crate::cli::sources::{shown, unread};
use crate::cli::terminal::Terminal;
use crate::cli::trust;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::runtime::program::Program;
use crate::runtime::trust::Unverified;
use crate::runtime::trust::error::TrustError;
use crate::tools::oci::credentials::Credentials;
use crate::tools::oci::reference::Reference;
use crate::tools::oci::{Artifact, ConnectionOptions, Fault, Repository};
use crate::tools::pipeline::load;
use crate::tools::project::read_bytes;
use crate::tools::sign::trusted::{self, TrustContext};

/// Most bytes of a file of credentials, and of one of certificates.
const FILE_BYTES_MAX: usize = 1 << 20;

/// How a registry is spoken to.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Registry")]
pub struct RegistryOptions {
    /// A file whose first line is USER:PASSWORD; else what the configuration of Docker says.
    #[arg(long, value_name = "FILE")]
    credentials_file: Option<PathBuf>,
    /// Certificates in PEM of those who may vouch for the registry, instead of Mozilla's list.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Without encryption, for a registry on this machine.
    #[arg(long)]
    plain_http: bool,
    /// Seconds that each answer may take.
    #[arg(long, value_name = "SECONDS", default_value = "60",
        value_parser = clap::value_parser!(u64).range(1..=3_600))]
    timeout: u64,
}

/// Reads a reference.
///
/// # Errors
/// How the command ends, its words already written.
pub fn reference_of(terminal: &Terminal, text: &str) -> Result<Reference, Exit> {
    Reference::read(text).map_err(|why| {
        let fact = format!("`{text}` names nothing in a registry: {why}");
        let help = "write it as registry.example.com/policies/payments:3";
        alone(terminal, &Diagnostic::without_place(Code::BadUsage, fact).help(help))
    })
}

impl RegistryOptions {
    /// The repository of a reference.
    ///
    /// # Errors
    /// How the command ends, its words already written.
    pub fn to(&self, terminal: &Terminal, reference: &Reference) -> Result<Repository, Exit> {
        let read = |path: &Path| {
            read_bytes(path, FILE_BYTES_MAX).map_err(|error| unread(terminal, path, &error))
        };
        let manner = ConnectionOptions {
            plain_http: self.plain_http,
            authorities: self.ca_file.as_deref().map(read).transpose()?,
            credentials: self.credentials(terminal, &reference.registry)?,
            patience: Duration::from_secs(self.timeout),
        };
        Repository::of(reference, manner).map_err(|fault| report_fault(terminal, reference, &fault))
    }

    fn credentials(
        &self,
        terminal: &Terminal,
        registry: &str,
    ) -> Result<Option<Credentials>, Exit> {
        let unusable = |path: &Path, why: &str| {
            let fact = format!("`{}` says nobody who may ask `{registry}`: {why}", shown(path));
            let help = "write USER:PASSWORD into a file: --credentials-file FILE";
            alone(terminal, &Diagnostic::without_place(Code::BadUsage, fact).help(help))
        };
        if let Some(path) = &self.credentials_file {
            let bytes = read_bytes(path, FILE_BYTES_MAX);
            let bytes = bytes.map_err(|error| unread(terminal, path, &error))?;
            let found = std::str::from_utf8(&bytes).ok().and_then(Credentials::of_line);
            let why = "its first line is not USER:PASSWORD";
            return found.map(Some).ok_or_else(|| unusable(path, why));
        }
        let Some(path) = docker() else { return Ok(None) };
        let bytes = match read_bytes(&path, FILE_BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unread(terminal, &path, &error)),
        };
        let text = String::from_utf8_lossy(&bytes);
        Credentials::of_docker(&text, registry).map_err(|why| unusable(&path, why))
    }
}

/// Where Docker keeps who asks registries.
fn docker() -> Option<PathBuf> {
    let folder = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let folder = folder.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".docker")));
    folder.map(|folder| folder.join("config.json"))
}

/// Refuses what would be refused when it is loaded.
///
/// # Errors
/// How the command ends, its words already written.
pub fn check_artifact(
    terminal: &Terminal,
    name: &str,
    artifact: &Artifact,
) -> Result<Program, Exit> {
    let Artifact { bundle, envelope } = artifact;
    let told = |error: TrustError| refused(terminal, &trusted::refused(&error, name));
    if let Some(TrustContext { policy, memory, at }) = trust::trusted(terminal)? {
        let found = Unverified::read(bundle, envelope.as_deref())
            .and_then(|it| it.verify(&policy, &memory, at)?.examine());
        return found.map_err(told);
    }
    if envelope.is_some() {
        // Nobody is asked who signed; but what was signed is this bundle.
        let read = Unverified::read(bundle, envelope.as_deref());
        read.and_then(|it| it.release().map(drop)).map_err(told)?;
    }
    load(bundle, name).map_err(|found| refused(terminal, &found))
}

/// Says what a registry did not do, and how the command ends.
#[must_use]
pub fn report_fault(terminal: &Terminal, reference: &Reference, fault: &Fault) -> Exit {
    let Reference { registry, repository, .. } = reference;
    let fact = format!("`{registry}/{repository}`: {fault}");
    let help = match fault {
        Fault::Missing => {
            "look at the name, the tag and the digest; a registry also hides so what \
                           one may not read"
        }
        Fault::Refused(_) => {
            "name who asks: --credentials-file FILE, or log in with Docker; programs that keep \
             passwords for Docker are not started"
        }
        Fault::Status(429 | 500..=599) => "the registry is busy or broken; try again later",
        Fault::Unreached(_) => {
            "look at its name and port; --plain-http for one without \
                                certificates, --ca-file for one with its own"
        }
        Fault::Stalled => "give it longer with --timeout, or ask another registry",
        Fault::TooLong { .. } | Fault::NoBundle(_) => "`policyc push` is what puts bundles there",
        Fault::Otherwise { .. } => {
            "nothing was kept; the registry, or somebody between, changed it"
        }
        Fault::Insecure => "--plain-http allows that, for a registry on this machine",
        Fault::Protocol(_) | Fault::Status(_) => "is this the address of a registry?",
        Fault::NotBuilt => {
            "build it with them, in its sources: cargo install --path . --features oci"
        }
    };
    let exit = alone(terminal, &Diagnostic::without_place(Code::BadRegistry, fact).help(help));
    if *fault == Fault::Missing {
        return exit.max(Exit::Missing);
    }
    if fault.is_integrity() { exit.max(Exit::Integrity) } else { exit }
}
