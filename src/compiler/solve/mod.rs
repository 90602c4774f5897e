//! Questions about all inputs of programs: is there one on which this formula holds?
//!
//! In:      modules that were verified, whether their sources are there or not.
//! Out:     `rules::meaning`: what a program says, as formulas that all programs share; and
//!          `query::QuerySolver`: proved that there is no such input, one that was tried, or not
//!          decided; then `smt` writes it for a solver that is not linked.
//! Imports: nothing of ours.
//! Source:  `docs/diff.md`, section "How".
//!
//! `formula`, `point` < `store` < `atoms`, `element` < `places` < `lift` (`step`, `normal`) <
//! `rules`; `texts`, `order` < `constraint` < `values` < `input`, `guess`; `sat` < `encode` <
//! `query`, `smt`; `terms` < `words` tells facts to people, `about` which places formulas are
//! about. About inputs near one: `neighbourhood` < `change`.

mod about;
pub mod atoms;
pub mod change;
mod constraint;
mod element;
pub mod encode;
pub mod formula;
pub mod guess;
pub mod input;
pub mod lift;
pub mod neighbourhood;
mod normal;
pub mod order;
pub mod places;
pub mod point;
pub mod query;
pub mod rules;
pub mod sat;
pub mod smt;
mod step;
pub mod store;
mod terms;
mod texts;
pub mod values;
mod whole;
pub mod words;
