//! The first screen: every command in its group, and the topics of `policyc help`.

use std::fmt::Write as _;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, FromArgMatches};

use crate::base::arrange::Arrange as _;
use crate::cli::exit::Exit;
use crate::cli::guard::guarded;
use crate::cli::reporting::alone;
use crate::cli::terminal::{Globals, Terminal, result_width};
use crate::cli::usage::{bad_usage, command_of};
use crate::cli::variables::with_variables;
use crate::cli::{COMMANDS, Command};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::suggest::nearest;
use crate::tools::project::reason;
use crate::tools::report::paint::Style;

/// The groups of the first screen, in order.
const GROUPS: &[&str] = &["write", "try", "ship", "trust", "look", "shell"];

/// `policyc help variables`.
const VARIABLES: &str = "\
Variables of the environment

  Every option that has a long name is a variable, too:

    --fail-level warning   POLICYC_FAIL_LEVEL=warning
    --exit-zero            POLICYC_EXIT_ZERO=true     (also yes, on, 1)
    --select bugs,style    POLICYC_SELECT=bugs,style

  The command line goes before variables, and they go before policyc.toml.

  NO_COLOR            no colours, whatever it says
  COLUMNS             the width to write for
  SOURCE_DATE_EPOCH   the time that a bundle states as the time it was made
  GITHUB_STEP_SUMMARY where the format github writes its table
  POLICYC_PASSPHRASE  the passphrase of a secret key, where nobody can type it
";

/// The parser of the whole command line.
#[must_use]
pub fn parser() -> clap::Command {
    // Options bring texts of their own, so that of the program comes last.
    let root = with_variables(Globals::augment_args(clap::Command::new("policyc")))
        .about("Policies for agents, compiled, decided, explained.")
        .version(env!("CARGO_PKG_VERSION"))
        .override_help(overview())
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .term_width(result_width())
        .subcommand(
            clap::Command::new("help")
                .about("Explain a command, exit codes, or variables of the environment")
                .arg(clap::Arg::new("topic").value_name("COMMAND|exit-codes|variables"))
                .arg(clap::Arg::new("part").value_name("PART")),
        );
    COMMANDS.iter().fold(root, |root, command| root.subcommand(parser_of("policyc", command)))
}

/// The parser of a command, whose name stands behind `before` on the command line.
#[must_use]
pub fn parser_of(before: &str, command: &Command) -> clap::Command {
    // Groups of options bring texts of their own, so those of the command come last.
    with_variables((command.arguments)(clap::Command::new(command.name)))
        .about(command.about)
        .override_usage(format!("{before} {} {}", command.name, command.usage))
        .after_help(examples(command))
}

/// The parser of a command that does nothing but what its parts do.
#[must_use]
pub fn with_parts(parser: clap::Command, before: &str, parts: &[Command]) -> clap::Command {
    let parser = parser.subcommand_required(true).arg_required_else_help(true);
    let parser = parser.disable_help_subcommand(true);
    parts.iter().fold(parser, |parser, part| parser.subcommand(parser_of(before, part)))
}

/// Runs the part that was chosen.
#[must_use]
pub fn run_part(matches: &ArgMatches, terminal: &Terminal, parts: &[Command]) -> Exit {
    let part = matches.subcommand().and_then(|(name, rest)| {
        let part = parts.iter().find(|part| part.name == name)?;
        Some((part.run)(rest, terminal))
    });
    part.unwrap_or(Exit::CouldNotRun)
}

/// Command lines with what each does, below the options of a command.
fn examples(command: &Command) -> String {
    let mut text = String::from("Examples:\n");
    for (line, about) in command.examples {
        let _ = writeln!(text, "  {line}\n          {about}");
    }
    text
}

/// The first screen.
fn overview() -> String {
    let mut text = String::from("policyc: policies for agents, compiled, decided, explained.\n\n");
    for group in GROUPS {
        let mut heading = *group;
        for row in COMMANDS.iter().filter(|row| row.group == *group) {
            let _ = writeln!(text, "  {heading:<7} {:<12} {}", row.name, row.short);
            heading = "";
        }
    }
    text.push_str(
        "\n  start with  policyc init     more  policyc help COMMAND|exit-codes|variables\n",
    );
    text
}

/// Parses `arguments` and runs the command that they name.
pub fn run(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Exit {
    let matches = match parser().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return refuse(&error),
    };
    let terminal = Terminal::new(Globals::from_arg_matches(&matches).unwrap_or_default());
    let exit = dispatch(&matches, &terminal);
    written(&terminal, exit)
}

fn dispatch(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    let Some((name, rest)) = matches.subcommand() else { return Exit::CouldNotRun };
    if name == "help" {
        let word = |name| rest.get_one::<String>(name).map(String::as_str);
        return help(terminal, word("topic"), word("part"));
    }
    let Some(command) = COMMANDS.iter().find(|row| row.name == name) else {
        return Exit::CouldNotRun;
    };
    if let Err(exit) = trust_is_of_use(rest, terminal, command.name) {
        return exit;
    }
    guarded(|| (command.run)(rest, terminal))
}

