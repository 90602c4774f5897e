//! The tests that are expected to fail, each with its reason.
//!
//! `expected.txt` holds a line `file/section/test: reason` for each.

/// Why the test may fail; `None` where it must pass.
pub(crate) fn reason(file: &str, path: &str) -> Option<&'static str> {
    let wanted = format!("{file}/{path}");
    let lines = include_str!("expected.txt").lines().filter(|line| !line.starts_with('#'));
    let mut rows = lines.filter_map(|line| line.split_once(": "));
    rows.find(|(name, _)| *name == wanted).map(|(_, reason)| reason)
}
