//! `policyc replay minimize`: what forces a decision?

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{ArgMatches, Args};
use serde_json::{Value as Json, json};

use crate::cli::Command;
use crate::cli::bundles::Settings;
use crate::cli::clock::Stopwatch;
use crate::cli::commands::replay::one::{Named, NamedRecord};
use crate::cli::exit::Exit;
use crate::cli::reporting::{Shape, alone};
use crate::cli::root::with_options;
use crate::cli::terminal::Terminal;
use crate::cli::write::write;
use crate::lang::decision::Effect;
use crate::runtime::program::Program;
use crate::runtime::session::ground::Ground;
use crate::tools::bench::subject::reads_time;
use crate::tools::event::Event;
use crate::tools::replay::events::{
    EventOutcome, MinimalEvents, SessionEvent, fewest, said, unlike,
};
use crate::tools::replay::minimize::{Minimal, minimize};
use crate::tools::replay::plain::plain;
use crate::tools::replay::redecide::{Obstacle, moment};
use crate::tools::report::counted;
use crate::tools::report::decision::{effect_paint, effect_word};
use crate::tools::report::json::document;
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::visible::visible;

/// Letters of an event that are shown.
const EVENT_SHOWN: usize = 90;

/// The row of this part.
pub const COMMAND: Command = Command {
    name: "minimize",
    group: "replay",
    short: "what forces a decision",
    about: "Find the fewest facts that force a decision, and the smallest context that shows it. \
            Of a request of a session find the fewest events that force it: then all records of \
            the session are to be there",
    usage: "ID|@FILE|- [OPTIONS]",
    examples: &[
        ("policyc replay minimize 01JD4ZK7Q8 --records logs", "of all fields those that decide"),
        ("policyc replay minimize 01JD4ZK7Q8 -o min.json", "the smallest context, in a file"),
        (
            "policyc replay minimize 01JD4ZK7Q9 --records logs -o few.jsonl",
            "of a call of a session the events, for `policyc eval --session few.jsonl`",
        ),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    named: Named,
    /// Write the smallest context to a file; of a session the events, as `policyc eval --session`
    /// takes them.
    #[arg(short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How it is written: for people, or as one JSON document.
    #[arg(long, value_name = "full|json", default_value = "full", hide_possible_values = true)]
    output_format: Shape,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    with_options(matches, terminal, minimized)
}

fn minimized(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let settings = Settings::read(terminal)?;
    let wanted = options.named.find(terminal, &settings)?;
    let record = wanted.record(terminal)?;
    let program = wanted.program(terminal, &record)?;
    if record.event.is_some() {
        let events = options.named.events(terminal, &settings, (&wanted, &record))?;
        return of_session(terminal, options, (&wanted, &program), &events);
    }
    let obstructed = |obstacle: Obstacle| wanted.obstructed(terminal, &obstacle);
    let typed = wanted.context(terminal, &record)?;
    let mut withheld = Vec::new();
    let context = plain(&typed, &mut withheld);
    if !withheld.is_empty() {
        let what = format!("the record withholds {}", withheld.join(", "));
        return Err(wanted.stopped(terminal, &what));
    }
    let hosts = record.hosts();
    let moment = moment(&record, reads_time(&program), hosts.as_ref()).map_err(obstructed)?;
    let watch = Stopwatch::start();
    let minimal = minimize(&program, &context, &moment);
    if let Some(path) = &options.out {
        let text = format!("{}\n", minimal.context);
        write(path, text.as_bytes()).map_err(|finding| alone(terminal, &finding))?;
    }
    terminal.result(&match options.output_format {
        Shape::Full => full(&minimal, &context, &watch.text(), terminal.style),
        Shape::Json => json(&minimal),
    });
    Ok(Exit::Done)
}

/// Of a session the fewest events.
///
/// # Errors
/// How the command ends, its words already written.
fn of_session(
    terminal: &Terminal,
    options: &Options,
    (wanted, program): (&NamedRecord, &Program),
    happened: &[SessionEvent],
) -> Result<Exit, Exit> {
    let events: Vec<Event> = happened.iter().map(|it| it.event.clone()).collect();
    if let Some(number) = unlike(happened, &said(&Ground::of(program), &events)).next() {
        let why = format!("event {number} of its session is not decided as recorded");
        return Err(wanted.cannot(terminal, "minimized", &why));
    }
    let watch = Stopwatch::start();
    let Some(fewest) = fewest(program, &events) else {
        let why = "it is no request, so nothing is decided about it";
        return Err(wanted.cannot(terminal, "minimized", why));
    };
    let kept: Vec<&Event> = fewest.kept.iter().filter_map(|at| events.get(*at)).collect();
    if let Some(path) = &options.out {
        let lines: Vec<String> = kept.iter().map(|event| event.line()).collect();
        let text = lines.join("\n") + "\n";
        write(path, text.as_bytes()).map_err(|finding| alone(terminal, &finding))?;
    }
    terminal.result(&match options.output_format {
        Shape::Full => few_events(&fewest, (&kept, events.len()), &watch.text(), terminal.style),
        Shape::Json => document(&json!({
            "format": "policyc.minimal_session", "version": 1,
            "effect": fewest.said.effect.map(Effect::word), "rule": fewest.said.rule,
            "events": events.len(), "folds": fewest.folds,
            "stopped": fewest.stopped,
            "session": kept.iter().map(|event| event.value()).collect::<Vec<_>>(),
        })),
    });
    Ok(Exit::Done)
}

/// The events of a session that force its last decision.
fn few_events(
    fewest: &MinimalEvents,
    (kept, all): (&[&Event], usize),
    took: &str,
    style: Style,
) -> String {
    let EventOutcome { effect, rule, .. } = &fewest.said;
    let word = style.paint(effect_paint(*effect), &effect_word(*effect));
    let by = rule.as_ref().map_or_else(String::new, |rule| format!(" by `{}`", visible(rule)));
    let (few, folds) = (kept.len(), counted(fewest.folds, "fold"));
    let mut text = String::new();
    let _ = writeln!(text, "  {word}{by} is forced by {few} of {all} events   {folds} · {took}\n");
    if fewest.stopped {
        let _ = writeln!(text, "  the search was stopped: fewer may do\n");
    }
    for (at, event) in fewest.kept.iter().zip(kept) {
        let line = event.line();
        let cut: String = line.chars().take(EVENT_SHOWN).collect();
        let dots = if cut == line { "" } else { "…" };
        let _ = writeln!(text, "  {:>4}  {}{dots}", at + 1, visible(&cut));
    }
    text
}

fn full(minimal: &Minimal, context: &Json, took: &str, style: Style) -> String {
    let word = style.paint(effect_paint(minimal.effect), &effect_word(minimal.effect));
    // What the time forces stands in no field.
    let at = minimal.now.map_or_else(String::new, |now| format!(" at {now}"));
    let word = format!("{word}{at}");
    let asked = format!("{} · {took}", counted(minimal.asked, "evaluation"));
    let mut text = String::new();
    match &minimal.facts {
        None => {
            let _ = writeln!(text, "  {word} cannot be told from facts alone   {asked}");
        }
        Some(facts) if facts.is_empty() => {
            let _ = writeln!(text, "  {word} whatever the context says   {asked}");
        }
        Some(facts) => {
            let of = format!("{} of {} fields", facts.len(), minimal.leaves);
            let _ = writeln!(text, "  {word} is forced by {of}   {asked}\n");
            let names: Vec<String> = facts
                .iter()
                .map(|fact| visible(fact.get(1..).unwrap_or_default()).replace('/', "."))
                .collect();
            let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
            for (name, fact) in names.iter().zip(facts) {
                let value = context.pointer(fact).map(ToString::to_string).unwrap_or_default();
                let cut: String = value.chars().take(60).collect();
                let value = if cut == value { value } else { format!("{cut}…") };
                let _ = writeln!(text, "    {name:<width$}  {}", visible(&value));
            }
        }
    }
    if minimal.has_outputs {
        let _ = writeln!(text, "\n  what forces the outputs is not told: the effect alone is");
    }
    let _ = writeln!(text, "\n  {}", style.paint(Paint::Help, "the smallest context decided so"));
    let _ = writeln!(text, "    {}", visible(&minimal.context.to_string()));
    text
}

fn json(minimal: &Minimal) -> String {
    let effect = minimal.effect.map(Effect::word);
    document(&json!({
        "format": "policyc.minimal", "version": 1, "effect": effect, "facts": minimal.facts,
        "fields": minimal.leaves, "evaluations": minimal.asked, "context": minimal.context,
        "now": minimal.now.map(|now| now.to_string()),
    }))
}
