//! Places as editors count them: lines from zero, and UTF-16 units in a line.
//!
//! In:      bytes of a text, or places.
//! Out:     places, or bytes; places that do not exist become the nearest that do.
//! Imports: `base`, `compiler::source`.

use serde_json::{Value as Json, json};

use crate::base::span::Span;
use crate::compiler::source::lines::Lines;

/// A text in which places are looked up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a> {
    all: &'a str,
    lines: &'a Lines,
    /// Whether the editor sees a byte order mark at the beginning: it does where it sent one.
    sees_mark: bool,
}

impl<'a> Text<'a> {
    /// `lines` are those of `text`.
    pub(super) fn new(text: &'a str, lines: &'a Lines, sees_mark: bool) -> Self {
        Self { all: text, lines, sees_mark }
    }

    /// The first byte of line `line`, from zero.
    fn start(&self, line: u32) -> Option<usize> {
        if line == 0 && self.sees_mark {
            return Some(0);
        }
        self.lines.start(line.checked_add(1)?).map(|start| start as usize)
    }

    /// `{line, character}` of byte `at`.
    pub(super) fn position(&self, at: u32) -> Json {
        let line = self.lines.place(self.all, at).line.saturating_sub(1);
        let start = self.start(line).unwrap_or(0);
        let end = floor(self.all, at as usize).max(start);
        let before = self.all.get(start..end).unwrap_or_default();
        json!({ "line": line, "character": before.encode_utf16().count() })
    }

    /// `{start, end}` of the bytes `span`.
    pub(super) fn range(&self, span: Span) -> Json {
        json!({ "start": self.position(span.start), "end": self.position(span.end) })
    }

    /// The byte at `line` and `character`: in a line that is shorter its end, behind the last line
    /// the end of the text.
    pub(super) fn offset(&self, line: u32, character: u32) -> usize {
        let Some(start) = self.start(line) else { return self.all.len() };
        let end = line.checked_add(1).and_then(|next| self.start(next)).unwrap_or(self.all.len());
        let whole = self.all.get(start..end).unwrap_or_default();
        let mut units = 0_u32;
        for (at, letter) in whole.trim_end_matches(['\r', '\n']).char_indices() {
            units += if letter.len_utf16() == 2 { 2 } else { 1 };
            if units > character {
                return start + at;
            }
        }
        start + whole.trim_end_matches(['\r', '\n']).len()
    }

    /// The byte at a `Position`; `None` where it is none.
    pub(super) fn offset_of(&self, position: &Json) -> Option<usize> {
        let number = |key| {
            let number = position.get(key)?.as_u64()?;
            Some(u32::try_from(number).unwrap_or(u32::MAX))
        };
        Some(self.offset(number("line")?, number("character")?))
    }
}

/// The first byte of the character that holds byte `at`.
fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// `text` after the change of an editor; `None` where the change is none.
pub(super) fn changed(text: &str, change: &Json) -> Option<String> {
    let new = change.get("text")?.as_str()?;
    let Some(range) = change.get("range") else { return Some(new.to_owned()) };
    let lines = Lines::new(text);
    let places = Text::new(text, &lines, true);
    let start = places.offset_of(range.get("start")?)?;
    let end = places.offset_of(range.get("end")?)?.max(start);
    Some([text.get(..start)?, new, text.get(end..)?].concat())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Text, changed};
    use crate::compiler::source::lines::Lines;

    /// `ä` is two bytes and one unit, the face four bytes and two units.
    const WIDE: &str = "ä\r\n😀b\rc\nd";

    #[test]
    fn places_go_by_utf16_and_all_ends_of_lines() {
        let lines = Lines::new(WIDE);
        let text = Text::new(WIDE, &lines, false);
        let rows = [(0, 0, 0), (2, 0, 1), (4, 1, 0), (8, 1, 2), (9, 1, 3), (10, 2, 0), (12, 3, 0)];
        for (byte, line, character) in rows {
            assert_eq!(text.position(byte), json!({"line": line, "character": character}));
            assert_eq!(text.offset(line, character), byte as usize, "{byte}");
        }
    }

    #[test]
    fn places_that_do_not_exist_become_the_nearest() {
        let lines = Lines::new(WIDE);
        let text = Text::new(WIDE, &lines, false);
        assert_eq!(text.offset(0, 99), 2, "the end of the line, in front of what ends it");
        assert_eq!(text.offset(1, 1), 4, "half of a character");
        assert_eq!(text.offset(99, 0), WIDE.len());
        assert_eq!(text.offset(u32::MAX, u32::MAX), WIDE.len());
        assert_eq!(text.position(6), json!({"line": 1, "character": 0}));
        assert_eq!(text.position(999), json!({"line": 3, "character": 1}));
    }

    #[test]
    fn a_mark_counts_where_the_editor_sees_it() {
        let marked = "\u{feff}ab";
        let lines = Lines::new(marked);
        assert_eq!(Text::new(marked, &lines, false).offset(0, 1), 4);
        assert_eq!(Text::new(marked, &lines, true).offset(0, 1), 3);
        assert_eq!(Text::new(marked, &lines, false).position(4)["character"], 1);
        assert_eq!(Text::new(marked, &lines, true).position(4)["character"], 2);
    }

    #[test]
    fn changes_are_applied_or_refused() {
        let edit = |from: [u32; 2], to: [u32; 2], text: &str| {
            let [start, end] =
                [from, to].map(|[line, character]| json!({"line": line, "character": character}));
            changed(WIDE, &json!({"range": {"start": start, "end": end}, "text": text}))
        };
        assert_eq!(edit([1, 0], [1, 2], "x").as_deref(), Some("ä\r\nxb\rc\nd"));
        assert_eq!(edit([3, 1], [9, 9], "e").as_deref(), Some("ä\r\n😀b\rc\nde"));
        assert_eq!(edit([2, 1], [0, 0], "!").as_deref(), Some("ä\r\n😀b\rc!\nd"), "backwards");
        assert_eq!(changed(WIDE, &json!({"text": "all"})).as_deref(), Some("all"));
        assert_eq!(changed(WIDE, &json!({"range": 1, "text": ""})), None);
        assert_eq!(changed(WIDE, &json!({})), None);
    }
}
