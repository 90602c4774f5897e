//! `policyc replay explain`: why was it decided so?

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::bundles::Settings;
use crate::cli::commands::explanation::ExplanationOptions;
use crate::cli::commands::replay::one::Named;
use crate::cli::exit::Exit;
use crate::cli::root::with_options;
use crate::cli::terminal::Terminal;
use crate::tools::replay::explain::explain;
use crate::tools::replay::knew::happened;
use crate::tools::report::why::DecisionExplanation;

/// The row of this part.
pub const COMMAND: Command = Command {
    name: "explain",
    group: "replay",
    short: "why was it decided so",
    about: "Explain a recorded decision on the source text, with the values that it read",
    usage: "ID|@FILE|- [OPTIONS]",
    examples: &[
        ("policyc replay explain 01JD4ZK7Q8 --records logs", "the beginning of an id is enough"),
        ("policyc replay explain @denied.json --bundle prod.plcb", "a record in a file of its own"),
        ("policyc replay explain 01JD4ZK7Q8 --output html=why.html", "a page to keep, or to send"),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    telling: ExplanationOptions,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    with_options(matches, terminal, explained)
}

fn explained(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let settings = Settings::read(terminal)?;
    let wanted = options.named.find(terminal, &settings)?;
    let record = wanted.record(terminal)?;
    let program = wanted.program(terminal, &record)?;
    if let (None, Some((kind, _))) = (record.outcome, happened(&record)) {
        let why = format!("it is the event `{kind}` of a session, about which nothing is decided");
        return Err(wanted.cannot(terminal, "explained", &why));
    }
    let explained = explain(&record, &program, options.telling.exhaustive);
    let explained = explained.map_err(|obstacle| wanted.obstructed(terminal, &obstacle))?;
    Ok(options
        .telling
        .write(terminal, DecisionExplanation::of_record(&record, &program, &explained)))
}
