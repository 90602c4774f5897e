//! Lints that go by what is written: a file each.

pub mod bool_comparison;
pub mod bool_conditional;
pub mod double_negation;
pub mod equality_chain;
pub mod id_naming;
pub mod negated_comparison;
pub mod presence_chain;
pub mod redundant_parentheses;
pub mod single_membership;
pub mod size_comparison;
pub mod time_without_zone;
pub mod unused_variable;
