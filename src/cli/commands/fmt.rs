//! `policyc fmt`: one style for CEL.

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::Ordering;

use clap::{ArgMatches, Args};

use crate::base::limits::SOURCE_BYTES_MAX;
use crate::base::span::{FileId, Span};
use crate::cli::Command;
use crate::cli::clock::Stopwatch;
use crate::cli::exit::Exit;
use crate::cli::guard::report_of;
use crate::cli::interrupt::interrupted;
use crate::cli::reporting::{Conclusion, Reporting, alone, conclude, exit_of, next_line};
use crate::cli::root::with_options;
use crate::cli::sources::{exit_of_project, shown, unread};
use crate::cli::terminal::{Terminal, on_screen};
use crate::cli::write::rewrite;
use crate::compiler::format::{Refused, Settings, edits, within};
use crate::compiler::source::map::{SourceFile, SourceMap, applied};
use crate::compiler::syntax::document::is_test;
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Edit};
use crate::diag::sink::Sink;
use crate::tools::merge::merge;
use crate::tools::project::nearest::configuration_in;
use crate::tools::project::{Project, read_to, read_with, text_of};
use crate::tools::report::unified::{painted, unified};
use crate::tools::report::{Report, counted, full};

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "fmt",
    group: "write",
    short: "write CEL in one style",
    about: "Format CEL: `.cel` files, and expressions inside YAML",
    usage: "[PATHS] [OPTIONS]",
    examples: &[
        ("policyc fmt", "every policy below this directory"),
        ("policyc fmt --check", "end with 1 where a file would change, for CI"),
        ("policyc fmt --diff payments.yaml", "what would change"),
        ("policyc fmt - --stdin-filename a.cel < a.cel", "for editors: the text, formatted"),
    ],
    arguments: Options::augment_args,
    run: |matches: &ArgMatches, terminal| with_options::<Options>(matches, terminal, work_right),
};

#[derive(Debug, Args)]
struct Options {
    /// Files and directories; `.gitignore` is respected; `-` is standard input.
    #[arg(value_name = "PATHS", default_value = ".")]
    paths: Vec<PathBuf>,
    /// Write nothing; end with 1 where a file would change.
    #[arg(long)]
    check: bool,
    /// Write nothing; show what would change, and end with 1 where something would.
    #[arg(long)]
    diff: bool,
    /// Format only expressions that this range of one file touches: lines and columns from 1, the
    /// last place not part of it.
    #[arg(long, value_name = "L:C-L:C")]
    range: Option<Range>,
    /// The path that standard input stands for: it says what the text is and which configuration
    /// holds.
    #[arg(long, value_name = "PATH")]
    stdin_filename: Option<PathBuf>,
}

/// Two places, each a line and a column from 1.
#[derive(Clone, Copy, Debug)]
struct Range {
    start: (u32, u32),
    end: (u32, u32),
}

impl FromStr for Range {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let place = |text: &str| {
            let (line, column) = text.split_once(':')?;
            let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number > 0);
            Some((number(line)?, number(column)?))
        };
        let ends = text.split_once('-').and_then(|(a, b)| Some((place(a)?, place(b)?)));
        let (start, end) = ends.ok_or("write it as 3:1-5:20: lines and columns from 1")?;
        if start > end { Err("it ends before it begins") } else { Ok(Self { start, end }) }
    }
}

impl Range {
    /// Its bytes in `file`; places behind the end of a line, or of the file, are those ends.
    fn span(self, file: &SourceFile) -> Span {
        let place = |(line, column): (u32, u32)| {
            let len = u32::try_from(file.text.len()).unwrap_or(u32::MAX);
            let Some(start) = file.lines.start(line) else { return len };
            let rest = file.text.get(start as usize..).unwrap_or_default();
            let body = rest.get(..rest.find(['\n', '\r']).unwrap_or(rest.len()));
            let skip = column.saturating_sub(1) as usize;
            let skipped: usize =
                body.unwrap_or_default().chars().take(skip).map(char::len_utf8).sum();
            start.saturating_add(u32::try_from(skipped).unwrap_or(u32::MAX))
        };
        Span::new(FileId(0), place(self.start), place(self.end))
    }
}

/// What became of the files.
#[derive(Default)]
struct Tally {
    changed: usize,
    unchanged: usize,
    /// A line for each file that changed, or the differences.
    body: String,
    bug: bool,
}

fn usage(fact: &str, help: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::without_place(Code::BadUsage, fact).help(help))
}

/// What formats a text.
type Formatter = fn(&str, &str, Settings) -> Result<Vec<Edit>, Refused>;

/// A run of the command.
struct Job<'a> {
    terminal: &'a Terminal,
    options: &'a Options,
    /// `format::edits`, or in a test one that has a bug.
    formatter: Formatter,
}

fn work_right(terminal: &Terminal, options: &Options) -> Result<Exit, Exit> {
    work(&Job { terminal, options, formatter: edits })
}

