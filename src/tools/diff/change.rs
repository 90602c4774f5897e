//! What changes, in which direction, and what is known of that.
//!
//! In:      answers about directions.
//! Out:     `Changes`, and the word for all of them.
//! Imports: `compiler::solve`, `runtime::bundle`.

use crate::compiler::solve::input::Example;
use crate::compiler::solve::query::Undecided;
use crate::runtime::bundle::module::Phase;

/// Whether, and when, something changes in one direction.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// It never does: proved.
    Never,
    /// It does.
    When {
        /// Conditions, each of which suffices; perhaps none in words.
        conditions: Vec<String>,
        /// Whether there are more.
        more: bool,
        /// An input on which it does.
        example: Example,
        /// The phase of the decision.
        phase: Phase,
        /// The record that the input is of, if people recorded it.
        record: Option<RecordInput>,
    },
    /// It does in a recorded decision, which hangs on more than an input alone holds: on what is
    /// withheld, or on its session.
    Recorded {
        /// The id of the record.
        id: String,
    },
    /// It is not known.
    Unknown {
        /// Why not.
        why: Undecided,
        /// How many inputs were tried in vain.
        tried: usize,
    },
}

/// A recorded input that shows a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordInput {
    /// The id of the record.
    pub id: String,
    /// Whether what host functions gave then is a part of it.
    pub given: bool,
}

/// How something compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing differs: proved.
    Same,
    /// It allows less, never more: proved.
    Narrower,
    /// It allows more, and is not known to allow less.
    Wider,
    /// It allows less, and more elsewhere or perhaps so; or it asks others.
    Changed,
    /// It is not known.
    Unknown,
}

/// All that can change.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes {
    /// More is allowed: what was denied or escalated is allowed, what was denied is escalated.
    pub wider: Change,
    /// Less is allowed.
    pub narrower: Change,
    /// As much is allowed, by asking others; or something decides where nothing did.
    pub otherwise: Change,
}

impl Changes {
    /// All in a word.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        use Change::{Never, Recorded, Unknown, When};
        match (&self.wider, &self.narrower, &self.otherwise) {
            (Never, Never, Never) => Verdict::Same,
            // Of what may also allow more nobody may think that it is a subset.
            (When { .. } | Recorded { .. } | Unknown { .. }, When { .. } | Recorded { .. }, _)
            | (.., When { .. } | Recorded { .. }) => Verdict::Changed,
            (When { .. } | Recorded { .. }, ..) => Verdict::Wider,
            (Never, When { .. } | Recorded { .. }, _) => Verdict::Narrower,
            (Unknown { .. }, ..) | (_, Unknown { .. }, _) | (.., Unknown { .. }) => {
                Verdict::Unknown
            }
        }
    }

    /// Whether neither more nor less is allowed, proved, and others are asked, or something else.
    #[must_use]
    pub const fn asks_otherwise(&self) -> bool {
        let [wider, narrower] = [&self.wider, &self.narrower];
        matches!((wider, narrower), (Change::Never, Change::Never)) && self.otherwise.happens()
    }

    /// The parts that are not settled.
    #[must_use]
    pub fn open(&self) -> bool {
        let open = |change: &Change| matches!(change, Change::Unknown { .. });
        [&self.wider, &self.narrower, &self.otherwise].into_iter().any(open)
    }
}

impl Changes {
    /// Nothing.
    pub(super) const fn never() -> Self {
        Self { wider: Change::Never, narrower: Change::Never, otherwise: Change::Never }
    }

    /// What changes here or there.
    pub(super) fn with(self, other: Self) -> Self {
        Self {
            wider: self.wider.or(other.wider),
            narrower: self.narrower.or(other.narrower),
            otherwise: self.otherwise.or(other.otherwise),
        }
    }
}

impl Change {
    /// Whether it is known to.
    #[must_use]
    pub const fn happens(&self) -> bool {
        matches!(self, Self::When { .. } | Self::Recorded { .. })
    }

    pub(super) fn or(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Never, _) => other,
            (Self::Unknown { .. }, _) if other.happens() => other,
            (Self::When { .. } | Self::Recorded { .. } | Self::Unknown { .. }, _) => self,
        }
    }
}
