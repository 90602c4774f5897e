//! `policyc replay diff`: what would a candidate change?

use std::path::PathBuf;
use std::sync::Arc;

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::bundles::{Settings, unusable_exit};
use crate::cli::clock::Stopwatch;
use crate::cli::commands::replay::input::{Input, Stream, sources_of};
use crate::cli::exit::Exit;
use crate::cli::reporting::{alone, named, output};
use crate::cli::root::options;
use crate::cli::terminal::Terminal;
use crate::cli::write::write;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::runtime::program::Program;
use crate::tools::inspect::digest_text;
use crate::tools::replay::again::Obstacle;
use crate::tools::replay::gate::Gate;
use crate::tools::replay::impact::{Comparer, Impact};
use crate::tools::replay::store::Store;
use crate::tools::report::paint::Style;
use crate::tools::report::replay::impact::{Drawing, FORMATS, Format, clusters, counts};

/// The row of this part.
pub const COMMAND: Command = Command {
    name: "diff",
    group: "replay",
    short: "what would a candidate change",
    about: "Decide again what was recorded, with a candidate, and tell what changes and where",
    usage: "[SRC].. --to BUNDLE [OPTIONS]",
    examples: &[
        ("policyc replay diff logs --to policies", "the working tree against what decided"),
        (
            "policyc replay diff logs --from prod --to . --fail-on 'newly_allowed > 0'",
            "a gate for CI",
        ),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    input: Input,
    /// The candidate: a path to a bundle or sources, git:REV, a name of `[bundles]`.
    #[arg(long, value_name = "BUNDLE")]
    to: String,
    /// The bundle to compare with, in the stead of those that decided.
    #[arg(long, value_name = "BUNDLE")]
    from: Option<String>,
    /// End with 1 where this holds, in CEL: total, changed, `newly_allowed`, `newly_denied`,
    /// `newly_escalated`, relaxed, undetermined, drift, reworded, `left_out`.
    #[arg(long, value_name = "CEL")]
    fail_on: Vec<String>,
    /// How the result is written: full, json, junit or markdown.
    #[arg(long, value_name = "FORMAT", default_value = "full", value_parser = format_named)]
    output_format: Format,
    /// Write the result to a file as well; may be given more than once.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = output_named)]
    output: Vec<(Format, PathBuf)>,
}

fn format_named(name: &str) -> Result<Format, String> {
    named(FORMATS, |format| format.name, name)
}

fn output_named(text: &str) -> Result<(Format, PathBuf), String> {
    output(text, format_named)
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    let options: Options = match options(matches) {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    compared(terminal, &options).unwrap_or_else(|exit| exit)
}

/// The gates.
fn gates(terminal: &Terminal, options: &Options) -> Result<Vec<Gate>, Exit> {
    let known = counts(&Impact::default());
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let gate = |text: &String| {
        Gate::of(text, &names).map_err(|why| {
            let fact = format!("`--fail-on {text}` cannot be asked: {why}");
            let help = format!("it is CEL over {}", names.join(", "));
            alone(terminal, &Diagnostic::without_place(Code::BadUsage, fact).help(help))
        })
    };
    options.fail_on.iter().map(gate).collect()
}

/// Reads, decides twice, draws.
///
/// # Errors
/// How the command ends, its words already written.
fn compared(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let watch = Stopwatch::start();
    let gates = gates(terminal, options)?;
    let settings = Settings::read(terminal)?;
    let store = options.input.bundles.store(terminal, &settings)?;
    let to = Arc::new(settings.bundle(terminal, &store, &options.to)?);
    let from = match &options.from {
        Some(name) => Some(Arc::new(settings.bundle(terminal, &store, name)?)),
        None => None,
    };
    let sources = sources_of(terminal, &settings, &options.input.records)?;
    let stream = Stream { terminal, sources: &sources, threads: options.input.threads };
    let mut impact = Impact::default();
    let (stopped, broken) = stream.run(
        || Comparer::of(&store, from.as_ref(), &to),
        Comparer::chunk,
        |part| impact.merge(part),
    );
    let before = from.clone().or_else(|| only(&impact, &store));
    let counted = counts(&impact);
    let gates: Vec<(String, bool)> =
        gates.iter().map(|gate| (gate.text.clone(), gate.holds(&counted))).collect();
    let took = watch.rate(impact.total().records);
    let drawing = Drawing {
        impact: &impact,
        from: before.as_deref(),
        to: &to,
        to_name: &options.to,
        took: &took,
        gates: &gates,
        clusters: clusters(&impact, before.as_deref(), &to),
        stopped,
    };
    terminal.result(&(options.output_format.draw)(&drawing, terminal.style));
    let mut exit = exit_of(terminal, &impact, &store, &gates).max(broken);
    for (format, path) in &options.output {
        let text = (format.draw)(&drawing, Style::PLAIN);
        if let Err(finding) = write(path, text.as_bytes()) {
            exit = exit.max(alone(terminal, &finding));
        }
    }
    Ok(if stopped { exit.max(Exit::Interrupted) } else { exit })
}

/// The bundle that decided before, if it is one.
fn only(impact: &Impact, store: &Store) -> Option<Arc<Program>> {
    let mut bundles = impact.bundles.keys();
    let first = bundles.next()?;
    if bundles.next().is_some() { None } else { store.get(*first).ok() }
}

fn exit_of(terminal: &Terminal, impact: &Impact, store: &Store, gates: &[(String, bool)]) -> Exit {
    let mut exit =
        if gates.iter().any(|(_, broken)| *broken) { Exit::Findings } else { Exit::Done };
    if impact.unreadable > 0 {
        exit = exit.max(Exit::CouldNotRun);
    }
    for obstacle in impact.obstacles.keys() {
        exit = exit.max(match obstacle {
            Obstacle::MissingBundle(digest) | Obstacle::UnusableBundle(digest) => {
                let name = digest_text(digest);
                let unusable = store.get(*digest).err();
                unusable.map_or(Exit::Done, |it| unusable_exit(terminal, &name, &it))
            }
            Obstacle::NoBundle
            | Obstacle::NoTime
            | Obstacle::NoOutcome
            | Obstacle::Semantics(_)
            | Obstacle::Declared
            | Obstacle::State
            | Obstacle::Raw => Exit::Inconclusive,
        });
    }
    exit
}
