//! `policyc replay pack`: records in columns. `convert` writes them as lines again.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::bundles::Settings;
use crate::cli::commands::replay::convert::{Options, spare};
use crate::cli::commands::replay::input::{Stream, StreamEnd, sources_of};
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::root::with_options;
use crate::cli::terminal::Terminal;
use crate::cli::write::{Draft, unwritable};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::numbers::grouped;
use crate::tools::inspect::size_text;
use crate::tools::replay::filter::Filter;
use crate::tools::replay::pack::Packer;
use crate::tools::replay::stream::Pace;
use crate::tools::report::counted;

/// Bytes of lines that become a group. More make it smaller; each thread holds a few of them.
const GROUP_BYTES: usize = 16 << 20;
/// Groups a thread has: one that it packs, one that is read meanwhile.
const GROUPS_A_THREAD: usize = 2;

/// The row of this part.
pub const COMMAND: Command = Command {
    name: "pack",
    group: "replay",
    short: "records in columns, as Parquet",
    about: "Write records in columns, as Parquet, which is smaller, and any engine reads it",
    usage: "[SRC].. -o FILE.pdr.parquet [--bundle BUNDLE].. [OPTIONS]",
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

fn pack(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    with_options(matches, terminal, packed)
}

/// Reads, and writes columns.
///
/// # Errors
/// How the command ends, its words already written.
pub(super) fn packed(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
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
    let StreamEnd { stopped, broken, .. } = stream.run_at(
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
