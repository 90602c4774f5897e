//! Where YAML stops reading: a tab, an expression that YAML took apart, or plain bad YAML.
//!
//! In:      the source and the place where the parser of YAML gave up.
//! Out:     the fact that is most useful to the author.
//! Imports: `base`.
//!
//! An expression is known by its key, as in `when: "a" == b`: the rest of the line is what the
//! author meant, and quoting it is the cure.

use std::ops::Range;

use granit_parser::ErrorKind;

use crate::base::limits::YAML_DEPTH_MAX;
use crate::base::span::{FileId, Span};
use crate::compiler::syntax::document::error::{Cause, DocumentError, Feature, Limit, Replacement};
use crate::compiler::syntax::document::scalar::{line_start, narrow};

/// Keys whose values are expressions.
const EXPRESSION_KEYS: [&str; 5] = ["when", "condition", "expression", "output", "explanation"];

/// Keys whose values are messages, with expressions in braces.
const MESSAGE_KEYS: [&str; 3] = ["deny", "allow", "reason"];

/// How much further right than a key its lines begin.
const INDENT: usize = 2;

/// Longest line in which an expression is looked for.
const LINE_BYTES_MAX: usize = 4_096;

/// Most lines in quotes that are looked at.
const QUOTED_LINES_MAX: usize = 50;

/// Most lines between a variable and the key `variables`.
const VARIABLES_ABOVE_MAX: usize = 200;

/// An expression as it is written behind its key.
struct WrittenExpression {
    value: Range<usize>,
    flow: bool,
}

/// The finding for a tag at `at`, if it stands where an expression was meant.
pub(super) fn at_tag(file: FileId, source: &str, at: usize) -> Option<DocumentError> {
    let written = written_around(source, at)?;
    let names_a_type = is_type_tag(source.get(written.value.clone())?);
    (written.value.start == at && !names_a_type).then(|| {
        let span = Span::new(file, narrow(at), narrow(at + 1));
        let cure = Some(quoting(file, source, &written.value));
        DocumentError::ReadFirst { at: span, cause: Cause::Tag, cure }
    })
}

/// Whether a value begins with a tag of YAML that names a type, as `!!str`, and its value follows.
fn is_type_tag(value: &str) -> bool {
    let Some((tag, _)) = value.strip_prefix("!!").and_then(|rest| rest.split_once(' ')) else {
        return false;
    };
    matches!(tag, "str" | "bool" | "int" | "float" | "null" | "map" | "seq" | "binary")
}

/// The finding for the place `at`, where the parser gave up because of `kind`.
pub(super) fn refused(file: FileId, source: &str, at: usize, kind: &ErrorKind) -> DocumentError {
    if let Some(found) = tab(file, source, at, kind) {
        return found;
    }
    if let Some(found) = outdented(file, source, at, kind) {
        return found;
    }
    let found = unclosed(file, source, at)
        .or_else(|| misplaced(file, source, at))
        .or_else(|| expression(file, source, at, kind));
    if let Some(found) = found {
        return found;
    }
    let mut at = at.min(source.len());
    if *kind == ErrorKind::InvalidQuotedScalarIndent {
        // The parser stops at the next key; the last quote before it is the one to close.
        at = source.get(..at).and_then(|before| before.rfind(['"', '\''])).unwrap_or(at);
    }
    let rest = source.get(at..).unwrap_or_default();
    let len = rest.chars().next().filter(|first| !first.is_control()).map_or(0, char::len_utf8);
    let span = Span::new(file, narrow(at), narrow(at + len));
    if *kind == ErrorKind::RecursionLimitExceeded {
        return DocumentError::Beyond { at: span, limit: Limit::Depth(YAML_DEPTH_MAX) };
    }
    if *kind == ErrorKind::DirectiveDisallowed {
        return DocumentError::Feature { at: span, feature: Feature::Directive };
    }
    let (words, label, help) = words(kind);
    DocumentError::NotYaml { at: span, words, label, help }
}

