//! `policyc check`: everything there is to say about sources.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args};

use crate::base::limits::FINDINGS_MAX;
use crate::cli::Command;
use crate::cli::cache::{Cache, CacheOptions};
use crate::cli::clock::Stopwatch;
use crate::cli::commands::recorded::RecordedSessions;
use crate::cli::exit::Exit;
use crate::cli::interrupt::interrupted;
use crate::cli::linting::{FixOptions, LintResult, LintSelection};
use crate::cli::reporting::{Conclusion, Reporting, alone, conclude, exit_of};
use crate::cli::root::options;
use crate::cli::sources::{Sources, exit_of_project, piped_text};
use crate::cli::terminal::Terminal;
use crate::cli::watch::watched;
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Severity};
use crate::diag::sink::Sink;
use crate::tools::learn::Recorded;
use crate::tools::lint::cache::CheckOutcome;
use crate::tools::merge::merge;
use crate::tools::paths::normalize;
use crate::tools::pipeline;
use crate::tools::project::Project;
use crate::tools::project::overlay::Overlay;
use crate::tools::report::counted;

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "check",
    group: "write",
    short: "parse, type-check and lint policies",
    about: "Parse, type-check and lint policies",
    usage: "[PATHS] [OPTIONS]",
    examples: &[
        ("policyc check", "every policy below this directory"),
        ("policyc check --output-format concise payments.yaml", "one line a finding"),
        ("policyc check --fix", "what cures itself without changing a decision"),
        ("policyc check --select all --diff", "what could be cured, as a patch"),
        ("policyc check --output json=findings.json", "a file for programs as well"),
        ("policyc check --sessions runs", "what these never used, or trusted in vain"),
        ("policyc check - --stdin-filename p.yaml < p.yaml", "for editors: a text not saved yet"),
    ],
    arguments: Options::augment_args,
    run,
};

#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    chosen: LintSelection,
    #[command(flatten)]
    curing: FixOptions,
    #[command(flatten)]
    recorded: RecordedSessions,
    #[command(flatten)]
    reporting: Reporting,
    #[command(flatten)]
    caching: CacheOptions,
    /// Count findings by code instead of showing them.
    #[arg(long, help_heading = "Findings", conflicts_with_all = ["diff", "fix_only"])]
    statistics: bool,
    /// List the files that would be checked.
    #[arg(long)]
    show_files: bool,
    /// List what is told in each project, and how much it matters.
    #[arg(long)]
    show_settings: bool,
    /// The path that standard input stands for: it says what the text is, which project it belongs
    /// to, and where the files that it names lie.
    #[arg(long, value_name = "PATH")]
    stdin_filename: Option<PathBuf>,
    /// Check again whenever a file changes.
    #[arg(long, conflicts_with_all = ["show_files", "show_settings", "stdin_filename"])]
    watch: bool,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    let options: Options = match options(matches) {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    if !options.watch {
        return once(&options, terminal);
    }
    let paths: Vec<&Path> = options.sources.paths.iter().map(PathBuf::as_path).collect();
    let reports = options.reporting.output.iter().map(|(_, path)| path.as_path());
    let reports: Vec<&Path> = reports.collect();
    watched(terminal, &paths, &reports, &interrupted(), || once(&options, terminal))
}

fn once(options: &Options, terminal: &Terminal) -> Exit {
    let watch = Stopwatch::start();
    let mut projects = match projects(options, terminal) {
        Ok(projects) => projects,
        Err(exit) => return exit,
    };
    if options.show_files || options.show_settings {
        return shown(options, terminal, projects);
    }
    let sessions = match options.recorded.read(terminal) {
        Ok(sessions) => sessions,
        Err(exit) => return exit,
    };
    if options.recorded.is_named() && projects.len() > 1 {
        let fact = format!("sessions are those of one project, and {} were found", projects.len());
        let finding = Diagnostic::without_place(Code::BadUsage, fact);
        return alone(terminal, &finding.help("name the directory of that project"));
    }
    let mut exit = Exit::Done;
    let (mut body, mut parts) = (String::new(), Vec::new());
    let mut counts = Some((0, 0));
    // What is only counted needs no room on the screen, and is not kept as it would be told.
    let tells = options.curing.only_tells() && !options.statistics && sessions.is_empty();
    let cache = options.caching.cache().filter(|_| tells);
    for (project, sink) in &mut projects {
        if sink.has_errors() {
            counts = None;
            continue;
        }
        if options.statistics {
            *sink = roomy(sink.take());
        }
        let by = (cache.as_ref(), sessions.as_slice());
        let (linted, (more, further)) = checked(options, terminal, by, project, sink);
        exit = exit.max(linted.exit).max(options.chosen.exit(project, sink));
        body.push_str(&linted.shown);
        parts.extend(linted.parts);
        counts = counts.map(|(policies, rules)| (policies + more, rules + further));
    }
    let several = (projects.len() > 1).then(|| counted(projects.len(), "project"));
    let totals = counts.map(|(policies, rules)| {
        let policies = counted(policies, "policy");
        if rules == 0 { policies } else { format!("{policies}, {}", counted(rules, "rule")) }
    });
    let exit = exit.max(exit_of_project(projects.iter().any(|(project, _)| project.missing)));
    if options.statistics && counts.is_some() {
        return conclude_counts(terminal, projects, exit, options.reporting.exit_zero);
    }
    let merged = merge(projects);
    let sink = if options.curing.silent() { errors_of(merged.sink) } else { merged.sink };
    let conclusion = Conclusion {
        files: &merged.files,
        prefix: &merged.prefix,
        body,
        parts: several.into_iter().chain(totals).chain(parts).chain([watch.text()]).collect(),
        cases: None,
        at_least: exit,
        needs_bundle: false,
        command: "policyc check",
    };
    conclude(terminal, &options.reporting, sink, &conclusion)
}

