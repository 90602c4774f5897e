//! Lints that go by what is written: a file each.

pub mod double_negation;
pub mod unused_variable;
