//! The integration tests.

mod bundle;
mod cli;
mod report;
mod support;
mod syntax;
mod tidy;
