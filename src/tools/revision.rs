//! An earlier state of a project, taken out of the repository that it lies in.
//!
//! In:      a revision, the root of a project.
//! Out:     the program of the project as it was then; the lines that changed since.
//! Imports: `base`, `diag`, `runtime::program`, `tools::paths`, `tools::pipeline`,
//!          `tools::project`.
//!
//! The program `git` is asked: which files there are (`ls-tree`), and what they hold (`cat-file`).
//! Neither touches the repository or the working tree.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::limits::SOURCE_BYTES_MAX;
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Severity};
use crate::runtime::program::Program;
use crate::tools::paths::{normalize, slashed};
use crate::tools::pipeline::{self, references};
use crate::tools::project::{self, Project, reason};

/// Why a revision cannot be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionError {
    /// The revision, as it was named.
    pub rev: String,
    /// Why not.
    pub why: String,
    /// One next step.
    pub help: &'static str,
}

impl RevisionError {
    /// The finding about it.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let Self { rev, why, help } = self;
        let fact = format!("`{rev}` cannot be built: {why}");
        Diagnostic::without_place(Code::BadRevision, fact).help(*help)
    }
}

/// The files of a project as a revision has them; they go away with it.
#[derive(Debug)]
struct ExportedRevision {
    /// Where they lie.
    folder: PathBuf,
    /// The root of the project there.
    root: PathBuf,
}

impl Drop for ExportedRevision {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// The program of `project` as revision `rev` has it; `paths` are those that the project was read
/// from.
///
/// # Errors
/// As `export`, and where it does not compile.
pub fn program(rev: &str, project: &Project, paths: &[PathBuf]) -> Result<Program, RevisionError> {
    let no = |why: String, help| RevisionError { rev: rev.to_owned(), why, help };
    let exported = export(rev, &project.root)?;
    let here = std::env::current_dir().unwrap_or_default();
    let mut there = Vec::new();
    for path in paths {
        let full = normalize(&here.join(path));
        // A directory above the project stands for all of it.
        let inside = full.strip_prefix(&project.root).unwrap_or(Path::new(""));
        let path = exported.root.join(inside);
        if !path.exists() {
            let why = format!("`{}` is not in that revision", slashed(inside));
            return Err(no(why, "name a later revision"));
        }
        there.push(path);
    }
    let read = project::read_with(&there, &project.overrides, references).into_iter();
    let found = read.into_iter().find(|(found, _)| found.root == exported.root);
    let help = "in a checkout of that revision `policyc check` says more";
    let (mut old, mut sink) =
        found.ok_or_else(|| no("the project is not in that revision".to_owned(), help))?;
    old.settings.strict |= project.settings.strict;
    let compiled = if sink.has_errors() {
        None
    } else {
        pipeline::compile(&old.files, &old.settings, &mut sink)
    };
    let Some(compiled) = compiled else {
        let (findings, _) = sink.finish();
        let first = findings.iter().find(|found| found.severity == Severity::Error);
        let why = first.map_or(String::new(), |found| format!(": {}", found.message));
        return Err(no(format!("it does not compile{why}"), help));
    };
    pipeline::load_own(&compiled).map_err(|found| no(found.message.clone(), help))
}

/// Whether `path` lies in the repository that the working directory lies in.
#[must_use]
pub fn in_this_checkout(path: &Path) -> bool {
    let top = git(Path::new("."), &["rev-parse", "--show-toplevel"]);
    let Ok((true, top)) = top else { return false };
    let top = PathBuf::from(String::from_utf8_lossy(&top).trim_end_matches(['\n', '\r']));
    match (fs::canonicalize(top), fs::canonicalize(path)) {
        (Ok(top), Ok(path)) => path.starts_with(top),
        (Err(_), _) | (_, Err(_)) => false,
    }
}

/// A file of a revision.
struct Entry {
    /// The name of its content.
    object: String,
    /// From the root of the project.
    path: PathBuf,
}

/// Asks `git`: whether it did what it was told, and what it printed.
type GitCommand<'a> = dyn Fn(&[&str]) -> Result<(bool, Vec<u8>), RevisionError> + 'a;

/// The commit that `rev` names, as `git` calls it.
fn commit(
    rev: &str,
    ask: &GitCommand<'_>,
    no: &dyn Fn(String, &'static str) -> RevisionError,
) -> Result<String, RevisionError> {
    let (inside, _) = ask(&["rev-parse", "--show-prefix"])?;
    if !inside {
        let help = "name a bundle, or run this in the repository of the project";
        return Err(no("this is no directory of a git repository".to_owned(), help));
    }
    let commit = format!("{rev}^{{commit}}");
    // An option is no revision.
    let (found, object) = ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])?;
    let object = String::from_utf8_lossy(&object).trim().to_owned();
    if !found || object.is_empty() {
        let why = "it is neither a bundle nor a revision of this repository".to_owned();
        return Err(no(why, "`git log` shows the revisions"));
    }
    Ok(object)
}

