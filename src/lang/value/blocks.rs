//! JSON by blocks of 64 bytes: past the parts of a container that nobody reads.
//!
//! In:      bytes, a place within a container and outside of its strings.
//! Out:     a place further on, and how deep it lies; nothing here fails.
//! Imports: its own room alone.
//!
//! A block in which a byte stands that must be looked at by itself is not gone past: an escape, a
//! control character, what is not ASCII, what stands in no JSON. Whoever asked looks at it.

use crate::lang::pattern::register::{LANES, Register};

/// Bytes of a block.
const BLOCK: usize = 4 * LANES;

/// A bit for each byte of a block, that of the first one lowest.
#[derive(Clone, Copy, Debug, Default)]
struct Kinds {
    quotes: u64,
    opens: u64,
    closes: u64,
    /// Stands in strings only, or nowhere.
    words: u64,
    /// Has to be looked at, wherever it stands.
    odd: u64,
}

impl Kinds {
    #[expect(clippy::inline_always, reason = "called, registers would be kept in memory")]
    #[inline(always)]
    fn of(block: &[u8; BLOCK]) -> Self {
        let mut all = Self::default();
        let (parts, _) = block.as_chunks::<LANES>();
        for (at, part) in parts.iter().enumerate() {
            let bytes = Register::of(part);
            let is = |byte: u8| bytes.alike(Register::splat(byte));
            let within = |first: u8, last: u8| {
                let above = bytes.above(Register::splat(first - 1));
                above.and(Register::splat(last + 1).above(bytes))
            };
            // Both kinds of brackets differ in this bit alone.
            let folded = bytes.or(Register::splat(0x20));
            let opens = folded.alike(Register::splat(b'{'));
            let closes = folded.alike(Register::splat(b'}'));
            let quotes = is(b'"');
            // As signed numbers, what is not ASCII lies below the control characters.
            let odd = Register::splat(b' ').above(bytes).or(is(b'\\'));
            let signs = is(b'E').or(is(b' ')).or(quotes).or(opens).or(closes);
            // From the plus sign to the colon all but the slash.
            let known = within(b'a', b'z').or(within(b'+', b'.')).or(within(b'0', b':')).or(signs);
            let put = |bits: &mut u64, found: Register| {
                *bits |= u64::from(found.bits()) << (at * LANES);
            };
            put(&mut all.quotes, quotes);
            put(&mut all.opens, opens);
            put(&mut all.closes, closes);
            put(&mut all.words, known);
            put(&mut all.odd, odd);
        }
        all.words = !all.words;
        all
    }
}

/// For each bit whether an odd number is set of those up to it.
const fn parity(mut bits: u64) -> u64 {
    let mut by = 1;
    while by < u64::BITS {
        bits ^= bits << by;
        by *= 2;
    }
    bits
}

/// Goes on from `at`, which lies so deep in containers and in no string, by whole blocks: a place
/// that lies in no string, and how deep it lies; zero is behind the outermost container.
#[must_use]
pub fn past_blocks(bytes: &[u8], at: u32, depth: u32) -> (u32, u32) {
    let (mut reached, mut next, mut depth) = ((at, depth), at as usize, depth);
    // All bits, where a block begins within a string.
    let mut within = 0_u64;
    while let Some(block) = bytes.get(next..).and_then(<[u8]>::first_chunk::<BLOCK>) {
        let kinds = Kinds::of(block);
        // From an opening quote to the byte in front of the closing one.
        let inside = parity(kinds.quotes) ^ within;
        if kinds.odd | kinds.words & !inside != 0 {
            break;
        }
        let (opens, closes) = (kinds.opens & !inside, kinds.closes & !inside);
        if closes.count_ones() < depth {
            depth = depth + opens.count_ones() - closes.count_ones();
        } else {
            let mut brackets = opens | closes;
            while brackets != 0 {
                let bracket = brackets & brackets.wrapping_neg();
                brackets ^= bracket;
                depth = if opens & bracket == 0 { depth - 1 } else { depth + 1 };
                if depth == 0 {
                    return (place(next) + bracket.trailing_zeros() + 1, 0);
                }
            }
        }
        next += BLOCK;
        within = if inside >> (u64::BITS - 1) == 0 { 0 } else { u64::MAX };
        if within == 0 {
            reached = (place(next), depth);
        } else if kinds.quotes != 0 {
            // The last quote opens a string that has not ended.
            reached = (place(next) - 1 - kinds.quotes.leading_zeros(), depth);
        }
    }
    reached
}

