//! What a crash leaves of the last write, told from what somebody changed.
//!
//! In:      the bytes of a segment behind its last whole frame.
//! Out:     `TornWrite`, or what is wrong.
//! Imports: `base`.
//! Source:  `docs/audit.md`, "Recovery".
//!
//! Disks write sectors: each as it should be, or not at all, and then it holds zeros, or lies
//! behind the end of the file. So where no sector is zeros and nothing is cut off at the end of the
//! file, all is as it was written, and a frame whose sum is wrong was changed.

use std::io::Read as _;
use std::ops::Range;

use crate::base::limits::{AUDIT_TORN_BYTES_MAX, NOTE_BYTES_MAX, PACKED_BYTES_MAX};
use crate::runtime::audit::crc::Crc;
use crate::runtime::audit::frame::{HEAD_BYTES, HEADER, Kind, first, frame, head, sum};
use crate::runtime::audit::store::Source;
use crate::runtime::audit::walk::{Damage, WalkError, Wrong, plain};

/// Bytes that disks write all or none of.
const SECTOR_BYTES: u64 = 512;
const SECTOR: usize = 512;

/// What a crash left behind the last whole frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TornWrite {
    /// The segment: the number of its first line.
    pub segment: u64,
    /// Where it begins in the segment.
    pub at: u64,
    /// How many bytes it is; 0 of a segment that was begun, and nothing written to it.
    pub bytes: u64,
}

/// What a crash left of a segment behind its whole frames: these end at byte `at` and have so many
/// lines.
///
/// # Errors
/// If it was no crash.
pub fn trace(
    store: &mut impl Source,
    segment: u64,
    (at, lines): (u64, u64),
) -> Result<TornWrite, WalkError> {
    trace_up_to(AUDIT_TORN_BYTES_MAX, store, segment, (at, lines))
}

/// .. where a crash leaves at most so many bytes.
fn trace_up_to(
    most: usize,
    store: &mut impl Source,
    segment: u64,
    (at, lines): (u64, u64),
) -> Result<TornWrite, WalkError> {
    let mut rest = Vec::new();
    store.read(segment, at)?.take(most as u64 + 1).read_to_end(&mut rest)?;
    match judge_up_to(most, &rest, at, lines) {
        None => Ok(TornWrite { segment, at, bytes: rest.len() as u64 }),
        Some(wrong) => Err(WalkError::Damage(Damage { segment, at, wrong })),
    }
}

/// What is wrong with the rest of a segment, if no crash left it so: it begins at byte `at`, behind
/// the last whole frame, and so many lines are in front of it.
#[must_use]
pub fn judge(rest: &[u8], at: u64, lines: u64) -> Option<Wrong> {
    judge_up_to(AUDIT_TORN_BYTES_MAX, rest, at, lines)
}

/// .. where a crash leaves at most so many bytes.
fn judge_up_to(most: usize, rest: &[u8], at: u64, lines: u64) -> Option<Wrong> {
    let wrong = if at == 0 { Wrong::Header } else { Wrong::Frame };
    if rest.len() > most {
        return Some(wrong);
    }
    let Some(behind) = whole_frames(rest, at) else { return Some(wrong) };
    // What a frame behind says was on the disk no crash took away.
    let synced = behind.iter().any(|(_, synced)| *synced > at);
    let end = behind.first().map_or(rest.len(), |(place, _)| *place);
    let rest = Rest { bytes: rest, at, end, is_last: behind.is_empty() };
    let torn = !synced && if at == 0 { rest.is_torn_header() } else { rest.is_torn_frame(lines) };
    (!torn).then_some(wrong)
}

