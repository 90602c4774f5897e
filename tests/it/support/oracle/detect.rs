//! Detectors of the reference evaluator: patterns, and arithmetic on whole numbers.
//!
//! In:      the name of a detector and a text.
//! Out:     the ranges that it finds, first one first.
//! Source:  `docs/detectors.md`.
//!
//! From each place, the longest part that one of a kind's patterns accepts is what is found.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// A pattern that is tried at a place, and what else must hold of the part and what surrounds it.
struct Shape {
    kind: &'static str,
    pattern: Regex,
    holds: fn(&str, &Around<'_>) -> bool,
}

/// The text in front of a part and behind it.
struct Around<'t> {
    front: &'t str,
    back: &'t str,
}

const BETWEEN: [&str; 4] = [" ", "-", "\u{a0}", "\u{202f}"];

/// The kinds, as `detect.has..` and the list name them.
pub(crate) const KINDS: [(&str, &str, &str); 12] = [
    ("email", "detect.hasEmail", "detect.emails"),
    ("phone", "detect.hasPhone", "detect.phones"),
    ("card", "detect.hasCard", "detect.cards"),
    ("iban", "detect.hasIban", "detect.ibans"),
    ("secret", "detect.hasSecret", "detect.secrets"),
    ("national_id", "detect.hasNationalId", "detect.nationalIds"),
    ("ch_ahv", "detect.hasChAhv", "detect.chAhvs"),
    ("de_tax_id", "detect.hasDeTaxId", "detect.deTaxIds"),
    ("es_dni", "detect.hasEsDni", "detect.esDnis"),
    ("fr_nir", "detect.hasFrNir", "detect.frNirs"),
    ("it_tax_code", "detect.hasItTaxCode", "detect.itTaxCodes"),
    ("us_ssn", "detect.hasUsSsn", "detect.usSsns"),
];

/// What `kind` finds in `text`.
pub(crate) fn found(kind: &str, text: &str) -> Vec<Range<usize>> {
    match kind {
        "email" => emails(text),
        "phone" => from_each_place(text, |at| phone(text, at)),
        _ => from_each_place(text, |at| {
            let shapes = SHAPES.iter().filter(|it| {
                it.kind == kind || kind == "national_id" && NATIONAL.contains(&it.kind)
            });
            shapes.filter_map(|shape| shape.end(text, at)).max()
        }),
    }
}

