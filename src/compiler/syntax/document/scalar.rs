//! From the decoded text of a YAML scalar back to the bytes that spell it.
//!
//! In:      the source, the bytes of a scalar, its style, and the value that the parser read.
//! Out:     an `Embedded` whose segments cover the value, or none where the spelling is unclear.
//! Imports: `base`, `compiler::source`.
//! Source:  YAML 1.2.2, chapters 7 (flow scalars) and 8 (block scalars).
//!
//! The value is decoded a second time here, noting where each piece came from. If the result is
//! not what the parser read, the segments are dropped: a coarse span is better than a wrong one.

use std::ops::Range;

use crate::base::span::{FileId, Span};
use crate::compiler::source::embed::{Embedded, Segment};

/// How a scalar is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// `'..'`
    Single,
    /// `".."`
    Double,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// Where a scalar stands: between its quotes, or from the first character to the last.
#[derive(Clone, Debug)]
pub(super) struct Spelling<'a> {
    /// The whole file.
    pub source: &'a str,
    /// The bytes of the scalar, without quotes.
    pub content: Range<usize>,
    /// How it is spelled.
    pub style: Style,
    /// Columns that do not belong to the text; block scalars only.
    pub indent: usize,
}

/// Maps `value`, as the parser read it, to the bytes that spell it.
pub(super) fn embed(file: FileId, spelling: &Spelling<'_>, value: &str) -> Embedded {
    let mut out = Decoded { text: String::with_capacity(value.len()), segments: Vec::new() };
    match spelling.style {
        Style::Plain | Style::Single | Style::Double => flow(spelling, &mut out),
        Style::Literal | Style::Folded => block(spelling, value, &mut out),
    }
    let shown = spelling.source.get(spelling.content.clone()).unwrap_or_default();
    let shown_len = match spelling.style {
        Style::Literal | Style::Folded => shown.trim_end().len(),
        Style::Plain | Style::Single | Style::Double => shown.len(),
    };
    let start = spelling.content.start;
    let span = Span::new(file, narrow(start), narrow(start + shown_len));
    if out.text != value {
        return Embedded { text: value.to_owned(), span, segments: Vec::new() };
    }
    Embedded { text: out.text, span, segments: out.segments }
}

/// Sources are bounded far below 4 GiB.
pub(super) fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// The part `start..end` of the decoded text, with the segments that spell it.
#[must_use]
pub fn part(whole: &Embedded, start: usize, end: usize) -> Embedded {
    let text = whole.text.get(start..end).unwrap_or_default().to_owned();
    let (from, to) = (narrow(start), narrow(end));
    let segments = whole.segments.iter().filter_map(|segment| {
        let begin = segment.decoded.max(from);
        let stop = (segment.decoded + segment.decoded_len).min(to);
        if begin >= stop {
            return None;
        }
        let copy = segment.decoded_len == segment.source_len;
        let skipped = if copy { begin - segment.decoded } else { 0 };
        let source_len = if copy { stop - begin } else { segment.source_len };
        Some(Segment {
            decoded: begin - from,
            decoded_len: stop - begin,
            source: segment.source + skipped,
            source_len,
        })
    });
    let segments = segments.collect();
    Embedded { text, span: whole.span_of(start, end), segments }
}

/// The decoded text so far and where it came from.
struct Decoded {
    text: String,
    segments: Vec<Segment>,
}

impl Decoded {
    /// Appends source bytes as they are.
    fn copy(&mut self, source: &str, range: Range<usize>) {
        let Some(piece) = source.get(range.clone()) else { return };
        if piece.is_empty() {
            return;
        }
        let (from, len) = (narrow(range.start), narrow(piece.len()));
        let decoded = narrow(self.text.len());
        self.text.push_str(piece);
        if let Some(last) = self.segments.last_mut() {
            let follows = last.source + last.source_len == from;
            if last.decoded_len == last.source_len && follows {
                last.decoded_len += len;
                last.source_len += len;
                return;
            }
        }
        self.segments.push(Segment { decoded, decoded_len: len, source: from, source_len: len });
    }

