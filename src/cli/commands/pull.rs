//! `policyc pull`: a bundle out of a registry.

use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::exit::Exit;
use crate::cli::registry::{RegistryOptions, check_artifact, reference_of, report_fault};
use crate::cli::reporting::alone;
use crate::cli::root::with_options;
use crate::cli::sources::shown;
use crate::cli::terminal::Terminal;
use crate::cli::trust::trusted;
use crate::cli::write::{Draft, is_file_name, unwritable};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::tools::inspect::size_text;
use crate::tools::oci::reference::{Name, Reference};
use crate::tools::oci::{Artifact, pull};
use crate::tools::report::visible::visible;
use crate::tools::sign::trusted::{TrustContext, envelope_of};

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "pull",
    group: "trust",
    short: "get a bundle from a registry",
    about: "Get a bundle and its signatures from an OCI registry, by digest or by who signed it",
    usage: "REFERENCE -o FILE [OPTIONS]",
    examples: &[
        (
            "policyc pull registry.example.com/policies/payments@sha256:.. -o payments.plcb",
            "what `policyc push` printed",
        ),
        (
            "policyc pull registry.example.com/policies/payments:3 -o p.plcb --trust trust.toml",
            "a tag says nothing of the bytes: those who signed must",
        ),
    ],
    arguments: Options::augment_args,
    run: |matches: &ArgMatches, terminal: &Terminal| with_options(matches, terminal, pulled),
};

#[derive(Debug, Args)]
struct Options {
    /// What to get: HOST/REPOSITORY@sha256:DIGEST, or with --trust also HOST/REPOSITORY:TAG.
    reference: String,
    /// The file for the bundle; its signatures go to FILE.sig.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    speaking: RegistryOptions,
}

fn pulled(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let path = &options.out;
    if !is_file_name(path) {
        let fact = format!("`{}` is no file, so nothing can lie beside it", shown(path));
        let finding = Diagnostic::without_place(Code::BadUsage, fact);
        let help = "signatures go to FILE.sig: name a file with -o";
        return Err(alone(terminal, &finding.help(help)));
    }
    let reference = reference_of(terminal, &options.reference)?;
    let trusted = trusted(terminal)?;
    asked_enough(terminal, &reference, trusted.as_ref())?;
    let mut repository = options.speaking.to(terminal, &reference)?;
    let pulled = pull(&mut repository, &reference);
    let (digest, artifact) = pulled.map_err(|fault| report_fault(terminal, &reference, &fault))?;
    let pinned = reference.pinned(digest);
    check_artifact(terminal, &pinned, &artifact)?;
    let Artifact { bundle, envelope } = artifact;
    written(path, &bundle, envelope.as_deref()).map_err(|finding| alone(terminal, &finding))?;
    let signed = match (&envelope, &trusted) {
        (None, _) => "unsigned",
        (Some(_), None) => "with its signatures, which nobody was asked about",
        (Some(_), Some(_)) => "trusted",
    };
    let size = size_text(bundle.len());
    terminal.notice(&format!("  {}  {size} · {signed}\n", visible(&shown(path))));
    terminal.result(&format!("{pinned}\n"));
    Ok(Exit::Done)
}

/// Writes both files; they get their names once both are on the disk. Whoever reads between the two
/// finds signatures of another bundle, and goes on with the one it has.
fn written(path: &Path, bundle: &[u8], envelope: Option<&[u8]>) -> Result<(), Box<Diagnostic>> {
    let beside = envelope_of(path);
    let mut draft = Draft::begin(path)?;
    draft.write(bundle)?;
    draft.sync()?;
    let signatures = envelope.map(|envelope| {
        let mut draft = Draft::begin(&beside)?;
        draft.write(envelope)?;
        draft.sync()?;
        Ok::<_, Box<Diagnostic>>(draft)
    });
    let signatures = signatures.transpose()?;
    draft.finish()?;
    match signatures {
        Some(draft) => draft.finish(),
        None => match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Box::new(unwritable(&beside, &error)))
            }
            Ok(()) | Err(_) => Ok(()),
        },
    }
}

/// Refuses to get whatever a tag names at the moment, where nobody says what it must be.
fn asked_enough(
    terminal: &Terminal,
    reference: &Reference,
    trusted: Option<&TrustContext>,
) -> Result<(), Exit> {
    let usage = |fact: String, help: &str| {
        Err(alone(terminal, &Diagnostic::without_place(Code::BadUsage, fact).help(help)))
    };
    match reference.name() {
        Some(Name::Digest(_)) => Ok(()),
        Some(Name::Tag(_)) if trusted.is_some() => Ok(()),
        Some(Name::Tag(tag)) => usage(
            format!("whoever may push there moves the tag `{tag}` to any bundle"),
            "name the digest that `policyc push` printed, or who must have signed: --trust FILE",
        ),
        None => usage(
            "a repository holds many bundles, and none is named".to_owned(),
            "name one: HOST/REPOSITORY@sha256:DIGEST",
        ),
    }
}
