//! What lines say, in few bytes, so that those that nobody asks for need not be unpacked.
//!
//! In:      lines.
//! Out:     `Facts`; whether a filter may take one of their records.
//! Imports: `lang`, `runtime::record`.

use sha2::{Digest as _, Sha256};

use crate::lang::decision::Effect;
use crate::runtime::record::read::{Entry, Record};
use crate::tools::replay::filter::Filter;

/// Bytes of the sessions' filter: a session sets four of its bits.
const SESSIONS_BYTES: usize = 256;
/// Bytes of an id that are kept: those of a ULID.
const ID_BYTES: usize = 26;
/// Bytes of it all.
const BYTES: usize = 4 + 4 + 1 + 1 + 2 * 12 + 2 * ID_BYTES + SESSIONS_BYTES;

/// What is asked for, as far as an index tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexQuery {
    /// Whose id begins so.
    pub id: Option<String>,
    /// Decided then or later.
    pub since: Option<(i64, u32)>,
    /// Decided before.
    pub until: Option<(i64, u32)>,
    /// Of this session.
    pub session: Option<String>,
    /// Recorded with this effect.
    pub effect: Option<Effect>,
}

impl IndexQuery {
    /// What a filter asks for.
    #[must_use]
    pub fn of(filter: &Filter) -> Self {
        let Filter { since, until, session, effect, .. } = filter;
        Self { id: None, since: *since, until: *until, session: session.clone(), effect: *effect }
    }
}

/// What lines say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// How many lines.
    pub lines: u32,
    /// How many bytes, with their ends.
    pub bytes: u32,
    /// Whether one of them is no line of a log, and must be told of whatever is asked.
    pub unread: bool,
    /// Effects of the records, one bit each.
    effects: u8,
    /// The first and the last time of a decision.
    times: Option<((i64, u32), (i64, u32))>,
    /// The lowest and the highest id, cut.
    ids: Option<([u8; ID_BYTES], [u8; ID_BYTES])>,
    /// Sessions, in a Bloom filter.
    sessions: [u8; SESSIONS_BYTES],
}

