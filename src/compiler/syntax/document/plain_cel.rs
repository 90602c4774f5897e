//! Plain `.cel` files: one rule after the other, described by the comments above them.
//!
//! In:      the text of a file.
//! Out:     `PolicyDocument`.
//! Imports: `base`, `compiler::source`, `diag`.
//!
//! A rule starts on an unindented line that does not begin with an operator; further lines are
//! indented or begin with one. A comment directly above a rule describes it; one with a blank line
//! below it belongs to the file, unless it holds tags of a rule.

use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::source::embed::Embedded;
use crate::compiler::syntax::document::error::DocumentError;
use crate::compiler::syntax::document::model::{
    Form, PolicyDocument, Rule, RuleBody, SchemaSource,
};
use crate::compiler::syntax::document::policy::duplicates;
use crate::compiler::syntax::document::reader::Reader;
use crate::compiler::syntax::document::rule::Ids;
use crate::compiler::syntax::document::scalar::narrow;
use crate::compiler::syntax::document::site::{Reading, Site};
use crate::compiler::syntax::parser::parse_expression;
use crate::diag::suggest::nearest;

/// Tags of comments: of rules, then of files.
const TAGS: [&str; 5] = ["id", "severity", "on", "name", "schema"];

/// What a line is.
enum Line {
    Blank,
    Comment,
    Start,
    Further,
}

/// What the comments above a rule say.
#[derive(Default)]
struct Notes {
    description: Vec<String>,
    id: Option<Spanned<Name>>,
    severity: Option<Spanned<Name>>,
    on: Vec<Spanned<Name>>,
}

/// What the tags of the file say.
#[derive(Default)]
struct FileNotes {
    description: Vec<String>,
    name: Option<Spanned<Name>>,
    schema: Option<Spanned<String>>,
}

/// A rule before its expression is read.
struct Draft {
    start: usize,
    end: usize,
    notes: Notes,
}

/// A tag or a line of text.
struct Note<'a> {
    tag: Option<&'a str>,
    tag_at: usize,
    text: &'a str,
    text_at: usize,
    whole: &'a str,
}

/// Reads a `.cel` file.
pub(super) fn read(path: &str, reader: &mut Reader<'_>) -> PolicyDocument {
    let (notes, drafts) = split(reader);
    let whole = Span::new(reader.file, 0, narrow(reader.source.len()));
    let mut ids =
        Ids::taken(drafts.iter().filter_map(|draft| Some(&*draft.notes.id.as_ref()?.value)));
    let rules: Vec<Rule> = drafts.into_iter().map(|draft| rule(draft, &mut ids, reader)).collect();
    duplicates(&rules, reader);
    if rules.is_empty() {
        let help = "write a rule, as `request.amount > 10 ? deny(\"too much\") : allow()`";
        reader.sink.report(DocumentError::Empty { at: whole.at_start(), help });
    }
    let unread = PolicyDocument::unread(Form::PlainCel, path, whole);
    PolicyDocument {
        name: notes.name.unwrap_or_else(|| unread.name.clone()),
        description: described(&notes.description),
        schema: notes.schema.map(SchemaSource::File),
        rules,
        ..unread
    }
}

/// The file that a `.cel` text names with `@schema`.
pub(super) fn schema_of(source: &str) -> Option<(usize, &str)> {
    let mut at = 0;
    for line in source.split_inclusive('\n') {
        if let Some(note) = note(line, at).filter(|note| note.tag == Some("schema")) {
            return Some((note.text_at, note.text));
        }
        at += line.len();
    }
    None
}

