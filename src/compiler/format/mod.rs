//! One style for CEL: in `.cel` files, and in the scalars of YAML documents.
//!
//! In:      the text of a file, and its path, which says what it is.
//! Out:     edits of the text that change its layout and nothing else, one for each expression.
//! Imports: `base`, `compiler::source`, `compiler::syntax`, `diag`.
//!
//! Words are copied as they are written; blanks, line breaks, and commas behind last elements are
//! made anew. What the edits make is read again and compared with what was there
//! (`format::equivalence`), so that a bug here is an error and never another policy. The style is
//! told in `docs/fmt.md`.

mod document;
mod equivalence;
mod layout;
mod plan;
mod rules;
mod words;

use rustc_hash::FxHashMap;

use crate::base::limits::SOURCE_BYTES_MAX;
use crate::base::span::{FileId, Span};
use crate::compiler::format::layout::{LayoutInput, Note, PageLayout, columns, lay_out};
use crate::compiler::format::plan::plan;
use crate::compiler::format::words::LexedExpression;
use crate::compiler::source::map::{SourceMap, applied};
use crate::compiler::syntax::document::model::Parsed;
use crate::compiler::syntax::document::site::Reading;
use crate::compiler::syntax::document::{self as documents, yaml};
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Edit, Severity};
use crate::diag::sink::Sink;

/// The least and the most that `width` may be.
pub const WIDTHS: [usize; 2] = [40, 400];
/// The least and the most that `indent` may be.
pub const INDENTS: [usize; 2] = [1, 8];

/// How wide, and how deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Columns that a line may take where it can be broken; a column is a code point.
    pub width: usize,
    /// Columns of one step of indentation.
    pub indent: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { width: 100, indent: 2 }
    }
}

/// Why a file is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It cannot be read: the findings, in file 0.
    Unread(Vec<Diagnostic>),
    /// Formatted, it would mean something else: a bug of ours.
    Changed,
}

/// The edits that format the file `text` at the logical path `path`, ascending, in file 0.
/// Each stands for itself: some of them may be left out.
///
/// # Errors
/// Why the file is left alone.
pub fn edits(path: &str, text: &str, settings: Settings) -> Result<Vec<Edit>, Refused> {
    let before = read(path, text)?;
    if has_old_breaks(text) {
        return Ok(Vec::new());
    }
    let Some((file, source)) = before.files.iter().next() else { return Ok(Vec::new()) };
    let sheet = FileLayout { file, source: &source.text, settings, newline: newline(text) };
    let edits = match &before.root {
        Some(root) => document::edits(root, &before.sites, &sheet),
        None => rules::edits(&before.parsed, &sheet),
    };
    if !edits.is_empty() {
        compare(&before, path, &applied(text, &edits))?;
    }
    Ok(edits)
}

/// Makes sure that `formatted` says what was there `before`.
fn compare(before: &SourceDocument, path: &str, formatted: &str) -> Result<(), Refused> {
    if formatted.len() > SOURCE_BYTES_MAX {
        let (at, fact) = (
            Span::new(FileId(0), 0, 0),
            "formatted, this file would be longer than a source may be",
        );
        let found = Diagnostic::new(Code::TooLong, at, fact, "left alone");
        return Err(Refused::Unread(vec![found.help("make several files of it")]));
    }
    let after = read(path, formatted).map_err(|_| Refused::Changed)?;
    if equivalence::is_equivalent(before, &after) { Ok(()) } else { Err(Refused::Changed) }
}

/// `text`, formatted.
///
/// # Errors
/// As `edits`.
pub fn format(path: &str, text: &str, settings: Settings) -> Result<String, Refused> {
    Ok(applied(text, &edits(path, text, settings)?))
}

/// The edits that touch `range`, which is bytes of the file.
#[must_use]
pub fn within(edits: Vec<Edit>, range: Span) -> Vec<Edit> {
    let touches = |edit: &Edit| edit.span.start < range.end && range.start < edit.span.end;
    edits.into_iter().filter(touches).collect()
}

/// A file that was read.
struct SourceDocument {
    files: SourceMap,
    parsed: Parsed,
    /// The tree of a YAML document; `None` for a `.cel` file.
    root: Option<yaml::Node>,
    /// How the text is read that starts at a byte.
    sites: Sites,
}

impl SourceDocument {
    fn text(&self) -> &str {
        self.files.get(FileId(0)).map_or("", |file| file.text.as_str())
    }
}

