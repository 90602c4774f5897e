//! The consoles of `docs/replay.md` about the traces of AgentDojo show what the program shows.
//!
//! They run in the order of the page, in a directory that has what they name; only how long a
//! command took and ids that are made anew may differ. `UPDATE=1` writes what came into the page;
//! review it as a diff. A console that shows nothing is run for those behind it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::cli::words;
use crate::support::folder::data;
use crate::support::run::{Folder, policyc};

/// What marks a console that is run.
const ABOUT: &str = "examples/agent-";

/// Commands that are not run, by what they hold, and why.
const LEFT_OUT: [(&str, &str); 3] = [
    ("changed.pdr.jsonl", "a log that a gateway chained, and somebody changed"),
    ("replay pack", "the default build has no packs"),
    ("duckdb", "a program of others"),
];

/// The candidates that are called `new`: an example, with these texts changed.
const CANDIDATES: [(&str, &[(&str, &str)]); 2] = [
    ("agent-banking", &[("amount > 10000.0", "amount > 5000.0"), ("<= 2500.0", "<= 100.0")]),
    ("agent-workspace", &[(".size() > 4", ".size() > 2")]),
];

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A directory with the traces, the maps and the examples.
fn place() -> Folder {
    let folder = Folder::new("consoles");
    let traces = data("AGENTDOJO_DIR", "../shared/agentdojo");
    for suite in ["banking", "workspace"] {
        copy(&traces.join(suite), &folder.path().join(suite));
    }
    for (name, _) in CANDIDATES {
        let below = format!("examples/{name}");
        copy(&package().join(&below), &folder.path().join(below));
    }
    copy(&package().join("docs/maps"), &folder.path().join("docs/maps"));
    folder
}

/// Copies the files of a directory.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_file() {
            fs::copy(&path, to.join(entry.file_name())).expect("a copy");
        }
    }
}

/// Makes the candidate of a command.
fn make_candidate(folder: &Path, command: &str) {
    let named = |(name, _): &&(&str, _)| command.contains(&format!("examples/{name}"));
    let (name, changes) = CANDIDATES.iter().find(named).expect("an example");
    let new = folder.join("new");
    drop(fs::remove_dir_all(&new));
    copy(&folder.join("examples").join(name), &new);
    let path = new.join(format!("{name}.yaml"));
    let mut text = fs::read_to_string(&path).expect("the policy");
    for (from, to) in *changes {
        assert_eq!(text.matches(from).count(), 1, "`{from}` stands in {name} once");
        text = text.replace(from, to);
    }
    fs::write(path, text).expect("a file");
}

/// What a command of a console prints.
fn printed(folder: &Path, command: &str) -> String {
    if command == "jq -c .ctx imported.jsonl > calls.jsonl" {
        let records = fs::read_to_string(folder.join("imported.jsonl")).expect("records");
        let mut contexts = String::new();
        for line in records.lines() {
            let record: Json = serde_json::from_str(line).expect("JSON");
            writeln!(contexts, "{}", record["ctx"]).expect("a string takes everything");
        }
        fs::write(folder.join("calls.jsonl"), contexts).expect("a file");
        return String::new();
    }
    if command.contains("--to new") {
        make_candidate(folder, command);
    }
    let arguments = words(command.strip_prefix("policyc ").expect("a command of ours"));
    let output = policyc(folder).args(arguments).output().expect("policyc runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// A line without what is another one each time: how long something took, and fresh ids.
fn lasting(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    let mut found: Vec<&str> = Vec::new();
    for word in line.split_whitespace() {
        let is_time = ["ns", "µs", "ms", "s", "/s", "k/s", "M/s"].contains(&word);
        let is_id = word.len() == 26 && word.starts_with("01");
        if is_time {
            found.pop();
        }
        found.push(if is_time {
            "TIME"
        } else if is_id {
            "ID"
        } else {
            word
        });
    }
    format!("{}{}", " ".repeat(indent), found.join(" "))
}

fn all_lasting(text: &str) -> Vec<String> {
    text.trim_end().lines().map(lasting).collect()
}

#[test]
fn consoles_of_replay_are_true() {
    let path: PathBuf = package().join("docs/replay.md");
    let page = fs::read_to_string(&path).expect("the page");
    let folder = place();
    let (mut anew, mut wrong, mut shown) = (String::new(), String::new(), 0);
    let mut blocks = page.split("```");
    anew += blocks.next().expect("a beginning");
    // Blocks and what is between them, in turn.
    for (at, block) in blocks.enumerate() {
        anew += "```";
        let is_run = at % 2 == 0 && block.starts_with("console") && block.contains(ABOUT);
        let mut parts = block.split("\n$ ");
        anew += parts.next().expect("a beginning");
        for part in parts {
            let (command, output) = part.split_once('\n').unwrap_or((part, ""));
            let is_left_out = LEFT_OUT.iter().any(|(what, _)| command.contains(what));
            let now = if is_run && !is_left_out {
                printed(folder.path(), command)
            } else {
                String::new()
            };
            anew += "\n$ ";
            let is_compared = !now.is_empty() && !output.trim().is_empty();
            shown += usize::from(is_compared);
            if !is_compared || all_lasting(&now) == all_lasting(output) {
                anew += part;
                continue;
            }
            write!(wrong, "$ {command}\n{now}\n").expect("a string takes everything");
            let ending = &output[output.trim_end().len()..];
            anew.extend([command, "\n", now.trim_end(), ending]);
        }
    }
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, anew).expect("the page can be written");
        return;
    }
    assert!(wrong.is_empty(), "docs/replay.md shows something else:\n{wrong}");
    assert!(shown >= 9, "{shown} consoles were compared");
}
