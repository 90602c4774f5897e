//! A candidate that cannot be judged passes no gate, and nothing is said of it that nobody knows.

use serde_json::Value as Json;

use crate::replay::{POLICY, file, payment, project, records};
use crate::support::run::{Folder, ran};

/// What a gate of a log without its amounts says.
pub(super) const DIFF: &str =
    "diff a.jsonl --bundle policy.plcb --to new.yaml --fail-on newly_allowed>0";

/// Records of three payments of which two withhold the amount: one that is allowed and one that is
/// denied; the third is allowed by both bundles. The candidate has another bound.
pub(super) fn folder(name: &str) -> Folder {
    let (folder, program) = project(&format!("undetermined-{name}"), POLICY);
    let contexts =
        [payment(5_000, "", &[]), payment(15_000, "", &[]), payment(77, "", &["ann", "bob"])];
    let mut lines = records(&program, &contexts);
    for (line, amount) in lines.iter_mut().zip([5_000, 15_000]) {
        let mark = "{\"$x\":\"seal\",\"t\":\"int\",\"c\":\"s256:00\"}";
        let sealed = line.replace(&format!("\"amount\":{amount}"), &format!("\"amount\":{mark}"));
        assert_ne!(sealed, *line);
        *line = sealed;
    }
    folder.add("a.jsonl", file(&lines));
    folder.add("new.yaml", POLICY.replacen("10000", "20000", 1));
    folder
}

pub(super) fn run(folder: &Folder, line: &str) -> crate::support::run::Ran {
    ran(folder.path(), &format!("replay {line}"))
}

#[test]
fn a_gate_that_cannot_be_judged_is_not_kept() {
    let folder = folder("gate");
    let told = ["gate newly_allowed>0 ? not judged", "2 records are undetermined"];
    run(&folder, DIFF).expect(3, &told);
    run(&folder, &format!("{DIFF} --max-undetermined 1")).expect(3, &told);
    let enough = format!("{DIFF} --max-undetermined 2");
    run(&folder, &enough).expect(0, &["gate newly_allowed>0 ✓"]);
    // What holds for what is known is broken, whatever else there is.
    let broken = DIFF.replace("newly_allowed>0", "undetermined>0");
    run(&folder, &broken).expect(1, &["gate undetermined>0 ✗"]);
    run(&folder, "diff a.jsonl --bundle policy.plcb --to new.yaml").expect(3, &[]);
    for (format, told) in [
        ("junit", "it cannot be judged"),
        ("markdown", "**not judged**"),
        ("html", "not judged"),
        ("json", "\"judged\": false"),
    ] {
        run(&folder, &format!("{DIFF} --output-format {format}")).expect(3, &[told]);
    }
}

#[test]
fn pieces_cannot_be_judged_either() {
    let folder = folder("pieces");
    let map = "map a.jsonl --bundle policy.plcb --to new.yaml -o a.pds";
    run(&folder, map).expect(3, &[]);
    run(&folder, &format!("{map} --max-undetermined 2")).expect(0, &[]);
    let reduce = "reduce a.pds --to new.yaml --fail-on newly_allowed>0";
    run(&folder, reduce).expect(3, &["gate newly_allowed>0 ? not judged"]);
    let enough = format!("{reduce} --max-undetermined 2");
    run(&folder, &enough).expect(0, &["gate newly_allowed>0 ✓"]);
}

/// Atoms of the bundle that decided were recorded, those of the candidate were not: which of its
/// rules fire nobody knows. The reason of the denial quotes the amount, so that its digest cannot
/// be compared, and `verify` says the same.
#[test]
fn nothing_is_said_of_rules_that_nobody_knows() {
    let folder = folder("words");
    let verify = run(&folder, "verify a.jsonl --bundle policy.plcb");
    verify.expect(3, &["exact 1", "by facts 1", "undetermined 1", "mismatch 0"]);
    let found = run(&folder, DIFF);
    found
        .expect(3, &["all but 0 (drift) + 1 undetermined"])
        .expect(3, &["allow → undetermined, which rules fire is not known"])
        .expect(3, &["deny → undetermined, which rules fire is not known"]);
    for lie in ["fires now", "no longer", "same rules"] {
        assert!(!found.out.contains(lie), "{lie}: {}", found.out);
    }
    let document = run(&folder, &format!("{DIFF} --output-format json"));
    let document: Json = serde_json::from_str(&document.out).expect("JSON");
    let clusters = document["clusters"].as_array().expect("clusters");
    assert_eq!(clusters.len(), 2);
    for cluster in clusters {
        assert_eq!((&cluster["gone"], &cluster["new"]), (&Json::from([(); 0]), &cluster["gone"]));
    }
    assert_eq!(document["counts"]["undetermined"], 2);
}

