//! Going on with a log that was not closed.
//!
//! In:      what is left of its file.
//! Out:     how much of it is whole, and the end of its chain.
//! Imports: `base`.
//! Source:  `docs/records.md`, "Logs".
//!
//! What was cut at the end was never acknowledged. Damage anywhere else is nobody's to mend: it is
//! told with its place.

use std::io::{self, BufRead, Read};

use crate::base::limits::RECORD_BYTES_MAX;
use crate::runtime::record::chain::Tail;
use crate::runtime::record::check::{Break, Chains, Place};
use crate::runtime::record::error::{Fault, RecordError};
use crate::runtime::record::read::Entry;

/// What is left of a log.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// Bytes of whole lines. What lies behind them goes before the log is gone on with.
    pub whole_bytes: u64,
    /// Bytes behind them: of a line that was cut.
    pub torn_bytes: u64,
    /// Whole lines.
    pub lines: u64,
    /// The end of the chain.
    pub tail: Tail,
}

/// Why a log cannot be gone on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It cannot be read.
    Storage(io::ErrorKind),
    /// A line, from 1, that begins at this byte of the file, is none of a log.
    Line(u64, u64, RecordError),
    /// The chain of a writer is broken.
    Chain(Break),
    /// A line, from 1, that begins at this byte of the file, is of a writer whose chain is not
    /// looked at: its name is too long, or there are too many others.
    Writer(u64, u64),
}

/// Finds the end of the chain of `writer` in a log, which may hold lines of others too.
///
/// # Errors
/// `Damage`, with the place, unless it is a line that was cut at the very end.
pub fn recover(mut log: impl BufRead, writer: &str) -> Result<Recovered, Damage> {
    let mut chains = Chains::of_whole();
    let mut line = Vec::new();
    let (mut whole, mut number) = (0_u64, 0_u64);
    loop {
        line.clear();
        let most = RECORD_BYTES_MAX as u64 + 1;
        let read = log.by_ref().take(most).read_until(b'\n', &mut line);
        let read = read.map_err(|error| Damage::Storage(error.kind()))? as u64;
        let Some(text) = line.strip_suffix(b"\n") else {
            if read == most {
                let error = RecordError { fault: Fault::TooLong, offset: RECORD_BYTES_MAX };
                return Err(Damage::Line(number + 1, whole, error));
            }
            let tail = chains.tail(writer).unwrap_or_default();
            return Ok(Recovered { whole_bytes: whole, torn_bytes: read, lines: number, tail });
        };
        number += 1;
        let entry = Entry::read(text).map_err(|error| Damage::Line(number, whole, error))?;
        chains.line(&entry, text, Place { source: 0, line: number });
        // A line that was changed may seem to be another writer's.
        if let Some(found) = chains.breaks().first() {
            return Err(Damage::Chain(found.clone()));
        }
        if chains.passes_over() {
            return Err(Damage::Writer(number, whole));
        }
        whole += read;
    }
}
