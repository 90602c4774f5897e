//! The language server, as a scripted editor sees it.

mod client;
mod findings;
mod hostile;
mod questions;
