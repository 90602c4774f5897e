//! What functions of the host gave in a session, and who waits for it.
//!
//! In:      results; the calls that a pending decision waits for.
//! Out:     a table for decisions; whether somebody waits in vain.
//! Imports: `base`, `runtime::vm`.
//! Source:  `docs/facts.md`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::limits::{SESSION_FACT_BYTES_MAX, SESSION_FACTS_MAX};
use crate::runtime::session::ENTRY_BYTES;
use crate::runtime::session::index::Full;
use crate::runtime::vm::hosts::{HostEntry, HostTable};
use crate::runtime::vm::pending::PendingCall;

/// What came, and what is waited for.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    table: Arc<HostTable>,
    /// Bytes of the results alone.
    result_bytes: usize,
    /// The calls that are waited for, by function and digest, and until when.
    waiting: BTreeMap<Waited, Option<i128>>,
    /// Bytes of all of that.
    bytes: usize,
}

/// A call of a function of the host: its name, and the digest of its arguments.
type Waited = (Box<str>, [u8; 32]);

/// What a result takes.
fn cost(entry: &HostEntry) -> usize {
    ENTRY_BYTES + size_of::<HostEntry>() + entry.name.len() + entry.result.len()
}

/// What a call takes that is waited for.
fn cost_waited((name, _): &Waited) -> usize {
    ENTRY_BYTES + size_of::<(Waited, Option<i128>)>() + name.len()
}

/// What became of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is known from now on.
    New,
    /// There is one for the same call.
    Known,
    /// It was waited for until now in vain.
    LateAnswer,
}

impl Facts {
    /// Bytes that are kept.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The results.
    pub(super) fn table(&self) -> Arc<HostTable> {
        Arc::clone(&self.table)
    }

    /// Takes in a result, where `room` is left for it.
    pub(super) fn add(
        &mut self,
        entry: HostEntry,
        (now, room): (i128, usize),
    ) -> Result<Taken, Full> {
        let waited = (entry.name.as_str().into(), entry.arguments);
        if self.waiting.get(&waited).is_some_and(|end| is_over(*end, now)) {
            return Ok(Taken::LateAnswer);
        }
        if self.table.knows(&entry) {
            return Ok(Taken::Known);
        }
        let result_bytes = self.result_bytes.saturating_add(entry.result.len());
        let cost = cost(&entry);
        let full = self.table.entries().len() >= SESSION_FACTS_MAX || cost > room;
        if full || result_bytes > SESSION_FACT_BYTES_MAX {
            return Err(Full);
        }
        Arc::make_mut(&mut self.table).add(entry);
        self.result_bytes = result_bytes;
        self.bytes += cost;
        self.leave(&waited);
        Ok(Taken::New)
    }

    /// Waits for these calls from `now` on, if nobody waits for them yet. Those that were waited
    /// for in vain are forgotten, so that whoever asks again waits anew: whether there are any.
    pub(super) fn wait(
        &mut self,
        calls: &[PendingCall],
        (now, room): (i128, usize),
    ) -> Result<bool, Full> {
        let mut overdue = false;
        let most = self.bytes.saturating_add(room);
        for call in calls {
            let key: Waited = (call.function.as_str().into(), call.digest);
            match self.waiting.get(&key) {
                Some(end) if is_over(*end, now) => {
                    self.leave(&key);
                    overdue = true;
                }
                Some(_) => {}
                None => {
                    let cost = cost_waited(&key);
                    let full = |facts: &Self| {
                        facts.waiting.len() >= SESSION_FACTS_MAX || facts.bytes + cost > most
                    };
                    if full(self) {
                        self.forget(now);
                    }
                    if full(self) {
                        return Err(Full);
                    }
                    let end = call.timeout_ns.map(|timeout| now.saturating_add(timeout.into()));
                    self.waiting.insert(key, end);
                    self.bytes += cost;
                }
            }
        }
        Ok(overdue)
    }

    /// Nobody waits for a call any more.
    fn leave(&mut self, call: &Waited) {
        if self.waiting.remove(call).is_some() {
            self.bytes -= cost_waited(call);
        }
    }

    /// Forgets all calls that were waited for in vain.
    fn forget(&mut self, now: i128) {
        let bytes = &mut self.bytes;
        self.waiting.retain(|call, end| {
            let stays = !is_over(*end, now);
            *bytes -= if stays { 0 } else { cost_waited(call) };
            stays
        });
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

    const ROOM: usize = usize::MAX / 2;

    #[test]
    fn what_is_known_needs_no_room() {
        let mut facts = Facts::default();
        for number in 0..u32::try_from(SESSION_FACTS_MAX).expect("few") {
            assert_eq!(facts.add(entry(number), (0, ROOM)).ok(), Some(Taken::New));
        }
        assert_eq!(facts.add(entry(7), (0, 0)).ok(), Some(Taken::Known));
        assert!(facts.add(entry(u32::MAX), (0, ROOM)).is_err(), "there is room for no more");
    }

    #[test]
    fn what_was_waited_for_in_vain_leaves_room() {
        let call = |number: usize, timeout_ns: Option<i64>| PendingCall {
            function: "risk".to_owned(),
            arguments: format!("[{number}]"),
            digest: HostTable::digest(&format!("[{number}]")),
            is_async: false,
            timeout_ns,
        };
        let mut facts = Facts::default();
        let endless = call(0, None);
        assert_eq!(facts.wait(std::slice::from_ref(&endless), (0, ROOM)), Ok(false));
        let alone = facts.bytes();
        for number in 1..SESSION_FACTS_MAX {
            assert_eq!(facts.wait(&[call(number, Some(10))], (0, ROOM)), Ok(false));
        }
        let more = call(SESSION_FACTS_MAX, Some(10));
        assert!(facts.wait(std::slice::from_ref(&more), (9, ROOM)).is_err(), "all wait still");
        // One that is asked for again is told that it was waited for in vain; the others leave.
        assert_eq!(facts.wait(&[call(1, Some(10))], (10, ROOM)), Ok(true));
        assert_eq!(facts.wait(&[call(1, Some(10))], (10, ROOM)), Ok(false));
        assert_eq!(facts.wait(&[more], (10, ROOM)), Ok(false));
        assert_eq!(facts.waiting.len(), 3);
        assert_eq!(facts.bytes(), 3 * alone);
        // What has no end stays.
        assert_eq!(facts.wait(&[endless], (i128::MAX, 0)), Ok(false));
        assert!(facts.wait(&[call(5, None)], (10, 0)).is_err(), "no bytes are left");
    }
}