/// The finding for a line inside quotes, closed further down, that is indented too little.
fn outdented(file: FileId, source: &str, at: usize, kind: &ErrorKind) -> Option<DocumentError> {
    if !matches!(kind, ErrorKind::InvalidQuotedScalarIndent | ErrorKind::UnclosedQuotedScalar) {
        return None;
    }
    let mut inside = Vec::new();
    let mut next = line_around(source, at.min(source.len()))?;
    let quote = loop {
        if let Some(quote) = left_open(next.1) {
            break quote;
        }
        inside.push(next);
        let above = next.0.checked_sub(1).filter(|_| inside.len() < QUOTED_LINES_MAX)?;
        next = line_around(source, above)?;
    };
    inside.reverse();
    let closing = inside.iter().position(|(_, line)| line.contains(quote))?;
    let inside = inside.get(..=closing)?;
    let is_key = |line: &str| line.split(quote).next().is_some_and(|text| text.contains(": "));
    if inside.iter().any(|(_, line)| is_key(line)) {
        return None;
    }
    let key = indent_around(source, inside.first()?.0);
    let indent = |line: &str| line.len() - line.trim_start().len();
    let short = inside.iter().find(|(_, it)| !it.trim().is_empty() && indent(it) <= key);
    let (start, line) = short?;
    let (from, to) = (start + indent(line), start + line.trim_end().len());
    let at = Span::new(file, narrow(from), narrow(to));
    let words = "a line inside quotes is indented too little".to_owned();
    let help = Some("begin it further right than the key, or put the text below `|-`");
    Some(DocumentError::NotYaml { at, words, label: "the quotes are still open here", help })
}

/// The quote that a value opens on its line and does not close there.
fn left_open(line: &str) -> Option<char> {
    let (_, value) = line.split_once(": ")?;
    let value = value.trim_start();
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    (value.matches(quote).count() % 2 == 1).then_some(quote)
}

/// What went wrong, in words; what stands at the place; one next step.
fn words(kind: &ErrorKind) -> (String, &'static str, Option<&'static str>) {
    use ErrorKind as E;
    let (words, label, help) =
        if matches!(kind, E::UnclosedQuotedScalar | E::InvalidQuotedScalarIndent) {
            ("a quote is never closed", "opened here", Some("add the closing quote"))
        } else if matches!(
            kind,
            E::UnclosedFlowCollection { .. }
                | E::UnexpectedEofFlowSequence
                | E::UnexpectedEofFlowMapping
        ) {
            ("a bracket is never closed", "still open here", Some("add the closing bracket"))
        } else if matches!(
            kind,
            E::MismatchedFlowCollectionEnd { .. } | E::MisplacedFlowCollectionEnd
        ) {
            ("a bracket closes nothing", "not opened", Some("remove it, or open it before"))
        } else if matches!(kind, E::ExpectedFlowMappingSeparator | E::ExpectedFlowSequenceSeparator)
        {
            (
                "`,` or a closing bracket was expected",
                "found this",
                Some("quote the text before it"),
            )
        } else if matches!(kind, E::MappingValueNotAllowed | E::InvalidColonPlacement) {
            ("`:` cannot stand here", "a second value", Some("quote the text, or start a new line"))
        } else if is_indent(kind) {
            (
                "this line is not indented as the lines around",
                "not a key of the mapping above",
                Some("keys of one mapping start in one column"),
            )
        } else if matches!(kind, E::SimpleKeyExpected | E::InvalidSimpleKey) {
            ("a key without `:`", "`:` was expected behind it", None)
        } else if matches!(
            kind,
            E::InvalidTrailingDoubleQuotedScalar | E::InvalidTrailingSingleQuotedScalar
        ) {
            ("text follows a closing quote", "behind the quote", Some("quote the whole text"))
        } else if is_escape(kind) {
            (
                "an escape that YAML does not have",
                "this escape",
                Some("in single quotes a backslash is a backslash"),
            )
        } else if matches!(kind, E::BomInsideDocument) {
            (
                "a byte order mark stands inside the file",
                "an invisible character",
                Some("delete it"),
            )
        } else if matches!(kind, E::ExpectedDocumentStart) {
            ("something follows behind the document", "not part of it", Some("remove it"))
        } else if matches!(kind, E::UnexpectedCharacter { .. } | E::ExpectedNodeContent) {
            ("YAML cannot start a value like this", "not a value", Some("quote it if it is text"))
        } else {
            return (format!("this is not YAML: {kind}"), "YAML stops here", None);
        };
    (words.to_owned(), label, help)
}

