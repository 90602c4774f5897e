//! Why a bundle, or a trust policy, is not trusted.
//!
//! In:      facts of this room.
//! Out:     findings: the fact and one next step.
//! Imports: `base`, `diag`, `lang`, `runtime::program`.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::base::limits::{TRUST_KEYS_MAX, TRUST_POLICY_BYTES_MAX};
use crate::base::span::{FileId, Span};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::lang::value::time::Instant;
use crate::runtime::program::error::ProgramError;
use crate::runtime::trust::document::{PolicyError, PolicyFault};
use crate::runtime::trust::envelope::EnvelopeFault;
use crate::runtime::trust::policy::RolePurpose;

/// Why something is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustError {
    /// Its signatures do not vouch for it.
    Signatures(SignatureFault),
    /// The trust policy does not let it in.
    Admission(AdmissionFault),
    /// Something else was loaded before.
    Memory(MemoryFault),
    /// What was signed is no program.
    Program(ProgramError),
    /// The next trust policy cannot be read.
    Successor(Box<PolicyError>),
}

impl TrustError {
    /// Whether the same bytes may be let in later: the reason is the clock, or the file that
    /// remembers versions could not be read or written.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Memory(fault) => {
                matches!(fault, MemoryFault::Unusable { .. } | MemoryFault::NotRegular { .. })
            }
            Self::Admission(fault) => matches!(
                fault,
                AdmissionFault::NoTime { .. }
                    | AdmissionFault::PolicyExpired { .. }
                    | AdmissionFault::Expired { .. }
                    | AdmissionFault::Lifetime { .. }
            ),
            Self::Signatures(_) | Self::Program(_) | Self::Successor(_) => false,
        }
    }
}

/// Why signatures do not vouch for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureFault {
    /// There are none: whoever takes them away gains nothing.
    Missing,
    /// They are no envelope.
    Envelope(EnvelopeFault),
    /// The envelope is about something else.
    PayloadType {
        /// What it is about.
        found: String,
        /// What was asked for.
        wanted: &'static str,
    },
    /// The payload is none of its type.
    Payload,
    /// A signature that names a key is not that key's.
    Forged {
        /// Its name in the trust policy.
        key: String,
    },
    /// Too few keys signed that may.
    Threshold {
        /// For what.
        duty: RolePurpose,
        /// Keys that did.
        found: usize,
        /// Keys that must.
        wanted: usize,
        /// One that signed and does not count.
        barred: Option<BarredKey>,
    },
    /// The trust policy names no keys for this.
    NoRole(RolePurpose),
    /// The file is not the one that was signed.
    OtherFile,
    /// The bundle is called otherwise than its signers say.
    Misnamed {
        /// Its name.
        name: String,
        /// What they say.
        signed: String,
    },
}

/// A key of a role that signed something, and may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BarredKey {
    /// Its name in the trust policy.
    pub key: String,
    /// Seconds since the epoch from which on it counts no more; `None` where it may not sign for
    /// a bundle of this name.
    pub since: Option<i64>,
}

/// Why a trust policy does not let something in. Times are seconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdmissionFault {
    /// The clock says no time: at it nothing would have expired.
    NoTime {
        /// What it says.
        at: i64,
    },
    /// The trust policy has expired.
    PolicyExpired {
        /// When.
        since: i64,
    },
    /// The signatures have expired.
    Expired {
        /// When.
        since: i64,
    },
    /// The signatures hold for longer than the trust policy allows.
    Lifetime {
        /// Days that it allows.
        days: i64,
        /// Until when they hold.
        until: i64,
    },
    /// No bundle of this name may be loaded.
    Name {
        /// The name.
        name: String,
    },
    /// A version that may not be loaded.
    Version {
        /// The row of the trust policy.
        pattern: String,
        /// The version.
        found: u64,
        /// The least.
        minimum: u64,
        /// The greatest.
        maximum: u64,
    },
    /// More bytes than the trust policy allows.
    TooLarge {
        /// Bytes.
        bytes: usize,
        /// Most.
        max: usize,
    },
    /// A decision may cost more than the trust policy allows.
    Cost {
        /// Units.
        cost: u64,
        /// Most.
        max: u64,
    },
    /// The cost of a decision has no bound, and the trust policy wants one.
    Metered,
    /// A trust policy that does not come next.
    NotNext {
        /// Its version.
        found: u64,
        /// That of the one before.
        before: u64,
    },
}

