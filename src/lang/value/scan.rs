//! Text eight bytes at a time: where the inside of a JSON string ends, what digits spell.
//!
//! In:      bytes, and a place in them.
//! Out:     places and numbers; nothing here fails.
//! Imports: nothing of ours.
//!
//! Behind the end of the bytes stand zeros, which are neither digits nor plain text, so no search
//! leaves them. Places are 32 bits wide: a context is never that long, and the bounds of a place a
//! few bytes ahead need no check for overflow.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = ONES * 0x80;

/// Bytes that `text_end` looks at in one step. The compiler makes vectors of this many.
const CHUNK: u32 = 64;

/// The byte at `at`, zero behind the end.
#[inline]
#[must_use]
pub fn byte(bytes: &[u8], at: u32) -> u8 {
    bytes.get(at as usize).copied().unwrap_or(0)
}

/// The place of the first byte from `at` on that is no white space of JSON.
#[inline]
#[must_use]
pub fn behind_space(bytes: &[u8], mut at: u32) -> u32 {
    loop {
        let byte = byte(bytes, at);
        if byte > b' ' || !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
            return at;
        }
        at += 1;
    }
}

/// As `behind_space`, and the byte there.
#[inline]
#[must_use]
pub fn token(bytes: &[u8], at: u32) -> (u32, u8) {
    let first = byte(bytes, at);
    if first > b' ' { (at, first) } else { spaced_token(bytes, at) }
}

#[inline(never)]
fn spaced_token(bytes: &[u8], at: u32) -> (u32, u8) {
    let at = behind_space(bytes, at);
    (at, byte(bytes, at))
}

/// The eight bytes from `at` on, the first one lowest.
#[inline]
#[must_use]
pub fn word(bytes: &[u8], at: u32) -> u64 {
    let at = at as usize;
    match bytes.get(at..at + 8).and_then(<[u8]>::first_chunk) {
        Some(word) => u64::from_le_bytes(*word),
        None => last_word(bytes, at),
    }
}

/// As `word`, where fewer than eight bytes are left. That is seldom where most is read.
#[cold]
#[inline(never)]
fn last_word(bytes: &[u8], at: usize) -> u64 {
    let rest = bytes.get(at..).unwrap_or_default();
    if rest.is_empty() {
        return 0;
    }
    if let Some(last) = bytes.last_chunk() {
        return u64::from_le_bytes(*last) >> (64 - 8 * rest.len());
    }
    // Bytes that stand in both parts are the same in both.
    let behind = |part: u64, len: usize| part << (8 * (rest.len() - len));
    match (rest.first_chunk(), rest.last_chunk(), rest.first_chunk(), rest.last_chunk()) {
        (Some(first), Some(last), ..) => {
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            u64::from(first) | behind(last.into(), 4)
        }
        (.., Some(first), Some(last)) => {
            let (first, last) = (u16::from_le_bytes(*first), u16::from_le_bytes(*last));
            u64::from(first) | behind(last.into(), 2)
        }
        _ => rest.first().copied().unwrap_or(0).into(),
    }
}

/// The bytes of a word that are no plain text: quotes, backslashes, control characters and what
/// is not ASCII. The lowest bit that is set is the highest one of the first such byte.
#[inline]
#[must_use]
pub const fn special(word: u64) -> u64 {
    // Without the bit that tells it from the space, the quote lies next to the control characters.
    // A byte that is none of them borrows only from one below it that is.
    let quote_or_control = (word ^ (ONES * 2)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * 0x5C)).wrapping_sub(ONES);
    (quote_or_control | backslash | word) & HIGH
}

/// The number of the byte whose bit is the lowest of `found`; eight if there is none.
#[inline]
#[must_use]
pub const fn first(found: u64) -> u32 {
    found.trailing_zeros() / 8
}

/// The low `count` bytes of a word, at most eight.
#[inline]
#[must_use]
pub const fn low(word: u64, count: u32) -> u64 {
    if count < 8 { word & ((1 << (8 * count)) - 1) } else { word }
}

/// As `text_end`, of texts that mostly end within a few bytes.
#[inline]
#[must_use]
pub fn short_end(bytes: &[u8], at: u32) -> u32 {
    end_from(bytes, at, word(bytes, at))
}

/// As `short_end`; `here` is the word at `at`.
#[inline]
#[must_use]
pub fn end_from(bytes: &[u8], at: u32, here: u64) -> u32 {
    let found = special(here);
    if found != 0 && is_ascii(here, found) { at + first(found) } else { words_end(bytes, at) }
}

/// Whether the lowest byte that `found` marks is ASCII.
#[inline]
const fn is_ascii(word: u64, found: u64) -> bool {
    word & found & found.wrapping_neg() == 0
}

