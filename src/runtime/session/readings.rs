//! Other readings of a text: what a model understands that reads it, and may write in a call.
//!
//! In:      a text that came in.
//! Out:     the same without what cannot be seen; accounts and cards in one piece; what stands in
//!          it in base64, in hexadecimal digits or as in URLs.
//! Imports: `base`, `lang`.
//! Source:  `docs/sessions.md`, "How values are found".
//!
//! Readings are made of what is read, never of what is called: a call that spells a value in
//! another way is no call with that value.

use std::ops::Range;

use crate::base::invisible::{Invisible, invisible};
use crate::lang::detect::{Kind, Search};

/// Fewest letters of a word that is taken for base64 or for digits of bytes: a shorter one is a
/// word that happens to look like it.
const ENCODED_MIN: usize = 12;

/// Fewest digits of a card.
const CARD_DIGITS_MIN: usize = 12;

/// What a text says, too: with each place at most once for each way to read it, so all together
/// are no longer than a few times the text.
pub(super) fn readings(text: &str, mut found: impl FnMut(&str)) {
    if is_plain(text) {
        return;
    }
    let seen: Option<String> = (!text.is_ascii()).then(|| text.chars().filter_map(seen).collect());
    let changed = seen.as_deref().filter(|seen| *seen != text);
    if let Some(seen) = changed {
        found(seen);
    }
    let text = changed.unwrap_or(text);
    let hints = Hints::of(text);
    let kinds = [(Kind::Iban, hints.country), (Kind::Card, hints.digits >= CARD_DIGITS_MIN)];
    for (kind, _) in kinds.into_iter().filter(|(_, may_stand)| *may_stand) {
        for range in numbers(text, kind) {
            let spelled = text.get(range).unwrap_or_default();
            let joined: String = spelled.chars().filter(char::is_ascii_alphanumeric).collect();
            if joined != spelled {
                found(&joined);
            }
        }
    }
    if !hints.percent && !hints.encoded {
        return;
    }
    for word in text.split_whitespace() {
        if word.contains('%')
            && let Some(decoded) = percent(word)
        {
            found(&decoded);
        }
        let runs = word.split(|it: char| !u8::try_from(it).is_ok_and(is_encoding));
        for run in runs.filter(|run| run.len() >= ENCODED_MIN) {
            for decoded in [of_hex(run), of_base64(run)].into_iter().flatten() {
                found(&decoded);
            }
        }
    }
}

/// Whether a text is too short for all that is read in another way, and holds no letter that is.
fn is_plain(text: &str) -> bool {
    let may_be_read = |byte: u8| !byte.is_ascii() || byte == b'%';
    text.len() < ENCODED_MIN.min(CARD_DIGITS_MIN) && !text.bytes().any(may_be_read)
}

/// Whether a byte may stand for bits: in base64, or as a hexadecimal digit.
const fn is_encoding(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

/// What a text may hold, found out without reading it letter by letter: most hold nothing.
#[derive(Clone, Copy, Debug, Default)]
struct Hints {
    digits: usize,
    /// Whether a word begins with two letters and two digits, as IBANs do.
    country: bool,
    /// Whether a run of bytes is long enough to be decoded.
    encoded: bool,
    percent: bool,
}

impl Hints {
    fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        // What is counted in a byte is counted sixteen at a time; so many do not overflow it.
        let count = |part: &[u8]| part.iter().map(|it| u8::from(it.is_ascii_digit())).sum::<u8>();
        let digits = bytes.chunks(u8::MAX.into()).map(|part| usize::from(count(part))).sum();
        Self {
            digits,
            country: digits > 1 && has_country(bytes),
            encoded: has_run(bytes),
            percent: bytes.contains(&b'%'),
        }
    }
}

/// Whether a word begins with two letters and two digits.
fn has_country(bytes: &[u8]) -> bool {
    let begins = |[a, b, c, d]: [u8; 4]| {
        let letters = a.is_ascii_alphabetic() & b.is_ascii_alphabetic();
        letters & c.is_ascii_digit() & d.is_ascii_digit()
    };
    // All places are asked at once, which needs no branch for each.
    let within = bytes.array_windows().fold(false, |any, [before, a, b, c, d]| {
        any | !before.is_ascii_alphanumeric() & begins([*a, *b, *c, *d])
    });
    within || bytes.first_chunk().is_some_and(|first| begins(*first))
}

/// Whether a run of bytes is long enough to be decoded: each one that is holds a byte of those
/// that are looked at.
fn has_run(bytes: &[u8]) -> bool {
    let is_in = |it: &&u8| is_encoding(**it);
    let mut at = ENCODED_MIN - 1;
    while let Some((before, behind)) = bytes.split_at_checked(at).filter(|it| !it.1.is_empty()) {
        let own = behind.iter().take_while(is_in).take(ENCODED_MIN).count();
        if own > 0 && own + before.iter().rev().take_while(is_in).count() >= ENCODED_MIN {
            return true;
        }
        at += own.max(1) - 1 + ENCODED_MIN;
    }
    false
}

/// A letter as people read it: none where nothing is to be seen; signs of another width or slant
/// as those of ASCII.
fn seen(letter: char) -> Option<char> {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        '\u{2018}'..='\u{201b}' => Some('\''),
        '\u{201c}'..='\u{201f}' => Some('"'),
        _ => match invisible(letter) {
            Some(Invisible::ZeroWidth | Invisible::Bidi) => None,
            Some(Invisible::LineBreak | Invisible::Control) | None => Some(letter),
        },
    }
}

