//! From offsets in decoded text (a YAML scalar) to the bytes of the file that it was written in.
//!
//! In:      segments, built by whoever decoded the text.
//! Out:     exact spans of the file for any range of the decoded text.

use crate::base::span::{FileId, Span};

/// A run of decoded bytes and the file bytes that they came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// First decoded byte.
    pub decoded: u32,
    /// Number of decoded bytes.
    pub decoded_len: u32,
    /// First byte in the file.
    pub source: u32,
    /// Number of bytes in the file. Equal to `decoded_len` for a copy, where offsets add up;
    /// otherwise (an escape, a folded line break) the segment is mapped as a whole.
    pub source_len: u32,
}

/// Text that is written inside a file, perhaps in another spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// The decoded text: what a lexer reads.
    pub text: String,
    /// Everything between the quotes, or the whole scalar.
    pub span: Span,
    /// Ascending and without gaps in `decoded`; empty if nothing finer than `span` is known.
    pub segments: Vec<Segment>,
}

impl Embedded {
    /// A range of a file that is its own spelling, as a `.cel` rule.
    #[must_use]
    pub fn verbatim(text: &str, file: FileId, start: u32) -> Self {
        let len = u32::try_from(text.len()).unwrap_or(u32::MAX);
        Self {
            text: text.to_owned(),
            span: Span::new(file, start, start.saturating_add(len)),
            segments: vec![Segment {
                decoded: 0,
                decoded_len: len,
                source: start,
                source_len: len,
            }],
        }
    }

    /// The file bytes of the decoded bytes `start..end`.
    ///
    /// The start is mapped by the segment that holds it and the end by the segment of the byte
    /// before it, so that a range never grows over a neighbour. An empty range stays empty.
    #[must_use]
    pub fn span_of(&self, start: usize, end: usize) -> Span {
        let place = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let (start, end) = (place(start), place(end));
        let Some(from) = self.start_of(start) else { return self.span };
        if end <= start {
            return Span::new(self.span.file, from, from);
        }
        let to = self.end_of(end).unwrap_or(self.span.end);
        Span::new(self.span.file, from, to.max(from))
    }

    fn segment_at(&self, decoded: u32) -> Option<&Segment> {
        let after = self.segments.partition_point(|segment| segment.decoded <= decoded);
        self.segments.get(after.checked_sub(1)?)
    }

    fn start_of(&self, decoded: u32) -> Option<u32> {
        let segment = self.segment_at(decoded)?;
        let inside = decoded - segment.decoded;
        if inside >= segment.decoded_len {
            return Some(segment.source + segment.source_len);
        }
        let copy = segment.decoded_len == segment.source_len;
        Some(if copy { segment.source + inside } else { segment.source })
    }

    fn end_of(&self, decoded: u32) -> Option<u32> {
        let last = decoded.checked_sub(1)?;
        let segment = self.segment_at(last)?;
        let inside = (last - segment.decoded).saturating_add(1).min(segment.decoded_len);
        let copy = segment.decoded_len == segment.source_len;
        Some(segment.source + if copy { inside } else { segment.source_len })
    }
}
