//! Text of a line: what `fmt` writes, digests, base64, times.
//!
//! In:      values.
//! Out:     bytes behind those of a line.
//! Imports: `base`, `lang`.

use std::fmt::{self, Write};

use crate::base::hex;
use crate::base::limits::CONTEXT_BYTES_MAX;
use crate::lang::value::base64::{self, Alphabet};
use crate::lang::value::time::{Instant, civil};
use crate::lang::value::{json, scan};

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

    /// A JSON string.
    pub(super) fn text(&mut self, text: &str) {
        self.text_of(&[text]);
    }

    /// A JSON string of several parts.
    pub(super) fn text_of(&mut self, parts: &[&str]) {
        self.0.reserve(2 + parts.iter().map(|part| part.len()).sum::<usize>());
        self.0.push(b'"');
        for part in parts {
            if scan::short_end(part.as_bytes(), 0) as usize == part.len() {
                self.put(part);
            } else {
                // Writing to bytes does not fail.
                let _ = json::Escaped(self).write_str(part);
            }
        }
        self.0.push(b'"');
    }

    /// A number in decimal.
    pub(super) fn number(&mut self, number: u64) {
        self.0.extend_from_slice(decimal(number, &mut [0; DECIMAL]));
    }

    /// The same of one that may lie below zero.
    pub(super) fn signed(&mut self, number: i64) {
        self.put(if number < 0 { "-" } else { "" });
        self.number(number.unsigned_abs());
    }

    /// `"sha256:…"`.
    pub(super) fn digest(&mut self, digest: &[u8; 32]) {
        self.hex("sha256", digest);
    }

    /// A word, a colon and hexadecimal digits, as a JSON string.
    pub(super) fn hex(&mut self, word: &str, digest: &[u8; 32]) {
        self.put("\"");
        self.put(word);
        self.put(":");
        self.0.extend_from_slice(&hex::digits(digest));
        self.put("\"");
    }

    /// A time as RFC 3339 writes it, between quotes, without zeros at its end.
    pub(super) fn time(&mut self, at: Instant) {
        const SHAPE: [u8; 31] = *b"\"0000-00-00T00:00:00.000000000Z";
        let mut text = SHAPE;
        let date = civil(at.seconds);
        let mut two = |start: usize, number: u8| {
            if let Some([tens, ones]) = text.get_mut(start..).and_then(<[u8]>::first_chunk_mut) {
                (*tens, *ones) = (b'0' + number / 10, b'0' + number % 10);
            }
        };
        let (century, year) = (date.year / 100, date.year % 100);
        two(1, u8::try_from(century).unwrap_or_default());
        two(3, u8::try_from(year).unwrap_or_default());
        for (start, number) in
            [(6, date.month), (9, date.day), (12, date.hour), (15, date.minute), (18, date.second)]
        {
            two(start, number);
        }
        let kept = if at.nanoseconds == 0 {
            20
        } else {
            let mut rest = at.nanoseconds;
            for place in text.iter_mut().skip(21).take(9).rev() {
                let [digit, ..] = (rest % 10).to_le_bytes();
                *place = b'0' + digit;
                rest /= 10;
            }
            let fraction = text.get(21..30).unwrap_or_default();
            30 - fraction.iter().rev().take_while(|byte| **byte == b'0').count()
        };
        self.0.extend_from_slice(text.get(..kept).unwrap_or_default());
        self.put("Z\"");
    }
}

/// Digits that a number has at most.
pub(super) const DECIMAL: usize = 20;

/// The digits of a number; `room` holds them.
pub(super) fn decimal(number: u64, room: &mut [u8; DECIMAL]) -> &[u8] {
    let (mut at, mut rest) = (room.len(), number);
    loop {
        at -= 1;
        let [digit, ..] = (rest % 10).to_le_bytes();
        if let Some(place) = room.get_mut(at) {
            *place = b'0' + digit;
        }
        rest /= 10;
        if rest == 0 {
            return room.get(at..).unwrap_or_default();
        }
    }
}

/// The bytes that a text in base64 spells.
pub(super) fn unbase(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    base64::decode_to(text, Alphabet::Standard, &mut bytes).map(|()| bytes)
}

/// Appends bytes in base64; of a context or result that is too large as much as makes it too large.
pub(super) fn based(bytes: &[u8], line: &mut Vec<u8>) {
    whole_based(bytes.get(..CONTEXT_BYTES_MAX + 1).unwrap_or(bytes), line);
}

/// Appends bytes in base64.
pub(super) fn whole_based(bytes: &[u8], line: &mut Vec<u8>) {
    // Writing to bytes does not fail.
    let _ = base64::write(&mut Line(line), bytes);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lang::value::time::{SECONDS_MAX, SECONDS_MIN};

    #[test]
    fn numbers_are_written_in_decimal() {
        for number in [0, 9, 10, 1_234_567_890, u64::MAX] {
            let mut line = Vec::new();
            Line(&mut line).number(number);
            assert_eq!(String::from_utf8(line).expect("ASCII"), number.to_string());
        }
        for number in [i64::MIN, -10, -1, 0, 1, i64::MAX] {
            let mut line = Vec::new();
            Line(&mut line).signed(number);
            assert_eq!(String::from_utf8(line).expect("ASCII"), number.to_string());
        }
    }

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
