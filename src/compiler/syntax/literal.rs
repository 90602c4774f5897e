//! Literals: spelling to value.
//!
//! In:      the bytes of a literal token.
//! Out:     its value, or every fault in it, with ranges that count from its first byte.
//! Imports: its own room alone.
//! Source:  CEL language definition, "Numeric Values" and "String and Bytes Values".

use std::ops::Range;

use crate::compiler::syntax::token::opening;

/// Why a literal has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiteralFault {
    /// A backslash and a character that is no escape.
    Escape,
    /// `\x`, `\u`, `\U` or `\0` with too few digits after it; so many are wanted.
    Digits(u32),
    /// Half a character, as UTF-16 cuts it; the character, if its other half follows.
    Surrogate(Option<char>),
    /// A number above U+10FFFF.
    NoCharacter,
    /// `\u` or `\U` among bytes.
    CharacterInBytes,
}

/// A fault and its bytes in the literal.
pub type Fault = (Range<usize>, LiteralFault);

/// The string that `text` spells, quotes and prefix included.
///
/// # Errors
/// Every escape that has no meaning.
pub fn string(text: &str) -> Result<String, Vec<Fault>> {
    let mut out = String::with_capacity(text.len());
    decode(text, |piece| match piece {
        Piece::Char(c) => out.push(c),
        Piece::Octet(octet) => out.push(char::from(octet)),
    })?;
    Ok(out)
}

/// The bytes that `text` spells, quotes and prefix included.
///
/// # Errors
/// Every escape that has no meaning.
pub fn bytes(text: &str) -> Result<Vec<u8>, Vec<Fault>> {
    let mut out = Vec::with_capacity(text.len());
    decode(text, |piece| match piece {
        Piece::Char(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        Piece::Octet(octet) => out.push(octet),
    })?;
    Ok(out)
}

/// The int that `digits` spells, decimal or after `0x`. `None`: outside 64 bits.
#[must_use]
pub fn int(digits: &str, negative: bool) -> Option<i64> {
    let value = i128::from(magnitude(digits)?);
    i64::try_from(if negative { -value } else { value }).ok()
}

/// The uint that `digits` spells, its `u` included. `None`: outside 64 bits.
#[must_use]
pub fn uint(digits: &str) -> Option<u64> {
    magnitude(digits.trim_end_matches(['u', 'U']))
}

/// The double that `digits` spells. `None`: larger than the largest.
#[must_use]
pub fn double(digits: &str, negative: bool) -> Option<f64> {
    let value: f64 = digits.parse().ok()?;
    value.is_finite().then_some(if negative { -value } else { value })
}

fn magnitude(digits: &str) -> Option<u64> {
    match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    }
}

/// A character as it stands, or what `\x` and octal escapes give: a code point in a string, an
/// octet among bytes.
enum Piece {
    Char(char),
    Octet(u8),
}

