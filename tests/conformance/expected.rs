//! The tests that are expected to fail, each with its reason.
//!
//! `expected.txt` holds a line `file/section/test: reason` for each.

use std::collections::BTreeSet;

/// What `expected.txt` says.
pub(crate) struct Expected {
    names: BTreeSet<&'static str>,
    /// Those that no test had yet.
    left: BTreeSet<&'static str>,
}

impl Expected {
    /// Reads the file; a line without a reason is an error.
    pub(crate) fn read() -> Self {
        let lines = include_str!("expected.txt").lines().filter(|line| !line.starts_with('#'));
        let name = |line: &'static str| line.split_once(": ").expect("a name and a reason").0;
        let names: BTreeSet<&str> = lines.map(name).collect();
        Self { left: names.clone(), names }
    }

    /// Whether the test may fail.
    pub(crate) fn has(&mut self, name: &str) -> bool {
        self.left.remove(name);
        self.names.contains(name)
    }

    /// The names that no test has.
    pub(crate) fn left(&self) -> impl Iterator<Item = &str> {
        self.left.iter().copied()
    }
}