fn work(job: &Job<'_>) -> Result<Exit, Exit> {
    let Job { terminal, options, .. } = job;
    let refused = |finding: Box<Diagnostic>| alone(terminal, &finding);
    let piped = options.paths.iter().any(|path| path == Path::new("-"));
    if let Some(name) = options.stdin_filename.as_ref().filter(|_| piped) {
        if options.paths.len() > 1 {
            let found = usage("`-` stands alone", "format files and standard input one by one");
            return Err(refused(found));
        }
        return piped_text(job, name);
    }
    if piped || options.stdin_filename.is_some() {
        let fact = "`-` and `--stdin-filename` go together";
        return Err(refused(usage(fact, "as in `policyc fmt - --stdin-filename a.cel`")));
    }
    let one = matches!(options.paths.as_slice(), [path] if path.is_file());
    if options.range.is_some() && !one {
        let help = "name the file, as in `policyc fmt --range 3:1-5:20 a.yaml`";
        return Err(refused(usage("`--range` is for one file", help)));
    }
    Ok(files(job))
}

/// Formats files.
fn files(job: &Job<'_>) -> Exit {
    let Job { terminal, options, .. } = job;
    let watch = Stopwatch::start();
    let stop = interrupted();
    // A file with tests holds no CEL, and stands for the policies beside it.
    let tests = |path: &&PathBuf| path.is_file() && is_test(&shown(path));
    let named: Vec<PathBuf> = options.paths.iter().filter(|it| !tests(it)).cloned().collect();
    let mut projects = read_with(&named, &terminal.overrides(), |_| Vec::new());
    let mut tally = Tally::default();
    for (project, sink) in &mut projects {
        for (id, _) in project.files.clone().iter() {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            one_file(job, project, id, &mut tally, sink);
        }
    }
    let merged = merge(projects);
    let writes = !options.check && !options.diff;
    let mut at_least = exit_of_project(merged.missing);
    if tally.changed > 0 && !writes {
        at_least = at_least.max(Exit::Findings);
    }
    if stop.load(Ordering::Relaxed) {
        at_least = at_least.max(Exit::Interrupted);
    }
    if tally.bug {
        at_least = Exit::Bug;
    }
    let parts = counts(&tally, writes);
    if merged.sink.mark() == 0 {
        terminal.result(&tally.body);
        terminal.notice(&format!("  {} · {}\n", parts.join(", "), watch.text()));
        if at_least == Exit::Findings {
            let paths: Vec<String> = options.paths.iter().map(|path| shown(path)).collect();
            let next = format!("policyc fmt {}", paths.join(" "));
            terminal.notice(&next_line(terminal, next.trim_end(), at_least));
        }
        return at_least;
    }
    let conclusion = Conclusion {
        files: &merged.files,
        prefix: &merged.prefix,
        body: tally.body,
        parts: vec![parts.join(", "), watch.text()],
        cases: None,
        at_least,
        needs_bundle: false,
        command: "policyc fmt",
    };
    conclude(terminal, &Reporting::default(), merged.sink, &conclusion)
}

/// `2 files formatted, 7 unchanged`.
fn counts(tally: &Tally, writes: bool) -> Vec<String> {
    let changed = counted(tally.changed, "file");
    match (tally.changed, writes) {
        (0, _) => vec![format!("{} unchanged", counted(tally.unchanged, "file"))],
        (_, true) => vec![format!("{changed} formatted"), format!("{} unchanged", tally.unchanged)],
        (_, false) => {
            vec![format!("{changed} would change"), format!("{} would not", tally.unchanged)]
        }
    }
}

/// Formats the file `id` of `project`.
fn one_file(job: &Job<'_>, project: &Project, id: FileId, tally: &mut Tally, sink: &mut Sink) {
    let Job { terminal, options, .. } = job;
    let Some(file) = project.files.get(id) else { return };
    let whole = Span::new(id, 0, u32::MAX);
    if file.bytes.is_some() || sink.has_error_at(whole, |code| code == Code::NotUtf8) {
        return;
    }
    let name = project.shown(&file.path);
    let edits = match wanted(job, file, project.format) {
        Ok(edits) => edits,
        Err(Refused::Unread(findings)) => {
            for mut finding in findings {
                finding.move_files(|_| id);
                sink.report(finding);
            }
            return;
        }
        Err(Refused::Changed) => {
            tally.bug = true;
            terminal.error(&report_of(&unfaithful(&name)));
            return;
        }
    };
    if edits.is_empty() {
        tally.unchanged += 1;
        return;
    }
    if options.diff {
        tally.body.push_str(&difference(terminal, &name, &file.text, &edits));
    } else if options.check {
        tally.body.extend(["  would change  ", &name, "\n"]);
    } else {
        let text = applied(&file.text, &edits);
        if let Err(finding) = rewrite(Path::new(&name), &file.text, &text) {
            sink.report(*finding);
            return;
        }
        tally.body.extend(["  formatted  ", &name, "\n"]);
    }
    tally.changed += 1;
}

