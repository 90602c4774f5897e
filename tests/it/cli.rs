//! Transcripts: what a user types and sees.
//!
//! A case in `tests/cases/cli` is a text file. `=== PATH` starts a file of the directory that the
//! commands run in, and `===` alone ends the files. Then follow commands, each with what it prints
//! on both streams and `[exit N]`. `policyc` is the real program; `ls`, `cat`, `rm` and what makes
//! audit logs and damages them (`log`, `change`, `cut`) are built in.
//! `UPDATE=1` writes what came into the case; review it as a diff.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use policyc::cli::COMMANDS;

use crate::audit::written_to;
use crate::support::run::{Folder, policyc};

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/cli")
}

#[expect(clippy::disallowed_methods, reason = "a test may read its cases")]
fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The directory that the commands of a case run in.
fn work(folder: &Folder) -> PathBuf {
    folder.path().join("work")
}

/// Writes the files of a case; returns the text of its commands and where it starts.
fn unpack(text: &str, folder: &Path) -> usize {
    let mut file: Option<(PathBuf, String)> = None;
    let mut at = 0;
    let write = |file: Option<(PathBuf, String)>| {
        if let Some((path, text)) = file {
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(&path, text).expect("a file of the case");
        }
    };
    for line in text.split_inclusive('\n') {
        if let Some(name) = line.trim_end().strip_prefix("===") {
            write(file.take());
            if name.trim().is_empty() {
                return at + line.len();
            }
            file = Some((folder.join(name.trim()), String::new()));
        } else if let Some((_, text)) = &mut file {
            text.push_str(line);
        } else if line.starts_with('$') {
            return at;
        }
        at += line.len();
    }
    at
}

/// Words at blanks; single or double quotes hold a word together.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote, mut open) = (String::new(), None, false);
    for c in line.chars() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (None, '"' | '\'') => (quote, open) = (Some(c), true),
            (None, ' ') if word.is_empty() && !open => {}
            (None, ' ') => {
                words.push(std::mem::take(&mut word));
                open = false;
            }
            (Some(_) | None, c) => word.push(c),
        }
    }
    if !word.is_empty() || open {
        words.push(word);
    }
    words
}

/// Runs one line in `work`; what both streams showed, in order, and the exit code.
fn run(line: &str, folder: &Folder) -> (String, i32) {
    let work = work(folder);
    let (line, input) = line.split_once(" < ").map_or((line, None), |(a, b)| (a, Some(b)));
    let words = words(line);
    let (program, arguments) = words.split_first().expect("a command");
    match program.as_str() {
        "policyc" => {}
        "ls" => return (list(&work, &work), 0),
        "cat" => return (arguments.iter().map(|name| read(&work.join(name))).collect(), 0),
        // An audit log of so many records, or as many more behind those that are there.
        "log" => {
            written_to(&work.join(&arguments[0]), arguments[1].parse().expect("a number"), None);
            return (String::new(), 0);
        }
        // Changes a bit of a byte.
        "change" => {
            let path = work.join(&arguments[0]);
            let mut bytes = fs::read(&path).expect("the file");
            bytes[arguments[1].parse::<usize>().expect("a number")] ^= 1;
            fs::write(&path, bytes).expect("the file");
            return (String::new(), 0);
        }
        // Cuts a file to so many bytes.
        "cut" => {
            let file = File::options().write(true).open(work.join(&arguments[0]));
            let length = arguments[1].parse().expect("a number");
            file.and_then(|file| file.set_len(length)).expect("the file");
            return (String::new(), 0);
        }
        "rm" => {
            fs::remove_file(work.join(&arguments[0])).expect("the file");
            return (String::new(), 0);
        }
        other => panic!("a case cannot run `{other}`"),
    }
    let shown = folder.path().join("shown");
    let both = File::create(&shown).expect("a file for what is shown");
    let stdin = input.map_or(Stdio::null(), |name| {
        File::open(work.join(name.trim())).expect("the input").into()
    });
    let status = policyc(&work)
        .args(arguments)
        .stdin(stdin)
        .stdout(both.try_clone().expect("one more handle"))
        .stderr(both)
        .status()
        .expect("policyc runs");
    (read(&shown), status.code().unwrap_or(-1))
}

/// Every file below `folder`, one a line.
fn list(folder: &Path, base: &Path) -> String {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()).collect();
    entries.sort();
    let line = |path: &PathBuf| {
        if path.is_dir() {
            return list(path, base);
        }
        format!("{}\n", path.strip_prefix(base).expect("below").display())
    };
    entries.iter().map(line).collect()
}