/// Takes the files below `root` out of revision `rev`.
///
/// # Errors
/// Where `root` lies in no repository, where there is no such revision or nothing
/// below `root` in it, and where the files cannot be written.
fn export(rev: &str, root: &Path) -> Result<ExportedRevision, RevisionError> {
    let no = |why: String, help| RevisionError { rev: rev.to_owned(), why, help };
    let ask = |arguments: &[&str]| {
        git(root, arguments).map_err(|error| no(error, "revisions are asked of the program `git`"))
    };
    let object = commit(rev, &ask, &no)?;
    // In a directory that the revision does not have, nothing is listed.
    let (_, tree) = ask(&["ls-tree", "-r", "-z", "-l", &object, "."])?;
    let entries: Vec<Entry> = tree.split(|byte| *byte == 0).filter_map(entry).collect();
    if entries.is_empty() {
        let why = "the project is not in that revision".to_owned();
        return Err(no(why, "name a later revision"));
    }
    let folder = folder().map_err(|error| no(error, "see to the directory for temporary files"))?;
    let exported = ExportedRevision { root: folder.clone(), folder };
    write(root, &entries, &exported.root)
        .map_err(|why| no(why, "see to the directory for temporary files"))?;
    Ok(exported)
}

/// A line of `ls-tree`: mode, kind, object, size, path. What is no file, has a path that leaves the
/// directory, or is longer than a source may be, is passed over.
fn entry(line: &[u8]) -> Option<Entry> {
    let text = std::str::from_utf8(line).ok()?;
    let (about, path) = text.split_once('\t')?;
    let mut words = about.split_ascii_whitespace();
    let (mode, kind, object) = (words.next()?, words.next()?, words.next()?);
    let size: usize = words.next()?.parse().ok()?;
    let path = PathBuf::from(path);
    let inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    let is_file = kind == "blob" && mode.starts_with("100");
    (is_file && inside && size <= SOURCE_BYTES_MAX)
        .then(|| Entry { object: object.to_owned(), path })
}

/// A new directory for temporary files.
fn folder() -> Result<PathBuf, String> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder =
        std::env::temp_dir().join(format!("policyc-revision-{}-{number}", std::process::id()));
    fs::create_dir(&folder).map_err(|error| {
        let shown = folder.display();
        format!("`{shown}` cannot be made: {}", reason(&error))
    })?;
    // The project begins here: no configuration above this directory is one of it.
    fs::canonicalize(&folder).map_err(|error| reason(&error))
}

/// Writes the files to `folder`. Their contents come from one `git cat-file`: for each object that
/// is asked for a line with its length, its bytes, and a line break.
fn write(root: &Path, entries: &[Entry], folder: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| reason(&error);
    let mut command = Command::new("git");
    command.args(["cat-file", "--batch"]).current_dir(root);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(failed)?;
    let (Some(mut ask), Some(answer)) = (child.stdin.take(), child.stdout.take()) else {
        return Err("`git cat-file` cannot be asked".to_owned());
    };
    let mut answer = BufReader::new(answer);
    for entry in entries {
        writeln!(ask, "{}", entry.object).map_err(failed)?;
        let mut head = String::new();
        answer.read_line(&mut head).map_err(failed)?;
        let length: Option<u64> =
            head.split_ascii_whitespace().nth(2).and_then(|it| it.parse().ok());
        let length = length.ok_or("`git cat-file` gives no such object")?;
        let mut bytes = Vec::new();
        answer.by_ref().take(length + 1).read_to_end(&mut bytes).map_err(failed)?;
        bytes.pop();
        let path = folder.join(&entry.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        fs::write(&path, bytes).map_err(failed)?;
    }
    drop(ask);
    child.wait().map_err(failed)?;
    Ok(())
}

/// Whether `git` did what it was told, and what it printed.
fn git(root: &Path, arguments: &[&str]) -> Result<(bool, Vec<u8>), String> {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(root).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().map_err(|error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            return "the program `git` is not there".to_owned();
        }
        format!("the program `git` cannot be started: {}", reason(&error))
    })?;
    Ok((output.status.success(), output.stdout))
}

