//! What functions of the host gave in a session, and who waits for it.
//!
//! In:      results; the calls that a pending decision waits for.
//! Out:     a table for decisions; whether somebody waits in vain.
//! Imports: `base::limits`, `runtime::vm`.
//! Source:  `docs/facts.md`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::limits::{SESSION_FACT_BYTES_MAX, SESSION_FACTS_MAX};
use crate::runtime::session::index::Full;
use crate::runtime::vm::hosts::{HostEntry, HostTable};
use crate::runtime::vm::pending::PendingCall;

/// What came, and what is waited for.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    table: Arc<HostTable>,
    /// Bytes of the results.
    bytes: usize,
    /// The calls that are waited for, by function and digest, and until when.
    waiting: BTreeMap<(Box<str>, [u8; 32]), Option<i128>>,
}

/// What became of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is known from now on.
    New,
    /// There is one for the same call.
    Known,
    /// It was waited for until now in vain.
    Late,
}

impl Facts {
    /// The results.
    pub(super) fn table(&self) -> Arc<HostTable> {
        Arc::clone(&self.table)
    }

    /// Takes in a result.
    pub(super) fn add(&mut self, entry: HostEntry, now: i128) -> Result<Taken, Full> {
        let waited = (entry.name.as_str().into(), entry.arguments);
        if self.waiting.get(&waited).is_some_and(|end| is_over(*end, now)) {
            return Ok(Taken::Late);
        }
        if self.table.knows(&entry) {
            return Ok(Taken::Known);
        }
        let bytes = self.bytes.saturating_add(entry.result.len());
        if self.table.entries().len() >= SESSION_FACTS_MAX || bytes > SESSION_FACT_BYTES_MAX {
            return Err(Full);
        }
        Arc::make_mut(&mut self.table).add(entry);
        self.bytes = bytes;
        self.waiting.remove(&waited);
        Ok(Taken::New)
    }

    /// Waits for these calls from `now` on, if nobody waits for them yet. Those that were waited
    /// for in vain are forgotten, so that whoever asks again waits anew: whether there are any.
    pub(super) fn wait(&mut self, calls: &[PendingCall], now: i128) -> Result<bool, Full> {
        let mut overdue = false;
        for call in calls {
            let key = (call.function.as_str().into(), call.digest);
            match self.waiting.get(&key) {
                Some(end) if is_over(*end, now) => {
                    self.waiting.remove(&key);
                    overdue = true;
                }
                Some(_) => {}
                None if self.waiting.len() >= SESSION_FACTS_MAX => return Err(Full),
                None => {
                    let end = call.timeout_ns.map(|timeout| now.saturating_add(timeout.into()));
                    self.waiting.insert(key, end);
                }
            }
        }
        Ok(overdue)
    }
}

fn is_over(end: Option<i128>, now: i128) -> bool {
    end.is_some_and(|end| now >= end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u32) -> HostEntry {
        let arguments = HostTable::digest(&format!("[{number}]"));
        HostEntry { name: "risk".to_owned(), arguments, result: "1".to_owned() }
    }

    #[test]
    fn what_is_known_needs_no_room() {
        let mut facts = Facts::default();
        for number in 0..u32::try_from(SESSION_FACTS_MAX).expect("few") {
            assert_eq!(facts.add(entry(number), 0).ok(), Some(Taken::New));
        }
        assert_eq!(facts.add(entry(7), 0).ok(), Some(Taken::Known));
        assert!(facts.add(entry(u32::MAX), 0).is_err(), "there is room for no more");
    }
}
