//! JSON, piece by piece: white space, strings, literals, values that nobody reads.
//!
//! In:      bytes, at most `CONTEXT_BYTES_MAX`.
//! Out:     tokens with their places; everything is checked, also in what is skipped.
//! Imports: `base`, `lang`.

use crate::base::limits::{CONTEXT_BYTES_MAX, CONTEXT_DEPTH_MAX, CONTEXT_NODES_MAX};
use crate::lang::value::scan;
use crate::runtime::vm::request::error::InputKind;
use crate::runtime::vm::request::number;

/// A result of reading; the place of a failure is where the reader stands.
pub(in crate::runtime) type Read<T> = Result<T, InputKind>;

const _: () = assert!(CONTEXT_DEPTH_MAX <= 64, "skipping keeps one bit a level");

/// A place in JSON.
#[derive(Debug)]
pub(in crate::runtime) struct Reader<'a> {
    pub(in crate::runtime) bytes: &'a [u8],
    pub(in crate::runtime) at: u32,
    /// Values read or skipped.
    pub(in crate::runtime) values: usize,
}

/// The inside of a string. Eight bytes, so that it stays in a register.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Text {
    /// Where it starts.
    pub(in crate::runtime) start: u32,
    /// Its length; the highest bit tells whether it holds escapes.
    len: u32,
}

const ESCAPED: u32 = 1 << 31;
const _: () = assert!(CONTEXT_BYTES_MAX < ESCAPED as usize, "a length leaves a bit");

impl Text {
    #[inline]
    const fn new(start: u32, end: u32) -> Self {
        Self { start, len: end - start }
    }

    /// It without its first byte, which is there.
    pub(in crate::runtime) const fn behind_first(self) -> Self {
        Self { start: self.start + 1, len: self.len - 1 }
    }

    /// Whether it holds escapes.
    #[inline]
    pub(in crate::runtime) const fn is_escaped(self) -> bool {
        self.len & ESCAPED != 0
    }
}

