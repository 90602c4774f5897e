//! `policyc diff`: what changed between two bundles.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgMatches, Args};

use crate::base::limits::SOLVER_SECONDS_MAX;
use crate::cli::Command;
use crate::cli::bundles::Settings;
use crate::cli::commands::replay::input::{Stream, StreamEnd, sources_of};
use crate::cli::exit::Exit;
use crate::cli::reporting::{alone, format_named, output_named};
use crate::cli::root::options;
use crate::cli::sources::is_bundle;
use crate::cli::terminal::Terminal;
use crate::cli::write::{step_summary, write};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::runtime::program::Program;
use crate::tools::diff::seeds::{Seed, of_tests};
use crate::tools::diff::solver::{Solver, SolverError};
use crate::tools::diff::traffic::{Traffic, TrafficCounter};
use crate::tools::diff::{Difference, compare_by};
use crate::tools::pipeline::references;
use crate::tools::project::read_with;
use crate::tools::replay::filter::Filter;
use crate::tools::replay::open::Source;
use crate::tools::replay::store::Store;
use crate::tools::report::diff::solver::silence;
use crate::tools::report::diff::{Drawing, Format, markdown};
use crate::tools::report::paint::Style;
use crate::tools::report::replay::many;

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "diff",
    group: "ship",
    short: "tell what changed between two bundles",
    about: "Compare two bundles: which rules changed, and on which inputs that changes anything",
    usage: "OLD NEW [OPTIONS]",
    examples: &[
        ("policyc diff old.plcb new.plcb", "rule by rule, then as a whole"),
        (
            "policyc diff prod.plcb policies --only-tighten",
            "fails if anything is allowed that was not",
        ),
        ("policyc diff git:main . --output-format markdown", "for a pull request"),
        (
            "policyc diff git:main . --output-format github",
            "annotations of the lines, in a workflow",
        ),
        ("policyc diff prod . --records logs", "and what of recorded traffic that touches"),
        ("policyc diff prod . --solver z3", "and asks z3 about what stays open"),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    /// A bundle, a path to sources, git:REV, sha256:DIGITS, or a name of `[bundles]`.
    old: String,
    /// As OLD.
    new: String,
    /// Records of which to count those that each change touches; may be given more than once.
    #[arg(long, value_name = "SRC")]
    records: Vec<PathBuf>,
    /// The directory of the bundles that digests name.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// End with 1 only where more is allowed, or others are asked.
    #[arg(long)]
    only_tighten: bool,
    /// Put what stays open to this solver: z3, cvc5, or the path of a program that speaks SMT-LIB.
    #[arg(long, value_name = "PROGRAM")]
    solver: Option<String>,
    /// Seconds that each of its answers may take.
    #[arg(long, value_name = "SECONDS", default_value = "10",
        value_parser = clap::value_parser!(u64).range(1..=SOLVER_SECONDS_MAX))]
    solver_timeout: u64,
    /// How it is written: full, github, json or markdown.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "full",
        value_parser = format_named::<Format>
    )]
    output_format: Format,
    /// Write it to a file as well; may be given more than once.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = output_named::<Format>)]
    output: Vec<(Format, PathBuf)>,
    /// End with 0 where differences alone would make it 1.
    #[arg(long)]
    exit_zero: bool,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    let options: Options = match options(matches) {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    let settings = match Settings::read(terminal) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let solver = match solver(terminal, &options) {
        Ok(solver) => solver,
        Err(exit) => return exit,
    };
    let store = match settings.open_store(terminal, options.store.as_deref()) {
        Ok(store) => store,
        Err(exit) => return exit,
    };
    let load = |name: &str, other: &str| settings.bundle_beside(terminal, &store, (name, other));
    let (old, new) = (options.old.as_str(), options.new.as_str());
    let ((old, old_below), (new, new_below)) = match (load(old, new), load(new, old)) {
        (Ok(old), Ok(new)) => (old, new),
        (old, new) => {
            let exits = [old.err(), new.err()];
            return exits.into_iter().flatten().max().unwrap_or(Exit::CouldNotRun);
        }
    };
    let seeds = seeds(terminal, &settings, [&options.new, &options.old]);
    let (old, new) = (store.add(old), store.add(new));
    let records = sources_of_all(terminal, &settings, &options.records);
    let counted = records.map(|sources| traffic(terminal, &sources, &store, (&old, &new)));
    let (traffic, broken) = match counted {
        Ok(counted) => counted,
        Err(exit) => return exit,
    };
    // What was recorded and is decided otherwise shows that best.
    let recorded = traffic.as_ref().map(Traffic::seeds).unwrap_or_default();
    let found = compare_by((&old, &new), &[recorded, seeds].concat(), solver.as_ref());
    let found = match &traffic {
        Some(traffic) => traffic.told_in(found),
        None => found,
    };
    let found = found.below(&old_below, &new_below);
    let only_tighten = options.only_tighten;
    let drawing = Drawing { found: &found, traffic: traffic.as_ref(), only_tighten };
    let unwritten = shown(terminal, &options, &drawing);
    let real = |name: &str| settings.path(name).and_then(|path| path.canonicalize().ok());
    if real(&options.old).is_some_and(|old| real(&options.new) == Some(old)) {
        let note =
            "both are the same path, so nothing can differ: `git:REV` names an earlier state";
        terminal.notice(&format!("  {note}\n"));
    }
    let exit = ends(&found, only_tighten);
    let exit = if exit == Exit::Findings && options.exit_zero { Exit::Done } else { exit };
    broken.max(unwritten).max(exit)
}

