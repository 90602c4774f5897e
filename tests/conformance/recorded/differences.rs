//! The list of differences: `differences.txt`.
//!
//! A line that begins with `# ` is a reason, with the sentence of the specification that it rests
//! on; the lines behind it are the cases: a table, what differs, and the expression as JSON.

use std::collections::BTreeSet;

/// The list, and which of its rows were of use.
#[derive(Default)]
pub(super) struct Listed(BTreeSet<String>);

fn rows() -> impl Iterator<Item = &'static str> {
    let lines = include_str!("differences.txt").lines();
    lines.filter(|line| !line.is_empty() && !line.starts_with("# "))
}

impl Listed {
    /// Whether the list has this difference.
    pub(super) fn has(&mut self, file: &str, aspect: &str, expr: &str) -> bool {
        let wanted = format!("{file} {aspect} {}", serde_json::Value::from(expr));
        let found = rows().any(|row| row == wanted);
        if found {
            self.0.insert(wanted);
        }
        found
    }

    /// Rows about what does not differ.
    pub(super) fn idle(&self) -> impl Iterator<Item = &'static str> {
        rows().filter(|row| !self.0.contains(*row))
    }
}

/// The list, as the page tells it.
pub(super) fn page() -> String {
    let mut page = String::new();
    for line in include_str!("differences.txt").lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("# ") {
            Some(reason) => page += &format!("\n{reason}\n\n"),
            None => page += &format!("- `` {line} ``\n"),
        }
    }
    page
}
