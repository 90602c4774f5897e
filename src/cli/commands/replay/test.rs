//! `policyc replay test`: records as tests of policies.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::bundles::Settings;
use crate::cli::commands::replay::one::{Named, NamedRecord};
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::root::with_options;
use crate::cli::terminal::Terminal;
use crate::cli::write::{unwritable, write};
use crate::runtime::program::Program;
use crate::runtime::record::read::{Record, Text};
use crate::runtime::session::ground::Ground;
use crate::runtime::vm::report::DecisionReport;
use crate::tools::bench::subject::reads_time;
use crate::tools::event::Event;
use crate::tools::replay::cases::{Recorded, RecordedSession, Skipped, case, file};
use crate::tools::replay::events::{SessionEvent, fewest, said, unlike};
use crate::tools::replay::minimize::minimize;
use crate::tools::replay::plain::plain;
use crate::tools::replay::redecide::moment;
use crate::tools::report::counted;
use crate::tools::report::visible::visible;

/// The row of this part.
pub const COMMAND: Command = Command {
    name: "test",
    group: "replay",
    short: "records as tests",
    about: "Make tests of records: the same context, and what was decided about it; of a request \
            of a session all events up to it",
    usage: "ID.. -o FILE [OPTIONS]",
    examples: &[
        (
            "policyc replay test 01JD4ZK7Q8 --records logs -o from_logs_test.yaml",
            "a test beside the policies",
        ),
        (
            "policyc replay test 01JD4ZK7Q8 --minimize -o from_logs_test.yaml",
            "with the smallest context that is decided so",
        ),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    named: Named,
    /// The file to write, which is not there yet; its name ends in `_test.yaml`.
    #[arg(short, value_name = "FILE")]
    out: PathBuf,
    /// Make contexts as small, and sessions as short, as the decision lets them be.
    #[arg(long)]
    minimize: bool,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    with_options(matches, terminal, written)
}

/// What was made of records.
#[derive(Debug, Default)]
struct Made {
    policy: Option<String>,
    cases: Vec<Recorded>,
    sessions: Vec<RecordedSession>,
    /// Places of values that stand in for what is withheld.
    replaced: Vec<String>,
    /// Records that are decided otherwise now.
    differ: Vec<String>,
    /// Whether a search for fewer events was stopped.
    stopped: bool,
}

/// Finds, decides, writes.
///
/// # Errors
/// How the command ends, its words already written.
fn written(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    spare_cases(terminal, &options.out)?;
    let settings = Settings::read(terminal)?;
    let mut made = Made::default();
    for wanted in options.named.find_all(terminal, &settings)? {
        let record = wanted.record(terminal)?;
        let program = wanted.program(terminal, &record)?;
        let id = record.id.map_or_else(|| wanted.name.clone(), |id| id.text().into_owned());
        made.policy.get_or_insert_with(|| program.name().to_owned());
        if record.event.is_none() {
            of_call(terminal, options, (&wanted, &record, &program, id), &mut made)?;
            continue;
        }
        let happened = options.named.events(terminal, &settings, (&wanted, &record))?;
        of_session(options, (&program, id), &happened, &mut made).ok_or_else(|| {
            wanted.cannot(terminal, "a test", "it is no request, so nothing is decided about it")
        })?;
    }
    let Made { policy, cases, sessions, replaced, differ, stopped } = made;
    let text = file(policy.as_deref().unwrap_or_default(), &cases, &sessions);
    write(&options.out, text.as_bytes()).map_err(|finding| alone(terminal, &finding))?;
    let mut said = vec![format!("wrote {}", counted(cases.len() + sessions.len(), "case"))];
    if !replaced.is_empty() {
        said.push(format!("stand-ins for what is withheld: {}", visible(&replaced.join(", "))));
    }
    if stopped {
        said.push("the search for fewer events was stopped".to_owned());
    }
    if differ.is_empty() {
        said.push("all are decided as recorded".to_owned());
    } else {
        let ids = differ.join(", ");
        said.push(format!("not decided as recorded, and skipped: {}", visible(&ids)));
    }
    terminal.notice(&format!("  {}\n", said.join(" · ")));
    Ok(if differ.is_empty() { Exit::Done } else { Exit::Findings })
}

/// Refuses to put tests in the place of others, which somebody may have written.
///
/// # Errors
/// How the command ends, its words already written.
fn spare_cases(terminal: &Terminal, out: &Path) -> Result<(), Exit> {
    if !out.is_file() {
        return Ok(());
    }
    let finding = unwritable(out, &ErrorKind::AlreadyExists.into());
    Err(alone(terminal, &finding.help("name a new file: tests that are there stay as they are")))
}

/// A case of a call that stands alone.
///
/// # Errors
/// How the command ends, its words already written.
fn of_call(
    terminal: &Terminal,
    options: &Options,
    (wanted, record, program, id): (&NamedRecord, &Record<'_>, &Program, String),
    made: &mut Made,
) -> Result<(), Exit> {
    let typed = wanted.context(terminal, record)?;
    let mut withheld = Vec::new();
    let mut context = plain(&typed, &mut withheld);
    let hosts = record.hosts();
    let moment = moment(record, reads_time(program), hosts.as_ref())
        .map_err(|obstacle| wanted.obstructed(terminal, &obstacle))?;
    if options.minimize {
        context = minimize(program, &context, &moment).context;
    }
    let mut case = case(program, format!("record {id}"), context, &moment);
    case.skipped = skipped(record, &case, &withheld);
    if case.skipped.is_some() {
        made.differ.push(id);
    }
    made.replaced.extend(withheld);
    made.cases.push(case);
    Ok(())
}

/// Why a case is no test of what a record says: the bundle decides otherwise about it. With
/// stand-ins in the place of what is withheld, other rules may fire as well.
fn skipped(record: &Record<'_>, case: &Recorded, withheld: &[String]) -> Option<Skipped> {
    let outcome = record.outcome?;
    let (effect, rule) = (outcome.effect, outcome.rule.map(owned));
    let fired: Vec<String> = outcome.fired().map(owned).collect();
    let DecisionReport { effect: now, rule: by, fired: fire, .. } = &case.report;
    let others = !withheld.is_empty() && fired != *fire;
    if (effect, &rule) == (*now, by) && !others {
        return None;
    }
    let why = if withheld.is_empty() {
        "the bundle does not decide as recorded".to_owned()
    } else {
        let places = withheld.join(", ");
        format!("with stand-ins for {places} it is not decided as recorded: write values that are")
    };
    Some(Skipped { why, effect, rule, fired })
}

/// A case of the events of a session; nothing where the last asks for nothing.
fn of_session(
    options: &Options,
    (program, id): (&Program, String),
    happened: &[SessionEvent],
    made: &mut Made,
) -> Option<()> {
    let ground = Ground::of(program);
    let mut events: Vec<Event> = happened.iter().map(|it| it.event.clone()).collect();
    let mut all = said(&ground, &events);
    all.last()?.as_ref()?;
    let others: Vec<usize> = unlike(happened, &all).collect();
    let skipped = (!others.is_empty()).then(|| "the bundle does not decide as recorded".to_owned());
    made.differ.extend(others.into_iter().map(|number| {
        let is_last = number == happened.len();
        if is_last { id.clone() } else { format!("event {number} of the session of {id}") }
    }));
    if options.minimize {
        let fewest = fewest(program, &events)?;
        made.stopped |= fewest.stopped;
        let mut number = 0..;
        events.retain(|_| number.next().is_some_and(|at| fewest.kept.contains(&at)));
        all = said(&ground, &events);
    }
    let name = format!("record {id}, and its session before");
    made.sessions.push(RecordedSession { name, events, said: all, skipped });
    Some(())
}

fn owned(text: Text<'_>) -> String {
    text.text().into_owned()
}