fn decode(text: &str, mut emit: impl FnMut(Piece)) -> Result<(), Vec<Fault>> {
    let open = opening(text);
    let content = open.len..text.len().saturating_sub(open.quote.len()).max(open.len);
    let mut rest = text.get(content).unwrap_or_default();
    let mut faults = Vec::new();
    while let Some(c) = rest.chars().next() {
        let at = text.len() - open.quote.len() - rest.len();
        let taken = match c {
            '\\' if !open.raw => match escape(rest, open.bytes) {
                Ok((piece, len)) => {
                    emit(piece);
                    len
                }
                Err((fault, len)) => {
                    faults.push((at..at + len, fault));
                    len
                }
            },
            // A line ends the same way wherever the file was written.
            '\r' => {
                emit(Piece::Char('\n'));
                if rest.starts_with("\r\n") { 2 } else { 1 }
            }
            _ => {
                emit(Piece::Char(c));
                c.len_utf8()
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// Reads the escape that `text` begins with: what it gives, or what is wrong; and its length.
fn escape(text: &str, bytes: bool) -> Result<(Piece, usize), (LiteralFault, usize)> {
    let Some(kind) = text.chars().nth(1) else { return Err((LiteralFault::Escape, 1)) };
    let simple = match kind {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0C',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0B',
        '\\' | '?' | '"' | '\'' | '`' => kind,
        'x' | 'X' => return octet(text, 2, 2, 16),
        '0'..='3' => return octet(text, 1, 3, 8),
        'u' => return character(text, 4, bytes),
        'U' => return character(text, 8, bytes),
        _ => return Err((LiteralFault::Escape, 1 + kind.len_utf8())),
    };
    Ok((Piece::Char(simple), 2))
}

/// Reads `count` digits at `from`.
fn digits(text: &str, from: usize, count: u32, radix: u32) -> Result<u32, (LiteralFault, usize)> {
    let wanted = count as usize;
    let found = text.chars().skip(from).take(wanted).take_while(|c| c.is_digit(radix)).count();
    let value = text.get(from..from + found).and_then(|run| u32::from_str_radix(run, radix).ok());
    match value {
        Some(value) if found == wanted => Ok(value),
        _ => Err((LiteralFault::Digits(count), from + found)),
    }
}

fn octet(
    text: &str,
    from: usize,
    count: u32,
    radix: u32,
) -> Result<(Piece, usize), (LiteralFault, usize)> {
    let value = digits(text, from, count, radix)?;
    let len = from + count as usize;
    // Two hex digits, or three octal ones up to `\377`, always fit.
    u8::try_from(value)
        .map(|octet| (Piece::Octet(octet), len))
        .map_err(|_| (LiteralFault::Escape, len))
}

fn character(text: &str, count: u32, bytes: bool) -> Result<(Piece, usize), (LiteralFault, usize)> {
    let value = digits(text, 2, count, 16)?;
    let len = 2 + count as usize;
    if bytes {
        return Err((LiteralFault::CharacterInBytes, len));
    }
    if let Some(c) = char::from_u32(value) {
        return Ok((Piece::Char(c), len));
    }
    if value > 0x10_FFFF {
        return Err((LiteralFault::NoCharacter, len));
    }
    let second = text.get(len..).filter(|next| next.starts_with("\\u"));
    let second = second.and_then(|next| digits(next, 2, 4, 16).ok());
    match second {
        Some(low @ 0xDC00..=0xDFFF) if value < 0xDC00 => {
            let whole = 0x1_0000 + ((value - 0xD800) << 10) + (low - 0xDC00);
            Err((LiteralFault::Surrogate(char::from_u32(whole)), len + 6))
        }
        _ => Err((LiteralFault::Surrogate(None), len)),
    }
}

#[cfg(test)]
mod tests {
    use super::{LiteralFault, bytes, double, int, string, uint};

    #[test]
    fn strings() {
        for (text, value) in [
            (r#""""#, ""),
            (r"'\a\b\f\n\r\t\v\\\?\'\`'", "\x07\x08\x0C\n\r\t\x0B\\?'`"),
            (r#""\x41\X42\101\u00e9\U0001F600""#, "ABA\u{e9}\u{1F600}"),
            (r"'\377\xFF'", "\u{FF}\u{FF}"),
            (r"r'\n'", r"\n"),
            ("'''a\r\nb\rc'''", "a\nb\nc"),
            (r#"R"""x"y""""#, "x\"y"),
        ] {
            assert_eq!(string(text).as_deref(), Ok(value), "{text}");
        }
    }

    #[test]
    fn octets() {
        assert_eq!(bytes(r"b'\xff\377é'"), Ok(vec![0xFF, 0xFF, 0xC3, 0xA9]));
        assert_eq!(bytes(r"br'\x'"), Ok(br"\x".to_vec()));
        let fault = vec![(2..8, LiteralFault::CharacterInBytes)];
        assert_eq!(bytes(r"b'\u0041'"), Err(fault));
    }

    #[test]
    fn every_fault_is_found_in_its_place() {
        let faults = string(r"'\s é\xF \8 \400 \ud83d\ude00 \udead \U00110000'");
        let expected = vec![
            (1..3, LiteralFault::Escape),
            (6..9, LiteralFault::Digits(2)),
            (10..12, LiteralFault::Escape),
            (13..15, LiteralFault::Escape),
            (18..30, LiteralFault::Surrogate(Some('\u{1F600}'))),
            (31..37, LiteralFault::Surrogate(None)),
            (38..48, LiteralFault::NoCharacter),
        ];
        assert_eq!(faults, Err(expected));
    }

    #[test]
    fn numbers() {
        assert_eq!(int("9223372036854775808", true), Some(i64::MIN));
        assert_eq!(int("9223372036854775808", false), None);
        assert_eq!(int("0x7fffFFFFffffFFFF", false), Some(i64::MAX));
        assert_eq!(int("007", false), Some(7));
        assert_eq!(uint("18446744073709551615u"), Some(u64::MAX));
        assert_eq!(uint("0xFFFFFFFFFFFFFFFFFu"), None);
        assert_eq!(double(".5", false), Some(0.5));
        assert_eq!(double("1.99e90000009", false), None);
        assert_eq!(double("1e-400", true).map(f64::to_bits), Some((-0.0_f64).to_bits()));
    }
}
