//! A measurement as text: one function a format.
//!
//! In:      a `Drawing`.
//! Out:     text.
//! Imports: `diag`, `tools::report`.

pub mod full;
pub mod github;
pub mod gobench;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod text;

use crate::diag::diagnostic::Diagnostic;
use crate::tools::bench::budget::BudgetResult;
use crate::tools::bench::compare::{Comparison, Source};
use crate::tools::bench::document::Document;
use crate::tools::report::NamedFormat;
use crate::tools::report::Report;
use crate::tools::report::paint::Style;

/// What there is to draw.
#[derive(Clone, Debug)]
pub struct Drawing<'a> {
    /// What was measured.
    pub document: &'a Document,
    /// What it is compared with.
    pub against: Option<ComparisonView<'a>>,
    /// What became of the budgets of each policy, beside `Document::policies`.
    pub budgets: &'a [Vec<BudgetResult<'a>>],
    /// Regressions and missed budgets, on their sources.
    pub report: Report<'a>,
    /// Beside `Document::policies`.
    pub abouts: &'a [PolicyDetails<'a>],
    /// Whether it was stopped before the end.
    pub stopped: bool,
}

/// What else people want to know of a policy.
#[derive(Clone, Copy, Debug)]
pub struct PolicyDetails<'a> {
    /// Where its contexts come from.
    pub origin: &'a str,
    /// What stands before the paths of its sources.
    pub prefix: &'a str,
}

/// What a measurement is compared with.
#[derive(Clone, Debug)]
pub struct ComparisonView<'a> {
    /// As people call it: a file or a revision.
    pub name: &'a str,
    /// Where the old numbers come from.
    pub source: Source,
    /// Beside `Document::policies`.
    pub comparisons: &'a [Comparison],
}

impl Drawing<'_> {
    /// The findings.
    #[must_use]
    pub fn findings(&self) -> &[Diagnostic] {
        self.report.findings
    }
}

/// A format: its name, what it is for, how it is drawn.
#[derive(Clone, Copy)]
pub struct Format {
    /// As it is chosen.
    pub name: &'static str,
    /// Draws everything.
    pub draw: fn(&Drawing<'_>, Style) -> String,
    /// Whether people read it on a screen.
    pub for_people: bool,
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Every format. The first is the default.
pub const FORMATS: &[Format] = &[
    Format { name: "full", draw: full::draw, for_people: true },
    Format { name: "json", draw: json::draw, for_people: false },
    Format { name: "gobench", draw: gobench::draw, for_people: false },
    Format { name: "junit", draw: junit::draw, for_people: false },
    Format { name: "github", draw: github::draw, for_people: false },
    Format { name: "markdown", draw: markdown::draw, for_people: false },
];

impl NamedFormat for Format {
    const ALL: &'static [Self] = FORMATS;

    fn name(&self) -> &'static str {
        self.name
    }
}
