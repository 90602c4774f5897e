//! `policyc eval`: one decision, and why.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args, ValueEnum};

use crate::base::limits::CONTEXT_BYTES_MAX;
use crate::base::span::Span;
use crate::cli::Command;
use crate::cli::clock::now;
use crate::cli::commands::explanation::ExplanationOptions;
use crate::cli::commands::{eval_session, facts};
use crate::cli::exit::Exit;
use crate::cli::record::{self, RecordFile};
use crate::cli::reporting::alone;
use crate::cli::root::options;
use crate::cli::secrets::Secrets;
use crate::cli::sources::{Sources, deciding_program, is_bundle, shown, unread};
use crate::cli::terminal::Terminal;
use crate::compiler::source::map::SourceMap;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::lang::decision::Effect;
use crate::runtime::program::Program;
use crate::runtime::program::withheld::RedactionRules;
use crate::runtime::record::read::Record;
use crate::runtime::record::seal::Keeper;
use crate::runtime::record::write::Recording;
use crate::runtime::session::event::Event;
use crate::runtime::vm::hosts::HostTable;
use crate::runtime::vm::report::{DecisionReport, ErrorReport};
use crate::runtime::vm::request::Moment;
use crate::runtime::vm::scratch::Scratch;
use crate::tools::decide::{
    Form, Line, Moments, context_lines, decide, decide_explained, decide_recorded, time_text,
    tool_of,
};
use crate::tools::inputs;
use crate::tools::locate::Locator;
use crate::tools::project::{read_bytes, read_to};
use crate::tools::replay::explain::Explanation;
use crate::tools::report::Report;
use crate::tools::report::context::locate_pointer;
use crate::tools::report::decision::{details, footer, headline, to_the_edge};
use crate::tools::report::full;
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::why::DecisionExplanation;
use crate::tools::report::why::source::draw;
use crate::tools::standalone::ContextDecider;

/// Most bytes of a file with one context a line.
const LINES_BYTES_MAX: usize = 1 << 30;
/// Most lines whose refusal is shown in place; of more the number is said.
const REFUSALS_SHOWN_MAX: usize = 20;

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "eval",
    group: "try",
    short: "decide one call, and tell why",
    about: "Decide about a context, and say why",
    usage: "BUNDLE|PATHS -c CONTEXT.json|-|--session EVENTS.jsonl [OPTIONS]",
    examples: &[
        ("policyc eval . -c call.json --explain", "why, on the source text"),
        ("policyc eval . -c call.json --explain --output html=why.html", "and as a page"),
        ("policyc eval p.plcb -c - --output-format json < call.json", "for programs"),
        ("policyc eval p.plcb -c calls.jsonl", "a line of JSON for each call"),
        ("policyc eval p.plcb -c call.binpb", "Protocol Buffers bytes"),
        ("policyc eval . --session events.jsonl", "the calls of an agent, one after the other"),
        ("policyc eval . -c call.json --facts f.jsonl", "with what functions of the host gave"),
        ("policyc eval p.plcb -c calls.jsonl --record calls.pdr.jsonl", "keep what was decided"),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    sources: Sources,
    /// The context: a JSON file, `-` for standard input; a line for each of several.
    #[arg(short, long, value_name = "FILE", required_unless_present = "session")]
    context: Option<PathBuf>,
    /// Events of an agent's session, a JSON object a line; `-` for standard input.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["context", "context_format", "now", "explain"]
    )]
    session: Option<PathBuf>,
    /// How the context is written: `proto` is the default for `.binpb` and `.pb`.
    #[arg(long, value_name = "json|proto", hide_possible_values = true)]
    context_format: Option<ContextFormat>,
    /// The time of the decision, as 2026-03-17T10:00:00Z; else the clock is asked.
    #[arg(long, value_name = "RFC3339")]
    now: Option<String>,
    /// Show the rules on their sources, with the value under each condition.
    #[arg(long)]
    explain: bool,
    /// Append each decision to FILE, as a record.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// What functions of the host gave: a line of JSON for each, as the event `fact` has it.
    #[arg(long, value_name = "FILE", conflicts_with = "session")]
    facts: Option<PathBuf>,
    /// End with 1 where the decision is a deny, or waits for a function of the host.
    #[arg(long)]
    fail_on_deny: bool,
    #[command(flatten)]
    telling: ExplanationOptions,
    #[command(flatten)]
    secrets: Secrets,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ContextFormat {
    Json,
    Proto,
}