/// Looks at some words before it takes the text for a long one.
#[inline(never)]
fn words_end(bytes: &[u8], at: u32) -> u32 {
    let stop = at + CHUNK / 2;
    let mut next = at;
    while next < stop {
        let here = word(bytes, next);
        let found = special(here);
        if found != 0 {
            let end = next + first(found);
            return if is_ascii(here, found) { end } else { text_end(bytes, end) };
        }
        next += 8;
    }
    text_end(bytes, next)
}

/// The place of the first quote, backslash or control character from `at` on, of the end, or of
/// the first byte that is not UTF-8.
#[inline(never)]
#[must_use]
pub fn text_end(bytes: &[u8], mut at: u32) -> u32 {
    let mut stop = at + 8;
    loop {
        while at < stop {
            let here = word(bytes, at);
            let found = special(here);
            if found == 0 {
                at += 8;
                continue;
            }
            at += first(found);
            if byte(bytes, at) < 0x80 {
                return at;
            }
            match sequence(word(bytes, at)) {
                0 => return at,
                len => at += len,
            }
        }
        // Where one letter is not ASCII, others are near.
        while is_plain(bytes, at) {
            at += CHUNK;
        }
        while is_latin(bytes, at) {
            at += CHUNK;
        }
        stop = at + CHUNK;
    }
}

/// Whether a whole chunk of plain text comes.
#[inline]
fn is_plain(bytes: &[u8], at: u32) -> bool {
    const LEN: usize = CHUNK as usize;
    let at = at as usize;
    let Some(chunk) = bytes.get(at..at + LEN).and_then(<[u8]>::first_chunk::<LEN>) else {
        return false;
    };
    // As signed numbers, what is not ASCII lies below the control characters.
    let special = |byte: u8| (byte ^ 2).cast_signed() < 0x21 || byte == b'\\';
    chunk.iter().fold(0, |found, byte| found | u8::from(special(*byte))) == 0
}

/// Whether a whole chunk of text comes in which what is not plain are characters of two bytes. To
/// stop at each of them would cost a wrong guess of the processor, so all bytes are asked the same.
#[inline(never)]
fn is_latin(bytes: &[u8], at: u32) -> bool {
    const LEN: usize = CHUNK as usize;
    let Some(before) = (at as usize).checked_sub(1) else { return false };
    let both = bytes.get(before..=before + LEN).unwrap_or_default();
    let (Some(before), Some(chunk)) = (both.first_chunk::<LEN>(), both.last_chunk::<LEN>()) else {
        return false;
    };
    let wrong = |before: u8, byte: u8| {
        let begins_two = before.wrapping_sub(0xC2) < 0x1E;
        let begins_any = before >= 0xC0;
        let goes_on = byte.cast_signed() < -0x40;
        let special = byte ^ 2 < 0x21 || byte == b'\\';
        [special, begins_two != goes_on, begins_two != begins_any].map(u8::from)
    };
    let pairs = before.iter().zip(chunk);
    let found = pairs.fold(0, |found, (before, byte)| {
        wrong(*before, *byte).into_iter().fold(found, |found, wrong| found | wrong)
    });
    // No character may go on behind it.
    found == 0 && chunk.last().is_some_and(|last| *last < 0xC0)
}

/// The length of the character that begins a word and is not ASCII; zero if it is not UTF-8.
#[inline]
fn sequence(word: u64) -> u32 {
    // The bits that tell a first byte and those behind it, and what they must be.
    const TWO: [u64; 2] = [0xC0E0, 0x80C0];
    const THREE: [u64; 2] = [0xC0_C0F0, 0x80_80E0];
    const FOUR: [u64; 2] = [0xC0C0_C0F8, 0x8080_80F0];
    let spelled = |[mask, wanted]: [u64; 2]| word & mask == wanted;
    // What a shorter sequence could spell, surrogates, and what lies beyond Unicode.
    let [a, b, ..] = word.to_le_bytes();
    if spelled(TWO) {
        if a >= 0xC2 { 2 } else { 0 }
    } else if spelled(THREE) {
        let fits = match a {
            0xE0 => b >= 0xA0,
            0xED => b < 0xA0,
            _ => true,
        };
        if fits { 3 } else { 0 }
    } else if spelled(FOUR) {
        let fits = match a {
            0xF0 => b >= 0x90,
            0xF4 => b < 0x90,
            _ => a < 0xF4,
        };
        if fits { 4 } else { 0 }
    } else {
        0
    }
}

/// How many bytes from the first on are digits.
#[inline]
#[must_use]
pub const fn digits(word: u64) -> u32 {
    let digits = word ^ (ONES * 0x30);
    // What is no digit carries only into bytes above it.
    first((digits.wrapping_add(ONES * 0x76) | digits) & HIGH)
}

/// How many bytes from the first on are zeros that are spelled.
#[inline]
#[must_use]
pub const fn zeros(word: u64) -> u32 {
    first(word ^ (ONES * 0x30))
}

