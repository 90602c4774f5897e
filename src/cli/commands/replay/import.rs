//! `policyc replay import`: the log of another engine as records.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use clap::{ArgMatches, Args, ValueEnum};

use crate::base::invisible::spelled;
use crate::cli::Command;
use crate::cli::bundles::Settings;
use crate::cli::exit::Exit;
use crate::cli::interrupt::interrupted;
use crate::cli::progress::Progress;
use crate::cli::reporting::alone;
use crate::cli::root::options;
use crate::cli::secrets::{OpenVault, Secrets};
use crate::cli::sources::{shown, text_of, unread, unusable};
use crate::cli::terminal::Terminal;
use crate::cli::write::{Draft, over_an_input};
use crate::compiler::source::map::SourceMap;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::numbers::grouped;
use crate::diag::sink::Sink;
use crate::runtime::record::seal::Keeper;
use crate::tools::inputs::is_same;
use crate::tools::project::unreadable;
use crate::tools::replay::import::decided::Decider;
use crate::tools::replay::import::error::Refusal;
use crate::tools::replay::import::map::{Map, compile};
use crate::tools::replay::import::presets::{Detected, PRESETS, Preset, detect};
use crate::tools::replay::import::tally::{report, to_json, verdict};
use crate::tools::replay::import::{Importer, Log};
use crate::tools::replay::open::{Source, Unopened, sources};
use crate::tools::replay::pdrb::read::Choosing;
use crate::tools::report::counted;
use crate::tools::standalone::asks_sessions;

