//! Numbers and columns as people read them.
//!
//! Imports: `diag`, `tools::report`.

use unicode_width::UnicodeWidthStr;

use crate::diag::numbers::grouped;
use crate::tools::bench::compare::{Change, Metric};
use crate::tools::bench::summary::QUANTILES;
use crate::tools::report::visible::visible;

/// Columns that are left of a cell that is cut.
const CELL_COLUMNS_MIN: usize = 6;
/// Below this a change in percent is none.
const SAME_PERCENT: f64 = 0.05;

/// A number with at most one digit behind the point, and that only where it says something.
#[must_use]
pub fn number(value: f64) -> String {
    if value < 1000.0 && (value.fract() * 10.0).round() % 10.0 != 0.0 {
        return format!("{value:.1}");
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts are not negative, and a cast stops at the highest number"
    )]
    grouped(value.round() as u64)
}

/// A time with two digits or three: `3.1 ns`, `31 ns`, `112 ns`, `3.9 us`.
#[must_use]
pub fn time(ns: f64) -> String {
    let units = [("ns", 1.0), ("us", 1e3), ("ms", 1e6), ("s", 1e9)];
    // What rounds to a thousand is one of the next unit.
    let unit = units.iter().rev().find(|(_, unit)| ns >= unit * 0.9995).unwrap_or(&units[0]);
    let (name, value) = (unit.0, ns / unit.1);
    if value < 9.95 { format!("{value:.1} {name}") } else { format!("{value:.0} {name}") }
}

/// Decisions a second: `3.9 M/s`.
#[must_use]
pub fn rate(per_second: f64) -> String {
    let (value, unit) = match per_second {
        fast if fast >= 999_500.0 => (fast / 1e6, "M/s"),
        medium if medium >= 999.5 => (medium / 1e3, "k/s"),
        slow => (slow, "/s"),
    };
    if value < 9.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// `+21 %`, `same`, `new`.
#[must_use]
pub fn growth(change: &Change) -> String {
    match change.percent() {
        None if change.after > 0.0 => "new".to_owned(),
        None => "same".to_owned(),
        Some(percent) if percent.abs() < SAME_PERCENT => "same".to_owned(),
        Some(percent) if percent.abs() < 9.95 => format!("{percent:+.1} %"),
        Some(percent) => format!("{percent:+.0} %"),
    }
}

/// What a change is one of, as people call it.
#[must_use]
pub fn what(change: &Change) -> &'static str {
    match change.what {
        Metric::Count(name) => name,
        Metric::Rule(_) => "rule",
        Metric::Time(at) => QUANTILES.get(at).map_or("", |(name, _)| name),
    }
}

/// The value of a change that is what decisions have now, and the one before.
#[must_use]
pub fn values(change: &Change) -> (String, String) {
    match change.what {
        Metric::Count(_) | Metric::Rule(_) => (number(change.after), number(change.before)),
        Metric::Time(_) => (time(change.after), time(change.before)),
    }
}

/// A column: to which side its cells go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// To the left.
    Left,
    /// To the right.
    Right,
}

/// Rows of cells as lines of at most `room` columns, two blanks between columns. Cells are spelled
/// out; a missing one is empty. Where a line would be too long, the widest column at the left is
/// cut, down to `CELL_COLUMNS_MIN`.
#[must_use]
pub fn columns(rows: &[Vec<String>], sides: &[Side], room: usize) -> Vec<String> {
    let mut rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| visible(cell).into_owned()).collect())
        .collect();
    let width = |rows: &[Vec<String>], at: usize| {
        rows.iter().filter_map(|row| row.get(at)).map(|it| it.width()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..sides.len()).map(|at| width(&rows, at)).collect();
    let all = widths.iter().sum::<usize>() + 2 * sides.len().saturating_sub(1);
    let left = widths.iter().zip(sides).enumerate().filter(|(_, (_, side))| **side == Side::Left);
    if let Some((at, (widest, _))) = left.max_by_key(|(_, (width, _))| **width)
        && all > room
    {
        let most = widest.saturating_sub(all - room).max(CELL_COLUMNS_MIN);
        for cell in rows.iter_mut().filter_map(|row| row.get_mut(at)) {
            *cell = cut(cell, most);
        }
    }
    let widths: Vec<usize> = (0..sides.len()).map(|at| width(&rows, at)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).zip(sides).map(|((cell, width), side)| {
            let gap = " ".repeat(width.saturating_sub(cell.width()));
            if *side == Side::Left { format!("{cell}{gap}") } else { format!("{gap}{cell}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// The beginning of a text that takes more than `most` columns.
fn cut(text: &str, most: usize) -> String {
    if text.width() <= most {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        if kept.width() + 2 > most {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::{Side, columns, number, rate, time};

    #[test]
    fn numbers_have_the_digits_that_say_something() {
        assert_eq!([3.12, 31.4, 999.4, 999.6].map(time), ["3.1 ns", "31 ns", "999 ns", "1.0 us"]);
        assert_eq!([9.96, 3_900.0, 1.5e6, 2e9].map(time), ["10 ns", "3.9 us", "1.5 ms", "2.0 s"]);
        assert_eq!([0.0, 214.0, 213.96, 213.4].map(number), ["0", "214", "214", "213.4"]);
        assert_eq!([18_402.4, 6.5].map(number), ["18 402", "6.5"]);
        assert_eq!([3.94e6, 25_000.0, 7.0].map(rate), ["3.9 M/s", "25 k/s", "7.0 /s"]);
    }

    #[test]
    fn columns_stand_below_each_other() {
        let rows = [["a", "10"], ["long name", "5"]];
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
        let sides = [Side::Left, Side::Right];
        assert_eq!(columns(&rows, &sides, 80), ["a          10", "long name   5"]);
        assert_eq!(columns(&rows, &sides, 10), ["a       10", "long …   5"]);
        assert_eq!(columns(&rows, &sides, 1), ["a       10", "long …   5"]);
    }
}
