//! `policyc push`: a bundle into a registry.

use std::path::PathBuf;

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::exit::Exit;
use crate::cli::registry::{RegistryOptions, check_artifact, reference_of, report_fault};
use crate::cli::reporting::{alone, refused};
use crate::cli::root::with_options;
use crate::cli::sources::{bundle_bytes, shown};
use crate::cli::terminal::Terminal;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::tools::inspect::size_text;
use crate::tools::oci::{Artifact, push};
use crate::tools::report::visible::visible;
use crate::tools::sign::trusted::{envelope_of, read_envelope};

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "push",
    group: "trust",
    short: "put a bundle into a registry",
    about: "Put a bundle and its signatures into an OCI registry, and print its digest there",
    usage: "BUNDLE REFERENCE [OPTIONS]",
    examples: &[(
        "policyc push payments.plcb registry.example.com/policies/payments:3",
        "prints registry.example.com/policies/payments@sha256:..",
    )],
    arguments: Options::augment_args,
    run: |matches: &ArgMatches, terminal: &Terminal| with_options(matches, terminal, pushed),
};

#[derive(Debug, Args)]
struct Options {
    /// A bundle; its signatures are in BUNDLE.sig, if it has any.
    bundle: PathBuf,
    /// Where it goes, as registry.example.com/policies/payments:3.
    reference: String,
    #[command(flatten)]
    speaking: RegistryOptions,
}

fn pushed(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let path = &options.bundle;
    let reference = reference_of(terminal, &options.reference)?;
    if reference.digest.is_some() {
        let fact = "a digest says what was pushed, not where to".to_owned();
        let finding = Diagnostic::without_place(Code::BadUsage, fact);
        return Err(alone(terminal, &finding.help("name a tag, or nothing")));
    }
    let bundle = bundle_bytes(terminal, path)?;
    let envelope = read_envelope(&envelope_of(path)).map_err(|found| refused(terminal, &found))?;
    let artifact = Artifact { bundle, envelope };
    // Nobody pushes what is refused afterwards.
    let program = check_artifact(terminal, &shown(path), &artifact)?;
    let mut repository = options.speaking.to(terminal, &reference)?;
    // What a bundle is called is part of it; what its file is called is not.
    let title = format!("{}.plcb", program.name());
    let pushed = push(&mut repository, reference.tag.as_deref(), (&title, &artifact));
    let digest = pushed.map_err(|fault| report_fault(terminal, &reference, &fault))?;
    let signed = if artifact.envelope.is_some() { "with its signatures" } else { "unsigned" };
    let size = size_text(artifact.bundle.len());
    terminal.notice(&format!("  {}  {size} · {signed}\n", visible(&shown(path))));
    terminal.result(&format!("{}\n", reference.pinned(digest)));
    Ok(Exit::Done)
}
