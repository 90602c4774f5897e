//! `policyc bench`: what real decisions cost, and whether they cost more than before.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::{ArgMatches, Args};

use crate::cli::Command;
use crate::cli::clock::Stopwatch;
use crate::cli::exit::Exit;
use crate::cli::interrupt::interrupted;
use crate::cli::progress::Progress;
use crate::cli::reporting::{alone, format_named, next_line, output_named};
use crate::cli::root::options;
use crate::cli::sources::{Sources, compiled, is_bundle, load_bundle, rejected, shown, unread};
use crate::cli::terminal::Terminal;
use crate::cli::watch::watched;
use crate::cli::write::{replace, step_summary, write};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::runtime::program::Program;
use crate::tools::bench::budget::{BudgetResult, judge};
use crate::tools::bench::choose::Choice;
use crate::tools::bench::compare::{Comparison, Source, Threshold, compare};
use crate::tools::bench::contexts::{self, Workload};
use crate::tools::bench::document::Document;
use crate::tools::bench::draw::{ComparisonView, Drawing, Format, PolicyDetails, markdown};
use crate::tools::bench::error::BenchError;
use crate::tools::bench::measure::{Effort, Watch};
use crate::tools::bench::subject::{Extent, Figures, Task, gauge, reads_time};
use crate::tools::bench::{cases, findings, records};
use crate::tools::decide::Moments;
use crate::tools::project::config::nanoseconds;
use crate::tools::project::{Project, read_bytes};
use crate::tools::report::paint::Style;
use crate::tools::report::visible::{visible, wrap};
use crate::tools::report::{Report, counted};
use crate::tools::revision::{self, RevisionError};
use crate::tools::suite::NOW;

/// Most bytes of a file of contexts, of records, or of a baseline.
const INPUT_BYTES_MAX: usize = 1 << 30;

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "bench",
    group: "try",
    short: "measure how long decisions take",
    about: "Measure real decisions, and compare with what they took before",
    usage: "[BUNDLE|PATHS] [OPTIONS]",
    examples: &[
        ("policyc bench", "the contexts of the tests beside the policies"),
        ("policyc bench p.plcb --contexts calls.jsonl", "real calls, one a line"),
        ("policyc bench --save base.json", "keep what came of it"),
        ("policyc bench --compare base.json", "for CI: end with 1 if decisions take more"),
        ("policyc bench --base main", "both on this machine, in turn"),
        ("policyc bench --counters", "no clock: the same numbers everywhere"),
        ("policyc bench --rule two-person", "what goes to one rule"),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    effort: EffortOptions,
    #[command(flatten)]
    comparing: BaselineOptions,
    #[command(flatten)]
    results: ResultOptions,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Contexts")]
struct Input {
    /// Contexts: a JSON object a line, an array of them, or one; else the cases of the tests.
    #[arg(long, value_name = "FILE")]
    contexts: Option<PathBuf>,
    /// Recorded decisions: each context counts as often as it occurs.
    #[arg(long, value_name = "FILE", conflicts_with = "contexts")]
    from_log: Option<PathBuf>,
    /// Only decisions that ask this rule, output or variable, and what goes to it.
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
    /// Only decisions about this tool.
    #[arg(long, value_name = "NAME")]
    tool: Option<String>,
    /// The time of decisions about `--contexts`.
    #[arg(long, value_name = "RFC3339", default_value = NOW, value_parser = moments)]
    now: Moments,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Measuring")]
struct EffortOptions {
    /// Passes over all contexts; else as many as fit two seconds.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    iterations: Option<u64>,
    /// Passes before them [default: 3].
    #[arg(long, value_name = "N")]
    warmup: Option<u64>,
    /// Threads that decide at a time; several numbers with commas.
    #[arg(long, value_name = "N,..", value_delimiter = ',', default_value = "1",
        value_parser = clap::value_parser!(u16).range(1..=1024))]
    concurrency: Vec<u16>,
    /// Weigh what a loaded bundle and a scratch hold.
    #[arg(long)]
    memory: bool,
    /// Count only: no clock, the same numbers on every machine.
    #[arg(long, conflicts_with_all = ["iterations", "warmup"])]
    counters: bool,
    /// Again after every change of a file, until Ctrl-C.
    #[arg(long)]
    watch: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Comparing")]
struct BaselineOptions {
    /// Keep the result as a baseline.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Compare with a baseline.
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Compare with a revision of the project in git, or with a bundle: both are measured in turn.
    #[arg(long, value_name = "REV|BUNDLE", conflicts_with = "compare")]
    base: Option<String>,
    /// By how much a number may grow.
    #[arg(long, value_name = "PERCENT", default_value = "10%", value_parser = percent)]
    threshold: f64,
    /// By how much a time must grow as well.
    #[arg(long, value_name = "TIME", default_value = "10ns", value_parser = time)]
    min_threshold: f64,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Results")]
struct ResultOptions {
    /// How they are written: full, json, gobench, junit, github or markdown.
    #[arg(long, value_name = "FORMAT", default_value = "full",
        value_parser = format_named::<Format>)]
    output_format: Format,
    /// Write them to a file as well; may be given more than once.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = output_named::<Format>)]
    output: Vec<(Format, PathBuf)>,
    /// End with 0 where regressions alone would make it 1.
    #[arg(long)]
    exit_zero: bool,
}

