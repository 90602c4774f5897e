//! Numbers of payment cards.
//!
//! In:      a text and where a word begins in it.
//! Out:     where a number of a card ends that begins there.
//! Imports: its own room alone.
//! Source:  ISO/IEC 7812-1: the check digit (annex B); the ranges of schemes: `docs/detectors.md`.

use crate::lang::detect::shape::{Separator, digits, spelled};

/// Fewest and most digits of any card.
const DIGITS_MIN: usize = 12;
const DIGITS_MAX: usize = 19;

/// Numbers of a scheme, which begin with a digit from 2 to 6: the first six digits from and to, and
/// how many digits there are.
struct Range {
    from: u32,
    to: u32,
    least: usize,
    most: usize,
}

const fn range(from: u32, to: u32, least: usize, most: usize) -> Range {
    Range { from, to, least, most }
}

/// Visa has 13, 16 or 19 digits; the rest of its lengths is refused by `is_card`.
const VISA: Range = range(400_000, 499_999, 13, 19);

const RANGES: &[Range] = &[
    range(222_100, 272_099, 16, 16), // Mastercard
    range(510_000, 559_999, 16, 16),
    range(340_000, 349_999, 15, 15), // American Express
    range(370_000, 379_999, 15, 15),
    range(300_000, 305_999, 14, 19), // Diners Club
    range(309_500, 309_599, 14, 19),
    range(360_000, 369_999, 14, 19),
    range(380_000, 399_999, 14, 19),
    range(601_100, 601_199, 16, 19), // Discover
    range(644_000, 659_999, 16, 19),
    range(620_000, 629_999, 16, 19), // UnionPay
    range(352_800, 358_999, 16, 19), // JCB
    range(220_000, 220_499, 16, 19), // Mir
    range(501_800, 501_899, 12, 19), // Maestro
    range(502_000, 502_099, 12, 19),
    range(503_800, 503_899, 12, 19),
    range(589_300, 589_399, 12, 19),
    range(630_400, 630_499, 12, 19),
    range(675_900, 675_999, 12, 19),
    range(676_100, 676_399, 12, 19),
];

/// Where a number of a card ends that begins at `start`, with a digit from 2 to 6.
pub(super) fn card(text: &[u8], start: usize) -> Option<usize> {
    let read = |sizes: &[usize]| {
        let found = spelled(text, start, sizes.iter().copied(), Separator::Spaces)?;
        is_card(found.bytes()).then_some(found.end)
    };
    match digits(text, start, DIGITS_MAX + 1) {
        4 => shapes(text, start).iter().find_map(|sizes| read(sizes)),
        run @ DIGITS_MIN..=DIGITS_MAX => read(&[run]),
        _ => None,
    }
}

/// In which groups a number may stand that begins with one of four, by the second of them.
fn shapes(text: &[u8], start: usize) -> &'static [&'static [usize]] {
    let digit = |at: usize| text.get(start + at).is_some_and(u8::is_ascii_digit);
    // What parts groups has three bytes at most, and one mostly.
    let second = (5..8).find(|at| digit(*at));
    match second.map(|second| digit(second + 4)) {
        Some(true) => &[&[4, 6, 5], &[4, 6, 4]],
        Some(false) => &[&[4, 4, 4, 4, 3], &[4, 4, 4, 4]],
        None => &[],
    }
}

fn is_card(digits: &[u8]) -> bool {
    if !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let first =
        digits.iter().take(6).fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
    let len = digits.len();
    let holds =
        |it: &Range| (it.from..=it.to).contains(&first) && (it.least..=it.most).contains(&len);
    let known = if holds(&VISA) { matches!(len, 13 | 16 | 19) } else { RANGES.iter().any(holds) };
    known && has_check_digit(digits)
}

/// The formula of Luhn: every second digit from the right is doubled.
fn has_check_digit(digits: &[u8]) -> bool {
    let weigh = |(at, digit): (usize, &u8)| {
        let digit = u32::from(digit - b'0');
        let doubled = digit * 2;
        if at % 2 == 0 { digit } else { doubled / 10 + doubled % 10 }
    };
    digits.iter().rev().enumerate().map(weigh).sum::<u32>() % 10 == 0
}
