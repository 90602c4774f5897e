//! Rules of plain `.cel` files.
//!
//! In:      a `.cel` file and its rules.
//! Out:     an edit for each rule, and for each white space at the end of a line.
//! Imports: `compiler::syntax`, `diag`.
//!
//! A rule begins at the left edge and its further lines are indented, so that none of them is
//! taken for a rule. A rule with a comment at the left edge, which may belong to the next rule,
//! stays as it is written.

use std::ops::Range;

use crate::compiler::format::{ExpressionStart, FileLayout, words};
use crate::compiler::syntax::document::model::Parsed;
use crate::compiler::syntax::document::site::Reading;
use crate::diag::diagnostic::Edit;

/// The edits of a `.cel` file.
pub(super) fn edits(parsed: &Parsed, sheet: &FileLayout<'_>) -> Vec<Edit> {
    let rules = parsed.sites.iter().filter(|site| site.reading == Reading::Rule);
    let mut edits = Vec::new();
    let mut at = 0;
    for rule in rules.map(|site| site.at.start as usize..site.at.end as usize) {
        between(sheet, at..rule.start, &mut edits);
        at = rule.end;
        edits.extend(formatted(sheet, rule));
    }
    between(sheet, at..sheet.source.len(), &mut edits);
    edits
}

fn formatted(sheet: &FileLayout<'_>, rule: Range<usize>) -> Option<Edit> {
    let text = sheet.source.get(rule.clone())?;
    let read = words::read(text)?;
    let at_edge = |at: usize| {
        at.checked_sub(1).is_some_and(|before| text.as_bytes().get(before) == Some(&b'\n'))
    };
    if read.words.comments.iter().any(|comment| at_edge(comment.range.start)) {
        return None;
    }
    let words: Vec<&str> = read.words.texts(text).collect();
    let notes: Vec<&str> = read.words.notes(text).collect();
    let start = ExpressionStart { column: 0, base: 0, hangs: true, endless: false };
    let text = sheet.write(&read, &words, &notes, start)?;
    // Only the first rule of a file may stand away from the edge.
    let before = sheet.source.get(..rule.start).unwrap_or_default();
    let indent = before.len() - before.trim_end_matches([' ', '\t']).len();
    sheet.edit(rule.start - indent, rule.end, text)
}

/// White space at the ends of lines between rules; at the end of the file one line break.
fn between(sheet: &FileLayout<'_>, range: Range<usize>, edits: &mut Vec<Edit>) {
    let Some(text) = sheet.source.get(range.clone()) else { return };
    let last = range.end == sheet.source.len();
    let kept = if last { text.trim_end().len() } else { text.len() };
    let mut at = 0;
    for line in text.get(..kept).unwrap_or_default().split_inclusive('\n') {
        let body = line.trim_end_matches('\n');
        let body = body.strip_suffix('\r').unwrap_or(body);
        let used = body.trim_end().len();
        // What stands in front of a rule on its line belongs to the edit of the rule.
        if line.ends_with('\n') {
            let start = range.start + at;
            edits.extend(sheet.edit(start + used, start + body.len(), String::new()));
        }
        at += line.len();
    }
    if last && !sheet.source.trim_start_matches('\u{feff}').trim().is_empty() {
        edits.extend(sheet.edit(range.start + kept, range.end, sheet.newline.to_owned()));
    }
}
