//! Audit logs: chained records in segments that outlast a crash, and whose every change is found.
//!
//! In:      lines of records; a store; who signs checkpoints.
//! Out:     a `Log`, whose tickets are acknowledged when their records are kept; proofs.
//! Imports: `base`, `runtime::record`.
//! Source:  `docs/audit.md`.

pub mod crc;
pub mod frame;
pub mod note;
pub mod proof;
pub mod recover;
pub mod segments;
pub mod start;
pub mod store;
pub mod torn;
pub mod walk;
pub mod whole;

use std::fmt;
use std::io;

use crate::base::limits::AUDIT_NAME_BYTES_MAX;
use crate::runtime::audit::note::{Signer, Verifier};
use crate::runtime::audit::recover::{Recovered, VouchRequirement, recover};
use crate::runtime::audit::segments::Segments;
use crate::runtime::audit::store::Store;
use crate::runtime::audit::torn::TornWrite;
use crate::runtime::audit::walk::Damage;
use crate::runtime::record::log::{Log, LogOptions};

/// How an audit log is kept.
pub struct Options {
    /// How its lines are taken.
    pub log: LogOptions,
    /// The name of the log in checkpoints: unique among all logs, as `example.com/gateway-3`.
    pub origin: String,
    /// A segment ends once it has as many bytes.
    pub segment_bytes: u64,
    /// Signs a checkpoint behind each write that ends a block. `None`: there are no checkpoints.
    pub signer: Option<Box<dyn Signer>>,
    /// Keys that signed its checkpoints before, where that of `signer` did not.
    pub earlier: Vec<Box<dyn Verifier>>,
    /// Whose log is gone on with, if there is one.
    pub past: Continuation,
}

/// Whose log is gone on with: whoever goes on vouches for all that stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuation {
    /// One whose checkpoints are signed by the keys; without a key, one that nobody signs.
    Signed,
    /// Any, signed by whomever or by nobody: the host takes it on itself that it is what was
    /// written. For a log that had no key before, or shall have none any more.
    Adopted,
}

impl Options {
    /// A log of this writer, called `origin`: as `LogOptions::new`, segments of 64 MiB, no keys.
    #[must_use]
    pub fn new(writer: impl Into<String>, origin: impl Into<String>) -> Self {
        let (log, origin) = (LogOptions::new(writer), origin.into());
        let (signer, earlier, past) = (None, Vec::new(), Continuation::Signed);
        Self { log, origin, segment_bytes: 64 << 20, signer, earlier, past }
    }
}

/// What was found when a log was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Lines that it has.
    pub lines: u64,
    /// The number of the next record.
    pub next: u64,
    /// What a crash left behind the last whole frame, and was taken away.
    pub torn: Option<TornWrite>,
    /// Lines at its end that no checkpoint vouches for: what a crash left in front of the next one.
    /// Without keys, and of a log that was adopted, all.
    pub unsigned: u64,
}

/// Why a log cannot be opened.
#[derive(Debug)]
pub enum OpenError {
    /// The store, or the system.
    Storage(io::Error),
    /// Something in it is not what was written.
    Damage(Box<Damage>),
    /// It is the log of another writer, or called otherwise.
    Other {
        /// Its writer.
        writer: String,
        /// Its name.
        origin: String,
    },
    /// No key that was named vouches for what stands in it.
    Unvouched {
        /// Why none does.
        wrong: VouchFault,
        /// Lines of the log.
        lines: u64,
    },
    /// A name that a writer, or a log, cannot have.
    Name(String),
    /// The key that signs is not called as the log.
    Key {
        /// The name of the key.
        key: String,
        /// The name of the log.
        origin: String,
    },
}

