//! The integration tests.

mod bundle;
mod cli;
mod documents;
mod report;
mod support;
mod syntax;
mod tidy;
