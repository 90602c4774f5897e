//! CEL in the scalars of a YAML document.
//!
//! In:      the tree of a document, and how the scalars that hold CEL are read.
//! Out:     an edit for each of them; everything around them stays, byte for byte.
//! Imports: `base`, `compiler::source`, `compiler::syntax`, `diag`.
//! Source:  YAML 1.2.2, chapters 7 (flow scalars) and 8 (block scalars).
//!
//! A block keeps its header and its indent, so that lines inside of strings stay what they are.
//! Between quotes the words are copied with their escapes. What does not fit on its line becomes a
//! literal block where a block may stand and nothing would be lost by it.

use crate::base::invisible::invisible;
use crate::compiler::format::words::{self, LexedExpression};
use crate::compiler::format::{ExpressionStart, FileLayout, Sites};
use crate::compiler::source::embed::Embedded;
use crate::compiler::syntax::document::scalar::{Style, line_start};
use crate::compiler::syntax::document::site::Reading;
use crate::compiler::syntax::document::template::expressions;
use crate::compiler::syntax::document::yaml::{Node, NodeKind, Scalar};
use crate::diag::diagnostic::Edit;

/// A value and what it stands in.
#[derive(Clone, Copy)]
struct Place<'n> {
    node: &'n Node,
    /// The column of lines of a block in its place; `None` inside of brackets.
    block: Option<usize>,
    /// Where its key ends.
    key_end: Option<u32>,
}

/// The edits of a document.
pub(super) fn edits(root: &Node, sites: &Sites, sheet: &FileLayout<'_>) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut track = Track { source: sheet.source, at: 0, column: 0 };
    let mut work = vec![Place { node: root, block: None, key_end: None }];
    let mut outside = true;
    while let Some(place) = work.pop() {
        match &place.node.kind {
            NodeKind::Scalar(scalar) => {
                let reading = sites.get(&scalar.text.span.start).copied();
                let Some(reading) = reading.filter(|_| !scalar.text.segments.is_empty()) else {
                    continue;
                };
                let found = match reading {
                    Reading::Message => message(sheet, scalar),
                    Reading::Decoded | Reading::Raw => {
                        let column = track.column(place.node.span.start as usize);
                        let raw = reading == Reading::Raw;
                        expression(sheet, scalar, place, raw, column).into_iter().collect()
                    }
                    Reading::Rule => Vec::new(),
                };
                for edit in &found {
                    track.edited(edit);
                }
                edits.extend(found);
            }
            NodeKind::Sequence { items, flow } => {
                let block = block_in(sheet, place, *flow, outside);
                work.extend(items.iter().rev().map(|node| Place { node, block, key_end: None }));
            }
            NodeKind::Mapping { entries, flow } => {
                let block = block_in(sheet, place, *flow, outside);
                work.extend(entries.iter().rev().map(|entry| {
                    let key_end = Some(entry.key.span.end);
                    Place { node: &entry.value, block, key_end }
                }));
            }
            NodeKind::Refused => {}
        }
        outside = false;
    }
    edits
}

/// The column of a block in the list or mapping at `place`.
fn block_in(sheet: &FileLayout<'_>, place: Place<'_>, flow: bool, outside: bool) -> Option<usize> {
    if flow || !(outside || place.block.is_some()) {
        return None;
    }
    let at = place.node.span.start as usize;
    let line = sheet.source.get(line_start(sheet.source, at)..at)?;
    let line = line.strip_prefix('\u{feff}').unwrap_or(line);
    let indents = line.chars().all(|c| matches!(c, ' ' | '-' | '?' | ':'));
    indents.then(|| line.chars().count() + sheet.settings.indent)
}

/// Columns of what is written so far.
struct Track<'s> {
    source: &'s str,
    at: usize,
    column: usize,
}

impl Track<'_> {
    /// The column of byte `at`, from 0.
    fn column(&mut self, at: usize) -> usize {
        let gap = self.source.get(self.at..at).unwrap_or_default();
        self.see(gap);
        self.at = self.at.max(at);
        self.column
    }

    fn edited(&mut self, edit: &Edit) {
        self.column(edit.span.start as usize);
        self.see(&edit.text);
        self.at = edit.span.end as usize;
    }

    fn see(&mut self, text: &str) {
        self.column = match text.rfind(['\n', '\r']) {
            Some(end) => text.get(end + 1..).unwrap_or_default().chars().count(),
            None => self.column + text.chars().count(),
        };
    }
}

