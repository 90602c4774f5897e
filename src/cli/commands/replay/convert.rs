//! `policyc replay convert`: records from one form into another, line by line as they are.

use std::io::Write as _;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::cli::Command;
use crate::cli::bundles::Settings;
use crate::cli::commands::replay::input::{Bundles, Stream, StreamEnd, sources_of};
use crate::cli::commands::replay::pack::packed;
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::root::with_options;
use crate::cli::sources::shown;
use crate::cli::terminal::Terminal;
use crate::cli::write::{Draft, over_an_input, unwritable};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::runtime::audit::frame::HEADER;
use crate::tools::inputs::is_same;
use crate::tools::replay::filter::Filter;
use crate::tools::replay::open::Source;
use crate::tools::replay::pdrb::{compress, end, pack};
use crate::tools::replay::stream::Chunk;
use crate::tools::report::replay::many;

/// The row of this part.
pub const COMMAND: Command = Command {
    name: "convert",
    group: "replay",
    short: "records in another form, and back",
    about: "Write records in the form that the name of the file says, and back, byte for byte",
    usage: "[SRC].. -o FILE [OPTIONS]",
    examples: &[
        ("policyc replay convert logs -o logs.pdrb", "packed, with an index"),
        ("policyc replay convert logs.pdrb -o logs.pdr.jsonl", "as lines; .gz or .zst may follow"),
        (
            "policyc replay convert logs -o logs.pdr.parquet --bundle prod.plcb",
            "in columns, with one for every place that `prod.plcb` reads",
        ),
    ],
    arguments: Options::augment_args,
    run,
};

/// Options of the parts that write records in another form.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Files, directories, patterns in quotes, `-`; without any, `records` of `[replay]`.
    #[arg(value_name = "SRC")]
    pub(super) records: Vec<PathBuf>,
    /// The file to write: .pdrb, .pdr.parquet, or lines, which .gz or .zst behind the name packs.
    #[arg(short, long, value_name = "FILE")]
    pub(super) out: PathBuf,
    #[command(flatten)]
    pub(super) bundles: Bundles,
    /// Threads that work; as many as the machine runs at a time.
    #[arg(long, value_name = "COUNT")]
    pub(super) threads: Option<NonZero<usize>>,
}

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Lines,
    Gzip,
    Zstd,
    Packed,
    Columns,
}

impl Form {
    /// What the name of a file says.
    fn of(path: &Path) -> Self {
        let name = path.to_string_lossy();
        let endings = [
            (".pdr.parquet", Self::Columns),
            (".pdrb", Self::Packed),
            (".gz", Self::Gzip),
            (".zst", Self::Zstd),
        ];
        let found = endings.into_iter().find(|(ending, _)| name.ends_with(ending));
        found.map_or(Self::Lines, |(_, form)| form)
    }

    /// What a file of this form begins with.
    const fn head(self) -> &'static [u8] {
        match self {
            Self::Packed => &HEADER,
            Self::Lines | Self::Gzip | Self::Zstd | Self::Columns => &[],
        }
    }

    /// Whole lines in this form, none of them in columns. What it gives may follow each other.
    fn body(self, lines: Vec<u8>) -> std::io::Result<Vec<u8>> {
        Ok(match self {
            Self::Lines | Self::Columns => lines,
            Self::Gzip => {
                let mut file = GzEncoder::new(Vec::new(), Compression::default());
                file.write_all(&lines)?;
                file.finish()?
            }
            Self::Zstd => compress(&lines),
            Self::Packed => pack(&lines),
        })
    }

    /// What stands behind so many lines.
    fn tail(self, lines: u64) -> Vec<u8> {
        match self {
            Self::Packed => end(lines),
            Self::Lines | Self::Gzip | Self::Zstd | Self::Columns => Vec::new(),
        }
    }
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    with_options(matches, terminal, converted)
}

/// Reads and writes.
///
/// # Errors
/// How the command ends, its words already written.
fn converted(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let form = Form::of(&options.out);
    if form == Form::Lines && options.out.to_string_lossy().ends_with(".parquet") {
        let fact =
            format!("`{}` is called as Parquet is, and would hold lines", shown(&options.out));
        let finding = Diagnostic::without_place(Code::BadUsage, fact);
        return Err(alone(
            terminal,
            &finding.help("columns are in files that end in .pdr.parquet"),
        ));
    }
    if form == Form::Columns {
        return packed(terminal, options);
    }
    if options.bundles.are_named() {
        let fact = format!("`{}` has no columns for what a bundle reads", shown(&options.out));
        let finding = Diagnostic::without_place(Code::BadUsage, fact);
        return Err(alone(terminal, &finding.help("a file that ends in .pdr.parquet has")));
    }
    let settings = Settings::read(terminal)?;
    let sources = sources_of(terminal, &settings, &options.records)?;
    spare(terminal, &sources, &options.out)?;
    let mut draft = Draft::begin(&options.out).map_err(|error| alone(terminal, &error))?;
    let last = sources.len().saturating_sub(1);
    let work = |chunk: &Chunk| {
        let mut lines = chunk.bytes.clone();
        // A last line may lack its end where nothing follows it.
        if chunk.source < last && !lines.ends_with(b"\n") {
            lines.push(b'\n');
        }
        let count = lines.split_inclusive(|byte| *byte == b'\n').count() as u64;
        (form.body(lines), count)
    };
    let filter = Filter::default();
    let threads = options.threads;
    let stream = Stream { terminal, sources: &sources, threads, filter: &filter, progress: false };
    let (mut lines, mut written) = (0, draft.write(form.head()));
    let StreamEnd { stopped, broken, .. } = stream.run(
        || (),
        |(), chunk| work(chunk),
        |(bytes, count), _| {
            lines += count;
            if written.is_ok() {
                let bytes = bytes.map_err(|error| Box::new(unwritable(&options.out, &error)));
                written = bytes.and_then(|bytes| draft.write(&bytes));
            }
        },
    );
    written.map_err(|error| alone(terminal, &error))?;
    if stopped || broken != Exit::Done {
        terminal.notice("  nothing was written\n");
        return Ok(if stopped { broken.max(Exit::Interrupted) } else { broken });
    }
    let written = draft.write(&form.tail(lines)).and_then(|()| draft.finish());
    written.map_err(|error| alone(terminal, &error))?;
    terminal.notice(&format!("  {}\n", many(lines, "line")));
    Ok(Exit::Done)
}

/// Refuses to put what is written in the place of what is read.
///
/// # Errors
/// How the command ends, its words already written.
pub(super) fn spare(terminal: &Terminal, sources: &[Source], out: &Path) -> Result<(), Exit> {
    let is_place = |source: &Source| is_same(Path::new(&source.name), out);
    if sources.iter().any(is_place) {
        return Err(alone(terminal, &over_an_input(out)));
    }
    Ok(())
}
