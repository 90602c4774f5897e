//! Audit logs: chained records in segments that outlast a crash, and whose every change is found.
//!
//! In:      lines of records; a store; who signs checkpoints.
//! Out:     a `Log`, whose tickets are acknowledged when their records are kept; proofs.
//! Imports: `base::limits`, `lang::value::base64`, `runtime::record`.
//! Source:  `docs/audit.md`.

pub mod crc;
pub mod frame;
pub mod note;
pub mod proof;
pub mod recover;
pub mod segments;
pub mod start;
pub mod store;
pub mod walk;

use std::fmt;
use std::io;

use crate::runtime::audit::note::Signer;
use crate::runtime::audit::recover::{Torn, recover};
use crate::runtime::audit::segments::Segments;
use crate::runtime::audit::store::Store;
use crate::runtime::audit::walk::Damage;
use crate::runtime::record::log::{Log, LogOptions};

/// How an audit log is kept.
pub struct Options {
    /// How its lines are taken. Where its chain goes on is found in the store.
    pub log: LogOptions,
    /// The name of the log in checkpoints: unique among all logs, as `example.com/gateway-3`.
    pub origin: String,
    /// A segment ends once it has as many bytes.
    pub segment_bytes: u64,
    /// Signs a checkpoint behind each write that ends a block. `None`: there are no checkpoints.
    pub signer: Option<Box<dyn Signer>>,
}

impl Options {
    /// A log of this writer, called `origin`: as `LogOptions::new`, segments of 64 MiB, and nobody
    /// who signs.
    #[must_use]
    pub fn new(writer: impl Into<String>, origin: impl Into<String>) -> Self {
        let (log, origin) = (LogOptions::new(writer), origin.into());
        Self { log, origin, segment_bytes: 64 << 20, signer: None }
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
    pub torn: Option<Torn>,
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
    /// A name is empty, too long, or none that notes may have.
    Name,
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
            Self::Name => f.write_str("a log cannot be called so"),
        }
    }
}

impl std::error::Error for OpenError {}

/// Opens a log, and goes on where it ends: what a crash left behind the last whole frame is taken
/// away. Only the last segment is looked at; `policyc audit verify` looks at all.
///
/// # Errors
/// `OpenError`. Damage that is no trace of a crash is never mended.
pub fn open(mut store: impl Store + 'static, options: Options) -> Result<(Log, Opened), OpenError> {
    let Options { mut log, origin, segment_bytes, signer } = options;
    let is_key = signer.as_ref().is_none_or(|signer| signer.name() == origin);
    if !start::is_name(&log.writer) || !start::is_name(&origin) || !is_key {
        return Err(OpenError::Name);
    }
    let found = recover(&mut store)?;
    if let Some((writer, origin)) =
        found.names.filter(|(writer, other)| *writer != log.writer || *other != origin)
    {
        return Err(OpenError::Other { writer, origin });
    }
    let position = found.tail.position();
    let opened = Opened { lines: found.tree.leaves, next: position.next, torn: found.torn };
    let names = (log.writer.clone(), origin);
    let segments =
        Segments::go_on(store, (names, segment_bytes, signer), (found.tree, position, found.open))?;
    log.from = found.tail;
    Ok((Log::open(segments, log)?, opened))
}