/// A line that stands in the wrong column.
fn is_indent(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::InvalidIndentation
            | ErrorKind::ExpectedBlockMappingKey
            | ErrorKind::ExpectedBlockSequenceEntry
            | ErrorKind::MappingKeyNotAllowed
    )
}

/// An escape between double quotes that means nothing.
fn is_escape(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnknownQuotedScalarEscape
            | ErrorKind::InvalidQuotedScalarHexEscape
            | ErrorKind::InvalidUnicodeEscape
            | ErrorKind::UnpairedLowSurrogate
            | ErrorKind::MissingLowSurrogate
            | ErrorKind::InvalidLowSurrogate
            | ErrorKind::InvalidLowSurrogateHexEscape
    )
}

/// A tab in the indent of the line at `at` or of the next.
fn tab(file: FileId, source: &str, at: usize, kind: &ErrorKind) -> Option<DocumentError> {
    let tabs = matches!(
        kind,
        ErrorKind::TabInPlainScalar
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabNotAllowed
            | ErrorKind::TabInIndentation
            | ErrorKind::TabAtBlockScalarStart
            | ErrorKind::InvalidIndentation
            | ErrorKind::ExpectedBlockMappingKey
            | ErrorKind::UnexpectedCharacter { .. }
    );
    if !tabs {
        return None;
    }
    let first = line_start(source, at.min(source.len()));
    let mut start = first;
    for line in source.get(first..)?.split_inclusive('\n').take(2) {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        if line.get(..indent).is_some_and(|blank| blank.contains('\t')) {
            // What a key opens is indented more than the key.
            let above = source.get(..start).unwrap_or_default().trim_end();
            let opens = above.ends_with([':', '|', '>', '-']);
            let span = Span::new(file, narrow(start), narrow(start + indent));
            return Some(DocumentError::TabIndent {
                at: span,
                spaces: indent_around(source, start) + if opens { INDENT } else { 0 },
            });
        }
        start += line.len();
    }
    None
}

/// The column at which the keys of the line before `start` begin.
fn indent_around(source: &str, start: usize) -> usize {
    let before = source.get(..start).unwrap_or_default();
    let line = before.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let text = line.trim_start();
    let mut column = line.len() - text.len();
    let mut rest = text;
    while let Some(item) = rest.strip_prefix("- ") {
        let trimmed = item.trim_start();
        column += rest.len() - trimmed.len();
        rest = trimmed;
    }
    column
}

/// The finding where a text that YAML quotes is not closed on its line.
fn unclosed(file: FileId, source: &str, at: usize) -> Option<DocumentError> {
    let start = written_around(source, at)?.value.start;
    let line = source.get(start..)?.lines().next()?;
    let quote = line.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    if line.chars().skip(1).any(|letter| letter == quote) {
        return None;
    }
    let (words, label, help) = words(&ErrorKind::UnclosedQuotedScalar);
    let at = Span::new(file, narrow(start), narrow(start + 1));
    Some(DocumentError::NotYaml { at, words, label, help })
}

