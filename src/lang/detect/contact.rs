//! E-mail addresses and phone numbers.
//!
//! In:      a text and a place in it.
//! Out:     where an address or a number lies.
//! Imports: its own room alone.
//! Source:  RFC 5321 and RFC 1123 (lengths, labels of domains); ITU-T E.164; the numbering plan of
//!          North America (NANPA).

use std::ops::Range;

use crate::lang::detect::shape::{before, byte, digits, is_word_end, is_word_start};

/// Most bytes in front of the at sign, of a domain, and of a label of one.
const LOCAL_MAX: usize = 64;
const DOMAIN_MAX: usize = 253;
const LABEL_MAX: usize = 63;
/// Fewest and most digits of an international number.
const PHONE_MIN: usize = 8;
const PHONE_MAX: usize = 15;

/// Endings that are of pictures (`logo@2x.png`) and of no domain.
const PICTURES: &[&[u8]] = &[b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp"];

/// The address about the first at sign behind `at`, which moves behind that sign.
pub(super) fn email(text: &[u8], at: &mut usize) -> Option<Range<usize>> {
    let from = *at;
    let rest = text.get(from..).unwrap_or_default();
    let sign = (0..rest.len()).find(|at| at_sign(rest, *at) > 0);
    let Some(sign) = sign.map(|sign| from + sign) else {
        *at = text.len();
        return None;
    };
    let behind = sign + at_sign(text, sign);
    *at = behind;
    let start = local(text, from, sign)?;
    let end = domain(text, behind)?;
    Some(start..end)
}

/// How many bytes an at sign has that stands at `at`, plain or as it is escaped in URLs.
fn at_sign(text: &[u8], at: usize) -> usize {
    match text.get(at..) {
        Some([b'@', ..]) => 1,
        Some([b'%', b'4', b'0', ..]) => 3,
        _ => 0,
    }
}

/// Where the part in front of the at sign at `sign` begins, not in front of `from`.
fn local(text: &[u8], from: usize, sign: usize) -> Option<usize> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut start = sign;
    while start > from {
        let fits = match before(text, start) {
            b'.' => byte(text, start) != b'.' && start != sign,
            b'\'' => {
                let first = start.checked_sub(2).filter(|at| *at >= from);
                start != sign
                    && byte(text, start).is_ascii_alphanumeric()
                    && first.is_some_and(|at| byte(text, at).is_ascii_alphanumeric())
            }
            b'+' | b'-' => true,
            byte => plain(byte),
        };
        if !fits {
            break;
        }
        start -= 1;
    }
    while start < sign && !plain(byte(text, start)) {
        start += 1;
    }
    let local = text.get(start..sign)?;
    // `git@host` is an account of a program, not somebody's.
    let is_someone = !local.eq_ignore_ascii_case(b"git");
    ((1..=LOCAL_MAX).contains(&local.len()) && is_someone).then_some(start)
}

/// Where the domain ends that begins at `start`: labels, the last of which is no number. What
/// follows the last label that can be one takes nothing back.
fn domain(text: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut end) = (start, None);
    while let Some(label) = label(text, at) {
        let last = text.get(at..label).unwrap_or_default();
        let top = last.len() >= 2 && last.iter().all(u8::is_ascii_alphabetic)
            || last.get(..4).is_some_and(|it| it.eq_ignore_ascii_case(b"xn--"));
        let picture = PICTURES.iter().any(|it| last.eq_ignore_ascii_case(it));
        if at > start && top && !picture && label - start <= DOMAIN_MAX {
            end = Some(label);
        }
        at = label + 1;
        if byte(text, label) != b'.' || !byte(text, at).is_ascii_alphanumeric() {
            break;
        }
    }
    end.filter(|end| {
        let next = byte(text, *end);
        next != b'_' && !next.is_ascii_alphanumeric() && at_sign(text, *end) == 0
    })
}

/// Where the label ends that begins at `start`: letters, digits, and hyphens inside.
fn label(text: &[u8], start: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let run = rest.iter().take_while(|byte| inside(byte)).count();
    let label = rest.get(..run)?;
    let len = label.iter().rposition(|byte| *byte != b'-')? + 1;
    (label.first() != Some(&b'-') && len <= LABEL_MAX).then_some(start + len)
}

/// Where the phone number ends that begins at `start`.
pub(super) fn phone(text: &[u8], start: usize) -> Option<usize> {
    let joined = before(text, start).is_ascii_alphanumeric();
    match byte(text, start) {
        b'+' if !joined && before(text, start) != b'+' => {
            international(text, start..start + 1, false)
        }
        b'(' if !joined => american(text, start),
        b'0'..=b'9' if is_word_start(text, start) && !is_continued(text, start) => {
            prefixed(text, start).or_else(|| american(text, start))
        }
        _ => None,
    }
}

/// Whether a hyphen, slash or colon joins what begins at `start` to something in front of it.
fn is_continued(text: &[u8], start: usize) -> bool {
    let joins = matches!(before(text, start), b'-' | b'.' | b'/' | b':');
    joins && start >= 2 && before(text, start - 1).is_ascii_alphanumeric()
}

/// `0041 44 ..`: two zeros where `+` is, and groups.
fn prefixed(text: &[u8], start: usize) -> Option<usize> {
    if !text.get(start..)?.starts_with(b"00") {
        return None;
    }
    let parted = matches!(byte(text, start + 2), b' ' | b'-');
    international(text, start..start + 2 + usize::from(parted), !parted)
}

