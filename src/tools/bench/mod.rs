//! `policyc bench`: what real decisions cost, exactly and in time, and whether they cost more.
//!
//! In:      programs, and contexts with their weights (`contexts`, `records`).
//! Out:     a `Document`, which `draw` draws and `compare` judges.
//! Imports: nothing of ours.
//! Source:  `docs/bench.md`.
//!
//! Load, contexts, choose, count, measure, document, compare, draw: each step is a module, and none
//! looks back. `count` is exact and asks no clock; `measure` and `blame` are the ones that do.

pub mod blame;
pub mod budget;
pub mod cases;
pub mod choose;
pub mod clock;
pub mod compare;
pub mod contexts;
pub mod count;
pub mod document;
pub mod draw;
pub mod error;
pub mod findings;
pub mod machine;
pub mod measure;
pub mod memory;
pub mod places;
pub mod records;
pub mod subject;
pub mod summary;
pub mod threads;
