//! The witness of a decision as text.
//!
//! In:      two bits an atom, four atoms a byte.
//! Out:     base64url without padding of those bytes, a run of zeros as a zero and its length
//!          (LEB128).
//! Imports: `base`.

use crate::base::limits::TABLE_ENTRIES_MAX;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Bytes of the witness of a bundle with as many atoms as there can be.
const LARGEST: usize = TABLE_ENTRIES_MAX.div_ceil(4);

/// Appends the text of a witness to `out`.
pub(super) fn write(bits: &[u8], out: &mut Vec<u8>) {
    let mut group = Group { bits: 0, bytes: 0 };
    let mut rest = bits;
    while let Some((first, behind)) = rest.split_first() {
        group.put(*first, out);
        if *first != 0 {
            rest = behind;
            continue;
        }
        let end = rest.iter().position(|byte| *byte != 0).unwrap_or(rest.len());
        rest = rest.get(end..).unwrap_or_default();
        let mut length = end;
        loop {
            let [low, ..] = length.to_le_bytes();
            length >>= 7;
            group.put(if length == 0 { low & 0x7F } else { low | 0x80 }, out);
            if length == 0 {
                break;
            }
        }
    }
    group.finish(out);
}

/// Bytes that wait until they are three.
struct Group {
    bits: u32,
    bytes: u32,
}

impl Group {
    fn put(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.bits = self.bits << 8 | u32::from(byte);
        self.bytes += 1;
        if self.bytes == 3 {
            self.digits(4, out);
        }
    }

    fn finish(mut self, out: &mut Vec<u8>) {
        let count = self.bytes;
        if count > 0 {
            self.bits <<= 8 * (3 - count);
            self.digits(count + 1, out);
        }
    }

    fn digits(&mut self, count: u32, out: &mut Vec<u8>) {
        for at in 0..count {
            let digit = DIGITS.get((self.bits >> (18 - 6 * at)) as usize & 63);
            out.push(digit.copied().unwrap_or(b'A'));
        }
        (self.bits, self.bytes) = (0, 0);
    }
}

/// Appends the bytes of a witness to `bits`; `None` if the text is none.
pub(super) fn read(text: &[u8], bits: &mut Vec<u8>) -> Option<()> {
    let mut group = (0_u32, 0_u32);
    // Whether a zero came, and what is known of its length: bits so far, and how many.
    let mut run: Option<(usize, u32)> = None;
    let mut take = |byte: u8| {
        match &mut run {
            None if byte == 0 => run = Some((0, 0)),
            None => bits.push(byte),
            Some((length, shift)) => {
                *length |= usize::from(byte & 0x7F).checked_shl(*shift)?;
                *shift += 7;
                if byte & 0x80 != 0 {
                    return (*shift < 28).then_some(());
                }
                let length = *length;
                run = None;
                // A run of none, and one beyond any program, is no run.
                if length == 0 || length > LARGEST.saturating_sub(bits.len()) {
                    return None;
                }
                bits.resize(bits.len() + length, 0);
            }
        }
        (bits.len() <= LARGEST).then_some(())
    };
    for digit in text {
        let value = DIGITS.iter().position(|known| known == digit)?;
        group = (group.0 << 6 | u32::try_from(value).ok()?, group.1 + 6);
        if group.1 >= 8 {
            group.1 -= 8;
            let [.., byte] = (group.0 >> group.1).to_be_bytes();
            take(byte)?;
            group.0 &= (1 << group.1) - 1;
        }
    }
    // What is left over fills a digit and is zero.
    (run.is_none() && group.1 < 6 && group.0 == 0).then_some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(bits: &[u8]) -> String {
        let mut out = Vec::new();
        write(bits, &mut out);
        String::from_utf8(out).expect("digits are ASCII")
    }

    #[test]
    fn runs_of_zeros_are_short() {
        assert_eq!(text(&[]), "");
        assert_eq!(text(&[0xAA]), "qg");
        // 0xAA, a zero and the length seven, one.
        assert_eq!(text(&[0xAA, 0, 0, 0, 0, 0, 0, 0, 1]), "qgAHAQ");
        // 300 is 0xAC 0x02.
        assert_eq!(text(&[0; 300]), "AKwC");
    }

    #[test]
    fn what_is_no_witness_is_refused() {
        let read = |text: &str| super::read(text.as_bytes(), &mut Vec::new());
        for wrong in ["q", "qh", "A", "AA", "AAA", "AIA", "AP____8H", "!g", "qg=", "qgAH\u{e9}"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            parts in prop::collection::vec((any::<u8>(), 0_usize..400), 0..9),
        ) {
            let bits: Vec<u8> = parts.iter().flat_map(|(byte, zeros)| {
                std::iter::once(*byte).chain(std::iter::repeat_n(0, *zeros))
            }).collect();
            let mut read_back = Vec::new();
            prop_assert_eq!(read(text(&bits).as_bytes(), &mut read_back), Some(()));
            prop_assert_eq!(read_back, bits);
        }
    }
}