/// The projects of the paths that are named, or what standard input stands for.
///
/// # Errors
/// How the command ends, its words already written.
fn projects(options: &Options, terminal: &Terminal) -> Result<Vec<(Project, Sink)>, Exit> {
    let piped = options.sources.paths.iter().any(|path| path == Path::new("-"));
    let refused = |fact: &str, help: &str| {
        Err(alone(terminal, &Diagnostic::without_place(Code::BadUsage, fact).help(help)))
    };
    let name = match (&options.stdin_filename, piped) {
        (None, false) => return Ok(options.sources.projects(terminal)),
        (Some(name), true) => name,
        (Some(_), false) | (None, true) => {
            let fact = "`-` and `--stdin-filename` go together";
            return refused(fact, "as in `policyc check - --stdin-filename p.yaml`");
        }
    };
    if options.sources.paths.len() > 1 {
        return refused("`-` stands alone", "check files and standard input one by one");
    }
    if !options.curing.only_tells() {
        let fact = "standard input is no file that could be changed";
        return refused(fact, "leave out what changes files, or name the file");
    }
    let text = piped_text(terminal, name)?;
    let here = std::env::current_dir().unwrap_or_default();
    let mut over = Overlay::default();
    over.lay(normalize(&here.join(name)), text);
    let sources = Sources { paths: vec![name.clone()], ..options.sources.clone() };
    Ok(sources.projects_under(terminal, &over))
}

/// What comes of a project, and the number of its policies and rules: checked, or as it was found
/// before.
fn checked(
    options: &Options,
    terminal: &Terminal,
    (cache, sessions): (Option<&Cache>, &[Recorded]),
    project: &mut Project,
    sink: &mut Sink,
) -> (LintResult, (usize, usize)) {
    let selection = options.chosen.selection(project);
    // What reading found is told each time.
    let cache = cache.filter(|_| sink.mark() == 0);
    let key = cache.map(|it| (it, it.key(project, &selection)));
    if let Some((cache, key)) = &key
        && let Some(outcome) = cache.find(key, &project.files)
    {
        terminal.detail(|| {
            "nothing has changed since it was checked: `--no-cache` checks it again".to_owned()
        });
        outcome.findings.into_iter().for_each(|finding| sink.report(finding));
        sink.count_dropped(outcome.dropped);
        return (LintResult::default(), (outcome.policies, outcome.rules));
    }
    let linted = options.curing.lint(terminal, project, &selection, sessions, sink);
    let compiled = linted.compiled.as_ref().map(|compiled| (compiled.policies, compiled.rules));
    let (policies, rules) = compiled.unwrap_or_else(|| pipeline::count(&project.files));
    if let Some((cache, key)) = &key {
        let (findings, dropped) = sink.clone().finish();
        cache.keep(key, &CheckOutcome { findings, dropped, policies, rules });
    }
    (linted, (policies, rules))
}

/// `--show-files`, `--show-settings`.
fn shown(options: &Options, terminal: &Terminal, projects: Vec<(Project, Sink)>) -> Exit {
    for (project, _) in &projects {
        if options.show_settings {
            terminal.result(&options.chosen.settings(project));
        }
        if options.show_files {
            let files = project.files.iter().map(|(_, file)| project.shown(&file.path) + "\n");
            terminal.result(&files.collect::<String>());
        }
    }
    let merged = merge(projects);
    let conclusion = Conclusion::of(&merged.files, &merged.prefix, exit_of_project(merged.missing));
    conclude(terminal, &options.reporting, merged.sink, &conclusion)
}

/// What a sink holds, with room for everything that lints can find.
fn roomy(sink: Sink) -> Sink {
    let mut own = Sink::with_room(FINDINGS_MAX);
    own.append(sink);
    own
}

/// `--statistics`: how often each code was found, the commonest first.
fn conclude_counts(
    terminal: &Terminal,
    projects: Vec<(Project, Sink)>,
    at_least: Exit,
    exit_zero: bool,
) -> Exit {
    let (mut findings, mut dropped) = (Vec::new(), 0);
    for (_, sink) in projects {
        let (own, more) = sink.finish();
        findings.extend(own);
        dropped += more;
    }
    let mut counts: BTreeMap<Code, (usize, usize)> = BTreeMap::new();
    for finding in &findings {
        let (count, fixable) = counts.entry(finding.code).or_default();
        *count += 1;
        *fixable += usize::from(finding.fix.is_some());
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(code, (count, _))| (Reverse(*count), *code));
    for (code, (count, fixable)) in counts {
        let fixes = if fixable > 0 { format!("  {fixable} with a fix") } else { String::new() };
        terminal.result(&format!("{count:>6}  {}  {}{fixes}\n", code.id(), code.title()));
    }
    if dropped > 0 {
        terminal.result(&format!("{dropped:>6}  more left out\n"));
    }
    let exit = findings.iter().map(exit_of).max().unwrap_or(Exit::Done).max(at_least);
    if exit == Exit::Findings && exit_zero { Exit::Done } else { exit }
}

/// The errors among the findings.
fn errors_of(sink: Sink) -> Sink {
    let mut errors = Sink::new();
    let (findings, dropped) = sink.finish();
    for finding in findings.into_iter().filter(|it| it.severity == Severity::Error) {
        errors.report(finding);
    }
    // A sink keeps at least one of the errors that are reported to it.
    if errors.has_errors() {
        errors.count_dropped(dropped);
    }
    errors
}
