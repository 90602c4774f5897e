//! Variables of the environment that stand for options: `POLICYC_FAIL_LEVEL` for `--fail-level`.
//!
//! In:      the options of a command.
//! Out:     the same ones; each with a long name can be given by its variable.

use clap::builder::{BoolishValueParser, OsStr};
use clap::{Arg, ArgAction, Command};

/// Gives every option that has a long name, and no variable of its own, the variable of that name.
#[must_use]
pub fn with_variables(command: Command) -> Command {
    command.mut_args(|arg| {
        let Some(long) = arg.get_long().filter(|_| arg.get_env().is_none()) else { return arg };
        let name: &'static str = variable(long).leak();
        let flag = matches!(arg.get_action(), ArgAction::SetTrue);
        let arg: Arg = arg.env(OsStr::from(name)).hide_env(true);
        if flag { arg.value_parser(BoolishValueParser::new()) } else { arg }
    })
}

/// The variable of an option, as the parser wants it: for the life of the program, whose options
/// are as many as they are.
fn variable(long: &str) -> String {
    format!("POLICYC_{}", long.replace('-', "_").to_uppercase())
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use crate::cli::root::parser;

    fn every_option(command: &Command) {
        for arg in command.get_arguments() {
            let Some(long) = arg.get_long().filter(|long| !["help", "version"].contains(long))
            else {
                continue;
            };
            let wanted = match long {
                "source-date-epoch" => "SOURCE_DATE_EPOCH".to_owned(),
                long => format!("POLICYC_{}", long.to_uppercase().replace('-', "_")),
            };
            let found = arg.get_env().map(|name| name.to_string_lossy().into_owned());
            assert_eq!(found, Some(wanted), "--{long} of {}", command.get_name());
        }
        command.get_subcommands().for_each(every_option);
    }

    #[test]
    fn every_option_of_every_command_has_its_variable() {
        every_option(&parser());
    }
}
