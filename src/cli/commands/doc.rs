//! `policyc doc`: what a policy set says, for people who do not write policies.

use std::path::PathBuf;

use clap::{ArgMatches, Args, ValueEnum};

use crate::cli::Command;
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::root::with_options;
use crate::cli::sources::{Sources, exit_of_project, rejected};
use crate::cli::terminal::Terminal;
use crate::cli::write::write;
use crate::tools::doc::{Set, document};
use crate::tools::pipeline;
use crate::tools::report::doc::{html, markdown};
use crate::tools::suite::files;

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "doc",
    group: "look",
    short: "write a page about policies",
    about: "Document a policy set: defaults, a decision table, rules, inputs, tests",
    usage: "[PATHS] [OPTIONS]",
    examples: &[
        ("policyc doc > POLICY.md", "Markdown"),
        ("policyc doc --output-format html -o policy.html", "one page of HTML"),
    ],
    arguments: Options::augment_args,
    run: |matches: &ArgMatches, terminal: &Terminal| with_options(matches, terminal, work),
};

/// What the documentation is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Markdown,
    Html,
}

#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    sources: Sources,
    /// What it is written in: markdown or html.
    #[arg(long, value_name = "FORMAT", default_value = "markdown", hide_possible_values = true)]
    output_format: Format,
    /// Write it to FILE.
    #[arg(long, short = 'o', value_name = "FILE")]
    out: Option<PathBuf>,
}

fn work(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let project = options.sources.project(terminal);
    let (mut project, mut sink) = project.map_err(|found| alone(terminal, &found))?;
    let tests = files::read_all(&mut project, &mut sink);
    let front = pipeline::front(&project.files, &project.settings, &mut sink);
    let Some(checked) = front.analysis.checked(&front.parsed, &sink) else {
        return Err(rejected(terminal, &project, sink));
    };
    let blocks = document(&Set { files: &project.files, checked, tests: &tests });
    let text = match options.output_format {
        Format::Markdown => markdown(&blocks),
        Format::Html => html(&blocks),
    };
    match &options.out {
        None => terminal.result(&text),
        Some(path) => {
            write(path, text.as_bytes()).map_err(|found| alone(terminal, &found))?;
        }
    }
    Ok(exit_of_project(project.missing))
}