fn from_each_place(text: &str, end: impl Fn(usize) -> Option<usize>) -> Vec<Range<usize>> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < text.len() {
        match Some(at).filter(|at| text.is_char_boundary(*at)).and_then(&end) {
            Some(end) => {
                found.push(at..end);
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

impl Shape {
    fn end(&self, text: &str, at: usize) -> Option<usize> {
        let part = self.pattern.find(&text[at..])?.as_str();
        let end = at + part.len();
        let around = Around { front: &text[..at], back: &text[end..] };
        (self.holds)(part, &around).then_some(end)
    }
}

fn alnum(found: Option<char>) -> bool {
    found.is_some_and(|it| it.is_ascii_alphanumeric())
}

fn digit(found: Option<char>) -> bool {
    found.is_some_and(|it| it.is_ascii_digit())
}

impl Around<'_> {
    /// Whether no letter, digit or fraction goes on in front of the part or behind it.
    fn is_word(&self) -> bool {
        let mut front = self.front.chars().rev();
        let mut back = self.back.chars();
        let (a, b) = (front.next(), front.next());
        let (x, y) = (back.next(), back.next());
        let fraction = a == Some('.') && digit(b) || x == Some('.') && digit(y);
        !(alnum(a) || alnum(x) || fraction)
    }
}

/// A part without what stands between its groups.
fn bare(part: &str) -> String {
    part.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase()
}

fn number(digits: &str) -> u128 {
    digits.parse().unwrap()
}

const NATIONAL: [&str; 6] = ["ch_ahv", "de_tax_id", "es_dni", "fr_nir", "it_tax_code", "us_ssn"];

static SHAPES: LazyLock<Vec<Shape>> = LazyLock::new(|| {
    let mut shapes = Vec::new();
    let mut add = |kind, pattern: &str, holds| {
        let pattern = Regex::new(&format!(r"\A(?:{pattern})")).unwrap();
        shapes.push(Shape { kind, pattern, holds });
    };
    for len in 12..=19 {
        add("card", &format!("[0-9]{{{len}}}"), is_card);
    }
    for len in 15..=33 {
        add("iban", &format!("[A-Za-z]{{2}}[0-9]{{2}}[A-Za-z0-9]{{{}}}", len - 4), is_iban);
    }
    for between in BETWEEN {
        for shape in [&[4, 4, 4, 4][..], &[4, 4, 4, 4, 3], &[4, 6, 5], &[4, 6, 4]] {
            let groups: Vec<String> = shape.iter().map(|n| format!("[0-9]{{{n}}}")).collect();
            add("card", &groups.join(between), is_card);
        }
        for len in 15..=33 {
            let fours = format!("(?:{between}[A-Za-z0-9]{{4}}){{{}}}", len / 4 - 1);
            let rest = match len % 4 {
                0 => String::new(),
                rest => format!("{between}[A-Za-z0-9]{{{rest}}}"),
            };
            add("iban", &format!("[A-Za-z]{{2}}[0-9]{{2}}{fours}{rest}"), is_iban);
        }
    }
    for between in BETWEEN.into_iter().chain(["[.]"]) {
        let groups = |sizes: &[usize]| {
            let sizes: Vec<String> = sizes.iter().map(|n| format!("[0-9]{{{n}}}")).collect();
            sizes.join(between)
        };
        add("ch_ahv", &groups(&[3, 4, 4, 2]), is_ahv);
        if between != "[.]" {
            add("de_tax_id", &groups(&[2, 3, 3, 3]), is_tax_id);
        }
        let towns = format!("[0-9A-Za-z]{{2}}{between}{}", groups(&[3, 3, 2]));
        add("fr_nir", &format!("{}{between}{towns}", groups(&[1, 2, 2])), is_nir);
        let head = "[0-9]{5}[0-9A-Za-z]{2}[0-9]{6}";
        add("fr_nir", &format!("{head}{between}[0-9]{{2}}"), is_nir);
    }
    add("ch_ahv", "[0-9]{13}", is_ahv);
    add("de_tax_id", "[0-9]{11}", is_tax_id);
    add("fr_nir", "[0-9]{5}[0-9A-Za-z]{2}[0-9]{8}", is_nir);
    add("es_dni", "(?:[0-9]{8}|[0-9]{2}[.][0-9]{3}[.][0-9]{3})[- ]?[A-Z]", is_dni);
    add("es_dni", "[XYZ]-?(?:[0-9]{7}|[0-9][.][0-9]{3}[.][0-9]{3})[- ]?[A-Z]", is_dni);
    add("it_tax_code", "[A-Za-z0-9]{16}", is_tax_code);
    add("us_ssn", "[0-9]{3}-[0-9]{2}-[0-9]{4}", is_ssn);
    secrets(&mut add);
    shapes
});

fn is_card(part: &str, around: &Around<'_>) -> bool {
    let digits = bare(part);
    let len = digits.len();
    let prefixes: &[(&str, &[usize])] = &[
        ("4", &[13, 16, 19]),
        ("5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", &[16]),
        ("34|37", &[15]),
        ("30[0-5]|3095|36|38|39", &[14, 15, 16, 17, 18, 19]),
        ("6011|64[4-9]|65|62|352[89]|35[3-8]|220[0-4]", &[16, 17, 18, 19]),
        ("5018|5020|5038|5893|6304|6759|676[123]", &[12, 13, 14, 15, 16, 17, 18, 19]),
    ];
    let known = prefixes.iter().any(|(prefix, lengths)| {
        let prefix = Regex::new(&format!(r"\A(?:{prefix})")).unwrap();
        lengths.contains(&len) && prefix.is_match(&digits)
    });
    let doubled = |digit: u32| [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][digit as usize];
    let sum: u32 = digits
        .chars()
        .map(|digit| digit.to_digit(10).unwrap())
        .enumerate()
        .map(|(at, digit)| if (len - at).is_multiple_of(2) { doubled(digit) } else { digit })
        .sum();
    around.is_word() && known && sum.is_multiple_of(10)
}

/// Lengths of IBANs and the countries that have them.
const IBANS: [(usize, &str); 18] = [
    (15, "NO"),
    (16, "BE"),
    (18, "DK FI FK FO GL NL SD"),
    (19, "MK SI"),
    (20, "AT BA EE KZ LT LU MN XK"),
    (21, "CH HR LI LV"),
    (22, "BG BH CR DE GB GE IE ME RS VA"),
    (23, "AE GI IL IQ OM SO TL"),
    (24, "AD CZ ES MD PK RO SA SE SK TN VG"),
    (25, "LY PT ST"),
    (26, "IS TR"),
    (27, "BI DJ FR GR IT MC MR SM"),
    (28, "AL AZ BY CY DO GT HN HU LB NI PL SV"),
    (29, "BR EG PS QA UA"),
    (30, "JO KW MU YE"),
    (31, "MT SC"),
    (32, "LC"),
    (33, "RU"),
];

fn is_iban(part: &str, around: &Around<'_>) -> bool {
    let iban = bare(part);
    let known = IBANS.iter().any(|(len, countries)| {
        *len == iban.len() && countries.split(' ').any(|country| iban.starts_with(country))
    });
    let turned = format!("{}{}", &iban[4..], &iban[..4]);
    let spelled: String = turned.chars().map(|it| it.to_digit(36).unwrap().to_string()).collect();
    let rest = spelled.chars().fold(0, |rest, it| (rest * 10 + it.to_digit(10).unwrap()) % 97);
    let check = number(&iban[2..4]);
    around.is_word() && known && rest == 1 && (2..=98).contains(&check)
}

fn is_ahv(part: &str, around: &Around<'_>) -> bool {
    let digits = bare(part);
    let sum: u32 = digits
        .chars()
        .zip([1, 3].into_iter().cycle())
        .map(|(digit, weight)| digit.to_digit(10).unwrap() * weight)
        .sum();
    around.is_word() && digits.starts_with("756") && sum.is_multiple_of(10)
}

fn is_tax_id(part: &str, around: &Around<'_>) -> bool {
    let digits = bare(part);
    let ten = &digits[..10];
    let mut counts: Vec<usize> =
        ('0'..='9').map(|digit| ten.matches(digit).count()).filter(|n| *n > 0).collect();
    counts.sort_unstable();
    let twice = counts == [1, 1, 1, 1, 1, 1, 1, 1, 2];
    let thrice = counts == [1, 1, 1, 1, 1, 1, 1, 3];
    let in_a_row = ('0'..='9').any(|digit| ten.contains(&digit.to_string().repeat(3)));
    // ISO/IEC 7064: the product goes round, and with the check digit it ends at one.
    let mut product = 10;
    for digit in ten.chars().map(|it| it.to_digit(10).unwrap()) {
        let sum = (digit + product) % 10;
        product = (if sum == 0 { 10 } else { sum }) * 2 % 11;
    }
    let check = digits[10..].parse::<u32>().unwrap();
    let fits = (product + check) % 10 == 1;
    around.is_word() && !digits.starts_with('0') && (twice || thrice) && !in_a_row && fits
}

fn is_dni(part: &str, around: &Around<'_>) -> bool {
    let id = bare(part);
    let (front, letter) = id.split_at(id.len() - 1);
    let front = front.replace('X', "0").replace('Y', "1").replace('Z', "2");
    let rest = usize::try_from(number(&front) % 23).unwrap();
    around.is_word() && "TRWAGMYFPDXBNJZSQVHLCKE"[rest..].starts_with(letter)
}

fn is_nir(part: &str, around: &Around<'_>) -> bool {
    let id = bare(part);
    let (front, key) = id.split_at(13);
    let corsica = front.replacen("2A", "19", 1).replacen("2B", "18", 1);
    let known = ["2A", "2B"].contains(&&front[5..7]);
    let digits = if known {
        format!("{}{}{}", &front[..5], &corsica[5..7], &front[7..])
    } else {
        front.to_owned()
    };
    if !digits.chars().all(|it| it.is_ascii_digit()) {
        return false;
    }
    let month = number(&digits[3..5]);
    let months = [1..=12, 20..=20, 30..=42, 50..=99];
    around.is_word()
        && "123478".contains(&digits[..1])
        && months.iter().any(|range| range.contains(&month))
        && &digits[5..7] != "00"
        && number(&digits) % 97 + number(key) == 97
}

fn is_tax_code(part: &str, around: &Around<'_>) -> bool {
    static FORM: LazyLock<Regex> = LazyLock::new(|| {
        let digit = "[0-9LMNPQRSTUV]";
        let form = format!(
            r"\A[A-Z]{{6}}{digit}{{2}}[ABCDEHLMPRST]({digit}{{2}})[A-Z]{digit}{{3}}[A-Z]\z"
        );
        Regex::new(&form).unwrap()
    });
    let code = bare(part);
    let Some(groups) = FORM.captures(&code) else { return false };
    let plain = |it: char| "LMNPQRSTUV".find(it).map_or(it.to_string(), |at| at.to_string());
    let day = number(&groups[1].chars().map(plain).collect::<String>());
    let odd = "BAKPLCQDREVOSFTGUHMINJWZYX";
    let value = |(at, it): (usize, char)| {
        let order = it.to_digit(10).unwrap_or_else(|| it as u32 - 'A' as u32);
        let letter = char::from(b'A' + u8::try_from(order).unwrap());
        if at % 2 == 0 { odd.find(letter).unwrap() } else { order as usize }
    };
    let sum: usize = code[..15].chars().enumerate().map(value).sum();
    let check = code.as_bytes()[15] - b'A';
    around.is_word()
        && ((1..=31).contains(&day) || (41..=71).contains(&day))
        && sum % 26 == usize::from(check)
}

fn is_ssn(part: &str, around: &Around<'_>) -> bool {
    let joined = around.front.ends_with('-') || around.back.starts_with('-');
    let good = !["000", "666"].contains(&&part[..3]) && !part.starts_with('9');
    let good = good && &part[4..6] != "00" && &part[7..] != "0000";
    around.is_word() && !joined && good && part != "078-05-1120" && part != "219-09-9999"
}

fn emails(text: &str) -> Vec<Range<usize>> {
    static SIGN: LazyLock<Regex> = LazyLock::new(|| Regex::new("@|%40").unwrap());
    static LOCAL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\A[A-Za-z0-9_](?:[A-Za-z0-9_+-]|'[A-Za-z0-9]|\.[A-Za-z0-9_+-])*\z").unwrap()
    });
    static DOMAIN: LazyLock<Regex> = LazyLock::new(|| {
        let label = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?";
        Regex::new(&format!(r"\A{label}(?:\.{label})*")).unwrap()
    });
    let (mut found, mut floor) = (Vec::new(), 0);
    let mut signs = 0;
    while let Some(sign) = SIGN.find_at(text, signs) {
        let fits = |at: &usize| {
            text.is_char_boundary(*at) && LOCAL.is_match(&text[*at..sign.start()]) && {
                let quotes = text[*at..sign.start()].match_indices('\'');
                let front = |quote: usize| text[*at..*at + quote].chars().next_back();
                quotes.into_iter().all(|(quote, _)| alnum(front(quote)))
            }
        };
        let start = (floor..sign.start()).find(fits);
        signs = sign.end();
        floor = sign.end();
        let Some(start) = start else { continue };
        let local = &text[start..sign.start()];
        let Some(domain) = DOMAIN.find(&text[sign.end()..]) else { continue };
        let Some(len) = domain_len(domain.as_str()) else { continue };
        let end = sign.end() + len;
        let back = &text[end..];
        let goes_on =
            alnum(back.chars().next()) || ["_", "@", "%40"].iter().any(|it| back.starts_with(it));
        if local.len() > 64 || local.eq_ignore_ascii_case("git") || goes_on {
            continue;
        }
        found.push(start..end);
        (signs, floor) = (end, end);
    }
    found
}

/// How much of a domain is one: up to the last label that can be a top-level domain, and no further
/// than labels can be long.
fn domain_len(domain: &str) -> Option<usize> {
    let labels: Vec<&str> = domain.split('.').take_while(|label| label.len() <= 63).collect();
    let top = |label: &str| {
        let lower = label.to_ascii_lowercase();
        let word = lower.len() >= 2 && lower.chars().all(|it| it.is_alphabetic());
        let picture = ["png", "jpg", "jpeg", "gif", "svg", "webp"].contains(&lower.as_str());
        lower.starts_with("xn--") || word && !picture
    };
    let len = |count: usize| labels[..count].join(".").len();
    let count = (2..=labels.len()).rev().find(|n| top(labels[n - 1]) && len(*n) <= 253)?;
    Some(len(count))
}

/// Codes of countries by their first digits.
const CODES: &str = "7|2[07]|21[12368]|22.|23.|24.|25[0-8]|26.|29[01789]|3[0123469]|35.|37.|\
    38[0-35-79]|\
    4[013456789]|42[013]|5.|6[0-6]|67[02-9]|68[0-35-9]|69[0-2]|80[08]|8[1246]|85[02356]|\
    870|878|88[012368]|9[0-58]|96[0-8]|97[0-79]|99[2-68]";

fn phone(text: &str, at: usize) -> Option<usize> {
    static FORMS: LazyLock<[Regex; 3]> = LazyLock::new(|| {
        let gap =
            r"(?:[ ./\u{a0}-]?\(0\)[ ./\u{a0}-]?|[ ./\u{a0}-]?\(|\)[ ./\u{a0}-]?|[ ./\u{a0}-])?";
        let digits = format!("[0-9](?:{gap}[0-9])*");
        let us = "(?:1[ .-])?(?:\\([0-9]{3}\\)[ .-]?[0-9]{3}(?:-[0-9]{4}|[.][0-9]{4}| [0-9]{4})\
            |[0-9]{3}(?:-[0-9]{3}-|[.][0-9]{3}[.])[0-9]{4})";
        [format!(r"\+{digits}"), format!("00[ -]?{digits}"), us.to_owned()]
            .map(|form| Regex::new(&format!(r"\A(?:{form})\z")).unwrap())
    });
    let front = &text[..at];
    let mut back = front.chars().rev();
    let (a, b) = (back.next(), back.next());
    let joined = matches!(a, Some('-' | '.' | '/' | ':')) && alnum(b);
    let starts = !alnum(a) && (!joined || !digit(text[at..].chars().next()));
    let last = (at + 1..=text.len().min(at + 128)).rev();
    let ends =
        last.filter(|end| text.is_char_boundary(*end) && digit(text[..*end].chars().next_back()));
    let mut ends = ends.filter(|end| !alnum(text[*end..].chars().next()));
    if !starts || a == Some('+') && text[at..].starts_with('+') {
        return None;
    }
    let is_long = |end: &usize| {
        let part = &text[at..*end];
        (FORMS[0].is_match(part) && is_international(part, 1, a == Some('(')))
            || (FORMS[1].is_match(part) && is_international(part, 2, a == Some('(')))
    };
    let is_short = |end: &usize| {
        let (part, around) = (&text[at..*end], Around { front: "", back: &text[*end..] });
        let mut back = around.back.chars();
        let goes_on = back.next() == Some('-') && alnum(back.next());
        let digits = bare(part);
        FORMS[2].is_match(part)
            && around.is_word()
            && !goes_on
            && is_american(&digits[digits.len() - 10..])
    };
    ends.find(|end| is_long(end) || is_short(end))
}

fn is_international(part: &str, mark: usize, opened: bool) -> bool {
    static CODE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(&format!(r"\A(?:{CODES})")).unwrap());
    let number = &part[mark..];
    let parted = number.trim_start_matches([' ', '-']);
    let grouped = mark == 1 || number != parted || !parted.chars().all(|it| it.is_ascii_digit());
    let zeroless = parted.replace("(0)", " ");
    let brackets: String = zeroless.chars().filter(|it| "()".contains(*it)).collect();
    let left = brackets.replace("()", "");
    // One that was opened in front of the number may be closed in it or behind it.
    let brackets = left.is_empty() || opened && left == ")";
    let digits = bare(&zeroless);
    let known = match digits.strip_prefix('1') {
        Some(area) => area.len() == 10 && is_american(area),
        None => (8..=15).contains(&digits.len()) && CODE.is_match(&digits),
    };
    grouped && brackets && known
}

