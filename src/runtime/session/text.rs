//! Texts in the form in which they are compared.
//!
//! In:      text, or a number as it is spelled.
//! Out:     the same in lower case, with one letter for white space and no `NONE`; and that with
//!          numbers without what says nothing, and a blank between dates and times.
//! Imports: its own room alone.
//! Source:  `docs/sessions.md`, "How values are found".

use crate::runtime::session::tokens::is_of_word;

/// What no form holds.
pub(super) const NONE: char = '\0';

/// White space of a form: one blank as it is typed, and all other.
const BLANK: char = ' ';
const GAP: char = '\n';

/// Appends the form of `text` to `out`, which may hold other forms already.
pub(super) fn push_form(text: &str, out: &mut String) {
    let start = out.len();
    let (mut at, mut space) = (0, None);
    while let Some(byte) = text.as_bytes().get(at).copied() {
        if byte == b' ' || !is_plain(byte) {
            let letter = text.get(at..).and_then(|rest| rest.chars().next()).unwrap_or(NONE);
            at += letter.len_utf8();
            if letter.is_whitespace() {
                space = Some(if space.is_none() && letter == BLANK { BLANK } else { GAP });
                continue;
            }
            push_space(space.take(), start, out);
            out.push(if letter == NONE { char::REPLACEMENT_CHARACTER } else { small(letter) });
            continue;
        }
        push_space(space.take(), start, out);
        let (from, end) = (out.len(), plain_end(text.as_bytes(), at));
        out.push_str(text.get(at..end).unwrap_or_default());
        if let Some(pushed) = out.get_mut(from..) {
            pushed.make_ascii_lowercase();
        }
        at = end;
    }
}

/// White space between two letters of a form that begins at `start`.
fn push_space(space: Option<char>, start: usize, out: &mut String) {
    if let Some(space) = space.filter(|_| out.len() > start) {
        out.push(space);
    }
}

/// Where the run of plain bytes and of single blanks between them ends that begins at `at`.
fn plain_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at;
    while let Some(byte) = bytes.get(end).copied() {
        if is_plain(byte) {
            end += 1;
        } else if byte == b' ' && bytes.get(end + 1).is_some_and(|next| is_plain(*next)) {
            end += 2;
        } else {
            break;
        }
    }
    end
}

/// The small letter of a large one. Where two have the same, as K and U+212A, one of them is
/// another letter.
fn small(letter: char) -> char {
    let mut small = letter.to_lowercase();
    let only = small.next().filter(|_| small.next().is_none());
    only.filter(|small| small.to_uppercase().eq([letter])).unwrap_or(letter)
}

/// Whether white space stands at the ends of a text.
pub(super) fn is_edged(text: &str) -> bool {
    // Most begin and end with a letter.
    let is_letter = |byte: Option<&u8>| byte.is_some_and(|it| matches!(it, b'!'..=b'~'));
    let bytes = text.as_bytes();
    if is_letter(bytes.first()) && is_letter(bytes.last()) {
        return false;
    }
    text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace)
}

/// Appends a form with its numbers in their short form, and with a blank between dates and times.
pub(super) fn push_short(form: &str, out: &mut String) {
    let start = out.len();
    // Up to where no number begins: one that a letter follows is none, wherever it is begun.
    let (mut at, mut tried) = (0, 0);
    while let Some(byte) = form.as_bytes().get(at).copied() {
        let rest = form.get(at..).unwrap_or_default();
        let before = out.get(start..).unwrap_or_default();
        if byte.is_ascii_digit() {
            if at >= tried && !goes_on(before) {
                let (is_number, len) = push_number(rest, out);
                if is_number {
                    at += len;
                    continue;
                }
                tried = at + len;
            }
            let digits = rest.get(..digits(rest)).unwrap_or_default();
            out.push_str(digits);
            at += digits.len();
        } else if byte == b't' && is_date(before) && digits(rest.get(1..).unwrap_or_default()) > 0 {
            out.push(BLANK);
            at += 1;
        } else {
            let first = rest.chars().next().map_or(1, char::len_utf8);
            let other = |it: &u8| !it.is_ascii_digit() && *it != b't';
            let len = first + rest.bytes().skip(first).take_while(other).count();
            out.push_str(rest.get(..len).unwrap_or_default());
            at += len;
        }
    }
}