/// The bytes of the file that spell a range of a decoded text.
fn spelled<'s>(sheet: &'s FileLayout<'_>, text: &Embedded, start: usize, end: usize) -> &'s str {
    sheet.at(text.span_of(start, end))
}

fn expression(
    sheet: &FileLayout<'_>,
    scalar: &Scalar,
    place: Place<'_>,
    raw: bool,
    column: usize,
) -> Option<Edit> {
    let text =
        if raw { scalar.raw(sheet.source) } else { std::borrow::Cow::Borrowed(&scalar.text) };
    let read = words::read(&text.text)?;
    match scalar.style {
        Style::Literal => block(sheet, scalar, &text, &read, false),
        Style::Folded => block(sheet, scalar, &text, &read, !raw),
        Style::Plain | Style::Single | Style::Double => {
            let flow = Flow { sheet, scalar, place, read: &read, column };
            flow.edit()
        }
    }
}

/// An expression in a block, from its first line to its last. Where line breaks are `folded`,
/// comments and strings that need theirs stay as they are.
fn block(
    sheet: &FileLayout<'_>,
    scalar: &Scalar,
    text: &Embedded,
    read: &LexedExpression,
    folded: bool,
) -> Option<Edit> {
    let decoded = scalar.text.text.as_str();
    let first = decoded.find(|c: char| !c.is_ascii_whitespace())?;
    let start = scalar.text.span_of(first, first + 1).start as usize;
    let line = line_start(sheet.source, start);
    let inside = first - line_start(decoded, first);
    let indent = (start - line).checked_sub(inside)?;
    if sheet.source.get(line..line + indent)?.bytes().any(|byte| byte != b' ') {
        return None;
    }
    let words: Vec<&str> =
        read.words.all.iter().map(|word| spelled(sheet, text, word.start, word.end)).collect();
    let notes: Vec<&str> = read
        .words
        .comments
        .iter()
        .map(|note| spelled(sheet, text, note.range.start, note.range.end))
        .collect();
    if folded && (!notes.is_empty() || words.iter().any(|word| word.contains(['\n', '\r']))) {
        return None;
    }
    let begin = ExpressionStart { column: indent, base: indent, hangs: false, endless: false };
    let written = sheet.write(read, &words, &notes, begin)?;
    let last_word = read.words.all.last().map_or(0, |word| word.end);
    let last_note = read.words.comments.last().map_or(0, |note| note.range.end);
    let last = last_word.max(last_note);
    let end = text.span_of(last.saturating_sub(1), last).end as usize;
    let rest = sheet.source.get(end..)?;
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    sheet.edit(line + indent, end + blanks, written)
}

/// An expression in a plain or quoted scalar.
struct Flow<'a> {
    sheet: &'a FileLayout<'a>,
    scalar: &'a Scalar,
    place: Place<'a>,
    read: &'a LexedExpression,
    /// The column of its first character, or of its quote.
    column: usize,
}