/// Splits the file into rules and their comments.
fn split(reader: &mut Reader<'_>) -> (FileNotes, Vec<Draft>) {
    let source = reader.source;
    let mut file = FileNotes::default();
    let mut notes = Notes::default();
    let mut drafts: Vec<Draft> = Vec::new();
    let mut open = None;
    let mut at = source.len() - source.trim_start_matches('\u{feff}').len();
    for line in source.get(at..).unwrap_or_default().split_inclusive('\n') {
        let text = line.trim_end();
        match if open.is_some() { Line::Further } else { kind(text) } {
            Line::Blank => {
                let described = notes.id.is_some() || notes.severity.is_some();
                if !described && notes.on.is_empty() {
                    let free = std::mem::take(&mut notes.description);
                    if drafts.is_empty() {
                        file.description.extend(free);
                    }
                }
            }
            Line::Comment => take_note(line, at, &mut notes, &mut file, reader),
            Line::Further if !drafts.is_empty() => {
                if let Some(draft) = drafts.last_mut() {
                    draft.end = at + text.len();
                }
                open = long_string(open, line);
                notes.description.clear();
            }
            Line::Start | Line::Further => {
                let notes = std::mem::take(&mut notes);
                let start = at + (text.len() - text.trim_start().len());
                drafts.push(Draft { start, end: at + text.len(), notes });
                open = long_string(None, line);
            }
        }
        at += line.len();
    }
    file.description.extend(notes.description);
    (file, drafts)
}

/// Whether a line carries on the rule above it.
#[must_use]
pub fn goes_on(line: &str) -> bool {
    matches!(kind(line.trim_end()), Line::Further)
}

fn kind(line: &str) -> Line {
    const OPERATORS: [&str; 19] = [
        "&&", "||", "==", "!=", "<", ">", "?", ":", "+", "-", "*", "/", "%", ")", "]", "}", ",",
        ".", "in ",
    ];
    let text = line.trim_start();
    if text.is_empty() {
        Line::Blank
    } else if text.len() < line.len() {
        Line::Further
    } else if text.starts_with("//") {
        Line::Comment
    } else if OPERATORS.iter().any(|operator| text.starts_with(operator)) {
        Line::Further
    } else {
        Line::Start
    }
}

/// The string in three quotes that is open behind `line`, if `open` was before it.
fn long_string(open: Option<&'static str>, line: &str) -> Option<&'static str> {
    let mut open = open;
    let mut rest = line;
    while let Some(letter) = rest.chars().next() {
        let mut step = letter.len_utf8();
        match open {
            Some(quotes) if rest.starts_with(quotes) => {
                open = None;
                step = quotes.len();
            }
            Some(_) if letter == '\\' => {
                step += rest.chars().nth(1).map_or(0, char::len_utf8);
            }
            Some(_) => {}
            None if rest.starts_with("//") => step = rest.len(),
            None => {
                let quotes = ["'''", "\"\"\"", "'", "\""];
                open = quotes.into_iter().find(|quotes| rest.starts_with(quotes));
                step = open.map_or(step, str::len);
            }
        }
        rest = rest.get(step..).unwrap_or_default();
    }
    open.filter(|quotes| quotes.len() == 3)
}

/// What a comment line says; `at` is the place of the line.
fn note(line: &str, at: usize) -> Option<Note<'_>> {
    let text = line.trim_end().strip_prefix("//")?;
    let body = text.trim_start();
    let body_at = at + 2 + (text.len() - body.len());
    let Some(tagged) = body.strip_prefix('@') else {
        return Some(Note {
            tag: None,
            tag_at: body_at,
            text: body,
            text_at: body_at,
            whole: body,
        });
    };
    let len = tagged.find(char::is_whitespace).unwrap_or(tagged.len());
    let (tag, rest) = tagged.split_at_checked(len)?;
    let value = rest.trim_start();
    let text_at = body_at + 1 + tagged.len() - value.len();
    Some(Note { tag: Some(tag), tag_at: body_at, text: value, text_at, whole: body })
}

