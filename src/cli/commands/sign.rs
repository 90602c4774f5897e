//! `policyc sign`: signatures beside a bundle, or beside a trust policy.

use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::clock::now;
use crate::cli::exit::Exit;
use crate::cli::reporting::{alone, refused};
use crate::cli::root::with_options;
use crate::cli::sources::{bundle_bytes, is_bundle, shown};
use crate::cli::terminal::Terminal;
use crate::cli::trust::{Passphrases, open_key, policy_bytes, secret_refused, trust_policy};
use crate::cli::write::{replace, write};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::lang::value::time;
use crate::lang::value::time::Instant;
use crate::runtime::trust::envelope::Envelope;
use crate::runtime::trust::error::{SignatureFault, TrustError};
use crate::runtime::trust::policy::POLICY_TYPE;
use crate::runtime::trust::release::{RELEASE_TYPE, Release};
use crate::tools::pipeline::load;
use crate::tools::report::counted;
use crate::tools::report::visible::visible;
use crate::tools::sign::minisign;
use crate::tools::sign::sealed;
use crate::tools::sign::secret::SecretKey;
use crate::tools::sign::trusted::{self, envelope_of, read_envelope};

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "sign",
    group: "trust",
    short: "sign a bundle",
    about: "Sign a bundle as a release, or a trust policy",
    usage: "FILE --key KEY.. [OPTIONS]",
    examples: &[
        ("policyc sign payments.plcb --key release.key --release 3", "the third release"),
        ("policyc sign payments.plcb --key review.key", "and one more signature of the same"),
        ("policyc sign next.toml --key release.key", "a trust policy"),
    ],
    arguments: Options::augment_args,
    run,
};

/// How long signatures hold unless something else is said.
const DAYS: &str = "90d";
const DAY_SECONDS: i64 = 86_400;

#[derive(Debug, Args)]
struct Options {
    /// A bundle, or a trust policy; its signatures go to FILE.sig.
    file: PathBuf,
    /// A secret key, as `policyc keygen` makes it; may be given more than once.
    #[arg(long, value_name = "FILE", required = true)]
    key: Vec<PathBuf>,
    /// The version of the release: greater than the one before. Without it the release that is
    /// signed already gets one more signature.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    release: Option<u64>,
    /// Until when it is loaded, as 2027-01-31T00:00:00Z or 90d (the default).
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    /// Write a signature of minisign, too: FILE.minisig, by the first key.
    #[arg(long)]
    minisign: bool,
    #[command(flatten)]
    passphrases: Passphrases,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    with_options(matches, terminal, sign)
}

/// What is signed.
struct Subject {
    bytes: Vec<u8>,
    kind: &'static str,
    payload: Vec<u8>,
    /// What its signatures say, in a few words.
    says: String,
    /// Its envelope, where it has one that says the same.
    before: Option<Envelope>,
    /// The signatures of the same version with another end, which these replace.
    replaced: usize,
}

fn sign(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let path = &options.file;
    let subject =
        if is_bundle(path) { bundle(terminal, options)? } else { policy(terminal, options)? };
    let keys = options.key.iter().map(|path| open_key(terminal, path, &options.passphrases));
    let keys: Vec<SecretKey> = keys.collect::<Result<_, _>>()?;
    let Subject { bytes, kind, payload, says, before, replaced } = subject;
    let failed = |fault| secret_refused(terminal, path, fault);
    let envelope = sealed(kind, &payload, &keys, before).map_err(failed)?;
    // What nobody could read afterwards is not written.
    let json = envelope.to_json();
    Envelope::read(json.as_bytes()).map_err(|fault| {
        let error = TrustError::Signatures(SignatureFault::Envelope(fault));
        refused(terminal, &trusted::refused(&error, &shown(path)))
    })?;
    let beside = envelope_of(path);
    replace(&beside, json.as_bytes()).map_err(|found| alone(terminal, &found))?;
    if let Some(key) = keys.first().filter(|_| options.minisign) {
        let text = minisign::signature(key, &bytes, &says).map_err(failed)?;
        let mut name = path.as_os_str().to_owned();
        name.push(".minisig");
        write(Path::new(&name), text.as_bytes()).map_err(|found| alone(terminal, &found))?;
    }
    let (name, count) = (shown(&beside), counted(envelope.signatures.len(), "signature"));
    terminal.notice(&format!("  {}  {count} · {}\n", visible(&name), visible(&says)));
    if replaced > 0 {
        let count = counted(replaced, "signature");
        let fact = format!("  in place of {count} of this version with another end, now gone\n");
        terminal.notice(&fact);
    }
    Ok(Exit::Done)
}

