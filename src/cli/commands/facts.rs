//! `--facts FILE`: what functions of the host gave, for single decisions.

use std::path::Path;

use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::sources::{shown, text_of};
use crate::cli::terminal::Terminal;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::runtime::program::Program;
use crate::runtime::session::event::Fact;
use crate::runtime::vm::hosts::{self, HostTable};

/// Reads the results in the file at `path`.
///
/// # Errors
/// How the command ends, its words already written.
pub(super) fn read(terminal: &Terminal, program: &Program, path: &Path) -> Result<HostTable, Exit> {
    let text = text_of(terminal, path)?;
    let mut table = HostTable::default();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let taken = match Fact::read(line.as_bytes()) {
            Ok(fact) => hosts::fact(program, &fact.function, fact.arguments, fact.result)
                .map_err(|fault| fault.to_string()),
            Err(fault) => Err(fault.to_string()),
        };
        let why = match taken {
            Ok(entry) => {
                if table.add(entry) {
                    continue;
                }
                "there is a result for this call".to_owned()
            }
            Err(why) => why,
        };
        let fact = format!("line {number} of `{}` is no result: {why}", shown(path));
        let help = "write `{\"f\": NAME, \"args\": [..], \"result\": ..}` on each line";
        return Err(alone(terminal, &Diagnostic::without_place(Code::BadFact, fact).help(help)));
    }
    Ok(table)
}
