//! Why a line is no record.
//!
//! In:      facts found while reading.
//! Out:     `RecordError`.
//! Imports: nothing of ours.

use std::error::Error;
use std::fmt;

/// Why a line is no record, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordError {
    /// What is wrong.
    pub fault: Fault,
    /// Byte of the line.
    pub offset: usize,
}

/// One sentence without its full stop.
impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (byte {})", self.fault, self.offset)
    }
}

impl Error for RecordError {}

impl RecordError {
    /// Whether the line is none that should be a record: it is about a block or a gap.
    #[must_use]
    pub const fn is_about_lines(&self) -> bool {
        matches!(self.fault, Fault::NotARecord)
    }
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is longer than `RECORD_BYTES_MAX`.
    TooLong,
    /// It ends too early: the end of it is lost, or was never written.
    Truncated,
    /// Something that JSON does not have at this place.
    Syntax,
    /// It is no object.
    NotAnObject,
    /// A byte order mark stands in front of it.
    ByteOrderMark,
    /// Something follows behind the record.
    Trailing,
    /// A line about a block, or a gap, of records.
    NotARecord,
    /// A version that this build does not read.
    Version,
    /// A field that every record has is not there.
    Missing(&'static str),
    /// A field is given twice, or two of which there can be one.
    Twice(&'static str),
    /// A field holds something else than it can.
    Wrong(&'static str, &'static str),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("the line is too long for a record"),
            Self::Truncated => f.write_str("the line ends too early"),
            Self::Syntax => f.write_str("this is not JSON"),
            Self::NotAnObject => f.write_str("the line is no JSON object"),
            Self::ByteOrderMark => f.write_str("a byte order mark stands in front of the record"),
            Self::Trailing => f.write_str("something follows behind the record"),
            Self::NotARecord => f.write_str("the line is about other lines"),
            Self::Version => f.write_str("a version of the format that this build does not read"),
            Self::Missing(field) => write!(f, "`{field}` is missing"),
            Self::Twice(field) => write!(f, "`{field}` is given twice"),
            Self::Wrong(field, wanted) => write!(f, "`{field}` is not {wanted}"),
        }
    }
}