/// Why something may not come behind what was loaded before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemoryFault {
    /// An older version than one that was loaded.
    Older {
        /// The name.
        name: String,
        /// The version.
        found: u64,
        /// The highest that was loaded.
        known: u64,
    },
    /// Another bundle under a version that was loaded.
    Equivocation {
        /// The name.
        name: String,
        /// The version.
        version: u64,
    },
    /// A trust policy before the one that was used last, or another of its version.
    OlderPolicy {
        /// Its version.
        found: u64,
        /// That of the one that was used last.
        known: u64,
    },
    /// A trust policy that would follow, and does not come behind the one that was used last.
    NotBehind {
        /// Its version.
        found: u64,
        /// That of the one that was used last.
        known: u64,
    },
    /// The trust policy wants versions to be remembered, and no file is named.
    NotNamed,
    /// The file that remembers versions cannot be read or written.
    Unusable {
        /// Its path.
        path: PathBuf,
        /// Why.
        error: io::ErrorKind,
    },
    /// What lies there is no file that could remember: it is not opened, which could wait for ever.
    NotRegular {
        /// Its path.
        path: PathBuf,
    },
    /// The file that remembers versions is not as it was written.
    Damaged {
        /// Its path.
        path: PathBuf,
        /// The line.
        line: usize,
    },
}

const AGAIN: &str = "fetch the file and its signatures again from whoever released them";
const SIGN: &str = "`policyc sign` adds a signature; docs/trust.md tells whose count";
const NEXT: &str = "put the next trust policy in place; docs/trust.md tells how";