/// Appends the words of a form whose numbers and times have another spelling, in that, with `NONE`
/// between them; nothing where there are none.
pub(super) fn push_numbers(form: &str, out: &mut String) {
    if !may_be_short(form) {
        return;
    }
    let start = out.len();
    for word in form.split([BLANK, GAP]).filter(|word| may_be_short(word)) {
        let from = out.len();
        if from > start {
            out.push(NONE);
        }
        // What was a part of a text is no whole one here.
        if word.len() < form.len() {
            out.push(BLANK);
        }
        let short = out.len();
        push_short(word, out);
        if out.get(short..) == Some(word) {
            out.truncate(from);
        }
    }
}

/// Whether a number of the form may have a short form, or a time another one.
pub(super) fn may_be_short(form: &str) -> bool {
    let sign = |it: u8| matches!(it, b'.' | b',' | b't');
    form.as_bytes()
        .array_windows()
        .any(|[a, b, c]| sign(*b) && a.is_ascii_digit() && c.is_ascii_digit())
}

/// Whether a form is a date and a time, and nothing else.
pub(super) fn is_time(form: &str) -> bool {
    let Some((date, time)) = form.split_at_checked(10) else { return false };
    is_date(date)
        && time.starts_with(['t', BLANK])
        && digits(time.get(1..).unwrap_or_default()) > 0
        && time.bytes().skip(1).all(|it| it.is_ascii_digit() || b":.+-z".contains(&it))
}

/// What follows a form where it stands at the beginning of another, with any white space for any;
/// and whether some of it is a blank there which is none here.
pub(super) fn behind<'t>(text: &'t str, form: &str) -> Option<(&'t str, bool)> {
    if let Some(rest) = text.strip_prefix(form) {
        return Some((rest, false));
    }
    let (mut rest, mut other) = (text, false);
    // Texts are broken anywhere, so a blank may stand for any white space of theirs.
    for part in form.split_inclusive([BLANK, GAP]) {
        let word = part.strip_suffix([BLANK, GAP]).unwrap_or(part);
        rest = rest.strip_prefix(word)?;
        if word.len() < part.len() {
            other |= part.ends_with(GAP) && rest.starts_with(BLANK);
            rest = rest.strip_prefix([BLANK, GAP])?;
        }
    }
    Some((rest, other))
}

/// Whether a byte is a letter or a sign that stands for itself, in lower case.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b'!'..=0x7f | 1..=8 | 0xe..=0x1f)
}

/// How many digits stand at the beginning.
fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// Whether a number that began before would go on here.
fn goes_on(before: &str) -> bool {
    let last = before.chars().next_back();
    last.is_some_and(|last| last.is_alphanumeric() || last == '_' || last == '.')
}

/// Appends the short form of a number with a point or with commas between its thousands, if one
/// stands here; whether it does, and the length of what was looked at.
fn push_number(text: &str, out: &mut String) -> (bool, usize) {
    let count = |at: usize| text.get(at..).map_or(0, digits);
    let byte = |at: usize| text.as_bytes().get(at).copied().unwrap_or(0);
    let mut end = count(0);
    let mut grouped = false;
    while (end <= 3 || grouped) && byte(end) == b',' && count(end + 1) == 3 {
        end += 4;
        grouped = true;
    }
    let whole = text.get(..end).unwrap_or_default();
    let decimals = if byte(end) == b'.' { count(end + 1) } else { 0 };
    let fraction = text.get(end + 1..end + 1 + decimals).unwrap_or_default();
    if decimals > 0 {
        end += 1 + decimals;
    }
    if !grouped && decimals == 0 {
        return (false, end);
    }
    let next = text.get(end..).and_then(|rest| rest.chars().next());
    // A version, an address, a name: no number.
    let dotted = next == Some('.') && count(end + 1) > 0;
    let named = next.is_some_and(|next| next.is_alphanumeric() || next == '_');
    if dotted || named {
        return (false, end);
    }
    out.extend(whole.split(','));
    let fraction = fraction.trim_end_matches('0');
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    (true, end)
}

