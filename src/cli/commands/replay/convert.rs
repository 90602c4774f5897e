//! `policyc replay convert`: records from one form into another, line by line as they are.

use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::bundles::Settings;
use crate::cli::commands::replay::input::{Ran, Stream, sources_of};
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::root::with_options;
use crate::cli::sources::shown;
use crate::cli::terminal::Terminal;
use crate::cli::write::Draft;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::tools::replay::filter::Filter;
use crate::tools::replay::pdrb::{HEADER, end, pack};
use crate::tools::replay::stream::Chunk;
use crate::tools::report::replay::many;

/// The row of this part.
pub const COMMAND: Command = Command {
    name: "convert",
    group: "replay",
    short: "packed records from lines, and back",
    about: "Pack records, or write packed ones as lines, byte for byte as they were",
    usage: "[SRC].. -o FILE",
    examples: &[
        ("policyc replay convert logs -o logs.pdrb", "packed, with an index"),
        ("policyc replay convert logs.pdrb -o logs.pdr.jsonl", "as lines"),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    /// Files, directories, patterns in quotes, `-`; without any, `records` of `[replay]`.
    #[arg(value_name = "SRC")]
    records: Vec<PathBuf>,
    /// The file to write: packed if its name ends in .pdrb, else lines.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    with_options(matches, terminal, converted)
}

/// Reads and writes.
///
/// # Errors
/// How the command ends, its words already written.
fn converted(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let settings = Settings::read(terminal)?;
    let sources = sources_of(terminal, &settings, &options.records)?;
    let place = options.out.canonicalize().ok();
    if place.is_some_and(|place| sources.iter().any(|source| same(&source.name, &place))) {
        let found = format!("`{}` holds the records that are read", shown(&options.out));
        return Err(alone(terminal, &Diagnostic::without_place(Code::BadUsage, found)));
    }
    let packed = options.out.extension().is_some_and(|ending| ending == "pdrb");
    let mut draft = Draft::begin(&options.out).map_err(|error| alone(terminal, &error))?;
    let last = sources.len().saturating_sub(1);
    let work = |chunk: &Chunk| {
        let mut lines = chunk.bytes.clone();
        // A last line may lack its end where nothing follows it.
        if chunk.source < last && !lines.ends_with(b"\n") {
            lines.push(b'\n');
        }
        let count = lines.split_inclusive(|byte| *byte == b'\n').count() as u64;
        (if packed { pack(&lines) } else { lines }, count)
    };
    let filter = Filter::default();
    let stream =
        Stream { terminal, sources: &sources, threads: None, filter: &filter, progress: false };
    let (mut lines, mut written) = (0, Ok(()));
    if packed {
        written = draft.write(&HEADER);
    }
    let Ran { stopped, broken, .. } = stream.run(
        || (),
        |(), chunk| work(chunk),
        |(bytes, count), _| {
            lines += count;
            if written.is_ok() {
                written = draft.write(&bytes);
            }
        },
    );
    written.map_err(|error| alone(terminal, &error))?;
    if stopped || broken != Exit::Done {
        terminal.notice("  nothing was written\n");
        return Ok(if stopped { broken.max(Exit::Interrupted) } else { broken });
    }
    if packed {
        draft.write(&end(lines)).map_err(|error| alone(terminal, &error))?;
    }
    draft.finish().map_err(|error| alone(terminal, &error))?;
    terminal.notice(&format!("  {}\n", many(lines, "line")));
    Ok(Exit::Done)
}

/// Whether a source is the file at `place`.
fn same(source: &str, place: &Path) -> bool {
    Path::new(source).canonicalize().is_ok_and(|path| path == place)
}