/// The fact, below what the thing is called, and one next step.
type Wording = (String, &'static str);

impl SignatureFault {
    fn said(&self) -> Wording {
        match self {
            Self::Missing => ("has no signatures".to_owned(), SIGN),
            Self::Envelope(fault) => {
                (format!("has signatures that cannot be read: {}", fault.words()), AGAIN)
            }
            Self::PayloadType { found, wanted } => {
                let found: String = found.chars().take(80).collect();
                (format!("has signatures of `{found}`, not of `{wanted}`"), AGAIN)
            }
            Self::Payload => ("has signatures of something that says nothing".to_owned(), AGAIN),
            Self::Forged { key } => {
                (format!("has a signature that names the key `{key}` and is not its own"), AGAIN)
            }
            Self::Threshold { duty, found, wanted, barred } => {
                let role = duty.word();
                let fact =
                    format!("is signed by {found} of {wanted} keys that role `{role}` asks for");
                (fact + &barred.as_ref().map_or(String::new(), BarredKey::said), SIGN)
            }
            Self::NoRole(duty) => {
                (format!("is asked of a trust policy without a role `{}`", duty.word()), NEXT)
            }
            Self::OtherFile => ("is not the file that was signed".to_owned(), AGAIN),
            Self::Misnamed { name, signed } => {
                (format!("holds the bundle `{name}`, and was signed as `{signed}`"), AGAIN)
            }
        }
    }
}

impl BarredKey {
    fn said(&self) -> String {
        let Self { key, since } = self;
        match since {
            Some(since) => format!("; `{key}` signed, and counts no more since {}", time(*since)),
            None => format!("; `{key}` signed, and may not sign for this name"),
        }
    }
}

impl AdmissionFault {
    fn said(&self) -> Wording {
        match self {
            Self::NoTime { at } => {
                let fact =
                    format!("is asked at {at} seconds since 1970, before which none expires");
                (fact, "set the clock of this machine, then try again")
            }
            Self::PolicyExpired { since } => {
                (format!("is asked of a trust policy that expired at {}", time(*since)), NEXT)
            }
            Self::Expired { since } => {
                (format!("has signatures that expired at {}", time(*since)), "sign it again")
            }
            Self::Lifetime { days, until } => {
                let until = time(*until);
                let fact = format!("has signatures until {until}; {days} days ahead are allowed");
                (fact, "sign it again with an earlier --expires")
            }
            Self::Name { name } => {
                (format!("is the bundle `{name}`, which the trust policy does not name"), NEXT)
            }
            Self::Version { pattern, found, minimum, maximum: u64::MAX } => {
                (format!("is version {found}; `{pattern}` is trusted from {minimum} on"), NEXT)
            }
            Self::Version { pattern, found, minimum, maximum } => (
                format!("is version {found}; `{pattern}` is trusted from {minimum} to {maximum}"),
                NEXT,
            ),
            Self::TooLarge { bytes, max } => (
                format!("has {bytes} bytes, and the trust policy allows {max}"),
                "divide the policy into several bundles",
            ),
            Self::Cost { cost, max } => (
                format!("may cost {cost} units a decision, and the trust policy allows {max}"),
                "make the policy cheaper: `policyc inspect` shows what costs",
            ),
            Self::Metered => (
                "has decisions without a bound of cost, and the trust policy wants one".to_owned(),
                "give lists a `maxItems` in the schema; `policyc check` names them",
            ),
            Self::NotNext { found, before } => (
                format!("is trust policy {found}, which does not come behind {before}"),
                "the next trust policy has the next version",
            ),
        }
    }
}

impl MemoryFault {
    /// What the system said of the file at `path`.
    pub(super) fn unusable(path: &Path, error: &io::Error) -> Self {
        let path = path.to_owned();
        let error = error.kind();
        if error == io::ErrorKind::Other {
            Self::NotRegular { path }
        } else {
            Self::Unusable { path, error }
        }
    }

    const fn code(&self) -> Code {
        match self {
            Self::Older { .. }
            | Self::Equivocation { .. }
            | Self::OlderPolicy { .. }
            | Self::NotBehind { .. } => Code::RolledBack,
            Self::NotNamed
            | Self::Unusable { .. }
            | Self::NotRegular { .. }
            | Self::Damaged { .. } => Code::BadTrustState,
        }
    }

    fn said(&self) -> Wording {
        match self {
            Self::Older { name, found, known } => (
                format!("is version {found} of `{name}`; version {known} was loaded before"),
                "load the newest release; to go back, release the older policy as a new version",
            ),
            Self::Equivocation { name, version } => (
                format!("is not the bundle that was loaded as version {version} of `{name}`"),
                "find out who signed two bundles as one version, then release a new one",
            ),
            Self::OlderPolicy { found, known } if found == known => (
                format!("is asked of another trust policy {known} than was used before"),
                "use the trust policy that was used before, or its successor",
            ),
            Self::OlderPolicy { found, known } => (
                format!("is asked of trust policy {found}, and policy {known} was used before"),
                "use the trust policy that was used before, or its successor",
            ),
            Self::NotBehind { found, known } if found == known => (
                format!("is not the trust policy {known} that was used before"),
                "find out who signed two trust policies as one version",
            ),
            Self::NotBehind { found, known } => (
                format!("is trust policy {found}, and policy {known} was used before"),
                "use the trust policy that was used before, or its successor",
            ),
            Self::NotNamed => (
                "is asked of a trust policy that remembers versions, without a file".to_owned(),
                "name one with --trust-state, or write rollback = \"minimum\" in the policy",
            ),
            Self::Unusable { path, error: io::ErrorKind::NotFound } => (
                format!(
                    "is not loaded: `{}` cannot be used: its folder, or what its link leads to, \
                     is not there",
                    path.display()
                ),
                "name a file with --trust-state that can be read and written",
            ),
            Self::Unusable { path, error } => (
                format!("is not loaded: `{}` cannot be used: {error}", path.display()),
                "name a file with --trust-state that can be read and written",
            ),
            Self::NotRegular { path } => (
                format!("is not loaded: `{}` is no regular file", path.display()),
                "name a file with --trust-state that can be read and written",
            ),
            Self::Damaged { path, line } => (
                format!("is not loaded: `{}` is damaged in line {line}", path.display()),
                "restore the file; without it, raise `minimum` in the trust policy first",
            ),
        }
    }
}

impl TrustError {
    /// Whether something is not what was signed, or not signed: an integrity failure, not a
    /// malformed file.
    #[must_use]
    pub const fn is_integrity(&self) -> bool {
        match self {
            Self::Signatures(fault) => !matches!(fault, SignatureFault::Envelope(_)),
            Self::Admission(fault) => !matches!(fault, AdmissionFault::TooLarge { .. }),
            Self::Memory(fault) => !matches!(
                fault,
                MemoryFault::NotNamed
                    | MemoryFault::Unusable { .. }
                    | MemoryFault::NotRegular { .. }
            ),
            Self::Program(ProgramError::Load(error)) => error.is_integrity(),
            Self::Program(ProgramError::Verify(_)) | Self::Successor(_) => false,
        }
    }

    /// As a finding about what people call `name`.
    #[must_use]
    pub fn diagnostic(&self, name: &str) -> Diagnostic {
        let (code, (fact, help)) = match self {
            Self::Signatures(fault @ SignatureFault::Envelope(_)) => {
                (Code::BadEnvelope, fault.said())
            }
            Self::Signatures(fault) => (Code::NotTrusted, fault.said()),
            Self::Admission(fault) => (Code::NotTrusted, fault.said()),
            Self::Memory(fault) => (fault.code(), fault.said()),
            Self::Program(error) => return error.diagnostic(name),
            Self::Successor(error) => {
                let fact = format!("cannot be read: line {}: {}", error.line, error.fault.words());
                (Code::BadTrustPolicy, (fact, "docs/trust.md has the form of trust policies"))
            }
        };
        Diagnostic::without_place(code, format!("`{name}` {fact}")).help(help)
    }
}

impl From<SignatureFault> for TrustError {
    fn from(fault: SignatureFault) -> Self {
        Self::Signatures(fault)
    }
}

impl From<AdmissionFault> for TrustError {
    fn from(fault: AdmissionFault) -> Self {
        Self::Admission(fault)
    }
}

impl From<MemoryFault> for TrustError {
    fn from(fault: MemoryFault) -> Self {
        Self::Memory(fault)
    }
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic("bundle").message)
    }
}