/// The finding where the parser stopped behind an expression that is in quotes as a whole: the key
/// on the next line stands in no column of the keys above.
fn misplaced(file: FileId, source: &str, at: usize) -> Option<DocumentError> {
    let written = written_around(source, at)?;
    let end = written.value.end;
    if written.flow || at < end || !is_quoted(source.get(written.value.clone())?) {
        return None;
    }
    let next = end + source.get(end..)?.find('\n')? + 1;
    let (start, line) = line_around(source, next)?;
    let text = line.trim();
    let (key, _) = text.split_once(':')?;
    let from = start + (line.len() - line.trim_start().len());
    if key.is_empty() || key.contains(['"', '\'', '#']) || at > from + key.len() {
        return None;
    }
    let (words, label, help) = words(&ErrorKind::InvalidIndentation);
    let at = Span::new(file, narrow(from), narrow(from + key.len()));
    Some(DocumentError::NotYaml { at, words, label, help })
}

/// Whether the text is one string in quotes, as YAML reads it.
fn is_quoted(text: &str) -> bool {
    let Some(quote) = text.chars().next().filter(|first| matches!(first, '"' | '\'')) else {
        return false;
    };
    let inside = text.strip_prefix(quote).unwrap_or_default();
    let (mut letters, mut open) = (inside.chars(), true);
    while let Some(letter) = letters.next() {
        match letter {
            _ if !open && letter != quote => return false,
            '\\' if quote == '"' => drop(letters.next()),
            // Two single quotes are a letter.
            _ if letter == quote => open = quote == '\'' && !open,
            _ => {}
        }
    }
    !open
}

/// The finding where the parser stopped inside an expression.
fn expression(file: FileId, source: &str, at: usize, kind: &ErrorKind) -> Option<DocumentError> {
    let written = written_around(source, at)?;
    let value = source.get(written.value.clone())?;
    let start = written.value.start;
    let (place, cause) = match value.bytes().next()? {
        b'!' => (start, Cause::Tag),
        b'"' | b'\'' if is_quoted(value) => {
            // Behind a comma it is another value that is to blame.
            let behind = source.get(written.value.end..)?.trim_start();
            let ends = written.flow && behind.starts_with(',');
            return if ends { None } else { stray_key(file, source, &written) };
        }
        b'"' | b'\'' if *kind != ErrorKind::UnclosedQuotedScalar => (start, Cause::Quote),
        b'[' => (start, Cause::List),
        b'{' => (start, Cause::Mapping),
        b'"' | b'\'' => return None,
        _ => {
            let colon = value.find(": ").map(|place| start + place);
            match colon.filter(|place| *place <= at + 1) {
                Some(place) => (place, Cause::Colon),
                None if written.flow && written.value.contains(&at) => (at, Cause::Flow),
                None => return None,
            }
        }
    };
    let span = Span::new(file, narrow(place), narrow(place + 1));
    let cure = Some(quoting(file, source, &written.value));
    Some(DocumentError::ReadFirst { at: span, cause, cure })
}

/// The finding where the value of a key is right, so that the key stands where none can.
fn stray_key(file: FileId, source: &str, written: &WrittenExpression) -> Option<DocumentError> {
    let before = source.get(..written.value.start)?.trim_end().strip_suffix(':')?;
    let key =
        before.rsplit(|letter: char| letter.is_whitespace() || "{,".contains(letter)).next()?;
    let at = Span::new(file, narrow(before.len() - key.len()), narrow(before.len()));
    if written.flow {
        let words = format!("a `,` is missing in front of `{key}`");
        let (label, help) = ("a key of its own", Some("put `,` behind the value before it"));
        return Some(DocumentError::NotYaml { at, words, label, help });
    }
    let (words, label, help) = words(&ErrorKind::InvalidIndentation);
    Some(DocumentError::NotYaml { at, words, label, help })
}

