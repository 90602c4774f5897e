//! `policyc replay flip`: what would change a decision?

use clap::{ArgMatches, Args};
use serde_json::Value as Json;

use crate::cli::Command;
use crate::cli::bundles::Settings;
use crate::cli::clock::Stopwatch;
use crate::cli::commands::replay::input::effect;
use crate::cli::commands::replay::one::{Named, NamedRecord};
use crate::cli::exit::Exit;
use crate::cli::reporting::{alone, format_named};
use crate::cli::root::with_options;
use crate::cli::terminal::Terminal;
use crate::compiler::solve::neighbourhood::NOW;
use crate::compiler::solve::places::paths;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::lang::decision::Effect;
use crate::runtime::program::Program;
use crate::runtime::record::read::Record;
use crate::runtime::session::ground::Ground;
use crate::tools::bench::subject::reads_time;
use crate::tools::event::Event;
use crate::tools::replay::events::{said, unlike};
use crate::tools::replay::flip::session::flip_session;
use crate::tools::replay::flip::{FlipQuery, flip, place_of};
use crate::tools::replay::redecide::{Obstacle, moment};
use crate::tools::replay::seal::holds;
use crate::tools::report::replay::flip::{Drawing, Format};
use crate::tools::report::replay::flip_session::{SessionDrawing, draw};

/// The row of this part.
pub const COMMAND: Command = Command {
    name: "flip",
    group: "replay",
    short: "what would change a decision",
    about: "Find the smallest changes of a recorded context that flip the decision; of a request \
            of a session changes of what it says, or else earlier events without which it is \
            decided so. For developers: what it prints tells how to get past the policy, so never \
            show it to an agent",
    usage: "ID|@FILE|- [OPTIONS]",
    examples: &[
        ("policyc replay flip 01JD4ZK7Q8 --to allow", "what would have been allowed?"),
        ("policyc replay flip 01JD4ZK7Q8 --fixed action.args.to --all 9", "other ways too"),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    named: Named,
    /// The effect that is wanted: allow, deny or escalate; else allow, or deny where it is allow.
    #[arg(long, value_name = "EFFECT", value_parser = effect)]
    to: Option<Effect>,
    /// A place that may change although it is fixed: `principal.role`. Several may follow.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    mutable: Vec<String>,
    /// A place that stays, beside `principal` and `action.tool`. Several may follow.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    fixed: Vec<String>,
    /// Look for so many ways, also where they take more changes than others; of a session also for
    /// events, though changes were found.
    #[arg(long, value_name = "COUNT")]
    all: Option<usize>,
    /// How it is written: full, json or markdown.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "full",
        value_parser = format_named::<Format>
    )]
    output_format: Format,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    with_options(matches, terminal, flipped)
}

fn flipped(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let settings = Settings::read(terminal)?;
    let wanted = options.named.find(terminal, &settings)?;
    let record = wanted.record(terminal)?;
    let program = wanted.program(terminal, &record)?;
    if record.event.is_some() {
        return of_session(terminal, options, &settings, (&wanted, &record, &program));
    }
    let obstructed = |obstacle: Obstacle| wanted.obstructed(terminal, &obstacle);
    let typed = wanted.context(terminal, &record)?;
    let hosts = record.hosts();
    let moment = moment(&record, reads_time(&program), hosts.as_ref()).map_err(obstructed)?;
    let places = |names: &[String]| -> Result<Vec<String>, Exit> {
        names.iter().map(|name| place(terminal, (name, &typed), &program)).collect()
    };
    let asked = FlipQuery {
        to: options.to,
        mutable: places(&options.mutable)?,
        fixed: places(&options.fixed)?,
        all: options.all,
    };
    let watch = Stopwatch::start();
    let flips = flip(&program, &typed, &moment, &asked);
    let flips = flips.map_err(|why| wanted.cannot(terminal, "flipped", why.words()))?;
    let took = watch.text();
    let id = record.id.map(|id| id.text().into_owned());
    let drawing = Drawing { id: id.as_deref(), flips: &flips, took: &took };
    terminal.result(&(options.output_format.draw)(&drawing, terminal.style));
    Ok(if flips.found.is_empty() && flips.is_open() { Exit::Inconclusive } else { Exit::Done })
}

/// Of a request of a session: changes of what it says, and events without which it would be so.
///
/// # Errors
/// How the command ends, its words already written.
fn of_session(
    terminal: &Terminal,
    options: &Options,
    settings: &Settings,
    (wanted, record, program): (&NamedRecord, &Record<'_>, &Program),
) -> Result<Exit, Exit> {
    let happened = options.named.events(terminal, settings, (wanted, record))?;
    let events: Vec<Event> = happened.iter().map(|it| it.event.clone()).collect();
    if let Some(number) = unlike(&happened, &said(&Ground::of(program), &events)).next() {
        let why = format!("event {number} of its session is not decided as recorded");
        return Err(wanted.cannot(terminal, "flipped", &why));
    }
    let Some(request) = events.last().filter(|event| event.text("ev") == Some("request")) else {
        let why = "it is no request, so nothing is decided about it";
        return Err(wanted.cannot(terminal, "flipped", why));
    };
    let places = |names: &[String]| -> Result<Vec<String>, Exit> {
        names.iter().map(|name| place(terminal, (name, request.value()), program)).collect()
    };
    let (mutable, fixed) = (places(&options.mutable)?, places(&options.fixed)?);
    let asked = FlipQuery { to: options.to, mutable, fixed, all: options.all };
    let watch = Stopwatch::start();
    let flips = flip_session(program, &events, &asked);
    let flips = flips.map_err(|why| wanted.cannot(terminal, "flipped", why.words()))?;
    let took = watch.text();
    let id = record.id.map(|id| id.text().into_owned());
    let drawing = SessionDrawing { id: id.as_deref(), events: &events, flips: &flips, took: &took };
    terminal.result(&draw(&drawing, &options.output_format, terminal.style));
    let none = flips.found.is_empty() && flips.without.is_empty();
    Ok(if none { Exit::Inconclusive } else { Exit::Done })
}

/// The place that a name means: one that the record holds or the bundle reads.
///
/// # Errors
/// How the command ends, its words already written.
fn place(
    terminal: &Terminal,
    (name, context): (&str, &Json),
    program: &Program,
) -> Result<String, Exit> {
    let read = paths(program.module());
    let below = |one: &str, other: &str| {
        one.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let is_known = |place: &String| {
        let mut named = read.iter().filter(|path| !path.is_empty());
        place == NOW
            || named.any(|path| below(path, place) || below(place, path))
            || holds(context, place)
    };
    let own = place_of(name);
    let long = format!("/action{own}");
    let places = if own.starts_with("/args") { vec![own, long] } else { vec![own] };
    places.into_iter().find(is_known).ok_or_else(|| {
        let fact = format!("neither the record nor `{}` has a place `{name}`", program.name());
        let help = "write it as action.args.amount, or leave it out";
        alone(terminal, &Diagnostic::without_place(Code::BadUsage, fact).help(help))
    })
}
