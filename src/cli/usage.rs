//! What is wrong with a command line, in our words.
//!
//! In:      what the parser refused.
//! Out:     one finding, `P0908`: the fact and one next step.
//! Imports: `cli`, `cli::root`, `diag`.

use std::error::Error;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::COMMANDS;
use crate::cli::root::parser_of;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::suggest::nearest;

/// The finding about a command line that cannot be read.
#[must_use]
pub fn bad_usage(error: &clap::Error) -> Diagnostic {
    let about = |kind| words(error, kind).join(" ");
    let (fact, help) = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let name = about(ContextKind::InvalidSubcommand);
            let near = nearest(&name, COMMANDS.iter().map(|row| row.name));
            let help = near.map(|near| format!("did you mean `{near}`?"));
            (format!("there is no command `{name}`"), help)
        }
        ErrorKind::UnknownArgument => {
            let name = about(ContextKind::InvalidArg);
            let near = words(error, ContextKind::SuggestedArg).first().cloned();
            let help = near.map(|near| format!("did you mean `{near}`?"));
            if name.starts_with('-') {
                (format!("there is no option `{name}`"), help)
            } else {
                (format!("`{name}` is one argument too many"), help)
            }
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let (value, option) = (about(ContextKind::InvalidValue), option(error));
            let fact = if value.is_empty() {
                format!("`{option}` needs a value")
            } else {
                format!("`{value}` cannot be `{option}`")
            };
            let known = words(error, ContextKind::ValidValue);
            let said = error.source().map(ToString::to_string);
            let listed = (!known.is_empty()).then(|| format!("it is one of {}", known.join(", ")));
            (fact, said.or(listed))
        }
        ErrorKind::MissingRequiredArgument => {
            let wanted = words(error, ContextKind::InvalidArg);
            let verb = if wanted.len() == 1 { "is" } else { "are" };
            (format!("`{}` {verb} missing", wanted.join("`, `")), None)
        }
        ErrorKind::ArgumentConflict => {
            let (option, other) = (option(error), bare(&about(ContextKind::PriorArg)));
            let fact = if option == other {
                format!("`{option}` is given twice")
            } else {
                format!("`{option}` cannot be used with `{other}`")
            };
            (fact, None)
        }
        ErrorKind::NoEquals
        | ErrorKind::TooManyValues
        | ErrorKind::TooFewValues
        | ErrorKind::WrongNumberOfValues
        | ErrorKind::MissingSubcommand
        | ErrorKind::InvalidUtf8
        | ErrorKind::DisplayHelp
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        | ErrorKind::DisplayVersion
        | ErrorKind::Io
        | ErrorKind::Format
        | _ => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            (first.trim_start_matches("error: ").to_owned(), None)
        }
    };
    Diagnostic::without_place(Code::BadUsage, fact).help(help.unwrap_or_else(|| further(error)))
}

/// Where it is told what can be written.
fn further(error: &clap::Error) -> String {
    let command = match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => command_of(&usage.to_string()),
        Some(_) | None => None,
    };
    match command {
        Some(name) => format!("`policyc help {name}` shows what it takes"),
        None => "`policyc help` shows the commands".to_owned(),
    }
}

/// The option or argument that an error is about, without its value: `--output-format`.
fn option(error: &clap::Error) -> String {
    bare(&words(error, ContextKind::InvalidArg).join(" "))
}

/// An option without the name of its value.
fn bare(text: &str) -> String {
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// What an error says of one kind.
fn words(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(_) | None => Vec::new(),
    }
}

/// The command that a text of the parser is about, and its part: their names stand in its usage.
#[must_use]
pub fn command_of(text: &str) -> Option<String> {
    let usage = text.lines().find(|line| line.starts_with("Usage:"))?;
    let mut words = usage.split_whitespace().skip_while(|word| *word != "policyc").skip(1);
    let name = words.next()?;
    let command = COMMANDS.iter().find(|row| row.name == name)?;
    let parts = parser_of("policyc", command);
    let part = words.next().filter(|part| parts.find_subcommand(part).is_some());
    Some(part.map_or_else(|| name.to_owned(), |part| format!("{name} {part}")))
}
