//! `policyc replay test`: records as tests of policies.

use std::path::PathBuf;

use clap::{ArgMatches, Args};
use serde_json::Value as Json;

use crate::cli::Command;
use crate::cli::bundles::Settings;
use crate::cli::commands::replay::one::Named;
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::root::with_options;
use crate::cli::terminal::Terminal;
use crate::cli::write::write;
use crate::runtime::record::read::Input;
use crate::tools::bench::subject::reads_time;
use crate::tools::replay::again::{Obstacle, moment};
use crate::tools::replay::cases::{Recorded, case, file};
use crate::tools::replay::minimize::minimize;
use crate::tools::replay::plain::plain;
use crate::tools::report::counted;
use crate::tools::report::visible::visible;

/// The row of this part.
pub const COMMAND: Command = Command {
    name: "test",
    group: "replay",
    short: "records as tests",
    about: "Make tests of records: the same context, and what was decided about it",
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
    /// The file to write; its name ends in `_test.yaml`.
    #[arg(short, value_name = "FILE")]
    out: PathBuf,
    /// Make contexts as small as the decision lets them be.
    #[arg(long)]
    minimize: bool,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    with_options(matches, terminal, written)
}

/// Finds, decides, writes.
///
/// # Errors
/// How the command ends, its words already written.
fn written(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let settings = Settings::read(terminal)?;
    let mut cases: Vec<Recorded> = Vec::new();
    let mut policy = None;
    let (mut replaced, mut differ) = (Vec::new(), Vec::new());
    for wanted in options.named.find_all(terminal, &settings)? {
        let record = wanted.record_alone(terminal)?;
        let program = wanted.program(terminal, &record)?;
        let obstructed = |obstacle: Obstacle| wanted.obstructed(terminal, &obstacle);
        let Input::Context(typed, _) = record.input else { return Err(obstructed(Obstacle::Raw)) };
        let typed: Json = serde_json::from_slice(typed).map_err(|_| obstructed(Obstacle::Raw))?;
        let mut context = plain(&typed, &mut replaced);
        let hosts = record.hosts();
        let moment = moment(&record, reads_time(&program), hosts.as_ref()).map_err(obstructed)?;
        if options.minimize {
            context = minimize(&program, &context, &moment).context;
        }
        let id = record.id.map_or_else(|| wanted.name.clone(), |id| id.text().into_owned());
        let made = case(&program, format!("record {id}"), context, &moment);
        let recorded = record
            .outcome
            .map(|outcome| (outcome.effect, outcome.rule.map(|rule| rule.text().into_owned())));
        if recorded
            .is_some_and(|recorded| recorded != (made.report.effect, made.report.rule.clone()))
        {
            differ.push(id);
        }
        policy.get_or_insert_with(|| program.name().to_owned());
        cases.push(made);
    }
    let text = file(policy.as_deref().unwrap_or_default(), &cases);
    write(&options.out, text.as_bytes()).map_err(|finding| alone(terminal, &finding))?;
    let mut said = vec![format!("wrote {}", counted(cases.len(), "case"))];
    if !replaced.is_empty() {
        said.push(format!("stand-ins for what is withheld: {}", visible(&replaced.join(", "))));
    }
    if differ.is_empty() {
        said.push("all are decided as recorded".to_owned());
    } else {
        said.push(format!("not decided as recorded: {}", visible(&differ.join(", "))));
    }
    terminal.notice(&format!("  {}\n", said.join(" · ")));
    Ok(if differ.is_empty() { Exit::Done } else { Exit::Findings })
}
