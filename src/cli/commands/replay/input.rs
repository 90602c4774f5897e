//! What commands that read many records have in common.

use std::io::ErrorKind;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use crate::base::limits::RECORD_BYTES_MAX;
use crate::cli::bundles::Settings;
use crate::cli::exit::Exit;
use crate::cli::interrupt::interrupted;
use crate::cli::progress::{Progress as Bar, watched};
use crate::cli::reporting::alone;
use crate::cli::sources::{shown, unread};
use crate::cli::terminal::Terminal;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::numbers::grouped;
use crate::lang::decision::Effect;
use crate::runtime::record::read::Entry;
use crate::tools::decide::Moments;
use crate::tools::project::reason;
use crate::tools::replay::filter::{Filter, Limit, NoneTaken, Seen, condition};
use crate::tools::replay::find::{FoundRecord, find};
use crate::tools::replay::findings::word;
use crate::tools::replay::impact::Impact;
use crate::tools::replay::open::{Source, Unopened, sources};
use crate::tools::replay::pack::{Candidates, PackError, impact};
use crate::tools::replay::pdrb::index::IndexQuery;
use crate::tools::replay::pdrb::read::{Choosing, Unread, unread as unread_of};
use crate::tools::replay::store::Store;
use crate::tools::replay::stream::{
    Chunk, Damage, DamageKind, Pace, Progress, run_at, threads_of_machine,
};
use crate::tools::report::replay::many;

/// The bundles that made records.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Bundles {
    /// A bundle that the store may lack: a path, git:REV, or a name of `[bundles]`.
    #[arg(long, value_name = "BUNDLE")]
    bundle: Vec<String>,
    /// The directory of the bundles by their digests.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
}

impl Bundles {
    /// The options as they were given, behind a blank each.
    pub(super) fn as_given(&self) -> String {
        let bundles = self.bundle.iter().map(|name| format!(" --bundle {}", word(name)));
        let store = self.store.iter().map(|path| format!(" --store {}", word(&shown(path))));
        bundles.chain(store).collect()
    }

    /// Whether any is named.
    pub(super) const fn are_named(&self) -> bool {
        !self.bundle.is_empty()
    }

    /// The store, with the bundles that were named.
    ///
    /// # Errors
    /// How the command ends, its words already written.
    pub(super) fn store(&self, terminal: &Terminal, settings: &Settings) -> Result<Store, Exit> {
        let store = settings.open_store(terminal, self.store.as_deref())?;
        for name in &self.bundle {
            let program = settings.bundle(terminal, &store, name)?;
            store.add(program);
        }
        Ok(store)
    }
}

/// Where records lie, and the bundles that made them.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Input {
    /// Files, directories, patterns in quotes, `-`; without any, `records` of `[replay]`.
    #[arg(value_name = "SRC")]
    pub(super) records: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) bundles: Bundles,
    #[command(flatten)]
    pub(super) filter: Filters,
    /// Threads that work; as many as the machine runs at a time.
    #[arg(long, value_name = "COUNT")]
    pub(super) threads: Option<NonZero<usize>>,
    /// Show how far it is, also where standard error is no terminal.
    #[arg(long)]
    pub(super) progress: bool,
}

/// What an `Input` names, ready to be read.
#[derive(Debug)]
pub(super) struct Opened {
    /// The bundles.
    pub(super) store: Store,
    /// Where records lie.
    pub(super) sources: Vec<Source>,
    /// Which of them count.
    pub(super) filter: Filter,
}

impl Input {
    /// Looks for everything that is named.
    ///
    /// # Errors
    /// How the command ends, its words already written.
    pub(super) fn open(&self, terminal: &Terminal, settings: &Settings) -> Result<Opened, Exit> {
        let store = self.bundles.store(terminal, settings)?;
        let sources = sources_of(terminal, settings, &self.records)?;
        Ok(Opened { store, sources, filter: self.filter.filter(terminal)? })
    }
}

impl Opened {
    /// The records, on their way as `input` says.
    pub(super) fn stream<'a>(&'a self, terminal: &'a Terminal, input: &Input) -> Stream<'a> {
        let Self { sources, filter, .. } = self;
        let Input { threads, progress, .. } = *input;
        Stream { terminal, sources, threads, filter, progress }
    }
}

