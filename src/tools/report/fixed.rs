//! The lines that a fix would write.
//!
//! In:      the files and a `Fix`.
//! Out:     the new lines, with the numbers that they would have.
//! Imports: `compiler::source`, `diag`.

use std::ops::Range;

use crate::compiler::source::map::{SourceFile, SourceMap};
use crate::diag::diagnostic::{Edit, Fix};
use crate::tools::report::place::clamp;

/// Most lines that are shown of a fix.
const LINES_MAX: usize = 8;

/// A line as it would be after the fix.
pub(super) struct FixedLine {
    /// Its number then, from 1.
    pub(super) number: u32,
    /// Its text.
    pub(super) text: String,
    /// The bytes of `text` that are new.
    pub(super) changed: Range<usize>,
}

/// The changed lines of the first file that `fix` edits; none where it only deletes lines.
pub(super) fn fixed_lines(files: &SourceMap, fix: &Fix) -> Vec<FixedLine> {
    let Some(id) = fix.edits.first().map(|edit| edit.span.file) else { return Vec::new() };
    let Some(file) = files.get(id) else { return Vec::new() };
    let mut edits: Vec<Edit> = fix.edits.iter().filter(|e| e.span.file == id).cloned().collect();
    for edit in &mut edits {
        edit.span = clamp(file, edit.span);
    }
    let mut lines = Vec::new();
    let mut moved: i64 = 0; // Lines that earlier edits have added.
    let mut rest = edits.as_slice();
    while let Some(first) = rest.first() {
        let from = line_of(file, first.span.start);
        let mut to = line_of(file, first.span.end);
        let mut count = 1;
        while let Some(next) = rest.get(count) {
            if line_of(file, next.span.start) > to {
                break;
            }
            to = to.max(line_of(file, next.span.end));
            count += 1;
        }
        let (group, others) = rest.split_at(count);
        moved += changed_lines(file, from, to, group, moved, &mut lines);
        rest = others;
    }
    lines.truncate(LINES_MAX);
    lines
}

fn line_of(file: &SourceFile, offset: u32) -> u32 {
    file.lines.line(offset)
}

/// Applies `edits` to the lines `from..=to`, keeps what differs, returns how many lines it added.
fn changed_lines(
    file: &SourceFile,
    from: u32,
    to: u32,
    edits: &[Edit],
    moved: i64,
    lines: &mut Vec<FixedLine>,
) -> i64 {
    let start = file.lines.start(from).unwrap_or(0) as usize;
    let end = file.lines.start(to + 1).map_or(file.text.len(), |end| end as usize);
    let old = file.text.get(start..end).unwrap_or_default();
    let mut new = String::new();
    let mut at = start;
    for edit in edits {
        let (first, last) = (edit.span.start as usize, edit.span.end as usize);
        new.push_str(file.text.get(at..first).unwrap_or_default());
        new.push_str(&edit.text);
        at = last.max(at);
    }
    new.push_str(file.text.get(at..end).unwrap_or_default());
    let old: Vec<&str> = old.lines().collect();
    let new: Vec<&str> = new.lines().collect();
    let same = |pair: &(&&str, &&str)| pair.0 == pair.1;
    let head = old.iter().zip(&new).take_while(same).count();
    let shorter = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(same).count().min(shorter);
    for (at, text) in new.iter().enumerate().take(new.len() - tail).skip(head) {
        let before = old.get(at).filter(|_| old.len() == new.len()).copied().unwrap_or_default();
        let number = i64::from(from) + moved + i64::try_from(at).unwrap_or(0);
        lines.push(FixedLine {
            number: u32::try_from(number).unwrap_or(u32::MAX),
            text: (*text).to_owned(),
            changed: difference(before, text),
        });
    }
    i64::try_from(new.len()).unwrap_or(0) - i64::try_from(old.len()).unwrap_or(0)
}

/// The bytes of `new` that `old` has not, between a common beginning and a common end.
fn difference(old: &str, new: &str) -> Range<usize> {
    let same = |pair: &(char, char)| pair.0 == pair.1;
    let head: usize =
        old.chars().zip(new.chars()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
    let room = new.len().min(old.len()) - head;
    let mut tail = 0;
    for (c, _) in old.chars().rev().zip(new.chars().rev()).take_while(same) {
        if tail + c.len_utf8() > room {
            break;
        }
        tail += c.len_utf8();
    }
    head..new.len() - tail
}
