//! `policyc eval`: one decision, and why.

use std::io;
use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args, ValueEnum};

use crate::base::limits::{BUNDLE_BYTES_MAX, CONTEXT_BYTES_MAX};
use crate::base::span::Span;
use crate::cli::Command;
use crate::cli::clock::now;
use crate::cli::exit::Exit;
use crate::cli::reporting::{Conclusion, Reporting, alone, conclude, refused};
use crate::cli::root::options;
use crate::cli::sources::{Sources, exit_of_project, is_bundle, needs_a_bundle, shown};
use crate::cli::terminal::Terminal;
use crate::compiler::source::map::SourceMap;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::lang::decision::Effect;
use crate::runtime::program::Program;
use crate::runtime::vm::report::DecisionReport;
use crate::runtime::vm::scratch::Scratch;
use crate::tools::decide::{Moments, context_lines, decide, decide_explained, time_text, tool_of};
use crate::tools::locate::Locator;
use crate::tools::pipeline;
use crate::tools::project::{read_bytes, read_to, unreadable};
use crate::tools::report::decision::{details, footer, headline, to_the_edge};
use crate::tools::report::paint::Paint;

/// Most bytes of a file with one context a line.
const LINES_BYTES_MAX: usize = 1 << 30;

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "eval",
    group: "try",
    short: "one decision and why",
    about: "Decide about a context, and say why",
    usage: "BUNDLE|PATHS -c CONTEXT.json|- [OPTIONS]",
    examples: &[
        ("policyc eval . -c call.json --explain", "why, on the source text"),
        ("policyc eval p.plcb -c - --output-format json < call.json", "for programs"),
        ("policyc eval p.plcb -c calls.jsonl", "a line of JSON for each call"),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    sources: Sources,
    /// The context: a JSON file, `-` for standard input; a line for each of several.
    #[arg(short, long, value_name = "FILE")]
    context: PathBuf,
    /// The time of the decision, as 2026-03-17T10:00:00Z; else the clock is asked.
    #[arg(long, value_name = "RFC3339")]
    now: Option<String>,
    /// Show the rules on their sources, with the value under each condition.
    #[arg(long)]
    explain: bool,
    /// End with 1 where the decision is a deny.
    #[arg(long)]
    fail_on_deny: bool,
    /// How the decision is written: for people, or as one line of JSON.
    #[arg(long, value_name = "full|json", default_value = "full", hide_possible_values = true)]
    output_format: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shape {
    Full,
    Json,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    let options: Options = match options(matches) {
        Ok(options) => options,
        Err(exit) => return exit,
    };
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
    let program = match program(terminal, &options) {
        Ok(program) => program,
        Err(exit) => return exit,
    };
    let bytes = match context(&options.context) {
        Ok(bytes) => bytes,
        Err(error) => {
            let found = unreadable(&shown(&options.context), &error);
            let exit = alone(terminal, &found);
            return if error.kind() == io::ErrorKind::NotFound { Exit::Missing } else { exit };
        }
    };
    let mut scratch = Scratch::for_program(&program);
    let locator = Locator::new(&program);
    match context_lines(&options.context, &bytes) {
        Some(lines) => {
            let ends = lines.into_iter().map(|line| {
                let mut report = decide(&program, &mut scratch, line, moments);
                locator.locate(&mut report);
                terminal.result(&format!("{}\n", report.to_json()));
                exit_of_decision(&options, &report)
            });
            ends.max().unwrap_or(Exit::Done)
        }
        None => one(terminal, &options, &program, &mut scratch, &bytes, moments),
    }
}

/// One decision about one context.
fn one(
    terminal: &Terminal,
    options: &Options,
    program: &Program,
    scratch: &mut Scratch,
    bytes: &[u8],
    moments: Moments,
) -> Exit {
    let style = terminal.style;
    let (mut report, why) = if options.explain {
        decide_explained(program, scratch, bytes, moments, style)
    } else {
        (decide(program, scratch, bytes, moments), String::new())
    };
    Locator::new(program).locate(&mut report);
    let exit = exit_of_decision(options, &report).max(unusable(terminal, options, bytes, &report));
    if options.output_format == Shape::Json {
        terminal.result(&format!("{}\n", report.to_json()));
        return exit;
    }
    let mut text = headline(&report, tool_of(bytes).as_deref(), style);
    text.push_str(&why);
    text.push_str(&details(&report, style));
    let now = if moments.given { "as given".to_owned() } else { time_text(moments) };
    let foot = footer(&report, &now);
    let foot = to_the_edge(&foot, &format!("exit {}", exit.code()), style);
    text.push_str(&style.paint(Paint::Frame, &foot));
    text.push('\n');
    terminal.result(&text);
    exit
}

fn exit_of_decision(options: &Options, report: &DecisionReport) -> Exit {
    let denied = report.effect == Some(Effect::Deny) && options.fail_on_deny;
    if denied { Exit::Findings } else { Exit::Done }
}

/// `P0903` where the context is no JSON object: its deny is printed all the same.
fn unusable(terminal: &Terminal, options: &Options, bytes: &[u8], report: &DecisionReport) -> Exit {
    if serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(bytes).is_ok() {
        return Exit::Done;
    }
    let Some(error) = report.errors.iter().find(|error| error.rule.is_none()) else {
        return Exit::Done;
    };
    let mut files = SourceMap::new();
    let file = files.add(shown(&options.context), String::from_utf8_lossy(bytes));
    let at = u32::try_from(error.offset.unwrap_or(0)).unwrap_or(u32::MAX);
    let message = "this context is not a JSON object that can be decided about";
    let at = Span::new(file, at, at.saturating_add(1));
    let finding = Diagnostic::new(Code::BadContext, at, message, error.message.clone());
    let report = crate::tools::report::Report {
        files: &files,
        prefix: "",
        findings: &[finding],
        dropped: 0,
    };
    terminal.error(&crate::tools::report::full::draw(&report, terminal.notice_style));
    Exit::CouldNotRun
}

/// The program of a bundle, or of sources that are compiled first.
fn program(terminal: &Terminal, options: &Options) -> Result<Program, Exit> {
    if let [path] = options.sources.paths.as_slice()
        && path.is_file()
        && let Ok(bytes) = read_bytes(path, BUNDLE_BYTES_MAX + 1)
        && is_bundle(path, &bytes)
    {
        let loaded = pipeline::load(&bytes, &shown(path));
        return loaded.map_err(|found| refused(terminal, &found));
    }
    let project = options.sources.project();
    let (project, mut sink) = project.map_err(|found| alone(terminal, &found))?;
    let compiled = if sink.has_errors() {
        None
    } else {
        pipeline::compile(&project.files, &project.settings, &mut sink)
    };
    let Some(compiled) = compiled else {
        let conclusion = Conclusion {
            files: &project.files,
            prefix: &project.prefix,
            body: String::new(),
            parts: Vec::new(),
            at_least: exit_of_project(project.missing),
        };
        let exit = conclude(terminal, &Reporting::default(), sink, &conclusion);
        return Err(needs_a_bundle(exit));
    };
    pipeline::load_own(&compiled).map_err(|found| alone(terminal, &found))
}

/// The bytes of the context. One that is too large is read up to a point all the same: the
/// runtime refuses it in its own words.
fn context(path: &Path) -> io::Result<Vec<u8>> {
    let lines = path.extension().is_some_and(|ending| ending == "jsonl" || ending == "ndjson");
    let max = if lines { LINES_BYTES_MAX } else { 64 * CONTEXT_BYTES_MAX };
    if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        read_to(&mut io::stdin().lock(), LINES_BYTES_MAX, &mut bytes)?;
        return Ok(bytes);
    }
    read_bytes(path, max)
}