/// The number that the first `count` bytes of a word spell, one to eight digits.
#[inline]
#[must_use]
pub const fn decimal(word: u64, count: u32) -> u64 {
    const PAIRS: u64 = 0x0000_00FF_0000_00FF;
    // Zeros in front, then neighbours put together: to pairs, to fours, to eight.
    let digits = (word ^ (ONES * 0x30)) << (64 - 8 * count);
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let high = (pairs & PAIRS).wrapping_mul(100 + (1_000_000 << 32));
    let low = (pairs >> 16 & PAIRS).wrapping_mul(1 + (10_000 << 32));
    high.wrapping_add(low) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `text_end`, byte by byte and by the standard library.
    fn plain_end(bytes: &[u8], at: usize) -> usize {
        let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
        let rest = &bytes[at..];
        let end = rest.iter().position(special).unwrap_or(rest.len());
        at + std::str::from_utf8(&rest[..end]).map_or_else(|error| error.valid_up_to(), str::len)
    }

    fn agree(bytes: &[u8], at: u32) {
        let end = text_end(bytes, at);
        assert_eq!(end as usize, plain_end(bytes, at as usize), "{at} of {bytes:x?}");
        assert_eq!(short_end(bytes, at), end, "{at} of {bytes:x?}");
    }

    #[test]
    fn every_byte_is_found_at_every_place() {
        for len in [0, 1, 7, 8, 9, 31, 32, 40, 96, 97, 131, 200] {
            agree(&vec![b'a'; len], 0);
            for place in 0..len {
                for byte in 0..=u8::MAX {
                    let mut bytes = vec![b'a'; len];
                    bytes[place] = byte;
                    for at in [0, 1, 5].into_iter().filter(|at| *at as usize <= len) {
                        agree(&bytes, at);
                    }
                }
            }
        }
    }

    #[test]
    fn the_same_sequences_are_utf8_as_in_the_standard_library() {
        for first in 0x80..=u8::MAX {
            for second in 0..=u8::MAX {
                agree(&[b'x', first, second], 0);
                for third in [0, 0x22, 0x7F, 0x80, 0x8F, 0x9F, 0xA0, 0xBF, 0xC0, 0xE0, 0xFF] {
                    agree(&[first, second, third], 0);
                    for fourth in [0x7F, 0x80, 0xBF, 0xC0] {
                        agree(&[first, second, third, fourth, b'"'], 0);
                    }
                }
            }
        }
    }

    #[test]
    fn characters_of_every_length_at_every_place_of_a_long_text() {
        for character in ["é", "€", "\u{1F600}", "\u{7FF}", "\u{800}", "\u{FFFF}", "\u{10FFFF}"]
        {
            for place in 0..200 {
                let text = format!("{}{character}{}\"", "a".repeat(place), character.repeat(40));
                agree(text.as_bytes(), 0);
                let cut = &text.as_bytes()[..place + character.len() - 1];
                agree(cut, 0);
            }
        }
    }

    #[test]
    fn digits_are_counted_and_read() {
        for (text, count) in [("", 0), ("a1", 0), ("1a", 1), ("12345678", 8), ("/0", 0), (":9", 0)]
        {
            assert_eq!(digits(word(text.as_bytes(), 0)), count, "{text}");
        }
        for byte in 0..=u8::MAX {
            let count = digits(word(&[b'7', byte, b'1'], 0));
            assert_eq!(count, if byte.is_ascii_digit() { 3 } else { 1 }, "{byte}");
        }
        for number in (0..100_000_000_u64).step_by(7_919) {
            let text = number.to_string();
            let (word, len) = (word(text.as_bytes(), 0), u32::try_from(text.len()).unwrap());
            assert_eq!((digits(word), decimal(word, len)), (len, number));
        }
        assert_eq!(zeros(word(b"0070", 0)), 2);
    }

    #[test]
    fn words_at_the_end_have_zeros_behind_it() {
        let bytes: Vec<u8> = (1..=20).collect();
        for len in 0..bytes.len() {
            let text = &bytes[bytes.len() - len..];
            for at in 0..=len {
                let wanted = text[at..].iter().take(8).rev();
                let wanted = wanted.fold(0, |word, byte| word << 8 | u64::from(*byte));
                assert_eq!(word(text, u32::try_from(at).unwrap()), wanted, "{len} {at}");
            }
            assert_eq!(word(text, 40), 0, "{len}");
        }
    }

    #[test]
    fn tokens_lie_behind_white_space() {
        assert_eq!(token(b"a", 0), (0, b'a'));
        assert_eq!(token(b" \t\r\n{", 0), (4, b'{'));
        assert_eq!(token(b" \x0b", 0), (1, 0x0b));
        assert_eq!((token(b" ", 0), token(b"", 0)), ((1, 0), (0, 0)));
    }
}
