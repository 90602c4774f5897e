//! A line of JSON, read by whoever knows what stands in it.
//!
//! In:      bytes.
//! Out:     texts, numbers and parts, each byte looked at once; or what is wrong, and where.
//! Imports: `base`, `lang`, `runtime::vm`.
//!
//! What nobody asks for is gone past by its quotes and brackets alone.

use std::borrow::Cow;

use crate::base::hex;
use crate::lang::value::{blocks, scan};
use crate::runtime::record::error::{Fault, RecordError};
use crate::runtime::record::text::unbase;
use crate::runtime::vm::request::reader::Reader;

/// Where a block of a part is not gone past, so many bytes are looked at one by one.
const SINGLE_BYTES: u32 = 64;

/// That a line is wrong: the cursor knows how. It takes no room, so that what is read stays in
/// registers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failed;

/// A result of reading a line.
pub(super) type Read<T> = Result<T, Failed>;

/// A place in a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: u32,
    /// What was found to be wrong.
    error: RecordError,
}

/// The inside of a JSON string, as it is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// The inside of a string that was read before.
    pub(super) const fn of(spelled: &'a [u8]) -> Self {
        Self(spelled)
    }

    /// The text, if it is spelled without escapes.
    #[must_use]
    pub fn plain(self) -> Option<&'a str> {
        if self.is_escaped() { None } else { std::str::from_utf8(self.0).ok() }
    }

    /// The bytes between the quotes.
    #[must_use]
    pub const fn spelled(self) -> &'a [u8] {
        self.0
    }

    fn is_escaped(self) -> bool {
        self.0.contains(&b'\\')
    }

    /// The text, escapes resolved. What no text has, as half of a surrogate pair, is replaced.
    #[must_use]
    pub fn text(self) -> Cow<'a, str> {
        let spelled = String::from_utf8_lossy(self.0);
        if !self.is_escaped() {
            return spelled;
        }
        let mut reader = Reader::new(self.0);
        let mut text = String::with_capacity(spelled.len());
        while !reader.is_at_end() {
            let end = scan::text_end(self.0, reader.at);
            let plain = self.0.get(reader.at as usize..end as usize);
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
        if self.is_escaped() { unbase(self.text().as_bytes()) } else { unbase(self.0) }
    }

    /// Whether it is this text.
    #[must_use]
    pub fn is(self, text: &str) -> bool {
        self.0 == text.as_bytes() || self.is_escaped() && self.text() == text
    }
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, error: RecordError { fault: Fault::Syntax, offset: 0 } }
    }

    /// What was found to be wrong.
    pub(super) const fn found(&self) -> RecordError {
        self.error
    }

    /// That this is wrong, here.
    #[cold]
    pub(super) fn fail(&mut self, fault: Fault) -> Failed {
        self.fail_at(self.at, fault)
    }

    /// That this is wrong, at a place.
    #[cold]
    pub(super) const fn fail_at(&mut self, at: u32, fault: Fault) -> Failed {
        self.error = RecordError { fault, offset: at as usize };
        Failed
    }

    /// That something else was expected here.
    #[cold]
    #[inline(never)]
    pub(super) fn unexpected(&mut self) -> Failed {
        let fault = if self.is_cut() { Fault::Truncated } else { Fault::Syntax };
        self.fail(fault)
    }

    /// Whether what stands here would be right if more of it were there.
    pub(super) fn is_cut(&self) -> bool {
        let rest = self.bytes.get(self.at as usize..).unwrap_or_default();
        let begins = |word: &[u8]| word.len() > rest.len() && word.starts_with(rest);
        let cut_letter = std::str::from_utf8(rest)
            .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none());
        let words: [&[u8]; 4] = [b"true", b"false", b"null", b"\\u"];
        words.into_iter().any(begins) || cut_letter
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
        if self.peek() == close { Err(self.fail(Fault::Syntax)) } else { Ok(true) }
    }

    /// Reads a string.
    #[inline]
    pub(super) fn text(&mut self) -> Read<Text<'a>> {
        let (at, byte) = scan::token(self.bytes, self.at);
        let end = scan::short_end(self.bytes, at + 1);
        if byte != b'"' || scan::byte(self.bytes, end) != b'"' {
            return self.other_text();
        }
        self.at = end + 1;
        Ok(Text(self.bytes.get(at as usize + 1..end as usize).unwrap_or_default()))
    }

    /// Reads a string in which escapes stand, or what is none.
    #[cold]
    #[inline(never)]
    fn other_text(&mut self) -> Read<Text<'a>> {
        if self.peek() != b'"' {
            return Err(self.unexpected());
        }
        let start = self.at as usize + 1;
        self.at = self.string_end(self.at + 1)?;
        let spelled = self.bytes.get(start..self.at as usize).unwrap_or_default();
        self.at += 1;
        Ok(Text(spelled))
    }

    /// The place of the quote that ends a string, from a place in it.
    #[cold]
    #[inline(never)]
    fn string_end(&mut self, mut at: u32) -> Read<u32> {
        loop {
            at = scan::text_end(self.bytes, at);
            match scan::byte(self.bytes, at) {
                b'"' => return Ok(at),
                b'\\' if (at as usize) + 1 < self.bytes.len() => {
                    // What is escaped ends nothing, if it is a quote or a backslash.
                    let next = scan::byte(self.bytes, at + 1);
                    at += if matches!(next, b'"' | b'\\') { 2 } else { 1 };
                }
                _ => {
                    self.at = at;
                    return Err(self.unexpected());
                }
            }
        }
    }

    /// Reads a key and its colon: its bytes, or, where it is spelled with escapes, its text.
    #[inline]
    pub(super) fn key(&mut self) -> Read<Result<&'a [u8], String>> {
        let (at, byte) = scan::token(self.bytes, self.at);
        let end = scan::short_end(self.bytes, at + 1);
        if byte != b'"' || scan::byte(self.bytes, end) != b'"' {
            return self.other_key();
        }
        self.at = end + 1;
        self.expect(b':')?;
        Ok(Ok(self.bytes.get(at as usize + 1..end as usize).unwrap_or_default()))
    }

    #[cold]
    #[inline(never)]
    fn other_key(&mut self) -> Read<Result<&'a [u8], String>> {
        let key = self.other_text()?;
        self.expect(b':')?;
        Ok(Err(key.text().into_owned()))
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

    /// Goes past a comma, unless `first`, a key and a colon, if they stand right here.
    #[inline]
    pub(super) fn goes_past(&mut self, key: &[u8], first: bool) -> bool {
        let key = key.get(usize::from(first)..).unwrap_or_default();
        let rest = self.bytes.get(self.at as usize..).unwrap_or_default();
        let stands = rest.starts_with(key);
        if stands {
            self.at += u32::try_from(key.len()).unwrap_or_default();
        }
        stands
    }

    /// Goes past so many bytes, if they are there, and gives them.
    pub(super) fn past(&mut self, count: usize) -> Option<&'a [u8]> {
        let start = self.at as usize;
        let end = start.checked_add(count)?;
        let part = self.bytes.get(start..end)?;
        self.at = u32::try_from(end).ok()?;
        Some(part)
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

    /// Reads `"sha256:…"` with lower-case digits; `None`, and nothing but white space is read, if
    /// anything else stands here.
    #[inline]
    pub(super) fn digest(&mut self) -> Option<[u8; 32]> {
        const HEAD: u64 = u64::from_le_bytes(*b"\"sha256:");
        self.peek();
        let start = self.at as usize + 8;
        let digits: &[u8; hex::DIGITS] =
            self.bytes.get(start..start + hex::DIGITS)?.try_into().ok()?;
        let behind = scan::byte(self.bytes, self.at + 72);
        if scan::word(self.bytes, self.at) != HEAD || behind != b'"' {
            return None;
        }
        let digest = hex::bytes(digits)?;
        self.at += 73;
        Some(digest)
    }

    /// Goes past a value, and gives its bytes.
    #[inline]
    pub(super) fn part(&mut self) -> Read<&'a [u8]> {
        let byte = self.peek();
        let start = self.at;
        match byte {
            b'"' => {
                self.text()?;
            }
            b'{' | b'[' => self.at = self.container(self.at)?,
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
                while is_of_word(scan::byte(self.bytes, self.at)) {
                    self.at += 1;
                }
            }
            _ => return Err(self.unexpected()),
        }
        Ok(self.bytes.get(start as usize..self.at as usize).unwrap_or_default())
    }

    /// Whether an object begins with the key `$x` anywhere.
    pub(super) fn withholds(&mut self) -> bool {
        loop {
            match self.peek() {
                0 => return false,
                b'"' => {
                    if self.text().is_err() {
                        return false;
                    }
                }
                b'{' => {
                    self.at += 1;
                    let first = if self.peek() == b'"' { self.text().ok() } else { None };
                    if first.is_some_and(|key| key.spelled() == b"$x") {
                        return true;
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    /// The place behind the container that begins at `at`, by its brackets and quotes.
    fn container(&mut self, at: u32) -> Read<u32> {
        let bytes = self.bytes;
        let (mut at, mut depth) = (at + 1, 1);
        if matches!(scan::byte(bytes, at), b'}' | b']') {
            return Ok(at + 1);
        }
        // Where blocks are gone past again.
        let mut next = at;
        loop {
            if at >= next {
                (at, depth) = blocks::past_blocks(bytes, at, depth);
                if depth == 0 {
                    return Ok(at);
                }
                next = at + SINGLE_BYTES;
            }
            let byte = scan::byte(bytes, at);
            match byte {
                b'"' => {
                    let mut end = scan::short_end(bytes, at + 1);
                    if scan::byte(bytes, end) != b'"' {
                        end = self.string_end(end)?;
                    }
                    at = end + 1;
                }
                b'{' | b'[' => {
                    depth += 1;
                    at += 1;
                }
                b'}' | b']' => {
                    depth -= 1;
                    at += 1;
                    if depth == 0 {
                        return Ok(at);
                    }
                }
                b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' => at += 1,
                _ if is_of_word(byte) => at += 1,
                _ => {
                    self.at = at;
                    return Err(self.unexpected());
                }
            }
        }
    }
}

/// Whether a byte may stand in a number, a bool or null.
#[inline]
const fn is_of_word(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'.' | b'-' | b'+' | b'E')
}
