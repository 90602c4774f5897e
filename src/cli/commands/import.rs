//! `policyc import`: what others wrote down, as policies. One part for each kind of it.

use std::path::PathBuf;

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::root::{run_part, with_options, with_parts};
use crate::cli::sources::{shown, text_of, unusable};
use crate::cli::terminal::Terminal;
use crate::cli::write::write;
use crate::compiler::source::map::SourceMap;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::mcp;
use crate::tools::paths::{normalize, slashed};

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "import",
    group: "look",
    short: "make a policy of the tools of a server",
    about: "Make a policy of what others wrote down",
    usage: "COMMAND [OPTIONS]",
    examples: &[("policyc import mcp-tools tools.json", "the tools that a server lists")],
    arguments,
    run,
};

/// The parts of this command.
const PARTS: &[Command] = &[MCP_TOOLS];

const MCP_TOOLS: Command = Command {
    name: "mcp-tools",
    group: "import",
    short: "an answer to `tools/list`",
    about: "Make a policy that allows nothing of the tools that an MCP server lists",
    usage: "FILE [OPTIONS]",
    examples: &[
        ("policyc import mcp-tools tools.json", "on standard output"),
        ("policyc import mcp-tools tools.json -o files.yaml --name files", "into a file"),
    ],
    arguments: Options::augment_args,
    run: |matches: &ArgMatches, terminal: &Terminal| with_options(matches, terminal, work),
};

#[derive(Debug, Args)]
struct Options {
    /// What the server answered: a message of JSON-RPC, its result, or the list.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What the policy is called; else as FILE is.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Write it to FILE, which must not be there yet.
    #[arg(long, short = 'o', value_name = "FILE")]
    out: Option<PathBuf>,
}

fn arguments(parser: clap::Command) -> clap::Command {
    with_parts(parser, "policyc import", PARTS)
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    run_part(matches, terminal, PARTS)
}

fn work(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    if let Some(taken) = options.out.as_deref().filter(|path| path.exists()) {
        let path = slashed(&normalize(taken));
        let found = format!("`{path}` exists already, so nothing was written");
        let finding = Diagnostic::without_place(Code::Unwritable, found)
            .help("write to another file, or to standard output without `-o`, and compare");
        return Err(alone(terminal, &finding));
    }
    let path = options.file.as_path();
    let (mut files, mut sink) = (SourceMap::new(), Sink::new());
    let file = files.add(shown(path), text_of(terminal, path)?);
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let name = options.name.clone().or(stem).unwrap_or_else(|| "tools".to_owned());
    let Some(text) = mcp::import(&name, file, &files, &mut sink) else {
        return Err(unusable(terminal, &files, sink));
    };
    match &options.out {
        None => terminal.result(&text),
        Some(path) => write(path, text.as_bytes()).map_err(|found| alone(terminal, &found))?,
    }
    Ok(Exit::Done)
}