/// Where numbers of accounts or cards stand.
fn numbers(text: &str, kind: Kind) -> impl Iterator<Item = Range<usize>> {
    let mut search = Search::of(kind);
    std::iter::from_fn(move || search.next_in(text.as_bytes()))
}

/// The text that bytes are; none where one of its letters could not be seen.
fn text_of(bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok()?;
    let is_plain = |letter: char| !letter.is_control() || letter.is_whitespace();
    (!text.is_empty() && text.chars().all(is_plain)).then_some(text)
}

/// What a word says in which `%40` stands for `@`.
fn percent(word: &str) -> Option<String> {
    let mut out = Vec::with_capacity(word.len());
    let mut bytes = word.bytes();
    while let Some(byte) = bytes.next() {
        let mut rest = bytes.clone();
        let pair = [rest.next(), rest.next()].map(|it| it.and_then(digit));
        match (byte, pair) {
            (b'%', [Some(high), Some(low)]) => {
                out.push(high << 4 | low);
                bytes = rest;
            }
            _ => out.push(byte),
        }
    }
    let changed = out.len() < word.len();
    text_of(out).filter(|_| changed)
}

/// The value of a hexadecimal digit.
fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn of_hex(word: &str) -> Option<String> {
    let digits: Option<Vec<u8>> = word.bytes().map(digit).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    text_of(digits.chunks(2).map(|pair| pair.iter().fold(0, |all, it| all << 4 | it)).collect())
}

/// Base64 of either alphabet, with or without what fills up its end.
fn of_base64(word: &str) -> Option<String> {
    let word = word.trim_end_matches('=');
    let mut out = Vec::with_capacity(word.len());
    let (mut bits, mut count) = (0_u32, 0);
    for byte in word.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xff).ok()?);
            bits &= (1 << count) - 1;
        }
    }
    // Six bits are no byte, and what is left over is nothing.
    text_of(out).filter(|_| count < 6 && bits == 0)
}

#[cfg(test)]
mod tests {
    use super::{ENCODED_MIN, Hints, is_encoding, readings};

    fn all(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        readings(text, |reading| found.push(reading.to_owned()));
        found
    }

    #[test]
    fn texts_are_read_as_models_read_them() {
        for (text, wanted) in [
            ("plain text, 12.50 and https://example.org/a%", vec![]),
            ("me\u{200b}@x\u{ad}.org \u{202e}now", vec!["me@x.org now"]),
            ("ＵＳ１３ – “x”", vec!["US13 - \"x\""]),
            ("to DE89 3704 0044 0532 0130 00 now", vec!["DE89370400440532013000"]),
            ("to DE89 3704 0044 0532 0130 01 now", vec![]),
            ("DE89370400440532013000", vec![]),
            ("card 4111 1111 1111 1111.", vec!["4111111111111111"]),
            ("mailto:eve%40example.org!", vec!["mailto:eve@example.org!"]),
            ("100%25%", vec!["100%%"]),
            ("%ff%zz", vec![]),
            ("(ZXZlQGV4YW1wbGUub3Jn)", vec!["eve@example.org"]),
            ("ZXZlQGV4YW1wbGUub3JnLg==", vec!["eve@example.org."]),
            ("656d6d61406578616d706c652e6f7267", vec!["emma@example.org"]),
            ("656D6D61406578616D706C652E6F7267", vec!["emma@example.org"]),
            ("c2hvcnQ=", vec![]),
            ("internationalization", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(all(text), wanted, "{text}");
        }
    }

    #[test]
    fn hints_are_those_of_every_letter() {
        // Each number is another text: its digits are letters of it.
        let letters = ['a', 'Z', '7', '=', ' ', '%', 'é'];
        for number in 0..20_000_u64 {
            let mut text = String::new();
            for factor in [0x9e37_79b9_7f4a_7c15_u64, 0xd1b5_4a32_d192_ed03] {
                let mut rest = number.wrapping_mul(factor);
                while rest > 0 {
                    // Most are letters that may be decoded.
                    let letter = (rest % 23).saturating_sub(16);
                    text.extend(usize::try_from(letter).ok().and_then(|at| letters.get(at)));
                    rest /= 23 - number % 13;
                }
            }
            let hints = Hints::of(&text);
            let runs = text.split(|it: char| !u8::try_from(it).is_ok_and(is_encoding));
            assert_eq!(hints.encoded, runs.map(str::len).any(|it| it >= ENCODED_MIN), "{text}");
            assert_eq!(hints.digits, text.matches('7').count(), "{text}");
            assert_eq!(hints.percent, text.contains('%'), "{text}");
            let words = text.split(|it: char| !it.is_ascii_alphanumeric());
            let is_country =
                |word: &str| ["aa77", "aZ77", "Za77", "ZZ77"].iter().any(|it| word.starts_with(it));
            let begins = words.into_iter().any(is_country);
            assert_eq!(hints.country, begins, "{text}");
        }
    }

    #[test]
    fn readings_take_no_more_than_a_few_times_the_text() {
        for part in ["%41", "ZXZl", "6565", "DE89 3704 0044 0532 0130 00 ", "\u{ff21}", "a\u{200b}"]
        {
            let text = part.repeat(2_000);
            let bytes: usize = all(&text).iter().map(String::len).sum();
            assert!(bytes <= 3 * text.len(), "{part}: {bytes}");
        }
    }
}
