//! `--mutants`: would the tests notice a wrong policy?

use crate::cli::commands::test::{Options, TestedProjects, write_all};
use crate::cli::exit::Exit;
use crate::cli::interrupt::interrupted;
use crate::cli::reporting::{Conclusion, Reporting, alone, conclude};
use crate::cli::sources::exit_of_project;
use crate::cli::terminal::Terminal;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::mutate::TestedMutant;
use crate::tools::mutate::run::{Choice, MutationError, run as try_all};
use crate::tools::project::Project;
use crate::tools::report::paint::Style;
use crate::tools::report::suite::mutants::{Drawing, Format, ProjectMutants};
use crate::tools::suite::choose::TestSources;
use crate::tools::suite::files::read_all;

/// Which mutants are tried.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Mutants")]
pub(super) struct MutantOptions {
    /// Change the policies in small ways and tell which changes no case notices; of this rule or
    /// variable alone.
    #[arg(long, value_name = "RULE", num_args = 0..=1, require_equals = true)]
    #[expect(clippy::option_option, reason = "asked for, and perhaps of one rule")]
    mutants: Option<Option<String>>,
    /// Try so many mutants, spread over all: the same ones every time.
    #[arg(long, value_name = "N", requires = "mutants")]
    sample: Option<usize>,
    /// Try so many mutants, the first ones.
    #[arg(long, value_name = "N", requires = "mutants")]
    limit: Option<usize>,
}

impl MutantOptions {
    /// Whether it is asked for.
    pub(super) const fn wanted(&self) -> bool {
        self.mutants.is_some()
    }
}

pub(super) fn run(
    terminal: &Terminal,
    options: &Options,
    read: TestedProjects,
) -> Result<Exit, Exit> {
    let (format, outputs) = options.showing.formats::<Format>(terminal)?;
    let own = &options.mutants;
    let choice =
        Choice { owner: own.mutants.clone().flatten(), sample: own.sample, limit: own.limit };
    let stop = interrupted();
    let mut all: Vec<(Project, Vec<TestedMutant>)> = Vec::new();
    let (mut known, mut exit) = (false, Exit::Done);
    for (mut project, mut sink) in read.projects {
        let mut tests = read_all(&mut project, &mut sink);
        let tried = {
            let sources = TestSources::of(&project.files);
            known |= choice.owner.as_ref().is_none_or(|name| sources.has_owner(name));
            if let Some(filter) = &options.filter {
                for test in &mut tests {
                    filter.keep(test, &sources);
                }
            }
            let settings = &project.settings;
            if sink.has_errors() {
                Err(MutationError::Broken)
            } else {
                try_all(&tests, &sources, settings, &choice, &stop, &mut sink)
            }
        };
        match tried {
            Ok(tried) => all.push((project, tried)),
            Err(unfit) => exit = exit.max(unusable(terminal, &project, sink, &unfit)),
        }
    }
    if let (false, Some(name)) = (known, &choice.owner) {
        let fact = format!("`--mutants` names `{name}`, which is no rule and no variable");
        return Err(alone(terminal, &Diagnostic::without_place(Code::BadUsage, fact)));
    }
    let projects: Vec<ProjectMutants<'_>> = all
        .iter()
        .map(|(project, tried)| ProjectMutants {
            files: &project.files,
            prefix: &project.prefix,
            tried,
        })
        .collect();
    let stopped = stop.load(std::sync::atomic::Ordering::Relaxed);
    let drawing = Drawing { projects: &projects, threshold: options.threshold, stopped };
    terminal.result(&(format.draw)(&drawing, terminal.style));
    let drawn = |(format, path): &(Format, _)| {
        (std::path::PathBuf::clone(path), (format.draw)(&drawing, Style::PLAIN))
    };
    exit = exit.max(write_all(terminal, outputs.iter().map(drawn)));
    if drawing.counts().judged() == 0 && options.fail_on_empty {
        let finding = Diagnostic::without_place(Code::NoPolicies, "no mutant was tried");
        exit = exit.max(alone(terminal, &finding));
    }
    if drawing.missing().is_some() && !options.showing.exit_zero {
        exit = exit.max(Exit::Findings);
    }
    if format.for_people {
        terminal.notice(&format!("  {}\n", read.since.text()));
    }
    Ok(if stopped { exit.max(Exit::Interrupted) } else { exit })
}

/// Says why the mutants of a project say nothing.
fn unusable(terminal: &Terminal, project: &Project, mut sink: Sink, unfit: &MutationError) -> Exit {
    if let MutationError::Fails(name, at) = unfit {
        let fact = format!("`{name}` fails without any change");
        let finding = Diagnostic::new(Code::TestFailed, *at, fact, "this case");
        sink.report(finding.help("mutants are tried when all cases pass: run `policyc test`"));
    }
    let conclusion =
        Conclusion::of(&project.files, &project.prefix, exit_of_project(project.missing));
    conclude(terminal, &Reporting::default(), sink, &conclusion)
}
