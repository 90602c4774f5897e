//! National ids that can be told from other numbers.
//!
//! In:      a text and where a word begins in it.
//! Out:     where an id ends that begins there.
//! Imports: its own room alone.
//! Source:  the authority of each country, named at its function.

use crate::lang::detect::shape::{
    Separator, before, byte, digits, first_shape, is_word_end, spelled,
};

/// Where the longest id of any country ends that begins at `start`.
pub(super) fn any(text: &[u8], start: usize) -> Option<usize> {
    let kinds = [ch_ahv, de_tax_id, es_dni, fr_nir, it_tax_code, us_ssn];
    kinds.iter().filter_map(|kind| kind(text, start)).max()
}

fn value(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'))
}

fn are_digits(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_digit)
}

/// `756.9217.0769.85`: thirteen digits that begin with 756, and the check digit of EAN-13.
///
/// Source: Central Compensation Office, "The OASI number"; GS1 General Specifications, 7.9.
pub(super) fn ch_ahv(text: &[u8], start: usize) -> Option<usize> {
    if !text.get(start..)?.starts_with(b"756") {
        return None;
    }
    first_shape(text, start, &[&[13], &[3, 4, 4, 2]], Separator::Stops, |number| {
        let weigh =
            |(at, digit): (usize, &u8)| u32::from(digit - b'0') * if at % 2 == 0 { 1 } else { 3 };
        are_digits(number) && number.iter().enumerate().map(weigh).sum::<u32>() % 10 == 0
    })
}

/// `86 095 742 719`: eleven digits, the first no zero. Among the first ten one digit stands two or
/// three times, but not three in a row, and no other more than once; the last is a check digit.
///
/// Source: Federal Central Tax Office, "Die steuerliche Identifikationsnummer"; ISO/IEC 7064,
/// MOD 11,10.
pub(super) fn de_tax_id(text: &[u8], start: usize) -> Option<usize> {
    if !byte(text, start).is_ascii_digit() || byte(text, start) == b'0' {
        return None;
    }
    first_shape(text, start, &[&[11], &[2, 3, 3, 3]], Separator::Spaces, |number| {
        let Some((check, ten)) = number.split_last().filter(|_| are_digits(number)) else {
            return false;
        };
        let mut counts = [0_u8; 10];
        for digit in ten {
            if let Some(count) = counts.get_mut(usize::from(digit - b'0')) {
                *count += 1;
            }
        }
        let repeated = counts.iter().filter(|count| **count > 1);
        let (times, digits) = repeated.fold((0, 0), |(_, digits), count| (*count, digits + 1));
        let thrice = ten.windows(3).any(|it| matches!(it, [a, b, c] if a == b && b == c));
        digits == 1 && times <= 3 && !thrice && mod_11_10(ten) == u32::from(check - b'0')
    })
}