impl<'a> Reader<'a> {
    pub(in crate::runtime) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, values: 0 }
    }

    /// The byte that comes, zero at the end; JSON has none outside strings.
    #[inline]
    pub(in crate::runtime) fn byte(&self) -> u8 {
        scan::byte(self.bytes, self.at)
    }

    /// Whether nothing is left.
    #[inline]
    pub(in crate::runtime) const fn is_at_end(&self) -> bool {
        self.at as usize >= self.bytes.len()
    }

    /// The first byte behind white space.
    #[inline]
    pub(in crate::runtime) fn peek(&mut self) -> u8 {
        self.at = scan::behind_space(self.bytes, self.at);
        self.byte()
    }

    /// Why the byte that stands here cannot stand here.
    pub(in crate::runtime) fn unexpected(&self) -> InputKind {
        if self.is_at_end() { InputKind::Truncated } else { InputKind::Syntax }
    }

    /// Goes past `byte`.
    #[inline]
    pub(in crate::runtime) fn expect(&mut self, byte: u8) -> Read<()> {
        if self.peek() == byte {
            self.at += 1;
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    /// Goes on to the next member or item of a container that ends with `close`; false at its
    /// end, which it goes past.
    #[inline]
    pub(in crate::runtime) fn more(&mut self, first: bool, close: u8) -> Read<bool> {
        let byte = self.peek();
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
        if self.peek() == close { Err(InputKind::Syntax) } else { Ok(true) }
    }

    /// Counts a value.
    #[inline]
    pub(in crate::runtime) fn count(&mut self) -> Read<()> {
        self.values += 1;
        if self.values > CONTEXT_NODES_MAX { Err(InputKind::TooManyValues) } else { Ok(()) }
    }

    /// Reads `true`, `false` or `null`.
    #[inline]
    pub(in crate::runtime) fn word(&mut self, word: &[u8]) -> Read<()> {
        for byte in word {
            if self.byte() != *byte {
                return Err(self.unexpected());
            }
            self.at += 1;
        }
        Ok(())
    }

    /// Reads a string: the reader stands on its opening quote.
    #[inline]
    pub(in crate::runtime) fn string(&mut self) -> Read<Text> {
        if self.byte() != b'"' {
            return Err(self.unexpected());
        }
        let start = self.at + 1;
        let end = scan::short_end(self.bytes, start);
        if scan::byte(self.bytes, end) != b'"' {
            return self.string_with_escapes(start, end);
        }
        self.at = end + 1;
        Ok(Text::new(start, end))
    }

    /// Reads on from `end`, where the first escape of a string stands, or what does not belong
    /// into one.
    #[cold]
    #[inline(never)]
    fn string_with_escapes(&mut self, start: u32, end: u32) -> Read<Text> {
        self.at = end;
        loop {
            match self.byte() {
                b'"' => break,
                b'\\' => {
                    self.escape()?;
                }
                0x80.. => return Err(InputKind::NotUtf8),
                _ if self.is_at_end() => return Err(InputKind::Truncated),
                _ => return Err(InputKind::Control),
            }
            self.at = scan::text_end(self.bytes, self.at);
        }
        let text = Text::new(start, self.at);
        self.at += 1;
        Ok(Text { len: text.len | ESCAPED, ..text })
    }

    /// Reads one escape and returns its character: the reader stands on the backslash.
    pub(in crate::runtime) fn escape(&mut self) -> Read<char> {
        let start = self.at;
        self.at += 1;
        let simple = match self.byte() {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(start),
            _ if self.is_at_end() => return Err(InputKind::Truncated),
            _ => return Err(InputKind::Escape),
        };
        self.at += 1;
        Ok(simple)
    }

    fn unicode(&mut self, start: u32) -> Read<char> {
        self.at += 1;
        let first = self.hex()?;
        let mut code = first;
        if (0xD800..0xDC00).contains(&first) && self.byte() == b'\\' {
            self.at += 1;
            if self.byte() == b'u' {
                self.at += 1;
                let second = self.hex()?;
                if (0xDC00..0xE000).contains(&second) {
                    code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                }
            }
        }
        char::from_u32(code).ok_or_else(|| {
            self.at = start;
            InputKind::Surrogate
        })
    }

    fn hex(&mut self) -> Read<u32> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = char::from(self.byte()).to_digit(16);
            let truncated = self.is_at_end();
            let missing = if truncated { InputKind::Truncated } else { InputKind::Escape };
            code = code << 4 | digit.ok_or(missing)?;
            self.at += 1;
        }
        Ok(code)
    }

    /// Goes past a value that nobody reads; `depth` containers are open around it.
    pub(in crate::runtime) fn skip(&mut self, depth: usize) -> Read<()> {
        // One bit a level: whether it is an object. The lowest is the innermost.
        let mut objects = 0_u64;
        let mut open = 0_usize;
        loop {
            self.count()?;
            match self.peek() {
                b'"' => {
                    self.string()?;
                }
                byte @ (b'{' | b'[') => {
                    if depth + open >= CONTEXT_DEPTH_MAX {
                        return Err(InputKind::TooDeep);
                    }
                    self.at += 1;
                    let object = byte == b'{';
                    if self.more(true, if object { b'}' } else { b']' })? {
                        objects = objects << 1 | u64::from(object);
                        open += 1;
                        if object {
                            self.key()?;
                        }
                        continue;
                    }
                }
                b't' => self.word(b"true")?,
                b'f' => self.word(b"false")?,
                b'n' => self.word(b"null")?,
                b'-' | b'0'..=b'9' => match number::plain_end(self.bytes, self.at) {
                    Some(end) => self.at = end,
                    None => drop(self.number()?),
                },
                _ => return Err(self.unexpected()),
            }
            loop {
                if open == 0 {
                    return Ok(());
                }
                let object = objects & 1 == 1;
                if self.more(false, if object { b'}' } else { b']' })? {
                    if object {
                        self.key()?;
                    }
                    break;
                }
                objects >>= 1;
                open -= 1;
            }
        }
    }

    /// Reads a key and its colon.
    #[expect(clippy::inline_always, reason = "half of a context is short strings")]
    #[inline(always)]
    pub(in crate::runtime) fn key(&mut self) -> Read<Text> {
        self.peek();
        let key = self.string()?;
        self.expect(b':')?;
        Ok(key)
    }

    /// The bytes of a text, escapes as they are.
    #[inline]
    pub(in crate::runtime) fn slice(&self, text: Text) -> &'a [u8] {
        let start = text.start as usize;
        self.bytes.get(start..start + (text.len & !ESCAPED) as usize).unwrap_or_default()
    }
}