/// Events at the start of a log by which its format is told.
const LOOK_AHEAD: usize = 16;
/// Most events whose refusal is told; of more the number is said.
const REFUSALS_SHOWN_MAX: u64 = 20;
/// Events between two looks at how far it is.
const TELL_EVERY: u64 = 4_096;

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "import",
    group: "replay",
    short: "logs of other engines as records",
    about: "Make records of the log of another engine",
    usage: "SRC.. (-o OUT.pdr.jsonl | --check) [OPTIONS]",
    examples: &[
        ("policyc replay import decisions.jsonl.gz -o opa.pdr.jsonl", "told by content"),
        ("policyc replay import spans.json --input-format otlp --check", "what it would give"),
        ("policyc replay import audit.jsonl --map map.yaml -o audit.pdr.jsonl", "your own log"),
        (
            "policyc replay import calls.jsonl --bundle policies -o a.pdr.jsonl",
            "as if we had decided",
        ),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    /// Logs: files, directories, patterns, `-`; gzip and zstd are unpacked.
    #[arg(value_name = "SRC", required = true)]
    paths: Vec<PathBuf>,
    /// What the log is: auto, opa, cerbos, avp, otlp, mcp, envoy, langfuse or langsmith.
    #[arg(long, value_name = "FORMAT", default_value = "auto", value_parser = format_named)]
    input_format: String,
    /// A map of your own: `docs/import.md`.
    #[arg(long, value_name = "FILE", conflicts_with = "input_format")]
    map: Option<PathBuf>,
    /// Where the records go.
    #[arg(short, long, value_name = "FILE", required_unless_present = "check")]
    out: Option<PathBuf>,
    /// Decide about every imported context with this bundle, and keep that decision.
    #[arg(long, value_name = "BUNDLE", conflicts_with = "check")]
    bundle: Option<String>,
    /// Where bundles lie; else `store` of `policyc.toml`.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Write nothing; show how much of each part of a record the log fills.
    #[arg(long, conflicts_with = "out")]
    check: bool,
    /// How `--check` is written: for people, or as one line of JSON.
    #[arg(long, value_name = "full|json", default_value = "full", hide_possible_values = true)]
    output_format: Shape,
    /// Leave out events that cannot be imported; without it they end the import.
    #[arg(long)]
    skip_refused: bool,
    #[command(flatten)]
    secrets: Secrets,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shape {
    Full,
    Json,
}

fn format_named(name: &str) -> Result<String, String> {
    if name == "auto" || Preset::named(name).is_some() {
        return Ok(name.to_owned());
    }
    let names: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
    Err(format!("the formats are auto, {}", names.join(", ")))
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    let options: Options = match options(matches) {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    match import(&options, terminal) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn import(options: &Options, terminal: &Terminal) -> Result<Exit, Exit> {
    let sources = sources(&options.paths).map_err(|error| unopened(terminal, &error))?;
    spare_the_logs(options, terminal)?;
    let read = Arc::new(AtomicU64::new(0));
    let mut logs = sources.iter();
    let mut log = match logs.next() {
        Some(source) => open(terminal, source, &read)?,
        None => return Ok(Exit::Done),
    };
    let map = choose(options, terminal, &mut log)?;
    let decider = decider(options, terminal)?;
    let vault = match &decider {
        Some(decider) => options.secrets.open(terminal, decider.rules())?,
        None => None,
    };
    let mut draft = match &options.out {
        Some(path) => Some(Draft::begin(path).map_err(|error| alone(terminal, &error))?),
        None => None,
    };
    let stop = interrupted();
    let total = sources.iter().map(|source| source.bytes).sum();
    let mut run =
        ImportRun { options, terminal, importer: Importer::new(&map), decider, vault, told: 0 };
    let far = ImportProgress { progress: Progress::new(terminal), read: &read, total };
    loop {
        run.log(&mut log, draft.as_mut(), &stop, &far)?;
        match logs.next() {
            Some(source) => log = open(terminal, source, &read)?,
            None => break,
        }
    }
    far.progress.end();
    run.conclude(&map, draft, &log)
}

/// How far an import is.
struct ImportProgress<'t> {
    progress: Progress<'t>,
    read: &'t AtomicU64,
    total: u64,
}

/// An import.
struct ImportRun<'r> {
    options: &'r Options,
    terminal: &'r Terminal,
    importer: Importer<'r>,
    /// Decides about what was imported.
    decider: Option<Decider>,
    /// What seals, where the bundle asks for it.
    vault: Option<OpenVault>,
    /// Refusals that were told.
    told: u64,
}

impl ImportRun<'_> {
    /// Takes a log to its end.
    fn log(
        &mut self,
        log: &mut Log,
        mut draft: Option<&mut Draft>,
        stop: &AtomicBool,
        far: &ImportProgress<'_>,
    ) -> Result<(), Exit> {
        let Self { options, terminal, importer, decider, vault, told } = self;
        let (mut event, mut out, mut steps) = (Vec::new(), String::new(), 0_u64);
        let mut refuse = |refusal: Refusal| {
            *told += 1;
            if *told <= REFUSALS_SHOWN_MAX {
                let _ = alone(terminal, &Diagnostic::from(&refusal));
            }
        };
        loop {
            let stepped = importer.step(log, &mut event, &mut out, &mut refuse);
            let more = stepped.map_err(|error| {
                far.progress.end();
                alone(terminal, &unreadable(log.name(), &error))
            })?;
            if !more {
                return Ok(());
            }
            if stop.load(Ordering::Relaxed) {
                return Err(Exit::Interrupted);
            }
            if let Some(decider) = decider {
                let keeper = vault.as_mut().map(|vault| &mut vault.writer as &mut dyn Keeper);
                out = decided(terminal, (decider, keeper), log.name(), &out)?;
            }
            if let Some(draft) = &mut draft {
                draft.write(out.as_bytes()).map_err(|error| alone(terminal, &error))?;
            }
            let refused = importer.tally().refused;
            if refused > REFUSALS_SHOWN_MAX && !options.skip_refused && !options.check {
                let text = format!("  ended after {} events were refused\n", grouped(refused));
                terminal.notice(&text);
                return Err(Exit::CouldNotRun);
            }
            steps += 1;
            if steps.is_multiple_of(TELL_EVERY) {
                sealed(terminal, vault.as_mut())?;
                far.progress.draw(far.read.load(Ordering::Relaxed), far.total);
            }
        }
    }

    /// Keeps what was written, or gives it up, and says which.
    fn conclude(self, map: &Map, draft: Option<Draft>, log: &Log) -> Result<Exit, Exit> {
        let Self { options, terminal, importer, decider, mut vault, told } = self;
        let tally = importer.tally();
        if told > REFUSALS_SHOWN_MAX {
            let more = grouped(told - REFUSALS_SHOWN_MAX);
            terminal.notice(&format!("  {more} more events were refused\n"));
        }
        if options.check {
            let draw = match options.output_format {
                Shape::Full => report,
                Shape::Json => to_json,
            };
            terminal.result(&draw(map, tally));
        }
        if tally.refused > 0 && !options.skip_refused {
            if draft.is_some() {
                let help = "`--skip-refused` imports the others";
                terminal.notice(&format!("  nothing was written; {help}\n"));
            }
            return Ok(Exit::CouldNotRun);
        }
        if tally.records == 0 {
            let found = format!("`{}`: no event becomes a record as `{}`", log.name(), map.format);
            let help = "`--check` shows what becomes of the events".to_owned();
            let finding = Diagnostic::without_place(Code::BadEvent, found);
            return Ok(alone(terminal, &finding.maybe_help((!options.check).then_some(help))));
        }
        if let Some(draft) = draft {
            sealed(terminal, vault.as_mut())?;
            draft.finish().map_err(|error| alone(terminal, &error))?;
            let count = |count, what| counted(usize::try_from(count).unwrap_or(usize::MAX), what);
            let mut text = format!("  {}", count(tally.records, "record"));
            let _ = write!(text, " · {} skipped", count(tally.skipped, "event"));
            let _ = write!(text, " · {} refused", grouped(tally.refused));
            let _ = writeln!(text, " · {}, fidelity {}", spelled(&map.format), map.fidelity.word());
            match decider {
                None => {
                    let _ = writeln!(text, "  {}", verdict(map, tally));
                }
                Some(decider) => text.push_str(&decider.summary()),
            }
            terminal.notice(&text);
        }
        Ok(if tally.refused > 0 { Exit::Findings } else { Exit::Done })
    }
}