fn moments(text: &str) -> Result<Moments, String> {
    Moments::parse(text).ok_or_else(|| "write it as 2026-03-17T10:00:00Z".to_owned())
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim();
    let number: Option<f64> = number.parse().ok();
    let number = number.filter(|number| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| "write it as 10%".to_owned())
}

fn time(text: &str) -> Result<f64, String> {
    nanoseconds(text).ok_or_else(|| "write it as 10ns or 1.5us".to_owned())
}

/// A bundle that is measured.
struct Subject {
    program: Program,
    bundle: Vec<u8>,
    /// What it is made of; `None` for a bundle that was named.
    project: Option<Project>,
    base: Option<Program>,
    workload: Workload,
}

impl Subject {
    fn about(&self) -> PolicyDetails<'_> {
        let prefix = self.project.as_ref().map_or("", |project| project.prefix.as_str());
        PolicyDetails { origin: &self.workload.origin, prefix }
    }
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    let options: Options = match options(matches) {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    let stop = interrupted();
    let once = || measured(terminal, &options, &stop).unwrap_or_else(|exit| exit);
    if !options.effort.watch {
        return once();
    }
    let files = [&options.input.contexts, &options.input.from_log, &options.comparing.compare];
    let files = files.into_iter().flatten().map(PathBuf::as_path);
    let paths: Vec<&Path> =
        options.sources.paths.iter().map(PathBuf::as_path).chain(files).collect();
    let reports: Vec<&Path> =
        options.results.output.iter().map(|(_, path)| path.as_path()).collect();
    watched(terminal, &paths, &reports, &stop, once)
}

/// Loads, measures, compares, draws.
///
/// # Errors
/// How the command ends, its words already written.
fn measured(terminal: &Terminal, options: &Options, stop: &AtomicBool) -> Result<Exit, Exit> {
    let watch = Stopwatch::start();
    let failed = |error: BenchError| alone(terminal, &error.diagnostic());
    // A file that cannot be read is found before anything is measured.
    let baseline = match &options.comparing.compare {
        None => None,
        Some(path) => Some(Baseline::read(terminal, path)?),
    };
    if let Some(path) = &options.comparing.save {
        spare(terminal, path)?;
    }
    let found = subjects(terminal, options)?;
    let progress = Progress::new(terminal);
    let (mut subjects, mut gauged): (Vec<&Subject>, Vec<Figures>) = (Vec::new(), Vec::new());
    let mut absent = None;
    for (at, subject) in (0..).zip(&found) {
        let all = found.len() as u64;
        let tell = |done: u64, total: u64| progress.draw(at * total + done, all * total);
        let task = Task {
            program: &subject.program,
            bundle: &subject.bundle,
            base: subject.base.as_ref(),
            workload: &subject.workload,
        };
        let result = gauge(&task, &wanted(options), Watch { stop, progress: &tell });
        progress.end();
        match result {
            Ok(mut result) => {
                let prefix = subject.project.as_ref().map(|it| it.prefix.trim_end_matches('/'));
                prefix.unwrap_or_default().clone_into(&mut result.own.project);
                subjects.push(subject);
                gauged.push(result);
            }
            // Of several projects those are left out that know nothing of what was chosen.
            Err(error) if error.is_of_choice() => absent = Some(error),
            Err(error) => return Err(failed(error)),
        }
    }
    if let Some(error) = absent.filter(|_| gauged.is_empty()) {
        return Err(failed(error));
    }
    for gauged in &gauged {
        let name =
            if subjects.len() > 1 { format!("{}: ", gauged.own.name) } else { String::new() };
        for note in &gauged.notes {
            let width = terminal.notice_style.width.saturating_sub(2);
            for line in wrap(&visible(&format!("{name}{note}")), width) {
                terminal.notice(&format!("  {line}\n"));
            }
        }
    }
    let policies = gauged.iter().map(|gauged| gauged.own.clone()).collect();
    let document = Document::here(policies);
    let comparison = compared(options, &gauged, &document, baseline.as_ref()).map_err(failed)?;
    Ok(Conclusions { terminal, options, subjects: &subjects, gauged: &gauged, watch }
        .conclude(&document, comparison))
}

