//! How findings look: the only place that knows.
//!
//! In:      files and the findings about them, in order.
//! Out:     text, one function for each format.
//! Imports: `base`, `compiler::source`, `diag`, `tools::paths`.

pub mod audit;
pub mod concise;
pub mod context;
pub mod decision;
pub mod diff;
pub mod doc;
pub mod findings;
mod fixed;
pub mod full;
pub mod github;
pub mod json;
pub mod json_lines;
pub mod junit;
pub mod markdown;
pub mod paint;
pub mod place;
pub mod replay;
pub mod session;
mod snippet;
pub mod suite;
pub mod unified;
pub mod visible;
pub mod why;

use crate::base::span::Span;
use crate::compiler::source::map::SourceMap;
use crate::diag::diagnostic::{Diagnostic, Severity};
use crate::diag::numbers::grouped;
use crate::tools::paths::from_here;
use crate::tools::report::paint::Style;

/// Findings, and the files that they are about.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The files.
    pub files: &'a SourceMap,
    /// What stands before a logical path to reach the file from where the user is; ends in `/`
    /// or is empty.
    pub prefix: &'a str,
    /// The findings, by file and position.
    pub findings: &'a [Diagnostic],
    /// Findings that were left out because there were too many.
    pub dropped: usize,
    /// The tests that were run, where that is what the command does.
    pub cases: Option<&'a [TestCase]>,
    /// The command that reports: `policyc check`.
    pub command: &'a str,
}

/// What became of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestCase {
    /// The policies that were tested together.
    pub policy: String,
    /// Its name.
    pub name: String,
    /// Where it is written.
    pub span: Span,
    /// Why it failed.
    pub failure: Option<String>,
    /// Why it was not run.
    pub skipped: Option<String>,
}

impl Report<'_> {
    /// The path of the file of `span`, as the user would write it and a terminal may show it.
    #[must_use]
    pub fn path(&self, span: Span) -> String {
        visible::visible(&self.raw_path(span)).into_owned()
    }

    /// The path of the file of `span`, as the user would write it.
    #[must_use]
    pub fn raw_path(&self, span: Span) -> String {
        let path = self.files.get(span.file).map_or("", |file| file.path.as_str());
        from_here(self.prefix, path)
    }

    /// The start of `span` as `payments.yaml:17:16`.
    #[must_use]
    pub fn place(&self, span: Span) -> String {
        let Some(file) = self.files.get(span.file) else { return String::new() };
        let at = file.lines.place(&file.text, place::clamp(file, span).start);
        format!("{}:{}:{}", self.path(span), at.line, at.column)
    }

    /// How many findings are this severe.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// Formats that are chosen by their names.
pub trait NamedFormat: Copy + 'static {
    /// Every one. The first is the default.
    const ALL: &'static [Self];

    /// As `--output-format` takes it.
    fn name(&self) -> &'static str;
}

impl NamedFormat for Format {
    const ALL: &'static [Self] = FORMATS;

    fn name(&self) -> &'static str {
        self.name
    }
}

/// A way to write findings.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// As `--output-format` takes it.
    pub name: &'static str,
    /// What it is for, in a few words.
    pub about: &'static str,
    /// Writes the findings; ends in a line break unless there is nothing to write.
    pub draw: fn(&Report<'_>, Style) -> String,
    /// Whether people read it, so that a summary may follow.
    pub for_people: bool,
}

/// Every format. The first is the default.
pub const FORMATS: &[Format] = &[
    Format {
        name: "full",
        about: "for people: the source, marked, and one next step",
        draw: full::draw,
        for_people: true,
    },
    Format {
        name: "concise",
        about: "for people and editors: one line a finding",
        draw: concise::draw,
        for_people: true,
    },
    Format {
        name: "json",
        about: "for programs: one document",
        draw: json::draw,
        for_people: false,
    },
    Format {
        name: "json-lines",
        about: "for programs: one document a line, one line a finding",
        draw: json_lines::draw,
        for_people: false,
    },
    Format {
        name: "grouped",
        about: "for people: by file",
        draw: findings::grouped::draw,
        for_people: true,
    },
    Format {
        name: "github",
        about: "for GitHub: annotations beside the lines of a change",
        draw: findings::github::draw,
        for_people: false,
    },
    Format {
        name: "gitlab",
        about: "for GitLab: a code quality report",
        draw: findings::gitlab::draw,
        for_people: false,
    },
    Format {
        name: "sarif",
        about: "for code scanning: SARIF 2.1.0",
        draw: findings::sarif::draw,
        for_people: false,
    },
    Format {
        name: "junit",
        about: "for CI: XML, errors fail",
        draw: findings::junit::draw,
        for_people: false,
    },
    Format {
        name: "rdjson",
        about: "for reviewdog",
        draw: findings::rdjson::draw,
        for_people: false,
    },
    Format {
        name: "markdown",
        about: "for pull requests: a table",
        draw: findings::markdown::draw,
        for_people: false,
    },
    Format {
        name: "narrated",
        about: "for whoever listens: sentences without marks",
        draw: findings::narrated::draw,
        for_people: true,
    },
];

/// Text at the beginning of a sentence.
fn upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// `1 error, 2 warnings`, without what there is none of; `no findings` if there is nothing.
#[must_use]
pub fn tally(report: &Report<'_>) -> String {
    let kinds = [Severity::Error, Severity::Warning, Severity::Note];
    let parts: Vec<String> = kinds
        .into_iter()
        .map(|severity| (report.count(severity), severity.word()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| counted(count, word))
        .chain((report.dropped > 0).then(|| format!("{} more left out", report.dropped)))
        .collect();
    if parts.is_empty() { "no findings".to_owned() } else { parts.join(", ") }
}

/// `1 rule`, `2 000 rules`, `1 policy`, `2 policies`.
#[must_use]
pub fn counted(count: usize, word: &str) -> String {
    let number = grouped(u64::try_from(count).unwrap_or(u64::MAX));
    match (count, word.strip_suffix('y')) {
        (1, _) => format!("1 {word}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {word}s"),
    }
}
