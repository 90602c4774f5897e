//! Ctrl-C: what was measured is shown, nothing is kept, and the command ends with 130.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use super::twenty;
use crate::support::run::{Folder, policyc};

/// Begins a run that takes long, and waits until somebody listens to Ctrl-C: sources are read
/// afterwards, and `--verbose` tells that.
fn begun(folder: &Folder) -> (Child, BufReader<std::process::ChildStderr>) {
    let words = "bench old.yaml --contexts calls.jsonl --iterations 1000000000 --save base.json -v";
    let mut child = policyc(folder.path())
        .args(words.split(' '))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("policyc runs");
    let mut said = BufReader::new(child.stderr.take().expect("a stream"));
    let mut line = String::new();
    said.read_line(&mut line).expect("a line");
    assert!(line.starts_with("project"), "{line}");
    (child, said)
}

fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

#[test]
#[cfg(unix)]
fn what_was_measured_is_shown_and_no_baseline_is_left() {
    let folder = twenty("interrupted");
    let (mut child, mut said) = begun(&folder);
    sleep(Duration::from_millis(300));
    interrupt(&child);
    let status = child.wait().expect("it ends");
    let mut shown = String::new();
    child.stdout.take().expect("a stream").read_to_string(&mut shown).expect("text");
    said.read_to_string(&mut String::new()).expect("text");
    assert_eq!(status.code(), Some(130), "{shown}");
    assert!(shown.starts_with("  interrupted"), "{shown}");
    assert!(shown.contains("100 instructions a decision"), "{shown}");
    assert_eq!(folder.names(), ["calls.jsonl", "new.yaml", "old.yaml"]);
}
