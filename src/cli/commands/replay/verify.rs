//! `policyc replay verify`: do the bundles that made records decide the same again?

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::bundles::{Settings, stored_exit};
use crate::cli::clock::Stopwatch;
use crate::cli::commands::replay::input::{Input, Opened, StreamEnd};
use crate::cli::exit::Exit;
use crate::cli::progress::watched;
use crate::cli::reporting::{alone, format_named, output_named};
use crate::cli::root::with_options;
use crate::cli::terminal::Terminal;
use crate::cli::write::write;
use crate::runtime::program::Program;
use crate::runtime::record::check::ChainReport;
use crate::tools::inspect::description::DescribedProgram;
use crate::tools::replay::findings;
use crate::tools::replay::fold::Folds;
use crate::tools::replay::fold::verify::Verify;
use crate::tools::replay::open::Source;
use crate::tools::replay::redecide::Obstacle;
use crate::tools::replay::store::{Digest, Store};
use crate::tools::replay::verify::{Found, Mismatch, Verified, Verifier};
use crate::tools::report::paint::Style;
use crate::tools::report::replay::verify::{Drawing, Format};
use crate::tools::report::visible::visible;

/// The row of this part.
pub const COMMAND: Command = Command {
    name: "verify",
    group: "replay",
    short: "the same decisions again",
    about: "Decide again what was recorded, with the bundles that decided, and compare bit by bit; \
            sessions are folded again, event by event",
    usage: "[SRC].. [OPTIONS]",
    examples: &[
        ("policyc replay verify logs --bundle prod.plcb", "every record below `logs`"),
        ("policyc replay verify calls.jsonl.zst --output-format json", "for programs"),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    input: Input,
    /// Undetermined records that are no reason to end with 3.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    max_undetermined: u64,
    /// How the result is written: full, html, json, json-lines, junit, markdown or narrated.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "full",
        value_parser = format_named::<Format>
    )]
    output_format: Format,
    /// Write the result to a file as well; may be given more than once.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = output_named::<Format>)]
    output: Vec<(Format, PathBuf)>,
    /// End with 0 where differences alone would make it 1.
    #[arg(long)]
    exit_zero: bool,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    with_options(matches, terminal, verified)
}

/// Reads, decides, compares, draws.
///
/// # Errors
/// How the command ends, its words already written.
fn verified(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let watch = Stopwatch::start();
    let settings = Settings::read(terminal)?;
    let opened = options.input.open(terminal, &settings)?;
    let Opened { store, sources, filter } = &opened;
    let stream = opened.stream(terminal, &options.input);
    let mut all = Verified::default();
    let mut folds = Folds::of(store, Verify, stream.threads());
    let early = options.input.progress || watched();
    let StreamEnd { stopped, broken, damages, passed } = stream.run(
        || Verifier::of(store, filter),
        Verifier::chunk,
        |(verified, gathered), bar| {
            let mut verified = verified;
            verified.add(folds.take(gathered));
            if early
                && all.mismatches.is_empty()
                && let Some(found) = verified.mismatches.first()
            {
                bar.print_line(&provisional(found, sources));
            }
            all.add(verified);
        },
    );
    all.add(folds.finish());
    let took = watch.rate(all.records);
    let chained = std::mem::take(&mut all.chains).finish();
    // Without all lines nobody can tell.
    let chained = if passed == 0 { chained } else { ChainReport::default() };
    let programs = decided_otherwise(&all, store);
    let worded: Vec<DescribedProgram<'_>> =
        programs.iter().map(|program| DescribedProgram::of(program)).collect();
    let bundles = options.input.bundles.as_given();
    let drawing = Drawing {
        verified: &all,
        chained: &chained,
        passed,
        sources,
        bundles: &bundles,
        store,
        worded: &worded,
        took: &took,
        stopped,
        damages: &damages,
        max_undetermined: options.max_undetermined,
    };
    terminal.result(&(options.output_format.draw)(&drawing, terminal.style));
    let mut exit = exit_of(&all, options).max(broken);
    if chained.broken > 0 {
        exit = exit.max(Exit::Integrity);
    }
    for obstacle in all.obstacles.keys() {
        if let Obstacle::MissingBundle(digest) | Obstacle::UnusableBundle(digest) = obstacle {
            exit = exit.max(stored_exit(terminal, store, *digest));
        }
    }
    for (format, path) in &options.output {
        let text = (format.draw)(&drawing, Style::PLAIN);
        if let Err(finding) = write(path, text.as_bytes()) {
            exit = exit.max(alone(terminal, &finding));
        }
    }
    if stopped {
        exit = exit.max(Exit::Interrupted);
    }
    Ok(exit)
}

/// The bundles of mismatches, each once.
fn decided_otherwise(all: &Verified, store: &Store) -> Vec<Arc<Program>> {
    let digests: BTreeSet<Digest> = all.mismatches.iter().map(|found| found.what.bundle).collect();
    digests.into_iter().filter_map(|digest| store.get(digest).ok()).collect()
}

/// The first mismatch, in a line, while others are looked for.
fn provisional(found: &Found<Mismatch>, sources: &[Source]) -> String {
    let Found { source, line, what } = found;
    let (_, finding) = findings::mismatch(what, None, "");
    let name = sources.get(*source).map_or("", |source| source.name.as_str());
    let said = format!("{} · {name}:{line} · more is looked for", finding.message);
    format!("  first mismatch  {}\n", visible(&said))
}

fn exit_of(verified: &Verified, options: &Options) -> Exit {
    if verified.unreadable > 0 {
        return Exit::CouldNotRun;
    }
    if verified.mismatched > 0 && !options.exit_zero {
        return Exit::Findings;
    }
    let undecided = verified.undetermined > options.max_undetermined
        || verified.obstructed() > 0
        || verified.in_part() > 0;
    if undecided { Exit::Inconclusive } else { Exit::Done }
}
