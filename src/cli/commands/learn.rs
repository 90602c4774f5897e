//! `policyc learn`: a policy of what recorded sessions did.

use std::path::PathBuf;

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::commands::recorded::{of_files, whole};
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::root::with_options;
use crate::cli::sources::shown;
use crate::cli::terminal::Terminal;
use crate::cli::write::write;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::tools::learn::records::of_records;
use crate::tools::learn::{LearnFault, Learning, Place, Recorded, learn};
use crate::tools::report::counted;

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "learn",
    group: "look",
    short: "make a policy of recorded sessions",
    about: "Make the narrowest policy that allows what recorded sessions did",
    usage: "PATHS [OPTIONS]",
    examples: &[
        ("policyc learn sessions", "of every session in a directory, on standard output"),
        ("policyc learn a.jsonl b.jsonl -o clerk.yaml --name clerk", "into a file"),
        ("policyc learn --records logs", "of what was allowed in sessions that were recorded"),
    ],
    arguments: Options::augment_args,
    run: |matches: &ArgMatches, terminal: &Terminal| with_options(matches, terminal, work),
};

#[derive(Debug, Args)]
struct Options {
    /// Files of events, one session each, and directories of `.jsonl` files.
    #[arg(value_name = "PATHS", required_unless_present = "records")]
    paths: Vec<PathBuf>,
    /// Records of sessions: of their calls those that were allowed.
    #[arg(long, value_name = "SRC")]
    records: Vec<PathBuf>,
    /// What the policy is called.
    #[arg(long, value_name = "NAME", default_value = "learned")]
    name: String,
    /// Most values of an argument that are listed; of more their bounds are kept.
    #[arg(long, value_name = "N", default_value_t = 20)]
    values: usize,
    /// Write it to FILE, which must not be there yet.
    #[arg(long, short = 'o', value_name = "FILE")]
    out: Option<PathBuf>,
}

fn work(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    if let Some(taken) = options.out.as_deref().filter(|path| path.exists()) {
        let found = format!("`{}` exists already, so nothing was written", shown(taken));
        let finding = Diagnostic::without_place(Code::Unwritable, found);
        return Err(alone(terminal, &finding.help("write to another file, and compare")));
    }
    let mut sessions = of_files(terminal, &options.paths)?;
    let mut left_out = 0;
    if !options.records.is_empty() {
        left_out = recorded(terminal, &options.records, &mut sessions)?;
    }
    let how = Learning { name: &options.name, values: options.values };
    let learned = learn(&sessions, how).map_err(|fault| alone(terminal, &words(&fault)))?;
    match &options.out {
        None => terminal.result(&learned.text),
        Some(path) => write(path, learned.text.as_bytes()).map_err(|it| alone(terminal, &it))?,
    }
    let (sessions, calls, tools) = learned.counts;
    let mut parts =
        vec![counted(sessions, "session"), counted(calls, "call"), counted(tools, "tool")];
    if left_out > 0 {
        parts.push(format!("{} left out that was not allowed", counted(left_out, "call")));
    }
    if learned.without_role > 0 {
        let calls = counted(learned.without_role, "call");
        parts.push(format!("nothing of roles: {calls} by callers without one"));
    }
    terminal.notice(&format!("  {}\n", parts.join(" · ")));
    let mut exit = Exit::Done;
    for (session, event, why) in &learned.denied {
        let fact =
            format!("event {event} of `{session}` is not allowed by what was learned: {why}");
        let help = "these sessions do what no plan of steps says: leave that one out, or widen it";
        let finding = Diagnostic::without_place(Code::Unlearned, fact).help(help);
        // What was learned stands, and is too narrow: a finding.
        let _ = alone(terminal, &finding);
        exit = Exit::Findings;
    }
    Ok(exit)
}

/// Adds the sessions in records, and gives how many of their calls are left out.
///
/// # Errors
/// How the command ends, its words already written.
fn recorded(
    terminal: &Terminal,
    records: &[PathBuf],
    found: &mut Vec<Recorded>,
) -> Result<usize, Exit> {
    let mut left_out = 0;
    for (id, happened) in whole(terminal, records)? {
        let (session, without) = of_records(&id, &happened);
        left_out += without;
        found.push(session);
    }
    Ok(left_out)
}

/// A place, as people look it up.
fn told(place: &Place) -> String {
    format!("line {} of `{}` (event {})", place.line, place.session, place.seq)
}

/// Why nothing is learned.
pub(super) fn words(fault: &LearnFault) -> Diagnostic {
    match fault {
        LearnFault::Line(session, line, why) => {
            let fact = format!("line {line} of `{session}` is no event of a session: {why}");
            let help = "a session is a file of events, as `policyc eval --session` takes it; files \
                        of records are named by `--records`";
            Diagnostic::without_place(Code::Unlearned, fact).help(help)
        }
        LearnFault::Nothing => {
            let fact = "no session calls a tool, so there is nothing to learn";
            Diagnostic::without_place(Code::Unlearned, fact).help("name files of events")
        }
        LearnFault::TooMany(tools) => {
            let fact = format!("{tools} tools were called, more than a plan has steps");
            Diagnostic::without_place(Code::Unlearned, fact).help("learn from fewer sessions")
        }
        LearnFault::Name(name, place) => {
            let at = told(place);
            let fact = format!("{at} calls a tool `{name}`, and a `*` in a policy is any name");
            Diagnostic::without_place(Code::Unlearned, fact).help("leave that session out")
        }
        LearnFault::Role(place) => {
            let at = told(place);
            let fact = format!("{at} is by a role `default`, which `capabilities` cannot name");
            let help = "give the role another name, in the events and where roles are given; or \
                leave that session out";
            Diagnostic::without_place(Code::Unlearned, fact).help(help)
        }
        LearnFault::Bug(why) => {
            let fact = format!("what was learned does not compile: {why}");
            let help = "this is a bug of policyc: please report it with the sessions";
            Diagnostic::without_place(Code::Unlearned, fact).help(help)
        }
    }
}
