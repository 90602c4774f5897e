//! `--review`: decisions of cases with `expect: snapshot`, accepted by somebody who looked at them.

use std::io::{self, BufRead, IsTerminal};
use std::path::PathBuf;

use serde_json::Value as Json;

use crate::base::span::Span;
use crate::cli::commands::test::{Options, TestedProjects, cases};
use crate::cli::exit::Exit;
use crate::cli::reporting::{Conclusion, Reporting, alone, conclude};
use crate::cli::sources::exit_of_project;
use crate::cli::terminal::Terminal;
use crate::cli::write::replace;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::project::Project;
use crate::tools::report::counted;
use crate::tools::suite::choose::TestSources;
use crate::tools::suite::files::read_all;
use crate::tools::suite::run::{CaseResult, Outcome, run as run_cases};
use crate::tools::suite::snapshot::{self, Decisions};
use crate::tools::suite::{Expect, TestFile, show};

/// Whose decisions are accepted.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Snapshots")]
pub(super) struct ReviewOptions {
    /// Look at decisions of `expect: snapshot` that are new or changed, and accept or reject each.
    #[arg(long, conflicts_with_all = ["mutants", "coverage", "watch"])]
    review: bool,
    /// Accept without asking: the case of this name; without a name every case.
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true, requires = "review")]
    accept: Option<Vec<String>>,
}

impl ReviewOptions {
    /// Whether it is asked for.
    pub(super) const fn wanted(&self) -> bool {
        self.review
    }
}

/// What was said about a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Accept,
    Reject,
    Skip,
    Quit,
}

/// How many decisions were answered how.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    accepted: usize,
    rejected: usize,
    left: usize,
}

pub(super) fn run(
    terminal: &Terminal,
    options: &Options,
    read: TestedProjects,
) -> Result<Exit, Exit> {
    let accept = options.review.accept.as_deref();
    if accept.is_none() && !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        let finding =
            Diagnostic::without_place(Code::BadUsage, "`--review` asks, and nobody is there");
        let help = "name what you looked at, as `--accept=NAME`, or `--accept` for all";
        return Err(alone(terminal, &finding.help(help)));
    }
    let mut counts = Counts::default();
    let mut exit = Exit::Done;
    let mut unknown: Vec<String> = accept.unwrap_or_default().to_vec();
    let mut quit = false;
    for (mut project, mut sink) in read.projects {
        let mut tests = read_all(&mut project, &mut sink);
        let sources = TestSources::of(&project.files);
        for test in &mut tests {
            let before = reviewed(test);
            if let Some(filter) = &options.filter {
                filter.keep(test, &sources);
            }
            let mut own = Sink::new();
            let ran = run_cases(test, &sources, &project.settings, &mut own);
            // Where something is wrong, a decision is not yet what its author wanted to look at.
            let whole = Span::new(test.file, 0, u32::MAX);
            let sound = !own.has_errors() && !sink.has_error_at(whole, |_| true);
            sink.append(own);
            let pending = pending(test, &ran);
            unknown.retain(|name| !test.cases.iter().any(|case| case.name == *name));
            let mut accepted = Decisions::new();
            for (ran, decision) in pending {
                let answer = match accept {
                    _ if quit || !sound => Answer::Skip,
                    Some([]) => Answer::Accept,
                    Some(names) if names.contains(&ran.name) => Answer::Accept,
                    Some(_) => Answer::Skip,
                    None => prompt(terminal, options, &project, ran),
                };
                quit |= answer == Answer::Quit;
                match answer {
                    Answer::Accept => {
                        counts.accepted += 1;
                        accepted.insert(ran.name.clone(), decision);
                    }
                    Answer::Reject => counts.rejected += 1,
                    Answer::Skip | Answer::Quit => counts.left += 1,
                }
            }
            exit = exit.max(keep(terminal, &project, test, (before, accepted)));
        }
        exit = exit.max(report_findings(terminal, &project, sink));
    }
    if let Some(name) = unknown.first() {
        let fact = format!("`--accept` names `{name}`, and no case is called so");
        exit = exit.max(alone(terminal, &Diagnostic::without_place(Code::BadUsage, fact)));
    }
    let Counts { accepted, rejected, left } = counts;
    let decisions = counted(accepted, "decision");
    terminal.notice(&format!("  {decisions} accepted, {rejected} rejected, {left} left\n"));
    let open = rejected + left > 0 && !options.showing.exit_zero;
    Ok(if open { exit.max(Exit::Findings) } else { exit })
}

/// The cases whose decision is new or another, with what is kept of it.
fn pending<'r>(test: &TestFile, ran: &'r [CaseResult]) -> Vec<(&'r CaseResult, Json)> {
    let is_one = |ran: &CaseResult| {
        let own = test.cases.iter().find(|case| case.name == ran.name && case.span == ran.span);
        own.is_some_and(|case| snapshot::is_one(&case.expect.value))
    };
    let decision = |ran: &'r CaseResult| match &ran.outcome {
        Outcome::Failed(failure) if !failure.decision.is_null() && is_one(ran) => {
            Some((ran, snapshot::snapshot_of(&failure.decision)))
        }
        Outcome::Failed(_) | Outcome::Passed { .. } | Outcome::Skipped { .. } => None,
    };
    ran.iter().filter_map(decision).collect()
}

/// Shows a decision and asks what becomes of it.
fn prompt(terminal: &Terminal, options: &Options, project: &Project, ran: &CaseResult) -> Answer {
    let place = cases::place(&project.files, &project.prefix, ran.span);
    terminal.result(&show::case(ran, (&place, &options.sources.others()), terminal.style));
    loop {
        terminal.error("  accept, reject, skip or quit? [a/r/s/q] ");
        let mut line = String::new();
        if !matches!(io::stdin().lock().read_line(&mut line), Ok(read) if read > 0) {
            return Answer::Quit;
        }
        match line.trim() {
            "a" | "accept" => return Answer::Accept,
            "r" | "reject" => return Answer::Reject,
            "s" | "skip" => return Answer::Skip,
            "q" | "quit" => return Answer::Quit,
            _ => {}
        }
    }
}

/// The decisions that were reviewed before, of all cases of a file.
fn reviewed(test: &TestFile) -> Decisions {
    let before = test.cases.iter().filter_map(|case| match &case.expect.value {
        Expect::Snapshot(Some(decision)) => Some((case.name.clone(), decision.clone())),
        Expect::Snapshot(None)
        | Expect::Decision(_)
        | Expect::Value(_)
        | Expect::Expression(_)
        | Expect::Errors(_) => None,
    });
    before.collect()
}

/// Writes what was accepted beside what was before; decisions of cases that are gone go.
fn keep(
    terminal: &Terminal,
    project: &Project,
    test: &TestFile,
    (mut kept, accepted): (Decisions, Decisions),
) -> Exit {
    if accepted.is_empty() {
        return Exit::Done;
    }
    kept.extend(accepted);
    let path = project.files.get(test.file).map_or("", |file| file.path.as_str());
    let path: PathBuf = project.root.join(snapshot::path_of(path));
    match replace(&path, snapshot::write(&kept).as_bytes()) {
        Ok(()) => Exit::Done,
        Err(finding) => alone(terminal, &finding),
    }
}

/// What is wrong with sources and test files.
fn report_findings(terminal: &Terminal, project: &Project, sink: Sink) -> Exit {
    if !sink.has_errors() {
        return exit_of_project(project.missing);
    }
    let conclusion =
        Conclusion::of(&project.files, &project.prefix, exit_of_project(project.missing));
    conclude(terminal, &Reporting::default(), sink, &conclusion)
}
