//! A copy of the project in which each change can be chosen. Changes that do not compile are left
//! out, one after the other, until what is left compiles.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value as Json;

use crate::find::{Found, Text, find};

/// What the copied library asks to choose by.
const PLANTED: &str = include_str!("planted.rs.txt");
/// The number of what is left out, which nobody chooses.
const NEVER: usize = 999_999;
/// The compiler of the copy.
const COMPILER: &str = "rustc";
/// What is not copied.
const LEFT: &[&str] = &["target", ".git", "mutants", "node_modules"];

/// A change of a file.
pub(crate) struct Planted {
    /// Its name, with the line that it is in.
    pub(crate) name: String,
    /// Its name without the line, which outlasts other changes of the file.
    pub(crate) key: String,
    /// The name of all changes of its function.
    pub(crate) all: String,
    pub(crate) file: PathBuf,
    pub(crate) is_viable: bool,
}

struct Source {
    path: PathBuf,
    text: String,
    found: Found,
    /// The number of its first change.
    first: usize,
}

pub(crate) fn plant(
    project: &Path,
    work: &Path,
    prefixes: &[PathBuf],
) -> Result<Vec<Planted>, String> {
    copy(project, work, Path::new(""), prefixes).map_err(|why| format!("copying: {why}"))?;
    let mut sources = Vec::new();
    let mut planted = Vec::new();
    for prefix in prefixes {
        collect(project, prefix, &mut sources, &mut planted)?;
    }
    let list = work.join("unviable.txt");
    let known = fs::read_to_string(&list).unwrap_or_default();
    let mut known: BTreeSet<String> = known.lines().map(str::to_owned).collect();
    for one in &mut planted {
        one.is_viable = !known.contains(&one.name);
    }
    let work = &std::path::absolute(work).map_err(|why| why.to_string())?;
    let library = fs::read_to_string(project.join("src/lib.rs")).map_err(|why| why.to_string())?;
    let head = "#![feature(const_eval_select, core_intrinsics)]\n#![allow(internal_features)]\n";
    write(&work.join("src/lib.rs"), &format!("{head}{library}\npub mod planted;\n"))?;
    write(&work.join("src/planted.rs"), PLANTED)?;
    compiler(work)?;
    for round in 1.. {
        let mut blocks = Vec::new();
        for source in &sources {
            let (text, ranges) = source.render(&planted);
            write(&work.join(&source.path), &text)?;
            blocks.push(ranges);
        }
        let bad = bad(work, &sources, &blocks)?;
        if bad.is_empty() {
            break;
        }
        println!("round {round}: {} changes do not compile", bad.len());
        for number in bad {
            if !planted[number].is_viable {
                return Err(format!("{} does not compile, left out or not", planted[number].name));
            }
            planted[number].is_viable = false;
            known.insert(planted[number].name.clone());
        }
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        fs::write(&list, names.join("\n")).map_err(|why| why.to_string())?;
    }
    let unviable = planted.iter().filter(|one| !one.is_viable).count();
    println!("{} changes, of which {unviable} do not compile", planted.len());
    Ok(planted)
}

/// Writes a file if it says something else, so that nothing is compiled for nothing.
fn write(path: &Path, text: &str) -> Result<(), String> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(path, text).map_err(|why| format!("{}: {why}", path.display()))
}

/// Copies what is not copied yet, but for the files that changes go into.
fn copy(from: &Path, to: &Path, under: &Path, but: &[PathBuf]) -> io::Result<()> {
    fs::create_dir_all(to.join(under))?;
    for entry in fs::read_dir(from.join(under))? {
        let entry = entry?;
        let path = under.join(entry.file_name());
        let is_left =
            LEFT.iter().any(|left| path == Path::new(left)) || path.ends_with("node_modules");
        if is_left || path == Path::new("src/lib.rs") {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(from, to, &path, but)?;
        } else if !(is_changed(&path) && but.iter().any(|prefix| path.starts_with(prefix))) {
            let bytes = fs::read(from.join(&path))?;
            if fs::read(to.join(&path)).ok().as_ref() != Some(&bytes) {
                fs::copy(from.join(&path), to.join(&path))?;
            }
        }
    }
    Ok(())
}

/// Whether a file is a source that is no test.
fn is_changed(path: &Path) -> bool {
    let is_test = |part: &std::ffi::OsStr| part == "tests" || part == "tests.rs";
    path.extension().is_some_and(|ending| ending == "rs") && !path.iter().any(is_test)
}

