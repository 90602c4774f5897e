//! `policyc audit`: audit logs, looked at. One file for each part of it.

pub mod check;
pub mod head;
mod keys;
pub mod prove;
mod store;
pub mod verify;

use clap::ArgMatches;

use crate::cli::Command;
use crate::cli::exit::Exit;
use crate::cli::root::{run_part, with_parts};
use crate::cli::terminal::Terminal;

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "audit",
    group: "look",
    short: "verify and prove what audit logs hold",
    about: "Look at an audit log: is it what was written, and what proves it?",
    usage: "COMMAND [OPTIONS]",
    examples: &[
        ("policyc audit verify /var/lib/gateway/audit", "is anything changed or missing?"),
        (
            "policyc audit head audit -o elsewhere/monday.note",
            "to be kept where nobody else writes",
        ),
        ("policyc audit prove audit --id 01JD4ZK7Q8", "one record, for somebody without the log"),
    ],
    arguments,
    run,
};

/// The parts of this command, in the order in which help shows them.
const PARTS: &[Command] = &[verify::COMMAND, head::COMMAND, prove::COMMAND, check::COMMAND];

fn arguments(parser: clap::Command) -> clap::Command {
    with_parts(parser, "policyc audit", PARTS)
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    run_part(matches, terminal, PARTS)
}
