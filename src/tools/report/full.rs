//! Findings for people: the source, the exact bytes, one next step.
//!
//! In:      a `Report`.
//! Out:     text of a given width, with or without colours.
//! Imports: `base`, `compiler::source`, `diag`.
//!
//! ```text
//! error[E0302]: `send_money` has no argument `amout`
//!     ╭─[ payments.yaml:17:16 ]
//!  17 │     when: args.amout > 0.0 && args.amount <= 25000.0
//!     │                ───── no such argument
//!     ╰─ help: did you mean `amount`?
//! ```

use std::collections::{BTreeMap, BTreeSet};

use unicode_width::UnicodeWidthStr;

use crate::base::span::{FileId, Span};
use crate::compiler::source::map::SourceFile;
use crate::diag::diagnostic::{Diagnostic, Label};
use crate::tools::report::Report;
use crate::tools::report::fixed::fixed_lines;
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::place::{clamp, line_text};
use crate::tools::report::snippet::{Frame, Mark, draw_fixed, draw_line};
use crate::tools::report::visible::{visible, wrap};

/// Digits of a line number that are always kept free, so that short files align.
const NUMBER_DIGITS_MIN: usize = 2;
/// Most lines above a block scalar's text that are searched for its key.
const KEY_LINES_MAX: u32 = 200;

/// Draws every finding, a blank row between two.
#[must_use]
pub fn draw(report: &Report<'_>, style: Style) -> String {
    let mut text = String::new();
    for finding in report.findings {
        if !text.is_empty() {
            text.push('\n');
        }
        for row in rows(report, finding, style) {
            text.push_str(&row);
            text.push('\n');
        }
    }
    text
}

/// The rows of one finding.
fn rows(report: &Report<'_>, finding: &Diagnostic, style: Style) -> Vec<String> {
    let sections = sections(report, finding);
    let fixed = finding.fix.as_ref().map(|fix| fixed_lines(report.files, fix)).unwrap_or_default();
    let marked = sections.iter().filter_map(|section| section.lines.keys().next_back().copied());
    let last = marked.chain(fixed.iter().map(|line| line.number)).max().unwrap_or(0);
    let digits = last.to_string().len().max(NUMBER_DIGITS_MIN);
    let frame = Frame { style, gutter: digits + 1 };

    let mut rows = head(finding, style);
    for (at, section) in sections.iter().enumerate() {
        let corner = if at == 0 { "╭─[" } else { "├─[" };
        let name = format!("{corner} {} ]", section.place);
        rows.push(frame.blank(&name));
        section.draw(frame, &mut rows);
    }
    let framed = !sections.is_empty();
    draw_foot(frame, finding, framed, &mut rows);
    for line in &fixed {
        let changed = Mark {
            start: line.changed.start,
            end: line.changed.end,
            text: String::new(),
            paint: Paint::Good,
        };
        draw_fixed(frame, line.number, &line.text, &changed, &mut rows);
    }
    rows
}

/// `error[E0302]: the fact`, wrapped.
fn head(finding: &Diagnostic, style: Style) -> Vec<String> {
    let word = format!("{}[{}]", finding.severity.word(), finding.code.id());
    let indent = word.width() + 2;
    let message = visible(&finding.message);
    let lines = wrap(&message, style.width.saturating_sub(indent));
    let paint = |line: &str| style.paint(Paint::Strong, line);
    lines
        .iter()
        .enumerate()
        .map(|(at, line)| match at {
            0 => format!("{}: {}", style.paint(Paint::Head(finding.severity), &word), paint(line)),
            _ => format!("{:indent$}{}", "", paint(line)),
        })
        .collect()
}

/// What stands below the source: detail, example, help and fix; the last closes the frame.
fn draw_foot(frame: Frame, finding: &Diagnostic, framed: bool, rows: &mut Vec<String>) {
    let mut items: Vec<(&str, &str)> = Vec::new();
    items.extend(finding.detail.as_deref().map(|text| ("", text)));
    items.extend(finding.example.as_deref().map(|text| ("example: ", text)));
    items.extend(finding.help.as_deref().map(|text| ("help: ", text)));
    items.extend(finding.fix.as_ref().map(|fix| ("fix: ", fix.title.as_str())));
    if items.is_empty() && framed {
        rows.push(frame.blank("╵"));
    }
    let count = items.len();
    for (at, (word, text)) in items.into_iter().enumerate() {
        let last = at + 1 == count;
        let indent = frame.gutter + 4 + word.width();
        let lines = wrap(&visible(text), frame.style.width.saturating_sub(indent));
        for (nth, line) in lines.iter().enumerate() {
            let row = match (nth, last) {
                (0, true) => frame.blank("╰─"),
                (0, false) => frame.blank("├─"),
                (_, true) => frame.blank("  "),
                (_, false) => frame.blank("│ "),
            };
            let word = if nth == 0 {
                frame.style.paint(Paint::Help, word)
            } else {
                " ".repeat(word.width())
            };
            rows.push(format!("{row} {word}{line}"));
        }
    }
}