/// Brackets that are open.
struct Brackets {
    /// About the whole number, or its first groups: the one in front of it.
    around: bool,
    /// About a group.
    inside: bool,
}

/// Where a number ends that begins with the bytes `mark`, the code of a country behind them; one in
/// groups, if that is `grouped`.
fn international(text: &[u8], mark: Range<usize>, grouped: bool) -> Option<usize> {
    let mut number = [0; PHONE_MAX];
    let (start, mut len, mut at, mut end) = (mark.end, 0, mark.end, None);
    let mut open = Brackets { around: before(text, mark.start) == b'(', inside: false };
    loop {
        let run = digits(text, at, PHONE_MAX + 1);
        if run == 0 || len + run > PHONE_MAX {
            return end;
        }
        for digit in text.iter().skip(at).take(run) {
            if let Some(place) = number.get_mut(len) {
                *place = digit - b'0';
            }
            len += 1;
        }
        let first = at == start;
        at += run;
        let known = is_number(number.get(..len)?) && !(grouped && first);
        if known && !byte(text, at).is_ascii_alphanumeric() && !open.inside {
            end = Some(at);
        }
        at = gap(text, at, &mut open);
    }
}

/// Behind what parts two groups: a space, hyphen, full stop or slash, and brackets about a group;
/// a zero in brackets is dialled at home only.
fn gap(text: &[u8], mut at: usize, open: &mut Brackets) -> usize {
    let parting = |at: usize| match text.get(at..) {
        Some([b' ' | b'-' | b'.' | b'/', ..]) => 1,
        Some([0xC2, 0xA0, ..]) => 2,
        _ => 0,
    };
    if byte(text, at) == b')' && (open.inside || open.around) {
        let closed = if open.inside { &mut open.inside } else { &mut open.around };
        *closed = false;
        at += 1;
        return at + parting(at);
    }
    at += parting(at);
    if text.get(at..).is_some_and(|rest| rest.starts_with(b"(0)")) {
        at += 3;
        return at + parting(at);
    }
    if !open.inside && byte(text, at) == b'(' {
        open.inside = true;
        at += 1;
    }
    at
}

/// Whether digits are a number of a country that has a code.
fn is_number(number: &[u8]) -> bool {
    match number {
        [1, area @ ..] => area.len() == 10 && is_american(area),
        [a @ 2..=9, b, c, ..] if number.len() >= PHONE_MIN => {
            let code = u16::from(*a) * 100 + u16::from(*b) * 10 + u16::from(*c);
            !UNASSIGNED.iter().any(|(from, to)| (*from..=*to).contains(&code))
        }
        _ => false,
    }
}

/// First three digits that no country has, from and to (ITU Operational Bulletin, list of assigned
/// country codes).
const UNASSIGNED: &[(u16, u16)] = &[
    (210, 210),
    (214, 215),
    (217, 217),
    (219, 219),
    (259, 259),
    (280, 289),
    (292, 296),
    (384, 384),
    (388, 388),
    (422, 422),
    (424, 429),
    (671, 671),
    (684, 684),
    (693, 699),
    (801, 807),
    (809, 809),
    (830, 839),
    (851, 851),
    (854, 854),
    (857, 859),
    (871, 877),
    (879, 879),
    (884, 885),
    (887, 887),
    (889, 899),
    (969, 969),
    (978, 978),
    (990, 991),
    (997, 997),
    (999, 999),
];

/// Where `(415) 555-2671`, `415-555-2671` or `1-415-555-2671` ends that begins at `start`.
fn american(text: &[u8], start: usize) -> Option<usize> {
    let parting = |at: usize| Some(byte(text, at)).filter(|it| matches!(it, b' ' | b'-' | b'.'));
    let mut at = start;
    if byte(text, at) == b'1' && parting(at + 1).is_some() {
        at += 2;
    }
    let mut number = [0; 10];
    let mut read = |at: usize, from: usize, count: usize| {
        let group = text.get(at..at + count).filter(|it| it.iter().all(u8::is_ascii_digit))?;
        for (place, digit) in number.iter_mut().skip(from).zip(group) {
            *place = digit - b'0';
        }
        Some(at + count)
    };
    let between;
    if byte(text, at) == b'(' {
        at = read(at + 1, 0, 3)?;
        at = (byte(text, at) == b')').then_some(at + 1)?;
        at += usize::from(parting(at).is_some());
        at = read(at, 3, 3)?;
        between = parting(at)?;
    } else {
        at = read(at, 0, 3)?;
        between = parting(at).filter(|it| *it != b' ')?;
        at = read(at + 1, 3, 3)?;
    }
    at = (byte(text, at) == between).then_some(at + 1)?;
    at = read(at, 6, 4)?;
    let continued = byte(text, at) == b'-' && byte(text, at + 1).is_ascii_alphanumeric();
    (is_american(&number) && is_word_end(text, at) && !continued).then_some(at)
}

/// Whether ten digits are a number: area and exchange begin with two or more, the second digit of
/// an area is no nine, and neither ends in two ones.
fn is_american(number: &[u8]) -> bool {
    let [first, area @ .., _, _, _, _] = number else { return false };
    let [second, third, exchange, rest @ ..] = area else { return false };
    let service = |two: &[u8]| two == [1, 1];
    *first >= 2 && *second != 9 && !service(&[*second, *third]) && *exchange >= 2 && !service(rest)
}
