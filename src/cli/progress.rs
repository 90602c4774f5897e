//! How far a long command is: a bar on standard error, where that is a terminal.

use std::cell::Cell;
use std::io::{self, IsTerminal};

use crate::cli::clock::Stopwatch;
use crate::cli::terminal::Terminal;
use crate::diag::numbers::grouped;

/// Columns of the bar.
const COLUMNS: u64 = 40;
/// Nobody waits for what takes less.
const PATIENCE_SECONDS: f64 = 1.0;
/// A bar is drawn anew after so long.
const STEP_SECONDS: f64 = 0.1;

/// A bar that is drawn over and over on one line.
#[derive(Debug)]
pub struct Progress<'t> {
    terminal: &'t Terminal,
    on: bool,
    watch: Stopwatch,
    /// When it was drawn last, in seconds since the start; nothing before that.
    drawn: Cell<Option<f64>>,
}

/// Whether somebody looks at standard error.
#[must_use]
pub fn watched() -> bool {
    io::stderr().is_terminal()
}

impl<'t> Progress<'t> {
    /// A bar; none where nobody looks at standard error.
    #[must_use]
    pub fn new(terminal: &'t Terminal) -> Self {
        Self::shown(terminal, watched())
    }

    /// A bar, if it is to be shown.
    #[must_use]
    pub fn shown(terminal: &'t Terminal, on: bool) -> Self {
        Self { terminal, on, watch: Stopwatch::start(), drawn: Cell::new(None) }
    }

    /// Draws how much of `total` is done, and how long the rest will take. Both are bytes where
    /// nobody knows the total: zero.
    pub fn draw(&self, done: u64, total: u64) {
        if !self.on {
            return;
        }
        let now = self.watch.seconds();
        let due = self.drawn.get().map_or(PATIENCE_SECONDS, |drawn| drawn + STEP_SECONDS);
        if now < due {
            return;
        }
        self.drawn.set(Some(now));
        let text = match total {
            0 => format!("{} MB", grouped(done / 1_000_000)),
            total => format!("{}{}", bar(done, total), left(now, done, total)),
        };
        self.terminal.notice(&format!("\r  {text}\u{1b}[K"));
    }

    /// Writes a line that stays, above the bar.
    pub fn print_line(&self, line: &str) {
        self.end();
        self.terminal.notice(line);
    }

    /// Takes the bar away.
    pub fn end(&self) {
        if self.drawn.take().is_some() {
            self.terminal.notice("\r\u{1b}[K");
        }
    }
}

/// `  12 s left`, from what was done in the seconds so far.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a guess for people"
)]
fn left(seconds: f64, done: u64, total: u64) -> String {
    if done == 0 {
        return String::new();
    }
    let rest = seconds * total.saturating_sub(done) as f64 / done as f64;
    match rest.ceil() as u64 {
        rest if rest < 100 => format!("  {rest} s left"),
        rest => format!("  {} min left", grouped(rest.div_ceil(60))),
    }
}

/// `━━━━━━╸───  65 %`.
fn bar(done: u64, total: u64) -> String {
    let total = total.max(1);
    let full = (COLUMNS * done.min(total)).div_euclid(total);
    let tip = u64::from(full < COLUMNS);
    let times = |text: &str, count: u64| text.repeat(usize::try_from(count).unwrap_or(0));
    let bar = times("━", full) + &times("╸", tip) + &times("─", COLUMNS.saturating_sub(full + tip));
    format!("{bar}  {:>3} %", 100 * done.min(total) / total)
}

#[cfg(test)]
mod tests {
    use super::{bar, left};

    #[test]
    fn a_bar_is_always_as_wide() {
        for done in 0..=7 {
            assert_eq!(bar(done, 7).chars().count(), 40 + 7, "{}", bar(done, 7));
        }
        assert_eq!(left(2.0, 1, 4), "  6 s left");
        assert_eq!(left(60.0, 10, 100), "  9 min left");
        assert_eq!((left(1.0, 0, 4), left(1.0, 9, 4)), (String::new(), "  0 s left".to_owned()));
        assert!(bar(0, 0).ends_with("  0 %") && bar(9, 7).ends_with("100 %"));
    }
}
