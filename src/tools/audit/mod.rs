//! Audit logs as a whole: whether one is what was written, and proofs of that for others.
//!
//! In:      a store of segments; checkpoints and proofs as text.
//! Out:     `LogSummary`, `Proof`; findings P0923 to P0927.
//! Imports: nothing of ours.
//! Source:  `docs/audit.md`.

pub mod checkpoint;
pub mod findings;
pub mod proof;
pub mod prove;
pub mod summary;
