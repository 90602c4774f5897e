//! `policyc completions`: what a shell needs to complete our command line.

use clap::{ArgMatches, Args};
use clap_complete::{Shell, generate};

use crate::cli::Command;
use crate::cli::exit::Exit;
use crate::cli::root::{parser, with_options};
use crate::cli::terminal::Terminal;

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "completions",
    group: "shell",
    short: "completions for a shell",
    about: "Print the script that completes our commands and options in a shell",
    usage: "bash|zsh|fish|powershell|elvish",
    examples: &[
        ("policyc completions bash > ~/.local/share/bash-completion/completions/policyc", "bash"),
        ("policyc completions zsh > ~/.zfunc/_policyc", "zsh, with ~/.zfunc in fpath"),
        ("policyc completions fish > ~/.config/fish/completions/policyc.fish", "fish"),
        ("policyc completions powershell >> $PROFILE", "PowerShell"),
        ("policyc completions elvish > ~/.config/elvish/lib/policyc.elv", "elvish: use policyc"),
    ],
    arguments: Options::augment_args,
    run: |matches: &ArgMatches, terminal: &Terminal| with_options(matches, terminal, print),
};

#[derive(Debug, Args)]
struct Options {
    /// The shell.
    #[arg(value_name = "SHELL", hide_possible_values = true)]
    shell: Shell,
}

#[expect(clippy::unnecessary_wraps, reason = "the work of a command may fail")]
fn print(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let mut script = Vec::new();
    generate(options.shell, &mut parser(), "policyc", &mut script);
    terminal.result(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