/// The whole frames somewhere behind the first byte of what begins at byte `at`: where each begins,
/// and how much it says was on the disk. Neither lines nor sums are often what could be the head of
/// a frame at that place, so few are tried; `None` where somebody made it many.
fn whole_frames(rest: &[u8], at: u64) -> Option<Vec<(usize, u64)>> {
    let (mut found, mut left) = (Vec::new(), 4 * rest.len() + (1 << 20));
    let mut next = 1;
    while let Some(bytes) = rest.get(next..).filter(|bytes| bytes.len() >= HEAD_BYTES) {
        let place = next;
        next += 1;
        let Some((length, _, kind)) = bytes.first_chunk().and_then(head) else { continue };
        let here = at + place as u64;
        if length > bytes.len() || !is_end(kind, length) && !is_written(bytes, here, kind, length) {
            continue;
        }
        left = left.checked_sub(length)?;
        if let Some((kind, body, length)) = first(bytes) {
            let synced = if kind == Kind::Plain { plain(body).map_or(0, |(at, _)| at) } else { 0 };
            found.push((place, synced));
            next = place + length;
        }
    }
    Some(found)
}

/// The rest of a segment.
struct Rest<'a> {
    bytes: &'a [u8],
    at: u64,
    /// Where what is not whole ends: where a whole frame begins, or all ends.
    end: usize,
    /// Whether no whole frame stands behind its first byte.
    is_last: bool,
}

impl Rest<'_> {
    /// Its sectors: where each begins, and its bytes. It begins anywhere in its first one.
    fn sectors(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let first = usize::try_from(SECTOR_BYTES - self.at % SECTOR_BYTES).unwrap_or(SECTOR);
        let (front, rest) = self.bytes.split_at_checked(first).unwrap_or((self.bytes, &[]));
        let starts = (0..).map(move |sector| first + sector * SECTOR);
        std::iter::once((0, front)).chain(starts.zip(rest.chunks(SECTOR)))
    }

    /// Whether a sector was lost that has some of these bytes.
    fn has_hole(&self, bytes: Range<usize>) -> bool {
        let end = bytes.end.min(self.end);
        self.sectors().any(|(start, sector)| {
            start < end && start + sector.len() > bytes.start && is_zeros(sector)
        })
    }

    /// Whether nothing reached the disk but the length of the segment, or its front.
    fn is_torn_header(&self) -> bool {
        let cut = self.is_last && self.bytes.len() < HEADER.len();
        cut && HEADER.starts_with(self.bytes) || self.has_hole(0..1)
    }

    /// Whether a crash left what should be a frame.
    fn is_torn_frame(&self, lines: u64) -> bool {
        let Some(start) = self.bytes.first_chunk::<HEAD_BYTES>() else {
            return self.is_front_of_head();
        };
        let (length, rest) = start.split_first_chunk().unwrap_or((&[0; 4], &[]));
        let (wanted, kind) = rest.split_first_chunk().unwrap_or((&[0; 4], &[]));
        let (length, wanted) = (u32::from_le_bytes(*length) as usize, u32::from_le_bytes(*wanted));
        let Some(kind) = kind.first().copied().and_then(Kind::of) else {
            // Nobody writes such a kind: only one that was lost looks so.
            return self.has_hole(HEAD_BYTES - 1..HEAD_BYTES);
        };
        if kind == Kind::End {
            return self.is_torn_end(lines);
        }
        if !is_written(self.bytes, self.at, kind, length) {
            return false;
        }
        let body = self.bytes.get(HEAD_BYTES..).unwrap_or_default();
        if self.has_hole(0..1) {
            // What stands in front of a checkpoint was written with it: their sector is there.
            return kind == Kind::Plain && self.lost_its_front(body, length, (kind, wanted));
        }
        if length > body.len() && self.is_last {
            // Where all that is there has the sum, nothing is missing: the length was changed.
            return sum(kind.byte(), &[body]) != wanted;
        }
        self.has_hole(0..HEAD_BYTES + length)
    }

    /// Whether this, which is shorter, can be the front of the head of a frame.
    fn is_front_of_head(&self) -> bool {
        let Some((length, _)) = self.bytes.split_first_chunk() else { return true };
        match u32::from_le_bytes(*length) as usize {
            // No frame is empty: its length was lost.
            0 => self.has_hole(0..4),
            length => length <= PACKED_BYTES_MAX,
        }
    }

    /// Whether a frame that begins with zeros up to the end of a sector lost them. They may also be
    /// the low bytes of its length, and then something else in it was changed.
    fn lost_its_front(&self, body: &[u8], length: usize, (kind, wanted): (Kind, u32)) -> bool {
        let front = self.sectors().next().map_or(0, |(_, front)| front.len());
        if front >= size_of::<u32>() {
            // No frame is empty, and all of its length is zeros.
            return true;
        }
        // The low bytes of its length are not known: it has this length, or as much more.
        let more = (1 << (8 * front)) - 1;
        let Some((known, unknown)) = body.split_at_checked(length) else { return self.is_last };
        if more > unknown.len() && self.is_last || self.has_hole(front..HEAD_BYTES + length + more)
        {
            return true;
        }
        // Nothing else was lost: the length that has the sum is there, or there is none.
        let mut crc = Crc::default();
        crc.update(&[kind.byte()]);
        crc.update(known);
        unknown.iter().take(more).any(|byte| {
            crc.update(&[*byte]);
            crc.sum() == wanted
        })
    }

    /// Whether this is what is left of the end of a segment, of which all is known.
    fn is_torn_end(&self, lines: u64) -> bool {
        let mut end = Vec::new();
        frame(Kind::End, &[&lines.to_le_bytes()], &mut end);
        let mut sectors = self.sectors();
        // What stands in front was written with it, so that their sector is there.
        let front = sectors.next().is_none_or(|(_, sector)| end.starts_with(sector));
        front
            && sectors.all(|(start, sector)| {
                is_zeros(sector) || end.get(start..start + sector.len()) == Some(sector)
            })
    }
}