fn collect(
    project: &Path,
    path: &Path,
    sources: &mut Vec<Source>,
    planted: &mut Vec<Planted>,
) -> Result<(), String> {
    let full = project.join(path);
    if full.is_dir() {
        let entries = fs::read_dir(&full).map_err(|why| why.to_string())?;
        let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        names.sort();
        for name in names {
            collect(project, &path.join(name), sources, planted)?;
        }
        return Ok(());
    }
    if !is_changed(path) {
        return Ok(());
    }
    let text = fs::read_to_string(&full).map_err(|why| format!("{}: {why}", path.display()))?;
    let found = find(&text).map_err(|why| format!("{}: {why}", path.display()))?;
    let (first, mut met) = (planted.len(), BTreeMap::new());
    for change in &found.changes {
        let name = format!("{}:{}: {}", path.display(), change.line, change.what);
        let key = format!("{}: {}", path.display(), change.what);
        let [name, key] = [name, key].map(|name| once(&mut met, name));
        let function = change.what.rsplit(" in ").next().unwrap_or_default();
        let all = format!("{}: * in {function}", path.display());
        planted.push(Planted { name, key, all, file: path.to_owned(), is_viable: true });
    }
    sources.push(Source { path: path.to_owned(), text, found, first });
    Ok(())
}

/// A name that nothing else has: that of the second is told from that of the first.
fn once(met: &mut BTreeMap<String, usize>, name: String) -> String {
    let count = met.entry(name.clone()).or_default();
    *count += 1;
    if *count == 1 { name } else { format!("{name} ({count})") }
}

impl Source {
    /// The text with its changes, and where each stands.
    fn render(&self, planted: &[Planted]) -> (String, Vec<(Range<usize>, usize)>) {
        let (mut out, mut ranges, mut last) = (String::new(), Vec::new(), 0);
        for piece in &self.found.pieces {
            out.push_str(&self.text[last..piece.at]);
            last = piece.at;
            match &piece.text {
                Text::Plain(text) => out.push_str(text),
                Text::Chosen { change, before, after } => {
                    let number = self.first + change;
                    let start = out.len();
                    // What only adds to the code is left out; of what else there may be two, the
                    // code stays as it is and is never chosen.
                    if planted[number].is_viable {
                        out.push_str(&format!("{before}{number}{after}"));
                    } else if !before.starts_with(" if ") {
                        out.push_str(&format!("{before}{NEVER}{}", left_out(after)));
                    }
                    ranges.push((start..out.len(), number));
                }
            }
        }
        out.push_str(&self.text[last..]);
        (out, ranges)
    }
}

/// What stands in the place of code that does not compile.
fn left_out(after: &str) -> &str {
    match after.starts_with(") {") {
        true => ") { panic!(\"left out\") } ",
        false => after,
    }
}

/// The changes that do not compile.
fn bad(
    work: &Path,
    sources: &[Source],
    blocks: &[Vec<(Range<usize>, usize)>],
) -> Result<BTreeSet<usize>, String> {
    let output = cargo(work)
        .args(["check", "--lib", "--locked", "--message-format=json", "-q"])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|why| why.to_string())?;
    let mut bad = BTreeSet::new();
    let mut told = String::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(json) = serde_json::from_str::<Json>(line) else { continue };
        let message = &json["message"];
        if message["level"] != "error" {
            continue;
        }
        told.push_str(message["rendered"].as_str().unwrap_or_default());
        let spans = message["spans"].as_array().into_iter().flatten();
        let places: Vec<(usize, usize, bool)> =
            spans.filter_map(|span| place(sources, span)).collect();
        let around = places.iter().find_map(|&(file, at, _)| around(&blocks[file], at));
        let before = || {
            let mut primary = places.iter().filter(|(_, _, is_primary)| *is_primary);
            primary.find_map(|&(file, at, _)| before(&blocks[file], at))
        };
        bad.extend(around.or_else(before));
    }
    if !output.status.success() && bad.is_empty() {
        return Err(format!("the copy does not compile:\n{told}"));
    }
    Ok(bad)
}

/// Which file a part of an error is about, where in it, and whether it is the error itself.
fn place(sources: &[Source], span: &Json) -> Option<(usize, usize, bool)> {
    let name = Path::new(span["file_name"].as_str()?);
    let file = sources.iter().position(|it| name.ends_with(&it.path))?;
    let at = usize::try_from(span["byte_start"].as_u64()?).ok()?;
    Some((file, at, span["is_primary"] == true))
}

/// The change that stands around a place.
fn around(blocks: &[(Range<usize>, usize)], at: usize) -> Option<usize> {
    let found = blocks.iter().find(|(range, _)| range.contains(&at));
    found.map(|&(_, number)| number)
}

/// The last change in front of a place.
fn before(blocks: &[(Range<usize>, usize)], at: usize) -> Option<usize> {
    let found = blocks.iter().take_while(|(range, _)| range.start <= at).last();
    found.map(|&(_, number)| number)
}

/// Cargo in the copy. The compiler lets the copy alone have what the planted intrinsic needs, so
/// that the crates of others are compiled as ever.
pub(crate) fn cargo(work: &Path) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(work).env("RUSTC_WORKSPACE_WRAPPER", work.join(COMPILER));
    cargo
}

/// Writes the compiler of the copy.
fn compiler(work: &Path) -> Result<(), String> {
    let path = work.join(COMPILER);
    write(&path, "#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec \"$@\"\n")?;
    let may = fs::Permissions::from_mode(0o755);
    fs::set_permissions(&path, may).map_err(|why| why.to_string())
}
