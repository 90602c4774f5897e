//! `policyc test`: the table tests beside policies, decided by the whole pipeline.

use clap::{ArgMatches, Args};

use crate::base::span::Span;
use crate::cli::Command;
use crate::cli::clock::Stopwatch;
use crate::cli::exit::Exit;
use crate::cli::reporting::{Conclusion, Reporting, conclude};
use crate::cli::root::options;
use crate::cli::sources::{Sources, exit_of_project};
use crate::cli::terminal::Terminal;
use crate::compiler::source::map::SourceMap;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::merge::merge;
use crate::tools::parallel::each;
use crate::tools::project::Project;
use crate::tools::report::counted;
use crate::tools::report::paint::Style;
use crate::tools::suite::choose::Tested;
use crate::tools::suite::run::{Outcome, Ran, run as run_cases};
use crate::tools::suite::{TestFile, files, show};

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "test",
    group: "try",
    short: "tables",
    about: "Run the tests of policies: *_test.yaml, and tests.yaml of CEL Policy",
    usage: "[PATHS] [OPTIONS]",
    examples: &[
        ("policyc test", "every test below this directory"),
        ("policyc test --filter \"large payment\"", "the cases of this name"),
        ("policyc test --fail-on-empty", "for CI: no case is a finding"),
    ],
    arguments: Options::augment_args,
    run,
};

#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    sources: Sources,
    /// Run only the cases whose name holds this text.
    #[arg(long, value_name = "TEXT", env = "POLICYC_FILTER", hide_env_values = true)]
    filter: Option<String>,
    /// End with 1 where no case was run.
    #[arg(long)]
    fail_on_empty: bool,
    #[command(flatten)]
    reporting: Reporting,
}

fn run(matches: &ArgMatches, terminal: &Terminal) -> Exit {
    let options: Options = match options(matches) {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    let watch = Stopwatch::start();
    let mut projects = options.sources.projects(terminal);
    let tests: Vec<Vec<TestFile>> =
        projects.iter_mut().map(|(project, sink)| read_all(project, &options, sink)).collect();
    let sources: Vec<Tested<'_>> =
        projects.iter().map(|(project, _)| Tested::of(&project.files)).collect();
    let files: Vec<_> = projects
        .iter()
        .zip(&sources)
        .zip(&tests)
        .flat_map(|(((project, _), sources), tests)| {
            tests.iter().map(move |test| (project, sources, test))
        })
        .collect();
    let decided = each(&files, |(project, sources, test)| {
        decide(&options, project, sources, test, terminal.style)
    });
    let mut decided = decided.into_iter();
    let mut counts = Counts::default();
    let mut body = String::new();
    for ((_, sink), tests) in projects.iter_mut().zip(&tests) {
        for file in decided.by_ref().take(tests.len()) {
            counts.add(file.counts);
            body.push_str(&file.body);
            sink.append(file.sink);
        }
    }
    let mut merged = merge(projects);
    let ran = counts.passed + counts.failed;
    if ran + counts.skipped == 0 && !merged.sink.has_errors() {
        let message = "no test was run";
        let finding = Diagnostic::without_place(Code::NoPolicies, message);
        if options.fail_on_empty {
            merged.sink.report(finding.help("tests stand in `*_test.yaml` beside the policies"));
        }
    }
    let failed = if counts.failed == 0 { Exit::Done } else { Exit::Findings };
    let conclusion = Conclusion {
        files: &merged.files,
        prefix: &merged.prefix,
        body,
        parts: vec![counts.text(), watch.text()],
        at_least: if options.reporting.exit_zero { Exit::Done } else { failed }
            .max(exit_of_project(merged.missing)),
        needs_bundle: false,
    };
    conclude(terminal, &options.reporting, merged.sink, &conclusion)
}

/// Reads the test files of a project; of each the cases that the filter leaves.
fn read_all(project: &mut Project, options: &Options, sink: &mut Sink) -> Vec<TestFile> {
    let paths = std::mem::take(&mut project.tests);
    let mut tests: Vec<TestFile> =
        paths.iter().filter_map(|path| files::read(project, path, sink)).collect();
    if let Some(filter) = &options.filter {
        let wanted = filter.strip_prefix("test=").unwrap_or(filter);
        for test in &mut tests {
            test.cases.retain(|case| case.name.contains(wanted));
        }
    }
    tests
}

/// What became of a test file.
#[derive(Default)]
struct Decided {
    counts: Counts,
    /// For people; else empty.
    body: String,
    sink: Sink,
}

/// Runs the cases of one file.
fn decide(
    options: &Options,
    project: &Project,
    sources: &Tested<'_>,
    test: &TestFile,
    style: Style,
) -> Decided {
    let mut decided = Decided::default();
    for ran in run_cases(test, sources, &project.settings, &mut decided.sink) {
        decided.counts.add(Counts::of(&ran));
        decided.body.push_str(&say(options, project, &ran, style, &mut decided.sink));
    }
    decided
}

/// A block of lines for people; else nothing, and a finding where the case failed.
fn say(options: &Options, project: &Project, ran: &Ran, style: Style, sink: &mut Sink) -> String {
    if options.reporting.output_format.for_people {
        let place = place(&project.files, &project.prefix, ran.span);
        return show::case(ran, &place, style);
    }
    if let Outcome::Failed(failure) = &ran.outcome {
        let message = format!("`{}` expects {}", ran.name, failure.expected);
        let label = format!("it is {}", failure.actual);
        sink.report(Diagnostic::new(Code::TestFailed, failure.at, message, label));
    }
    String::new()
}

/// `k8s_test.yaml:6`.
fn place(files: &SourceMap, prefix: &str, span: Span) -> String {
    files.get(span.file).map_or_else(String::new, |file| {
        format!("{prefix}{}:{}", file.path, file.lines.place(&file.text, span.start).line)
    })
}

/// How the cases ended.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Counts {
    /// One case.
    const fn of(ran: &Ran) -> Self {
        match ran.outcome {
            Outcome::Passed { .. } => Self { passed: 1, failed: 0, skipped: 0 },
            Outcome::Failed(_) => Self { passed: 0, failed: 1, skipped: 0 },
            Outcome::Skipped { .. } => Self { passed: 0, failed: 0, skipped: 1 },
        }
    }

    const fn add(&mut self, more: Self) {
        self.passed += more.passed;
        self.failed += more.failed;
        self.skipped += more.skipped;
    }

    /// `23 cases, 22 pass, 1 fails`.
    fn text(self) -> String {
        let all = self.passed + self.failed + self.skipped;
        let mut text = format!("{}, {} pass", counted(all, "case"), self.passed);
        for (count, word) in [(self.failed, "fail"), (self.skipped, "skipped")] {
            if count > 0 {
                text.extend([", ", &count.to_string(), " ", word]);
            }
        }
        text
    }
}
