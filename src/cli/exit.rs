//! How a command ends: one table for all of them.

use std::process::ExitCode;

/// How a command ends. The order is that of importance: the greatest of several is the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exit {
    /// Done, and nothing to object to.
    #[default]
    Done,
    /// Nothing was found, and something could not be decided.
    Inconclusive,
    /// Findings: errors in sources, failed tests, regressions, differences, a deny under
    /// `--fail-on-deny`.
    Findings,
    /// It could not run: usage, input that cannot be read, a bundle that is refused.
    CouldNotRun,
    /// Something that was named does not exist.
    Missing,
    /// Something was changed after it was made: a digest does not match.
    Integrity,
    /// Somebody ended it: what was done so far is written.
    Interrupted,
    /// A bug of ours.
    Bug,
}

impl Exit {
    /// Every way to end, from the least to the most important.
    pub const ALL: [Self; 8] = [
        Self::Done,
        Self::Inconclusive,
        Self::Findings,
        Self::CouldNotRun,
        Self::Missing,
        Self::Integrity,
        Self::Interrupted,
        Self::Bug,
    ];

    /// The number that the shell sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Findings => 1,
            Self::CouldNotRun => 2,
            Self::Inconclusive => 3,
            Self::Integrity => 4,
            Self::Missing => 5,
            Self::Interrupted => 130,
            Self::Bug => 70,
        }
    }

    /// What it means, for `policyc help exit-codes`.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, and nothing to object to",
            Self::Inconclusive => "inconclusive: something could not be decided",
            Self::Findings => {
                "findings: errors, failed tests, regressions, differences, --fail-on-deny"
            }
            Self::CouldNotRun => "could not run: usage, unreadable input, a refused bundle",
            Self::Integrity => "integrity: a digest does not match",
            Self::Missing => "something that was named does not exist",
            Self::Interrupted => "interrupted: what was done so far is written",
            Self::Bug => "a bug of ours, with a request to report it",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
