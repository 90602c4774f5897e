//! `policyc verify`: whether something may be trusted.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args};
use serde_json::json;

use crate::base::limits::{ATTESTATION_BYTES_MAX, ENVELOPE_BYTES_MAX};
use crate::cli::Command;
use crate::cli::exit::Exit;
use crate::cli::reporting::{Shape, alone, refused};
use crate::cli::root::with_options;
use crate::cli::sources::{bundle_bytes, is_bundle, shown, unread};
use crate::cli::terminal::Terminal;
use crate::cli::trust::{key_bytes, no_key_material, no_secret, policy_bytes, trusted};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::lang::value::time::Instant;
use crate::runtime::program::Program;
use crate::runtime::trust::Unverified;
use crate::runtime::trust::envelope::{Envelope, EnvelopeFault};
use crate::runtime::trust::error::{SignatureFault, TrustError};
use crate::runtime::trust::policy::RolePurpose;
use crate::tools::inspect::digest_text;
use crate::tools::project::read_bytes;
use crate::tools::report::json;
use crate::tools::report::visible::visible;
use crate::tools::sign::attest::{STATEMENT_TYPE, is_about};
use crate::tools::sign::minisign::{MinisignFault, MinisignKey};
use crate::tools::sign::trusted::{self, TrustContext, envelope_of, read_beside, read_envelope};

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "verify",
    group: "trust",
    short: "tell whether a bundle is trusted",
    about: "Ask a trust policy about a bundle, or about the trust policy that follows it",
    usage: "FILE --trust FILE [OPTIONS]",
    examples: &[
        ("policyc verify payments.plcb --trust trust.toml --trust-state p.state", "may it decide?"),
        ("policyc verify next.toml --trust trust.toml", "may it follow this trust policy?"),
        ("policyc verify payments.plcb --minisign KEY.pub", "is payments.plcb.minisig its own?"),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    /// A bundle, or a trust policy; its signatures are in FILE.sig.
    file: PathBuf,
    /// An attestation of the bundle, as `policyc attest` writes it, which must hold as well.
    #[arg(long, value_name = "FILE")]
    attestation: Option<PathBuf>,
    /// Check FILE.minisig instead, by a public key of minisign: a file, or the line of it.
    #[arg(long, value_name = "KEY", conflicts_with = "attestation")]
    minisign: Option<String>,
    /// How it is written.
    #[arg(long, value_name = "full|json", default_value = "full", hide_possible_values = true)]
    output_format: Shape,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    with_options(matches, terminal, verify)
}

fn verify(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let path = &options.file;
    let usage = |fact: &str, help: &str| {
        Err(alone(terminal, &Diagnostic::without_place(Code::BadUsage, fact).help(help)))
    };
    if let Some(key) = &options.minisign {
        if terminal.trust() != (None, None) {
            let help = "leave out --trust and --trust-state, or --minisign";
            return usage("`--minisign` asks a key, and no trust policy", help);
        }
        return of_minisign(terminal, options, key);
    }
    if options.attestation.is_some() && !is_bundle(path) {
        return usage("an attestation is about a bundle, and this is none", "leave it out");
    }
    let Some(trusted) = trusted(terminal)? else {
        let fact = format!("nobody is asked whether `{}` is trusted", shown(path));
        let finding = Diagnostic::without_place(Code::BadUsage, fact);
        return Err(alone(terminal, &finding.help("name a trust policy: --trust FILE")));
    };
    if is_bundle(path) {
        of_bundle(terminal, options, &trusted)
    } else {
        of_policy(terminal, options, &trusted)
    }
}

fn envelope(terminal: &Terminal, path: &Path) -> Result<Option<Vec<u8>>, Exit> {
    read_envelope(&envelope_of(path)).map_err(|found| refused(terminal, &found))
}

fn of_bundle(terminal: &Terminal, options: &Options, trusted: &TrustContext) -> Result<Exit, Exit> {
    let path = &options.file;
    let bytes = bundle_bytes(terminal, path)?;
    let envelope = envelope(terminal, path)?;
    let found = Unverified::read(&bytes, envelope.as_deref()).and_then(|it| {
        let verified = it.verify(&trusted.policy, &trusted.memory, trusted.at)?;
        let program = verified.examine()?;
        Ok((verified.release().clone(), verified.signers().to_vec(), program))
    });
    let failed = |error: &TrustError| refused(terminal, &trusted::refused(error, &shown(path)));
    let (release, signers, program) = found.map_err(|error| failed(&error))?;
    let attested = match &options.attestation {
        Some(file) => Some(attesters(terminal, file, trusted, (&program, &bytes))?),
        None => None,
    };
    let expires = Instant { seconds: release.expires, nanoseconds: 0 }.to_string();
    match options.output_format {
        Shape::Json => {
            let found = json!({
                "name": release.name, "version": release.version, "expires": expires,
                "signers": signers, "root": digest_text(&release.root),
                "file": digest_text(&release.file), "policy": trusted.policy.version(),
                "attested_by": attested,
            });
            terminal.result(&json::line(&found));
        }
        Shape::Full => {
            let mut text = format!(
                "  TRUSTED  {} · {} version {}, until {expires}\n  signed by  {}\n  \
                 root       {}\n",
                visible(&shown(path)),
                visible(&release.name),
                release.version,
                visible(&signers.join(", ")),
                digest_text(&release.root)
            );
            if let Some(attested) = attested {
                let _ = writeln!(text, "  built by   {}", visible(&attested.join(", ")));
            }
            terminal.result(&text);
        }
    }
    Ok(Exit::Done)
}

