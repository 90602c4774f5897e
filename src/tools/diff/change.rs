//! What changes, in which direction, and what is known of that.
//!
//! In:      answers about directions.
//! Out:     `Changes`, and the word for all of them.
//! Imports: `compiler::solve`, `runtime::bundle`.

use crate::compiler::solve::input::Example;
use crate::compiler::solve::query::Undecided;
use crate::runtime::bundle::module::Phase;
use crate::tools::diff::solver::NoAnswer;

/// Whether, and when, something changes in one direction.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// It never does.
    Never(Proof),
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
        /// Why another solver does not say, if one was asked.
        no_answer: Option<NoAnswer>,
    },
}

/// What it rests on that something never happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// The method that is built in.
    BuiltIn,
    /// Another solver, which is believed.
    Solver,
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
            (Never(_), Never(_), Never(_)) => Verdict::Same,
            // Of what may also allow more nobody may think that it is a subset.
            (When { .. } | Recorded { .. } | Unknown { .. }, When { .. } | Recorded { .. }, _)
            | (.., When { .. } | Recorded { .. }) => Verdict::Changed,
            (When { .. } | Recorded { .. }, ..) => Verdict::Wider,
            (Never(_), When { .. } | Recorded { .. }, _) => Verdict::Narrower,
            (Unknown { .. }, ..) | (_, Unknown { .. }, _) | (.., Unknown { .. }) => {
                Verdict::Unknown
            }
        }
    }

    /// Whether neither more nor less is allowed, proved, and others are asked, or something else.
    #[must_use]
    pub const fn asks_otherwise(&self) -> bool {
        self.wider.never() && self.narrower.never() && self.otherwise.happens()
    }

    /// Whether another solver is believed in something.
    #[must_use]
    pub fn rests_on_solver(&self) -> bool {
        let all = [&self.wider, &self.narrower, &self.otherwise];
        all.contains(&&Change::Never(Proof::Solver))
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
    pub(super) fn never() -> Self {
        let never = || Change::Never(Proof::BuiltIn);
        Self { wider: never(), narrower: never(), otherwise: never() }
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

    /// Whether it is known not to.
    #[must_use]
    pub const fn never(&self) -> bool {
        matches!(self, Self::Never(_))
    }

    pub(super) fn or(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Never(a), Self::Never(b)) => Self::Never(*a.max(b)),
            (Self::Never(_), _) => other,
            (Self::Unknown { .. }, _) if other.happens() => other,
            (Self::When { .. } | Self::Recorded { .. } | Self::Unknown { .. }, _) => self,
        }
    }
}