/// Whether what stands here ends with a date, as 2026-03-17.
fn is_date(before: &str) -> bool {
    let start = before.len().checked_sub(10);
    let Some(last) = start.and_then(|start| before.as_bytes().get(start..)) else { return false };
    last.iter()
        .enumerate()
        .all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() })
}

/// Whether a form is too short to be looked for inside of texts: few digits stand anywhere.
pub(super) fn is_short(form: &str) -> bool {
    let digits = form.bytes().all(|byte| byte.is_ascii_digit());
    form.chars().count() < if digits { 4 } else { 3 }
}

/// What stands between names though no white space does: quotes, brackets, commas. All other signs
/// join what stands on their two sides.
const APART: &str =
    ",;|\"`()[]{}<>«»‹›“”„‘‚–—…\u{3001}\u{3002}\u{ff0c}\u{ff1b}\u{ff08}\u{ff09}\u{300c}\u{300d}";

/// What stands within names and seldom in prose: around it letters of a script without blanks are
/// one name.
const OF_NAMES: &str =
    "@./\\_-:+#&=\u{ff20}\u{ff0e}\u{ff0f}\u{ff3c}\u{ff3f}\u{ff0d}\u{ff0b}\u{ff03}\u{ff06}\u{ff1d}";

/// Most signs and letters that are looked at on one side; behind more a name goes on.
const SIGNS_READ: usize = 64;

/// Whether a form that stands between these is a piece of a longer name there: `ann@a.example` is
/// one of `ann@a.example.org`, and no piece of it at the end of a sentence.
pub(super) fn joins(before: &str, form: &str, behind: &str) -> bool {
    let first = form.chars().next();
    let last = form.chars().next_back();
    let digits = |one: Option<char>, other: Option<char>| {
        [one, other].iter().all(|it| it.is_some_and(|it| it.is_ascii_digit()))
    };
    // A piece of a number is no number.
    let number = behind.strip_prefix(',').is_some_and(|rest| digits(last, rest.chars().next()))
        || before.strip_suffix(',').is_some_and(|rest| digits(rest.chars().next_back(), first));
    // `ann's`
    let own = ["'s", "\u{2019}s"].iter().find_map(|own| behind.strip_prefix(own));
    let own = own.filter(|rest| !rest.starts_with(char::is_alphanumeric));
    number
        || goes_on_by_signs(last, own.unwrap_or(behind).chars())
        || goes_on_by_signs(first, before.chars().rev())
        || goes_on_by_letters(before, form, behind)
}

/// Whether letters follow an edge, with signs between them that join.
fn goes_on_by_signs(edge: Option<char>, letters: impl Iterator<Item = char>) -> bool {
    let mut is_joined = edge.is_some_and(is_sign);
    for (at, letter) in letters.enumerate() {
        if at >= SIGNS_READ || at == 0 && is_part_of_letter(letter) {
            return true;
        }
        if !is_sign(letter) {
            return is_joined && letter.is_alphanumeric();
        }
        is_joined = true;
    }
    false
}

/// Whether letters follow an edge with nothing between them, in a name. Where a script has no
/// blanks, letters do not tell: there a name is what a sign of names joins, all else is prose.
fn goes_on_by_letters(before: &str, form: &str, behind: &str) -> bool {
    // Such a script may begin a name that goes on in Latin letters or digits; behind these it
    // is mostly prose that follows.
    let (mine, others) = (form.chars(), behind.chars());
    let front = before.ends_with(char::is_alphanumeric)
        && form.starts_with(char::is_alphanumeric)
        && form.contains(is_unspaced)
        && (joins_names(before.chars().rev()) || joins_names(mine.clone().chain(others.clone())));
    front
        || behind.starts_with(char::is_alphanumeric)
            && form.ends_with(is_unspaced)
            && (joins_names(mine.rev().chain(before.chars().rev())) || joins_names(others))
}

/// Whether a sign of names stands between letters here, before white space and what keeps names
/// apart.
fn joins_names(letters: impl Iterator<Item = char>) -> bool {
    let mut has_sign = false;
    for (at, letter) in letters.enumerate() {
        if at >= SIGNS_READ || has_sign && letter.is_alphanumeric() {
            return true;
        }
        if is_apart(letter) {
            return false;
        }
        has_sign |= OF_NAMES.contains(letter);
    }
    false
}