/// The solver that was named, if one was.
fn solver(terminal: &Terminal, options: &Options) -> Result<Option<Solver>, Exit> {
    let Some(name) = &options.solver else { return Ok(None) };
    let limit = Duration::from_secs(options.solver_timeout);
    Solver::find(name, limit).map(Some).map_err(|error| {
        let (fact, exit) = match error {
            SolverError::Missing { name } => {
                (format!("there is no program `{name}`"), Exit::Missing)
            }
            SolverError::Unusable { name, why } => {
                let says = silence(&why, "it");
                (format!("`{name}` is no solver: {says}"), Exit::CouldNotRun)
            }
        };
        let help = "name z3, cvc5, or the path of a program that is asked as z3 is";
        let finding = Diagnostic::without_place(Code::BadSolver, fact).help(help);
        alone(terminal, &finding).max(exit)
    })
}

/// Writes all that was asked for, and says how the command ends because of what was refused.
fn shown(terminal: &Terminal, options: &Options, drawing: &Drawing<'_>) -> Exit {
    terminal.result(&(options.output_format.draw)(drawing, terminal.style));
    let mut exit = Exit::Done;
    for (format, path) in &options.output {
        let text = (format.draw)(drawing, Style::PLAIN);
        if let Err(finding) = write(path, text.as_bytes()) {
            exit = exit.max(alone(terminal, &finding));
        }
    }
    let chosen = options.output.iter().map(|(format, _)| format.name);
    let chosen = chosen.chain([options.output_format.name]);
    match step_summary(chosen, || markdown(drawing, Style::PLAIN)) {
        Ok(()) => exit,
        Err(finding) => exit.max(alone(terminal, &finding)),
    }
}

/// The inputs that the tests beside sources are about.
fn seeds(terminal: &Terminal, settings: &Settings, names: [&str; 2]) -> Vec<Seed> {
    let paths = names.into_iter().filter_map(|name| settings.path(name));
    let sources = paths.filter(|path| !(path.is_file() && is_bundle(path)));
    let read = |path: PathBuf| read_with(&[path], &terminal.overrides(), references);
    // What is wrong with a project was told when it was compiled.
    let projects = sources.flat_map(read);
    projects.flat_map(|(mut project, _)| of_tests(&mut project)).map(Seed::from).collect()
}

/// Where the records are read from that were named, if any were.
fn sources_of_all(
    terminal: &Terminal,
    settings: &Settings,
    records: &[PathBuf],
) -> Result<Vec<Source>, Exit> {
    if records.is_empty() { Ok(Vec::new()) } else { sources_of(terminal, settings, records) }
}

/// What the difference touches in records, if any are named, and how the command ends because of
/// what is damaged in them.
fn traffic(
    terminal: &Terminal,
    sources: &[Source],
    store: &Store,
    programs: (&Arc<Program>, &Arc<Program>),
) -> (Option<Traffic>, Exit) {
    if sources.is_empty() {
        return (None, Exit::Done);
    }
    let filter = Filter::default();
    let stream = Stream { terminal, sources, threads: None, filter: &filter, progress: false };
    let mut traffic = Traffic::default();
    let start = || TrafficCounter::of((store, &filter), programs);
    let StreamEnd { stopped, mut broken, .. } =
        stream.run(start, TrafficCounter::chunk, |part, _| traffic.merge(part));
    if traffic.unreadable > 0 {
        let lines = many(traffic.unreadable, "line");
        let fact = format!("{lines} of the records cannot be read");
        let help = "`policyc replay lint` names the lines, and what is wrong with each";
        let finding = Diagnostic::without_place(Code::BadRecord, fact).help(help);
        broken = broken.max(alone(terminal, &finding)).max(Exit::CouldNotRun);
    }
    (Some(traffic), if stopped { Exit::Interrupted } else { broken })
}

/// How the command ends.
fn ends(found: &Difference, only_tighten: bool) -> Exit {
    let findings = if only_tighten { found.widens() } else { found.differs() };
    if findings {
        return Exit::Findings;
    }
    let settled = if only_tighten { found.only_tightens() } else { found.settled() };
    if settled { Exit::Done } else { Exit::Inconclusive }
}
