//! `policyc replay cover`: which rules does traffic exercise?

use std::path::PathBuf;

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::bundles::{Settings, unusable_exit};
use crate::cli::commands::replay::input::{Input, Opened, StreamEnd};
use crate::cli::exit::Exit;
use crate::cli::reporting::{alone, format_named, output_named};
use crate::cli::root::with_options;
use crate::cli::terminal::Terminal;
use crate::cli::write::write;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::tools::inspect::digest_text;
use crate::tools::replay::cover::{Coverage, rules};
use crate::tools::report::paint::Style;
use crate::tools::report::replay::cover::{CoveredBundle, Format};
use crate::tools::report::replay::records;

/// The row of this part.
pub const COMMAND: Command = Command {
    name: "cover",
    group: "replay",
    short: "rules that traffic exercises",
    about: "Tell which rules and atoms recorded decisions exercise, and which can never fire",
    usage: "[SRC].. [OPTIONS]",
    examples: &[("policyc replay cover logs --bundle prod", "hot, cold and dead rules")],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    input: Input,
    /// How it is written: full, html, json or markdown.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "full",
        value_parser = format_named::<Format>
    )]
    output_format: Format,
    /// Write it to a file as well; may be given more than once.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = output_named::<Format>)]
    output: Vec<(Format, PathBuf)>,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    with_options(matches, terminal, covered)
}

fn covered(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let settings = Settings::read(terminal)?;
    let opened = options.input.open(terminal, &settings)?;
    let Opened { store, filter, .. } = &opened;
    let stream = opened.stream(terminal, &options.input);
    let mut all = Coverage::default();
    let StreamEnd { stopped, broken: mut exit, .. } =
        stream.run(|| (), |(), chunk| Coverage::of(chunk, filter), |part, _| all.add(part));
    let mut found = Vec::new();
    for (digest, exercised) in &all.bundles {
        let Some(digest) = digest.or_else(|| store.only()) else {
            let fact = format!("{} name no bundle", records(exercised.records));
            let help = "`--bundle` says which one is meant";
            let finding = Diagnostic::without_place(Code::BadRecord, fact).help(help);
            exit = exit.max(alone(terminal, &finding));
            continue;
        };
        match store.get(digest) {
            Ok(program) => {
                let rules = rules(&program, exercised);
                found.push((program, exercised, rules));
            }
            Err(unusable) => {
                exit = exit.max(unusable_exit(terminal, &digest_text(&digest), &unusable));
            }
        }
    }
    if all.passed_over > 0 {
        let fact = format!("{} say no decision, or are no records", records(all.passed_over));
        terminal.notice(&format!("  {fact}\n"));
    }
    let covered: Vec<CoveredBundle<'_>> = found
        .iter()
        .map(|(program, exercised, rules)| CoveredBundle { program, exercised, rules })
        .collect();
    terminal.result(&(options.output_format.draw)(&covered, terminal.style));
    for (format, path) in &options.output {
        let text = (format.draw)(&covered, Style::PLAIN);
        if let Err(finding) = write(path, text.as_bytes()) {
            exit = exit.max(alone(terminal, &finding));
        }
    }
    Ok(if stopped { exit.max(Exit::Interrupted) } else { exit })
}