/// A place as texts have it: they are never longer.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::past_blocks;

    /// The same byte by byte, as far as blocks go: all places where no string is, with their
    /// depths.
    fn places(bytes: &[u8]) -> Vec<(u32, u32)> {
        let (mut depth, mut inside, mut found) = (1, false, vec![(1, 1)]);
        for (at, byte) in (2..).zip(bytes.iter().skip(1)) {
            match byte {
                b'"' => inside = !inside,
                b'{' | b'[' if !inside => depth += 1,
                b'}' | b']' if !inside => depth -= 1,
                _ => {}
            }
            if !inside {
                found.push((at, depth));
            } else if *byte == b'"' {
                // In front of the quote.
                found.push((at - 1, depth));
            }
            if depth == 0 {
                break;
            }
        }
        found
    }

    fn is_odd(byte: u8) -> bool {
        byte == b'\\' || !(b' '..0x80).contains(&byte)
    }

    #[test]
    fn a_place_is_reached_that_a_walk_reaches() {
        let parts: [&[u8]; 16] = [
            b"{",
            b"}",
            b"[",
            b"]",
            b"\"",
            b"\"key\":",
            b"\"a {text] of, some: length\",",
            b"12.5e-3,",
            b"true,",
            b"null",
            b" ",
            b"\"a\":{\"b\":[{\"c\":\"d\"}]}",
            b"\\",
            b"\n",
            "é".as_bytes(),
            b"/",
        ];
        let (mut ended, mut far) = (0, 0);
        for seed in 0..20_000_u64 {
            let mut state = seed;
            let mut next = |below: u64| {
                state =
                    state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
                usize::try_from((state >> 33) % below).expect("small")
            };
            // Most have nothing that must be looked at.
            let kinds = if next(4) == 0 { 16 } else { 12 };
            let mut bytes = b"{".to_vec();
            for _ in 0..next(60) {
                bytes.extend_from_slice(parts[next(kinds)]);
            }
            let text = String::from_utf8_lossy(&bytes);
            let (at, depth) = past_blocks(&bytes, 1, 1);
            assert!(places(&bytes).contains(&(at, depth)), "{at} {depth} of {text}");
            let past = &bytes[..at as usize];
            assert!(!past.iter().any(|byte| is_odd(*byte)), "{at} of {text}");
            ended += usize::from(depth == 0);
            far += usize::from(at > 200);
        }
        assert!(ended > 1_000 && far > 1_000, "{ended} {far}");
    }

    #[test]
    fn what_stands_in_no_json_is_not_gone_past() {
        for byte in 0..=u8::MAX {
            let known = matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'.' | b'-' | b'+' | b'E');
            let known = known || b",: \"{}[]".contains(&byte);
            for at in [1, 40, 64] {
                let mut bytes = b"{".to_vec();
                bytes.resize(129, b'1');
                bytes[at] = byte;
                let (reached, _) = past_blocks(&bytes, 1, 1);
                let stops = reached as usize <= at;
                assert_eq!(stops, !known || byte == b'"' && at == reached as usize, "{byte} {at}");
            }
        }
    }

    #[test]
    fn the_end_is_found_wherever_it_stands() {
        for len in 0..300 {
            let bytes = [b"[\"", "a]}".repeat(len).as_bytes(), b"\"]}", &[b' '; 70]].concat();
            assert_eq!(
                past_blocks(&bytes, 1, 1),
                (3 * u32::try_from(len).unwrap() + 4, 0),
                "{len}"
            );
        }
    }
}
