//! `policyc replay`: recorded decisions, again. One file for each part of it.

pub mod convert;
pub mod cover;
pub mod diff;
pub mod explain;
pub mod flip;
pub mod import;
pub(super) mod input;
pub mod lint;
pub mod minimize;
mod one;
pub mod pack;
pub mod parts;
pub mod seal;
pub(super) mod sessions;
pub mod step;
pub mod test;
pub mod unseal;
pub mod vault;
pub mod verify;

use clap::ArgMatches;

use crate::cli::Command;
use crate::cli::exit::Exit;
use crate::cli::root::{run_part, with_parts};
use crate::cli::terminal::Terminal;

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "replay",
    group: "look",
    short: "decide recorded calls again",
    about: "Replay recorded decisions",
    usage: "COMMAND [OPTIONS]",
    examples: &[
        ("policyc replay verify logs", "do the same bundles decide the same?"),
        ("policyc replay explain 01JD4ZK7Q8", "why was it decided so?"),
        ("policyc replay diff logs --to policies", "what would a candidate change?"),
    ],
    arguments,
    run,
};

/// The parts of this command, in the order in which help shows them.
const PARTS: &[Command] = &[
    verify::COMMAND,
    explain::COMMAND,
    diff::COMMAND,
    minimize::COMMAND,
    flip::COMMAND,
    test::COMMAND,
    cover::COMMAND,
    step::COMMAND,
    parts::MAP,
    parts::REDUCE,
    import::COMMAND,
    pack::COMMAND,
    convert::COMMAND,
    seal::COMMAND,
    unseal::COMMAND,
    vault::COMMAND,
    lint::COMMAND,
];

fn arguments(parser: clap::Command) -> clap::Command {
    with_parts(parser, "policyc replay", PARTS)
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    run_part(matches, terminal, PARTS)
}