/// Readings by the first byte of the text.
type Sites = FxHashMap<u32, Reading>;

fn read(path: &str, text: &str) -> Result<SourceDocument, Refused> {
    let (mut files, mut sink) = (SourceMap::new(), Sink::new());
    let file = files.add(path, text);
    let (parsed, mut trees) = documents::read_with_trees(&files, &mut sink);
    let (findings, _) = sink.finish();
    let unread: Vec<Diagnostic> = findings.into_iter().filter(hides_text).collect();
    if !unread.is_empty() {
        return Err(Refused::Unread(unread));
    }
    let root = trees.take(file);
    let sites = parsed.sites.iter().map(|site| (site.at.start, site.reading)).collect();
    Ok(SourceDocument { files, parsed, root, sites })
}

/// Whether a finding says that a text could not be read as its author meant it. What is wrong with
/// a document otherwise is none of our business.
fn hides_text(finding: &Diagnostic) -> bool {
    let unread = matches!(
        finding.code,
        Code::YamlSyntax
            | Code::YamlFeature
            | Code::NotUtf8
            | Code::YamlReadFirst
            | Code::BadMessage
            | Code::TooLong
            | Code::TooDeep
    );
    finding.severity == Severity::Error && (unread || finding.code.is_syntax())
}

/// Whether a carriage return stands alone, which ends a line for YAML and not for CEL.
fn has_old_breaks(text: &str) -> bool {
    text.split('\r').skip(1).any(|rest| !rest.starts_with('\n'))
}

/// The line break of a text: that of its first line.
fn newline(text: &str) -> &'static str {
    let end = text.find('\n').and_then(|at| at.checked_sub(1));
    let crlf = end.is_some_and(|before| text.as_bytes().get(before) == Some(&b'\r'));
    if crlf { "\r\n" } else { "\n" }
}

/// What all expressions of a file share.
struct FileLayout<'a> {
    file: FileId,
    source: &'a str,
    settings: Settings,
    newline: &'static str,
}

/// Where an expression begins, and where its lines do.
#[derive(Clone, Copy, Debug)]
struct ExpressionStart {
    column: usize,
    base: usize,
    /// Whether lines below the first must be indented.
    hangs: bool,
    /// Whether the line may be longer than the width.
    endless: bool,
}

impl FileLayout<'_> {
    /// The text of the file at `span`.
    fn at(&self, span: Span) -> &str {
        self.source.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The edit that puts `text` at the bytes `start..end`, if that changes anything.
    fn edit(&self, start: usize, end: usize, text: String) -> Option<Edit> {
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let span = Span::new(self.file, narrow(start), narrow(end));
        (self.at(span) != text).then_some(Edit { span, text })
    }

    /// The expression `read`, with its words and comments as they are spelled there; `None` where
    /// it would be longer than an expression may be.
    fn write(
        &self,
        read: &LexedExpression,
        words: &[&str],
        notes: &[&str],
        start: ExpressionStart,
    ) -> Option<String> {
        let widths: Vec<usize> = words.iter().map(|word| columns(word)).collect();
        let slots = plan(read, &widths, start.hangs);
        let comments = read.words.comments.iter().zip(notes);
        let notes: Vec<Note<'_>> = comments
            .map(|(comment, text)| Note { gap: comment.gap, trailing: comment.trailing, text })
            .collect();
        let page = PageLayout {
            column: start.column,
            base: start.base,
            width: if start.endless { usize::MAX } else { self.settings.width },
            indent: self.settings.indent,
            hangs: start.hangs,
            newline: self.newline,
        };
        lay_out(&LayoutInput { slots: &slots, words, notes: &notes }, page)
    }
}

#[cfg(test)]
mod tests {
    use super::{Refused, compare, read};

    #[test]
    fn what_would_mean_something_else_is_refused() {
        let text = "policyc: 1\nrules:\n- {id: a, when: a>1, deny: no}\n";
        let before = read("a.yaml", text).expect("a policy");
        let compared = |from: &str, to: &str| compare(&before, "a.yaml", &text.replace(from, to));
        assert_eq!(compared("a>1", "a > 1"), Ok(()));
        assert_eq!(compared("a>1", "a >= 1"), Err(Refused::Changed));
        assert_eq!(compared("deny", "allow"), Err(Refused::Changed));
        assert_eq!(compared("a>1", "'a > 1"), Err(Refused::Changed), "it cannot even be read");
    }
}
