//! `policyc explain CODE`: the page of a code.

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::root::options;
use crate::cli::terminal::Terminal;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::suggest::nearest;
use crate::tools::report::paint::{Paint, Style};

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "explain",
    group: "write",
    short: "tell what a code means",
    about: "Print the page of a code: what it says, why it matters, wrong and right",
    usage: "CODE | --all",
    examples: &[("policyc explain E0302", "one page"), ("policyc explain --all", "every page")],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    /// A code, as E0302.
    #[arg(required_unless_present = "all")]
    code: Option<String>,
    /// Print the page of every code.
    #[arg(long, conflicts_with = "code")]
    all: bool,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    let options: Options = match options(matches) {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    let Some(id) = options.code else {
        let pages: Vec<String> =
            Code::ALL.iter().map(|code| painted(code.page(), terminal.style)).collect();
        terminal.result(&pages.join("\n"));
        return Exit::Done;
    };
    if let Some(code) = Code::from_id(&id) {
        terminal.result(&painted(code.page(), terminal.style));
        return Exit::Done;
    }
    let near = nearest(&id, Code::ALL.iter().map(|code| code.id()));
    let finding = Diagnostic::without_place(Code::UnknownCode, format!("there is no code `{id}`"))
        .help(near.map_or_else(
            || "`policyc explain --all` prints every page".to_owned(),
            |near| format!("did you mean `{near}`?"),
        ));
    alone(terminal, &finding)
}

/// A page with its headings set off and its fences gone quiet.
fn painted(page: &str, style: Style) -> String {
    let mut text = String::new();
    for line in page.lines() {
        let paint = if line.starts_with('#') {
            Some(Paint::Strong)
        } else if line.starts_with("```") {
            Some(Paint::Frame)
        } else {
            None
        };
        text.push_str(&paint.map_or_else(|| line.to_owned(), |paint| style.paint(paint, line)));
        text.push('\n');
    }
    text
}