/// Whether it is a letter of a script that has no blanks between words.
fn is_unspaced(letter: char) -> bool {
    letter.is_alphanumeric() && !is_of_word(letter)
}

/// Whether it stands between names.
fn is_apart(letter: char) -> bool {
    if letter.is_ascii_alphanumeric() {
        return false;
    }
    letter == NONE || letter.is_whitespace() || APART.contains(letter)
}

/// Whether what stands on both sides of it is one name.
fn is_sign(letter: char) -> bool {
    !letter.is_alphanumeric() && letter != BLANK && !is_apart(letter)
}

/// Whether a letter belongs to the one before it, or cannot be seen.
const fn is_part_of_letter(letter: char) -> bool {
    matches!(letter,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::{behind, is_short, is_time, joins, push_form, push_numbers, push_short};

    fn form(text: &str) -> String {
        let mut out = String::new();
        push_form(text, &mut out);
        out
    }

    fn short(text: &str) -> String {
        let mut out = String::new();
        push_short(&form(text), &mut out);
        out
    }

    fn numbers(text: &str) -> String {
        let mut out = String::new();
        push_numbers(&form(text), &mut out);
        out
    }

    #[test]
    fn forms() {
        for (text, wanted) in [
            (" Car Rental ", "car rental"),
            ("  Car\t Rental \n", "car\nrental"),
            ("a\u{a0}b", "a\nb"),
            ("98.70", "98.70"),
            ("release/1.10", "release/1.10"),
            ("2024-05-15T10:00", "2024-05-15t10:00"),
            ("ÄRGER", "ärger"),
            // The signs of Kelvin and of Ångström, and a letter whose small one is two.
            ("\u{212a}\u{212b}\u{130}", "\u{212a}\u{212b}\u{130}"),
            ("a\0b", "a\u{fffd}b"),
            ("", ""),
        ] {
            assert_eq!(form(text), wanted, "{text}");
        }
    }

    #[test]
    fn white_space_of_texts() {
        for (text, value, wanted) in [
            ("car rental now", "car rental", Some((" now", false))),
            ("car\nrental", "car rental", Some(("", false))),
            ("car\nrental", "car\nrental", Some(("", false))),
            ("car rental", "car\nrental", Some(("", true))),
            ("car rental", "car rentals", None),
            ("car\nrental", "car rentals", None),
            ("carrental", "car rental", None),
        ] {
            assert_eq!(behind(text, value), wanted, "{text}: {value}");
        }
    }

    #[test]
    fn numbers_of_texts() {
        for (text, wanted) in [
            ("pay 1,200.50, or 98.70 by 2024-05-15T10:00", " 1200.5,\0 98.7\0 2024-05-15 10:00"),
            ("98.70", "98.7"),
            ("in release/1.10", " release/1.1"),
            ("10.0.0.10 v1.50 12.5 2024-05-15 10:00 it", ""),
        ] {
            assert_eq!(numbers(text), wanted, "{text}");
        }
        assert!(is_time("2024-05-15t10:00:00.5z") && is_time("2024-05-15 10:00"));
        assert!(!is_time("2024-05-15") && !is_time("2024-05-15 x") && !is_time("a"));
    }

    #[test]
    fn short_forms() {
        for (text, wanted) in [
            ("  Car Rental \n", "car rental"),
            ("98.70", "98.7"),
            ("$1,200.00 today", "$1200 today"),
            ("1,20", "1,20"),
            ("50.0", "50"),
            ("total 100.00.", "total 100."),
            ("10.0.0.10", "10.0.0.10"),
            ("v1.50", "v1.50"),
            ("1.50s", "1.50s"),
            ("007", "007"),
            ("2024-05-15T10:00", "2024-05-15 10:00"),
            ("1T2", "1t2"),
            ("1,234,567.5", "1234567.5"),
            ("1,234,567x 1,234", "1,234,567x 1234"),
            ("1,234,5678x", "1234,5678x"),
            ("", ""),
        ] {
            assert_eq!(short(text), wanted, "{text}");
        }
    }

    #[test]
    fn forms_of_forms_are_the_same() {
        for text in ["1,200.50 A", "2024-05-15T10:00", "x  y", "5,000,00"] {
            assert_eq!(short(&short(text)), short(text), "{text}");
        }
    }

    #[test]
    fn numbers_are_looked_at_once() {
        let groups = ",234".repeat(250_000);
        // Looking anew behind each comma would take minutes.
        let text = format!("1{groups}x");
        assert_eq!(short(&text), text);
    }

    #[test]
    fn pieces_of_names() {
        for (text, value, wanted) in [
            ("mail ann@example.co.uk now", "ann@example.co", true),
            ("mail ann.smith@example.co.uk", "smith@example.co.uk", true),
            ("mail mary-ann@a.example", "ann@a.example", true),
            ("mail john_doe@a.example", "doe@a.example", true),
            ("mail joe+ann@a.example", "ann@a.example", true),
            ("mail o'brien@a.example", "brien@a.example", true),
            ("read /home/ann/docs/a.txt", "/home/ann/docs", true),
            ("read /home/ann/docs/a.txt", "/home/ann/docs/", true),
            ("read c:\\docs\\a.txt", "docs", true),
            ("open https://a.example/x?to=eve", "https://a.example/x", true),
            ("open https://a.example:8080", "https://a.example", true),
            ("mail mu\u{308}ller@a.example", "ller@a.example", true),
            ("to the cafe\u{301} now", "cafe", true),
            ("an\u{200b}ann@a.example", "ann@a.example", true),
            ("pay 1234,56 to", "1234", true),
            ("mail ann@a.example.", "ann@a.example", false),
            ("mail ann@a.example: hi", "ann@a.example", false),
            ("mail (ann@a.example), <bob@b.example>", "bob@b.example", false),
            ("mail ann@a.example,bob@b.example", "bob@b.example", false),
            ("mail 'ann@a.example'!", "ann@a.example", false),
            ("read /home/ann/docs/ and", "/home/ann/docs", false),
            ("send ann's bill", "ann", false),
            ("send ann\u{2019}s bill", "ann", false),
            ("send ann's@a.example", "ann", true),
            ("pay bob - he waits", "bob", false),
            ("**ann@a.example**", "ann@a.example", false),
            ("给ann@a.example\u{3002}", "ann@a.example", false),
        ] {
            let (before, behind) = text.split_once(value).expect(text);
            assert_eq!(joins(before, value, behind), wanted, "{text}: {value}");
        }
        for (text, value, wanted) in [
            ("发给 王小明@公司.example", "小明@公司.example", true),
            ("发给 王小明@公司.example", "王小明@公司.example", false),
            ("发给小明@公司.example", "小明@公司.example", true),
            ("发给 小明88@公司.example", "88@公司.example", true),
            ("发给 ann小明@公司.example", "小明@公司.example", true),
            ("发给 小明@公司abc.example", "小明@公司", true),
            ("读 /家/文件夹", "/家/文件", true),
            ("发给 王小明\u{ff20}公司", "小明\u{ff20}公司", true),
            ("김민수@회사.example 에게", "민수@회사.example", true),
            ("김민수@회사.example에게", "김민수@회사.example", false),
            ("김민수@회사에게", "김민수@회사", true),
            // Prose: nothing is joined by a sign of names.
            ("写信给李梅梅吧", "李梅梅", false),
            ("见 a.b，写信给李梅梅", "李梅梅", false),
            ("写信给李梅梅吧.", "李梅梅", false),
            ("写信给88号", "88", false),
            ("发给88@a.example", "88@a.example", false),
        ] {
            let (before, behind) = text.split_once(value).expect(text);
            assert_eq!(joins(before, value, behind), wanted, "{text}: {value}");
        }
        let prose = "字".repeat(1_000_000);
        assert!(joins(&prose, "字", &prose));
        let many = "-".repeat(1_000_000) + " ";
        assert!(joins("", "ann", &many));
    }

    #[test]
    fn few_letters_are_short() {
        assert!(is_short("123") && is_short("me") && !is_short("bob") && !is_short("1234"));
    }
}
