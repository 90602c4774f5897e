//! `policyc plan`: plans of agents. One part for each thing that is done with them.

use std::env;
use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::clock::Stopwatch;
use crate::cli::exit::Exit;
use crate::cli::linting::LintSelection;
use crate::cli::reporting::{Conclusion, Reporting, alone, conclude};
use crate::cli::root::{run_part, with_options, with_parts};
use crate::cli::sources::{Sources, rejected, shown, text_of};
use crate::cli::terminal::Terminal;
use crate::tools::paths::{normalize, relative, slashed};
use crate::tools::plan::{Asked, check};
use crate::tools::project::Project;
use crate::tools::report::counted;

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "plan",
    group: "look",
    short: "check the plan of an agent",
    about: "Check plans of agents before anything runs",
    usage: "COMMAND [OPTIONS]",
    examples: &[("policyc plan check plan.json --policy .", "a plan that comes at run time")],
    arguments,
    run,
};

/// The parts of this command.
const PARTS: &[Command] = &[CHECK];

const CHECK: Command = Command {
    name: "check",
    group: "plan",
    short: "a plan against its policy",
    about: "Check a plan against a policy and its tools, before anything runs",
    usage: "[PLAN] [OPTIONS]",
    examples: &[
        ("policyc plan check", "the plan of the policy in this directory"),
        ("policyc plan check plan.json --policy policies", "one that comes at run time"),
        ("policyc plan check --role clerk --role auditor", "for principals with these roles"),
    ],
    arguments: Options::augment_args,
    run: |matches: &ArgMatches, terminal: &Terminal| with_options(matches, terminal, work),
};

#[derive(Debug, Args)]
struct Options {
    /// A plan in JSON or YAML, or an event that holds one; without it, the policy's own.
    #[arg(value_name = "PLAN")]
    plan: Option<PathBuf>,
    /// The policy: files and directories.
    #[arg(long, value_name = "PATHS", default_value = ".")]
    policy: Vec<PathBuf>,
    /// A role of who will call; without any, whoever does.
    #[arg(long, value_name = "ROLE")]
    role: Vec<String>,
    #[command(flatten)]
    chosen: LintSelection,
    #[command(flatten)]
    reporting: Reporting,
}

fn arguments(parser: clap::Command) -> clap::Command {
    with_parts(parser, "policyc plan", PARTS)
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    run_part(matches, terminal, PARTS)
}

fn work(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let watch = Stopwatch::start();
    let sources = Sources { paths: options.policy.clone(), strict: false, source_date_epoch: None };
    let read = sources.project(terminal).map_err(|found| alone(terminal, &found))?;
    let (mut project, mut sink) = read;
    if sink.has_errors() {
        return Err(rejected(terminal, &project, sink));
    }
    let file = match &options.plan {
        None => None,
        Some(path) => {
            let text = text_of(terminal, path)?;
            let logical = logical(&project, path);
            // A plan that lies among the sources is one of them already.
            let known = project.files.find(&logical);
            Some(known.unwrap_or_else(|| project.files.add(logical, text)))
        }
    };
    let selection = options.chosen.selection(&project);
    let asked = Asked { file, roles: &options.role, selection: &selection };
    let steps = check(&project.files, &project.settings, asked, &mut sink);
    let conclusion = Conclusion {
        parts: steps
            .map(|steps| counted(steps, "step"))
            .into_iter()
            .chain([watch.text()])
            .collect(),
        command: "policyc plan check",
        ..Conclusion::of(&project.files, &project.prefix, options.chosen.exit(&project, &sink))
    };
    Ok(conclude(terminal, &options.reporting, sink, &conclusion))
}

/// The path of a plan as the project writes paths: from its root, wherever it lies.
fn logical(project: &Project, path: &Path) -> String {
    let full = env::current_dir().map(|here| normalize(&here.join(path)));
    full.map_or_else(|_| shown(path), |full| slashed(&relative(&project.root, &full)))
}
