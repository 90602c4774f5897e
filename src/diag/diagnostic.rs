//! A diagnostic: one fact, the bytes it is about, and one next step.

use crate::base::span::{FileId, Span};
use crate::diag::codes::Code;

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; changes nothing.
    Note,
    /// Probably a mistake; a bundle is still made.
    Warning,
    /// No bundle is made.
    Error,
}

impl Severity {
    /// Every severity, the least first.
    pub const ALL: [Self; 3] = [Self::Note, Self::Warning, Self::Error];

    /// The word that stands before the code.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A place and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The bytes.
    pub span: Span,
    /// Lower case, no full stop, the user's own text in backticks.
    pub text: String,
}

/// One replacement of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The bytes to replace; empty for an insertion.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

/// A change of the source that cures the finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What the change does, as in "compare with `==`".
    pub title: String,
    /// Edits that do not overlap, ascending.
    pub edits: Vec<Edit>,
    /// Whether no decision can change by it.
    pub safe: bool,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its row in the table of codes.
    pub code: Code,
    /// The row's severity unless configuration says otherwise.
    pub severity: Severity,
    /// One sentence: the fact. Lower case, no full stop.
    pub message: String,
    /// The place that the finding is about; `None` for a finding about no source.
    pub primary: Option<Label>,
    /// Other places, as the declaration in a schema.
    pub secondary: Vec<Label>,
    /// What else is known, where no label can say it; lower case, no full stop.
    pub detail: Option<String>,
    /// Input that shows the finding, as in `query(table: "orders") → allow`; executed before.
    pub example: Option<String>,
    /// One next step.
    pub help: Option<String>,
    /// A change that cures it.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// The fact `message` about the bytes `at`, which the label `label` explains.
    #[must_use]
    pub fn new(code: Code, at: Span, message: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            primary: Some(Label { span: at, text: label.into() }),
            ..Self::without_place(code, message)
        }
    }

    /// A fact that no source byte shows.
    #[must_use]
    pub fn without_place(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            primary: None,
            secondary: Vec::new(),
            detail: None,
            example: None,
            help: None,
            fix: None,
        }
    }

    /// Adds a second place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    /// Adds what no label can say.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds the one next step.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the one next step, where there is one.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// Adds a fix of one edit that changes no decision. Of an error it is a guess: nothing was
    /// decided yet, so nothing can be compared.
    #[must_use]
    pub fn fix(mut self, title: impl Into<String>, span: Span, text: impl Into<String>) -> Self {
        let edits = vec![Edit { span, text: text.into() }];
        let safe = self.severity != Severity::Error;
        self.fix = Some(Fix { title: title.into(), edits, safe });
        self
    }

    /// Renames the files of all places, as when a finding moves to a larger project.
    pub fn move_files(&mut self, to: impl Fn(FileId) -> FileId) {
        let labels = self.primary.iter_mut().chain(&mut self.secondary);
        let edits = self.fix.iter_mut().flat_map(|fix| &mut fix.edits);
        let spans = labels.map(|label| &mut label.span).chain(edits.map(|edit| &mut edit.span));
        for span in spans {
            span.file = to(span.file);
        }
    }

    /// The bytes it is about.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        self.primary.as_ref().map(|label| label.span)
    }
}
