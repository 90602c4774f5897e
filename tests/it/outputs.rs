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

/// A project with a schema and a test, a context, records of calls, and other names of its files.
fn read_by_all(name: &str) -> Folder {
    let folder = Folder::new(&format!("outputs-{name}"));
    folder.add("p.yaml", POLICY.replace("rules:", "schema: schema.json\nrules:"));
    let schema = r#"{"required": ["who"], "properties": {"who": {"type": "string"}}}"#;
    folder.add("schema.json", schema);
    let case = "cases: [{name: a, expect: {effect: allow}}]";
    folder.add("p_test.yaml", format!("policy: p\nbase: {{who: ann}}\n{case}\n"));
    folder.add("ctx.json", "{\"who\": \"ann\"}\n");
    folder.add("calls.jsonl", "{\"who\": \"ann\"}\n{\"who\": \"bob\"}\n");
    ran(folder.path(), "eval p.yaml -c calls.jsonl --record log.pdr.jsonl").expect(0, &[]);
    folder.add("other/README", "");
    let (own, its) = (folder.path().join("p.yaml"), folder.path().join("other/p"));
    fs::hard_link(own, its).expect("another name");
    folder
}

#[test]
fn what_a_command_reads_stays_as_it_is() {
    let folder = read_by_all("read");
    let id = first(&folder);
    let of_record = format!("replay minimize {id} --records log.pdr.jsonl --bundle p.yaml");
    let bytes = |name: &str| fs::read(folder.path().join(name)).expect("a file");
    for (line, out) in [
        ("build p.yaml", "-o p.yaml"),
        ("build p.yaml", "-o ./other/../p.yaml"),
        ("build p.yaml", "-o other/p"),
        ("build .", "-o schema.json"),
        ("build .", "-o p_test.yaml"),
        ("doc .", "-o p.yaml"),
        ("check .", "--output json=p.yaml"),
        ("check .", "--output json=schema.json"),
        ("test .", "--output json=p_test.yaml"),
        ("diff p.yaml p.yaml", "--output json=p.yaml"),
        ("eval p.yaml -c ctx.json", "--record p.yaml"),
        ("eval p.yaml -c ctx.json", "--record ctx.json"),
        ("eval p.yaml -c calls.jsonl", "--record calls.jsonl"),
        ("replay map log.pdr.jsonl --bundle p.yaml --to p.yaml", "-o log.pdr.jsonl"),
        ("replay verify log.pdr.jsonl --bundle p.yaml", "--output json=log.pdr.jsonl"),
        ("replay diff log.pdr.jsonl --bundle p.yaml --to p.yaml", "--output json=p.yaml"),
        (of_record.as_str(), "-o log.pdr.jsonl"),
        ("eval p.yaml -c ctx.json --explain", "--output json=ctx.json"),
    ] {
        let path = out.rsplit([' ', '=']).next().expect("a path");
        let before = bytes(path);
        let name = path.replace("./other/../", "");
        let told = format!("`{name}` is read, and would be written over");
        ran(folder.path(), &format!("{line} {out}")).expect(2, &[&told, "name another file"]);
        assert!(bytes(path) == before, "{line} {out}");
    }
    // What was made before may be made again.
    for _ in 0..2 {
        ran(folder.path(), "build p.yaml -o p.plcb").expect(0, &[]);
        ran(folder.path(), "check . --output json=found.json").expect(0, &[]);
        ran(folder.path(), "eval p.yaml -c ctx.json --record log.pdr.jsonl").expect(0, &[]);
    }
}

#[test]
fn a_baseline_takes_the_place_of_baselines_alone() {
    let folder = read_by_all("baseline");
    let bench = |rest: &str| {
        let line = format!("bench p.yaml --contexts calls.jsonl --counters {rest}");
        ran(folder.path(), &line)
    };
    for path in ["p.yaml", "calls.jsonl", "ctx.json", "schema.json"] {
        let before = fs::read(folder.path().join(path)).expect("a file");
        let told = format!("`{path}` is no baseline, and would be written over");
        bench(&format!("--save {path}")).expect(2, &[&told, "name another file"]);
        assert!(fs::read(folder.path().join(path)).expect("a file") == before, "{path}");
    }
    // The help names no file that it would cost.
    bench("--compare p.yaml")
        .expect(2, &["`p.yaml` is no baseline", "`policyc bench --save FILE` writes one"]);
    folder.add("empty.json", "");
    bench("--save empty.json").expect(0, &[]);
    bench("--save base.json").expect(0, &[]);
    bench("--compare base.json --save base.json").expect(0, &[]);
}