/// Whether a frame of this kind and length, but the end of a segment, is written at this place;
/// `bytes` begin with its head.
fn is_written(bytes: &[u8], at: u64, kind: Kind, length: usize) -> bool {
    let first = at == HEADER.len() as u64;
    match kind {
        Kind::Segment => first && length <= PACKED_BYTES_MAX,
        Kind::Checkpoint => !first && length <= NOTE_BYTES_MAX,
        Kind::Plain => {
            // What it says of the disk: as much as was there, or less if that was lost.
            let synced = bytes.get(HEAD_BYTES..).and_then(<[u8]>::first_chunk);
            let synced = synced.map_or(0, |synced| u64::from_le_bytes(*synced));
            !first && length <= PACKED_BYTES_MAX && synced <= at
        }
        Kind::End | Kind::Index | Kind::Lines => false,
    }
}

/// Whether this can be the end of a segment.
const fn is_end(kind: Kind, length: usize) -> bool {
    matches!(kind, Kind::End) && length == size_of::<u64>()
}

fn is_zeros(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    const LINES: u64 = 300;

    /// A write that begins at this byte of a segment: a frame of lines that holds so many bytes, a
    /// checkpoint, and perhaps the end.
    fn written(at: u64, bytes: usize, ends: bool) -> Vec<u8> {
        let mut out = Vec::new();
        let line = format!("{}\n", "x".repeat(bytes - 9));
        frame(Kind::Plain, &[&at.to_le_bytes(), line.as_bytes()], &mut out);
        frame(Kind::Checkpoint, &[b"a\n1\nb\n\n\xe2\x80\x94 c d\n"], &mut out);
        if ends {
            frame(Kind::End, &[&LINES.to_le_bytes()], &mut out);
        }
        out
    }

    /// What stands behind the whole frames of what is left of a write that began at a byte, and
    /// where; `None` where all of it is whole.
    fn broken(mut left: &[u8], mut at: u64) -> Option<(&[u8], u64)> {
        while let Some((.., length)) = first(left) {
            left = &left[length..];
            at += length as u64;
        }
        (!left.is_empty()).then_some((left, at))
    }

    /// The sectors of a write that began at a byte.
    fn sectors(at: u64, write: &[u8]) -> Vec<Range<usize>> {
        let sectors = Rest { bytes: write, at, end: write.len(), is_last: true };
        sectors.sectors().map(|(start, sector)| start..start + sector.len()).collect()
    }

    /// Where writes begin: all over a sector, and at each place near its end, where the head of a
    /// frame lies in two.
    fn places() -> impl Iterator<Item = u64> {
        let places = (0..SECTOR_BYTES).filter(|place| place % 5 == 0 || *place > 480);
        places.map(|place| 3 * SECTOR_BYTES + place)
    }

    #[test]
    fn whatever_a_crash_leaves_is_torn() {
        let mut torn = 0;
        let sizes = [40, 256, 600];
        for (at, bytes) in places().flat_map(|at| sizes.map(|bytes| (at, bytes))) {
            let write = written(at, bytes, at % 2 == 0);
            let sectors = sectors(at, &write);
            for lost in 0..1_usize << sectors.len() {
                let mut left = write.clone();
                for (place, sector) in sectors.iter().enumerate() {
                    if lost >> place & 1 == 1 {
                        left[sector.clone()].fill(0);
                    }
                }
                for end in (0..=left.len()).rev().step_by(29) {
                    let Some((rest, from)) = broken(&left[..end], at) else { continue };
                    torn += 1;
                    assert_eq!(
                        judge(rest, from, LINES),
                        None,
                        "at {at}, {bytes}: {lost:b} lost, cut at {end}"
                    );
                }
            }
        }
        assert!(torn > 20_000, "{torn}");
    }

    /// Every byte of a write, at every place of a sector: what no crash leaves is damage.
    #[test]
    fn whatever_no_crash_leaves_is_damage() {
        let (mut damaged, mut alike) = (0, 0);
        for (at, bytes) in places().flat_map(|at| [(at, 20), (at, 256)]) {
            let write = written(at, bytes, true);
            let sectors = sectors(at, &write);
            for place in 0..write.len() {
                for change in [1, 64, write[place], 0xFF] {
                    let mut left = write.clone();
                    left[place] ^= change;
                    if left == write {
                        continue;
                    }
                    let sector = sectors.iter().find(|it| it.contains(&place)).expect("one");
                    // All that is left of its sector is zeros: a crash may have done it.
                    let lost = is_zeros(&left[sector.clone()]);
                    alike += usize::from(lost);
                    damaged += usize::from(!lost);
                    let (rest, from) = broken(&left, at).expect("a frame is not whole");
                    let wrong = judge(rest, from, LINES);
                    assert_eq!(wrong.is_none(), lost, "at {at}, {bytes}: {place} ^ {change}");
                }
            }
        }
        assert!(damaged > 150_000 && alike > 0, "{damaged}, {alike}");
    }

    #[test]
    fn what_is_too_long_or_made_of_heads_is_damage() {
        let longer = vec![0; AUDIT_TORN_BYTES_MAX + 1];
        assert_eq!(judge(&longer, 600, 0), Some(Wrong::Frame));
        // Each head says that its frame reaches far, and no sum is right.
        let mut heads = Vec::new();
        while heads.len() < 4 << 20 {
            heads.extend_from_slice(&(1_u32 << 20).to_le_bytes());
            heads.extend_from_slice(&[7, 7, 7, 7, Kind::Plain.byte()]);
        }
        assert_eq!(judge(&heads, 600, 0), Some(Wrong::Frame));
    }

    /// As `Async` leaves it: many writes behind the last sync, of which a loss of power took some
    /// sectors. What is searched for heads is then full of sums, which are any bytes.
    #[test]
    fn whatever_a_crash_leaves_of_many_writes_is_torn() {
        for (bytes, lost) in [(300, 3), (4_000, 7), (40_000, 50)] {
            let at = 0x0304_0504_u64;
            let mut write = Vec::new();
            for line in 0_u64.. {
                if write.len() > 6 << 20 {
                    break;
                }
                let text = format!("{line:0bytes$}\n");
                frame(Kind::Plain, &[&at.to_le_bytes(), text.as_bytes()], &mut write);
                frame(Kind::Checkpoint, &[b"a\n1\nb\n\n\xe2\x80\x94 c d\n"], &mut write);
            }
            for (place, sector) in sectors(at, &write).into_iter().enumerate() {
                if place % lost == 1 {
                    write[sector].fill(0);
                }
            }
            assert_eq!(judge(&write, at, LINES), None, "{bytes}, {lost}");
        }
    }

    #[test]
    fn as_much_as_a_crash_may_leave_is_torn_and_no_more() {
        let zeros = [0; 700];
        assert_eq!(judge_up_to(700, &zeros, 600, LINES), None);
        assert_eq!(judge_up_to(699, &zeros, 600, LINES), Some(Wrong::Frame));
        let traced = |bytes| trace_up_to(700, &mut Zeros(bytes), 5, (600, LINES));
        let torn = TornWrite { segment: 5, at: 600, bytes: 700 };
        assert_eq!(traced(700).expect("a crash left it"), torn);
        let damage = Damage { segment: 5, at: 600, wrong: Wrong::Frame };
        assert!(matches!(traced(701), Err(WalkError::Damage(found)) if found == damage));
    }

    /// A segment of which so many bytes are left, all zeros.
    struct Zeros(u64);

    impl Source for Zeros {
        fn list(&mut self) -> io::Result<Vec<u64>> {
            Ok(Vec::new())
        }

        fn read(&mut self, _: u64, _: u64) -> io::Result<Box<dyn io::Read + '_>> {
            Ok(Box::new(io::repeat(0).take(self.0)))
        }
    }

    /// Behind a sector that was lost, at byte 1536 of a segment.
    fn behind_a_hole(bytes: &[u8]) -> Option<Wrong> {
        judge(&[&[0; SECTOR], bytes].concat(), 3 * SECTOR_BYTES, LINES)
    }

    #[test]
    fn what_frames_behind_say_of_the_disk_is_believed() {
        let plain = |synced: u64| {
            let mut out = Vec::new();
            frame(Kind::Plain, &[&synced.to_le_bytes(), b"{}\n"], &mut out);
            out
        };
        let damaged = Some(Wrong::Frame);
        assert_eq!(behind_a_hole(&plain(1_536)), None, "what was lost was not on the disk");
        assert_eq!(behind_a_hole(&plain(1_537)), damaged, "its first byte was");
        assert_eq!(behind_a_hole(&plain(2_048)), damaged, "all of it was");
        assert_eq!(behind_a_hole(&plain(2_049)), None, "nobody writes that there");
        let both = |second| behind_a_hole(&[plain(1_536), plain(second)].concat());
        assert_eq!((both(1_536), both(1_537)), (None, damaged), "the second frame behind");
    }

    /// What could be heads of frames of so many bytes, whose sums are wrong, in 100 000 bytes
    /// behind which nothing stands; they say that so much was on the disk.
    fn heads(lengths: &[usize], synced: u64) -> Vec<u8> {
        let mut out = Vec::new();
        for length in lengths {
            out.extend_from_slice(&u32::try_from(*length).expect("a length").to_le_bytes());
            out.extend_from_slice(&[7, 7, 7, 7, Kind::Plain.byte()]);
            out.extend_from_slice(&synced.to_le_bytes());
            out.extend_from_slice(&[7; 16]);
        }
        out.resize(100_000 - SECTOR, 7);
        out
    }

    /// Four times what is there, and a mebibyte: sixteen times 90 536 bytes.
    #[test]
    fn so_much_is_tried_and_no_more() {
        let (full, damaged) = ([90_536; 16], Some(Wrong::Frame));
        assert_eq!(behind_a_hole(&heads(&full, 0)), None);
        let mut more = full;
        more[3] += 1;
        assert_eq!(behind_a_hole(&heads(&more, 0)), damaged);
        assert_eq!(behind_a_hole(&heads(&more, 1 << 40)), None, "nobody writes that there");
        assert_eq!(behind_a_hole(&heads(&[10 << 20; 16], 0)), None, "that is not there");
        let last = 100_000 - SECTOR - 16 * 33;
        let more = [full.as_slice(), &[last]].concat();
        assert_eq!(behind_a_hole(&heads(&more, 0)), damaged, "as long as what is there");
    }

    /// Where a whole frame stands behind it, a frame was not cut off.
    #[test]
    fn the_least_frame_behind_is_found() {
        let mut write = Vec::new();
        frame(Kind::Plain, &[&600_u64.to_le_bytes(), &[b'x'; 900]], &mut write);
        write.truncate(300);
        let before = |kind: Kind, body: &[u8]| {
            let mut write = write.clone();
            frame(kind, &[body], &mut write);
            judge(&write, 600, LINES)
        };
        assert_eq!(judge(&write, 600, LINES), None);
        assert_eq!(before(Kind::Checkpoint, &[]), Some(Wrong::Frame));
        assert_eq!(before(Kind::End, &[0; 8]), Some(Wrong::Frame));
        assert_eq!(before(Kind::End, &[0; 5]), None, "no end is so long");
        assert_eq!(before(Kind::Index, &[0; 8]), None, "nobody writes that there");
    }

    #[test]
    fn the_front_of_a_segment_is_torn_where_it_is_that_of_a_header() {
        let judged = |rest: &[u8]| judge(rest, 0, 0);
        for torn in [&HEADER[..1], &HEADER[..15], &[0; 16], &[0; 600]] {
            assert_eq!(judged(torn), None, "{} bytes", torn.len());
        }
        for other in [&b"XDRB"[..], &HEADER, &[&HEADER[..], &[0; 9]].concat()] {
            assert_eq!(judged(other), Some(Wrong::Header), "{} bytes", other.len());
        }
    }

    /// A frame that was changed: what is lost behind it was not lost of it.
    #[test]
    fn a_changed_frame_is_damage_whatever_is_lost_behind_it() {
        let mut write = Vec::new();
        frame(Kind::Plain, &[&1_536_u64.to_le_bytes(), &[b'x'; SECTOR - 17]], &mut write);
        write[100] = b'y';
        let damaged = Some(Wrong::Frame);
        assert_eq!(judge(&write, 3 * SECTOR_BYTES, LINES), damaged, "all of it is there");
        write.extend([0; 2 * SECTOR]);
        assert_eq!(judge(&write, 3 * SECTOR_BYTES, LINES), damaged, "a sector behind it was lost");
        write[..SECTOR].fill(0);
        assert_eq!(judge(&write, 3 * SECTOR_BYTES, LINES), None, "its sector was lost");
    }

    /// A frame whose length lies in a sector that was lost, and is changed behind it.
    #[test]
    fn of_a_frame_whose_length_was_lost_the_rest_is_not_known() {
        for (at, judged) in [(508_u64, None), (509, Some(Wrong::Frame))] {
            let mut write = Vec::new();
            frame(Kind::Plain, &[&at.to_le_bytes(), &[b'x'; 0x100 - 8]], &mut write);
            frame(Kind::Checkpoint, &[b"a"], &mut write);
            write[..usize::try_from(SECTOR_BYTES - at).expect("few")].fill(0);
            write[100] = b'y';
            assert_eq!(judge(&write, at, LINES), judged, "at {at}");
        }
    }

    /// The low byte of a length was lost: it may have been 256 to 511, and no more is looked at.
    #[test]
    fn of_a_frame_whose_low_byte_was_lost_as_much_is_looked_at_as_it_may_be() {
        let mut write = Vec::new();
        frame(Kind::Plain, &[&511_u64.to_le_bytes(), &[b'x'; 511 - 8]], &mut write);
        (write[0], write[100]) = (0, b'y');
        let judged = |bytes: &[u8]| judge(bytes, 511, LINES);
        let damaged = Some(Wrong::Frame);
        assert_eq!(judged(&write), damaged, "all that it may have been is there");
        assert_eq!(judged(&write[..write.len() - 1]), None, "some of it may be missing");
        write.resize(1 + 2 * SECTOR, b'z');
        write.extend([0; SECTOR]);
        assert_eq!(judged(&write), damaged, "what was lost was behind it");
    }

    #[test]
    fn frames_that_nobody_writes_there_are_damage() {
        let cut = |kind: Kind, body: &[u8], at| {
            let mut out = Vec::new();
            frame(kind, &[body], &mut out);
            judge(&out[..out.len() - 1], at, LINES)
        };
        let plain = |synced: u64| [&synced.to_le_bytes()[..], b"{}\n"].concat();
        let damaged = Some(Wrong::Frame);
        assert_eq!(cut(Kind::Plain, &plain(600), 600), None);
        assert_eq!(cut(Kind::Plain, &plain(601), 600), damaged, "more was on the disk");
        assert_eq!(cut(Kind::Plain, &plain(0), 16), damaged, "a segment has a start");
        assert_eq!(cut(Kind::Segment, b"gw-3", 16), None);
        assert_eq!(cut(Kind::Segment, b"gw-3", 600), damaged);
        assert_eq!(cut(Kind::Checkpoint, b"note", 600), None);
        assert_eq!(cut(Kind::Checkpoint, &vec![b'a'; NOTE_BYTES_MAX + 1], 600), damaged);
        assert_eq!(cut(Kind::Checkpoint, &vec![b'a'; NOTE_BYTES_MAX], 600), None);
        // Of a long frame its head is enough.
        let long = |kind: Kind, length: usize, at| {
            let length = u32::try_from(length).expect("a length");
            let head = [&length.to_le_bytes()[..], &[7, 7, 7, 7, kind.byte()], &[1; 3]].concat();
            judge(&head, at, LINES)
        };
        for (kind, at) in [(Kind::Segment, 16), (Kind::Plain, 600)] {
            assert_eq!(long(kind, PACKED_BYTES_MAX, at), None, "{kind:?}");
            assert_eq!(long(kind, PACKED_BYTES_MAX + 1, at), damaged, "{kind:?}");
        }
        assert_eq!(cut(Kind::End, &LINES.to_le_bytes(), 505), None, "it lies in two sectors");
        assert_eq!(cut(Kind::End, &LINES.to_le_bytes(), 600), None);
        assert_eq!(cut(Kind::End, &(LINES + 1).to_le_bytes(), 600), damaged);
        assert_eq!(cut(Kind::Index, b"index", 600), damaged);
        // Less than a head: what cannot be the length of a frame.
        assert_eq!(judge(b"abcd", 600, LINES), damaged);
        let longest = u32::try_from(PACKED_BYTES_MAX).expect("a length");
        assert_eq!(judge(&longest.to_le_bytes(), 600, LINES), None);
        assert_eq!(judge(&(longest + 1).to_le_bytes(), 600, LINES), damaged);
        assert_eq!(judge(&[0, 0, 0, 0, 7], 600, LINES), damaged);
        assert_eq!(judge(&[0, 0, 0, 0, 7], 511, LINES), None, "of its length a part was lost");
        assert_eq!(judge(&[0, 0, 0, 0, 7], 508, LINES), None, "all of its length was lost");
    }
}
