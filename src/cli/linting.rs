//! What the lints of `policyc check` are told, and what is done with their fixes.

use crate::base::limits::FINDINGS_MAX;
use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::terminal::Terminal;
use crate::cli::write::rewrite;
use crate::compiler::Compiled;
use crate::compiler::source::map::{SourceFile, SourceMap};
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Severity};
use crate::diag::sink::Sink;
use crate::tools::learn::Recorded;
use crate::tools::lint::annotate::annotate;
use crate::tools::lint::fix::{alike, fix};
use crate::tools::lint::select::{Choice, Selection, Selector, selectable};
use crate::tools::pipeline;
use crate::tools::project::Project;
use crate::tools::report::counted;
use crate::tools::report::unified::{painted, unified};

/// Which findings are told.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Lints")]
pub struct LintSelection {
    /// Tell these alone: codes, beginnings of codes, groups, or all.
    #[arg(long, value_name = "CODES", value_delimiter = ',', value_parser = Selector::read)]
    select: Option<Vec<Selector>>,
    /// Tell these besides.
    #[arg(long, value_name = "CODES", value_delimiter = ',', value_parser = Selector::read)]
    extend_select: Vec<Selector>,
    /// Do not tell these.
    #[arg(long, value_name = "CODES", value_delimiter = ',', value_parser = Selector::read)]
    ignore: Vec<Selector>,
    /// End with 1 for findings from here on: note, warning or error.
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    fail_level: Option<Severity>,
}

fn severity(name: &str) -> Result<Severity, String> {
    let found = Severity::ALL.into_iter().find(|severity| severity.word() == name);
    found.ok_or_else(|| "the severities are note, warning, error".to_owned())
}

/// What is done with fixes.
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Fixes")]
pub struct FixOptions {
    /// Apply the fixes that change no decision, which is proved.
    #[arg(long)]
    fix: bool,
    /// Apply or show the other fixes as well.
    #[arg(long)]
    unsafe_fixes: bool,
    /// Show what fixes would change, and change nothing.
    #[arg(long)]
    diff: bool,
    /// Apply fixes, and tell nothing of what is left.
    #[arg(long)]
    fix_only: bool,
    /// Suppress what is found, with a comment that gives this reason.
    #[arg(long, value_name = "REASON", value_parser = reason,
        conflicts_with_all = ["fix", "diff", "fix_only", "unsafe_fixes"])]
    add_ignore: Option<String>,
}

fn reason(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("say why the findings are right as they are".to_owned()),
        text if text.chars().any(char::is_control) => Err("write it on one line".to_owned()),
        text => Ok(text.to_owned()),
    }
}

/// What came of a project.
#[derive(Debug, Default)]
pub struct LintResult {
    /// The bundle, where there is one.
    pub compiled: Option<Compiled>,
    /// For standard output: what would change.
    pub shown: String,
    /// For the line below all: `3 fixed`.
    pub parts: Vec<String>,
    /// How the command ends at least.
    pub exit: Exit,
}

impl LintSelection {
    /// What a project chose, changed by the command line.
    #[must_use]
    pub fn selection(&self, project: &Project) -> Selection {
        let own = Choice {
            select: self.select.clone(),
            extend_select: self.extend_select.clone(),
            ignore: self.ignore.clone(),
            levels: Vec::new(),
        };
        Selection::of(&project.check.choice.clone().with(own), &project.check.per_file)
    }

    /// How a command ends at least that found this in a project.
    #[must_use]
    pub fn exit(&self, project: &Project, sink: &Sink) -> Exit {
        let level = self.fail_level.or(project.check.fail_level).unwrap_or(Severity::Error);
        if sink.worst() >= Some(level) { Exit::Findings } else { Exit::Done }
    }

    /// What is told in a project, a line each.
    #[must_use]
    pub fn settings(&self, project: &Project) -> String {
        let root = project.prefix.trim_end_matches('/');
        let mut text = format!("project `{}`\n", if root.is_empty() { "." } else { root });
        let schema = project.settings.schema.as_deref().unwrap_or("none");
        let level = self.fail_level.or(project.check.fail_level).unwrap_or(Severity::Error);
        text.extend([format!("  strict      {}\n", project.settings.strict)]);
        text.extend([format!("  schema      {schema}\n")]);
        text.extend([format!("  fail-level  {}\n", level.word())]);
        let selection = self.selection(project);
        for (code, group) in selectable() {
            let (id, level) = (code.id(), selection.level(code).name());
            text.extend([format!("  {id}  {level:<6}  {:<8}  {}\n", group.name(), code.title())]);
        }
        text
    }
}

impl FixOptions {
    /// Whether findings are told, and nothing is done about them.
    #[must_use]
    pub const fn only_tells(&self) -> bool {
        !self.fix && !self.diff && !self.fix_only && self.add_ignore.is_none()
    }