fn is_american(digits: &str) -> bool {
    static FORM: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\A[2-9][0-8][0-9][2-9][0-9]{6}\z").unwrap());
    FORM.is_match(digits) && &digits[1..3] != "11" && &digits[4..6] != "11"
}

fn secrets(add: &mut impl FnMut(&'static str, &str, fn(&str, &Around<'_>) -> bool)) {
    let url = "[A-Za-z0-9_-]";
    let tokens = [
        ("(?:AKIA|ASIA)", "[A-Z0-9]", "16"),
        ("gh[oprsu]_", "[A-Za-z0-9]", "36,251"),
        ("github_pat_", url, "82,244"),
        ("glpat-", url, "20,"),
        ("(?:xox[abeprs]|xapp)-", url, "24,"),
        ("AIza", url, "35"),
        ("GOCSPX-", url, "28"),
        (r"ya29\.", url, "20,"),
        ("[rs]k_(?:live|test)_", "[A-Za-z0-9]", "16,"),
        ("whsec_", "[A-Za-z0-9]", "32,64"),
        ("npm_", "[A-Za-z0-9]", "36"),
        ("pypi-AgEIcHlwaS5vcmc", url, "50,"),
        ("sk-", url, "40,"),
    ];
    for (mark, body, count) in tokens {
        add("secret", &format!("{mark}{body}{{{count}}}"), is_token);
    }
    let hook = r"hooks\.slack\.com/services/T[A-Za-z0-9]{7,}/B[A-Za-z0-9]{7,}/[A-Za-z0-9]{20,}";
    add("secret", hook, |part, around| {
        let ends = !alnum(around.back.chars().next());
        stands_alone(around) && ends && part.rsplit('/').next().is_some_and(varied)
    });
    let mail = format!(r"SG\.{url}{{22}}\.{url}{{43}}");
    add("secret", &mail, |part, around| {
        stands_alone(around) && ends(around, true) && varied(&part[26..])
    });
    add("secret", &format!(r"eyJ{url}*\.eyJ{url}*\.{url}*"), is_jwt);
    let line = "-----BEGIN [A-Z0-9 ]{0,40}-----";
    let to_end = format!("(?s:{line}.*?-----END [A-Z0-9 ]{{0,40}}-----)");
    add("secret", &to_end, is_key);
    add("secret", line, is_key);
}

