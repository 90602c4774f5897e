//! Text inside Markdown.
//!
//! In:      text that may hold anything.
//! Out:     text that Markdown and HTML show as it is.
//! Imports: its own room alone.

use crate::tools::report::visible::visible;

/// Text in a table: what Markdown or HTML would read is written so that it is shown. Code in
/// backticks stays code.
#[must_use]
pub fn cell(text: &str) -> String {
    let escaped = visible(text).replace('&', "&amp;").replace('<', "&lt;");
    escaped.replace('|', "\\|").replace('[', "\\[")
}

/// Text inside backticks.
#[must_use]
pub fn code(text: &str) -> String {
    visible(text).replace('`', "'").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::{cell, code};

    #[test]
    fn names_are_shown_as_they_are() {
        assert_eq!(cell("<img> | [x](y)"), "&lt;img> \\| \\[x](y)");
        assert_eq!(code("a`b"), "a'b");
    }
}
