//! Findings to the user: the formats, the bar they are measured by, the summary below them.

use std::path::PathBuf;

use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;
use crate::cli::write::{step_summary, write};
use crate::compiler::source::map::SourceMap;
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Severity};
use crate::diag::sink::Sink;
use crate::tools::pipeline::LoadRefusal;
use crate::tools::report::findings::markdown;
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::{Format, NamedFormat, Report, TestCase, full, tally};

/// Options of every command that reports findings.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Findings")]
pub struct Reporting {
    /// How findings are written: full, concise, grouped, json, json-lines, github, gitlab, sarif,
    /// junit, rdjson, markdown or narrated.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "full",
        value_parser = format_named::<Format>,
    )]
    pub output_format: Format,
    /// Write the findings to a file as well; may be given more than once.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = output_named::<Format>)]
    pub output: Vec<(Format, PathBuf)>,
    /// End with 0 where findings alone would make it 1.
    #[arg(long)]
    pub exit_zero: bool,
}

impl Default for Reporting {
    /// For people, and nothing else.
    fn default() -> Self {
        let draw = full::draw;
        let output_format = Format { name: "full", about: "for people", draw, for_people: true };
        Self { output_format, output: Vec::new(), exit_zero: false }
    }
}

/// How a result is written that has these two forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Shape {
    /// For people.
    Full,
    /// As one JSON document.
    Json,
}

/// The format with this name.
///
/// # Errors
/// In words for the terminal: which formats there are.
pub fn format_named<F: NamedFormat>(name: &str) -> Result<F, String> {
    F::ALL.iter().find(|format| format.name() == name).copied().ok_or_else(|| {
        let names: Vec<&str> = F::ALL.iter().map(NamedFormat::name).collect();
        format!("the formats are {}", names.join(", "))
    })
}

/// `FORMAT=FILE`.
///
/// # Errors
/// In words for the terminal.
pub fn output_named<F: NamedFormat>(text: &str) -> Result<(F, PathBuf), String> {
    let (name, path) = text.split_once('=').ok_or("write it as FORMAT=FILE")?;
    Ok((format_named(name)?, PathBuf::from(path)))
}

/// What a command worked on, and what it found out beside the findings.
#[derive(Clone, Debug)]
pub struct Conclusion<'a> {
    /// The files.
    pub files: &'a SourceMap,
    /// What stands before their logical paths.
    pub prefix: &'a str,
    /// What the command has to tell: it stands below the findings, so that it is read first.
    pub body: String,
    /// For the line below all: parts such as `6 policies, 30 rules`.
    pub parts: Vec<String>,
    /// The tests that were run, where that is what the command does.
    pub cases: Option<Vec<TestCase>>,
    /// How the command ends at least.
    pub at_least: Exit,
    /// Whether a bundle was needed: where the sources give none, the command could not run.
    pub needs_bundle: bool,
    /// The command: `policyc check`.
    pub command: &'static str,
}

impl<'a> Conclusion<'a> {
    /// One that tells findings alone.
    #[must_use]
    pub const fn of(files: &'a SourceMap, prefix: &'a str, at_least: Exit) -> Self {
        let body = String::new();
        let parts = Vec::new();
        let (cases, needs_bundle) = (None, false);
        Self { files, prefix, body, parts, cases, at_least, needs_bundle, command: "policyc" }
    }
}