/// Which records count.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Records")]
pub(super) struct Filters {
    /// Decided then or later, as 2026-11-19T14:00:00Z.
    #[arg(long, value_name = "RFC3339", value_parser = time)]
    since: Option<(i64, u32)>,
    /// Decided before.
    #[arg(long, value_name = "RFC3339", value_parser = time)]
    until: Option<(i64, u32)>,
    /// Of this session.
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// About this tool: `action.tool`.
    #[arg(long, value_name = "NAME")]
    tool: Option<String>,
    /// By this principal: `principal.id`.
    #[arg(long, value_name = "ID")]
    principal: Option<String>,
    /// Recorded with this effect: allow, deny or escalate.
    #[arg(long, value_name = "EFFECT", value_parser = effect)]
    effect: Option<Effect>,
    /// In which this rule fired.
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
    /// Of whose fields this holds, in CEL: `ctx.action.args.amount > 100.0`.
    #[arg(long = "where", value_name = "CEL")]
    condition: Option<String>,
    /// One of N sessions, chosen by hash; each counts as N.
    #[arg(long, value_name = "1/N", value_parser = one_of)]
    sample: Option<NonZero<u64>>,
    /// The first COUNT of those.
    #[arg(long, value_name = "COUNT")]
    limit: Option<u64>,
}

impl Filters {
    /// As records are asked.
    ///
    /// # Errors
    /// How the command ends, its words already written.
    pub(super) fn filter(&self, terminal: &Terminal) -> Result<Filter, Exit> {
        let asked = self.clone();
        let condition = asked.condition.map(|text| {
            condition(&text).map_err(|why| {
                let fact = format!("`--where {text}` cannot be asked: {why}");
                let help = "it is CEL over the fields of a record, as `out.effect == 'deny'`";
                alone(terminal, &Diagnostic::without_place(Code::BadUsage, fact).help(help))
            })
        });
        Ok(Filter {
            since: asked.since,
            until: asked.until,
            session: asked.session,
            tool: asked.tool,
            principal: asked.principal,
            effect: asked.effect,
            rule: asked.rule,
            condition: condition.transpose()?,
            one_of: asked.sample,
            limit: asked.limit.map(Limit::of),
            seen: Seen::default(),
        })
    }
}

fn one_of(text: &str) -> Result<NonZero<u64>, String> {
    let count = text.strip_prefix("1/").and_then(|count| count.parse().ok());
    count.ok_or_else(|| "write it as 1/100".to_owned())
}

fn time(text: &str) -> Result<(i64, u32), String> {
    let at = Moments::parse(text).ok_or("write it as 2026-11-19T14:00:00Z")?;
    Ok((at.seconds, at.nanoseconds))
}

/// The effect with this name.
pub(super) fn effect(text: &str) -> Result<Effect, String> {
    let all = [Effect::Allow, Effect::Deny, Effect::Escalate];
    let found = all.into_iter().find(|effect| effect.word() == text);
    found.ok_or_else(|| "it is allow, deny or escalate".to_owned())
}

/// The sources that were named.
///
/// # Errors
/// How the command ends, its words already written.
pub(in crate::cli::commands) fn sources_of(
    terminal: &Terminal,
    settings: &Settings,
    asked: &[PathBuf],
) -> Result<Vec<Source>, Exit> {
    let paths = settings.records(asked);
    if paths.is_empty() {
        let fact = "no records are named".to_owned();
        let finding = Diagnostic::without_place(Code::BadUsage, fact);
        let help = "name files or directories, or set `records` of `[replay]` in policyc.toml";
        return Err(alone(terminal, &finding.help(help)));
    }
    sources(&paths).map_err(|unopened| match unopened {
        Unopened::Unreadable { path, error } => unread(terminal, &path, &error),
        Unopened::Empty { name } => {
            let fact = format!("`{name}` holds no records");
            let help = "records are files that end in .jsonl or .pdrb, packed or not";
            let finding = Diagnostic::without_place(Code::Unreadable, fact).help(help);
            alone(terminal, &finding).max(Exit::Missing)
        }
    })
}

/// How a run through all records ended.
#[derive(Clone, Debug)]
pub(in crate::cli::commands) struct StreamEnd {
    /// Somebody stopped it.
    pub(in crate::cli::commands) stopped: bool,
    /// How the command ends because of what is damaged.
    pub(in crate::cli::commands) broken: Exit,
    /// What is damaged, in words that were written already.
    pub(in crate::cli::commands) damages: Vec<String>,
    /// Blocks of packed files that were passed over: they hold nothing that is asked for.
    pub(in crate::cli::commands) passed: u64,
}

/// A fact that was written, and how the command ends because of it.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) exit: Exit,
    pub(super) fact: Option<String>,
}