impl Options {
    /// Whether they go together.
    ///
    /// # Errors
    /// How the command ends, its words already written.
    fn check(&self, terminal: &Terminal) -> Result<(), Exit> {
        let ExplanationOptions { output_format, output, tree, exhaustive } = &self.telling;
        let plain = ["full", "json"].contains(&output_format.name);
        if self.explain || plain && output.is_empty() && !tree && !exhaustive {
            return Ok(());
        }
        let (fact, help) = if self.session.is_some() {
            let help =
                "keep its records, `--record FILE`: `policyc replay explain` writes a call so";
            ("a session is written as full or json", help)
        } else {
            ("only explanations are written so", "add `--explain`")
        };
        let finding = Diagnostic::without_place(Code::BadUsage, fact.to_owned());
        Err(alone(terminal, &finding.help(help)))
    }

    /// The file of the context.
    fn path(&self) -> &Path {
        self.context.as_deref().unwrap_or(Path::new("-"))
    }

    /// Whether a bundle decides, not sources.
    fn is_of_bundle(&self) -> bool {
        matches!(self.sources.paths.as_slice(), [path] if path.is_file() && is_bundle(path))
    }

    /// How the context is written.
    fn form(&self) -> Form {
        match self.context_format {
            Some(ContextFormat::Json) => Form::Json,
            Some(ContextFormat::Proto) => Form::Proto,
            None => Form::of(self.path()),
        }
    }
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    let options: Options = match options(matches) {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    if let Err(exit) = options.check(terminal) {
        return exit;
    }
    let moments = match options.now.as_deref().map(Moments::parse) {
        None => {
            let (seconds, nanoseconds) = now();
            Moments { seconds, nanoseconds, given: false }
        }
        Some(Some(moments)) => moments,
        Some(None) => {
            let text = options.now.as_deref().unwrap_or_default();
            let found = format!("`{text}` is not a time");
            let finding = Diagnostic::without_place(Code::BadUsage, found)
                .help("write it as 2026-03-17T10:00:00Z");
            return alone(terminal, &finding);
        }
    };
    let program = match deciding_program(terminal, &options.sources) {
        Ok(program) => program,
        Err(exit) => return exit,
    };
    if let Some(path) = &options.session {
        return session(terminal, &options, &program, path).unwrap_or_else(|exit| exit);
    }
    let bytes = match context(options.path()) {
        Ok(bytes) => bytes,
        Err(error) => return unread(terminal, options.path(), &error),
    };
    let subject = ContextDecider::of(&program);
    if options.record.is_some() && subject.asks_sessions() {
        let fact = "this policy asks what happened before a call, and a context alone does not say";
        let finding = Diagnostic::without_place(Code::BadUsage, fact.to_owned());
        let help = "record the session: `--session EVENTS.jsonl`, in the stead of `-c`";
        return alone(terminal, &finding.help(help));
    }
    let facts = match options.facts.as_deref().map(|path| facts::read(terminal, &program, path)) {
        Some(Err(exit)) => return exit,
        Some(Ok(facts)) => Some(facts),
        None => None,
    };
    let mut records = match record_file(terminal, &options, &program) {
        Ok(records) => records,
        Err(exit) => return exit,
    };
    let given = EvalInputs { moments, facts: facts.as_ref() };
    let ended = decide_all(terminal, &options, &subject, &bytes, (given, &mut records));
    let kept = ended.and_then(|exit| records.map_or(Ok(()), RecordFile::finish).map(|()| exit));
    kept.unwrap_or_else(|finding| alone(terminal, &finding))
}

/// Decides about a session.
///
/// # Errors
/// How the command ends, its words already written.
fn session(
    terminal: &Terminal,
    options: &Options,
    program: &Program,
    path: &Path,
) -> Result<Exit, Exit> {
    let told = (options.telling.output_format.name == "json", options.fail_on_deny);
    let events = eval_session::events(path).map_err(|error| unread(terminal, path, &error))?;
    let records = record_file(terminal, options, program)?;
    let ended = eval_session::evaluate_session(terminal, program, (&events, records), told);
    ended.map_err(|finding| alone(terminal, &finding))
}

/// The file that decisions are recorded in, if they are.
///
/// # Errors
/// How the command ends, its words already written.
fn record_file(
    terminal: &Terminal,
    options: &Options,
    program: &Program,
) -> Result<Option<RecordFile>, Exit> {
    let Some(path) = &options.record else { return Ok(None) };
    let vault = options.secrets.open(terminal, &RedactionRules::of(program.module()))?;
    let opened = RecordFile::open(path, program, vault);
    opened.map(Some).map_err(|finding| alone(terminal, &finding))
}

/// What decisions go by beside contexts.
#[derive(Clone, Copy)]
struct EvalInputs<'f> {
    moments: Moments,
    /// What functions of the host gave.
    facts: Option<&'f HostTable>,
}

