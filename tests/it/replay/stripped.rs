//! What was taken out of a record, or changed in one that withholds values, is found.

use policyc::base::limits::RECORD_UNCHAINED_BYTES_MAX;
use policyc::runtime::program::Program;
use serde_json::json;

use super::sessions::{changed, found_of};
use super::{POLICY, file, payment, project, records, without};
use crate::records::sessions::{lines, recorded};
use crate::session::program;
use crate::support::run::ran;

/// A rule that only watches, and one that fails.
const WATCHED: &str = "  - {id: watch, when: action.args.amount > 5, deny: large, mode: shadow}
";

#[test]
fn what_was_taken_out_is_told() {
    let (folder, program) = project("stripped", &format!("{POLICY}{WATCHED}"));
    let line = records(&program, &[payment(12_000, "a secret", &[])]).remove(0);
    let refused = records(&program, &["{\"action\":1}".to_owned()]).remove(0);
    let verify = |line: &str, exit: i32, told: &[&str]| {
        folder.add("a.jsonl", format!("{line}\n"));
        ran(folder.path(), "replay verify a.jsonl --bundle policy.plcb").expect(exit, told);
    };
    verify(&line, 0, &["exact 1"]);
    verify(&refused, 0, &["exact 1"]);
    for member in ["fired", "shadow", "reason"] {
        let told = format!("`{member}` differs");
        verify(&without(&line, member), 1, &[&told, "mismatch 1"]);
    }
    verify(&without(&refused, "err"), 1, &["`err` differs", "mismatch 1"]);
    verify(&without(&line, "dig"), 3, &["no digest of a decision", "exact 0"]);
    verify(&without(&line, "sig"), 3, &["no witness of how the atoms came out", "exact 0"]);
    // Of what was refused no atom was asked, so there is no witness.
    assert!(!refused.contains("\"sig\""), "{refused}");
    verify(&changed(&line, "\"shadow\":[\"watch\"]", "\"shadow\":[]"), 1, &["`shadow` differs"]);
    // Another build may count otherwise: what it cost is no part of a decision.
    verify(&without(&line, "cost"), 0, &["exact 1"]);
    let sealed = changed(&without(&line, "fired"), "{", "{\"redacted\":{\"out\":[\"fired\"]},");
    verify(&sealed, 1, &["`fired` differs"]);
}

/// What decides nothing is withheld, so all words are certain.
#[test]
fn words_beside_what_is_withheld_are_compared() {
    let redact = format!("{POLICY}redact: [{{path: /action/args/note, as: drop}}]\n");
    let redact = redact.replace("memo: string}", "memo: string, note: optional string}");
    let (folder, program) = project("stripped-marks", &redact);
    let line = records(&program, &[payment(12_000, "", &[])]).remove(0);
    assert!(line.contains("\"$x\":\"drop\"") && line.contains("\"effect\":\"deny\""), "{line}");
    let verify = |line: &str, exit: i32, told: &[&str]| {
        folder.add("a.jsonl", format!("{line}\n"));
        ran(folder.path(), "replay verify a.jsonl --bundle policy.plcb").expect(exit, told);
    };
    verify(&line, 0, &["exact 1"]);
    for (from, to, field) in [
        ("\"reason\":\"12000 needs", "\"reason\":\"nobody needs", "reason"),
        ("\"fired\":[", "\"fired\":[\"secret\",", "fired"),
        ("\"err\":[]", "\"err\":[{\"class\":\"INPUT\",\"rule\":null}]", "err"),
        ("\"oblig\":[]", "\"oblig\":[\"mask\"]", "oblig"),
        (",\"err\":", ",\"outputs\":{\"x\":1},\"err\":", "outputs"),
    ] {
        verify(&changed(&line, from, to), 1, &[&format!("`{field}` differs"), "mismatch 1"]);
    }
    verify(&without(&line, "fired"), 1, &["`fired` differs"]);
    // Atoms were asked, whatever is withheld.
    verify(&without(&line, "sig"), 3, &["no witness of how the atoms came out", "exact 0"]);
    // What decides is withheld: the effect is certain, what fired is not.
    let open = redact.replace("/action/args/note, as: drop", "/action/args/memo, as: drop");
    let open = open.replace("contains('secret')", "contains('secret') && size(approvers) > 5");
    let (folder, program) = project("stripped-open", &open);
    let many = ["a", "b", "c", "d", "e", "f"];
    let line = records(&program, &[payment(30_000, "a", &many)]).remove(0);
    folder.add("a.jsonl", file(&[without(&line, "sig")]));
    let told = "replay verify a.jsonl --bundle policy.plcb";
    ran(folder.path(), told).expect(3, &["undetermined 1"]);
    folder.add("a.jsonl", file(&[changed(&without(&line, "sig"), "\"deny\"", "\"allow\"")]));
    ran(folder.path(), told).expect(3, &["undetermined 1"]);
}

