//! International bank account numbers.
//!
//! In:      a text and where a word begins in it.
//! Out:     where an IBAN ends that begins there.
//! Imports: its own room alone.
//! Source:  ISO 13616-1; lengths: SWIFT's IBAN registry; check digits: ISO 7064, MOD 97-10.

use crate::lang::detect::shape::{Separator, byte, spelled};

/// Countries and how many characters their IBANs have, by country.
const LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

/// Where an IBAN ends that begins at `start`: in one piece, or in groups of four.
pub(super) fn iban(text: &[u8], start: usize) -> Option<usize> {
    let country = [byte(text, start), byte(text, start + 1)].map(|byte| byte.to_ascii_uppercase());
    let digits = [byte(text, start + 2), byte(text, start + 3)];
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let at = LENGTHS.binary_search_by_key(&&country, |(known, _)| *known).ok()?;
    let (_, length) = *LENGTHS.get(at)?;
    let whole = || spelled(text, start, [length], Separator::Spaces);
    let rest = length % 4;
    let fours = std::iter::repeat_n(4, length / 4).chain((rest > 0).then_some(rest));
    let found = whole().or_else(|| spelled(text, start, fours, Separator::Spaces))?;
    has_check_digits(found.bytes()).then_some(found.end)
}

/// The first four characters go to the end, letters count from ten: the remainder by 97 is one.
fn has_check_digits(iban: &[u8]) -> bool {
    let (front, back) = iban.split_at_checked(4).unwrap_or_default();
    let remainder = back.iter().chain(front).fold(0_u32, |remainder, byte| match byte {
        b'0'..=b'9' => (remainder * 10 + u32::from(byte - b'0')) % 97,
        _ => (remainder * 100 + u32::from(byte - b'A') + 10) % 97,
    });
    remainder == 1 && matches!(check_digits(front), Some(2..=98))
}

fn check_digits(front: &[u8]) -> Option<u32> {
    let [_, _, tens, ones] = front else { return None };
    Some(u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
}