impl<'f> EvalInputs<'f> {
    const fn moment(self) -> Moment<'f> {
        self.moments.with(self.facts)
    }
}

/// Where a decision cannot be recorded it is not shown either.
type RecordResult<T> = Result<T, Box<Diagnostic>>;

/// Decisions are shown in pieces of about this many bytes, once they are recorded.
const TOLD_BYTES: usize = 1 << 16;

/// Hands to the file what was decided, so that it may be shown.
fn flush(records: &mut Option<RecordFile>) -> RecordResult<()> {
    records.as_mut().map_or(Ok(()), RecordFile::flush)
}

/// Decides about every context of the file.
fn decide_all(
    terminal: &Terminal,
    options: &Options,
    subject: &ContextDecider<'_>,
    bytes: &[u8],
    (given, records): (EvalInputs<'_>, &mut Option<RecordFile>),
) -> RecordResult<Exit> {
    let mut scratch = Scratch::for_program(subject.program);
    let locator = Locator::new(subject.program);
    if let Some(note) = taken_for_contexts(bytes) {
        terminal.notice(&format!("  {note}\n"));
    }
    let lines = context_lines(options.path(), bytes);
    match lines.filter(|_| options.form() == Form::Json) {
        Some(lines) => {
            let (mut refused, mut told) = (0, String::new());
            let ends = lines.into_iter().map(|line| {
                let context = (Form::Json, line.bytes);
                let mut report = decided(subject, &mut scratch, context, (given, &mut *records))?;
                locator.locate(&mut report);
                told.push_str(&report.to_json());
                told.push('\n');
                if told.len() >= TOLD_BYTES {
                    flush(records)?;
                    terminal.result(&std::mem::take(&mut told));
                }
                let exit = exit_of_decision(options, &report);
                let Some(refusal) = refusal(context, &report) else { return Ok(exit) };
                refused += 1;
                if refused <= REFUSALS_SHOWN_MAX {
                    refusal.show(terminal, options.path(), bytes, line);
                }
                Ok(exit.max(refusal.exit()))
            });
            let end = ends.collect::<RecordResult<Vec<Exit>>>()?.into_iter().max();
            flush(records)?;
            terminal.result(&told);
            if refused > REFUSALS_SHOWN_MAX {
                let more = refused - REFUSALS_SHOWN_MAX;
                terminal.notice(&format!("  {more} more contexts were refused\n"));
            }
            Ok(end.unwrap_or(Exit::Done))
        }
        None => one(terminal, options, subject, (&mut scratch, bytes), (given, records)),
    }
}

/// What `bytes` are where their first line is no context but something that has a command of its
/// own. It is decided about all the same: a policy may be about such objects.
fn taken_for_contexts(bytes: &[u8]) -> Option<&'static str> {
    let first = bytes.trim_ascii_start().split(|byte| *byte == b'\n').next()?.trim_ascii_end();
    if Record::read(first).is_ok() {
        return Some(
            "these are records, taken as contexts; `policyc replay explain` reads records",
        );
    }
    Event::read(first)
        .is_ok()
        .then_some("these are events, taken as contexts; `--session FILE` reads events")
}