/// Shadow rules that fire whatever is withheld are named, and one that may has its choice.
#[test]
fn shadow_rules_beside_what_is_withheld_are_compared() {
    let open = "  - {id: dark, when: action.args.memo == 'x', deny: dark, mode: shadow}\n";
    let policy = POLICY.split("  - id: secret").next().expect("a rule");
    let policy =
        format!("{policy}{WATCHED}{open}redact: [{{path: /action/args/memo, as: drop}}]\n");
    let (folder, program) = project("stripped-shadow", &policy);
    let made = records(&program, &[payment(30_000, "x", &[]), payment(30_000, "y", &[])]);
    let verify = |line: &str, exit: i32, told: &[&str]| {
        folder.add("a.jsonl", format!("{line}\n"));
        ran(folder.path(), "replay verify a.jsonl --bundle policy.plcb").expect(exit, told);
    };
    for (line, shadow) in made.iter().zip(["[\"watch\",\"dark\"]", "[\"watch\"]"]) {
        assert!(line.contains(&format!("\"shadow\":{shadow}")), "{line}");
        verify(line, 0, &["by facts 1"]);
        for other in ["[]", "[\"dark\"]", "[\"watch\",\"watch\"]", "[\"none\",\"watch\"]"] {
            verify(&changed(line, shadow, other), 1, &["`shadow` differs", "mismatch 1"]);
        }
        // Without the witness nobody knows of one, and the other is sure all the same.
        let bare = without(line, "sig");
        for fits in ["[\"watch\",\"dark\"]", "[\"watch\"]"] {
            verify(&bare.replace(shadow, fits), 3, &["no witness", "mismatch 0"]);
        }
        verify(&changed(&bare, shadow, "[\"dark\"]"), 1, &["`shadow` differs"]);
    }
}

const LABELLED: &str = r#"
policyc: 1
name: clerk
default: deny
labels: {integrity: {untrusted: [file], input: [user]}}
tools:
  read: {effect: none, args: {path: string}, output: {"": {labels: [untrusted.file]}}}
  send: {effect: egress, args: {to: string target}}
rules: [{id: all, on: [read, send], allow: a call}]
flow: [{id: target, sink: {effect: egress, arg: target}, forbid: "untrusted.*", over: deny}]
"#;

/// A line that is long by what no writer writes has room for its labels.
#[test]
fn padding_is_no_reason_to_lack_labels() {
    let request = |call: &str, tool: &str, args: serde_json::Value| {
        let action = json!({"tool": tool, "args": args});
        json!({"ev": "request", "call": call, "action": action})
    };
    let events = vec![
        json!({"ev": "prompt", "text": "go"}),
        request("1", "read", json!({"path": "x"})),
        json!({"ev": "response", "call": "1", "out": "DE89 3704"}),
        request("2", "send", json!({"to": "DE89 3704"})),
    ];
    let made: fn() -> Program = || program(LABELLED);
    let made_lines = recorded(&made(), "s", &lines(events));
    let all: Vec<String> = made_lines.into_iter().map(|(_, line)| line).collect();
    assert_eq!(found_of(made(), &all).exact, 4);
    let bare = without(&without(&all[3], "chain"), "labels");
    assert!(!bare.contains("untrusted.file"), "{bare}");
    let room = RECORD_UNCHAINED_BYTES_MAX - bare.len() - 100;
    for padded in [
        bare.clone(),
        format!("{}{}", &bare, " ".repeat(room)),
        changed(&bare, "\"ctx\":", &format!("\"ctx\":{}", " ".repeat(room))),
        changed(&bare, "{", &format!("{{\"x\":\"{}\",", "x".repeat(room))),
        changed(&bare, "\"id\":\"", &format!("\"id\":\"{}", "x".repeat(room))),
        changed(&bare, "\"eng\":{", &format!("\"eng\":{{\"x\":\"{}\",", "x".repeat(room))),
    ] {
        let mut lines = all.clone();
        lines[3] = padded;
        let found = found_of(made(), &lines);
        let field = found.mismatches.first().and_then(|found| found.what.field);
        assert_eq!((found.exact, field), (3, Some("labels")));
    }
}
