//! A line of JSON, read by whoever knows what stands in it.
//!
//! In:      bytes.
//! Out:     texts, numbers and parts, each byte looked at once; or what is wrong, and where.
//! Imports: `lang::value::scan`, `runtime::record::error`.
//!
//! What nobody asks for is gone past by its quotes and brackets alone.

use crate::lang::value::scan;
use crate::runtime::record::error::{Fault, RecordError};
use crate::runtime::record::text::unbase;
use crate::runtime::vm::request::reader::Reader;

/// A result of reading a line.
pub(super) type Read<T> = Result<T, RecordError>;

/// A place in a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: u32,
}

/// The inside of a JSON string, as it is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'a> {
    spelled: &'a [u8],
    escaped: bool,
}

impl<'a> Text<'a> {
    /// The text, if it is spelled without escapes.
    #[must_use]
    pub fn plain(self) -> Option<&'a str> {
        if self.escaped { None } else { std::str::from_utf8(self.spelled).ok() }
    }

    /// As `plain`, its bytes.
    pub(super) const fn plain_bytes(self) -> Option<&'a [u8]> {
        if self.escaped { None } else { Some(self.spelled) }
    }

    /// The bytes between the quotes.
    #[must_use]
    pub const fn spelled(self) -> &'a [u8] {
        self.spelled
    }

    /// The text, escapes resolved. What no text has, as half of a surrogate pair, is replaced.
    #[must_use]
    pub fn text(self) -> std::borrow::Cow<'a, str> {
        let spelled = String::from_utf8_lossy(self.spelled);
        if !self.escaped {
            return spelled;
        }
        let mut reader = Reader::new(self.spelled);
        let mut text = String::with_capacity(spelled.len());
        while !reader.is_at_end() {
            let end = scan::text_end(self.spelled, reader.at);
            let plain = self.spelled.get(reader.at as usize..end as usize);
            text.push_str(std::str::from_utf8(plain.unwrap_or_default()).unwrap_or_default());
            reader.at = end;
            if !reader.is_at_end() {
                let start = reader.at;
                text.push(reader.escape().unwrap_or(char::REPLACEMENT_CHARACTER));
                reader.at = reader.at.max(start + 1);
            }
        }
        text.into()
    }

    /// The bytes that it spells in base64; `None` if it does not.
    #[must_use]
    pub fn bytes(self) -> Option<Vec<u8>> {
        unbase(self.plain_bytes()?)
    }

    /// Whether it is this text.
    #[must_use]
    pub fn is(self, text: &str) -> bool {
        if self.escaped { self.text() == text } else { self.spelled == text.as_bytes() }
    }
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    #[cold]
    pub(super) const fn error(&self, fault: Fault) -> RecordError {
        RecordError { fault, offset: self.at as usize }
    }

    /// What is wrong where something else was expected.
    #[cold]
    pub(super) fn unexpected(&self) -> RecordError {
        let rest = self.bytes.get(self.at as usize..).unwrap_or_default();
        let begins = |word: &[u8]| word.len() > rest.len() && word.starts_with(rest);
        let cut_letter = std::str::from_utf8(rest)
            .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none());
        let words: [&[u8]; 4] = [b"true", b"false", b"null", b"\\u"];
        let ended = words.into_iter().any(begins) || cut_letter;
        self.error(if ended { Fault::Truncated } else { Fault::Syntax })
    }

    /// The byte behind white space; zero at the end.
    #[inline]
    pub(super) fn peek(&mut self) -> u8 {
        let (at, byte) = scan::token(self.bytes, self.at);
        self.at = at;
        byte
    }

    /// Goes past `byte`.
    #[inline]
    pub(super) fn expect(&mut self, byte: u8) -> Read<()> {
        if self.peek() != byte {
            return Err(self.unexpected());
        }
        self.at += 1;
        Ok(())
    }

    /// Goes on to the next part of a container that ends with `close`; false at its end.
    #[inline]
    pub(super) fn more(&mut self, first: &mut bool, close: u8) -> Read<bool> {
        let byte = self.peek();
        let first = std::mem::replace(first, false);
        if byte == close {
            self.at += 1;
            return Ok(false);
        }
        if first {
            return Ok(true);
        }
        if byte != b',' {
            return Err(self.unexpected());
        }
        self.at += 1;
        if self.peek() == close { Err(self.error(Fault::Syntax)) } else { Ok(true) }
    }

    /// Reads a string.
    #[inline]
    pub(super) fn text(&mut self) -> Read<Text<'a>> {
        self.expect(b'"')?;
        let start = self.at;
        let end = scan::short_end(self.bytes, start);
        self.at = end;
        let escaped = scan::byte(self.bytes, end) != b'"';
        if escaped {
            self.behind_escapes()?;
        }
        let spelled = self.bytes.get(start as usize..self.at as usize).unwrap_or_default();
        self.at += 1;
        Ok(Text { spelled, escaped })
    }

    /// Goes to the quote that ends a string in which something else stands at the cursor.
    #[cold]
    #[inline(never)]
    fn behind_escapes(&mut self) -> Read<()> {
        loop {
            match scan::byte(self.bytes, self.at) {
                b'"' => return Ok(()),
                b'\\' if (self.at as usize) + 1 < self.bytes.len() => {
                    // An escape may spell no control character, nor the first byte of another.
                    self.at = scan::text_end(self.bytes, self.at + 1 + self.escape_len());
                }
                _ => return Err(self.unexpected()),
            }
        }
    }

    /// Bytes of the escape at the cursor behind its backslash that cannot end a string.
    fn escape_len(&self) -> u32 {
        u32::from(matches!(scan::byte(self.bytes, self.at + 1), b'"' | b'\\'))
    }

    /// Reads a key and its colon.
    #[inline]
    pub(super) fn key(&mut self) -> Read<Text<'a>> {
        let key = self.text()?;
        self.expect(b':')?;
        Ok(key)
    }

    /// Goes past `word`, if it stands here.
    pub(super) fn word(&mut self, word: &[u8]) -> bool {
        self.peek();
        let rest = self.bytes.get(self.at as usize..).unwrap_or_default();
        let stands = rest.starts_with(word);
        if stands {
            self.at += u32::try_from(word.len()).unwrap_or_default();
        }
        stands
    }

    /// Reads a count: digits alone.
    #[inline]
    pub(super) fn count(&mut self) -> Option<u64> {
        self.peek();
        let start = self.at;
        let mut number = 0_u64;
        loop {
            let byte = scan::byte(self.bytes, self.at);
            if !byte.is_ascii_digit() {
                break;
            }
            number = number.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
            self.at += 1;
        }
        let goes_on = matches!(scan::byte(self.bytes, self.at), b'.' | b'e' | b'E');
        (self.at > start && !goes_on).then_some(number)
    }

    /// Goes past a value, and gives its bytes.
    pub(super) fn part(&mut self) -> Read<&'a [u8]> {
        let byte = self.peek();
        let start = self.at;
        match byte {
            b'"' => {
                self.text()?;
            }
            b'{' | b'[' => self.container()?,
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
                while is_of_word(scan::byte(self.bytes, self.at)) {
                    self.at += 1;
                }
            }
            _ => return Err(self.unexpected()),
        }
        Ok(self.bytes.get(start as usize..self.at as usize).unwrap_or_default())
    }

    /// Goes past a container, by its brackets and quotes.
    fn container(&mut self) -> Read<()> {
        let mut depth = 0_u32;
        loop {
            match scan::byte(self.bytes, self.at) {
                b'"' => {
                    self.text()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                    if depth == 0 {
                        return Ok(());
                    }
                }
                b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte if is_of_word(byte) => self.at += 1,
                _ => return Err(self.unexpected()),
            }
        }
    }
}

/// Whether a byte may stand in a number, a bool or null.
#[inline]
const fn is_of_word(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'.' | b'-' | b'+' | b'E')
}