/// One decision, which is recorded where that is asked for.
fn decided(
    subject: &ContextDecider<'_>,
    scratch: &mut Scratch,
    context: (Form, &[u8]),
    (given, records): (EvalInputs<'_>, &mut Option<RecordFile>),
) -> RecordResult<DecisionReport> {
    let Some(records) = records else {
        return Ok(decide(subject, scratch, context, &given.moment()));
    };
    let mut written = Vec::new();
    let RecordFile { recorder, vault, .. } = records;
    let line = |recording: &mut Recording<'_, '_>| {
        let keeper = vault.as_mut().map(|vault| &mut vault.writer as &mut dyn Keeper);
        written.extend_from_slice(record::line(recording, keeper));
    };
    let recorder = (recorder, line);
    let report = decide_recorded(subject.program, scratch, context, &given.moment(), recorder);
    records.append(&written)?;
    Ok(report)
}

/// One decision about one context.
fn one(
    terminal: &Terminal,
    options: &Options,
    subject: &ContextDecider<'_>,
    (scratch, bytes): (&mut Scratch, &[u8]),
    (given, records): (EvalInputs<'_>, &mut Option<RecordFile>),
) -> RecordResult<Exit> {
    let style = terminal.style;
    let context = (options.form(), bytes);
    let mut report = decided(subject, scratch, context, (given, &mut *records))?;
    flush(records)?;
    let mut why = None;
    if options.explain {
        let name = shown(options.path());
        let context = (name.as_str(), options.form(), bytes);
        let told;
        (report, told) = decide_explained(
            subject,
            scratch,
            context,
            &given.moment(),
            options.telling.exhaustive,
        );
        why = Some(Box::new(told));
    }
    Locator::new(subject.program).locate(&mut report);
    let mut exit = exit_of_decision(options, &report);
    if let Some(refusal) = refusal((options.form(), bytes), &report) {
        refusal.show(terminal, options.path(), bytes, Line { number: 1, indent: 0, bytes });
        exit = exit.max(refusal.exit());
    }
    if let Some(why) = why {
        let explained = Explanation::Decided { report: Box::new(report), exact: None, why };
        return Ok(exit.max(explain(
            terminal,
            options,
            (subject.program, &explained),
            (bytes, given.moments, exit),
        )));
    }
    if options.telling.output_format.name == "json" {
        terminal.result(&format!("{}\n", report.to_json()));
        return Ok(exit);
    }
    let shown = (bytes, given.moments, exit, options.is_of_bundle());
    terminal.result(&drawn(&report, None, shown, style));
    Ok(exit)
}

/// Tells a decision and why it is so, and says how the command ends because of files.
fn explain(
    terminal: &Terminal,
    options: &Options,
    (program, explained): (&Program, &Explanation),
    (bytes, moments, exit): (&[u8], Moments, Exit),
) -> Exit {
    let shown = (bytes, moments, exit, options.is_of_bundle());
    let context = serde_json::from_slice(bytes).unwrap_or_default();
    let mut told = DecisionExplanation::of(&context, &time_text(moments), program, explained);
    told.tree = options.telling.tree;
    match explained {
        Explanation::Decided { report, why, .. }
            if options.telling.output_format.name == "full" =>
        {
            let why = draw(why, None, options.telling.tree, terminal.style);
            terminal.result(&drawn(report, Some(&why), shown, terminal.style));
            options.telling.files(terminal, &told)
        }
        Explanation::Decided { .. } | Explanation::Withheld { .. } => {
            options.telling.write(terminal, told)
        }
    }
}

/// A decision for people; `why` where it is explained.
fn drawn(
    report: &DecisionReport,
    why: Option<&str>,
    (bytes, moments, exit, of_bundle): (&[u8], Moments, Exit, bool),
    style: Style,
) -> String {
    let mut text = headline(report, tool_of(bytes).as_deref(), style);
    text.push_str(why.unwrap_or_default());
    text.push_str(&details(report, why.is_none(), style));
    let now = if moments.given { "as given".to_owned() } else { time_text(moments) };
    let mut foot = footer(report, &now);
    if report.unsigned && of_bundle {
        foot = foot.replacen("· bundle ", "· unsigned ", 1);
    }
    let foot = to_the_edge(&foot, &format!("exit {}", exit.code()), style);
    text.push_str(&style.paint(Paint::Frame, &foot));
    text.push('\n');
    text
}

fn exit_of_decision(options: &Options, report: &DecisionReport) -> Exit {
    let denied = report.effect == Some(Effect::Deny) || !report.pending.is_empty();
    let denied = denied && options.fail_on_deny;
    if denied { Exit::Findings } else { Exit::Done }
}

/// Why a context was refused, and where.
struct Refusal<'a> {
    error: &'a ErrorReport,
    /// Byte of the context; `None` where something is missing.
    offset: Option<usize>,
    /// Whether it is no JSON object, and no message, at all.
    unreadable: bool,
    form: Form,
}

/// Why `context` was refused, if it was.
fn refusal<'a>((form, context): (Form, &[u8]), report: &'a DecisionReport) -> Option<Refusal<'a>> {
    let error = report.errors.iter().find(|error| error.rule.is_none())?;
    let object = || serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(context);
    let unreadable = error.unreadable || (form == Form::Json && object().is_err());
    // What turns out to be wrong when rules are asked is known by its path.
    let named = || locate_pointer(context, error.at.as_deref()?);
    let offset = error.offset.or_else(|| if form == Form::Json { named() } else { None });
    Some(Refusal { error, offset, unreadable, form })
}

