//! The cases, each decided once.

use crate::base::span::Span;
use crate::cli::commands::test::{Options, TestedProjects};
use crate::cli::exit::Exit;
use crate::cli::reporting::{Conclusion, Reporting, conclude};
use crate::cli::sources::exit_of_project;
use crate::cli::terminal::Terminal;
use crate::compiler::source::map::SourceMap;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::merge::merge;
use crate::tools::parallel::each;
use crate::tools::pipeline::compile;
use crate::tools::project::Project;
use crate::tools::report::paint::Style;
use crate::tools::report::{Format, TestCase, counted};
use crate::tools::suite::choose::TestSources;
use crate::tools::suite::files::read_all;
use crate::tools::suite::run::{CaseResult, Outcome, run as run_cases};
use crate::tools::suite::{TestFile, show};

pub(super) fn run(
    terminal: &Terminal,
    options: &Options,
    read: TestedProjects,
) -> Result<Exit, Exit> {
    let (output_format, output) = options.showing.formats::<Format>(terminal)?;
    let reporting = Reporting { output_format, output, exit_zero: options.showing.exit_zero };
    Ok(report(terminal, options, read, &reporting))
}

/// Decides the cases and reports as `reporting` has it.
pub(super) fn report(
    terminal: &Terminal,
    options: &Options,
    read: TestedProjects,
    reporting: &Reporting,
) -> Exit {
    let TestedProjects { mut projects, since } = read;
    let mut tests: Vec<Vec<TestFile>> =
        projects.iter_mut().map(|(project, sink)| read_all(project, sink)).collect();
    let sources: Vec<TestSources<'_>> =
        projects.iter().map(|(project, _)| TestSources::of(&project.files)).collect();
    if let Some(filter) = &options.filter {
        for (tests, sources) in tests.iter_mut().zip(&sources) {
            for test in tests {
                filter.keep(test, sources);
            }
        }
    }
    let files: Vec<_> = projects
        .iter()
        .zip(&sources)
        .zip(&tests)
        .flat_map(|(((project, _), sources), tests)| {
            tests.iter().map(move |test| (project, sources, test))
        })
        .collect();
    let paths = options.sources.others();
    let decided = each(&files, |(project, sources, test)| {
        decide((reporting, &paths), project, sources, test, terminal.style)
    });
    let mut decided = decided.into_iter();
    let mut counts = Counts::default();
    let (mut body, mut cases) = (String::new(), Vec::new());
    for ((project, sink), tests) in projects.iter_mut().zip(&tests) {
        if tests.is_empty() {
            uncompiled(project, sink);
        }
        for file in decided.by_ref().take(tests.len()) {
            counts.add(file.counts);
            body.push_str(&file.body);
            cases.extend(file.cases);
            sink.append(file.sink);
        }
    }
    let mut merged = merge(projects);
    let ran = counts.passed + counts.failed;
    if ran + counts.skipped == 0 && !merged.sink.has_errors() && options.fail_on_empty {
        let finding = Diagnostic::without_place(Code::NoPolicies, "no test was run");
        merged
            .sink
            .report(finding.help(
                "tests stand in `*_test.yaml` beside the policies, or under `tests` in them",
            ));
    }
    let failed = if counts.failed == 0 { Exit::Done } else { Exit::Findings };
    let conclusion = Conclusion {
        files: &merged.files,
        prefix: &merged.prefix,
        body,
        parts: vec![counts.text(), since.text()],
        cases: Some(cases),
        at_least: if reporting.exit_zero { Exit::Done } else { failed }
            .max(exit_of_project(merged.missing)),
        needs_bundle: false,
        command: "policyc test",
    };
    conclude(terminal, reporting, merged.sink, &conclusion)
}

/// What became of a test file.
#[derive(Default)]
struct FileResult {
    counts: Counts,
    /// For people; else empty.
    body: String,
    cases: Vec<TestCase>,
    sink: Sink,
}

/// What is wrong with the sources of a project that no test decides.
fn uncompiled(project: &Project, sink: &mut Sink) {
    let mut found = Sink::new();
    if !sink.has_errors() && compile(&project.files, &project.settings, &mut found).is_none() {
        sink.append(found);
    }
}

/// A case, for formats that tell of every one.
fn test_case(ran: &CaseResult) -> TestCase {
    let (failure, skipped) = match &ran.outcome {
        Outcome::Passed { .. } => (None, None),
        Outcome::Skipped { reason } => (None, Some(reason.clone())),
        Outcome::Failed(why) => {
            (Some(format!("expects {}; it is {}", why.expected, why.actual)), None)
        }
    };
    let CaseResult { policy, name, span, .. } = ran;
    TestCase { policy: policy.clone(), name: name.clone(), span: *span, failure, skipped }
}

/// Runs the cases of one file.
fn decide(
    (reporting, paths): (&Reporting, &[String]),
    project: &Project,
    sources: &TestSources<'_>,
    test: &TestFile,
    style: Style,
) -> FileResult {
    let mut decided = FileResult::default();
    for ran in run_cases(test, sources, &project.settings, &mut decided.sink) {
        decided.counts.add(Counts::of(&ran));
        decided.cases.push(test_case(&ran));
        decided.body.push_str(&say((reporting, paths), project, &ran, style, &mut decided.sink));
    }
    decided
}

/// A block of lines for people; else nothing, and a finding where the case failed.
fn say(
    (reporting, paths): (&Reporting, &[String]),
    project: &Project,
    ran: &CaseResult,
    style: Style,
    sink: &mut Sink,
) -> String {
    if reporting.output_format.for_people {
        let place = place(&project.files, &project.prefix, ran.span);
        return show::case(ran, (&place, paths), style);
    }
    if let Outcome::Failed(failure) = &ran.outcome {
        let message = format!("`{}` expects {}", ran.name, failure.expected);
        let label = format!("it is {}", failure.actual);
        sink.report(Diagnostic::new(Code::TestFailed, failure.at, message, label));
    }
    String::new()
}

/// `k8s_test.yaml:6`.
pub(super) fn place(files: &SourceMap, prefix: &str, span: Span) -> String {
    files.get(span.file).map_or_else(String::new, |file| {
        format!("{prefix}{}:{}", file.path, file.lines.line(span.start))
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
    const fn of(ran: &CaseResult) -> Self {
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