    /// Whether nothing is to be told of findings.
    #[must_use]
    pub const fn silent(&self) -> bool {
        self.fix_only || self.diff
    }

    /// Lints a project, and does with its fixes what is asked. The files of the project are
    /// afterwards the texts that findings stand in: with `--diff`, or where a file could not be
    /// written, the disk holds others.
    pub fn lint(
        &self,
        terminal: &Terminal,
        project: &mut Project,
        selection: &Selection,
        sessions: &[Recorded],
        sink: &mut Sink,
    ) -> LintResult {
        if self.fix || self.fix_only || self.diff {
            return self.fix(terminal, project, selection, sink);
        }
        let Some(reason) = &self.add_ignore else {
            let Project { files, settings, .. } = project;
            let compiled = pipeline::lint_with(files, settings, selection, sessions, sink);
            return LintResult { compiled, ..LintResult::default() };
        };
        let mut all = Sink::with_room(FINDINGS_MAX);
        all.append(sink.take());
        let Project { files, settings, .. } = &*project;
        let compiled = pipeline::lint_with(files, settings, selection, sessions, &mut all);
        if compiled.is_none() {
            // While there are errors, nobody knows what else is found.
            sink.append(all);
            return LintResult::default();
        }
        let (findings, _) = all.finish();
        let annotated = annotate(&project.files, &findings, reason);
        let mut after = Sink::new();
        let files = &annotated.files;
        let again = pipeline::lint_with(files, settings, selection, sessions, &mut after);
        let same = compiled.as_ref().zip(again.as_ref());
        if !same.is_some_and(|(before, after)| alike(before, after)) {
            // A comment became part of something: nothing is written.
            let fact = "the findings cannot be suppressed by comments, and no file was changed";
            let exit = alone(terminal, &Diagnostic::without_place(Code::Unwritable, fact));
            for finding in findings {
                sink.report(finding);
            }
            return LintResult { compiled, exit, ..LintResult::default() };
        }
        *sink = after;
        let exit = rewritten(terminal, project, annotated.files);
        let mut parts = vec![format!("{} suppressed", counted(annotated.suppressed, "finding"))];
        if annotated.left > 0 {
            parts.push(format!("{} cannot be", annotated.left));
        }
        LintResult { compiled: again, shown: String::new(), parts, exit }
    }

    fn fix(
        &self,
        terminal: &Terminal,
        project: &mut Project,
        selection: &Selection,
        sink: &mut Sink,
    ) -> LintResult {
        let fixed = fix(&project.files, &project.settings, selection, self.unsafe_fixes);
        let count: usize = fixed.applied.values().sum();
        let mut linted = LintResult { compiled: fixed.compiled, ..LintResult::default() };
        if self.diff {
            linted.parts.push(format!("{} would be fixed", counted(count, "finding")));
            for (path, before, after) in changed(project, &fixed.files) {
                let text = unified(&path, before, after);
                let colour = terminal.style.colour;
                linted.shown += &if colour { painted(&text, terminal.style) } else { text };
            }
            // What is left to be told stands in these texts.
            project.files = fixed.files;
            if count > 0 {
                linted.exit = Exit::Findings;
            }
        } else {
            linted.parts.push(format!("{} fixed", counted(count, "finding")));
            linted.exit = rewritten(terminal, project, fixed.files);
        }
        if fixed.refused > 0 {
            let text = format!("{} not proved to change nothing", counted(fixed.refused, "fix"));
            linted.parts.push(text);
        }
        *sink = fixed.sink;
        linted
    }
}

/// The files that differ: path as the user would write it, text on the disk, text afterwards.
fn changed<'f>(project: &'f Project, after: &'f SourceMap) -> Vec<(String, &'f str, &'f str)> {
    let pairs = project.files.iter().zip(after.iter());
    let pairs = pairs.filter(|((_, before), (_, after))| before.text != after.text);
    let text = |((_, before), (_, after)): ((_, &'f _), (_, &'f _))| {
        let (before, after): (&SourceFile, &SourceFile) = (before, after);
        (project.shown(&before.path), before.text.as_str(), after.text.as_str())
    };
    pairs.map(text).collect()
}

/// Writes the files that differ. The project holds the new texts afterwards.
fn rewritten(terminal: &Terminal, project: &mut Project, after: SourceMap) -> Exit {
    let mut exit = Exit::Done;
    for (path, before, after) in changed(project, &after) {
        if let Err(finding) = rewrite(path.as_ref(), before, after) {
            exit = exit.max(alone(terminal, &finding));
        }
    }
    // Findings stand in these texts, also where one could not be written.
    project.files = after;
    exit
}