    /// Appends `piece`, which `range` spells in another way.
    fn substitute(&mut self, piece: &str, range: Range<usize>) {
        if piece.is_empty() {
            return;
        }
        self.segments.push(Segment {
            decoded: narrow(self.text.len()),
            decoded_len: narrow(piece.len()),
            source: narrow(range.start),
            source_len: narrow(range.end.saturating_sub(range.start)),
        });
        self.text.push_str(piece);
    }
}

/// Plain and quoted scalars: lines fold, quotes and escapes are resolved.
fn flow(spelling: &Spelling<'_>, out: &mut Decoded) {
    let (source, end) = (spelling.source, spelling.content.end);
    let mut at = spelling.content.start;
    let mut copied = at;
    while let Some(byte) = source.as_bytes().get(at).copied().filter(|_| at < end) {
        let next = match (byte, spelling.style) {
            (b' ' | b'\t' | b'\n' | b'\r', _) => {
                let blank = skip_blanks(source, at, end);
                if blank < end && break_len(source, blank) > 0 {
                    out.copy(source, copied..at);
                    fold(source, at, end, out)
                } else {
                    at = blank;
                    continue;
                }
            }
            (b'\'', Style::Single) => {
                out.copy(source, copied..at);
                out.substitute("'", at..at + 2);
                at + 2
            }
            (b'\\', Style::Double) => {
                out.copy(source, copied..at);
                escape(source, at, end, out)
            }
            _ => {
                at += 1;
                continue;
            }
        };
        at = next;
        copied = next;
    }
    out.copy(source, copied..end);
}

/// The end of the spaces and tabs at `at`.
fn skip_blanks(source: &str, at: usize, end: usize) -> usize {
    let rest = source.as_bytes().get(at..end).unwrap_or_default();
    at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// The length of the line break at `at`; 0 where there is none.
fn break_len(source: &str, at: usize) -> usize {
    match source.as_bytes().get(at..) {
        Some([b'\r', b'\n', ..]) => 2,
        Some([b'\r' | b'\n', ..]) => 1,
        _ => 0,
    }
}

/// Folds the line breaks from `at` (blanks before them included) and returns their end: one is a
/// space, of several all but the first remain.
fn fold(source: &str, at: usize, end: usize, out: &mut Decoded) -> usize {
    let first = skip_blanks(source, at, end);
    let mut next = skip_blanks(source, first + break_len(source, first), end);
    let mut single = true;
    while next < end && break_len(source, next) > 0 {
        let len = break_len(source, next);
        out.substitute("\n", next..next + len);
        next = skip_blanks(source, next + len, end);
        single = false;
    }
    if single {
        out.substitute(" ", at..next);
    }
    next
}

/// Resolves the escape at `at` of a double-quoted scalar and returns its end.
fn escape(source: &str, at: usize, end: usize, out: &mut Decoded) -> usize {
    let len = break_len(source, at + 1);
    if len > 0 {
        let mut next = skip_blanks(source, at + 1 + len, end);
        while next < end && break_len(source, next) > 0 {
            let len = break_len(source, next);
            out.substitute("\n", next..next + len);
            next = skip_blanks(source, next + len, end);
        }
        return next;
    }
    let digits = match source.as_bytes().get(at + 1) {
        Some(b'x') => 2,
        Some(b'u') => 4,
        Some(b'U') => 8,
        Some(byte) => {
            let named = named_escape(*byte);
            out.substitute(named, at..at + 2);
            return at + 2;
        }
        None => return end,
    };
    let mut next = at + 2 + digits;
    let Some(mut code) = hex(source, at + 2, next) else { return next };
    if (0xD800..0xDC00).contains(&code)
        && let Some(low) = hex(source, next + 2, next + 6)
        && (0xDC00..0xE000).contains(&low)
    {
        code = 0x1_0000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        next += 6;
    }
    if let Some(decoded) = char::from_u32(code) {
        out.substitute(decoded.encode_utf8(&mut [0; 4]), at..next);
    }
    next
}

fn hex(source: &str, from: usize, to: usize) -> Option<u32> {
    u32::from_str_radix(source.get(from..to)?, 16).ok()
}

/// What a backslash and this byte stand for; nothing for an escape that YAML does not have.
fn named_escape(byte: u8) -> &'static str {
    match byte {
        b'0' => "\0",
        b'a' => "\u{7}",
        b'b' => "\u{8}",
        b't' | b'\t' => "\t",
        b'n' => "\n",
        b'v' => "\u{b}",
        b'f' => "\u{c}",
        b'r' => "\r",
        b'e' => "\u{1b}",
        b' ' => " ",
        b'"' => "\"",
        b'/' => "/",
        b'\\' => "\\",
        b'N' => "\u{85}",
        b'_' => "\u{a0}",
        b'L' => "\u{2028}",
        b'P' => "\u{2029}",
        _ => "",
    }
}

