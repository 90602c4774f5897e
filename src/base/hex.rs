//! SHA-256 digests as hexadecimal digits, in lower case.
//!
//! In:      32 bytes; 64 digits.
//! Out:     the other. Upper case is refused, so that a digest has one spelling.
//! Imports: nothing of ours.

/// Digits of a SHA-256.
pub const DIGITS: usize = 64;

/// The digits of a digest.
#[must_use]
pub fn digits(digest: &[u8; 32]) -> [u8; DIGITS] {
    let mut digits = [0; DIGITS];
    let (pairs, _) = digits.as_chunks_mut::<2>();
    for (pair, byte) in pairs.iter_mut().zip(digest) {
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
    digits
}

/// The digits of a digest, as text.
#[must_use]
pub fn text(digest: &[u8; 32]) -> String {
    digits(digest).map(char::from).iter().collect()
}

/// The digest that 64 digits spell.
#[must_use]
pub fn parse(text: &str) -> Option<[u8; 32]> {
    bytes(text.as_bytes().try_into().ok()?)
}

/// The digest that digits spell, eight of them at a time; `None` if anything else stands among
/// them.
#[must_use]
pub fn bytes(digits: &[u8; DIGITS]) -> Option<[u8; 32]> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let mut bytes = [0; 32];
    let mut wrong = 0;
    let (words, _) = digits.as_chunks::<8>();
    let (places, _) = bytes.as_chunks_mut::<4>();
    for (word, place) in words.iter().zip(places) {
        let word = u64::from_le_bytes(*word);
        // Of a letter the seventh bit is set, and its low half begins at one.
        let nibbles = (word & (ONES * 0x0F)).wrapping_add((word >> 6 & ONES) * 9);
        let letters = (nibbles.wrapping_add(ONES * 6) >> 4) & ONES;
        let spelled = nibbles.wrapping_add(ONES * 0x30).wrapping_add(letters * 39);
        wrong |= spelled ^ word | nibbles & (ONES * 0xF0);
        let pairs = (nibbles << 4 | nibbles >> 8) & 0x00FF_00FF_00FF_00FF;
        let fours = (pairs | pairs >> 8) & 0x0000_FFFF_0000_FFFF;
        let [a, b, c, d, ..] = (fours | fours >> 16).to_le_bytes();
        *place = [a, b, c, d];
    }
    (wrong == 0).then_some(bytes)
}

const fn digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_as_they_are_written() {
        for byte in 0..=u8::MAX {
            let digest = [byte; 32];
            assert_eq!(text(&digest), format!("{byte:02x}").repeat(32));
            assert_eq!(bytes(&digits(&digest)), Some(digest));
            for place in [0, 7, 63] {
                let mut other = digits(&digest);
                other[place] = byte;
                let wanted = matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                assert_eq!(bytes(&other).is_some(), wanted, "{byte}");
            }
        }
    }

    #[test]
    fn another_number_of_digits_is_no_digest() {
        assert_eq!(parse(&"0".repeat(64)), Some([0; 32]));
        for text in ["", &"0".repeat(63), &"0".repeat(65), &"é".repeat(32), &"A".repeat(64)] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
