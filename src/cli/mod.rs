//! The command line: parses arguments, calls the floors below, says how it went.
//!
//! Imports: `cli::exit`, `cli::terminal`.

pub mod bundles;
pub mod cache;
pub mod clock;
pub mod commands;
pub mod exit;
pub mod guard;
pub mod interrupt;
pub mod linting;
pub mod progress;
pub mod record;
pub mod registry;
pub mod reporting;
pub mod root;
pub mod screen;
pub mod secrets;
pub mod sources;
pub mod terminal;
pub mod trust;
pub mod usage;
pub mod variables;
pub mod watch;
pub mod write;

use std::process::ExitCode;

use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;

/// A command: its row on the first screen, its options, its work.
pub struct Command {
    /// As it is typed.
    pub name: &'static str,
    /// Its group on the first screen: `write`, `try`, `ship`, `trust`, `look` or `shell`; for a
    /// part of another command, the name of that.
    pub group: &'static str,
    /// What it is for, in a few words.
    pub short: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// Its arguments, as help shows them.
    pub usage: &'static str,
    /// Command lines that help shows, each with what it does.
    pub examples: &'static [(&'static str, &'static str)],
    /// Adds its options to a parser.
    pub arguments: fn(clap::Command) -> clap::Command,
    /// Does its work.
    pub run: fn(&clap::ArgMatches, &Terminal) -> Exit,
}

/// Every command, in the order of the first screen.
pub const COMMANDS: &[Command] = &[
    commands::init::COMMAND,
    commands::check::COMMAND,
    commands::fmt::COMMAND,
    commands::explain::COMMAND,
    #[cfg(feature = "lsp")]
    commands::lsp::COMMAND,
    commands::eval::COMMAND,
    commands::test::COMMAND,
    commands::bench::COMMAND,
    commands::diff::COMMAND,
    commands::build::COMMAND,
    commands::inspect::COMMAND,
    commands::keygen::COMMAND,
    commands::sign::COMMAND,
    commands::verify::COMMAND,
    commands::attest::COMMAND,
    commands::push::COMMAND,
    commands::pull::COMMAND,
    commands::replay::COMMAND,
    commands::audit::COMMAND,
    commands::doc::COMMAND,
    commands::plan::COMMAND,
    commands::learn::COMMAND,
    commands::import::COMMAND,
    commands::completions::COMMAND,
    commands::man::COMMAND,
];

/// Runs the command that the arguments name.
#[must_use]
pub fn main() -> ExitCode {
    root::run(std::env::args_os()).into()
}