/// The marked lines of one file.
struct Section<'a> {
    file: &'a SourceFile,
    /// As `payments.yaml:17:16`.
    place: String,
    /// Lines by number, each with its marks.
    lines: BTreeMap<u32, Vec<Mark>>,
    /// Lines after which others of the same mark are left out.
    gaps: BTreeSet<u32>,
}

/// One section a file: that of the primary label first, the others as they are mentioned.
fn sections<'a>(report: &Report<'a>, finding: &Diagnostic) -> Vec<Section<'a>> {
    let mut sections: Vec<(FileId, Section<'a>)> = Vec::new();
    let primary = finding.primary.iter().map(|label| (label, Paint::Mark(finding.severity)));
    let secondary = finding.secondary.iter().map(|label| (label, Paint::Aside));
    for (label, paint) in primary.chain(secondary) {
        let id = label.span.file;
        let Some(file) = report.files.get(id) else { continue };
        let span = clamp(file, label.span);
        let known = sections.iter().position(|(known, _)| *known == id);
        let at = known.unwrap_or_else(|| {
            let section = Section {
                file,
                place: report.place(span),
                lines: BTreeMap::new(),
                gaps: BTreeSet::new(),
            };
            sections.push((id, section));
            sections.len() - 1
        });
        if let Some((_, section)) = sections.get_mut(at) {
            section.add(label, span, paint);
        }
    }
    sections.into_iter().map(|(_, section)| section).collect()
}

impl Section<'_> {
    /// Marks the bytes of `span`: on one line, or on its first and last.
    fn add(&mut self, label: &Label, span: Span, paint: Paint) {
        let line_of = |offset: u32| self.file.lines.line(offset);
        let first = line_of(span.start);
        let last = line_of(span.end.saturating_sub(1).max(span.start));
        if let Some(key) = self.key_of(first) {
            self.lines.entry(key).or_default();
        }
        let text = visible(&label.text).into_owned();
        if first == last {
            let (start, end) = self.in_line(first, span.start, span.end);
            self.lines.entry(first).or_default().push(Mark { start, end, text, paint });
            return;
        }
        let (start, end) = self.in_line(first, span.start, u32::MAX);
        let opening = Mark { start, end, text: String::new(), paint };
        let (start, end) = self.in_line(last, 0, span.end);
        let line = line_text(self.file, last);
        let indent = line.len() - line.trim_start().len();
        let closing = Mark { start: start.max(indent.min(end)), end, text, paint };
        self.lines.entry(first).or_default().push(opening);
        self.lines.entry(last).or_default().push(closing);
        if last - first > 1 {
            self.gaps.insert(first);
        }
    }

    /// The bytes `start..end` of the file, counted from the start of line `number` and kept in it.
    fn in_line(&self, number: u32, start: u32, end: u32) -> (usize, usize) {
        let begin = self.file.lines.start(number).unwrap_or(0);
        let length = line_text(self.file, number).len();
        let inside = |offset: u32| (offset.saturating_sub(begin) as usize).min(length);
        (inside(start), inside(end))
    }

    /// The line of the key whose block scalar (`when: |-`) holds line `number` of a YAML file.
    fn key_of(&self, number: u32) -> Option<u32> {
        let yaml = [".yaml", ".yml"].iter().any(|ending| self.file.path.ends_with(ending));
        let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let text = line_text(self.file, number);
        if !yaml || text.trim().is_empty() {
            return None;
        }
        let above = (number.saturating_sub(KEY_LINES_MAX).max(1)..number).rev();
        let key = above.into_iter().find(|above| {
            let line = line_text(self.file, *above);
            !line.trim().is_empty() && indent(line) < indent(text)
        })?;
        let line = line_text(self.file, key).trim_end();
        let line = line.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+'));
        (line.ends_with(" |") || line.ends_with(" >")).then_some(key)
    }

    fn draw(&self, frame: Frame, rows: &mut Vec<String>) {
        for (number, marks) in &self.lines {
            draw_line(frame, *number, line_text(self.file, *number), marks, rows);
            if self.gaps.contains(number) {
                rows.push(frame.blank("⋮"));
            }
        }
    }
}
