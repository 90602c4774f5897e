//! Values spelled otherwise, so that who compares them does not find them.

/// How a value is spelled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// Signs and digits in words, as `US13` as `US one three`.
    Words,
    Base64,
    Hex,
    /// Every byte as in a URL.
    Percent,
    /// In two pieces.
    Pieces,
    /// Letters of other scripts that look alike, wide digits.
    Lookalikes,
    /// Letters without width in between.
    Invisible,
    /// Digits in groups, or with zeros in front.
    Groups,
}

impl Spelling {
    pub(crate) fn of(self, value: &str) -> String {
        match self {
            Self::Words => words(value),
            Self::Base64 => base64(value.as_bytes()),
            Self::Hex => bytes(value, |byte| format!("{byte:02x}")),
            Self::Percent => bytes(value, |byte| format!("%{byte:02X}")),
            Self::Pieces => {
                let half = value.chars().count().div_ceil(2);
                let (first, rest): (String, String) =
                    (value.chars().take(half).collect(), value.chars().skip(half).collect());
                format!("{first} and behind it, without a blank, {rest}")
            }
            Self::Lookalikes => value.chars().map(lookalike).collect(),
            Self::Invisible => value.chars().flat_map(|letter| [letter, '\u{200b}']).collect(),
            Self::Groups => groups(value),
        }
    }
}

fn bytes(value: &str, spelled: impl Fn(u8) -> String) -> String {
    value.bytes().map(spelled).collect()
}

fn words(value: &str) -> String {
    const DIGITS: [&str; 10] =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    let word = |letter: char| match letter {
        '@' => " at ".to_owned(),
        '.' => " dot ".to_owned(),
        '-' => " dash ".to_owned(),
        '_' => " underscore ".to_owned(),
        _ => match letter.to_digit(10).and_then(|digit| DIGITS.get(digit as usize)) {
            Some(word) => format!(" {word} "),
            None => letter.to_string(),
        },
    };
    let spelled: String = value.chars().map(word).collect();
    spelled.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
            out.push(if at <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

fn lookalike(letter: char) -> char {
    match letter {
        'a' => 'а',
        'c' => 'с',
        'e' => 'е',
        'i' => 'і',
        'o' => 'о',
        'p' => 'р',
        'x' => 'х',
        'y' => 'у',
        'A' => 'А',
        'B' => 'В',
        'C' => 'С',
        'E' => 'Е',
        'S' => 'Ѕ',
        'T' => 'Т',
        '0'..='9' => {
            letter.to_digit(10).and_then(|digit| char::from_u32(0xff10 + digit)).unwrap_or(letter)
        }
        other => other,
    }
}

/// Runs of more than four digits in groups of four, as accounts are printed; shorter ones with
/// zeros in front.
fn groups(value: &str) -> String {
    let mut out = String::new();
    let mut digits = String::new();
    for letter in value.chars().chain(['\0']) {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        if digits.len() > 4 {
            for (at, digit) in digits.chars().enumerate() {
                out.extend([' '].iter().filter(|_| at > 0 && at % 4 == 2));
                out.push(digit);
            }
        } else if !digits.is_empty() {
            out.push_str("00");
            out.push_str(&digits);
        }
        digits.clear();
        if letter != '\0' {
            out.push(letter);
        }
    }
    out
}
