//! The README: every command of its tour is run, in an empty folder, and ends with 0; and what it
//! shows is what its commands print.

use std::fs;
use std::path::Path;
use std::process::Command;

fn readme() -> String {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"));
    readme.expect("the README is there")
}

/// Without digits of digests: any change of an example makes them others.
fn undigested(text: &str) -> String {
    let mut parts = text.split("sha256:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        all + "sha256:" + part.trim_start_matches(|digit: char| digit.is_ascii_hexdigit())
    })
}

#[test]
fn what_it_shows_is_what_comes() {
    let readme = readme();
    let mut count = 0;
    for shown in readme.split("```console\n$ policyc ").skip(1) {
        let (command, rest) = shown.split_once('\n').expect("a command is a line");
        let (expected, _) = rest.split_once("```").expect("what is shown ends");
        let output = Command::new(env!("CARGO_BIN_EXE_policyc"))
            .args(command.split_whitespace())
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("the command starts");
        let found = String::from_utf8_lossy(&output.stdout);
        assert_eq!(undigested(&found), undigested(expected), "policyc {command}");
        count += 1;
    }
    assert_eq!(count, 2, "consoles of the README");
}

#[test]
fn the_tour_runs() {
    let readme = readme();
    let tour = readme.split("```sh\n").nth(2).and_then(|rest| rest.split("```").next());
    let tour = tour.expect("the tour is the second block of commands");
    let folder = std::env::temp_dir().join(format!("policyc-tour-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for the tour");
    let mut count = 0;
    for line in tour.lines().filter(|line| !line.is_empty()) {
        let mut words = line.split_whitespace();
        assert_eq!(words.next(), Some("policyc"), "{line}");
        let output = Command::new(env!("CARGO_BIN_EXE_policyc"))
            .args(words)
            .current_dir(&folder)
            .output()
            .expect("the command starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`{line}` ends with {}: {said}", output.status);
        count += 1;
    }
    assert!(count >= 8, "only {count} commands were found");
    fs::remove_dir_all(&folder).expect("the folder goes away");
}
