//! Texts before and after, written by hand.
//!
//! A case in `tests/cases/fmt` is a file of pairs: `=== before PATH`, perhaps with `width N` and
//! `indent N`, then `=== after`; or `=== same PATH` for a text that stays as it is.

use std::fs;
use std::path::{Path, PathBuf};

use policyc::compiler::format::Settings;

use super::formatted;

/// A text, and what it becomes.
struct Case {
    path: String,
    settings: Settings,
    before: String,
    after: String,
}

fn cases(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut after = false;
    for line in text.split_inclusive('\n') {
        let Some(head) = line.strip_prefix("=== ") else {
            let case = cases.last_mut().expect("a head comes first");
            if after { &mut case.after } else { &mut case.before }.push_str(line);
            continue;
        };
        let words: Vec<&str> = head.split_whitespace().collect();
        after = words == ["after"];
        if after {
            continue;
        }
        let [kind, path, rest @ ..] = words.as_slice() else { panic!("{head}") };
        assert!(["before", "same"].contains(kind), "{head}");
        let mut settings = Settings::default();
        for pair in rest.chunks(2) {
            let number = pair[1].parse().expect("a number");
            match pair[0] {
                "width" => settings.width = number,
                "indent" => settings.indent = number,
                other => panic!("no setting {other}"),
            }
        }
        let (before, after) = (String::new(), String::new());
        cases.push(Case { path: (*path).to_owned(), settings, before, after });
    }
    cases
}

#[test]
fn texts_become_what_the_cases_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/fmt");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).expect("the cases").map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let (mut count, mut wrong) = (0, Vec::new());
    for path in paths {
        for case in cases(&fs::read_to_string(&path).expect("a case")) {
            let wanted = if case.after.is_empty() { &case.before } else { &case.after };
            let found = formatted(&case.path, &case.before, case.settings);
            if found != *wanted {
                wrong.push(format!("{} {}:\n{found}", path.display(), case.path));
            }
            count += 1;
        }
    }
    assert!(count >= 18, "{count} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_page_shows_the_style() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fmt.md");
    let page = fs::read_to_string(page).expect("the page");
    let shown = page.split("```cel\n").nth(1).and_then(|rest| rest.split("```").next());
    let shown = shown.expect("a `.cel` file on the page");
    assert_eq!(formatted("a.cel", shown, Settings::default()), shown);
}
