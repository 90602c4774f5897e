//! Collects diagnostics: in order of place, each once, and not without end.

use std::collections::BTreeSet;

use crate::base::arrange::Arrange as _;
use crate::base::limits::DIAGNOSTICS_MAX;
use crate::base::span::Span;
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Severity};

/// Where the stages report.
#[derive(Clone, Debug)]
pub struct Sink {
    diagnostics: Vec<Diagnostic>,
    /// How many of them are errors.
    errors: usize,
    dropped: usize,
    room: usize,
}

impl Default for Sink {
    fn default() -> Self {
        Self::with_room(DIAGNOSTICS_MAX)
    }
}

impl Sink {
    /// An empty sink that keeps so many findings, and of errors at most as many as any sink.
    #[must_use]
    pub const fn with_room(room: usize) -> Self {
        Self { diagnostics: Vec::new(), errors: 0, dropped: 0, room }
    }

    /// An empty sink.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything that it holds; it is empty afterwards, with the room that it had.
    #[must_use]
    pub const fn take(&mut self) -> Self {
        std::mem::replace(self, Self::with_room(self.room))
    }

    /// Takes a finding. Those that find no room are only counted; errors are counted as
    /// errors all the same.
    pub fn report(&mut self, diagnostic: impl Into<Diagnostic>) {
        let diagnostic = diagnostic.into();
        let error = diagnostic.severity == Severity::Error;
        let room = !error || self.errors < DIAGNOSTICS_MAX;
        let kept = room && self.diagnostics.len() < self.room;
        self.dropped += usize::from(!kept);
        if kept || (error && self.errors == 0) {
            self.errors += usize::from(error);
            self.diagnostics.push(diagnostic);
        }
    }

    /// Whether a finding says that no bundle can be made.
    #[must_use]
    pub const fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How much the worst finding matters; `None` without findings.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.diagnostics.iter().map(|found| found.severity).max()
    }

    /// The number of findings so far, as a mark for `errors_since`.
    #[must_use]
    pub fn mark(&self) -> usize {
        self.diagnostics.len()
    }

    /// Whether an error was reported since `mark`.
    #[must_use]
    pub fn errors_since(&self, mark: usize) -> bool {
        self.diagnostics.iter().skip(mark).any(|found| found.severity == Severity::Error)
    }

    /// Changes the findings since `mark`.
    pub fn amend(&mut self, mark: usize, change: impl FnMut(&mut Diagnostic)) {
        self.diagnostics.iter_mut().skip(mark).for_each(change);
    }

    /// Counts findings that were left out before.
    pub fn count_dropped(&mut self, dropped: usize) {
        self.dropped += dropped;
    }

    /// Whether an error of the kind that `is` asks for was reported at a place that touches `at`.
    #[must_use]
    pub fn has_error_at(&self, at: Span, is: impl Fn(Code) -> bool) -> bool {
        let mut errors = self.diagnostics.iter().filter(|it| it.severity == Severity::Error);
        self.has_errors()
            && errors.any(|found| {
                let place = found.span().filter(|place| place.file == at.file);
                place.is_some_and(|place| place.start <= at.end && at.start <= place.end)
                    && is(found.code)
            })
    }

    /// Whether an error with this code was reported at exactly these bytes.
    #[must_use]
    pub fn has_reported(&self, code: Code, at: Span) -> bool {
        self.diagnostics.iter().any(|found| found.code == code && found.span() == Some(at))
    }

    /// Takes everything that `other` holds.
    pub fn append(&mut self, other: Self) {
        self.dropped += other.dropped;
        for diagnostic in other.diagnostics {
            self.report(diagnostic);
        }
    }

    /// The findings by file and position, each once, and the number of those left out. A warning
    /// about exactly the bytes of an error is dropped.
    #[must_use]
    pub fn finish(mut self) -> (Vec<Diagnostic>, usize) {
        self.diagnostics.arrange_by(|a, b| {
            let place = |found: &Diagnostic| {
                found.span().map_or((u32::MAX, 0, 0), |at| (at.file.0, at.start, at.end))
            };
            place(a).cmp(&place(b)).then_with(|| a.code.cmp(&b.code))
        });
        self.diagnostics.dedup();
        // Where an error stands, a warning about the same bytes only follows from it.
        let refused: BTreeSet<_> = self
            .diagnostics
            .iter()
            .filter(|found| found.severity == Severity::Error)
            .filter_map(|found| found.span().map(|at| (at.file.0, at.start, at.end)))
            .collect();
        self.diagnostics.retain(|found| {
            let at = found.span().map(|at| (at.file.0, at.start, at.end));
            found.severity == Severity::Error || at.is_none_or(|at| !refused.contains(&at))
        });
        (self.diagnostics, self.dropped)
    }
}
