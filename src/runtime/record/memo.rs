//! What the line before said: what is the same in the next one is compared, not read again.
//!
//! In:      lines, one after the other.
//! Out:     guesses, each checked against the bytes that stand there.
//! Imports: `lang`.
//!
//! A guess changes the time, never what is read.

use crate::lang::value::time::Instant;
use crate::runtime::record::cursor::{Cursor, Text};
use crate::runtime::record::fields::FIELDS;
use crate::runtime::record::read::Bundle;

/// Longest part that is kept, in bytes.
const PART_BYTES: usize = 1 << 10;
/// `2026-11-19T14:03:`
const MINUTE_BYTES: usize = 17;

/// What the line before said.
#[derive(Clone, Debug)]
pub struct Memo {
    /// Which field came behind each: its number, that of the first behind none.
    pub(super) next: [u8; FIELDS + 1],
    /// The engine: JSON.
    engine: Vec<u8>,
    /// The bundle: JSON, and what it says.
    bundle: Vec<u8>,
    name: Option<(usize, usize)>,
    revision: Option<(usize, usize)>,
    digests: [Option<[u8; 32]>; 3],
    unsigned: bool,
    /// The minute of the last time, as it is spelled, and its first second.
    minute: [u8; MINUTE_BYTES],
    start: i64,
}

impl Default for Memo {
    fn default() -> Self {
        Self {
            next: [u8::MAX; FIELDS + 1],
            engine: Vec::new(),
            bundle: Vec::new(),
            name: None,
            revision: None,
            digests: [None; 3],
            unsigned: false,
            minute: [0; MINUTE_BYTES],
            start: 0,
        }
    }
}

/// Goes past `part`, if the same bytes stand here: it is a whole object, so nothing that begins
/// with it goes on.
fn same<'a>(cursor: &mut Cursor<'a>, part: &[u8]) -> Option<&'a [u8]> {
    let start = cursor.at as usize;
    let here = cursor.bytes.get(start..start.checked_add(part.len())?)?;
    if part.is_empty() || here != part {
        return None;
    }
    cursor.at += u32::try_from(part.len()).ok()?;
    Some(here)
}

fn keep(to: &mut Vec<u8>, part: &[u8]) {
    to.clear();
    if part.len() <= PART_BYTES {
        to.extend_from_slice(part);
    }
}

impl Memo {
    /// The engine, if it is the one before.
    pub(super) fn engine<'a>(&self, cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
        same(cursor, &self.engine)
    }

    pub(super) fn keep_engine(&mut self, part: &[u8]) {
        keep(&mut self.engine, part);
    }

    /// The bundle, if it is the one before.
    pub(super) fn bundle<'a>(&self, cursor: &mut Cursor<'a>) -> Option<Bundle<'a>> {
        let part = same(cursor, &self.bundle)?;
        let text = |range: Option<(usize, usize)>| {
            range.map(|(start, end)| Text::of(part.get(start..end).unwrap_or_default()))
        };
        let [digest, schema, data] = self.digests;
        let (name, revision) = (text(self.name), text(self.revision));
        Some(Bundle { name, revision, digest, schema, data, unsigned: self.unsigned })
    }

    /// Keeps the bundle that stands in `bytes` from `start` to `end`.
    pub(super) fn keep_bundle(&mut self, bundle: &Bundle<'_>, bytes: &[u8], span: (u32, u32)) {
        let (start, end) = (span.0 as usize, span.1 as usize);
        keep(&mut self.bundle, bytes.get(start..end).unwrap_or_default());
        let base = bytes.as_ptr().addr() + start;
        // A text of the bundle lies in its bytes.
        let range = |text: Text<'_>| {
            let from = text.spelled().as_ptr().addr().checked_sub(base)?;
            Some((from, from + text.spelled().len()))
        };
        self.name = bundle.name.and_then(range);
        self.revision = bundle.revision.and_then(range);
        self.digests = [bundle.digest, bundle.schema, bundle.data];
        self.unsigned = bundle.unsigned;
    }

    /// A time of the same minute, spelled as times mostly are.
    pub(super) fn time(&self, spelled: &[u8]) -> Option<Instant> {
        let (minute, rest) = spelled.split_first_chunk::<MINUTE_BYTES>()?;
        let (second, rest) = rest.split_first_chunk::<2>()?;
        if *minute != self.minute {
            return None;
        }
        let fraction = match rest {
            [b'Z'] => &[][..],
            [b'.', digits @ .., b'Z'] if !digits.is_empty() && digits.len() <= 9 => digits,
            _ => return None,
        };
        let digit = |byte: &u8| byte.is_ascii_digit().then(|| u32::from(byte - b'0'));
        let number = |digits: &[u8]| -> Option<u32> {
            digits.iter().try_fold(0, |sum, byte| Some(10 * sum + digit(byte)?))
        };
        let second = number(second).filter(|second| *second < 60)?;
        let missing = u32::try_from(fraction.len()).ok().and_then(|len| 9_u32.checked_sub(len))?;
        let nanoseconds = number(fraction)? * 10_u32.pow(missing);
        Some(Instant { seconds: self.start + i64::from(second), nanoseconds })
    }

    pub(super) fn keep_time(&mut self, spelled: &[u8], time: Instant) {
        let Some((minute, rest)) = spelled.split_first_chunk::<MINUTE_BYTES>() else { return };
        // Where an offset stands the minute is another.
        if let ([tens @ b'0'..=b'5', ones @ b'0'..=b'9', ..], Some(b'Z')) = (rest, rest.last()) {
            self.minute = *minute;
            self.start = time.seconds - i64::from(10 * (tens - b'0') + (ones - b'0'));
        }
    }
}
