//! `policyc inspect BUNDLE`: what a bundle holds.

use std::path::PathBuf;

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::exit::Exit;
use crate::cli::reporting::Shape;
use crate::cli::root::options;
use crate::cli::sources::load_bundle;
use crate::cli::terminal::Terminal;
use crate::tools::inspect::listing::listing;
use crate::tools::inspect::{BundleInspection, summary, to_json};

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "inspect",
    group: "ship",
    short: "tell what a bundle holds",
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

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    let options: Options = match options(matches) {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    let (program, bundle) = match load_bundle(terminal, &options.bundle) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let (digest, bytes) = (program.digest(), bundle.len());
    let bundle = BundleInspection { module: program.module(), digest, bytes };
    match options.output_format {
        Shape::Full => terminal.result(&summary(&bundle, terminal.style)),
        Shape::Json => terminal.result(&format!("{:#}\n", to_json(&bundle))),
    }
    if options.code {
        terminal.result(&format!("\n{}", listing(&bundle, terminal.style)));
    }
    Exit::Done
}
