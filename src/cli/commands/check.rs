//! `policyc check`: everything there is to say about sources.

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::clock::Stopwatch;
use crate::cli::exit::Exit;
use crate::cli::reporting::{Conclusion, Reporting, conclude};
use crate::cli::root::options;
use crate::cli::sources::{Sources, exit_of_project};
use crate::cli::terminal::Terminal;
use crate::tools::merge::merge;
use crate::tools::pipeline;
use crate::tools::report::counted;

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "check",
    group: "write",
    short: "types and lints",
    about: "Parse, type-check and lint policies",
    usage: "[PATHS] [OPTIONS]",
    examples: &[
        ("policyc check", "every policy below this directory"),
        ("policyc check --output-format concise payments.yaml", "one line a finding"),
        ("policyc check --output json=findings.json", "a file for programs as well"),
    ],
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
    let mut projects = options.sources.projects(terminal);
    let mut counts = Some((0, 0));
    for (project, sink) in &mut projects {
        let counted = (!sink.has_errors()).then(|| {
            let compiled = pipeline::lint(&project.files, &project.settings, sink);
            let counts = compiled.map(|compiled| (compiled.policies, compiled.rules));
            counts.unwrap_or_else(|| pipeline::count(&project.files))
        });
        let sum = counts.zip(counted);
        counts = sum.map(|((policies, rules), (more, further))| (policies + more, rules + further));
    }
    let several = (projects.len() > 1).then(|| counted(projects.len(), "project"));
    let counts = counts.map(|(policies, rules)| {
        let policies = counted(policies, "policy");
        if rules == 0 { policies } else { format!("{policies}, {}", counted(rules, "rule")) }
    });
    let merged = merge(projects);
    let conclusion = Conclusion {
        files: &merged.files,
        prefix: &merged.prefix,
        body: String::new(),
        parts: several.into_iter().chain(counts).chain([watch.text()]).collect(),
        at_least: exit_of_project(merged.missing),
        needs_bundle: false,
    };
    conclude(terminal, &options.reporting, merged.sink, &conclusion)
}
