//! Colours, where they are wanted.
//!
//! Imports: `diag`.

use crate::diag::diagnostic::Severity;

/// How text is to be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether colours are used.
    pub colour: bool,
    /// Columns of the screen.
    pub width: usize,
}

impl Style {
    /// Without colours, 80 columns: what tests and files get.
    pub const PLAIN: Self = Self { colour: false, width: 80 };

    /// `text` in the colour of `paint`.
    #[must_use]
    pub fn paint(self, paint: Paint, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        format!("\u{1b}[{}m{text}\u{1b}[0m", paint.ansi())
    }
}

/// What a piece of text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// The word and code in front of a message.
    Head(Severity),
    /// The place that a finding is about.
    Mark(Severity),
    /// Another place.
    Aside,
    /// What must stand out.
    Strong,
    /// Line numbers, frames, what may be overlooked.
    Frame,
    /// A next step.
    Help,
    /// What would be written, what is well.
    Good,
    /// What is refused, what failed.
    Bad,
    /// What waits for somebody.
    Wait,
}

impl Paint {
    const fn ansi(self) -> &'static str {
        match self {
            Self::Head(Severity::Error) => "1;31",
            Self::Head(Severity::Warning) => "1;33",
            Self::Head(Severity::Note) => "1;36",
            Self::Mark(Severity::Error) | Self::Bad => "31",
            Self::Mark(Severity::Warning) | Self::Wait => "33",
            Self::Mark(Severity::Note) | Self::Help => "36",
            Self::Aside => "34",
            Self::Strong => "1",
            Self::Frame => "2",
            Self::Good => "32",
        }
    }
}
