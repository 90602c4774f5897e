//! `policyc replay diff`: what a candidate changes is counted, clustered, and told apart.

use policyc::tools::replay::impact::{Outcome, Turn};
use serde_json::Value as Json;

use crate::replay::{POLICY, file, payment, project, records};
use crate::support::run::{Folder, ran};

/// Contexts of all sorts: amounts around the bounds, memos with and without the word, none to three
/// approvers.
pub(super) fn contexts() -> Vec<String> {
    let mut contexts = Vec::new();
    for amount in [1, 9_999, 10_000, 10_001, 15_000, 20_000, 20_001, 25_000, 25_001, 90_000] {
        for memo in ["", "a secret", "rent", "seCret"] {
            for approvers in [&[][..], &["ann"], &["ann", "bob"], &["ann", "bob", "cy"]] {
                contexts.push(payment(amount, memo, approvers));
            }
        }
    }
    contexts
}

pub(super) fn logged(name: &str) -> Folder {
    let (folder, program) = project(&format!("impact-{name}"), POLICY);
    folder.add("logs/a.jsonl", file(&records(&program, &contexts())));
    folder
}

/// What `diff` says about a candidate, as JSON.
fn impact(folder: &Folder, from: &str, to: &str) -> Json {
    let changed = POLICY.replacen(from, to, 1);
    assert_ne!(changed, POLICY, "the change is planted");
    folder.add("new/policy.yaml", changed);
    let line = "replay diff logs --bundle policy.plcb --to new --output-format json";
    let ran = ran(folder.path(), line);
    ran.expect(0, &[]);
    serde_json::from_str(&ran.out).expect("JSON")
}

#[test]
fn a_bound_that_moves_is_one_cluster() {
    let folder = logged("bound");
    let found = impact(&folder, "amount > 10000", "amount > 20000");
    // Three amounts of ten lie between, with no or one approver; those with a secret escalate.
    let clusters = found["clusters"].as_array().expect("clusters");
    let ways: Vec<(&Json, &Json, &Json)> =
        clusters.iter().map(|it| (&it["from"], &it["to"], &it["where"])).collect();
    let (bound, few) = ("10000 < action.args.amount <= 20000", "size(approvers) < 2");
    let moved = Json::from(format!("{bound} && {few}"));
    assert_eq!(
        ways,
        [(&"deny".into(), &"allow".into(), &moved), (&"deny".into(), &"escalate".into(), &moved),]
    );
    assert_eq!(clusters[0]["while"], "`secret` does not fire");
    assert_eq!(clusters[1]["while"], "`secret` fires");
    assert_eq!((&clusters[0]["records"], &clusters[1]["records"]), (&18.into(), &6.into()));
    assert!(clusters.iter().all(|it| it["others"] == 0 && it["gone"][0] == "two-person"));
    let turns = ["newly_allowed", "relaxed", "newly_denied", "tightened", "changed", "drift"];
    let counted = turns.map(|turn| found["counts"][turn].as_u64().expect("a count"));
    // What was denied and is escalated now is milder, and no new escalation.
    assert_eq!(counted, [18, 6, 0, 0, 24, 0]);
    let told: Vec<&Json> = clusters.iter().map(|it| &it["turn"]).collect();
    assert_eq!(told, ["newly_allowed", "relaxed"]);
    let line = "replay diff logs --bundle policy.plcb --to new --fail-on relaxed>0";
    let told = "▼ newly allowed 18 ▽ relaxed 6 ▲ newly denied 0 △ tightened 0";
    ran(folder.path(), line).expect(1, &[told, "▽ B relaxed · 6", "gate relaxed>0 ✗"]);
}

/// Whatever an effect changes to is of one sort, and what is milder is never taken for stricter.
#[test]
fn every_change_of_an_effect_is_of_one_sort() {
    use Outcome::{Allow, Deny, Escalate, None as Nothing, Undetermined};
    let sorts = [
        (Turn::NewlyAllowed, vec![(Escalate, Allow), (Deny, Allow), (Nothing, Allow)]),
        (Turn::Relaxed, vec![(Deny, Escalate), (Deny, Nothing), (Escalate, Nothing)]),
        (Turn::NewlyDenied, vec![(Allow, Deny), (Escalate, Deny), (Nothing, Deny)]),
        (Turn::Tightened, vec![(Allow, Escalate), (Nothing, Escalate), (Allow, Nothing)]),
    ];
    for (from, to) in Outcome::ALL.iter().flat_map(|it| Outcome::ALL.map(|to| (*it, to))) {
        let own = sorts.iter().find(|(_, ways)| ways.contains(&(from, to))).map(|(turn, _)| *turn);
        assert_eq!(Turn::of(from, to), own, "{from:?} to {to:?}");
        let known = from != to && ![from, to].contains(&Undetermined);
        assert_eq!(own.is_some(), known, "{from:?} to {to:?}");
    }
}

