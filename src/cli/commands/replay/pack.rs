//! `policyc replay pack` and `policyc replay unpack`: records in columns, and as lines again.

use std::io::{self, Read};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::bundles::Settings;
use crate::cli::commands::replay::input::{Bundles, Ran, Stream, sources_of};
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::root::with_options;
use crate::cli::sources::{shown, unread};
use crate::cli::terminal::Terminal;
use crate::cli::write::{Draft, unwritable};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::numbers::grouped;
use crate::tools::inspect::size_text;
use crate::tools::replay::filter::Filter;
use crate::tools::replay::open::Source;
use crate::tools::replay::pack::{PackError, Packer};
use crate::tools::replay::pdrb::read::Choosing;
use crate::tools::replay::stream::Pace;
use crate::tools::report::counted;

/// Bytes of lines that become a group. More make it smaller; each thread holds a few of them.
const GROUP_BYTES: usize = 16 << 20;
/// Groups a thread has: one that it packs, one that is read meanwhile.
const GROUPS_A_THREAD: usize = 2;
/// Bytes of lines that are copied at a time.
const COPY_BYTES: usize = 1 << 16;

/// The row of the first part.
pub const COMMAND: Command = Command {
    name: "pack",
    group: "replay",
    short: "records in columns, as Parquet",
    about: "Write records in columns, as Parquet, which is smaller, and any engine reads it",
    usage: "[SRC].. --bundle BUNDLE -o FILE.pdr.parquet [OPTIONS]",
    examples: &[
        (
            "policyc replay pack logs --bundle prod.plcb -o nov.pdr.parquet",
            "a column for every place that `prod.plcb` reads",
        ),
        (
            "duckdb -c \"select rule, count(*) from 'nov.pdr.parquet' group by rule\"",
            "any engine reads it",
        ),
    ],
    arguments: Options::augment_args,
    run: pack,
};

/// The row of the other.
pub const UNPACK: Command = Command {
    name: "unpack",
    group: "replay",
    short: "records as lines again",
    about: "Write the lines of packs and packed files, byte for byte",
    usage: "[SRC].. -o FILE.pdr.jsonl",
    examples: &[("policyc replay unpack nov.pdr.parquet -o nov.pdr.jsonl", "what was packed")],
    arguments: UnpackOptions::augment_args,
    run: unpack,
};

#[derive(Debug, Args)]
struct Options {
    /// Files, directories, patterns in quotes, `-`; without any, `records` of `[replay]`.
    #[arg(value_name = "SRC")]
    records: Vec<PathBuf>,
    #[command(flatten)]
    bundles: Bundles,
    /// The file to write.
    #[arg(short, value_name = "FILE")]
    out: PathBuf,
    /// Threads that work; as many as the machine runs at a time.
    #[arg(long, value_name = "COUNT")]
    threads: Option<NonZero<usize>>,
}

#[derive(Debug, Args)]
struct UnpackOptions {
    /// Files, directories, patterns in quotes, `-`; without any, `records` of `[replay]`.
    #[arg(value_name = "SRC")]
    records: Vec<PathBuf>,
    /// The file to write.
    #[arg(short, value_name = "FILE")]
    out: PathBuf,
}

fn pack(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    with_options(matches, terminal, packed)
}

