//! The integration tests.

mod report;
mod syntax;