/// A candidate that only says something else, or asks something more of what is known, goes by how
/// the atoms came out that both ask; one with another test, or of another type, does not.
#[test]
fn atoms_that_a_candidate_asks_alike_are_known_as_they_came_out() {
    let folder = folder("alike");
    let undetermined = |candidate: String, exit: i32| {
        folder.add("alike.yaml", candidate);
        let document = impact(&folder, "diff a.jsonl --bundle policy.plcb --to alike.yaml", exit);
        document["counts"]["undetermined"].clone()
    };
    assert_eq!(undetermined(POLICY.replace("within the limit", "below the limit"), 0), 0);
    let more = "  - {id: more, when: size(approvers) > 8, deny: crowd}\n";
    assert_eq!(undetermined(format!("{POLICY}{more}"), 0), 0);
    // What both deny is denied whatever else the candidate asks; the other hangs on it.
    assert_eq!(undetermined(POLICY.replace("<= 25000", "<= 15000"), 3), 1);
}

/// Small payments are allowed, but for one country, whose letters no record tells.
const EMBARGO: &str = "policyc: 1
name: embargo
default: deny
schema: {action: {tool: string, args: {amount: int, iban: string}}}
rules:
  - {id: small, when: action.args.amount < 100, allow: small}
  - {id: embargo, when: 'action.args.iban.startsWith(\"IR\")', deny: embargo}
redact: [{path: /action/args/iban, as: drop, facts: none}]
";

/// Ten such payments: four were denied for where they went. The candidate denies nothing.
fn embargo(name: &str) -> Folder {
    let (folder, program) = project(&format!("undetermined-{name}"), EMBARGO);
    let payment = |at: usize| {
        let iban = if at < 4 { "IR062960000000100324200001" } else { "DE89370400440532013000" };
        let args = serde_json::json!({"amount": 5, "iban": iban});
        serde_json::json!({"action": {"tool": "pay", "args": args}}).to_string()
    };
    let contexts: Vec<String> = (0..10).map(payment).collect();
    folder.add("a.jsonl", file(&records(&program, &contexts)));
    let candidate: String = EMBARGO
        .lines()
        .filter(|line| !line.contains("id: embargo"))
        .map(|l| format!("{l}\n"))
        .collect();
    folder.add("new.yaml", candidate);
    folder
}

fn impact(folder: &Folder, line: &str, exit: i32) -> Json {
    let found = run(folder, &format!("{line} --output-format json"));
    found.expect(exit, &[]);
    serde_json::from_str(&found.out).expect("JSON")
}

/// What was decided with the value that is withheld now the record says; a gate does not pass
/// because nobody can decide it again.
#[test]
fn what_the_record_says_was_decided_is_what_was_before() {
    let folder = embargo("recorded");
    let diff = "diff a.jsonl --bundle policy.plcb --to new.yaml --fail-on newly_allowed>0";
    run(&folder, diff).expect(1, &["deny 4", "newly allowed 4", "gate newly_allowed>0 ✗"]);
    let document = impact(&folder, &format!("{diff} --max-undetermined 10"), 1);
    assert_eq!(document["counts"]["newly_allowed"], 4);
    assert_eq!(document["counts"]["undetermined"], 0);
    // The same bundle by its name.
    let named = diff.replace("--to", "--from policy.plcb --to");
    assert_eq!(impact(&folder, &named, 1)["counts"]["newly_allowed"], 4);
}

/// Of another bundle no record says what it would have decided.
#[test]
fn what_another_bundle_would_have_decided_is_open_in_every_count() {
    let folder = embargo("other");
    folder.add("other.yaml", EMBARGO.replace("< 100", "< 200"));
    let diff = "diff a.jsonl --bundle policy.plcb --from other.yaml --to new.yaml";
    let document = impact(&folder, diff, 3);
    assert_eq!(document["counts"]["undetermined"], 10);
    assert_eq!(document["counts"]["newly_allowed"], 0);
    assert_eq!(document["needs"], serde_json::json!({"/action/args/iban": 10}));
    let gate = format!("{diff} --max-undetermined 10 --fail-on undetermined>0");
    run(&folder, &gate).expect(1, &["gate undetermined>0 ✗", "10: hang on `/action/args/iban`"]);
}

/// A record that says what its bundle cannot have decided says nothing of what was before.
#[test]
fn what_cannot_have_been_decided_is_drift_and_open() {
    let folder = embargo("impossible");
    let (_, program) = project("undetermined-impossible-of", EMBARGO);
    let context = r#"{"action":{"tool":"pay","args":{"amount":5,"iban":"DE1"}}}"#.to_owned();
    let line = records(&program, &[context]).remove(0);
    let other = line.replace("\"effect\":\"allow\"", "\"effect\":\"escalate\"");
    assert_ne!(line, other);
    folder.add("b.jsonl", file(&[other]));
    let diff = "diff b.jsonl --bundle policy.plcb --to new.yaml";
    let document = impact(&folder, diff, 3);
    assert_eq!(
        (&document["counts"]["drift"], &document["counts"]["undetermined"]),
        (&Json::from(1), &Json::from(1))
    );
}