impl Flow<'_> {
    fn edit(&self) -> Option<Edit> {
        let span = self.place.node.span;
        let written = self.sheet.at(span);
        let text = &self.scalar.text;
        let words = self.read.words.all.iter();
        let words: Vec<&str> =
            words.map(|word| spelled(self.sheet, text, word.start, word.end)).collect();
        if words.iter().any(|word| word.contains(['\n', '\r'])) {
            return None;
        }
        let inline = self.inline(&words);
        let (start, end) = (span.start as usize, span.end as usize);
        let width = self.sheet.settings.width;
        let fits = |line: &String| self.column + line.chars().count() <= width;
        if let Some(line) = inline.as_ref().filter(|line| fits(line)) {
            return self.sheet.edit(start, end, line.clone());
        }
        if let Some(edit) = self.block(inline.is_none()) {
            return Some(edit);
        }
        let line = inline.filter(|_| !written.contains(['\n', '\r']))?;
        self.sheet.edit(start, end, line)
    }

    /// On one line, in the style it has, or in quotes where plain text would mean something else;
    /// `None` if comments need lines.
    fn inline(&self, words: &[&str]) -> Option<String> {
        let notes = self.read.words.comments.iter();
        let notes: Vec<&str> = notes
            .map(|note| spelled(self.sheet, &self.scalar.text, note.range.start, note.range.end))
            .collect();
        let begin = ExpressionStart { column: 0, base: 0, hangs: false, endless: true };
        let line = self.sheet.write(self.read, words, &notes, begin)?;
        if line.contains(['\n', '\r']) {
            return None;
        }
        Some(match self.scalar.style {
            Style::Plain if is_plain(&line) => line,
            Style::Plain | Style::Literal | Style::Folded => quoted(&line),
            Style::Single => format!("'{line}'"),
            Style::Double => format!("\"{line}\""),
        })
    }

    /// As a literal block, where one may stand and the text is spelled there as it is; only where
    /// that helps, or where it is `needed`.
    fn block(&self, needed: bool) -> Option<Edit> {
        let text = self.scalar.text.text.as_str();
        let base = self.place.block?;
        let shown = |c: char| matches!(c, '\n' | '\t') || !c.is_control() && invisible(c).is_none();
        if !text.chars().all(shown) {
            return None;
        }
        let words: Vec<&str> = self.read.words.texts(text).collect();
        if words.iter().any(|word| word.contains('\n')) {
            return None;
        }
        let notes: Vec<&str> = self.read.words.notes(text).collect();
        let begin = ExpressionStart { column: base, base, hangs: false, endless: false };
        let body = self.sheet.write(self.read, &words, &notes, begin)?;
        let one = !body.contains('\n');
        if one && !needed && base + body.chars().count() > self.sheet.settings.width {
            return None;
        }
        let source = self.sheet.source;
        let end = self.place.node.span.end as usize;
        let rest = source.get(end..)?;
        let rest = rest.get(..rest.find(['\n', '\r']).unwrap_or(rest.len()))?;
        let behind = rest.trim_start();
        if !behind.is_empty() && (behind.len() == rest.len() || !behind.starts_with('#')) {
            return None;
        }
        let (start, header) = self.header();
        let indent = " ".repeat(base);
        let text = format!("{header}{rest}{}{indent}{body}", self.sheet.newline);
        self.sheet.edit(start, end + rest.len(), text)
    }

    /// Where the header of the block stands, and the header: behind the key, even where the text
    /// began on the next line.
    fn header(&self) -> (usize, &'static str) {
        let start = self.place.node.span.start as usize;
        let colon = self.place.key_end.and_then(|end| {
            let between = self.sheet.source.get(end as usize..start)?;
            let colon = between.find(':')? + 1;
            let gap = between.get(colon..)?;
            (gap.contains(['\n', '\r']) && gap.trim().is_empty()).then_some(end as usize + colon)
        });
        colon.map_or((start, "|-"), |colon| (colon, " |-"))
    }
}

/// Whether YAML reads `line` as it stands; its first character and its brackets were there before.
fn is_plain(line: &str) -> bool {
    !line.contains(": ") && !line.ends_with(':') && !line.contains(" #")
}

/// `line` in quotes that need no escape, or else in single quotes.
fn quoted(line: &str) -> String {
    if line.contains(['"', '\\']) {
        format!("'{}'", line.replace('\'', "''"))
    } else {
        format!("\"{line}\"")
    }
}

/// The expressions in the braces of a message, each on its line.
fn message(sheet: &FileLayout<'_>, scalar: &Scalar) -> Vec<Edit> {
    let whole = &scalar.text;
    let edit = |range: std::ops::Range<usize>| {
        let inner = whole.text.get(range.clone())?;
        let read = words::read(inner)?;
        let span = whole.span_of(range.start, range.end);
        if !read.words.comments.is_empty() || sheet.at(span).contains(['\n', '\r']) {
            return None;
        }
        let spelled = |word: &crate::compiler::syntax::token::Lexeme| {
            spelled(sheet, whole, range.start + word.start, range.start + word.end)
        };
        let words: Vec<&str> = read.words.all.iter().map(spelled).collect();
        let begin = ExpressionStart { column: 0, base: 0, hangs: false, endless: true };
        let mut text = sheet.write(&read, &words, &[], begin)?;
        if text.starts_with('{') {
            // Two braces would be text.
            text = format!(" {text} ");
        }
        if scalar.style == Style::Plain && !is_plain(&text) {
            return None;
        }
        sheet.edit(span.start as usize, span.end as usize, text)
    };
    expressions(&whole.text).into_iter().filter_map(edit).collect()
}