/// The line that holds `at`, and where it starts; `None` where it is too long to be a hand's.
fn line_around(source: &str, at: usize) -> Option<(usize, &str)> {
    let bytes = source.as_bytes();
    let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let before = bytes.get(at.saturating_sub(LINE_BYTES_MAX)..at)?;
    let start = match before.iter().rposition(is_break) {
        Some(place) => at - before.len() + place + 1,
        None if before.len() == at => 0,
        None => return None,
    };
    let behind = bytes.get(at..)?;
    let behind = behind.get(..LINE_BYTES_MAX).unwrap_or(behind);
    let end = match behind.iter().position(is_break) {
        Some(place) => at + place,
        None if behind.len() < LINE_BYTES_MAX => source.len(),
        None => return None,
    };
    Some((start, source.get(start..end)?))
}

/// The expression on the line of `at`, or on the line before if nothing stands before `at`.
fn written_around(source: &str, at: usize) -> Option<WrittenExpression> {
    let at = at.min(source.len());
    let (start, line) = line_around(source, at)?;
    let here = written_on(source, start, line, at);
    let blank = line.get(..at - start)?.trim().is_empty();
    if here.is_some() || !blank || start == 0 {
        return here;
    }
    let (previous, line) = line_around(source, start - 1)?;
    written_on(source, previous, line, start - 1)
}

/// The last expression on `line`, which starts at `start`, whose key stands before `at`.
fn written_on(source: &str, start: usize, line: &str, at: usize) -> Option<WrittenExpression> {
    let mut found = None;
    for (colon, _) in line.match_indices(": ") {
        let before = line.get(..colon)?;
        let key = before.rsplit([' ', '\t', ',', '{', '-']).next()?;
        let known = is_text_of_cel(key) || is_variable(source, start, before);
        if start + colon <= at && known {
            found = Some((colon, before));
        }
    }
    let (colon, before) = found?;
    let behind = line.get(colon + 1..)?;
    let value = colon + 1 + (behind.len() - behind.trim_start().len());
    let flow = before.matches('{').count() > before.matches('}').count();
    let text = line.get(value..)?;
    let len = if flow { flow_len(text) } else { block_len(text) };
    let value = start + value..start + value + len;
    (len > 0).then_some(WrittenExpression { value, flow })
}

/// Whether `before` is `- name` in a list below `variables:`.
fn is_variable(source: &str, start: usize, before: &str) -> bool {
    let Some(name) = before.trim_start().strip_prefix("- ") else { return false };
    let named = name.trim().chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    let indent = before.len() - before.trim_start().len();
    let above = source.get(..start).unwrap_or_default().lines().rev();
    let parent = above
        .take(VARIABLES_ABOVE_MAX)
        .map(|line| (line.len() - line.trim_start().len(), line.trim()))
        .find(|(column, text)| !text.is_empty() && !text.starts_with("- ") && *column <= indent);
    named && parent.is_some_and(|(_, text)| text == "variables:")
}

/// The length of an expression that runs to the end of its line, a comment aside.
fn block_len(text: &str) -> usize {
    let mut quotes = Quotes::default();
    for (at, letter) in text.char_indices() {
        let comment = letter == '#' && text.get(..at).is_some_and(|it| it.ends_with([' ', '\t']));
        if comment && !quotes.open() {
            return text.get(..at).unwrap_or_default().trim_end().len();
        }
        quotes.step(letter);
    }
    text.trim_end().len()
}

