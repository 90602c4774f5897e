//! Damaged logs and wrong words on the command line: what is said, how it ends, what is left.

use std::fs::{self, File};
use std::io::Write;
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::run::{Folder, policyc};

const MAP: &str = "format: f\nfidelity: shape\nid: e.id\nts: e.at\nctx: e.ctx\n";

fn event(id: &str) -> String {
    format!("{{\"id\":\"{id}\",\"at\":\"2026-03-17T10:00:00Z\",\"ctx\":{{}}}}\n")
}

/// What a run says, on both streams, and its exit code.
fn run(folder: &Folder, words: &str) -> (String, i32) {
    let output = policyc(folder.path()).args(words.split(' ')).output().expect("policyc runs");
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&text).into_owned(), output.status.code().unwrap_or(-1))
}

/// Runs an import of `log` with the map, to `out.jsonl`.
fn import(name: &str, log: &[u8], more: &str) -> (Folder, String, i32) {
    let folder = Folder::new(&format!("import-{name}"));
    folder.add("map.yaml", MAP);
    folder.add("log.jsonl", log);
    let words = format!("replay import log.jsonl --map map.yaml -o out.jsonl{more}");
    let (text, exit) = run(&folder, &words);
    (folder, text, exit)
}

#[track_caller]
fn nothing_is_left(folder: &Folder) {
    assert_eq!(folder.names(), ["log.jsonl", "map.yaml"]);
}

#[test]
fn a_torn_line_is_told_and_nothing_is_written() {
    let log = format!("{}{}{{\"id\":\"c\",\"at\":\"20", event("a"), event("b"));
    let (folder, text, exit) = import("torn", log.as_bytes(), "");
    assert_eq!(exit, 2, "{text}");
    assert!(text.contains("`log.jsonl`, line 3: "), "{text}");
    assert!(text.contains("nothing was written; `--skip-refused` imports the others"), "{text}");
    nothing_is_left(&folder);
    let (folder, text, exit) = import("torn-skipped", log.as_bytes(), " --skip-refused");
    assert_eq!(exit, 1, "{text}");
    assert!(text.contains("2 records"), "{text}");
    let lines = fs::read(folder.path().join("out.jsonl")).expect("it was written");
    assert_eq!(lines.iter().filter(|byte| **byte == b'\n').count(), 2);
}

#[test]
fn every_damage_is_told_with_its_line() {
    let cases: [(&str, &[u8], &str); 8] = [
        ("kind", b"7\n", "line 1: "),
        ("text", b"\n\"words\"\n", "line 2: "),
        ("control", b"{\"id\":\"a\x01\",\"at\":\"2026-03-17T10:00:00Z\",\"ctx\":{}}", "line 1: "),
        ("utf8", b"{\"id\":\"\xff\",\"at\":\"2026-03-17T10:00:00Z\",\"ctx\":{}}", "line 1: "),
        ("twice", b"{\"id\":\"a\",\"id\":\"b\"}", "line 1: "),
        ("null", b"null\n", "line 1: "),
        ("list", b"[{\"id\":1},\n{\"id\":", "line 2: what begins here does not end"),
        ("open", b"{\n\"a\": \"\n\"}", "line 1: a text that is not closed on its line"),
    ];
    for (name, log, words) in cases {
        let (folder, text, exit) = import(name, log, "");
        assert_eq!(exit, 2, "{name}: {text}");
        assert!(text.contains("error[P0920]"), "{name}: {text}");
        assert!(text.contains(words), "{name}: {text}");
        assert!(!text.contains(['\u{1}', '\u{fffd}']), "{name}: {text}");
        nothing_is_left(&folder);
    }
}

#[test]
fn a_line_of_a_hundred_megabytes_is_passed_over() {
    let folder = Folder::new("import-long");
    folder.add("map.yaml", MAP);
    let mut file = File::create(folder.path().join("log.jsonl")).expect("a file");
    file.write_all(event("a").as_bytes()).expect("room");
    file.write_all(b"{\"id\":\"").expect("room");
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..100 {
        file.write_all(&piece).expect("room");
    }
    file.write_all(b"\"}\n").expect("room");
    file.write_all(event("b").as_bytes()).expect("room");
    drop(file);
    let words = "replay import log.jsonl --map map.yaml -o out.jsonl --skip-refused";
    let (text, exit) = run(&folder, words);
    assert_eq!(exit, 1, "{text}");
    assert!(text.contains("line 2: an event that is longer than 67108864 bytes"), "{text}");
    assert!(text.contains("2 records"), "{text}");
}

#[test]
fn an_event_that_no_context_can_hold_is_told() {
    let long = event("a").replace("{}", &format!("{{\"x\":\"{}\"}}", "y".repeat(1 << 20)));
    let (folder, text, exit) = import("large", long.as_bytes(), "");
    assert_eq!(exit, 2, "{text}");
    assert!(text.contains("line 1: an event of 1048"), "{text}");
    nothing_is_left(&folder);
}

