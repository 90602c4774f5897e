//! Annotations that GitHub shows beside the lines of a change.
//!
//! In:      what is to be said, and where.
//! Out:     a workflow command, a line: `::error file=,line=,endLine=,col=,title=::message`.
//! Imports: its own room alone.

use std::fmt::Write as _;

use crate::tools::report::visible::visible;

/// How grave something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It fails the step.
    Error,
    /// It should be looked at.
    Warning,
    /// It is good to know.
    Notice,
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// Where something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location<'a> {
    /// The file, as it is reached from the root of the repository.
    pub path: &'a str,
    /// First line, from 1.
    pub line: u32,
    /// Last line.
    pub end_line: u32,
    /// First column, from 1, where it is known.
    pub column: Option<u32>,
}

/// The line of one annotation. Breaks in `message` stay breaks when it is shown.
#[must_use]
pub fn annotation(level: Level, at: Option<Location<'_>>, title: &str, message: &str) -> String {
    let mut place = String::new();
    if let Some(Location { path, line, end_line, column }) = at {
        // Writing to a string does not fail.
        let _ = write!(place, "file={},line={line},endLine={end_line},", property(path));
        if let Some(column) = column {
            let _ = write!(place, "col={column},");
        }
    }
    format!("::{} {place}title={}::{}\n", level.word(), property(title), data(message))
}

/// A message: what would end it is written as a number, and nothing in it is invisible.
fn data(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(visible).collect();
    lines.join("\n").replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property: likewise.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{Level, Location, annotation, data, property};

    #[test]
    fn nothing_ends_a_command_but_its_end() {
        assert_eq!(data("20 %\n::error::x"), "20 %25%0A::error::x");
        assert_eq!(property("a:b,c%"), "a%3Ab%2Cc%25");
        assert!(!data("a\rb\u{202e}").contains(['\r', '\u{202e}']));
    }

    #[test]
    fn places_are_told_as_far_as_they_are_known() {
        let at = Location { path: "a,b.yaml", line: 3, end_line: 4, column: Some(7) };
        let said = annotation(Level::Error, Some(at), "E1: x", "no");
        assert_eq!(said, "::error file=a%2Cb.yaml,line=3,endLine=4,col=7,title=E1%3A x::no\n");
        assert_eq!(annotation(Level::Notice, None, "t", "a\nb"), "::notice title=t::a%0Ab\n");
    }
}
