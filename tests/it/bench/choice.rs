//! `--rule`, `--tool`: some decisions only. `--watch`: again after each change.

use std::io::{BufRead, BufReader, Read};
use std::process::{ChildStderr, Command, Stdio};

use serde_json::Value as Json;

use super::{bench, json, twenty, twenty_rules};
use crate::support::run::{Folder, policyc};

const SHOP: &str = r#"policyc: 1
name: shop
default: deny
schema: {action: {tool: string}, amount: int, note: string}
rules:
  - {id: small, on: [pay], when: amount < 10, allow: small}
  - {id: quiet, on: [pay, look], when: "note != 'loud'", allow: quiet}
  - {id: looking, on: [look], when: "amount > 0 && amount < 7", allow: looking}
"#;

const VISITS: &str = r#"{"action":{"tool":"pay"}, "amount":5, "note":"a"}
{"action":{"tool":"pay"}, "amount":50, "note":"b"}
{"action":{"tool":"look"}, "amount":5, "note":"c"}
{"action":{"tool":"pay"}, "amount":"5", "note":"refused"}
"#;

fn shop(name: &str) -> Folder {
    let folder = Folder::new(&format!("bench-{name}"));
    folder.add("shop.yaml", SHOP);
    folder.add("visits.jsonl", VISITS);
    folder
}

/// The document that `bench` prints with these words.
fn document(folder: &Folder, words: &str) -> Json {
    let line = format!("shop.yaml --contexts visits.jsonl --counters --output-format json {words}");
    let ran = bench(folder.path(), &line);
    ran.expect(0, &["1 of 4 contexts refused"]);
    serde_json::from_str(&ran.out).expect("JSON")
}

/// How many decisions were measured, their instructions, and the rules that are told of.
fn told(document: &Json) -> (u64, u64, Vec<&str>) {
    let policy = &document["policies"][0];
    let rules = policy["rules"].as_array().expect("rules");
    (
        policy["contexts"]["decisions"].as_u64().expect("a number"),
        policy["instructions"]["sum"].as_u64().expect("a number"),
        rules.iter().map(|rule| rule["rule"].as_str().expect("a name")).collect(),
    )
}

#[test]
fn decisions_about_a_tool_and_rows_of_a_rule() {
    let folder = shop("chosen");
    let all = document(&folder, "");
    // One instruction for `small` and `quiet`, two for `looking`.
    assert_eq!(told(&all), (3, 2 + 2 + 3, vec!["small", "quiet", "looking"]));
    assert_eq!(all["policies"][0]["contexts"].get("chosen"), None);
    let pay = document(&folder, "--tool pay");
    assert_eq!(told(&pay), (2, 4, vec!["small", "quiet", "looking"]));
    let looking = document(&folder, "--rule looking");
    assert_eq!(told(&looking), (1, 3, vec!["looking"]));
    assert_eq!(looking["policies"][0]["rules"][0]["instructions"], 2);
    let quiet = document(&folder, "--rule quiet");
    assert_eq!(told(&quiet), (3, 7, vec!["quiet"]));
    let both = document(&folder, "--rule quiet --tool look");
    assert_eq!(told(&both), (1, 3, vec!["quiet"]));
    assert_eq!(both["policies"][0]["contexts"]["chosen"], "tool `look` · rule `quiet`");
}

#[test]
fn what_nobody_asks_is_no_measurement() {
    let folder = shop("nothing");
    let with = |words: &str| {
        let line = format!("shop.yaml --contexts visits.jsonl --counters {words}");
        bench(folder.path(), &line)
    };
    with("--rule smal").expect(2, &["`shop` has no rule `smal`", "did you mean `small`?"]);
    with("--tool lok").expect(2, &["no context for tool `lok`", "did you mean `look`?"]);
    let words = ["no context for tool `look` · rule `small`", "everything is measured"];
    with("--rule small --tool look").expect(2, &words);
}

#[test]
fn a_rule_is_compared_alone() {
    let folder = twenty("alone");
    let with = |words: &str| {
        let line = format!("new.yaml --contexts calls.jsonl --counters {words}");
        bench(folder.path(), &line)
    };
    bench(folder.path(), "old.yaml --contexts calls.jsonl --counters --rule rule-7 --save 7.json")
        .expect(0, &["rule `rule-7`"]);
    assert_eq!(json(&folder, "7.json")["policies"][0]["rules"].as_array().map(Vec::len), Some(1));
    let words = ["error[P0912]: `rule-7` runs 6 instructions a decision, 5 before"];
    with("--rule rule-7 --compare 7.json").expect(1, &words);
    with("--rule rule-8 --compare 7.json").expect(2, &["with other contexts"]);
    with("--compare 7.json").expect(2, &["with other contexts"]);
}

#[test]
fn of_several_projects_those_are_measured_that_have_the_rule() {
    let folder = Folder::new("bench-several-rules");
    for (name, rule) in [("a", "first"), ("b", "second")] {
        let rules = format!("rules:\n  - {{id: {rule}, when: x > 1, allow: fine}}\n");
        let text = format!("policyc: 1\nname: {name}\ndefault: deny\nschema: {{x: int}}\n{rules}");
        folder.add(&format!("{name}/policyc.toml"), "");
        folder.add(&format!("{name}/policy.yaml"), text);
        let case = format!("{{name: one, patch: {{/x: 2}}, expect: {{allow: {rule}}}}}");
        let case = format!("policy: {name}\ncases:\n  - {case}\n");
        folder.add(&format!("{name}/policy_test.yaml"), case);
    }
    let ran = bench(folder.path(), ". --counters --rule second");
    ran.expect(0, &["b 1 context · b/policy_test.yaml · rule `second`"]);
    bench(folder.path(), ". --counters --rule third").expect(2, &["has no rule `third`"]);
}

/// Reads on until a line holds `word`.
fn until(said: &mut BufReader<ChildStderr>, word: &str) {
    let mut line = String::new();
    while !line.contains(word) {
        line.clear();
        assert!(said.read_line(&mut line).expect("text") > 0, "it ended without `{word}`");
    }
}

#[test]
#[cfg(unix)]
fn a_change_is_measured_until_somebody_ends_it() {
    let folder = twenty("watched");
    let words = "bench new.yaml --contexts calls.jsonl --counters --watch";
    let mut child = policyc(folder.path())
        .args(words.split(' '))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("policyc runs");
    let mut said = BufReader::new(child.stderr.take().expect("a stream"));
    until(&mut said, "watching files; Ctrl-C ends");
    // What is broken is told of, and the next change is waited for.
    folder.add("new.yaml", "policyc: 1\nname: [");
    until(&mut said, "`new.yaml` changed");
    until(&mut said, "watching files");
    folder.add("new.yaml", twenty_rules(None));
    until(&mut said, "`new.yaml` changed");
    until(&mut said, "watching files");
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
    let mut shown = String::new();
    child.stdout.take().expect("a stream").read_to_string(&mut shown).expect("text");
    assert_eq!(child.wait().expect("it ends").code(), Some(130), "{shown}");
    let counts: Vec<&str> = shown.lines().filter(|line| line.contains(" a decision")).collect();
    assert!(counts.len() == 2, "{shown}");
    assert!(counts[0].contains("101 instructions") && counts[1].contains("100 instructions"));
}
