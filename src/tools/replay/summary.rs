//! Summaries of parts of records, as files: `.pds`.
//!
//! In:      what `replay diff` found in a part of the records; files.
//! Out:     files; one summary of all of them, whatever the parts were.
//! Imports: `tools::inspect`.
//!
//! A file is one line of JSON. It names the build that made it and both bundles, for summaries of
//! others cannot be joined.

use serde::{Deserialize, Serialize};

use crate::tools::inspect::digest_text;
use crate::tools::replay::impact::Impact;
use crate::tools::replay::store::Digest;

/// The shape of these files.
const VERSION: u32 = 6;
/// The build that made a file: hashes and limits may be others in another.
const BUILD: &str = env!("CARGO_PKG_VERSION");

/// What is known of a part of the records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    format: String,
    version: u32,
    build: String,
    /// The bundle in the stead of those that decided, if one was named.
    pub from: Option<Digest>,
    /// The candidate.
    pub to: Digest,
    /// What was found.
    pub impact: Impact,
}

/// Why summaries cannot be joined, or a file is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SummaryError {
    /// It is no summary: why.
    NotOne(String),
    /// Another version of its shape, or another build.
    Other(String),
    /// It compares other bundles.
    Bundles(String),
}

impl std::fmt::Display for SummaryError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotOne(why) => write!(f, "it is no summary: {why}"),
            Self::Other(found) => write!(f, "policyc {found} made it, and this is {BUILD}"),
            Self::Bundles(found) => write!(f, "it is about another bundle: {found}"),
        }
    }
}

impl Summary {
    /// The summary of a part.
    #[must_use]
    pub fn of(impact: Impact, from: Option<Digest>, to: Digest) -> Self {
        let format = "policyc.summary".to_owned();
        Self { format, version: VERSION, build: BUILD.to_owned(), from, to, impact }
    }

    /// Its file.
    #[must_use]
    pub fn to_line(&self) -> String {
        // Nothing in it is a map whose keys are no texts, so it can be written.
        serde_json::to_string(self).map(|line| line + "\n").unwrap_or_default()
    }

    /// The summary in a file.
    ///
    /// # Errors
    /// If it is none, or one of another build.
    pub fn read(bytes: &[u8]) -> Result<Self, SummaryError> {
        let read: Self = serde_json::from_slice(bytes)
            .map_err(|error| SummaryError::NotOne(error.to_string()))?;
        if read.format != "policyc.summary" {
            return Err(SummaryError::NotOne("it says that it is something else".to_owned()));
        }
        if read.version != VERSION || read.build != BUILD {
            return Err(SummaryError::Other(read.build));
        }
        Ok(read)
    }

    /// Adds the summary of another part.
    ///
    /// # Errors
    /// If it is about other bundles.
    pub fn add(&mut self, other: Self) -> Result<(), SummaryError> {
        if other.to != self.to {
            return Err(SummaryError::Bundles(digest_text(&other.to)));
        }
        if other.from != self.from {
            let found =
                other.from.map_or_else(|| "those of the records".to_owned(), |it| digest_text(&it));
            return Err(SummaryError::Bundles(found));
        }
        self.impact.merge(other.impact);
        Ok(())
    }
}