#[test]
fn a_rule_that_is_added_or_removed_is_one_cluster() {
    let folder = logged("rules");
    let rule = "  - id: late\n    when: size(approvers) == 3\n    deny: too many\n";
    let found = impact(&folder, "rules:\n", &format!("rules:\n{rule}"));
    let clusters = found["clusters"].as_array().expect("clusters");
    let of = |way: (&str, &str)| {
        clusters.iter().find(|it| it["from"] == way.0 && it["to"] == way.1).expect("a cluster")
    };
    let allowed = of(("allow", "deny"));
    assert_eq!(allowed["new"], serde_json::json!(["late"]));
    assert_eq!(allowed["records"], 8 * 3);
    let where_ = allowed["where"].as_str().expect("text");
    assert!(where_.contains("size(approvers) == 3"), "{where_}");
    assert_eq!(allowed["others"], 0);
    let start = POLICY.find("  - id: secret").expect("the rule");
    let found = impact(&folder, &POLICY[start..], "");
    // Without `secret` those that `routine` allows are allowed, and nobody speaks for the others.
    let clusters = found["clusters"].as_array().expect("clusters");
    let ways: Vec<(&Json, &Json, &Json)> =
        clusters.iter().map(|it| (&it["to"], &it["records"], &it["others"])).collect();
    assert_eq!(
        ways,
        [(&"allow".into(), &22.into(), &0.into()), (&"deny".into(), &4.into(), &0.into()),]
    );
    for (cluster, beside) in clusters.iter().zip([
        "`routine` fires, `two-person` does not fire",
        "none of `routine`, `two-person` fires",
    ]) {
        assert_eq!(cluster["where"], "action.args.memo.contains(\"secret\")");
        assert_eq!(cluster["while"], beside);
    }
}

#[test]
fn gates_are_asked() {
    let folder = logged("gates");
    folder.add("new.yaml", POLICY.replacen("10000", "20000", 1));
    let diff = |rest: &str| {
        let line = format!("replay diff logs --bundle policy.plcb --to new.yaml {rest}");
        ran(folder.path(), &line)
    };
    diff("--fail-on newly_allowed>0").expect(1, &["gate newly_allowed>0 ✗"]);
    diff("--fail-on newly_denied>0").expect(0, &["gate newly_denied>0 ✓", "REVIEW FIRST"]);
    diff("--fail-on nothing>0").expect(2, &["`--fail-on nothing>0` cannot be asked"]);
    for format in ["junit", "markdown", "json"] {
        diff(&format!("--output-format {format}")).expect(0, &["newly", "two-person"]);
    }
    diff("--output html=impact.html").expect(0, &["newly allowed 18"]);
    let page = std::fs::read_to_string(folder.path().join("impact.html")).expect("the page");
    assert!(page.contains("<code>10000 &lt; action.args.amount &lt;= 20000"), "{page}");
    // One file: nothing is fetched from anywhere.
    assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("src="));
    diff("--from git:nothing").expect(2, &["cannot be built"]);
    diff("--from policy.yaml").expect(0, &["160 decisions", "payments@"]);
}

#[test]
fn how_records_are_cut_changes_nothing() {
    let folder = logged("threads");
    folder.add("new.yaml", POLICY.replacen("10000", "20000", 1));
    let (_, program) = project("impact-many", POLICY);
    folder.add("logs/b.jsonl", file(&records(&program, &contexts())).repeat(40));
    let one = |threads: usize| {
        let line = format!(
            "replay diff logs --bundle policy.plcb --to new.yaml --threads {threads} \
             --output-format json"
        );
        let ran = ran(folder.path(), &line);
        ran.expect(0, &[]);
        ran.out
    };
    assert_eq!(one(1), one(3));
}
