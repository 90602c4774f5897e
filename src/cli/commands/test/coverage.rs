//! `--coverage`: what the cases exercise of the policies.

use std::path::PathBuf;

use crate::cli::commands::test::{Options, TestedProjects, cases, write_all};
use crate::cli::exit::Exit;
use crate::cli::reporting::{Conclusion, Reporting, alone, conclude};
use crate::cli::sources::exit_of_project;
use crate::cli::terminal::Terminal;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::coverage::{Coverage, RuleCover, measure};
use crate::tools::project::{Project, Settings};
use crate::tools::report::counted;
use crate::tools::report::paint::Style;
use crate::tools::report::suite::coverage::{Drawing, Format, ProjectCoverage};
use crate::tools::revision::{ChangedLines, changed};
use crate::tools::suite::TestFile;
use crate::tools::suite::choose::TestSources;
use crate::tools::suite::files::read_all;
use crate::tools::suite::run::{Outcome, run as run_cases};

/// What is measured.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Coverage")]
pub(super) struct CoverageOptions {
    /// Tell which rules and conditions the cases exercise, and what would exercise the rest.
    #[arg(long, conflicts_with = "mutants")]
    coverage: bool,
    /// Only of rules on lines that changed since this revision.
    #[arg(
        long,
        value_name = "REV",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "HEAD",
        requires = "coverage"
    )]
    changed: Option<String>,
}

impl CoverageOptions {
    /// Whether it is asked for.
    pub(super) const fn wanted(&self) -> bool {
        self.coverage
    }
}

pub(super) fn run(
    terminal: &Terminal,
    options: &Options,
    read: TestedProjects,
) -> Result<Exit, Exit> {
    let (format, outputs) = options.showing.formats::<Format>(terminal)?;
    let mut exit = Exit::Done;
    if format.for_people {
        let exit_zero = options.showing.exit_zero;
        let reporting = Reporting { exit_zero, ..Reporting::default() };
        exit = cases::report(terminal, options, read.clone(), &reporting);
    }
    let mut all: Vec<(Project, Coverage)> = Vec::new();
    for (mut project, mut sink) in read.projects {
        let coverage = of_project(terminal, options, &format, (&mut project, &mut sink))?;
        if !format.for_people {
            exit = exit.max(report_findings(terminal, options, &project, sink));
        }
        all.push((project, coverage));
    }
    let projects: Vec<ProjectCoverage<'_>> = all
        .iter()
        .map(|(project, coverage)| ProjectCoverage {
            files: &project.files,
            prefix: &project.prefix,
            coverage,
        })
        .collect();
    let (threshold, created) = (options.threshold, options.sources.source_date_epoch);
    let drawing = Drawing { projects: &projects, threshold, created };
    terminal.result(&(format.draw)(&drawing, terminal.style));
    let drawn =
        |(format, path): &(Format, PathBuf)| (path.clone(), (format.draw)(&drawing, Style::PLAIN));
    exit = exit.max(write_all(terminal, outputs.iter().map(drawn)));
    if !drawing.missing().is_empty() && !options.showing.exit_zero {
        exit = exit.max(Exit::Findings);
    }
    Ok(exit)
}

/// The coverage of a project; that cases fail is a finding where people are not told of each.
fn of_project(
    terminal: &Terminal,
    options: &Options,
    format: &Format,
    (project, sink): (&mut Project, &mut Sink),
) -> Result<Coverage, Exit> {
    let mut tests = read_all(project, sink);
    let sources = TestSources::of(&project.files);
    if let Some(filter) = &options.filter {
        for test in &mut tests {
            filter.keep(test, &sources);
        }
    }
    let whole = options.filter.is_none();
    let mut coverage = measure(&tests, whole, &sources, &project.settings, sink);
    let failed = if format.for_people { 0 } else { failed(&tests, &sources, &project.settings) };
    if failed > 0 {
        let fact = format!("{} of the tests fails", counted(failed, "case"));
        let finding = Diagnostic::without_place(Code::TestFailed, fact);
        sink.report(finding.help("`policyc test` says more"));
    }
    if let Some(rev) = &options.coverage.changed {
        let lines = changed(rev, &project.root).map_err(|error| {
            let fact = format!("what changed since `{rev}` is not known: {}", error.why);
            let finding = Diagnostic::without_place(Code::BadRevision, fact);
            alone(terminal, &finding.help(error.help))
        })?;
        coverage.rules.retain(|rule| touched(project, rule, &lines));
    }
    Ok(coverage)
}

/// How many cases fail.
fn failed(tests: &[TestFile], sources: &TestSources<'_>, settings: &Settings) -> usize {
    let ran = tests.iter().flat_map(|test| run_cases(test, sources, settings, &mut Sink::new()));
    ran.filter(|ran| matches!(ran.outcome, Outcome::Failed(_))).count()
}

/// Whether a rule, or a part of its condition that stands elsewhere, lies on changed lines.
fn touched(project: &Project, rule: &RuleCover, changed: &ChangedLines) -> bool {
    let atoms = rule.atoms.iter().map(|atom| atom.span);
    std::iter::once(rule.span).chain(atoms).any(|span| {
        let Some(file) = project.files.get(span.file) else { return false };
        let line = |at: u32| file.lines.line(at);
        changed.touches(&file.path, line(span.start), line(span.end))
    })
}

/// The findings of a project, where its coverage is for programs.
fn report_findings(terminal: &Terminal, options: &Options, project: &Project, sink: Sink) -> Exit {
    let (findings, _) = sink.finish();
    let mut exit = exit_of_project(project.missing);
    let mut with_place = Sink::new();
    for finding in findings {
        if finding.primary.is_none() {
            let own = alone(terminal, &finding);
            let zero = own == Exit::Findings && options.showing.exit_zero;
            exit = exit.max(if zero { Exit::Done } else { own });
        } else {
            with_place.report(finding);
        }
    }
    if !with_place.has_errors() {
        return exit;
    }
    let conclusion = Conclusion::of(&project.files, &project.prefix, exit);
    conclude(terminal, &Reporting::default(), with_place, &conclusion)
}
