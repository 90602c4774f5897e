//! `policyc replay verify`.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use policyc::base::limits::RECORD_BYTES_MAX;
use serde_json::Value as Json;

use crate::replay::{POLICY, file, payment, project, records};
use crate::support::run::ran;

fn contexts() -> Vec<String> {
    vec![
        payment(500, "books", &[]),
        payment(12_000, "a \"secret\"", &["ann"]),
        payment(30_000, "", &["ann", "bob"]),
        "{\"action\":{\"tool\":\"pay\"}".to_owned(),
    ]
}

#[test]
fn what_was_recorded_is_decided_again() {
    let (folder, program) = project("exact", POLICY);
    let lines = records(&program, &contexts());
    folder.add("logs/a.pdr.jsonl", file(&lines));
    ran(folder.path(), "replay verify logs --bundle policy.plcb")
        .expect(0, &["verify · 4 records · payments@", "exact 4 100 %", "mismatch 0"]);
    // The bundle may be built again, and found by its digest.
    ran(folder.path(), "replay verify logs --bundle policy.yaml").expect(0, &["exact 4"]);
    let json = ran(folder.path(), "replay verify logs --bundle policy.yaml --output-format json");
    let json: Json = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!((&json["records"], &json["exact"]), (&4.into(), &4.into()));
    assert_eq!(json["bundles"][0]["name"], "payments");
}

#[test]
fn bundles_come_from_the_store() {
    let (folder, program) = project("store", POLICY);
    let lines = records(&program, &contexts());
    folder.add("a.jsonl", file(&lines));
    ran(folder.path(), "replay verify a.jsonl")
        .expect(5, &["not replayable 4", "the store has no bundle sha256:"]);
    let digest: String = program.digest().iter().map(|byte| format!("{byte:02x}")).collect();
    let bundle = std::fs::read(folder.path().join("policy.plcb")).expect("the bundle");
    folder.add(&format!(".policyc/store/{digest}.plcb"), &bundle);
    ran(folder.path(), "replay verify a.jsonl").expect(0, &["exact 4"]);
    // A file of the store that holds something else is no bundle of that name.
    let other = digest.replace(&digest[..4], "0000");
    folder.add(&format!(".policyc/store/{other}.plcb"), &bundle);
    folder.add("b.jsonl", file(&lines).replace(&digest, &other));
    ran(folder.path(), "replay verify b.jsonl").expect(4, &["holds another bundle"]);
}

/// What cannot be seen is named, and what is no record at all says what to do with it.
#[test]
fn lines_that_are_no_records_say_what_they_are() {
    let (folder, program) = project("marked", POLICY);
    let lines = records(&program, &contexts());
    folder.add("a.jsonl", format!("\u{feff}{}", file(&lines)));
    ran(folder.path(), "replay verify a.jsonl --bundle policy.plcb").expect(
        2,
        &["exact 3", "line 1, byte 0: a byte order mark stands in front of the record", "EF BB BF"],
    );
    folder.add("b.jsonl", contexts().join("\n"));
    ran(folder.path(), "replay verify b.jsonl --bundle policy.plcb")
        .expect(2, &["`v` is missing", "`policyc eval --record FILE` makes records of them"]);
    ran(folder.path(), "replay verify policy.plcb --bundle policy.plcb")
        .expect(2, &["line 1, byte 0: the line is no JSON object", "is this another file?"]);
}

#[test]
fn decisions_that_differ_are_found() {
    let (folder, program) = project("mismatch", POLICY);
    let mut lines = records(&program, &contexts());
    lines[1] = lines[1].replace("12000", "1200");
    folder.add("a.jsonl", file(&lines));
    let ran_all = ran(folder.path(), "replay verify a.jsonl --bundle policy.plcb");
    ran_all.expect(
        1,
        &[
            "error[P0915]: record `record-1` of `pay`: recorded deny by `two-person`",
            "replayed escalate by `secret`",
            "action.args.amount > 10000",
            "recorded true, replayed false",
            "exact 3",
            "mismatch 1",
        ],
    );
    for format in ["json", "junit", "markdown"] {
        let line = format!("replay verify a.jsonl --bundle policy.plcb --output-format {format}");
        ran(folder.path(), &line).expect(1, &["record-1"]);
    }
    let line = "replay verify a.jsonl --bundle policy.plcb --exit-zero --output junit=out.xml";
    ran(folder.path(), line).expect(0, &["mismatch 1"]);
    assert!(folder.names().contains(&"out.xml".to_owned()));
}