/// The length of an expression inside `{..}`: up to the brace, or the comma before the next key.
fn flow_len(text: &str) -> usize {
    let mut quotes = Quotes::default();
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        if !quotes.open() {
            match letter {
                '(' | '[' | '{' => depth += 1,
                '}' | ',' if depth == 0 => {
                    return text.get(..at).unwrap_or_default().trim_end().len();
                }
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        quotes.step(letter);
    }
    text.trim_end().len()
}

/// Whether a place stands inside a string of CEL.
#[derive(Default)]
struct Quotes {
    quote: Option<char>,
    escaped: bool,
}

impl Quotes {
    const fn open(&self) -> bool {
        self.quote.is_some()
    }

    fn step(&mut self, letter: char) {
        match self.quote {
            Some(_) if self.escaped => self.escaped = false,
            Some(_) if letter == '\\' => self.escaped = true,
            Some(quote) if letter == quote => self.quote = None,
            None if matches!(letter, '"' | '\'') => self.quote = Some(letter),
            Some(_) | None => {}
        }
    }
}

/// Whether the value of `key` holds CEL.
fn is_text_of_cel(key: &str) -> bool {
    EXPRESSION_KEYS.contains(&key) || MESSAGE_KEYS.contains(&key)
}

/// Whether `text`, the plain value of `key`, breaks off inside a string or a bracket of CEL.
pub(super) fn breaks_off(key: &str, text: &str) -> bool {
    if MESSAGE_KEYS.contains(&key) {
        return text.matches('{').count() > text.matches('}').count();
    }
    EXPRESSION_KEYS.contains(&key) && is_open(text)
}

/// Whether a string or a bracket is open at the end of `text`.
fn is_open(text: &str) -> bool {
    let mut quotes = Quotes::default();
    let mut depth = 0_i64;
    for letter in text.chars() {
        if !quotes.open() {
            match letter {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                _ => {}
            }
        }
        quotes.step(letter);
    }
    quotes.open() || depth > 0
}

/// The finding for a plain scalar that stands at `value`, breaks off, and was cut short by YAML.
pub(super) fn cut_short(file: FileId, source: &str, value: Range<usize>) -> Option<DocumentError> {
    let behind = source.get(value.end..)?;
    let gap = behind.len() - behind.trim_start_matches([' ', '\t']).len();
    let place = value.end + gap;
    let cause = match behind.get(gap..)?.chars().next()? {
        '#' => Cause::Comment,
        ',' | ']' | '}' => Cause::Flow,
        _ => return None,
    };
    let around = line_around(source, value.start);
    let cure = around.and_then(|(start, line)| {
        let written = written_on(source, start, line, value.start)?;
        let whole =
            if written.flow { written.value } else { value.start..start + line.trim_end().len() };
        (whole.start == value.start).then(|| quoting(file, source, &whole))
    });
    let span = Span::new(file, narrow(place), narrow(place + 1));
    Some(DocumentError::ReadFirst { at: span, cause, cure })
}

/// The cure that quotes `value`: in double quotes if it needs no escape in them.
pub(super) fn quoting(file: FileId, source: &str, value: &Range<usize>) -> Replacement {
    let text = source.get(value.clone()).unwrap_or_default();
    let text = without_quotes(text).unwrap_or(text);
    let text = if text.contains(['"', '\\']) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        format!("\"{text}\"")
    };
    let span = Span::new(file, narrow(value.start), narrow(value.end));
    Replacement { title: "quote the whole expression".to_owned(), span, text }
}

/// What is written between quotes that somebody put around an expression with quotes of its own,
/// as in `"a == "b""`: a text of CEL has no word right behind it, but for `in`.
fn without_quotes(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let inside = text.strip_prefix(quote)?.strip_suffix(quote)?;
    let first = inside.find(quote)?;
    let behind = inside.get(first + 1..)?.trim_start();
    let word = behind.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()?;
    let follows = behind.starts_with(quote) || !word.is_empty();
    (follows && word != "in").then_some(inside)
}

/// The cure that keeps the lines of the folded block at `block`, whose header stands above it.
pub(super) fn unfolding(file: FileId, source: &str, block: Span) -> Option<Replacement> {
    let above = source.get(..block.start as usize)?.trim_end();
    let (start, header) = line_around(source, above.len().checked_sub(1)?)?;
    let mut signs = header.match_indices('>').map(|(place, _)| start + place);
    let sign = signs.next().filter(|_| signs.next().is_none())?;
    let span = Span::new(file, narrow(sign), narrow(sign + 1));
    Some(Replacement { title: "keep the lines as they are".to_owned(), span, text: "|".to_owned() })
}