/// What decides about imported records, if that is asked for.
fn decider(options: &Options, terminal: &Terminal) -> Result<Option<Decider>, Exit> {
    let Some(name) = &options.bundle else {
        let Secrets { vault, token_key } = &options.secrets;
        if vault.is_none() && token_key.is_empty() {
            return Ok(None);
        }
        let fact = "nothing says what is to be withheld".to_owned();
        let help = "name the bundle whose `redact` does, with --bundle";
        let finding = Diagnostic::without_place(Code::BadUsage, fact).help(help);
        return Err(alone(terminal, &finding));
    };
    let settings = Settings::read(terminal)?;
    let store = settings.open_store(terminal, options.store.as_deref())?;
    let program = settings.bundle(terminal, &store, name)?;
    if asks_sessions(&program) {
        let fact = format!(
            "`{}` asks what happened before a call, and a log of calls does not say",
            program.name()
        );
        let help = "import without --bundle, or make events of the log: `policyc eval --session \
                    EVENTS --record FILE` decides about them";
        return Err(alone(terminal, &Diagnostic::without_place(Code::BadUsage, fact).help(help)));
    }
    Ok(Some(Decider::of(Arc::new(program))))
}

/// The records of `lines`, which an import made of `log`, decided.
fn decided(
    terminal: &Terminal,
    (decider, keeper): (&mut Decider, Option<&mut (dyn Keeper + '_)>),
    log: &str,
    lines: &str,
) -> Result<String, Exit> {
    decider.decide(lines, keeper).map_err(|error| {
        let found = format!("`{log}`: what was imported is no record: {}", error.fault);
        alone(terminal, &Diagnostic::without_place(Code::BadRecord, found))
    })
}

/// Sees to it that what was sealed is in the vault, before anybody reads that it is sealed.
fn sealed(terminal: &Terminal, vault: Option<&mut OpenVault>) -> Result<(), Exit> {
    let written = vault.map_or(Ok(()), OpenVault::write);
    written.map_err(|finding| alone(terminal, &finding))
}

/// Refuses to put the records in the place of a log.
fn spare_the_logs(options: &Options, terminal: &Terminal) -> Result<(), Exit> {
    let Some(out) = &options.out else { return Ok(()) };
    if options.paths.iter().any(|path| is_same(path, out)) {
        return Err(alone(terminal, &over_an_input(out)));
    }
    Ok(())
}

fn open(terminal: &Terminal, source: &Source, read: &Arc<AtomicU64>) -> Result<Log, Exit> {
    let input = source.open(read, &Choosing::default());
    let input = input.map_err(|error| unread(terminal, Path::new(&source.name), &error))?;
    Ok(Log::new(source.name.clone(), input))
}

fn unopened(terminal: &Terminal, error: &Unopened) -> Exit {
    match error {
        Unopened::Unreadable { path, error } => unread(terminal, path, error),
        Unopened::Empty { name } => {
            let found = format!("`{name}` holds no logs");
            let help = "files that end in `.jsonl` or `.ndjson` are found; name others";
            alone(terminal, &Diagnostic::without_place(Code::Unreadable, found).help(help))
        }
    }
}

/// The map that was asked for, or the preset that the log is for.
fn choose(options: &Options, terminal: &Terminal, log: &mut Log) -> Result<Map, Exit> {
    if let Some(path) = &options.map {
        return own_map(terminal, path);
    }
    if let Some(preset) = Preset::named(&options.input_format) {
        return of_preset(terminal, preset);
    }
    let name = log.name().to_owned();
    let events = log.look_ahead(LOOK_AHEAD);
    let events = events.map_err(|error| alone(terminal, &unreadable(&name, &error)))?;
    let refused = |found: String, help: &str| {
        alone(terminal, &Diagnostic::without_place(Code::BadEvent, found).help(help))
    };
    match detect(&events) {
        Detected::Preset(preset, map) => {
            terminal.notice(&format!("  `{name}` is a log of the format {}\n", preset.name));
            Ok(*map)
        }
        Detected::Records => {
            Err(refused(format!("`{name}` holds records already"), "replay them as they are"))
        }
        Detected::Unknown => {
            let help = "name its format with `--input-format`, or write a map for it";
            Err(refused(format!("`{name}` is no log that is known"), help))
        }
    }
}

fn of_preset(terminal: &Terminal, preset: &Preset) -> Result<Map, Exit> {
    let (map, files, sink) = preset.compile();
    map.ok_or_else(|| {
        let _ = unusable(terminal, &files, sink);
        Exit::Bug
    })
}

fn own_map(terminal: &Terminal, path: &Path) -> Result<Map, Exit> {
    let text = text_of(terminal, path)?;
    let (mut files, mut sink) = (SourceMap::new(), Sink::new());
    let file = files.add(shown(path), text);
    let map = compile(file, &files, false, &mut sink);
    map.ok_or_else(|| unusable(terminal, &files, sink))
}
