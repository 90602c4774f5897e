//! Text as a terminal shows it: nothing invisible, nothing that moves the cursor, known widths.
//!
//! In:      any text, as of a policy or a context: it may be an attacker's.
//! Out:     text without control, bidirectional or invisible characters, and cells with columns.
//! Imports: `base`.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::base::invisible::{code_point, invisible};

/// Columns between two tab stops of a shown source line.
const TAB_COLUMNS: usize = 4;

/// Whether a terminal or an editor shows nothing for `c`, or lets it change what is around it.
///
/// A joiner is one too; between letters outside of ASCII, where scripts and emoji need it,
/// `visible` and `cells` keep it.
fn is_invisible(c: char) -> bool {
    c.is_control() || invisible(c).is_some()
}

/// Whether `c` is a joiner that belongs between its neighbours.
fn joins(before: Option<char>, c: char, after: Option<char>) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
        && before.is_some_and(|b| !b.is_ascii() && !is_invisible(b))
        && after.is_some_and(|a| !a.is_ascii() && !is_invisible(a))
}

/// One line of text with every invisible character spelled out, as in `‹U+202E›`.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_invisible) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(cells(text).into_iter().map(|cell| cell.shown).collect())
}

/// Text of several lines, each as `visible` shows it.
#[must_use]
pub fn visible_lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

/// What is shown for a few bytes of a line that cannot be divided on a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// First byte in the line.
    pub byte: usize,
    /// First column, from 0.
    pub column: usize,
    /// What is shown.
    pub shown: String,
    /// Columns that it takes.
    pub width: usize,
}

/// The cells of a line, which must not hold a line break.
#[must_use]
pub fn cells(line: &str) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    let mut column = 0;
    let mut before: Option<char> = None;
    let mut open = false; // Whether the last cell may grow.
    let mut chars = line.char_indices().peekable();
    while let Some((byte, c)) = chars.next() {
        let after = chars.peek().map(|(_, next)| *next);
        let joined = joins(before, c, after);
        let glued = joined || (c.width() == Some(0) && !is_invisible(c)) || is_glued(before, c);
        let shown = match c {
            '\t' => {
                let spaces = TAB_COLUMNS - 1 - column % TAB_COLUMNS;
                format!("→{}", " ".repeat(spaces))
            }
            _ if is_invisible(c) && !joined => code_point(c),
            _ => c.to_string(),
        };
        match cells.last_mut() {
            Some(last) if open && glued => {
                last.shown.push_str(&shown);
                last.width = last.shown.width();
                column = last.column + last.width;
            }
            _ => {
                let width = shown.width();
                cells.push(Cell { byte, column, shown, width });
                column += width;
            }
        }
        open = !is_invisible(c) || joined;
        before = Some(c);
    }
    cells
}

/// Whether `c` continues what a joiner began.
fn is_glued(before: Option<char>, c: char) -> bool {
    before == Some('\u{200d}') && !c.is_ascii() && !is_invisible(c)
}

/// Breaks `text` at spaces into lines of at most `width` columns; a longer word stands alone.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.width() + 1 + word.width() > width {
            lines.push(std::mem::take(&mut line));
        } else if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::{cells, visible, wrap};

    #[test]
    fn spells_out_what_cannot_be_seen() {
        assert_eq!(visible("main\u{202e}"), "main‹U+202E›");
        assert_eq!(visible("\u{1b}[31mred"), "‹U+001B›[31mred");
        assert_eq!(visible("a\u{200d}b"), "a‹U+200D›b");
        assert_eq!(visible("👩\u{200d}👧"), "👩\u{200d}👧");
        assert_eq!(visible("\u{2028}"), "‹U+2028›");
    }

    #[test]
    fn columns_are_those_of_a_terminal() {
        let widths = |line| cells(line).iter().map(|cell| cell.width).collect::<Vec<_>>();
        assert_eq!(widths("aé名"), [1, 1, 2]);
        assert_eq!(widths("e\u{301}x"), [1, 1]);
        assert_eq!(widths("👩\u{200d}👩\u{200d}👧x"), [2, 1]);
        assert_eq!(widths("\ta\tb"), [4, 1, 3, 1]);
        assert_eq!(widths("\u{202e}"), [8]);
    }

    #[test]
    fn wraps_at_spaces() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("", 7), [""]);
    }
}
