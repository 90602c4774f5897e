//! The integration tests.

mod bundle;
mod check;
mod cli;
mod documents;
mod report;
mod support;
mod syntax;
mod tidy;
mod verify;
