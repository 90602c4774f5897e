//! `policyc replay diff`: what would a candidate change?

use std::path::PathBuf;
use std::sync::Arc;

use clap::{ArgMatches, Args, ValueEnum};

use crate::cli::Command;
use crate::cli::bundles::{Settings, stored_exit};
use crate::cli::clock::Stopwatch;
use crate::cli::commands::replay::input::{Input, Stream, StreamEnd, sources_of};
use crate::cli::exit::Exit;
use crate::cli::reporting::{alone, format_named, output_named};
use crate::cli::root::options;
use crate::cli::terminal::Terminal;
use crate::cli::write::write;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::runtime::program::Program;
use crate::runtime::record::check::Chains;
use crate::tools::inspect::description::DescribedProgram;
use crate::tools::replay::comparer::Comparer;
use crate::tools::replay::fold::Folds;
use crate::tools::replay::fold::resim::Resim;
use crate::tools::replay::gate::{Gate, GateStatus};
use crate::tools::replay::impact::Impact;
use crate::tools::replay::pack::Candidates;
use crate::tools::replay::redecide::Obstacle;
use crate::tools::replay::store::Store;
use crate::tools::report::paint::Style;
use crate::tools::report::replay::impact::{Drawing, Format, clusters, counts};

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
    candidate: Candidate,
    /// What calls of sessions are decided from. `frozen`: each alone, from what its record says the
    /// session answered then. `resim`: whole sessions anew, so that limits, labels, plans and
    /// approvals of the candidate count.
    #[arg(
        long,
        value_name = "frozen|resim",
        default_value = "frozen",
        hide_possible_values = true
    )]
    state: SessionState,
    #[command(flatten)]
    showing: Showing,
}

/// Where the state of sessions comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum SessionState {
    Frozen,
    Resim,
}

/// What is compared.
#[derive(Debug, Args)]
pub(super) struct Candidate {
    #[command(flatten)]
    pub(super) input: Input,
    /// The candidate: a path to a bundle or sources, git:REV, a name of `[bundles]`.
    #[arg(long, value_name = "BUNDLE")]
    pub(super) to: String,
    /// The bundle to compare with, in the stead of those that decided; drift is then where its
    /// effect is not the recorded one.
    #[arg(long, value_name = "BUNDLE")]
    pub(super) from: Option<String>,
    /// Undetermined records, before or with the candidate, that are no reason to end with 3.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub(super) max_undetermined: u64,
}

