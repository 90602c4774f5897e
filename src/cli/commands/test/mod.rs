//! `policyc test`: the table tests beside policies, what they cover, and what they would notice.

mod cases;
mod choice;
mod coverage;
mod mutants;
mod review;

use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::clock::Stopwatch;
use crate::cli::commands::test::choice::Filter;
use crate::cli::exit::Exit;
use crate::cli::interrupt::interrupted;
use crate::cli::reporting::{alone, format_named};
use crate::cli::root::with_options;
use crate::cli::sources::Sources;
use crate::cli::terminal::Terminal;
use crate::cli::watch::watched;
use crate::cli::write::write;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::project::Project;
use crate::tools::report::NamedFormat;
use crate::tools::suite::choose::TestSources;

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "test",
    group: "try",
    short: "decide tables of cases",
    about: "Run tests: *_test.yaml, `tests` of a document, tests.yaml of CEL Policy",
    usage: "[PATHS] [OPTIONS]",
    examples: &[
        ("policyc test", "every test below this directory"),
        ("policyc test --filter \"large payment\"", "the cases of this name"),
        ("policyc test --fail-on-empty", "for CI: no case is a finding"),
        ("policyc test --coverage --threshold 80", "which rules and conditions do they exercise?"),
        ("policyc test --mutants --threshold 90", "would the tests notice a wrong policy?"),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    sources: Sources,
    /// Run only some cases: `test=TEXT` in the name, `policy=NAME`, `rule=ID` expected; several
    /// with `;` between. A text alone stands in the name.
    #[arg(long, value_name = "FILTER")]
    filter: Option<Filter>,
    /// End with 2 where no case was run.
    #[arg(long)]
    fail_on_empty: bool,
    /// Run again whenever a file changes.
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    coverage: coverage::CoverageOptions,
    #[command(flatten)]
    mutants: mutants::MutantOptions,
    #[command(flatten)]
    review: review::ReviewOptions,
    /// Hundredths that must be reached, as `90`: of mutants killed, or of rules, atoms and MC/DC
    /// each.
    #[arg(long, value_name = "PERCENT", value_parser = choice::threshold)]
    threshold: Option<f64>,
    #[command(flatten)]
    showing: TestOutput,
}

/// How results are written.
#[derive(Debug, Args)]
#[command(next_help_heading = "Findings")]
struct TestOutput {
    /// How results are written: as `policyc check` writes findings; with --mutants full, json,
    /// markdown or html; with --coverage full, json, lcov, cobertura, html or markdown.
    #[arg(long, value_name = "FORMAT", default_value = "full")]
    output_format: String,
    /// Write the results to a file as well; may be given more than once.
    #[arg(long, value_name = "FORMAT=FILE")]
    output: Vec<String>,
    /// End with 0 where findings alone would make it 1.
    #[arg(long)]
    exit_zero: bool,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    with_options(matches, terminal, once_or_watched)
}

/// Once, or whenever something changes.
fn once_or_watched(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    check_usage(terminal, options)?;
    if !options.watch {
        return once(terminal, options);
    }
    let paths: Vec<_> = options.sources.paths.iter().map(PathBuf::as_path).collect();
    let stop = interrupted();
    let again = || once(terminal, options).unwrap_or_else(|exit| exit);
    let reports = options.showing.output.iter().filter_map(|text| text.split_once('='));
    let reports: Vec<_> = reports.map(|(_, path)| Path::new(path)).collect();
    Ok(watched(terminal, &paths, &reports, &stop, again))
}

fn once(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let since = Stopwatch::start();
    let projects = options.sources.projects(terminal);
    refuse_unknown(terminal, options, &projects)?;
    let read = TestedProjects { projects, since };
    if options.review.wanted() {
        review::run(terminal, options, read)
    } else if options.coverage.wanted() {
        coverage::run(terminal, options, read)
    } else if options.mutants.wanted() {
        mutants::run(terminal, options, read)
    } else {
        cases::run(terminal, options, read)
    }
}

/// The projects that the paths belong to, as they were read once.
#[derive(Clone, Debug)]
struct TestedProjects {
    projects: Vec<(Project, Sink)>,
    since: Stopwatch,
}

/// Refuses a filter for a policy or a rule that no project has: it would choose nothing.
fn refuse_unknown(
    terminal: &Terminal,
    options: &Options,
    projects: &[(Project, Sink)],
) -> Result<(), Exit> {
    let Some(filter) = options.filter.as_ref().filter(|filter| filter.names()) else {
        return Ok(());
    };
    let sources: Vec<_> = projects.iter().map(|(it, _)| TestSources::of(&it.files)).collect();
    match filter.unknown(&sources) {
        Some(unknown) => Err(alone(terminal, &unknown)),
        None => Ok(()),
    }
}

/// Refuses options that make no sense together.
fn check_usage(terminal: &Terminal, options: &Options) -> Result<(), Exit> {
    let measured = options.mutants.wanted() || options.coverage.wanted();
    if options.threshold.is_none() || measured {
        return Ok(());
    }
    let fact = "`--threshold` is about coverage, or about mutants";
    let finding = Diagnostic::without_place(Code::BadUsage, fact);
    Err(alone(terminal, &finding.help("add `--coverage` or `--mutants`")))
}

impl TestOutput {
    /// The formats that were chosen, of those that there are: that of the screen, those of files.
    fn formats<F: NamedFormat>(&self, terminal: &Terminal) -> Result<(F, Vec<(F, PathBuf)>), Exit> {
        let named = |name: &str| {
            format_named::<F>(name).map_err(|help| {
                let fact = format!("there is no format `{name}` for this");
                alone(terminal, &Diagnostic::without_place(Code::BadUsage, fact).help(help))
            })
        };
        let mut outputs = Vec::new();
        for text in &self.output {
            let Some((name, path)) = text.split_once('=') else {
                let fact = format!("`--output {text}` names no file");
                let finding = Diagnostic::without_place(Code::BadUsage, fact);
                return Err(alone(terminal, &finding.help("write it as FORMAT=FILE")));
            };
            outputs.push((named(name)?, PathBuf::from(path)));
        }
        Ok((named(&self.output_format)?, outputs))
    }
}

/// Writes files; how the command ends because of those that cannot be written.
fn write_all(terminal: &Terminal, outputs: impl Iterator<Item = (PathBuf, String)>) -> Exit {
    let mut exit = Exit::Done;
    for (path, text) in outputs {
        if let Err(finding) = write(&path, text.as_bytes()) {
            exit = exit.max(alone(terminal, &finding));
        }
    }
    exit
}
