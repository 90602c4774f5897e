//! `policyc man`: manual pages.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::PathBuf;

use clap::{ArgMatches, Args};
use clap_mangen::Man;

use crate::base::arrange::Arrange as _;
use crate::cli::Command;
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::root::{parser, with_options};
use crate::cli::terminal::Terminal;
use crate::cli::write::{unwritable, write};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::suggest::nearest;

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "man",
    group: "shell",
    short: "manual pages",
    about: "Print a manual page, or write all of them",
    usage: "[COMMAND [PART]] | -o DIR",
    examples: &[
        ("policyc man check > check.1", "one page; `man -l check.1` shows it"),
        ("policyc man -o ~/.local/share/man/man1", "a page for each command"),
    ],
    arguments: Options::augment_args,
    run: |matches: &ArgMatches, terminal: &Terminal| with_options(matches, terminal, pages),
};

#[derive(Debug, Args)]
struct Options {
    /// A command, and a part of it; without it the page of `policyc`.
    #[arg(value_name = "COMMAND", num_args = 0..=2)]
    command: Vec<String>,
    /// Write the page of every command to this directory, made if it does not exist.
    #[arg(long, short = 'o', value_name = "DIR", conflicts_with = "command")]
    out: Option<PathBuf>,
}

fn pages(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let mut root = parser().override_help(None::<&str>);
    root.build();
    let mut all = Vec::new();
    named(&root, "policyc", &mut all);
    let Some(folder) = &options.out else {
        let name = ["policyc"].into_iter().chain(options.command.iter().map(String::as_str));
        let name = name.collect::<Vec<_>>().join("-");
        let Some((_, command)) = all.iter().find(|(known, _)| *known == name) else {
            let words = options.command.join(" ");
            let fact = format!("there is no command `{words}`");
            let known: Vec<String> = all.iter().map(|(name, _)| name.replace('-', " ")).collect();
            let known = known.iter().filter_map(|name| name.strip_prefix("policyc "));
            let help = nearest(&words, known).map(|near| format!("did you mean `{near}`?"));
            let finding = Diagnostic::without_place(Code::BadUsage, fact).maybe_help(help);
            return Err(alone(terminal, &finding));
        };
        terminal.result(&page(command, &name));
        return Ok(Exit::Done);
    };
    fs::create_dir_all(folder).map_err(|error| alone(terminal, &unwritable(folder, &error)))?;
    for (name, command) in &all {
        let path = folder.join(format!("{name}.1"));
        write(&path, page(command, name).as_bytes()).map_err(|found| alone(terminal, &found))?;
    }
    terminal.notice(&format!("  {} pages in {}\n", all.len(), folder.display()));
    Ok(Exit::Done)
}

/// The commands below `command`, it first, by the names of their pages: `policyc-replay-verify`.
fn named<'c>(command: &'c clap::Command, name: &str, all: &mut Vec<(String, &'c clap::Command)>) {
    all.push((name.to_owned(), command));
    for part in command.get_subcommands().filter(|part| !part.is_hide_set()) {
        named(part, &format!("{name}-{}", part.get_name()), all);
    }
}

/// The page of a command in the language of `man`, with how commands end below it.
fn page(command: &clap::Command, name: &str) -> String {
    let version = concat!("policyc ", env!("CARGO_PKG_VERSION"));
    let command = command.clone().display_name(name.to_owned()).bin_name(name.replace('-', " "));
    let man = Man::new(command).title(name.to_uppercase()).source(version).date("");
    let mut text = Vec::new();
    // Writing to memory does not fail.
    let drawn: io::Result<()> = man.render(&mut text);
    drop(drawn);
    let text = String::from_utf8_lossy(&text);
    let mut text = text.replace(".SH EXTRA\nExamples:\n", ".SH EXAMPLES\n");
    text.push_str(".SH \"EXIT STATUS\"\n");
    let mut rows = Exit::ALL;
    rows.arrange_by_key(|exit| exit.code());
    for exit in rows {
        let meaning = exit.meaning().replace('-', "\\-");
        let _ = write!(text, ".TP\n\\fB{}\\fR\n{meaning}\n", exit.code());
    }
    text
}
