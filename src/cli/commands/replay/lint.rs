//! `policyc replay lint`: are records as they should be?

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::bundles::{Settings, stored_exit};
use crate::cli::commands::replay::input::{Input, Opened, StreamEnd};
use crate::cli::exit::Exit;
use crate::cli::reporting::{Conclusion, Reporting, conclude};
use crate::cli::root::with_options;
use crate::cli::terminal::Terminal;
use crate::compiler::source::map::SourceMap;
use crate::diag::sink::Sink;
use crate::tools::replay::findings;
use crate::tools::replay::lint::{Linter, Order, Remark, Unverifiable};
use crate::tools::report::replay::records;

/// The row of this part.
pub const COMMAND: Command = Command {
    name: "lint",
    group: "replay",
    short: "are records as they should be",
    about: "Check records against their schema, their bundles and one another",
    usage: "[SRC].. [OPTIONS]",
    examples: &[
        ("policyc replay lint logs --bundle prod", "every record below `logs`"),
        ("policyc replay lint calls.jsonl --output-format json-lines", "for programs"),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    reporting: Reporting,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    with_options(matches, terminal, linted)
}

/// Reads, checks, draws.
///
/// # Errors
/// How the command ends, its words already written.
fn linted(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let settings = Settings::read(terminal)?;
    let opened = options.input.open(terminal, &settings)?;
    let Opened { store, sources, filter } = &opened;
    let stream = opened.stream(terminal, &options.input);
    let (mut order, mut sink, mut count) = (Order::default(), Sink::new(), 0);
    let (mut missing, mut unverifiable) =
        (std::collections::BTreeSet::new(), Unverifiable::default());
    let say = |remark: &Remark, sink: &mut Sink| {
        let name = sources.get(remark.source).map_or("", |source| source.name.as_str());
        sink.report(findings::remark(remark, name));
    };
    let StreamEnd { stopped, broken, .. } = stream.run(
        || Linter::of(store, filter),
        Linter::chunk,
        |mut part, _| {
            order.add(&mut part);
            count += part.records;
            missing.extend(part.missing);
            let at_once = part.remarks.into_iter().filter_map(|remark| unverifiable.take(remark));
            at_once.for_each(|remark| say(&remark, &mut sink));
        },
    );
    unverifiable.told().iter().for_each(|remark| say(remark, &mut sink));
    let mut exit = if stopped { Exit::Interrupted } else { broken };
    for digest in &missing {
        exit = exit.max(stored_exit(terminal, store, *digest));
    }
    let conclusion = Conclusion {
        files: &SourceMap::new(),
        prefix: "",
        body: String::new(),
        parts: vec![records(count)],
        cases: None,
        at_least: exit,
        needs_bundle: false,
        command: "policyc replay lint",
    };
    Ok(conclude(terminal, &options.reporting, sink, &conclusion))
}
