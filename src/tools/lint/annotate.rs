//! Writes the comments that suppress findings: `--add-ignore`.
//!
//! In:      files and the findings about them, a reason.
//! Out:     the files with comments, and what could not be suppressed.
//! Imports: `base`, `compiler::source`, `compiler::syntax`, `diag`.
//!
//! A comment goes behind the line of a finding, in front of the comment that is there, or above the
//! value that holds it where the line goes on below: there a comment would be part of the value.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::span::{FileId, Span};
use crate::compiler::source::map::{SourceFile, SourceMap};
use crate::compiler::syntax::document::path::extension;
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Severity};
use crate::tools::lint::suppress::{Disjoint, MARK, comments, scalars};

/// Files with comments.
#[derive(Debug)]
pub struct AnnotatedFiles {
    /// All files, in the same order under the same ids.
    pub files: SourceMap,
    /// Findings that have a comment now.
    pub suppressed: usize,
    /// Findings that cannot have one: errors, and those in files without comments.
    pub left: usize,
}

/// Suppresses the findings that can be.
#[must_use]
pub fn annotate(files: &SourceMap, findings: &[Diagnostic], reason: &str) -> AnnotatedFiles {
    let (mut suppressed, mut left) = (0, 0);
    let mut layouts: BTreeMap<FileId, Layout> = BTreeMap::new();
    let mut places: BTreeMap<FileId, BTreeMap<Place, BTreeSet<&str>>> = BTreeMap::new();
    for finding in findings {
        let about_suppressions =
            matches!(finding.code, Code::UnusedSuppression | Code::BareSuppression);
        let can_be = finding.severity < Severity::Error && !about_suppressions;
        let at = finding.span().filter(|_| can_be);
        let place = at.and_then(|at| {
            let layout = layouts.entry(at.file).or_insert_with(|| Layout::of(files, at.file));
            Some((at.file, place(files, at, layout)?))
        });
        match place {
            Some((file, place)) => {
                let codes = places.entry(file).or_default().entry(place).or_default();
                codes.insert(finding.code.id());
                suppressed += 1;
            }
            None => left += 1,
        }
    }
    let texts = places
        .iter()
        .filter_map(|(id, places)| Some((*id, written(&files.get(*id)?.text, places, reason))));
    AnnotatedFiles { files: files.with_texts(texts), suppressed, left }
}

/// Where a comment goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// The byte.
    at: usize,
    /// What stands before the codes.
    before: String,
    /// Whether a suppression is there already, and only codes are added.
    more: bool,
    /// What stands behind the reason.
    behind: &'static str,
}

/// What stands where in a file.
#[derive(Debug, Default)]
struct Layout {
    /// The values of a YAML file; of a `.cel` file none.
    values: Disjoint,
    comments: Disjoint,
    /// What ends its lines.
    line_end: &'static str,
}

impl Layout {
    fn of(files: &SourceMap, file: FileId) -> Self {
        let Some(source) = files.get(file) else { return Self::default() };
        let is_cel = extension(&source.path) == "cel";
        let values = if is_cel { Disjoint::default() } else { scalars(file, files) };
        let comments = comments(file, source, &values);
        let line_end = if source.text.contains("\r\n") { "\r\n" } else { "\n" };
        Self { values, comments, line_end }
    }
}

fn place(files: &SourceMap, at: Span, layout: &Layout) -> Option<Place> {
    let file = files.get(at.file)?;
    let is_cel = extension(&file.path) == "cel";
    if extension(&file.path) == "json" || file.bytes.is_some() {
        return None;
    }
    let text = file.text.as_str();
    let sign = if is_cel { "//" } else { "#" };
    let (line, end) = line_of(file, at.start as usize);
    // The text of a block scalar begins on a line of its own.
    let longer = |it: &Span| {
        let (from, to) = (it.start as usize, it.end as usize);
        let written = text.get(from..to).unwrap_or_default().trim_end();
        let before = text.get(line_of(file, from).0..from).unwrap_or_default();
        written.contains('\n') || before.trim().is_empty()
    };
    let values = &layout.values;
    let value = values.at(at.start as usize).filter(longer).or_else(|| values.at(end));
    if let Some(value) = value {
        let line = begin(file, value.start as usize);
        return Some(own_line(text, line, sign, layout.line_end));
    }
    let behind = "";
    if let Some(comment) = layout.comments.first(line, end) {
        let at = comment.start as usize;
        let said = text.get(at + sign.len()..end)?;
        let codes = said.trim_start_matches([' ', '\t']).strip_prefix(MARK);
        if let Some(codes) = codes.filter(|codes| codes.starts_with('['))
            && let Some(close) = codes.find(']')
        {
            let at = end - codes.len() + close;
            return Some(Place { at, before: String::new(), more: true, behind });
        }
        return Some(Place { at, before: format!("{sign} {MARK}"), more: false, behind: " " });
    }
    let written = text.get(line..end)?.trim_end();
    let before = format!(" {sign} {MARK}");
    Some(Place { at: line + written.len(), before, more: false, behind })
}

/// The line on which the value begins whose text starts at byte `at`: a block scalar begins above
/// its text, with its `|` or `>`.
fn begin(file: &SourceFile, at: usize) -> usize {
    let (mut line, _) = line_of(file, at);
    let blank =
        |from: usize, to: usize| file.text.get(from..to).is_some_and(|text| text.trim().is_empty());
    let mut to = at;
    while blank(line, to) && line > 0 {
        (line, to) = line_of(file, line - 1);
    }
    line
}

/// A comment above the line that begins at `line`.
fn own_line(text: &str, line: usize, sign: &str, behind: &'static str) -> Place {
    let rest = text.get(line..).unwrap_or_default();
    let indent = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let before = format!("{}{sign} {MARK}", rest.get(..indent).unwrap_or_default());
    Place { at: line, before, more: false, behind }
}

/// The bytes of the line that holds byte `at`, without its end.
fn line_of(file: &SourceFile, at: usize) -> (usize, usize) {
    let text = file.text.as_str();
    let start = text.get(..at).and_then(|it| it.rfind('\n')).map_or(0, |it| it + 1);
    let end = text.get(at..).and_then(|it| it.find('\n')).map_or(text.len(), |len| at + len);
    let bare = text.get(start..end).map_or(0, |line| line.trim_end_matches('\r').len());
    (start, start + bare)
}

fn written(text: &str, places: &BTreeMap<Place, BTreeSet<&str>>, reason: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64 * places.len());
    let mut done = 0;
    for (place, codes) in places {
        let codes: Vec<&str> = codes.iter().copied().collect();
        let codes = codes.join(", ");
        out.push_str(text.get(done..place.at).unwrap_or_default());
        done = place.at;
        if place.more {
            out.extend([", ", &codes]);
        } else {
            out.extend([&place.before, "[", &codes, "] ", reason, place.behind]);
        }
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}
