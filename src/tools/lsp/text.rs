//! Places as editors count them: lines from zero, and UTF-16 units in a line.
//!
//! In:      bytes of a text, or places.
//! Out:     places, or bytes; places that do not exist become the nearest that do.
//! Imports: `base`, `compiler::source`.

use std::cell::OnceCell;

use serde_json::{Value as Json, json};

use crate::base::span::Span;
use crate::compiler::source::lines::Lines;

/// A text in which places are looked up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a> {
    all: &'a str,
    lines: &'a Lines,
    units: &'a OnceCell<Units>,
    /// Whether the editor sees a byte order mark at the beginning: it does where it sent one.
    sees_mark: bool,
}

impl<'a> Text<'a> {
    /// `lines` and `units` are those of `text`.
    pub(super) fn new(
        text: &'a str,
        lines: &'a Lines,
        units: &'a OnceCell<Units>,
        sees_mark: bool,
    ) -> Self {
        Self { all: text, lines, units, sees_mark }
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
        let line = self.lines.line(at).saturating_sub(1);
        let start = self.start(line).unwrap_or(0);
        let end = self.all.floor_char_boundary(at as usize).max(start);
        let units = self.units.get_or_init(|| Units::of(self.all));
        let character = units.before(self.all, end) - units.before(self.all, start);
        json!({ "line": line, "character": character })
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

/// How many UTF-16 units stand in front of a byte, wherever it is: so that many places on one long
/// line cost no more than on many lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Units {
    /// Those in front of each `STEP`th byte, or of the character that holds it.
    before: Vec<u32>,
}

impl Units {
    /// Bytes between two that are remembered.
    const STEP: usize = 256;

    /// Counts those of `text`.
    pub(super) fn of(text: &str) -> Self {
        let (mut before, mut units, mut at) = (Vec::new(), 0, 0);
        for step in (0..=text.len()).step_by(Self::STEP) {
            let here = text.floor_char_boundary(step);
            units += units_in(text, at, here);
            before.push(units);
            at = here;
        }
        Self { before }
    }

    /// Those in front of byte `at` of `text`, which begins a character.
    fn before(&self, text: &str, at: usize) -> u32 {
        let step = at / Self::STEP;
        let known = self.before.get(step).copied().unwrap_or(0);
        known + units_in(text, text.floor_char_boundary(step * Self::STEP), at)
    }
}

fn units_in(text: &str, from: usize, to: usize) -> u32 {
    let units = text.get(from..to).unwrap_or_default().encode_utf16().count();
    u32::try_from(units).unwrap_or(u32::MAX)
}

/// `text` after the change of an editor; `None` where the change is none.
pub(super) fn changed(text: &str, change: &Json) -> Option<String> {
    let new = change.get("text")?.as_str()?;
    let Some(range) = change.get("range") else { return Some(new.to_owned()) };
    let lines = Lines::new(text);
    let units = OnceCell::new();
    let places = Text::new(text, &lines, &units, true);
    let start = places.offset_of(range.get("start")?)?;
    let end = places.offset_of(range.get("end")?)?.max(start);
    Some([text.get(..start)?, new, text.get(end..)?].concat())
}

#[cfg(test)]
mod tests {
    use std::cell::OnceCell;

    use serde_json::json;

    use super::{Text, Units, changed};
    use crate::compiler::source::lines::Lines;

    /// `ä` is two bytes and one unit, the face four bytes and two units.
    const WIDE: &str = "ä\r\n😀b\rc\nd";

    #[test]
    fn places_go_by_utf16_and_all_ends_of_lines() {
        let (lines, units) = (Lines::new(WIDE), OnceCell::new());
        let text = Text::new(WIDE, &lines, &units, false);
        let rows = [(0, 0, 0), (2, 0, 1), (4, 1, 0), (8, 1, 2), (9, 1, 3), (10, 2, 0), (12, 3, 0)];
        for (byte, line, character) in rows {
            assert_eq!(text.position(byte), json!({"line": line, "character": character}));
            assert_eq!(text.offset(line, character), byte as usize, "{byte}");
        }
    }

    #[test]
    fn places_that_do_not_exist_become_the_nearest() {
        let (lines, units) = (Lines::new(WIDE), OnceCell::new());
        let text = Text::new(WIDE, &lines, &units, false);
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
        let (lines, units) = (Lines::new(marked), OnceCell::new());
        let text = |sees_mark| Text::new(marked, &lines, &units, sees_mark);
        assert_eq!(text(false).offset(0, 1), 4);
        assert_eq!(text(true).offset(0, 1), 3);
        assert_eq!(text(false).position(4)["character"], 1);
        assert_eq!(text(true).position(4)["character"], 2);
    }

    #[test]
    fn places_on_a_long_line_are_those_that_are_counted() {
        let long = ["aä😀", "b\n", "€😀"].map(|piece| piece.repeat(200)).concat();
        let (lines, units) = (Lines::new(&long), OnceCell::new());
        let text = Text::new(&long, &lines, &units, false);
        let (mut line, mut character) = (0_u32, 0_u32);
        for (at, letter) in long.char_indices() {
            let place = json!({ "line": line, "character": character });
            for byte in at..at + letter.len_utf8() {
                let byte = u32::try_from(byte).expect("short");
                assert_eq!(text.position(byte), place, "byte {byte}");
            }
            assert_eq!(text.offset(line, character), at);
            let units = if letter > '\u{ffff}' { 2 } else { 1 };
            (line, character) =
                if letter == '\n' { (line + 1, 0) } else { (line, character + units) };
        }
        assert_eq!(Units::of("").before("", 0), 0);
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