/// Writes everything that the sink holds, and says how the command ends because of it.
#[must_use]
pub fn conclude(
    terminal: &Terminal,
    options: &Reporting,
    sink: Sink,
    conclusion: &Conclusion<'_>,
) -> Exit {
    let Conclusion { files, prefix, body, parts, cases, at_least, needs_bundle, command } =
        conclusion;
    let (findings, dropped) = sink.finish();
    let cases = cases.as_deref();
    let report = Report { files, prefix, findings: &findings, dropped, cases, command };
    let mut exit = findings.iter().map(exit_of).max().unwrap_or(Exit::Done).max(*at_least);
    terminal.result(&(options.output_format.draw)(&report, terminal.style));
    let gap = if findings.is_empty() || body.is_empty() { "" } else { "\n" };
    terminal.result(&format!("{gap}{body}"));
    for (format, path) in &options.output {
        let text = (format.draw)(&report, Style::PLAIN);
        if let Err(finding) = write(path, text.as_bytes()) {
            exit = exit.max(alone(terminal, &finding));
        }
    }
    let chosen = options.output.iter().map(|(format, _)| format.name);
    let chosen = chosen.chain([options.output_format.name]);
    if let Err(finding) = step_summary(chosen, || markdown::draw(&report, Style::PLAIN)) {
        exit = exit.max(alone(terminal, &finding));
    }
    if exit == Exit::Findings && *needs_bundle {
        exit = Exit::CouldNotRun;
    }
    if exit == Exit::Findings && options.exit_zero {
        exit = Exit::Done;
    }
    if options.output_format.for_people {
        summarize(terminal, &report, parts, exit);
    }
    exit
}

/// The tally and the next step.
fn summarize(terminal: &Terminal, report: &Report<'_>, parts: &[String], exit: Exit) {
    if report.findings.is_empty() && parts.is_empty() {
        return;
    }
    let parts: Vec<String> = [tally(report)].into_iter().chain(parts.iter().cloned()).collect();
    let gap = if report.findings.is_empty() { "" } else { "\n" };
    let mut text = format!("{gap}  {}\n", parts.join(" · "));
    let worst = report.findings.iter().find(|finding| finding.severity == Severity::Error);
    if let Some(finding) = worst {
        let next = format!("policyc explain {}", finding.code.id());
        text.push_str(&next_line(terminal, &next, exit));
    }
    terminal.notice(&text);
}

/// `  next  policyc explain E0302            exit 1`.
#[must_use]
pub fn next_line(terminal: &Terminal, next: &str, exit: Exit) -> String {
    let style = terminal.notice_style;
    let left = format!("  next  {next}");
    let right = format!("exit {}", exit.code());
    let gap = style.width.saturating_sub(left.chars().count() + right.chars().count()).max(2);
    format!(
        "  {}  {next}{}{}\n",
        style.paint(Paint::Help, "next"),
        " ".repeat(gap),
        style.paint(Paint::Frame, &right)
    )
}

/// Writes one finding about no source to standard error, and says how the command ends.
#[must_use]
pub fn alone(terminal: &Terminal, finding: &Diagnostic) -> Exit {
    let files = SourceMap::new();
    let findings = std::slice::from_ref(finding);
    let report =
        Report { files: &files, prefix: "", findings, dropped: 0, cases: None, command: "policyc" };
    terminal.error(&full::draw(&report, terminal.notice_style));
    exit_of(finding)
}

/// Writes why a bundle was not loaded, and says how the command ends.
#[must_use]
pub fn refused(terminal: &Terminal, refused: &LoadRefusal) -> Exit {
    let exit = alone(terminal, &refused.finding);
    if refused.integrity { exit.max(Exit::Integrity) } else { exit }
}

/// How a command ends that reports this.
#[must_use]
pub fn exit_of(finding: &Diagnostic) -> Exit {
    let of_a_source = finding.primary.is_some();
    match finding.severity {
        Severity::Note | Severity::Warning => Exit::Done,
        Severity::Error if finding.code == Code::BadConfiguration => Exit::CouldNotRun,
        Severity::Error if of_a_source => Exit::Findings,
        Severity::Error if could_not_run(finding.code) => Exit::CouldNotRun,
        Severity::Error => Exit::Findings,
    }
}

/// Whether a code says that a command had nothing to work on.
fn could_not_run(code: Code) -> bool {
    // These say what is wrong with records that were read.
    let about_records = [Code::UnlikeSchema, Code::UnlikeBundle, Code::OutOfOrder];
    matches!(code.id().get(..1), Some("P" | "R")) && !about_records.contains(&code)
}
