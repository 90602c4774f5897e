//! What would change in a file: a unified diff.
//!
//! In:      a path, the text before and after.
//! Out:     text that `patch` and `git apply` read.
//! Imports: its own room alone.

use similar::{Algorithm, TextDiff};

use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::visible::visible;

/// Lines around a change.
const CONTEXT: usize = 3;

/// The difference, to be applied; empty where there is none.
#[must_use]
pub fn unified(path: &str, before: &str, after: &str) -> String {
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_lines(before, after);
    let (from, to) = (format!("a/{path}"), format!("b/{path}"));
    diff.unified_diff().context_radius(CONTEXT).header(&from, &to).to_string()
}

/// A difference for people: in colour, with nothing invisible.
#[must_use]
pub fn painted(text: &str, style: Style) -> String {
    let mut painted = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        let paint = match line.as_bytes().first() {
            Some(b'+') => Some(Paint::Good),
            Some(b'-') => Some(Paint::Bad),
            Some(b'@') => Some(Paint::Frame),
            Some(_) | None => None,
        };
        let shown = visible(line);
        painted.push_str(&paint.map_or_else(|| shown.to_string(), |it| style.paint(it, &shown)));
        painted.push_str(end);
    }
    painted
}
