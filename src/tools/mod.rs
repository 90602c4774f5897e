//! What users do with both halves of the product: findings drawn, projects read.
//!
//! Imports: nothing of ours.

pub mod audit;
pub mod bench;
pub mod coverage;
pub mod decide;
pub mod diff;
pub mod doc;
pub mod event;
pub mod exact;
pub mod inputs;
pub mod inspect;
pub mod invariants;
pub mod learn;
pub mod lint;
pub mod locate;
#[cfg(feature = "lsp")]
pub mod lsp;
pub mod mcp;
pub mod merge;
pub mod mutate;
pub mod oci;
pub mod parallel;
pub mod paths;
pub mod pipeline;
pub mod plan;
pub mod project;
pub mod replay;
pub mod report;
pub mod revision;
pub mod session;
pub mod sign;
pub mod standalone;
pub mod suite;
pub mod trial;
pub mod why;
