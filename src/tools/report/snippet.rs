//! One source line with its marks, fitted to the screen.
//!
//! In:      a line, the bytes to mark and what to say about them.
//! Out:     rows of text: the line, the underlines, the words.
//! Imports: `base`.
//!
//! ```text
//!  17 │     when: args.recipient <= 25000.0
//!     │           ┬─────────────    ─────── a double
//!     │           ╰─ a string
//! ```

use unicode_width::UnicodeWidthStr;

use crate::base::arrange::Arrange as _;
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::visible::{Cell, cells, wrap};

/// Narrowest column of words beside a mark: below it, words run over the edge of the screen.
const WORDS_COLUMNS_MIN: usize = 24;

/// The frame that all rows of a finding stand in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// Colours and width of the screen.
    pub(super) style: Style,
    /// Columns in front of the frame's line: the longest line number and a space.
    pub(super) gutter: usize,
}

impl Frame {
    /// Columns for the source.
    fn room(self) -> usize {
        self.style.width.saturating_sub(self.gutter + 3).max(WORDS_COLUMNS_MIN)
    }

    /// A row that begins with `number` and `bar`.
    pub(super) fn numbered(self, number: u32, bar: &str, bar_paint: Paint) -> String {
        let number = format!("{number:>gutter$}", gutter = self.gutter);
        format!("{} {}", self.style.paint(Paint::Frame, &number), self.style.paint(bar_paint, bar))
    }

    /// A row that begins with blanks and `bar`.
    pub(super) fn blank(self, bar: &str) -> String {
        format!("{:gutter$} {}", "", self.style.paint(Paint::Frame, bar), gutter = self.gutter)
    }
}

/// Bytes of a line, and what is to be said about them.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    /// First byte in the line.
    pub(super) start: usize,
    /// One past the last byte; an empty range is drawn one column wide.
    pub(super) end: usize,
    /// The words; may be empty.
    pub(super) text: String,
    /// The colour.
    pub(super) paint: Paint,
}

/// A mark in columns of the screen, from the left edge of the source.
struct PlacedMark<'a> {
    from: usize,
    to: usize,
    text: &'a str,
    paint: Paint,
}

/// The part of a line that is shown.
#[derive(Clone, Copy)]
struct Window {
    /// Columns left out on the left, the one that `…` takes included; 0 if none.
    skip: usize,
    /// Columns shown.
    room: usize,
}

/// Draws `text` as line `number` with `marks` below it.
pub(super) fn draw_line(
    frame: Frame,
    number: u32,
    text: &str,
    marks: &[Mark],
    rows: &mut Vec<String>,
) {
    let cells = cells(text);
    let mut placed: Vec<PlacedMark<'_>> =
        marks.iter().map(|mark| place(&cells, text.len(), mark)).collect();
    placed.arrange_by_key(|mark| (mark.from, mark.to));
    let window = window(frame.room(), &placed);
    for mark in &mut placed {
        mark.from = mark.from.saturating_sub(window.skip).min(window.room - 1);
        mark.to = mark.to.saturating_sub(window.skip).clamp(mark.from + 1, window.room);
    }
    let line = format!("{} {}", frame.numbered(number, "│", Paint::Frame), clip(&cells, window));
    rows.push(line.trim_end().to_owned());
    for layer in layers(placed) {
        draw_layer(frame, window.room, &layer, rows);
    }
}

/// Draws `text` as line `number` of what a fix would write; `changed` must be visible.
pub(super) fn draw_fixed(
    frame: Frame,
    number: u32,
    text: &str,
    changed: &Mark,
    rows: &mut Vec<String>,
) {
    let cells = cells(text);
    let window = window(frame.room(), &[place(&cells, text.len(), changed)]);
    let line = clip(&cells, window);
    let line = frame.style.paint(Paint::Good, line.trim_end());
    rows.push(format!("{} {line}", frame.numbered(number, "+", Paint::Good)).trim_end().to_owned());
}

/// Columns of `mark`, widened to whole cells; `length` is that of the line in bytes.
fn place<'a>(cells: &[Cell], length: usize, mark: &'a Mark) -> PlacedMark<'a> {
    let end = cells.last().map_or(0, |cell| cell.column + cell.width);
    let after_start = cells.partition_point(|cell| cell.byte <= mark.start);
    let holder = after_start.checked_sub(1).and_then(|at| cells.get(at));
    let next = cells.get(cells.partition_point(|cell| cell.byte < mark.end));
    let from = match holder {
        Some(cell) if mark.start < length => cell.column,
        _ => end,
    };
    let to = next.map_or(end, |cell| cell.column);
    PlacedMark { from, to: to.max(from + 1), text: &mark.text, paint: mark.paint }
}

