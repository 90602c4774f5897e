//! How far a long command is: a bar on standard error, where that is a terminal.

use std::io::{self, IsTerminal};

use crate::cli::terminal::Terminal;

/// Columns of the bar.
const COLUMNS: u64 = 40;

/// A bar that is drawn over and over on one line.
#[derive(Debug)]
pub struct Progress<'t> {
    terminal: &'t Terminal,
    on: bool,
}

impl<'t> Progress<'t> {
    /// A bar; none where nobody looks at standard error.
    #[must_use]
    pub fn new(terminal: &'t Terminal) -> Self {
        Self { terminal, on: io::stderr().is_terminal() }
    }

    /// Draws how much of `total` is done.
    pub fn tell(&self, done: u64, total: u64) {
        if self.on {
            self.terminal.notice(&format!("\r  {}", bar(done, total)));
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        if self.on {
            self.terminal.notice("\r\u{1b}[K");
        }
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
    use super::bar;

    #[test]
    fn a_bar_is_always_as_wide() {
        for done in 0..=7 {
            assert_eq!(bar(done, 7).chars().count(), 40 + 7, "{}", bar(done, 7));
        }
        assert!(bar(0, 0).ends_with("  0 %") && bar(9, 7).ends_with("100 %"));
    }
}
