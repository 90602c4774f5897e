//! The README: every command of its tour is run, in an empty folder, and ends with 0.

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn the_tour_runs() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"));
    let readme = readme.expect("the README is there");
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