/// The lines of a project that a revision does not have like that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangedLines {
    /// By path from the root of the project: first and last line, counted from 1.
    lines: BTreeMap<String, Vec<(u32, u32)>>,
    /// Files that the repository does not know.
    new: BTreeSet<String>,
}

impl ChangedLines {
    /// Whether one of the lines `first..=last` of a file changed.
    #[must_use]
    pub fn touches(&self, path: &str, first: u32, last: u32) -> bool {
        let lines = self.lines.get(path).map_or(&[][..], Vec::as_slice);
        self.new.contains(path) || lines.iter().any(|(from, to)| *from <= last && first <= *to)
    }
}

/// The lines below `root` that differ from revision `rev`.
///
/// # Errors
/// Where `root` lies in no repository, or there is no such revision.
pub fn changed(rev: &str, root: &Path) -> Result<ChangedLines, RevisionError> {
    let no = |why: String, help| RevisionError { rev: rev.to_owned(), why, help };
    let ask = |arguments: &[&str]| {
        git(root, arguments).map_err(|error| no(error, "revisions are asked of the program `git`"))
    };
    let object = commit(rev, &ask, &no)?;
    let compare = ["-c", "core.quotePath=false", "diff", "--no-color", "--no-ext-diff", "-U0"];
    let rest = ["--no-prefix", "--relative", &object, "--", "."];
    let (done, text) = ask(&[&compare[..], &rest[..]].concat())?;
    if !done {
        return Err(no("`git diff` fails".to_owned(), "`git status` says more"));
    }
    let (_, new) = ask(&["ls-files", "--others", "--exclude-standard", "-z"])?;
    let name = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    Ok(ChangedLines {
        lines: hunks(&String::from_utf8_lossy(&text)),
        new: new.split(|byte| *byte == 0).filter(|it| !it.is_empty()).map(name).collect(),
    })
}

/// The lines that hunks add, or stand beside what they take away.
fn hunks(text: &str) -> BTreeMap<String, Vec<(u32, u32)>> {
    let mut found: BTreeMap<String, Vec<(u32, u32)>> = BTreeMap::new();
    let mut path = "";
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("+++ ") {
            path = name.trim_end_matches('\t');
        } else if let Some(head) = line.strip_prefix("@@ ")
            && let Some(added) = head.split(' ').find_map(|part| part.strip_prefix('+'))
        {
            let (first, count) = added.split_once(',').unwrap_or((added, "1"));
            let (Ok(first), Ok(count)) = (first.parse::<u32>(), count.parse::<u32>()) else {
                continue;
            };
            let last = if count == 0 { first + 1 } else { first + (count - 1) };
            found.entry(path.to_owned()).or_default().push((first, last));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{ChangedLines, hunks};

    #[test]
    fn hunks_name_the_lines_that_they_add() {
        let text = "diff --git a/p.yaml p.yaml\n--- p.yaml\n+++ p.yaml\n@@ -3 +3,2 @@ rules:\n-a\n\
                    +b\n+c\n@@ -9,2 +10,0 @@\n-d\n-e\n";
        let changed = ChangedLines { lines: hunks(text), ..ChangedLines::default() };
        let touches = |first, last| changed.touches("p.yaml", first, last);
        assert_eq!([touches(1, 2), touches(2, 3), touches(4, 8)], [false, true, true]);
        assert_eq!([touches(5, 9), touches(10, 10), touches(11, 20)], [false, true, true]);
        assert!(!changed.touches("q.yaml", 3, 3));
    }
}