/// The keys that signed an attestation of a bundle.
fn attesters(
    terminal: &Terminal,
    file: &Path,
    trusted: &TrustContext,
    (program, bundle): (&Program, &[u8]),
) -> Result<Vec<String>, Exit> {
    let bytes = read_bytes(file, ATTESTATION_BYTES_MAX).map_err(|error| {
        if error.kind() != io::ErrorKind::FileTooLarge {
            return unread(terminal, file, &error);
        }
        let fault = EnvelopeFault::TooLarge { max: ATTESTATION_BYTES_MAX };
        refused(terminal, &trusted::refused(&SignatureFault::Envelope(fault).into(), &shown(file)))
    })?;
    let found = Envelope::read_up_to(&bytes, ATTESTATION_BYTES_MAX)
        .map_err(|fault| TrustError::Signatures(SignatureFault::Envelope(fault)))
        .and_then(|envelope| {
            if envelope.payload_type != STATEMENT_TYPE {
                let found = envelope.payload_type;
                return Err(SignatureFault::PayloadType { found, wanted: STATEMENT_TYPE }.into());
            }
            trusted.policy.holds(trusted.at)?;
            let name = Some(program.name());
            let signers =
                trusted.policy.signers(RolePurpose::Attest, &envelope, name, trusted.at)?;
            let is_about = is_about(&envelope.payload, program, bundle);
            if is_about { Ok(signers) } else { Err(SignatureFault::OtherFile.into()) }
        });
    found.map_err(|error| refused(terminal, &trusted::refused(&error, &shown(file))))
}

fn of_policy(terminal: &Terminal, options: &Options, trusted: &TrustContext) -> Result<Exit, Exit> {
    let path = &options.file;
    let bytes = policy_bytes(terminal, path)?;
    let found = envelope(terminal, path)?.ok_or(SignatureFault::Missing.into()).and_then(|bytes| {
        Envelope::read(&bytes)
            .map_err(|fault| TrustError::Signatures(SignatureFault::Envelope(fault)))
    });
    let next = found.and_then(|it| {
        let next = trusted.policy.succeeded_by(&bytes, &it, trusted.at)?;
        trusted.memory.check_successor(&trusted.policy, &next)?;
        Ok(next)
    });
    let failed = |error| refused(terminal, &trusted::refused(&error, &shown(path)));
    let next = next.map_err(failed)?;
    let (version, before) = (next.version(), trusted.policy.version());
    terminal.result(&match options.output_format {
        Shape::Json => json::line(&json!({"version": version, "follows": before})),
        Shape::Full => {
            let name = shown(path);
            format!("  TRUSTED  {} · policy {version} follows {before}\n", visible(&name))
        }
    });
    Ok(Exit::Done)
}

fn of_minisign(terminal: &Terminal, options: &Options, key: &str) -> Result<Exit, Exit> {
    let path = &options.file;
    let key = minisign_key(terminal, key)?;
    let bytes = bundle_bytes(terminal, path)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".minisig");
    let beside = PathBuf::from(beside);
    let signature = read_beside(&beside, ENVELOPE_BYTES_MAX).or_else(|error| {
        let is_long = error.kind() == io::ErrorKind::FileTooLarge;
        if is_long { Ok(Vec::new()) } else { Err(unread(terminal, &beside, &error)) }
    })?;
    // What is no text, or too long for one, is not in the form.
    let signature = String::from_utf8(signature).unwrap_or_default();
    let comment = key.check(&bytes, &signature).map_err(|fault| {
        let fact = format!("`{}` {}", shown(path), fault.words());
        let help = "fetch the file and its signatures again from whoever released them";
        if fault == MinisignFault::Form {
            let finding = Diagnostic::without_place(Code::BadEnvelope, fact);
            return alone(terminal, &finding.help(help));
        }
        let finding = Diagnostic::without_place(Code::NotTrusted, fact);
        alone(terminal, &finding.help(help)).max(Exit::Integrity)
    })?;
    terminal.result(&match options.output_format {
        Shape::Json => json::line(&json!({"comment": comment})),
        Shape::Full => {
            let (name, comment) = (shown(path), visible(comment));
            format!("  SIGNED  {} · {comment}\n", visible(&name))
        }
    });
    Ok(Exit::Done)
}

/// The public key of minisign that was named: a file, or the text of it.
fn minisign_key(terminal: &Terminal, named: &str) -> Result<MinisignKey, Exit> {
    let path = Path::new(named);
    if !path.exists() {
        if let Some(key) = MinisignKey::read(named) {
            return Ok(key);
        }
        // What was typed in the place of a key is not repeated.
        no_key_material(terminal, "--minisign", named)?;
    }
    let bytes = key_bytes(terminal, path)?;
    let text = String::from_utf8_lossy(&bytes);
    no_secret(terminal, path, &text)?;
    MinisignKey::read(&text).ok_or_else(|| {
        let fact = format!("`{}` is no public key of minisign", shown(path));
        let finding = Diagnostic::without_place(Code::BadKey, fact);
        alone(terminal, &finding.help("name the file that `minisign -G` wrote, or its line"))
    })
}