/// The window that shows the marks and, where there is room, their words.
fn window(room: usize, placed: &[PlacedMark<'_>]) -> Window {
    let first = placed.iter().map(|mark| mark.from).min().unwrap_or(0);
    let last = placed.len().saturating_sub(1);
    let wanted = placed.iter().enumerate().map(|(at, mark)| {
        let words = mark.text.width();
        let end = if at == last { mark.to + 1 + words } else { mark.from + 3 + words };
        end.max(mark.to)
    });
    let wanted = wanted.max().unwrap_or(0);
    if wanted <= room || first < 2 {
        return Window { skip: 0, room };
    }
    Window { skip: (wanted - room + 1).min(first - 1), room }
}

/// What `window` shows of a line; `…` stands for what is left out.
fn clip(cells: &[Cell], window: Window) -> String {
    let end = cells.last().map_or(0, |cell| cell.column + cell.width);
    let first = if window.skip == 0 { 0 } else { window.skip + 1 };
    let limit = window.skip + window.room;
    let cut = end > limit;
    let mut shown = String::new();
    let mut column = window.skip;
    if window.skip > 0 {
        shown.push('…');
        column += 1;
    }
    for cell in cells.iter().skip_while(|cell| cell.column < first) {
        if cut && cell.column + cell.width >= limit {
            shown.push('…');
            break;
        }
        while column < cell.column {
            shown.push(' ');
            column += 1;
        }
        shown.push_str(&cell.shown);
        column += cell.width;
    }
    shown
}

/// Marks that overlap or touch cannot share a row of underlines.
fn layers(placed: Vec<PlacedMark<'_>>) -> Vec<Vec<PlacedMark<'_>>> {
    let mut layers: Vec<Vec<PlacedMark<'_>>> = Vec::new();
    for mark in placed {
        let free =
            layers.iter_mut().find(|layer| layer.last().is_none_or(|last| last.to < mark.from));
        match free {
            Some(layer) => layer.push(mark),
            None => layers.push(vec![mark]),
        }
    }
    layers
}

/// Underlines, the words of the last mark behind it, the words of the others below.
fn draw_layer(frame: Frame, room: usize, layer: &[PlacedMark<'_>], rows: &mut Vec<String>) {
    let fits = layer.last().is_some_and(|last| last.to + 1 + last.text.width() <= room);
    let beside = if fits { layer.len().saturating_sub(1) } else { layer.len() };
    let mut row = Row::new(frame);
    for (at, mark) in layer.iter().enumerate() {
        let hangs = at < beside && !mark.text.is_empty();
        let line =
            format!("{}{}", if hangs { "┬" } else { "─" }, "─".repeat(mark.to - mark.from - 1));
        row.put(mark.from, mark.paint, &line);
        if at >= beside {
            row.put(mark.to + 1, mark.paint, mark.text);
        }
    }
    rows.push(row.finish());
    let hanging: Vec<&PlacedMark<'_>> =
        layer.iter().take(beside).filter(|mark| !mark.text.is_empty()).collect();
    for (at, mark) in hanging.iter().enumerate().rev() {
        let words = wrap(mark.text, room.saturating_sub(mark.from + 3).max(WORDS_COLUMNS_MIN));
        for (nth, line) in words.iter().enumerate() {
            let mut row = Row::new(frame);
            for other in hanging.iter().take(at) {
                row.put(other.from, other.paint, "│");
            }
            if nth == 0 {
                row.put(mark.from, mark.paint, "╰─");
            }
            row.put(mark.from + 3, mark.paint, line);
            rows.push(row.finish());
        }
    }
}

/// A row below the source, written from left to right.
struct Row {
    style: Style,
    text: String,
    column: usize,
}

impl Row {
    fn new(frame: Frame) -> Self {
        Self { style: frame.style, text: frame.blank("│") + " ", column: 0 }
    }

    /// Puts `text` at `column`, or behind what is there already.
    fn put(&mut self, column: usize, paint: Paint, text: &str) {
        let blanks = column.saturating_sub(self.column);
        self.text.extend(std::iter::repeat_n(' ', blanks));
        self.text.push_str(&self.style.paint(paint, text));
        self.column += blanks + text.width();
    }

    fn finish(self) -> String {
        self.text.trim_end().to_owned()
    }
}
