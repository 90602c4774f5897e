//! The integration tests.

mod cli;
mod report;
mod syntax;
mod tidy;