impl Facts {
    /// What `lines` say.
    #[must_use]
    pub fn of(lines: &[u8]) -> Self {
        let mut facts = Self {
            lines: 0,
            bytes: u32::try_from(lines.len()).unwrap_or(u32::MAX),
            unread: false,
            effects: 0,
            times: None,
            ids: None,
            sessions: [0; SESSIONS_BYTES],
        };
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            facts.lines += 1;
            let line = line.trim_ascii();
            match Entry::read(line) {
                Ok(Entry::Record(record)) => facts.record(&record),
                Ok(Entry::Block(_) | Entry::Gap(_)) => {}
                Err(_) => facts.unread |= !line.is_empty(),
            }
        }
        facts
    }

    fn record(&mut self, record: &Record<'_>) {
        if let Some(now) = record.now {
            let now = (now.seconds, now.nanoseconds);
            let (first, last) = self.times.unwrap_or((now, now));
            self.times = Some((first.min(now), last.max(now)));
        }
        if let Some(effect) = record.outcome.and_then(|outcome| outcome.effect) {
            self.effects |= bit(effect);
        }
        if let Some(session) = record.session {
            for (byte, bit) in places(session.id.text().as_bytes()) {
                if let Some(byte) = self.sessions.get_mut(byte) {
                    *byte |= bit;
                }
            }
        }
        if let Some(id) = record.id {
            let id = cut(id.text().as_bytes());
            let (lowest, highest) = self.ids.unwrap_or((id, id));
            self.ids = Some((lowest.min(id), highest.max(id)));
        }
    }

    /// Whether one of the records may be one that is asked for.
    #[must_use]
    pub fn may_hold(&self, wanted: &IndexQuery) -> bool {
        let times = |holds: &dyn Fn((i64, u32), (i64, u32)) -> bool| {
            self.times.is_some_and(|(first, last)| holds(first, last))
        };
        self.unread
            || wanted.since.is_none_or(|since| times(&|_, last| last >= since))
                && wanted.until.is_none_or(|until| times(&|first, _| first < until))
                && wanted.effect.is_none_or(|effect| self.effects & bit(effect) != 0)
                && wanted.session.as_ref().is_none_or(|id| self.holds_session(id.as_bytes()))
                && wanted.id.as_ref().is_none_or(|id| self.holds_id(id.as_bytes()))
    }

    fn holds_session(&self, id: &[u8]) -> bool {
        places(id).all(|(byte, bit)| self.sessions.get(byte).is_some_and(|set| set & bit != 0))
    }

    fn holds_id(&self, start: &[u8]) -> bool {
        let start = start.get(..ID_BYTES).unwrap_or(start);
        let begins = |id: &[u8; ID_BYTES]| id.get(..start.len()).unwrap_or_default().to_vec();
        self.ids.is_some_and(|(lowest, highest)| {
            begins(&lowest).as_slice() <= start && begins(&highest).as_slice() >= start
        })
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(BYTES);
        out.extend_from_slice(&self.lines.to_le_bytes());
        out.extend_from_slice(&self.bytes.to_le_bytes());
        let known = [self.unread, self.times.is_some(), self.ids.is_some()];
        let flags = (0..).zip(known).map(|(at, set)| u8::from(set) << at);
        out.extend_from_slice(&[flags.sum(), self.effects]);
        let (first, last) = self.times.unwrap_or_default();
        for (seconds, nanoseconds) in [first, last] {
            out.extend_from_slice(&seconds.to_le_bytes());
            out.extend_from_slice(&nanoseconds.to_le_bytes());
        }
        let (lowest, highest) = self.ids.unwrap_or_default();
        out.extend_from_slice(&lowest);
        out.extend_from_slice(&highest);
        out.extend_from_slice(&self.sessions);
        out
    }

    /// `None` if the bytes are none of ours.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let lines = u32::from_le_bytes(take(&mut rest)?);
        let size = u32::from_le_bytes(take(&mut rest)?);
        let [flags, effects] = take(&mut rest)?;
        let mut time = || {
            let seconds = i64::from_le_bytes(take(&mut rest)?);
            Some((seconds, u32::from_le_bytes(take(&mut rest)?)))
        };
        let times = (time()?, time()?);
        let ids = (take(&mut rest)?, take(&mut rest)?);
        let sessions = take(&mut rest)?;
        let facts = Self {
            lines,
            bytes: size,
            unread: flags & 1 != 0,
            effects,
            times: (flags & 2 != 0).then_some(times),
            ids: (flags & 4 != 0).then_some(ids),
            sessions,
        };
        (rest.is_empty() && facts.to_bytes() == bytes).then_some(facts)
    }
}

/// The next bytes.
pub(super) fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, behind) = rest.split_first_chunk::<N>()?;
    *rest = behind;
    Some(*first)
}

fn bit(effect: Effect) -> u8 {
    let at = Effect::ALL.iter().position(|known| *known == effect).unwrap_or_default();
    1 << at
}

/// The bits of a session: byte and mask.
fn places(session: &[u8]) -> impl Iterator<Item = (usize, u8)> {
    let digest: [u8; 32] = Sha256::digest(session).into();
    let (pairs, _) = digest.as_chunks::<2>();
    let bits: Vec<usize> =
        pairs.iter().take(4).map(|pair| usize::from(u16::from_le_bytes(*pair))).collect();
    bits.into_iter().map(|bit| (bit / 8 % SESSIONS_BYTES, 1 << (bit % 8)))
}

fn cut(id: &[u8]) -> [u8; ID_BYTES] {
    let mut cut = [0; ID_BYTES];
    cut.iter_mut().zip(id).for_each(|(to, byte)| *to = *byte);
    cut
}