fn mod_11_10(digits: &[u8]) -> u32 {
    let product = digits.iter().fold(10, |product, digit| {
        let sum = (u32::from(digit - b'0') + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10
}

/// `12345678Z` (DNI) and `X1234567L` (NIE): the letter is the remainder by 23.
///
/// Source: Ministry of the Interior of Spain, "Cálculo del dígito de control del NIF/NIE".
pub(super) fn es_dni(text: &[u8], start: usize) -> Option<usize> {
    const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let first = byte(text, start);
    let foreign = matches!(first, b'X' | b'Y' | b'Z');
    if !foreign && !first.is_ascii_digit() {
        return None;
    }
    let mut at = start + usize::from(foreign);
    let mut number = if foreign { u64::from(first - b'X') } else { 0 };
    at += usize::from(foreign && byte(text, at) == b'-');
    let run = if foreign { 7 } else { 8 };
    let dotted = digits(text, at, run) < run;
    let groups: &[usize] = match (dotted, foreign) {
        (false, _) => &[run],
        (true, false) => &[2, 3, 3],
        (true, true) => &[1, 3, 3],
    };
    for (group, size) in groups.iter().enumerate() {
        if group > 0 {
            at = (byte(text, at) == b'.').then_some(at + 1)?;
        }
        let group = text.get(at..at + size).filter(|group| are_digits(group))?;
        number = group.iter().fold(number, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        at += size;
    }
    at += usize::from(matches!(byte(text, at), b'-' | b' '));
    let letter = LETTERS.get(usize::try_from(number % 23).ok()?)?;
    (byte(text, at) == *letter && is_word_end(text, at + 1)).then_some(at + 1)
}

/// `2 55 08 14 168 025 38`: sex, year, month, department, town, order, and a key by 97.
///
/// Source: INSEE, "Numéro de sécurité sociale" (décret n° 82-103); Corsica counts as 19 and 18.
pub(super) fn fr_nir(text: &[u8], start: usize) -> Option<usize> {
    if !matches!(byte(text, start), b'1'..=b'4' | b'7' | b'8') {
        return None;
    }
    let shapes: &[&[usize]] = &[&[15], &[13, 2], &[1, 2, 2, 2, 3, 3, 2]];
    first_shape(text, start, shapes, Separator::Stops, |number| {
        let part = |from: usize, to: usize| number.get(from..to).unwrap_or_default();
        let department = match part(5, 7) {
            b"2A" => b"19",
            b"2B" => b"18",
            digits => digits,
        };
        let parts = [part(0, 5), department, part(7, 13), part(13, 15)];
        if !parts.iter().all(|part| are_digits(part)) || department == b"00" {
            return false;
        }
        let [born, department, order, key] = parts.map(value);
        let number = (born * 100 + department) * 1_000_000 + order;
        matches!(born % 100, 1..=12 | 20 | 30..=42 | 50..=99) && 97 - number % 97 == key
    })
}

/// `RSSMRA85T10A562S`: names, date and place of birth, and a check letter. Digits may have been
/// replaced by letters where two people have the same code.
///
/// Source: Italian Ministry of Finance, decree of 23 December 1976.
pub(super) fn it_tax_code(text: &[u8], start: usize) -> Option<usize> {
    /// What a character counts at an odd place, digits and letters alike.
    const ODD: [u32; 26] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
        23,
    ];
    /// Letters that stand for the digits from zero on.
    const REPLACED: &[u8; 10] = b"LMNPQRSTUV";
    /// Letters of the months.
    const MONTHS: &[u8; 12] = b"ABCDEHLMPRST";
    let code = spelled(text, start, [16], Separator::Spaces)?;
    let [name @ .., check] = code.bytes() else { return None };
    let digit = |byte: &u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        _ => REPLACED.iter().position(|it| it == byte).and_then(|at| u8::try_from(at).ok()),
    };
    let (names, rest) = name.split_at_checked(6)?;
    let [decade, year, month, tens, ones, place, town @ ..] = rest else { return None };
    let day = digit(tens)? * 10 + digit(ones)?;
    let digits = [decade, year].into_iter().chain(town).all(|byte| digit(byte).is_some());
    let letters = names.iter().chain([place, check]).all(u8::is_ascii_uppercase);
    if !digits || !letters || !MONTHS.contains(month) || !matches!(day, 1..=31 | 41..=71) {
        return None;
    }
    let count = |(at, byte): (usize, &u8)| {
        let order = if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' };
        let odd = || ODD.get(usize::from(order)).copied().unwrap_or(0);
        if at % 2 == 0 { odd() } else { u32::from(order) }
    };
    let sum: u32 = name.iter().enumerate().map(count).sum();
    (u32::from(check - b'A') == sum % 26).then_some(code.end)
}

/// `219-44-0173`: three, two and four digits; no area 000, 666 or from 900 on, no group 00, no
/// serial 0000, and none of the numbers that were printed in advertisements.
///
/// Source: Social Security Administration, POMS RM 10201.035, "Invalid Social Security Numbers".
pub(super) fn us_ssn(text: &[u8], start: usize) -> Option<usize> {
    /// `078-05-1120` and `219-09-9999`.
    const PRINTED: [u64; 2] = [78_051_120, 219_099_999];
    if before(text, start) == b'-' || byte(text, start + 3) != b'-' {
        return None;
    }
    let found = spelled(text, start, [3, 2, 4], Separator::Spaces)?;
    let number = Some(found.bytes()).filter(|bytes| are_digits(bytes)).map(value)?;
    let (area, group, serial) = (number / 1_000_000, number / 10_000 % 100, number % 10_000);
    let valid = !matches!(area, 0 | 666 | 900..) && group > 0 && serial > 0;
    (valid && !PRINTED.contains(&number) && byte(text, found.end) != b'-').then_some(found.end)
}
