//! What stands in a frame already: the matches that zstd writes in the place of bytes.
//!
//! In:      the blocks of a frame.
//! Out:     sequences: bytes as they are, then a match.
//! Imports: nothing of ours.
//!
//! The matcher that comes with the crate looks back 128 KiB and at one place. Lines of one writer
//! are alike from end to end, so the longest of several places, anywhere in the frame, makes packed
//! files much smaller.

use ruzstd::encoding::{CompressionLevel, Matcher, Sequence};

/// Bytes of a block: the most that there may be.
const BLOCK_BYTES: usize = 128 << 10;
/// How far back a match may lie.
const WINDOW_BYTES: usize = 4 << 20;
/// Shortest match. Places are found by as many bytes.
const MATCH_BYTES: usize = 6;
/// Places that are tried.
const TRIES: usize = 24;
/// Bits of the table of places.
const TABLE_BITS: u32 = 17;
/// No place.
const NOWHERE: u32 = u32::MAX;

/// Finds matches in the frame so far.
#[derive(Debug)]
pub(super) struct Matches {
    bytes: Vec<u8>,
    /// Where the last block begins.
    start: usize,
    /// The last place of each hash, and the place before each place.
    last: Vec<u32>,
    before: Vec<u32>,
}

impl Matches {
    pub(super) fn new() -> Self {
        let last = vec![NOWHERE; 1 << TABLE_BITS];
        Self { bytes: Vec::new(), start: 0, last, before: Vec::new() }
    }
}

/// The place in the table of what stands at `at`; `None` at the end.
fn hash(bytes: &[u8], at: usize) -> Option<usize> {
    let key = bytes.get(at..)?.first_chunk::<MATCH_BYTES>()?;
    let key = key.iter().rev().fold(0_u64, |key, byte| key << 8 | u64::from(*byte));
    usize::try_from(key.wrapping_mul(0x9E37_79B1_85EB_CA87) >> (64 - TABLE_BITS)).ok()
}

/// How many bytes from `one` on are those from `other` on, which lies behind it.
fn alike(bytes: &[u8], one: usize, other: usize) -> usize {
    let (one, other) = (bytes.get(one..).unwrap_or_default(), bytes.get(other..));
    let other = other.unwrap_or_default();
    let (ones, _) = one.as_chunks::<16>();
    let (others, _) = other.as_chunks::<16>();
    let start = 16 * ones.iter().zip(others).take_while(|(one, other)| one == other).count();
    let rest = one.iter().skip(start).zip(other.iter().skip(start));
    start + rest.take_while(|(one, other)| one == other).count()
}

/// Places of a frame by what stands there.
struct Places<'a> {
    bytes: &'a [u8],
    last: &'a mut [u32],
    before: &'a mut Vec<u32>,
}

impl Places<'_> {
    /// Notes the place `at`; all places are noted, in order.
    fn note(&mut self, at: usize) {
        let slot = hash(self.bytes, at).and_then(|hash| self.last.get_mut(hash));
        let place = u32::try_from(at).unwrap_or(NOWHERE);
        self.before.push(slot.map_or(NOWHERE, |slot| std::mem::replace(slot, place)));
    }

    /// The longest match of what stands at `at`: its length and how far back it lies.
    fn longest(&self, at: usize) -> Option<(usize, usize)> {
        let mut place = *self.last.get(hash(self.bytes, at)?)?;
        let (mut length, mut back) = (0, 0);
        for _ in 0..TRIES {
            if place == NOWHERE || at - place as usize > WINDOW_BYTES {
                break;
            }
            let found = alike(self.bytes, place as usize, at);
            if found > length {
                (length, back) = (found, at - place as usize);
            }
            place = *self.before.get(place as usize)?;
        }
        (length >= MATCH_BYTES).then_some((length, back))
    }
}

impl Matcher for Matches {
    fn get_next_space(&mut self) -> Vec<u8> {
        vec![0; BLOCK_BYTES]
    }

    fn get_last_space(&mut self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    fn commit_space(&mut self, space: Vec<u8>) {
        self.start = self.bytes.len();
        self.bytes.extend_from_slice(&space);
    }

    fn skip_matching(&mut self) {
        let Self { bytes, last, before, start } = self;
        let mut places = Places { bytes, last, before };
        (*start..bytes.len()).for_each(|at| places.note(at));
    }

    fn start_matching(&mut self, mut handle_sequence: impl for<'a> FnMut(Sequence<'a>)) {
        let Self { bytes, last, before, start } = self;
        let mut places = Places { bytes, last, before };
        let (mut at, mut taken) = (*start, *start);
        while at < bytes.len() {
            let found = places.longest(at);
            places.note(at);
            let Some((length, back)) = found else {
                at += 1;
                continue;
            };
            // One that begins a byte later may be longer.
            let later = places.longest(at + 1);
            if later.is_some_and(|(later, _)| later > length + 1) {
                at += 1;
                continue;
            }
            let literals = bytes.get(taken..at).unwrap_or_default();
            handle_sequence(Sequence::Triple { literals, offset: back, match_len: length });
            (at + 1..at + length).for_each(|at| places.note(at));
            at += length;
            taken = at;
        }
        if let Some(literals) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            handle_sequence(Sequence::Literals { literals });
        }
    }

    fn reset(&mut self, _level: CompressionLevel) {
        self.bytes.clear();
        self.start = 0;
        self.before.clear();
        self.last.fill(NOWHERE);
    }

    fn window_size(&self) -> u64 {
        WINDOW_BYTES as u64
    }
}
