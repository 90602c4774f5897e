//! `policyc test --review`: somebody looks at each decision, and says what becomes of it.

use serde_json::{Value as Json, json};

use crate::support::run::Folder;
use crate::support::typed::Session;

const POLICY: &str = r#"policyc: 1
name: small
default: deny
schema: {amount: double}
rules:
  - {id: small, when: amount < 10.0, allow: "a small amount"}
"#;
const TESTS: &str = "policy: small
base: {amount: 1.0}
cases:
  - {name: one, expect: snapshot}
  - {name: two, patch: {/amount: 2.0}, expect: snapshot}
  - {name: ten, patch: {/amount: 10.0}, expect: snapshot}
";
const ASKED: &str = "accept, reject, skip or quit? [a/r/s/q] ";

fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.add("policyc.toml", "[project]\n");
    folder.add("policy.yaml", POLICY);
    folder.add("policy_test.yaml", TESTS);
    folder
}

/// How a review with these answers ends, what was shown, and the decisions that are kept then.
fn reviewed(folder: &Folder, answers: &[&str]) -> (Option<i32>, String, Option<Json>) {
    let mut session = Session::of(folder.path(), &["test", "--review"]);
    for (time, answer) in (1..).zip(answers) {
        session.answer((ASKED, time), answer);
    }
    let (exit, shown) = session.end();
    let kept = std::fs::read(folder.path().join("policy_test.yaml.snap")).ok();
    let kept = kept.map(|bytes| serde_json::from_slice(&bytes).expect("JSON"));
    (exit, shown, kept)
}

fn names(kept: Option<Json>) -> Vec<String> {
    let kept = kept.unwrap_or_else(|| json!({"cases": {}}));
    kept["cases"].as_object().expect("cases").keys().cloned().collect()
}

#[test]
fn each_decision_is_asked_about_and_only_what_is_accepted_is_kept() {
    let folder = folder("reviewed");
    // What is no answer is asked again.
    let (exit, shown, kept) = reviewed(&folder, &["perhaps\n", "a\n", "reject\n", "s\n"]);
    assert_eq!(exit, Some(1), "{shown}");
    assert!(shown.contains("1 decision accepted, 1 rejected, 1 left"), "{shown}");
    let effect = &kept.as_ref().expect("a file")["cases"]["one"]["effect"];
    assert_eq!(*effect, json!("allow"));
    assert_eq!(names(kept), ["one"]);
    // What is kept is not asked about again; whoever quits leaves the rest.
    let (exit, shown, kept) = reviewed(&folder, &["q\n"]);
    assert_eq!(exit, Some(1), "{shown}");
    assert!(shown.contains("0 decisions accepted, 0 rejected, 2 left"), "{shown}");
    assert_eq!(names(kept), ["one"]);
    // So does who ends the input.
    let (exit, shown, _) = reviewed(&folder, &["\u{4}"]);
    assert_eq!(exit, Some(1), "{shown}");
    assert!(shown.contains("0 decisions accepted, 0 rejected, 2 left"), "{shown}");
    let (exit, shown, kept) = reviewed(&folder, &["accept\n", "a\n"]);
    assert_eq!(exit, Some(0), "{shown}");
    assert_eq!(names(kept), ["one", "ten", "two"]);
    let (exit, shown, _) = reviewed(&folder, &[]);
    assert_eq!(exit, Some(0), "{shown}");
}

#[test]
fn a_decision_that_changed_is_shown_with_its_difference() {
    let folder = folder("reviewed-again");
    reviewed(&folder, &["a\n", "a\n", "a\n"]);
    folder.add("policy.yaml", POLICY.replace("amount < 10.0", "amount < 1.5"));
    let (exit, shown, kept) = reviewed(&folder, &["r\n"]);
    assert_eq!(exit, Some(1), "{shown}");
    assert!(shown.contains("two") && shown.contains("allow") && shown.contains("deny"), "{shown}");
    assert_eq!(kept.expect("a file")["cases"]["two"]["effect"], json!("allow"), "as it was");
}