impl Refusal<'_> {
    /// The deny is how the command ends; but where there is no context it could not run.
    const fn exit(&self) -> Exit {
        if self.unreadable { Exit::CouldNotRun } else { Exit::Done }
    }

    /// Says which byte of the file at `path` is wrong: there is no text to draw.
    fn say(&self, terminal: &Terminal, path: &Path) {
        let place = self.offset.map_or(String::new(), |at| format!(" at byte {at}"));
        let fact = format!("`{}` was refused{place}: {}", shown(path), self.error.message);
        let code = if self.unreadable { Code::BadContext } else { Code::Input };
        let findings = [Diagnostic::without_place(code, fact)];
        let files = SourceMap::new();
        let report = Report {
            files: &files,
            prefix: "",
            findings: &findings,
            dropped: 0,
            cases: None,
            command: "policyc",
        };
        terminal.error(&full::draw(&report, terminal.notice_style));
    }

    /// Draws the place in `bytes`, the file at `path`, of which `context` is a line or the whole.
    fn show(&self, terminal: &Terminal, path: &Path, bytes: &[u8], context: Line<'_>) {
        let Self { error, offset, unreadable, form } = self;
        if *form == Form::Proto {
            self.say(terminal, path);
            return;
        }
        if offset.is_none() && !unreadable {
            return; // Something is missing: there is no place to show.
        }
        // Bytes that are no text are replaced, so lines are counted in what is shown.
        let text = String::from_utf8_lossy(bytes);
        let breaks = context.number.checked_sub(2);
        let before = breaks.and_then(|nth| text.match_indices('\n').nth(nth));
        let start = before.map_or(0, |(at, _)| at + 1) + context.indent;
        let start = u32::try_from(start + offset.unwrap_or(0)).unwrap_or(u32::MAX);
        let mut files = SourceMap::new();
        let file = files.add(shown(path), text);
        let at = Span::new(file, start, start.saturating_add(1));
        let (code, message) = if *unreadable {
            let fact = "this context is not a JSON object that can be decided about";
            (Code::BadContext, fact.to_owned())
        } else {
            let place = error.at.as_deref().filter(|at| !at.is_empty());
            let place = place.map_or(String::new(), |at| format!(" at `{at}`"));
            (Code::Input, format!("this context was refused{place}"))
        };
        let findings = [Diagnostic::new(code, at, message, error.message.clone())];
        let report = Report {
            files: &files,
            prefix: "",
            findings: &findings,
            dropped: 0,
            cases: None,
            command: "policyc",
        };
        terminal.error(&full::draw(&report, terminal.notice_style));
    }
}

/// The bytes of the context. Of one that is too large no more is read than shows it: the runtime
/// refuses it in its own words.
fn context(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        read_to(&mut io::stdin().lock(), LINES_BYTES_MAX, &mut bytes)?;
        return Ok(bytes);
    }
    if path.extension().is_some_and(|ending| ending == "jsonl" || ending == "ndjson") {
        return read_bytes(path, LINES_BYTES_MAX);
    }
    let enough = u64::try_from(CONTEXT_BYTES_MAX + 1).unwrap_or(u64::MAX);
    inputs::note(path);
    File::open(path)?.take(enough).read_to_end(&mut bytes)?;
    Ok(bytes)
}