/// How much is measured.
fn wanted(options: &Options) -> Extent {
    let EffortOptions { iterations, warmup, concurrency, memory, counters, .. } = &options.effort;
    let Input { rule, tool, .. } = &options.input;
    Extent {
        effort: (!counters).then_some(Effort { passes: *iterations, warmup: *warmup }),
        threads: concurrency.iter().map(|threads| usize::from(*threads)).collect(),
        memory: *memory,
        choice: Choice { rule: rule.clone(), tool: tool.clone() },
    }
}

/// A baseline that was read.
struct Baseline {
    name: String,
    document: Document,
}

impl Baseline {
    fn read(terminal: &Terminal, path: &Path) -> Result<Self, Exit> {
        let name = shown(path);
        let bytes = read_bytes(path, INPUT_BYTES_MAX);
        let bytes = bytes.map_err(|error| unread(terminal, path, &error))?;
        let document = Document::read(&name, &bytes);
        let document = document.map_err(|error| alone(terminal, &error.diagnostic()))?;
        Ok(Self { name, document })
    }
}

/// Refuses to save a baseline in the place of what is none.
///
/// # Errors
/// How the command ends, its words already written.
fn spare(terminal: &Terminal, path: &Path) -> Result<(), Exit> {
    if !path.is_file() {
        return Ok(());
    }
    let bytes = read_bytes(path, INPUT_BYTES_MAX);
    let bytes = bytes.map_err(|error| unread(terminal, path, &error))?;
    if bytes.is_empty() || Document::is_one(&bytes) {
        return Ok(());
    }
    let fact = format!("`{}` is no baseline, and would be written over", shown(path));
    let finding = Diagnostic::without_place(Code::BadUsage, fact).help("name another file");
    Err(alone(terminal, &finding))
}

/// Everything that is measured: the bundle that was named, or a bundle a project.
fn subjects(terminal: &Terminal, options: &Options) -> Result<Vec<Subject>, Exit> {
    if let [path] = options.sources.paths.as_slice()
        && path.is_file()
        && is_bundle(path)
    {
        let made = load_bundle(terminal, path)?;
        return Ok(vec![subject(terminal, options, made, None)?]);
    }
    let mut projects = options.sources.projects(terminal);
    let single = options.input.contexts.is_some() || options.input.from_log.is_some();
    if projects.len() > 1 && single {
        projects = vec![options.sources.project(terminal).map_err(|it| alone(terminal, &it))?];
    }
    let mut subjects = Vec::new();
    for (project, sink) in projects {
        let made = compiled(terminal, &project, sink)?;
        subjects.push(subject(terminal, options, made, Some(project))?);
    }
    Ok(subjects)
}