/// The edits of a file, those of the range where one is given.
fn wanted(job: &Job<'_>, file: &SourceFile, settings: Settings) -> Result<Vec<Edit>, Refused> {
    let edits = (job.formatter)(&file.path, &file.text, settings)?;
    Ok(match job.options.range {
        Some(range) => within(edits, range.span(file)),
        None => edits,
    })
}

/// What the edits change: for a screen with nothing invisible, else as it is to be applied.
fn difference(terminal: &Terminal, name: &str, text: &str, edits: &[Edit]) -> String {
    let diff = unified(name, text, &applied(text, edits));
    let shown = terminal.style.colour || on_screen();
    if shown { painted(&diff, terminal.style) } else { diff }
}

/// What a file says that formatting would change.
fn unfaithful(name: &str) -> String {
    format!("`{name}` would mean something else, so it was left alone")
}

/// Formats standard input.
fn piped_text(job: &Job<'_>, name: &Path) -> Result<Exit, Exit> {
    let Job { terminal, options, .. } = job;
    let mut bytes = Vec::new();
    read_to(&mut io::stdin().lock(), SOURCE_BYTES_MAX, &mut bytes)
        .map_err(|error| unread(terminal, name, &error))?;
    let folder = name.parent().unwrap_or(Path::new(""));
    let (config, _, config_files, sink) = configuration_in(folder, &terminal.overrides());
    if sink.has_errors() {
        return Err(report_findings(terminal, &config_files, &sink.finish().0));
    }
    let (text, wrong) = text_of(bytes);
    let path = shown(name);
    let mut files = SourceMap::new();
    let id = files.add(path.clone(), text);
    if let Some(wrong) = wrong {
        return Err(report_findings(terminal, &files, &[wrong.diagnostic(id)]));
    }
    let Some(file) = files.get(id) else { return Ok(Exit::Done) };
    let edits = match wanted(job, file, config.format.settings()) {
        Ok(edits) => edits,
        Err(Refused::Unread(findings)) => return Err(report_findings(terminal, &files, &findings)),
        Err(Refused::Changed) => {
            terminal.error(&report_of(&unfaithful(&path)));
            return Err(Exit::Bug);
        }
    };
    if options.diff {
        terminal.result(&difference(terminal, &path, &file.text, &edits));
    } else if !options.check {
        terminal.result(&applied(&file.text, &edits));
        return Ok(Exit::Done);
    }
    Ok(if edits.is_empty() { Exit::Done } else { Exit::Findings })
}

/// Writes findings where they do not mix with a text, and says how the command ends.
fn report_findings(terminal: &Terminal, files: &SourceMap, findings: &[Diagnostic]) -> Exit {
    let report =
        Report { files, prefix: "", findings, dropped: 0, cases: None, command: "policyc" };
    terminal.error(&full::draw(&report, terminal.notice_style));
    findings.iter().map(exit_of).max().unwrap_or(Exit::Done)
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches;

    use super::*;
    use crate::cli::terminal::Globals;
    use crate::tools::project::read_bytes;

    /// A formatter with a bug: what it made means something else.
    fn broken(_: &str, _: &str, _: Settings) -> Result<Vec<Edit>, Refused> {
        Err(Refused::Changed)
    }

    #[test]
    fn a_bug_of_the_formatter_ends_in_exit_70_and_leaves_the_file_alone() {
        let path = std::env::temp_dir().join(format!("policyc-fmt-{}.cel", std::process::id()));
        let text = b"a   ==  b ? deny('no'):allow()\n";
        std::fs::write(&path, text).expect("it can be written");
        let command = Options::augment_args(clap::Command::new("fmt"));
        let name = path.to_string_lossy().into_owned();
        let terminal = Terminal::new(Globals { quiet: true, ..Globals::default() });
        for argument in [&[][..], &["--check"], &["--diff"]] {
            let named = ["fmt", name.as_str()];
            let given = named.iter().chain(argument);
            let matches = command.clone().try_get_matches_from(given).expect("they are options");
            let options = Options::from_arg_matches(&matches).expect("they are options");
            let run = |formatter| work(&Job { terminal: &terminal, options: &options, formatter });
            assert_eq!(run(broken), Ok(Exit::Bug), "{argument:?}");
            assert_eq!(read_bytes(&path, 99).expect("it is there"), text, "{argument:?}");
        }
        let matches = command.try_get_matches_from(["fmt", &name]).expect("an option");
        let options = Options::from_arg_matches(&matches).expect("an option");
        let right = work(&Job { terminal: &terminal, options: &options, formatter: edits });
        assert_eq!(right, Ok(Exit::Done));
        assert_ne!(read_bytes(&path, 99).expect("it is there"), text, "it is formatted otherwise");
        std::fs::remove_file(path).expect("it was there");
    }
}
