//! `policyc lsp`: carries bytes between an editor and `tools::lsp`.

use std::io::{self, BufReader};

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::root::options;
use crate::cli::terminal::Terminal;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::tools::lsp::frame::FrameError;
use crate::tools::lsp::serve::{End, serve};
use crate::tools::project::reason;

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "lsp",
    group: "look",
    short: "serve editors",
    about: "Answer an editor: findings as you type, types, completion, fixes",
    usage: "",
    examples: &[("policyc lsp", "what an editor starts; docs/editors.md says how")],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    /// Talk over standard input and output: what it does anyway.
    #[arg(long, hide = true)]
    stdio: bool,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    let Options { stdio: _ } = match options(matches) {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    let fact = match serve(Box::new(BufReader::new(io::stdin())), &mut io::stdout().lock()) {
        End::Asked => return Exit::Done,
        End::Left => "the editor went away without `shutdown` and `exit`".to_owned(),
        End::Lost(FrameError::Header) => "a message begins without `Content-Length`".to_owned(),
        End::Lost(FrameError::Stream(error)) => {
            format!("standard input cannot be read: {}", reason(&error))
        }
        End::Unwritten(error) => {
            format!("standard output cannot be written: {}", reason(&error))
        }
    };
    let finding = Diagnostic::without_place(Code::Unreadable, fact);
    alone(terminal, &finding.help("an editor starts this command; see docs/editors.md"))
}