/// Commands that load bundles, of which a trust policy can be asked.
const LOADING: [&str; 9] =
    ["attest", "bench", "diff", "eval", "inspect", "pull", "push", "replay", "verify"];

/// Refuses a trust policy that was named for a command that asks it nothing: who named it believes
/// otherwise. A variable is for all commands.
fn trust_is_of_use(matches: &ArgMatches, terminal: &Terminal, name: &str) -> Result<(), Exit> {
    let is_typed = |option| matches.value_source(option) == Some(ValueSource::CommandLine);
    if LOADING.contains(&name) || !["trust", "trust_state"].into_iter().any(is_typed) {
        return Ok(());
    }
    let fact = format!("`policyc {name}` loads no bundle, so nobody asks a trust policy");
    let help = "leave out --trust and --trust-state; `policyc verify` asks about a bundle";
    Err(alone(terminal, &Diagnostic::without_place(Code::BadUsage, fact).help(help)))
}

/// The end of a command whose results were written; without them it could not run.
fn written(terminal: &Terminal, exit: Exit) -> Exit {
    let Some(error) = terminal.lost() else { return exit };
    let found = format!("standard output cannot be written: {}", reason(error));
    exit.max(alone(terminal, &Diagnostic::without_place(Code::Unwritable, found)))
}

/// Help and version are results; everything else is `P0908`.
fn refuse(error: &clap::Error) -> Exit {
    let terminal = Terminal::new(Globals::default());
    if !error.use_stderr() {
        terminal.result(&styled(&error.render(), terminal.style));
        return written(&terminal, Exit::Done);
    }
    // Without a command, or its part, there is nothing wrong to name: what there is is shown.
    if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let of_command = command_of(&error.render().to_string()).is_some();
        let parts = || styled(&error.render(), terminal.notice_style);
        terminal.error(&if of_command { parts() } else { overview() });
        return Exit::CouldNotRun;
    }
    alone(&terminal, &bad_usage(error))
}

/// The words of the parser, with its colours or without.
fn styled(text: &clap::builder::StyledStr, style: Style) -> String {
    if style.colour { text.ansi().to_string() } else { text.to_string() }
}

/// `policyc help TOPIC`.
fn help(terminal: &Terminal, topic: Option<&str>, part: Option<&str>) -> Exit {
    match topic {
        None => terminal.result(&overview()),
        Some("exit-codes") => {
            let mut text = String::from("How a command ends\n\n");
            let mut rows = Exit::ALL;
            rows.arrange_by_key(|exit| exit.code());
            for exit in rows {
                let _ = writeln!(text, "  {:>3}  {}", exit.code(), exit.meaning());
            }
            text.push_str("\nOf several the most important holds: 70, 130, 4, 5, 2, 1, 3.\n");
            terminal.result(&text);
        }
        Some("variables") => terminal.result(VARIABLES),
        Some(name) => return help_of(terminal, name, part),
    }
    Exit::Done
}

/// `policyc help COMMAND`, and of a part of one.
fn help_of(terminal: &Terminal, name: &str, part: Option<&str>) -> Exit {
    let mut parser = parser();
    parser.build();
    let Some(command) = parser.find_subcommand_mut(name) else {
        let names = COMMANDS.iter().map(|row| row.name).chain(["exit-codes", "variables"]);
        return unknown(terminal, &format!("there is no command `{name}`"), nearest(name, names));
    };
    let Some(part) = part else {
        terminal.result(&styled(&command.render_help(), terminal.style));
        return Exit::Done;
    };
    if let Some(own) = command.find_subcommand_mut(part) {
        terminal.result(&styled(&own.render_help(), terminal.style));
        return Exit::Done;
    }
    let near = nearest(part, command.get_subcommands().map(clap::Command::get_name));
    unknown(terminal, &format!("`{name}` has no part `{part}`"), near)
}

fn unknown(terminal: &Terminal, fact: &str, near: Option<&str>) -> Exit {
    let finding = Diagnostic::without_place(Code::BadUsage, fact);
    alone(terminal, &finding.maybe_help(near.map(|near| format!("did you mean `{near}`?"))))
}

/// The options of a command from what was parsed with `arguments` of its row.
///
/// # Errors
/// How the command ends, its words already written.
pub fn options<T: FromArgMatches>(matches: &ArgMatches) -> Result<T, Exit> {
    T::from_arg_matches(matches).map_err(|error| refuse(&error))
}

/// Does the work of a command with its options.
pub fn with_options<T: FromArgMatches>(
    matches: &ArgMatches,
    terminal: &Terminal,
    work: fn(&Terminal, &T) -> Result<Exit, Exit>,
) -> Exit {
    options(matches).and_then(|options| work(terminal, &options)).unwrap_or_else(|exit| exit)
}