/// How it is shown, and when it fails.
#[derive(Debug, Args)]
pub(super) struct Showing {
    /// End with 1 where this holds, in CEL over counts: `total`, `changed`, `newly_allowed`,
    /// `relaxed`, `newly_denied`, `tightened`, `undetermined`, `drift`, `reworded`,
    /// `other_outputs`, `refused`, `left_out`.
    #[arg(long, value_name = "CEL")]
    fail_on: Vec<String>,
    /// Name the sessions in which changes follow the first one.
    #[arg(long)]
    downstream: bool,
    /// How the result is written: full, html, json, junit or markdown.
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
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    let options: Options = match options(matches) {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    let shown = || {
        gates(terminal, &options.showing)?;
        let settings = Settings::read(terminal)?;
        let found = compare(terminal, &settings, &options.candidate, options.state)?;
        show(terminal, &options.showing, &options.candidate.to, &found)
    };
    shown().unwrap_or_else(|exit| exit)
}

/// The gates.
fn gates(terminal: &Terminal, showing: &Showing) -> Result<Vec<Gate>, Exit> {
    let known = counts(&Impact::default());
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let gate = |text: &String| {
        Gate::of(text, &names).map_err(|why| {
            let fact = format!("`--fail-on {text}` cannot be asked: {why}");
            let help = format!("it is CEL over {}", names.join(", "));
            alone(terminal, &Diagnostic::without_place(Code::BadUsage, fact).help(help))
        })
    };
    showing.fail_on.iter().map(gate).collect()
}

/// What was found.
#[derive(Debug)]
pub(super) struct Compared {
    /// What changes.
    pub(super) impact: Impact,
    /// The bundles of the records.
    pub(super) store: Store,
    /// The candidate.
    pub(super) to: Arc<Program>,
    /// The bundle in the stead of those that decided, if one was named.
    pub(super) from: Option<Arc<Program>>,
    /// How long it took, in words.
    pub(super) took: String,
    /// Whether it was stopped before the end.
    pub(super) stopped: bool,
    /// How the command ends because of what is damaged.
    pub(super) broken: Exit,
    /// Undetermined records that are no reason to say so.
    pub(super) max_undetermined: u64,
}

/// Reads, and decides twice.
///
/// # Errors
/// How the command ends, its words already written.
pub(super) fn compare(
    terminal: &Terminal,
    settings: &Settings,
    candidate: &Candidate,
    state: SessionState,
) -> Result<Compared, Exit> {
    let watch = Stopwatch::start();
    let Candidate { input, to, from, max_undetermined } = candidate;
    let max_undetermined = *max_undetermined;
    let store = input.bundles.store(terminal, settings)?;
    let to = Arc::new(settings.bundle(terminal, &store, to)?);
    let from = match from {
        Some(name) => Some(Arc::new(settings.bundle(terminal, &store, name)?)),
        None => None,
    };
    let sources = sources_of(terminal, settings, &input.records)?;
    let filter = input.filter.filter(terminal)?;
    let mut impact = Impact::default();
    let (mut lines, mut damaged, all) = (Vec::new(), Exit::Done, sources.len());
    for source in sources {
        let stream = Stream::one(terminal, &source, (input.threads, &filter));
        let candidates = Candidates { store: &store, from: from.as_ref(), to: &to };
        // Columns tell of calls alone, and so of no session.
        let pack = if state == SessionState::Frozen { stream.pack(candidates) } else { None };
        match pack {
            Some(Ok(part)) => impact.merge(part),
            Some(Err(told)) => {
                damaged = damaged.max(told.exit);
                if let Some(fact) = told.fact {
                    impact.damaged(fact);
                }
            }
            None => lines.push(source),
        }
    }
    let stream = Stream {
        terminal,
        sources: &lines,
        threads: input.threads,
        filter: &filter,
        progress: input.progress,
    };
    let comparer = || Comparer::of((&store, &filter), from.as_ref(), &to);
    let StreamEnd { stopped, broken, damages, passed } = if state == SessionState::Frozen {
        stream.run(comparer, Comparer::chunk, |part, _| impact.merge(part))
    } else {
        let task = Resim { from: from.clone(), to: Arc::clone(&to), weight: filter.weight() };
        let mut folds = Folds::of(&store, task, stream.threads());
        let ran = stream.run(comparer, Comparer::chunk_apart, |(part, gathered), _| {
            impact.merge(part);
            impact.merge(folds.take(gathered));
        });
        impact.merge(folds.finish());
        ran
    };
    if passed > 0 || lines.len() < all {
        // Without all lines nobody can tell whether chains are whole.
        (impact.chains, impact.unchained) = (Chains::default(), 0);
    }
    for fact in damages {
        impact.damaged(fact);
    }
    let took = watch.rate(impact.total().records);
    let broken = broken.max(damaged);
    Ok(Compared { impact, store, to, from, took, stopped, broken, max_undetermined })
}

/// Draws, and says how the command ends.
///
/// # Errors
/// How the command ends, its words already written.
pub(super) fn show(
    terminal: &Terminal,
    showing: &Showing,
    to_name: &str,
    found: &Compared,
) -> Result<Exit, Exit> {
    let Compared { impact, to, .. } = found;
    let before = found.before();
    let (from, to) = (before.as_deref().map(DescribedProgram::of), DescribedProgram::of(to));
    let counted = counts(impact);
    let gates = gates(terminal, showing)?;
    let chained = impact.chains.clone().finish();
    let whole = found.is_whole() && chained.broken == 0;
    let standing = |gate: &Gate| GateStatus::of(gate.holds(&counted), whole);
    let gates: Vec<(String, GateStatus)> =
        gates.iter().map(|gate| (gate.text().to_owned(), standing(gate))).collect();
    let drawing = Drawing {
        impact,
        chained,
        from: from.as_ref(),
        to: &to,
        to_name,
        took: &found.took,
        gates: &gates,
        clusters: clusters(impact, from.as_ref(), &to),
        stopped: found.stopped,
        max_undetermined: found.max_undetermined,
        downstream: showing.downstream,
    };
    terminal.result(&(showing.output_format.draw)(&drawing, terminal.style));
    let mut exit = found.exit(terminal, &gates);
    if drawing.chained.broken > 0 {
        let fact = "a log was changed after it was written".to_owned();
        let help = "`policyc replay verify` names the places";
        let finding = Diagnostic::without_place(Code::BrokenChain, fact).help(help);
        exit = exit.max(alone(terminal, &finding)).max(Exit::Integrity);
    }
    for (format, path) in &showing.output {
        let text = (format.draw)(&drawing, Style::PLAIN);
        if let Err(finding) = write(path, text.as_bytes()) {
            exit = exit.max(alone(terminal, &finding));
        }
    }
    Ok(exit)
}

impl Compared {
    /// The bundle that decides before, if it is one.
    fn before(&self) -> Option<Arc<Program>> {
        if self.from.is_some() {
            return self.from.clone();
        }
        let mut bundles = self.impact.bundles.keys();
        let first = bundles.next()?;
        if bundles.next().is_some() { None } else { self.store.get(*first).ok() }
    }

    /// Whether so few records are undetermined that it is no matter.
    fn is_determined(&self) -> bool {
        self.impact.undetermined().records <= self.max_undetermined
    }

    /// Whether all records were judged, or so many that it is no matter.
    fn is_whole(&self) -> bool {
        let all = self.impact.obstacles.is_empty() && self.impact.unreadable == 0;
        let read = self.broken == Exit::Done && self.impact.damages.count() == 0;
        all && read && !self.stopped && self.is_determined()
    }

    /// How the command ends; what is wrong with bundles is said.
    pub(super) fn exit(&self, terminal: &Terminal, gates: &[(String, GateStatus)]) -> Exit {
        let broken = gates.iter().any(|(_, standing)| *standing == GateStatus::Broken);
        let mut exit = if broken { Exit::Findings } else { Exit::Done }.max(self.broken);
        if self.impact.unreadable > 0 || self.impact.damages.count() > 0 {
            exit = exit.max(Exit::CouldNotRun);
        }
        if !self.is_determined() {
            exit = exit.max(Exit::Inconclusive);
        }
        for obstacle in self.impact.obstacles.keys() {
            exit = exit.max(match obstacle {
                Obstacle::MissingBundle(digest) | Obstacle::UnusableBundle(digest) => {
                    stored_exit(terminal, &self.store, *digest)
                }
                Obstacle::NoBundle
                | Obstacle::NoTime
                | Obstacle::NoOutcome
                | Obstacle::NoWitness
                | Obstacle::Semantics(_)
                | Obstacle::Declared
                | Obstacle::State
                | Obstacle::Raw
                | Obstacle::Asks
                | Obstacle::NotWhole
                | Obstacle::Crowded => Exit::Inconclusive,
            });
        }
        if self.stopped { exit.max(Exit::Interrupted) } else { exit }
    }
}