#[test]
fn an_atom_that_differs_is_a_mismatch_too() {
    let (folder, program) = project("atom", POLICY);
    let lines = records(&program, &contexts());
    let sig = lines[0].split("\"sig\":\"").nth(1).and_then(|rest| rest.split('"').next());
    let sig = sig.expect("a witness");
    let flipped = format!("{}{}", if sig.starts_with('A') { "B" } else { "A" }, &sig[1..]);
    folder.add("a.jsonl", lines[0].replace(sig, &flipped));
    ran(folder.path(), "replay verify a.jsonl --bundle policy.plcb")
        .expect(1, &["both times, and an atom differs", "mismatch 1"]);
}

/// People go by what a record says in words, so the words are compared, too.
#[test]
fn words_that_are_not_the_decision_are_a_mismatch() {
    let (folder, program) = project("words", POLICY);
    let lines = records(&program, &contexts());
    let line = lines.iter().find(|line| line.contains("\"effect\":\"deny\"")).expect("a denial");
    for (from, to, told) in [
        ("\"effect\":\"deny\"", "\"effect\":\"allow\"", "recorded allow by `two-person`"),
        ("\"rule\":\"two-person\"", "\"rule\":\"secret\"", "recorded deny by `secret`"),
        ("\"fired\":[", "\"fired\":[\"routine\",", "both times, and `fired` differs"),
        ("needs two approvers", "needs no approvers", "both times, and `reason` differs"),
        ("\"err\":[]", "\"err\":[{\"class\":\"INPUT\",\"rule\":null}]", "`err` differs"),
    ] {
        let changed = line.replacen(from, to, 1);
        assert_ne!(&changed, line, "{from}");
        folder.add("a.jsonl", changed);
        ran(folder.path(), "replay verify a.jsonl --bundle policy.plcb")
            .expect(1, &[told, "mismatch 1"]);
    }
    // Spelled otherwise it is the same.
    let spelled =
        line.replace("needs two", "needs \\u0074wo").replace("\"fired\":[", "\"fired\": [ ");
    assert_ne!(&spelled, line);
    folder.add("a.jsonl", spelled);
    ran(folder.path(), "replay verify a.jsonl --bundle policy.plcb").expect(0, &["exact 1"]);
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_used() {
    let (folder, program) = project("torn", POLICY);
    let lines = records(&program, &contexts());
    let whole = file(&lines);
    let torn = &whole[..whole.len() - 40];
    folder.add("torn.jsonl", torn);
    ran(folder.path(), "replay verify torn.jsonl --bundle policy.plcb").expect(
        2,
        &["exact 3", "no record 1", "error[P0914]: `torn.jsonl` line 4", "ends too early"],
    );
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(whole.repeat(2000).as_bytes()).expect("packed");
    let packed = packed.finish().expect("packed");
    folder.add("whole.jsonl.gz", &packed);
    ran(folder.path(), "replay verify whole.jsonl.gz --bundle policy.plcb")
        .expect(0, &["exact 8 000 100 %"]);
    folder.add("torn.jsonl.gz", &packed[..packed.len() / 2]);
    ran(folder.path(), "replay verify torn.jsonl.gz --bundle policy.plcb").expect(
        2,
        &["cannot be read on from line", "the rest of the packed file is missing", "mismatch 0"],
    );
    let newer = lines[0].replacen("\"v\":1", "\"v\":2", 1);
    let long = format!("{{\"v\":1,\"x\":\"{}\"}}", "x".repeat(RECORD_BYTES_MAX + (2 << 20)));
    folder.add("mixed.jsonl", format!("{newer}\n{long}\n\n{}\n[]\n", lines[0]));
    ran(folder.path(), "replay verify mixed.jsonl --bundle policy.plcb").expect(
        2,
        &["a version of the format", "line 2 has", "exact 1", "line 5", "no JSON object"],
    );
    ran(folder.path(), "replay verify nothing.jsonl").expect(5, &["there is no such file"]);
    ran(folder.path(), "replay verify").expect(2, &["no records are named"]);
}

#[test]
fn records_of_others_are_told_apart() {
    let (folder, program) = project("others", POLICY);
    let lines = records(&program, &contexts());
    let without = |from: &str, to: &str| {
        let start = lines[0].find(from).expect("the field");
        let end = start + lines[0][start..].find(to).expect("its end") + to.len();
        format!("{}{}", &lines[0][..start], &lines[0][end..])
    };
    let mut semantics = lines[0].clone();
    semantics = semantics.replace("\"sem\":\"pcs-", "\"sem\":\"pcs-9");
    let no_outcome = without(",\"out\":{", "\"}");
    let declared = lines[0].replacen("{", "{\"replayable\":false,\"why\":\"nd\",", 1);
    folder.add("a.jsonl", file(&[semantics, no_outcome, declared, lines[0].clone()]));
    ran(folder.path(), "replay verify a.jsonl --bundle policy.plcb").expect(
        3,
        &[
            "exact 1 25.0000 %",
            "made under pcs-9",
            "no digest of a decision",
            "the record says that it is not whole",
        ],
    );
}

#[test]
fn nothing_hostile_reaches_the_terminal() {
    let (folder, program) = project("hostile", POLICY);
    let line = records(&program, &[payment(12_000, "", &[])])[0].replace("12000", "1200");
    let hostile = "\\u001b[2J\\u202e\\u0007";
    let line = line.replace("record-0", hostile).replace("\"pay\"", &format!("\"{hostile}\""));
    folder.add("a.jsonl", line);
    for format in ["full", "json", "junit", "markdown"] {
        let all = format!("replay verify a.jsonl --bundle policy.plcb --output-format {format}");
        let ran = ran(folder.path(), &all);
        assert_eq!(ran.exit, Some(1), "{}", ran.err);
        let text = format!("{}{}", ran.out, ran.err);
        let raw = |c: char| (c < ' ' && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(raw), "{format}: {text:?}");
    }
}

#[test]
fn threads_change_nothing() {
    let (folder, program) = project("threads", POLICY);
    let mut lines = records(&program, &contexts());
    lines[1] = lines[1].replace("12000", "1200");
    folder.add("a.jsonl", file(&lines).repeat(3000));
    let one = |threads: usize| {
        let line = format!(
            "replay verify a.jsonl --bundle policy.plcb --threads {threads} --output-format json"
        );
        let ran = ran(folder.path(), &line);
        ran.expect(1, &[]);
        ran.out
    };
    let json: Json = serde_json::from_str(&one(1)).expect("JSON");
    assert_eq!((&json["records"], &json["mismatched"]), (&12_000.into(), &3_000.into()));
    assert_eq!(one(1), one(2));
    assert_eq!(one(1), one(7));
}

#[test]
fn records_are_chosen() {
    let (folder, program) = project("filters", POLICY);
    folder.add("a.jsonl", file(&records(&program, &contexts())));
    let verify_to = |exit: i32, rest: &str, records: u64| {
        let line =
            format!("replay verify a.jsonl --bundle policy.plcb --output-format json {rest}");
        let ran = ran(folder.path(), &line);
        ran.expect(exit, &[]);
        let json: Json = serde_json::from_str(&ran.out).expect("JSON");
        assert_eq!(json["records"], records, "{rest}");
    };
    let verify = |rest, records| verify_to(0, rest, records);
    // The second is denied by a rule, the third by the default, and the last was refused.
    verify("--effect deny", 3);
    verify("--rule two-person", 1);
    verify("--effect deny --rule routine", 1);
    verify("--tool pay", 3);
    // What no record has is a mistake.
    for unmatched in ["--tool get", "--principal ann", "--session s"] {
        verify_to(2, unmatched, 0);
    }
    verify("--since 2026-11-19T14:00:01Z", 3);
    verify("--since 2026-11-19T14:00:01Z --until 2026-11-19T14:00:02Z", 1);
    ran(folder.path(), "replay verify a.jsonl --since noon").expect(2, &["2026-11-19T14:00:00Z"]);
    ran(folder.path(), "replay verify a.jsonl --effect no").expect(2, &["allow, deny or escalate"]);
}

#[test]
fn the_first_mismatch_is_told_at_once() {
    let (folder, program) = project("early", POLICY);
    let mut lines = records(&program, &contexts());
    lines[1] = lines[1].replace("12000", "1200");
    folder.add("a.jsonl", file(&lines).repeat(2000));
    let line = "replay verify a.jsonl --bundle policy.plcb --threads 1";
    let told = ran(folder.path(), &format!("{line} --progress"));
    told.expect(1, &["first mismatch record `record-1` of `pay`", "a.jsonl:2 ·"]);
    assert_eq!(told.err.matches("first mismatch").count(), 1, "{}", told.err);
    assert!(!ran(folder.path(), line).err.contains("first mismatch"));
}

#[test]
fn pages_and_sentences_say_it_without_marks_of_a_terminal() {
    let (folder, program) = project("verify-told", POLICY);
    let lines = records(&program, &[payment(1, "tea", &[]), payment(2, "tea", &[])]);
    let changed = lines[1].replace("\"amount\":2,", "\"amount\":25000,");
    let hostile = changed.replace("\"id\":\"record-1\"", "\"id\":\"<b>\\u001b[2J\"");
    assert_ne!(hostile, changed);
    folder.add("a.jsonl", file(&[lines[0].clone(), hostile]));
    let run = |format: &str| {
        let line = format!("replay verify a.jsonl --bundle policy.plcb --output-format {format}");
        let ran = ran(folder.path(), &line);
        assert_eq!(ran.exit, Some(1), "{format}: {}{}", ran.out, ran.err);
        assert!(!ran.out.contains('\u{1b}'), "{format}: {}", ran.out);
        ran.out
    };
    let page = run("html");
    assert!(page.starts_with("<!doctype html>") && page.contains("&lt;b&gt;‹U+001B›[2J"), "{page}");
    assert!(!page.contains("<b>") && !page.contains("src=") && !page.contains("http:"), "{page}");
    let told = run("narrated");
    assert!(
        told.contains("exact: 1, 50.0000 %.") && told.contains("Finding 1, in a.jsonl line 2:")
    );
    assert!(!told.chars().any(|c| ('\u{2500}'..='\u{257f}').contains(&c)), "{told}");
    let lines = run("json-lines");
    let kinds: Vec<String> = lines
        .lines()
        .map(|line| {
            let json: serde_json::Value = serde_json::from_str(line).expect("JSON");
            json["kind"].as_str().expect("a kind").to_owned()
        })
        .collect();
    assert_eq!(kinds, ["mismatch", "summary"]);
}

/// What the help says to run runs, as it stands there.
#[test]
fn the_help_of_a_mismatch_can_be_run() {
    let (folder, program) = project("mismatch help", POLICY);
    let mut lines = records(&program, &contexts());
    lines[1] = lines[1].replace("12000", "1200");
    folder.add("a.jsonl", file(&lines));
    let help = "replay explain record-1 --records a.jsonl --bundle policy.plcb";
    ran(folder.path(), "replay verify a.jsonl --bundle policy.plcb")
        .expect(1, &[&format!("`policyc {help}` shows why")]);
    ran(folder.path(), help).expect(0, &["differs from what was recorded"]);
}
