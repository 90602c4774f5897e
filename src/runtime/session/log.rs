//! What the digest of a state is of: the program, and all that happened, in its order.
//!
//! In:      parts and numbers.
//! Out:     SHA-256 of them.
//! Imports: its own room alone.
//!
//! What is told of an event is gathered, and hashed when the event is over: an event takes two or
//! three blocks of SHA-256, and few of its numbers take more than a byte.

use sha2::{Digest as _, Sha256};

use crate::runtime::session::audience::Audience;
use crate::runtime::session::labels::LabelSet;
use crate::runtime::session::state::{Call, State};

/// All that happened. What follows from it, and from the program, need not be added.
#[derive(Clone, Debug)]
pub(super) struct Log {
    hashed: Sha256,
    /// What is not hashed yet.
    told: Vec<u8>,
}

/// What begins with a byte of its own. All else begins with a word, and so with its length, which
/// is less than any of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogTag {
    /// An event: its number and the time.
    Event = 0x10,
    Prompt = 0x11,
    Response = 0x12,
    /// What is known of what a call has done.
    CallStatus = 0x13,
    Call = 0x14,
    /// What some fields carry.
    Taint = 0x15,
    Fields = 0x16,
    /// How the text of a field is spelled.
    Spelled = 0x17,
    /// A set of labels, which has a number from now on.
    Set = 0x18,
    /// All that the model has read.
    Read = 0x19,
    Principal = 0x1a,
}

/// About so many bytes are gathered at most; what is longer is hashed at once.
const HASHED_BYTES: usize = 256;
/// So many there is room for from the beginning.
const TOLD_BYTES: usize = 64;

impl Log {
    /// Of a session in which nothing has happened.
    pub(super) fn of(program: &[u8; 32]) -> Self {
        let hashed = Sha256::new_with_prefix(b"policyc.session.v3\0").chain_update(program);
        Self { hashed, told: Vec::new() }
    }

    /// Adds what begins here.
    pub(super) fn kind(&mut self, kind: LogTag) {
        if self.told.capacity() == 0 {
            self.told.reserve_exact(TOLD_BYTES);
        }
        self.byte(kind as u8);
    }

    /// Adds a byte.
    pub(super) fn byte(&mut self, byte: u8) {
        self.told.push(byte);
    }

    /// Adds bytes whose number is known from what stands before them.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        if self.told.len() + bytes.len() > HASHED_BYTES {
            self.hash();
        }
        if bytes.len() > HASHED_BYTES {
            self.hashed.update(bytes);
        } else {
            self.told.extend_from_slice(bytes);
        }
    }

    /// Adds bytes, and how many these are.
    pub(super) fn part(&mut self, part: &[u8]) {
        self.number(part.len() as u64);
        self.add(part);
    }

    /// Adds a number, seven bits a byte, the lowest first.
    pub(super) fn number(&mut self, value: u64) {
        push_number(value, &mut self.told);
    }

    /// Hashes what was gathered.
    pub(super) fn hash(&mut self) {
        self.hashed.update(&self.told);
        self.told.clear();
    }

    /// SHA-256 of all this.
    pub(super) fn digest(&self) -> [u8; 32] {
        self.hashed.clone().chain_update(&self.told).finalize().into()
    }
}

/// Appends a number as a log has it.
pub(super) fn push_number(mut value: u64, out: &mut Vec<u8>) {
    while value > 0x7f {
        let [low, ..] = value.to_le_bytes();
        out.push(low | 0x80);
        value >>= 7;
    }
    let [low, ..] = value.to_le_bytes();
    out.push(low);
}

impl State {
    /// Adds one part to what the digest is of: a word that says what happened, or what belongs to
    /// it.
    pub(super) fn note(&mut self, part: &[u8]) {
        self.log.part(part);
    }

    /// Adds the number of an event and the time of the session, which was another one before.
    pub(super) fn note_begin(&mut self, seq: u64, before: (i64, u32)) {
        let (seconds, nanoseconds) = self.now;
        self.log.kind(LogTag::Event);
        self.log.number(seq);
        // It never goes back.
        self.log.number(seconds.abs_diff(before.0));
        self.log.number(u64::from(nanoseconds));
    }

    /// The event is over.
    pub(super) fn note_end(&mut self) {
        if std::mem::take(&mut self.reads_more) {
            self.log.kind(LogTag::Read);
            for set in [&self.ctx, &self.seen] {
                set.words().for_each(|word| self.log.add(&word.to_le_bytes()));
            }
            let audiences = [&self.ctx_audience, &self.seen_audience];
            let audiences = audiences.map(|audience| audience.all().clone());
            for audience in &audiences {
                self.note_audience(audience);
            }
        }
        self.log.hash();
    }

    /// Adds a set of labels that gets a number.
    pub(super) fn note_new_set(&mut self, set: &LabelSet) {
        self.log.kind(LogTag::Set);
        set.words().for_each(|word| self.log.add(&word.to_le_bytes()));
    }

    /// Adds an audience, or that nobody has narrowed it.
    pub(super) fn note_audience(&mut self, audience: &Audience) {
        let digest = audience.digest();
        self.log.byte(u8::from(digest.is_some()));
        self.log.add(digest.map_or(&[], |digest| digest));
    }

    /// Adds how many there are of something, and each of them.
    fn note_each<T>(&mut self, all: &[T], add: impl Fn(&mut Log, &T)) {
        self.log.number(all.len() as u64);
        for it in all {
            add(&mut self.log, it);
        }
    }

    /// Adds what a call is.
    pub(super) fn note_call(&mut self, call: &Call) {
        self.log.kind(LogTag::Call);
        self.note(call.id.as_bytes());
        self.note(call.tool.as_bytes());
        self.log.byte(call.stage as u8);
        self.note_each(&call.sources, |log, at| log.number(u64::from(*at)));
        self.note_each(&call.places, |log, place| log.number(place.number()));
        // An answer may inherit them.
        self.log.number(u64::from(call.carried));
        let (outside, inside) = call.sanitized();
        self.note_each(inside, |log, set| log.number(u64::from(*set)));
        if !inside.is_empty() {
            self.log.number(u64::from(outside));
        }
        self.note_each(call.freed(), |log, at| log.number(*at as u64));
        self.note_audience(&call.audience);
        // Under these it stores, once it is answered.
        self.note_each(call.named(), |log, (name, text)| {
            log.part(name.as_bytes());
            log.part(text.as_bytes());
        });
        // One that is carried out all the same takes them then.
        self.note_each(&call.shares, |log, share| {
            log.number(share.meter as u64);
            log.part(share.key.as_bytes());
            let amount = share.amount.to_le_bytes();
            let len = amount.iter().rposition(|it| *it != 0).map_or(0, |last| last + 1);
            log.part(amount.get(..len).unwrap_or_default());
        });
    }

    /// Adds the fields that are new. What they carry was added before.
    pub(super) fn note_fields(&mut self) {
        let Self { index, log, noted, .. } = self;
        log.kind(LogTag::Fields);
        index.tell(*noted, log);
        *noted = u32::try_from(index.len()).unwrap_or(u32::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::push_number;

    #[test]
    fn numbers_are_told_apart_wherever_they_stand() {
        let told = |all: &[u64]| {
            let mut out = Vec::new();
            for number in all {
                push_number(*number, &mut out);
            }
            out
        };
        assert_eq!(told(&[0, 127, 128, 300]), [0, 127, 0x80, 1, 0xac, 2]);
        assert_eq!(told(&[u64::MAX]).len(), 10);
        assert_ne!(told(&[1, 128]), told(&[129, 1]));
    }
}
