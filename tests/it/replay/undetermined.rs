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