/// Puts a comment line where it belongs.
fn take_note(
    line: &str,
    at: usize,
    notes: &mut Notes,
    file: &mut FileNotes,
    reader: &mut Reader<'_>,
) {
    // What is said to the tool describes nothing.
    let Some(note) = note(line, at).filter(|note| !note.whole.starts_with("policyc:")) else {
        return;
    };
    let Some(tag) = note.tag.filter(|tag| is_tag(tag, &note, reader)) else {
        notes.description.push(note.whole.to_owned());
        return;
    };
    if note.text.is_empty() {
        let (at, what) = (tag_span(&note, tag, reader), format!("`@{tag}`"));
        let (found, wanted) = ("empty", "followed by its value");
        reader.sink.report(DocumentError::WrongNode { at, what, found, wanted });
        return;
    }
    let (word, rest) = first_word(note.text);
    let span = |text: &str| {
        Span::new(reader.file, narrow(note.text_at), narrow(note.text_at + text.len()))
    };
    let name = Spanned::new(Name::new(word), span(word));
    let twice = match tag {
        "id" => {
            if !rest.is_empty() {
                notes.description.push(rest.to_owned());
            }
            notes.id.replace(name).map(|first| first.span)
        }
        "severity" => notes.severity.replace(name).map(|first| first.span),
        "name" => file.name.replace(name).map(|first| first.span),
        "schema" => {
            let path = Spanned::new(note.text.to_owned(), span(note.text));
            file.schema.replace(path).map(|first| first.span)
        }
        _ => {
            tools(&note, notes, reader);
            None
        }
    };
    if let Some(first) = twice {
        let what = if matches!(tag, "name" | "schema") { "a file" } else { "a rule" };
        let (at, key) = (span(word), format!("@{tag}"));
        reader.sink.report(DocumentError::DuplicateKey { at, first, key, what });
    }
}

fn first_word(text: &str) -> (&str, &str) {
    let len = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(len).unwrap_or((text, ""));
    (word, rest.trim())
}

fn tag_span(note: &Note<'_>, tag: &str, reader: &Reader<'_>) -> Span {
    Span::new(reader.file, narrow(note.tag_at), narrow(note.tag_at + 1 + tag.len()))
}

/// Whether `tag` is one of ours. One that nearly is, is reported; others are words of the author.
fn is_tag(tag: &str, note: &Note<'_>, reader: &mut Reader<'_>) -> bool {
    if TAGS.contains(&tag) {
        return true;
    }
    if let Some(near) = nearest(tag, TAGS) {
        reader.sink.report(DocumentError::UnknownKey {
            at: tag_span(note, tag, reader),
            key: format!("@{tag}"),
            what: "a rule",
            nearest: Some(format!("@{near}")),
            label: "unknown",
        });
    }
    false
}

/// The tools behind `@on`, with commas or blanks between them.
fn tools(note: &Note<'_>, notes: &mut Notes, reader: &Reader<'_>) {
    let mut at = note.text_at;
    for word in note.text.split_inclusive([',', ' ', '\t']) {
        let tool = word.trim_end_matches([',', ' ', '\t']);
        if !tool.is_empty() {
            let span = Span::new(reader.file, narrow(at), narrow(at + tool.len()));
            notes.on.push(Spanned::new(Name::new(tool), span));
        }
        at += word.len();
    }
}

fn described(lines: &[String]) -> Option<String> {
    let text = lines.join(" ").trim().to_owned();
    (!text.is_empty()).then_some(text)
}

fn rule(draft: Draft, ids: &mut Ids, reader: &mut Reader<'_>) -> Rule {
    let Draft { start, end, notes } = draft;
    let description = described(&notes.description);
    let span = Span::new(reader.file, narrow(start), narrow(end));
    let id_is_written = notes.id.is_some();
    let id = if let Some(id) = notes.id {
        ids.skip();
        id
    } else {
        let id = Spanned::new(ids.make(description.as_deref()), span);
        let made = id.value.as_str().to_owned();
        reader.sink.report(DocumentError::MissingRuleId { at: span, id: made });
        id
    };
    let text = reader.source.get(start..end).unwrap_or_default();
    let embedded = Embedded::verbatim(text, reader.file, narrow(start));
    reader.sites.push(Site { at: embedded.span, reading: Reading::Rule });
    let decision = parse_expression(&embedded, reader.ast, reader.sink);
    Rule {
        id,
        id_is_written,
        span,
        description,
        on: notes.on,
        body: RuleBody::Decision(decision),
        severity: notes.severity.map(|severity| severity.value),
        tags: Vec::new(),
        owner: None,
        priority: 0,
        shadow: false,
        response: false,
        made: false,
    }
}