/// A bundle and what is signed of it.
fn bundle(terminal: &Terminal, options: &Options) -> Result<Subject, Exit> {
    let path = &options.file;
    let bytes = bundle_bytes(terminal, path)?;
    // Nobody signs what is refused afterwards.
    let program = load(&bytes, &shown(path)).map_err(|found| refused(terminal, &found))?;
    let before = before(terminal, path)?.filter(|it| it.payload_type == RELEASE_TYPE);
    let stated = before.as_ref().and_then(|envelope| Release::read(&envelope.payload));
    let of_file = |version, expires| Release::of(&bytes, program.name(), version, expires);
    let is_of_file = |it: &Release| of_file(it.version, it.expires).as_ref() == Some(it);
    let known = stated.clone().filter(is_of_file);
    let usage = |fact: String, help: &str| {
        alone(terminal, &Diagnostic::without_place(Code::BadUsage, fact).help(help))
    };
    let release = match (options.release, known) {
        (None, Some(known)) if options.expires.is_none() => known,
        (None, _) => {
            let fact = format!("`{}` is signed by nobody yet as it is", shown(path));
            return Err(usage(fact, "name the version of the release: --release N"));
        }
        // Whoever signs the same release without a word about its end signs what others did.
        (Some(version), Some(known))
            if options.expires.is_none() && version == known.version && known.expires > now().0 =>
        {
            known
        }
        (Some(version), known) => {
            let stated = stated.filter(|it| it.name == program.name());
            if let Some((fact, help)) = taken(path, version, stated.as_ref(), known.as_ref()) {
                return Err(usage(fact, &help));
            }
            let text = options.expires.as_deref().unwrap_or(DAYS);
            let expires = moment(text, now().0)
                .ok_or_else(|| usage(format!("`{text}` is no time to come"), "write it as 90d"))?;
            of_file(version, expires).ok_or_else(|| {
                let fact = format!("`{}` has a name that cannot be signed", shown(path));
                usage(fact, "a name is a line of at most 256 bytes")
            })?
        }
    };
    let payload = release.to_bytes();
    let replaced = before.as_ref().map_or(0, |before| replaced(before, &release));
    let before = before.filter(|envelope| envelope.payload == payload);
    let until = Instant { seconds: release.expires, nanoseconds: 0 };
    let says = format!("{} version {} until {until}", release.name, release.version);
    Ok(Subject { bytes, kind: RELEASE_TYPE, payload, says, before, replaced })
}

/// The signatures of an envelope that is of the same version, and says something else of it.
fn replaced(before: &Envelope, release: &Release) -> usize {
    let other = |it: &Release| it.version == release.version && it != release;
    let stated = Release::read(&before.payload).filter(other);
    stated.map_or(0, |_| before.signatures.len())
}

/// Why a version cannot be the next one behind what is `stated`, and what to do: a host that loaded
/// that refuses it. `known` is that, where it is about these bytes.
fn taken(
    path: &Path,
    version: u64,
    stated: Option<&Release>,
    known: Option<&Release>,
) -> Option<(String, String)> {
    let stated = stated?;
    let (beside, before) = (shown(&envelope_of(path)), stated.version);
    let fact = if version < before {
        format!("`{beside}` is of release {before}, and {version} is an older one")
    } else if version == before && known.is_none() {
        format!("`{beside}` is of release {before} with other bytes")
    } else {
        return None;
    };
    let next = before.checked_add(1).map_or_else(String::new, |next| {
        format!("sign it as a newer one, such as --release {next}; or ")
    });
    let help = format!("{next}move `{beside}` away, if it was never released");
    Some((fact, help))
}

/// A trust policy and what is signed of it.
fn policy(terminal: &Terminal, options: &Options) -> Result<Subject, Exit> {
    let path = &options.file;
    if options.release.is_some() || options.expires.is_some() {
        let fact = "a trust policy says its version and its end itself";
        let finding = Diagnostic::without_place(Code::BadUsage, fact);
        return Err(alone(terminal, &finding.help("leave out --release and --expires")));
    }
    let bytes = policy_bytes(terminal, path)?;
    let policy = trust_policy(terminal, path, &bytes)?;
    let payload = policy.to_signed();
    let same = |it: &Envelope| it.payload_type == POLICY_TYPE && it.payload == payload;
    let before = before(terminal, path)?.filter(same);
    let says = format!("trust policy {}", policy.version());
    Ok(Subject { bytes, kind: POLICY_TYPE, payload, says, before, replaced: 0 })
}

/// The envelope that is there. One that cannot be read is not replaced behind anybody's back.
fn before(terminal: &Terminal, path: &Path) -> Result<Option<Envelope>, Exit> {
    let beside = envelope_of(path);
    let bytes = read_envelope(&beside).map_err(|found| refused(terminal, &found))?;
    let read = bytes.map(|bytes| Envelope::read(&bytes)).transpose();
    read.map_err(|fault| {
        let error = TrustError::Signatures(SignatureFault::Envelope(fault));
        refused(terminal, &trusted::refused(&error, &shown(path)))
    })
}

/// A time to come: `90d`, or as RFC 3339.
fn moment(text: &str, now: i64) -> Option<i64> {
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u16>().ok());
    let at = match days {
        Some(days) => now.checked_add(i64::from(days).checked_mul(DAY_SECONDS)?)?,
        None => time::parse(text).ok()?.seconds,
    };
    (at > now).then_some(at)
}