/// A bundle with what it is compared with, and what it decides about.
fn subject(
    terminal: &Terminal,
    options: &Options,
    (program, bundle): (Program, Vec<u8>),
    mut project: Option<Project>,
) -> Result<Subject, Exit> {
    let base = match &options.comparing.base {
        None => None,
        Some(name) => Some(base_of(terminal, options, name, project.as_ref())?),
    };
    let failed = |error: BenchError| alone(terminal, &error.diagnostic());
    let bytes = |path: &Path| {
        read_bytes(path, INPUT_BYTES_MAX).map_err(|error| unread(terminal, path, &error))
    };
    let Input { contexts, from_log, now, .. } = &options.input;
    let workload = match (contexts, from_log, &mut project) {
        (Some(path), _, _) => contexts::read(path, &bytes(path)?, *now).map_err(failed)?,
        (None, Some(path), _) => {
            let timed = reads_time(&program) || base.as_ref().is_some_and(reads_time);
            records::read(path, &bytes(path)?, timed).map_err(failed)?
        }
        (None, None, Some(project)) => {
            let mut sink = Sink::new();
            let workload = cases::read(project, &program, &mut sink);
            if sink.has_errors() {
                return Err(rejected(terminal, project, sink));
            }
            workload
        }
        (None, None, None) => Workload::default(),
    };
    if workload.samples.is_empty() {
        let place = match &project {
            Some(_) => "the tests of the project".to_owned(),
            None => "a bundle, which has no tests".to_owned(),
        };
        return Err(failed(BenchError::NoContexts { place }));
    }
    Ok(Subject { program, bundle, project, base, workload })
}

/// The program that `--base` names.
fn base_of(
    terminal: &Terminal,
    options: &Options,
    name: &str,
    project: Option<&Project>,
) -> Result<Program, Exit> {
    let path = Path::new(name);
    if path.is_file() && is_bundle(path) {
        return load_bundle(terminal, path).map(|(program, _)| program);
    }
    let Some(project) = project else {
        let why = "a bundle has no revisions".to_owned();
        let help = "name another bundle";
        let error = RevisionError { rev: name.to_owned(), why, help };
        return Err(alone(terminal, &error.diagnostic()));
    };
    revision::program(name, project, &options.sources.paths)
        .map_err(|error| alone(terminal, &error.diagnostic()))
}

/// What everything is compared with: its name, where its numbers come from, what became of them.
type ComparedBaseline = Option<(String, Source, Vec<Comparison>)>;

/// Compares with the baseline, or with what was measured in turn.
fn compared(
    options: &Options,
    gauged: &[Figures],
    document: &Document,
    baseline: Option<&Baseline>,
) -> Result<ComparedBaseline, BenchError> {
    let BaselineOptions { base, threshold, min_threshold, .. } = &options.comparing;
    let bar = Threshold { percent: *threshold, min_ns: *min_threshold };
    if let Some(Baseline { name, document: old }) = baseline {
        let here = old.machine == document.machine;
        let source = if here { Source::Earlier } else { Source::Elsewhere };
        let mut comparisons = Vec::new();
        for Figures { own, .. } in gauged {
            let old = old.policy(name, (own, document))?;
            old.same_contexts(name, own)?;
            comparisons.push(compare(own, old, source, bar));
        }
        return Ok(Some((name.clone(), source, comparisons)));
    }
    let Some(name) = base else { return Ok(None) };
    let source = Source::ThisRun;
    let pairs = gauged.iter().filter_map(|it| Some((&it.own, it.base.as_ref()?)));
    let comparisons = pairs.map(|(own, base)| compare(own, base, source, bar)).collect();
    Ok(Some((name.clone(), source, comparisons)))
}

/// Everything that drawing the result needs.
struct Conclusions<'a> {
    terminal: &'a Terminal,
    options: &'a Options,
    subjects: &'a [&'a Subject],
    gauged: &'a [Figures],
    watch: Stopwatch,
}