fn stands_alone(around: &Around<'_>) -> bool {
    let front = around.front.chars().next_back();
    !alnum(front) && !matches!(front, Some('_' | '-'))
}

fn ends(around: &Around<'_>, with_hyphens: bool) -> bool {
    let back = around.back.chars().next();
    !alnum(back) && back != Some('_') && !(with_hyphens && back == Some('-'))
}

fn varied(body: &str) -> bool {
    let mut seen: Vec<char> = body.chars().collect();
    seen.sort_unstable();
    seen.dedup();
    seen.len() >= 5
}

fn is_token(part: &str, around: &Around<'_>) -> bool {
    let marks = [
        "github_pat_",
        "pypi-AgEIcHlwaS5vcmc",
        "sk_live_",
        "sk_test_",
        "rk_live_",
        "rk_test_",
        "GOCSPX-",
        "whsec_",
        "glpat-",
        "ya29.",
    ];
    let body = marks.iter().find_map(|mark| part.strip_prefix(mark));
    let body = body.or_else(|| part.strip_prefix("sk-"));
    let body = body.unwrap_or_else(|| match &part[..4] {
        "AKIA" | "ASIA" | "AIza" | "npm_" | "ghp_" | "gho_" | "ghu_" | "ghs_" | "ghr_" => {
            &part[4..]
        }
        _ => &part[5..],
    });
    let plain = part.starts_with("AK")
        || part.starts_with("AS")
        || part.starts_with("gh") && !part.starts_with("github");
    let plain = plain
        || part.starts_with("npm_")
        || part.starts_with("whsec_")
        || part[1..].starts_with("k_");
    stands_alone(around) && ends(around, !plain) && varied(body)
}

fn is_jwt(part: &str, around: &Around<'_>) -> bool {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let header = part.split('.').next().unwrap();
    let bits: String =
        header.chars().map(|it| format!("{:06b}", alphabet.find(it).unwrap())).collect();
    let bytes = bits.as_bytes().chunks_exact(8);
    let text: String = bytes
        .map(|it| char::from(u8::from_str_radix(std::str::from_utf8(it).unwrap(), 2).unwrap()))
        .collect();
    stands_alone(around) && text.contains("\"alg\"")
}

fn is_key(part: &str, _: &Around<'_>) -> bool {
    let line = part.split("-----").nth(1).unwrap();
    line.contains("PRIVATE KEY")
}