/// A line of a block scalar: its text without the indent, and its break.
struct Line {
    text: Range<usize>,
    end: Range<usize>,
}

/// Block scalars: the lines without their indent, folded or not.
fn block(spelling: &Spelling<'_>, value: &str, out: &mut Decoded) {
    let source = spelling.source;
    let mut lines = block_lines(spelling);
    let kept = lines.iter().rposition(|line| !line.text.is_empty()).map_or(0, |at| at + 1);
    let trailing = lines.split_off(kept);
    let folded = spelling.style == Style::Folded;
    let starts_blank =
        |line: &Line| matches!(source.as_bytes().get(line.text.start), Some(b' ' | b'\t'));
    let mut before: Option<&Line> = None;
    let mut blanks: Vec<&Line> = Vec::new();
    for line in &lines {
        if line.text.is_empty() {
            blanks.push(line);
            continue;
        }
        if let Some(last) = before {
            let joins = folded && !starts_blank(last) && !starts_blank(line);
            if !joins {
                out.substitute("\n", last.end.clone());
            } else if blanks.is_empty() {
                out.substitute(" ", last.end.start..line.text.start);
            }
        }
        for blank in blanks.drain(..) {
            out.substitute("\n", blank.end.clone());
        }
        out.copy(source, line.text.clone());
        before = Some(line);
    }
    // How many of the last breaks count is said in the header; the value tells it as well.
    let wanted = value.len() - value.trim_end_matches('\n').len();
    let last = spelling.content.end..spelling.content.end;
    let ends = before.into_iter().chain(&trailing).map(|line| line.end.clone());
    for end in ends.chain(std::iter::repeat(last)).take(wanted) {
        out.substitute("\n", end);
    }
}

/// The lines of a block scalar from the one below its header.
fn block_lines(spelling: &Spelling<'_>) -> Vec<Line> {
    let (source, indent) = (spelling.source, spelling.indent);
    let mut at = first_line(source, spelling.content.start);
    let mut lines = Vec::new();
    while at < spelling.content.end {
        let rest = source.get(at..spelling.content.end).unwrap_or_default();
        let len = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let spaces = rest.bytes().take_while(|byte| *byte == b' ').count();
        let text = at + spaces.min(indent).min(len)..at + len;
        let end = at + len..at + len + break_len(source, at + len);
        at = end.end.max(at + 1);
        lines.push(Line { text, end });
    }
    lines
}

/// The start of the first line below the header: blank lines before `content` belong to the text.
fn first_line(source: &str, content: usize) -> usize {
    let mut start = line_start(source, content);
    loop {
        let before = start - break_before(source, start);
        let previous = line_start(source, before);
        let blank =
            source.get(previous..before).is_some_and(|line| line.bytes().all(|byte| byte == b' '));
        if previous == start || !blank {
            return start;
        }
        start = previous;
    }
}

/// The start of the line that holds `at`.
pub(crate) fn line_start(source: &str, at: usize) -> usize {
    let before = source.get(..at).unwrap_or_default();
    before.rfind(['\n', '\r']).map_or(0, |place| place + 1)
}

/// The length of the line break that ends at `at`; 0 where there is none.
fn break_before(source: &str, at: usize) -> usize {
    match source.as_bytes().get(..at) {
        Some([.., b'\r', b'\n']) => 2,
        Some([.., b'\r' | b'\n']) => 1,
        _ => 0,
    }
}
