//! Where `-o` and `--output` lead: files, links, pipes, standard output, and never over what is
//! read or was written by hand.

use std::fs;

use crate::support::run::{Folder, policyc, ran};

const POLICY: &str = "policyc: 1\nname: p\ndefault: deny\nrules:\n  \
                      - {id: r, when: \"who == 'ann'\", allow: her}\n";

fn project(name: &str) -> Folder {
    let folder = Folder::new(&format!("outputs-{name}"));
    folder.add("src/p.yaml", POLICY);
    folder
}

/// The bytes of a bundle of the project.
fn bundle(folder: &Folder) -> Vec<u8> {
    ran(folder.path(), "build src -o plain.plcb").expect(0, &[]);
    fs::read(folder.path().join("plain.plcb")).expect("it was written")
}

#[test]
fn a_dash_is_standard_output() {
    let folder = project("dash");
    let bytes = bundle(&folder);
    let output = policyc(folder.path()).args(["build", "src", "-o", "-"]).output();
    assert!(output.expect("policyc runs").stdout == bytes, "the bundle, and nothing else");
    let format = policyc(folder.path())
        .args(["check", "src", "-q", "--output-format", "concise", "--output", "json=-"])
        .output();
    let shown = String::from_utf8(format.expect("policyc runs").stdout).expect("text");
    assert!(shown.contains("\"errors\": 0"), "{shown}");
    assert_eq!(folder.names(), ["plain.plcb", "src/", "src/p.yaml"]);
    ran(folder.path(), "pull example.com/p:1 -o -").expect(2, &["`-` is no file", "FILE.sig"]);
}

#[cfg(unix)]
#[test]
fn links_and_modes_stay_as_they_are() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = project("links");
    let bytes = bundle(&folder);
    let at = |name: &str| folder.path().join(name);
    let mode = |name: &str| fs::metadata(at(name)).expect("a file").permissions().mode() & 0o777;
    folder.add("real/own.plcb", "before");
    fs::set_permissions(at("real/own.plcb"), fs::Permissions::from_mode(0o600)).expect("a mode");
    symlink("real/own.plcb", at("link.plcb")).expect("a link");
    symlink("real/new.plcb", at("dangling.plcb")).expect("a link");
    symlink("circle.plcb", at("circle.plcb")).expect("a link");
    for (out, real) in [("link.plcb", "real/own.plcb"), ("dangling.plcb", "real/new.plcb")] {
        ran(folder.path(), &format!("build src -o {out}")).expect(0, &[]);
        assert!(fs::symlink_metadata(at(out)).expect("a link").is_symlink(), "{out}");
        assert!(fs::read(at(real)).expect("a file") == bytes, "{out}");
    }
    assert_eq!(mode("real/own.plcb"), 0o600);
    ran(folder.path(), "build src -o circle.plcb").expect(2, &["`circle.plcb` cannot be written"]);
    fs::set_permissions(at("real/own.plcb"), fs::Permissions::from_mode(0o400)).expect("a mode");
    ran(folder.path(), "build src -o link.plcb").expect(2, &["permission denied"]);
    ran(folder.path(), "build src -o real").expect(2, &["it is a directory"]);
    assert_eq!(mode("real/own.plcb"), 0o400);
    assert_eq!(fs::read_dir(at("real")).expect("a folder").count(), 2, "no draft is left");
}

#[cfg(unix)]
#[test]
fn a_pipe_stays_one_and_gets_the_bytes() {
    use std::os::unix::fs::{FileTypeExt, symlink};

    let folder = project("pipe");
    let bytes = bundle(&folder);
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo runs").success());
    symlink(&pipe, folder.path().join("to-pipe")).expect("a link");
    for out in ["pipe", "to-pipe"] {
        let end = pipe.clone();
        let reader = std::thread::spawn(move || fs::read(end).expect("a pipe"));
        ran(folder.path(), &format!("build src -o {out}")).expect(0, &[]);
        assert!(reader.join().expect("it read") == bytes, "{out}");
        assert!(fs::symlink_metadata(&pipe).expect("it is there").file_type().is_fifo());
    }
    assert_eq!(folder.names(), ["pipe", "plain.plcb", "src/", "src/p.yaml", "to-pipe"]);
}

/// A project with three records beside it.
fn recorded(name: &str) -> Folder {
    let folder = project(name);
    folder.add("calls.jsonl", "{\"who\": \"ann\"}\n{\"who\": \"bob\"}\n{\"who\": \"eve\"}\n");
    ran(folder.path(), "eval src -c calls.jsonl --record log.pdr.jsonl").expect(0, &[]);
    folder
}

/// The id of the first record.
fn first(folder: &Folder) -> String {
    let log = fs::read_to_string(folder.path().join("log.pdr.jsonl")).expect("records");
    let line = log.lines().next().expect("a record");
    let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
    record["id"].as_str().expect("an id").to_owned()
}

#[test]
fn tests_that_are_there_stay() {
    let folder = recorded("tests");
    let test = format!("replay test {} --records log.pdr.jsonl --bundle src -o", first(&folder));
    ran(folder.path(), &format!("{test} new_test.yaml")).expect(0, &["wrote 1 case"]);
    folder.add("own_test.yaml", "by hand");
    ran(folder.path(), &format!("{test} own_test.yaml"))
        .expect(2, &["`own_test.yaml` cannot be written: it exists already", "name a new file"]);
    assert_eq!(fs::read(folder.path().join("own_test.yaml")).expect("a file"), b"by hand");
}

#[test]
fn what_is_sealed_is_there_and_is_not_the_only_original() {
    let folder = recorded("seal");
    let before = fs::read(folder.path().join("log.pdr.jsonl")).expect("records");
    let seal = "replay seal log.pdr.jsonl --as drop";
    ran(folder.path(), &format!("{seal} --path /hwo -o out.pdr.jsonl"))
        .expect(2, &["none of 3 records holds anything at `/hwo`, and nothing was written"]);
    // One that is there hides no other.
    ran(folder.path(), &format!("{seal} --path /who --path /hwo -o out.pdr.jsonl"))
        .expect(2, &["at `/hwo`, and nothing was written"]);
    assert!(!folder.path().join("out.pdr.jsonl").exists());
    ran(folder.path(), &format!("{seal} --path /who -o ./log.pdr.jsonl"))
        .expect(2, &["`log.pdr.jsonl` is read, and would be written over"]);
    assert!(fs::read(folder.path().join("log.pdr.jsonl")).expect("records") == before);
    ran(folder.path(), &format!("{seal} --path /who -o out.pdr.jsonl"))
        .expect(0, &["3 records", "3 values withheld"]);
    // What is withheld already is there.
    ran(folder.path(), "replay seal out.pdr.jsonl --as drop --path /who -o twice.pdr.jsonl")
        .expect(0, &["3 records"]);
}

#[test]
fn arguments_are_withheld_by_their_short_path_too() {
    let folder = Folder::new("outputs-short");
    let record =
        "{\"v\":1,\"id\":\"a\",\"ctx\":{\"action\":{\"tool\":\"t\",\"args\":{\"n\":7}}}}\n";
    folder.add("log.pdr.jsonl", record);
    ran(folder.path(), "replay seal log.pdr.jsonl --as drop --path /args/n -o out.pdr.jsonl")
        .expect(0, &["1 value withheld"]);
    let text = fs::read_to_string(folder.path().join("out.pdr.jsonl")).expect("records");
    assert!(text.contains("\"args\":{\"n\":{\"$x\":\"drop\""), "{text}");
}