/// What differs from run to run is replaced.
fn settled(text: &str) -> String {
    let times = regex::Regex::new(r"\d+(\.\d+)? (ns|us|ms|s)\b").expect("a pattern");
    let text = times.replace_all(text, "N ms").replace(env!("CARGO_PKG_VERSION"), "VERSION");
    let named = regex::Regex::new("@[0-9a-f]{12}\\b").expect("a pattern");
    let rates = regex::Regex::new(r"· [0-9.]+ (M|k)?/s").expect("a pattern");
    let sizes = regex::Regex::new(r"\d+\.\d KiB").expect("a pattern");
    let digests = regex::Regex::new("sha256:[0-9a-f]+").expect("a pattern");
    let tzdata = regex::Regex::new("tzdata [0-9]{4}[a-z]").expect("a pattern");
    let text = digests.replace_all(&text, "sha256:DIGEST");
    // Keys are new ones each time, and digests of others stand without a name.
    let keys = regex::Regex::new("(ed25519:|RW)[A-Za-z0-9+/]{43,54}=?").expect("a pattern");
    let text = keys.replace_all(&text, "${1}KEY");
    let hex = regex::Regex::new(r"\b[0-9a-f]{64}\b").expect("a pattern");
    let text = hex.replace_all(&text, "HEX");
    let zones = regex::Regex::new("\"tzdb\":\"[^\"]+\"").expect("a pattern");
    let text = zones.replace_all(&text, "\"tzdb\":\"VERSION\"");
    let text = rates.replace_all(&text, "· N /s");
    let text = named.replace_all(&text, "@DIGEST");
    let text = sizes.replace_all(&text, "N KiB");
    let text = tzdata.replace_all(&text, "tzdata VERSION");
    let mut kept = String::new();
    for line in text.lines() {
        kept.push_str(line.trim_end());
        kept.push('\n');
    }
    kept
}

/// What the case would be if what came were right.
fn replay(name: &str, text: &str) -> String {
    let folder = Folder::new(&format!("cli-{name}"));
    fs::create_dir(work(&folder)).expect("a directory for the commands");
    let start = unpack(text, &work(&folder));
    let mut now = text[..start].to_owned();
    let commands = text[start..].lines().filter_map(|line| line.strip_prefix("$ "));
    for (nth, line) in commands.enumerate() {
        let (shown, exit) = run(line, &folder);
        let gap = if nth == 0 { "" } else { "\n" };
        let _ = write!(now, "{gap}$ {line}\n{}[exit {exit}]\n", settled(&shown));
    }
    now
}

#[test]
fn transcripts_are_true() {
    let mut wrong = Vec::new();
    let mut paths: Vec<PathBuf> =
        fs::read_dir(cases()).expect("the cases").flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = read(&path);
        let now = replay(&name, &text);
        if now == text {
            continue;
        }
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &now).expect("the case is written");
        } else {
            wrong.push(format!("{name}.txt, which would now be:\n{now}"));
        }
    }
    assert!(wrong.is_empty(), "transcripts that are no longer true:\n{}", wrong.join("\n"));
}

#[test]
fn every_command_has_a_transcript() {
    for command in COMMANDS {
        let path = cases().join(format!("{}.txt", command.name));
        assert!(path.exists(), "{} shows how `{}` is used", path.display(), command.name);
    }
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_policyc"))
        .args(["explain", "--all"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("policyc runs");
    drop(child.stdout.take());
    let ended = child.wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(0));
    assert!(ended.stderr.is_empty(), "{}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn colours_follow_the_options() {
    let coloured = |arguments: &[&str], no_color: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_policyc"))
            .args(arguments)
            .env("NO_COLOR", no_color)
            .output()
            .expect("policyc runs");
        [output.stdout, output.stderr].concat().contains(&0x1b)
    };
    assert!(!coloured(&["explain", "E0302"], ""), "no terminal, no colours");
    assert!(coloured(&["explain", "E0302", "--color", "always"], "1"), "asked for");
    assert!(!coloured(&["explain", "E0302", "--color", "never"], ""), "refused");
}

#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_is_full_is_an_error() {
    for words in [["explain", "--all"], ["help", "eval"]] {
        let full = File::options().write(true).open("/dev/full").expect("the device that is full");
        let child = Command::new(env!("CARGO_BIN_EXE_policyc"))
            .args(words)
            .stdout(full)
            .stderr(Stdio::piped())
            .spawn()
            .expect("policyc runs");
        let ended = child.wait_with_output().expect("it ends");
        assert_eq!(ended.status.code(), Some(2), "{words:?}");
        let said = String::from_utf8_lossy(&ended.stderr);
        let wanted = "error[P0906]: standard output cannot be written: no storage space\n";
        assert!(said.contains(wanted), "{said}");
    }
}
