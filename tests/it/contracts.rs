//! The contracts that files open with: what `Imports:` says is what a file imports.
//!
//! `UPDATE=1` writes the line anew.

use std::collections::BTreeSet;
use std::fs;

use crate::tidy::{code, files, imports, module, read, root};

/// Floors of which the rooms are named, not the floor.
const DIVIDED: &[&str] = &["cli", "compiler", "runtime", "tools"];

const START: &str = "//! Imports: ";
const COLUMNS: usize = 100;

/// The room that a path from the root of the crate lies in.
fn room(path: &str) -> String {
    let mut parts = path.split("::");
    let floor = parts.next().unwrap_or_default();
    let below = parts.next().filter(|part| part.starts_with(|c: char| c.is_ascii_lowercase()));
    match below {
        Some(below) if DIVIDED.contains(&floor) => format!("{floor}::{below}"),
        _ => floor.to_owned(),
    }
}

/// The lines that say what the source imports.
fn contract(path: &str) -> String {
    let own = room(&module(path));
    let code = code(path);
    let is_room = |there: &&str| there.starts_with(|c: char| c.is_ascii_lowercase());
    // A function at the root of the crate, or a macro, is no room.
    let found = imports(&code).filter(is_room).filter(|there| there.contains("::")).map(room);
    let all: BTreeSet<String> = found.collect();
    let others: Vec<&str> = all.iter().map(String::as_str).filter(|it| *it != own).collect();
    let mut text = START.trim_end().to_owned();
    if others.is_empty() {
        text += if all.is_empty() { " nothing of ours." } else { " its own room alone." };
        return text + "\n";
    }
    let mut columns = text.len();
    for (at, other) in others.iter().enumerate() {
        let end = if at + 1 == others.len() { "." } else { "," };
        let word = format!("`{other}`{end}");
        if columns + 1 + word.len() > COLUMNS {
            text += "\n//!         ";
            columns = START.len() - 1;
        }
        text += " ";
        text += &word;
        columns += 1 + word.len();
    }
    text + "\n"
}

/// Where the lines stand that say so today, if any do.
fn stands(text: &str) -> Option<(usize, usize)> {
    let start = text.lines().scan(0, |at, line| {
        let start = *at;
        *at += line.len() + 1;
        Some((start, line))
    });
    let mut lines = start.skip_while(|(_, line)| !line.starts_with(START));
    let (from, first) = lines.next()?;
    let more = lines.take_while(|(_, line)| line.starts_with("//!         "));
    let to = more.last().map_or(from + first.len() + 1, |(at, line)| at + line.len() + 1);
    Some((from, to))
}

#[test]
fn what_contracts_say_of_imports_is_so() {
    let mut found = Vec::new();
    for path in files("src", "rs") {
        let text = read(&path);
        let Some((from, to)) = stands(&text) else { continue };
        let wanted = contract(&path);
        if text[from..to] == wanted {
            continue;
        }
        if std::env::var_os("UPDATE").is_some() {
            let new = format!("{}{wanted}{}", &text[..from], &text[to..]);
            fs::write(root().join(&path), new).expect("a source can be written");
        } else {
            found.push(format!("{path}: {}", wanted.trim_end()));
        }
    }
    assert!(
        found.is_empty(),
        "contracts must say what is imported (`UPDATE=1` writes it):\n  {}",
        found.join("\n  ")
    );
}
