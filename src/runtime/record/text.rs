//! Text of a line: what `fmt` writes, digests, base64, times.
//!
//! In:      values.
//! Out:     bytes behind those of a line.
//! Imports: `lang::value`.

use std::fmt::{self, Write};

use crate::lang::value::base64::{self, Alphabet};
use crate::lang::value::heap::{Heap, Store};
use crate::lang::value::time::{Instant, civil};
use crate::lang::value::{Space, Tag, Value};

/// A line that grows. It is bytes, because most of it is copied from bytes.
pub(super) struct Line<'a>(pub(super) &'a mut Vec<u8>);

impl Write for Line<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

impl Line<'_> {
    pub(super) fn put(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// A number in decimal.
    pub(super) fn number(&mut self, number: u64) {
        // Writing to bytes does not fail.
        let _ = write!(self, "{number}");
    }

    /// `"sha256:…"`.
    pub(super) fn digest(&mut self, digest: &[u8; 32]) {
        self.put("\"sha256:");
        for byte in digest {
            self.0.extend_from_slice(&[hex(byte >> 4), hex(byte & 15)]);
        }
        self.put("\"");
    }

    /// A time as RFC 3339 writes it, between quotes, without zeros at its end.
    pub(super) fn time(&mut self, at: Instant) {
        let date = civil(at.seconds);
        let year = u32::try_from(date.year).unwrap_or_default();
        let pairs = [(date.month, b'-'), (date.day, b'T'), (date.hour, b':'), (date.minute, b':')];
        self.put("\"");
        self.digits(year, 4);
        self.put("-");
        for (pair, behind) in pairs {
            self.digits(u32::from(pair), 2);
            self.0.push(behind);
        }
        self.digits(u32::from(date.second), 2);
        let (mut fraction, mut count) = (at.nanoseconds, 9);
        if fraction > 0 {
            while fraction.is_multiple_of(10) {
                (fraction, count) = (fraction / 10, count - 1);
            }
            self.put(".");
            self.digits(fraction, count);
        }
        self.put("Z\"");
    }

    /// The last `count` digits of a number, at most nine, with zeros in front.
    fn digits(&mut self, mut number: u32, count: usize) {
        let mut digits = [b'0'; 9];
        let (kept, _) = digits.split_at_mut(count.min(9));
        for place in kept.iter_mut().rev() {
            let [digit, ..] = (number % 10).to_le_bytes();
            *place = b'0' + digit;
            number /= 10;
        }
        self.0.extend_from_slice(kept);
    }
}

/// The bytes of `sha256:…`.
pub(super) fn digest_of(text: &[u8]) -> Option<[u8; 32]> {
    let digits = text.strip_prefix(b"sha256:")?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let pairs: &[[u8; 2]; 32] = pairs.try_into().ok().filter(|_| rest.is_empty())?;
    let mut bytes = [0; 32];
    let mut wrong = 0;
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let (high, low) = (digit(*high), digit(*low));
        wrong |= high | low;
        *byte = high << 4 | low & 15;
    }
    (wrong < 16).then_some(bytes)
}

/// What a hexadecimal digit stands for; 16 or more for anything else.
const fn digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        b'A'..=b'F' => byte - b'A' + 10,
        _ => 16,
    }
}

/// The bytes that base64 with padding spells; `None` if it is none.
pub(super) fn unbase(text: &[u8]) -> Option<Vec<u8>> {
    let mut store = Store::new(text.len(), 0);
    let mut heap = Heap { request: text, ..Heap::of(&mut store) };
    let spelled = Value::text(Tag::String, Space::Request, 0, text);
    let bytes = base64::decode(&mut heap, &spelled, Alphabet::Standard)?;
    Some(heap.bytes(&bytes).to_vec())
}

const fn hex(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lang::value::time::{SECONDS_MAX, SECONDS_MIN};

    proptest! {
        #[test]
        fn times_are_as_text_of_values(
            seconds in SECONDS_MIN..=SECONDS_MAX,
            nanoseconds in prop_oneof![Just(0_u32), Just(500_000_000), 0..1_000_000_000_u32],
        ) {
            let at = Instant { seconds, nanoseconds };
            let mut bytes = Vec::new();
            Line(&mut bytes).time(at);
            prop_assert_eq!(String::from_utf8(bytes).expect("ASCII"), format!("\"{at}\""));
        }
    }
}
