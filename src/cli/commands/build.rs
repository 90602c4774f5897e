//! `policyc build`: sources to a bundle. The same sources give the same bytes.

use std::path::PathBuf;

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::clock::Stopwatch;
use crate::cli::exit::Exit;
use crate::cli::reporting::{Conclusion, Reporting, alone, conclude};
use crate::cli::root::options;
use crate::cli::sources::{Sources, exit_of_project, shown};
use crate::cli::terminal::Terminal;
use crate::cli::write::write;
use crate::compiler::Compiled;
use crate::tools::inspect::{digest_short, size_text};
use crate::tools::pipeline;
use crate::tools::report::counted;
use crate::tools::report::paint::Paint;

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "build",
    group: "ship",
    short: "make a bundle of sources",
    about: "Compile policies to a verified bundle",
    usage: "[PATHS] -o FILE.plcb [OPTIONS]",
    examples: &[
        ("policyc build -o payments.plcb", "every policy below this directory"),
        ("policyc build payments --strict -o payments.plcb", "and no type left open"),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    sources: Sources,
    /// The bundle to write.
    #[arg(short, value_name = "FILE")]
    o: PathBuf,
    #[command(flatten)]
    reporting: Reporting,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    let options: Options = match options(matches) {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    let watch = Stopwatch::start();
    let (project, mut sink) = match options.sources.project(terminal) {
        Ok(project) => project,
        Err(found) => return alone(terminal, &found),
    };
    let ready = !sink.has_errors();
    let compiled =
        ready.then(|| pipeline::build(&project.files, &project.settings, &mut sink)).flatten();
    let conclusion =
        Conclusion::of(&project.files, &project.prefix, exit_of_project(project.missing));
    let Some(compiled) = compiled else {
        return conclude(terminal, &options.reporting, sink, &conclusion);
    };
    // A bundle that our own verifier refuses must never leave this process.
    match pipeline::load_own(&compiled)
        .and_then(|program| write(&options.o, &compiled.bundle).map(|()| program.digest()))
    {
        Ok(digest) => {
            let exit = conclude(terminal, &options.reporting, sink, &conclusion);
            write_summary(terminal, &options, &compiled, &digest, &watch.text());
            exit
        }
        Err(found) => alone(terminal, &found),
    }
}

/// `  payments.plcb  6.1 KiB · sha256:9f2c41… · 1 policy, 5 rules`.
fn write_summary(
    terminal: &Terminal,
    options: &Options,
    compiled: &Compiled,
    digest: &[u8; 32],
    taken: &str,
) {
    let name = terminal.notice_style.paint(Paint::Strong, &shown(&options.o));
    terminal.notice(&format!(
        "  {name}  {} · {} · {}, {} · {taken}\n",
        size_text(compiled.bundle.len()),
        digest_short(digest),
        counted(compiled.policies, "policy"),
        counted(compiled.rules, "rule")
    ));
}
