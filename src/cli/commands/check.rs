//! `policyc check`: everything there is to say about sources.

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::clock::Stopwatch;
use crate::cli::exit::Exit;
use crate::cli::reporting::{Conclusion, Reporting, conclude};
use crate::cli::root::options;
use crate::cli::sources::{Sources, exit_of_project};
use crate::cli::terminal::Terminal;
use crate::diag::sink::Sink;
use crate::tools::pipeline;
use crate::tools::report::counted;

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "check",
    group: "write",
    short: "types and lints",
    about: "Parse, type-check and lint policies",
    usage: "[PATHS] [OPTIONS]",
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    reporting: Reporting,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    let options: Options = match options(matches) {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    let watch = Stopwatch::start();
    let mut sink = Sink::new();
    let project = options.sources.read(&mut sink);
    let counts = if sink.has_errors() {
        None
    } else {
        let compiled = pipeline::compile(&project.files, options.sources.strict, &mut sink);
        let counts = compiled.map(|compiled| (compiled.policies, compiled.rules));
        Some(counts.unwrap_or_else(|| pipeline::count(&project.files)))
    };
    let counts = counts.map(|(policies, rules)| {
        let policies = counted(policies, "policy");
        if rules == 0 { policies } else { format!("{policies}, {}", counted(rules, "rule")) }
    });
    let conclusion = Conclusion {
        files: &project.files,
        prefix: &project.prefix,
        parts: counts.into_iter().chain([watch.text()]).collect(),
        at_least: exit_of_project(&project),
    };
    conclude(terminal, &options.reporting, sink, &conclusion)
}