fn packed(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    let settings = Settings::read(terminal)?;
    let store = options.bundles.store(terminal, &settings)?;
    let packer = Packer::of(store.named().iter().map(|program| &**program));
    let packer = packer.map_err(|error| impossible(terminal, &error))?;
    let sources = sources_of(terminal, &settings, &options.records)?;
    spare(terminal, &sources, &options.out)?;
    let refused = |error: io::Error| alone(terminal, &unwritable(&options.out, &error));
    let mut draft = Draft::begin(&options.out).map_err(|error| alone(terminal, &error))?;
    let file = draft.file().map_err(refused)?;
    let mut writer = packer.begin(file).map_err(refused)?;
    let filter = Filter::default();
    let stream = Stream {
        terminal,
        sources: &sources,
        threads: options.threads,
        filter: &filter,
        progress: false,
    };
    let threads = stream.threads();
    let pace = Pace { threads, chunk_bytes: GROUP_BYTES, chunks: GROUPS_A_THREAD };
    // What is packed after something failed is for nothing.
    let failed = AtomicBool::new(false);
    let (mut rows, mut first) = (0_u64, None);
    let Ran { stopped, broken, .. } = stream.run_at(
        pace,
        || packer.shredder(),
        |shredder, chunk| {
            let going = !failed.load(Ordering::Relaxed);
            let lines = if going { chunk.bytes.as_slice() } else { &[] };
            let torn = lines.last().is_some_and(|last| *last != b'\n');
            let count: u64 = lines.iter().map(|byte| u64::from(*byte == b'\n')).sum();
            (packer.pack(shredder, lines), count + u64::from(torn), torn)
        },
        |(group, count, torn), _| {
            rows += count;
            let appended = group.and_then(|group| Ok(writer.append(group, torn)?));
            if let Err(error) = appended {
                failed.store(true, Ordering::Relaxed);
                first.get_or_insert(error);
            }
        },
    );
    if let Some(error) = first {
        return Err(refused(error));
    }
    if stopped || broken > Exit::Done {
        terminal.notice("  nothing was written\n");
        return Ok(if stopped { Exit::Interrupted } else { broken });
    }
    writer.finish().map_err(|error| refused(error.into()))?;
    let bytes = draft.file().and_then(|file| file.get_ref().metadata()).map_err(refused)?.len();
    draft.finish().map_err(|error| alone(terminal, &error))?;
    let each = bytes.checked_div(rows).unwrap_or_default();
    let size = size_text(usize::try_from(bytes).unwrap_or(usize::MAX));
    let lines = counted(usize::try_from(rows).unwrap_or(usize::MAX), "line");
    let text = format!("  {lines} · {size} · {} bytes a line\n", grouped(each));
    terminal.notice(&text);
    Ok(Exit::Done)
}

/// Says that this build has no packs, or that none can be made.
fn impossible(terminal: &Terminal, error: &io::Error) -> Exit {
    let fact = format!("no pack can be made: {error}");
    alone(terminal, &Diagnostic::without_place(Code::BadUsage, fact))
}

/// Refuses to put what is written in the place of what is read.
fn spare(terminal: &Terminal, sources: &[Source], out: &Path) -> Result<(), Exit> {
    let Ok(place) = out.canonicalize() else { return Ok(()) };
    let is_place =
        |source: &Source| Path::new(&source.name).canonicalize().is_ok_and(|it| it == place);
    if sources.iter().any(is_place) {
        let fact = format!("`{}` is read, and would be written over", shown(out));
        return Err(alone(terminal, &Diagnostic::without_place(Code::BadUsage, fact)));
    }
    Ok(())
}

fn unpack(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    with_options(matches, terminal, unpacked)
}

fn unpacked(terminal: &Terminal, options: &UnpackOptions) -> Result<Exit, Exit> {
    let settings = Settings::read(terminal)?;
    let sources = sources_of(terminal, &settings, &options.records)?;
    spare(terminal, &sources, &options.out)?;
    let mut draft = Draft::begin(&options.out).map_err(|error| alone(terminal, &error))?;
    let read = Arc::new(AtomicU64::new(0));
    let mut last = b'\n';
    for source in &sources {
        let unread = |error: io::Error| {
            let changed = error.get_ref().and_then(|inner| inner.downcast_ref::<PackError>());
            let changed = changed.is_some_and(PackError::is_integrity);
            let exit = unread(terminal, Path::new(&source.name), &error);
            if changed { exit.max(Exit::Integrity) } else { exit }
        };
        let mut bytes = source.open(&read, &Choosing::default()).map_err(unread)?;
        let mut buffer = vec![0; COPY_BYTES];
        // A line that ends with its file ends before the next one begins.
        let mut gap = if last == b'\n' { "" } else { "\n" };
        loop {
            let count = bytes.read(&mut buffer).map_err(unread)?;
            let piece = buffer.get(..count).unwrap_or_default();
            let Some(end) = piece.last() else { break };
            last = *end;
            let written = draft.write(gap.as_bytes()).and_then(|()| draft.write(piece));
            written.map_err(|error| alone(terminal, &error))?;
            gap = "";
        }
    }
    draft.finish().map_err(|error| alone(terminal, &error))?;
    Ok(Exit::Done)
}
