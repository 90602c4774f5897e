//! The language server, as a scripted editor sees it.

mod agents;
mod client;
mod findings;
mod hostile;
mod questions;
