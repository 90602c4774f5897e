//! `policyc diff`: what changed between two bundles.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{ArgMatches, Args, ValueEnum};

use crate::cli::Command;
use crate::cli::bundles::Settings;
use crate::cli::commands::replay::input::{Ran, Stream, sources_of};
use crate::cli::exit::Exit;
use crate::cli::root::options;
use crate::cli::terminal::Terminal;
use crate::runtime::program::Program;
use crate::tools::diff::traffic::{Counter, Traffic};
use crate::tools::diff::{Difference, compare};
use crate::tools::replay::filter::Filter;
use crate::tools::replay::store::Store;
use crate::tools::report::diff::{full, json, markdown};

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "diff",
    group: "ship",
    short: "what changed",
    about: "Compare two bundles: which rules changed, and on which inputs that changes anything",
    usage: "OLD NEW [OPTIONS]",
    examples: &[
        ("policyc diff old.plcb new.plcb", "rule by rule, then as a whole"),
        (
            "policyc diff prod.plcb policies --only-tighten",
            "fails if anything is allowed that was not",
        ),
        ("policyc diff git:main . --output-format markdown", "for a pull request"),
        ("policyc diff prod . --records logs", "and what of recorded traffic that touches"),
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
    /// How it is written.
    #[arg(
        long,
        value_name = "full|json|markdown",
        default_value = "full",
        hide_possible_values = true
    )]
    output_format: Shape,
    /// End with 0 where differences alone would make it 1.
    #[arg(long)]
    exit_zero: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shape {
    Full,
    Json,
    Markdown,
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
    let store = Store::at(settings.store(options.store.as_deref()));
    let load = |name: &String| settings.bundle(terminal, &store, name);
    let (old, new) = match (load(&options.old), load(&options.new)) {
        (Ok(old), Ok(new)) => (old, new),
        (old, new) => {
            let exits = [old.err(), new.err()];
            return exits.into_iter().flatten().max().unwrap_or(Exit::CouldNotRun);
        }
    };
    let found = compare(&old, &new);
    let (traffic, broken) = match traffic(terminal, &settings, &options.records, (old, new)) {
        Ok(counted) => counted,
        Err(exit) => return exit,
    };
    match options.output_format {
        Shape::Full => terminal.result(&full(&found, traffic.as_ref(), terminal.style)),
        Shape::Json => terminal.result(&format!("{:#}\n", json(&found, traffic.as_ref()))),
        Shape::Markdown => terminal.result(&markdown(&found, traffic.as_ref())),
    }
    let exit = ends(&found, options.only_tighten);
    broken.max(if exit == Exit::Findings && options.exit_zero { Exit::Done } else { exit })
}

/// What the difference touches in `records`, and how the command ends because of what is damaged
/// in them.
fn traffic(
    terminal: &Terminal,
    settings: &Settings,
    records: &[PathBuf],
    (old, new): (Program, Program),
) -> Result<(Option<Traffic>, Exit), Exit> {
    if records.is_empty() {
        return Ok((None, Exit::Done));
    }
    let (old, new) = (Arc::new(old), Arc::new(new));
    let sources = sources_of(terminal, settings, records)?;
    let filter = Filter::default();
    let stream =
        Stream { terminal, sources: &sources, threads: None, filter: &filter, progress: false };
    let mut traffic = Traffic::default();
    let start = || Counter::of(&filter, (&old, &new));
    let Ran { stopped, broken, .. } =
        stream.run(start, Counter::chunk, |part, _| traffic.merge(part));
    Ok((Some(traffic), if stopped { Exit::Interrupted } else { broken }))
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