/// Damages that reports tell one by one; a file may have any number of lines that are too long.
const DAMAGES_TOLD: usize = 1 << 6;

/// Records on their way through all processors.
#[derive(Debug)]
pub(in crate::cli::commands) struct Stream<'a> {
    /// Where words go.
    pub(in crate::cli::commands) terminal: &'a Terminal,
    /// Where records lie.
    pub(in crate::cli::commands) sources: &'a [Source],
    /// Threads that work.
    pub(in crate::cli::commands) threads: Option<NonZero<usize>>,
    /// Which records count.
    pub(in crate::cli::commands) filter: &'a Filter,
    /// Whether it is shown how far it is where nobody looks.
    pub(in crate::cli::commands) progress: bool,
}

impl Stream<'_> {
    /// Does `work` on all chunks and takes the results in order. The words about what is damaged
    /// are already written.
    pub(in crate::cli::commands) fn run<S, R: Send>(
        &self,
        start: impl Fn() -> S + Sync,
        work: impl Fn(&mut S, &Chunk) -> R + Sync,
        take: impl FnMut(R, &Bar<'_>),
    ) -> StreamEnd {
        self.run_at(Pace::of(self.threads()), start, work, take)
    }

    /// Threads that work: one where only so many records are asked for, and the first at that.
    pub(in crate::cli::commands) fn threads(&self) -> NonZero<usize> {
        let threads = self.threads.unwrap_or_else(threads_of_machine);
        if self.filter.limit.is_some() { NonZero::<usize>::MIN } else { threads }
    }

    /// As `run`, with chunks of other sizes.
    pub(in crate::cli::commands) fn run_at<S, R: Send>(
        &self,
        pace: Pace,
        start: impl Fn() -> S + Sync,
        work: impl Fn(&mut S, &Chunk) -> R + Sync,
        mut take: impl FnMut(R, &Bar<'_>),
    ) -> StreamEnd {
        let choosing = Choosing { wanted: IndexQuery::of(self.filter), ..Choosing::default() };
        let progress = Progress { choosing, stop: interrupted(), ..Progress::default() };
        let total: u64 = self.sources.iter().map(|source| source.bytes).sum();
        let bar = Bar::shown(self.terminal, self.progress || watched());
        let (mut exit, mut enough, mut damages) = (Exit::Done, false, Vec::new());
        let mut note = |told: Told| {
            exit = exit.max(told.exit);
            damages.extend(told.fact.filter(|_| damages.len() < DAMAGES_TOLD));
        };
        run_at(self.sources, (pace, &progress), start, work, |taken| match taken {
            Ok((_, result)) => {
                take(result, &bar);
                if self.filter.is_spent() {
                    enough = true;
                    progress.stop.store(true, Ordering::Relaxed);
                }
                bar.draw(progress.read.load(Ordering::Relaxed), total);
            }
            Err(damage) => {
                bar.end();
                note(self.tell(&damage));
            }
        });
        bar.end();
        let stopped = progress.stop.load(Ordering::Relaxed) && !enough;
        let passed = progress.choosing.passed.load(Ordering::Relaxed);
        if !stopped && exit == Exit::Done {
            if passed > 0 && self.filter.none_taken().is_some() {
                self.ask_all(pace);
            }
            let told = self.tell_none(progress.read.load(Ordering::Relaxed));
            exit = told.exit;
            damages.extend(told.fact);
        }
        StreamEnd { stopped, broken: exit, damages, passed }
    }

    /// Asks all records once more, also those that were passed over: what none of them has is said
    /// whatever form they have.
    fn ask_all(&self, pace: Pace) {
        self.filter.forget();
        let progress = Progress { stop: interrupted(), ..Progress::default() };
        let ask = |(): &mut (), chunk: &Chunk| {
            for (_, line) in chunk.lines() {
                if let Ok(Entry::Record(record)) = Entry::read(line.trim_ascii()) {
                    let _ = self.filter.takes(&record);
                }
            }
        };
        // What is damaged was told.
        run_at(self.sources, (pace, &progress), || (), ask, |_| {});
    }

    /// Says that there were no records, or that none was chosen; `read`: bytes that were read. What
    /// is named and no record has is a mistake.
    fn tell_none(&self, read: u64) -> Told {
        let nothing = Told { exit: Exit::Done, fact: None };
        if read == 0 && !self.sources.is_empty() {
            self.terminal.notice("  there are no records: nothing was read\n");
            return nothing;
        }
        let Some(NoneTaken { records, nowhere }) = self.filter.none_taken() else {
            return nothing;
        };
        if nowhere.is_empty() {
            self.terminal.notice(&format!("  0 of {} chosen\n", many(records, "record")));
            return nothing;
        }
        let fact = format!("none of {} has {}", many(records, "record"), nowhere.join(", "));
        let help = "leave the option out, or write what records say there";
        let finding = Diagnostic::without_place(Code::BadUsage, fact.clone()).help(help);
        Told { exit: alone(self.terminal, &finding), fact: Some(fact) }
    }

    /// One source.
    pub(super) fn one<'a>(
        terminal: &'a Terminal,
        source: &'a Source,
        (threads, filter): (Option<NonZero<usize>>, &'a Filter),
    ) -> Stream<'a> {
        let sources = std::slice::from_ref(source);
        Stream { terminal, sources, threads, filter, progress: false }
    }

    /// What a candidate changes in the first source, if it is a pack of which all records are asked
    /// for and the columns tell it; else its lines do.
    ///
    /// # Errors
    /// What is damaged, whose words are already written.
    pub(super) fn pack(&self, candidates: Candidates<'_>) -> Option<Result<Impact, Told>> {
        let file = self.sources.first()?.pack().filter(|_| self.filter.is_all())?;
        let progress = Progress { stop: interrupted(), ..Progress::default() };
        match impact(file, candidates, (self.threads(), &progress)) {
            Ok(Ok(told)) => Some(Ok(told)),
            Ok(Err(why)) => {
                let name = self.sources.first().map_or("", |source| source.name.as_str());
                self.terminal.notice(&format!("  `{name}` is taken line by line: {why}\n"));
                None
            }
            Err(error) => {
                let kind = DamageKind::Unreadable(error);
                Some(Err(self.tell(&Damage { source: 0, line: 1, kind })))
            }
        }
    }

    /// The records whose ids begin with `start`, and how the command ends because of what is
    /// damaged.
    pub(super) fn find(&self, start: &str) -> (Vec<FoundRecord>, Exit) {
        let wanted = IndexQuery { id: Some(start.to_owned()), ..IndexQuery::default() };
        let choosing = Choosing { wanted, ..Choosing::default() };
        let progress = Progress { choosing, ..Progress::default() };
        let mut exit = Exit::Done;
        let found = find(self.sources, (self.threads(), &progress), start, |damage| {
            exit = exit.max(self.tell(&damage).exit);
        });
        (found, exit)
    }

    /// Says what is damaged, and how the command ends because of it.
    fn tell(&self, damage: &Damage) -> Told {
        let name = self.sources.get(damage.source).map_or("", |source| source.name.as_str());
        let line = damage.line;
        let (code, fact) = match &damage.kind {
            DamageKind::Unreadable(error) => {
                let packed = unread_of(error);
                if let Some(Unread::Torn { frame, bytes }) = packed {
                    let bytes = many(*bytes, "byte");
                    self.terminal.notice(&format!(
                        "  `{name}` ends in a write that was cut: {bytes} from byte {frame} on \
                         are passed over, which nobody acknowledged\n"
                    ));
                    return Told { exit: Exit::Done, fact: None };
                }
                let why = match packed {
                    Some(packed) => packed.to_string(),
                    None if error.kind() == ErrorKind::UnexpectedEof => {
                        "it breaks off: the rest of the packed file is missing".to_owned()
                    }
                    None => reason(error),
                };
                let changed = matches!(packed, Some(Unread::Changed { .. }));
                let code = if changed { Code::BrokenChain } else { Code::Unreadable };
                (code, format!("`{name}` cannot be read on from line {line}: {why}"))
            }
            DamageKind::TooLong(bytes) => {
                let (bytes, most) = (grouped(*bytes), grouped(RECORD_BYTES_MAX as u64));
                let fact = format!("`{name}` line {line} has {bytes} bytes, and a record {most}");
                (Code::BadRecord, fact)
            }
        };
        let exit = alone(self.terminal, &Diagnostic::without_place(code, fact.clone()));
        let changed = match &damage.kind {
            DamageKind::Unreadable(error) => code == Code::BrokenChain || is_changed(error),
            DamageKind::TooLong(_) => false,
        };
        let exit = if changed { exit.max(Exit::Integrity) } else { exit };
        Told { exit, fact: Some(fact) }
    }
}

/// Whether a source was changed after it was made.
fn is_changed(error: &std::io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<PackError>());
    inner.is_some_and(PackError::is_integrity)
}