impl Conclusions<'_> {
    /// Draws the result, keeps it, and says how the command ends.
    fn conclude(&self, document: &Document, compared: ComparedBaseline) -> Exit {
        let Self { terminal, options, .. } = self;
        let stopped = self.gauged.iter().any(|gauged| gauged.stopped);
        let compared = compared.filter(|_| !stopped);
        let budgets = self.judged(stopped);
        let mut sources = findings::Sources::default();
        let found = self.findings(&compared, &budgets, &mut sources);
        let report = Report {
            files: &sources.files,
            prefix: "",
            findings: &found,
            dropped: 0,
            cases: None,
            command: "policyc",
        };
        let against = compared.as_ref().map(|(name, source, comparisons)| ComparisonView {
            name,
            source: *source,
            comparisons,
        });
        let abouts: Vec<PolicyDetails<'_>> =
            self.subjects.iter().map(|subject| subject.about()).collect();
        let drawing =
            Drawing { document, against, budgets: &budgets, report, abouts: &abouts, stopped };
        let mut exit = if found.is_empty() { Exit::Done } else { Exit::Findings };
        if options.results.exit_zero {
            exit = Exit::Done;
        }
        let format = options.results.output_format;
        terminal.result(&(format.draw)(&drawing, terminal.style));
        let mut kept = |written: Result<(), Box<Diagnostic>>| {
            if let Err(finding) = written {
                exit = exit.max(alone(terminal, &finding));
            }
        };
        for (format, path) in &options.results.output {
            kept(write(path, (format.draw)(&drawing, Style::PLAIN).as_bytes()));
        }
        if let Some(path) = options.comparing.save.as_ref().filter(|_| !stopped) {
            kept(replace(path, document.to_json().as_bytes()));
        }
        exit = exit.max(self.step_summary(&drawing));
        if stopped {
            exit = exit.max(Exit::Interrupted);
        }
        if format.for_people {
            self.summarize(document, &found, exit);
        }
        exit
    }

    /// The budgets of every policy; none where it was stopped, and none of chosen decisions.
    fn judged(&self, stopped: bool) -> Vec<Vec<BudgetResult<'_>>> {
        let pairs = self.subjects.iter().zip(self.gauged);
        let is_whole = self.gauged.iter().all(|gauged| gauged.own.contexts.chosen.is_empty());
        let judged = pairs.map(|(subject, gauged)| match &subject.project {
            Some(project) if is_whole && !stopped => judge(&gauged.own, &project.budgets.list),
            Some(_) | None => Vec::new(),
        });
        judged.collect()
    }

    /// Regressions and missed budgets, on their sources.
    fn findings(
        &self,
        compared: &ComparedBaseline,
        budgets: &[Vec<BudgetResult<'_>>],
        sources: &mut findings::Sources,
    ) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for (at, (subject, gauged)) in self.subjects.iter().zip(self.gauged).enumerate() {
            let prefix = subject.about().prefix;
            let rules = sources.add(&gauged.drawn, prefix);
            let comparison = compared.as_ref().and_then(|(_, _, all)| all.get(at));
            if let Some(comparison) = comparison {
                found.extend(findings::regressions(&gauged.own, comparison, &rules));
            }
            if let (Some(project), Some(budgets)) = (&subject.project, budgets.get(at)) {
                let files = project.budgets.files.iter().map(|(_, file)| {
                    sources.files.add(format!("{prefix}{}", file.path), file.text.as_str())
                });
                let files: Vec<_> = files.collect();
                found.extend(findings::missed(&gauged.own, budgets, &files));
            }
        }
        found
    }

    /// Adds the comment to the page of the workflow's step, where GitHub asks for one.
    fn step_summary(&self, drawing: &Drawing<'_>) -> Exit {
        let output = &self.options.results;
        let chosen = [output.output_format.name].into_iter();
        let chosen = chosen.chain(output.output.iter().map(|(format, _)| format.name));
        let written = step_summary(chosen, || markdown::draw(drawing, Style::PLAIN));
        written.map_or_else(|finding| alone(self.terminal, &finding), |()| Exit::Done)
    }

    /// The tally, the machine and the next step.
    fn summarize(&self, document: &Document, found: &[Diagnostic], exit: Exit) {
        let of = |code: Code| found.iter().filter(|found| found.code == code).count();
        let (worse, missed) = (of(Code::Regression), of(Code::OverBudget));
        let mut parts = Vec::new();
        if worse > 0 {
            parts.push(counted(worse, "regression"));
        }
        if missed > 0 {
            parts.push(format!("{} missed", counted(missed, "budget")));
        }
        if found.is_empty() && self.options.comparing.compare.is_some()
            || found.is_empty() && self.options.comparing.base.is_some()
        {
            parts.push("no regression".to_owned());
        }
        if !self.options.effort.counters {
            parts.push(document.machine.text());
        }
        parts.push(self.watch.text());
        let gap = if found.is_empty() { "" } else { "\n" };
        let mut text = format!("{gap}  {}\n", parts.join(" · "));
        if let Some(finding) = found.first() {
            let next = format!("policyc explain {}", finding.code.id());
            text.push_str(&next_line(self.terminal, &next, exit));
        }
        self.terminal.notice(&text);
    }
}