/// Why no key that was named vouches for a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VouchFault {
    /// Where it ends no checkpoint stands.
    Unsigned,
    /// Its last checkpoint is signed by another key, or by nobody.
    Foreign {
        /// Lines, as the checkpoint says.
        size: u64,
    },
    /// It was closed, and lines stand behind its last checkpoint: who closes a log signs first.
    Behind {
        /// Lines, as the checkpoint says.
        size: u64,
    },
    /// It is signed, and nobody would sign what comes behind.
    Keyless {
        /// Lines, as its last checkpoint says.
        size: u64,
    },
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Storage(error)
    }
}

impl From<Damage> for OpenError {
    fn from(damage: Damage) -> Self {
        Self::Damage(Box::new(damage))
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage(error) => write!(f, "the log cannot be opened: {error}"),
            Self::Damage(damage) => write!(f, "{damage}"),
            Self::Other { writer, origin } => {
                write!(f, "this is the log `{origin}` of the writer `{writer}`")
            }
            Self::Unvouched { wrong: VouchFault::Unsigned, .. } => f.write_str(
                "no key signed how this log ends: compare it with a copy, or with a checkpoint \
                 that was kept elsewhere; then adopt it",
            ),
            Self::Unvouched { wrong: VouchFault::Foreign { size }, .. } => write!(
                f,
                "no key that was named signed the last checkpoint of this log, of {size} lines: \
                 name the key that did, or adopt the log"
            ),
            Self::Unvouched { wrong: VouchFault::Behind { size }, lines } => write!(
                f,
                "this log was closed with {lines} lines, and its last checkpoint vouches for \
                 {size}: compare it with a copy, or with a checkpoint that was kept elsewhere"
            ),
            Self::Unvouched { wrong: VouchFault::Keyless { size }, .. } => write!(
                f,
                "keys signed {size} lines of this log, and none would sign what comes behind: name \
                 the key, or adopt the log to go on without one"
            ),
            Self::Name(name) => write!(
                f,
                "no writer and no log can be called `{}`: a name has 1 to {AUDIT_NAME_BYTES_MAX} \
                 bytes, without spaces, `+` and what cannot be seen",
                name.escape_debug()
            ),
            Self::Key { key, origin } => {
                write!(f, "the key is called `{key}`, and the log `{origin}`: a key has its name")
            }
        }
    }
}

impl std::error::Error for OpenError {}

/// Opens a log, and goes on where it ends: what a crash left behind the last whole frame is taken
/// away. Only the last segments are looked at; `policyc audit verify` looks at all.
///
/// # Errors
/// `OpenError`. Damage that is no trace of a crash is never mended.
pub fn open(mut store: impl Store + 'static, options: Options) -> Result<(Log, Opened), OpenError> {
    let Options { log, origin, segment_bytes, signer, earlier, past } = options;
    if let Some(name) = [&log.writer, &origin].into_iter().find(|name| !start::is_name(name)) {
        return Err(OpenError::Name(name.clone()));
    }
    if let Some(key) = signer.as_ref().map(|signer| signer.name()).filter(|key| *key != origin) {
        return Err(OpenError::Key { key: key.to_owned(), origin });
    }
    let own = signer.as_deref().map(|signer| signer as &dyn Verifier);
    let keys: Vec<_> = own.into_iter().chain(earlier.iter().map(|key| &**key)).collect();
    let asked = (past == Continuation::Signed)
        .then_some(VouchRequirement { keys: &keys, signs: signer.is_some() });
    let found = recover(&mut store, (&log.writer, &origin), asked)?;
    drop(keys);
    let (next, tail) = (found.tail.position().next, found.tail.clone());
    let Recovered { torn, unsigned, .. } = found;
    let opened = Opened { lines: found.tree.leaves, next, torn, unsigned };
    let names = (log.writer.clone(), origin);
    let segments = Segments::go_on(store, (names, segment_bytes, signer), found)?;
    Ok((Log::go_on(segments, log, tail)?, opened))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_have_64_mebibytes_unless_somebody_says_otherwise() {
        let Options { segment_bytes, past, .. } = Options::new("gw-3", "example.com/gw-3");
        assert_eq!((segment_bytes, past), (67_108_864, Continuation::Signed));
    }
}
