//! What the project depends on, held to `deny.toml` without `cargo-deny`: bans and sources, of the
//! crates that are linked and of those that fuzz and make mutants; licences of those of the
//! project, of which `cargo metadata` fetches what is not there.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value as Json;

/// Most crates that the runtime links.
const RUNTIME_CRATES_MAX: usize = 15;
/// .. and with trust.
const TRUST_CRATES_MAX: usize = 35;
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|why| panic!("{path}: {why}"))
}

/// The lines of the list `key` in the section `section` of `deny.toml`.
fn list<'a>(deny: &'a str, section: &str, key: &str) -> Vec<&'a str> {
    let (_, rest) = deny.split_once(&format!("[{section}]\n")).expect("a section");
    let section = rest.split_once("\n[").map_or(rest, |(own, _)| own);
    let (_, rest) = section.split_once(&format!("\n{key} = [\n")).expect("a list");
    rest.lines().take_while(|line| *line != "]").collect()
}

/// The texts between quotes in a line, in order.
fn quoted(line: &str) -> Vec<&str> {
    line.split('"').skip(1).step_by(2).collect()
}

/// The packages of a lock file: name, source, checksum.
fn locked(path: &str) -> Vec<(String, Option<String>, Option<String>)> {
    let text = text(path);
    let value = |package: &str, key: &str| {
        let line = package.lines().find_map(|line| line.strip_prefix(&format!("{key} = ")));
        line.map(|line| quoted(line)[0].to_owned())
    };
    let row =
        |it: &str| (value(it, "name").expect("a name"), value(it, "source"), value(it, "checksum"));
    text.split("[[package]]").skip(1).map(row).collect()
}

#[test]
fn crates_come_from_the_registry_by_their_sums_and_none_is_banned() {
    let deny = text("deny.toml");
    let banned: Vec<&str> =
        list(&deny, "bans", "deny").iter().map(|line| quoted(line)[0]).collect();
    assert!(banned.len() >= 5, "{banned:?}");
    for (path, least) in [("Cargo.lock", 100), ("fuzz/Cargo.lock", 100), ("mutants/Cargo.lock", 5)]
    {
        let packages = locked(path);
        assert!(packages.len() > least, "{path}");
        for (name, source, checksum) in &packages {
            assert!(!banned.contains(&name.as_str()), "{path}: {name} is banned");
            let own = matches!(name.as_str(), "policyc" | "policyc-fuzz" | "policyc-mutants");
            assert_eq!(source.as_deref(), (!own).then_some(REGISTRY), "{path}: {name}");
            assert_eq!(checksum.is_some(), !own, "{path}: {name} has no checksum");
        }
    }
}

/// Whether an expression of SPDX can be satisfied by what is allowed.
fn fits(expression: &str, allowed: &dyn Fn(&str) -> bool) -> bool {
    let text = expression.trim();
    // What stands in parentheses is one word of what is around it.
    let top = |word: &str| {
        let mut depth = 0_i32;
        let mut found = None;
        for (at, c) in text.char_indices() {
            depth += i32::from(c == '(') - i32::from(c == ')');
            if depth == 0 && text[at..].starts_with(word) {
                found = found.or(Some(at));
            }
        }
        found
    };
    for (word, any) in [(" OR ", true), ("/", true), (" AND ", false)] {
        if let Some(at) = top(word) {
            let sides = [&text[..at], &text[at + word.len()..]].map(|side| fits(side, allowed));
            return if any { sides[0] || sides[1] } else { sides[0] && sides[1] };
        }
    }
    match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => fits(inner, allowed),
        None => allowed(text),
    }
}

#[test]
fn licences_are_those_that_are_allowed() {
    let deny = text("deny.toml");
    let allowed: Vec<&str> =
        list(&deny, "licenses", "allow").iter().map(|line| quoted(line)[0]).collect();
    let exceptions: Vec<Vec<&str>> =
        list(&deny, "licenses", "exceptions").iter().map(|line| quoted(line)).collect();
    assert!(allowed.len() >= 5, "{allowed:?}");
    let said = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--all-features"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let metadata: Json = serde_json::from_slice(&said.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100);
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let own = exceptions.iter().find(|row| row[0] == name).map_or(&[][..], |row| &row[1..]);
        let licence = package["license"].as_str().unwrap_or_default();
        let is_allowed = |word: &str| allowed.contains(&word) || own.contains(&word);
        assert!(fits(licence, &is_allowed), "{name}: {licence}");
    }
}

#[test]
fn expressions_of_licences_are_read() {
    let allowed = |word: &str| matches!(word, "MIT" | "Zlib");
    for (expression, wanted) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("", false),
        ("GPL-3.0 OR MIT", true),
        ("Apache-2.0/MIT", true),
        ("MIT AND GPL-3.0", false),
        ("(MIT OR GPL-3.0) AND Zlib", true),
        ("(MIT OR Zlib) AND GPL-3.0", false),
        ("GPL-3.0 OR MIT AND Zlib", true),
        ("Apache-2.0 WITH LLVM-exception", false),
    ] {
        assert_eq!(fits(expression, &allowed), wanted, "{expression}");
    }
}

#[test]
fn the_runtime_links_few_crates() {
    for (page, max) in [
        ("docs/runtime-dependencies.txt", RUNTIME_CRATES_MAX),
        ("docs/trust-dependencies.txt", TRUST_CRATES_MAX),
    ] {
        let count = text(page).lines().count();
        assert!((1..=max).contains(&count), "{page}: {count} crates");
    }
}
