//! What is known of records that are alike.
//!
//! In:      a decision about one of them.
//! Out:     what counts for all.
//! Imports: its own room alone.

use crate::tools::replay::impact::{Count, Outcome, Sort};
use crate::tools::replay::pack::message::{Found, Retold};
use crate::tools::replay::redecide::Obstacle;
use crate::tools::replay::store::Digest;

/// What is known of records that are alike.
#[derive(Clone, Debug)]
pub enum Entry {
    /// They cannot be decided.
    Left(Obstacle),
    /// More is told of them than columns tell.
    Apart,
    /// They are decided so.
    Decided(Box<Decided>),
}

/// Records that are alike.
#[derive(Clone, Debug)]
pub struct Decided {
    /// Their effect before and now.
    pub outcomes: (Outcome, Outcome),
    /// The number of the way in which it changes.
    pub way: Option<u32>,
    /// The bundle that decides before.
    pub bundle: Digest,
    /// Their sort, with its hash.
    pub sort: (u64, Sort),
    /// Whether the candidate refuses them, and the bundle before does not.
    pub refused: bool,
    /// Columns that the messages of the winners quote.
    pub quotes: Vec<usize>,
    /// What the digests tell but for what is quoted, with the recorded words but the reason.
    pub frame: u32,
    /// What both say of all of them, where messages tell it.
    pub retold: Option<Retold>,
    /// What is found of all of them, where what was said tells it.
    pub found: Option<Found>,
    /// How many there were.
    pub count: Count,
}