impl Error for TrustError {}

/// Seconds since the epoch as people write them.
fn time(seconds: i64) -> String {
    Instant { seconds, nanoseconds: 0 }.to_string()
}

impl PolicyFault {
    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::TooLarge => format!("it is longer than {TRUST_POLICY_BYTES_MAX} bytes"),
            Self::NotUtf8 => "it is not UTF-8 text".to_owned(),
            Self::Syntax(words) => format!("this is not TOML: {words}"),
            Self::Unknown { key, .. } => format!("a trust policy has no key `{key}` here"),
            Self::Missing(key) => format!("`{key}` is missing"),
            Self::Wrong { key, wanted } => format!("`{key}` is {wanted}"),
            Self::Key(fault) => format!("this key cannot be trusted: {}", fault.words()),
            Self::SameKey { other } => format!("this is the key `{other}` under another name"),
            Self::NoSuchKey(name) => format!("there is no key `{name}`"),
            Self::NamedTwice(name) => format!("the key `{name}` is named twice"),
            Self::Threshold { keys } => format!("a threshold is from 1 to the {keys} keys"),
            Self::TooMany { what, max } => format!("there are more than {max} {what}"),
            Self::NoBundles => "no bundle may be loaded".to_owned(),
            Self::Pattern => "this is no name of bundles, nor how names begin".to_owned(),
        }
    }

    fn help(&self) -> String {
        match self {
            Self::Unknown { near: Some(near), .. } => format!("did you mean `{near}`?"),
            Self::Unknown { known, .. } => format!("the keys are {}", known.join(", ")),
            Self::SameKey { .. } | Self::NamedTwice(_) => {
                "one key counts once: name another one".to_owned()
            }
            Self::Key(_) => "`policyc keygen` makes keys and shows what to write here".to_owned(),
            Self::NoSuchKey(_) => "give it a table [keys.NAME]".to_owned(),
            Self::TooMany { .. } => format!("divide it; {TRUST_KEYS_MAX} keys are many"),
            Self::NoBundles => "name one, as [bundles.payments]".to_owned(),
            Self::Pattern => "write a name, or how names begin and `*` behind it".to_owned(),
            Self::TooLarge
            | Self::NotUtf8
            | Self::Syntax(_)
            | Self::Missing(_)
            | Self::Wrong { .. }
            | Self::Threshold { .. } => "docs/trust.md has the form of trust policies".to_owned(),
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the trust policy cannot be read: line {}: {}", self.line, self.fault.words())
    }
}

impl Error for PolicyError {}

impl PolicyError {
    /// As a finding about the file `file`.
    #[must_use]
    pub fn diagnostic(&self, file: FileId) -> Diagnostic {
        let place = |at| u32::try_from(at).unwrap_or(u32::MAX);
        let at = Span::new(file, place(self.at.start), place(self.at.end));
        let words = self.fault.words();
        Diagnostic::new(Code::BadTrustPolicy, at, words, "here").help(self.fault.help())
    }
}