#[test]
fn refusals_end_an_import_soon() {
    let log = "{}\n".repeat(100_000);
    let (folder, text, exit) = import("many", log.as_bytes(), "");
    assert_eq!(exit, 2, "{text}");
    assert_eq!(text.matches("error[P0920]").count(), 20, "{text}");
    assert!(text.contains("ended after 21 events were refused"), "{text}");
    nothing_is_left(&folder);
}

#[test]
fn the_wrong_preset_is_told() {
    let folder = Folder::new("import-preset");
    folder.add("log.jsonl", event("a"));
    let words = "replay import log.jsonl --input-format opa -o out.jsonl";
    let (text, exit) = run(&folder, words);
    assert_eq!(exit, 2, "{text}");
    assert!(text.contains("no event becomes a record as `opa`"), "{text}");
    assert!(text.contains("--check"), "{text}");
    let (text, exit) = run(&folder, "replay import log.jsonl -o out.jsonl");
    assert_eq!(exit, 2, "{text}");
    assert!(text.contains("`log.jsonl` is no log that is known"), "{text}");
    let (text, exit) = run(&folder, "replay import log.jsonl --input-format apo -o out.jsonl");
    assert_eq!(exit, 2, "{text}");
    assert!(text.contains("the formats are auto, opa, cerbos, avp"), "{text}");
    let (text, exit) = run(&folder, "replay import gone.jsonl -o out.jsonl");
    assert_eq!(exit, 5, "{text}");
    assert_eq!(folder.names(), ["log.jsonl"]);
}

#[test]
fn what_is_there_stays_until_the_import_is_whole() {
    let folder = Folder::new("import-atomic");
    folder.add("map.yaml", MAP);
    folder.add("log.jsonl", format!("{}{{", event("a")));
    folder.add("out.jsonl", "before\n");
    let words = "replay import log.jsonl --map map.yaml -o out.jsonl";
    assert_eq!(run(&folder, words).1, 2);
    let kept = || fs::read(folder.path().join("out.jsonl")).expect("it is there");
    assert_eq!(kept(), b"before\n");
    folder.add("log.jsonl", event("a"));
    assert_eq!(run(&folder, words).1, 0);
    assert!(kept().starts_with(b"{\"v\":1,\"id\":\"a\""));
    let (text, exit) = run(&folder, "replay import log.jsonl --map map.yaml -o ./log.jsonl");
    assert_eq!(exit, 2, "{text}");
    assert!(text.contains("`log.jsonl` is read, and would be written over"), "{text}");
    let (text, exit) = run(&folder, "replay import log.jsonl --map map.yaml -o gone/out.jsonl");
    assert_eq!(exit, 2, "{text}");
    assert!(text.contains("P0906"), "{text}");
}

#[test]
fn packed_logs_and_standard_input_are_read() {
    let folder = Folder::new("import-packed");
    folder.add("map.yaml", MAP);
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all((event("a") + &event("b")).as_bytes()).expect("room");
    let packed = packed.finish().expect("room");
    folder.add("log.gz", &packed);
    let (text, exit) = run(&folder, "replay import log.gz --map map.yaml -o out.jsonl");
    assert_eq!(exit, 0, "{text}");
    assert!(text.contains("2 records"), "{text}");
    folder.add("cut.gz", &packed[..packed.len() - 9]);
    let (text, exit) = run(&folder, "replay import cut.gz --map map.yaml -o cut.jsonl");
    assert_eq!(exit, 2, "{text}");
    assert!(text.contains("`cut.gz`"), "{text}");
    assert!(!folder.path().join("cut.jsonl").exists());
    let words = ["replay", "import", "-", "--map", "map.yaml", "-o", "in.jsonl"];
    let mut child = policyc(folder.path())
        .args(words)
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("policyc runs");
    let mut input = child.stdin.take().expect("a stream");
    input.write_all(event("a").as_bytes()).expect("it reads");
    drop(input);
    assert!(child.wait().expect("it ends").success());
}

/// What a bundle asks of a session no log of calls says: it decides about none of them.
#[test]
fn a_bundle_that_asks_sessions_decides_about_no_log() {
    let policy = "policyc: 1\nname: few\ndefault: deny\ntools: {a: {effect: none}}\n\
                  meters: {calls: {on: \"*\", window: session}}\nlimits: [{meter: calls, max: 3}]\n\
                  rules: [{id: all, on: [a], allow: a call}]\n";
    let folder = Folder::new("import-sessions");
    folder.add("map.yaml", MAP);
    folder.add("policy.yaml", policy);
    folder.add("log.jsonl", event("a").replace("{}", "{\"action\":{\"tool\":\"a\"}}"));
    let import = "replay import log.jsonl --map map.yaml -o out.jsonl";
    let (text, exit) = run(&folder, &format!("{import} --bundle policy.yaml"));
    assert_eq!(exit, 2, "{text}");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("`few` asks what happened before a call"), "{text}");
    assert!(text.contains("`policyc eval --session EVENTS --record FILE`"), "{text}");
    assert_eq!(folder.names(), ["log.jsonl", "map.yaml", "policy.yaml"]);
    let (text, exit) = run(&folder, import);
    assert!(exit == 0 && text.contains("1 record"), "{text}");
}
