//! `policyc inspect BUNDLE`: what a bundle holds.

use std::path::PathBuf;

use clap::{ArgMatches, Args, ValueEnum};

use crate::base::limits::BUNDLE_BYTES_MAX;
use crate::cli::Command;
use crate::cli::exit::Exit;
use crate::cli::reporting::{alone, refused};
use crate::cli::root::options;
use crate::cli::sources::shown;
use crate::cli::terminal::Terminal;
use crate::tools::inspect::listing::listing;
use crate::tools::inspect::{Inspected, summary, to_json};
use crate::tools::pipeline;
use crate::tools::project::{read_bytes, unreadable};

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "inspect",
    group: "ship",
    short: "what it holds",
    about: "Show what a bundle holds: who made it, what it reads, its rules, its cost",
    usage: "BUNDLE [OPTIONS]",
    examples: &[
        ("policyc inspect payments.plcb", "who made it, what it reads, what it costs"),
        ("policyc inspect payments.plcb --code", "its instructions"),
        ("policyc inspect payments.plcb --output-format json", "for programs"),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    /// A bundle, as `policyc build` writes it.
    bundle: PathBuf,
    /// Show the instructions of every function, with the source lines they come from.
    #[arg(long)]
    code: bool,
    /// How it is written.
    #[arg(long, value_name = "full|json", default_value = "full", hide_possible_values = true)]
    output_format: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shape {
    Full,
    Json,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    let options: Options = match options(matches) {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    let name = shown(&options.bundle);
    let bytes = match read_bytes(&options.bundle, BUNDLE_BYTES_MAX + 1) {
        Ok(bytes) => bytes,
        Err(error) => {
            let missing = error.kind() == std::io::ErrorKind::NotFound;
            let found = unreadable(&name, &error);
            let exit = alone(terminal, &found);
            return if missing { Exit::Missing } else { exit };
        }
    };
    let program = match pipeline::load(&bytes, &name) {
        Ok(program) => program,
        Err(found) => return refused(terminal, &found),
    };
    let bundle =
        Inspected { module: program.module(), digest: program.digest(), bytes: bytes.len() };
    match options.output_format {
        Shape::Full => terminal.result(&summary(&bundle, terminal.style)),
        Shape::Json => terminal.result(&format!("{:#}\n", to_json(&bundle))),
    }
    if options.code {
        terminal.result(&format!("\n{}", listing(&bundle, terminal.style)));
    }
    Exit::Done
}
